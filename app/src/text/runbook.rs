//! How live values and what belongs to runbooks are said.

use chrono::{DateTime, Utc};
use mainstay_core::estate::Contact;
use mainstay_core::failover::preview::Verdict;
use mainstay_core::runbook::alias::Health;
use mainstay_core::runbook::resolve::{Answer, Ready, Why};
use mainstay_core::runbook::run::Outcome;
use mainstay_core::status::{Status, Tally};

use crate::t;
use crate::text::{bytes, duration, list, minutes, moment, number, sentence};
use crate::ui::tone::Tone;

/// An answer in words; never empty.
pub fn answer(answer: &Answer, now: DateTime<Utc>) -> String {
    match answer {
        Answer::Subject(name) => name.clone(),
        Answer::Healthy(tally) => healthy(tally),
        Answer::Versions(versions) if versions.is_empty() => t!("rb-none-runs"),
        Answer::Versions(versions) => list(versions.iter().map(|(version, n)| {
            t!("version-count", version = version.as_str(), count = number(*n))
        })),
        Answer::Stable(version) => version.clone(),
        Answer::Rollout(None) => t!("rb-no-rollout"),
        Answer::Rollout(Some((id, version))) => {
            t!("rb-rollout", id = id.to_string(), version = version.as_str())
        }
        Answer::Problems(open) => {
            let n = *open;
            t!("rb-problems", n = n, count = number(n as u64))
        }
        Answer::Heard(Contact::Reporting) => t!("rb-reporting"),
        Answer::Heard(Contact::Never) => t!("rb-never"),
        Answer::Heard(Contact::Silent { since }) => {
            t!("rb-silent", since = moment(*since, now))
        }
        Answer::Ready(ready) => readiness(ready),
        Answer::Lag { datacenter, bytes: behind, limit } => {
            t!("rb-lag", dc = datacenter.as_str(), behind = bytes(*behind), limit = bytes(*limit))
        }
        Answer::Leader(datacenter) => datacenter.to_string(),
        Answer::BackupAge { age, datacenter } => {
            t!("rb-backup-age", age = minutes(*age), dc = datacenter.as_str())
        }
        Answer::Unknown(why) => unknown(why),
    }
}

fn healthy(tally: &Tally) -> String {
    let unknown = tally.get(Status::Unknown);
    let (healthy, total) = (number(tally.get(Status::Healthy)), number(tally.total()));
    match (tally.total(), unknown) {
        (0, _) => t!("rb-none-runs"),
        (_, 0) => t!("rb-healthy", healthy = healthy, total = total),
        (_, n) => t!("rb-healthy-unknown", healthy = healthy, total = total, unknown = number(n)),
    }
}

fn readiness(ready: &Ready) -> String {
    let word = match ready.verdict {
        Verdict::Ready => t!("rb-ready"),
        Verdict::Warnings => t!("rb-ready-warnings"),
        Verdict::Unknown => t!("rb-ready-unknown"),
        Verdict::NotReady => t!("rb-not-ready"),
    };
    match &ready.cause {
        Some(cause) => t!("rb-ready-cause", word = word, cause = sentence(cause)),
        None => word,
    }
}

/// Why there is no answer.
fn unknown(why: &Why) -> String {
    match why {
        Why::NoSubject => t!("rb-unknown-subject"),
        Why::NotThere { id } => t!("rb-unknown-there", id = id.as_str()),
        Why::Silent { datacenter } => t!("rb-unknown-silent", dc = datacenter.as_str()),
        Why::NoData => t!("rb-unknown-data"),
        Why::NoCluster => t!("rb-unknown-cluster"),
        Why::NoCopy => t!("rb-unknown-copy"),
    }
}

/// Whether a use helped; `None`: it is not over.
pub fn outcome(outcome: Option<Outcome>) -> (Tone, String) {
    match outcome {
        None => (Tone::Prog, t!("run-open")),
        Some(Outcome::Worked) => (Tone::Ok, t!("run-worked")),
        Some(Outcome::Partly) => (Tone::Warn, t!("run-partly")),
        Some(Outcome::DidNot) => (Tone::Crit, t!("run-did-not")),
    }
}

/// How a short link stands.
pub fn health(health: Health) -> (Tone, String) {
    match health {
        Health::Dead => (Tone::Crit, t!("alias-dead")),
        Health::Overdue => (Tone::Warn, t!("alias-overdue")),
        Health::Moved => (Tone::Plan, t!("alias-moved")),
        Health::Good => (Tone::Ok, t!("alias-good")),
    }
}

/// How long ago a review was, where it is too long.
pub fn overdue(days: i64) -> String {
    t!("runbook-overdue", age = duration(chrono::TimeDelta::days(days)))
}
