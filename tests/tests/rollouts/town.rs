//! A running fleet with users, and what is asked of it.

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
pub const START: Duration = Duration::from_secs(90);
/// A bench, or one step of a rollout, is over within this time.
pub const STEP: Duration = Duration::from_secs(60);
/// A whole rollout.
pub const WHOLE: Duration = Duration::from_secs(300);
/// Requests a second over both regions.
pub const RATE: &str = "180";
/// The p95 of answers. Their times are random and the same for all versions, so that a machine that
/// is busy with other things is not taken for a version that is slow.
pub const P95: &str = "800ms";
/// Every version of the shop that a test knows.
pub const VERSIONS: [&str; 5] = ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"];
/// Requests that are looked at where all of them must be alike.
pub const MANY: usize = 200;

/// A running fleet with users.
pub struct Town {
    pub world: World,
    pub visitor: Visitor,
    pub program: Program,
    ledger: PathBuf,
    /// Keys of requests so far.
    keys: u32,
    _fleet: tempfile::TempDir,
}

impl Town {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With these options of `serve`.
    pub async fn with(serve: &[&str]) -> Self {
        let serve = serve.iter().map(|option| (*option).to_owned()).collect();
        let dir = tempfile::tempdir().unwrap();
        let fleet_file = Some(programs::fleet_at_noon("rollout.toml", dir.path()).unwrap());
        let lab_options = vec!["--load-rate".to_owned(), RATE.to_owned()];
        let setup = Setup { fleet_file, lab: true, serve, lab_options, ..Setup::default() };
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

    pub fn key(&mut self) -> String {
        self.keys += 1;
        format!("test-{}", self.keys)
    }

    /// What users of the shop saw, once it is as asked.
    pub async fn seen(
        &self,
        what: &str,
        patience: Duration,
        done: impl Fn(&[Entry]) -> bool,
    ) -> Vec<Entry> {
        self.since(DateTime::UNIX_EPOCH, what, patience, done).await
    }

    /// The same of requests sent at a moment or later.
    pub async fn since(
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
    pub async fn all_by(&self, version: &str, since: DateTime<Utc>) {
        let seen = self.since(since, "users come", STEP, |all| all.len() >= MANY).await;
        let others = seen.iter().filter(|entry| entry.version.as_deref() != Some(version));
        let others: Vec<_> = others.collect();
        assert!(others.is_empty(), "not by {version} since {since}: {others:?}");
    }

    /// No user was failed since a moment.
    pub fn nobody_failed(&self, since: DateTime<Utc>) {
        let failed = read::failed(&self.ledger, None, since, Utc::now()).unwrap();
        assert!(failed.is_empty(), "{} failed: {failed:?}", failed.len());
    }

    pub async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let response = self.program.post(path, body).await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Runs the bench of a version of a service until it has passed.
    pub async fn bench(&mut self, service: &str, version: &str) {
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

    /// Asks for a rollout; `steps`: instead of the plan's.
    pub async fn start(
        &mut self,
        service: &str,
        version: &str,
        steps: Option<Value>,
    ) -> (StatusCode, Value) {
        let body = json!({
            "request": { "version": version, "configuration_compatible": true, "steps": steps },
            "key": self.key(),
        });
        self.post(&format!("/api/v1/services/{service}/do/start-rollout"), &body).await
    }

    /// Starts a rollout that must be good to start; its id.
    pub async fn started(&mut self, service: &str, version: &str, steps: Option<Value>) -> String {
        self.bench(service, version).await;
        let (status, answer) = self.start(service, version, steps).await;
        assert!(status.is_success(), "{status} {answer}");
        answer["rollout"]["id"].as_str().unwrap().to_owned()
    }

    pub async fn ask(&mut self, id: &str, verb: &str) -> (StatusCode, Value) {
        let body = json!({ "key": self.key() });
        self.post(&format!("/api/v1/rollouts/{id}/do/{verb}"), &body).await
    }

    /// How a rollout stands; `None`: the server does not say now.
    pub async fn standing(&self, id: &str) -> Option<Value> {
        self.visitor.json(&format!("/api/v1/rollouts/{id}/standing")).await.ok()
    }

    /// Waits until a rollout is as asked; a pause that is not asked for ends the wait.
    pub async fn until(
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
    pub async fn promoted(&self, id: &str) -> DateTime<Utc> {
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

    pub async fn until_kind(&self, id: &str, wanted: &str, patience: Duration) -> Value {
        self.until(id, wanted, patience, |standing| kind(standing) == wanted).await
    }
}

pub fn shop() -> ServiceId {
    ServiceId::new("shop").unwrap()
}

/// The name of the state.
pub fn kind(standing: &Value) -> &str {
    standing["rollout"]["state"]["kind"].as_str().unwrap_or_default()
}

pub fn moment(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

/// Every step was taken once: the rollout's own log, its revisions and the audit log agree.
pub async fn check_the_books(town: &Town, id: &str) {
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
