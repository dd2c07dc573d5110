//! Commands on their way to agents.
//!
//! A command is inserted in the transaction of its decision. The dispatcher first commits that
//! it is being sent ([`claim_unsent`]), then sends: a command that an agent executed is always
//! known here. What was sent and has no outcome is sent again after a reconnect
//! ([`claim_unfinished`]); the agent's journal makes that safe. An outcome is written once; a
//! repeated one changes nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use mainstay_core::deployment::{Command as Action, History};
use mainstay_core::fence::{Outcome, Subject, Token};
use mainstay_core::id::DatacenterId;
use sqlx::types::Json;

use crate::lease::{natural, signed};
use crate::{Result, Store, StoreError, Tx};

/// Most commands claimed or listed at once.
pub const BATCH: i64 = 256;
/// Commands looked at for one subject's history; more failures than this in a row wait no longer.
const HISTORY_DEPTH: i64 = 16;

/// A command for the agent of one data centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The idempotency key, 1 to 128 characters.
    pub id: String,
    pub datacenter: DatacenterId,
    pub token: Token,
    pub action: Action,
}

/// A command with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub command: Command,
    pub created_at: DateTime<Utc>,
    /// When it was last sent; `None`: not yet.
    pub sent_at: Option<DateTime<Utc>>,
    /// Times it was sent.
    pub attempts: u32,
    /// When the outcome was written, and the outcome.
    pub finished: Option<(DateTime<Utc>, Outcome)>,
}

/// Writes a command beside its decision. `false`: a command with this id stands already, and
/// stays as it is.
pub async fn insert(tx: &mut Tx<'_>, command: &Command, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO command
             (id, datacenter, subject, timeline, epoch, seq, action, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING",
        command.id,
        command.datacenter.as_str(),
        command.action.subject().to_string(),
        timeline(command.token)?,
        signed(command.token.epoch)?,
        signed(command.token.seq)?,
        Json(&command.action) as _,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Marks up to `limit` (at most [`BATCH`]) commands of a data centre that were never sent as
/// sent, commits, and returns them in the order of their tokens: only then may they be sent.
pub async fn claim_unsent(
    store: &Store,
    datacenter: &DatacenterId,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Command>> {
    claim(store, datacenter, None, limit, now).await
}

/// As [`claim_unsent`], of commands that were last sent before `sent_before` and have no outcome:
/// for sending again. After a reconnect, call it with that moment until it returns nothing.
pub async fn claim_unfinished(
    store: &Store,
    datacenter: &DatacenterId,
    sent_before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Command>> {
    claim(store, datacenter, Some(sent_before), BATCH, now.max(sent_before)).await
}

async fn claim(
    store: &Store,
    datacenter: &DatacenterId,
    sent_before: Option<DateTime<Utc>>,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Command>> {
    let rows = sqlx::query_as!(
        Row,
        r#"WITH next AS (
               SELECT id FROM command
               WHERE datacenter = $1 AND finished_at IS NULL
                 AND CASE WHEN $2::timestamptz IS NULL THEN sent_at IS NULL
                          ELSE sent_at < $2 END
               ORDER BY timeline, epoch, seq LIMIT $3
               FOR UPDATE SKIP LOCKED
           )
           UPDATE command SET sent_at = $4, attempts = attempts + 1
           FROM next WHERE command.id = next.id
           RETURNING command.id, datacenter, timeline, epoch, seq,
               action AS "action: Json<Action>", created_at, sent_at, attempts, finished_at,
               outcome AS "outcome: Json<Outcome>""#,
        datacenter.as_str(),
        sent_before,
        limit.min(BATCH),
        now
    )
    .fetch_all(store.acts())
    .await?;
    let commands = rows.into_iter().map(|row| Ok(Record::try_from(row)?.command));
    let mut commands = commands.collect::<Result<Vec<_>>>()?;
    commands.sort_by_key(|command| command.token);
    Ok(commands)
}

/// What [`finish`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The outcome is written now: the first answer.
    First,
    /// An outcome was there; nothing changed.
    Repeated,
    /// No such command: the store is older than what the agent executed.
    Unknown,
}

/// Writes how a command ended; the first answer stays.
pub async fn finish(
    tx: &mut Tx<'_>,
    id: &str,
    outcome: &Outcome,
    now: DateTime<Utc>,
) -> Result<Finish> {
    let done = sqlx::query!(
        "UPDATE command SET finished_at = $2, outcome = $3,
             sent_at = coalesce(sent_at, $2)
         WHERE id = $1 AND finished_at IS NULL",
        id,
        now,
        Json(outcome) as _
    )
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 {
        return Ok(Finish::First);
    }
    let known = sqlx::query_scalar!("SELECT true FROM command WHERE id = $1", id)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(if known.is_some() { Finish::Repeated } else { Finish::Unknown })
}

/// One command by its id.
pub async fn get(store: &Store, id: &str) -> Result<Option<Record>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, datacenter, timeline, epoch, seq, action AS "action: Json<Action>",
               created_at, sent_at, attempts, finished_at, outcome AS "outcome: Json<Outcome>"
           FROM command WHERE id = $1"#,
        id
    )
    .fetch_optional(store.reads())
    .await?;
    row.map(Record::try_from).transpose()
}

/// Commands about a subject in a data centre, newest first, at most [`BATCH`].
pub async fn recent(
    store: &Store,
    datacenter: &DatacenterId,
    subject: &Subject,
    limit: i64,
) -> Result<Vec<Record>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, datacenter, timeline, epoch, seq, action AS "action: Json<Action>",
               created_at, sent_at, attempts, finished_at, outcome AS "outcome: Json<Outcome>"
           FROM command WHERE datacenter = $1 AND subject = $2
           ORDER BY timeline DESC, epoch DESC, seq DESC LIMIT $3"#,
        datacenter.as_str(),
        subject.to_string(),
        limit.min(BATCH)
    )
    .fetch_all(store.reads())
    .await?;
    rows.into_iter().map(Record::try_from).collect()
}

