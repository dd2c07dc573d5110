//! Moments of the past, as they were written down.

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::moment::estate;
use mainstay_core::problem::Record;
use mainstay_store::moment::Found;
use mainstay_store::{StoreError, fleet, moment, problem};

use crate::Control;
use crate::estate::Snapshot;

/// What is known of a moment.
#[derive(Debug)]
pub enum Past {
    Known(Box<Snapshot>),
    /// Nobody wrote then: the last moment before that is known, and the first after.
    Unknown {
        before: Option<DateTime<Utc>>,
        after: Option<DateTime<Utc>>,
    },
}

impl Control {
    /// What ran where at a moment, and which problems were open; nothing of rollouts, databases or
    /// traffic. Runbooks are those of now.
    pub async fn past(&self, at: DateTime<Utc>) -> Result<Past, StoreError> {
        let pool = self.store.reads();
        let entries = match moment::read(pool, at).await? {
            Found::Entries(entries) => entries,
            Found::Nothing { before, after } => return Ok(Past::Unknown { before, after }),
        };
        let (revision, declared) = fleet::at(pool, at).await?.unwrap_or_default();
        let just_after = at + TimeDelta::microseconds(1);
        let problems = problem::during(pool, at, just_after).await?;
        // Who had taken one then is in the audit log.
        let open = |it: Record| Record { closed_at: None, owner: None, snooze: None, ..it };
        let past = Snapshot {
            estate: estate(declared, revision, entries, at),
            is_past: true,
            problems: problems.into_iter().map(open).collect(),
            approvals: [].into(),
            ..self.snapshot()
        };
        Ok(Past::Known(Box::new(past)))
    }
}
