//! Rollouts by themselves: each second, and as soon as something changed, every rollout that is
//! not over is looked at, and what follows is written in one transaction: state, stable version,
//! quarantine, tests ordered, verdict, log and audit entry, under the lease.
//!
//! Invariant: what is written was decided on what stands then; if a person was faster, nothing is
//! written and it is looked at again. Only the pace and the traces already read are kept in
//! memory, so another server takes over in the middle of anything.

mod conditions;
mod watch;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{SubsecRound, Utc};
use mainstay_core::audit::{Action, Actor, Event, Outcome};
use mainstay_core::bench::Test;
use mainstay_core::id::DatacenterId;
use mainstay_core::release::Releases;
use mainstay_core::rollout::{self, Decision, Position, Rollout, RolloutId};
use mainstay_store::lease::Term;
use mainstay_store::{StoreError, Tx, audit, lease, outbox, release, rollout as stored};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::Leader;
use crate::follow;
use crate::rollouts::Gathered;
use crate::rollouts::write::{Cause, carry_out};
use crate::rollouts::{command, command_id, watched};
use conditions::Conditions;
pub use conditions::Prometheus;
use watch::Watches;

/// How often rollouts are looked at when nothing happens.
const PERIOD: Duration = Duration::from_secs(1);
/// Changes are gathered for so long before they are looked at.
const GATHER: Duration = Duration::from_millis(50);
/// Looks that may follow one another at once, each because the one before decided something.
const STEPS_MAX: u32 = 8;

/// The part of the server that decides; its name in the audit log.
const NAME: &str = "rollouts";

/// What is remembered between looks; losing it costs reading it again.
#[derive(Debug)]
struct Memory {
    watches: Watches,
    conditions: Conditions,
}

/// Looks until deposed or told to stop.
pub(super) async fn run(leader: &Leader, term: &Term, shutdown: &CancellationToken) {
    let mut memory = Memory {
        watches: Watches::default(),
        conditions: Conditions::new(leader.prometheus.clone()),
    };
    let mut estate = leader.sources.estate.subscribe();
    let mut edges = leader.sources.edges.subscribe();
    let mut traffic = leader.sources.traffic.subscribe();
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut reported = false;
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => {}
            _ = estate.changed() => tokio::time::sleep(GATHER).await,
            _ = edges.changed() => tokio::time::sleep(GATHER).await,
            _ = traffic.changed() => {}
        }
        estate.mark_unchanged();
        edges.mark_unchanged();
        traffic.mark_unchanged();
        match look(leader, term, &mut memory).await {
            Ok(()) => reported = false,
            Err(StoreError::NotLeader) => return,
            Err(error) if !std::mem::replace(&mut reported, true) => {
                tracing::warn!(%error, "a step of a rollout was not taken; it is tried again");
            }
            Err(_) => {}
        }
    }
}

/// One look at every rollout.
async fn look(leader: &Leader, term: &Term, memory: &mut Memory) -> Result<(), StoreError> {
    if leader.sources.estate.is_rewound() {
        return Ok(());
    }
    let releases = leader.sources.estate.snapshot(Utc::now()).estate.releases;
    memory.watches.keep(&releases);
    let mut failed = Ok(());
    for rollout in releases.rollouts.values() {
        match steps(leader, term, memory, rollout.clone()).await {
            Ok(()) => {}
            Err(StoreError::NotLeader) => return Err(StoreError::NotLeader),
            // One that fails holds up no other.
            Err(error) => failed = Err(error),
        }
    }
    failed
}

/// All that is to be done now about one rollout.
async fn steps(
    leader: &Leader,
    term: &Term,
    memory: &mut Memory,
    mut rollout: Rollout,
) -> Result<(), StoreError> {
    for _ in 0..STEPS_MAX {
        match step(leader, term, memory, &rollout).await? {
            Some(next) => rollout = next,
            None => break,
        }
    }
    Ok(())
}

