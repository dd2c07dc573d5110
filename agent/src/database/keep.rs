//! Restored databases that stay: their servers go on beside the real ones until their time is over,
//! or somebody lets them go.
//!
//! Owns the folders of them, and a small file that says which they are. Invariants: a folder is in
//! the file before a server is started on it, so that none is forgotten, and one that is not in it
//! is swept at the next start; a server survives its agent and is found again; one that ended is
//! started again; one hand at a time starts, ends and removes, and where another server works on
//! the same data Postgres itself refuses, whose lock nobody here takes away.
//!
//! The file lies with the agent's own, not in the folders: those belong to whoever is let in.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use mainstay_core::backup::job::{Cause, Failure, ProofJob};
use mainstay_core::backup::kept::{self, Hours, Kept, NAMES_MAX, Server as State};
use mainstay_core::id::DatabaseId;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Engine;
use super::account::Account;
use super::config::Database;
use super::run::Group;
use super::scratch::{self, Place, Scratch};
use super::server::{Files, PORT, Server, Site};
use crate::durable::{self, Lasting};

/// Name of the file, in the agent's folder for databases.
pub const FILE: &str = "kept.json";
/// How often each server is looked after.
const TEND_EVERY: Duration = Duration::from_secs(10);
/// Longest wait for a server that is started; one that recovers goes on, and is asked again later.
const START_DEADLINE: Duration = Duration::from_secs(60);
const START_POLL: Duration = Duration::from_millis(100);
/// Longest wait for an answer of one that runs.
const ASK_DEADLINE: Duration = Duration::from_secs(10);
/// Longest pause before a server that does not start is tried again.
const AGAIN_MAX: Duration = Duration::from_secs(300);
const NOT_STARTED: &str = "it was not started yet";
const ENDED: &str = "it ended, and is started again";

/// What stays on one machine.
#[derive(Debug)]
pub struct Keeper {
    file: PathBuf,
    places: Mutex<Vec<Entry>>,
    hand: tokio::sync::Mutex<()>,
    changed: Notify,
}

/// One of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    database: DatabaseId,
    kept: Kept,
    /// Starts that failed since the last that did not, and when there may be another.
    #[serde(skip)]
    failed: u32,
    #[serde(skip)]
    not_before: Option<Instant>,
}

impl Entry {
    fn dir(&self) -> &Path {
        Path::new(&self.kept.path)
    }
}

