//! Safety rules: what must hold of every state that the run of a plan goes through, and gates
//! before any start.
//!
//! Invariant: a rule is judged on the states that result ([`moments`]), of the
//! way forth as of the way back; what is not known is unknown and does not hold. Overriding names
//! each rule.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::moments::{Ground, Moment, moments};
use crate::fleet::Placement;
use crate::id::ServiceId;

/// Between the end of one run and the start of the next.
pub const WAIT: TimeDelta = TimeDelta::minutes(5);
/// Highest load of a service's nodes after a failover, in percent of what they can take.
pub const LOAD_MOST_PERCENT: u64 = 85;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Each distributed service is served in as many data centres as its group asks for.
    ServingLeast,
    /// What is left can take the load that is measured now.
    Capacity,
    /// Nobody has locked failovers.
    Lock,
    /// No freeze is on.
    Freeze,
    /// The last run has been over for some time.
    Wait,
}

/// How a rule stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    pub rule: Rule,
    pub holds: Holds,
    pub sentence: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    Yes,
    No,
    Unknown,
}

/// A gate that a person closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    pub by: String,
    pub reason: String,
    pub since: DateTime<Utc>,
    /// It opens by itself then; `None`: when a person opens it.
    pub until: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gates {
    pub lock: Option<Gate>,
    pub freeze: Option<Gate>,
    /// When the last run was over.
    #[serde(default)]
    pub last_ended: Option<DateTime<Utc>>,
}

impl Rule {
    pub const ALL: [Self; 5] =
        [Self::ServingLeast, Self::Capacity, Self::Lock, Self::Freeze, Self::Wait];

    /// Its permanent name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ServingLeast => "serving-least",
            Self::Capacity => "capacity",
            Self::Lock => "lock",
            Self::Freeze => "freeze",
            Self::Wait => "wait",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }
}

/// Every rule, on each state that the run of a plan goes through.
pub fn judge(ground: &Ground<'_>, gates: &Gates, now: DateTime<Utc>) -> Vec<Judged> {
    let moments = moments(ground);
    let mut judged = vec![serving(ground, &moments), capacity(ground, &moments)];
    judged.extend(gate_rules(gates, now));
    judged
}

/// The gates alone.
pub fn gate_rules(gates: &Gates, now: DateTime<Utc>) -> Vec<Judged> {
    let closed = |gate: &Option<Gate>| {
        let gate = gate.as_ref()?;
        gate.until.is_none_or(|until| now < until).then(|| gate.clone())
    };
    let gate = |rule, gate: Option<Gate>, what: &str| match gate {
        None => Judged { rule, holds: Holds::Yes, sentence: format!("no {what} is on") },
        Some(gate) => {
            let until = gate.until.map(|it| format!(" until {} UTC", it.format("%d %b %H:%M")));
            let until = until.unwrap_or_default();
            let sentence = format!("{what} by {}{until}: {}", gate.by, gate.reason);
            Judged { rule, holds: Holds::No, sentence }
        }
    };
    let since = gates.last_ended.map(|ended| now - ended);
    let wait = match since {
        Some(since) if since < WAIT => {
            let left = (WAIT - since).num_seconds();
            let sentence =
                format!("the last run was over {} s ago; wait {left} s", since.num_seconds());
            Judged { rule: Rule::Wait, holds: Holds::No, sentence }
        }
        Some(_) | None => {
            let sentence = format!("no run was over in the last {} minutes", WAIT.num_minutes());
            Judged { rule: Rule::Wait, holds: Holds::Yes, sentence }
        }
    };
    vec![
        gate(Rule::Lock, closed(&gates.lock), "lock"),
        gate(Rule::Freeze, closed(&gates.freeze), "freeze"),
        wait,
    ]
}

type Moments = BTreeMap<ServiceId, Vec<Moment>>;

fn serving(ground: &Ground<'_>, moments: &Moments) -> Judged {
    let mut few = Vec::new();
    let mut judged = 0;
    for (id, moments) in moments {
        let Some(service) = ground.fleet.services.get(id) else { continue };
        if !matches!(service.placement, Placement::Distributed { .. }) {
            continue;
        }
        judged += 1;
        let group = ground.fleet.groups.get(&service.group);
        let least = group.map_or(1, |it| it.recovery.serving_least);
        let places = moments.iter().map(|moment| moment.nodes.len()).min().unwrap_or_default();
        if places < usize::from(least) {
            few.push(format!("{id} in {places} of {least}"));
        }
    }
    let rule = Rule::ServingLeast;
    match few.is_empty() {
        true => {
            let sentence =
                format!("{judged} services keep as many data centres as their groups ask for");
            Judged { rule, holds: Holds::Yes, sentence }
        }
        false => {
            let sentence = format!("too few data centres would serve: {}", few.join(", "));
            Judged { rule, holds: Holds::No, sentence }
        }
    }
}

/// The highest load of a service during the run, in percent of what the nodes that are left can
/// take; `None`: not known.
pub fn load_most(ground: &Ground<'_>, id: &ServiceId, moments: &[Moment]) -> Option<u64> {
    let rate = f64::from(ground.fleet.services.get(id)?.node_requests_per_second?);
    let cells = ground.observed.services.get(id)?;
    let loads: Vec<f64> = cells.values().filter_map(|cell| cell.requests_per_second).collect();
    if loads.is_empty() {
        return None;
    }
    let load: f64 = loads.iter().sum();
    let least = moments.iter().map(|moment| moment.nodes.values().sum::<u64>()).min()?;
    if least == 0 {
        return Some(u64::MAX);
    }
    Some((load / (rate * least as f64) * 100.0).round() as u64)
}

fn capacity(ground: &Ground<'_>, moments: &Moments) -> Judged {
    let (mut over, mut unknown, mut known) = (Vec::new(), 0, 0);
    for (id, moments) in moments {
        match load_most(ground, id, moments) {
            Some(load) if load > LOAD_MOST_PERCENT => {
                known += 1;
                over.push(format!("{id} {load} %"));
            }
            Some(_) => known += 1,
            None => unknown += 1,
        }
    }
    let rule = Rule::Capacity;
    let (holds, sentence) = match (over.is_empty(), known, unknown) {
        (false, ..) => {
            let words = format!("over {LOAD_MOST_PERCENT} % of what is left: {}", over.join(", "));
            (Holds::No, words)
        }
        // Nodes that are lost come up again elsewhere, so their number stays.
        (true, 0, _) => (
            Holds::Yes,
            "as many nodes as now; what one can take is declared of no service".to_owned(),
        ),
        (true, known, 0) => {
            (Holds::Yes, format!("{known} services stay under {LOAD_MOST_PERCENT} %"))
        }
        (true, known, unknown) => (
            Holds::Yes,
            format!(
                "{known} services stay under {LOAD_MOST_PERCENT} %; of {unknown} nobody declared \
                 what a node can take, they keep their number of nodes"
            ),
        ),
    };
    Judged { rule, holds, sentence }
}
