//! What there is in the model, and the code that decides in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex};

use super::super::standbys::{leader, standby, told};
use super::super::*;
use crate::backup::job::Progress as Part;
use crate::backup::work::{Done, Work, WorkReport, WorkState};
use crate::cluster::decide::Reason;
use crate::cluster::job::Moved;
use crate::cluster::{ClusterDone, ClusterJob, MemberReport, Role, State as Member};
use crate::estate::{DatacenterState, Estate, Fact};
use crate::failover::decide::{Decision, Facts, decide};
use crate::failover::request::{Request, request};
use crate::failover::rules::Gates;
use crate::fence::Token;
use crate::lease::Lease;

/// Attempts of one step, at most.
pub(super) const ATTEMPTS: u16 = 2;

/// The steps, in the order of the plan: of the first database both that command, and one of the
/// second, whose group comes after.
pub(super) const STEPS: [&str; 3] =
    ["early/stop-writes/db", "early/promote/db", "late/stop-writes/db2"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Mark {
    Waiting,
    Running(u16),
    Done,
    Failed(u16),
    Skipped(bool),
}

/// A run without what only people read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Progress {
    pub(super) marks: [Mark; 3],
    pub(super) forced: bool,
    pub(super) asking: bool,
    pub(super) ended: bool,
}

/// A command is known by its step and attempt.
pub(super) type Key = (usize, u16);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    // The store.
    pub(super) holder: Option<usize>,
    pub(super) epoch: u64,
    pub(super) seq: u64,
    pub(super) run: Progress,
    pub(super) outbox: BTreeMap<Key, Token>,
    // Everybody else.
    pub(super) servers: [Doing; 2],
    pub(super) agent: Agent,
    /// The data centre that is left is dead.
    pub(super) dead: bool,
    pub(super) crashes: u8,
    // What must not be.
    pub(super) broken: BTreeSet<Broken>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Broken {
    /// A command of a leader was accepted after one of a later leader.
    Overtaken,
    /// A command was carried out twice.
    Twice,
    /// A step that was over is not over any more.
    Undone,
    /// A group began before the one above it was past.
    Order,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Doing {
    #[default]
    Following,
    Leading {
        epoch: u64,
    },
    /// It has read and decided; when it wakes, it writes.
    Writing {
        epoch: u64,
        /// As it read it, which stands for its revision: no run is ever again what it was.
        read: Progress,
        next: Progress,
        orders: Vec<Key>,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Agent {
    pub(super) newest: BTreeMap<usize, Token>,
    /// Started, or finished and whether it moved.
    pub(super) journal: BTreeMap<Key, Option<bool>>,
    /// Begun in this life of the agent, and not yet carried out.
    pub(super) hands: BTreeSet<Key>,
    pub(super) executed: BTreeMap<Key, u8>,
    /// Databases that lead here.
    pub(super) leads: [bool; 2],
    pub(super) crashes: u8,
}

/// What a person asks of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Asked {
    Force,
    Retry(usize),
    Skip(usize),
}

/// The fleet with a second group that has a database, and no service.
pub(super) static FLEET: LazyLock<Fleet> = LazyLock::new(|| {
    let (before, rest) = SMALL.split_once("[[service]]").expect("services");
    let (_, edge) = rest.split_once("[[edge]]").expect("an edge");
    let database = |id: &str, group: &str| {
        format!(
            "[[database]]\nid = \"{id}\"\ngroup = \"{group}\"\ndatacenters = [\"a1\", \"b1\"]\n\
             cluster = \"patroni\"\n"
        )
    };
    fleet(&format!("{before}{}{}[[edge]]{edge}", database("db", "early"), database("db2", "late")))
});

/// The plan of that fleet, with the steps alone that command or wait for a command.
pub(super) static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    let mut plan = plan_of(&FLEET, &["a1"]);
    let mut before: Option<StepId> = None;
    for group in &mut plan.groups {
        group.steps.retain(|step| STEPS.contains(&step.id.0.as_str()));
        for step in &mut group.steps {
            step.after = before.replace(step.id.clone()).into_iter().collect();
        }
    }
    let ids: Vec<_> = plan.steps().map(|(_, step)| step.id.0.as_str()).collect();
    assert_eq!(ids, STEPS);
    plan
});

impl Progress {
    pub(super) fn run(&self) -> Run {
        let mode = if self.forced { Mode::Forced } else { Mode::Graceful };
        let mut run = run_of(PLAN.clone(), mode);
        let (since, text) = (at(100), String::new);
        for (step, mark) in STEPS.iter().zip(self.marks) {
            let state = match mark {
                Mark::Waiting => continue,
                Mark::Running(attempt) => StepState::Running { since, seen: text(), attempt },
                Mark::Done => StepState::Done { since, at: since, seen: text() },
                Mark::Failed(attempt) => {
                    StepState::Failed { since, at: since, why: text(), attempt }
                }
                Mark::Skipped(begun) => {
                    StepState::Skipped { by: text(), reason: text(), at: since, begun }
                }
            };
            run.steps.insert(StepId((*step).to_owned()), state);
        }
        if self.asking {
            run.state = State::Asking {
                step: StepId(STEPS[0].into()),
                why: text(),
                rules: BTreeSet::new(),
                since,
            };
        }
        if self.ended {
            run.state = State::Ended { outcome: Outcome::Done, at: since };
        }
        run
    }

