//! Staging benches: the newest result of each version.

use chrono::{DateTime, Utc};
use mainstay_core::bench::{BenchResult, TestReport, TestState};
use mainstay_core::id::ServiceId;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::estate::parse;
use crate::{Result, StoreError, Tx};

/// Most results of one page, and taken in at once.
pub const PAGE_MAX: i64 = 200;

/// Writes that a bench was ordered; it takes the place of an earlier one of the version.
pub async fn order(tx: &mut Tx<'_>, result: &BenchResult) -> Result<()> {
    sqlx::query!(
        "INSERT INTO bench_result
             (service, version, datacenter, test, report, finished, asked_by, asked_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, false, $6, $7, NULL)
         ON CONFLICT (service, version) DO UPDATE SET datacenter = $3, test = $4, report = $5,
             finished = false, asked_by = $6, asked_at = $7, expires_at = NULL",
        result.service.as_str(),
        result.version,
        result.datacenter.as_str(),
        result.report.id,
        Json(&result.report) as _,
        result.asked_by,
        result.asked_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes in how a bench stands; `expires_at`: until when a passed one counts. `false`: it is over
/// already, or a newer one was ordered; nothing was written.
pub async fn report(
    tx: &mut Tx<'_>,
    report: &TestReport,
    expires_at: Option<DateTime<Utc>>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE bench_result SET report = $2, finished = $3, expires_at = $4
         WHERE test = $1 AND NOT finished AND report <> $2",
        report.id,
        Json(report) as _,
        report.state != TestState::Running,
        expires_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Benches that are not over, oldest first, at most [`PAGE_MAX`].
pub async fn open(pool: &PgPool) -> Result<Vec<BenchResult>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT service, version, datacenter, report AS "report: Json<TestReport>", asked_by,
               asked_at, expires_at
           FROM bench_result WHERE NOT finished ORDER BY asked_at LIMIT $1"#,
        PAGE_MAX
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(BenchResult::try_from).collect()
}

/// The newest bench of a version; `None`: none was ever ordered.
pub async fn get(
    db: &mut PgConnection,
    service: &ServiceId,
    version: &str,
) -> Result<Option<BenchResult>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT service, version, datacenter, report AS "report: Json<TestReport>", asked_by,
               asked_at, expires_at
           FROM bench_result WHERE service = $1 AND version = $2"#,
        service.as_str(),
        version
    )
    .fetch_optional(db)
    .await?;
    row.map(BenchResult::try_from).transpose()
}

/// Benches of one service or of all, newest first, at most `limit` (and [`PAGE_MAX`]).
pub async fn list(
    pool: &PgPool,
    service: Option<&ServiceId>,
    limit: i64,
) -> Result<Vec<BenchResult>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT service, version, datacenter, report AS "report: Json<TestReport>", asked_by,
               asked_at, expires_at
           FROM bench_result WHERE ($1::text IS NULL OR service = $1)
           ORDER BY asked_at DESC LIMIT $2"#,
        service.map(ServiceId::as_str),
        limit.clamp(0, PAGE_MAX)
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(BenchResult::try_from).collect()
}

struct Row {
    service: String,
    version: String,
    datacenter: String,
    report: Json<TestReport>,
    asked_by: String,
    asked_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for BenchResult {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            service: parse(&row.service)?,
            version: row.version,
            datacenter: parse(&row.datacenter)?,
            report: row.report.0,
            asked_by: row.asked_by,
            asked_at: row.asked_at,
            expires_at: row.expires_at,
        })
    }
}
