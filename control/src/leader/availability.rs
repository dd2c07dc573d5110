//! Availability: what is seen of instances is kept, minutes that do not change any more are decided
//! and added up, outages are made of them, and budgets that burn are told.
//!
//! Invariants: minutes, sums, outages, their audit entries and the moment up to which that was done
//! are one transaction, so each minute counts once, also when a leader is killed in the middle;
//! minutes in which nobody led are decided afterwards, from what edges told of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, DurationRound, SubsecRound, TimeDelta, Utc};
use mainstay_core::audit::{Action, Actor, Event};
use mainstay_core::availability::cause::{Going, found};
use mainstay_core::availability::outage::{Account, Outage, OutageId, advance};
use mainstay_core::availability::probe::Counted;
use mainstay_core::availability::{burn, decide};
use mainstay_core::failover::Run;
use mainstay_core::fleet::Fleet;
use mainstay_core::id::{EdgeId, RegionId};
use mainstay_core::problem::Problem;
use mainstay_store::availability::{outage as outages, read, roll};
use mainstay_store::lease::{self, Term};
use mainstay_store::{StoreError, Tx, audit, failover as runs};
use serde_json::json;

use super::Leader;
use crate::estate::Snapshot;

/// How often is looked at instances; as often it is looked whether minutes can be decided.
const LOOK_PERIOD: Duration = Duration::from_secs(10);
/// Minutes decided in one transaction, and such transactions one after the other.
const BATCH: TimeDelta = TimeDelta::minutes(10);
const BATCHES_MAX: u32 = 6;
/// How often burn rates are worked out.
const BURN_PERIOD: Duration = Duration::from_secs(30);
/// Failovers that may have to do with an outage: the newest.
const RUNS: i64 = 10;

/// The part of the server that decides; its name in the audit log.
const NAME: &str = "availability";

/// Budgets that a person has to know of.
pub(super) type Burning = Arc<Mutex<Vec<Problem>>>;

#[derive(Default)]
pub(super) struct Availability {
    looked_at: Option<Instant>,
    /// The minute that is being looked at, and what was seen in it.
    minute: Option<DateTime<Utc>>,
    looks: Counted,
    burned_at: Option<Instant>,
}

impl Availability {
    pub(super) async fn step(
        &mut self,
        leader: &Leader,
        term: &Term,
        snapshot: &Snapshot,
    ) -> Result<(), StoreError> {
        let early = self.looked_at.is_some_and(|at| at.elapsed() < LOOK_PERIOD);
        if early || snapshot.estate.fleet_revision == 0 {
            return Ok(());
        }
        self.looked_at = Some(Instant::now());
        self.look(leader, term, snapshot).await?;
        for _ in 0..BATCHES_MAX {
            if !add_up(leader, term, snapshot).await? {
                break;
            }
        }
        if self.burned_at.is_none_or(|at| at.elapsed() >= BURN_PERIOD) {
            self.burned_at = Some(Instant::now());
            let burning = burning(leader, &snapshot.estate.fleet, snapshot.estate.at).await?;
            *leader.burning.lock().unwrap_or_else(PoisonError::into_inner) = burning;
        }
        Ok(())
    }

    /// One look at all instances, kept with those of the same minute.
    async fn look(
        &mut self,
        leader: &Leader,
        term: &Term,
        snapshot: &Snapshot,
    ) -> Result<(), StoreError> {
        let minute = start_of(snapshot.estate.at);
        if self.minute != Some(minute) {
            self.minute = Some(minute);
            self.looks = Counted::default();
        }
        self.looks.look(&snapshot.estate);
        let mut connection = leader.store.acts().acquire().await?;
        roll::keep_looks(&mut connection, minute, term.epoch, &self.looks).await
    }
}

fn start_of(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(at)
}

/// Decides the next minutes; whether there were any.
async fn add_up(leader: &Leader, term: &Term, snapshot: &Snapshot) -> Result<bool, StoreError> {
    let runs = runs::list(leader.store.reads(), None, RUNS).await?;
    let batch = &Batch { term, snapshot, runs: &runs };
    let done = leader.store.read_committed(|tx| Box::pin(batch.run(tx))).await?;
    if let Some(found) = done.as_ref().filter(|found| **found > 0) {
        tracing::warn!(outages = found, "users were not served, or nobody measured");
    }
    Ok(done.is_some())
}

struct Batch<'a> {
    term: &'a Term,
    snapshot: &'a Snapshot,
    runs: &'a [Run],
}

impl Batch<'_> {
    /// How many outages are new; `None`: no minute can be decided yet.
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Option<usize>, StoreError> {
        let fleet = &self.snapshot.estate.fleet;
        lease::step(tx, self.term, 0).await?;
        let Some(settled) = roll::settled(tx).await? else { return Ok(None) };
        let from = roll::lock(tx, start_of(self.snapshot.estate.at)).await?;
        let until = settled.min(from + BATCH);
        if until <= from {
            return Ok(None);
        }
        let edges = fleet.edges.iter().map(|(id, edge)| (id.clone(), edge.region.clone()));
        let regions: BTreeMap<EdgeId, RegionId> = edges.collect();
        let kept = roll::kept(tx, &regions, (from, until)).await?;
        let minutes = decide(fleet, &kept, (from, until));
        roll::add(tx, &minutes).await?;
        let open = outages::open(tx).await?;
        let before = open.into_iter().map(|told| told.outage).collect();
        let mut new = 0;
        for outage in advance(before, &minutes, until) {
            match outage.id {
                Some(id) => outages::update(tx, id, &outage).await?,
                None => {
                    self.insert(tx, &outage).await?;
                    new += 1;
                }
            }
        }
        roll::move_on(tx, until).await?;
        Ok(Some(new))
    }

    async fn insert(&self, tx: &mut Tx<'_>, outage: &Outage) -> Result<(), StoreError> {
        let going = Going {
            estate: &self.snapshot.estate,
            problems: &self.snapshot.problems,
            runs: self.runs,
        };
        let account = found(outage, &going);
        let id = outages::insert(tx, outage, &account).await?;
        audit::append(tx, &event(id, outage, &account, Utc::now().trunc_subsecs(6))).await?;
        Ok(())
    }
}

fn event(id: OutageId, outage: &Outage, account: &Account, now: DateTime<Utc>) -> Event {
    let actor = Actor::System(NAME.to_owned());
    Event {
        after: Some(json!({
            "kind": outage.kind,
            "region": outage.region,
            "services": outage.services,
            "started_at": outage.started_at,
            "account": account,
        })),
        ..Event::new(now, actor, Action::OutageFound, format!("/availability/outages/{id}"))
    }
}

/// Services whose budget is used up too fast.
async fn burning(
    leader: &Leader,
    fleet: &Fleet,
    now: DateTime<Utc>,
) -> Result<Vec<Problem>, StoreError> {
    let pool = leader.store.reads();
    let Some((_, decided)) = read::known(pool).await? else { return Ok(Vec::new()) };
    let lately = read::lately(pool, decided, now).await?;
    let declared = lately.iter().filter(|(service, _)| fleet.services.contains_key(service));
    let problems = declared.filter_map(|(service, lately)| {
        let burns = burn::burns(lately, fleet.availability_target(service));
        let alert = burn::alert(&burns)?;
        Some(Problem::BudgetBurns {
            service: service.clone(),
            speed: alert.speed,
            window_minutes: alert.long_minutes,
            rate: burn::step(alert.long.unwrap_or(alert.limit)),
        })
    });
    Ok(problems.collect())
}
