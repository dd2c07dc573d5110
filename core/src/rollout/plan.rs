//! From what a person asks to a whole plan, or every mistake in it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Analysis, Plan, PlanTemplate, RolloutId, SchemaChange, Step, Wave};
use crate::bench::{Bench, BenchResult, TestState};
use crate::fleet::{Fleet, Service, Strategy};
use crate::id::{DatacenterId, PlanId, RegionId, ServiceId};
use crate::placement;
use crate::planned::EventId;
use crate::planned::check::Check;
use crate::release::{Release, Releases};
use crate::routing::WEIGHT_TOTAL;

/// A hotfix is watched for a fraction of the time: one in so many (R13). No step and no gate less.
pub const HOTFIX_DIVISOR: u32 = 4;
/// Most steps of a plan.
pub const STEPS_MAX: usize = 20;
/// Longest watch of one step or node: a day.
pub const WATCH_SECONDS_MAX: u32 = 86_400;
/// Longest reference of a change, in characters.
pub const CHANGE_MAX_CHARS: usize = 60;

/// What a person asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StartRequest {
    pub service: String,
    pub version: String,
    /// A plan of the fleet; `None`: the service's.
    pub plan: Option<String>,
    pub hotfix: bool,
    /// The change's reference in the enterprise's own register.
    pub change: Option<String>,
    pub schema: SchemaChange,
    pub configuration_compatible: bool,
    /// Instead of the plan's: regions that go together, in order. None is added to them but those
    /// that are not named, which follow.
    pub waves: Option<Vec<Vec<String>>>,
    /// Instead of the plan's.
    pub steps: Option<Vec<StepRequest>>,
    /// The planned event that it belongs to, `ev-12`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepRequest {
    /// Percent of requests.
    pub weight: f64,
    pub watch_seconds: u32,
    /// Whether a person has to go on after it.
    #[serde(default)]
    pub pause: bool,
}

/// Why a rollout cannot be started; each says what to write or do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum StartFinding {
    #[error("there is no service `{service}`; write the id of one of the fleet")]
    UnknownService { service: String },
    #[error("{service} is retired; nothing new is rolled out to it")]
    Retired { service: ServiceId },
    #[error("{service} runs in no data centre; place it in the fleet file first")]
    PlacedNowhere { service: ServiceId },
    #[error("write the version that {service} is to go to")]
    NoVersion { service: ServiceId },
    #[error("{version} of {service} is not known: no bench has tested it; run its bench first")]
    UnknownVersion { service: ServiceId, version: String },
    #[error("{version} is the stable version of {service} already; write another")]
    SameVersion { service: ServiceId, version: String },
    #[error("{version} is in quarantine since {since} ({reason}); lift it first, or write another")]
    Quarantined { version: String, reason: String, since: DateTime<Utc> },
    #[error(
        "the rollout {rollout} of {service} to {version} is {state}; wait for its end, or end it \
         first"
    )]
    Busy { service: ServiceId, rollout: RolloutId, version: String, state: String },
    #[error("the bench of {version} is not over; wait for its result")]
    BenchRunning { version: String },
    #[error("{version} did not pass its bench: {seen}; mend it, or run the bench again")]
    BenchFailed { version: String, seen: String },
    #[error("the bench of {version} could not be made ({message}); run it again")]
    BenchNotMade { version: String, message: String },
    #[error("the bench result of {version} has expired; run the bench again")]
    BenchExpired { version: String, at: Option<DateTime<Utc>> },
    #[error(
        "the checks of {service}'s bench changed since {version} passed it; run the bench again"
    )]
    BenchChanged { service: ServiceId, version: String },
    #[error("there is no rollout plan `{plan}`; write one of: {known}")]
    UnknownPlan { plan: String, known: String },
    #[error("a canary needs at least one step; write a weight and a watch time")]
    NoSteps,
    #[error("there are {count} steps; write at most {STEPS_MAX}")]
    TooManySteps { count: usize },
    #[error("{service} is updated node by node and has no steps; leave them out")]
    StepsForRolling { service: ServiceId },
    #[error("the weight of step {step} is {weight} %; write more than 0 and at most 100")]
    WeightOutOfRange { step: usize, weight: f64 },
    #[error(
        "the weight of step {step} is {weight} %, not more than the {before} % before it; write \
         growing weights"
    )]
    WeightNotGrowing { step: usize, weight: f64, before: f64 },
    #[error("the watch time of step {step} is {seconds} s; write from 1 to {WATCH_SECONDS_MAX}")]
    WatchOutOfRange { step: usize, seconds: u32 },
    #[error("there is no region `{region}`; write the id of one of the fleet")]
    UnknownRegion { region: String },
    #[error("{service} does not run in {region}; leave that region out")]
    NotInRegion { service: ServiceId, region: RegionId },
    #[error("the waves name {region} twice; name it once")]
    RegionTwice { region: RegionId },
    #[error("wave {wave} names no region; leave it out")]
    EmptyWave { wave: usize },
    #[error("the change's reference is longer than {CHANGE_MAX_CHARS} characters; shorten it")]
    ChangeTooLong,
    #[error("there is no planned event `{event}`; write the id of one, as in ev-12")]
    UnknownEvent { event: String },
    #[error(
        "{service} asks for the checks {checks}; plan an event that names {version} of it, and \
         start the rollout for that event"
    )]
    NeedsEvent { service: ServiceId, version: String, checks: String },
    #[error("{event} is {state}; choose an event that is planned or runs")]
    EventOver { event: EventId, state: String },
    #[error("{event} does not touch {service}; choose an event that does")]
    EventElsewhere { event: EventId, service: ServiceId },
    #[error("{event} names {named} of {service}; change it to {version}, or write that version")]
    EventVersion { event: EventId, service: ServiceId, version: String, named: String },
    #[error(
        "{event} is from {} to {} UTC; start the rollout then, or change the event's time",
        from.format("%d %b %H:%M"), until.format("%d %b %H:%M")
    )]
    EventTime { event: EventId, from: DateTime<Utc>, until: DateTime<Utc> },
    #[error(
        "{}: {sentence}; mend it at {fix}, or ask for a waiver at /events/{event}",
        check.name()
    )]
    CheckOpen { event: EventId, check: Check, sentence: String, fix: String },
}

