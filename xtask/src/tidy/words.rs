//! The words of the console: every message is used, every language has every message.
//!
//! That each used message exists is checked by the compiler (`fl!`).

use std::collections::BTreeSet;

use super::tokens::{self, Kind};
use super::{Finding, Source};

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let used: BTreeSet<String> = sources
        .iter()
        .filter(|source| source.is("rs") && ["app", "server"].contains(&source.room()))
        .flat_map(|source| tokens::flatten(source.text.parse().unwrap_or_default()))
        .filter_map(|token| match token.kind {
            Kind::Text(text) => Some(text),
            Kind::Word(_) | Kind::Mark(_) | Kind::Open(_) => None,
        })
        .collect();
    let catalogues: Vec<&Source> = sources.iter().filter(|source| source.is("ftl")).collect();
    let all: BTreeSet<&str> =
        catalogues.iter().flat_map(|source| messages(&source.text)).map(|(_, id)| id).collect();
    let mut findings = Vec::new();
    for source in catalogues {
        let own: Vec<(usize, &str)> = messages(&source.text).collect();
        let mut seen = BTreeSet::new();
        for (line, id) in &own {
            let referred = source.text.contains(&format!("{{ {id} "));
            if !used.contains(*id) && !referred {
                let text = format!("{id} is used nowhere: remove it");
                findings.push(source.finding(*line, "message", text));
            }
            if !seen.insert(*id) {
                let text = format!("{id} stands here a second time: remove one");
                findings.push(source.finding(*line, "message", text));
            }
        }
        for id in all.iter().filter(|id| !seen.contains(**id)) {
            let text = format!("{id} is missing in this language: translate it");
            findings.push(source.finding(1, "message", text));
        }
    }
    findings
}

/// Line and name of each message of a Fluent file (terms, which begin with `-`, are for messages).
fn messages(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter_map(|(at, line)| {
        let (id, _) = line.split_once('=')?;
        let id = id.trim_end();
        let first = id.chars().next()?;
        let name = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        (first.is_ascii_alphabetic() && name).then_some((at + 1, id))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::source;
    use super::*;

    #[test]
    fn unused_double_and_untranslated_messages_are_found() {
        let sources = [
            source("app/src/a.rs", "fn f() { t!(\"one\"); view! { {t!(\"two\")} } }"),
            source("app/i18n/en/a.ftl", "# note\none = 1\ntwo = { $n ->\n   [one] x\n}\nold = 3\n"),
            source("app/i18n/de/a.ftl", "one = 1\none = 2\n"),
        ];
        let found: Vec<String> = check(&sources).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "app/i18n/en/a.ftl:6: message: old is used nowhere: remove it",
                "app/i18n/de/a.ftl:2: message: one stands here a second time: remove one",
                "app/i18n/de/a.ftl:1: message: old is missing in this language: translate it",
                "app/i18n/de/a.ftl:1: message: two is missing in this language: translate it",
            ]
        );
    }
}
