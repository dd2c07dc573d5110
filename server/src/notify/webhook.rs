//! Webhooks: JSON, signed as Standard Webhooks says: an HMAC-SHA256 over `id.timestamp.body`, with
//! the new and the old secret while both count.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mainstay_control::notify::{Order, Secrets};
use mainstay_core::notify::address::Network;
use mainstay_core::notify::answer::{Answer, Trouble};
use ring::hmac;

use super::Links;
use super::connect::{none, post};
use super::message::Message;

const SECRET_PREFIX: &str = "whsec_";

pub(super) async fn send(
    order: &Order,
    url: &str,
    links: &Links,
    allowed: &[Network],
) -> Result<Answer, Answer> {
    let message = Message::of(&order.channel, &order.delivery, links);
    let body = serde_json::to_vec(&message).map_err(|error| none(Trouble::Message, &error))?;
    let id = order.delivery.id.to_string();
    let timestamp = order.now.timestamp().to_string();
    let signatures = signatures(&order.secrets, &id, &timestamp, &body)
        .ok_or_else(|| Answer::none(Trouble::Secret, ""))?;
    let tries = order.delivery.tries.to_string();
    post(url, body, allowed, order.now, |request| {
        request
            .header("webhook-id", &id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures)
            // Receivers that know this header need not know the other.
            .header("idempotency-key", &id)
            .header("mainstay-try", tries)
    })
    .await
}

/// `v1,…` for each secret that counts. `None`: there is none.
fn signatures(secrets: &Secrets, id: &str, timestamp: &str, body: &[u8]) -> Option<String> {
    let secrets = [&secrets.now, &secrets.before];
    let signed = secrets.into_iter().flatten().map(|secret| {
        let key = STANDARD.decode(secret.strip_prefix(SECRET_PREFIX)?).ok()?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let mut context = hmac::Context::with_key(&key);
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body);
        Some(format!("v1,{}", STANDARD.encode(context.sign())))
    });
    let signed = signed.collect::<Option<Vec<_>>>()?;
    (!signed.is_empty()).then(|| signed.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification of Standard Webhooks.
    #[test]
    fn a_signature_is_the_one_of_the_specification() {
        let secrets = Secrets {
            now: Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
            before: None,
        };
        let body = br#"{"test": 2432232314}"#;
        let signed = signatures(&secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body);
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
        let both = Secrets { before: secrets.now.clone(), ..secrets };
        let signed = signatures(&both, "a", "1", b"x").expect("signed");
        let (one, other) = signed.split_once(' ').expect("two");
        assert_eq!(one, other);
        assert_eq!(signatures(&Secrets::default(), "a", "1", b"x"), None);
        let bad = Secrets { now: Some("not a secret".to_owned()), before: None };
        assert_eq!(signatures(&bad, "a", "1", b"x"), None);
    }
}
