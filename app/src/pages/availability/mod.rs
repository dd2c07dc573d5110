//! `/availability`: how available services were, what it cost of their budgets, and the ledger of
//! outages; one outage, and the report of a month.

mod burning;
mod card;
mod charts;
mod figures;
mod ledger;
pub mod list;
pub mod outage;
pub mod report;
mod scope;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use mainstay_core::availability::outage::Told;
use mainstay_core::availability::{Tally, Total};

pub use burning::BurnRow;
pub use card::Card;
pub use figures::{Figures, Ratio};
pub use ledger::OutageRow;
pub use scope::{Scope, Window};

/// Everything that is known of a period, for a page to be made of.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The period that was asked for.
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// From when on minutes were decided at all, and up to when; `None`: none was.
    pub decided: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// By service and region; what was excluded is marked in them.
    pub totals: Vec<Total>,
    /// By hour or day and by what the rows of the page are, oldest first.
    pub buckets: Vec<(DateTime<Utc>, String, Tally)>,
    /// Seconds of a bucket.
    pub bucket_seconds: u32,
    pub excluded: Vec<Told>,
}

impl Known {
    /// The part of the period that has been decided.
    fn span(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        match self.decided {
            None => (self.from, self.from),
            Some((began, until)) => {
                let from = self.from.max(began);
                (from, self.until.min(until).max(from))
            }
        }
    }

    /// Its length in minutes.
    fn span_minutes(&self) -> u64 {
        let (from, until) = self.span();
        u64::try_from((until - from).num_minutes()).unwrap_or(0)
    }

    /// Minutes of the whole period.
    fn minutes(&self) -> u64 {
        u64::try_from((self.until - self.from).num_minutes()).unwrap_or(0)
    }

    fn sum(&self) -> Tally {
        self.totals.iter().map(|total| total.tally).sum()
    }
}

/// The beginning of a UTC day.
fn day(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::days(1)).unwrap_or(at)
}
