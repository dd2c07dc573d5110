//! Everything that changes something: each way of doing it leaves its entry in the audit log, is
//! done once, and is refused where it must be.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

mod rollouts;
mod walk;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use mainstay_tests::estate::Wanted;
use mainstay_tests::html::form_fields;
use mainstay_tests::{Program, Setup, World, programs, until};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;
use walk::Walk;

/// A fleet of real processes on a busy machine has started within this time.
const START: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(30);
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
    walk.problem(&operator, &program).await;
    let export = "/audit/do/export";
    walk.form(&admin, ("/audit", export), export, &[("format", "jsonl")]).await;
    let export = "/api/v1/audit/export";
    let filter = json!({ "format": "csv", "filter": "who=operator" });
    walk.api(&program, export, export, &filter).await;
    let (page, evidence) = ("/audit/evidence?from=-2d", "/audit/do/evidence");
    walk.form(&admin, (page, evidence), evidence, &[]).await;
    let evidence = "/api/v1/audit/evidence";
    let (until, from) = (Utc::now(), Utc::now() - TimeDelta::days(2));
    walk.api(&program, evidence, evidence, &json!({ "from": from, "until": until })).await;
    world.settled(&admin, &wanted(), PATIENCE).await.unwrap();
    let replace = "/instances/shop-north-1/do/replace";
    let route = "/instances/{instance}/do/replace";
    walk.form(&operator, (replace, replace), route, &[REASON]).await;
    let (path, route) =
        ("/api/v1/instances/shop-south-1/do/replace", "/api/v1/instances/{instance}/do/replace");
    walk.api(&program, path, route, &json!({ "reason": REASON.1 })).await;
    walk.rollouts(&operator, &program).await;
    walk.store(&admin, &program).await;
    let missing = walk.missing();
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
    pages_are_shown_on_a_terminal(&world, program.token());
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
    // The viewer's try, the one that was applied, the moved version, the late one, the blocked one.
    assert_eq!(outcomes, ["refused", "done", "refused", "refused", "refused"]);
}

/// What the pages say, through the API.
fn pages_are_shown_on_a_terminal(world: &World, token: &str) {
    for (what, word) in [
        (&["attention"][..], "Nothing needs attention."),
        (&["topology"], "depot    north        healthy"),
        (&["service", "shop"], "stable version   1.0.0"),
        (&["datacenter", "south"], "agent"),
        (&["instance", "shop-north-1"], "restarts         0"),
        (&["edges"], "The fleet has no edges."),
        (&["traffic", "shop"], "No requests were seen."),
        (&["audit"], "fleet-apply"),
    ] {
        let output = mainstay(world, &[&["show"], what].concat(), token);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && said.contains(word), "{what:?}: {said}");
    }
    let unknown = mainstay(world, &["show", "service", "shoop"], token);
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert_eq!(unknown.status.code(), Some(1), "{said}");
    assert!(said.contains("There is no service `shoop`"), "{said}");
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
