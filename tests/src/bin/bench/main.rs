//! The bench: measures what is promised of speed and size, on a whole Mainstay with real programs.
//!
//! Invariants: numbers come from what is observed outside the measured programs (a browser, an
//! HTTP client, the kernel's accounts of a process), the server's own metrics only where nothing
//! else can see; a measure that fails is told, and keeps no other from running.
//!
//! Must not: be a test. Numbers depend on the machine, so nothing fails on a slow one.

mod audit;
mod availability;
mod backups;
mod browsing;
mod detector;
mod edges;
mod envoy;
mod failover;
mod ingest;
mod judge;
mod kills;
mod lab;
mod live;
mod load;
mod machine;
mod metrics;
mod report;
mod rollout;
mod scale;
mod simulation;
mod stats;
mod topology;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use mainstay_tests::{Setup, World};

use report::Report;
use simulation::{Shape, Simulation};

/// Changes of health a second, in every measure that needs changes.
const UPDATES_PER_SECOND: u32 = 200;

#[derive(Parser)]
#[command(name = "mainstay-bench", about = "Measures Mainstay; `cargo xtask bench` runs it")]
struct Arguments {
    /// Fewer and shorter measurements: whether everything works, not how fast it is
    #[arg(long)]
    quick: bool,
    /// Only these parts
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// Where the numbers go as JSON
    #[arg(long, default_value = "target/bench/results.json")]
    results: PathBuf,
    /// Put the table into this page, between its two markers; with `--only`, what was not measured
    /// stays there
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// A fleet of real processes: its start, its rest, kills of instances
    Lab,
    /// 2,000 instances: pages, their size, live updates in a browser
    Topology,
    /// 20,000 instances of 100 agents: what the server needs
    Scale,
    /// Changed weights to the last acknowledgement, at real Envoys and simulated subscribers
    Edges,
    /// Access logs: lines on one core, memory, and what they cost an Envoy
    Ingest,
    /// Promotions and roll-backs under the requests of users: what fails, and how soon all is back
    Rollout,
    /// The judge of rollouts on simulated traffic: what it aborts, misses, and how soon
    Judge,
    /// The detector of traffic drops on simulated months: delay, missed, false alarms
    Detector,
    /// Copies of databases: pages of many, what one costs, and how soon damage is known
    Backups,
    /// A data centre drained, brought back and lost: what users see, and how long each group takes
    Failover,
    /// Availability with a year of minutes: its pages, and what adding up costs
    Availability,
    /// The audit log: what an entry costs, how soon it is signed, verifying and searching millions
    Audit,
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
struct Plan {
    kills: usize,
    requests: usize,
    /// How long updates run under the eyes of the browser.
    updates: Duration,
    /// How long idle programs are watched.
    rest: Duration,
    scale: Shape,
    scale_updates: Duration,
    /// Simulated rollouts of each case; a fiftieth of it are the detector's months of each.
    rollouts: usize,
    /// Changes of weights told to edges.
    changes: usize,
    /// Turns of each Envoy, with access logs and without, and how long one is.
    log_rounds: usize,
    log_round: Duration,
    /// Lines of access logs told to the server.
    log_lines: u64,
    /// Requests that users make during promotions and roll-backs, and how many a second on a
    /// day's average; in the evening, when they are made, it is half as many more.
    user_requests: u64,
    user_rate: u32,
    /// Clicks on roll-back with many edges.
    clicks: usize,
    /// Databases with ten copies each.
    databases: usize,
    /// Size of the database that is copied, and how often each side does it.
    database_bytes: u64,
    copy_rounds: usize,
    /// Days of minutes that were added up.
    availability_days: i64,
    /// Entries of the audit log that are verified and searched, the fewest first; how long writers
    /// write, and how often each search is asked for.
    audit_entries: [u64; 2],
    audit_writing: Duration,
    audit_searches: usize,
}

impl Plan {
    const fn new(quick: bool) -> Self {
        const fn seconds(quick: bool, long: u64, short: u64) -> Duration {
            Duration::from_secs(if quick { short } else { long })
        }
        let (agents, instances) = if quick { (20, 4_000) } else { (100, 20_000) };
        Self {
            kills: if quick { 5 } else { 50 },
            requests: if quick { 320 } else { 3_200 },
            updates: seconds(quick, 100, 10),
            rest: seconds(quick, 20, 5),
            scale: Shape { agents, services: 40, instances },
            scale_updates: seconds(quick, 60, 10),
            rollouts: if quick { 20 } else { 1_000 },
            changes: if quick { 20 } else { 200 },
            log_rounds: if quick { 2 } else { 6 },
            log_round: seconds(quick, 5, 2),
            log_lines: if quick { 20_000 } else { 1_000_000 },
            user_requests: if quick { 2_000 } else { 100_000 },
            user_rate: if quick { 50 } else { 650 },
            clicks: if quick { 3 } else { 100 },
            databases: if quick { 100 } else { 1_000 },
            database_bytes: if quick { 50_000_000 } else { 1_000_000_000 },
            copy_rounds: if quick { 1 } else { 4 },
            availability_days: if quick { 35 } else { 365 },
            audit_entries: if quick { [20_000, 100_000] } else { [1_000_000, 10_000_000] },
            audit_writing: seconds(quick, 20, 3),
            audit_searches: if quick { 10 } else { 100 },
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every part could be measured.
async fn run(arguments: &Arguments) -> Result<bool> {
    let plan = Plan::new(arguments.quick);
    let mut report = Report::new(machine::describe(arguments.quick)?);
    let mut complete = true;
    for &part in Part::value_variants() {
        if !arguments.only.is_empty() && !arguments.only.contains(&part) {
            continue;
        }
        let measured = match part {
            Part::Lab => real_fleet(&plan, &mut report).await,
            Part::Topology => two_thousand(&plan, &mut report).await,
            Part::Scale => scale::measure(&plan, &mut report).await,
            Part::Edges => edges::measure(&plan, &mut report).await,
            Part::Ingest => ingest::measure(&plan, &mut report).await,
            Part::Rollout => rollout::measure(&plan, &mut report).await,
            Part::Backups => backups::measure(&plan, &mut report).await,
            Part::Failover => failover::measure(&plan, &mut report).await,
            Part::Availability => availability::measure(&plan, &mut report).await,
            Part::Audit => audit::measure(&plan, &mut report).await,
            Part::Detector => {
                detector::measure(&plan, &mut report);
                Ok(())
            }
            Part::Judge => {
                judge::measure(&plan, &mut report);
                Ok(())
            }
        };
        if let Err(error) = measured {
            complete = false;
            eprintln!("{part:?} failed: {error:#}");
        }
    }
    report.save(&arguments.results)?;
    if let Some(page) = &arguments.write {
        report.write_into(page, !arguments.only.is_empty())?;
    }
    println!("\n{}", report.markdown());
    Ok(complete)
}

/// The fleet of `cargo xtask up`.
async fn real_fleet(plan: &Plan, report: &mut Report) -> Result<()> {
    let fleet = "enterprise.toml";
    let setup = Setup { fleet, own_database: true, ..Setup::default() };
    let mut world = World::start_with(setup).await?;
    lab::measure(&mut world, plan, report).await?;
    kills::measure(&world, plan, report).await
}

/// Ten data centres with 60 services each.
async fn two_thousand(plan: &Plan, report: &mut Report) -> Result<()> {
    let shape = Shape { agents: 10, services: 60, instances: 2_000 };
    let mut simulation = Simulation::start(shape).await?;
    topology::measure(&simulation, plan, report).await?;
    live::measure(&mut simulation, plan, report).await
}
