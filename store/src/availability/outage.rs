//! Outages, and what people said of them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use mainstay_core::audit::Actor;
use mainstay_core::availability::outage::{Account, Correction, Kind, Outage, OutageId, Told};
use mainstay_core::id::IdError;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use super::read::Filter;
use crate::estate::parse;
use crate::lease::{natural, signed};
use crate::{Result, StoreError, Tx};

/// Most outages of one page, and most corrections of one outage that are read.
pub const PAGE_MAX: i64 = 200;
/// Most outages that are excluded from one period.
pub const EXCLUDED_MAX: i64 = 10_000;

/// Every outage that has not ended, with its account.
pub async fn open(db: &mut PgConnection) -> Result<Vec<Told>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT outage.id, kind, region, services, groups, datacenters, started_at,
               last_at, ended, down,
               planned, unmeasured, requests, errors,
               down_by_hour AS "down_by_hour: Json<BTreeMap<DateTime<Utc>, u32>>",
               coalesce(last.new, account) AS "account!: Json<Account>",
               coalesce(last.count, 0) AS "corrections!"
           FROM outage LEFT JOIN LATERAL (
               SELECT new, count(*) OVER () AS count FROM outage_correction
               WHERE outage = outage.id ORDER BY id DESC LIMIT 1) AS last ON true
           WHERE NOT ended ORDER BY outage.id"#
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Told::try_from).collect()
}

/// Writes a new outage; its id.
pub async fn insert(tx: &mut Tx<'_>, outage: &Outage, account: &Account) -> Result<OutageId> {
    let id = sqlx::query_scalar!(
        "INSERT INTO outage (kind, region, services, groups, datacenters, started_at, last_at,
             ended, down, planned, unmeasured, requests, errors, down_by_hour, account)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING id",
        outage.kind.name(),
        outage.region.as_str(),
        &texts(&outage.services),
        &texts(&outage.groups),
        &texts(&outage.datacenters),
        outage.started_at,
        outage.last_at,
        outage.ended,
        signed(outage.down)?,
        signed(outage.planned)?,
        signed(outage.unmeasured)?,
        signed(outage.requests)?,
        signed(outage.errors)?,
        Json(&outage.down_by_hour) as _,
        Json(account) as _
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(OutageId(id))
}

/// Writes how an outage went on. What was found of it at its beginning stays.
pub async fn update(tx: &mut Tx<'_>, id: OutageId, outage: &Outage) -> Result<()> {
    sqlx::query!(
        "UPDATE outage SET services = $2, groups = $3, datacenters = $4, last_at = $5, ended = $6,
             down = $7, planned = $8, unmeasured = $9, requests = $10, errors = $11,
             down_by_hour = $12
         WHERE id = $1 AND NOT ended",
        id.0,
        &texts(&outage.services),
        &texts(&outage.groups),
        &texts(&outage.datacenters),
        outage.last_at,
        outage.ended,
        signed(outage.down)?,
        signed(outage.planned)?,
        signed(outage.unmeasured)?,
        signed(outage.requests)?,
        signed(outage.errors)?,
        Json(&outage.down_by_hour) as _
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn texts(ids: &BTreeSet<impl ToString>) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

/// Outages that touch a period, newest first, at most `limit` (and [`PAGE_MAX`]); `before`: the
/// last one of the page before.
pub async fn list(
    pool: &PgPool,
    filter: &Filter,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    before: Option<OutageId>,
    limit: i64,
) -> Result<Vec<Told>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT outage.id, kind, region, services, groups, datacenters, started_at,
               last_at, ended, down,
               planned, unmeasured, requests, errors,
               down_by_hour AS "down_by_hour: Json<BTreeMap<DateTime<Utc>, u32>>",
               coalesce(last.new, account) AS "account!: Json<Account>",
               coalesce(last.count, 0) AS "corrections!"
           FROM outage LEFT JOIN LATERAL (
               SELECT new, count(*) OVER () AS count FROM outage_correction
               WHERE outage = outage.id ORDER BY id DESC LIMIT 1) AS last ON true
           WHERE last_at > $1 AND started_at < $2 AND ($3::text IS NULL OR region = $3)
             AND ($4::text IS NULL OR $4 = ANY(groups))
             AND ($5::text IS NULL OR $5 = ANY(services))
             AND ($6::bigint IS NULL OR outage.id < $6)
           ORDER BY outage.id DESC LIMIT $7"#,
        from,
        until,
        filter.region.as_ref().map(|id| id.as_str()),
        filter.group.as_ref().map(|id| id.as_str()),
        filter.service.as_ref().map(|id| id.as_str()),
        before.map(|id| id.0),
        limit.clamp(0, PAGE_MAX)
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Told::try_from).collect()
}

