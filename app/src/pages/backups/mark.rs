//! Marks of the calendar: what became of a window, by its run, by the copies, or by the plan.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::backup::run::{Origin, Run, RunId, SILENCE, State};
use mainstay_core::backup::{Kind, Planned};
use mainstay_core::estate::{Contact, Estate};
use mainstay_core::id::DatacenterId;
use serde::Serialize;
use utoipa::ToSchema;

use super::picture::Picture;
use super::set::run_detail;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::raw;
use crate::ui::tone::Tone;

/// How a run or a window stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Look {
    /// Nothing more is tried.
    Missed,
    /// Its window is over, and it is not done.
    Late,
    /// Tried in vain so far, or held up.
    Failing,
    /// An agent has it and says nothing.
    Stuck,
    /// What became of it is not known.
    Unknown,
    Running,
    Planned,
    DoneLate,
    Done,
}

impl Look {
    pub const ALL: [Self; 9] = [
        Self::Done,
        Self::DoneLate,
        Self::Running,
        Self::Planned,
        Self::Failing,
        Self::Late,
        Self::Missed,
        Self::Stuck,
        Self::Unknown,
    ];

    pub const fn tone(self) -> Tone {
        match self {
            Self::Missed => Tone::Crit,
            Self::Late | Self::Failing => Tone::Warn,
            Self::Stuck | Self::Unknown => Tone::Unk,
            Self::Running => Tone::Prog,
            Self::Planned => Tone::Plan,
            Self::DoneLate => Tone::Pause,
            Self::Done => Tone::Ok,
        }
    }

    /// The look of a badge: what is done is well, also when it was late.
    pub const fn badge(self) -> Tone {
        match self {
            Self::DoneLate => Tone::Ok,
            Self::Missed
            | Self::Late
            | Self::Failing
            | Self::Stuck
            | Self::Unknown
            | Self::Running
            | Self::Planned
            | Self::Done => self.tone(),
        }
    }

    pub fn word(self) -> String {
        match self {
            Self::Missed => t!("look-missed"),
            Self::Late => t!("look-late"),
            Self::Failing => t!("look-failing"),
            Self::Stuck => t!("look-stuck"),
            Self::Unknown => t!("look-unknown"),
            Self::Running => t!("look-running"),
            Self::Planned => t!("look-planned"),
            Self::DoneLate => t!("look-done-late"),
            Self::Done => t!("look-done"),
        }
    }

    /// Whether it is late, stuck, or tried in vain.
    pub const fn needs_a_person(self) -> bool {
        match self {
            Self::Missed | Self::Late | Self::Failing | Self::Stuck => true,
            Self::Unknown | Self::Running | Self::Planned | Self::DoneLate | Self::Done => false,
        }
    }
}

/// How a run stands.
pub fn look(run: &Run, estate: &Estate) -> Look {
    let now = estate.at;
    match &run.state {
        State::Done { done, .. } => {
            let on_time = done.copy.finished <= run.planned.window_end;
            let asked = run.origin != Origin::Plan;
            if on_time || asked { Look::Done } else { Look::DoneLate }
        }
        State::Missed { .. } => Look::Missed,
        State::Waiting { .. } if run.is_late(now) => Look::Late,
        State::Waiting { not_before, because } => {
            let held = because.is_some() && *not_before <= now;
            if held || !run.tries.is_empty() { Look::Failing } else { Look::Planned }
        }
        State::Ordered { agent, work, at, .. } => {
            let told = estate.datacenters.get(agent).and_then(|state| state.work(work));
            let silent = estate.contact(agent) != Contact::Reporting;
            let waited = now - *at >= estate.pace.stretch(SILENCE);
            match (silent || (told.is_none() && waited), run.is_late(now)) {
                (true, _) => Look::Stuck,
                (false, true) => Look::Late,
                (false, false) => Look::Running,
            }
        }
    }
}

