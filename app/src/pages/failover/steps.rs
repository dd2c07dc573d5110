//! Steps of a group as a list.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::failover::{GroupPlan, Run, StepState};
use serde::Serialize;
use utoipa::ToSchema;

use super::{step_state, step_words};
use crate::text;
use crate::ui::glyph::glyph_named;
use crate::ui::time::time_seconds;
use crate::ui::tone::Tone;

/// One step.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverStepRow)]
pub struct StepRow {
    pub id: String,
    pub kind: String,
    pub subject: String,
    pub from: Option<String>,
    pub to: Option<String>,
    pub words: String,
    /// Absent in a plan.
    #[schema(value_type = Option<String>)]
    pub tone: Option<Tone>,
    pub state: String,
    /// What was seen last, or why it failed or was skipped.
    pub seen: String,
    pub since: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub after: Vec<String>,
}

pub(super) fn rows(group: &GroupPlan, run: Option<&Run>) -> Vec<StepRow> {
    let row = |step: &mainstay_core::failover::Step| {
        let state = run.and_then(|run| run.steps.get(&step.id));
        let (tone, word) = step_state(state);
        let seen = match state {
            None => String::new(),
            Some(StepState::Running { seen, .. } | StepState::Done { seen, .. }) => seen.clone(),
            Some(StepState::Failed { why, .. }) => why.clone(),
            Some(StepState::Skipped { by, reason, .. }) => format!("{by}: {reason}"),
        };
        StepRow {
            id: step.id.to_string(),
            kind: step.act.name().to_owned(),
            subject: step.act.subject().to_owned(),
            from: step.from.as_ref().map(ToString::to_string),
            to: step.to.as_ref().map(ToString::to_string),
            words: step_words(step),
            tone: run.map(|_| tone),
            state: word,
            seen: text::sentence(&seen),
            since: state.and_then(StepState::since),
            ended_at: state.and_then(StepState::ended),
            after: step.after.iter().map(ToString::to_string).collect(),
        }
    };
    group.steps.iter().map(row).collect()
}

pub(super) fn view(rows: &[StepRow], now: DateTime<Utc>) -> AnyView {
    let items = rows
        .iter()
        .map(|row| {
            let mark = row.tone.map(|tone| glyph_named(tone, &row.state));
            let took = row.since.zip(row.ended_at).map(|(since, ended)| {
                let took = text::duration(ended - since);
                view! { <span class="muted">{took}</span> }
            });
            let running = row.since.filter(|_| row.ended_at.is_none()).map(|since| {
                view! { <span class="muted">{time_seconds(since, now)}</span> }
            });
            let seen = (!row.seen.is_empty())
                .then(|| view! { <br/><span class="muted">{row.seen.clone()}</span> });
            view! {
                <li>
                    {mark}
                    <span>{row.words.clone()}" "{took}{running}{seen}</span>
                </li>
            }
        })
        .collect_view();
    view! { <ol class="checks">{items}</ol> }.into_any()
}
