//! Databases in every state: on time, late, running, missed, damaged, partly unread, silent.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use mainstay_app::pages::backups::{AllKnown, Known, Told};
use mainstay_core::backup::job::{
    Archiving, BackupDone, Cause, Expect, Failure, Phase, Prepared, Progress, ProofJob,
    ProofResult, Reached, SqlCheck, SqlResult, Step, Target, Validation,
};
use mainstay_core::backup::proof::Proof;
use mainstay_core::backup::run::{Obstacle, Origin, PassedOver, Run, RunId, State, Try};
use mainstay_core::backup::work::{
    DatabaseReport, Done, VerifyJob, WalRun, Work, WorkReport, WorkState,
};
use mainstay_core::backup::{Catalogue, Copy, Kind, Label, Planned, Schedule};
use mainstay_core::estate::{DatacenterState, Estate, Fact};
use mainstay_core::fleet::{BackupPolicy, Database, FullSchedule, Rotation, Weekday};
use mainstay_core::id::{DatabaseId, DatacenterId, PolicyId};

use crate::sample;

/// Days of history.
const DAYS: i64 = 20;

fn id<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().expect("an id")
}

fn policy(full: FullSchedule, differential: bool, window_minutes: (u16, u16)) -> BackupPolicy {
    BackupPolicy {
        full,
        differential,
        window_minutes,
        retention_days: if differential { 14 } else { 7 },
        rotation: if differential { Rotation::Chain } else { Rotation::Literal },
        origin: NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date"),
        proof_max_age_days: 7,
        copies: 2,
        copies_in: 2,
    }
}

/// The databases with group, first data centre and policy.
const DATABASES: [(&str, &str, &str, &str); 6] = [
    ("feed-db", "social", "fra1", "daily"),
    ("store-db", "store", "dub1", "night"),
    ("stock-db", "logistics", "iad1", "chain"),
    ("label-db", "logistics", "fra2", "night"),
    ("metrics-db", "telemetry", "pdx2", "daily"),
    ("session-db", "social", "fra1", "late"),
];

/// The estate of the other samples with databases, and what the store would know of them.
pub fn estate() -> (Estate, AllKnown) {
    let mut estate = sample::estate(12, 2);
    let mut fleet = (*estate.fleet).clone();
    let weekdays = FullSchedule::Weekdays(vec![Weekday::Tuesday, Weekday::Friday]);
    let every = |days| FullSchedule::EveryDays(days);
    fleet.backup_policies = BTreeMap::from([
        (id("daily"), policy(every(1), false, (0, 60))),
        (id("night"), policy(every(1), false, (120, 151))),
        (id("chain"), policy(weekdays, true, (0, 120))),
        (id("late"), policy(every(2), true, (240, 300))),
    ]);
    for (name, group, first, policy) in DATABASES {
        let database = Database {
            group: id(group),
            datacenters: vec![id(first), id("sin1")],
            policy: Some(id::<PolicyId>(policy)),
            cluster: None,
            proof_checks: Vec::new(),
        };
        fleet.databases.insert(id(name), database);
    }
    let left = Database {
        group: id("social"),
        datacenters: vec![id("fra1")],
        policy: None,
        cluster: None,
        proof_checks: Vec::new(),
    };
    fleet.databases.insert(id("cache-db"), left);
    estate.fleet = Arc::new(fleet);
    let mut known = AllKnown::new();
    let mut number = 0;
    for (name, ..) in DATABASES {
        let database: DatabaseId = id(name);
        let schedule = Schedule::of(&estate.fleet, &database).expect("it has a policy");
        let mut made = Made::of(&schedule, &mut number);
        made.trouble(&mut estate);
        let (host, report) = made.report();
        tell(&mut estate, &host, Fact::Database(report));
        known.insert(database, made.known);
    }
    (estate, known)
}

fn tell(estate: &mut Estate, datacenter: &DatacenterId, fact: Fact) {
    let state = estate.datacenters.get(datacenter).expect("a data centre");
    let mut state: DatacenterState = (**state).clone();
    state.facts.insert(fact.key(), Arc::new(fact));
    estate.datacenters.insert(datacenter.clone(), Arc::new(state));
}

/// The history of one database.
struct Made {
    schedule: Schedule,
    catalogue: Catalogue,
    known: Known,
}

