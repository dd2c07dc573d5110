//! Requests through a real Envoy: shares, endpoints, limits.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use common::client::{Client, get};
use common::edge::Edge;
use common::upstream::Upstream;
use common::{Of, Replica, acknowledged, routing, service};
use mainstay_xds::Xds;

/// Counts answers by body.
async fn ask(client: &mut Client, host: &str, times: u32) -> Result<BTreeMap<String, u32>> {
    let mut answers = BTreeMap::new();
    for _ in 0..times {
        let (status, body) = client.get(host, "/").await?;
        anyhow::ensure!(status == 200, "{status}: {body}");
        *answers.entry(body).or_default() += 1;
    }
    Ok(answers)
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_follow_weights_and_what_is_removed_gets_nothing() -> Result<()> {
    let xds = Xds::new();
    let replica = Replica::start(&xds, Of("fra1"), None).await?;
    let (old, new, other) = (
        Upstream::start("old").await?,
        Upstream::start("new").await?,
        Upstream::start("other").await?,
    );
    let endpoints = [
        ("1", "fra1", old.address.clone()),
        ("1", "fra1", other.address.clone()),
        ("2", "fra1", new.address.clone()),
    ];
    let publish = |revision, weights: &[(&str, u16)], endpoints: &[(&str, &str, String)]| {
        let feed = service(weights, endpoints);
        xds.publish(Arc::new(routing(revision, &["edge"], &[("feed", feed)])));
    };
    publish(1, &[("1", 9_000), ("2", 1_000)], &endpoints);
    let edge = Edge::start("edge", &[replica.address], None)?;
    let state = acknowledged(&xds, "edge", 1).await?;
    assert!(state.is_connected());
    assert_eq!(state.proxy_version.as_deref(), Some("1.40.0"));

    let mut client = Client::connect(edge.listen).await?;
    let answers = ask(&mut client, "feed", 2_000).await?;
    // Ten percent of 2,000 is 200 with a standard deviation of 13.4.
    assert!((130..=270).contains(&answers["new"]), "{answers:?}");
    assert!(answers["old"] > 500 && answers["other"] > 500, "{answers:?}");

    publish(2, &[("1", 0), ("2", 10_000)], &endpoints);
    acknowledged(&xds, "edge", 2).await?;
    assert_eq!(ask(&mut client, "feed", 300).await?["new"], 300, "what was acknowledged holds");

    // A host that is gone gets nothing although its checks would pass.
    publish(3, &[("1", 10_000)], &[endpoints[0].clone()]);
    acknowledged(&xds, "edge", 3).await?;
    let before = other.requests();
    assert_eq!(ask(&mut client, "feed", 300).await?["old"], 300);
    assert_eq!(other.requests(), before);

    for host in ["feed:8080", "feed.example.org", "FEED"] {
        assert_eq!(client.get(host, "/").await?.1, "old", "{host}");
    }
    let (status, words) = client.get("nobody", "/").await?;
    assert!(status == 404 && words.starts_with("No service"), "{status} {words}");

    xds.publish(Arc::new(routing(4, &["edge"], &[])));
    acknowledged(&xds, "edge", 4).await?;
    assert_eq!(get(edge.listen, "feed", "/").await?.0, 404, "a service that is gone");
    Ok(())
}
