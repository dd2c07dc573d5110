//! From what was kept of minutes to hours and days.

use std::collections::BTreeMap;

use chrono::{DateTime, DurationRound, TimeDelta, Timelike as _, Utc};
use mainstay_core::availability::probe::Counted;
use mainstay_core::availability::{ABSENT, Cell, HOUR_MINUTES, Kept, Minute, Seen, Tally};
use mainstay_core::id::{EdgeId, RegionId};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::estate::parse;
use crate::lease::{natural, signed};
use crate::traffic::LATE;
use crate::{Result, Tx};

/// Most rows of requests that are read at once; with more, a batch would have to be shorter.
const ROWS_MAX: i64 = 500_000;

/// Keeps the looks of a minute of this term, in place of those that were kept of it before.
pub async fn keep_looks(
    db: &mut PgConnection,
    at: DateTime<Utc>,
    epoch: u64,
    looks: &Counted,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO availability_probe (at, epoch, looks) VALUES ($1, $2, $3)
         ON CONFLICT (at, epoch) DO UPDATE SET looks = $3",
        at,
        signed(epoch)?,
        Json(looks) as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Up to where minutes are decided, locked until the transaction ends. Nothing was decided yet:
/// that is `begin` from now on.
pub async fn lock(tx: &mut Tx<'_>, begin: DateTime<Utc>) -> Result<DateTime<Utc>> {
    sqlx::query!(
        "INSERT INTO availability_head (began, until) VALUES ($1, $1) ON CONFLICT DO NOTHING",
        begin
    )
    .execute(&mut **tx)
    .await?;
    let until = sqlx::query_scalar!("SELECT until FROM availability_head FOR UPDATE")
        .fetch_one(&mut **tx)
        .await?;
    Ok(until)
}

/// Moves on what [`lock`] gives.
pub async fn move_on(tx: &mut Tx<'_>, until: DateTime<Utc>) -> Result<()> {
    sqlx::query!("UPDATE availability_head SET until = $1", until).execute(&mut **tx).await?;
    Ok(())
}

/// Before this, minutes of requests do not change any more. `None`: there are none yet.
pub async fn settled(db: &mut PgConnection) -> Result<Option<DateTime<Utc>>> {
    let head = sqlx::query_scalar!(
        r#"SELECT CASE WHEN until = '-infinity' THEN NULL ELSE until END AS "until"
           FROM traffic_head"#
    )
    .fetch_optional(db)
    .await?;
    Ok(head.flatten().map(|until| until - LATE))
}

/// What was kept of the minutes from `from` on and before `until`. `regions`: where each edge is.
pub async fn kept(
    db: &mut PgConnection,
    regions: &BTreeMap<EdgeId, RegionId>,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Kept> {
    let mut kept = Kept::default();
    let rows = sqlx::query!(
        r#"SELECT at, service, edge, sum(requests)::bigint AS "requests!",
               sum(errors)::bigint AS "errors!",
               array_agg(DISTINCT datacenter) FILTER (WHERE errors > 0 AND datacenter <> '')
                   AS failed_in
           FROM traffic_minute WHERE at >= $1 AND at < $2
           GROUP BY at, service, edge LIMIT $3"#,
        from,
        until,
        ROWS_MAX
    )
    .fetch_all(&mut *db)
    .await?;
    for row in rows {
        // An edge that the fleet does not have any more has no region.
        let Some(region) = regions.get(&parse::<EdgeId>(&row.edge)?) else { continue };
        let cell = Cell { service: parse(&row.service)?, region: region.clone() };
        let seen: &mut Seen = kept.seen.entry((row.at, cell)).or_default();
        seen.requests += natural(row.requests)?;
        seen.errors += natural(row.errors)?;
        for place in row.failed_in.unwrap_or_default() {
            seen.failed_in.insert(parse(&place)?);
        }
    }
    let rows = sqlx::query!(
        "SELECT at, edge, seconds FROM edge_heard_minute WHERE at >= $1 AND at < $2",
        from,
        until
    )
    .fetch_all(&mut *db)
    .await?;
    for row in rows {
        let Some(region) = regions.get(&parse::<EdgeId>(&row.edge)?) else { continue };
        let seconds = kept.heard.entry((row.at, region.clone())).or_default();
        *seconds = (*seconds).max(u16::try_from(row.seconds).unwrap_or(0));
    }
    let rows = sqlx::query!(
        r#"SELECT at, looks AS "looks: Json<Counted>" FROM availability_probe
           WHERE at >= $1 AND at < $2"#,
        from,
        until
    )
    .fetch_all(&mut *db)
    .await?;
    for row in rows {
        kept.probes.entry(row.at).or_default().merge(row.looks.0);
    }
    Ok(kept)
}

/// One cell's minutes of an hour, as columns.
struct Hour {
    first: usize,
    group: String,
    states: String,
    tally: Tally,
}

/// Adds minutes of one hour to it and to its day. They follow on those that were added before.
pub async fn add(tx: &mut Tx<'_>, minutes: &[Minute]) -> Result<()> {
    let mut hours: BTreeMap<(DateTime<Utc>, &Cell), Hour> = BTreeMap::new();
    for minute in minutes {
        let at = minute.at.duration_trunc(TimeDelta::hours(1)).unwrap_or(minute.at);
        let offset = (minute.at.minute() as usize).min(HOUR_MINUTES - 1);
        let hour = hours.entry((at, &minute.cell)).or_insert_with(|| Hour {
            first: offset,
            group: minute.group.to_string(),
            states: String::new(),
            tally: Tally::default(),
        });
        hour.states.push(minute.state.letter());
        hour.tally += Tally::from(minute);
    }
    let mut columns = Columns::default();
    for ((at, cell), hour) in &hours {
        columns.push(*at, cell, hour)?;
    }
    add_hours(tx, &columns).await?;
    add_days(tx, &columns).await
}

#[derive(Default)]
struct Columns {
    ats: Vec<DateTime<Utc>>,
    services: Vec<String>,
    regions: Vec<String>,
    groups: Vec<String>,
    firsts: Vec<i32>,
    states: Vec<String>,
    /// Up, degraded, down, planned, unmeasured, requests, errors.
    sums: [Vec<i64>; 7],
}

impl Columns {
    fn push(&mut self, at: DateTime<Utc>, cell: &Cell, hour: &Hour) -> Result<()> {
        let tally = &hour.tally;
        self.ats.push(at);
        self.services.push(cell.service.to_string());
        self.regions.push(cell.region.to_string());
        self.groups.push(hour.group.clone());
        self.firsts.push(i32::try_from(hour.first).unwrap_or(0));
        self.states.push(hour.states.clone());
        let sums = [
            tally.up,
            tally.degraded,
            tally.down,
            tally.planned,
            tally.unmeasured,
            tally.requests,
            tally.errors,
        ];
        for (column, sum) in self.sums.iter_mut().zip(sums) {
            column.push(signed(sum)?);
        }
        Ok(())
    }
}

async fn add_hours(tx: &mut Tx<'_>, columns: &Columns) -> Result<()> {
    let [up, degraded, down, planned, unmeasured, requests, errors] = &columns.sums;
    sqlx::query!(
        "INSERT INTO availability_hour AS old
             (at, service, region, service_group, states, up, degraded, down, planned, unmeasured,
              requests, errors)
         SELECT at, service, region, service_group, rpad('', first, $14) || states, up, degraded,
             down, planned, unmeasured, requests, errors
         FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[],
                     $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[],
                     $12::bigint[], $13::bigint[])
             AS new (at, service, region, service_group, first, states, up, degraded, down, planned,
                     unmeasured, requests, errors)
         ON CONFLICT (at, service, region) DO UPDATE
         SET states = old.states || substr(excluded.states, length(old.states) + 1),
             service_group = excluded.service_group,
             up = old.up + excluded.up, degraded = old.degraded + excluded.degraded,
             down = old.down + excluded.down, planned = old.planned + excluded.planned,
             unmeasured = old.unmeasured + excluded.unmeasured,
             requests = old.requests + excluded.requests, errors = old.errors + excluded.errors",
        &columns.ats,
        &columns.services,
        &columns.regions,
        &columns.groups,
        &columns.firsts,
        &columns.states,
        up,
        degraded,
        down,
        planned,
        unmeasured,
        requests,
        errors,
        ABSENT.to_string()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn add_days(tx: &mut Tx<'_>, columns: &Columns) -> Result<()> {
    let [up, degraded, down, planned, unmeasured, requests, errors] = &columns.sums;
    sqlx::query!(
        "INSERT INTO availability_day AS old
             (at, service, region, service_group, up, degraded, down, planned, unmeasured,
              requests, errors)
         SELECT date_trunc('day', at, 'UTC'), service, region, max(service_group), sum(up)::bigint,
             sum(degraded)::bigint, sum(down)::bigint, sum(planned)::bigint,
             sum(unmeasured)::bigint, sum(requests)::bigint, sum(errors)::bigint
         FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::bigint[],
                     $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[],
                     $11::bigint[])
             AS new (at, service, region, service_group, up, degraded, down, planned, unmeasured,
                     requests, errors)
         GROUP BY 1, 2, 3
         ON CONFLICT (at, service, region) DO UPDATE
         SET service_group = excluded.service_group,
             up = old.up + excluded.up, degraded = old.degraded + excluded.degraded,
             down = old.down + excluded.down, planned = old.planned + excluded.planned,
             unmeasured = old.unmeasured + excluded.unmeasured,
             requests = old.requests + excluded.requests, errors = old.errors + excluded.errors",
        &columns.ats,
        &columns.services,
        &columns.regions,
        &columns.groups,
        up,
        degraded,
        down,
        planned,
        unmeasured,
        requests,
        errors
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
