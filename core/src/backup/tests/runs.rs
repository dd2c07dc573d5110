//! Runs, from their window to their end.

use super::*;
use crate::backup::clock::Pace;
use crate::backup::job::{BackupDone, Cause, Failure, Parent, Progress};
use crate::backup::proof::Proof;
use crate::backup::run::{
    ASKED_PATIENCE, Change, Facts, New, Obstacle, Origin, PassedOver, Run, RunId, State, asked,
    begins, decide, due,
};
use crate::backup::work::{Done, Work, WorkReport, WorkState};
use crate::fence::Outcome;

/// A full every other day, and differentials between.
const EVERY_OTHER: &str = "full_every_days = 2\ndifferential = true\nwindow = \"00:00-00:30\"\n\
     retention_days = 7\n";
/// Midnight of the window that the tests are about.
const MIDNIGHT: &str = "2026-03-10T00:00:00Z";

fn midnight() -> DateTime<Utc> {
    at(MIDNIGHT)
}

fn minutes(minutes: i64) -> DateTime<Utc> {
    midnight() + TimeDelta::minutes(minutes)
}

/// A database with daily fulls over `a1`, `b1`, `c1`, as its agent in `a1` sees it.
struct World {
    schedule: Schedule,
    run: Run,
    catalogue: Catalogue,
    proofs: Vec<Proof>,
    work: Option<WorkReport>,
    command: Option<Outcome>,
    host: Option<DatacenterId>,
    heard: bool,
    busy: bool,
}

impl World {
    fn new() -> Self {
        let schedule = schedule();
        let mut new = due(&schedule, None, midnight());
        let run = Run::begin(RunId(7), new.pop().expect("a window is on"));
        let catalogue = schedule.turn.iter().map(|id| (id.clone(), Ok(Vec::new()))).collect();
        let (work, command, host) = (None, None, Some(dc("a1")));
        let (heard, busy, proofs) = (true, false, Vec::new());
        Self { schedule, run, catalogue, proofs, work, command, host, heard, busy }
    }

    fn decide(&self, now: DateTime<Utc>) -> Option<Change> {
        let Self { schedule, run, catalogue, proofs, work, command, host, heard, busy } = self;
        let facts = Facts {
            now,
            pace: Pace::REAL,
            schedule: Some(schedule),
            host: host.as_ref(),
            heard: *heard,
            catalogue: Some(catalogue),
            proofs,
            work: work.as_ref(),
            command: command.as_ref(),
            busy: *busy,
        };
        decide(run, &facts)
    }

    /// Takes the next step; what is ordered of whom.
    fn step(&mut self, now: DateTime<Utc>) -> Option<(DatacenterId, Work)> {
        let change = self.decide(now).expect("something changes");
        assert_eq!(change.run.revision, self.run.revision + 1);
        self.run = change.run;
        (self.work, self.command) = (None, None);
        change.order
    }

    /// Orders a try and lets it fail.
    fn fail(&mut self, now: DateTime<Utc>, cause: Cause) -> DatacenterId {
        let (_, work) = self.step(now).expect("a try is ordered");
        let Work::Backup(job) = &work else { panic!("{work:?}") };
        let place = job.datacenter.clone();
        self.tell(work, WorkState::Failed { failure: Failure::new(cause, "") });
        assert_eq!(self.step(now), None);
        place
    }

    fn tell(&mut self, work: Work, state: WorkState) {
        self.work = Some(WorkReport { work, state, started_at: None, ended_at: None });
    }

    fn waits_until(&self) -> DateTime<Utc> {
        let State::Waiting { not_before, .. } = self.run.state else { panic!("{:?}", self.run) };
        not_before
    }

    fn obstacle(&self) -> Option<String> {
        match &self.run.state {
            State::Waiting { because, .. } => because.as_ref().map(ToString::to_string),
            State::Missed { because, .. } => Some(because.to_string()),
            State::Ordered { .. } | State::Done { .. } => None,
        }
    }
}

