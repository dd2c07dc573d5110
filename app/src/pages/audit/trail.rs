//! "What belongs to it": request, approval, action, effect and evidence of one thing, on the page
//! of any of its entries.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::approval::{Approval, State as Answered};
use mainstay_core::audit::Outcome;
use mainstay_core::audit::trail::{Stage, Step, Trail};
use mainstay_core::backup::restore::{Restore, State as RestoreState};
use mainstay_core::failover::{Act, Run, StepState};
use mainstay_core::fleet::Fleet;
use serde::Serialize;
use utoipa::ToSchema;

use super::words;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::empty;
use crate::ui::card::{Head, card};
use crate::ui::table::{Column, table};
use crate::ui::time::time_seconds;

#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = AuditTrail)]
pub struct Data {
    /// In the order of the log, the entry itself among them.
    pub steps: Vec<StepRow>,
    /// What they are about, and what shows how it went.
    pub evidence: Vec<Evidence>,
    /// There are more entries than these.
    pub cut: bool,
}

/// One entry of the story.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = AuditTrailStep)]
pub struct StepRow {
    /// `request`, `approval`, `action`, `effect` or `evidence`.
    #[schema(value_type = String)]
    pub stage: Stage,
    pub id: i64,
    /// Absent: it is being placed.
    pub seq: Option<i64>,
    pub at: DateTime<Utc>,
    pub who: String,
    pub sentence: String,
    pub reason: Option<String>,
    #[schema(value_type = String)]
    pub outcome: Outcome,
    /// The entry whose page this is.
    pub here: bool,
}

/// One thing that the entries are about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AuditEvidence)]
pub struct Evidence {
    pub name: String,
    pub href: String,
    /// How it went, as far as it is known; absent: its page says so.
    pub detail: Vec<String>,
}

/// What is known of a thing.
#[derive(Clone, Debug)]
pub enum Fact {
    Failover(Box<Run>),
    Restore(Box<Restore>),
    Approval(Box<Approval>),
    /// Only its address.
    Page(String),
}

pub fn build(trail: Trail, of: i64, facts: &[Fact], fleet: &Fleet, now: DateTime<Utc>) -> Data {
    let row = |Step { stage, entry }: Step| StepRow {
        stage,
        id: entry.id,
        seq: entry.seq,
        at: entry.event.at,
        who: words::who(&entry.event.actor),
        sentence: words::sentence(&entry.event),
        reason: entry.event.reason,
        outcome: entry.event.outcome,
        here: entry.id == of,
    };
    Data {
        steps: trail.steps.into_iter().map(row).collect(),
        evidence: facts.iter().map(|fact| evidence(fact, fleet, now)).collect(),
        cut: trail.cut,
    }
}

fn evidence(fact: &Fact, fleet: &Fleet, now: DateTime<Utc>) -> Evidence {
    let (name, href, detail) = match fact {
        Fact::Failover(run) => (run.id.to_string(), run.path(), failover(run, fleet)),
        Fact::Restore(restore) => {
            let id = restore.id.to_string();
            (id.clone(), paths::backup_restore(id), restored(restore, now))
        }
        Fact::Approval(it) => {
            let what = text::approval::subject(&it.subject);
            let said = text::approval::state(it.kind, &it.state, it.is_late(now)).1;
            (it.id.to_string(), it.path(), vec![answered(it, &what, said)])
        }
        Fact::Page(address) => {
            let name = address.rsplit('/').next().unwrap_or_default().to_owned();
            (name, address.clone(), Vec::new())
        }
    };
    Evidence { name, href, detail }
}

fn answered(it: &Approval, what: &str, said: String) -> String {
    let by = match &it.state {
        Answered::Approved { by, .. }
        | Answered::Refused { by, .. }
        | Answered::Withdrawn { by, .. } => Some(by),
        Answered::Waiting | Answered::Expired { .. } | Answered::Void { .. } => None,
    };
    match by {
        Some(by) => t!("trail-answered", what = what, said = said, by = by.as_str()),
        None => t!("trail-approval", what = what, said = said),
    }
}

