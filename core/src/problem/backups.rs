//! Problems of copies: none that could be restored, late ones, too few, damaged ones, repositories
//! that cannot be read, copies that nobody proved, and a log that is not archived.
//!
//! Found only where the agent of a database is heard: what its silence hides is unknown, and the
//! silence is a problem already. What was not read raises nothing that it could make up for.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::Problem;
use crate::backup::coverage::{Coverage, Shortfall, coverage};
use crate::backup::proof::Proof;
use crate::backup::wal::{Archive, Damaged, End, SegmentSize, recoverable};
use crate::backup::work::{Archiver, DatabaseReport};
use crate::backup::{Label, Schedule, usable};
use crate::estate::{Contact, Estate};
use crate::id::{DatabaseId, DatacenterId};
use crate::status::Status;

/// What is known by restoring and reading copies, by database; one that is missing: it is not known
/// now.
pub type Proofs = BTreeMap<DatabaseId, Shown>;

/// What restoring and reading the copies of a database showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The last of each copy.
    pub proofs: Arc<Vec<Proof>>,
    pub damaged_log: Arc<Damaged>,
}

/// What is wrong with the copies of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "trouble")]
pub enum Trouble {
    /// There is none that could be restored.
    None,
    /// Windows passed without a copy, the first at `since`.
    Late {
        windows: u32,
        since: DateTime<Utc>,
        /// When the newest copy that can be used was begun.
        newest: Option<DateTime<Utc>>,
    },
    /// Fewer copies, or in fewer data centres, than the policy asks for.
    Short { copies: u32, asked: u16, datacenters: u32, asked_in: u16 },
    /// What a repository holds is not known.
    Unread { datacenter: DatacenterId, why: String },
    /// A copy failed its test restore, a reading of it, or has pages with wrong checksums.
    Damaged { datacenter: DatacenterId, label: Label },
    /// What was committed after this time cannot be recovered: the log was not archived since, or
    /// segments of it are lost.
    LogBehind {
        recoverable_to: DateTime<Utc>,
        lost: Option<u64>,
        /// The file of the log that Postgres says it cannot archive.
        #[serde(default)]
        stuck: Option<String>,
    },
    /// No copy passed a test restore lately, or ever.
    Unproven { proven_at: Option<DateTime<Utc>>, max_age_days: u16 },
}

impl Trouble {
    pub(super) fn key(&self, database: &DatabaseId) -> String {
        match self {
            Self::None => format!("backup-none-{database}"),
            Self::Late { .. } => format!("backup-late-{database}"),
            Self::Short { .. } => format!("backups-short-{database}"),
            Self::Unread { datacenter, .. } => {
                format!("repository-unread-{database}-in-{datacenter}")
            }
            Self::Damaged { datacenter, label } => {
                format!("copy-damaged-{database}-in-{datacenter}-{label}")
            }
            Self::LogBehind { .. } => format!("log-behind-{database}"),
            Self::Unproven { .. } => format!("backup-unproven-{database}"),
        }
    }

    pub(super) const fn datacenter(&self) -> Option<&DatacenterId> {
        match self {
            Self::Unread { datacenter, .. } | Self::Damaged { datacenter, .. } => Some(datacenter),
            Self::None
            | Self::Late { .. }
            | Self::Short { .. }
            | Self::LogBehind { .. }
            | Self::Unproven { .. } => None,
        }
    }

    pub(super) const fn status(&self) -> Status {
        match self {
            Self::None | Self::Late { windows: 2.., .. } | Self::LogBehind { .. } => {
                Status::Failing
            }
            Self::Late { .. }
            | Self::Short { .. }
            | Self::Unread { .. }
            | Self::Damaged { .. }
            | Self::Unproven { .. } => Status::Degraded,
        }
    }
}

/// The log may be archived so much later than it was written.
pub const LOG_BEHIND_AFTER: TimeDelta = TimeDelta::hours(1);
/// A database whose oldest copy is younger than this is not yet expected to have a proven one.
const PROOF_PATIENCE: TimeDelta = TimeDelta::days(1);

