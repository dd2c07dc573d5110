//! Plans as they are shown, and their start.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::approval::{ACT_VALID, Kind, REVIEW_WITHIN, Reach, Subject, Wish};
use mainstay_core::audit::{Action, Actor, Event};
use mainstay_core::failover::lint::{self, Finding};
use mainstay_core::failover::preview::{Given, Preview, Tried, preview};
use mainstay_core::failover::request::{LOOK_VALID, REASON_MIN_CHARS, is_stale};
use mainstay_core::failover::rules::{Gates, Rule};
use mainstay_core::failover::{self, Mode, Plan, Run, RunId, Scope, State};
use mainstay_core::id::DatacenterId;
use mainstay_core::planned::EventId;
use mainstay_core::release::Releases;
use mainstay_store::planned::{self as events, Logged, owned};
use mainstay_store::{StoreError, Tx, audit, failover as stored, release};
use serde::Serialize;
use serde_json::json;

use super::facts::past_and_gates;
use super::{FailoverError, REASON_MAX_CHARS, refuse};
use crate::Control;
use crate::access::{By, person};
use crate::approvals;
use crate::once::Once;
use crate::rollouts::Sources;

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
    pub preview: Preview,
    pub findings: Vec<Finding>,
    /// The last run or drill of the same that was carried out to its end.
    pub last: Option<Run>,
}

/// Whether places could go away.
#[derive(Clone, Debug)]
pub struct Readiness {
    pub regions: Vec<Ready>,
    pub datacenters: Vec<Ready>,
    pub gates: Gates,
    /// When it was judged.
    pub at: DateTime<Utc>,
}

/// Whether a region or a data centre could.
#[derive(Clone, Debug)]
pub struct Ready {
    pub id: String,
    pub preview: Preview,
    /// When a drill or run of exactly this was last carried out to its end.
    pub last: Option<DateTime<Utc>>,
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
    /// When it was looked at; `None`: whoever starts it has not looked.
    pub looked_at: Option<DateTime<Utc>>,
    /// The planned event that it belongs to.
    pub event: Option<EventId>,
}

impl Control {
    /// Makes a plan and looks at it.
    pub async fn plan_failover(&self, wanted: &Wanted) -> Result<Planned, FailoverError> {
        self.sources().plan(wanted).await
    }

    /// Whether each region and each data centre could go away. While the store does not answer it
    /// is what was judged last, which says itself how old it is.
    pub async fn readiness(&self) -> Result<Readiness, FailoverError> {
        // For a page: it asks the store as pages do.
        let sources = Sources { store: self.store.clone(), ..self.sources() };
        let judged = sources.judge().await;
        let mut last = self.readiness.lock().unwrap_or_else(PoisonError::into_inner);
        match (judged, &*last) {
            (Ok(readiness), _) => Ok(last.insert(readiness).clone()),
            (Err(FailoverError::Store(_)), Some(before)) => Ok(before.clone()),
            (Err(error), _) => Err(error),
        }
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
        let (actor, request) = (&by.actor, by.request.clone());
        let starting = &Starting { actor, request, start, planned, now };
        let answer = self
            .store
            .read_committed(|tx| Box::pin(async move { starting.once(tx, once).await }))
            .await?;
        if answer.is_ok() {
            self.refresh().await;
        }
        answer
    }
}

