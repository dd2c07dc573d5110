//! `mainstay failover`: what a fleet file plans when data centres are lost, without a server
//! ([`plan`]); starting, watching and steering failovers ([`ask`]) and planning drills ([`drill`])
//! through a server's API with a token.

mod ask;
mod drill;
mod plan;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::api::ended;

#[derive(Args, Debug)]
pub struct FailoverArgs {
    #[command(subcommand)]
    pub command: FailoverCommand,
}

#[derive(Subcommand, Debug)]
pub enum FailoverCommand {
    /// Show what moves where when data centres go away, group by group.
    ///
    /// Needs no server. Without `--state` everything is taken to be as the file declares it. Exit
    /// code 0: planned; 1: findings in the fleet file; 2: a file or arguments that cannot be used.
    Plan(plan::PlanArgs),
    /// Show whether each region and data centre could go away now.
    Ready(ask::ReadyArgs),
    /// Start a failover, or a drill.
    ///
    /// Exit code 0: started, or it waits for a second person; 1: refused; 2: the server cannot be
    /// asked.
    Start(ask::StartArgs),
    /// Show how a run stands, step by step; without one, the run that is not over or the newest.
    Status(ask::StatusArgs),
    /// Plan a drill for a time, show what is planned, or cancel one.
    Drill(drill::DrillArgs),
    /// Refuse a run that waits.
    Refuse(ask::AskArgs),
    /// Let no further step begin.
    Pause(ask::AskArgs),
    /// Go on.
    Resume(ask::AskArgs),
    /// Try a step that failed again.
    Retry(ask::AskArgs),
    /// Go on without a step, with a reason.
    Skip(ask::AskArgs),
    /// Stop here, with a reason: what moved stays.
    Stop(ask::AskArgs),
    /// Go on against a safety rule that the run asks about, with a reason.
    ///
    /// A second person allows it first; with `--emergency` it is done at once and reviewed.
    Override(ask::AskArgs),
    /// Wait for data no more, with a reason.
    Force(ask::AskArgs),
    /// Stop a run, with a reason, and take back what it moved.
    GoBack(ask::BackArgs),
    /// Take back what a run moved: a run of its own, with its own checks.
    FailBack(ask::BackArgs),
}

/// Runs the subcommand.
pub async fn run(args: FailoverArgs) -> anyhow::Result<ExitCode> {
    use FailoverCommand as C;
    let (result, json) = match args.command {
        C::Plan(args) => return Ok(plan::run(&args)),
        C::Ready(args) => (ask::ready(&args).await, args.server.json),
        C::Start(args) => (ask::start(&args).await, args.how.server.json),
        C::Status(args) => (ask::status(&args).await, args.server.json),
        C::Drill(args) => (drill::run(&args).await, args.json()),
        C::Refuse(args) => (ask::ask(&args, "refuse").await, args.server.json),
        C::Pause(args) => (ask::ask(&args, "pause").await, args.server.json),
        C::Resume(args) => (ask::ask(&args, "resume").await, args.server.json),
        C::Retry(args) => (ask::ask(&args, "retry").await, args.server.json),
        C::Skip(args) => (ask::ask(&args, "skip").await, args.server.json),
        C::Stop(args) => (ask::ask(&args, "stop").await, args.server.json),
        C::Override(args) => (ask::ask(&args, "override").await, args.server.json),
        C::Force(args) => (ask::ask(&args, "force").await, args.server.json),
        C::GoBack(args) => (ask::back(&args, true).await, args.how.server.json),
        C::FailBack(args) => (ask::back(&args, false).await, args.how.server.json),
    };
    Ok(ended(result, json))
}
