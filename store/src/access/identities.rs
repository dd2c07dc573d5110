//! Identities of a provider (OpenID Connect) that people linked with their accounts.
//!
//! Invariant: an identity belongs to one account, and an account has one of each provider; the
//! database refuses a second.

use chrono::{DateTime, Utc};
use mainstay_core::access::identity::{Identity, Linked};
use mainstay_core::id::UserName;
use sqlx::PgConnection;

use super::user_name;
use crate::Result;

/// The identities of a user, by their provider.
pub async fn of_user(db: &mut PgConnection, user: &UserName) -> Result<Vec<Linked>> {
    Ok(sqlx::query_as!(
        Linked,
        "SELECT id, issuer, shown, linked_at, last_used_at FROM identities
         WHERE user_name = $1 ORDER BY issuer",
        user.as_str(),
    )
    .fetch_all(db)
    .await?)
}

/// Whose identity it is, with its use noted; `None`: nobody's.
pub async fn used(
    db: &mut PgConnection,
    identity: &Identity,
    now: DateTime<Utc>,
) -> Result<Option<UserName>> {
    let owner = sqlx::query_scalar!(
        "UPDATE identities SET last_used_at = $3, shown = $4
         WHERE issuer = $1 AND subject = $2 RETURNING user_name",
        identity.issuer,
        identity.subject,
        now,
        identity.shown,
    )
    .fetch_optional(db)
    .await?;
    owner.map(|name| user_name(&name)).transpose()
}

/// Links an identity with a user; `false`: it, or another of the same provider, is linked already.
pub async fn insert(
    db: &mut PgConnection,
    user: &UserName,
    identity: &Identity,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO identities (user_name, issuer, subject, shown, linked_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        user.as_str(),
        identity.issuer,
        identity.subject,
        identity.shown,
        now,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends a link of a user; the provider and what it called the person. `None`: there is no such.
pub async fn delete(
    db: &mut PgConnection,
    user: &UserName,
    id: i64,
) -> Result<Option<(String, String)>> {
    let gone = sqlx::query!(
        "DELETE FROM identities WHERE user_name = $1 AND id = $2 RETURNING issuer, shown",
        user.as_str(),
        id,
    )
    .fetch_optional(db)
    .await?;
    Ok(gone.map(|gone| (gone.issuer, gone.shown)))
}

/// Ends all links of a user; how many there were.
pub async fn delete_all(db: &mut PgConnection, user: &UserName) -> Result<u64> {
    let done = sqlx::query!("DELETE FROM identities WHERE user_name = $1", user.as_str())
        .execute(db)
        .await?;
    Ok(done.rows_affected())
}
