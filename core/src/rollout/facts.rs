//! Everything a decision about a rollout is made from.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Condition, Plan, Position, State};
use crate::estate::Estate;
use crate::id::{EdgeId, ServiceId};
use crate::judge::{Judgement, Settings, Verdict};

/// What is known at one moment. What was not measured is `None` or absent, never zero.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub estate: &'a Estate,
    pub now: DateTime<Utc>,
    /// By edge of the fleet; one that never connected may be absent.
    pub edges: &'a BTreeMap<EdgeId, EdgeFact>,
    /// The comparison of the seconds since the current watch began, at the edges of its wave's
    /// regions, with [`Plan::settings`]; `None`: none was made (yet).
    pub judgement: Option<&'a Judgement>,
    /// The plan's conditions over the current watch.
    pub conditions: &'a [ConditionFact],
    /// The last second in which an edge's log has a request on the new version.
    pub last_request: Option<DateTime<Utc>>,
    /// Until when the logs of all connected edges are complete, and of a watch that is on, until
    /// when they are in the judgement; `None`: they are not heard.
    pub heard_until: Option<DateTime<Utc>>,
    /// In how many seconds since the watch began one of its edges was heard; a watch with a gap
    /// goes on for longer.
    pub heard_seconds: u32,
}

/// How an edge stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeFact {
    pub connected: bool,
    /// Since when it is connected or not.
    pub since: DateTime<Utc>,
    /// The newest [`crate::routing::Routing::revision`] it carries out, but for services of which
    /// it refuses something; 0: none.
    pub acknowledged_revision: u64,
    /// When it acknowledged that revision first; endpoints that change without it change nothing.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// What it refuses and has not carried out since.
    pub nacks: Vec<Nack>,
}

impl EdgeFact {
    /// Whether it carries out what was decided of a service up to a revision.
    pub fn carries(&self, service: &ServiceId, revision: u64) -> bool {
        let refused = self.nacks.iter().any(|nack| nack.services.contains(service));
        self.acknowledged_revision >= revision && !refused
    }

    /// A refusal of a revision or a later one that is for sure of this service.
    pub fn refusal(&self, service: &ServiceId, revision: u64) -> Option<&Nack> {
        let of = |nack: &&Nack| nack.services.len() == 1 && nack.services.contains(service);
        self.nacks.iter().filter(of).find(|nack| nack.revision >= revision)
    }

    /// A refusal of a version of this service since a moment: it was told before the version got
    /// its share, when its instances came up.
    pub fn refusal_of(
        &self,
        service: &ServiceId,
        version: &str,
        since: DateTime<Utc>,
    ) -> Option<&Nack> {
        let of = |nack: &&Nack| nack.concerns(service, version) && nack.at >= since;
        self.nacks.iter().find(of)
    }

    /// The same without what it refuses of a version that gets no requests any more.
    #[must_use]
    pub fn but(&self, service: &ServiceId, version: &str) -> Self {
        let mut fact = self.clone();
        fact.nacks.retain(|nack| !nack.concerns(service, version));
        fact
    }
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nack {
    pub revision: u64,
    /// Whose configuration was refused. Several: of one of these, which is being found out. None:
    /// it is of no service, and nothing that is decided about a service is the cause.
    pub services: BTreeSet<ServiceId>,
    /// The version whose instances or limits were refused; `None`: no single one's.
    pub version: Option<String>,
    /// The edge's own words.
    pub message: String,
    pub at: DateTime<Utc>,
}

impl Nack {
    /// Whether it is of this version of this service, and of nothing else.
    fn concerns(&self, service: &ServiceId, version: &str) -> bool {
        let own = self.services.len() == 1 && self.services.contains(service);
        own && self.version.as_deref() == Some(version)
    }
}

/// What a condition says of the new version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConditionFact {
    pub condition: Condition,
    pub verdict: Verdict,
    /// A proportion, milliseconds, or the query's answer; `None`: nothing was measured.
    pub value: Option<f64>,
}

impl Plan {
    /// How many watches there are: each spends an equal part of the plan's alpha.
    pub fn watches(&self) -> u32 {
        let waves = u16::try_from(self.waves.len()).unwrap_or(u16::MAX);
        (0..waves).map(|wave| u32::from(self.positions(wave))).sum()
    }

    /// What one watch is judged with. The chance that a version as good as the old one is stopped
    /// is split evenly over the watches (a union bound), so that it holds for the whole rollout;
    /// a watch that a person starts anew after a pause spends its part again.
    pub fn settings(&self) -> Settings {
        let analysis = &self.analysis;
        let defaults = Settings::default();
        let watches = f64::from(self.watches().max(1));
        let error_tolerance = f64::from(analysis.error_tolerance_bp) / 10_000.0;
        let latency_tolerance = f64::from(analysis.latency_tolerance_percent) / 100.0;
        Settings {
            alpha: f64::from(analysis.alpha_per_million) / 1e6 / watches,
            error_tolerance,
            error_floor: defaults.error_floor.min(error_tolerance / 2.0),
            latency_tolerance,
            latency_floor: defaults.latency_floor.min(latency_tolerance / 2.0),
            requests_min: analysis.min_requests,
            ..defaults
        }
    }
}

/// Since when the watch of a position is on, which goes on while the next one is prepared.
/// `states`: the rollout's, newest first. `None`: it was not begun in any of them.
pub fn watched_since<'a>(
    states: impl IntoIterator<Item = &'a State>,
    position: Position,
) -> Option<DateTime<Utc>> {
    states.into_iter().find_map(|state| match state {
        State::Watching { at, since } if *at == position => Some(*since),
        State::Preparing { .. }
        | State::Testing { .. }
        | State::Shifting { .. }
        | State::Watching { .. }
        | State::Paused { .. }
        | State::Promoted { .. }
        | State::RollingBack { .. }
        | State::RolledBack { .. }
        | State::Ended { .. } => None,
    })
}