impl StartFinding {
    /// Where it is mended, where that is another page.
    pub fn fix(&self) -> Option<&str> {
        match self {
            Self::CheckOpen { fix, .. } => Some(fix),
            Self::NeedsEvent { .. } => Some("/events/do/plan"),
            Self::UnknownService { .. }
            | Self::Retired { .. }
            | Self::PlacedNowhere { .. }
            | Self::NoVersion { .. }
            | Self::UnknownVersion { .. }
            | Self::SameVersion { .. }
            | Self::Quarantined { .. }
            | Self::Busy { .. }
            | Self::BenchRunning { .. }
            | Self::BenchFailed { .. }
            | Self::BenchNotMade { .. }
            | Self::BenchExpired { .. }
            | Self::BenchChanged { .. }
            | Self::UnknownPlan { .. }
            | Self::NoSteps
            | Self::TooManySteps { .. }
            | Self::StepsForRolling { .. }
            | Self::WeightOutOfRange { .. }
            | Self::WeightNotGrowing { .. }
            | Self::WatchOutOfRange { .. }
            | Self::UnknownRegion { .. }
            | Self::NotInRegion { .. }
            | Self::RegionTwice { .. }
            | Self::EmptyWave { .. }
            | Self::ChangeTooLong
            | Self::UnknownEvent { .. }
            | Self::EventOver { .. }
            | Self::EventElsewhere { .. }
            | Self::EventVersion { .. }
            | Self::EventTime { .. } => None,
        }
    }
}

impl Default for Analysis {
    /// One percent of good versions is stopped; half a percentage point more errors and a fifth
    /// longer latency are tolerated.
    fn default() -> Self {
        Self {
            alpha_per_million: 10_000,
            error_tolerance_bp: 50,
            latency_tolerance_percent: 20,
            min_requests: 100,
            conditions: Vec::new(),
        }
    }
}

impl Default for PlanTemplate {
    /// Every region by itself; a canary of 1, 5, 25, 50 and 100 %, watched for five minutes each.
    fn default() -> Self {
        let weights = [100, 500, 2_500, 5_000, WEIGHT_TOTAL];
        let steps = weights.map(|weight| Step { weight, watch_seconds: 300, pause: false });
        Self {
            steps: steps.into(),
            node_watch_seconds: 60,
            waves: Vec::new(),
            analysis: Analysis::default(),
        }
    }
}

impl PlanTemplate {
    /// The plan of a service's rollouts.
    pub fn of(fleet: &Fleet, service: &Service) -> Self {
        let named = service.rollout_plan.as_ref();
        named.and_then(|id| fleet.rollout_plans.get(id)).cloned().unwrap_or_default()
    }
}

