//! Second factors: what counts as one, who has to have one, and which codes are taken.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Grant, Role};

/// A sign-in that began has to end within this time.
pub const CEREMONY_MINUTES: i64 = 5;
/// Recovery codes that are given out at once.
pub const RECOVERY_CODES: usize = 10;
/// Most passkeys of one user.
pub const PASSKEYS_MAX: usize = 10;
/// Seconds of a step of an authenticator app (RFC 6238).
pub const STEP_SECONDS: u64 = 30;

/// What a user proves with beside the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Factor {
    /// A code of an authenticator app (TOTP, RFC 6238).
    App,
    /// A code that was written down when the factor was enrolled.
    Recovery,
    /// A key that a device keeps (WebAuthn), unlocked by its owner.
    Passkey,
}

/// The second factors of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Factors {
    pub app: Option<App>,
    pub passkeys: Vec<Passkey>,
    /// Recovery codes that were not used yet.
    pub recovery_left: u32,
}

/// An authenticator app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    pub enrolled_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A passkey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    pub id: i64,
    pub name: String,
    pub enrolled_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

impl Factors {
    /// Whether a password alone is not enough. Recovery codes only stand in for what was lost.
    pub fn any(&self) -> bool {
        self.app.is_some() || !self.passkeys.is_empty()
    }
}

/// Whether somebody has to enrol a second factor before anything else.
pub fn must_enrol(required: &BTreeSet<Role>, grants: &[Grant], has_factor: bool) -> bool {
    !has_factor && grants.iter().any(|grant| required.contains(&grant.role))
}

/// Whether something that began at `begun_at` may still be ended.
pub fn in_time(begun_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    (now - begun_at).abs() < TimeDelta::minutes(CEREMONY_MINUTES)
}

/// A code as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// Six digits.
    App(String),
    /// Sixteen letters and digits, in the form they are stored in.
    Recovery(String),
}

impl Code {
    /// Reads what was typed; spaces and hyphens mean nothing. `None`: it is no code at all.
    pub fn read(text: &str) -> Option<Self> {
        const TYPED_MAX_BYTES: usize = 64;
        if text.len() > TYPED_MAX_BYTES {
            return None;
        }
        let plain: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let plain = plain.to_ascii_lowercase();
        if plain.len() == 6 && plain.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::App(plain));
        }
        let recovery = plain.len() == 16 && plain.bytes().all(|byte| byte.is_ascii_alphanumeric());
        recovery.then_some(Self::Recovery(plain))
    }
}

/// A secret or code as people copy it: groups of four, set apart by `between`.
pub fn grouped(text: &str, between: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let groups = letters.chunks(4).map(|group| group.iter().collect::<String>());
    groups.collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Scope;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let app = |text: &str| Some(Code::App(text.to_owned()));
        let recovery = |text: &str| Some(Code::Recovery(text.to_owned()));
        for (typed, expected) in [
            ("123456", app("123456")),
            (" 123 456 ", app("123456")),
            ("abcd-EFGH-2345-wxyz", recovery("abcdefgh2345wxyz")),
            ("12345", None),
            ("1234567", None),
            ("12345a", None),
            ("abcd-efgh-2345-wxy", None),
            ("abcd-efgh-2345-wxyé", None),
            ("", None),
        ] {
            assert_eq!(Code::read(typed), expected, "{typed}");
        }
        assert_eq!(Code::read(&"1 ".repeat(100)), None);
        assert_eq!(grouped("abcdefghij", " "), "abcd efgh ij");
    }

    #[test]
    fn only_who_lacks_one_and_holds_the_role_has_to_enrol() {
        let grants = [Grant { role: Role::Admin, scope: Scope::default() }];
        let required = BTreeSet::from([Role::Admin, Role::Approver]);
        assert!(must_enrol(&required, &grants, false));
        assert!(!must_enrol(&required, &grants, true));
        assert!(!must_enrol(&BTreeSet::new(), &grants, false));
        assert!(!must_enrol(&BTreeSet::from([Role::Approver]), &grants, false));
        assert!(!Factors { recovery_left: 10, ..Factors::default() }.any());
    }

    #[test]
    fn what_began_ends_within_its_time() {
        let at = |s: i64| DateTime::from_timestamp(1_800_000_000 + s, 0).expect("a time");
        assert!(in_time(at(0), at(299)) && !in_time(at(0), at(300)));
    }
}
