//! The audit log over HTTP on a real Postgres: searching, what belongs to an entry, exports and
//! packs of evidence that are verified far from here, and what of them was changed.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::{Read, Seek, Write};

use axum::body::{Body, to_bytes};
use axum::response::Response;
use chrono::{TimeDelta, Utc};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Request, StatusCode};
use mainstay_control::audit::{Sequencer, Signer};
use mainstay_core::access::Role;
use mainstay_core::audit::check::{Broken, Check, Done};
use mainstay_core::audit::export::Reader;
use mainstay_core::audit::{Action, Actor, Event, Outcome};
use mainstay_core::evidence::{DATA, INDEX, LOG, SUMS};
use mainstay_store::audit;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::evidence::check;
use crate::rig_tests::{Rig, grant, text};

/// Most bytes of an export.
const BYTES_MAX: usize = 16 << 20;

struct House {
    rig: Rig,
    signer: Signer,
    cookie: String,
    csrf: String,
    bearer: String,
}

impl House {
    async fn new() -> Self {
        let rig = Rig::new(false).await;
        let signer = Signer::open(rig.dir()).unwrap();
        let user = rig.user("ann", vec![grant(Role::Auditor)]).await;
        let cookie = rig.sign_in("ann", "").await;
        let csrf = rig.form_token(&cookie).await;
        let bearer = format!("Bearer {}", rig.token(&user).await);
        Self { rig, signer, cookie, csrf, bearer }
    }

    /// Gives every entry its position, as the server does all the time.
    async fn place(&self) {
        let store = self.rig.db.store.for_background();
        let sequencer = Sequencer::new(store, self.signer.clone());
        while sequencer.step().await.unwrap() > 0 {}
    }

    async fn write(&self, action: Action, object: &str, after: Value) -> i64 {
        let actor = Actor::User("operator-1".into());
        let event = Event::new(Utc::now(), actor, action, object.to_owned());
        let event = Event { after: Some(after), ..event };
        let event = &event;
        let store = &self.rig.db.store;
        store.read_committed(|tx| Box::pin(audit::append(tx, event))).await.unwrap()
    }

    async fn page(&self, path: &str) -> String {
        let response = self.rig.get(path, &self.cookie).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        text(response).await
    }

    async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.page(path).await).unwrap()
    }

    async fn post(&self, path: &str, fields: &str) -> Response {
        let form = format!("csrf={}&{fields}", self.csrf);
        self.rig.post(path, &self.cookie, "same-origin", &form).await
    }

    async fn api(&self, path: &str, body: Value) -> Response {
        let request = Request::post(path)
            .header(AUTHORIZATION, &self.bearer)
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        self.rig.send(request).await
    }

    async fn export(&self, fields: &str) -> String {
        let response = self.post("/audit/do/export", fields).await;
        assert_eq!(response.status(), StatusCode::OK);
        let bytes = to_bytes(response.into_body(), BYTES_MAX).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }
}

