//! pgBackRest as an engine (2.45, which Debian 12 has, and later).
//!
//! Owns the files it is told its settings in ([`files`]) and what its answers mean ([`failure`],
//! [`info`], [`verify`], [`wal`]: all pure; [`position`] asks the database itself). Invariants:
//! each command but a restore sees a single repository; a repository that held a database is never
//! made anew by itself; the log goes to the database's homes at all times and to the target of a
//! backup while that runs.

mod along;
mod backup;
mod expire;
pub mod failure;
pub mod files;
pub mod info;
mod position;
mod record;
mod restore;
mod stanza;
pub mod verify;
pub mod wal;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use mainstay_core::backup::job::{
    BackupDone, BackupJob, Cause, Damage, Failure, Prepared, WalSegment,
};
use mainstay_core::backup::{Catalogue, Copy, Label};
use mainstay_core::id::{DatabaseId, DatacenterId};
use tokio_util::sync::CancellationToken;

use self::files::{Conf, Layout, Numbers};
use self::info::State;
use super::account::Account;
use super::config::{Database, Home, SCRATCH_DIR_MAX_BYTES, Settings};
use super::keep::{self, Keeper};
use super::run::{Call, Group, Said, call};
use super::sql::Session;
use super::{Engine, LogPosition, Reporter, RestoreOrder, scratch};

/// Longest time for listing what a repository holds.
const INFO_DEADLINE: Duration = Duration::from_secs(60);
/// Longest time for listing the log, or for removing files.
const FILES_DEADLINE: Duration = Duration::from_secs(1_800);
/// Longest time for reading every file of a repository.
const VERIFY_DEADLINE: Duration = Duration::from_secs(12 * 3_600);
/// Longest time for one statement to the database itself.
const SQL_DEADLINE: Duration = Duration::from_secs(30);
/// Repositories that are asked at once.
const ASKED_AT_ONCE: usize = 4;
/// Names of the repositories' numbers, in the agent's folder for databases.
const NUMBERS_FILE: &str = "repositories.json";

/// The engine of one agent.
#[derive(Debug)]
pub struct PgBackRest {
    settings: Settings,
    numbers: Numbers,
    scratch_root: PathBuf,
    keeper: Keeper,
    bases: BTreeMap<DatabaseId, Base>,
}

/// One database with what belongs to it.
#[derive(Debug)]
struct Base {
    database: Database,
    account: Account,
    layout: Layout,
    /// Held while a job may change where the log goes, or remove copies.
    busy: tokio::sync::Mutex<()>,
}

impl PgBackRest {
    /// Sets an engine up below the agent's data folder: writes its files, and removes what a
    /// killed agent left of restored databases but what is to stay.
    pub async fn open(settings: Settings, data_dir: &Path) -> Result<Self, Failure> {
        let dir = data_dir.join("databases");
        let failed = |path: &Path, error: &io::Error| {
            Failure::new(Cause::Setup, format!("{} cannot be used: {error}", path.display()))
        };
        std::fs::create_dir_all(&dir).map_err(|error| failed(&dir, &error))?;
        // It may be a link to where the owners of databases can enter.
        let dir = dir.canonicalize().map_err(|error| failed(&dir, &error))?;
        let numbers = numbers(&dir, &settings).map_err(|error| failed(&dir, &error))?;
        let scratch_root = settings.scratch_dir.clone().unwrap_or_else(|| dir.join("scratch"));
        if scratch_root.as_os_str().len() > SCRATCH_DIR_MAX_BYTES {
            let words = format!(
                "{} is too long for a socket below it: set scratch_dir to a path of up to \
                 {SCRATCH_DIR_MAX_BYTES} bytes",
                scratch_root.display()
            );
            return Err(Failure::new(Cause::Setup, words));
        }
        let keeper = Keeper::open(dir.join(keep::FILE)).map_err(|error| failed(&dir, &error))?;
        let swept = scratch::sweep(&scratch_root, &keeper.folders()).await;
        swept.map_err(|error| failed(&scratch_root, &error))?;
        let mut bases = BTreeMap::new();
        for (id, database) in &settings.databases {
            let account = match &database.home {
                Home::Here(hosted) => Account::of(&hosted.data_dir)?,
                Home::Elsewhere { account } => Account::named(account.as_deref())?,
            };
            let layout = Layout { dir: dir.join(id.as_str()) };
            for folder in [layout.dir.clone(), layout.lock(), layout.spool(), layout.log()] {
                account.make_dir(&folder).map_err(|error| failed(&folder, &error))?;
            }
            let busy = tokio::sync::Mutex::default();
            let base = Base { database: database.clone(), account, layout, busy };
            base.check_access().await?;
            bases.insert(id.clone(), base);
        }
        let engine = Self { settings, numbers, scratch_root, keeper, bases };
        for base in engine.bases.values() {
            engine.write_files(base).map_err(|error| failed(&base.layout.dir, &error))?;
        }
        Ok(engine)
    }

