//! Every message survives the way over the wire, and a malformed one is refused by field.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::{DateTime, Utc};
use mainstay_core::audit::Conflict;
use mainstay_core::backup::kept::{Hours, Kept, Server};
use mainstay_core::backup::work::{DatabaseReport, VerifyJob, Work, WorkReport, WorkState};
use mainstay_core::bench::{Check, CheckResult, On, Test, TestReport, TestState};
use mainstay_core::cluster::{MEMBERS_MAX, MemberReport, MemberView, Role, State};
use mainstay_core::deployment::{Command as Action, Spec, Track};
use mainstay_core::estate::{Cause, Deployment, Fact, Instance, InstanceState};
use mainstay_core::fence::Token;
use mainstay_wire::{
    Checkpoint, Command, CommandId, CommandResult, FromAgent, Hello, JoinToken, Outcome, Report,
    ToAgent, Welcome, WireError, limits, proto,
};
use prost::Message;

const TOKEN: Token = Token { timeline: 1, epoch: 2, seq: 3 };

fn instance(id: &str, state: InstanceState) -> Instance {
    Instance {
        id: id.parse().unwrap(),
        service: "feed".parse().unwrap(),
        version: "1.2.3".to_owned(),
        state,
        since: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
        restarts: 4,
        cpu_millicores: Some(5),
        memory_bytes: None,
        endpoint: Some("127.0.0.1:80".to_owned()),
        handle: Some("pid 7".to_owned()),
    }
}

fn causes() -> Vec<Cause> {
    let message = || "refused".to_owned();
    vec![
        Cause::Exited { code: -1 },
        Cause::Killed { signal: 9 },
        Cause::Vanished,
        Cause::NotStarted { message: message() },
        Cause::HealthStatus { code: 503 },
        Cause::HealthTimeout { after_ms: 1000 },
        Cause::HealthRefused { message: message() },
    ]
}

fn report() -> Report {
    let retry_at = DateTime::from_timestamp(1_700_000_001, 0).unwrap();
    let mut instances = vec![
        instance("a", InstanceState::Starting),
        instance("b", InstanceState::Serving),
        instance("c", InstanceState::Draining),
    ];
    for (at, cause) in causes().into_iter().enumerate() {
        let unhealthy = InstanceState::Unhealthy { cause: cause.clone() };
        instances.push(instance(&format!("u{at}"), unhealthy));
        let waiting = InstanceState::Waiting { cause, retry_at };
        instances.push(instance(&format!("w{at}"), waiting));
    }
    let deployment = |track| Deployment {
        service: "feed".parse().unwrap(),
        track,
        version: "1".to_owned(),
        nodes: 2,
        template: "abc".to_owned(),
        token: TOKEN,
    };
    let old = || "old".parse().unwrap();
    Report {
        seq: 1,
        full: true,
        instances,
        gone_instances: vec!["z".parse().unwrap()],
        deployments: vec![deployment(Track::Blue), deployment(Track::Green)],
        gone_deployments: vec![(old(), Track::Blue), (old(), Track::Green)],
        facts: facts(),
    }
}

fn checks() -> Vec<Check> {
    let path = "/health".to_owned();
    vec![
        Check::Http { path: path.clone(), status: 200, contains: Some("ok".to_owned()) },
        Check::Load {
            path,
            requests_per_second: 50,
            seconds: 5,
            error_max_bp: 10,
            p95_max_ms: 500,
        },
    ]
}

fn kept(since: DateTime<Utc>) -> Kept {
    Kept {
        work: "dw-1".to_owned(),
        datacenter: "fra1".parse().unwrap(),
        label: mainstay_core::backup::Label("F".to_owned()),
        target: mainstay_core::backup::job::Target::Moment { at: since },
        path: "/scratch/kept/1".to_owned(),
        socket: "/scratch/kept/1/socket".to_owned(),
        port: 5432,
        user: "postgres".to_owned(),
        account: "postgres".to_owned(),
        names: Vec::new(),
        since,
        until: since + Hours::DEFAULT.time(),
        bytes: None,
        server: Server::Down { why: "it ended".to_owned() },
    }
}

