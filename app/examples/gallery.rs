//! Writes every page with a synthetic estate into a directory, in each language, to be looked at
//! in a browser:
//! `cargo run -p mainstay-app --example gallery --features ssr -- DIRECTORY [SCRIPT WASM]`; with
//! the addresses of the built script and wasm the pages also wake their islands.

#[path = "sample/backup.rs"]
mod backup_sample;
#[path = "sample/rollout.rs"]
mod rollout_sample;
mod sample;

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use leptos::prelude::AnyView;
use mainstay_app::pages::query::Query;
use mainstay_app::pages::{self, Reader};
use mainstay_app::render::document;
use mainstay_app::shell::{Assets, DataAge, Message, PolicyDays, Shell, Theme, Viewer};
use mainstay_app::text::speak;
use mainstay_app::ui::chart::{Point, Series};
use mainstay_app::ui::tone::Tone;
use mainstay_core::access::{Density, Grant, Language, Role, Scope};
use mainstay_core::id::{DatacenterId, GroupId, InstanceId, RegionId, ServiceId};
use mainstay_core::runbook::alias::Aliases;
use mainstay_core::runbook::shelf::Shelf;

fn main() -> std::io::Result<()> {
    let directory = std::env::args().nth(1).map_or_else(|| PathBuf::from("gallery"), PathBuf::from);
    std::fs::create_dir_all(&directory)?;
    let styles = Path::new(env!("CARGO_MANIFEST_DIR")).join("../style");
    let mut sheets: Vec<_> = std::fs::read_dir(styles)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    sheets.sort();
    let css = sheets.iter().map(std::fs::read_to_string).collect::<Result<String, _>>()?;
    std::fs::write(directory.join("console.css"), css)?;
    for language in Language::ALL {
        speak(language, || write(&directory, language))?;
    }
    Ok(())
}

/// Each page in the language that is spoken; those of other languages than English are light only.
fn write(directory: &Path, language: Language) -> std::io::Result<()> {
    let reader = Reader {
        name: "operator-1".to_owned(),
        grants: vec![Grant { role: Role::Operator, scope: Scope::default() }],
        csrf: "token".to_owned(),
        ..Reader::default()
    };
    let looks: &[_] = match language {
        Language::English => &[(Theme::Light, ""), (Theme::Dark, "-dark")],
        Language::Italian => &[(Theme::Light, "-it")],
        Language::Russian => &[(Theme::Light, "-ru")],
    };
    let pages = pages(&reader).into_iter().chain(objects(&reader)).chain(errors());
    let pages = pages.chain(rollouts(&reader)).chain(releases(&reader)).chain(backups(&reader));
    for (name, path, title, page) in pages {
        for (theme, suffix) in looks {
            let mut shell = shell(path, &title, *theme);
            shell.nav_collapsed = name.starts_with("topology");
            if name == "error-404" {
                shell.message = Some(Message {
                    tone: Tone::Ok,
                    strong: "Taken.".to_owned(),
                    detail: "You own at-1042 since 03:12.".to_owned(),
                });
            }
            let html = document(&shell, &page);
            std::fs::write(directory.join(format!("{name}{suffix}.html")), html)?;
        }
    }
    Ok(())
}

type Page = (&'static str, &'static str, String, Box<dyn Fn() -> AnyView>);

