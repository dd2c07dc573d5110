//! Databases for tests: each test has its own in a cluster that the test program shares.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use mainstay_devdb::{Cluster, Options};

/// Connections of a cluster: a dozen tests at once, each with a server's pools.
const CONNECTIONS: &str = "400";

/// A database of one test.
#[derive(Debug)]
pub struct Database {
    url: String,
    /// The test's own cluster, where it wants to stop Postgres.
    own: Option<Cluster>,
}

impl Database {
    /// An empty database in the shared cluster.
    ///
    /// # Errors
    /// When Postgres is missing or does not start.
    pub fn shared() -> Result<Self> {
        static CLUSTER: Mutex<Option<Cluster>> = Mutex::new(None);
        static NEXT: AtomicU32 = AtomicU32::new(1);
        // A test that failed while it held the lock left the cluster as it was.
        let mut cluster = CLUSTER.lock().unwrap_or_else(PoisonError::into_inner);
        let cluster = match &mut *cluster {
            Some(cluster) => cluster,
            none => none.insert(Cluster::temporary(&options())?),
        };
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        Ok(Self { url: cluster.create_database(&name)?, own: None })
    }

    /// An empty database in a cluster of its own, kept in `dir`, that the test may stop and kill.
    ///
    /// # Errors
    /// As [`Database::shared`].
    pub fn own(dir: &Path) -> Result<Self> {
        let cluster = Cluster::start(dir, &options())?;
        Ok(Self { url: cluster.create_database("mainstay")?, own: Some(cluster) })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The test's own cluster.
    ///
    /// # Errors
    /// When the database is in the shared one, which no test may stop.
    pub fn cluster(&mut self) -> Result<&mut Cluster> {
        self.own.as_mut().context("start the world with `own_database` to stop its Postgres")
    }
}

fn options() -> Options {
    let settings = vec![("max_connections".to_owned(), CONNECTIONS.to_owned())];
    Options { settings, fast: true, ..Options::default() }
}
