//! `/backups/sets/{database}/do/run-now` and `…/copies/{datacenter}/{label}/do/prove`: what it
//! would do, and the form that asks for it.

use chrono::{DateTime, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::backup::job::Target;
use mainstay_core::backup::kept::{Hours, KEPT_MAX};
use mainstay_core::backup::run::{self, ASKED_PATIENCE};
use mainstay_core::backup::{Kind, usable};
use mainstay_core::estate::Contact;
use mainstay_core::id::DatacenterId;
use serde::Serialize;
use utoipa::ToSchema;

use super::copy::Data as CopyData;
use super::picture::Picture;
use super::restore::estimate;
use super::set::Data as SetData;
use super::{copy, set};
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::badge;
use crate::ui::block::no_permission;
use crate::ui::button::{Weight, link_button, submit};
use crate::ui::card::{Head, card, columns, padded};
use crate::ui::form::{
    Field, Kind as FieldKind, Mistake, error_summary, field, form, mistakes_title,
};
use crate::ui::glyph::glyph;
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::tone::Tone;

/// Longest reason, in characters.
pub const REASON_MAX: usize = 500;

/// One thing that will happen, or must be known before.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Line {
    #[schema(value_type = String)]
    pub tone: Tone,
    pub words: String,
}

/// What was typed into either form.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// `full` or `differential`.
    pub kind: String,
    /// `end`, `moment` or `latest`.
    pub target: String,
    /// Of a moment.
    pub moment: String,
    pub reason: String,
    /// The name of the database, where something is done without what it needs or for good.
    pub confirm: String,
    /// Ticked where what is restored is to stay.
    pub keep: String,
    /// For how long.
    pub hours: String,
    /// The data centre whose agent restores it; empty: any.
    pub on: String,
    pub key: String,
}

impl Typed {
    /// Up to where a copy is restored; `None`: no moment was written that could be read.
    pub fn target(&self, now: DateTime<Utc>) -> Option<Target> {
        match self.target.as_str() {
            "" | "end" => Some(Target::EndOfCopy),
            "latest" => Some(Target::Latest),
            "moment" => moment(&self.moment, now).map(|at| Target::Moment { at }),
            _ => None,
        }
    }
}

/// The review of a backup now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunNow {
    pub set: SetData,
    pub lines: Vec<Line>,
    #[serde(skip)]
    pub typed: Typed,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
}

/// The review of a test restore now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Prove {
    pub copy: CopyData,
    pub lines: Vec<Line>,
    /// Data centres whose agents can make it.
    pub able: Vec<String>,
    #[serde(skip)]
    pub typed: Typed,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
}

pub fn run_now(picture: &Picture<'_>, typed: Typed) -> RunNow {
    let line = |tone, words| Line { tone, words };
    let mut lines = Vec::new();
    let person = (String::new(), String::new());
    let asked = run::asked(&picture.schedule, Kind::Full, person, picture.now());
    match (&picture.host, picture.heard()) {
        (None, _) => lines.push(line(Tone::Warn, t!("ask-no-agent"))),
        (Some(host), false) => {
            lines.push(line(Tone::Warn, t!("ask-silent", dc = host.as_str())));
        }
        (Some(host), true) => lines.push(line(Tone::Prog, t!("ask-begins", dc = host.as_str()))),
    }
    if let Some(asked) = asked {
        let dc = asked.planned.datacenter.as_str().to_owned();
        lines.push(line(Tone::Prog, t!("ask-goes-to", dc = dc)));
        let until = text::moment(asked.planned.window_end, picture.now());
        let patience = text::duration(ASKED_PATIENCE);
        lines.push(line(Tone::Plan, t!("ask-until", at = until, time = patience)));
    }
    let proofs = &picture.known.proofs;
    let held = picture.report.map(|report| usable(&report.catalogue, proofs)).unwrap_or_default();
    match held.iter().find(|held| held.copy.kind == Kind::Full) {
        Some(last) => {
            let took = text::duration(last.copy.finished - last.copy.started);
            let stored = text::bytes(last.copy.stored_bytes);
            lines.push(line(Tone::Ok, t!("ask-last-full", time = took, stored = stored)));
        }
        None => lines.push(line(Tone::Unk, t!("ask-no-full"))),
    }
    lines.push(line(Tone::Ok, t!("ask-plan-stays")));
    RunNow { set: set::build(picture), lines, typed, mistakes: Vec::new() }
}

