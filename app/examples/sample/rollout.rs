//! A synthetic rollout in any state, with what users saw of it: for the gallery and the tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_app::pages::rollout::{Comparison, Entry, Judged, Stretch};
use mainstay_core::deployment::Track;
use mainstay_core::estate::{Estate, Instance, InstanceState};
use mainstay_core::fleet::{Edge, Strategy};
use mainstay_core::id::{DatacenterId, EdgeId, InstanceId, RegionId, ServiceId};
use mainstay_core::judge::{Judgement, Metric, Trace, Verdict, judge};
use mainstay_core::release::Releases;
use mainstay_core::rollout::{
    Analysis, Condition, ConditionFact, EdgeFact, Evidence, Facts, Nack, Plan, Position, Rollout,
    RolloutId, SchemaChange, State, Step, Wave, rollback_evidence,
};
use mainstay_core::traffic::Counts;

use crate::sample::{estate, now};

/// Everything that the pages of one rollout are made of.
pub struct Sample {
    pub estate: Estate,
    pub rollout: Rollout,
    pub entries: Vec<Entry>,
    pub verdicts: Vec<Judged>,
    /// What the conditions of the plan say now.
    pub conditions: Vec<ConditionFact>,
    pub counts: Comparison,
    pub edges: BTreeMap<EdgeId, EdgeFact>,
    pub evidence: Evidence,
}

impl Sample {
    pub fn input(&self) -> mainstay_app::pages::rollout::Input<'_> {
        mainstay_app::pages::rollout::Input {
            estate: &self.estate,
            rollout: &self.rollout,
            entries: &self.entries,
            verdicts: &self.verdicts,
            conditions: &self.conditions,
            counts: &self.counts,
            edges: &self.edges,
            evidence: &self.evidence,
            reasons: &[],
            key: "0f3a9c1e7b24",
        }
    }
}

pub fn service() -> ServiceId {
    ServiceId::new("feed-api").expect("an id")
}

fn minutes(ago: i64) -> DateTime<Utc> {
    now() - TimeDelta::minutes(ago)
}

/// The plan of every sample: waves of one region each, five steps.
pub fn plan(estate: &Estate) -> Plan {
    let steps = [(100, 300), (500, 600), (2_500, 1_200), (5_000, 1_200), (10_000, 1_800)];
    let wave = |region: &RegionId| Wave {
        regions: vec![region.clone()],
        datacenters: estate.fleet.datacenters_of(region).map(|(id, _)| (id.clone(), 17)).collect(),
    };
    let order = ["eu-west", "eu-central", "us-west", "us-east", "ap-southeast"];
    let regions = order.map(|id| RegionId::new(id).expect("an id"));
    Plan {
        service: service(),
        from: "1.0.0".to_owned(),
        from_track: Track::Blue,
        to: "1.1.0".to_owned(),
        strategy: Strategy::Canary,
        steps: steps
            .map(|(weight, watch_seconds)| Step { weight, watch_seconds, pause: false })
            .into(),
        node_watch_seconds: 60,
        waves: regions.iter().map(wave).collect(),
        analysis: Analysis {
            conditions: vec![Condition::ErrorsBelow { bp: 150 }],
            ..Analysis::default()
        },
        hotfix: false,
        change: Some("CHG-4821".to_owned()),
        schema: SchemaChange::None,
        configuration_compatible: true,
    }
}

/// An estate in which the canary runs in the first wave, and one edge for each region.
pub fn canary_estate() -> Estate {
    let mut estate = estate(60, 2);
    let mut fleet = (*estate.fleet).clone();
    for (id, datacenter) in &fleet.datacenters {
        let name = format!("edge-{}", datacenter.region);
        let edge = Edge { region: datacenter.region.clone(), datacenter: id.clone() };
        fleet.edges.insert(EdgeId::new(&name).expect("an id"), edge);
    }
    if let Some(service) = fleet.services.get_mut(&service()) {
        service.strategy = Strategy::Canary;
        service.version = "1.0.0".to_owned();
    }
    estate.fleet = Arc::new(fleet);
    for (id, state) in &mut estate.datacenters {
        let mut changed = (**state).clone();
        changed.instances.retain(|_, instance| {
            instance.service != service() || instance.id.as_str().contains("-n")
        });
        for node in 0..5 {
            if matches!(id.as_str(), "dub1" | "dub2") {
                let instance = canary(id, node);
                changed.instances.insert(instance.id.clone(), Arc::new(instance));
            }
        }
        *state = Arc::new(changed);
    }
    estate
}

