//! The audit log: entries, the Merkle tree over them, signed checkpoints.
//!
//! [`append`] writes an entry in the transaction of what it tells about. The sequencer (in
//! `control`) gives positions in batches with [`lock_head`], [`unplaced`] and [`place`]. Nothing
//! here changes or deletes: triggers refuse it, and the server's role may not.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use mainstay_core::audit::merkle::{Frontier, Hash, Node, Plan};
use mainstay_core::audit::record::{Columns, Draft, Record};
use mainstay_core::audit::{Action, Entry, Event, Outcome};
use sqlx::PgConnection;

use crate::lease::{natural, signed};
use crate::{Result, Store, StoreError, Tx};

mod snapshot;

pub use snapshot::Snapshot;

/// Most entries of one page.
pub const PAGE_MAX: i64 = 200;

/// Writes what happened; returns the id of the entry. Its position comes later.
pub async fn append(tx: &mut Tx<'_>, event: &Event) -> Result<i64> {
    let Draft { columns, body, leaf } = Draft::new(event);
    let id = sqlx::query_scalar!(
        "INSERT INTO audit_entry
             (at, actor_kind, actor_name, action, object, outcome, body, leaf)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
        columns.at,
        columns.actor_kind,
        columns.actor_name,
        columns.action,
        columns.object,
        columns.outcome,
        body,
        leaf.0.as_slice()
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(id)
}

/// What a reader looks for; `None` means any.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// The actor's name, whatever its kind.
    pub actor: Option<String>,
    pub action: Option<Action>,
    /// The object, or anything below it: `/services/feed-api` finds `/services/feed-api/…` too.
    pub object: Option<String>,
    pub outcome: Option<Outcome>,
    /// From this moment on.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub until: Option<DateTime<Utc>>,
}

/// Entries that match, newest first, at most `limit` (and [`PAGE_MAX`]). `before`: the id of the
/// last entry of the page before.
pub async fn list(
    store: &Store,
    filter: &Filter,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Entry>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, at, actor_kind, actor_name, action, object, outcome, body, leaf, seq
         FROM audit_entry
         WHERE ($1::text IS NULL OR actor_name = $1)
           AND ($2::text IS NULL OR action = $2)
           AND ($3::text IS NULL OR object = $3 OR starts_with(object, $3 || '/'))
           AND ($4::text IS NULL OR outcome = $4)
           AND ($5::timestamptz IS NULL OR at >= $5)
           AND ($6::timestamptz IS NULL OR at < $6)
           AND ($7::bigint IS NULL OR id < $7)
         ORDER BY id DESC LIMIT $8",
        filter.actor.as_ref(),
        filter.action.map(Action::name),
        filter.object.as_ref(),
        filter.outcome.map(Outcome::name),
        filter.from,
        filter.until,
        before,
        limit.clamp(0, PAGE_MAX)
    )
    .fetch_all(store.reads())
    .await?;
    rows.into_iter().map(Row::entry).collect()
}

/// The entry at a position.
pub async fn get(store: &Store, seq: u64) -> Result<Option<Entry>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, at, actor_kind, actor_name, action, object, outcome, body, leaf, seq
         FROM audit_entry WHERE seq = $1",
        signed(seq)?
    )
    .fetch_optional(store.reads())
    .await?;
    row.map(Row::entry).transpose()
}

/// The entry with an id, placed or not.
pub async fn get_by_id(store: &Store, id: i64) -> Result<Option<Entry>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, at, actor_kind, actor_name, action, object, outcome, body, leaf, seq
         FROM audit_entry WHERE id = $1",
        id
    )
    .fetch_optional(store.reads())
    .await?;
    row.map(Row::entry).transpose()
}

/// A signed checkpoint as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub size: u64,
    pub at: DateTime<Utc>,
    /// The signed note.
    pub note: String,
    /// The verifier key that belongs to the signature.
    pub verifier: String,
}

/// The newest checkpoint; `None`: nothing was placed yet.
pub async fn latest_checkpoint(store: &Store) -> Result<Option<Checkpoint>> {
    newest(&mut *store.reads().acquire().await?).await
}

/// The newest checkpoint, inside a transaction.
pub async fn newest(connection: &mut PgConnection) -> Result<Option<Checkpoint>> {
    let row = sqlx::query!(
        "SELECT size, at, note, verifier FROM audit_checkpoint ORDER BY size DESC LIMIT 1"
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let size = natural(row.size)?;
        Ok(Checkpoint { size, at: row.at, note: row.note, verifier: row.verifier })
    })
    .transpose()
}

/// The proof that the log of `old` entries is the beginning of the log of `new` entries, RFC
/// 6962; `None`: the log is not that long, or `old` is larger.
pub async fn consistency(store: &Store, old: u64, new: u64) -> Result<Option<Vec<Hash>>> {
    match Plan::consistency(old, new) {
        Some(plan) => prove(store, &plan).await,
        None => Ok(None),
    }
}

/// The proof that the entry at `seq` is in the log of `size` entries; `None`: it is not.
pub async fn inclusion(store: &Store, seq: u64, size: u64) -> Result<Option<Vec<Hash>>> {
    match Plan::inclusion(seq, size) {
        Some(plan) => prove(store, &plan).await,
        None => Ok(None),
    }
}

