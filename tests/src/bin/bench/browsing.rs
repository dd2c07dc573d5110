//! A browser with the topology open and live, and what its DevTools know.

use std::time::Duration;

use anyhow::{Context, Result};
use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use mainstay_tests::{Browser, Look, World, until};
use serde_json::{Value, json};
use url::{ParseError, Url};

/// A page is loaded, its script started and its stream open within this time.
const LIVE: Duration = Duration::from_secs(60);

/// A viewer's browser that shows the matrix, connected.
pub async fn at_topology(world: &World) -> Result<Browser> {
    let browser = Browser::start(&world.base(), Look::default()).await?;
    browser.sign_in("viewer", world.password("viewer")?).await?;
    browser.open("/topology").await?;
    until("the page is live", LIVE, async || {
        let script = "return document.documentElement.dataset.live === 'on'";
        browser.run(script, Vec::new()).await.ok()?.as_bool()?.then_some(())
    })
    .await?;
    Ok(browser)
}

/// Calls a method of the browser's DevTools; what it answers.
pub async fn devtools(browser: &Browser, method: &'static str) -> Result<Value> {
    let answer = browser.client().issue_cmd(DevTools(method)).await;
    answer.with_context(|| format!("DevTools: {method}"))
}

/// A method without parameters (an extension of chromedriver).
#[derive(Debug)]
struct DevTools(&'static str);

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "cmd": self.0, "params": {} }).to_string()))
    }
}
