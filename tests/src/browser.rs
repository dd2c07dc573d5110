//! A real browser: Chromium driven through chromedriver.
//!
//! Invariant: each browser has a driver and a profile of its own, so that no test shares cookies.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::key::Key;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Ending, Process};
use crate::programs;
use crate::wait::until;
use crate::webdriver::{AddAuthenticator, Computed, Protocol, ReadLog, SetVerified};

const START: Duration = Duration::from_secs(60);
/// What a page needs to show something, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
const CHROMIUM_NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// Keeps Chromium from talking to anybody but the tested server.
const FLAGS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// How a browser looks at pages.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub javascript: bool,
    pub dark: bool,
    /// Width and height in CSS pixels.
    pub window: (u32, u32),
}

impl Default for Look {
    fn default() -> Self {
        Self { javascript: true, dark: false, window: (1440, 900) }
    }
}

/// What a page is shown on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    Light,
    Dark,
    Print,
}

/// A running browser with one window.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    base: String,
    _driver: Process,
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser for the server at `base`.
    ///
    /// # Errors
    /// When Chromium or chromedriver is missing or does not start.
    pub async fn start(base: &str, look: Look) -> Result<Self> {
        let profile = tempfile::Builder::new().prefix("mainstay-browser-").tempdir()?;
        let log = profile.path().join("driver.log");
        let mut command = Command::new("chromedriver");
        command.args(["--port=0", "--allowed-ips=127.0.0.1"]).env("HOME", profile.path());
        let mut driver = Process::start("chromedriver", &mut command, &log, Ending::AtOnce)
            .context("the browser tests need chromedriver: run `cargo xtask test`")?;
        let port = until("chromedriver says its port", START, async || match driver.check() {
            Ok(()) => port_in(&driver.log_text()).map(Ok),
            Err(error) => Some(Err(error)),
        });
        let port = port.await??;
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(look, profile.path().join("profile"))?)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .context("opening a window")?;
        Ok(Self { client, base: base.to_owned(), _driver: driver, _profile: profile })
    }

    /// The WebDriver client, for whatever this type does not offer.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Gives the page's window another size, also one smaller than any real window.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn resize(&self, (width, height): (u32, u32)) -> Result<()> {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.protocol("Emulation.setDeviceMetricsOverride", size).await
    }

    /// Shows pages as for a medium: in a theme on screen, or as printed.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn show_as(&self, medium: Medium) -> Result<()> {
        let (media, scheme) = match medium {
            Medium::Light => ("screen", "light"),
            Medium::Dark => ("screen", "dark"),
            Medium::Print => ("print", "light"),
        };
        // Without motion a page is at once as it will be.
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        let media = json!({ "media": media, "features": features });
        self.protocol("Emulation.setEmulatedMedia", media).await
    }

    /// Presses keys one after the other where the focus is: `Control+k`, `g`, `ArrowDown`.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn press(&self, chords: &[&str]) -> Result<()> {
        let mut actions = KeyActions::new("keyboard".to_owned());
        for chord in chords {
            let keys: Vec<char> = match *chord {
                "+" => vec!['+'],
                chord => chord.split('+').map(key_of).collect(),
            };
            let down = keys.iter().map(|value| KeyAction::Down { value: *value });
            let up = keys.iter().rev().map(|value| KeyAction::Up { value: *value });
            actions = down.chain(up).fold(actions, InputSource::then);
        }
        Ok(self.client.perform_actions(actions).await?)
    }

    /// Goes to a path of the server.
    ///
    /// # Errors
    /// When the page cannot be loaded.
    pub async fn open(&self, path: &str) -> Result<()> {
        let address = format!("{}{path}", self.base);
        self.client.goto(&address).await.with_context(|| format!("opening {path}"))
    }

    /// The path and query of the page that is shown.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn path(&self) -> Result<String> {
        let address = self.client.current_url().await?;
        Ok(address.as_str().strip_prefix(&self.base).unwrap_or(address.as_str()).to_owned())
    }

    /// Signs in through the form, as a person does.
    ///
    /// # Errors
    /// When the form is missing or the sign-in is refused.
    pub async fn sign_in(&self, name: &str, password: &str) -> Result<()> {
        self.open("/sign-in").await?;
        let user = "form input[type=text], form input:not([type])";
        self.find(user).await?.send_keys(name).await?;
        self.find("form input[type=password]").await?.send_keys(password).await?;
        self.find("form button[type=submit], form button:not([type])").await?.click().await?;
        until("the sign-in leads to a page", PATIENCE, async || {
            let path = self.path().await.ok()?;
            (!path.starts_with("/sign-in")).then_some(())
        })
        .await
    }

    /// The first element of a CSS selector, waiting until it is there.
    ///
    /// # Errors
    /// When it does not appear.
    pub async fn find(&self, selector: &str) -> Result<Element> {
        self.locate(Locator::Css(selector), selector).await
    }

    /// The element with an ARIA role and an accessible name (exact), waiting until it is there.
    ///
    /// # Errors
    /// When it does not appear.
    pub async fn by_role(&self, role: &str, name: &str) -> Result<Element> {
        let what = format!("{role} named {name:?}");
        until(&what, PATIENCE, async || {
            for element in self.client.find_all(Locator::Css(selector_of(role))).await.ok()? {
                let own = self.computed(&element, "computedrole").await.ok()?;
                if own == role && self.computed(&element, "computedlabel").await.ok()? == name {
                    return Some(element);
                }
            }
            None
        })
        .await
    }

    /// The text of the first element of a selector, of the page that stands when it is read.
    ///
    /// # Errors
    /// When it does not appear.
    pub async fn text(&self, selector: &str) -> Result<String> {
        self.text_until(selector, PATIENCE, |_| true).await
    }

    /// Clicks where the page stays.
    ///
    /// # Errors
    /// When there is nothing to click.
    pub async fn click(&self, selector: &str) -> Result<()> {
        Ok(self.find(selector).await?.click().await?)
    }

    /// Clicks a link or a button that leads to another page, and waits until this one is left: a
    /// click may return before, and what is read then is of either.
    ///
    /// # Errors
    /// When there is nothing to click, or the page stays.
    pub async fn follow(&self, selector: &str) -> Result<()> {
        let there = self.find(selector).await?;
        self.follow_element(there).await
    }

    /// The same of an element.
    ///
    /// # Errors
    /// As [`Browser::follow`].
    pub async fn follow_element(&self, element: Element) -> Result<()> {
        let page = self.find("html").await?;
        element.click().await?;
        until("the page is left", PATIENCE, async || match page.tag_name().await {
            Err(error) if error.is_stale_element_reference() => Some(()),
            _ => None,
        })
        .await
    }

    /// Waits until the text of an element satisfies a condition; the text.
    ///
    /// # Errors
    /// When it does not; with the last text.
    pub async fn text_until(
        &self,
        selector: &str,
        patience: Duration,
        good: impl Fn(&str) -> bool,
    ) -> Result<String> {
        let mut last = String::new();
        let found = until(selector, patience, async || {
            let element = self.client.find(Locator::Css(selector)).await.ok()?;
            last = element.text().await.ok()?;
            good(&last).then(|| last.clone())
        });
        let found = found.await;
        found.with_context(|| format!("the last text of {selector}: {last:?}"))
    }

    /// Runs a function body in the page; what it returns.
    ///
    /// # Errors
    /// When it throws.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        Ok(self.client.execute(script, arguments).await?)
    }

    /// Errors and warnings that the browser's console got since the last call, each once: scripts
    /// that failed, broken content policy, resources that were not found.
    ///
    /// # Errors
    /// When the driver does not answer.
    pub async fn console_errors(&self) -> Result<BTreeSet<String>> {
        let entries = self.client.issue_cmd(ReadLog).await?;
        let entries = entries.as_array().cloned().unwrap_or_default();
        let bad = entries
            .iter()
            .filter(|entry| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING")));
        Ok(bad.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect())
    }

    /// Violations of accessibility (WCAG 2.2 AA and good practice) that axe finds on the page, a
    /// line each.
    ///
    /// # Errors
    /// When axe is missing or fails.
    pub async fn axe(&self) -> Result<Vec<String>> {
        let tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
        let rules = json!({ "target-size": { "enabled": true } });
        self.axe_with(json!({ "runOnly": tags, "rules": rules })).await
    }

    /// Texts of too little contrast: what another theme can make worse.
    ///
    /// # Errors
    /// As [`Browser::axe`].
    pub async fn faint(&self) -> Result<Vec<String>> {
        self.axe_with(json!({ "runOnly": { "type": "rule", "values": ["color-contrast"] } })).await
    }

    async fn axe_with(&self, mut options: Value) -> Result<Vec<String>> {
        if self.run("return typeof axe === 'undefined'", Vec::new()).await? == true {
            let script = fs::read_to_string(programs::axe()?)?;
            self.run(&script, Vec::new()).await?;
        }
        options["resultTypes"] = json!(["violations"]);
        let check = "const [options, done] = arguments; axe.run(document, options)\
                     .then(found => done(found.violations), error => done(String(error)));";
        let found = self.client.execute_async(check, vec![options]).await?;
        let Some(violations) = found.as_array() else { bail!("axe failed: {found}") };
        let line = |violation: &Value| {
            let nodes = violation["nodes"].as_array().into_iter().flatten();
            let places: Vec<String> = nodes.map(|node| node["target"].to_string()).collect();
            let text = |field: &str| violation[field].as_str().unwrap_or_default();
            format!("{}: {} at {}", text("id"), text("help"), places.join(", "))
        };
        Ok(violations.iter().map(line).collect())
    }

    /// Gives the browser a device for passkeys, which its owner holds; what to call it.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn add_authenticator(&self) -> Result<String> {
        let device = self.client.issue_cmd(AddAuthenticator).await?;
        device.as_str().map(str::to_owned).context("the device has no name")
    }

    /// Says whether such a device is in its owner's hand from now on.
    ///
    /// # Errors
    /// When there is no such device.
    pub async fn set_verified(&self, authenticator: &str, verified: bool) -> Result<()> {
        let authenticator = authenticator.to_owned();
        Ok(self.client.issue_cmd(SetVerified { authenticator, verified }).await.map(drop)?)
    }

    /// Saves what the window shows as a PNG.
    ///
    /// # Errors
    /// When the browser or the file fails.
    pub async fn screenshot(&self, path: &std::path::Path) -> Result<()> {
        Ok(fs::write(path, self.client.screenshot().await?)?)
    }

    async fn protocol(&self, command: &'static str, parameters: Value) -> Result<()> {
        let answer = self.client.issue_cmd(Protocol { command, parameters }).await;
        answer.map(drop).with_context(|| format!("the browser's {command}"))
    }

    async fn locate(&self, locator: Locator<'_>, what: &str) -> Result<Element> {
        until(what, PATIENCE, async || self.client.find(locator).await.ok()).await
    }

    /// The role or name that the browser computed for assistive technology.
    async fn computed(&self, element: &Element, what: &'static str) -> Result<String, CmdError> {
        let element = element.element_id().to_string();
        let value = self.client.issue_cmd(Computed { element, what }).await?;
        Ok(value.as_str().unwrap_or_default().to_owned())
    }
}

