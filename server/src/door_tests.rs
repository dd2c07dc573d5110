//! The whole service on a real Postgres: every route against every role, sessions, forged
//! requests, redirects.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::fmt::Write as _;

use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE, SET_COOKIE};
use http::{Method, Request, StatusCode};
use mainstay_core::access::{Grant, Role, Scope, Target, decide};
use mainstay_core::audit::{Action, Outcome};
use mainstay_core::id::DatacenterId;
use mainstay_store::audit::{self, Filter};

use crate::policy::Route;
use crate::rig_tests::{PASSWORD, Rig, cookie_of, grant, location, text};
use crate::router::routes;
use crate::session::{self, Sessions};
use crate::state::AppState;

/// Pages whose data programs get under another address, or that are no data.
const NO_DATA: [&str; 8] = [
    // The way in and what only a person at a browser can do.
    "/sign-in",
    "/sign-in/second",
    "/sign-in/provider",
    "/confirm",
    "/settings/security",
    // How to check what `/api/v1/audit/checkpoint` tells.
    "/audit/verify",
    // A runbook of `/api/v1/runbooks` with the problem of `/api/v1/attention` in it.
    "/attention/{id}/runbook",
    "/dev/components",
];
/// Pages that only lead on, files, and what speaks for itself.
const NO_PAGE: [&str; 11] = [
    "/settings",
    "/failover/current",
    "/services/{service}/rollout",
    "/go/{alias}",
    "/assets/{file}",
    "/find/index.json",
    "/live",
    "/metrics",
    "/health/live",
    "/health/ready",
    "/version",
];

/// Where programs get the data of a page.
fn twin(page: &str) -> String {
    let at = |path: &str| format!("/api/v1{path}");
    match page {
        "/" => at("/overview"),
        "/settings/profile" => at("/me"),
        page => match (page.strip_prefix("/settings"), page.strip_prefix("/dc/")) {
            (Some(rest), _) => at(rest),
            (None, Some(rest)) => at(&format!("/datacenters/{rest}")),
            (None, None) => at(page),
        },
    }
}

#[tokio::test]
async fn programs_get_the_data_of_every_page() {
    let rig = Rig::new(false).await;
    let table = sorted(&rig.state);
    let reads = |path: &str| table.iter().any(|it| it.method == Method::GET && it.path == path);
    let pages = table.iter().filter(|it| it.method == Method::GET && !it.path.starts_with("/api/"));
    // The review of a change has the data of what it changes.
    let pages = pages.map(|it| it.path).filter(|path| !path.contains("/do/"));
    let without = pages.filter(|path| !NO_DATA.contains(path) && !NO_PAGE.contains(path));
    let missing: Vec<_> = without.filter(|path| !reads(&twin(path))).collect();
    assert!(missing.is_empty(), "no address for programs of {missing:?}");
    for page in NO_DATA.iter().chain(&NO_PAGE) {
        assert!(reads(page), "{page} is no page any more");
        assert!(!reads(&twin(page)), "{page} has its twin");
    }
}

/// Rewrites the golden file instead of comparing with it.
const UPDATE: &str = "UPDATE_GOLDEN";

/// Nobody, each role everywhere, and two roles in one place.
fn people() -> Vec<(String, Option<Vec<Grant>>)> {
    let mut people = vec![("nobody".to_owned(), None)];
    people.extend(Role::ALL.map(|role| (role.name().to_owned(), Some(vec![grant(role)]))));
    let here = [DatacenterId::new("fra1").unwrap()].into();
    let narrow = Scope { datacenters: here, ..Scope::default() };
    people.extend([Role::Operator, Role::Admin].map(|role| {
        let grants = vec![Grant { role, scope: narrow.clone() }];
        (format!("{}-fra1", role.name()), Some(grants))
    }));
    people
}

fn allowed(route: &Route, grants: Option<&[Grant]>) -> bool {
    decide(grants, route.permission, Target::default()).is_ok()
}

fn sorted(state: &AppState) -> Vec<Route> {
    let mut table = routes(state).table().to_vec();
    table.sort_by_key(|route| (route.path, route.method.to_string()));
    table
}

