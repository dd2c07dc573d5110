//! What may be asked in which state; and that nothing starts with an open check.

use super::*;
use crate::approval::{Approval, ApprovalId, Kind as Asks, Reach, State as Settled, Subject};
use crate::planned::request::{
    EARLY, Refusal, Waiver, cancel, change, end, open, start, tick, waive,
};

const WHY: &str = "a reason that says enough";

fn soon() -> PlannedEvent {
    let from = now() + TimeDelta::minutes(5);
    ticked(&event(1, Content { from, ..content() }))
}

fn approved(subject: Subject, by: &str, allowed_by: &str) -> Approval {
    let (by, allowed_by) = (by.to_owned(), allowed_by.to_owned());
    Approval {
        id: ApprovalId(1),
        kind: Asks::Permission,
        hash: subject.hash(),
        subject,
        reach: Reach::default(),
        by,
        reason: WHY.into(),
        at: now(),
        until: now() + hours(24),
        state: Settled::Approved { by: allowed_by, at: now() },
    }
}

/// A waiver of a check that somebody else allowed.
fn waiver(event: &PlannedEvent, check: Check, until: DateTime<Utc>) -> Waiver {
    let content = event.content.hash();
    let subject = Subject::Waiver { event: event.id, check, content, until };
    Waiver::of(&approved(subject, "ann", "ben")).expect("it was allowed")
}

#[test]
fn a_check_of_an_event_that_runs_may_be_waived() {
    let event = soon();
    let world = World::new();
    let running = start(&event, &world.judge(&event), &[], "ann", now()).expect("it begins");
    // Its rollouts are judged anew, and by now the bench is away.
    let judged = World { benches: Vec::new(), ..world }.judge(&running);
    let asked = waive(&running, &judged, Check::Bench, (WHY, now() + hours(1)), now());
    assert!(asked.is_ok(), "{asked:?}");
    let done = end(&running, "ann", "", now()).expect("it runs");
    let late = waive(&done, &judged, Check::Bench, (WHY, now() + hours(1)), now());
    assert!(matches!(late, Err(Refusal::Over { .. })), "{late:?}");
}

#[test]
fn an_event_goes_its_way_once() {
    let event = soon();
    let judged = World::new().judge(&event);
    let running = start(&event, &judged, &[], "ann", now()).expect("everything passes");
    assert!(matches!(&running.state, State::Running { by, waived, .. }
        if by == "ann" && waived.is_empty()));
    let done = end(&running, "ben", " it went well ", now() + hours(1)).expect("it runs");
    assert!(matches!(&done.state, State::Done { began, note, .. }
        if *began == now() && note == "it went well"));
    let off = cancel(&event, "ann", WHY, now()).expect("it is planned");
    for over in [&running, &done, &off] {
        let refused = start(over, &judged, &[], "ann", now());
        assert!(matches!(refused, Err(Refusal::NotPlanned { .. })), "{refused:?}");
        assert!(cancel(over, "ann", WHY, now()).is_err());
        assert!(change(over, &content()).is_err());
        assert!(tick(over, Check::Pipeline, "ann", WHY, now()).is_err());
        assert!(waive(over, &judged, Check::Bench, (WHY, now() + hours(1)), now()).is_err());
    }
    for over in [&event, &done, &off] {
        assert!(matches!(end(over, "ann", "", now()), Err(Refusal::NotRunning { .. })));
    }
    assert_eq!(cancel(&event, "ann", "short", now()), Err(Refusal::NoReason));
}

#[test]
fn it_starts_in_its_time() {
    let event = soon();
    let judged = World::new().judge(&event);
    let (from, until) = (event.content.from, event.content.until);
    let at = |now| start(&event, &judged, &[], "ann", now);
    assert_eq!(at(from - EARLY - hours(1)), Err(Refusal::TooEarly { from }));
    assert!(at(from - EARLY).is_ok());
    assert!(at(until - hours(1)).is_ok());
    assert_eq!(at(until), Err(Refusal::TooLate { until }));
}

#[test]
fn open_checks_are_named() {
    let event = soon();
    let mut world = World::new();
    world.benches.clear();
    world.proven(None);
    let judged = world.judge(&event);
    let refusal = start(&event, &judged, &[], "ann", now()).expect_err("two are open");
    let checks = vec![Check::BackupsProven, Check::Bench];
    assert_eq!(refusal, Refusal::Open { checks });
    assert!(refusal.to_string().contains("backups-proven, bench"), "{refusal}");
    // What nobody judged is not known.
    let one = &judged[..judged.len() - 1];
    let refusal = start(&event, one, &[], "ann", now()).expect_err("one was left out");
    assert!(matches!(refusal, Refusal::Open { checks } if checks.contains(&Check::Collisions)));
}

