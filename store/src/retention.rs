//! Deleting what is no longer needed, a little at a time.
//!
//! Everything that grows has its time here or in its own module; a sweep deletes in batches, each
//! in its own short transaction, so that it never holds up the work of the day. The audit log is
//! never deleted.

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::failover::readiness::KEPT as READINESS_KEPT;
use mainstay_core::id::ServiceId;
use mainstay_core::pipeline::look::ANSWERS_KEPT;

use crate::{Result, Store, repository};

/// How long a finished command is kept.
pub const COMMANDS_KEPT: TimeDelta = TimeDelta::days(30);
/// How long requests are kept by the second.
pub const SECONDS_KEPT: TimeDelta = TimeDelta::hours(1);
/// How long what was seen of instances is kept for minutes that are not decided yet.
pub const LOOKS_KEPT: TimeDelta = TimeDelta::days(2);
/// How long availability is kept by the hour, with each of its minutes.
pub const AVAILABILITY_HOURS_KEPT: TimeDelta = TimeDelta::days(100);
/// How long it is kept by the day, and outages with what was said of them: five years.
pub const AVAILABILITY_KEPT: TimeDelta = TimeDelta::days(1_830);
/// How long requests are kept by the minute.
pub const MINUTES_KEPT: TimeDelta = TimeDelta::days(31);
/// How long a request under a one-time key is answered as the first time.
pub const KEYS_KEPT: TimeDelta = TimeDelta::days(1);
/// How long benches, and rollouts that are over with all that belongs to them, are kept.
pub const ROLLOUTS_KEPT: TimeDelta = TimeDelta::days(400);
/// How long problems that ended, and tokens and certificates that expired, can be looked up. What
/// happened with them is in the audit log for ever; every fleet that was in force stays too.
pub const RECORDS_KEPT: TimeDelta = TimeDelta::days(400);
/// How long failovers and drills that are over, and of which nothing stands, are kept: as long as
/// the outages whose accounts name them.
pub const FAILOVERS_KEPT: TimeDelta = AVAILABILITY_KEPT;
/// How long what was done with backups, and planned events that are over, can be looked up: five
/// years, longer than any copy is kept, so that a proof outlives its copy.
pub const PROOFS_KEPT: TimeDelta = AVAILABILITY_KEPT;
/// How long messages that were sent or given up are kept.
pub const DELIVERIES_KEPT: TimeDelta = TimeDelta::days(90);
/// How long messages of pipelines are kept, so that none is taken twice.
pub const MESSAGES_KEPT: TimeDelta = TimeDelta::days(90);
/// How long it is known what pipelines said of a commit.
pub const REPORTS_KEPT: TimeDelta = TimeDelta::days(400);
/// How long it is known what a server that is gone said of edges and which batches it wrote.
pub const SERVERS_KEPT: TimeDelta = TimeDelta::days(1);
/// Rows deleted at once.
pub const BATCH: i64 = 500;
/// Batches of one sweep; what is left waits for the next one.
pub const BATCHES_MAX: u32 = 200;

/// Deletes finished commands older than [`COMMANDS_KEPT`]; returns how many.
///
/// The newest command about each subject in a data centre stays for ever: its token is what an
/// agent's journal is compared with.
pub async fn commands(store: &Store, now: DateTime<Utc>) -> Result<u64> {
    let before = now - COMMANDS_KEPT;
    in_batches(|| async move {
        let deleted = sqlx::query!(
            "DELETE FROM command WHERE id IN (
                 SELECT id FROM command AS old
                 WHERE finished_at < $1 AND EXISTS (
                     SELECT FROM command AS newer
                     WHERE newer.datacenter = old.datacenter AND newer.subject = old.subject
                       AND (newer.timeline, newer.epoch, newer.seq)
                         > (old.timeline, old.epoch, old.seq))
                 ORDER BY finished_at LIMIT $2)",
            before,
            BATCH
        )
        .execute(store.acts())
        .await?;
        Ok(deleted.rows_affected())
    })
    .await
}

