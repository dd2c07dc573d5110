//! The form that starts a plan.

use leptos::prelude::*;
use mainstay_core::access::Target;
use mainstay_core::failover::Mode;

use super::plan::{Data, RuleRow};
use crate::pages::Reader;
use crate::t;
use crate::text;
use crate::ui::block::no_permission;
use crate::ui::button::{Weight, submit};
use crate::ui::card::{Head, card, padded};
use crate::ui::form::{Field, Kind, error_summary, field, form, mistakes_title};
use crate::ui::tone::Tone;

/// The start form as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    pub mode: String,
    pub drill: bool,
    pub reason: String,
    pub confirm: String,
    pub emergency: bool,
    /// Names of rules that are overridden.
    pub overridden: Vec<String>,
    pub key: String,
    /// When the plan was looked at, under the server's seal.
    pub looked: String,
    /// The plan that was looked at, packed; its hash says that it is that.
    pub shown: String,
    /// The event that it belongs to; empty: none.
    pub event: String,
}

pub(super) fn view(data: &Data, reader: &Reader) -> AnyView {
    let head = Head::new(t!("failover-start"));
    if let Some(other) = &data.other {
        let words = t!("failover-other", run = other.as_str());
        return card(head, no_permission(words, t!("failover-start")));
    }
    if let Err(refusal) = reader.may_operate(Target::default()) {
        return card(head, no_permission(text::refusal(&refusal), t!("failover-start")));
    }
    if data.plan.is_empty() {
        let words = t!("failover-nothing-detail");
        return card(head, no_permission(words, t!("failover-start")));
    }
    padded(head, start_form(data, reader))
}

fn start_form(data: &Data, reader: &Reader) -> AnyView {
    let typed = &data.typed;
    let mistakes = &data.mistakes;
    let forced = match data.forced_loses {
        true => t!("failover-mode-forced-loses"),
        false => t!("failover-mode-forced"),
    };
    let modes = vec![
        (Mode::Graceful.name().to_owned(), t!("failover-mode-graceful")),
        (Mode::Forced.name().to_owned(), forced),
    ];
    let mode = Field {
        name: "mode",
        label: t!("failover-mode"),
        hint: Some(t!("failover-mode-hint")),
        kind: Kind::Select(modes),
        value: typed.mode.clone(),
        ..Field::default()
    };
    let tick = |on: bool| if on { "yes".to_owned() } else { String::new() };
    let drill = Field {
        name: "drill",
        label: t!("failover-drill"),
        hint: Some(t!("failover-drill-hint")),
        kind: Kind::Checkbox,
        value: tick(typed.drill),
        ..Field::default()
    };
    let reason = Field {
        name: "reason",
        label: t!("failover-reason"),
        hint: Some(t!("failover-reason-hint")),
        kind: Kind::Area(2),
        value: typed.reason.clone(),
        ..Field::default()
    };
    let confirm = Field {
        name: "confirm",
        label: t!("failover-confirm", name = data.name.as_str()),
        value: typed.confirm.clone(),
        autocomplete: Some("off"),
        ..Field::default()
    };
    let emergency = Field {
        name: "emergency",
        label: t!("failover-emergency"),
        hint: Some(t!("failover-emergency-hint")),
        kind: Kind::Checkbox,
        value: tick(typed.emergency),
        ..Field::default()
    };
    let drill = data.plan.back.is_none().then(|| field(drill, mistakes));
    let body = view! {
        {error_summary(mistakes_title(mistakes), mistakes)}
        <input type="hidden" name="key" value=typed.key.clone()/>
        <input type="hidden" name="plan" value=data.hash.clone()/>
        <input type="hidden" name="looked" value=typed.looked.clone()/>
        <input type="hidden" name="shown" value=typed.shown.clone()/>
        {field(mode, mistakes)}
        {drill}
        {event(data)}
        {overrides(data)}
        {field(reason, mistakes)}
        {field(confirm, mistakes)}
        {field(emergency, mistakes)}
        {submit(Weight::Danger, start_label(data))}
        <p class="muted small">{t!("failover-start-note")}</p>
    };
    form(data.action.clone(), &reader.csrf, body)
}

/// The event that it belongs to, where one is open.
fn event(data: &Data) -> Option<AnyView> {
    let typed = data.typed.event.trim();
    if data.events.is_empty() && typed.is_empty() {
        return None;
    }
    let mut choices = vec![(String::new(), t!("start-event-none"))];
    choices.extend(data.events.iter().cloned());
    if choices.iter().all(|(id, _)| id != typed) {
        choices.push((typed.to_owned(), typed.to_owned()));
    }
    let chosen = Field {
        name: "event",
        label: t!("start-event"),
        kind: Kind::Select(choices),
        value: typed.to_owned(),
        ..Field::default()
    };
    Some(field(chosen, &data.mistakes))
}

fn start_label(data: &Data) -> String {
    match data.plan.back {
        Some(_) => t!("failover-start-back", name = data.name.as_str()),
        None => t!("failover-start-do", name = data.name.as_str()),
    }
}

/// A box for each rule that does not hold: overriding names it.
fn overrides(data: &Data) -> Vec<AnyView> {
    let broken = data.rules.iter().filter(|row| row.tone != Tone::Ok);
    let one = |row: &RuleRow| {
        let name = row.rule.name();
        let checked = data.typed.overridden.iter().any(|it| it == name);
        let words = t!("failover-override", rule = super::rule(row.rule), why = row.words.as_str());
        view! {
            <div class="fld">
                <label class="check">
                    <input type="checkbox" name="override" value=name checked=checked/>
                    <span>{words}</span>
                </label>
            </div>
        }
        .into_any()
    };
    broken.map(one).collect()
}
