//! Simulated agents: the real protocol, journal and fencing, without processes. To measure a
//! server with more agents and instances than one machine could run.
//!
//! What these agents report is made up: an instance that is deployed "starts" and "serves", and
//! at a chosen rate instances become unhealthy and healthy again.

mod driver;
mod fleet;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use mainstay_agent::bench::Tests;
use mainstay_agent::executor::Executor;
use mainstay_agent::identity::{self, Found, Identity};
use mainstay_agent::journal::Journal;
use mainstay_agent::link::{self, LinkConfig};
use mainstay_agent::witness::Witness;
use mainstay_agent::work::Works;
use mainstay_core::id::DatacenterId;
use mainstay_wire::JoinToken;
use rand::Rng;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use driver::{SimulatedDriver, World};
use fleet::Shape;

/// How often updates are made; each time as many as the rate asks for.
const TICK: Duration = Duration::from_millis(20);
/// How often progress is printed.
const PROGRESS: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Agents, one for each data centre.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    agents: u16,
    /// Instances over all agents; rounded up to whole nodes.
    #[arg(long, default_value_t = 2_000)]
    instances: u32,
    /// Services, each in every data centre.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..=1000))]
    services: u16,
    /// Changes of an instance's health in a second, over all agents, once all instances serve.
    #[arg(long, default_value_t = 0)]
    updates_per_second: u32,
    /// Stop after this time of updates; without it, run until interrupted.
    #[arg(long)]
    seconds: Option<u64>,
    /// Print the fleet these agents belong to, to be applied to the server, and do nothing else.
    #[arg(long)]
    print_fleet: bool,
    /// Where the server's agent port is reached.
    #[arg(long, value_name = "HOST:PORT", required_unless_present = "print_fleet")]
    server: Option<String>,
    /// JSON object from data centre to join token.
    #[arg(long, value_name = "FILE")]
    join_tokens: Option<PathBuf>,
    /// Folder for certificates and journals.
    #[arg(long, value_name = "DIR", default_value = "mainstay-simulation")]
    data_dir: PathBuf,
}

/// What was done, printed as JSON at the end.
#[derive(Debug, Serialize)]
struct Summary {
    simulated: bool,
    agents: usize,
    instances: usize,
    updates: u64,
    seconds: f64,
}

pub async fn run(args: SimulateArgs, stop: CancellationToken) -> anyhow::Result<ExitCode> {
    let shape = Shape::new(args.agents, args.services, args.instances);
    if args.print_fleet {
        print!("{}", shape.toml());
        return Ok(ExitCode::SUCCESS);
    }
    let server: Arc<str> = args.server.as_deref().unwrap_or_default().into();
    let tokens = read_tokens(args.join_tokens.as_deref())?;
    eprintln!("Simulated agents: what they report is made up; no process is run.");
    let world = World::default();
    let mut agents = JoinSet::new();
    for datacenter in shape.datacenters() {
        let agent = SimulatedAgent {
            data_dir: args.data_dir.join(datacenter.as_str()),
            token: tokens.get(&datacenter).cloned(),
            server: server.clone(),
            driver: SimulatedDriver::new(datacenter.clone(), &world),
            datacenter,
        };
        agents.spawn(agent.run(stop.clone()));
    }
    let summary = tokio::select! {
        // When all are told to stop, the updates are summed up before the agents are gone.
        biased;
        summary = updates(&args, &shape, &world, &stop) => summary,
        Some(ended) = agents.join_next() => {
            // An agent ends early only if it cannot go on.
            ended??;
            return Ok(ExitCode::SUCCESS);
        }
    };
    println!("{}", serde_json::to_string(&summary)?);
    stop.cancel();
    while let Some(ended) = agents.join_next().await {
        ended??;
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits until everything serves, then changes instances at the asked rate.
async fn updates(
    args: &SimulateArgs,
    shape: &Shape,
    world: &World,
    stop: &CancellationToken,
) -> Summary {
    let begun = Instant::now();
    let mut progress = tokio::time::interval(PROGRESS);
    while world.serving() < shape.instances() && !stop.is_cancelled() {
        tokio::select! {
            () = world.changed() => {}
            () = stop.cancelled() => {}
            _ = progress.tick() => {
                eprintln!("{} of {} instances serve", world.serving(), shape.instances());
            }
        }
    }
    eprintln!("{} instances serve after {:.1?}", world.serving(), begun.elapsed());
    let begun = Instant::now();
    let limit = args.seconds.map_or(Duration::MAX, Duration::from_secs);
    let mut tick = tokio::time::interval(TICK);
    let mut made = 0;
    while begun.elapsed() < limit && !stop.is_cancelled() {
        tokio::select! {
            _ = tick.tick() => {}
            () = stop.cancelled() => break,
        }
        let due = (begun.elapsed().as_secs_f64() * f64::from(args.updates_per_second)) as u64;
        while made < due {
            world.change_one(rand::rng().random());
            made += 1;
        }
    }
    Summary {
        simulated: true,
        agents: shape.datacenters().count(),
        instances: world.serving(),
        updates: made,
        seconds: begun.elapsed().as_secs_f64(),
    }
}

struct SimulatedAgent {
    data_dir: PathBuf,
    token: Option<JoinToken>,
    server: Arc<str>,
    driver: SimulatedDriver,
    datacenter: DatacenterId,
}

impl SimulatedAgent {
    async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let context = format!("the simulated agent of {}", self.datacenter);
        self.run_inner(stop).await.context(context)
    }

    async fn run_inner(self, stop: CancellationToken) -> anyhow::Result<()> {
        std::fs::create_dir_all(&self.data_dir)?;
        let Some(identity) = self.identify(&stop).await? else { return Ok(()) };
        let journal = Journal::open(&mainstay_agent::journal_path(&self.data_dir))?;
        let mut witness = Witness::open(&self.data_dir)?;
        let (tests, works) = (Tests::open(&self.data_dir)?, Works::open(&self.data_dir, None)?);
        let mut executor = Executor::new(journal, tests, works, self.driver)?;
        let boot_id = mainstay_agent::boot_id();
        let link = LinkConfig { server: &self.server, data_dir: &self.data_dir, boot_id: &boot_id };
        link::run(link, identity, &mut executor, &mut witness, &stop).await;
        Ok(())
    }

    async fn identify(&self, stop: &CancellationToken) -> anyhow::Result<Option<Identity>> {
        let (dir, datacenter) = (&self.data_dir, &self.datacenter);
        match identity::find(dir, datacenter, self.token.as_ref())? {
            Found::Identity(identity) => Ok(Some(*identity)),
            Found::MustJoin { token, .. } => {
                Ok(identity::join_patiently(&self.server, dir, datacenter, &token, stop).await?)
            }
        }
    }
}

fn read_tokens(file: Option<&Path>) -> anyhow::Result<BTreeMap<DatacenterId, JoinToken>> {
    let Some(file) = file else { return Ok(BTreeMap::new()) };
    let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let tokens: BTreeMap<DatacenterId, String> = serde_json::from_slice(&text)
        .with_context(|| format!("{} is no JSON object of join tokens", file.display()))?;
    let parse = |(id, token): (DatacenterId, String)| Ok((id, token.parse()?));
    tokens.into_iter().map(parse).collect()
}
