//! `/availability/reports/{month}`: a month for auditors, made to be printed.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, Utc};
use leptos::prelude::*;
use mainstay_core::availability::Target;
use mainstay_core::availability::cause::Cause;
use mainstay_core::availability::outage::{Kind, Told};
use mainstay_core::estate::Estate;
use serde::Serialize;
use utoipa::ToSchema;

use super::list::{ScopeRow, grouped, scope_table};
use super::{Figures, Known, OutageRow, ledger};
use crate::paths;
use crate::t;
use crate::text;
use crate::text::availability as words;
use crate::ui::block::empty;
use crate::ui::button::{Weight, link_button};
use crate::ui::card::{Head, card, key_values, padded, stack};
use crate::ui::head::{Crumb, PageHead, page_head_of};
use crate::ui::table::{Column, table};
use crate::ui::time::time_full;

/// Most outages of a report; that there are more is said.
pub const OUTAGES_MAX: i64 = 200;

/// A month, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    first: NaiveDate,
}

impl Month {
    /// Reads `2026-10`.
    pub fn read(text: &str) -> Option<Self> {
        let whole = text.len() == 7;
        let first = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok()?;
        let past = (1970..=9_998).contains(&first.year());
        (whole && past).then_some(Self { first })
    }

    /// The month of a moment.
    pub fn of(at: DateTime<Utc>) -> Self {
        let day = at.date_naive();
        Self { first: day.with_day(1).unwrap_or(day) }
    }

    pub fn period(self) -> (DateTime<Utc>, DateTime<Utc>) {
        let begin = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
        (begin(self.first), begin(self.next().first))
    }

    /// From the beginning of its year to its end.
    pub fn year(self) -> (DateTime<Utc>, DateTime<Utc>) {
        let first = self.first.with_month(1).unwrap_or(self.first);
        (first.and_time(NaiveTime::MIN).and_utc(), self.period().1)
    }

    fn next(self) -> Self {
        Self { first: self.first.checked_add_months(Months::new(1)).unwrap_or(self.first) }
    }

    pub fn before(self) -> Self {
        Self { first: self.first.checked_sub_months(Months::new(1)).unwrap_or(self.first) }
    }

    /// As its address writes it.
    pub fn name(self) -> String {
        self.first.format("%Y-%m").to_string()
    }
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AvailabilityReport)]
pub struct Data {
    pub at: DateTime<Utc>,
    /// `2026-10`.
    pub month: String,
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// Absent: nothing of it was decided.
    pub decided_until: Option<DateTime<Utc>>,
    pub figures: Figures,
    pub regions: Vec<ScopeRow>,
    pub groups: Vec<ScopeRow>,
    pub services: Vec<ScopeRow>,
    pub causes: Vec<CauseRow>,
    /// From the beginning of the year to the end of the month.
    pub year: Figures,
    pub outages: Vec<OutageRow>,
    /// There are more outages than are listed.
    pub more: bool,
    #[serde(skip)]
    chosen: Month,
}

/// What came of one cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AvailabilityCause)]
pub struct CauseRow {
    /// Absent: not told yet.
    #[schema(value_type = Option<String>)]
    pub cause: Option<Cause>,
    pub outages: usize,
    /// Minutes of services that were down, planned or not, and those that count as net.
    pub gross_minutes: u64,
    pub net_minutes: u64,
}

pub fn build(
    estate: &Estate,
    month: Month,
    known: &Known,
    year: &Known,
    outages: &[Told],
    more: bool,
) -> Data {
    let figures = |known: &Known, totals: &[_]| {
        Figures::of(&estate.fleet, totals, known.minutes(), known.span_minutes())
    };
    let rows = |name: fn(&mainstay_core::availability::Total) -> String,
                href: fn(&str) -> String| {
        let groups = grouped(&known.totals, name).into_iter();
        let rows = groups.map(|(name, totals)| ScopeRow {
            href: href(&name),
            name,
            figures: figures(known, &totals),
            within: Vec::new(),
        });
        rows.collect()
    };
    let (from, until) = month.period();
    Data {
        at: estate.at,
        month: month.name(),
        from,
        until,
        decided_until: known.decided.map(|(_, until)| until).filter(|until| *until > from),
        figures: figures(known, &known.totals),
        regions: rows(|total| total.cell.region.to_string(), |id| paths::region(id)),
        groups: rows(|total| total.group.to_string(), |id| paths::group(id)),
        services: rows(|total| total.cell.service.to_string(), |id| paths::service(id)),
        causes: causes(outages, (from, until)),
        year: figures(year, &year.totals),
        outages: outages.iter().map(OutageRow::of).collect(),
        more,
        chosen: month,
    }
}

/// Minutes within the month by cause, planned ones first. Planned minutes are not kept by the hour:
/// those of an outage that reaches over an end of the month count whole.
fn causes(outages: &[Told], (from, until): (DateTime<Utc>, DateTime<Utc>)) -> Vec<CauseRow> {
    let mut rows: BTreeMap<(bool, Option<Cause>), CauseRow> = BTreeMap::new();
    for told in outages.iter().filter(|told| told.outage.kind == Kind::Down) {
        let cause = told.account.cause;
        let row = rows.entry((cause.is_none(), cause)).or_insert_with(|| CauseRow {
            cause,
            outages: 0,
            gross_minutes: 0,
            net_minutes: 0,
        });
        let down = told.outage.down_within(from, until);
        row.outages += 1;
        row.gross_minutes += down + told.outage.planned;
        row.net_minutes += if told.account.counted { down } else { 0 };
    }
    rows.into_values().collect()
}

