//! What is read of a good runbook, and what is said of a bad one.

use super::{FLEET, FRONT};
use crate::fleet::read as fleet_file;
use crate::id::ServiceId;
use crate::problem::{Kind, Problem};
use crate::runbook::block::{Block, Inline, Target, plain, queries, steps};
use crate::runbook::library::FILES;
use crate::runbook::shelf::{Files, SetError, Shelf, check};
use crate::runbook::{Origin, Runbook, read};

fn good(body: &str) -> Runbook {
    read("test", &format!("{FRONT}{body}"), Origin::Fleet, None).expect("a good runbook")
}

/// Code and line of each finding.
fn findings(source: &str) -> Vec<(String, u32)> {
    let fleet = fleet_file::read(FLEET).expect("a good fleet");
    let found = read("test", source, Origin::Fleet, Some(&fleet)).expect_err("a bad runbook");
    found.iter().map(|it| (it.code().to_owned(), it.line)).collect()
}

fn check_body(body: &str, code: &str, line: u32) {
    let found = findings(&format!("{FRONT}{body}"));
    assert_eq!(found, [(code.to_owned(), line)], "{body}");
}

#[test]
fn the_library_is_good_and_has_one_for_each_kind_of_problem() {
    for (slug, source) in FILES {
        let book = read(slug, source, Origin::Library, None);
        let book = book.unwrap_or_else(|found| panic!("{slug}: {found:?}"));
        assert!(book.steps >= 4, "{slug} says too little of what to do");
        let heads = book.body.iter().filter_map(|block| match block {
            Block::Heading { text, .. } => Some(plain(text)),
            Block::Paragraph(_)
            | Block::Step { .. }
            | Block::List { .. }
            | Block::Quote(_)
            | Block::Code(_)
            | Block::Rule => None,
        });
        let heads: Vec<_> = heads.collect();
        for head in ["What to do", "How to know that it is over", "Whom it concerns"] {
            assert!(heads.iter().any(|it| it == head), "{slug} has no {head:?}");
        }
    }
    let shelf = Shelf::library();
    for kind in Kind::ALL {
        let slug = kind.name().parse().expect("a slug");
        let book = shelf.get(&slug).unwrap_or_else(|| panic!("{kind} has no runbook"));
        assert!(book.alerts.contains(&kind), "{kind}");
    }
    let mut sorted: Vec<_> = FILES.iter().map(|(slug, _)| *slug).collect();
    sorted.sort_unstable();
    assert!(sorted.iter().eq(FILES.iter().map(|(slug, _)| slug)), "the list is sorted");
    assert_eq!(shelf.all().count(), FILES.len());
}

#[test]
fn steps_are_numbered_through_the_whole_text() {
    let body = "Before.\n\n1. First\n2. Second\n   1. inner\n   2. inner\n\nBetween.\n\n\
                7. Third, {{lag store-db}}\n\n   and more\n";
    let book = good(body);
    assert_eq!(book.steps, 3);
    let told = steps(&book.body);
    let told: Vec<_> = told.iter().map(|(n, text)| (*n, text.as_str())).collect();
    assert_eq!(told, [(1, "First"), (2, "Second"), (3, "Third, {{lag store-db}}")]);
    assert_eq!(queries(&book.body).len(), 1);
}

#[test]
fn links_lead_to_pages_the_web_and_reviews() {
    let body = "[a](/dc/fra1?x=1#y) [b](https://example.org/x) [c](#step-1) [d](page:subject) \
                [e](action:rollback shop)\n\n1. [f](action:fail-over fra1,osl1)\n";
    let book = good(body);
    let mut targets = Vec::new();
    crate::runbook::block::visit(&book.body, &mut |part| {
        if let Inline::Link { target, .. } = part {
            targets.push(target.clone());
        }
    });
    assert_eq!(targets.len(), 6);
    assert_eq!(targets[0], Target::Page("/dc/fra1?x=1#y".to_owned()));
    assert_eq!(targets[1], Target::Web("https://example.org/x".to_owned()));
    assert_eq!(targets[3], Target::Subject);
    let Target::Action(back) = &targets[4] else { panic!("{targets:?}") };
    assert_eq!(back.page(None).as_deref(), Some("/services/shop/do/roll-back"));
    let Target::Action(over) = &targets[5] else { panic!("{targets:?}") };
    assert_eq!(over.page(None).as_deref(), Some("/failover/plans/fra1,osl1/do/start"));
}