fn facts() -> Vec<Fact> {
    let read_at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let job = VerifyJob {
        id: "dw-1".to_owned(),
        database: "orders".parse().unwrap(),
        datacenter: "fra1".parse().unwrap(),
    };
    let work = WorkReport {
        work: Work::Verify(job),
        state: WorkState::Running { progress: Default::default() },
        started_at: Some(read_at),
        ended_at: None,
    };
    let seen = DatabaseReport {
        database: "orders".parse().unwrap(),
        read_at,
        hosts: true,
        prepared: None,
        catalogue: [("fra1".parse().unwrap(), Err("it is away".to_owned()))].into(),
        wal: Default::default(),
        set_aside: vec!["/data.before-1".to_owned()],
        kept: vec![kept(read_at)],
        archiver: Some(mainstay_core::backup::work::Archiver { failed: 3, ..Default::default() }),
        log_moments: Vec::new(),
        histories: Default::default(),
    };
    let member = MemberReport {
        role: Role::Replica,
        lsn: Some(1 << 40),
        members: vec![MemberView {
            datacenter: "fra1".parse().unwrap(),
            role: Role::Leader,
            state: State::Running,
            timeline: None,
            lag_bytes: None,
        }],
        ..MemberReport::unknown("orders".parse().unwrap(), read_at, "it is away")
    };
    let tests = tests().into_iter().map(Fact::Test);
    let facts = [Fact::Work(work), Fact::Database(seen), Fact::Member(member)];
    tests.chain(facts).collect()
}

fn tests() -> Vec<TestReport> {
    let started_at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let report = |(at, state)| TestReport {
        id: format!("bench {at}"),
        service: "feed".parse().unwrap(),
        version: "1.2.3".to_owned(),
        ended_at: (state != TestState::Running).then_some(started_at),
        state,
        started_at,
        results: checks()
            .into_iter()
            .map(|check| CheckResult { check, passed: true, seen: "200 after 3 ms".to_owned() })
            .collect(),
    };
    let not_made = TestState::NotMade { message: "the node was gone".to_owned() };
    let states = [TestState::Running, TestState::Passed, TestState::Failed, not_made];
    states.into_iter().enumerate().map(report).collect()
}

fn conflict() -> Conflict {
    let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    Conflict { at, witnessed: 7, offered: 9 }
}

fn result(outcome: Outcome) -> CommandResult {
    CommandResult { command_id: CommandId::new("c-1").unwrap(), token: TOKEN, outcome }
}

fn spec() -> Spec {
    Spec {
        version: "1".to_owned(),
        nodes: 2,
        command: vec!["/bin/feed".to_owned(), "two\nlines".to_owned()],
        health_path: "/health".to_owned(),
    }
}

fn deploy(track: Track) -> Action {
    Action::Deploy { service: "feed".parse().unwrap(), track, spec: spec() }
}

fn test(on: On) -> Action {
    let test = Test { id: "bench 1".to_owned(), on, checks: checks() };
    Action::Test { service: "feed".parse().unwrap(), test }
}

#[test]
fn what_an_agent_says_survives_the_wire() {
    let failed = Outcome::Failed { message: "no".to_owned() };
    let hello = Hello {
        datacenter: "fra1".parse().unwrap(),
        agent_version: "0.1.0".to_owned(),
        boot_id: "b".to_owned(),
        accepted: [("feed".parse().unwrap(), TOKEN)].into(),
        journal_tail: vec![result(Outcome::Done), result(failed)],
        witnessed_size: 7,
        conflict: Some(conflict()),
    };
    for message in [
        FromAgent::Hello(hello),
        FromAgent::Report(report()),
        FromAgent::Conflict(conflict()),
        FromAgent::Result(result(Outcome::Stale { newest: TOKEN })),
    ] {
        let bytes = proto::FromAgent::from(&message).encode_to_vec();
        let read = proto::FromAgent::decode(bytes.as_slice()).unwrap();
        assert_eq!(FromAgent::try_from(read), Ok(message));
    }
}

