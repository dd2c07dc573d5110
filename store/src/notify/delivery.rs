//! Deliveries: planned with what a channel is told, claimed before they are tried, settled once.
//!
//! A claim is committed before anything is sent, so whatever arrived anywhere is known here. A
//! server that dies in the middle leaves a claim that runs out; the delivery is tried again under
//! the same id. The number of the try is the fence: what a server that was slow says of an old try
//! changes nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use mainstay_core::notify::answer::{AGE_MAX, Answer, Trouble};
use mainstay_core::notify::plan::{Due, Lately, RATE_WINDOW, Thread, Told};
use mainstay_core::notify::{ChannelId, Content, Delivery, DeliveryId, Severity, State, Way};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::{Result, StoreError, Tx};

/// Most deliveries claimed at once, and most of one page.
pub const BATCH: i64 = 64;
/// Most threads that are read: far more than channels times problems that a person could follow.
const THREADS_MAX: i64 = 20_000;

/// What channels were told and not told the end of.
pub async fn threads(db: &mut PgConnection) -> Result<Vec<Thread>> {
    let rows = sqlx::query!(
        "SELECT channel, problem, severity, told_at, times FROM notify_thread
         ORDER BY channel, problem LIMIT $1",
        THREADS_MAX
    )
    .fetch_all(db)
    .await?;
    let threads = rows.into_iter().map(|row| Thread {
        channel: ChannelId(row.channel),
        problem: row.problem,
        // A severity of a later version is read as the worst: it is not told again.
        severity: Severity::from_name(&row.severity).unwrap_or(Severity::Critical),
        told_at: row.told_at,
        times: row.times.try_into().unwrap_or(u32::MAX),
    });
    Ok(threads.collect())
}

