//! Minutes, their sums and outages on a real Postgres: each minute counts once, also when whoever
//! adds up is killed between any two steps.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use common::TestDatabase;
use mainstay_core::audit::Actor;
use mainstay_core::availability::cause::Cause;
use mainstay_core::availability::outage::{
    Account, Correction, Kind, Outage, OutageId, Told, advance,
};
use mainstay_core::availability::probe::Counted;
use mainstay_core::availability::{Cell, State, Tally, decide};
use mainstay_core::fleet::{Fleet, read::read as read_fleet};
use mainstay_core::id::{EdgeId, RegionId, ServiceId};
use mainstay_core::traffic::{Counts, Series};
use mainstay_store::availability::read::{self, By, Filter, Grain};
use mainstay_store::availability::{outage, roll};
use mainstay_store::traffic::{self, Batch};
use mainstay_store::{Result, Store, StoreError, retention};

const FLEET: &str = r#"name = "test"
[[region]]
id = "north"
time_zone = "UTC"
[[datacenter]]
id = "fra1"
region = "north"
vendor = "on-premises"
[[datacenter]]
id = "osl1"
region = "north"
vendor = "on-premises"
[[group]]
id = "store"
priority = 1
[[service]]
id = "shop"
group = "store"
placement = "distributed"
nodes = 2
version = "1.0.0"
[[edge]]
id = "west"
region = "north"
datacenter = "fra1"
"#;

/// Ten minutes before the end of an hour that is not the last of its day.
fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_699_999_200 + 50 * 60 + minute * 60, 0).unwrap()
}

fn shop() -> ServiceId {
    ServiceId::new("shop").unwrap()
}

fn west() -> EdgeId {
    EdgeId::new("west").unwrap()
}

/// The steps after which whoever adds up is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Killed {
    Never,
    AfterSums,
    AfterOutages,
    AfterAll,
}

/// What the leader does in one transaction.
async fn add_up(
    store: &Store,
    fleet: &Fleet,
    until: DateTime<Utc>,
    killed: Killed,
) -> Result<usize> {
    let die = |at: Killed| match killed == at {
        true => Err(StoreError::Timeout),
        false => Ok(()),
    };
    let regions = BTreeMap::from([(west(), RegionId::new("north").unwrap())]);
    let (regions, die) = (&regions, &die);
    store
        .read_committed(|tx| {
            Box::pin(async move {
                let from = roll::lock(tx, at(0)).await?;
                if until <= from {
                    return Ok(0);
                }
                let kept = roll::kept(tx, regions, (from, until)).await?;
                let minutes = decide(fleet, &kept, (from, until));
                roll::add(tx, &minutes).await?;
                die(Killed::AfterSums)?;
                let open = outage::open(tx).await?;
                let open = open.into_iter().map(|told| told.outage).collect();
                for it in advance(open, &minutes, until) {
                    match it.id {
                        Some(id) => outage::update(tx, id, &it).await?,
                        None => drop(outage::insert(tx, &it, &Account::default()).await?),
                    }
                }
                die(Killed::AfterOutages)?;
                roll::move_on(tx, until).await?;
                die(Killed::AfterAll)?;
                Ok(minutes.len())
            })
        })
        .await
}

/// A minute of requests, half of whose seconds are told.
async fn requests(store: &Store, number: i64, minute: i64, requests: u64, errors: u64) {
    let series = Series { service: shop(), version: "1".into(), datacenter: None, edge: west() };
    let mut counts = Counts::default();
    (0..requests).for_each(|n| counts.record(n < errors, 5.0));
    let heard = (0..40).map(|second| (west(), at(minute) + TimeDelta::seconds(second)));
    let batch = &Batch { counts: [((at(minute), series), counts)].into(), heard: heard.collect() };
    let added = store
        .read_committed(|tx| Box::pin(async move { traffic::add(tx, "a", number, batch).await }));
    assert!(added.await.unwrap());
}

async fn minutes(store: &Store, until: DateTime<Utc>) {
    let rolled =
        store.read_committed(|tx| Box::pin(async move { traffic::roll_up(tx, until).await }));
    assert!(rolled.await.unwrap());
}

async fn sums(store: &Store, grain: Grain) -> Tally {
    let range = (at(-1_440), at(1_440));
    let totals = read::totals(store.reads(), grain, &Filter::default(), range).await.unwrap();
    totals.iter().map(|total| total.tally).sum()
}

