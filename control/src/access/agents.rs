//! Agents: how one gets in for the first time, and which certificates are trusted after that.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use mainstay_core::access::{AgentCertificate, FieldMistake, JoinToken, Mistake};
use mainstay_core::audit::{Action, Actor};
use mainstay_core::id::DatacenterId;
use mainstay_store::access::agents as rows;
use mainstay_store::{StoreError, audit};
use serde_json::json;

use super::{Access, AccessError, By, Change, Verdict, Wait, digest, event, random, stranger};

/// How long a join token is valid if nothing else is said.
pub const JOIN_VALID_DEFAULT: TimeDelta = TimeDelta::hours(1);
/// Longest validity of a join token.
pub const JOIN_VALID_MAX: TimeDelta = TimeDelta::hours(24);
/// Version of the join token's text.
const JOIN_PREFIX: &str = "mst1";

/// Why an agent was not let in.
#[derive(Debug, thiserror::Error)]
pub enum RedeemError {
    /// Unknown, used, expired, or for another data centre; which of them is not said.
    #[error("the join token is not valid for this data centre; make a new one at /settings/agents")]
    NotValid,
    #[error("too many tries; the next one is heard in {} s", .0.seconds)]
    Wait(Wait),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Access {
    /// Makes a single-use invitation for the agent of `datacenter` and returns it with its text,
    /// `mst1.<secret>.<authority>`, which cannot be had again. `authority` is the SHA-256 of the
    /// authority's certificate (hexadecimal), by which the agent knows the server.
    pub async fn make_join_token(
        &self,
        by: &By,
        datacenter: &DatacenterId,
        valid: TimeDelta,
        authority: &str,
    ) -> Result<(JoinToken, String), AccessError> {
        let object = format!("/settings/agents/{datacenter}");
        if valid < TimeDelta::minutes(1) || valid > JOIN_VALID_MAX {
            let (least, most) = (1, JOIN_VALID_MAX.num_minutes());
            let range = FieldMistake::new("minutes", Mistake::Range { least, most });
            let error = AccessError::Mistakes(vec![range]);
            return self.refuse(by, Action::JoinTokenCreate, object, error).await;
        }
        let now = self.now();
        let secret = random();
        let hash = digest(&secret);
        let created_by = match &by.actor {
            Actor::User(name) | Actor::Token(name) | Actor::Agent(name) => name,
            Actor::System(name) | Actor::Anonymous(name) => name,
        };
        let token = JoinToken {
            id: 0,
            datacenter: datacenter.clone(),
            created_by: created_by.clone(),
            created_at: now,
            expires_at: now + valid,
            used_at: None,
        };
        let (token_ref, object) = (&token, &object);
        let id = self
            .store
            .transaction(|tx| {
                Box::pin(async move {
                    let id = rows::insert_join_token(tx, &hash, token_ref).await?;
                    let done: Verdict<i64> = Ok(Change {
                        value: id,
                        before: None,
                        after: Some(json!({ "id": id, "expires_at": token_ref.expires_at })),
                    });
                    let action = Action::JoinTokenCreate;
                    let event = event(by, action, object.clone(), &done, now);
                    audit::append(tx, &event).await?;
                    Ok(id)
                })
            })
            .await?;
        let text = format!("{JOIN_PREFIX}.{secret}.{authority}");
        Ok((JoinToken { id, ..token }, text))
    }

    /// Lets an agent in: uses up the join token and records the certificate made for it, in one
    /// transaction. Of several that race with one token, one succeeds.
    pub async fn redeem(
        &self,
        text: &str,
        certificate: &AgentCertificate,
        address: IpAddr,
    ) -> Result<(), RedeemError> {
        let by = stranger(address, None);
        let begun = self.limits().begin(None, address, self.now());
        if let Err(wait) = begun {
            if wait.first {
                self.note_join(&by, certificate, None).await?;
            }
            return Err(RedeemError::Wait(wait));
        }
        let hash = secret_of(text).map(digest);
        let result = self.note_join(&by, certificate, hash).await;
        if !matches!(result, Ok(false)) {
            self.limits().void(None, address, self.now());
        }
        match result? {
            true => Ok(()),
            false => Err(RedeemError::NotValid),
        }
    }

    async fn note_join(
        &self,
        by: &By,
        certificate: &AgentCertificate,
        hash: Option<[u8; 32]>,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        let datacenter = &certificate.datacenter;
        self.store
            .transaction(|tx| {
                Box::pin(async move {
                    let token = match &hash {
                        Some(hash) => rows::redeem_join_token(tx, hash, datacenter, now).await?,
                        None => None,
                    };
                    let verdict = match token {
                        Some(id) => {
                            rows::insert_certificate(tx, certificate).await?;
                            let fingerprint = &certificate.fingerprint;
                            Ok(Change {
                                value: (),
                                before: None,
                                after: Some(json!({ "token": id, "fingerprint": fingerprint })),
                            })
                        }
                        None => Err(AccessError::NotFound),
                    };
                    let joined = verdict.is_ok();
                    let object = format!("/settings/agents/{datacenter}");
                    let event = event(by, Action::AgentJoin, object, &verdict, now);
                    audit::append(tx, &event).await?;
                    Ok(joined)
                })
            })
            .await
    }

    /// Records a certificate that an agent got in exchange for the one it holds (`by` is the
    /// agent).
    pub async fn renew_certificate(
        &self,
        by: &By,
        certificate: &AgentCertificate,
    ) -> Result<(), StoreError> {
        let now = self.now();
        self.store
            .transaction(|tx| {
                Box::pin(async move {
                    rows::insert_certificate(tx, certificate).await?;
                    let done: Verdict<()> = Ok(Change {
                        value: (),
                        before: None,
                        after: Some(json!({ "fingerprint": certificate.fingerprint })),
                    });
                    let object = format!("/settings/agents/{}", certificate.datacenter);
                    let event = event(by, Action::AgentJoin, object, &done, now);
                    audit::append(tx, &event).await.map(drop)
                })
            })
            .await
    }

    /// The certificate of this fingerprint (64 hexadecimal digits), if it is trusted now:
    /// recorded, not expired, not revoked.
    pub async fn certificate(
        &self,
        fingerprint: &str,
    ) -> Result<Option<AgentCertificate>, StoreError> {
        let mut connection = self.store.reads().acquire().await?;
        let found = rows::certificate(&mut connection, fingerprint).await?;
        let now = self.now();
        Ok(found.filter(|found| found.revoked_at.is_none() && found.expires_at > now))
    }

    /// Revokes a certificate; the agent that holds it has to join anew.
    pub async fn revoke_certificate(
        &self,
        by: &By,
        fingerprint: &str,
    ) -> Result<AgentCertificate, AccessError> {
        let now = self.now();
        self.store
            .transaction(|tx| {
                Box::pin(async move {
                    let verdict = match rows::certificate(tx, fingerprint).await? {
                        Some(certificate) => {
                            let first = rows::revoke_certificate(tx, fingerprint, now).await?;
                            Ok(Change {
                                value: certificate,
                                before: None,
                                after: Some(json!({ "fingerprint": fingerprint, "again": !first })),
                            })
                        }
                        None => Err(AccessError::NotFound),
                    };
                    let object = match &verdict {
                        Ok(change) => format!("/settings/agents/{}", change.value.datacenter),
                        Err(_) => "/settings/agents".to_owned(),
                    };
                    let event = event(by, Action::AgentRevoke, object, &verdict, now);
                    audit::append(tx, &event).await?;
                    Ok(verdict)
                })
            })
            .await?
            .map(|change| change.value)
    }
}

/// The secret of a join token's text.
fn secret_of(text: &str) -> Option<&str> {
    let mut parts = text.trim().split('.');
    let (prefix, secret, _authority) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = URL_SAFE_NO_PAD.decode(secret).ok()?;
    (prefix == JOIN_PREFIX && bytes.len() == 32 && parts.next().is_none()).then_some(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_secret_and_nothing_else() {
        let secret = random();
        let good = format!("mst1.{secret}.{}", "ab".repeat(32));
        assert_eq!(secret_of(&good), Some(secret.as_str()));
        assert_eq!(secret_of(&format!(" {good}\n")), Some(secret.as_str()));
        for bad in [
            "",
            "mst1",
            "mst1.abc.def",
            &format!("mst2.{secret}.ab"),
            &format!("mst1.{secret}"),
            &format!("{good}.more"),
        ] {
            assert_eq!(secret_of(bad), None, "{bad}");
        }
    }
}
