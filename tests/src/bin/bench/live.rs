//! Live updates under the eyes of a browser: does the page keep up, and does it keep still.

use anyhow::{Context, Result, bail};
use fantoccini::actions::{InputSource, MouseActions, PointerAction};
use mainstay_tests::Browser;
use serde_json::{Value, json};

use crate::browsing::{at_topology, devtools};
use crate::metrics::Histogram;
use crate::report::{Limit, Report};
use crate::simulation::Simulation;
use crate::stats::Samples;
use crate::{Plan, UPDATES_PER_SECOND};

const LAG: &str = "mainstay_live_lag_seconds";
/// A change not shown for so long is lost.
const LOST_MS: u32 = 3_000;
/// Layout shifts that are told one by one.
const MOVES_TOLD: usize = 10;
const MB: f64 = 1e6;

pub async fn measure(simulation: &mut Simulation, plan: &Plan, report: &mut Report) -> Result<()> {
    simulation.begin_updates(UPDATES_PER_SECOND).await?;
    let browser = at_topology(&simulation.world).await?;
    let visitor = simulation.world.sign_in("viewer").await?;
    rest_on_page(&browser).await?;
    let cells = browser.run(include_str!("live.js"), vec![json!("estate")]).await?;
    if cells.as_u64().unwrap_or(0) == 0 {
        bail!("the topology shows no cells: {cells}");
    }
    let (lag_before, before) =
        (Histogram::read(&visitor, LAG).await?, PageCost::read(&browser).await?);
    tokio::time::sleep(plan.updates).await;
    let script = "return [bench.lags, bench.owed(arguments[0]), bench]";
    let seen = browser.run(script, vec![json!(LOST_MS)]).await?;
    let server = Histogram::read(&visitor, LAG).await?.since(&lag_before);
    let cost = PageCost::read(&browser).await?.since(before);
    let rate = simulation.end_updates(UPDATES_PER_SECOND).await?;
    let lags = seen[0].as_array().context("no lags")?.iter().filter_map(Value::as_f64);
    let seen = Seen {
        lags: lags.map(|milliseconds| milliseconds / 1_000.0).collect(),
        lost: seen[1].as_u64().unwrap_or(u64::MAX),
        page: seen[2].clone(),
    };
    tell_lags(&seen, &server, report);
    tell_stillness(&seen, cost, plan, rate, report);
    Ok(())
}

/// What the page's observers saw.
struct Seen {
    /// Seconds from a change's arrival to its showing.
    lags: Samples,
    lost: u64,
    page: Value,
}

impl Seen {
    fn number(&self, field: &str) -> f64 {
        self.page[field].as_f64().unwrap_or(f64::NAN)
    }
}

/// The pointer rests on a row, the focus on a link of another.
async fn rest_on_page(browser: &Browser) -> Result<()> {
    let row = browser.find("[data-matrix] tbody tr:nth-of-type(3) th").await?;
    let (x, y, duration) = (0.0, 0.0, None);
    let moves = PointerAction::MoveToElement { element: row, duration, x, y };
    let mouse = MouseActions::new("mouse".to_owned()).then(moves);
    browser.client().perform_actions(mouse).await?;
    let focus = "const links = document.querySelectorAll('[data-matrix] td > a');\
                 links[links.length >> 1].focus(); return document.activeElement.tagName";
    if browser.run(focus, Vec::new()).await? != "A" {
        bail!("no link of the matrix takes the focus");
    }
    Ok(())
}

fn tell_lags(seen: &Seen, server: &Histogram, report: &mut Report) {
    let (browser, hub) = (seen.lags.percentile(99.0), server.percentile(99.0));
    let how = format!(
        "{} changes of cells, shown {} times: arrival at a second EventSource to the new words",
        seen.number("changes"),
        seen.lags.len()
    );
    report.add("live lag, in the browser, p99", Limit::None, browser, "s", how);
    let how = format!(
        "{} batches, p50 ≤ {} s: estate changed to batch sent, {LAG}; the bucket's upper bound",
        server.count(),
        server.percentile(50.0)
    );
    report.add("live lag, in the server, p99", Limit::None, hub, "s", how);
    let how = "sum of both p99s, an upper bound; before it, an agent gathers for at most 0.1 s";
    report.add("live lag, p99", Limit::Below(1.0), browser + hub, "s", how);
    let lost = "changes that the page owed for over 3 s at the end";
    report.add("live changes not shown", Limit::AtMost(0.0), seen.lost as f64, "", lost);
}

fn tell_stillness(seen: &Seen, cost: PageCost, plan: &Plan, rate: f64, report: &mut Report) {
    let length = plan.updates.as_secs();
    let moves = seen.page["moves"].as_array().map_or(&[][..], Vec::as_slice);
    for moved in moves.iter().take(MOVES_TOLD) {
        println!("    layout shift {}", moved.as_str().unwrap_or_default());
    }
    let how = format!(
        "sum of {} shifts over {length} s at {rate:.0} updates a second, with {:.3} of the page's \
         load; pointer on a row, focus on a link",
        moves.len(),
        seen.number("loading")
    );
    let name = "cumulative layout shift under updates";
    report.add(name, Limit::AtMost(0.02), seen.number("shift"), "", how);
    let batches = seen.number("batches");
    let how = format!("tasks of the renderer / {batches} batches, DevTools");
    let each = cost.task_seconds * 1_000.0 / batches;
    report.add("main thread for a batch of updates", Limit::None, each, "ms", how);
    let how = "longest task over 50 ms; 0: there was none";
    report.add("longest task under updates", Limit::None, seen.number("longest"), "ms", how);
    let how =
        format!("after collecting garbage, over {length} s, the bench's own records included");
    report.add("growth of the script's heap", Limit::None, cost.heap_bytes / MB, "MB", how);
}

/// What the page cost so far.
#[derive(Clone, Copy, Debug)]
struct PageCost {
    task_seconds: f64,
    heap_bytes: f64,
}

impl PageCost {
    async fn read(browser: &Browser) -> Result<Self> {
        devtools(browser, "Performance.enable").await?;
        devtools(browser, "HeapProfiler.collectGarbage").await?;
        let found = devtools(browser, "Performance.getMetrics").await?;
        let metrics = found["metrics"].as_array().context("no metrics of the page")?;
        let value = |name: &str| {
            let metric = metrics.iter().find(|metric| metric["name"] == name);
            metric.and_then(|metric| metric["value"].as_f64()).with_context(|| name.to_owned())
        };
        Ok(Self { task_seconds: value("TaskDuration")?, heap_bytes: value("JSHeapUsedSize")? })
    }

    fn since(self, earlier: Self) -> Self {
        Self {
            task_seconds: self.task_seconds - earlier.task_seconds,
            heap_bytes: self.heap_bytes - earlier.heap_bytes,
        }
    }
}
