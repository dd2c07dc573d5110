//! Planning and starting a rollout.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use mainstay_core::audit::Action;
use mainstay_core::bench::BenchResult;
use mainstay_core::fleet::Fleet;
use mainstay_core::id::{EdgeId, RegionId, ServiceId};
use mainstay_core::judge::Latencies;
use mainstay_core::rollout::{self, Plan, Position, Preview, Rollout, StartRequest, State, Today};
use mainstay_core::traffic::{Counts, LATENCY_BOUNDS_MS};
use mainstay_store::planned::{self, Logged, owned};
use mainstay_store::traffic::{Filter, Resolution};
use mainstay_store::{StoreError, Tx, audit, bench, fleet, release, rollout as stored, traffic};
use serde_json::json;

use super::{Conflict, RolloutError, check_reason, event, name_of, refuse};
use crate::Control;
use crate::access::By;
use crate::once::Once;
use crate::planned::{Known, owner};

/// How much of the latest traffic the preview is made from.
const TODAY: TimeDelta = TimeDelta::minutes(10);

/// A plan that may be started, and what is known about it now.
#[derive(Clone, Debug)]
pub struct Planned {
    pub plan: Plan,
    pub preview: Preview,
    /// The bench that lets the version in.
    pub bench: Option<BenchResult>,
}

impl Control {
    /// What a start would do; nothing is done.
    ///
    /// Errors: [`RolloutError::Findings`] with every mistake in the request.
    pub async fn plan_rollout(&self, request: &StartRequest) -> Result<Planned, RolloutError> {
        let snapshot = self.snapshot();
        let estate = &snapshot.estate;
        let bench = self.bench_of(request).await?;
        let (fleet, releases) = (&estate.fleet, &estate.releases);
        let plan = rollout::start(fleet, releases, request, bench.as_ref(), estate.at)
            .map_err(RolloutError::Findings)?;
        let (known, named) = (self.known().await?, (&plan.service, plan.to.as_str()));
        let mut db = self.store.reads().acquire().await.map_err(StoreError::from)?;
        let owned = owner(&mut db, &known, request, named, estate.at).await?;
        drop(db);
        owned.map_err(RolloutError::Findings)?;
        let measured = self.today(fleet, &plan.service, estate.at).await?;
        let problems: Vec<_> = snapshot.open_problems().cloned().collect();
        let today = Today {
            per_second: measured.per_second,
            error_rate: measured.error_rate,
            latencies: measured.latencies,
            problems: &problems,
            bench: bench.as_ref(),
        };
        let preview = rollout::preview(&plan, estate, &today);
        Ok(Planned { plan, preview, bench })
    }

    /// Starts a rollout whose plan has the hash that was confirmed. Once it stands, the same
    /// request under its key is answered with it, whatever could be planned by now.
    pub async fn start_rollout(
        &self,
        by: &By,
        request: &StartRequest,
        plan_hash: &str,
        why: Option<&str>,
        key: &str,
    ) -> Result<Rollout, RolloutError> {
        check_reason(why)?;
        let once = &Once::new(key, by, &("start", request))?;
        self.look_for(request).await?;
        self.refresh().await;
        let estate = self.snapshot().estate;
        let known = self.known().await?;
        let start = Start {
            by,
            request,
            plan_hash,
            why,
            once,
            fleet: &estate.fleet,
            fleet_revision: estate.fleet_revision,
            known,
            now: Utc::now().trunc_subsecs(6),
        };
        let start = &start;
        let answer =
            self.store.read_committed(|tx| Box::pin(async move { start.answer(tx).await })).await?;
        if answer.is_ok() {
            self.refresh().await;
        }
        answer
    }

    async fn bench_of(&self, request: &StartRequest) -> Result<Option<BenchResult>, StoreError> {
        match ServiceId::new(&request.service) {
            Ok(service) => self.bench(&service, request.version.trim()).await,
            Err(_) => Ok(None),
        }
    }

