//! Days of backup policies that pass in seconds, on a real Postgres: copies are planned, rotated
//! and removed by the day of the policy; and what it takes to let them pass so.

#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../../store/tests/common/mod.rs"]
mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use common::TestDatabase;
use mainstay_control::access::By;
use mainstay_control::audit::Signer;
use mainstay_control::authority::Authority;
use mainstay_control::backups::days::DaysError;
use mainstay_control::{Control, follow};
use mainstay_core::audit::{Action, Outcome as Ended};
use mainstay_core::backup::clock::{Pace, TurnError};
use mainstay_core::backup::job::{BackupDone, BackupJob, ProofResult, Step, Validation};
use mainstay_core::backup::run::{Origin, Run, State};
use mainstay_core::backup::work::{DatabaseReport, Done, Work, WorkReport, WorkState};
use mainstay_core::backup::{Catalogue, Copy, Label};
use mainstay_core::deployment::Command;
use mainstay_core::estate::Fact;
use mainstay_core::fence::Outcome;
use mainstay_core::id::{DatabaseId, DatacenterId};
use mainstay_store::audit::{self, Filter};
use mainstay_wire::{CommandResult, Report};
use tokio_util::sync::CancellationToken;

/// So many policy days take so long; on a busy machine some windows may pass.
const SOON: Duration = Duration::from_secs(120);
const FLEET: &str = r#"
name = "days"
[[region]]
id = "north"
time_zone = "UTC"
[[datacenter]]
id = "osl1"
region = "north"
vendor = "x"
[[datacenter]]
id = "osl2"
region = "north"
vendor = "x"
[[datacenter]]
id = "osl3"
region = "north"
vendor = "x"
[[group]]
id = "store"
priority = 1
[[backup_policy]]
id = "daily"
full_every_days = 1
window = "00:00-20:00"
retention_days = 2
copies = 1
copies_in = 1
[[database]]
id = "store-db"
group = "store"
datacenters = ["osl1", "osl2"]
policy = "daily"
"#;

fn db() -> DatabaseId {
    DatabaseId::new("store-db").unwrap()
}

fn fast() -> Pace {
    Pace::new(10).unwrap()
}

fn control(db: &TestDatabase) -> Control {
    let dir = tempfile::tempdir().unwrap();
    Control::new(db.store.clone(), Authority::open(dir.path(), Utc::now()).unwrap())
}

/// The agent of `osl1`, with repositories that do what they are told at once.
#[derive(Default)]
struct Agent {
    held: BTreeMap<DatacenterId, Vec<Copy>>,
    /// Every copy that was made, and chains that were removed.
    made: Vec<Copy>,
    removed: Vec<Label>,
}

impl Agent {
    fn read(&self, now: DateTime<Utc>) -> DatabaseReport {
        let places = ["osl1", "osl2", "osl3"].map(|id| DatacenterId::new(id).unwrap());
        let held = |id| Ok(self.held.get(id).cloned().unwrap_or_default());
        let catalogue: Catalogue = places.iter().map(|id| (id.clone(), held(id))).collect();
        DatabaseReport {
            database: db(),
            read_at: now,
            hosts: true,
            prepared: None,
            catalogue,
            wal: BTreeMap::new(),
            set_aside: Vec::new(),
            kept: Vec::new(),
            log_moments: Vec::new(),
            archiver: None,
            histories: BTreeMap::new(),
        }
    }

    fn carry_out(&mut self, work: &Work, now: DateTime<Utc>) -> Done {
        match work {
            Work::Backup(job) => self.copy(job, now),
            Work::Expire(job) => {
                self.removed.push(job.chain.clone());
                let held = self.held.entry(job.datacenter.clone()).or_default();
                held.retain(|copy| *copy.chain() != job.chain);
                Done::Expire
            }
            Work::Prove(_) => Done::Prove(ProofResult {
                started: now,
                ended: now,
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
            }),
            Work::Verify(_) => Done::Verify { damages: Vec::new() },
            Work::Restore(_) | Work::LetGo(_) | Work::Stay(_) | Work::Cluster(_) => {
                panic!("nobody asked for {work:?}")
            }
        }
    }

    fn copy(&mut self, job: &BackupJob, now: DateTime<Utc>) -> Done {
        // An engine tells whole seconds.
        let at = now.trunc_subsecs(0);
        let copy = Copy {
            label: Label(format!("copy-{}", self.made.len())),
            kind: job.kind,
            full: None,
            started: at,
            finished: at,
            database_bytes: 2_000,
            stored_bytes: 1_000,
            wal: None,
            bad_pages: false,
            gone: false,
        };
        self.made.push(copy.clone());
        self.held.entry(job.datacenter.clone()).or_default().push(copy.clone());
        Done::Backup(BackupDone { asked: job.kind, copy, resumed: false })
    }
}

