//! `/rollouts/{id}/steps/{n}`: one step, its verdicts and what users saw of it.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::id::{DatacenterId, RegionId};
use mainstay_core::rollout::{Position, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::course::passed_at;
use super::metric::{VerdictRow, verdict_rows, verdict_table};
use super::{Input, LogRow, RolloutHead, numbered, position, swapped_badge};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::empty;
use crate::ui::card::{Head, card, columns, key_values, padded, stack};
use crate::ui::head::{PageHead, page_head};
use crate::ui::link::pager;
use crate::ui::log::lines;
use crate::ui::time::time_full;
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub rollout: RolloutHead,
    pub number: u32,
    /// How many steps there are.
    pub of: u32,
    pub wave: u16,
    /// The share of requests, out of 10,000; absent for one node of many.
    pub weight: Option<u16>,
    pub watch_seconds: u32,
    #[schema(value_type = Vec<String>)]
    pub regions: Vec<RegionId>,
    #[schema(value_type = Vec<String>)]
    pub datacenters: Vec<DatacenterId>,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    pub began_at: Option<DateTime<Utc>>,
    pub watched_since: Option<DateTime<Utc>>,
    pub passed_at: Option<DateTime<Utc>>,
    pub log: Vec<LogRow>,
    /// Newest first.
    pub verdicts: Vec<VerdictRow>,
}

/// `None`: the plan has no such step.
pub fn build(input: Input<'_>, number: u32) -> Option<Data> {
    let Input { rollout, entries, estate, .. } = input;
    let plan = &rollout.plan;
    let at = numbered(plan, number)?;
    let wave = plan.waves.get(usize::from(at.wave))?;
    let here = |entry: &&super::Entry| position(&entry.state) == Some(at);
    let watched = entries.iter().find_map(|entry| {
        let State::Watching { at: position, since } = entry.state else { return None };
        (position == at).then_some(since)
    });
    let passed = passed_at(entries, at);
    let (tone, word) = standing(&input, at, passed.is_some());
    let mut log: Vec<_> = entries
        .iter()
        .filter(here)
        .filter_map(|entry| {
            let (tone, words) = text::rollout::log_line(plan, &entry.state)?;
            Some(LogRow { at: entry.at, tone, words })
        })
        .collect();
    log.reverse();
    let waves = u16::try_from(plan.waves.len()).unwrap_or(u16::MAX);
    let of = (0..waves).map(|wave| u32::from(plan.positions(wave))).sum();
    Some(Data {
        at: estate.at,
        rollout: RolloutHead::of(rollout),
        number,
        of,
        wave: at.wave + 1,
        weight: (!plan.steps.is_empty()).then(|| plan.share(at.step)),
        watch_seconds: plan.watch_seconds(at),
        regions: wave.regions.clone(),
        datacenters: plan.datacenters(at).into_iter().cloned().collect(),
        tone,
        word,
        began_at: entries.iter().find(here).map(|entry| entry.at),
        watched_since: watched,
        passed_at: passed,
        log,
        verdicts: verdict_rows(&input, |judged| judged.position == at, None),
    })
}

fn standing(input: &Input<'_>, at: Position, passed: bool) -> (Tone, String) {
    let rollout = input.rollout;
    let here = position(&rollout.state) == Some(at);
    if here {
        return text::rollout::rollout_state(&rollout.plan, &rollout.state);
    }
    if passed { (Tone::Ok, t!("step-passed-word")) } else { (Tone::Plan, t!("wave-waiting")) }
}

pub fn title(data: &Data) -> String {
    let n = text::number(data.number);
    t!("step-title", n = n, name = data.rollout.name.as_str())
}

pub fn view(data: &Data) -> AnyView {
    let head = page_head(PageHead {
        title: t!("step-of", n = text::number(data.number), of = text::number(data.of)),
        crumbs: data.rollout.crumbs(),
        badge: Some(swapped_badge(data.tone, &data.word)),
        note: Some(data.rollout.name.clone().into_any()),
        actions: None,
    });
    let table = if data.verdicts.is_empty() {
        empty(t!("verdicts-none"), t!("verdicts-none-detail"), None)
    } else {
        verdict_table(&data.verdicts, data.at)
    };
    let log = data.log.iter().map(|row| (row.at, row.tone, row.words.clone())).collect();
    let step = |n: u32| paths::rollout_step(data.rollout.id, n);
    let before = (data.number > 1).then(|| step(data.number - 1));
    let next = (data.number < data.of).then(|| (step(data.number + 1), t!("step-next")));
    let log = card(Head::new(t!("log")), lines(log, data.at));
    let body = view! {
        <div data-swap="course">{columns(log, padded(Head::new(t!("facts")), facts(data)))}</div>
        <div data-swap="verdicts">
            {card(Head::new(t!("verdicts")).right(t!("verdicts-note")), table)}
        </div>
        {pager(before, next)}
    };
    view! { {head}{stack(body)} }.into_any()
}

fn facts(data: &Data) -> AnyView {
    let regions = text::list(data.regions.iter().map(|id| id.as_str()));
    let datacenters = text::list(data.datacenters.iter().map(|id| id.as_str()));
    let watch = chrono::TimeDelta::seconds(i64::from(data.watch_seconds));
    let mut facts = vec![
        (t!("wave"), text::number(data.wave).into_any()),
        (t!("col-region"), regions.into_any()),
        (t!("col-datacenters"), datacenters.into_any()),
        (t!("fact-watch"), text::duration(watch).into_any()),
    ];
    if let Some(weight) = data.weight {
        facts.insert(0, (t!("fact-share"), text::rollout::weight(weight).into_any()));
    }
    let times = [
        (t!("fact-began"), data.began_at),
        (t!("fact-watched"), data.watched_since),
        (t!("fact-passed"), data.passed_at),
    ];
    for (name, at) in times {
        if let Some(at) = at {
            facts.push((name, time_full(at)));
        }
    }
    key_values(facts)
}
