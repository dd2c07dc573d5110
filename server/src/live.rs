//! The hub of live values: computed once when the estate changes, sent to every open page.
//!
//! Invariants: one computation for all listeners; what was sent is kept for a bounded time and
//! number, so that a page that lost its connection hears what it missed, or is told to begin
//! anew; a listener that does not keep up is told to begin anew, and costs nobody else anything.
//! Instances are compared only where somebody listens, or did within the time that is kept.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_app::live::{Change, Topics, View, changed};
use mainstay_control::Control;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// Changes are gathered for so long before they are sent.
const GATHER: Duration = Duration::from_millis(100);
/// Without changes the estate is looked at so often: silence is noticed by time alone.
const LOOK: Duration = Duration::from_secs(1);
/// How long batches are kept for pages that reconnect.
const REPLAY: TimeDelta = TimeDelta::minutes(5);
/// Most changes kept for them.
const REPLAY_CHANGES_MAX: usize = 50_000;
/// Streams at once.
pub const LISTENERS_MAX: usize = 4_096;
/// Batches a listener may be behind.
const BEHIND_MAX: usize = 256;

/// Changes of one moment.
#[derive(Debug)]
pub struct Batch {
    /// Rises by one with each batch of this process.
    pub seq: u64,
    pub at: DateTime<Utc>,
    pub changes: Vec<Change>,
}

/// Where listeners hear batches.
#[derive(Debug)]
pub struct Hub {
    /// Tells this process's sequence from another's.
    pub epoch: String,
    state: Mutex<State>,
    sender: broadcast::Sender<Arc<Batch>>,
}

#[derive(Debug, Default)]
struct State {
    view: View,
    seq: u64,
    listeners: BTreeMap<u64, Wanted>,
    /// Of these, those that listen now.
    open: usize,
    next_listener: u64,
    kept: VecDeque<Arc<Batch>>,
    kept_changes: usize,
}

/// What one page wants to hear.
#[derive(Debug)]
struct Wanted {
    topics: Topics,
    /// When the page left; it may be back.
    left_at: Option<DateTime<Utc>>,
}

/// What a listener begins with.
#[derive(Debug)]
pub struct Listener {
    /// To be given back with [`Hub::leave`].
    pub id: u64,
    /// Batches missed since the id it gave; `None`: it must begin anew.
    pub missed: Option<Vec<Arc<Batch>>>,
    /// Instances that nobody listened to before, so that no batch has what changed of them since
    /// the page was made.
    pub begun: Vec<Change>,
    pub seq: u64,
    pub receiver: broadcast::Receiver<Arc<Batch>>,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            epoch: mainstay_control::access::random().chars().take(8).collect(),
            state: Mutex::default(),
            sender: broadcast::Sender::new(BEHIND_MAX),
        }
    }
}

impl Hub {
    /// Looks at the estate whenever it changed, until told to stop.
    pub async fn run(self: Arc<Self>, control: Arc<Control>, stop: CancellationToken) {
        let mut estate = control.estate.subscribe();
        let mut looked = Instant::now();
        loop {
            // What changed during the last look waits at most since that began.
            let during = estate.has_changed().is_ok_and(|changed| changed).then_some(looked);
            let since = tokio::select! {
                () = stop.cancelled() => return,
                _ = estate.changed() => {
                    let since = during.unwrap_or_else(Instant::now);
                    tokio::time::sleep(GATHER).await;
                    since
                }
                () = tokio::time::sleep(LOOK) => Instant::now(),
            };
            looked = Instant::now();
            estate.mark_unchanged();
            self.look(&control, since);
        }
    }

    /// Sends what changed; `since` is when the first of it did.
    fn look(&self, control: &Control, since: Instant) {
        let snapshot = control.snapshot();
        let started = Instant::now();
        let mut state = self.lock();
        let wanted = state.wanted(snapshot.estate.at);
        let (view, changes) =
            changed(&state.view, &snapshot.estate, &snapshot.problems, &wanted, state.seq + 1);
        state.view = view;
        metrics::histogram!("mainstay_live_update_seconds").record(started.elapsed());
        if changes.is_empty() {
            return;
        }
        metrics::counter!("mainstay_live_changes_total").increment(changes.len() as u64);
        state.seq += 1;
        let batch = Arc::new(Batch { seq: state.seq, at: snapshot.estate.at, changes });
        state.keep(batch.clone());
        // Under the lock, so that a listener that begins now hears it exactly once. An error
        // only says that nobody listens.
        let _ = self.sender.send(batch);
        metrics::histogram!("mainstay_live_lag_seconds").record(since.elapsed());
    }

