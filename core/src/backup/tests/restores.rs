//! Restores over the live database: what they need, and who may allow them.

use super::*;
use crate::backup::clock::Pace;
use crate::backup::job::{
    Cause, Failure, ProofJob, ProofResult, RestoreResult, Step, Target, Validation,
};
use crate::backup::restore::{
    REQUEST_VALID, Refusal, Request, Restore, RestoreId, State, allow, decide, proven, refuse,
    there,
};
use crate::backup::work::{Done, Work, WorkReport, WorkState};
use crate::fence::Outcome;

const NOW: &str = "2026-03-10T12:00:00Z";

fn now() -> DateTime<Utc> {
    at(NOW)
}

fn request(target: Target) -> Request {
    Request {
        database: DatabaseId::new("db").expect("an id"),
        datacenter: dc("a1"),
        label: Label("F1".into()),
        target,
        by: "ann".into(),
        reason: "a table was dropped".into(),
        at: now(),
        unproven: false,
    }
}

fn asked(state: State) -> Restore {
    Restore { id: RestoreId(3), request: request(Target::EndOfCopy), state, revision: 1 }
}

/// A test restore of a copy in `a1`, and whether it held.
fn proof(label: &str, target: Target, held: bool) -> WorkReport {
    let failure = Failure::new(Cause::Damaged, "");
    let structure = if held { Step::Passed } else { Step::Failed { failure } };
    let result = ProofResult {
        started: now(),
        ended: now(),
        restore: Step::Passed,
        validation: Validation {
            recovery: Step::Passed,
            reached: None,
            structure,
            checks: Vec::new(),
            pages: Step::Passed,
        },
        clean_up: Step::Passed,
        kept: None,
    };
    let job = ProofJob {
        id: "dw-1".into(),
        database: DatabaseId::new("db").expect("an id"),
        datacenter: dc("a1"),
        label: Label(label.into()),
        target,
        checks: Vec::new(),
        keep: None,
    };
    let state = WorkState::Done { done: Done::Prove(result) };
    WorkReport { work: Work::Prove(job), state, started_at: None, ended_at: None }
}

#[test]
fn only_a_young_proof_of_the_same_copy_and_target_counts() {
    let moment = Target::Moment { at: now() };
    let day = |days: i64| now() - TimeDelta::days(days);
    let end = Target::EndOfCopy;
    for (work, expected) in [
        (vec![], Err(Refusal::NeverProven)),
        (vec![(proof("F2", end, true), day(0))], Err(Refusal::NeverProven)),
        (vec![(proof("F1", moment, true), day(0))], Err(Refusal::NeverProven)),
        (vec![(proof("F1", end, true), day(7))], Ok(day(7))),
        (
            vec![(proof("F1", end, true), day(8))],
            Err(Refusal::ProofTooOld { at: day(8), max_age_days: 7 }),
        ),
        (
            vec![(proof("F1", end, true), day(3)), (proof("F1", end, false), day(2))],
            Err(Refusal::ProofFailed { at: day(2) }),
        ),
        (vec![(proof("F1", end, false), day(3)), (proof("F1", end, true), day(2))], Ok(day(2))),
        (
            vec![(proof("F1", end, true), day(2)), (proof("F1", end, false), day(2))],
            Err(Refusal::ProofFailed { at: day(2) }),
        ),
    ] {
        let found = proven(&request(end), work.iter().map(|(report, at)| (report, *at)), 7, now());
        assert_eq!(found, expected, "{work:?}");
    }
}

#[test]
fn another_person_allows_it_in_time_and_everything_is_judged_again() {
    let asked = asked(State::Requested);
    let agent = dc("a1");
    let by = |by: &str, agent, checked, now| allow(&asked, by, agent, checked, (now, Pace::REAL));
    let (allowed, work) = by("bob", Some(&agent), Ok(Vec::new()), now()).expect("all is well");
    assert_eq!((work.id(), work.task(), allowed.revision), ("rs-3", "restore", 2));
    assert_eq!(allowed.state.name(), "ordered");
    let same = Refusal::SamePerson { by: "ann".into() };
    assert_eq!(by("ann", Some(&agent), Ok(Vec::new()), now()), Err(same));
    assert_eq!(by("bob", None, Ok(Vec::new()), now()), Err(Refusal::NotHeard));
    let unproven = Err(Refusal::NeverProven);
    assert_eq!(by("bob", Some(&agent), unproven, now()), Err(Refusal::NeverProven));
    let late = now() + REQUEST_VALID + TimeDelta::seconds(1);
    assert_eq!(by("bob", Some(&agent), Ok(Vec::new()), late), Err(Refusal::Expired));
    let again = allow(&allowed, "cid", Some(&agent), Ok(Vec::new()), (now(), Pace::REAL));
    assert_eq!(again, Err(Refusal::Over { state: "ordered".into() }));
    let refused = refuse(&asked, "ann", "not needed", (now(), Pace::REAL)).expect("it is open");
    assert_eq!(refused.state.name(), "refused");
    assert!(refuse(&refused, "bob", "no", (now(), Pace::REAL)).is_err());
}

