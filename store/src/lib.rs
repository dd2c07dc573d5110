//! The state store: all SQL, one module for each aggregate.
//!
//! Owns the pools, the migrations of `migrations/`, transactions ([`Store::transaction`]), the
//! leader's lease ([`lease`]), the commands on their way to agents ([`outbox`]), the audit log
//! ([`audit`]) and packs of evidence ([`evidence`]), versions and rollouts ([`release`],
//! [`rollout`], [`bench`]), users' requests ([`traffic`], [`edge`]), how available services were
//! ([`availability`]), planned events ([`planned`]), what pipelines report ([`pipeline`]) and
//! repositories answer ([`repository`]), notifications ([`notify`]), backups and restores
//! ([`backup`], [`restore`], [`history`], [`clock`]) and the retention of what grows
//! ([`retention`]).
//!
//! Invariants: what must stand together (decision, commands, audit entry) is written in one
//! transaction; every wait is bounded by a constant below; a connection to a server that became
//! read-only is never handed out.
//!
//! Must not: decide. Values come from callers and from `core`.

pub mod access;
pub mod alias;
pub mod approval;
pub mod audit;
pub mod availability;
pub mod backup;
pub mod bench;
pub mod clock;
pub mod drill;
pub mod edge;
mod error;
pub mod estate;
pub mod evidence;
pub mod failover;
pub mod fleet;
pub mod history;
pub mod lease;
pub mod moment;
pub mod notify;
pub mod orchestrator;
pub mod outbox;
pub mod pipeline;
pub mod planned;
pub mod problem;
pub mod readiness;
pub mod release;
pub mod repository;
pub mod request;
pub mod restore;
pub mod retention;
pub mod rewind;
pub mod rollout;
pub mod runbook;
pub mod tombstone;
pub mod traffic;
mod tx;

use std::collections::HashMap;
use std::time::Duration;

use sqlx::migrate::{Migrate, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgPool};

pub use error::{Result, StoreError};
pub use sqlx::PgConnection;
pub use tx::{TRANSACTION_ATTEMPTS, TRANSACTION_TIMEOUT, Tx, Work};

/// The oldest Postgres that is supported, as `server_version_num`.
pub const POSTGRES_MIN: i32 = 150_000;
/// Connections for viewers' pages, which come in crowds.
pub const READS_CONNECTIONS: u32 = 10;
/// Connections for what people do: a quarter of all, so that no crowd of viewers and no backlog
/// keeps an operator waiting.
pub const ACTS_CONNECTIONS: u32 = 5;
/// Connections for reconcilers, ingestion and the sequencer.
pub const BACKGROUND_CONNECTIONS: u32 = 5;
/// Longest wait for a connection before the store counts as unavailable.
pub const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest statement, as Postgres enforces it.
pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest pause inside an open transaction, as Postgres enforces it: frees the locks of a
/// server that froze.
pub const IDLE_IN_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest that all migrations may take, the wait for another server's included.
pub const MIGRATE_TIMEOUT: Duration = Duration::from_secs(300);
/// A connection that was not used for so long is closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// Sizes of the pools; the defaults are the constants of this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    pub reads: u32,
    pub acts: u32,
    pub background: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            reads: READS_CONNECTIONS,
            acts: ACTS_CONNECTIONS,
            background: BACKGROUND_CONNECTIONS,
        }
    }
}

/// A handle on the state store; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    reads: PgPool,
    acts: PgPool,
    background: PgPool,
    url: PgConnectOptions,
}

impl Store {
    /// Prepares the pools for the database at `url` (`postgres://…`) without connecting yet: a
    /// server starts, and says so, while its database is away.
    ///
    /// Errors: [`StoreError::Other`] if `url` is not a Postgres address.
    pub fn new(url: &str, options: Options) -> Result<Self> {
        let url: PgConnectOptions = url.parse()?;
        let url = url.application_name("mainstay");
        let timed = url.clone().options([
            ("statement_timeout", millis(STATEMENT_TIMEOUT)),
            ("idle_in_transaction_session_timeout", millis(IDLE_IN_TRANSACTION_TIMEOUT)),
        ]);
        Ok(Self {
            reads: pool(&timed, options.reads),
            acts: pool(&timed, options.acts),
            background: pool(&timed, options.background),
            url,
        })
    }

    /// As [`new`](Self::new), and checks that a database answers, is writable and new enough.
    pub async fn connect(url: &str, options: Options) -> Result<Self> {
        let store = Self::new(url, options)?;
        let version =
            sqlx::query_scalar!(r#"SELECT current_setting('server_version_num')::int AS "v!""#)
                .fetch_one(store.reads())
                .await?;
        if version < POSTGRES_MIN {
            return Err(StoreError::TooOld { version });
        }
        Ok(store)
    }

    /// Connections for pages and lists.
    pub fn reads(&self) -> &PgPool {
        &self.reads
    }

    /// Connections for changes; [`transaction`](Self::transaction) uses them.
    pub fn acts(&self) -> &PgPool {
        &self.acts
    }

    /// The same store for reconcilers, ingestion and the sequencer: reads and changes both use
    /// the connections set aside for them.
    pub fn for_background(&self) -> Self {
        Self { reads: self.background.clone(), acts: self.background.clone(), ..self.clone() }
    }

    /// Brings the schema up to this version. Servers that start together wait for one another;
    /// a newer schema (an update in progress) is left as it is.
    pub async fn migrate(&self) -> Result<()> {
        let work = async {
            let mut connection = PgConnection::connect_with(&self.url).await?;
            let mut migrator = sqlx::migrate!("../migrations");
            migrator.set_ignore_missing(true);
            if !is_current(&mut connection, &migrator).await {
                // The plain call cannot be awaited in a spawned task: its bounds are too narrow.
                migrator.run_direct(None, &mut connection, false).await?;
            }
            connection.close().await?;
            Ok(())
        };
        tokio::time::timeout(MIGRATE_TIMEOUT, work).await.unwrap_or(Err(StoreError::Timeout))
    }

    /// The address, for a connection outside the pools that listens for announcements.
    pub(crate) const fn address(&self) -> &PgConnectOptions {
        &self.url
    }

    /// Closes every connection, after the work in progress; for a clean shutdown.
    pub async fn close(&self) {
        self.reads.close().await;
        self.acts.close().await;
        self.background.close().await;
    }
}

/// A pool that keeps no connection to a server on which nothing can be written: after a
/// switchover the old primary still answers pings, and would give old data for new.
fn pool(options: &PgConnectOptions, size: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(IDLE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(is_writable(connection)))
        .after_connect(|connection, _| {
            Box::pin(async move {
                match is_writable(connection).await {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(sqlx::Error::Protocol("the server is read-only".into())),
                    Err(error) => Err(error),
                }
            })
        })
        .connect_lazy_with(options.clone())
}

async fn is_writable(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"SELECT current_setting('transaction_read_only') = 'off' AS "w!""#)
        .fetch_one(connection)
        .await
}

/// Whether every migration was applied: then nothing is written, which a login that may not
/// change the schema needs. Anything unclear is left to the migrator.
async fn is_current(connection: &mut PgConnection, migrator: &Migrator) -> bool {
    let table = &migrator.table_name;
    let Ok(None) = connection.dirty_version(table).await else { return false };
    let Ok(applied) = connection.list_applied_migrations(table).await else { return false };
    let applied: HashMap<i64, _> = applied.iter().map(|m| (m.version, &m.checksum)).collect();
    migrator.iter().all(|wanted| applied.get(&wanted.version) == Some(&&wanted.checksum))
}

fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}
