//! What is read of each format, what is left, and which addresses mean which repository.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::read::{Read, read};
use super::repository::{Address, Protocol};
use super::*;

const COMMIT: &str = "4f2c0a5e9b1d3c7f8a6e5d4c3b2a190817263544";

fn now() -> DateTime<Utc> {
    "2026-12-01T11:00:00Z".parse().expect("a time")
}

fn told(format: Format, event: &str, body: &Value) -> Result<Read, String> {
    read(format, event, body.to_string().as_bytes(), now()).map_err(|error| error.to_string())
}

fn report(format: Format, event: &str, body: &Value) -> Report {
    match told(format, event, body) {
        Ok(Read::Report(report)) => report,
        other => panic!("{other:?}"),
    }
}

fn github(status: &str, conclusion: Option<&str>) -> Value {
    json!({
        "action": "completed",
        "workflow_run": {
            "id": 30433642, "name": "Build", "head_branch": "main", "head_sha": COMMIT,
            "status": status, "conclusion": conclusion, "run_attempt": 1,
            "html_url": "https://github.com/acme/shop/actions/runs/30433642",
            "updated_at": "2026-12-01T10:58:00Z",
            "head_repository": { "full_name": "acme/shop" },
        },
        "repository": { "full_name": "acme/shop", "html_url": "https://github.com/acme/shop" },
    })
}

#[test]
fn github_tells_of_a_run() {
    let passed = report(Format::Github, "workflow_run", &github("completed", Some("success")));
    assert_eq!(
        passed,
        Report {
            repository: Repository::named("github.com/acme/shop").expect("an address"),
            commit: Commit::new(COMMIT).expect("a commit"),
            pipeline: "Build".to_owned(),
            status: Status::Passed,
            branch: Some("main".to_owned()),
            url: Some("https://github.com/acme/shop/actions/runs/30433642".to_owned()),
            at: now() - TimeDelta::minutes(2),
            service: None,
            version: None,
        }
    );
    for (status, conclusion, expected) in [
        ("queued", None, Status::Running),
        ("in_progress", None, Status::Running),
        ("completed", None, Status::Failed),
        ("completed", Some("failure"), Status::Failed),
        ("completed", Some("cancelled"), Status::Failed),
        ("completed", Some("timed_out"), Status::Failed),
        ("completed", Some("startup_failure"), Status::Failed),
        ("completed", Some("something_new"), Status::Failed),
    ] {
        let told = report(Format::Github, "workflow_run", &github(status, conclusion));
        assert_eq!(told.status, expected, "{status} {conclusion:?}");
    }
}

