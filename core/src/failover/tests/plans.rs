//! Plans of a small fleet and of the enterprise: what moves where, after what, and what is found.

use super::world::no_database;
use super::*;
use crate::failover::lint::{self, Kind};
use crate::failover::rules::{self, Gates, Holds, Rule};

/// `kind subject from>to` of every step, in order.
fn lines(plan: &Plan) -> Vec<String> {
    let line = |step: &Step| {
        let end =
            |id: &Option<DatacenterId>| id.as_ref().map_or("-".to_owned(), |it| it.to_string());
        let nodes = if step.nodes > 0 { format!(" +{}", step.nodes) } else { String::new() };
        let (kind, subject) = (step.act.name(), step.act.subject());
        format!("{kind} {subject} {}>{}{nodes}", end(&step.from), end(&step.to))
    };
    plan.steps().map(|(_, step)| line(step)).collect()
}

fn after<'a>(plan: &'a Plan, step: &str) -> Vec<&'a str> {
    let step = plan.step(&StepId(step.into())).expect("the step");
    step.after.iter().map(|id| id.0.as_str()).collect()
}

#[test]
fn a_lost_data_centre_is_left_in_the_order_of_priority() {
    let fleet = fleet(SMALL);
    let plan = plan_of(&fleet, &["a1"]);
    assert_eq!(
        lines(&plan),
        [
            "precheck early ->-",
            "stop-writes db a1>b1",
            "wait-for-replica db a1>b1",
            "promote db a1>b1",
            "verify db a1>b1",
            "scale api a1>b1 +2",
            "shift-traffic api a1>b1",
            "scale front a1>a2 +3",
            "shift-traffic front a1>a2",
            "observe early ->-",
            "precheck late ->-",
            "scale stock a1>a2 +2",
            "shift-traffic stock a1>a2",
            "observe late ->-",
        ]
    );
    assert_eq!(after(&plan, "late/precheck"), ["early/observe"]);
    assert_eq!(after(&plan, "early/promote/db"), ["early/wait-for-replica/db"]);
    let api = after(&plan, "early/shift-traffic/api/a1");
    assert_eq!(api, ["early/scale/api/b1", "early/verify/db"]);
    let front = after(&plan, "early/shift-traffic/front/a1");
    let needs = ["early/scale/front/a2", "early/verify/db", "early/shift-traffic/api/a1"];
    assert_eq!(front, needs);
}

#[test]
fn a_local_service_stays_down_when_its_region_is_lost() {
    let fleet = fleet(SMALL);
    let plan = plan_of(&fleet, &["a1", "a2"]);
    let late = plan.groups.iter().find(|group| group.id.as_str() == "late").expect("it");
    assert!(late.steps.is_empty(), "{late:?}");
    let down: Vec<_> = late.stays_down.iter().map(|it| it.service.as_str()).collect();
    assert_eq!(down, ["stock"]);
    assert!(late.stays_down[0].reason.contains("warehouses of a"), "{late:?}");
    // Nodes of both lost data centres come up in the one that is left.
    assert!(lines(&plan).contains(&"scale front a1>b1 +6".to_owned()), "{:?}", lines(&plan));
}

#[test]
fn a_service_that_is_left_nowhere_is_started_where_it_never_ran() {
    let fleet = fleet(SMALL);
    let plan = plan_of(&fleet, &["a1", "b1"]);
    let lines = lines(&plan);
    assert!(lines.contains(&"start api a1>a2 +4".to_owned()), "{lines:?}");
    // Both members of the database are lost.
    assert!(!lines.iter().any(|line| line.starts_with("promote")), "{lines:?}");
    let observed = Observed::as_declared(&fleet);
    let found = lint::lint(&fleet, &observed, &plan.lose, &plan);
    assert!(found.iter().any(|it| it.kind == Kind::DatabaseWithoutTarget), "{found:?}");
}

#[test]
fn what_is_not_heard_takes_nothing_over() {
    let fleet = fleet(SMALL);
    let mut observed = Observed::as_declared(&fleet);
    observed.datacenters.get_mut(&id::<DatacenterId>("b1")).expect("it").contact = Heard::Silent;
    let plan = plan(&fleet, &observed, &Standing::default(), &set(&["a1"]), &Scope::All);
    let to_b1 = plan.steps().filter(|(_, step)| step.to == Some(id("b1"))).count();
    assert_eq!(to_b1, 0, "{:?}", lines(&plan));
    let found = lint::lint(&fleet, &observed, &plan.lose, &plan);
    assert!(found.iter().any(|it| it.kind == Kind::Unheard && it.subject == "b1"), "{found:?}");
    // Nothing at all is known: nothing moves.
    let nothing = Observed::default();
    let plan = super::plan(&fleet, &nothing, &Standing::default(), &set(&["a1"]), &Scope::All);
    assert!(plan.is_empty(), "{:?}", lines(&plan));
}

