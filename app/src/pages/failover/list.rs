//! `/failover`: can we fail over right now, what runs, what was done, and the gates.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::failover::Run;
use mainstay_core::failover::drill::Drill;
use mainstay_core::failover::preview::{Preview, READINESS_MAX_AGE, Verdict};
use mainstay_core::failover::readiness::{Away, Kept};
use mainstay_core::failover::rules::Gates;
use serde::Serialize;
use utoipa::ToSchema;

pub use super::drills::{AT, DrillRow, REASON, TypedDrill, WHAT};
pub use super::gates::{GateRow, TypedGate};
pub use super::history::{HistoryRow, hours, since};
pub use super::routines::{Repeats, RoutineRow};
use super::{RunRow, drills, gates, history, routines, runs, seconds, verdict};
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::{self, callout};
use crate::ui::button::{Weight, link_button};
use crate::ui::card::{Head, card, columns};
use crate::ui::form::Mistake;
use crate::ui::head::{PageHead, page_head};
use crate::ui::table::{Column, bullet, table};
use crate::ui::time::time;
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverList)]
pub struct Data {
    pub at: DateTime<Utc>,
    #[schema(value_type = String)]
    pub tone: Tone,
    /// The answer in one sentence.
    pub answer: String,
    /// The worst blocker; empty: there is none.
    pub cause: String,
    /// When all of this was judged.
    pub judged_at: DateTime<Utc>,
    /// Whether that is so long ago that nothing of it is known of now.
    pub old: bool,
    /// Regions, then data centres: what if this goes away.
    pub regions: Vec<ReadyRow>,
    pub datacenters: Vec<ReadyRow>,
    pub runs: Vec<RunRow>,
    pub gates: Vec<GateRow>,
    /// Drills that are planned, the next first; then those that are over.
    pub drills: Vec<DrillRow>,
    /// Drills that repeat.
    pub routines: Vec<RoutineRow>,
    /// How ready regions and data centres were over the last 30 days.
    pub readiness: Vec<HistoryRow>,
    /// Address of the next page of runs.
    pub next: Option<String>,
    #[serde(skip)]
    pub key: String,
    #[serde(skip)]
    pub typed: TypedGate,
    #[serde(skip)]
    pub typed_drill: TypedDrill,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
}

/// The answer alone, for the overview.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverReadiness)]
pub struct Card {
    #[schema(value_type = String)]
    pub tone: Tone,
    pub answer: String,
    pub cause: String,
    /// When that was judged; absent: never since this server started.
    pub judged_at: Option<DateTime<Utc>>,
    pub regions: Vec<ReadyRow>,
    /// The run that is not over.
    pub running: Option<RunRow>,
}

impl Card {
    /// `None`: what has to be known was never read.
    pub fn of(
        regions: Option<(&[Looked], DateTime<Utc>)>,
        running: Option<&Run>,
        now: DateTime<Utc>,
    ) -> Self {
        let (looked, judged_at) = match regions {
            Some((looked, at)) => (looked, Some(at)),
            None => (&[][..], None),
        };
        let old = judged_at.is_none_or(|at| is_old(at, now));
        let (tone, answer, cause) = if old { unknown() } else { answer(looked) };
        let regions = looked.iter().map(|it| row(it, old)).collect();
        let running = running.map(RunRow::of);
        Self { tone, answer, cause, judged_at, regions, running }
    }

    pub fn view(&self, now: DateTime<Utc>) -> AnyView {
        let plans = link_button(Weight::Plain, paths::FAILOVER, t!("failover-open"));
        let verdict = block::verdict(
            self.tone,
            t!("failover-question"),
            self.answer.clone().into_any(),
            self.cause.clone().into_any(),
            Some(plans),
        );
        let running = self.running.as_ref().map(on);
        let rows = (!self.regions.is_empty())
            .then(|| ready_table(t!("failover-if-region"), &self.regions, now, false));
        view! {
            <section class="card" data-swap="failover-card">
                {verdict}{judged(self.judged_at, now)}{running}{rows}
            </section>
        }
        .into_any()
    }
}

/// One place that may go away.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverReadyRow)]
pub struct ReadyRow {
    pub id: String,
    pub href: String,
    pub to: Vec<String>,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub verdict: String,
    /// The worst check in words; empty: everything passes.
    pub cause: String,
    /// Where the worst blocker is fixed.
    pub fix: Option<String>,
    pub groups: usize,
    /// Of the database that is most behind; absent: none moves, or it is not known.
    pub lag_bytes: Option<u64>,
    /// Databases whose leader would move.
    pub databases: usize,
    /// As the last runs took; absent: some group was never moved.
    pub seconds: Option<u64>,
    pub limit_seconds: u64,
    pub load_after_percent: Option<u64>,
    pub last_drill: Option<DateTime<Utc>>,
}

