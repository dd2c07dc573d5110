//! A lab with a real Patroni pair, and an etcd whose third member is only a witness: handed over
//! without a loss, copied where it leads, failed over with a loss that was said before, rejoined.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "other tests use the rest")]
mod harness;

use std::time::Duration;

use harness::common::TestServer;
use harness::{FLEET, Test};
use mainstay_core::backup::Kind;
use mainstay_core::backup::job::{BackupJob, WithoutFull};
use mainstay_core::backup::work::{Done, Work, WorkState};
use mainstay_core::cluster::decide::Reason;
use mainstay_core::cluster::job::{FailoverJob, Moved, RejoinJob, SwitchoverJob};
use mainstay_core::cluster::{ClusterDone, ClusterJob, MemberReport, Role, State};
use mainstay_core::deployment::Command;
use mainstay_core::estate::Fact;
use mainstay_core::id::{DatabaseId, DatacenterId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Longest wait for anything of a cluster.
const PATIENCE: Duration = Duration::from_secs(120);

const CLUSTER: &str = r#"
[[datacenter]]
id = "dc3"
name = "Witness"
region = "here"
vendor = "cloud:southwind"

[[database]]
id = "orders-db"
group = "store"
datacenters = ["dc1", "dc2"]
cluster = "patroni"
"#;

/// Not a test: the agent process, and the command that stops and starts a database.
#[test]
#[ignore = "played by a process of its own"]
fn agent_process() {
    harness::agent_process();
}

fn database() -> DatabaseId {
    "orders-db".parse().unwrap()
}

fn dc(id: &str) -> DatacenterId {
    id.parse().unwrap()
}

/// Waits for a fact that an agent tells.
async fn told<T>(test: &mut Test, site: &str, what: impl Fn(&Fact) -> Option<T>) -> T {
    let link = &mut test.site(site).link;
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(told) = link.report().await.facts.iter().find_map(&what) {
                return told;
            }
        }
    });
    waited.await.expect("it is told in time")
}

async fn member(test: &mut Test, site: &str, what: impl Fn(&MemberReport) -> bool) -> MemberReport {
    let found = |fact: &Fact| match fact {
        Fact::Member(report) if what(report) => Some(report.clone()),
        Fact::Member(_) | Fact::Database(_) | Fact::Test(_) | Fact::Work(_) => None,
    };
    told(test, site, found).await
}

/// Has work done at an agent.
async fn done(test: &mut Test, site: &str, seq: u64, work: Work) -> Done {
    let id = work.id().to_owned();
    test.site(site).link.command(&id, seq, Command::Work { work }).await;
    let over = |fact: &Fact| match fact {
        Fact::Work(report) if report.work.id() == id && report.state.is_over() => {
            Some(report.state.clone())
        }
        Fact::Work(_) | Fact::Test(_) | Fact::Database(_) | Fact::Member(_) => None,
    };
    let state = told(test, site, over).await;
    let WorkState::Done { done } = state else { panic!("{state:?}") };
    done
}

async fn moved(test: &mut Test, site: &str, seq: u64, job: ClusterJob) -> ClusterDone {
    let Done::Cluster(done) = done(test, site, seq, Work::Cluster(job)).await else { panic!() };
    done
}

fn switchover(id: &str) -> ClusterJob {
    let (id, lag_max_bytes) = (id.to_owned(), 16 << 20);
    let (from, to) = (dc("dc1"), dc("dc2"));
    ClusterJob::Switchover(SwitchoverJob { id, database: database(), from, to, lag_max_bytes })
}

fn failover(id: &str, accept_loss_bytes: Option<u64>) -> ClusterJob {
    let (id, database, to) = (id.to_owned(), database(), dc("dc1"));
    ClusterJob::Failover(FailoverJob { id, database, to, accept_loss_bytes })
}

