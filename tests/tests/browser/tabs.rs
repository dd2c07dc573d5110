//! Several tabs of one browser: they share one stream, whichever of them is closed or hidden.

use std::time::Duration;

use fantoccini::wd::WindowHandle;
use mainstay_tests::{Browser, Visitor, World, until};
use serde_json::json;

use super::{PATIENCE, ask, ask_until, live};

/// A page rests when it was hidden for 60 s.
const REST_PATIENCE: Duration = Duration::from_secs(75);
/// Makes the page think that it is hidden or shown, as when somebody looks at another tab.
const LOOK: &str = "const state = arguments[0];\
    Object.defineProperty(document, 'visibilityState', { get: () => state, configurable: true });\
    document.dispatchEvent(new Event('visibilitychange'));";
const CELL: &str = "a[href='/services/feed/in/sin1']";

/// Streams that the server feeds.
async fn streams(visitor: &Visitor) -> Option<u64> {
    let metrics = visitor.page("/metrics").await.ok()?;
    let line = metrics.lines().find_map(|line| line.strip_prefix("mainstay_live_listeners "))?;
    line.parse().ok()
}

async fn feeds(world: &World, wanted: u64, patience: Duration) {
    let what = format!("{wanted} streams");
    let visitor = world.sign_in("viewer").await.unwrap();
    let fed = until(&what, patience, async || (streams(&visitor).await? == wanted).then_some(()));
    fed.await.unwrap();
}

async fn show(browser: &Browser, tab: &WindowHandle, state: &str) {
    browser.client().switch_to_window(tab.clone()).await.unwrap();
    browser.run(LOOK, vec![state.into()]).await.unwrap();
}

async fn tab(browser: &Browser, path: &str) -> WindowHandle {
    let tab = browser.client().new_window(true).await.unwrap().handle;
    browser.client().switch_to_window(tab.clone()).await.unwrap();
    browser.open(path).await.unwrap();
    live(browser).await;
    tab
}

/// Leaves the browser with one tab and a healthy fleet.
pub async fn share_one_stream(world: &World, browser: &Browser) {
    browser.open("/").await.unwrap();
    live(browser).await;
    let first = browser.client().window().await.unwrap();
    let health = tab(browser, "/topology").await;
    let load = tab(browser, "/topology?by=load").await;
    let instance = tab(browser, "/instances/feed-sin1-1").await;
    feeds(world, 1, PATIENCE).await;

    // The tab that was there first has the stream; the next one takes over.
    browser.client().switch_to_window(first).await.unwrap();
    browser.client().close_window().await.unwrap();
    feeds(world, 1, PATIENCE).await;
    world.lab_fault(&["stop", "feed@sin1"]).unwrap();
    let failing = "return document.querySelector('h1 [data-f=word]').textContent === 'Failing'";
    browser.client().switch_to_window(instance.clone()).await.unwrap();
    ask_until(browser, "the instance fails", PATIENCE, failing).await;
    let name = format!("return document.querySelector(\"{CELL}\").ariaLabel.includes('2 failing')");
    browser.client().switch_to_window(health.clone()).await.unwrap();
    ask_until(browser, "the cell fails", PATIENCE, &name).await;

    // What does not run has no load and no tint.
    browser.client().switch_to_window(load.clone()).await.unwrap();
    let none = format!(
        "const cell = document.querySelector(\"{CELL}\");\
         return cell.textContent === '–' && !/load/.test(cell.parentElement.className)"
    );
    ask_until(browser, "the load is gone", PATIENCE, &none).await;

    hidden_tabs_rest_and_come_back(world, browser, [&health, &load, &instance]).await;
    browser.client().switch_to_window(load.clone()).await.unwrap();
    let some = format!(
        "const cell = document.querySelector(\"{CELL}\");\
         return /load[1-5]/.test(cell.parentElement.className) && cell.textContent"
    );
    let measured = ask_until(browser, "a load", PATIENCE, &some).await;
    assert!(measured.as_str().unwrap().ends_with('%'), "{measured}");

    for tab in [load, instance] {
        browser.client().switch_to_window(tab).await.unwrap();
        browser.client().close_window().await.unwrap();
    }
    browser.client().switch_to_window(health).await.unwrap();
}

async fn hidden_tabs_rest_and_come_back(
    world: &World,
    browser: &Browser,
    tabs: [&WindowHandle; 3],
) {
    let [health, load, instance] = tabs;
    // Hidden ones leave the stream to one that is looked at.
    for tab in [health, load] {
        show(browser, tab, "hidden").await;
        feeds(world, 1, PATIENCE).await;
    }
    show(browser, instance, "hidden").await;
    feeds(world, 0, REST_PATIENCE).await;
    world.lab_fault(&["heal"]).unwrap();
    super::all_healthy(world).await;
    for (tab, back) in [
        (health, "return document.querySelector('#live .lw').textContent === 'Live'"),
        (load, "return document.querySelector('#live .lw').textContent === 'Live'"),
        (instance, "return document.querySelector('h1 [data-f=word]').textContent === 'Healthy'"),
    ] {
        show(browser, tab, "visible").await;
        ask_until(browser, "a tab catches up", PATIENCE, back).await;
        feeds(world, 1, PATIENCE).await;
    }
    browser.client().switch_to_window(health.clone()).await.unwrap();
    let label = format!("return document.querySelector(\"{CELL}\").ariaLabel");
    assert_eq!(ask(browser, &label).await, json!("feed in sin1: 2 healthy"));
}
