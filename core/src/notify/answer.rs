//! What a receiver's answer means, and when a delivery is tried again.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::DeliveryId;

/// Most tries of a delivery.
pub const TRIES_MAX: u32 = 12;
/// Most tries where the answer will hardly change.
pub const FEW_TRIES: u32 = 3;
/// A delivery older than this is not tried again.
pub const AGE_MAX: TimeDelta = TimeDelta::hours(24);
/// The wait after the first try; it doubles with each.
pub const WAIT_FIRST: TimeDelta = TimeDelta::seconds(5);
/// Longest wait between two tries.
pub const WAIT_MAX: TimeDelta = TimeDelta::hours(1);
/// Longest text of an answer that is kept, in characters.
pub const SAID_MAX_CHARS: usize = 200;

/// What came of one try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "answer")]
pub enum Answer {
    /// A server of HTTP answered.
    Http {
        status: u16,
        /// When it wants to be asked again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_seconds: Option<u32>,
        /// The beginning of what it said.
        said: String,
    },
    /// A mail server answered with this code.
    Smtp { code: u16, said: String },
    /// There was no answer.
    None { trouble: Trouble, said: String },
}

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// The address is none that this server may connect to.
    NotAllowed,
    /// The name has no address.
    Name,
    Connection,
    Encryption,
    Timeout,
    /// The secret cannot be opened with this installation's key.
    Secret,
    /// The message could not be made.
    Message,
    /// The server ended in the middle.
    Interrupted,
}

impl Answer {
    pub fn http(status: u16, retry_after_seconds: Option<u32>, said: &str) -> Self {
        Self::Http { status, retry_after_seconds, said: short(said) }
    }

    pub fn smtp(code: u16, said: &str) -> Self {
        Self::Smtp { code, said: short(said) }
    }

    pub fn none(trouble: Trouble, said: &str) -> Self {
        Self::None { trouble, said: short(said) }
    }

    /// Whether the receiver took it.
    pub const fn is_sent(&self) -> bool {
        matches!(self, Self::Http { status: 200..=299, .. } | Self::Smtp { code: 200..=299, .. })
    }

    /// The result, for metrics: `sent`, `refused`, `failed`.
    pub const fn result(&self) -> &'static str {
        match self.verdict() {
            Verdict::Sent => "sent",
            Verdict::Again | Verdict::Wait { .. } => "failed",
            Verdict::Few | Verdict::Stop => "refused",
        }
    }

    /// What it means.
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::Http { status: 200..=299, .. } | Self::Smtp { code: 200..=299, .. } => {
                Verdict::Sent
            }
            Self::Http { status: 410, .. } => Verdict::Stop,
            Self::Http { retry_after_seconds: Some(seconds), status: 429 | 503, .. } => {
                Verdict::Wait { seconds: *seconds }
            }
            Self::Http { status: 408 | 425 | 429 | 500.., .. }
            | Self::Smtp { code: ..=499, .. } => Verdict::Again,
            Self::Http { .. } | Self::Smtp { .. } => Verdict::Few,
            Self::None { trouble, .. } => match trouble {
                Trouble::Connection
                | Trouble::Encryption
                | Trouble::Timeout
                | Trouble::Name
                | Trouble::Interrupted => Verdict::Again,
                Trouble::NotAllowed | Trouble::Secret | Trouble::Message => Verdict::Few,
            },
        }
    }
}

/// What an answer means for the delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Sent,
    /// The next try may fare better.
    Again,
    /// As the receiver says, so long at least.
    Wait {
        seconds: u32,
    },
    /// It will hardly fare better.
    Few,
    /// The receiver is gone and wants nothing any more.
    Stop,
}

/// What becomes of a delivery after a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Sent,
    Again {
        at: DateTime<Utc>,
    },
    GiveUp,
    /// Given up, and its channel with it.
    Stop,
}

/// What becomes of a delivery that was planned at `planned_at` and has had `tries`.
pub fn next(
    id: DeliveryId,
    planned_at: DateTime<Utc>,
    tries: u32,
    answer: &Answer,
    now: DateTime<Utc>,
) -> Next {
    let (most, least_wait) = match answer.verdict() {
        Verdict::Sent => return Next::Sent,
        Verdict::Stop => return Next::Stop,
        Verdict::Again => (TRIES_MAX, TimeDelta::zero()),
        Verdict::Few => (FEW_TRIES, TimeDelta::zero()),
        Verdict::Wait { seconds } => (TRIES_MAX, TimeDelta::seconds(seconds.into()).min(WAIT_MAX)),
    };
    let at = now + backoff(id, tries).max(least_wait);
    if tries >= most || at - planned_at > AGE_MAX { Next::GiveUp } else { Next::Again { at } }
}

/// The wait after this many tries: doubling, bounded, and a little different for each delivery, so
/// that those of one outage do not come back at the same moment. The same for the same delivery.
pub fn backoff(id: DeliveryId, tries: u32) -> TimeDelta {
    let doublings = tries.saturating_sub(1).min(16);
    let wait = (WAIT_FIRST * 2_i32.pow(doublings)).min(WAIT_MAX);
    let digest = Sha256::digest(format!("{id}/{tries}"));
    // Between four fifths and six fifths.
    let per_mille = 800 + i64::from(u16::from_be_bytes([digest[0], digest[1]])) * 400 / 65_536;
    TimeDelta::milliseconds(wait.num_milliseconds() * per_mille / 1_000)
}

/// `Retry-After` in seconds from now: a number, or a date (RFC 9110, 10.2.3).
pub fn retry_after(value: &str, now: DateTime<Utc>) -> Option<u32> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(seconds);
    }
    let at = DateTime::parse_from_rfc2822(value).ok()?;
    u32::try_from((at.to_utc() - now).num_seconds().max(0)).ok()
}

/// The beginning of a text from outside, on one line and without control characters.
pub fn short(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() || c == '\u{fffd}' { ' ' } else { c });
    let line: String = plain.collect();
    let mut short = String::new();
    for word in line.split_whitespace() {
        if !short.is_empty() {
            short.push(' ');
        }
        short.push_str(word);
        if short.chars().count() > SAID_MAX_CHARS {
            let cut: String = short.chars().take(SAID_MAX_CHARS).collect();
            return cut + "…";
        }
    }
    short
}
