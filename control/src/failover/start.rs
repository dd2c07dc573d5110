//! Plans as they are shown, and their start.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use mainstay_core::audit::{Action, Event};
use mainstay_core::failover::lint::{self, Finding};
use mainstay_core::failover::preview::{Given, Preview, preview};
use mainstay_core::failover::request::REASON_MIN_CHARS;
use mainstay_core::failover::rules::{Gates, Rule};
use mainstay_core::failover::{self, Mode, Plan, Run, RunId, Scope, State};
use mainstay_core::id::{DatacenterId, RegionId};
use mainstay_store::{StoreError, Tx, audit, failover as stored, release};
use serde::Serialize;
use serde_json::json;

use super::{FailoverError, REASON_MAX_CHARS, name_of, refuse};
use crate::Control;
use crate::access::By;
use crate::once::Once;

/// A plan that was shown is good for so long.
pub const PLAN_VALID: TimeDelta = TimeDelta::minutes(5);

/// Which plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Wanted {
    /// Data centres go away.
    Away { lose: BTreeSet<DatacenterId>, scope: Scope },
    /// What a run moved comes back.
    Back { run: RunId },
}

/// A plan with all that is known about it.
#[derive(Clone, Debug, Serialize)]
pub struct Planned {
    pub plan: Plan,
    pub hash: String,
    pub at: DateTime<Utc>,
    pub valid_until: DateTime<Utc>,
    pub preview: Preview,
    pub findings: Vec<Finding>,
}

/// Whether places could go away.
#[derive(Clone, Debug)]
pub struct Readiness {
    pub regions: Vec<(RegionId, Preview)>,
    pub datacenters: Vec<(DatacenterId, Preview)>,
    pub gates: Gates,
    pub at: DateTime<Utc>,
}

/// What a person confirms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Start {
    pub wanted: Wanted,
    pub mode: Mode,
    pub drill: bool,
    /// The name that was typed: the plan's ([`Plan::name`]).
    pub typed: String,
    pub reason: String,
    /// Nobody else can be reached: it starts at once, and is looked at afterwards.
    pub emergency: bool,
    /// Rules that are overridden, each by its name.
    pub overridden: BTreeSet<Rule>,
    /// [`Plan::hash`] of what was shown; `None`: whatever it is.
    pub hash: Option<String>,
}

impl Control {
    /// Makes a plan and looks at it.
    pub async fn plan_failover(&self, wanted: &Wanted) -> Result<Planned, FailoverError> {
        let (past, gates) = self.failover_past().await?;
        let estate = self.snapshot().estate;
        let observed = self.traffic.recent(|recent| super::observed(&estate, recent));
        let (fleet, standing) = (&*estate.fleet, &estate.releases.standing);
        let now = Utc::now().trunc_subsecs(6);
        let given = Given { fleet, observed: &observed, standing, gates: &gates, past: &past, now };
        let plan = match wanted {
            Wanted::Away { lose, scope } => failover::plan(fleet, &observed, standing, lose, scope),
            Wanted::Back { run } => {
                let run = self.failover(*run).await?.ok_or(FailoverError::NotFound)?;
                failover::fail_back(&run, &observed, standing)
            }
        };
        let findings = match wanted {
            Wanted::Away { lose, .. } => lint::lint(fleet, &observed, lose, &plan),
            Wanted::Back { .. } => Vec::new(),
        };
        let preview = preview(&plan, &given);
        let hash = plan.hash();
        Ok(Planned { plan, hash, at: now, valid_until: now + PLAN_VALID, preview, findings })
    }

    /// Whether each region and each data centre could go away now, as of this moment.
    pub async fn readiness(&self) -> Result<Readiness, FailoverError> {
        let (past, gates) = self.failover_past().await?;
        let estate = self.snapshot().estate;
        let observed = self.traffic.recent(|recent| super::observed(&estate, recent));
        let (fleet, standing) = (&*estate.fleet, &estate.releases.standing);
        let now = Utc::now().trunc_subsecs(6);
        let given = Given { fleet, observed: &observed, standing, gates: &gates, past: &past, now };
        let look = |lose: BTreeSet<DatacenterId>| {
            let plan = failover::plan(fleet, &observed, standing, &lose, &Scope::All);
            preview(&plan, &given)
        };
        let regions = fleet.regions.keys().map(|id| {
            let lose = fleet.datacenters_of(id).map(|(id, _)| id.clone()).collect();
            (id.clone(), look(lose))
        });
        let regions = regions.collect();
        let datacenters = fleet.datacenters.iter().filter(|(_, it)| !it.retired);
        let datacenters = datacenters.map(|(id, _)| (id.clone(), look([id.clone()].into())));
        let datacenters = datacenters.collect();
        Ok(Readiness { regions, datacenters, gates, at: now })
    }

