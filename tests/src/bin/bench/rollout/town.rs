//! A running fleet with edges and users, and what an operator asks of its rollouts.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Timelike, Utc};
use mainstay_lab::load;
use mainstay_tests::{Program, Setup, Visitor, World, until};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::simulation::healthy;

/// The service that is released.
pub const SERVICE: &str = "shop";
/// Real Envoys of the whole fleet.
pub const EDGES: usize = 4;
/// The fleet, at any time of the day. Its edges come last.
const FLEET: &str = include_str!("../rollout.toml");
const EDGE: &str = "[[edge]]";
const TIME_ZONE: &str = "{time zone}";
/// The hour of the day in the fleet when the bench begins.
const EVENING: i32 = 19;
/// A fleet of real processes is up within this time, and users reach all of it.
const START: Duration = Duration::from_secs(180);
/// One step of a rollout takes at most so long.
const STEP: Duration = Duration::from_secs(120);
const REASON: &str = "measured by the bench";

pub struct Town {
    world: World,
    visitor: Visitor,
    program: Program,
    /// What is in force, without edges that came later.
    fleet: String,
    _dir: TempDir,
}

impl Town {
    /// Starts it with so many of its edges and waits until users come: `rate` requests a second on
    /// a day's average.
    pub async fn start(edges: usize, rate: u32) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("mainstay-bench-").tempdir()?;
        let fleet = fleet(edges, Utc::now());
        let file = dir.path().join("fleet.toml");
        fs::write(&file, &fleet)?;
        let world = World::start_with(Setup {
            fleet_file: Some(file),
            own_database: true,
            lab: true,
            ..Setup::default()
        });
        let world = world.await?;
        healthy(&world, START).await?;
        let visitor = world.sign_in("admin").await?;
        let program = Program::of(&visitor, "admin").await?;
        let town = Self { world, visitor, program, fleet, _dir: dir };
        let mut last = Value::Null;
        until("users come to all edges", START, async || {
            last = town.load(&[]).ok()?;
            (last["closed"] == 0 && last["made"].as_u64()? > 0).then_some(())
        })
        .await
        .with_context(|| last.to_string())?;
        town.load(&["--rate", &rate.to_string()])?;
        Ok(town)
    }

    pub const fn world(&self) -> &World {
        &self.world
    }

    /// Puts the fleet in force with these entries after its own. The lab goes on as it is.
    pub async fn add(&self, entries: &str) -> Result<()> {
        let source = format!("{}\n{entries}", self.fleet);
        self.program.apply_fleet(&source, REASON).await?;
        Ok(())
    }

    /// Waits until so many edges acknowledged all that the server tells them.
    pub async fn connected(&self, edges: usize) -> Result<()> {
        let mut last = Value::Null;
        let all = until("all edges acknowledge", START, async || {
            let found = self.visitor.json("/api/v1/edges").await.ok()?;
            // Those that are behind come first.
            last = found["edges"][0].clone();
            (found["behind"] == 0 && found["all"] == edges).then_some(())
        });
        let all = all.await;
        all.with_context(|| format!("of {edges} edges, for example {last}"))
    }

    pub fn ledger(&self) -> PathBuf {
        load::ledger_folder(&self.world.lab_dir())
    }

    /// Requests that users have made so far.
    pub fn made(&self) -> Result<u64> {
        self.load(&[])?["made"].as_u64().context("the load says what was made")
    }

    /// How users fare, after a change if options name one.
    fn load(&self, options: &[&str]) -> Result<Value> {
        let folder = self.world.lab_dir();
        let folder = folder.to_str().context("a folder in UTF-8")?;
        let command = [&["lab", "load", "--json", "--data-dir", folder], options].concat();
        let text = self.world.mainstay(&command)?;
        let status: Value = serde_json::from_str(&text)?;
        Ok(status["load"].clone())
    }

    /// Runs the bench of a version until it has passed.
    pub async fn bench(&self, version: &str) -> Result<()> {
        let path = format!("/api/v1/services/{SERVICE}/do/run-bench");
        self.post(&path, &json!({ "version": version })).await?;
        let path = format!("/api/v1/services/{SERVICE}/bench/results");
        let mut last = Value::Null;
        let passed = until("the bench has passed", STEP, async || {
            last = self.visitor.json(&path).await.ok()?;
            let results = last["results"].as_array()?;
            let of = results.iter().find(|result| result["version"] == version)?;
            (of["report"]["state"]["kind"] == "passed").then_some(())
        });
        let passed = passed.await;
        passed.with_context(|| last.to_string())
    }

    /// Starts a rollout and waits until the new version has requests; the rollout's id.
    pub async fn begin(&self, version: &str) -> Result<String> {
        let path = format!("/api/v1/services/{SERVICE}/do/start-rollout");
        let request = json!({ "version": version, "configuration_compatible": true });
        let answer = self.post(&path, &json!({ "request": request })).await?;
        let id = answer["rollout"]["id"].as_str().context("the answer names the rollout")?;
        self.state(id, &["watching"]).await?;
        Ok(id.to_owned())
    }

    /// Promotes fully; returns when all edges acknowledged it.
    pub async fn promote_fully(&self, id: &str) -> Result<()> {
        self.ask(id, "promote-fully").await?;
        let revision = self.state(id, &["promoted"]).await?;
        self.acknowledged(id, revision).await?;
        Ok(())
    }

    /// Asks something of a rollout; the revision that edges are to acknowledge for it.
    pub async fn ask(&self, id: &str, verb: &str) -> Result<u64> {
        let path = format!("/api/v1/rollouts/{id}/do/{verb}");
        let answer = self.post(&path, &json!({ "reason": REASON })).await?;
        revision(&answer["rollout"])
    }

    /// Waits for one of these states; the revision that edges are to acknowledge for it.
    pub async fn state(&self, id: &str, wanted: &[&str]) -> Result<u64> {
        let mut last = Value::Null;
        let found = until("the rollout goes on", STEP, async || {
            let standing = self.standing(id).await.ok()?;
            last = standing["rollout"]["state"].clone();
            let found = wanted.iter().any(|state| last["kind"] == *state);
            found.then(|| revision(&standing["rollout"]))
        });
        let found = found.await;
        found.with_context(|| format!("waited for {wanted:?}: {last}"))?
    }

    /// Waits until every edge acknowledged a revision, and tells when the last one did; `None`: it
    /// has acknowledged a later one since.
    pub async fn acknowledged(&self, id: &str, wanted: u64) -> Result<Option<DateTime<Utc>>> {
        let mut last = Value::Null;
        let found = until("all edges acknowledge", STEP, async || {
            let standing = self.standing(id).await.ok()?;
            last = standing["edges"].clone();
            let edges: Vec<&Value> = last.as_object()?.values().collect();
            let all = |it: &&Value| it["acknowledged_revision"].as_u64() >= Some(wanted);
            edges.iter().all(all).then(|| {
                let same = edges.iter().all(|it| it["acknowledged_revision"] == wanted);
                let at = edges.iter().map(|it| it["acknowledged_at"].as_str()?.parse().ok());
                let at: Option<Vec<DateTime<Utc>>> = at.collect();
                at.filter(|_| same).and_then(|at| at.into_iter().max())
            })
        });
        let found = found.await;
        found.with_context(|| format!("waited for {wanted}: {last}"))
    }

    async fn standing(&self, id: &str) -> Result<Value> {
        self.visitor.json(&format!("/api/v1/rollouts/{id}/standing")).await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let response = self.program.post(path, body).await?;
        let (status, text) = (response.status(), response.text().await?);
        if !status.is_success() {
            bail!("{path} answers {status}: {text}");
        }
        Ok(serde_json::from_str(&text)?)
    }
}