    fn get(&self, database: &DatabaseId) -> Result<&Base, Failure> {
        self.bases.get(database).ok_or_else(|| {
            Failure::new(Cause::Setup, format!("the agent knows no database {database}"))
        })
    }

    /// The file of a database for one repository.
    fn conf_of(&self, base: &Base, datacenter: &DatacenterId) -> Result<PathBuf, Failure> {
        match self.settings.repositories.iter().any(|r| &r.datacenter == datacenter) {
            true => Ok(base.layout.repository(datacenter)),
            false => {
                let words = format!("the agent knows no repository in {datacenter}");
                Err(Failure::new(Cause::Setup, words))
            }
        }
    }

    fn write_files(&self, base: &Base) -> io::Result<()> {
        let conf = Conf::new(&self.settings, &self.numbers, &base.layout);
        let write = |path: &Path, text: &str| base.account.replace(path, text);
        for repository in &self.settings.repositories {
            let datacenter = &repository.datacenter;
            let text = conf.write(&base.database, |d| d == datacenter, &[("start-fast", "y")]);
            write(&base.layout.repository(datacenter), &text)?;
        }
        write(&base.layout.all(), &conf.write(&base.database, |_| true, &[]))?;
        // A backup of a former run may still need its target.
        let target = base.record().and_then(|record| record.target());
        self.write_archive(base, target.as_ref())
    }

    /// Says where the log goes from now on: home, and to the target of a backup.
    fn write_archive(&self, base: &Base, target: Option<&DatacenterId>) -> io::Result<()> {
        let conf = Conf::new(&self.settings, &self.numbers, &base.layout);
        let wanted = |d: &DatacenterId| base.database.wal.contains(d) || Some(d) == target;
        let text = conf.write(&base.database, wanted, &[("archive-async", "y")]);
        base.account.replace(&base.layout.archive(), &text)
    }

    /// Runs a command of the engine to its end.
    async fn command(
        &self,
        base: &Base,
        conf: &Path,
        arguments: &[&str],
        deadline: Duration,
        stop: &CancellationToken,
    ) -> Result<Said, Failure> {
        let program = Path::new(&self.settings.pgbackrest.program);
        let mut all = base.arguments(conf);
        all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        let (account, environment, group) = (base.account, Vec::new(), Group::Own);
        let order = Call { program, arguments: all, environment, account, group, deadline };
        call(&order, stop).await
    }

    /// The same, for one whose answer is data: nothing else stands in its output.
    async fn query(
        &self,
        base: &Base,
        datacenter: &DatacenterId,
        arguments: &[&str],
        stop: &CancellationToken,
    ) -> Result<String, Failure> {
        let conf = self.conf_of(base, datacenter)?;
        let quiet = ["--log-level-console=off", "--log-level-stderr=error", "--output=json"];
        let arguments = [arguments, &quiet].concat();
        let deadline = match arguments.first() {
            Some(&"info") => INFO_DEADLINE,
            Some(_) | None => FILES_DEADLINE,
        };
        let said = self.command(base, &conf, &arguments, deadline, stop).await?;
        match said.code {
            Some(0) => Ok(said.out),
            Some(_) | None => Err(failure::of(&said)),
        }
    }

    async fn state(
        &self,
        base: &Base,
        datacenter: &DatacenterId,
        stop: &CancellationToken,
    ) -> Result<State, Failure> {
        let json = self.query(base, datacenter, &["info"], stop).await?;
        info::parse(&json).map_err(|words| Failure::new(Cause::Other { code: None }, words))
    }

