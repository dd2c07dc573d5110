//! Webhooks: signed, told once, tried again as the receiver answers, and nobody shown a secret.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::receiver::{Answer, Receiver};
use super::{LIST, Town};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_is_told_signed_and_once_of_each_problem() {
    let town = Town::new().await;
    let receiver = Receiver::start(&[]).await;
    let (id, secret) = town.webhook("on call", &receiver.url("/hook?token=half")).await;
    town.until("both problems are told", async || (receiver.got().len() >= 2).then_some(())).await;
    let got = receiver.got();
    let mut told: Vec<_> = got.iter().flat_map(|got| got.told()).collect();
    told.sort();
    assert_eq!(told, ["at-1001 opened", "at-1002 opened"]);
    let first = &got[0];
    assert_eq!(first.path, "/hook");
    for got in &got {
        assert!(got.is_signed(&secret), "{:?}", got.headers);
        assert_eq!(got.headers["idempotency-key"], got.id());
    }
    assert_ne!(got[0].id(), got[1].id());
    let json = first.json();
    assert_eq!((&json["type"], &json["version"]), (&json!("problem.opened"), &json!(1)));
    let problem = &json["data"]["problems"][0];
    assert_eq!(problem["kind"], "datacenter-never-seen");
    assert_eq!((&problem["severity"], &problem["state"]), (&json!("warning"), &json!("open")));
    let page = format!("http://localhost:4711/attention/{}", problem["id"].as_str().unwrap());
    assert_eq!(problem["url"], page);
    assert_eq!(problem["runbook_url"], format!("{page}/runbook"));
    assert!(json["data"]["text"].as_str().unwrap().starts_with("Warning: "));
    town.until("both are known to have arrived", async || {
        let all = town.deliveries(&id).await;
        (all == [("sent".to_owned(), 1), ("sent".to_owned(), 1)]).then_some(())
    })
    .await;
    let page = town.admin.page("/attention/at-1001").await.unwrap();
    assert!(page.contains("Who was told") && page.contains("on call"), "{page}");

    // A new secret: both count for a while.
    let shown = town.press(&id, "rotate").await;
    let start = shown.find("whsec_").unwrap();
    let new: String = shown[start..].chars().take_while(|c| *c != '"').collect();
    assert_ne!(new, secret);
    let page = town.press(&id, "test").await;
    assert!(page.contains("The test arrived.") && page.contains("said by the receiver"), "{page}");
    let test = receiver.got().pop().unwrap();
    assert_eq!(test.json()["type"], "test");
    assert!(test.is_signed(&secret) && test.is_signed(&new));

    // Neither is shown, written or logged, nor what may be half of one.
    let page = town.admin.page(&format!("/settings/notifications/{id}")).await.unwrap();
    let (json, audit) = (town.told(&id).await.to_string(), town.audit().await);
    let list = town.admin.json(LIST).await.unwrap().to_string();
    let log = town.world.server_log();
    for secret in [&secret, &new] {
        for text in [&page, &json, &audit, &list, &log] {
            assert!(!text.contains(&**secret));
        }
    }
    assert!(!audit.contains("token=half") && !log.contains("token=half"));
    for action in ["channel-create", "channel-rotate", "channel-test"] {
        assert!(audit.contains(action), "{action}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_is_tried_again_under_its_id_and_given_up_in_the_end() {
    let town = Town::new().await;
    let elsewhere = Receiver::start(&[]).await;
    let away = elsewhere.url("/stolen");
    let slow = Answer::With(429, "retry-after", "1".to_owned());
    let receiver = Receiver::start(&[Answer::Status(500), slow, Answer::Status(503)]).await;
    let only = json!({ "name": "one", "way": "webhook", "url": receiver.url("/"),
        "datacenters": "north" });
    let (id, secret) = town.channel(only).await;
    town.until("it arrives at last", async || {
        (town.deliveries(&id).await == [("sent".to_owned(), 4)]).then_some(())
    })
    .await;
    let got = receiver.got();
    let tries: Vec<_> = got.iter().map(|got| &*got.headers["mainstay-try"]).collect();
    assert_eq!(tries, ["1", "2", "3", "4"]);
    assert!(got.iter().all(|it| it.id() == got[0].id() && it.body == got[0].body));
    assert!(got.iter().all(|it| it.is_signed(secret.as_deref().unwrap())));

    // A redirect is an answer like another, and is not followed.
    let redirect = vec![Answer::With(307, "location", away); 3];
    let receiver = Receiver::start(&redirect).await;
    let only = json!({ "name": "two", "way": "webhook", "url": receiver.url("/"),
        "datacenters": "north" });
    let (id, _) = town.channel(only).await;
    town.until("it is given up", async || {
        (town.deliveries(&id).await == [("given-up".to_owned(), 3)]).then_some(())
    })
    .await;
    assert_eq!((receiver.got().len(), elsewhere.got().len()), (3, 0));
    let page = town.admin.page(&format!("/settings/notifications/{id}")).await.unwrap();
    assert!(page.contains("HTTP 307"), "{page}");
    assert!(town.audit().await.contains("delivery-give-up"));

    // That it does not deliver is a problem, told by the other channels and not by itself.
    town.until("the problem is there", async || {
        let data = town.admin.json("/api/v1/attention").await.ok()?;
        let open = data["open"].as_array()?;
        open.iter().any(|row| row["title"].as_str().unwrap().contains("two")).then_some(())
    })
    .await;
    assert_eq!(receiver.got().len(), 3);
    let page = town.press(&id, "test").await;
    assert!(page.contains("The test arrived."), "{page}");
    town.until("a test that arrives ends it", async || {
        let data = town.admin.json("/api/v1/attention").await.ok()?;
        let open = data["open"].as_array()?;
        (!open.iter().any(|row| row["title"].as_str().unwrap().contains("two"))).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_gone_stops_its_channel() {
    let town = Town::new().await;
    let receiver = Receiver::start(&[Answer::Status(410)]).await;
    let (id, _) = town.webhook("gone", &receiver.url("/")).await;
    town.until("it stops", async || {
        let told = town.told(&id).await;
        (told["channel"]["standing"]["standing"] == "stopped").then_some(())
    })
    .await;
    assert_eq!(receiver.got().len(), 1, "the other problem is not told any more");
    assert!(town.audit().await.contains("channel-stop"));
    town.press(&id, "resume").await;
    town.until("what waited arrives", async || (receiver.got().len() >= 2).then_some(())).await;
    let page = town.press(&id, "pause").await;
    assert!(page.contains("Paused"), "{page}");
    town.press(&id, "remove").await;
    assert_eq!(town.told_status(&id).await, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_not_be_told_is_refused_in_sentences() {
    let town = Town::new().await;
    let refused = async |fields: Value| {
        let mut draft = json!({ "name": "x", "way": "webhook", "least": "warning" });
        draft.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let response = town.program.post(LIST, &draft).await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{text}");
        text
    };
    for url in [
        "https://10.0.0.1/",
        "https://[fd00::1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:10.0.0.1]/",
        "http://8.8.8.8/",
        "https://user:pass@example.org/",
        "file:///etc/passwd",
    ] {
        assert!(refused(json!({ "url": url })).await.contains("\"url\""), "{url}");
    }
    refused(json!({ "way": "pigeon" })).await;
    refused(json!({ "url": "https://example.org", "groups": "nobody" })).await;
    let page = "/settings/notifications/do/create?way=email";
    let action = "/settings/notifications/do/create";
    let values = [
        ("name", "<script>alert(1)</script>"),
        ("host", "mail.example.org"),
        ("port", "25"),
        ("from", "a@example.org\r\nBcc: eve@example.org"),
        ("to", "nobody"),
        ("secret", "do not show this"),
    ];
    let response = town.admin.submit(page, action, &values).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let html = response.text().await.unwrap();
    assert!(html.contains("Write mailboxes like"), "{html}");
    assert!(!html.contains("<script>alert") && !html.contains("do not show this"), "{html}");
    assert!(!town.audit().await.contains("do not show this"));
    // A name that resolves to an address that is not allowed is found at the time of sending.
    let local = json!({ "name": "local", "way": "webhook", "url": "https://localhost6.invalid/" });
    let (id, _) = town.channel(local).await;
    let page = town.press(&id, "test").await;
    assert!(page.contains("The test did not arrive."), "{page}");
}

impl Town {
    async fn told_status(&self, id: &str) -> StatusCode {
        self.admin.get(&format!("{LIST}/{id}")).await.unwrap().status()
    }
}
