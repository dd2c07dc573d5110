//! The console in a real browser.
//!
//! Most tests share one world with a running fleet, in which something is wrong; each has a browser
//! of its own, two at a time. A test that stops the server has a world of its own.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

mod access;
mod audit;
mod identity;
mod keys;
mod live;
mod night;
mod pages;
mod paper;
mod passkeys;
mod plain;
mod rollouts;
mod tabs;

use std::ops::Deref;
use std::time::Duration;

use mainstay_tests::{Browser, Look, World, until};
use serde_json::Value;
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

/// The machine that runs the tests may be busy with compiling.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// From the first agent to a fleet that is healthy.
pub const FLEET_PATIENCE: Duration = Duration::from_secs(90);
const BROWSERS_MAX: usize = 2;
/// The instance that fails for as long as the shared world stands.
pub const FAILING: &str = "stock-fra1-1";

/// The world that most tests share, once its fleet runs and has one open problem.
pub async fn world() -> &'static World {
    static WORLD: OnceCell<World> = OnceCell::const_new();
    WORLD
        .get_or_init(|| async {
            let world = World::start_with_lab().await.expect("a world starts");
            all_healthy(&world).await;
            world.lab_fault(&["stop", FAILING]).expect("the lab stops an instance");
            let visitor = world.sign_in("viewer").await.expect("the viewer signs in");
            let opened = until("a problem is opened", PATIENCE, async || {
                open_problem(&visitor.json("/api/v1/attention").await.ok()?)
            });
            opened.await.expect("a stopped instance is a problem");
            world
        })
        .await
}

/// Waits until every instance of a world's fleet is healthy and nothing is wrong.
pub async fn all_healthy(world: &World) {
    let visitor = world.sign_in("viewer").await.expect("the viewer signs in");
    let healthy = until("the fleet is healthy", FLEET_PATIENCE, async || {
        let estate = visitor.json("/api/v1/topology").await.ok()?;
        let (healthy, total) = (&estate["counts"]["healthy"], &estate["counts"]["total"]);
        let none = open_problem(&visitor.json("/api/v1/attention").await.ok()?).is_none();
        (none && healthy == total && total.as_u64()? >= 14).then_some(())
    });
    healthy.await.expect("the lab's fleet becomes healthy");
}

/// The address of the first open problem.
pub fn open_problem(attention: &Value) -> Option<String> {
    Some(attention["open"].get(0)?["href"].as_str()?.to_owned())
}

/// A browser with its turn, which ends with it.
pub struct Turn {
    browser: Browser,
    _permit: SemaphorePermit<'static>,
}

impl Deref for Turn {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        &self.browser
    }
}

/// A browser, when it is this test's turn.
pub async fn browser(world: &World, look: Look) -> Turn {
    browser_at(&world.base(), look).await
}

/// The same for a console at an address.
pub async fn browser_at(base: &str, look: Look) -> Turn {
    static TURNS: Semaphore = Semaphore::const_new(BROWSERS_MAX);
    let permit = TURNS.acquire().await.expect("it is never closed");
    let browser = Browser::start(base, look).await.expect("a browser starts");
    Turn { browser, _permit: permit }
}

/// A browser in which somebody is signed in; users are named after their roles.
pub async fn signed_in(world: &World, role: &str, look: Look) -> Turn {
    let browser = browser(world, look).await;
    let password = world.password(role).expect("there is a user for each role");
    browser.sign_in(role, password).await.expect("the sign-in works");
    browser
}

/// A look without scripts.
pub fn plain() -> Look {
    Look { javascript: false, ..Look::default() }
}

/// Waits until the page's islands are awake and hear the server.
pub async fn live(browser: &Browser) {
    browser.find("html[data-live=on]").await.expect("the page becomes live");
}

/// Waits until the browser shows an address.
pub async fn arrives(browser: &Browser, path: &str) {
    let mut last = String::new();
    let arrived = until("an address", PATIENCE, async || {
        last = browser.path().await.ok()?;
        (last == path).then_some(())
    });
    let arrived = arrived.await;
    assert!(arrived.is_ok(), "at {last} instead of {path}");
}

/// What a script of the page's says.
pub async fn ask(browser: &Browser, script: &str) -> Value {
    browser.run(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error:#}"))
}

/// Waits until a script of the page's says something else than `null`, `false` or an empty text.
pub async fn ask_until(browser: &Browser, what: &str, patience: Duration, script: &str) -> Value {
    let answer = until(what, patience, async || {
        let answer = browser.run(script, Vec::new()).await.ok()?;
        let nothing = answer.is_null() || answer == false || answer == "";
        (!nothing).then_some(answer)
    });
    answer.await.unwrap_or_else(|error| panic!("{error:#}"))
}
