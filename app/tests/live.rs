//! Live values: what changes is said once, in the words of the page, to those who listen.
#![cfg(feature = "ssr")]

#[path = "../examples/sample/mod.rs"]
mod sample;

use std::sync::Arc;
use std::time::Instant;

use mainstay_app::live::{Change, Topics, View, changed};
use mainstay_app::text::speak;
use mainstay_core::access::Language;
use mainstay_core::estate::{Cause, Estate, InstanceState};
use mainstay_core::id::{DatacenterId, InstanceId};
use mainstay_core::problem::Record;

fn topics(text: &str) -> Topics {
    Topics::parse(text).expect("topics")
}

/// Changes one instance of a copy of the estate, sharing everything else.
fn with_instance(estate: &Estate, dc: &str, id: &str, state: InstanceState) -> Estate {
    let mut next = estate.clone();
    let dc: DatacenterId = dc.parse().expect("an id");
    let id: InstanceId = id.parse().expect("an id");
    let mut place = (*next.datacenters[&dc]).clone();
    let mut instance = (*place.instances[&id]).clone();
    instance.state = state;
    place.instances.insert(id, Arc::new(instance));
    next.datacenters.insert(dc, Arc::new(place));
    next
}

fn of<'a>(changes: &'a [Change], key: &str) -> Option<&'a Change> {
    changes.iter().find(|change| change.k == key)
}

#[test]
fn only_what_changed_is_said_and_only_to_who_listens() {
    let estate = sample::estate(12, 2);
    let records: Vec<Record> = sample::records(&estate);
    let all = topics("estate,dc:fra1");
    let (view, first) = changed(&View::default(), &estate, &records, &all, 1);
    assert!(of(&first, "total").is_some() && of(&first, "dc/fra1").is_some());
    let (view, none) = changed(&view, &estate, &records, &all, 2);
    assert_eq!(none, [], "the same estate says nothing");

    let dead = InstanceState::Unhealthy { cause: Cause::Killed { signal: 9 } };
    let next = with_instance(&estate, "fra1", "feed-api-fra1-n0", dead);
    let (view, changes) = changed(&view, &next, &records, &all, 3);
    let mut keys: Vec<_> = changes.iter().map(|change| change.k.as_str()).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "cell/feed-api/fra1",
            "dc/fra1",
            "group/social",
            "instance/feed-api-fra1-n0",
            "region/eu-central",
            "service/feed-api",
            "total",
        ]
    );
    let cell = of(&changes, "cell/feed-api/fra1").expect("the cell");
    assert_eq!(cell.r, 3);
    assert_eq!(cell.fields["label"], "feed-api in fra1: 1 failing, 16 healthy");
    assert_eq!(cell.fields["s"], "failing");
    let instance = of(&changes, "instance/feed-api-fra1-n0").expect("the instance");
    assert_eq!(instance.fields["cause"], "ended by signal 9");
    assert!(all.wants(instance) && !topics("estate,dc:dub1").wants(instance));

    let (_, quiet) = changed(&view, &estate, &records, &topics("estate"), 4);
    assert!(of(&quiet, "instance/feed-api-fra1-n0").is_none(), "nobody watches instances");
}

#[test]
fn the_same_change_is_said_in_each_language() {
    let estate = sample::estate(12, 2);
    let said = |language| {
        let (_, changes) =
            speak(language, || changed(&View::default(), &estate, &[], &topics("estate"), 1));
        of(&changes, "problems").expect("the sum of problems").fields["need"].clone()
    };
    assert_eq!(said(Language::English), "Nothing needs attention.");
    let words: std::collections::BTreeSet<_> =
        Language::ALL.map(|language| said(language).to_string()).into();
    assert_eq!(words.len(), Language::ALL.len(), "{words:?}");
}

#[test]
fn silence_makes_everything_there_unknown() {
    let estate = sample::estate(12, 2);
    let (view, _) = changed(&View::default(), &estate, &[], &topics("estate"), 1);
    let mut later = estate.clone();
    later.at += chrono::TimeDelta::seconds(60);
    let (_, changes) = changed(&view, &later, &[], &topics("estate"), 2);
    let dc = of(&changes, "dc/fra1").expect("the data centre");
    assert_eq!((&dc.fields["s"], &dc.fields["old"]), (&"unknown".into(), &true.into()));
    assert_eq!(dc.fields["healthy"], "0");
    assert_eq!(of(&changes, "total").expect("the total").fields["healthy"], "0");
}

#[test]
fn a_page_that_was_away_gets_every_value_of_its_topics() {
    let estate = sample::estate(12, 2);
    let (view, _) = changed(&View::default(), &estate, &[], &topics("estate"), 1);
    let values = view.values(&topics("service:feed-api"), 9);
    assert_eq!(values.len(), 170);
    assert!(values.iter().all(|change| change.k.starts_with("instance/feed-api-")));
    let text = serde_json::to_string(&view.values(&topics("estate"), 9)).expect("JSON");
    let back: Vec<Change> = serde_json::from_str(&text).expect("the same wire");
    assert!(back.iter().any(|change| change.k == "total" && change.r == 9));
}

#[test]
fn one_change_among_twenty_thousand_instances_is_found_fast() {
    let estate = sample::estate(60, 33);
    assert!(estate.instances().count() > 19_000);
    let wanted = topics("estate");
    let (view, _) = changed(&View::default(), &estate, &[], &wanted, 1);
    let dead = InstanceState::Unhealthy { cause: Cause::Vanished };
    let next = with_instance(&estate, "fra1", "feed-api-fra1-n0", dead);
    let started = Instant::now();
    let (_, changes) = changed(&view, &next, &[], &wanted, 2);
    let took = started.elapsed();
    assert!(of(&changes, "cell/feed-api/fra1").is_some());
    // Unoptimised builds are tens of times slower than what serves people.
    assert!(took.as_millis() < 2000, "{took:?}");
    println!("20,000 instances, one change: {took:?}");
}
