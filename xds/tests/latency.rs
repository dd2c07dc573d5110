//! How long an edge takes to acknowledge: a look, not a test. Run with
//! `cargo test -p mainstay-xds --test latency -- --ignored --nocapture`.

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use common::edge::Edge;
use common::upstream::Upstream;
use common::{Of, Replica, acknowledged, routing, service};
use mainstay_core::routing::Limits;
use mainstay_xds::Xds;

const CHANGES: u64 = 300;
const SERVICES: usize = 50;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it measures"]
async fn from_publication_to_the_last_acknowledgement() -> Result<()> {
    for edges in [1, 4] {
        let names: Vec<String> = (0..edges).map(|number| format!("edge-{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (mut times, envoy, own) = measure(&names).await?;
        times.sort();
        let at = |share: usize| times[(times.len() - 1) * share / 100];
        println!(
            "{edges} edges, {SERVICES} services, {CHANGES} changes of weights: \
             p50 {:?}, p99 {:?}, most {:?}; CPU a change {:?} of each Envoy, {:?} of the server",
            at(50),
            at(99),
            at(100),
            envoy / u32::try_from(CHANGES)? / u32::try_from(names.len())?,
            own / u32::try_from(CHANGES)?,
        );
    }
    Ok(())
}

/// Time of each change, and the CPU time of all Envoys and of this process.
async fn measure(edges: &[&str]) -> Result<(Vec<Duration>, Duration, Duration)> {
    let xds = Xds::new();
    let replica = Replica::start(&xds, Of("fra1"), None).await?;
    let up = Upstream::start("up").await?;
    let endpoints = [("1", "fra1", up.address.clone()), ("2", "fra1", up.address.clone())];
    let names: Vec<String> = (0..SERVICES).map(|number| format!("service-{number}")).collect();
    let change = |revision: u64| {
        let mut services: Vec<_> = names
            .iter()
            .map(|name| (name.as_str(), service(&[("1", 10_000)], &endpoints)))
            .collect();
        let share = if revision.is_multiple_of(2) { 0 } else { 500 };
        services[0].1 = service(&[("1", 10_000 - share), ("2", share)], &endpoints);
        services.iter_mut().for_each(|(_, service)| service.limits = Limits::default());
        Arc::new(routing(revision, edges, &services))
    };
    xds.publish(change(1));
    let mut running = Vec::new();
    for edge in edges {
        running.push(Edge::start(edge, &[replica.address], None)?);
        acknowledged(&xds, edge, 1).await?;
    }
    let ids: Vec<u32> = running.iter().filter_map(|edge| edge.process.id()).collect();
    let used = || ids.iter().map(|id| cpu(*id)).sum::<Result<Duration>>();
    let before = (used()?, cpu(std::process::id())?);
    let mut times = Vec::new();
    let mut states = xds.edges();
    for revision in 2..2 + CHANGES {
        let next = change(revision);
        let begun = Instant::now();
        xds.publish(next);
        states
            .wait_for(|states| states.values().all(|state| state.acknowledged_revision == revision))
            .await
            .context("the states go on")?;
        times.push(begun.elapsed());
    }
    Ok((times, used()? - before.0, cpu(std::process::id())? - before.1))
}

/// CPU time that a process used: fields 14 and 15 of its `stat`, in hundredths of a second.
fn cpu(process: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("a name in brackets")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}
