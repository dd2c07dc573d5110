//! The pages of backups: what they say of every state, and what they let a person do.
#![cfg(feature = "ssr")]

#[path = "../examples/sample/backup.rs"]
mod backup_sample;
#[path = "../examples/sample/mod.rs"]
mod sample;
mod words;

use mainstay_app::pages::backups::{self, Filter, Known, Picture, ask, copy, next, run, set};
use mainstay_app::pages::query::Query;
use mainstay_app::pages::{self, Reader};
use mainstay_app::render::fragment;
use mainstay_app::text::speak;
use mainstay_core::access::{Grant, Language, Role, Scope};
use mainstay_core::backup::Label;
use mainstay_core::backup::run::State;
use mainstay_core::estate::Estate;
use mainstay_core::id::DatabaseId;

fn reader(role: Role) -> Reader {
    Reader {
        name: "operator-1".to_owned(),
        grants: vec![Grant { role, scope: Scope::default() }],
        csrf: "a-token".to_owned(),
        ..Reader::default()
    }
}

fn db(name: &str) -> DatabaseId {
    name.parse().expect("an id")
}

fn list(query: &str) -> (backups::Data, String) {
    let (estate, known) = backup_sample::estate();
    let (filter, dropped) = Filter::read(&Query::parse(query), &estate);
    let data = backups::build(&estate, &known, filter, dropped);
    let html = fragment(|| backups::view(&data));
    (data, html)
}

fn says(html: &str, all: &[&str]) {
    for words in all {
        assert!(html.contains(words), "{words:?} is not in {html}");
    }
}

#[test]
fn the_answer_counts_and_names_what_is_late() {
    let (data, html) = list("");
    assert_eq!(data.answer.sentence, "4 of 6 backups on time in 24 h.");
    assert_eq!(data.answer.rest, ["1 missed: label-db.", "1 late: store-db, 41 min."]);
    says(&html, &["Week 47, 16 Nov to 22 Nov 2026", "store-db: full to fra2", "cache-db"]);
}

#[test]
fn each_state_has_its_mark_and_each_view_its_facts() {
    let (data, _) = list("");
    let calendar = data.calendar.expect("it is the default");
    let looks = |name: &str| {
        let row = calendar.rows.iter().find(|row| row.database == db(name)).expect("a row");
        row.marks.iter().map(|mark| mark.look).collect::<Vec<_>>()
    };
    use backups::Look::{Done, Late, Missed, Planned, Running};
    assert_eq!(looks("store-db"), [Done, Done, Done, Done, Late, Planned, Planned]);
    assert_eq!(looks("label-db"), [Done, Done, Missed, Missed, Missed, Planned, Planned]);
    assert_eq!(looks("session-db"), [Done, Done, Done, Done, Running, Planned, Planned]);
    // What is not well says why, and what runs how far it is.
    for row in &calendar.rows {
        for mark in &row.marks {
            let run = mark.href.starts_with("/backups/runs/");
            let told = match mark.look {
                Missed | Late | Running | backups::Look::Failing | backups::Look::Stuck => run,
                Planned | Done | backups::Look::DoneLate | backups::Look::Unknown => false,
            };
            assert_eq!(mark.why.is_some(), told, "{}", mark.words);
            if let Some(why) = &mark.why {
                assert!(mark.words.ends_with(why.as_str()), "{}", mark.words);
            }
        }
    }
    let (data, _) = list("span=month&from=2026-02-17");
    assert_eq!(data.calendar.expect("a month").days.len(), 28);
    let (_, sets) = list("view=sets");
    says(&sets, &["3 missed", "Old data", "Partly not read", "(not read: dub2)", "never"]);
    let (_, lost) = list("view=copies&lost=fra1&span=year");
    says(&lost, &["Without fra1, 6 of 6 databases have a copy left.", "span", "year"]);
    says(&lost, &["One repository could not be read, and totals leave it out."]);
}

#[test]
fn many_databases_are_paged_and_found_by_name() {
    let (mut estate, known) = backup_sample::estate();
    let mut fleet = (*estate.fleet).clone();
    for number in 0..120 {
        let database = fleet.databases[&db("feed-db")].clone();
        fleet.databases.insert(db(&format!("many-{number:03}")), database);
    }
    estate.fleet = std::sync::Arc::new(fleet);
    let list = |query: &str| {
        let (filter, dropped) = Filter::read(&Query::parse(query), &estate);
        let data = backups::build(&estate, &known, filter, dropped);
        (fragment(|| backups::view(&data)), data)
    };
    let (html, first) = list("view=sets");
    assert_eq!((first.sets.len(), first.total), (backups::PAGE, 126));
    says(&html, &["Next 50", "after=many-", "Name contains"]);
    let next = first.next.expect("there is more").to_string();
    let (_, second) = list(&format!("view=sets&after={next}"));
    assert!(second.sets[0].database.as_str() > next.as_str());
    let (html, last) = list("view=sets&after=many-110");
    assert_eq!((last.next, last.sets.len()), (None, 13));
    says(&html, &["First page"]);
    let (html, named) = list("q=store&span=month");
    assert_eq!((named.total, named.sets.len()), (1, 1));
    says(&html, &["Clear the filter", "value=\"store\"", "q=store"]);
    assert!(!html.contains("many-001"));
    says(&list("q=nowhere").0, &["No database matches the filter."]);
    let (_, lost) = list("view=copies&lost=fra1");
    let loss = lost.copies.and_then(|it| it.loss).expect("it is asked for");
    assert_eq!((loss.total, loss.rows.len()), (126, backups::PAGE));
}

