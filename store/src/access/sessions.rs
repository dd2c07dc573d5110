//! Sessions of browsers. The id is known to the browser only; here stands its SHA-256.
//!
//! A session is over 30 minutes after its last use or when `expires_at` has come; an ended one is
//! never loaded, whether or not its row is still there.

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::access::{Grant, Preferences, User};
use mainstay_core::id::UserName;
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use super::{Account, Hash, user_name};
use crate::Result;

/// Longest pause between two requests of a session.
pub const SESSION_IDLE: TimeDelta = TimeDelta::minutes(30);
/// Longest life of a session.
pub const SESSION_ABSOLUTE: TimeDelta = TimeDelta::hours(12);
/// How exactly the last use is known: a write for each request would be waste.
const SESSION_TOUCH: TimeDelta = TimeDelta::minutes(1);
/// Most sessions of one user; the ones unused for longest give way.
const SESSIONS_PER_USER: i64 = 20;

/// A stored session.
#[derive(Clone, Debug)]
pub struct Session {
    pub data: Value,
    pub expires_at: DateTime<Utc>,
    /// Whose it is; `None` for nobody's, and for one whose user was disabled.
    pub account: Option<Account>,
    /// Whether they have a second factor.
    pub has_factor: bool,
}

/// Adds a session. `false`: the id is taken, nothing was written.
pub async fn insert(
    db: &mut PgConnection,
    id: &Hash,
    data: &Value,
    user: Option<&UserName>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let user = user.map(UserName::as_str);
    let done = sqlx::query!(
        "INSERT INTO sessions (id_hash, data, user_name, created_at, last_used_at, expires_at)
         VALUES ($1, $2, $3, $4, $4, $5) ON CONFLICT DO NOTHING",
        id,
        data,
        user,
        now,
        now + SESSION_ABSOLUTE,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "DELETE FROM sessions WHERE id_hash IN (
             SELECT id_hash FROM sessions WHERE user_name = $1
             ORDER BY last_used_at DESC, created_at DESC OFFSET $2)",
        user,
        SESSIONS_PER_USER,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes the data of a session that is still there; an ended one stays ended.
pub async fn update(
    db: &mut PgConnection,
    id: &Hash,
    data: &Value,
    user: Option<&UserName>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE sessions SET data = $2, user_name = $3 WHERE id_hash = $1",
        id,
        data,
        user.map(UserName::as_str),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A session that is not over, with its user, and notes that it was used.
pub async fn load(db: &PgPool, id: &Hash, now: DateTime<Utc>) -> Result<Option<Session>> {
    let row = sqlx::query!(
        r#"SELECT s.data, s.expires_at, s.last_used_at, u.name AS "name?",
                  u.display_name AS "display_name?", u.grants AS "grants?: Json<Vec<Grant>>",
                  u.preferences AS "preferences?: Json<Preferences>",
                  u.created_at AS "created_at?", u.last_sign_in_at, u.revision AS "revision?",
                  EXISTS (SELECT FROM totp t WHERE t.user_name = s.user_name)
                  OR EXISTS (SELECT FROM passkeys p WHERE p.user_name = s.user_name)
                      AS "has_factor!"
           FROM sessions s LEFT JOIN users u ON u.name = s.user_name AND u.disabled_at IS NULL
           WHERE s.id_hash = $1 AND s.expires_at > $2 AND s.last_used_at > $3"#,
        id,
        now,
        now - SESSION_IDLE,
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    if row.last_used_at + SESSION_TOUCH <= now {
        sqlx::query!(
            "UPDATE sessions SET last_used_at = $2 WHERE id_hash = $1 AND last_used_at < $2",
            id,
            now,
        )
        .execute(db)
        .await?;
    }
    let account = match (
        row.name,
        row.display_name,
        row.grants,
        row.preferences,
        row.created_at,
        row.revision,
    ) {
        (
            Some(name),
            Some(display_name),
            Some(grants),
            Some(preferences),
            Some(created_at),
            Some(revision),
        ) => Some(Account {
            user: User {
                name: user_name(&name)?,
                display_name,
                grants: grants.0,
                created_at,
                disabled_at: None,
                last_sign_in_at: row.last_sign_in_at,
                revision,
            },
            preferences: preferences.0,
        }),
        _ => None,
    };
    let has_factor = row.has_factor;
    Ok(Some(Session { data: row.data, expires_at: row.expires_at, account, has_factor }))
}

/// Whether a session is there and a user's.
pub async fn is_of(db: &mut PgConnection, id: &Hash, user: &UserName) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM sessions WHERE id_hash = $1 AND user_name = $2) AS "there!""#,
        id,
        user.as_str(),
    )
    .fetch_one(db)
    .await?)
}

/// Ends a session.
pub async fn delete(db: &PgPool, id: &Hash) -> Result<()> {
    sqlx::query!("DELETE FROM sessions WHERE id_hash = $1", id).execute(db).await?;
    Ok(())
}

/// Ends every session of a user but `keep`; returns how many.
pub async fn delete_of_user(
    db: &mut PgConnection,
    user: &UserName,
    keep: Option<&Hash>,
) -> Result<u64> {
    let keep: &[u8] = keep.map_or(&[], |hash| hash);
    let done = sqlx::query!(
        "DELETE FROM sessions WHERE user_name = $1 AND id_hash <> $2",
        user.as_str(),
        keep,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Removes at most `limit` rows of sessions that are over; returns how many.
pub async fn delete_ended(db: &PgPool, now: DateTime<Utc>, limit: i64) -> Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM sessions WHERE id_hash IN (
             SELECT id_hash FROM sessions WHERE expires_at <= $1 OR last_used_at <= $2 LIMIT $3)",
        now,
        now - SESSION_IDLE,
        limit,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
