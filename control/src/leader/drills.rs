//! Drills that repeat, planned where they may begin by themselves; and planned drills: begun at
//! their time if nothing forbids it, else missed with the reason.
//!
//! Invariant: a drill and the run that it becomes are one transaction, so one is begun once,
//! whoever leads.

use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::audit::{Action, Actor, Event};
use mainstay_core::failover::drill::{self, Drill, DrillId, Due, State};
use mainstay_core::failover::routine::{self, Is};
use mainstay_core::failover::{Mode, Plan};
use mainstay_store::lease::{self, Term};
use mainstay_store::{StoreError, Tx, audit, drill as stored, failover as failovers, release};
use serde_json::json;

use super::Leader;
use crate::estate::Snapshot;
use crate::failover::drill::{OBJECT, last_of};
use crate::failover::start::{Planned, Start, Starting, Wanted};
use crate::follow;

/// The part of the server that decides; its name in the audit log.
const NAME: &str = "drills";
/// How often it is looked whether the time of one has come.
const PERIOD: Duration = Duration::from_secs(5);

/// What is remembered for pacing; losing it is harmless.
#[derive(Default)]
pub(super) struct Drills {
    looked_at: Option<Instant>,
}

impl Drills {
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
        repeat(leader, term, snapshot).await?;
        let running = snapshot.estate.releases.failover().map(|run| run.id);
        for drill in stored::due(leader.store.reads(), Utc::now()).await? {
            let wanted = Wanted::Away { lose: drill.lose.clone(), scope: drill.scope.clone() };
            let planned = leader.plan(&wanted).await?;
            let obstacle = drill::obstacle(&planned.plan, &planned.preview, running);
            // Nobody may be there to see what else fails.
            let trouble = || routine::trouble(snapshot.open_problems());
            let trouble = drill.routine.as_ref().and_then(|_| trouble());
            let obstacle = obstacle.or(trouble);
            match drill::due(&drill, obstacle, Utc::now()) {
                Due::Wait => {}
                Due::Miss(why) => miss(leader, term, &drill, why).await?,
                // One at a time: the next is looked at when this one is known to run.
                Due::Start => return begin(leader, term, &drill, &planned).await,
            }
        }
        Ok(())
    }
}

/// Plans what repeats, may begin by itself, and whose window has begun; each window once.
async fn repeat(leader: &Leader, term: &Term, snapshot: &Snapshot) -> Result<(), StoreError> {
    let fleet = &snapshot.estate.fleet;
    let by_itself = fleet.drills.iter().filter(|(_, routine)| routine.begins_by_itself(fleet));
    let by_itself: Vec<_> = by_itself.collect();
    if by_itself.is_empty() {
        return Ok(());
    }
    let carried = failovers::carried_out(leader.store.reads()).await?;
    let now = Utc::now().trunc_subsecs(6);
    for (id, routine) in by_itself {
        let stand = routine.stand(fleet, last_of(&carried, routine), now);
        let due = stand.filter(|it| it.is != Is::Later && it.next.has_begun(now));
        let Some(window) = due.map(|stand| stand.next) else { continue };
        if stored::has_window(leader.store.reads(), id, window.start).await? {
            continue;
        }
        let drill = &Drill {
            id: DrillId(0),
            lose: routine.lose(),
            scope: routine.scope(),
            at: window.start,
            reason: format!("{id} is due, which {} answers for", routine.owner),
            by: routine.owner.clone(),
            asked_at: now,
            state: State::Planned,
            routine: Some(id.clone()),
            until: Some(window.end),
        };
        let written = leader.store.read_committed(|tx| {
            Box::pin(async move {
                lease::step(tx, term, 0).await?;
                let Some(id) = stored::insert(tx, drill).await? else { return Ok(()) };
                let actor = Actor::System(NAME.to_owned());
                let event = Event {
                    reason: Some(drill.reason.clone()),
                    after: Some(json!({ "drill": Drill { id, ..drill.clone() } })),
                    ..Event::new(now, actor, Action::FailoverDrillPlan, OBJECT.to_owned())
                };
                audit::append(tx, &event).await.map(drop)
            })
        });
        written.await?;
    }
    Ok(())
}

async fn miss(leader: &Leader, term: &Term, drill: &Drill, why: String) -> Result<(), StoreError> {
    let why = &why;
    leader
        .store
        .read_committed(|tx| {
            Box::pin(async move {
                let now = Utc::now().trunc_subsecs(6);
                lease::step(tx, term, 0).await?;
                let state = State::Missed { why: why.clone(), at: now };
                settle(tx, drill, state, now).await
            })
        })
        .await
}

/// Writes what became of it, and of one that is missed the entry that says so.
async fn settle(
    tx: &mut Tx<'_>,
    drill: &Drill,
    state: State,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if !stored::settle(tx, drill.id, &state).await? {
        return Ok(());
    }
    let State::Missed { why, .. } = &state else { return Ok(()) };
    let actor = Actor::System(NAME.to_owned());
    let event = Event {
        reason: Some(why.clone()),
        before: Some(json!({ "drill": drill })),
        after: Some(json!({ "drill": Drill { state: state.clone(), ..drill.clone() } })),
        ..Event::new(now, actor, Action::FailoverDrillMiss, OBJECT.to_owned())
    };
    audit::append(tx, &event).await.map(drop)
}

async fn begin(
    leader: &Leader,
    term: &Term,
    drill: &Drill,
    planned: &Planned,
) -> Result<(), StoreError> {
    let start = &start(drill, &planned.plan);
    let begun = leader
        .store
        .read_committed(|tx| {
            Box::pin(async move {
                let now = Utc::now().trunc_subsecs(6);
                let releases = release::lock(tx).await?;
                lease::step(tx, term, 0).await?;
                // Somebody may have cancelled it, or started something else, in this moment.
                let stands = stored::lock(tx, drill.id).await?;
                if stands.is_none_or(|it| it.state != State::Planned)
                    || releases.failover().is_some()
                {
                    return Ok(None);
                }
                let actor = &Actor::System(NAME.to_owned());
                let starting = Starting { actor, request: None, start, planned, now };
                let run = match starting.answer(tx, &releases).await? {
                    Ok(run) => run,
                    Err(error) => {
                        let state = State::Missed { why: error.to_string(), at: now };
                        settle(tx, drill, state, now).await?;
                        return Ok(None);
                    }
                };
                let state = State::Started { run: run.id, at: now };
                stored::settle(tx, drill.id, &state).await?;
                Ok(Some(run.id))
            })
        })
        .await?;
    if let Some(run) = begun {
        tracing::info!(drill = %drill.id, %run, "a planned drill begins");
        follow::refresh(&leader.store, &leader.sources.estate).await?;
    }
    Ok(())
}

fn start(drill: &Drill, plan: &Plan) -> Start {
    Start {
        wanted: Wanted::Away { lose: drill.lose.clone(), scope: drill.scope.clone() },
        mode: Mode::Graceful,
        drill: true,
        typed: plan.name(),
        reason: format!("{}, planned by {}: {}", drill.id, drill.by, drill.reason),
        emergency: false,
        overridden: Default::default(),
        hash: None,
        looked_at: None,
        event: None,
    }
}
