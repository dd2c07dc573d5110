//! The default lab: how fast it starts, and what it needs at rest.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use mainstay_tests::World;

use crate::Plan;
use crate::machine::{CpuWatch, family, memory};
use crate::report::{Limit, Report};
use crate::simulation::healthy;

/// Longer than the limit, so that a slow start is measured and not cut off.
const PATIENCE: Duration = Duration::from_secs(300);
/// What the start stirred up is over after this long.
const SETTLE: Duration = Duration::from_secs(10);

/// Starts the lab of a world and watches it; leaves it running.
pub async fn measure(world: &mut World, plan: &Plan, report: &mut Report) -> Result<()> {
    let begun = Instant::now();
    world.start_lab()?;
    let instances = healthy(world, PATIENCE).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let how = format!("`mainstay lab` started to {instances} instances healthy in the API");
    report.add("default lab, start", Limit::Below(60.0), seconds, "s", how);
    tokio::time::sleep(SETTLE).await;
    let pids = family(world.lab()?.id())?;
    if (pids.len() as u64) < instances {
        bail!("{} processes cannot be {instances} instances", pids.len());
    }
    let server = [world.server()?.id()];
    let (all, server) =
        tokio::try_join!(CpuWatch::during(&pids, plan.rest), CpuWatch::during(&server, plan.rest))?;
    let watched = plan.rest.as_secs();
    let how = format!("all {} processes of the lab over {watched} s, /proc/PID/stat", pids.len());
    report.add("default lab, idle CPU", Limit::Below(0.5), all.cores(), "cores", how);
    let how = format!("over the same {watched} s, no page open");
    report.add("server with the default lab, idle CPU", Limit::None, server.cores(), "cores", how);
    let pss: Result<Vec<_>> = pids.iter().map(|pid| Ok(memory(*pid)?.pss)).collect();
    let gigabytes = pss?.iter().sum::<u64>() as f64 / 1e9;
    let how = "sum over all its processes, smaps_rollup";
    report.add("default lab, memory (PSS)", Limit::Below(2.0), gigabytes, "GB", how);
    Ok(())
}
