//! Plans and runs of fleets that nobody wrote: what must hold of all of them.

use proptest::collection::vec;
use proptest::prelude::*;

use super::world::World;
use super::*;
use crate::failover::request::Request;
use crate::failover::rules::{self, Gates, Holds, Rule};
use crate::fleet::Placement;
use crate::placement;

/// Fleets that are tried of each property.
pub(super) const CASES: u32 = 48;
/// Seconds within which a run that nobody hinders is over.
pub(super) const LONG: i64 = 150;

/// A fleet by its numbers; each is taken modulo what there is.
#[derive(Clone, Debug)]
pub(super) struct Drawn {
    /// The region of each data centre.
    datacenters: Vec<u8>,
    groups: u8,
    pub(super) services: Vec<Service>,
    /// Bits of data centres.
    lose: u8,
    silent: u8,
    unknown: u8,
    least: u8,
}

#[derive(Clone, Debug)]
pub(super) struct Service {
    group: u8,
    /// Bits of its data centres; 0: a local one.
    places: u8,
    nodes: u8,
    /// Bits of services before it that it depends on.
    needs: u8,
    /// Requests a second in each of its places; odd: what a node can take is not declared.
    pub(super) load: u8,
}

/// What a node can take, where that is declared.
pub(super) const RATE: u32 = 100;

/// What happens to a run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Happens {
    Silent(u8),
    Heard(u8),
    Stuck(u8),
    Free,
    Set(i64),
    Pause,
    Resume,
    Retry,
    Override,
    Skip(u8),
}

pub(super) fn drawn() -> impl Strategy<Value = Drawn> {
    let service = (any::<u8>(), any::<u8>(), 2_u8..5, any::<u8>(), any::<u8>()).prop_map(
        |(group, places, nodes, needs, load)| Service { group, places, nodes, needs, load },
    );
    let bits = any::<u8>;
    (vec(0_u8..3, 2..6), 1_u8..4, vec(service, 1..6), bits(), bits(), bits(), 1_u8..3).prop_map(
        |(datacenters, groups, services, lose, silent, unknown, least)| Drawn {
            datacenters,
            groups,
            services,
            lose,
            silent,
            unknown,
            least,
        },
    )
}

pub(super) fn happens() -> impl Strategy<Value = (u8, Happens)> {
    let what = prop_oneof![
        any::<u8>().prop_map(Happens::Silent),
        any::<u8>().prop_map(Happens::Heard),
        any::<u8>().prop_map(Happens::Stuck),
        Just(Happens::Free),
        prop_oneof![Just(-600_i64), Just(600)].prop_map(Happens::Set),
        Just(Happens::Pause),
        Just(Happens::Resume),
        Just(Happens::Retry),
        Just(Happens::Override),
        any::<u8>().prop_map(Happens::Skip),
    ];
    (0_u8..60, what)
}

pub(super) fn bits(set: u8, of: usize) -> impl Iterator<Item = usize> {
    (0..of).filter(move |nth| set & (1 << nth) != 0)
}

impl Drawn {
    pub(super) fn fleet(&self) -> Fleet {
        use std::fmt::Write as _;
        let mut text = "name = \"drawn\"\n".to_owned();
        let all = self.datacenters.len();
        let regions: BTreeSet<_> = self.datacenters.iter().collect();
        let first = self.datacenters[0];
        for region in regions {
            let has = if *region == first { "warehouses = true\n" } else { "" };
            let _ = write!(text, "[[region]]\nid = \"r{region}\"\ntime_zone = \"UTC\"\n{has}");
        }
        for (nth, region) in self.datacenters.iter().enumerate() {
            let _ = write!(
                text,
                "[[datacenter]]\nid = \"d{nth}\"\nregion = \"r{region}\"\nvendor = \"v{}\"\n",
                nth % 2
            );
        }
        for group in 0..self.groups {
            let _ = write!(
                text,
                "[[group]]\nid = \"g{group}\"\npriority = {}\nserving_least = {}\n",
                group + 1,
                self.least
            );
        }
        for (nth, service) in self.services.iter().enumerate() {
            let mut places: Vec<_> =
                bits(service.places, all).map(|at| format!("\"d{at}\"")).collect();
            if places.len() < 2 {
                places = (0..all).map(|at| format!("\"d{at}\"")).collect();
            }
            let place = match service.places {
                0 => "placement = \"local\"\nneeds = \"warehouses\"".to_owned(),
                _ => format!("placement = \"distributed\"\ndatacenters = [{}]", places.join(", ")),
            };
            let rate = match service.load % 2 {
                0 => format!("node_requests_per_second = {RATE}\n"),
                _ => String::new(),
            };
            let needs: Vec<_> = bits(service.needs, nth).map(|at| format!("\"s{at}\"")).collect();
            let _ = write!(
                text,
                "[[service]]\nid = \"s{nth}\"\ngroup = \"g{}\"\n{place}\nnodes = {}\nversion = \
                 \"1.0.0\"\n{rate}depends_on = [{}]\n",
                service.group % self.groups,
                service.nodes,
                needs.join(", ")
            );
        }
        fleet(&text)
    }