/// One plan with its preview.
#[derive(Clone, Debug)]
pub struct Looked {
    pub id: String,
    pub preview: Preview,
    /// When the last drill or run of exactly this was over.
    pub last_drill: Option<DateTime<Utc>>,
}

/// Everything the page is made of.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    pub at: DateTime<Utc>,
    pub judged_at: DateTime<Utc>,
    pub regions: &'a [Looked],
    pub datacenters: &'a [Looked],
    pub runs: &'a [Run],
    pub gates: &'a Gates,
    pub drills: &'a [Drill],
    pub routines: &'a [Repeats],
    /// What was kept of each place, in stretches of so many hours.
    pub readiness: (&'a BTreeMap<Away, Kept>, i32),
    pub next: Option<String>,
    pub key: String,
}

pub fn build(input: Input<'_>) -> Data {
    let old = is_old(input.judged_at, input.at);
    let regions: Vec<_> = input.regions.iter().map(|it| row(it, old)).collect();
    let datacenters: Vec<_> = input.datacenters.iter().map(|it| row(it, old)).collect();
    let (tone, answer, cause) = if old { unknown() } else { answer(input.regions) };
    let (kept, hours) = input.readiness;
    let is_there = |away: &Away| match away {
        Away::Region(_) => input.regions.iter().any(|it| it.id == away.id()),
        Away::Datacenter(_) => input.datacenters.iter().any(|it| it.id == away.id()),
    };
    Data {
        at: input.at,
        tone,
        answer,
        cause,
        judged_at: input.judged_at,
        old,
        regions,
        datacenters,
        runs: input.runs.iter().map(RunRow::of).collect(),
        gates: gates::rows(input.gates, input.at),
        drills: drills::rows(input.drills),
        routines: routines::rows(input.routines, input.drills),
        readiness: history::rows(kept, hours, is_there, input.at),
        next: input.next,
        key: input.key,
        typed: TypedGate::default(),
        typed_drill: TypedDrill::default(),
        mistakes: Vec::new(),
    }
}

/// Whether it was judged too long ago.
fn is_old(judged_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - judged_at > READINESS_MAX_AGE
}

/// What is said when it was.
fn unknown() -> (Tone, String, String) {
    (Tone::Unk, t!("failover-answer-unknown"), t!("failover-no-data"))
}

fn row(looked: &Looked, old: bool) -> ReadyRow {
    let preview = &looked.preview;
    let (tone, word) = match (old, preview.groups.is_empty()) {
        (true, _) => verdict(Verdict::Unknown),
        (false, true) => (Tone::Plan, t!("failover-empty")),
        (false, false) => verdict(preview.verdict),
    };
    let worst = worst(preview).filter(|_| !old);
    let times = preview.groups.iter().map(|group| group.seconds);
    let to: std::collections::BTreeSet<_> =
        preview.groups.iter().flat_map(|group| &group.targets).map(ToString::to_string).collect();
    ReadyRow {
        id: looked.id.clone(),
        href: paths::failover_plan(&looked.id),
        to: to.into_iter().collect(),
        tone,
        verdict: word,
        cause: worst.map(|check| text::sentence(&check.sentence)).unwrap_or_default(),
        fix: worst.and_then(|check| check.link.clone()),
        groups: preview.groups.len(),
        lag_bytes: preview.at_risk.iter().map(|risk| risk.lag_bytes).max().flatten(),
        databases: preview.at_risk.len(),
        seconds: times.sum::<Option<u64>>().filter(|_| !preview.groups.is_empty()),
        limit_seconds: preview.groups.iter().map(|group| group.limit_seconds).sum(),
        load_after_percent: preview.groups.iter().filter_map(|it| it.load_after_percent).max(),
        last_drill: looked.last_drill,
    }
}

fn worst(preview: &Preview) -> Option<&mainstay_core::failover::preview::Check> {
    let bad = preview.checks.iter().filter(|check| check.verdict != Verdict::Ready);
    // The first of the worst: groups stand in the order of recovery.
    bad.fold(None, |worst, check| match worst {
        Some(known) if check.verdict <= known.verdict => worst,
        Some(_) | None => Some(check),
    })
}