#[test]
fn what_tests_nothing_says_nothing() {
    let left = |format, event: &str, body: &Value| match told(format, event, body) {
        Ok(Read::Left(why)) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(left(Format::Github, "ping", &json!({ "zen": "Keep it simple" })), "ping");
    assert!(left(Format::Github, "push", &json!({})).contains("push"));
    for skipped in ["skipped", "neutral"] {
        let why = left(Format::Github, "workflow_run", &github("completed", Some(skipped)));
        assert!(why.contains("skipped"), "{why}");
    }
    let mut fork = github("completed", Some("success"));
    fork["workflow_run"]["head_repository"]["full_name"] = "mallory/shop".into();
    assert_eq!(left(Format::Github, "workflow_run", &fork), "it is of a fork");
    assert!(left(Format::Gitlab, "Push Hook", &json!({})).contains("Push Hook"));
    assert!(left(Format::Gitlab, "Pipeline Hook", &gitlab("skipped")).contains("skipped"));
}

fn gitlab(status: &str) -> Value {
    json!({
        "object_kind": "pipeline",
        "object_attributes": {
            "id": 31, "iid": 3, "name": "Release", "ref": "master", "tag": false, "sha": COMMIT,
            "status": status, "created_at": "2026-12-01 10:50:28 UTC",
            "finished_at": "2026-12-01 10:56:26 UTC", "duration": 63,
        },
        "project": { "web_url": "https://GitLab.example.org/acme/shop",
            "path_with_namespace": "acme/shop" },
    })
}

#[test]
fn gitlab_tells_of_a_pipeline() {
    let passed = report(Format::Gitlab, "Pipeline Hook", &gitlab("success"));
    assert_eq!(passed.repository.as_str(), "gitlab.example.org/acme/shop");
    assert_eq!((passed.status, &*passed.pipeline), (Status::Passed, "Release"));
    assert_eq!(passed.at.to_rfc3339(), "2026-12-01T10:56:26+00:00");
    let page = "https://GitLab.example.org/acme/shop/-/pipelines/31";
    assert_eq!(passed.url.as_deref(), Some(page));
    for (status, expected) in [
        ("failed", Status::Failed),
        ("canceled", Status::Failed),
        ("running", Status::Running),
        ("pending", Status::Running),
        ("manual", Status::Running),
    ] {
        let told = report(Format::Gitlab, "Pipeline Hook", &gitlab(status));
        assert_eq!(told.status, expected, "{status}");
    }
    let mut newer = gitlab("success");
    newer["object_attributes"]["finished_at"] = "2026-12-01T11:56:26.000+01:00".into();
    assert_eq!(report(Format::Gitlab, "Pipeline Hook", &newer).at, passed.at);
}

fn generic() -> Value {
    json!({ "repository": "https://git.example.org/shop.git", "commit": COMMIT.to_uppercase(),
        "status": "passed", "finished_at": "2026-12-01T10:59:00Z", "version": "2.0.0",
        "service": "api", "url": "https://ci.example.org/7" })
}

#[test]
fn anybody_else_says_it_in_a_few_words() {
    let told_of = report(Format::Generic, "", &generic());
    assert_eq!(told_of.repository.as_str(), "git.example.org/shop");
    assert_eq!(told_of.commit.as_str(), COMMIT);
    assert_eq!(told_of.version.as_deref(), Some("2.0.0"));
    let with = |field: &str, value: Value| {
        let mut body = generic();
        body[field] = value;
        told(Format::Generic, "", &body)
    };
    for (field, value, words) in [
        ("commit", json!("4f2c0a5"), "40 or 64 hexadecimal digits"),
        ("commit", json!("0".repeat(40)), "40 or 64 hexadecimal digits"),
        ("status", json!("fine"), "unknown variant"),
        ("repository", json!("ext::sh -c id"), "no address"),
        ("finished_at", json!(null), "`finished_at` is missing"),
        ("finished_at", json!("2026-12-01T11:06:00Z"), "is in the future"),
        ("colour", json!("green"), "unknown field"),
    ] {
        let error = with(field, value).expect_err(field);
        assert!(error.contains(words), "{error}");
    }
    // What is no page of the web is no link.
    let Ok(Read::Report(told_of)) = with("url", json!("javascript:alert(1)")) else {
        panic!("a report")
    };
    assert_eq!(told_of.url, None);
    let Ok(Read::Report(told_of)) = with("branch", json!("a\u{7}b".repeat(200))) else {
        panic!("a report")
    };
    assert_eq!(told_of.branch.map(|it| it.len()), Some(read::TEXT_MAX_CHARS));
}

#[test]
fn a_report_that_is_late_says_nothing() {
    let known = report(Format::Generic, "", &generic());
    let later = |seconds: i64, status| Report {
        at: known.at + TimeDelta::seconds(seconds),
        status,
        ..known.clone()
    };
    assert!(later(1, Status::Failed).replaces(&known));
    assert!(later(1, Status::Running).replaces(&known));
    assert!(!later(0, Status::Failed).replaces(&known));
    assert!(!later(-1, Status::Failed).replaces(&known));
    assert!(known.replaces(&later(0, Status::Running)));
}

#[test]
fn one_repository_has_several_addresses() {
    let place = |text: &str| Repository::named(text).map(|it| it.to_string());
    for address in [
        "https://github.com/acme/shop",
        "https://GitHub.com/acme/shop.git",
        "https://github.com:443/acme/shop/",
        "ssh://git@github.com/acme/shop.git",
        "git@github.com:acme/shop.git",
        "github.com/acme/shop",
    ] {
        assert_eq!(place(address).as_deref(), Some("github.com/acme/shop"), "{address}");
    }
    assert_eq!(place("file:///srv/git/shop.git").as_deref(), Some("/srv/git/shop"));
    assert_eq!(place("/srv/git/shop").as_deref(), Some("/srv/git/shop"));
    let named = |text| Repository::named(text).expect("a place");
    assert!(named("github.com/acme/shop").is_below(&named("github.com/acme")));
    assert!(named("github.com/acme").is_below(&named("github.com/acme")));
    assert!(!named("github.com/acme-2/shop").is_below(&named("github.com/acme")));
    assert!(named("github.com/acme").is_below(&named("GITHUB.com")));
}

#[test]
fn an_address_has_nothing_in_it_that_a_program_takes_for_more() {
    for address in [
        "https://git.example.org/shop.git",
        "https://git.example.org:8443/shop",
        "ssh://git@git.example.org:2222/srv/shop.git",
        "ssh://git.example.org/shop",
        "file:///srv/git/shop",
    ] {
        let read = Address::read(address).unwrap_or_else(|| panic!("{address}"));
        assert_eq!(read.to_string(), address);
    }
    let port = |address: &str| Address::read(address).map(|it| it.port_or_known());
    assert_eq!(port("ssh://git.example.org/shop"), Some(Protocol::Ssh.port()));
    for bad in [
        "",
        "shop",
        "--upload-pack=id",
        "-oProxyCommand=id",
        "ext::sh -c id",
        "git://git.example.org/shop",
        "http://git.example.org/shop",
        "HTTPS://git.example.org/shop",
        "https://git.example.org",
        "https://git.example.org/",
        "https://ann:secret@git.example.org/shop",
        "https://token@git.example.org/shop",
        "https://git.example.org/shop?x=1",
        "https://git.example.org/shop#x",
        "https://git.example.org/../shop",
        "https://git.example.org:0/shop",
        "https://git.example.org:x/shop",
        "https://-git.example.org/shop",
        "ssh://-oProxyCommand=id/shop",
        "ssh://-l@git.example.org/shop",
        "ssh://ann:secret@git.example.org/shop",
        "ssh://git@git.example.org/shop;id",
        "ssh://git@git.example.org/`id`",
        "file://host/srv/git/shop",
        "file:///srv/../etc",
        "file:///srv/git shop",
        "https://git.example.org/shop\nx",
    ] {
        assert_eq!(Address::read(bad), None, "{bad}");
    }
    assert_eq!(Address::read(&format!("https://a.b/{}", "x".repeat(500))), None);
    for bad in ["", "ext::sh -c id", "-x/y", "https://ann:x@host/shop", "host/../x", "a b/c"] {
        assert_eq!(Repository::named(bad), None, "{bad}");
    }
}

#[test]
fn what_is_typed_of_a_source_is_read_or_said_by_field() {
    let draft = |name: &str, format: &str, below: &str| {
        let (name, format, below) = (name.to_owned(), format.to_owned(), below.to_owned());
        Draft { name, format, below }.read()
    };
    let good = draft(" builds ", "github", "https://github.com/acme").expect("read");
    assert_eq!(good.name, "builds");
    assert_eq!(good.below.map(|it| it.to_string()).as_deref(), Some("github.com/acme"));
    assert_eq!(draft("builds", "generic", "  ").map(|it| it.below), Ok(None));
    let mistakes = draft("", "bitbucket", "https://ann:x@host/").expect_err("nothing is right");
    let fields: Vec<_> = mistakes.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(fields, ["name", "format", "below"]);
    assert_eq!(draft(&"x".repeat(81), "github", "").expect_err("too long").len(), 1);
    assert_eq!("ps-3".parse(), Ok(SourceId(3)));
    for bad in ["ps-", "ps-03", "ps-x", "3"] {
        assert_eq!(bad.parse::<SourceId>(), Err(SourceIdError), "{bad}");
    }
}
