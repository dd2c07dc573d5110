//! The link against a real server of the protocol: joining, reports, commands, torn connections.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::Utc;
use common::{PATIENCE, TestServer, tests_of, token};
use futures::FutureExt;
use futures::future::BoxFuture;
use mainstay_agent::bench::Tests;
use mainstay_agent::driver::{Driver, Observed, Stage, Stager};
use mainstay_agent::executor::Executor;
use mainstay_agent::identity::{self, Found, IdentityError};
use mainstay_agent::journal::{Journal, Targets};
use mainstay_agent::link::{self, LinkConfig};
use mainstay_agent::witness::Witness;
use mainstay_agent::work::Works;
use mainstay_core::audit::merkle::{Frontier, leaf_hash};
use mainstay_core::audit::note::SignerKey;
use mainstay_core::backup::work::{VerifyJob, Work};
use mainstay_core::bench::{Check, On, Test, TestState};
use mainstay_core::deployment::{Command, Spec, Track};
use mainstay_core::estate::{Instance, InstanceState};
use mainstay_core::id::{DatacenterId, ServiceId};
use mainstay_wire::{Checkpoint, FromAgent, JoinToken, Outcome, ToAgent, proto};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Long enough that only changes cause reports.
const SLOW: Duration = Duration::from_secs(30);

/// Remembers what it was told to run.
struct Recorder {
    targets: watch::Sender<Vec<Targets>>,
    observed: watch::Receiver<Observed>,
}

impl Driver for Recorder {
    fn precheck(&self, command: &Command) -> Result<(), String> {
        match command {
            Command::Replace { .. } => Err("there is no such instance".to_owned()),
            Command::Deploy { .. }
            | Command::Remove { .. }
            | Command::Test { .. }
            | Command::Work { .. } => Ok(()),
        }
    }
    fn retarget(&mut self, targets: &Targets) {
        self.targets.send_modify(|all| all.push(targets.clone()));
    }
    fn observe(&self) -> watch::Receiver<Observed> {
        self.observed.clone()
    }
    fn stager(&self) -> Arc<dyn Stager> {
        Arc::new(Nothing)
    }
}

/// Starts nothing.
struct Nothing;

impl Stager for Nothing {
    fn stage(self: Arc<Self>, _: ServiceId, _: Spec) -> BoxFuture<'static, Result<Stage, String>> {
        async { Err("nothing is started here".to_owned()) }.boxed()
    }
}

/// An agent without processes in this very program.
struct Agent {
    targets: watch::Receiver<Vec<Targets>>,
    observed: watch::Sender<Observed>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

fn fra1() -> DatacenterId {
    "fra1".parse().unwrap()
}

impl Agent {
    fn start(server: &TestServer, dir: &Path) -> Self {
        let (observed, observations) = watch::channel(Observed::default());
        let (sender, targets) = watch::channel(vec![]);
        let recorder = Recorder { targets: sender, observed: observations };
        let stop = CancellationToken::new();
        let (stopped, dir) = (stop.clone(), dir.to_owned());
        let (address, token) = (server.address.to_string(), server.token.clone());
        let task = tokio::spawn(async move {
            let identity = match identity::find(&dir, &fra1(), Some(&token)).unwrap() {
                Found::Identity(identity) => *identity,
                Found::MustJoin { token, .. } => {
                    identity::join(&address, &dir, &fra1(), &token).await.unwrap()
                }
            };
            let journal = Journal::open(&mainstay_agent::journal_path(&dir)).unwrap();
            let (tests, works) = (Tests::open(&dir).unwrap(), Works::open(&dir, None).unwrap());
            let mut executor = Executor::new(journal, tests, works, recorder).unwrap();
            let mut witness = Witness::open(&dir).unwrap();
            let config = LinkConfig { server: &address, data_dir: &dir, boot_id: "boot" };
            link::run(config, identity, &mut executor, &mut witness, &stopped).await;
        });
        Self { targets, observed, stop, task }
    }

    /// How often the driver was told what to run, since the start.
    fn retargeted(&self) -> usize {
        self.targets.borrow().len() - 1
    }

    fn show(&self, id: &str, state: InstanceState) {
        let instance = Instance {
            id: id.parse().unwrap(),
            service: "feed".parse().unwrap(),
            version: "1".to_owned(),
            state,
            since: Utc::now(),
            restarts: 0,
            cpu_millicores: None,
            memory_bytes: None,
            endpoint: None,
            handle: None,
        };
        self.observed.send_modify(|observed| {
            observed.instances.insert(instance.id.clone(), Arc::new(instance));
            observed.state_revision += 1;
        });
    }

    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.task).await.unwrap().unwrap();
    }
}

