//! Random worlds: whatever happens, the invariants hold. A failure prints its seed.

use super::*;
use crate::estate::Cause;
use crate::placement;
use crate::routing::WEIGHT_TOTAL;

const SEEDS: u64 = 90;
const STEPS: u32 = 300;

/// xorshift64*: enough to choose what happens.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.roll(all.len() as u64) as usize].clone()
    }
}

#[test]
fn invariants_hold_in_random_worlds() {
    let mut ends = BTreeMap::new();
    for seed in 1..=SEEDS {
        let service = if seed % 3 == 0 { "feed" } else { "shop" };
        let result = std::panic::catch_unwind(|| live(seed, service));
        match result {
            Ok(end) => *ends.entry(end).or_insert(0) += 1,
            Err(_) => panic!("the seed is {seed} ({service})"),
        }
    }
    println!("{SEEDS} lives ended so: {ends:?}");
    for name in ["over", "rolled back", "paused"] {
        assert!(ends.contains_key(name), "never {name}, only {ends:?}");
    }
}

/// One rollout's life; the name of the last state.
fn live(seed: u64, service: &str) -> &'static str {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut world = World::new(service);
    // Some worlds are kinder than others.
    let trouble = dice.of(&[400, 60, 12]);
    for _ in 0..STEPS {
        happen(&mut world, &mut dice, trouble);
        let decision = world.decide();
        assert_eq!(decision, world.decide(), "the same facts, the same decision");
        if let Some(change) = decision.change {
            by_itself(&world, &change);
            world.apply(&change);
        }
        if dice.one_in(trouble) {
            asked(&mut world, &mut dice);
        }
        invariants(&world);
    }
    world.rollout.state.name()
}

fn happen(world: &mut World, dice: &mut Dice, trouble: u64) {
    world.after(dice.roll(12) as i64);
    if !dice.one_in(4) {
        world.agents();
        heal(world);
    }
    if !dice.one_in(4) {
        world.acknowledge();
        world.heard_until = Some(world.now);
    }
    if let State::Testing { test, .. } = &world.rollout.state {
        let (test, at) = (test.clone(), change::position(&world.rollout.state));
        let datacenter = at.map(|at| world.rollout.plan.datacenters(at)[0].to_string());
        let not_made = TestState::NotMade { message: "lost".into() };
        let passed = TestState::Passed;
        let all = [passed.clone(), passed, TestState::Running, TestState::Failed, not_made];
        let state = if dice.one_in(trouble) { dice.of(&all) } else { TestState::Passed };
        world.report(&datacenter.expect("a node"), &test, state);
    }
    use Verdict::{Fail, NoData, NotMeasured, Pass, Undecided};
    world.judgement = Some(judged(Pass));
    world.limit = Some(Pass);
    if dice.one_in(trouble) {
        let verdict =
            dice.of(&[Some(Fail), Some(Undecided), Some(NoData), Some(NotMeasured), None]);
        world.judgement = verdict.map(judged);
        world.limit = dice.of(&[Some(Pass), Some(Fail), Some(NoData), None]);
    }
    if dice.one_in(trouble) {
        let datacenter = dice.of(&["a1", "a2", "b1"]);
        let since = world.now - TimeDelta::seconds(dice.roll(90) as i64);
        world.silence(datacenter, since);
    }
    if dice.one_in(trouble) {
        let edge = dice.of(&["ea", "eb"]);
        let revision = world.rollout.routing_revision.saturating_sub(dice.roll(2));
        let service = dice.of(&["shop", "feed"]);
        let nack = refusal(revision, &[service], "no");
        let (connected, behind) = (dice.one_in(2), dice.one_in(2));
        let nack = dice.one_in(4).then_some(nack);
        world.edge(edge, |edge| {
            edge.connected = connected;
            edge.nacks = nack.into_iter().collect();
            edge.acknowledged_revision -= u64::from(behind);
        });
        world.last_request = dice.one_in(2).then_some(world.now);
    }
    if dice.one_in(trouble) {
        crash(world, dice);
    }
}

fn crash(world: &mut World, dice: &mut Dice) {
    let service = &world.rollout.plan.service;
    let all: Vec<_> = world
        .estate
        .instances()
        .filter(|(_, instance, _)| instance.service == *service)
        .map(|(datacenter, instance, _)| (datacenter.to_string(), instance.id.to_string()))
        .collect();
    if let Some((datacenter, instance)) = (!all.is_empty()).then(|| dice.of(&all)) {
        let (now, restarts) = (world.now, dice.roll(3) as u32);
        let cause = Cause::Vanished;
        world.instance(&datacenter, &instance, |it| {
            it.state = InstanceState::Waiting { cause, retry_at: now };
            (it.restarts, it.since) = (restarts, now);
        });
    }
}

