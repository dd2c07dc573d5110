//! A fleet with one database, and what the tests ask of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::Utc;
use mainstay_tests::{Program, Setup, Visitor, World, owed, programs, until};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection, PgPool};

/// Real processes on a busy machine have started within this time.
pub const START: Duration = Duration::from_secs(120);
/// A copy, a test restore or a restore of a small database is over within this time; a repository
/// that is away is noticed, and a try made again.
pub const STEP: Duration = Duration::from_secs(180);
pub const SET: &str = "/api/v1/backups/sets/orders";
/// Whose turn the first copy is; the database runs in `south`.
pub const FIRST: &str = "north";
pub const SECOND: &str = "south";
/// What accounts and orders of the lab's database hold together, always.
pub const MONEY: i64 = 5_000 * 1_000_000;

/// A fleet with one database.
pub struct Town {
    pub world: World,
    pub admin: Visitor,
    pub program: Program,
    /// Fleet files as they are written for now.
    pub fleet: String,
    _dir: tempfile::TempDir,
}

impl Town {
    /// `change`: what is else in the fleet file to begin with.
    pub async fn new(change: impl Fn(&str) -> String) -> Self {
        Self::with_days(change, None).await
    }

    /// The same where a day of the policies passes in this time.
    pub async fn with_days(change: impl Fn(&str) -> String, day: Option<&str>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = programs::fleet_at_noon("backups.toml", dir.path()).unwrap();
        // It is early afternoon there, so that the date is that of UTC.
        let today = Utc::now().date_naive().to_string();
        let fleet = fs::read_to_string(&file).unwrap().replace("2026-01-01", &today);
        fs::write(&file, change(&fleet)).unwrap();
        let (fleet_file, databases) = (Some(file), true);
        let serve = day.into_iter().flat_map(|day| ["--day", day]).map(str::to_owned).collect();
        let setup = Setup { fleet_file, lab: true, databases, serve, ..Setup::default() };
        let world = World::start_with(setup).await.unwrap();
        let admin = world.sign_in("admin").await.unwrap();
        let program = Program::of(&admin, "admin").await.unwrap();
        Self { world, admin, program, fleet, _dir: dir }
    }

    pub async fn crash(&mut self) {
        self.world.kill_server().unwrap();
        self.world.start_server().await.unwrap();
    }

    /// Kills the server at each step that it writes down of backups, as soon as it is seen, until
    /// work of this task is over; how many times that was.
    pub async fn crash_at_each_step(&mut self, task: &str) -> usize {
        let pool = self.pool().await;
        let newest = "SELECT coalesce(max(id), 0) FROM audit_entry
                      WHERE action IN ('backup-step', 'database-work', 'database-result')";
        let over = "SELECT count(*) > 0 FROM database_work
                    WHERE task = $1 AND ended_at IS NOT NULL";
        let (mut seen, mut crashes) = (0_i64, 0);
        loop {
            let stepped = until("the next step is written down", STEP, async || {
                let id: i64 = sqlx::query_scalar(newest).fetch_one(&pool).await.ok()?;
                (id > seen).then_some(id)
            });
            let stepped = stepped.await;
            seen = *stepped.as_ref().unwrap_or_else(|_| panic!("{}", self.world.server_log()));
            self.crash().await;
            crashes += 1;
            let over = sqlx::query_scalar(over).bind(task).fetch_one(&pool).await;
            if over.unwrap() {
                return crashes;
            }
        }
    }

    /// Waits until what the API says is as asked.
    pub async fn until(
        &self,
        path: &str,
        what: &str,
        patience: Duration,
        done: impl Fn(&Value) -> bool,
    ) -> Value {
        let mut last = Value::Null;
        let found = until(what, patience, async || {
            last = self.admin.json(path).await.ok()?;
            done(&last).then_some(())
        });
        let found = found.await;
        assert!(found.is_ok(), "{what}: {last:#}\n{}", self.world.server_log());
        last
    }

    pub async fn set(&self, what: &str, done: impl Fn(&Value) -> bool) -> Value {
        self.until(SET, what, STEP, done).await
    }

    /// The address of the first run, as soon as there is one.
    pub async fn first_run(&self) -> String {
        let some = |set: &Value| !rows(&set["runs"]).is_empty();
        let set = self.until(SET, "a run begins by itself", START, some).await;
        format!("/api/v1{}", text(&set["runs"][0]["href"]))
    }