/// How many writes were acknowledged, and how many of them are missing; asked until it is known.
async fn writes(test: &Test) -> (u64, u64) {
    let socket = test.dir.path().join("lab/control.sock");
    let asked = async {
        loop {
            let mut stream = tokio::net::UnixStream::connect(&socket).await.unwrap();
            stream.write_all(b"GET /databases HTTP/1.0\r\n\r\n").await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            let (_, body) = answer.split_once("\r\n\r\n").unwrap();
            let status: serde_json::Value = serde_json::from_str(body).unwrap();
            let number = |name: &str| status[0][name].as_u64();
            if let (Some(all), Some(missing)) = (number("acknowledged"), number("missing")) {
                return (all, missing);
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.expect("somebody leads")
}

/// What would be lost, where it was refused for that; 0: it was done, nothing was under way.
fn refused_loss(done: &ClusterDone) -> u64 {
    match done {
        ClusterDone::Refused { reason: Reason::LossTooLarge { loss_bytes, .. } } => *loss_bytes,
        ClusterDone::Moved(_)
        | ClusterDone::Rejoined { .. }
        | ClusterDone::Paused
        | ClusterDone::Resumed
        | ClusterDone::Refused { .. } => 0,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_handed_over_lost_and_rejoined() {
    let server = TestServer::start_with(2, 3600).await;
    let fleet = format!("{FLEET}{CLUSTER}");
    let mut test = Test::start_with(server, &fleet, &["--writes-per-second", "50"]).await;
    let well = |it: &MemberReport| it.state == State::Streaming && it.paused == Some(true);
    let standby = member(&mut test, "dc2", well).await;

    // Handed over: nothing is lost, and asked again it is so already.
    let done_now = moved(&mut test, "dc2", 10, switchover("s1")).await;
    let ClusterDone::Moved(Moved { already: false, new_timeline, without_writes_ms, .. }) =
        done_now
    else {
        panic!("{done_now:?}")
    };
    println!("switchover: {without_writes_ms:?} ms without writes");
    assert!(new_timeline > standby.timeline, "{new_timeline:?}");
    let again = moved(&mut test, "dc2", 11, switchover("s2")).await;
    assert!(matches!(again, ClusterDone::Moved(Moved { already: true, .. })), "{again:?}");
    let (all, missing) = writes(&test).await;
    assert!(all > 0 && missing == 0, "{missing} of {all} are missing");

    // Copies are made where it leads now.
    let copied = Work::Backup(BackupJob {
        id: "b1".to_owned(),
        database: database(),
        datacenter: dc("dc1"),
        kind: Kind::Full,
        without_full: WithoutFull::Refuse,
        parent: None,
    });
    let follows = |it: &MemberReport| it.state == State::Streaming && it.timeline == new_timeline;
    member(&mut test, "dc1", follows).await;
    assert!(matches!(done(&mut test, "dc2", 12, copied).await, Done::Backup(_)));

    // Lost, while the standby lags: what was said is at least what is missing.
    assert!(test.fault(&["lag", "dc1"]).await);
    member(&mut test, "dc1", |it| it.lag_bytes.is_some_and(|lag| lag > 10_000)).await;
    assert!(test.fault(&["lose", "dc2"]).await);
    member(&mut test, "dc1", |it| it.role == Role::Replica && it.sees_leader().is_none()).await;
    let first = moved(&mut test, "dc1", 20, failover("f1", None)).await;
    let refused = refused_loss(&first);
    let (loss_bytes, done_now) = match refused {
        0 => (0, first),
        loss_bytes => {
            let accepted = failover("f2", Some(loss_bytes));
            (loss_bytes, moved(&mut test, "dc1", 21, accepted).await)
        }
    };
    let ClusterDone::Moved(moved_now) = done_now else { panic!("{done_now:?}") };
    let (all, missing) = writes(&test).await;
    println!("failover: {moved_now:?}; {missing} of {all} acknowledged writes are missing");
    assert!(moved_now.behind_bytes <= Some(loss_bytes) && moved_now.new_timeline > new_timeline);
    // Each takes well over 100 bytes of the log.
    assert!(missing * 100 <= loss_bytes, "{missing} writes in {loss_bytes} bytes");

    // Back: the old leader gives up what nobody else has, and follows.
    assert!(test.fault(&["heal"]).await);
    assert_eq!(test.next_site().await, "dc2");
    let job = RejoinJob { id: "r1".to_owned(), database: database() };
    let back = moved(&mut test, "dc2", 30, ClusterJob::Rejoin(job)).await;
    let timeline = moved_now.new_timeline.unwrap();
    assert_eq!(back, ClusterDone::Rejoined { leader: dc("dc1"), timeline });
    member(&mut test, "dc2", well).await;
    test.stop.cancel();
}
