//! The look of a state: one shape and one colour each.

use mainstay_core::status::Status;
use serde::Serialize;

/// A look. Seven of them carry every state of every page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    Crit,
    Warn,
    Unk,
    Plan,
    Prog,
    Ok,
    Pause,
}

impl Tone {
    pub const ALL: [Self; 7] =
        [Self::Crit, Self::Warn, Self::Unk, Self::Plan, Self::Prog, Self::Ok, Self::Pause];

    /// The state that has this look; a pause looks like a warning.
    pub const fn status(self) -> Status {
        match self {
            Self::Crit => Status::Failing,
            Self::Warn | Self::Pause => Status::Degraded,
            Self::Unk => Status::Unknown,
            Self::Plan => Status::Planned,
            Self::Prog => Status::Updating,
            Self::Ok => Status::Healthy,
        }
    }

    /// The class that gives text and tint their colour, and the suffix of the glyph's symbol.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Crit => "crit",
            Self::Warn => "warn",
            Self::Unk => "unk",
            Self::Plan => "plan",
            Self::Prog => "prog",
            Self::Ok => "ok",
            Self::Pause => "pause",
        }
    }
}

impl From<Status> for Tone {
    fn from(status: Status) -> Self {
        match status {
            Status::Failing => Self::Crit,
            Status::Degraded => Self::Warn,
            Status::Unknown => Self::Unk,
            Status::Planned => Self::Plan,
            Status::Updating => Self::Prog,
            Status::Healthy => Self::Ok,
        }
    }
}
