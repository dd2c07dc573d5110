//! Every page of the estate as HTML: whole, within its budget, and within the security policy.
#![cfg(feature = "ssr")]

#[path = "../examples/sample/mod.rs"]
mod sample;
mod words;

use std::io::Write;
use std::sync::Arc;

use chrono::TimeDelta;
use flate2::Compression;
use flate2::write::GzEncoder;
use leptos::prelude::{AnyView, IntoAny as _};
use mainstay_app::pages::query::Query;
use mainstay_app::pages::{self, Reader};
use mainstay_app::render::document;
use mainstay_app::shell::{Assets, DataAge, PolicyDays, Shell, Theme, Viewer};
use mainstay_app::text::speak;
use mainstay_core::access::{Density, Grant, Language, Role, Scope};
use mainstay_core::backup::clock::Pace;
use mainstay_core::estate::Estate;
use mainstay_core::id::{DatacenterId, GroupId, InstanceId, RegionId, ServiceId};
use mainstay_core::runbook::alias::Aliases;
use mainstay_core::runbook::shelf::Shelf;
use mainstay_core::status::Status;

/// Compressed HTML of the matrix with 2,000 instances, in bytes.
const MATRIX_BUDGET: usize = 15 * 1024;
/// Compressed HTML of any other page.
const PAGE_BUDGET: usize = 40 * 1024;

fn reader(role: Role) -> Reader {
    Reader {
        name: "operator-1".to_owned(),
        grants: vec![Grant { role, scope: Scope::default() }],
        csrf: "a-token".to_owned(),
        ..Reader::default()
    }
}

fn shell(path: &str) -> Shell {
    Shell {
        title: "A page".to_owned(),
        path: path.to_owned(),
        environment: "production".to_owned(),
        rehearsal: false,
        viewer: Some(Viewer {
            name: "operator-1".to_owned(),
            display_name: "Alex Kim".to_owned(),
            roles: vec![Role::Operator],
        }),
        theme: Theme::Auto,
        density: Density::Compact,
        nav_collapsed: false,
        keys: true,
        time_zone: None,
        list_zone: None,
        now: sample::now(),
        data: DataAge::Live,
        days: PolicyDays::default(),
        topology: None,
        rollouts: None,
        failover: None,
        backups: None,
        csrf: "a-token".to_owned(),
        message: None,
        build: "0.1.0".to_owned(),
        nonce: "n0nce".to_owned(),
        assets: Assets {
            css: "/assets/console.css".to_owned(),
            js: "/assets/app.js".to_owned(),
            wasm: "/assets/app.wasm".to_owned(),
        },
        topics: vec!["estate".to_owned()],
        live_id: String::new(),
    }
}

fn render(path: &str, page: impl FnOnce() -> AnyView) -> String {
    document(&shell(path), page)
}

fn compressed(html: &str) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(html.as_bytes()).expect("memory takes it");
    encoder.finish().expect("memory takes it").len()
}

fn id<T: std::str::FromStr<Err = mainstay_core::id::IdError>>(text: &str) -> T {
    text.parse().expect("an id")
}

