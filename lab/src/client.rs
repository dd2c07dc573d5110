//! Talks to a running lab over its socket; `mainstay lab fault`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use hyper::Method;
use serde::de::DeserializeOwned;

use crate::control::{self, Faults, Heal, Refused, json};
use crate::fault::{Fault, Kind, Request};
use crate::http;

/// How a copy is named.
const COPY: &str = "DATABASE@DATACENTER[/COPY]";
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
    /// Delay answers: all of them with --ms, health checks too; or only those that users wait
    /// for, with --delay, --p95 or both.
    Slow {
        #[command(flatten)]
        hits: Hits,
        /// Delay of every answer, health checks too, in milliseconds.
        #[arg(long, conflicts_with_all = ["delay", "p95"])]
        ms: Option<u32>,
        /// Delay of every answer to a user, like 80ms or 1.5s.
        #[arg(long, value_name = "TIME", value_parser = milliseconds)]
        delay: Option<u32>,
        /// Random delay of answers to users, with this p95: most are short, some are long.
        #[arg(long, value_name = "TIME", value_parser = milliseconds)]
        p95: Option<u32>,
    },
    /// Make a share of the answers errors, health checks too.
    Fail {
        #[arg(value_name = "INSTANCE|SERVICE@DATACENTER|DATACENTER")]
        target: String,
        /// Share, above 0 and at most 1.
        #[arg(long)]
        rate: f64,
    },
    /// Answer a share of users' requests with errors; health checks go on as if all was well, as
    /// with a mistake in a program.
    Errors {
        #[command(flatten)]
        hits: Hits,
        /// Share, like 5% or 0.05.
        #[arg(long, value_parser = share)]
        share: f64,
    },
    /// Make the repository of copies in a data centre unreachable until it is healed.
    Away { datacenter: String },
    /// Leave no room in the repository of copies in a data centre until it is healed; needs the
    /// right to mount.
    Full { datacenter: String },
    /// Turn the bits of a byte in the largest file of a copy: of the newest, or of the named one.
    Flip {
        #[arg(value_name = COPY)]
        target: String,
    },
    /// Take the largest file of a copy away: of the newest, or of the named one.
    Remove {
        #[arg(value_name = COPY)]
        target: String,
    },
    /// Take a segment of the archived log away: the last but one, or the named one.
    Gap {
        #[arg(value_name = "DATABASE@DATACENTER[/SEGMENT]")]
        target: String,
    },
    /// End the backup of a database that is being made with SIGKILL, once.
    Break { database: String },
    /// Let the standbys of databases in a data centre receive nothing until it is healed, or their
    /// leader is lost.
    Lag { datacenter: String },
    /// End the faults on a target, or all.
    Heal { target: Option<String> },
    /// Show the faults that were injected and not healed.
    List,
}

/// What a fault hits: a target, or a version of a service.
#[derive(Debug, Args)]
struct Hits {
    #[arg(
        value_name = "INSTANCE|SERVICE@DATACENTER|DATACENTER|SERVICE:VERSION",
        required_unless_present = "service",
        conflicts_with = "service"
    )]
    target: Option<String>,
    /// The service whose version it hits, also instances that are started later.
    #[arg(long, requires = "version")]
    service: Option<String>,
    #[arg(long, requires = "service")]
    version: Option<String>,
    /// Only there; without it, everywhere.
    #[arg(long, requires = "service")]
    datacenter: Option<String>,
}

impl Hits {
    fn target(&self) -> String {
        match (&self.target, &self.service, &self.version) {
            (None, Some(service), Some(version)) => match &self.datacenter {
                Some(datacenter) => format!("{service}:{version}@{datacenter}"),
                None => format!("{service}:{version}"),
            },
            (target, _, _) => target.clone().unwrap_or_default(),
        }
    }
}

/// A request to a lab.
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) body: Vec<u8>,
}

