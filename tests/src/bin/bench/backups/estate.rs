//! A made-up fleet with many databases, whose copies are all as their policy asks: what its agents
//! would see, and what the store would hold of it.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use mainstay_core::backup::job::{BackupDone, ProofJob, ProofResult, Step, Target, Validation};
use mainstay_core::backup::run::{New, Origin, State};
use mainstay_core::backup::work::{
    DatabaseReport, Done, VerifyJob, WalRun, Work, WorkReport, WorkState,
};
use mainstay_core::backup::{Catalogue, Copy, Kind, Label, Planned, Schedule};
use mainstay_core::fleet::Fleet;
use mainstay_core::fleet::read::read;
use mainstay_core::id::DatacenterId;
use mainstay_store::Store;
use mainstay_store::backup::{Ordered, end_work, insert_run, order};

/// Copies of each database: one a day, and kept for so many days.
pub const COPIES: u16 = 10;
const DATACENTERS: usize = 20;
/// Windows are half an hour and were over so long ago; none begins while it is measured.
const WINDOW_BEGAN: TimeDelta = TimeDelta::hours(4);
/// How long a copy, a proof and a reading took.
const TOOK: TimeDelta = TimeDelta::minutes(3);

/// Everything of it.
pub struct Estate {
    pub toml: String,
    pub fleet: Fleet,
    pub now: DateTime<Utc>,
}

impl Estate {
    pub fn new(databases: usize, now: DateTime<Utc>) -> Result<Self> {
        let toml = toml(databases, now);
        match read(&toml) {
            Ok(fleet) => Ok(Self { toml, fleet, now }),
            Err(findings) => bail!("the made-up fleet is wrong: {findings:?}"),
        }
    }

    /// What the agent of a data centre sees of the databases that it hosts.
    pub fn seen(&self, datacenter: &DatacenterId) -> Vec<DatabaseReport> {
        let schedules = Schedule::all(&self.fleet).filter(|it| self.home(it) == Some(datacenter));
        schedules.map(|schedule| self.report(&schedule)).collect()
    }

    /// Writes what was done about the copies: a run and a proof of each, and a reading of each
    /// repository.
    pub async fn remember(&self, store: &Store) -> Result<()> {
        for schedule in Schedule::all(&self.fleet) {
            let copies = &self.copies(&schedule);
            let host = self.home(&schedule).context("a database without a data centre")?;
            store
                .transaction(|tx| {
                    Box::pin(async move {
                        for (planned, copy) in copies {
                            let at = copy.finished;
                            insert_run(tx, &run(planned, copy), at).await?;
                            for ordered in
                                [proof(planned, copy, host), reading(planned, self.now, host)]
                            {
                                order(tx, &ordered).await?;
                                if let Some(report) = &ordered.report {
                                    end_work(tx, report, ordered.ordered_at + TOOK).await?;
                                }
                            }
                        }
                        Ok(())
                    })
                })
                .await?;
        }
        Ok(())
    }

    fn home(&self, schedule: &Schedule) -> Option<&DatacenterId> {
        self.fleet.databases.get(&schedule.database)?.datacenters.first()
    }

    fn copies(&self, schedule: &Schedule) -> Vec<(Planned, Copy)> {
        let planned = schedule.between(self.now - TimeDelta::days(i64::from(COPIES)), self.now);
        let copy = |planned: Planned| {
            let started = planned.window_start + TOOK;
            let copy = Copy {
                label: Label(started.format("%Y%m%d-%H%M%SF").to_string()),
                kind: Kind::Full,
                full: None,
                started,
                finished: started + TOOK,
                database_bytes: 1 << 30,
                stored_bytes: 1 << 28,
                wal: Some((segment(started), segment(started + TOOK))),
                bad_pages: false,
                gone: false,
            };
            (planned, copy)
        };
        planned.into_iter().map(copy).collect()
    }

    fn report(&self, schedule: &Schedule) -> DatabaseReport {
        let mut catalogue: Catalogue =
            schedule.turn.iter().map(|id| (id.clone(), Ok(Vec::new()))).collect();
        let copies = self.copies(schedule);
        let first = copies.first().map_or(self.now, |(_, copy)| copy.started);
        for (planned, copy) in copies {
            if let Some(Ok(held)) = catalogue.get_mut(&planned.datacenter) {
                held.push(copy);
            }
        }
        let log = WalRun { first: segment(first), last: segment(self.now), last_at: self.now };
        let homes = schedule.turn.iter().take(2);
        DatabaseReport {
            database: schedule.database.clone(),
            read_at: self.now,
            hosts: true,
            prepared: None,
            catalogue,
            wal: homes.map(|id| (id.clone(), vec![log.clone()])).collect(),
            set_aside: Vec::new(),
            kept: Vec::new(),
            log_moments: Vec::new(),
            archiver: None,
            histories: std::collections::BTreeMap::new(),
        }
    }
}