pub fn title(data: &Data) -> String {
    t!("report-title", month = data.month.as_str())
}

pub fn view(data: &Data) -> AnyView {
    let (before, next) = (data.chosen.before(), data.chosen.next());
    let link = |month: Month| {
        link_button(Weight::Plain, paths::availability_report(month.name()), month.name())
    };
    let next = (next.period().0 <= data.at).then(|| link(next));
    let head = page_head_of(
        data.month.clone(),
        PageHead {
            title: title(data),
            crumbs: vec![Crumb::new(paths::AVAILABILITY, t!("availability-title"))],
            note: Some(note(data)),
            actions: Some(view! { {link(before)}{next} }.into_any()),
            ..PageHead::default()
        },
    );
    if !data.figures.is_measured() && data.outages.is_empty() {
        let body = empty(t!("report-empty"), t!("report-empty-detail"), None);
        return view! { {head}<section class="card">{body}</section> }.into_any();
    }
    let part = |title: String, first: String, rows: &[ScopeRow]| {
        card(Head::new(title.clone()), scope_table(title, first, rows))
    };
    let body = view! {
        {padded(Head::new(t!("report-figures")), figures(data))}
        {part(t!("availability-by-region"), t!("col-region"), &data.regions)}
        {part(t!("availability-by-group"), t!("col-group"), &data.groups)}
        {part(t!("availability-by-service"), t!("col-service"), &data.services)}
        {by_cause(data)}
        {outages(data)}
        {padded(Head::new(t!("report-how")), view! { <p class="prose">{t!("report-method")}</p> })}
    };
    view! { {head}{stack(body)} }.into_any()
}

fn note(data: &Data) -> AnyView {
    let until = data.decided_until.filter(|until| *until < data.until).map(|until| {
        let at = t!("utc", time = text::full(until));
        t!("report-until", at = at)
    });
    view! { {time_full(data.from)}" – "{time_full(data.until)}". "{until} }.into_any()
}

fn figures(data: &Data) -> AnyView {
    let of = |figures: &Figures| {
        let (net, gross) = (figures.net, figures.gross);
        t!(
            "report-both",
            net = net.words(),
            net_of = net.fraction(),
            gross = gross.words(),
            gross_of = gross.fraction()
        )
    };
    let budget = |figures: &Figures| {
        t!(
            "availability-used",
            net = words::minutes(figures.used_net_minutes),
            gross = words::minutes(figures.used_gross_minutes),
            allowed = words::minutes(figures.allowed_minutes)
        )
    };
    let (figures, year) = (&data.figures, &data.year);
    let target = Target::new((year.target_percent * 1_000.0).round() as u32).unwrap_or_default();
    let meaning = t!("availability-year-means", target = year.target(), time = words::year(target));
    let worst = t!(
        "availability-not-measured",
        minutes = words::minutes(figures.unmeasured_minutes),
        worst = figures.at_worst.words()
    );
    let requests = format!("{} ({})", figures.requests.words(), figures.requests.fraction());
    key_values(vec![
        (t!("report-month"), of(figures).into_any()),
        (t!("availability-col-used"), budget(figures).into_any()),
        (t!("availability-target"), figures.target().into_any()),
        (t!("availability-requests"), requests.into_any()),
        (t!("availability-unmeasured"), worst.into_any()),
        (t!("report-year"), view! { {of(year)}" "{budget(year)}". "{meaning} }.into_any()),
    ])
}

fn by_cause(data: &Data) -> AnyView {
    let head = Head::new(t!("report-causes"));
    if data.causes.is_empty() {
        return card(head, empty(t!("outage-none"), t!("outage-none-detail"), None));
    }
    let columns = vec![
        Column::new(t!("outage-col-cause")),
        Column::number(t!("report-outages")),
        Column::number(t!("report-gross")),
        Column::number(t!("report-net")),
    ];
    let body = data
        .causes
        .iter()
        .map(|row| {
            view! {
                <tr>
                    <th scope="row">{words::cause(row.cause)}</th>
                    <td class="num" data-l=t!("report-outages")>{row.outages}</td>
                    <td class="num" data-l=t!("report-gross")>{text::number(row.gross_minutes)}</td>
                    <td class="num" data-l=t!("report-net")>{text::number(row.net_minutes)}</td>
                </tr>
            }
        })
        .collect_view();
    card(head, table(t!("report-causes"), columns, body))
}

fn outages(data: &Data) -> AnyView {
    let head = Head::new(t!("outage-ledger"));
    if data.outages.is_empty() {
        return card(head, empty(t!("outage-none"), t!("outage-none-detail"), None));
    }
    let more = data.more.then(|| {
        let shown = text::number(data.outages.len() as u64);
        view! { <p class="pad second">{t!("report-more", shown = shown)}</p> }
    });
    card(head, view! { {ledger::view(&data.outages, data.until)}{more} })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_read_as_it_is_written() {
        let month = Month::read("2026-12").expect("a month");
        assert_eq!(month.name(), "2026-12");
        assert_eq!(
            (month.next().name(), month.before().name()),
            ("2027-01".into(), "2026-11".into())
        );
        let (from, until) = month.period();
        assert_eq!((until - from).num_days(), 31);
        assert_eq!(month.year().0.to_rfc3339(), "2026-01-01T00:00:00+00:00");
        for bad in ["", "2026", "2026-13", "2026-1", "26-10", "2026-10-01", "9999-01", "x"] {
            assert_eq!(Month::read(bad), None, "{bad}");
        }
    }
}
