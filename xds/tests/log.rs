//! The access logs of a real Envoy: every request is counted once, where it belongs.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use anyhow::{Context, Result};
use common::client::Client;
use common::edge::Edge;
use common::upstream::Upstream;
use common::{Of, Replica, acknowledged, edge_id, routing, service, until};
use mainstay_core::traffic::Counts;
use mainstay_xds::Xds;

const REQUESTS: u64 = 3_000;

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_exact_to_the_request() -> Result<()> {
    let xds = Xds::new();
    let replica = Replica::start(&xds, Of("fra1"), None).await?;
    let (old, new) = (Upstream::start("old").await?, Upstream::start("new").await?);
    let endpoints = [("1", "fra1", old.address.clone()), ("2", "nyc1", new.address.clone())];
    let shares = [("1", 7_000), ("2", 2_000), ("3", 1_000)];
    let services = [("feed", service(&shares, &endpoints))];
    xds.publish(Arc::new(routing(1, &["edge"], &services)));
    let edge = Edge::start("edge", &[replica.address], None)?;
    acknowledged(&xds, "edge", 1).await?;
    let begin = chrono::Utc::now().timestamp();
    new.told.status.store(500, SeqCst);

    let mut client = Client::connect(edge.listen).await?;
    let mut seen: BTreeMap<(&str, u16), u64> = BTreeMap::new();
    for _ in 0..REQUESTS {
        let (status, body) = client.get("feed", "/").await?;
        let version = match body.as_str() {
            "old" => "1",
            "new" => "2",
            _ => "3",
        };
        *seen.entry((version, status)).or_default() += 1;
    }
    for path in ["/a", "/b"] {
        // For no service: counted nowhere.
        assert_eq!(client.get("nobody", path).await?.0, 404);
    }
    let mut told: BTreeMap<(String, Option<String>), Counts> = BTreeMap::new();
    let (mut heard, mut total) = (Vec::new(), 0);
    until("all are counted", async || {
        let taken = xds.traffic().take(chrono::Utc::now().timestamp());
        assert_eq!(taken.lost, 0);
        heard.extend(taken.heard.get(&edge_id("edge")).cloned().unwrap_or_default());
        for (second, series, counts) in taken.counts {
            assert!(second >= begin && series.service.as_str() == "feed");
            total += counts.requests;
            let datacenter = series.datacenter.as_ref().map(ToString::to_string);
            told.entry((series.version.clone(), datacenter)).or_default().add(&counts);
        }
        (total >= REQUESTS).then_some(())
    })
    .await
    .with_context(|| format!("{total} of {REQUESTS}: {told:?}; {seen:?}"))?;
    assert_eq!(total, REQUESTS);
    let of = |version: &str, datacenter: Option<&str>| {
        let key = (version.to_owned(), datacenter.map(str::to_owned));
        told.get(&key).map(|counts| (counts.requests, counts.errors, counts.latency.total()))
    };
    let (one, three) = (seen[&("1", 200)], seen[&("3", 503)]);
    assert_eq!(of("1", Some("fra1")), Some((one, 0, one)));
    assert_eq!(of("3", None), Some((three, three, three)), "nothing runs of it");
    // The only instance is ejected for a while: then the same requests reach none.
    let reached = of("2", Some("nyc1")).unwrap_or_default();
    let none = of("2", None).unwrap_or_default();
    let asked = seen.get(&("2", 500)).copied().unwrap_or_default();
    assert_eq!(reached, (asked, asked, asked));
    assert_eq!(told.len(), if none.0 == 0 { 3 } else { 4 });
    assert_eq!(one + three + asked, REQUESTS - none.0);

    // Every second since the edge came was heard, without a gap.
    let gaps = heard.windows(2).filter(|pair| pair[0].end != pair[1].start).count();
    assert!(gaps == 0 && !heard.is_empty(), "{heard:?}");
    Ok(())
}
