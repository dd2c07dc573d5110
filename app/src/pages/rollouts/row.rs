//! A rollout as a row: of the list, of the overview, of its service.

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::id::ServiceId;
use mainstay_core::rollout::{Ending, Position, Rollout, RolloutId, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::rollout::{number, position};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::glyph::glyph;
use crate::ui::tone::Tone;
use crate::ui::track::{self, Place};

/// Bars of a step bar at most; more positions share them.
const BARS_MAX: u32 = 12;

/// One rollout.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunRow {
    #[schema(value_type = String)]
    pub id: RolloutId,
    #[schema(value_type = String)]
    pub service: ServiceId,
    pub from: String,
    pub to: String,
    /// `payments-api 4.18.2 → 4.19.0`.
    pub name: String,
    pub href: String,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    /// `Step 3 of 25`.
    pub progress: String,
    #[schema(value_type = Vec<Object>)]
    pub places: Vec<Place>,
    /// `1 of 5, eu-west`.
    pub wave: String,
    pub started_by: String,
    pub started_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

impl RunRow {
    pub fn of(rollout: &Rollout, now: DateTime<Utc>) -> Self {
        let plan = &rollout.plan;
        let (tone, word) = text::rollout::rollout_state(plan, &rollout.state);
        let all = all(rollout);
        let done = done(rollout, all);
        Self {
            id: rollout.id,
            service: plan.service.clone(),
            from: plan.from.clone(),
            to: plan.to.clone(),
            name: crate::pages::rollout::name(plan),
            href: paths::rollout(rollout.id),
            tone,
            word,
            progress: t!("run-progress", done = text::number(done), all = text::number(all)),
            places: places(rollout, done, all, now),
            wave: wave(rollout),
            started_by: rollout.started_by.clone(),
            started_at: rollout.started_at,
            changed_at: rollout.changed_at,
        }
    }
}

/// All positions of the plan.
fn all(rollout: &Rollout) -> u32 {
    let waves = u16::try_from(rollout.plan.waves.len()).unwrap_or(u16::MAX);
    (0..waves).map(|wave| u32::from(rollout.plan.positions(wave))).sum()
}

/// Positions that are behind.
fn done(rollout: &Rollout, all: u32) -> u32 {
    match (&rollout.state, position(&rollout.state)) {
        (_, Some(at)) => (number(&rollout.plan, at) - 1).min(all),
        (State::Ended { outcome: Ending::RolledBack { .. }, .. }, None) => 0,
        (_, None) => all,
    }
}

fn places(rollout: &Rollout, done: u32, all: u32, now: DateTime<Utc>) -> Vec<Place> {
    let bars = all.clamp(1, BARS_MAX);
    let here = match &rollout.state {
        State::Watching { at, since } => Place::Now(Tone::Prog, watched(rollout, *at, *since, now)),
        State::Preparing { .. } | State::Testing { .. } | State::Shifting { .. } => {
            Place::Now(Tone::Prog, 0)
        }
        State::Paused { .. } => Place::Now(Tone::Warn, 100),
        State::RollingBack { .. } | State::RolledBack { .. } => Place::Done(Tone::Crit),
        State::Promoted { .. } | State::Ended { .. } => Place::Next,
    };
    (0..bars)
        .map(|bar| {
            let end = (bar + 1) * all / bars;
            let start = bar * all / bars;
            if end <= done {
                Place::Done(Tone::Ok)
            } else if start <= done {
                here
            } else {
                Place::Next
            }
        })
        .collect()
}

fn watched(rollout: &Rollout, at: Position, since: DateTime<Utc>, now: DateTime<Utc>) -> u8 {
    let watch = TimeDelta::seconds(i64::from(rollout.plan.watch_seconds(at).max(1)));
    let part = (now - since).num_seconds().max(0) * 100 / watch.num_seconds().max(1);
    part.clamp(0, 100) as u8
}

fn wave(rollout: &Rollout) -> String {
    let plan = &rollout.plan;
    let Some(at) = position(&rollout.state) else { return String::new() };
    let regions = plan.waves.get(usize::from(at.wave)).map(|wave| &wave.regions);
    let regions = text::list(regions.into_iter().flatten().map(|region| region.as_str()));
    let (n, of) = (text::number(u64::from(at.wave) + 1), text::number(plan.waves.len() as u64));
    t!("run-wave", n = n, of = of, regions = regions)
}

/// Rollouts one under the other, for pages about something else.
pub fn run_list(rows: &[RunRow]) -> AnyView {
    let items = rows
        .iter()
        .map(|row| {
            view! {
                <div class="run" data-k=format!("rollout/{}", row.id)>
                    <span data-f="s">{glyph(row.tone)}</span>
                    <a class="quiet strong" href=row.href.clone()>{row.name.clone()}</a>
                    {track::bar(&row.progress, &row.places)}
                    <span class="x" data-f="word">{row.word.clone()}</span>
                </div>
            }
        })
        .collect_view();
    view! { <div class="runs">{items}</div> }.into_any()
}