fn pages(reader: &Reader) -> Vec<Page> {
    let big = sample::estate(60, 2);
    let small = sample::estate(12, 2);
    let mut all: Vec<Page> = Vec::new();
    let data = pages::overview::build(&small, &sample::records(&small), None);
    let r = reader.clone();
    all.push((
        "overview",
        "/",
        pages::overview::title(),
        Box::new(move || pages::overview::view(&data, &r)),
    ));
    let data = pages::overview::build(&big, &sample::records(&big), None);
    let r = reader.clone();
    all.push((
        "overview-big",
        "/",
        pages::overview::title(),
        Box::new(move || pages::overview::view(&data, &r)),
    ));
    for (name, estate, query) in [
        ("topology", &big, ""),
        ("topology-small", &small, ""),
        ("topology-selected", &big, "sel=session-api@sin2"),
        ("topology-version", &big, "by=version"),
        ("topology-load", &big, "by=load&status=failing&dc=zzz"),
        ("topology-list", &big, "view=list"),
        ("topology-regions", &small, "view=regions"),
    ] {
        let records = sample::records(estate);
        let data = pages::topology::build(estate, &records, &Query::parse(query));
        let page = move || pages::topology::view(&data);
        all.push((name, "/topology", pages::topology::title(), Box::new(page)));
    }
    let data = pages::attention::build(&sample::records(&big), &big, &Query::parse(""));
    let r = reader.clone();
    all.push((
        "attention",
        "/attention",
        pages::attention::title(&data),
        Box::new(move || pages::attention::view(&data, &r)),
    ));
    let data = pages::find::build(&big, &Shelf::library(), &Aliases::new(), "api");
    all.push((
        "find",
        "/find?q=api",
        pages::find::title(&data),
        Box::new(move || pages::find::view(&data)),
    ));
    all.push((
        "components",
        "/dev/components",
        "Components".to_owned(),
        Box::new(pages::components::view),
    ));
    all
}

fn objects(reader: &Reader) -> Vec<Page> {
    let estate = sample::estate(60, 2);
    let records = sample::records(&estate);
    let none = Query::default();
    let mut all: Vec<Page> = Vec::new();
    let region = RegionId::new("ap-southeast").expect("an id");
    let dc = DatacenterId::new("pdx2").expect("an id");
    let service = ServiceId::new("feed-api").expect("an id");
    let group = GroupId::new("social").expect("an id");
    let failing = estate
        .instances()
        .find(|(_, i, s)| i.state.cause().is_some() && *s == mainstay_core::status::Status::Failing)
        .map(|(dc, i, _)| (dc.clone(), i.service.clone(), i.id.clone()))
        .expect("a failing instance");
    let id: InstanceId = failing.2;
    macro_rules! page {
        ($name:literal, $path:literal, $room:ident, $data:expr) => {{
            let (data, reader) = ($data.expect("it exists"), reader.clone());
            let title = pages::$room::title(&data);
            all.push(($name, $path, title, Box::new(move || pages::$room::view(&data, &reader))));
        }};
    }
    page!("region", "/regions/x", region, pages::region::build(&estate, &records, &region));
    page!(
        "datacenter",
        "/dc/pdx2",
        datacenter,
        pages::datacenter::build(&estate, &records, &dc, &none, Some(series()))
    );
    page!("group", "/groups/x", group, pages::group::build(&estate, &records, &group));
    page!(
        "service",
        "/services/x",
        service,
        pages::service::build(&estate, &records, &service, &none, None)
    );
    page!(
        "cell",
        "/services/x/in/y",
        cell,
        pages::cell::build(&estate, &records, &failing.1, &failing.0, &none)
    );
    page!("instance", "/instances/x", instance, pages::instance::build(&estate, &id));
    page!("replace", "/instances/x", replace, pages::replace::build(&estate, &id, "k".into()));
    page!(
        "problem",
        "/attention/at-1042",
        problem,
        records
            .first()
            .map(|record| { pages::problem::build(record, &[], Some(Vec::new()), &estate) })
    );
    all
}

fn errors() -> Vec<Page> {
    let failure = pages::error::Failure::NotFound { path: "/services/nope".to_owned() };
    let title = pages::error::title(&failure);
    let view = move || pages::error::view(&failure, Some("7f3a-19c2"));
    vec![("error-404", "/nope", title, Box::new(view))]
}

