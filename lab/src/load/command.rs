//! `mainstay lab load`: shows and changes the load of a running lab.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use hyper::Method;

use super::Change;
use crate::client::{self, Asked};
use crate::control::{LoadStatus, json};
use crate::ledger::command::span;

#[derive(Debug, Args)]
pub struct LoadArgs {
    /// Data folder of the running lab.
    #[arg(
        long,
        value_name = "DIR",
        global = true,
        env = "MAINSTAY_LAB_DIR",
        default_value_os_t = crate::default_data_dir()
    )]
    data_dir: PathBuf,
    /// Answer as JSON.
    #[arg(long, global = true)]
    json: bool,
    /// Requests a second over all regions, on average over a day; 0: none.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    rate: Option<f64>,
    /// Let a day pass in this time, like 10m, to show one quickly; 1d: a real day again.
    #[arg(long, value_name = "TIME", value_parser = span)]
    day: Option<u32>,
    #[command(subcommand)]
    command: Option<LoadCommand>,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum LoadCommand {
    /// Show the edges, the rate, and how users fared.
    Status,
}

/// Changes what the options name; shows how things stand.
pub async fn run(args: LoadArgs) -> anyhow::Result<ExitCode> {
    const REAL_DAY: u32 = 86_400;
    let day_seconds = args.day.map(|day| if day == REAL_DAY { 0 } else { day });
    let change = Change { rate: args.rate, day_seconds };
    let (method, body) = match (args.command, change == Change::default()) {
        (Some(LoadCommand::Status), _) | (None, true) => (Method::GET, Vec::new()),
        (None, false) => (Method::POST, json(&change)),
    };
    client::ask(&args.data_dir, Asked { method, path: "/load", body }, args.json, show).await
}

fn show(status: &LoadStatus) {
    for edge in &status.edges {
        let (id, address) = (edge.id.as_str(), edge.address);
        println!("{id:<24} http://{address}  in {}", edge.datacenter);
    }
    let Some(load) = &status.load else {
        println!("no load: there are no edges to enter by");
        return;
    };
    let day = match load.settings.day_seconds {
        None => "a real day".to_owned(),
        Some(seconds) => format!("a day in {seconds} s"),
    };
    println!("{} requests a second on average over {day}", load.settings.rate);
    println!(
        "{} made, {} failed, {} on their way, {} left out",
        load.made, load.failed, load.in_flight, load.left_out
    );
    if load.closed > 0 {
        println!(
            "{} edges have no users yet: these come when every service was reached",
            load.closed
        );
    }
    println!("ledger: {}", load.ledger.display());
}
