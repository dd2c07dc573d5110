//! What is due.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{alertmanager, at, channel, fleet, hears, id, webhook};
use crate::notify::plan::{
    DIGEST_EVERY, DIGEST_MAX, Due, FLAPPING_QUIET, Facts, Lately, PUSH_EVERY, RATE_MAX, Thread,
    Told, plan,
};
use crate::notify::{
    Channel, ChannelId, Content, DeliveryId, Health, Hears, Severity, Standing, Target, What,
};
use crate::problem::{FLAPS, Kind, Problem, Record, Snooze};

fn down(number: i64) -> Record {
    Record::new(number, Problem::ServiceDown { service: id("shop") }, at(0))
}

fn few(number: i64) -> Record {
    let (service, datacenter) = (id("shop"), id("fra1"));
    let problem = Problem::TooFewNodes { service, datacenter, serving: 1, wanted: 2 };
    Record::new(number, problem, at(0))
}

/// Plans, takes over what is said to have been told, and plans again: a receiver of all.
#[derive(Default)]
struct World {
    channels: Vec<Channel>,
    threads: Vec<Thread>,
    records: Vec<Record>,
    lately: BTreeMap<ChannelId, Lately>,
}

impl World {
    fn of(channel: Channel, records: Vec<Record>) -> Self {
        Self { channels: vec![channel], records, ..Self::default() }
    }

    fn due(&self, now: DateTime<Utc>) -> Vec<Due> {
        plan(Facts {
            channels: &self.channels,
            threads: &self.threads,
            records: &self.records,
            lately: &self.lately,
            fleet: &fleet(),
            now,
        })
    }

    /// What is said now, and is taken over: `at-7/opened`.
    fn step(&mut self, now: DateTime<Utc>) -> Vec<String> {
        let due = self.due(now);
        for due in &due {
            for told in &due.told {
                let problem = match told {
                    Told::So(thread) => thread.problem,
                    Told::Over { problem } => *problem,
                };
                self.threads.retain(|it| (it.channel, it.problem) != (due.channel, problem));
                if let Told::So(thread) = told {
                    self.threads.push(thread.clone());
                }
            }
            if due.content.is_some() {
                let lately = self.lately.entry(due.channel).or_default();
                lately.count += 1;
                lately.last_at = Some(now);
            }
        }
        due.into_iter().filter(|due| due.content.is_some()).map(|due| due.key).collect()
    }

    fn end(&mut self, number: i64, now: DateTime<Utc>) {
        let record = self.records.iter_mut().find(|record| record.id == number).expect("it");
        record.closed_at = Some(now);
    }
}

fn items(due: &Due) -> Vec<(i64, What)> {
    let Some(Content::Problems { items, .. }) = &due.content else { panic!("{due:?}") };
    items.iter().map(|item| (item.id, item.what)).collect()
}

#[test]
fn each_piece_of_news_is_told_once() {
    let mut world = World::of(webhook(), vec![few(7)]);
    assert_eq!(world.step(at(0)), ["at-7/opened"]);
    assert_eq!(world.step(at(1)), Vec::<String>::new());
    // Never again without a time for it.
    assert_eq!(world.step(at(1_000_000)), Vec::<String>::new());
    // The same problem becomes worse, and is not told so when it becomes better.
    world.records[0].problem = down(7).problem;
    assert_eq!(world.step(at(2)), ["at-7/worse-critical"]);
    world.records[0].problem = few(7).problem;
    assert_eq!(world.step(at(3)), Vec::<String>::new());
    world.records[0].problem = down(7).problem;
    assert_eq!(world.step(at(4)), Vec::<String>::new(), "it was told that it is so bad");
    world.end(7, at(5));
    assert_eq!(world.step(at(5)), ["at-7/ended"]);
    assert_eq!(world.step(at(6)), Vec::<String>::new());
    assert_eq!(world.threads, []);
}

#[test]
fn one_that_ended_before_it_was_told_is_not_told() {
    let mut world = World::of(webhook(), vec![few(7)]);
    world.end(7, at(1));
    assert_eq!(world.step(at(2)), Vec::<String>::new());
}

