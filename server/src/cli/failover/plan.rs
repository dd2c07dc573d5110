//! `mainstay failover plan`: the planner on a fleet file and, if given, on what was observed.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::Utc;
use clap::Args;
use mainstay_core::failover::lint::{self, Finding};
use mainstay_core::failover::preview::{AtRisk, Given, Past, Preview, Tried, Verdict, preview};
use mainstay_core::failover::rules::{Gates, Judged};
use mainstay_core::failover::{self, GroupPlan, Observed, Plan, Scope, Standing, Step};
use mainstay_core::fleet::Fleet;
use mainstay_core::fleet::read::nearest;
use mainstay_core::id::{DatacenterId, GroupId, ServiceId};
use serde::Serialize;

use crate::cli::UNUSABLE;
use crate::cli::api::{print, print_json};
use crate::cli::fleet::usable;

/// Largest file of a state, in bytes.
const STATE_MAX_BYTES: u64 = 16 * 1024 * 1024;

#[derive(Args, Debug)]
pub struct PlanArgs {
    /// The fleet file; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub fleet: PathBuf,
    /// A data centre that goes away, or a region for all of its; several times, or with commas.
    #[arg(long, value_name = "DC", required = true, value_delimiter = ',')]
    pub lose: Vec<String>,
    /// What is observed, as JSON: who is heard, what serves, who leads and how far standbys are
    /// behind. What it does not name is unknown.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Only this group.
    #[arg(long, value_name = "ID", conflicts_with = "service")]
    pub group: Option<String>,
    /// Only this service.
    #[arg(long, value_name = "ID")]
    pub service: Option<String>,
    /// Write JSON.
    #[arg(long)]
    pub json: bool,
}

/// The plan with what stands in its way.
#[derive(Debug, Serialize)]
struct Planned<'a> {
    lose: &'a std::collections::BTreeSet<DatacenterId>,
    scope: &'a Scope,
    /// Fingerprint of what would be done.
    hash: String,
    verdict: Verdict,
    groups: &'a [GroupPlan],
    at_risk: Risk<'a>,
    rules: &'a [Judged],
    findings: &'a [Finding],
}

/// What a failover now would cost.
#[derive(Debug, Serialize)]
struct Risk<'a> {
    databases: &'a [AtRisk],
    /// Requests a second that are answered in what goes away; absent: not measured.
    requests_per_second: Option<f64>,
    /// Services that nobody can serve meanwhile.
    stays_down: usize,
}

pub(super) fn run(args: &PlanArgs) -> ExitCode {
    let fleet = match usable(&args.fleet, args.json) {
        Ok(fleet) => fleet,
        Err(code) => return code,
    };
    match planned(args, &fleet) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentences) => {
            match args.json {
                true => print_json(&serde_json::json!({
                    "ok": false,
                    "error": sentences.join("; "),
                    "errors": sentences,
                })),
                false => sentences.iter().for_each(|words| eprintln!("mainstay: {words}")),
            }
            ExitCode::from(UNUSABLE)
        }
    }
}

fn planned(args: &PlanArgs, fleet: &Fleet) -> Result<(), Vec<String>> {
    let names = args.lose.iter().map(|name| name.trim()).filter(|name| !name.is_empty());
    let lose = lint::lost(fleet, names);
    let scope = scope(args, fleet);
    let observed = match &args.state {
        None => Ok(Observed::as_declared(fleet)),
        Some(path) => read_state(path, fleet),
    };
    let (lose, scope, observed) = match (lose, scope, observed) {
        (Ok(lose), Ok(scope), Ok(observed)) => (lose, scope, observed),
        (lose, scope, observed) => {
            let all = [lose.err(), scope.err(), observed.err()];
            return Err(all.into_iter().flatten().flatten().collect());
        }
    };
    let standing = Standing::default();
    let plan = failover::plan(fleet, &observed, &standing, &lose, &scope);
    let findings = lint::lint(fleet, &observed, &lose, &plan);
    let (gates, past) = (Gates::default(), Past::default());
    let given = Given {
        fleet,
        observed: &observed,
        standing: &standing,
        gates: &gates,
        past: &past,
        tried: Tried::NotKept,
        now: Utc::now(),
    };
    let preview = preview(&plan, &given);
    match args.json {
        true => print_json(&answer(&plan, &preview, &findings)),
        false => print(&words(&plan, &preview, &findings)),
    }
    Ok(())
}

fn answer<'a>(plan: &'a Plan, preview: &'a Preview, findings: &'a [Finding]) -> Planned<'a> {
    let rates: Vec<f64> =
        preview.groups.iter().filter_map(|group| group.requests_per_second).collect();
    Planned {
        lose: &plan.lose,
        scope: &plan.scope,
        hash: plan.hash(),
        verdict: preview.verdict,
        groups: &plan.groups,
        at_risk: Risk {
            databases: &preview.at_risk,
            requests_per_second: (!rates.is_empty()).then(|| rates.iter().sum()),
            stays_down: plan.groups.iter().map(|group| group.stays_down.len()).sum(),
        },
        rules: &preview.rules,
        findings,
    }
}

