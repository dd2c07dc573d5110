//! The topology page of 2,000 instances: time to first byte under load, and sizes.

use std::fs;

use anyhow::{Context, Result};
use mainstay_tests::programs;
use serde_json::Value;

use crate::Plan;
use crate::load::Readers;
use crate::report::{Limit, Report};
use crate::simulation::Simulation;

const CLIENTS: usize = 32;
const KB: f64 = 1_000.0;

pub async fn measure(simulation: &Simulation, plan: &Plan, report: &mut Report) -> Result<()> {
    let readers = Readers::sign_in(&simulation.world).await?;
    let times = readers.ask("/topology", CLIENTS, plan.requests).await?;
    let how = format!(
        "{} requests, {CLIENTS} signed-in clients at once, keep-alive, brotli, loopback",
        times.first_byte.len()
    );
    let name = "/topology of 2,000 instances, time to first byte";
    for (percent, limit) in [(50.0, Limit::None), (95.0, Limit::Below(50.0)), (99.0, Limit::None)] {
        let value = times.first_byte.percentile(percent);
        report.add(format!("{name}, p{percent}"), limit, value, "ms", how.as_str());
    }
    let value = times.whole.percentile(95.0);
    report.add("/topology of 2,000 instances, whole page, p95", Limit::None, value, "ms", how);
    for (coding, limit) in [("br", Limit::AtMost(15.0)), ("gzip", Limit::None)] {
        let bytes = readers.size("/topology", coding).await?;
        let name = format!("/topology of 2,000 instances, HTML ({coding})");
        report.add(name, limit, bytes as f64 / KB, "kB", "the body as it is served");
    }
    let code = asset(&readers, "js").await? + asset(&readers, "wasm").await?;
    report.add("wasm and script (br)", Limit::AtMost(150.0), code, "kB", "bodies as served");
    let style = asset(&readers, "css").await?;
    report.add("style sheet (br)", Limit::AtMost(12.0), style, "kB", "the body as it is served");
    Ok(())
}

/// Size of an asset as served, in kilobytes.
async fn asset(readers: &Readers, kind: &str) -> Result<f64> {
    let names = fs::read_to_string(programs::site()?.join("assets.json"))?;
    let names: Value = serde_json::from_str(&names)?;
    let name = names[kind].as_str().with_context(|| format!("no {kind} is built"))?;
    Ok(readers.size(&format!("/assets/{name}"), "br").await? as f64 / KB)
}