fn toml(databases: usize, now: DateTime<Utc>) -> String {
    let begin = now - WINDOW_BEGAN;
    let (from, to) = (begin.hour() * 60, begin.hour() * 60 + 30);
    let clock = |minutes: u32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let mut text = format!(
        "name = \"copies\"\n[[region]]\nid = \"north\"\nname = \"north\"\ntime_zone = \"UTC\"\n\
         [[group]]\nid = \"store\"\nname = \"store\"\npriority = 1\n\
         [[backup_policy]]\nid = \"daily\"\nfull_every_days = 1\nwindow = \"{}-{}\"\n\
         retention_days = {COPIES}\n",
        clock(from),
        clock(to)
    );
    for at in 0..DATACENTERS {
        let id = name(at);
        let _ = write!(
            text,
            "[[datacenter]]\nid = \"{id}\"\nname = \"{id}\"\nregion = \"north\"\nvendor = \"x\"\n"
        );
    }
    for number in 0..databases {
        let (home, other) = (name(number % DATACENTERS), name((number + 1) % DATACENTERS));
        let _ = write!(
            text,
            "[[database]]\nid = \"orders-{number:04}-db\"\ngroup = \"store\"\n\
             datacenters = [\"{home}\", \"{other}\"]\npolicy = \"daily\"\n"
        );
    }
    text
}

fn name(at: usize) -> String {
    format!("dc-{:02}", at + 1)
}

/// A segment of the log, one a minute.
fn segment(at: DateTime<Utc>) -> String {
    let minute = at.timestamp() / 60;
    format!("00000001{:08X}{:08X}", minute / 256, minute % 256)
}

fn run(planned: &Planned, copy: &Copy) -> New {
    let done = BackupDone { asked: planned.kind, copy: copy.clone(), resumed: false };
    let datacenter = planned.datacenter.clone();
    let state = State::Done { datacenter, done, at: copy.finished, passed_over: Vec::new() };
    New { origin: Origin::Plan, planned: planned.clone(), state }
}

fn proof(planned: &Planned, copy: &Copy, agent: &DatacenterId) -> Ordered {
    let ordered_at = copy.finished + TimeDelta::hours(1);
    let job = ProofJob {
        id: format!("dw-p-{}-{}", planned.database, copy.label),
        database: planned.database.clone(),
        datacenter: planned.datacenter.clone(),
        label: copy.label.clone(),
        target: Target::EndOfCopy,
        checks: Vec::new(),
        keep: None,
    };
    let done = Done::Prove(ProofResult {
        started: ordered_at,
        ended: ordered_at + TOOK,
        restore: Step::Passed,
        validation: Validation {
            recovery: Step::Passed,
            reached: None,
            structure: Step::Passed,
            checks: Vec::new(),
            pages: Step::Passed,
        },
        clean_up: Step::Passed,
        kept: None,
    });
    ended(Work::Prove(job), agent, ordered_at, done)
}

fn reading(planned: &Planned, now: DateTime<Utc>, agent: &DatacenterId) -> Ordered {
    let job = VerifyJob {
        id: format!("dw-v-{}-{}", planned.database, planned.datacenter),
        database: planned.database.clone(),
        datacenter: planned.datacenter.clone(),
    };
    let done = Done::Verify { damages: Vec::new() };
    ended(Work::Verify(job), agent, now - TimeDelta::hours(2), done)
}

fn ended(work: Work, agent: &DatacenterId, ordered_at: DateTime<Utc>, done: Done) -> Ordered {
    let ended_at = ordered_at + TOOK;
    let report = WorkReport {
        work: work.clone(),
        state: WorkState::Done { done },
        started_at: Some(ordered_at),
        ended_at: Some(ended_at),
    };
    Ordered {
        work,
        agent: agent.clone(),
        asked_by: None,
        reason: None,
        ordered_at,
        report: Some(report),
        ended_at: Some(ended_at),
    }
}