pub async fn run(args: FaultArgs) -> anyhow::Result<ExitCode> {
    let inject = |kind, target: &str| {
        let target = target.to_owned();
        Asked { method: Method::POST, path: "/faults", body: json(&Request { kind, target }) }
    };
    let asked = match &args.command {
        FaultCommand::Kill { instance } => inject(Kind::Kill, instance),
        FaultCommand::Stop { target } => inject(Kind::Stop, target),
        FaultCommand::Lose { datacenter } => inject(Kind::Lose, datacenter),
        FaultCommand::Cut { datacenter } => inject(Kind::Cut, datacenter),
        FaultCommand::Slow { hits, ms, delay, p95 } => {
            let kind = match (ms, delay, p95) {
                (Some(ms), _, _) => Kind::Slow { ms: *ms },
                (None, None, None) => bail!("say how slow: --ms, --delay or --p95"),
                (None, delay, p95) => Kind::Late {
                    delay_ms: delay.unwrap_or_default(),
                    p95_ms: p95.unwrap_or_default(),
                },
            };
            inject(kind, &hits.target())
        }
        FaultCommand::Fail { target, rate } => inject(Kind::Fail { rate: *rate }, target),
        FaultCommand::Errors { hits, share } => {
            inject(Kind::Errors { share: *share }, &hits.target())
        }
        FaultCommand::Away { datacenter } => inject(Kind::Away, datacenter),
        FaultCommand::Full { datacenter } => inject(Kind::Full, datacenter),
        FaultCommand::Lag { datacenter } => inject(Kind::Lag, datacenter),
        FaultCommand::Flip { target } => inject(Kind::Flip, target),
        FaultCommand::Remove { target } => inject(Kind::Remove, target),
        FaultCommand::Gap { target } => inject(Kind::Gap, target),
        FaultCommand::Break { database } => inject(Kind::Break, database),
        FaultCommand::Heal { target } => {
            let body = json(&Heal { target: target.clone() });
            Asked { method: Method::POST, path: "/heal", body }
        }
        FaultCommand::List => Asked { method: Method::GET, path: "/faults", body: Vec::new() },
    };
    let heals = matches!(args.command, FaultCommand::Heal { .. });
    ask(&args.data_dir, asked, args.json, |faults: &Faults| show(heals, &faults.faults)).await
}

/// Asks the lab of a data folder and shows its answer; exit code 1: it refused.
pub(crate) async fn ask<T: DeserializeOwned>(
    data_dir: &Path,
    asked: Asked,
    as_json: bool,
    show: impl FnOnce(&T),
) -> anyhow::Result<ExitCode> {
    let socket = control::socket(data_dir);
    let answered = http::ask(&socket, asked.method, asked.path, asked.body).await;
    let (status, answer) = answered.with_context(|| {
        format!("no lab answers on {}; --data-dir names its folder", socket.display())
    })?;
    if as_json {
        println!("{}", String::from_utf8_lossy(&answer));
    } else if status.is_success() {
        show(&serde_json::from_slice(&answer)?);
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

fn show(heals: bool, faults: &[Fault]) {
    let word = if heals { "healed: " } else { "" };
    if faults.is_empty() {
        println!("no faults");
    }
    for fault in faults {
        let what = match fault.kind {
            Kind::Slow { ms } => format!("slow by {ms} ms"),
            Kind::Fail { rate } => format!("fail {rate} of answers"),
            Kind::Errors { share } => format!("errors for {} % of users' requests", share * 100.0),
            Kind::Late { delay_ms, p95_ms: 0 } => format!("late by {delay_ms} ms for users"),
            Kind::Late { delay_ms: 0, p95_ms } => format!("late for users, p95 {p95_ms} ms"),
            Kind::Late { delay_ms, p95_ms } => {
                format!("late by {delay_ms} ms for users, and more with p95 {p95_ms} ms")
            }
            Kind::Away => "its repository is away".to_owned(),
            Kind::Full => "its repository is full".to_owned(),
            Kind::Flip => "a byte is flipped".to_owned(),
            Kind::Remove => "a file is removed".to_owned(),
            Kind::Gap => "a segment is removed".to_owned(),
            Kind::Break => "its backup is killed".to_owned(),
            Kind::Lag => "its standbys lag".to_owned(),
            Kind::Kill | Kind::Stop | Kind::Lose | Kind::Cut => fault.kind.name().to_owned(),
        };
        let lasts = if fault.lasts { "since" } else { "once, at" };
        let at = fault.since.format("%H:%M:%S UTC");
        println!("{word}{:<28} {what}, {lasts} {at}", fault.target);
    }
}

/// `5%` or `0.05`.
fn share(text: &str) -> anyhow::Result<f64> {
    let number = |text: &str| text.parse::<f64>().ok();
    let share = match text.strip_suffix('%') {
        Some(percent) => number(percent).map(|percent| percent / 100.0),
        None => number(text),
    };
    share.with_context(|| format!("{text:?} is no share: write 5% or 0.05"))
}

/// `80ms`, `1.5s` or a bare number of milliseconds.
fn milliseconds(text: &str) -> anyhow::Result<u32> {
    let (number, factor) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 1.0),
        (None, Some(number)) => (number, 1_000.0),
        (None, None) => (text, 1.0),
    };
    let ms = number.parse::<f64>().ok().map(|number| number * factor);
    let ms = ms.filter(|ms| (0.0..=f64::from(u32::MAX)).contains(ms));
    ms.map(|ms| ms.round() as u32)
        .with_context(|| format!("{text:?} is no time: write 80ms or 1.5s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_shares_and_times() {
        assert_eq!((share("5%").unwrap(), share("0.05").unwrap()), (0.05, 0.05));
        for (text, ms) in [("80ms", 80), ("1.5s", 1_500), ("80", 80)] {
            assert_eq!(milliseconds(text).unwrap(), ms);
        }
        assert!(share("many").is_err() && milliseconds("-1s").is_err());
        assert!(milliseconds("soon").is_err());
    }
}