fn deploy(version: &str) -> Command {
    deploy_at(version, Track::Blue)
}

fn deploy_at(version: &str, track: Track) -> Command {
    Command::Deploy { service: "feed".parse().unwrap(), track, spec: spec(version) }
}

fn spec(version: &str) -> Spec {
    Spec {
        version: version.to_owned(),
        nodes: 2,
        command: vec![],
        health_path: "/health".to_owned(),
    }
}

#[tokio::test]
async fn reports_are_full_first_then_what_changed_and_full_again_on_request() {
    let (mut server, dir) = (TestServer::start().await, tempfile::tempdir().unwrap());
    let agent = Agent::start(&server, dir.path());
    let (mut link, hello) = server.welcome(SLOW).await;
    assert_eq!((hello.datacenter, hello.boot_id.as_str()), (fra1(), "boot"));

    let first = link.report().await;
    assert_eq!((first.seq, first.full, first.instances.len()), (1, true, 0));
    agent.show("feed-fra1-1", InstanceState::Starting);
    let delta = link.report().await;
    assert_eq!((delta.seq, delta.full, delta.instances.len()), (2, false, 1));
    agent.show("feed-fra1-2", InstanceState::Serving);
    let delta = link.report().await;
    assert_eq!(delta.instances[0].id.as_str(), "feed-fra1-2");
    agent.observed.send_modify(|observed| {
        observed.instances.clear();
        observed.state_revision += 1;
    });
    assert_eq!(link.report().await.gone_instances.len(), 2);

    link.send(ToAgent::Resync).await;
    let full = link.report().await;
    assert_eq!((full.seq, full.full), (5, true));
    agent.stop().await;
}

#[tokio::test]
async fn without_changes_there_is_a_report_in_every_period() {
    let (mut server, dir) = (TestServer::start().await, tempfile::tempdir().unwrap());
    let agent = Agent::start(&server, dir.path());
    let (mut link, _) = server.welcome(Duration::from_millis(100)).await;
    for seq in 1..=4 {
        let report = link.report().await;
        assert_eq!((report.seq, report.full), (seq, seq == 1));
    }
    agent.stop().await;
}

#[tokio::test]
async fn a_command_acts_once_and_an_older_decision_never() {
    let (mut server, dir) = (TestServer::start().await, tempfile::tempdir().unwrap());
    let agent = Agent::start(&server, dir.path());
    let (mut link, _) = server.welcome(SLOW).await;
    let first = link.report().await;
    assert!(first.deployments.is_empty());

    link.command("c5", 5, deploy("1")).await;
    assert_eq!(link.result().await.outcome, Outcome::Done);
    let told = link.report().await.deployments;
    assert_eq!((told[0].version.as_str(), told[0].token), ("1", token(5)));
    assert_eq!(agent.retargeted(), 1);

    // Again the same, an older one, an equal one, and one that the driver refuses.
    link.command("c5", 5, deploy("1")).await;
    assert_eq!(link.result().await.outcome, Outcome::Done);
    for (id, seq) in [("c4", 4), ("d5", 5)] {
        link.command(id, seq, deploy("0")).await;
        assert_eq!(link.result().await.outcome, Outcome::Stale { newest: token(5) });
    }
    assert_eq!(agent.retargeted(), 1);
    let (service, instance) = ("feed".parse().unwrap(), "feed-fra1-9".parse().unwrap());
    link.command("c6", 6, Command::Replace { service, instance }).await;
    let message = "there is no such instance".to_owned();
    assert_eq!(link.result().await.outcome, Outcome::Failed { message });

    // After a torn link and a new start of the agent everything is still known.
    drop(link);
    let (link, hello) = server.welcome(SLOW).await;
    assert_eq!(hello.accepted, [("feed".parse().unwrap(), token(6))].into());
    assert_eq!(hello.journal_tail.len(), 2);
    drop(link);
    agent.stop().await;
    let agent = Agent::start(&server, dir.path());
    let (mut link, hello) = loop {
        // A link of the former agent may still be in the queue.
        let (link, hello) = server.welcome(SLOW).await;
        if !agent.targets.borrow().is_empty() {
            break (link, hello);
        }
    };
    assert_eq!(hello.journal_tail.len(), 2);
    assert_eq!(link.report().await.deployments[0].version, "1");
    link.command("c5", 5, deploy("1")).await;
    assert_eq!(link.result().await.outcome, Outcome::Done);
    assert_eq!(agent.retargeted(), 0);
    let service = "feed".parse().unwrap();
    link.command("c7", 7, Command::Remove { service, track: Track::Blue }).await;
    assert_eq!(link.result().await.outcome, Outcome::Done);
    assert_eq!(link.report().await.gone_deployments.len(), 1);
    agent.stop().await;
}

