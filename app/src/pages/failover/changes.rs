//! What differs between the plan that is shown and another one of the same: the one that was
//! carried out last, or the one that somebody looked at before.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::failover::drift::{Change, drift};
use mainstay_core::failover::{Plan, Run};
use serde::Serialize;
use utoipa::ToSchema;

use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::callout;
use crate::ui::card::{Head, padded};
use crate::ui::glyph::glyph;
use crate::ui::time::time;
use crate::ui::tone::Tone;

/// Since it was carried out last.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverDrift)]
pub struct Drift {
    pub run: String,
    pub drill: bool,
    pub at: DateTime<Utc>,
    /// Each difference in a sentence; empty: it is the same plan.
    pub changes: Vec<String>,
}

/// Since somebody looked, where a start was refused because of that.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverLookedAgain)]
pub struct Again {
    /// Why it did not start.
    pub why: String,
    /// Each difference in a sentence; absent: what was shown is not known.
    pub changes: Option<Vec<String>>,
}

impl Drift {
    /// `last`: the last run of the same that was carried out to its end.
    pub fn of(last: &Run, now: &Plan) -> Self {
        Self {
            run: last.id.to_string(),
            drill: last.drill,
            at: last.changed_at,
            changes: sentences(&drift(&last.plan, now)),
        }
    }
}

impl Again {
    /// `before`: what was shown.
    pub fn of(why: String, before: Option<&Plan>, now: &Plan) -> Self {
        Self { why, changes: before.map(|before| sentences(&drift(before, now))) }
    }
}

fn sentences(changes: &[Change]) -> Vec<String> {
    changes.iter().map(text::sentence).collect()
}

/// The card of a plan.
pub(super) fn since_last(last: Option<&Drift>, now: DateTime<Utc>) -> AnyView {
    let head = Head::new(t!("failover-drift"));
    let Some(last) = last else {
        return padded(head, view! { <p class="second">{t!("failover-drift-never")}</p> });
    };
    let href = paths::failover_run(&last.run);
    let kind = if last.drill { t!("failover-drift-drill") } else { t!("failover-drift-run") };
    let said = view! {
        <p class="second">
            {kind}" "<a href=href>{last.run.clone()}</a>", "{time(last.at, now)}"."
        </p>
    };
    let body = match last.changes.is_empty() {
        true => view! { <p>{t!("failover-drift-none")}</p> }.into_any(),
        false => list(&last.changes),
    };
    padded(head, view! { {said}{body} })
}

/// Above the form that was refused.
pub(super) fn since_look(again: &Again) -> AnyView {
    let detail = match &again.changes {
        None => t!("failover-again-unknown"),
        Some(changes) if changes.is_empty() => t!("failover-again-same"),
        Some(_) => t!("failover-again-changed"),
    };
    let changes = again.changes.as_ref().filter(|changes| !changes.is_empty());
    let changes = changes.map(|changes| padded(Head::new(t!("failover-again")), list(changes)));
    view! { {callout(Tone::Warn, again.why.clone(), detail, None)}{changes} }.into_any()
}

fn list(changes: &[String]) -> AnyView {
    let items = changes
        .iter()
        .map(|words| view! { <li>{glyph(Tone::Warn)}<span>{words.clone()}</span></li> })
        .collect_view();
    view! { <ul class="checks">{items}</ul> }.into_any()
}
