//! Second factors. Secrets come in sealed or hashed.
//!
//! Invariant: a step of an app, a recovery code and a count of a passkey are taken by one statement
//! that changes nothing when somebody took them before, so of two at once one wins.

use chrono::{DateTime, Utc};
use mainstay_core::access::factor::{App, Factors, Passkey};
use mainstay_core::id::UserName;
use serde_json::Value;
use sqlx::PgConnection;

use super::{Hash, user_name};
use crate::Result;

/// The secret of an authenticator app.
#[derive(Clone, Debug)]
pub struct StoredApp {
    pub sealed: Vec<u8>,
    /// The newest step of which a code was taken.
    pub last_step: i64,
}

/// A passkey with its owner and what the library keeps of it.
#[derive(Clone, Debug)]
pub struct StoredPasskey {
    pub id: i64,
    pub owner: UserName,
    pub name: String,
    pub credential: Value,
}

/// What of second factors a user has.
pub async fn read(db: &mut PgConnection, user: &UserName) -> Result<Factors> {
    let app = sqlx::query_as!(
        App,
        "SELECT enrolled_at, last_used_at FROM totp WHERE user_name = $1",
        user.as_str(),
    )
    .fetch_optional(&mut *db)
    .await?;
    let passkeys = sqlx::query_as!(
        Passkey,
        "SELECT id, name, enrolled_at, last_used_at FROM passkeys WHERE user_name = $1 ORDER BY id",
        user.as_str(),
    )
    .fetch_all(&mut *db)
    .await?;
    let left = sqlx::query_scalar!(
        r#"SELECT count(*) AS "left!" FROM recovery_codes
           WHERE user_name = $1 AND used_at IS NULL"#,
        user.as_str(),
    )
    .fetch_one(db)
    .await?;
    Ok(Factors { app, passkeys, recovery_left: u32::try_from(left).unwrap_or(u32::MAX) })
}

/// Which of these users have an app, and how many passkeys each; users with neither are not there.
pub async fn of_users(
    db: &mut PgConnection,
    users: &[UserName],
) -> Result<Vec<(UserName, bool, u32)>> {
    let names: Vec<String> = users.iter().map(ToString::to_string).collect();
    let rows = sqlx::query!(
        r#"SELECT u.name AS "name!", t.user_name IS NOT NULL AS "app!",
                  (SELECT count(*) FROM passkeys p WHERE p.user_name = u.name) AS "passkeys!"
           FROM users u LEFT JOIN totp t ON t.user_name = u.name
           WHERE u.name = ANY($1)"#,
        &names,
    )
    .fetch_all(db)
    .await?;
    let rows = rows.into_iter().filter(|row| row.app || row.passkeys > 0);
    rows.map(|row| {
        let passkeys = u32::try_from(row.passkeys).unwrap_or(u32::MAX);
        Ok((user_name(&row.name)?, row.app, passkeys))
    })
    .collect()
}

/// Adds an app, the code of `step` being taken. `false`: the user has one.
pub async fn insert_app(
    db: &mut PgConnection,
    user: &UserName,
    sealed: &[u8],
    step: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO totp (user_name, sealed, last_step, enrolled_at)
         VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        user.as_str(),
        sealed,
        step,
        now,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The app of a user.
pub async fn app(db: &mut PgConnection, user: &UserName) -> Result<Option<StoredApp>> {
    Ok(sqlx::query_as!(
        StoredApp,
        "SELECT sealed, last_step FROM totp WHERE user_name = $1",
        user.as_str(),
    )
    .fetch_optional(db)
    .await?)
}

/// Takes the code of a step. `false`: it, or a later one, was taken before.
pub async fn take_step(
    db: &mut PgConnection,
    user: &UserName,
    step: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE totp SET last_step = $2, last_used_at = $3
         WHERE user_name = $1 AND last_step < $2",
        user.as_str(),
        step,
        now,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes the app. `false`: there was none.
pub async fn delete_app(db: &mut PgConnection, user: &UserName) -> Result<bool> {
    let done = sqlx::query!("DELETE FROM totp WHERE user_name = $1", user.as_str());
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// Puts new recovery codes in the place of all before.
pub async fn replace_recovery(
    db: &mut PgConnection,
    user: &UserName,
    hashes: &[Hash],
    now: DateTime<Utc>,
) -> Result<()> {
    delete_recovery(&mut *db, user).await?;
    let hashes: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.to_vec()).collect();
    sqlx::query!(
        "INSERT INTO recovery_codes (user_name, hash, made_at)
         SELECT $1, hash, $3 FROM unnest($2::bytea[]) AS hash",
        user.as_str(),
        &hashes,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes a recovery code. `false`: there is none like it, or it was taken before.
pub async fn take_recovery(
    db: &mut PgConnection,
    user: &UserName,
    hash: &Hash,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE recovery_codes SET used_at = $3
         WHERE user_name = $1 AND hash = $2 AND used_at IS NULL",
        user.as_str(),
        hash,
        now,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes all recovery codes.
pub async fn delete_recovery(db: &mut PgConnection, user: &UserName) -> Result<()> {
    sqlx::query!("DELETE FROM recovery_codes WHERE user_name = $1", user.as_str())
        .execute(db)
        .await?;
    Ok(())
}

/// Adds a passkey. `false`: its id, or its name for this user, is there.
pub async fn insert_passkey(
    db: &mut PgConnection,
    user: &UserName,
    name: &str,
    (credential_id, credential): (&[u8], &Value),
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO passkeys (user_name, credential_id, name, credential, enrolled_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        user.as_str(),
        credential_id,
        name,
        credential,
        now,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The passkeys of a user.
pub async fn passkeys(db: &mut PgConnection, user: &UserName) -> Result<Vec<StoredPasskey>> {
    let rows = sqlx::query!(
        "SELECT id, user_name, name, credential FROM passkeys WHERE user_name = $1 ORDER BY id",
        user.as_str(),
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let owner = user_name(&row.user_name)?;
            Ok(StoredPasskey { id: row.id, owner, name: row.name, credential: row.credential })
        })
        .collect()
}

/// A passkey by what its device calls it, locked until the transaction ends: of two uses at once
/// the second sees the count that the first one wrote.
pub async fn passkey(db: &mut PgConnection, credential_id: &[u8]) -> Result<Option<StoredPasskey>> {
    let row = sqlx::query!(
        "SELECT id, user_name, name, credential FROM passkeys WHERE credential_id = $1 FOR UPDATE",
        credential_id,
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        let owner = user_name(&row.user_name)?;
        Ok(StoredPasskey { id: row.id, owner, name: row.name, credential: row.credential })
    })
    .transpose()
}

/// Writes what a use changed of a passkey.
pub async fn used_passkey(
    db: &mut PgConnection,
    id: i64,
    credential: &Value,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE passkeys SET credential = $2, last_used_at = $3 WHERE id = $1",
        id,
        credential,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Removes a passkey of a user; its name. `None`: the user has no such.
pub async fn delete_passkey(
    db: &mut PgConnection,
    user: &UserName,
    id: i64,
) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!(
        "DELETE FROM passkeys WHERE user_name = $1 AND id = $2 RETURNING name",
        user.as_str(),
        id,
    )
    .fetch_optional(db)
    .await?)
}

/// Removes all passkeys of a user; how many there were.
pub async fn delete_passkeys(db: &mut PgConnection, user: &UserName) -> Result<u64> {
    let done = sqlx::query!("DELETE FROM passkeys WHERE user_name = $1", user.as_str());
    Ok(done.execute(db).await?.rows_affected())
}
