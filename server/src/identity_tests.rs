//! Sign-in with an identity provider, as far as it needs none that answers; a real one is asked in
//! `tests/tests/identity.rs`.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::StatusCode;
use mainstay_core::access::{FRESH_MINUTES, Role};

use crate::provider::{Provider, Settings};
use crate::rig_tests::{Rig, cookie_of, grant, location, text};
use crate::router::router;

const ASK: &str = "/sign-in/do/ask-provider?next=/topology";
const LINK: &str = "/settings/security/do/ask-identity";

/// A service whose provider does not answer: its port was free a moment ago.
async fn rig() -> Rig {
    let mut rig = Rig::new(false).await;
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = Settings {
        issuer: format!("http://127.0.0.1:{port}"),
        client_id: "mainstay".to_owned(),
        secret: "secret".to_owned(),
        name: "Company".to_owned(),
        redirect: "https://console.example/sign-in/provider".to_owned(),
    };
    rig.state.provider = Some(Arc::new(Provider::new(settings).unwrap()));
    rig.router = router(rig.state.clone());
    rig
}

#[tokio::test]
async fn without_a_provider_nobody_is_led_to_one() {
    let rig = Rig::new(false).await;
    rig.user("ann", vec![grant(Role::Viewer)]).await;
    let page = text(rig.get("/sign-in", "").await).await;
    assert!(!page.contains("ask-provider"), "{page}");
    let cookie = rig.sign_in("ann", "").await;
    let page = text(rig.get("/settings/security", &cookie).await).await;
    assert!(!page.contains("ask-identity"), "{page}");
    let form = format!("csrf={}", rig.form_token(&cookie).await);
    for (path, cookie) in [
        (ASK, ""),
        ("/sign-in/provider", ""),
        (LINK, cookie.as_str()),
        ("/settings/security/do/link-identity", cookie.as_str()),
    ] {
        let answer = rig.post(path, cookie, "same-origin", &form).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let back = rig.get("/sign-in/provider?code=x&state=x", "").await;
    assert_eq!(back.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_provider_that_is_away_leaves_the_password() {
    let rig = rig().await;
    rig.user("ann", vec![grant(Role::Viewer)]).await;
    let page = text(rig.get("/sign-in?next=/topology", "").await).await;
    assert!(page.contains("Sign in with Company"), "{page}");
    let away = rig.post(ASK, "", "same-origin", "").await;
    assert_eq!(away.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(cookie_of(&away).is_none(), "no session begins");
    let page = text(away).await;
    assert!(page.contains("does not answer") && page.contains("/sign-in?next=%2Ftopology"));
    // Who is signed in has nothing to ask.
    let cookie = rig.sign_in("ann", "").await;
    assert_eq!(location(&rig.post(ASK, &cookie, "same-origin", "").await), "/topology");
}

#[tokio::test]
async fn what_was_not_asked_is_not_answered() {
    let rig = rig().await;
    let before = rig.latest().await;
    let back = rig.get("/sign-in/provider?code=x&state=x", "").await;
    assert_eq!(location(&back), "/sign-in?again=yes");
    let form = "code=x&state=x";
    let answer = rig.post("/sign-in/provider", "", "same-origin", form).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let forged = rig.post("/sign-in/provider", "", "cross-site", form).await;
    assert_eq!(forged.status(), StatusCode::FORBIDDEN);
    assert_eq!(rig.latest().await, before, "nobody tried anything");
}

#[tokio::test]
async fn a_link_begins_with_a_fresh_proof() {
    let rig = rig().await;
    rig.user("ann", vec![grant(Role::Viewer)]).await;
    let cookie = rig.sign_in("ann", "").await;
    let page = text(rig.get("/settings/security", &cookie).await).await;
    assert!(page.contains("Link with Company"), "{page}");
    let form = format!("csrf={}", rig.form_token(&cookie).await);
    rig.ahead.fetch_add(FRESH_MINUTES * 60, Ordering::Relaxed);
    for path in [LINK, "/settings/security/identities/1/do/remove"] {
        let asked = rig.post(path, &cookie, "same-origin", &form).await;
        assert!(location(&asked).starts_with("/confirm"), "{path}: {}", asked.status());
    }
    rig.ahead.fetch_sub(FRESH_MINUTES * 60, Ordering::Relaxed);
    let away = rig.post(LINK, &cookie, "same-origin", &form).await;
    assert_eq!(away.status(), StatusCode::SERVICE_UNAVAILABLE);
    let page = text(away).await;
    assert!(page.contains("Nothing was linked"), "{page}");
    let link = "/settings/security/do/link-identity";
    let nothing = rig.post(link, &cookie, "same-origin", &format!("{form}&code=x&state=x")).await;
    assert_eq!(nothing.status(), StatusCode::UNPROCESSABLE_ENTITY);
}
