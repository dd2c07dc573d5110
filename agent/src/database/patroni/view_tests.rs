//! What a real pair of Patroni 4.1.5 answered, as reports.

use super::*;

const LEADER: &str = r#"{"state": "running", "postmaster_start_time":
    "2026-11-30 06:53:46.182801+00:00", "role": "primary", "server_version": 150018, "xlog":
    {"location": 52729048}, "timeline": 2, "replication": [{"usename": "postgres",
    "application_name": "dc1", "client_addr": "127.0.0.1", "state": "streaming", "sync_state":
    "async", "sync_priority": 0}], "pause": true, "dcs_last_seen": 1796022055,
    "database_system_identifier": "7713854127586880097", "patroni": {"version": "4.1.5", "scope":
    "play", "name": "ams1"}}"#;
const REPLICA: &str = r#"{"state": "running", "role": "replica", "server_version": 150018, "xlog":
    {"received_location": 50803312, "replayed_location": 50803312, "replayed_timestamp":
    "2026-11-30 07:00:55.245378+00:00", "paused": false}, "timeline": 2, "replication_state":
    "streaming", "pause": true, "patroni": {"version": "4.1.5", "name": "node-1"}}"#;
const CLUSTER: &str = r#"{"members": [{"name": "node-1", "role": "replica", "state": "streaming",
    "api_url": "http://127.0.0.1:23001/patroni", "port": 24001, "timeline": 2, "receive_lag":
    1925000, "receive_lsn": "0/3073270", "lag": 1925000}, {"name": "ams1", "role": "leader",
    "state": "running", "api_url": "http://127.0.0.1:23002/patroni", "timeline": 2}],
    "pause": true, "scope": "play"}"#;

fn settings() -> Patroni {
    let members = [("node-1".to_owned(), "fra1".parse().unwrap())].into();
    Patroni { url: "http://127.0.0.1:1".to_owned(), members, login: None, keep_running: true }
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap()
}

/// A report of a node, with what is known beside.
fn report(node: &str, leader: Option<&str>, cluster: bool, config: Option<&str>) -> MemberReport {
    let (node, all): (Node, Cluster) = (parse(node), parse(CLUSTER));
    let leader = leader.map(|text| ("ams1".parse().unwrap(), parse(text)));
    let dynamic = config.map(parse::<Dynamic>);
    let sight = Sight {
        database: &"orders".parse().unwrap(),
        node: &node,
        cluster: cluster.then_some(&all),
        dynamic: dynamic.as_ref(),
        leader: leader.as_ref(),
    };
    let now = "2026-11-30T07:00:57.245378Z".parse().unwrap();
    sight.report(&settings(), now)
}

#[test]
fn a_pair_is_read() {
    let seen = report(REPLICA, Some(LEADER), true, Some("{}"));
    assert_eq!((seen.role, &seen.state), (Role::Replica, &State::Streaming));
    assert_eq!((seen.timeline, seen.lsn, seen.paused), (Some(2), Some(50_803_312), Some(true)));
    assert_eq!((seen.lag_bytes, seen.lag_ms), (Some(1_925_736), Some(2_000)));
    assert_eq!(seen.synchronous, Some(Synchronous::Off));
    assert_eq!(seen.sees_leader().map(ToString::to_string).as_deref(), Some("ams1"));
    let members: Vec<_> = seen.members.iter().map(|it| it.datacenter.to_string()).collect();
    assert_eq!(members, ["fra1", "ams1"], "by the mapping, or by their own names");
    let leader = report(LEADER, Some(LEADER), true, Some("{}"));
    assert_eq!((leader.role, leader.state), (Role::Leader, State::Running));
    assert_eq!((leader.lsn, leader.lag_bytes), (Some(52_729_048), None));
}

#[test]
fn what_is_not_answered_is_unknown() {
    let seen = report(REPLICA, None, true, None);
    assert_eq!((seen.lag_bytes, seen.synchronous), (Some(1_925_000), None));
    let seen = report(REPLICA, None, false, None);
    assert_eq!((seen.lag_bytes, seen.members.len()), (None, 0));
    assert_eq!(seen.sees_leader(), None);
    let bare = report(r#"{"state": "running", "role": "replica"}"#, None, false, None);
    assert_eq!((bare.state, bare.timeline, bare.lsn), (State::Running, None, None));
    assert_eq!((bare.replayed_lsn, bare.lag_ms, bare.paused), (None, None, Some(false)));
}

#[test]
fn states_and_roles_are_told_apart() {
    let check = |text: &str, role, state: &str| {
        let seen = report(text, None, false, None);
        assert_eq!((seen.role, seen.state.to_string().as_str()), (role, state), "{text}");
    };
    check(r#"{"state": "stopped", "role": "primary"}"#, Role::Stopped, "stopped");
    check(r#"{"state": "start failed", "role": "replica"}"#, Role::Stopped, "start failed");
    check(r#"{"state": "starting", "role": "replica"}"#, Role::Replica, "starting");
    check(
        r#"{"state": "creating replica", "role": "uninitialized"}"#,
        Role::Stopped,
        "creating replica",
    );
    check(r#"{"state": "running", "role": "master"}"#, Role::Leader, "running");
    let archive = r#"{"state": "running", "role": "replica", "replication_state":
        "in archive recovery"}"#;
    check(archive, Role::Replica, "in archive recovery");
}

#[test]
fn a_part_in_synchronous_commits_is_read_from_mode_and_member() {
    let check = |node: &str, config: &str, expected| {
        assert_eq!(report(node, None, false, Some(config)).synchronous, expected, "{config}");
    };
    let sync = REPLICA.replace("\"pause\"", "\"sync_standby\": true, \"pause\"");
    check(REPLICA, r#"{"synchronous_mode": true}"#, Some(Synchronous::NotInSync));
    check(&sync, r#"{"synchronous_mode": true}"#, Some(Synchronous::InSync));
    check(LEADER, r#"{"synchronous_mode": "quorum"}"#, Some(Synchronous::InSync));
    check(&sync, r#"{"synchronous_mode": "off"}"#, Some(Synchronous::Off));
    check(REPLICA, r#"{"synchronous_mode": null}"#, Some(Synchronous::Off));
}
