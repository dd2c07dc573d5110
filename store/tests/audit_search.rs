//! Searching the audit log on a real Postgres: words as people write them and as attackers do,
//! steps that find the rare and the common, and entries that no length keeps out.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::TestDatabase;
use mainstay_core::audit::record::Draft;
use mainstay_core::audit::{Action, Actor, Event, Outcome};
use mainstay_store::Store;
use mainstay_store::audit::{self, Filter, Matches};
use sqlx::{AssertSqlSafe, Executor};

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn event(object: &str, reason: &str) -> Event {
    let actor = Actor::User("ann".into());
    let event = Event::new(at(0), actor, Action::Deploy, object.into());
    Event { reason: Some(reason.into()), ..event }
}

async fn append(store: &Store, event: &Event) -> i64 {
    store.read_committed(|tx| Box::pin(audit::append(tx, event))).await.unwrap()
}

/// Gives every entry its position, as far as the index of words is concerned.
async fn place(store: &Store) {
    store.acts().execute("UPDATE audit_entry SET seq = id - 1 WHERE seq IS NULL").await.unwrap();
}

fn words(written: &str) -> Filter {
    let words = mainstay_core::audit::search::words(written).unwrap_or_default();
    Filter { words, ..Filter::default() }
}

async fn found(store: &Store, filter: &Filter) -> Vec<i64> {
    let found = audit::search(store, filter, None, 50).await.unwrap();
    assert!(!found.cut);
    found.entries.iter().map(|entry| entry.id).collect()
}

#[tokio::test]
async fn words_are_found_by_their_beginnings_and_their_parts_in_order() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    for (object, reason) in [
        ("/services/store-web", "the new Checkout"),
        ("/services/web-store", "nothing of it"),
        ("/services/store", "2.14.0 of the web"),
        ("/services/cart", "first line\nsecond line\tand a tab"),
        ("/services/feed", "хлеб и склад, Ölfass, 倉庫"),
        ("/services/hash", "commit 12e45f3a9 by o\u{2019}brien"),
    ] {
        append(store, &event(object, reason)).await;
    }
    // Before and after entries have their positions.
    for _ in 0..2 {
        for (written, ids) in [
            ("store-web", [1_i64].as_slice()),
            ("store web", &[3, 2, 1]),
            ("web-sto", &[2]),
            ("STORE", &[3, 2, 1]),
            ("checkout", &[1]),
            ("check", &[1]),
            ("heckout", &[]),
            ("2.14", &[3]),
            ("2.15", &[]),
            ("second", &[4]),
            ("and tab", &[4]),
            ("/services/cart", &[4]),
            ("хле", &[5]),
            ("склад Ölfass", &[5]),
            ("倉庫", &[5]),
            ("12e45f", &[6]),
            ("12e4", &[6]),
            ("ann deploy", &[6, 5, 4, 3, 2, 1]),
            ("ann bob", &[]),
        ] {
            assert_eq!(found(store, &words(written)).await, ids, "{written}");
        }
        place(store).await;
    }
}

#[tokio::test]
async fn nothing_that_is_written_breaks_a_search() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    append(store, &event("/services/shop", "it's a 'quoted' & odd | reason: !x <-> y:*")).await;
    place(store).await;
    let long = "a".repeat(100_000);
    for hostile in [
        "'",
        "''",
        "\\'",
        "it's",
        "& | !",
        "!x",
        "x:*",
        "a:b",
        "<->",
        "a <-> b",
        "(",
        "x)",
        "\\",
        "%",
        "_",
        "a\0b",
        "\u{feff}",
        "'; DROP TABLE audit_entry; --",
        "$1",
        "w",
        "²",
        "🎉 shop",
        "e\u{301}",
        "\u{202e}shop",
        &long,
    ] {
        let filter = Filter { words: vec![hostile.replace('\0', " ")], ..Filter::default() };
        audit::search(store, &filter, None, 50).await.unwrap_or_else(|error| {
            panic!("{hostile:?}: {error}");
        });
    }
    assert_eq!(found(store, &words("it's 'quoted' reason: x:*")).await, [1]);
    let nothing = Filter { words: vec!["&&".into()], ..Filter::default() };
    assert_eq!(found(store, &nothing).await, [] as [i64; 0], "no word is not every entry");
}

#[tokio::test]
async fn no_entry_is_refused_for_its_length() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let many: String = (0..200_000).map(|n| format!("wort{n} ")).collect();
    let letters: String =
        (0x4e00..0x9fff).filter_map(char::from_u32).flat_map(|c| [c, ' ']).collect();
    for reason in [
        "x".repeat(3_000_000),
        many,
        letters.repeat(5),
        "\u{1}\0\u{7f}".repeat(10_000),
        "'".repeat(100_000),
        "\\".repeat(100_000),
    ] {
        let mut long = event("/services/shop", &reason);
        long.after = Some(serde_json::json!({ "text": reason }));
        append(store, &long).await;
    }
    // An object and an actor of any length as well, as far as columns take them.
    let mut odd = event("/services/shop", "short");
    odd.actor = Actor::Anonymous("y".repeat(2_000));
    append(store, &odd).await;
    place(store).await;
    assert_eq!(found(store, &words("shop")).await.len(), 7);
    assert_eq!(found(store, &words("wort17")).await, [2]);
}

