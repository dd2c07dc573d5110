//! The editor of roles: one row for each grant held and each role not held, as plain fields
//! `grants-N`, `grants-N-role`, `grants-N-groups`, `grants-N-datacenters`.

use leptos::prelude::*;
use mainstay_core::access::{Grant, Role};
use serde::Serialize;

use crate::t;
use crate::text;
use crate::ui::form::Mistake;
use crate::ui::glyph::glyph;
use crate::ui::tone::Tone;

/// One row as typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GrantRow {
    pub role: Role,
    pub on: bool,
    /// Ids with commas between.
    pub groups: String,
    pub datacenters: String,
}

/// The rows that edit `grants`: each of them, then the roles not among them.
pub fn rows(grants: &[Grant]) -> Vec<GrantRow> {
    let held = grants.iter().map(|grant| GrantRow {
        role: grant.role,
        on: true,
        groups: text::list(grant.scope.groups.iter().map(|id| id.as_str())),
        datacenters: text::list(grant.scope.datacenters.iter().map(|id| id.as_str())),
    });
    let missing = Role::ALL.into_iter().filter(|role| grants.iter().all(|g| g.role != *role));
    let missing = missing.map(|role| GrantRow {
        role,
        on: false,
        groups: String::new(),
        datacenters: String::new(),
    });
    held.chain(missing).collect()
}

/// The fields. Mistakes of the whole are at `grants`, those of a row at `grants-N`.
pub fn editor(rows: Vec<GrantRow>, mistakes: &[Mistake]) -> AnyView {
    let whole = errors("grants", mistakes);
    let class = if whole.is_some() { "fld grants err" } else { "fld grants" };
    let body = rows.into_iter().enumerate().map(|(n, row)| editor_row(n, row, mistakes));
    let body = body.collect_view();
    view! {
        <fieldset class=class id="grants">
            <legend>{t!("grants-legend")}</legend>
            <p class="hint" id="grants-hint">{t!("grants-hint")}</p>
            {whole}
            <div class="scroll">
                <table class="rows">
                    <thead>
                        <tr>
                            <th scope="col">{t!("grants-role")}</th>
                            <th scope="col">{t!("grants-groups")}</th>
                            <th scope="col">{t!("grants-datacenters")}</th>
                        </tr>
                    </thead>
                    <tbody>{body}</tbody>
                </table>
            </div>
        </fieldset>
    }
    .into_any()
}

fn editor_row(n: usize, row: GrantRow, mistakes: &[Mistake]) -> AnyView {
    let id = format!("grants-{n}");
    let role = text::role(row.role);
    let wrong = errors(&id, mistakes);
    let described = wrong.is_some().then(|| format!("{id}-error"));
    let input = |part: &str, label: String, value: String| {
        let name = format!("{id}-{part}");
        view! {
            <input name=name value=value aria-label=label autocomplete="off"
                aria-describedby=described.clone()/>
        }
    };
    let groups = input("groups", t!("grants-groups-of", role = role.as_str()), row.groups);
    let datacenters =
        input("datacenters", t!("grants-datacenters-of", role = role.as_str()), row.datacenters);
    view! {
        <tr>
            <th scope="row">
                <input type="hidden" name=format!("{id}-role") value=row.role.name()/>
                <label class="check">
                    <input type="checkbox" id=id.clone() name=id.clone() value="yes"
                        checked=row.on aria-describedby="grants-hint"/>
                    <span>{role}</span>
                </label>
            </th>
            <td>{groups}</td>
            <td>{datacenters}</td>
        </tr>
        {wrong.map(|wrong| view! { <tr><td colspan="3">{wrong}</td></tr> })}
    }
    .into_any()
}

fn errors(id: &str, mistakes: &[Mistake]) -> Option<AnyView> {
    let own: Vec<_> = mistakes.iter().filter(|m| m.field == id).cloned().collect();
    if own.is_empty() {
        return None;
    }
    let words = own.into_iter().map(|m| view! { <span>{m.message}</span> }).collect_view();
    Some(
        view! { <p class="emsg" id=format!("{id}-error")>{glyph(Tone::Crit)}{words}</p> }
            .into_any(),
    )
}

/// Grants in words, one after the other: `operator for groups social, auditor everywhere`.
pub fn in_words(grants: &[Grant]) -> String {
    text::list(
        grants
            .iter()
            .map(|grant| format!("{} {}", text::role(grant.role), text::scope(&grant.scope))),
    )
}
