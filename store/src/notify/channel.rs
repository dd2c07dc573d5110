//! Channels: what they hear, how they stand, their sealed secrets.

use chrono::{DateTime, Utc};
use mainstay_core::notify::answer::Answer;
use mainstay_core::notify::{CHANNELS_MAX, Channel, ChannelId, Health, Hears, Standing, Target};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::{Result, Tx};

/// What a new channel is made of; it has no secret yet, which is sealed for its id.
#[derive(Clone, Debug)]
pub struct NewChannel<'a> {
    pub name: &'a str,
    pub target: &'a Target,
    pub hears: &'a Hears,
    pub repeat_minutes: u32,
    pub by: &'a str,
}

/// Sealed secrets of a channel.
#[derive(Clone, Debug, Default)]
pub struct Sealed {
    pub now: Option<Vec<u8>>,
    /// The one before, while it counts.
    pub before: Option<Vec<u8>>,
}

/// Writes a new channel. `None`: another one has its name, or there are [`CHANNELS_MAX`].
pub async fn insert(
    tx: &mut Tx<'_>,
    new: &NewChannel<'_>,
    now: DateTime<Utc>,
) -> Result<Option<Channel>> {
    let row = sqlx::query_as!(
        Row,
        r#"INSERT INTO notify_channel (name, target, hears, repeat_minutes, standing, status,
               made_by, made_at, changed_at, revision)
           SELECT $1::text, $2::jsonb, $3::jsonb, $4::int, $5::jsonb, 'active', $6::text,
               $7::timestamptz, $7, 1
           WHERE (SELECT count(*) FROM notify_channel WHERE status <> 'removed') < $8
           ON CONFLICT (name) WHERE status <> 'removed' DO NOTHING
           RETURNING id, name, target AS "target: Json<Target>", hears AS "hears: Json<Hears>",
               repeat_minutes, standing AS "standing: Json<Standing>",
               sealed IS NOT NULL AS "has_secret!", sent_at, failing_since, given_up,
               answer AS "answer: Json<Answer>", made_by, made_at, changed_at, revision"#,
        new.name,
        Json(new.target) as _,
        Json(new.hears) as _,
        i32::try_from(new.repeat_minutes).unwrap_or(i32::MAX),
        Json(Standing::Active) as _,
        new.by,
        now,
        CHANNELS_MAX as i64
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(Channel::from))
}

/// Every channel that was not removed, by name.
pub async fn all(db: &mut PgConnection) -> Result<Vec<Channel>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, name, target AS "target: Json<Target>", hears AS "hears: Json<Hears>",
               repeat_minutes, standing AS "standing: Json<Standing>",
               sealed IS NOT NULL AS "has_secret!", sent_at, failing_since, given_up,
               answer AS "answer: Json<Answer>", made_by, made_at, changed_at, revision
           FROM notify_channel WHERE status <> 'removed' ORDER BY name LIMIT $1"#,
        CHANNELS_MAX as i64
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Channel::from).collect())
}

/// One channel that was not removed.
pub async fn get(pool: &PgPool, id: ChannelId) -> Result<Option<Channel>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, name, target AS "target: Json<Target>", hears AS "hears: Json<Hears>",
               repeat_minutes, standing AS "standing: Json<Standing>",
               sealed IS NOT NULL AS "has_secret!", sent_at, failing_since, given_up,
               answer AS "answer: Json<Answer>", made_by, made_at, changed_at, revision
           FROM notify_channel WHERE id = $1 AND status <> 'removed'"#,
        id.0
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(Channel::from))
}

/// As [`get`], locked until the transaction ends.
pub async fn lock(tx: &mut Tx<'_>, id: ChannelId) -> Result<Option<Channel>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, name, target AS "target: Json<Target>", hears AS "hears: Json<Hears>",
               repeat_minutes, standing AS "standing: Json<Standing>",
               sealed IS NOT NULL AS "has_secret!", sent_at, failing_since, given_up,
               answer AS "answer: Json<Answer>", made_by, made_at, changed_at, revision
           FROM notify_channel WHERE id = $1 AND status <> 'removed' FOR UPDATE"#,
        id.0
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(Channel::from))
}

