//! Proving again who one is: who is asked, when, and what comes of it.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use http::header::{ACCEPT, AUTHORIZATION, COOKIE, REFERER};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use mainstay_core::access::{FRESH_MINUTES, Permission, Role};
use mainstay_core::audit::{Action, Outcome};

use crate::confirm::require_fresh;
use crate::guard::{RefusalPages, guarded};
use crate::http::page::Context;
use crate::http::{pages, refusal};
use crate::policy::Routes;
use crate::rig_tests::{PASSWORD, Rig, grant, location, text};
use crate::viewer::Viewer;

const HARM: &str = "/harm";

/// A route that wants a fresh proof, in a service of its own.
async fn harm(context: Context, viewer: Viewer) -> Response {
    if let Err(response) = require_fresh(&context, &viewer) {
        return *response;
    }
    "done".into_response()
}

impl Rig {
    /// As [`Rig::new`], with a route that wants a fresh proof.
    async fn with_harm() -> Self {
        let mut rig = Self::new(false).await;
        rig.serve_harm();
        rig
    }

    /// A server that has read no session yet.
    fn serve_harm(&mut self) {
        let own = Permission::OwnAccount;
        let routes: Routes = crate::router::routes(&self.state).get(own, HARM, harm).post(
            own,
            Action::InstanceReplace,
            HARM,
            harm,
        );
        let pages = RefusalPages { refused: pages::error, problem: refusal::problem };
        self.router = guarded(routes, self.state.clone(), pages);
    }

    /// Makes every proof so old that it counts no more.
    async fn grow_old(&mut self) {
        let then = self.state.control.access.now() - TimeDelta::minutes(FRESH_MINUTES);
        sqlx::query("UPDATE sessions SET data = jsonb_set(data, '{confirmed_at}', to_jsonb($1))")
            .bind(then.to_rfc3339())
            .execute(self.db.store.acts())
            .await
            .unwrap();
        self.serve_harm();
    }

    async fn harm(
        &self,
        method: Method,
        cookie: &str,
        headers: &[(&'static str, &str)],
    ) -> Response {
        let mut request = Request::builder()
            .method(method)
            .uri("/harm?to=fra1&x=%20")
            .header(COOKIE, cookie)
            .header("sec-fetch-site", "same-origin");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn confirm(&self, cookie: &str, next: &str, password: &str) -> Response {
        let csrf = self.form_token(cookie).await;
        let password = password.replace(' ', "+");
        let form = format!("csrf={csrf}&password={password}");
        self.post(&format!("/confirm?next={next}"), cookie, "same-origin", &form).await
    }
}

#[tokio::test]
async fn what_can_do_harm_asks_again_after_a_while_and_comes_back() {
    let mut rig = Rig::with_harm().await;
    rig.user("ann", vec![grant(Role::Viewer)]).await;
    let cookie = rig.sign_in("ann", "").await;
    let csrf = rig.form_token(&cookie).await;
    assert_eq!(rig.harm(Method::GET, &cookie, &[]).await.status(), StatusCode::OK);
    rig.grow_old().await;

    let asked = rig.harm(Method::GET, &cookie, &[]).await;
    assert_eq!(asked.status(), StatusCode::SEE_OTHER);
    assert_eq!(location(&asked), "/confirm?next=%2Fharm%3Fto%3Dfra1%26x%3D%2520");
    let referer = (REFERER.as_str(), "http://console.example/services/feed?v=2");
    let posted = rig.harm(Method::POST, &cookie, &[("x-csrf", &csrf), referer]).await;
    assert_eq!(posted.status(), StatusCode::SEE_OTHER);
    assert_eq!(location(&posted), "/confirm?next=%2Fservices%2Ffeed%3Fv%3D2");
    let program = rig.harm(Method::GET, &cookie, &[(ACCEPT.as_str(), "application/json")]).await;
    assert_eq!(program.status(), StatusCode::FORBIDDEN);
    let problem: serde_json::Value = serde_json::from_str(&text(program).await).unwrap();
    assert_eq!(problem["confirm"], "/confirm?next=%2Fharm%3Fto%3Dfra1%26x%3D%2520");
    assert!(problem["detail"].as_str().unwrap().contains("repeat it"), "{problem}");

    let page = text(rig.get("/confirm?next=/harm", &cookie).await).await;
    assert!(page.contains("You go on to /harm afterwards"), "{page}");
    let wrong = rig.confirm(&cookie, "/harm", "not the password").await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(rig.latest().await.unwrap().1, Action::Confirm);
    assert_eq!(rig.latest().await.unwrap().2, Outcome::Refused);
    assert_eq!(rig.harm(Method::GET, &cookie, &[]).await.status(), StatusCode::SEE_OTHER);

    let proved = rig.confirm(&cookie, "%2Fharm%3Fto%3Dfra1", PASSWORD).await;
    assert_eq!(location(&proved), "/harm?to=fra1");
    let (_, action, outcome) = rig.latest().await.unwrap();
    assert_eq!((action, outcome), (Action::Confirm, Outcome::Done));
    assert_eq!(rig.harm(Method::GET, &cookie, &[]).await.status(), StatusCode::OK);
    // Forms that were open meanwhile can still be sent.
    let posted = rig.harm(Method::POST, &cookie, &[("x-csrf", &csrf)]).await;
    assert_eq!(posted.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_proof_leads_to_no_other_site_and_is_not_guessed() {
    let rig = Rig::with_harm().await;
    rig.user("ann", vec![grant(Role::Viewer)]).await;
    let cookie = rig.sign_in("ann", "").await;
    for next in ["//evil.example", "https%3A%2F%2Fevil.example", "%2F%5Cevil.example", "/confirm"] {
        assert_eq!(location(&rig.confirm(&cookie, next, PASSWORD).await), "/", "{next}");
    }
    for _ in 0..5 {
        let wrong = rig.confirm(&cookie, "/", "wrong").await;
        assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    // The wait is of a second, which a slow machine may need for less.
    rig.ahead.fetch_sub(10, Ordering::Relaxed);
    let waits = rig.confirm(&cookie, "/", PASSWORD).await;
    assert_eq!(waits.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(waits.headers().contains_key("retry-after"));
}

#[tokio::test]
async fn a_token_proves_nobody() {
    let rig = Rig::with_harm().await;
    let ann = rig.user("ann", vec![grant(Role::Viewer)]).await;
    let bearer = format!("Bearer {}", rig.token(&ann).await);
    for (method, path, status) in [
        (Method::GET, HARM, StatusCode::FORBIDDEN),
        (Method::POST, HARM, StatusCode::FORBIDDEN),
        (Method::POST, "/confirm", StatusCode::CONFLICT),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(&bearer).unwrap());
        let mut request = Request::builder().method(&method).uri(path).body(Body::empty()).unwrap();
        *request.headers_mut() = headers;
        let answer = rig.send(request).await;
        assert_eq!(answer.status(), status, "{method} {path}");
        let told = text(answer).await;
        assert!(told.contains("an API token does not count"), "{told}");
    }
}
