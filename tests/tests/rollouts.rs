//! Rollouts on real traffic: real agents, services and Envoys, and users whose ledger is the
//! independent witness of what they saw.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use mainstay_core::id::ServiceId;
use mainstay_lab::ledger::{Entry, read};
use mainstay_lab::load;
use mainstay_tests::{Program, Setup, Visitor, World, programs, until};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;

/// A fleet of real processes and proxies on a busy machine has started within this time.
const START: Duration = Duration::from_secs(90);
/// A bench, or one step of a rollout, is over within this time.
const STEP: Duration = Duration::from_secs(60);
/// A whole rollout.
const WHOLE: Duration = Duration::from_secs(300);
/// Requests a second over both regions.
const RATE: &str = "180";
/// The p95 of answers. Their times are random and the same for all versions, so that a machine that
/// is busy with other things is not taken for a version that is slow.
const P95: &str = "800ms";
/// Every version of the shop that a test knows.
const VERSIONS: [&str; 5] = ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"];
/// Requests that are looked at where all of them must be alike.
const MANY: usize = 200;

/// A running fleet with users.
struct Town {
    world: World,
    visitor: Visitor,
    program: Program,
    ledger: PathBuf,
    /// Keys of requests so far.
    keys: u32,
    _fleet: tempfile::TempDir,
}

impl Town {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let fleet_file = Some(programs::fleet_at_noon("rollout.toml", dir.path()).unwrap());
        let lab_options = vec!["--load-rate".to_owned(), RATE.to_owned()];
        let setup = Setup { fleet_file, lab: true, lab_options, ..Setup::default() };
        let world = World::start_with(setup).await.unwrap();
        let visitor = world.sign_in("admin").await.unwrap();
        let program = Program::of(&visitor, "admin").await.unwrap();
        let ledger = load::ledger_folder(&world.lab_dir());
        let town = Self { world, visitor, program, ledger, keys: 0, _fleet: dir };
        town.seen("users come", START, |all| !all.is_empty()).await;
        for version in VERSIONS {
            let slow = ["slow", "--service", "shop", "--version", version, "--p95", P95];
            town.world.lab_fault(&slow).unwrap();
        }
        let seen = town.seen("users are served", START, |all| all.len() >= MANY).await;
        assert!(seen.iter().all(|entry| entry.version.as_deref() == Some("1.0.0")));
        town
    }

    fn key(&mut self) -> String {
        self.keys += 1;
        format!("test-{}", self.keys)
    }

    /// What users of the shop saw, once it is as asked.
    async fn seen(
        &self,
        what: &str,
        patience: Duration,
        done: impl Fn(&[Entry]) -> bool,
    ) -> Vec<Entry> {
        self.since(DateTime::UNIX_EPOCH, what, patience, done).await
    }

    /// The same of requests sent at a moment or later.
    async fn since(
        &self,
        since: DateTime<Utc>,
        what: &str,
        patience: Duration,
        done: impl Fn(&[Entry]) -> bool,
    ) -> Vec<Entry> {
        until(what, patience, async || {
            let mut entries = read::all(&self.ledger, Some(since)).ok()?;
            entries.retain(|entry| entry.service == shop());
            done(&entries).then_some(entries)
        })
        .await
        .unwrap()
    }

    /// Every request sent since a moment, of enough of them, was answered by this version.
    async fn all_by(&self, version: &str, since: DateTime<Utc>) {
        let seen = self.since(since, "users come", STEP, |all| all.len() >= MANY).await;
        let others = seen.iter().filter(|entry| entry.version.as_deref() != Some(version));
        let others: Vec<_> = others.collect();
        assert!(others.is_empty(), "not by {version} since {since}: {others:?}");
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

    /// Runs the bench of a version of a service until it has passed.
    async fn bench(&mut self, service: &str, version: &str) {
        let body = json!({ "version": version, "key": self.key() });
        let path = format!("/api/v1/services/{service}/do/run-bench");
        let (status, answer) = self.post(&path, &body).await;
        assert!(status.is_success(), "{status} {answer}");
        let path = format!("/api/v1/services/{service}/bench/results");
        until("the bench is over", STEP, async || {
            let data = self.visitor.json(&path).await.ok()?;
            let results = data["results"].as_array()?;
            let of = results.iter().find(|result| result["version"] == version)?;
            let state = &of["report"]["state"];
            assert!(["running", "passed"].iter().any(|it| state["kind"] == *it), "{of}");
            (state["kind"] == "passed").then_some(())
        })
        .await
        .unwrap();
    }

    async fn start(&mut self, service: &str, version: &str) -> (StatusCode, Value) {
        let body = json!({
            "request": { "version": version, "configuration_compatible": true },
            "key": self.key(),
        });
        self.post(&format!("/api/v1/services/{service}/do/start-rollout"), &body).await
    }

    /// Starts a rollout that must be good to start; its id.
    async fn started(&mut self, service: &str, version: &str) -> String {
        self.bench(service, version).await;
        let (status, answer) = self.start(service, version).await;
        assert!(status.is_success(), "{status} {answer}");
        answer["rollout"]["id"].as_str().unwrap().to_owned()
    }

    async fn ask(&mut self, id: &str, verb: &str) -> (StatusCode, Value) {
        let body = json!({ "key": self.key() });
        self.post(&format!("/api/v1/rollouts/{id}/do/{verb}"), &body).await
    }

    /// How a rollout stands; `None`: the server does not say now.
    async fn standing(&self, id: &str) -> Option<Value> {
        self.visitor.json(&format!("/api/v1/rollouts/{id}/standing")).await.ok()
    }

    /// Waits until a rollout is as asked; a pause that is not asked for ends the wait.
    async fn until(
        &self,
        id: &str,
        what: &str,
        patience: Duration,
        done: impl Fn(&Value) -> bool,
    ) -> Value {
        let mut last = Value::Null;
        let found = until(what, patience, async || {
            last = self.standing(id).await?;
            let stuck = kind(&last) == "paused" && !done(&last);
            (stuck || done(&last)).then_some(())
        });
        let found = found.await;
        assert!(found.is_ok() && done(&last), "{what}: {last:#}\n{}", self.world.server_log());
        last
    }

    /// Waits until a rollout is promoted and every edge carries that out; since when it does. Up to
    /// then edges send the old version what the last step held back.
    async fn promoted(&self, id: &str) -> DateTime<Utc> {
        let everywhere = |it: &Value| {
            let wanted = it["rollout"]["routing_revision"].as_i64();
            let mut edges = it["edges"].as_object().into_iter().flat_map(|edges| edges.values());
            kind(it) == "promoted"
                && wanted.is_some()
                && edges.all(|edge| edge["acknowledged_revision"].as_i64() >= wanted)
        };
        let standing = self.until(id, "promoted at every edge", WHOLE, everywhere).await;
        let edges = standing["edges"].as_object().unwrap().values();
        edges.map(|edge| moment(&edge["acknowledged_at"])).max().unwrap()
    }

    async fn until_kind(&self, id: &str, wanted: &str, patience: Duration) -> Value {
        self.until(id, wanted, patience, |standing| kind(standing) == wanted).await
    }
}

