//! Failovers on real traffic: real agents, services and Envoys, and users whose ledger is the
//! independent witness of what they saw.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use mainstay_core::failover::{Act, Run, State};
use mainstay_lab::ledger::{Entry, read};
use mainstay_lab::load;
use mainstay_tests::{Program, Setup, Visitor, World, programs, until};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;

/// A fleet of real processes and proxies on a busy machine has started within this time.
const START: Duration = Duration::from_secs(90);
/// Something that a run waits for is there within this time.
const STEP: Duration = Duration::from_secs(60);
/// A whole run.
const WHOLE: Duration = Duration::from_secs(180);
/// Requests a second over both regions.
const RATE: &str = "120";
/// Requests that are looked at where all of them must be alike.
const MANY: usize = 200;
const REASON: &str = "a test of the whole";

/// A running fleet with users.
struct Town {
    world: World,
    visitor: Visitor,
    program: Program,
    ledger: PathBuf,
    keys: u32,
    _fleet: tempfile::TempDir,
}

impl Town {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let fleet_file = Some(programs::fleet_at_noon("failover.toml", dir.path()).unwrap());
        let lab_options = vec!["--load-rate".to_owned(), RATE.to_owned()];
        let setup = Setup { fleet_file, lab: true, lab_options, ..Setup::default() };
        let world = World::start_with(setup).await.unwrap();
        let visitor = world.sign_in("admin").await.unwrap();
        let program = Program::of(&visitor, "admin").await.unwrap();
        let ledger = load::ledger_folder(&world.lab_dir());
        let town = Self { world, visitor, program, ledger, keys: 0, _fleet: dir };
        let begun = DateTime::UNIX_EPOCH;
        town.since(begun, "users come", START, |all| all.len() >= MANY).await;
        // A plan moves nothing to a place that is not heard.
        until("every place can go away", START, async || {
            let data = town.visitor.json("/api/v1/failover").await.ok()?;
            let rows = data["datacenters"].as_array()?;
            let known = |row: &Value| row["verdict"] == "Ready" || row["verdict"] == "Warnings";
            rows.iter().all(known).then_some(())
        })
        .await
        .unwrap();
        town
    }

    fn key(&mut self) -> String {
        self.keys += 1;
        format!("test-{}", self.keys)
    }

    /// What users saw from a moment on, once it is as asked.
    async fn since(
        &self,
        since: DateTime<Utc>,
        what: &str,
        patience: Duration,
        done: impl Fn(&[Entry]) -> bool,
    ) -> Vec<Entry> {
        until(what, patience, async || {
            let entries = read::all(&self.ledger, Some(since)).ok()?;
            done(&entries).then_some(entries)
        })
        .await
        .unwrap()
    }

    /// No user was failed since a moment.
    fn nobody_failed(&self, since: DateTime<Utc>) {
        let failed = read::failed(&self.ledger, None, since, Utc::now()).unwrap();
        assert!(failed.is_empty(), "{} failed: {failed:?}", failed.len());
    }

    async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let response = self.program.post(path, body).await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Starts what must be good to start; the id of the run.
    async fn start(&mut self, path: &str, confirm: &str, overridden: &[&str]) -> String {
        let body = json!({
            "mode": "graceful", "reason": REASON, "confirm": confirm,
            "overridden": overridden, "emergency": true, "key": self.key(),
        });
        let (status, answer) = self.post(path, &body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["run"]["id"].as_str().unwrap().to_owned()
    }

    async fn run(&self, id: &str) -> Option<Run> {
        let data = self.visitor.json(&format!("/api/v1/failover/runs/{id}")).await.ok()?;
        serde_json::from_value(data["run"].clone()).ok()
    }

    async fn until(
        &self,
        id: &str,
        what: &str,
        patience: Duration,
        done: impl Fn(&Run) -> bool,
    ) -> Run {
        let mut last = None;
        let found = until(what, patience, async || {
            last = self.run(id).await;
            let run = last.as_ref()?;
            let stuck = matches!(run.state, State::Asking { .. });
            (stuck || done(run)).then_some(())
        });
        let found = found.await;
        let run = last.unwrap();
        assert!(found.is_ok() && done(&run), "{what}: {run:#?}\n{}", self.world.server_log());
        run
    }

    async fn done(&self, id: &str) -> Run {
        let run = self.until(id, "the run is over", WHOLE, Run::is_over).await;
        let State::Ended { outcome, .. } = &run.state else { unreachable!("it is over") };
        assert_eq!(*outcome, mainstay_core::failover::Outcome::Done, "{run:#?}");
        run
    }

    async fn crash(&mut self) {
        self.world.kill_server().unwrap();
        self.world.start_server().await.unwrap();
    }
}

/// When a run was over.
fn ended(run: &Run) -> DateTime<Utc> {
    let State::Ended { at, .. } = run.state else { panic!("not over: {run:?}") };
    at
}

/// No group began before the one above it was observed to be served.
fn in_order(run: &Run) {
    let mut above: Option<DateTime<Utc>> = None;
    for group in &run.plan.groups {
        let since = |step: &mainstay_core::failover::Step| run.steps[&step.id].since();
        let begun = group.steps.iter().filter_map(since).min();
        assert!(above <= begun, "{} began at {begun:?}, above ended {above:?}", group.id);
        let observed = group.steps.iter().find(|step| matches!(step.act, Act::Observe(_)));
        above = observed.and_then(|step| run.steps[&step.id].ended());
    }
}