/// A rollout in several states, and what belongs to it.
fn rollouts(reader: &Reader) -> Vec<Page> {
    use mainstay_core::rollout::{PauseReason, Position, State, StopReason};
    use pages::rollout::{self as page, act, condition, metric, step};
    let at = Position { wave: 0, step: 2 };
    let now = sample::now();
    let since = now - TimeDelta::minutes(16);
    let why = StopReason::Analysis {
        metric: "errors".to_owned(),
        words: "1.89 % of 9,215 requests fail, of the old version 0.21 % of 27,646".to_owned(),
    };
    let states = [
        ("rollout-watching", State::Watching { at, since }, false),
        (
            "rollout-paused",
            State::Paused { at, since: now, why: PauseReason::Undecided, weighed: true },
            true,
        ),
        (
            "rollout-back",
            State::RolledBack {
                at: now,
                undo_until: now + TimeDelta::minutes(15),
                why,
                was: Some(at),
            },
            true,
        ),
        (
            "rollout-promoted",
            State::Promoted { at: now, warm_until: now + TimeDelta::minutes(15) },
            false,
        ),
    ];
    let mut all: Vec<Page> = Vec::new();
    for (name, state, bad) in states {
        let sample = rollout_sample::sample(state, bad);
        let (data, r) = (page::build(sample.input()), reader.clone());
        let title = page::title(&data);
        all.push((name, "/rollouts/ro-12", title, Box::new(move || page::view(&data, &r))));
    }
    let sample = rollout_sample::sample(State::Watching { at, since }, true);
    let data = metric::build(sample.input(), "errors").expect("a metric");
    let title = metric::title(&data);
    all.push(("rollout-metric", "/rollouts/ro-12", title, Box::new(move || metric::view(&data))));
    let data = condition::build(sample.input(), 1).expect("a condition");
    let title = condition::title(&data);
    let view = move || condition::view(&data);
    all.push(("rollout-condition", "/rollouts/ro-12", title, Box::new(view)));
    let data = step::build(sample.input(), 3).expect("a step");
    let title = step::title(&data);
    all.push(("rollout-step", "/rollouts/ro-12", title, Box::new(move || step::view(&data))));
    let (data, r) = (act::build(page::build(sample.input()), act::Verb::Promote), reader.clone());
    let title = act::title(&data);
    all.push(("rollout-act", "/rollouts/ro-12", title, Box::new(move || act::view(&data, &r))));
    all
}

/// Lists, forms and traffic around rollouts.
fn releases(reader: &Reader) -> Vec<Page> {
    use mainstay_core::release::{Quarantine, Releases};
    use mainstay_core::rollout::{Position, State, Today, preview};
    use pages::rollouts::{self, quarantine, start};
    use pages::traffic::{self, Range};
    let at = Position { wave: 0, step: 2 };
    let sample = rollout_sample::sample(State::Watching { at, since: sample::now() }, true);
    let mut estate = sample.estate.clone();
    let mut releases: Releases = (*estate.releases).clone();
    releases.quarantined.push(Quarantine {
        service: rollout_sample::service(),
        version: "1.0.9".to_owned(),
        reason: "The analysis of errors failed: 1.89 % of 9,215 requests fail".to_owned(),
        rollout: Some(sample.rollout.id),
        since: sample::now(),
    });
    estate.releases = std::sync::Arc::new(releases);
    let service = rollout_sample::service();
    let mut all: Vec<Page> = Vec::new();
    let mut add = |name, path, title: String, view: Box<dyn Fn() -> AnyView>| {
        all.push((name, path, title, view));
    };
    let over = vec![sample.rollout.clone(); 3];
    let data = rollouts::build(&estate, &over, rollouts::Filter::default(), Vec::new());
    let r = reader.clone();
    add("rollouts", "/rollouts", rollouts::title(), Box::new(move || rollouts::view(&data, &r)));
    let data = quarantine::build(&estate);
    let data = quarantine::review(data, &service, "1.0.9", "k".into()).expect("it is held");
    let r = reader.clone();
    let title = quarantine::title(&data);
    add("quarantine", "/rollouts/quarantine", title, Box::new(move || quarantine::view(&data, &r)));
    let typed = start::Typed {
        version: "1.1.0".to_owned(),
        config: "yes".to_owned(),
        ..Default::default()
    };
    let benches = rollout_sample::benches();
    let data = start::build(&estate, &service, &benches, typed, "k".into()).expect("a service");
    let plan = rollout_sample::plan(&estate);
    let trace = rollout_sample::totals();
    let mut sum = mainstay_core::traffic::Counts::default();
    trace.iter().for_each(|(_, counts)| sum.add(counts));
    let today = Today {
        per_second: estate.fleet.regions.keys().map(|id| (id.clone(), 40.0)).collect(),
        error_rate: Some(0.0021),
        latencies: Some(mainstay_core::judge::Latencies {
            bounds_ms: mainstay_core::traffic::LATENCY_BOUNDS_MS.to_vec(),
            counts: sum.latency.counts().to_vec(),
        }),
        problems: &[],
        bench: benches.get(1),
    };
    let data = start::previewed(data, &plan, &preview(&plan, &estate, &today));
    let (r, title) = (reader.clone(), start::title(&data));
    add("start", "/services/x", title, Box::new(move || start::view(&data, &r)));
    let data = pages::bench::build(&estate, &service, &benches, "k".into()).expect("a service");
    let (r, title) = (reader.clone(), pages::bench::title(&data));
    add("bench", "/services/x", title, Box::new(move || pages::bench::view(&data, &r)));
    let (range, _) = Range::read(&Query::parse(""), sample::now());
    let moments = rollout_sample::moments();
    let data = traffic::build(&estate, &service, range, Vec::new(), &moments, &trace);
    let data = data.expect("a service");
    let title = traffic::title(&data);
    add("traffic", "/services/x", title, Box::new(move || traffic::view(&data)));
    all.extend(edge_pages(&estate, &sum, range, &moments, &trace));
    all
}