#[test]
fn a_copy_that_is_gone_is_not_restored() {
    let mut catalogue = Catalogue::new();
    let gone = Refusal::NoCopy { datacenter: dc("a1"), label: Label("F1".into()) };
    assert_eq!(there(&request(Target::Latest), &catalogue), Err(gone.clone()));
    catalogue.insert(dc("a1"), Err("away".into()));
    assert_eq!(there(&request(Target::Latest), &catalogue), Err(gone));
    catalogue.insert(dc("a1"), Ok(vec![full("F1", now())]));
    assert_eq!(there(&request(Target::Latest), &catalogue), Ok(()));
}

#[test]
fn it_ends_as_the_agent_tells() {
    let ordered = asked(State::Ordered {
        allowed_by: "bob".into(),
        agent: dc("a1"),
        work: "rs-3".into(),
        at: now(),
    });
    let told = |state| {
        let work = proof("F1", Target::EndOfCopy, true).work;
        WorkReport { work, state, started_at: None, ended_at: None }
    };
    let result = |start: Step| RestoreResult {
        set_aside: Some("/data.before-1".into()),
        stop: Step::Passed,
        restore: Step::Passed,
        start,
        reached: None,
        checks: Vec::new(),
    };
    let done = |start| told(WorkState::Done { done: Done::Restore(result(start)) });
    let name = |report: Option<&WorkReport>, command: Option<&Outcome>| {
        decide(&ordered, report, command, (now(), Pace::REAL)).map(|next| next.state.name())
    };
    assert_eq!(name(None, None), None);
    assert_eq!(name(None, Some(&Outcome::Done)), None);
    assert_eq!(name(Some(&done(Step::Passed)), None), Some("done"));
    let dead = Step::Failed { failure: Failure::new(Cause::NotRecovered, "") };
    assert_eq!(name(Some(&done(dead)), None), Some("failed"));
    let failure = Failure::new(Cause::BrokenOff, "");
    assert_eq!(name(Some(&told(WorkState::Failed { failure })), None), Some("failed"));
    let refused = Outcome::Failed { message: "not here".into() };
    assert_eq!(name(None, Some(&refused)), Some("failed"));
    let open = asked(State::Requested);
    let name_at = |at, pace| decide(&open, None, None, (at, pace)).map(|next| next.state.name());
    assert_eq!(name_at(now() + REQUEST_VALID, Pace::REAL), None);
    let late = now() + REQUEST_VALID + TimeDelta::seconds(1);
    assert_eq!(name_at(late, Pace::REAL), Some("refused"));
    // A person's time is real, as fast as the policies' may pass.
    let minute = Pace::new(60).expect("a pace");
    assert_eq!(name_at(now() + TimeDelta::days(4 * 60), minute), None);
    assert_eq!(name_at(now() + TimeDelta::days(4 * 60 + 1), minute), Some("refused"));
}

#[test]
fn a_moment_that_the_log_does_not_reach_is_not_held_against_the_copy() {
    let not_reached = |target| {
        let mut report = proof("F1", target, true);
        if let WorkState::Done { done: Done::Prove(result) } = &mut report.state {
            let failure = Failure::new(Cause::NotRecovered, "");
            result.validation.recovery = Step::Failed { failure };
        }
        proof::Proof::all_of(&report, now()).into_iter().map(|it| it.outcome).collect::<Vec<_>>()
    };
    assert_eq!(not_reached(Target::Moment { at: now() }), []);
    assert_eq!(not_reached(Target::EndOfCopy), [proof::Outcome::Failed]);
    assert_eq!(not_reached(Target::Latest), [proof::Outcome::Failed]);
}
