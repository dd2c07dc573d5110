//! Pages of availability with a year of minutes of the enterprise's fleet, and what a minute costs.
//!
//! The minutes are made up and go in the way the leader's go: hour by hour, added up by the store.

use std::time::Instant;

use anyhow::{Context, Result};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use mainstay_core::availability::outage::{Account, Outage, advance};
use mainstay_core::availability::{Kept, Minute, State, decide};
use mainstay_core::fleet::{Fleet, read::read as read_fleet};
use mainstay_store::availability::{outage, roll};
use mainstay_store::{Options, Store, retention};
use mainstay_tests::{Setup, World};

use crate::Plan;
use crate::load::Readers;
use crate::report::{Limit, Report};
use crate::stats::Samples;

const CLIENTS: usize = 4;
const FLEET: &str = include_str!("../../../../fleets/enterprise.toml");
/// One in so many minutes of a service is the first of an outage, and how long that lasts.
const OUTAGE_EVERY: i64 = 20_000;
const OUTAGE_MINUTES: i64 = 7;
/// The leader is not measured in so many hours.
const GAP_EVERY_HOURS: i64 = 700;
const PAGES: [(&str, &str); 7] = [
    ("/availability", "30 days"),
    ("/availability?window=365d", "a year"),
    ("/availability?window=24h", "24 hours"),
    ("/availability?region=eu-central&group=store", "30 days of a group in a region"),
    ("/api/v1/availability", "JSON of 30 days"),
    ("/availability/outages/ou-1", "an outage"),
    ("/", "overview"),
];
const KB: f64 = 1_000.0;

pub async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let setup = Setup { fleet: "enterprise.toml", own_database: true, ..Setup::default() };
    let world = World::start_with(setup).await?;
    let fleet = read_fleet(FLEET).map_err(|found| anyhow::anyhow!("{found:?}"))?;
    let outages = remember(&world, &fleet, plan.availability_days, report).await?;
    let readers = Readers::sign_in(&world).await?;
    let size = format!("{} days of minutes, {outages} outages", plan.availability_days);
    let month = Utc::now().format("/availability/reports/%Y-%m").to_string();
    let pages = PAGES.into_iter().chain([(&*month, "report of a month")]);
    for (path, name) in pages {
        let times = readers.ask(path, CLIENTS, plan.requests / CLIENTS).await?;
        let bytes = readers.size(path, "br").await? as f64 / KB;
        let count = times.whole.len();
        let how = format!(
            "{path}, {count} requests, {CLIENTS} signed-in clients at once, whole answer, \
             {bytes:.1} kB (br)"
        );
        for (percent, limit) in [(50.0, Limit::None), (95.0, Limit::Below(150.0))] {
            let value = times.whole.percentile(percent);
            report.add(format!("{size}: {name}, p{percent}"), limit, value, "ms", how.as_str());
        }
    }
    Ok(())
}

/// Adds up the minutes of so many days, hour by hour; how many outages came of it.
async fn remember(world: &World, fleet: &Fleet, days: i64, report: &mut Report) -> Result<usize> {
    let options = Options { reads: 1, acts: 1, background: 1 };
    let store = Store::connect(world.database_url(), options).await?;
    let end = Utc::now().duration_trunc(TimeDelta::hours(1)).context("an hour")?;
    let mut at = end - TimeDelta::days(days);
    let (mut open, mut outages) = (Vec::new(), 0);
    let mut samples = Vec::new();
    while at < end {
        let until = at + TimeDelta::hours(1);
        let minutes = &made_up(fleet, at, until);
        let begun = Instant::now();
        store.read_committed(|tx| Box::pin(async move { roll::add(tx, minutes).await })).await?;
        samples.push(begun.elapsed().as_secs_f64() * 1_000.0);
        let stand = advance(open, minutes, until);
        let (ended, rest): (Vec<Outage>, Vec<_>) = stand.into_iter().partition(|it| it.ended);
        outages += ended.len();
        let ended = &ended;
        store
            .read_committed(|tx| {
                Box::pin(async move {
                    for it in ended {
                        outage::insert(tx, it, &Account::default()).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        (open, at) = (rest, until);
    }
    retention::availability(&store, Utc::now()).await?;
    let samples: Samples = samples.into_iter().collect();
    let name = "an hour of minutes added up, p95";
    let how = format!("{} hours, one after the other", samples.len());
    report.add(name, Limit::None, samples.percentile(95.0), "ms", how);
    Ok(outages)
}

fn made_up(fleet: &Fleet, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Minute> {
    let unheard = from.timestamp() / 3_600 % GAP_EVERY_HOURS == 0;
    let mut minutes = decide(fleet, &Kept::default(), (from, until));
    let cells = minutes.len() as i64 / (until - from).num_minutes().max(1);
    for (place, minute) in (0_i64..).zip(&mut minutes) {
        let shifted = minute.at.timestamp() / 60 + place % cells.max(1) * 997;
        let down = shifted.rem_euclid(OUTAGE_EVERY) < OUTAGE_MINUTES;
        minute.state = match (unheard, down) {
            (true, _) => State::Unmeasured,
            (false, true) => State::Down,
            (false, false) => State::Up,
        };
        minute.requests = if unheard { 0 } else { 3_000 };
        minute.errors = if down && !unheard { 1_000 } else { 0 };
    }
    minutes
}
