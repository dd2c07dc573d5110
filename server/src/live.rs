//! The hub of live values: computed once when the estate changes, sent to every open page.
//!
//! Invariants: one computation for all listeners of a language; a language is said while somebody
//! reads it, or did within the time that is kept; what was sent is kept for a bounded time and
//! number, so that a page that lost its connection hears what it missed, or is told to begin
//! anew; a listener that does not keep up is told to begin anew, and costs nobody else anything.
//! Instances are compared only where somebody listens, or did within the time that is kept.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_app::live::{Change, Topics, View, changed};
use mainstay_app::text::speak;
use mainstay_control::Control;
use mainstay_control::estate::Snapshot;
use mainstay_core::access::Language;
use mainstay_core::estate::Estate;
use mainstay_core::problem::Record;
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
    /// In each language that was read then.
    pub changes: BTreeMap<Language, Vec<Change>>,
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
    /// What the pages of each language show.
    views: BTreeMap<Language, Spoken>,
    /// What the views were made of; `None` before the first look.
    looked: Option<(Estate, Arc<[Record]>)>,
    seq: u64,
    listeners: BTreeMap<u64, Wanted>,
    /// Of these, those that listen now.
    open: usize,
    next_listener: u64,
    kept: VecDeque<Arc<Batch>>,
    kept_changes: usize,
}

/// The values of one language.
#[derive(Debug)]
struct Spoken {
    view: View,
    /// When somebody last asked for a page in it.
    read_at: DateTime<Utc>,
}

