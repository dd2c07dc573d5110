//! Rules about Rust code.

use std::ops::RangeInclusive;
use std::path::Path;

use proc_macro2::TokenStream;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::tokens::{self, Kind, Token};
use super::{Finding, Source};

const FUNCTION_MAX_LINES: usize = 70;
/// The rooms that may hold SQL, besides tests.
const SQL_ROOMS: [&str; 3] = ["store", "devdb", "xtask"];
/// Words that `core` must not use: it has no clock, no randomness, no input or output.
const IMPURE: [&str; 7] =
    ["tokio", "rand", "SystemTime", "Instant", "TcpStream", "async", "thread_rng"];

/// What a file has.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) findings: Vec<Finding>,
    pub(super) allowed_lints: usize,
}

/// Lines of the syntax tree that matter to the rules.
#[derive(Default)]
struct Outline {
    tests: Vec<RangeInclusive<usize>>,
    functions: Vec<(String, usize, usize)>,
}

pub(super) fn check(source: &Source) -> Found {
    let mut found = Found::default();
    let file = match syn::parse_file(&source.text) {
        Ok(file) => file,
        Err(error) => {
            let line = error.span().start().line;
            found.findings.push(source.finding(line, "syntax", error.to_string()));
            return found;
        }
    };
    if !file.attrs.iter().any(|attribute| attribute.path().is_ident("doc")) {
        let text = "no //! at the top: say what it owns, its invariants, what it must not do";
        found.findings.push(source.finding(1, "module-doc", text));
    }
    let mut outline = Outline::default();
    outline.visit_file(&file);
    for (name, line, lines) in &outline.functions {
        if *lines > FUNCTION_MAX_LINES {
            let text =
                format!("{name} has {lines} lines: split it, {FUNCTION_MAX_LINES} are allowed");
            found.findings.push(source.finding(*line, "length", text));
        }
    }
    let tokens = tokens::flatten(source.text.parse::<TokenStream>().unwrap_or_default());
    let all_tests = is_test_file(&source.path);
    let rules = Rules { source, core: source.path.starts_with("core/src") };
    for at in 0..tokens.len() {
        let line = tokens[at].line;
        let test = all_tests || outline.tests.iter().any(|range| range.contains(&line));
        found.allowed_lints += usize::from(allows_lint(&tokens[at..]));
        found.findings.extend(rules.check(&tokens, at, test));
    }
    found
}

/// Whether the whole file is test code: an integration test, the harness, or a module of tests.
fn is_test_file(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    stem.ends_with("_tests")
        || stem == "tests"
        || path.components().any(|part| {
            let part = part.as_os_str().to_str().unwrap_or_default();
            part == "tests" || part.ends_with("_tests")
        })
}

struct Rules<'a> {
    source: &'a Source,
    core: bool,
}