    /// The traffic of a service over the last minutes, at the edges of each region.
    async fn today(
        &self,
        fleet: &Fleet,
        service: &ServiceId,
        now: DateTime<Utc>,
    ) -> Result<Measured, StoreError> {
        let (from, until) = (now - TODAY, now);
        let pool = self.store.reads();
        let mut heard: BTreeMap<EdgeId, u32> = BTreeMap::new();
        for (_, edge, seconds) in traffic::heard(pool, Resolution::Second, (from, until)).await? {
            *heard.entry(edge).or_default() += u32::from(seconds);
        }
        let filter = Filter { service: Some(service.clone()), edges: None, from, until };
        let totals =
            traffic::totals(pool, Resolution::Second, &filter, traffic::TOTALS_MAX).await?;
        let mut all = Counts::default();
        let mut requests: BTreeMap<EdgeId, u64> = BTreeMap::new();
        for (series, counts) in totals {
            all.add(&counts);
            *requests.entry(series.edge).or_default() += counts.requests;
        }
        let mut per_second: BTreeMap<RegionId, f64> = BTreeMap::new();
        for (edge, seconds) in heard {
            if let Some(place) = fleet.edges.get(&edge) {
                let requests = requests.get(&edge).copied().unwrap_or(0) as f64;
                let rate = requests / f64::from(seconds);
                *per_second.entry(place.region.clone()).or_default() += rate;
            }
        }
        let counted = all.requests > 0;
        Ok(Measured {
            per_second,
            error_rate: counted.then(|| all.errors as f64 / all.requests as f64),
            latencies: counted.then(|| Latencies {
                bounds_ms: LATENCY_BOUNDS_MS.to_vec(),
                counts: all.latency.counts().to_vec(),
            }),
        })
    }
}

struct Measured {
    per_second: BTreeMap<RegionId, f64>,
    error_rate: Option<f64>,
    latencies: Option<Latencies>,
}

/// A start with all that it is judged by.
struct Start<'a> {
    by: &'a By,
    request: &'a StartRequest,
    plan_hash: &'a str,
    why: Option<&'a str>,
    once: &'a Once<'a>,
    fleet: &'a Fleet,
    fleet_revision: i64,
    known: Known,
    now: DateTime<Utc>,
}

impl Start<'_> {
    async fn answer(&self, tx: &mut Tx<'_>) -> Result<Result<Rollout, RolloutError>, StoreError> {
        let releases = release::lock(tx).await?;
        if let Some(answer) = self.once.recall(tx).await? {
            return Ok(answer);
        }
        let bench = match ServiceId::new(&self.request.service) {
            Ok(service) => bench::get(tx, &service, self.request.version.trim()).await?,
            Err(_) => None,
        };
        let same_fleet = fleet::revision_in(tx).await? == self.fleet_revision;
        let plan =
            match rollout::start(self.fleet, &releases, self.request, bench.as_ref(), self.now) {
                Ok(plan) => plan,
                Err(findings) => return self.refuse(tx, RolloutError::Findings(findings)).await,
            };
        if plan.hash() != self.plan_hash || !same_fleet {
            let conflict = Conflict { rollout: None, last: None };
            return self.refuse(tx, RolloutError::Changed(Box::new(conflict))).await;
        }
        let known = self.known.with_releases(releases);
        let named = (&plan.service, plan.to.as_str());
        let of_event = match owner(tx, &known, self.request, named, self.now).await? {
            Ok(of_event) => of_event,
            Err(findings) => return self.refuse(tx, RolloutError::Findings(findings)).await,
        };
        let revision = release::raise(tx).await?;
        let routing_revision = revision + u64::try_from(self.fleet_revision).unwrap_or(0);
        let at = Position::default();
        let state = State::Preparing { at, since: self.now, held: None };
        let who = (name_of(&self.by.actor), self.now);
        let Some(rollout) = stored::insert(tx, &plan, &state, routing_revision, who).await? else {
            return Err(StoreError::corrupt("a rollout", "another one began under the lock"));
        };
        if let Some(event) = of_event {
            owned::set_rollout(tx, rollout.id, event).await?;
            let note = format!("{}: {} {}", rollout.id, plan.service, plan.to);
            let (at, actor) = (self.now, self.by.actor.clone());
            let logged = Logged { at, actor, action: Action::RolloutStart, note };
            planned::append(tx, event, &logged).await?;
        }
        let why = json!({ "request": { "kind": "start" } });
        stored::append(tx, &rollout, &self.by.actor, Some(&why)).await?;
        let mut event = event(self.by, Action::RolloutStart, rollout.path(), self.now);
        event.reason = self.why.map(str::to_owned);
        event.after = Some(json!({
            "service": plan.service,
            "version": plan.to,
            "from": plan.from,
            "plan": plan,
            "plan_hash": plan.hash(),
            "bench": bench.map(|bench| bench.report.id),
            "event": of_event,
        }));
        audit::append(tx, &event).await?;
        self.once.remember(tx, &rollout, self.now).await?;
        Ok(Ok(rollout))
    }

    async fn refuse(
        &self,
        tx: &mut Tx<'_>,
        error: RolloutError,
    ) -> Result<Result<Rollout, RolloutError>, StoreError> {
        // An id that is none has no page.
        let object = match ServiceId::new(&self.request.service) {
            Ok(service) => format!("/services/{service}"),
            Err(_) => "/rollouts".to_owned(),
        };
        let mut event = event(self.by, Action::RolloutStart, object, self.now);
        event.reason = self.why.map(str::to_owned);
        refuse(tx, event, &error.to_string()).await?;
        Ok(Err(error))
    }
}
