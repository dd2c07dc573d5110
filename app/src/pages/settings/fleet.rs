//! `/settings/fleet`: the fleet in force, what a new file would change, and applying it.
//!
//! A file is checked first and applied as it was checked: the form carries the revision it was
//! compared with and a hash of its text, and the server shows the difference anew when either is
//! not so any more.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::{Permission, Target, decide};
use mainstay_core::fleet::diff::{Blocked, Change};
use mainstay_core::fleet::finding::Finding;
use mainstay_core::fleet::{FILE_MAX_BYTES, Fleet};
use mainstay_core::placement;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Section, sections};
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::{callout, empty, no_permission};
use crate::ui::card::{Head, card, columns, key_values, padded};
use crate::ui::form::{Field, Kind, Mistake, error_summary, field, form};
use crate::ui::head::{PageHead, page_head};
use crate::ui::time::time_full;
use crate::ui::tone::Tone;

mod difference;

/// Rows of the text field.
const SOURCE_ROWS: u8 = 24;

/// What the page says, and `GET /api/v1/fleet`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FleetPage)]
pub struct Data {
    pub at: DateTime<Utc>,
    /// Absent: none was applied yet.
    pub in_force: Option<InForce>,
    #[serde(skip)]
    pub draft: Draft,
}

/// The fleet in force.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FleetInForce)]
pub struct InForce {
    pub revision: i64,
    pub applied_at: DateTime<Utc>,
    pub applied_by: String,
    pub reason: Option<String>,
    pub summary: Summary,
    /// The file's own text.
    pub source: String,
    #[schema(value_type = Object)]
    pub fleet: Fleet,
}

/// How much a fleet declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FleetSummary)]
pub struct Summary {
    pub regions: usize,
    pub datacenters: usize,
    pub groups: usize,
    pub services: usize,
    /// Over all services and data centres.
    pub instances: usize,
    pub databases: usize,
    pub backup_policies: usize,
    pub edges: usize,
}

impl Summary {
    pub fn of(fleet: &Fleet) -> Self {
        let instances = fleet.services.values().map(|service| {
            placement::datacenters(fleet, service).len() * usize::from(service.nodes)
        });
        Self {
            regions: fleet.regions.len(),
            datacenters: fleet.datacenters.len(),
            groups: fleet.groups.len(),
            services: fleet.services.len(),
            instances: instances.sum(),
            databases: fleet.databases.len(),
            backup_policies: fleet.backup_policies.len(),
            edges: fleet.edges.len(),
        }
    }
}

/// What a file would do, and `POST /api/v1/fleet/check`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = FleetCheck)]
pub struct Check {
    /// The revision it was compared with; 0: none is in force.
    pub revision: i64,
    /// Mistakes; with any, nothing else was looked at.
    pub findings: Vec<FindingRow>,
    /// In the order of a fleet file.
    #[schema(value_type = Vec<Object>)]
    pub changes: Vec<Change>,
    /// Removals that must wait; with any, it cannot be applied.
    pub blocked: Vec<BlockedRow>,
    /// What a good file declares.
    pub summary: Option<Summary>,
}

/// One mistake of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FleetFinding)]
pub struct FindingRow {
    pub line: u32,
    pub column: u32,
    /// Stable name of its kind.
    pub code: String,
    pub message: String,
    pub help: String,
}

/// A removal that must wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FleetBlocked)]
pub struct BlockedRow {
    pub id: String,
    /// What runs, where, and what to write instead.
    pub message: String,
}

impl Check {
    pub fn findings(findings: &[Finding], revision: i64) -> Self {
        let row = |finding: &Finding| FindingRow {
            line: finding.line,
            column: finding.column,
            code: finding.code().to_owned(),
            message: finding.message(),
            help: finding.help(),
        };
        Self { revision, findings: findings.iter().map(row).collect(), ..Self::default() }
    }

    pub fn good(fleet: &Fleet, revision: i64, changes: Vec<Change>, blocked: &[Blocked]) -> Self {
        let row =
            |blocked: &Blocked| BlockedRow { id: blocked.id.clone(), message: blocked.to_string() };
        let blocked = blocked.iter().map(row).collect();
        let summary = Some(Summary::of(fleet));
        Self { revision, findings: Vec::new(), changes, blocked, summary }
    }

    /// Whether it could be applied, were something to change.
    pub fn is_good(&self) -> bool {
        self.findings.is_empty() && self.blocked.is_empty()
    }