impl Rules<'_> {
    /// The findings at one token.
    fn check(&self, tokens: &[Token], at: usize, test: bool) -> Option<Finding> {
        let here = &tokens[at..];
        self.unfinished(here)
            .or_else(|| self.unwrapped(tokens, at, test))
            .or_else(|| self.sleep(here, test))
            .or_else(|| self.sql(&tokens[at], test))
            .or_else(|| self.impure(tokens, at, test))
            .or_else(|| self.inline_style(here))
            .or_else(|| self.colour(&tokens[at], test))
            .or_else(|| self.unexplained_lint(here))
    }

    fn unfinished(&self, here: &[Token]) -> Option<Finding> {
        let [Token { line, kind: Kind::Word(word) }, mark, open, ..] = here else { return None };
        let unfinished = ["todo", "unimplemented", "dbg"].contains(&word.as_str());
        let called = mark.is_mark('!') && matches!(open.kind, Kind::Open(_));
        (unfinished && called).then(|| {
            self.source.finding(*line, "unfinished", format!("{word}!: finish or remove it"))
        })
    }

    fn unwrapped(&self, tokens: &[Token], at: usize, test: bool) -> Option<Finding> {
        let called = tokens[at].is_word("unwrap") && tokens.get(at + 1)?.opens('(');
        let method = at > 0 && tokens[at - 1].is_mark('.');
        (called && method && !test).then(|| {
            let text = "handle the error, or expect(\"the invariant that rules it out\")";
            self.source.finding(tokens[at].line, "unwrap", text)
        })
    }

    fn sleep(&self, here: &[Token], test: bool) -> Option<Finding> {
        let [first, second, ..] = here else { return None };
        // The harness polls; its waiting is in one place there.
        let harness = self.source.path.starts_with("tests/src");
        (test && !harness && first.is_word("sleep") && second.opens('(')).then(|| {
            let text = "wait for a condition with a deadline, never for time to pass";
            self.source.finding(first.line, "sleep", text)
        })
    }

    fn sql(&self, token: &Token, test: bool) -> Option<Finding> {
        if test || SQL_ROOMS.contains(&self.source.room()) {
            return None;
        }
        let Kind::Text(text) = &token.kind else { return None };
        let text = text.trim_start_matches(['\\', 'n', ' ', '\n']);
        let sql = ["SELECT ", "INSERT INTO ", "DELETE FROM ", "CREATE TABLE ", "ALTER TABLE "];
        let update = text.starts_with("UPDATE ") && text.contains(" SET ");
        (update || sql.iter().any(|start| text.starts_with(start)))
            .then(|| self.source.finding(token.line, "sql", "move the statement into store/"))
    }

    fn impure(&self, tokens: &[Token], at: usize, test: bool) -> Option<Finding> {
        let Kind::Word(word) = &tokens[at].kind else { return None };
        if !self.core || test {
            return None;
        }
        let clock = word == "now"
            && at >= 3
            && tokens[at - 1].is_mark(':')
            && (tokens[at - 3].is_word("Utc") || tokens[at - 3].is_word("Local"));
        (clock || IMPURE.contains(&word.as_str())).then(|| {
            let text = format!("{word}: core has no clock, chance or effects; pass it in");
            self.source.finding(tokens[at].line, "pure-core", text)
        })
    }

    fn inline_style(&self, here: &[Token]) -> Option<Finding> {
        let [first, second, third, ..] = here else { return None };
        let app = self.source.path.starts_with("app/src");
        // `style="…"` and `style:width=…` in a view; `let style = …` is no attribute.
        let value = matches!(third.kind, Kind::Text(_) | Kind::Open('{'));
        let attribute = second.is_mark('=') && value;
        let property = second.is_mark(':') && !third.is_mark(':');
        (app && first.is_word("style") && (attribute || property)).then(|| {
            let text = "the policy forbids style attributes: use a class or a data attribute";
            self.source.finding(first.line, "inline-style", text)
        })
    }

    fn colour(&self, token: &Token, test: bool) -> Option<Finding> {
        let Kind::Text(text) = &token.kind else { return None };
        let hex = text.strip_prefix('#')?;
        let colour = [6, 8].contains(&hex.len()) && hex.chars().all(|c| c.is_ascii_hexdigit());
        (colour && !test && self.source.room() == "app").then(|| {
            let text = format!("#{hex}: use a token of style/tokens.css");
            self.source.finding(token.line, "colour", text)
        })
    }

    fn unexplained_lint(&self, here: &[Token]) -> Option<Finding> {
        if !allows_lint(here) {
            return None;
        }
        // The attribute is short: a reason stands within its next tokens, before another attribute.
        let inside = here.iter().skip(1).take_while(|token| !token.is_mark('#')).take(24);
        let explained = inside.into_iter().any(|token| token.is_word("reason"));
        (!explained).then(|| {
            let text = "give the reason: #[allow(lint, reason = \"…\")]";
            self.source.finding(here[0].line, "allow", text)
        })
    }
}

/// Whether an attribute `#[allow(` or `#![allow(` begins here.
fn allows_lint(here: &[Token]) -> bool {
    let Some((first, rest)) = here.split_first() else { return false };
    let rest = if rest.first().is_some_and(|token| token.is_mark('!')) { &rest[1..] } else { rest };
    let [bracket, word, open, ..] = rest else { return false };
    first.is_mark('#') && bracket.opens('[') && word.is_word("allow") && open.opens('(')
}

impl Outline {
    fn function(&mut self, name: &syn::Ident, item: &impl Spanned, attributes: &[syn::Attribute]) {
        let line = name.span().start().line;
        let end = item.span().end().line;
        self.functions.push((name.to_string(), line, end - line + 1));
        let test = |attribute: &syn::Attribute| {
            attribute.path().segments.last().is_some_and(|last| last.ident == "test")
        };
        if attributes.iter().any(test) {
            self.tests.push(line..=end);
        }
    }
}

