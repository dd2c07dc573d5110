//! Failovers of the enterprise's fleet in a lab with real processes: a planned drain and the way
//! back under the requests of users, a data centre that is lost, and how long a plan takes.
//!
//! Invariant: what users saw is told by the ledger of the lab's load generator alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::failover::{self, Observed, Outcome, Run, Scope, Standing, State};
use mainstay_core::fleet::read::read as read_fleet;
use mainstay_core::id::DatacenterId;
use mainstay_lab::ledger::{Entry, read};
use mainstay_lab::load;
use mainstay_tests::{Program, Setup, Visitor, World, until};
use serde_json::{Value, json};

use crate::Plan;
use crate::report::{Limit, Report};
use crate::stats::Samples;

/// What goes away: of the three data centres of its region the one with most services.
const AWAY: &str = "fra1";
const START: Duration = Duration::from_secs(180);
const WHOLE: Duration = Duration::from_secs(600);
/// Failed requests that are shown.
const SHOWN: usize = 10;
/// Seconds without a failure after which users count as served elsewhere.
const CALM: i64 = 5;

pub async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    planner(report)?;
    let town = Town::start(plan.user_rate).await?;
    let begun = Utc::now();
    let there = town.carried_out(&format!("plans/{AWAY}/do/start"), &[]).await?;
    let back = format!("runs/{}/do/fail-back", there.id);
    let home = town.carried_out(&back, &["wait"]).await?;
    drained(&town, begun, [&there, &home], report)?;
    lost(&town, report).await
}

/// A plan of ten data centres with two thousand services, from the fleet to its hash.
fn planner(report: &mut Report) -> Result<()> {
    use std::fmt::Write as _;
    let mut text = "name = \"large\"\n".to_owned();
    for region in 0..5 {
        write!(text, "[[region]]\nid = \"r{region}\"\ntime_zone = \"UTC\"\n")?;
    }
    for dc in 0..10 {
        let region = dc / 2;
        write!(
            text,
            "[[datacenter]]\nid = \"d{dc}\"\nregion = \"r{region}\"\nvendor = \"on-premises\"\n"
        )?;
    }
    for group in 1..=4 {
        write!(text, "[[group]]\nid = \"g{group}\"\npriority = {group}\n")?;
    }
    for service in 0..2_000 {
        let group = service % 4 + 1;
        write!(
            text,
            "[[service]]\nid = \"s{service}\"\ngroup = \"g{group}\"\nplacement = \"distributed\"\n\
             nodes = 2\nversion = \"1\"\n"
        )?;
        // A chain of ten within the group.
        if service % 40 >= 4 {
            writeln!(text, "depends_on = [\"s{}\"]", service - 4)?;
        }
    }
    let fleet = read_fleet(&text).map_err(|found| anyhow::anyhow!("{found:?}"))?;
    let observed = Observed::as_declared(&fleet);
    let lose: BTreeSet<_> = [DatacenterId::new("d0")?].into();
    let mut samples = Vec::new();
    for _ in 0..20 {
        let begun = Instant::now();
        let made = failover::plan(&fleet, &observed, &Standing::default(), &lose, &Scope::All);
        let hash = made.hash();
        samples.push(begun.elapsed().as_secs_f64() * 1_000.0);
        ensure!(!hash.is_empty() && made.groups.len() == 4, "a plan of four groups");
    }
    let samples: Samples = samples.into_iter().collect();
    let name = "plan of a lost data centre, 10 data centres with 2,000 services each, p95";
    let how = "core alone, hash included; 20 times";
    report.add(name, Limit::Below(200.0), samples.percentile(95.0), "ms", how);
    Ok(())
}

struct Town {
    world: World,
    visitor: Visitor,
    program: Program,
}

impl Town {
    async fn start(rate: u32) -> Result<Self> {
        let rate = (rate / 3).max(30);
        let lab_options = vec!["--load-rate".to_owned(), rate.to_string()];
        let fleet = "enterprise.toml";
        let setup = Setup { fleet, lab: true, lab_options, ..Setup::default() };
        let world = World::start_with(setup).await?;
        let visitor = world.sign_in("admin").await?;
        let program = Program::of(&visitor, "admin").await?;
        let town = Self { world, visitor, program };
        until("every data centre can be left", START, async || {
            let data = town.get("").await.ok()?;
            let rows = data["datacenters"].as_array()?;
            let known = |row: &Value| row["verdict"] == "Ready" || row["verdict"] == "Warnings";
            rows.iter().find(|row| row["id"] == AWAY).filter(|row| known(row)).map(drop)
        })
        .await?;
        until("users come", START, async || {
            let all = read::all(&load::ledger_folder(&town.world.lab_dir()), None).ok()?;
            (all.len() > 1_000).then_some(())
        })
        .await?;
        Ok(town)
    }

    async fn get(&self, path: &str) -> Result<Value> {
        self.visitor.json(&format!("/api/v1/failover{path}")).await
    }

