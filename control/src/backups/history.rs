//! What was done about copies, kept in memory: runs of the last days, and of all time what proofs
//! and readings showed. Pages of a thousand databases and the leader's looks at each of them would
//! else read the same rows again and again.
//!
//! Invariants: everything here follows from the store, and what it says is applied in the order in
//! which it was written, as often as it comes; a value that was given out never changes. All of it
//! is in the policies' time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::backup::proof::Proof;
use mainstay_core::backup::run::Run;
use mainstay_core::backup::wal::{self, Damaged};
use mainstay_core::backup::work::Work;
use mainstay_core::id::{DatabaseId, DatacenterId};
use mainstay_core::problem::Shown;
use mainstay_store::backup::Ordered;
use mainstay_store::history::{self as stored, Horizon};
use mainstay_store::{Store, StoreError};
use tokio::sync::Mutex;

/// How far back runs are kept that are over.
pub const RUNS_KEPT: TimeDelta = TimeDelta::days(4);
/// Copies of one database of which is kept what was shown of them, those of the newest proofs.
pub const PROVEN_MAX: usize = 1_000;
/// For so long pages are made from what was read last.
const FRESH: Duration = Duration::from_millis(200);
/// After so long everything is read anew: a Postgres that took over may have lost what was read.
const ANEW: Duration = Duration::from_secs(600);

/// What was done about the copies of each database.
#[derive(Clone, Debug, Default)]
pub struct History(BTreeMap<DatabaseId, Arc<Past>>);

/// What was done about the copies of one database.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Of the last days ([`RUNS_KEPT`]), and all that are not over; the newest first.
    pub runs: Vec<Arc<Run>>,
    /// The last that was shown of each copy.
    pub proofs: Arc<Vec<Proof>>,
    /// When the last work that may have changed a repository ended, by its agent's clock.
    pub changed_at: Option<DateTime<Utc>>,
    /// When each repository was last ordered to be read through.
    pub verified_at: BTreeMap<DatacenterId, DateTime<Utc>>,
    /// Segments of the log that the last reading of each repository found damaged.
    pub damaged_log: Arc<Damaged>,
    /// When each of those readings ended.
    damage_read_at: BTreeMap<DatacenterId, DateTime<Utc>>,
    /// When a proof was last ordered.
    pub prove_ordered_at: Option<DateTime<Utc>>,
}

impl History {
    /// `None`: nothing was ever done.
    pub fn of(&self, database: &DatabaseId) -> Option<&Arc<Past>> {
        self.0.get(database)
    }

    /// The last that was shown of each copy of a database.
    pub fn proofs(&self, database: &DatabaseId) -> Arc<Vec<Proof>> {
        self.of(database).map(|past| past.proofs.clone()).unwrap_or_default()
    }

    /// What restoring and reading its copies showed.
    pub fn shown(&self, database: &DatabaseId) -> Shown {
        let past = self.of(database);
        past.map(|past| Shown {
            proofs: past.proofs.clone(),
            damaged_log: past.damaged_log.clone(),
        })
        .unwrap_or_default()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&DatabaseId, &Arc<Past>)> {
        self.0.iter()
    }

    fn past(&mut self, database: &DatabaseId) -> &mut Past {
        Arc::make_mut(self.0.entry(database.clone()).or_default())
    }

    fn run(&mut self, run: Run) {
        let runs = &mut self.past(&run.planned.database).runs;
        runs.retain(|it| it.id != run.id);
        let key = |run: &Run| std::cmp::Reverse((run.planned.window_start, run.id));
        let at = runs.partition_point(|it| key(it) < key(&run));
        runs.insert(at, Arc::new(run));
    }

    fn work(&mut self, ordered: &Ordered) {
        self.past(ordered.work.database()).work(ordered);
    }

    /// Whether there are runs that [`forget`](Self::forget) lets go of.
    fn is_old(&self, from: DateTime<Utc>) -> bool {
        self.0.values().any(|past| past.is_old(from))
    }

    /// Lets go of runs that are over and of windows before `from`.
    fn forget(&mut self, from: DateTime<Utc>) {
        for past in self.0.values_mut().filter(|past| past.is_old(from)) {
            Arc::make_mut(past).runs.retain(|run| !is_old(run, from));
        }
    }
}

fn is_old(run: &Run, from: DateTime<Utc>) -> bool {
    run.state.is_over() && run.planned.window_start < from
}

impl Past {
    fn is_old(&self, from: DateTime<Utc>) -> bool {
        self.runs.iter().any(|run| is_old(run, from))
    }

    fn work(&mut self, ordered: &Ordered) {
        match &ordered.work {
            Work::Backup(_) | Work::Expire(_) => {
                let told = ordered.report.as_ref().and_then(|report| report.ended_at);
                self.changed_at = self.changed_at.max(told);
            }
            Work::Verify(job) => {
                let at = self.verified_at.entry(job.datacenter.clone()).or_default();
                *at = ordered.ordered_at.max(*at);
            }
            Work::Prove(_) => {
                self.prove_ordered_at = self.prove_ordered_at.max(Some(ordered.ordered_at));
            }
            Work::Restore(_) | Work::LetGo(_) | Work::Stay(_) | Work::Cluster(_) => {}
        }
        if let (Some(report), Some(ended_at)) = (&ordered.report, ordered.ended_at) {
            for proof in Proof::all_of(report, ended_at) {
                self.proof(proof);
            }
            if let Some((datacenter, segments)) = wal::damaged(report) {
                self.log(datacenter, segments, ended_at);
            }
        }
    }