impl<'ast> Visit<'ast> for Outline {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let test = item.attrs.iter().any(|attribute| {
            let list = attribute.meta.require_list();
            attribute.path().is_ident("cfg")
                && list.is_ok_and(|list| list.tokens.to_string().contains("test"))
        });
        if test {
            self.tests.push(item.span().start().line..=item.span().end().line);
        }
        visit::visit_item_mod(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig.ident, item, &item.attrs);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig.ident, item, &item.attrs);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.function(&item.sig.ident, item, &item.attrs);
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::source;
    use super::*;

    #[track_caller]
    fn expect(path: &str, code: &str, rules: &[(usize, &str)]) {
        let text = format!("//! Docs.\n{code}");
        let found: Vec<_> = check(&source(path, &text))
            .findings
            .into_iter()
            .map(|finding| (finding.line, finding.rule))
            .collect();
        assert_eq!(found, rules, "{code}");
    }

    #[test]
    fn modules_have_documentation() {
        let found = check(&source("core/src/a.rs", "fn f() {}"));
        assert_eq!(found.findings[0].rule, "module-doc");
        expect("core/src/a.rs", "fn f() {}", &[]);
        expect("core/src/a.rs", "fn f( {}", &[(2, "syntax")]);
    }

    #[test]
    fn functions_end() {
        let body = "    let a = 1;\n";
        expect("core/src/a.rs", &format!("fn f() {{\n{}}}", body.repeat(68)), &[]);
        expect("core/src/a.rs", &format!("fn f() {{\n{}}}", body.repeat(69)), &[(2, "length")]);
    }

    #[test]
    fn unwrap_is_for_tests() {
        expect("core/src/a.rs", "fn f() { x.unwrap(); }", &[(2, "unwrap")]);
        expect("core/src/a.rs", "fn f() { m!(x.unwrap()); }", &[(2, "unwrap")]);
        expect("core/src/a.rs", "fn f() { x.unwrap_or(1); x.unwrap; }", &[]);
        expect("core/src/a.rs", "#[cfg(test)]\nmod tests { fn f() { x.unwrap(); } }", &[]);
        expect("lab/src/a.rs", "#[tokio::test]\nfn f() { x.unwrap(); }", &[]);
        expect("core/tests/a.rs", "fn f() { x.unwrap(); }", &[]);
    }

    #[test]
    fn tests_do_not_sleep() {
        expect("lab/src/a.rs", "fn f() { sleep(d); }", &[]);
        expect("lab/src/a.rs", "#[test]\nfn f() { thread::sleep(d); }", &[(3, "sleep")]);
        expect("tests/tests/a.rs", "fn f() { sleep(d); }", &[(2, "sleep")]);
        expect("tests/src/wait.rs", "fn f() { sleep(d); }", &[]);
    }

    #[test]
    fn statements_live_in_the_store() {
        expect("control/src/a.rs", "fn f() { q(\"SELECT 1\"); }", &[(2, "sql")]);
        expect("control/src/a.rs", "fn f() { q(\"UPDATE a SET b = 1\"); }", &[(2, "sql")]);
        expect("control/src/a.rs", "fn f() { q(\"Select a region\"); q(\"UPDATE it\"); }", &[]);
        expect("store/src/a.rs", "fn f() { q(\"SELECT 1\"); }", &[]);
    }

    #[test]
    fn core_is_pure() {
        expect("core/src/a.rs", "fn f() { Utc::now(); }", &[(2, "pure-core")]);
        expect("core/src/a.rs", "async fn f() {}", &[(2, "pure-core")]);
        expect("core/src/a.rs", "fn f(now: Time) { Snapshot::now(); }", &[]);
        expect("lab/src/a.rs", "async fn f() { Utc::now(); }", &[]);
    }

    #[test]
    fn views_have_no_style_attributes() {
        expect("app/src/a.rs", "fn f() { view! { <p style=\"x\"/> } }", &[(2, "inline-style")]);
        expect("app/src/a.rs", "fn f() { view! { <p style:width={w}/> } }", &[(2, "inline-style")]);
        expect("app/src/a.rs", "fn f() { let style = make(); style::x(); }", &[]);
        expect("app/src/a.rs", "const A: &str = \"#ff0000\";", &[(2, "colour")]);
        expect("app/src/a.rs", "const A: &str = \"#face\";", &[]);
    }

    #[test]
    fn allowed_lints_are_explained_and_counted() {
        expect("core/src/a.rs", "#[allow(dead_code)]\nfn f() {}", &[(2, "allow")]);
        expect("core/src/a.rs", "#[allow(dead_code, reason = \"x\")]\nfn f() {}", &[]);
        let text =
            "//! Docs.\n#![allow(a, reason = \"b\")]\n#[allow(c, reason = \"d\")]\nfn f() {}";
        assert_eq!(check(&source("core/src/a.rs", text)).allowed_lints, 2);
    }

    #[test]
    fn nothing_is_left_unfinished() {
        let word = concat!("to", "do");
        expect("core/src/a.rs", &format!("fn f() {{ {word}!() }}"), &[(2, "unfinished")]);
        expect("core/src/a.rs", &format!("fn f() {{ {word}() }}"), &[]);
    }
}