    /// Starts a failover, a drill or a way back. Where data may be lost it waits for a second
    /// person, but in an emergency.
    pub async fn start_failover(
        &self,
        by: &By,
        start: &Start,
        key: &str,
    ) -> Result<Run, FailoverError> {
        self.refresh().await;
        let planned = &self.plan_failover(&start.wanted).await?;
        check(start, planned)?;
        let once = &Once::new(key, by, start)?;
        let now = Utc::now().trunc_subsecs(6);
        let starting = &Starting { by, start, planned, once, now };
        let answer = self
            .store
            .read_committed(|tx| Box::pin(async move { starting.answer(tx).await }))
            .await?;
        if answer.is_ok() {
            self.refresh().await;
        }
        answer
    }
}

/// What is wrong with the form, all at once.
fn check(start: &Start, planned: &Planned) -> Result<(), FailoverError> {
    let mut bad = Vec::new();
    let reason = start.reason.trim().chars().count();
    if reason < REASON_MIN_CHARS {
        bad.push(format!("write the reason, at least {REASON_MIN_CHARS} characters"));
    }
    if reason > REASON_MAX_CHARS {
        bad.push(format!("write a reason of at most {REASON_MAX_CHARS} characters"));
    }
    let name = planned.plan.name();
    if !start.typed.trim().eq_ignore_ascii_case(&name) {
        bad.push(format!("type {name} to confirm"));
    }
    if planned.plan.is_empty() {
        bad.push("there is nothing to move".to_owned());
    }
    if bad.is_empty() { Ok(()) } else { Err(FailoverError::Form(bad)) }
}

struct Starting<'a> {
    by: &'a By,
    start: &'a Start,
    planned: &'a Planned,
    once: &'a Once<'a>,
    now: DateTime<Utc>,
}

impl Starting<'_> {
    async fn answer(&self, tx: &mut Tx<'_>) -> Result<Result<Run, FailoverError>, StoreError> {
        let releases = release::lock(tx).await?;
        if let Some(answer) = self.once.recall(tx).await? {
            return Ok(answer);
        }
        let (start, planned) = (self.start, self.planned);
        if let Some(other) = releases.failover() {
            let error = FailoverError::Other { run: other.id };
            refuse(tx, self.event(), &error.to_string()).await?;
            return Ok(Err(error));
        }
        if start.hash.as_ref().is_some_and(|shown| *shown != planned.hash) {
            let words = "the plan is another one by now; look at it again".to_owned();
            refuse(tx, self.event(), &words).await?;
            return Ok(Err(FailoverError::Changed(words)));
        }
        let broken = planned.preview.broken().filter(|it| !start.overridden.contains(&it.rule));
        let broken: Vec<_> = broken.cloned().collect();
        if !broken.is_empty() {
            let error = FailoverError::Rules(broken);
            refuse(tx, self.event(), &error.to_string()).await?;
            return Ok(Err(error));
        }
        let run = stored::insert(tx, &self.run()).await?;
        let Some(run) = run else {
            return Err(StoreError::corrupt("a failover", "another one is not over"));
        };
        release::raise(tx).await?;
        let steps = BTreeMap::new();
        let why = json!({ "preview": planned.preview, "overridden": start.overridden });
        stored::append(tx, &run, &steps, &self.by.actor, Some(&why)).await?;
        let event = Event {
            after: Some(json!({
                "run": run.id,
                "plan": run.plan,
                "hash": planned.hash,
                "mode": run.mode,
                "drill": run.drill,
                "state": run.state,
                "emergency": run.emergency,
                "overridden": start.overridden,
                "at_risk": planned.preview.at_risk,
            })),
            object: run.path(),
            ..self.event()
        };
        audit::append(tx, &event).await?;
        self.once.remember(tx, &run, self.now).await?;
        Ok(Ok(run))
    }

    /// As it begins.
    fn run(&self) -> Run {
        let (start, planned) = (self.start, self.planned);
        let loses = planned.preview.loses(start.mode);
        let overrides = !start.overridden.is_empty();
        let state = match (loses || overrides, start.emergency) {
            (true, false) => {
                let why = if loses { "data may be lost" } else { "safety rules are overridden" };
                State::Requested { why: why.to_owned() }
            }
            (true, true) | (false, _) => State::Running,
        };
        Run {
            id: RunId(0),
            plan: planned.plan.clone(),
            mode: start.mode,
            drill: start.drill,
            state,
            steps: BTreeMap::new(),
            reason: start.reason.trim().to_owned(),
            emergency: start.emergency,
            started_at: self.now,
            started_by: name_of(&self.by.actor).to_owned(),
            allowed_by: None,
            revision: 1,
            routing_revision: 0,
            changed_at: self.now,
        }
    }

    fn event(&self) -> Event {
        let object = format!("/failover/plans/{}", self.planned.plan.name());
        let mut event = self.by.event(Action::FailoverStart, object, self.now);
        event.reason = Some(self.start.reason.trim().to_owned());
        event
    }
}
