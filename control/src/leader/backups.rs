//! Backups of databases: runs begin with their windows and go on to their end, chores are ordered
//! between them, and what came of work is written down.
//!
//! Invariants: a state, the work that it orders and its audit entry are one transaction; a run has
//! one piece of work at a time, and a database one that changes its repositories. All of it is in
//! the policies' time but audit entries and commands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::approval;
use mainstay_core::audit::{Action, Actor, Event, Outcome as Ended};
use mainstay_core::backup::job::{Cause, Failure, SqlCheck};
use mainstay_core::backup::restore;
use mainstay_core::backup::run::{self, Change, Run, State};
use mainstay_core::backup::work::{DatabaseReport, Work, WorkReport, WorkState};
use mainstay_core::backup::{Schedule, chores};
use mainstay_core::estate::Estate;
use mainstay_core::fence::Outcome;
use mainstay_core::id::{DatabaseId, DatacenterId};
use mainstay_store::backup::{self as stored, Ordered};
use mainstay_store::lease::{self, Term};
use mainstay_store::{StoreError, audit, outbox, restore as restores};
use serde_json::json;

use super::Leader;
use crate::approvals;
use crate::backups::{give, hears};
use crate::estate::Snapshot;

/// Looks at the store are at least so far apart.
const PERIOD: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Backups {
    looked_at: Option<Instant>,
}

/// What a look is made from.
struct View<'a> {
    /// As it is, for what is commanded and for the audit log.
    real: &'a Estate,
    /// The same in the policies' time, and the moment in that.
    estate: &'a Estate,
    now: DateTime<Utc>,
    schedules: BTreeMap<DatabaseId, Schedule>,
    runs: Vec<Run>,
    work: Vec<Ordered>,
}

impl Backups {
    pub(super) async fn step(
        &mut self,
        leader: &Leader,
        term: &Term,
        snapshot: &Snapshot,
    ) -> Result<(), StoreError> {
        if self.looked_at.is_some_and(|at| at.elapsed() < PERIOD) {
            return Ok(());
        }
        self.looked_at = Some(Instant::now());
        let real = &snapshot.estate;
        let policy = real.in_policy_time();
        let (estate, pool) = (&*policy, leader.store.reads());
        let schedules = Schedule::all(&estate.fleet).map(|it| (it.database.clone(), it)).collect();
        let now = estate.at.trunc_subsecs(6);
        let (runs, work) = (stored::open_runs(pool).await?, stored::open_work(pool).await?);
        let mut view = View { real, estate, now, schedules, runs, work };
        begin(leader, term, &mut view).await?;
        end_work(leader, term, &mut view).await?;
        go_on(leader, term, &mut view).await?;
        restore(leader, term, &view).await?;
        self.chores(leader, term, &view).await
    }

    /// Orders the next chore of each database that has nothing else to do.
    async fn chores(
        &mut self,
        leader: &Leader,
        term: &Term,
        view: &View<'_>,
    ) -> Result<(), StoreError> {
        // Read after the open work: what of that is over is in here.
        let history = leader.sources.history.now(view.now).await?;
        let nothing = Arc::default();
        let busy = view.busy();
        for (database, schedule) in &view.schedules {
            let Some((host, report)) = view.host(database).filter(|(host, _)| view.heard(host))
            else {
                continue;
            };
            if busy.contains(database) {
                continue;
            }
            let past = history.of(database).unwrap_or(&nothing);
            let provers = view.provers(database, host);
            let facts = chores::Facts {
                now: view.now,
                schedule,
                report,
                changed_at: past.changed_at,
                proofs: &past.proofs,
                proof_ordered_at: past.prove_ordered_at,
                verified_at: &past.verified_at,
                provers: &provers,
                checks: view.checks(database),
            };
            // Whether there is one is found out before a number is used up for it.
            if chores::next(&facts, "").is_some() {
                order_chore(leader, term, view, &facts).await?;
            }
        }
        Ok(())
    }
}

impl<'a> View<'a> {
    /// The real moment, for the audit log.
    fn at(&self) -> DateTime<Utc> {
        self.real.at.trunc_subsecs(6)
    }

