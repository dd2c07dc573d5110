//! An engine that says what it did, and does it when the test lets it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use chrono::Utc;
use futures::FutureExt;
use futures::future::BoxFuture;
use mainstay_core::backup::job::{
    Archiving, BackupDone, BackupJob, Cause, Damage, Failure, Prepared, WalSegment,
};
use mainstay_core::backup::work::LogMoment;
use mainstay_core::backup::{Catalogue, Copy, Kind, Label};
use mainstay_core::id::{DatabaseId, DatacenterId};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::database::account::Account;
use crate::database::config::{Database, Home, Settings};
use crate::database::keep::Keeper;
use crate::database::{Engine, LogPosition, Reporter, RestoreOrder};

/// The database that runs here, and the one that does not.
pub(super) fn here() -> DatabaseId {
    "orders".parse().unwrap()
}

pub(super) fn elsewhere() -> DatabaseId {
    "billing".parse().unwrap()
}

/// The data centre whose repository can be read at all times.
pub(super) fn fra1() -> DatacenterId {
    "fra1".parse().unwrap()
}

pub(super) fn label() -> Label {
    Label("20261120-000003F".to_owned())
}

pub(super) struct Fake {
    dir: TempDir,
    databases: Settings,
    account: Account,
    /// Whether work may end.
    open: watch::Sender<bool>,
    done: Mutex<Vec<String>>,
    left_over: Mutex<Vec<BackupJob>>,
    copies: AtomicUsize,
    prepared: AtomicUsize,
    whole: AtomicBool,
    keeper: Keeper,
}

impl Fake {
    pub(super) fn new() -> Arc<Self> {
        let dir = tempfile::Builder::new().tempdir_in("/tmp").unwrap();
        let data_dir = dir.path().join("data");
        // Nobody waits for the command: the restore that it belongs to is broken off.
        let text = format!(
            "[[database]]\nid = \"orders\"\ndata_dir = {data_dir:?}\nstop = [\"/bin/sleep\", \
             \"600\"]\nstart = [\"/bin/false\"]\n[[database]]\nid = \"billing\"\nhosts = false\n\
             [[repository]]\ndatacenter = \"fra1\"\npath = \"/nowhere\"\n"
        );
        Arc::new(Self {
            databases: Settings::parse(&text).unwrap(),
            account: Account::named(None).unwrap(),
            open: watch::Sender::new(false),
            done: Mutex::default(),
            left_over: Mutex::default(),
            copies: AtomicUsize::new(0),
            prepared: AtomicUsize::new(0),
            whole: AtomicBool::new(false),
            keeper: Keeper::open(dir.path().join("kept.json")).unwrap(),
            dir,
        })
    }

    /// Work ends from now on.
    pub(super) fn release(&self) {
        self.open.send_replace(true);
    }

    /// Work that begins from now on does not end.
    pub(super) fn hold(&self) {
        self.open.send_replace(false);
    }

    pub(super) fn let_the_restore_hang(&self) {
        let data = self.dir.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join("postmaster.pid"), "").unwrap();
    }

    pub(super) fn leave_over(&self, job: BackupJob) {
        self.left_over.lock().unwrap().push(job);
    }

    /// All repositories can be read from now on.
    pub(super) fn bring_back(&self) {
        self.whole.store(true, Ordering::SeqCst);
    }

    /// What was done, in this order.
    pub(super) fn done(&self) -> Vec<String> {
        self.done.lock().unwrap().clone()
    }

    /// How often it was asked to prepare.
    pub(super) fn prepared(&self) -> usize {
        self.prepared.load(Ordering::SeqCst)
    }

    async fn one(&self, what: String) {
        self.open.subscribe().wait_for(|open| *open).await.unwrap();
        self.done.lock().unwrap().push(what);
    }

    fn copy() -> Copy {
        Copy {
            label: label(),
            kind: Kind::Full,
            full: None,
            started: Utc::now(),
            finished: Utc::now(),
            database_bytes: 1,
            stored_bytes: 1,
            wal: None,
            bad_pages: false,
            gone: false,
        }
    }
}

