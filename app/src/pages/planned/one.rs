//! `/events/{id}`: what it says, its checklist, what may be done with it, what happened.

mod acts;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::approval::Approval;
use mainstay_core::audit::{Action, Actor};
use mainstay_core::failover::Run;
use mainstay_core::fleet::Fleet;
use mainstay_core::planned::check::{Answer, Check, Judged};
use mainstay_core::planned::request::{Waiver, open};
use mainstay_core::planned::{PlannedEvent, State};
use mainstay_core::rollout::Rollout;
use serde::Serialize;
use utoipa::ToSchema;

use super::Row;
use crate::pages::failover::RunRow;
use crate::pages::{Reader, approvals};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::{badge, state};
use crate::ui::block::callout;
use crate::ui::button::{Weight, link_button};
use crate::ui::card::{Head, card, columns, key_values, padded};
use crate::ui::form::{Mistake, error_summary, mistakes_title};
use crate::ui::head::{Crumb, PageHead, page_head_of};
use crate::ui::log::lines;
use crate::ui::table::{Column, table};
use crate::ui::time::{time, time_full};
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = EventPage)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub row: Row,
    #[schema(value_type = Object)]
    pub event: PlannedEvent,
    /// While it is not over: how each check stands.
    pub checks: Vec<CheckRow>,
    /// Checks that neither pass nor are waived.
    #[schema(value_type = Vec<String>)]
    pub open: Vec<Check>,
    /// Its time where its data centres are: `09:00 Oslo to 11:00 Oslo`.
    pub local: Vec<String>,
    /// What was asked about going without checks, newest first.
    pub waivers: Vec<approvals::Row>,
    pub log: Vec<LogRow>,
    /// Rollouts, failovers and drills that belong to it, newest first.
    pub owned: Vec<OwnedRow>,
    /// Groups that it touches: whoever acts holds the role for all of them.
    #[serde(skip)]
    pub groups: BTreeSet<mainstay_core::id::GroupId>,
    #[serde(skip)]
    pub typed: Typed,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
    #[serde(skip)]
    pub key: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = EventCheck)]
pub struct CheckRow {
    /// Its permanent name.
    pub name: String,
    pub label: String,
    #[schema(value_type = String)]
    pub answer: Answer,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    pub sentence: String,
    /// How old what it rests on is; absent: it is of now, or there is nothing.
    pub seen: Option<DateTime<Utc>>,
    /// Where it is mended.
    pub fix: String,
    pub manual: bool,
    /// Until when it is waived; absent: it is not.
    pub waived_until: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = EventLogRow)]
pub struct LogRow {
    pub at: DateTime<Utc>,
    pub words: String,
}

/// A rollout, failover or drill that belongs to it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = EventOwned)]
pub struct OwnedRow {
    pub id: String,
    pub href: String,
    pub title: String,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    pub started_at: DateTime<Utc>,
}

impl OwnedRow {
    fn rollout(rollout: &Rollout) -> Self {
        let (tone, word) = text::rollout::rollout_state(&rollout.plan, &rollout.state);
        Self {
            id: rollout.id.to_string(),
            href: paths::rollout(rollout.id),
            title: crate::pages::rollout::name(&rollout.plan),
            tone,
            word,
            started_at: rollout.started_at,
        }
    }

    fn run(run: &Run) -> Self {
        let RunRow { id, href, title, tone, word, started_at, .. } = RunRow::of(run);
        Self { id, href, title, tone, word, started_at }
    }
}

/// The forms as they were typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// Of a tick.
    pub check: String,
    pub note: String,
    /// Of a waiver.
    pub waive: String,
    pub reason: String,
    pub until: String,
    /// Of a cancellation.
    pub why: String,
    /// Of an end.
    pub said: String,
}

/// Something that happened to it, as the store tells.
#[derive(Clone, Debug)]
pub struct Told {
    pub at: DateTime<Utc>,
    pub actor: Actor,
    pub action: Action,
    pub note: String,
}

