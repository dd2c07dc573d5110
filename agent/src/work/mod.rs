//! Work on databases: taken over, done in turn, remembered; and what is seen of the databases.
//!
//! Owns the work that was asked for here and what came of it, in a file that is replaced as a whole
//! with every step that must last, and the newest look at each database. Invariants: the same id
//! again is the same work; on one database there is one piece of work at a time, in the order in
//! which they were taken over, but a proof, which works on nothing of the database itself and runs
//! beside, one at a time, the removal of what proofs left, and work on its cluster, which must not
//! wait for a copy; a restore in the place of a database that broke off is never repeated by
//! itself, while all other work is, because doing it twice does no harm.
//!
//! Must not: decide what is done when.

mod make;
mod members;
mod observe;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::Utc;
use mainstay_core::backup::job::{Cause, Failure, Progress};
use mainstay_core::backup::work::{Done, Leftover, Work, WorkReport, WorkState};
use mainstay_core::estate::{Fact, FactKey};
use mainstay_core::id::DatabaseId;
use mainstay_wire::limits::{BODY_MAX_BYTES, WORKS_MAX};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;

use crate::database::Engine;
use crate::database::patroni::Member;
use crate::durable::{self, Lasting};

/// Work that waits or runs; more is refused.
pub const OPEN_MAX: usize = 64;
/// Work that is over and remembered, the newest; with the other, all fits into one report.
pub const KEPT: usize = WORKS_MAX - OPEN_MAX;
/// Name of the file in the agent's data folder.
pub const FILE: &str = "works.json";
/// Pause between two looks at a database, unless it is told otherwise.
pub const READ_EVERY: Duration = Duration::from_secs(60);
/// Largest work, JSON, bytes: its report names it, and what came of it.
const WORK_MAX_BYTES: usize = BODY_MAX_BYTES / 4;
const NO_ENGINE: &str = "this agent is not set up for databases: start it with --databases FILE";

#[derive(Debug, thiserror::Error)]
#[error("the memory of work on databases {path} cannot be {action}")]
pub struct WorksError {
    path: PathBuf,
    action: &'static str,
    #[source]
    source: io::Error,
}

/// The work on databases of a data centre.
pub struct Works {
    shared: Arc<Shared>,
    read_every: Duration,
    /// Ended when this is dropped; a backup at work goes on all the same.
    tasks: Mutex<JoinSet<()>>,
}

struct Shared {
    path: PathBuf,
    /// `None`: no database is known here.
    engine: Option<Arc<dyn Engine>>,
    /// In the order in which they were taken over.
    kept: Mutex<Vec<WorkReport>>,
    /// The newest look at each database.
    seen: Mutex<BTreeMap<DatabaseId, Arc<Fact>>>,
    /// Members of clusters here, and what was told of each.
    members: BTreeMap<DatabaseId, Member>,
    told: Mutex<BTreeMap<DatabaseId, Arc<Fact>>>,
    /// For each database, whether it is to be looked at before its time.
    look: BTreeMap<DatabaseId, Notify>,
    /// Databases are looked at one at a time.
    looking: Semaphore,
    /// Rises with every change that is to be told.
    revision: watch::Sender<u64>,
    /// Rises with every piece of work that is taken over.
    taken: watch::Sender<u64>,
}

/// What has one piece of work at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Lane {
    Database(DatabaseId),
    /// Of a database; it waits for no copy, which may take hours.
    Cluster(DatabaseId),
    Proofs,
    /// What proofs left; to end it nobody waits for copies or other proofs.
    Kept,
}

impl Lane {
    fn of(work: &Work) -> Self {
        match work {
            Work::Backup(_) | Work::Verify(_) | Work::Expire(_) | Work::Restore(_) => {
                Self::Database(work.database().clone())
            }
            Work::LetGo(job) => match job.leftover {
                Leftover::SetAside => Self::Database(job.database.clone()),
                Leftover::Kept => Self::Kept,
            },
            Work::Stay(_) => Self::Kept,
            Work::Cluster(_) => Self::Cluster(work.database().clone()),
            Work::Prove(_) => Self::Proofs,
        }
    }
}

