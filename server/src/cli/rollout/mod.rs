//! `mainstay rollout`: canary rollouts from the command line, all but the judge through a server's
//! API with a token.

mod ask;
mod judge;
mod start;
mod status;
mod words;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::api::{ServerArgs, ended};

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
    /// Start a rollout of a service to a version that passed its bench.
    ///
    /// Exit code 0: started, or with --wait promoted; 1: refused with every finding, or with --wait
    /// it stands still or goes back; 2: the server cannot be asked.
    Start(start::StartArgs),
    /// List rollouts, those that are on first.
    List(status::ListArgs),
    /// Show how a rollout stands: what it waits for, what was measured, what may be asked.
    Status(status::StatusArgs),
    /// Stand still with the weights that hold.
    Pause(ask::AskArgs),
    /// Go on: the position is watched anew.
    Resume(ask::AskArgs),
    /// Skip the rest of this position's watch; past an analysis that has not passed with a reason.
    Promote(ask::ReasonArgs),
    /// Give the new version everything at once, without further watch; with a reason.
    PromoteFully(ask::ReasonArgs),
    /// Take a version back that is not promoted.
    Abort(ask::ReasonArgs),
    /// Take a version back, during its rollout or after it was promoted.
    RollBack(ask::ReasonArgs),
    /// Tell why a version was taken back, within a day after it was.
    Explain(ask::ReasonArgs),
    /// Take a rollback back, within its time.
    Undo(ask::AskArgs),
    /// Paused: do the position again. Rolled back, and its quarantine lifted: begin again.
    Retry(ask::AskArgs),
    /// Keep the version that was left no longer.
    End(ask::AskArgs),
}

/// Runs the subcommand.
pub async fn run(args: RolloutArgs) -> anyhow::Result<ExitCode> {
    use mainstay_app::pages::rollout::act::Verb;
    let (result, json) = match args.command {
        RolloutCommand::Judge(args) => return Ok(judge::run(&args)),
        RolloutCommand::Start(args) => (start::run(&args).await, json(&args.server)),
        RolloutCommand::List(args) => (status::list(&args).await, json(&args.server)),
        RolloutCommand::Status(args) => (status::run(&args).await, json(&args.server)),
        RolloutCommand::Pause(args) => (ask::plain(&args, Verb::Pause).await, json(&args.server)),
        RolloutCommand::Resume(args) => (ask::plain(&args, Verb::Resume).await, json(&args.server)),
        RolloutCommand::Undo(args) => (ask::plain(&args, Verb::Undo).await, json(&args.server)),
        RolloutCommand::Retry(args) => (ask::plain(&args, Verb::Retry).await, json(&args.server)),
        RolloutCommand::End(args) => (ask::plain(&args, Verb::End).await, json(&args.server)),
        RolloutCommand::Promote(args) => {
            (ask::reasoned(&args, Verb::Promote).await, json(&args.ask.server))
        }
        RolloutCommand::PromoteFully(args) => {
            (ask::reasoned(&args, Verb::PromoteFully).await, json(&args.ask.server))
        }
        RolloutCommand::Abort(args) => {
            (ask::reasoned(&args, Verb::Abort).await, json(&args.ask.server))
        }
        RolloutCommand::Explain(args) => (ask::explain(&args).await, json(&args.ask.server)),
        RolloutCommand::RollBack(args) => {
            (ask::reasoned(&args, Verb::RollBack).await, json(&args.ask.server))
        }
    };
    Ok(ended(result, json))
}

const fn json(server: &ServerArgs) -> bool {
    server.json
}
