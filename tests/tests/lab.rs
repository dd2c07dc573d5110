//! The small fleet with real processes: it comes up, it is told as it is, it outlives the server.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use mainstay_tests::{Setup, Visitor, World, until};
use serde_json::Value;

/// Declared by `tests/fleets/small.toml`: feed 3 × 2, ingest 2 × 2, stock 2 × 2.
const INSTANCES: f64 = 14.0;
const DATACENTERS: f64 = 3.0;
/// Real processes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The values of a gauge, by its label.
async fn gauge(visitor: &Visitor, name: &str) -> Option<BTreeMap<String, f64>> {
    let text = visitor.get("/metrics").await.ok()?.text().await.ok()?;
    let lines = text.lines().filter_map(|line| line.strip_prefix(&format!("{name}{{")));
    let values = lines.filter_map(|line| {
        let (label, value) = line.split_once("} ")?;
        Some((label.split('"').nth(1)?.to_owned(), value.parse().ok()?))
    });
    Some(values.collect())
}

/// Waits until all declared instances are healthy, every data centre is heard, and nothing else is.
async fn all_is_well(world: &mut World) {
    let visitor = world.sign_in("viewer").await.unwrap();
    let mut last = String::new();
    let well = until("the whole fleet is healthy", PATIENCE, async || {
        if let Err(error) = world.lab().and_then(|lab| lab.check()) {
            return Some(Err(error));
        }
        let heard = gauge(&visitor, "mainstay_datacenter_heard").await?;
        let instances = gauge(&visitor, "mainstay_instances").await?;
        last = format!("{heard:?} {instances:?}");
        let whole = heard.values().sum::<f64>() == DATACENTERS
            && instances.values().sum::<f64>() == INSTANCES
            && instances.get("healthy") == Some(&INSTANCES);
        whole.then_some(Ok(()))
    });
    well.await.unwrap_or_else(|error| panic!("{error}: {last}")).unwrap();
}

#[tokio::test]
async fn the_fleet_comes_up_and_nothing_is_doubled_by_a_crash_of_the_server() {
    let mut world = World::start_with_lab().await.unwrap();
    all_is_well(&mut world).await;
    let visitor = world.sign_in("viewer").await.unwrap();
    let before = instances(&visitor, "feed/in/fra1").await;
    assert_eq!(before.len(), 2, "{before:?}");
    let then = written_down(&visitor).await;
    world.kill_server().unwrap();
    world.start_server().await.unwrap();
    all_is_well(&mut world).await;
    assert_eq!(instances(&visitor, "feed/in/fra1").await, before, "the same instances go on");
    // The past is as it was, whatever happened since.
    world.lab_fault(&["stop", "feed-fra1-1"]).unwrap();
    until("an instance is failing", PATIENCE, async || {
        let now = visitor.json("/api/v1/topology").await.ok()?;
        (now["counts"]["failing"] == 1).then_some(())
    })
    .await
    .unwrap();
    let past = visitor.json(&then).await.unwrap();
    assert_eq!(past["counts"]["healthy"], INSTANCES, "{past}");
}

/// The address of the topology as of a moment at which all was well, once that is written down.
async fn written_down(visitor: &Visitor) -> String {
    let written = until("a moment is written down", PATIENCE, async || {
        let now = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
        let then = format!("/api/v1/topology?at={now}");
        let past = visitor.json(&then).await.ok()?;
        (past["counts"]["healthy"] == INSTANCES).then_some(then)
    });
    written.await.unwrap()
}

#[tokio::test]
async fn a_silent_data_centre_is_unknown_and_comes_back() {
    let mut world = World::start_with_lab().await.unwrap();
    all_is_well(&mut world).await;
    let visitor = world.sign_in("viewer").await.unwrap();
    world.lab_fault(&["cut", "sin1"]).unwrap();
    // Feed and ingest have two instances each in Singapore; the others are not touched.
    until("what cannot be heard is unknown", PATIENCE, async || {
        let heard = gauge(&visitor, "mainstay_datacenter_heard").await?;
        let instances = gauge(&visitor, "mainstay_instances").await?;
        let unknown = heard.get("sin1") == Some(&0.0) && instances.get("unknown") == Some(&4.0);
        (unknown && instances.get("healthy") == Some(&10.0)).then_some(())
    })
    .await
    .unwrap();
    world.lab_fault(&["heal", "sin1"]).unwrap();
    all_is_well(&mut world).await;
}