fn canary(datacenter: &DatacenterId, node: u16) -> Instance {
    let failing = datacenter.as_str() == "dub2" && node == 0;
    let cause = mainstay_core::estate::Cause::HealthStatus { code: 503 };
    let state = if failing { InstanceState::Unhealthy { cause } } else { InstanceState::Serving };
    Instance {
        id: InstanceId::new(&format!("feed-api-{datacenter}-g{node}")).expect("an id"),
        service: service(),
        version: "1.1.0".to_owned(),
        state,
        since: minutes(31),
        restarts: 0,
        cpu_millicores: Some(120),
        memory_bytes: Some(40_000_000),
        endpoint: None,
        handle: None,
    }
}

/// A rollout in `state`; before it the entries of a course that went well until the third step.
/// `bad`: the new version fails more from there on.
pub fn sample(state: State, bad: bool) -> Sample {
    let mut estate = canary_estate();
    let plan = plan(&estate);
    let rollout = Rollout {
        id: RolloutId(12),
        plan,
        state: state.clone(),
        revision: 14,
        routing_revision: 7,
        started_at: minutes(31),
        started_by: "operator-1".to_owned(),
        changed_at: now(),
    };
    let mut releases = Releases::default();
    if !rollout.is_over() {
        releases.rollouts.insert(service(), rollout.clone());
    }
    estate.releases = Arc::new(releases);
    let counts = counts(bad);
    let edges = edges(&estate);
    let facts = Facts {
        estate: &estate,
        now: now(),
        edges: &edges,
        judgement: None,
        conditions: &[],
        last_request: None,
        heard_until: None,
        heard_seconds: 0,
    };
    let evidence = rollback_evidence(&rollout, &facts);
    let verdicts = verdicts(&rollout.plan, &counts);
    let entries = entries(state);
    let conditions = verdicts.last().map(|judged| judged.conditions.clone()).unwrap_or_default();
    Sample { estate, rollout, entries, verdicts, conditions, counts, edges, evidence }
}

fn entries(state: State) -> Vec<Entry> {
    let at = |step| Position { wave: 0, step };
    let mut entries = Vec::new();
    let mut add = |ago: i64, state: State| {
        entries.push(Entry { at: minutes(ago), by: None, state });
    };
    add(31, State::Preparing { at: at(0), since: minutes(31), held: None });
    for (step, ago) in [(0, 31), (1, 26), (2, 16)] {
        add(ago, State::Shifting { at: at(step), since: minutes(ago) });
        add(ago, State::Watching { at: at(step), since: minutes(ago) });
    }
    if let State::RolledBack { why, was, .. } = &state {
        let stage = mainstay_core::rollout::Back::Shifting;
        let (since, why, was) = (minutes(2), why.clone(), *was);
        add(2, State::RollingBack { stage, since, why, was });
    }
    entries.push(Entry { at: now() - TimeDelta::seconds(80), by: None, state });
    entries
}

fn edges(estate: &Estate) -> BTreeMap<EdgeId, EdgeFact> {
    let fact = |id: &EdgeId| {
        let away = id.as_str() == "edge-us-west";
        let nack = (id.as_str() == "edge-us-east").then(|| Nack {
            revision: 7,
            services: [service()].into(),
            version: None,
            at: minutes(1),
            message: "Error adding/updating listener(s) main: duplicate route \"feed-api\"".into(),
        });
        EdgeFact {
            connected: !away,
            since: minutes(600),
            acknowledged_revision: if nack.is_some() { 6 } else { 7 },
            acknowledged_at: Some(minutes(16)),
            nacks: nack.into_iter().collect(),
        }
    };
    estate.fleet.edges.keys().map(|id| (id.clone(), fact(id))).collect()
}