/// Deletes requests by second and minute that are older than their time; returns how many rows.
/// `judged`: services whose seconds from a moment on are still needed.
pub async fn traffic(
    store: &Store,
    now: DateTime<Utc>,
    judged: &[(ServiceId, DateTime<Utc>)],
) -> Result<u64> {
    let (seconds, minutes) = (now - SECONDS_KEPT, now - MINUTES_KEPT);
    let services: Vec<String> = judged.iter().map(|(service, _)| service.to_string()).collect();
    let since: Vec<DateTime<Utc>> = judged.iter().map(|(_, since)| *since).collect();
    let heard = since.iter().copied().fold(seconds, DateTime::min);
    let (services, since) = (&services, &since);
    let pool = store.acts();
    let mut sum = in_batches(|| async move {
        let deleted = sqlx::query!(
            "DELETE FROM traffic_second WHERE ctid = ANY(ARRAY(
                 SELECT ctid FROM traffic_second AS old
                 WHERE at < $1 AND NOT EXISTS (
                     SELECT FROM unnest($3::text[], $4::timestamptz[]) AS judged (service, since)
                     WHERE judged.service = old.service AND old.at >= since)
                 ORDER BY at LIMIT $2))",
            seconds,
            BATCH,
            services,
            since
        );
        Ok(deleted.execute(pool).await?.rows_affected())
    })
    .await?;
    sum += in_batches(|| async move {
        let deleted = sqlx::query!(
            "DELETE FROM traffic_minute WHERE ctid = ANY(ARRAY(
                 SELECT ctid FROM traffic_minute WHERE at < $1 ORDER BY at LIMIT $2))",
            minutes,
            BATCH
        );
        Ok(deleted.execute(pool).await?.rows_affected())
    })
    .await?;
    sum += in_batches(|| async move {
        let deleted = sqlx::query!(
            "DELETE FROM edge_heard WHERE ctid = ANY(ARRAY(
                 SELECT ctid FROM edge_heard WHERE at < $1 ORDER BY at LIMIT $2))",
            heard,
            BATCH
        );
        Ok(deleted.execute(pool).await?.rows_affected())
    })
    .await?;
    sum += in_batches(|| async move {
        let deleted = sqlx::query!(
            "DELETE FROM edge_heard_minute WHERE ctid = ANY(ARRAY(
                 SELECT ctid FROM edge_heard_minute WHERE at < $1 ORDER BY at LIMIT $2))",
            minutes,
            BATCH
        );
        Ok(deleted.execute(pool).await?.rows_affected())
    })
    .await?;
    Ok(sum)
}

/// Deletes one-time keys, old benches, old rollouts that nothing refers to any more, and what
/// servers that are gone had told; returns how many rows.
pub async fn releases(store: &Store, now: DateTime<Utc>) -> Result<u64> {
    let (keys, servers) = (now - KEYS_KEPT, now - SERVERS_KEPT);
    let pool = store.acts();
    let mut sum = in_batches(|| async move {
        let deleted = sqlx::query!(
            "DELETE FROM request_key WHERE key IN (
                 SELECT key FROM request_key WHERE at < $1 LIMIT $2)",
            keys,
            BATCH
        );
        Ok(deleted.execute(pool).await?.rows_affected())
    })
    .await?;
    for deleted in [
        sqlx::query!("DELETE FROM edge_state WHERE seen_at < $1", servers).execute(pool).await?,
        sqlx::query!("DELETE FROM traffic_writer WHERE at < $1", servers).execute(pool).await?,
    ] {
        sum += deleted.rows_affected();
    }
    Ok(sum + rollouts(store, now - ROLLOUTS_KEPT).await?)
}

