//! Rollouts in the browser: their pages, the one click and its undo, with scripts and without.
//!
//! The fleet of this world has an edge in each region and users; one version was taken back and is
//! in quarantine, another one is watched for as long as the world stands.

use mainstay_tests::{Browser, Look, Program, Setup, Visitor, World, programs, until};
use serde_json::{Value, json};

use super::pages::{Page, check};
use super::{FLEET_PATIENCE, PATIENCE, arrives, ask, ask_until, live, plain, signed_in};

/// Requests a second of both regions' users: enough for a verdict, and light.
const RATE: &str = "60";
const BACK: &str = "Roll back to 1.0.0";
/// Until the edges' logs show that nobody reaches the version any more.
const BACK_PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

pub struct Town {
    pub world: World,
    visitor: Visitor,
    operator: Program,
    /// The rollout that was taken back, and the one that is watched.
    ended: String,
    pub watched: String,
    _fleet: tempfile::TempDir,
}

#[tokio::test]
async fn rollouts_are_read_watched_and_taken_back_with_one_click() {
    let town = Town::new().await;
    let pages = town.pages();
    let admin = signed_in(&town.world, "admin", Look::default()).await;
    check(&admin, &pages).await;
    drop(admin);
    town.reads_without_script(&pages).await;
    town.a_viewer_sees_why_not().await;
    town.one_click_and_its_undo().await;
    town.the_same_offer_counts_at_once().await;
    town.the_same_without_script().await;
    town.a_night_on_call().await;
}

