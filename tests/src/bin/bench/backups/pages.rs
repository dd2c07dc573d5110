//! Ten copies of each of a thousand databases: the plan of a year, and the pages about them.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use chrono::{TimeDelta, Utc};
use mainstay_core::backup::plan;
use mainstay_core::backup::work::DatabaseReport;
use mainstay_core::id::DatacenterId;
use mainstay_store::{Options, Store};
use mainstay_tests::agent::{self, RawLink};
use mainstay_tests::{Setup, World, until};
use mainstay_wire::proto::{self, from_agent};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::estate::{COPIES, Estate};
use crate::Plan;
use crate::load::Readers;
use crate::machine;
use crate::report::{Limit, Report};

const CLIENTS: usize = 4;
/// Every database is told of within this time.
const SETTLE: Duration = Duration::from_secs(120);
/// As often as agents report.
const REPORT_PERIOD: Duration = Duration::from_secs(1);
const PAGES: [(&str, &str); 8] = [
    ("/backups", "calendar of a week"),
    ("/backups?span=month", "calendar of a month"),
    ("/backups?view=sets", "sets"),
    ("/backups?view=copies", "copies"),
    ("/backups?view=copies&lost=dc-01", "copies without a data centre"),
    ("/api/v1/backups", "JSON of the calendar"),
    ("/api/v1/backups?view=sets", "JSON of sets"),
    ("/", "overview"),
];
const KB: f64 = 1_000.0;

pub async fn measure(bench: &Plan, report: &mut Report) -> Result<()> {
    let estate = Estate::new(bench.databases, Utc::now())?;
    let size = format!("{} databases", bench.databases);
    year(&estate, &size, report);
    let dir = TempDir::new()?;
    let file = dir.path().join("fleet.toml");
    fs::write(&file, &estate.toml)?;
    let setup = Setup { fleet_file: Some(file), own_database: true, ..Setup::default() };
    let mut world = World::start_with(setup).await?;
    remember(&world, &estate).await?;
    // Ends, and with it the agents, when it is dropped.
    let _agents = connect(&world, &estate).await?;
    known(&world, bench.databases).await?;
    let readers = Readers::sign_in(&world).await?;
    let size = format!("{size}, {} copies", bench.databases * usize::from(COPIES));
    for (path, name) in PAGES {
        let times = readers.ask(path, CLIENTS, bench.requests / CLIENTS).await?;
        let bytes = readers.size(path, "br").await? as f64 / KB;
        let count = times.whole.len();
        for (percent, limit) in [(50.0, Limit::None), (95.0, Limit::Below(100.0))] {
            let how = format!(
                "{path}, {count} requests, {CLIENTS} signed-in clients at once, whole answer, \
                 {bytes:.1} kB (br)"
            );
            let value = times.whole.percentile(percent);
            report.add(format!("{size}: {name}, p{percent}"), limit, value, "ms", how);
        }
    }
    let memory = machine::memory(world.server()?.id())?.rss as f64 / 1e6;
    report.add(format!("{size}: server, memory (RSS)"), Limit::None, memory, "MB", "at the end");
    Ok(())
}

/// Writes what the store would hold. Its connections are gone afterwards: the server needs all.
async fn remember(world: &World, estate: &Estate) -> Result<()> {
    let options = Options { reads: 1, acts: 1, background: 1 };
    let store = Store::connect(world.database_url(), options).await?;
    estate.remember(&store).await
}

/// The plan of a year, by core alone.
fn year(estate: &Estate, size: &str, report: &mut Report) {
    let begun = Instant::now();
    let planned = plan(&estate.fleet, None, estate.now, estate.now + TimeDelta::days(365));
    let seconds = begun.elapsed().as_secs_f64();
    let how = format!("`core::backup::plan` called once, {} copies, one thread", planned.len());
    report.add(format!("plan of a year, {size}"), Limit::Below(1.0), seconds, "s", how);
}

/// Agents of the protocol, but without anything to see: what they tell is made up.
async fn connect(world: &World, estate: &Estate) -> Result<JoinSet<()>> {
    let tokens: BTreeMap<DatacenterId, String> =
        serde_json::from_slice(&fs::read(world.tokens_file())?)?;
    let mut agents = JoinSet::new();
    for (datacenter, token) in tokens {
        let name = datacenter.as_str();
        let papers = agent::join(world, &token, name).await?;
        let channel = agent::channel(world, Some(&papers)).await?;
        let mut link = agent::open(channel, agent::hello(name)).await?;
        tell(&mut link, 1, &estate.seen(&datacenter)).await.context(datacenter)?;
        agents.spawn(async move {
            let mut period = tokio::time::interval(REPORT_PERIOD);
            for seq in 2.. {
                period.tick().await;
                if let Err(error) = tell(&mut link, seq, &[]).await {
                    eprintln!("a made-up agent ends: {error:#}");
                    return;
                }
            }
        });
    }
    Ok(agents)
}

async fn tell(link: &mut RawLink, seq: u64, databases: &[DatabaseReport]) -> Result<()> {
    let databases: serde_json::Result<Vec<String>> =
        databases.iter().map(serde_json::to_string).collect();
    let report = proto::Report { seq, full: seq == 1, databases: databases?, ..Default::default() };
    if !link.send(agent::message(from_agent::Body::Report(report))).await {
        bail!("the link is closed");
    }
    Ok(link.acknowledged(seq).await?)
}

/// Waits until the pages know of every copy.
async fn known(world: &World, databases: usize) -> Result<()> {
    let visitor = world.sign_in("viewer").await?;
    let mut last = String::new();
    let all = until("every copy is known", SETTLE, async || {
        let data = visitor.json("/api/v1/backups?view=sets").await.ok()?;
        let sets = data["sets"].as_array()?;
        last = format!("{} of {}, the first {}", data["answer"], data["total"], sets.first()?);
        let whole = |set: &serde_json::Value| {
            set["word"] == "On time and proven" && set["copies"] == u64::from(COPIES)
        };
        let total = u64::try_from(databases).ok()?;
        let answer = format!("{databases} of {databases} backups on time");
        let said = data["answer"]["sentence"].as_str()?.replace(',', "").starts_with(&answer);
        (data["total"] == total && said && sets.iter().all(whole)).then_some(())
    });
    let all = all.await;
    all.with_context(|| last)
}