impl Works {
    /// Reads back what is remembered. A damaged file is set aside: the server asks again for what
    /// it does not hear of, and a backup at work is found without it.
    pub fn open(data_dir: &Path, engine: Option<Arc<dyn Engine>>) -> Result<Self, WorksError> {
        let path = data_dir.join(FILE);
        let kept = read(&path)?;
        let databases = engine.iter().flat_map(|engine| engine.databases());
        let members = members::open(engine.as_deref(), data_dir);
        let shared = Shared {
            path,
            look: databases.map(|id| (id, Notify::new())).collect(),
            engine,
            kept: Mutex::new(kept),
            seen: Mutex::default(),
            members,
            told: Mutex::default(),
            looking: Semaphore::new(1),
            revision: watch::Sender::new(0),
            taken: watch::Sender::new(0),
        };
        shared.take_stock()?;
        let (shared, tasks) = (Arc::new(shared), Mutex::default());
        Ok(Self { shared, read_every: READ_EVERY, tasks })
    }

    /// Looks at the databases of this machine so often, and less often at those of others.
    #[must_use]
    pub fn reading_every(self, period: Duration) -> Self {
        Self { read_every: period, ..self }
    }

    /// Goes on with what was not over when the agent ended, and begins to look at the databases.
    /// Must be called once, inside the runtime.
    pub fn resume(&self) {
        let Some(engine) = &self.shared.engine else { return };
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let databases = engine.databases();
        let lanes = databases.iter().cloned().map(Lane::Database);
        let lanes = lanes.chain(databases.iter().cloned().map(Lane::Cluster));
        let lanes = lanes.chain([Lane::Proofs, Lane::Kept]);
        for lane in lanes {
            let (shared, engine) = (self.shared.clone(), engine.clone());
            tasks.spawn(async move { shared.work(&*engine, &lane).await });
        }
        for database in self.shared.members.keys() {
            let (shared, database) = (self.shared.clone(), database.clone());
            tasks.spawn(async move { shared.watch(&database).await });
        }
        let (shared, keeping) = (self.shared.clone(), engine.clone());
        tasks.spawn(async move { shared.tend(&*keeping).await });
        for database in databases {
            let (shared, engine, period) = (self.shared.clone(), engine.clone(), self.read_every);
            tasks.spawn(async move { shared.observe(&*engine, &database, period).await });
        }
    }

    /// Whether work with this id was taken over and is remembered.
    pub fn knows(&self, id: &str) -> bool {
        self.shared.kept().iter().any(|report| report.work.id() == id)
    }

    /// Refuses work that cannot be done here, and work for which there is no room.
    pub fn check(&self, work: &Work) -> Result<(), String> {
        self.shared.check(work)?;
        let open = self.shared.kept().iter().filter(|report| !report.state.is_over()).count();
        match open {
            0..OPEN_MAX => Ok(()),
            _ => Err(format!("{OPEN_MAX} pieces of work wait here already; ask again later")),
        }
    }

    /// Takes work over, durably when it returns, and does it when its turn comes. A known id
    /// changes nothing.
    pub fn take(&self, work: &Work) -> Result<(), WorksError> {
        if self.knows(work.id()) {
            return Ok(());
        }
        let taken = self.shared.change(|kept| kept.push(waiting(work.clone())));
        match taken {
            Ok(()) => self.shared.taken.send_modify(|taken| *taken += 1),
            Err(_) => self.shared.kept().retain(|report| report.work.id() != work.id()),
        }
        taken
    }

    /// All work that is remembered, and what is seen of each database.
    pub fn facts(&self) -> BTreeMap<FactKey, Arc<Fact>> {
        let works: Vec<_> = self.shared.kept().iter().cloned().map(Fact::Work).collect();
        let seen: Vec<_> = self.shared.seen().values().cloned().collect();
        let told: Vec<_> = self.shared.told().values().cloned().collect();
        let facts = works.into_iter().map(Arc::new).chain(seen).chain(told);
        facts.map(|fact| (fact.key(), fact)).collect()
    }

    /// A number that rises whenever [`facts`](Self::facts) change.
    pub fn revision(&self) -> watch::Receiver<u64> {
        self.shared.revision.subscribe()
    }
}

