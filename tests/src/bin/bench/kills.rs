//! From the death of a process to the mark on the screen.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use mainstay_tests::{Browser, Visitor, World, until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::Plan;
use crate::browsing::at_topology;
use crate::report::{Limit, Report};
use crate::stats::Samples;

/// A cell that was killed in is whole again within this time.
const RECOVERY: Duration = Duration::from_secs(60);
/// A mark that did not change by then is counted with this time.
const UNSEEN_SECONDS: f64 = 10.0;

const CELLS: &str = "return Array.from(document.querySelectorAll('[data-matrix] td > a'), \
                     cell => cell.getAttribute('href'))";
/// Watches the marks of a cell; false while the cell is not shown as healthy.
const WATCH: &str = "
    const cell = document.querySelector(`[data-matrix] td > a[href='${arguments[0]}']`);
    if (/\\bt-/.test(cell.parentElement.className)) return false;
    window.benchSeen = new Promise(seen => {
        const observer = new MutationObserver(() => { observer.disconnect(); seen(Date.now()); });
        observer.observe(cell, { childList: true, subtree: true });
    });
    return true";
/// The time when they changed; nothing if they do not.
const SEEN: &str = "
    const [patience, done] = arguments;
    setTimeout(() => done(null), patience);
    window.benchSeen.then(done)";

pub async fn measure(world: &World, plan: &Plan, report: &mut Report) -> Result<()> {
    let browser = at_topology(world).await?;
    let visitor = world.sign_in("operator").await?;
    let cells = browser.run(CELLS, Vec::new()).await?;
    let cells: Vec<&str> =
        cells.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if cells.is_empty() {
        bail!("the topology shows no cells");
    }
    let mut seconds = Samples::default();
    let mut unseen = 0;
    for nth in 0..plan.kills {
        let cell = cells[nth * cells.len() / plan.kills % cells.len()];
        let seen = kill_in(&browser, &visitor, cell).await.with_context(|| cell.to_owned())?;
        unseen += usize::from(seen.is_none());
        seconds.push(seen.unwrap_or(UNSEEN_SECONDS));
    }
    let how = format!(
        "SIGKILL to a real process, MutationObserver on its cell of /topology in Chromium; \
         {} kills, {unseen} not seen",
        plan.kills
    );
    let name = "kill -9 of an instance to its mark in an open page";
    for (percent, limit) in [(50.0, Limit::None), (95.0, Limit::Below(1.0)), (100.0, Limit::None)] {
        let which = if percent < 100.0 { format!("p{percent}") } else { "max".to_owned() };
        let value = seconds.percentile(percent);
        report.add(format!("{name}, {which}"), limit, value, "s", how.as_str());
    }
    Ok(())
}

/// Kills an instance of a healthy cell; seconds until its mark changed.
async fn kill_in(browser: &Browser, visitor: &Visitor, cell: &str) -> Result<Option<f64>> {
    let pid = until("the cell is healthy, in the API and in the page", RECOVERY, async || {
        let known = visitor.json(&format!("/api/v1{cell}")).await.ok()?;
        if known["counts"]["healthy"] != known["counts"]["total"] {
            return None;
        }
        let pid = known["instances"]["rows"][0]["handle"].as_str()?.parse().ok()?;
        let watched = browser.run(WATCH, vec![json!(cell)]).await.ok()?;
        watched.as_bool()?.then_some(pid)
    });
    let pid = Pid::from_raw(pid.await?).context("the handle is no process id")?;
    let killed = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
    kill_process(pid, Signal::KILL)?;
    let patience = json!(UNSEEN_SECONDS * 1_000.0);
    let seen = browser.client().execute_async(SEEN, vec![patience]).await?;
    Ok(seen.as_f64().map(|milliseconds| milliseconds / 1_000.0 - killed))
}
