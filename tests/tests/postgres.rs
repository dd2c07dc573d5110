//! Postgres restarted, killed and frozen under load: pages answer from what is known and say how
//! old it is, agents are heard all the while, and nothing needs a restart afterwards.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mainstay_tests::agent::{self, RawLink};
use mainstay_tests::estate::Wanted;
use mainstay_tests::{Program, Setup, Visitor, World, until};
use mainstay_wire::limits::JOURNAL_TAIL_MAX;
use mainstay_wire::proto::{self, command_result, from_agent, to_agent};
use reqwest::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::task::JoinHandle;

/// A fleet of real processes on a busy machine has started within this time.
const START: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(30);
/// What every page says while the store has been away for more than five seconds.
const AWAY: &str = "The state store does not answer";
const PAGES: [&str; 6] =
    ["/", "/attention", "/topology", "/dc/north", "/services/shop", "/instances/shop-north-1"];

fn wanted(nodes: u16) -> Wanted<'static> {
    BTreeMap::from([
        ("north", vec![("depot", "5.0.0", 2), ("shop", "1.0.0", nodes)]),
        ("south", vec![("shop", "1.0.0", nodes)]),
    ])
}

async fn world(lab: bool) -> World {
    let setup = Setup { fleet: "pair.toml", lab, own_database: true, ..Setup::default() };
    World::start_with(setup).await.unwrap()
}

/// Waits until `/health/ready` answers so.
async fn ready(visitor: &Visitor, status: StatusCode) {
    let what = format!("/health/ready answers {status}");
    until(&what, PATIENCE, async || {
        let response = visitor.get("/health/ready").await.ok()?;
        (response.status() == status).then_some(())
    })
    .await
    .unwrap();
}

/// Visitors who read pages without a pause.
struct Load {
    stop: Arc<AtomicBool>,
    read: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<Vec<String>>>,
}

impl Load {
    async fn start(world: &World) -> Self {
        let (stop, read) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = Vec::new();
        for role in ["viewer", "operator", "auditor"] {
            let visitor = world.sign_in(role).await.unwrap();
            let (stop, read) = (stop.clone(), read.clone());
            tasks.push(tokio::spawn(async move {
                let mut wrong = Vec::new();
                for path in PAGES.iter().cycle() {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    if let Err(error) = visitor.page(path).await {
                        wrong.push(format!("{role}: {error:#}"));
                    }
                    read.fetch_add(1, Ordering::Relaxed);
                }
                wrong
            }));
        }
        Self { stop, read, tasks }
    }

    /// Waits until so many more pages were read.
    async fn go_on(&self, pages: usize) {
        let goal = self.read.load(Ordering::Relaxed) + pages;
        until("pages are read", PATIENCE, async || {
            (self.read.load(Ordering::Relaxed) >= goal).then_some(())
        })
        .await
        .unwrap();
    }