    /// A good file that says what is in force already.
    pub fn is_same(&self) -> bool {
        self.is_good() && self.changes.is_empty() && self.revision > 0
    }
}

/// What stands in the form, and what became of it.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub source: String,
    pub reason: String,
    /// Hash of the text that `check` is about; empty: not checked.
    pub checked: String,
    pub check: Option<Check>,
    pub notice: Option<Notice>,
    pub mistakes: Vec<Mistake>,
}

/// What the page has to say first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Checked, nothing applied.
    Checked,
    /// Another revision came in between.
    Conflict { revision: i64 },
    /// The text is not the one that was checked.
    Unseen,
}

/// The page; the form begins with what is in force.
pub fn build(in_force: Option<InForce>, draft: Option<Draft>, at: DateTime<Utc>) -> Data {
    let fresh = || {
        let source = in_force.as_ref().map(|now| now.source.clone()).unwrap_or_default();
        Draft { source, ..Draft::default() }
    };
    let draft = draft.unwrap_or_else(fresh);
    Data { at, in_force, draft }
}

/// The mistakes of a form that was sent: what is missing, too long, or wrong in the file.
pub fn mistakes(draft: &Draft, reason: Option<(usize, usize)>) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    if draft.source.trim().is_empty() {
        mistakes.push(Mistake::new("source", t!("fleet-mistake-source")));
    } else if let Some(check) = &draft.check {
        let n = check.findings.len();
        let count = text::number(n as u64);
        if n > 0 {
            let words = if draft.source.len() > FILE_MAX_BYTES {
                let (bytes, most) = (draft.source.len() as u64, FILE_MAX_BYTES as u64);
                t!("fleet-too-large", bytes = text::number(bytes), most = text::number(most))
            } else {
                t!("fleet-findings-count", n = n, count = count)
            };
            mistakes.push(Mistake::new("source", words));
        } else if !check.blocked.is_empty() {
            mistakes.push(Mistake::new("source", t!("fleet-mistake-blocked")));
        }
    }
    if let Some((least, most)) = reason {
        let chars = draft.reason.trim().chars().count();
        if chars < least || chars > most {
            let (least, most) = (text::number(least as u64), text::number(most as u64));
            let words = t!("fleet-mistake-reason", least = least, most = most);
            mistakes.push(Mistake::new("reason", words));
        }
    }
    mistakes
}

pub fn title(data: &Data) -> String {
    let title = t!("fleet-title");
    let refused = !data.draft.mistakes.is_empty()
        || matches!(data.draft.notice, Some(Notice::Conflict { .. } | Notice::Unseen));
    if refused { t!("error-title", title = title) } else { title }
}

/// The result of applying, for the slot above the page.
pub fn applied(revision: i64) -> crate::shell::Message {
    crate::shell::Message {
        tone: Tone::Ok,
        strong: t!("fleet-done", revision = revision),
        detail: t!("fleet-done-detail"),
    }
}

/// `reason_chars`: fewest and most characters of a reason.
pub fn view(data: &Data, reader: &Reader, reason_chars: (usize, usize)) -> AnyView {
    let note = match &data.in_force {
        Some(now) => t!(
            "fleet-note",
            revision = now.revision,
            at = text::moment(now.applied_at, data.at),
            who = now.applied_by.as_str()
        ),
        None => t!("fleet-none"),
    };
    let head =
        PageHead { title: t!("fleet-title"), note: Some(note.into_any()), ..Default::default() };
    let refusal = decide(Some(&reader.grants), Permission::ManageFleet, Target::default()).err();
    let change = match refusal {
        Some(refusal) => no_permission(text::refusal(&refusal), t!("fleet-apply")),
        None => {
            let fields = change_form(data, &reader.csrf, reason_chars);
            view! { <div class="pad">{fields}</div> }.into_any()
        }
    };
    let main = view! {
        {error_summary(t!("fleet-not-applied"), &data.draft.mistakes)}
        {data.draft.check.as_ref().map(|check| outcome(&data.draft, check))}
        {card(Head::new(t!("fleet-change")), change)}
        {data.in_force.as_ref().map(file)}
    };
    let side = match &data.in_force {
        Some(now) => padded(Head::new(t!("fleet-in-force")), key_values(facts(now))),
        None => card(
            Head::new(t!("fleet-in-force")),
            empty(t!("fleet-none"), t!("fleet-none-detail"), None),
        ),
    };
    view! { {page_head(head)}{sections(Section::Fleet)}{columns(main, side)} }.into_any()
}