    pub(super) fn name(&self, nth: usize) -> DatacenterId {
        id(&format!("d{}", nth % self.datacenters.len()))
    }

    /// One that is left at least, and one that is lost.
    pub(super) fn lose(&self) -> BTreeSet<DatacenterId> {
        let all = self.datacenters.len();
        let lose: BTreeSet<_> = bits(self.lose, all).map(|nth| self.name(nth)).collect();
        if lose.is_empty() || lose.len() == all { [self.name(0)].into() } else { lose }
    }

    /// Requests come, evenly to all places of a service.
    fn load(&self, observed: &mut Observed, fleet: &Fleet) {
        for (nth, drawn) in self.services.iter().enumerate() {
            let service: ServiceId = id(&format!("s{nth}"));
            let places = placement::datacenters(fleet, &fleet.services[&service]);
            let rate = Some(f64::from(drawn.load));
            let cell = |place| (place, Cell { serving: None, requests_per_second: rate });
            observed.services.insert(service, places.into_iter().map(cell).collect());
        }
    }

    fn observed(&self, fleet: &Fleet) -> Observed {
        let mut observed = Observed::as_declared(fleet);
        let all = self.datacenters.len();
        for nth in bits(self.silent, all) {
            let place = observed.datacenters.get_mut(&self.name(nth)).expect("it is declared");
            place.contact = Heard::Silent;
        }
        for nth in bits(self.unknown, all) {
            observed.datacenters.remove(&self.name(nth));
        }
        observed
    }
}

/// What has to hold of a service in every state of a run.
#[derive(Clone, Debug)]
struct Kept {
    service: ServiceId,
    /// Data centres that answer.
    places: usize,
    /// Requests a second that nodes have to be there for.
    load: Option<f64>,
}

/// What rules that hold of a plan promise of each service that moves.
fn kept(ground: &Ground<'_>) -> Vec<Kept> {
    let judged = rules::judge(ground, &Gates::default(), at(0));
    let holds = |rule| judged.iter().any(|it| it.rule == rule && it.holds == Holds::Yes);
    let fleet = ground.fleet;
    let promised = moments(ground).into_keys().map(|service| {
        let declared = &fleet.services[&service];
        let distributed = matches!(declared.placement, Placement::Distributed { .. });
        let least = fleet.groups[&declared.group].recovery.serving_least;
        let load = |cells: &BTreeMap<DatacenterId, Cell>| {
            cells.values().filter_map(|cell| cell.requests_per_second).sum()
        };
        let load = ground.observed.services.get(&service).map(load);
        Kept {
            places: if distributed && holds(Rule::ServingLeast) { least.into() } else { 0 },
            load: load
                .filter(|_| declared.node_requests_per_second.is_some() && holds(Rule::Capacity)),
            service,
        }
    });
    promised.collect()
}

/// Where requests to a service are answered now, with how many nodes: they serve there, and edges
/// send requests.
fn answering(world: &World, service: &ServiceId) -> BTreeMap<DatacenterId, usize> {
    let standing = standing(world.earlier.iter().chain([&world.run]));
    let fleet = &world.estate.fleet;
    let placed = placement::datacenters(fleet, &fleet.services[service]);
    let extra = standing.places(service);
    let nodes = |place: &DatacenterId| (place.clone(), world.estate.cell(service, place).count());
    let serves =
        |(place, nodes): &(DatacenterId, usize)| !standing.is_away(service, place) && *nodes > 0;
    placed.union(&extra).map(nodes).filter(serves).collect()
}

