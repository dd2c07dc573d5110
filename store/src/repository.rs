//! What repositories answered when they were asked for a commit.

use chrono::{DateTime, Utc};
use mainstay_core::pipeline::Commit;
use mainstay_core::pipeline::look::{Answer, Look};
use mainstay_core::pipeline::repository::Address;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::Result;

/// What a repository answered last.
pub async fn get(
    db: &mut PgConnection,
    address: &Address,
    commit: &Commit,
) -> Result<Option<Look>> {
    let row = sqlx::query!(
        r#"SELECT at, answer AS "answer: Json<Answer>" FROM repository_look
           WHERE address = $1 AND commit = $2"#,
        address.to_string(),
        commit.as_str()
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Look { at: row.at, answer: row.answer.0 }))
}

/// Writes what a repository answered, unless it was asked later meanwhile.
pub async fn put(pool: &PgPool, address: &Address, commit: &Commit, look: &Look) -> Result<()> {
    sqlx::query!(
        "INSERT INTO repository_look (address, commit, at, answer) VALUES ($1, $2, $3, $4)
         ON CONFLICT (address, commit) DO UPDATE SET at = excluded.at, answer = excluded.answer
             WHERE repository_look.at < excluded.at",
        address.to_string(),
        commit.as_str(),
        look.at,
        Json(&look.answer) as _
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Deletes answers that are older than `before`; returns how many.
pub async fn expire(pool: &PgPool, before: DateTime<Utc>) -> Result<u64> {
    let deleted = sqlx::query!("DELETE FROM repository_look WHERE at < $1", before);
    Ok(deleted.execute(pool).await?.rows_affected())
}
