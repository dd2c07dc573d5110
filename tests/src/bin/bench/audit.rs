//! The audit log: what an entry costs its transaction, how soon it is signed, how long it takes to
//! verify a million, and how quickly one, and ten million, are searched over HTTP.

mod entries;

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use chrono::Utc;
use futures::future::try_join_all;
use mainstay_core::audit::{Action, Actor, Event};
use mainstay_store::{Options, Store, audit};
use mainstay_tests::{Setup, World, programs};
use sqlx::{Executor, PgPool};

use crate::Plan;
use crate::load::Readers;
use crate::report::{Limit, Report};
use crate::stats::Samples;

const WRITERS: u32 = 16;
/// How often is looked at what waits for its signature.
const LOOK: Duration = Duration::from_millis(20);
const CLIENTS: usize = 4;
const READERS: [&str; 4] = ["operator", "approver", "auditor", "admin"];
/// First pages: what is looked for, and what that is.
const SEARCHES: [(&str, &str); 12] = [
    ("", "no filter"),
    ("who=rarely", "rare actor"),
    ("who=deployer", "common actor"),
    ("action=failover-gate", "rare action"),
    ("action=deploy", "common action"),
    ("object=%2Fservices%2Fold-1", "rare object and below"),
    ("object=%2Fservices", "common object and below"),
    ("outcome=refused", "refused"),
    ("from=FROM&to=TO", "a day long ago"),
    ("q=zeppelin", "rare word"),
    ("q=store-web", "common words"),
    ("q=store-web+refused&from=FROM&to=TO", "words in a day long ago"),
];

pub async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let world = World::start_with(Setup { own_database: true, ..Setup::default() }).await?;
    let options = Options { reads: 4, acts: WRITERS, background: 2 };
    let store = Store::connect(world.database_url(), options).await?;
    appends(&store, plan, report).await?;
    let readers = Readers::sign_in_as(&world, &READERS).await?;
    let key = world.data_dir();
    let [_, most] = plan.audit_entries;
    let (first, mut there) = (entries::begin(most)?, 0);
    for (turn, entries) in plan.audit_entries.into_iter().enumerate() {
        let begun = Instant::now();
        let span = entries::fill(&store, &key, first, (there, entries)).await?;
        there = entries;
        let how = "made up, with their leaves, tree and signatures, and the indexes made anew";
        let took = begun.elapsed().as_secs_f64();
        report.add(format!("{entries} entries written"), Limit::None, took, "s", how);
        if turn == 0 {
            verify(&world, entries, report)?;
        }
        let limit = if turn == 0 { Limit::Below(300.0) } else { Limit::None };
        for (search, name) in SEARCHES {
            let search = search.replace("FROM", &span.0).replace("TO", &span.1);
            let path = format!("/audit?{search}");
            let times = readers.ask(&path, CLIENTS, plan.audit_searches).await?;
            let how = format!(
                "{path}, {} requests, {CLIENTS} signed-in clients at once, whole page",
                times.whole.len()
            );
            let value = times.whole.percentile(95.0);
            let name = format!("search of {entries} entries: {name}, p95");
            report.add(name, limit, value, "ms", how);
        }
    }
    Ok(())
}

