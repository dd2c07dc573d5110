//! Moments: what the estate is like is written down, so that the past can be looked at.

use std::time::Instant;

use chrono::{DateTime, Utc};
use mainstay_core::moment::{PERIOD, Recorder};
use mainstay_store::lease::Term;
use mainstay_store::{Store, StoreError, lease, moment};

use crate::estate::Snapshot;

#[derive(Default)]
pub(super) struct Moments {
    recorder: Recorder,
    /// The span that is written, and when it was last.
    span: Option<(i64, DateTime<Utc>)>,
    looked_at: Option<Instant>,
}

impl Moments {
    pub(super) async fn step(
        &mut self,
        store: &Store,
        term: &Term,
        snapshot: &Snapshot,
    ) -> Result<(), StoreError> {
        let soon = self.looked_at.is_some_and(|at| at.elapsed() < PERIOD);
        if soon || snapshot.estate.fleet_revision == 0 {
            return Ok(());
        }
        self.looked_at = Some(Instant::now());
        let now = snapshot.estate.at;
        // A clock that was set back: entries stand in the order of their times.
        if self.span.is_some_and(|(_, written)| now <= written) {
            return Ok(());
        }
        let span = self.span.map(|(id, _)| id);
        let (entries, recorder) = self.recorder.look(&snapshot.estate);
        let entries = &entries;
        let written = store
            .read_committed(|tx| {
                Box::pin(async move {
                    lease::step(tx, term, 0).await?;
                    let span = match span {
                        Some(span) if moment::extend(tx, span, now).await? => span,
                        // The store went back in time to before the span: it begins anew.
                        Some(_) => return Ok(None),
                        None => moment::open(tx, now).await?,
                    };
                    moment::write(tx, span, now, entries).await?;
                    Ok(Some(span))
                })
            })
            .await;
        match written {
            Ok(Some(span)) => {
                self.recorder = recorder;
                self.span = Some((span, now));
                Ok(())
            }
            Ok(None) => {
                *self = Self::default();
                Ok(())
            }
            // Whether it was written is not known: what comes must not rest on it.
            Err(error) => {
                *self = Self { looked_at: self.looked_at, ..Self::default() };
                Err(error)
            }
        }
    }
}
