//! Reads the audit log by the clock, piece by piece, and tells when it is not what was signed.
//!
//! Invariant: how far it came and what it found are written before the next piece is read, so a
//! leader that dies in the middle costs one piece.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{SubsecRound, Utc};
use mainstay_core::audit::check::{Broken, Check};
use mainstay_store::audit::check;
use mainstay_store::lease::{self, Term};
use mainstay_store::{Store, StoreError};

use super::Leader;
use crate::audit::piece;

/// How often a piece is read.
const LOOK_PERIOD: Duration = Duration::from_secs(30);

/// What was found; `None`: nothing, as far as is known.
pub(super) type Found = Arc<Mutex<Option<Broken>>>;

#[derive(Default)]
pub(super) struct Audited {
    looked_at: Option<Instant>,
}

impl Audited {
    pub(super) async fn step(&mut self, leader: &Leader, term: &Term) -> Result<(), StoreError> {
        if self.looked_at.is_some_and(|at| at.elapsed() < LOOK_PERIOD) {
            return Ok(());
        }
        self.looked_at = Some(Instant::now());
        let now = Utc::now().trunc_subsecs(6);
        let store = &leader.store;
        let known = check::read(store).await?;
        let before = known.clone().unwrap_or_else(|| Check::new(now));
        let after = match before.is_due(now) {
            true => look(store, before, leader).await?,
            false => before,
        };
        if known.as_ref() != Some(&after) {
            write(store, term, &after).await?;
        }
        let mut found = leader.audited.lock().unwrap_or_else(PoisonError::into_inner);
        let new = after.broken.as_ref().filter(|broken| found.as_ref() != Some(*broken));
        if let Some(broken) = new {
            tracing::error!(what = broken.what, "the audit log is not what was signed");
        }
        *found = after.broken;
        Ok(())
    }
}

async fn look(store: &Store, before: Check, leader: &Leader) -> Result<Check, StoreError> {
    let (piece, newest) = piece(store, &before).await?;
    let now = Utc::now().trunc_subsecs(6);
    Ok(match piece {
        Some(piece) => before.take(&piece, newest, Some(leader.verifier.clone()), now),
        None => before.ended_early(newest, now),
    })
}

async fn write(store: &Store, term: &Term, after: &Check) -> Result<(), StoreError> {
    store
        .read_committed(|tx| {
            Box::pin(async move {
                lease::step(tx, term, 0).await?;
                check::write(tx, after).await
            })
        })
        .await
}
