//! Users' requests by second (for an hour) and minute (for a month), and when edges were heard.
//!
//! Invariants: counts of one second come from several servers and are added up, each batch once;
//! a minute is made of its seconds, as often as one likes; a second or minute in which no edge
//! was heard is missing, never zero.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::id::{DatacenterId, EdgeId, ServiceId};
use mainstay_core::traffic::{Counts, Histogram, Series};
use sqlx::PgPool;

use crate::estate::parse;
use crate::lease::{natural, signed};
use crate::{Result, StoreError, Tx};

/// Seconds may still change for so long after they passed: edges and servers tell late. Minutes
/// younger than this are made anew.
pub const LATE: TimeDelta = TimeDelta::minutes(5);

/// Most series that [`totals`] gives.
pub const TOTALS_MAX: i64 = 10_000;

/// What edges of one server told of some seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    pub counts: BTreeMap<(DateTime<Utc>, Series), Counts>,
    /// Edges whose log stream stood, with the seconds.
    pub heard: Vec<(EdgeId, DateTime<Utc>)>,
}

/// Adds a batch, the `number`th of this writer (from 1, without gaps). `false`: it was added
/// before, and nothing was written.
pub async fn add(tx: &mut Tx<'_>, writer: &str, number: i64, batch: &Batch) -> Result<bool> {
    let new = sqlx::query!(
        "INSERT INTO traffic_writer (writer, batch, at) VALUES ($1, $2, now())
         ON CONFLICT (writer) DO UPDATE SET batch = $2, at = now()
         WHERE traffic_writer.batch < $2",
        writer,
        number
    )
    .execute(&mut **tx)
    .await?;
    if new.rows_affected() == 0 {
        return Ok(false);
    }
    add_counts(tx, batch).await?;
    let (edges, ats): (Vec<String>, Vec<DateTime<Utc>>) =
        batch.heard.iter().map(|(edge, at)| (edge.to_string(), *at)).unzip();
    sqlx::query!(
        "INSERT INTO edge_heard (edge, at) SELECT * FROM unnest($1::text[], $2::timestamptz[])
         ON CONFLICT DO NOTHING",
        &edges,
        &ats
    )
    .execute(&mut **tx)
    .await?;
    Ok(true)
}

async fn add_counts(tx: &mut Tx<'_>, batch: &Batch) -> Result<()> {
    if batch.counts.is_empty() {
        return Ok(());
    }
    let mut columns = Columns::default();
    // In the order of the key, so that two servers' batches do not lock each other out.
    for ((at, series), counts) in &batch.counts {
        columns.push(*at, series, counts)?;
    }
    sqlx::query!(
        "INSERT INTO traffic_second AS old
             (at, service, version, datacenter, edge, requests, errors, latency)
         SELECT at, service, version, datacenter, edge, requests, errors, latency::bigint[]
         FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[],
                     $6::bigint[], $7::bigint[], $8::text[])
             AS new (at, service, version, datacenter, edge, requests, errors, latency)
         ORDER BY service, at, version, edge, datacenter
         ON CONFLICT (service, at, version, edge, datacenter) DO UPDATE
         SET requests = old.requests + excluded.requests,
             errors = old.errors + excluded.errors,
             latency = latency_add(old.latency, excluded.latency)",
        &columns.ats,
        &columns.services,
        &columns.versions,
        &columns.datacenters,
        &columns.edges,
        &columns.requests,
        &columns.errors,
        &columns.latencies
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Rows as columns, which is how many go over in one statement.
#[derive(Default)]
struct Columns {
    ats: Vec<DateTime<Utc>>,
    services: Vec<String>,
    versions: Vec<String>,
    datacenters: Vec<String>,
    edges: Vec<String>,
    requests: Vec<i64>,
    errors: Vec<i64>,
    /// Arrays of different lengths cannot stand in one array: each as its text.
    latencies: Vec<String>,
}

impl Columns {
    fn push(&mut self, at: DateTime<Utc>, series: &Series, counts: &Counts) -> Result<()> {
        let datacenter = series.datacenter.as_ref().map(DatacenterId::as_str).unwrap_or_default();
        let latency: Vec<String> = counts.latency.counts().iter().map(u64::to_string).collect();
        self.ats.push(at);
        self.services.push(series.service.to_string());
        self.versions.push(series.version.clone());
        self.datacenters.push(datacenter.to_owned());
        self.edges.push(series.edge.to_string());
        self.requests.push(signed(counts.requests)?);
        self.errors.push(signed(counts.errors)?);
        self.latencies.push(format!("{{{}}}", latency.join(",")));
        Ok(())
    }
}

/// How fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    Second,
    Minute,
}

