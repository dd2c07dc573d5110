//! Channels over HTTP on a real Postgres: each way of changing one leaves its entry, who may, and
//! what is told of secrets.

#![allow(clippy::unwrap_used, reason = "a test")]

use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Request, StatusCode};
use mainstay_core::access::Role;
use mainstay_core::audit::{Action, Outcome};
use mainstay_core::notify::ChannelId;
use serde_json::{Value, json};

use crate::rig_tests::{Rig, grant, location, text};

const LIST: &str = "/settings/notifications";
const API: &str = "/api/v1/notifications";

struct Admin {
    rig: Rig,
    cookie: String,
    csrf: String,
    bearer: String,
}

impl Admin {
    async fn new() -> Self {
        let rig = Rig::new(false).await;
        let user = rig.user("ann", vec![grant(Role::Admin)]).await;
        let cookie = rig.sign_in("ann", "").await;
        let csrf = rig.form_token(&cookie).await;
        let bearer = format!("Bearer {}", rig.token(&user).await);
        Self { rig, cookie, csrf, bearer }
    }

    async fn form(&self, path: &str, fields: &str) -> axum::response::Response {
        let form = format!("csrf={}&{fields}", self.csrf);
        self.rig.post(path, &self.cookie, "same-origin", &form).await
    }

    async fn api(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let request = Request::post(path)
            .header(AUTHORIZATION, &self.bearer)
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let response = self.rig.send(request).await;
        let (status, said) = (response.status(), text(response).await);
        (status, serde_json::from_str(&said).unwrap_or(Value::String(said)))
    }

    async fn page(&self, path: &str) -> String {
        text(self.rig.get(path, &self.cookie).await).await
    }

    async fn left(&self, action: Action, outcome: Outcome) {
        let (_, is, how) = self.rig.latest().await.unwrap();
        assert_eq!((is, how), (action, outcome));
    }

    /// A channel to a port where nobody listens.
    async fn hook(&self) -> String {
        let fields = json!({ "name": "hook", "way": "webhook", "url": "http://127.0.0.1:9/",
            "least": "critical" });
        let (status, made) = self.api(API, fields).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
        self.left(Action::ChannelCreate, Outcome::Done).await;
        made["channel"]["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn each_way_of_changing_a_channel_leaves_its_entry() {
    let admin = Admin::new().await;
    let create = format!("{LIST}/do/create");
    let fields = "way=webhook&name=one&url=http://127.0.0.1:9/&least=warning";
    let made = admin.form(&create, fields).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    assert!(text(made).await.contains("whsec_"), "shown once");
    admin.left(Action::ChannelCreate, Outcome::Done).await;
    let again = admin.form(&create, fields).await;
    assert_eq!(again.status(), StatusCode::UNPROCESSABLE_ENTITY, "its name is taken");
    admin.left(Action::ChannelCreate, Outcome::Refused).await;
    let id = admin.hook().await;
    let page = format!("{LIST}/{id}");
    assert!(!admin.page(&page).await.contains("whsec_"), "and never again");

    let change = "way=email&name=hook&url=http://127.0.0.1:10/&least=warning&revision=";
    let done = admin.form(&format!("{page}/do/change"), &format!("{change}1")).await;
    assert_eq!(location(&done), format!("{page}?done=channel-changed"));
    admin.left(Action::ChannelChange, Outcome::Done).await;
    let stale = admin.form(&format!("{page}/do/change"), &format!("{change}1")).await;
    assert_eq!(stale.status(), StatusCode::CONFLICT);
    admin.left(Action::ChannelChange, Outcome::Refused).await;
    for (verb, action) in [("pause", Action::ChannelPause), ("resume", Action::ChannelResume)] {
        let done = admin.form(&format!("{page}/do/{verb}"), "").await;
        assert_eq!(done.status(), StatusCode::SEE_OTHER, "{verb}");
        admin.left(action, Outcome::Done).await;
        let (status, told) = admin.api(&format!("{API}/{id}/do/{verb}"), json!({})).await;
        assert_eq!(status, StatusCode::OK, "{told}");
        admin.left(action, Outcome::Done).await;
    }
    let rotated = admin.form(&format!("{page}/do/rotate"), "").await;
    assert_eq!(rotated.status(), StatusCode::CREATED);
    assert!(text(rotated).await.contains("whsec_"));
    admin.left(Action::ChannelRotate, Outcome::Done).await;
    let tested = admin.form(&format!("{page}/do/test"), "").await;
    let shown = admin.page(location(&tested)).await;
    assert!(shown.contains("The test did not arrive.") && shown.contains("no connection"));
    admin.left(Action::ChannelTest, Outcome::Done).await;
    let (status, told) = admin.api(&format!("{API}/{id}/do/test"), json!({})).await;
    assert_eq!((status, &told["delivery"]["state"]["state"]), (StatusCode::OK, &json!("given-up")));
    let removed = admin.form(&format!("{page}/do/remove"), "").await;
    assert_eq!(location(&removed), format!("{LIST}?done=channel-removed"));
    admin.left(Action::ChannelRemove, Outcome::Done).await;
    let gone = admin.rig.get(&page, &admin.cookie).await;
    assert_eq!(gone.status(), StatusCode::GONE);
    assert_eq!(admin.api(&format!("{API}/{id}/do/test"), json!({})).await.0, StatusCode::NOT_FOUND);
    // Its name is free again.
    admin.hook().await;
}

#[tokio::test]
async fn a_program_changes_a_channel_at_the_revision_it_read() {
    let admin = Admin::new().await;
    let id = admin.hook().await;
    let path = format!("{API}/{id}/do/change");
    let channel = json!({ "name": "hook", "url": "http://127.0.0.1:11/", "least": "warning" });
    let (status, _) = admin.api(&path, json!({ "channel": channel })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "which revision?");
    let (status, told) = admin.api(&path, json!({ "revision": 1, "channel": channel })).await;
    assert_eq!((status, &told["channel"]["revision"]), (StatusCode::OK, &json!(2)));
    let (status, _) = admin.api(&path, json!({ "revision": 1, "channel": channel })).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let (status, said) = admin.api(&path, json!({ "revision": 2, "channel": { "x": 1 } })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
    // A token never makes a secret anew: that asks who somebody is.
    let (status, _) = admin.api(&format!("{LIST}/{id}/do/rotate"), json!({})).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_secret_opens_with_the_key_of_the_installation_only() {
    let admin = Admin::new().await;
    let id: ChannelId = admin.hook().await.parse().unwrap();
    // As if the servers had another key than the one it was sealed with.
    sqlx::query("UPDATE notify_channel SET sealed = '\\x00010203'")
        .execute(admin.rig.db.store.acts())
        .await
        .unwrap();
    let (status, told) = admin.api(&format!("{API}/{id}/do/test"), json!({})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(told["delivery"]["answer"]["trouble"], "secret", "{told}");
}
