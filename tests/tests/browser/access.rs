//! Signing in and out, and what each role may do.

use std::time::Duration;

use mainstay_tests::{Browser, Look};

use super::{FAILING, arrives, ask, ask_until, browser, live, signed_in, world};

/// A replacement drains the old process before the new one starts.
const REPLACE_PATIENCE: Duration = Duration::from_secs(60);
const DEEP: &str = "/topology?view=list&q=ingest&sort=service&dir=desc";

async fn fill(browser: &Browser, selector: &str, text: &str) {
    browser.find(selector).await.unwrap().send_keys(text).await.unwrap();
}

#[tokio::test]
async fn a_link_leads_through_the_sign_in_to_where_it_points() {
    let world = world().await;
    let browser = browser(world, Look::default()).await;
    browser.open(&format!("{DEEP}#filter")).await.unwrap();
    assert!(browser.path().await.unwrap().starts_with("/sign-in?next=%2Ftopology%3F"));

    fill(&browser, "#name", "viewer").await;
    fill(&browser, "#password", "not the password").await;
    browser.follow("main form button").await.unwrap();
    let sentence = "User name and password do not belong together. Write both again.";
    let told = browser.text("#mistakes").await.unwrap();
    assert!(told.contains(sentence), "{told}");
    assert_eq!(ask(&browser, "return document.title").await, "Error: Sign in · Mainstay");
    let values = "return [document.querySelector('#name').value, \
                  document.querySelector('#password').value, document.activeElement.id]";
    assert_eq!(ask(&browser, values).await, serde_json::json!(["viewer", "", "mistakes"]));

    fill(&browser, "#password", world.password("viewer").unwrap()).await;
    browser.follow("main form button").await.unwrap();
    arrives(&browser, &format!("{DEEP}#filter")).await;

    browser.open("/settings/profile").await.unwrap();
    browser.follow("form[action='/sign-out'] button").await.unwrap();
    arrives(&browser, "/sign-in").await;
    browser.open("/").await.unwrap();
    assert!(browser.path().await.unwrap().starts_with("/sign-in"));
}

#[tokio::test]
async fn a_viewer_sees_why_nothing_can_be_replaced() {
    let browser = signed_in(world().await, "viewer", Look::default()).await;
    browser.open(&format!("/instances/{FAILING}")).await.unwrap();
    let button = browser.by_role("button", "Replace…").await.unwrap();
    assert!(!button.is_enabled().await.unwrap());
    let why = browser.text(".refused .why").await.unwrap();
    assert_eq!(why, "This needs the role operator or admin. You do not hold it.");
    browser.open(&format!("/instances/{FAILING}/do/replace")).await.unwrap();
    assert_eq!(
        ask(&browser, "return document.querySelector('#reason')").await,
        serde_json::Value::Null
    );
}

#[tokio::test]
async fn an_operator_replaces_an_instance_and_sees_the_new_process() {
    let world = world().await;
    let browser = signed_in(world, "operator", Look::default()).await;
    replace(&browser, "feed-sin1-1", true).await;
    let auditor = world.sign_in("auditor").await.unwrap();
    let log = auditor.json("/api/v1/audit?action=instance-replace").await.unwrap();
    let reasons = log["entries"].as_array().into_iter().flatten().map(|e| &e["reason"]);
    assert!(reasons.clone().any(|reason| reason == REASON), "{log}");
}

const REASON: &str = "It answers slower than its neighbour.";

/// Replaces an instance as a person does; without script the page is loaded again to see more.
pub async fn replace(browser: &Browser, instance: &str, script: bool) {
    let page = format!("/instances/{instance}");
    browser.open(&page).await.unwrap();
    let process = || browser.text("[data-f=handle]");
    let before = process().await.unwrap();
    browser.follow(&format!("a[href='{page}/do/replace']")).await.unwrap();
    fill(browser, "#reason", REASON).await;
    let button = browser.by_role("button", "Replace the instance").await.unwrap();
    browser.follow_element(button).await.unwrap();
    arrives(browser, &page).await;
    if script {
        live(browser).await;
        let replaced = format!(
            "return document.querySelector('[data-f=handle]').textContent !== '{before}' && \
             document.querySelector('h1 [data-f=word]').textContent === 'Healthy'"
        );
        ask_until(browser, "the new process serves", REPLACE_PATIENCE, &replaced).await;
        return;
    }
    let replaced = mainstay_tests::until("the new process serves", REPLACE_PATIENCE, async || {
        browser.open(&page).await.ok()?;
        let word = browser.text("h1 [data-f=word]").await.ok()?;
        (process().await.ok()? != before && word == "Healthy").then_some(())
    });
    replaced.await.unwrap();
}
