//! The pages of rollouts in their states: what they say, and what they let a person do.
#![cfg(feature = "ssr")]

#[path = "../examples/sample/rollout.rs"]
mod rollout_sample;
#[path = "../examples/sample/mod.rs"]
mod sample;
mod words;

use std::sync::Arc;

use chrono::TimeDelta;
use mainstay_app::pages::query::Query;
use mainstay_app::pages::rollout::act::{self, Verb};
use mainstay_app::pages::rollout::{self as page, Slot, condition, metric, step};
use mainstay_app::pages::rollouts::{self, Filter, quarantine, start};
use mainstay_app::pages::traffic::edges;
use mainstay_app::pages::{self, Reader};
use mainstay_app::render::fragment;
use mainstay_app::text::speak;
use mainstay_core::access::{Grant, Language, Role, Scope};
use mainstay_core::id::ServiceId;
use mainstay_core::judge::Verdict;
use mainstay_core::release::{Quarantine, Releases};
use mainstay_core::rollout::{
    Back, Condition, ConditionFact, Ending, PauseReason, Position, SchemaChange, StartFinding,
    State, StopReason,
};
use rollout_sample::Sample;

const AT: Position = Position { wave: 0, step: 2 };

fn reader(role: Role) -> Reader {
    Reader {
        name: "operator-1".to_owned(),
        grants: vec![Grant { role, scope: Scope::default() }],
        csrf: "a-token".to_owned(),
        ..Reader::default()
    }
}

fn html(sample: &Sample, role: Role) -> String {
    let data = page::build(sample.input());
    fragment(|| page::view(&data, &reader(role)))
}

fn asked() -> StopReason {
    StopReason::Asked { by: "operator-3".to_owned() }
}

/// One state of each kind.
fn states() -> Vec<(&'static str, State, &'static str)> {
    let now = sample::now();
    let since = now - TimeDelta::minutes(10);
    let later = now + TimeDelta::minutes(15);
    let instance = "feed-api-dub1-g0".parse().expect("an id");
    let (why, was) = (asked(), Some(AT));
    vec![
        ("preparing", State::Preparing { at: AT, since, held: None }, "Starting 1.1.0"),
        (
            "testing",
            State::Testing { at: AT, since, instance, test: "t-1".to_owned() },
            "Testing feed-api-dub1-g0",
        ),
        ("shifting", State::Shifting { at: AT, since }, "Shifting to 25%"),
        ("watching", State::Watching { at: AT, since }, "Watched at 25%"),
        (
            "paused",
            State::Paused { at: AT, since, why: PauseReason::Undecided, weighed: true },
            "Paused by analysis at 25%",
        ),
        ("promoted", State::Promoted { at: now, warm_until: later }, "Promoted"),
        (
            "going back",
            State::RollingBack { stage: Back::Shifting, since, why: why.clone(), was },
            "Rolling back to 1.0.0",
        ),
        (
            "back",
            State::RolledBack { at: now, undo_until: later, why: why.clone(), was },
            "Rolled back",
        ),
        ("over", State::Ended { at: now, outcome: Ending::Promoted }, "Promoted"),
        (
            "over and back",
            State::Ended { at: now, outcome: Ending::RolledBack { why } },
            "Rolled back",
        ),
    ]
}

#[test]
fn every_state_is_a_whole_page_within_the_policy() {
    for (name, state, word) in states() {
        for role in [Role::Viewer, Role::Operator] {
            let html = html(&rollout_sample::sample(state.clone(), true), role);
            assert!(html.contains(word), "{name}: {word}");
            assert_eq!(html.matches("<h1").count(), 1, "{name}");
            assert!(!html.contains(" style=") && !html.contains(" onclick="), "{name}");
            // The evidence stands for as long as the button may; once pressed it is no "if".
            let back = ["going back", "back"].contains(&name);
            let words = if back { "Where requests go" } else { "If you roll back" };
            assert!(html.contains(words), "{name}");
        }
    }
}