    /// Waits until a run is in a state.
    pub async fn run(&self, path: &str, kind: &str) -> Value {
        self.until(path, kind, STEP, |it| it["run"]["state"]["kind"] == kind).await
    }

    /// Waits until the only copy in a repository is seen; its address.
    pub async fn copy_in(&self, datacenter: &str) -> String {
        let set = self.set("the copy is read", |set| copies(set, datacenter).len() == 1).await;
        format!("/api/v1{}", text(&copies(&set, datacenter)[0]["href"]))
    }

    /// Holds pages of the API's addresses to what every page owes.
    pub async fn hold(&self, role: &str, addresses: &[String]) {
        let page = |path: &String| path.trim_start_matches("/api/v1").to_owned();
        let pages: Vec<_> = addresses.iter().map(page).collect();
        let faults = owed::faults(&self.world, role, &pages).await.unwrap();
        assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    }

    pub async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        answer(&self.program, path, body).await
    }

    /// Asks for a copy now; its run.
    pub async fn ask(&self, kind: &str) -> String {
        let body = json!({ "kind": kind, "reason": "a test" });
        let (status, answer) = self.post(&format!("{SET}/do/run-now"), &body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        format!("/api/v1/backups/runs/{}", text(&answer["run"]))
    }

    /// A way into the store.
    pub async fn pool(&self) -> PgPool {
        PgPool::connect(self.world.database_url()).await.unwrap()
    }

    /// Where a repository is.
    pub fn repository(&self, datacenter: &str) -> PathBuf {
        self.ground().join("repositories").join(datacenter)
    }

    /// Asks for a test restore and waits until it is over; its row.
    pub async fn prove(&self, copy: &str, target: &Value) -> Value {
        self.prove_as(copy, &json!({ "target": target, "reason": "a test" })).await
    }

    /// The same, asked for in these words.
    pub async fn prove_as(&self, copy: &str, body: &Value) -> Value {
        let (status, answer) = self.post(&format!("{copy}/do/prove"), body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let id = text(&answer["work"]);
        let ended = |row: &&Value| row["id"] == id && !row["ended_at"].is_null();
        let over = |data: &Value| rows(&data["proofs"]).iter().any(|row| ended(&row));
        let data = self.until(copy, "the test restore is over", STEP, over).await;
        rows(&data["proofs"]).iter().find(ended).unwrap().clone()
    }

    /// What lies in the repositories: labels of finished copies, by data centre.
    pub fn on_disk(&self) -> BTreeMap<String, Vec<String>> {
        let mut found = BTreeMap::new();
        for datacenter in names(&self.ground().join("repositories")) {
            let copies = self.ground().join("repositories").join(&datacenter);
            let copies = copies.join("backup").join("orders");
            let finished = |label: &String| {
                label.contains('F') && copies.join(label).join("backup.manifest").is_file()
            };
            let labels: Vec<String> = names(&copies).into_iter().filter(finished).collect();
            if !labels.is_empty() {
                found.insert(datacenter, labels);
            }
        }
        found
    }

    /// Where the lab keeps everything of databases.
    pub fn ground(&self) -> PathBuf {
        self.world.lab_dir().join("databases")
    }

    /// A session with the database itself.
    pub async fn session(&self) -> PgConnection {
        let folder = self.world.lab_dir().to_string_lossy().into_owned();
        let line = ["lab", "database", "list", "--json", "--data-dir", &folder];
        let said: Value = serde_json::from_str(&self.world.mainstay(&line).unwrap()).unwrap();
        let options = PgConnectOptions::new().username("postgres").database("app");
        let options = options.socket(text(&said[0]["socket_dir"]));
        options.connect().await.unwrap()
    }

    /// Writes a word into the database, in a transaction of its own.
    pub async fn mark(&self, session: &mut PgConnection, word: &str) {
        let sql = "INSERT INTO marks (word) VALUES ($1)";
        sqlx::query(sql).bind(word).execute(session).await.unwrap();
    }
}

pub async fn answer(program: &Program, path: &str, body: &Value) -> (StatusCode, Value) {
    let response = program.post(path, body).await.unwrap();
    let (status, text) = (response.status(), response.text().await.unwrap());
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

pub fn rows(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// Copies that a set lists in a repository.
pub fn copies<'a>(set: &'a Value, datacenter: &str) -> &'a [Value] {
    let of = |it: &&Value| it["datacenter"] == datacenter;
    rows(&set["repositories"]).iter().find(of).map(|it| rows(&it["copies"])).unwrap_or_default()
}

pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
