//! `/attention/{id}`: one problem from its beginning to its end, and who has it.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::Target;
use mainstay_core::problem::Record;
use mainstay_core::runbook::run::Run;
use mainstay_core::status::Status;
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::rows::ProblemRow;
use crate::pages::runbook::{RunRow, runs_table};
use crate::pages::{Reader, parts};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::verdict_badge;
use crate::ui::button::{Weight, link_button};
use crate::ui::card::{Head, card, columns, key_values, padded};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::time::time_full;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub problem: ProblemRow,
    /// How long it has lasted or lasted, in words.
    pub lasted: String,
    /// Runs of runbooks that were opened from it, newest first.
    pub runs: Vec<RunRow>,
}

pub fn build(record: &Record, runs: &[Run], at: DateTime<Utc>) -> Data {
    let end = record.closed_at.unwrap_or(at);
    let lasted = text::duration(end - record.opened_at);
    let runs = runs.iter().map(RunRow::of).collect();
    Data { at, problem: ProblemRow::of(record, at), lasted, runs }
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
    facts.push((t!("problem-about"), {
        let (href, name) = (row.subject.clone(), row.subject.clone());
        view! { <a href=href>{name}</a> }.into_any()
    }));
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
    };
    let side = view! {
        {padded(Head::new(t!("facts")), key_values(facts))}
        {padded(Head::new(t!("problem-history")), history)}
    };
    view! { {head}{columns(main, side)} }.into_any()
}

fn actions(row: &ProblemRow, reader: &Reader) -> AnyView {
    let open = t!("open-subject", name = row.subject_name.as_str());
    let mine = row.owner.as_deref() == Some(reader.name.as_str());
    let take = match (row.closed_at, mine) {
        (Some(_), _) => None,
        (None, true) => Some((paths::action(&row.href, "release"), t!("release-it"))),
        (None, false) => Some((paths::action(&row.href, "take"), t!("take-it"))),
    };
    view! {
        {link_button(Weight::Plain, row.runbook.clone(), t!("runbook-button"))}
        {take.map(|(action, label)| parts::guarded_post(reader, Target::default(), action, label))}
        {link_button(Weight::Primary, row.subject.clone(), open)}
    }
    .into_any()
}
