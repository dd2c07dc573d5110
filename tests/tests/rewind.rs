//! The state store restored to an older moment: agents know better, nothing is decided until a
//! person says so, and then decisions are accepted again.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

use std::collections::BTreeMap;
use std::time::Duration;

use mainstay_tests::estate::Wanted;
use mainstay_tests::{Program, Setup, Visitor, World, until};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// A fleet of real processes on a busy machine has started within this time.
const START: Duration = Duration::from_secs(60);
/// A change is carried out within this time.
const DEPLOYED: Duration = Duration::from_secs(60);
/// A new leader, and what it finds.
const FOUND: Duration = Duration::from_secs(30);

fn wanted(nodes: u16) -> Wanted<'static> {
    BTreeMap::from([
        ("north", vec![("depot", "5.0.0", 2), ("shop", "1.0.0", nodes)]),
        ("south", vec![("shop", "1.0.0", nodes)]),
    ])
}

/// Gives commands that need databases without connections, as soon as they have none.
async fn on_the_cluster(url: &str, commands: &[String]) {
    let options: PgConnectOptions = url.parse().unwrap();
    let mut db = PgConnection::connect_with(&options.database("postgres")).await.unwrap();
    for command in commands {
        until("no server is connected any more", FOUND, async || {
            sqlx::query(AssertSqlSafe(command.clone())).execute(&mut db).await.ok()
        })
        .await
        .unwrap();
    }
}

async fn count(world: &World, query: &'static str) -> i64 {
    let mut db = PgConnection::connect(world.database_url()).await.unwrap();
    sqlx::query_scalar(query).fetch_one(&mut db).await.unwrap()
}

async fn store_page(visitor: &Visitor) -> Value {
    visitor.json("/api/v1/store").await.unwrap()
}

/// A world that runs three shops by a decision that its store does not know any more.
async fn rewound() -> (World, Visitor, Program) {
    let setup = Setup { fleet: "pair.toml", lab: true, own_database: true, ..Setup::default() };
    let mut world = World::start_with(setup).await.unwrap();
    let visitor = world.sign_in("admin").await.unwrap();
    let program = Program::of(&visitor, "admin").await.unwrap();
    world.settled(&visitor, &wanted(2), START).await.unwrap();
    let url = world.database_url().to_owned();
    let options: PgConnectOptions = url.parse().unwrap();
    let name = options.get_database().unwrap().to_owned();
    world.stop_server().await.unwrap();
    on_the_cluster(&url, &[format!("CREATE DATABASE older TEMPLATE \"{name}\"")]).await;
    world.start_server().await.unwrap();
    let source = std::fs::read_to_string(world.fleet()).unwrap();
    let more = "nodes = 3\nversion = \"1.0.0\"";
    let source = source.replacen("nodes = 2\nversion = \"1.0.0\"", more, 1);
    program.apply_fleet(&source, "more of the shop").await.unwrap();
    world.settled(&visitor, &wanted(3), DEPLOYED).await.unwrap();
    world.kill_server().unwrap();
    let renames = [
        format!("ALTER DATABASE \"{name}\" RENAME TO newer"),
        format!("ALTER DATABASE older RENAME TO \"{name}\""),
    ];
    on_the_cluster(&url, &renames).await;
    world.start_server().await.unwrap();
    (world, visitor, program)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_decided_on_a_restored_store_until_a_person_says_so() {
    let (mut world, visitor, program) = rewound().await;
    let found = until("both agents' decisions are missed", FOUND, async || {
        let page = store_page(&visitor).await;
        let places: Vec<_> =
            page["lost"].as_array()?.iter().map(|l| l["datacenter"].clone()).collect();
        (places == ["north", "south"]).then_some(page)
    });
    let found = found.await.unwrap();
    until("it is said what would follow", FOUND, async || {
        let page = store_page(&visitor).await;
        let next = page["next"].as_array()?.clone();
        let shops = next.iter().filter(|next| {
            let side = |key: &str| next[key].as_str().unwrap_or_default().to_owned();
            side("now").contains("3 nodes") && side("then").contains("2 nodes")
        });
        (shops.count() == 2).then_some(())
    })
    .await
    .unwrap();
    until("it is a problem, with its runbook", FOUND, async || {
        let problems = visitor.json("/api/v1/attention").await.ok()?;
        problems.to_string().contains("The state store went back in time").then_some(())
    })
    .await
    .unwrap();

    // The leader looks at it all, again and again, and decides nothing.
    let beats = count(&world, "SELECT beat FROM lease").await;
    let commands = count(&world, "SELECT count(*) FROM command").await;
    until("the leader looked five times", FOUND, async || {
        (count(&world, "SELECT beat FROM lease").await >= beats + 5).then_some(())
    })
    .await
    .unwrap();
    assert_eq!(count(&world, "SELECT count(*) FROM command").await, commands);
    world.settled(&visitor, &wanted(3), START).await.unwrap();

    let go_on = |reason: &str| json!({ "found_until": found["found_until"], "reason": reason });
    let post =
        async |body: Value| program.post("/api/v1/store/do/go-on", &body).await.unwrap().status();
    assert_eq!(post(go_on("short")).await, StatusCode::UNPROCESSABLE_ENTITY);
    let unseen =
        json!({ "found_until": "2020-01-01T00:00:00Z", "reason": "restored for the test" });
    assert_eq!(post(unseen).await, StatusCode::CONFLICT);
    assert_eq!(post(go_on("restored for the test")).await, StatusCode::NO_CONTENT);
    assert_eq!(post(go_on("restored for the test")).await, StatusCode::CONFLICT, "it is settled");

    // What the store wants is commanded, and no agent finds it older than what it knows.
    world.settled(&visitor, &wanted(2), DEPLOYED).await.unwrap();
    let stale = "SELECT count(*) FROM command WHERE outcome ->> 'kind' = 'stale'";
    assert_eq!(count(&world, stale).await, 0);
    let told = "SELECT count(*) FROM audit_entry
        WHERE action IN ('store-rewound', 'store-go-on') AND outcome = 'done'";
    assert!(count(&world, told).await >= 2);

    // Agents that connect again are not missed again.
    world.kill_server().unwrap();
    world.start_server().await.unwrap();
    world.settled(&visitor, &wanted(2), START).await.unwrap();
    assert_eq!(store_page(&visitor).await["lost"], json!([]));
}