/// The edges' own pages.
fn edge_pages(
    estate: &mainstay_core::estate::Estate,
    sum: &mainstay_core::traffic::Counts,
    range: pages::traffic::Range,
    moments: &pages::traffic::Moments,
    trace: &[(mainstay_core::traffic::Series, mainstay_core::traffic::Counts)],
) -> Vec<Page> {
    use pages::traffic::{edge, edges};
    let stands = rollout_sample::stands(estate);
    let lately = stands.keys().map(|id| (id.clone(), (sum.clone(), 300))).collect();
    let data = edges::build(estate, &stands, &lately, 5, Default::default());
    let mut all: Vec<Page> = Vec::new();
    let mut add = |name, path, title: String, view: Box<dyn Fn() -> AnyView>| {
        all.push((name, path, title, view));
    };
    add("edges", "/edges", edges::title(), Box::new(move || edges::view(&data)));
    let id = mainstay_core::id::EdgeId::new("edge-us-east").expect("an id");
    let range = (range, Vec::new());
    let data = edge::build(estate, &id, stands.get(&id), range, moments, trace);
    let data = data.expect("an edge");
    let title = edge::title(&data);
    add("edge", "/edges/x", title, Box::new(move || edge::view(&data)));
    all
}

/// Backups in every view, and each kind of page about them.
fn backups(reader: &Reader) -> Vec<Page> {
    use mainstay_core::backup::run::State;
    use pages::backups::{self, Filter, Picture, ask, copy, run, set};
    let (estate, known) = backup_sample::estate();
    let mut all: Vec<Page> = Vec::new();
    for (name, query) in [
        ("backups", ""),
        ("backups-month", "span=month"),
        ("backups-sets", "view=sets"),
        ("backups-copies", "view=copies"),
        ("backups-lost", "view=copies&lost=fra1"),
    ] {
        let (filter, dropped) = Filter::read(&Query::parse(query), &estate);
        let data = backups::build(&estate, &known, filter, dropped);
        all.push((name, "/backups", backups::title(), Box::new(move || backups::view(&data))));
    }
    for (name, database) in
        [("set-stock", "stock-db"), ("set-label", "label-db"), ("set-old", "metrics-db")]
    {
        let database = database.parse().expect("an id");
        let picture = Picture::of(&estate, &database, &known[&database]).expect("a policy");
        let (data, r) = (set::build(&picture), reader.clone());
        let title = set::title(&data);
        all.push((name, "/backups/sets/x", title, Box::new(move || set::view(&data, &r))));
    }
    let late = "store-db".parse().expect("an id");
    let picture = Picture::of(&estate, &late, &known[&late]).expect("a policy");
    let data = run::build(&picture, &known[&late].runs[0]);
    all.push((
        "run-late",
        "/backups/runs/bk-1",
        run::title(&data),
        Box::new(move || run::view(&data)),
    ));
    let data = ask::run_now(&picture, ask::Typed { kind: "full".to_owned(), ..Default::default() });
    let (r, title) = (reader.clone(), ask::run_now_title(&data));
    all.push(("run-now", "/backups/sets/x", title, Box::new(move || ask::run_now_view(&data, &r))));
    let session = "session-db".parse().expect("an id");
    let picture = Picture::of(&estate, &session, &known[&session]).expect("a policy");
    let data = run::build(&picture, &known[&session].runs[0]);
    all.push((
        "run-on",
        "/backups/runs/bk-2",
        run::title(&data),
        Box::new(move || run::view(&data)),
    ));
    let feed = "feed-db".parse().expect("an id");
    let picture = Picture::of(&estate, &feed, &known[&feed]).expect("a policy");
    let State::Done { datacenter, done, .. } = &known[&feed].runs[0].state else { return all };
    let data = copy::build(&picture, datacenter, &done.copy.label).expect("it is there");
    let review = ask::prove(&picture, data.clone(), ask::Typed::default()).expect("it is there");
    let (r, title) = (reader.clone(), copy::title(&data));
    all.push(("copy", "/backups/sets/x", title, Box::new(move || copy::view(&data, &r))));
    let (r, title) = (reader.clone(), ask::prove_title(&review));
    all.push(("prove", "/backups/sets/x", title, Box::new(move || ask::prove_view(&review, &r))));
    let data = pages::overview::build(&estate, &sample::records(&estate), Some(&known));
    let (r, title) = (reader.clone(), pages::overview::title());
    let view = move || pages::overview::view(&data, &r);
    all.push(("overview-backups", "/", title, Box::new(view)));
    all
}