async fn all_outages(store: &Store) -> Vec<Told> {
    let range = (at(-1_440), at(1_440));
    outage::list(store.reads(), &Filter::default(), range, None, 50).await.unwrap()
}

#[tokio::test]
async fn each_minute_counts_once_whenever_the_leader_is_killed() {
    let db = TestDatabase::new().await;
    let (store, fleet) = (&db.store, read_fleet(FLEET).unwrap());
    // Down in its third to its fifth minute and again in the twelfth; the last two were not heard.
    for minute in 0..18 {
        let errors = if (2..5).contains(&minute) || minute == 11 { 20 } else { 0 };
        requests(store, minute + 1, minute, 40, errors).await;
    }
    minutes(store, at(30)).await;
    let settled = roll::settled(&mut store.reads().acquire().await.unwrap()).await.unwrap();
    assert_eq!(settled, Some(at(25)), "what may still change is not decided");
    for (until, killed) in [
        (4, Killed::AfterSums),
        (4, Killed::AfterOutages),
        (4, Killed::AfterAll),
        (4, Killed::Never),
        (4, Killed::Never),
        (13, Killed::AfterAll),
        (13, Killed::Never),
        (20, Killed::AfterOutages),
        (20, Killed::Never),
        (20, Killed::Never),
    ] {
        let done = add_up(store, &fleet, at(until), killed).await;
        assert_eq!(done.is_ok(), killed == Killed::Never, "{until} {killed:?}");
    }
    let expected = Tally {
        up: 14,
        down: 4,
        unmeasured: 2,
        requests: 18 * 40,
        errors: 4 * 20,
        ..Tally::default()
    };
    assert_eq!(sums(store, Grain::Hour).await, expected);
    assert_eq!(sums(store, Grain::Day).await, expected);
    let told = all_outages(store).await;
    let seen: Vec<_> = told
        .iter()
        .map(|it| {
            let outage: &Outage = &it.outage;
            let length = outage.length().num_minutes();
            (outage.kind, length, outage.down, outage.unmeasured, outage.ended)
        })
        .collect();
    assert_eq!(
        seen,
        [(Kind::Gap, 2, 0, 2, false), (Kind::Down, 1, 1, 0, true), (Kind::Down, 3, 3, 0, true)]
    );
    assert_eq!((told[1].outage.requests, told[1].outage.errors), (40, 20));
    // The letters of the minutes go on over the end of the hour.
    let cell = Cell { service: shop(), region: RegionId::new("north").unwrap() };
    let kept = read::minutes(store.reads(), &cell, (at(0), at(60))).await.unwrap();
    let letters: String = kept.iter().map(|(_, state)| state.letter()).collect();
    assert_eq!(letters, "uuddduuuuuuduuuuuuxx");
    assert_eq!(kept[19], (at(19), State::Unmeasured));
    let (all, range) = (Filter::default(), (at(-60), at(60)));
    let line = read::buckets(store.reads(), (Grain::Hour, By::Group), &all, range).await.unwrap();
    let of: Vec<_> = line.iter().map(|(_, of, tally)| (of.as_str(), tally.minutes())).collect();
    assert_eq!(of, [("store", 10), ("store", 10)]);
}

#[tokio::test]
async fn a_service_that_comes_later_has_no_minutes_before() {
    let db = TestDatabase::new().await;
    let (store, fleet) = (&db.store, read_fleet(FLEET).unwrap());
    assert_eq!(add_up(store, &Fleet::default(), at(3), Killed::Never).await.unwrap(), 0);
    assert_eq!(add_up(store, &fleet, at(5), Killed::Never).await.unwrap(), 2);
    assert_eq!(add_up(store, &Fleet::default(), at(7), Killed::Never).await.unwrap(), 0);
    assert_eq!(add_up(store, &fleet, at(9), Killed::Never).await.unwrap(), 2);
    let cell = Cell { service: shop(), region: RegionId::new("north").unwrap() };
    let kept = read::minutes(store.reads(), &cell, (at(0), at(60))).await.unwrap();
    let at_all: Vec<_> = kept.iter().map(|(minute, _)| (*minute - at(0)).num_minutes()).collect();
    assert_eq!(at_all, [3, 4, 7, 8]);
    assert_eq!(sums(store, Grain::Hour).await.minutes(), 4);
}

