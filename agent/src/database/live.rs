//! Putting a copy in the place of the database.
//!
//! The data directory that was there is moved aside, not touched, and kept until somebody lets it
//! go: whatever fails, the way back is to move it back. Limits: tablespaces are restored to where
//! they were, so a database with any is refused by the engine as long as the old ones lie there.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::Utc;
use mainstay_core::backup::job::{
    CHECKS_MAX, Cause, Failure, Phase, Reached, RestoreJob, RestoreResult, Step,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::account::Account;
use super::config::{Database, Hosted};
use super::run::{Call, Group, call};
use super::sql::{CHECK_DEADLINE, Session, ask_check, short};
use super::{Destination, Engine, Reporter, RestoreOrder};

/// Longest run of the commands that stop and start the database.
const COMMAND_DEADLINE: Duration = Duration::from_secs(900);
/// Longest recovery, and how often it is looked at.
const RECOVERY_DEADLINE: Duration = Duration::from_secs(24 * 3_600);
const RECOVERY_POLL: Duration = Duration::from_millis(200);
const ASK_DEADLINE: Duration = Duration::from_secs(30);
/// Stands in the name of a data directory that was moved aside.
const ASIDE: &str = ".before-";

/// Restores in place. Everything that goes wrong is in the result.
pub async fn restore_over(
    engine: &dyn Engine,
    job: &RestoreJob,
    report: &Reporter,
    stop: &CancellationToken,
) -> RestoreResult {
    let not = |why: &str| Step::not_run(why);
    let mut result = RestoreResult {
        set_aside: None,
        stop: not("not begun"),
        restore: not("the database was not stopped"),
        start: not("nothing was restored"),
        reached: None,
        checks: Vec::new(),
    };
    let base = engine.base(&job.database);
    let base = base.and_then(|(database, account)| Ok((database, database.hosted()?, account)));
    let (database, hosted, account) = match base {
        Ok(base) => base,
        Err(failure) => {
            result.stop = Step::Failed { failure };
            return result;
        }
    };
    let order = RestoreOrder {
        database: &job.database,
        datacenter: &job.datacenter,
        label: &job.label,
        target: job.target,
        into: Destination::DataDir,
    };
    report.phase(Phase::Preparing);
    let stopped = match engine.check_restore(&order, stop).await {
        Ok(()) => stop_and_set_aside(database, hosted, account, stop).await,
        Err(failure) => Err(failure),
    };
    match stopped {
        Ok(aside) => result.set_aside = aside.map(|path| path.display().to_string()),
        Err(failure) => {
            result.stop = Step::Failed { failure };
            return result;
        }
    }
    result.stop = Step::Passed;
    result.restore = Step::from(engine.restore(&order, report, stop).await);
    if !result.restore.passed() {
        return result;
    }
    report.phase(Phase::Recovering);
    let session = session(database, hosted, account);
    match start_and_wait((database, hosted), &session, stop).await {
        Ok(reached) => (result.start, result.reached) = (Step::Passed, Some(reached)),
        Err(failure) => {
            result.start = Step::Failed { failure };
            return result;
        }
    }
    report.phase(Phase::Checking);
    for check in job.checks.iter().take(CHECKS_MAX) {
        let deadline = CHECK_DEADLINE;
        let session = Session { database: &check.database, deadline, ..session };
        result.checks.push(ask_check(session, check, stop).await);
    }
    result
}

/// Data directories that restores moved aside, the oldest first.
pub fn set_aside(database: &Database) -> Vec<PathBuf> {
    let names = database.hosted().ok().and_then(|hosted| aside_names(&hosted.data_dir));
    let Some((parent, prefix)) = names else { return Vec::new() };
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .filter(|entry| {
            let name = entry.file_name();
            name.as_encoded_bytes().starts_with(prefix.as_encoded_bytes())
        })
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// Removes one of them for good.
pub fn let_go(database: &Database, aside: &Path) -> Result<(), Failure> {
    if !set_aside(database).iter().any(|path| path == aside) {
        let words = format!("{} is not kept for {}", aside.display(), database.id);
        return Err(Failure::new(Cause::Setup, words));
    }
    fs::remove_dir_all(aside).map_err(|error| {
        let words = format!("{} cannot be removed: {error}", aside.display());
        Failure::new(Cause::Other { code: None }, words)
    })
}

fn aside_names(data_dir: &Path) -> Option<(&Path, OsString)> {
    let mut prefix = data_dir.file_name()?.to_owned();
    prefix.push(ASIDE);
    Some((data_dir.parent()?, prefix))
}

async fn stop_and_set_aside(
    database: &Database,
    hosted: &Hosted,
    account: Account,
    stop: &CancellationToken,
) -> Result<Option<PathBuf>, Failure> {
    let setup = |words: String| Failure::new(Cause::Setup, words);
    if hosted.stop.is_empty() {
        let words = format!("{} has no commands stop and start: it is not restored", database.id);
        return Err(setup(words));
    }
    let data = &hosted.data_dir;
    if data.join("postmaster.pid").exists() {
        run(database, &hosted.stop, stop).await?;
    }
    if data.join("postmaster.pid").exists() {
        let words = format!("{} still runs after its command stop", database.id);
        return Err(setup(words));
    }
    let failed = |error: std::io::Error| setup(format!("{}: {error}", data.display()));
    let mut aside = None;
    if data.exists() {
        let (parent, mut name) =
            aside_names(data).ok_or_else(|| setup(format!("{} has no name", data.display())))?;
        name.push(Utc::now().format("%Y%m%dT%H%M%S%.3fZ").to_string());
        let path = parent.join(name);
        fs::rename(data, &path).map_err(failed)?;
        aside = Some(path);
    }
    account.make_dir(data).map_err(failed)?;
    Ok(aside)
}

fn session<'a>(database: &'a Database, hosted: &'a Hosted, account: Account) -> Session<'a> {
    Session {
        bin_dir: &database.bin_dir,
        account,
        socket_dir: &hosted.socket_dir,
        port: hosted.port,
        user: &database.user,
        database: "postgres",
        read_only: true,
        role: None,
        group: Group::Own,
        deadline: ASK_DEADLINE,
    }
}

async fn start_and_wait(
    (database, hosted): (&Database, &Hosted),
    session: &Session<'_>,
    stop: &CancellationToken,
) -> Result<Reached, Failure> {
    run(database, &hosted.start, stop).await?;
    let deadline = Instant::now() + RECOVERY_DEADLINE;
    loop {
        match super::server::recovery(session, stop).await {
            Ok(Some(reached)) => return Ok(reached),
            Err(failure) if failure.cause == Cause::Cancelled => return Err(failure),
            Ok(None) | Err(_) => {}
        }
        // The server removes it when it ends.
        if !hosted.data_dir.join("postmaster.pid").exists() {
            let words = "the server ended while it recovered: see its log";
            return Err(Failure::new(Cause::NotRecovered, words));
        }
        if Instant::now() >= deadline {
            let seconds = RECOVERY_DEADLINE.as_secs();
            return Err(Failure::new(Cause::TimedOut { seconds }, "the recovery"));
        }
        tokio::time::sleep(RECOVERY_POLL).await;
    }
}

/// Runs a command of the settings as the agent itself, because a service manager wants root.
async fn run(
    database: &Database,
    command: &[String],
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    let account = Account {
        uid: rustix::process::geteuid().as_raw(),
        gid: rustix::process::getegid().as_raw(),
    };
    let order = Call {
        program: Path::new(program),
        arguments: arguments.to_vec(),
        environment: Vec::new(),
        account,
        group: Group::Leaving,
        deadline: COMMAND_DEADLINE,
    };
    let said = call(&order, stop).await?;
    match said.code {
        Some(0) => Ok(()),
        code => {
            let words = format!("{program} of {}: {}", database.id, short(&said.all()));
            Err(Failure::new(Cause::Other { code }, words))
        }
    }
}