fn series() -> Series {
    let points = (0..60).map(|minute| Point {
        at: sample::now() - TimeDelta::minutes(59 - minute),
        value: (!(30..36).contains(&minute)).then_some(200.0 - (minute % 7) as f64),
    });
    Series { points: points.collect(), step_seconds: 60 }
}

fn shell(path: &str, title: &str, theme: Theme) -> Shell {
    Shell {
        title: title.to_owned(),
        path: path.to_owned(),
        environment: "production".to_owned(),
        rehearsal: false,
        viewer: Some(Viewer {
            name: "operator-1".to_owned(),
            display_name: "Alex Kim".to_owned(),
            roles: vec![Role::Operator],
        }),
        theme,
        density: Density::Compact,
        nav_collapsed: false,
        keys: true,
        time_zone: Some(chrono_tz::Europe::Berlin),
        list_zone: None,
        now: sample::now(),
        data: DataAge::Live,
        days: PolicyDays::default(),
        topology: Some((mainstay_core::status::Status::Failing, 4)),
        rollouts: Some((mainstay_core::status::Status::Updating, 1)),
        failover: None,
        backups: Some((mainstay_core::status::Status::Degraded, 3)),
        csrf: "token".to_owned(),
        message: None,
        build: "0.1.0".to_owned(),
        nonce: "nonce".to_owned(),
        assets: Assets {
            css: "console.css".to_owned(),
            js: std::env::args().nth(2).unwrap_or_default(),
            wasm: std::env::args().nth(3).unwrap_or_default(),
        },
        topics: vec!["estate".to_owned()],
        live_id: String::new(),
    }
}
