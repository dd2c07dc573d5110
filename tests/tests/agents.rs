//! Agents that die, are cut off, are lost and come back: what runs goes on running, and what is
//! not heard is unknown.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use mainstay_tests::estate::Wanted;
use mainstay_tests::{Setup, Visitor, World, until};
use rustix::process::{Pid, Signal, kill_process};

/// A fleet of real processes on a busy machine has started within this time.
const START: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(30);
/// Three reports of one second each are missed before a data centre counts as silent.
const SILENT_AFTER: TimeDelta = TimeDelta::seconds(3);

fn wanted() -> Wanted<'static> {
    BTreeMap::from([
        ("north", vec![("depot", "5.0.0", 2), ("shop", "1.0.0", 2)]),
        ("south", vec![("shop", "1.0.0", 2)]),
    ])
}

async fn world() -> (World, Visitor) {
    let setup = Setup { fleet: "pair.toml", lab: true, ..Setup::default() };
    let world = World::start_with(setup).await.unwrap();
    let visitor = world.sign_in("viewer").await.unwrap();
    (world, visitor)
}

fn kill(pid: u32) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

/// What the console says of a data centre, and how old its last report is.
async fn look(visitor: &Visitor, datacenter: &str) -> (Vec<String>, bool, TimeDelta) {
    let data = visitor.json(&format!("/api/v1/datacenters/{datacenter}")).await.unwrap();
    let rows = data["instances"]["rows"].as_array().unwrap();
    let statuses = rows.iter().map(|row| row["status"].as_str().unwrap().to_owned()).collect();
    let moment = |name: &str| DateTime::parse_from_rfc3339(data[name].as_str().unwrap()).unwrap();
    (statuses, data["heard"].as_bool().unwrap(), moment("at") - moment("last_seen"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_was_killed_finds_its_services_again() {
    let (world, visitor) = world().await;
    let before = world.settled(&visitor, &wanted(), START).await.unwrap();
    let agent = world.agent_pid("north").unwrap();
    kill(agent);
    until("the agent runs again", PATIENCE, async || {
        world.agent_pid("north").ok().filter(|pid| *pid != agent)
    })
    .await
    .unwrap();
    let after = world.settled(&visitor, &wanted(), PATIENCE).await.unwrap();
    assert_eq!(after, before, "every service is the process that it was");

    // This time a service dies while nobody watches over it.
    kill(world.agent_pid("north").unwrap());
    kill(before["north"][0].pid);
    let shown = until("the death is told and made good", PATIENCE, async || {
        let shown = visitor.instance("north", "depot-north-1").await.ok()??;
        (shown.restarts == 1 && shown.status == "healthy").then_some(shown)
    });
    let shown = shown.await.unwrap();
    let after = world.settled(&visitor, &wanted(), PATIENCE).await.unwrap();
    assert_eq!(shown.handle, Some(after["north"][0].pid.to_string()));
    assert_ne!(after["north"][0].pid, before["north"][0].pid);
    assert_eq!(after["north"][1..], before["north"][1..]);
    assert_eq!(after["south"], before["south"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_tells_what_it_died_of_and_is_started_again() {
    let (world, visitor) = world().await;
    world.settled(&visitor, &wanted(), START).await.unwrap();
    // Each death makes the pause before the next start longer, until the cause can be read.
    let cause = until("the console shows a killed instance", PATIENCE, async || {
        let shown = visitor.instance("south", "shop-south-2").await.ok()??;
        match shown.status.as_str() {
            "healthy" => world.lab_fault(&["kill", "shop-south-2"]).ok().and(None),
            "failing" => shown.cause,
            _ => None,
        }
    });
    let cause = cause.await.unwrap();
    assert!(cause.contains("SIGKILL") || cause.contains('9'), "{cause}");
    let after = world.settled(&visitor, &wanted(), PATIENCE).await.unwrap();
    let shown = visitor.instance("south", "shop-south-2").await.unwrap().unwrap();
    assert!(shown.restarts >= 1, "{shown:?}");
    assert_eq!(shown.handle, Some(after["south"][1].pid.to_string()));

    world.lab_fault(&["stop", "shop@south"]).unwrap();
    let dead = until("both are down, each with its cause", PATIENCE, async || {
        let shown = visitor.instances("south").await.ok()?;
        let dead = |s: &&mainstay_tests::estate::Shown| s.status == "failing" && s.cause.is_some();
        (shown.iter().filter(dead).count() == 2).then_some(shown)
    });
    dead.await.unwrap();
    world.lab_fault(&["heal", "shop@south"]).unwrap();
    world.settled(&visitor, &wanted(), PATIENCE).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_cut_off_is_unknown_and_serves_and_what_is_lost_comes_back() {
    let (world, visitor) = world().await;
    let before = world.settled(&visitor, &wanted(), START).await.unwrap();
    let data = visitor.json("/api/v1/instances/shop-south-1").await.unwrap();
    let endpoint = data["instance"]["endpoint"].as_str().unwrap().to_owned();
    world.lab_fault(&["cut", "south"]).unwrap();
    let age = until("what is not heard is unknown", PATIENCE, async || {
        let (statuses, heard, age) = look(&visitor, "south").await;
        // Every single look is at one moment: all of it is believed, or nothing is.
        let expected = if heard { "healthy" } else { "unknown" };
        assert!(statuses.iter().all(|status| status == expected), "{heard} {statuses:?} {age}");
        assert_eq!(heard, age <= SILENT_AFTER, "{age}");
        (!heard).then_some(age)
    });
    let age = age.await.unwrap();
    assert!(age < SILENT_AFTER * 2, "noticed only after {age}");
    // A death that cannot be told changes nothing of what is known, which is nothing.
    kill(before["south"][1].pid);
    until("it is started again by its agent alone", PATIENCE, async || {
        let running = world.running("south").ok()?;
        let again = running.len() == 2 && running[1].pid != before["south"][1].pid;
        let (statuses, heard, _) = look(&visitor, "south").await;
        assert!(!heard && statuses.iter().all(|status| status == "unknown"), "{statuses:?}");
        again.then_some(())
    })
    .await
    .unwrap();
    let address = format!("http://{endpoint}/health");
    let answer = visitor.client().get(&address).send().await.unwrap();
    assert!(answer.status().is_success(), "the service goes on serving");
    let (statuses, heard, _) = look(&visitor, "north").await;
    assert!(heard && statuses.iter().all(|status| status == "healthy"));
    world.lab_fault(&["heal", "south"]).unwrap();
    let after = world.settled(&visitor, &wanted(), PATIENCE).await.unwrap();
    assert_eq!(after["south"][0], before["south"][0]);

    world.lab_fault(&["lose", "south"]).unwrap();
    until("what is lost is unknown too", PATIENCE, async || {
        let (statuses, heard, _) = look(&visitor, "south").await;
        let unknown = !heard && statuses.iter().all(|status| status == "unknown");
        (unknown && world.running("south").ok()?.is_empty()).then_some(())
    })
    .await
    .unwrap();
    world.lab_fault(&["heal", "south"]).unwrap();
    let after = world.settled(&visitor, &wanted(), PATIENCE).await.unwrap();
    assert_eq!(after["north"], before["north"]);
}
