//! API tokens. The secret is known to its owner only; here stands its SHA-256.

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::access::{ApiToken, Grant, Preferences, User};
use mainstay_core::id::UserName;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use super::{Account, Hash, user_name};
use crate::Result;

/// How exactly the last use is known.
const TOKEN_TOUCH: TimeDelta = TimeDelta::minutes(1);

/// A new token, its secret already hashed.
#[derive(Clone, Debug)]
pub struct NewToken {
    pub hash: Hash,
    pub owner: UserName,
    pub name: String,
    pub grants: Vec<Grant>,
    pub expires_at: DateTime<Utc>,
}

struct TokenRow {
    id: i64,
    owner: String,
    name: String,
    grants: Json<Vec<Grant>>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

impl TokenRow {
    fn parse(self) -> Result<ApiToken> {
        Ok(ApiToken {
            id: self.id,
            owner: user_name(&self.owner)?,
            name: self.name,
            grants: self.grants.0,
            created_at: self.created_at,
            expires_at: self.expires_at,
            last_used_at: self.last_used_at,
            revoked_at: self.revoked_at,
        })
    }
}

/// Adds a token. `None`: the owner has a token of this name that is not revoked.
pub async fn insert(
    db: &mut PgConnection,
    token: &NewToken,
    now: DateTime<Utc>,
) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar!(
        "INSERT INTO api_tokens (hash, owner, name, grants, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING id",
        &token.hash,
        token.owner.as_str(),
        token.name,
        Json(&token.grants) as _,
        now,
        token.expires_at,
    )
    .fetch_optional(db)
    .await?)
}

/// The token of a secret with its owner, if it counts now: neither expired nor revoked, and its
/// owner not disabled. Notes that it was used.
pub async fn load(
    db: &PgPool,
    hash: &Hash,
    now: DateTime<Utc>,
) -> Result<Option<(ApiToken, Account)>> {
    let row = sqlx::query!(
        r#"SELECT t.id, t.owner, t.name, t.grants AS "grants: Json<Vec<Grant>>", t.created_at,
                  t.expires_at, t.last_used_at, u.display_name,
                  u.grants AS "owner_grants: Json<Vec<Grant>>",
                  u.preferences AS "preferences: Json<Preferences>",
                  u.created_at AS owner_created_at, u.last_sign_in_at, u.revision
           FROM api_tokens t JOIN users u ON u.name = t.owner
           WHERE t.hash = $1 AND t.expires_at > $2 AND t.revoked_at IS NULL
                 AND u.disabled_at IS NULL"#,
        hash,
        now,
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    if row.last_used_at.is_none_or(|at| at + TOKEN_TOUCH <= now) {
        sqlx::query!("UPDATE api_tokens SET last_used_at = $2 WHERE id = $1", row.id, now,)
            .execute(db)
            .await?;
    }
    let owner = user_name(&row.owner)?;
    let account = Account {
        user: User {
            name: owner.clone(),
            display_name: row.display_name,
            grants: row.owner_grants.0,
            created_at: row.owner_created_at,
            disabled_at: None,
            last_sign_in_at: row.last_sign_in_at,
            revision: row.revision,
        },
        preferences: row.preferences.0,
    };
    let token = ApiToken {
        id: row.id,
        owner,
        name: row.name,
        grants: row.grants.0,
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
        revoked_at: None,
    };
    Ok(Some((token, account)))
}

/// Up to `limit` tokens, newest first, those older than id `before`; of one owner or of all.
pub async fn list(
    db: &PgPool,
    owner: Option<&UserName>,
    before: i64,
    limit: i64,
) -> Result<Vec<ApiToken>> {
    let rows = sqlx::query_as!(
        TokenRow,
        r#"SELECT id, owner, name, grants AS "grants: Json<Vec<Grant>>", created_at, expires_at,
                  last_used_at, revoked_at
           FROM api_tokens WHERE id < $2 AND ($1::text IS NULL OR owner = $1)
           ORDER BY id DESC LIMIT $3"#,
        owner.map(UserName::as_str),
        before,
        limit,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(TokenRow::parse).collect()
}

/// One token, revoked or not.
pub async fn get(db: &mut PgConnection, id: i64) -> Result<Option<ApiToken>> {
    sqlx::query_as!(
        TokenRow,
        r#"SELECT id, owner, name, grants AS "grants: Json<Vec<Grant>>", created_at, expires_at,
                  last_used_at, revoked_at
           FROM api_tokens WHERE id = $1"#,
        id,
    )
    .fetch_optional(db)
    .await?
    .map(TokenRow::parse)
    .transpose()
}

/// Revokes a token. `false`: it was revoked before.
pub async fn revoke(db: &mut PgConnection, id: i64, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE api_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
        id,
        now,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}