impl Engine for Fake {
    fn databases(&self) -> Vec<DatabaseId> {
        self.databases.databases.keys().cloned().collect()
    }

    fn base(&self, database: &DatabaseId) -> Result<(&Database, Account), Failure> {
        let words = || format!("the agent knows no database {database}");
        let found = self.databases.databases.get(database);
        let found = found.ok_or_else(|| Failure::new(Cause::Setup, words()))?;
        Ok((found, self.account))
    }

    fn scratch_root(&self) -> &std::path::Path {
        self.dir.path()
    }

    fn keeper(&self) -> &Keeper {
        &self.keeper
    }

    fn prepare<'a>(
        &'a self,
        database: &'a DatabaseId,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Prepared, Failure>> {
        assert!(matches!(self.databases.databases[database].home, Home::Here(_)));
        self.prepared.fetch_add(1, Ordering::SeqCst);
        let prepared =
            Prepared { repositories: [(fra1(), Ok(()))].into(), archiving: Archiving::InForce };
        async { Ok(prepared) }.boxed()
    }

    fn catalogue<'a>(
        &'a self,
        _: &'a DatabaseId,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Catalogue, Failure>> {
        let copies = vec![Self::copy(); self.copies.load(Ordering::SeqCst)];
        let mut catalogue = Catalogue::from([(fra1(), Ok(copies))]);
        let away = match self.whole.load(Ordering::SeqCst) {
            true => Ok(Vec::new()),
            false => Err("away".to_owned()),
        };
        catalogue.insert("ams1".parse().unwrap(), away);
        async { Ok(catalogue) }.boxed()
    }

    fn backup<'a>(
        &'a self,
        job: &'a BackupJob,
        _: &'a Reporter,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<BackupDone, Failure>> {
        async {
            self.one(format!("backup {}", job.id)).await;
            self.copies.fetch_add(1, Ordering::SeqCst);
            Ok(BackupDone { asked: job.kind, copy: Self::copy(), resumed: false })
        }
        .boxed()
    }

    fn left_over(&self) -> Vec<BackupJob> {
        self.left_over.lock().unwrap().clone()
    }

    fn verify<'a>(
        &'a self,
        _: &'a DatabaseId,
        datacenter: &'a DatacenterId,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Vec<Damage>, Failure>> {
        async move {
            self.one(format!("verify {datacenter}")).await;
            Ok(Vec::new())
        }
        .boxed()
    }

    fn wal_listing<'a>(
        &'a self,
        _: &'a DatabaseId,
        _: &'a DatacenterId,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Vec<WalSegment>, Failure>> {
        async { Ok(Vec::new()) }.boxed()
    }

    fn log_position<'a>(
        &'a self,
        _: &'a DatabaseId,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<LogPosition, Failure>> {
        let moment = LogMoment { segment: "000000010000000000000001".to_owned(), at: Utc::now() };
        async { Ok(LogPosition { moment, histories: BTreeMap::new(), archiver: None }) }.boxed()
    }

    fn expire<'a>(
        &'a self,
        _: &'a DatabaseId,
        _: &'a DatacenterId,
        chain: &'a Label,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        async move {
            self.one(format!("expire {chain}")).await;
            Ok(())
        }
        .boxed()
    }

    fn expire_wal<'a>(
        &'a self,
        _: &'a DatabaseId,
        _: &'a DatacenterId,
        first: &'a str,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<u64, Failure>> {
        async move {
            self.one(format!("log to {first}")).await;
            Ok(0)
        }
        .boxed()
    }

    fn check_restore<'a>(
        &'a self,
        _: &'a RestoreOrder<'a>,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        async { Ok(()) }.boxed()
    }

    /// No files come back, so that nothing is started.
    fn restore<'a>(
        &'a self,
        order: &'a RestoreOrder<'a>,
        _: &'a Reporter,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        async {
            self.one(format!("restore {}", order.database)).await;
            Err(Failure::new(Cause::MissingFile, ""))
        }
        .boxed()
    }
}