/// Which requests; `None` means any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub service: Option<ServiceId>,
    /// Of these edges.
    pub edges: Option<Vec<EdgeId>>,
    /// From this moment on.
    pub from: DateTime<Utc>,
    /// Before this moment.
    pub until: DateTime<Utc>,
}

/// One second or minute of a service and version, summed over what the filter lets through.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub at: DateTime<Utc>,
    pub service: ServiceId,
    pub version: String,
    pub counts: Counts,
}

/// Counts by time, service and version, oldest first.
pub async fn by_version(
    pool: &PgPool,
    resolution: Resolution,
    filter: &Filter,
) -> Result<Vec<Row>> {
    let edges: Option<Vec<String>> =
        filter.edges.as_ref().map(|edges| edges.iter().map(ToString::to_string).collect());
    let service = filter.service.as_ref().map(ServiceId::as_str);
    let rows = sqlx::query!(
        r#"SELECT at AS "at!", service AS "service!", version AS "version!",
               sum(requests)::bigint AS "requests!", sum(errors)::bigint AS "errors!",
               latency_sum(latency) AS "latency!"
           FROM (SELECT * FROM traffic_second WHERE NOT $5
                 UNION ALL SELECT * FROM traffic_minute WHERE $5) AS both_tables
           WHERE ($1::text IS NULL OR service = $1)
             AND ($2::text[] IS NULL OR edge = ANY($2))
             AND at >= $3 AND at < $4
           GROUP BY at, service, version ORDER BY at, service, version"#,
        service,
        edges as _,
        filter.from,
        filter.until,
        resolution == Resolution::Minute
    )
    .fetch_all(pool)
    .await?;
    let rows = rows.into_iter().map(|row| {
        let (at, service) = (row.at, parse(&row.service)?);
        let counts = counts(row.requests, row.errors, row.latency)?;
        Ok(Row { at, service, version: row.version, counts })
    });
    rows.collect()
}

