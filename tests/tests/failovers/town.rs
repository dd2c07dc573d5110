//! A running fleet with users, and what is asked of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use mainstay_core::failover::{Act, Run, State};
use mainstay_lab::ledger::{Entry, read};
use mainstay_lab::load;
use mainstay_tests::{Program, Setup, Visitor, World, owed, programs, until};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;

/// A fleet of real processes and proxies on a busy machine has started within this time.
pub const START: Duration = Duration::from_secs(180);
/// Something that a run waits for is there within this time.
pub const STEP: Duration = Duration::from_secs(60);
/// A whole run.
pub const WHOLE: Duration = Duration::from_secs(180);
/// Requests a second over both regions.
pub const RATE: &str = "120";
/// Requests that are looked at where all of them must be alike.
pub const MANY: usize = 200;
pub const REASON: &str = "a test of the whole";

/// A running fleet with users.
pub struct Town {
    pub world: World,
    pub visitor: Visitor,
    pub program: Program,
    pub ledger: PathBuf,
    keys: u32,
    _fleet: tempfile::TempDir,
}

impl Town {
    pub async fn new() -> Self {
        Self::with(Setup::default(), str::to_owned).await
    }

    /// In a world to order; `change`: what is else in the fleet file.
    pub async fn with(setup: Setup, change: impl Fn(&str) -> String) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = programs::fleet_at_noon("failover.toml", dir.path()).unwrap();
        let fleet = fs::read_to_string(&file).unwrap();
        fs::write(&file, change(&fleet)).unwrap();
        let mut lab_options = vec!["--load-rate".to_owned(), RATE.to_owned()];
        lab_options.extend(setup.lab_options.iter().cloned());
        let setup = Setup { fleet_file: Some(file), lab: true, lab_options, ..setup };
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

    pub fn key(&mut self) -> String {
        self.keys += 1;
        format!("test-{}", self.keys)
    }

    /// What users saw from a moment on, once it is as asked.
    pub async fn since(
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
    pub fn nobody_failed(&self, since: DateTime<Utc>) {
        let failed = read::failed(&self.ledger, None, since, Utc::now()).unwrap();
        assert!(failed.is_empty(), "{} failed: {failed:?}", failed.len());
    }

    /// Holds pages to what every page owes.
    pub async fn hold(&self, pages: &[&str]) {
        let pages: Vec<_> = pages.iter().map(|page| (*page).to_owned()).collect();
        let faults = owed::faults(&self.world, "admin", &pages).await.unwrap();
        assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    }

    pub async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let response = self.program.post(path, body).await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Starts what must be good to start; the id of the run.
    pub async fn start(&mut self, path: &str, confirm: &str, overridden: &[&str]) -> String {
        let body = json!({
            "mode": "graceful", "reason": REASON, "confirm": confirm,
            "overridden": overridden, "emergency": true, "key": self.key(),
        });
        let (status, answer) = self.post(path, &body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["run"]["id"].as_str().unwrap().to_owned()
    }

    pub async fn run(&self, id: &str) -> Option<Run> {
        let data = self.visitor.json(&format!("/api/v1/failover/runs/{id}")).await.ok()?;
        serde_json::from_value(data["run"].clone()).ok()
    }

    pub async fn until(
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

    pub async fn done(&self, id: &str) -> Run {
        let run = self.until(id, "the run is over", WHOLE, Run::is_over).await;
        let State::Ended { outcome, .. } = &run.state else { unreachable!("it is over") };
        assert_eq!(*outcome, mainstay_core::failover::Outcome::Done, "{run:#?}");
        run
    }

    pub async fn crash(&mut self) {
        self.world.kill_server().unwrap();
        self.world.start_server().await.unwrap();
    }
}

/// When a run was over.
pub fn ended(run: &Run) -> DateTime<Utc> {
    let State::Ended { at, .. } = run.state else { panic!("not over: {run:?}") };
    at
}

/// No group began before the one above it was observed to be served.
pub fn in_order(run: &Run) {
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
pub async fn check_the_books(town: &Town, id: &str) {
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
