//! A failover with a real Patroni pair in it: its leader moves with its group, and comes back, and
//! no write that was acknowledged is lost.

use std::time::Duration;

use mainstay_core::failover::{Act, Run, StepState};
use mainstay_tests::{Setup, until};
use serde_json::Value;

use crate::town::{Town, WHOLE, check_the_books, in_order};

/// The store's group has a database, which `shop` needs.
const DATABASE: &str = r#"
[[database]]
id = "shop-db"
group = "store"
datacenters = ["north", "south"]
cluster = "patroni"
"#;
/// Writes a second to it.
const WRITES: &str = "20";
/// A cluster has started, with a standby made from its leader.
const START: Duration = Duration::from_secs(180);

/// Acknowledged writes, and how many of them are missing, once that can be said.
async fn writes(town: &Town) -> (u64, u64) {
    until("writes are counted", WHOLE, async || {
        let dir = town.world.lab_dir();
        let said = town.world.mainstay(&["lab", "database", "--json", "--data-dir", dir.to_str()?]);
        let all: Value = serde_json::from_str(&said.ok()?).ok()?;
        let row = all.as_array()?.iter().find(|row| row["database"] == "shop-db")?;
        Some((row["acknowledged"].as_u64()?, row["missing"].as_u64()?))
    })
    .await
    .unwrap()
}

/// More writes are acknowledged, and none is missing.
async fn writes_go_on(town: &Town) {
    let (before, _) = writes(town).await;
    let more = until("writes go on", WHOLE, async || {
        let (all, missing) = writes(town).await;
        assert_eq!(missing, 0, "of {all} acknowledged writes {missing} are missing");
        (all > before).then_some(all)
    });
    println!("{} writes were acknowledged, none is missing", more.await.unwrap());
}

/// Where the leader moved to, as the run saw it.
fn leads(run: &Run) -> String {
    let verified = run.plan.steps().find(|(_, step)| matches!(step.act, Act::Verify(_)));
    let (_, step) = verified.expect("the database moves");
    let state = &run.steps[&step.id];
    let StepState::Done { seen, .. } = state else { panic!("{state:?}") };
    seen.clone()
}

fn took(run: &Run) {
    let ends = run.steps.values().filter_map(StepState::ended).max();
    println!("{} took {} s", run.id, (ends.unwrap() - run.started_at).num_seconds());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_moves_with_its_group_and_comes_back_without_a_lost_write() {
    let lab_options = vec!["--writes-per-second".to_owned(), WRITES.to_owned()];
    let setup = Setup { databases: true, lab_options, ..Setup::default() };
    let change = |fleet: &str| {
        let fleet =
            fleet.replace("depends_on = [\"cart\"]", "depends_on = [\"cart\", \"shop-db\"]");
        format!("{fleet}{DATABASE}")
    };
    let mut town = Town::with(setup, change).await;
    let ready = until("the standby has everything", START, async || {
        let data = town.visitor.json("/api/v1/failover/plans/north").await.ok()?;
        let risk = data["at_risk"].as_array()?.first()?;
        let near = risk["lag_bytes"].as_u64().is_some_and(|bytes| bytes < 100_000);
        (near && risk["to"] == "south").then_some(())
    });
    assert!(ready.await.is_ok(), "{:#?}", town.visitor.json("/api/v1/failover/plans/north").await);

    let id = town.start("/api/v1/failover/plans/north/do/start", "north", &[]).await;
    // The server dies while the leader is handing over.
    let hands_over = |run: &Run| {
        let begun = |(_, step): &(_, &mainstay_core::failover::Step)| {
            matches!(step.act, Act::StopWrites(_)) && run.steps.contains_key(&step.id)
        };
        run.plan.steps().any(|it| begun(&it))
    };
    town.until(&id, "the leader hands over", WHOLE, hands_over).await;
    town.crash().await;
    let run = town.done(&id).await;
    in_order(&run);
    took(&run);
    let seen = leads(&run);
    assert!(seen.contains("south leads on timeline"), "{seen}");
    writes_go_on(&town).await;
    check_the_books(&town, &id).await;

    let path = format!("/api/v1/failover/runs/{id}/do/fail-back");
    let back = town.start(&path, "north", &["wait"]).await;
    let run = town.done(&back).await;
    took(&run);
    let seen = leads(&run);
    assert!(seen.contains("north leads on timeline"), "{seen}");
    writes_go_on(&town).await;
    check_the_books(&town, &back).await;
}