    /// Starts a run and waits until it is over.
    async fn carried_out(&self, path: &str, overridden: &[&str]) -> Result<Run> {
        let body = json!({
            "reason": "measured by the bench", "confirm": AWAY, "overridden": overridden,
            "emergency": true,
        });
        let response = self.program.post(&format!("/api/v1/failover/{path}"), &body).await?;
        let status = response.status();
        let answer: Value = serde_json::from_str(&response.text().await?)?;
        ensure!(status.is_success(), "{status}: {answer}");
        let id = answer["run"]["id"].as_str().context("the id of the run")?.to_owned();
        let run = until("the run is over", WHOLE, async || {
            let data = self.get(&format!("/runs/{id}")).await.ok()?;
            let run: Run = serde_json::from_value(data["run"].clone()).ok()?;
            let asks = matches!(run.state, State::Asking { .. });
            (run.is_over() || asks).then_some(run)
        })
        .await?;
        let done = matches!(&run.state, State::Ended { outcome: Outcome::Done, .. });
        ensure!(done, "{id} is {:?}", run.state);
        Ok(run)
    }

    fn seen(&self, since: DateTime<Utc>) -> Result<Vec<Entry>> {
        Ok(read::all(&load::ledger_folder(&self.world.lab_dir()), Some(since))?)
    }
}

fn drained(town: &Town, begun: DateTime<Utc>, runs: [&Run; 2], report: &mut Report) -> Result<()> {
    let seen = town.seen(begun)?;
    let failed: Vec<_> = seen.iter().filter(|entry| entry.failed()).collect();
    for entry in failed.iter().take(SHOWN) {
        eprintln!("failed: {entry:?}");
    }
    let name = "users' requests failed by a planned drain of a data centre and the way back";
    let how = format!("of {}, all groups of the enterprise; from the ledger", seen.len());
    report.add(name, Limit::AtMost(0.0), failed.len() as f64, "", how);
    for (run, what) in runs.into_iter().zip(["drain", "way back"]) {
        for group in &run.plan.groups {
            if let (Some(since), Some(ended)) = run.group_times(group) {
                let seconds = (ended - since).as_seconds_f64();
                let name = format!("{what}: {}, from its first step to its last", group.id);
                report.add(name, Limit::None, seconds, "s", "its steps' own times");
            }
        }
        report.add(
            format!("{what}: overhead of a step, p95"),
            Limit::Below(1_000.0),
            waits(run).percentile(95.0),
            "ms",
            "from the end of the last step that it waits for to its beginning",
        );
    }
    Ok(())
}

/// From what a step waited for to its beginning.
fn waits(run: &Run) -> Samples {
    let ended: BTreeMap<_, _> =
        run.steps.iter().filter_map(|(id, state)| Some((id, state.ended()?))).collect();
    let wait = |step: &failover::Step| {
        let since = run.steps.get(&step.id)?.since()?;
        let before = step.after.iter().filter_map(|id| ended.get(id)).max()?;
        Some((since - *before).as_seconds_f64() * 1_000.0)
    };
    run.plan.steps().filter_map(|(_, step)| wait(step)).collect()
}

/// All processes of a data centre are killed, its edge too; then a person starts the run.
async fn lost(town: &Town, report: &mut Report) -> Result<()> {
    let killed = Utc::now();
    town.world.lab_fault(&["lose", AWAY])?;
    until("it is known to be silent", START, async || {
        let data = town.get("/plans/sin1").await.ok()?;
        let findings = data["findings"].as_array()?;
        findings.iter().any(|it| it["kind"] == "unheard" && it["subject"] == AWAY).then_some(())
    })
    .await?;
    let known = Utc::now();
    let run = town.carried_out(&format!("plans/{AWAY}/do/start"), &["wait"]).await?;
    let seen = town.seen(killed)?;
    let failed: Vec<_> = seen.iter().filter(|entry| entry.failed()).collect();
    let last = failed.iter().map(|entry| entry.ended_at()).max();
    let calm = last.is_none_or(|last| Utc::now() - last >= TimeDelta::seconds(CALM));
    let since = |at: DateTime<Utc>| (at - killed).as_seconds_f64();
    let how = "kill of every process of it, its edge too, to the page that says so";
    report.add("a data centre lost: known after", Limit::None, since(known), "s", how);
    let how = format!("of {}; users of its edge come in by another", seen.len());
    let name = "a data centre lost: users' requests failed";
    report.add(name, Limit::None, failed.len() as f64, "", how);
    let how = if calm { "last failure in the ledger" } else { "there are failures still" };
    let name = "a data centre lost: users served elsewhere after";
    report.add(name, Limit::None, last.map_or(0.0, since), "s", how);
    if let State::Ended { at, .. } = run.state {
        let how = "a person who starts at once; forced nowhere";
        report.add(
            "a data centre lost: all groups recovered after",
            Limit::None,
            since(at),
            "s",
            how,
        );
    }
    Ok(())
}
