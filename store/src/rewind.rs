//! Decisions that agents carried out and this store does not know: it went back in time.
//!
//! Invariant: while one is not settled, [`crate::lease::step`] and [`crate::lease::token`] give no
//! token, so that nothing is decided on what the store believes.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use mainstay_core::fence::{Subject, Token};
use mainstay_core::id::DatacenterId;
use mainstay_core::rewind::{Around, Lost};
use sqlx::PgPool;

use crate::lease::{natural, signed};
use crate::{Result, StoreError, Tx};

/// What the store knows around each token that an agent accepted.
pub async fn around(
    pool: &PgPool,
    datacenter: &DatacenterId,
    accepted: &BTreeMap<Subject, Token>,
) -> Result<Vec<(Subject, Token, Around)>> {
    let columns = Columns::of(accepted.iter())?;
    let rows = sqlx::query!(
        r#"SELECT asked.subject AS "subject!", asked.timeline AS "timeline!",
               asked.epoch AS "epoch!", asked.seq AS "seq!",
               EXISTS (SELECT FROM command AS it
                   WHERE it.datacenter = $1 AND it.subject = asked.subject
                     AND (it.timeline, it.epoch, it.seq)
                       = (asked.timeline, asked.epoch, asked.seq)) AS "found!",
               EXISTS (SELECT FROM command AS it
                   WHERE it.datacenter = $1 AND it.subject = asked.subject
                     AND (it.timeline, it.epoch, it.seq)
                       < (asked.timeline, asked.epoch, asked.seq)) AS "older!",
               EXISTS (SELECT FROM command AS it
                   WHERE it.datacenter = $1 AND it.subject = asked.subject
                     AND (it.timeline, it.epoch, it.seq)
                       > (asked.timeline, asked.epoch, asked.seq)) AS "newer!"
           FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::bigint[])
               AS asked (subject, timeline, epoch, seq)"#,
        datacenter.as_str(),
        &columns.subjects,
        &columns.timelines,
        &columns.epochs,
        &columns.seqs
    )
    .fetch_all(pool)
    .await?;
    let around = rows.into_iter().map(|row| {
        let around = Around { found: row.found, older: row.older, newer: row.newer };
        Ok((subject(&row.subject)?, token(row.timeline, row.epoch, row.seq)?, around))
    });
    around.collect()
}

/// Writes down lost decisions that were not written down before; how many.
pub async fn insert(
    tx: &mut Tx<'_>,
    datacenter: &DatacenterId,
    lost: &[(Subject, Token)],
    now: DateTime<Utc>,
) -> Result<u64> {
    let columns = Columns::of(lost.iter().map(|(subject, token)| (subject, token)))?;
    let done = sqlx::query!(
        "INSERT INTO rewind (datacenter, subject, timeline, epoch, seq, found_at)
         SELECT $1, subject, timeline, epoch, seq, $6
         FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::bigint[])
             AS lost (subject, timeline, epoch, seq)
         ON CONFLICT DO NOTHING",
        datacenter.as_str(),
        &columns.subjects,
        &columns.timelines,
        &columns.epochs,
        &columns.seqs,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

/// Lost decisions that nobody settled, by place and subject.
pub async fn open(pool: &PgPool) -> Result<Vec<Lost>> {
    let rows = sqlx::query!(
        "SELECT datacenter, subject, timeline, epoch, seq, found_at FROM rewind
         WHERE settled_at IS NULL ORDER BY datacenter, subject, timeline, epoch, seq"
    )
    .fetch_all(pool)
    .await?;
    let lost = rows.into_iter().map(|row| {
        let datacenter = DatacenterId::new(&row.datacenter)
            .map_err(|error| StoreError::corrupt("a data centre", error))?;
        let accepted = token(row.timeline, row.epoch, row.seq)?;
        Ok(Lost { datacenter, subject: subject(&row.subject)?, accepted, found_at: row.found_at })
    });
    lost.collect()
}

/// Settles what was found up to a moment; how many decisions.
pub async fn settle(
    tx: &mut Tx<'_>,
    by: &str,
    found_until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query!(
        "UPDATE rewind SET settled_at = $2, settled_by = $1
         WHERE settled_at IS NULL AND found_at <= $3",
        by,
        now,
        found_until
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

/// Tokens with their subjects, as Postgres' arrays.
#[derive(Default)]
struct Columns {
    subjects: Vec<String>,
    timelines: Vec<i32>,
    epochs: Vec<i64>,
    seqs: Vec<i64>,
}

impl Columns {
    fn of<'a>(tokens: impl Iterator<Item = (&'a Subject, &'a Token)>) -> Result<Self> {
        let mut columns = Self::default();
        for (subject, token) in tokens {
            columns.subjects.push(subject.to_string());
            columns.timelines.push(
                i32::try_from(token.timeline)
                    .map_err(|error| StoreError::corrupt("a timeline", error))?,
            );
            columns.epochs.push(signed(token.epoch)?);
            columns.seqs.push(signed(token.seq)?);
        }
        Ok(columns)
    }
}

fn subject(text: &str) -> Result<Subject> {
    text.parse().map_err(|error| StoreError::corrupt("a subject", error))
}

fn token(timeline: i32, epoch: i64, seq: i64) -> Result<Token> {
    let timeline =
        u32::try_from(timeline).map_err(|error| StoreError::corrupt("a timeline", error))?;
    Ok(Token { timeline, epoch: natural(epoch)?, seq: natural(seq)? })
}