/// `None`: there is no such copy.
pub fn prove(picture: &Picture<'_>, data: CopyData, typed: Typed) -> Option<Prove> {
    let found = data.copy.as_ref()?;
    let line = |tone, words| Line { tone, words };
    let last = picture.usable().first().is_some_and(|held| held.copy.label.0 == data.label);
    let size = text::bytes(found.database_bytes);
    let mut lines = vec![
        line(Tone::Prog, t!("prove-restores")),
        line(Tone::Prog, t!("prove-checks")),
        line(Tone::Plan, t!("prove-space", size = size)),
        line(Tone::Ok, t!("prove-untouched")),
        line(Tone::Ok, t!("prove-removed")),
        line(Tone::Plan, t!("prove-stays", most = text::number(KEPT_MAX as u64))),
    ];
    lines.extend(estimate(&picture.known.work).map(|words| line(Tone::Prog, words)));
    if last {
        lines.push(line(Tone::Ok, t!("prove-newest")));
    }
    let told = picture.estate.datacenters.iter();
    let knows = told.filter(|(_, state)| state.database(picture.database()).is_some());
    let heard = knows.filter(|(id, _)| picture.estate.contact(id) == Contact::Reporting);
    let able = heard.map(|(id, _)| id.to_string()).collect();
    Some(Prove { copy: data, lines, able, typed, mistakes: Vec::new() })
}

/// The kind that was typed, or what is wrong with the form.
pub fn read_run_now(typed: &Typed) -> Result<Kind, Vec<Mistake>> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.key() == typed.kind);
    let mut mistakes = reason(typed);
    if kind.is_none() {
        mistakes.insert(0, Mistake::new("kind", t!("mistake-kind")));
    }
    kind.filter(|_| mistakes.is_empty()).ok_or(mistakes)
}

/// A test restore as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub target: Target,
    /// How long it stays.
    pub keep: Option<Hours>,
    /// Whose agent makes it.
    pub on: Option<DatacenterId>,
}

/// What was typed, or what is wrong with the form.
pub fn read_prove(typed: &Typed, now: DateTime<Utc>) -> Result<Wanted, Vec<Mistake>> {
    let mut mistakes = reason(typed);
    let keep = (!typed.keep.is_empty()).then(|| typed.hours.parse::<Hours>()).transpose();
    if keep.is_err() {
        let (least, most) = (Hours::RANGE.start(), Hours::RANGE.end());
        let words = t!("mistake-hours", least = text::number(*least), most = text::number(*most));
        mistakes.insert(0, Mistake::new("hours", words));
    }
    let target = typed.target(now);
    if target.is_none() {
        mistakes.insert(0, Mistake::new("moment", t!("mistake-moment")));
    }
    let on = Some(typed.on.as_str()).filter(|on| !on.is_empty()).map(DatacenterId::new);
    let on = on.transpose();
    if on.is_err() {
        mistakes.push(Mistake::new("on", t!("mistake-on")));
    }
    match (target, keep, on) {
        (Some(target), Ok(keep), Ok(on)) if mistakes.is_empty() => Ok(Wanted { target, keep, on }),
        (_, _, _) => Err(mistakes),
    }
}

/// Why it is not done.
pub fn not_made(words: &str) -> Mistake {
    Mistake::new("keep", text::sentence(&words))
}

pub(super) fn reason(typed: &Typed) -> Vec<Mistake> {
    match typed.reason.trim().chars().count() {
        0 => vec![Mistake::new("reason", t!("mistake-reason"))],
        1..=REASON_MAX => Vec::new(),
        _ => {
            let most = text::number(REASON_MAX as u64);
            vec![Mistake::new("reason", t!("reason-too-long", most = most))]
        }
    }
}

/// A moment as people write it, UTC: `03:30`, `0330`, `2026-11-20 03:30`, RFC 3339. A time of day
/// is the last one that was.
pub fn moment(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc());
    }
    let plain = text.trim_end_matches("UTC").trim_end_matches(['Z', 'z']).trim();
    for form in ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"] {
        if let Ok(at) = NaiveDateTime::parse_from_str(plain, form) {
            return Some(at.and_utc());
        }
    }
    let clock = ["%H:%M:%S", "%H:%M", "%H%M"]
        .into_iter()
        .find_map(|form| NaiveTime::parse_from_str(plain, form).ok())?;
    let today = now.date_naive().and_time(clock).and_utc();
    Some(if today <= now { today } else { today - TimeDelta::days(1) })
}

pub fn run_now_title(data: &RunNow) -> String {
    let title = t!("run-now-title", db = data.set.database.as_str());
    if data.mistakes.is_empty() { title } else { t!("error-title", title = title) }
}

