//! Everything a decision about one rollout is made from, as it is known on this server.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use mainstay_core::estate::Estate;
use mainstay_core::id::EdgeId;
use mainstay_core::judge::{Judgement, Verdict};
use mainstay_core::release::Releases;
use mainstay_core::rollout::{Back, ConditionFact, EdgeFact, Facts, Position, Rollout, State};
use mainstay_store::{Store, StoreError, rollout as stored, traffic};
use serde::{Deserialize, Serialize};

use crate::Control;
use crate::backups::history::Reader as History;
use crate::edges::Edges;
use crate::estate::LiveEstate;
use crate::traffic::Traffic;

/// What was measured of a watch, as it is kept with every verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Analysed {
    /// When the watch began.
    pub since: DateTime<Utc>,
    /// Up to when the edges' logs are taken in.
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
    /// In how many seconds since then one of the edges was heard.
    #[serde(default)]
    pub heard_seconds: u32,
    /// `None`: not a second could be compared.
    pub judgement: Option<Judgement>,
    pub conditions: Vec<ConditionFact>,
}

impl Analysed {
    /// The verdict of all: only if everything passes is it a pass.
    pub fn verdict(&self) -> Verdict {
        let compared = self.judgement.as_ref().map_or(Verdict::NotMeasured, |it| it.verdict);
        let conditions = self.conditions.iter().map(|fact| fact.verdict);
        Verdict::of_all(std::iter::once(compared).chain(conditions))
    }
}

/// The facts about one rollout; [`Gathered::facts`] lends them to the rules.
#[derive(Clone, Debug)]
pub struct Gathered {
    pub estate: Estate,
    pub now: DateTime<Utc>,
    pub edges: BTreeMap<EdgeId, EdgeFact>,
    /// Of the watch that is on; `None`: none is, or nothing was measured yet.
    pub analysed: Option<Analysed>,
    conditions: Vec<ConditionFact>,
    pub last_request: Option<DateTime<Utc>>,
    pub heard_until: Option<DateTime<Utc>>,
}

impl Gathered {
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            estate: &self.estate,
            now: self.now,
            edges: &self.edges,
            judgement: self.analysed.as_ref().and_then(|it| it.judgement.as_ref()),
            conditions: &self.conditions,
            last_request: self.last_request,
            heard_until: self.heard_until,
            heard_seconds: self.analysed.as_ref().map_or(0, |it| it.heard_seconds),
        }
    }

    /// The same with what stands now about versions.
    pub(crate) fn with_releases(&self, releases: &Releases) -> Self {
        let mut gathered = self.clone();
        gathered.estate.releases = Arc::new(releases.clone());
        gathered
    }
}

/// The position that is being watched, and since when: also while it stands still.
pub(crate) const fn watch(state: &State) -> Option<(Position, DateTime<Utc>)> {
    match state {
        State::Watching { at, since } | State::Paused { at, since, weighed: true, .. } => {
            Some((*at, *since))
        }
        State::Preparing { .. }
        | State::Testing { .. }
        | State::Shifting { .. }
        | State::Paused { .. }
        | State::Promoted { .. }
        | State::RollingBack { .. }
        | State::RolledBack { .. }
        | State::Ended { .. } => None,
    }
}

impl Control {
    /// What is known about a rollout now, the newest analysis included, whichever server made it.
    pub async fn gather(&self, rollout: &Rollout) -> Result<Gathered, StoreError> {
        let analysed = match watch(&rollout.state) {
            None => None,
            Some((position, since)) => {
                let pool = self.store.reads();
                let newest = stored::verdicts(pool, rollout.id, Some(position), 1).await?;
                let analysed = newest.into_iter().next().map(|verdict| {
                    serde_json::from_value::<Analysed>(verdict.judgement)
                        .map_err(|error| StoreError::corrupt("a verdict", error))
                });
                analysed.transpose()?.filter(|analysed| analysed.since == since)
            }
        };
        self.sources().gather(rollout, analysed).await
    }
}

/// Where facts come from.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    pub store: Store,
    pub estate: Arc<LiveEstate>,
    pub edges: Arc<Edges>,
    pub traffic: Arc<Traffic>,
    pub history: Arc<History>,
}

impl Sources {
    /// Puts the facts about a rollout together.
    pub(crate) async fn gather(
        &self,
        rollout: &Rollout,
        analysed: Option<Analysed>,
    ) -> Result<Gathered, StoreError> {
        let now = Utc::now();
        let edges = self.edges.facts(now);
        let estate = self.estate.snapshot(now).estate;
        let leaving = matches!(rollout.state, State::RollingBack { stage: Back::Shifting, .. });
        let plan = &rollout.plan;
        let last_request = match leaving {
            true => traffic::last_request(self.store.reads(), &plan.service, &plan.to).await?,
            false => None,
        };
        let conditions = analysed.iter().flat_map(|analysed| &analysed.conditions).cloned();
        let connected = |id: &&EdgeId| edges.get(*id).is_some_and(|fact| fact.connected);
        // What came after a watch was analysed says nothing about it yet.
        let heard_until = match &analysed {
            Some(analysed) => analysed.until,
            None => self.traffic.heard_until(estate.fleet.edges.keys().filter(connected)),
        };
        Ok(Gathered {
            heard_until,
            conditions: conditions.collect(),
            estate,
            now,
            edges,
            analysed,
            last_request,
        })
    }
}
