//! The ledger over rotation, a crash in the middle of a row, and texts that would break a line.

use super::summary::summary;
use super::*;

fn at(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_790_000_000_000 + ms).unwrap()
}

fn feed() -> ServiceId {
    "feed".parse().unwrap()
}

fn entry(ms: i64, version: &str, status: Option<u16>) -> Entry {
    Entry {
        at: at(ms),
        latency_ms: 12.5,
        edge: "edge-eu".parse().unwrap(),
        service: feed(),
        version: status.map(|_| version.to_owned()),
        datacenter: status.map(|_| "fra1".parse().unwrap()),
        status,
        bytes: 99,
        session: 7,
        method: "GET".to_owned(),
        path: "/a?b=1".to_owned(),
        error: status.is_none().then(|| "refused".to_owned()),
    }
}

async fn write(folder: &Path, max: u64, entries: impl IntoIterator<Item = Entry>) {
    let (ledger, task) = Ledger::open_with(folder, max).unwrap();
    for entry in entries {
        ledger.write(entry).await;
    }
    drop(ledger);
    task.await.unwrap();
}

#[tokio::test]
async fn rows_read_back_whatever_is_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut odd = entry(1, "1.0,\"x\"\n%2C", Some(200));
    odd.path = "/%41,ä\u{7f}".to_owned();
    let entries = vec![odd, entry(2, "2", Some(503)), entry(3, "", None)];
    write(folder.path(), FILE_MAX_BYTES, entries.clone()).await;
    assert_eq!(read::all(folder.path(), None).unwrap(), entries);
    assert_eq!(read::all(folder.path(), Some(at(2))).unwrap(), entries[1..]);
    assert!(read::all(&folder.path().join("none"), None).is_err());
}

#[tokio::test]
async fn a_torn_row_is_passed_over_and_cut_off_and_rubbish_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), FILE_MAX_BYTES, [entry(1, "1", Some(200))]).await;
    let path = file(folder.path(), 0);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [&whole[..], b"2026-"].concat()).unwrap();
    assert_eq!(read::all(folder.path(), None).unwrap().len(), 1);
    write(folder.path(), FILE_MAX_BYTES, [entry(2, "1", Some(200))]).await;
    assert_eq!(read::all(folder.path(), None).unwrap().len(), 2);
    fs::write(&path, [&whole[..], b"rubbish\n"].concat()).unwrap();
    assert!(read::all(folder.path(), None).is_err());
}

#[tokio::test]
async fn full_files_are_set_aside_and_the_oldest_goes() {
    let folder = tempfile::tempdir().unwrap();
    // Each write waits for the one before, so that no batch is larger than a row.
    for ms in 0..40 {
        write(folder.path(), 400, [entry(ms, "1", Some(200))]).await;
    }
    let files = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 1 + FILES_KEPT as usize);
    let rows = read::all(folder.path(), None).unwrap();
    let times: Vec<_> = rows.iter().map(|row| row.at).collect();
    assert!(times.is_sorted() && times.last() == Some(&at(39)));
    assert!(times.len() < 40 && times.len() > FILES_KEPT as usize);
}

#[tokio::test]
async fn says_who_saw_what_and_when_last() {
    let folder = tempfile::tempdir().unwrap();
    let entries = [
        entry(0, "1", Some(200)),
        entry(10, "2", Some(500)),
        entry(20, "2", Some(200)),
        entry(30, "1", Some(429)),
        entry(40, "", None),
    ];
    write(folder.path(), FILE_MAX_BYTES, entries).await;
    let last = |version| read::last_seen(folder.path(), &feed(), version, None).unwrap();
    assert_eq!(last("2"), Some(at(20) + TimeDelta::microseconds(12_500)));
    assert_eq!(last("3"), None);
    let failed = |from, to| read::failed(folder.path(), Some(&feed()), at(from), at(to)).unwrap();
    assert_eq!((failed(0, 100).len(), failed(0, 40).len(), failed(11, 40).len()), (2, 1, 0));

    let summary = summary(folder.path(), None, None).unwrap();
    let total = &summary.total;
    assert_eq!((total.requests, total.failed, total.unanswered, total.limited), (5, 2, 1, 1));
    let of = |version: &str| &summary.versions[&feed()][version];
    assert_eq!((of("1").requests, of("2").failed, of("").unanswered), (2, 1, 1));
    assert!(total.p95_ms.is_some_and(|p95| (11.0..14.0).contains(&p95)));
}
