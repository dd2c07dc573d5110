//! The small fleet with real processes: it comes up, it is told as it is, it outlives the server.

use std::collections::BTreeMap;
use std::time::Duration;

use mainstay_tests::{Visitor, World, until};

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
    let before = visitor.json("/api/v1/services/feed/in/fra1").await.unwrap();
    world.kill_server().unwrap();
    world.start_server().await.unwrap();
    all_is_well(&mut world).await;
    let after = visitor.json("/api/v1/services/feed/in/fra1").await.unwrap();
    let ids = |data: &serde_json::Value| {
        let mut ids: Vec<String> = Vec::new();
        collect_instances(data, "feed-fra1-", &mut ids);
        ids.sort();
        ids.dedup();
        ids
    };
    assert_eq!(ids(&before).len(), 2, "{before}");
    assert_eq!(ids(&before), ids(&after), "the same instances go on");
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
    let cell = "/api/v1/services/stock/in/fra2";
    let mut ids = Vec::new();
    collect_instances(&visitor.json(cell).await.unwrap(), "stock-fra2-", &mut ids);
    ids.sort();
    let text = |data: serde_json::Value| data.to_string();
    let instance = format!("/api/v1/instances/{}", ids[0]);
    let before = text(visitor.json(&instance).await.unwrap());
    world.lab_fault(&["kill", &ids[0]]).unwrap();
    until("the instance's story goes on", PATIENCE, async || {
        let now = text(visitor.json(&instance).await.ok()?);
        let restarted =
            now.matches("\"restarts\":1").count() > before.matches("\"restarts\":1").count();
        restarted.then_some(())
    })
    .await
    .unwrap();
    all_is_well(&mut world).await;
}

/// All texts in some JSON that begin like the instances' ids.
fn collect_instances(data: &serde_json::Value, start: &str, into: &mut Vec<String>) {
    match data {
        serde_json::Value::String(text) if text.starts_with(start) => into.push(text.clone()),
        serde_json::Value::Array(items) => {
            items.iter().for_each(|item| collect_instances(item, start, into));
        }
        serde_json::Value::Object(fields) => {
            fields.values().for_each(|field| collect_instances(field, start, into));
        }
        serde_json::Value::String(_)
        | serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_) => {}
    }
}
