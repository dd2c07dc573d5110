//! What the orchestrator makes of a drop, question by question, and what it does not watch.

use super::*;
use crate::estate::{DatacenterState, Estate};
use crate::failover::preview::{Given as Seen, Past, Tried, preview};
use crate::failover::rules::Gates;
use crate::failover::watch::{Given, Watched, evidence, places};
use crate::release::Releases;
use crate::traffic::decision::{Limits, Mode as Way, Outcome as Then, decide};
use crate::traffic::drop::{Alarm, Kind, State as Traffic};
use std::sync::Arc;

/// Each node takes a hundred requests a second; drops are acted on.
fn automatic() -> Fleet {
    let text = SMALL
        .replace("serving_least = 2\n", "orchestrator = \"automatic\"\n")
        .replace("version = \"1.0.0\"\n", "version = \"1.0.0\"\nnode_requests_per_second = 100\n");
    let (before, rest) = text.split_once("[[database]]").expect("it");
    let (_, after) = rest.split_once("[[edge]]").expect("it");
    let text = format!("{before}[[edge]]{after}")
        .replace("datacenters = [\"a1\", \"b1\"]\n", "")
        .replace("depends_on = [\"api\", \"db\"]\n", "")
        .replace("depends_on = [\"db\"]\n", "");
    fleet(&text)
}

fn dropped() -> Traffic {
    let alarm = Alarm {
        at_ms: 100_000,
        began_ms: 99_000,
        kind: Kind::Collapse,
        size: 1.0,
        confidence: 1.0,
        expected: 20.0,
        observed: 0.0,
    };
    Traffic::Dropped { alarm, size_now: 1.0 }
}

/// What is done when `early` drops in a1, which is silent; `others` is what its other places show.
fn outcome(fleet: Fleet, others: Traffic, silent: bool, runs: Option<&[Run]>) -> Then {
    let now = at(1_000);
    let mut estate =
        Estate { fleet: Arc::new(fleet), fleet_revision: 1, at: now, ..Estate::default() };
    let mut observed = Observed::as_declared(&estate.fleet);
    for id in estate.fleet.datacenters.keys() {
        let lost = silent && id.as_str() == "a1";
        let last_seen = Some(if lost { at(900) } else { now });
        let state = DatacenterState { last_seen, ..DatacenterState::default() };
        estate.datacenters.insert(id.clone(), Arc::new(state));
        for (service, declared) in &estate.fleet.services {
            let cell = Cell { serving: Some(declared.nodes), requests_per_second: Some(20.0) };
            observed.services.entry(service.clone()).or_default().insert(id.clone(), cell);
        }
    }
    let scope = Scope::Group { group: id("early") };
    let none = Standing::default();
    let plan = plan(&estate.fleet, &observed, &none, &set(&["a1"]), &scope);
    let (gates, past) = (Gates::default(), Past::default());
    let seen = Seen {
        fleet: &estate.fleet,
        observed: &observed,
        standing: &none,
        gates: &gates,
        past: &past,
        tried: Tried::default(),
        now,
    };
    let preview = preview(&plan, &seen);
    let watch =
        |place: &str, state| Watched { place: (id(place), id("early")), state, seasonal: false };
    let watched = [watch("a1", dropped()), watch("a2", others), watch("b1", others)];
    let given = Given {
        estate: &estate,
        observed: &observed,
        watched: &watched,
        answered: None,
        plan: &plan,
        preview: &preview,
        runs,
        heard: Some(now),
        now,
    };
    let evidence = evidence(&(id("a1"), id("early")), &given);
    decide(&evidence, &Limits::default()).outcome
}

#[test]
fn a_drop_is_acted_on_only_if_every_question_is_answered_with_yes() {
    let none: &[Run] = &[];
    assert_eq!(outcome(automatic(), Traffic::Normal, true, Some(none)), Then::Switch);
    // It dropped everywhere; nothing is known of the others.
    assert_eq!(outcome(automatic(), dropped(), true, Some(none)), Then::Watch);
    assert_eq!(outcome(automatic(), Traffic::Learning, true, Some(none)), Then::Watch);
    // No second signal is seen, and whether requests fail is not known: a person looks.
    assert_eq!(outcome(automatic(), Traffic::Normal, false, Some(none)), Then::Advise);
    // What was done lately cannot be read.
    assert_eq!(outcome(automatic(), Traffic::Normal, true, None), Then::Advise);
    // The fleet says that a person decides, or does not say what a node can take.
    let mut advised = automatic();
    advised.groups.get_mut(&id::<GroupId>("early")).expect("it").orchestrator = Way::Advise;
    assert_eq!(outcome(advised, Traffic::Normal, true, Some(none)), Then::Advise);
    let mut silent = automatic();
    for service in silent.services.values_mut() {
        service.node_requests_per_second = None;
    }
    assert_eq!(outcome(silent, Traffic::Normal, true, Some(none)), Then::Advise);
}

#[test]
fn a_place_that_was_left_is_not_watched() {
    let fleet = automatic();
    let mut run = run_of(plan_of(&fleet, &["a1"]), Mode::Graceful);
    let estate = |run: Option<&Run>| {
        let standing = standing(run);
        let releases = Releases { standing, ..Releases::default() };
        Estate { fleet: Arc::new(fleet.clone()), releases: Arc::new(releases), ..Estate::default() }
    };
    let place = (id("a1"), id::<GroupId>("early"));
    assert!(places(&estate(None)).contains(&place));
    let steps: Vec<_> = run.plan.steps().map(|(_, step)| step.id.clone()).collect();
    for step in steps {
        let done = StepState::Done { since: at(1), at: at(2), seen: String::new() };
        run.steps.insert(step, done);
    }
    let watched = places(&estate(Some(&run)));
    assert!(!watched.contains(&place) && watched.contains(&(id("a2"), id("early"))), "{watched:?}");
}
