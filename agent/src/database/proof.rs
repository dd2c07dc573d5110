//! Proving a copy: it is restored beside the database, started, looked into, and removed.
//!
//! Whether the files came back, whether the database is whole, and whether all of it is gone again
//! are told apart. A copy counts as proved only where the server came up: a damaged log is found
//! nowhere else.

use std::time::Duration;

use chrono::Utc;
use mainstay_core::backup::job::{
    CHECKS_MAX, Cause, Failure, Phase, ProofJob, ProofResult, Step, Validation,
};
use tokio_util::sync::CancellationToken;

use super::run::call;
use super::scratch::Scratch;
use super::server::{Control, Server, Site};
use super::sql::{CHECK_DEADLINE, ask_check, short};
use super::{Destination, Engine, Reporter, RestoreOrder};

/// Longest look at all tables and indexes, or at all pages.
const STRUCTURE_DEADLINE: Duration = Duration::from_secs(12 * 3_600);
/// What `pg_amcheck` ends with when it found something.
const CORRUPT: i32 = 2;
const NO_FILES: &str = "the files did not come back";
const NO_SERVER: &str = "the server did not come up";

/// Makes a proof. Everything that goes wrong is in the result.
pub async fn prove(
    engine: &dyn Engine,
    job: &ProofJob,
    report: &Reporter,
    stop: &CancellationToken,
) -> ProofResult {
    let started = Utc::now();
    let ended = |restore: Step, validation: Validation, clean_up: Step| ProofResult {
        started,
        ended: Utc::now(),
        restore,
        validation,
        clean_up,
    };
    let place = match place(engine, job) {
        Ok(place) => place,
        Err(failure) => {
            let nothing = Step::not_run("nothing was made");
            return ended(Step::Failed { failure }, Validation::not_run(NO_FILES), nothing);
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
    let validation = match (restore.passed(), engine.base(&job.database)) {
        (true, Ok((database, account))) => {
            validate(Site { database, account, scratch: &place }, job, report, stop).await
        }
        (true, Err(_)) | (false, _) => Validation::not_run(NO_FILES),
    };
    report.phase(Phase::CleaningUp);
    let clean_up = Step::from(place.remove().await);
    ended(restore, validation, clean_up)
}

fn place(engine: &dyn Engine, job: &ProofJob) -> Result<Scratch, Failure> {
    if job.checks.len() > CHECKS_MAX {
        let words = format!("{} checks: up to {CHECKS_MAX} are allowed", job.checks.len());
        return Err(Failure::new(Cause::Setup, words));
    }
    let (_, account) = engine.base(&job.database)?;
    Scratch::make(engine.scratch_root(), account)
}

async fn validate(
    site: Site<'_>,
    job: &ProofJob,
    report: &Reporter,
    stop: &CancellationToken,
) -> Validation {
    report.phase(Phase::Recovering);
    let mut validation = Validation::not_run(NO_SERVER);
    let (control, mut server) = match start(site, stop).await {
        Ok(started) => started,
        Err(failure) => {
            validation.recovery = Step::Failed { failure };
            return validation;
        }
    };
    match server.recovered(stop).await {
        Ok(reached) => {
            validation.recovery = Step::Passed;
            validation.reached = Some(reached);
        }
        Err(failure) => {
            validation.recovery = Step::Failed { failure };
            return validation;
        }
    }
    report.phase(Phase::Checking);
    validation.structure = Step::from(structure(&site, stop).await);
    let socket = site.scratch.socket();
    for check in &job.checks {
        let session = site.session(&socket, &check.database, CHECK_DEADLINE);
        validation.checks.push(ask_check(session, check, stop).await);
    }
    validation.pages = match (server.stop().await, control.has_checksums) {
        (Err(failure), _) => Step::Failed { failure },
        (Ok(()), true) => Step::from(pages(&site, stop).await),
        (Ok(()), false) => Step::not_run("the cluster keeps no page checksums"),
    };
    validation
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
    let socket = site.scratch.socket();
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
    let data = site.scratch.data().display().to_string();
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
