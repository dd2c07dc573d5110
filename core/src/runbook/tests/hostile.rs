//! Hostile texts: whatever stands in a file, what is read of it has no HTML and no link that runs
//! something, and reading ends.

use super::FRONT;
use crate::runbook::block::{Block, Inline, Target, visit};
use crate::runbook::{Origin, read};

/// A generator of numbers that look random; the seed makes a failure come again.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides
    }
}

const PIECES: [&str; 34] = [
    "<script>",
    "</script>",
    "<img src=x onerror=alert(1)>",
    "[a](",
    ")",
    "javascript:",
    "data:",
    "JaVaScRiPt&colon;alert(1)",
    "vbscript:",
    "https://",
    "http://a",
    "//evil.example",
    "/dc/fra1",
    "{{",
    "}}",
    "lag store-db",
    "healthy x y",
    "action:roll-back a",
    "](action:roll-back \"x\")",
    "1. ",
    "- ",
    "> ",
    "\n",
    "\n\n",
    "```",
    "`",
    "**",
    "*",
    "\\",
    "&lt;",
    "|",
    "![",
    "<a href='",
    "\u{0}",
];

/// What holds of every text that is read without a finding.
fn safe(blocks: &[Block]) {
    visit(blocks, &mut |part| match part {
        Inline::Link { target, .. } => match target {
            Target::Web(address) => {
                let lower = address.to_ascii_lowercase();
                assert!(lower.starts_with("https://") || lower.starts_with("http://"), "{address}");
                assert!(!address.contains(['"', '<', '>', '\'', ' ', '\n']), "{address}");
            }
            Target::Page(address) => {
                assert!(address.starts_with('/') && !address.starts_with("//"), "{address}");
            }
            Target::Anchor(anchor) => {
                assert!(anchor.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
            }
            Target::Action(action) => {
                let page = action.page(None).unwrap_or_default();
                assert!(page.is_empty() || crate::address::parse(&page).is_some(), "{page}");
            }
            Target::Subject => {}
        },
        Inline::Text(_)
        | Inline::Code(_)
        | Inline::Emphasis(_)
        | Inline::Strong(_)
        | Inline::Value(_)
        | Inline::Break => {}
    });
}

#[test]
fn whatever_stands_in_a_text_only_good_links_are_read() {
    let mut read_whole = 0;
    for seed in 0..4_000_u64 {
        let mut dice = Dice(seed);
        let mut text = "1. x\n\n".to_owned();
        for _ in 0..dice.throw(12) {
            text.push_str(PIECES[dice.throw(PIECES.len())]);
        }
        if let Ok(book) = read("test", &format!("{FRONT}{text}"), Origin::Fleet, None) {
            read_whole += 1;
            safe(&book.body);
        }
    }
    // Else this would test nothing.
    assert!(read_whole > 400, "{read_whole}");
}

#[test]
fn links_that_run_something_are_refused_in_every_spelling() {
    for address in [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "java\tscript:alert(1)",
        "&#106;avascript:alert(1)",
        "javascript&colon;alert(1)",
        "data:text/html,<script>",
        "vbscript:x",
        "file:///etc/passwd",
        "mailto:a@b",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil",
        "https:evil",
        "https://",
        "http://a\"b",
        "https://a'onload=",
        "relative",
        "ftp://a",
        "action:",
        "page:other",
        "blob:https://a",
        "/%2e%2e//evil.example",
    ] {
        for text in
            [format!("[x](<{address}>)"), format!("<{address}>"), format!("[x]\n\n[x]: {address}")]
        {
            let source = format!("{FRONT}1. y\n\n{text}\n");
            if let Ok(book) = read("test", &source, Origin::Fleet, None) {
                let mut links = 0;
                visit(&book.body, &mut |part| {
                    links += usize::from(matches!(part, Inline::Link { .. }));
                });
                assert_eq!(links, 0, "{text}");
            }
        }
    }
}

#[test]
fn deep_and_large_texts_end_in_a_finding() {
    for text in [">".repeat(60_000), "- ".repeat(30_000), "*".repeat(60_000), "[".repeat(60_000)] {
        let source = format!("{FRONT}1. x\n\n{text}y");
        let result = read("test", &source, Origin::Fleet, None);
        if let Err(found) = result {
            assert_eq!(found[0].code(), "too-deep", "{:?}", found[0]);
        }
    }
    let source = format!("{FRONT}{}", "a".repeat(70_000));
    let found = read("test", &source, Origin::Fleet, None).expect_err("too large");
    assert_eq!(found[0].code(), "too-large");
    let many = format!("{FRONT}1. x\n\n{}", "<b>\n\n".repeat(500));
    let found = read("test", &many, Origin::Fleet, None).expect_err("findings");
    assert_eq!(found.last().map(|it| it.code()), Some("more-findings"));
    assert_eq!(found.len(), 101);
}
