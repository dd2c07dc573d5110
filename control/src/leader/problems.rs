//! Keeps the list of problems: what was found becomes a record, what ended is closed.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use mainstay_core::audit::{Action, Actor, Event};
use mainstay_core::estate::Estate;
use mainstay_core::failover::RunId;
use mainstay_core::failover::stuck::{self, Patience, Times};
use mainstay_core::problem::{self, Problem, Proofs, Record, Step, Tracker};
use mainstay_core::runbook::alias;
use mainstay_store::lease::Term;
use mainstay_store::{StoreError, audit, failover as runs, lease, problem as stored};

use super::Leader;
use crate::estate::Snapshot;
use crate::failover::PAST;

/// Proofs of copies are read again after this time.
const PROOFS_PERIOD: Duration = Duration::from_secs(10);

/// The damping memory, and what was read of proofs.
#[derive(Default)]
pub(super) struct Problems {
    tracker: Tracker,
    proofs: Proofs,
    proofs_read_at: Option<Instant>,
    patience: Patience,
    /// Of the run that is not over: how long such steps took before.
    times: Option<(RunId, Times)>,
    looked_at: Option<Instant>,
}

impl Problems {
    pub(super) async fn step(
        &mut self,
        leader: &Leader,
        term: &Term,
        snapshot: &Snapshot,
    ) -> Result<(), StoreError> {
        let now = snapshot.estate.at;
        self.read_proofs(leader, &snapshot.estate).await?;
        let stuck = self.stuck(leader, snapshot).await?;
        let found = match snapshot.estate.fleet_revision {
            0 => Vec::new(),
            _ => {
                let edges = leader.sources.edges.facts(now);
                let mut found = problem::find(&snapshot.estate, &edges, &self.proofs);
                let advice = leader.advice.lock().unwrap_or_else(PoisonError::into_inner);
                found.extend(advice.iter().cloned());
                drop(advice);
                found.extend(problem::waiting(&snapshot.approvals, now));
                let burning = leader.burning.lock().unwrap_or_else(PoisonError::into_inner);
                found.extend(burning.iter().cloned());
                drop(burning);
                let failing = leader.failing.lock().unwrap_or_else(PoisonError::into_inner);
                found.extend(failing.iter().cloned());
                drop(failing);
                found.extend(stuck);
                let broken = leader.audited.lock().unwrap_or_else(PoisonError::into_inner);
                found.extend(broken.clone().map(|broken| Problem::AuditBroken { broken }));
                drop(broken);
                let (aliases, shelf) = (&snapshot.aliases, &snapshot.shelf);
                found.extend(alias::problems(aliases, &snapshot.estate, shelf));
                found
            }
        };
        let open = snapshot.problems.iter().filter(|record| record.closed_at.is_none());
        let open: Vec<Record> = open.cloned().collect();
        let steps = self.tracker.step(&found, &open, now);
        if steps.is_empty() {
            return Ok(());
        }
        let steps = &steps;
        leader
            .store
            .transaction(|tx| {
                Box::pin(async move {
                    lease::step(tx, term, 0).await?;
                    for step in steps {
                        match step {
                            Step::Open(problem) => {
                                if let Some(record) = stored::insert(tx, problem, now).await? {
                                    audit::append(tx, &opened(&record, now)).await?;
                                }
                            }
                            Step::Update(id, problem) => stored::update(tx, *id, problem).await?,
                            Step::Close(id) => {
                                if stored::close(tx, *id, now).await? {
                                    audit::append(tx, &closed(*id, now)).await?;
                                }
                            }
                        }
                    }
                    Ok(())
                })
            })
            .await?;
        leader.estate.set_problems(stored::recent(leader.store.reads()).await?);
        Ok(())
    }

    /// Steps of the run that is not over which take longer than such steps ever did.
    async fn stuck(
        &mut self,
        leader: &Leader,
        snapshot: &Snapshot,
    ) -> Result<Option<Problem>, StoreError> {
        let now = Instant::now();
        let passed = self.looked_at.replace(now).map_or(Duration::ZERO, |at| now - at);
        let Some(run) = snapshot.estate.releases.failover() else { return Ok(None) };
        let times = match &self.times {
            Some((id, times)) if *id == run.id => times,
            Some(_) | None => {
                let runs = runs::list(leader.store.reads(), None, PAST).await?;
                &self.times.insert((run.id, stuck::times(&runs))).1
            }
        };
        let known = snapshot.stuck(run.id);
        let steps = self.patience.look(run, times, known, (passed, snapshot.estate.at));
        let lose = run.plan.name();
        Ok((!steps.is_empty()).then_some(Problem::FailoverStuck { run: run.id, lose, steps }))
    }

    async fn read_proofs(&mut self, leader: &Leader, estate: &Estate) -> Result<(), StoreError> {
        if self.proofs_read_at.is_some_and(|at| at.elapsed() < PROOFS_PERIOD) {
            return Ok(());
        }
        let history = leader.sources.history.lately(estate.in_policy_time().at).await?;
        let databases = estate.fleet.databases.iter().filter(|(_, it)| it.policy.is_some());
        let known = databases.map(|(id, _)| (id.clone(), history.shown(id)));
        self.proofs = known.collect();
        self.proofs_read_at = Some(Instant::now());
        Ok(())
    }
}

fn opened(record: &Record, now: DateTime<Utc>) -> Event {
    event(record.id, Action::ProblemOpen, Some(&record.problem), now)
}

fn closed(id: i64, now: DateTime<Utc>) -> Event {
    event(id, Action::ProblemClose, None, now)
}

fn event(id: i64, action: Action, problem: Option<&Problem>, now: DateTime<Utc>) -> Event {
    let watcher = Actor::System("watcher".to_owned());
    let mut event = Event::new(now, watcher, action, format!("/attention/at-{id}"));
    event.after = problem.map(|problem| serde_json::json!(problem));
    event
}
