//! Languages on the whole service: whose choice it is, and that nobody reads another's.

#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../../app/tests/words/mod.rs"]
mod words;

use std::collections::HashMap;
use std::io::Read as _;
use std::time::Duration;

use axum::body::{Body, BodyDataStream, to_bytes};
use axum::response::Response;
use futures::StreamExt as _;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONTENT_ENCODING, CONTENT_LANGUAGE, COOKIE, VARY,
};
use http::{HeaderName, Request, StatusCode};
use mainstay_app::live::{CONTENT_TYPE, LANGUAGE_HEADER};
use mainstay_app::text::{loader, speak};
use mainstay_core::access::{Language, Role};
use mainstay_core::fleet::{Fleet, read};
use mainstay_store::audit::{self, Filter};

use crate::rig_tests::{Rig, grant, text};

/// Longest wait for an event; a look at the estate is due each second.
const SOON: Duration = Duration::from_secs(20);

/// A fleet of one service and so many data centres that nobody has heard of.
fn fleet(datacenters: usize) -> Fleet {
    let mut text = r#"name = "test"
        [[region]]
        id = "north"
        name = "North"
        time_zone = "Europe/Oslo"
        warehouses = true
        [[group]]
        id = "store"
        name = "Store"
        priority = 1
        [[service]]
        id = "cart-api"
        group = "store"
        nodes = 2
        version = "1.0.0"
        placement = "local"
        needs = "warehouses"
        "#
    .to_owned();
    for number in 1..=datacenters {
        text.push_str(&format!(
            "[[datacenter]]\nid = \"osl{number}\"\nname = \"O{number}\"\nregion = \"north\"\n\
             vendor = \"on-premises\"\n"
        ));
    }
    read::read(&text).unwrap()
}

async fn ask(rig: &Rig, path: &str, headers: &[(HeaderName, &str)]) -> Response {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    rig.send(request.body(Body::empty()).unwrap()).await
}

/// A page as a browser with this `Accept-Language` gets it.
async fn page(rig: &Rig, path: &str, cookie: &str, accept: &str) -> String {
    let headers = [(COOKIE, cookie), (ACCEPT_LANGUAGE, accept), (ACCEPT, "text/html")];
    text(ask(rig, path, &headers).await).await
}

/// A message in a language.
fn said(language: Language, id: &str) -> String {
    speak(language, || loader().get(id))
}

/// That so many of so many data centres report.
fn reporting(language: Language, n: &str, total: &str) -> String {
    let arguments = HashMap::from([("n", n), ("total", total)]);
    speak(language, || loader().get_args("reporting-some", arguments))
}