/// The verdict in one sentence, and the worst blocker.
pub fn answer(regions: &[Looked]) -> (Tone, String, String) {
    let all = regions.len();
    let of = |wanted: Verdict| regions.iter().filter(move |it| it.preview.verdict == wanted);
    let able = of(Verdict::Ready).count() + of(Verdict::Warnings).count();
    let blocked: Vec<_> =
        of(Verdict::NotReady).chain(of(Verdict::Unknown)).map(|it| it.id.as_str()).collect();
    let cause = of(Verdict::NotReady)
        .chain(of(Verdict::Unknown))
        .chain(of(Verdict::Warnings))
        .find_map(|it| worst(&it.preview))
        .map(|check| text::sentence(&check.sentence))
        .unwrap_or_default();
    let unknown = of(Verdict::Unknown).count();
    let warnings = of(Verdict::Warnings).count();
    let number = |n: usize| text::number(n as u64);
    if all == 0 || unknown == all {
        return (Tone::Unk, t!("failover-answer-unknown"), cause);
    }
    if able == 0 {
        return (Tone::Crit, t!("failover-answer-no"), cause);
    }
    if able < all {
        let tone = if of(Verdict::NotReady).count() > 0 { Tone::Crit } else { Tone::Unk };
        let names = text::list(blocked);
        let words = match of(Verdict::NotReady).count() {
            0 => t!(
                "failover-answer-not-known",
                able = number(able),
                all = number(all),
                names = names
            ),
            _ => t!("failover-answer-some", able = number(able), all = number(all), names = names),
        };
        return (tone, words, cause);
    }
    match warnings {
        0 => (Tone::Ok, t!("failover-answer-yes"), cause),
        n => {
            let words = t!("failover-answer-warnings", n = n, count = number(n));
            (Tone::Warn, words, cause)
        }
    }
}

pub fn title(data: &Data) -> String {
    let title = t!("failover-title");
    let right = data.mistakes.is_empty() && data.typed_drill.mistakes.is_empty();
    if right { title } else { t!("error-title", title = title) }
}

pub fn topics() -> Vec<String> {
    vec!["estate".to_owned()]
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let head = page_head(PageHead {
        title: t!("failover-title"),
        note: Some(t!("failover-note").into_any()),
        actions: Some(link_button(
            Weight::Plain,
            paths::FAILOVER_ORCHESTRATOR,
            t!("orchestrator-open"),
        )),
        ..PageHead::default()
    });
    let cause = data.cause.clone();
    let verdict = block::verdict(
        data.tone,
        t!("failover-question"),
        data.answer.clone().into_any(),
        cause.into_any(),
        None,
    );
    let runs = runs::view(data);
    let main = view! {
        <div class="stack">
            <section class="card" data-swap="failover-verdict">
                {verdict}{judged(Some(data.judged_at), data.at)}
            </section>
            {running(data)}
            <div data-swap="failover-ready" class="stack">
                {ready(t!("failover-if-region"), &data.regions, data.at)}
                {ready(t!("failover-if-datacenter"), &data.datacenters, data.at)}
            </div>
            {history::view(&data.readiness, data.at)}
            <div data-swap="failover-runs">{runs}</div>
        </div>
    };
    let repeats = routines::view(&data.routines, data.at);
    let side = view! { {repeats}{drills::view(data, reader)}{gates::view(data, reader)} };
    view! { {head}{columns(main, side)} }.into_any()
}

