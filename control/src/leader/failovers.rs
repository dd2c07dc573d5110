//! Failovers by themselves: each second, and as soon as something changed, the run that is not
//! over is looked at, and what follows is written in one transaction: steps, what is ordered of
//! agents, log and audit entry, under the lease.
//!
//! Invariant: what is written was decided on what stands then, closed gates included; nothing is
//! kept in memory, so another server takes over in the middle of anything.

use std::time::Duration;

use chrono::{SubsecRound, Utc};
use mainstay_core::audit::{Action, Actor, Event};
use mainstay_core::backup::work::Work;
use mainstay_core::deployment::Command;
use mainstay_core::failover::Run;
use mainstay_core::failover::decide::{self, Order};
use mainstay_core::failover::rules::Gates;
use mainstay_core::fence::Token;
use mainstay_store::lease::Term;
use mainstay_store::{StoreError, Tx, audit, failover as stored, lease, outbox, release};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::Leader;
use crate::failover::write::{Cause, carry_out};
use crate::failover::{Looked, observed};
use crate::follow;

/// How often a run is looked at when nothing happens.
const PERIOD: Duration = Duration::from_secs(1);
/// Changes are gathered for so long before they are looked at.
const GATHER: Duration = Duration::from_millis(50);
/// Looks that may follow one another at once, each because the one before decided something.
const STEPS_MAX: u32 = 16;

/// The part of the server that decides; its name in the audit log.
const NAME: &str = "failover";

/// Looks until deposed or told to stop.
pub(super) async fn run(leader: &Leader, term: &Term, shutdown: &CancellationToken) {
    let mut estate = leader.sources.estate.subscribe();
    let mut edges = leader.sources.edges.subscribe();
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut reported = false;
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => {}
            _ = estate.changed() => tokio::time::sleep(GATHER).await,
            _ = edges.changed() => tokio::time::sleep(GATHER).await,
        }
        estate.mark_unchanged();
        edges.mark_unchanged();
        match look(leader, term).await {
            Ok(()) => reported = false,
            Err(StoreError::NotLeader) => return,
            Err(error) if !std::mem::replace(&mut reported, true) => {
                tracing::warn!(%error, "a step of a failover was not taken; it is tried again");
            }
            Err(_) => {}
        }
    }
}

/// All that is to be done now.
async fn look(leader: &Leader, term: &Term) -> Result<(), StoreError> {
    if leader.sources.estate.is_rewound() {
        return Ok(());
    }
    for _ in 0..STEPS_MAX {
        let looked = leader.sources.look();
        let Some(run) = looked.estate.releases.failover().cloned() else { return Ok(()) };
        if !step(leader, term, &run, &looked).await? {
            return Ok(());
        }
    }
    Ok(())
}

/// Looks at the run; whether something changed.
async fn step(
    leader: &Leader,
    term: &Term,
    run: &Run,
    looked: &Looked,
) -> Result<bool, StoreError> {
    let mut connection = leader.store.reads().acquire().await?;
    let gates = &stored::gates(&mut connection).await?;
    drop(connection);
    let observed = leader.sources.traffic.recent(|recent| observed(&looked.estate, recent));
    let decision = decide::decide(run, &looked.facts(&observed, gates));
    let mut orders = Vec::new();
    for order in decision.orders {
        // It is told until its report is there; ordered it is once.
        if outbox::get(&leader.store, order.job.id()).await?.is_none() {
            orders.push(order);
        }
    }
    if decision.run.is_none() && orders.is_empty() {
        return Ok(false);
    }
    let next = decision.run.as_ref();
    let write = &Write { term, run, next, orders: &orders, looked, gates };
    let written =
        leader.store.read_committed(|tx| Box::pin(async move { write.run(tx).await })).await?;
    if written.ordered {
        leader.commands.send_modify(|version| *version += 1);
    }
    if let Some(after) = &written.run {
        tracing::info!(run = %after.id, state = after.state.name(), "a failover goes on");
        follow::refresh(&leader.store, &leader.sources.estate).await?;
    }
    Ok(written.run.is_some())
}

struct Write<'a> {
    term: &'a Term,
    run: &'a Run,
    next: Option<&'a Run>,
    orders: &'a [Order],
    looked: &'a Looked,
    /// As they stood when it was decided.
    gates: &'a Gates,
}

#[derive(Default)]
struct Written {
    run: Option<Run>,
    ordered: bool,
}

impl Write<'_> {
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Written, StoreError> {
        let releases = release::lock(tx).await?;
        let stands = releases.failover().map(|run| (run.id, run.revision));
        if stands != Some((self.run.id, self.run.revision)) {
            return Ok(Written::default());
        }
        // Who closed a gate meanwhile, under the same lock, is heard before the next step begins.
        let gates = stored::gates(tx).await?;
        if (&gates.lock, &gates.freeze) != (&self.gates.lock, &self.gates.freeze) {
            return Ok(Written::default());
        }
        let now = Utc::now().trunc_subsecs(6);
        let count = u32::try_from(self.orders.len()).unwrap_or(u32::MAX);
        let tokens = lease::step(tx, self.term, count).await?;
        let mut written = Written::default();
        for (order, token) in self.orders.iter().zip(tokens) {
            let command = command(order, token);
            if outbox::insert(tx, &command, now).await? {
                audit::append(tx, &self.ordered(order, &command, now)).await?;
                written.ordered = true;
            }
        }
        if let Some(next) = self.next {
            let cause = Cause {
                actor: Actor::System(NAME.to_owned()),
                request: None,
                action: Action::FailoverStep,
                reason: None,
                why: self
                    .looked
                    .answered
                    .as_ref()
                    .map(|answered| json!({ "heard_until": answered.until })),
            };
            written.run = Some(carry_out(tx, &releases, self.run, next, &cause, now).await?);
        }
        Ok(written)
    }

    fn ordered(
        &self,
        order: &Order,
        command: &outbox::Command,
        now: chrono::DateTime<Utc>,
    ) -> Event {
        let actor = Actor::System(NAME.to_owned());
        Event {
            after: Some(json!({
                "datacenter": order.datacenter,
                "command": command.id,
                "action": command.action,
            })),
            ..Event::new(now, actor, Action::DatabaseWork, self.run.path())
        }
    }
}

fn command(order: &Order, token: Token) -> outbox::Command {
    let work = Work::Cluster(order.job.clone());
    outbox::Command {
        id: order.job.id().to_owned(),
        datacenter: order.datacenter.clone(),
        token,
        action: Command::Work { work },
    }
}
