//! What may be asked of a run that needs a reason, or another person.

use leptos::prelude::*;
use mainstay_core::access::Target;
use mainstay_core::failover::request::REASON_MIN_CHARS;
use mainstay_core::failover::{Mode, Run, State, StepState};

use super::run::{AskedRule, Data, FailedRow};
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::ui::button::{Weight, link_button, post, submit};
use crate::ui::card::{Head, padded};
use crate::ui::form::{Field, Kind, field, form};

/// The forms, each in a card of its own.
pub(super) fn forms(data: &Data, reader: &Reader) -> Vec<AnyView> {
    let run = &data.run;
    let mut cards = Vec::new();
    // The page of the approval says what it is bound to, and takes the answer.
    if matches!(run.state, State::Requested { .. }) {
        let open = data.approval.map(|id| {
            let href = paths::approval(id);
            link_button(Weight::Primary, href, t!("failover-open-approval", id = id.to_string()))
        });
        cards.push(padded(Head::new(t!("failover-allow")), open));
        return cards;
    }
    if run.is_over() || reader.may_operate(Target::default()).is_err() {
        return cards;
    }
    if let Some(failed) = &data.failed {
        let fields = vec![
            ("key", format!("{}-retry", data.key)),
            ("revision", run.revision.to_string()),
            ("step", failed.step.clone()),
        ];
        let action = paths::action(&data.row.href, "retry");
        let body = view! {
            <p class="second">{failed.words.clone()}</p>
            {post(Weight::Primary, action, &reader.csrf, fields, t!("failover-retry"))}
        };
        cards.push(padded(Head::new(t!("failover-retry")), body));
        let step = Some(failed.step.clone());
        let forbidden = !failed.rules.is_empty();
        if forbidden {
            cards.push(overriding(data, reader, failed));
        }
        let skip = if forbidden { t!("failover-skip-asked") } else { t!("failover-skip") };
        cards.push(reasoned(data, reader, "skip", skip, step));
    } else if let Some(step) = running_step(run) {
        cards.push(reasoned(data, reader, "skip", t!("failover-skip-running"), Some(step)));
    }
    cards.push(reasoned(data, reader, "stop", t!("failover-stop"), None));
    if run.mode == Mode::Graceful {
        cards.push(reasoned(data, reader, "force", t!("failover-force"), None));
    }
    cards
}

/// The step that has run longest.
fn running_step(run: &Run) -> Option<String> {
    let running = run.steps.iter().filter_map(|(id, state)| match state {
        StepState::Running { since, .. } => Some((*since, id.to_string())),
        StepState::Done { .. } | StepState::Failed { .. } | StepState::Skipped { .. } => None,
    });
    running.min().map(|(_, id)| id)
}

/// A folded form that asks for a reason.
fn reasoned(
    data: &Data,
    reader: &Reader,
    verb: &'static str,
    label: String,
    step: Option<String>,
) -> AnyView {
    let step = step.map(|step| {
        let name = step.clone();
        view! {
            <input type="hidden" name="step" value=step/>
            <p class="second">{name}</p>
        }
    });
    let emergency = (verb == "force").then(|| emergency(data, t!("failover-force-hint")));
    let body = view! {
        {step}
        {reason_field(data)}
        {emergency}
    };
    folded(data, reader, verb, label, body.into_any())
}

/// A box for each rule that the run asks about: overriding names it.
fn overriding(data: &Data, reader: &Reader, failed: &FailedRow) -> AnyView {
    let one = |asked: &AskedRule| {
        let checked = data.typed.rules.contains(&asked.rule);
        let words = t!("failover-override-rule", rule = asked.words.as_str());
        view! {
            <div class="fld">
                <label class="check">
                    <input type="checkbox" name="override" value=asked.rule.name() checked=checked/>
                    <span>{words}</span>
                </label>
            </div>
        }
    };
    let body = view! {
        <p class="second">{failed.why.clone()}</p>
        {failed.rules.iter().map(one).collect_view()}
        {reason_field(data)}
        {emergency(data, t!("failover-override-hint"))}
    };
    folded(data, reader, "override", t!("failover-override-rules"), body.into_any())
}

fn reason_field(data: &Data) -> AnyView {
    let reason = Field {
        name: "reason",
        label: t!("failover-reason"),
        hint: Some(t!("failover-reason-least", n = REASON_MIN_CHARS)),
        value: data.typed.reason.clone(),
        ..Field::default()
    };
    field(reason, &data.mistakes)
}

fn emergency(data: &Data, hint: String) -> AnyView {
    let emergency = Field {
        name: "emergency",
        label: t!("failover-emergency"),
        hint: Some(hint),
        kind: Kind::Checkbox,
        value: if data.typed.emergency { "yes".to_owned() } else { String::new() },
        ..Field::default()
    };
    field(emergency, &data.mistakes)
}

/// A form that is folded until somebody needs it.
fn folded(
    data: &Data,
    reader: &Reader,
    verb: &'static str,
    label: String,
    fields: AnyView,
) -> AnyView {
    let body = view! {
        <input type="hidden" name="key" value=format!("{}-{verb}", data.key)/>
        <input type="hidden" name="revision" value=data.run.revision.to_string()/>
        {fields}
        {submit(Weight::Plain, label.clone())}
    };
    let action = paths::action(&data.row.href, verb);
    let open = !data.mistakes.is_empty();
    view! {
        <section class="card">
            <details class="pad" open=open>
                <summary>{label}</summary>
                {form(action, &reader.csrf, body)}
            </details>
        </section>
    }
    .into_any()
}