/// When it was judged, and how long ago that is.
fn judged(at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<AnyView> {
    let at = at?;
    let age = text::duration((now - at).max(TimeDelta::zero()));
    let words = t!("failover-judged", at = text::clock_seconds(at, now), age = age);
    Some(view! { <p class="pad muted small">{words}</p> }.into_any())
}

/// What goes on, or stands until somebody fails back.
fn running(data: &Data) -> AnyView {
    let items: Vec<_> = data.runs.iter().filter(|row| row.ended_at.is_none()).map(on).collect();
    view! { <div data-swap="failover-on" class="stack">{items}</div> }.into_any()
}

fn on(row: &RunRow) -> AnyView {
    let open = link_button(Weight::Plain, row.href.clone(), t!("open"));
    let (past, all) = (text::number(row.steps_past as u64), text::number(row.steps as u64));
    let words = t!("failover-progress", past = past, all = all);
    callout(row.tone, format!("{}: {}.", row.title, row.word), words, Some(open))
}

fn ready(title: String, rows: &[ReadyRow], now: DateTime<Utc>) -> AnyView {
    card(Head::new(title.clone()), ready_table(title, rows, now, true))
}

/// `causes`: with why a place is not ready.
fn ready_table(title: String, rows: &[ReadyRow], now: DateTime<Utc>, causes: bool) -> AnyView {
    let columns = vec![
        Column::new(t!("failover-col-away")),
        Column::new(t!("failover-col-verdict")),
        Column::new(t!("failover-col-to")),
        Column::number(t!("failover-col-lag")),
        Column::number(t!("failover-col-time")),
        Column::number(t!("failover-col-load")),
        Column::number(t!("failover-col-drill")),
        Column::hidden(t!("failover-col-plan")),
    ];
    let body = rows.iter().map(|row| ready_row(row, now, causes)).collect_view();
    table(title, columns, body)
}

fn ready_row(row: &ReadyRow, now: DateTime<Utc>, causes: bool) -> AnyView {
    let unknown = || t!("unknown-word");
    let none = "–".to_owned();
    let lag = match (row.databases, row.lag_bytes) {
        (0, _) => none.clone(),
        (_, None) => unknown(),
        (_, Some(bytes)) => text::bytes(bytes),
    };
    let limit = seconds(row.limit_seconds);
    let time_needed = match row.seconds {
        None => view! { {unknown()}" / "{limit} }.into_any(),
        Some(took) => {
            let tone = if took > row.limit_seconds { Tone::Crit } else { Tone::Ok };
            let bar = bullet(tone, took as f64, row.limit_seconds as f64);
            view! { {bar}" "{seconds(took)}" / "{limit} }.into_any()
        }
    };
    let load = row.load_after_percent.map_or_else(|| none.clone(), |it| format!("{it} %"));
    let drill = match row.last_drill {
        None => t!("failover-never").into_any(),
        Some(at) => time(at, now),
    };
    let cause = (causes && !row.cause.is_empty()).then(|| {
        let words = row.cause.clone();
        let words = match &row.fix {
            Some(href) => view! { <a href=href.clone()>{words}</a> }.into_any(),
            None => words.into_any(),
        };
        view! { <br/><span class="muted">{words}</span> }
    });
    view! {
        <tr>
            <th scope="row"><a href=row.href.clone()>{row.id.clone()}</a></th>
            <td data-l=t!("failover-col-verdict")>{state(row.tone, row.verdict.clone())}{cause}</td>
            <td data-l=t!("failover-col-to")>{text::list(&row.to)}</td>
            <td class="num" data-l=t!("failover-col-lag")>{lag}</td>
            <td class="num" data-l=t!("failover-col-time")>{time_needed}</td>
            <td class="num" data-l=t!("failover-col-load")>{load}</td>
            <td class="num" data-l=t!("failover-col-drill")>{drill}</td>
            <td><a class="btn sm" href=row.href.clone()>{t!("failover-plan-open")}</a></td>
        </tr>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_judged_too_long_ago_is_unknown() {
        let ready = Preview {
            verdict: Verdict::Ready,
            checks: Vec::new(),
            groups: Vec::new(),
            at_risk: Vec::new(),
            rules: Vec::new(),
        };
        let places = [Looked { id: "north".to_owned(), preview: ready, last_drill: None }];
        let judged_at = DateTime::UNIX_EPOCH;
        let data = |age: TimeDelta| {
            build(Input {
                at: judged_at + age,
                judged_at,
                regions: &places,
                datacenters: &[],
                runs: &[],
                gates: &Gates::default(),
                drills: &[],
                routines: &[],
                readiness: (&BTreeMap::new(), 1),
                next: None,
                key: String::new(),
            })
        };
        let fresh = data(READINESS_MAX_AGE);
        assert_eq!((fresh.tone, fresh.old), (Tone::Ok, false));
        let old = data(READINESS_MAX_AGE + TimeDelta::seconds(1));
        assert_eq!((old.tone, old.old, old.regions[0].tone), (Tone::Unk, true, Tone::Unk));
        let now = judged_at + READINESS_MAX_AGE * 2;
        assert_eq!(Card::of(Some((&places, judged_at)), None, now).tone, Tone::Unk);
        assert_eq!(Card::of(Some((&places, now)), None, now).tone, Tone::Ok);
        assert_eq!(Card::of(None, None, now).tone, Tone::Unk);
    }
}
