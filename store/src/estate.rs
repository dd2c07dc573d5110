//! What agents observed, so that a server that starts, or another server, knows it at once.
//!
//! Invariant: one writer for each data centre, the server that holds its newest link. Every write
//! names the link; a write of an older link changes nothing and says so. `seq` rises with every
//! write of a data centre, hence a reader that asks for what is newer than it knows misses nothing.

use chrono::{DateTime, Utc};
use mainstay_core::audit::Conflict;
use mainstay_core::deployment::{Slot, Track};
use mainstay_core::estate::{Deployment, Fact, FactKey, Instance};
use mainstay_core::id::{DatacenterId, IdError, InstanceId, ServiceId};
use mainstay_core::status::Tally;
use sqlx::postgres::PgQueryResult;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::StoreError;

/// A data centre's place in the write order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub datacenter: DatacenterId,
    pub link: i64,
    pub seq: i64,
    pub connected: bool,
    pub last_seen: DateTime<Utc>,
    pub agent_version: Option<String>,
    pub conflict: Option<Conflict>,
}

/// What changed in one data centre since the last write.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Everything not named in `instances`, `deployments` and `facts` is gone.
    pub full: bool,
    pub instances: Vec<Instance>,
    pub gone_instances: Vec<InstanceId>,
    pub deployments: Vec<Deployment>,
    pub gone_deployments: Vec<Slot>,
    /// One that is not named stays as it was, unless the batch is full.
    pub facts: Vec<Fact>,
    /// As it stands; written with every batch.
    pub conflict: Option<Conflict>,
}

/// What a reader gets: `None` is gone.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub instances: Vec<(InstanceId, Option<Instance>)>,
    pub deployments: Vec<(Slot, Option<Deployment>)>,
    pub facts: Vec<(FactKey, Option<Fact>)>,
}

/// Registers a new link of a data centre and returns its number; older links cannot write any more.
pub async fn open_link(
    db: &mut PgConnection,
    datacenter: &DatacenterId,
    agent_version: &str,
    now: DateTime<Utc>,
) -> Result<Head, StoreError> {
    let row = sqlx::query!(
        "INSERT INTO observed_datacenter AS o
             (datacenter, link, seq, connected, last_seen, agent_version)
         VALUES ($1, 1, 1, true, $2, $3)
         ON CONFLICT (datacenter) DO UPDATE
         SET link = o.link + 1, seq = o.seq + 1, connected = true, last_seen = $2,
             agent_version = $3
         RETURNING link, seq",
        datacenter.as_str(),
        now,
        agent_version
    )
    .fetch_one(db)
    .await?;
    Ok(Head {
        datacenter: datacenter.clone(),
        link: row.link,
        seq: row.seq,
        connected: true,
        last_seen: now,
        agent_version: Some(agent_version.to_owned()),
        conflict: None,
    })
}

