//! One database: its Postgres, and who writes to it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use mainstay_agent::database::account::Account;
use mainstay_core::id::{DatabaseId, DatacenterId};
use mainstay_devdb::{Cluster, Options, Programs};
use rand::Rng;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::ground::Ground;

/// The database of the cluster in which the data is.
const DATABASE: &str = "app";
/// Accounts that move money to orders.
const ACCOUNTS: u32 = 5_000;
/// Pause before a writer whose session ended begins another.
const AGAIN: Duration = Duration::from_secs(1);
/// Small, because there are several beside everything else, and with the log's archive from the
/// start. A segment of the log is sent after two minutes at the latest.
const SETTINGS: [(&str, &str); 9] = [
    ("archive_mode", "on"),
    ("archive_timeout", "120"),
    ("autovacuum_naptime", "300"),
    ("max_connections", "20"),
    ("max_wal_size", "64MB"),
    ("min_wal_size", "32MB"),
    ("shared_buffers", "16MB"),
    ("wal_level", "replica"),
    ("wal_log_hints", "on"),
];

/// A database that runs.
#[derive(Debug)]
pub(super) struct Database {
    /// The first is where it runs.
    datacenters: Vec<DatacenterId>,
    bin_dir: PathBuf,
    data_dir: PathBuf,
    socket_dir: PathBuf,
    cluster: Arc<Mutex<Cluster>>,
    writer: Option<JoinHandle<()>>,
    /// With its data centre.
    lost: AtomicBool,
}

impl Database {
    /// Starts it, with what a former run left of it; the first run makes the data. `None`: it has
    /// no data centre.
    pub(super) fn start(
        id: DatabaseId,
        datacenters: Vec<DatacenterId>,
        programs: Programs,
        ground: &Ground,
        writes: f64,
    ) -> Option<impl Future<Output = anyhow::Result<Self>> + use<>> {
        datacenters.first()?;
        let (dir, account) = (ground.cluster(&id), ground.account);
        Some(async move {
            let bin_dir = programs.bin().to_owned();
            let started = tokio::task::spawn_blocking(move || start(&dir, programs)).await;
            let cluster = started.context("the start broke off")??;
            let socket_dir = cluster.socket_dir().to_owned();
            let writer = (writes > 0.0).then(|| {
                let psql = bin_dir.join("psql");
                tokio::spawn(write(psql, socket_dir.clone(), account, writes))
            });
            Ok(Self {
                datacenters,
                bin_dir,
                data_dir: cluster.data_dir().to_owned(),
                socket_dir,
                cluster: Arc::new(Mutex::new(cluster)),
                writer,
                lost: AtomicBool::new(false),
            })
        })
    }

    pub(super) fn home(&self) -> &DatacenterId {
        &self.datacenters[0]
    }

    pub(super) fn datacenters(&self) -> &[DatacenterId] {
        &self.datacenters
    }

    pub(super) fn bin_dir(&self) -> &Path {
        &self.bin_dir
    }

    pub(super) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    pub(super) fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    pub(super) fn is_running(&self) -> bool {
        lock(&self.cluster).is_running()
    }

    pub(super) async fn stop(&self) -> anyhow::Result<()> {
        self.with(Cluster::stop).await
    }

    /// Starts it unless it runs.
    pub(super) async fn restart(&self) -> anyhow::Result<()> {
        self.with(|cluster| if cluster.is_running() { Ok(()) } else { cluster.restart() }).await
    }

    /// Lost with its data centre, as in a crash; or back. The same again changes nothing: one that
    /// was stopped stays so.
    pub(super) async fn set_lost(&self, lost: bool) -> anyhow::Result<()> {
        if self.lost.swap(lost, Ordering::SeqCst) == lost {
            return Ok(());
        }
        match lost {
            true => self.with(Cluster::kill).await,
            false => self.restart().await,
        }
    }

    /// Ends the writer, then the cluster.
    pub(super) async fn end(self) {
        if let Some(writer) = &self.writer {
            writer.abort();
        }
        if let Err(error) = self.stop().await {
            tracing::error!(%error, "a database is not stopped properly");
        }
    }

    /// Does something that blocks.
    async fn with(
        &self,
        act: impl FnOnce(&mut Cluster) -> anyhow::Result<()> + Send + 'static,
    ) -> anyhow::Result<()> {
        let cluster = self.cluster.clone();
        let acted = tokio::task::spawn_blocking(move || act(&mut lock(&cluster)));
        acted.await.context("it broke off")?
    }
}

fn lock(cluster: &Mutex<Cluster>) -> MutexGuard<'_, Cluster> {
    // A cluster that an action broke off on is looked at anew by the next one.
    cluster.lock().unwrap_or_else(PoisonError::into_inner)
}

fn start(dir: &Path, programs: Programs) -> anyhow::Result<Cluster> {
    let settings = SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let programs = Some(programs);
    let options = Options { programs, settings, checksums: true, ..Options::default() };
    let cluster = Cluster::start(dir, &options)?;
    cluster.create_database(DATABASE)?;
    // tidy: allow sql: asked of a database of the lab, of which the store knows nothing
    let known = cluster.query(DATABASE, "SELECT to_regclass('orders') IS NOT NULL")?;
    if known != ["t"] {
        // In one transaction. What accounts and orders hold together stays the same for ever.
        let make = format!(
            // tidy: allow sql: asked of a database of the lab, of which the store knows nothing
            "CREATE TABLE accounts (id integer PRIMARY KEY, balance bigint NOT NULL); \
             CREATE TABLE orders (id bigserial PRIMARY KEY, account integer NOT NULL REFERENCES \
             accounts, amount bigint NOT NULL, placed_at timestamptz NOT NULL DEFAULT now()); \
             INSERT INTO accounts SELECT id, 1000000 FROM generate_series(1, {ACCOUNTS}) id; \
             INSERT INTO orders (account, amount) SELECT id, 0 FROM accounts"
        );
        cluster.query(DATABASE, &make)?;
    }
    Ok(cluster)
}

/// Makes transactions for ever, through one session of `psql`. While the database is away there is
/// none.
async fn write(psql: PathBuf, socket: PathBuf, account: Account, rate: f64) {
    let mut session: Option<Child> = None;
    let mut period = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
    period.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        period.tick().await;
        let statement = transaction(rand::rng().random_range(1..=ACCOUNTS));
        let written = match session.as_mut().and_then(|psql| psql.stdin.as_mut()) {
            Some(input) => input.write_all(statement.as_bytes()).await.is_ok(),
            None => false,
        };
        if !written {
            session = open(&psql, &socket, account).ok();
            tokio::time::sleep(AGAIN).await;
        }
    }
}

fn transaction(account: u32) -> String {
    // tidy: allow sql: told to a database of the lab, of which the store knows nothing
    format!(
        "WITH paid AS (UPDATE accounts SET balance = balance - 7 WHERE id = {account} RETURNING \
         id) INSERT INTO orders (account, amount) SELECT id, 7 FROM paid;\n"
    )
}

fn open(psql: &Path, socket: &Path, account: Account) -> std::io::Result<Child> {
    let mut command = Command::new(psql);
    command
        .args(["-X", "-q", "--no-password", "-U", "postgres", "-d", DATABASE, "-h"])
        .arg(socket)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C is for the lab alone.
        .process_group(0)
        .kill_on_drop(true);
    if let Some((uid, gid)) = account.to_become() {
        command.uid(uid).gid(gid);
    }
    command.spawn()
}
