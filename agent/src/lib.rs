//! The agent: the hand of Mainstay in one data centre.
//!
//! Owns the link to the server ([`link`]), the command journal ([`journal`]), the tests of
//! versions and nodes ([`bench`]), the drivers ([`driver`]) that run services, and the work on
//! databases ([`work`]) with the engine that does it ([`database`]). Invariants: a command is
//! journalled before it is executed and executed at most once; what runs goes on running when the
//! server, the link or the agent is gone; nothing connects to an agent.
//!
//! Must not: decide policy. What should run where is the server's word.

pub mod bench;
pub mod config;
pub mod database;
pub mod driver;
mod durable;
pub mod executor;
pub mod identity;
pub mod journal;
pub mod link;
mod report;
mod tls;
pub mod witness;
pub mod work;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::Utc;
use mainstay_core::backup::job::Failure;
use rand::Rng;
use tokio_util::sync::CancellationToken;

use bench::{Tests, TestsError};
pub use config::{AgentArgs, AgentConfig};
use database::Engine;
use database::config::{ConfigError, Settings};
use database::pgbackrest::PgBackRest;
use driver::process::{ProcessConfig, ProcessDriver};
use executor::{Executor, ExecutorError};
use identity::{Found, Identity, IdentityError};
use journal::{Journal, JournalError};
use link::LinkConfig;
use witness::{Witness, WitnessError};
use work::{Works, WorksError};

/// Why an agent cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    #[error("the data folder {path} cannot be used")]
    DataDir {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("another agent works in the data folder {path}")]
    Locked { path: PathBuf },
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Tests(#[from] TestsError),
    #[error(transparent)]
    Works(#[from] WorksError),
    #[error("the file of databases {path} cannot be read")]
    DatabasesFile {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the file of databases {path} has mistakes:\n{mistakes}")]
    Databases { path: PathBuf, mistakes: ConfigError },
    #[error("the databases cannot be worked on")]
    Engine(#[source] Failure),
    #[error(transparent)]
    Executor(#[from] ExecutorError),
    #[error(transparent)]
    Witness(#[from] WitnessError),
    #[error("the services cannot be supervised")]
    Driver(#[source] io::Error),
    #[error("the supervisor of the services broke off; they go on running")]
    DriverEnded,
}

/// Runs one data centre's agent until `shutdown`.
///
/// Services that were running go on without a pause: supervision starts from the journal before
/// the server is asked anything.
pub async fn run(config: AgentConfig, shutdown: CancellationToken) -> Result<(), AgentError> {
    let shutdown = shutdown.child_token();
    if config.until_stdin_closes {
        let shutdown = shutdown.clone();
        tokio::spawn(async move {
            stdin_closes().await;
            shutdown.cancel();
        });
    }
    let _lock = lock(&config.data_dir)?;
    let Some(identity) = identify(&config, &shutdown).await? else {
        return Ok(());
    };
    let journal = Journal::open(&journal_path(&config.data_dir))?;
    let tests = Tests::open(&config.data_dir)?;
    let works = Works::open(&config.data_dir, open_engine(&config).await?)?;
    let works = works.reading_every(config.databases_read_every);
    let mut witness = Witness::open(&config.data_dir)?;
    let (driver, mut supervisor) = ProcessDriver::start(ProcessConfig {
        datacenter: config.datacenter.clone(),
        data_dir: config.data_dir.clone(),
        bind_address: config.bind_address,
        default_program: config.default_program.clone(),
        drain_grace: config.drain_grace,
    })
    .await
    .map_err(AgentError::Driver)?;
    let mut executor = Executor::new(journal, tests, works, driver)?;
    let boot_id = boot_id();
    let link = LinkConfig { server: &config.server, data_dir: &config.data_dir, boot_id: &boot_id };
    tokio::select! {
        () = link::run(link, identity, &mut executor, &mut witness, &shutdown) => {}
        _ = &mut supervisor => return Err(AgentError::DriverEnded),
    }
    if config.stop_children {
        executor.driver().stop_children();
        let _ = supervisor.await;
    } else {
        supervisor.abort();
    }
    Ok(())
}

/// The engine for the databases of this agent, if there are any.
async fn open_engine(config: &AgentConfig) -> Result<Option<Arc<dyn Engine>>, AgentError> {
    let Some(path) = &config.databases else { return Ok(None) };
    let unread = |source| AgentError::DatabasesFile { path: path.clone(), source };
    let text = std::fs::read_to_string(path).map_err(unread)?;
    let wrong = |mistakes| AgentError::Databases { path: path.clone(), mistakes };
    let settings = Settings::parse(&text).map_err(wrong)?;
    let engine = PgBackRest::open(settings, &config.data_dir).await.map_err(AgentError::Engine)?;
    Ok(Some(Arc::new(engine)))
}

/// A random name for this start of an agent.
pub fn boot_id() -> String {
    let bytes: [u8; 16] = rand::rng().random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where the journal of a data folder is.
pub fn journal_path(data_dir: &Path) -> PathBuf {
    data_dir.join("journal.jsonl")
}

/// Makes the data folder and keeps every other agent out of it.
fn lock(data_dir: &Path) -> Result<File, AgentError> {
    let failed = |source| AgentError::DataDir { path: data_dir.to_owned(), source };
    std::fs::create_dir_all(data_dir).map_err(failed)?;
    let file = durable::append_to(&data_dir.join("lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            let path = data_dir.to_owned();
            Err(AgentError::Locked { path })
        }
        Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// The identity on disk, or a new one from the join token; `None`: shut down before it was there.
async fn identify(
    config: &AgentConfig,
    shutdown: &CancellationToken,
) -> Result<Option<Identity>, AgentError> {
    let data_dir = &config.data_dir;
    let found = identity::find(data_dir, &config.datacenter, config.join_token.as_ref())?;
    let (token, replaces) = match found {
        Found::Identity(identity) => return Ok(Some(*identity)),
        Found::MustJoin { token, replaces } => (token, replaces),
    };
    let (server, datacenter) = (&config.server, &config.datacenter);
    let joined = identity::join_patiently(server, data_dir, datacenter, &token, shutdown).await?;
    if joined.is_some() {
        tracing::info!(%datacenter, "joined");
        if replaces {
            set_past_aside(data_dir)?;
        }
    }
    Ok(joined)
}

/// Tokens and checkpoints of another server's history mean nothing to the new one.
fn set_past_aside(data_dir: &Path) -> Result<(), AgentError> {
    let before = Utc::now().timestamp();
    for name in ["journal.jsonl", "witness.txt", bench::FILE, work::FILE] {
        let aside = data_dir.join(format!("before-{before}-{name}"));
        match std::fs::rename(data_dir.join(name), aside) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                let path = data_dir.to_owned();
                return Err(AgentError::DataDir { path, source });
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Waits for the end of standard input without a thread that would block the exit.
async fn stdin_closes() {
    use std::os::fd::AsFd;
    use tokio::io::AsyncReadExt;
    let pipe = std::io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .and_then(tokio::net::unix::pipe::Receiver::from_owned_fd);
    match pipe {
        Ok(mut pipe) => {
            let mut buffer = [0; 64];
            while pipe.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
        }
        Err(error) => {
            tracing::warn!(%error, "standard input is no pipe; its end is not noticed");
            std::future::pending().await
        }
    }
}