fn shop() -> ServiceId {
    ServiceId::new("shop").unwrap()
}

/// The name of the state.
fn kind(standing: &Value) -> &str {
    standing["rollout"]["state"]["kind"].as_str().unwrap_or_default()
}

fn moment(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

/// Every step was taken once: the rollout's own log, its revisions and the audit log agree.
async fn check_the_books(town: &Town, id: &str) {
    let pool = PgPool::connect(town.world.database_url()).await.unwrap();
    let number: i64 = id.trim_start_matches("ro-").parse().unwrap();
    let sql = "SELECT state FROM rollout_event WHERE rollout = $1 ORDER BY id";
    let states: Vec<Value> = sqlx::query_scalar(sql).bind(number).fetch_all(&pool).await.unwrap();
    let steps: Vec<_> =
        states.iter().map(|state| format!("{} {}", state["kind"], state["at"])).collect();
    let different: BTreeSet<_> = steps.iter().collect();
    assert_eq!(different.len(), steps.len(), "a step was taken twice: {steps:#?}");
    let sql = "SELECT body FROM audit_entry WHERE object = $1 ORDER BY id";
    let object = format!("/rollouts/{id}");
    let bodies: Vec<String> = sqlx::query_scalar(sql).bind(object).fetch_all(&pool).await.unwrap();
    let mut revisions: BTreeMap<i64, u32> = BTreeMap::new();
    for body in &bodies {
        let event: Value = serde_json::from_str(body).unwrap();
        assert_eq!(event["outcome"], "done", "{event}");
        // A test that was ordered is no step.
        if event["action"] == "node-test" {
            continue;
        }
        let revision = event["after"]["revision"].as_i64();
        *revisions.entry(revision.unwrap_or(1)).or_default() += 1;
    }
    let expected: BTreeMap<i64, u32> = (1..=states.len() as i64).map(|it| (it, 1)).collect();
    assert_eq!(revisions, expected, "entries by the revision they tell of");
    let said = town.world.mainstay(&["audit", "verify"]).unwrap();
    assert!(said.contains("intact"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_version_is_benched_rolled_out_taken_back_and_undone_without_a_failed_user() {
    let mut town = Town::new().await;
    let begun = Utc::now();
    let (status, answer) = town.start("shop", "1.1.0").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    assert!(answer["detail"].as_str().unwrap().contains("run its bench first"), "{answer}");
    let id = town.started("shop", "1.1.0").await;
    let (status, answer) = town.start("shop", "1.1.0").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    assert_eq!(answer["findings"][0]["kind"], "busy", "two exclude each other: {answer}");

    // One click in the middle, and the same click again.
    town.until_kind(&id, "watching", STEP).await;
    let click = json!({ "key": "one-click" });
    let (status, first) = town.post("/api/v1/services/shop/do/roll-back", &click).await;
    assert_eq!(status, StatusCode::OK, "{first}");
    assert_eq!(first["rollout"]["state"]["kind"], "rolling-back", "{first}");
    let (status, second) = town.post("/api/v1/services/shop/do/roll-back", &click).await;
    assert_eq!((status, &second), (StatusCode::OK, &first), "the first answer");
    let standing = town.until_kind(&id, "rolled-back", STEP).await;
    let done = moment(&standing["rollout"]["state"]["at"]);
    town.all_by("1.0.0", done).await;

    // Undone, it goes on where it was, and all the way.
    let (status, answer) = town.ask(&id, "undo").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let everywhere = town.promoted(&id).await;
    town.all_by("1.1.0", everywhere).await;

    // And back again after it was promoted.
    let (status, answer) =
        town.post("/api/v1/services/shop/do/roll-back", &json!({ "key": "again" })).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let standing = town.until_kind(&id, "rolled-back", STEP).await;
    town.all_by("1.0.0", moment(&standing["rollout"]["state"]["at"])).await;
    town.nobody_failed(begun);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_version_is_taken_back_by_itself_and_stays_out() {
    let mut town = Town::new().await;
    town.bench("shop", "1.2.0").await;
    // A mistake that only users meet, and the bench did not.
    let bad = ["errors", "--service", "shop", "--version", "1.2.0", "--share", "50%"];
    town.world.lab_fault(&bad).unwrap();
    let (status, answer) = town.start("shop", "1.2.0").await;
    assert!(status.is_success(), "{answer}");
    let id = answer["rollout"]["id"].as_str().unwrap().to_owned();
    let standing = town.until_kind(&id, "rolled-back", WHOLE).await;
    let state = &standing["rollout"]["state"];
    assert_eq!(
        (&state["why"]["kind"], &state["why"]["metric"]),
        (&json!("analysis"), &json!("errors"))
    );
    town.all_by("1.0.0", moment(&state["at"])).await;
    let detected = |event: &&Value| event["state"]["kind"] == "rolling-back";
    let events = standing["events"].as_array().unwrap();
    println!("taken back at {} ({})", events.iter().find(detected).unwrap()["at"], state["why"]);

    let data = town.visitor.json("/api/v1/rollouts/quarantine").await.unwrap();
    assert_eq!(data["rows"][0]["version"], "1.2.0", "{data}");
    let (status, answer) = town.ask(&id, "end").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let (status, answer) = town.start("shop", "1.2.0").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    assert_eq!(answer["findings"][0]["kind"], "quarantined", "{answer}");
    check_the_books(&town, &id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_in_any_state_goes_on_and_takes_no_step_twice() {
    let mut town = Town::new().await;
    let begun = Utc::now();
    let id = town.started("shop", "1.3.0").await;
    let crash = async |town: &mut Town| {
        town.world.kill_server().unwrap();
        town.world.start_server().await.unwrap();
    };
    // While instances come up, while the first step is watched, and the second.
    crash(&mut town).await;
    town.until_kind(&id, "watching", STEP).await;
    crash(&mut town).await;
    let second = |it: &Value| kind(it) == "watching" && it["rollout"]["state"]["at"]["step"] == 1;
    town.until(&id, "the second step is watched", WHOLE, second).await;
    crash(&mut town).await;
    let other = |it: &Value| it["rollout"]["state"]["at"]["wave"] == 1;
    town.until(&id, "the second wave begins", WHOLE, other).await;
    // And on the way back.
    let (status, answer) = town.ask(&id, "roll-back").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    crash(&mut town).await;
    let standing = town.until_kind(&id, "rolled-back", STEP).await;
    town.all_by("1.0.0", moment(&standing["rollout"]["state"]["at"])).await;
    town.nobody_failed(begun);
    check_the_books(&town, &id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_data_centre_is_waited_for_and_a_rolling_update_goes_node_by_node() {
    let mut town = Town::new().await;
    let begun = Utc::now();
    let id = town.started("shop", "1.4.0").await;
    town.until_kind(&id, "watching", STEP).await;
    town.world.lab_fault(&["cut", "south"]).unwrap();
    let waits = |standing: &Value| {
        let waits = standing["waits"].as_array().into_iter().flatten();
        waits.into_iter().any(|wait| wait["kind"] == "agent" && wait["datacenter"] == "south")
    };
    let standing = town.until(&id, "the agent is waited for", STEP, waits).await;
    assert_eq!(standing["rollout"]["state"]["at"]["wave"], 0, "{standing:#}");
    town.world.lab_fault(&["heal", "south"]).unwrap();
    let goes_on = |it: &Value| it["rollout"]["state"]["at"]["wave"] == 1;
    town.until(&id, "it goes on by itself", WHOLE, goes_on).await;
    check_the_books(&town, &id).await;

    let id = town.started("depot", "5.1.0").await;
    let standing = town.until_kind(&id, "promoted", WHOLE).await;
    let tested = standing["events"].as_array().unwrap().iter();
    let tested: Vec<_> = tested.filter(|event| event["state"]["kind"] == "testing").collect();
    assert_eq!(tested.len(), 2, "each node was tested: {tested:?}");
    town.nobody_failed(begun);
    check_the_books(&town, &id).await;
}