/// What a page is made of.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    pub event: &'a PlannedEvent,
    pub judged: &'a [Judged],
    /// Approvals about going without checks, newest first.
    pub asked: &'a [Approval],
    pub log: &'a [Told],
    /// What belongs to it.
    pub rollouts: &'a [Rollout],
    pub runs: &'a [Run],
    pub fleet: &'a Fleet,
    pub at: DateTime<Utc>,
}

pub fn build(input: Input<'_>, key: String) -> Data {
    let Input { event, judged, asked, log, rollouts, runs, fleet, at } = input;
    let owned = rollouts.iter().map(OwnedRow::rollout).chain(runs.iter().map(OwnedRow::run));
    let mut owned: Vec<_> = owned.collect();
    owned.sort_by_key(|row| std::cmp::Reverse(row.started_at));
    let waivers: Vec<_> = asked.iter().filter_map(Waiver::of).collect();
    let waived = |check| {
        let counts = waivers.iter().filter(|it| it.counts(event, check, at));
        counts.map(|it| it.until).max()
    };
    let checks = judged.iter().map(|it| check_row(it, waived(it.check))).collect();
    Data {
        at,
        row: Row::of(event, at),
        checks,
        open: open(event, judged, &waivers, at),
        local: local(event, fleet),
        waivers: asked.iter().map(|it| approvals::Row::of(it, at)).collect(),
        log: log.iter().map(log_row).collect(),
        owned,
        groups: event.content.groups(fleet),
        event: event.clone(),
        typed: Typed::default(),
        mistakes: Vec::new(),
        key,
    }
}

fn check_row(judged: &Judged, waived_until: Option<DateTime<Utc>>) -> CheckRow {
    let (tone, word) = text::planned::answer(judged.answer);
    let waived_until = waived_until.filter(|_| judged.answer != Answer::Pass);
    CheckRow {
        name: judged.check.name().to_owned(),
        label: text::planned::check(judged.check),
        answer: judged.answer,
        tone: if waived_until.is_some() { Tone::Pause } else { tone },
        word: if waived_until.is_some() { t!("event-check-waived") } else { word },
        sentence: text::sentence(&judged.sentence),
        seen: judged.seen,
        fix: judged.fix.clone(),
        manual: judged.check.is_manual(),
        waived_until,
    }
}

fn log_row(told: &Told) -> LogRow {
    let who = crate::pages::audit::words::who(&told.actor);
    let what = text::planned::done(told.action);
    let words = match told.note.is_empty() {
        true => t!("event-log", what = what, who = who),
        false => t!("event-log-note", what = what, who = who, note = told.note.as_str()),
    };
    LogRow { at: told.at, words }
}

/// A line for each time zone in which it is.
fn local(event: &PlannedEvent, fleet: &Fleet) -> Vec<String> {
    let content = &event.content;
    let places = content.datacenters.iter().filter_map(|id| fleet.datacenters.get(id));
    let regions = places.filter_map(|place| fleet.regions.get(&place.region));
    let zones: BTreeSet<_> = regions.map(|region| region.time_zone.name()).collect();
    let zones = zones.into_iter().filter_map(|name| name.parse::<text::Tz>().ok());
    zones
        .map(|zone| {
            // With the day, which may be another there.
            let from = text::clock_in(zone, content.from, DateTime::UNIX_EPOCH);
            let until = text::clock_in(zone, content.until, content.from);
            t!("event-local", from = from, until = until)
        })
        .collect()
}

