//! Every kind of tampering, on a log of ten entries with a checkpoint after each third.

use chrono::DateTime;

use super::*;
use crate::audit::export::{Counts, Line, Reader};
use crate::audit::note::SignerKey;
use crate::audit::record::Draft;
use crate::audit::{Action, Actor, Event, Outcome};

#[derive(Clone)]
struct Log {
    records: Vec<Record>,
    tree: Vec<Hash>,
    notes: Vec<String>,
}

fn signer() -> SignerKey {
    SignerKey::from_seed("test", &[1; 32]).expect("a name")
}

fn event(n: i64) -> Event {
    Event {
        v: 1,
        at: DateTime::from_timestamp(n, 0).expect("a time"),
        actor: Actor::User("operator-1".into()),
        action: Action::Deploy,
        object: format!("/services/s-{n}"),
        outcome: Outcome::Done,
        reason: None,
        before: None,
        after: None,
        request: None,
    }
}

fn record(n: i64, event: &Event) -> Record {
    let Draft { columns, body, leaf } = Draft::new(event);
    Record { id: n + 100, seq: Some(n as u64), columns, body, leaf }
}

fn log() -> Log {
    let records: Vec<_> = (0..10).map(|n| record(n, &event(n))).collect();
    let tree: Vec<_> = records.iter().map(|record| record.leaf).collect();
    Log { notes: notes(&tree), records, tree }
}

/// Checkpoints after 3, 6, 9 and 10 entries.
fn notes(tree: &[Hash]) -> Vec<String> {
    let (mut frontier, mut notes) = (Frontier::default(), Vec::new());
    for leaf in tree {
        frontier.push(*leaf, |_, _| {});
        if frontier.size().is_multiple_of(3) || frontier.size() == tree.len() as u64 {
            notes.push(signer().sign(frontier.size(), frontier.root()));
        }
    }
    notes
}

fn verify(log: &Log) -> Verification {
    let mut verifier = Verifier::new(Some(signer().verifier()));
    log.records.iter().for_each(|record| verifier.entry(record));
    verifier.tree(0, &log.tree);
    log.notes.iter().for_each(|note| verifier.checkpoint(note));
    verifier.finish()
}

/// Tampers with a good log and compares what is found.
#[track_caller]
fn check(tamper: impl Fn(&mut Log), expected: &[&str]) {
    let mut log = log();
    tamper(&mut log);
    let found: Vec<_> = verify(&log).tamperings.iter().map(ToString::to_string).collect();
    assert_eq!(found, expected);
}

fn rewrite(record: &mut Record, object: &str) {
    let mut event = record.entry().expect("an event").event;
    event.object = object.into();
    let Draft { columns, body, leaf } = Draft::new(&event);
    *record = Record { columns, body, leaf, ..record.clone() };
}

#[test]
fn an_untouched_log_is_intact() {
    let verification = verify(&log());
    assert!(verification.is_intact(), "{verification:?}");
    assert_eq!((verification.entries, verification.checkpoints), (10, 4));
    assert_eq!(verification.signed.map(|signed| signed.size), Some(10));
    let empty = Log { records: vec![], tree: vec![], notes: vec![] };
    assert!(verify(&empty).is_intact());
}

#[test]
fn an_edited_entry_is_named() {
    let signed = "its text is not the one that was signed";
    let hash = "its hash does not belong to its text";
    let column = "its column object does not say what its text says";
    check(
        |log| log.records[4].body = log.records[4].body.replace("s-4", "s-5"),
        &[&format!("entry 4 (id 104) was edited: {signed}, {hash}, {column}")],
    );
    check(
        |log| rewrite(&mut log.records[4], "/x"),
        &[&format!("entry 4 (id 104) was edited: {signed}")],
    );
    check(
        |log| log.records[4].columns.object = "/x".into(),
        &[&format!("entry 4 (id 104) was edited: {column}")],
    );
    check(
        |log| log.records[9].leaf = log.tree[0],
        &[&format!("entry 9 (id 109) was edited: {hash}")],
    );
    check(
        |log| log.records[0].body = "{}".into(),
        &[&format!("entry 0 (id 100) was edited: {signed}, {hash}, its text is not an event")],
    );
    check(
        |log| {
            let event = event(11);
            let mut record = Record { seq: None, ..record(11, &event) };
            record.columns.actor_name = "nobody".into();
            log.records.push(record);
        },
        &["the entry with id 111 was edited: its column actor_name does not say what its text \
           says"],
    );
}

#[test]
fn a_deleted_entry_is_named_with_and_without_its_gap() {
    check(|log| drop(log.records.remove(0)), &["entry 0 was deleted"]);
    check(|log| drop(log.records.drain(3..5)), &["entry 3 was deleted", "entry 4 was deleted"]);
    let close_gap = |log: &mut Log| {
        log.records.remove(4);
        for (seq, record) in log.records.iter_mut().enumerate() {
            record.seq = Some(seq as u64);
        }
    };
    check(close_gap, &["entry 4 was deleted"]);
}

#[test]
fn cutting_the_end_off_is_named() {
    check(|log| log.records.truncate(9), &["the last entry, 9, was cut off"]);
    check(|log| log.records.truncate(5), &["the last entries, 5 to 9, were cut off"]);
    check(|log| log.records.clear(), &["the last entries, 0 to 9, were cut off"]);
    let tree = "the tree's own copy was changed from entry 3 on";
    let both = |log: &mut Log| {
        log.records.truncate(5);
        log.tree.truncate(5);
    };
    check(both, &[tree, "the last entries, 5 to 9, were cut off"]);
}

