//! Faults of repositories and of backups at work, each of which is caught and said.

use std::fs;
use std::path::{Path, PathBuf};

use mainstay_tests::until;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use super::town::{FIRST, SECOND, SET, START, STEP, Town, copies, names, rows, text};

/// In how much time a day of the policies passes, so that the waits between tries are seconds.
const DAY: &str = "2h";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_a_killed_backup_a_flipped_byte_and_a_gap_are_each_caught() {
    // No window is open before the disk is full.
    let later = |fleet: &str| fleet.replace("08:00-18:00", "20:00-21:00");
    let mut town = Town::with_days(later, Some(DAY)).await;
    let read = |set: &Value| {
        let all = rows(&set["repositories"]);
        all.len() == 3 && all.iter().all(|it| it["unread"].is_null())
    };
    town.until(SET, "all repositories are read", START, read).await;
    a_full_disk_is_passed_over(&town).await;
    let copy = a_killed_backup_is_made_again(&mut town).await;
    rot_is_read(&town, &copy).await;
    a_gap_ends_what_can_be_recovered(&town).await;
}

async fn a_full_disk_is_passed_over(town: &Town) {
    town.world.lab_fault(&["full", FIRST]).unwrap();
    town.program.apply_fleet(&town.fleet, "the window is open").await.unwrap();
    let run = town.first_run().await;
    let done = town.run(&run, "done").await;
    assert_eq!(done["run"]["state"]["datacenter"], SECOND, "the next in turn: {done}");
    let [failed] = rows(&done["tries"]) else { panic!("one try and no more: {done}") };
    assert_eq!(failed["datacenter"], FIRST, "{failed}");
    assert!(text(&failed["why"]).starts_with("The disk is full"), "{failed}");
    let page = town.admin.page(run.trim_start_matches("/api/v1")).await.unwrap();
    assert!(page.contains("The disk is full"), "{page}");
    town.world.lab_fault(&["heal", FIRST]).unwrap();
    town.copy_in(SECOND).await;
}

/// The last try is made while no server is there, and its copy rots at once; the copy.
async fn a_killed_backup_is_made_again(town: &mut Town) -> String {
    let run = town.ask("full").await;
    let kill = async || town.world.lab_fault(&["break", "orders"]).ok();
    until("a backup at work is killed", STEP, kill).await.unwrap();
    let again = |it: &Value| {
        let copying = it["detail"].as_str().is_some_and(|it| it.starts_with("Copying"));
        copying && !rows(&it["tries"]).is_empty()
    };
    let tried = town.until(&run, "it is made again", STEP, again).await;
    assert_eq!(tried["tries"][0]["datacenter"], FIRST, "{tried}");
    town.world.kill_server().unwrap();
    let made = async || town.on_disk().contains_key(FIRST).then_some(());
    until("the copy is made without a server", STEP, made).await.unwrap();
    town.world.lab_fault(&["flip", &format!("orders@{FIRST}")]).unwrap();
    // Its segment of the log gets the bytes of another: each is whole by itself.
    let (own, other) = (segments(&town.repository(FIRST)), segments(&town.repository(SECOND)));
    fs::copy(&other[0], &own[0]).unwrap();
    town.world.start_server().await.unwrap();
    let done = town.run(&run, "done").await;
    assert_eq!(done["run"]["state"]["datacenter"], FIRST, "{done}");
    assert_eq!(rows(&done["tries"]).len(), 1, "{done}");
    assert_eq!(town.on_disk()[FIRST].len(), 1, "nothing is left of the first try");
    town.copy_in(FIRST).await
}

/// The daily reading names a byte of the copy and a segment of its log.
async fn rot_is_read(town: &Town, copy: &str) {
    let read = |data: &Value| !rows(&data["damages"]).is_empty();
    let data = town.until(copy, "the daily reading finds it", STEP, read).await;
    assert_eq!(data["copy"]["word"], "Damaged", "{data}");
    let archive = segments(&town.repository(FIRST));
    let segment = &archive[0].file_name().unwrap().to_str().unwrap()[..24];
    let told = |set: &Value| {
        let first = rows(&set["repositories"]).iter().find(|it| it["datacenter"] == FIRST);
        first.is_some_and(|it| it["damaged_log"] == json!([segment]))
    };
    let set = town.set("the damaged segment is told", told).await;
    assert_eq!(rows(&set["reach"]).len(), 1, "others have it whole: {set}");
    let page = town.admin.page("/backups/sets/orders").await.unwrap();
    let words = format!("In the log in {FIRST} a segment is damaged: {segment}.");
    assert!(page.contains(&words), "{page}");
    town.hold("admin", &[SET.to_owned(), copy.to_owned()]).await;
}

async fn a_gap_ends_what_can_be_recovered(town: &Town) {
    let mut session = town.session().await;
    let lost = switch(&mut session).await;
    let last = switch(&mut session).await;
    let sql = "SELECT coalesce(last_archived_wal >= $1, false) FROM pg_stat_archiver";
    until("the log is archived", STEP, async || {
        let archived = sqlx::query_scalar(sql).bind(&last).fetch_one(&mut session);
        let archived: bool = archived.await.ok()?;
        archived.then_some(())
    })
    .await
    .unwrap();
    session.close().await.unwrap();
    // Both homes of the log lose it.
    for home in ["south", "west"] {
        town.world.lab_fault(&["gap", &format!("orders@{home}/{lost}")]).unwrap();
    }
    // The next copy begins anew behind it.
    let run = town.ask("full").await;
    town.run(&run, "done").await;
    let gap = "After that one segment of the log is missing.";
    let told = |set: &Value| {
        let reach = rows(&set["reach"]);
        reach.len() == 2 && reach[1]["words"] == gap && reach[0]["words"].is_null()
    };
    let set = town.set("the gap is told", told).await;
    assert_eq!(copies(&set, FIRST).len(), 2, "{set}");
    let page = town.admin.page("/backups/sets/orders").await.unwrap();
    assert!(page.contains(gap), "{page}");
}

/// Ends a segment of the log with something in it; its name.
async fn switch(session: &mut PgConnection) -> String {
    let sql = "SELECT pg_logical_emit_message(false, 'test', 'a record')::text";
    let _: String = sqlx::query_scalar(sql).fetch_one(&mut *session).await.unwrap();
    let sql = "SELECT pg_walfile_name(pg_switch_wal())";
    sqlx::query_scalar(sql).fetch_one(session).await.unwrap()
}

/// Archived segments of a repository, the first first.
fn segments(repository: &Path) -> Vec<PathBuf> {
    let archive = repository.join("archive/orders/15-1");
    let folders = names(&archive).into_iter().filter(|name| name.len() == 16);
    let files = folders.flat_map(|folder| {
        let folder = archive.join(folder);
        names(&folder).into_iter().map(move |name| folder.join(name))
    });
    let segment = |path: &PathBuf| path.extension().is_some_and(|it| it == "zst");
    let mut files: Vec<_> = files.filter(segment).collect();
    files.sort();
    files
}
