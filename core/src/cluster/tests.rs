//! Every check has a passing, a refusing and an unknown-data test.

use super::decide::Verdict;
use super::job::{ANY_LOSS, FailoverJob, SwitchoverJob};
use super::*;
use crate::backup::work::Work;

const LAG_MAX: u64 = 1_000;

fn id(text: &str) -> DatacenterId {
    text.parse().expect("an id")
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).expect("a small timestamp")
}

fn view(datacenter: &str, role: Role, state: State) -> MemberView {
    MemberView { datacenter: id(datacenter), role, state, timeline: Some(3), lag_bytes: None }
}

fn leader() -> MemberReport {
    MemberReport {
        role: Role::Leader,
        state: State::Running,
        timeline: Some(3),
        lsn: Some(50_000),
        paused: Some(true),
        synchronous: Some(Synchronous::Off),
        ..MemberReport::unknown("orders".parse().expect("an id"), at(100), "")
    }
}

/// A standby that gets everything.
fn standby() -> MemberReport {
    MemberReport {
        role: Role::Replica,
        state: State::Streaming,
        replayed_lsn: Some(50_000),
        lag_bytes: Some(0),
        leader: Some(LeaderView {
            datacenter: id("fra1"),
            timeline: Some(3),
            lsn: Some(50_000),
            seen_at: at(99),
        }),
        members: vec![
            view("fra1", Role::Leader, State::Running),
            view("ams1", Role::Replica, State::Streaming),
        ],
        ..leader()
    }
}

/// The same after its leader was lost.
fn left_alone() -> MemberReport {
    let members = vec![view("ams1", Role::Replica, State::Running)];
    MemberReport { state: State::Running, members, lag_bytes: None, ..standby() }
}

fn other(words: &str) -> State {
    State::Other { words: words.to_owned() }
}

#[test]
fn a_switchover_needs_everything_known_and_good() {
    let check = |from: Option<&MemberReport>, to: Option<&MemberReport>, expected| {
        let said = may_switch((&id("fra1"), from), (&id("ams1"), to), LAG_MAX);
        assert_eq!(said, expected, "{to:?}");
    };
    let leader = leader();
    let to = |to: MemberReport, expected| check(Some(&leader), Some(&to), expected);
    to(standby(), Ok(Verdict::Act(())));
    check(Some(&leader), None, Err(Reason::NoTarget { target: id("ams1") }));
    check(None, Some(&standby()), Err(Reason::LeaderAway));
    check(None, Some(&leader), Ok(Verdict::Already));

    let lag = |lag_bytes| MemberReport { lag_bytes, ..standby() };
    to(lag(Some(LAG_MAX)), Ok(Verdict::Act(())));
    let too_large = |lag_bytes| Err(Reason::LagTooLarge { lag_bytes, lag_max_bytes: LAG_MAX });
    to(lag(Some(1_001)), too_large(1_001));
    // The leader's own word counts as well.
    to(MemberReport { lsn: Some(40_000), ..standby() }, too_large(10_000));
    to(MemberReport { lsn: None, ..lag(None) }, Err(Reason::LagUnknown));
    to(lag(None), Ok(Verdict::Act(())));

    let on = |timeline| MemberReport { timeline, ..standby() };
    to(on(Some(2)), Err(Reason::TimelinesDiffer { leader: 3, target: 2 }));
    to(on(None), Err(Reason::TimelineUnknown));
    let state = |state| MemberReport { state, ..standby() };
    let not_streaming = |state: &str| Err(Reason::NotStreaming { state: state.to_owned() });
    to(state(State::Running), not_streaming("running"));
    to(state(State::ArchiveRecovery), not_streaming("in archive recovery"));
    to(state(other("starting")), not_streaming("starting"));
    let sync = |synchronous| MemberReport { synchronous, ..standby() };
    to(sync(Some(Synchronous::InSync)), Ok(Verdict::Act(())));
    to(sync(Some(Synchronous::NotInSync)), Err(Reason::NotInSync));
    to(sync(None), Err(Reason::SynchronousUnknown));
    let role = |role| MemberReport { role, state: other("stopped"), ..standby() };
    to(role(Role::Stopped), Err(Reason::NotRunning { state: "stopped".to_owned() }));
    let created =
        MemberReport { role: Role::Stopped, state: other("creating replica"), ..standby() };
    to(created, Err(Reason::ComingUp { state: "creating replica".to_owned() }));
    to(role(Role::Unknown), Err(Reason::NoTarget { target: id("ams1") }));

    let stopped = MemberReport { state: other("crashed"), ..leader.clone() };
    check(Some(&stopped), Some(&standby()), Err(Reason::LeaderAway));
    let replica = MemberReport { role: Role::Replica, ..leader.clone() };
    let mut third = standby();
    third.members[0] = view("par1", Role::Leader, State::Running);
    let not = Err(Reason::NotTheLeader { asked: id("fra1"), leader: Some(id("par1")) });
    check(Some(&replica), Some(&third), not);
}

