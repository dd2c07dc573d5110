//! The orchestrator: watches the traffic of each group in each data centre, and decides what a drop
//! means (R6). It advises, or starts the group's failover where the fleet says so.
//!
//! Invariants: only seconds in which every connected edge was heard are taken in; a decision is
//! written down when it differs from the one before, with what it rests on, in the transaction
//! that starts the run, if any. What was learned is written down from time to time, so that
//! another leader goes on with it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{SubsecRound, Utc};
use mainstay_core::audit::Actor;
use mainstay_core::estate::Contact;
use mainstay_core::failover::watch::{self, Given, Place, Watched, Watcher};
use mainstay_core::failover::{Mode, Run, RunId, Scope};
use mainstay_core::id::EdgeId;
use mainstay_core::problem::Problem;
use mainstay_core::traffic::decision::{self, Decision, Limits, Outcome};
use mainstay_core::traffic::drop::State;
use mainstay_store::lease::Term;
use mainstay_store::{StoreError, failover as runs, lease, orchestrator as stored, release};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::Leader;
use crate::failover::start::Starting;
use crate::failover::{Looked, PAST, Planned, Start, Wanted, answered, observed};
use crate::follow;

/// How often is looked when nothing happens.
const PERIOD: Duration = Duration::from_secs(1);
/// How every place stands is written down so often, and what was learned so often.
const LOOK_PERIOD: Duration = Duration::from_secs(5);
const KEEP_PERIOD: Duration = Duration::from_secs(600);

/// The part of the server that decides; its name in the audit log.
const NAME: &str = "orchestrator";

/// What the orchestrator wants a person to know.
pub(super) type Advice = Arc<Mutex<Vec<Problem>>>;

#[derive(Debug)]
struct Memory {
    watcher: Watcher,
    looked_at: Option<Instant>,
    kept_at: Instant,
    /// What was decided last about a place, and about which drop.
    decided: BTreeMap<Place, (Outcome, i64)>,
}

/// Watches until deposed or told to stop.
pub(super) async fn run(leader: &Leader, term: &Term, shutdown: &CancellationToken) {
    let known = stored::detectors(leader.store.reads()).await;
    let known = known.unwrap_or_else(|error| {
        tracing::warn!(%error, "what was learned of traffic cannot be read; it is learned anew");
        Vec::new()
    });
    let mut memory = Memory {
        watcher: Watcher::resume(known),
        looked_at: None,
        kept_at: Instant::now(),
        decided: BTreeMap::new(),
    };
    let mut traffic = leader.sources.traffic.subscribe();
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut reported = false;
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => {}
            _ = traffic.changed() => {}
        }
        traffic.mark_unchanged();
        match look(leader, term, &mut memory).await {
            Ok(()) => reported = false,
            Err(StoreError::NotLeader) => return,
            Err(error) if !std::mem::replace(&mut reported, true) => {
                tracing::warn!(%error, "a look at the traffic is not written down");
            }
            Err(_) => {}
        }
    }
}

async fn look(leader: &Leader, term: &Term, memory: &mut Memory) -> Result<(), StoreError> {
    let looked = leader.sources.look();
    if looked.estate.fleet_revision == 0 || !looked.estate.rewound.is_empty() {
        return Ok(());
    }
    take_in(leader, &looked, &mut memory.watcher);
    let watched = memory.watcher.watched(looked.now);
    let mut advice = Vec::new();
    let dropped = watched.iter().filter_map(|it| match it.state {
        State::Dropped { alarm, .. } => Some((&it.place, alarm.at_ms)),
        State::Learning | State::Normal | State::NoData { .. } => None,
    });
    let dropped: Vec<_> = dropped.collect();
    memory.decided.retain(|place, _| dropped.iter().any(|(it, _)| *it == place));
    for (place, alarm) in dropped {
        let weighed = weigh(leader, &looked, &watched, memory.watcher.heard(), place).await?;
        advice.extend(problem(place, &watched, &weighed.decision));
        let now = (weighed.decision.outcome, alarm);
        if memory.decided.get(place) != Some(&now) {
            write(leader, term, &looked, place, &weighed).await?;
            memory.decided.insert(place.clone(), now);
        }
    }
    *leader.advice.lock().unwrap_or_else(PoisonError::into_inner) = advice;
    keep(leader, term, memory, &watched).await
}

