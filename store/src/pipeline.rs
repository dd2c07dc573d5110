//! Pipeline sources with their sealed secrets, the messages that were taken, and what is known of
//! commits.

use chrono::{DateTime, Utc};
use mainstay_core::pipeline::repository::Repository;
use mainstay_core::pipeline::{
    Commit, Delivery, Drafted, Format, Refused, Report, SOURCES_MAX, Source, SourceId, Verdict,
};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::{Result, StoreError, Tx};

/// Most reports of one commit that are read.
pub const REPORTS_MAX: i64 = 100;

/// Sealed secrets of a source that count.
#[derive(Clone, Debug, Default)]
pub struct Sealed {
    pub now: Option<Vec<u8>>,
    /// The one before, while it counts.
    pub before: Option<Vec<u8>>,
}

/// Writes a new source; it has no secret yet, which is sealed for its id. `None`: another one has
/// its name, or there are [`SOURCES_MAX`].
pub async fn insert(
    tx: &mut Tx<'_>,
    new: &Drafted,
    by: &str,
    now: DateTime<Utc>,
) -> Result<Option<Source>> {
    let row = sqlx::query_as!(
        Row,
        "INSERT INTO pipeline_source (name, format, below, made_by, made_at, changed_at, revision)
         SELECT $1::text, $2::text, $3::text, $4::text, $5::timestamptz, $5, 1
         WHERE (SELECT count(*) FROM pipeline_source WHERE NOT removed) < $6
         ON CONFLICT (name) WHERE NOT removed DO NOTHING
         RETURNING id, name, format, below, accepted_at, refused_at, refused, before_until,
             made_by, made_at, changed_at, revision",
        new.name,
        new.format.name(),
        new.below.as_ref().map(Repository::as_str),
        by,
        now,
        SOURCES_MAX as i64
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Source::try_from).transpose()
}

/// Every source that was not removed, by name.
pub async fn all(pool: &PgPool) -> Result<Vec<Source>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, name, format, below, accepted_at, refused_at, refused, before_until,
             made_by, made_at, changed_at, revision
         FROM pipeline_source WHERE NOT removed ORDER BY name LIMIT $1",
        SOURCES_MAX as i64
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Source::try_from).collect()
}

/// One source that was not removed.
pub async fn get(pool: &PgPool, id: SourceId) -> Result<Option<Source>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, name, format, below, accepted_at, refused_at, refused, before_until,
             made_by, made_at, changed_at, revision
         FROM pipeline_source WHERE id = $1 AND NOT removed",
        id.0
    )
    .fetch_optional(pool)
    .await?;
    row.map(Source::try_from).transpose()
}

/// As [`get`], locked until the transaction ends.
pub async fn lock(tx: &mut Tx<'_>, id: SourceId) -> Result<Option<Source>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, name, format, below, accepted_at, refused_at, refused, before_until,
             made_by, made_at, changed_at, revision
         FROM pipeline_source WHERE id = $1 AND NOT removed FOR UPDATE",
        id.0
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Source::try_from).transpose()
}