fn read(path: &Path) -> Result<Vec<WorkReport>, WorksError> {
    let failed = |action, source| WorksError { path: path.to_owned(), action, source };
    match std::fs::read(path) {
        Ok(content) => match serde_json::from_slice(&content) {
            Ok(kept) => Ok(kept),
            Err(error) => {
                tracing::error!(%error, path = %path.display(), "a damaged file is set aside");
                std::fs::rename(path, path.with_extension("damaged"))
                    .map_err(|e| failed("set aside", e))?;
                Ok(Vec::new())
            }
        },
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(failed("read", e)),
    }
}

fn waiting(work: Work) -> WorkReport {
    WorkReport { work, state: WorkState::Waiting, started_at: None, ended_at: None }
}

fn end(report: &mut WorkReport, state: WorkState) {
    report.state = state;
    report.ended_at = Some(Utc::now());
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, Vec<WorkReport>> {
        // Nothing under the lock can panic half way.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self) -> MutexGuard<'_, BTreeMap<DatabaseId, Arc<Fact>>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What becomes of the work of a former run.
    fn take_stock(&self) -> Result<(), WorksError> {
        let left_over = self.engine.iter().flat_map(|engine| engine.left_over());
        let left_over: Vec<_> = left_over.map(Work::Backup).collect();
        self.change(|kept| {
            let known = |work: &Work| kept.iter().any(|report| report.work.id() == work.id());
            let unknown: Vec<_> = left_over.into_iter().filter(|work| !known(work)).collect();
            // It was at work before anything that waits.
            kept.splice(0..0, unknown.into_iter().map(waiting));
            for report in kept.iter_mut().filter(|report| !report.state.is_over()) {
                if let Err(words) = self.check(&report.work) {
                    let failure = Failure::new(Cause::Setup, words);
                    end(report, WorkState::Failed { failure });
                    continue;
                }
                match (&report.state, &report.work) {
                    (WorkState::Running { .. }, Work::Restore(_)) => {
                        let failure = Failure::new(Cause::BrokenOff, BROKEN_OFF);
                        end(report, WorkState::Failed { failure });
                    }
                    // The engine finds it again; it never ceased to run.
                    (WorkState::Running { .. }, Work::Backup(_)) => {}
                    (
                        WorkState::Running { .. },
                        Work::Verify(_)
                        | Work::Expire(_)
                        | Work::Prove(_)
                        | Work::LetGo(_)
                        | Work::Stay(_)
                        | Work::Cluster(_),
                    ) => *report = waiting(report.work.clone()),
                    (WorkState::Waiting | WorkState::Done { .. } | WorkState::Failed { .. }, _) => {
                    }
                }
            }
        })
    }

    /// Whether work can be done here at all; the error is a sentence.
    fn check(&self, work: &Work) -> Result<(), String> {
        let engine = self.engine.as_ref().ok_or(NO_ENGINE)?;
        let (database, _) = engine.base(work.database()).map_err(|failure| failure.to_string())?;
        match work {
            Work::Backup(_) if self.leads(work.database()) == Some(false) => {
                let database = work.database();
                return Err(format!("{database} takes no writes here: ask its leader's agent"));
            }
            Work::LetGo(job) if job.leftover == Leftover::Kept => {}
            Work::Backup(_) | Work::Restore(_) | Work::LetGo(_) => {
                let elsewhere = |failure| {
                    format!("{failure}: ask the agent that hosts it for backups and restores")
                };
                database.hosted().map_err(elsewhere)?;
            }
            Work::Verify(_) | Work::Expire(_) | Work::Prove(_) | Work::Stay(_) => {}
            Work::Cluster(_) => {
                database.member().map_err(|failure| failure.to_string())?;
            }
        }
        let bytes = serde_json::to_vec(work).map_or(usize::MAX, |json| json.len());
        match bytes {
            0..=WORK_MAX_BYTES => Ok(()),
            _ => Err(format!("a piece of work has at most {WORK_MAX_BYTES} bytes, not {bytes}")),
        }
    }

    /// Changes the memory, forgets what is over and too old, and makes that last.
    fn change(&self, change: impl FnOnce(&mut Vec<WorkReport>)) -> Result<(), WorksError> {
        let mut kept = self.kept();
        change(&mut kept);
        let over = kept.iter().filter(|report| report.state.is_over()).count();
        let mut surplus = over.saturating_sub(KEPT);
        kept.retain(|report| {
            let forgotten = surplus > 0 && report.state.is_over();
            surplus -= usize::from(forgotten);
            !forgotten
        });
        self.revision.send_modify(|revision| *revision += 1);
        let content = serde_json::to_vec(&*kept).expect("work has string keys only");
        let failed = |source| WorksError { path: self.path.clone(), action: "written", source };
        durable::replace(&self.path, &content, Lasting::Power).map_err(failed)
    }

    /// Does the work of a lane, one after the other.
    async fn work(&self, engine: &dyn Engine, lane: &Lane) {
        let mut taken = self.taken.subscribe();
        loop {
            taken.borrow_and_update();
            let next = {
                let kept = self.kept();
                let mut open = kept.iter().filter(|report| !report.state.is_over());
                open.find(|report| Lane::of(&report.work) == *lane).map(|it| it.work.clone())
            };
            match next {
                Some(work) => self.do_one(engine, &work).await,
                // An error means that the agent is gone.
                None if taken.changed().await.is_err() => return,
                None => {}
            }
        }
    }

    /// Looks after what proofs left, for ever.
    async fn tend(&self, engine: &dyn Engine) {
        loop {
            for database in engine.keeper().tend(engine, Utc::now()).await {
                if let Some(look) = self.look.get(&database) {
                    look.notify_one();
                }
            }
            engine.keeper().rest().await;
        }
    }

    async fn do_one(&self, engine: &dyn Engine, work: &Work) {
        let begun = self.change(|kept| {
            let mine = |report: &&mut WorkReport| report.work.id() == work.id();
            if let Some(report) = kept.iter_mut().find(mine) {
                report.state = WorkState::Running { progress: Progress::default() };
                report.started_at.get_or_insert_with(Utc::now);
            }
        });
        let made = match begun {
            Ok(()) => match work {
                Work::Cluster(job) => self.move_member(job).await,
                Work::Backup(_)
                | Work::Verify(_)
                | Work::Expire(_)
                | Work::Prove(_)
                | Work::Restore(_)
                | Work::LetGo(_)
                | Work::Stay(_) => {
                    let tell = |progress| self.progress(work.id(), progress);
                    make::make(engine, work, tell).await
                }
            },
            // Not known to last, so a restore could be repeated.
            Err(error) => Err(Failure::new(Cause::Setup, error.to_string())),
        };
        self.conclude(work, made);
    }

    /// Says how far running work is. Does not last: after a restart it is found out anew.
    fn progress(&self, id: &str, progress: Progress) {
        let mut kept = self.kept();
        let Some(report) = kept.iter_mut().find(|report| report.work.id() == id) else { return };
        let now = WorkState::Running { progress };
        if report.state != now {
            report.state = now;
            self.revision.send_modify(|revision| *revision += 1);
        }
    }

    fn conclude(&self, work: &Work, made: Result<Done, Failure>) {
        let (id, database) = (work.id(), work.database());
        tracing::info!(id, %database, ?made, "work on a database is over");
        if let Work::Restore(_) = work {
            self.forget_prepared(database);
        }
        let state = match made {
            Ok(done) => WorkState::Done { done },
            Err(failure) => WorkState::Failed { failure },
        };
        let ended = self.change(|kept| {
            if let Some(report) = kept.iter_mut().find(|report| report.work.id() == id) {
                end(report, state);
            }
        });
        if let Err(error) = ended {
            // It is told all the same; after a restart of the agent it would be done again, or be
            // broken off.
            tracing::error!(error = &error as &dyn std::error::Error, id, "a result is not kept");
        }
        if let Some(look) = self.look.get(database) {
            look.notify_one();
        }
    }
}

/// What is told of a restore that its agent did not live to end.
const BROKEN_OFF: &str = "the agent was restarted in the middle; look at the database first";

#[cfg(test)]
mod tests;