fn scope(args: &PlanArgs, fleet: &Fleet) -> Result<Scope, Vec<String>> {
    let unknown = |what: &str, id: &str, ids: Vec<&str>| {
        let near = nearest(id, ids.into_iter());
        let near = near.map(|it| format!("; did you mean {it}?")).unwrap_or_default();
        vec![format!("there is no {what} {id:?} in the fleet{near}")]
    };
    match (&args.group, &args.service) {
        (Some(id), _) => match fleet.groups.get_key_value(id.as_str()) {
            Some((group, _)) => Ok(Scope::Group { group: group.clone() }),
            None => Err(unknown("group", id, fleet.groups.keys().map(GroupId::as_str).collect())),
        },
        (None, Some(id)) => match fleet.services.get_key_value(id.as_str()) {
            Some((service, _)) => Ok(Scope::Service { service: service.clone() }),
            None => {
                let ids = fleet.services.keys().map(ServiceId::as_str).collect();
                Err(unknown("service", id, ids))
            }
        },
        (None, None) => Ok(Scope::All),
    }
}

/// Reads a state; names that the fleet does not have are mistakes.
fn read_state(path: &Path, fleet: &Fleet) -> Result<Observed, Vec<String>> {
    let name = path.display();
    let unreadable = |error: std::io::Error| vec![format!("{name} cannot be read: {error}")];
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut text = String::new();
    file.take(STATE_MAX_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > STATE_MAX_BYTES {
        return Err(vec![format!("{name} is larger than {STATE_MAX_BYTES} bytes")]);
    }
    let observed: Observed = serde_json::from_str(&text).map_err(|error| {
        vec![format!(
            "{name} is no state: {error}; write it like {{\"datacenters\": {{\"fra1\": \
             {{\"contact\": \"reporting\"}}}}}}"
        )]
    })?;
    let services = observed.services.values().flat_map(|cells| cells.keys());
    let members = observed.databases.values().flat_map(|it| it.members.keys().chain(&it.leader));
    let places = observed.datacenters.keys().chain(services).chain(members);
    let mut bad: Vec<_> = places
        .filter(|id| !fleet.datacenters.contains_key(*id))
        .map(|id| format!("{name} names the data centre {id}, which the fleet does not have"))
        .collect();
    let unknown = observed.services.keys().filter(|id| !fleet.services.contains_key(*id));
    bad.extend(unknown.map(|id| format!("{name} names the service {id}, which is not declared")));
    let unknown = observed.databases.keys().filter(|id| !fleet.databases.contains_key(*id));
    bad.extend(unknown.map(|id| format!("{name} names the database {id}, which is not declared")));
    bad.dedup();
    if bad.is_empty() { Ok(observed) } else { Err(bad) }
}

/// The plan for people: groups in order, their steps, then what is wrong.
fn words(plan: &Plan, preview: &Preview, findings: &[Finding]) -> String {
    let mut text = format!("Without {}: plan {}\n", plan.name().replace(',', ", "), plan.hash());
    // Writing to a string cannot fail.
    for group in &plan.groups {
        let _ = writeln!(text, "\n{} {}", group.priority, group.id);
        for step in &group.steps {
            let _ = writeln!(text, "  {}", line(step));
        }
        for down in &group.stays_down {
            let _ = writeln!(text, "  stays down: {}: {}", down.service, down.reason);
        }
    }
    if plan.is_empty() {
        let _ = writeln!(text, "\nNothing moves.");
    }
    for risk in &preview.at_risk {
        let behind = match risk.lag_bytes {
            Some(bytes) => format!("{bytes} bytes behind"),
            None => "how far it is behind is not known".to_owned(),
        };
        let _ = writeln!(text, "\nat risk: {} in {}: {behind}", risk.database, risk.to);
    }
    for judged in preview.broken() {
        let _ = writeln!(text, "\nrule {}: {}", judged.rule.name(), judged.sentence);
    }
    for finding in findings {
        let _ = writeln!(text, "\nfinding: {}", finding.sentence);
    }
    text
}

fn line(step: &Step) -> String {
    let end = |id: &Option<DatacenterId>| id.as_ref().map_or("", DatacenterId::as_str).to_owned();
    let mut text = format!("{:16} {}", step.act.name(), step.act.subject());
    if step.from.is_some() || step.to.is_some() {
        let _ = write!(text, "  {} -> {}", end(&step.from), end(&step.to));
    }
    if step.nodes > 0 {
        let _ = write!(text, "  +{}", step.nodes);
    }
    text
}
