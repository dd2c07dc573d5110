//! Agents: the certificates they hold, and the invitations to join.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::{AgentCertificate, FieldMistake, JoinToken, Refusal};
use mainstay_core::id::DatacenterId;
use serde::Serialize;
use utoipa::ToSchema;

use super::tokens::secret;
use super::{Section, in_words, sections};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::{callout, empty, no_permission};
use crate::ui::button::{Weight, post, submit};
use crate::ui::card::{Head, card, columns, padded};
use crate::ui::form::{Field, Kind, error_summary, field, form, mistakes_title};
use crate::ui::head::{PageHead, page_head};
use crate::ui::table::{Column, table};
use crate::ui::time::time;
use crate::ui::tone::Tone;

/// Digits of a fingerprint in the list; the whole is in its title.
const FINGERPRINT_SHOWN: usize = 16;

/// What the page says, and `GET /api/v1/agents`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AgentsData {
    /// Those that have not expired.
    #[schema(value_type = Vec<Object>)]
    pub certificates: Vec<AgentCertificate>,
    /// The latest invitations, newest first.
    #[schema(value_type = Vec<Object>)]
    pub join_tokens: Vec<JoinToken>,
    /// The data centres of the fleet.
    #[serde(skip)]
    pub datacenters: Vec<DatacenterId>,
    /// Why the reader may not invite or revoke.
    #[serde(skip)]
    pub refusal: Option<Refusal>,
    /// One just made, shown this once.
    #[serde(skip)]
    pub made: Option<MadeJoin>,
    #[serde(skip)]
    pub form: JoinForm,
    #[serde(skip)]
    pub csrf: String,
    #[serde(skip)]
    pub minutes_max: i64,
    #[serde(skip)]
    pub now: DateTime<Utc>,
}

/// A join token and its text.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MadeJoin {
    #[schema(value_type = Object)]
    pub join_token: JoinToken,
    /// Shown this once.
    pub secret: String,
}

/// What stands in the fields of the form for a join token.
#[derive(Clone, Debug, Default)]
pub struct JoinForm {
    pub datacenter: String,
    pub minutes: String,
    pub mistakes: Vec<FieldMistake>,
}

/// The page.
pub fn view(data: &AgentsData) -> AnyView {
    let head = PageHead { title: t!("settings-agents"), ..PageHead::default() };
    let certificates = if data.certificates.is_empty() {
        empty(t!("agents-empty"), t!("agents-empty-context"), None)
    } else {
        certificates(data)
    };
    let joins = if data.join_tokens.is_empty() {
        empty(t!("agents-joins-empty"), t!("agents-empty-context"), None)
    } else {
        joins(data)
    };
    let main = view! {
        {data.made.as_ref().map(|made| shown(made, data.now))}
        {card(Head::new(t!("agents-certificates")), certificates)}
        {card(Head::new(t!("agents-joins")), joins)}
    };
    let side = padded(Head::new(t!("agents-new")), invite(data));
    view! { {page_head(head)} {sections(Section::Agents)} {columns(main, side)} }.into_any()
}

fn shown(made: &MadeJoin, now: DateTime<Utc>) -> AnyView {
    let until = text::moment(made.join_token.expires_at, now);
    view! {
        {callout(
            Tone::Ok,
            t!("agents-shown", datacenter = made.join_token.datacenter.as_str()),
            t!("agents-shown-detail", at = until),
            None,
        )}
        {secret(t!("agents-label"), &made.secret)}
    }
    .into_any()
}

