//! The audit log on a real Postgres: placing under concurrency, and every kind of tampering by
//! somebody whom no trigger and no privilege stops.

#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../../store/tests/common/mod.rs"]
mod common;

use std::io::Read;

use chrono::Utc;
use common::TestDatabase;
use mainstay_control::audit::{self, Selected, Sequencer, Signer, Stretch};
use mainstay_core::audit::check::Check;
use mainstay_core::audit::export::Reader;
use mainstay_core::audit::merkle::{Hash, verify_consistency, verify_inclusion};
use mainstay_core::audit::note::Note;
use mainstay_core::audit::{Action, Actor, Event, Outcome};
use mainstay_store::audit::Filter;
use mainstay_store::{Store, StoreError, audit as log};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tempfile::TempDir;

struct Rig {
    db: TestDatabase,
    signer: Signer,
    _dir: TempDir,
}

impl Rig {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let signer = Signer::open(dir.path()).unwrap();
        Self { db: TestDatabase::new().await, signer, _dir: dir }
    }

    fn store(&self) -> &Store {
        &self.db.store
    }

    fn sequencer(&self) -> Sequencer {
        Sequencer::new(self.db.store.for_background(), self.signer.clone())
    }

    /// `count` entries, placed in batches of at most `batch`.
    async fn filled(count: usize, batch: usize) -> Self {
        let rig = Self::new().await;
        let numbers: Vec<_> = (0..count).collect();
        for chunk in numbers.chunks(batch) {
            for n in chunk {
                append(rig.store(), *n).await;
            }
            assert_eq!(rig.sequencer().step().await.unwrap(), chunk.len());
        }
        rig
    }

    /// Runs statements as a superuser for whom no trigger fires.
    async fn tamper(&self, sql: &str) {
        let mut superuser = PgConnection::connect(&self.db.url).await.unwrap();
        superuser.execute("SET session_replication_role = replica").await.unwrap();
        superuser.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
        superuser.close().await.unwrap();
    }

    async fn findings(&self) -> Vec<String> {
        let key = Some(self.signer.verifier());
        let verdict = audit::verify(self.store(), key.clone(), &[]).await.unwrap();
        // The same through an export: what an auditor does far from the database.
        let mut bytes = Vec::new();
        audit::export(self.store(), &mut bytes).await.unwrap();
        let mut text = String::new();
        bytes.as_slice().read_to_string(&mut text).unwrap();
        let mut reader = Reader::new(key);
        text.lines().for_each(|line| reader.line(line).unwrap());
        let offline = reader.finish().unwrap().verification;
        assert_eq!(offline.tamperings, verdict.verification.tamperings);
        offline.tamperings.iter().map(ToString::to_string).collect()
    }
}

fn event(n: usize) -> Event {
    Event {
        v: 1,
        at: Utc::now(),
        actor: Actor::User("operator-1".into()),
        action: Action::Deploy,
        object: format!("/services/s-{n}"),
        outcome: Outcome::Done,
        reason: Some("because".into()),
        before: None,
        after: Some(serde_json::json!({ "n": n })),
        request: None,
    }
}

async fn append(store: &Store, n: usize) -> i64 {
    let event = &event(n);
    store.transaction(|tx| Box::pin(log::append(tx, event))).await.unwrap()
}

/// Tampers with ten entries under four checkpoints and compares what is found.
async fn check(sql: &str, expected: &[&str]) {
    let rig = Rig::filled(10, 3).await;
    assert_eq!(rig.findings().await, [] as [&str; 0]);
    rig.tamper(sql).await;
    assert_eq!(rig.findings().await, expected, "{sql}");
}

#[tokio::test]
async fn an_edited_entry_is_named() {
    let column = "its column object does not say what its text says";
    check(
        "UPDATE audit_entry SET object = '/services/other' WHERE seq = 4",
        &[&format!("entry 4 (id 5) was edited: {column}")],
    )
    .await;
    let signed = "its text is not the one that was signed";
    check(
        "UPDATE audit_entry SET body = replace(body, 'because', 'by mistake'),
             leaf = sha256('\\x00'::bytea
                 || convert_to(replace(body, 'because', 'by mistake'), 'UTF8'))
         WHERE seq = 9",
        &[&format!("entry 9 (id 10) was edited: {signed}")],
    )
    .await;
}

