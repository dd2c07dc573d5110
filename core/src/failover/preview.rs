//! What stands in the way of a plan, and what it would cost, in words and numbers.
//!
//! Invariant: unknown is not ready. Nothing here forbids an emergency: it says what is lost.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::moments::{Ground, Moment, moments};
use super::rules::{self, Gates, Holds, Judged, Rule};
use super::target::lag_max_bytes;
use super::{Act, GroupPlan, Member, Mode, Observed, Plan, Run, Standing, Step, StepState};
use crate::fleet::Fleet;
use crate::id::{DatabaseId, DatacenterId, GroupId, ServiceId};

/// A plan that nobody carried out for so long may not be what it was.
pub const DRILL_MAX: TimeDelta = TimeDelta::days(90);
/// What was judged longer ago says nothing of now.
pub const READINESS_MAX_AGE: TimeDelta = TimeDelta::seconds(15);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Ready,
    Warnings,
    /// Something that has to be known is not.
    Unknown,
    NotReady,
}

/// One question with its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub verdict: Verdict,
    pub group: Option<GroupId>,
    pub sentence: String,
    /// Where it is fixed.
    pub link: Option<String>,
}

/// A database whose leader would move.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AtRisk {
    pub database: DatabaseId,
    pub group: GroupId,
    pub from: DatacenterId,
    pub to: DatacenterId,
    /// What the standby lacks; `None`: not known.
    pub lag_bytes: Option<u64>,
    pub lag_seconds: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupPreview {
    pub id: GroupId,
    pub verdict: Verdict,
    pub services: usize,
    pub databases: usize,
    /// Nodes that come up elsewhere.
    pub nodes: u32,
    pub targets: BTreeSet<DatacenterId>,
    /// Of the service that would be loaded most, percent; `None`: not known.
    pub load_after_percent: Option<u64>,
    pub requests_per_second: Option<f64>,
    /// As the last run or drill took; `None`: there was none.
    pub seconds: Option<u64>,
    pub limit_seconds: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    pub verdict: Verdict,
    pub checks: Vec<Check>,
    pub groups: Vec<GroupPreview>,
    pub at_risk: Vec<AtRisk>,
    pub rules: Vec<Judged>,
}

/// How long each group took in the last run that moved it, and when that was.
pub type Past = BTreeMap<GroupId, (u64, DateTime<Utc>)>;

/// Whether the same was carried out to its end before, as a drill or in earnest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tried {
    /// Nobody keeps runs here: a fleet file alone is planned on.
    #[default]
    NotKept,
    Never,
    At(DateTime<Utc>),
}

/// What a preview is made from.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    pub fleet: &'a Fleet,
    pub observed: &'a Observed,
    pub standing: &'a Standing,
    pub gates: &'a Gates,
    pub past: &'a Past,
    pub tried: Tried,
    pub now: DateTime<Utc>,
}

impl<'a> Given<'a> {
    fn ground(&self, plan: &'a Plan) -> Ground<'a> {
        let Self { fleet, observed, standing, .. } = *self;
        Ground { fleet, observed, standing, plan, seen: None }
    }
}

impl Preview {
    /// Whether a start in this way may lose data, and so needs a second person.
    pub fn loses(&self, mode: Mode) -> bool {
        let lossless = |risk: &AtRisk| risk.lag_bytes == Some(0);
        match mode {
            Mode::Graceful => false,
            Mode::Forced => !self.at_risk.iter().all(lossless),
        }
    }