#[test]
fn an_open_problem_is_told_again_after_its_time() {
    let mut world = World::of(Channel { repeat_minutes: 60, ..webhook() }, vec![few(7)]);
    assert_eq!(world.step(at(0)), ["at-7/opened"]);
    assert_eq!(world.step(at(3_599)), Vec::<String>::new());
    assert_eq!(world.step(at(3_600)), ["at-7/still-1"]);
    assert_eq!(world.step(at(7_199)), Vec::<String>::new());
    assert_eq!(world.step(at(7_200)), ["at-7/still-2"]);
}

#[test]
fn what_is_snoozed_is_quiet_unless_it_becomes_worse() {
    let snooze = |until| Some(Snooze { until, by: "ann".to_owned() });
    let before = Record { snooze: snooze(at(100)), ..few(7) };
    let mut world = World::of(Channel { repeat_minutes: 1, ..webhook() }, vec![before]);
    assert_eq!(world.step(at(99)), Vec::<String>::new());
    assert_eq!(world.step(at(100)), ["at-7/opened"], "the snooze is over");
    world.records[0].snooze = snooze(at(10_000));
    assert_eq!(world.step(at(500)), Vec::<String>::new(), "no repetition");
    world.records[0].problem = down(7).problem;
    assert_eq!(world.step(at(501)), ["at-7/worse-critical"]);
    world.end(7, at(502));
    assert_eq!(world.step(at(502)), ["at-7/ended"], "whoever was told hears the end");
}

#[test]
fn what_comes_and_goes_is_told_when_it_has_stood() {
    let flapping = Record { before: FLAPS, ..down(7) };
    let mut world = World::of(webhook(), vec![flapping, Record { before: FLAPS - 1, ..down(8) }]);
    assert_eq!(world.step(at(0)), ["at-8/opened"]);
    let stood = at(0) + FLAPPING_QUIET;
    assert_eq!(world.step(stood - TimeDelta::seconds(1)), Vec::<String>::new());
    assert_eq!(world.step(stood), ["at-7/opened"]);
}

#[test]
fn a_channel_hears_what_it_is_for() {
    let says = |hears: Hears, record: &Record| {
        let told = World::of(Channel { hears, ..webhook() }, vec![record.clone()]).step(at(0));
        !told.is_empty()
    };
    let all = || hears(Severity::Warning);
    assert!(says(all(), &few(7)) && says(all(), &down(7)));
    assert!(!says(hears(Severity::Critical), &few(7)) && says(hears(Severity::Critical), &down(7)));
    let group = |name: &str| Hears { groups: [id(name)].into(), ..all() };
    assert!(says(group("store"), &few(7)) && !says(group("social"), &few(7)));
    let place = |name: &str| Hears { datacenters: [id(name)].into(), ..all() };
    assert!(says(place("fra1"), &few(7)) && !says(place("osl1"), &few(7)));
    assert!(says(place("osl1"), &down(7)), "it is nowhere, so everywhere");
    let kind = |kind| Hears { kinds: [kind].into(), ..all() };
    assert!(says(kind(Kind::TooFewNodes), &few(7)) && !says(kind(Kind::ServiceDown), &few(7)));
    let silent = Problem::DatacenterSilent { datacenter: id("fra1"), since: at(0), instances: 2 };
    assert!(says(hears(Severity::Critical), &Record::new(9, silent, at(0))), "nobody knows");
    let paused = Standing::Paused { by: "ann".to_owned(), at: at(0) };
    let mut world = World::of(Channel { standing: paused, ..webhook() }, vec![down(7)]);
    assert_eq!(world.step(at(0)), Vec::<String>::new());
}

#[test]
fn a_channel_is_not_told_of_its_own_trouble() {
    let since = Some(at(0));
    let health = Health { failing_since: since, given_up: 1, ..Health::default() };
    let broken = Channel { health, ..webhook() };
    let trouble = broken.trouble(at(1)).expect("a problem");
    assert_eq!(trouble.key(), "notifications-nc-1");
    let other = channel(3, Target::Webhook { url: "https://other.example.org".to_owned() });
    let mut world = World::of(broken, vec![Record::new(7, trouble, at(1))]);
    world.channels.push(other);
    let told: Vec<_> = world.due(at(2)).into_iter().map(|due| due.channel).collect();
    assert_eq!(told, [ChannelId(3)]);
}

