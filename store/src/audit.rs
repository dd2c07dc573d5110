//! The audit log: entries, the Merkle tree over them, signed checkpoints.
//!
//! [`append`] writes an entry in the transaction of what it tells about. The sequencer (in
//! `control`) gives positions in batches with [`lock_head`], [`unplaced`] and [`place`]. Nothing
//! here changes or deletes: triggers refuse it, and the server's role may not.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use mainstay_core::audit::merkle::{Frontier, Hash, Node, Plan};
use mainstay_core::audit::record::{Columns, Draft, Record};
use mainstay_core::audit::{Entry, Event};
use sqlx::PgConnection;

use crate::lease::{natural, signed};
use crate::{Result, Store, StoreError, Tx};

pub mod check;
mod search;
mod snapshot;

pub use search::{Filter, Found, Matches, list, records, search};
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

/// As [`inclusion`], of many entries at once, by position.
pub async fn inclusions(
    store: &Store,
    seqs: impl IntoIterator<Item = u64>,
    size: u64,
) -> Result<BTreeMap<u64, Vec<Hash>>> {
    let plans: BTreeMap<u64, Plan> =
        seqs.into_iter().filter_map(|seq| Some((seq, Plan::inclusion(seq, size)?))).collect();
    let wanted: BTreeSet<Node> = plans.values().flat_map(Plan::nodes).collect();
    let nodes = nodes(store, wanted.into_iter()).await?;
    Ok(plans.iter().filter_map(|(seq, plan)| Some((*seq, plan.prove(&nodes)?))).collect())
}

/// The right edge of the log of its first `size` entries.
pub async fn edge(store: &Store, size: u64) -> Result<Vec<Hash>> {
    let edge = prove(store, &Plan::edge(size)).await?;
    edge.ok_or_else(|| StoreError::corrupt("the audit log", "a part of its tree is missing"))
}

/// The first and the last position of entries of a time; `None`: none was placed.
pub async fn positions(
    store: &Store,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Option<(u64, u64)>> {
    let row = sqlx::query!(
        "SELECT min(seq + 0) AS first, max(seq + 0) AS last
         FROM audit_entry WHERE at >= $1 AND at < $2",
        from,
        until
    )
    .fetch_one(store.reads())
    .await?;
    row.first.zip(row.last).map(|(first, last)| Ok((natural(first)?, natural(last)?))).transpose()
}

async fn prove(store: &Store, plan: &Plan) -> Result<Option<Vec<Hash>>> {
    Ok(plan.prove(&nodes(store, plan.nodes()).await?))
}

async fn nodes(store: &Store, wanted: impl Iterator<Item = Node>) -> Result<BTreeMap<Node, Hash>> {
    let (levels, indexes) = coordinates(wanted)?;
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
    nodes.collect()
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
        entry_of(self.record()?)
    }
}

fn entry_of(record: Record) -> Result<Entry> {
    record.entry().map_err(|error| StoreError::corrupt("an audit entry", error))
}

fn hash(bytes: &[u8]) -> Result<Hash> {
    Hash::from_slice(bytes).ok_or_else(|| StoreError::corrupt("a hash", "it is not 32 bytes"))
}
