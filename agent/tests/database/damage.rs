//! Damage in a repository, done by hand and found by the engine.

use std::fs;

use mainstay_agent::database::Engine;
use mainstay_core::backup::Kind;
use mainstay_core::backup::job::{Damage, Place, Wrong};

use crate::cluster::{Cluster, datacenter, files, flip, full, make, never, orders};

#[tokio::test(flavor = "multi_thread")]
async fn flipped_bytes_and_missing_files_are_found_and_named() {
    let cluster = Cluster::start();
    let engine = cluster.ready().await;
    let copy = full(&engine, "fra1").await;
    cluster.sql("UPDATE orders SET words = 'changed' WHERE id < 100");
    make(&engine, "fra1", Kind::Differential).await.unwrap();
    let fra1 = datacenter("fra1");
    assert_eq!(engine.verify(&orders(), &fra1, &never()).await, Ok(vec![]));
    let data = cluster.repository("fra1").join("backup/orders").join(&copy.label.0).join("pg_data");
    let stored = files(&data.join("base/1"));
    let (flipped, removed) = (&stored[0], &stored[1]);
    flip(flipped);
    fs::remove_file(removed).unwrap();
    let name = |path: &std::path::Path| {
        let below = path.strip_prefix(cluster.repository("fra1").join("backup/orders"));
        below.unwrap().display().to_string()
    };
    let damages = engine.verify(&orders(), &fra1, &never()).await.unwrap();
    let place = || Place::Copy { label: copy.label.clone() };
    assert!(damages.iter().all(|damage| damage.place == place()));
    let missing = |damage: &&Damage| damage.what == Wrong::Missing;
    let (gone, bad): (Vec<_>, Vec<_>) = damages.iter().partition(missing);
    assert_eq!(gone.iter().map(|it| it.file.clone()).collect::<Vec<_>>(), [name(removed)]);
    assert_eq!(bad.iter().map(|it| it.file.clone()).collect::<Vec<_>>(), [name(flipped)]);
    assert_eq!(engine.verify(&orders(), &datacenter("ams1"), &never()).await, Ok(vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_whose_folder_was_taken_away_is_gone_at_the_next_look() {
    let cluster = Cluster::start();
    let engine = cluster.ready().await;
    let lost = full(&engine, "fra1").await.label;
    let kept = full(&engine, "fra1").await.label;
    let fra1 = datacenter("fra1");
    let look = async || {
        let catalogue = engine.catalogue(&orders(), &never()).await.unwrap();
        let held = catalogue[&fra1].clone().unwrap();
        held.into_iter().map(|copy| (copy.label, copy.gone)).collect::<Vec<_>>()
    };
    assert_eq!(look().await, [(lost.clone(), false), (kept.clone(), false)]);
    fs::remove_dir_all(cluster.repository("fra1").join("backup/orders").join(&lost.0)).unwrap();
    // The engine's own list and its check of every file know nothing of it.
    assert_eq!(engine.verify(&orders(), &fra1, &never()).await, Ok(vec![]));
    assert_eq!(look().await, [(lost, true), (kept, false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_segment_shows_in_the_listing_and_a_flipped_one_in_the_check() {
    let cluster = Cluster::start();
    let engine = cluster.ready().await;
    full(&engine, "fra1").await;
    full(&engine, "fra1").await;
    let (fra1, ams1) = (datacenter("fra1"), datacenter("ams1"));
    let before = engine.wal_listing(&orders(), &fra1, &never()).await.unwrap();
    assert!(before.len() > 3);
    let archive = files(&cluster.repository("fra1").join("archive/orders/15-1"));
    let file = |segment: &str| {
        let named = |path: &&std::path::PathBuf| {
            path.file_name().unwrap().to_string_lossy().starts_with(&format!("{segment}-"))
        };
        archive.iter().find(named).unwrap().clone()
    };
    let (lost, flipped) = (&before[1].name, &before[2].name);
    fs::remove_file(file(lost)).unwrap();
    flip(&file(flipped));
    let after = engine.wal_listing(&orders(), &fra1, &never()).await.unwrap();
    let held = |name: &String| after.iter().any(|it| &it.name == name);
    let missing: Vec<_> = before.iter().map(|it| &it.name).filter(|name| !held(name)).collect();
    assert_eq!(missing, [lost]);
    let whole = engine.wal_listing(&orders(), &ams1, &never()).await.unwrap();
    assert!(whole.iter().any(|it| &it.name == lost), "the other home still has it");
    let damages = engine.verify(&orders(), &fra1, &never()).await.unwrap();
    // A flipped bit makes a wrong checksum, or something that cannot be unpacked.
    let places: Vec<_> = damages.iter().map(|damage| (&damage.place, &damage.file)).collect();
    let (expected, name) = (Place::Wal { segment: flipped.clone() }, file(flipped));
    let name = name.strip_prefix(cluster.repository("fra1").join("archive/orders")).unwrap();
    let name = name.display().to_string();
    assert_eq!(places, [(&expected, &name)], "the gap itself is no damage to it");
}
