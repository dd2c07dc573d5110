//! What edges are told and say: refusals in Envoy's words, servers that go and come, certificates.

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use anyhow::Result;
use common::client::{Client, get};
use common::edge::Edge;
use common::upstream::Upstream;
use common::{Of, Replica, acknowledged, routing, service, state, until};
use mainstay_core::id::ServiceId;
use mainstay_core::routing::ServiceRouting;
use mainstay_xds::{Contact, Kind, Xds};
use tokio::net::TcpListener;

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_shown_in_envoys_words_and_stops_nothing_else() -> Result<()> {
    let xds = Xds::new();
    let replica = Replica::start(&xds, Of("fra1"), None).await?;
    let (old, new) = (Upstream::start("old").await?, Upstream::start("new").await?);
    let endpoints = |shop: &str| {
        let feed = [("1", "fra1", old.address.clone()), ("2", "fra1", new.address.clone())];
        (feed, [("1", "fra1", shop.to_owned())])
    };
    let publish = |revision, feed_weight: u16, shop: &str, shop_health: &str| {
        let (feed, shop) = endpoints(shop);
        let feed = service(&[("1", 10_000 - feed_weight), ("2", feed_weight)], &feed);
        let mut shop = service(&[("1", 10_000)], &shop);
        shop.health_path = shop_health.to_owned();
        let services = [("feed", feed), ("shop", shop)];
        xds.publish(Arc::new(routing(revision, &["one", "two"], &services)));
    };
    publish(1, 0, &old.address, "/health");
    let one = Edge::start("one", &[replica.address], None)?;
    let two = Edge::start("two", &[replica.address], None)?;
    acknowledged(&xds, "one", 1).await?;
    acknowledged(&xds, "two", 1).await?;
    let mut client = Client::connect(one.listen).await?;
    assert_eq!(client.get("shop", "/").await?.1, "old");

    // A cluster that Envoy refuses, and at the same time weights of another service.
    publish(2, 10_000, &old.address, "/a\nb");
    let refused = state(&xds, "one", "the refusal", |state| {
        state.nacks.first().is_some_and(|nack| nack.names == ["shop/1"])
            && state.acknowledged_revision == 2
    });
    let refused = refused.await?;
    let nack = refused.nacks[0].clone();
    assert_eq!((nack.kind, nack.revision), (Kind::Cluster, 2));
    assert!(nack.message.contains("path"), "{}", nack.message);
    assert_eq!(nack.services(), [ServiceId::new("shop").unwrap()].into(), "it halts nothing else");
    until("the other service moves", async || {
        client.get("feed", "/").await.ok().filter(|answer| answer.1 == "new")
    })
    .await?;
    assert_eq!(client.get("shop", "/").await?.1, "old", "the last good one stays");

    // Taken back, it is no refusal any more.
    publish(3, 5_000, &old.address, "/health");
    let fixed = acknowledged(&xds, "one", 3).await?;
    assert_eq!(fixed.nacks, []);

    // An address that is none.
    publish(4, 0, "nowhere:80", "/health");
    for edge in ["one", "two"] {
        let refused = state(&xds, edge, "the refusal", |state| !state.nacks.is_empty()).await?;
        let nack = refused.nacks[0].clone();
        assert_eq!((nack.kind, nack.names), (Kind::Endpoints, vec!["shop/1".to_owned()]));
        assert!(nack.message.contains("nowhere"), "{}", nack.message);
    }
    for edge in [&one, &two] {
        assert_eq!(get(edge.listen, "shop", "/").await?.1, "old", "the last good one stays");
    }
    publish(5, 0, &new.address, "/health");
    for (edge, listen) in [("one", one.listen), ("two", two.listen)] {
        assert_eq!(acknowledged(&xds, edge, 5).await?.nacks, []);
        // An address that stands alone and is new serves from its first health check on.
        until("the new address answers", async || {
            get(listen, "shop", "/").await.ok().filter(|answer| answer.1 == "new")
        })
        .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn edges_route_without_a_server_and_go_on_with_the_next() -> Result<()> {
    let first = Xds::new();
    let replica = Replica::start(&first, Of("fra1"), None).await?;
    let (old, new) = (Upstream::start("old").await?, Upstream::start("new").await?);
    let endpoints = [("1", "fra1", old.address.clone()), ("2", "fra1", new.address.clone())];
    let feed = |weights: &[(&str, u16)]| -> [(&'static str, ServiceRouting); 1] {
        [("feed", service(weights, &endpoints))]
    };
    let before = routing(7, &["edge"], &feed(&[("1", 10_000)]));
    first.publish(Arc::new(before.clone()));
    // The second server is not there yet.
    let second_at = TcpListener::bind("127.0.0.1:0").await?;
    let servers = [replica.address, second_at.local_addr()?];
    let second = Xds::new();
    let mut edge = Edge::start("edge", &servers, None)?;
    // Which of the two it tries first is Envoy's to choose.
    let second_replica = Replica::start_on(second_at, &second, Of("fra1"), None).await?;
    second.publish(Arc::new(before.clone()));
    let has = |xds: &Xds| {
        let edges = xds.edges().borrow().clone();
        edges.get("edge").is_some_and(|state| state.acknowledged_revision == 7)
    };
    until("one of the servers is used", async || (has(&first) || has(&second)).then_some(()))
        .await?;
    let (used, used_replica, other) =
        if has(&first) { (first, replica, second) } else { (second, second_replica, first) };

    used_replica.kill().await;
    let gone = state(&used, "edge", "gone", |state| !state.is_connected()).await?;
    assert!(matches!(gone.contact, Contact::Gone { .. }));
    assert_eq!(gone.acknowledged_revision, 7, "it goes on with what it has");
    for _ in 0..100 {
        assert_eq!(get(edge.listen, "feed", "/").await?, (200, "old".to_owned()));
    }
    // The other server takes over, and what is decided there arrives.
    let seen = acknowledged(&other, "edge", 7).await?;
    assert!(seen.is_connected());
    other.publish(Arc::new(routing(8, &["edge"], &feed(&[("2", 10_000)]))));
    acknowledged(&other, "edge", 8).await?;
    assert_eq!(get(edge.listen, "feed", "/").await?.1, "new");
    assert!(edge.process.try_wait()?.is_none(), "it is the same process");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_cluster_does_not_wait_for_endpoints() -> Result<()> {
    let xds = Xds::new();
    let replica = Replica::start(&xds, Of("fra1"), None).await?;
    let (old, new) = (Upstream::start("old").await?, Upstream::start("new").await?);
    let publish = |revision, in_flight, address: &str| {
        let mut feed = service(&[("1", 10_000)], &[("1", "fra1", address.to_owned())]);
        feed.limits.in_flight = in_flight;
        xds.publish(Arc::new(routing(revision, &["edge"], &[("feed", feed)])));
    };
    publish(1, 100, &old.address);
    let edge = Edge::start("edge", &[replica.address], None)?;
    acknowledged(&xds, "edge", 1).await?;
    let mut client = Client::connect(edge.listen).await?;
    assert_eq!(client.get("feed", "/").await?.1, "old");
    // A cluster that changed and is not told its endpoints again keeps the old ones for 15 s.
    let begun = std::time::Instant::now();
    publish(2, 200, &old.address);
    publish(3, 200, &new.address);
    acknowledged(&xds, "edge", 3).await?;
    until("the new endpoint answers", async || {
        client.get("feed", "/").await.ok().filter(|answer| answer.1 == "new")
    })
    .await?;
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    assert!(new.told.checks.load(SeqCst) > 0);
    Ok(())
}
