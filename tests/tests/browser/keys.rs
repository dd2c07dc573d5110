//! Keys: the palette, the sheet, single keys and how they are turned off, arrows in the matrix.

use mainstay_tests::{Browser, Look, until};
use serde_json::Value;

use super::{PATIENCE, arrives, ask, ask_until, live, open_problem, signed_in, world};

const FOCUS: &str = "const e = document.activeElement; return e.getAttribute('href') ?? e.id";
const OPEN: &str = "return document.querySelector('dialog[open]')?.id ?? ''";

async fn opens(browser: &Browser, dialog: &str) {
    let script = format!("return document.querySelector('dialog[open]')?.id === '{dialog}'");
    ask_until(browser, dialog, PATIENCE, &script).await;
}

async fn closes(browser: &Browser) {
    let script = "return document.querySelector('dialog[open]') === null";
    ask_until(browser, "no dialog is open", PATIENCE, script).await;
}

#[tokio::test]
async fn the_palette_finds_goes_and_gives_the_focus_back() {
    let browser = signed_in(world().await, "viewer", Look::default()).await;
    live(&browser).await;
    ask(&browser, "document.querySelector('.nav a[href=\"/topology\"]').focus()").await;
    for opener in ["Control+k", "/"] {
        browser.press(&[opener]).await.unwrap();
        opens(&browser, "palette").await;
        assert_eq!(ask(&browser, FOCUS).await, "palette-input", "{opener}");
        browser.press(&["Escape"]).await.unwrap();
        closes(&browser).await;
        assert_eq!(ask(&browser, FOCUS).await, "/topology", "{opener}");
    }
    browser.press(&["Control+k"]).await.unwrap();
    opens(&browser, "palette").await;
    browser.press(&["i", "n", "g", "e"]).await.unwrap();
    let first = "return document.querySelector('#palette [aria-selected=true]')?.dataset.href";
    let found = format!("{first} === '/services/ingest'");
    ask_until(&browser, "the service is found", PATIENCE, &found).await;
    browser.press(&["Enter"]).await.unwrap();
    arrives(&browser, "/services/ingest").await;
}

#[tokio::test]
async fn the_palette_finds_what_the_page_can_do_without_doing_it_and_where_one_was() {
    let world = world().await;
    let attention = world.sign_in("viewer").await.unwrap().json("/api/v1/attention").await.unwrap();
    let problem = open_problem(&attention).expect("the shared world has a problem");
    let browser = signed_in(world, "operator", Look::default()).await;
    browser.open("/groups/social").await.unwrap();
    live(&browser).await;
    browser.open(&problem).await.unwrap();
    live(&browser).await;
    browser.press(&["Control+k"]).await.unwrap();
    opens(&browser, "palette").await;
    browser.press(&["s", "n", "o", "o"]).await.unwrap();
    let first = "return document.querySelector('#palette [aria-selected=true] span')?.textContent";
    let found = format!("{first} === 'Snooze'");
    ask_until(&browser, "the button is found", PATIENCE, &found).await;
    browser.press(&["Enter"]).await.unwrap();
    closes(&browser).await;
    let focused = "return document.activeElement.textContent.trim()";
    assert_eq!(ask(&browser, focused).await, "Snooze");
    assert_eq!(browser.path().await.unwrap(), problem, "nothing was sent");

    browser.press(&["Control+k"]).await.unwrap();
    opens(&browser, "palette").await;
    let recent = "return document.querySelector('#palette-hits [role=group]:last-child \
                  [data-href]')?.dataset.href === '/groups/social'";
    ask_until(&browser, "the page before is found", PATIENCE, recent).await;

    // What can be done elsewhere is found by any of its words, and leads to its review.
    let letters: Vec<String> = "feed rollout".chars().map(String::from).collect();
    browser.press(&letters.iter().map(String::as_str).collect::<Vec<_>>()).await.unwrap();
    let elsewhere = "const first = document.querySelector('#palette [aria-selected=true]');\
                     return first?.dataset.href === '/services/feed/do/start-rollout'";
    ask_until(&browser, "the action is found", PATIENCE, elsewhere).await;
    browser.press(&["Enter"]).await.unwrap();
    arrives(&browser, "/services/feed/do/start-rollout").await;
}

#[tokio::test]
async fn a_link_to_this_moment_shows_the_page_as_it_was() {
    let world = world().await;
    let browser = signed_in(world, "viewer", Look::default()).await;
    browser.open("/services/ingest").await.unwrap();
    live(&browser).await;
    let hold = "navigator.clipboard.writeText = (text) => {
                    window.copied = text;
                    return Promise.resolve();
                };
                return 'held'";
    assert_eq!(ask(&browser, hold).await, "held");
    browser.press(&["Shift+Y"]).await.unwrap();
    let copied = ask_until(&browser, "the link", PATIENCE, "return window.copied ?? ''").await;
    let (_, path) = copied.as_str().unwrap().split_once("/services/").unwrap();
    assert!(path.starts_with("ingest?at=20"), "{path}");
    until("the moment is written down", PATIENCE, async || {
        browser.open(&format!("/services/{path}")).await.ok()?;
        browser.text("#live").await.ok()?.contains("Snapshot").then_some(())
    })
    .await
    .unwrap();
    assert!(browser.text("#slot").await.unwrap().contains("This is how it was"));
    assert_eq!(
        ask(&browser, "return document.querySelector('main [method=post]')").await,
        Value::Null
    );
    // Links stay in the past, until one goes back.
    browser.follow("main a[href^='/instances/']").await.unwrap();
    let there = browser.path().await.unwrap();
    assert!(there.contains("?at=20"), "{there}");
    browser.follow("#live a").await.unwrap();
    assert!(!browser.path().await.unwrap().contains("at="));
    live(&browser).await;
}

