//! Sums of hours and days, for pages, reports and burn rates.

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::availability::burn::{LENGTHS, Lately};
use mainstay_core::availability::{Cell, Share, State, Tally, Total};
use mainstay_core::id::{GroupId, RegionId, ServiceId};
use sqlx::PgPool;

use crate::Result;
use crate::estate::parse;
use crate::lease::natural;

/// How fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grain {
    Hour,
    Day,
}

impl Grain {
    pub const fn length(self) -> TimeDelta {
        match self {
            Self::Hour => TimeDelta::hours(1),
            Self::Day => TimeDelta::days(1),
        }
    }
}

/// What sums over time are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Region,
    Group,
    Service,
}

/// Which minutes; `None` means any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub region: Option<RegionId>,
    pub group: Option<GroupId>,
    pub service: Option<ServiceId>,
}

/// What sums and exclusions were made of: as long as it is the same, so are they.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// As [`known`] tells it: minutes are added up in the transaction that moves it.
    pub decided: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// The last correction of an outage; 0: there is none.
    pub corrections: i64,
}

/// What stands now.
pub async fn version(pool: &PgPool) -> Result<Version> {
    let row = sqlx::query!(
        r#"SELECT head.began AS "began?", head.until AS "until?",
               (SELECT coalesce(max(id), 0) FROM outage_correction) AS "corrections!"
           FROM (VALUES (true)) AS one (row) LEFT JOIN availability_head AS head ON true"#
    )
    .fetch_one(pool)
    .await?;
    Ok(Version { decided: row.began.zip(row.until), corrections: row.corrections })
}

/// From when on, and up to when, minutes are decided. `None`: nothing was decided yet.
pub async fn known(pool: &PgPool) -> Result<Option<(DateTime<Utc>, DateTime<Utc>)>> {
    let row = sqlx::query!("SELECT began, until FROM availability_head").fetch_optional(pool);
    Ok(row.await?.map(|row| (row.began, row.until)))
}

