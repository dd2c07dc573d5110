//! The language files: each has what English has, with the same arguments and its own plurals.
#![cfg(feature = "ssr")]

mod words;

use std::collections::BTreeSet;

use mainstay_core::access::Language;
use words::{Message, file, read};

/// Messages that are the same in another language: names, units, and words that it took over.
const fn same(language: Language) -> &'static [&'static str] {
    match language {
        Language::English => &[],
        Language::Italian => &[
            "alias-col-link",
            "answer-no",
            "audit-who-system",
            "bytes-gb",
            "bytes-kb",
            "bytes-mb",
            "check-share-of",
            "col-cpu",
            "col-database",
            "col-edge",
            "col-in",
            "col-policy",
            "col-rollout",
            "col-size",
            "duration-h",
            "duration-min",
            "duration-ms",
            "duration-s",
            "edge-proxy",
            "event-commit",
            "event-no",
            "failover-answer-no",
            "failover-col-database",
            "failover-gate",
            "failover-log",
            "failover-rule-freeze",
            "failover-title",
            "field-password",
            "fleet-dc",
            "in-place",
            "kind-runbook",
            "level-block",
            "log",
            "minutes-short",
            "nav-build",
            "nav-failover",
            "notify-way-webhook",
            "outage-rollout",
            "outage-run",
            "per-second",
            "product",
            "profile-password",
            "role-auditor",
            "run-col-runbook",
            "runbook-button",
            "sample",
            "set-policy",
            "sign-in-password",
            "start-hotfix",
            "task-backup",
            "task-failover",
            "task-switchover",
            "unread-line",
            "utc",
            "vendor-on-premises",
            "window-24h",
        ],
        Language::Russian => &["audit-who-system", "product", "sample", "utc"],
    }
}

fn others() -> impl Iterator<Item = Language> {
    Language::ALL.into_iter().filter(|language| *language != Language::English)
}

#[test]
fn every_language_has_every_message_and_no_other() {
    let english: BTreeSet<_> = file(Language::English).keys().collect();
    for language in others() {
        let ids: BTreeSet<_> = file(language).keys().collect();
        let missing: Vec<_> = english.difference(&ids).collect();
        let too_many: Vec<_> = ids.difference(&english).collect();
        assert!(missing.is_empty(), "{language:?} lacks {missing:?}");
        assert!(too_many.is_empty(), "{language:?} has {too_many:?}, which English has not");
    }
}

#[test]
fn every_language_takes_the_same_arguments() {
    let english = file(Language::English);
    let mut wrong = Vec::new();
    for language in others() {
        for (id, message) in file(language) {
            let expected = english.get(id).map(|english| &english.arguments);
            if expected != Some(&message.arguments) {
                wrong.push(format!("{language:?} {id}: {:?}", message.arguments));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What a message of a language lacks where the English one counts.
fn lacks(english: &Message, other: &Message, needs: &[&str]) -> Vec<String> {
    let counted = english.choices.keys().filter(|argument| english.counts(argument));
    counted
        .flat_map(|argument| {
            let keys = other.choices.get(argument);
            let has = |key: &str| keys.is_some_and(|keys| keys.contains(key));
            let missing = needs.iter().filter(move |key| !has(key));
            missing.map(move |key| format!("{argument} {key}")).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_language_has_its_own_plurals() {
    let english = file(Language::English);
    let mut wrong = Vec::new();
    for language in others() {
        let needs: &[&str] = match language {
            Language::English | Language::Italian => &["one", "other"],
            Language::Russian => &["one", "few", "many"],
        };
        for (id, message) in file(language) {
            let Some(english) = english.get(id) else { continue };
            let missing = lacks(english, message, needs);
            wrong.extend(missing.into_iter().map(|it| format!("{language:?} {id}: {it}")));
            for (argument, keys) in &english.choices {
                let zero = keys.contains("0");
                let kept = message.choices.get(argument).is_some_and(|keys| keys.contains("0"));
                if zero && !kept {
                    wrong.push(format!("{language:?} {id}: {argument} 0"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn nothing_was_left_untranslated() {
    let english = file(Language::English);
    let mut left = Vec::new();
    for language in others() {
        for (id, message) in file(language) {
            let letters = message.pieces.iter().any(|piece| piece.chars().any(char::is_alphabetic));
            let same = english.get(id).is_some_and(|english| english.pieces == message.pieces);
            let taken_over = self::same(language).contains(&id.as_str());
            if letters && same != taken_over {
                left.push(format!("{language:?} {id}: {:?}", message.pieces));
            }
        }
    }
    assert!(left.is_empty(), "same as English, or listed as the same and not: {left:#?}");
}

#[test]
fn the_checks_find_what_they_look_for() {
    let english =
        read("a = { $n ->\n    [0] none\n    [one] one\n   *[other] { $count } of them\n}\n");
    let wrong = read("a = { $n ->\n    [one] один\n   *[many] { $count }\n}\n");
    let (english, wrong) = (&english["a"], &wrong["a"]);
    assert_eq!(english.arguments, wrong.arguments);
    assert_eq!(lacks(english, wrong, &["one", "few", "many"]), ["n few"]);
    let html = "<p>No data centre has a serving instance.</p><b>Healthy</b>";
    let left = words::english_left(html, Language::Russian);
    assert!(left.iter().any(|it| it.starts_with("problem-down-detail: ")), "{left:?}");
    assert!(left.contains(&"status-healthy: Healthy".to_owned()), "{left:?}");
}