#[tokio::test]
async fn two_tracks_of_a_service_stand_side_by_side_under_one_history() {
    let (mut server, dir) = (TestServer::start().await, tempfile::tempdir().unwrap());
    let agent = Agent::start(&server, dir.path());
    let (mut link, _) = server.welcome(SLOW).await;
    link.command("c1", 1, deploy("1")).await;
    link.command("c3", 3, deploy_at("2", Track::Green)).await;
    for _ in 0..2 {
        assert_eq!(link.result().await.outcome, Outcome::Done);
    }
    // What was told beside the results was read past.
    link.send(ToAgent::Resync).await;
    let told = loop {
        let report = link.report().await;
        if report.full && report.deployments.len() == 2 {
            break report.deployments;
        }
    };
    let versions: Vec<_> = told.iter().map(|d| (d.track, d.version.as_str())).collect();
    assert_eq!(versions, [(Track::Blue, "1"), (Track::Green, "2")]);
    // A decision about one track is newer than an older one about the other.
    link.command("c2", 2, deploy("0")).await;
    assert_eq!(link.result().await.outcome, Outcome::Stale { newest: token(3) });
    let (service, track) = ("feed".parse().unwrap(), Track::Blue);
    link.command("c4", 4, Command::Remove { service, track }).await;
    assert_eq!(link.result().await.outcome, Outcome::Done);
    link.send(ToAgent::Resync).await;
    let left = loop {
        let report = link.report().await;
        if report.full {
            break report.deployments;
        }
    };
    assert_eq!(left.iter().map(|d| d.track).collect::<Vec<_>>(), [Track::Green]);
    agent.stop().await;
}

#[tokio::test]
async fn work_on_a_database_is_refused_where_none_is_known() {
    let (mut server, dir) = (TestServer::start().await, tempfile::tempdir().unwrap());
    let agent = Agent::start(&server, dir.path());
    let (mut link, _) = server.welcome(SLOW).await;
    let work = Work::Verify(VerifyJob {
        id: "verify-1".to_owned(),
        database: "orders".parse().unwrap(),
        datacenter: fra1(),
    });
    link.command("c1", 1, Command::Work { work }).await;
    let Outcome::Failed { message } = link.result().await.outcome else { panic!("not refused") };
    assert!(message.contains("start it with --databases FILE"), "{message}");
    agent.stop().await;
}

#[tokio::test]
async fn a_test_is_taken_over_at_once_and_told_of_when_it_is_over() {
    let (mut server, dir) = (TestServer::start().await, tempfile::tempdir().unwrap());
    let agent = Agent::start(&server, dir.path());
    let (mut link, _) = server.welcome(SLOW).await;
    let test = Test {
        id: "bench-1".to_owned(),
        on: On::Staging { spec: spec("2") },
        checks: vec![Check::Http { path: "/".to_owned(), status: 200, contains: None }],
    };
    let order = || Command::Test { service: "feed".parse().unwrap(), test: test.clone() };
    link.command("c1", 1, order()).await;
    assert_eq!(link.result().await.outcome, Outcome::Done);
    let over = loop {
        let tests = tests_of(&link.report().await);
        if let Some(test) = tests.into_iter().find(|test| test.state != TestState::Running) {
            break test;
        }
    };
    let message = "nothing is started here".to_owned();
    assert_eq!((over.version.as_str(), &over.state), ("2", &TestState::NotMade { message }));
    // The same test again, as another command, is the same: nothing new is told.
    link.command("c2", 2, order()).await;
    assert_eq!(link.result().await.outcome, Outcome::Done);
    assert_eq!(link.report().await.facts, []);
    agent.stop().await;

    let agent = Agent::start(&server, dir.path());
    drop(link);
    let (mut link, _) = server.welcome(SLOW).await;
    let told = link.report().await;
    assert!(told.full);
    assert_eq!(tests_of(&told), [over]);
    agent.stop().await;
}

#[tokio::test]
async fn a_malformed_message_ends_the_link_and_changes_nothing() {
    let (mut server, dir) = (TestServer::start().await, tempfile::tempdir().unwrap());
    let agent = Agent::start(&server, dir.path());
    let (link, _) = server.welcome(SLOW).await;
    let empty = proto::Command { id: "c1".to_owned(), token: None, action: None };
    let body = Some(proto::to_agent::Body::Command(empty));
    link.send_raw(proto::ToAgent { body }).await;
    let (mut link, hello) = server.welcome(SLOW).await;
    assert!(hello.accepted.is_empty() && agent.retargeted() == 0);
    link.command("c2", 2, deploy("1")).await;
    assert_eq!(link.result().await.outcome, Outcome::Done);
    agent.stop().await;
}

