//! Reads what may belong to an entry; core decides what does.

use chrono::TimeDelta;
use mainstay_app::pages::audit::trail::{self as page, Fact};
use mainstay_core::approval::ApprovalId;
use mainstay_core::audit::Entry;
use mainstay_core::audit::trail::{Thread, trail};
use mainstay_core::backup::restore::RestoreId;
use mainstay_core::failover::RunId;
use mainstay_store::audit::{self, Filter};
use mainstay_store::{Store, StoreError, approval, failover, restore};

use super::super::page::Context;

/// Things are told of within this time around an entry, requests within a shorter one.
const AROUND: TimeDelta = TimeDelta::days(7);
const REQUEST_AROUND: TimeDelta = TimeDelta::hours(1);

pub(super) async fn load(context: &Context, entry: &Entry) -> Result<page::Data, StoreError> {
    let store = &context.state.control.store;
    let thread = Thread::of(&entry.event);
    let mut candidates = Vec::new();
    for thing in &thread.things {
        let filter = Filter { object: Some(thing.clone()), ..around(entry, AROUND) };
        candidates.extend(find(store, &filter).await?);
    }
    for id in thread.ids() {
        let filter = Filter { words: vec![id.to_owned()], ..around(entry, AROUND) };
        candidates.extend(find(store, &filter).await?);
    }
    if let Some(request) = &thread.request {
        let filter = Filter { words: vec![request.clone()], ..around(entry, REQUEST_AROUND) };
        candidates.extend(find(store, &filter).await?);
    }
    let trail = trail(entry, candidates);
    let mut facts = Vec::new();
    for thing in &trail.things {
        facts.push(fact(store, thing).await?);
    }
    let (fleet, now) = (&context.snapshot.estate.fleet, context.snapshot.estate.at);
    Ok(page::build(trail, entry.id, &facts, fleet, now))
}

fn around(entry: &Entry, time: TimeDelta) -> Filter {
    let at = entry.event.at;
    let (from, until) = (at.checked_sub_signed(time), at.checked_add_signed(time));
    Filter { from, until, ..Filter::default() }
}

async fn find(store: &Store, filter: &Filter) -> Result<Vec<Entry>, StoreError> {
    Ok(audit::search(store, filter, None, audit::PAGE_MAX).await?.entries)
}

/// What is known of a thing; one that is gone has an address still.
async fn fact(store: &Store, thing: &str) -> Result<Fact, StoreError> {
    let (pool, id) = (store.reads(), thing.rsplit('/').next().unwrap_or_default());
    if let Ok(id) = id.parse::<RunId>()
        && let Some(run) = failover::get(pool, id).await?
    {
        return Ok(Fact::Failover(Box::new(run)));
    }
    if let Ok(id) = id.parse::<RestoreId>()
        && let Some(restore) = restore::get(&mut *pool.acquire().await?, id).await?
    {
        return Ok(Fact::Restore(Box::new(restore)));
    }
    if let Ok(id) = id.parse::<ApprovalId>()
        && let Some(approval) = approval::get(pool, id).await?
    {
        return Ok(Fact::Approval(Box::new(approval)));
    }
    Ok(Fact::Page(thing.to_owned()))
}
