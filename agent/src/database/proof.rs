//! Proving a copy: it is restored beside the database, started, looked into, and removed, or left
//! to who keeps it ([`keep`](super::keep)) if its server came up and could be stopped.
//!
//! Whether the files came back, whether the database is whole, and whether all of it is gone again
//! are told apart. A copy counts as proved only where the server came up: a damaged log is found
//! nowhere else.

use std::time::Duration;

use chrono::Utc;
use mainstay_core::backup::job::{
    CHECKS_MAX, Cause, Failure, Phase, ProofJob, ProofResult, Step, Validation,
};
use mainstay_core::backup::kept::Kept;
use tokio_util::sync::CancellationToken;

use super::run::call;
use super::scratch::{self, Scratch};
use super::server::{Control, Files, Server, Site};
use super::sql::{CHECK_DEADLINE, ask_check, short};
use super::{Destination, Engine, Reporter, RestoreOrder};

/// Longest look at all tables and indexes, or at all pages.
const STRUCTURE_DEADLINE: Duration = Duration::from_secs(12 * 3_600);
/// What `pg_amcheck` ends with when it found something.
const CORRUPT: i32 = 2;
const NO_FILES: &str = "the files did not come back";
const NO_SERVER: &str = "the server did not come up";
const KEPT: &str = "it stays for a while, as was asked for";

/// Makes a proof. Everything that goes wrong is in the result.
pub async fn prove(
    engine: &dyn Engine,
    job: &ProofJob,
    report: &Reporter,
    stop: &CancellationToken,
) -> ProofResult {
    let started = Utc::now();
    let ended = |restore, validation, (clean_up, kept)| ProofResult {
        started,
        ended: Utc::now(),
        restore,
        validation,
        clean_up,
        kept,
    };
    let place = match place(engine, job).await {
        Ok(place) => place,
        Err(failure) => {
            let nothing = Step::not_run("nothing was made");
            let failed = Step::Failed { failure };
            return ended(failed, Validation::not_run(NO_FILES), (nothing, None));
        }
    };
    let order = RestoreOrder {
        database: &job.database,
        datacenter: &job.datacenter,
        label: &job.label,
        target: job.target,
        into: Destination::Scratch(&place),
    };
    let restore = Step::from(engine.restore(&order, report, stop).await);
    let (validation, whole) = match (restore.passed(), engine.base(&job.database)) {
        (true, Ok((database, account))) => {
            let files = if job.keep.is_some() { Files::Kept } else { Files::Job };
            let site = Site { database, account, place: place.place(), files };
            validate(site, job, report, stop).await
        }
        (true, Err(_)) | (false, _) => (Validation::not_run(NO_FILES), false),
    };
    let left = leave(engine, job, place, whole, report).await;
    ended(restore, validation, left)
}

/// Removes what was restored, or keeps it if that is asked for and anybody could use it.
async fn leave(
    engine: &dyn Engine,
    job: &ProofJob,
    place: Scratch,
    whole: bool,
    report: &Reporter,
) -> (Step, Option<Box<Kept>>) {
    let base = engine.base(&job.database);
    let (Some(hours), true, Ok(base)) = (job.keep, whole, base) else {
        report.phase(Phase::CleaningUp);
        return (Step::from(place.remove().await), None);
    };
    match engine.keeper().keep(base, place, (job, hours)).await {
        Ok(kept) => (Step::not_run(KEPT), Some(Box::new(kept))),
        Err(failure) => (Step::Failed { failure }, None),
    }
}

async fn place(engine: &dyn Engine, job: &ProofJob) -> Result<Scratch, Failure> {
    if job.checks.len() > CHECKS_MAX {
        let words = format!("{} checks: up to {CHECKS_MAX} are allowed", job.checks.len());
        return Err(Failure::new(Cause::Setup, words));
    }
    let (_, account) = engine.base(&job.database)?;
    let root = engine.scratch_root();
    match job.keep {
        None => Scratch::make(root, account),
        Some(_) => {
            engine.keeper().make_room(job).await?;
            Scratch::make(&scratch::kept_root(root), account)
        }
    }
}

/// What was seen, and whether there is a database now that nothing runs on and that can be started
/// again.
async fn validate(
    site: Site<'_>,
    job: &ProofJob,
    report: &Reporter,
    stop: &CancellationToken,
) -> (Validation, bool) {
    report.phase(Phase::Recovering);
    let mut validation = Validation::not_run(NO_SERVER);
    let (control, mut server) = match start(site, stop).await {
        Ok(started) => started,
        Err(failure) => {
            validation.recovery = Step::Failed { failure };
            return (validation, false);
        }
    };
    match server.recovered(stop).await {
        Ok(reached) => {
            validation.recovery = Step::Passed;
            validation.reached = Some(reached);
        }
        Err(failure) => {
            validation.recovery = Step::Failed { failure };
            return (validation, false);
        }
    }
    report.phase(Phase::Checking);
    validation.structure = Step::from(structure(&site, stop).await);
    let socket = site.place.socket();
    for check in &job.checks {
        let session = site.session(&socket, &check.database, CHECK_DEADLINE);
        validation.checks.push(ask_check(session, check, stop).await);
    }
    let stopped = server.stop().await;
    let whole = stopped.is_ok();
    validation.pages = match (stopped, control.has_checksums) {
        (Err(failure), _) => Step::Failed { failure },
        (Ok(()), true) => Step::from(pages(&site, stop).await),
        (Ok(()), false) => Step::not_run("the cluster keeps no page checksums"),
    };
    (validation, whole)
}

async fn start<'a>(
    site: Site<'a>,
    stop: &CancellationToken,
) -> Result<(Control, Server<'a>), Failure> {
    let control = site.control(stop).await?;
    let server = Server::start(site, &control)?;
    Ok((control, server))
}

/// Looks at every table and index with `amcheck`, and at whether indexes name every row.
async fn structure(site: &Site<'_>, stop: &CancellationToken) -> Result<(), Failure> {
    let program = site.program("pg_amcheck");
    let socket = site.place.socket();
    let flags = ["--all", "--heapallindexed", "--install-missing", "--no-password"];
    let arguments = flags.into_iter().map(str::to_owned).chain([
        format!("--host={}", socket.display()),
        format!("--username={}", site.database.user),
    ]);
    let order = site.call(&program, arguments.collect(), STRUCTURE_DEADLINE);
    let said = call(&order, stop).await?;
    let words = || short(&said.all());
    match said.code {
        Some(0) => Ok(()),
        Some(CORRUPT) => Err(Failure::new(Cause::Damaged, words())),
        code => Err(Failure::new(Cause::Other { code }, words())),
    }
}

/// Reads every page of a stopped server.
async fn pages(site: &Site<'_>, stop: &CancellationToken) -> Result<(), Failure> {
    let program = site.program("pg_checksums");
    let data = site.place.data().display().to_string();
    let arguments = vec!["--check".to_owned(), "--pgdata".to_owned(), data];
    let said = call(&site.call(&program, arguments, STRUCTURE_DEADLINE), stop).await?;
    match said.code {
        Some(0) => Ok(()),
        Some(1) if said.err.contains("checksum verification failed") => {
            Err(Failure::new(Cause::Damaged, short(&said.err)))
        }
        code => Err(Failure::new(Cause::Other { code }, short(&said.all()))),
    }
}
