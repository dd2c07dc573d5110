//! Problems of approvals: what waits for a second person, before or after the deed.

use chrono::{DateTime, Utc};

use super::Problem;
use crate::approval::{Approval, Kind};

/// What waits of these; a permission that is past its time waits for nobody any more.
pub fn waiting(approvals: &[Approval], now: DateTime<Utc>) -> impl Iterator<Item = Problem> {
    let open = approvals.iter().filter(|approval| approval.state.is_waiting());
    open.filter(move |approval| approval.expired(now).is_none()).map(move |it| {
        let (approval, subject, by, until) = (it.id, it.subject.clone(), it.by.clone(), it.until);
        match it.kind {
            Kind::Permission => Problem::ApprovalWaits { approval, subject, by, until },
            Kind::Review => {
                Problem::ReviewWaits { approval, subject, by, until, late: it.is_late(now) }
            }
        }
    })
}