/// Says that a link ended. Returns whether it was the newest.
pub async fn close_link(
    db: &mut PgConnection,
    datacenter: &DatacenterId,
    link: i64,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE observed_datacenter SET connected = false, seq = seq + 1
         WHERE datacenter = $1 AND link = $2",
        datacenter.as_str(),
        link
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes everything observed of a data centre that was not heard since `silent_since`. Returns
/// whether it was; other servers see that its head is gone.
pub async fn forget(
    db: &mut PgConnection,
    datacenter: &DatacenterId,
    silent_since: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let gone = sqlx::query!(
        "DELETE FROM observed_datacenter WHERE datacenter = $1 AND last_seen <= $2",
        datacenter.as_str(),
        silent_since
    )
    .execute(db)
    .await?;
    Ok(gone.rows_affected() == 1)
}

/// Writes what changed in one data centre. Returns the new `seq`, or `None` when the link is not
/// the newest any more (nothing was written).
pub async fn write(
    db: &mut PgConnection,
    datacenter: &DatacenterId,
    link: i64,
    last_seen: DateTime<Utc>,
    batch: &Batch,
) -> Result<Option<i64>, StoreError> {
    let dc = datacenter.as_str();
    let seq = sqlx::query_scalar!(
        "UPDATE observed_datacenter SET seq = seq + 1, last_seen = $3, connected = true,
             conflict = $4
         WHERE datacenter = $1 AND link = $2 RETURNING seq",
        dc,
        link,
        last_seen,
        batch.conflict.as_ref().map(Json) as Option<Json<&Conflict>>
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(seq) = seq else { return Ok(None) };
    write_instances(db, dc, seq, last_seen, batch).await?;
    write_deployments(db, dc, seq, last_seen, batch).await?;
    write_facts(db, dc, seq, last_seen, batch).await?;
    Ok(Some(seq))
}

async fn write_instances(
    db: &mut PgConnection,
    dc: &str,
    seq: i64,
    now: DateTime<Utc>,
    batch: &Batch,
) -> Result<(), StoreError> {
    let ids: Vec<String> = batch.instances.iter().map(|i| i.id.to_string()).collect();
    if batch.full {
        sqlx::query!(
            "UPDATE observed_instance SET body = NULL, seq = $2, changed_at = $4
             WHERE datacenter = $1 AND body IS NOT NULL AND NOT id = ANY($3)",
            dc,
            seq,
            &ids,
            now
        )
        .execute(&mut *db)
        .await?;
    }
    if !ids.is_empty() {
        let bodies = to_json(&batch.instances)?;
        sqlx::query!(
            "INSERT INTO observed_instance (datacenter, id, seq, changed_at, body)
             SELECT $1, id, $2, $5, body FROM unnest($3::text[], $4::jsonb[]) AS t(id, body)
             ON CONFLICT (datacenter, id)
             DO UPDATE SET seq = excluded.seq, changed_at = excluded.changed_at,
                 body = excluded.body",
            dc,
            seq,
            &ids,
            &bodies,
            now
        )
        .execute(&mut *db)
        .await?;
    }
    let gone: Vec<String> = batch.gone_instances.iter().map(ToString::to_string).collect();
    if !gone.is_empty() {
        sqlx::query!(
            "UPDATE observed_instance SET body = NULL, seq = $2, changed_at = $4
             WHERE datacenter = $1 AND id = ANY($3)",
            dc,
            seq,
            &gone,
            now
        )
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

async fn write_deployments(
    db: &mut PgConnection,
    dc: &str,
    seq: i64,
    now: DateTime<Utc>,
    batch: &Batch,
) -> Result<(), StoreError> {
    let (services, tracks) = slots(batch.deployments.iter().map(|d| (&d.service, d.track)));
    if batch.full {
        sqlx::query!(
            "UPDATE observed_deployment SET body = NULL, seq = $2, changed_at = $5
             WHERE datacenter = $1 AND body IS NOT NULL
               AND (service, track) NOT IN (SELECT * FROM unnest($3::text[], $4::text[]))",
            dc,
            seq,
            &services,
            &tracks,
            now
        )
        .execute(&mut *db)
        .await?;
    }
    if !services.is_empty() {
        let bodies = to_json(&batch.deployments)?;
        sqlx::query!(
            "INSERT INTO observed_deployment (datacenter, service, track, seq, changed_at, body)
             SELECT $1, s, t, $2, $6, body
             FROM unnest($3::text[], $4::text[], $5::jsonb[]) AS new (s, t, body)
             ON CONFLICT (datacenter, service, track)
             DO UPDATE SET seq = excluded.seq, changed_at = excluded.changed_at,
                 body = excluded.body",
            dc,
            seq,
            &services,
            &tracks,
            &bodies,
            now
        )
        .execute(&mut *db)
        .await?;
    }
    if !batch.gone_deployments.is_empty() {
        let (services, tracks) = slots(batch.gone_deployments.iter().map(|(s, t)| (s, *t)));
        sqlx::query!(
            "UPDATE observed_deployment SET body = NULL, seq = $2, changed_at = $5
             WHERE datacenter = $1
               AND (service, track) IN (SELECT * FROM unnest($3::text[], $4::text[]))",
            dc,
            seq,
            &services,
            &tracks,
            now
        )
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

fn slots<'a>(slots: impl Iterator<Item = (&'a ServiceId, Track)>) -> (Vec<String>, Vec<String>) {
    slots.map(|(service, track)| (service.to_string(), track.name().to_owned())).unzip()
}

async fn write_facts(
    db: &mut PgConnection,
    dc: &str,
    seq: i64,
    now: DateTime<Utc>,
    batch: &Batch,
) -> Result<(), StoreError> {
    let keys: Vec<String> = batch.facts.iter().map(|fact| fact.key().to_string()).collect();
    if batch.full {
        sqlx::query!(
            "UPDATE observed_fact SET body = NULL, seq = $2, changed_at = $4
             WHERE datacenter = $1 AND body IS NOT NULL AND NOT key = ANY($3)",
            dc,
            seq,
            &keys,
            now
        )
        .execute(&mut *db)
        .await?;
    }
    if !keys.is_empty() {
        let bodies = to_json(&batch.facts)?;
        sqlx::query!(
            "INSERT INTO observed_fact (datacenter, key, seq, changed_at, body)
             SELECT $1, key, $2, $5, body FROM unnest($3::text[], $4::jsonb[]) AS t(key, body)
             ON CONFLICT (datacenter, key)
             DO UPDATE SET seq = excluded.seq, changed_at = excluded.changed_at,
                 body = excluded.body",
            dc,
            seq,
            &keys,
            &bodies,
            now
        )
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

fn to_json<T: serde::Serialize>(items: &[T]) -> Result<Vec<serde_json::Value>, StoreError> {
    let values: Result<_, _> = items.iter().map(serde_json::to_value).collect();
    values.map_err(|error| StoreError::corrupt("an observation", error))
}

/// The heads of all data centres: one small row each.
pub async fn heads(pool: &PgPool) -> Result<Vec<Head>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT datacenter, link, seq, connected, last_seen, agent_version,
                  conflict AS "conflict: Json<Conflict>"
           FROM observed_datacenter ORDER BY datacenter"#
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Head {
                datacenter: parse(&row.datacenter)?,
                link: row.link,
                seq: row.seq,
                connected: row.connected,
                last_seen: row.last_seen,
                agent_version: row.agent_version,
                conflict: row.conflict.map(|Json(conflict)| conflict),
            })
        })
        .collect()
}

/// What was written for a data centre after `seq`; 0 reads everything.
pub async fn changes_since(
    pool: &PgPool,
    datacenter: &DatacenterId,
    seq: i64,
) -> Result<Changes, StoreError> {
    let instances = sqlx::query!(
        r#"SELECT id, body AS "body: Json<Instance>" FROM observed_instance
           WHERE datacenter = $1 AND seq > $2"#,
        datacenter.as_str(),
        seq
    )
    .fetch_all(pool)
    .await?;
    let deployments = sqlx::query!(
        r#"SELECT service, track, body AS "body: Json<Deployment>" FROM observed_deployment
           WHERE datacenter = $1 AND seq > $2"#,
        datacenter.as_str(),
        seq
    )
    .fetch_all(pool)
    .await?;
    let facts = sqlx::query!(
        r#"SELECT key, body AS "body: Json<Fact>" FROM observed_fact
           WHERE datacenter = $1 AND seq > $2"#,
        datacenter.as_str(),
        seq
    )
    .fetch_all(pool)
    .await?;
    Ok(Changes {
        instances: instances
            .into_iter()
            .map(|row| Ok((parse(&row.id)?, row.body.map(|Json(body)| body))))
            .collect::<Result<_, StoreError>>()?,
        deployments: deployments
            .into_iter()
            .map(|row| {
                let slot = (parse(&row.service)?, track(&row.track)?);
                Ok((slot, row.body.map(|Json(body)| body)))
            })
            .collect::<Result<_, StoreError>>()?,
        facts: facts
            .into_iter()
            .map(|row| {
                let key = row.key.parse();
                let key = key.map_err(|error| StoreError::corrupt("a fact's key", error))?;
                Ok((key, row.body.map(|Json(body)| body)))
            })
            .collect::<Result<_, StoreError>>()?,
    })
}

/// Adds the counts of this minute; the last write of a minute wins.
pub async fn write_tallies(
    db: &mut PgConnection,
    minute: DateTime<Utc>,
    tallies: &[(DatacenterId, Tally)],
) -> Result<(), StoreError> {
    for (datacenter, tally) in tallies {
        let counts: Vec<i32> =
            tally.0.iter().map(|n| i32::try_from(*n).unwrap_or(i32::MAX)).collect();
        sqlx::query!(
            "INSERT INTO tally_minute (datacenter, at, counts) VALUES ($1, $2, $3)
             ON CONFLICT (datacenter, at) DO UPDATE SET counts = excluded.counts",
            datacenter.as_str(),
            minute,
            &counts
        )
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// Counts of a data centre by minute, oldest first, from a moment on. Minutes without a row were
/// not measured.
pub async fn tallies(
    pool: &PgPool,
    datacenter: &DatacenterId,
    from: DateTime<Utc>,
) -> Result<Vec<(DateTime<Utc>, Tally)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT at, counts FROM tally_minute WHERE datacenter = $1 AND at >= $2 ORDER BY at",
        datacenter.as_str(),
        from
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let mut tally = Tally::default();
            for (slot, count) in tally.0.iter_mut().zip(row.counts) {
                *slot = u32::try_from(count).unwrap_or(0);
            }
            (row.at, tally)
        })
        .collect())
}