#[test]
fn cutting_the_checkpoints_off_too_needs_a_witness() {
    let good = log();
    let cut = |log: &mut Log| {
        log.records.truncate(6);
        log.tree.truncate(6);
        log.notes.truncate(2);
    };
    check(cut, &[]);
    let witnessed = |log: &mut Log| {
        cut(log);
        log.notes.push(good.notes[3].clone());
    };
    let tree = "the tree's own copy was changed from entry 6 on";
    check(witnessed, &["the last entries, 6 to 9, were cut off", tree]);
}

#[test]
fn moved_and_inserted_entries_are_named() {
    let moved = |from: i64, to: u64| {
        format!("entry {to} (id {}) was moved: it was signed as entry {from}", from + 100)
    };
    let swap = |log: &mut Log| {
        log.records[2].seq = Some(7);
        log.records[7].seq = Some(2);
    };
    check(swap, &[&moved(7, 2), &moved(2, 7)]);
    let insert = |log: &mut Log| {
        for record in &mut log.records[4..] {
            record.seq = record.seq.map(|seq| seq + 1);
        }
        log.records.insert(4, Record { id: 999, ..record(4, &event(77)) });
    };
    check(insert, &["entry 4 (id 999) was inserted: it was never signed there"]);
    let append = |log: &mut Log| log.records.push(record(10, &event(10)));
    check(append, &["entry 10 (id 110) was inserted: it was never signed there"]);
    let twice = |log: &mut Log| log.records.push(Record { id: 999, ..record(3, &event(3)) });
    check(twice, &["entry 3 (id 999) was inserted: it was never signed there"]);
}

#[test]
fn a_tree_changed_together_with_an_entry_still_betrays_the_span() {
    let both = |log: &mut Log| {
        rewrite(&mut log.records[4], "/x");
        log.tree[4] = log.records[4].leaf;
    };
    let tree = "the tree's own copy was changed from entry 3 on";
    let span = "an entry from 3 to 5 was changed, and the tree's own copy with it";
    check(both, &[span, tree]);
    let only_tree = |log: &mut Log| log.tree[4] = log.tree[0];
    check(only_tree, &[tree]);
}

#[test]
fn forged_missing_and_contradicting_checkpoints_are_found() {
    let resigned = |log: &mut Log| {
        let forger = SignerKey::from_seed("test", &[2; 32]).expect("a name");
        log.notes[3] = forger.sign(10, log.tree[0]);
    };
    let beyond = "entry 9 (id 109) was inserted: it was never signed there";
    let tree = "the tree's own copy was changed from entry 9 on";
    check(resigned, &[beyond, tree, "checkpoint 4 is forged: no signature by test"]);
    let edited = |log: &mut Log| log.notes[3] = log.notes[3].replacen("10", "11", 1);
    check(edited, &[beyond, tree, "checkpoint 4 is forged: the signature by test is wrong"]);
    check(|log| log.notes.clear(), &["10 entries have a position and no checkpoint is signed"]);
    check(
        |log| log.notes.push(signer().sign(9, log.tree[1])),
        &["two signed checkpoints of 9 entries contradict each other"],
    );
}

#[test]
fn an_export_says_the_same_and_a_damaged_one_is_refused() {
    let (good, mut log) = (&log(), log());
    let read = |log: &Log, damage: &dyn Fn(&mut Vec<String>)| {
        let mut lines =
            vec![Line::Export { v: 1, verifier: Some(signer().verifier().to_string()), of: None }];
        lines.extend(log.notes.iter().cloned().map(|note| Line::Checkpoint { note }));
        let chunks = log.tree.chunks(4).enumerate();
        lines.extend(
            chunks.map(|(n, leaves)| Line::Tree { first: 4 * n as u64, leaves: leaves.to_vec() }),
        );
        lines.extend(log.records.iter().cloned().map(Line::Entry));
        let mut counts = Counts::default();
        lines.iter().for_each(|line| counts.add(line));
        lines.push(Line::End(counts));
        let mut texts: Vec<_> = lines.iter().map(Line::to_text).collect();
        damage(&mut texts);
        let mut reader = Reader::new(None);
        texts.iter().try_for_each(|text| reader.line(text))?;
        reader.finish().map(|read| read.verification)
    };
    assert_eq!(read(&log, &|_| {}).expect("reads"), verify(&log));
    rewrite(&mut log.records[4], "/x");
    assert_eq!(read(&log, &|_| {}).expect("reads"), verify(&log));
    let found = |damage: &dyn Fn(&mut Vec<String>)| {
        let verification = read(good, damage).expect("reads");
        verification.tamperings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let damaged = |how: &str| format!("the export was changed: {how}");
    // The header, four checkpoints, three lines of leaves, then the entries.
    assert_eq!(
        found(&|lines| drop(lines.remove(8 + 3))),
        [
            "entry 3 was deleted".to_owned(),
            damaged(
                "its last line counts 10 entries, 10 leaves and 4 checkpoints, \
                 it has 9 entries, 10 leaves and 4 checkpoints"
            )
        ]
    );
    assert_eq!(
        found(&|lines| lines.truncate(8 + 7)),
        ["the last entries, 7 to 9, were cut off".to_owned(), damaged("its end is missing")]
    );
    let refused = |damage: &dyn Fn(&mut Vec<String>)| {
        read(&log, damage).map(drop).expect_err("refused").to_string()
    };
    assert!(refused(&|lines| drop(lines.remove(0))).contains("first line"));
    assert!(refused(&|lines| lines[2].truncate(20)).starts_with("line 3 "));
    assert!(refused(&|lines| lines.push("{}".into())).contains("nothing may follow"));
}