impl Sources {
    /// Whether each region and each data centre could go away at this moment.
    pub(crate) async fn judge(&self) -> Result<Readiness, FailoverError> {
        let (past, gates) = past_and_gates(&self.store).await?;
        let tried = stored::tried(self.store.reads()).await?;
        let estate = self.estate.snapshot(Utc::now()).estate;
        let observed = self.traffic.recent(|recent| super::observed(&estate, recent));
        let (fleet, standing) = (&*estate.fleet, &estate.releases.standing);
        let now = Utc::now().trunc_subsecs(6);
        let look = |lose: BTreeSet<DatacenterId>| {
            let last = tried.get(&lose).copied();
            let tried = last.map_or(Tried::Never, Tried::At);
            let (observed, gates, past) = (&observed, &gates, &past);
            let given = Given { fleet, observed, standing, gates, past, tried, now };
            let plan = failover::plan(fleet, observed, standing, &lose, &Scope::All);
            (preview(&plan, &given), last)
        };
        let regions = fleet.regions.keys().map(|id| {
            let (preview, last) =
                look(fleet.datacenters_of(id).map(|(id, _)| id.clone()).collect());
            Ready { id: id.to_string(), preview, last }
        });
        let regions = regions.collect();
        let datacenters = fleet.datacenters.iter().filter(|(_, it)| !it.retired);
        let datacenters = datacenters.map(|(id, _)| {
            let (preview, last) = look([id.clone()].into());
            Ready { id: id.to_string(), preview, last }
        });
        let datacenters = datacenters.collect();
        Ok(Readiness { regions, datacenters, gates, at: now })
    }

    /// Makes a plan and looks at it.
    pub(crate) async fn plan(&self, wanted: &Wanted) -> Result<Planned, FailoverError> {
        let (past, gates) = past_and_gates(&self.store).await?;
        let estate = self.estate.snapshot(Utc::now()).estate;
        let observed = self.traffic.recent(|recent| super::observed(&estate, recent));
        let (fleet, standing) = (&*estate.fleet, &estate.releases.standing);
        let now = Utc::now().trunc_subsecs(6);
        let last = match wanted {
            Wanted::Away { lose, scope } => {
                stored::last_done(self.store.reads(), lose, scope).await?
            }
            Wanted::Back { .. } => None,
        };
        let tried = last.as_ref().map_or(Tried::Never, |run| Tried::At(run.changed_at));
        let (gates, past) = (&gates, &past);
        let given = Given { fleet, observed: &observed, standing, gates, past, tried, now };
        let plan = match wanted {
            Wanted::Away { lose, scope } => failover::plan(fleet, &observed, standing, lose, scope),
            Wanted::Back { run } => {
                let run = stored::get(self.store.reads(), *run).await?;
                let run = run.ok_or(FailoverError::NotFound)?;
                failover::fail_back(&run, &observed, standing)
            }
        };
        let findings = match wanted {
            Wanted::Away { lose, .. } => lint::lint(fleet, &observed, lose, &plan),
            Wanted::Back { .. } => Vec::new(),
        };
        let preview = preview(&plan, &given);
        let hash = plan.hash();
        Ok(Planned { plan, hash, at: now, preview, findings, last })
    }
}

/// Why nothing can belong to an event, if it cannot: a sentence.
async fn not_open(tx: &mut Tx<'_>, id: EventId) -> Result<Option<String>, StoreError> {
    Ok(match events::get(tx, id).await? {
        None => Some(format!("there is no planned event {id}; choose one, or none")),
        Some(event) if event.state.is_over() => {
            let state = event.state.name();
            Some(format!("{id} is {state}; choose an event that is planned or runs, or none"))
        }
        Some(_) => None,
    })
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

/// A start with all that it is judged by.
pub(crate) struct Starting<'a> {
    pub actor: &'a Actor,
    pub request: Option<String>,
    pub start: &'a Start,
    pub planned: &'a Planned,
    pub now: DateTime<Utc>,
}

