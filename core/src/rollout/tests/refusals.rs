//! What edges refuse: of this rollout, of its version, of others.

use super::gates::outcome;
use super::*;

#[test]
fn a_refusal_of_this_rollouts_configuration_takes_it_back() {
    for (older, state, expected) in [
        (0, State::Shifting { at: position(0, 0), since: at(0) }, true),
        (0, watching(0, 0), true),
        (0, State::Preparing { at: position(0, 1), since: at(0), held: None }, true),
        (1, State::Shifting { at: position(0, 0), since: at(0) }, false),
    ] {
        let mut world = World::new("shop").state(state.clone());
        let revision = world.rollout.routing_revision - older;
        let nack = refusal(revision, &["shop"], "no such cluster");
        world.edge("eb", |edge| edge.nacks = vec![nack]);
        let back = "back: the edge eb refused its configuration: no such cluster";
        assert_eq!(outcome(&world) == back, expected, "{state:?}, {older} before");
    }
    // What is of the new version was told before it got its share.
    for (version, seconds, expected) in
        [("2.0.0", 0, true), ("2.0.0", -1, false), ("1.0.0", 0, false)]
    {
        let mut world =
            World::new("shop").state(State::Shifting { at: position(0, 0), since: at(0) });
        let early = refusal(world.rollout.routing_revision - 1, &["shop"], "no address");
        let told = world.rollout.started_at + TimeDelta::seconds(seconds);
        let nack = Nack { version: Some(version.to_owned()), at: told, ..early };
        world.edge("eb", |edge| edge.nacks = vec![nack]);
        let back = "back: the edge eb refused its configuration: no address";
        assert_eq!(outcome(&world) == back, expected, "{version}, {seconds} s");
    }
    // What is of other services halts nothing; what may be of this one is waited for.
    let shifting = State::Shifting { at: position(0, 0), since: at(0) };
    for (services, expected) in [
        (&["feed"][..], "watching"),
        (&[], "watching"),
        (&["feed", "shop"], r#"waits: Some("acknowledgement")"#),
    ] {
        let mut world = World::new("shop").state(shifting.clone());
        world.edge("eb", |edge| edge.nacks = vec![refusal(99, services, "no")]);
        assert_eq!(outcome(&world), expected, "{services:?}");
    }
}

#[test]
fn what_is_refused_of_a_version_that_is_left_holds_no_way_back_up() {
    let why = StopReason::Refused { edge: id("eb"), message: "no address".into() };
    let (stage, was) = (Back::Shifting, Some(position(0, 0)));
    let mut world = World::new("shop");
    world.set(State::RollingBack { stage, since: at(0), why, was });
    world.after(1);
    world.heard_until = Some(world.now);
    for (version, expected) in
        [("2.0.0", r#"waits: Some("logs")"#), ("1.0.0", r#"waits: Some("refused")"#)]
    {
        let early = refusal(world.rollout.routing_revision, &["shop"], "no address");
        let nack = Nack { version: Some(version.to_owned()), ..early };
        world.edge("eb", |edge| edge.nacks = vec![nack]);
        assert_eq!(outcome(&world), expected, "{version}");
    }
}
