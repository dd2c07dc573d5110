//! Whether a message is its source's.
//!
//! Sources: GitHub, "Validating webhook deliveries" (`X-Hub-Signature-256`, an HMAC-SHA256 over the
//! body with the text of the secret as key); GitLab, "Webhooks" (`X-Gitlab-Token`, the secret
//! itself, or a signature); Standard Webhooks (`webhook-signature`, an HMAC-SHA256 over
//! `id.timestamp.body` with the decoded secret as key).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use mainstay_core::pipeline::{Format, Refused, STALE_AFTER};
use ring::hmac;
use sha2::{Digest as _, Sha256};

/// What every secret starts with (Standard Webhooks).
pub(super) const SECRET_PREFIX: &str = "whsec_";
/// Longest name of a message that is kept, in bytes.
const KEY_MAX_BYTES: usize = 200;
/// Most signatures of one message that are looked at.
const SIGNATURES_MAX: usize = 8;

/// A message as it came: the headers that matter, and its bytes.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// `X-GitHub-Event` or `X-Gitlab-Event`.
    pub event: String,
    /// `X-GitHub-Delivery`, `X-Gitlab-Event-UUID` or `Idempotency-Key`.
    pub delivery: Option<String>,
    /// `X-Hub-Signature-256`.
    pub hub_signature: Option<String>,
    /// `X-Gitlab-Token`.
    pub token: Option<String>,
    /// `webhook-id`, `webhook-timestamp` and `webhook-signature`.
    pub id: Option<String>,
    pub timestamp: Option<String>,
    pub signature: Option<String>,
    pub body: Vec<u8>,
}

/// What a message is known by, once it is its source's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signed {
    pub key: String,
    /// Of what was signed.
    pub digest: Vec<u8>,
}

/// Checks a message against every secret that counts. An error: [`Refused::Signature`] or
/// [`Refused::Stale`].
pub(super) fn check(
    format: Format,
    secrets: &[String],
    message: &Message,
    now: DateTime<Utc>,
) -> Result<Signed, Refused> {
    match format {
        Format::Github => {
            let right = secrets.iter().any(|secret| hub(secret, message));
            if right { Ok(bare(message)) } else { Err(Refused::Signature) }
        }
        Format::Gitlab => match standard(secrets, message, now) {
            // A signature of a token that GitLab made itself is not one of ours; its token may be.
            Err(Refused::Signature) => {
                let right = secrets.iter().any(|secret| token(secret, message));
                if right { Ok(bare(message)) } else { Err(Refused::Signature) }
            }
            answer @ (Ok(_) | Err(_)) => answer,
        },
        Format::Generic => standard(secrets, message, now),
    }
}

/// The name of a message is not signed with it: its bytes count as well.
fn bare(message: &Message) -> Signed {
    let digest = Sha256::digest(&message.body);
    let named = message.delivery.as_deref().filter(|name| is_name(name));
    let hex = || digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Signed { key: named.map_or_else(hex, str::to_owned), digest: digest.to_vec() }
}

fn is_name(name: &str) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_graphic());
    !name.is_empty() && name.len() <= KEY_MAX_BYTES && plain
}

fn hub(secret: &str, message: &Message) -> bool {
    let given = message.hub_signature.as_deref().and_then(|it| it.strip_prefix("sha256="));
    let Some(given) = given.and_then(unhex) else { return false };
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::verify(&key, &message.body, &given).is_ok()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let pairs = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok());
    pairs.collect()
}

/// Compares tags of both, so that the time it takes tells nothing of how much is right.
fn token(secret: &str, message: &Message) -> bool {
    let Some(given) = &message.token else { return false };
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"mainstay pipeline token");
    let right = hmac::sign(&key, secret.as_bytes());
    hmac::verify(&key, given.as_bytes(), right.as_ref()).is_ok()
}

