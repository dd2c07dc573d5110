//! The course of a rollout: its steps in this wave, or its data centres where nodes go one by one.

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::fleet::Strategy;
use mainstay_core::rollout::{Ending, Plan, Position, State};
use mainstay_core::routing::WEIGHT_TOTAL;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Data, Entry, Input, number, position};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::tone::Tone;
use crate::ui::track::{Place, Step, track};

/// A step of the current wave, and at the end what stops the old version.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StepRow {
    /// Number of its page; absent for the end.
    pub number: Option<u32>,
    pub name: String,
    /// `25%`, or how many nodes of how many.
    pub size: String,
    pub watch: String,
    /// `passed 02:46`.
    pub when: String,
    #[schema(value_type = Object)]
    pub place: Place,
}

/// The new version's share of requests in the wave that is on, out of 10,000.
pub(super) fn share(input: &Input<'_>) -> u16 {
    let rollout = input.rollout;
    let wave = match position(&rollout.state) {
        Some(at) => rollout.plan.waves.get(usize::from(at.wave)),
        None => rollout.plan.waves.last(),
    };
    let region = wave.and_then(|wave| wave.regions.first());
    match (&rollout.state, region) {
        (State::Promoted { .. } | State::Ended { outcome: Ending::Promoted, .. }, _) => {
            WEIGHT_TOTAL
        }
        (State::RolledBack { .. } | State::Ended { .. }, _) | (_, None) => 0,
        (_, Some(region)) => {
            mainstay_core::rollout::new_share(&input.estate.fleet, rollout, region)
        }
    }
}

pub(super) fn steps(input: &Input<'_>) -> Vec<StepRow> {
    let plan = &input.rollout.plan;
    let here = place_of(input);
    let mut rows = match plan.strategy {
        Strategy::Canary => canary(input, &here),
        Strategy::Rolling => rolling(input, &here),
    };
    rows.push(finish(input));
    rows
}

/// Where the course stands: the wave that is shown, the step in it, and the look of that step.
struct Here {
    wave: u16,
    /// Past the last: everything is behind.
    step: u16,
    place: Place,
    when: String,
}

fn place_of(input: &Input<'_>) -> Here {
    let Input { rollout, estate, .. } = input;
    let plan = &rollout.plan;
    let now = estate.at;
    let clock = |at| text::clock(at, now);
    let last = plan.last();
    let whole = Here {
        wave: last.wave,
        step: plan.positions(last.wave),
        place: Place::Next,
        when: String::new(),
    };
    let (at, place, when) = match &rollout.state {
        State::Preparing { at, .. } => (*at, Place::Now(Tone::Prog, 0), t!("step-preparing")),
        State::Testing { at, .. } => (*at, Place::Now(Tone::Prog, 0), t!("step-testing")),
        State::Shifting { at, .. } => (*at, Place::Now(Tone::Prog, 0), t!("step-shifting")),
        State::Watching { at, since } => {
            let percent = elapsed(plan, *at, *since, now);
            let end = *since + TimeDelta::seconds(i64::from(plan.watch_seconds(*at)));
            let when =
                if end > now { t!("step-until", at = clock(end)) } else { t!("step-longer") };
            (*at, Place::Now(Tone::Prog, percent), when)
        }
        State::Paused { at, since, .. } => {
            let began = watched_since(input.entries, *at);
            let percent = began.map_or(0, |began| elapsed(plan, *at, began, *since));
            (*at, Place::Now(Tone::Pause, percent), t!("step-paused", at = clock(*since)))
        }
        State::Promoted { .. } | State::Ended { outcome: Ending::Promoted, .. } => return whole,
        State::RollingBack { was: None, .. } | State::RolledBack { was: None, .. } => return whole,
        State::RollingBack { since, was: Some(was), .. } => {
            (*was, Place::Done(Tone::Crit), t!("step-stopped", at = clock(*since)))
        }
        State::RolledBack { was: Some(was), .. } => {
            let at = stopped_at(input.entries).unwrap_or(rollout.changed_at);
            (*was, Place::Done(Tone::Crit), t!("step-stopped", at = clock(at)))
        }
        State::Ended { at, outcome: Ending::RolledBack { .. } } => {
            let stopped = stopped_at(input.entries).unwrap_or(*at);
            let was = input.entries.iter().rev().find_map(|entry| {
                let State::RolledBack { was, .. } = entry.state else { return None };
                Some(was)
            });
            let Some(was) = was.flatten() else { return whole };
            (was, Place::Done(Tone::Crit), t!("step-stopped", at = clock(stopped)))
        }
    };
    Here { wave: at.wave, step: at.step, place, when }
}

/// Part of a position's watch time that is over, in percent.
fn elapsed(plan: &Plan, at: Position, since: DateTime<Utc>, now: DateTime<Utc>) -> u8 {
    let watch = i64::from(plan.watch_seconds(at)).max(1);
    ((now - since).num_seconds().clamp(0, watch) * 100 / watch) as u8
}

fn watched_since(entries: &[Entry], position: Position) -> Option<DateTime<Utc>> {
    entries.iter().rev().find_map(|entry| {
        let State::Watching { at, since } = entry.state else { return None };
        (at == position).then_some(since)
    })
}

fn stopped_at(entries: &[Entry]) -> Option<DateTime<Utc>> {
    let back = |entry: &&Entry| matches!(entry.state, State::RollingBack { .. });
    entries.iter().rev().find(back).map(|entry| entry.at)
}