pub fn title(data: &Data) -> String {
    let title = format!("{}: {}", data.row.title, data.row.word);
    if data.mistakes.is_empty() { title } else { t!("error-title", title = title) }
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let (row, event) = (&data.row, &data.event);
    let note = view! {
        {text::planned::kind(row.kind)}". "
        {t!("event-planned-by", by = event.planned_by.as_str())}" "
        {time(event.planned_at, data.at)}
    };
    let head = page_head_of(
        row.id.clone(),
        PageHead {
            title: row.title.clone(),
            crumbs: vec![Crumb::new(paths::EVENTS, t!("nav-events"))],
            badge: Some(badge(row.tone, row.word.clone())),
            note: Some(note.into_any()),
            actions: acts::head(data, reader),
        },
    );
    let main = view! {
        <div class="stack">
            {error_summary(mistakes_title(&data.mistakes), &data.mistakes)}
            {message(data)}
            {padded(Head::new(t!("facts")), facts(data))}
            {checklist(data)}
            {owned(data)}
        </div>
    };
    let log = lines(
        data.log.iter().map(|row| (row.at, Tone::Plan, row.words.clone())).collect(),
        data.at,
    );
    let side = view! {
        <div class="stack">
            {acts::forms(data, reader)}
            {waivers(data)}
            {padded(Head::new(t!("event-log-title")), log)}
        </div>
    };
    view! { {head}{columns(main, side)} }.into_any()
}

/// What a reader has to know first.
fn message(data: &Data) -> Option<AnyView> {
    let begins = data.event.content.from;
    match &data.event.state {
        State::Planned if data.open.is_empty() && data.at < data.event.content.until => {
            let left = text::duration(begins - data.at);
            let begins = text::moment(begins, data.at);
            let words = t!("event-ready-detail", at = begins, left = left);
            Some(callout(Tone::Ok, t!("event-ready"), words, None))
        }
        State::Planned if data.at >= data.event.content.until => {
            let words = t!("event-never-started-detail");
            Some(callout(Tone::Warn, t!("event-never-started"), words, None))
        }
        State::Planned => {
            let n = data.open.len();
            let names = text::list(data.open.iter().map(|it| text::planned::check(*it)));
            Some(callout(Tone::Warn, t!("event-open", n = n), names, None))
        }
        State::Running { by, at, waived } => {
            let at = text::moment(*at, data.at);
            let what = t!("event-started", by = by.as_str(), at = at);
            let names = text::list(waived.iter().map(|it| text::planned::check(*it)));
            let words = match waived.is_empty() {
                true => String::new(),
                false => t!("event-without", names = names),
            };
            let late = data.at >= data.event.content.until;
            let tone = if late { Tone::Warn } else { Tone::Prog };
            Some(callout(tone, what, words, None))
        }
        State::Done { by, at, note, .. } => {
            let at = text::moment(*at, data.at);
            Some(callout(
                Tone::Ok,
                t!("event-ended", by = by.as_str(), at = at),
                note.clone(),
                None,
            ))
        }
        State::Cancelled { by, why, at } => {
            let at = text::moment(*at, data.at);
            let what = t!("event-cancelled-by", by = by.as_str(), at = at);
            Some(callout(Tone::Unk, what, text::sentence(why), None))
        }
    }
}

fn facts(data: &Data) -> AnyView {
    let content = &data.event.content;
    let time = view! {
        {time_full(content.from)}" – "{time_full(content.until)}
        {data.local.iter().map(|line| view! { <br/>{line.clone()} }).collect_view()}
    };
    let places = content.datacenters.iter().map(|id| {
        view! { <a href=paths::datacenter(id)>{id.to_string()}</a>" " }
    });
    let services = content.services.iter().map(|(id, version)| {
        let version = version.clone().map(|version| format!(" {version}"));
        view! { <span><a href=paths::service(id)>{id.to_string()}</a>{version}" "</span> }
    });
    let yes_no = |yes: bool| if yes { t!("yes") } else { t!("event-no") };
    let text = |text: &str| match text {
        "" => t!("event-unwritten"),
        text => text.to_owned(),
    };
    let services = match content.services.is_empty() {
        true => t!("event-services-all").into_any(),
        false => services.collect_view().into_any(),
    };
    key_values(vec![
        (t!("event-what"), content.what.clone().into_any()),
        (t!("event-col-when"), time.into_any()),
        (t!("event-places"), places.collect_view().into_any()),
        (t!("event-services"), services),
        (t!("event-out"), yes_no(content.out_of_traffic).into_any()),
        (t!("event-compatible"), yes_no(content.compatible).into_any()),
        (t!("event-effect"), text(&content.effect).into_any()),
        (t!("event-way-back"), text(&content.way_back).into_any()),
        (t!("event-commit"), text(content.commit.as_deref().unwrap_or_default()).into_any()),
        (
            t!("event-repository"),
            text(content.repository.as_deref().unwrap_or_default()).into_any(),
        ),
    ])
}

