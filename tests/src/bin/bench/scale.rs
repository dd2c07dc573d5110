//! Many agents: what the server needs for them.

use anyhow::Result;

use crate::load::Readers;
use crate::machine::{self, CpuWatch};
use crate::report::{Limit, Report};
use crate::simulation::Simulation;
use crate::{Plan, UPDATES_PER_SECOND};

const CLIENTS: usize = 8;
/// Requests for each page.
const REQUESTS_PART: usize = 4;
const PAGES: [(&str, &str); 3] =
    [("/topology", "matrix"), ("/topology?view=list", "list"), ("/dc/sim-1", "data centre")];
const MB: f64 = 1e6;

pub async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let mut simulation = Simulation::start(plan.scale).await?;
    let size = format!("{} agents, {} instances", plan.scale.agents, plan.scale.instances);
    let pid = simulation.world.server()?.id();
    let idle = CpuWatch::during(&[pid], plan.rest).await?;
    let how = format!("over {} s, agents connected, nothing changing", plan.rest.as_secs());
    report.add(format!("{size}: server, idle CPU"), Limit::None, idle.cores(), "cores", how);
    let readers = Readers::sign_in(&simulation.world).await?;
    for (path, name) in PAGES {
        let times = readers.ask(path, CLIENTS, plan.requests / REQUESTS_PART).await?;
        let how = format!("{path}, {} requests, {CLIENTS} clients at once", times.whole.len());
        let value = times.whole.percentile(95.0);
        report.add(format!("{size}: {name} page, p95"), Limit::None, value, "ms", how);
    }
    simulation.begin_updates(UPDATES_PER_SECOND).await?;
    let busy = CpuWatch::during(&[pid], plan.scale_updates).await?;
    let memory = machine::memory(pid)?;
    let rate = simulation.end_updates(UPDATES_PER_SECOND).await?;
    let updates = rate * busy.elapsed.as_secs_f64();
    let own = busy.seconds - idle.cores() * busy.elapsed.as_secs_f64();
    let how = format!(
        "server alone, {:.0} s at {rate:.0} updates a second, less the idle CPU",
        busy.elapsed.as_secs_f64()
    );
    let name = format!("{size}: server, CPU for 1,000 updates");
    report.add(name, Limit::None, own / updates * 1_000.0, "s", how);
    for (kind, bytes) in [("RSS", memory.rss), ("PSS", memory.pss)] {
        let name = format!("{size}: server, memory ({kind})");
        report.add(name, Limit::None, bytes as f64 / MB, "MB", "at the end of the updates");
    }
    Ok(())
}
