//! `/audit/evidence`: a period is chosen, what a pack of it would hold is told, one is made; the
//! packs that were made stand below, with their checksums.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::evidence::{Pack, PeriodError, period};
use serde::Serialize;
use utoipa::ToSchema;

use super::filter::{Side, moment};
use crate::pages::Reader;
use crate::pages::availability::report::Month;
use crate::pages::parts;
use crate::pages::query::{Dropped, Query};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::empty;
use crate::ui::card::{Head, card, padded, stack};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::table::{Column, table};
use crate::ui::time::time_full;

/// What the page says, and `GET /api/v1/audit/evidence`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = EvidencePage)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub from: DateTime<Utc>,
    /// Before this moment.
    pub until: DateTime<Utc>,
    /// What of the address could not be used.
    pub dropped: Vec<Dropped>,
    /// Why no pack can be made of what was asked for; then the period is the last month.
    pub mistake: Option<String>,
    /// What a pack would hold.
    pub parts: Vec<PartRow>,
    /// Entries of the audit log that go with it.
    pub entries: u64,
    /// What was not measured or is left out.
    pub missing: Vec<String>,
    /// Packs that were made, the newest first.
    pub packs: Vec<PackRow>,
}

/// One kind of thing in a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EvidencePart)]
pub struct PartRow {
    /// As the data of the pack names it.
    pub name: String,
    pub label: String,
    pub count: u64,
}

/// A pack that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EvidencePack)]
pub struct PackRow {
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub at: DateTime<Utc>,
    pub by: String,
    /// Of the archive, hexadecimal.
    pub sha256: String,
    pub bytes: u64,
    /// Position of its entry in the audit log; absent: it is being placed.
    pub entry: Option<i64>,
}

/// What an address asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub dropped: Vec<Dropped>,
    pub mistake: Option<String>,
}

/// Reads `month`, or `from` and `to`; without any of them it is the last month that is over.
pub fn asked(query: &Query, now: DateTime<Utc>) -> Asked {
    let mut dropped = Vec::new();
    let month = query.read("month", &mut dropped, Month::read);
    let from = query.read("from", &mut dropped, |text| moment(text, Side::From, now));
    let to = query.read("to", &mut dropped, |text| moment(text, Side::To, now));
    let last = Month::of(now).before().period();
    let wanted = match (month, from, to) {
        (Some(month), _, _) => month.period(),
        (None, None, None) => last,
        (None, from, to) => (from.unwrap_or(last.0), to.unwrap_or(now)),
    };
    match period(wanted.0, wanted.1, now) {
        Ok((from, until)) => Asked { from, until, dropped, mistake: None },
        Err(error) => {
            let (from, until) = last;
            Asked { from, until, dropped, mistake: Some(mistake(error)) }
        }
    }
}

pub fn mistake(error: PeriodError) -> String {
    match error {
        PeriodError::Order => t!("evidence-order"),
        PeriodError::Long => t!("evidence-long"),
        PeriodError::Future => t!("evidence-future"),
    }
}

pub fn build(asked: Asked, pack: &Pack, packs: Vec<PackRow>, at: DateTime<Utc>) -> Data {
    let Asked { from, until, dropped, mistake } = asked;
    let parts = pack.counts().into_iter().map(|(name, count)| PartRow {
        name: name.to_owned(),
        label: label(name),
        count: count as u64,
    });
    let entries = pack.log.map_or(0, |log| log.end.saturating_sub(log.first));
    let missing = pack.missing.clone();
    Data { at, from, until, dropped, mistake, parts: parts.collect(), entries, missing, packs }
}

fn label(name: &str) -> String {
    match name {
        "failovers" => t!("evidence-failovers"),
        "databases" => t!("evidence-databases"),
        "proofs" => t!("evidence-proofs"),
        "restores" => t!("evidence-restores"),
        "approvals" => t!("evidence-approvals"),
        "waivers" => t!("evidence-waivers"),
        "fleet_changes" => t!("evidence-fleet"),
        "policy_changes" => t!("evidence-policies"),
        "access_changes" => t!("evidence-access"),
        "findings" => t!("evidence-findings"),
        "availability" => t!("evidence-availability"),
        other => other.to_owned(),
    }
}

pub fn title() -> String {
    t!("evidence-title")
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let head = page_head(PageHead {
        title: title(),
        crumbs: vec![Crumb::new(paths::AUDIT, t!("nav-audit"))],
        note: Some(t!("evidence-note").into_any()),
        ..PageHead::default()
    });
    let mistake = data.mistake.clone().map(|words| view! { <p class="pad err">{words}</p> });
    let body = view! {
        {parts::dropped(&data.dropped)}
        {card(Head::new(t!("evidence-period")), view! { {mistake}{choose(data)} })}
        {card(Head::new(t!("evidence-holds")), view! { {holds(data)}{make(data, reader)} })}
        {missing(data)}
        {packs(data)}
        {padded(Head::new(t!("evidence-check")), how())}
    };
    view! { {head}{stack(body)} }.into_any()
}