    /// Begins to listen, after the batch with this id if one is given. `None`: too many do.
    pub fn listen(&self, topics: Topics, after: Option<u64>) -> Option<Listener> {
        let mut state = self.lock();
        if state.open >= LISTENERS_MAX {
            return None;
        }
        state.open += 1;
        let before = state.wanted(Utc::now());
        let begun = state.view.values(&topics.instances_beyond(&before), state.seq);
        let missed = match after {
            None => Some(Vec::new()),
            Some(after) if after > state.seq => None,
            Some(after) => state.since(after),
        };
        let id = state.next_listener;
        state.next_listener += 1;
        state.listeners.insert(id, Wanted { topics, left_at: None });
        Some(Listener { id, missed, begun, seq: state.seq, receiver: self.sender.subscribe() })
    }

    /// Ends listening; what the page wanted is compared for a while longer, should it come back.
    pub fn leave(&self, id: u64) {
        let mut state = self.lock();
        if let Some(wanted) = state.listeners.get_mut(&id) {
            wanted.left_at = Some(Utc::now());
            state.open = state.open.saturating_sub(1);
        }
    }

    /// Id of the newest event: a page made now has heard everything up to it.
    pub fn id(&self) -> String {
        format!("{}-{}", self.epoch, self.lock().seq)
    }

    /// Every current value of some topics, for a page that begins anew.
    pub fn current(&self, topics: &Topics) -> Vec<Change> {
        let state = self.lock();
        state.view.values(topics, state.seq)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while holding the lock leaves whole values behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What anybody wants, or wanted lately.
    fn wanted(&mut self, now: DateTime<Utc>) -> Topics {
        self.listeners.retain(|_, wanted| wanted.left_at.is_none_or(|left| now - left < REPLAY));
        let mut all = Topics::default();
        for wanted in self.listeners.values() {
            all.merge(&wanted.topics);
        }
        all
    }

    fn keep(&mut self, batch: Arc<Batch>) {
        self.kept_changes += batch.changes.len();
        let oldest = batch.at - REPLAY;
        self.kept.push_back(batch);
        while self.kept_changes > REPLAY_CHANGES_MAX
            || self.kept.front().is_some_and(|first| first.at < oldest)
        {
            let Some(gone) = self.kept.pop_front() else { break };
            self.kept_changes -= gone.changes.len();
        }
    }

    /// Batches after `seq`; `None` when some of them are not kept any more.
    fn since(&self, seq: u64) -> Option<Vec<Arc<Batch>>> {
        let first = self.kept.front().map_or(self.seq + 1, |batch| batch.seq);
        (seq + 1 >= first)
            .then(|| self.kept.iter().filter(|batch| batch.seq > seq).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(seq: u64, seconds: i64, changes: usize) -> Arc<Batch> {
        let at = DateTime::from_timestamp(seconds, 0).expect("a small timestamp");
        let change = Change { k: "total".into(), r: seq, fields: BTreeMap::new(), place: None };
        Arc::new(Batch { seq, at, changes: vec![change; changes] })
    }

    #[test]
    fn replays_what_is_kept_and_nothing_else() {
        let mut state = State::default();
        for seq in 1..=3 {
            state.seq = seq;
            state.keep(batch(seq, 0, 2));
        }
        let seqs = |found: Option<Vec<Arc<Batch>>>| {
            found.map(|batches| batches.iter().map(|batch| batch.seq).collect::<Vec<_>>())
        };
        assert_eq!(seqs(state.since(3)), Some(vec![]));
        assert_eq!(seqs(state.since(1)), Some(vec![2, 3]));
        assert_eq!(seqs(state.since(0)), Some(vec![1, 2, 3]));
        state.seq = 4;
        state.keep(batch(4, 301, 1));
        assert_eq!(seqs(state.since(2)), None, "batch 3 is too old to be kept");
        assert_eq!(seqs(state.since(3)), Some(vec![4]));
    }

    #[test]
    fn only_instances_that_nobody_heard_of_are_said_at_once() {
        let topics = |text: &str| Topics::parse(text).expect("topics");
        let before = topics("estate,dc:fra1,instance:feed-1");
        let beyond = topics("estate,dc:fra1,dc:sin1,instance:feed-2").instances_beyond(&before);
        assert_eq!(beyond, topics("dc:sin1,instance:feed-2"));
        assert_eq!(topics("estate,dc:fra1").instances_beyond(&before), Topics::default());
    }

    #[test]
    fn keeps_a_bounded_number() {
        let mut state = State::default();
        for seq in 1..=10 {
            state.seq = seq;
            state.keep(batch(seq, 0, REPLAY_CHANGES_MAX / 4));
        }
        assert!(state.kept_changes <= REPLAY_CHANGES_MAX);
        assert_eq!(state.kept.len(), 4);
    }
}