/// Deletes ended problems, runs of runbooks, and expired tokens and certificates older than
/// [`RECORDS_KEPT`]; returns how many rows.
pub async fn records(store: &Store, now: DateTime<Utc>) -> Result<u64> {
    let before = now - RECORDS_KEPT;
    let pool = store.acts();
    let problems = in_batches(|| async move {
        let deleted = sqlx::query!(
            "DELETE FROM problem WHERE id IN (
                 SELECT id FROM problem WHERE closed_at < $1 ORDER BY closed_at LIMIT $2)",
            before,
            BATCH
        );
        Ok(deleted.execute(pool).await?.rows_affected())
    })
    .await?;
    let expired = [
        sqlx::query!("DELETE FROM api_tokens WHERE expires_at < $1", before).execute(pool).await?,
        sqlx::query!("DELETE FROM join_tokens WHERE expires_at < $1", before).execute(pool).await?,
        sqlx::query!("DELETE FROM agent_certificates WHERE expires_at < $1", before)
            .execute(pool)
            .await?,
    ];
    let runs = in_batches(|| async move {
        let deleted = sqlx::query!(
            "DELETE FROM runbook_run WHERE id IN (
                 SELECT id FROM runbook_run WHERE ended_at < $1 ORDER BY id LIMIT $2)",
            before,
            BATCH
        );
        Ok(deleted.execute(pool).await?.rows_affected())
    })
    .await?;
    Ok(problems + runs + expired.iter().map(|deleted| deleted.rows_affected()).sum::<u64>())
}

/// Deletes old failovers with all that belongs to them, decisions of the orchestrator, planned
/// drills that are over, and how ready places were; returns how many rows.
pub async fn failovers(store: &Store, now: DateTime<Utc>) -> Result<u64> {
    let (records, before) = (now - RECORDS_KEPT, now - FAILOVERS_KEPT);
    let pool = store.acts();
    let decisions = in_batches(|| async move {
        let deleted = sqlx::query!(
            "DELETE FROM orchestrator_decision WHERE id IN (
                 SELECT id FROM orchestrator_decision WHERE at < $1 ORDER BY id LIMIT $2)",
            records,
            BATCH
        );
        Ok(deleted.execute(pool).await?.rows_affected())
    })
    .await?;
    let runs = in_batches(|| async move {
        let deleted = sqlx::query!(
            "WITH old AS (
                 SELECT id FROM failover_run
                 WHERE kind = 'ended' AND closed AND changed_at < $1 AND NOT EXISTS (
                     SELECT FROM orchestrator_decision AS decision
                     WHERE decision.run = failover_run.id)
                 ORDER BY id LIMIT $2
             ), events AS (DELETE FROM failover_event USING old WHERE run = old.id)
             DELETE FROM failover_run USING old WHERE failover_run.id = old.id",
            before,
            BATCH
        );
        Ok(deleted.execute(pool).await?.rows_affected())
    })
    .await?;
    let drills =
        sqlx::query!("DELETE FROM failover_drill WHERE status <> 'planned' AND at < $1", records);
    let drills = drills.execute(pool).await?.rows_affected();
    let ready = sqlx::query!("DELETE FROM failover_readiness WHERE at < $1", now - READINESS_KEPT);
    let ready = ready.execute(pool).await?.rows_affected();
    Ok(decisions + runs + drills + ready)
}

/// Deletes what was asked and answered long ago: approvals, and sets of runbooks that were
/// replaced; returns how many rows.
pub async fn answers(store: &Store, now: DateTime<Utc>) -> Result<u64> {
    let before = now - RECORDS_KEPT;
    let pool = store.acts();
    let approvals = in_batches(|| async move {
        let deleted = sqlx::query!(
            "DELETE FROM approval WHERE id IN (
                 SELECT id FROM approval WHERE status <> 'waiting' AND until < $1 AND at < $1
                 ORDER BY id LIMIT $2)",
            before,
            BATCH
        );
        Ok(deleted.execute(pool).await?.rows_affected())
    })
    .await?;
    let sets = sqlx::query!(
        "DELETE FROM runbook_set AS old WHERE EXISTS (
             SELECT FROM runbook_set AS newer
             WHERE newer.revision > old.revision AND newer.applied_at < $1)",
        before
    );
    Ok(approvals + sets.execute(pool).await?.rows_affected())
}