/// What one page wants to hear.
#[derive(Debug)]
struct Wanted {
    topics: Topics,
    language: Language,
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
        let changes = state.look(&snapshot);
        metrics::histogram!("mainstay_live_update_seconds").record(started.elapsed());
        let count: usize = changes.values().map(Vec::len).sum();
        if count == 0 {
            return;
        }
        metrics::counter!("mainstay_live_changes_total").increment(count as u64);
        state.seq += 1;
        let batch = Arc::new(Batch { seq: state.seq, at: snapshot.estate.at, changes });
        state.keep(batch.clone());
        // Under the lock, so that a listener that begins now hears it exactly once. An error
        // only says that nobody listens.
        let _ = self.sender.send(batch);
        metrics::histogram!("mainstay_live_lag_seconds").record(since.elapsed());
    }

    /// Begins to listen, after the batch with this id if one is given. `None`: too many do.
    pub fn listen(
        &self,
        topics: Topics,
        language: Language,
        after: Option<u64>,
    ) -> Option<Listener> {
        let mut state = self.lock();
        if state.open >= LISTENERS_MAX {
            return None;
        }
        state.open += 1;
        let now = Utc::now();
        let before = state.wanted(language, now);
        let begun = state.values(language, &topics.instances_beyond(&before), now);
        let missed = match after {
            None => Some(Vec::new()),
            Some(after) if after > state.seq => None,
            Some(after) => state.since(after, language),
        };
        let id = state.next_listener;
        state.next_listener += 1;
        state.listeners.insert(id, Wanted { topics, language, left_at: None });
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

    /// Id of the newest event: a page made now in this language has heard everything up to it,
    /// and what comes after is said in it.
    pub fn id(&self, language: Language) -> String {
        let mut state = self.lock();
        state.read(language, Utc::now());
        format!("{}-{}", self.epoch, state.seq)
    }

    /// Every current value of some topics in a language, for a page that begins anew.
    pub fn current(&self, topics: &Topics, language: Language) -> Vec<Change> {
        self.lock().values(language, topics, Utc::now())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while holding the lock leaves whole values behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Looks at the estate and says what changed, in each language that is read.
    fn look(&mut self, snapshot: &Snapshot) -> BTreeMap<Language, Vec<Change>> {
        let (estate, problems) = (&snapshot.estate, &snapshot.problems);
        let seq = self.seq + 1;
        self.forget(estate.at);
        let mut changes = BTreeMap::new();
        let languages: Vec<_> = self.views.keys().copied().collect();
        for language in languages {
            let wanted = self.wanted(language, estate.at);
            let Some(spoken) = self.views.get_mut(&language) else { continue };
            let (view, said) =
                speak(language, || changed(&spoken.view, estate, problems, &wanted, seq));
            spoken.view = view;
            changes.insert(language, said);
        }
        self.looked = Some((estate.clone(), problems.clone()));
        changes
    }

    /// The values of a language, which somebody reads now: as of the last look.
    fn read(&mut self, language: Language, now: DateTime<Utc>) -> &View {
        let (looked, seq) = (&self.looked, self.seq);
        let made = || match looked {
            None => View::default(),
            Some((estate, problems)) => {
                let (none, nobody) = (View::default(), Topics::default());
                speak(language, || changed(&none, estate, problems, &nobody, seq).0)
            }
        };
        let spoken =
            self.views.entry(language).or_insert_with(|| Spoken { view: made(), read_at: now });
        spoken.read_at = now;
        &spoken.view
    }

    fn values(&mut self, language: Language, topics: &Topics, now: DateTime<Utc>) -> Vec<Change> {
        let seq = self.seq;
        let view = self.read(language, now);
        speak(language, || view.values(topics, seq))
    }

    /// Lets go whoever left long ago, and what only they read.
    fn forget(&mut self, now: DateTime<Utc>) {
        let listeners = &mut self.listeners;
        listeners.retain(|_, wanted| wanted.left_at.is_none_or(|left| now - left < REPLAY));
        self.views.retain(|language, spoken| {
            now - spoken.read_at < REPLAY
                || listeners.values().any(|wanted| wanted.language == *language)
        });
    }

    /// What anybody wants to hear in a language, or wanted lately.
    fn wanted(&mut self, language: Language, now: DateTime<Utc>) -> Topics {
        self.forget(now);
        let mut all = Topics::default();
        for wanted in self.listeners.values().filter(|wanted| wanted.language == language) {
            all.merge(&wanted.topics);
        }
        all
    }

    fn keep(&mut self, batch: Arc<Batch>) {
        self.kept_changes += batch.len();
        let oldest = batch.at - REPLAY;
        self.kept.push_back(batch);
        while self.kept_changes > REPLAY_CHANGES_MAX
            || self.kept.front().is_some_and(|first| first.at < oldest)
        {
            let Some(gone) = self.kept.pop_front() else { break };
            self.kept_changes -= gone.len();
        }
    }

    /// Batches after `seq`; `None` when some of them are not kept any more, or were not said in
    /// this language.
    fn since(&self, seq: u64, language: Language) -> Option<Vec<Arc<Batch>>> {
        let first = self.kept.front().map_or(self.seq + 1, |batch| batch.seq);
        let missed = || self.kept.iter().filter(|batch| batch.seq > seq);
        let whole = missed().all(|batch| batch.changes.contains_key(&language));
        (seq + 1 >= first && whole).then(|| missed().cloned().collect())
    }
}

impl Batch {
    /// Changes in all languages.
    fn len(&self) -> usize {
        self.changes.values().map(Vec::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use Language::{English, Italian, Russian};
    use mainstay_control::estate::LiveEstate;

    use super::*;

    fn batch(seq: u64, seconds: i64, changes: usize) -> Arc<Batch> {
        let at = DateTime::from_timestamp(seconds, 0).expect("a small timestamp");
        let change = Change { k: "total".into(), r: seq, fields: BTreeMap::new(), place: None };
        Arc::new(Batch { seq, at, changes: [(English, vec![change; changes])].into() })
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
        assert_eq!(seqs(state.since(3, English)), Some(vec![]));
        assert_eq!(seqs(state.since(1, English)), Some(vec![2, 3]));
        assert_eq!(seqs(state.since(0, English)), Some(vec![1, 2, 3]));
        assert_eq!(seqs(state.since(0, Russian)), None, "nobody said it in Russian");
        assert_eq!(seqs(state.since(3, Russian)), Some(vec![]));
        state.seq = 4;
        state.keep(batch(4, 301, 1));
        assert_eq!(seqs(state.since(2, English)), None, "batch 3 is too old to be kept");
        assert_eq!(seqs(state.since(3, English)), Some(vec![4]));
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
    fn languages_are_said_while_they_are_read() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).expect("a small timestamp");
        let estate = LiveEstate::default();
        let mut state = State::default();
        let look = |state: &mut State, seconds| {
            let languages: Vec<_> = state.look(&estate.snapshot(at(seconds))).into_keys().collect();
            languages
        };
        assert_eq!(look(&mut state, 0), [], "nobody reads");
        state.read(Russian, at(1));
        let listens = Wanted {
            topics: Topics::parse("estate").expect("topics"),
            language: Italian,
            left_at: None,
        };
        state.listeners.insert(0, listens);
        state.read(Italian, at(1));
        assert_eq!(look(&mut state, 2), [Italian, Russian]);
        assert_eq!(look(&mut state, 301), [Italian], "whoever listens reads on");
        // Made of the last look: the next one says nothing that the page has.
        let total = |view: &View| view.values(&Topics { estate: true, ..Topics::default() }, 1);
        assert!(!total(state.read(Russian, at(302))).is_empty());
        let said = state.look(&estate.snapshot(at(302)));
        assert_eq!(said.get(&Russian), Some(&Vec::new()));
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
