//! The style sheet: all of `style/*.css` in the order of their names, without comments and spare
//! white space. Must not change what a rule means.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Reads and joins the style sheets of a directory.
pub(super) fn bundle(dir: &Path) -> Result<String> {
    let mut sheets: Vec<_> = fs::read_dir(dir)
        .with_context(|| format!("reading {}", dir.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "css"))
        .collect();
    sheets.sort();
    let mut all = String::new();
    for sheet in sheets {
        let text =
            fs::read_to_string(&sheet).with_context(|| format!("reading {}", sheet.display()))?;
        all.push_str(&minify(&text));
    }
    Ok(all)
}

/// Drops comments; makes white space one blank, or none beside a brace, semicolon or comma.
fn minify(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut blank = false;
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
            blank = true;
            continue;
        }
        if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
            blank = true;
            continue;
        }
        let tight = |c: char| matches!(c, '{' | '}' | ';' | ',');
        if blank && !tight(first) && out.chars().next_back().is_some_and(|last| !tight(last)) {
            out.push(' ');
        }
        blank = false;
        if first == '}' && out.ends_with(';') {
            out.pop();
        }
        let length = token_length(rest, first);
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out
}

/// Bytes to copy untouched: a whole string, an escape, or one character.
fn token_length(text: &str, first: char) -> usize {
    match first {
        '"' | '\'' => {
            let mut escaped = false;
            for (at, c) in text.char_indices().skip(1) {
                match c {
                    _ if escaped => escaped = false,
                    '\\' => escaped = true,
                    _ if c == first => return at + 1,
                    _ => {}
                }
            }
            text.len()
        }
        '\\' => 1 + text[1..].chars().next().map_or(0, char::len_utf8),
        _ => first.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_means_nothing_is_dropped() {
        let cases = [
            ("a { color: red; }\n", "a{color: red}"),
            ("/* a; } */ b , c{}", "b,c{}"),
            ("a b > c { width: calc(1px + 2px) ; }", "a b > c{width: calc(1px + 2px)}"),
            (
                "a::before { content: \"/* { } ; */  x\"; }",
                "a::before{content: \"/* { } ; */  x\"}",
            ),
            ("a { content: 'it\\'s  }' }", "a{content: 'it\\'s  }'}"),
            ("@media (min-width: 1px) and (x) { a {} }", "@media (min-width: 1px) and (x){a{}}"),
            ("a/**/b{}", "a b{}"),
            ("/* never ends", ""),
            ("a { content: '→' }", "a{content: '→'}"),
        ];
        for (text, small) in cases {
            assert_eq!(minify(text), small, "{text}");
        }
    }
}
