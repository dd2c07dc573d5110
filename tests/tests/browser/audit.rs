//! The auditor's story: somebody changed something; the auditor searches for it, opens the entry,
//! takes the log along, verifies it far from the server, and finds the line that somebody edited.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use mainstay_tests::{Browser, Look, Visitor, World, programs};

use super::{access, arrives, plain, signed_in, world};

/// An instance that no other test replaces.
const INSTANCE: &str = "ingest-sin1-1";

async fn write(browser: &Browser, selector: &str, words: &str) {
    let field = browser.find(selector).await.unwrap();
    field.clear().await.unwrap();
    field.send_keys(words).await.unwrap();
}

/// The export of the form on the audit log's page, as it stands at an address.
async fn export(auditor: &Visitor, page: &str) -> String {
    let sent = auditor.submit(page, "/audit/do/export", &[("format", "jsonl")]).await.unwrap();
    assert!(sent.status().is_success(), "{}", sent.status());
    sent.text().await.unwrap()
}

/// What `mainstay audit …` says, without a database and without a server.
fn offline(arguments: &[&str], file: &Path) -> Output {
    let mut command = Command::new(programs::mainstay().unwrap());
    command.arg("audit").args(arguments).arg(file);
    command.env_remove("DATABASE_URL").env_remove("MAINSTAY_SERVER").output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Verifies what was exported, then edits one line and verifies it again: that line is named.
fn verify_and_tamper(world: &World, dir: &Path, text: &str, entry: u64) {
    let key = world.data_dir().join("audit.pub");
    let verify = ["verify", "--key", key.to_str().unwrap()];
    let file = dir.join("audit.jsonl");
    fs::write(&file, text).unwrap();
    let intact = offline(&verify, &file);
    assert!(intact.status.success(), "{}", said(&intact));
    assert!(said(&intact).contains("is intact"), "{}", said(&intact));

    let seq = format!("\"seq\":{entry},");
    let line = text.lines().position(|line| line.contains(&seq)).unwrap();
    let lines: Vec<_> = text.lines().map(str::to_owned).collect();
    let edited = |change: &dyn Fn(&str) -> String| {
        let mut lines = lines.clone();
        lines[line] = change(&lines[line]);
        fs::write(&file, lines.join("\n") + "\n").unwrap();
        offline(&verify, &file)
    };
    let found = edited(&|it| it.replace("slower", "faster"));
    assert_eq!(found.status.code(), Some(1), "{}", said(&found));
    let named = format!("line {}: entry {entry} ", line + 1);
    assert!(said(&found).contains(&named), "{named} in {}", said(&found));
    assert!(said(&found).contains("was changed"), "{}", said(&found));
    // Leaving the line out is noticed as well.
    let mut short = lines.clone();
    short.remove(line);
    fs::write(&file, short.join("\n") + "\n").unwrap();
    let found = offline(&verify, &file);
    assert_eq!(found.status.code(), Some(1), "{}", said(&found));
}

#[tokio::test]
async fn an_auditor_searches_opens_exports_verifies_and_finds_an_edited_line() {
    let world = world().await;
    let operator = signed_in(world, "operator", plain()).await;
    access::replace(&operator, INSTANCE, false).await;
    drop(operator);

    // Search, in a browser with scripts, by words of the reason and the instance's address.
    let browser = signed_in(world, "auditor", Look::default()).await;
    browser.open("/audit").await.unwrap();
    write(&browser, "main form.filter input[name=q]", &format!("slower neighbour {INSTANCE}"))
        .await;
    browser.follow("main form.filter button").await.unwrap();
    let row = browser.text("main tbody tr").await.unwrap();
    assert!(row.contains("operator") && row.contains(INSTANCE), "{row}");
    assert!(browser.text("main").await.unwrap().contains("1 entry matches."));
    let auditor = world.sign_in("auditor").await.unwrap();
    let found = auditor.json(&format!("/api/v1/audit?q=slower+{INSTANCE}")).await.unwrap();
    assert_eq!(found["entries"].as_array().map(Vec::len), Some(1), "{found}");

    // Open: who, what, before and after, the proof, and what belongs to it.
    let signed = mainstay_tests::until("the entry is signed", super::PATIENCE, async || {
        let found = auditor.json(&format!("/api/v1/audit?q=slower+{INSTANCE}")).await.ok()?;
        found["entries"][0]["seq"].as_u64()
    });
    let entry = signed.await.unwrap();
    browser.open("/audit").await.unwrap();
    write(&browser, "main form.filter input[name=q]", &format!("slower {INSTANCE}")).await;
    browser.follow("main form.filter button").await.unwrap();
    browser.follow(&format!("main tbody a[href='/audit/{entry}']")).await.unwrap();
    arrives(&browser, &format!("/audit/{entry}")).await;
    let main = browser.text("main").await.unwrap();
    for words in ["In the signed log", "What belongs to it", "It answers slower"] {
        assert!(main.contains(words), "{words} in {main}");
    }

    // Export what was found, and all, and verify both without the server.
    let dir = tempfile::tempdir().unwrap();
    let selection = export(&auditor, &format!("/audit?q=slower+{INSTANCE}")).await;
    assert!(selection.lines().next().unwrap_or_default().contains("\"selection\""));
    verify_and_tamper(world, dir.path(), &selection, entry);
    let whole = export(&auditor, "/audit").await;
    verify_and_tamper(world, dir.path(), &whole, entry);
}

#[tokio::test]
async fn an_auditor_takes_a_pack_of_evidence_along_and_checks_it() {
    let world = world().await;
    let browser = signed_in(world, "auditor", plain()).await;
    browser.open("/audit/evidence").await.unwrap();
    write(&browser, "input[name=from]", "-2d").await;
    write(&browser, "input[name=to]", "").await;
    browser.follow("main form.filter button").await.unwrap();
    let main = browser.text("main").await.unwrap();
    assert!(main.contains("Entries of the audit log"), "{main}");
    drop(browser);

    let auditor = world.sign_in("auditor").await.unwrap();
    let (page, action) = ("/audit/evidence?from=-2d", "/audit/do/evidence");
    let made = auditor.submit(page, action, &[]).await.unwrap();
    assert_eq!(made.headers()["content-type"], "application/zip");
    let bytes = made.bytes().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("evidence.zip");
    fs::write(&file, &bytes).unwrap();
    let key = world.data_dir().join("audit.pub");
    let verify = ["evidence", "verify", "--key", key.to_str().unwrap()];
    let intact = offline(&verify, &file);
    assert!(intact.status.success(), "{}", said(&intact));

    // The checksum that it prints is the one of the log.
    let packs = auditor.json("/api/v1/audit/evidence").await.unwrap();
    let sha256 = packs["packs"][0]["sha256"].as_str().unwrap().to_owned();
    assert!(said(&intact).contains(&sha256), "{sha256} in {}", said(&intact));
    let entries = auditor.json("/api/v1/audit?action=evidence-pack").await.unwrap();
    assert_eq!(entries["entries"][0]["after"]["sha256"], sha256.as_str(), "{entries}");

    let mut changed = bytes.to_vec();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    fs::write(&file, &changed).unwrap();
    let found = offline(&verify, &file);
    assert_eq!(found.status.code(), Some(1), "{}", said(&found));
    assert!(said(&found).contains("was changed"), "{}", said(&found));
}
