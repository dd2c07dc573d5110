//! An exhaustive model of who may carry a run on: the lease, the token of each command, the run's
//! revision, and the agent's journal, around the code that decides in earnest ([`lease::Watch`],
//! [`fence::judge`], [`decide`], [`request`]).
//!
//! What happens in it, at any moment and in any order: servers read, wake late with what they read,
//! write, crash and start again, and take over a lease that stood still; the agent starts a
//! command, carries it out, and crashes in between; a command that was written is delivered late,
//! any number of times, or never; the data centre that is left dies; a person forces, tries a
//! failed step again, or skips it.
//!
//! Bounds: 2 servers, [`EPOCHS`] terms, 1 crash of a server, 1 of the agent, 3 steps in 2 groups
//! with a database each, 1 force, 2 attempts of a step. That is 149,577 states, searched in full in
//! about 5 s of a debug build; fewer than [`STATES`] would be a model that lost its freedom. Each
//! property is also shown to fail without the fence that it rests on, so that none of them holds
//! by accident. Not in it: reports that are late, which are the same as a server that wakes late.

mod world;

use std::collections::HashMap;
use std::time::Duration;

use stateright::{Checker, HasDiscoveries, Model, Property};

use self::world::{Asked, Broken, Doing, Key, STEPS, World, database};
use crate::fence::{self, Token, Verdict as Judged};
use crate::lease::{self, Watch};

/// Terms of leadership, at most.
const EPOCHS: u64 = 2;
/// Fewest states that a full search has.
const STATES: usize = 100_000;

const OVERTAKEN: &str = "no command of a leader is accepted after a later leader's";

/// What is left out of the system, to see that it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Without {
    Nothing,
    /// A write does not look whether its server still leads, nor whether the run is as it was read.
    Lease,
    /// The agent does not compare tokens.
    Tokens,
    /// The agent remembers neither tokens nor what it did.
    Memory,
}

struct System(Without);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Event {
    /// It has seen the lease stand still for the whole of its time, and takes it. One that comes
    /// too late changes nothing, and is left out.
    TakeOver(usize),
    Decide(usize),
    Write(usize),
    Crash(usize),
    Deliver(Key),
    CarryOut(Key),
    /// It is carried out, and the agent dies before it has written that down.
    CarryOutAndCrash(Key),
    AgentCrash,
    Die,
    Ask(Asked),
}

impl System {
    fn server_events(world: &World, nth: usize, events: &mut Vec<Event>) {
        let doing = &world.servers[nth];
        match doing {
            Doing::Following if world.epoch >= EPOCHS => {}
            Doing::Following => events.push(Event::TakeOver(nth)),
            Doing::Leading { .. } if world.next().is_some() => events.push(Event::Decide(nth)),
            Doing::Leading { .. } => {}
            Doing::Writing { .. } => events.push(Event::Write(nth)),
        }
        // One that is never replaced would end the run by its crash.
        if *doing != Doing::Following && world.crashes == 0 && world.epoch < EPOCHS {
            events.push(Event::Crash(nth));
        }
    }

    /// A leader's transaction.
    fn write(&self, world: &mut World, nth: usize) {
        let doing = std::mem::take(&mut world.servers[nth]);
        let Doing::Writing { epoch, read, next, orders } = doing else { return };
        let leads = world.holder == Some(nth) && world.epoch == epoch;
        if self.0 != Without::Lease && !leads {
            return;
        }
        world.servers[nth] = Doing::Leading { epoch };
        if self.0 != Without::Lease && world.run != read {
            return;
        }
        for key in orders {
            world.seq += 1;
            let token = Token { timeline: 1, epoch, seq: world.seq };
            world.outbox.entry(key).or_insert(token);
        }
        if next != world.run {
            world.put(next);
        }
    }

    /// Whether the agent did anything about it.
    fn deliver(&self, world: &mut World, key: Key) -> bool {
        let Some(token) = world.outbox.get(&key).copied() else { return false };
        let of = database(key.0);
        let forgets = self.0 == Without::Memory;
        let newest = world.agent.newest.get(&of).copied();
        let known = world.agent.journal.get(&key).copied().filter(|_| !forgets);
        let compared = newest.filter(|_| self.0 != Without::Tokens && !forgets);
        match fence::judge(token, known, compared) {
            Judged::Repeat(_) | Judged::Stale { .. } => false,
            Judged::Act => {
                if newest.is_some_and(|newest| newest.epoch > token.epoch) {
                    world.broken.insert(Broken::Overtaken);
                }
                world.agent.newest.insert(of, newest.max(Some(token)).unwrap_or_default());
                world.agent.journal.insert(key, None);
                world.agent.hands.insert(key)
            }
            Judged::Probe => world.agent.hands.insert(key),
        }
    }

    /// The work itself, once; what came of it.
    fn carry_out(&self, world: &mut World, key: Key) -> bool {
        let (of, dead) = (database(key.0), world.dead);
        let agent = &mut world.agent;
        let done = agent.executed.entry(key).or_default();
        // Whoever begins again looks at the world first.
        if *done == 0 || self.0 == Without::Memory {
            *done += 1;
            let hands_over = STEPS[key.0].contains("stop-writes");
            agent.leads[of] |= hands_over != dead;
        }
        if *done > 1 {
            world.broken.insert(Broken::Twice);
        }
        world.agent.leads[of]
    }
}

