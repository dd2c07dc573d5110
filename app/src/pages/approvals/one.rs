//! `/approvals/{id}`: what is asked for, by whom and why, what it is bound to, and the answers.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::{Grant, Target};
use mainstay_core::approval::{Approval, Kind, REASON_MIN_CHARS, State, Subject};
use mainstay_core::backup::restore::Restore;
use mainstay_core::failover::{Mode, Run, State as RunState};
use serde::Serialize;
use utoipa::ToSchema;

use super::Row;
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::badge;
use crate::ui::block::{callout, no_permission};
use crate::ui::button::{Weight, link_button, post, submit};
use crate::ui::card::{Head, columns, key_values, padded};
use crate::ui::form::{
    Field, Kind as FieldKind, Mistake, error_summary, field, form, mistakes_title,
};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::time::{time_full, time_seconds};
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ApprovalPage)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub row: Row,
    #[schema(value_type = Object)]
    pub approval: Approval,
    /// What would be done, line by line, as it stands now.
    pub lines: Vec<String>,
    /// What differs from what was asked for; then an answer voids it.
    pub changed: Option<String>,
    /// Whether the reader proved lately who they are; else an answer leads there first.
    pub confirmed: bool,
    #[serde(skip)]
    pub key: String,
    #[serde(skip)]
    pub reason: String,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
}

pub fn title(data: &Data) -> String {
    let title = format!("{}: {}", data.row.what, data.row.word);
    if data.mistakes.is_empty() { title } else { t!("error-title", title = title) }
}

/// Why the reader may not answer: their role, or that they asked for it.
pub fn may(approval: &Approval, reader: &Reader) -> Result<(), String> {
    if approval.by == reader.name {
        return Err(t!("approval-own"));
    }
    let (needs, reach) = (approval.subject.needs(), &approval.reach);
    let groups = reach.groups.iter().map(|group| Target { group: Some(group), datacenter: None });
    let places = reach.datacenters.iter();
    let places = places.map(|place| Target { group: None, datacenter: Some(place) });
    std::iter::once(Target::default())
        .chain(groups)
        .chain(places)
        .try_for_each(|target| reader.may(needs, target))
        .map_err(|refusal| text::refusal(&refusal))
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let (row, approval) = (&data.row, &data.approval);
    let note = view! {
        {t!("approval-asked", by = row.by.as_str())}" "{time_seconds(row.at, data.at)}
    };
    let open = link_button(Weight::Plain, row.object.clone(), t!("approval-open-object"));
    let head = page_head(PageHead {
        title: row.what.clone(),
        crumbs: vec![Crumb::new(paths::APPROVALS, t!("approvals"))],
        badge: Some(badge(row.tone, row.word.clone())),
        note: Some(note.into_any()),
        actions: Some(open),
    });
    let changed = data
        .changed
        .clone()
        .map(|why| callout(Tone::Crit, t!("approval-changed"), text::sentence(&why), None));
    let lines = data.lines.iter().map(|line| view! { <li>{line.clone()}</li> }).collect_view();
    let what = view! {
        <p class="second">{text::approval::why(&approval.subject)}</p>
        <ul class="plain">{lines}</ul>
        {grants(&approval.subject)}
    };
    let main = view! {
        <div class="stack">
            {error_summary(mistakes_title(&data.mistakes), &data.mistakes)}
            {ended(approval)}
            {changed}
            {padded(Head::new(t!("approval-what")), what)}
            {padded(Head::new(t!("facts")), facts(data))}
        </div>
    };
    let side = view! { <div class="stack">{answers(data, reader)}</div> };
    view! { {head}{columns(main, side)} }.into_any()
}

fn facts(data: &Data) -> AnyView {
    let approval = &data.approval;
    let hash = approval.hash.clone();
    let until = match approval.kind {
        Kind::Permission => t!("approval-until"),
        Kind::Review => t!("approval-due"),
    };
    let reason = match approval.reason.is_empty() {
        true => t!("approval-no-reason"),
        false => approval.reason.clone(),
    };
    key_values(vec![
        (t!("reason"), reason.into_any()),
        (until, time_full(approval.until)),
        (t!("approval-bound"), view! { <code>{hash}</code> }.into_any()),
        (t!("approval-needs"), text::roles(approval.subject.needs().roles()).into_any()),
    ])
}

/// The roles that would be held, against those that are.
fn grants(subject: &Subject) -> Option<AnyView> {
    let Subject::Grants { before, after, .. } = subject else { return None };
    let words = |grants: &[Grant]| match grants {
        [] => t!("approval-no-roles"),
        grants => text::list(grants.iter().map(|grant| {
            let (role, scope) = (text::role(grant.role), text::scope(&grant.scope));
            t!("approval-grant", role = role, scope = scope)
        })),
    };
    Some(key_values(vec![
        (t!("approval-before"), words(before).into_any()),
        (t!("approval-after"), words(after).into_any()),
    ]))
}

/// How it ended, if it did.
fn ended(approval: &Approval) -> Option<AnyView> {
    let (tone, words, detail) = match (&approval.state, approval.kind) {
        (State::Waiting, _) => return None,
        (State::Approved { by, .. }, Kind::Permission) => {
            (Tone::Ok, t!("approval-approved-by", by = by.as_str()), String::new())
        }
        (State::Approved { by, .. }, Kind::Review) => {
            (Tone::Ok, t!("approval-right-by", by = by.as_str()), String::new())
        }
        (State::Refused { by, why, .. }, Kind::Permission) => {
            (Tone::Unk, t!("approval-refused-by", by = by.as_str()), text::sentence(why))
        }
        (State::Refused { by, why, .. }, Kind::Review) => {
            (Tone::Warn, t!("approval-wrong-by", by = by.as_str()), text::sentence(why))
        }
        (State::Withdrawn { by, .. }, _) => {
            (Tone::Unk, t!("approval-withdrawn-by", by = by.as_str()), String::new())
        }
        (State::Expired { .. }, _) => {
            (Tone::Unk, t!("approval-expired-what"), t!("approval-ask-again"))
        }
        (State::Void { why, .. }, _) => (Tone::Unk, t!("approval-void-what"), text::sentence(why)),
    };
    Some(callout(tone, words, detail, None))
}