pub fn prove_title(data: &Prove) -> String {
    let title = t!("prove-title", label = data.copy.label.as_str());
    if data.mistakes.is_empty() { title } else { t!("error-title", title = title) }
}

pub fn run_now_view(data: &RunNow, reader: &Reader) -> AnyView {
    let db = &data.set.database;
    let object = paths::backup_set(db);
    let head = page_head(PageHead {
        title: t!("run-now-title", db = db.as_str()),
        crumbs: vec![
            Crumb::new(paths::BACKUPS, t!("nav-backups")),
            Crumb::new(object.clone(), db.to_string()),
        ],
        badge: Some(badge(data.set.set.tone, data.set.set.word.clone())),
        note: Some(t!("run-now-note").into_any()),
        actions: None,
    });
    let kinds = Kind::ALL.map(|kind| (kind.key().to_owned(), text::backup::kind(kind)));
    let kind = Field {
        name: "kind",
        label: t!("col-kind"),
        hint: Some(t!("kind-hint")),
        kind: FieldKind::Select(kinds.into()),
        value: data.typed.kind.clone(),
        required: true,
        ..Field::default()
    };
    let label = t!("run-now-do");
    let fields = view! { {field(kind, &data.mistakes)} };
    let refusal = reader.may_operate(set::target(&data.set)).err();
    let side = match refusal {
        Some(refusal) => card(Head::new(&*label), no_permission(text::refusal(&refusal), &*label)),
        None => {
            let typed = (&data.typed, data.mistakes.as_slice());
            padded(Head::new(&*label), asking(&object, "run-now", label, typed, reader, fields))
        }
    };
    view! { {head}{columns(what_happens(&data.lines), side)} }.into_any()
}

pub fn prove_view(data: &Prove, reader: &Reader) -> AnyView {
    let (tone, word) = copy::standing(&data.copy);
    let object = copy::address(&data.copy);
    let mut crumbs = copy::crumbs(&data.copy);
    crumbs.push(Crumb::new(object.clone(), data.copy.label.clone()));
    let head = page_head(PageHead {
        title: t!("prove-now"),
        crumbs,
        badge: Some(badge(tone, word)),
        note: Some(t!("prove-title", label = data.copy.label.as_str()).into_any()),
        actions: None,
    });
    let label = t!("prove-do");
    let fields = view! {
        {targets(&data.typed, &data.mistakes)}
        {staying(&data.typed, &data.mistakes)}
        {place(data)}
    };
    let side = match reader.may_operate(copy::target(&data.copy)).err() {
        Some(refusal) => card(Head::new(&*label), no_permission(text::refusal(&refusal), &*label)),
        None => {
            let typed = (&data.typed, data.mistakes.as_slice());
            padded(Head::new(&*label), asking(&object, "prove", label, typed, reader, fields))
        }
    };
    view! { {head}{columns(what_happens(&data.lines), side)} }.into_any()
}

/// Where to restore up to.
pub(super) fn targets(typed: &Typed, mistakes: &[Mistake]) -> AnyView {
    let targets =
        [("end", t!("prove-end")), ("moment", t!("prove-moment")), ("latest", t!("prove-latest"))];
    let targets = targets.map(|(key, label)| (key.to_owned(), label));
    let target = Field {
        name: "target",
        label: t!("prove-target"),
        hint: Some(t!("prove-target-hint")),
        kind: FieldKind::Select(targets.into()),
        value: typed.target.clone(),
        ..Field::default()
    };
    let at = Field {
        name: "moment",
        label: t!("prove-at"),
        hint: Some(t!("prove-at-hint")),
        value: typed.moment.clone(),
        autocomplete: Some("off"),
        ..Field::default()
    };
    view! { {field(target, mistakes)}{field(at, mistakes)} }.into_any()
}

/// Whether it stays, and for how long.
fn staying(typed: &Typed, mistakes: &[Mistake]) -> AnyView {
    let keep = Field {
        name: "keep",
        label: t!("prove-keep"),
        hint: Some(t!("prove-keep-hint")),
        kind: FieldKind::Checkbox,
        value: typed.keep.clone(),
        ..Field::default()
    };
    let (least, most) = (Hours::RANGE.start(), Hours::RANGE.end());
    let hint = t!("prove-hours-hint", least = text::number(*least), most = text::number(*most));
    let hours = Field {
        name: "hours",
        label: t!("prove-hours"),
        hint: Some(hint),
        value: typed.hours.clone(),
        autocomplete: Some("off"),
        ..Field::default()
    };
    view! { {field(keep, mistakes)}{field(hours, mistakes)} }.into_any()
}