/// The largest token of each subject in a data centre that the store knows: what an agent's
/// journal is compared with when it connects.
pub async fn newest_tokens(
    store: &Store,
    datacenter: &DatacenterId,
) -> Result<BTreeMap<Subject, Token>> {
    let rows = sqlx::query!(
        "SELECT DISTINCT ON (subject) subject, timeline, epoch, seq
         FROM command WHERE datacenter = $1
         ORDER BY subject, timeline DESC, epoch DESC, seq DESC",
        datacenter.as_str()
    )
    .fetch_all(store.reads())
    .await?;
    rows.into_iter()
        .map(|row| Ok((id(&row.subject)?, token(row.timeline, row.epoch, row.seq)?)))
        .collect()
}

/// What became of the newest commands about each subject in a data centre: what the deployer paces
/// itself by.
pub async fn history(
    tx: &mut Tx<'_>,
    datacenter: &DatacenterId,
) -> Result<BTreeMap<Subject, History>> {
    let rows = sqlx::query!(
        r#"SELECT subject, finished_at, outcome AS "outcome: Json<Outcome>"
           FROM (SELECT *, row_number() OVER (
                     PARTITION BY subject ORDER BY timeline DESC, epoch DESC, seq DESC) AS place
                 FROM command WHERE datacenter = $1) AS newest
           WHERE place <= $2 ORDER BY subject, place"#,
        datacenter.as_str(),
        HISTORY_DEPTH
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut histories: BTreeMap<Subject, (History, bool)> = BTreeMap::new();
    for row in rows {
        let (history, ended) = histories.entry(id(&row.subject)?).or_default();
        match (row.finished_at, row.outcome) {
            (Some(at), Some(Json(Outcome::Failed { .. }))) if !*ended => {
                history.failures += 1;
                history.last_failed_at = history.last_failed_at.max(Some(at));
            }
            (Some(_), Some(_)) => *ended = true,
            (None, _) | (_, None) => history.in_flight = true,
        }
    }
    Ok(histories.into_iter().map(|(id, (history, _))| (id, history)).collect())
}

struct Row {
    id: String,
    datacenter: String,
    timeline: i32,
    epoch: i64,
    seq: i64,
    action: Json<Action>,
    created_at: DateTime<Utc>,
    sent_at: Option<DateTime<Utc>>,
    attempts: i32,
    finished_at: Option<DateTime<Utc>>,
    outcome: Option<Json<Outcome>>,
}

impl TryFrom<Row> for Record {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self> {
        let command = Command {
            id: row.id,
            datacenter: id(&row.datacenter)?,
            token: token(row.timeline, row.epoch, row.seq)?,
            action: row.action.0,
        };
        Ok(Self {
            command,
            created_at: row.created_at,
            sent_at: row.sent_at,
            attempts: u32::try_from(row.attempts)
                .map_err(|error| StoreError::corrupt("a counter", error))?,
            finished: row.finished_at.zip(row.outcome.map(|outcome| outcome.0)),
        })
    }
}

fn id<T: std::str::FromStr<Err: ToString>>(text: &str) -> Result<T> {
    text.parse().map_err(|error: T::Err| StoreError::corrupt("an id", error))
}

/// Timelines are unsigned 32 bits in Postgres; half of that is more switchovers than a cluster
/// lives to see.
fn timeline(token: Token) -> Result<i32> {
    i32::try_from(token.timeline).map_err(|error| StoreError::corrupt("a timeline", error))
}

fn token(timeline: i32, epoch: i64, seq: i64) -> Result<Token> {
    let timeline =
        u32::try_from(timeline).map_err(|error| StoreError::corrupt("a timeline", error))?;
    Ok(Token { timeline, epoch: natural(epoch)?, seq: natural(seq)? })
}
