//! Short links.

use chrono::{DateTime, NaiveDate, Utc};
use mainstay_core::id::AliasId;
use mainstay_core::runbook::alias::{Alias, Aliases};
use sqlx::{PgConnection, PgPool};

use crate::{Result, StoreError};

/// Rises with every change; 0: nothing was ever changed.
pub async fn revision(pool: &PgPool) -> Result<i64> {
    Ok(sqlx::query_scalar!("SELECT revision FROM alias_head").fetch_one(pool).await?)
}

/// Every short link.
pub async fn all(pool: &PgPool) -> Result<Aliases> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT name, target, owner, note, reviewed, changed_at, changed_by, last_used_at, revision
         FROM alias ORDER BY name"
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(|row| row.alias().map(|alias| (alias.id.clone(), alias))).collect()
}

/// One short link, inside a transaction; nobody else changes any until that is over.
pub async fn lock(db: &mut PgConnection, id: &AliasId) -> Result<Option<Alias>> {
    sqlx::query!("SELECT revision FROM alias_head FOR UPDATE").fetch_one(&mut *db).await?;
    let row = sqlx::query_as!(
        Row,
        "SELECT name, target, owner, note, reviewed, changed_at, changed_by, last_used_at, revision
         FROM alias WHERE name = $1",
        id.as_str()
    )
    .fetch_optional(db)
    .await?;
    row.map(Row::alias).transpose()
}

/// How many there are.
pub async fn count(db: &mut PgConnection) -> Result<i64> {
    Ok(sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM alias"#).fetch_one(db).await?)
}

/// Writes a short link, new or changed; when it was used stays. Must be [locked](lock).
pub async fn put(db: &mut PgConnection, alias: &Alias) -> Result<()> {
    sqlx::query!(
        "INSERT INTO alias (name, target, owner, note, reviewed, changed_at, changed_by, revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (name) DO UPDATE
         SET target = $2, owner = $3, note = $4, reviewed = $5, changed_at = $6, changed_by = $7,
             revision = $8",
        alias.id.as_str(),
        alias.target,
        alias.owner,
        alias.note,
        alias.reviewed,
        alias.changed_at,
        alias.changed_by,
        alias.revision
    )
    .execute(&mut *db)
    .await?;
    raise(db).await
}

/// Removes a short link. Must be [locked](lock).
pub async fn remove(db: &mut PgConnection, id: &AliasId) -> Result<()> {
    sqlx::query!("DELETE FROM alias WHERE name = $1", id.as_str()).execute(&mut *db).await?;
    raise(db).await
}

async fn raise(db: &mut PgConnection) -> Result<()> {
    sqlx::query!("UPDATE alias_head SET revision = revision + 1").execute(db).await?;
    Ok(())
}

/// Notes when short links were followed last; an older time than the one known counts for nothing.
pub async fn used(pool: &PgPool, uses: &[(AliasId, DateTime<Utc>)]) -> Result<()> {
    let names: Vec<String> = uses.iter().map(|(id, _)| id.to_string()).collect();
    let times: Vec<DateTime<Utc>> = uses.iter().map(|(_, at)| *at).collect();
    sqlx::query!(
        "UPDATE alias SET last_used_at = greatest(last_used_at, used.at)
         FROM unnest($1::text[], $2::timestamptz[]) AS used (name, at)
         WHERE alias.name = used.name",
        &names,
        &times
    )
    .execute(pool)
    .await?;
    Ok(())
}

struct Row {
    name: String,
    target: String,
    owner: String,
    note: String,
    reviewed: NaiveDate,
    changed_at: DateTime<Utc>,
    changed_by: String,
    last_used_at: Option<DateTime<Utc>>,
    revision: i64,
}

impl Row {
    fn alias(self) -> Result<Alias> {
        Ok(Alias {
            id: AliasId::new(&self.name)
                .map_err(|error| StoreError::corrupt("the name of a short link", error))?,
            target: self.target,
            owner: self.owner,
            note: self.note,
            reviewed: self.reviewed,
            changed_at: self.changed_at,
            changed_by: self.changed_by,
            last_used_at: self.last_used_at,
            revision: self.revision,
        })
    }
}
