//! Runs: ticks, notes, ends; and nothing after the end.

use chrono::{DateTime, Utc};

use crate::id::RunbookId;
use crate::runbook::run::{Entry, NOTE_MAX_CHARS, NOTES_MAX, Outcome, Refusal, Run, RunId};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).expect("a time")
}

fn run() -> Run {
    Run {
        id: RunId(1),
        runbook: RunbookId::new("test").expect("a slug"),
        title: "T".into(),
        source: String::new(),
        step_count: 2,
        problem: Some(1_001),
        subject: None,
        started_at: at(0),
        started_by: "ann".into(),
        steps: Default::default(),
        ended: None,
        revision: 1,
    }
}

fn step(number: u32, done: bool, note: &str) -> Entry {
    Entry::Step { number, done, note: note.into() }
}

#[test]
fn a_tick_keeps_who_did_it_first_and_can_be_taken_back() {
    let run = run().with(&step(1, true, " looked "), "ann", at(1)).expect("ticked");
    let run = run.with(&step(1, true, ""), "ben", at(2)).expect("ticked again");
    let mark = run.steps[&1].done.clone().expect("done");
    assert_eq!((mark.by.as_str(), mark.at), ("ann", at(1)));
    assert_eq!((run.done(), run.revision, run.steps[&1].notes[0].text.as_str()), (1, 3, "looked"));
    let run = run.with(&step(1, false, "not yet"), "ben", at(3)).expect("taken back");
    assert_eq!((run.done(), run.steps[&1].notes.len()), (0, 2));
}

#[test]
fn what_does_not_fit_is_refused() {
    let refused = |entry: &Entry| run().with(entry, "ann", at(1)).expect_err("refused");
    assert_eq!(refused(&step(3, true, "")), Refusal::NoStep { number: 3, count: 2 });
    assert_eq!(refused(&step(0, true, "")), Refusal::NoStep { number: 0, count: 2 });
    assert_eq!(refused(&step(1, true, &"x".repeat(NOTE_MAX_CHARS + 1))), Refusal::NoteTooLong);
    let mut full = run();
    for _ in 0..NOTES_MAX {
        full = full.with(&step(1, false, "n"), "ann", at(1)).expect("a note");
    }
    assert_eq!(full.with(&step(1, false, "n"), "ann", at(1)), Err(Refusal::TooManyNotes));
}

#[test]
fn a_run_that_is_over_is_never_changed() {
    let end = Entry::End { outcome: Outcome::Partly, note: "half".into() };
    let over = run().with(&end, "ann", at(5)).expect("ended");
    assert_eq!(over.ended.as_ref().map(|end| end.outcome), Some(Outcome::Partly));
    for entry in [step(1, true, ""), end] {
        assert_eq!(over.with(&entry, "ben", at(6)), Err(Refusal::Over { at: at(5) }));
    }
}

#[test]
fn ids_are_typeable() {
    assert_eq!("rb-12".parse(), Ok(RunId(12)));
    for bad in ["12", "rb-", "rb-+1", "rb--1", "ro-1", "rb-1 "] {
        assert!(bad.parse::<RunId>().is_err(), "{bad}");
    }
}
