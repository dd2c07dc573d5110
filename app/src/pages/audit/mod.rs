//! `/audit`: what was done, by whom, newest first; with a filter, pages and an export.
//!
//! Owns the rooms around it: one entry ([`entry`]) with what belongs to it ([`trail`]), how to
//! verify the log ([`verify`]), packs of evidence ([`evidence`]), the filter ([`filter`]), all that
//! can be done ([`actions`]), the words of an entry ([`words`]) and the rows of an export
//! ([`export`]).

pub mod actions;
pub mod entry;
pub mod evidence;
pub mod export;
pub mod filter;
pub mod trail;
pub mod verify;
pub mod words;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::audit::check::{Broken, Check};
use mainstay_core::audit::{Actor, Entry, Outcome};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::pages::query::{Dropped, Query};
use crate::pages::{Reader, parts};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::empty;
use crate::ui::button::{Weight, link_button};
use crate::ui::card::{Head, card};
use crate::ui::head::{PageHead, page_head};
use crate::ui::link::pager;
use crate::ui::table::{Column, table};
use crate::ui::time::time_seconds;
use crate::ui::tone::Tone;
use filter::Filter;

/// Entries of one page.
pub const PAGE_ROWS: usize = 50;

/// What the page says, and `GET /api/v1/audit`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditPage)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub filter: Filter,
    /// What of the address could not be used.
    pub dropped: Vec<Dropped>,
    /// The newest one; absent: nothing was placed yet.
    pub checkpoint: Option<Checkpoint>,
    pub checked: Checked,
    /// How many entries match; absent: that is not known, or there is no filter.
    pub matches: Option<Matches>,
    /// The search took too long: there may be older entries that match.
    pub cut: bool,
    /// Newest first.
    pub entries: Vec<Row>,
    /// `after` of the next page; absent: this is the last one.
    pub next: Option<i64>,
    /// Not the first page.
    #[serde(skip)]
    pub paged: bool,
}

/// A signed statement of how long the log is and of every entry in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AuditCheckpoint)]
pub struct Checkpoint {
    /// Entries it covers.
    pub entries: u64,
    pub at: DateTime<Utc>,
    /// The signed note (C2SP).
    pub note: String,
    /// The key that belongs to its signature, as the log names it.
    pub verifier: String,
}

/// How many entries a filter matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AuditMatches)]
pub struct Matches {
    pub count: u64,
    /// Else there are at least so many.
    pub exact: bool,
}

/// What the server found when it last read the whole log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AuditChecked)]
pub struct Checked {
    /// When a reading last came to the end and found nothing; absent: none has yet.
    pub at: Option<DateTime<Utc>>,
    /// Entries that it read.
    pub entries: u64,
    /// What is wrong; absent: nothing, as far as was read.
    #[schema(value_type = Option<Object>)]
    pub broken: Option<Broken>,
}