    /// The last reading of a repository counts.
    fn log(&mut self, datacenter: &DatacenterId, segments: BTreeSet<String>, at: DateTime<Utc>) {
        let last = self.damage_read_at.entry(datacenter.clone()).or_insert(at);
        if *last <= at {
            *last = at;
            Arc::make_mut(&mut self.damaged_log).insert(datacenter.clone(), segments);
        }
    }

    /// Of two at one instant the failed one counts.
    fn proof(&mut self, proof: Proof) {
        let proofs = Arc::make_mut(&mut self.proofs);
        let same = |it: &&mut Proof| it.datacenter == proof.datacenter && it.label == proof.label;
        match proofs.iter_mut().find(same) {
            Some(last) if (last.at, last.outcome) < (proof.at, proof.outcome) => *last = proof,
            Some(_) => {}
            None => proofs.push(proof),
        }
        if proofs.len() > PROVEN_MAX {
            let oldest = proofs.iter().enumerate().min_by_key(|(_, proof)| proof.at);
            if let Some(at) = oldest.map(|(at, _)| at) {
                proofs.remove(at);
            }
        }
    }
}

/// Reads the history, and remembers how far.
#[derive(Debug)]
pub struct Reader {
    store: Store,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    history: Arc<History>,
    /// `None`: nothing was read yet.
    read: Option<Read>,
}

#[derive(Clone, Copy, Debug)]
struct Read {
    at: Instant,
    until: Horizon,
    anew_at: Instant,
}

impl Reader {
    pub fn new(store: Store) -> Self {
        Self { store, state: Mutex::default() }
    }

    /// As it was a moment ago, `now` in the policies' time; whoever asks meanwhile waits for the
    /// same reading.
    pub async fn lately(&self, now: DateTime<Utc>) -> Result<Arc<History>, StoreError> {
        let mut state = self.state.lock().await;
        match state.read {
            Some(read) if read.at.elapsed() < FRESH => Ok(state.history.clone()),
            Some(_) | None => state.read(&self.store, now).await,
        }
    }

    /// With all that was written before the call.
    pub async fn now(&self, now: DateTime<Utc>) -> Result<Arc<History>, StoreError> {
        self.state.lock().await.read(&self.store, now).await
    }
}

impl State {
    async fn read(
        &mut self,
        store: &Store,
        now: DateTime<Utc>,
    ) -> Result<Arc<History>, StoreError> {
        let (pool, at) = (store.reads(), Instant::now());
        let until = stored::horizon(pool).await?;
        // Numbers of transactions that went back are those of another Postgres.
        let goes_on = |read: &Read| until >= read.until && read.anew_at.elapsed() < ANEW;
        let before = self.read.filter(goes_on);
        let since = before.map_or(Horizon::START, |read| read.until);
        let from = now - RUNS_KEPT;
        let (mut runs, mut works) = (Vec::new(), Vec::new());
        if before.is_none() {
            let mut anew = History::default();
            stored::runs_since(pool, since, from, |run| anew.run(run)).await?;
            stored::work_since(pool, since, |work| anew.work(&work)).await?;
            self.history = Arc::new(anew);
        } else {
            // Whatever changed: one that was open is known, however old it is.
            let ever = DateTime::UNIX_EPOCH;
            stored::runs_since(pool, since, ever, |run| runs.push(run)).await?;
            stored::work_since(pool, since, |work| works.push(work)).await?;
        }
        let old = self.history.is_old(from);
        if old || !runs.is_empty() || !works.is_empty() {
            let history = Arc::make_mut(&mut self.history);
            runs.into_iter().for_each(|run| history.run(run));
            works.iter().for_each(|work| history.work(work));
            history.forget(from);
        }
        let anew_at = before.map_or(at, |read| read.anew_at);
        self.read = Some(Read { at, until, anew_at });
        Ok(self.history.clone())
    }
}

#[cfg(test)]
mod tests {
    use mainstay_core::backup::Label;
    use mainstay_core::backup::proof::Outcome;

    use super::*;

    fn proof(label: &str, second: i64, outcome: Outcome) -> Proof {
        let at = DateTime::from_timestamp(second, 0).unwrap();
        let datacenter = DatacenterId::new("osl1").unwrap();
        Proof { datacenter, label: Label(label.to_owned()), at, outcome }
    }

    #[test]
    fn of_each_copy_the_last_counts_whatever_the_order_and_however_often() {
        let passed = proof("a", 2, Outcome::Passed);
        let all = [passed.clone(), proof("a", 1, Outcome::Failed), passed.clone()];
        let mut past = Past::default();
        all.iter().for_each(|it| past.proof(it.clone()));
        assert_eq!(*past.proofs, [passed]);
        past.proof(proof("a", 2, Outcome::Failed));
        assert_eq!(*past.proofs, [proof("a", 2, Outcome::Failed)], "of two at once the failed one");
    }

    #[test]
    fn of_each_repository_the_last_reading_of_the_log_counts() {
        let osl1 = DatacenterId::new("osl1").unwrap();
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        let bad = |name: &str| BTreeSet::from([name.to_owned()]);
        let mut past = Past::default();
        past.log(&osl1, bad("b"), at(2));
        past.log(&osl1, bad("a"), at(1));
        assert_eq!(*past.damaged_log, Damaged::from([(osl1.clone(), bad("b"))]));
        past.log(&osl1, BTreeSet::new(), at(3));
        assert_eq!(*past.damaged_log, Damaged::from([(osl1, BTreeSet::new())]));
    }

    #[test]
    fn keeps_a_bounded_number_the_newest() {
        let mut past = Past::default();
        for second in 0..=PROVEN_MAX as i64 {
            past.proof(proof(&second.to_string(), second, Outcome::Passed));
        }
        assert_eq!(past.proofs.len(), PROVEN_MAX);
        assert!(past.proofs.iter().all(|proof| proof.at.timestamp() > 0));
    }
}