#[test]
fn a_failover_says_what_is_lost_and_needs_it_accepted() {
    let check = |to: MemberReport, lost: Option<&MemberReport>, accept, expected| {
        let said = may_fail_over((&id("ams1"), Some(&to)), lost, accept);
        let said = said.map(|verdict| match verdict {
            Verdict::Already => None,
            Verdict::Act(loss) => Some(loss.bytes),
        });
        assert_eq!(said, expected, "{to:?} {accept:?}");
    };
    check(left_alone(), None, None, Ok(Some(Some(0))));
    check(leader(), None, None, Ok(None));
    check(standby(), None, Some(ANY_LOSS), Err(Reason::LeaderRuns { leader: id("fra1") }));

    let behind = |bytes: u64| MemberReport { lsn: Some(50_000 - bytes), ..left_alone() };
    let too_large =
        |loss_bytes, accepted_bytes| Reason::LossTooLarge { loss_bytes, accepted_bytes };
    check(behind(10), None, None, Err(too_large(10, 0)));
    check(behind(10), None, Some(9), Err(too_large(10, 9)));
    check(behind(10), None, Some(10), Ok(Some(Some(10))));
    let own = MemberReport { lag_bytes: Some(20), ..behind(10) };
    check(own, None, Some(10), Err(too_large(20, 10)));
    // What the lost leader's own agent saw is later.
    let lost = MemberReport { lsn: Some(50_500), ..leader() };
    check(left_alone(), Some(&lost), Some(499), Err(too_large(500, 499)));
    check(left_alone(), Some(&lost), Some(500), Ok(Some(Some(500))));
    // A leader of an older timeline is not the one that was lost.
    let older = MemberReport { timeline: Some(2), lsn: Some(90_000), ..leader() };
    check(left_alone(), Some(&older), None, Ok(Some(Some(0))));

    let blind = MemberReport { lsn: None, ..left_alone() };
    check(blind.clone(), None, Some(5), Err(Reason::LossUnknown { accepted_bytes: 5 }));
    check(blind, None, Some(ANY_LOSS), Ok(Some(None)));
    let on = |timeline| MemberReport { timeline, ..left_alone() };
    let differ = || Err(Reason::TimelinesDiffer { leader: 3, target: 2 });
    check(on(Some(2)), None, None, differ());
    check(on(Some(2)), None, Some(ANY_LOSS), differ());
    check(on(None), None, None, Err(Reason::TimelineUnknown));
    check(on(None), None, Some(ANY_LOSS), Ok(Some(Some(0))));
    let sync = |synchronous| MemberReport { synchronous, ..left_alone() };
    check(sync(Some(Synchronous::InSync)), None, None, Ok(Some(Some(0))));
    check(sync(Some(Synchronous::NotInSync)), None, None, Err(Reason::NotInSync));
    check(sync(None), None, None, Err(Reason::SynchronousUnknown));
    let down = MemberReport { state: other("start failed"), ..left_alone() };
    let not_running = Err(Reason::NotRunning { state: "start failed".to_owned() });
    check(down, None, Some(ANY_LOSS), not_running);
    let starts = MemberReport { state: other("starting"), ..left_alone() };
    let coming_up = Err(Reason::ComingUp { state: "starting".to_owned() });
    check(starts, None, Some(ANY_LOSS), coming_up);
    let silent = MemberReport { role: Role::Unknown, ..left_alone() };
    check(silent, None, Some(ANY_LOSS), Err(Reason::NoTarget { target: id("ams1") }));
}

#[test]
fn positions_alone_are_no_news() {
    let check = |new: MemberReport, news| assert_eq!(new.is_news_to(&standby()), news, "{new:?}");
    check(standby(), false);
    let mut moved = MemberReport { seen_at: at(700), lsn: Some(9), lag_ms: Some(1), ..standby() };
    if let Some(leader) = &mut moved.leader {
        (leader.lsn, leader.seen_at) = (None, at(700));
    }
    moved.members[1].lag_bytes = Some(7);
    check(moved, false);
    check(MemberReport { timeline: Some(4), ..standby() }, true);
    check(MemberReport { paused: None, ..standby() }, true);
    check(left_alone(), true);
}

#[test]
fn the_loss_is_dated_by_the_newest_look_at_the_leader() {
    let lost = MemberReport { seen_at: at(90), ..leader() };
    let loss = decide::loss(&left_alone(), Some(&lost));
    assert_eq!(loss, Loss { bytes: Some(0), as_of: Some(at(99)) });
    let nobody = MemberReport { leader: None, ..left_alone() };
    assert_eq!(decide::loss(&nobody, None), Loss { bytes: None, as_of: None });
}

#[test]
fn what_agents_are_given_and_tell_survives_json() {
    let id_of = || "s1".to_owned();
    let database = || "orders".parse::<DatabaseId>().expect("an id");
    let jobs = [
        ClusterJob::Switchover(SwitchoverJob {
            id: id_of(),
            database: database(),
            from: id("fra1"),
            to: id("ams1"),
            lag_max_bytes: 1,
        }),
        ClusterJob::Failover(FailoverJob {
            id: id_of(),
            database: database(),
            to: id("ams1"),
            accept_loss_bytes: Some(ANY_LOSS),
        }),
        ClusterJob::Rejoin(job::RejoinJob { id: id_of(), database: database() }),
        ClusterJob::Pause(job::PauseJob { id: id_of(), database: database() }),
        ClusterJob::Resume(job::PauseJob { id: id_of(), database: database() }),
    ];
    let tasks = jobs.clone().map(|job| job.task());
    assert_eq!(tasks, ["switchover", "failover", "rejoin", "pause", "resume"]);
    for job in jobs {
        let work = Work::Cluster(job);
        let text = serde_json::to_string(&work).expect("it is plain");
        assert_eq!(serde_json::from_str::<Work>(&text).expect("it reads"), work, "{text}");
    }
    let text = serde_json::to_string(&standby()).expect("it is plain");
    assert_eq!(serde_json::from_str::<MemberReport>(&text).expect("it reads"), standby());
}