#[tokio::test]
async fn a_certificate_that_is_due_is_renewed_and_the_link_goes_on_with_the_new_one() {
    let mut server = TestServer::start_with(1, 1).await;
    let dir = tempfile::tempdir().unwrap();
    let agent = Agent::start(&server, dir.path());
    let file = dir.path().join("identity.json");
    let (_first, _) = server.welcome(SLOW).await;
    let joined = std::fs::read(&file).unwrap();
    let (mut link, _) = server.welcome(SLOW).await;
    assert_ne!(std::fs::read(&file).unwrap(), joined);
    assert!(link.report().await.full);
    agent.stop().await;
}

#[tokio::test]
async fn a_rewritten_audit_log_is_told_at_once_and_on_every_link() {
    let mut server = TestServer::start().await;
    let dir = tempfile::tempdir().unwrap();
    let agent = Agent::start(&server, dir.path());
    let (mut link, hello) = server.welcome(SLOW).await;
    assert_eq!(hello.conflict, None);
    let signer = SignerKey::from_seed("test/audit", &[1; 32]).unwrap();
    for (word, size, from_size) in [("a", 1, 0), ("b", 1, 1)] {
        let mut tree = Frontier::default();
        tree.push(leaf_hash(word.as_bytes()), |_, _| {});
        let note = signer.sign(size, tree.root());
        link.send(ToAgent::Checkpoint(Checkpoint { note, consistency: vec![], from_size })).await;
    }
    let told = loop {
        match link.next().await {
            FromAgent::Conflict(conflict) => break conflict,
            FromAgent::Report(_) | FromAgent::Result(_) => {}
            FromAgent::Hello(_) => panic!("a second hello"),
        }
    };
    assert_eq!((told.witnessed, told.offered), (1, 1));
    agent.stop().await;
    let agent = Agent::start(&server, dir.path());
    let (_link, hello) = server.welcome(SLOW).await;
    assert_eq!(hello.conflict, Some(told));
    agent.stop().await;
}

#[tokio::test]
async fn a_join_that_is_to_come_later_comes_again_until_told_to_stop() {
    let server = TestServer::start().await;
    let (address, dir) = (server.address.to_string(), tempfile::tempdir().unwrap());
    let (datacenter, stop) = (fra1(), CancellationToken::new());
    let join = || identity::join_patiently(&address, dir.path(), &datacenter, &server.token, &stop);
    server.busy.store(1, Ordering::Relaxed);
    assert!(join().await.unwrap().is_some());
    assert_eq!(server.busy.load(Ordering::Relaxed), 0);
    server.busy.store(u32::MAX, Ordering::Relaxed);
    let (joined, ()) = tokio::join!(join(), async { stop.cancel() });
    assert!(joined.unwrap().is_none());
}

#[tokio::test]
async fn joins_only_the_server_the_token_names_and_only_with_a_good_token() {
    let (server, other) = (TestServer::start().await, TestServer::start().await);
    let dir = tempfile::tempdir().unwrap();
    let join = async |server: &TestServer, token: &JoinToken| {
        identity::join(&server.address.to_string(), dir.path(), &fra1(), token).await
    };
    let error = join(&server, &other.token).await.unwrap_err();
    assert!(matches!(error, IdentityError::Unreachable(_)), "{error:?}");
    let unknown = JoinToken::new("zzzzzzzzzzzzzzzzzzzzzzzz", *server.token.ca_fingerprint());
    let error = join(&server, &unknown.unwrap()).await.unwrap_err();
    assert!(matches!(error, IdentityError::Refused(_)) && !error.is_temporary());
    assert!(matches!(
        identity::find(dir.path(), &fra1(), None).unwrap_err(),
        IdentityError::NoToken
    ));

    join(&server, &server.token).await.unwrap();
    let found = identity::find(dir.path(), &fra1(), Some(&server.token)).unwrap();
    assert!(matches!(found, Found::Identity(_)));
    // The key is for the agent's user alone.
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(dir.path().join("identity.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // A used token is refused; another server's token means a new beginning; another data
    // centre's agent does not get this identity.
    assert!(matches!(join(&server, &server.token).await, Err(IdentityError::Refused(_))));
    let found = identity::find(dir.path(), &fra1(), Some(&other.token)).unwrap();
    assert!(matches!(found, Found::MustJoin { replaces: true, .. }));
    let error = identity::find(dir.path(), &"ber1".parse().unwrap(), None).unwrap_err();
    assert!(matches!(error, IdentityError::OtherDatacenter { .. }));
}
