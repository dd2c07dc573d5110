//! `/runbooks/aliases`: short links, how they stand, and the form that makes one.

use chrono::{DateTime, NaiveDate, Utc};
use leptos::prelude::*;
use mainstay_core::access::Target;
use mainstay_core::estate::Estate;
use mainstay_core::id::AliasId;
use mainstay_core::runbook::alias::{Alias, Aliases, Health, Wanted};
use mainstay_core::runbook::shelf::Shelf;
use serde::Serialize;
use utoipa::ToSchema;

use super::reviewed;
use crate::pages::Reader;
use crate::pages::query::Query;
use crate::pages::rows::PAGE_ROWS;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::{callout, empty, no_permission};
use crate::ui::button::{Weight, post, submit};
use crate::ui::card::{Head, card, columns, padded};
use crate::ui::form::{Field, Mistake, error_summary, field, form, mistakes_title};
use crate::ui::head::{Crumb, PageHead, page_head, page_head_of};
use crate::ui::link::pager;
use crate::ui::table::{Column, table};
use crate::ui::time::{time, time_full};
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AliasList)]
pub struct Data {
    pub at: DateTime<Utc>,
    /// Dead ones first, then those to review, then by name.
    pub rows: Vec<Row>,
    pub total: usize,
    pub dead: usize,
    /// Address of the next page.
    pub next: Option<String>,
    #[serde(skip)]
    pub paged: bool,
    #[serde(skip)]
    pub typed: Wanted,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
}

/// A short link.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AliasRow)]
pub struct Row {
    #[schema(value_type = String)]
    pub alias: AliasId,
    /// The link itself.
    pub href: String,
    /// Where it leads.
    pub target: String,
    pub owner: String,
    pub note: String,
    pub reviewed: NaiveDate,
    pub overdue: bool,
    #[schema(value_type = String)]
    pub health: Health,
    pub changed_at: DateTime<Utc>,
    pub changed_by: String,
    pub last_used_at: Option<DateTime<Utc>>,
    pub revision: i64,
}

impl Row {
    pub fn of(alias: &Alias, estate: &Estate, shelf: &Shelf, aliases: &Aliases) -> Self {
        let today = estate.at.date_naive();
        Self {
            alias: alias.id.clone(),
            href: paths::go(&alias.id),
            target: alias.target.clone(),
            owner: alias.owner.clone(),
            note: alias.note.clone(),
            reviewed: alias.reviewed,
            overdue: mainstay_core::runbook::is_overdue(alias.reviewed, today),
            health: alias.health(estate, shelf, aliases),
            changed_at: alias.changed_at,
            changed_by: alias.changed_by.clone(),
            last_used_at: alias.last_used_at,
            revision: alias.revision,
        }
    }
}

pub fn build(estate: &Estate, shelf: &Shelf, aliases: &Aliases, query: &Query) -> Data {
    let rows = aliases.values().map(|alias| Row::of(alias, estate, shelf, aliases));
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by(|a, b| (a.health, &a.alias).cmp(&(b.health, &b.alias)));
    let (total, dead) = (rows.len(), rows.iter().filter(|row| row.health == Health::Dead).count());
    let after = query.get("after").and_then(|after| after.parse::<usize>().ok()).unwrap_or(0);
    let rows: Vec<_> = rows.into_iter().skip(after).take(PAGE_ROWS).collect();
    let end = after + rows.len();
    let next =
        (end < total).then(|| paths::with_query(paths::ALIASES, &[("after", &end.to_string())]));
    let (typed, mistakes) = (Wanted::default(), Vec::new());
    Data { at: estate.at, rows, total, dead, next, paged: after > 0, typed, mistakes }
}

pub fn title(data: &Data) -> String {
    let title = t!("aliases-title");
    if data.mistakes.is_empty() { title } else { t!("error-title", title = title) }
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let head = page_head(PageHead {
        title: t!("aliases-title"),
        crumbs: vec![Crumb::new(paths::RUNBOOKS, t!("nav-runbooks"))],
        note: Some(t!("aliases-note").into_any()),
        ..PageHead::default()
    });
    let list = if data.rows.is_empty() {
        empty(t!("aliases-empty"), t!("aliases-empty-context"), None)
    } else {
        rows(data)
    };
    let dead = (data.dead > 0).then(|| {
        let words = t!("aliases-dead", n = data.dead, count = text::number(data.dead as u64));
        callout(Tone::Crit, words, t!("aliases-dead-detail"), None)
    });
    let next = data.next.clone().map(|href| (href, t!("runbooks-next")));
    let first = data.paged.then(|| paths::ALIASES.to_owned());
    let count = text::number(data.total as u64);
    let main = view! {
        {dead}
        {card(
            Head::new(t!("aliases-title")).note(count),
            view! { {list}{pager(first, next)} },
        )}
    };
    let side = match reader.may_operate(Target::default()) {
        Ok(()) => {
            let fields = fields(&data.typed, true, &data.mistakes);
            let body = view! {
                {error_summary(mistakes_title(&data.mistakes), &data.mistakes)}
                {fields}
                <p class="acts">{submit(Weight::Primary, t!("alias-make"))}</p>
            };
            padded(Head::new(t!("alias-new")), form(paths::ALIASES, &reader.csrf, body))
        }
        Err(refusal) => {
            let why = text::refusal(&refusal);
            card(Head::new(t!("alias-new")), no_permission(why, t!("alias-make")))
        }
    };
    view! { {head}{columns(main, side)} }.into_any()
}

fn rows(data: &Data) -> AnyView {
    let columns = vec![
        Column::new(t!("alias-col-link")),
        Column::new(t!("alias-col-target")),
        Column::new(t!("col-state")),
        Column::new(t!("col-owner")),
        Column::new(t!("runbook-col-reviewed")),
        Column::new(t!("runbook-col-used")),
    ];
    let body = data.rows.iter().map(|row| line(row, data.at)).collect_view();
    table(t!("aliases-title"), columns, body)
}

