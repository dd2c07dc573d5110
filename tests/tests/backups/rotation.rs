//! A few days of a policy that pass in seconds: copies go round three repositories, and a chain
//! goes when its time has come, though the server dies.

use mainstay_tests::until;
use serde_json::Value;
use sqlx::PgPool;

use super::town::{FIRST, SECOND, STEP, Town, copies, names};

/// Long enough that a busy machine removes the first chain before the fourth day comes back to
/// where it lies.
const DAY: &str = "45s";
const THIRD: &str = "west";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_go_round_three_repositories_and_the_only_chain_of_one_goes_as_a_whole() {
    let short = |fleet: &str| fleet.replace("retention_days = 7", "retention_days = 1");
    let mut town = Town::with_days(short, Some(DAY)).await;
    let run = town.first_run().await;
    town.run(&run, "done").await;
    let differential = town.ask("differential").await;
    let done = town.run(&differential, "done").await;
    assert_eq!(done["run"]["state"]["done"]["copy"]["kind"], "differential", "{done}");
    let chain = done["run"]["state"]["done"]["copy"]["full"].as_str().unwrap().to_owned();
    let folder = town.repository(FIRST).join("backup/orders");
    let members = || {
        let mut names: Vec<_> = names(&folder);
        names.retain(|name| name.starts_with(&chain));
        names.len()
    };
    assert_ne!(done["run"]["state"]["done"]["copy"]["label"], *chain, "it stands on another");

    let pool = town.pool().await;
    let sql = "SELECT count(*) > 0 FROM database_work WHERE task = 'expire'";
    let ordered = async || holds(&pool, sql).await;
    until("its removal is ordered", STEP, ordered).await.unwrap();
    town.crash().await;
    let sql = "SELECT count(*) > 0 FROM database_work
               WHERE task = 'expire' AND ended_at IS NOT NULL";
    until("its removal is over", STEP, async || holds(&pool, sql).await).await.unwrap();
    town.crash().await;
    assert_eq!(members(), 0, "{:?}", names(&folder));
    let gone = |set: &Value| copies(set, FIRST).iter().all(|copy| copy["chain"] != chain);
    town.set("the page does not list it any more", gone).await;
    let sql = "SELECT count(*) FROM database_work
               WHERE task = 'expire' AND work->>'chain' = $1";
    let removals: i64 = sqlx::query_scalar(sql).bind(&chain).fetch_one(&pool).await.unwrap();
    assert_eq!(removals, 1, "it was ordered once");
    // No other full copy was made there before: the way for the only one was taken.
    let sql = "SELECT count(*) FROM database_work AS copied, database_work AS removed
               WHERE copied.task = 'backup' AND removed.task = 'expire'
                   AND removed.work->>'chain' = $1 AND copied.work->>'datacenter' = $2
                   AND copied.work->>'kind' = 'full' AND copied.ordered_at < removed.ended_at";
    let fulls = sqlx::query_scalar(sql).bind(&chain).bind(FIRST).fetch_one(&pool);
    let fulls: i64 = fulls.await.unwrap();
    assert_eq!(fulls, 1);
    they_went_round(&town, &pool).await;
}

async fn they_went_round(town: &Town, pool: &PgPool) {
    let sql = "SELECT planned->>'datacenter' || ' ' || kind FROM backup_run
               WHERE by_plan ORDER BY window_start LIMIT 3";
    let mut last: Vec<String> = Vec::new();
    let expected = [FIRST, SECOND, THIRD].map(|place| format!("{place} done"));
    let made = until("three days have their copies", STEP, async || {
        last = sqlx::query_scalar(sql).fetch_all(pool).await.ok()?;
        (last == expected).then_some(())
    });
    let made = made.await;
    assert!(made.is_ok(), "{last:?}");
    let held = town.on_disk();
    for place in [SECOND, THIRD] {
        assert!(held.contains_key(place), "{place}: {held:?}");
    }
    let said = town.world.mainstay(&["audit", "verify"]).unwrap();
    assert!(said.contains("intact"), "{said}");
}

async fn holds(pool: &PgPool, sql: &'static str) -> Option<()> {
    let holds: bool = sqlx::query_scalar(sql).fetch_one(pool).await.ok()?;
    holds.then_some(())
}