/// Makes the plan of a rollout. `bench`: the newest result of this version of this service.
///
/// # Errors
/// Every finding, at least one; nothing is to be done then.
pub fn start(
    fleet: &Fleet,
    releases: &Releases,
    request: &StartRequest,
    bench: Option<&BenchResult>,
    now: DateTime<Utc>,
) -> Result<Plan, Vec<StartFinding>> {
    let service = ServiceId::new(&request.service).ok();
    let service = service.and_then(|id| fleet.services.get_key_value(&id));
    let Some((id, service)) = service else {
        return Err(vec![StartFinding::UnknownService { service: request.service.clone() }]);
    };
    let mut starter = Starter { fleet, id, service, findings: Vec::new() };
    let stable = releases.stable(fleet, id).unwrap_or_else(|| Release::declared(service));
    starter.service(releases);
    starter.version(releases, &stable, &request.version, bench, now);
    let template = starter.template(request.plan.as_deref());
    let steps = starter.steps(request.steps.as_deref(), &template);
    let named = starter.named_waves(request.waves.as_deref(), &template);
    let waves = starter.waves(named);
    let change = request.change.as_deref().map(str::trim).filter(|change| !change.is_empty());
    if change.is_some_and(|change| change.chars().count() > CHANGE_MAX_CHARS) {
        starter.findings.push(StartFinding::ChangeTooLong);
    }
    if !starter.findings.is_empty() {
        return Err(starter.findings);
    }
    let shorter = |seconds: u32| {
        if request.hotfix { (seconds / HOTFIX_DIVISOR).max(1) } else { seconds }
    };
    let watched = |step: Step| Step { watch_seconds: shorter(step.watch_seconds), ..step };
    Ok(Plan {
        service: id.clone(),
        from: stable.version,
        from_track: stable.track,
        to: request.version.trim().to_owned(),
        strategy: service.strategy,
        steps: steps.into_iter().map(watched).collect(),
        node_watch_seconds: shorter(template.node_watch_seconds),
        waves,
        analysis: template.analysis,
        hotfix: request.hotfix,
        change: change.map(str::to_owned),
        schema: request.schema,
        configuration_compatible: request.configuration_compatible,
    })
}

struct Starter<'a> {
    fleet: &'a Fleet,
    id: &'a ServiceId,
    service: &'a Service,
    findings: Vec<StartFinding>,
}