impl Starting<'_> {
    /// As [`Self::answer`], with the first answer for the same key.
    async fn once(
        &self,
        tx: &mut Tx<'_>,
        once: &Once<'_>,
    ) -> Result<Result<Run, FailoverError>, StoreError> {
        let releases = release::lock(tx).await?;
        if let Some(answer) = once.recall(tx).await? {
            return Ok(answer);
        }
        let answer = self.answer(tx, &releases).await?;
        if let Ok(run) = &answer {
            once.remember(tx, run, self.now).await?;
        }
        Ok(answer)
    }

    /// Begins the run, if the rules allow; `releases` were read under their lock.
    pub(crate) async fn answer(
        &self,
        tx: &mut Tx<'_>,
        releases: &Releases,
    ) -> Result<Result<Run, FailoverError>, StoreError> {
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
        if start.looked_at.is_some_and(|at| is_stale(at, self.now)) {
            let minutes = LOOK_VALID.num_minutes();
            let words = format!("the plan was looked at more than {minutes} minutes ago");
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
        if let Some(event) = start.event
            && let Some(words) = not_open(tx, event).await?
        {
            refuse(tx, self.event(), &words).await?;
            return Ok(Err(FailoverError::Form(vec![words])));
        }
        let Some(run) = stored::insert(tx, &self.run()).await? else {
            return Err(StoreError::corrupt("a failover", "another one is not over"));
        };
        release::raise(tx).await?;
        let why = json!({ "preview": planned.preview, "overridden": start.overridden });
        stored::append(tx, &run, &BTreeMap::new(), self.actor, Some(&why)).await?;
        if let Some(event) = start.event {
            self.owned(tx, &run, event).await?;
        }
        let approval = match self.wish(&run) {
            Some(wish) => Some(approvals::ask(tx, &wish).await?.id),
            None => None,
        };
        let event = Event {
            after: Some(json!({
                "run": run.id,
                "approval": approval,
                "plan": run.plan,
                "hash": planned.hash,
                "mode": run.mode,
                "drill": run.drill,
                "state": run.state,
                "emergency": run.emergency,
                "event": start.event,
                "overridden": start.overridden,
                "at_risk": planned.preview.at_risk,
            })),
            object: run.path(),
            ..self.event()
        };
        audit::append(tx, &event).await?;
        Ok(Ok(run))
    }

    /// Writes that it belongs to an event.
    async fn owned(&self, tx: &mut Tx<'_>, run: &Run, event: EventId) -> Result<(), StoreError> {
        owned::set_run(tx, run.id, event).await?;
        let note = format!("{}: {}", run.id, run.plan.name());
        let (at, actor) = (self.now, self.actor.clone());
        let logged = Logged { at, actor, action: Action::FailoverStart, note };
        events::append(tx, event, &logged).await
    }

    /// Why a second person has to allow it, if one has to.
    fn why_second(&self) -> Option<&'static str> {
        if self.planned.preview.loses(self.start.mode) {
            Some("data may be lost")
        } else {
            (!self.start.overridden.is_empty()).then_some("safety rules are overridden")
        }
    }

    /// What a second person is asked for: to allow it first, or in an emergency to look at it
    /// afterwards.
    fn wish(&self, run: &Run) -> Option<Wish> {
        self.why_second()?;
        let (kind, within) = match self.start.emergency {
            false => (Kind::Permission, ACT_VALID),
            true => (Kind::Review, REVIEW_WITHIN),
        };
        Some(Wish {
            kind,
            subject: Subject::Failover { run: run.id, lose: run.plan.name() },
            hash: self.planned.hash.clone(),
            reach: Reach {
                groups: run.plan.groups.iter().map(|group| group.id.clone()).collect(),
                ..Reach::default()
            },
            by: run.started_by.clone(),
            reason: run.reason.clone(),
            at: self.now,
            until: self.now + within,
        })
    }

    /// As it begins.
    fn run(&self) -> Run {
        let (start, planned) = (self.start, self.planned);
        let state = match (self.why_second(), start.emergency) {
            (Some(why), false) => State::Requested { why: why.to_owned() },
            (Some(_), true) | (None, _) => State::Running,
        };
        Run {
            id: RunId(0),
            plan: planned.plan.clone(),
            mode: start.mode,
            drill: start.drill,
            state,
            steps: BTreeMap::new(),
            reason: start.reason.trim().to_owned(),
            overridden: start.overridden.clone(),
            emergency: start.emergency,
            started_at: self.now,
            started_by: person(self.actor).to_owned(),
            allowed_by: None,
            revision: 1,
            routing_revision: 0,
            changed_at: self.now,
        }
    }

    fn event(&self) -> Event {
        let object = format!("/failover/plans/{}", self.planned.plan.name());
        Event {
            reason: Some(self.start.reason.trim().to_owned()),
            request: self.request.clone(),
            ..Event::new(self.now, self.actor.clone(), Action::FailoverStart, object)
        }
    }
}