impl Model for System {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        vec![World::new()]
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        if !world.broken.is_empty() {
            return;
        }
        for nth in 0..world.servers.len() {
            Self::server_events(world, nth, events);
        }
        events.extend(world.outbox.keys().copied().map(Event::Deliver));
        let agent = &world.agent;
        events.extend(agent.hands.iter().copied().map(Event::CarryOut));
        if agent.crashes == 0 {
            events.extend(agent.hands.iter().copied().map(Event::CarryOutAndCrash));
            events.extend((!agent.hands.is_empty()).then_some(Event::AgentCrash));
        }
        events.extend((!world.dead).then_some(Event::Die));
        events.extend(world.askable().map(Event::Ask));
    }

    fn next_state(&self, before: &World, event: Event) -> Option<World> {
        let mut world = before.clone();
        match event {
            Event::TakeOver(nth) => {
                let (mut watch, zero, seen) = (Watch::default(), Duration::ZERO, world.lease());
                watch.look(Some(&seen), zero, zero);
                let verdict = watch.look(Some(&seen), lease::TTL, lease::TTL);
                let lease::Verdict::TakeOver { epoch, .. } = verdict else { return None };
                (world.holder, world.epoch, world.seq) = (Some(nth), epoch + 1, 0);
                world.servers[nth] = Doing::Leading { epoch: epoch + 1 };
            }
            Event::Decide(nth) => {
                let Doing::Leading { epoch } = world.servers[nth] else { return None };
                let (next, orders) = world.next()?;
                let read = world.run.clone();
                world.servers[nth] = Doing::Writing { epoch, read, next, orders };
            }
            Event::Write(nth) => self.write(&mut world, nth),
            Event::Crash(nth) => {
                world.servers[nth] = Doing::Following;
                world.crashes += 1;
            }
            Event::Deliver(key) => {
                if !self.deliver(&mut world, key) {
                    return None;
                }
            }
            Event::CarryOut(key) => {
                world.agent.hands.remove(&key);
                let moved = self.carry_out(&mut world, key);
                world.agent.journal.insert(key, Some(moved));
            }
            Event::CarryOutAndCrash(key) => {
                self.carry_out(&mut world, key);
                world.agent.hands.clear();
                world.agent.crashes += 1;
            }
            Event::AgentCrash => {
                world.agent.hands.clear();
                world.agent.crashes += 1;
            }
            Event::Die => world.dead = true,
            Event::Ask(asked) => {
                let next = world.after(asked)?;
                world.put(next);
            }
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(OVERTAKEN, |_, it: &World| !it.broken.contains(&Broken::Overtaken)),
            Property::always("nothing is carried out twice", |_, it: &World| {
                !it.broken.contains(&Broken::Twice)
            }),
            Property::always("what is over stays over", |_, it: &World| {
                !it.broken.contains(&Broken::Undone)
            }),
            Property::always("groups keep their order", |_, it: &World| {
                !it.broken.contains(&Broken::Order)
            }),
            Property::sometimes("a run ends", |_, it: &World| it.run.ended),
            Property::sometimes("a second leader ends it", |_, it: &World| {
                it.run.ended && it.epoch > 1
            }),
        ]
    }
}

#[test]
fn no_interleaving_breaks_a_run() {
    let checker = System(Without::Nothing).checker().spawn_bfs().join();
    checker.assert_properties();
    let states = checker.unique_state_count();
    println!("{states} states");
    assert!(states >= STATES, "{states} states: the model is not free any more");
}

/// Each fence taken away is found to be missing, by the property that rests on it.
#[test]
fn without_a_fence_something_breaks() {
    for (without, name) in [
        (Without::Lease, "what is over stays over"),
        (Without::Tokens, OVERTAKEN),
        (Without::Memory, "nothing is carried out twice"),
    ] {
        let checker = System(without).checker().finish_when(HasDiscoveries::AnyOf([name].into()));
        let checker = checker.spawn_bfs().join();
        let found = checker.discovery(name);
        assert!(found.is_some(), "{without:?}: {name}");
    }
}

/// From wherever a run may come to, there is a way to its end: nothing that can happen leaves it
/// hanging.
#[test]
fn a_run_can_always_end() {
    let system = System(Without::Nothing);
    let mut known: HashMap<World, usize> = HashMap::new();
    let mut before: Vec<Vec<usize>> = Vec::new();
    let (mut next, mut ends) = (Vec::new(), Vec::new());
    for world in system.init_states() {
        known.insert(world.clone(), 0);
        before.push(Vec::new());
        next.push(world);
    }
    while let Some(world) = next.pop() {
        let at = known[&world];
        if world.run.ended {
            ends.push(at);
        }
        for after in system.next_states(&world) {
            let new = known.len();
            let to = *known.entry(after.clone()).or_insert(new);
            if to == new {
                before.push(Vec::new());
                next.push(after);
            }
            before[to].push(at);
        }
    }
    let mut reaches = vec![false; before.len()];
    while let Some(at) = ends.pop() {
        if !std::mem::replace(&mut reaches[at], true) {
            ends.extend(&before[at]);
        }
    }
    let hangs = known.iter().find(|(_, at)| !reaches[**at]);
    assert!(hangs.is_none(), "of {} states, this one hangs: {hangs:#?}", known.len());
}
