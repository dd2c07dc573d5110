//! `mainstay problem`: what needs attention, who has it, and what is left alone, through a server's
//! API with a token.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::api::{Server, ServerArgs, Stop, ended, part, print, print_json};
use super::show::table;
use crate::http::act::Snooze;

#[derive(Args, Debug)]
pub struct ProblemArgs {
    #[command(subcommand)]
    pub command: ProblemCommand,
}

#[derive(Subcommand, Debug)]
pub enum ProblemCommand {
    /// Show every open problem, worst first.
    ///
    /// Exit code 0: nothing needs attention; 1: something does; 2: the server cannot be asked.
    List(ListArgs),
    /// Show one problem, who has it and who was told.
    Show(OneArgs),
    /// Take a problem: you are its owner.
    Take(OneArgs),
    /// Give a problem back.
    Release(OneArgs),
    /// Leave a problem alone for a while: nobody is told of it again, unless it becomes worse.
    Snooze(SnoozeArgs),
}

#[derive(Args, Debug)]
pub struct ListArgs {
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
pub struct OneArgs {
    /// The problem, as in at-1042.
    #[arg(value_name = "PROBLEM")]
    problem: String,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
pub struct SnoozeArgs {
    /// The problem, as in at-1042.
    #[arg(value_name = "PROBLEM")]
    problem: String,
    /// For so many minutes, at most 10080; 0: no longer.
    #[arg(long, value_name = "MINUTES")]
    minutes: i64,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs the subcommand.
pub async fn run(args: ProblemArgs) -> anyhow::Result<ExitCode> {
    use ProblemCommand as C;
    let (result, json) = match args.command {
        C::List(args) => (list(&args).await, args.server.json),
        C::Show(args) => (show(&args).await, args.server.json),
        C::Take(args) => (own(&args, "take").await, args.server.json),
        C::Release(args) => (own(&args, "release").await, args.server.json),
        C::Snooze(args) => (snooze(&args).await, args.server.json),
    };
    Ok(ended(result, json))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

async fn list(args: &ListArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let told: Value = server.get("/attention").await?;
    let rows = |name: &str| told[name].as_array().cloned().unwrap_or_default();
    let (open, snoozed) = (rows("open"), rows("snoozed"));
    if args.server.json {
        print_json(&told);
    } else {
        let heads = ["problem", "status", "since", "owner", "title"];
        let mut lines = vec![heads.map(str::to_owned).to_vec()];
        lines.extend(open.iter().map(|row| line(row, "")));
        lines.extend(snoozed.iter().map(|row| line(row, " (snoozed)")));
        let mut said = String::new();
        table(&mut said, &lines);
        print(&said);
    }
    if open.is_empty() { Ok(()) } else { Err(Stop::Otherwise) }
}

fn line(row: &Value, note: &str) -> Vec<String> {
    let status = text(&row["status"]) + note;
    let owner = row["owner"].as_str().unwrap_or("nobody").to_owned();
    vec![format!("at-{}", row["id"]), status, text(&row["opened_at"]), owner, text(&row["title"])]
}

async fn show(args: &OneArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let told: Value = server.get(&format!("/attention/{}", part(&args.problem)?)).await?;
    if args.server.json {
        print_json(&told);
        return Ok(());
    }
    let mut said = one(&told["problem"]);
    for row in told["told"].as_array().into_iter().flatten() {
        let (channel, about, word) =
            (text(&row["channel"]), text(&row["about"]), text(&row["word"]));
        // Writing to a string cannot fail.
        let _ = writeln!(said, "  told {channel}: {about}. {word}");
    }
    print(&said);
    Ok(())
}

/// A problem in a few lines.
fn one(problem: &Value) -> String {
    let mut said = format!("at-{} {}\n", problem["id"], text(&problem["title"]));
    let owner = problem["owner"].as_str().unwrap_or("nobody");
    let since = text(&problem["opened_at"]);
    let _ = writeln!(said, "  {}", text(&problem["detail"]));
    let _ = writeln!(said, "  {}, since {since}, owner {owner}", text(&problem["status"]));
    if let Some(at) = problem["closed_at"].as_str() {
        let _ = writeln!(said, "  ended {at}");
    }
    if let Some(until) = problem["snooze"]["until"].as_str() {
        let _ = writeln!(said, "  snoozed until {until} by {}", text(&problem["snooze"]["by"]));
    }
    said
}

async fn own(args: &OneArgs, verb: &str) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let path = format!("/attention/{}/do/{verb}", part(&args.problem)?);
    answered(&server.post(&path, &json!({})).await?, args.server.json);
    Ok(())
}

async fn snooze(args: &SnoozeArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let path = format!("/attention/{}/do/snooze", part(&args.problem)?);
    let answer = server.post(&path, &Snooze { minutes: args.minutes }).await?;
    answered(&answer, args.server.json);
    Ok(())
}

fn answered(told: &Value, json: bool) {
    if json { print_json(told) } else { print(&one(&told["problem"])) }
}
