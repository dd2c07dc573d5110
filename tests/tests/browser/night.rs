//! The story of 3 a.m.: an alert leads a signed-out phone to a runbook; it says what is true now,
//! and leads to the one click, which is undone, done again, and explained afterwards.

use mainstay_tests::{Browser, Look, until};
use serde_json::Value;

use super::rollouts::Town;
use super::{FLEET_PATIENCE, PATIENCE, arrives, ask_until, browser, live};

/// A phone, held upright, in CSS pixels.
const PHONE: (u32, u32) = (390, 844);
const REASON: &str = "It began with the new version";

impl Town {
    /// Leaves the rollout rolled back.
    pub async fn a_night_on_call(&self) {
        let alert = self.an_alert().await;
        let phone = browser(&self.world, Look::default()).await;
        phone.resize(PHONE).await.unwrap();

        // From the alert to what it is about, through the sign-in.
        phone.open(&alert).await.unwrap();
        let there = phone.path().await.unwrap();
        assert!(there.starts_with("/sign-in"), "{there}");
        self.signs_in(&phone).await;
        let runbook = phone.path().await.unwrap();
        assert!(runbook.starts_with("/runbooks/instances-failing?problem="), "{runbook}");

        // What it says is of now: the rollout that is on, and both versions.
        let says = phone.text("main").await.unwrap();
        for words in ["Instances are failing", "1.1.0", "1.0.0", "1 of 2 healthy"] {
            assert!(says.contains(words), "{words:?} in {says}");
        }
        fits(&phone).await;

        // The link of the step leads to a page that does nothing by being opened.
        phone.follow("main a[href$='/do/roll-back']").await.unwrap();
        let page = format!("/rollouts/{}", self.watched);
        arrives(&phone, &format!("{page}/do/roll-back")).await;
        fits(&phone).await;
        self.stands(&self.watched, "watching").await;
        phone.follow("main form button[type=submit], main form button:not([type])").await.unwrap();
        arrives(&phone, &format!("{page}#slot-action")).await;
        self.stands(&self.watched, "rolled-back").await;

        // Too early: undone, and after a thought done again, on the page itself.
        live(&phone).await;
        self.presses(&phone, "Undo").await;
        self.stands(&self.watched, "watching").await;
        self.presses(&phone, "Roll back to 1.0.0").await;
        self.stands(&self.watched, "rolled-back").await;
        fits(&phone).await;

        // Why, once there is time for it.
        phone.open(&format!("{page}?still=yes")).await.unwrap();
        phone.find("#reasons textarea").await.unwrap().send_keys(REASON).await.unwrap();
        phone.follow("#reasons button").await.unwrap();
        phone.text_until("main", PATIENCE, |text| text.contains(REASON)).await.unwrap();
        let auditor = self.world.sign_in("auditor").await.unwrap();
        let log = auditor.json("/api/v1/audit?q=It+began+with").await.unwrap();
        assert_eq!(log["entries"][0]["actor"]["name"], "operator", "{log}");
    }

    /// An instance dies; where the alert about it points.
    async fn an_alert(&self) -> String {
        let service = self.json("/api/v1/services/shop").await.unwrap();
        let rows = service["instances"]["rows"].as_array().unwrap();
        let old = rows.iter().find(|row| row["version"] == "1.0.0").unwrap();
        self.world.lab_fault(&["stop", old["id"].as_str().unwrap()]).unwrap();
        let alert = until("the alert", FLEET_PATIENCE, async || {
            let attention = self.json("/api/v1/attention").await?;
            let open = attention["open"].as_array()?;
            let about = |row: &&Value| {
                row["subject"].as_str().is_some_and(|subject| subject.starts_with("/services/shop"))
            };
            Some(open.iter().find(about)?["runbook"].as_str()?.to_owned())
        });
        alert.await.unwrap()
    }

    /// Signs in on the page that asks for it.
    async fn signs_in(&self, phone: &Browser) {
        let password = self.world.password("operator").unwrap();
        let fields = ["form input:not([type=hidden])", "form input[type=password]"];
        for (field, words) in fields.into_iter().zip(["operator", password]) {
            phone.find(field).await.unwrap().send_keys(words).await.unwrap();
        }
        phone.follow("form button").await.unwrap();
    }

    /// Presses the button of the slot once it offers this: just after it changed it ignores clicks.
    async fn presses(&self, phone: &Browser, offer: &str) {
        let script = format!(
            "const slot = document.querySelector('#slot-action');\
             const button = slot.querySelector('button');\
             const settled = document.querySelector('[data-settling]') === null;\
             if (!settled || !button || !button.textContent.includes('{offer}')) return false;\
             button.click();\
             return true"
        );
        ask_until(phone, offer, FLEET_PATIENCE, &script).await;
    }
}

/// Nothing sticks out to the right.
async fn fits(phone: &Browser) {
    let wider = "return document.documentElement.scrollWidth - window.innerWidth";
    let by = phone.run(wider, Vec::new()).await.unwrap();
    assert!(by.as_i64().is_some_and(|by| by <= 0), "{by} px too wide at {:?}", phone.path().await);
}