#[test]
fn a_run_is_ordered_in_its_window_and_is_what_the_repository_says() {
    let mut world = World::new();
    let begins = begins(&world.run.planned);
    assert!(midnight() <= begins && begins < minutes(15), "in the first half: {begins}");
    assert_eq!(world.decide(begins - TimeDelta::seconds(1)), None);
    let (agent, work) = world.step(begins).expect("it is ordered");
    assert_eq!((agent, work.id()), (dc("a1"), "bk-7-1"));
    assert_eq!(world.decide(begins), None, "the command is on its way");
    world.tell(work.clone(), WorkState::Running { progress: Progress::default() });
    assert_eq!(world.decide(minutes(20)), None);
    assert!(!world.run.is_late(minutes(20)) && world.run.is_late(minutes(30)));
    let copy = full("F1", minutes(21));
    let done = BackupDone { asked: Kind::Full, copy: copy.clone(), resumed: false };
    world.tell(work, WorkState::Done { done: Done::Backup(done.clone()) });
    assert_eq!(world.step(minutes(22)), None);
    let datacenter = world.run.planned.datacenter.clone();
    assert_eq!(
        world.run.state,
        State::Done { datacenter, passed_over: Vec::new(), done, at: minutes(22) }
    );
    assert_eq!(world.decide(minutes(60 * 48)), None, "it stays done");
}

#[test]
fn what_stands_in_the_way_is_told_once_and_waited_for() {
    let mut world = World::new();
    let mut obstacle = |change: &dyn Fn(&mut World), expected: &str| {
        change(&mut world);
        assert_eq!(world.step(minutes(15)), None);
        assert_eq!(world.obstacle().as_deref(), Some(expected));
        assert_eq!(world.decide(minutes(16)), None, "nothing new");
    };
    obstacle(&|world| world.host = None, "no agent says that the database runs there");
    obstacle(
        &|world| (world.host, world.heard) = (Some(dc("a1")), false),
        "the agent of a1, where the database runs, is silent",
    );
    obstacle(
        &|world| (world.heard, world.busy) = (true, true),
        "the database has other work at the moment",
    );
    obstacle(
        &|world| {
            world.busy = false;
            world.catalogue.values_mut().for_each(|held| *held = Err("away".into()));
        },
        "no data centre can take a copy",
    );
    world.catalogue.insert(dc("b1"), Ok(Vec::new()));
    let (_, work) = world.step(minutes(17)).expect("one is back");
    let Work::Backup(job) = work else { panic!("{work:?}") };
    assert_eq!(job.datacenter, dc("b1"), "the others are passed over");
}

#[test]
fn a_place_that_gets_no_try_is_told_with_the_reason_to_the_end() {
    let mut world = World::new();
    let turn = world.schedule.turn.clone();
    world.run.planned.datacenter = turn[1].clone();
    world.catalogue.insert(turn[1].clone(), Err("away".into()));
    // Behind the place that is found, nobody asks for it.
    world.catalogue.insert(turn[0].clone(), Err("away too".into()));
    let (_, work) = world.step(minutes(15)).expect("it is ordered");
    let passed = vec![PassedOver { datacenter: turn[1].clone(), why: "away".to_owned() }];
    let State::Ordered { datacenter, passed_over, .. } = &world.run.state else { panic!() };
    assert_eq!((datacenter, passed_over), (&turn[2], &passed));
    let copy = full("F1", minutes(21));
    let done = BackupDone { asked: Kind::Full, copy, resumed: false };
    world.tell(work, WorkState::Done { done: Done::Backup(done) });
    world.step(minutes(22));
    let State::Done { passed_over, .. } = &world.run.state else { panic!() };
    assert_eq!(*passed_over, passed);
    // A try says more than that the repository cannot be read now.
    let mut world = World::new();
    let first = world.fail(minutes(15), Cause::RepositoryUnreachable);
    world.catalogue.insert(first, Err("away".into()));
    world.step(minutes(16)).expect("it is ordered elsewhere");
    let State::Ordered { passed_over, .. } = &world.run.state else { panic!() };
    assert_eq!(*passed_over, []);
}