#[test]
fn the_slot_keeps_its_meaning() {
    for (name, state, _) in states() {
        let sample = rollout_sample::sample(state, false);
        let data = page::build(sample.input());
        let slot = match (name, &data.slot) {
            ("going back", Slot::Going { to }) => to == "1.0.0",
            ("back", Slot::Undo { share, .. }) => share == "25%",
            // The sample's service was never released by this rollout.
            ("over" | "over and back", Slot::Nothing { .. }) => true,
            (
                "preparing" | "testing" | "shifting" | "watching" | "paused" | "promoted",
                Slot::RollBack { to, review: false },
            ) => to == "1.0.0",
            (_, _) => false,
        };
        assert!(slot, "{name}: {:?}", data.slot);
        let html = fragment(|| page::view(&data, &reader(Role::Operator)));
        // It is the first button of the head, and it says which version comes back.
        let first = html.find("<button").map(|at| &html[at..]).unwrap_or_default();
        let first = &first[..first.find("</button>").unwrap_or(0)];
        let says = first.contains("Roll back to 1.0.0")
            || first.contains("Rolling back to 1.0.0")
            || first.contains("Undo: go back to 25%");
        assert!(says, "{name}: {first}");
    }
}

#[test]
fn a_click_confirms_what_was_seen() {
    let sample = rollout_sample::sample(State::Watching { at: AT, since: sample::now() }, false);
    let html = html(&sample, Role::Operator);
    let form = html.find(r#"action="/rollouts/ro-12/do/roll-back""#).expect("a form");
    let form = &html[form..][..html[form..].find("</form>").expect("its end")];
    let hash = sample.rollout.plan.hash();
    for field in [
        r#"name="revision" value="14""#.to_owned(),
        format!(r#"name="plan" value="{hash}""#),
        r#"name="key" value="0f3a9c1e7b24""#.to_owned(),
        r#"name="csrf" value="a-token""#.to_owned(),
    ] {
        assert!(form.contains(&field), "{field} in {form}");
    }
    let viewer = fragment(|| page::view(&page::build(sample.input()), &reader(Role::Viewer)));
    assert!(!viewer.contains("<form"), "a viewer has no form");
    assert!(viewer.contains("This needs the role operator or admin."));
}

#[test]
fn what_cannot_be_taken_back_is_reviewed() {
    let watching = State::Watching { at: AT, since: sample::now() };
    let mut sample = rollout_sample::sample(watching, false);
    sample.rollout.plan.schema = SchemaChange::Irreversible;
    rollout_sample::weigh(&mut sample);
    let html = html(&sample, Role::Operator);
    assert!(html.contains("Roll back to 1.0.0…"), "the button opens a page");
    assert!(!html.contains(r#"<form method="post" action="/rollouts/ro-12/do/roll-back""#));
    assert!(html.contains("The database change has no way back"));
    let mut review = act::build(page::build(sample.input()), Verb::RollBack);
    assert!(review.grave);
    review.confirm = "feed".to_owned();
    review.reason = "soon".to_owned();
    let fields: Vec<_> = act::mistakes(&review, (10, 500)).into_iter().map(|m| m.field).collect();
    assert_eq!(fields, ["confirm", "reason"]);
    review.confirm = " Feed-API ".to_owned();
    review.reason = "users cannot pay".to_owned();
    assert_eq!(act::mistakes(&review, (10, 500)), []);
}

#[test]
fn a_failing_version_is_said_as_odds_and_never_passed() {
    let good = rollout_sample::sample(State::Watching { at: AT, since: sample::now() }, false);
    let bad = rollout_sample::sample(State::Watching { at: AT, since: sample::now() }, true);
    let page = html(&bad, Role::Viewer);
    assert!(page.contains("1.1.0 fails 1 request in "), "{page}");
    assert!(page.contains("1.0.0 fails 1 request in "), "{page}");
    assert!(page.contains("Certainly worse: at least +"), "{page}");
    let data = page::build(good.input());
    let judged = data.metrics.iter().filter(|metric| metric.judged.is_some());
    assert_eq!(judged.count(), 2);
    let none = Sample { verdicts: Vec::new(), ..good };
    let data = page::build(none.input());
    assert!(data.metrics.iter().all(|metric| metric.tone != mainstay_app::ui::tone::Tone::Ok));
    let page = html(&none, Role::Viewer);
    assert!(page.contains("Not judged yet."), "no verdict is no pass");
}

#[test]
fn edges_say_what_they_refuse_in_their_own_words() {
    let sample = rollout_sample::sample(State::Watching { at: AT, since: sample::now() }, false);
    let html = html(&sample, Role::Viewer);
    assert!(html.contains("3 of 5 acknowledged"), "{html}");
    let words = "Error adding/updating listener(s) main: duplicate route &quot;feed-api&quot;";
    assert!(html.contains(words) || html.contains(&words.replace("&quot;", "\"")), "{html}");
    assert!(html.contains("Away since"));
    let gap = html.matches(r#"class="gap""#).count();
    assert_eq!(gap, 4, "a gap stays a gap in each chart");
}

#[test]
fn steps_and_metrics_have_pages_and_others_have_none() {
    let sample = rollout_sample::sample(State::Watching { at: AT, since: sample::now() }, true);
    let third = step::build(sample.input(), 3).expect("a step");
    assert_eq!((third.of, third.weight), (25, Some(2_500)));
    assert!(!third.verdicts.is_empty());
    assert!(fragment(|| step::view(&third)).contains("Step 3 of 25"));
    for number in [0, 26] {
        assert!(step::build(sample.input(), number).is_none(), "{number}");
    }
    let errors = metric::build(sample.input(), "errors").expect("a metric");
    let html = fragment(|| metric::view(&errors));
    assert!(html.contains("Certainly worse"), "{html}");
    assert!(html.contains("no data"), "a stretch nobody heard is said in the table");
    assert!(metric::build(sample.input(), "p95").is_some());
    assert!(metric::build(sample.input(), "p42").is_none());
}

#[test]
fn a_condition_has_a_page_with_what_came_of_it_each_time() {
    let mut sample = rollout_sample::sample(State::Watching { at: AT, since: sample::now() }, true);
    let data = condition::build(sample.input(), 1).expect("a condition");
    assert_eq!((data.words.as_str(), data.query.as_deref()), ("errors below 1.5%", None));
    assert_eq!(data.values.len(), sample.verdicts.len());
    assert!(data.values.windows(2).all(|pair| pair[0].at > pair[1].at), "newest first");
    let shown = fragment(|| condition::view(&data));
    assert!(shown.contains("Passed") && shown.contains("limit 1.5%"), "{shown}");
    for number in [0, 2] {
        assert!(condition::build(sample.input(), number).is_none(), "{number}");
    }
    let rollout = html(&sample, Role::Viewer);
    assert!(rollout.contains("/rollouts/ro-12/conditions/1"), "{rollout}");

    // Nothing could be compared, but something was asked and answered.
    let query = "up{service='$service',version='$version',not='$stable'}".to_owned();
    let asked = Condition::PromqlAbove { query, milli: 2_500 };
    sample.rollout.plan.analysis.conditions = vec![asked.clone()];
    let fact = ConditionFact { condition: asked, verdict: Verdict::Fail, value: Some(1.25) };
    for judged in &mut sample.verdicts {
        (judged.judgement, judged.conditions) = (None, vec![fact.clone()]);
    }
    sample.conditions = vec![fact];
    let data = condition::build(sample.input(), 1).expect("a condition");
    let query = "up{service='feed-api',version='1.1.0',not='1.0.0'}";
    assert_eq!(data.query.as_deref(), Some(query));
    let shown = fragment(|| condition::view(&data));
    for words in ["at least 2.5", "1.25", "Failed"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
}

#[test]
fn many_edges_come_by_the_page_and_those_that_do_not_follow_first() {
    let mut sample =
        rollout_sample::sample(State::Watching { at: AT, since: sample::now() }, false);
    let stands = rollout_sample::stands(&sample.estate);
    let mut fleet = (*sample.estate.fleet).clone();
    let some = fleet.edges.values().next().expect("an edge").clone();
    let known = fleet.edges.len();
    for n in 0..300 {
        fleet.edges.insert(format!("edge-new-{n:03}").parse().expect("an id"), some.clone());
    }
    sample.estate.fleet = Arc::new(fleet);
    let (never, all) = (300, 300 + known);
    let build = |query: &str| {
        let filter = edges::Filter::read(&Query::parse(query));
        edges::build(&sample.estate, &stands, &Default::default(), 5, filter)
    };
    let first = build("");
    assert_eq!((first.edges.len(), first.total, first.all), (edges::PAGE, all, all));
    assert!(first.behind > never && first.edges[0].refused.is_some(), "{:?}", first.edges[0]);
    let mut seen: Vec<_> = (1..=4).flat_map(|page| build(&format!("page={page}")).edges).collect();
    assert_eq!(seen.len(), all, "every edge is on one page");
    let quiet = seen.iter().filter(|row| row.refused.is_none());
    assert!(quiet.skip_while(|row| !row.connected).all(|row| row.connected), "away first");
    seen.dedup_by_key(|row| row.edge.clone());
    assert_eq!(seen.len(), all);
    let list = fragment(|| edges::view(&first));
    assert!(list.contains("/edges?page=2") && list.contains("Next 100"), "{list}");
    let found = build("q=new-29&page=1");
    assert_eq!((found.total, found.edges.len(), found.all), (10, 10, all));
    let none = build("q=nowhere&page=x");
    assert_eq!((none.total, none.dropped.len()), (0, 1));
    assert!(fragment(|| edges::view(&none)).contains("No edge is like that."));
    assert!(build("page=18446744073709551615").edges.is_empty(), "far beyond the last");

    // Where users enter, those that nobody enters by hide none of the others.
    let rows = edges::all(&sample.estate, &stands, &Default::default());
    let topology = pages::topology::build(&sample.estate, &[], &Query::default());
    let topology = pages::topology::with_traffic(topology, &Default::default(), &rows);
    let named = |row: &edges::Row| topology.edges.iter().any(|it| it.edge == row.edge);
    assert!(rows.iter().filter(|row| row.since.is_some()).all(named), "{:?}", topology.edges);
    assert_eq!(topology.edges.len() + topology.edges_more, all);

    let html = html(&sample, Role::Viewer);
    assert!(html.contains(&format!("{} more", all - 12)), "{html}");
}

#[test]
fn lists_say_what_is_on_and_what_they_dropped() {
    let sample = rollout_sample::sample(State::Watching { at: AT, since: sample::now() }, false);
    let (filter, dropped) = Filter::read(&Query::parse("status=running&service=NO&after=x"));
    assert_eq!(dropped.len(), 2);
    let data = rollouts::build(&sample.estate, &[], filter, dropped);
    let html = fragment(|| rollouts::view(&data, &reader(Role::Operator)));
    assert!(html.contains("ro-12") && html.contains("Start a rollout…"), "{html}");
    assert!(html.contains("is not known here"), "{html}");
    let none = rollouts::build(&sample::estate(3, 2), &[], Filter::default(), Vec::new());
    let html = fragment(|| rollouts::view(&none, &reader(Role::Viewer)));
    assert!(html.contains("No rollouts are running."), "{html}");
    let records = sample::records(&sample.estate);
    let overview = pages::overview::build(&sample.estate, &records, None);
    let html = fragment(|| pages::overview::view(&overview, &reader(Role::Viewer)));
    assert!(html.contains("In progress") && html.contains("/rollouts/ro-12"), "{html}");
}

#[test]
fn a_refused_start_keeps_what_was_typed() {
    let estate = rollout_sample::canary_estate();
    let service: ServiceId = "feed-api".parse().expect("an id");
    let typed = start::Typed {
        version: "1.1.0\"<b>".to_owned(),
        steps: "25% 5 min, 5% 5 min".to_owned(),
        config: "yes".to_owned(),
        ..start::Typed::default()
    };
    let mut data = start::build(&estate, &service, &[], typed, "k".to_owned()).expect("a service");
    let finding = StartFinding::WeightNotGrowing { step: 2, weight: 5.0, before: 25.0 };
    data.mistakes = vec![start::mistake(&finding)];
    let html = fragment(|| start::view(&data, &reader(Role::Operator)));
    assert!(html.contains(r#"role="alert""#) && html.contains("There is a mistake"), "{html}");
    assert!(html.contains(r##"href="#steps""##), "{html}");
    assert!(html.contains("25% 5 min, 5% 5 min"), "{html}");
    assert!(!html.contains("<b>"), "typed text stays text: {html}");
    assert!(start::title(&data).starts_with("Error: "));
}

#[test]
fn letting_a_version_out_is_typed_and_reasoned() {
    let mut estate = rollout_sample::canary_estate();
    let service: ServiceId = "feed-api".parse().expect("an id");
    estate.releases = Arc::new(Releases {
        quarantined: vec![Quarantine {
            service: service.clone(),
            version: "1.0.9".to_owned(),
            reason: "it lost orders".to_owned(),
            rollout: None,
            since: sample::now(),
        }],
        ..Releases::default()
    });
    let list = quarantine::build(&estate);
    assert!(quarantine::review(list.clone(), &service, "9.9.9", "k".to_owned()).is_none());
    let mut data = quarantine::review(list, &service, "1.0.9", "k".to_owned()).expect("it is held");
    let lift = data.lift.as_mut().expect("a review");
    assert_eq!(quarantine::mistakes(lift, (10, 500)).len(), 2);
    lift.confirm = "feed-api 1.0.9".to_owned();
    lift.reason = "mended and tested".to_owned();
    assert_eq!(quarantine::mistakes(lift, (10, 500)), []);
    let html = fragment(|| quarantine::view(&data, &reader(Role::Operator)));
    assert!(html.contains("it lost orders"), "{html}");
    let viewer = fragment(|| quarantine::view(&data, &reader(Role::Viewer)));
    assert!(!viewer.contains("<form"), "{viewer}");
}

#[test]
fn traffic_benches_and_edges_have_pages() {
    let estate = rollout_sample::canary_estate();
    let service: ServiceId = "feed-api".parse().expect("an id");
    let benches = rollout_sample::benches();
    let bench = pages::bench::build(&estate, &service, &benches, "k".to_owned());
    let bench = bench.expect("a service");
    let html = fragment(|| pages::bench::view(&bench, &reader(Role::Operator)));
    for words in ["Running", "Passed", "Failed", "7 of 250 failed, p95 12 ms"] {
        assert!(html.contains(words), "{words}: {html}");
    }
    let (range, _) = pages::traffic::Range::read(&Query::parse(""), sample::now());
    let (moments, totals) = (rollout_sample::moments(), rollout_sample::totals());
    let traffic = pages::traffic::build(&estate, &service, range, Vec::new(), &moments, &totals);
    let traffic = traffic.expect("a service");
    assert_eq!(traffic.unheard_seconds, 120);
    let html = fragment(|| pages::traffic::view(&traffic));
    assert!(html.contains("Not heard for 2 min of it."), "{html}");
    assert!(html.contains("no instance was reached"), "{html}");
    let empty = pages::traffic::Moments { step_seconds: 1, moments: Vec::new() };
    let none = pages::traffic::build(&estate, &service, range, Vec::new(), &empty, &[]);
    let html = fragment(|| pages::traffic::view(&none.expect("a service")));
    assert!(html.contains("Nobody has measured this yet."), "{html}");
    let stands = rollout_sample::stands(&estate);
    let edges =
        pages::traffic::edges::build(&estate, &stands, &Default::default(), 5, Default::default());
    let html = fragment(|| pages::traffic::edges::view(&edges));
    assert!(html.contains("4 of 5 connected.") && html.contains("Refused"), "{html}");
    let answered = [("dub1", 300), ("dub2", 100)];
    let answered = answered.map(|(id, requests)| (id.parse().expect("an id"), requests)).into();
    let topology = pages::topology::build(&estate, &[], &Query::default());
    let topology = pages::topology::with_traffic(topology, &answered, &edges.edges);
    let html = fragment(|| pages::topology::view(&topology));
    assert!(html.contains(">75%<") && html.contains(">25%<"), "shares head the columns: {html}");
    assert!(html.contains("/edges/edge-us-east"), "and edges stand under them");
}

#[test]
fn rollouts_in_another_language_have_no_english_left() {
    for language in [Language::Italian, Language::Russian] {
        let pages = speak(language, || {
            let mut pages = Vec::new();
            for (_, state, _) in states() {
                let sample = rollout_sample::sample(state, true);
                pages.push(html(&sample, Role::Operator));
                let step = step::build(sample.input(), 3).expect("a step");
                pages.push(fragment(|| step::view(&step)));
                let errors = metric::build(sample.input(), "errors").expect("a metric");
                pages.push(fragment(|| metric::view(&errors)));
                let condition = condition::build(sample.input(), 1).expect("a condition");
                pages.push(fragment(|| condition::view(&condition)));
            }
            let estate = rollout_sample::canary_estate();
            let service: ServiceId = "feed-api".parse().expect("an id");
            let typed = start::Typed::default();
            let start = start::build(&estate, &service, &[], typed, "k".to_owned());
            let start = start.expect("a service");
            pages.push(fragment(|| start::view(&start, &reader(Role::Operator))));
            let benches = rollout_sample::benches();
            let bench = pages::bench::build(&estate, &service, &benches, "k".to_owned());
            let bench = bench.expect("a service");
            pages.push(fragment(|| pages::bench::view(&bench, &reader(Role::Operator))));
            let edges = rollout_sample::stands(&estate);
            let edges = pages::traffic::edges::build(
                &estate,
                &edges,
                &Default::default(),
                5,
                Default::default(),
            );
            pages.push(fragment(|| pages::traffic::edges::view(&edges)));
            pages
        });
        for html in pages {
            let left = words::english_left(&html, language);
            assert!(left.is_empty(), "in {language:?}: {left:#?}");
        }
    }
}