/// Feeds the detectors with every second that is complete and was heard.
fn take_in(leader: &Leader, looked: &Looked, watcher: &mut Watcher) {
    let connected = |id: &&EdgeId| looked.edges.get(*id).is_some_and(|fact| fact.connected);
    let edges: Vec<_> = looked.estate.fleet.edges.keys().filter(connected).collect();
    let Some(until) = leader.sources.traffic.heard_until(edges.iter().copied()) else { return };
    let places = watch::places(&looked.estate);
    leader.sources.traffic.recent(|recent| {
        for second in recent.iter().filter(|second| second.at < until) {
            let known = watcher.heard().is_some_and(|heard| second.at <= heard);
            if known || !edges.iter().all(|edge| second.heard.contains(*edge)) {
                continue;
            }
            let to = second.at + chrono::TimeDelta::seconds(1);
            let counts = answered(recent, second.at, to);
            let requests = watch::requests(&looked.estate.fleet, &counts);
            watcher.observe(second.at, &places, &requests);
        }
    });
}

/// A decision with the plan that it would carry out.
struct Weighed {
    planned: Planned,
    decision: Decision,
    mode: decision::Mode,
}

async fn weigh(
    leader: &Leader,
    looked: &Looked,
    watched: &[Watched],
    heard: Option<chrono::DateTime<Utc>>,
    place: &Place,
) -> Result<Weighed, StoreError> {
    let (datacenter, group) = place;
    let scope = Scope::Group { group: group.clone() };
    let planned = plan(leader, place, scope).await?;
    let past = runs::list(leader.store.reads(), None, PAST).await.ok();
    let estate = &looked.estate;
    let observed = leader.sources.traffic.recent(|recent| observed(estate, recent));
    let given = Given {
        estate,
        observed: &observed,
        watched,
        answered: looked.answered.as_ref(),
        plan: &planned.plan,
        preview: &planned.preview,
        runs: past.as_deref(),
        heard,
        now: looked.now,
    };
    let evidence = watch::evidence(place, &given);
    debug_assert_eq!(evidence.datacenter, *datacenter);
    let decision = decision::decide(&evidence, &Limits::default());
    Ok(Weighed { planned, decision, mode: evidence.mode })
}

async fn plan(leader: &Leader, place: &Place, scope: Scope) -> Result<Planned, StoreError> {
    let wanted = Wanted::Away { lose: [place.0.clone()].into(), scope };
    leader.plan(&wanted).await
}

/// What a person is told.
fn problem(place: &Place, watched: &[Watched], decision: &Decision) -> Option<Problem> {
    match decision.outcome {
        Outcome::Nothing | Outcome::Watch => return None,
        Outcome::Advise | Outcome::Switch => {}
    }
    let size = watched.iter().find_map(|it| match it.state {
        State::Dropped { size_now, .. } if it.place == *place => Some(size_now),
        State::Dropped { .. } | State::Learning | State::Normal | State::NoData { .. } => None,
    })?;
    Some(Problem::TrafficDropped {
        datacenter: place.0.clone(),
        group: place.1.clone(),
        // In steps of ten, so that the same drop is the same problem.
        missing_percent: ((size * 10.0).round() * 10.0).clamp(0.0, 100.0) as u8,
    })
}