    /// What a repository holds; a failure where it holds nothing that can be told.
    async fn held(
        &self,
        base: &Base,
        datacenter: &DatacenterId,
        stop: &CancellationToken,
    ) -> Result<Held, Failure> {
        match self.state(base, datacenter, stop).await? {
            State::Holds { mut copies, newest_wal, lock_held } => {
                if !copies.is_empty() {
                    let folder = format!("backup/{}", base.database.stanza);
                    let listing = self.query(base, datacenter, &["repo-ls", &folder], stop).await?;
                    info::mark_gone(&mut copies, &listing)
                        .map_err(|words| Failure::new(Cause::Other { code: None }, words))?;
                }
                Ok(Held { copies, newest_wal, lock_held })
            }
            State::NoStanza => Err(Failure::new(
                Cause::RepositoryUnreachable,
                "nothing of this database was ever prepared there, or its storage is not mounted",
            )),
            State::Unreadable { words } => Err(Failure::new(Cause::RepositoryUnreachable, words)),
        }
    }

    async fn read_catalogue(
        &self,
        base: &Base,
        stop: &CancellationToken,
    ) -> Result<Catalogue, Failure> {
        let asked = self.settings.repositories.iter().map(|repository| async {
            let datacenter = &repository.datacenter;
            let held = self.held(base, datacenter, stop).await;
            (datacenter.clone(), held.map(|held| held.copies).map_err(|e| e.to_string()))
        });
        let asked: Vec<_> = asked.collect();
        let all = futures::stream::iter(asked).buffer_unordered(ASKED_AT_ONCE).collect().await;
        match stop.is_cancelled() {
            true => Err(Failure::new(Cause::Cancelled, "")),
            false => Ok(all),
        }
    }

    async fn read_all(
        &self,
        base: &Base,
        datacenter: &DatacenterId,
        stop: &CancellationToken,
    ) -> Result<Vec<Damage>, Failure> {
        self.held(base, datacenter, stop).await?;
        let conf = self.conf_of(base, datacenter)?;
        let arguments = ["verify", "--output=text", "--verbose", "--log-level-console=info"];
        let arguments = [&arguments[..], &["--log-level-stderr=off"]].concat();
        let said = self.command(base, &conf, &arguments, VERIFY_DEADLINE, stop).await?;
        match said.code {
            Some(0) => verify::parse(&said.out)
                .map_err(|words| Failure::new(Cause::Other { code: Some(0) }, words)),
            Some(_) | None => {
                let failure = failure::of(&said);
                if failure.cause != Cause::Damaged {
                    return Err(failure);
                }
                let damages = verify::blocked(&self.list_wal(base, datacenter, stop).await?);
                if damages.is_empty() { Err(failure) } else { Ok(damages) }
            }
        }
    }

    async fn list_wal(
        &self,
        base: &Base,
        datacenter: &DatacenterId,
        stop: &CancellationToken,
    ) -> Result<Vec<wal::Stored>, Failure> {
        self.held(base, datacenter, stop).await?;
        let archive = format!("archive/{}", base.database.stanza);
        let json = self.query(base, datacenter, &["repo-ls", &archive, "--recurse"], stop).await?;
        wal::parse(&json).map_err(|words| Failure::new(Cause::Other { code: None }, words))
    }
}

/// What a repository holds of one database.
struct Held {
    copies: Vec<Copy>,
    newest_wal: Option<String>,
    lock_held: bool,
}

impl Base {
    fn arguments(&self, conf: &Path) -> Vec<String> {
        let stanza = &self.database.stanza;
        vec![format!("--config={}", conf.display()), format!("--stanza={stanza}")]
    }

    /// A session with the database itself.
    fn session(&self) -> Result<Session<'_>, Failure> {
        let hosted = self.database.hosted()?;
        Ok(Session {
            bin_dir: &self.database.bin_dir,
            account: self.account,
            socket_dir: &hosted.socket_dir,
            port: hosted.port,
            user: &self.database.user,
            database: "postgres",
            read_only: false,
            role: None,
            group: Group::Own,
            deadline: SQL_DEADLINE,
        })
    }

    /// Whether the owner of the database can enter the folder.
    async fn check_access(&self) -> Result<(), Failure> {
        let dir = &self.layout.dir;
        let said = call(
            &Call {
                program: Path::new("/bin/sh"),
                arguments: ["-c", "cd \"$1\"", "sh"]
                    .map(str::to_owned)
                    .into_iter()
                    .chain([dir.display().to_string()])
                    .collect(),
                environment: Vec::new(),
                account: self.account,
                group: Group::Own,
                deadline: INFO_DEADLINE,
            },
            &CancellationToken::new(),
        )
        .await?;
        if said.code == Some(0) {
            return Ok(());
        }
        let words = format!(
            "user {}, who works on {}, cannot enter {}: make the folders above it accessible",
            self.account.uid,
            self.database.id,
            dir.display()
        );
        Err(Failure::new(Cause::Setup, words))
    }
}