impl Made {
    /// Every window in time, each copy a little larger.
    fn of(schedule: &Schedule, number: &mut i64) -> Self {
        let now = sample::now();
        let mut catalogue: Catalogue =
            schedule.turn.iter().map(|id| (id.clone(), Ok(Vec::new()))).collect();
        let mut runs = Vec::new();
        let mut full: Option<Label> = None;
        for planned in schedule.between(now - TimeDelta::days(DAYS), now) {
            *number += 1;
            let datacenter = place(schedule, &planned);
            let copy = copy(&planned, *number, full.as_ref());
            if copy.kind == Kind::Full {
                full = Some(copy.label.clone());
            }
            if planned.expires_at > now
                && let Some(Ok(held)) = catalogue.get_mut(&datacenter)
            {
                held.push(copy.clone());
            }
            let at = copy.finished;
            let done = BackupDone { asked: planned.kind, copy, resumed: false };
            runs.push(Run {
                id: RunId(*number),
                origin: Origin::Plan,
                state: State::Done { datacenter, passed_over: Vec::new(), done, at },
                planned,
                tries: Vec::new(),
                revision: 3,
            });
        }
        runs.reverse();
        let mut made = Self {
            schedule: schedule.clone(),
            catalogue,
            known: Known { runs: runs.into_iter().map(Arc::new).collect(), ..Known::default() },
        };
        made.prove();
        made
    }

    /// The newest copy was proven, and a repository read through.
    fn prove(&mut self) {
        let Some((datacenter, copy)) = self.newest() else { return };
        let now = sample::now();
        let agent: DatacenterId = id("sin1");
        let job = ProofJob {
            id: format!("dw-{}", self.known.runs.len()),
            database: self.schedule.database.clone(),
            datacenter: datacenter.clone(),
            label: copy.label.clone(),
            target: Target::EndOfCopy,
            checks: Vec::new(),
            keep: None,
        };
        let done = Done::Prove(proof(&copy));
        let work = Work::Prove(job);
        let told = told(work, &agent, done, now - TimeDelta::hours(2));
        let verify = VerifyJob {
            id: format!("dw-{}", 900 + self.known.runs.len()),
            database: self.schedule.database.clone(),
            datacenter,
        };
        let done = Done::Verify { damages: Vec::new() };
        let read = self::told(Work::Verify(verify), &agent, done, now - TimeDelta::hours(9));
        self.known.work = vec![told, read];
        self.known.proofs = Arc::new(proofs(&self.known.work));
    }

    fn newest(&self) -> Option<(DatacenterId, Copy)> {
        let held = self.catalogue.iter().filter_map(|(id, held)| Some((id, held.as_ref().ok()?)));
        let copies = held.flat_map(|(id, copies)| copies.iter().map(move |copy| (id, copy)));
        let newest = copies.max_by_key(|(_, copy)| copy.finished);
        newest.map(|(id, copy)| (id.clone(), copy.clone()))
    }

    /// Takes the copies of the newest runs away.
    fn lose(&mut self, runs: usize) {
        for run in self.known.runs.iter().take(runs) {
            if let State::Done { datacenter, done, .. } = &run.state
                && let Some(Ok(held)) = self.catalogue.get_mut(datacenter)
            {
                held.retain(|copy| copy.label != done.copy.label);
            }
        }
    }

    fn trouble(&mut self, estate: &mut Estate) {
        let now = sample::now();
        let unreachable =
            Failure::new(Cause::RepositoryUnreachable, "connection to 10.2.0.4:22 timed out");
        match self.schedule.database.as_str() {
            "store-db" => {
                self.lose(1);
                let run = Arc::make_mut(&mut self.known.runs[0]);
                let tried = |n: i64, datacenter: &str| Try {
                    datacenter: id(datacenter),
                    work: format!("{}-{n}", run.id),
                    ordered_at: now - TimeDelta::minutes(55 - 10 * n),
                    failed_at: now - TimeDelta::minutes(52 - 10 * n),
                    failure: unreachable.clone(),
                };
                run.tries = vec![tried(1, "iad1"), tried(2, "iad1"), tried(3, "pdx1")];
                run.state = State::Waiting {
                    not_before: now + TimeDelta::minutes(4),
                    because: Some(Obstacle::Failed { failure: unreachable }),
                };
            }
            "stock-db" => {
                let why = "the repository did not answer within 30 s".to_owned();
                self.catalogue.insert(id("dub2"), Err(why));
            }
            "label-db" => {
                self.lose(3);
                for run in self.known.runs.iter_mut().take(3).map(Arc::make_mut) {
                    let at = run.planned.window_start + TimeDelta::days(1);
                    let because = Obstacle::Failed { failure: unreachable.clone() };
                    run.state = State::Missed { at: at.min(now), because };
                }
                self.known.proofs = Arc::default();
                self.known.work.clear();
                let held = self.catalogue.values_mut().filter_map(|held| held.as_mut().ok());
                if let Some(copy) = held.flatten().next() {
                    copy.bad_pages = true;
                }
            }
            "session-db" => {
                self.lose(1);
                let run = Arc::make_mut(&mut self.known.runs[0]);
                let work = format!("{}-1", run.id);
                let agent: DatacenterId = id("fra1");
                let at = now - TimeDelta::minutes(3);
                let datacenter = run.planned.datacenter.clone();
                let job = mainstay_core::backup::job::BackupJob {
                    id: work.clone(),
                    database: run.planned.database.clone(),
                    datacenter: datacenter.clone(),
                    kind: run.planned.kind,
                    without_full: mainstay_core::backup::job::WithoutFull::MakeFull,
                    parent: None,
                };
                let why = "the repository cannot be reached".to_owned();
                let passed_over = vec![PassedOver { datacenter: id("dub2"), why }];
                run.state =
                    State::Ordered { agent: agent.clone(), datacenter, passed_over, work, at };
                let progress = Progress { phase: Phase::Copying, done_bp: Some(4_210) };
                let report = WorkReport {
                    work: Work::Backup(job),
                    state: WorkState::Running { progress },
                    started_at: Some(at),
                    ended_at: None,
                };
                tell(estate, &agent, Fact::Work(report));
            }
            _ => {}
        }
    }

