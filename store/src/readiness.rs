//! How ready places were, minute by minute, kept by the hour.

use std::collections::BTreeMap;

use chrono::{DateTime, DurationRound, TimeDelta, Timelike as _, Utc};
use mainstay_core::failover::preview::Verdict;
use mainstay_core::failover::readiness::{Away, Kept, Minutes};
use sqlx::PgPool;

use crate::estate::parse;
use crate::{Result, StoreError, Tx};

/// Adds a minute of places with their verdicts; one that was added before counts once.
pub async fn add(tx: &mut Tx<'_>, minute: DateTime<Utc>, judged: &[(Away, Verdict)]) -> Result<()> {
    let hour = minute.duration_trunc(TimeDelta::hours(1)).unwrap_or(minute);
    let offset = i16::try_from(minute.minute()).unwrap_or_default();
    let places: Vec<_> = judged.iter().map(|(away, _)| away.to_string()).collect();
    let of = |wanted: Verdict| -> Vec<bool> {
        judged.iter().map(|(_, verdict)| *verdict == wanted).collect()
    };
    sqlx::query!(
        "INSERT INTO failover_readiness
             (at, place, first_minute, last_minute, ready, warnings, unknown, not_ready)
         SELECT $1, place, $2, $2, ready::int::smallint, warnings::int::smallint,
             unknown::int::smallint, not_ready::int::smallint
         FROM unnest($3::text[], $4::bool[], $5::bool[], $6::bool[], $7::bool[])
             AS told (place, ready, warnings, unknown, not_ready)
         ON CONFLICT (at, place) DO UPDATE SET
             last_minute = excluded.last_minute,
             ready = failover_readiness.ready + excluded.ready,
             warnings = failover_readiness.warnings + excluded.warnings,
             unknown = failover_readiness.unknown + excluded.unknown,
             not_ready = failover_readiness.not_ready + excluded.not_ready
         WHERE failover_readiness.last_minute < excluded.last_minute",
        hour,
        offset,
        &places,
        &of(Verdict::Ready),
        &of(Verdict::Warnings),
        &of(Verdict::Unknown),
        &of(Verdict::NotReady)
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What was kept of each place from `from` on, in stretches of so many hours.
pub async fn over_time(
    pool: &PgPool,
    from: DateTime<Utc>,
    hours: i32,
) -> Result<BTreeMap<Away, Kept>> {
    let rows = sqlx::query!(
        r#"SELECT place AS "place!",
               date_bin(make_interval(hours => $2), at, 'epoch') AS "begun!",
               min(at + make_interval(mins => first_minute)) AS "since!",
               sum(ready) AS "ready!", sum(warnings) AS "warnings!", sum(unknown) AS "unknown!",
               sum(not_ready) AS "not_ready!"
           FROM failover_readiness WHERE at >= $1 GROUP BY 1, 2 ORDER BY 1, 2"#,
        from,
        hours
    )
    .fetch_all(pool)
    .await?;
    let number = |count: i64| {
        u32::try_from(count).map_err(|error| StoreError::corrupt("minutes of readiness", error))
    };
    let mut places: BTreeMap<Away, Kept> = BTreeMap::new();
    for row in rows {
        let minutes = Minutes {
            ready: number(row.ready)?,
            warnings: number(row.warnings)?,
            unknown: number(row.unknown)?,
            not_ready: number(row.not_ready)?,
            unjudged: 0,
        };
        let kept = places
            .entry(parse(&row.place)?)
            .or_insert_with(|| Kept { since: row.since, stretches: BTreeMap::new() });
        kept.stretches.insert(row.begun, minutes);
    }
    Ok(places)
}