#[tokio::test]
async fn single_keys_go_places_and_can_be_turned_off() {
    let world = world().await;
    let browser = signed_in(world, "approver", Look::default()).await;
    live(&browser).await;
    browser.press(&["Shift+?"]).await.unwrap();
    opens(&browser, "key-sheet").await;
    browser.press(&["Escape"]).await.unwrap();
    closes(&browser).await;
    browser.press(&["g", "t"]).await.unwrap();
    arrives(&browser, "/topology").await;

    browser.open("/settings/profile").await.unwrap();
    browser.click("#keys[type=checkbox]").await.unwrap();
    save_profile(&browser).await;
    browser.open("/").await.unwrap();
    live(&browser).await;
    // Ctrl K works all the same; when it has opened, the keys before it were heard and ignored.
    browser.press(&["Shift+?", "/", "g", "t", "Control+k"]).await.unwrap();
    opens(&browser, "palette").await;
    assert_eq!(browser.path().await.unwrap(), "/");
    assert_eq!(ask(&browser, OPEN).await, "palette");
    assert_eq!(ask(&browser, "return document.querySelector('#palette-input').value").await, "");
}

#[tokio::test]
async fn times_of_lists_are_said_in_the_own_zone_when_asked() {
    let browser = signed_in(world().await, "operator", Look::default()).await;
    let (zone, times) = ("#time_zone", "return document.querySelector('tbody time').textContent");
    browser.open("/settings/profile").await.unwrap();
    browser.find(zone).await.unwrap().clear().await.unwrap();
    browser.find(zone).await.unwrap().send_keys("Asia/Tokyo").await.unwrap();
    save_profile(&browser).await;

    browser.open("/services/ingest?x=1").await.unwrap();
    live(&browser).await;
    let utc = ask(&browser, times).await;
    browser.press(&["t"]).await.unwrap();
    let local = format!("return {}.endsWith(' Tokyo')", times.trim_start_matches("return "));
    ask_until(&browser, "local times", PATIENCE, &local).await;
    assert_eq!(browser.path().await.unwrap(), "/services/ingest?x=1");
    // It stays so on other pages; the address can ask for something else.
    browser.open("/services/feed").await.unwrap();
    assert_eq!(ask(&browser, &local).await, true);
    browser.open("/services/ingest?tz=utc").await.unwrap();
    assert_eq!(ask(&browser, times).await, utc);
    live(&browser).await;
    browser.press(&["t"]).await.unwrap();
    arrives(&browser, "/services/ingest").await;
    ask_until(&browser, "local times", PATIENCE, &local).await;

    // What comes live is said in the same zone.
    browser.open("/services/stock").await.unwrap();
    live(&browser).await;
    ask(&browser, "window.dispatchEvent(new Event('online'))").await;
    let all = "return Array.from(document.querySelectorAll('[data-f=since]'))\
               .every(cell => cell.textContent.endsWith(' Tokyo'))";
    assert_eq!(ask(&browser, all).await, true);
    browser.press(&["t"]).await.unwrap();
    let back = local.replace("return ", "return !");
    ask_until(&browser, "times in UTC", PATIENCE, &back).await;
}

async fn save_profile(browser: &Browser) {
    let button = "main form[action='/settings/profile'] button";
    browser.follow(button).await.unwrap();
    browser.find("#slot .callout.ok").await.unwrap();
}

#[tokio::test]
async fn the_matrix_is_one_tab_stop_with_arrows_inside() {
    let browser = signed_in(world().await, "viewer", Look::default()).await;
    let stops = "return Array.from(document.querySelectorAll('[data-matrix] td > a'))\
                 .filter(cell => cell.tabIndex === 0).map(cell => cell.pathname)";
    browser.open("/topology?sel=ingest@sin1").await.unwrap();
    live(&browser).await;
    assert_eq!(ask(&browser, stops).await, serde_json::json!(["/services/ingest/in/sin1"]));

    browser.open("/topology").await.unwrap();
    live(&browser).await;
    let stop = ask(&browser, stops).await;
    assert_eq!(stop.as_array().map(Vec::len), Some(1), "{stop}");
    let first = stop[0].as_str().unwrap().to_owned();
    ask(&browser, "document.querySelector('[data-matrix] td > a[tabindex=\"0\"]').focus()").await;
    let row = "const row = document.activeElement.closest('tr');\
               return Array.from(row.querySelectorAll('td > a'), cell => cell.pathname)";
    let row = ask(&browser, row).await;
    for (key, at) in
        [("ArrowRight", &row[1]), ("End", &row[2]), ("Home", &row[0]), ("ArrowLeft", &row[0])]
    {
        browser.press(&[key]).await.unwrap();
        assert_eq!(ask(&browser, FOCUS).await, *at, "{key}");
    }
    browser.press(&["ArrowDown"]).await.unwrap();
    let below = ask(&browser, FOCUS).await;
    let below = below.as_str().unwrap();
    assert!(below != first && below.ends_with(first.rsplit('/').next().unwrap()), "{below}");
    browser.press(&["ArrowUp"]).await.unwrap();
    assert_eq!(ask(&browser, FOCUS).await, first);
    browser.press(&["Tab"]).await.unwrap();
    let cell = "return document.activeElement.matches('[data-matrix] td > a')";
    assert_eq!(ask(&browser, cell).await, false, "Tab leaves the cells");
}
