//! What a decision rests on: everything it looks at, as it was observed.

use serde::{Deserialize, Serialize};

use crate::id::{DatacenterId, GroupId};
use crate::traffic::drop::State;

/// What may be done about a drop without a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Nothing is decided.
    Off,
    /// A person is told what would be done.
    #[default]
    Advise,
    /// It is done if every question is answered with yes.
    Automatic,
}

impl Mode {
    pub const ALL: [Self; 3] = [Self::Off, Self::Advise, Self::Automatic];

    /// Its value in a fleet file.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Advise => "advise",
            Self::Automatic => "automatic",
        }
    }
}

/// All there is to know about one group in one data centre, and about where it could go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    pub now_ms: i64,
    pub group: GroupId,
    pub datacenter: DatacenterId,
    pub mode: Mode,
    /// The group's traffic in every data centre that serves it, this one included.
    pub series: Vec<Series>,
    pub signals: Signals,
    /// Where requests would go; `None`: nobody named or found a place.
    pub target: Option<Target>,
    pub last_switch: LastSwitch,
    /// Names of rules and gates that forbid it now; `None`: they could not be read.
    pub forbidden_by: Option<Vec<String>>,
}

/// A detector's word on the group's traffic in a data centre.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    pub datacenter: DatacenterId,
    /// When its edges or logs were last heard; `None`: never.
    pub heard_ms: Option<i64>,
    pub state: State,
}

/// What else speaks of the data centre's health. Each is `None` where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Signals {
    /// The share of the group's instances that serve.
    pub serving_share: Option<f64>,
    /// How long its agent has been silent; 0 while it reports.
    pub agent_silent_seconds: Option<f64>,
    /// The share of requests that fail.
    pub error_share: Option<f64>,
}

/// A place that requests could go to. Each is `None` where it is not known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    pub datacenter: DatacenterId,
    /// The share of the group's instances there that serve.
    pub serving_share: Option<f64>,
    /// Requests a second it can take on top of its own, and those that would come.
    pub spare_rate: Option<f64>,
    pub needed_rate: Option<f64>,
    /// How much longer requests are on their way.
    pub extra_ms: Option<f64>,
}

/// The group's last switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastSwitch {
    Never,
    At {
        at_ms: i64,
    },
    /// It could not be read.
    Unknown,
}

/// Limits of the answers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Older data says nothing.
    pub fresh_seconds: f64,
    /// A drop must be this large and this sure.
    pub size_min: f64,
    pub confidence_min: f64,
    /// Fewer instances serving than this share speak for a failure.
    pub failing_share: f64,
    /// So does an agent silent for so long, or so large a share of errors.
    pub silent_seconds: f64,
    pub error_share: f64,
    /// The share of instances that serve at a healthy target.
    pub healthy_share: f64,
    /// A target can take this many times what would come.
    pub spare_times: f64,
    /// Requests may be so much longer on their way.
    pub extra_ms: f64,
    pub cool_down_seconds: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fresh_seconds: 30.0,
            size_min: 0.4,
            confidence_min: 0.8,
            failing_share: 0.5,
            silent_seconds: 15.0,
            error_share: 0.1,
            healthy_share: 0.9,
            spare_times: 1.2,
            extra_ms: 100.0,
            cool_down_seconds: 1_800.0,
        }
    }
}
