//! Copies as they should be: chains, rotation, what is made instead, and their end.

use std::fs;

use chrono::{TimeDelta, Utc};
use mainstay_agent::database::pgbackrest::PgBackRest;
use mainstay_agent::database::{Engine, Reporter, proof};
use mainstay_core::backup::job::{Cause, Parent, Phase, ProofResult, Target, WithoutFull};
use mainstay_core::backup::{Copy, Kind};

use crate::cluster::{
    Cluster, DATACENTERS, catalogue, datacenter, full, job, labels, make, never, orders,
    proof as proof_of,
};

async fn proof(engine: &PgBackRest, copy: &Copy) -> ProofResult {
    let job = proof_of("ams1", copy, Target::EndOfCopy, vec![]);
    proof::prove(engine, &job, &Reporter::default(), &never()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_copy_and_a_differential_make_a_chain() {
    let cluster = Cluster::start();
    let engine = cluster.ready().await;
    let report = Reporter::default();
    let asked = job("b-1", "fra1", Kind::Full);
    let first = engine.backup(&asked, &report, &never()).await.unwrap();
    assert_eq!(report.progress().borrow().phase, Phase::Copying);
    assert_eq!((first.asked, first.copy.kind, first.resumed), (Kind::Full, Kind::Full, false));
    assert!(first.copy.wal.is_some() && !first.copy.bad_pages);
    let again = engine.backup(&asked, &report, &never()).await.unwrap();
    assert_eq!(again, first, "the same id is the same backup");
    cluster.sql("INSERT INTO orders SELECT g, 'more' FROM generate_series(1, 100) g");
    let second = make(&engine, "fra1", Kind::Differential).await.unwrap();
    assert_eq!(second.copy.kind, Kind::Differential);
    assert_eq!(second.copy.chain(), &first.copy.label);
    let all = catalogue(&engine).await;
    let held = all[&datacenter("fra1")].clone().unwrap();
    assert_eq!(held, [first.copy, second.copy]);
    for other in ["ams1", "nyc1"] {
        assert_eq!(all[&datacenter(other)], Ok(vec![]), "{other} holds nothing and can be read");
    }
    assert_eq!(engine.left_over(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_rotate_and_the_log_goes_with_them() {
    let cluster = Cluster::start();
    let engine = cluster.ready().await;
    let archive = cluster.agent().join("databases/orders/archive.conf");
    let homes = fs::read_to_string(&archive).unwrap();
    assert!(homes.contains("repo1-path") && homes.contains("repo2-path"));
    assert!(!homes.contains("repo3-path"), "the third is no home of the log");
    for name in DATACENTERS {
        let copy = full(&engine, name).await;
        assert_eq!(labels(&engine, name).await, std::slice::from_ref(&copy.label));
        let listing = engine.wal_listing(&orders(), &datacenter(name), &never()).await.unwrap();
        let (first, last) = copy.wal.unwrap();
        for segment in [first, last] {
            assert!(listing.iter().any(|it| it.name == segment), "{segment} is not in {name}");
        }
        assert!(listing.iter().all(|it| it.stored_bytes > 0));
    }
    assert_eq!(fs::read_to_string(&archive).unwrap(), homes, "afterwards it goes home only");
    let home = engine.wal_listing(&orders(), &datacenter("fra1"), &never()).await.unwrap();
    let target = engine.wal_listing(&orders(), &datacenter("nyc1"), &never()).await.unwrap();
    assert!(target.len() < home.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_differential_without_a_full_is_refused_or_told_as_what_it_became() {
    let cluster = Cluster::start();
    let engine = cluster.ready().await;
    full(&engine, "fra1").await;
    let refused = make(&engine, "ams1", Kind::Differential).await.unwrap_err();
    assert_eq!(refused.cause, Cause::NoFull, "{refused}");
    assert!(labels(&engine, "ams1").await.is_empty());
    let mut asked = job("b-2", "ams1", Kind::Differential);
    asked.without_full = WithoutFull::MakeFull;
    let made = engine.backup(&asked, &Reporter::default(), &never()).await.unwrap();
    assert_eq!((made.asked, made.copy.kind), (Kind::Differential, Kind::Full));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_copy_is_brought_along_for_a_differential_elsewhere() {
    let cluster = Cluster::start();
    let engine = cluster.ready().await;
    let first = full(&engine, "fra1").await;
    cluster.sql("UPDATE orders SET words = 'changed' WHERE id < 100");
    let parent = Parent { datacenter: datacenter("fra1"), label: first.label.clone() };
    let along = async |id: &str, name: &str| {
        let mut asked = job(id, name, Kind::Differential);
        asked.parent = Some(parent.clone());
        engine.backup(&asked, &Reporter::default(), &never()).await.unwrap().copy
    };
    let second = along("b-2", "ams1").await;
    assert_eq!((second.kind, second.chain()), (Kind::Differential, &first.label));
    let third = along("b-3", "ams1").await;
    assert_eq!(third.chain(), &first.label, "it is there already");
    let expected = [&first, &second, &third].map(|copy| copy.label.clone());
    assert_eq!(labels(&engine, "ams1").await, expected);
    let ams1 = datacenter("ams1");
    assert_eq!(engine.verify(&orders(), &ams1, &never()).await, Ok(vec![]));
    let folder = cluster.repository("ams1").join("backup/orders");
    let names = fs::read_dir(folder).unwrap().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    assert!(names.into_iter().all(|name| !name.contains("along")), "nothing else is left");
    // It restores from there alone.
    fs::remove_dir_all(cluster.repository("fra1").join("backup/orders")).unwrap();
    let proved = proof(&engine, &third).await;
    assert!(proved.proved(), "{proved:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_goes_as_a_whole_also_where_it_is_the_only_one() {
    let cluster = Cluster::start();
    let engine = cluster.ready().await;
    let expire = async |label| {
        engine.expire(&orders(), &datacenter("nyc1"), label, &never()).await.unwrap();
    };
    let first = full(&engine, "nyc1").await;
    make(&engine, "nyc1", Kind::Differential).await.unwrap();
    let second = full(&engine, "nyc1").await;
    expire(&first.label).await;
    assert_eq!(
        labels(&engine, "nyc1").await,
        std::slice::from_ref(&second.label),
        "another full is there"
    );
    let third = make(&engine, "nyc1", Kind::Differential).await.unwrap().copy;
    assert_eq!(third.chain(), &second.label);
    expire(&second.label).await;
    assert!(labels(&engine, "nyc1").await.is_empty(), "none is there");
    let folders = cluster.repository("nyc1").join("backup/orders");
    assert!(!folders.join(&second.label.0).exists());
    expire(&second.label).await;
    let fourth = full(&engine, "nyc1").await;
    assert_eq!(
        labels(&engine, "nyc1").await,
        std::slice::from_ref(&fourth.label),
        "it can be used again"
    );
    let first = fourth.wal.unwrap().0;
    let (place, never) = (datacenter("nyc1"), never());
    let before = engine.wal_listing(&orders(), &place, &never).await.unwrap();
    let old = before.iter().filter(|it| it.name < first).count() as u64;
    assert!(old > 0);
    assert_eq!(engine.expire_wal(&orders(), &place, &first, &never).await, Ok(old));
    let after = engine.wal_listing(&orders(), &place, &never).await.unwrap();
    assert_eq!(after.first().map(|it| it.name.as_str()), Some(first.as_str()));
    assert_eq!(engine.verify(&orders(), &place, &never).await, Ok(vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_before_the_position_was_read_is_in_its_segment_or_before() {
    let cluster = Cluster::start();
    let engine = cluster.ready().await;
    let before = engine.log_position(&orders(), &never()).await.unwrap();
    assert!(before.histories.is_empty(), "it never left a timeline");
    let age = Utc::now() - before.moment.at;
    assert!((TimeDelta::zero()..TimeDelta::minutes(1)).contains(&age), "{age}");
    cluster.sql("UPDATE orders SET words = 'later' WHERE id = 1");
    cluster.sql("SELECT pg_switch_wal()");
    cluster.sql("UPDATE orders SET words = 'much later' WHERE id = 1");
    let after = engine.log_position(&orders(), &never()).await.unwrap();
    assert!(after.moment.segment > before.moment.segment && after.moment.at > before.moment.at);
    assert_eq!(after.moment.segment, cluster.sql("SELECT pg_walfile_name(pg_current_wal_lsn())"));
}