/// What died is started again.
fn heal(world: &mut World) {
    let now = world.now;
    for state in world.estate.datacenters.values_mut() {
        for instance in Arc::make_mut(state).instances.values_mut() {
            if instance.state != InstanceState::Serving {
                let healed = Arc::make_mut(instance);
                (healed.state, healed.since) = (InstanceState::Serving, now);
            }
        }
    }
}

/// A person asks anything; what is refused changes nothing.
fn asked(world: &mut World, dice: &mut Dice) {
    let reason = "a person wants it so";
    let all = [
        Request::Pause,
        Request::Resume,
        Request::Resume,
        Request::Promote { reason: Some(reason.into()) },
        Request::PromoteFully { reason: reason.into() },
        Request::Abort { reason: None },
        Request::RollBack { reason: None },
        Request::Undo,
        Request::Retry,
    ];
    if let Ok(change) = world.ask(&dice.of(&all)) {
        world.apply(&change);
    }
}

/// What no decision may do by itself.
fn by_itself(world: &World, change: &Change) {
    let plan = &world.rollout.plan;
    let forward = match &change.state {
        State::Preparing { .. }
        | State::Testing { .. }
        | State::Shifting { .. }
        | State::Watching { .. }
        | State::Promoted { .. } => true,
        State::Paused { .. }
        | State::RollingBack { .. }
        | State::RolledBack { .. }
        | State::Ended { .. } => false,
    };
    let stands = match &world.rollout.state {
        State::Paused { .. }
        | State::RollingBack { .. }
        | State::RolledBack { .. }
        | State::Ended { .. } => true,
        State::Preparing { .. }
        | State::Testing { .. }
        | State::Shifting { .. }
        | State::Watching { .. }
        | State::Promoted { .. } => false,
    };
    assert!(!(forward && stands), "a version restarted by itself: {change:?}");
    assert!(!change.lifts, "only a person lifts a quarantine");
    if let (State::Watching { at, since }, true) = (&world.rollout.state, forward) {
        let watch = TimeDelta::seconds(i64::from(plan.watch_seconds(*at)));
        assert!(world.now - *since >= watch, "its watch was cut short");
        assert_eq!(world.limit, Some(Verdict::Pass), "its condition did not pass");
        let verdict = world.judgement.as_ref().map(|judgement| judgement.verdict);
        let rolling = plan.strategy == Strategy::Rolling;
        assert!(verdict == Some(Verdict::Pass) || (rolling && verdict != Some(Verdict::Fail)));
    }
    if matches!(change.state, State::RollingBack { .. }) && !stands {
        assert!(change.quarantine.is_some(), "a version that is taken back is put in quarantine");
    }
}

fn invariants(world: &World) {
    let (fleet, rollout) = (&world.estate.fleet, &world.rollout);
    let plan = &rollout.plan;
    let service = &fleet.services[&plan.service];
    let declared = service.nodes;
    for datacenter in placement::datacenters(fleet, service) {
        let Nodes { old, new } = nodes(rollout, &datacenter, declared);
        assert!(old + new >= declared, "too few in {datacenter}: {}", world.shown());
        let over = matches!(rollout.state, State::Ended { outcome: Ending::Promoted, .. });
        if plan.strategy == Strategy::Canary {
            assert_eq!(old, if over { 0 } else { declared }, "stable: {}", world.shown());
            // It can carry its share: nodes in proportion.
            let region = &fleet.datacenters[&datacenter].region;
            let share = u32::from(new_share(fleet, rollout, region)) * u32::from(declared);
            assert!(u32::from(new) * u32::from(WEIGHT_TOTAL) >= share, "{}", world.shown());
        }
    }
    let left = match &rollout.state {
        State::RollingBack { stage: Back::Shifting, .. }
        | State::RolledBack { .. }
        | State::Ended { outcome: Ending::RolledBack { .. }, .. } => true,
        State::Preparing { .. }
        | State::Testing { .. }
        | State::Shifting { .. }
        | State::Watching { .. }
        | State::Paused { .. }
        | State::Promoted { .. }
        | State::RollingBack { stage: Back::Starting, .. }
        | State::Ended { outcome: Ending::Promoted, .. } => false,
    };
    let quarantined = world.estate.releases.quarantine(&plan.service, &plan.to).is_some();
    if left {
        assert!(quarantined, "not in quarantine: {}", world.shown());
    }
    let routed = routing(&world.estate);
    let routed = &routed.services[&plan.service];
    for region in fleet.regions.keys() {
        let weights = routed.weights(region);
        let sum: u32 = weights.iter().map(|weight| u32::from(weight.weight)).sum();
        assert_eq!(sum, u32::from(WEIGHT_TOTAL), "{weights:?}");
        if left {
            assert_eq!(new_share(fleet, rollout, region), 0, "{}", world.shown());
            let answers = !routed.versions[&plan.from].is_empty();
            let new = weights.iter().any(|weight| weight.version == plan.to);
            assert!(!(new && answers), "requests on a version that was left: {weights:?}");
        }
    }
}