#[test]
fn where_every_copy_goes_on_the_full_one_is_brought_along() {
    let zone = format!("origin = \"2026-03-09\"\nrotation = \"literal\"\n{EVERY_OTHER}");
    let mut schedule = schedule_of(&fleet("UTC", 3, &zone));
    let check = |schedule: &Schedule, held: Catalogue, proofs: Vec<Proof>, expected| {
        let mut world = World::new();
        let window = due(schedule, None, midnight()).pop().expect("a window is on");
        assert_eq!(
            (window.planned.kind, &window.planned.datacenter),
            (Kind::Differential, &dc("d2"))
        );
        world.run = Run::begin(RunId(9), window);
        (world.schedule, world.catalogue, world.proofs) = (schedule.clone(), held, proofs);
        let (_, work) = world.step(minutes(29)).expect("it is ordered");
        let Work::Backup(job) = work else { panic!("{work:?}") };
        assert_eq!((job.kind, job.parent), expected);
    };
    let parent = |id: &str| Some(Parent { datacenter: dc(id), label: Label("F2".to_owned()) });
    let (old, new) = (full("F1", minutes(-3_000)), full("F2", minutes(-1_440)));
    let held = |d2: &[Copy]| {
        catalogue(&[
            ("d1", std::slice::from_ref(&new)),
            ("d2", d2),
            ("d3", std::slice::from_ref(&old)),
        ])
    };
    let failed = |id: &str| Proof {
        datacenter: dc(id),
        label: Label("F2".to_owned()),
        at: minutes(-60),
        outcome: crate::backup::proof::Outcome::Failed,
    };
    let (differential, full) = (Kind::Differential, Kind::Full);
    check(&schedule, held(&[]), vec![], (differential, parent("d1")));
    check(&schedule, held(std::slice::from_ref(&old)), vec![], (differential, parent("d1")));
    check(&schedule, held(std::slice::from_ref(&new)), vec![], (differential, None));
    // The good one would lie where the bad one is.
    check(&schedule, held(std::slice::from_ref(&new)), vec![failed("d2")], (full, None));
    check(&schedule, catalogue(&[("d1", &[]), ("d2", &[])]), vec![], (full, None));
    schedule.policy.rotation = crate::fleet::Rotation::Chain;
    let mut world = World::new();
    let mut chain = due(&schedule, None, midnight()).pop().expect("a window is on");
    chain.planned.datacenter = dc("d1");
    world.run = Run::begin(RunId(9), chain);
    (world.schedule, world.catalogue) = (schedule, held(&[]));
    let (_, work) = world.step(minutes(29)).expect("it is ordered");
    let Work::Backup(job) = work else { panic!("{work:?}") };
    assert_eq!((job.kind, job.parent), (differential, None), "a chain stays where it is");
}

#[test]
fn a_try_that_failed_is_made_again_later_and_then_elsewhere() {
    let mut world = World::new();
    let turn = world.schedule.turn.clone();
    let first = turn.iter().position(|id| *id == world.run.planned.datacenter).expect("it");
    let place = |ahead: usize| turn[(first + ahead) % turn.len()].clone();
    assert_eq!(world.fail(minutes(15), Cause::ArchiveTimeout), place(0));
    assert_eq!(world.waits_until(), minutes(16));
    assert_eq!(world.fail(minutes(16), Cause::BrokenOff), place(0), "once more there");
    assert_eq!(world.waits_until(), minutes(18));
    assert_eq!(world.fail(minutes(18), Cause::DiskFull), place(1), "twice was enough");
    assert_eq!(world.fail(minutes(22), Cause::RepositoryUnreachable), place(2));
    assert_eq!(world.fail(minutes(30), Cause::DatabaseAway), place(0), "all over again");
    assert_eq!(world.waits_until(), minutes(46));
    assert_eq!(world.run.tries.len(), 5);
    let ids: Vec<_> = world.run.tries.iter().map(|it| it.work.as_str()).collect();
    assert_eq!(ids, ["bk-7-1", "bk-7-2", "bk-7-3", "bk-7-4", "bk-7-5"]);
    let next = midnight() + TimeDelta::days(1);
    assert_eq!(world.step(next), None, "the next window is on");
    assert_eq!(world.obstacle().as_deref(), Some("the database does not answer"));
    assert_eq!(world.run.state.name(), "missed");
}

