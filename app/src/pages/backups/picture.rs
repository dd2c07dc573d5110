//! What is known of the copies of one database: the schedule, what its agent sees, what was asked
//! and done. Every page about backups is made from it.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use mainstay_core::backup::coverage::{Coverage, Shortfall, coverage};
use mainstay_core::backup::proof::{Outcome, Proof};
use mainstay_core::backup::run::Run;
use mainstay_core::backup::wal::{Archive, Damaged, Recoverable, SegmentSize, recoverable};
use mainstay_core::backup::work::{DatabaseReport, Work, WorkReport};
use mainstay_core::backup::{Copy, Held, Label, Schedule, usable};
use mainstay_core::estate::{Contact, Estate};
use mainstay_core::id::{DatabaseId, DatacenterId};

use super::mark::{Look, look};
use crate::t;
use crate::text;
use crate::ui::tone::Tone;

/// What the store holds of one database, read for one request.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The newest first.
    pub runs: Vec<Arc<Run>>,
    /// Work that agents were given, the newest first.
    pub work: Vec<Told>,
    /// Test restores and readings that said something of a copy; the last of each at least.
    pub proofs: Arc<Vec<Proof>>,
    /// Segments of the log that the last reading of each repository found damaged.
    pub damaged_log: Arc<Damaged>,
}

/// Work that an agent was given, and what it told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub work: Work,
    pub agent: DatacenterId,
    /// Who asked for it, and why; `None`: it was due.
    pub asked_by: Option<String>,
    pub reason: Option<String>,
    pub ordered_at: DateTime<Utc>,
    pub report: Option<WorkReport>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// One database as it stands.
#[derive(Debug)]
pub struct Picture<'a> {
    pub estate: &'a Estate,
    pub schedule: Schedule,
    /// Where the database runs, as an agent says.
    pub host: Option<&'a DatacenterId>,
    pub contact: Contact,
    /// What that agent saw last; old while it is silent.
    pub report: Option<&'a DatabaseReport>,
    pub known: &'a Known,
    // Worked out where a page asks: one of many databases shows it of a few.
    coverage: OnceLock<Option<Coverage>>,
    usable: OnceLock<Vec<Held<'a>>>,
}

impl<'a> Picture<'a> {
    /// `None`: the fleet has no such database, or no policy for it.
    pub fn of(estate: &'a Estate, database: &DatabaseId, known: &'a Known) -> Option<Self> {
        Some(Self::with(estate, Schedule::of(&estate.fleet, database)?, known))
    }

    pub fn with(estate: &'a Estate, schedule: Schedule, known: &'a Known) -> Self {
        let seen = estate.database(&schedule.database);
        let report = seen.map(|(_, report)| report);
        Self {
            host: seen.map(|(host, _)| host),
            contact: seen.map_or(Contact::Never, |(host, _)| estate.contact(host)),
            coverage: OnceLock::new(),
            usable: OnceLock::new(),
            estate,
            schedule,
            report,
            known,
        }
    }

    /// `None`: no agent ever told.
    pub fn coverage(&self) -> Option<&Coverage> {
        let coverage = self.coverage.get_or_init(|| {
            let (proofs, now) = (&self.known.proofs, self.now());
            self.report.map(|it| coverage(&self.schedule, &it.catalogue, proofs, now))
        });
        coverage.as_ref()
    }

    /// Copies that nothing speaks against, the newest first.
    pub fn usable(&self) -> &[Held<'a>] {
        self.usable.get_or_init(|| {
            let known = |report: &'a DatabaseReport| usable(&report.catalogue, &self.known.proofs);
            self.report.map(known).unwrap_or_default()
        })
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.estate.at
    }

    pub fn database(&self) -> &DatabaseId {
        &self.schedule.database
    }

    pub fn heard(&self) -> bool {
        self.contact == Contact::Reporting
    }

