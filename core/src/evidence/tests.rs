//! Packs from small inputs: what is told of them, and what is told to be missing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::*;
use crate::approval::{ApprovalId, Kind, Reach, State as Answered, Subject};
use crate::audit::{Action, Actor, Event};
use crate::failover::{
    Act, GroupPlan, Mode, Outcome, Plan, Run, RunId, Scope, State, Step, StepId, StepState,
};
use crate::fleet::{Fleet, read};
use crate::planned::EventId;
use crate::planned::check::Check;
use crate::problem::Problem;

const FLEET: &str = r#"name = "test"
[[region]]
id = "north"
name = "North"
time_zone = "Europe/Oslo"
[[datacenter]]
id = "fra1"
region = "north"
vendor = "on-premises"
[[group]]
id = "store"
priority = 1
rto_minutes = 5
rpo_seconds = 30
"#;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).expect("a time") + TimeDelta::minutes(minutes)
}

fn fleet() -> Fleet {
    read::read(FLEET).expect("a fleet")
}

fn step(id: &str, act: Act) -> Step {
    Step { id: StepId(id.into()), act, from: None, to: None, nodes: 0, after: Vec::new() }
}

/// A drill that took the group `minutes` minutes.
fn drill(minutes: i64) -> Run {
    let promote = step("store/promote", Act::Promote("store-db".parse().expect("an id")));
    let observe = step("store/observe", Act::Observe("store".parse().expect("an id")));
    let done = |id: &Step, from: i64, to: i64| {
        let state = StepState::Done { since: at(from), at: at(to), seen: "leads".into() };
        (id.id.clone(), state)
    };
    let steps = BTreeMap::from([done(&promote, 0, 1), done(&observe, 1, minutes)]);
    let group = GroupPlan {
        id: "store".parse().expect("an id"),
        priority: 1,
        steps: vec![promote, observe],
        stays_down: Vec::new(),
    };
    Run {
        id: RunId(3),
        plan: Plan {
            lose: BTreeSet::from(["fra1".parse().expect("an id")]),
            scope: Scope::All,
            back: None,
            groups: vec![group],
        },
        mode: Mode::Graceful,
        drill: true,
        state: State::Ended { outcome: Outcome::Done, at: at(minutes) },
        steps,
        reason: "the <yearly> drill".into(),
        overridden: BTreeSet::new(),
        emergency: false,
        started_at: at(0),
        started_by: "ann".into(),
        allowed_by: Some("bob".into()),
        revision: 1,
        routing_revision: 1,
        changed_at: at(minutes),
    }
}

fn waived() -> approval::Approval {
    approval::Approval {
        id: ApprovalId(4),
        kind: Kind::Permission,
        subject: Subject::Waiver {
            event: EventId(2),
            check: Check::ALL[0],
            content: "abc".into(),
            until: at(100),
        },
        hash: "abc".into(),
        reach: Reach::default(),
        by: "ann".into(),
        reason: "the copies are of yesterday".into(),
        at: at(10),
        until: at(100),
        state: Answered::Refused { by: "bob".into(), why: "wait for them".into(), at: at(20) },
    }
}

fn applied() -> Entry {
    let actor = Actor::User("ann".into());
    let event = Event::new(at(5), actor, Action::FleetApply, "/settings/fleet".into());
    let after = Some(json!({ "changes": ["<script>alert(1)</script>"] }));
    Entry { id: 8, seq: Some(7), event: Event { after, ..event }, leaf: String::new() }
}

fn input<'a>(fleet: &'a Fleet, runs: &'a [Run]) -> Input<'a> {
    Input {
        from: at(-10),
        until: at(1_000),
        fleet,
        fleet_revision: 4,
        log: Some((3, 9)),
        runs,
        backups: &[],
        proofs: &[],
        restores: &[],
        approvals: &[],
        entries: &[],
        problems: &[],
        decided: Some((at(-100), at(1_000))),
        totals: &[],
        cut: &[],
    }
}