    /// The data centre whose agent says that the database runs there, and what it sees: the first
    /// in the order of the fleet.
    fn host(&self, database: &DatabaseId) -> Option<(&'a DatacenterId, &'a DatabaseReport)> {
        let declared = self.estate.fleet.databases.get(database)?;
        declared.datacenters.iter().find_map(|datacenter| {
            let (id, state) = self.estate.datacenters.get_key_value(datacenter)?;
            let report = state.database(database).filter(|report| report.hosts)?;
            Some((id, report))
        })
    }

    /// What the fleet says a proof is to ask the database.
    fn checks(&self, database: &DatabaseId) -> &'a [SqlCheck] {
        self.estate.fleet.databases.get(database).map_or(&[], |it| &it.proof_checks)
    }

    /// Databases with a run that is due, or with work.
    fn busy(&self) -> BTreeSet<&DatabaseId> {
        let due = |run: &&Run| match &run.state {
            State::Waiting { not_before, .. } => *not_before <= self.now,
            State::Ordered { .. } => true,
            State::Done { .. } | State::Missed { .. } => false,
        };
        let runs = self.runs.iter().filter(due).map(|run| &run.planned.database);
        runs.chain(self.work.iter().map(|it| it.work.database())).collect()
    }

    fn heard(&self, datacenter: &DatacenterId) -> bool {
        hears(self.estate, datacenter)
    }

    /// Where the database can be restored beside it: where it runs first, then elsewhere.
    fn provers(&self, database: &DatabaseId, host: &DatacenterId) -> Vec<DatacenterId> {
        let sees = |id: &&DatacenterId| {
            let state = self.estate.datacenters.get(*id);
            *id != host && state.is_some_and(|it| it.database(database).is_some()) && self.heard(id)
        };
        let others = self.estate.datacenters.keys().filter(sees);
        std::iter::once(host).chain(others).cloned().collect()
    }

    /// What is told of a piece of work.
    fn told(&self, agent: &DatacenterId, id: &str) -> Option<&'a WorkReport> {
        self.estate.datacenters.get(agent)?.work(id)
    }
}

/// Writes the runs whose windows have begun.
async fn begin(leader: &Leader, term: &Term, view: &mut View<'_>) -> Result<(), StoreError> {
    let newest = stored::newest_windows(leader.store.reads()).await?;
    for (database, schedule) in &view.schedules {
        for new in run::due(schedule, newest.get(database).copied(), view.now) {
            let (new, now, at) = (&new, view.now, view.at());
            let id = leader.store.read_committed(|tx| {
                Box::pin(async move {
                    lease::step(tx, term, 0).await?;
                    let Some(id) = stored::insert_run(tx, new, now).await? else {
                        return Ok(None);
                    };
                    let run = Run::begin(id, new.clone());
                    audit::append(tx, &stepped(&run, at)).await?;
                    Ok(Some(run))
                })
            });
            view.runs.extend(id.await?.filter(|run| !run.state.is_over()));
        }
    }
    Ok(())
}

