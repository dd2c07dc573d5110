//! Rules about lines and words of any text file.

use super::{Finding, Source};

const LINE_MAX_CHARS: usize = 100;
const FILE_MAX_LINES: usize = 500;
/// The only place for raw colours.
const TOKENS: &str = "style/tokens.css";
/// Directories of one machine only. Split, so that this file does not match itself.
const MACHINE_PATHS: [&str; 4] =
    [concat!("/", "work/"), concat!("/", "home/"), concat!("/", "root/"), concat!("/", "Users/")];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let code = ["rs", "sql", "css", "proto", "sh", "js"].iter().any(|kind| source.is(kind));
    let lines = source.text.lines().count();
    if code && lines > FILE_MAX_LINES {
        let text =
            format!("{lines} lines: split it by feature, up to {FILE_MAX_LINES} are allowed");
        findings.push(source.finding(1, "length", text));
    }
    let css = if source.is("css") { without_comments(&source.text) } else { String::new() };
    for (at, line) in source.text.lines().enumerate() {
        let number = at + 1;
        let chars = line.chars().count();
        if code && chars > LINE_MAX_CHARS {
            let text = format!("{chars} characters: break it, up to {LINE_MAX_CHARS} are allowed");
            findings.push(source.finding(number, "length", text));
        }
        for path in MACHINE_PATHS {
            if line.contains(path) {
                let text = format!("{path}: name no directory of a machine");
                findings.push(source.finding(number, "machine-path", text));
            }
        }
        if has_ownerless_note(line) {
            let text = "a note without an issue: add its (#number), or do it";
            findings.push(source.finding(number, "todo", text));
        }
    }
    if source.is("css") && source.path.as_os_str() != TOKENS {
        for (at, line) in css.lines().enumerate() {
            if let Some(colour) = raw_colour(line) {
                let text = format!("{colour}: use a token, colours are made in {TOKENS} only");
                findings.push(source.finding(at + 1, "colour", text));
            }
        }
    }
    findings
}

/// Whether a line has one of the words for unfinished work, without `(#number)`.
fn has_ownerless_note(line: &str) -> bool {
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")].iter().any(|word| {
        line.match_indices(word).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = &line[at + word.len()..];
            let whole = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            whole(before) && whole(after.chars().next()) && !after.starts_with("(#")
        })
    })
}

/// The text with comments replaced by blanks, its lines kept.
fn without_comments(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, after)) = rest.split_once("/*") {
        let (comment, after) = after.split_once("*/").unwrap_or((after, ""));
        out.push_str(before);
        out.extend(comment.chars().filter(|c| *c == '\n'));
        rest = after;
    }
    out + rest
}

/// A colour written out in the value of a declaration.
fn raw_colour(line: &str) -> Option<String> {
    let value = line.split_once(':').map_or("", |(_, value)| value);
    // Before the brace of a nested or one-line rule stands a selector, where # is an id.
    let value = value.rsplit('{').next().unwrap_or(value);
    for function in ["rgb(", "rgba(", "hsl(", "hsla(", "oklch(", "lab(", "lch("] {
        if value.contains(function) {
            return Some(function.to_owned() + "…)");
        }
    }
    value.match_indices('#').find_map(|(at, _)| {
        let word: String =
            value[at + 1..].chars().take_while(|c| c.is_alphanumeric() || *c == '-').collect();
        let hex = word.chars().all(|c| c.is_ascii_hexdigit());
        (hex && [3, 4, 6, 8].contains(&word.len())).then(|| format!("#{word}"))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::source;
    use super::*;

    #[track_caller]
    fn rules(path: &str, text: &str) -> Vec<(usize, &'static str)> {
        check(&source(path, text)).iter().map(|finding| (finding.line, finding.rule)).collect()
    }

    #[test]
    fn lengths_count_characters_and_lines() {
        assert_eq!(rules("core/src/a.rs", &"é".repeat(100)), []);
        assert_eq!(rules("core/src/a.rs", &"é".repeat(101)), [(1, "length")]);
        assert_eq!(rules("README.md", &"a".repeat(101)), []);
        assert_eq!(rules("core/src/a.rs", &"a\n".repeat(500)), []);
        assert_eq!(rules("core/src/a.rs", &"a\n".repeat(501)), [(1, "length")]);
    }

    #[test]
    fn colours_belong_to_the_tokens() {
        assert_eq!(rules("style/a.css", "a { color: #fff; }"), [(1, "colour")]);
        assert_eq!(rules("style/a.css", "\na {\n  color: rgb(0 0 0);\n}"), [(3, "colour")]);
        assert_eq!(rules("style/a.css", "#add:hover { color: var(--ink) }"), []);
        assert_eq!(rules("style/a.css", "/* #fff\n a: #fff */ a { fill: url(#arrow) }"), []);
        assert_eq!(rules("style/tokens.css", ":root { --ink: #fff; }"), []);
    }

    #[test]
    fn notes_need_an_issue() {
        let note = |rest: &str| format!("// {}{rest}", concat!("TO", "DO"));
        assert_eq!(rules("core/src/a.rs", &note(" later")), [(1, "todo")]);
        assert_eq!(rules("core/src/a.rs", &note("(#12): later")), []);
        assert_eq!(rules("core/src/a.rs", &note("S are fine")), []);
    }

    #[test]
    fn machines_have_no_names() {
        assert_eq!(rules("docs/a.md", concat!("see /", "home/ada/x")), [(1, "machine-path")]);
        assert_eq!(rules("docs/a.md", "see homework/"), []);
    }
}
