//! Every gate: passing, refusing, and not knowing.

use super::*;
use crate::estate::Cause;

/// What is decided, in a word or two.
pub(super) fn outcome(world: &World) -> String {
    let decision = world.decide();
    assert_eq!(decision, world.decide(), "the same facts, the same decision");
    match decision.change.map(|change| change.state) {
        Some(State::Paused { why, weighed, .. }) => format!("paused ({weighed}): {why}"),
        Some(State::RollingBack { why, .. }) => format!("back: {why}"),
        Some(state) => state.name().to_owned(),
        None => format!("waits: {:?}", decision.waits.first().map(kind)),
    }
}

fn kind(wait: &Wait) -> String {
    let json = serde_json::to_value(wait).expect("plain data");
    json["kind"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn only_a_pass_promotes_and_only_at_the_end_of_the_watch() {
    let undecided = "paused (true): the analysis has neither passed nor failed in twice the watch \
                     time";
    let no_data = "paused (true): too few requests to tell: each version needs 100, and one had 40";
    let nothing = "paused (true): the comparison could not be measured";
    let (watch, longer) = (r#"waits: Some("watch")"#, r#"waits: Some("analysis")"#);
    for (verdict, seconds, expected) in [
        (Some(Verdict::Pass), 29, watch),
        (Some(Verdict::Pass), 30, "preparing"),
        (Some(Verdict::Undecided), 30, longer),
        (Some(Verdict::Undecided), 59, longer),
        (Some(Verdict::Undecided), 60, undecided),
        (Some(Verdict::NoData), 29, watch),
        (Some(Verdict::NoData), 30, no_data),
        (Some(Verdict::NotMeasured), 30, "paused (true): errors could not be measured"),
        (None, 30, longer),
        (None, 60, nothing),
    ] {
        let mut world = World::new("shop").state(watching(0, 0));
        world.after(seconds);
        world.heard_until = Some(world.now);
        world.judgement = verdict.map(judged);
        assert_eq!(outcome(&world), expected, "{verdict:?} after {seconds} s");
    }
    let mut world = World::new("shop").state(watching(0, 0));
    world.judgement = Some(judged(Verdict::Fail));
    assert!(outcome(&world).starts_with("back: the analysis of errors failed"), "at once");
    world.after(30);
    world.judgement = Some(judged(Verdict::NoData));
    for (heard, expected) in [(Some(29), longer), (Some(30), no_data), (None, no_data)] {
        world.heard_until = heard.map(at);
        assert_eq!(outcome(&world), expected, "logs that are heard until {heard:?}");
    }
    // A pass over what was heard is none over what was not.
    let unheard = "paused (true): the rest of the watch (edges were heard in 26 s of 30 s) could \
                   not be measured";
    for (seconds, heard_until, heard, expected) in [
        (30, Some(30), 27, "preparing"),
        (30, Some(30), 26, longer),
        (30, Some(29), 30, longer),
        (30, None, 30, longer),
        (60, Some(60), 26, unheard),
    ] {
        let mut world = World::new("shop").state(watching(0, 0));
        world.after(seconds);
        world.judgement = Some(judged(Verdict::Pass));
        (world.heard_until, world.heard_seconds) = (heard_until.map(at), heard);
        assert_eq!(outcome(&world), expected, "{seconds} s, {heard_until:?}, {heard}");
    }
}

#[test]
fn conditions_hold_beside_the_comparison() {
    let limit = "back: at most 5 % of requests fail does not hold: 7.00 %";
    let unknown = "paused (true): at most 5 % of requests fail could not be measured";
    for (verdict, seconds, expected) in [
        (Some(Verdict::Pass), 30, "preparing"),
        (Some(Verdict::Fail), 0, limit),
        (Some(Verdict::NoData), 30, unknown),
        (Some(Verdict::NotMeasured), 30, unknown),
        (None, 30, r#"waits: Some("analysis")"#),
        (None, 60, unknown),
    ] {
        let mut world = World::new("shop").state(watching(0, 0));
        world.after(seconds);
        world.heard_until = Some(world.now);
        world.judgement = Some(judged(Verdict::Pass));
        world.limit = verdict;
        assert_eq!(outcome(&world), expected, "{verdict:?} after {seconds} s");
    }
    // Too few requests for both: how many is what a person needs to know.
    let mut world = World::new("shop").state(watching(0, 0));
    world.after(30);
    world.heard_until = Some(world.now);
    world.judgement = Some(judged(Verdict::NoData));
    world.limit = Some(Verdict::NoData);
    let few = "paused (true): too few requests to tell: each version needs 100, and one had 40";
    assert_eq!(outcome(&world), few);
}

#[test]
fn a_rolling_update_is_stopped_by_a_comparison_and_never_promoted_by_it() {
    for (verdict, expected) in [
        (Verdict::NoData, "preparing"),
        (Verdict::Undecided, "preparing"),
        (
            Verdict::Fail,
            "back: the analysis of errors failed: 1.90 % of 40 requests fail, of the \
                         old version 0.20 % of 400; at least 1.00 percentage points more",
        ),
    ] {
        let mut world = World::new("feed").state(watching(0, 0));
        world.after(10);
        world.judgement = Some(judged(verdict));
        assert_eq!(outcome(&world), expected, "{verdict:?}");
    }
}

fn waiting() -> InstanceState {
    InstanceState::Waiting { cause: Cause::Killed { signal: 9 }, retry_at: at(9) }
}

#[test]
fn a_canary_that_dies_is_taken_back() {
    let dead = "back: shop-a1-green-1 in a1 died or does not serve";
    let waits = r#"waits: Some("watch")"#;
    let unhealthy = InstanceState::Unhealthy { cause: Cause::HealthStatus { code: 500 } };
    for (state, restarts, seconds, expected) in [
        (InstanceState::Serving, 0, 9, waits),
        (waiting(), 0, 4, waits),
        (waiting(), 0, 5, dead),
        (unhealthy.clone(), 0, 4, waits),
        (unhealthy, 0, 5, dead),
        (InstanceState::Serving, 1, 1, waits),
        (InstanceState::Serving, 2, 1, dead),
        (InstanceState::Starting, 1, 5, dead),
    ] {
        let mut world = World::new("shop").state(watching(0, 0));
        world.after(10);
        world.instance("a1", "shop-a1-green-1", |it| {
            (it.state, it.restarts, it.since) = (state.clone(), restarts, at(10));
        });
        world.after(seconds);
        assert_eq!(outcome(&world), expected, "{state:?} {restarts} after {seconds} s");
        world.silence("a1", at(10));
        world.estate.at += TimeDelta::seconds(4);
        assert!(!outcome(&world).starts_with("back"), "nobody knows what is there");
    }
    let mut world = World::new("shop").state(watching(0, 0));
    world.instance("a1", "shop-a1-blue-1", |it| (it.state, it.restarts) = (waiting(), 9));
    world.after(20);
    assert_eq!(outcome(&world), waits, "the old version's deaths are not the new one's");
}

#[test]
fn edges_acknowledge_within_their_time_or_a_person_is_asked() {
    let shifting = State::Shifting { at: position(0, 0), since: at(0) };
    let behind = |edge: &mut EdgeFact| edge.acknowledged_revision = 1;
    for (change, seconds, expected) in [
        (None, 0, "watching"),
        (Some((true, true)), 9, r#"waits: Some("acknowledgement")"#),
        (
            Some((true, true)),
            10,
            "paused (true): the edge ea is connected and does not acknowledge",
        ),
        (Some((false, true)), 10, "watching"),
    ] {
        let mut world = World::new("shop").state(shifting.clone());
        world.after(seconds);
        if let Some((connected, _)) = change {
            world.edge("ea", behind);
            world.edge("ea", |edge| edge.connected = connected);
        }
        assert_eq!(outcome(&world), expected, "{change:?} after {seconds} s");
    }
    let mut world = World::new("shop").state(shifting);
    world.edge("ea", |edge| edge.connected = false);
    world.edge("eb", behind);
    let away = Wait::Away { edge: id("ea") };
    assert!(world.decide().waits.contains(&away), "it is named");
}

#[test]
fn nothing_is_taken_away_that_an_edge_without_a_server_still_asks() {
    let away = |world: &mut World| {
        let told = world.rollout.routing_revision - 1;
        world.edge("eb", |edge| (edge.connected, edge.acknowledged_revision) = (false, told));
    };
    let promoted = State::Promoted { at: at(0), warm_until: at(900) };
    let mut world = World::new("shop").state(promoted);
    away(&mut world);
    world.after(900);
    assert_eq!(outcome(&world), r#"waits: Some("behind")"#);
    assert!(world.ask(&Request::End).is_ok(), "a person may");
    world.edge("eb", |edge| edge.acknowledged_revision = 0);
    assert_eq!(outcome(&world), "over", "it never asked anybody");

    // A rolling update takes old nodes away with each step.
    let shifting = State::Shifting { at: position(0, 0), since: at(0) };
    let pause = "paused (true): the edge eb is away and still sends requests to the old nodes";
    for (seconds, expected) in [(59, r#"waits: Some("behind")"#), (60, pause)] {
        let mut world = World::new("feed").state(shifting.clone());
        away(&mut world);
        world.after(seconds);
        assert_eq!(outcome(&world), expected, "after {seconds} s");
    }
    let mut world = World::new("shop").state(shifting);
    away(&mut world);
    assert_eq!(outcome(&world), "watching", "a canary takes nothing away");
}

#[test]
fn a_lost_agent_is_waited_for_and_then_a_person_is_asked() {
    let waits = r#"waits: Some("agent")"#;
    let preparing = State::Preparing { at: position(0, 0), since: at(0), held: None };
    for (state, seconds, expected) in [
        (preparing.clone(), 2, "shifting"),
        (preparing.clone(), 59, waits),
        (preparing, 60, "paused (false): the agent of a2 is not heard"),
        (watching(0, 0), 59, waits),
        (watching(0, 0), 60, "paused (true): the agent of a2 is not heard"),
        (watching(1, 0), 60, "preparing"),
    ] {
        let mut world = World::new("shop").state(state.clone());
        world.judgement = Some(judged(Verdict::Pass));
        world.after(seconds);
        world.heard_until = Some(world.now);
        world.silence("a2", at(0));
        assert_eq!(outcome(&world), expected, "{state:?} after {seconds} s");
    }
}

#[test]
fn instances_come_up_in_time_or_not() {
    let preparing = State::Preparing { at: position(0, 0), since: at(0), held: None };
    let waits = r#"waits: Some("instances")"#;
    for (state, restarts, seconds, expected) in [
        (InstanceState::Serving, 0, 0, "shifting"),
        (InstanceState::Starting, 0, 119, waits),
        (InstanceState::Starting, 0, 120, "paused (false): in a1 0 of 1 instances came up in time"),
        (waiting(), 0, 119, waits),
        (waiting(), 1, 120, "back: shop-a1-green-1 in a1 died or does not serve"),
        (waiting(), 2, 5, "back: shop-a1-green-1 in a1 died or does not serve"),
    ] {
        let mut world = World::new("shop").state(preparing.clone());
        world.instance("a1", "shop-a1-green-1", |it| {
            (it.state, it.restarts) = (state.clone(), restarts);
        });
        world.after(seconds);
        assert_eq!(outcome(&world), expected, "{state:?} {restarts} after {seconds} s");
    }
    for (since, expected) in [(8, "shifting"), (9, waits)] {
        let mut world = World::new("shop").state(preparing.clone());
        world.after(10);
        world.instance("a1", "shop-a1-green-1", |it| it.since = at(since));
        assert_eq!(outcome(&world), expected, "edges have yet to check one that came at {since}");
    }
}

#[test]
fn a_node_is_tested_before_it_gets_requests() {
    let testing = State::Testing {
        at: position(0, 1),
        since: at(0),
        instance: id("feed-a1-green-2"),
        test: "t".into(),
    };
    let made = |state| Some(state);
    let not_made = TestState::NotMade { message: "the agent was restarted".into() };
    let waits = r#"waits: Some("test")"#;
    for (report, seconds, expected, ordered) in [
        (None, 0, waits, true),
        (made(TestState::Running), 0, waits, false),
        (made(TestState::Passed), 0, "shifting", false),
        (
            made(TestState::Failed),
            0,
            "back: feed-a1-green-2 did not pass its test: a check failed",
            false,
        ),
        (
            made(not_made),
            0,
            "paused (false): the test of feed-a1-green-2 (the agent was \
                             restarted) could not be measured",
            false,
        ),
        (
            made(TestState::Running),
            75,
            "paused (false): the test of feed-a1-green-2 (it did not \
                                        end in time) could not be measured",
            false,
        ),
    ] {
        let mut world = World::new("feed").state(testing.clone());
        world.after(seconds);
        if let Some(report) = &report {
            world.report("a1", "t", report.clone());
        }
        assert_eq!(outcome(&world), expected, "{report:?}");
        let order = world.decide().test.map(|(datacenter, test)| (datacenter, test.id));
        assert_eq!(order.is_some(), ordered, "{report:?}");
    }
    let world = World::new("feed");
    let decision = world.decide();
    let (datacenter, test) = decision.test.expect("it orders the test with the state");
    assert_eq!((datacenter.as_str(), test.id.as_str()), ("a1", "ro-1-w0-n0-1000000"));
    assert!(!test.checks.is_empty());
}

#[test]
fn a_version_is_left_when_the_logs_of_all_edges_say_so() {
    let back = State::RollingBack {
        stage: Back::Shifting,
        since: at(0),
        why: StopReason::Asked { by: "x".into() },
        was: Some(position(0, 0)),
    };
    let logs = r#"waits: Some("logs")"#;
    // Heard until, last request, edges connected, expected.
    for (heard, request, connected, expected) in [
        (Some(2), None, 2, "rolled back"),
        (Some(1), None, 2, logs),
        (Some(5), Some(4), 2, logs),
        (Some(6), Some(4), 2, "rolled back"),
        (None, None, 2, logs),
        (None, None, 0, r#"waits: Some("no-edge")"#),
        (Some(9), None, 0, r#"waits: Some("no-edge")"#),
        (Some(2), None, 1, "rolled back"),
    ] {
        let mut world = World::new("shop").state(back.clone());
        world.after(9);
        world.heard_until = heard.map(at);
        world.last_request = request.map(at);
        for edge in ["ea", "eb"].into_iter().skip(connected) {
            world.edge(edge, |edge| edge.connected = false);
        }
        assert_eq!(outcome(&world), expected, "{heard:?} {request:?} {connected}");
    }
    let mut world = World::new("shop").state(back);
    world.after(9);
    world.all_well();
    world.heard_until = Some(at(20));
    world.edge("ea", |edge| edge.acknowledged_revision = 1);
    assert_eq!(outcome(&world), r#"waits: Some("acknowledgement")"#);
    world.acknowledge();
    assert_eq!(outcome(&world), "rolled back");
    world.edge("ea", |edge| edge.nacks = vec![refusal(99, &["feed"], "no")]);
    assert_eq!(outcome(&world), "rolled back", "another service's refusal is no matter");
    world.edge("ea", |edge| edge.nacks = vec![refusal(99, &["shop"], "no")]);
    assert_eq!(outcome(&world), r#"waits: Some("refused")"#, "there is no way back from it");
}

#[test]
fn a_pause_still_watches_what_has_requests() {
    let why = PauseReason::Asked { by: "x".into() };
    let paused =
        |weighed| State::Paused { at: position(0, 0), since: at(0), why: why.clone(), weighed };
    let mut world = World::new("shop").state(paused(true));
    assert_eq!(outcome(&world), r#"waits: Some("person")"#);
    world.after(100_000);
    world.judgement = Some(judged(Verdict::Pass));
    assert_eq!(outcome(&world), r#"waits: Some("person")"#, "no time and no pass ends it");
    world.judgement = Some(judged(Verdict::Fail));
    assert!(outcome(&world).starts_with("back"));
}

#[test]
fn a_step_that_pauses_goes_on_by_a_person_and_not_once_it_fails() {
    let mut world = World::new("shop").state(watching(0, 0));
    world.rollout.plan.steps[0].pause = true;
    world.after(30);
    world.heard_until = Some(world.now);
    for (verdict, expected) in [
        (Verdict::Undecided, r#"waits: Some("analysis")"#),
        (Verdict::Pass, "paused (true): the plan has a person go on"),
    ] {
        world.judgement = Some(judged(verdict));
        assert_eq!(outcome(&world), expected);
    }
    assert!(world.step());
    world.after(100_000);
    assert_eq!(outcome(&world), r#"waits: Some("person")"#, "it goes on by nobody");
    let on = |world: &World, request: Request| world.ask(&request).map(|change| change.state);
    let next = Ok(State::Preparing { at: position(0, 1), since: world.now, held: None });
    assert_eq!(on(&world, Request::Resume), next);
    assert_eq!(on(&world, Request::Promote { reason: None }), next);
    // It had passed, whatever a server that began a moment ago knows.
    world.judgement = None;
    assert_eq!(on(&world, Request::Resume), next);
    world.judgement = Some(judged(Verdict::Fail));
    assert!(outcome(&world).starts_with("back"), "it is still watched");
}

#[test]
fn a_data_centre_that_the_fleet_left_is_neither_waited_for_nor_tested() {
    let mut world =
        World::new("feed").state(State::Preparing { at: position(1, 0), since: at(0), held: None });
    let fleet = Arc::make_mut(&mut world.estate.fleet);
    fleet.datacenters.get_mut(&id::<DatacenterId>("b1")).expect("it").retired = true;
    world.after(100);
    world.silence("b1", at(0));
    assert!(world.step());
    assert_eq!(change::position(&world.rollout.state), Some(position(1, 1)));
    let fleet = Arc::make_mut(&mut world.estate.fleet);
    fleet.services.get_mut(&id::<ServiceId>("feed")).expect("it").retired = true;
    let nothing = "paused (false): a node that could be tested could not be measured";
    assert_eq!(outcome(&world), nothing, "a service that is placed nowhere is not promoted");
}

#[test]
fn a_watch_is_on_since_it_was_begun_last() {
    let paused = State::Paused {
        at: position(0, 1),
        since: at(90),
        why: PauseReason::Asked { by: "x".into() },
        weighed: true,
    };
    let preparing = State::Preparing { at: position(0, 2), since: at(5), held: None };
    let watching = |step, since| State::Watching { at: position(0, step), since: at(since) };
    for (states, expected) in [
        (vec![preparing.clone(), watching(1, 20), watching(0, 10)], Some(20)),
        (vec![watching(1, 200), paused.clone(), watching(1, 20)], Some(200)),
        (vec![paused, watching(0, 10)], None),
        (vec![preparing], None),
    ] {
        assert_eq!(watched_since(&states, position(0, 1)), expected.map(at), "{states:?}");
    }
}

#[test]
fn a_tenth_stays_with_the_old_version_while_the_last_step_is_watched() {
    for (weights, shares) in [
        (vec![500, 5_000, 10_000], vec![500, 5_000, 9_000, 10_000]),
        (vec![10_000], vec![9_000, 10_000]),
        (vec![9_500, 10_000], vec![9_500, 9_500, 10_000]),
    ] {
        let mut plan = World::new("shop").rollout.plan;
        plan.steps = weights
            .iter()
            .map(|weight| Step { weight: *weight, watch_seconds: 60, pause: false })
            .collect();
        let got: Vec<_> = (0..=weights.len() as u16).map(|step| plan.share(step)).collect();
        assert_eq!(got, shares, "{weights:?}");
        assert!((0..weights.len() as u16).all(|step| plan.weight(step) >= plan.share(step)));
    }
}