/// What belongs to it, and what may be started for it.
fn owned(data: &Data) -> AnyView {
    let open = !data.event.state.is_over();
    let starts = data.event.content.services.keys().filter(|_| open).map(|service| {
        let form = paths::action(&paths::service(service), "start-rollout");
        let href = paths::with_query(&form, &[("event", &data.row.id)]);
        link_button(Weight::Plain, href, t!("event-start-rollout", service = service.as_str()))
    });
    let starts = view! { <p class="pad acts">{starts.collect_view()}</p> };
    let starts = (open && !data.event.content.services.is_empty()).then_some(starts);
    let rows = match data.owned.is_empty() {
        true => view! { <p class="pad second">{t!("event-owned-none")}</p> }.into_any(),
        false => owned_rows(data),
    };
    card(Head::new(t!("event-owned")), view! { {rows}{starts} })
}

fn owned_rows(data: &Data) -> AnyView {
    let columns = vec![
        Column::new(t!("event-owned-what")),
        Column::new(t!("event-col-state")),
        Column::new(t!("event-col-when")),
    ];
    let body = data.owned.iter().map(|row| {
        view! {
            <tr id=row.id.clone()>
                <th scope="row"><a href=row.href.clone()>{row.title.clone()}</a></th>
                <td data-l=t!("event-col-state")>{state(row.tone, row.word.clone())}</td>
                <td data-l=t!("event-col-when")>{time(row.started_at, data.at)}</td>
            </tr>
        }
    });
    table(t!("event-owned"), columns, body.collect_view())
}

fn checklist(data: &Data) -> Option<AnyView> {
    if data.checks.is_empty() {
        return None;
    }
    let columns = vec![
        Column::new(t!("event-check")),
        Column::new(t!("event-col-state")),
        Column::new(t!("event-check-why")),
        Column::new(t!("event-check-seen")),
        Column::hidden(t!("event-check-fix")),
    ];
    let body = data
        .checks
        .iter()
        .map(|row| {
            let seen = row.seen.map(|at| time(at, data.at));
            let (label, sentence, fix) = (row.label.clone(), row.sentence.clone(), row.fix.clone());
            let said = t!("event-check-open", name = row.label.as_str());
            let until = row.waived_until.map(|at| {
                let words = t!("event-waived-until", at = text::moment(at, data.at));
                view! { " "<span class="muted">{words}</span> }
            });
            view! {
                <tr id=format!("check-{}", row.name)>
                    <th scope="row">{label}</th>
                    <td data-l=t!("event-col-state")>{state(row.tone, row.word.clone())}</td>
                    <td class="wrap" data-l=t!("event-check-why")>{sentence}{until}</td>
                    <td data-l=t!("event-check-seen")>{seen}</td>
                    <td><a href=fix aria-label=said>{t!("event-check-fix")}</a></td>
                </tr>
            }
        })
        .collect_view();
    let (open, all) = (data.open.len(), data.checks.len());
    let count = t!("event-checks-count", open = open, all = all);
    let table = table(t!("event-checklist"), columns, body);
    Some(card(Head::new(t!("event-checklist")).note(count), table))
}

fn waivers(data: &Data) -> Option<AnyView> {
    let items = data.waivers.iter().map(|row| {
        view! {
            <li>
                {state(row.tone, row.word.clone())}" "
                <a href=row.href.clone()>{row.what.clone()}</a>
            </li>
        }
    });
    let list = view! { <ul class="plain parts">{items.collect_view()}</ul> };
    (!data.waivers.is_empty()).then(|| padded(Head::new(t!("event-waivers")), list))
}
