//! What a copy, a reading, a restore and a proof cost through the agent's engine, beside the same
//! by hand with the same files of settings.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use mainstay_agent::database::pgbackrest::PgBackRest;
use mainstay_agent::database::{Engine, Reporter, live, proof};
use mainstay_core::backup::job::{BackupJob, ProofJob, RestoreJob, Target, WithoutFull};
use mainstay_core::backup::{Kind, Label};
use mainstay_core::id::{DatabaseId, DatacenterId};
use tokio_util::sync::CancellationToken;

use super::cluster::{Cluster, DATABASE, HOME};
use super::group::Group;
use crate::Plan;
use crate::report::{Limit, Report};
use crate::stats::Samples;

/// More than by hand, percent.
const OVER_MOST: f64 = 5.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    Backup,
    Verify,
    Restore,
    Prove,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Mainstay,
    Hand,
}

/// Wall and processor time of each task on each side, seconds.
type Times = BTreeMap<(Task, Side), (Samples, Samples)>;

pub async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let cluster = Cluster::start(plan.database_bytes)?;
    let gigabytes = cluster.bytes()? as f64 / 1e9;
    let engine = Mainstay { engine: cluster.engine().await?, jobs: 0 };
    let prepared = engine.engine.prepare(&database()?, &never()).await;
    let prepared = prepared.map_err(anyhow::Error::new)?;
    if prepared.repositories.values().any(Result::is_err) {
        bail!("the repository cannot be used: {prepared:?}");
    }
    let times = rounds(&cluster, engine, plan.copy_rounds).await?;
    for task in [Task::Backup, Task::Verify, Task::Restore, Task::Prove] {
        let of = |side| times.get(&(task, side)).context("a task was not measured");
        let (own, hand) = (of(Side::Mainstay)?, of(Side::Hand)?);
        let name = format!("{} of a database of {gigabytes:.2} GB", task.name());
        for (what, own, hand) in [("time", &own.0, &hand.0), ("CPU", &own.1, &hand.1)] {
            let (own, hand) = (own.percentile(50.0), hand.percentile(50.0));
            let how = format!(
                "{own:.2} s through the agent's engine, {hand:.2} s by hand, medians of {} rounds \
                 in changing order",
                plan.copy_rounds
            );
            let over = (own / hand - 1.0) * 100.0;
            report.add(
                format!("{name}, {what} over by hand"),
                Limit::Below(OVER_MOST),
                over,
                "%",
                how,
            );
        }
    }
    Ok(())
}

async fn rounds(cluster: &Cluster, mut engine: Mainstay, rounds: usize) -> Result<Times> {
    let mut times = Times::new();
    for round in 0..rounds {
        let order = match round % 2 {
            0 => [Side::Mainstay, Side::Hand],
            _ => [Side::Hand, Side::Mainstay],
        };
        let mut labels: BTreeMap<Side, String> = BTreeMap::new();
        for task in [Task::Backup, Task::Verify, Task::Restore, Task::Prove] {
            for side in order {
                let label = labels.get(&side).cloned().unwrap_or_default();
                let (begun, group) = (Instant::now(), Group::enter()?);
                let made = match side {
                    Side::Mainstay => engine.perform(task, &label).await,
                    Side::Hand => by_hand(cluster, task, &label),
                };
                let (wall, cpu) = (begun.elapsed().as_secs_f64(), group.end()?);
                let label = made.with_context(|| format!("{task:?}, {side:?}"))?;
                labels.entry(side).or_insert(label);
                println!("    {task:?}, {side:?}: {wall:.2} s, CPU {cpu:.2} s");
                let (walls, cpus) = times.entry((task, side)).or_default();
                walls.push(wall);
                cpus.push(cpu);
                cluster.sweep()?;
            }
        }
    }
    Ok(times)
}

/// The label of the copy that it was about.
fn by_hand(cluster: &Cluster, task: Task, label: &str) -> Result<String> {
    match task {
        Task::Backup => return cluster.backup(),
        Task::Verify => cluster.verify()?,
        Task::Restore => cluster.restore(label)?,
        Task::Prove => cluster.prove(label)?,
    }
    Ok(label.to_owned())
}

struct Mainstay {
    engine: PgBackRest,
    jobs: usize,
}

impl Mainstay {
    async fn perform(&mut self, task: Task, label: &str) -> Result<String> {
        self.jobs += 1;
        let (id, database) = (format!("bench-{}", self.jobs), database()?);
        let (datacenter, engine) = (DatacenterId::new(HOME)?, &self.engine);
        let (report, stop, known) = (Reporter::default(), never(), Label(label.to_owned()));
        let target = Target::EndOfCopy;
        match task {
            Task::Backup => {
                let (kind, without_full) = (Kind::Full, WithoutFull::Refuse);
                let parent = None;
                let job = BackupJob { id, database, datacenter, kind, without_full, parent };
                let done = engine.backup(&job, &report, &stop).await;
                return Ok(done.map_err(anyhow::Error::new)?.copy.label.0);
            }
            Task::Verify => {
                let damages = engine.verify(&database, &datacenter, &stop).await;
                let damages = damages.map_err(anyhow::Error::new)?;
                if !damages.is_empty() {
                    bail!("a copy is damaged: {damages:?}");
                }
            }
            Task::Restore => {
                let checks = Vec::new();
                let job = RestoreJob { id, database, datacenter, label: known, target, checks };
                let result = live::restore_over(engine, &job, &report, &stop).await;
                if !result.start.passed() {
                    bail!("not restored: {result:?}");
                }
            }
            Task::Prove => {
                let checks = Vec::new();
                let job =
                    ProofJob { id, database, datacenter, label: known, target, checks, keep: None };
                let result = proof::prove(engine, &job, &report, &stop).await;
                if !result.proved() || !result.clean_up.passed() {
                    bail!("not proved: {result:?}");
                }
            }
        }
        Ok(label.to_owned())
    }
}

impl Task {
    const fn name(self) -> &'static str {
        match self {
            Self::Backup => "full copy",
            Self::Verify => "reading of the repository",
            Self::Restore => "restore",
            Self::Prove => "proof",
        }
    }
}

fn database() -> Result<DatabaseId> {
    Ok(DatabaseId::new(DATABASE)?)
}

fn never() -> CancellationToken {
    CancellationToken::new()
}
