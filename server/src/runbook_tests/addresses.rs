//! Addresses that last: short links, landing after sign-in, what moved, what is gone.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use mainstay_control::access::By;
use mainstay_core::access::Role;
use mainstay_core::address::PAGES;
use mainstay_core::audit::{Action, Outcome};
use mainstay_core::runbook::alias::Health;
use serde_json::json;

use super::{FLEET, Person, apply, last, rig};
use crate::rig_tests::{Rig, cookie_of, location, text};

/// Addresses that answer programs and browsers, and are no pages.
const NO_PAGES: [&str; 10] = [
    "/assets/{file}",
    "/health/live",
    "/health/ready",
    "/version",
    "/metrics",
    "/live",
    "/find/index.json",
    "/sign-in",
    "/sign-in/second",
    "/sign-in/provider",
];

#[tokio::test]
async fn core_knows_every_page_and_no_other() {
    let rig = Rig::new(false).await;
    let routes = crate::router::routes(&rig.state);
    let pages = routes.table().iter().filter(|route| route.method == Method::GET);
    let pages = pages.map(|route| route.path).filter(|path| !path.starts_with("/api/"));
    let served: BTreeSet<_> = pages.filter(|path| !NO_PAGES.contains(path)).collect();
    let known: BTreeSet<_> = PAGES.iter().copied().collect();
    assert_eq!(known, served);
    assert_eq!(known.len(), PAGES.len(), "each stands there once");
}