impl Town {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let fleet_file = Some(programs::fleet_at_noon("rollout.toml", dir.path()).unwrap());
        let lab_options = vec!["--load-rate".to_owned(), RATE.to_owned()];
        let setup = Setup { fleet_file, lab: true, lab_options, ..Setup::default() };
        let world = World::start_with(setup).await.unwrap();
        let visitor = world.sign_in("operator").await.unwrap();
        let operator = Program::of(&visitor, "operator").await.unwrap();
        let mut town = Self {
            world,
            visitor,
            operator,
            ended: String::new(),
            watched: String::new(),
            _fleet: dir,
        };
        until("users reach the shop at both edges", FLEET_PATIENCE, async || {
            let edges = town.json("/api/v1/edges").await?;
            let rows = edges["edges"].as_array()?;
            let served = |row: &Value| row["traffic"]["requests"].as_u64().is_some_and(|n| n > 0);
            (rows.len() == 2 && rows.iter().all(served)).then_some(())
        })
        .await
        .unwrap();
        town.ended = town.start("1.2.0").await;
        town.ask(&town.ended, "roll-back").await;
        town.stands(&town.ended, "rolled-back").await;
        town.ask(&town.ended, "end").await;
        town.watched = town.start("1.1.0").await;
        town
    }

    pub async fn json(&self, path: &str) -> Option<Value> {
        self.visitor.json(path).await.ok()
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.operator.post(path, body).await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Benches a version and starts a rollout that is watched for an hour; its id, once it is.
    async fn start(&self, version: &str) -> String {
        self.post("/api/v1/services/shop/do/run-bench", &json!({ "version": version })).await;
        until("the bench has passed", PATIENCE, async || {
            let data = self.json("/api/v1/services/shop/bench/results").await?;
            let results = data["results"].as_array()?;
            let of = results.iter().find(|result| result["version"] == version)?;
            (of["report"]["state"]["kind"] == "passed").then_some(())
        })
        .await
        .unwrap();
        let steps = [50, 100].map(|weight| json!({ "weight": weight, "watch_seconds": 3600 }));
        let request = json!({
            "version": version, "steps": steps, "configuration_compatible": true,
            "change": "CHG-12",
        });
        let path = "/api/v1/services/shop/do/start-rollout";
        let answer = self.post(path, &json!({ "request": request })).await;
        let id = answer["rollout"]["id"].as_str().unwrap().to_owned();
        self.stands(&id, "watching").await;
        id
    }

    async fn ask(&self, id: &str, verb: &str) {
        self.post(&format!("/api/v1/rollouts/{id}/do/{verb}"), &json!({})).await;
    }

    pub async fn stands(&self, id: &str, wanted: &str) {
        let mut last = Value::Null;
        let stands = until("the rollout's state", BACK_PATIENCE, async || {
            last = self.json(&format!("/api/v1/rollouts/{id}/standing")).await?;
            (last["rollout"]["state"]["kind"] == wanted).then_some(())
        });
        let stands = stands.await;
        assert!(stands.is_ok(), "it is not {wanted}: {last:#}");
    }

    fn pages(&self) -> Vec<Page> {
        let (watched, ended) = (&self.watched, &self.ended);
        let verbs = ["roll-back", "pause", "resume", "promote", "promote-fully", "undo", "end"];
        let reviews =
            verbs.map(|verb| ("/rollouts/*/do/*", format!("/rollouts/{watched}/do/{verb}"), 200));
        let preview = "/services/shop/do/start-rollout?version=1.3.0&config=yes&steps=5%25+now";
        let fixed = [
            ("/", "/".to_owned(), 200),
            ("/topology", "/topology?by=version".to_owned(), 200),
            ("/services/*", "/services/shop".to_owned(), 200),
            ("/services/*/in/*", "/services/shop/in/south".to_owned(), 200),
            ("/rollouts", "/rollouts".to_owned(), 200),
            ("/rollouts", "/rollouts?status=nonsense&service=shop".to_owned(), 200),
            ("/rollouts/*", format!("/rollouts/{watched}"), 200),
            ("/rollouts/*", format!("/rollouts/{ended}"), 200),
            ("/rollouts/*/steps/*", format!("/rollouts/{watched}/steps/1"), 200),
            ("/rollouts/*/analysis/*", format!("/rollouts/{watched}/analysis/errors"), 200),
            ("/rollouts/*/analysis/*", format!("/rollouts/{ended}/analysis/p95"), 200),
            ("/rollouts/*/conditions/*", format!("/rollouts/{watched}/conditions/1"), 200),
            ("/rollouts/do/start", "/rollouts/do/start".to_owned(), 200),
            ("/rollouts/quarantine", "/rollouts/quarantine".to_owned(), 200),
            (
                "/rollouts/quarantine/do/lift",
                "/rollouts/quarantine/do/lift?service=shop&version=1.2.0".to_owned(),
                200,
            ),
            ("/services/*/do/start-rollout", "/services/depot/do/start-rollout".to_owned(), 200),
            ("/services/*/do/start-rollout", preview.to_owned(), 422),
            ("/services/*/bench", "/services/shop/bench".to_owned(), 200),
            ("/services/*/traffic", "/services/shop/traffic".to_owned(), 200),
            ("/edges", "/edges".to_owned(), 200),
            ("/edges/*", "/edges/edge-coast".to_owned(), 200),
        ];
        let pages = fixed.into_iter().chain(reviews);
        pages.map(|(kind, path, status)| Page { kind, path, status }).collect()
    }

    async fn reads_without_script(&self, pages: &[Page]) {
        let browser = signed_in(&self.world, "operator", plain()).await;
        for page in pages {
            browser.open(&page.path).await.unwrap();
            let main = browser.text("main").await.unwrap();
            let heading = browser.text("main h1").await.unwrap();
            assert!(!heading.is_empty() && main.len() > heading.len() + 20, "{}", page.path);
        }
    }

    async fn a_viewer_sees_why_not(&self) {
        let browser = signed_in(&self.world, "viewer", Look::default()).await;
        browser.open(&format!("/rollouts/{}", self.watched)).await.unwrap();
        let button = browser.by_role("button", BACK).await.unwrap();
        assert!(!button.is_enabled().await.unwrap());
        let why = browser.text("#slot-action small").await.unwrap();
        assert_eq!(why, "This needs the role operator or admin. You do not hold it.");
    }

    /// By keys alone: the slot says what goes on, then the result, and undo brings it back.
    async fn one_click_and_its_undo(&self) {
        let page = format!("/rollouts/{}", self.watched);
        let browser = signed_in(&self.world, "operator", Look::default()).await;
        browser.open(&page).await.unwrap();
        live(&browser).await;
        browser.press(&["Shift+R"]).await.unwrap();
        let focused = "return document.activeElement.textContent";
        assert_eq!(ask(&browser, focused).await, BACK);
        // The window came to the front a moment ago: until it settled, clicks do nothing.
        let settled = "return document.querySelector('[data-settling]') === null";
        ask_until(&browser, "the slot has settled", BACK_PATIENCE, settled).await;
        // Twice, as an impatient person does.
        browser.press(&["Enter", "Enter"]).await.unwrap();
        let says = |what: &str| {
            format!("return document.querySelector('#slot-action').textContent.includes('{what}')")
        };
        ask_until(&browser, "undo is offered", BACK_PATIENCE, &says("Undo")).await;
        self.stands(&self.watched, "rolled-back").await;
        assert_eq!(browser.path().await.unwrap(), page, "the page stays");
        assert_eq!(self.done("rollout-roll-back").await, 2, "once each");

        // The slot ignores clicks just after it changed.
        let undo = "const button = document.querySelector('#slot-action button');\
                    if (/Undo/.test(button.textContent)) button.click();\
                    return /Undoing|Roll back/.test(\
                    document.querySelector('#slot-action').textContent)";
        ask_until(&browser, "undo is pressed", BACK_PATIENCE, undo).await;
        self.stands(&self.watched, "watching").await;
        ask_until(&browser, "the one click is back", BACK_PATIENCE, &says(BACK)).await;
    }

    /// The state changes and the slot does not come to mean anything else.
    async fn the_same_offer_counts_at_once(&self) {
        let browser = signed_in(&self.world, "operator", Look::default()).await;
        browser.open(&format!("/rollouts/{}", self.watched)).await.unwrap();
        live(&browser).await;
        let settled = "return document.querySelector('[data-settling]') === null";
        ask_until(&browser, "the slot has settled", BACK_PATIENCE, settled).await;
        let revision = "return document.querySelector('#slot-action [name=revision]').value";
        let before = ask(&browser, revision).await;
        let watch = "window.settlings = 0;
            new MutationObserver((all) => { window.settlings += all.length; }).observe(
                document.querySelector('main'),
                { subtree: true, attributes: true, attributeFilter: ['data-settling'] });
            return 'watched'";
        assert_eq!(ask(&browser, watch).await, "watched");
        self.ask(&self.watched, "pause").await;
        let newer = format!("{revision} !== '{}'", before.as_str().unwrap());
        ask_until(&browser, "the slot is of the new state", BACK_PATIENCE, &newer).await;
        assert_eq!(ask(&browser, "return window.settlings").await, 0);
        self.ask(&self.watched, "resume").await;
        self.stands(&self.watched, "watching").await;
    }

    /// Entries of an action that was done.
    async fn done(&self, action: &str) -> usize {
        let visitor = self.world.sign_in("auditor").await.unwrap();
        let log = visitor.json(&format!("/api/v1/audit?action={action}")).await.unwrap();
        let entries = log["entries"].as_array().into_iter().flatten();
        entries.filter(|entry| entry["outcome"] == "done").count()
    }

    async fn the_same_without_script(&self) {
        let page = format!("/rollouts/{}", self.watched);
        let browser = signed_in(&self.world, "operator", plain()).await;
        // What was looked at has changed meanwhile: nothing is done, and the page says who did it.
        browser.open(&format!("{page}/do/promote-fully")).await.unwrap();
        browser.find("#confirm").await.unwrap().send_keys("shop").await.unwrap();
        browser.find("#reason").await.unwrap().send_keys("it looks good to me").await.unwrap();
        self.ask(&self.watched, "pause").await;
        browser.follow("main form button").await.unwrap();
        browser.find("#slot-action").await.unwrap();
        let main = browser.text("main").await.unwrap();
        assert!(main.contains("Nothing was done.") && main.contains("operator"), "{main}");
        self.stands(&self.watched, "paused").await;

        browser.follow("#slot-action button").await.unwrap();
        arrives(&browser, &format!("{page}#slot-action")).await;
        self.until_slot(&browser, "Undo").await;
        browser.follow("#slot-action button").await.unwrap();
        self.stands(&self.watched, "watching").await;
        self.until_slot(&browser, BACK).await;
    }

    /// Loads the page until its slot says something.
    async fn until_slot(&self, browser: &Browser, what: &str) {
        let page = format!("/rollouts/{}?still=yes", self.watched);
        let mut last = String::new();
        let says = until("the slot", BACK_PATIENCE, async || {
            browser.open(&page).await.ok()?;
            last = browser.find("#slot-action").await.ok()?.text().await.ok()?;
            last.contains(what).then_some(())
        });
        let says = says.await;
        assert!(says.is_ok(), "{what} is not offered: {last}");
    }
}
