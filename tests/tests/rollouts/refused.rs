//! A configuration that a real Envoy refuses, in the middle of a rollout.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::Utc;
use mainstay_tests::agent::{self, RawLink};
use mainstay_tests::until;
use mainstay_wire::proto::{self, to_agent};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::town::{STEP, Town, check_the_books};

const PLACE: &str = "south";
/// No edge takes a name for an address.
const NOWHERE: &str = "nowhere:80";
/// How often it reports, as an agent whose instances change would.
const PERIOD: Duration = Duration::from_millis(500);

/// Stands in for the agent of a data centre that was cut off: it tells of the instances that run
/// there, and says of new ones where nobody can go.
struct Liar {
    told: Arc<Mutex<Vec<proto::Instance>>>,
    task: JoinHandle<()>,
}

impl Liar {
    async fn in_place_of_the_agent(town: &Town) -> Self {
        let told: Vec<_> = instances(town).await;
        town.world.lab_fault(&["cut", PLACE]).unwrap();
        until("the agent is cut off", STEP, async || {
            let data = town.visitor.json(&format!("/api/v1/datacenters/{PLACE}")).await.ok()?;
            (data["heard"] == false).then_some(())
        })
        .await
        .unwrap();
        let invited = town.post("/api/v1/agents/do/invite", &json!({ "datacenter": PLACE })).await;
        let token = invited.1["secret"].as_str().unwrap_or_else(|| panic!("{invited:?}"));
        let papers = agent::join(&town.world, token, PLACE).await.unwrap();
        let channel = agent::channel(&town.world, Some(&papers)).await.unwrap();
        let link = agent::open(channel, agent::hello(PLACE)).await.unwrap();
        let told = Arc::new(Mutex::new(told));
        let task = tokio::spawn(report(link, Arc::clone(&told)));
        Self { told, task }
    }

    /// Tells of new instances beside the others.
    fn claim(&self, version: &str) {
        let new = |n: u32| proto::Instance {
            version: version.to_owned(),
            endpoint: Some(NOWHERE.to_owned()),
            ..agent::instance(&format!("shop-{PLACE}-new-{n}"), "shop")
        };
        self.told.lock().unwrap().extend((1..=2).map(new));
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reports for as long as the link stands; commands are read and not carried out.
async fn report(mut link: RawLink, told: Arc<Mutex<Vec<proto::Instance>>>) {
    let mut clock = tokio::time::interval(PERIOD);
    for seq in 1.. {
        clock.tick().await;
        let now = told.lock().unwrap().clone();
        if !link.send(agent::report(seq, now)).await {
            return;
        }
        // Whatever it is: the report's acknowledgement, a command, a checkpoint.
        let said: Result<to_agent::Body, _> = link.next().await;
        if said.is_err() {
            return;
        }
    }
}

/// What runs there, as the agent itself told it.
async fn instances(town: &Town) -> Vec<proto::Instance> {
    let data = town.visitor.json(&format!("/api/v1/datacenters/{PLACE}")).await.unwrap();
    let rows = data["instances"]["rows"].as_array().unwrap_or_else(|| panic!("{data}"));
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let instance = |row: &Value| proto::Instance {
        version: text(row, "version"),
        endpoint: Some(text(row, "endpoint")),
        handle: Some(text(row, "handle")),
        ..agent::instance(&text(row, "id"), &text(row, "service"))
    };
    rows.iter().map(instance).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_that_an_envoy_refuses_takes_its_version_back() {
    let mut town = Town::new().await;
    let begun = Utc::now();
    let liar = Liar::in_place_of_the_agent(&town).await;
    let id = town.started("shop", "1.4.0", None).await;
    town.until_kind(&id, "preparing", STEP).await;
    liar.claim("1.4.0");
    let back = |it: &Value| {
        let kind = &it["rollout"]["state"]["kind"];
        kind == "rolling-back" || kind == "rolled-back"
    };
    let standing = town.until(&id, "it is taken back", STEP, back).await;
    let why = &standing["rollout"]["state"]["why"];
    assert_eq!(why["kind"], "refused", "{why}");
    assert!(why["edge"].as_str().unwrap_or_default().starts_with("edge-"), "which edge: {why}");
    let words = why["message"].as_str().unwrap_or_default();
    assert!(words.contains("nowhere"), "Envoy's own words: {why}");
    town.until_kind(&id, "rolled-back", STEP).await;
    let page = town.visitor.page(&format!("/rollouts/{id}")).await.unwrap();
    assert!(page.contains("malformed IP address: nowhere"), "{page}");
    let list = town.visitor.json("/api/v1/rollouts/quarantine").await.unwrap();
    assert!(list.to_string().contains("1.4.0"), "{list}");
    town.nobody_failed(begun);
    check_the_books(&town, &id).await;
}
