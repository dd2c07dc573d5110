//! Shared pages on the whole service: shared are they, and nothing of their readers.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::Read as _;

use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, COOKIE};
use http::{Request, StatusCode};
use mainstay_core::access::Role;
use mainstay_core::fleet::{Fleet, read};

use crate::rig_tests::{Rig, grant, location};

const PATH: &str = "/topology";
const MAIN: (&str, &str) = ("<main", "</main>");

/// A fleet whose services carry this name.
fn fleet(name: &str) -> Fleet {
    let text = format!(
        r#"name = "test"
        [[region]]
        id = "north"
        name = "North"
        time_zone = "Europe/Oslo"
        warehouses = true
        [[datacenter]]
        id = "osl1"
        name = "Oslo"
        region = "north"
        vendor = "on-premises"
        [[group]]
        id = "store"
        name = "Store"
        priority = 1
        [[service]]
        id = "{name}"
        group = "store"
        nodes = 2
        version = "1.0.0"
        placement = "local"
        needs = "warehouses"
        "#
    );
    read::read(&text).unwrap()
}

async fn get(rig: &Rig, cookie: &str, coding: &str) -> Response {
    let request = Request::get(PATH).header(COOKIE, cookie).header(ACCEPT_ENCODING, coding);
    rig.send(request.body(Body::empty()).unwrap()).await
}

/// The nonce of the policy, and the document.
async fn document(response: Response) -> (String, String) {
    assert_eq!(response.status(), StatusCode::OK);
    let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
    let nonce = policy.split_once("'nonce-").unwrap().1.split('\'').next().unwrap().to_owned();
    let brotli = response.headers().get(CONTENT_ENCODING).is_some_and(|coding| coding == "br");
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let mut html = String::new();
    if brotli {
        brotli::Decompressor::new(&bytes[..], 4_096).read_to_string(&mut html).unwrap();
    } else {
        html = String::from_utf8(bytes.to_vec()).unwrap();
    }
    assert!(html.starts_with("<!doctype html>") && html.ends_with("</body></html>"), "{html}");
    (nonce, html)
}

#[tokio::test]
async fn readers_share_a_page_and_nothing_of_one_another() {
    let rig = Rig::new(false).await;
    rig.state.control.estate.set_fleet(1, fleet("cart-api"));
    let people = [("annabel", Role::Admin), ("bartholomew", Role::Viewer)];
    let mut cookies = Vec::new();
    for (name, role) in people {
        rig.user(name, vec![grant(role)]).await;
        let cookie = rig.sign_in(name, "").await;
        cookies.push((name, rig.form_token(&cookie).await, cookie));
    }
    let mut nonces = Vec::new();
    for round in 0..2 {
        for (at, (name, token, cookie)) in cookies.iter().enumerate() {
            let (other, other_token, _) = &cookies[1 - at];
            for coding in ["br", "gzip;q=0", "identity"] {
                let (nonce, html) = document(get(&rig, cookie, coding).await).await;
                let what = format!("round {round}, {name}, {coding}");
                assert!(html.contains(name), "{what}: the reader is not named");
                assert!(!html.contains(other), "{what}: {other} is named");
                assert!(!html.contains(other_token), "{what}: another's token");
                let main = html.split_once(MAIN.0).unwrap().1.split_once(MAIN.1).unwrap().0;
                assert!(main.contains("/services/cart-api"), "{what}: the page is missing");
                assert!(!main.contains(token), "{what}: a token in what is shared");
                assert!(!nonces.contains(&nonce), "{what}: a nonce was used before");
                nonces.push(nonce);
            }
        }
        // Nobody signed in sees nothing of what is remembered.
        let away = get(&rig, "", "br").await;
        assert_eq!(away.status(), StatusCode::SEE_OTHER);
        assert!(location(&away).starts_with("/sign-in"));
    }
}

#[tokio::test]
async fn a_change_made_here_is_seen_at_once() {
    let rig = Rig::new(false).await;
    rig.user("ann", vec![grant(Role::Admin)]).await;
    let cookie = rig.sign_in("ann", "").await;
    let token = rig.form_token(&cookie).await;
    for (revision, name) in [(1, "cart-api"), (2, "order-api"), (3, "price-api")] {
        rig.state.control.estate.set_fleet(revision, fleet(name));
        // Whatever it does: it may have changed something.
        let form = format!("csrf={token}");
        let done = rig.post("/settings/profile", &cookie, "same-origin", &form).await;
        assert!(!done.status().is_server_error());
        let (_, html) = document(get(&rig, &cookie, "br").await).await;
        assert!(html.contains(&format!("/services/{name}")), "{name} is missing");
    }
}
