//! Whether a drop of traffic is a reason to send a group's requests elsewhere.
//!
//! Owns the questions ([`Question`]), what they rest on ([`Evidence`]) and what follows from the
//! answers ([`decide`]). The decision carries every question with its answer and numbers, so that
//! a person can see why, and why not.
//!
//! Invariants: the same evidence gives the same decision; only nine times yes, in the mode
//! `automatic`, switches; no data is not a drop; a drop everywhere is not a data centre's failure.
//!
//! Must not: detect drops, find targets or carry out what it decides.

mod evidence;
mod question;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use evidence::{Evidence, LastSwitch, Limits, Mode, Series, Signals, Target};
pub use question::{Answer, Question, Reason};

/// What to do about a group in a data centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// There is no drop, or the mode is `off`.
    Nothing,
    /// Something is missing or unknown; it is no reason to act.
    Watch,
    /// A person should look: this data centre dropped alone. The reasons say what stands against
    /// a switch, if anything.
    Advise,
    /// Send the requests to the target.
    Switch,
}

/// An outcome and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    pub outcome: Outcome,
    /// Every question, in the order of [`Question`].
    pub reasons: Vec<Reason>,
}

/// Decides about one group in one data centre.
pub fn decide(evidence: &Evidence, limits: &Limits) -> Decision {
    let reasons = question::ask(evidence, limits);
    let outcome = match evidence.mode {
        Mode::Off => Outcome::Nothing,
        Mode::Advise => outcome(&reasons).min_advise(),
        Mode::Automatic => outcome(&reasons),
    };
    Decision { outcome, reasons }
}

impl Outcome {
    /// Its permanent name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Watch => "watch",
            Self::Advise => "advise",
            Self::Switch => "switch",
        }
    }

    const fn min_advise(self) -> Self {
        match self {
            Self::Nothing | Self::Watch | Self::Advise => self,
            Self::Switch => Self::Advise,
        }
    }
}

fn outcome(reasons: &[Reason]) -> Outcome {
    let mut outcome = Outcome::Switch;
    for Reason { answer, question } in reasons {
        let then = match (question, answer) {
            (_, Answer::Yes) => continue,
            (Question::Dropped { size, .. }, Answer::No) => {
                // Something is missing, only not enough of it.
                if size.is_some() { Outcome::Watch } else { Outcome::Nothing }
            }
            (Question::Fresh { .. } | Question::Dropped { .. }, _)
            | (Question::OthersSteady { .. }, _)
            | (Question::SecondSignal { .. }, Answer::No) => Outcome::Watch,
            (
                Question::SecondSignal { .. }
                | Question::TargetHealthy { .. }
                | Question::TargetCapable { .. }
                | Question::TargetNear { .. }
                | Question::CoolDownOver { .. }
                | Question::NothingForbids { .. },
                Answer::No | Answer::Unknown,
            ) => Outcome::Advise,
        };
        outcome = if then.rank() < outcome.rank() { then } else { outcome };
    }
    outcome
}

impl Outcome {
    /// How much is done.
    const fn rank(self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::Watch => 1,
            Self::Advise => 2,
            Self::Switch => 3,
        }
    }
}