    /// Rules that do not hold.
    pub fn broken(&self) -> impl Iterator<Item = &Judged> {
        self.rules.iter().filter(|judged| judged.holds != Holds::Yes)
    }
}

/// Whether to wait for data no more, in the middle of a run, may lose some: a leader has still to
/// move, and its standby is not known to lack nothing.
pub fn force_loses(run: &Run, observed: &Observed) -> bool {
    let lossless = |(database, step): (&DatabaseId, &Step)| {
        let past = run.steps.get(&step.id).is_some_and(StepState::is_past);
        let members = observed.databases.get(database).map(|it| &it.members);
        let standby = members.zip(step.to.as_ref()).and_then(|(all, to)| all.get(to));
        past || standby.and_then(|it| it.lag_bytes) == Some(0)
    };
    run.mode == Mode::Graceful && !run.plan.promotions().all(lossless)
}

/// Looks at a plan.
pub fn preview(plan: &Plan, given: &Given<'_>) -> Preview {
    let ground = given.ground(plan);
    let moments = moments(&ground);
    let rules = rules::judge(&ground, given.gates, given.now);
    let mut checks = Vec::new();
    for judged in rules.iter().filter(|judged| judged.holds != Holds::Yes) {
        let verdict = match (judged.rule, judged.holds) {
            (_, Holds::Yes) => Verdict::Ready,
            // It is over by itself in some minutes.
            (Rule::Wait, _) => Verdict::Warnings,
            (_, Holds::No) => Verdict::NotReady,
            (_, Holds::Unknown) => Verdict::Unknown,
        };
        let sentence = judged.sentence.clone();
        checks.push(Check { verdict, group: None, sentence, link: Some("/failover".to_owned()) });
    }
    checks.extend(tried(plan, given));
    let at_risk = at_risk(plan, given);
    for group in &plan.groups {
        checks.extend(targets(group, given));
        checks.extend(at_risk.iter().filter(|it| it.group == group.id).map(|it| lag(it, given)));
        for down in &group.stays_down {
            let sentence = format!("meanwhile {} stays down: {}", down.service, down.reason);
            let link = Some(format!("/services/{}", down.service));
            let group = Some(group.id.clone());
            checks.push(Check { verdict: Verdict::Warnings, group, sentence, link });
        }
    }
    let groups: Vec<_> =
        plan.groups.iter().map(|it| of_group(it, &ground, &moments, given, &checks)).collect();
    let verdict = checks.iter().map(|it| it.verdict).max().unwrap_or(Verdict::Ready);
    Preview { verdict, checks, groups, at_risk, rules }
}

/// How long ago it was tried.
fn tried(plan: &Plan, given: &Given<'_>) -> Option<Check> {
    if plan.back.is_some() || plan.is_empty() {
        return None;
    }
    let sentence = match given.tried {
        Tried::NotKept => return None,
        Tried::Never => "it was never tried: nobody knows how long it takes".to_owned(),
        Tried::At(at) if given.now - at > DRILL_MAX => format!(
            "the last drill or run was over {} days ago, limit {}",
            (given.now - at).num_days(),
            DRILL_MAX.num_days()
        ),
        Tried::At(_) => return None,
    };
    let link = Some(format!("/failover/plans/{}", plan.name()));
    Some(Check { verdict: Verdict::Warnings, group: None, sentence, link })
}

fn targets(group: &GroupPlan, given: &Given<'_>) -> Vec<Check> {
    let targets: BTreeSet<_> = group.steps.iter().filter_map(|step| step.to.as_ref()).collect();
    let unheard = targets.into_iter().filter(|id| !given.observed.is_heard(id));
    let check = |id: &DatacenterId| Check {
        verdict: Verdict::Unknown,
        group: Some(group.id.clone()),
        sentence: format!("{id} is not heard, and would take over"),
        link: Some(format!("/dc/{id}")),
    };
    unheard.map(check).collect()
}

fn at_risk(plan: &Plan, given: &Given<'_>) -> Vec<AtRisk> {
    let of = |(group, step): (&GroupPlan, &Step)| {
        let Act::Promote(database) = &step.act else { return None };
        let (from, to) = (step.from.clone()?, step.to.clone()?);
        let seen = given.observed.databases.get(database);
        let member = seen.and_then(|it| it.members.get(&to)).cloned().unwrap_or_default();
        Some(AtRisk {
            database: database.clone(),
            group: group.id.clone(),
            from,
            to,
            lag_bytes: member.lag_bytes,
            lag_seconds: member.lag_seconds,
        })
    };
    plan.steps().filter_map(of).collect()
}

/// How far a standby is behind, against the policy.
fn lag(risk: &AtRisk, given: &Given<'_>) -> Check {
    let AtRisk { database, to, .. } = risk;
    let most = lag_max_bytes(given.fleet, database);
    let seen = given.observed.databases.get(database);
    let member = seen.and_then(|it| it.members.get(to));
    let streaming = member.and_then(|it: &Member| it.streaming);
    let rpo = given.fleet.groups.get(&risk.group).map_or(0, |it| it.recovery.rpo_seconds);
    let (verdict, sentence) = match (streaming, risk.lag_bytes) {
        (Some(false), _) => (
            Verdict::NotReady,
            format!("the standby of {database} in {to} does not get what the leader writes"),
        ),
        (None, _) => {
            (Verdict::Unknown, format!("nothing is known of the standby of {database} in {to}"))
        }
        (Some(true), None) => {
            (Verdict::Unknown, format!("how far {database} in {to} is behind is not known"))
        }
        (Some(true), Some(bytes)) if bytes > most => {
            (Verdict::NotReady, format!("{database} in {to} is {bytes} bytes behind, limit {most}"))
        }
        (Some(true), Some(_)) if risk.lag_seconds.is_some_and(|it| it > f64::from(rpo)) => (
            Verdict::NotReady,
            format!(
                "{database} in {to} is {:.0} s behind, limit {rpo} s",
                risk.lag_seconds.unwrap_or_default()
            ),
        ),
        (Some(true), Some(bytes)) => {
            (Verdict::Ready, format!("{database} in {to} is {bytes} bytes behind, limit {most}"))
        }
    };
    let link = Some(format!("/backups/sets/{database}"));
    Check { verdict, group: Some(risk.group.clone()), sentence, link }
}

fn of_group(
    group: &GroupPlan,
    ground: &Ground<'_>,
    moments: &BTreeMap<ServiceId, Vec<Moment>>,
    given: &Given<'_>,
    checks: &[Check],
) -> GroupPreview {
    let moved = |wanted: fn(&Act) -> Option<&str>| {
        let subjects = group.steps.iter().filter_map(|step| wanted(&step.act));
        subjects.collect::<BTreeSet<_>>()
    };
    let services = moved(|act| {
        let (Act::ShiftTraffic(id) | Act::ReturnTraffic(id)) = act else { return None };
        Some(id.as_str())
    });
    let databases = moved(|act| {
        let Act::Promote(id) = act else { return None };
        Some(id.as_str())
    });
    let loads = moments
        .iter()
        .filter(|(id, _)| services.contains(id.as_str()))
        .filter_map(|(id, moments)| rules::load_most(ground, id, moments));
    let leaves: Vec<f64> = group
        .steps
        .iter()
        .filter_map(|step| match (&step.act, &step.from) {
            (Act::ShiftTraffic(id), Some(from)) => {
                given.observed.cell(id, from)?.requests_per_second
            }
            _ => None,
        })
        .collect();
    let own = checks.iter().filter(|check| check.group.as_ref() == Some(&group.id));
    let recovery = given.fleet.groups.get(&group.id).map(|it| it.recovery).unwrap_or_default();
    GroupPreview {
        id: group.id.clone(),
        verdict: own.map(|check| check.verdict).max().unwrap_or(Verdict::Ready),
        services: services.len(),
        databases: databases.len(),
        nodes: group.steps.iter().map(|step| u32::from(step.nodes)).sum(),
        targets: group.steps.iter().filter_map(|step| step.to.clone()).collect(),
        load_after_percent: loads.max(),
        requests_per_second: (!leaves.is_empty()).then(|| leaves.iter().sum()),
        seconds: given.past.get(&group.id).map(|(seconds, _)| *seconds),
        limit_seconds: u64::from(recovery.rto_minutes) * 60,
    }
}