async fn prove(store: &Store, plan: &Plan) -> Result<Option<Vec<Hash>>> {
    let (levels, indexes) = coordinates(plan.nodes())?;
    let rows = sqlx::query!(
        "SELECT level, index, hash FROM audit_node
         JOIN unnest($1::integer[], $2::bigint[]) AS wanted (level, index) USING (level, index)",
        &levels,
        &indexes
    )
    .fetch_all(store.reads())
    .await?;
    let nodes = rows.into_iter().map(|row| {
        let level = u32::try_from(row.level)
            .map_err(|error| StoreError::corrupt("a level of the tree", error))?;
        Ok((Node { level, index: natural(row.index)? }, hash(&row.hash)?))
    });
    Ok(plan.prove(&nodes.collect::<Result<BTreeMap<_, _>>>()?))
}

fn coordinates(nodes: impl Iterator<Item = Node>) -> Result<(Vec<i32>, Vec<i64>)> {
    let mut coordinates = (Vec::new(), Vec::new());
    for node in nodes {
        let level = i32::try_from(node.level).expect("a tree has at most 64 levels");
        coordinates.0.push(level);
        coordinates.1.push(signed(node.index)?);
    }
    Ok(coordinates)
}

/// Locks the right edge of the tree until the transaction ends. `None`: another server extends
/// the tree right now.
pub async fn lock_head(tx: &mut Tx<'_>) -> Result<Option<Frontier>> {
    let row = sqlx::query!("SELECT size, hashes FROM audit_head FOR UPDATE SKIP LOCKED")
        .fetch_optional(&mut **tx)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let hashes = row.hashes.iter().map(|bytes| hash(bytes)).collect::<Result<_>>()?;
    Frontier::from_parts(natural(row.size)?, hashes)
        .ok_or_else(|| StoreError::corrupt("the head of the audit log", "its size does not fit"))
        .map(Some)
}

/// The oldest entries without a position, with their leaf hashes, by id.
pub async fn unplaced(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<(i64, Hash)>> {
    let rows = sqlx::query!(
        "SELECT id, leaf FROM audit_entry WHERE seq IS NULL ORDER BY id LIMIT $1",
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(|row| Ok((row.id, hash(&row.leaf)?))).collect()
}

/// Entries that get their position, and the tree as it is with them.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    /// Ids in the order of their positions; the first one gets position `first`.
    pub ids: &'a [i64],
    pub first: u64,
    /// Perfect subtrees that the entries complete, leaves included.
    pub nodes: &'a [(Node, Hash)],
    pub head: &'a Frontier,
    pub checkpoint: &'a Checkpoint,
}

/// Writes a batch; the head must be locked by this transaction.
pub async fn place(tx: &mut Tx<'_>, batch: &Batch<'_>) -> Result<()> {
    let first = signed(batch.first)?;
    let placed = sqlx::query!(
        "UPDATE audit_entry SET seq = $2 + place - 1
         FROM unnest($1::bigint[]) WITH ORDINALITY AS batch (id, place)
         WHERE audit_entry.id = batch.id AND audit_entry.seq IS NULL",
        batch.ids,
        first
    )
    .execute(&mut **tx)
    .await?;
    if placed.rows_affected() != batch.ids.len() as u64 {
        return Err(StoreError::corrupt("the audit log", "an entry vanished while it was placed"));
    }
    let (levels, indexes) = coordinates(batch.nodes.iter().map(|(node, _)| *node))?;
    let hashes: Vec<Vec<u8>> = batch.nodes.iter().map(|(_, hash)| hash.0.to_vec()).collect();
    sqlx::query!(
        "INSERT INTO audit_node (level, index, hash)
         SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bytea[])",
        &levels,
        &indexes,
        &hashes
    )
    .execute(&mut **tx)
    .await?;
    let edge: Vec<Vec<u8>> = batch.head.hashes().iter().map(|hash| hash.0.to_vec()).collect();
    let size = signed(batch.head.size())?;
    sqlx::query!("UPDATE audit_head SET size = $1, hashes = $2", size, &edge)
        .execute(&mut **tx)
        .await?;
    let Checkpoint { at, note, verifier, .. } = batch.checkpoint;
    sqlx::query!(
        "INSERT INTO audit_checkpoint (size, at, note, verifier) VALUES ($1, $2, $3, $4)",
        size,
        at,
        note,
        verifier
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

struct Row {
    id: i64,
    at: DateTime<Utc>,
    actor_kind: String,
    actor_name: String,
    action: String,
    object: String,
    outcome: String,
    body: String,
    leaf: Vec<u8>,
    seq: Option<i64>,
}

impl Row {
    fn record(self) -> Result<Record> {
        let Self { id, at, actor_kind, actor_name, action, object, outcome, body, leaf, seq } =
            self;
        let columns = Columns { at, actor_kind, actor_name, action, object, outcome };
        Ok(Record { id, seq: seq.map(natural).transpose()?, columns, body, leaf: hash(&leaf)? })
    }

    fn entry(self) -> Result<Entry> {
        let record = self.record()?;
        record.entry().map_err(|error| StoreError::corrupt("an audit entry", error))
    }
}

fn hash(bytes: &[u8]) -> Result<Hash> {
    Hash::from_slice(bytes).ok_or_else(|| StoreError::corrupt("a hash", "it is not 32 bytes"))
}
