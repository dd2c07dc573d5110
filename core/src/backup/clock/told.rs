//! What agents tell of databases, in the policies' time; and what they are given, in theirs.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use super::PolicyClock;
use crate::backup::Copy;
use crate::backup::job::{BackupDone, ProofResult, Reached, RestoreResult, Target, Validation};
use crate::backup::kept::Kept;
use crate::backup::work::{
    Archived, Archiver, DatabaseReport, Done, LogMoment, WalRun, Work, WorkReport, WorkState,
};
use crate::estate::Fact;

impl PolicyClock {
    /// A fact in the policies' time; `None`: it has no part in backups.
    pub fn told(&self, fact: &Fact) -> Option<Fact> {
        match fact {
            Fact::Work(report) => Some(Fact::Work(self.told_of_work(report))),
            Fact::Database(report) => Some(Fact::Database(self.told_of_database(report))),
            Fact::Test(_) | Fact::Member(_) => None,
        }
    }

    /// Work as an agent is given it.
    pub fn given(&self, work: &Work) -> Work {
        aimed(work, |at| self.to_real(at))
    }

    fn told_of_work(&self, report: &WorkReport) -> WorkReport {
        let at = |at: Option<DateTime<Utc>>| at.map(|at| self.to_policy(at));
        WorkReport {
            work: aimed(&report.work, |at| self.to_policy(at)),
            state: match &report.state {
                WorkState::Done { done } => WorkState::Done { done: self.done(done) },
                WorkState::Waiting | WorkState::Running { .. } | WorkState::Failed { .. } => {
                    report.state.clone()
                }
            },
            started_at: at(report.started_at),
            ended_at: at(report.ended_at),
        }
    }

    fn done(&self, done: &Done) -> Done {
        match done {
            Done::Backup(made) => {
                Done::Backup(BackupDone { copy: self.copy(&made.copy), ..made.clone() })
            }
            Done::Prove(result) => {
                let reached = self.reached(result.validation.reached.as_ref());
                Done::Prove(ProofResult {
                    started: self.to_policy(result.started),
                    ended: self.to_policy(result.ended),
                    validation: Validation { reached, ..result.validation.clone() },
                    kept: result.kept.as_ref().map(|kept| Box::new(self.kept(kept))),
                    ..result.clone()
                })
            }
            Done::Restore(result) => {
                let reached = self.reached(result.reached.as_ref());
                Done::Restore(RestoreResult { reached, ..result.clone() })
            }
            Done::Verify { .. } | Done::Expire | Done::LetGo | Done::Stay | Done::Cluster(_) => {
                done.clone()
            }
        }
    }

    fn reached(&self, reached: Option<&Reached>) -> Option<Reached> {
        let last_commit = |it: &Reached| it.last_commit.map(|at| self.to_policy(at));
        reached.map(|it| Reached { last_commit: last_commit(it), ..it.clone() })
    }

    fn told_of_database(&self, report: &DatabaseReport) -> DatabaseReport {
        let copies = |copies: &Vec<Copy>| copies.iter().map(|copy| self.copy(copy)).collect();
        let held = report.catalogue.iter();
        let run = |run: &WalRun| WalRun { last_at: self.to_policy(run.last_at), ..run.clone() };
        let wal = report.wal.iter();
        let moment = |moment: &LogMoment| LogMoment {
            segment: moment.segment.clone(),
            at: self.to_policy(moment.at),
        };
        DatabaseReport {
            read_at: self.to_policy(report.read_at),
            catalogue: held
                .map(|(id, held)| (id.clone(), held.as_ref().map(copies).map_err(Clone::clone)))
                .collect(),
            wal: wal.map(|(id, runs)| (id.clone(), runs.iter().map(run).collect())).collect(),
            log_moments: report.log_moments.iter().map(moment).collect(),
            kept: report.kept.iter().map(|kept| self.kept(kept)).collect(),
            archiver: report.archiver.as_ref().map(|archiver| self.archiver(archiver)),
            ..report.clone()
        }
    }

    fn archiver(&self, archiver: &Archiver) -> Archiver {
        let file = |it: &Archived| Archived { file: it.file.clone(), at: self.to_policy(it.at) };
        Archiver {
            failed: archiver.failed,
            last_failed: archiver.last_failed.as_ref().map(file),
            last_archived: archiver.last_archived.as_ref().map(file),
        }
    }

    fn kept(&self, kept: &Kept) -> Kept {
        let mut kept = kept.clone();
        (kept.since, kept.until) = (self.to_policy(kept.since), self.to_policy(kept.until));
        map_target(&mut kept.target, |at| self.to_policy(at));
        kept
    }

    fn copy(&self, copy: &Copy) -> Copy {
        let (started, finished) = (self.within(copy.started), self.within(copy.finished));
        Copy { started, finished, ..copy.clone() }
    }

    /// What an engine tells in whole seconds happened within the one that it names. At a fast pace
    /// a second is many minutes, and a copy must not seem to begin before its window: so the end
    /// of the second counts.
    fn within(&self, second: DateTime<Utc>) -> DateTime<Utc> {
        match self.pace(second).is_real() {
            true => self.to_policy(second),
            false => self.to_policy(second.trunc_subsecs(0) + TimeDelta::seconds(1)),
        }
    }
}

/// The same work with the moment up to which it restores, or keeps what is restored, in another
/// time.
fn aimed(work: &Work, map: impl Fn(DateTime<Utc>) -> DateTime<Utc>) -> Work {
    let mut work = work.clone();
    let target = match &mut work {
        Work::Prove(job) => &mut job.target,
        Work::Restore(job) => &mut job.target,
        Work::Stay(job) => {
            job.until = map(job.until);
            return work;
        }
        Work::Backup(_) | Work::Verify(_) | Work::Expire(_) | Work::LetGo(_) | Work::Cluster(_) => {
            return work;
        }
    };
    map_target(target, map);
    work
}

fn map_target(target: &mut Target, map: impl Fn(DateTime<Utc>) -> DateTime<Utc>) {
    match target {
        Target::Moment { at } => *at = map(*at),
        Target::EndOfCopy | Target::Latest => {}
    }
}