/// `{…}` in a path, filled in.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "x-1" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn the_table_is_the_one_agreed_on() {
    let rig = Rig::new(false).await;
    let mut matrix = String::from(
        "# Every route, what it needs, and who may: nobody signed in, each role everywhere, and\n\
         # two roles in one data centre only. Written by the test that compares with it.\n",
    );
    for route in sorted(&rig.state) {
        let may = people().into_iter().filter(|(_, grants)| allowed(&route, grants.as_deref()));
        let may: Vec<_> = may.map(|(name, _)| name).collect();
        let needs = serde_json::to_value(route.permission).unwrap();
        let leaves = match route.action {
            Some(action) => format!(" leaves {}", serde_json::to_value(action).unwrap()),
            None => String::new(),
        };
        let who = if may.len() == people().len() { "all".to_owned() } else { may.join(" ") };
        let (method, path) = (&route.method, route.path);
        writeln!(matrix, "{method} {path} needs {needs}{leaves}: {who}").unwrap();
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/routes.txt");
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(path, &matrix).unwrap();
    }
    let golden = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(matrix, golden, "run the test with {UPDATE}=1 and review the difference");
}

#[tokio::test]
async fn a_session_that_ended_stands_no_more() {
    let rig = Rig::new(false).await;
    rig.user("ann", vec![grant(Role::Viewer)]).await;
    let cookie = rig.sign_in("ann", "").await;
    let id = cookie.split_once('=').unwrap().1.parse().unwrap();
    // Each asks the store, as another server would.
    let stands =
        async || Sessions::new(rig.state.control.clone()).stands(&session::hash(&id)).await;
    assert!(stands().await);
    let form = format!("csrf={}", rig.form_token(&cookie).await);
    rig.post("/sign-out", &cookie, "same-origin", &form).await;
    assert!(!stands().await, "a stream that was opened with it ends");
}

