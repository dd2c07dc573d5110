//! Writes every page with a synthetic estate into a directory, to be looked at in a browser:
//! `cargo run -p mainstay-app --example gallery --features ssr -- DIRECTORY [SCRIPT WASM]`; with
//! the addresses of the built script and wasm the pages also wake their islands.

mod sample;

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use leptos::prelude::AnyView;
use mainstay_app::pages::query::Query;
use mainstay_app::pages::{self, Reader};
use mainstay_app::render::document;
use mainstay_app::shell::{Assets, DataAge, Message, Shell, Theme, Viewer};
use mainstay_app::ui::chart::{Point, Series};
use mainstay_app::ui::tone::Tone;
use mainstay_core::access::{Density, Grant, Role, Scope};
use mainstay_core::id::{DatacenterId, GroupId, InstanceId, RegionId, ServiceId};

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
    let reader = Reader {
        name: "operator-1".to_owned(),
        grants: vec![Grant { role: Role::Operator, scope: Scope::default() }],
        csrf: "token".to_owned(),
    };
    let pages = pages(&reader).into_iter().chain(objects(&reader)).chain(errors());
    for (name, path, title, page) in pages {
        for theme in [Theme::Light, Theme::Dark] {
            let mut shell = shell(path, &title, theme);
            shell.nav_collapsed = name.starts_with("topology");
            if name == "error-404" {
                shell.message = Some(Message {
                    tone: Tone::Ok,
                    strong: "Taken.".to_owned(),
                    detail: "You own at-1042 since 03:12.".to_owned(),
                });
            }
            let html = document(&shell, &page);
            let suffix = if theme == Theme::Dark { "-dark" } else { "" };
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
    let data = pages::overview::build(&small, &sample::records(&small));
    let r = reader.clone();
    all.push((
        "overview",
        "/",
        pages::overview::title(),
        Box::new(move || pages::overview::view(&data, &r)),
    ));
    let data = pages::overview::build(&big, &sample::records(&big));
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
    let data = pages::attention::build(&sample::records(&big), sample::now(), &Query::parse(""));
    let r = reader.clone();
    all.push((
        "attention",
        "/attention",
        pages::attention::title(&data),
        Box::new(move || pages::attention::view(&data, &r)),
    ));
    let data = pages::find::build(&big, "api");
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
        pages::service::build(&estate, &records, &service, &none)
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
        records.first().map(|record| pages::problem::build(record, sample::now()))
    );
    all
}

fn errors() -> Vec<Page> {
    let failure = pages::error::Failure::NotFound { path: "/services/nope".to_owned() };
    let title = pages::error::title(&failure);
    let view = move || pages::error::view(&failure, Some("7f3a-19c2"));
    vec![("error-404", "/nope", title, Box::new(view))]
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
        now: sample::now(),
        data: DataAge::Live,
        problems: Some((mainstay_core::status::Status::Failing, 4)),
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