/// What was planned of each channel lately, and the pushes that wait.
pub async fn lately(
    db: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<BTreeMap<ChannelId, Lately>> {
    let rows = sqlx::query!(
        r#"SELECT channel, count(*) FILTER (WHERE planned_at > $1) AS "count!",
               max(planned_at) AS last_at
           FROM notify_delivery WHERE NOT test AND planned_at > $1 GROUP BY channel"#,
        now - RATE_WINDOW
    )
    .fetch_all(&mut *db)
    .await?;
    let mut lately: BTreeMap<ChannelId, Lately> = BTreeMap::new();
    for row in rows {
        let count = usize::try_from(row.count).unwrap_or(usize::MAX);
        let known = Lately { count, last_at: row.last_at, waiting: None };
        lately.insert(ChannelId(row.channel), known);
    }
    let rows = sqlx::query!(
        r#"SELECT DISTINCT ON (channel) channel, delivery.id,
               delivery.content AS "content: Json<Content>"
           FROM notify_delivery AS delivery JOIN notify_channel ON notify_channel.id = channel
           WHERE state = 'waiting' AND NOT test AND target->>'way' = $1
           ORDER BY channel, delivery.id DESC"#,
        Way::Alertmanager.name()
    )
    .fetch_all(db)
    .await?;
    for row in rows {
        let waiting = Some((DeliveryId(row.id), row.content.0));
        lately.entry(ChannelId(row.channel)).or_default().waiting = waiting;
    }
    Ok(lately)
}

/// Writes a delivery that is due, with what its channel was told. Whether there is a new one.
pub async fn plan(tx: &mut Tx<'_>, due: &Due, now: DateTime<Utc>) -> Result<bool> {
    for told in &due.told {
        write_thread(tx, due.channel, told).await?;
    }
    let Some(content) = &due.content else { return Ok(false) };
    let problems = problems(content);
    if let Some(id) = due.instead_of {
        let replaced = sqlx::query!(
            "UPDATE notify_delivery SET content = $2, problems = $3
             WHERE id = $1 AND state = 'waiting'",
            id.0,
            Json(content) as _,
            problems.as_slice()
        )
        .execute(&mut **tx)
        .await?;
        if replaced.rows_affected() == 1 {
            return Ok(false);
        }
    }
    let done = sqlx::query!(
        "INSERT INTO notify_delivery
             (channel, key, content, problems, planned_at, state, test, tries, due_at)
         VALUES ($1, $2, $3, $4, $5, 'waiting', false, 0, $5)
         ON CONFLICT (channel, key) DO NOTHING",
        due.channel.0,
        due.key,
        Json(content) as _,
        problems.as_slice(),
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

fn problems(content: &Content) -> Vec<i64> {
    match content {
        Content::Problems { items, .. } => items.iter().map(|item| item.id).collect(),
        Content::Test { .. } => Vec::new(),
    }
}

async fn write_thread(tx: &mut Tx<'_>, channel: ChannelId, told: &Told) -> Result<()> {
    match told {
        Told::So(thread) => {
            sqlx::query!(
                "INSERT INTO notify_thread (channel, problem, severity, told_at, times)
                 VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (channel, problem) DO UPDATE
                 SET severity = $3, told_at = $4, times = $5",
                channel.0,
                thread.problem,
                thread.severity.name(),
                thread.told_at,
                i32::try_from(thread.times).unwrap_or(i32::MAX)
            )
            .execute(&mut **tx)
            .await?;
        }
        Told::Over { problem } => {
            sqlx::query!(
                "DELETE FROM notify_thread WHERE channel = $1 AND problem = $2",
                channel.0,
                problem
            )
            .execute(&mut **tx)
            .await?;
        }
    }
    Ok(())
}

/// Writes a test that a person asked for, as it is being tried.
pub async fn insert_test(
    tx: &mut Tx<'_>,
    channel: ChannelId,
    (key, by): (&str, &str),
    (now, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Delivery> {
    let row = sqlx::query_as!(
        Row,
        r#"INSERT INTO notify_delivery
               (channel, key, content, problems, planned_at, state, test, tries, due_at)
           VALUES ($1, $2, $3, '{}', $4, 'trying', true, 1, $5)
           RETURNING id, channel, content AS "content: Json<Content>", planned_at, state, tries,
               due_at, answer AS "answer: Json<Answer>", settled_at"#,
        channel.0,
        key,
        Json(Content::Test { by: by.to_owned() }) as _,
        now,
        until
    )
    .fetch_one(&mut **tx)
    .await?;
    row.try_into()
}

/// Whether [`claim`] or [`end_overdue`] would find something.
pub async fn is_due(pool: &PgPool, now: DateTime<Utc>) -> Result<bool> {
    let due = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM notify_delivery
               WHERE state IN ('waiting', 'trying') AND due_at <= $1) AS "due!""#,
        now
    )
    .fetch_one(pool)
    .await?;
    Ok(due)
}

/// Claims up to `limit` (and [`BATCH`]) deliveries of active channels that are due, at most one of
/// each channel that has none under way: commit, and only then try them. Another server may try
/// them again after `until`.
pub async fn claim(
    tx: &mut Tx<'_>,
    limit: i64,
    (now, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<Delivery>> {
    let rows = sqlx::query_as!(
        Row,
        r#"WITH due AS (
               SELECT DISTINCT ON (channel) delivery.id
               FROM notify_delivery AS delivery JOIN notify_channel ON notify_channel.id = channel
               WHERE state IN ('waiting', 'trying') AND NOT test AND due_at <= $1
                 AND status = 'active'
                 AND NOT EXISTS (SELECT FROM notify_delivery AS other
                     WHERE other.channel = delivery.channel AND other.state = 'trying'
                       AND NOT other.test AND other.due_at > $1)
               ORDER BY channel, delivery.id
           ), next AS (
               SELECT id FROM notify_delivery WHERE id IN (SELECT id FROM due)
               ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED
           )
           UPDATE notify_delivery AS delivery
           SET state = 'trying', tries = tries + 1, due_at = $2
           FROM next WHERE delivery.id = next.id
           RETURNING delivery.id, channel, content AS "content: Json<Content>", planned_at, state,
               tries, due_at, answer AS "answer: Json<Answer>", settled_at"#,
        now,
        until,
        limit.clamp(0, BATCH)
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Delivery::try_from).collect()
}

/// Takes back the claims of a leader before: nobody tries them any more. Not those of tests, which
/// whichever server was asked tries.
pub async fn take_back(tx: &mut Tx<'_>, now: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!(
        "UPDATE notify_delivery SET due_at = $1 WHERE state = 'trying' AND NOT test",
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

/// Ends tests whose server never told how they went, and deliveries that are too old to be of use
/// (of a channel that was paused). How many.
pub async fn end_overdue(tx: &mut Tx<'_>, now: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!(
        "UPDATE notify_delivery
         SET state = 'given-up', settled_at = $1,
             answer = CASE WHEN test THEN $2 ELSE answer END
         WHERE state IN ('waiting', 'trying') AND due_at <= $1
           AND (test OR planned_at < $3)",
        now,
        Json(Answer::none(Trouble::Interrupted, "")) as _,
        now - AGE_MAX
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

/// Writes what came of a try. `false`: it is not at this try any more, and nothing was written.
pub async fn settle(
    tx: &mut Tx<'_>,
    (id, tries): (DeliveryId, u32),
    state: &State,
    answer: &Answer,
    now: DateTime<Utc>,
) -> Result<bool> {
    let due_at = match state {
        State::Waiting { due_at } => Some(*due_at),
        State::Trying { until } => Some(*until),
        State::Sent { .. } | State::GivenUp { .. } => None,
    };
    let settled_at = due_at.is_none().then_some(now);
    let done = sqlx::query!(
        "UPDATE notify_delivery SET state = $3, due_at = coalesce($4, due_at), answer = $5,
             settled_at = $6
         WHERE id = $1 AND tries = $2 AND state = 'trying'",
        id.0,
        i32::try_from(tries).unwrap_or(i32::MAX),
        state.name(),
        due_at,
        Json(answer) as _,
        settled_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Deliveries of a channel, newest first, at most `limit` (and [`BATCH`]); `before`: the last one
/// of the page before.
pub async fn list(
    pool: &PgPool,
    channel: ChannelId,
    before: Option<DeliveryId>,
    limit: i64,
) -> Result<Vec<Delivery>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, channel, content AS "content: Json<Content>", planned_at, state, tries,
               due_at, answer AS "answer: Json<Answer>", settled_at
           FROM notify_delivery WHERE channel = $1 AND ($2::bigint IS NULL OR id < $2)
           ORDER BY id DESC LIMIT $3"#,
        channel.0,
        before.map(|id| id.0),
        limit.clamp(0, BATCH)
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Delivery::try_from).collect()
}

/// The next try of each channel that has one.
pub async fn next_tries(pool: &PgPool) -> Result<BTreeMap<ChannelId, DateTime<Utc>>> {
    let rows = sqlx::query!(
        r#"SELECT channel, min(due_at) AS "due_at!" FROM notify_delivery
           WHERE state = 'waiting' AND tries > 0 GROUP BY channel"#
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (ChannelId(row.channel), row.due_at)).collect())
}

/// Who was told of a problem: the newest [`BATCH`] deliveries that name it.
pub async fn about(pool: &PgPool, problem: i64) -> Result<Vec<Delivery>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, channel, content AS "content: Json<Content>", planned_at, state, tries,
               due_at, answer AS "answer: Json<Answer>", settled_at
           FROM notify_delivery WHERE problems @> ARRAY[$1::bigint] ORDER BY id DESC LIMIT $2"#,
        problem,
        BATCH
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Delivery::try_from).collect()
}

struct Row {
    id: i64,
    channel: i64,
    content: Json<Content>,
    planned_at: DateTime<Utc>,
    state: String,
    tries: i32,
    due_at: DateTime<Utc>,
    answer: Option<Json<Answer>>,
    settled_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for Delivery {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let state = match (row.state.as_str(), row.settled_at) {
            ("waiting", _) => State::Waiting { due_at: row.due_at },
            ("trying", _) => State::Trying { until: row.due_at },
            ("sent", Some(at)) => State::Sent { at },
            ("given-up", Some(at)) => State::GivenUp { at },
            (other, _) => {
                return Err(StoreError::corrupt("a delivery", format!("its state is {other:?}")));
            }
        };
        Ok(Self {
            id: DeliveryId(row.id),
            channel: ChannelId(row.channel),
            content: row.content.0,
            planned_at: row.planned_at,
            state,
            tries: row.tries.try_into().unwrap_or(u32::MAX),
            answer: row.answer.map(|answer| answer.0),
        })
    }
}