/// Outages that touch a period and that a person excluded, at most [`EXCLUDED_MAX`].
pub async fn excluded(
    pool: &PgPool,
    filter: &Filter,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<Told>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT outage.id, kind, region, services, groups, datacenters, started_at,
               last_at, ended, down,
               planned, unmeasured, requests, errors,
               down_by_hour AS "down_by_hour: Json<BTreeMap<DateTime<Utc>, u32>>",
               last.new AS "account!: Json<Account>", last.count AS "corrections!"
           FROM outage CROSS JOIN LATERAL (
               SELECT new, count(*) OVER () AS count FROM outage_correction
               WHERE outage = outage.id ORDER BY id DESC LIMIT 1) AS last
           WHERE last_at > $1 AND started_at < $2 AND kind = 'down'
             AND last.new->'counted' = 'false' AND ($3::text IS NULL OR region = $3)
             AND ($4::text IS NULL OR $4 = ANY(groups))
             AND ($5::text IS NULL OR $5 = ANY(services))
           ORDER BY outage.id DESC LIMIT $6"#,
        from,
        until,
        filter.region.as_ref().map(|id| id.as_str()),
        filter.group.as_ref().map(|id| id.as_str()),
        filter.service.as_ref().map(|id| id.as_str()),
        EXCLUDED_MAX
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Told::try_from).collect()
}

/// One outage, locked where `db` is a transaction that will change what is said of it.
pub async fn get(db: &mut PgConnection, id: OutageId, lock: bool) -> Result<Option<Told>> {
    if lock {
        sqlx::query!("SELECT id FROM outage WHERE id = $1 FOR UPDATE", id.0)
            .fetch_optional(&mut *db)
            .await?;
    }
    let row = sqlx::query_as!(
        Row,
        r#"SELECT outage.id, kind, region, services, groups, datacenters, started_at,
               last_at, ended, down,
               planned, unmeasured, requests, errors,
               down_by_hour AS "down_by_hour: Json<BTreeMap<DateTime<Utc>, u32>>",
               coalesce(last.new, account) AS "account!: Json<Account>",
               coalesce(last.count, 0) AS "corrections!"
           FROM outage LEFT JOIN LATERAL (
               SELECT new, count(*) OVER () AS count FROM outage_correction
               WHERE outage = outage.id ORDER BY id DESC LIMIT 1) AS last ON true
           WHERE outage.id = $1"#,
        id.0
    )
    .fetch_optional(db)
    .await?;
    row.map(Told::try_from).transpose()
}

/// What was said of an outage, newest first, at most [`PAGE_MAX`].
pub async fn corrections(pool: &PgPool, id: OutageId) -> Result<Vec<Correction>> {
    let rows = sqlx::query!(
        r#"SELECT at, by AS "by: Json<Actor>", reason, old AS "old: Json<Account>",
               new AS "new: Json<Account>"
           FROM outage_correction WHERE outage = $1 ORDER BY id DESC LIMIT $2"#,
        id.0,
        PAGE_MAX
    )
    .fetch_all(pool)
    .await?;
    let corrections = rows.into_iter().map(|row| Correction {
        at: row.at,
        by: row.by.0,
        reason: row.reason,
        old: row.old.0,
        new: row.new.0,
    });
    Ok(corrections.collect())
}

/// Writes a correction on top of what stands.
pub async fn append(tx: &mut Tx<'_>, id: OutageId, correction: &Correction) -> Result<()> {
    sqlx::query!(
        "INSERT INTO outage_correction (outage, at, by, reason, old, new)
         VALUES ($1, $2, $3, $4, $5, $6)",
        id.0,
        correction.at,
        Json(&correction.by) as _,
        correction.reason,
        Json(&correction.old) as _,
        Json(&correction.new) as _
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

struct Row {
    id: i64,
    kind: String,
    region: String,
    services: Vec<String>,
    groups: Vec<String>,
    datacenters: Vec<String>,
    started_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
    ended: bool,
    down: i64,
    planned: i64,
    unmeasured: i64,
    requests: i64,
    errors: i64,
    down_by_hour: Json<BTreeMap<DateTime<Utc>, u32>>,
    account: Json<Account>,
    corrections: i64,
}

fn ids<T>(texts: &[String]) -> Result<BTreeSet<T>>
where
    T: std::str::FromStr<Err = IdError> + Ord,
{
    texts.iter().map(|text| parse(text)).collect()
}

impl TryFrom<Row> for Told {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let kind = Kind::from_name(&row.kind)
            .ok_or_else(|| StoreError::corrupt("the kind of an outage", row.kind.clone()))?;
        let outage = Outage {
            id: Some(OutageId(row.id)),
            kind,
            region: parse(&row.region)?,
            services: ids(&row.services)?,
            groups: ids(&row.groups)?,
            datacenters: ids(&row.datacenters)?,
            started_at: row.started_at,
            last_at: row.last_at,
            ended: row.ended,
            down: natural(row.down)?,
            planned: natural(row.planned)?,
            unmeasured: natural(row.unmeasured)?,
            requests: natural(row.requests)?,
            errors: natural(row.errors)?,
            down_by_hour: row.down_by_hour.0,
        };
        Ok(Self {
            id: OutageId(row.id),
            outage,
            account: row.account.0,
            corrections: u32::try_from(row.corrections).unwrap_or(u32::MAX),
        })
    }
}
