//! `/events/do/plan` and `/events/{id}/do/change`: the form of an event.

use leptos::prelude::*;
use mainstay_core::access::Target;
use mainstay_core::fleet::Fleet;
use mainstay_core::planned::{AHEAD_MOST, EventId, Kind, LENGTH_MOST};
use serde::Serialize;
use utoipa::ToSchema;

use super::Typed;
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::no_permission;
use crate::ui::button::{Weight, submit};
use crate::ui::card::{Head, padded};
use crate::ui::form::{
    Field, Kind as FieldKind, Mistake, error_summary, field, form, mistakes_title,
};
use crate::ui::head::{Crumb, PageHead, page_head};

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = EventForm)]
pub struct Data {
    /// The event that is changed; `None`: a new one.
    #[schema(value_type = Option<String>)]
    pub event: Option<EventId>,
    /// Of the event that was shown.
    pub revision: Option<i64>,
    /// Data centres of the fleet.
    pub datacenters: Vec<String>,
    #[serde(skip)]
    pub typed: Typed,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
    #[serde(skip)]
    pub key: String,
}

pub fn build(
    fleet: &Fleet,
    event: Option<(EventId, i64)>,
    typed: Typed,
    mistakes: Vec<Mistake>,
    key: String,
) -> Data {
    let (event, revision) = event.unzip();
    let datacenters = fleet.datacenters.keys().map(ToString::to_string).collect();
    Data { event, revision, datacenters, typed, mistakes, key }
}

pub fn title(data: &Data) -> String {
    let title = heading(data);
    if data.mistakes.is_empty() { title } else { t!("error-title", title = title) }
}

fn heading(data: &Data) -> String {
    match data.event {
        Some(id) => t!("event-change-title", id = id.to_string()),
        None => t!("event-plan-title"),
    }
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let mut crumbs = vec![Crumb::new(paths::EVENTS, t!("nav-events"))];
    crumbs.extend(data.event.map(|id| Crumb::new(paths::event(id), id.to_string())));
    let head = page_head(PageHead { title: heading(data), crumbs, ..PageHead::default() });
    let (label, action) = match data.event {
        Some(id) => (t!("event-change"), paths::action(&paths::event(id), "change")),
        None => (t!("event-plan"), paths::EVENTS_PLAN.to_owned()),
    };
    if let Err(refusal) = reader.may_operate(Target::default()) {
        let refused = no_permission(text::refusal(&refusal), label);
        return view! { {head}<section class="card">{refused}</section> }.into_any();
    }
    let ticks = data.event.map(|_| view! { <p class="second">{t!("event-change-ticks")}</p> });
    let revision = data.revision.map(|revision| {
        view! { <input type="hidden" name="revision" value=revision.to_string()/> }
    });
    let fields = fields(data).into_iter().map(|it| field(it, &data.mistakes)).collect_view();
    let body = view! {
        {error_summary(mistakes_title(&data.mistakes), &data.mistakes)}
        <input type="hidden" name="key" value=data.key.clone()/>
        {revision}
        {ticks}
        {fields}
        <p class="acts">{submit(Weight::Primary, label)}</p>
    };
    let form = form(action, &reader.csrf, body);
    view! { {head}{padded(Head::new(t!("event-form")), form)} }.into_any()
}

fn fields(data: &Data) -> Vec<Field> {
    let typed = &data.typed;
    let own = |name: &'static str, label: String, hint: Option<String>, value: &str| Field {
        name,
        label,
        hint,
        value: value.to_owned(),
        autocomplete: Some("off"),
        ..Field::default()
    };
    let needed = |field: Field| Field { required: true, ..field };
    let area = |field: Field| Field { kind: FieldKind::Area(3), ..field };
    let ticked = |name: &'static str, label: String, hint: String, on: bool| Field {
        name,
        label,
        hint: Some(hint),
        kind: FieldKind::Checkbox,
        value: if on { "yes".to_owned() } else { String::new() },
        ..Field::default()
    };
    let kinds = Kind::ALL.map(|kind| (kind.name().to_owned(), text::planned::kind(kind))).into();
    let kind = own("kind", t!("event-col-kind"), Some(t!("event-kind-hint")), &typed.kind);
    let ahead = t!("event-from-hint", days = AHEAD_MOST.num_days());
    let length = t!("event-until-hint", days = LENGTH_MOST.num_days());
    let places = t!("event-places-hint", places = text::list(&data.datacenters));
    vec![
        needed(own("title", t!("event-title"), None, &typed.title)),
        Field { kind: FieldKind::Select(kinds), ..kind },
        needed(area(own("what", t!("event-what"), None, &typed.what))),
        needed(own("from", t!("event-from"), Some(ahead), &typed.from)),
        needed(own("until", t!("event-until"), Some(length), &typed.until)),
        needed(own("datacenters", t!("event-places"), Some(places), &typed.datacenters)),
        area(own(
            "services",
            t!("event-services"),
            Some(t!("event-services-hint")),
            &typed.services,
        )),
        ticked("out_of_traffic", t!("event-out"), t!("event-out-hint"), typed.out_of_traffic),
        ticked("compatible", t!("event-compatible"), t!("event-compatible-hint"), typed.compatible),
        area(own("effect", t!("event-effect"), None, &typed.effect)),
        area(own(
            "way_back",
            t!("event-way-back"),
            Some(t!("event-way-back-hint")),
            &typed.way_back,
        )),
        own("commit", t!("event-commit"), Some(t!("event-commit-hint")), &typed.commit),
        own(
            "repository",
            t!("event-repository"),
            Some(t!("event-repository-hint")),
            &typed.repository,
        ),
    ]
}