#[tokio::test]
async fn a_killed_instance_is_started_again() {
    let mut world = World::start_with_lab().await.unwrap();
    all_is_well(&mut world).await;
    let visitor = world.sign_in("viewer").await.unwrap();
    let id = instances(&visitor, "stock/in/fra2").await.pop_first().unwrap();
    let address = format!("/api/v1/instances/{id}");
    world.lab_fault(&["kill", &id]).unwrap();
    until("the agent tells of one restart", PATIENCE, async || {
        let data = visitor.json(&address).await.ok()?;
        values(&data, "restarts").iter().any(|count| **count == 1).then_some(())
    })
    .await
    .unwrap();
    all_is_well(&mut world).await;
}

/// What `mainstay lab load` says of the users.
fn load(world: &World, change: &[&str]) -> anyhow::Result<Value> {
    let folder = world.lab_dir().to_string_lossy().into_owned();
    let line = [&["lab", "load", "--json", "--data-dir", &folder], change].concat();
    Ok(serde_json::from_str::<Value>(&world.mainstay(&line)?)?["load"].take())
}

/// Waits until users have made so many requests more, and says how many failed since the start.
async fn requests(world: &World, more: u64) -> u64 {
    let count = |load: &Value, name: &str| load[name].as_u64().unwrap_or_default();
    let before = count(&load(world, &[]).unwrap(), "made");
    let made = until("users make requests", PATIENCE, async || {
        let load = load(world, &[]).ok()?;
        (count(&load, "made") >= before + more).then_some(load)
    });
    count(&made.await.unwrap(), "failed")
}

#[tokio::test]
async fn users_enter_through_real_edges_and_do_not_notice_when_the_server_is_gone() {
    let setup = Setup { fleet: "edged.toml", lab: true, ..Setup::default() };
    let mut world = World::start_with(setup).await.unwrap();
    until("every service is reached through every edge", PATIENCE, async || {
        let load = load(&world, &["--rate", "100"]).ok()?;
        (load["closed"].as_u64() == Some(0)).then_some(())
    })
    .await
    .unwrap();
    assert_eq!(requests(&world, 200).await, 0);
    world.kill_server().unwrap();
    assert_eq!(requests(&world, 300).await, 0, "edges go on without the server");
    world.start_server().await.unwrap();
    assert_eq!(requests(&world, 300).await, 0, "nor is its return noticed");
    let folder = world.lab_dir().to_string_lossy().into_owned();
    let line = ["lab", "ledger", "summary", "--json", "--data-dir", &folder];
    let summary: Value = serde_json::from_str(&world.mainstay(&line).unwrap()).unwrap();
    let versions = &summary["versions"];
    assert!(versions["shop"]["1.0.0"]["requests"].as_u64() > Some(100), "{summary}");
    assert!(versions["depot"]["5.0.0"]["requests"].as_u64() > Some(10), "{summary}");
    assert_eq!(summary["edges"].as_object().map(|edges| edges.len()), Some(2), "{summary}");
}

/// The values of a field wherever it stands in some JSON.
fn values<'a>(data: &'a Value, field: &str) -> Vec<&'a Value> {
    match data {
        Value::Array(items) => items.iter().flat_map(|item| values(item, field)).collect(),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match name == field {
                true => vec![value],
                false => values(value, field),
            })
            .collect(),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// The ids of the instances of a cell.
async fn instances(visitor: &Visitor, cell: &str) -> BTreeSet<String> {
    let data = visitor.json(&format!("/api/v1/services/{cell}")).await.unwrap();
    let start = cell.replace("/in/", "-") + "-";
    let ids = values(&data, "id").into_iter().filter_map(Value::as_str);
    ids.filter(|id| id.starts_with(&start)).map(str::to_owned).collect()
}
