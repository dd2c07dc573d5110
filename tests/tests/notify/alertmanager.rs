//! Alertmanager: what is pushed is what its API takes, says how things stand, and says the end.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;

use super::Town;
use super::receiver::Receiver;

/// `postableAlert` of the API's description (v2), and nothing else.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Alert {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    #[serde(rename = "generatorURL")]
    generator_url: String,
}

impl Alert {
    /// What Alertmanager refuses.
    fn check(&self) {
        assert!(!self.labels.is_empty());
        for (name, value) in &self.labels {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            assert!(name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()));
            assert!(!value.is_empty(), "{name}");
        }
        assert!(self.starts_at <= self.ends_at);
        assert!(reqwest::Url::parse(&self.generator_url).is_ok());
    }
}

fn pushes(receiver: &Receiver) -> Vec<Vec<Alert>> {
    let got = receiver.got();
    assert!(got.iter().all(|got| got.path == "/am/api/v2/alerts"));
    assert!(got.iter().all(|got| got.headers["authorization"] == "Bearer a token"));
    let read = |body: &[u8]| serde_json::from_slice::<Vec<Alert>>(body).unwrap();
    let pushes: Vec<_> = got.iter().map(|got| read(&got.body)).collect();
    pushes.iter().flatten().for_each(Alert::check);
    pushes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alertmanager_hears_how_things_stand_and_the_end() {
    let mut town = Town::new().await;
    let receiver = Receiver::start(&[]).await;
    let fields = json!({ "name": "alerts", "way": "alertmanager", "url": receiver.url("/am/"),
        "secret": "a token" });
    let (id, _) = town.channel(fields).await;
    let open = town
        .until("both are open", async || pushes(&receiver).pop().filter(|alerts| alerts.len() == 2))
        .await;
    let labels = &open[0].labels;
    assert_eq!(labels["alertname"], "datacenter-never-seen");
    assert_eq!((&*labels["severity"], &*labels["source"]), ("warning", "mainstay"));
    assert!(labels.contains_key("datacenter") && labels["problem"].starts_with("at-100"));
    let left = open[0].ends_at - Utc::now();
    assert!(left.num_seconds() > 60 && left.num_minutes() < 5, "{left}");
    assert!(open[0].annotations["runbook_url"].ends_with("/runbook"));
    assert!(!open[0].annotations["summary"].is_empty());
    let page = town.press(&id, "test").await;
    assert!(page.contains("The test arrived."), "{page}");
    let test = pushes(&receiver).pop().unwrap();
    assert_eq!(test[0].labels["alertname"], "mainstay-test");

    town.world.start_lab().unwrap();
    let first = labels.clone();
    town.until("the end is told", async || {
        let all = pushes(&receiver);
        let ended = all.iter().flatten().find(|it| it.labels == first && it.ends_at <= Utc::now());
        ended.map(|_| ())
    })
    .await;
    assert!(!town.audit().await.contains("a token"));
}
