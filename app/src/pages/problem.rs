//! `/attention/{id}`: one problem from its beginning to its end, and who has it.

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::estate::Estate;
use mainstay_core::moment::KEPT;
use mainstay_core::notify::Delivery;
use mainstay_core::problem::{CLOSE_FLAPPING_AFTER, Record};
use mainstay_core::runbook::run::Run;
use mainstay_core::status::Status;
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::Reader;
use crate::pages::rows::ProblemRow;
use crate::pages::runbook::{RunRow, runs_table};
use crate::t;
use crate::text;
use crate::ui::badge::{state, verdict_badge};
use crate::ui::block::empty;
use crate::ui::button::{Weight, disabled, link_button, post, submit};
use crate::ui::card::{Head, card, columns, key_values, padded};
use crate::ui::form::{Field, Kind, field, form};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::table::{Column, table};
use crate::ui::time::{time, time_full};
use crate::ui::tone::Tone;
use crate::{past, paths};

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub problem: ProblemRow,
    /// How long it has lasted or lasted, in words.
    pub lasted: String,
    /// Runs of runbooks that were opened from it, newest first.
    pub runs: Vec<RunRow>,
    /// Who was told of it, newest first; absent where that is not known now.
    pub told: Option<Vec<ToldRow>>,
}

/// A channel that was told of the problem.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ToldRow {
    /// The name of the channel.
    pub channel: String,
    pub at: DateTime<Utc>,
    /// What was told.
    pub about: String,
    /// Whether it arrived, in words.
    pub word: String,
    #[serde(skip)]
    tone: Tone,
}

impl ToldRow {
    pub fn of(channel: String, delivery: &Delivery, now: DateTime<Utc>) -> Self {
        let (tone, word) = text::notify::delivery(&delivery.state, now);
        let about = text::notify::content(delivery);
        Self { channel, at: delivery.planned_at, about, word, tone }
    }
}

/// For how long a problem can be left alone, in minutes.
const SNOOZES: [i64; 5] = [60, 4 * 60, 24 * 60, 3 * 24 * 60, 7 * 24 * 60];

pub fn build(record: &Record, runs: &[Run], told: Option<Vec<ToldRow>>, estate: &Estate) -> Data {
    let at = estate.at;
    let end = record.closed_at.unwrap_or(at);
    let lasted = text::duration(end - record.opened_at);
    let runs = runs.iter().map(RunRow::of).collect();
    Data { at, problem: ProblemRow::of(record, estate), lasted, runs, told }
}

pub fn title(data: &Data) -> String {
    data.problem.title.clone()
}

pub fn topics() -> Vec<String> {
    vec!["estate".to_owned()]
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let row = &data.problem;
    let open = row.closed_at.is_none();
    let (status, word) = if open {
        (row.status, text::status(row.status))
    } else {
        (Status::Healthy, t!("ended-word"))
    };
    let head = page_head(PageHead {
        title: row.title.clone(),
        crumbs: vec![Crumb::new(paths::ATTENTION, t!("nav-attention"))],
        badge: Some(verdict_badge(format!("problem/{}", row.id), status, word)),
        note: Some(row.detail.clone().into_any()),
        actions: Some(actions(row, reader)),
    });
    let mut facts = vec![
        (t!("problem-began"), time_full(row.opened_at)),
        (t!("problem-lasted"), data.lasted.clone().into_any()),
    ];
    if let Some(closed) = row.closed_at {
        facts.push((t!("problem-ended"), time_full(closed)));
    }
    let owner = row.owner.clone().or_else(|| open.then(|| t!("nobody")));
    facts.extend(owner.map(|owner| (t!("col-owner"), owner.into_any())));
    if let Some(snooze) = &row.snooze {
        let until = text::moment(snooze.until, data.at);
        let who = t!("problem-snoozed-by", until = until, who = snooze.by.as_str());
        facts.push((t!("problem-snoozed"), who.into_any()));
    }
    if let Some(count) = row.flaps.filter(|_| open) {
        let (count, minutes) = (text::number(count), text::duration(CLOSE_FLAPPING_AFTER));
        let detail = t!("problem-flaps-detail", count = count, minutes = minutes);
        facts.push((t!("problem-flaps"), detail.into_any()));
    }
    facts.push((t!("problem-about"), {
        let (href, name) = (row.subject.clone(), row.subject.clone());
        view! { <a href=href>{name}</a> }.into_any()
    }));
    if past::has_past(&row.subject) && data.at - row.opened_at < KEPT {
        let then = past::as_of(&row.subject, Some(&past::moment(row.opened_at)));
        let link = view! { <a href=then>{t!("problem-then-link")}</a> };
        facts.push((t!("problem-then"), link.into_any()));
    }
    let history = paths::with_query(paths::AUDIT, &[("object", &row.href)]);
    let history = view! { <a href=history>{t!("problem-history-link")}</a> };
    let runs = (!data.runs.is_empty())
        .then(|| card(Head::new(t!("runs-title")), runs_table(&data.runs, data.at)));
    let main = view! {
        {padded(
            Head::new(t!("problem-meaning")),
            view! { <p class="prose">{row.detail.clone()}</p> },
        )}
        {runs}
        {data.told.as_ref().map(|told| card(Head::new(t!("problem-told")), told_of(told, data.at)))}
    };
    let side = view! {
        {padded(Head::new(t!("facts")), key_values(facts))}
        {open.then(|| padded(Head::new(t!("problem-snooze-title")), snooze(row, reader)))}
        {padded(Head::new(t!("problem-history")), history)}
    };
    view! { {head}{columns(main, side)} }.into_any()
}

