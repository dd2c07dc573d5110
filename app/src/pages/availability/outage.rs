//! `/availability/outages/{id}`: one outage or gap, what was going on, what it is put down to, and
//! the form that says so.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::access::{Refusal, Target};
use mainstay_core::availability::State;
use mainstay_core::availability::cause::Cause;
use mainstay_core::availability::outage::{Account, Correction, Kind, OutageId, Told};
use mainstay_core::id::GroupId;
use mainstay_core::problem::Record;
use serde::Serialize;
use utoipa::ToSchema;

use super::{OutageRow, ledger};
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::text::availability as words;
use crate::ui::badge::{badge, state};
use crate::ui::bands::{self, Bands, Piece, Row};
use crate::ui::block::no_permission;
use crate::ui::button::{Weight, submit};
use crate::ui::card::{Head, card, columns, key_values, padded};
use crate::ui::form::{
    Field, Kind as Control, Mistake, error_summary, field, form, mistakes_title,
};
use crate::ui::glyph::glyph;
use crate::ui::head::{Crumb, PageHead, page_head_of};
use crate::ui::raw;
use crate::ui::time::{time, time_full};
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OutagePage)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub outage: OutageRow,
    pub title: String,
    /// What stands now.
    #[schema(value_type = Object)]
    pub account: Account,
    /// Newest first; nothing is edited.
    #[schema(value_type = Vec<Object>)]
    pub corrections: Vec<Correction>,
    /// Problems of the time.
    pub going_on: Vec<GoingOn>,
    /// Of one service: its minutes around the outage, as letters of states; absent: not kept.
    pub minutes: Vec<MinuteRow>,
    #[serde(skip)]
    told: Told,
    #[serde(skip)]
    pub key: String,
    #[serde(skip)]
    pub typed: Typed,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
}

/// A problem that was open then.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OutageGoingOn)]
pub struct GoingOn {
    pub href: String,
    pub title: String,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub opened_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = OutageMinute)]
pub struct MinuteRow {
    pub at: DateTime<Utc>,
    #[schema(value_type = String)]
    pub state: State,
}

/// What stands in the form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    pub cause: String,
    /// Not empty: it is to be left out of what is net.
    pub excluded: String,
    pub problem: String,
    pub rollout: String,
    pub run: String,
    pub reason: String,
    /// How many corrections there were when the form was drawn.
    pub corrections: u32,
}

impl Typed {
    /// The form before anybody typed.
    fn of(told: &Told) -> Self {
        let account = &told.account;
        Self {
            cause: account.cause.map(Cause::name).unwrap_or_default().to_owned(),
            excluded: if account.counted { String::new() } else { "yes".to_owned() },
            problem: account.problem.map(|id| format!("at-{id}")).unwrap_or_default(),
            rollout: account.rollout.map(|id| id.to_string()).unwrap_or_default(),
            run: account.run.map(|id| id.to_string()).unwrap_or_default(),
            reason: String::new(),
            corrections: told.corrections,
        }
    }
}

/// A field that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    Cause,
    Problem,
    Rollout,
    Run,
}

impl Unreadable {
    pub fn mistake(self) -> Mistake {
        match self {
            Self::Cause => Mistake::new("cause", t!("outage-mistake-cause")),
            Self::Problem => Mistake::new("problem", t!("outage-mistake-problem")),
            Self::Rollout => Mistake::new("rollout", t!("outage-mistake-rollout")),
            Self::Run => Mistake::new("run", t!("outage-mistake-run")),
        }
    }
}

/// Minutes that are shown before and after an outage.
const AROUND: TimeDelta = TimeDelta::minutes(30);
/// Longest stretch whose minutes are shown.
const SHOWN_MAX: TimeDelta = TimeDelta::hours(24);

/// The minutes that are shown with an outage.
pub fn around(told: &Told) -> (DateTime<Utc>, DateTime<Utc>) {
    let from = told.outage.started_at - AROUND;
    (from, (told.outage.last_at + AROUND).min(from + SHOWN_MAX))
}

/// Everything the page is made of.
#[derive(Clone, Debug)]
pub struct Input {
    pub at: DateTime<Utc>,
    pub told: Told,
    pub corrections: Vec<Correction>,
    pub minutes: Vec<(DateTime<Utc>, State)>,
    pub problems: Vec<Record>,
    pub key: String,
}

pub fn build(input: Input) -> Data {
    let told = input.told;
    let going_on = input.problems.iter().map(|record| GoingOn {
        href: paths::problem(record.id),
        title: text::problem_title(&record.problem),
        tone: record.problem.status().into(),
        opened_at: record.opened_at,
        closed_at: record.closed_at,
    });
    let minutes = input.minutes.into_iter().map(|(at, state)| MinuteRow { at, state });
    Data {
        at: input.at,
        outage: OutageRow::of(&told),
        title: words::outage_title(&told.outage),
        account: told.account.clone(),
        corrections: input.corrections,
        going_on: going_on.collect(),
        minutes: minutes.collect(),
        typed: Typed::of(&told),
        told,
        key: input.key,
        mistakes: Vec::new(),
    }
}