/// Deletes runs of backups, work on databases, restores and planned events older than
/// [`PROOFS_KEPT`]; returns how many rows. The newest of each kind of each database stays.
pub async fn proofs(store: &Store, now: DateTime<Utc>) -> Result<u64> {
    let before = now - PROOFS_KEPT;
    let pool = store.acts();
    let runs = in_batches(|| async move {
        let deleted = sqlx::query!(
            "DELETE FROM backup_run WHERE id IN (
                 SELECT id FROM backup_run AS old
                 WHERE kind NOT IN ('waiting', 'ordered') AND changed_at < $1 AND EXISTS (
                     SELECT FROM backup_run AS newer
                     WHERE newer.database = old.database AND newer.id > old.id)
                 LIMIT $2)",
            before,
            BATCH
        );
        Ok(deleted.execute(pool).await?.rows_affected())
    })
    .await?;
    let work = in_batches(|| async move {
        let deleted = sqlx::query!(
            "DELETE FROM database_work WHERE id IN (
                 SELECT id FROM database_work AS old
                 WHERE ended_at < $1 AND EXISTS (
                     SELECT FROM database_work AS newer
                     WHERE newer.database = old.database AND newer.task = old.task
                       AND newer.ended_at > old.ended_at)
                 LIMIT $2)",
            before,
            BATCH
        );
        Ok(deleted.execute(pool).await?.rows_affected())
    })
    .await?;
    let restores = sqlx::query!(
        "DELETE FROM database_restore AS old
         WHERE kind NOT IN ('requested', 'ordered') AND changed_at < $1 AND EXISTS (
             SELECT FROM database_restore AS newer
             WHERE newer.database = old.database AND newer.id > old.id)",
        before
    );
    let restores = restores.execute(pool).await?.rows_affected();
    let events = in_batches(|| async move {
        let deleted = sqlx::query!(
            "WITH old AS (
                 SELECT id FROM planned_event
                 WHERE status IN ('done', 'cancelled') AND ends < $1 AND changed_at < $1
                 ORDER BY id LIMIT $2
             ), log AS (DELETE FROM planned_event_log USING old WHERE event = old.id)
             DELETE FROM planned_event USING old WHERE planned_event.id = old.id",
            before,
            BATCH
        );
        Ok(deleted.execute(pool).await?.rows_affected())
    })
    .await?;
    Ok(runs + work + restores + events)
}

/// Deletes old messages, and removed channels without any; returns how many rows.
pub async fn notifications(store: &Store, now: DateTime<Utc>) -> Result<u64> {
    let before = now - DELIVERIES_KEPT;
    let pool = store.acts();
    let deliveries = in_batches(|| async move {
        let deleted = sqlx::query!(
            "DELETE FROM notify_delivery WHERE id IN (
                 SELECT id FROM notify_delivery WHERE settled_at < $1
                 ORDER BY settled_at LIMIT $2)",
            before,
            BATCH
        );
        Ok(deleted.execute(pool).await?.rows_affected())
    })
    .await?;
    // What a leader planned in the moment in which a channel was removed.
    let threads = sqlx::query!(
        "DELETE FROM notify_thread USING notify_channel
         WHERE id = channel AND status = 'removed'"
    )
    .execute(pool)
    .await?;
    let channels = sqlx::query!(
        "DELETE FROM notify_channel AS old
         WHERE status = 'removed' AND changed_at < $1
           AND NOT EXISTS (SELECT FROM notify_delivery WHERE channel = old.id)",
        before
    )
    .execute(pool)
    .await?;
    Ok(deliveries + threads.rows_affected() + channels.rows_affected())
}

/// Deletes old messages and reports of pipelines, removed sources without any, and what
/// repositories answered long ago; returns how many rows.
pub async fn pipelines(store: &Store, now: DateTime<Utc>) -> Result<u64> {
    let (messages, reports) = (now - MESSAGES_KEPT, now - REPORTS_KEPT);
    let pool = store.acts();
    let messages = in_batches(|| async move {
        let deleted = sqlx::query!(
            "DELETE FROM pipeline_delivery WHERE id IN (
                 SELECT id FROM pipeline_delivery WHERE at < $1 ORDER BY at LIMIT $2)",
            messages,
            BATCH
        );
        Ok(deleted.execute(pool).await?.rows_affected())
    })
    .await?;
    let reports = in_batches(|| async move {
        let deleted = sqlx::query!(
            "DELETE FROM pipeline_report WHERE ctid = ANY(ARRAY(
                 SELECT ctid FROM pipeline_report WHERE heard_at < $1 ORDER BY heard_at LIMIT $2))",
            reports,
            BATCH
        );
        Ok(deleted.execute(pool).await?.rows_affected())
    })
    .await?;
    let sources = sqlx::query!(
        "DELETE FROM pipeline_source AS old
         WHERE removed AND NOT EXISTS (SELECT FROM pipeline_delivery WHERE source = old.id)
           AND NOT EXISTS (SELECT FROM pipeline_report WHERE source = old.id)"
    )
    .execute(pool)
    .await?;
    let looks = repository::expire(pool, now - ANSWERS_KEPT).await?;
    Ok(messages + reports + sources.rows_affected() + looks)
}

