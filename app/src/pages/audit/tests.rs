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
    let found = Found {
        entries,
        checkpoint: Some(signed().1),
        matches: Some(Matches { count: 2_000, exact: false }),
        cut: true,
        ..Found::default()
    };
    let data = build(found, filter, dropped, after.is_some(), now());
    assert_eq!((data.entries.len(), data.next), (PAGE_ROWS, Some(2)));
    let reader = Reader { csrf: "token".to_owned(), ..Reader::default() };
    let html = fragment(|| view(&data, &reader));
    for part in [
        "Last signed checkpoint: 2 entries, 03:12:07 UTC.",
        "The chain has not been checked yet",
        "At least 2,000 entries match.",
        "The search took too long",
        r#"name="q""#,
        r#"href="/audit/48210">48,210<"#,
        "being placed",
        "&lt;script&gt;",
        r#"href="/audit?who=ann&amp;after=2""#,
        r#"name="csrf" value="token""#,
        r#"<input type="hidden" name="who" value="ann""#,
        r#"<option value="fleet-apply">Applied a fleet file<"#,
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
    let data = entry::build(entry, Some(checkpoint), Some(proof), alone(), now());
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
        let checkpoint = Some(checkpoint.clone());
        entry::build(entry.clone(), checkpoint, proof, alone(), now()).inclusion
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
    let unsigned = entry::build(entry, None, None, alone(), now());
    assert_eq!(unsigned.inclusion, Inclusion::Waiting);
}

fn alone() -> trail::Data {
    trail::Data::default()
}

#[test]
fn the_chain_is_said_to_be_whole_or_where_it_is_broken() {
    use mainstay_core::audit::check::{Broken, Done};
    let head = |check: Option<Check>| {
        let found = Found { checked: Checked::of(check), ..Found::default() };
        let data = build(found, Filter::default(), Vec::new(), false, now());
        fragment(|| view(&data, &Reader::default()))
    };
    let root = Draft::new(&written(1, None).event).leaf;
    let done = Done { at: at("2026-11-20T03:00:00Z"), size: 48_211, root };
    let whole = Check { done: Some(done), ..Check::new(now()) };
    let html = head(Some(whole.clone()));
    assert!(html.contains("Chain checked 03:00 UTC, 48,211 entries, unbroken."), "{html}");
    let broken =
        Broken { at: now(), entry: Some(7), what: "entry 7 (id 8) was edited".to_owned(), more: 0 };
    let html = head(Some(Check { broken: Some(broken), ..whole }));
    assert!(html.contains("The chain is broken"), "{html}");
    assert!(html.contains("Entry 7 (id 8) was edited. Found 03:12 UTC."), "{html}");
    assert!(!html.contains("unbroken"), "{html}");
}

#[test]
fn an_entry_shows_what_belongs_to_it() {
    use mainstay_core::approval::{Approval, ApprovalId, Kind, Reach, State, Subject};
    use mainstay_core::audit::trail::{Stage, Step, Trail};
    use mainstay_core::fleet::Fleet;
    let subject = Subject::Restore {
        restore: "rs-7".parse().expect("an id"),
        database: "store-db".parse().expect("an id"),
    };
    let approval = Approval {
        id: ApprovalId(3),
        kind: Kind::Permission,
        subject,
        hash: "x".to_owned(),
        reach: Reach::default(),
        by: "ann".to_owned(),
        reason: "because".to_owned(),
        at: now(),
        until: now(),
        state: State::Approved { by: "bob".to_owned(), at: now() },
    };
    let step = |stage, id| Step { stage, entry: written(id, Some(id)) };
    let trail = Trail {
        steps: vec![step(Stage::Request, 1), step(Stage::Approval, 2)],
        things: Vec::new(),
        cut: true,
    };
    let facts =
        [trail::Fact::Approval(Box::new(approval)), trail::Fact::Page("/rollouts/ro-9".to_owned())];
    let story = trail::build(trail, 1, &facts, &Fleet::default(), now());
    let (entry, checkpoint, proof) = signed();
    let data = entry::build(entry, Some(checkpoint), Some(proof), story, now());
    let html = fragment(|| entry::view(&data));
    for part in [
        "What belongs to it",
        ">Request<",
        ">Approval<",
        r#"href="/audit/2""#,
        r#"href="/approvals/ap-3""#,
        r#"href="/rollouts/ro-9""#,
        "bob",
        "There are more entries",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert!(!html.contains("<script"), "{html}");
}

#[test]
fn packs_are_listed_and_what_one_would_hold_is_told() {
    use mainstay_core::evidence::{Input, build as pack};
    use mainstay_core::fleet::Fleet;
    let fleet = Fleet::default();
    let (from, until) = (at("2026-10-01T00:00:00Z"), at("2026-11-01T00:00:00Z"));
    let input = Input {
        from,
        until,
        fleet: &fleet,
        fleet_revision: 1,
        log: Some((3, 9)),
        runs: &[],
        backups: &[],
        proofs: &[],
        restores: &[],
        approvals: &[],
        entries: &[],
        problems: &[],
        decided: None,
        totals: &[],
        cut: &[],
    };
    let asked = evidence::asked(&Query::parse("month=2026-10"), now());
    let row = evidence::PackRow {
        from,
        until,
        at: now(),
        by: "ann".to_owned(),
        sha256: "ab".repeat(32),
        bytes: 4_096,
        entry: Some(71),
    };
    let reader = Reader { csrf: "token".to_owned(), ..Reader::default() };
    let show = |packs: Vec<evidence::PackRow>| {
        let data = evidence::build(asked.clone(), &pack(&input), packs, now());
        fragment(|| evidence::view(&data, &reader))
    };
    let html = show(vec![row]);
    for part in [
        "Availability was not measured.",
        r#"href="/audit/71""#,
        &"ab".repeat(32),
        r#"action="/audit/do/evidence""#,
        r#"name="from" value="2026-10-01T00:00:00Z""#,
        "Entries of the audit log",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert!(show(Vec::new()).contains("No pack has been made yet."));
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