#[test]
fn a_command_that_came_to_nothing_is_a_try_that_failed() {
    for (command, seconds, words) in [
        (Outcome::Failed { message: "no room".into() }, 0, "no room"),
        (Outcome::Stale { newest: Default::default() }, 0, "a newer decision came before it"),
        (Outcome::Done, 300, "its process ended before it was done: the agent says nothing of it"),
    ] {
        let mut world = World::new();
        world.step(minutes(15)).expect("it is ordered");
        world.command = Some(command.clone());
        if command == Outcome::Done {
            assert_eq!(world.decide(minutes(15)), None, "it may tell yet");
            world.heard = false;
            assert_eq!(world.decide(minutes(60)), None, "the agent cannot tell");
            world.heard = true;
        }
        world.step(minutes(15) + TimeDelta::seconds(seconds));
        assert_eq!(world.obstacle().as_deref(), Some(words));
    }
}

#[test]
fn windows_that_nobody_saw_are_missed_but_for_the_last() {
    let schedule = schedule();
    let day = |days| midnight() + TimeDelta::days(days);
    let states = |newest, now| -> Vec<(DateTime<Utc>, &str)> {
        let new = due(&schedule, newest, now);
        new.iter().map(|new| (new.planned.window_start, new.state.name())).collect()
    };
    assert_eq!(states(None, minutes(31)), [], "a new database waits for its first window");
    assert_eq!(states(None, minutes(29)), [(day(0), "waiting")]);
    assert_eq!(states(Some(day(0)), minutes(29)), []);
    let expected = [(day(1), "missed"), (day(2), "missed"), (day(3), "waiting")];
    assert_eq!(states(Some(day(0)), day(3) + TimeDelta::hours(5)), expected);
    assert_eq!(states(Some(day(0)), day(400)).len(), 32, "no more than people read");
}

#[test]
fn a_person_asks_at_any_time_and_the_plan_goes_on_beside_it() {
    let schedule = schedule();
    let by = ("ann".to_owned(), "before the move".to_owned());
    let now = minutes(600);
    let New { origin, planned, state } = asked(&schedule, Kind::Full, by, now).expect("a turn");
    assert_eq!(origin, Origin::Person { by: "ann".into(), reason: "before the move".into() });
    assert_eq!((planned.window_start, planned.window_end), (now, now + ASKED_PATIENCE));
    assert_eq!(state, State::Waiting { not_before: now, because: None });
    let mut world = World::new();
    world.run = Run::begin(RunId(8), New { origin, planned, state });
    world.heard = false;
    assert_eq!(world.step(now), None);
    let next = midnight() + TimeDelta::days(1);
    assert!(world.decide(now + ASKED_PATIENCE - TimeDelta::seconds(1)).is_none());
    assert!(now + ASKED_PATIENCE > next - TimeDelta::hours(3));
    assert_eq!(world.step(now + ASKED_PATIENCE), None);
    assert_eq!(world.run.state.name(), "missed");
    assert_eq!(world.obstacle(), Some(Obstacle::AgentSilent { datacenter: dc("a1") }.to_string()));
}

#[test]
fn ids_are_read_back() {
    assert_eq!("bk-12".parse(), Ok(RunId(12)));
    for bad in ["bk-", "12", "bk-+1", "bk--1", "bk-1x", "ro-1"] {
        assert!(bad.parse::<RunId>().is_err(), "{bad}");
    }
}
