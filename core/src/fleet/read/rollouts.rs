//! The bench and rollout plan entries: what a version must pass, and by which steps it comes
//! (R9 to R11).

use std::collections::BTreeSet;

use toml::de::DeValue;

use super::entries::Reader;
use super::fields::{Fields, wrong_type};
use super::source::{Entry, Located};
use crate::bench::{Bench, CHECKS_MAX, Check, VALID_DEFAULT};
use crate::fleet::entry::EntryKind;
use crate::fleet::finding::{Form, Rule};
use crate::id::{DatacenterId, RegionId};
use crate::rollout::plan::{STEPS_MAX, WATCH_SECONDS_MAX, whole};
use crate::rollout::{Analysis, Condition, PlanTemplate, Step};
use crate::routing::WEIGHT_TOTAL;

/// Longest a bench result may count: a year.
const VALID_HOURS_MAX: u16 = 8_784;
/// Longest load of a bench.
const LOAD_SECONDS_MAX: u16 = 600;
/// Most requests a second of a bench's load.
const LOAD_RATE_MAX: u16 = 10_000;
/// Longest latency that a limit may name.
const LATENCY_MS_MAX: u16 = 60_000;
/// Longest text that an answer must contain, in bytes.
const CONTAINS_MAX_BYTES: usize = 256;
/// Most conditions of a plan.
const CONDITIONS_MAX: usize = 16;
/// Longest query, in bytes.
const QUERY_MAX_BYTES: usize = 1_024;
/// Largest alpha, in millionths: half.
const ALPHA_MAX: u32 = 500_000;
/// Largest tolerance of errors, in hundredths of a percent: half of all requests.
const ERROR_TOLERANCE_MAX: u32 = 5_000;
/// Largest tolerance of latency, in percent: ten times as long.
const LATENCY_TOLERANCE_MAX: u16 = 900;
/// Largest bound of a query's answer, in thousandths.
const BOUND_MAX: u32 = 2_000_000_000;

const CHECK_KEYS: [&str; 7] =
    ["path", "status", "contains", "requests_per_second", "seconds", "errors_most", "p95_most_ms"];
/// Those that a step must have come first.
const STEP_KEYS: [&str; 3] = ["weight", "watch_seconds", "pause"];
const CONDITION_KEYS: [&str; 5] = ["errors_most", "p95_most_ms", "promql", "most", "least"];

impl<'a, 'i> Reader<'a, 'i> {
    pub(super) fn bench(&mut self, entry: &'a Entry<'i>, _id: &str) -> Option<Bench> {
        let datacenter = self.named(entry, "datacenter", EntryKind::Datacenter, DatacenterId::new);
        let mut fields = self.fields(entry);
        let valid_hours = match fields.pair("valid_hours") {
            None => Some(VALID_DEFAULT.num_hours() as u16),
            Some(_) => fields.within("valid_hours", 1, VALID_HOURS_MAX).map(|it| it.value),
        };
        if fields.pair("checks").is_none() {
            fields.missing("checks");
        }
        let tables = fields.tables("checks", CHECKS_MAX, &CHECK_KEYS)?;
        if tables.is_empty() {
            fields.bad_text("checks", entry.at, "it names no check");
        }
        let checks: Vec<_> = tables
            .iter()
            .map(|table| check(&mut Fields { entry: table, findings: self.findings }))
            .collect();
        let checks: Option<Vec<_>> = checks.into_iter().collect();
        Some(Bench { datacenter: datacenter?, valid_hours: valid_hours?, checks: checks? })
    }

    pub(super) fn rollout_plan(&mut self, entry: &'a Entry<'i>, id: &str) -> Option<PlanTemplate> {
        let defaults = PlanTemplate::default();
        let steps = match entry.pairs.contains_key("steps") {
            true => self.steps(entry, id),
            false => Some(defaults.steps),
        };
        let node_watch_seconds = match entry.pairs.contains_key("node_watch_seconds") {
            true => watch(&mut self.fields(entry), "node_watch_seconds"),
            false => Some(defaults.node_watch_seconds),
        };
        let waves = self.waves(entry, id);
        let analysis = self.analysis(entry, defaults.analysis);
        Some(PlanTemplate {
            steps: steps?,
            node_watch_seconds: node_watch_seconds?,
            waves: waves?,
            analysis: analysis?,
        })
    }