/// Gives a locked source a secret and the next revision. With `overlap_until` the one before
/// counts until then as well; without, it is gone.
pub async fn set_secret(
    tx: &mut Tx<'_>,
    source: &Source,
    sealed: &[u8],
    overlap_until: Option<DateTime<Utc>>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE pipeline_source SET
             sealed_before = CASE WHEN $3::timestamptz IS NULL THEN NULL ELSE sealed END,
             before_until = $3, sealed = $2, changed_at = $4, revision = $5
         WHERE id = $1",
        source.id.0,
        sealed,
        overlap_until,
        source.changed_at,
        source.revision
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The sealed secrets of a source that count now; of one that was removed, none.
pub async fn secrets(pool: &PgPool, id: SourceId, now: DateTime<Utc>) -> Result<Sealed> {
    let row = sqlx::query!(
        "SELECT sealed, CASE WHEN before_until > $2 THEN sealed_before END AS before
         FROM pipeline_source WHERE id = $1 AND NOT removed",
        id.0,
        now
    )
    .fetch_optional(pool)
    .await?;
    let sealed = row.map(|row| Sealed { now: row.sealed, before: row.before });
    Ok(sealed.unwrap_or_default())
}

/// Removes a source: its secrets go at once, it and its messages with their age. What it said
/// counts no more.
pub async fn remove(tx: &mut Tx<'_>, id: SourceId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!("DELETE FROM pipeline_report WHERE source = $1", id.0).execute(&mut **tx).await?;
    sqlx::query!(
        "UPDATE pipeline_source SET removed = true, sealed = NULL, sealed_before = NULL,
             before_until = NULL, changed_at = $2, revision = revision + 1
         WHERE id = $1",
        id.0,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes that a message was refused, at most once in a minute for each reason: a flood of them is
/// no flood of writes.
pub async fn note_refused(
    pool: &PgPool,
    id: SourceId,
    refused: Refused,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE pipeline_source SET refused_at = $3, refused = $2
         WHERE id = $1 AND NOT removed
           AND (refused IS DISTINCT FROM $2 OR refused_at < $3::timestamptz - interval '1 minute')",
        id.0,
        refused.name(),
        now
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// What a message is known by.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    /// As its sender names it.
    pub key: &'a str,
    /// Of what was signed.
    pub digest: &'a [u8],
    pub event: &'a str,
}

/// Whether a message was taken already.
pub async fn is_known(tx: &mut Tx<'_>, id: SourceId, name: Name<'_>) -> Result<bool> {
    let known = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM pipeline_delivery
               WHERE source = $1 AND (key = $2 OR digest = $3)) AS "known!""#,
        id.0,
        name.key,
        name.digest
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(known)
}

/// Keeps a message of a locked source that was signed well.
pub async fn keep(
    tx: &mut Tx<'_>,
    id: SourceId,
    name: Name<'_>,
    verdict: &Verdict,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO pipeline_delivery (source, at, key, digest, event, verdict)
         VALUES ($1, $2, $3, $4, $5, $6)",
        id.0,
        now,
        name.key,
        name.digest,
        name.event,
        Json(verdict) as _
    )
    .execute(&mut **tx)
    .await?;
    let refused = match verdict {
        Verdict::Refused { refused, .. } => Some(refused.name()),
        Verdict::Taken { .. } | Verdict::Known { .. } | Verdict::Left { .. } => None,
    };
    sqlx::query!(
        "UPDATE pipeline_source SET
             accepted_at = CASE WHEN $2::text IS NULL THEN $3 ELSE accepted_at END,
             refused_at = CASE WHEN $2::text IS NULL THEN refused_at ELSE $3 END,
             refused = coalesce($2, refused)
         WHERE id = $1",
        id.0,
        refused,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Messages of a source, newest first, at most `limit`.
pub async fn deliveries(pool: &PgPool, id: SourceId, limit: i64) -> Result<Vec<Delivery>> {
    let rows = sqlx::query!(
        r#"SELECT at, key, event, verdict AS "verdict: Json<Verdict>"
           FROM pipeline_delivery WHERE source = $1 ORDER BY id DESC LIMIT $2"#,
        id.0,
        limit
    )
    .fetch_all(pool)
    .await?;
    let kept = rows.into_iter().map(|row| Delivery {
        at: row.at,
        key: row.key,
        event: row.event,
        verdict: row.verdict.0,
    });
    Ok(kept.collect())
}

/// What a source said last of the same pipeline and commit.
pub async fn known(tx: &mut Tx<'_>, id: SourceId, report: &Report) -> Result<Option<Report>> {
    let known = sqlx::query_scalar!(
        r#"SELECT report AS "report: Json<Report>" FROM pipeline_report
           WHERE source = $1 AND commit = $2 AND repository = $3 AND pipeline = $4"#,
        id.0,
        report.commit.as_str(),
        report.repository.as_str(),
        report.pipeline
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(known.map(|report| report.0))
}

/// Writes what a source says now.
pub async fn put(tx: &mut Tx<'_>, id: SourceId, report: &Report, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "INSERT INTO pipeline_report (source, commit, repository, pipeline, report, heard_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (commit, repository, pipeline, source)
             DO UPDATE SET report = excluded.report, heard_at = excluded.heard_at",
        id.0,
        report.commit.as_str(),
        report.repository.as_str(),
        report.pipeline,
        Json(report) as _,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What is known of a commit, at most [`REPORTS_MAX`]: of each pipeline the newest of each source.
pub async fn reports(db: &mut PgConnection, commit: &Commit) -> Result<Vec<Report>> {
    let rows = sqlx::query_scalar!(
        r#"SELECT report AS "report: Json<Report>" FROM pipeline_report
           WHERE commit = $1 ORDER BY repository, pipeline, source LIMIT $2"#,
        commit.as_str(),
        REPORTS_MAX
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|report| report.0).collect())
}

struct Row {
    id: i64,
    name: String,
    format: String,
    below: Option<String>,
    accepted_at: Option<DateTime<Utc>>,
    refused_at: Option<DateTime<Utc>>,
    refused: Option<String>,
    before_until: Option<DateTime<Utc>>,
    made_by: String,
    made_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    revision: i64,
}

impl TryFrom<Row> for Source {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let format = Format::from_name(&row.format);
        let below = row.below.map(Repository::try_from).transpose();
        Ok(Self {
            id: SourceId(row.id),
            name: row.name,
            format: format.ok_or_else(|| StoreError::corrupt("a pipeline source", row.format))?,
            below: below.map_err(|error| StoreError::corrupt("a pipeline source", error))?,
            accepted_at: row.accepted_at,
            refused_at: row.refused_at,
            refused: row.refused.as_deref().and_then(Refused::from_name),
            overlap_until: row.before_until,
            made_by: row.made_by,
            made_at: row.made_at,
            changed_at: row.changed_at,
            revision: row.revision,
        })
    }
}
