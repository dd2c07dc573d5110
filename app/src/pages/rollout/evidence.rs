//! "If you roll back": what is known of the way back, on the page for as long as the button is.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::rollout::{Ease, Evidence, Plan};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Data, Slot};
use crate::t;
use crate::text;
use crate::ui::card::{Head, padded};
use crate::ui::glyph::glyph_named;
use crate::ui::shares::shares;
use crate::ui::tone::Tone;

/// One live check.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EvidenceRow {
    #[schema(value_type = String)]
    pub tone: Tone,
    /// The look in a word.
    pub answer: String,
    pub words: String,
}

/// The checks in words.
pub fn rows(evidence: &Evidence, plan: &Plan, now: DateTime<Utc>) -> Vec<EvidenceRow> {
    let row = |check: &mainstay_core::rollout::Check| EvidenceRow {
        tone: text::check::level(check.level),
        answer: text::check::level_word(check.level),
        words: text::check::line(&check.line, &plan.to, now),
    };
    let mut rows: Vec<_> = evidence.checks.iter().map(row).collect();
    if evidence.ease == Ease::SecondPerson {
        rows.push(EvidenceRow {
            tone: Tone::Crit,
            answer: text::check::level_word(mainstay_core::rollout::Level::Block),
            words: t!("check-loses-data"),
        });
    }
    rows
}

/// The checks as a list, and when they were made.
pub fn list(rows: &[EvidenceRow], now: DateTime<Utc>) -> AnyView {
    let items = rows
        .iter()
        .map(|row| {
            let words = row.words.clone();
            view! { <li>{glyph_named(row.tone, &row.answer)}<span>{words}</span></li> }
        })
        .collect_view();
    let at = text::clock_seconds(now, now);
    view! {
        <ul class="checks">{items}</ul>
        <p class="muted small">{t!("evidence-checked", at = at)}</p>
    }
    .into_any()
}

pub(super) fn view(data: &Data) -> AnyView {
    let plan = &data.rollout.plan;
    let percent = f64::from(data.share) / 100.0;
    let rest = mainstay_core::routing::WEIGHT_TOTAL.saturating_sub(data.share);
    let side = |version: &str, share| {
        t!("share-of", version = version, share = text::rollout::weight(share))
    };
    let body = view! {
        <div data-swap="evidence">
            {shares(side(&plan.from, rest), side(&plan.to, data.share), percent)}
            {list(&data.evidence, data.at)}
        </div>
    };
    let back = matches!(data.slot, Slot::Going { .. } | Slot::Undo { .. });
    padded(Head::new(if back { t!("evidence-back") } else { t!("evidence") }), body)
}
