//! Join tokens and the certificates of agents.

use chrono::{DateTime, Utc};
use mainstay_core::access::{AgentCertificate, JoinToken};
use mainstay_core::id::DatacenterId;
use sqlx::{PgConnection, PgPool};

use super::Hash;
use crate::{Result, StoreError};

fn datacenter(text: &str) -> Result<DatacenterId> {
    DatacenterId::new(text).map_err(|error| StoreError::corrupt("a data centre id", error))
}

struct CertificateRow {
    fingerprint: String,
    datacenter: String,
    issued_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
}

impl CertificateRow {
    fn parse(self) -> Result<AgentCertificate> {
        Ok(AgentCertificate {
            fingerprint: self.fingerprint,
            datacenter: datacenter(&self.datacenter)?,
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            revoked_at: self.revoked_at,
        })
    }
}

/// Adds a join token; returns its id.
pub async fn insert_join_token(
    db: &mut PgConnection,
    hash: &Hash,
    token: &JoinToken,
) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        "INSERT INTO join_tokens (hash, datacenter, created_by, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5) RETURNING id",
        hash,
        token.datacenter.as_str(),
        token.created_by,
        token.created_at,
        token.expires_at,
    )
    .fetch_one(db)
    .await?)
}

/// Uses up a join token; returns its id. `None`: unknown, for another data centre, expired or
/// used. Of several redeemers that race, one gets the id.
pub async fn redeem_join_token(
    db: &mut PgConnection,
    hash: &Hash,
    datacenter: &DatacenterId,
    now: DateTime<Utc>,
) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar!(
        "UPDATE join_tokens SET used_at = $3
         WHERE hash = $1 AND datacenter = $2 AND used_at IS NULL AND expires_at > $3
         RETURNING id",
        hash,
        datacenter.as_str(),
        now,
    )
    .fetch_optional(db)
    .await?)
}

/// Up to `limit` join tokens, newest first, those older than id `before`.
pub async fn join_tokens(db: &PgPool, before: i64, limit: i64) -> Result<Vec<JoinToken>> {
    let rows = sqlx::query!(
        "SELECT id, datacenter, created_by, created_at, expires_at, used_at
         FROM join_tokens WHERE id < $1 ORDER BY id DESC LIMIT $2",
        before,
        limit,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(JoinToken {
                id: row.id,
                datacenter: datacenter(&row.datacenter)?,
                created_by: row.created_by,
                created_at: row.created_at,
                expires_at: row.expires_at,
                used_at: row.used_at,
            })
        })
        .collect()
}

/// Adds a certificate. `false`: its fingerprint is there already.
pub async fn insert_certificate(
    db: &mut PgConnection,
    certificate: &AgentCertificate,
) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO agent_certificates (fingerprint, datacenter, issued_at, expires_at)
         VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        certificate.fingerprint,
        certificate.datacenter.as_str(),
        certificate.issued_at,
        certificate.expires_at,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A certificate by its fingerprint, revoked or not.
pub async fn certificate(
    db: &mut PgConnection,
    fingerprint: &str,
) -> Result<Option<AgentCertificate>> {
    sqlx::query_as!(
        CertificateRow,
        "SELECT fingerprint, datacenter, issued_at, expires_at, revoked_at
         FROM agent_certificates WHERE fingerprint = $1",
        fingerprint,
    )
    .fetch_optional(db)
    .await?
    .map(CertificateRow::parse)
    .transpose()
}

/// Up to `limit` certificates that have not expired, by data centre, the newest of each first.
pub async fn certificates(
    db: &PgPool,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<AgentCertificate>> {
    let rows = sqlx::query_as!(
        CertificateRow,
        "SELECT fingerprint, datacenter, issued_at, expires_at, revoked_at
         FROM agent_certificates WHERE expires_at > $1
         ORDER BY datacenter, issued_at DESC, fingerprint LIMIT $2",
        now,
        limit,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(CertificateRow::parse).collect()
}

/// Revokes a certificate. `false`: unknown, or revoked before.
pub async fn revoke_certificate(
    db: &mut PgConnection,
    fingerprint: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE agent_certificates SET revoked_at = $2
         WHERE fingerprint = $1 AND revoked_at IS NULL",
        fingerprint,
        now,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}
