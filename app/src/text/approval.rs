//! Approvals in words: what is asked for, how it stands, and why an answer does not count.

use mainstay_core::approval::{Kind, State, Subject};

use crate::t;
use crate::ui::tone::Tone;

/// What it is about: `failover of north`.
pub fn subject(subject: &Subject) -> String {
    match subject {
        Subject::Failover { lose, .. } => {
            t!("approval-failover", lose = lose.replace(',', ", "))
        }
        Subject::Force { run, lose } => {
            let lose = lose.replace(',', ", ");
            t!("approval-force", run = run.to_string(), lose = lose)
        }
        Subject::Override { run, lose, rules } => {
            let lose = lose.replace(',', ", ");
            let rules: Vec<_> =
                rules.iter().map(|rule| crate::pages::failover::rule(*rule)).collect();
            let rules = rules.join(", ");
            t!("approval-override", run = run.to_string(), lose = lose, rules = rules)
        }
        Subject::Restore { database, .. } => t!("approval-restore", db = database.as_str()),
        Subject::RollBack { service, from, to, .. } => t!(
            "approval-roll-back",
            service = service.as_str(),
            from = from.as_str(),
            to = to.as_str()
        ),
        Subject::Grants { user, .. } => t!("approval-grants", user = user.as_str()),
        Subject::Waiver { event, check, .. } => {
            let check = super::planned::check(*check);
            t!("approval-waiver", event = event.to_string(), check = check)
        }
    }
}

/// Why one person does not do it alone.
pub fn why(subject: &Subject) -> String {
    match subject {
        Subject::Failover { .. } => t!("approval-why-failover"),
        Subject::Force { .. } => t!("approval-why-force"),
        Subject::Override { .. } => t!("approval-why-override"),
        Subject::Restore { .. } => t!("approval-why-restore"),
        Subject::RollBack { .. } => t!("approval-why-roll-back"),
        Subject::Grants { .. } => t!("approval-why-grants"),
        Subject::Waiver { .. } => t!("approval-why-waiver"),
    }
}

/// A state: its look and its word. `late`: a review past its time.
pub fn state(kind: Kind, state: &State, late: bool) -> (Tone, String) {
    match (kind, state) {
        (Kind::Permission, State::Waiting) => (Tone::Pause, t!("approval-waiting")),
        (Kind::Review, State::Waiting) if late => (Tone::Crit, t!("approval-review-late")),
        (Kind::Review, State::Waiting) => (Tone::Warn, t!("approval-review-due")),
        (Kind::Permission, State::Approved { .. }) => (Tone::Ok, t!("approval-approved")),
        (Kind::Review, State::Approved { .. }) => (Tone::Ok, t!("approval-found-right")),
        (Kind::Permission, State::Refused { .. }) => (Tone::Unk, t!("approval-refused")),
        (Kind::Review, State::Refused { .. }) => (Tone::Warn, t!("approval-found-wrong")),
        (_, State::Withdrawn { .. }) => (Tone::Unk, t!("approval-withdrawn")),
        (_, State::Expired { .. }) => (Tone::Unk, t!("approval-expired")),
        (_, State::Void { .. }) => (Tone::Unk, t!("approval-void")),
    }
}