/// Services that the run has taken nodes from. Before that it only gives.
fn taken(world: &World, services: &[Kept]) -> Vec<Kept> {
    let releases = |step: &Step, id: &ServiceId| matches!(&step.act, Act::Release(of) if of == id);
    let begun = |kept: &&Kept| {
        let steps = world.run.steps.keys().filter_map(|id| world.run.plan.step(id));
        steps.into_iter().any(|step| releases(step, &kept.service))
    };
    services.iter().filter(begun).cloned().collect()
}

/// The rules that were judged to hold, in the state of this moment.
fn keeps(world: &World, services: &[Kept]) -> Result<(), TestCaseError> {
    for kept in services {
        let answering = answering(world, &kept.service);
        let steps = &world.run.steps;
        prop_assert!(answering.len() >= kept.places, "{kept:?} {answering:?}: {steps:?}");
        let nodes = answering.values().sum::<usize>() as f64;
        let most = rules::LOAD_MOST_PERCENT as f64 + 0.5;
        let load = kept.load.unwrap_or_default();
        let percent = load / (nodes.max(0.01) * f64::from(RATE)) * 100.0;
        prop_assert!(percent <= most, "{kept:?} {percent} % in {answering:?}: {steps:?}");
    }
    Ok(())
}

/// The world at one moment of a run.
fn holds(world: &World, services: &[Kept]) -> Result<(), TestCaseError> {
    let mut above = true;
    for group in &world.run.plan.groups {
        let begun = group.steps.iter().any(|step| world.run.steps.contains_key(&step.id));
        prop_assert!(above || !begun, "{} begins too early: {:?}", group.id, world.run.steps);
        let past = |step: &Step| world.run.steps.get(&step.id).is_some_and(StepState::is_past);
        let observed = group.steps.iter().filter(|step| matches!(step.act, Act::Observe(_)));
        above = above && observed.clone().all(past);
    }
    for (id, state) in &world.run.steps {
        let step = world.run.plan.step(id).expect("a step of the plan");
        let lost = step.to.as_ref().is_some_and(|to| world.run.plan.lose.contains(to));
        prop_assert!(!lost, "{id} moves to what is lost: {state:?}");
    }
    keeps(world, services)
}