impl Checked {
    pub fn of(check: Option<Check>) -> Self {
        let Some(Check { done, broken, .. }) = check else { return Self::default() };
        let entries = done.as_ref().map_or(0, |done| done.size);
        Self { at: done.map(|done| done.at), entries, broken }
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct Row {
    /// Order of writing.
    pub id: i64,
    /// Position in the log; absent: it is being placed.
    pub seq: Option<i64>,
    pub at: DateTime<Utc>,
    /// Kind and name of whoever did it.
    #[schema(value_type = Object)]
    pub actor: Actor,
    /// Permanent name of the action: `fleet-apply`.
    pub action: String,
    /// The same as a sentence.
    pub sentence: String,
    /// Address of the object's page.
    pub object: String,
    #[schema(value_type = String)]
    pub outcome: Outcome,
    pub reason: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
    /// The request that caused it.
    pub request: Option<String>,
    /// Merkle leaf hash, hexadecimal.
    pub leaf: String,
}

impl Row {
    pub fn of(entry: Entry) -> Self {
        let sentence = words::sentence(&entry.event);
        let Entry { id, seq, event, leaf } = entry;
        Self {
            id,
            seq,
            sentence,
            leaf,
            at: event.at,
            actor: event.actor,
            action: event.action.name(),
            object: event.object,
            outcome: event.outcome,
            reason: event.reason,
            before: event.before,
            after: event.after,
            request: event.request,
        }
    }
}

/// What was read of the log for one page.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// At most [`PAGE_ROWS`] and one, which only says that there is more.
    pub entries: Vec<Entry>,
    pub checkpoint: Option<Checkpoint>,
    pub checked: Checked,
    pub matches: Option<Matches>,
    pub cut: bool,
}

pub fn build(
    found: Found,
    filter: Filter,
    dropped: Vec<Dropped>,
    paged: bool,
    at: DateTime<Utc>,
) -> Data {
    let Found { mut entries, checkpoint, checked, matches, cut } = found;
    let matches = matches.filter(|_| !filter.is_empty() && !paged);
    let more = entries.len() > PAGE_ROWS;
    entries.truncate(PAGE_ROWS);
    let next = entries.last().filter(|_| more).map(|entry| entry.id);
    let entries = entries.into_iter().map(Row::of).collect();
    Data { at, filter, dropped, checkpoint, checked, matches, cut, entries, next, paged }
}

/// What an address asks for: the filter, the cursor, and what of it could not be used.
pub fn asked(query: &Query, now: DateTime<Utc>) -> (Filter, Option<i64>, Vec<Dropped>) {
    let (filter, mut dropped) = Filter::read(query, now);
    let after = filter::cursor(query, &mut dropped);
    (filter, after, dropped)
}

pub fn title() -> String {
    t!("nav-audit")
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let head = page_head(PageHead {
        title: title(),
        note: Some(standing(data)),
        actions: Some(
            view! {
                {link_button(Weight::Plain, paths::AUDIT_VERIFY, t!("audit-verify"))}
                {link_button(Weight::Plain, paths::AUDIT_EVIDENCE, t!("evidence-link"))}
                {exports(data, reader)}
            }
            .into_any(),
        ),
        ..PageHead::default()
    });
    let list = if data.entries.is_empty() { nothing(data) } else { entries(data) };
    let next = data.next.map(|id| {
        (data.filter.href(Some(id)), t!("pager-next", count = text::number(PAGE_ROWS as u64)))
    });
    let order = Head::new(t!("audit-entries")).right(t!("audit-order"));
    let cut = data.cut.then(|| view! { <p class="pad second">{t!("audit-cut")}</p> });
    let body = view! {
        {filter_form(&data.filter)}
        {matches(data)}
        {list}
        {cut}
        {pager(data.paged.then(|| data.filter.href(None)), next)}
    };
    view! {
        {head}
        <div class="stack">{parts::dropped(&data.dropped)}{card(order, body)}</div>
    }
    .into_any()
}

/// How the chain was found when it was last read, and what protects the log since then.
fn standing(data: &Data) -> AnyView {
    let signed = checked(data.checkpoint.as_ref(), data.at);
    match &data.checked.broken {
        Some(broken) => {
            let mark = state(Tone::Crit, t!("audit-chain-broken"));
            let what = text::sentence(&broken.what);
            let at = t!("utc", time = text::clock(broken.at, data.at));
            let found = t!("audit-chain-found", what = what, at = at);
            view! { {mark}" "{found}" "{signed} }.into_any()
        }
        None => view! { {read(&data.checked, data.at)}" "{signed} }.into_any(),
    }
}

/// `Chain checked 03:00 UTC, 48,211 entries, unbroken.`
fn read(checked: &Checked, now: DateTime<Utc>) -> String {
    match checked.at {
        Some(at) => t!(
            "audit-chain-checked",
            at = t!("utc", time = text::clock(at, now)),
            count = text::number(checked.entries)
        ),
        None => t!("audit-chain-unread"),
    }
}

/// How many entries match.
fn matches(data: &Data) -> Option<AnyView> {
    let Matches { count, exact } = data.matches.filter(|_| !data.entries.is_empty())?;
    let n = i64::try_from(count).unwrap_or(i64::MAX);
    let count = text::number(count);
    let words = match exact {
        true => t!("audit-matches", n = n, count = count),
        false => t!("audit-matches-least", count = count),
    };
    Some(view! { <p class="pad second">{words}</p> }.into_any())
}

/// What protects the log right now. Nothing is said to be checked that was only signed.
pub fn checked(checkpoint: Option<&Checkpoint>, now: DateTime<Utc>) -> String {
    match checkpoint {
        Some(last) => t!(
            "audit-checkpoint",
            count = text::number(last.entries),
            at = t!("utc", time = text::clock_seconds(last.at, now))
        ),
        None => t!("audit-no-checkpoint"),
    }
}

/// One form for both formats, which exports what the filter finds.
fn exports(data: &Data, reader: &Reader) -> AnyView {
    let csrf = reader.csrf.clone();
    let hidden = data.filter.pairs().into_iter().filter(|(_, value)| !value.is_empty());
    let hidden = hidden.map(|(name, value)| view! { <input type="hidden" name=name value=value/> });
    view! {
        <form method="post" action=paths::AUDIT_EXPORT class="chips">
            <input type="hidden" name="csrf" value=csrf/>
            {hidden.collect_view()}
            <button class="btn" name="format" value="csv">{t!("audit-export-csv")}</button>
            <button class="btn" name="format" value="jsonl">{t!("audit-export-jsonl")}</button>
        </form>
    }
    .into_any()
}

fn filter_form(filter: &Filter) -> AnyView {
    let [who, action, object, outcome, from, to, q] = filter.pairs();
    let any = || (String::new(), t!("filter-all"));
    let actions = actions::ACTIONS.iter().map(|a| (a.name(), words::action(*a, Outcome::Done)));
    let outcomes = [Outcome::Done, Outcome::Refused, Outcome::Failed];
    let outcomes = outcomes.map(|o| (o.name(), words::outcome(o)));
    let clear = (!filter.is_empty())
        .then(|| view! { <a class="btn" href=paths::AUDIT>{t!("filter-clear")}</a> });
    view! {
        <form class="filter" action=paths::AUDIT role="search">
            {input(q, t!("audit-words"))}
            {input(who, t!("audit-who"))}
            {select(action, t!("audit-what"), [any()].into_iter().chain(actions).collect())}
            {input(object, t!("audit-object"))}
            {select(outcome, t!("audit-result"), [any()].into_iter().chain(outcomes).collect())}
            {input(from, t!("audit-from"))}
            {input(to, t!("audit-to"))}
            <button class="btn">{t!("filter-do")}</button>
            {clear}
        </form>
    }
    .into_any()
}

fn input((name, value): (&'static str, String), label: String) -> AnyView {
    view! { <label>{label}<input name=name value=value size="12" autocomplete="off"/></label> }
        .into_any()
}

fn select(
    (name, chosen): (&'static str, String),
    label: String,
    options: Vec<(String, String)>,
) -> AnyView {
    let options = options.into_iter().map(|(value, label)| {
        let selected = value == chosen;
        view! { <option value=value selected=selected>{label}</option> }
    });
    view! { <label>{label}<select name=name>{options.collect_view()}</select></label> }.into_any()
}

fn nothing(data: &Data) -> AnyView {
    if data.filter.is_empty() && !data.paged {
        return empty(t!("audit-empty"), t!("audit-empty-detail"), None);
    }
    let clear = link_button(Weight::Plain, paths::AUDIT, t!("filter-clear"));
    empty(t!("audit-nothing"), t!("audit-nothing-detail"), Some(clear))
}

fn entries(data: &Data) -> AnyView {
    let columns = vec![
        Column::new(match text::list_zone() {
            None => t!("audit-time"),
            Some(_) => t!("audit-time-local"),
        }),
        Column::new(t!("audit-who")),
        Column::new(t!("audit-what")),
        Column::new(t!("audit-object")),
        Column::new(t!("audit-result")),
        Column::number(t!("audit-entry")),
    ];
    let rows = data.entries.iter().map(|entry| row(entry, data)).collect_view();
    table(t!("audit-entries"), columns, rows)
}

fn row(entry: &Row, data: &Data) -> AnyView {
    let same = Filter { who: Some(words::name(&entry.actor).to_owned()), ..Filter::default() };
    let place = match entry.seq {
        Some(seq) => view! { <a href=paths::audit_entry(seq)>{position(seq)}</a> }.into_any(),
        None => view! { <span class="muted">{t!("audit-placing")}</span> }.into_any(),
    };
    let reason = entry.reason.clone().map(
        |reason| view! { " "<span class="muted">{t!("audit-reason", reason = reason)}</span> },
    );
    view! {
        <tr>
            <th scope="row" class="nowrap">{time_seconds(entry.at, data.at)}</th>
            <td class="nowrap" data-l=t!("audit-who")>
                <a class="quiet" href=same.href(None)>{words::who(&entry.actor)}</a>
            </td>
            <td data-l=t!("audit-what")><span>{entry.sentence.clone()}{reason}</span></td>
            <td data-l=t!("audit-object")>{object(&entry.object)}</td>
            <td data-l=t!("audit-result")>{result(entry.outcome)}</td>
            <td class="num" data-l=t!("audit-entry")>{place}</td>
        </tr>
    }
    .into_any()
}

/// A position as people read it; positions are never negative.
pub fn position(seq: i64) -> String {
    text::number(u64::try_from(seq).unwrap_or_default())
}

/// The object as a link to its page. An entry may name anything: only a path of this site links.
pub fn object(address: &str) -> AnyView {
    let text = address.to_owned();
    if !address.starts_with('/') || address.starts_with("//") || address.contains('\\') {
        return view! { <code>{text}</code> }.into_any();
    }
    // Tokens and agents stand on one page each, in a list.
    let lists = [paths::SETTINGS_TOKENS, paths::SETTINGS_AGENTS];
    let list = lists.into_iter().find(|list| address.starts_with(list));
    let href = list.unwrap_or(address).to_owned();
    view! { <a class="quiet" href=href>{text}</a> }.into_any()
}

/// How it ended; what went well stays quiet.
pub fn result(outcome: Outcome) -> AnyView {
    let word = words::outcome(outcome);
    match outcome {
        Outcome::Done => word.into_any(),
        Outcome::Refused => state(Tone::Warn, word),
        Outcome::Failed => state(Tone::Crit, word),
    }
}

#[cfg(test)]
mod tests;