/// Removes tombstones and minutes older than asked, at most `limit` rows of each. Returns how
/// many went.
pub async fn expire(
    pool: &PgPool,
    tombstones_before: DateTime<Utc>,
    minutes_before: DateTime<Utc>,
    limit: i64,
) -> Result<u64, StoreError> {
    let instances = sqlx::query!(
        "DELETE FROM observed_instance WHERE ctid = ANY(ARRAY(
           SELECT ctid FROM observed_instance
           WHERE body IS NULL AND changed_at < $1 LIMIT $2))",
        tombstones_before,
        limit
    )
    .execute(pool)
    .await?;
    let deployments = sqlx::query!(
        "DELETE FROM observed_deployment WHERE ctid = ANY(ARRAY(
           SELECT ctid FROM observed_deployment
           WHERE body IS NULL AND changed_at < $1 LIMIT $2))",
        tombstones_before,
        limit
    )
    .execute(pool)
    .await?;
    let facts = sqlx::query!(
        "DELETE FROM observed_fact WHERE ctid = ANY(ARRAY(
           SELECT ctid FROM observed_fact
           WHERE body IS NULL AND changed_at < $1 LIMIT $2))",
        tombstones_before,
        limit
    )
    .execute(pool)
    .await?;
    let minutes = sqlx::query!(
        "DELETE FROM tally_minute WHERE ctid = ANY(ARRAY(
           SELECT ctid FROM tally_minute WHERE at < $1 LIMIT $2))",
        minutes_before,
        limit
    )
    .execute(pool)
    .await?;
    let gone = [instances, deployments, facts, minutes];
    Ok(gone.iter().map(PgQueryResult::rows_affected).sum())
}

pub(crate) fn parse<T: std::str::FromStr<Err = IdError>>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|error| StoreError::corrupt("an id", error))
}

/// The track with this name, as the store keeps it.
pub(crate) fn track(name: &str) -> Result<Track, StoreError> {
    let known = Track::ALL.into_iter().find(|track| track.name() == name);
    known.ok_or_else(|| StoreError::corrupt("a track", name))
}