#[test]
fn a_channel_that_fails_is_a_problem_in_time() {
    let fails = |given_up, standing| {
        let health = Health { failing_since: Some(at(0)), given_up, ..Health::default() };
        Channel { health, standing, ..webhook() }
    };
    let soon = at(60);
    assert_eq!(webhook().trouble(soon), None);
    assert_eq!(fails(0, Standing::Active).trouble(soon), None, "it may come back");
    assert!(fails(0, Standing::Active).trouble(at(900)).is_some());
    assert!(fails(1, Standing::Active).trouble(soon).is_some());
    assert!(fails(0, Standing::Stopped { at: at(1) }).trouble(soon).is_some());
    let paused = Standing::Paused { by: "ann".to_owned(), at: at(0) };
    assert_eq!(fails(5, paused).trouble(at(9_000)), None, "somebody knows");
}

#[test]
fn too_many_messages_are_summed_up() {
    let many: Vec<_> = (1..=80).map(few).collect();
    let mut world = World::of(webhook(), many);
    let due = world.due(at(0));
    let [sum] = due.as_slice() else { panic!("{due:?}") };
    assert_eq!(items(sum).len(), DIGEST_MAX);
    let Some(Content::Problems { left_out, .. }) = &sum.content else { panic!("{sum:?}") };
    assert_eq!(*left_out, 30);
    assert_eq!(sum.told.len(), 80, "all of them count as told");
    world.step(at(0));
    assert_eq!(world.step(at(1)), Vec::<String>::new());
    // What comes next is few enough again.
    world.records.push(down(90));
    assert_eq!(world.step(at(2)), ["at-90/opened"]);
    // With its messages used up, what follows waits for the next sum.
    let lately = Lately { count: RATE_MAX, last_at: Some(at(2)), waiting: None };
    world.lately.insert(ChannelId(1), lately);
    world.records.push(down(91));
    assert_eq!(world.step(at(3)), Vec::<String>::new());
    world.records.push(down(92));
    let later = at(2) + DIGEST_EVERY;
    let due = world.due(later);
    assert_eq!(items(&due[0]), [(91, What::Opened), (92, What::Opened)]);
}

#[test]
fn an_alertmanager_hears_how_things_stand() {
    let mut world = World::of(alertmanager(), vec![few(7), down(8)]);
    let due = world.due(at(0));
    assert_eq!(items(&due[0]), [(8, What::Still), (7, What::Still)]);
    assert_eq!(world.step(at(0)).len(), 1);
    assert_eq!(world.step(at(1)).len(), 0);
    // Again, as it forgets what it does not hear.
    let again = at(0) + PUSH_EVERY;
    assert_eq!(world.step(again - TimeDelta::seconds(1)).len(), 0);
    assert_eq!(items(&world.due(again)[0]).len(), 2);
    world.step(again);
    world.end(8, again);
    let due = world.due(again + TimeDelta::seconds(1));
    assert_eq!(items(&due[0]), [(8, What::Ended), (7, What::Still)]);
    world.step(again + TimeDelta::seconds(1));
    world.end(7, again);
    world.step(again + TimeDelta::seconds(2));
    assert_eq!(world.step(at(9_999)).len(), 0, "nothing is open");
}

#[test]
fn a_push_that_waits_is_replaced_and_loses_no_end() {
    let mut world = World::of(alertmanager(), vec![few(7), down(8)]);
    world.step(at(0));
    world.end(8, at(1));
    let due = world.due(at(2));
    let content = due[0].content.clone().expect("a push");
    world.step(at(2));
    let lately = world.lately.entry(ChannelId(2)).or_default();
    lately.waiting = Some((DeliveryId(5), content));
    // The receiver is away: nothing is planned but for news.
    assert_eq!(world.step(at(600)).len(), 0);
    world.records.push(down(9));
    let due = world.due(at(601));
    assert_eq!(due[0].instead_of, Some(DeliveryId(5)));
    let said = items(&due[0]);
    assert_eq!(said, [(8, What::Ended), (9, What::Still), (7, What::Still)]);
}

#[test]
fn what_nobody_knows_any_more_is_forgotten_without_a_word() {
    let mut world = World::of(webhook(), vec![few(7)]);
    world.step(at(0));
    world.records.clear();
    let due = world.due(at(1));
    assert_eq!((due.len(), due[0].content.is_none()), (1, true));
    assert_eq!(world.step(at(1)), Vec::<String>::new());
    assert_eq!(world.threads, []);
}
