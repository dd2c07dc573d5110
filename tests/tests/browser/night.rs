//! The story of 3 a.m.: an alert leads a signed-out phone to a runbook; it says what is true now,
//! and leads to the one click, which is undone, done again, and explained afterwards.

use mainstay_tests::{Browser, Look, until};
use serde_json::Value;

use super::rollouts::Town;
use super::{FLEET_PATIENCE, PATIENCE, arrives, browser, live};

/// A phone, held upright, in CSS pixels.
const PHONE: (u32, u32) = (390, 844);
const BACK: &str = "Roll back to 1.0.0";
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
        taps(&phone, "main a[href$='/do/roll-back']").await;
        let page = format!("/rollouts/{}", self.watched);
        arrives(&phone, &format!("{page}/do/roll-back")).await;
        fits(&phone).await;
        self.stands(&self.watched, "watching").await;
        taps(&phone, "main form button[type=submit], main form button:not([type])").await;
        arrives(&phone, &format!("{page}#slot-action")).await;
        self.stands(&self.watched, "rolled-back").await;

        // Too early: undone, and after a thought done again, on the page itself.
        live(&phone).await;
        self.presses(&phone, "Undo", "watching").await;
        self.presses(&phone, BACK, "rolled-back").await;
        fits(&phone).await;

        // Why, once there is time for it.
        phone.open(&format!("{page}?still=yes")).await.unwrap();
        phone.find("#reasons textarea").await.unwrap().send_keys(REASON).await.unwrap();
        taps(&phone, "#reasons button").await;
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

    /// Presses the button of the slot until the rollout is as wanted: just after it changed the
    /// slot ignores clicks, and what was sent once is done once.
    async fn presses(&self, phone: &Browser, offer: &str, wanted: &str) {
        let script = format!(
            "const button = document.querySelector('#slot-action button');\
             if (button?.textContent.trim().startsWith('{offer}')) button.click();\
             return document.querySelector('#slot-action')?.textContent"
        );
        let mut last = Value::Null;
        let done = until(wanted, FLEET_PATIENCE, async || {
            let path = format!("/api/v1/rollouts/{}/standing", self.watched);
            if self.json(&path).await?["rollout"]["state"]["kind"] == wanted {
                return Some(());
            }
            last = phone.run(&script, Vec::new()).await.ok()?;
            None
        });
        let done = done.await;
        assert!(done.is_ok(), "it is not {wanted}; the slot says {last}");
    }
}

/// Taps what leads to another page; the bar at the bottom lies over what is at the very end.
async fn taps(phone: &Browser, selector: &str) {
    phone.find(selector).await.unwrap();
    let script = "document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })";
    phone.run(script, vec![selector.into()]).await.unwrap();
    phone.follow(selector).await.unwrap();
}

/// Nothing sticks out to the right.
async fn fits(phone: &Browser) {
    let wider = "return document.documentElement.scrollWidth - window.innerWidth";
    let by = phone.run(wider, Vec::new()).await.unwrap();
    assert!(by.as_i64().is_some_and(|by| by <= 0), "{by} px too wide at {:?}", phone.path().await);
}
