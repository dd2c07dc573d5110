//! What stays: written down, found again, and for how long.

use super::*;
use mainstay_core::backup::Label;
use mainstay_core::backup::job::Target;

fn entry(dir: &Path) -> Entry {
    let since = DateTime::from_timestamp(1, 0).unwrap();
    Entry {
        database: "orders".parse().unwrap(),
        kept: Kept {
            work: "dw-1".to_owned(),
            datacenter: "fra1".parse().unwrap(),
            label: Label("F".to_owned()),
            target: Target::EndOfCopy,
            path: dir.display().to_string(),
            socket: dir.join("socket").display().to_string(),
            port: PORT,
            user: "postgres".to_owned(),
            account: "postgres".to_owned(),
            names: Vec::new(),
            since,
            until: since + Hours::DEFAULT.time(),
            bytes: None,
            server: State::Running,
        },
        failed: 0,
        not_before: None,
    }
}

#[tokio::test]
async fn one_stays_longer_also_after_a_restart_and_never_too_long() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(FILE);
    let one = dir.path().join("one");
    fs::create_dir_all(&one).unwrap();
    let keeper = Keeper::open(file.clone()).unwrap();
    let orders: DatabaseId = "orders".parse().unwrap();
    let since = Utc::now();
    let mut young = entry(&one);
    (young.kept.since, young.kept.until) = (since, since + Hours::DEFAULT.time());
    keeper.change(|places| places.push(young)).unwrap();
    let until = since + chrono::TimeDelta::hours(100);
    keeper.stay(&orders, &one, until).await.unwrap();
    keeper.stay(&orders, &one, since + chrono::TimeDelta::hours(30)).await.unwrap();
    let keeper = Keeper::open(file.clone()).unwrap();
    assert_eq!(keeper.of(&orders)[0].until, until, "never shorter, and it lasts");
    let late = since + kept::STAY_MAX + chrono::TimeDelta::seconds(1);
    let refused = keeper.stay(&orders, &one, late).await.unwrap_err();
    assert!(refused.to_string().contains("at most 7 days"), "{refused}");
    let other: DatabaseId = "billing".parse().unwrap();
    assert!(keeper.stay(&other, &one, until).await.is_err(), "it is another's");
    keeper.change(|places| places[0].kept.until = since).unwrap();
    let refused = keeper.stay(&orders, &one, until).await.unwrap_err();
    assert!(refused.to_string().contains("its time is over"), "{refused}");
    assert_eq!(keeper.of(&orders)[0].until, since);
}

#[tokio::test]
async fn what_is_written_down_is_found_as_long_as_it_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(FILE);
    let (one, gone) = (dir.path().join("one"), dir.path().join("gone"));
    fs::create_dir_all(one.join("data/base")).unwrap();
    fs::write(one.join("data/base/1"), "12345").unwrap();
    let keeper = Keeper::open(file.clone()).unwrap();
    keeper.change(|places| places.extend([entry(&one), entry(&gone)])).unwrap();
    let keeper = Keeper::open(file.clone()).unwrap();
    assert_eq!(keeper.folders(), BTreeSet::from([one.clone()]));
    assert_eq!(keeper.of(&"orders".parse().unwrap()), [entry(&one).kept]);
    assert!(keeper.of(&"billing".parse().unwrap()).is_empty());
    assert_eq!(size(one.clone()).await, Some(5));
    let other: DatabaseId = "billing".parse().unwrap();
    assert!(keeper.let_go(&other, &one).await.is_err(), "it is another's");
    keeper.let_go(&"orders".parse().unwrap(), &one).await.unwrap();
    assert!(!one.exists() && Keeper::open(file.clone()).unwrap().folders().is_empty());
    fs::write(&file, "what").unwrap();
    assert!(Keeper::open(file.clone()).unwrap().folders().is_empty());
    assert!(!file.exists() && file.with_extension("damaged").exists());
}
