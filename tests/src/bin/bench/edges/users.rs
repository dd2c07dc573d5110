//! Users who never stop asking, and what they saw last.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use mainstay_tests::until;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::envoy::{self, User, VERSIONS};

/// At each edge.
const USERS: usize = 4;
/// Each asks so often, unless an answer takes longer.
const PACE: Duration = Duration::from_millis(5);
/// Answers to each user that are waited for before a version counts as left.
const ANSWERS: u64 = 10;
const PATIENCE: Duration = Duration::from_secs(60);

/// All users of some edges; they go when this is dropped.
pub struct Users {
    began: Instant,
    seen: Vec<Arc<Seen>>,
    _tasks: JoinSet<()>,
}

/// What one of them saw.
#[derive(Default)]
struct Seen {
    answered: AtomicU64,
    failed: AtomicU64,
    /// When the last answer of the bad version was whole.
    bad_at: Mutex<Option<Instant>>,
}

impl Users {
    /// Lets users come; from when all were answered, failures count.
    pub async fn enter(edges: &[SocketAddr]) -> Result<Self> {
        let mut tasks = JoinSet::new();
        let mut seen = Vec::new();
        for edge in edges.iter().flat_map(|edge| [*edge; USERS]) {
            let own = Arc::new(Seen::default());
            tasks.spawn(ask_on(edge, seen.len() as u64, own.clone()));
            seen.push(own);
        }
        let mut users = Self { began: Instant::now(), seen, _tasks: tasks };
        users.all_were_answered().await?;
        for seen in &users.seen {
            seen.answered.store(0, Ordering::Relaxed);
            seen.failed.store(0, Ordering::Relaxed);
        }
        users.began = Instant::now();
        Ok(users)
    }

    /// Waits until every user was answered several times to what is asked from now on.
    pub async fn all_were_answered(&self) -> Result<()> {
        let answered = || self.seen.iter().map(|it| it.answered.load(Ordering::Relaxed));
        let due: Vec<u64> = answered().map(|now| now + 1 + ANSWERS).collect();
        until("all users are answered", PATIENCE, async || {
            answered().zip(&due).all(|(now, due)| now >= *due).then_some(())
        })
        .await
    }

    /// Waits until every user was answered by the bad version after a moment.
    pub async fn all_saw_the_bad_version(&self, since: Instant) -> Result<()> {
        until("all users reach the bad version", PATIENCE, async || {
            self.seen.iter().all(|it| it.bad_at() > Some(since)).then_some(())
        })
        .await
    }

    /// Milliseconds from a moment to the last answer of the bad version; 0: there was none since.
    pub fn last_on_the_bad_version(&self, since: Instant) -> f64 {
        let last = self.seen.iter().filter_map(|it| it.bad_at()).max();
        last.map_or(0.0, |last| last.saturating_duration_since(since).as_secs_f64() * 1_000.0)
    }

    /// How many requests, and how many failed.
    pub fn in_words(&self) -> String {
        let sum = |of: fn(&Seen) -> &AtomicU64| {
            self.seen.iter().map(|it| of(it).load(Ordering::Relaxed)).sum::<u64>()
        };
        let (answered, failed) = (sum(|it| &it.answered), sum(|it| &it.failed));
        let rate = answered as f64 / self.began.elapsed().as_secs_f64();
        format!("users ask {rate:.0} times a second, {failed} of {} failed", answered + failed)
    }
}

impl Seen {
    fn bad_at(&self) -> Option<Instant> {
        *self.bad_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks service 0 again and again; a connection that breaks is made anew.
async fn ask_on(edge: SocketAddr, number: u64, seen: Arc<Seen>) {
    let Ok(service) = envoy::service(0) else { return };
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut user = None;
    loop {
        pace.tick().await;
        let mut current = match user.take() {
            Some(user) => user,
            None => match User::connect(edge, number).await {
                Ok(user) => user,
                Err(_) => continue,
            },
        };
        match current.ask(service.as_str()).await {
            Ok(version) => {
                if version == VERSIONS[1] {
                    let mut bad_at = seen.bad_at.lock().unwrap_or_else(PoisonError::into_inner);
                    *bad_at = Some(Instant::now());
                }
                seen.answered.fetch_add(1, Ordering::Relaxed);
                user = Some(current);
            }
            Err(_) => {
                seen.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}
