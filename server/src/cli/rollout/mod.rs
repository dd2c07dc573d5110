//! `mainstay rollout`: canary rollouts from the command line.

mod judge;

use std::process::ExitCode;

use clap::{Args, Subcommand};

#[derive(Args, Debug)]
pub struct RolloutArgs {
    #[command(subcommand)]
    pub command: RolloutCommand,
}

#[derive(Subcommand, Debug)]
pub enum RolloutCommand {
    /// Judge a canary by what was recorded of it and of the stable version, second by second.
    ///
    /// Needs no server. A file has the columns `second,requests,errors` and may have cumulative
    /// latency buckets `le_5,le_10,…,le_inf` in milliseconds. Exit code 0: pass; 1: fail,
    /// undecided or no data; 2: the files or settings cannot be used.
    Judge(judge::JudgeArgs),
}

/// Runs the subcommand.
pub async fn run(args: RolloutArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        RolloutCommand::Judge(args) => Ok(judge::run(&args)),
    }
}