#[tokio::test]
async fn what_two_leaders_saw_of_a_minute_adds_up() {
    let db = TestDatabase::new().await;
    let (store, fleet) = (&db.store, read_fleet(FLEET).unwrap());
    let looks = |full: u32| -> Counted {
        let looks =
            serde_json::json!({ "full": full, "some": 0, "none": 0, "unknown": 0, "planned": 0 });
        serde_json::from_value(serde_json::json!({ "shop": { "fra1": looks } })).unwrap()
    };
    let mut connection = store.acts().acquire().await.unwrap();
    for (epoch, full) in [(1, 1), (1, 2), (2, 2)] {
        roll::keep_looks(&mut connection, at(0), epoch, &looks(full)).await.unwrap();
    }
    drop(connection);
    add_up(store, &fleet, at(1), Killed::Never).await.unwrap();
    assert_eq!(sums(store, Grain::Day).await, Tally { up: 1, ..Tally::default() });
}

#[tokio::test]
async fn a_correction_stands_on_top_and_takes_minutes_out_of_net() {
    let db = TestDatabase::new().await;
    let (store, fleet) = (&db.store, read_fleet(FLEET).unwrap());
    requests(store, 1, 0, 40, 40).await;
    minutes(store, at(30)).await;
    add_up(store, &fleet, at(1), Killed::Never).await.unwrap();
    let told = all_outages(store).await.remove(0);
    assert_eq!((told.account.clone(), told.corrections), (Account::default(), 0));
    let range = (at(-60), at(60));
    let excluded =
        async || outage::excluded(store.reads(), &Filter::default(), range).await.unwrap().len();
    assert_eq!(excluded().await, 0);
    let new = Account { cause: Some(Cause::Overload), counted: false, ..Account::default() };
    for (old, new) in [(&told.account, &new), (&new, &told.account), (&told.account, &new)] {
        let correction = &Correction {
            at: at(3),
            by: Actor::User("ann".into()),
            reason: "a test of the whole".into(),
            old: old.clone(),
            new: new.clone(),
        };
        let id: OutageId = told.id;
        store
            .read_committed(|tx| Box::pin(async move { outage::append(tx, id, correction).await }))
            .await
            .unwrap();
        let stands = all_outages(store).await.remove(0);
        assert_eq!(stands.account, *new);
        assert_eq!(excluded().await, usize::from(!new.counted));
        assert_eq!(stands.outage, told.outage, "what was found is not touched");
    }
    let said = outage::corrections(store.reads(), told.id).await.unwrap();
    assert_eq!(said.len(), 3);
    assert_eq!(said[0].new, new);
    // All of it goes when its time is over, and nothing before.
    let hours = at(60) + retention::AVAILABILITY_HOURS_KEPT;
    assert_eq!(retention::availability(store, at(60)).await.unwrap(), 0);
    assert_eq!(retention::availability(store, hours).await.unwrap(), 1);
    let days = at(60) + retention::AVAILABILITY_KEPT;
    assert_eq!(retention::availability(store, days).await.unwrap(), 2);
    assert_eq!(all_outages(store).await, []);
}

#[tokio::test]
async fn what_was_good_lately_is_told_by_requests_and_by_minutes() {
    let db = TestDatabase::new().await;
    let (store, fleet) = (&db.store, read_fleet(FLEET).unwrap());
    for minute in 0..20 {
        requests(store, minute + 1, minute, 40, if minute == 19 { 40 } else { 0 }).await;
    }
    minutes(store, at(30)).await;
    add_up(store, &fleet, at(20), Killed::Never).await.unwrap();
    let lately = read::lately(store.reads(), at(20), at(20)).await.unwrap();
    let (service, lately) = &lately[0];
    assert_eq!(*service, shop());
    let pairs = |shares: &[mainstay_core::availability::Share; 5]| {
        shares.map(|share| (share.good, share.total))
    };
    assert_eq!(
        pairs(&lately.requests),
        [(160, 200), (760, 800), (760, 800), (760, 800), (760, 800)]
    );
    assert_eq!(pairs(&lately.minutes), [(4, 5), (19, 20), (19, 20), (19, 20), (19, 20)]);
}