/// On whose machine.
fn place(data: &Prove) -> AnyView {
    let any = [(String::new(), t!("prove-on-any"))];
    let able = data.able.iter().map(|id| (id.clone(), id.clone()));
    let on = Field {
        name: "on",
        label: t!("prove-on"),
        hint: Some(t!("prove-on-hint")),
        kind: FieldKind::Select(any.into_iter().chain(able).collect()),
        value: data.typed.on.clone(),
        ..Field::default()
    };
    field(on, &data.mistakes)
}

pub(super) fn what_happens(lines: &[Line]) -> AnyView {
    let items = lines
        .iter()
        .map(|line| view! { <li>{glyph(line.tone)}<span>{line.words.clone()}</span></li> })
        .collect_view();
    padded(Head::new(t!("what-happens")), view! { <ul class="checks">{items}</ul> })
}

/// Where the reason is written.
pub(super) fn why(typed: &Typed) -> Field {
    Field {
        name: "reason",
        label: t!("reason"),
        hint: Some(t!("ask-reason-hint")),
        kind: FieldKind::Area(2),
        value: typed.reason.clone(),
        required: true,
        ..Field::default()
    }
}

/// The form of each: its own fields, the reason, and the button.
pub(super) fn asking(
    object: &str,
    verb: &str,
    label: String,
    (typed, mistakes): (&Typed, &[Mistake]),
    reader: &Reader,
    fields: impl IntoView + 'static,
) -> AnyView {
    let reason = why(typed);
    let key = typed.key.clone();
    let body = view! {
        {error_summary(mistakes_title(mistakes), mistakes)}
        <input type="hidden" name="key" value=key/>
        {fields.into_any()}
        {field(reason, mistakes)}
        <div class="chips">
            {submit(Weight::Primary, label)}
            {link_button(Weight::Plain, object, t!("keep-as-is"))}
        </div>
    };
    form(paths::action(object, verb), &reader.csrf, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them() {
        let now: DateTime<Utc> = "2026-11-20T03:12:07Z".parse().expect("a time");
        for (typed, read) in [
            ("03:00", Some("2026-11-20T03:00:00Z")),
            ("0330", Some("2026-11-19T03:30:00Z")),
            ("2026-11-18 23:30", Some("2026-11-18T23:30:00Z")),
            ("2026-11-18 23:30Z", Some("2026-11-18T23:30:00Z")),
            ("2026-11-18T23:30:05+01:00", Some("2026-11-18T22:30:05Z")),
            ("yesterday", None),
            ("", None),
        ] {
            let expected = read.map(|at| at.parse().expect("a time"));
            assert_eq!(moment(typed, now), expected, "{typed}");
        }
    }

    #[test]
    fn a_form_says_what_is_missing() {
        let typed = Typed { reason: "a look at it".to_owned(), ..Typed::default() };
        assert_eq!(read_run_now(&typed).expect_err("no kind")[0].field, "kind");
        let full = Typed { kind: "full".to_owned(), ..typed.clone() };
        assert_eq!(read_run_now(&full), Ok(Kind::Full));
        let plain = Wanted { target: Target::EndOfCopy, keep: None, on: None };
        assert_eq!(read_prove(&typed, Utc::now()), Ok(plain));
        let there = Typed { on: "fra1".to_owned(), ..typed.clone() };
        assert!(read_prove(&there, Utc::now()).expect("a data centre").on.is_some());
        let nowhere = Typed { on: "?".to_owned(), ..typed.clone() };
        assert_eq!(read_prove(&nowhere, Utc::now()).expect_err("none")[0].field, "on");
        for (hours, read) in [("24", Some(24)), ("1h", Some(1)), ("73", None), ("", None)] {
            let keep = ("yes".to_owned(), hours.to_owned());
            let stays = Typed { keep: keep.0, hours: keep.1, ..typed.clone() };
            let kept = read_prove(&stays, Utc::now()).map(|it| it.keep.map(Hours::get));
            match read {
                Some(hours) => assert_eq!(kept, Ok(Some(hours))),
                None => assert_eq!(kept.expect_err("out of range")[0].field, "hours"),
            }
        }
        let soon = Typed { target: "moment".to_owned(), ..typed };
        assert_eq!(read_prove(&soon, Utc::now()).expect_err("no moment")[0].field, "moment");
        let mute = Typed { kind: "full".to_owned(), ..Typed::default() };
        assert_eq!(read_run_now(&mute).expect_err("no reason")[0].field, "reason");
    }
}