impl Starter<'_> {
    fn service(&mut self, releases: &Releases) {
        let service = self.id.clone();
        if self.service.retired {
            self.findings.push(StartFinding::Retired { service });
        } else if placement::datacenters(self.fleet, self.service).is_empty() {
            self.findings.push(StartFinding::PlacedNowhere { service });
        }
        if let Some(rollout) = releases.rollouts.get(self.id).filter(|it| !it.is_over()) {
            self.findings.push(StartFinding::Busy {
                service: self.id.clone(),
                rollout: rollout.id,
                version: rollout.plan.to.clone(),
                state: rollout.state.name().to_owned(),
            });
        }
    }

    fn version(
        &mut self,
        releases: &Releases,
        stable: &Release,
        version: &str,
        bench: Option<&BenchResult>,
        now: DateTime<Utc>,
    ) {
        let (service, version) = (self.id.clone(), version.trim().to_owned());
        if version.is_empty() {
            self.findings.push(StartFinding::NoVersion { service });
            return;
        }
        if stable.version == version {
            self.findings.push(StartFinding::SameVersion { service, version });
            return;
        }
        if let Some(quarantine) = releases.quarantine(self.id, &version) {
            let (reason, since) = (quarantine.reason.clone(), quarantine.since);
            let version = version.clone();
            self.findings.push(StartFinding::Quarantined { version, reason, since });
        }
        let of_this = |it: &&BenchResult| it.service == *self.id && it.version == version;
        let Some(bench) = bench.filter(of_this) else {
            self.findings.push(StartFinding::UnknownVersion { service, version });
            return;
        };
        let checks = Bench::of(self.fleet, self.id);
        if bench.counts(&checks, now) {
            return;
        }
        self.findings.push(match &bench.report.state {
            TestState::Running => StartFinding::BenchRunning { version },
            TestState::Failed => {
                let failed = bench.report.results.iter().find(|result| !result.passed);
                let seen = failed.map_or_else(|| "a check failed".into(), |it| it.seen.clone());
                StartFinding::BenchFailed { version, seen }
            }
            TestState::NotMade { message } => {
                StartFinding::BenchNotMade { version, message: message.clone() }
            }
            TestState::Passed if bench.expires_at.is_some_and(|end| now < end) => {
                StartFinding::BenchChanged { service, version }
            }
            TestState::Passed => StartFinding::BenchExpired { version, at: bench.expires_at },
        });
    }

    fn template(&mut self, plan: Option<&str>) -> PlanTemplate {
        let Some(plan) = plan.map(str::trim).filter(|plan| !plan.is_empty()) else {
            return PlanTemplate::of(self.fleet, self.service);
        };
        let known = PlanId::new(plan).ok().and_then(|id| self.fleet.rollout_plans.get(&id));
        known.cloned().unwrap_or_else(|| {
            let ids: Vec<_> = self.fleet.rollout_plans.keys().map(PlanId::as_str).collect();
            let (plan, known) = (plan.to_owned(), ids.join(", "));
            self.findings.push(StartFinding::UnknownPlan { plan, known });
            PlanTemplate::default()
        })
    }

    /// The steps of a canary, the last with all requests; none of a rolling update.
    fn steps(&mut self, wishes: Option<&[StepRequest]>, template: &PlanTemplate) -> Vec<Step> {
        let wishes = match (self.service.strategy, wishes) {
            (Strategy::Rolling, None) => return Vec::new(),
            (Strategy::Rolling, Some(_)) => {
                self.findings.push(StartFinding::StepsForRolling { service: self.id.clone() });
                return Vec::new();
            }
            (Strategy::Canary, None) => return whole(template.steps.clone()),
            (Strategy::Canary, Some(wishes)) => wishes,
        };
        if wishes.is_empty() {
            self.findings.push(StartFinding::NoSteps);
        }
        if wishes.len() > STEPS_MAX {
            self.findings.push(StartFinding::TooManySteps { count: wishes.len() });
            return Vec::new();
        }
        let mut before = 0;
        let mut steps = Vec::new();
        for (step, wish) in (1..).zip(wishes.iter().copied()) {
            let StepRequest { weight, watch_seconds, pause } = wish;
            let rounded = (weight * 100.0).round();
            if !(1.0..=f64::from(WEIGHT_TOTAL)).contains(&rounded) {
                self.findings.push(StartFinding::WeightOutOfRange { step, weight });
                continue;
            }
            let share = rounded as u16;
            if share <= before {
                let before = f64::from(before) / 100.0;
                self.findings.push(StartFinding::WeightNotGrowing { step, weight, before });
            }
            if !(1..=WATCH_SECONDS_MAX).contains(&watch_seconds) {
                let seconds = watch_seconds;
                self.findings.push(StartFinding::WatchOutOfRange { step, seconds });
            }
            before = share;
            steps.push(Step { weight: share, watch_seconds, pause });
        }
        whole(steps)
    }

    /// The regions that the plan names, in order. A template is for many services, and what it
    /// names of regions where this one does not run is left out; a person's wish is refused.
    fn named_waves(
        &mut self,
        wishes: Option<&[Vec<String>]>,
        template: &PlanTemplate,
    ) -> Vec<Vec<RegionId>> {
        let Some(wishes) = wishes else { return template.waves.clone() };
        let runs_in = self.regions();
        let mut named = BTreeSet::new();
        let mut waves = Vec::new();
        for (number, wish) in (1..).zip(wishes) {
            let mut wave = Vec::new();
            if wish.is_empty() {
                self.findings.push(StartFinding::EmptyWave { wave: number });
            }
            for text in wish {
                let known = RegionId::new(text.trim()).ok();
                let known = known.filter(|id| self.fleet.regions.contains_key(id));
                let Some(region) = known else {
                    self.findings.push(StartFinding::UnknownRegion { region: text.clone() });
                    continue;
                };
                if !runs_in.contains(&region) {
                    let service = self.id.clone();
                    self.findings.push(StartFinding::NotInRegion { service, region });
                } else if named.insert(region.clone()) {
                    wave.push(region);
                } else {
                    self.findings.push(StartFinding::RegionTwice { region });
                }
            }
            waves.push(wave);
        }
        waves
    }

    /// The regions in which the service runs.
    fn regions(&self) -> BTreeSet<RegionId> {
        let placed = placement::datacenters(self.fleet, self.service);
        let known = placed.iter().filter_map(|id| self.fleet.datacenters.get(id));
        known.map(|datacenter| datacenter.region.clone()).collect()
    }

    fn waves(&self, named: Vec<Vec<RegionId>>) -> Vec<Wave> {
        let mut left = self.regions();
        let mut waves: Vec<Vec<RegionId>> = Vec::new();
        for wave in named {
            let wave: Vec<_> = wave.into_iter().filter(|region| left.remove(region)).collect();
            waves.extend((!wave.is_empty()).then_some(wave));
        }
        waves.extend(left.into_iter().map(|region| vec![region]));
        let placed = placement::datacenters(self.fleet, self.service);
        let of = |region: &RegionId| -> Vec<DatacenterId> {
            let within = self.fleet.datacenters_of(region).map(|(id, _)| id);
            within.filter(|id| placed.contains(*id)).cloned().collect()
        };
        let nodes = self.service.nodes;
        let wave = |regions: Vec<RegionId>| {
            let datacenters = regions.iter().flat_map(of).map(|id| (id, nodes)).collect();
            Wave { regions, datacenters }
        };
        waves.into_iter().map(wave).collect()
    }
}

/// Steps that end with all requests: what is missing is watched as long as the last.
pub(crate) fn whole(mut steps: Vec<Step>) -> Vec<Step> {
    if let Some(last) = steps.last().copied().filter(|last| last.weight < WEIGHT_TOTAL) {
        steps.push(Step { weight: WEIGHT_TOTAL, pause: false, ..last });
    }
    steps
}
