//! `/audit/verify`: how anyone checks the log without trusting the server, and what they need.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::Checkpoint;
use crate::paths;
use crate::t;
use crate::ui::block::empty;
use crate::ui::card::{Head, card, columns, key_values, padded};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::time::time_full;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditVerifyPage)]
pub struct Data {
    pub at: DateTime<Utc>,
    /// The newest one; absent: nothing was placed yet.
    pub checkpoint: Option<Checkpoint>,
}

pub fn build(checkpoint: Option<Checkpoint>, at: DateTime<Utc>) -> Data {
    Data { at, checkpoint }
}

pub fn title() -> String {
    t!("audit-verify-title")
}

pub fn view(data: &Data) -> AnyView {
    let head = page_head(PageHead {
        title: title(),
        crumbs: vec![Crumb::new(paths::AUDIT, t!("nav-audit"))],
        note: Some(super::checked(data.checkpoint.as_ref(), data.at).into_any()),
        ..PageHead::default()
    });
    let key = data.checkpoint.as_ref().map_or("audit.pub", |last| last.verifier.as_str());
    let steps = [
        (t!("audit-step-export"), "mainstay audit export --output audit.jsonl".to_owned()),
        (t!("audit-step-key"), format!("mainstay audit verify audit.jsonl --key '{key}'")),
        (
            t!("audit-step-witness"),
            "mainstay audit verify audit.jsonl --key audit.pub --witness checkpoint.txt".to_owned(),
        ),
    ];
    let steps = steps.into_iter().map(|(words, command)| {
        view! {
            <li><p class="prose">{words}</p><pre class="file wrap"><code>{command}</code></pre></li>
        }
    });
    let main = padded(
        Head::new(t!("audit-steps")),
        view! {
            <p class="prose second">{t!("audit-verify-what")}</p>
            <ol class="steps">{steps.collect_view()}</ol>
            <p class="prose second">{t!("audit-verify-codes")}</p>
        },
    );
    let side = match &data.checkpoint {
        Some(checkpoint) => newest(checkpoint),
        None => card(
            Head::new(t!("audit-newest")),
            empty(t!("audit-no-checkpoint"), t!("audit-empty-detail"), None),
        ),
    };
    view! { {head}{columns(main, side)} }.into_any()
}

fn newest(checkpoint: &Checkpoint) -> AnyView {
    let (note, verifier) = (checkpoint.note.clone(), checkpoint.verifier.clone());
    let facts = vec![
        (t!("audit-signed"), time_full(checkpoint.at)),
        (t!("audit-covers"), crate::text::number(checkpoint.entries).into_any()),
    ];
    let body = view! {
        {key_values(facts)}
        <pre class="file wrap"><code>{note}</code></pre>
        <p class="second">{t!("audit-newest-keep")}</p>
    };
    let key = view! {
        <pre class="file wrap"><code>{verifier}</code></pre>
        <p class="second">{t!("audit-key-trust")}</p>
    };
    view! {
        {padded(Head::new(t!("audit-newest")), body)}
        {padded(Head::new(t!("audit-key")), key)}
    }
    .into_any()
}
