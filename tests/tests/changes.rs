//! Everything that changes something: each way of doing it leaves its entry in the audit log, is
//! done once, and is refused where it must be.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use mainstay_tests::agent;
use mainstay_tests::estate::Wanted;
use mainstay_tests::html::form_fields;
use mainstay_tests::{Program, Setup, Visitor, World, programs, until};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;

/// A fleet of real processes on a busy machine has started within this time.
const START: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(30);
/// Every route with what it leaves, as the server's own test writes it from the table.
const ROUTES: &str = include_str!("../../server/routes.txt");
const INVITE: &str = "/api/v1/agents/do/invite";
const PASSWORD: &str = "a long enough password";
const REASON: (&str, &str) = ("reason", "a test of what it leaves");

fn wanted() -> Wanted<'static> {
    BTreeMap::from([
        ("north", vec![("depot", "5.0.0", 2), ("shop", "1.0.0", 2)]),
        ("south", vec![("shop", "1.0.0", 2)]),
    ])
}

async fn world(lab: bool) -> World {
    World::start_with(Setup { fleet: "pair.toml", lab, ..Setup::default() }).await.unwrap()
}

/// `path → action` of every route that changes something.
fn mutating() -> BTreeMap<&'static str, &'static str> {
    let lines = ROUTES.lines().filter(|line| !line.starts_with('#'));
    let routes = lines.filter_map(|line| {
        let (route, rest) = line.split_once(" needs ")?;
        let action = rest.split_once(" leaves \"")?.1.split('"').next()?;
        Some((route.split_once(' ')?.1, action))
    });
    routes.collect()
}

/// Walks the routes that change something, and holds each use against the audit log.
struct Walk<'w> {
    world: &'w World,
    pool: PgPool,
    routes: BTreeMap<&'static str, &'static str>,
    walked: BTreeSet<String>,
}

impl<'w> Walk<'w> {
    async fn new(world: &'w World) -> Self {
        let pool = PgPool::connect(world.database_url()).await.unwrap();
        Self { world, pool, routes: mutating(), walked: BTreeSet::new() }
    }

    /// A form that a page offers, filled in and sent.
    async fn form(
        &mut self,
        who: &Visitor,
        on: (&str, &str),
        route: &str,
        values: &[(&str, &str)],
    ) {
        let (page, action) = on;
        let response = who.submit(page, action, values).await.unwrap();
        self.left(route, response).await;
    }

    /// The same through the API; the answer.
    async fn api(&mut self, who: &Program, path: &str, route: &str, body: &Value) -> Value {
        let response = who.post(path, body).await.unwrap();
        self.left(route, response).await
    }

