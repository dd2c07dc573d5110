//! What `/backups` looks at: a view, a time, and a page of the databases.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc};
use leptos::prelude::*;
use mainstay_core::estate::Estate;
use mainstay_core::id::{DatabaseId, DatacenterId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::query::{Dropped, Query};
use crate::paths;
use crate::t;
use crate::ui::button::{Weight, link_button, submit};

/// Databases that a page shows at once: a month of each is a mark for every day.
pub const PAGE: usize = 50;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    #[default]
    Calendar,
    Sets,
    Copies,
    Restores,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Span {
    #[default]
    Week,
    Month,
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Filter {
    pub view: View,
    pub span: Span,
    /// First day of the calendar, UTC: a Monday, or the first of a month.
    pub first: NaiveDate,
    /// The data centre whose loss is imagined.
    #[schema(value_type = Option<String>)]
    pub lost: Option<DatacenterId>,
    /// Only databases whose name contains this.
    pub q: String,
    /// Only databases after this one.
    #[schema(value_type = Option<String>)]
    pub after: Option<DatabaseId>,
}

/// The databases of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// By id, at most [`PAGE`].
    pub databases: Vec<DatabaseId>,
    /// How many the filter names.
    pub total: usize,
    /// Whether more follow.
    pub more: bool,
}

impl View {
    pub(super) const ALL: [Self; 4] = [Self::Calendar, Self::Sets, Self::Copies, Self::Restores];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Calendar => "calendar",
            Self::Sets => "sets",
            Self::Copies => "copies",
            Self::Restores => "restores",
        }
    }

    pub(super) fn label(self) -> String {
        match self {
            Self::Calendar => t!("backups-calendar"),
            Self::Sets => t!("backups-sets"),
            Self::Copies => t!("backups-copies"),
            Self::Restores => t!("restores"),
        }
    }
}

impl Span {
    pub(super) const ALL: [Self; 2] = [Self::Week, Self::Month];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    pub(super) fn label(self) -> String {
        match self {
            Self::Week => t!("backups-week"),
            Self::Month => t!("backups-month"),
        }
    }

    /// The first day of the span that has a day.
    fn first(self, day: NaiveDate) -> NaiveDate {
        match self {
            Self::Week => day.week(chrono::Weekday::Mon).first_day(),
            Self::Month => day.with_day(1).unwrap_or(day),
        }
    }

    /// The first day of the next one.
    pub(super) fn next(self, first: NaiveDate) -> NaiveDate {
        let days = match self {
            Self::Week => 7,
            Self::Month => 31,
        };
        self.first(first.checked_add_days(Days::new(days)).unwrap_or(first))
    }

    pub(super) fn previous(self, first: NaiveDate) -> NaiveDate {
        self.first(first.pred_opt().unwrap_or(first))
    }
}

impl Filter {
    /// Reads the query; what it cannot use is named.
    pub fn read(query: &Query, estate: &Estate) -> (Self, Vec<Dropped>) {
        let mut dropped = Vec::new();
        let named = |view: &View, name: &str| view.name() == name;
        let view = query.read("view", &mut dropped, |name| {
            View::ALL.into_iter().find(|view| named(view, name))
        });
        let span = query.read("span", &mut dropped, |name| {
            Span::ALL.into_iter().find(|span| span.name() == name)
        });
        let day = query.read("from", &mut dropped, |day| day.parse::<NaiveDate>().ok());
        // Far enough for every calendar, and no arithmetic goes over the end.
        let day = day.filter(|day| (1_970..=2_199).contains(&day.year()));
        let lost = query.read("lost", &mut dropped, |id| {
            let id = DatacenterId::new(id).ok()?;
            estate.fleet.datacenters.contains_key(&id).then_some(id)
        });
        let after = query.read("after", &mut dropped, |id| DatabaseId::new(id).ok());
        let q = query.get("q").unwrap_or_default().to_owned();
        let span = span.unwrap_or_default();
        let first = span.first(day.unwrap_or_else(|| estate.at.date_naive()));
        (Self { view: view.unwrap_or_default(), span, first, lost, q, after }, dropped)
    }

    /// The databases of the page, out of all that have a policy, by id.
    pub fn list<'a>(&self, all: impl Iterator<Item = &'a DatabaseId>) -> Listed {
        let mut listed = Listed::default();
        for id in all.filter(|id| id.as_str().contains(&self.q)) {
            listed.total += 1;
            if self.after.as_ref().is_some_and(|after| id <= after) {
                continue;
            }
            listed.more = listed.databases.len() == PAGE;
            if !listed.more {
                listed.databases.push(id.clone());
            }
        }
        listed
    }

    pub(super) fn days(&self) -> Vec<NaiveDate> {
        let end = self.span.next(self.first);
        self.first.iter_days().take_while(|day| *day < end).collect()
    }

    /// The time of the calendar, where it is looked at.
    pub fn calendar(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let start = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
        let time = (start(self.first), start(self.span.next(self.first)));
        (self.view == View::Calendar).then_some(time)
    }

    /// Another look at the same databases; other than of the same view, from the first page on.
    pub(super) fn href(&self, view: View, span: Span, first: Option<NaiveDate>) -> String {
        let after = self.after.as_ref().filter(|_| view == self.view).map(DatabaseId::as_str);
        self.address((view, span), first, None, after.unwrap_or_default())
    }

    /// The same look at other databases: those after this one, or the first.
    pub(super) fn page(&self, after: Option<&DatabaseId>) -> String {
        let after = after.map(DatabaseId::as_str).unwrap_or_default();
        self.address((self.view, self.span), Some(self.first), self.lost.as_ref(), after)
    }

    fn address(
        &self,
        (view, span): (View, Span),
        first: Option<NaiveDate>,
        lost: Option<&DatacenterId>,
        after: &str,
    ) -> String {
        let calendar = view == View::Calendar;
        let from = first.filter(|_| calendar).map(|day| day.to_string()).unwrap_or_default();
        let view = if view == View::default() { "" } else { view.name() };
        let span = if span == Span::default() || !calendar { "" } else { span.name() };
        let lost = lost.map(DatacenterId::as_str).unwrap_or_default();
        let pairs = [("view", view), ("span", span), ("from", &from), ("lost", lost)];
        paths::with_query(
            paths::BACKUPS,
            &[&pairs[..], &[("q", &self.q), ("after", after)]].concat(),
        )
    }

    /// The filter by name, where there is more than one page.
    pub(super) fn form(&self, total: usize) -> Option<AnyView> {
        let narrow = !self.q.is_empty();
        if total <= PAGE && !narrow {
            return None;
        }
        let (view, span, from) = (self.view.name(), self.span.name(), self.first.to_string());
        let lost = self.lost.as_ref().map(ToString::to_string);
        let lost = lost.map(|id| view! { <input type="hidden" name="lost" value=id/> });
        let all = Self { q: String::new(), after: None, ..self.clone() }.page(None);
        let clear = narrow.then(|| link_button(Weight::Plain, all, t!("filter-clear")));
        let form = view! {
            <section class="card">
                <form class="filter" id="filter" action=paths::BACKUPS>
                    <input type="hidden" name="view" value=view/>
                    <input type="hidden" name="span" value=span/>
                    <input type="hidden" name="from" value=from/>
                    {lost}
                    <label>
                        {t!("filter-name")}
                        <input type="search" name="q" value=self.q.clone()/>
                    </label>
                    {submit(Weight::Plain, t!("filter-do"))}
                    {clear}
                </form>
            </section>
        };
        Some(form.into_any())
    }
}