impl Data {
    pub const fn id(&self) -> OutageId {
        self.told.id
    }

    /// Groups that it hit.
    pub const fn groups(&self) -> &BTreeSet<GroupId> {
        &self.told.outage.groups
    }
}

/// Whether the reader may say what it was: at every group that it hit.
pub fn may(told: &Told, reader: &Reader) -> Result<(), Refusal> {
    told.outage
        .groups
        .iter()
        .try_for_each(|id| reader.may_operate(Target { group: Some(id), datacenter: None }))
}

pub fn title(data: &Data) -> String {
    if data.mistakes.is_empty() {
        data.title.clone()
    } else {
        t!("error-title", title = data.title.as_str())
    }
}

pub fn topics() -> Vec<String> {
    vec!["estate".to_owned()]
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let row = &data.outage;
    let badge = match row.ended_at {
        None => badge(Tone::Warn, t!("outage-goes-on")),
        Some(_) => badge(row.tone, row.counts()),
    };
    let head = page_head_of(
        row.id.clone(),
        PageHead {
            title: data.title.clone(),
            crumbs: vec![Crumb::new(paths::AVAILABILITY, t!("availability-title"))],
            badge: Some(badge),
            note: Some(note(row)),
            ..PageHead::default()
        },
    );
    let main = view! {
        {padded(Head::new(t!("outage-what")), facts(data))}
        {minutes(data)}
        {going_on(data)}
        {corrections(data)}
    };
    let side = match may(&data.told, reader) {
        Err(refusal) => {
            let words = no_permission(text::refusal(&refusal), t!("outage-correct"));
            card(Head::new(t!("outage-correct-title")), words)
        }
        Ok(()) => padded(Head::new(t!("outage-correct-title")), correct_form(data, reader)),
    };
    view! { {head}{columns(main, side)} }.into_any()
}

fn note(row: &OutageRow) -> AnyView {
    let length = text::duration(TimeDelta::seconds(row.length_seconds));
    let ended = row.ended_at.map(|at| view! { " – "{time_full(at)} });
    view! { {time_full(row.started_at)}{ended}", "{length} }.into_any()
}

fn facts(data: &Data) -> AnyView {
    let row = &data.outage;
    let named = |items: &[String], href: &dyn Fn(&str) -> String| {
        let links = items.iter().map(|it| view! { <a href=href(it)>{it.clone()}</a>" " });
        links.collect_view().into_any()
    };
    let mut pairs = vec![
        (t!("outage-col-cause"), cause(&data.account)),
        (t!("outage-col-counts"), row.counts().into_any()),
        (
            t!("col-region"),
            view! { <a href=paths::region(&row.region)>{row.region.clone()}</a> }.into_any(),
        ),
        (t!("outage-services"), named(&row.services, &|id| paths::service(id))),
    ];
    if !row.datacenters.is_empty() {
        pairs
            .push((t!("outage-datacenters"), named(&row.datacenters, &|id| paths::datacenter(id))));
    }
    let minutes = t!(
        "outage-minutes",
        down = text::number(row.down_minutes),
        planned = text::number(row.planned_minutes),
        unmeasured = text::number(row.unmeasured_minutes),
        counted = text::number(row.counted_minutes)
    );
    pairs.push((t!("outage-col-share"), row.share().into_any()));
    pairs.push((t!("outage-col-minutes"), minutes.into_any()));
    key_values(pairs)
}

/// The cause, and what it is linked to.
fn cause(account: &Account) -> AnyView {
    let planned = account.cause.map(|cause| match cause.is_planned() {
        true => t!("cause-planned"),
        false => t!("cause-unplanned"),
    });
    let links = ledger::links(account).into_iter();
    let links = links.map(|(name, href)| view! { " "<a href=href>{name}</a> }).collect_view();
    view! {
        {words::cause(account.cause)}
        {planned.map(|planned| view! { " "<span class="muted">{format!("({planned})")}</span> })}
        {links}
    }
    .into_any()
}

/// The minutes around it, as they were decided.
fn minutes(data: &Data) -> Option<AnyView> {
    let (first, last) = (data.minutes.first()?, data.minutes.last()?);
    let minute = TimeDelta::minutes(1);
    let pieces = data.minutes.iter().map(|it| Piece {
        from: it.at,
        to: it.at + minute,
        tone: words::tone(it.state),
    });
    let row = Row { label: data.outage.services.join(", "), pieces: bands::join(pieces) };
    let drawn = Bands { from: first.at, to: last.at + minute, rows: vec![row] };
    let legend = State::ALL
        .into_iter()
        .map(|it| view! { {state(words::tone(it), words::state(it))}" " })
        .collect_view();
    Some(card(
        Head::new(t!("outage-minutes-title")),
        view! {
            <figure class="chart pad">
                {raw(bands::svg_for_all(&drawn, bands::COLUMN))}
                <p class="second">{legend}</p>
            </figure>
        },
    ))
}

