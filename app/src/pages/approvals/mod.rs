//! Approvals: what waits for a second person ([`list`]), and one of them with the two answers
//! ([`one`]).

pub mod list;
pub mod one;

use chrono::{DateTime, Utc};
use mainstay_core::approval::{Approval, Kind, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::text;
use crate::ui::tone::Tone;

/// An approval in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ApprovalRow)]
pub struct Row {
    pub id: String,
    pub href: String,
    /// `permission`: before it is done; `review`: afterwards.
    #[schema(value_type = String)]
    pub kind: Kind,
    pub what: String,
    /// The page of what it is about.
    pub object: String,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    pub by: String,
    pub reason: String,
    pub at: DateTime<Utc>,
    /// Of a permission: void afterwards; of a review: due until then.
    pub until: DateTime<Utc>,
    /// Who answered; `None`: nobody did.
    pub answered_by: Option<String>,
}

impl Row {
    pub fn of(approval: &Approval, now: DateTime<Utc>) -> Self {
        // What nobody allowed in time does not wait, although it is not written down yet.
        let state = approval.expired(now).unwrap_or_else(|| approval.state.clone());
        let (tone, word) = text::approval::state(approval.kind, &state, approval.is_late(now));
        Self {
            id: approval.id.to_string(),
            href: approval.path(),
            kind: approval.kind,
            what: text::approval::subject(&approval.subject),
            object: approval.subject.path(),
            tone,
            word,
            by: approval.by.clone(),
            reason: approval.reason.clone(),
            at: approval.at,
            until: approval.until,
            answered_by: match state {
                State::Approved { by, .. }
                | State::Refused { by, .. }
                | State::Withdrawn { by, .. } => Some(by),
                State::Waiting | State::Expired { .. } | State::Void { .. } => None,
            },
        }
    }
}
