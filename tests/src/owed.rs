//! What every page owes, whatever it shows: it answers as it should, logs no error, fits at every
//! width, breaks no rule of accessibility in either theme, and reads without a script.

use std::time::Duration;

use anyhow::{Context, Result};
use fantoccini::Locator;
use serde_json::Value;

use crate::browser::{Browser, Look, Medium};
use crate::wait::until;
use crate::world::World;

const DESK: (u32, u32) = (1440, 900);
const PHONE: (u32, u32) = (390, 844);
/// What is left of 1280 px at 400 % zoom.
const ZOOMED: (u32, u32) = (320, 640);
/// A page of a busy machine has its first live values within this time.
const LIVE: Duration = Duration::from_secs(30);

/// How far the page can be scrolled sideways, and the elements that stick out.
const OVER: &str = "const root = document.documentElement, most = root.clientWidth;\
    if (root.scrollWidth <= most) return '';\
    const out = Array.from(document.querySelectorAll('main *'))\
        .filter(e => e.getBoundingClientRect().right > most + 1)\
        .map(e => `${e.tagName}.${e.className.baseVal ?? e.className}`);\
    return `${root.scrollWidth - most} px, ${out.slice(0, 6).join(', ')}`;";

/// What is wrong with pages as `role` sees them, with a script and without.
///
/// # Errors
/// When a browser does not start, or does not answer.
pub async fn faults(world: &World, role: &str, pages: &[String]) -> Result<Vec<String>> {
    let password = world.password(role).with_context(|| format!("there is no user {role}"))?;
    let mut faults = Vec::new();
    for javascript in [true, false] {
        let look = Look { javascript, ..Look::default() };
        let browser = Browser::start(&world.base(), look).await?;
        browser.sign_in(role, password).await?;
        for page in pages {
            browser.open(page).await?;
            if javascript {
                faults.extend(faults_of(&browser, page, 200).await?);
            } else {
                faults.extend(unread(&browser, page).await?);
            }
        }
    }
    Ok(faults)
}

/// What is wrong with the page that is shown; `status`: what it is to answer.
///
/// # Errors
/// When the browser does not answer.
pub async fn faults_of(browser: &Browser, path: &str, status: u16) -> Result<Vec<String>> {
    settle(browser, status).await?;
    let mut faults = Vec::new();
    let told = browser.console_errors().await?;
    // The browser also tells the answer of the page itself.
    let own = format!("the server responded with a status of {status} ");
    let told = told.into_iter().filter(|line| status == 200 || !line.contains(&own));
    faults.extend(told.map(|line| format!("{path}: {line}")));
    let answered = "return performance.getEntriesByType('navigation')[0].responseStatus";
    let answered = browser.run(answered, Vec::new()).await?;
    if answered != status {
        faults.push(format!("{path} answers {answered} instead of {status}"));
    }
    for size in [DESK, ZOOMED, PHONE] {
        browser.resize(size).await?;
        let over = browser.run(OVER, Vec::new()).await?;
        if over != "" {
            faults.push(format!("{path} at {} px is too wide: {over}", size.0));
        }
        if size == ZOOMED {
            continue;
        }
        // The themes differ in colours only.
        browser.show_as(Medium::Dark).await?;
        let dark = browser.faint().await?;
        browser.show_as(Medium::Light).await?;
        let light = browser.axe().await?;
        let place = |theme| format!("{path} ({theme}, {} px)", size.0);
        faults.extend(dark.into_iter().map(|fault| format!("{}: {fault}", place("dark"))));
        faults.extend(light.into_iter().map(|fault| format!("{}: {fault}", place("light"))));
    }
    browser.resize(DESK).await?;
    Ok(faults)
}

/// Waits until a page that is live has its values, so that nothing of it is judged half done.
async fn settle(browser: &Browser, status: u16) -> Result<()> {
    let is_live = "return document.querySelector('leptos-island[data-component^=LiveApplier]') !== \
                   null";
    if status == 200 && browser.run(is_live, Vec::new()).await? == true {
        let live = "return document.documentElement.dataset.live === 'on'";
        until("the page becomes live", LIVE, async || {
            (browser.run(live, Vec::new()).await.ok()? == true).then_some(())
        })
        .await?;
    }
    Ok(())
}

/// What cannot be read of the page that a browser without scripts shows.
///
/// # Errors
/// When the browser does not answer.
pub async fn unread(browser: &Browser, path: &str) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let main = browser.text("main").await?;
    let heading = browser.text("main h1").await?;
    if heading.is_empty() || main.len() <= heading.len() + 20 {
        faults.push(format!("{path} says nothing without a script: {main:?}"));
    }
    if !browser.client().find_all(Locator::Css("html[data-live]")).await?.is_empty() {
        faults.push(format!("{path}: a script ran"));
    }
    Ok(faults)
}

/// The paths that the page links to.
///
/// # Errors
/// When the browser does not answer.
pub async fn links(browser: &Browser) -> Result<Vec<String>> {
    let script = "return Array.from(document.querySelectorAll('a[href^=\"/\"]'), \
                  a => new URL(a.href).pathname)";
    let found = browser.run(script, Vec::new()).await?;
    let found = found.as_array().into_iter().flatten();
    Ok(found.filter_map(Value::as_str).map(str::to_owned).collect())
}
