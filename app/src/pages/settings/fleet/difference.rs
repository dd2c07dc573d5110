//! What a fleet file would change, what is wrong in it, and what is in its way, as tables.

use leptos::prelude::*;
use mainstay_core::fleet::diff::{Action, Change, Field, FieldChange, Subject};

use super::{BlockedRow, Check, FindingRow};
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::card::{Head, card};
use crate::ui::table::{Column, table};
use crate::ui::tone::Tone;

/// Changes that are listed; more are counted.
const CHANGES_MAX: usize = 500;

/// Every mistake with its line.
pub(super) fn findings(rows: &[FindingRow]) -> AnyView {
    let count = text::number(rows.len() as u64);
    let columns = vec![
        Column::number(t!("fleet-line")),
        Column::new(t!("fleet-mistake")),
        Column::new(t!("fleet-instead")),
    ];
    let body = rows.iter().map(|finding| {
        let line = text::number(finding.line);
        view! {
            <tr>
                <th scope="row" class="num">{line}</th>
                <td data-l=t!("fleet-mistake")>{ticked(&finding.message)}</td>
                <td data-l=t!("fleet-instead")>{ticked(&finding.help)}</td>
            </tr>
        }
    });
    let body = table(t!("fleet-findings"), columns, body.collect_view());
    card(Head::new(t!("fleet-findings")).note(count), body)
}

/// Removals that must wait, and what to do instead.
pub(super) fn blocked(rows: &[BlockedRow]) -> AnyView {
    let columns = vec![Column::new(t!("fleet-id")), Column::new(t!("fleet-blocked-note"))];
    let body = rows.iter().map(|row| {
        let id = row.id.clone();
        view! {
            <tr>
                <th scope="row">{state(Tone::Crit, id)}</th>
                <td data-l=t!("fleet-blocked-note")>{ticked(&row.message)}</td>
            </tr>
        }
    });
    let body = table(t!("fleet-blocked"), columns, body.collect_view());
    card(Head::new(t!("fleet-blocked")), body)
}

/// Every change: what kind of entry, which one, how, and its values before and after.
pub(super) fn changes(check: &Check) -> AnyView {
    let note = if check.revision == 0 {
        t!("fleet-difference-first")
    } else {
        t!("fleet-difference-note", revision = check.revision)
    };
    let columns = vec![
        Column::new(t!("fleet-kind")),
        Column::new(t!("fleet-id")),
        Column::new(t!("fleet-how")),
        Column::new(t!("fleet-fields")),
    ];
    let rows = check.changes.iter().take(CHANGES_MAX).map(change).collect_view();
    let more = check.changes.len().saturating_sub(CHANGES_MAX) as u64;
    let more = (more > 0).then(|| {
        view! { <p class="pad second">{t!("fleet-more", count = text::number(more))}</p> }
    });
    let count = text::number(check.changes.len() as u64);
    let body = view! { {table(t!("fleet-difference"), columns, rows)}{more} };
    card(Head::new(t!("fleet-difference")).note(count).right(note), body)
}

fn change(change: &Change) -> AnyView {
    let (kind, id) = match &change.subject {
        Subject::Fleet => (t!("fleet-itself"), String::new()),
        Subject::Entry { entry, id } => (entry.to_string(), id.clone()),
    };
    let (how, values) = match &change.action {
        Action::Added { fields } => {
            (t!("fleet-added"), fields.iter().map(added).collect_view().into_any())
        }
        Action::Removed => (t!("fleet-removed"), ().into_any()),
        Action::Changed { fields } => {
            (t!("fleet-changed"), fields.iter().map(changed).collect_view().into_any())
        }
    };
    view! {
        <tr>
            <td>{kind}</td>
            <th scope="row">{id}</th>
            <td data-l=t!("fleet-how")>{how}</td>
            <td data-l=t!("fleet-fields")><ul class="values">{values}</ul></td>
        </tr>
    }
    .into_any()
}

fn added(field: &Field) -> AnyView {
    let (key, value) = (field.key.clone(), field.value.clone());
    view! { <li>{key}" = "<code>{value}</code></li> }.into_any()
}

fn changed(field: &FieldChange) -> AnyView {
    let value = |value: &Option<String>| match value.clone() {
        Some(value) => view! { <code>{value}</code> }.into_any(),
        None => view! { <span class="muted">{t!("fleet-unset")}</span> }.into_any(),
    };
    let key = field.key.clone();
    view! { <li>{key}": "{value(&field.old)}" → "{value(&field.new)}</li> }.into_any()
}

/// Text with what stands between backticks as code.
fn ticked(text: &str) -> AnyView {
    let parts = text.split('`').enumerate().map(|(at, part)| {
        let part = part.to_owned();
        if at % 2 == 1 { view! { <code>{part}</code> }.into_any() } else { part.into_any() }
    });
    parts.collect_view().into_any()
}
