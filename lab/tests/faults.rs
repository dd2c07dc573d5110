//! A lab with real agents and services against a server of the protocol: every fault does what it
//! says, shows in the reports, and heals.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "other tests use the rest")]
mod harness;

use harness::{Site, Test, common};
use mainstay_agent::driver::process;
use mainstay_core::estate::{Cause, Instance, InstanceState};

/// Not a test: the agent process. The lab's agent program is a script that comes here.
#[test]
#[ignore = "played by a process of its own"]
fn agent_process() {
    harness::agent_process();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_on_instances_show_and_heal() {
    let mut test = Test::start().await;
    let endpoint = test.site("dc1").instances["cart-dc1-1"].endpoint.clone().unwrap();
    let other = test.site("dc2").instances["cart-dc2-1"].endpoint.clone().unwrap();
    let ip = |endpoint: &str| endpoint.split(':').next().unwrap().to_owned();
    assert!(endpoint.starts_with("127.") && ip(&endpoint) != ip(&other));

    assert!(test.fault(&["kill", "cart-dc1-1"]).await);
    let killed = Cause::Killed { signal: 9 };
    test.site("dc1").until(|all| all["cart-dc1-1"].state.cause() == Some(&killed)).await;
    test.site("dc1").until_serving().await;
    assert_eq!(test.site("dc1").instances["cart-dc1-1"].restarts, 1);

    assert!(test.fault(&["stop", "cart@dc1"]).await);
    let stopped = Cause::Exited { code: mainstay_lab::effect::STOPPED_EXIT_CODE };
    let dead = |i: &Instance| i.state.cause() == Some(&stopped) && i.restarts > 1;
    test.site("dc1").until(|all| all.values().all(dead)).await;
    assert!(test.fault(&["heal", "cart@dc1"]).await);
    test.site("dc1").until_serving().await;

    assert!(test.fault(&["fail", "cart-dc1-2", "--rate", "1"]).await);
    let failing = Cause::HealthStatus { code: 500 };
    test.site("dc1").until(|all| all["cart-dc1-2"].state.cause() == Some(&failing)).await;
    assert_eq!(test.site("dc1").instances["cart-dc1-1"].state, InstanceState::Serving);
    assert!(test.fault(&["slow", "dc1", "--ms", "3000"]).await);
    let late = |i: &Instance| matches!(i.state.cause(), Some(Cause::HealthTimeout { .. }));
    test.site("dc1").until(|all| all.values().all(late)).await;
    assert!(test.fault(&["list"]).await);
    assert!(test.fault(&["heal"]).await);
    test.site("dc1").until_serving().await;

    for refused in [
        &["kill", "cart-dc1-9"][..],
        &["kill", "dc1"],
        &["stop", "cart@nowhere"],
        &["slow", "dc1", "--ms", "0"],
        &["heal", "dc1"],
    ] {
        assert!(!test.fault(refused).await, "{refused:?}");
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_centre_is_cut_off_and_lost_and_comes_back() {
    let mut test = Test::start().await;
    let pids = |site: &Site| -> Vec<_> {
        site.instances.values().map(|i| i.handle.clone().unwrap()).collect()
    };
    let before = pids(test.site("dc2"));
    assert!(test.fault(&["cut", "dc2"]).await);
    assert_eq!(test.processes("dc2"), 2, "services go on");
    assert!(test.fault(&["heal", "dc2"]).await);
    assert_eq!(test.next_site().await, "dc2");
    test.site("dc2").until_serving().await;
    assert_eq!(pids(test.site("dc2")), before);

    assert!(test.fault(&["lose", "dc2"]).await);
    while test.processes("dc2") > 0 {
        tokio::task::yield_now().await;
    }
    assert!(test.fault(&["heal", "dc2"]).await);
    assert_eq!(test.next_site().await, "dc2");
    test.site("dc2").until_serving().await;
    assert_eq!(test.processes("dc2"), 2);
    test.site("dc1").until_serving().await;

    let dirs = ["dc1", "dc2"].map(|id| test.agent_dir(id));
    assert_eq!(dirs.len(), 2);
    let (sites, stop, lab) = (std::mem::take(&mut test.sites), test.stop.clone(), test.lab);
    drop(sites);
    stop.cancel();
    tokio::time::timeout(common::PATIENCE, lab).await.unwrap().unwrap().unwrap();
    for dir in dirs {
        assert!(process::recorded(&dir).unwrap().is_empty(), "everything was stopped");
    }
}
