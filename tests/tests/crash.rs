//! The server killed at any moment: nothing is doubled, nothing is lost, and seconds later it
//! shows again what is there.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

use std::collections::BTreeMap;
use std::time::Duration;

use mainstay_tests::estate::Wanted;
use mainstay_tests::{Program, Setup, Visitor, World, until};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use sqlx::PgPool;

/// A fleet of real processes on a busy machine has started within this time.
const START: Duration = Duration::from_secs(60);
/// After a restart of the server, what is there is shown within this time.
const RIGHT: Duration = Duration::from_secs(5);
/// A crashed leader's lease runs out and a change is carried out within this time.
const DEPLOYED: Duration = Duration::from_secs(60);
/// The moments at which the server is killed follow from this, or from what is set here.
const SEED: &str = "MAINSTAY_TEST_SEED";

fn wanted(nodes: u16) -> Wanted<'static> {
    BTreeMap::from([
        ("north", vec![("depot", "5.0.0", 2), ("shop", "1.0.0", nodes)]),
        ("south", vec![("shop", "1.0.0", nodes)]),
    ])
}

async fn world() -> (World, Visitor, Program) {
    let setup = Setup { fleet: "pair.toml", lab: true, ..Setup::default() };
    let world = World::start_with(setup).await.unwrap();
    let visitor = world.sign_in("admin").await.unwrap();
    let program = Program::of(&visitor, "admin").await.unwrap();
    (world, visitor, program)
}

/// The world's fleet with so many nodes of the shop.
fn fleet(world: &World, nodes: u16) -> String {
    let source = std::fs::read_to_string(world.fleet()).unwrap();
    let nodes = format!("nodes = {nodes}\nversion = \"1.0.0\"");
    source.replacen("nodes = 2\nversion = \"1.0.0\"", &nodes, 1)
}

/// Every command was acted upon once and told of once, in the store, in the audit log and in the
/// agents' journals; and the log is what was written.
async fn check_the_books(world: &World) {
    let pool = PgPool::connect(world.database_url()).await.unwrap();
    let commands: Vec<(String, bool)> =
        sqlx::query_as("SELECT id, finished_at IS NOT NULL FROM command ORDER BY id")
            .fetch_all(&pool)
            .await
            .unwrap();
    let bodies: Vec<String> = sqlx::query_scalar("SELECT body FROM audit_entry ORDER BY id")
        .fetch_all(&pool)
        .await
        .unwrap();
    let mut ordered: BTreeMap<String, u32> = BTreeMap::new();
    let mut told: BTreeMap<String, u32> = BTreeMap::new();
    for body in bodies {
        let event: Value = serde_json::from_str(&body).unwrap();
        let Some(command) = event["after"]["command"].as_str() else { continue };
        let counts = match event["action"].as_str() {
            Some("command-result") => &mut told,
            _ => &mut ordered,
        };
        *counts.entry(command.to_owned()).or_default() += 1;
    }
    assert!(!commands.is_empty());
    for (id, finished) in &commands {
        assert!(finished, "{id} has no outcome");
        assert_eq!(ordered.get(id), Some(&1), "entries of the decision {id}");
        assert_eq!(told.get(id), Some(&1), "entries of the result of {id}");
    }
    assert_eq!((ordered.len(), told.len()), (commands.len(), commands.len()));
    for datacenter in ["north", "south"] {
        let journal = world.agent_dir(datacenter).join("journal.jsonl");
        let mut lines: BTreeMap<(String, String), u32> = BTreeMap::new();
        for line in std::fs::read_to_string(journal).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let kind = line["kind"].as_str().unwrap().to_owned();
            let id = line["command"]["id"].as_str().or(line["result"]["command_id"].as_str());
            *lines.entry((kind, id.unwrap_or_default().to_owned())).or_default() += 1;
        }
        assert!(lines.values().all(|count| *count == 1), "{datacenter}: {lines:?}");
    }
    let said = world.mainstay(&["audit", "verify"]).unwrap();
    assert!(said.contains("intact"), "{said}");
}

/// Waits until every command has its outcome.
async fn finished(world: &World) {
    let pool = PgPool::connect(world.database_url()).await.unwrap();
    until("every command has its outcome", DEPLOYED, async || {
        let open: i64 =
            sqlx::query_scalar("SELECT count(*) FROM command WHERE finished_at IS NULL")
                .fetch_one(&pool)
                .await
                .ok()?;
        (open == 0).then_some(())
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_doubles_nothing_and_is_right_within_five_seconds() {
    let (mut world, visitor, program) = world().await;
    let before = world.settled(&visitor, &wanted(2), START).await.unwrap();
    // An instance dies while no server is there to be told.
    world.kill_server().unwrap();
    world.lab_fault(&["kill", "shop-south-1"]).unwrap();
    world.start_server().await.unwrap();
    let after = world.settled(&visitor, &wanted(2), RIGHT).await.unwrap();
    assert_eq!(after["north"], before["north"], "nobody touched the others");
    assert_eq!(after["south"][1], before["south"][1]);
    assert_ne!(after["south"][0].pid, before["south"][0].pid);
    let killed = visitor.instance("south", "shop-south-1").await.unwrap().unwrap();
    assert_eq!(killed.restarts, 1, "{killed:?}");

    // A change was asked for, and the server dies before it can do anything about it.
    let revision = program.apply_fleet(&fleet(&world, 3), "more of the shop").await;
    world.kill_server().unwrap();
    assert_eq!(revision.unwrap(), 2);
    world.start_server().await.unwrap();
    let after = world.settled(&visitor, &wanted(3), DEPLOYED).await.unwrap();
    let depots = |all: &BTreeMap<String, Vec<_>>| all["north"][..2].to_vec();
    assert_eq!(depots(&after), depots(&before), "what did not change was not touched");
    finished(&world).await;
    check_the_books(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_ends_right_wherever_the_server_is_killed() {
    let seed = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| rand::rng().random::<u64>());
    println!("to repeat: {SEED}={seed}");
    let mut chance = StdRng::seed_from_u64(seed);
    let (mut world, visitor, program) = world().await;
    world.settled(&visitor, &wanted(2), START).await.unwrap();
    for round in 1..=3_u16 {
        let nodes = 2 + round % 2;
        let source = fleet(&world, nodes);
        program.apply_fleet(&source, "another size of the shop").await.unwrap();
        // The first kill falls into the first leader's work, the next ones mostly into that of
        // the one that takes over when the lease has run out.
        for within in &[900, 9_000, 9_000][..chance.random_range(1..=3)] {
            // tidy: allow sleep: the fault itself, not a wait for something: it falls anywhere.
            tokio::time::sleep(Duration::from_millis(chance.random_range(0..*within))).await;
            world.kill_server().unwrap();
            world.start_server().await.unwrap();
        }
        world.settled(&visitor, &wanted(nodes), DEPLOYED).await.unwrap();
    }
    finished(&world).await;
    check_the_books(&world).await;
}