    /// Every answer that was not a page.
    async fn end(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        let mut wrong = Vec::new();
        for task in self.tasks {
            wrong.extend(task.await.unwrap());
        }
        wrong
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_and_agents_outlive_postgres_and_what_was_seen_is_written_later() {
    let mut world = world(true).await;
    let visitor = world.sign_in("admin").await.unwrap();
    let program = Program::of(&visitor, "admin").await.unwrap();
    world.settled(&visitor, &wanted(2), START).await.unwrap();
    let load = Load::start(&world).await;
    load.go_on(20).await;
    world.database().cluster().unwrap().restart().unwrap();
    load.go_on(20).await;
    ready(&visitor, StatusCode::OK).await;

    world.database().cluster().unwrap().kill().unwrap();
    ready(&visitor, StatusCode::SERVICE_UNAVAILABLE).await;
    for path in PAGES {
        assert!(visitor.page(path).await.unwrap().contains(AWAY), "{path} does not say its age");
    }
    // What agents tell is shown as ever.
    world.lab_fault(&["kill", "shop-south-1"]).unwrap();
    let shown = until("the new process is shown", PATIENCE, async || {
        let shown = visitor.instance("south", "shop-south-1").await.ok()??;
        (shown.restarts == 1 && shown.status == "healthy").then_some(shown)
    });
    let shown = shown.await.unwrap();
    // Nobody acts on what cannot be written down.
    let path = "/instances/shop-south-2/do/replace";
    let refused = visitor.submit(path, path, &[("reason", "")]).await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    load.go_on(20).await;

    world.database().cluster().unwrap().restart().unwrap();
    ready(&visitor, StatusCode::OK).await;
    let sql = "SELECT body->>'handle' FROM observed_instance WHERE id = 'shop-south-1'";
    until("what was seen meanwhile is in the store", PATIENCE, async || {
        let rows = world.database().cluster().ok()?.query("mainstay", sql).ok()?;
        (rows.first() == shown.handle.as_ref()).then_some(())
    })
    .await
    .unwrap();
    load.go_on(20).await;
    assert_eq!(load.end().await, Vec::<String>::new());
    assert!(!visitor.page("/").await.unwrap().contains(AWAY));
    world.server().unwrap().check().unwrap();
    // And everything works as before, without a restart.
    let source = fs::read_to_string(world.fleet()).unwrap();
    let more = "nodes = 3\nversion = \"1.0.0\"";
    let source = source.replacen("nodes = 2\nversion = \"1.0.0\"", more, 1);
    program.apply_fleet(&source, "more of the shop").await.unwrap();
    world.settled(&visitor, &wanted(3), START).await.unwrap();
    let said = world.mainstay(&["audit", "verify"]).unwrap();
    assert!(said.contains("intact"), "{said}");
}

/// Processes of Postgres, all stopped; they go on when this is dropped.
struct Frozen(Vec<Pid>);

impl Frozen {
    fn freeze(world: &mut World) -> Self {
        let sql = "SELECT pid::text FROM pg_stat_activity UNION ALL \
                   SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)";
        let pids = world.database().cluster().unwrap().query("mainstay", sql).unwrap();
        let pids = pids.iter().filter_map(|pid| Pid::from_raw(pid.trim().parse().ok()?));
        let frozen = Self(pids.collect());
        for pid in &frozen.0 {
            // The session that asked has ended by now.
            let _ = kill_process(*pid, Signal::STOP);
        }
        frozen
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        for pid in &self.0 {
            let _ = kill_process(*pid, Signal::CONT);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_hangs_holds_up_no_page_for_long() {
    let mut world = world(false).await;
    let visitor = world.sign_in("viewer").await.unwrap();
    visitor.page("/topology").await.unwrap();
    let frozen = Frozen::freeze(&mut world);
    ready(&visitor, StatusCode::SERVICE_UNAVAILABLE).await;
    for path in ["/", "/topology", "/dc/north"] {
        let asked = Instant::now();
        assert!(visitor.page(path).await.unwrap().contains(AWAY), "{path} does not say its age");
        let took = asked.elapsed();
        assert!(took < Duration::from_secs(8), "{path} took {took:?}");
    }
    drop(frozen);
    ready(&visitor, StatusCode::OK).await;
    assert!(!visitor.page("/topology").await.unwrap().contains(AWAY));
}

/// Waits for a command on a raw link.
async fn command(link: &mut RawLink) -> proto::Command {
    loop {
        if let to_agent::Body::Command(command) = link.next().await.unwrap() {
            return command;
        }
    }
}

fn done(command: &proto::Command) -> proto::CommandResult {
    proto::CommandResult {
        command_id: command.id.clone(),
        token: command.token,
        outcome: Some(command_result::Outcome::Done(true)),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_told_while_postgres_is_away_is_kept_and_holds_up_no_report() {
    let mut world = world(false).await;
    let visitor = world.sign_in("viewer").await.unwrap();
    visitor.page("/").await.unwrap();
    let tokens = fs::read_to_string(world.tokens_file()).unwrap();
    let tokens: Value = serde_json::from_str(&tokens).unwrap();
    let papers = agent::join(&world, tokens["south"].as_str().unwrap(), "south").await.unwrap();
    let channel = agent::channel(&world, Some(&papers)).await.unwrap();
    let mut link = agent::open(channel, agent::hello("south")).await.unwrap();
    link.send(agent::report(1, Vec::new())).await;
    let command = command(&mut link).await;
    world.database().cluster().unwrap().kill().unwrap();
    link.send(agent::message(from_agent::Body::Result(done(&command)))).await;
    let instance = agent::instance("shop-south-1", "shop");
    link.send(agent::report(2, vec![instance.clone()])).await;
    link.acknowledged(2).await.unwrap();
    assert!(visitor.instance("south", "shop-south-1").await.unwrap().is_some());

    // An agent that comes anew tells all results that it remembers.
    let mut anew = agent::hello("south");
    if let Some(from_agent::Body::Hello(hello)) = &mut anew.body {
        hello.journal_tail = vec![done(&command); JOURNAL_TAIL_MAX];
    }
    let channel = agent::channel(&world, Some(&papers)).await.unwrap();
    let mut link = agent::open(channel, anew).await.unwrap();
    link.send(agent::report(1, vec![instance.clone()])).await;
    link.acknowledged(1).await.unwrap();

    world.database().cluster().unwrap().restart().unwrap();
    let sql = format!("SELECT outcome->>'kind' FROM command WHERE id = '{}'", command.id);
    let mut seq = 1;
    until("the result is in the store", PATIENCE, async || {
        seq += 1;
        link.send(agent::report(seq, vec![instance.clone()])).await;
        let rows = world.database().cluster().ok()?.query("mainstay", &sql).ok()?;
        (rows == ["done"]).then_some(())
    })
    .await
    .unwrap();
    let sql = format!(
        "SELECT count(*)::text FROM audit_entry WHERE action = 'command-result' \
         AND body::jsonb->'after'->>'command' = '{}'",
        command.id
    );
    assert_eq!(world.database().cluster().unwrap().query("mainstay", &sql).unwrap(), ["1"]);
}
