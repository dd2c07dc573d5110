//! The command line: what each subcommand is called and where its room is.

mod api;
mod audit;
mod availability;
mod backup;
mod bench;
mod edge;
mod event;
mod failover;
mod fleet;
mod git;
mod notify;
mod oidc;
mod orchestrator;
mod problem;
mod quarantine;
mod rollout;
mod runbook;
mod serve;
mod setup;
mod show;
mod store;
mod traffic;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mainstay_agent::AgentArgs;
use mainstay_lab::LabArgs;
use tokio_util::sync::CancellationToken;

/// Exit code of a command whose input could not be read or that could not run at all.
const UNUSABLE: u8 = 2;

#[derive(Parser)]
#[command(name = "mainstay", version, about = "Business continuity for a fleet of data centres")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server: console, API and the way in for agents.
    Serve(serve::ServeArgs),
    /// Prepare an empty database for first use: schema, fleet, a user for each role.
    Setup(setup::SetupArgs),
    /// Run the agent of one data centre.
    Agent(AgentArgs),
    /// Run a small but real fleet on this machine.
    Lab(LabArgs),
    /// Show what the console shows: attention, topology, a service, edges, traffic and more.
    Show(show::ShowArgs),
    /// Check a fleet file, or apply it to a running server.
    Fleet(fleet::FleetArgs),
    /// Start, watch, steer and take back rollouts; judge canaries.
    Rollout(rollout::RolloutArgs),
    /// Test versions on staging before they may be rolled out.
    Bench(bench::BenchArgs),
    /// List versions that were taken back, and let them come again.
    Quarantine(quarantine::QuarantineArgs),
    /// Prepare an Envoy as an edge of the fleet.
    Edge(edge::EdgeArgs),
    /// Plan backups of databases, show how they stand, ask for one, have a copy proven.
    Backup(backup::BackupArgs),
    /// Plan events, look at their checklists, start and end them.
    Event(event::EventArgs),
    /// Plan, start, watch and steer failovers of data centres.
    Failover(failover::FailoverArgs),
    /// Show how available services were, and the report of a month.
    Availability(availability::AvailabilityArgs),
    /// Show what the orchestrator sees and decided, and say what it may do.
    Orchestrator(orchestrator::OrchestratorArgs),
    /// Show what needs attention, take it, give it back, leave it alone for a while.
    Problem(problem::ProblemArgs),
    /// Show channels of notifications and what was sent, send a test.
    Notify(notify::NotifyArgs),
    /// Check runbooks, list them, put the fleet's own in force.
    Runbook(runbook::RunbookArgs),
    /// Run the detector of traffic drops over a recorded series.
    Traffic(traffic::TrafficArgs),
    /// Show whether the state store went back in time, and let decisions go on.
    Store(store::StoreArgs),
    /// Search, verify or export the audit log; make and check packs of evidence.
    Audit(audit::AuditArgs),
}

/// Parses the command line and runs what it says.
pub fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("mainstay: {error:#}");
            ExitCode::from(UNUSABLE)
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(args) => threads()?.block_on(serve::run(args)),
        Command::Setup(args) => one_thread()?.block_on(setup::run(args)),
        Command::Agent(args) => {
            crate::telemetry::start_logs();
            one_thread()?.block_on(async {
                mainstay_agent::run(args.try_into()?, stop_signal()?).await?;
                Ok(ExitCode::SUCCESS)
            })
        }
        Command::Lab(args) => {
            crate::telemetry::start_logs();
            threads()?.block_on(async { mainstay_lab::run(args, stop_signal()?).await })
        }
        Command::Show(args) => one_thread()?.block_on(show::run(args)),
        Command::Fleet(args) => one_thread()?.block_on(fleet::run(args)),
        Command::Rollout(args) => one_thread()?.block_on(rollout::run(args)),
        Command::Bench(args) => one_thread()?.block_on(bench::run(args)),
        Command::Quarantine(args) => one_thread()?.block_on(quarantine::run(args)),
        Command::Backup(args) => one_thread()?.block_on(backup::run(args)),
        Command::Event(args) => one_thread()?.block_on(event::run(args)),
        Command::Failover(args) => one_thread()?.block_on(failover::run(args)),
        Command::Availability(args) => one_thread()?.block_on(availability::run(args)),
        Command::Orchestrator(args) => one_thread()?.block_on(orchestrator::run(args)),
        Command::Problem(args) => one_thread()?.block_on(problem::run(args)),
        Command::Notify(args) => one_thread()?.block_on(notify::run(args)),
        Command::Runbook(args) => one_thread()?.block_on(runbook::run(args)),
        Command::Edge(args) => one_thread()?.block_on(edge::run(args)),
        Command::Traffic(args) => Ok(traffic::run(&args)),
        Command::Store(args) => one_thread()?.block_on(store::run(args)),
        Command::Audit(args) => one_thread()?.block_on(audit::run(args)),
    }
}

/// Cancelled by the first SIGINT or SIGTERM.
pub(crate) fn stop_signal() -> anyhow::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let stop = CancellationToken::new();
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stopping = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stopping.cancel();
    });
    Ok(stop)
}

fn threads() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

fn one_thread() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