/// Deletes what was kept long enough of availability; returns how many rows.
pub async fn availability(store: &Store, now: DateTime<Utc>) -> Result<u64> {
    let (looks, hours) = (now - LOOKS_KEPT, now - AVAILABILITY_HOURS_KEPT);
    let days = now - AVAILABILITY_KEPT;
    let pool = store.acts();
    let looks = sqlx::query!("DELETE FROM availability_probe WHERE at < $1", looks).execute(pool);
    let looks = looks.await?.rows_affected();
    let hours = in_batches(|| async move {
        let deleted = sqlx::query!(
            "DELETE FROM availability_hour WHERE ctid = ANY(ARRAY(
                 SELECT ctid FROM availability_hour WHERE at < $1 ORDER BY at LIMIT $2))",
            hours,
            BATCH
        );
        Ok(deleted.execute(pool).await?.rows_affected())
    })
    .await?;
    let old = in_batches(|| async move {
        let deleted = sqlx::query!(
            "DELETE FROM availability_day WHERE ctid = ANY(ARRAY(
                 SELECT ctid FROM availability_day WHERE at < $1 ORDER BY at LIMIT $2))",
            days,
            BATCH
        );
        Ok(deleted.execute(pool).await?.rows_affected())
    })
    .await?;
    let outages = in_batches(|| async move {
        let deleted = sqlx::query!(
            "WITH old AS (SELECT id FROM outage WHERE last_at < $1 ORDER BY last_at LIMIT $2),
             said AS (DELETE FROM outage_correction USING old WHERE outage = old.id)
             DELETE FROM outage USING old WHERE outage.id = old.id",
            days,
            BATCH
        );
        Ok(deleted.execute(pool).await?.rows_affected())
    })
    .await?;
    Ok(looks + hours + old + outages)
}

async fn rollouts(store: &Store, before: DateTime<Utc>) -> Result<u64> {
    let pool = store.acts();
    let benches = sqlx::query!(
        "DELETE FROM bench_result WHERE finished AND asked_at < $1
             AND (expires_at IS NULL OR expires_at < $1)",
        before
    )
    .execute(pool)
    .await?;
    let old = in_batches(|| async move {
        let deleted = sqlx::query!(
            "WITH old AS (
                 SELECT id FROM rollout
                 WHERE kind = 'ended' AND changed_at < $1
                   AND NOT EXISTS (SELECT FROM release WHERE release.rollout = rollout.id)
                   AND NOT EXISTS (SELECT FROM quarantine WHERE quarantine.rollout = rollout.id)
                 LIMIT $2
             ), events AS (DELETE FROM rollout_event USING old WHERE rollout = old.id),
             verdicts AS (DELETE FROM verdict USING old WHERE rollout = old.id)
             DELETE FROM rollout USING old WHERE rollout.id = old.id",
            before,
            BATCH
        );
        Ok(deleted.execute(pool).await?.rows_affected())
    })
    .await?;
    Ok(benches.rows_affected() + old)
}

/// Calls `delete`, which deletes up to [`BATCH`] rows and returns how many, until it finds fewer
/// or [`BATCHES_MAX`] is reached; returns the sum.
pub async fn in_batches<F: Future<Output = Result<u64>>>(delete: impl Fn() -> F) -> Result<u64> {
    let mut sum = 0;
    for _ in 0..BATCHES_MAX {
        let deleted = delete().await?;
        sum += deleted;
        if deleted < BATCH as u64 {
            break;
        }
    }
    Ok(sum)
}