#[test]
fn recovery_stands_beside_what_was_asked() {
    let fleet = fleet();
    for (minutes, held) in [(5, true), (6, false)] {
        let runs = [drill(minutes)];
        let pack = build(&input(&fleet, &runs));
        let group = &pack.failovers[0].groups[0];
        assert_eq!(group.rto_asked_seconds, Some(300));
        assert_eq!(group.rto_reached_seconds, u64::try_from(minutes * 60).ok());
        assert_eq!((group.rto_held, group.rpo_reached_seconds), (Some(held), Some(0)));
        assert_eq!(pack.missing, [] as [&str; 0]);
    }
    let mut broken = drill(5);
    broken.state = State::Running;
    broken.mode = Mode::Forced;
    broken.steps.remove(&StepId("store/observe".into()));
    let pack = build(&input(&fleet, &[broken]));
    let group = &pack.failovers[0].groups[0];
    assert_eq!((group.rto_reached_seconds, group.rpo_reached_seconds), (None, None));
    let told = pack.missing.join(" ");
    for words in ["did not recover", "in words only", "No drill"] {
        assert!(told.contains(words), "{words} in {told}");
    }
}

#[test]
fn what_nobody_measured_is_said() {
    let fleet = fleet();
    let nothing = Input { log: None, decided: None, ..input(&fleet, &[]) };
    let pack = build(&Input { cut: &["problems"], ..nothing });
    let told = pack.missing.join(" ");
    for words in ["was not measured", "No entry of the audit log", "more problems than"] {
        assert!(told.contains(words), "{words} in {told}");
    }
    let late = Input { decided: Some((at(0), at(500))), ..input(&fleet, &[]) };
    let told = build(&late).missing.join(" ");
    assert!(told.contains("not measured before") && told.contains("is known until"), "{told}");
}

#[test]
fn the_page_has_everything_and_runs_nothing() {
    let fleet = fleet();
    let (runs, approvals, entries) = ([drill(6)], [waived()], [applied()]);
    let problem = Problem::ServiceDown { service: "shop".parse().expect("an id") };
    let problems = [Record::new(12, problem, at(1))];
    let input = Input {
        approvals: &approvals,
        entries: &entries,
        problems: &problems,
        ..input(&fleet, &runs)
    };
    let pack = build(&input);
    let page = html::page(&pack);
    for part in [
        "the &lt;yearly&gt; drill",
        "&lt;script&gt;alert(1)",
        "<span class=\"bad\">6 min</span>",
        "ap-4",
        "wait for them",
        "at-12",
        "down-shop",
        "entries 3 to 8",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("<script") && !page.contains("http"), "{page}");
    assert_eq!(page, html::page(&build(&input)), "equal data make an equal page");
    let read: Pack = serde_json::from_str(&pack.to_json()).expect("reads back");
    assert_eq!(read, pack);
}

#[test]
fn a_period_is_over_and_not_too_long() {
    assert_eq!(period(at(0), at(5), at(10)), Ok((at(0), at(5))));
    assert_eq!(period(at(0), at(15), at(10)), Ok((at(0), at(10))));
    assert_eq!(period(at(5), at(5), at(10)), Err(PeriodError::Order));
    assert_eq!(period(at(10), at(15), at(10)), Err(PeriodError::Future));
    let days = TimeDelta::days(DAYS_MAX);
    assert_eq!(period(at(-1) - days, at(0), at(10)), Err(PeriodError::Long));
}

#[test]
fn a_long_list_is_cut_and_says_so() {
    let fleet = fleet();
    let entries = vec![applied(); ROWS_MAX + 2];
    let pack = build(&Input { entries: &entries, ..input(&fleet, &[]) });
    assert_eq!(pack.fleet_changes.len(), ROWS_MAX);
    assert!(pack.missing.iter().any(|it| it.contains("Of 1002 changes of the fleet")));
}