    /// The request was granted and left exactly one entry, of the action that the table names.
    async fn left(&mut self, route: &str, response: Response) -> Value {
        let status = response.status();
        let request = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        let text = response.text().await.unwrap();
        assert!(status.is_success() || status == StatusCode::SEE_OTHER, "{route}: {status} {text}");
        let entries: Vec<(String, String)> = sqlx::query_as(
            "SELECT action, outcome FROM audit_entry WHERE body::jsonb->>'request' = $1",
        )
        .bind(&request)
        .fetch_all(&self.pool)
        .await
        .unwrap();
        let action = self.routes.get(route).unwrap_or_else(|| panic!("no route {route}"));
        assert_eq!(entries, [((*action).to_owned(), "done".to_owned())], "{route}");
        self.walked.insert(route.to_owned());
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn text(&self, sql: &'static str) -> String {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    async fn users(&mut self, admin: &Visitor, program: &Program) {
        let grants = json!([{ "role": "viewer" }]);
        let ann = json!({ "name": "ann", "display_name": "Ann", "password": PASSWORD,
                          "grants": grants });
        self.api(program, "/api/v1/users", "/api/v1/users", &ann).await;
        for (action, revision) in [("change-roles", 1), ("disable", 2), ("enable", 3)] {
            let route = format!("/api/v1/users/{{user}}/do/{action}");
            let body = match action {
                "change-roles" => {
                    json!({ "revision": revision, "grants": [{ "role": "operator" }] })
                }
                _ => json!({ "revision": revision }),
            };
            self.api(program, &format!("/api/v1/users/ann/do/{action}"), &route, &body).await;
        }
        let list = "/settings/users";
        let ben = [("user", "ben"), ("display_name", "Ben"), ("password", PASSWORD)];
        let ben = [&ben[..], &[("grants-0-role", "viewer"), ("grants-0", "yes")]].concat();
        self.form(admin, (list, list), list, &ben).await;
        for (action, values) in [
            ("change-roles", &[("grants-0-role", "auditor"), ("grants-0", "yes")][..]),
            ("set-password", &[("password", PASSWORD)]),
            ("disable", &[]),
            ("enable", &[]),
        ] {
            let (page, path) = ("/settings/users/ben", format!("/settings/users/ben/do/{action}"));
            let route = format!("/settings/users/{{user}}/do/{action}");
            self.form(admin, (page, &path), &route, values).await;
        }
    }

    async fn own_account(&mut self, program: &Program) {
        let visitor = self.world.visitor().unwrap();
        let ben = [("name", "ben"), ("password", PASSWORD)];
        self.form(&visitor, ("/sign-in", "/sign-in"), "/sign-in", &ben).await;
        let profile = "/settings/profile";
        let looks = [("display_name", "Benny"), ("theme", "dark"), ("density", "compact")];
        let looks = [&looks[..], &[("time_zone", "Europe/Berlin")]].concat();
        self.form(&visitor, (profile, profile), profile, &looks).await;
        let path = "/settings/profile/do/change-password";
        let passwords = [("current", PASSWORD), ("password", "an even longer password")];
        self.form(&visitor, (profile, path), path, &passwords).await;
        let list = "/settings/tokens";
        let token =
            [("name", "ci"), ("days", "7"), ("grants-0-role", "auditor"), ("grants-0", "yes")];
        self.form(&visitor, (list, list), list, &token).await;
        let id = self.text("SELECT id::text FROM api_tokens WHERE owner = 'ben'").await;
        let path = format!("/settings/tokens/{id}/do/revoke");
        self.form(&visitor, (list, &path), "/settings/tokens/{id}/do/revoke", &[]).await;
        self.form(&visitor, (profile, "/sign-out"), "/sign-out", &[]).await;

        let body = json!({ "name": "robot", "days": 1, "grants": [{ "role": "admin" }] });
        self.api(program, "/api/v1/tokens", "/api/v1/tokens", &body).await;
        let id = self.text("SELECT id::text FROM api_tokens WHERE name = 'robot'").await;
        let path = format!("/api/v1/tokens/{id}/do/revoke");
        self.api(program, &path, "/api/v1/tokens/{id}/do/revoke", &json!({})).await;
    }

    async fn agents(&mut self, admin: &Visitor, program: &Program) {
        let page = "/settings/agents";
        let invite = [("datacenter", "south"), ("minutes", "5")];
        let path = "/settings/agents/do/invite";
        self.form(admin, (page, path), path, &invite).await;
        let made = self.api(program, INVITE, INVITE, &json!({ "datacenter": "south" })).await;
        let known = "SELECT fingerprint FROM agent_certificates WHERE revoked_at IS NULL \
                     AND datacenter = 'south' ORDER BY issued_at DESC LIMIT 1";
        agent::join(self.world, made["secret"].as_str().unwrap(), "south").await.unwrap();
        let path = format!("{page}/{}/do/revoke", self.text(known).await);
        self.form(admin, (page, &path), "/settings/agents/{fingerprint}/do/revoke", &[]).await;
        let made = program.post(INVITE, &json!({ "datacenter": "south" })).await.unwrap();
        let made: Value = made.json().await.unwrap();
        agent::join(self.world, made["secret"].as_str().unwrap(), "south").await.unwrap();
        let path = format!("/api/v1/agents/{}/do/revoke", self.text(known).await);
        let route = "/api/v1/agents/{fingerprint}/do/revoke";
        self.api(program, &path, route, &json!({})).await;
    }

    async fn fleet(&mut self, admin: &Visitor, program: &Program) {
        let source = fs::read_to_string(self.world.fleet()).unwrap();
        let (page, path) = ("/settings/fleet", "/settings/fleet/do/apply");
        let renamed = source.replace("name = \"Store\"", "name = \"The store\"");
        let values = [("source", renamed.as_str()), ("step", "check")];
        // A check shows the difference and changes nothing; its page is where one applies.
        let checked = admin.submit(page, path, &values).await.unwrap();
        assert_eq!(checked.status(), StatusCode::OK);
        let fields = form_fields(&checked.text().await.unwrap(), path, path).unwrap();
        let mut sent = vec![("source", renamed.as_str()), ("step", "apply"), REASON];
        let hidden = fields.iter().filter(|field| field.kind == "hidden");
        sent.extend(hidden.map(|field| (&*field.name, &*field.value)));
        let applied = admin.post(path, &sent).await.unwrap();
        self.left(path, applied).await;
        let body = json!({ "source": source, "reason": REASON.1 });
        self.api(program, "/api/v1/fleet/apply", "/api/v1/fleet/apply", &body).await;
    }

    async fn problem(&mut self, who: &Visitor) {
        self.world.lab_fault(&["stop", "depot@north"]).unwrap();
        let page = until("the console tells of the problem", PATIENCE, async || {
            let data = who.json("/api/v1/attention").await.ok()?;
            Some(data["open"].as_array()?.first()?["href"].as_str()?.to_owned())
        });
        let page = page.await.unwrap();
        let owner = async || {
            let data = who.json(&format!("/api/v1{page}")).await.unwrap();
            data["problem"]["owner"].as_str().map(str::to_owned)
        };
        for (action, expected) in [("take", Some("operator".to_owned())), ("release", None)] {
            let (path, route) =
                (format!("{page}/do/{action}"), format!("/attention/{{id}}/do/{action}"));
            self.form(who, (&page, &path), &route, &[]).await;
            assert_eq!(owner().await, expected);
        }
        self.world.lab_fault(&["heal", "depot@north"]).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_to_change_something_leaves_its_entry() {
    let world = world(true).await;
    let (admin, operator) =
        (world.sign_in("admin").await.unwrap(), world.sign_in("operator").await.unwrap());
    let program = Program::of(&admin, "admin").await.unwrap();
    world.settled(&admin, &wanted(), START).await.unwrap();
    let mut walk = Walk::new(&world).await;
    walk.users(&admin, &program).await;
    walk.own_account(&program).await;
    walk.agents(&admin, &program).await;
    walk.fleet(&admin, &program).await;
    walk.problem(&operator).await;
    let export = "/audit/do/export";
    walk.form(&admin, ("/audit", export), export, &[("format", "jsonl")]).await;
    world.settled(&admin, &wanted(), PATIENCE).await.unwrap();
    let replace = "/instances/shop-north-1/do/replace";
    let route = "/instances/{instance}/do/replace";
    walk.form(&operator, (replace, replace), route, &[REASON]).await;
    let missing: Vec<_> = walk.routes.keys().filter(|r| !walk.walked.contains(**r)).collect();
    assert!(missing.is_empty(), "no test uses {missing:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_is_replaced_once_by_those_who_may() {
    let world = world(true).await;
    let (operator, viewer) =
        (world.sign_in("operator").await.unwrap(), world.sign_in("viewer").await.unwrap());
    let before = world.settled(&viewer, &wanted(), START).await.unwrap();
    let path = "/instances/shop-south-1/do/replace";
    let page = operator.page(path).await.unwrap();
    let fields = form_fields(&page, path, path).unwrap();
    let mut form: Vec<(&str, &str)> =
        fields.iter().map(|field| (&*field.name, &*field.value)).collect();
    form.retain(|(name, _)| *name != REASON.0);
    form.push(REASON);
    // A viewer is told why not, and sends it in vain.
    assert!(!viewer.page(path).await.unwrap().contains("name=\"key\""));
    let own = viewer.page("/settings/profile").await.unwrap();
    let csrf = form_fields(&own, "/settings/profile", "/sign-out").unwrap();
    let csrf = csrf.iter().find(|field| field.name == "csrf").unwrap();
    let mut forged: Vec<_> = form.iter().filter(|(name, _)| *name != "csrf").copied().collect();
    forged.push(("csrf", &csrf.value));
    assert_eq!(viewer.post(path, &forged).await.unwrap().status(), StatusCode::FORBIDDEN);

    // Sent twice at once, as by a double click, and again when it is long done.
    let (first, second) =
        futures::future::join(operator.post(path, &form), operator.post(path, &form)).await;
    for response in [first.unwrap(), second.unwrap()] {
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        assert_eq!(response.headers()["location"], "/instances/shop-south-1");
    }
    let fresh = until("another process takes its place", PATIENCE, async || {
        let now = world.settled(&viewer, &wanted(), Duration::from_secs(1)).await.ok()?;
        (now["south"][0].pid != before["south"][0].pid).then_some(now)
    });
    let fresh = fresh.await.unwrap();
    let again = operator.post(path, &form).await.unwrap().status();
    assert!(matches!(again, StatusCode::SEE_OTHER | StatusCode::CONFLICT), "{again}");
    assert_eq!(fresh["south"][1], before["south"][1]);
    assert_eq!(fresh["north"], before["north"]);
    let pool = PgPool::connect(world.database_url()).await.unwrap();
    let entries: Vec<(String, String, Option<String>)> = sqlx::query_as(
        "SELECT actor_name, outcome, body::jsonb->>'reason' FROM audit_entry \
         WHERE action = 'instance-replace' ORDER BY id",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let entry = |who: &str, outcome: &str| (who.to_owned(), outcome.to_owned());
    let seen: Vec<_> = entries.iter().map(|(who, outcome, _)| entry(who, outcome)).collect();
    assert_eq!(seen, [entry("viewer", "refused"), entry("operator", "done")]);
    assert_eq!(entries[1].2.as_deref(), Some(REASON.1));
    // What happened after stays as it is: nothing was queued.
    assert_eq!(world.settled(&viewer, &wanted(), PATIENCE).await.unwrap(), fresh);
}

fn mainstay(world: &World, arguments: &[&str], token: &str) -> Output {
    let mut command = Command::new(programs::mainstay().unwrap());
    command.args(arguments).env("MAINSTAY_TOKEN", token).env("MAINSTAY_SERVER", world.base());
    command.env("DATABASE_URL", world.database_url()).output().unwrap()
}

fn write(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_is_applied_by_command_and_refused_where_it_must_be() {
    let world = world(true).await;
    let admin = world.sign_in("admin").await.unwrap();
    let program = Program::of(&admin, "admin").await.unwrap();
    let viewer = world.sign_in("viewer").await.unwrap();
    let reader = Program::of(&viewer, "viewer").await.unwrap();
    world.settled(&admin, &wanted(), START).await.unwrap();
    let dir = world.data_dir();
    let source = fs::read_to_string(world.fleet()).unwrap();
    let more = "nodes = 3\nversion = \"1.0.0\"";
    let newer = source.replacen("nodes = 2\nversion = \"1.0.0\"", more, 1);
    let gone = newer.find("[[service]]\nid = \"depot\"").unwrap();
    let files = [
        write(&dir, "newer.toml", &newer),
        write(&dir, "gone.toml", &newer[..gone]),
        write(&dir, "wrong.toml", &source.replace("Europe/Berlin", "Europe/Berln")),
        write(&dir, "moved.toml", &newer.replacen("\"1.0.0\"", "\"1.1.0\"", 1)),
    ];
    let apply = |file: usize, more: &[&str], token: &Program| {
        let arguments = [&["fleet", "apply", &files[file]], more].concat();
        let output = mainstay(&world, &arguments, token.token());
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    let sure = ["--yes", "--reason", REASON.1];
    for (file, more, token, code, word) in [
        (0, &["--dry-run"][..], &program, Some(0), "nodes"),
        (0, &["--reason", REASON.1], &program, Some(1), "--yes"),
        (0, &sure, &reader, Some(1), ""),
        (2, &sure, &program, Some(1), "Europe/Berlin"),
        (0, &sure, &program, Some(0), "revision 2"),
        (0, &sure, &program, Some(0), ""),
        (1, &sure, &program, Some(1), "depot"),
        (3, &sure, &program, Some(1), "moves by rollouts only"),
    ] {
        let (status, said) = apply(file, more, token);
        assert_eq!(status, code, "{} {more:?}: {said}", files[file]);
        assert!(said.contains(word), "{} {more:?}: {said}", files[file]);
    }
    let shop = BTreeMap::from([
        ("north", vec![("depot", "5.0.0", 2), ("shop", "1.0.0", 3)]),
        ("south", vec![("shop", "1.0.0", 3)]),
    ]);
    world.settled(&admin, &shop, START).await.unwrap();
    // Somebody else was faster: what was looked at is not in force any more.
    let body = json!({ "source": source, "reason": REASON.1, "expected_revision": 1 });
    let late = program.post("/api/v1/fleet/apply", &body).await.unwrap();
    assert_eq!(late.status(), StatusCode::CONFLICT);
    let said: Value = late.json().await.unwrap();
    assert!(said["detail"].as_str().unwrap().contains("revision 2"), "{said}");
    let body = json!({ "source": &newer[..gone], "reason": REASON.1 });
    let blocked = program.post("/api/v1/fleet/apply", &body).await.unwrap();
    assert_eq!(blocked.status(), StatusCode::CONFLICT);
    let said: Value = blocked.json().await.unwrap();
    assert!(said["check"]["blocked"].to_string().contains("depot"), "{said}");
    assert_eq!(admin.json("/api/v1/fleet").await.unwrap()["revision"], 2);
    world.settled(&admin, &shop, PATIENCE).await.unwrap();
    let pool = PgPool::connect(world.database_url()).await.unwrap();
    let outcomes: Vec<String> = sqlx::query_scalar(
        "SELECT outcome FROM audit_entry WHERE action = 'fleet-apply' \
         AND actor_kind = 'token' ORDER BY id",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    // The viewer's try, the one that was applied, the late one and the blocked one.
    assert_eq!(outcomes, ["refused", "done", "refused", "refused"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_was_tampered_with_is_found_out() {
    let world = world(false).await;
    let admin = world.sign_in("admin").await.unwrap();
    Program::of(&admin, "admin").await.unwrap();
    let pool = PgPool::connect(world.database_url()).await.unwrap();
    until("every entry has its place", PATIENCE, async || {
        let sql = "SELECT count(*) FROM audit_entry WHERE seq IS NULL";
        let unplaced: i64 = sqlx::query_scalar(sql).fetch_one(&pool).await.ok()?;
        (unplaced == 0).then_some(())
    })
    .await
    .unwrap();
    let verify = || {
        let output = mainstay(&world, &["audit", "verify"], "");
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, said) = verify();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("intact"), "{said}");
    // The server's own way in cannot change an entry at all.
    let edit =
        "UPDATE audit_entry SET body = replace(body, '\"admin\"', '\"nobody\"') WHERE seq = 2";
    assert!(sqlx::query(edit).execute(&pool).await.is_err());
    sqlx::query("ALTER TABLE audit_entry DISABLE TRIGGER ALL").execute(&pool).await.unwrap();
    let edit = "UPDATE audit_entry SET body = body || ' ' WHERE seq = 2";
    sqlx::query(edit).execute(&pool).await.unwrap();
    let (code, said) = verify();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("The audit log was changed.") && said.contains("entry 2"), "{said}");
}
