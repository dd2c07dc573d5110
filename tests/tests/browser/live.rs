//! What an open page does while the fleet and the server change: values change in place, nothing
//! moves, old data says so, and what was missed comes when the server is back.

use std::time::Duration;

use mainstay_tests::{Browser, Look, World, until};

use serde_json::{Value, json};

use super::{PATIENCE, all_healthy, ask, ask_until, live, signed_in, tabs};

/// Without a beat the page says after 20 s that its data is old, and looks every second.
const OLD_PATIENCE: Duration = Duration::from_secs(25);
/// The longest wait before another try is 15 s and 30 %; then the page fetches its values.
const BACK_PATIENCE: Duration = Duration::from_secs(40);

/// Remembers what an element says and everything that moves, from now to the next load of the page.
/// The badge of the connection rewrites itself and may move inside.
const RECORD: &str = "window.seen = []; window.moved = [];\
    const badge = document.querySelector('#live');\
    new PerformanceObserver(list => {\
        for (const shift of list.getEntries()) for (const { node } of shift.sources)\
            if (!node || node === badge || !badge.contains(node))\
                moved.push(`${shift.value} ${node?.outerHTML?.slice(0, 200)}`);\
    }).observe({ type: 'layout-shift' });\
    const note = () => { for (const e of document.querySelectorAll(arguments[0])) {\
        const said = e.getAttribute('aria-label') ?? e.textContent;\
        if (seen.at(-1) !== said) seen.push(said); } };\
    note(); new MutationObserver(note).observe(document.body,\
        { subtree: true, childList: true, characterData: true, attributes: true });";

async fn record(browser: &Browser, selector: &str) {
    browser.run(RECORD, vec![selector.into()]).await.unwrap();
}

async fn nothing_moved(browser: &Browser) {
    assert_eq!(ask(browser, "return window.moved").await, json!([]));
}

/// The cells of the matrix in their order, and where the focus is.
const ORDER: &str = "return [document.activeElement.pathname, \
    ...Array.from(document.querySelectorAll('[data-matrix] a'), a => a.pathname)]";

#[tokio::test]
async fn values_change_in_place_and_old_data_says_so() {
    let mut world = World::start_with_lab().await.unwrap();
    all_healthy(&world).await;
    let browser = signed_in(&world, "viewer", Look::default()).await;
    tabs::share_one_stream(&world, &browser).await;
    a_killed_instance_shows_in_the_matrix(&world, &browser).await;
    a_killed_instance_shows_on_its_page(&world, &browser).await;
    a_stopped_server_makes_data_old_until_it_is_back(&mut world, &browser).await;
}

/// Kills an instance until the page has shown something else. The first process that ends is
/// replaced before a page would show it; the agent waits longer after each further one.
async fn kill_until_seen(world: &World, browser: &Browser, instance: &str) {
    let seen = until("the page shows that the instance fails", PATIENCE, async || {
        // Refused while no process of it runs.
        let _ = world.lab_fault(&["kill", instance]);
        let seen = ask(browser, "return seen.some(said => /failing/i.test(said))").await;
        (seen == true).then_some(())
    });
    seen.await.unwrap();
}

async fn a_killed_instance_shows_in_the_matrix(world: &World, browser: &Browser) {
    browser.open("/topology").await.unwrap();
    live(browser).await;
    record(browser, "a[href='/services/feed/in/fra1']").await;
    kill_until_seen(world, browser, "feed-fra1-1").await;
    let seen = ask(browser, "return seen").await;
    assert_eq!(seen[0], "feed in fra1: 2 healthy");
    let failing = json!("feed in fra1: 1 failing, 1 healthy");
    assert!(seen.as_array().unwrap().contains(&failing), "{seen}");
    let recovered = "return seen.at(-1) === seen[0]";
    ask_until(browser, "the cell is healthy again", PATIENCE, recovered).await;
    nothing_moved(browser).await;
}

async fn a_killed_instance_shows_on_its_page(world: &World, browser: &Browser) {
    browser.open("/instances/ingest-sin1-2").await.unwrap();
    live(browser).await;
    record(browser, "h1 [data-f=word]").await;
    let restarts = "return Number(document.querySelector('[data-f=restarts]').textContent)";
    let handle = "return document.querySelector('[data-f=handle]').textContent";
    let (before, process) = (ask(browser, restarts).await, ask(browser, handle).await);
    kill_until_seen(world, browser, "ingest-sin1-2").await;
    let recovered = "return seen.at(-1) === 'Healthy'";
    ask_until(browser, "the instance is healthy again", PATIENCE, recovered).await;
    assert!(ask(browser, restarts).await.as_f64() > before.as_f64());
    assert_ne!(ask(browser, handle).await, process, "the new process is named");
    nothing_moved(browser).await;
}

async fn a_stopped_server_makes_data_old_until_it_is_back(world: &mut World, browser: &Browser) {
    all_healthy(world).await;
    browser.open("/topology").await.unwrap();
    live(browser).await;
    record(browser, "a[href='/services/feed/in/fra2']").await;
    ask(browser, "document.querySelector('a[href=\"/services/stock/in/fra1\"]').focus()").await;
    let order = ask(browser, ORDER).await;

    world.stop_server().await.unwrap();
    let old = "return document.documentElement.dataset.live === 'old'";
    ask_until(browser, "the data is called old", OLD_PATIENCE, old).await;
    let said = ask(browser, "return document.querySelector('#live').textContent").await;
    assert!(said.as_str().unwrap().starts_with("Old data: "), "{said}");
    browser.by_role("button", "Try now").await.unwrap();
    let dashed = "const cells = Array.from(document.querySelectorAll('.mx td:has(svg.m)'));\
                  return cells.length > 0 && cells.every(cell => \
                  getComputedStyle(cell).outlineStyle === 'dashed' && \
                  getComputedStyle(cell.querySelector('svg.m')).opacity < 1)";
    assert_eq!(ask(browser, dashed).await, true, "marks of old data are dashed and pale");

    // Happens while nobody can tell the page.
    world.lab_fault(&["stop", "feed-fra2-1"]).unwrap();
    world.start_server().await.unwrap();
    let back = "return document.documentElement.dataset.live === 'on' && \
                document.querySelector('#live .lw').textContent === 'Live'";
    ask_until(browser, "the page is live again", BACK_PATIENCE, back).await;
    let missed = "return seen.at(-1).includes('1 failing')";
    ask_until(browser, "what was missed is shown", PATIENCE, missed).await;
    let note = ask(browser, "return document.querySelector('#live-note')").await;
    assert_eq!(note, Value::Null);
    assert_eq!(ask(browser, ORDER).await, order, "the order and the focus stay");
    nothing_moved(browser).await;
}