#[test]
fn circles_and_dependencies_on_later_groups_are_found() {
    let text =
        SMALL.replace("depends_on = [\"db\"]\n", "depends_on = [\"db\", \"front\", \"stock\"]\n");
    let fleet = fleet(&text);
    let plan = plan_of(&fleet, &["a1"]);
    let observed = Observed::as_declared(&fleet);
    let found = lint::lint(&fleet, &observed, &plan.lose, &plan);
    let of = |kind: Kind| found.iter().filter(|it| it.kind == kind).collect::<Vec<_>>();
    assert_eq!(of(Kind::DependencyCycle).len(), 1, "{found:?}");
    assert_eq!(of(Kind::DependencyCycle)[0].subject, "api,front");
    assert_eq!(of(Kind::DependsOnLaterGroup)[0].subject, "api");
    // Neither waits for the other: the plan can be carried out.
    let front = after(&plan, "early/shift-traffic/front/a1");
    assert!(!front.contains(&"early/shift-traffic/api/a1"), "{front:?}");
}

#[test]
fn a_scope_is_kept_to() {
    let fleet = fleet(SMALL);
    let observed = Observed::as_declared(&fleet);
    let of = |scope| plan(&fleet, &observed, &Standing::default(), &set(&["a1"]), &scope);
    let late = of(Scope::Group { group: id("late") });
    assert_eq!(late.groups.len(), 1);
    assert!(after(&late, "late/precheck").is_empty());
    let api = lines(&of(Scope::Service { service: id("api") }));
    assert_eq!(
        api,
        [
            "precheck early ->-",
            "scale api a1>b1 +2",
            "shift-traffic api a1>b1",
            "observe early ->-"
        ]
    );
}

#[test]
fn names_are_data_centres_or_regions() {
    let fleet = fleet(SMALL);
    assert_eq!(lint::lost(&fleet, ["a"]), Ok(set(&["a1", "a2"])));
    assert_eq!(lint::lost(&fleet, ["b1", "a2"]), Ok(set(&["a2", "b1"])));
    let bad = lint::lost(&fleet, ["a9"]).expect_err("there is none");
    assert!(bad[0].contains("write one of a1, a2, b1"), "{bad:?}");
    assert!(lint::lost(&fleet, []).is_err());
}

/// Over every pair of the enterprise's data centres.
#[test]
fn nothing_moves_to_what_is_lost_and_no_group_overtakes() {
    let fleet = fleet(ENTERPRISE);
    let all: Vec<_> = fleet.datacenters.keys().cloned().collect();
    let observed = Observed::as_declared(&fleet);
    for first in &all {
        for second in &all {
            let lose = BTreeSet::from([first.clone(), second.clone()]);
            let plan = plan(&fleet, &observed, &Standing::default(), &lose, &Scope::All);
            let mut known: BTreeSet<&StepId> = BTreeSet::new();
            let mut last: Option<(u16, &StepId)> = None;
            for group in &plan.groups {
                if let (Some((priority, end)), Some(begin)) = (last, group.steps.first()) {
                    assert!(priority < group.priority);
                    assert!(begin.after.contains(end), "{first} {second}: {begin:?}");
                }
                for step in &group.steps {
                    assert!(step.to.as_ref().is_none_or(|to| !lose.contains(to)), "{step:?}");
                    assert!(step.from.as_ref().is_none_or(|from| lose.contains(from)), "{step:?}");
                    // Every step comes after all it waits for: no circle.
                    assert!(
                        step.after.iter().all(|id| known.contains(id)
                            || group.steps.iter().any(|other| other.id == *id)),
                        "{step:?}"
                    );
                    known.insert(&step.id);
                }
                last = group.steps.last().map(|step| (group.priority, &step.id)).or(last);
            }
            assert_eq!(known.len(), plan.steps().count(), "ids are unique");
        }
    }
}

