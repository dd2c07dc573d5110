//! What a person may ask, state by state.

use super::*;

fn asked_by() -> StopReason {
    StopReason::Asked { by: "operator-1".into() }
}

/// A world in every state, by a short name.
fn in_state(service: &str, name: &str) -> World {
    let (at_0, at_1) = (position(0, 0), position(0, 1));
    let since = at(0);
    let why = PauseReason::Undecided;
    let state = match name {
        "first" => State::Preparing { at: at_0, since, held: None },
        "preparing" => State::Preparing { at: at_1, since, held: None },
        "shifting" => State::Shifting { at: at_1, since },
        "watching" => State::Watching { at: at_1, since },
        "paused" => State::Paused { at: at_1, since, why, weighed: true },
        "held up" => State::Paused { at: at_1, since, why, weighed: false },
        "promoted" => State::Promoted { at: since, warm_until: at(900) },
        "back" => {
            State::RollingBack { stage: Back::Shifting, since, why: asked_by(), was: Some(at_1) }
        }
        "rolled back" => {
            State::RolledBack { at: since, undo_until: at(900), why: asked_by(), was: Some(at_1) }
        }
        "ended" => State::Ended { at: since, outcome: Ending::Promoted },
        "gone" => State::Ended { at: since, outcome: Ending::RolledBack { why: asked_by() } },
        other => panic!("no state {other}"),
    };
    World::new(service).state(state)
}

/// What becomes of a request: the state it leads to, or the refusal.
fn answer(world: &mut World, request: &Request) -> String {
    match world.ask(request) {
        Ok(change) => {
            world.apply(&change);
            world.shown().split(" a").next().unwrap_or_default().to_owned()
        }
        Err(refusal) => refusal.to_string(),
    }
}

#[track_caller]
fn check(request: Request, cases: &[(&str, &str)]) {
    for (state, expected) in cases {
        let mut world = in_state("shop", state);
        assert_eq!(answer(&mut world, &request), *expected, "{request:?} when {state}");
    }
}

const REASON: &str = "users cannot pay at all";

#[test]
fn pause_and_resume() {
    check(
        Request::Pause,
        &[
            ("first", "paused 0.0"),
            ("preparing", "paused 0.1"),
            ("shifting", "paused 0.1"),
            ("watching", "paused 0.1"),
            ("paused", "the rollout ro-1 is paused already"),
            ("promoted", "the rollout ro-1 is promoted; only one that runs can be paused"),
            ("back", "the rollout ro-1 is rolling back; only one that runs can be paused"),
            ("ended", "the rollout ro-1 is over; only one that runs can be paused"),
        ],
    );
    check(
        Request::Resume,
        &[
            ("paused", "shifting 0.1"),
            ("held up", "preparing 0.1"),
            ("watching", "the rollout ro-1 is watching; only a paused one can go on"),
            ("rolled back", "the rollout ro-1 is rolled back; only a paused one can go on"),
        ],
    );
}

#[test]
fn promote_needs_a_pass_or_a_reason() {
    let needed = "write the reason, at least 10 characters: the analysis has not passed";
    let cases = |reason: Option<&str>, verdict| {
        let mut world = in_state("shop", "watching");
        world.judgement = Some(judged(verdict));
        answer(&mut world, &Request::Promote { reason: reason.map(str::to_owned) })
    };
    assert_eq!(cases(None, Verdict::Pass), "preparing 0.2");
    for verdict in [Verdict::Undecided, Verdict::NoData, Verdict::NotMeasured] {
        assert_eq!(cases(None, verdict), needed, "{verdict:?}");
        assert_eq!(cases(Some("because"), verdict), needed, "{verdict:?}");
        assert_eq!(cases(Some(REASON), verdict), "preparing 0.2", "{verdict:?}");
    }
    let reason = Some(REASON.to_owned());
    check(
        Request::Promote { reason },
        &[
            ("paused", "preparing 0.2"),
            (
                "held up",
                "the rollout ro-1 is paused: its position gets no requests yet, so that \
                         there is nothing to promote past; wait, resume or roll back",
            ),
            ("promoted", "the rollout ro-1 is promoted already"),
            ("ended", "the rollout ro-1 is over; start a new one"),
        ],
    );
}

#[test]
fn promote_fully_brings_all_instances_up_before_traffic() {
    let request = Request::PromoteFully { reason: REASON.into() };
    let mut world = in_state("shop", "watching");
    answer(&mut world, &request);
    assert_eq!(world.shown(), "preparing 0.1 a5000 b0 4+4 4+4 4+4", "weights are held");
    assert!(!world.step(), "they are not up");
    world.all_well();
    assert!(world.step());
    assert_eq!(world.shown(), "shifting 1.3 a10000 b10000 4+4 4+4 4+4");
    world.all_well();
    assert!(world.step());
    assert_eq!(world.rollout.state.name(), "promoted", "without further watch");

    check(
        request.clone(),
        &[
            (
                "first",
                "the rollout ro-1 is preparing: its position gets no requests yet, so that \
                       there is nothing to promote past; wait, resume or roll back",
            ),
            ("promoted", "the rollout ro-1 is promoted already"),
        ],
    );
    check(
        Request::PromoteFully { reason: "soon".into() },
        &[("watching", "write the reason, at least 10 characters: the analysis has not passed")],
    );
    let mut rolling = in_state("feed", "watching");
    let one = "a rolling update goes one node at a time (R11); promote skips this node's watch";
    assert_eq!(answer(&mut rolling, &request), one);
}

