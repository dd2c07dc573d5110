//! How long an edge takes to acknowledge: a look, not a test. Run with
//! `cargo test -p mainstay-xds --test latency -- --ignored --nocapture`.

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use common::edge::Edge;
use common::upstream::Upstream;
use common::{Of, Replica, acknowledged, routing, service};
use mainstay_xds::Xds;

const CHANGES: u64 = 300;
const SERVICES: usize = 50;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it measures"]
async fn from_publication_to_the_last_acknowledgement() -> Result<()> {
    for edges in [1, 4] {
        let names: Vec<String> = (0..edges).map(|number| format!("edge-{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut times = measure(&names).await?;
        times.sort();
        let at = |share: usize| times[(times.len() - 1) * share / 100];
        println!(
            "{edges} edges, {SERVICES} services, {CHANGES} changes of weights: \
             p50 {:?}, p99 {:?}, most {:?}",
            at(50),
            at(99),
            at(100)
        );
    }
    Ok(())
}

async fn measure(edges: &[&str]) -> Result<Vec<Duration>> {
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
        Arc::new(routing(revision, edges, &services))
    };
    xds.publish(change(1));
    let mut running = Vec::new();
    for edge in edges {
        running.push(Edge::start(edge, &[replica.address], None)?);
        acknowledged(&xds, edge, 1).await?;
    }
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
    Ok(times)
}
