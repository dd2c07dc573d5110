//! Repositories and databases that are away or full: told apart, and never hiding others.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use mainstay_agent::database::{Engine, Reporter, proof};
use mainstay_core::backup::Kind;
use mainstay_core::backup::job::{Cause, Step, Target};

use crate::cluster::{
    Cluster, PATIENCE, catalogue, datacenter, full, labels, make, never, orders, proof as proof_of,
};

fn mode(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_is_away_stops_no_backup_elsewhere() {
    let cluster = Cluster::start();
    let engine = cluster.ready().await;
    full(&engine, "ams1").await;
    // A home of the log that cannot be read.
    mode(&cluster.repository("ams1"), 0o000);
    let copy = full(&engine, "fra1").await;
    let third = full(&engine, "nyc1").await;
    let all = catalogue(&engine).await;
    assert_eq!(all[&datacenter("fra1")], Ok(vec![copy]));
    assert_eq!(all[&datacenter("nyc1")], Ok(vec![third]));
    let why = all[&datacenter("ams1")].clone().unwrap_err();
    assert!(why.contains("cannot be reached") && why.contains("Permission denied"), "{why}");
    let refused = make(&engine, "ams1", Kind::Full).await.unwrap_err();
    assert_eq!(refused.cause, Cause::RepositoryUnreachable, "{refused}");
    let checked = engine.verify(&orders(), &datacenter("ams1"), &never()).await.unwrap_err();
    assert_eq!(checked.cause, Cause::RepositoryUnreachable, "{checked}");
    mode(&cluster.repository("ams1"), 0o700);
    assert_eq!(labels(&engine, "ams1").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_lost_everything_is_not_made_anew() {
    let cluster = Cluster::start();
    let engine = cluster.ready().await;
    full(&engine, "fra1").await;
    let (here, away) = (cluster.repository("ams1"), cluster.path("away"));
    fs::rename(&here, &away).unwrap();
    let copy = full(&engine, "nyc1").await;
    let all = catalogue(&engine).await;
    assert_eq!(all[&datacenter("nyc1")], Ok(vec![copy]));
    assert!(all[&datacenter("ams1")].clone().unwrap_err().contains("not mounted"));
    let prepared = engine.prepare(&orders(), &never()).await.unwrap();
    let failure = prepared.repositories[&datacenter("ams1")].clone().unwrap_err();
    assert_eq!(failure.cause, Cause::RepositoryUnreachable);
    assert!(failure.words.contains("mount its storage"), "{failure}");
    assert!(!here.join("backup").exists());
    assert_eq!(prepared.repositories[&datacenter("fra1")], Ok(()));
    fs::rename(&away, &here).unwrap();
    let prepared = engine.prepare(&orders(), &never()).await.unwrap();
    assert_eq!(prepared.repositories[&datacenter("ams1")], Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_and_an_engine_that_is_stopped_are_told() {
    let cluster = Cluster::start();
    let engine = cluster.ready().await;
    cluster.down();
    let away = make(&engine, "fra1", Kind::Full).await.unwrap_err();
    assert_eq!(away.cause, Cause::DatabaseAway, "{away}");
    cluster.up();
    full(&engine, "fra1").await;
    let conf = cluster.agent().join("databases/orders/repository-fra1.conf");
    let conf = format!("--config={}", conf.display());
    cluster.run("pgbackrest", &[&conf, "--stanza=orders", "stop"]);
    let (fra1, chain) = (datacenter("fra1"), labels(&engine, "fra1").await[0].clone());
    let stopped = engine.expire(&orders(), &fra1, &chain, &never()).await;
    cluster.run("pgbackrest", &[&conf, "--stanza=orders", "start"]);
    assert_eq!(stopped.unwrap_err().cause, Cause::Stopped);
}

/// A file system of a few megabytes; unmounted when dropped.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(at: std::path::PathBuf) -> Self {
        let options = ["-t", "tmpfs", "-o", "size=4m,mode=0777", "tmpfs"];
        let status = std::process::Command::new("mount").args(options).arg(&at).status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "a small file system cannot be mounted: run the tests as root"
        );
        Self(at)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_and_harms_nobody_else() {
    let cluster = Cluster::start();
    let _disk = SmallDisk::mount(cluster.repository("nyc1"));
    let engine = cluster.ready().await;
    cluster.sql(
        "CREATE TABLE noise AS SELECT g, gen_random_uuid() AS u FROM generate_series(1, 200000) g",
    );
    let full_disk = tokio::time::timeout(PATIENCE, make(&engine, "nyc1", Kind::Full)).await;
    let full_disk = full_disk.unwrap().unwrap_err();
    assert_eq!(full_disk.cause, Cause::DiskFull, "{full_disk}");
    // Not even the log fits any more: it is told at once, and not waited for.
    let filler = cluster.repository("nyc1").join("filler");
    let _ = fs::write(&filler, vec![0; 8 << 20]);
    let begun = Instant::now();
    let refused = make(&engine, "nyc1", Kind::Full).await.unwrap_err();
    assert_eq!(refused.cause, Cause::DiskFull, "{refused}");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    let copy = full(&engine, "fra1").await;
    fs::remove_file(filler).unwrap();
    assert_eq!(catalogue(&engine).await[&datacenter("nyc1")], Ok(vec![]));
    fs::create_dir(cluster.scratch()).unwrap();
    let _scratch = SmallDisk::mount(cluster.scratch());
    let job = proof_of("fra1", &copy, Target::EndOfCopy, vec![]);
    let result = proof::prove(&engine, &job, &Reporter::default(), &never()).await;
    let Step::Failed { failure } = &result.restore else { panic!("{result:?}") };
    assert_eq!(failure.cause, Cause::DiskFull, "{failure}");
    assert_eq!(result.clean_up, Step::Passed);
}
