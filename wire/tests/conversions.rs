//! Every message survives the way over the wire, and a malformed one is refused by field.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::DateTime;
use mainstay_core::deployment::{Command as Action, Spec};
use mainstay_core::estate::{Cause, Deployment, Instance, InstanceState};
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
    let message = "refused".to_owned();
    vec![
        Cause::Exited { code: -1 },
        Cause::Killed { signal: 9 },
        Cause::Vanished,
        Cause::NotStarted { message: message.clone() },
        Cause::HealthStatus { code: 503 },
        Cause::HealthTimeout { after_ms: 1000 },
        Cause::HealthRefused { message },
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
    Report {
        seq: 1,
        full: true,
        instances,
        gone_instances: vec!["z".parse().unwrap()],
        deployments: vec![Deployment {
            service: "feed".parse().unwrap(),
            version: "1".to_owned(),
            nodes: 2,
            template: "abc".to_owned(),
            token: TOKEN,
        }],
        gone_deployments: vec!["old".parse().unwrap()],
    }
}

fn result(outcome: Outcome) -> CommandResult {
    CommandResult { command_id: CommandId::new("c-1").unwrap(), token: TOKEN, outcome }
}

fn deploy() -> Action {
    Action::Deploy {
        service: "feed".parse().unwrap(),
        spec: Spec {
            version: "1".to_owned(),
            nodes: 2,
            command: vec!["/bin/feed".to_owned(), "two\nlines".to_owned()],
            health_path: "/health".to_owned(),
        },
    }
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
    };
    for message in [
        FromAgent::Hello(hello),
        FromAgent::Report(report()),
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
        command(deploy()),
        command(Action::Remove { service: service() }),
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
    refused(FromAgent::try_from(proto::FromAgent { body: None }), "body: is missing");
}

#[test]
fn a_malformed_command_is_refused_by_field() {
    let good = || {
        proto::Command::from(&Command {
            id: CommandId::new("c-1").unwrap(),
            token: TOKEN,
            action: deploy(),
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