#[test]
fn every_mistake_is_told_with_its_line() {
    let step = "1. Do it\n";
    check_body("text\n", "no-steps", 6);
    check_body(&format!("{step}\n\n<b>x</b>\n"), "html", 9);
    check_body(&format!("{step}\n![x](/y.png)\n"), "not-shown", 8);
    check_body(&format!("{step}\n| a |\n|---|\n| b |\n"), "not-shown", 8);
    check_body(&format!("{step}\n[x](javascript:alert(1))\n"), "bad-link", 8);
    check_body(&format!("{step}\n[x](//evil.example)\n"), "unknown-address", 8);
    check_body(&format!("{step}\n[x](/no/such/page)\n"), "unknown-address", 8);
    check_body(&format!("{step}\n<mail@example.org>\n"), "bad-link", 8);
    check_body(&format!("{step}\n{{{{lag}}}}\n"), "bad-value", 8);
    check_body(&format!("{step}\n{{{{lagg store-db}}}}\n"), "bad-value", 8);
    check_body(&format!("{step}\n{{{{lag store-bd}}}}\n"), "unknown-object", 8);
    check_body(&format!("{step}\n{{{{lag store-db\n}}}}\n"), "value-open", 8);
    check_body(&format!("{step}\n[x](action:destroy shop)\n"), "bad-action", 8);
    check_body(&format!("{step}\n[x](action:roll-back)\n"), "bad-action", 8);
    check_body(&format!("{step}\na\u{7}b\n"), "control-character", 8);
    check_body(&format!("{step}\na\u{202e}b\n"), "control-character", 8);
    check_body(&"1. x\n".repeat(61), "too-many-steps", 6);
}

#[test]
fn the_front_matter_is_held_to_what_it_must_be() {
    let source = |front: &str| format!("+++\n{front}\n+++\n1. x\n");
    let check = |front: &str, expected: &[(&str, u32)]| {
        let found = findings(&source(front));
        let found: Vec<_> = found.iter().map(|(code, line)| (code.as_str(), *line)).collect();
        assert_eq!(found, expected, "{front}");
    };
    let whole = "title = \"T\"\nowner = \"O\"\nreviewed = 2026-11-20";
    check("title = \"T\"\nowner = \"O\"", &[("missing-key", 1)]);
    check("title = \"\"\nowner = 3\nreviewed = 2026-11-20", &[("bad-field", 2), ("bad-field", 3)]);
    check("title = \"T\"\nowner = \"O\"\nreviewed = \"soon\"", &[("bad-field", 4)]);
    check(&format!("{whole}\nalert = [\"x\"]"), &[("unknown-key", 5)]);
    check(&format!("{whole}\nservices = [\"shpo\"]"), &[("unknown-service", 5)]);
    check(&format!("{whole}\nalerts = [\"service-dwon\"]"), &[("unknown-alert", 5)]);
    check("title = \"T", &[("front-matter-syntax", 2)]);
    assert_eq!(findings("# Title\n1. x\n"), [("no-front-matter".to_owned(), 1)]);
    assert_eq!(findings("+++\ntitle = \"T\"\n"), [("front-matter-open".to_owned(), 1)]);
    for (slug, code) in [("Up", "bad-slug"), ("runs", "reserved-slug"), ("a b", "bad-slug")] {
        let found = read(slug, &source(whole), Origin::Fleet, None).expect_err("a bad name");
        assert_eq!(found[0].code(), code);
    }
}

#[test]
fn a_fleets_own_replaces_and_comes_first() {
    let file = |alerts: &str, services: &str| {
        format!(
            "+++\ntitle = \"Own\"\nowner = \"O\"\nreviewed = \"2026-11-20\"\n\
             alerts = [{alerts}]\nservices = [{services}]\n+++\n1. x\n"
        )
    };
    let shop = ServiceId::new("shop").expect("an id");
    let down = Problem::ServiceDown { service: shop.clone() };
    let other = Problem::ServiceDown { service: ServiceId::new("cart").expect("an id") };
    let chosen = |files: &Files, problem: &Problem| {
        let (shelf, left_out) = Shelf::of(1, files);
        assert!(left_out.is_empty());
        shelf.for_problem(problem).expect("a runbook").slug.to_string()
    };
    let mut files = Files::new();
    assert_eq!(chosen(&files, &down), "service-down");
    files.insert("any-down".into(), file("\"service-down\"", ""));
    assert_eq!(chosen(&files, &down), "any-down");
    files.insert("shop-down".into(), file("\"service-down\"", "\"shop\""));
    assert_eq!(chosen(&files, &down), "shop-down");
    assert_eq!(chosen(&files, &other), "any-down");
    let (shelf, _) = Shelf::of(1, &files);
    assert_eq!(shelf.of_service(&shop).count(), 1);
    let fleet = fleet_file::read(FLEET).expect("a good fleet");
    assert_eq!(check(&files, Some(&fleet)), Ok(()));
    files.insert("bad".into(), "no front matter".into());
    let Err(SetError::Findings(found)) = check(&files, None) else { panic!("it is refused") };
    assert_eq!(found.keys().collect::<Vec<_>>(), ["bad"]);
    let (_, left_out) = Shelf::of(1, &files);
    assert_eq!(left_out, ["bad"]);
}
