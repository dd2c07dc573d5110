//! What a form carries of the plan that was shown: the plan itself, packed, and when that was.
//!
//! A start binds to the hash of the plan, which the packed one proves to be of. The moment carries
//! a seal of the reader's session, so that any server can read what another one showed; it keeps
//! a person from starting what they looked at long ago, and is no fence against that person.

use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use mainstay_core::failover::Plan;
use sha2::{Digest, Sha256};

/// Largest plan that is unpacked, in bytes of JSON.
const PLAN_MAX_BYTES: u64 = 1024 * 1024;
/// Largest packed plan that a form carries; of a larger one what changed is not told.
const PACKED_MAX_BYTES: usize = 32 * 1024;

/// The moment of looking at a plan, for a form of this session.
pub(crate) fn seal(session: &str, hash: &str, at: DateTime<Utc>) -> String {
    let seconds = at.timestamp();
    let mut digest = Sha256::new();
    for part in [session, hash, &seconds.to_string()] {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    format!("{seconds}-{}", BASE64.encode(&digest.finalize()[..15]))
}

/// The moment that was sealed; `None`: it is not what a server gave this session for this plan.
pub(super) fn unseal(session: &str, hash: &str, sealed: &str) -> Option<DateTime<Utc>> {
    let (seconds, _) = sealed.split_once('-')?;
    let at = DateTime::from_timestamp(seconds.parse().ok()?, 0)?;
    (seal(session, hash, at) == sealed).then_some(at)
}

/// A plan for a form; empty: it is too large.
pub(super) fn pack(plan: &Plan) -> String {
    let json = serde_json::to_vec(plan).expect("a plan has only string keys");
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory cannot fail.
    let packed = packed.write_all(&json).and_then(|()| packed.finish()).unwrap_or_default();
    let text = BASE64.encode(packed);
    if text.len() > PACKED_MAX_BYTES { String::new() } else { text }
}

/// The plan with this hash that a form carries; `None`: it does not carry that.
pub(super) fn unpack(text: &str, hash: &str) -> Option<Plan> {
    let packed = BASE64.decode(text).ok()?;
    let mut json = Vec::new();
    DeflateDecoder::new(&packed[..]).take(PLAN_MAX_BYTES).read_to_end(&mut json).ok()?;
    let plan: Plan = serde_json::from_slice(&json).ok()?;
    (plan.hash() == hash).then_some(plan)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_core::failover::Scope;

    #[test]
    fn a_look_is_read_back_by_its_session_and_plan_only() {
        let at = DateTime::from_timestamp(1_000, 0).expect("a moment");
        let sealed = seal("session", "hash", at);
        assert_eq!(unseal("session", "hash", &sealed), Some(at));
        let later = sealed.replacen("1000", "2000", 1);
        for (session, hash, sealed) in [
            ("other", "hash", sealed.as_str()),
            ("session", "other", &sealed),
            ("session", "hash", &later),
            ("session", "hash", ""),
            ("session", "hash", "1000"),
        ] {
            assert_eq!(unseal(session, hash, sealed), None, "{session} {hash} {sealed}");
        }
    }

    #[test]
    fn a_plan_is_unpacked_only_as_the_one_that_was_shown() {
        let lose = ["fra1".parse().expect("an id")].into();
        let plan = Plan { lose, scope: Scope::All, back: None, groups: Vec::new() };
        let packed = pack(&plan);
        assert_eq!(unpack(&packed, &plan.hash()), Some(plan.clone()));
        assert_eq!(unpack(&packed, "000000000000"), None);
        assert_eq!(unpack("", &plan.hash()), None);
        assert_eq!(unpack("%%%", &plan.hash()), None);
    }
}