/// Sums by service and region of the hours or days that begin from `from` on and before `until`.
pub async fn totals(
    pool: &PgPool,
    grain: Grain,
    filter: &Filter,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<Total>> {
    // Cells are summed by group and put together here: that needs no sorting of all rows. Minutes
    // of an hour or a day fit an integer, whose sums cost a fraction of a numeric's.
    let rows = sqlx::query!(
        r#"SELECT service AS "service!", region AS "region!", service_group AS "group!",
               sum(up::int) AS "up!", sum(degraded::int) AS "degraded!",
               sum(down::int) AS "down!", sum(planned::int) AS "planned!",
               sum(unmeasured::int) AS "unmeasured!", sum(requests)::bigint AS "requests!",
               sum(errors)::bigint AS "errors!"
           FROM (SELECT at, service, region, service_group, up, degraded, down, planned,
                     unmeasured, requests, errors
                 FROM availability_hour WHERE NOT $6
                 UNION ALL
                 SELECT at, service, region, service_group, up, degraded, down, planned,
                     unmeasured, requests, errors
                 FROM availability_day WHERE $6) AS both_tables
           WHERE at >= $1 AND at < $2 AND ($3::text IS NULL OR region = $3)
             AND ($4::text IS NULL OR service_group = $4) AND ($5::text IS NULL OR service = $5)
           GROUP BY service, region, service_group ORDER BY service, region, max(at)"#,
        from,
        until,
        filter.region.as_ref().map(RegionId::as_str),
        filter.group.as_ref().map(GroupId::as_str),
        filter.service.as_ref().map(ServiceId::as_str),
        grain == Grain::Day
    )
    .fetch_all(pool)
    .await?;
    let mut totals: Vec<Total> = Vec::with_capacity(rows.len());
    for row in rows {
        let cell = Cell { service: parse(&row.service)?, region: parse(&row.region)? };
        let states = [row.up, row.degraded, row.down, row.planned, row.unmeasured];
        let tally = tally(states, [row.requests, row.errors])?;
        let group = parse(&row.group)?;
        match totals.last_mut().filter(|last| last.cell == cell) {
            // The group it was in last comes last.
            Some(last) => {
                last.tally += tally;
                last.group = group;
            }
            None => totals.push(Total { cell, group, tally }),
        }
    }
    Ok(totals)
}

/// Sums by hour or day and by what `by` says, oldest first.
pub async fn buckets(
    pool: &PgPool,
    (grain, by): (Grain, By),
    filter: &Filter,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<(DateTime<Utc>, String, Tally)>> {
    let rows = sqlx::query!(
        r#"SELECT at AS "at!",
               CASE $7::text WHEN 'region' THEN region WHEN 'group' THEN service_group
                   ELSE service END AS "of!",
               sum(up::int) AS "up!", sum(degraded::int) AS "degraded!",
               sum(down::int) AS "down!", sum(planned::int) AS "planned!",
               sum(unmeasured::int) AS "unmeasured!", sum(requests)::bigint AS "requests!",
               sum(errors)::bigint AS "errors!"
           FROM (SELECT at, service, region, service_group, up, degraded, down, planned,
                     unmeasured, requests, errors
                 FROM availability_hour WHERE NOT $6
                 UNION ALL
                 SELECT at, service, region, service_group, up, degraded, down, planned,
                     unmeasured, requests, errors
                 FROM availability_day WHERE $6) AS both_tables
           WHERE at >= $1 AND at < $2 AND ($3::text IS NULL OR region = $3)
             AND ($4::text IS NULL OR service_group = $4) AND ($5::text IS NULL OR service = $5)
           GROUP BY 1, 2 ORDER BY 1, 2"#,
        from,
        until,
        filter.region.as_ref().map(RegionId::as_str),
        filter.group.as_ref().map(GroupId::as_str),
        filter.service.as_ref().map(ServiceId::as_str),
        grain == Grain::Day,
        match by {
            By::Region => "region",
            By::Group => "group",
            By::Service => "service",
        }
    )
    .fetch_all(pool)
    .await?;
    let buckets = rows.into_iter().map(|row| {
        let states = [row.up, row.degraded, row.down, row.planned, row.unmeasured];
        let tally = tally(states, [row.requests, row.errors])?;
        Ok((row.at, row.of, tally))
    });
    buckets.collect()
}

fn tally(states: [i64; 5], requests: [i64; 2]) -> Result<Tally> {
    let [up, degraded, down, planned, unmeasured] = states;
    let [requests, errors] = requests;
    Ok(Tally {
        up: natural(up)?,
        degraded: natural(degraded)?,
        down: natural(down)?,
        excluded: 0,
        planned: natural(planned)?,
        unmeasured: natural(unmeasured)?,
        requests: natural(requests)?,
        errors: natural(errors)?,
    })
}

/// The minutes of a service in a region, oldest first; those that are not kept, or in which it was
/// not there, are left out.
pub async fn minutes(
    pool: &PgPool,
    cell: &Cell,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<(DateTime<Utc>, State)>> {
    let rows = sqlx::query!(
        "SELECT at, states FROM availability_hour
         WHERE service = $1 AND region = $2 AND at > $3::timestamptz - interval '1 hour' AND at < $4
         ORDER BY at",
        cell.service.as_str(),
        cell.region.as_str(),
        from,
        until
    )
    .fetch_all(pool)
    .await?;
    let all = rows.iter().flat_map(|row| {
        let letters = row.states.chars().enumerate();
        letters.filter_map(|(minute, letter)| {
            let at = row.at + TimeDelta::minutes(i64::try_from(minute).ok()?);
            Some((at, State::from_letter(letter)?))
        })
    });
    Ok(all.filter(|(at, _)| *at >= from && *at < until).collect())
}

/// What was good of each service lately, up to the moment to which minutes are decided. Requests
/// of the last hour are taken as they are known by now.
pub async fn lately(
    pool: &PgPool,
    decided: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<(ServiceId, Lately)>> {
    let mut lately = decided_lately(pool, decided).await?;
    add_requests(pool, &mut lately, now).await?;
    Ok(lately)
}

/// Puts the requests of the last hour, as they are known by now, into what was decided.
pub async fn add_requests(
    pool: &PgPool,
    lately: &mut [(ServiceId, Lately)],
    now: DateTime<Utc>,
) -> Result<()> {
    let [five, thirty, sixty, ..] = LENGTHS.map(|minutes| now - TimeDelta::minutes(minutes.into()));
    let rows = sqlx::query!(
        r#"SELECT service,
               coalesce(sum(requests) FILTER (WHERE at >= $1), 0)::bigint AS "requests_5!",
               coalesce(sum(errors) FILTER (WHERE at >= $1), 0)::bigint AS "errors_5!",
               coalesce(sum(requests) FILTER (WHERE at >= $2), 0)::bigint AS "requests_30!",
               coalesce(sum(errors) FILTER (WHERE at >= $2), 0)::bigint AS "errors_30!",
               sum(requests)::bigint AS "requests_60!", sum(errors)::bigint AS "errors_60!"
           FROM traffic_minute WHERE at >= $3 GROUP BY service"#,
        five,
        thirty,
        sixty
    )
    .fetch_all(pool)
    .await?;
    for row in rows {
        let id: ServiceId = parse(&row.service)?;
        let shares = [
            share(row.requests_5, row.errors_5)?,
            share(row.requests_30, row.errors_30)?,
            share(row.requests_60, row.errors_60)?,
        ];
        if let Some((_, known)) = lately.iter_mut().find(|(service, _)| *service == id) {
            known.requests[..shares.len()].copy_from_slice(&shares);
        }
    }
    Ok(())
}

fn share(requests: i64, errors: i64) -> Result<Share> {
    let total = natural(requests)?;
    Ok(Share { good: total.saturating_sub(natural(errors)?), total })
}

/// What is known of hours: minutes of every length, and requests of the longer ones. It stays the
/// same until more is decided.
pub async fn decided_lately(
    pool: &PgPool,
    decided: DateTime<Utc>,
) -> Result<Vec<(ServiceId, Lately)>> {
    let rows = sqlx::query!(
        r#"SELECT service, at >= $3 AS "fine!", at >= $2 AS "six!", at,
               array_agg(states) AS "states!", sum(up + degraded + planned)::bigint AS "good!",
               sum(down)::bigint AS "down!", sum(requests)::bigint AS "requests!",
               sum(errors)::bigint AS "errors!"
           FROM availability_hour WHERE at >= $1 GROUP BY service, at ORDER BY service, at"#,
        decided - TimeDelta::minutes(LENGTHS[4].into()),
        decided - TimeDelta::minutes(LENGTHS[3].into()),
        decided - TimeDelta::hours(2)
    )
    .fetch_all(pool)
    .await?;
    let mut lately: Vec<(ServiceId, Lately)> = Vec::new();
    for row in rows {
        let id: ServiceId = parse(&row.service)?;
        if lately.last().is_none_or(|(last, _)| *last != id) {
            lately.push((id, Lately::default()));
        }
        let Some((_, known)) = lately.last_mut() else { continue };
        let requests = share(row.requests, row.errors)?;
        let minutes = Share { good: natural(row.good)?, total: natural(row.good + row.down)? };
        for (index, counts) in [(3, row.six), (4, true)] {
            if counts {
                grow(&mut known.requests[index], requests);
                grow(&mut known.minutes[index], minutes);
            }
        }
        if row.fine {
            for states in &row.states {
                fine(known, row.at, states, decided);
            }
        }
    }
    Ok(lately)
}

const fn grow(share: &mut Share, by: Share) {
    share.good += by.good;
    share.total += by.total;
}

/// Adds the minutes of an hour to the lengths of an hour and less.
fn fine(known: &mut Lately, hour: DateTime<Utc>, states: &str, decided: DateTime<Utc>) {
    for (minute, letter) in (0_i64..).zip(states.chars()) {
        let age = decided - (hour + TimeDelta::minutes(minute));
        let one = match State::from_letter(letter) {
            Some(State::Up | State::Degraded | State::Planned) => Share { good: 1, total: 1 },
            Some(State::Down) => Share { good: 0, total: 1 },
            Some(State::Unmeasured) | None => continue,
        };
        for (index, minutes) in LENGTHS.iter().enumerate().take(3) {
            if age <= TimeDelta::minutes(i64::from(*minutes)) {
                grow(&mut known.minutes[index], one);
            }
        }
    }
}