    pub(super) fn of(run: &Run) -> Self {
        let mark = |step: &str| match run.steps.get(&StepId(step.to_owned())) {
            None => Mark::Waiting,
            Some(StepState::Running { attempt, .. }) => Mark::Running(*attempt),
            Some(StepState::Done { .. }) => Mark::Done,
            Some(StepState::Failed { attempt, .. }) => Mark::Failed(*attempt),
            Some(StepState::Skipped { begun, .. }) => Mark::Skipped(*begun),
        };
        Self {
            marks: STEPS.map(mark),
            forced: run.mode == Mode::Forced,
            asking: matches!(run.state, State::Asking { .. }),
            ended: run.is_over(),
        }
    }

    pub(super) fn is_past(&self, step: usize) -> bool {
        matches!(self.marks[step], Mark::Done | Mark::Skipped(_))
    }
}

/// The database that a step is about.
pub(super) const fn database(step: usize) -> usize {
    step / 2
}

pub(super) fn job(order: &ClusterJob) -> Key {
    let step = match (order, order.database().as_str()) {
        (ClusterJob::Switchover(_), "db") => 0,
        (ClusterJob::Failover(_), "db") => 1,
        (ClusterJob::Switchover(_), _) => 2,
        (
            ClusterJob::Failover(_)
            | ClusterJob::Rejoin(_)
            | ClusterJob::Pause(_)
            | ClusterJob::Resume(_),
            _,
        ) => {
            unreachable!("no run of this plan asks for {order:?}")
        }
    };
    let attempt = order.id().rsplit('-').next().and_then(|text| text.parse().ok());
    (step, attempt.expect("a job's id ends with its attempt"))
}

impl World {
    pub(super) fn lease(&self) -> Lease {
        let holder = self.holder.map(|server| server.to_string());
        Lease { holder, epoch: self.epoch, beat: 0 }
    }

    /// What the agents tell, as an estate.
    pub(super) fn estate(&self, jobs: &BTreeMap<Key, ClusterJob>) -> Estate {
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for (nth, name) in ["db", "db2"].into_iter().enumerate() {
            let named =
                |report: MemberReport| Fact::Member(MemberReport { database: id(name), ..report });
            if self.agent.leads[nth] {
                new.push(named(MemberReport { timeline: Some(4), ..leader(100) }));
                let follows = standby(Role::Replica, Member::Streaming, 100);
                old.push(named(follows));
            } else {
                let state = if self.dead { Member::Running } else { Member::Streaming };
                let mut report = standby(Role::Replica, state, 100);
                if self.dead {
                    report.members.clear();
                }
                new.push(named(report));
                old.push(named(leader(100)));
            }
        }
        for (key, state) in &self.agent.journal {
            new.push(Fact::Work(WorkReport {
                work: Work::Cluster(jobs[key].clone()),
                state: work_state(*state),
                started_at: Some(at(100)),
                ended_at: None,
            }));
        }
        let mut estate = told(&FLEET, 100, &[("a1", old), ("a2", Vec::new()), ("b1", new)]);
        if self.dead {
            let place: DatacenterId = id("a1");
            let before = estate.datacenters[&place].as_ref().clone();
            let silent = DatacenterState { last_seen: Some(at(0)), ..before };
            estate.datacenters.insert(place, Arc::new(silent));
        }
        estate
    }

    /// What a leader decides on what stands now.
    pub(super) fn decide(&self) -> Decision {
        let run = self.run.run();
        let jobs = jobs(self);
        let estate = self.estate(&jobs);
        let edges = BTreeMap::new();
        let now = estate.at;
        let (observed, gates) = (&Observed::of(&estate), &Gates::default());
        let (estate, edges, answered) = (&estate, &edges, None);
        let clock_even = true;
        decide(&run, &Facts { estate, now, clock_even, edges, answered, observed, gates })
    }

    pub(super) fn put(&mut self, next: Progress) {
        for step in 0..STEPS.len() {
            if self.run.is_past(step) && !next.is_past(step) {
                self.broken.insert(Broken::Undone);
            }
            let begun = next.marks[step] != Mark::Waiting;
            if step >= 2 && begun && !(next.is_past(0) && next.is_past(1)) {
                self.broken.insert(Broken::Order);
            }
        }
        self.run = next;
    }