/// What is wrong with the copies of every database that has a policy.
pub(super) fn find(estate: &Estate, proofs: &Proofs) -> Vec<Problem> {
    let mut problems = Vec::new();
    for schedule in Schedule::all(&estate.fleet) {
        let Some((host, report)) = estate.database(&schedule.database) else { continue };
        if estate.contact(host) != Contact::Reporting {
            continue;
        }
        problems.extend(unread(&schedule, report));
        let known = proofs.get(&schedule.database);
        let shown = known.cloned().unwrap_or_default();
        let proofs = shown.proofs.as_slice();
        let found = coverage(&schedule, &report.catalogue, proofs, estate.at);
        let patient = known.is_none() || is_young(report, proofs, estate.at);
        let told = found.shortfalls.iter().filter(|shortfall| {
            let open = found.unread.is_empty() || !shortfall.may_be_elsewhere();
            let unproven = matches!(shortfall, Shortfall::NeverProven);
            open && !(patient && unproven)
        });
        let troubles = told.filter_map(|shortfall| trouble(&schedule, &found, shortfall));
        let late = estate.pace.stretch(LOG_BEHIND_AFTER);
        let log = log_behind(&schedule, report, &shown, late);
        problems.extend(troubles.chain(log).map(|trouble| {
            let database = schedule.database.clone();
            Problem::Backup { database, trouble }
        }));
    }
    problems
}

fn unread(schedule: &Schedule, report: &DatabaseReport) -> impl Iterator<Item = Problem> {
    let errors = report.catalogue.iter().filter_map(|(id, held)| Some((id, held.as_ref().err()?)));
    errors.map(|(datacenter, why)| Problem::Backup {
        database: schedule.database.clone(),
        trouble: Trouble::Unread { datacenter: datacenter.clone(), why: why.clone() },
    })
}

/// Whether what is committed now could be lost: there is a hole or a damaged segment behind the
/// newest copy, or a moment long past is in a segment that is not archived. An agent that was
/// started anew knows no such moment yet, and a repository that was not read may hold what is
/// missing.
fn log_behind(
    schedule: &Schedule,
    report: &DatabaseReport,
    shown: &Shown,
    late: TimeDelta,
) -> Option<Trouble> {
    let told = || Archive::told(report, &shown.damaged_log, SegmentSize::DEFAULT);
    let archive = (!report.wal.is_empty()).then(told)?;
    let reach = recoverable(schedule, &report.catalogue, &shown.proofs, Some(&archive));
    let stuck = report.archiver.as_ref().and_then(Archiver::stuck).map(|it| it.file.clone());
    let span = reach.spans.last().filter(|_| reach.unread.is_empty())?;
    let recoverable_to = span.at_least;
    match span.end {
        End::Gap(gap) | End::Damaged(gap) => {
            let lost = Some(gap.last - gap.first + 1);
            Some(Trouble::LogBehind { recoverable_to, lost, stuck })
        }
        End::Newest => {
            let before = report.read_at - late;
            let known = report.log_moments.first().is_some_and(|moment| moment.at <= before);
            (known && recoverable_to < before).then_some(Trouble::LogBehind {
                recoverable_to,
                lost: None,
                stuck,
            })
        }
        End::Abandoned { .. } | End::NoHistory { .. } | End::Unread | End::Unlisted => None,
    }
}

fn is_young(report: &DatabaseReport, proofs: &[Proof], now: DateTime<Utc>) -> bool {
    let oldest = usable(&report.catalogue, proofs).last().map(|held| held.copy.finished);
    oldest.is_none_or(|oldest| now - oldest < PROOF_PATIENCE)
}

fn trouble(schedule: &Schedule, found: &Coverage, shortfall: &Shortfall) -> Option<Trouble> {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let late = |windows: usize, since: DateTime<Utc>| {
        Some(Trouble::Late { windows: count(windows), since, newest: found.newest_started })
    };
    let policy = &schedule.policy;
    let unproven = |proven_at: Option<DateTime<Utc>>| {
        Some(Trouble::Unproven { proven_at, max_age_days: policy.proof_max_age_days })
    };
    match shortfall {
        Shortfall::NoCopy => Some(Trouble::None),
        Shortfall::TooFewCopies { .. } | Shortfall::TooFewDatacenters { .. } => {
            Some(Trouble::Short {
                copies: count(found.copies),
                asked: policy.copies,
                datacenters: count(found.datacenters),
                asked_in: policy.copies_in,
            })
        }
        Shortfall::Late { window_start } => late(1, *window_start),
        Shortfall::Missed { windows, since } => late(*windows, *since),
        Shortfall::NeverProven => unproven(None),
        Shortfall::ProofTooOld { at, .. } => unproven(Some(*at)),
        Shortfall::ProofFailed { datacenter, label, .. }
        | Shortfall::Gone { datacenter, label }
        | Shortfall::BadPages { datacenter, label } => {
            Some(Trouble::Damaged { datacenter: datacenter.clone(), label: label.clone() })
        }
        // They show on the page; a differential without its full is no loss of its own.
        Shortfall::FullLate { .. } | Shortfall::FullMissing { .. } => None,
    }
}
