//! Everything that the pages of one rollout are made of, read for one request.

use axum::response::Response;
use chrono::TimeDelta;
use mainstay_app::pages::rollout::{Comparison, Entry, Input, Judged, Stretch, Told, numbered};
use mainstay_control::Control;
use mainstay_control::access::random;
use mainstay_control::rollouts::{Analysed, Gathered};
use mainstay_control::traffic::{Of, Point};
use mainstay_core::audit::Actor;
use mainstay_core::id::EdgeId;
use mainstay_core::rollout::{
    Evidence, Refusal, Rollout, RolloutId, State, explainable, rollback_evidence,
};
use mainstay_store::StoreError;
use mainstay_store::rollout::{Event, PAGE_MAX, Verdict};
use mainstay_store::traffic::Resolution;

use super::super::page::Context;
use super::super::pages::{not_found, store_failed};

/// Seconds are kept for so long; before that there are minutes.
const BY_SECOND: TimeDelta = TimeDelta::minutes(59);
/// Pages of events that are read: far more than a plan has steps, pauses included.
const EVENT_PAGES_MAX: usize = 5;
/// The chart of a rollout that ended goes on for so long, so that its end is seen.
const AFTER: TimeDelta = TimeDelta::minutes(2);

/// One rollout as it stands.
pub(super) struct Loaded {
    pub rollout: Rollout,
    pub gathered: Gathered,
    entries: Vec<Entry>,
    verdicts: Vec<Judged>,
    counts: Comparison,
    evidence: Evidence,
    reasons: Vec<Told>,
    key: String,
}

impl Loaded {
    pub fn input(&self) -> Input<'_> {
        Input {
            estate: &self.gathered.estate,
            rollout: &self.rollout,
            entries: &self.entries,
            verdicts: &self.verdicts,
            conditions: self.gathered.facts().conditions,
            counts: &self.counts,
            edges: &self.gathered.edges,
            evidence: &self.evidence,
            reasons: &self.reasons,
            key: &self.key,
        }
    }
}

/// Reads a rollout by the id in its address. An error is the answer: there is none, or the store
/// failed.
pub(super) async fn load(context: &Context, id: &str) -> Result<Loaded, Box<Response>> {
    load_step(context, id, None).await
}

/// As [`load`], with the verdicts on one step: a long rollout has more than a page of them.
pub(super) async fn load_step(
    context: &Context,
    id: &str,
    step: Option<u32>,
) -> Result<Loaded, Box<Response>> {
    let Ok(id) = id.parse::<RolloutId>() else { return Err(Box::new(not_found(context))) };
    match read(context, id, step).await {
        Ok(Some(loaded)) => Ok(loaded),
        Ok(None) => Err(Box::new(not_found(context))),
        Err(error) => Err(Box::new(store_failed(context, &error))),
    }
}

async fn read(
    context: &Context,
    id: RolloutId,
    step: Option<u32>,
) -> Result<Option<Loaded>, StoreError> {
    let control = &context.state.control;
    let Some(rollout) = control.rollout(id).await? else { return Ok(None) };
    let gathered = control.gather(&rollout).await?;
    let entries: Vec<_> = events(control, id).await?.into_iter().rev().map(entry).collect();
    let position = step.and_then(|number| numbered(&rollout.plan, number));
    let kept = control.verdicts(id, position, PAGE_MAX).await?;
    let verdicts = kept.into_iter().rev().filter_map(judged).collect();
    let counts = counts(context, &rollout, &entries).await?;
    let evidence = rollback_evidence(&rollout, &gathered.facts());
    let reasons = match explainable(&rollout, gathered.now) {
        Err(Refusal::NothingToExplain { .. }) => Vec::new(),
        Ok(_) | Err(_) => control.rollout_reasons(id).await?,
    };
    let reasons = reasons.into_iter().map(|it| Told { at: it.at, by: it.by, reason: it.reason });
    let (reasons, key) = (reasons.collect(), random());
    Ok(Some(Loaded { rollout, gathered, entries, verdicts, counts, evidence, reasons, key }))
}

/// What happened to a rollout, the newest first, as far back as can be of use.
async fn events(control: &Control, id: RolloutId) -> Result<Vec<Event>, StoreError> {
    let mut all: Vec<Event> = Vec::new();
    for _ in 0..EVENT_PAGES_MAX {
        let before = all.last().map(|event| event.id);
        let page = control.rollout_events(id, before, PAGE_MAX).await?;
        let last = (page.len() as i64) < PAGE_MAX;
        all.extend(page);
        if last {
            break;
        }
    }
    Ok(all)
}

fn entry(event: Event) -> Entry {
    let by = match event.actor {
        Actor::User(name) | Actor::Token(name) => Some(name),
        Actor::Agent(_) | Actor::System(_) | Actor::Anonymous(_) => None,
    };
    Entry { at: event.at, by, state: event.state }
}

fn judged(verdict: Verdict) -> Option<Judged> {
    let Analysed { judgement, conditions, .. } = serde_json::from_value(verdict.judgement).ok()?;
    Some(Judged { at: verdict.at, position: verdict.position, judgement, conditions })
}

/// What users' requests did on both versions, at the edges of the wave that is on, since it
/// began; of a rollout that is past its waves, at all edges since its start.
async fn counts(
    context: &Context,
    rollout: &Rollout,
    entries: &[Entry],
) -> Result<Comparison, StoreError> {
    let (now, plan) = (context.snapshot.estate.at, &rollout.plan);
    let wave = wave(&rollout.state);
    let regions = wave.and_then(|wave| plan.waves.get(usize::from(wave))).map(|it| &it.regions);
    let declared = context.snapshot.estate.fleet.edges.iter();
    let here = declared.filter(|(_, edge)| regions.is_none_or(|it| it.contains(&edge.region)));
    let edges: Vec<EdgeId> = here.map(|(id, _)| id.clone()).collect();
    let service = plan.service.clone();
    let of = if edges.is_empty() || regions.is_none() {
        Of::Service(service.clone())
    } else {
        Of::At(service.clone(), edges)
    };
    let began = entries.iter().find(|entry| wave.is_some() && self::wave(&entry.state) == wave);
    let from = began.map_or(rollout.started_at, |entry| entry.at);
    let until = if rollout.is_over() { (rollout.changed_at + AFTER).min(now) } else { now };
    let resolution = if now - from < BY_SECOND { Resolution::Second } else { Resolution::Minute };
    let points = context.state.control.traffic.series(&of, (from, until), resolution).await?;
    let step_seconds = match resolution {
        Resolution::Second => 1,
        Resolution::Minute => 60,
    };
    let stretch = |point: Point| {
        let side = |version: &String| {
            let known = point.counts.as_ref();
            let key = (service.clone(), version.clone());
            known.map(|known| known.get(&key).cloned().unwrap_or_default())
        };
        Stretch { at: point.at, stable: side(&plan.from), canary: side(&plan.to) }
    };
    Ok(Comparison { step_seconds, stretches: points.into_iter().map(stretch).collect() })
}

/// The wave that a state is in; `None`: past them all.
const fn wave(state: &State) -> Option<u16> {
    match state {
        State::Preparing { at, .. }
        | State::Testing { at, .. }
        | State::Shifting { at, .. }
        | State::Watching { at, .. }
        | State::Paused { at, .. } => Some(at.wave),
        State::RollingBack { was, .. } | State::RolledBack { was, .. } => match was {
            Some(at) => Some(at.wave),
            None => None,
        },
        State::Promoted { .. } | State::Ended { .. } => None,
    }
}