/// How long each group took beside what is asked, and what became of writes.
fn failover(run: &Run, fleet: &Fleet) -> Vec<String> {
    let mut told = Vec::new();
    for group in &run.plan.groups {
        let asked = fleet.groups.get(&group.id).map(|group| group.recovery.rto_minutes);
        let asked = asked.map_or_else(|| t!("trail-not-asked"), |n| t!("trail-asked", n = n));
        let took = match run.group_times(group) {
            (Some(began), Some(ended)) => text::duration(ended - began),
            (_, _) => t!("trail-not-over"),
        };
        told.push(t!("trail-group", group = group.id.as_str(), took = took, asked = asked));
        for step in &group.steps {
            let Act::Promote(database) = &step.act else { continue };
            if let Some(StepState::Done { seen, .. }) = run.steps.get(&step.id) {
                told.push(format!("{database}: {seen}"));
            }
        }
    }
    told
}

fn restored(restore: &Restore, now: DateTime<Utc>) -> Vec<String> {
    let proof = match restore.request.unproven {
        true => t!("trail-unproven"),
        false => t!("trail-proven"),
    };
    let at = |at: DateTime<Utc>| t!("utc", time = text::clock(at, now));
    let state = match &restore.state {
        RestoreState::Requested => t!("trail-restore-waits"),
        RestoreState::Refused { at: when, .. } => t!("trail-restore-refused", at = at(*when)),
        RestoreState::Ordered { at: when, .. } => t!("trail-restore-runs", at = at(*when)),
        RestoreState::Done { at: when, .. } => t!("trail-restore-done", at = at(*when)),
        RestoreState::Failed { at: when, .. } => t!("trail-restore-failed", at = at(*when)),
    };
    vec![state, proof]
}

/// The word of a stage.
pub fn stage(stage: Stage) -> String {
    match stage {
        Stage::Request => t!("trail-request"),
        Stage::Approval => t!("trail-approve"),
        Stage::Action => t!("trail-action"),
        Stage::Effect => t!("trail-effect"),
        Stage::Evidence => t!("trail-evidence"),
    }
}

pub(super) fn view(data: &Data, now: DateTime<Utc>) -> AnyView {
    let head = Head::new(t!("trail-title"));
    if data.steps.len() <= 1 && data.evidence.is_empty() {
        return card(head, empty(t!("trail-alone"), t!("trail-alone-detail"), None));
    }
    let columns = vec![
        Column::new(t!("audit-time")),
        Column::new(t!("trail-stage")),
        Column::new(t!("audit-who")),
        Column::new(t!("audit-what")),
        Column::new(t!("audit-result")),
        Column::number(t!("audit-entry")),
    ];
    let rows = data.steps.iter().map(|step| row(step, now)).collect_view();
    let cut = data.cut.then(|| view! { <p class="pad second">{t!("trail-cut")}</p> });
    let evidence = (!data.evidence.is_empty()).then(|| evidence_list(&data.evidence));
    let body = view! { {table(t!("trail-title"), columns, rows)}{cut}{evidence} };
    card(head, body)
}

fn row(step: &StepRow, now: DateTime<Utc>) -> AnyView {
    let place = match step.seq {
        Some(seq) if step.here => {
            view! { <b aria-current="true">{super::position(seq)}</b> }.into_any()
        }
        Some(seq) => {
            view! { <a href=paths::audit_entry(seq)>{super::position(seq)}</a> }.into_any()
        }
        None => view! { <span class="muted">{t!("audit-placing")}</span> }.into_any(),
    };
    let reason = step.reason.clone().map(
        |reason| view! { " "<span class="muted">{t!("audit-reason", reason = reason)}</span> },
    );
    view! {
        <tr>
            <th scope="row" class="nowrap">{time_seconds(step.at, now)}</th>
            <td class="nowrap" data-l=t!("trail-stage")>{stage(step.stage)}</td>
            <td class="nowrap" data-l=t!("audit-who")>{step.who.clone()}</td>
            <td data-l=t!("audit-what")><span>{step.sentence.clone()}{reason}</span></td>
            <td data-l=t!("audit-result")>{super::result(step.outcome)}</td>
            <td class="num" data-l=t!("audit-entry")>{place}</td>
        </tr>
    }
    .into_any()
}

fn evidence_list(evidence: &[Evidence]) -> AnyView {
    let rows = evidence.iter().map(|it| {
        let (name, href) = (it.name.clone(), it.href.clone());
        let detail = it.detail.iter().map(|line| {
            let line = text::sentence(line);
            view! { <br/><span class="second">{line}</span> }
        });
        view! { <li><a href=href>{name}</a>{detail.collect_view()}</li> }
    });
    view! {
        <div class="pad">
            <p class="strong">{t!("trail-shows")}</p>
            <ul>{rows.collect_view()}</ul>
        </div>
    }
    .into_any()
}
