//! The leader's lease: exactly one server decides at a time, and one that lost it finds out
//! before it writes.
//!
//! Takeover needs `(epoch, beat)` unchanged for the TTL on the contender's own monotonic clock
//! (decided by [`mainstay_core::lease`]); no wall clock is read. Every step of the leader raises
//! the beat in its transaction while epoch and timeline still match: no row means that it was
//! deposed, and the step rolls back.

use mainstay_core::fence::Token;
use mainstay_core::lease::Lease;

use crate::{Result, Store, StoreError, Tx};

/// The right to decide, as long as [`step`] agrees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Which leadership, for example `control`.
    pub name: String,
    pub holder: String,
    /// Timeline of the Postgres cluster when the lease was taken, above what agents accepted.
    pub timeline: u32,
    pub epoch: u64,
}

/// The lease as it stands; `None`: it was never taken.
pub async fn read(store: &Store, name: &str) -> Result<Option<Lease>> {
    let row = sqlx::query!("SELECT holder, epoch, beat FROM lease WHERE name = $1", name)
        .fetch_optional(store.reads())
        .await?;
    row.map(|row| {
        Ok(Lease { holder: row.holder, epoch: natural(row.epoch)?, beat: natural(row.beat)? })
    })
    .transpose()
}

/// Creates a lease that was never taken. `None`: somebody was faster.
pub async fn create(store: &Store, name: &str, holder: &str) -> Result<Option<Term>> {
    let row = sqlx::query!(
        r#"INSERT INTO lease (name, holder, epoch, beat, seq) VALUES ($1, $2, 1, 0, 0)
           ON CONFLICT (name) DO NOTHING
           RETURNING epoch, timeline_floor
               + ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer
               AS "timeline!""#,
        name,
        holder
    )
    .fetch_optional(store.acts())
    .await?;
    row.map(|row| term(name, holder, row.epoch, row.timeline)).transpose()
}

/// Takes a lease over that still stands at `(epoch, beat)`. `None`: it does not any more.
pub async fn take_over(
    store: &Store,
    name: &str,
    holder: &str,
    (epoch, beat): (u64, u64),
) -> Result<Option<Term>> {
    let row = sqlx::query!(
        r#"UPDATE lease SET holder = $2, epoch = epoch + 1, beat = 0, seq = 0
           WHERE name = $1 AND epoch = $3 AND beat = $4
           RETURNING epoch, timeline_floor
               + ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer
               AS "timeline!""#,
        name,
        holder,
        signed(epoch)?,
        signed(beat)?
    )
    .fetch_optional(store.acts())
    .await?;
    row.map(|row| term(name, holder, row.epoch, row.timeline)).transpose()
}

/// Raises the beat inside a step's transaction and gives the tokens of its `decisions`, in
/// order; with 0 it is a heartbeat.
///
/// Errors: [`StoreError::NotLeader`] when the term is over; roll back and step down.
/// [`StoreError::Rewound`] when there are decisions and the store went back in time; roll back.
pub async fn step(tx: &mut Tx<'_>, term: &Term, decisions: u32) -> Result<Vec<Token>> {
    let row = sqlx::query!(
        r#"UPDATE lease SET beat = beat + 1, seq = seq + $5
           WHERE name = $1 AND holder = $2 AND epoch = $3 AND $4 = timeline_floor
               + ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer
           RETURNING seq,
               EXISTS (SELECT FROM rewind WHERE settled_at IS NULL) AS "rewound!""#,
        term.name,
        term.holder,
        signed(term.epoch)?,
        i32::try_from(term.timeline).map_err(|error| StoreError::corrupt("a timeline", error))?,
        i64::from(decisions)
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(StoreError::NotLeader)?;
    if row.rewound && decisions > 0 {
        return Err(StoreError::Rewound);
    }
    let last = natural(row.seq)?;
    let first = last + 1 - u64::from(decisions);
    let token = |seq| Token { timeline: term.timeline, epoch: term.epoch, seq };
    Ok((first..=last).map(token).collect())
}

/// A heartbeat of a leader without work.
///
/// Errors: [`StoreError::NotLeader`] when the term is over.
pub async fn beat(store: &Store, term: &Term) -> Result<()> {
    let beat = store.read_committed(|tx| Box::pin(async move { step(tx, term, 0).await }));
    beat.await.map(drop)
}

/// The token of one decision that a person took, on whichever server: the next in the line of
/// whoever leads now. The row's lock orders it with the leader's own.
///
/// Errors: [`StoreError::NotLeader`] when the lease was never taken, [`StoreError::Rewound`] when
/// the store went back in time.
pub async fn token(tx: &mut Tx<'_>, name: &str) -> Result<Token> {
    let row = sqlx::query!(
        r#"UPDATE lease SET seq = seq + 1 WHERE name = $1
           RETURNING epoch, seq, timeline_floor
               + ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer
               AS "timeline!",
               EXISTS (SELECT FROM rewind WHERE settled_at IS NULL) AS "rewound!""#,
        name
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(StoreError::NotLeader)?;
    if row.rewound {
        return Err(StoreError::Rewound);
    }
    let term = term(name, "", row.epoch, row.timeline)?;
    Ok(Token { timeline: term.timeline, epoch: term.epoch, seq: natural(row.seq)? })
}

/// Deposes whoever leads, and makes every later token of the lease larger than one that an agent
/// accepted: of a store that this one, which went back in time, does not know.
pub async fn raise(tx: &mut Tx<'_>, name: &str, above: Token) -> Result<()> {
    let timeline =
        i32::try_from(above.timeline).map_err(|error| StoreError::corrupt("a timeline", error))?;
    sqlx::query!(
        "WITH cluster AS (
             SELECT greatest(0, $2 - ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))
                 ::bit(32)::integer) AS floor)
         INSERT INTO lease (name, holder, epoch, beat, seq, timeline_floor)
         SELECT $1, NULL, $3::bigint + 1, 0, 0, floor FROM cluster
         ON CONFLICT (name) DO UPDATE SET holder = NULL, beat = 0, seq = 0,
             epoch = greatest(lease.epoch, $3::bigint) + 1,
             timeline_floor = greatest(lease.timeline_floor, excluded.timeline_floor)",
        name,
        timeline,
        signed(above.epoch)?
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives the lease back at a clean shutdown, so that another server need not wait for the TTL.
pub async fn release(store: &Store, term: &Term) -> Result<()> {
    sqlx::query!(
        "UPDATE lease SET holder = NULL WHERE name = $1 AND holder = $2 AND epoch = $3",
        term.name,
        term.holder,
        signed(term.epoch)?
    )
    .execute(store.acts())
    .await?;
    Ok(())
}

fn term(name: &str, holder: &str, epoch: i64, timeline: i32) -> Result<Term> {
    Ok(Term {
        name: name.to_owned(),
        holder: holder.to_owned(),
        timeline: u32::try_from(timeline)
            .map_err(|error| StoreError::corrupt("the timeline", error))?,
        epoch: natural(epoch)?,
    })
}

pub(crate) fn natural(number: i64) -> Result<u64> {
    u64::try_from(number).map_err(|error| StoreError::corrupt("a counter", error))
}

pub(crate) fn signed(number: u64) -> Result<i64> {
    i64::try_from(number).map_err(|error| StoreError::corrupt("a counter", error))
}