/// Writes down how work ended; what ended is taken out of the view.
async fn end_work(leader: &Leader, term: &Term, view: &mut View<'_>) -> Result<(), StoreError> {
    let mut over = BTreeSet::new();
    for ordered in &view.work {
        let Some(report) = ending(leader, view, ordered).await? else { continue };
        let event = &result(ordered, &report, view.at());
        let (report, now) = (&report, view.now);
        leader
            .store
            .read_committed(|tx| {
                Box::pin(async move {
                    lease::step(tx, term, 0).await?;
                    if stored::end_work(tx, report, now).await? {
                        audit::append(tx, event).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        over.insert(ordered.work.id().to_owned());
    }
    view.work.retain(|ordered| !over.contains(ordered.work.id()));
    Ok(())
}

/// How a piece of work ended; `None`: it has not.
async fn ending(
    leader: &Leader,
    view: &View<'_>,
    ordered: &Ordered,
) -> Result<Option<WorkReport>, StoreError> {
    let id = ordered.work.id();
    if let Some(told) = view.told(&ordered.agent, id) {
        // Its work is what was ordered, to the moment; an agent was given that in real time.
        let work = ordered.work.clone();
        return Ok(told.state.is_over().then(|| WorkReport { work, ..told.clone() }));
    }
    let command = outbox::get(&leader.store, id).await?;
    let outcome = command.and_then(|record| record.finished).map(|(_, outcome)| outcome);
    let silent = || view.now - ordered.ordered_at >= view.estate.pace.stretch(run::SILENCE);
    let words = match outcome {
        Some(Outcome::Failed { message }) => message,
        Some(Outcome::Stale { .. }) => "a newer decision came before it".to_owned(),
        Some(Outcome::Done) if view.heard(&ordered.agent) && silent() => {
            "the agent says nothing of it".to_owned()
        }
        Some(Outcome::Done) | None => return Ok(None),
    };
    let failure = Failure::new(Cause::Other { code: None }, words);
    Ok(Some(WorkReport {
        work: ordered.work.clone(),
        state: WorkState::Failed { failure },
        started_at: None,
        ended_at: Some(view.now),
    }))
}

/// Takes every run that is not over to its next state.
async fn go_on(leader: &Leader, term: &Term, view: &mut View<'_>) -> Result<(), StoreError> {
    for at in 0..view.runs.len() {
        let Some(change) = next(leader, view, &view.runs[at]).await? else { continue };
        if write(leader, term, &change, view).await? {
            if change.order.is_some() {
                leader.commands.send_modify(|version| *version += 1);
            }
            if let Some((agent, work)) = change.order {
                view.work.push(ordered(work, agent, view.now));
            }
            view.runs[at] = change.run;
        }
    }
    Ok(())
}

async fn next(leader: &Leader, view: &View<'_>, run: &Run) -> Result<Option<Change>, StoreError> {
    let database = &run.planned.database;
    let (told, command) = match &run.state {
        State::Ordered { agent, work, .. } => {
            let record = outbox::get(&leader.store, work).await?;
            (view.told(agent, work), record.and_then(|record| record.finished))
        }
        State::Waiting { .. } | State::Done { .. } | State::Missed { .. } => (None, None),
    };
    let host = view.host(database);
    let schedule = view.schedules.get(database);
    // Read anew only where it counts.
    let waits = matches!(run.state, State::Waiting { .. });
    let along = waits && schedule.is_some_and(|schedule| run::brings_along(run, schedule));
    let proofs = match along {
        true => leader.sources.history.now(view.now).await?.proofs(database),
        false => Arc::default(),
    };
    Ok(run::decide(
        run,
        &run::Facts {
            now: view.now,
            pace: view.estate.pace,
            schedule,
            host: host.map(|(host, _)| host),
            heard: host.is_some_and(|(host, _)| view.heard(host)),
            catalogue: host.map(|(_, report)| &report.catalogue),
            proofs: &proofs,
            work: told,
            command: command.as_ref().map(|(_, outcome)| outcome),
            busy: view.work.iter().any(|it| it.work.database() == database),
        },
    ))
}

/// Writes a run's next state with the work that it orders; `false`: somebody else did before.
async fn write(
    leader: &Leader,
    term: &Term,
    change: &Change,
    view: &View<'_>,
) -> Result<bool, StoreError> {
    let now = view.now;
    leader
        .store
        .transaction(|tx| {
            Box::pin(async move {
                let decisions = u32::from(change.order.is_some());
                let token = lease::step(tx, term, decisions).await?.into_iter().next();
                if !stored::update_run(tx, &change.run, now).await? {
                    return Ok(false);
                }
                if let (Some(token), Some((agent, work))) = (token, &change.order) {
                    let ordered = ordered(work.clone(), agent.clone(), now);
                    give(tx, token, &ordered, view.real).await?;
                }
                audit::append(tx, &stepped(&change.run, view.at())).await?;
                Ok(true)
            })
        })
        .await
}

/// Takes every restore that is not over to its next state.
async fn restore(leader: &Leader, term: &Term, view: &View<'_>) -> Result<(), StoreError> {
    for restore in restores::open(leader.store.reads()).await? {
        let (told, command) = match &restore.state {
            restore::State::Ordered { agent, work, .. } => {
                let record = outbox::get(&leader.store, work).await?;
                let told = match view.told(agent, work) {
                    Some(told) => Some(told.clone()),
                    // The agent may have forgotten it, or be silent for good: then its end is what
                    // was written of it.
                    None => stored::get_work(leader.store.reads(), work)
                        .await?
                        .and_then(|ordered| ordered.report),
                };
                (told, record.and_then(|record| record.finished))
            }
            restore::State::Requested
            | restore::State::Refused { .. }
            | restore::State::Done { .. }
            | restore::State::Failed { .. } => (None, None),
        };
        let command = command.as_ref().map(|(_, outcome)| outcome);
        let moment = (view.now, view.estate.pace);
        let Some(next) = restore::decide(&restore, told.as_ref(), command, moment) else {
            continue;
        };
        let object = format!("/backups/restores/{}", next.id);
        let event = &Event {
            after: Some(json!({ "database": next.request.database, "state": next.state })),
            ..Event::new(view.at(), scheduler(), Action::RestoreStep, object)
        };
        let (next, now) = (&next, view.now);
        leader
            .store
            .transaction(|tx| {
                Box::pin(async move {
                    lease::step(tx, term, 0).await?;
                    if restores::update(tx, next, now).await? {
                        if let restore::State::Refused { .. } = next.state {
                            let expired = approval::State::Expired { at: event.at };
                            approvals::settle(tx, &next.id.to_string(), &expired).await?;
                        }
                        audit::append(tx, event).await?;
                    }
                    Ok(())
                })
            })
            .await?;
    }
    Ok(())
}

async fn order_chore(
    leader: &Leader,
    term: &Term,
    view: &View<'_>,
    facts: &chores::Facts<'_>,
) -> Result<(), StoreError> {
    leader
        .store
        .transaction(|tx| {
            Box::pin(async move {
                let token = lease::step(tx, term, 1).await?.into_iter().next();
                let id = format!("dw-{}", stored::next_number(tx).await?);
                let (Some(token), Some(chore)) = (token, chores::next(facts, &id)) else {
                    return Ok(());
                };
                let ordered = ordered(chore.work, chore.agent, facts.now);
                audit::append(tx, &given(&ordered, view.at())).await?;
                give(tx, token, &ordered, view.real).await
            })
        })
        .await?;
    leader.commands.send_modify(|version| *version += 1);
    Ok(())
}

fn ordered(work: Work, agent: DatacenterId, ordered_at: DateTime<Utc>) -> Ordered {
    let (asked_by, reason, report, ended_at) = (None, None, None, None);
    Ordered { work, agent, asked_by, reason, ordered_at, report, ended_at }
}

fn scheduler() -> Actor {
    Actor::System("backups".to_owned())
}

fn stepped(run: &Run, at: DateTime<Utc>) -> Event {
    let object = format!("/backups/runs/{}", run.id);
    Event {
        after: Some(json!({
            "database": run.planned.database,
            "window_start": run.planned.window_start,
            "state": run.state,
        })),
        ..Event::new(at, scheduler(), Action::BackupStep, object)
    }
}

fn given(ordered: &Ordered, at: DateTime<Utc>) -> Event {
    let object = format!("/backups/sets/{}", ordered.work.database());
    Event {
        after: Some(json!({
            "task": ordered.work.task(),
            "agent": ordered.agent,
            "work": ordered.work,
        })),
        ..Event::new(at, scheduler(), Action::DatabaseWork, object)
    }
}

fn result(ordered: &Ordered, report: &WorkReport, at: DateTime<Utc>) -> Event {
    let agent = Actor::Agent(ordered.agent.to_string());
    let object = format!("/backups/sets/{}", ordered.work.database());
    Event {
        outcome: match report.state {
            WorkState::Failed { .. } => Ended::Failed,
            WorkState::Waiting | WorkState::Running { .. } | WorkState::Done { .. } => Ended::Done,
        },
        after: Some(json!({ "task": ordered.work.task(), "report": report })),
        ..Event::new(at, agent, Action::DatabaseResult, object)
    }
}