#[test]
fn rules_are_judged_on_what_results() {
    let fleet = fleet(SMALL);
    let observed = Observed::as_declared(&fleet);
    let judge = |plan: &Plan, gates: &Gates| {
        let (fleet, observed, standing) = (&fleet, &observed, &Standing::default());
        let ground = Ground { fleet, observed, standing, plan, seen: None };
        let judged = rules::judge(&ground, gates, at(1_000));
        judged.into_iter().filter(|it| it.holds != Holds::Yes).map(|it| it.rule).collect::<Vec<_>>()
    };
    // `api` runs in a1 and b1 only, and its group asks for two.
    let gates = Gates::default();
    assert_eq!(judge(&plan_of(&fleet, &["a1"]), &gates), [Rule::ServingLeast]);
    assert_eq!(judge(&plan_of(&fleet, &["a2"]), &gates), []);
    let gate = |until: Option<i64>| rules::Gate {
        by: "anna".into(),
        reason: "sale".into(),
        since: at(0),
        until: until.map(at),
    };
    let closed = Gates {
        lock: Some(gate(None)),
        freeze: Some(gate(Some(2_000))),
        last_ended: Some(at(900)),
    };
    let broken = judge(&plan_of(&fleet, &["a2"]), &closed);
    assert_eq!(broken, [Rule::Lock, Rule::Freeze, Rule::Wait]);
    let over = Gates { freeze: Some(gate(Some(900))), last_ended: Some(at(600)), ..gates };
    assert_eq!(judge(&plan_of(&fleet, &["a2"]), &over), []);
}

#[test]
fn load_is_measured_against_what_is_left() {
    let text = SMALL.replace("id = \"api\"\n", "id = \"api\"\nnode_requests_per_second = 100\n");
    let fleet = fleet(&text);
    let mut observed = Observed::as_declared(&fleet);
    let cell = |rate| Cell { serving: None, requests_per_second: Some(rate) };
    let cells = [(id("a1"), cell(200.0)), (id("b1"), cell(160.0))].into();
    observed.services.insert(id("api"), cells);
    let plan = plan_of(&fleet, &["a1"]);
    let (standing, api) = (&Standing::default(), id("api"));
    let ground = Ground { fleet: &fleet, observed: &observed, standing, plan: &plan, seen: None };
    let load = rules::load_most(&ground, &api, &moments(&ground)[&api]);
    // Two nodes of b1 and two that come up there.
    assert_eq!(load, Some(90));
    let judged = rules::judge(&ground, &Gates::default(), at(0));
    let capacity = judged.iter().find(|it| it.rule == Rule::Capacity).expect("it is judged");
    assert_eq!(capacity.holds, Holds::No, "{capacity:?}");
}

/// What comes up counts when it is waited for, whatever else the plan says; and on the way back
/// nodes that stood in are missed as soon as they may go.
#[test]
fn rules_are_judged_on_the_worst_moment_and_on_the_way_back() {
    let rate = "id = \"api\"\nnode_requests_per_second = 100\n";
    let fleet = fleet(&no_database().replace("id = \"api\"\n", rate));
    let mut observed = Observed::as_declared(&fleet);
    let api: ServiceId = id("api");
    let load = |a1: f64, b1: f64| {
        let cell = |rate| Cell { serving: None, requests_per_second: Some(rate) };
        BTreeMap::from([(id("a1"), cell(a1)), (id("b1"), cell(b1))])
    };
    observed.services.insert(api.clone(), load(100.0, 100.0));
    let capacity = |observed: &Observed, standing: &Standing, plan: &Plan| {
        let ground = Ground { fleet: &fleet, observed, standing, plan, seen: None };
        let judged = rules::judge(&ground, &Gates::default(), at(0));
        judged.iter().find(|it| it.rule == Rule::Capacity).map(|it| it.holds)
    };
    let none = Standing::default();
    let mut plan = plan_of(&fleet, &["a1"]);
    assert_eq!(capacity(&observed, &none, &plan), Some(Holds::Yes), "four nodes in b1");
    for step in plan.groups.iter_mut().flat_map(|group| &mut group.steps) {
        if matches!(&step.act, Act::ShiftTraffic(id) if *id == api) {
            step.after.retain(|before| !before.0.contains("/scale/"));
        }
    }
    assert_eq!(capacity(&observed, &none, &plan), Some(Holds::No), "two may not be there yet");

    let mut run = run_of(plan_of(&fleet, &["a1"]), Mode::Graceful);
    let done = StepState::Done { since: at(0), at: at(1), seen: String::new() };
    run.steps = run.plan.steps().map(|(_, step)| (step.id.clone(), done.clone())).collect();
    let moved = standing([&run]);
    let back = fail_back(&run, &observed, &moved);
    assert_eq!(capacity(&observed, &moved, &back), Some(Holds::Yes), "two and two");
    // More came meanwhile than what is declared can take: the nodes that stand in are needed.
    observed.services.insert(api.clone(), load(0.0, 350.0));
    assert_eq!(capacity(&observed, &moved, &back), Some(Holds::No));
}
