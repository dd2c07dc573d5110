//! `mainstay lab database`: shows the databases of a running lab, stops and starts them.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use hyper::Method;
use mainstay_core::id::DatabaseId;

use super::{Action, Status};
use crate::client::{Asked, ask};
use crate::control::{Act, json};

#[derive(Debug, Args)]
pub struct DatabaseArgs {
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
    #[command(subcommand)]
    command: Option<DatabaseCommand>,
}

#[derive(Debug, Subcommand)]
enum DatabaseCommand {
    /// Stop the Postgres of a database; without effect if it is stopped.
    Stop { database: DatabaseId },
    /// Start the Postgres of a database, and wait until it answers; without effect if it runs.
    Start { database: DatabaseId },
    /// Show the databases and where their sockets are.
    List,
}

pub async fn run(args: DatabaseArgs) -> anyhow::Result<ExitCode> {
    let act = |database, action| Asked {
        method: Method::POST,
        path: "/databases",
        body: json(&Act { database, action }),
    };
    let asked = match args.command {
        Some(DatabaseCommand::Stop { database }) => act(database, Action::Stop),
        Some(DatabaseCommand::Start { database }) => act(database, Action::Start),
        Some(DatabaseCommand::List) | None => {
            Asked { method: Method::GET, path: "/databases", body: Vec::new() }
        }
    };
    ask(&args.data_dir, asked, args.json, |all: &Vec<Status>| show(all)).await
}

fn show(all: &[Status]) {
    if all.is_empty() {
        println!("this lab runs no databases");
    }
    for one in all {
        let state = if one.running { "runs" } else { "is stopped" };
        let (id, datacenter) = (one.database.as_str(), &one.datacenter);
        println!(
            "{id:<16} {state} in {datacenter}; psql -h {} -p {} -U postgres -d app",
            one.socket_dir.display(),
            one.port,
        );
        match (one.acknowledged, one.missing) {
            (None, _) => {}
            (Some(all), Some(0)) => println!("{:<16} {all} writes acknowledged, none missing", ""),
            (Some(all), Some(missing)) => {
                println!("{:<16} {all} writes acknowledged, {missing} missing", "");
            }
            (Some(all), None) => {
                println!("{:<16} {all} writes acknowledged; what is there is not known", "");
            }
        }
    }
}
