//! What protects services and users: checks, ejection, retries, limits.

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use anyhow::Result;
use common::client::{Client, get, in_session};
use common::edge::Edge;
use common::upstream::Upstream;
use common::{Of, Replica, acknowledged, routing, service, until};
use mainstay_core::routing::ServiceRouting;
use mainstay_xds::Xds;
use tokio::task::JoinSet;

/// An edge that carries out one service called `feed`.
async fn edge_of(feed: ServiceRouting) -> Result<(Xds, Replica, Edge)> {
    let xds = Xds::new();
    let replica = Replica::start(&xds, Of("fra1"), None).await?;
    xds.publish(Arc::new(routing(1, &["edge"], &[("feed", feed)])));
    let edge = Edge::start("edge", &[replica.address], None)?;
    acknowledged(&xds, "edge", 1).await?;
    Ok((xds, replica, edge))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nearest_that_is_healthy_answers() -> Result<()> {
    let names = ["here", "near", "far"];
    let [here, near, far] = [
        Upstream::start(names[0]).await?,
        Upstream::start(names[1]).await?,
        Upstream::start(names[2]).await?,
    ];
    let endpoints = [
        ("1", "fra1", here.address.clone()),
        ("1", "fra2", near.address.clone()),
        ("1", "nyc1", far.address.clone()),
    ];
    let (_xds, _replica, edge) = edge_of(service(&[("1", 10_000)], &endpoints)).await?;
    let mut client = Client::connect(edge.listen).await?;
    for _ in 0..50 {
        assert_eq!(client.get("feed", "/").await?.1, "here");
    }
    // Checks fail, requests would not: the region answers.
    here.told.healthy.store(false, SeqCst);
    until("the region answers", async || {
        client.get("feed", "/").await.ok().filter(|answer| answer.1 == "near")
    })
    .await?;
    let before = here.requests();
    for _ in 0..50 {
        assert_eq!(client.get("feed", "/").await?.1, "near");
    }
    assert_eq!(here.requests(), before);
    // Gone without a word, in the middle of requests: none of them fails.
    let users = tokio::spawn(async move {
        let mut bodies = Vec::new();
        for _ in 0..2_000 {
            bodies.push(client.get("feed", "/").await?);
        }
        anyhow::Ok(bodies)
    });
    let seen = near.requests();
    until("requests run", async || (near.requests() > seen + 100).then_some(())).await?;
    near.kill().await;
    let answers = users.await??;
    assert!(answers.iter().all(|(status, _)| *status == 200), "a request failed");
    assert_eq!(answers.last().map(|(_, body)| body.as_str()), Some("far"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brown_out_is_ejected_although_its_checks_pass() -> Result<()> {
    let (good, bad) = (Upstream::start("good").await?, Upstream::start("bad").await?);
    let endpoints = [("1", "fra1", good.address.clone()), ("1", "fra1", bad.address.clone())];
    let (_xds, _replica, edge) = edge_of(service(&[("1", 10_000)], &endpoints)).await?;
    let mut client = Client::connect(edge.listen).await?;
    bad.told.status.store(500, SeqCst);
    let mut failed = 0;
    for _ in 0..1_000 {
        failed += u32::from(client.get("feed", "/").await?.0 != 200);
    }
    // Ten in a row eject it; a passed check each second must not bring it back.
    assert!((10..=40).contains(&failed), "{failed} failed");
    let (seen, checks) = (bad.requests(), bad.told.checks.load(SeqCst));
    until("two more checks pass", async || {
        (bad.told.checks.load(SeqCst) >= checks + 2).then_some(())
    })
    .await?;
    for _ in 0..100 {
        assert_eq!(client.get("feed", "/").await?.0, 200);
    }
    assert_eq!(bad.requests(), seen);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_in_excess_are_dropped_and_those_that_stand_go_on() -> Result<()> {
    const MOST: u32 = 8;
    let upstream = Upstream::start("here").await?;
    let endpoints = [("1", "fra1", upstream.address.clone())];
    let xds = Xds::new();
    let replica = Replica::start(&xds, Of("fra1"), None).await?;
    let feed = service(&[("1", 10_000)], &endpoints);
    xds.publish(Arc::new(routing(1, &["edge"], &[("feed", feed)])));
    let edge = Edge::start_with("edge", &[replica.address], None, MOST)?;
    acknowledged(&xds, "edge", 1).await?;
    let mut users = Vec::new();
    for _ in 0..MOST {
        let mut user = Client::connect(edge.listen).await?;
        assert_eq!(user.get("feed", "/").await?, (200, "here".to_owned()));
        users.push(user);
    }
    for _ in 0..2 * MOST {
        assert!(get(edge.listen, "feed", "/").await.is_err(), "it is dropped, and not answered");
        for user in &mut users {
            assert_eq!(user.get("feed", "/").await?.0, 200, "users who are in finish");
        }
    }
    users.pop();
    until("there is room again", async || {
        get(edge.listen, "feed", "/").await.ok().filter(|answer| answer.0 == 200)
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn identical_requests_too_often_are_answered_429() -> Result<()> {
    let upstream = Upstream::start("up").await?;
    let mut feed = service(&[("1", 10_000)], &[("1", "fra1", upstream.address.clone())]);
    feed.limits.identical_per_second = 5;
    let (xds, _replica, edge) = edge_of(feed).await?;
    let mut client = Client::connect(edge.listen).await?;
    // Different ones, more than Envoy remembers by default, are not limited.
    for number in 0..100 {
        assert_eq!(client.get("feed", &format!("/{number}")).await?.0, 200);
    }
    let mut limited = 0;
    for _ in 0..200 {
        limited += u64::from(client.get("feed", "/same").await?.0 == 429);
    }
    assert!(limited >= 100, "{limited} limited");
    for number in 0..100 {
        assert_eq!(client.get("feed", &format!("/other/{number}")).await?.0, 200);
    }
    // They reached no version, so they are counted apart.
    let (mut told, mut requests) = (0, 0);
    until("all are in the log", async || {
        let taken = xds.traffic().take(i64::MAX);
        told += taken.limited.iter().map(|(.., count)| count).sum::<u64>();
        requests += taken.counts.iter().map(|(.., counts)| counts.requests).sum::<u64>();
        (told + requests >= 400).then_some(())
    })
    .await?;
    assert_eq!((told, requests), (limited, 400 - limited));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn newcomers_are_turned_away_before_users_in_a_session() -> Result<()> {
    let upstream = Upstream::start("up").await?;
    let mut feed = service(&[("1", 10_000)], &[("1", "fra1", upstream.address.clone())]);
    feed.limits.in_flight = 40;
    let (_xds, _replica, edge) = edge_of(feed).await?;
    let waiting = &upstream.told.waiting;
    let mut users = JoinSet::new();
    // A quarter of what may be in flight is for newcomers.
    for _ in 0..10 {
        users.spawn(async move { get(edge.listen, "feed", "/wait").await });
    }
    until("they wait", async || (waiting.load(SeqCst) == 10).then_some(())).await?;
    let (status, _) = get(edge.listen, "feed", "/").await?;
    assert_eq!(status, 503, "one newcomer too many");
    for _ in 0..30 {
        users.spawn(async move { in_session(edge.listen, "feed", "/wait").await });
    }
    until("all wait", async || (waiting.load(SeqCst) == 40).then_some(())).await?;
    assert_eq!(in_session(edge.listen, "feed", "/").await?.0, 503, "one user too many");
    upstream.told.may_answer.add_permits(40);
    for answer in users.join_all().await {
        assert_eq!(answer?, (200, "up".to_owned()), "calls in progress finish");
    }
    assert_eq!(get(edge.listen, "feed", "/").await?.0, 200);
    Ok(())
}