fn standard(secrets: &[String], message: &Message, now: DateTime<Utc>) -> Result<Signed, Refused> {
    let (Some(id), Some(timestamp), Some(signatures)) =
        (&message.id, &message.timestamp, &message.signature)
    else {
        return Err(Refused::Signature);
    };
    let content = [format!("{id}.{timestamp}.").as_bytes(), &message.body].concat();
    let given = signatures.split(' ').take(SIGNATURES_MAX);
    let given: Vec<_> =
        given.filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok()).collect();
    let right = secrets.iter().any(|secret| {
        let bytes = secret.strip_prefix(SECRET_PREFIX).and_then(|it| STANDARD.decode(it).ok());
        let Some(bytes) = bytes else { return false };
        let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        given.iter().any(|tag| hmac::verify(&key, &content, tag).is_ok())
    });
    if !right || !is_name(id) {
        return Err(Refused::Signature);
    }
    let at = timestamp.parse().ok().and_then(|at| DateTime::from_timestamp(at, 0));
    if at.is_none_or(|at| (now - at).abs() > STALE_AFTER) {
        return Err(Refused::Stale);
    }
    Ok(Signed { key: id.clone(), digest: Sha256::digest(&content).to_vec() })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn message(body: &[u8]) -> Message {
        Message { body: body.to_vec(), ..Message::default() }
    }

    /// The example of GitHub's documentation.
    #[test]
    fn the_signature_of_github_is_the_one_of_its_documentation() {
        let tag = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let secret = vec!["It's a Secret to Everybody".to_owned()];
        let good = Message { hub_signature: Some(tag.to_owned()), ..message(b"Hello, World!") };
        let now = Utc::now();
        let signed = check(Format::Github, &secret, &good, now).expect("it is signed");
        assert_eq!(signed.key.len(), 64, "without a name, its digest is one");
        let named = Message { delivery: Some("72d3162e".to_owned()), ..good.clone() };
        let signed = check(Format::Github, &secret, &named, now).expect("it is signed");
        assert_eq!((&*signed.key, signed.digest.len()), ("72d3162e", 32));
        for wrong in [
            message(b"Hello, World!"),
            Message { body: b"Hello, World?".to_vec(), ..good.clone() },
            Message { hub_signature: Some(tag.replace("757", "857")), ..good.clone() },
            Message { hub_signature: Some(tag.replace("sha256", "sha1")), ..good.clone() },
            Message { hub_signature: Some("sha256=7571".to_owned()), ..good.clone() },
            Message { hub_signature: Some("sha256=ü7571".to_owned()), ..good.clone() },
        ] {
            assert_eq!(check(Format::Github, &secret, &wrong, now), Err(Refused::Signature));
        }
        assert_eq!(check(Format::Github, &[], &good, now), Err(Refused::Signature));
        // One of two secrets is enough while both count.
        let both = ["another".to_owned(), secret[0].clone()];
        assert!(check(Format::Github, &both, &good, now).is_ok());
    }

    /// The example of the specification of Standard Webhooks.
    #[test]
    fn a_standard_signature_is_the_one_of_the_specification() {
        let secrets = vec!["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()];
        let good = Message {
            id: Some("msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned()),
            timestamp: Some("1614265330".to_owned()),
            signature: Some("v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".to_owned()),
            ..message(br#"{"test": 2432232314}"#)
        };
        let then = DateTime::from_timestamp(1_614_265_330, 0).expect("a time");
        for format in [Format::Generic, Format::Gitlab] {
            let signed = check(format, &secrets, &good, then + STALE_AFTER).expect("in time");
            assert_eq!(signed.key, "msg_p5jXN8AQM9LWM0D4loKWxJek");
            for late in [then + STALE_AFTER + TimeDelta::seconds(1), then - TimeDelta::minutes(6)] {
                assert_eq!(check(format, &secrets, &good, late), Err(Refused::Stale));
            }
        }
        let wrong = |change: fn(&mut Message)| {
            let mut message = good.clone();
            change(&mut message);
            check(Format::Generic, &secrets, &message, then)
        };
        for change in [
            (|it| it.id = None) as fn(&mut Message),
            |it| it.id = Some("msg_other".to_owned()),
            |it| it.timestamp = Some("1614265331".to_owned()),
            |it| it.timestamp = None,
            |it| it.signature = None,
            |it| it.signature = Some("v1,!".to_owned()),
            |it| it.body.push(b' '),
        ] {
            assert_eq!(wrong(change), Err(Refused::Signature));
        }
        let bad = ["not a secret".to_owned()];
        assert_eq!(check(Format::Generic, &bad, &good, then), Err(Refused::Signature));
    }

    #[test]
    fn gitlab_shows_its_token_or_signs() {
        let secrets = vec!["whsec_c2VjcmV0".to_owned()];
        let now = Utc::now();
        let good = Message {
            token: Some(secrets[0].clone()),
            delivery: Some("13792a34".to_owned()),
            ..message(b"{}")
        };
        assert_eq!(check(Format::Gitlab, &secrets, &good, now).expect("shown").key, "13792a34");
        // With a signature of another key beside it.
        let both = Message {
            id: Some("a".to_owned()),
            timestamp: Some("1".to_owned()),
            signature: Some("v1,AAAA".to_owned()),
            ..good.clone()
        };
        assert!(check(Format::Gitlab, &secrets, &both, now).is_ok());
        let wrong = Message { token: Some("whsec_c2VjcmV".to_owned()), ..good.clone() };
        assert_eq!(check(Format::Gitlab, &secrets, &wrong, now), Err(Refused::Signature));
        // Nobody else shows one.
        assert_eq!(check(Format::Generic, &secrets, &good, now), Err(Refused::Signature));
        assert_eq!(check(Format::Github, &secrets, &good, now), Err(Refused::Signature));
    }
}
