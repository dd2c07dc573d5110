//! `/rollouts/quarantine`: versions that must not come back by themselves, and letting one out.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::Target;
use mainstay_core::estate::Estate;
use mainstay_core::id::{GroupId, ServiceId};
use mainstay_core::rollout::RolloutId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::{empty, no_permission};
use crate::ui::button::{Weight, link_button, submit};
use crate::ui::card::{Head, card, columns, padded, stack};
use crate::ui::form::{Field, Kind, Mistake, error_summary, field, form, mistakes_title};
use crate::ui::glyph::glyph;
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::table::{Column, table};
use crate::ui::time::time;
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    /// Newest first.
    pub rows: Vec<Row>,
    /// The one whose review is shown.
    pub lift: Option<Lift>,
}

/// A version in quarantine.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Row {
    #[schema(value_type = String)]
    pub service: ServiceId,
    pub version: String,
    pub reason: String,
    #[schema(value_type = Option<String>)]
    pub rollout: Option<RolloutId>,
    pub since: DateTime<Utc>,
    #[serde(skip)]
    pub group: Option<GroupId>,
}

/// The form that lets a version out.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Lift {
    pub row: Row,
    #[serde(skip)]
    pub key: String,
    #[serde(skip)]
    pub reason: String,
    #[serde(skip)]
    pub confirm: String,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
}

pub fn build(estate: &Estate) -> Data {
    let row = |held: &mainstay_core::release::Quarantine| Row {
        service: held.service.clone(),
        version: held.version.clone(),
        reason: held.reason.clone(),
        rollout: held.rollout,
        since: held.since,
        group: estate.fleet.services.get(&held.service).map(|service| service.group.clone()),
    };
    let mut rows: Vec<_> = estate.releases.quarantined.iter().map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.since));
    Data { at: estate.at, rows, lift: None }
}

/// The review of letting a version out; `None`: it is not in quarantine.
pub fn review(mut data: Data, service: &ServiceId, version: &str, key: String) -> Option<Data> {
    let row = data.rows.iter().find(|row| row.service == *service && row.version == version)?;
    data.lift = Some(Lift {
        row: row.clone(),
        key,
        reason: String::new(),
        confirm: String::new(),
        mistakes: Vec::new(),
    });
    Some(data)
}

/// What is wrong with what was typed; `reason`: fewest and most characters.
pub fn mistakes(lift: &Lift, (least, most): (usize, usize)) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let name = name(&lift.row);
    if lift.confirm.trim() != name {
        mistakes.push(Mistake::new("confirm", t!("quarantine-confirm", name = name)));
    }
    let length = lift.reason.trim().chars().count();
    if length < least {
        let least = text::number(least as u64);
        mistakes.push(Mistake::new("reason", t!("reason-too-short", least = least)));
    } else if length > most {
        let most = text::number(most as u64);
        mistakes.push(Mistake::new("reason", t!("reason-too-long", most = most)));
    }
    mistakes
}

/// `feed-api 1.1.0`, as it is typed.
fn name(row: &Row) -> String {
    format!("{} {}", row.service, row.version)
}

pub fn title(data: &Data) -> String {
    let wrong = data.lift.as_ref().is_some_and(|lift| !lift.mistakes.is_empty());
    if wrong { t!("error-title", title = t!("nav-quarantine")) } else { t!("nav-quarantine") }
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let head = page_head(PageHead {
        title: t!("nav-quarantine"),
        crumbs: vec![Crumb::new(paths::ROLLOUTS, t!("nav-rollouts"))],
        note: Some(t!("quarantine-note").into_any()),
        ..PageHead::default()
    });
    let list = if data.rows.is_empty() {
        empty(t!("quarantine-none"), t!("quarantine-none-detail"), None)
    } else {
        rows(data)
    };
    let count = text::number(data.rows.len() as u64);
    let list = card(Head::new(t!("quarantine-held")).note(count), list);
    let list = view! { <div data-swap="quarantine">{list}</div> }.into_any();
    match &data.lift {
        None => view! { {head}{stack(list)} }.into_any(),
        Some(lift) => view! { {head}{columns(list, lift_view(lift, reader))} }.into_any(),
    }
}

fn rows(data: &Data) -> AnyView {
    let columns = vec![
        Column::new(t!("col-service")),
        Column::new(t!("col-version")),
        Column::new(t!("quarantine-why")),
        Column::new(t!("col-rollout")),
        Column::new(t!("col-since")),
        Column::hidden(t!("quarantine-lift")),
    ];
    let body = data.rows.iter().map(|row| item(row, data.at)).collect_view();
    table(t!("quarantine-held"), columns, body)
}

fn item(row: &Row, now: DateTime<Utc>) -> AnyView {
    let rollout = row.rollout.map(|id| {
        view! { <a href=paths::rollout(id)>{id.to_string()}</a> }
    });
    let service = row.service.to_string();
    let lift = paths::with_query(
        paths::QUARANTINE_LIFT,
        &[("service", &service), ("version", &row.version)],
    );
    let label = t!("opens", label = t!("quarantine-lift"));
    view! {
        <tr>
            <th scope="row"><a class="quiet" href=paths::service(&row.service)>{service}</a></th>
            <td data-l=t!("col-version")>{row.version.clone()}</td>
            <td data-l=t!("quarantine-why")>{row.reason.clone()}</td>
            <td data-l=t!("col-rollout")>{rollout}</td>
            <td data-l=t!("col-since")>{time(row.since, now)}</td>
            <td><a href=lift>{label}<span class="vh">" "{name(row)}</span></a></td>
        </tr>
    }
    .into_any()
}

fn lift_view(lift: &Lift, reader: &Reader) -> AnyView {
    let name = name(&lift.row);
    let title = t!("quarantine-lift-of", name = name.as_str());
    let target = Target { group: lift.row.group.as_ref(), datacenter: None };
    if let Err(refusal) = reader.may_operate(target) {
        let reason = text::refusal(&refusal);
        return card(Head::new(title), no_permission(reason, t!("quarantine-lift")));
    }
    let confirm = Field {
        name: "confirm",
        label: t!("quarantine-confirm-label", name = name.as_str()),
        value: lift.confirm.clone(),
        autocomplete: Some("off"),
        required: true,
        ..Field::default()
    };
    let reason = Field {
        name: "reason",
        label: t!("reason"),
        hint: Some(t!("reason-hint-needed")),
        kind: Kind::Area(2),
        value: lift.reason.clone(),
        required: true,
        ..Field::default()
    };
    let (service, version) = (lift.row.service.to_string(), lift.row.version.clone());
    let key = lift.key.clone();
    let was = t!("quarantine-was", why = lift.row.reason.as_str());
    let body = view! {
        {error_summary(mistakes_title(&lift.mistakes), &lift.mistakes)}
        <input type="hidden" name="service" value=service/>
        <input type="hidden" name="version" value=version/>
        <input type="hidden" name="key" value=key/>
        <ul class="checks">
            <li>{glyph(Tone::Warn)}<span>{was}</span></li>
            <li>{glyph(Tone::Plan)}<span>{t!("quarantine-will")}</span></li>
        </ul>
        {field(confirm, &lift.mistakes)}
        {field(reason, &lift.mistakes)}
        <div class="chips">
            {submit(Weight::Primary, t!("quarantine-lift-do"))}
            {link_button(Weight::Plain, paths::QUARANTINE, t!("quarantine-keep"))}
        </div>
    };
    padded(Head::new(title), form(paths::QUARANTINE_LIFT, &reader.csrf, body))
}