/// The numbers of the repositories, kept for as long as the folder.
fn numbers(dir: &Path, settings: &Settings) -> io::Result<Numbers> {
    let path = dir.join(NUMBERS_FILE);
    let before = match std::fs::read(&path) {
        Ok(content) => serde_json::from_slice(&content).map_err(io::Error::other)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Numbers::new(),
        Err(error) => return Err(error),
    };
    let numbers = files::number(&before, &settings.repositories)
        .ok_or_else(|| io::Error::other("no numbers are left for a new repository"))?;
    if numbers != before {
        let content = serde_json::to_vec(&numbers).map_err(io::Error::other)?;
        crate::durable::replace(&path, &content, crate::durable::Lasting::Power)?;
    }
    Ok(numbers)
}

impl Engine for PgBackRest {
    fn databases(&self) -> Vec<DatabaseId> {
        self.bases.keys().cloned().collect()
    }

    fn base(&self, database: &DatabaseId) -> Result<(&Database, Account), Failure> {
        self.get(database).map(|base| (&base.database, base.account))
    }

    fn scratch_root(&self) -> &Path {
        &self.scratch_root
    }

    fn keeper(&self) -> &Keeper {
        &self.keeper
    }

    fn prepare<'a>(
        &'a self,
        database: &'a DatabaseId,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Prepared, Failure>> {
        Box::pin(async { self.prepare_base(self.get(database)?, stop).await })
    }

    fn catalogue<'a>(
        &'a self,
        database: &'a DatabaseId,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Catalogue, Failure>> {
        Box::pin(async { self.read_catalogue(self.get(database)?, stop).await })
    }

    fn backup<'a>(
        &'a self,
        job: &'a BackupJob,
        report: &'a Reporter,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<BackupDone, Failure>> {
        Box::pin(async {
            let base = self.get(&job.database)?;
            base.database.hosted()?;
            let Ok(_busy) = base.busy.try_lock() else {
                return Err(Failure::new(Cause::LockHeld, ""));
            };
            self.make(base, job, report, stop).await
        })
    }

    fn left_over(&self) -> Vec<BackupJob> {
        let unfinished = self.bases.values().filter_map(|base| base.record()?.unfinished());
        unfinished.collect()
    }

    fn verify<'a>(
        &'a self,
        database: &'a DatabaseId,
        datacenter: &'a DatacenterId,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Vec<Damage>, Failure>> {
        Box::pin(async { self.read_all(self.get(database)?, datacenter, stop).await })
    }

    fn wal_listing<'a>(
        &'a self,
        database: &'a DatabaseId,
        datacenter: &'a DatacenterId,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Vec<WalSegment>, Failure>> {
        Box::pin(async {
            let stored = self.list_wal(self.get(database)?, datacenter, stop).await?;
            Ok(stored.into_iter().map(|stored| stored.segment).collect())
        })
    }

    fn log_position<'a>(
        &'a self,
        database: &'a DatabaseId,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<LogPosition, Failure>> {
        Box::pin(async {
            let session = self.get(database)?.session()?;
            position::read(&session, stop).await
        })
    }

    fn expire<'a>(
        &'a self,
        database: &'a DatabaseId,
        datacenter: &'a DatacenterId,
        chain: &'a Label,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async {
            let base = self.get(database)?;
            let Ok(_busy) = base.busy.try_lock() else {
                return Err(Failure::new(Cause::LockHeld, ""));
            };
            self.expire_chain(base, datacenter, chain, stop).await
        })
    }

    fn expire_wal<'a>(
        &'a self,
        database: &'a DatabaseId,
        datacenter: &'a DatacenterId,
        first: &'a str,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<u64, Failure>> {
        Box::pin(async { self.remove_wal(self.get(database)?, datacenter, first, stop).await })
    }

    fn check_restore<'a>(
        &'a self,
        order: &'a RestoreOrder<'a>,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async { self.can_bring(self.get(order.database)?, order, stop).await })
    }

    fn restore<'a>(
        &'a self,
        order: &'a RestoreOrder<'a>,
        report: &'a Reporter,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async { self.bring(self.get(order.database)?, order, report, stop).await })
    }
}