#[tokio::test]
async fn a_deleted_entry_is_named_even_when_the_gap_is_closed() {
    check("DELETE FROM audit_entry WHERE seq = 0", &["entry 0 was deleted"]).await;
    check(
        "DELETE FROM audit_entry WHERE seq = 4;
         UPDATE audit_entry SET seq = seq + 1000 WHERE seq > 4;
         UPDATE audit_entry SET seq = seq - 1001 WHERE seq > 4",
        &["entry 4 was deleted"],
    )
    .await;
}

#[tokio::test]
async fn moved_entries_are_named() {
    check(
        "UPDATE audit_entry SET seq = 1000 WHERE seq = 2;
         UPDATE audit_entry SET seq = 2 WHERE seq = 7;
         UPDATE audit_entry SET seq = 7 WHERE seq = 1000",
        &[
            "entry 2 (id 8) was moved: it was signed as entry 7",
            "entry 7 (id 3) was moved: it was signed as entry 2",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_log_that_was_cut_is_found_and_with_its_checkpoints_by_a_witness() {
    check("DELETE FROM audit_entry WHERE seq >= 8", &["the last entries, 8 to 9, were cut off"])
        .await;
    let rig = Rig::filled(10, 3).await;
    let kept = log::latest_checkpoint(rig.store()).await.unwrap().unwrap().note;
    rig.tamper(
        "DELETE FROM audit_entry WHERE seq >= 6;
         DELETE FROM audit_node WHERE level = 0 AND index >= 6;
         DELETE FROM audit_checkpoint WHERE size > 6",
    )
    .await;
    assert_eq!(rig.findings().await, [] as [&str; 0], "alone it cannot know");
    let key = Some(rig.signer.verifier());
    let verdict = audit::verify(rig.store(), key, &[kept]).await.unwrap();
    assert!(
        verdict.verification.tamperings.iter().any(|t| t.to_string().contains("6 to 9")),
        "{verdict:?}"
    );
    // And the sequencer does not sign on from a head that was not signed last.
    append(rig.store(), 10).await;
    let refused = rig.sequencer().step().await;
    assert!(matches!(refused, Err(StoreError::Corrupt { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_forged_checkpoint_is_found() {
    let forger = tempfile::tempdir().unwrap();
    let forger = Signer::open(forger.path()).unwrap();
    let other = Rig::new().await;
    append(other.store(), 1).await;
    let forged = Sequencer::new(other.store().clone(), forger);
    forged.step().await.unwrap();
    let note = log::latest_checkpoint(other.store()).await.unwrap().unwrap().note;
    let rig = Rig::filled(10, 3).await;
    rig.tamper(&format!("UPDATE audit_checkpoint SET note = '{note}' WHERE size = 6")).await;
    let found = rig.findings().await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("checkpoint 2 is forged"), "{found:?}");
}

#[tokio::test]
async fn entries_written_at_once_get_each_position_once_and_proofs_hold() {
    const WRITERS: usize = 8;
    const EACH: usize = 20;
    let rig = Rig::new().await;
    let writers = (0..WRITERS).map(|writer| {
        let store = rig.store().clone();
        tokio::spawn(async move {
            for n in 0..EACH {
                let event = &event(writer * EACH + n);
                let write =
                    async || store.read_committed(|tx| Box::pin(log::append(tx, event))).await;
                write().await.unwrap();
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    // Two servers sequence while others write.
    let (a, b) = (rig.sequencer(), rig.sequencer());
    let mut placed = 0;
    while placed < WRITERS * EACH {
        let (a, b) = tokio::join!(a.step(), b.step());
        placed += a.unwrap() + b.unwrap();
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(placed, WRITERS * EACH);
    assert_eq!(rig.findings().await, [] as [&str; 0]);
    proofs_hold(&rig).await;
}

async fn proofs_hold(rig: &Rig) {
    let store = rig.store();
    let newest = log::latest_checkpoint(store).await.unwrap().unwrap();
    let read = |note: &str| Note::parse(note).unwrap().verify(&rig.signer.verifier()).unwrap();
    let new = read(&newest.note);
    for seq in [0, 1, 77, new.size - 1] {
        let entry = log::get(store, seq).await.unwrap().unwrap();
        let proof = log::inclusion(store, seq, new.size).await.unwrap().unwrap();
        let leaf = Hash::from_hex(&entry.leaf).unwrap();
        assert_eq!(verify_inclusion(leaf, seq, new.size, &proof, new.root), Ok(()));
    }
    append(store, 999).await;
    rig.sequencer().step().await.unwrap();
    let witness = audit::witness(store, new.size).await.unwrap().unwrap();
    let newer = read(&witness.note);
    assert_eq!((newer.size, witness.from_size), (new.size + 1, new.size));
    let proof = &witness.consistency;
    let (old, new) = ((new.size, new.root), (newer.size, newer.root));
    assert_eq!(verify_consistency(old, new, proof), Ok(()));
    assert_eq!(audit::witness(store, newer.size).await.unwrap(), None);
}

#[tokio::test]
async fn what_rolled_back_leaves_no_entry() {
    let rig = Rig::new().await;
    let event = &event(1);
    let failed: Result<(), StoreError> = rig
        .store()
        .transaction(|tx| {
            Box::pin(async move {
                log::append(tx, event).await?;
                Err(StoreError::NotLeader)
            })
        })
        .await;
    assert!(failed.is_err());
    assert_eq!(rig.sequencer().step().await.unwrap(), 0);
    assert_eq!(log::latest_checkpoint(rig.store()).await.unwrap(), None);
    assert_eq!(rig.findings().await, [] as [&str; 0]);
}

/// Reads an export that comes page by page.
async fn read(mut lines: impl AsyncFnMut() -> Option<String>, reader: &mut Reader) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(text) = lines().await {
        all.extend(text.lines().map(str::to_owned));
    }
    all.iter().for_each(|line| reader.line(line).unwrap());
    all
}

#[tokio::test]
async fn a_part_proves_that_none_of_its_entries_is_missing() {
    let rig = Rig::filled(40, 3).await;
    let key = Some(rig.signer.verifier());
    // 7 to 20 end at the checkpoint of 21.
    let mut stretch = Stretch::part(rig.store(), 7, 20).await.unwrap().unwrap();
    assert_eq!(stretch.positions(), (7, 21));
    let mut reader = Reader::new(key.clone());
    let lines = read(async || stretch.next().await.unwrap(), &mut reader).await;
    let witness = log::latest_checkpoint(rig.store()).await.unwrap().unwrap().note;
    reader.witness(&witness).unwrap();
    let verdict = reader.finish().unwrap();
    let verification = verdict.verification;
    assert!(verification.is_intact(), "{verification:?}");
    assert_eq!((verification.first, verification.entries), (7, 14));
    assert_eq!(verification.outside, 1, "the witness is of more");
    let check = |change: &dyn Fn(&mut Vec<String>), expected: &[&str]| {
        let mut lines = lines.clone();
        change(&mut lines);
        let mut reader = Reader::new(key.clone());
        lines.iter().for_each(|line| reader.line(line).unwrap());
        let read = reader.finish().unwrap();
        let found = read.verification.tamperings;
        let told: Vec<_> = found.iter().map(ToString::to_string).collect();
        for words in expected {
            assert!(told.iter().any(|it| it.contains(words)), "{words} in {told:?}");
        }
        found.first().and_then(|it| it.id()).map(|id| read.lines[&id])
    };
    let entry = |lines: &[String], seq: u64| {
        let seq = format!("\"seq\":{seq},");
        lines.iter().position(|line| line.contains(&seq)).unwrap()
    };
    let edited = |lines: &mut Vec<String>| {
        let at = entry(lines, 9);
        lines[at] = lines[at].replace("because", "by mistake");
    };
    let line = check(&edited, &["entry 9 (id 10) was edited"]);
    assert_eq!(line, Some(entry(&lines, 9) as u64 + 1), "the line of the file is told");
    let removed = |lines: &mut Vec<String>| drop(lines.remove(entry(lines, 9)));
    check(&removed, &["entry 9 was deleted", "its last line counts"]);
    let last = |lines: &mut Vec<String>| drop(lines.remove(entry(lines, 20)));
    check(&last, &["entry, 20, was cut off"]);
    let first = |lines: &mut Vec<String>| drop(lines.remove(entry(lines, 7)));
    check(&first, &["entry 7 was deleted"]);
    // Somebody who removes the end with its checkpoint and its leaves is found by the header.
    let cut = |lines: &mut Vec<String>| {
        let notes = lines.iter().filter(|line| line.contains("\"checkpoint\"")).count();
        lines.remove(notes);
    };
    check(&cut, &["its checkpoint of 21 entries is missing"]);
    assert!(Stretch::part(rig.store(), 7, 40).await.unwrap().is_none(), "nothing covers it yet");
}

#[tokio::test]
async fn the_whole_log_comes_page_by_page_as_well() {
    let rig = Rig::filled(10, 3).await;
    append(rig.store(), 99).await;
    let mut stretch = Stretch::whole(rig.store()).await.unwrap();
    let mut reader = Reader::new(Some(rig.signer.verifier()));
    read(async || stretch.next().await.unwrap(), &mut reader).await;
    let verification = reader.finish().unwrap().verification;
    assert!(verification.is_intact(), "{verification:?}");
    assert_eq!((verification.entries, verification.checkpoints), (10, 4));
    let empty = Rig::new().await;
    let mut stretch = Stretch::whole(empty.store()).await.unwrap();
    let mut reader = Reader::new(Some(empty.signer.verifier()));
    read(async || stretch.next().await.unwrap(), &mut reader).await;
    assert!(reader.finish().unwrap().verification.is_intact());
}

#[tokio::test]
async fn a_selection_proves_each_of_its_entries() {
    let rig = Rig::filled(10, 3).await;
    append(rig.store(), 10).await;
    let filter = Filter { words: vec!["because".into()], ..Filter::default() };
    let named = serde_json::json!({ "q": "because" });
    let mut selected = Selected::new(rig.store(), filter, named, i64::MAX).await.unwrap();
    let key = Some(rig.signer.verifier());
    let mut reader = Reader::new(key.clone());
    let lines = read(async || selected.next().await.unwrap(), &mut reader).await;
    let read = reader.finish().unwrap();
    assert!(read.selection && read.verification.is_intact(), "{:?}", read.verification);
    assert_eq!((read.verification.entries, read.verification.unplaced), (10, 1));
    let check = |change: &dyn Fn(&mut Vec<String>), expected: &str| {
        let mut lines = lines.clone();
        change(&mut lines);
        let mut reader = Reader::new(key.clone());
        lines.iter().for_each(|line| reader.line(line).unwrap());
        let found = reader.finish().unwrap().verification.tamperings;
        let told: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|it| it.contains(expected)), "{expected} in {told:?}");
    };
    // The header, the checkpoint, then entries 10 (waiting), 9, 8 and so on.
    assert!(lines[4].contains("\"seq\":8,"), "{}", lines[4]);
    check(&|all| all[4] = all[4].replace("because", "by mistake"), "entry 8 (id 9) was edited");
    check(&|all| drop(all.remove(4)), "its entry number 3 is missing");
    check(&|all| drop(all.drain(4..6)), "its entries number 3 to 4 are missing");
    check(&|all| all.swap(4, 5), "its entry number 3 stands out of its place");
    check(&|all| all[2] = all[2].replace("because", "by mistake"), "was edited");
    check(&|all| drop(all.pop()), "its end is missing");
}

/// Looks until a round is over; how far it came.
async fn round(rig: &Rig, mut check: Check) -> Check {
    for _ in 0..10 {
        let (piece, newest) = audit::piece(rig.store(), &check).await.unwrap();
        let now = Utc::now();
        let key = Some(rig.signer.verifier());
        check = match piece {
            Some(piece) => check.take(&piece, newest, key, now),
            None => return check.ended_early(newest, now),
        };
        if check.read.size() == 0 {
            break;
        }
    }
    check
}

#[tokio::test]
async fn the_log_is_checked_in_pieces_and_tampering_is_found_without_anybody_asking() {
    let rig = Rig::filled(10, 3).await;
    let check = round(&rig, Check::new(Utc::now())).await;
    assert_eq!(check.done.map(|done| done.size), Some(10));
    assert_eq!(check.broken, None);
    rig.tamper("UPDATE audit_entry SET body = replace(body, 'because', 'x') WHERE seq = 4").await;
    let check = round(&rig, check).await;
    let broken = check.broken.clone().unwrap();
    assert_eq!(broken.entry, Some(4));
    assert!(broken.what.contains("entry 4 (id 5) was edited"), "{}", broken.what);
    rig.tamper("UPDATE audit_entry SET body = replace(body, '\"x\"', '\"because\"') WHERE seq = 4")
        .await;
    let check = round(&rig, check).await;
    assert_eq!(check.broken, None, "it is as it was signed");
    rig.tamper(
        "DELETE FROM audit_entry WHERE seq = 9; DELETE FROM audit_node WHERE index = 9;
         DELETE FROM audit_checkpoint WHERE size = 10",
    )
    .await;
    let check = round(&rig, check).await;
    let broken = check.broken.unwrap();
    assert_eq!(broken.what, "the last entry, 9, was cut off");
}