/// What the reader may say to it.
fn answers(data: &Data, reader: &Reader) -> AnyView {
    let approval = &data.approval;
    if !approval.state.is_waiting() || approval.expired(data.at).is_some() {
        return ().into_any();
    }
    if approval.by == reader.name {
        let own = no_permission(t!("approval-own"), t!("approval-answer"));
        let address = view! { <p class="pad second">{t!("approval-share")}</p> };
        let back = (approval.kind == Kind::Permission).then(|| {
            let key = vec![("key", format!("{}-withdraw", data.key))];
            let path = paths::action(&data.row.href, "withdraw");
            let button = post(Weight::Plain, path, &reader.csrf, key, t!("approval-withdraw"));
            padded(Head::new(t!("approval-withdraw")), button)
        });
        return view! {
            <section class="card">{own}{address}</section>
            {back}
        }
        .into_any();
    }
    if let Err(why) = may(approval, reader) {
        let refused = no_permission(why, t!("approval-answer"));
        return view! { <section class="card">{refused}</section> }.into_any();
    }
    let (yes, no) = match approval.kind {
        Kind::Permission => (t!("approval-approve"), t!("approval-refuse")),
        Kind::Review => (t!("approval-right"), t!("approval-wrong")),
    };
    let key = vec![("key", format!("{}-approve", data.key)), ("hash", approval.hash.clone())];
    let path = paths::action(&data.row.href, "approve");
    let confirm = (!data.confirmed).then(|| {
        view! { <p class="second">{t!("approval-confirm-first")}</p> }
    });
    let approve = view! {
        {confirm}
        {post(Weight::Primary, path, &reader.csrf, key, yes.clone())}
    };
    view! {
        {padded(Head::new(yes), approve)}
        {padded(Head::new(no.clone()), refusal(data, reader, no))}
    }
    .into_any()
}

fn refusal(data: &Data, reader: &Reader, label: String) -> AnyView {
    let reason = Field {
        name: "reason",
        label: t!("reason"),
        hint: Some(t!("failover-reason-least", n = REASON_MIN_CHARS)),
        kind: FieldKind::Area(2),
        value: data.reason.clone(),
        required: true,
        ..Field::default()
    };
    let body = view! {
        <input type="hidden" name="key" value=format!("{}-refuse", data.key)/>
        {field(reason, &data.mistakes)}
        {submit(Weight::Plain, label)}
    };
    form(paths::action(&data.row.href, "refuse"), &reader.csrf, body)
}

/// What would be done, line by line: to a failover, the groups of its plan in their order.
pub fn lines(approval: &Approval, run: Option<&Run>, restore: Option<&Restore>) -> Vec<String> {
    let mut lines = Vec::new();
    if approval.kind == Kind::Review {
        lines.push(t!("approval-line-emergency"));
    }
    match &approval.subject {
        Subject::Failover { .. } => lines.extend(run.into_iter().flat_map(plan_lines)),
        Subject::Force { run, .. } => {
            lines.push(t!("approval-line-force", run = run.to_string()));
        }
        Subject::Override { run: id, rules, .. } => {
            let line =
                |rule: String| t!("approval-line-override", run = id.to_string(), rule = rule);
            lines.extend(rules.iter().map(|rule| line(crate::pages::failover::rule(*rule))));
            lines.extend(run.and_then(asked));
        }
        Subject::Restore { .. } => lines.extend(restore.map(|restore| {
            let request = &restore.request;
            t!(
                "approval-line-copy",
                label = request.label.to_string(),
                dc = request.datacenter.as_str(),
                db = request.database.as_str()
            )
        })),
        Subject::RollBack { service, from, to, .. } => lines.push(t!(
            "approval-line-roll-back",
            service = service.as_str(),
            from = from.as_str(),
            to = to.as_str()
        )),
        Subject::Grants { .. } => {}
        Subject::Waiver { event, check, until, .. } => lines.push(t!(
            "approval-line-waiver",
            event = event.to_string(),
            check = text::planned::check(*check),
            until = text::moment(*until, approval.at)
        )),
    }
    lines
}

/// What a run asks about, in the words in which it asks.
fn asked(run: &Run) -> Option<String> {
    match &run.state {
        RunState::Asking { why, .. } => Some(text::sentence(why)),
        RunState::Requested { .. }
        | RunState::Running
        | RunState::Pausing { .. }
        | RunState::Paused { .. }
        | RunState::Ended { .. } => None,
    }
}

fn plan_lines(run: &Run) -> Vec<String> {
    let groups = &run.plan.groups;
    let steps: usize = groups.iter().map(|group| group.steps.len()).sum();
    let mode = match run.mode {
        Mode::Graceful => t!("failover-mode-graceful"),
        Mode::Forced => t!("failover-mode-forced"),
    };
    let all = t!("approval-line-plan", groups = groups.len(), steps = steps, mode = mode);
    let each = groups
        .iter()
        .map(|group| t!("approval-line-group", id = group.id.as_str(), steps = group.steps.len()));
    std::iter::once(all).chain(each).collect()
}
