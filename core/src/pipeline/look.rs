//! What a repository answers when it is asked for a commit, and when it is asked again.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// A repository is asked again after so long.
pub const LOOK_EVERY: TimeDelta = TimeDelta::minutes(10);
/// One that did not answer, after so long.
pub const LOOK_AGAIN: TimeDelta = TimeDelta::minutes(2);
/// What was answered so long ago is not known any more.
pub const LOOK_COUNTS: TimeDelta = TimeDelta::hours(1);
/// A start asks again what is older than this.
pub const START_ASKS: TimeDelta = TimeDelta::minutes(1);
/// How long answers are kept.
pub const ANSWERS_KEPT: TimeDelta = TimeDelta::days(30);

/// What a repository answered, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    pub at: DateTime<Utc>,
    pub answer: Answer,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "answer")]
pub enum Answer {
    /// A branch or tag ends at it.
    Tip { name: String },
    /// None does.
    NoTip,
    /// It did not answer, or was not asked, and why.
    Unknown { why: String },
}

impl Look {
    /// Whether the repository is asked again.
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        let every = match self.answer {
            Answer::Tip { .. } | Answer::NoTip => LOOK_EVERY,
            Answer::Unknown { .. } => LOOK_AGAIN,
        };
        now - self.at >= every
    }
}
