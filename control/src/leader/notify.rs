//! Notifications: what is due is planned, and what was planned is sent.
//!
//! Planning takes problems as they are written down; the delivery and what its channel was told are
//! one transaction under the lease. Sending claims a delivery, commits, tries it outside of any
//! transaction, and writes what came of it, again under the lease. A server that is killed between
//! any two of these leaves a plan or a claim that the next leader takes up: a message may arrive
//! twice, always with the same id, and never not at all.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{SubsecRound, Utc};
use mainstay_core::notify::plan::{Facts, plan};
use mainstay_core::notify::{Channel, Delivery};
use mainstay_core::problem::Problem;
use mainstay_store::lease::Term;
use mainstay_store::notify::{channel as rows, delivery as deliveries};
use mainstay_store::{StoreError, lease, problem as stored};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Leader;
use crate::notify::{CLAIM, Notifier};

/// How often is looked whether something is due, to plan and to send.
const PERIOD: Duration = Duration::from_millis(500);
/// Deliveries under way at once.
const SENDERS_MAX: usize = 8;

/// Channels whose deliveries do not arrive.
pub(super) type Failing = Arc<Mutex<Vec<Problem>>>;

/// Plans what is due.
async fn plan_due(leader: &Leader, term: &Term) -> Result<(), StoreError> {
    let snapshot = leader.estate.snapshot(Utc::now());
    let now = snapshot.estate.at.trunc_subsecs(6);
    // As they are written down: what the estate in memory shows may be of another moment.
    let mut records = stored::open(leader.store.acts()).await?;
    let mut db = leader.store.acts().acquire().await?;
    let channels = rows::all(&mut db).await?;
    let failing = channels.iter().filter_map(|channel| channel.trouble(now)).collect();
    *leader.failing.lock().unwrap_or_else(PoisonError::into_inner) = failing;
    if channels.is_empty() || snapshot.estate.fleet_revision == 0 {
        return Ok(());
    }
    let threads = deliveries::threads(&mut db).await?;
    let open: BTreeSet<i64> = records.iter().map(|record| record.id).collect();
    let ended: Vec<i64> =
        threads.iter().map(|it| it.problem).filter(|id| !open.contains(id)).collect();
    records.extend(stored::these(&mut db, &ended).await?);
    let lately = deliveries::lately(&mut db, now).await?;
    drop(db);
    let due = &plan(Facts {
        channels: &channels,
        threads: &threads,
        records: &records,
        lately: &lately,
        fleet: &snapshot.estate.fleet,
        now,
    });
    if due.is_empty() {
        return Ok(());
    }
    leader
        .store
        .read_committed(|tx| {
            Box::pin(async move {
                lease::step(tx, term, 0).await?;
                for due in due {
                    deliveries::plan(tx, due, now).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Plans and sends until deposed or told to stop.
pub(super) async fn run(leader: &Leader, term: &Term, shutdown: &CancellationToken) {
    let Some(notifier) = &leader.notifier else { return shutdown.cancelled().await };
    // What is under way ends with this: whoever leads next tries it again.
    let mut tries: JoinSet<Result<(), StoreError>> = JoinSet::new();
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut begun = false;
    let mut reported = false;
    loop {
        let ended = tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => None,
            Some(ended) = tries.join_next() => Some(ended),
        };
        let one_ended = ended.is_some();
        let before = match ended {
            Some(Ok(result)) => result,
            Some(Err(error)) => {
                tracing::error!(%error, "a delivery ended in the middle; it is tried again");
                Ok(())
            }
            None => Ok(()),
        };
        let sent = async {
            before?;
            if !one_ended {
                plan_due(leader, term).await?;
            }
            send_due(notifier, term, &mut begun, &mut tries).await
        };
        match sent.await {
            Ok(()) => reported = false,
            Err(StoreError::NotLeader) => return,
            Err(error) if !std::mem::replace(&mut reported, true) => {
                tracing::warn!(%error, "notifications wait; they are tried again");
            }
            Err(_) => {}
        }
    }
}

/// Claims what is due and sends it, as far as there is room.
async fn send_due(
    notifier: &Notifier,
    term: &Term,
    begun: &mut bool,
    tries: &mut JoinSet<Result<(), StoreError>>,
) -> Result<(), StoreError> {
    let now = Utc::now().trunc_subsecs(6);
    let room = SENDERS_MAX.saturating_sub(tries.len());
    let (store, first) = (&notifier.store, !*begun);
    if room == 0 || !(first || deliveries::is_due(store.acts(), now).await?) {
        return Ok(());
    }
    let (channels, claimed) = store
        .read_committed(|tx| {
            Box::pin(async move {
                lease::step(tx, term, 0).await?;
                if first {
                    deliveries::take_back(tx, now).await?;
                }
                deliveries::end_overdue(tx, now).await?;
                let limit = i64::try_from(room).unwrap_or(1);
                let claimed = deliveries::claim(tx, limit, (now, now + CLAIM)).await?;
                let channels = match claimed.is_empty() {
                    true => Vec::new(),
                    false => rows::all(tx).await?,
                };
                Ok((channels, claimed))
            })
        })
        .await?;
    *begun = true;
    for delivery in claimed {
        // A channel that was removed has no claims.
        let Some(channel) = channels.iter().find(|it| it.id == delivery.channel) else { continue };
        let (notifier, term, channel) = (notifier.clone(), term.clone(), channel.clone());
        tries.spawn(async move { attempt(&notifier, &term, channel, delivery).await });
    }
    Ok(())
}

async fn attempt(
    notifier: &Notifier,
    term: &Term,
    channel: Channel,
    delivery: Delivery,
) -> Result<(), StoreError> {
    let name = channel.id;
    let answer = notifier.send(channel, delivery.clone()).await;
    let state = notifier.settle(Some(term), &delivery, &answer).await?;
    let (id, tries, state) = (delivery.id, delivery.tries, state.name());
    tracing::info!(channel = %name, delivery = %id, tries, state, "a notification was tried");
    Ok(())
}