/// One run or window of a database.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Mark {
    pub look: Look,
    /// Of the copy that was made, else of the one that is planned.
    #[schema(value_type = String)]
    pub kind: Kind,
    pub window_start: DateTime<Utc>,
    pub window_end: DateTime<Utc>,
    /// Whose repository takes it, as planned or as it was.
    pub datacenter: String,
    /// Asked for by a person, beside the plan.
    pub asked: bool,
    /// Its run, else its set.
    pub href: String,
    /// What is in the way of what is not well, or how far a run is.
    pub why: Option<String>,
    /// `store-db, full to fra1, 02:00 to 03:30 UTC: done`, and why it is not.
    pub words: String,
}

/// What became of one run or window, without the words of its mark: of a thousand databases most
/// are only counted.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    pub look: Look,
    pub kind: Kind,
    pub planned: Cow<'a, Planned>,
    /// Asked for by a person, beside the plan.
    pub asked: bool,
    /// Whose repository took it; `None`: as planned.
    elsewhere: Option<&'a DatacenterId>,
    /// `None`: the window has no run.
    run: Option<RunId>,
}

/// The marks of a database in a time, by window: runs, windows without one, and what is planned.
pub fn marks(picture: &Picture<'_>, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Mark> {
    seen(picture, from, until).iter().map(|seen| seen.mark(picture)).collect()
}

/// What [`marks`] stand for.
pub fn seen<'a>(
    picture: &'a Picture<'_>,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Vec<Seen<'a>> {
    let inside = |at: DateTime<Utc>| from <= at && at < until;
    let runs = picture.known.runs.iter().filter(|run| inside(run.planned.window_start));
    let mut all: Vec<Seen<'a>> = runs.map(|run| Seen::of_run(picture, run)).collect();
    let has_run = |planned: &Planned| {
        let by_plan = |run: &&Arc<Run>| run.origin == Origin::Plan;
        let mut runs = picture.known.runs.iter().filter(by_plan);
        runs.any(|run| run.planned.window_start == planned.window_start)
    };
    let planned = picture.schedule.between(from, until).into_iter();
    all.extend(planned.filter(|it| !has_run(it)).map(|it| Seen::of_window(picture, it)));
    all.sort_by_key(|seen| seen.planned.window_start);
    all
}

pub fn of_run(picture: &Picture<'_>, run: &Run) -> Mark {
    Seen::of_run(picture, run).mark(picture)
}

impl<'a> Seen<'a> {
    fn of_run(picture: &Picture<'_>, run: &'a Run) -> Self {
        let (kind, elsewhere) = match &run.state {
            State::Done { datacenter, done, .. } => (done.copy.kind, Some(datacenter)),
            State::Ordered { datacenter, .. } => (run.planned.kind, Some(datacenter)),
            State::Waiting { .. } | State::Missed { .. } => (run.planned.kind, None),
        };
        Self {
            look: picture.look(run),
            kind,
            planned: Cow::Borrowed(&run.planned),
            asked: run.origin != Origin::Plan,
            elsewhere,
            run: Some(run.id),
        }
    }

    /// A window without a run: ahead, or told by its copy, or not known.
    fn of_window(picture: &'a Picture<'_>, planned: Planned) -> Self {
        let ahead = planned.window_end > picture.now();
        let next = picture.schedule.windows(
            planned.window_start + TimeDelta::milliseconds(1),
            planned.window_start + TimeDelta::days(400),
        );
        let next = next.map(|window| window.start).next().unwrap_or(DateTime::<Utc>::MAX_UTC);
        let began = |at: DateTime<Utc>| planned.window_start <= at && at < next;
        let catalogue = picture.report.into_iter().flat_map(|report| &report.catalogue);
        let held = catalogue.filter_map(|(id, held)| Some((id, held.as_ref().ok()?)));
        let mut held = held.flat_map(|(id, copies)| copies.iter().map(move |copy| (id, copy)));
        let copy = held.find(|(_, copy)| began(copy.started));
        let (look, kind, elsewhere) = match copy {
            Some((id, copy)) if copy.finished <= planned.window_end => {
                (Look::Done, copy.kind, Some(id))
            }
            Some((id, copy)) => (Look::DoneLate, copy.kind, Some(id)),
            None if ahead => (Look::Planned, planned.kind, None),
            None => (Look::Unknown, planned.kind, None),
        };
        Self { look, kind, planned: Cow::Owned(planned), asked: false, elsewhere, run: None }
    }

