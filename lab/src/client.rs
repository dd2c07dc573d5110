//! `mainstay lab fault`: talks to a running lab over its socket.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use hyper::Method;
use serde::Serialize;

use crate::control::{self, Faults, Heal, Refused};
use crate::fault::{Fault, Kind, Request};
use crate::http;

/// Exit code when the lab refuses.
const REFUSED: u8 = 1;

#[derive(Debug, Args)]
pub struct FaultArgs {
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
    command: FaultCommand,
}

#[derive(Debug, Subcommand)]
enum FaultCommand {
    /// End the process of an instance with SIGKILL, once.
    Kill { instance: String },
    /// Make an instance, or all of a service in a data centre, end and stay ended.
    Stop {
        #[arg(value_name = "INSTANCE|SERVICE@DATACENTER")]
        target: String,
    },
    /// Take a whole data centre away, agent and services, until it is healed.
    Lose { datacenter: String },
    /// Cut the line between an agent and the server until it is healed.
    Cut { datacenter: String },
    /// Delay every answer.
    Slow {
        #[arg(value_name = "INSTANCE|SERVICE@DATACENTER|DATACENTER")]
        target: String,
        /// Delay in milliseconds.
        #[arg(long)]
        ms: u32,
    },
    /// Make a share of the answers errors.
    Fail {
        #[arg(value_name = "INSTANCE|SERVICE@DATACENTER|DATACENTER")]
        target: String,
        /// Share, above 0 and at most 1.
        #[arg(long)]
        rate: f64,
    },
    /// End the faults on a target, or all.
    Heal { target: Option<String> },
    /// Show the faults that were injected and not healed.
    List,
}

pub async fn run(args: FaultArgs) -> anyhow::Result<ExitCode> {
    let inject = |kind, target: &str| {
        let target = target.to_owned();
        (Method::POST, "/faults", json(&Request { kind, target }))
    };
    let (method, path, body) = match &args.command {
        FaultCommand::Kill { instance } => inject(Kind::Kill, instance),
        FaultCommand::Stop { target } => inject(Kind::Stop, target),
        FaultCommand::Lose { datacenter } => inject(Kind::Lose, datacenter),
        FaultCommand::Cut { datacenter } => inject(Kind::Cut, datacenter),
        FaultCommand::Slow { target, ms } => inject(Kind::Slow { ms: *ms }, target),
        FaultCommand::Fail { target, rate } => inject(Kind::Fail { rate: *rate }, target),
        FaultCommand::Heal { target } => {
            let target = target.clone();
            (Method::POST, "/heal", json(&Heal { target }))
        }
        FaultCommand::List => (Method::GET, "/faults", Vec::new()),
    };
    let socket = control::socket(&args.data_dir);
    let (status, answer) = http::ask(&socket, method, path, body).await.with_context(|| {
        format!("no lab answers on {}; --data-dir names its folder", socket.display())
    })?;
    if args.json {
        println!("{}", String::from_utf8_lossy(&answer));
    } else if status.is_success() {
        show(&args.command, &serde_json::from_slice::<Faults>(&answer)?.faults);
    } else {
        let refused = serde_json::from_slice::<Refused>(&answer);
        let text = || String::from_utf8_lossy(&answer).into_owned();
        eprintln!("mainstay: {}", refused.map_or_else(|_| text(), |refused| refused.error));
    }
    Ok(match status.is_success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(REFUSED),
    })
}

fn show(command: &FaultCommand, faults: &[Fault]) {
    let word = match command {
        FaultCommand::Heal { .. } => "healed: ",
        FaultCommand::Kill { .. }
        | FaultCommand::Stop { .. }
        | FaultCommand::Lose { .. }
        | FaultCommand::Cut { .. }
        | FaultCommand::Slow { .. }
        | FaultCommand::Fail { .. }
        | FaultCommand::List => "",
    };
    if faults.is_empty() {
        println!("no faults");
    }
    for fault in faults {
        let what = match fault.kind {
            Kind::Slow { ms } => format!("slow by {ms} ms"),
            Kind::Fail { rate } => format!("fail {rate} of answers"),
            Kind::Kill | Kind::Stop | Kind::Lose | Kind::Cut => fault.kind.name().to_owned(),
        };
        let lasts = if fault.lasts { "since" } else { "once, at" };
        let at = fault.since.format("%H:%M:%S UTC");
        println!("{word}{:<28} {what}, {lasts} {at}", fault.target);
    }
}

fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("requests have string keys only")
}