/// Entries at once, with their positions and without their tree.
async fn fill(store: &Store, count: i32) {
    let body = Draft::new(&event("/services/common", "usual words")).body;
    sqlx::query(
        "INSERT INTO audit_entry
             (at, actor_kind, actor_name, action, object, outcome, body, leaf, seq)
         SELECT '2026-01-01'::timestamptz + n * interval '1 minute', 'user',
             CASE WHEN n % 1000 = 0 THEN 'rare' ELSE 'ann' END, 'deploy',
             '/services/' || CASE WHEN n < 20 THEN 'old/' || n ELSE 'common' END, 'done',
             replace($1, 'usual', CASE WHEN n < 4000 THEN 'early'
                 WHEN n % 700 = 0 THEN 'seldom' ELSE 'usual' END), sha256('x'), n
         FROM generate_series(0, $2) AS n",
    )
    .bind(body)
    .bind(count - 1)
    .execute(store.acts())
    .await
    .unwrap();
    store.acts().execute("ANALYZE audit_entry").await.unwrap();
}

#[tokio::test]
async fn the_rare_the_common_and_the_old_are_found_and_counted() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    fill(store, 30_000).await;
    let check = async |filter: Filter, newest: Option<i64>, matches: Matches| {
        let found = audit::search(store, &filter, None, 51).await.unwrap();
        assert_eq!(found.entries.first().map(|entry| entry.id), newest, "{filter:?}");
        assert_eq!(found.matches, matches, "{filter:?}");
        assert!(found.entries.is_sorted_by(|a, b| a.id > b.id));
    };
    let any = Filter::default;
    check(words("usual"), Some(30_000), Matches::AtLeast(512)).await;
    check(words("seldom"), Some(29_401), Matches::Exactly(37)).await;
    // Many, and all of them long ago.
    check(words("early"), Some(4_000), Matches::AtLeast(2_000)).await;
    check(words("never"), None, Matches::Exactly(0)).await;
    let old = || Some("/services/old".to_owned());
    check(Filter { object: old(), ..any() }, Some(20), Matches::Exactly(20)).await;
    check(Filter { object: old(), ..words("seldom") }, None, Matches::Exactly(0)).await;
    check(Filter { actor: Some("rare".into()), ..any() }, Some(29_001), Matches::Exactly(30)).await;
    check(Filter { actor: Some("ann".into()), ..any() }, Some(30_000), Matches::AtLeast(2_000))
        .await;
    check(Filter { outcome: Some(Outcome::Failed), ..any() }, None, Matches::Exactly(0)).await;
    let begin: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
    let (from, until) = (Some(begin), Some(begin + TimeDelta::minutes(100)));
    check(Filter { from, until, ..any() }, Some(100), Matches::Exactly(100)).await;
    check(Filter { from, until, ..words("early") }, Some(100), Matches::Exactly(100)).await;
    // Pages follow each other without a gap.
    let (mut before, mut all) = (None, Vec::new());
    loop {
        let page = audit::list(store, &words("early"), before, 200).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        all.extend(page.iter().map(|entry| entry.id));
        if all.len() > 1_000 {
            break;
        }
    }
    assert_eq!(all, (4_000 - all.len() as i64 + 1..=4_000).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn statements_use_the_indexes_that_are_there_for_them() {
    let db = TestDatabase::new().await;
    fill(&db.store, 30_000).await;
    for (query, index) in [
        (
            "SELECT id FROM audit_entry WHERE seq IS NOT NULL
                 AND audit_words(body) @@ audit_query('{seldom}')",
            "audit_entry_words",
        ),
        (
            "SELECT id FROM audit_entry WHERE object = '/services/old'
                 OR object LIKE '/services/old/%'",
            "audit_entry_object",
        ),
        (
            "SELECT id FROM audit_entry WHERE outcome = 'refused' ORDER BY id DESC LIMIT 51",
            "audit_entry_outcome",
        ),
        (
            "SELECT id FROM audit_entry WHERE actor_name = 'rare' ORDER BY id DESC LIMIT 51",
            "audit_entry_actor",
        ),
    ] {
        let explain = format!("EXPLAIN {query}");
        let explain = sqlx::query_scalar(AssertSqlSafe(explain));
        let plan: Vec<String> = explain.fetch_all(db.store.reads()).await.unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains(index), "{index} for {query}:\n{plan}");
    }
}

#[tokio::test]
async fn how_far_the_log_is_checked_reads_back() {
    use mainstay_core::audit::check::{Broken, Check, Done};
    let db = TestDatabase::new().await;
    let store = &db.store;
    assert_eq!(audit::check::read(store).await.unwrap(), None);
    let mut check = Check::new(at(0));
    let leaf = Draft::new(&event("/services/shop", "why")).leaf;
    for _ in 0..2 {
        let written = &check;
        store.read_committed(|tx| Box::pin(audit::check::write(tx, written))).await.unwrap();
        assert_eq!(audit::check::read(store).await.unwrap(), Some(check.clone()));
        (0..5).for_each(|_| check.read.push(leaf, |_, _| {}));
        check.done = Some(Done { at: at(1), size: 5, root: leaf });
        let what = "entry 3 was deleted".to_owned();
        check.broken = Some(Broken { at: at(2), entry: Some(3), what, more: 1 });
    }
}