#[test]
fn what_a_server_says_survives_the_wire() {
    let command = |action| {
        ToAgent::Command(Command { id: CommandId::new("c-1").unwrap(), token: TOKEN, action })
    };
    let service = || "feed".parse().unwrap();
    for message in [
        ToAgent::Welcome(Welcome {
            server_version: "0.1.0".to_owned(),
            server_time: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
            report_period: std::time::Duration::from_secs(1),
        }),
        command(deploy(Track::Blue)),
        command(deploy(Track::Green)),
        command(Action::Remove { service: service(), track: Track::Blue }),
        command(Action::Remove { service: service(), track: Track::Green }),
        command(test(On::Staging { spec: spec() })),
        command(test(On::Instance { instance: "feed-fra1-1".parse().unwrap() })),
        command(Action::Replace { service: service(), instance: "feed-fra1-1".parse().unwrap() }),
        ToAgent::Acknowledged { seq: 9 },
        ToAgent::Resync,
        ToAgent::Checkpoint(Checkpoint {
            note: "log\n1\n".to_owned(),
            consistency: vec![[7; 32]],
            from_size: 4,
        }),
    ] {
        let bytes = proto::ToAgent::from(&message).encode_to_vec();
        let read = proto::ToAgent::decode(bytes.as_slice()).unwrap();
        assert_eq!(ToAgent::try_from(read), Ok(message));
    }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(read: Result<T, WireError>, sentence: &str) {
    assert_eq!(read.unwrap_err().to_string(), sentence);
}

/// Changes a good report and expects the sentence.
#[track_caller]
fn bad_report(change: impl FnOnce(&mut proto::Report), sentence: &str) {
    let mut message = proto::Report::from(&report());
    change(&mut message);
    refused(Report::try_from(message), sentence);
}

#[test]
fn a_malformed_report_is_refused_by_field() {
    bad_report(|r| r.seq = 0, "seq: is missing");
    bad_report(
        |r| r.instances[1].id = "Not An Id".to_owned(),
        "instances[1].id: is not an id: an id starts with a letter and has only a-z, 0-9 and \
         single hyphens, not 'N'",
    );
    bad_report(
        |r| r.instances[0].state = 99,
        "instances[0].state: is 99, which is outside the states of the protocol",
    );
    bad_report(|r| r.instances[0].state = 0, "instances[0].state: is missing");
    bad_report(|r| r.instances[3].cause = None, "instances[3].cause: is missing");
    bad_report(
        |r| r.instances[3].cause = Some(proto::Cause { kind: None }),
        "instances[3].cause.kind: is missing",
    );
    bad_report(
        |r| r.instances[0].since_ms = i64::MAX,
        "instances[0].since_ms: is 9223372036854775807, which is outside the years 2000 to 2200 \
         in Unix milliseconds",
    );
    bad_report(
        |r| r.instances[0].version = "v\n1".to_owned(),
        "instances[0].version: holds a character that is not allowed there: '\\n'",
    );
    bad_report(
        |r| r.instances[0].endpoint = Some("x".repeat(300)),
        "instances[0].endpoint: has 300 bytes, at most 256 are allowed",
    );
    bad_report(|r| r.gone_instances[0] = "a".to_owned(), "instances: is named twice: a");
    bad_report(|r| r.deployments[0].token = None, "deployments[0].token: is missing");
    bad_report(
        |r| r.deployments[0].nodes = 70_000,
        "deployments[0].nodes: is 70000, which is outside 0 to 65,535",
    );
    bad_report(
        |r| r.instances = vec![proto::Instance::default(); limits::INSTANCES_MAX + 1],
        "instances: has 20001 entries, at most 20000 are allowed",
    );
    bad_report(
        |r| r.deployments[0].track = 2,
        "deployments[0].track: is 2, which is outside the tracks of the protocol",
    );
    bad_report(
        |r| r.deployments[0].track = proto::Track::Green.into(),
        "deployments: is named twice: feed, green",
    );
    bad_report(
        |r| r.gone_green_deployments.push("feed".to_owned()),
        "deployments: is named twice: feed, green",
    );
    refused(FromAgent::try_from(proto::FromAgent { body: None }), "body: is missing");
}

#[test]
fn what_an_older_program_writes_is_of_the_blue_track() {
    let mut message = proto::Report::from(&report());
    message.deployments.truncate(1);
    message.deployments[0].track = 0;
    message.gone_green_deployments.clear();
    let read = Report::try_from(message).unwrap();
    assert_eq!(read.deployments[0].track, Track::Blue);
    assert_eq!(read.gone_deployments, [("old".parse().unwrap(), Track::Blue)]);
}

#[test]
fn a_malformed_test_report_is_refused_by_field() {
    use proto::test_report::State;
    bad_report(|r| r.tests[1].id = r.tests[0].id.clone(), "tests: is named twice: bench 0");
    bad_report(|r| r.tests[0].id.clear(), "tests[0].id: is missing");
    bad_report(|r| r.works.push(r.works[0].clone()), "works: is named twice: dw-1");
    bad_report(|r| r.databases.push(r.databases[0].clone()), "databases: is named twice: orders");
    bad_report(|r| r.members.push(r.members[0].clone()), "members: is named twice: orders");
    let crowd = |r: &mut proto::Report| {
        let mut member: MemberReport = serde_json::from_str(&r.members[0]).unwrap();
        member.members = vec![member.members[0].clone(); MEMBERS_MAX + 1];
        r.members[0] = serde_json::to_string(&member).unwrap();
    };
    bad_report(crowd, "members[0].members: has 17 entries, at most 16 are allowed");
    let expected = "works[0].body: is not what it should be: EOF while parsing a value at line 1 \
                    column 0";
    bad_report(|r| r.works[0].clear(), expected);
    bad_report(
        |r| r.databases[0] = " ".repeat(limits::BODY_MAX_BYTES + 1),
        "databases[0].body: has 1048577 bytes, at most 1048576 are allowed",
    );
    bad_report(|r| r.tests[0].version.clear(), "tests[0].version: is missing");
    bad_report(|r| r.tests[0].state = None, "tests[0].state: is missing");
    bad_report(
        |r| r.tests[1].state = Some(State::Passed(false)),
        "tests[1].state: does not have the form true (another state is told by its own field)",
    );
    bad_report(
        |r| r.tests[1].results[1].passed = false,
        "tests[1].state: does not have the form failed (not every check of it held)",
    );
    bad_report(
        |r| r.tests[1].results.clear(),
        "tests[1].state: does not have the form failed (not every check of it held)",
    );
    bad_report(
        |r| r.tests[0].results[1].seen = "a\nb".to_owned(),
        "tests[0].results[1].seen: holds a character that is not allowed there: '\\n'",
    );
    bad_report(
        |r| r.tests[0].started_at_ms = 0,
        "tests[0].started_at_ms: is 0, which is outside the years 2000 to 2200 in Unix \
         milliseconds",
    );
    bad_report(
        |r| r.tests = vec![proto::TestReport::default(); limits::TESTS_MAX + 1],
        "tests: has 257 entries, at most 256 are allowed",
    );
}

#[test]
fn a_malformed_test_is_refused_by_field() {
    use proto::check::Kind;
    let with_test = |change: fn(&mut proto::Test)| {
        let mut command = proto::Command::from(&Command {
            id: CommandId::new("c-1").unwrap(),
            token: TOKEN,
            action: test(On::Staging { spec: spec() }),
        });
        if let Some(proto::command::Action::Test(test)) = &mut command.action {
            change(test);
        }
        Command::try_from(command)
    };
    let with_load = |change: fn(&mut proto::LoadCheck)| {
        let mut check = proto::Check::from(&checks()[1]);
        if let Some(Kind::Load(load)) = &mut check.kind {
            change(load);
        }
        Check::try_from(check)
    };
    refused(with_test(|t| t.checks.clear()), "test.checks: is missing");
    refused(with_test(|t| t.on = None), "test.on: is missing");
    refused(with_test(|t| t.id = "x".repeat(65)), "test.id: has 65 bytes, at most 64 are allowed");
    refused(
        with_test(|t| t.checks = vec![proto::Check::default(); 33]),
        "test.checks: has 33 entries, at most 32 are allowed",
    );
    refused(with_test(|t| t.checks[0].kind = None), "test.checks[0].kind: is missing");
    refused(
        with_load(|l| l.path = "/a HTTP/1.1".to_owned()),
        "load.path: does not have the form /path, in ASCII without spaces",
    );
    refused(
        with_load(|l| l.requests_per_second = 1_000_000),
        "load.requests_per_second: is 1000000, which is outside 1 to 10,000",
    );
    refused(with_load(|l| l.seconds = 0), "load.seconds: is 0, which is outside 1 to 3,600");
    refused(
        with_load(|l| l.error_max_bp = 10_001),
        "load.error_max_bp: is 10001, which is outside 0 to 10,000",
    );
}

#[test]
fn a_malformed_command_is_refused_by_field() {
    let good = || {
        proto::Command::from(&Command {
            id: CommandId::new("c-1").unwrap(),
            token: TOKEN,
            action: deploy(Track::Green),
        })
    };
    let with_deploy = |change: fn(&mut proto::Deploy)| {
        let mut command = good();
        if let Some(proto::command::Action::Deploy(deploy)) = &mut command.action {
            change(deploy);
        }
        Command::try_from(command)
    };
    refused(
        with_deploy(|d| d.health_path = "http://evil/".to_owned()),
        "deploy.health_path: does not have the form /path, in ASCII without spaces",
    );
    refused(
        with_deploy(|d| d.health_path = "/a\r\nHost: evil".to_owned()),
        "deploy.health_path: holds a character that is not allowed there: '\\r'",
    );
    refused(
        with_deploy(|d| d.command.push("\0".to_owned())),
        "deploy.command[2].part: holds a character that is not allowed there: '\\0'",
    );
    refused(with_deploy(|d| d.version.clear()), "deploy.version: is missing");
    let unsigned = proto::Command { token: None, ..good() };
    refused(Command::try_from(unsigned), "token: is missing");
    let nameless = proto::Command { id: String::new(), ..good() };
    refused(Command::try_from(nameless), "id: is missing");
}

#[test]
fn a_join_token_reads_back_and_hides_its_secret() {
    let token = JoinToken::new("abcdefghijklmnopqrstuv", [0xab; 32]).unwrap();
    assert_eq!(token.to_string().parse(), Ok(token.clone()));
    assert!(!format!("{token:?}").contains("abcdef"));
    let hex = "ab".repeat(32);
    for bad in [
        String::new(),
        "mst1".to_owned(),
        format!("mst2.abcdefghijklmnopqrstuv.{hex}"),
        format!("mst1.short.{hex}"),
        "mst1.abcdefghijklmnopqrstuv.zz".to_owned(),
        format!("mst1.abcdefghijklmnopqrstuv.{}", "zz".repeat(32)),
        format!("mst1.abcdefghijklmnopqrstuv.{}", "ä".repeat(32)),
        format!("mst1.abcdefghijklmnopqrstuv.{hex}.x"),
        "x".repeat(1000),
    ] {
        assert!(bad.parse::<JoinToken>().is_err(), "{bad}");
    }
}

#[test]
fn what_we_write_is_always_accepted_even_from_a_long_error() {
    let long =
        InstanceState::Unhealthy { cause: Cause::NotStarted { message: "é\n".repeat(2000) } };
    let read = Instance::try_from(proto::Instance::from(&instance("a", long))).unwrap();
    let Some(Cause::NotStarted { message }) = read.state.cause() else {
        panic!("another cause");
    };
    assert!(message.len() <= limits::MESSAGE_TEXT_MAX_BYTES && message.starts_with("é é "));
}
