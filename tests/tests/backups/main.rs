//! Backups through the whole product: a real Postgres, real repositories and a real engine, and a
//! server that dies at every step. What is on disk is the independent witness of what was made.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

mod faults;
mod rotation;
mod town;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use mainstay_tests::{Program, until};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};

use town::{FIRST, MONEY, SECOND, SET, START, STEP, Town, answer, names, rows, text};

/// What a test restore asks the database, and a restore as well.
const CHECK: &str = "{ name = \"accounts\", database = \"app\", exactly = 5000, \
    query = \"SELECT count(*) FROM accounts\" }";

/// A run was begun, ordered and written down once, and so was all work on its database.
async fn check_the_books(town: &Town, run: &str, works: &[(&str, i64)]) {
    let pool = PgPool::connect(town.world.database_url()).await.unwrap();
    let sql = "SELECT count(*) FROM backup_run WHERE by_plan";
    let planned: i64 = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
    assert_eq!(planned, 1, "one window, one run");
    let sql = "SELECT task, count(*) FROM database_work GROUP BY task ORDER BY task";
    let mut last: Vec<(String, i64)> = Vec::new();
    let ordered = until("all work is ordered", STEP, async || {
        last = sqlx::query_as(sql).fetch_all(&pool).await.ok()?;
        let counts = last.iter().map(|(task, count)| (task.as_str(), *count));
        counts.eq(works.iter().copied()).then_some(())
    });
    let ordered = ordered.await;
    assert!(ordered.is_ok(), "work by what it is: {last:?}, and not {works:?}");
    let sql = "SELECT body FROM audit_entry WHERE object = $1 ORDER BY id";
    let object = run.trim_start_matches("/api/v1");
    let bodies: Vec<String> = sqlx::query_scalar(sql).bind(object).fetch_all(&pool).await.unwrap();
    let states = bodies.iter().map(|body| {
        let event: Value = serde_json::from_str(body).unwrap();
        event["after"]["state"].clone()
    });
    let states: Vec<_> = states.collect();
    // Before it is ordered it may wait for more than one thing.
    let steps: Vec<_> = states.iter().map(|it| text(&it["kind"])).collect();
    let steps: Vec<_> = steps.into_iter().filter(|kind| *kind != "waiting").collect();
    assert_eq!(steps, ["ordered", "done"], "{states:#?}");
    let different: BTreeSet<_> = states.iter().map(ToString::to_string).collect();
    assert_eq!(different.len(), states.len(), "a step was written down twice: {states:#?}");
    let said = town.world.mainstay(&["audit", "verify"]).unwrap();
    assert!(said.contains("intact"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_planned_copy_is_made_once_and_proven_elsewhere_whenever_the_server_dies() {
    let mut town = Town::new(str::to_owned).await;
    let crashes = town.crash_at_each_step("verify").await;
    assert!(crashes >= 5, "a run begins, is ordered, ends, is proven and read: {crashes}");
    let run = town.first_run().await;
    let done = town.run(&run, "done").await;
    assert_eq!((&done["word"], &done["kind"]), (&json!("Done on time"), &json!("full")), "{done}");
    assert_eq!(done["run"]["state"]["datacenter"], FIRST, "whose turn it is: {done}");
    let copy = format!("/api/v1{}", text(&done["copy"]));
    assert_eq!(town.copy_in(FIRST).await, copy, "it is what the repository says");
    let proven = |data: &Value| data["copy"]["word"] == "Proven";
    let data = town.until(&copy, "it is proven", STEP, proven).await;
    let proof = &data["proofs"][0];
    assert!(proof["agent"] != FIRST && proof["asked_by"].is_null(), "elsewhere: {proof}");
    let steps: Vec<_> = rows(&proof["steps"]).iter().map(|step| text(&step["words"])).collect();
    let parts = ["Restore", "Recovery", "Structure", "Page checksums", "Cleaning up"];
    assert_eq!(steps, parts.map(|part| format!("{part} passed")));
    let met = |set: &Value| set["set"]["word"] == "On time and proven";
    town.set("the set is as its policy asks", met).await;
    let page = town.admin.page("/backups/sets/orders").await.unwrap();
    assert!(page.contains("On time and proven") && page.contains("Proven"), "{page}");
    let read = |set: &Value| {
        let works = rows(&set["work"]);
        works.len() == 2 && works.iter().all(|work| !work["ended_at"].is_null())
    };
    town.set("the repository is read through", read).await;

    assert_eq!(town.on_disk().values().map(Vec::len).collect::<Vec<_>>(), [1]);
    check_the_books(&town, &run, &[("backup", 1), ("prove", 1), ("verify", 1)]).await;
    a_flipped_byte_is_found_by_a_test_restore(&town, &copy).await;
}

async fn a_flipped_byte_is_found_by_a_test_restore(town: &Town, copy: &str) {
    let target = json!({ "kind": "end-of-copy" });
    let name = format!("orders@{FIRST}");
    town.world.lab_fault(&["flip", &name]).unwrap();
    let proof = town.prove(copy, &target).await;
    assert_eq!(proof["word"], "Failed", "{proof}");
    let data = town.until(copy, "it is damaged", STEP, |it| it["copy"]["word"] == "Damaged").await;
    assert_eq!(data["copy"]["tone"], "crit", "{data}");
    town.set("it counts for nothing", |set| set["set"]["word"] == "No copy").await;
    let page = town.admin.page(copy.trim_start_matches("/api/v1")).await.unwrap();
    assert!(page.contains("Damaged") && page.contains("Restore failed"), "{page}");
    let label = copy.rsplit('/').next().unwrap();
    town.world.lab_fault(&["heal", &format!("{name}/{label}")]).unwrap();
    let proof = town.prove(copy, &target).await;
    assert_eq!(proof["word"], "Passed", "{proof}");
    town.until(copy, "it is as good as before", STEP, |it| it["copy"]["word"] == "Proven").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_that_is_away_is_passed_over_and_a_file_that_is_gone_is_missed() {
    // No window is open before the repository is away.
    let later = |fleet: &str| fleet.replace("08:00-18:00", "20:00-21:00");
    let mut town = Town::new(later).await;
    until("the lab runs", START, async || town.world.lab_fault(&["away", FIRST]).ok())
        .await
        .unwrap();
    let away = |set: &Value| {
        let all = rows(&set["repositories"]);
        all.len() == 3
            && all.iter().all(|it| it["unread"].is_string() == (it["datacenter"] == FIRST))
    };
    town.until(SET, "the repository is seen to be away", START, away).await;
    town.program.apply_fleet(&town.fleet, "the window is open").await.unwrap();
    let run = town.first_run().await;
    let begun = |it: &Value| it["run"]["state"]["kind"] != "waiting";
    town.until(&run, "it is ordered", STEP, begun).await;
    town.world.lab_fault(&["heal", FIRST]).unwrap();
    let done = town.run(&run, "done").await;
    assert_eq!(done["run"]["state"]["datacenter"], SECOND, "the next in turn: {done}");
    assert!(rows(&done["tries"]).is_empty(), "nobody tried in vain: {done}");
    let why = format!("The turn of {FIRST} was passed over: its repository could not be read.");
    assert!(text(&done["detail"]).contains(&why), "{done}");
    let page = town.admin.page(run.trim_start_matches("/api/v1")).await.unwrap();
    assert!(page.contains(&why) && page.contains(&format!("planned in {FIRST}")), "{page}");
    let back = |set: &Value| rows(&set["repositories"]).iter().all(|it| it["unread"].is_null());
    town.set("all repositories are read again", back).await;

    // Nobody decides while a second copy is made and a file of it goes.
    let body = json!({ "kind": "full", "reason": "before the move" });
    let (status, answer) = town.post(&format!("{SET}/do/run-now"), &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let second = format!("/api/v1/backups/runs/{}", text(&answer["run"]));
    let copying = |it: &Value| it["detail"].as_str().is_some_and(|it| it.starts_with("Copying"));
    town.until(&second, "it is being made", STEP, copying).await;
    town.world.kill_server().unwrap();
    let made = async || town.on_disk().contains_key(FIRST).then_some(());
    until("the copy is made without a server", STEP, made).await.unwrap();
    town.world.lab_fault(&["remove", &format!("orders@{FIRST}")]).unwrap();
    town.world.start_server().await.unwrap();
    town.run(&second, "done").await;
    let copy = town.copy_in(FIRST).await;
    // Its test restore may fail on it before.
    let read =
        |data: &Value| data["damages"][0].as_str().is_some_and(|damage| damage.contains("missing"));
    let data = town.until(&copy, "the daily reading finds it", STEP, read).await;
    assert_eq!(data["copy"]["word"], "Damaged", "{data}");
    let page = town.admin.page(copy.trim_start_matches("/api/v1")).await.unwrap();
    assert!(page.contains("Something speaks against this copy."), "{page}");
    town.hold("admin", &[run.clone(), second, copy]).await;
    let both = town.on_disk();
    assert_eq!((both[FIRST].len(), both[SECOND].len(), both.len()), (1, 1, 2), "{both:?}");
    check_the_books(&town, &run, &[("backup", 2), ("prove", 1), ("verify", 2)]).await;
}

/// Marks in the database before and after a moment, both in its archived log; the moment.
async fn mark_a_moment(town: &Town) -> DateTime<Utc> {
    let mut session = town.session().await;
    sqlx::query("CREATE TABLE marks (word text NOT NULL)").execute(&mut session).await.unwrap();
    town.mark(&mut session, "before").await;
    let moment = sqlx::query_scalar("SELECT clock_timestamp()");
    let moment = moment.fetch_one(&mut session).await.unwrap();
    town.mark(&mut session, "after").await;
    let sql = "SELECT pg_walfile_name(pg_switch_wal())";
    let segment: String = sqlx::query_scalar(sql).fetch_one(&mut session).await.unwrap();
    let sql = "SELECT coalesce(last_archived_wal >= $1, false) FROM pg_stat_archiver";
    until("the log is archived", STEP, async || {
        let archived = sqlx::query_scalar(sql).bind(&segment).fetch_one(&mut session);
        let archived: bool = archived.await.ok()?;
        archived.then_some(())
    })
    .await
    .unwrap();
    session.close().await.unwrap();
    moment
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_goes_back_to_a_moment_when_two_people_and_a_test_restore_say_so() {
    let checked = |fleet: &str| format!("{fleet}\nproof_checks = [{CHECK}]\n");
    let mut town = Town::new(checked).await;
    let run = town.first_run().await;
    town.run(&run, "done").await;
    let copy = town.copy_in(FIRST).await;
    let moment = mark_a_moment(&town).await.to_rfc3339_opts(SecondsFormat::Micros, true);
    let target = json!({ "kind": "moment", "at": moment });
    let proven = |data: &Value| data["copy"]["word"] == "Proven";
    town.until(&copy, "it is proven", STEP, proven).await;

    // Not on the strength of a test restore to another target.
    let restore = format!("{copy}/do/restore");
    let wish = json!({ "target": target, "reason": "bad data" });
    let (status, answer) = town.post(&restore, &wish).await;
    assert_eq!(status, StatusCode::CONFLICT, "{answer}");
    let why = "no test restore of this copy to this target has passed";
    assert!(text(&answer["detail"]).to_lowercase().contains(why), "{answer}");
    let stays = json!({ "target": target, "reason": "a look at it", "keep_hours": 2 });
    let proof = town.prove_as(&copy, &stays).await;
    assert_eq!(proof["word"], "Passed", "{proof}");
    assert!(!proof["reached"].is_null(), "how far it came: {proof}");
    let kept = what_was_restored_can_be_asked(&town).await;
    let (status, answer) = town.post(&restore, &wish).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let restore = format!("/api/v1/backups/restores/{}", text(&answer["restore"]));
    let lists = ["", "?span=month", "?view=sets", "?view=copies", "?view=restores"];
    let mut pages: Vec<_> = lists.iter().map(|query| format!("/backups{query}")).collect();
    pages.extend([SET.to_owned(), copy.clone(), run.clone(), restore.clone()]);
    pages.push(format!("{SET}/do/run-now"));
    pages.extend(["prove?keep=yes", "restore"].map(|verb| format!("{copy}/do/{verb}")));
    pages.push(format!("{SET}/do/let-go?path={}", kept.replace('/', "%2F")));
    town.hold("admin", &pages).await;
    let asked = ["allow", "refuse"].map(|verb| format!("{restore}/do/{verb}"));
    town.hold("approver", &asked).await;

    let aside = allow_and_crash(&mut town, &restore).await;
    let over = |it: &Value| !it["restore"]["ended_at"].is_null();
    let data = town.until(&restore, "the restore is over", STEP, over).await;
    assert_eq!(data["restore"]["state"], "done", "{data}");
    let steps: Vec<_> = rows(&data["steps"]).iter().map(|step| text(&step["words"])).collect();
    assert_eq!(steps, ["Stop passed", "Restore passed", "Start passed"]);
    assert!(!data["reached"].is_null(), "{data}");
    let answers: Vec<_> = rows(&data["checks"]).iter().map(|it| text(&it["words"])).collect();
    assert_eq!(answers, ["accounts: 5000"], "what it holds is counted afterwards");
    let page = town.admin.page(restore.trim_start_matches("/api/v1")).await.unwrap();
    assert!(page.contains("What the database answered afterwards"), "{page}");
    let mut session = town.session().await;
    let words = sqlx::query_scalar("SELECT word FROM marks").fetch_all(&mut session);
    let words: Vec<String> = words.await.unwrap();
    assert_eq!(words, ["before"], "what came after the moment is gone");
    let sql =
        "SELECT ((SELECT sum(balance) FROM accounts) + (SELECT sum(amount) FROM orders))::bigint";
    let money: i64 = sqlx::query_scalar(sql).fetch_one(&mut session).await.unwrap();
    assert_eq!(money, MONEY, "no transaction was cut in two");
    session.close().await.unwrap();
    let_go(&town, &restore, &aside).await;
    it_stays_until_it_is_let_go(&town, &kept).await;
    check_the_restore(&town, &restore).await;
}

/// A restored copy that stays answers whoever comes in as the page says; its folder.
async fn what_was_restored_can_be_asked(town: &Town) -> String {
    let up = |set: &Value| set["kept"][0]["word"] == "Running";
    let set = town.set("what was restored stays", up).await;
    let row = &set["kept"][0];
    let path = text(&row["path"]);
    let way = format!("psql -h {path}/socket -p 5432 -U postgres -d app");
    assert!(text(&row["psql"]).ends_with(&way), "{row}");
    let page = town.admin.page("/backups/sets/orders").await.unwrap();
    assert!(page.contains(&way), "{page}");
    let mut session = kept_session(path).await.unwrap();
    let words = sqlx::query_scalar("SELECT word FROM marks").fetch_all(&mut session);
    let words: Vec<String> = words.await.unwrap();
    assert_eq!(words, ["before"], "as of the moment");
    session.close().await.unwrap();
    path.to_owned()
}

async fn kept_session(path: &str) -> sqlx::Result<PgConnection> {
    let options = PgConnectOptions::new().username("postgres").database("app");
    options.socket(format!("{path}/socket")).connect().await
}

/// Neither a server that died nor a restore of the database itself touched it.
async fn it_stays_until_it_is_let_go(town: &Town, path: &str) {
    let session = kept_session(path).await.unwrap();
    session.close().await.unwrap();
    let go = format!("{SET}/do/let-go");
    let (status, answer) = town.post(&go, &json!({ "path": path })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    let (status, answer) = town.post(&go, &json!({ "path": path, "reason": "all is back" })).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    town.set("it is let go", |set| rows(&set["kept"]).is_empty()).await;
    assert!(!Path::new(path).exists(), "{path}");
    assert!(kept_session(path).await.is_err(), "nothing answers any more");
}

/// The second person allows what the first may not, and the server dies as soon as the data
/// directory was set aside; its place.
async fn allow_and_crash(town: &mut Town, restore: &str) -> PathBuf {
    let allow = format!("{restore}/do/allow");
    let (status, answer) = town.post(&allow, &json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{answer}");
    assert!(text(&answer["detail"]).contains("a second person has to allow it"), "{answer}");
    let approver = town.world.sign_in("approver").await.unwrap();
    // A token is no person, whoever's it is.
    let program = Program::of(&approver, "approver").await.unwrap();
    let refused = self::answer(&program, &allow, &json!({})).await;
    assert_eq!(refused.0, StatusCode::CONFLICT, "{}", refused.1);
    let page = allow.trim_start_matches("/api/v1");
    let allowed = approver.submit(page, page, &[]).await.unwrap();
    assert_eq!(allowed.status(), StatusCode::SEE_OTHER);
    let cluster = town.ground().join("clusters").join("orders");
    let aside = until("the data directory is set aside", STEP, async || {
        let found = names(&cluster).into_iter().find(|name| name.contains(".before-"))?;
        Some(cluster.join(found))
    });
    let aside = aside.await.unwrap();
    town.crash().await;
    aside
}

async fn let_go(town: &Town, restore: &str, aside: &Path) {
    let kept = |set: &Value| !rows(&set["set_aside"]).is_empty();
    let set = town.set("what was there before is kept", kept).await;
    assert!(aside.join("PG_VERSION").is_file(), "{}", aside.display());
    let data = town.admin.json(restore).await.unwrap();
    assert_eq!((&data["set_aside"], &data["kept"]), (&set["set_aside"][0], &json!(true)));
    let path = text(&set["set_aside"][0]);
    let page = format!("{SET}/do/let-go?path={}", path.replace('/', "%2F"));
    town.hold("admin", &[page, SET.to_owned(), restore.to_owned()]).await;
    let go = format!("{SET}/do/let-go");
    let body = |confirm: &str| json!({ "path": path, "confirm": confirm });
    let (status, answer) = town.post(&go, &body("order")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    let (status, answer) = town.post(&go, &body("orders")).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    town.set("it is let go", |set| rows(&set["set_aside"]).is_empty()).await;
    assert!(!aside.exists(), "{}", aside.display());
}

/// The restore was done once, and the log says who asked, was refused and allowed.
async fn check_the_restore(town: &Town, restore: &str) {
    let pool = PgPool::connect(town.world.database_url()).await.unwrap();
    let sql = "SELECT id FROM database_work WHERE task = 'restore'";
    let done: Vec<String> = sqlx::query_scalar(sql).fetch_all(&pool).await.unwrap();
    assert_eq!(done, [restore.rsplit('/').next().unwrap()]);
    let sql = "SELECT body FROM audit_entry ORDER BY id";
    let bodies: Vec<String> = sqlx::query_scalar(sql).fetch_all(&pool).await.unwrap();
    let events = bodies.iter().map(|body| serde_json::from_str::<Value>(body).unwrap());
    let events = events.filter(|it| text(&it["action"]).starts_with("restore-"));
    let events = events.map(|it| format!("{} {}", text(&it["action"]), text(&it["outcome"])));
    let expected = [
        "restore-ask refused",
        "restore-ask done",
        // By whoever asked, and by a token of the second person.
        "restore-allow refused",
        "restore-allow refused",
        "restore-allow done",
        "restore-step done",
        "restore-let-go done",
        // Of what was restored beside it.
        "restore-let-go done",
    ];
    assert_eq!(events.collect::<Vec<_>>(), expected);
    let said = town.world.mainstay(&["audit", "verify"]).unwrap();
    assert!(said.contains("intact"), "{said}");
}
