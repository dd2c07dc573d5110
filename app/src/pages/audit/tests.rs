//! The log's pages as HTML, from entries in memory.

use mainstay_core::audit::merkle::Frontier;
use mainstay_core::audit::note::SignerKey;
use mainstay_core::audit::record::Draft;
use mainstay_core::audit::{Action, Event};
use serde_json::json;

use super::entry::Inclusion;
use super::*;
use crate::render::fragment;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

fn now() -> DateTime<Utc> {
    at("2026-11-20T03:12:07Z")
}

/// Entry `id`, placed at `seq`: somebody applied a fleet and gave a reason that is no HTML.
fn written(id: i64, seq: Option<i64>) -> Entry {
    let event = Event {
        v: 1,
        at: now(),
        actor: Actor::User("ann".to_owned()),
        action: Action::FleetApply,
        object: "/settings/fleet".to_owned(),
        outcome: Outcome::Refused,
        reason: Some("<script>alert(1)</script>".to_owned()),
        before: Some(json!({ "revision": 3 })),
        after: Some(json!({ "revision": 4, "id": id })),
        request: Some("7f3a-19c2-55e0".to_owned()),
    };
    let leaf = Draft::new(&event).leaf.to_string();
    Entry { id, seq, event, leaf }
}

/// A signed log of two entries: the entry at 1, its checkpoint and its proof.
fn signed() -> (Entry, Checkpoint, Vec<mainstay_core::audit::merkle::Hash>) {
    let key = SignerKey::from_seed("test/audit", &[7; 32]).expect("a name");
    let mut log = Frontier::default();
    let leaves = [0, 1].map(|id| Draft::new(&written(id, None).event).leaf);
    for leaf in leaves {
        log.push(leaf, |_, _| {});
    }
    let checkpoint = Checkpoint {
        entries: log.size(),
        at: now(),
        note: key.sign(log.size(), log.root()),
        verifier: key.verifier().to_string(),
    };
    (written(1, Some(1)), checkpoint, vec![leaves[0]])
}

#[test]
fn the_list_is_escaped_paged_and_says_what_waits() {
    let mut entries: Vec<_> = (0..=PAGE_ROWS as i64).rev().map(|n| written(n + 1, None)).collect();
    entries[1] = written(entries[1].id, Some(48_210));
    let query = Query::parse("who=ann&outcome=maybe");
    let (filter, after, dropped) = asked(&query, now());
    let found = Found { entries, checkpoint: Some(signed().1) };
    let data = build(found, filter, dropped, after.is_some(), now());
    assert_eq!((data.entries.len(), data.next), (PAGE_ROWS, Some(2)));
    let reader = Reader { csrf: "token".to_owned(), ..Reader::default() };
    let html = fragment(|| view(&data, &reader));
    for part in [
        "Last signed checkpoint: 2 entries, 03:12:07 UTC.",
        r#"href="/audit/48210">48,210<"#,
        "being placed",
        "&lt;script&gt;",
        r#"href="/audit?who=ann&amp;after=2""#,
        r#"name="csrf" value="token""#,
        r#"<input type="hidden" name="who" value="ann""#,
        r#"<option value="fleet-apply">Applied a fleet file</option>"#,
        "outcome \"maybe\" is not known here",
        "Tried to apply a fleet file",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert!(!html.contains("<script"), "{html}");
}

#[test]
fn an_empty_list_says_why() {
    let empty = |query: &str| {
        let (filter, after, dropped) = asked(&Query::parse(query), now());
        let data = build(Found::default(), filter, dropped, after.is_some(), now());
        fragment(|| view(&data, &Reader::default()))
    };
    let bare = empty("");
    assert!(bare.contains("Nothing has been recorded yet."), "{bare}");
    assert!(bare.contains("No checkpoint has been signed yet."), "{bare}");
    assert!(empty("who=bob").contains("No entry matches the filter."));
}

#[test]
fn an_entry_shows_what_changed_and_its_proof() {
    let (entry, checkpoint, proof) = signed();
    let data = entry::build(entry, Some(checkpoint), Some(proof), now());
    assert!(matches!(data.inclusion, Inclusion::Proven { .. }));
    assert!(data.last);
    let html = fragment(|| entry::view(&data));
    for part in
        ["In the signed log", "7f3a-19c2-55e0", r#"href="/audit/0""#, "before", "20 Nov 2026"]
    {
        assert!(html.to_lowercase().contains(&part.to_lowercase()), "{part} in {html}");
    }
    assert!(html.contains("<del>") && html.contains("<ins>"), "{html}");
}

#[test]
fn a_changed_entry_is_never_called_proven() {
    let (entry, checkpoint, proof) = signed();
    let verdict = |entry: &Entry, checkpoint: &Checkpoint, proof: Option<&[_]>| {
        let proof = proof.map(<[_]>::to_vec);
        entry::build(entry.clone(), Some(checkpoint.clone()), proof, now()).inclusion
    };
    let broken = |inclusion: Inclusion| matches!(inclusion, Inclusion::Broken { .. });
    assert!(!broken(verdict(&entry, &checkpoint, Some(&proof))));
    let mut edited = entry.clone();
    edited.event.reason = None;
    assert!(broken(verdict(&edited, &checkpoint, Some(&proof))));
    edited.leaf = Draft::new(&edited.event).leaf.to_string();
    assert!(broken(verdict(&edited, &checkpoint, Some(&proof))));
    assert!(broken(verdict(&entry, &checkpoint, None)));
    let forged = Checkpoint { note: checkpoint.note.replacen("\n2\n", "\n3\n", 1), ..checkpoint };
    assert!(broken(verdict(&entry, &forged, Some(&proof))));
    let unsigned = entry::build(entry, None, None, now());
    assert_eq!(unsigned.inclusion, Inclusion::Waiting);
}

#[test]
fn how_to_verify_shows_the_note_and_the_key() {
    let checkpoint = signed().1;
    let data = verify::build(Some(checkpoint.clone()), now());
    let html = fragment(|| verify::view(&data));
    assert!(html.contains(&checkpoint.verifier), "{html}");
    assert!(html.contains("test/audit\n2\n"), "{html}");
    assert!(html.contains("mainstay audit verify audit.jsonl --key"), "{html}");
}

#[test]
fn exports_have_a_line_for_each_entry() {
    use export::Format;
    let mut csv = Format::Csv.head().to_owned();
    let mut lines = String::new();
    for entry in [written(1, Some(0)), written(2, None)] {
        Format::Csv.write(&entry, &mut csv);
        Format::JsonLines.write(&entry, &mut lines);
    }
    let columns = Format::Csv.head().split(',').count();
    assert_eq!(columns, 13);
    let rows: Vec<_> = csv.split_terminator("\r\n").collect();
    assert_eq!(rows.len(), 3);
    assert!(rows[1].starts_with("0,1,2026-11-20T03:12:07.000000Z,user,ann,fleet-apply,"), "{csv}");
    assert!(rows[2].starts_with(",2,"), "{csv}");
    for line in lines.lines() {
        let entry: Entry = serde_json::from_str(line).expect("an entry");
        assert_eq!(Draft::new(&entry.event).leaf.to_string(), entry.leaf);
    }
}