pub(super) fn happen(world: &mut World, drawn: &Drawn, what: Happens) {
    let reason = || "because it has to be so".to_owned();
    let asked =
        if let State::Asking { step, .. } = &world.run.state { Some(step.clone()) } else { None };
    let running = |nth: u8| {
        let running = world.run.steps.iter().filter(|(_, state)| {
            matches!(state, StepState::Running { .. } | StepState::Failed { .. })
        });
        let all: Vec<_> = running.map(|(id, _)| id.clone()).collect();
        (!all.is_empty()).then(|| all[usize::from(nth) % all.len()].clone())
    };
    // What may not be asked now is refused, and changes nothing.
    match what {
        Happens::Silent(nth) => {
            world.silent.insert(drawn.name(nth.into()));
        }
        Happens::Heard(nth) => {
            world.silent.remove(&drawn.name(nth.into()));
        }
        Happens::Stuck(nth) => {
            world.stuck = Some(id(&format!("s{}", usize::from(nth) % drawn.services.len())));
        }
        Happens::Free => world.stuck = None,
        Happens::Set(by) => world.set_clock(by),
        Happens::Pause => drop(world.ask("anna", Request::Pause)),
        Happens::Resume => drop(world.ask("anna", Request::Resume)),
        Happens::Retry => {
            if let Some(step) = asked {
                drop(world.ask("anna", Request::Retry { step }));
            }
        }
        Happens::Override => {
            let rules = world.run.asked_rules();
            drop(
                world.ask("anna", Request::Override { rules, reason: reason(), emergency: false }),
            );
        }
        Happens::Skip(nth) => {
            if let Some(step) = running(nth) {
                drop(world.ask("anna", Request::Skip { step, reason: reason() }));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    /// Nothing moves to what is lost or not heard, and each group waits for the one above.
    #[test]
    fn a_plan_keeps_its_promises(drawn in drawn()) {
        let fleet = drawn.fleet();
        let (observed, lose) = (drawn.observed(&fleet), drawn.lose());
        let plan = plan(&fleet, &observed, &Standing::default(), &lose, &Scope::All);
        let mut above: Option<&StepId> = None;
        let mut known = BTreeSet::new();
        for group in &plan.groups {
            for step in &group.steps {
                if let Some(to) = &step.to {
                    prop_assert!(!lose.contains(to) && observed.is_heard(to), "{step:?}");
                }
                prop_assert!(known.insert(&step.id), "{} is there twice", step.id);
                let own = step.after.iter().any(|id| known.contains(id));
                let first = step.after.iter().all(|id| Some(id) == above);
                prop_assert!(own || first, "{step:?} waits for nothing of its group");
            }
            if let Some(first) = group.steps.first() {
                prop_assert_eq!(first.after.first(), above);
                above = group.steps.last().map(|step| &step.id);
            }
        }
        let again = super::plan(&fleet, &observed, &Standing::default(), &lose, &Scope::All);
        prop_assert_eq!(plan.hash(), again.hash());
        prop_assert!(super::super::drift::drift(&plan, &again).is_empty());
    }

    /// With nothing in the way a run is carried out to its end, and so is the way back; in every
    /// state in between, as after it, what the rules that hold promise of each service is so: it
    /// is answered in as many data centres as its group asks for, by nodes that can take it.
    #[test]
    fn rules_hold_in_between(drawn in drawn()) {
        let fleet = drawn.fleet();
        let lose = drawn.lose();
        let mut observed = Observed::as_declared(&fleet);
        drawn.load(&mut observed, &fleet);
        let names: Vec<_> = lose.iter().map(DatacenterId::as_str).collect();
        let standing = &Standing::default();
        let plan = &plan(&fleet, &observed, standing, &lose, &Scope::All);
        let (of, seen) = ((&fleet, &observed), None);
        let services = kept(&Ground { fleet: of.0, observed: of.1, standing, plan, seen });
        let mut world = World::of(fleet.clone(), &names, Mode::Graceful);
        prop_assert_eq!(world.run.plan.hash(), plan.hash());
        let settled = |world: &mut World| {
            world.tick();
            // All nodes are there before it begins.
            world.tick();
        };
        settled(&mut world);
        for _ in 0..LONG {
            world.tick();
            holds(&world, &services)?;
            while world.decide() {
                holds(&world, &services)?;
            }
        }
        prop_assert!(world.run.is_over(), "{:?}", world.run);

        let standing = &super::standing([&world.run]);
        let back = fail_back(&world.run, &observed, standing);
        if back.is_empty() {
            return Ok(());
        }
        let plan = &back;
        let (of, seen) = ((&fleet, &observed), None);
        let services = kept(&Ground { fleet: of.0, observed: of.1, standing, plan, seen });
        let run = Run { id: RunId(2), ..run_of(back.clone(), Mode::Graceful) };
        world.earlier.push(std::mem::replace(&mut world.run, run));
        settled(&mut world);
        for _ in 0..LONG {
            world.tick();
            keeps(&world, &taken(&world, &services))?;
            while world.decide() {
                keeps(&world, &taken(&world, &services))?;
            }
        }
        prop_assert!(world.run.is_over(), "{:?}", world.run);
    }

    /// Whatever happens to it: groups keep their order, what is over stays over, and once nothing
    /// happens any more a person brings it to its end.
    #[test]
    fn a_run_survives_what_happens(drawn in drawn(), mut events in vec(happens(), 0..12)) {
        let fleet = drawn.fleet();
        let lose = drawn.lose();
        let names: Vec<_> = lose.iter().map(DatacenterId::as_str).collect();
        let mut world = World::of(fleet, &names, Mode::Graceful);
        events.sort_by_key(|(at, _)| *at);
        let mut past: BTreeMap<StepId, StepState> = BTreeMap::new();
        for second in 0..80_u8 {
            world.tick();
            for (_, what) in events.iter().filter(|(at, _)| *at == second) {
                happen(&mut world, &drawn, *what);
            }
            while world.decide() {
                holds(&world, &[])?;
            }
            for (id, state) in &past {
                prop_assert_eq!(world.run.steps.get(id), Some(state));
            }
            let over = world.run.steps.iter().filter(|(_, state)| state.is_past());
            past = over.map(|(id, state)| (id.clone(), state.clone())).collect();
        }
        (world.stuck, world.silent) = (None, BTreeSet::new());
        for _ in 0..LONG {
            world.tick();
            happen(&mut world, &drawn, Happens::Resume);
            happen(&mut world, &drawn, Happens::Override);
            happen(&mut world, &drawn, Happens::Retry);
            while world.decide() {
                holds(&world, &[])?;
            }
        }
        prop_assert!(world.run.is_over(), "{:?}", world.run);
    }
}
