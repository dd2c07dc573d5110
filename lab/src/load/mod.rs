//! Users: clients in each region who enter through that region's edge, around the clock; where it
//! is gone, through another region's.
//!
//! Owns the load on the edges and its settings. Open-loop: requests are due at random moments of a
//! chosen rate that follows the region's day, however slowly answers come; only when too many wait
//! at once are some left out, and counted. Users have sessions and think between requests; every
//! request is written down in the [`ledger`](crate::ledger). The first come when their edge has
//! answered for their services, for a fleet that is being set up has no users yet; from then on
//! they come whatever happens.

pub(crate) mod command;
mod mix;
mod shape;
mod users;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{NaiveTime, Timelike, Utc};
use mainstay_core::fleet::{Fleet, Region};
use mainstay_core::id::{EdgeId, RegionId};
use rand::Rng;
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use self::mix::Mix;
use self::users::{Sender, Users};
use crate::ledger::Ledger;

/// Requests a second at the start: enough to see, little enough to forget about.
pub const RATE_DEFAULT: f64 = 20.0;
pub const RATE_MAX: f64 = 20_000.0;
/// Requests of one region that wait for their answers at once; what is due beyond is left out.
const IN_FLIGHT_MAX: usize = 2_000;
/// A generator that is later than this gives up catching up.
const LATE_MAX: Duration = Duration::from_secs(1);
/// Longest sleep, so that the day and changed settings are followed.
const LOOK: Duration = Duration::from_secs(1);
/// How often an edge is asked that has not answered for all services yet, and how long users wait
/// for the last of them.
const OPEN_LOOK: Duration = Duration::from_millis(500);
const OPEN_MAX: Duration = Duration::from_secs(60);
const DAY_SECONDS: f64 = 86_400.0;

/// How much load, and how long a day lasts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Requests a second over all regions, on average over a day.
    pub rate: f64,
    /// Seconds in which a day passes, to show one quickly; `None`: a real day.
    pub day_seconds: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { rate: RATE_DEFAULT, day_seconds: None }
    }
}

/// A change of the settings; what is absent stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub rate: Option<f64>,
    /// 0: a real day.
    pub day_seconds: Option<u32>,
}

/// What users have done since the lab started.
#[derive(Debug, Default)]
pub struct Counters {
    made: AtomicU64,
    failed: AtomicU64,
    left_out: AtomicU64,
    in_flight: AtomicU64,
    closed: AtomicU64,
}

/// The load as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    pub settings: Settings,
    /// Requests that were answered or given up.
    pub made: u64,
    pub failed: u64,
    /// Requests that were due and not made, because too many waited for answers.
    pub left_out: u64,
    pub in_flight: u64,
    /// Edges whose users have not come yet, because they have not answered for all services.
    pub closed: u64,
    pub ledger: PathBuf,
}

/// A running load. Its settings apply at once.
#[derive(Debug)]
pub struct Load {
    settings: watch::Sender<Settings>,
    counters: Arc<Counters>,
    folder: PathBuf,
    regions: Vec<JoinHandle<()>>,
    writer: JoinHandle<()>,
}

/// The ledger's folder inside a lab's data folder.
pub fn ledger_folder(data_dir: &Path) -> PathBuf {
    data_dir.join("ledger")
}

/// Where users of a region enter, and from which addresses they come.
#[derive(Clone, Debug)]
pub struct Entrance {
    pub edge: EdgeId,
    pub region: RegionId,
    pub address: SocketAddr,
    /// Edges of other regions, in the order in which users try them when theirs is gone.
    pub others: Vec<(EdgeId, SocketAddr)>,
    pub clients: Vec<IpAddr>,
}

impl Load {
    /// Starts users for each entrance. A region with several edges has its users spread over them.
    pub fn start(
        fleet: &Fleet,
        entrances: Vec<Entrance>,
        settings: Settings,
        data_dir: &Path,
    ) -> std::io::Result<Self> {
        let folder = ledger_folder(data_dir);
        let (ledger, writer) = Ledger::open(&folder)?;
        let (sender, _) = watch::channel(settings);
        let counters = Arc::new(Counters::default());
        let mut edges: BTreeMap<&RegionId, f64> = BTreeMap::new();
        for entrance in &entrances {
            *edges.entry(&entrance.region).or_default() += 1.0;
        }
        let begun = Instant::now();
        let mut regions = Vec::new();
        for entrance in &entrances {
            let Some(region) = fleet.regions.get(&entrance.region) else { continue };
            let crowd = Crowd {
                settings: sender.subscribe(),
                share: 1.0 / (edges.len() as f64 * edges[&entrance.region]),
                begun,
                begun_at: Utc::now().with_timezone(&region.time_zone).time(),
                region: region.clone(),
                mix: Mix::of(fleet, &entrance.region),
                users: Users::new(entrance, ledger.clone(), counters.clone()),
                counters: counters.clone(),
            };
            crowd.counters.closed.fetch_add(1, Ordering::Relaxed);
            regions.push(tokio::spawn(crowd.run()));
        }
        Ok(Self { settings: sender, counters, folder, regions, writer })
    }

