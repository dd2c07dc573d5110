//! Steps of a run that take longer than steps of their kind ever did.

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::failover::Run;
use mainstay_core::failover::stuck::Stuck;
use serde::Serialize;
use utoipa::ToSchema;

use super::{seconds, step_words};
use crate::t;
use crate::text;
use crate::ui::block::callout;
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverStuckRow)]
pub struct StuckRow {
    pub step: String,
    pub words: String,
    /// When it was first called stuck.
    pub since: DateTime<Utc>,
    /// After how long a step of its kind is.
    pub limit_seconds: u64,
    /// Whether that was measured in earlier runs and drills; else it is the default of its kind.
    pub measured: bool,
    pub waits_for: String,
}

pub(super) fn rows(run: &Run, stuck: &[Stuck]) -> Vec<StuckRow> {
    let row = |it: &Stuck| {
        let step = run.plan.step(&it.step)?;
        Some(StuckRow {
            step: it.step.to_string(),
            words: step_words(step),
            since: it.since,
            limit_seconds: it.limit_seconds,
            measured: it.measured,
            waits_for: text::sentence(&it.waits_for),
        })
    };
    stuck.iter().filter_map(row).collect()
}

pub(super) fn view(rows: &[StuckRow], now: DateTime<Utc>) -> Vec<AnyView> {
    let one = |row: &StuckRow| {
        let limit = seconds(row.limit_seconds);
        let words = match row.measured {
            true => t!("failover-stuck-measured", limit = limit),
            false => t!("failover-stuck-default", limit = limit),
        };
        let since = t!(
            "failover-stuck-since",
            at = text::moment(row.since, now),
            age = text::duration((now - row.since).max(TimeDelta::zero()))
        );
        let detail = format!("{since} {words} {}", row.waits_for);
        callout(Tone::Crit, t!("failover-stuck", what = row.words.as_str()), detail, None)
    };
    rows.iter().map(one).collect()
}