fn certificates(data: &AgentsData) -> AnyView {
    let now = data.now;
    let columns = vec![
        Column::new(t!("agents-datacenter")),
        Column::new(t!("agents-fingerprint")),
        Column::new(t!("agents-issued")),
        Column::new(t!("agents-expires")),
        Column::new(t!("user-state")),
        Column::hidden(t!("token-state-revoked")),
    ];
    let body = data.certificates.iter().map(|certificate| {
        let fingerprint = certificate.fingerprint.as_str();
        let short = fingerprint.get(..FINGERPRINT_SHOWN).unwrap_or(fingerprint).to_owned();
        let standing = match certificate.revoked_at {
            None => state(Tone::Ok, t!("token-state-active")),
            Some(_) => state(Tone::Pause, t!("token-state-revoked")),
        };
        view! {
            <tr id=format!("certificate-{short}")>
                <th scope="row">
                    <a href=paths::datacenter(&certificate.datacenter)>
                        {certificate.datacenter.to_string()}
                    </a>
                </th>
                <td data-l=t!("agents-fingerprint")>
                    <code title=fingerprint.to_owned()>{short.clone()}</code>
                </td>
                <td data-l=t!("agents-issued")>{time(certificate.issued_at, now)}</td>
                <td data-l=t!("agents-expires")>{time(certificate.expires_at, now)}</td>
                <td data-l=t!("user-state")>{standing}</td>
                <td>{revoke(data, certificate)}</td>
            </tr>
        }
    });
    table(t!("agents-certificates"), columns, body.collect_view())
}

fn revoke(data: &AgentsData, certificate: &AgentCertificate) -> Option<AnyView> {
    if data.refusal.is_some() || certificate.revoked_at.is_some() {
        return None;
    }
    let object = format!("{}/{}", paths::SETTINGS_AGENTS, certificate.fingerprint);
    let label = t!("agents-revoke", name = certificate.datacenter.as_str());
    Some(post(Weight::Plain, paths::action(&object, "revoke"), &data.csrf, Vec::new(), label))
}

fn joins(data: &AgentsData) -> AnyView {
    let now = data.now;
    let columns = vec![
        Column::new(t!("agents-datacenter")),
        Column::new(t!("agents-join-by")),
        Column::new(t!("agents-join-at")),
        Column::new(t!("agents-join-state")),
    ];
    let body = data.join_tokens.iter().map(|token| {
        let standing = match token.used_at {
            Some(at) => t!("agents-join-used", at = text::moment(at, now)),
            None if token.expires_at <= now => {
                t!("agents-join-expired", at = text::moment(token.expires_at, now))
            }
            None => t!("agents-join-open", at = text::moment(token.expires_at, now)),
        };
        view! {
            <tr>
                <th scope="row">{token.datacenter.to_string()}</th>
                <td data-l=t!("agents-join-by")>{token.created_by.clone()}</td>
                <td data-l=t!("agents-join-at")>{time(token.created_at, now)}</td>
                <td data-l=t!("agents-join-state")>{standing}</td>
            </tr>
        }
    });
    table(t!("agents-joins"), columns, body.collect_view())
}

fn invite(data: &AgentsData) -> AnyView {
    if let Some(refusal) = &data.refusal {
        return no_permission(text::refusal(refusal), t!("agents-create"));
    }
    let mistakes = in_words(&data.form.mistakes);
    let choices = data.datacenters.iter().map(|id| (id.to_string(), id.to_string())).collect();
    let datacenter = Field {
        name: "datacenter",
        label: t!("agents-datacenter"),
        kind: Kind::Select(choices),
        value: data.form.datacenter.clone(),
        ..Field::default()
    };
    let minutes = Field {
        name: "minutes",
        label: t!("agents-minutes"),
        hint: Some(t!("agents-minutes-hint", most = data.minutes_max.to_string())),
        value: data.form.minutes.clone(),
        autocomplete: Some("off"),
        required: true,
        ..Field::default()
    };
    let body = view! {
        {error_summary(mistakes_title(&mistakes), &mistakes)}
        {field(datacenter, &mistakes)}
        {field(minutes, &mistakes)}
        <p class="acts">{submit(Weight::Primary, t!("agents-create"))}</p>
    };
    form(paths::action(paths::SETTINGS_AGENTS, "invite"), &data.csrf, body)
}