#[tokio::test]
async fn the_log_is_searched_by_words_in_every_state() {
    let house = House::new().await;
    house.write(Action::Deploy, "/services/store-web", json!({ "note": "<b>Checkout</b>" })).await;
    house.write(Action::Deploy, "/services/web", json!({ "note": "nothing" })).await;
    for _ in 0..2 {
        let found = house.json("/api/v1/audit?q=store-web+check").await;
        assert_eq!(found["entries"].as_array().map(Vec::len), Some(1), "{found}");
        assert_eq!(found["matches"], json!({ "count": 1, "exact": true }));
        house.place().await;
    }
    let html = house.page("/audit?q=store-web").await;
    for part in ["1 entry matches.", r#"name="q" value="store-web""#, "/services/store-web"] {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert!(house.page("/audit?q=zeppelin").await.contains("No entry matches the filter."));
    let odd = house.page("/audit?q=%26%20%21").await;
    assert!(odd.contains("is not known here"), "{odd}");
    let quotes = ["%27", "%27%29%3B--", "a%3A%2A", "%28", "%5C", "%25"];
    for hostile in quotes.into_iter().chain(["%E2%80%AE", "%F0%9F%8E%89a"]) {
        house.page(&format!("/audit?q={hostile}")).await;
    }
    let long = "a".repeat(400);
    assert!(house.page(&format!("/audit?q={long}")).await.contains("is not known here"));
    let request = |path: &str| {
        let request = Request::get(path).header(AUTHORIZATION, &house.bearer);
        house.rig.send(request.body(Body::empty()).unwrap())
    };
    let refused = request("/api/v1/audit?q=%26").await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_head_says_when_the_chain_was_checked_and_where_it_is_broken() {
    let house = House::new().await;
    assert!(house.page("/audit").await.contains("The chain has not been checked yet"));
    house.place().await;
    let newest = audit::latest_checkpoint(&house.rig.db.store).await.unwrap().unwrap();
    let root = mainstay_core::audit::merkle::leaf_hash(b"x");
    let done = Done { at: Utc::now(), size: newest.size, root };
    let whole = Check { done: Some(done), ..Check::new(Utc::now()) };
    let keep = async |check: &Check| {
        let store = &house.rig.db.store;
        store.read_committed(|tx| Box::pin(audit::check::write(tx, check))).await.unwrap();
    };
    keep(&whole).await;
    let html = house.page("/audit").await;
    assert!(html.contains(&format!("{} entries, unbroken.", newest.size)), "{html}");
    let what = "entry 3 was deleted".to_owned();
    let broken = Broken { at: Utc::now(), entry: Some(3), what, more: 0 };
    keep(&Check { broken: Some(broken), ..whole }).await;
    let html = house.page("/audit").await;
    assert!(html.contains("The chain is broken") && html.contains("Entry 3 was deleted."));
    assert_eq!(house.json("/api/v1/audit").await["checked"]["broken"]["entry"], 3);
}

#[tokio::test]
async fn an_entry_leads_to_all_that_belongs_to_it() {
    let house = House::new().await;
    let subject = json!({ "kind": "restore", "restore": "rs-7", "database": "store-db" });
    house.write(Action::RestoreAsk, "/backups/sets/store-db", json!({ "restore": "rs-7" })).await;
    house.write(Action::RestoreAsk, "/backups/sets/store-db", json!({ "restore": "rs-70" })).await;
    house.write(Action::ApprovalGive, "/approvals/ap-3", json!({ "subject": subject })).await;
    let last =
        house.write(Action::RestoreStep, "/backups/restores/rs-7", json!({ "state": {} })).await;
    house.place().await;
    let entry = audit::get_by_id(&house.rig.db.store, last).await.unwrap().unwrap();
    let path = format!("/audit/{}", entry.seq.unwrap());
    let told = house.json(&format!("/api/v1{path}")).await;
    let steps = told["trail"]["steps"].as_array().unwrap();
    let stages: Vec<_> = steps.iter().map(|step| step["stage"].as_str().unwrap()).collect();
    assert_eq!(stages, ["request", "approval", "effect"], "{told}");
    let things: Vec<_> = told["trail"]["evidence"].as_array().unwrap().iter().collect();
    assert!(things.iter().any(|it| it["href"] == "/backups/restores/rs-7"), "{told}");
    let html = house.page(&path).await;
    assert!(html.contains("What belongs to it") && html.contains("/approvals/ap-3"), "{html}");
    let alone = house.write(Action::FleetApply, "/settings/fleet", json!({})).await;
    house.place().await;
    let entry = audit::get_by_id(&house.rig.db.store, alone).await.unwrap().unwrap();
    let html = house.page(&format!("/audit/{}", entry.seq.unwrap())).await;
    assert!(html.contains("No other entry belongs to it."), "{html}");
}

#[tokio::test]
async fn exports_verify_offline_and_name_the_line_that_was_edited() {
    let house = House::new().await;
    for n in 0..5 {
        let note = if n == 3 { "=cmd|calc" } else { "plain" };
        house.write(Action::Deploy, &format!("/services/s-{n}"), json!({ "note": note })).await;
    }
    house.place().await;
    let key = house.signer.verifier();
    for (fields, selection) in [("format=jsonl", false), ("format=jsonl&q=services", true)] {
        let text = house.export(fields).await;
        let verdict = |lines: &[String]| {
            let mut reader = Reader::new(Some(key.clone()));
            lines.iter().for_each(|line| reader.line(line).unwrap());
            reader.finish().unwrap()
        };
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        let good = verdict(&lines);
        assert!(good.verification.is_intact(), "{:?}", good.verification);
        assert_eq!(good.selection, selection);
        let at = lines.iter().position(|line| line.contains("/services/s-2")).unwrap();
        let mut bad = lines.clone();
        bad[at] = bad[at].replace("plain", "other");
        let found = verdict(&bad);
        let tampering = &found.verification.tamperings[0];
        assert_eq!(found.lines[&tampering.id().unwrap()], at as u64 + 1, "{tampering}");
        let mut short = lines.clone();
        short.remove(at);
        assert!(!verdict(&short).verification.is_intact());
    }
    let left = house.rig.latest().await.map(|(_, action, outcome)| (action, outcome));
    assert_eq!(left, Some((Action::AuditExport, Outcome::Done)));
    // A reason that begins like a formula is text in a spreadsheet.
    let reason = Event {
        reason: Some("=HYPERLINK(\"http://evil\")".into()),
        ..Event::new(Utc::now(), Actor::User("+1".into()), Action::Deploy, "@x".into())
    };
    let reason = &reason;
    let store = &house.rig.db.store;
    store.read_committed(|tx| Box::pin(audit::append(tx, reason))).await.unwrap();
    let csv = house.export("format=csv").await;
    let row = csv.lines().find(|line| line.contains("HYPERLINK")).unwrap();
    for cell in ["\"'=HYPERLINK(", ",'+1,", ",'@x,"] {
        assert!(row.contains(cell), "{cell} in {row}");
    }
}

/// The archive with the content of one file changed, its sums as they were.
fn changed(archive: &[u8], name: &str, change: impl Fn(&mut Vec<u8>)) -> std::fs::File {
    let mut from = ZipArchive::new(std::io::Cursor::new(archive)).unwrap();
    let mut to = ZipWriter::new(tempfile::tempfile().unwrap());
    for at in 0..from.len() {
        let mut file = from.by_index(at).unwrap();
        let (is, mut bytes) = (file.name().unwrap().into_owned(), Vec::new());
        file.read_to_end(&mut bytes).unwrap();
        if is == name {
            change(&mut bytes);
        }
        to.start_file(is, SimpleFileOptions::default()).unwrap();
        to.write_all(&bytes).unwrap();
    }
    let mut file = to.finish().unwrap();
    file.rewind().unwrap();
    file
}

fn kept(bytes: &[u8]) -> std::fs::File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

#[tokio::test]
async fn a_pack_is_made_noted_checked_and_what_was_changed_in_it_is_named() {
    let house = House::new().await;
    house.write(Action::FleetApply, "/settings/fleet", json!({ "changes": ["<b>"] })).await;
    house.place().await;
    let (from, until) = (Utc::now() - TimeDelta::days(2), Utc::now() + TimeDelta::days(1));
    let ask = json!({ "from": from, "until": until });
    let response = house.api("/api/v1/audit/evidence", ask).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/zip");
    assert!(response.headers().contains_key("content-digest"));
    let bytes = to_bytes(response.into_body(), BYTES_MAX).await.unwrap();
    let key = Some(house.signer.verifier());
    let checked = check(kept(&bytes), key.clone(), &[]).unwrap();
    assert_eq!(checked.findings, [] as [&str; 0]);
    let pack = checked.pack.unwrap();
    assert_eq!(pack.fleet_changes.len(), 1);
    assert!(checked.log.unwrap().0.entries > 2);
    // Its checksum is in the log, and on the page.
    let (id, action, _) = house.rig.latest().await.unwrap();
    assert_eq!(action, Action::EvidencePack);
    let entry = audit::get_by_id(&house.rig.db.store, id).await.unwrap().unwrap();
    let sha256 = checked.sha256.to_string();
    assert_eq!(entry.event.after.unwrap()["sha256"], sha256.as_str());
    let html = house.page("/audit/evidence").await;
    assert!(html.contains(&sha256) && html.contains("being placed"), "{html}");

    for name in [INDEX, DATA, LOG] {
        let flipped = changed(&bytes, name, |content| {
            let middle = content.len() / 2;
            content[middle] ^= 1;
        });
        let found = check(flipped, key.clone(), &[]).unwrap();
        let named = format!("{name}: it is not what its checksum says");
        assert!(found.findings.contains(&named), "{name}: {:?}", found.findings);
        assert_ne!(found.sha256, checked.sha256);
    }
    // Whoever changes the sums as well is found by the signatures in the log.
    let forged = |content: &mut Vec<u8>| {
        let text = String::from_utf8(content.clone()).unwrap();
        *content = text.replace("operator-1", "operator-2").into_bytes();
    };
    let mut file = changed(&bytes, LOG, forged);
    let mut whole = Vec::new();
    file.read_to_end(&mut whole).unwrap();
    let mut log = Vec::new();
    let mut archive = ZipArchive::new(std::io::Cursor::new(&whole)).unwrap();
    archive.by_name(LOG).unwrap().read_to_end(&mut log).unwrap();
    let sum = {
        use sha2::Digest;
        format!("{:x}", sha2::Sha256::digest(&log))
    };
    let resummed = changed(&whole, SUMS, |content| {
        let text = String::from_utf8(content.clone()).unwrap();
        let lines = text.lines().map(|line| match line.ends_with(LOG) {
            true => format!("{sum}  {LOG}\n"),
            false => format!("{line}\n"),
        });
        *content = lines.collect::<String>().into_bytes();
    });
    let found = check(resummed, key, &[]).unwrap().findings;
    assert!(found.iter().any(|it| it.starts_with(LOG) && it.contains("was edited")), "{found:?}");
}

#[tokio::test]
async fn equal_data_make_an_equal_archive() {
    let house = House::new().await;
    house.place().await;
    let control = &house.rig.state.control;
    let period = (Utc::now() - TimeDelta::days(2), Utc::now());
    let mut sums = Vec::new();
    for _ in 0..2 {
        let (pack, log) = control.evidence(period).await.unwrap();
        sums.push(crate::evidence::archive(&pack, log).await.unwrap().sha256);
    }
    assert_eq!(sums[0], sums[1]);
}

#[tokio::test]
async fn a_period_that_is_none_makes_no_pack() {
    let house = House::new().await;
    let before = house.rig.latest().await;
    let now = Utc::now();
    let backwards = json!({ "from": now, "until": now - TimeDelta::days(1) });
    let response = house.api("/api/v1/audit/evidence", backwards).await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let response = house.post("/audit/do/evidence", "from=2026-10-31&to=2026-10-01").await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let html = house.page("/audit/evidence?from=2026-10-31&to=2026-10-01").await;
    assert!(html.contains("The end is not after the beginning."), "{html}");
    assert!(house.page("/audit/evidence").await.contains("No pack has been made yet."));
    assert_eq!(house.rig.latest().await, before);
}