#[tokio::test]
async fn every_route_is_denied_to_everybody_it_is_not_for() {
    let rig = Rig::new(false).await;
    let table = sorted(&rig.state);
    for (name, grants) in people() {
        let token = match &grants {
            Some(grants) => Some(rig.token(&rig.user(&name, grants.clone()).await).await),
            None => None,
        };
        for route in &table {
            let path = filled(route.path);
            let mut request = Request::builder().method(&route.method).uri(&path);
            if let Some(token) = &token {
                request = request.header(AUTHORIZATION, format!("Bearer {token}"));
            }
            let before = rig.latest().await;
            let answer = rig.send(request.body(Body::empty()).unwrap()).await;
            let status = answer.status();
            let what = format!("{name} {} {path}: {status}", route.method);
            // What asks for a fresh proof is for people: a token tries nothing by it.
            if status == StatusCode::FORBIDDEN && allowed(route, grants.as_deref()) {
                let told = text(answer).await;
                if token.is_some() && told.contains("an API token does not count") {
                    assert_eq!(rig.latest().await, before, "{what}");
                    continue;
                }
            }
            let left = rig.latest().await.filter(|left| Some(*left) != before);
            let left = left.map(|(_, action, outcome)| (action, outcome));
            let denied = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
            if route.signed {
                // Whoever it is: nothing is signed here.
                assert_eq!((status, left), (StatusCode::UNAUTHORIZED, None), "{what}");
            } else if !allowed(route, grants.as_deref()) {
                let expected = match token {
                    Some(_) => StatusCode::FORBIDDEN,
                    None if path.starts_with("/api/") => StatusCode::UNAUTHORIZED,
                    None => StatusCode::SEE_OTHER,
                };
                assert_eq!(status, expected, "{what}");
                let refused = route.action.filter(|_| token.is_some());
                assert_eq!(left, refused.map(|action| (action, Outcome::Refused)), "{what}");
            } else if let Some(action) = route.action {
                // A public change without a token is refused as forged.
                assert_eq!(denied, token.is_none(), "{what}");
                // What cannot be read, or is about nothing, is no try at a change.
                // Nor is a second step without a first: it is led to the beginning.
                let led = status == StatusCode::SEE_OTHER && path == "/sign-in/second";
                let no_try = (status.is_client_error() || led) && left.is_none();
                let left = left.map(|(action, _)| action);
                assert!(no_try || left == Some(action), "{what} left {left:?}");
            } else {
                // So is a public question.
                let forged = token.is_none() && route.method == Method::POST;
                assert!(denied == forged && left.is_none(), "{what} left {left:?}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_in_the_table_is_not_there() {
    let rig = Rig::new(false).await;
    let status = async |method: Method, path: &str| {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        rig.send(request).await.status()
    };
    assert_eq!(status(Method::GET, "/nowhere").await, StatusCode::NOT_FOUND);
    assert_eq!(status(Method::GET, "/settings/users/a/b/c").await, StatusCode::NOT_FOUND);
    assert_eq!(status(Method::DELETE, "/settings/users").await, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(status(Method::PUT, "/sign-in").await, StatusCode::METHOD_NOT_ALLOWED);
    rig.user("ann", vec![grant(Role::Viewer)]).await;
    let cookie = rig.sign_in("ann", "").await;
    for path in ["/nowhere", "/settings/users"] {
        let page = text(rig.get(path, &cookie).await).await;
        assert!(page.contains("signed in as ann"), "{path} knows who looks");
    }
    assert_eq!(status(Method::HEAD, "/sign-in").await, StatusCode::OK);
    assert_eq!(status(Method::OPTIONS, "/sign-in").await, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn signing_in_leads_back_and_begins_a_session_of_its_own() {
    let rig = Rig::new(false).await;
    rig.user("ann", vec![grant(Role::Viewer)]).await;
    let away = rig.get("/settings/tokens?before=7&x=a%20b", "").await;
    assert_eq!(away.status(), StatusCode::SEE_OTHER);
    assert!(cookie_of(&away).is_none(), "a stranger gets no session");
    let sign_in = location(&away).to_owned();
    assert_eq!(sign_in, "/sign-in?next=%2Fsettings%2Ftokens%3Fbefore%3D7%26x%3Da%2520b");

    // Somebody planted a session id.
    let planted = "mainstay=AAAAAAAAAAAAAAAAAAAAAA";
    let form = format!("name=ann&password={}", PASSWORD.replace(' ', "+"));
    let response = rig.post(&sign_in, planted, "same-origin", &form).await;
    assert_eq!(location(&response), "/settings/tokens?before=7&x=a%20b");
    let cookie = cookie_of(&response).unwrap();
    assert_ne!(cookie, planted);
    assert_eq!(rig.get("/settings/profile", planted).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(rig.get("/settings/profile", &cookie).await.status(), StatusCode::OK);

    // Signing in again, as for a step up, ends the session before.
    let second = rig.sign_in("ann", &cookie).await;
    assert_ne!(second, cookie);
    assert_eq!(rig.get("/settings/profile", &cookie).await.status(), StatusCode::SEE_OTHER);

    let token = rig.form_token(&second).await;
    let out = rig.post("/sign-out", &second, "same-origin", &format!("csrf={token}")).await;
    assert_eq!((out.status(), location(&out)), (StatusCode::SEE_OTHER, "/sign-in"));
    assert_eq!(rig.get("/settings/profile", &second).await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_sign_in_leads_to_no_other_site() {
    let rig = Rig::new(false).await;
    rig.user("ann", vec![grant(Role::Viewer)]).await;
    let form = format!("name=ann&password={}", PASSWORD.replace(' ', "+"));
    for next in ["//evil.example", "https%3A%2F%2Fevil.example", "%2F%5Cevil.example", "%2F%09%2Fe"]
    {
        let response = rig.post(&format!("/sign-in?next={next}"), "", "same-origin", &form).await;
        assert_eq!(
            (response.status(), location(&response)),
            (StatusCode::SEE_OTHER, "/"),
            "{next}"
        );
    }
}

#[tokio::test]
async fn a_wrong_sign_in_keeps_the_name_and_no_session() {
    let rig = Rig::new(false).await;
    let response = rig.post("/sign-in", "", "same-origin", "name=ann&password=wrong").await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(cookie_of(&response).is_none());
    let page = text(response).await;
    assert!(
        page.contains("Error: ") && page.contains(r#"value="ann""#) && !page.contains("wrong\"")
    );
}

#[tokio::test]
async fn a_change_is_made_by_a_page_of_this_site_with_its_token() {
    let rig = Rig::new(false).await;
    rig.user("ann", vec![grant(Role::Viewer)]).await;
    rig.user("bob", vec![grant(Role::Viewer)]).await;
    let (ann, bob) = (rig.sign_in("ann", "").await, rig.sign_in("bob", "").await);
    let (own, others) = (rig.form_token(&ann).await, rig.form_token(&bob).await);
    let change = async |site: &str, token: &str| {
        let form = format!(
            "csrf={token}&display_name=Ann&theme=dark&density=compact&language=auto\
             &time_zone=Europe%2FBerlin"
        );
        rig.post("/settings/profile", &ann, site, &form).await.status()
    };
    for (site, token) in [
        ("cross-site", own.as_str()),
        ("same-site", &own),
        ("none", &own),
        ("same-origin", ""),
        ("same-origin", &others),
        ("same-origin", &own[1..]),
    ] {
        assert_eq!(change(site, token).await, StatusCode::FORBIDDEN, "{site} {token}");
    }
    assert_eq!(change("same-origin", &own).await, StatusCode::SEE_OTHER);
    let page = text(rig.get("/settings/profile", &ann).await).await;
    assert!(page.contains(r#"data-theme="dark""#));
    // The sign-in has no session yet: where it comes from is what counts.
    let form = format!("name=ann&password={}", PASSWORD.replace(' ', "+"));
    let forged = rig.post("/sign-in", "", "cross-site", &form).await;
    assert_eq!(forged.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn disabling_a_user_ends_their_session_at_once() {
    let rig = Rig::new(false).await;
    rig.user("chief", vec![grant(Role::Admin)]).await;
    let ann = rig.user("ann", vec![grant(Role::Viewer)]).await;
    let (admin, cookie) = (rig.sign_in("chief", "").await, rig.sign_in("ann", "").await);
    assert_eq!(rig.get("/settings/profile", &cookie).await.status(), StatusCode::OK);
    let csrf = rig.form_token(&admin).await;
    let form = format!("csrf={csrf}&revision={}", ann.revision);
    let disable = "/settings/users/ann/do/disable";
    let response = rig.post(disable, &admin, "same-origin", &form).await;
    assert_eq!(location(&response), "/settings/users/ann?done=disabled");
    assert_eq!(rig.get("/settings/profile", &cookie).await.status(), StatusCode::SEE_OTHER);
    let stale = rig.post(disable, &admin, "same-origin", &form).await;
    assert_eq!(stale.status(), StatusCode::CONFLICT);
    let last = format!("csrf={csrf}&revision=1");
    let last = rig.post("/settings/users/chief/do/disable", &admin, "same-origin", &last).await;
    assert_eq!(last.status(), StatusCode::CONFLICT);
    assert!(text(last).await.contains("only one left who may manage access"));
}

#[tokio::test]
async fn forms_keep_what_was_typed_and_secrets_are_shown_once() {
    let rig = Rig::new(false).await;
    rig.user("chief", vec![grant(Role::Admin)]).await;
    let cookie = rig.sign_in("chief", "").await;
    let csrf = rig.form_token(&cookie).await;
    let form = format!(
        "csrf={csrf}&user=Ann&display_name=Ann+B.&password=short&grants-0-role=viewer&grants-0=yes\
         &grants-0-datacenters=nowhere"
    );
    let refused = rig.post("/settings/users", &cookie, "same-origin", &form).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = text(refused).await;
    for part in
        [r#"value="Ann""#, r#"value="Ann B.""#, r#"value="nowhere""#, r##"href="#grants-0""##]
            .into_iter()
            .chain([r##"href="#user""##, r##"href="#password""##])
    {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("short"));
    let form = format!("csrf={csrf}&name=ci&days=7&grants-0-role=admin&grants-0=yes");
    let made = rig.post("/settings/tokens", &cookie, "same-origin", &form).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let page = text(made).await;
    let secret = &page[page.find("mat_").unwrap()..][..47];
    assert!(!text(rig.get("/settings/tokens", &cookie).await).await.contains("mat_"));
    let request = Request::get("/api/v1/me").header(AUTHORIZATION, format!("Bearer {secret}"));
    let me = text(rig.send(request.body(Body::empty()).unwrap()).await).await;
    assert!(me.contains(r#""name":"chief""#), "{me}");
}

#[tokio::test]
async fn without_the_database_the_known_read_and_nobody_changes() {
    let rig = Rig::new(false).await;
    rig.user("ann", vec![grant(Role::Operator)]).await;
    let cookie = rig.sign_in("ann", "").await;
    let csrf = rig.form_token(&cookie).await;
    rig.db.store.close().await;
    let page = rig.get("/topology", &cookie).await;
    assert_eq!(page.status(), StatusCode::OK);
    let stranger = rig.get("/topology", "mainstay=AAAAAAAAAAAAAAAAAAAAAA").await;
    assert_eq!(stranger.status(), StatusCode::SERVICE_UNAVAILABLE);
    let form = format!("csrf={csrf}&name=t&days=1");
    // A moment after it was read, a session is known for certain still.
    let control = &rig.state.control;
    let read_at = control.access.now();
    while control.access.now() <= read_at + chrono::TimeDelta::seconds(1) {
        tokio::task::yield_now().await;
    }
    let page = rig.get("/topology", &cookie).await;
    assert_eq!(page.status(), StatusCode::OK);
    let change = rig.post("/settings/tokens", &cookie, "same-origin", &form).await;
    assert_eq!(change.status(), StatusCode::SERVICE_UNAVAILABLE);
    let sign_in = rig.post("/sign-in", "", "same-origin", "name=ann&password=x").await;
    assert_eq!(sign_in.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(rig.get("/sign-in", "").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn over_tls_the_cookie_belongs_to_this_host() {
    let rig = Rig::new(true).await;
    rig.user("ann", vec![grant(Role::Viewer)]).await;
    let form = format!("name=ann&password={}", PASSWORD.replace(' ', "+"));
    let response = rig.post("/sign-in", "", "same-origin", &form).await;
    let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("__Host-mainstay="), "{cookie}");
    for part in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(!cookie.contains("Domain"));
}

#[tokio::test]
async fn every_answer_carries_the_headers_and_bodies_are_bounded() {
    let rig = Rig::new(false).await;
    let owner = rig.user("chief", vec![grant(Role::Admin)]).await;
    let token = rig.token(&owner).await;
    for path in ["/sign-in", "/nowhere", "/topology", "/api/v1/me"] {
        let response = rig.get(path, "").await;
        for name in [
            "content-security-policy",
            "referrer-policy",
            "x-content-type-options",
            "permissions-policy",
            "cross-origin-opener-policy",
            "cross-origin-resource-policy",
            "x-request-id",
            "cache-control",
        ] {
            assert!(response.headers().contains_key(name), "{name} of {path}");
        }
    }
    let large = "x".repeat(crate::policy::BODY_MAX + 1);
    let request = Request::post("/api/v1/users")
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(large))
        .unwrap();
    assert_eq!(rig.send(request).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let wrong = Request::get("/sign-in").header(AUTHORIZATION, "Bearer mat_wrong");
    let wrong = rig.send(wrong.body(Body::empty()).unwrap()).await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(wrong.headers()[CONTENT_TYPE], crate::problem::PROBLEM_JSON);
}

#[tokio::test]
async fn a_fleet_refused_for_its_mistakes_is_in_the_log() {
    let rig = Rig::new(false).await;
    let chief = rig.user("chief", vec![grant(Role::Admin)]).await;
    let bearer = format!("Bearer {}", rig.token(&chief).await);
    let wrong = "[[region]]\nidd = 1\n".repeat(200);
    for (dry_run, left) in [(true, None), (false, Some((Action::FleetApply, Outcome::Refused)))] {
        let before = rig.latest().await;
        let sent = serde_json::json!({ "source": wrong, "dry_run": dry_run });
        let request = Request::post("/api/v1/fleet/apply").header(AUTHORIZATION, &bearer);
        let request = request.header(CONTENT_TYPE, "application/json");
        let answer = rig.send(request.body(Body::from(sent.to_string())).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let newest = rig.latest().await.filter(|newest| Some(*newest) != before);
        assert_eq!(newest.map(|(_, action, outcome)| (action, outcome)), left);
    }
    let entry = &audit::list(&rig.db.store, &Filter::default(), None, 1).await.unwrap()[0];
    let after = entry.event.after.as_ref().unwrap();
    let kept = after["mistakes"].as_array().unwrap();
    assert!(kept.len() == 20 && after.to_string().len() < 8_000, "{after}");
    assert!(kept[0].as_str().unwrap().starts_with("line 1: `name` is missing"), "{}", kept[0]);
}
