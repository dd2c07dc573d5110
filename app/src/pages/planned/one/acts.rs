//! What may be done with an event: at once in its head, and what needs words beside it.

use leptos::prelude::*;
use mainstay_core::access::Target;
use mainstay_core::planned::State;
use mainstay_core::planned::request::{EARLY, REASON_MIN_CHARS, WAIVER_MOST};

use super::Data;
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::no_permission;
use crate::ui::button::{Weight, disabled, link_button, post, submit};
use crate::ui::form::{Field, Kind, field, form};

/// Why the reader may not act on this event: their role, for a group or a place of it.
fn may(data: &Data, reader: &Reader) -> Result<(), String> {
    let groups = data.groups.iter().map(|it| Target { group: Some(it), datacenter: None });
    let places = data.event.content.datacenters.iter();
    let places = places.map(|it| Target { group: None, datacenter: Some(it) });
    std::iter::once(Target::default())
        .chain(groups)
        .chain(places)
        .try_for_each(|target| reader.may_operate(target))
        .map_err(|refusal| text::refusal(&refusal))
}

/// The address of a verb.
fn to(data: &Data, verb: &str) -> String {
    paths::action(&data.row.href, verb)
}

/// The start while it is planned; nothing else is done with one click.
pub(super) fn head(data: &Data, reader: &Reader) -> Option<AnyView> {
    if !matches!(data.event.state, State::Planned) || may(data, reader).is_err() {
        return None;
    }
    let label = t!("event-start");
    let begins = data.event.content.from - EARLY;
    let start = if !data.open.is_empty() {
        disabled(label, t!("event-open", n = data.open.len()))
    } else if data.at < begins {
        disabled(label, t!("event-start-from", at = text::moment(begins, data.at)))
    } else if data.at >= data.event.content.until {
        disabled(label, t!("event-never-started"))
    } else {
        let fields = vec![
            ("key", format!("{}-start", data.key)),
            ("revision", data.event.revision.to_string()),
        ];
        post(Weight::Primary, to(data, "start"), &reader.csrf, fields, label)
    };
    let change = link_button(Weight::Plain, to(data, "change"), t!("event-change-open"));
    Some(view! { {change}{start} }.into_any())
}

/// What needs a note, a reason or a second person.
pub(super) fn forms(data: &Data, reader: &Reader) -> Option<AnyView> {
    if data.event.state.is_over() {
        return None;
    }
    if let Err(why) = may(data, reader) {
        let refused = no_permission(why, t!("event-start"));
        return Some(view! { <section class="card">{refused}</section> }.into_any());
    }
    if matches!(data.event.state, State::Running { .. }) {
        let said = Field {
            name: "said",
            label: t!("event-end-note"),
            kind: Kind::Area(2),
            value: data.typed.said.clone(),
            ..Field::default()
        };
        let end = folded(data, reader, ("end", t!("event-end")), vec![said], true);
        return Some(view! { {end}{waive(data, reader)} }.into_any());
    }
    let tick = tick(data, reader);
    let waive = waive(data, reader);
    let why = Field {
        name: "why",
        label: t!("reason"),
        hint: Some(t!("failover-reason-least", n = REASON_MIN_CHARS)),
        value: data.typed.why.clone(),
        required: true,
        ..Field::default()
    };
    let cancel = folded(data, reader, ("cancel", t!("event-cancel")), vec![why], false);
    Some(view! { {tick}{waive}{cancel} }.into_any())
}

fn tick(data: &Data, reader: &Reader) -> Option<AnyView> {
    let manual = data.checks.iter().filter(|row| row.manual);
    let choices: Vec<_> = manual.map(|row| (row.name.clone(), row.label.clone())).collect();
    if choices.is_empty() {
        return None;
    }
    let check = Field {
        name: "check",
        label: t!("event-check"),
        kind: Kind::Select(choices),
        value: data.typed.check.clone(),
        ..Field::default()
    };
    let note = Field {
        name: "note",
        label: t!("event-tick-note"),
        hint: Some(t!("failover-reason-least", n = REASON_MIN_CHARS)),
        kind: Kind::Area(2),
        value: data.typed.note.clone(),
        required: true,
        ..Field::default()
    };
    Some(folded(data, reader, ("tick", t!("event-tick")), vec![check, note], false))
}

fn waive(data: &Data, reader: &Reader) -> Option<AnyView> {
    if data.open.is_empty() {
        return None;
    }
    let choices = data.open.iter().map(|it| (it.name().to_owned(), text::planned::check(*it)));
    let check = Field {
        name: "waive",
        label: t!("event-check"),
        kind: Kind::Select(choices.collect()),
        value: data.typed.waive.clone(),
        ..Field::default()
    };
    let until = Field {
        name: "until",
        label: t!("event-waive-until"),
        hint: Some(t!("event-waive-until-hint", days = WAIVER_MOST.num_days())),
        value: data.typed.until.clone(),
        autocomplete: Some("off"),
        required: true,
        ..Field::default()
    };
    let reason = Field {
        name: "reason",
        label: t!("reason"),
        hint: Some(t!("failover-reason-least", n = REASON_MIN_CHARS)),
        kind: Kind::Area(2),
        value: data.typed.reason.clone(),
        required: true,
        ..Field::default()
    };
    Some(folded(data, reader, ("waive", t!("event-waive")), vec![check, until, reason], false))
}

/// A folded form; open where something in it is wrong.
fn folded(
    data: &Data,
    reader: &Reader,
    (verb, label): (&'static str, String),
    fields: Vec<Field>,
    open: bool,
) -> AnyView {
    let wrong = |it: &Field| data.mistakes.iter().any(|mistake| mistake.field == it.name);
    let open = open || fields.iter().any(wrong);
    let fields = fields.into_iter().map(|it| field(it, &data.mistakes)).collect_view();
    let body = view! {
        <input type="hidden" name="key" value=format!("{}-{verb}", data.key)/>
        <input type="hidden" name="revision" value=data.event.revision.to_string()/>
        {fields}
        {submit(Weight::Plain, label.clone())}
    };
    let form = form(to(data, verb), &reader.csrf, body);
    view! {
        <section class="card">
            <details class="pad" open=open>
                <summary>{label}</summary>
                {form}
            </details>
        </section>
    }
    .into_any()
}