/// Writes what a person changed of a locked channel, and forgets how its deliveries went: they go
/// elsewhere now. `false`: another one has its name.
pub async fn update(tx: &mut Tx<'_>, channel: &Channel) -> Result<bool> {
    let taken = sqlx::query_scalar!(
        "SELECT true FROM notify_channel WHERE name = $1 AND id <> $2 AND status <> 'removed'",
        channel.name,
        channel.id.0
    )
    .fetch_optional(&mut **tx)
    .await?;
    if taken.is_some() {
        return Ok(false);
    }
    sqlx::query!(
        "UPDATE notify_channel SET name = $2, target = $3, hears = $4, repeat_minutes = $5,
             standing = $6, status = $7, failing_since = $8, given_up = $9, changed_at = $10,
             revision = $11
         WHERE id = $1",
        channel.id.0,
        channel.name,
        Json(&channel.target) as _,
        Json(&channel.hears) as _,
        i32::try_from(channel.repeat_minutes).unwrap_or(i32::MAX),
        Json(&channel.standing) as _,
        channel.standing.name(),
        channel.health.failing_since,
        i32::try_from(channel.health.given_up).unwrap_or(i32::MAX),
        channel.changed_at,
        channel.revision
    )
    .execute(&mut **tx)
    .await?;
    Ok(true)
}

/// Gives a channel a secret. With `overlap_until` the one before counts until then as well;
/// without, it is gone.
pub async fn set_secret(
    tx: &mut Tx<'_>,
    id: ChannelId,
    sealed: Option<&[u8]>,
    overlap_until: Option<DateTime<Utc>>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE notify_channel SET
             sealed_before = CASE WHEN $3::timestamptz IS NULL THEN NULL ELSE sealed END,
             before_until = $3, sealed = $2
         WHERE id = $1",
        id.0,
        sealed,
        overlap_until
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The sealed secrets of a channel that count now.
pub async fn secrets(pool: &PgPool, id: ChannelId, now: DateTime<Utc>) -> Result<Sealed> {
    let row = sqlx::query!(
        r#"SELECT sealed,
               CASE WHEN before_until > $2 THEN sealed_before END AS before
           FROM notify_channel WHERE id = $1"#,
        id.0,
        now
    )
    .fetch_optional(pool)
    .await?;
    let sealed = row.map(|row| Sealed { now: row.sealed, before: row.before });
    Ok(sealed.unwrap_or_default())
}

/// Removes a channel: its secrets and threads go at once, it and its deliveries with their age.
pub async fn remove(tx: &mut Tx<'_>, id: ChannelId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE notify_channel SET status = 'removed', sealed = NULL, sealed_before = NULL,
             before_until = NULL, changed_at = $2, revision = revision + 1
         WHERE id = $1",
        id.0,
        now
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!("DELETE FROM notify_thread WHERE channel = $1", id.0).execute(&mut **tx).await?;
    sqlx::query!(
        "UPDATE notify_delivery SET state = 'given-up', settled_at = $2
         WHERE channel = $1 AND state IN ('waiting', 'trying')",
        id.0,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes how a delivery went into its channel.
pub async fn note(
    tx: &mut Tx<'_>,
    id: ChannelId,
    answer: &Answer,
    gave_up: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE notify_channel SET
             answer = $2,
             sent_at = CASE WHEN $3 THEN $5 ELSE sent_at END,
             failing_since = CASE WHEN $3 THEN NULL ELSE coalesce(failing_since, $5) END,
             given_up = CASE WHEN $3 THEN 0 WHEN $4 THEN given_up + 1 ELSE given_up END
         WHERE id = $1",
        id.0,
        Json(answer) as _,
        answer.is_sent(),
        gave_up,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Names of channels, those that were removed included.
pub async fn names(pool: &PgPool, ids: &[i64]) -> Result<Vec<(ChannelId, String)>> {
    let rows = sqlx::query!("SELECT id, name FROM notify_channel WHERE id = ANY($1)", ids)
        .fetch_all(pool)
        .await?;
    Ok(rows.into_iter().map(|row| (ChannelId(row.id), row.name)).collect())
}

struct Row {
    id: i64,
    name: String,
    target: Json<Target>,
    hears: Json<Hears>,
    repeat_minutes: i32,
    standing: Json<Standing>,
    has_secret: bool,
    sent_at: Option<DateTime<Utc>>,
    failing_since: Option<DateTime<Utc>>,
    given_up: i32,
    answer: Option<Json<Answer>>,
    made_by: String,
    made_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    revision: i64,
}

impl From<Row> for Channel {
    fn from(row: Row) -> Self {
        Self {
            id: ChannelId(row.id),
            name: row.name,
            target: row.target.0,
            hears: row.hears.0,
            repeat_minutes: row.repeat_minutes.try_into().unwrap_or(0),
            standing: row.standing.0,
            has_secret: row.has_secret,
            health: Health {
                sent_at: row.sent_at,
                failing_since: row.failing_since,
                given_up: row.given_up.try_into().unwrap_or(0),
                answer: row.answer.map(|answer| answer.0),
            },
            made_by: row.made_by,
            made_at: row.made_at,
            changed_at: row.changed_at,
            revision: row.revision,
        }
    }
}