#[test]
fn a_waiver_is_of_one_check_of_one_event_for_a_time() {
    let event = soon();
    let world = World { benches: Vec::new(), ..World::new() };
    let judged = world.judge(&event);
    let begins = |waivers: &[Waiver]| start(&event, &judged, waivers, "ann", now());
    let good = waiver(&event, Check::Bench, now() + hours(1));
    let running = begins(std::slice::from_ref(&good)).expect("it is waived");
    assert!(matches!(&running.state, State::Running { waived, .. }
        if waived.iter().eq([&Check::Bench])));
    let mut other = event.clone();
    other.id = EventId(2);
    let mut changed = event.clone();
    changed.content.title = "Another".into();
    for (what, bad) in [
        ("another check", waiver(&event, Check::Pipeline, now() + hours(1))),
        ("another event", waiver(&other, Check::Bench, now() + hours(1))),
        ("other words", waiver(&changed, Check::Bench, now() + hours(1))),
        ("over", waiver(&event, Check::Bench, now())),
    ] {
        assert!(begins(&[bad]).is_err(), "{what}");
    }
}

#[test]
fn only_a_second_person_makes_a_waiver() {
    let event = soon();
    let (check, until) = (Check::Bench, now() + hours(1));
    let content = event.content.hash();
    let subject = Subject::Waiver { event: event.id, check, content, until };
    let good = approved(subject, "ann", "ben");
    assert!(Waiver::of(&good).is_some());
    let by = "ben".to_owned();
    let at = now();
    for state in [
        Settled::Waiting,
        Settled::Refused { by: by.clone(), why: WHY.into(), at },
        Settled::Withdrawn { by, at },
        Settled::Expired { at },
        Settled::Void { why: WHY.into(), at },
        Settled::Approved { by: "ann".into(), at },
    ] {
        let name = state.name();
        assert_eq!(Waiver::of(&Approval { state, ..good.clone() }), None, "{name}");
    }
    assert_eq!(Waiver::of(&Approval { kind: Asks::Review, ..good }), None);
}

#[test]
fn a_waiver_is_asked_for_what_is_open() {
    let event = soon();
    let world = World { benches: Vec::new(), ..World::new() };
    let judged = world.judge(&event);
    let ask = |check, reason, until| waive(&event, &judged, check, (reason, until), now());
    let end = now() + TimeDelta::days(7);
    assert!(ask(Check::Bench, WHY, end).is_ok());
    assert_eq!(ask(Check::Bench, "short", end), Err(Refusal::NoReason));
    for end in [now(), end + hours(1)] {
        assert_eq!(ask(Check::Bench, WHY, end), Err(Refusal::WaiverEnd));
    }
    let check = Check::Pipeline;
    assert_eq!(ask(check, WHY, end), Err(Refusal::Passes { check }));
    let check = Check::PreProduction;
    assert_eq!(ask(check, WHY, end), Err(Refusal::NotAsked { check }));
}

#[test]
fn a_tick_is_of_what_was_said_then() {
    let bare = event(1, content());
    let said = tick(&bare, Check::Pipeline, "ann", WHY, now()).expect("it is manual");
    assert_eq!(said.ticks.len(), 1);
    assert_eq!(change(&said, &content()), Ok(said.clone()));
    let other = Content { title: "Another".into(), ..content() };
    assert!(change(&said, &other).expect("it is planned").ticks.is_empty());
    assert_eq!(tick(&bare, Check::Pipeline, "ann", "ok", now()), Err(Refusal::NoNote));
    let check = Check::Nodes;
    assert_eq!(tick(&bare, check, "ann", WHY, now()), Err(Refusal::NotManual { check }));
    let check = Check::PreProduction;
    assert_eq!(tick(&bare, check, "ann", WHY, now()), Err(Refusal::NotAsked { check }));
}

/// Whatever stands, is ticked and waived: what starts has no check that neither passes nor is
/// waived by somebody else.
#[test]
fn nothing_starts_with_an_open_check() {
    let base = soon();
    let judged = World::new().judge(&base);
    let (mut state, mut started, mut refused) = (0x9E37_79B9_7F4A_7C15_u64, 0, 0);
    let mut roll = |sides: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % sides
    };
    for round in 0..4_000 {
        let mut judged = judged.clone();
        for it in &mut judged {
            it.answer = match roll(12) {
                0 => Answer::Fail,
                1 => Answer::Unknown,
                _ => Answer::Pass,
            };
        }
        if roll(8) == 0 {
            judged.remove(roll(judged.len() as u64) as usize);
        }
        let mut waivers = Vec::new();
        for check in Check::ALL {
            let until = now() + TimeDelta::minutes(roll(120) as i64 - 30);
            if roll(3) > 0 {
                waivers.push(waiver(&base, check, until));
            }
        }
        let begun = start(&base, &judged, &waivers, "ann", now());
        let missing = Check::ALL.into_iter().any(|check| {
            let passes = judged.iter().any(|it| it.check == check && it.answer == Answer::Pass);
            let waived = waivers.iter().any(|it| it.check == check && it.until > now());
            let judged = judged.iter().any(|it| it.check == check);
            check.is_asked(&base.content) && !passes && !(judged && waived)
        });
        assert_eq!(begun.is_err(), missing, "round {round}: {begun:?}");
        assert!(begun.is_err() || open(&base, &judged, &waivers, now()).is_empty());
        if begun.is_ok() { started += 1 } else { refused += 1 }
    }
    assert!(started > 100 && refused > 100, "{started} started, {refused} refused");
}