fn revision(rollout: &Value) -> Result<u64> {
    let revision = rollout["routing_revision"].as_u64();
    revision.with_context(|| format!("a rollout has its revision: {rollout}"))
}

/// The fleet with the first so many of its edges.
fn fleet(edges: usize, now: DateTime<Utc>) -> String {
    let end = FLEET.match_indices(EDGE).nth(edges).map_or(FLEET.len(), |(end, _)| end);
    FLEET[..end].replace(TIME_ZONE, &evening(now))
}

/// A time zone in which it is evening now.
fn evening(now: DateTime<Utc>) -> String {
    let hour = i32::try_from(now.hour()).unwrap_or_default();
    // The names of these zones count westwards.
    match (EVENING - hour + 12).rem_euclid(24) - 12 {
        0 => "Etc/GMT".to_owned(),
        east @ 1.. => format!("Etc/GMT-{east}"),
        west => format!("Etc/GMT+{}", -west),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_evening_somewhere_at_any_time_and_the_fleet_is_whole() {
        for (hour, edges) in (0..24).flat_map(|hour| [(hour, 1), (hour, EDGES)]) {
            let now = DateTime::from_timestamp(hour * 3_600, 0).unwrap();
            let fleet = mainstay_core::fleet::read::read(&fleet(edges, now));
            let fleet = fleet.expect("the fleet has no mistake");
            assert_eq!(fleet.edges.len(), edges);
            let zone = fleet.regions.values().next().unwrap().time_zone;
            assert_eq!(now.with_timezone(&zone).hour(), 19, "at {hour} UTC");
        }
    }
}