fn going_on(data: &Data) -> AnyView {
    let (from, until) = (data.told.outage.started_at - AROUND, data.told.outage.last_at + AROUND);
    let (from, until) = (text::iso(from), text::iso(until));
    let audit = paths::with_query(paths::AUDIT, &[("from", &from), ("to", &until)]);
    let right = view! { <a href=audit>{t!("outage-audit")}</a> };
    let items = data
        .going_on
        .iter()
        .map(|it| {
            let closed = it.closed_at.map(|at| view! { " – "{time(at, data.at)} });
            view! {
                <li>
                    {glyph(it.tone)}
                    <span>
                        <a href=it.href.clone()>{it.title.clone()}</a>
                        " "
                        <span class="muted">{time(it.opened_at, data.at)}{closed}</span>
                    </span>
                </li>
            }
        })
        .collect_view();
    let none = data.going_on.is_empty().then(|| {
        view! { <p class="second">{t!("outage-nothing-on")}</p> }
    });
    padded(
        Head::new(t!("outage-going-on")).right(right),
        view! { {none}<ul class="checks">{items}</ul> },
    )
}

/// What people said, the newest first, each with what stood before.
fn corrections(data: &Data) -> AnyView {
    let items = data
        .corrections
        .iter()
        .map(|it| {
            let by = it.by.name().to_owned();
            let (old, new) = (said(&it.old), said(&it.new));
            view! {
                <li>
                    <p>
                        {time_full(it.at)}", "{by}": "<b>{new}</b>" "
                        <span class="muted">{t!("outage-before", old = old)}</span>
                    </p>
                    <p class="second">{it.reason.clone()}</p>
                </li>
            }
        })
        .collect_view();
    let none = data.corrections.is_empty().then(|| {
        view! { <p class="second">{t!("outage-no-corrections")}</p> }
    });
    padded(Head::new(t!("outage-corrections")), view! { {none}<ul class="plain">{items}</ul> })
}

/// An account in a line.
fn said(account: &Account) -> String {
    let links: Vec<_> = ledger::links(account).into_iter().map(|(name, _)| name).collect();
    let counted = if account.counted { t!("outage-counted") } else { t!("outage-excluded") };
    let parts = [words::cause(account.cause), counted].into_iter().chain(links);
    text::list(parts.collect::<Vec<_>>())
}

fn correct_form(data: &Data, reader: &Reader) -> AnyView {
    let mistakes = &data.mistakes;
    let typed = &data.typed;
    let causes = std::iter::once((String::new(), words::cause(None)));
    let causes = causes.chain(Cause::ALL.map(|it| {
        let group = if it.is_planned() { t!("cause-planned") } else { t!("cause-unplanned") };
        (it.name().to_owned(), format!("{} ({group})", words::cause(Some(it))))
    }));
    let text_field = |name, label, hint, value: &str| Field {
        name,
        label,
        hint: Some(hint),
        value: value.to_owned(),
        ..Field::default()
    };
    let cause = Field {
        name: "cause",
        label: t!("outage-col-cause"),
        kind: Control::Select(causes.collect()),
        value: typed.cause.clone(),
        ..Field::default()
    };
    let excluded = (data.told.outage.kind == Kind::Down).then(|| {
        let excluded = Field {
            name: "excluded",
            label: t!("outage-exclude"),
            hint: Some(t!("outage-exclude-hint")),
            kind: Control::Checkbox,
            value: typed.excluded.clone(),
            ..Field::default()
        };
        field(excluded, mistakes)
    });
    let reason = Field {
        name: "reason",
        label: t!("outage-reason"),
        hint: Some(t!("outage-reason-hint")),
        kind: Control::Area(3),
        value: typed.reason.clone(),
        ..Field::default()
    };
    let body = view! {
        {error_summary(mistakes_title(mistakes), mistakes)}
        <input type="hidden" name="key" value=data.key.clone()/>
        <input type="hidden" name="corrections" value=typed.corrections.to_string()/>
        {field(cause, mistakes)}
        {excluded}
        {field(
            text_field("problem", t!("outage-problem"), t!("outage-problem-hint"), &typed.problem),
            mistakes,
        )}
        {field(
            text_field("rollout", t!("outage-rollout"), t!("outage-rollout-hint"), &typed.rollout),
            mistakes,
        )}
        {field(text_field("run", t!("outage-run"), t!("outage-run-hint"), &typed.run), mistakes)}
        {field(reason, mistakes)}
        {submit(Weight::Primary, t!("outage-correct"))}
    };
    let action = paths::action(&data.outage.href, "correct");
    let note = view! { <p class="second">{t!("outage-correct-note")}</p> };
    view! { {note}{form(action, &reader.csrf, body)} }.into_any()
}
