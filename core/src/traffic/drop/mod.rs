//! wip

mod baseline;
mod detector;
mod excursion;
mod gather;
mod profile;
pub mod read;
mod replay;
mod scale;
mod stamp;
mod trail;
mod window;

use serde::{Deserialize, Serialize};

pub use detector::Detector;
pub use replay::{GAPS_MAX, Gap, GapKind, Raised, Replay, Series, replay};
pub use stamp::{Form, Stamp};

/// A share of what is expected that counts as almost nothing.
const ALMOST_NOTHING: f64 = 0.1;

/// How the detector looks. [`Settings::validate`] before use.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Smallest share of the expected traffic whose lack is told; from 0.05 to 0.9.
    pub size_min: f64,
    /// How little evidence is enough: 2 asks for half of the usual, 0.5 for twice as much; from
    /// 0.2 to 5. Each step that makes it quicker makes false alarms more frequent.
    pub sensitivity: f64,
}

/// Bounds of the settings.
const SIZE_MIN: [f64; 2] = [0.05, 0.9];
const SENSITIVITY: [f64; 2] = [0.2, 5.0];

impl Default for Settings {
    fn default() -> Self {
        Self { size_min: 0.15, sensitivity: 1.0 }
    }
}

/// Why settings cannot be used; a sentence that says what to write.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{name} is {value}; write a number from {} to {}", bounds[0], bounds[1])]
pub struct SettingsError {
    name: &'static str,
    value: f64,
    bounds: [f64; 2],
}

impl Settings {
    /// The first setting that cannot be used, if any.
    pub fn validate(&self) -> Result<(), SettingsError> {
        for (name, value, bounds) in [
            ("size_min", self.size_min, SIZE_MIN),
            ("sensitivity", self.sensitivity, SENSITIVITY),
        ] {
            if !(bounds[0]..=bounds[1]).contains(&value) {
                return Err(SettingsError { name, value, bounds });
            }
        }
        Ok(())
    }
}

/// What kind of drop it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Almost nothing is left: at most a tenth.
    Collapse,
    /// A part went missing at once.
    Step,
    /// A part went missing little by little.
    Slide,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Collapse => "collapse",
            Self::Step => "step",
            Self::Slide => "slide",
        }
    }
}

/// Traffic is missing: what was known of it when it was told.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// When it was told, and when it probably began, in milliseconds since the epoch.
    pub at_ms: i64,
    pub began_ms: i64,
    pub kind: Kind,
    /// The share of the expected traffic that is missing, from 0 to 1.
    pub size: f64,
    /// From 0 to 1; see the module.
    pub confidence: f64,
    /// Means of what was expected and of what came, from `began_ms` to `at_ms` or, of what was
    /// found over a longer time, weighted to its end.
    pub expected: f64,
    pub observed: f64,
}

/// What a value brought about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    Raised(Alarm),
    /// What had just ended goes on: the same drop, not another one.
    Resumed { at_ms: i64 },
    /// Traffic was back at `at_ms`, and stayed.
    Ended { at_ms: i64 },
    /// It lasted so long that this is what is expected from now on.
    Settled { at_ms: i64 },
}

/// How a series stands.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Too little was seen to expect anything.
    Learning,
    Normal,
    /// `size_now`: the share that is missing by now.
    Dropped { alarm: Alarm, size_now: f64 },
    /// Nothing is known since the last value: neither a drop nor none.
    NoData { since_ms: i64 },
}
