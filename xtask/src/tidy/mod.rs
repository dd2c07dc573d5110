//! `cargo xtask tidy`: the rules of the house that a machine can check.
//!
//! Each finding is one line: `file:line: rule: what is wrong and what to do`. A line that must
//! break a rule says so in a comment on it or above it: `tidy: allow RULE: reason`.

mod crates;
mod licences;
mod rust;
mod text;
mod tokens;
mod words;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::repo;

/// Kinds of files whose text is looked at.
const KINDS: [&str; 9] = ["rs", "sql", "css", "proto", "ftl", "toml", "md", "js", "sh"];

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    file: PathBuf,
    line: usize,
    rule: &'static str,
    text: String,
}

/// A file of the repository.
struct Source {
    /// Relative to the root.
    path: PathBuf,
    text: String,
}

pub(crate) fn run() -> Result<()> {
    let (findings, counts) = check(&repo::root())?;
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!("{} findings", findings.len());
    }
    println!("tidy: {} files, {} lints allowed with a reason", counts.files, counts.allowed_lints);
    Ok(())
}

/// What was looked at.
struct Counts {
    files: usize,
    allowed_lints: usize,
}

/// Checks the whole repository.
fn check(root: &Path) -> Result<(Vec<Finding>, Counts)> {
    let sources = read(root)?;
    let mut findings = Vec::new();
    let mut allowed_lints = 0;
    for source in &sources {
        findings.extend(text::check(source));
        if source.is("rs") {
            let found = rust::check(source);
            allowed_lints += found.allowed_lints;
            findings.extend(found.findings);
        }
    }
    findings.extend(words::check(&sources));
    findings.extend(crates::check(&sources));
    findings.extend(licences::check(root)?);
    findings.retain(|finding| !is_allowed(&sources, finding));
    findings.sort();
    findings.dedup();
    Ok((findings, Counts { files: sources.len(), allowed_lints }))
}

fn read(root: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for file in repo::files_below(root)? {
        let kind = file.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
        if !KINDS.contains(&kind) {
            continue;
        }
        let text = String::from_utf8_lossy(&fs::read(&file)?).into_owned();
        sources.push(Source { path: file.strip_prefix(root)?.to_owned(), text });
    }
    Ok(sources)
}

/// Whether the line, or the one above, allows the rule and gives a reason.
fn is_allowed(sources: &[Source], finding: &Finding) -> bool {
    let Some(source) = sources.iter().find(|source| source.path == finding.file) else {
        return false;
    };
    let marker = format!("tidy: allow {}: ", finding.rule);
    let first = finding.line.saturating_sub(2);
    source.text.lines().skip(first).take(finding.line - first).any(|line| line.contains(&marker))
}

impl Source {
    fn is(&self, kind: &str) -> bool {
        self.path.extension().is_some_and(|extension| extension == kind)
    }

    /// The folder at the top of the repository.
    fn room(&self) -> &str {
        let first = self.path.components().next();
        first.and_then(|part| part.as_os_str().to_str()).unwrap_or_default()
    }

    fn finding(&self, line: usize, rule: &'static str, text: impl Into<String>) -> Finding {
        Finding { file: self.path.clone(), line, rule, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file.display(), self.line, self.rule, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of the given path and text, for the tests of the rules.
    pub(super) fn source(path: &str, text: &str) -> Source {
        Source { path: path.into(), text: text.into() }
    }

    #[test]
    fn the_repository_is_tidy() {
        let (findings, _) = check(&repo::root()).unwrap();
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "\n{}", lines.join("\n"));
    }

    #[test]
    fn a_rule_is_allowed_on_the_line_or_above_and_only_with_a_reason() {
        let text = "// tidy: allow length: a table\nx\n// tidy: allow length\ny\n";
        let sources = [source("core/src/a.rs", text)];
        let on = |line| sources[0].finding(line, "length", "too long");
        assert!(is_allowed(&sources, &on(1)) && is_allowed(&sources, &on(2)));
        assert!(!is_allowed(&sources, &on(3)) && !is_allowed(&sources, &on(4)));
        assert!(!is_allowed(&sources, &sources[0].finding(2, "unwrap", "")));
    }
}
