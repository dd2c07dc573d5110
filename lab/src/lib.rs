//! The lab: a small but real fleet on one machine, for the first run, demonstrations and tests.
//!
//! Owns: agent processes, one for each data centre, on loopback addresses of their own; the links
//! between them and the server; a real Envoy for each edge; users who enter there, with a ledger
//! of all they asked; a real Postgres for each database, with repositories of its copies; faults
//! on request. Towards the server nothing is faked: agents
//! speak the protocol of production and run real processes. (The one exception says so in its
//! name: [`simulate`] drives the protocol without processes, to measure servers.)
//!
//! Must not: be needed in production.

mod agents;
mod client;
mod control;
mod databases;
mod edges;
pub mod effect;
mod fault;
mod fleet;
mod http;
pub mod ledger;
pub mod load;
mod proxy;
mod simulate;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use tokio_util::sync::CancellationToken;

/// `mainstay lab`: without a command, runs a fleet on this machine until it is stopped.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct LabArgs {
    #[command(subcommand)]
    command: Option<LabCommand>,
    #[command(flatten)]
    run: Option<fleet::RunArgs>,
}

#[derive(Debug, Subcommand)]
enum LabCommand {
    /// Inject a fault into a running lab, list faults, heal them.
    Fault(client::FaultArgs),
    /// Show or change the load that users put on the edges of a running lab.
    Load(load::command::LoadArgs),
    /// Show the databases of a running lab, stop and start them.
    Database(databases::command::DatabaseArgs),
    /// What users saw: every request that the load generator made.
    Ledger(ledger::command::LedgerArgs),
    /// Drive a server with simulated agents over the real protocol. Runs no processes: what these
    /// agents report is made up, at a chosen rate, to measure the server.
    Simulate(simulate::SimulateArgs),
}

/// Where a lab keeps its state, unless it is told otherwise.
fn default_data_dir() -> PathBuf {
    PathBuf::from("mainstay-lab")
}

/// Runs what the arguments say, until `stop`. Exit code 1: a fault was refused.
pub async fn run(args: LabArgs, stop: CancellationToken) -> anyhow::Result<ExitCode> {
    match (args.command, args.run) {
        (Some(LabCommand::Fault(args)), _) => client::run(args).await,
        (Some(LabCommand::Load(args)), _) => load::command::run(args).await,
        (Some(LabCommand::Database(args)), _) => databases::command::run(args).await,
        (Some(LabCommand::Ledger(args)), _) => ledger::command::run(&args),
        (Some(LabCommand::Simulate(args)), _) => simulate::run(args, stop).await,
        (None, Some(args)) => fleet::run(args, stop).await,
        (None, None) => anyhow::bail!(
            "say which fleet to run and where its server is: mainstay lab --fleet FILE --server \
             HOST:PORT --join-tokens FILE"
        ),
    }
}