    /// Changes the settings; the error says what to write instead.
    pub fn change(&self, change: Change) -> Result<(), String> {
        let rate = change.rate.unwrap_or_else(|| self.settings.borrow().rate);
        if !(0.0..=RATE_MAX).contains(&rate) {
            return Err(format!("--rate is from 0 to {RATE_MAX} requests a second"));
        }
        self.settings.send_modify(|settings| {
            settings.rate = rate;
            if let Some(seconds) = change.day_seconds {
                settings.day_seconds = (seconds > 0).then_some(seconds);
            }
        });
        Ok(())
    }

    pub fn status(&self) -> Status {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Status {
            settings: *self.settings.borrow(),
            made: read(&self.counters.made),
            failed: read(&self.counters.failed),
            left_out: read(&self.counters.left_out),
            in_flight: read(&self.counters.in_flight),
            closed: read(&self.counters.closed),
            ledger: self.folder.clone(),
        }
    }

    /// Ends it; requests on their way are not waited for and not written down.
    pub async fn stop(self) {
        for region in &self.regions {
            region.abort();
        }
        futures::future::join_all(self.regions).await;
        if let Err(error) = self.writer.await {
            tracing::error!(%error, "the ledger's writer broke off");
        }
    }
}

/// The users of one entrance.
struct Crowd {
    settings: watch::Receiver<Settings>,
    /// Of the whole rate.
    share: f64,
    begun: Instant,
    /// The region's time of day then; a compressed day goes on from here.
    begun_at: NaiveTime,
    region: Region,
    mix: Mix,
    users: Users,
    counters: Arc<Counters>,
}

impl Crowd {
    async fn run(mut self) {
        if self.mix.is_empty() {
            return;
        }
        let room = Arc::new(Semaphore::new(IN_FLIGHT_MAX));
        let senders = Sender::all(&self.users);
        self.open(&senders).await;
        self.counters.closed.fetch_sub(1, Ordering::Relaxed);
        let mut due = Instant::now();
        loop {
            let now = Instant::now();
            let rate = self.rate();
            // The time to the next request of many independent users is exponential.
            let chance: f64 = 1.0 - rand::rng().random::<f64>();
            let pause = Duration::try_from_secs_f64(-chance.ln() / rate).unwrap_or(Duration::MAX);
            if pause > LOOK {
                // Without a memory, nothing is lost by asking again.
                tokio::select! {
                    () = tokio::time::sleep(LOOK) => {}
                    changed = self.settings.changed() => if changed.is_err() { return },
                }
                due = Instant::now();
                continue;
            }
            due += pause;
            if due + LATE_MAX < now {
                let missed = (now - due).as_secs_f64() * rate;
                self.counters.left_out.fetch_add(missed as u64, Ordering::Relaxed);
                due = now;
            }
            tokio::time::sleep_until(due).await;
            let Ok(place) = room.clone().try_acquire_owned() else {
                self.counters.left_out.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            self.users.send(&senders, self.mix.draw(), place);
        }
    }

    /// Waits until every service has been reached once, but not for ever.
    async fn open(&self, senders: &[Sender]) {
        let Some(sender) = senders.first() else { return };
        let mut waiting: Vec<_> = self.mix.services().collect();
        let mut first: Option<Instant> = None;
        while !waiting.is_empty() && first.is_none_or(|first| first.elapsed() < OPEN_MAX) {
            let before = waiting.len();
            let answered = waiting.iter().map(|service| sender.reaches(service));
            let mut answered = futures::future::join_all(answered).await.into_iter();
            waiting.retain(|_| answered.next() != Some(true));
            if waiting.len() < before {
                first.get_or_insert_with(Instant::now);
            }
            if !waiting.is_empty() {
                tokio::time::sleep(OPEN_LOOK).await;
            }
        }
    }

    /// Requests a second that are due here at this time of the day.
    fn rate(&self) -> f64 {
        let settings = *self.settings.borrow();
        let seconds = |time: NaiveTime| f64::from(time.num_seconds_from_midnight());
        let time = match settings.day_seconds {
            None => seconds(Utc::now().with_timezone(&self.region.time_zone).time()),
            Some(day) => {
                let passed = self.begun.elapsed().as_secs_f64() * DAY_SECONDS / f64::from(day);
                (seconds(self.begun_at) + passed) % DAY_SECONDS
            }
        };
        settings.rate * self.share * shape::factor(time)
    }
}