fn lang(html: &str) -> &str {
    let (_, after) = html.split_once(r#"<html lang=""#).unwrap();
    after.split('"').next().unwrap()
}

#[tokio::test]
async fn before_sign_in_the_browser_is_asked() {
    let rig = Rig::new(false).await;
    for (accept, language) in [
        ("ru-RU,ru;q=0.9,en;q=0.8", Language::Russian),
        ("de,it;q=0.5,en;q=0.3", Language::Italian),
        ("de", Language::English),
    ] {
        let headers = [(ACCEPT_LANGUAGE, accept), (ACCEPT, "text/html")];
        let response = ask(&rig, "/sign-in", &headers).await;
        assert_eq!(response.headers()[CONTENT_LANGUAGE], language.tag());
        let vary = response.headers().get_all(VARY).iter();
        let vary: Vec<_> = vary.map(|line| line.to_str().unwrap()).collect();
        assert!(vary.join(",").contains("accept-language"), "{vary:?}");
        let html = text(response).await;
        assert_eq!(lang(&html), language.tag());
        assert!(html.contains(&said(language, "sign-in-password")), "{accept}: {html}");
        // What the guard and the outermost layer answer is said in it too.
        for path in ["/nowhere", "/settings/nowhere"] {
            let html = page(&rig, path, "", accept).await;
            let words = said(language, "error-404");
            assert!(lang(&html) == language.tag() && html.contains(&words), "{path}: {html}");
        }
    }
    // Programs read English, whatever they ask for.
    let headers = [(ACCEPT_LANGUAGE, "ru"), (ACCEPT, "application/json")];
    let refused = text(ask(&rig, "/topology", &headers).await).await;
    assert!(refused.contains("Sign in first."), "{refused}");
}

#[tokio::test]
async fn the_profile_wins_and_its_change_is_written_down() {
    let rig = Rig::new(false).await;
    rig.user("ann", vec![grant(Role::Admin)]).await;
    let cookie = rig.sign_in("ann", "").await;
    let token = rig.form_token(&cookie).await;
    assert_eq!(lang(&page(&rig, "/", &cookie, "ru").await), "ru");
    for (choice, language, kept) in
        [("it", "it", r#""language":"it""#), ("auto", "ru", r#""language":null"#)]
    {
        let form = format!(
            "csrf={token}&display_name=Ann&theme=auto&density=compact&language={choice}\
             &time_zone=UTC"
        );
        let saved = rig.post("/settings/profile", &cookie, "same-origin", &form).await;
        assert_eq!(saved.status(), StatusCode::SEE_OTHER);
        let html = page(&rig, "/settings/profile", &cookie, "ru").await;
        assert_eq!(lang(&html), language, "{choice}");
        assert!(html.contains(&format!(r#"value="{choice}" selected"#)), "{html}");
        let entries = audit::list(&rig.db.store, &Filter::default(), None, 1).await.unwrap();
        let after = serde_json::to_string(&entries[0].event.after).unwrap();
        assert!(after.contains(kept), "{after}");
    }
    let form = format!(
        "csrf={token}&display_name=Ann&theme=auto&density=compact&language=tlh&time_zone=UTC"
    );
    let refused = rig.post("/settings/profile", &cookie, "same-origin", &form).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    // The API says the same to all.
    let me = [(COOKIE, cookie.as_str()), (ACCEPT_LANGUAGE, "ru")];
    let overview = text(ask(&rig, "/api/v1/overview", &me).await).await;
    assert!(!overview.chars().any(|c| ('а'..='я').contains(&c)), "{overview}");
}

#[tokio::test]
async fn readers_of_one_page_get_each_their_own_language_at_once() {
    let rig = Rig::new(false).await;
    rig.state.control.estate.set_fleet(1, fleet(2));
    rig.user("ann", vec![grant(Role::Viewer)]).await;
    let cookie = rig.sign_in("ann", "").await;
    let read = async |language: Language, coding: &str| {
        let headers = [
            (COOKIE, cookie.as_str()),
            (ACCEPT_LANGUAGE, language.tag()),
            (ACCEPT, "text/html"),
            (ACCEPT_ENCODING, coding),
        ];
        let response = ask(&rig, "/topology", &headers).await;
        let brotli = response.headers().get(CONTENT_ENCODING).is_some_and(|it| it == "br");
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let mut html = String::new();
        if brotli {
            brotli::Decompressor::new(&bytes[..], 4_096).read_to_string(&mut html).unwrap();
        } else {
            html = String::from_utf8(bytes.to_vec()).unwrap();
        }
        assert_eq!(lang(&html), language.tag(), "{coding}");
        let main = html.split_once("<main").unwrap().1.split_once("</main>").unwrap().0;
        for other in Language::ALL {
            let here = main.contains(&said(other, "nav-topology"));
            assert_eq!(here, other == language, "{other:?} to {language:?}, {coding}: {main}");
        }
    };
    let [english, italian, russian] = Language::ALL;
    // Well within the moment for which a page is shared.
    for coding in ["br", "identity", "br"] {
        tokio::join!(
            read(english, coding),
            read(russian, coding),
            read(italian, coding),
            read(russian, coding)
        );
    }
}

/// Reads the stream until an event has this in it.
async fn hear(stream: &mut BodyDataStream, event: &str, words: &str) -> String {
    let mut heard = String::new();
    let found = tokio::time::timeout(SOON, async {
        while !heard.split("\n\n").any(|it| it.contains(event) && it.contains(words)) {
            let bytes = stream.next().await.expect("the stream goes on").unwrap();
            heard.push_str(&String::from_utf8_lossy(&bytes));
        }
    });
    found.await.unwrap_or_else(|_| panic!("{words} was not heard"));
    heard
}

#[tokio::test]
async fn live_values_come_in_the_language_of_the_page() {
    let rig = Rig::new(false).await;
    rig.user("ann", vec![grant(Role::Viewer)]).await;
    let cookie = rig.sign_in("ann", "").await;
    let (control, stop) = (rig.state.control.clone(), rig.state.shutdown.clone());
    tokio::spawn(rig.state.live.clone().run(control, stop));
    let mut streams = Vec::new();
    for language in [Language::Russian, Language::Italian, Language::English] {
        let html = page(&rig, "/topology", &cookie, language.tag()).await;
        assert_eq!(lang(&html), language.tag());
        // The browser would be asked for English here: the page's own language counts.
        let path = format!("/live?topics=estate&language={}", language.tag());
        let headers = [(COOKIE, cookie.as_str()), (ACCEPT_LANGUAGE, "en")];
        let stream = ask(&rig, &path, &headers).await;
        assert_eq!(stream.status(), StatusCode::OK);
        streams.push((language, stream.into_body().into_data_stream()));
    }
    for count in [2, 3] {
        rig.state.control.estate.set_fleet(count, fleet(usize::try_from(count).unwrap()));
        for (language, stream) in &mut streams {
            let total = count.to_string();
            let heard = hear(stream, "event: batch", &reporting(*language, "0", &total)).await;
            for other in Language::ALL.into_iter().filter(|other| other != language) {
                let theirs = reporting(other, "0", &total);
                assert!(!heard.contains(&theirs), "{other:?} to {language:?}: {heard}");
            }
        }
    }
    // A page that was away asks for all values, and says in which language.
    let headers = [
        (COOKIE, cookie.as_str()),
        (ACCEPT, CONTENT_TYPE),
        (ACCEPT_LANGUAGE, "en"),
        (HeaderName::from_static(LANGUAGE_HEADER), "ru"),
    ];
    let values = text(ask(&rig, "/topology", &headers).await).await;
    let words = reporting(Language::Russian, "0", "3");
    assert!(values.contains(&words), "{values}");
    rig.state.shutdown.cancel();
}

#[tokio::test]
async fn pages_in_another_language_have_no_english_left() {
    let rig = Rig::new(false).await;
    rig.state.control.estate.set_fleet(1, fleet(2));
    let ann = rig.user("ann", vec![grant(Role::Admin)]).await;
    rig.token(&ann).await;
    let cookie = rig.sign_in("ann", "").await;
    for language in [Language::Italian, Language::Russian] {
        for path in [
            "/",
            "/approvals",
            "/attention",
            "/audit",
            "/audit?actor=nobody",
            "/audit?q=nothing",
            "/availability",
            "/backups",
            "/backups?view=sets",
            "/edges",
            "/failover",
            "/failover/orchestrator",
            // Not a plan: what speaks against it are sentences of core's, in English.
            "/find?q=nothing",
            "/rollouts",
            "/rollouts/quarantine",
            "/rollouts/do/start",
            "/settings/agents",
            "/settings/fleet",
            "/settings/notifications",
            "/settings/notifications/do/create?way=email",
            "/settings/pipelines",
            "/settings/profile",
            "/settings/tokens",
            "/settings/users",
            "/settings/users/ann",
            "/services/cart-api/bench",
            "/services/cart-api/traffic",
            "/topology?view=list",
            "/confirm",
            "/nowhere",
        ] {
            let html = page(&rig, path, &cookie, language.tag()).await;
            assert_eq!(lang(&html), language.tag(), "{path}");
            let left = words::english_left(&html, language);
            assert!(left.is_empty(), "{path} in {language:?}: {left:#?}");
        }
    }
}
