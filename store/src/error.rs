//! What can go wrong with the store, told apart by what the caller does about it.
//!
//! The text of an error has its cause in it, as errors are logged by their text.

use sqlx::migrate::MigrateError;

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Not reachable, overloaded, shutting down, or a standby: show the last known state, try
    /// again later. A change whose commit was under way may or may not stand.
    #[error("the database is not available: {0}")]
    Unavailable(sqlx::Error),
    /// Took longer than the bound of the operation; treat it as unavailable.
    #[error("the database did not answer in time")]
    Timeout,
    /// Lost against another transaction each time it was tried; try again.
    #[error("the change met another one and was not made: {0}")]
    Conflict(sqlx::Error),
    /// A unique constraint refused it: the thing exists already.
    #[error("{constraint} refuses a second one of the same key")]
    Duplicate {
        constraint: String,
        #[source]
        source: sqlx::Error,
    },
    /// What is stored cannot be read back: written by a newer version, or damaged.
    #[error("{what} in the database cannot be read: {why}")]
    Corrupt { what: &'static str, why: String },
    /// The schema could not be brought up to date.
    #[error("the database schema could not be brought up to date: {0}")]
    Migrate(MigrateError),
    /// The server is older than what is supported.
    #[error("the database server has version {version}; Postgres 15 or newer is needed")]
    TooOld { version: i32 },
    /// This server is no longer the leader; nothing was written.
    #[error("this server is not the leader any more")]
    NotLeader,
    /// The store went back in time, and nobody said yet that decisions go on from what it knows.
    #[error("the state store went back in time: nothing is decided until a person says so")]
    Rewound,
    /// Anything else is a mistake in this program or its configuration.
    #[error("the database refused: {0}")]
    Other(sqlx::Error),
}

impl StoreError {
    /// Something stored does not parse.
    pub fn corrupt(what: &'static str, why: impl ToString) -> Self {
        Self::Corrupt { what, why: why.to_string() }
    }

    /// Whether the store is away, rather than the request wrong.
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Timeout)
    }

    /// Whether Postgres ended a statement because it took too long.
    pub(crate) fn is_cut(&self) -> bool {
        let Self::Unavailable(source) = self else { return false };
        let code = source.as_database_error().and_then(sqlx::error::DatabaseError::code);
        code.as_deref() == Some("57014")
    }
}

impl From<MigrateError> for StoreError {
    /// A schema that cannot be read because the database is away is no fault of the schema.
    fn from(error: MigrateError) -> Self {
        if let MigrateError::Execute(error) = error {
            let error = Self::from(error);
            if error.is_unavailable() {
                return error;
            }
            return Self::Migrate(MigrateError::Source(Box::new(error)));
        }
        Self::Migrate(error)
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        if let Some(database) = error.as_database_error() {
            let code = database.code().unwrap_or_default().into_owned();
            let constraint = database.constraint().unwrap_or_default().to_owned();
            return Self::from_state(&code, constraint, error);
        }
        let away = matches!(
            error,
            E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed
        );
        if away {
            Self::Unavailable(error)
        } else if matches!(error, E::ColumnDecode { .. } | E::Decode(_)) {
            Self::corrupt("a value", error)
        } else {
            Self::Other(error)
        }
    }
}

impl StoreError {
    /// Sorts by SQLSTATE (Postgres manual, appendix A).
    fn from_state(code: &str, constraint: String, source: sqlx::Error) -> Self {
        match code {
            // Serialization failure, deadlock.
            "40001" | "40P01" => Self::Conflict(source),
            "23505" => Self::Duplicate { constraint, source },
            // Read-only transaction (a standby), statement timeout, lock timeout.
            "25006" | "57014" | "55P03" => Self::Unavailable(source),
            "XX001" | "XX002" => Self::corrupt("a page", source),
            // Connection, resources, operator intervention, system error.
            _ if ["08", "53", "57", "58"].contains(&code.get(..2).unwrap_or_default()) => {
                Self::Unavailable(source)
            }
            // Idle-in-transaction timeout: the session is gone.
            "25P03" => Self::Unavailable(source),
            _ => Self::Other(source),
        }
    }
}
