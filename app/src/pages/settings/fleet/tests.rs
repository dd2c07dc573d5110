//! The page as HTML: read, checked, refused and in conflict.

use mainstay_core::access::{Grant, Role, Scope};
use mainstay_core::fleet::{diff, read};

use super::*;
use crate::render::fragment;

const SMALL: &str = include_str!("../../../../../tests/fleets/small.toml");
const REASON: (usize, usize) = (10, 500);

fn now() -> DateTime<Utc> {
    "2026-11-20T03:12:07Z".parse().expect("a time")
}

fn fleet(source: &str) -> Fleet {
    read::read(source).expect("a good fleet")
}

fn in_force() -> InForce {
    let fleet = fleet(SMALL);
    InForce {
        revision: 3,
        applied_at: now(),
        applied_by: "ann".to_owned(),
        reason: Some("the third data centre".to_owned()),
        summary: Summary::of(&fleet),
        source: SMALL.to_owned(),
        fleet,
    }
}

fn reader(role: Role) -> Reader {
    let grants = vec![Grant { role, scope: Scope::default() }];
    Reader { name: "ann".to_owned(), grants, csrf: "token".to_owned(), ..Reader::default() }
}

fn html(draft: Option<Draft>, role: Role) -> (String, String) {
    let data = build(Some(in_force()), draft, now());
    (title(&data), fragment(|| view(&data, &reader(role), REASON)))
}

/// A draft of `source` as it comes back from a check.
fn checked(source: &str) -> Draft {
    let check = match read::read(source) {
        Ok(new) => Check::good(&new, 3, diff::diff(&fleet(SMALL), &new), &[]),
        Err(findings) => Check::findings(&findings, 3),
    };
    let source = source.to_owned();
    let draft = Draft {
        source,
        check: Some(check),
        notice: Some(Notice::Checked),
        checked: "hash".to_owned(),
        ..Draft::default()
    };
    Draft { mistakes: mistakes(&draft, None), ..draft }
}

#[test]
fn whoever_may_not_change_it_sees_it_and_why() {
    let (_, html) = html(None, Role::Viewer);
    for part in ["Revision 3, applied", "You can look, not act.", "the role admin", "[[region]]"] {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert!(!html.contains("<textarea"), "{html}");
}

#[test]
fn the_form_begins_with_the_file_in_force_and_can_only_check() {
    let (title, html) = html(None, Role::Admin);
    assert_eq!(title, "Fleet");
    let text = html.split_once("<textarea").expect("a field").1;
    let text = text.split_once('>').expect("a tag").1.split_once("</textarea>").expect("an end").0;
    assert_eq!(text.strip_prefix('\n'), Some(&*crate::ui::escape(SMALL)));
    assert!(html.contains(r#"value="check""#) && !html.contains(r#"value="apply""#), "{html}");
    assert!(html.contains(r#"name="expected" value="3""#), "{html}");
}

#[test]
fn a_good_file_shows_its_difference_and_can_be_applied() {
    let source = SMALL.replacen("nodes = 2", "nodes = 3", 1);
    assert_ne!(source, SMALL);
    let (title, html) = html(Some(checked(&source)), Role::Admin);
    assert_eq!(title, "Fleet");
    for part in ["What would change", "<code>2</code> → <code>3</code>", r#"value="apply""#] {
        assert!(html.replace("<!>", "").contains(part), "{part} in {html}");
    }
    let (_, same) = self::html(Some(checked(SMALL)), Role::Admin);
    assert!(same.contains("Nothing would change."), "{same}");
    assert!(!same.contains(r#"value="apply""#), "{same}");
}

#[test]
fn mistakes_are_listed_with_their_line_and_the_text_is_kept() {
    let source = SMALL.replacen("[[region]]", "[[regio]]", 1) + "# </textarea><script>";
    let (title, html) = html(Some(checked(&source)), Role::Admin);
    assert_eq!(title, "Error: Fleet");
    let plain = html.replace("<!>", "");
    for part in ["there is no table <code>regio</code>", "The fleet was not applied", "#source"] {
        assert!(plain.contains(part), "{part} in {html}");
    }
    assert!(html.contains("# &lt;/textarea&gt;&lt;script&gt;"), "{html}");
    assert!(!html.contains("<script"), "{html}");
}

#[test]
fn a_refused_form_names_each_mistake() {
    let mut draft = checked(SMALL);
    draft.reason = "short".to_owned();
    let found = mistakes(&draft, Some(REASON));
    assert_eq!(found, [Mistake::new("reason", "Write the reason, 10 to 500 characters.")]);
    let empty = mistakes(&Draft::default(), Some(REASON));
    let fields: Vec<_> = empty.iter().map(|m| m.field.as_str()).collect();
    assert_eq!(fields, ["source", "reason"]);
    let large = checked(&"#".repeat(FILE_MAX_BYTES + 1));
    assert_eq!(
        large.mistakes[0].message,
        "The file has 1,048,577 bytes, and at most 1,048,576 are taken."
    );
}

#[test]
fn a_conflict_says_what_happened_and_shows_the_difference() {
    let source = SMALL.replacen("nodes = 2", "nodes = 3", 1);
    let notice = Some(Notice::Conflict { revision: 4 });
    let (title, html) = html(Some(Draft { notice, ..checked(&source) }), Role::Admin);
    assert_eq!(title, "Error: Fleet");
    for part in ["Nothing was done.", "Revision 4 is in force by now.", "What would change"] {
        assert!(html.contains(part), "{part} in {html}");
    }
}

#[test]
fn what_must_wait_is_named_and_cannot_be_applied() {
    let mut draft = checked(&SMALL.replacen("nodes = 2", "nodes = 3", 1));
    if let Some(check) = &mut draft.check {
        let message = "the service `stock` cannot be removed yet".to_owned();
        check.blocked = vec![BlockedRow { id: "stock".to_owned(), message }];
    }
    draft.mistakes = mistakes(&draft, None);
    assert_eq!(draft.mistakes[0].field, "source");
    let (title, html) = html(Some(draft), Role::Admin);
    assert_eq!(title, "Error: Fleet");
    assert!(html.contains("These removals must wait"), "{html}");
    assert!(html.contains("the service ") && html.contains("<code>stock<"), "{html}");
    assert!(!html.contains(r#"value="apply""#), "{html}");
}