fn facts(now: &InForce) -> Vec<(String, AnyView)> {
    let Summary { regions, datacenters, groups, services, instances, .. } = now.summary;
    let Summary { databases, backup_policies, edges, .. } = now.summary;
    let count = |label: String, n: usize| (label, text::number(n as u64).into_any());
    let reason = now.reason.clone().unwrap_or_else(|| t!("audit-none"));
    vec![
        (t!("fleet-revision"), now.revision.to_string().into_any()),
        (t!("fleet-applied"), time_full(now.applied_at)),
        (t!("fleet-by"), now.applied_by.clone().into_any()),
        (t!("fleet-reason"), reason.into_any()),
        count(t!("fleet-regions"), regions),
        count(t!("fleet-datacenters"), datacenters),
        count(t!("fleet-groups"), groups),
        count(t!("fleet-services"), services),
        count(t!("fleet-instances-asked"), instances),
        count(t!("fleet-databases"), databases),
        count(t!("fleet-policies"), backup_policies),
        count(t!("fleet-edges"), edges),
    ]
}

fn file(now: &InForce) -> AnyView {
    let source = now.source.clone();
    card(
        Head::new(t!("fleet-file")),
        view! {
            <pre class="file" tabindex="0" role="group" aria-label=t!("fleet-file-label")>
                <code>{source}</code>
            </pre>
        },
    )
}

fn change_form(data: &Data, csrf: &str, (least, most): (usize, usize)) -> AnyView {
    let draft = &data.draft;
    let expected = match (&draft.check, &data.in_force) {
        (Some(check), _) => check.revision,
        (None, Some(now)) => now.revision,
        (None, None) => 0,
    };
    let source = Field {
        name: "source",
        label: t!("fleet-source"),
        hint: Some(t!("fleet-source-hint", most = text::bytes(FILE_MAX_BYTES as u64))),
        kind: Kind::Area(SOURCE_ROWS),
        value: draft.source.clone(),
        ..Field::default()
    };
    let (least, most) = (text::number(least as u64), text::number(most as u64));
    let reason = Field {
        name: "reason",
        label: t!("fleet-why"),
        hint: Some(t!("fleet-why-hint", least = least, most = most)),
        value: draft.reason.clone(),
        autocomplete: Some("off"),
        ..Field::default()
    };
    // Applied is only what was seen: the button comes with the difference.
    let ready = draft.check.as_ref().is_some_and(|check| check.is_good() && !check.is_same());
    let apply = ready.then(|| {
        view! { <button class="btn pri" name="step" value="apply">{t!("fleet-apply")}</button> }
    });
    let checked = draft.checked.clone();
    let body = view! {
        {field(source, &draft.mistakes)}
        {field(reason, &draft.mistakes)}
        <input type="hidden" name="expected" value=expected.to_string()/>
        <input type="hidden" name="checked" value=checked/>
        <div class="chips">
            <button class="btn" name="step" value="check">{t!("fleet-check")}</button>
            {apply}
        </div>
    };
    form(paths::SETTINGS_FLEET_APPLY, csrf, body)
}

/// What became of the file: the notice, then mistakes, or the difference and what is in its way.
fn outcome(draft: &Draft, check: &Check) -> AnyView {
    let notice = draft.notice.map(|notice| {
        let (tone, strong, detail) = match notice {
            Notice::Checked if check.is_same() => {
                (Tone::Ok, t!("fleet-same"), t!("fleet-same-detail"))
            }
            Notice::Checked if check.is_good() => {
                (Tone::Ok, t!("fleet-good"), t!("fleet-good-detail"))
            }
            Notice::Checked => return ().into_any(),
            Notice::Conflict { revision } => {
                (Tone::Warn, t!("fleet-conflict"), t!("fleet-conflict-detail", revision = revision))
            }
            Notice::Unseen => (Tone::Warn, t!("fleet-unseen"), t!("fleet-unseen-detail")),
        };
        callout(tone, strong, detail, None)
    });
    view! {
        {notice}
        {(!check.findings.is_empty()).then(|| difference::findings(&check.findings))}
        {(!check.blocked.is_empty()).then(|| difference::blocked(&check.blocked))}
        {(!check.changes.is_empty()).then(|| difference::changes(check))}
    }
    .into_any()
}

#[cfg(test)]
mod tests;