/// Every page of an estate by its address.
fn all_pages(estate: &Estate, reader: &Reader) -> Vec<(String, String)> {
    let records = sample::records(estate);
    let none = Query::default();
    let mut all = Vec::new();
    let mut add = |path: &str, view: Box<dyn FnOnce() -> AnyView + '_>| {
        all.push((path.to_owned(), render(path, view)));
    };
    let overview = pages::overview::build(estate, &records, None);
    add("/", Box::new(|| pages::overview::view(&overview, reader)));
    let attention = pages::attention::build(&records, estate, &none);
    add("/attention", Box::new(|| pages::attention::view(&attention, reader)));
    let problem = pages::problem::build(&records[0], &[], Some(Vec::new()), estate);
    add("/attention/at-1042", Box::new(|| pages::problem::view(&problem, reader)));
    for query in ["", "view=regions", "view=list", "by=version", "by=load", "sel=feed-api@sin2"] {
        let topology = pages::topology::build(estate, &records, &Query::parse(query));
        let path = format!("/topology?{query}");
        add(&path, Box::new(|| pages::topology::view(&topology)));
    }
    let (region, dc): (RegionId, DatacenterId) = (id("ap-southeast"), id("pdx2"));
    let forget =
        pages::forget::build(estate, &dc, pages::forget::Typed::default()).expect("a page");
    add("/dc/pdx2/do/forget", Box::new(|| pages::forget::view(&forget, reader)));
    let (service, group): (ServiceId, GroupId) = (id("feed-api"), id("social"));
    let data = pages::region::build(estate, &records, &region).expect("a region");
    add("/regions/ap-southeast", Box::new(|| pages::region::view(&data, reader)));
    let data = pages::datacenter::build(estate, &records, &dc, &none, None).expect("a data centre");
    add("/dc/pdx2", Box::new(|| pages::datacenter::view(&data, reader)));
    let data = pages::group::build(estate, &records, &group).expect("a group");
    add("/groups/social", Box::new(|| pages::group::view(&data, reader)));
    let data = pages::service::build(estate, &records, &service, &none, None).expect("a service");
    add("/services/feed-api", Box::new(|| pages::service::view(&data, reader)));
    let data = pages::cell::build(estate, &records, &service, &dc, &none).expect("a cell");
    add("/services/feed-api/in/pdx2", Box::new(|| pages::cell::view(&data, reader)));
    let instance: InstanceId = id("feed-api-fra1-n0");
    let data = pages::instance::build(estate, &instance).expect("an instance");
    add("/instances/feed-api-fra1-n0", Box::new(|| pages::instance::view(&data, reader)));
    let data = pages::replace::build(estate, &instance, "key".to_owned()).expect("an instance");
    add("/instances/feed-api-fra1-n0/do/replace", Box::new(|| pages::replace::view(&data, reader)));
    let data = pages::find::build(estate, &Shelf::library(), &Aliases::new(), "api");
    add("/find?q=api", Box::new(|| pages::find::view(&data)));
    add("/dev/components", Box::new(pages::components::view));
    all
}