/// Half an hour of seconds, with two minutes in which nobody heard the edges.
pub fn counts(bad: bool) -> Comparison {
    let mut seed = 7u64;
    let mut chance = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as f64 / f64::from(u32::MAX >> 1)
    };
    let length = 31 * 60;
    let stretches = (0..length).map(|second| {
        let at = minutes(31) + TimeDelta::seconds(second);
        let minute = second / 60;
        if (20..22).contains(&minute) {
            return Stretch { at, stable: None, canary: None };
        }
        let share = match minute {
            0..5 => 0.01,
            5..15 => 0.05,
            _ => 0.25,
        };
        let worse = if bad && minute > 16 { 0.019 } else { 0.0021 };
        let mut side = |rate: f64, errors: f64, slower: f64| {
            let mut counts = Counts::default();
            for _ in 0..(rate + chance()).floor() as u32 {
                let latency = 40.0 + 170.0 * chance().powi(3) + slower * chance();
                counts.record(chance() < errors, latency);
            }
            counts
        };
        let canary = side(40.0 * share, worse, if bad { 38.0 } else { 4.0 });
        let stable = side(40.0 * (1.0 - share), 0.0021, 0.0);
        Stretch { at, stable: Some(stable), canary: Some(canary) }
    });
    Comparison { step_seconds: 1, stretches: stretches.collect() }
}

/// A judgement of each minute, as the judge itself gives it.
fn verdicts(plan: &Plan, counts: &Comparison) -> Vec<Judged> {
    let trace = |from: DateTime<Utc>, to, side: fn(&Stretch) -> Option<&Counts>| -> Trace {
        let within = counts.stretches.iter().filter(|it| it.at >= from && it.at < to);
        within.filter_map(|it| Some((it.at.timestamp(), side(it)?.clone()))).collect()
    };
    let mut verdicts = Vec::new();
    for (step, from, to) in [(0, 31, 26), (1, 26, 16), (2, 16, 0)] {
        for ago in (to..from).step_by(5) {
            let (from, to) = (minutes(from), minutes(ago));
            let stable = trace(from, to, |it| it.stable.as_ref());
            let canary = trace(from, to, |it| it.canary.as_ref());
            let judgement = judge(&stable, &canary, &plan.settings());
            let conditions = conditions(plan, &judgement);
            let judgement = Some(judgement);
            verdicts.push(Judged {
                at: to,
                position: Position { wave: 0, step },
                judgement,
                conditions,
            });
        }
    }
    verdicts.sort_by_key(|judged| judged.at);
    verdicts
}

/// The one condition of [`plan`], by what was counted.
fn conditions(plan: &Plan, judgement: &Judgement) -> Vec<ConditionFact> {
    let errors = judgement.metrics.iter().find(|it| it.metric == Metric::Errors);
    let value = errors.and_then(|errors| errors.canary);
    let fact = |condition: &Condition| ConditionFact {
        condition: condition.clone(),
        verdict: match value {
            Some(value) if value <= condition.bound() => Verdict::Pass,
            Some(_) => Verdict::Fail,
            None => Verdict::NoData,
        },
        value,
    };
    plan.analysis.conditions.iter().map(fact).collect()
}

/// The counts of [`counts`] by version, as a page of traffic reads them.
pub fn moments() -> mainstay_app::pages::traffic::Moments {
    use mainstay_app::pages::traffic::{Moment, Moments};
    let both = counts(true);
    let moment = |stretch: Stretch| Moment {
        at: stretch.at,
        counts: stretch.stable.zip(stretch.canary).map(|(stable, canary)| {
            BTreeMap::from([("1.0.0".to_owned(), stable), ("1.1.0".to_owned(), canary)])
        }),
    };
    Moments { step_seconds: 1, moments: both.stretches.into_iter().map(moment).collect() }
}

