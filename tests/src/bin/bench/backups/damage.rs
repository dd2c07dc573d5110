//! From a flipped byte in a copy to the word "Damaged" on the page of its database.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use mainstay_core::backup::chores::{PROVE_EVERY, VERIFY_EVERY};
use mainstay_tests::{Setup, Visitor, World, until};
use serde_json::Value;
use tempfile::TempDir;

use crate::report::{Limit, Report};

const PAGE: &str = "/api/v1/backups/sets/orders-db";
const RUN_NOW: &str = "/backups/sets/orders-db/do/run-now";
const FLEET: &str = r#"
name = "damage"
[[region]]
id = "north"
name = "north"
time_zone = "UTC"
[[datacenter]]
id = "osl1"
name = "osl1"
region = "north"
vendor = "x"
[[datacenter]]
id = "osl2"
name = "osl2"
region = "north"
vendor = "x"
[[group]]
id = "store"
name = "store"
priority = 1
[[backup_policy]]
id = "daily"
full_every_days = 1
window = "12:00-12:30"
retention_days = 7
[[database]]
id = "orders-db"
group = "store"
datacenters = ["osl1", "osl2"]
policy = "daily"
"#;
/// The database runs, and later its copy is made, within this time.
const READY: Duration = Duration::from_secs(240);
/// The damage is found within this time, or not at all.
const FOUND: Duration = Duration::from_secs(300);

pub async fn measure(report: &mut Report) -> Result<()> {
    let dir = TempDir::new()?;
    let file = dir.path().join("fleet.toml");
    fs::write(&file, FLEET)?;
    let setup = Setup { fleet_file: Some(file), lab: true, databases: true, ..Setup::default() };
    let world = World::start_with(setup).await?;
    let operator = world.sign_in("operator").await?;
    until("the database is told of", READY, async || {
        let data = operator.json(PAGE).await.ok()?;
        data["set"]["heard"].as_bool()?.then_some(())
    })
    .await?;
    let answer = operator
        .submit(RUN_NOW, RUN_NOW, &[("kind", "full"), ("reason", "to be damaged by the bench")])
        .await?;
    if !answer.status().is_redirection() {
        bail!("a copy is not made: {}", answer.status());
    }
    let (datacenter, label) = until("a copy is there", READY, async || {
        let data = operator.json(PAGE).await.ok()?;
        copies(&data).next().map(|(datacenter, copy)| {
            (datacenter.to_owned(), copy["label"].as_str().unwrap_or_default().to_owned())
        })
    })
    .await?;
    world.lab_fault(&["flip", &format!("orders-db@{datacenter}/{label}")])?;
    let begun = Instant::now();
    let found = seen(&operator, &label).await.context("the damage is not shown")?;
    let how = format!(
        "a lab with one small database; the proof of the new copy and the first reading of its \
         repository were due at once; else the next of them comes before: a reading of each \
         repository every {} h, a proof of the database every {} h; found by {found}",
        VERIFY_EVERY.num_hours(),
        PROVE_EVERY.num_hours()
    );
    let name = "a flipped byte to `Damaged` on the page, with the audit due";
    report.add(name, Limit::None, begun.elapsed().as_secs_f64(), "s", how);
    Ok(())
}

/// Waits until the copy is shown as damaged; what showed it.
async fn seen(operator: &Visitor, label: &str) -> Result<String> {
    until("the copy is damaged", FOUND, async || {
        let data = operator.json(PAGE).await.ok()?;
        let mut all = copies(&data);
        let copy = all.find(|(_, copy)| copy["label"] == label)?.1.clone();
        (copy["word"] == "Damaged").then(|| {
            let work = data["work"].as_array().into_iter().flatten();
            let ended = work.filter(|work| !work["ended_at"].is_null());
            ended.filter_map(|work| work["task"].as_str()).next().unwrap_or("?").to_lowercase()
        })
    })
    .await
}

/// Every copy with its data centre.
fn copies(data: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let repositories = data["repositories"].as_array().into_iter().flatten();
    repositories.flat_map(|repository| {
        let datacenter = repository["datacenter"].as_str().unwrap_or_default();
        repository["copies"].as_array().into_iter().flatten().map(move |copy| (datacenter, copy))
    })
}