    /// The run after a person asked for this; `None`: it may not be, or changes nothing.
    pub(super) fn after(&self, asked: Asked) -> Option<Progress> {
        let reason = "because it has to be so".to_owned();
        let step = |nth: usize| StepId(STEPS[nth].to_owned());
        let what = match asked {
            Asked::Force => Request::Force { reason, emergency: false },
            Asked::Skip(nth) => Request::Skip { step: step(nth), reason },
            Asked::Retry(nth) => Request::Retry { step: step(nth) },
        };
        let next = request(&self.run.run(), &what, "anna", at(100)).ok()?;
        Some(Progress::of(&next)).filter(|next| *next != self.run)
    }

    /// What a person may ask now.
    pub(super) fn askable(&self) -> impl Iterator<Item = Asked> + '_ {
        let force = (!self.run.forced && !self.run.ended).then_some(Asked::Force);
        let steps = (0..STEPS.len()).filter(|_| !self.run.ended).flat_map(|nth| {
            let (retry, skip) = (Some(Asked::Retry(nth)), Some(Asked::Skip(nth)));
            match self.run.marks[nth] {
                Mark::Failed(attempt) if attempt < ATTEMPTS => [retry, skip],
                Mark::Failed(_) => [None, skip],
                // Also one that runs: of the first group, which is enough to see what follows.
                Mark::Running(_) if nth == 0 => [None, skip],
                Mark::Running(_) => [None, None],
                Mark::Waiting | Mark::Done | Mark::Skipped(_) => [None, None],
            }
        });
        force.into_iter().chain(steps.flatten())
    }

    /// What is decided, without what is written already. The same decision is asked for in very
    /// many states, and taken once.
    pub(super) fn decided(&self) -> (Progress, Vec<Key>) {
        type Given = (Progress, [bool; 2], BTreeMap<Key, Option<bool>>, bool);
        static KNOWN: Mutex<BTreeMap<Given, (Progress, Vec<Key>)>> = Mutex::new(BTreeMap::new());
        let agent = &self.agent;
        let given = (self.run.clone(), agent.leads, agent.journal.clone(), self.dead);
        let mut known = KNOWN.lock().expect("nobody panics with it");
        let decided = known.entry(given).or_insert_with(|| {
            let Decision { run, orders } = self.decide();
            let next = run.map_or_else(|| self.run.clone(), |run| Progress::of(&run));
            (next, orders.iter().map(|order| job(&order.job)).collect())
        });
        decided.clone()
    }

    /// What a leader would write now: the run as it is to be, and commands that are not written.
    pub(super) fn next(&self) -> Option<(Progress, Vec<Key>)> {
        if self.run.ended {
            return None;
        }
        let (next, orders) = self.decided();
        let orders: Vec<_> =
            orders.into_iter().filter(|key| !self.outbox.contains_key(key)).collect();
        (next != self.run || !orders.is_empty()).then_some((next, orders))
    }
}

/// Every job that may stand in a journal.
pub(super) fn jobs(world: &World) -> BTreeMap<Key, ClusterJob> {
    static ALL: LazyLock<BTreeMap<Key, ClusterJob>> = LazyLock::new(|| {
        let mut all = BTreeMap::new();
        for step in 0..STEPS.len() {
            for attempt in 1..=ATTEMPTS {
                // As the run itself asks for it, in a world where nothing was asked for.
                let mut marks = [Mark::Done; 3];
                marks[step] = Mark::Running(attempt);
                let promotes = step == 1;
                let run = Progress { marks, forced: promotes, asking: false, ended: false };
                let world = World { run, dead: promotes, ..World::new() };
                let order = world.decide().orders.pop().expect("it is asked for").job;
                assert_eq!(job(&order), (step, attempt));
                all.insert((step, attempt), order);
            }
        }
        all
    });
    if world.agent.journal.is_empty() { BTreeMap::new() } else { ALL.clone() }
}

pub(super) fn work_state(state: Option<bool>) -> WorkState {
    let done = |done| WorkState::Done { done: Done::Cluster(done) };
    match state {
        None => WorkState::Running { progress: Part::default() },
        Some(false) => done(ClusterDone::Refused { reason: Reason::LeaderAway }),
        Some(true) => done(ClusterDone::Moved(Moved {
            from: None,
            to: id("b1"),
            already: false,
            old_timeline: Some(3),
            new_timeline: Some(4),
            behind_bytes: None,
            without_writes_ms: None,
        })),
    }
}

impl World {
    pub(super) fn new() -> Self {
        let run =
            Progress { marks: [Mark::Waiting; 3], forced: false, asking: false, ended: false };
        Self {
            holder: Some(0),
            epoch: 1,
            seq: 0,
            run,
            outbox: BTreeMap::new(),
            servers: [Doing::Leading { epoch: 1 }, Doing::Following],
            agent: Agent::default(),
            dead: false,
            crashes: 0,
            broken: BTreeSet::new(),
        }
    }
}