    /// Growing weights; what is missing to all requests is added.
    fn steps(&mut self, entry: &'a Entry<'i>, id: &str) -> Option<Vec<Step>> {
        let tables = self.fields(entry).tables("steps", STEPS_MAX, &STEP_KEYS)?;
        if tables.is_empty() {
            self.fields(entry).bad_text("steps", entry.at, "it names no step");
            return None;
        }
        let mut steps: Vec<Option<Step>> = Vec::new();
        for table in &tables {
            let mut fields = Fields { entry: table, findings: self.findings };
            for key in &STEP_KEYS[..2] {
                if fields.pair(key).is_none() {
                    fields.missing(key);
                }
            }
            let weight = fields.parts("weight", 100, 1, u32::from(WEIGHT_TOTAL));
            let watch_seconds = watch(&mut fields, "watch_seconds");
            let pause = fields.flag("pause");
            let before = steps.iter().rev().flatten().next().map(|step| step.weight);
            if let (Some(Located { at, value }), Some(before)) = (weight, before)
                && value <= u32::from(before)
            {
                let percent = |hundredths: u32| (f64::from(hundredths) / 100.0).to_string();
                self.findings.push(
                    at,
                    Rule::WeightNotGrowing {
                        plan: id.to_owned(),
                        before: percent(u32::from(before)),
                        weight: percent(value),
                    },
                );
            }
            steps.push(weight.zip(watch_seconds).map(|(weight, watch_seconds)| Step {
                weight: weight.value as u16,
                watch_seconds,
                pause,
            }));
        }
        steps.into_iter().collect::<Option<Vec<_>>>().map(whole)
    }

    /// Regions that go together: a list of lists.
    fn waves(&mut self, entry: &'a Entry<'i>, id: &str) -> Option<Vec<Vec<RegionId>>> {
        let Some(pair) = entry.pairs.get("waves") else { return Some(Vec::new()) };
        let most = EntryKind::Region.most();
        let DeValue::Array(items) = &pair.value.value else {
            let found = &pair.value.value;
            wrong_type(self.findings, "waves", pair.value.at, "a list of lists", found);
            return None;
        };
        if items.len() > most {
            let (key, count) = ("waves".to_owned(), items.len());
            self.findings.push(pair.value.at, Form::TooManyItems { key, count, most });
            return None;
        }
        let (mut seen, mut waves, mut good) = (BTreeSet::new(), Vec::new(), true);
        for item in items {
            let at = pair.base + item.span().start;
            let DeValue::Array(names) = item.get_ref() else {
                wrong_type(self.findings, "waves", at, "a list of lists", item.get_ref());
                good = false;
                continue;
            };
            if names.is_empty() {
                self.fields(entry).bad_text("waves", at, "a wave names no region");
            }
            let mut wave = Vec::new();
            for name in names.iter().take(most) {
                let at = pair.base + name.span().start;
                let Some(value) = name.get_ref().as_str() else {
                    wrong_type(self.findings, "waves", at, "a list of lists", name.get_ref());
                    good = false;
                    continue;
                };
                let named = Located { at, value };
                let region = self.reference("waves", EntryKind::Region, named, RegionId::new);
                match region {
                    Some(region) if seen.insert(region.clone()) => wave.push(region),
                    Some(region) => {
                        let (plan, region) = (id.to_owned(), region.to_string());
                        self.findings.push(at, Rule::RegionInTwoWaves { plan, region });
                    }
                    None => good = false,
                }
            }
            waves.push(wave);
        }
        good.then_some(waves)
    }

    fn analysis(&mut self, entry: &'a Entry<'i>, defaults: Analysis) -> Option<Analysis> {
        let mut fields = self.fields(entry);
        let mut parts = |key, parts, least, most, default| match fields.pair(key) {
            None => Some(default),
            Some(_) => fields.parts(key, parts, least, most).map(|found| found.value),
        };
        let alpha = parts("alpha", 1_000_000, 1, ALPHA_MAX, defaults.alpha_per_million);
        let errors = u32::from(defaults.error_tolerance_bp);
        let errors = parts("error_tolerance", 100, 1, ERROR_TOLERANCE_MAX, errors);
        let latency = match fields.pair("latency_tolerance") {
            None => Some(defaults.latency_tolerance_percent),
            Some(_) => {
                let found = fields.within("latency_tolerance", 1, LATENCY_TOLERANCE_MAX);
                found.map(|found| found.value)
            }
        };
        let requests = match fields.pair("min_requests") {
            None => Some(defaults.min_requests),
            Some(_) => {
                let found = fields.within("min_requests", 1, u16::MAX);
                found.map(|found| u64::from(found.value))
            }
        };
        let conditions = match fields.pair("conditions") {
            None => Some(Vec::new()),
            Some(_) => self.conditions(entry),
        };
        Some(Analysis {
            alpha_per_million: alpha?,
            error_tolerance_bp: errors? as u16,
            latency_tolerance_percent: latency?,
            min_requests: requests?,
            conditions: conditions?,
        })
    }

