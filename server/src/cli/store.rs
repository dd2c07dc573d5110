//! `mainstay store`: whether the state store knows what agents carried out, through a server's API.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::api::{Server, ServerArgs, Stop, ended, print, print_json};
use crate::settings::store::GoOn;

#[derive(Args, Debug)]
pub struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Subcommand, Debug)]
enum StoreCommand {
    /// Show which decisions agents carried out that the store does not know.
    Show(ShowArgs),
    /// Let decisions go on from what the store knows.
    GoOn(GoOnArgs),
}

#[derive(Args, Debug)]
struct ShowArgs {
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
struct GoOnArgs {
    /// Why, for the audit log: at least 10 characters.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs the subcommand.
pub async fn run(args: StoreArgs) -> anyhow::Result<ExitCode> {
    Ok(match args.command {
        StoreCommand::Show(args) => ended(show(&args).await, args.server.json),
        StoreCommand::GoOn(args) => ended(go_on(&args).await, args.server.json),
    })
}

async fn show(args: &ShowArgs) -> Result<(), Stop> {
    let data: Value = Server::new(&args.server)?.get("/store").await?;
    if args.server.json {
        print_json(&data);
        return Ok(());
    }
    let word = |row: &Value, name: &str| row[name].as_str().unwrap_or("nothing").to_owned();
    let lost = data["lost"].as_array().into_iter().flatten();
    let lost = lost.map(|row| {
        let [place, subject, at] =
            ["datacenter", "subject", "found_at"].map(|name| word(row, name));
        format!("{place} carried out a decision on {subject} that is not known (found {at})\n")
    });
    let next = data["next"].as_array().into_iter().flatten();
    let next = next.map(|row| {
        let [place, service, now, then] =
            ["datacenter", "service", "now", "then"].map(|name| word(row, name));
        format!("{place} would run of {service}: {then}; it runs {now}\n")
    });
    let text: String = lost.chain(next).collect();
    print(if text.is_empty() { "nothing is known to be missing\n" } else { &text });
    Ok(())
}

async fn go_on(args: &GoOnArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let data: Value = server.get("/store").await?;
    let found_until = data["found_until"].as_str().unwrap_or_default().to_owned();
    let ask = GoOn { found_until, reason: args.reason.clone() };
    server.post::<()>("/store/do/go-on", &ask).await?;
    match args.server.json {
        true => print_json(&serde_json::json!({ "ok": true })),
        false => print("decisions go on from what the store knows\n"),
    }
    Ok(())
}
