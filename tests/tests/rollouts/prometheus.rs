//! A real Prometheus: it scrapes the server, and rollouts ask it what their plan demands.

use std::fs;
use std::path::Path;
use std::process::Command;

use chrono::Utc;
use mainstay_lab::ledger::read;
use mainstay_lab::load;
use mainstay_tests::ports::Port;
use mainstay_tests::process::{Ending, Process};
use mainstay_tests::{programs, until};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::town::{STEP, Town, kind};

const REASON: &str = "the plan asks the metric system";
/// The share of the new version's requests that failed.
const ERRORS: &str = "sum(rate(mainstay_edge_request_errors_total{service='$service',\
                      version='$version'}[10s])) / sum(rate(mainstay_edge_requests_total{\
                      service='$service',version='$version'}[10s]))";
/// Its requests a second.
const REQUESTS: &str =
    "sum(rate(mainstay_edge_requests_total{service='$service',version='$version'}[10s]))";

/// One that scrapes each second; ends when dropped.
struct Prometheus {
    port: Port,
    dir: tempfile::TempDir,
    process: Option<Process>,
}

impl Prometheus {
    fn new() -> Self {
        Self { port: Port::take().unwrap(), dir: tempfile::tempdir().unwrap(), process: None }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number())
    }

    /// Starts it, or starts it again with what it knows.
    fn start(&mut self, town: &Town) {
        let config = json!({
            "global": { "scrape_interval": "1s", "scrape_timeout": "1s" },
            "scrape_configs": [{
                "job_name": "mainstay",
                "authorization": { "credentials": town.program.token() },
                "static_configs": [{ "targets": [town.world.console_address().to_string()] }],
            }],
        });
        // JSON is YAML.
        let file = self.dir.path().join("prometheus.yml");
        fs::write(&file, config.to_string()).unwrap();
        let mut command = Command::new(programs::prometheus().unwrap());
        let option = |name: &str, value: &Path| format!("--{name}={}", value.display());
        command
            .arg(option("config.file", &file))
            .arg(option("storage.tsdb.path", &self.dir.path().join("data")))
            .arg(format!("--web.listen-address=127.0.0.1:{}", self.port.number()))
            .arg("--log.level=warn");
        let log = self.dir.path().join("log");
        let process = Process::start("Prometheus", &mut command, &log, Ending::Asked);
        self.process = Some(process.unwrap());
    }

    /// The one value of a query; `None`: there is none now.
    async fn value(&self, query: &str) -> Option<f64> {
        let url = format!("{}/api/v1/query", self.url());
        let asked = Client::new().get(url).query(&[("query", query)]).send().await.ok()?;
        let answer: Value = asked.json().await.ok()?;
        answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    }
}

/// Puts a plan in force that asks for this beside the comparison.
async fn demand(town: &Town, condition: &str) {
    let file = fs::read_to_string(town.world.fleet()).unwrap();
    let others = "conditions = [{ errors_most = 80 }]";
    assert!(file.contains(others));
    let file = file.replace(others, &format!("conditions = [{condition}]"));
    town.program.apply_fleet(&file, REASON).await.unwrap();
}

/// The page of the rollout's one condition, as data.
async fn condition(town: &Town, id: &str) -> Value {
    town.visitor.json(&format!("/api/v1/rollouts/{id}/conditions/1")).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prometheus_scrapes_what_users_did_and_a_rollout_goes_by_what_it_answers() {
    let mut prometheus = Prometheus::new();
    let mut town = Town::with(&["--prometheus", &prometheus.url()]).await;
    prometheus.start(&town);
    it_counts_every_request(&town, &prometheus).await;

    demand(&town, &format!("{{ promql = \"{ERRORS}\", most = 0.2 }}")).await;
    let steps = json!([
        { "weight": 50, "watch_seconds": 20 },
        { "weight": 55, "watch_seconds": 20 },
        { "weight": 100, "watch_seconds": 3600 },
    ]);
    let id = town.started("shop", "1.1.0", Some(steps.clone())).await;
    let second = |it: &Value| it["rollout"]["state"]["at"]["step"] == 1;
    town.until(&id, "the first step passes", STEP, second).await;
    let page = condition(&town, &id).await;
    let passed = page["values"].as_array().unwrap().iter();
    let passed = passed.filter(|row| row["step"] == 1 && row["verdict"] == "Passed").count();
    assert!(passed > 0, "{page:#}");
    let query = page["query"].as_str().unwrap();
    assert!(query.contains("service='shop',version='1.1.0'"), "{query}");

    // Nobody answers: that is not known to be good, so nothing goes on.
    prometheus.process = None;
    let paused = town.until(&id, "it pauses", STEP, |it| kind(it) == "paused").await;
    assert_eq!(paused["rollout"]["state"]["why"]["kind"], "not-measured", "{paused:#}");
    prometheus.start(&town);
    until("it answers again", STEP, async || prometheus.value("up").await).await.unwrap();
    let (status, answer) = town.ask(&id, "resume").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let third = |it: &Value| it["rollout"]["state"]["at"]["step"] == 2;
    town.until(&id, "the second step passes", STEP, third).await;
    let (status, answer) = town.ask(&id, "abort").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    town.until_kind(&id, "rolled-back", STEP).await;
    let (status, answer) = town.ask(&id, "end").await;
    assert_eq!(status, StatusCode::OK, "{answer}");

    // What cannot hold takes a version back, with what was asked and what was answered.
    demand(&town, &format!("{{ promql = \"{REQUESTS}\", least = 100000 }}")).await;
    let id = town.started("shop", "1.2.0", Some(steps)).await;
    let back = town.until_kind(&id, "rolled-back", STEP).await;
    let why = &back["rollout"]["state"]["why"];
    assert_eq!(why["kind"], "limit", "{why}");
    let value: f64 = why["words"].as_str().unwrap().parse().unwrap();
    assert!(value > 0.0, "{why}");
    let page = condition(&town, &id).await;
    assert_eq!(page["values"][0]["verdict"], "Failed", "{page:#}");
}

/// What Prometheus counts is what users did: no fewer than before it was asked, and no more than
/// afterwards.
async fn it_counts_every_request(town: &Town, prometheus: &Prometheus) {
    let folder = load::ledger_folder(&town.world.lab_dir());
    let made = || {
        let all = read::all(&folder, None).unwrap();
        all.into_iter().filter(|entry| entry.status.is_some()).count() as f64
    };
    let before = made();
    let counted = until("all is scraped", STEP, async || {
        let counted = prometheus.value("sum(mainstay_edge_requests_total)").await?;
        (counted >= before).then_some(counted)
    });
    let counted = counted.await.unwrap();
    let begun = Utc::now();
    let after = until("users have them too", STEP, async || {
        let after = made();
        (after >= counted || Utc::now() - begun > chrono::TimeDelta::seconds(5)).then_some(after)
    });
    let after = after.await.unwrap();
    assert!(before <= counted && counted <= after, "{before}, {counted}, {after}");
}
