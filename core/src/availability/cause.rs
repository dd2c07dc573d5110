//! Causes of outages as the business tells them apart (R25), and what is found out without asking:
//! from the problems, rollouts and failovers of the time.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::outage::{Account, Kind, Outage};
use crate::estate::Estate;
use crate::failover::{Mode, Run};
use crate::problem::{Problem, Record};
use crate::rollout::{Rollout, State};

/// What brought an outage about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    PlatformUpdate,
    InfrastructureUpdate,
    NewFeature,
    InfrastructureDown,
    Attack,
    NaturalDisaster,
    UrgentHotfix,
    Overload,
    HumanError,
}

impl Cause {
    /// Planned ones first, each half in the order of R25.
    pub const ALL: [Self; 9] = [
        Self::PlatformUpdate,
        Self::InfrastructureUpdate,
        Self::NewFeature,
        Self::InfrastructureDown,
        Self::Attack,
        Self::NaturalDisaster,
        Self::UrgentHotfix,
        Self::Overload,
        Self::HumanError,
    ];

    /// Its name in JSON, forms and the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PlatformUpdate => "platform-update",
            Self::InfrastructureUpdate => "infrastructure-update",
            Self::NewFeature => "new-feature",
            Self::InfrastructureDown => "infrastructure-down",
            Self::Attack => "attack",
            Self::NaturalDisaster => "natural-disaster",
            Self::UrgentHotfix => "urgent-hotfix",
            Self::Overload => "overload",
            Self::HumanError => "human-error",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.name() == name)
    }

    /// Whether it is one of the planned ones.
    pub const fn is_planned(self) -> bool {
        match self {
            Self::PlatformUpdate | Self::InfrastructureUpdate | Self::NewFeature => true,
            Self::InfrastructureDown
            | Self::Attack
            | Self::NaturalDisaster
            | Self::UrgentHotfix
            | Self::Overload
            | Self::HumanError => false,
        }
    }
}

/// What began so long after an outage may still be told of it: problems are found with a delay.
const AFTER: TimeDelta = TimeDelta::minutes(2);
/// What ended so long before an outage may have brought it about.
const BEFORE: TimeDelta = TimeDelta::minutes(2);

/// What went on.
#[derive(Clone, Copy, Debug)]
pub struct Going<'a> {
    pub estate: &'a Estate,
    pub problems: &'a [Record],
    /// Failovers, the newest first.
    pub runs: &'a [Run],
}

/// What is found out of an outage. Nothing is guessed: a cause is told only where something that
/// explains it was going on, and an outage always counts until a person says otherwise.
pub fn found(outage: &Outage, going: &Going<'_>) -> Account {
    let run = going.runs.iter().find(|run| {
        let until = if run.is_over() { Some(run.changed_at) } else { None };
        let concerns = run.plan.groups.iter().any(|group| outage.groups.contains(&group.id));
        concerns && overlaps(outage, run.started_at, until)
    });
    let rollout = going.estate.releases.rollouts.values().find(|rollout| {
        outage.kind == Kind::Down
            && outage.services.contains(&rollout.plan.service)
            && moves(rollout)
            && overlaps(outage, rollout.started_at, None)
    });
    let during: Vec<_> = going
        .problems
        .iter()
        .filter(|record| overlaps(outage, record.opened_at, record.closed_at))
        .filter_map(|record| Some((closeness(outage, record, going.estate)?, record)))
        .collect();
    let problem = during.iter().min_by_key(|(closeness, record)| (*closeness, record.id));
    let infrastructure = during.iter().any(|(_, record)| is_infrastructure(&record.problem));
    let cause = match (run, rollout) {
        (Some(run), _) if run.drill || run.mode == Mode::Graceful && !infrastructure => {
            Some(Cause::InfrastructureUpdate)
        }
        _ if infrastructure => Some(Cause::InfrastructureDown),
        (_, Some(_)) => Some(Cause::NewFeature),
        (_, None) => None,
    };
    Account {
        cause,
        counted: true,
        problem: problem.map(|(_, record)| record.id),
        rollout: rollout.map(|rollout| rollout.id),
        run: run.map(|run| run.id),
    }
}

fn overlaps(outage: &Outage, from: DateTime<Utc>, until: Option<DateTime<Utc>>) -> bool {
    from <= outage.last_at + AFTER && until.is_none_or(|at| at + BEFORE >= outage.started_at)
}

/// Whether users may be, or have just been, on the new version.
const fn moves(rollout: &Rollout) -> bool {
    match &rollout.state {
        State::Shifting { .. }
        | State::Watching { .. }
        | State::Paused { .. }
        | State::RollingBack { .. }
        | State::RolledBack { .. }
        | State::Promoted { .. } => true,
        State::Preparing { .. } | State::Testing { .. } | State::Ended { .. } => false,
    }
}

/// How nearly a problem is about an outage, the nearest first; `None`: it is about something else.
fn closeness(outage: &Outage, record: &Record, estate: &Estate) -> Option<u8> {
    let problem = &record.problem;
    if let Problem::EdgeGone { region, .. } = problem {
        return (*region == outage.region).then_some(1);
    }
    let (service, datacenter) = problem.about();
    let region = |id| estate.fleet.datacenters.get(id).map(|datacenter| &datacenter.region);
    let here = datacenter.is_none_or(|id| region(id) == Some(&outage.region));
    match (service, datacenter) {
        // What a service does explains nothing of why nobody measured it.
        (Some(_), _) if outage.kind == Kind::Gap => None,
        (Some(service), _) => (here && outage.services.contains(service)).then_some(0),
        (None, Some(_)) if here && is_infrastructure(problem) => Some(1),
        (None, Some(_)) => here.then_some(2),
        (None, None) => None,
    }
}

const fn is_infrastructure(problem: &Problem) -> bool {
    matches!(problem, Problem::DatacenterSilent { .. } | Problem::EdgeGone { connected: 0, .. })
}