/// What an entry costs: the same writes with and without, and how long each waits to be signed.
async fn appends(store: &Store, plan: &Plan, report: &mut Report) -> Result<()> {
    let table = "CREATE TABLE bench_scratch (id bigint GENERATED ALWAYS AS IDENTITY, note text)";
    store.acts().execute(table).await?;
    let mut rates = [0.0; 2];
    for (rate, audited) in rates.iter_mut().zip([false, true]) {
        let over = AtomicBool::new(false);
        let writing = write(store, plan.audit_writing, audited);
        let watching = watch(store.reads(), &over);
        let writing = async {
            let written = writing.await;
            over.store(true, Ordering::Relaxed);
            written
        };
        let (written, (ages, waits)) = tokio::try_join!(writing, watching)?;
        *rate = written as f64 / plan.audit_writing.as_secs_f64();
        if audited {
            let how = format!(
                "{WRITERS} writers; every {} ms: now minus the time of the newest checkpoint",
                LOOK.as_millis()
            );
            report.add("checkpoint age, p99", Limit::Below(2.0), ages.percentile(99.0), "s", how);
            let how = "the same looks: now minus the time of the oldest entry without a position";
            let value = waits.percentile(99.0);
            report.add("entry to its signature, p99", Limit::None, value, "s", how);
        }
    }
    let [bare, audited] = rates;
    let how = format!(
        "{WRITERS} writers for {} s, a row and its audit entry in one transaction",
        plan.audit_writing.as_secs()
    );
    report.add("changes with an audit entry", Limit::None, audited, "/s", how);
    let how = "the same row without an entry";
    report.add("changes without an audit entry", Limit::None, bare, "/s", how);
    report.add("rate with audit of that without", Limit::None, audited / bare, "", "the two above");
    Ok(())
}

/// Changes that were made in the time.
async fn write(store: &Store, time: Duration, audited: bool) -> Result<u64> {
    let until = Instant::now() + time;
    let writers = (0..WRITERS).map(|writer| async move {
        let mut written = 0_u64;
        while Instant::now() < until {
            let actor = Actor::User(format!("operator-{writer}"));
            let object = format!("/services/store-web/{written}");
            let mut event = Event::new(Utc::now(), actor, Action::Deploy, object);
            event.reason = Some("what a person writes about a change of this kind".to_owned());
            let event = &event;
            store
                .read_committed(|tx| {
                    Box::pin(async move {
                        sqlx::query("INSERT INTO bench_scratch (note) VALUES ($1)")
                            .bind(&event.object)
                            .execute(&mut **tx)
                            .await?;
                        if audited {
                            audit::append(tx, event).await?;
                        }
                        Ok(())
                    })
                })
                .await?;
            written += 1;
        }
        anyhow::Ok(written)
    });
    Ok(try_join_all(writers).await?.into_iter().sum())
}

/// Ages of the newest checkpoint and of the oldest entry without a position, in seconds.
async fn watch(pool: &PgPool, over: &AtomicBool) -> Result<(Samples, Samples)> {
    let (mut ages, mut waits) = (Samples::default(), Samples::default());
    let mut looks = tokio::time::interval(LOOK);
    while !over.load(Ordering::Relaxed) {
        looks.tick().await;
        let (age, wait): (Option<f64>, Option<f64>) = sqlx::query_as(
            "SELECT extract(epoch FROM clock_timestamp() - (SELECT at FROM audit_checkpoint
                        ORDER BY size DESC LIMIT 1))::float8,
                 extract(epoch FROM clock_timestamp() - (SELECT at FROM audit_entry
                        WHERE seq IS NULL ORDER BY id LIMIT 1))::float8",
        )
        .fetch_one(pool)
        .await?;
        ages.extend(age.into_iter().collect());
        waits.push(wait.unwrap_or(0.0));
    }
    Ok((ages, waits))
}

fn verify(world: &World, entries: u64, report: &mut Report) -> Result<()> {
    let mut command = Command::new(programs::mainstay()?);
    command.args(["audit", "verify", "--key"]).arg(world.data_dir().join("audit.pub"));
    let begun = Instant::now();
    let told = command.env("DATABASE_URL", world.database_url()).output();
    let took = begun.elapsed().as_secs_f64();
    let told = told.context("running mainstay audit verify")?;
    if !told.status.success() {
        bail!("the log is not intact: {}", String::from_utf8_lossy(&told.stdout));
    }
    let how = "mainstay audit verify from the database, start to end of the program";
    report.add(format!("verify {entries} entries"), Limit::None, took, "s", how);
    Ok(())
}