fn line(row: &Row, now: DateTime<Utc>) -> AnyView {
    let (tone, word) = text::runbook::health(row.health);
    let used = match row.last_used_at {
        Some(at) => time(at, now),
        None => t!("runbook-never-used").into_any(),
    };
    let (page, name, target) = (paths::alias(&row.alias), row.href.clone(), row.target.clone());
    view! {
        <tr>
            <th scope="row"><a class="quiet" href=page>{name}</a></th>
            <td class="mono" data-l=t!("alias-col-target")>{target}</td>
            <td data-l=t!("col-state")>{state(tone, word)}</td>
            <td data-l=t!("col-owner")>{row.owner.clone()}</td>
            <td data-l=t!("runbook-col-reviewed")>
                <span>{reviewed(row.reviewed, row.overdue, now)}</span>
            </td>
            <td data-l=t!("runbook-col-used")>{used}</td>
        </tr>
    }
    .into_any()
}

/// The fields of a short link.
fn fields(typed: &Wanted, new: bool, mistakes: &[Mistake]) -> AnyView {
    let name = Field {
        name: "alias",
        label: t!("alias-name"),
        hint: Some(t!("alias-name-hint")),
        value: typed.id.clone(),
        autocomplete: Some("off"),
        required: true,
        ..Field::default()
    };
    let target = Field {
        name: "target",
        label: t!("alias-target"),
        hint: Some(t!("alias-target-hint")),
        value: typed.target.clone(),
        autocomplete: Some("off"),
        required: true,
        ..Field::default()
    };
    let owner = Field {
        name: "owner",
        label: t!("col-owner"),
        hint: Some(t!("alias-owner-hint")),
        value: typed.owner.clone(),
        autocomplete: Some("off"),
        required: true,
        ..Field::default()
    };
    let note = Field {
        name: "note",
        label: t!("alias-note"),
        value: typed.note.clone(),
        autocomplete: Some("off"),
        ..Field::default()
    };
    view! {
        {new.then(|| field(name, mistakes))}
        {field(target, mistakes)}
        {field(owner, mistakes)}
        {field(note, mistakes)}
    }
    .into_any()
}

/// `/runbooks/aliases/{alias}`: one short link, to change or remove.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AliasPage)]
pub struct OneData {
    pub at: DateTime<Utc>,
    pub alias: Row,
    #[serde(skip)]
    pub typed: Wanted,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
}

pub fn build_one(row: Row, now: DateTime<Utc>) -> OneData {
    let typed = Wanted {
        id: row.alias.to_string(),
        target: row.target.clone(),
        owner: row.owner.clone(),
        note: row.note.clone(),
    };
    OneData { at: now, alias: row, typed, mistakes: Vec::new() }
}

pub fn one_title(data: &OneData) -> String {
    let title = data.alias.href.clone();
    if data.mistakes.is_empty() { title } else { t!("error-title", title = title) }
}

pub fn one_view(data: &OneData, reader: &Reader) -> AnyView {
    let row = &data.alias;
    let (tone, word) = text::runbook::health(row.health);
    let history = paths::with_query(paths::AUDIT, &[("object", &row.href)]);
    let head = page_head_of(
        row.alias.to_string(),
        PageHead {
            title: row.href.clone(),
            crumbs: vec![
                Crumb::new(paths::RUNBOOKS, t!("nav-runbooks")),
                Crumb::new(paths::ALIASES, t!("aliases-title")),
            ],
            badge: Some(crate::ui::badge::badge(tone, word)),
            note: Some(row.target.clone().into_any()),
            actions: None,
        },
    );
    let used = match row.last_used_at {
        Some(at) => time_full(at),
        None => t!("runbook-never-used").into_any(),
    };
    let facts = vec![
        (t!("runbook-col-reviewed"), reviewed(row.reviewed, row.overdue, data.at)),
        (t!("runbook-col-used"), used),
        (t!("alias-changed"), time_full(row.changed_at)),
        (t!("alias-changed-by"), row.changed_by.clone().into_any()),
        (t!("problem-history"), {
            view! { <a href=history>{t!("problem-history-link")}</a> }.into_any()
        }),
    ];
    let side = padded(Head::new(t!("facts")), crate::ui::card::key_values(facts));
    let main = match reader.may_operate(Target::default()) {
        Ok(()) => change(data, reader),
        Err(refusal) => {
            let why = text::refusal(&refusal);
            card(Head::new(t!("alias-change")), no_permission(why, t!("alias-save")))
        }
    };
    view! { {head}{columns(main, side)} }.into_any()
}

fn change(data: &OneData, reader: &Reader) -> AnyView {
    let object = paths::alias(&data.alias.alias);
    let revision = data.alias.revision.to_string();
    let body = view! {
        {error_summary(mistakes_title(&data.mistakes), &data.mistakes)}
        <input type="hidden" name="expected" value=revision/>
        {fields(&data.typed, false, &data.mistakes)}
        <p class="hint">{t!("alias-save-hint")}</p>
        <p class="acts">{submit(Weight::Primary, t!("alias-save"))}</p>
    };
    let action = paths::action(&object, "change");
    let remove = paths::action(&object, "remove");
    let label = t!("alias-remove", name = data.alias.href.as_str());
    view! {
        {padded(Head::new(t!("alias-change")), form(action, &reader.csrf, body))}
        {padded(
            Head::new(t!("alias-remove-head")),
            post(Weight::Danger, remove, &reader.csrf, Vec::new(), label),
        )}
    }
    .into_any()
}