    fn report(&self) -> (DatacenterId, DatabaseReport) {
        let host = DATABASES.iter().find(|(name, ..)| *name == self.schedule.database.as_str());
        let ready = self.catalogue.iter().map(|(id, held)| {
            let failed = |why: &String| Failure::new(Cause::RepositoryUnreachable, why.clone());
            (id.clone(), held.as_ref().map(|_| ()).map_err(failed))
        });
        let wal = WalRun {
            first: format!("{:024X}", 1_u128 << 64),
            last: format!("{:024X}", (1_u128 << 64) + 200),
            last_at: sample::now() - TimeDelta::minutes(2),
        };
        let first = self.catalogue.keys().next().cloned();
        let report = DatabaseReport {
            database: self.schedule.database.clone(),
            read_at: sample::now() - TimeDelta::minutes(3),
            hosts: true,
            prepared: Some(Prepared {
                repositories: ready.collect(),
                archiving: Archiving::InForce,
            }),
            catalogue: self.catalogue.clone(),
            wal: first.into_iter().map(|id| (id, vec![wal.clone()])).collect(),
            set_aside: Vec::new(),
            kept: Vec::new(),
            log_moments: Vec::new(),
            archiver: None,
            histories: BTreeMap::new(),
        };
        (id(host.expect("it is one of them").2), report)
    }
}

/// The repository that takes a copy, of the four that the sample has.
fn place(schedule: &Schedule, planned: &Planned) -> DatacenterId {
    let at = schedule.turn.iter().position(|id| *id == planned.datacenter).unwrap_or(0);
    schedule.turn[at % 4].clone()
}

fn copy(planned: &Planned, number: i64, full: Option<&Label>) -> Copy {
    let started = planned.window_start + TimeDelta::minutes(7);
    let stamp = started.format("%Y%m%d-%H%M%S");
    let of = full.filter(|_| planned.kind == Kind::Differential);
    let label = match of {
        None => format!("{stamp}F"),
        Some(full) => format!("{full}_{stamp}D"),
    };
    let segment = |n: i64| format!("{:024X}", (1_u128 << 64) + u128::from(n.unsigned_abs() * 2));
    let size = 18_400_000_000 + number.unsigned_abs() * 31_000_000;
    Copy {
        label: Label(label),
        kind: if of.is_some() { Kind::Differential } else { Kind::Full },
        full: of.cloned(),
        started,
        finished: started + TimeDelta::minutes(14),
        database_bytes: size,
        stored_bytes: if of.is_some() { size / 40 } else { size / 4 },
        wal: Some((segment(number), segment(number))),
        bad_pages: false,
        gone: false,
    }
}

fn proof(copy: &Copy) -> ProofResult {
    let check = SqlCheck {
        name: "orders are there".to_owned(),
        database: "store".to_owned(),
        statement: "select count(*) from orders".to_owned(),
        expect: Expect::AtLeast { count: 1 },
    };
    ProofResult {
        started: copy.finished,
        ended: copy.finished + TimeDelta::minutes(9),
        restore: Step::Passed,
        validation: Validation {
            recovery: Step::Passed,
            reached: Some(Reached {
                position: Some("0/3000148".to_owned()),
                last_commit: Some(copy.finished - TimeDelta::seconds(4)),
            }),
            structure: Step::Passed,
            checks: vec![SqlResult { check, passed: true, seen: "1204".to_owned() }],
            pages: Step::not_run("the cluster keeps no page checksums"),
        },
        clean_up: Step::Passed,
        kept: None,
    }
}

fn told(work: Work, agent: &DatacenterId, done: Done, at: DateTime<Utc>) -> Told {
    let report = WorkReport {
        work: work.clone(),
        state: WorkState::Done { done },
        started_at: Some(at),
        ended_at: Some(at + TimeDelta::minutes(9)),
    };
    Told {
        work,
        agent: agent.clone(),
        asked_by: None,
        reason: None,
        ordered_at: at,
        report: Some(report),
        ended_at: Some(at + TimeDelta::minutes(9)),
    }
}

fn proofs(work: &[Told]) -> Vec<Proof> {
    let ended = work.iter().filter_map(|it| Some((it.report.as_ref()?, it.ended_at?)));
    ended.flat_map(|(report, at)| Proof::all_of(report, at)).collect()
}