/// Reports, and does what is ordered, until a chain was removed.
async fn live(control: &Control) -> Agent {
    let id = DatacenterId::new("osl1").unwrap();
    let link = control.ingest.open(&id, "1", Utc::now());
    let mut commands = control.commands(&id);
    let (mut agent, mut facts, begun) = (Agent::default(), Vec::new(), Instant::now());
    for seq in 1.. {
        let now = Utc::now();
        facts.push(Fact::Database(agent.read(now)));
        let facts_now = std::mem::take(&mut facts);
        let report = Report { seq, full: seq == 1, facts: facts_now, ..Report::default() };
        control.ingest.report(&link, report, now).unwrap();
        if !agent.removed.is_empty() {
            break;
        }
        assert!(begun.elapsed() < SOON, "no chain went in time: {:?}", agent.made);
        let waited = tokio::time::timeout(Duration::from_millis(300), commands.next());
        for command in waited.await.unwrap_or_default() {
            let Command::Work { work } = command.action else { continue };
            let state = WorkState::Done { done: agent.carry_out(&work, Utc::now()) };
            let at = Some(Utc::now());
            facts.push(Fact::Work(WorkReport { work, state, started_at: at, ended_at: at }));
            let (command_id, token) = (command.id, command.token);
            let result = CommandResult { command_id, token, outcome: Outcome::Done };
            control.finish(&id, &result, Utc::now()).await.unwrap();
        }
    }
    agent
}

async fn latest(db: &TestDatabase) -> (Action, Ended) {
    let list = audit::list(&db.store, &Filter::default(), None, 1).await.unwrap();
    (list[0].event.action, list[0].event.outcome)
}

#[tokio::test]
async fn copies_come_and_go_by_the_day_of_the_policy() {
    let db = TestDatabase::new().await;
    let control = Arc::new(control(&db));
    let begun = Utc::now();
    control.set_pace(&By::system("test"), fast()).await.unwrap();
    control.apply_fleet(&By::system("test"), FLEET, 0, None).await.unwrap();
    let (dir, stop) = (tempfile::tempdir().unwrap(), CancellationToken::new());
    let signer = Signer::open(dir.path()).unwrap();
    let server = {
        let (control, stop) = (control.clone(), stop.clone());
        tokio::spawn(async move { control.run("test".to_owned(), signer, stop).await })
    };
    let agent = live(&control).await;
    stop.cancel();
    server.await.unwrap();

    let (clock, until) = (control.snapshot().estate.clock, DateTime::<Utc>::MAX_UTC);
    // The window of the first day may have begun before.
    let from = begun - TimeDelta::days(1);
    let mut runs = control.backup_runs(&[self::db()], from, until).await.unwrap();
    runs.reverse();
    assert!(runs.iter().all(|run| run.origin == Origin::Plan));
    // One a day, and a day is over in ten seconds.
    let days: Vec<_> = runs.iter().map(|run| run.planned.window_start.date_naive()).collect();
    assert!(days.windows(2).all(|pair| pair[0].succ_opt() == Some(pair[1])), "{days:?}");
    // Two days of retention, and the end of the first window before them.
    assert!(days.len() >= 3, "{days:?}");
    let last = clock.to_policy(Utc::now());
    assert!(last - begun > TimeDelta::days(2), "{begun} {last}");
    let done: Vec<&Run> =
        runs.iter().filter(|run| matches!(run.state, State::Done { .. })).collect();
    assert!(done.len() >= 2, "{runs:?}");
    let places: BTreeSet<_> = done.iter().map(|run| &run.planned.datacenter).collect();
    assert!(places.len() >= 2, "{places:?}");
    for run in done {
        let State::Done { done, at, .. } = &run.state else { unreachable!() };
        // Its copy begins with its window, although the engine's seconds are hours of it.
        assert!(run.planned.window_start <= done.copy.started, "{run:?}");
        assert!(done.copy.started <= *at + TimeDelta::hours(3), "{run:?}");
    }
    // The first copy went when its day and two more had passed; the agent's times are real.
    assert_eq!(agent.removed[0], Label("copy-0".to_owned()));
    let went = control.database_work(Some(&self::db()), Some("expire")).await.unwrap();
    let first = clock.to_policy(agent.made[0].finished);
    assert!(went[0].ordered_at - first >= TimeDelta::days(2), "{first} {went:?}");
    assert!(!control.proofs(&self::db()).await.unwrap().is_empty());

    // A second server says the same, and real days go on from there.
    let second = self::control(&db);
    follow::refresh(&second.store, &second.estate).await.unwrap();
    let at = Utc::now();
    assert_eq!(second.snapshot().estate.clock, clock);
    second.set_pace(&By::system("test"), fast()).await.unwrap();
    second.set_pace(&By::system("test"), Pace::REAL).await.unwrap();
    assert_eq!(latest(&db).await, (Action::BackupDays, Ended::Done));
    let slow = second.snapshot().estate.clock;
    assert_eq!(slow.to_policy(at), clock.to_policy(at));
    let later = Utc::now().trunc_subsecs(6) + TimeDelta::hours(1);
    let passed = slow.to_policy(later + TimeDelta::days(1)) - slow.to_policy(later);
    assert_eq!(passed, TimeDelta::days(1));
}

#[tokio::test]
async fn where_backups_were_made_in_real_days_these_stay() {
    let db = TestDatabase::new().await;
    let control = control(&db);
    let by = By::system("test");
    let state = r#"{"kind": "done"}"#;
    sqlx::query(
        "INSERT INTO backup_run (database, window_start, by_plan, origin, planned, tries, state,
             kind, revision, created_at, changed_at)
         VALUES ('db', now(), true, '{}', '{}', '[]', $1::jsonb, 'done', 1, now(), now())",
    )
    .bind(state)
    .execute(db.store.acts())
    .await
    .unwrap();
    control.set_pace(&by, Pace::REAL).await.unwrap();
    let refused = control.set_pace(&by, fast()).await;
    assert!(matches!(refused, Err(DaysError::Refused(TurnError::RealBackups))), "{refused:?}");
    assert_eq!(latest(&db).await, (Action::BackupDays, Ended::Refused));
    assert!(control.snapshot().estate.clock.is_real());
}
