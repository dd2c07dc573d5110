//! `/audit/{seq}`: one entry, what it changed, and the proof that the signed log contains it.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::audit::Entry;
use mainstay_core::audit::merkle::{Hash, verify_inclusion};
use mainstay_core::audit::note::{Note, VerifierKey};
use mainstay_core::audit::record::Draft;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Checkpoint, Row, trail, words};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::button::{Weight, link_button};
use crate::ui::card::{Head, card, columns, key_values, padded};
use crate::ui::diff::diff;
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::time::time_full;
use crate::ui::tone::Tone;

/// What the page says, and `GET /api/v1/audit/{seq}`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditEntryPage)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub entry: Row,
    pub inclusion: Inclusion,
    /// What was asked, allowed, done and shown around it.
    pub trail: trail::Data,
    /// Whether an entry follows.
    #[serde(skip)]
    pub last: bool,
}

/// Whether the newest checkpoint contains the entry as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[schema(as = AuditInclusion)]
pub enum Inclusion {
    /// The proof leads from the entry to the signed root.
    Proven { checkpoint: Checkpoint, proof: Vec<String> },
    /// No checkpoint covers it yet.
    Waiting,
    /// It does not: the entry or the log was changed.
    Broken { why: String },
}

/// `proof`: from the entry's position in the log of the checkpoint's size; `None`: there is none.
pub fn build(
    entry: Entry,
    checkpoint: Option<Checkpoint>,
    proof: Option<Vec<Hash>>,
    trail: trail::Data,
    at: DateTime<Utc>,
) -> Data {
    let seq = entry.seq.and_then(|seq| u64::try_from(seq).ok());
    let last = match (&checkpoint, seq) {
        (Some(checkpoint), Some(seq)) => seq.saturating_add(1) >= checkpoint.entries,
        (None, _) | (_, None) => true,
    };
    let inclusion = match (checkpoint, seq) {
        (Some(checkpoint), Some(seq)) if seq < checkpoint.entries => {
            match prove(&entry, seq, &checkpoint, proof.as_deref()) {
                Ok(()) => Inclusion::Proven {
                    checkpoint,
                    proof: proof.unwrap_or_default().iter().map(Hash::to_string).collect(),
                },
                Err(why) => Inclusion::Broken { why },
            }
        }
        (Some(_) | None, _) => Inclusion::Waiting,
    };
    Data { at, entry: Row::of(entry), inclusion, trail, last }
}

/// Follows the proof from what is shown, not from what is stored beside it, to the signed root.
fn prove(
    entry: &Entry,
    seq: u64,
    checkpoint: &Checkpoint,
    proof: Option<&[Hash]>,
) -> Result<(), String> {
    let leaf = Draft::new(&entry.event).leaf;
    if leaf.to_string() != entry.leaf {
        return Err(t!("audit-broken-leaf"));
    }
    let key: VerifierKey = checkpoint.verifier.parse().map_err(|_| t!("audit-broken-note"))?;
    let note = Note::parse(&checkpoint.note).and_then(|note| note.verify(&key));
    let signed = note.map_err(|_| t!("audit-broken-note"))?;
    let holds = proof
        .is_some_and(|proof| verify_inclusion(leaf, seq, signed.size, proof, signed.root).is_ok());
    if holds { Ok(()) } else { Err(t!("audit-broken-proof")) }
}

pub fn title(data: &Data) -> String {
    match data.entry.seq {
        Some(seq) => t!("audit-entry-title", seq = super::position(seq)),
        None => t!("audit-entry"),
    }
}

pub fn view(data: &Data) -> AnyView {
    let entry = &data.entry;
    let head = page_head(PageHead {
        title: title(data),
        crumbs: vec![Crumb::new(paths::AUDIT, t!("nav-audit"))],
        badge: None,
        note: Some(entry.sentence.clone().into_any()),
        actions: Some(neighbours(data)),
    });
    let changed = if entry.before.is_none() && entry.after.is_none() {
        view! { <p class="pad second">{t!("audit-no-values")}</p> }.into_any()
    } else {
        diff(&pretty(entry.before.as_ref()), &pretty(entry.after.as_ref()))
    };
    let main = view! {
        {padded(Head::new(t!("facts")), key_values(facts(entry)))}
        {card(Head::new(t!("audit-changed")), changed)}
        {trail::view(&data.trail, data.at)}
    };
    let side = padded(Head::new(t!("audit-proof")), inclusion(data));
    view! { {head}{columns(main, side)} }.into_any()
}

fn neighbours(data: &Data) -> AnyView {
    let seq = data.entry.seq;
    let earlier = seq.filter(|seq| *seq > 0).map(|seq| seq - 1);
    let later = seq.filter(|_| !data.last).map(|seq| seq + 1);
    let link = |seq: i64, label: String| link_button(Weight::Plain, paths::audit_entry(seq), label);
    view! {
        {earlier.map(|seq| link(seq, t!("audit-earlier")))}
        {later.map(|seq| link(seq, t!("audit-later")))}
    }
    .into_any()
}

fn facts(entry: &Row) -> Vec<(String, AnyView)> {
    let or_none = |text: &Option<String>| match text {
        Some(text) => text.clone().into_any(),
        None => view! { <span class="muted">{t!("audit-none")}</span> }.into_any(),
    };
    let (action, leaf) = (entry.action.clone(), entry.leaf.clone());
    vec![
        (t!("audit-when"), time_full(entry.at)),
        (t!("audit-who"), words::who(&entry.actor).into_any()),
        (t!("audit-action"), view! { <code>{action}</code> }.into_any()),
        (t!("audit-object"), super::object(&entry.object)),
        (t!("audit-result"), super::result(entry.outcome)),
        (t!("audit-why"), or_none(&entry.reason)),
        (t!("audit-request"), or_none(&entry.request)),
        (t!("audit-leaf"), view! { <code>{leaf}</code> }.into_any()),
    ]
}

fn inclusion(data: &Data) -> AnyView {
    let (mark, detail) = match &data.inclusion {
        Inclusion::Proven { checkpoint, proof } => (
            state(Tone::Ok, t!("audit-proven")),
            t!(
                "audit-proven-detail",
                count = text::number(checkpoint.entries),
                at = t!("utc", time = text::full(checkpoint.at)),
                n = proof.len(),
                hashes = text::number(proof.len() as u64)
            ),
        ),
        Inclusion::Waiting => (state(Tone::Unk, t!("audit-waiting")), t!("audit-waiting-detail")),
        Inclusion::Broken { why } => (state(Tone::Crit, t!("audit-broken")), why.clone()),
    };
    view! {
        <p>{mark}</p>
        <p class="second">{detail}</p>
        <p><a href=paths::AUDIT_VERIFY>{t!("audit-verify-how")}</a></p>
    }
    .into_any()
}

fn pretty(value: Option<&Value>) -> String {
    // A value that came from JSON always goes back.
    value.and_then(|value| serde_json::to_string_pretty(value).ok()).unwrap_or_default()
}