#[test]
fn a_fleet_without_policies_says_so() {
    let estate = Estate::default();
    let (filter, dropped) = Filter::read(&Query::default(), &estate);
    let data = backups::build(&estate, &Default::default(), filter, dropped);
    says(&fragment(|| backups::view(&data)), &["No database has a backup policy."]);
    assert!(next::build(&estate, &Default::default()).is_none());
}

#[test]
fn a_set_tells_its_policy_copies_and_who_may_ask() {
    let (estate, known) = backup_sample::estate();
    let page = |name: &str, role: Role| {
        let picture = Picture::of(&estate, &db(name), &known[&db(name)]).expect("a policy");
        let data = set::build(&picture);
        (fragment(|| set::view(&data, &reader(role))), data)
    };
    let (html, data) = page("stock-db", Role::Operator);
    says(&html, &["Full copy on Tuesday, Friday", "Back up now…", "New York", "could not be read"]);
    assert_eq!((data.ahead.len(), data.runs.len()), (5, 20));
    let (html, _) = page("stock-db", Role::Viewer);
    says(&html, &["This needs the role operator or admin."]);
    assert!(!html.contains("do/run-now"));
    let (html, _) = page("metrics-db", Role::Operator);
    says(&html, &["The agent of this database is silent."]);
}

#[test]
fn nothing_is_claimed_of_a_database_that_no_agent_tells_of() {
    let (mut estate, _) = backup_sample::estate();
    estate.datacenters.clear();
    let known = Known::default();
    let picture = Picture::of(&estate, &db("feed-db"), &known).expect("a policy");
    let data = set::build(&picture);
    let html = fragment(|| set::view(&data, &reader(Role::Operator)));
    says(&html, &["No agent tells of this database.", "What the repositories hold is not known."]);
    assert_eq!(data.set.word, "Not seen");
    assert!(data.goes.is_empty() && data.reach.is_empty());
}

#[test]
fn copies_and_runs_have_their_own_pages() {
    let (estate, known) = backup_sample::estate();
    let of = |name: &str| {
        let known = &known[&db(name)];
        (Picture::of(&estate, &db(name), known).expect("a policy"), &known.runs[0])
    };
    let (picture, late) = of("store-db");
    let html = fragment(|| run::view(&run::build(&picture, late)));
    says(&html, &["41 min past its window.", "Try 3 in pdx1", "Next try at 03:16 UTC."]);
    let (picture, on) = of("session-db");
    let passed = "The turn of dub2 was passed over: its repository could not be read. \
                  The repository cannot be reached. Copying, 42%";
    says(&fragment(|| run::view(&run::build(&picture, on))), &["Running", passed]);
    let (picture, done) = of("feed-db");
    let State::Done { datacenter, done, .. } = &done.state else { panic!("it is done") };
    let data = copy::build(&picture, datacenter, &done.copy.label).expect("it is there");
    let html = fragment(|| copy::view(&data, &reader(Role::Operator)));
    says(
        &html,
        &["Restore passed", "orders are there: 1204", "Page checksums not run", "Prove now…"],
    );
    let review = ask::prove(&picture, data, ask::Typed::default()).expect("it is there");
    let html = fragment(|| ask::prove_view(&review, &reader(Role::Viewer)));
    says(&html, &["This needs the role operator or admin.", "disabled"]);
    assert!(copy::build(&picture, datacenter, &Label("none".to_owned())).is_none());
}

#[test]
fn the_overview_tells_of_the_next_day() {
    let (estate, known) = backup_sample::estate();
    let data = pages::overview::build(&estate, &sample::records(&estate), Some(&known));
    let backups = data.backups.as_ref().expect("there are policies");
    assert!(backups.rows[0].look == backups::Look::Missed && backups.more > 0);
    let html = fragment(|| pages::overview::view(&data, &reader(Role::Viewer)));
    says(
        &html,
        &["4 of 6 backups on time in 24 h.", "The copies of stock-db in dub2 cannot be read"],
    );
}

#[test]
fn backups_in_another_language_have_no_english_left() {
    let (estate, known) = backup_sample::estate();
    for language in [Language::Italian, Language::Russian] {
        let pages = speak(language, || {
            let views = ["", "view=sets", "view=copies&lost=fra1&span=year", "view=restores"];
            let mut pages: Vec<_> = views.iter().map(|query| list(query).1).collect();
            for (database, known) in &known {
                let Some(picture) = Picture::of(&estate, database, known) else { continue };
                let operator = reader(Role::Operator);
                pages.push(fragment(|| set::view(&set::build(&picture), &operator)));
                let runs = known.runs.iter().take(3);
                pages.extend(runs.map(|it| fragment(|| run::view(&run::build(&picture, it)))));
            }
            pages
        });
        for html in pages {
            let left = words::english_left(&html, language);
            assert!(left.is_empty(), "in {language:?}: {left:#?}");
        }
    }
}