    /// What an agent tells of a piece of work that it has.
    pub fn work(&self, agent: &DatacenterId, id: &str) -> Option<&'a WorkReport> {
        self.estate.datacenters.get(agent)?.work(id)
    }

    /// How a run stands.
    pub fn look(&self, run: &Run) -> Look {
        look(run, self.estate)
    }

    /// From when to when it can be recovered.
    pub fn recoverable(&self) -> Recoverable {
        let Some(report) = self.report else { return Recoverable::default() };
        let archive = Archive::told(report, &self.known.damaged_log, SegmentSize::DEFAULT);
        let archive = (!report.wal.is_empty()).then_some(&archive);
        recoverable(&self.schedule, &report.catalogue, &self.known.proofs, archive)
    }

    /// When the archived log was stored last.
    pub fn log_stored_at(&self) -> Option<DateTime<Utc>> {
        let runs = self.report.into_iter().flat_map(|report| report.wal.values().flatten());
        runs.map(|run| run.last_at).max()
    }

    /// The last that is known of a copy by restoring or reading it.
    pub fn proof(&self, datacenter: &DatacenterId, label: &Label) -> Option<&'a Proof> {
        let of = |it: &&Proof| it.datacenter == *datacenter && it.label == *label;
        self.known.proofs.iter().filter(of).max_by_key(|it| (it.at, it.outcome))
    }

    /// Whether something speaks against a copy that is there.
    pub fn is_usable(&self, datacenter: &DatacenterId, label: &Label) -> bool {
        self.usable().iter().any(|held| held.datacenter == datacenter && held.copy.label == *label)
    }

    /// Repositories that could not be read, and why.
    pub fn unread(&self) -> Vec<(DatacenterId, String)> {
        let held = self.report.into_iter().flat_map(|report| &report.catalogue);
        let errors = held.filter_map(|(id, held)| Some((id.clone(), held.as_ref().err()?.clone())));
        errors.collect()
    }

    /// How the set stands, worst first: a look and words.
    pub fn standing(&self) -> (Tone, String) {
        if self.host.is_none() {
            return (Tone::Unk, t!("set-unseen"));
        }
        if !self.heard() {
            return (Tone::Unk, t!("set-old"));
        }
        let Some(coverage) = self.coverage() else { return (Tone::Unk, t!("set-unseen")) };
        let hidden = !coverage.unread.is_empty();
        let worst = coverage
            .shortfalls
            .iter()
            .filter(|short| !(hidden && short.may_be_elsewhere()))
            .map(|short| self.short(short))
            .min_by_key(|(tone, _)| tone.status());
        let open = self.known.runs.iter().filter(|run| !run.state.is_over());
        let open = open.map(|run| self.look(run)).find(|look| look.needs_a_person());
        let run = open.map(|look| (look.tone(), look.word()));
        let worst = worst.into_iter().chain(run).min_by_key(|(tone, _)| tone.status());
        match (worst, !self.unread().is_empty()) {
            (Some(worst), _) => worst,
            (None, true) => (Tone::Unk, t!("set-unread")),
            (None, false) => (Tone::Ok, t!("set-met")),
        }
    }

    fn short(&self, short: &Shortfall) -> (Tone, String) {
        match short {
            Shortfall::NoCopy => (Tone::Crit, t!("set-none")),
            Shortfall::Missed { windows, .. } => {
                (Tone::Crit, t!("set-missed", count = text::number(*windows as u64)))
            }
            Shortfall::Late { window_start } => {
                let end = self.schedule.begun(*window_start).map_or(*window_start, |it| it.end);
                let late = text::minutes(self.now() - end);
                (Tone::Warn, t!("set-late", time = late))
            }
            Shortfall::FullLate { .. } => (Tone::Warn, t!("set-full-late")),
            Shortfall::TooFewCopies { .. } | Shortfall::TooFewDatacenters { .. } => {
                (Tone::Warn, t!("set-short"))
            }
            Shortfall::ProofFailed { .. }
            | Shortfall::BadPages { .. }
            | Shortfall::Gone { .. }
            | Shortfall::FullMissing { .. } => (Tone::Warn, t!("set-damaged")),
            Shortfall::NeverProven | Shortfall::ProofTooOld { .. } => {
                (Tone::Warn, t!("set-unproven"))
            }
        }
    }
}

/// Look and word of what is known of a copy.
pub fn proven(proof: Option<&Proof>, copy: &Copy, usable: bool) -> (Tone, String) {
    match proof.map(|proof| proof.outcome) {
        _ if copy.gone => (Tone::Crit, t!("copy-vanished")),
        Some(Outcome::Failed) => (Tone::Crit, t!("copy-damaged")),
        _ if copy.bad_pages => (Tone::Crit, t!("copy-damaged")),
        _ if !usable => (Tone::Crit, t!("copy-unusable")),
        Some(Outcome::Passed) => (Tone::Ok, t!("copy-proven")),
        None => (Tone::Unk, t!("copy-unproven")),
    }
}
