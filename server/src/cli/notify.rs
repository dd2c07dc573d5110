//! `mainstay notify`: channels of notifications through a server's API with a token.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::api::{Server, ServerArgs, Stop, ended, part, print, print_json};
use super::show::table;

#[derive(Args, Debug)]
pub struct NotifyArgs {
    #[command(subcommand)]
    pub command: NotifyCommand,
}

#[derive(Subcommand, Debug)]
pub enum NotifyCommand {
    /// Show every channel and how it does.
    ///
    /// Exit code 0: each active one delivers, or sent nothing yet; 1: one does not; 2: the server
    /// cannot be asked.
    List(ListArgs),
    /// Send a test over a channel and show what was answered.
    ///
    /// Exit code 0: it arrived; 1: it did not; 2: the server cannot be asked.
    Test(OneArgs),
    /// Show what was sent over a channel, newest first.
    Deliveries(OneArgs),
}

#[derive(Args, Debug)]
pub struct ListArgs {
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
pub struct OneArgs {
    /// The channel, as in nc-3.
    #[arg(value_name = "CHANNEL")]
    channel: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs the subcommand.
pub async fn run(args: NotifyArgs) -> anyhow::Result<ExitCode> {
    use NotifyCommand as C;
    let (result, json) = match args.command {
        C::List(args) => (list(&args).await, args.server.json),
        C::Test(args) => (test(&args).await, args.server.json),
        C::Deliveries(args) => (deliveries(&args).await, args.server.json),
    };
    Ok(ended(result, json))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn show(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let head = heads.iter().map(|head| (*head).to_owned()).collect();
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    let mut said = String::new();
    table(&mut said, &rows);
    print(&said);
}

async fn list(args: &ListArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let told: Value = server.get("/notifications").await?;
    let channels = told["channels"].as_array().cloned().unwrap_or_default();
    if args.server.json {
        print_json(&told);
    } else {
        let rows = channels.iter().map(|row| {
            let channel = &row["channel"];
            let (id, name) = (text(&channel["id"]), text(&channel["name"]));
            let way = text(&channel["target"]["way"]);
            vec![id, name, way, text(&row["to"]), text(&row["state"]), text(&row["answer"])]
        });
        show(&["channel", "name", "by", "to", "state", "answer"], rows);
    }
    let fails = |row: &Value| {
        let channel = &row["channel"];
        let standing = &channel["standing"]["standing"];
        standing == "stopped"
            || (standing == "active" && !channel["health"]["failing_since"].is_null())
    };
    if channels.iter().any(fails) { Err(Stop::Otherwise) } else { Ok(()) }
}

async fn test(args: &OneArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let path = format!("/notifications/{}/do/test", part(&args.channel)?);
    let told: Value = server.post(&path, &json!({})).await?;
    if args.server.json {
        print_json(&told);
    } else {
        let id = text(&told["delivery"]["id"]);
        print(&format!("{id} {}: {}\n", text(&told["word"]), text(&told["said"])));
    }
    let sent = told["delivery"]["state"]["state"] == "sent";
    if sent { Ok(()) } else { Err(Stop::Otherwise) }
}

async fn deliveries(args: &OneArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let told: Value = server.get(&format!("/notifications/{}", part(&args.channel)?)).await?;
    if args.server.json {
        print_json(&told["deliveries"]);
        return Ok(());
    }
    let rows = told["deliveries"].as_array().into_iter().flatten().map(|row| {
        let delivery = &row["delivery"];
        let (id, planned) = (text(&delivery["id"]), text(&delivery["planned_at"]));
        let tries = delivery["tries"].to_string();
        vec![id, planned, text(&row["word"]), tries, text(&row["said"]), text(&row["about"])]
    });
    show(&["delivery", "planned", "state", "tries", "answer", "about"], rows);
    Ok(())
}
