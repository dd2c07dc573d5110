//! Users, their sessions and API tokens, join tokens and the certificates of agents.
//!
//! Invariants: secrets come in as hashes and never go out; a change names the revision it was
//! made on and changes nothing when that has passed.
//!
//! Must not: judge who may do what; that is `mainstay_core::access`.

pub mod agents;
pub mod ceremonies;
pub mod factors;
pub mod identities;
pub mod sessions;
pub mod tokens;

use chrono::{DateTime, Utc};
use mainstay_core::access::{Grant, Preferences, User};
use mainstay_core::id::UserName;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::{Result, StoreError};

/// A SHA-256 of a secret.
pub type Hash = [u8; 32];

/// A user with what belongs to the account but is nobody else's business.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    pub user: User,
    pub preferences: Preferences,
}

/// A new user, with the password already hashed (PHC string).
#[derive(Clone, Debug)]
pub struct NewUser {
    pub name: UserName,
    pub display_name: String,
    pub password_hash: String,
    pub grants: Vec<Grant>,
}

struct UserRow {
    name: String,
    display_name: String,
    grants: Json<Vec<Grant>>,
    preferences: Json<Preferences>,
    created_at: DateTime<Utc>,
    disabled_at: Option<DateTime<Utc>>,
    last_sign_in_at: Option<DateTime<Utc>>,
    revision: i64,
}

impl TryFrom<UserRow> for Account {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self> {
        Ok(Self {
            user: User {
                name: user_name(&row.name)?,
                display_name: row.display_name,
                grants: row.grants.0,
                created_at: row.created_at,
                disabled_at: row.disabled_at,
                last_sign_in_at: row.last_sign_in_at,
                revision: row.revision,
            },
            preferences: row.preferences.0,
        })
    }
}

pub(crate) fn user_name(text: &str) -> Result<UserName> {
    UserName::new(text).map_err(|error| StoreError::corrupt("a user name", error))
}

/// Up to `limit` users by name, those after `after`.
pub async fn users(db: &PgPool, after: &str, limit: i64) -> Result<Vec<User>> {
    let rows = sqlx::query_as!(
        UserRow,
        r#"SELECT name, display_name, grants AS "grants: Json<Vec<Grant>>",
                  preferences AS "preferences: Json<Preferences>",
                  created_at, disabled_at, last_sign_in_at, revision
           FROM users WHERE name > $1 ORDER BY name LIMIT $2"#,
        after,
        limit,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(|row| Ok(Account::try_from(row)?.user)).collect()
}

/// One user, or `None`.
pub async fn account(db: &mut PgConnection, name: &UserName) -> Result<Option<Account>> {
    sqlx::query_as!(
        UserRow,
        r#"SELECT name, display_name, grants AS "grants: Json<Vec<Grant>>",
                  preferences AS "preferences: Json<Preferences>",
                  created_at, disabled_at, last_sign_in_at, revision
           FROM users WHERE name = $1"#,
        name.as_str(),
    )
    .fetch_optional(db)
    .await?
    .map(Account::try_from)
    .transpose()
}

/// The password hash of a user that is not disabled.
pub async fn password_hash(db: &PgPool, name: &UserName) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!(
        "SELECT password_hash FROM users WHERE name = $1 AND disabled_at IS NULL",
        name.as_str(),
    )
    .fetch_optional(db)
    .await?)
}

/// The users that are not disabled and hold the role of an admin, in whatever scope.
pub async fn enabled_admins(db: &mut PgConnection) -> Result<Vec<User>> {
    let rows = sqlx::query_as!(
        UserRow,
        r#"SELECT name, display_name, grants AS "grants: Json<Vec<Grant>>",
                  preferences AS "preferences: Json<Preferences>",
                  created_at, disabled_at, last_sign_in_at, revision
           FROM users
           WHERE disabled_at IS NULL AND grants @> '[{"role": "admin"}]'"#,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(|row| Ok(Account::try_from(row)?.user)).collect()
}

/// Adds a user. `false`: the name is taken, nothing was written.
pub async fn insert_user(
    db: &mut PgConnection,
    user: &NewUser,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO users (name, display_name, password_hash, grants, created_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        user.name.as_str(),
        user.display_name,
        user.password_hash,
        Json(&user.grants) as _,
        now,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes name and grants and disables or enables. `false`: `user.revision` has passed.
pub async fn update_user(db: &mut PgConnection, user: &User) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE users SET display_name = $3, grants = $4, disabled_at = $5, revision = revision + 1
         WHERE name = $1 AND revision = $2",
        user.name.as_str(),
        user.revision,
        user.display_name,
        Json(&user.grants) as _,
        user.disabled_at,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes what users change about themselves.
pub async fn update_profile(
    db: &mut PgConnection,
    name: &UserName,
    display_name: &str,
    preferences: &Preferences,
) -> Result<()> {
    sqlx::query!(
        "UPDATE users SET display_name = $2, preferences = $3, revision = revision + 1
         WHERE name = $1",
        name.as_str(),
        display_name,
        Json(preferences) as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes a new password hash (PHC string).
pub async fn update_password(
    db: &mut PgConnection,
    name: &UserName,
    password_hash: &str,
) -> Result<()> {
    sqlx::query!(
        "UPDATE users SET password_hash = $2, revision = revision + 1 WHERE name = $1",
        name.as_str(),
        password_hash,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes a sign-in. `false`: the user was disabled meanwhile.
pub async fn signed_in(db: &mut PgConnection, name: &UserName, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE users SET last_sign_in_at = $2 WHERE name = $1 AND disabled_at IS NULL",
        name.as_str(),
        now,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}
