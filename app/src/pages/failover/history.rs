//! How ready regions and data centres were over the last 30 days: bands, and the table behind.

use std::collections::BTreeMap;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::failover::readiness::{Away, KEPT, Kept, Minutes, Stretch, over_time};
use serde::Serialize;
use utoipa::ToSchema;

use super::verdict;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::bands::{self, BANDS_MAX, Bands, Piece, Row};
use crate::ui::card::{Head, card};
use crate::ui::raw;
use crate::ui::table::{Column, table};
use crate::ui::tone::Tone;

/// Shortest stretch that is told, in hours: it is kept by the hour.
const HOURS_MIN: usize = 1;
const HOURS_OF_A_DAY: usize = 24;

/// How ready a place was.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverReadinessRow)]
pub struct HistoryRow {
    /// `region/eu-west` or `dc/fra1`.
    pub place: String,
    pub id: String,
    pub href: String,
    /// Of the minutes since it was judged first, the share in which it could go away; those that
    /// nobody judged count against it.
    pub score_percent: Option<f64>,
    #[schema(value_type = Object)]
    pub minutes: Minutes,
    /// Stretches with their minutes, oldest first.
    #[schema(value_type = Vec<Object>)]
    pub stretches: Vec<Stretch>,
}

/// Hours of a stretch, so that all rows have room in one drawing.
pub fn hours(places: usize) -> i32 {
    let all = usize::try_from(KEPT.num_hours()).unwrap_or(HOURS_OF_A_DAY) * places;
    let least = all.div_ceil(BANDS_MAX).max(HOURS_MIN);
    // A whole part of a day, or days.
    let fits = (least..HOURS_OF_A_DAY).find(|hours| HOURS_OF_A_DAY.is_multiple_of(*hours));
    let hours = fits.unwrap_or(least.div_ceil(HOURS_OF_A_DAY) * HOURS_OF_A_DAY);
    i32::try_from(hours).unwrap_or(i32::MAX)
}

/// From when on it is told.
pub fn since(now: DateTime<Utc>) -> DateTime<Utc> {
    (now - KEPT).duration_trunc(TimeDelta::days(1)).unwrap_or(now)
}

/// `kept` in stretches of so many hours, of places that are there.
pub(super) fn rows(
    kept: &BTreeMap<Away, Kept>,
    hours: i32,
    is_there: impl Fn(&Away) -> bool,
    now: DateTime<Utc>,
) -> Vec<HistoryRow> {
    let until = now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now);
    let row = |(away, kept): (&Away, &Kept)| {
        let (stretches, minutes) = over_time(kept, TimeDelta::hours(hours.into()), until);
        HistoryRow {
            place: away.to_string(),
            id: away.id().to_owned(),
            href: paths::failover_plan(away.id()),
            score_percent: minutes.score(),
            minutes,
            stretches,
        }
    };
    kept.iter().filter(|(away, _)| is_there(away)).map(row).collect()
}

pub(super) fn view(rows: &[HistoryRow], now: DateTime<Utc>) -> Option<AnyView> {
    let from = rows.iter().filter_map(|row| row.stretches.first()).map(|it| it.from).min()?;
    let pieces = |row: &HistoryRow| {
        let pieces = row.stretches.iter().filter_map(|it| {
            let (tone, _) = verdict(it.minutes.worst()?);
            Some(Piece { from: it.from, to: it.to, tone })
        });
        Row { label: row.id.clone(), pieces: bands::join(pieces) }
    };
    let drawn = Bands { from, to: now, rows: rows.iter().map(pieces).collect() };
    let columns = vec![
        Column::new(t!("failover-col-away")),
        Column::number(t!("readiness-score")),
        Column::number(t!("readiness-not-ready")),
        Column::number(t!("readiness-unknown")),
        Column::number(t!("readiness-warnings")),
        Column::number(t!("readiness-all")),
    ];
    let body = rows.iter().map(row_view).collect_view();
    let head = Head::new(t!("readiness-title")).note(t!("readiness-note"));
    let drawing = raw(bands::svg_for_all(&drawn, bands::COLUMN));
    let figure = view! {
        <figure class="chart pad">
            {drawing}
            <p class="second">{t!("readiness-worst")}</p>
            <details>
                <summary>{t!("chart-table")}</summary>
                {table(t!("readiness-title"), columns, body)}
            </details>
        </figure>
    };
    Some(card(head, figure))
}

fn row_view(row: &HistoryRow) -> AnyView {
    let minutes = &row.minutes;
    let length = |minutes: u32| text::duration(TimeDelta::minutes(minutes.into()));
    let score = row
        .score_percent
        .map_or_else(|| t!("unknown-word"), |score| t!("weight", n = text::decimal(score, 1)));
    let (tone, _) = minutes.worst().map_or((Tone::Unk, String::new()), verdict);
    view! {
        <tr>
            <th scope="row"><a href=row.href.clone()>{state(tone, row.id.clone())}</a></th>
            <td class="num" data-l=t!("readiness-score")>{score}</td>
            <td class="num" data-l=t!("readiness-not-ready")>{length(minutes.not_ready)}</td>
            <td class="num" data-l=t!("readiness-unknown")>
                {length(minutes.unknown + minutes.unjudged)}
            </td>
            <td class="num" data-l=t!("readiness-warnings")>{length(minutes.warnings)}</td>
            <td class="num" data-l=t!("readiness-all")>{length(minutes.all())}</td>
        </tr>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_places_have_room_in_one_drawing() {
        for (places, expected) in [(0, 1), (1, 1), (2, 1), (3, 2), (15, 8), (40, 24), (80, 48)] {
            let hours = hours(places);
            assert_eq!(hours, expected, "{places}");
            let count = places * usize::try_from(KEPT.num_hours()).unwrap_or_default();
            let drawn = count.div_ceil(usize::try_from(hours).unwrap_or(1));
            assert!(drawn <= BANDS_MAX, "{places}: {drawn}");
        }
    }
}