/// One form for a month, one for a time.
fn choose(data: &Data) -> AnyView {
    let (from, to) = (text::iso(data.from), text::iso(data.until));
    view! {
        <form class="filter" action=paths::AUDIT_EVIDENCE>
            <label>
                {t!("evidence-month")}
                <input name="month" size="8" placeholder="2026-10" autocomplete="off"/>
            </label>
            <label>
                {t!("audit-from")}<input name="from" value=from size="20" autocomplete="off"/>
            </label>
            <label>
                {t!("audit-to")}<input name="to" value=to size="20" autocomplete="off"/>
            </label>
            <button class="btn">{t!("evidence-choose")}</button>
        </form>
    }
    .into_any()
}

fn holds(data: &Data) -> AnyView {
    let entries =
        PartRow { name: "audit".to_owned(), label: t!("evidence-entries"), count: data.entries };
    let rows = data.parts.iter().chain([&entries]).map(|part| {
        let (label, count) = (part.label.clone(), text::number(part.count));
        view! {
            <tr>
                <th scope="row">{label}</th>
                <td class="num" data-l=t!("evidence-count")>{count}</td>
            </tr>
        }
    });
    let columns = vec![Column::new(t!("evidence-part")), Column::number(t!("evidence-count"))];
    table(t!("evidence-holds"), columns, rows.collect_view())
}

fn make(data: &Data, reader: &Reader) -> AnyView {
    let (csrf, from, to) = (reader.csrf.clone(), text::iso(data.from), text::iso(data.until));
    view! {
        <form method="post" action=paths::AUDIT_EVIDENCE_MAKE class="pad chips">
            <input type="hidden" name="csrf" value=csrf/>
            <input type="hidden" name="from" value=from/>
            <input type="hidden" name="to" value=to/>
            <button class="btn pri">{t!("evidence-make")}</button>
            <span class="second">
                {time_full(data.from)}" – "{time_full(data.until)}
            </span>
        </form>
    }
    .into_any()
}

fn missing(data: &Data) -> AnyView {
    let head = Head::new(t!("evidence-missing"));
    if data.missing.is_empty() {
        let body = empty(t!("evidence-complete"), t!("evidence-complete-detail"), None);
        return card(head, body);
    }
    // What the pack itself says, word for word.
    let rows = data.missing.iter().map(|words| view! { <li lang="en">{words.clone()}</li> });
    padded(head, view! { <ul>{rows.collect_view()}</ul> })
}

fn packs(data: &Data) -> AnyView {
    let head = Head::new(t!("evidence-packs"));
    if data.packs.is_empty() {
        return card(head, empty(t!("evidence-none"), t!("evidence-none-detail"), None));
    }
    let columns = vec![
        Column::new(t!("evidence-made")),
        Column::new(t!("audit-who")),
        Column::new(t!("evidence-period")),
        Column::new(t!("evidence-sum")),
        Column::number(t!("evidence-size")),
        Column::number(t!("audit-entry")),
    ];
    let rows = data.packs.iter().map(pack_row).collect_view();
    card(head, table(t!("evidence-packs"), columns, rows))
}

fn pack_row(pack: &PackRow) -> AnyView {
    let (by, sum) = (pack.by.clone(), pack.sha256.clone());
    let entry = match pack.entry {
        Some(seq) => {
            view! { <a href=paths::audit_entry(seq)>{super::position(seq)}</a> }.into_any()
        }
        None => view! { <span class="muted">{t!("audit-placing")}</span> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row" class="nowrap">{time_full(pack.at)}</th>
            <td class="nowrap" data-l=t!("audit-who")>{by}</td>
            <td data-l=t!("evidence-period")>
                <span>{time_full(pack.from)}" – "{time_full(pack.until)}</span>
            </td>
            <td data-l=t!("evidence-sum")><code class="wrap">{sum}</code></td>
            <td class="num" data-l=t!("evidence-size")>{text::bytes(pack.bytes)}</td>
            <td class="num" data-l=t!("audit-entry")>{entry}</td>
        </tr>
    }
    .into_any()
}

fn how() -> AnyView {
    let command = "mainstay audit evidence verify evidence.zip --key audit.pub";
    view! {
        <p class="prose">{t!("evidence-how")}</p>
        <pre class="file wrap"><code>{command}</code></pre>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-20T03:12:07Z".parse().expect("a time")
    }

    #[test]
    fn a_period_is_a_month_or_a_time_and_the_last_month_by_itself() {
        let read = |query: &str| {
            let asked = asked(&Query::parse(query), now());
            (text::iso(asked.from), text::iso(asked.until), asked.mistake.is_some())
        };
        let october = ("2026-10-01T00:00:00Z".to_owned(), "2026-11-01T00:00:00Z".to_owned());
        let of = |it: &(String, String), bad| (it.0.clone(), it.1.clone(), bad);
        assert_eq!(read(""), of(&october, false));
        assert_eq!(read("month=2026-10&from=&to="), of(&october, false));
        assert_eq!(read("from=2026-10-01&to=2026-10-31"), of(&october, false));
        let this = ("2026-11-01T00:00:00Z".to_owned(), "2026-11-20T03:12:07Z".to_owned());
        assert_eq!(read("month=2026-11"), of(&this, false), "as far as it is over");
        for bad in ["from=2026-10-31&to=2026-10-01", "month=2026-12", "from=2020-01-01"] {
            assert_eq!(read(bad), of(&october, true), "{bad}");
        }
        let odd = asked(&Query::parse("month=october&from=then"), now());
        assert_eq!(odd.dropped.len(), 2);
    }
}
