//! The ledger summed up: how users fared, by version and by edge.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};
use mainstay_core::id::{EdgeId, ServiceId};
use mainstay_core::traffic::Histogram;
use serde::Serialize;

use super::{Entry, read};

/// What users saw in a window.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// When the first request of the window was sent, and the last.
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    pub total: Totals,
    /// By service, then by the version that answered; the empty name: none did.
    pub versions: BTreeMap<ServiceId, BTreeMap<String, Totals>>,
    pub edges: BTreeMap<EdgeId, Totals>,
}

/// Requests of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Totals {
    pub requests: u64,
    /// 5xx, or no whole answer.
    pub failed: u64,
    /// Of these, without a whole answer.
    pub unanswered: u64,
    /// Answered 429: more of the same than an edge lets through.
    pub limited: u64,
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    /// When the first and the last answer came.
    pub first: Option<DateTime<Utc>>,
    pub last: Option<DateTime<Utc>>,
    #[serde(skip)]
    latency: Histogram,
}

/// Sums up the rows since a moment, of one service or of all.
///
/// # Errors
/// As [`read::each`].
pub fn summary(
    folder: &Path,
    since: Option<DateTime<Utc>>,
    service: Option<&ServiceId>,
) -> io::Result<Summary> {
    let mut summary = Summary::default();
    read::each(folder, since, |entry| {
        if service.is_none_or(|service| entry.service == *service) {
            summary.add(&entry);
        }
    })?;
    summary.finish();
    Ok(summary)
}

impl Summary {
    fn add(&mut self, entry: &Entry) {
        self.from = Some(self.from.map_or(entry.at, |from| from.min(entry.at)));
        self.to = self.to.max(Some(entry.at));
        self.total.add(entry);
        let version = entry.version.clone().unwrap_or_default();
        let versions = self.versions.entry(entry.service.clone()).or_default();
        versions.entry(version).or_default().add(entry);
        self.edges.entry(entry.edge.clone()).or_default().add(entry);
    }

    fn finish(&mut self) {
        let versions = self.versions.values_mut().flat_map(|versions| versions.values_mut());
        let all = versions.chain(self.edges.values_mut()).chain([&mut self.total]);
        for totals in all {
            totals.p50_ms = totals.latency.quantile(0.5);
            totals.p95_ms = totals.latency.quantile(0.95);
            totals.p99_ms = totals.latency.quantile(0.99);
        }
    }
}

impl Totals {
    fn add(&mut self, entry: &Entry) {
        let ended = entry.ended_at();
        self.requests += 1;
        self.failed += u64::from(entry.failed());
        self.unanswered += u64::from(entry.status.is_none());
        self.limited += u64::from(entry.status == Some(429));
        self.first = Some(self.first.map_or(ended, |first| first.min(ended)));
        self.last = self.last.max(Some(ended));
        self.latency.record(entry.latency_ms);
    }
}