/// Totals of [`counts`] as two data centres answered them through two edges.
pub fn totals() -> Vec<(mainstay_core::traffic::Series, Counts)> {
    let mut sums: BTreeMap<_, Counts> = BTreeMap::new();
    for (n, stretch) in counts(true).stretches.into_iter().enumerate() {
        let place = if n % 3 == 0 { "dub2" } else { "dub1" };
        let sides = [("1.0.0", stretch.stable), ("1.1.0", stretch.canary)];
        for (version, counts) in sides {
            let series = mainstay_core::traffic::Series {
                service: service(),
                version: version.to_owned(),
                datacenter: (n % 97 != 0).then(|| DatacenterId::new(place).expect("an id")),
                edge: EdgeId::new("edge-eu-west").expect("an id"),
            };
            if let Some(counts) = counts {
                sums.entry(series).or_default().add(&counts);
            }
        }
    }
    sums.into_iter().collect()
}

/// Three versions that were tested: one passed, one failed, one is being tested.
pub fn benches() -> Vec<mainstay_core::bench::BenchResult> {
    use mainstay_core::bench::{Bench, BenchResult, CheckResult, TestReport, TestState};
    let result = |version: &str, state: TestState, done: usize, ago: i64| {
        let checks = Bench::default().checks.into_iter().take(done).map(|check| {
            let failed = state == TestState::Failed
                && matches!(check, mainstay_core::bench::Check::Load { .. });
            let seen = if failed { "7 of 250 failed, p95 12 ms" } else { "200 after 3 ms" };
            CheckResult { check, passed: !failed, seen: seen.to_owned() }
        });
        let passed = state == TestState::Passed;
        BenchResult {
            service: service(),
            version: version.to_owned(),
            datacenter: DatacenterId::new("dub1").expect("an id"),
            report: TestReport {
                id: format!("bench-{version}"),
                service: service(),
                version: version.to_owned(),
                state: state.clone(),
                started_at: minutes(ago),
                ended_at: Some(minutes(ago - 1)),
                results: checks.collect(),
            },
            asked_by: "operator-1".to_owned(),
            asked_at: minutes(ago),
            expires_at: passed.then(|| minutes(ago) + TimeDelta::hours(72)),
        }
    };
    vec![
        result("1.2.0", TestState::Running, 1, 1),
        result("1.1.0", TestState::Passed, 2, 50),
        result("1.0.9", TestState::Failed, 2, 300),
    ]
}

/// How the sample's edges stand: one away, one refusing.
pub fn stands(estate: &Estate) -> BTreeMap<EdgeId, mainstay_app::pages::traffic::edges::Stand> {
    use mainstay_app::pages::traffic::edges::{Refused, Stand};
    let stand = |(id, fact): (&EdgeId, &EdgeFact)| {
        let refused = fact.nacks.first().map(|nack| Refused {
            kind: "listeners".to_owned(),
            names: vec!["main".to_owned()],
            revision: nack.revision,
            message: nack.message.clone(),
            at: minutes(16),
        });
        let stand = Stand {
            connected: fact.connected,
            since: fact.since,
            proxy: Some("envoy 1.40.0".to_owned()),
            published_revision: 7,
            acknowledged_revision: fact.acknowledged_revision,
            acknowledged_at: fact.acknowledged_at,
            refused,
        };
        (id.clone(), stand)
    };
    edges(estate).iter().map(stand).collect()
}

/// Reckons the evidence of a sample again, after its plan was changed.
#[allow(dead_code, reason = "the tests need it, the gallery does not")]
pub fn weigh(sample: &mut Sample) {
    let facts = Facts {
        estate: &sample.estate,
        now: now(),
        edges: &sample.edges,
        judgement: None,
        conditions: &[],
        last_request: None,
        heard_until: None,
        heard_seconds: 0,
    };
    sample.evidence = rollback_evidence(&sample.rollout, &facts);
}