    pub fn datacenter(&self) -> &DatacenterId {
        self.elsewhere.unwrap_or(&self.planned.datacenter)
    }

    /// Its run, else its set.
    pub fn href(&self) -> String {
        let set = || paths::backup_set(&self.planned.database);
        self.run.map_or_else(set, paths::backup_run)
    }

    /// Of what is done there is nothing to say, nor of what was only planned.
    fn why(&self, picture: &Picture<'_>) -> Option<String> {
        match self.look {
            Look::Missed | Look::Late | Look::Failing | Look::Stuck | Look::Running => {}
            Look::Unknown | Look::Planned | Look::DoneLate | Look::Done => return None,
        }
        let run = picture.known.runs.iter().find(|run| Some(run.id) == self.run)?;
        Some(run_detail(picture, run)).filter(|words| !words.is_empty())
    }

    fn mark(&self, picture: &Picture<'_>) -> Mark {
        let (planned, now) = (&*self.planned, picture.now());
        let window = t!(
            "mark-window",
            from = text::clock(planned.window_start, now),
            to = text::clock(planned.window_end, planned.window_start)
        );
        let why = self.why(picture);
        let words = t!(
            "mark-words",
            db = planned.database.as_str(),
            kind = text::backup::kind(self.kind),
            dc = self.datacenter().as_str(),
            window = window,
            look = self.look.word().to_lowercase()
        );
        let words = match &why {
            Some(why) => format!("{words}. {why}"),
            None => words,
        };
        Mark {
            look: self.look,
            kind: self.kind,
            window_start: planned.window_start,
            window_end: planned.window_end,
            datacenter: self.datacenter().to_string(),
            asked: self.asked,
            href: self.href(),
            why,
            words,
        }
    }
}

/// A mark as a drawing; a full copy stands on a line.
pub fn drawing(look: Look, kind: Kind) -> leptos::prelude::AnyView {
    let mut svg = String::from(r#"<svg class="bm" viewBox="0 0 12 14" aria-hidden="true">"#);
    // Writing to a string cannot fail.
    let _ = svg.write_str(match look {
        Look::Done => r#"<circle class="f-ok" cx="6" cy="5.5" r="4"/>"#,
        Look::DoneLate => {
            r#"<circle class="o-ok" cx="6" cy="5.5" r="3.6"/><path class="o-ok" d="M6 3v2.7h2"/>"#
        }
        Look::Running => {
            concat!(
                r#"<circle class="o-prog" cx="6" cy="5.5" r="3.8"/>"#,
                r#"<path class="f-prog" d="M6 1.7a3.8 3.8 0 0 1 0 7.6z"/>"#,
            )
        }
        Look::Planned => r#"<path class="o-plan" d="M6 1.2l4.2 4.3L6 9.8 1.8 5.5z"/>"#,
        Look::Failing => {
            r#"<path class="o-warn" d="M6 1.6l4.6 8H1.4z"/><path class="o-warn" d="M6 4.6v2.6"/>"#
        }
        Look::Late => r#"<path class="f-warn" d="M6 .8l5.4 9.2H.6z"/>"#,
        Look::Missed => r#"<rect class="f-crit" x="1.2" y=".8" width="9.6" height="9.6" rx="1"/>"#,
        Look::Stuck => {
            concat!(
                r#"<circle class="o-unk dash" cx="6" cy="5.5" r="4"/>"#,
                r#"<circle class="f-unk" cx="6" cy="5.5" r="1.5"/>"#,
            )
        }
        Look::Unknown => r#"<circle class="o-unk" cx="6" cy="5.5" r="3.8"/>"#,
    });
    if kind == Kind::Full {
        let tone = look.tone();
        let tone = if tone == Tone::Pause { Tone::Ok } else { tone }.class();
        let _ = write!(svg, r#"<rect class="f-{tone}" x="1" y="12.2" width="10" height="1.6"/>"#);
    }
    svg.push_str("</svg>");
    raw(svg)
}