#[test]
fn what_cannot_come_up_fully_stays_where_it_was() {
    let mut world = in_state("shop", "watching");
    answer(&mut world, &Request::PromoteFully { reason: REASON.into() });
    assert_eq!(answer(&mut world, &Request::Pause), "paused 0.1");
    assert_eq!(world.shown(), "paused 0.1 a5000 b0 4+2 4+2 4+0");
}

#[test]
fn roll_back_and_abort() {
    let superseded = "the rollout ro-1 is not what runs now: another one came after it";
    check(
        Request::RollBack { reason: None },
        &[
            ("first", "rolling back 0.0"),
            ("watching", "rolling back 0.1"),
            ("paused", "rolling back 0.1"),
            ("promoted", "rolling back"),
            ("back", "the rollout ro-1 is rolling back already"),
            ("rolled back", "the rollout ro-1 is rolled back already"),
            ("ended", superseded),
            ("gone", "the rollout ro-1 is over; start a new one"),
        ],
    );
    let promoted = "the rollout ro-1 has been promoted; roll it back instead";
    check(
        Request::Abort { reason: None },
        &[("watching", "rolling back 0.1"), ("promoted", promoted), ("ended", promoted)],
    );
    let mut world = in_state("shop", "watching");
    answer(&mut world, &Request::RollBack { reason: Some(REASON.into()) });
    let quarantine = world.estate.releases.quarantine(&id("shop"), "2.0.0");
    let reason = quarantine.map(|quarantine| quarantine.reason.clone());
    assert_eq!(reason.as_deref(), Some("operator-1 asked for it: users cannot pay at all"));
    let again = world.ask(&Request::RollBack { reason: None });
    assert!(again.is_err_and(|refusal| refusal.is_repeat()), "a second click is no mistake");
}

#[test]
fn undo_has_its_time() {
    check(
        Request::Undo,
        &[
            ("back", "preparing 0.1"),
            ("rolled back", "preparing 0.1"),
            ("watching", "the rollout ro-1 was not rolled back; there is nothing to undo"),
            ("gone", "the rollout ro-1 is over; start a new one"),
        ],
    );
    let mut late = in_state("shop", "rolled back");
    late.after(900);
    let refused = answer(&mut late, &Request::Undo);
    assert_eq!(refused, "undo was possible until 1970-01-12 14:01:40 UTC; start a new rollout");
    let mut rolling = in_state("feed", "back");
    assert!(answer(&mut rolling, &Request::Undo).contains("still rolling back"));
    let mut rolling = in_state("feed", "rolled back");
    assert_eq!(answer(&mut rolling, &Request::Undo), "preparing 0.0", "it begins anew");
}

#[test]
fn retry_never_passes_a_quarantine() {
    check(
        Request::Retry,
        &[
            ("paused", "preparing 0.1"),
            ("held up", "preparing 0.1"),
            ("rolled back", "preparing 0.0"),
            ("watching", "the rollout ro-1 is watching; only a paused one can go on"),
            ("gone", "the rollout ro-1 is over; start a new one"),
        ],
    );
    let mut world = in_state("shop", "watching");
    answer(&mut world, &Request::RollBack { reason: None });
    world.all_well();
    world.after(5);
    world.heard_until = Some(world.now);
    assert!(world.step());
    let refused = answer(&mut world, &Request::Retry);
    assert_eq!(refused, "2.0.0 is in quarantine (operator-1 asked for it); lift it first");
    let mut held = in_state("shop", "paused");
    answer(&mut held, &Request::Retry);
    assert_eq!(held.shown(), "preparing 0.1 a5000 b0 4+2 4+2 4+0", "its weights are held");
}

#[test]
fn end_frees_the_service_once_edges_know() {
    check(
        Request::End,
        &[
            ("promoted", "over"),
            ("rolled back", "over"),
            (
                "watching",
                "the rollout ro-1 is watching; it ends when it is promoted or rolled back",
            ),
        ],
    );
    let mut world = in_state("shop", "promoted");
    world.edge("ea", |edge| edge.acknowledged_revision = 0);
    let refused = answer(&mut world, &Request::End);
    assert_eq!(refused, "an edge has yet to acknowledge the rollout ro-1; end it after that");
}

#[test]
fn where_roll_back_leads() {
    let target = |world: &World, service: &str| {
        let found = roll_back_target(&world.estate.fleet, &world.estate.releases, &id(service));
        found
            .map(|it| format!("{}: {} to {}", it.rollout, it.from, it.to))
            .unwrap_or_else(|refusal| refusal.to_string())
    };
    let world = in_state("shop", "watching");
    assert_eq!(target(&world, "shop"), "ro-1: 2.0.0 to 1.0.0");
    assert_eq!(target(&world, "feed"), "feed has no version before its stable one 1.0.0");
    assert_eq!(target(&world, "nope"), "there is no service `nope`");
    assert!(target(&in_state("shop", "back"), "shop").contains("already"));
}
