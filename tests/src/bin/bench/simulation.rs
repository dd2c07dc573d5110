//! A Mainstay with simulated agents: real server, database and protocol, made-up instances.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use mainstay_tests::process::{Ending, Process};
use mainstay_tests::{Setup, World, programs, until};
use serde_json::Value;
use tempfile::TempDir;

/// All deployments are sent and reported within this time.
const SETTLE: Duration = Duration::from_secs(600);
const STOP: Duration = Duration::from_secs(60);
/// Below this part of the asked rate of updates, the run says nothing.
const RATE_LEAST: f64 = 0.95;

/// How many of everything.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub agents: u32,
    pub services: u32,
    /// At least; rounded up to whole nodes.
    pub instances: u32,
}

impl Shape {
    fn arguments(self) -> [String; 3] {
        let Self { agents, services, instances } = self;
        [
            format!("--agents={agents}"),
            format!("--services={services}"),
            format!("--instances={instances}"),
        ]
    }
}

#[derive(Debug)]
pub struct Simulation {
    // In the order in which they end.
    agents: Option<Process>,
    pub world: World,
    shape: Shape,
    runs: u32,
    dir: TempDir,
}

impl Simulation {
    /// Starts everything and waits until the server knows that all instances are healthy.
    pub async fn start(shape: Shape) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("mainstay-bench-").tempdir()?;
        let fleet = dir.path().join("fleet.toml");
        let output = simulate()?.args(shape.arguments()).arg("--print-fleet").output()?;
        if !output.status.success() {
            bail!("--print-fleet: {}", String::from_utf8_lossy(&output.stderr));
        }
        fs::write(&fleet, output.stdout)?;
        let setup = Setup { fleet_file: Some(fleet), own_database: true, ..Setup::default() };
        let world = World::start_with(setup).await?;
        let mut simulation = Self { agents: None, world, shape, runs: 0, dir };
        simulation.agents(0).await?;
        healthy(&simulation.world, SETTLE).await?;
        Ok(simulation)
    }

    /// Begins updates at a rate; returns when they flow.
    pub async fn begin_updates(&mut self, per_second: u32) -> Result<()> {
        self.stop().await?;
        self.agents(per_second).await
    }

    /// Stops the agents; updates a second that they really made.
    pub async fn end_updates(&mut self, asked: u32) -> Result<f64> {
        let log = self.stop().await?;
        let summary = log.lines().rfind(|line| line.contains("\"simulated\":true"));
        let summary: Value = serde_json::from_str(summary.context("the agents told no summary")?)?;
        let number = |field: &str| summary[field].as_f64().unwrap_or(f64::NAN);
        let rate = number("updates") / number("seconds");
        if rate.is_nan() || rate < f64::from(asked) * RATE_LEAST {
            bail!("the agents made {rate:.0} updates a second instead of {asked}");
        }
        Ok(rate)
    }

    async fn stop(&mut self) -> Result<String> {
        let mut agents = self.agents.take().context("no agents run")?;
        agents.stop(STOP).await?;
        Ok(agents.log_text())
    }

    async fn agents(&mut self, per_second: u32) -> Result<()> {
        self.runs += 1;
        let log = self.dir.path().join(format!("agents-{}.log", self.runs));
        let mut command = simulate()?;
        command
            .args(self.shape.arguments())
            .args(["--server", &self.world.agents_address().to_string()])
            .arg(format!("--updates-per-second={per_second}"))
            .arg("--join-tokens")
            .arg(self.world.tokens_file())
            .arg("--data-dir")
            .arg(self.dir.path().join("agents"));
        let mut agents = Process::start("agents", &mut command, &log, Ending::Asked)?;
        until("all simulated instances serve", SETTLE, async || match agents.check() {
            Ok(()) => agents.log_text().contains("instances serve after").then_some(Ok(())),
            Err(error) => Some(Err(error)),
        })
        .await??;
        self.agents = Some(agents);
        Ok(())
    }
}

fn simulate() -> Result<Command> {
    let mut command = Command::new(programs::mainstay()?);
    command.args(["lab", "simulate"]);
    Ok(command)
}

/// Waits until the server knows that every instance of every data centre is healthy; how many.
pub async fn healthy(world: &World, patience: Duration) -> Result<u64> {
    let visitor = world.sign_in("viewer").await?;
    let wanted = wanted(world)?;
    let mut last = Value::Null;
    let all = until("all instances are healthy", patience, async || {
        let overview = visitor.json("/api/v1/overview").await.ok()?;
        last = overview["counts"].clone();
        let number = |field: &str| last[field].as_u64();
        (number("healthy")? >= wanted && number("healthy") == number("total")).then_some(wanted)
    });
    let all = all.await;
    all.with_context(|| format!("of {wanted}: {last}"))
}

/// Instances that the fleet asks for.
fn wanted(world: &World) -> Result<u64> {
    let text = fs::read_to_string(world.fleet())?;
    let Ok(fleet) = mainstay_core::fleet::read::read(&text) else { bail!("the fleet is wrong") };
    let wanted = mainstay_core::placement::wanted(&fleet);
    let services = wanted.values().flat_map(|services| services.values());
    Ok(services.map(|service| u64::from(service.nodes)).sum())
}
