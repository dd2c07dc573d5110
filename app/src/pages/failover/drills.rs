//! Drills that are planned for a time: the list with what became of each, and the form.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::Target;
use mainstay_core::failover::Scope;
use mainstay_core::failover::drill::{Drill, State};
use mainstay_core::id::DatacenterId;
use serde::Serialize;
use utoipa::ToSchema;

use super::list::Data;
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::no_permission;
use crate::ui::button::{Weight, post, submit};
use crate::ui::card::{Head, padded};
use crate::ui::form::{Field, Mistake, error_summary, field, form, mistakes_title};
use crate::ui::time::time;
use crate::ui::tone::Tone;

/// Drills that are shown: what is planned, and what was last.
const ROWS: usize = 10;

/// The fields of the form; each also the place of its mistakes.
pub const WHAT: &str = "drill-what";
pub const AT: &str = "drill-at";
pub const REASON: &str = "drill-reason";

/// The form as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedDrill {
    pub what: String,
    pub at: String,
    pub reason: String,
    pub mistakes: Vec<Mistake>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverDrillRow)]
pub struct DrillRow {
    /// `dr-12`.
    pub id: String,
    /// The data centres that go away, with commas.
    pub what: String,
    /// The plan that it would carry out, as of now.
    pub href: String,
    pub at: DateTime<Utc>,
    pub reason: String,
    pub by: String,
    /// `planned`, `started`, `missed` or `cancelled`.
    pub state: String,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    /// The run that it became.
    pub run: Option<String>,
    /// Why it was missed.
    pub why: Option<String>,
}

impl DrillRow {
    fn of(drill: &Drill) -> Self {
        let names: Vec<_> = drill.lose.iter().map(DatacenterId::as_str).collect();
        let what = names.join(",");
        let href = paths::failover_plan(&what);
        let href = match &drill.scope {
            Scope::All => href,
            Scope::Group { group } => paths::with_query(&href, &[("group", group.as_str())]),
            Scope::Service { service } => {
                paths::with_query(&href, &[("service", service.as_str())])
            }
        };
        let (tone, word) = match &drill.state {
            State::Planned => (Tone::Plan, t!("drill-planned")),
            State::Started { .. } => (Tone::Ok, t!("drill-started")),
            State::Missed { .. } => (Tone::Warn, t!("drill-missed")),
            State::Cancelled { by, .. } => (Tone::Unk, t!("drill-cancelled", by = by.as_str())),
        };
        let (run, why) = match &drill.state {
            State::Started { run, .. } => (Some(run.to_string()), None),
            State::Missed { why, .. } => (None, Some(text::sentence(why))),
            State::Planned | State::Cancelled { .. } => (None, None),
        };
        Self {
            id: drill.id.to_string(),
            what,
            href,
            at: drill.at,
            reason: drill.reason.clone(),
            by: drill.by.clone(),
            state: drill.state.name().to_owned(),
            tone,
            word,
            run,
            why,
        }
    }
}

pub(super) fn rows(drills: &[Drill]) -> Vec<DrillRow> {
    drills.iter().take(ROWS).map(DrillRow::of).collect()
}

/// The card.
pub(super) fn view(data: &Data, reader: &Reader) -> AnyView {
    let may = reader.may_operate(Target::default()).is_ok();
    let items: Vec<_> = data.drills.iter().map(|row| one(row, data, reader, may)).collect();
    let list = match items.is_empty() {
        true => view! { <p class="second">{t!("drill-none")}</p> }.into_any(),
        false => view! { <ul class="checks">{items}</ul> }.into_any(),
    };
    let form = match reader.may_operate(Target::default()) {
        Err(refusal) => no_permission(text::refusal(&refusal), t!("drill-plan")),
        Ok(()) => plan_form(data, reader),
    };
    padded(Head::new(t!("drills-title")), view! { {list}{form} })
}

fn one(row: &DrillRow, data: &Data, reader: &Reader, may: bool) -> AnyView {
    let cancel = (may && row.state == State::Planned.name()).then(|| {
        let fields = vec![("drill", row.id.clone()), ("key", format!("{}-{}", data.key, row.id))];
        let action = paths::action(paths::FAILOVER, "cancel-drill");
        let label = t!("drill-cancel", id = row.id.as_str());
        post(Weight::Plain, action, &reader.csrf, fields, label)
    });
    let run = row.run.clone().map(|run| {
        let href = paths::failover_run(&run);
        view! { " "<a href=href>{run}</a> }
    });
    let why = row.why.clone().map(|why| view! { <br/><span class="muted">{why}</span> });
    let said = t!("drill-by", by = row.by.as_str(), reason = row.reason.as_str());
    view! {
        <li>
            <span>
                {state(row.tone, row.word.clone())}" "{time(row.at, data.at)}": "
                <a href=row.href.clone()>{row.what.replace(',', ", ")}</a>
                {run}
                <br/>
                <span class="muted">{row.id.clone()}" · "{said}</span>
                {why}
            </span>
            {cancel}
        </li>
    }
    .into_any()
}

fn plan_form(data: &Data, reader: &Reader) -> AnyView {
    let typed = &data.typed_drill;
    let mistakes = &typed.mistakes;
    let text_field = |name, label, hint: Option<String>, value: &str| {
        field(Field { name, label, hint, value: value.to_owned(), ..Field::default() }, mistakes)
    };
    let body = view! {
        {error_summary(mistakes_title(mistakes), mistakes)}
        <input type="hidden" name="key" value=data.key.clone()/>
        {text_field(WHAT, t!("drill-what"), Some(t!("drill-what-hint")), &typed.what)}
        {text_field(AT, t!("drill-at"), Some(t!("drill-at-hint")), &typed.at)}
        {text_field(REASON, t!("failover-reason"), None, &typed.reason)}
        {submit(Weight::Plain, t!("drill-plan"))}
        <p class="muted small">{t!("drill-note")}</p>
    };
    let form = form(paths::action(paths::FAILOVER, "plan-drill"), &reader.csrf, body);
    view! {
        <details open=!mistakes.is_empty()>
            <summary>{t!("drill-plan")}</summary>
            {form}
        </details>
    }
    .into_any()
}
