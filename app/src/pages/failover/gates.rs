//! The gates before a start: closed ones with their reasons, and a form that closes one.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::Target;
use mainstay_core::failover::rules::{Gate, Gates, Rule};
use serde::Serialize;
use utoipa::ToSchema;

use super::list::Data;
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::{callout, no_permission};
use crate::ui::button::{Weight, post, submit};
use crate::ui::card::{Head, padded};
use crate::ui::form::{Field, Kind, error_summary, field, form, mistakes_title};
use crate::ui::tone::Tone;

/// A gate's form as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedGate {
    pub gate: String,
    pub reason: String,
    pub until: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverGateRow)]
pub struct GateRow {
    #[schema(value_type = String)]
    pub rule: Rule,
    #[schema(value_type = Option<Object>)]
    pub closed: Option<Gate>,
}

/// Both gates, as they stand.
pub(super) fn rows(gates: &Gates, now: DateTime<Utc>) -> Vec<GateRow> {
    let gate = |rule, gate: &Option<Gate>| {
        let open = |gate: &&Gate| gate.until.is_none_or(|until| until > now);
        GateRow { rule, closed: gate.as_ref().filter(open).cloned() }
    };
    vec![gate(Rule::Lock, &gates.lock), gate(Rule::Freeze, &gates.freeze)]
}

/// The gates: closed ones with their reasons, and a form that closes one.
pub(super) fn view(data: &Data, reader: &Reader) -> AnyView {
    let may = reader.may_operate(Target::default());
    let closed = data.gates.iter().filter_map(|row| {
        let gate = row.closed.as_ref()?;
        let until = gate.until.map(|until| text::moment(until, data.at));
        let until = until.map(|at| t!("failover-gate-until", at = at)).unwrap_or_default();
        let words = format!("{}: {} {until}", gate.by, gate.reason);
        let open = may.is_ok().then(|| {
            let action = paths::action(paths::FAILOVER, "open-gate");
            let fields = vec![
                ("gate", row.rule.name().to_owned()),
                ("key", format!("{}-{}", data.key, row.rule.name())),
            ];
            post(Weight::Plain, action, &reader.csrf, fields, t!("failover-gate-open"))
        });
        Some(callout(Tone::Warn, format!("{}.", super::rule(row.rule)), words, open))
    });
    let closed: Vec<_> = closed.collect();
    let head = Head::new(t!("failover-gates"));
    let form = match may {
        Err(refusal) => no_permission(text::refusal(&refusal), t!("failover-gate-close")),
        Ok(()) => gate_form(data, reader),
    };
    let none =
        closed.is_empty().then(|| view! { <p class="second">{t!("failover-gates-none")}</p> });
    padded(head, view! { {none}{closed}{form} })
}

fn gate_form(data: &Data, reader: &Reader) -> AnyView {
    let choices =
        [Rule::Lock, Rule::Freeze].map(|rule| (rule.name().to_owned(), super::rule(rule))).to_vec();
    let gate = Field {
        name: "gate",
        label: t!("failover-gate"),
        kind: Kind::Select(choices),
        value: data.typed.gate.clone(),
        ..Field::default()
    };
    let reason = Field {
        name: "reason",
        label: t!("failover-reason"),
        value: data.typed.reason.clone(),
        ..Field::default()
    };
    let until = Field {
        name: "until",
        label: t!("failover-until"),
        hint: Some(t!("failover-until-hint")),
        value: data.typed.until.clone(),
        ..Field::default()
    };
    let mistakes = &data.mistakes;
    let body = view! {
        {error_summary(mistakes_title(mistakes), mistakes)}
        <input type="hidden" name="key" value=data.key.clone()/>
        {field(gate, mistakes)}
        {field(reason, mistakes)}
        {field(until, mistakes)}
        {submit(Weight::Plain, t!("failover-gate-close"))}
    };
    form(paths::action(paths::FAILOVER, "close-gate"), &reader.csrf, body)
}