/// Writes a decision down, and starts the run that it asks for.
async fn write(
    leader: &Leader,
    term: &Term,
    looked: &Looked,
    place: &Place,
    weighed: &Weighed,
) -> Result<(), StoreError> {
    let starts = weighed.decision.outcome == Outcome::Switch;
    let whole = match starts && whole(looked, place) {
        true => Some(plan(leader, place, Scope::All).await?),
        false => None,
    };
    // All groups at once, in their order, if nothing stands against that.
    let whole = whole.filter(|planned| planned.preview.broken().next().is_none());
    let planned = whole.as_ref().unwrap_or(&weighed.planned);
    let start = &start(looked, place, planned);
    let started = leader
        .store
        .read_committed(|tx| {
            Box::pin(async move {
                let now = Utc::now().trunc_subsecs(6);
                let releases = release::lock(tx).await?;
                lease::step(tx, term, 0).await?;
                let actor = &Actor::System(NAME.to_owned());
                let starting = Starting { actor, request: None, start, planned, now };
                let run: Option<Run> = match starts {
                    true => starting.answer(tx, &releases).await?.ok(),
                    false => None,
                };
                let id: Option<RunId> = run.as_ref().map(|run| run.id);
                stored::append(tx, place, weighed.mode, &weighed.decision, id, now).await?;
                Ok(run)
            })
        })
        .await?;
    let (datacenter, group) = place;
    let outcome = weighed.decision.outcome.as_str();
    tracing::warn!(%datacenter, %group, outcome, "traffic dropped");
    if started.is_some() {
        follow::refresh(&leader.store, &leader.sources.estate).await?;
    }
    Ok(())
}

/// Whether every group that is watched in the data centre may be switched without a person.
fn whole(looked: &Looked, place: &Place) -> bool {
    let groups = &looked.estate.fleet.groups;
    let here = watch::places(&looked.estate);
    let mut here = here.iter().filter(|(datacenter, _)| *datacenter == place.0);
    here.all(|(_, group)| {
        groups.get(group).is_some_and(|it| it.orchestrator == decision::Mode::Automatic)
    })
}

fn start(looked: &Looked, (datacenter, group): &Place, planned: &Planned) -> Start {
    let lost = looked.estate.contact(datacenter) != Contact::Reporting;
    // A leader that is lost hands nothing over; what would be lost is known to be nothing.
    let forced = lost && !planned.preview.loses(Mode::Forced);
    Start {
        wanted: Wanted::Away {
            lose: [datacenter.clone()].into(),
            scope: planned.plan.scope.clone(),
        },
        mode: if forced { Mode::Forced } else { Mode::Graceful },
        drill: false,
        typed: planned.plan.name(),
        reason: format!("the traffic of {group} dropped in {datacenter}, and nowhere else"),
        emergency: false,
        overridden: Default::default(),
        hash: None,
        looked_at: None,
        event: None,
    }
}

/// Writes down how places stand, and from time to time what was learned.
async fn keep(
    leader: &Leader,
    term: &Term,
    memory: &mut Memory,
    watched: &[Watched],
) -> Result<(), StoreError> {
    if memory.looked_at.is_some_and(|at| at.elapsed() < LOOK_PERIOD) {
        return Ok(());
    }
    let all = memory.kept_at.elapsed() >= KEEP_PERIOD;
    let rows = watched.iter().map(|it| {
        json!({
            "datacenter": it.place.0,
            "group": it.place.1,
            "state": it.state,
            "seasonal": it.seasonal,
        })
    });
    let rows = &json!(rows.collect::<Vec<_>>());
    let watcher = &memory.watcher;
    leader
        .store
        .transaction(|tx| {
            Box::pin(async move {
                let now = Utc::now().trunc_subsecs(6);
                lease::step(tx, term, 0).await?;
                stored::keep_look(tx, rows, now).await?;
                if all {
                    stored::keep_detectors(tx, watcher.detectors(), now).await?;
                }
                Ok(())
            })
        })
        .await?;
    memory.looked_at = Some(Instant::now());
    if all {
        memory.kept_at = Instant::now();
    }
    Ok(())
}