/// Looks at one rollout; returns it as it is after a change, `None`: it stays as it is.
async fn step(
    leader: &Leader,
    term: &Term,
    memory: &mut Memory,
    rollout: &Rollout,
) -> Result<Option<Rollout>, StoreError> {
    let watch = match watched(&rollout.state) {
        Some(watch) => Some(watch),
        None => memory.watches.held(&leader.store, rollout).await?,
    };
    let analysed = match watch {
        Some(watch) => {
            memory.watches.analyse(&leader.sources, rollout, watch, &mut memory.conditions).await?
        }
        None => None,
    };
    let fresh = analysed.as_ref().is_some_and(|analysed| analysed.fresh);
    let gathered = leader.sources.gather(rollout, analysed.map(|it| it.analysed)).await?;
    let decision = rollout::decide(rollout, &gathered.facts());
    let mut test = decision.test.is_some();
    if decision.change.is_none()
        && let Some((_, test_order)) = &decision.test
    {
        // It is told until its report is there; ordered it is once.
        test = outbox::get(&leader.store, &command_id(&test_order.id)).await?.is_none();
    }
    if decision.change.is_none() && !test && !fresh {
        return Ok(None);
    }
    let position = watch.filter(|_| fresh).map(|(position, _)| position);
    let write = Write { term, rollout, gathered: &gathered, position };
    let write = &write;
    let written =
        leader.store.read_committed(|tx| Box::pin(async move { write.run(tx).await })).await?;
    if written.ordered {
        leader.commands.send_modify(|version| *version += 1);
    }
    if let Some(after) = &written.rollout {
        tracing::info!(rollout = %after.id, state = after.state.name(), "a step");
        follow::refresh(&leader.store, &leader.sources.estate).await?;
    }
    Ok(written.rollout)
}

/// What is to be written after a look.
struct Write<'a> {
    term: &'a Term,
    rollout: &'a Rollout,
    gathered: &'a Gathered,
    /// The position whose analysis is new and is kept.
    position: Option<Position>,
}

#[derive(Default)]
struct Written {
    rollout: Option<Rollout>,
    ordered: bool,
}

impl Write<'_> {
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Written, StoreError> {
        let mut releases = release::lock(tx).await?;
        if !is_as_seen(&releases, self.rollout) {
            return Ok(Written::default());
        }
        let now = self.gathered.now.trunc_subsecs(6);
        let gathered = self.gathered.with_releases(&releases);
        let decision = rollout::decide(self.rollout, &gathered.facts());
        let count = u32::from(decision.test.is_some());
        let tokens = lease::step(tx, self.term, count).await?;
        self.keep_verdict(tx).await?;
        let mut written = Written::default();
        if let (Some((datacenter, test)), Some(token)) = (&decision.test, tokens.first()) {
            let service = &self.rollout.plan.service;
            let command = command(datacenter.clone(), *token, service, test);
            written.ordered = outbox::insert(tx, &command, now).await?;
            if written.ordered {
                audit::append(tx, &self.ordered(datacenter, test, &command)).await?;
            }
        }
        if let Some(change) = &decision.change {
            let cause = self.cause(&decision);
            let rollout = self.rollout;
            written.rollout =
                Some(carry_out(tx, &mut releases, rollout, change, &cause, now).await?);
        }
        Ok(written)
    }

    async fn keep_verdict(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let (Some(analysed), Some(position)) = (&self.gathered.analysed, self.position) else {
            return Ok(());
        };
        let verdict = stored::Verdict {
            position,
            at: self.gathered.now,
            verdict: analysed.verdict().as_str().to_owned(),
            judgement: json!(analysed),
        };
        stored::keep_verdict(tx, self.rollout.id, &verdict).await
    }

    fn cause(&self, decision: &Decision) -> Cause {
        let verdict = self.gathered.analysed.as_ref();
        Cause {
            actor: Actor::System(NAME.to_owned()),
            request: None,
            action: Action::RolloutStep,
            reason: None,
            why: Some(json!({
                "analysis": verdict,
                "heard_until": self.gathered.heard_until,
                "last_request": self.gathered.last_request,
                "test": decision.test.as_ref().map(|(_, test)| &test.id),
            })),
        }
    }

    fn ordered(&self, datacenter: &DatacenterId, test: &Test, order: &outbox::Command) -> Event {
        Event {
            v: 1,
            at: self.gathered.now.trunc_subsecs(6),
            actor: Actor::System(NAME.to_owned()),
            action: Action::NodeTest,
            object: self.rollout.path(),
            outcome: Outcome::Done,
            reason: None,
            before: None,
            after: Some(json!({
                "service": self.rollout.plan.service,
                "version": self.rollout.plan.to,
                "datacenter": datacenter,
                "test": test.id,
                "command": order.id,
                "action": order.action,
            })),
            request: None,
        }
    }
}

/// Whether a rollout stands as it was looked at.
fn is_as_seen(releases: &Releases, seen: &Rollout) -> bool {
    let stands: Option<(RolloutId, i64)> =
        releases.rollouts.get(&seen.plan.service).map(|now| (now.id, now.revision));
    stands == Some((seen.id, seen.revision))
}

/// By rollout.
type ById<T> = BTreeMap<RolloutId, T>;
