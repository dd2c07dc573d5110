//! What differs between plans, and how old a drill may be.

use super::*;
use crate::failover::drift::drift;
use crate::failover::preview::{DRILL_MAX, Given, Past, Tried, Verdict, preview};
use crate::failover::request::{LOOK_VALID, is_stale};
use crate::failover::rules::Gates;

fn said(before: &Plan, now: &Plan) -> Vec<String> {
    drift(before, now).iter().map(ToString::to_string).collect()
}

/// What differs when the small fleet's text is another one, and back.
fn changed(from: &str, to: &str) -> (Vec<String>, Vec<String>) {
    let text = SMALL.replace(from, to);
    assert_ne!(text, SMALL, "{from}");
    let (before, now) = (plan_of(&fleet(SMALL), &["a1"]), plan_of(&fleet(&text), &["a1"]));
    (said(&before, &now), said(&now, &before))
}

#[test]
fn the_same_plan_differs_in_nothing() {
    let plan = plan_of(&fleet(SMALL), &["a1"]);
    assert_eq!(drift(&plan, &plan), []);
}

#[test]
fn steps_targets_nodes_databases_and_order_are_told() {
    let (there, back) = changed("nodes = 3", "nodes = 4");
    assert_eq!(there, ["4 nodes of front come up or go, not 3"]);
    assert_eq!(back, ["3 nodes of front come up or go, not 4"]);

    let (there, back) =
        changed("datacenters = [\"a1\", \"b1\"]\nnodes", "datacenters = [\"a1\", \"a2\"]\nnodes");
    let moved = ["scale api goes to a2, not to b1", "shift-traffic api goes to a2, not to b1"];
    assert_eq!(there, moved);
    assert_eq!(back.len(), 2, "{back:?}");

    let db = "datacenters = [\"a1\", \"b1\"]\ncluster";
    let (there, back) = changed(db, "datacenters = [\"a1\", \"a2\"]\ncluster");
    assert_eq!(there, ["the leader of db moves from a1 to a2, not from a1 to b1"]);
    assert_eq!(back.len(), 1, "{back:?}");
    let (there, back) = changed(db, "datacenters = [\"b1\", \"a1\"]\ncluster");
    assert_eq!(there, ["the leader of db does not move any more"]);
    assert_eq!(back, ["the leader of db moves too, from a1 to b1"]);

    let (there, back) = changed("needs = \"warehouses\"", "needs = \"warehouses\"\nretired = true");
    assert_eq!(there, ["the group late does not move any more"]);
    assert_eq!(back, ["the group late moves too"]);

    let (there, _) = changed("depends_on = [\"api\", \"db\"]", "depends_on = [\"db\"]");
    assert_eq!(there, ["the order of steps is another one"]);
}

#[test]
fn a_plan_that_was_not_tried_for_long_is_a_warning() {
    let fleet = fleet(SMALL);
    let observed = Observed::as_declared(&fleet);
    let plan = plan_of(&fleet, &["a2"]);
    let now = at(0) + DRILL_MAX * 3;
    let check = |tried, expected: Option<&str>| {
        let given = Given {
            fleet: &fleet,
            observed: &observed,
            standing: &Standing::default(),
            gates: &Gates::default(),
            past: &Past::default(),
            tried,
            now,
        };
        let seen = preview(&plan, &given);
        let found =
            seen.checks.iter().find(|check| check.sentence.contains(expected.unwrap_or("")));
        match expected {
            Some(_) => assert_eq!(found.map(|it| it.verdict), Some(Verdict::Warnings), "{seen:?}"),
            None => assert_eq!(seen.verdict, Verdict::Ready, "{seen:?}"),
        }
    };
    check(Tried::NotKept, None);
    check(Tried::At(now - DRILL_MAX), None);
    check(Tried::At(now - DRILL_MAX - chrono::TimeDelta::days(1)), Some("91 days ago, limit 90"));
    check(Tried::Never, Some("never tried"));
}

#[test]
fn a_look_is_good_for_some_minutes_and_never_from_the_future() {
    let now = at(10_000);
    let minute = chrono::TimeDelta::minutes(1);
    assert!(!is_stale(now, now));
    assert!(!is_stale(now - LOOK_VALID, now));
    assert!(is_stale(now - LOOK_VALID - minute, now));
    assert!(is_stale(now + minute, now));
    assert!(is_stale(chrono::DateTime::UNIX_EPOCH, now));
}