/// When a position was left for a later one.
pub(super) fn passed_at(entries: &[Entry], at: Position) -> Option<DateTime<Utc>> {
    let later = |entry: &&Entry| {
        let promoted = matches!(entry.state, State::Promoted { .. });
        promoted || position(&entry.state).is_some_and(|other| other > at)
    };
    entries.iter().find(later).map(|entry| entry.at)
}

fn canary(input: &Input<'_>, here: &Here) -> Vec<StepRow> {
    let plan = &input.rollout.plan;
    let row = |(n, step): (u16, &mainstay_core::rollout::Step)| {
        let at = Position { wave: here.wave, step: n };
        let (place, when) = standing(input, here, at);
        let watch = TimeDelta::seconds(i64::from(step.watch_seconds));
        StepRow {
            number: Some(number(plan, at)),
            name: t!("step-name", n = text::number(n + 1)),
            size: text::rollout::weight(step.weight),
            watch: match step.pause {
                true => t!("step-watch-pause", time = text::duration(watch)),
                false => t!("step-watch", time = text::duration(watch)),
            },
            when,
            place,
        }
    };
    (0..).zip(&plan.steps).map(row).collect()
}

fn standing(input: &Input<'_>, here: &Here, at: Position) -> (Place, String) {
    match at.step.cmp(&here.step) {
        std::cmp::Ordering::Less => {
            let when = passed_at(input.entries, at)
                .map(|passed| t!("step-passed", at = text::clock(passed, input.estate.at)));
            (Place::Done(Tone::Ok), when.unwrap_or_default())
        }
        std::cmp::Ordering::Equal => (here.place, here.when.clone()),
        std::cmp::Ordering::Greater => (Place::Next, t!("step-waiting")),
    }
}

/// A data centre for each step, for there are as many positions as nodes.
fn rolling(input: &Input<'_>, here: &Here) -> Vec<StepRow> {
    let plan = &input.rollout.plan;
    let Some(wave) = plan.waves.get(usize::from(here.wave)) else { return Vec::new() };
    let watch = TimeDelta::seconds(i64::from(plan.node_watch_seconds));
    let mut before = 0u16;
    let mut rows = Vec::new();
    for (datacenter, nodes) in &wave.datacenters {
        let first = Position { wave: here.wave, step: before };
        let done = here.step.saturating_sub(before).min(*nodes);
        let last = Position { step: before + nodes.saturating_sub(1), ..first };
        let (place, when) = if done == *nodes {
            standing(input, here, last)
        } else if here.step >= before {
            let percent = (u32::from(done) * 100 / u32::from((*nodes).max(1))) as u8;
            let place = match here.place {
                Place::Now(tone, _) => Place::Now(tone, percent),
                other @ (Place::Done(_) | Place::Next) => other,
            };
            (place, here.when.clone())
        } else {
            (Place::Next, t!("step-waiting"))
        };
        rows.push(StepRow {
            number: Some(number(
                plan,
                Position { step: before + done.min(nodes.saturating_sub(1)), ..first },
            )),
            name: datacenter.to_string(),
            size: t!("step-nodes", done = text::number(done), nodes = text::number(*nodes)),
            watch: t!("step-watch-node", time = text::duration(watch)),
            when,
            place,
        });
        before += nodes;
    }
    rows
}

/// What ends it: the version that was left is stopped.
fn finish(input: &Input<'_>) -> StepRow {
    let Input { rollout, estate, .. } = input;
    let plan = &rollout.plan;
    let stop = |version: &str| t!("step-stop", version = version);
    let (size, watch, when, place) = match &rollout.state {
        State::Promoted { warm_until, .. } => {
            let when = t!("step-until", at = text::clock(*warm_until, estate.at));
            (
                t!("step-finish"),
                t!("step-warm", version = plan.from.as_str()),
                when,
                Place::Now(Tone::Ok, 0),
            )
        }
        State::Ended { outcome: Ending::Promoted, at } => {
            let when = text::clock(*at, estate.at);
            (
                t!("step-finish"),
                t!("step-stopped-version", version = plan.from.as_str()),
                when,
                Place::Done(Tone::Ok),
            )
        }
        State::RollingBack { .. } => {
            (t!("step-back"), String::new(), t!("step-going"), Place::Now(Tone::Warn, 0))
        }
        State::RolledBack { at, .. } | State::Ended { at, .. } => {
            let when = text::clock(*at, estate.at);
            (
                t!("step-back"),
                t!("step-all-on", version = plan.from.as_str()),
                when,
                Place::Done(Tone::Ok),
            )
        }
        State::Preparing { .. }
        | State::Testing { .. }
        | State::Shifting { .. }
        | State::Watching { .. }
        | State::Paused { .. } => (t!("step-finish"), stop(&plan.from), String::new(), Place::Next),
    };
    StepRow { number: None, name: t!("step-end"), size, watch, when, place }
}

pub(super) fn view(data: &Data) -> AnyView {
    let id = data.rollout.id;
    let steps = data.steps.iter().map(|row| Step {
        href: row.number.map(|n| paths::rollout_step(id, n)),
        name: row.name.clone(),
        big: row.size.clone(),
        small: row.watch.clone(),
        when: row.when.clone(),
        place: row.place,
    });
    let track = track(t!("rollout-steps"), steps.collect());
    view! { <section class="card" aria-label=t!("rollout-steps")>{track}</section> }.into_any()
}