/// Elements that can have a role at all: by tag, and any that names it.
fn selector_of(role: &str) -> &'static str {
    match role {
        "button" => "button, summary, input[type=submit], [role=button]",
        "link" => "a[href], [role=link]",
        "heading" => "h1, h2, h3, h4, h5, h6, [role=heading]",
        "textbox" => "input, textarea, [role=textbox]",
        "dialog" => "dialog, [role=dialog]",
        "table" => "table, [role=table]",
        "row" => "tr, [role=row]",
        "navigation" => "nav, [role=navigation]",
        _ => "body *",
    }
}

/// A key by its name in the DOM; WebDriver gives keys without a character a private one.
fn key_of(name: &str) -> char {
    match name {
        "Tab" => Key::Tab.into(),
        "Enter" => Key::Enter.into(),
        "Escape" => Key::Escape.into(),
        "Shift" => Key::Shift.into(),
        "Control" => Key::Control.into(),
        "End" => Key::End.into(),
        "Home" => Key::Home.into(),
        "ArrowLeft" => Key::Left.into(),
        "ArrowUp" => Key::Up.into(),
        "ArrowRight" => Key::Right.into(),
        "ArrowDown" => Key::Down.into(),
        character => character.chars().next().unwrap_or(' '),
    }
}

fn capabilities(look: Look, profile: PathBuf) -> Result<Capabilities> {
    let mut arguments: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
    arguments.push(format!("--user-data-dir={}", profile.display()));
    arguments.push(format!("--window-size={},{}", look.window.0, look.window.1));
    if look.dark {
        arguments.push("--force-dark-mode".to_owned());
        arguments.push("--blink-settings=preferredColorScheme=0".to_owned());
    }
    let scripts = if look.javascript { 1 } else { 2 };
    let capabilities = json!({
        "browserName": "chrome",
        "goog:chromeOptions": {
            "binary": chromium()?,
            "args": arguments,
            "prefs": { "profile.managed_default_content_settings.javascript": scripts },
        },
        "goog:loggingPrefs": { "browser": "ALL" },
    });
    let Value::Object(capabilities) = capabilities else { bail!("capabilities are an object") };
    Ok(capabilities)
}

fn chromium() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .flat_map(|dir| CHROMIUM_NAMES.map(|name| dir.join(name)))
        .find(|program| program.is_file())
        .context("the browser tests need Chromium: run `cargo xtask test`")
}

/// The port in `ChromeDriver was started successfully on port 41234.`
fn port_in(log: &str) -> Option<u16> {
    let rest = log.split("successfully on port ").nth(1)?;
    let (number, _) = rest.split_once('.')?;
    number.parse().ok()
}