    fn conditions(&mut self, entry: &'a Entry<'i>) -> Option<Vec<Condition>> {
        let tables = self.fields(entry).tables("conditions", CONDITIONS_MAX, &CONDITION_KEYS)?;
        let read: Vec<_> = tables
            .iter()
            .map(|table| condition(&mut Fields { entry: table, findings: self.findings }))
            .collect();
        read.into_iter().collect()
    }
}

fn watch(fields: &mut Fields<'_, '_, '_>, key: &str) -> Option<u32> {
    fields.parts(key, 1, 1, WATCH_SECONDS_MAX).map(|found| found.value)
}

/// A request that is answered as expected, or, with a rate, a load within limits.
fn check(fields: &mut Fields<'_, '_, '_>) -> Option<Check> {
    if fields.pair("path").is_none() {
        fields.missing("path");
    }
    let path = fields.path("path");
    let load = ["requests_per_second", "seconds", "errors_most", "p95_most_ms"];
    if load.iter().all(|key| fields.pair(key).is_none()) {
        let status = match fields.pair("status") {
            None => Some(200),
            Some(_) => fields.within("status", 100, 599).map(|found| found.value),
        };
        let contains = fields.text("contains");
        if let Some(long) = contains.filter(|text| text.value.len() > CONTAINS_MAX_BYTES) {
            let reason = format!("it is longer than {CONTAINS_MAX_BYTES} bytes");
            fields.bad_text("contains", long.at, reason);
        }
        let contains = contains.map(|text| text.value.to_owned());
        return Some(Check::Http { path: path?, status: status?, contains });
    }
    for key in ["status", "contains"] {
        fields.forbid(key, "requests_per_second");
    }
    for key in ["requests_per_second", "seconds", "p95_most_ms"] {
        if fields.pair(key).is_none() {
            fields.missing(key);
        }
    }
    let rate = fields.within("requests_per_second", 1, LOAD_RATE_MAX);
    let seconds = fields.within("seconds", 1, LOAD_SECONDS_MAX);
    let errors = match fields.pair("errors_most") {
        None => Some(0),
        Some(_) => errors(fields).map(|found| found as u16),
    };
    let p95 = fields.within("p95_most_ms", 1, LATENCY_MS_MAX);
    Some(Check::Load {
        path: path?,
        requests_per_second: u32::from(rate?.value),
        seconds: seconds?.value,
        error_max_bp: errors?,
        p95_max_ms: u32::from(p95?.value),
    })
}

/// A share of requests that fails, in percent, as hundredths of it.
fn errors(fields: &mut Fields<'_, '_, '_>) -> Option<u32> {
    fields.parts("errors_most", 100, 0, u32::from(WEIGHT_TOTAL)).map(|found| found.value)
}

fn condition(fields: &mut Fields<'_, '_, '_>) -> Option<Condition> {
    let query_keys = ["promql", "most", "least"];
    if query_keys.iter().any(|key| fields.pair(key).is_some()) {
        if fields.pair("promql").is_none() {
            fields.missing("promql");
        }
        for key in ["errors_most", "p95_most_ms"] {
            fields.forbid(key, "promql");
        }
        let query = fields.text("promql");
        if let Some(query) = query {
            let reason = if query.value.trim().is_empty() {
                Some("it is empty".to_owned())
            } else if query.value.len() > QUERY_MAX_BYTES {
                Some(format!("it is longer than {QUERY_MAX_BYTES} bytes"))
            } else {
                None
            };
            if let Some(reason) = reason {
                fields.bad_text("promql", query.at, reason);
            }
        }
        let below = fields.pair("most").is_some();
        if below {
            fields.forbid("least", "most");
        } else if fields.pair("least").is_none() {
            fields.missing("most");
        }
        let bound = fields.parts(if below { "most" } else { "least" }, 1_000, 0, BOUND_MAX);
        let (query, milli) = (query?.value.to_owned(), i64::from(bound?.value));
        return Some(match below {
            true => Condition::PromqlBelow { query, milli },
            false => Condition::PromqlAbove { query, milli },
        });
    }
    if fields.pair("p95_most_ms").is_some() {
        fields.forbid("errors_most", "p95_most_ms");
        let ms = fields.within("p95_most_ms", 1, LATENCY_MS_MAX)?;
        return Some(Condition::P95Below { ms: u32::from(ms.value) });
    }
    if fields.pair("errors_most").is_none() {
        fields.missing("errors_most");
    }
    errors(fields).map(|bp| Condition::ErrorsBelow { bp: bp as u16 })
}