fn told_of(told: &[ToldRow], now: DateTime<Utc>) -> AnyView {
    if told.is_empty() {
        return empty(t!("problem-told-none"), "", None);
    }
    let columns = vec![
        Column::new(t!("notify-channel")),
        Column::new(t!("notify-what")),
        Column::new(t!("notify-planned")),
        Column::new(t!("notify-state")),
    ];
    let body = told.iter().map(|row| {
        view! {
            <tr>
                <th scope="row">{row.channel.clone()}</th>
                <td data-l=t!("notify-what")>{row.about.clone()}</td>
                <td data-l=t!("notify-planned")>{time(row.at, now)}</td>
                <td data-l=t!("notify-state")>{state(row.tone, row.word.clone())}</td>
            </tr>
        }
    });
    table(t!("problem-told"), columns, body.collect_view())
}

/// The form that leaves the problem alone for a while, or ends that.
fn snooze(row: &ProblemRow, reader: &Reader) -> AnyView {
    let action = paths::action(&row.href, "snooze");
    if let Err(refusal) = row.operated_by(reader) {
        return disabled(t!("problem-snooze"), text::refusal(&refusal));
    }
    let wake = row.snooze.is_some().then(|| {
        let none = vec![("minutes", "0".to_owned())];
        post(Weight::Plain, action.clone(), &reader.csrf, none, t!("problem-wake"))
    });
    let choices = SNOOZES.map(|it| (it.to_string(), text::duration(TimeDelta::minutes(it))));
    let minutes = Field {
        name: "minutes",
        label: t!("problem-snooze-for"),
        kind: Kind::Select(choices.to_vec()),
        ..Field::default()
    };
    let body = view! {
        {field(minutes, &[])}
        <p class="acts">{submit(Weight::Plain, t!("problem-snooze"))}</p>
    };
    view! {
        <p class="second">{t!("problem-snooze-text")}</p>
        {form(action, &reader.csrf, body)}
        {wake}
    }
    .into_any()
}

fn actions(row: &ProblemRow, reader: &Reader) -> AnyView {
    let open = t!("open-subject", name = row.subject_name.as_str());
    let mine = row.owner.as_deref() == Some(reader.name.as_str());
    let take = match (row.closed_at, mine) {
        (Some(_), _) => None,
        (None, true) => Some((paths::action(&row.href, "release"), t!("release-it"))),
        (None, false) => Some((paths::action(&row.href, "take"), t!("take-it"))),
    };
    let take = take.map(|(action, label)| match row.operated_by(reader) {
        Ok(()) => post(Weight::Plain, action, &reader.csrf, Vec::new(), label),
        Err(refusal) => disabled(label, text::refusal(&refusal)),
    });
    view! {
        {link_button(Weight::Plain, row.runbook.clone(), t!("runbook-button"))}
        {take}
        {link_button(Weight::Primary, row.subject.clone(), open)}
    }
    .into_any()
}