/// Every series of each second from `from` on and before `until`, the newest first, at most
/// `limit` rows.
pub async fn seconds(
    pool: &PgPool,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<(DateTime<Utc>, Series, Counts)>> {
    let rows = sqlx::query!(
        "SELECT at, service, version, datacenter, edge, requests, errors, latency
         FROM traffic_second WHERE at >= $1 AND at < $2 ORDER BY at DESC LIMIT $3",
        from,
        until,
        limit
    )
    .fetch_all(pool)
    .await?;
    let seconds = rows.into_iter().map(|row| {
        let series = series(&row.service, row.version, &row.datacenter, &row.edge)?;
        Ok((row.at, series, counts(row.requests, row.errors, row.latency)?))
    });
    seconds.collect()
}

fn series(service: &str, version: String, datacenter: &str, edge: &str) -> Result<Series> {
    let datacenter = (!datacenter.is_empty()).then(|| parse(datacenter)).transpose()?;
    Ok(Series { service: parse(service)?, version, datacenter, edge: parse(edge)? })
}

fn counts(requests: i64, errors: i64, latency: Vec<i64>) -> Result<Counts> {
    let latency = latency.into_iter().map(natural).collect::<Result<Vec<_>>>()?;
    let latency = Histogram::new(latency)
        .ok_or_else(|| StoreError::corrupt("a histogram", "it has too many buckets"))?;
    Ok(Counts { requests: natural(requests)?, errors: natural(errors)?, latency })
}

/// Sums of a range by whole series, for shares of traffic and Prometheus: largest first, at most
/// `limit`.
pub async fn totals(
    pool: &PgPool,
    resolution: Resolution,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<(Series, Counts)>> {
    let limit = limit.clamp(0, TOTALS_MAX);
    let edges: Option<Vec<String>> =
        filter.edges.as_ref().map(|edges| edges.iter().map(ToString::to_string).collect());
    let rows = sqlx::query!(
        r#"SELECT service AS "service!", version AS "version!", datacenter AS "datacenter!",
               edge AS "edge!", sum(requests)::bigint AS "requests!",
               sum(errors)::bigint AS "errors!", latency_sum(latency) AS "latency!"
           FROM (SELECT * FROM traffic_second WHERE NOT $6
                 UNION ALL SELECT * FROM traffic_minute WHERE $6) AS both_tables
           WHERE ($1::text IS NULL OR service = $1)
             AND ($2::text[] IS NULL OR edge = ANY($2))
             AND at >= $3 AND at < $4
           GROUP BY service, version, datacenter, edge
           ORDER BY sum(requests) DESC LIMIT $5"#,
        filter.service.as_ref().map(ServiceId::as_str),
        edges as _,
        filter.from,
        filter.until,
        limit,
        resolution == Resolution::Minute
    )
    .fetch_all(pool)
    .await?;
    let totals = rows.into_iter().map(|row| {
        let series = series(&row.service, row.version, &row.datacenter, &row.edge)?;
        Ok((series, counts(row.requests, row.errors, row.latency)?))
    });
    totals.collect()
}

/// Seconds (of a minute 1 to 60; of a second 1) in which each edge was heard, oldest first.
pub async fn heard(
    pool: &PgPool,
    resolution: Resolution,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<(DateTime<Utc>, EdgeId, u16)>> {
    let rows = sqlx::query!(
        r#"SELECT at AS "at!", edge AS "edge!", seconds AS "seconds!"
           FROM (SELECT at, edge, 1::smallint AS seconds FROM edge_heard WHERE NOT $3
                 UNION ALL SELECT at, edge, seconds FROM edge_heard_minute WHERE $3) AS both_tables
           WHERE at >= $1 AND at < $2 ORDER BY at, edge"#,
        from,
        until,
        resolution == Resolution::Minute
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| Ok((row.at, parse(&row.edge)?, u16::try_from(row.seconds).unwrap_or(0))))
        .collect()
}

/// Makes minutes of the seconds that passed before `until` (the start of a minute) and were not
/// rolled up yet, and anew those that may have changed since. Returns whether minutes were made.
pub async fn roll_up(tx: &mut Tx<'_>, until: DateTime<Utc>) -> Result<bool> {
    let from = sqlx::query_scalar!(
        r#"WITH old AS (SELECT until FROM traffic_head FOR UPDATE)
           UPDATE traffic_head SET until = $1 FROM old WHERE old.until < $1
           RETURNING CASE WHEN old.until = '-infinity' THEN NULL ELSE old.until END AS "from""#,
        until
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(from) = from else { return Ok(false) };
    let from = from.map_or(DateTime::UNIX_EPOCH, |from| from - LATE);
    sqlx::query!(
        "INSERT INTO traffic_minute
             (at, service, version, datacenter, edge, requests, errors, latency)
         SELECT date_trunc('minute', at), service, version, datacenter, edge, sum(requests),
             sum(errors), latency_sum(latency)
         FROM traffic_second WHERE at >= $1 AND at < $2
         GROUP BY 1, 2, 3, 4, 5
         ON CONFLICT (service, at, version, edge, datacenter) DO UPDATE
         SET requests = excluded.requests, errors = excluded.errors, latency = excluded.latency",
        from,
        until
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "INSERT INTO edge_heard_minute (edge, at, seconds)
         SELECT edge, date_trunc('minute', at), count(*) FROM edge_heard
         WHERE at >= $1 AND at < $2 GROUP BY 1, 2
         ON CONFLICT (edge, at) DO UPDATE SET seconds = excluded.seconds",
        from,
        until
    )
    .execute(&mut **tx)
    .await?;
    Ok(true)
}

/// When a version of a service was last asked for at any edge, within the seconds kept.
pub async fn last_request(
    pool: &PgPool,
    service: &ServiceId,
    version: &str,
) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!(
        "SELECT at FROM traffic_second
         WHERE service = $1 AND version = $2 AND requests > 0 ORDER BY at DESC LIMIT 1",
        service.as_str(),
        version
    )
    .fetch_optional(pool)
    .await?)
}
