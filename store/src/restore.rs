//! Restores over live databases.

use chrono::{DateTime, Utc};
use mainstay_core::backup::restore::{Request, Restore, RestoreId, State};
use mainstay_core::id::DatabaseId;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::lease::{natural, signed};
use crate::{Result, StoreError, Tx};

/// Most restores of one answer.
pub const PAGE_MAX: i64 = 200;

/// Writes a request; the error is the restore of its database that is not over.
pub async fn insert(
    tx: &mut Tx<'_>,
    request: &Request,
    now: DateTime<Utc>,
) -> Result<std::result::Result<Restore, RestoreId>> {
    let state = State::Requested;
    let id = sqlx::query_scalar!(
        "INSERT INTO database_restore (database, request, state, kind, revision, changed_at)
         VALUES ($1, $2, $3, $4, 1, $5)
         ON CONFLICT (database) WHERE kind IN ('requested', 'ordered') DO NOTHING RETURNING id",
        request.database.as_str(),
        Json(request) as _,
        Json(&state) as _,
        state.name(),
        now
    )
    .fetch_optional(&mut **tx)
    .await?;
    if let Some(id) = id {
        let (id, request) = (RestoreId(id), request.clone());
        return Ok(Ok(Restore { id, request, state, revision: 1 }));
    }
    let other = sqlx::query_scalar!(
        "SELECT id FROM database_restore
         WHERE database = $1 AND kind IN ('requested', 'ordered')",
        request.database.as_str()
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(Err(RestoreId(other)))
}

/// Writes the next revision; `false`: it is not the one after what is written.
pub async fn update(tx: &mut Tx<'_>, restore: &Restore, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE database_restore SET state = $3, kind = $4, revision = $2, changed_at = $5
         WHERE id = $1 AND revision + 1 = $2",
        restore.id.0,
        signed(restore.revision)?,
        Json(&restore.state) as _,
        restore.state.name(),
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// One restore.
pub async fn get(db: &mut PgConnection, id: RestoreId) -> Result<Option<Restore>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, request AS "request: Json<Request>", state AS "state: Json<State>", revision
           FROM database_restore WHERE id = $1"#,
        id.0
    )
    .fetch_optional(db)
    .await?;
    row.map(Restore::try_from).transpose()
}

/// Restores that are not over, the oldest first, at most [`PAGE_MAX`].
pub async fn open(pool: &PgPool) -> Result<Vec<Restore>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, request AS "request: Json<Request>", state AS "state: Json<State>", revision
           FROM database_restore WHERE kind IN ('requested', 'ordered') ORDER BY id LIMIT $1"#,
        PAGE_MAX
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Restore::try_from).collect()
}

/// Restores of one database or of all, the newest first, at most [`PAGE_MAX`].
pub async fn list(pool: &PgPool, database: Option<&DatabaseId>) -> Result<Vec<Restore>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, request AS "request: Json<Request>", state AS "state: Json<State>", revision
           FROM database_restore WHERE $1::text IS NULL OR database = $1
           ORDER BY id DESC LIMIT $2"#,
        database.map(DatabaseId::as_str),
        PAGE_MAX
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Restore::try_from).collect()
}

struct Row {
    id: i64,
    request: Json<Request>,
    state: Json<State>,
    revision: i64,
}

impl TryFrom<Row> for Restore {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: RestoreId(row.id),
            request: row.request.0,
            state: row.state.0,
            revision: natural(row.revision)?,
        })
    }
}