#[tokio::test]
async fn a_short_link_leads_to_pages_of_this_console_only() {
    let rig = rig().await;
    let (ann, eve) = (
        Person::new(&rig, "ann", Role::Operator).await,
        Person::new(&rig, "eve", Role::Viewer).await,
    );
    let list = "/runbooks/aliases";
    for target in [
        "https%3A%2F%2Fevil.example",
        "%2F%2Fevil.example",
        "%2F%5Cevil.example",
        "javascript%3Aalert(1)",
        "%2Fgo%2Fother",
        "%2Fno%2Fsuch%2Fpage",
        "%2Fsign-in%3Fnext%3D%2Fx",
    ] {
        let form = format!("alias=lag&owner=store&target={target}");
        let answer = ann.post(list, &form).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{target}");
        assert_eq!(ann.get("/go/lag").await.status(), StatusCode::NOT_FOUND);
        let pair = format!("t={target}");
        let decoded = form_urlencoded::parse(pair.as_bytes()).next().unwrap().1.into_owned();
        let ask = json!({ "alias": "lag", "owner": "store", "target": decoded });
        let (status, said) = ann.api("/api/v1/runbooks/aliases", ask).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
    }
    let good = "alias=lag&owner=store+team&target=%2Fservices%2Fshop%3Fsort%3Da%23top&note=";
    assert_eq!(eve.post(list, good).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(last(&rig).await, Some((Action::AliasCreate, Outcome::Refused)));
    assert_eq!(ann.post(list, good).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(last(&rig).await, Some((Action::AliasCreate, Outcome::Done)));
    let again = ann.post(list, good).await;
    assert_eq!(again.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(again).await.contains("There is a short link of this name already"));
    let followed = eve.get("/go/lag").await;
    assert_eq!(followed.status(), StatusCode::FOUND);
    assert_eq!(location(&followed), "/services/shop?sort=a#top");
    // That it was followed is written down by and by.
    rig.state.control.write_alias_uses().await.unwrap();
    let stored = mainstay_store::alias::all(rig.db.store.reads()).await.unwrap();
    assert!(stored.values().all(|alias| alias.last_used_at.is_some()));
    let page = "/runbooks/aliases/lag";
    let changed =
        ann.post(&format!("{page}/do/change"), "expected=1&owner=x&target=%2Fdc%2Ffra1").await;
    assert_eq!(changed.status(), StatusCode::SEE_OTHER);
    assert_eq!(last(&rig).await, Some((Action::AliasChange, Outcome::Done)));
    let stale =
        ann.post(&format!("{page}/do/change"), "expected=1&owner=x&target=%2Fdc%2Fosl1").await;
    assert_eq!(stale.status(), StatusCode::CONFLICT);
    assert_eq!(location(&eve.get("/go/lag").await), "/dc/fra1");
    let ask = json!({ "owner": "x", "target": "/dc/osl1" });
    let (status, _) = ann.api(&format!("/api/v1{page}/do/change"), ask).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(ann.post(&format!("{page}/do/remove"), "").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(last(&rig).await, Some((Action::AliasRemove, Outcome::Done)));
    let gone = ann.get("/go/lag").await;
    assert_eq!(gone.status(), StatusCode::GONE);
    assert!(text(gone).await.contains("Removed a short link"));
    assert_eq!(ann.get("/go/never").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_dead_short_link_is_found_and_a_moved_one_still_arrives() {
    let rig = rig().await;
    let ann = Person::new(&rig, "ann", Role::Operator).await;
    for (alias, target) in [("cart", "/services/cart"), ("shop", "/services/shop#x")] {
        let ask = json!({ "alias": alias, "owner": "store", "target": target });
        assert_eq!(ann.api("/api/v1/runbooks/aliases", ask).await.0, StatusCode::CREATED);
    }
    let data = ann.json("/api/v1/runbooks/aliases").await;
    assert_eq!(
        (&data["rows"][0]["alias"], &data["rows"][0]["health"]),
        (&json!("cart"), &json!("dead"))
    );
    assert!(ann.page("/runbooks/aliases").await.contains("1 short link leads nowhere"));
    let renamed = FLEET.replace("id = \"shop\"", "id = \"shop-api\"\nwas = [\"shop\"]");
    apply(&rig, &renamed, "the shop is called otherwise").await;
    assert_eq!(location(&ann.get("/go/shop").await), "/services/shop-api#x");
    let data = ann.json("/api/v1/runbooks/aliases/shop").await;
    assert_eq!(data["alias"]["health"], json!(Health::Moved));
}

/// Follows a link signed out, signs in, and says where that leads.
async fn lands(rig: &Rig, path: &str) -> String {
    let out = rig.get(path, "").await;
    assert_eq!(out.status(), StatusCode::SEE_OTHER, "{path}");
    let sign_in = location(&out).to_owned();
    assert!(sign_in.starts_with("/sign-in?next="), "{sign_in}");
    let page = text(rig.get(&sign_in, "").await).await;
    // The form posts to the page's own address, which keeps the fragment that a browser has; what
    // it answers names none, so the browser carries it on.
    assert!(!page.contains("<form method=\"post\" action="), "{page}");
    let form = format!("name=ann&password={}", crate::rig_tests::PASSWORD.replace(' ', "+"));
    let answer = rig.post(&sign_in, "", "same-origin", &form).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let there = location(&answer).to_owned();
    assert!(!there.contains('#'), "{there}");
    let cookie = cookie_of(&answer).unwrap();
    let landed = rig.get(&there, &cookie).await;
    format!("{there} {}", landed.status().as_u16())
}

#[tokio::test]
async fn landing_from_a_link_leads_through_the_sign_in_to_the_exact_address() {
    let rig = rig().await;
    let ann = Person::new(&rig, "ann", Role::Operator).await;
    let ask = json!({ "alias": "lag", "owner": "store", "target": "/runbooks/edge-gone#step-3" });
    assert_eq!(ann.api("/api/v1/runbooks/aliases", ask).await.0, StatusCode::CREATED);
    for path in [
        "/runbooks/service-down?problem=at-7&x=a%20b",
        "/runbooks?by=alert&q=edge",
        "/services/shop/traffic?from=-6h",
        "/attention?status=failing&status=degraded",
    ] {
        assert_eq!(lands(&rig, path).await, format!("{path} 200"));
    }
    assert_eq!(lands(&rig, "/go/lag").await, "/go/lag 302");
    assert_eq!(location(&ann.get("/go/lag").await), "/runbooks/edge-gone#step-3");
    assert_eq!(lands(&rig, "/attention/at-7/runbook").await, "/attention/at-7/runbook 404");
}

#[tokio::test]
async fn what_was_renamed_leads_on_and_what_is_gone_says_what_it_was() {
    let rig = rig().await;
    let ann = Person::new(&rig, "ann", Role::Operator).await;
    let more = format!(
        "{FLEET}[[service]]\nid = \"cart\"\ngroup = \"store\"\nplacement = \"distributed\"\n\
         nodes = 2\nversion = \"3.1.4\"\n[[service]]\nid = \"web\"\ngroup = \"store\"\n\
         placement = \"distributed\"\nnodes = 2\nversion = \"1\"\n"
    );
    apply(&rig, &more, "two more services").await;
    assert_eq!(ann.get("/services/cart").await.status(), StatusCode::OK);
    let renamed = FLEET
        .replace("id = \"shop\"", "id = \"shop-api\"\nwas = [\"shop\", \"web\"]")
        .replace("id = \"osl1\"", "id = \"osl2\"\nwas = [\"osl1\"]");
    let renamed = format!(
        "{renamed}[[service]]\nid = \"shop-web\"\ngroup = \"store\"\nplacement = \"distributed\"\n\
         nodes = 2\nversion = \"1\"\nwas = [\"web\"]\n"
    );
    apply(&rig, &renamed, "carts are part of the shop").await;
    for (old, new) in [
        ("/services/shop", "/services/shop-api"),
        ("/services/shop/in/osl1?sort=x", "/services/shop-api/in/osl2?sort=x"),
        ("/services/shop/traffic", "/services/shop-api/traffic"),
        ("/dc/osl1", "/dc/osl2"),
        ("/failover/plans/osl1", "/failover/plans/osl2"),
        ("/api/v1/services/shop", "/api/v1/services/shop-api"),
        ("/api/v1/datacenters/osl1", "/api/v1/datacenters/osl2"),
    ] {
        let answer = ann.get(old).await;
        assert_eq!(answer.status(), StatusCode::MOVED_PERMANENTLY, "{old}");
        assert_eq!(location(&answer), new);
        assert_eq!(ann.get(new).await.status(), StatusCode::OK, "{new}");
    }
    let gone = ann.get("/services/cart/in/fra1").await;
    assert_eq!(gone.status(), StatusCode::GONE);
    let page = text(gone).await;
    for said in ["The service cart", "version 3.1.4", "carts are part of the shop", "test"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    // Split in two: a person chooses.
    let page = text(ann.get("/services/web").await).await;
    assert!(page.contains("href=\"/services/shop-api\""), "{page}");
    assert!(page.contains("href=\"/services/shop-web\""), "{page}");
    for never in ["/services/never", "/dc/never", "/rollouts/ro-99", "/no/such/page"] {
        assert_eq!(ann.get(never).await.status(), StatusCode::NOT_FOUND, "{never}");
    }
    // Nothing of it is told to somebody signed out.
    assert_eq!(rig.get("/services/cart", "").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(rig.get("/services/shop", "").await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn records_that_were_pruned_say_so_from_the_audit_log() {
    let rig = rig().await;
    let ann = Person::new(&rig, "ann", Role::Operator).await;
    let (_, said) = ann.api("/api/v1/runbooks/edge-gone/do/start", json!({})).await;
    let path = format!("/runbooks/runs/{}", said["run"].as_str().unwrap());
    let end = json!({ "outcome": "worked" });
    assert_eq!(ann.api(&format!("/api/v1{path}/do/finish"), end).await.0, StatusCode::OK);
    let later = chrono::Utc::now() + mainstay_store::retention::RECORDS_KEPT * 2;
    mainstay_store::retention::records(&rig.db.store, later).await.unwrap();
    let gone = ann.get(&path).await;
    assert_eq!(gone.status(), StatusCode::GONE);
    let page = text(gone).await;
    assert!(page.contains("Ended the run of a runbook") && page.contains("ann"), "{page}");
    // What was only tried never was: anybody can try an address.
    let by = By::system("test");
    let refusal = mainstay_core::access::Refusal::SignIn;
    let (action, object) = (Action::RolloutUndo, "/rollouts/ro-77".to_owned());
    rig.state.control.access.refused(&by, action, object, &refusal).await.unwrap();
    assert_eq!(ann.get("/rollouts/ro-77").await.status(), StatusCode::NOT_FOUND);
}
