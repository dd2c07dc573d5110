//! What happened to a run, in sentences.

use chrono::{DateTime, Utc};
use mainstay_core::audit::Actor;
use mainstay_core::failover::{Run, State, StepState};
use serde::Serialize;
use utoipa::ToSchema;

use super::step_state;
use crate::t;
use crate::text;
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverLogRow)]
pub struct LogRow {
    pub at: DateTime<Utc>,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub words: String,
}

/// Something that happened to it, as the store tells.
#[derive(Clone, Debug)]
pub struct Told {
    pub at: DateTime<Utc>,
    pub actor: Actor,
    pub state: State,
    pub steps: Vec<(String, StepState)>,
}

/// What an event says: each step that changed, then the state if a person made it, and what the
/// run asks about from then on; `before`: the state before it.
pub(super) fn log(run: &Run, event: &Told, before: Option<&State>) -> Vec<LogRow> {
    let by = event.actor.name().to_owned();
    let mut rows: Vec<_> = event
        .steps
        .iter()
        .filter_map(|(id, state)| {
            let step = run.plan.steps().map(|(_, step)| step).find(|step| step.id.0 == *id)?;
            let (tone, word) = step_state(Some(state));
            let what = super::step_words(step);
            let seen = match state {
                // That it runs, and what it waits for, stands above.
                StepState::Running { .. } => return None,
                StepState::Done { seen, .. } => seen.clone(),
                StepState::Failed { why, .. } => why.clone(),
                StepState::Skipped { reason, .. } => format!("{by}: {reason}"),
            };
            let seen = if seen.is_empty() { seen } else { format!(" {}", text::sentence(&seen)) };
            Some(LogRow { at: event.at, tone, words: format!("{what}: {word}.{seen}") })
        })
        .collect();
    let person = !matches!(event.actor, Actor::System(_));
    let over = matches!(event.state, State::Ended { .. });
    if person || over {
        let like = Run { state: event.state.clone(), ..run.clone() };
        let (tone, word) = super::state(&like);
        rows.push(LogRow { at: event.at, tone, words: format!("{word} ({by}).") });
    }
    rows.extend(asks(run, event, before));
    rows
}

/// What it asks about where no step failed: a rule that forbids the next one, or nobody who is
/// there to take users.
fn asks(run: &Run, event: &Told, before: Option<&State>) -> Option<LogRow> {
    let State::Asking { step, why, .. } = &event.state else { return None };
    let failed = |(id, state): &(String, StepState)| {
        *id == step.0 && matches!(state, StepState::Failed { .. })
    };
    if before == Some(&event.state) || event.steps.iter().any(failed) {
        return None;
    }
    let what = run.plan.step(step).map(super::step_words)?;
    let words = format!("{what}: {} {}", t!("failover-does-not-begin"), text::sentence(why));
    Some(LogRow { at: event.at, tone: Tone::Crit, words })
}
