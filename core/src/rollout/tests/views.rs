//! The preview before a start, and the evidence beside the button.

use super::*;
use crate::judge::Latencies;

fn levels(checks: &[Check]) -> Vec<Level> {
    checks.iter().map(|check| check.level).collect()
}

fn today(per_second: Option<f64>) -> Today<'static> {
    let rates = per_second.into_iter().flat_map(|rate| [(id("a"), rate), (id("b"), rate)]);
    Today {
        per_second: rates.collect(),
        error_rate: Some(0.001),
        latencies: None::<Latencies>,
        problems: &[],
        bench: None,
    }
}

/// An estate before the rollout starts.
fn before() -> (Plan, Estate) {
    let world = World::new("shop");
    let mut estate = world.estate;
    Arc::make_mut(&mut estate.releases).rollouts.clear();
    (world.rollout.plan, estate)
}

#[test]
fn the_preview_answers_what_is_asked_before_a_start() {
    let (plan, estate) = before();
    let bench = starts::passed("shop", "2.0.0");
    let today = Today { bench: Some(&bench), ..today(Some(100.0)) };
    let preview = preview(&plan, &estate, &today);
    assert_eq!(preview.hash, plan.hash());
    let (ok, unknown) = (Level::Ok, Level::Unknown);
    assert_eq!(levels(&preview.checks), [ok, ok, ok, ok, ok, ok, ok, unknown]);
    assert_eq!(preview.watch_seconds, 2 * (30 + 20 + 20));
    assert_eq!(preview.steps.len(), 6);
    assert_eq!(preview.steps[0].canary_per_second, Some(10.0));
    let smallest = |at: usize| {
        let step: &StepPreview = &preview.steps[at];
        step.detectable.as_ref().and_then(|it| it.error_rate).expect("it can be reckoned")
    };
    assert!(smallest(0) > 0.001 && smallest(0) < 0.2, "{}", smallest(0));
    assert!(smallest(1) < smallest(0), "more requests show smaller regressions");
}

#[test]
fn what_is_not_known_is_said_to_be_unknown() {
    let (mut plan, mut estate) = before();
    plan.schema = SchemaChange::Irreversible;
    plan.configuration_compatible = false;
    let silent = estate.datacenters.get_mut(&id::<DatacenterId>("a1")).expect("it");
    Arc::make_mut(silent).last_seen = Some(at(-100));
    let preview = preview(&plan, &estate, &today(None));
    use Level::{Block, Ok, Unknown, Warn};
    assert_eq!(levels(&preview.checks), [Unknown, Warn, Warn, Block, Unknown, Ok, Ok, Unknown]);
    assert_eq!(preview.steps[0].detectable, None);
    let world = World::new("shop");
    let busy = super::preview(&world.rollout.plan, &world.estate, &today(Some(0.0)));
    assert_eq!(levels(&busy.checks)[3..6], [Block, Warn, Block], "its own rollout is on");
}

#[test]
fn one_click_is_for_what_can_be_taken_back() {
    let ease = |change: &dyn Fn(&mut World)| {
        let mut world = World::new("shop").state(watching(0, 1));
        change(&mut world);
        let evidence = world.facts(|facts| rollback_evidence(&world.rollout, facts));
        assert_eq!(evidence.target, "1.0.0");
        evidence.ease
    };
    assert_eq!(ease(&|_| {}), Ease::OneClick);
    assert_eq!(ease(&|it| it.rollout.plan.schema = SchemaChange::Irreversible), Ease::SecondPerson);
    assert_eq!(ease(&|it| it.rollout.plan.configuration_compatible = false), Ease::Review);
    let gone = |world: &mut World| {
        for state in world.estate.datacenters.values_mut() {
            Arc::make_mut(state).instances.clear();
        }
    };
    assert_eq!(ease(&gone), Ease::Review, "the old version serves nowhere");
    let silent = |world: &mut World| world.silence("a1", at(-100));
    assert_eq!(ease(&silent), Ease::OneClick, "what is unknown never blocks an emergency");
    let back = State::RolledBack {
        at: at(0),
        undo_until: at(9),
        why: StopReason::Asked { by: "x".into() },
        was: None,
    };
    let disabled = ease(&move |world| world.set(back.clone()));
    assert!(matches!(disabled, Ease::Disabled { why } if why.is_repeat()));
}