/// Every step was taken once, and the audit log tells of each revision once.
async fn check_the_books(town: &Town, id: &str) {
    let pool = PgPool::connect(town.world.database_url()).await.unwrap();
    let number: i64 = id.trim_start_matches("fo-").parse().unwrap();
    let sql = "SELECT steps FROM failover_event WHERE run = $1 ORDER BY id";
    let events: Vec<Value> = sqlx::query_scalar(sql).bind(number).fetch_all(&pool).await.unwrap();
    let mut begun = BTreeSet::new();
    let mut over: BTreeMap<String, u32> = BTreeMap::new();
    for (step, state) in events.iter().filter_map(Value::as_object).flatten() {
        match state["kind"].as_str().unwrap() {
            "running" => drop(begun.insert((step.clone(), state["since"].to_string()))),
            "done" => *over.entry(step.clone()).or_default() += 1,
            other => panic!("{step} is {other}"),
        }
    }
    assert_eq!(begun.len(), over.len(), "a step began twice: {begun:#?}");
    assert!(over.values().all(|times| *times == 1), "a step was done twice: {over:#?}");
    let said = town.world.mainstay(&["audit", "verify"]).unwrap();
    assert!(said.contains("intact"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_centre_is_drained_in_order_and_comes_back_without_a_failed_user() {
    let mut town = Town::new().await;
    let begun = Utc::now();
    let start = "/api/v1/failover/plans/north/do/start";

    // What is missing is said all at once, and nothing begins.
    let bad = json!({ "reason": "so", "confirm": "south", "key": town.key() });
    let (status, answer) = town.post(start, &bad).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    let words = answer["detail"].as_str().unwrap();
    assert!(words.contains("reason") && words.contains("type north"), "{words}");

    let id = town.start(start, "north", &[]).await;
    let again = json!({ "reason": REASON, "confirm": "north", "key": town.key() });
    let (status, answer) = town.post(start, &again).await;
    assert_eq!(status, StatusCode::CONFLICT, "one at a time: {answer}");
    // The server dies while nodes come up, and while the second group is at it.
    town.crash().await;
    let second = |run: &Run| run.steps.keys().any(|step| step.0.starts_with("store/"));
    town.until(&id, "the second group begins", WHOLE, second).await;
    town.crash().await;
    let run = town.done(&id).await;
    in_order(&run);
    let groups: Vec<_> = run.plan.groups.iter().map(|group| group.id.as_str()).collect();
    assert_eq!(groups, ["social", "store", "logistics"]);
    let depot = run.plan.steps().find(|(_, step)| step.act.subject() == "depot").unwrap().1;
    assert_eq!(depot.to.as_ref().unwrap().as_str(), "centre", "where the warehouses are");

    // All requests are answered elsewhere.
    let moved = town.since(ended(&run), "users come", STEP, |all| all.len() >= MANY).await;
    let there = |entry: &&Entry| entry.datacenter.as_ref().is_some_and(|it| it.as_str() == "north");
    let stayed: Vec<_> = moved.iter().filter(there).collect();
    assert!(stayed.is_empty(), "answered in north: {stayed:?}");
    check_the_books(&town, &id).await;

    // And back, as a run of its own; gates hold a second start back for some minutes.
    let path = format!("/api/v1/failover/runs/{id}/do/fail-back");
    let body = json!({ "reason": REASON, "confirm": "north", "key": town.key() });
    let (status, answer) = town.post(&path, &body).await;
    assert_eq!(status, StatusCode::CONFLICT, "{answer}");
    assert!(answer["detail"].as_str().unwrap().contains("wait"), "{answer}");
    let back = town.start(&path, "north", &["wait"]).await;
    town.crash().await;
    let run = town.done(&back).await;
    let home = |all: &[Entry]| all.iter().any(|entry| there(&entry));
    town.since(ended(&run), "north is asked again", STEP, home).await;
    town.nobody_failed(begun);
    check_the_books(&town, &back).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_data_centre_is_left_and_its_users_are_served_elsewhere() {
    let mut town = Town::new().await;
    town.world.lab_fault(&["lose", "north"]).unwrap();
    until("north is not heard", STEP, async || {
        let data = town.visitor.json("/api/v1/failover/plans/south").await.ok()?;
        let findings = data["findings"].as_array()?;
        findings.iter().any(|it| it["kind"] == "unheard" && it["subject"] == "north").then_some(())
    })
    .await
    .unwrap();

    // Both of a region: local services stay down, and it is said why.
    let plan = town.visitor.json("/api/v1/failover/plans/middle").await.unwrap();
    let groups = plan["plan"]["groups"].as_array().unwrap();
    let last = groups.last().unwrap();
    assert_eq!(last["stays_down"][0]["service"], "depot", "{plan}");

    let id = town.start("/api/v1/failover/plans/north/do/start", "north", &[]).await;
    // Two operators at once: one pauses, the other goes on.
    let (_, answer) = town.post(&format!("/api/v1/failover/runs/{id}/do/pause"), &json!({})).await;
    assert_eq!(answer["run"]["state"]["kind"], "pausing", "{answer}");
    let paused = |run: &Run| matches!(run.state, State::Paused { .. });
    town.until(&id, "it is paused", STEP, paused).await;
    let (_, answer) = town.post(&format!("/api/v1/failover/runs/{id}/do/resume"), &json!({})).await;
    assert_eq!(answer["run"]["state"]["kind"], "running", "{answer}");
    let run = town.done(&id).await;
    in_order(&run);
    town.since(ended(&run), "users come", STEP, |all| all.len() >= MANY).await;
    town.nobody_failed(ended(&run));
    check_the_books(&town, &id).await;
}