impl Keeper {
    /// Reads what stays. A damaged file is set aside: nothing stays then.
    pub fn open(file: PathBuf) -> io::Result<Self> {
        let mut places: Vec<Entry> = match fs::read(&file) {
            Ok(content) => match serde_json::from_slice(&content) {
                Ok(places) => places,
                Err(error) => {
                    tracing::error!(%error, path = %file.display(), "a damaged file is set aside");
                    fs::rename(&file, file.with_extension("damaged"))?;
                    Vec::new()
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        // Its folder goes first, and then it is crossed out.
        places.retain(|entry| entry.dir().is_dir());
        let (places, hand, changed) = (Mutex::new(places), Default::default(), Notify::new());
        Ok(Self { file, places, hand, changed })
    }

    /// Folders that stay.
    pub fn folders(&self) -> BTreeSet<PathBuf> {
        self.places().iter().map(|entry| entry.dir().to_owned()).collect()
    }

    /// What stays of a database, the oldest first.
    pub fn of(&self, database: &DatabaseId) -> Vec<Kept> {
        let places = self.places();
        let mine = places.iter().filter(|entry| entry.database == *database);
        mine.map(|entry| entry.kept.clone()).collect()
    }

    /// Refuses one more than may stay. What a job of this id left is ended first: it was not told
    /// of, and the job is done anew.
    pub async fn make_room(&self, job: &ProofJob) -> Result<(), Failure> {
        for former in self.of(&job.database).into_iter().filter(|kept| kept.work == job.id) {
            self.let_go(&job.database, Path::new(&former.path)).await?;
        }
        let kept = self.of(&job.database);
        let works = kept.iter().map(|kept| kept.work.as_str()).collect();
        let refused = |full: kept::NoRoom| Failure::new(Cause::Setup, full.to_string());
        kept::room(&job.database, &works).map_err(refused)
    }

    /// Takes over what a proof restored, on which nothing runs any more, and starts its server. One
    /// that does not start stays all the same, and is tried again.
    ///
    /// # Errors
    /// It cannot be kept; nothing stays.
    pub async fn keep(
        &self,
        (database, account): (&Database, Account),
        scratch: Scratch,
        (job, hours): (&ProofJob, Hours),
    ) -> Result<Kept, Failure> {
        let failed = |error: io::Error| Failure::new(Cause::Setup, error.to_string());
        // With the engine's settings, whoever is let in could write into the repositories.
        remove_files(scratch.dir()).map_err(failed)?;
        let dir = scratch.leave().await?;
        let bytes = size(dir.clone()).await;
        let place = Place { dir: &dir, group: Group::Own };
        let since = Utc::now();
        let kept = Kept {
            work: job.id.clone(),
            datacenter: job.datacenter.clone(),
            label: job.label.clone(),
            target: job.target,
            path: dir.display().to_string(),
            socket: place.socket().display().to_string(),
            port: PORT,
            user: database.user.clone(),
            account: account.name(),
            names: Vec::new(),
            since,
            until: since + hours.time(),
            bytes,
            server: State::Down { why: NOT_STARTED.to_owned() },
        };
        let _hand = self.hand.lock().await;
        let (id, not_before) = (database.id.clone(), None);
        let entry = Entry { database: id, kept: kept.clone(), failed: 0, not_before };
        if let Err(error) = self.change(|places| places.push(entry)) {
            self.places().retain(|entry| entry.kept.path != kept.path);
            let removed = scratch::remove(&dir).await;
            tracing::error!(%error, ?removed, dir = %dir.display(), "a restored copy is not kept");
            return Err(failed(error));
        }
        let site = Site { database, account, place, files: Files::Kept };
        let server = self.start(&site).await;
        self.set(&kept.path, server);
        self.learn_names(&site).await;
        self.changed.notify_one();
        let mine = self.of(&database.id).into_iter().find(|known| known.path == kept.path);
        Ok(mine.unwrap_or(kept))
    }

    /// Looks after all of them: ends what is over, starts what is down. Of which databases anything
    /// is other than before.
    pub async fn tend(&self, engine: &dyn Engine, now: DateTime<Utc>) -> BTreeSet<DatabaseId> {
        let mut changed = BTreeSet::new();
        // Not held while they are looked after.
        let places = self.places().clone();
        for Entry { database, kept, .. } in places {
            let _hand = self.hand.lock().await;
            let Some(entry) = self.entry(&kept.path) else { continue };
            if entry.kept.until <= now || !entry.dir().is_dir() {
                match self.end(&entry).await {
                    Ok(()) => drop(changed.insert(database)),
                    Err(error) => {
                        tracing::error!(%error, path = kept.path, "a restored copy is not removed");
                    }
                }
                continue;
            }
            let server = match engine.base(&database) {
                Err(failure) => State::Down { why: failure.to_string() },
                Ok((known, account)) => {
                    let place = Place { dir: entry.dir(), group: Group::Own };
                    let site = Site { database: known, account, place, files: Files::Kept };
                    self.look_after(&site, &entry).await
                }
            };
            if self.set(&kept.path, server) {
                changed.insert(database);
            }
        }
        changed
    }

    /// Waits until there may be something to look after.
    pub async fn rest(&self) {
        let soonest = self.places().iter().map(|entry| entry.kept.until).min();
        let Some(until) = soonest else { return self.changed.notified().await };
        // What is over and could not be removed is tried again as what is down.
        let left = (until - Utc::now()).to_std().unwrap_or(TEND_EVERY).min(TEND_EVERY);
        tokio::select! {
            () = tokio::time::sleep(left) => {}
            () = self.changed.notified() => {}
        }
    }

    /// Ends one, and removes it. One that is gone already is no error.
    pub async fn let_go(&self, database: &DatabaseId, path: &Path) -> Result<(), Failure> {
        let _hand = self.hand.lock().await;
        let mine = |entry: &Entry| entry.database == *database;
        match self.entry(&path.display().to_string()).filter(mine) {
            Some(entry) => self.end(&entry).await.map_err(|error| {
                Failure::new(Cause::Other { code: None }, format!("{}: {error}", path.display()))
            }),
            None if !path.exists() => Ok(()),
            None => {
                let words = format!("{} is not kept for {database}", path.display());
                Err(Failure::new(Cause::Setup, words))
            }
        }
    }

    /// Lets one stay to a moment, which lasts: a restart of the agent changes nothing of it. One
    /// that stays as long already is no error.
    pub async fn stay(
        &self,
        database: &DatabaseId,
        path: &Path,
        until: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let setup = |words| Failure::new(Cause::Setup, words);
        let _hand = self.hand.lock().await;
        let mine = |entry: &Entry| entry.database == *database;
        let Some(entry) = self.entry(&path.display().to_string()).filter(mine) else {
            return Err(setup(format!("{} is not kept for {database}", path.display())));
        };
        let Kept { since, until: before, .. } = entry.kept;
        if before <= Utc::now() {
            return Err(setup(kept::NotLonger::Over.to_string()));
        }
        if until > since + kept::STAY_MAX {
            let latest = since + kept::STAY_MAX;
            return Err(setup(kept::NotLonger::TooLong { latest }.to_string()));
        }
        let written = self.change(|places| {
            let mine = places.iter_mut().filter(|it| it.kept.path == entry.kept.path);
            mine.for_each(|it| it.kept.until = it.kept.until.max(until));
        });
        if let Err(error) = written {
            // What does not last is not so.
            let mut places = self.places();
            let mine = places.iter_mut().filter(|it| it.kept.path == entry.kept.path);
            mine.for_each(|it| it.kept.until = before);
            return Err(setup(error.to_string()));
        }
        self.changed.notify_one();
        Ok(())
    }

    fn places(&self) -> MutexGuard<'_, Vec<Entry>> {
        // Nothing under the lock can panic half way.
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entry(&self, path: &str) -> Option<Entry> {
        self.places().iter().find(|entry| entry.kept.path == path).cloned()
    }

    /// Changes what stays, and makes that last.
    fn change(&self, change: impl FnOnce(&mut Vec<Entry>)) -> io::Result<()> {
        let mut places = self.places();
        change(&mut places);
        let content = serde_json::to_vec(&*places).map_err(io::Error::other)?;
        durable::replace(&self.file, &content, Lasting::Power)
    }

    /// Says how a server is; whether that is other than before. Does not last: it is looked at
    /// anew after a restart.
    fn set(&self, path: &str, server: State) -> bool {
        let mut places = self.places();
        let Some(entry) = places.iter_mut().find(|entry| entry.kept.path == path) else {
            return false;
        };
        let changed = entry.kept.server != server;
        entry.kept.server = server;
        changed
    }

    /// How the server of one is, after it was started if it was down and may be tried again.
    async fn look_after(&self, site: &Site<'_>, entry: &Entry) -> State {
        match (site.works(), answers(site).await) {
            (_, Ok(())) => State::Running,
            // It recovers from a crash, or has no connection left.
            (true, Err(failure)) => State::Down { why: failure.to_string() },
            (false, Err(_)) if entry.not_before.is_some_and(|at| Instant::now() < at) => {
                match &entry.kept.server {
                    State::Running => State::Down { why: ENDED.to_owned() },
                    down @ State::Down { .. } => down.clone(),
                }
            }
            (false, Err(_)) => {
                tracing::warn!(path = entry.kept.path, "a restored copy's server is started again");
                self.start(site).await
            }
        }
    }

    /// Starts a server on which the hand is.
    async fn start(&self, site: &Site<'_>) -> State {
        let started = start(site).await;
        let path = site.place.dir.display().to_string();
        let mut places = self.places();
        let entry = places.iter_mut().find(|entry| entry.kept.path == path);
        match (started, entry) {
            (Ok(()), entry) => {
                entry.into_iter().for_each(|it| (it.failed, it.not_before) = (0, None));
                State::Running
            }
            (Err(failure), entry) => {
                if let Some(entry) = entry {
                    let pause = TEND_EVERY * 2_u32.saturating_pow(entry.failed);
                    entry.failed = entry.failed.saturating_add(1);
                    entry.not_before = Some(Instant::now() + pause.min(AGAIN_MAX));
                }
                State::Down { why: failure.to_string() }
            }
        }
    }

    /// Ends the server, removes the folder, and crosses it out, in this order. It is over from the
    /// first on: an agent that ends in the middle goes on with that.
    async fn end(&self, entry: &Entry) -> io::Result<()> {
        let now = Utc::now();
        self.change(|places| {
            let mine = places.iter_mut().filter(|it| it.kept.path == entry.kept.path);
            mine.for_each(|it| it.kept.until = it.kept.until.min(now));
        })?;
        scratch::remove(entry.dir()).await?;
        tracing::info!(path = entry.kept.path, "a restored copy that stayed is removed");
        let crossed = self.change(|places| places.retain(|it| it.kept.path != entry.kept.path));
        if let Err(error) = crossed {
            // Without its folder it is none at the next start.
            tracing::error!(%error, "what stays is not written down");
        }
        self.changed.notify_one();
        Ok(())
    }

    /// Asks for the names of the databases; they are for people, who do without if need be.
    async fn learn_names(&self, site: &Site<'_>) {
        // tidy: allow sql: asked of a restored database, of which the store knows nothing
        let statement = "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate \
                         ORDER BY datname";
        let Ok(answer) = ask(site, statement).await else { return };
        let names = answer.lines().filter(|name| !name.is_empty()).take(NAMES_MAX);
        let names: Vec<_> = names.map(str::to_owned).collect();
        let path = site.place.dir.display().to_string();
        let learnt = self.change(|places| {
            if let Some(entry) = places.iter_mut().find(|entry| entry.kept.path == path) {
                entry.kept.names = names;
            }
        });
        if let Err(error) = learnt {
            tracing::warn!(%error, "names of databases are not written down");
        }
    }
}

impl Site<'_> {
    /// Whether a postmaster works on the data.
    fn works(&self) -> bool {
        let data = self.place.data();
        let lock = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
        let pid: Option<u32> = lock.lines().next().and_then(|line| line.trim().parse().ok());
        let cwd = pid.and_then(|pid| fs::read_link(format!("/proc/{pid}/cwd")).ok());
        cwd.is_some_and(|cwd| data.canonicalize().is_ok_and(|data| data == cwd))
    }
}

async fn start(site: &Site<'_>) -> Result<(), Failure> {
    let stop = CancellationToken::new();
    let control = site.control(&stop).await?;
    let mut server = Server::start_apart(*site, &control)?;
    let deadline = Instant::now() + START_DEADLINE;
    loop {
        if let Some(failure) = server.ended() {
            return Err(failure);
        }
        match answers(site).await {
            Ok(()) => return Ok(()),
            Err(_) if Instant::now() >= deadline => {
                let seconds = START_DEADLINE.as_secs();
                return Err(Failure::new(Cause::TimedOut { seconds }, "its start goes on"));
            }
            Err(_) => tokio::time::sleep(START_POLL).await,
        }
    }
}

async fn answers(site: &Site<'_>) -> Result<(), Failure> {
    // tidy: allow sql: asked of a restored database, of which the store knows nothing
    ask(site, "SELECT 1").await.map(drop)
}

async fn ask(site: &Site<'_>, statement: &str) -> Result<String, Failure> {
    let socket = site.place.socket();
    let session = site.session(&socket, "postgres", ASK_DEADLINE);
    session.ask(statement, &CancellationToken::new()).await
}

/// Removes the files that lie in a folder itself. The server writes its own again.
fn remove_files(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Bytes of all files of a place; `None`: it could not be counted.
async fn size(dir: PathBuf) -> Option<u64> {
    let counted = tokio::task::spawn_blocking(move || {
        let (mut bytes, mut folders) = (0_u64, vec![dir]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                match entry.file_type()?.is_dir() {
                    true => folders.push(entry.path()),
                    false => bytes = bytes.saturating_add(entry.metadata()?.len()),
                }
            }
        }
        Ok::<_, io::Error>(bytes)
    });
    counted.await.ok()?.ok()
}