#[test]
fn every_page_is_whole_small_and_within_the_policy() {
    let estate = sample::estate(60, 2);
    for (path, html) in all_pages(&estate, &reader(Role::Operator)) {
        assert_eq!(html.matches("<h1").count(), 1, "{path} has one h1");
        assert!(!html.contains(" style="), "{path} has no inline style");
        assert_eq!(html.matches("<script").count(), 1, "{path} has one script");
        assert!(html.contains(r#"<script type="module" nonce="n0nce">"#), "{path}");
        assert!(!html.contains(" onclick="), "{path} has no inline handler");
        let size = compressed(&html);
        assert!(size <= PAGE_BUDGET, "{path} has {size} bytes compressed");
    }
}

#[test]
fn a_page_in_another_language_has_no_english_left() {
    let estate = sample::estate(12, 2);
    for language in [Language::Italian, Language::Russian] {
        let pages = speak(language, || all_pages(&estate, &reader(Role::Operator)));
        for (path, html) in pages {
            let root = format!(r#"<!doctype html><html lang="{}""#, language.tag());
            assert!(html.starts_with(&root), "{path}");
            let left = words::english_left(&html, language);
            assert!(left.is_empty(), "{path} in {language:?}: {left:#?}");
        }
    }
}

#[test]
fn the_matrix_of_two_thousand_instances_keeps_its_budget() {
    let estate = sample::estate(60, 3);
    assert!(estate.instances().count() >= 2000, "{}", estate.instances().count());
    let topology = pages::topology::build(&estate, &sample::records(&estate), &Query::default());
    let html = render("/topology", || pages::topology::view(&topology));
    let size = compressed(&html);
    assert!(size <= MATRIX_BUDGET, "{size} bytes compressed, {} in all", html.len());
    let elements = html.matches('<').count() - html.matches("</").count();
    assert!(elements <= 4000, "{elements} elements");
}

#[test]
fn a_page_has_one_place_in_its_shell() {
    let mut shell = shell("/topology?q=<!--page-->");
    shell.title = "<!--page-->".to_owned();
    shell.environment = "<!--page-->".to_owned();
    let viewer = shell.viewer.as_mut().expect("somebody is signed in");
    viewer.display_name = "<!--page-->".to_owned();
    viewer.name = "<!--page-->".to_owned();
    let (before, after) = mainstay_app::render::around(&shell);
    assert!(before.ends_with("</div>"), "{before}");
    assert!(after.trim_start_matches("<!>").starts_with("</main>"), "{after}");
    let page = || leptos::prelude::IntoAny::into_any("A");
    assert_eq!(document(&shell, page), [before.as_str(), "A", &after].concat());
}

#[test]
fn pages_of_backups_say_that_their_days_pass_faster() {
    let minute = Pace::new(60).expect("a pace");
    let hours = PolicyDays { pace: Pace::REAL, ahead: TimeDelta::hours(5) };
    let fast = PolicyDays { pace: minute, ahead: TimeDelta::hours(5) };
    let words = "A day of the backup policies passes in 60 s here.";
    let ahead = "The backup policies are 5 h ahead of the calendar here.";
    for (path, days, expected) in [
        ("/backups?view=sets", fast, Some(words)),
        ("/backups/runs/bk-7", fast, Some(words)),
        ("/", fast, Some(words)),
        ("/attention", fast, Some(words)),
        ("/backups", hours, Some(ahead)),
        ("/backups", PolicyDays::default(), None),
        ("/rollouts", fast, None),
    ] {
        let shell = Shell { days, ..shell(path) };
        let html = document(&shell, || ().into_any());
        assert_eq!(html.contains(words), expected == Some(words), "{path}");
        assert_eq!(html.contains(ahead), expected == Some(ahead), "{path}");
    }
}

#[test]
fn a_cell_says_what_it_is_and_unknown_is_never_healthy() {
    let estate = sample::estate(12, 2);
    let topology = pages::topology::build(&estate, &[], &Query::default());
    let html = render("/topology", || pages::topology::view(&topology));
    assert!(html.contains(r#"aria-label="feed-api in fra1: 17 healthy""#), "a healthy cell");
    assert!(html.contains(r#"aria-label="feed-api in pdx2: 17 unknown""#), "a silent one");
    // Local services are blank where the region has no warehouses.
    assert!(html.contains("/services/stock-api/in/fra1"));
    assert!(!html.contains("/services/stock-api/in/sin1"));
    let region = pages::region::build(&estate, &[], &id("ap-southeast")).expect("a region");
    let absent: Vec<_> = region.absent.iter().map(|a| a.reason.as_str()).collect();
    assert!(absent.contains(&"not placed here: this region has no warehouses"), "{absent:?}");
}

#[test]
fn the_overview_never_claims_more_than_is_known() {
    let estate = sample::estate(12, 2);
    let records = sample::records(&estate);
    let data = pages::overview::build(&estate, &records, None);
    assert_eq!((data.reporting, data.datacenters), (9, 10));
    let html = render("/", || pages::overview::view(&data, &reader(Role::Viewer)));
    assert!(html.contains("9 of 10 data centres report."));
    assert!(!html.to_lowercase().contains("fail over"), "no readiness is known yet");
    let bare = pages::overview::build(&Estate::default(), &[], None);
    let html = render("/", || pages::overview::view(&bare, &reader(Role::Viewer)));
    assert!(html.contains("No fleet is declared yet."));
}

#[test]
fn an_action_that_is_refused_is_disabled_with_the_reason() {
    let estate = sample::estate(12, 2);
    let page = |role: Role, instance: &str| {
        let data = pages::instance::build(&estate, &id(instance)).expect("an instance");
        render("/instances/x", || pages::instance::view(&data, &reader(role)))
    };
    let viewer = page(Role::Viewer, "feed-api-fra1-n0");
    assert!(viewer.contains("This needs the role operator or admin."), "{viewer}");
    assert!(!viewer.contains("/do/replace"));
    let operator = page(Role::Operator, "feed-api-fra1-n0");
    assert!(operator.contains(r#"href="/instances/feed-api-fra1-n0/do/replace""#));
    let unheard = page(Role::Operator, "feed-api-pdx2-n0");
    assert!(unheard.contains("pdx2 is not heard, so nothing can be asked of it."));
}

#[test]
fn a_list_is_paged_and_its_cursor_goes_on_where_it_stopped() {
    let estate = sample::estate(60, 2);
    let read = |query: &str| pages::topology::build(&estate, &[], &Query::parse(query)).list;
    let first = read("view=list&sort=service");
    assert_eq!(first.rows.len(), 200);
    let cursor = first.next.clone().expect("a next page");
    let second = read(&format!("view=list&sort=service&after={cursor}"));
    let (last, next) = (first.rows.last().expect("rows"), &second.rows[0]);
    assert!((&last.service, &last.datacenter) < (&next.service, &next.datacenter));
    let failing = read("view=list&status=failing");
    assert!(!failing.rows.is_empty());
    assert!(failing.rows.iter().all(|row| row.status == Status::Failing));
}

#[test]
fn hostile_text_stays_text() {
    let mut estate = sample::estate(12, 2);
    let mut fleet = (*estate.fleet).clone();
    for region in fleet.regions.values_mut() {
        region.name = r#"<img src=x onerror=alert(1)>" & co"#.to_owned();
    }
    estate.fleet = Arc::new(fleet);
    for (path, html) in all_pages(&estate, &reader(Role::Operator)) {
        assert!(!html.contains("<img"), "{path}");
    }
}
