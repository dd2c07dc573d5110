//! Licences, origins and doubled versions of all dependencies, from `cargo metadata`.
//!
//! The lists are those of deny.toml, so that `cargo deny check` agrees where it is installed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::Finding;
use crate::repo;

const DENY: &str = "deny.toml";
const REGISTRY: &str = "registry+";

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    /// None for the workspace's own.
    source: Option<String>,
}

/// The part of deny.toml that is checked here.
#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    #[serde(default)]
    skip: Vec<Skip>,
    #[serde(default)]
    deny: Vec<Skip>,
}

/// A crate that is named in a list; only its name counts here.
#[derive(Deserialize)]
struct Skip {
    #[serde(rename = "crate")]
    name: String,
}

pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let path = root.join(DENY);
    let text = fs::read_to_string(&path).with_context(|| format!("reading {DENY}"))?;
    let deny: Deny = toml::from_str(&text).with_context(|| format!("reading {DENY}"))?;
    let mut cargo = repo::command("cargo");
    cargo.args(["metadata", "--format-version", "1", "--locked"]);
    cargo.args(["--filter-platform", "x86_64-unknown-linux-gnu"]);
    let output = cargo.current_dir(root).output().context("running cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    Ok(judge(&metadata.packages, &deny))
}

fn judge(packages: &[Package], deny: &Deny) -> Vec<Finding> {
    let allowed: BTreeSet<&str> = deny.licenses.allow.iter().map(String::as_str).collect();
    let skipped: BTreeSet<&str> = deny.bans.skip.iter().map(|skip| bare(&skip.name)).collect();
    let banned: BTreeSet<&str> = deny.bans.deny.iter().map(|skip| bare(&skip.name)).collect();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut findings = Vec::new();
    let mut add = |rule: &'static str, text: String| {
        findings.push(Finding { file: DENY.into(), line: 1, rule, text });
    };
    for package in packages {
        let Package { name, version, license, source } = package;
        let Some(source) = source else { continue };
        versions.entry(name).or_default().insert(version);
        let license = license.as_deref().unwrap_or("none");
        if !is_allowed(license, &allowed) {
            add("licence", format!("{name} {version}: the licence {license} is not allowed"));
        }
        if !source.starts_with(REGISTRY) {
            add("origin", format!("{name} {version} comes from {source}, not from a registry"));
        }
        if banned.contains(name.as_str()) {
            add("ban", format!("{name} {version} is banned"));
        }
    }
    for (name, versions) in versions {
        if versions.len() > 1 && !skipped.contains(name) {
            let list: Vec<&str> = versions.into_iter().collect();
            let list = list.join(", ");
            add("duplicate", format!("{name} {list}: use one, or add it to [bans] skip"));
        }
    }
    findings
}

/// The name in `name@version`.
fn bare(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}

/// Whether an SPDX expression can be met with allowed licences. The old `/` means OR.
fn is_allowed(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let expression = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = expression.split_whitespace().collect();
    let mut at = 0;
    any_of(&words, &mut at, allowed) && at == words.len()
}

fn any_of(words: &[&str], at: &mut usize, allowed: &BTreeSet<&str>) -> bool {
    let mut good = all_of(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        good |= all_of(words, at, allowed);
    }
    good
}

fn all_of(words: &[&str], at: &mut usize, allowed: &BTreeSet<&str>) -> bool {
    let mut good = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        good &= one(words, at, allowed);
    }
    good
}

fn one(words: &[&str], at: &mut usize, allowed: &BTreeSet<&str>) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let good = any_of(words, at, allowed);
        *at += 1;
        return good;
    }
    if words.get(*at) == Some(&"WITH") {
        let exception = words.get(*at + 1).copied().unwrap_or_default();
        *at += 2;
        return allowed.contains(format!("{word} WITH {exception}").as_str());
    }
    allowed.contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licence_expressions_are_judged() {
        let allowed = BTreeSet::from(["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"]);
        let cases = [
            ("MIT", true),
            ("GPL-3.0", false),
            ("none", false),
            ("GPL-3.0 OR MIT", true),
            ("GPL-3.0/MIT", true),
            ("GPL-3.0 AND MIT", false),
            ("(MIT OR GPL-3.0) AND Apache-2.0", true),
            ("(MIT OR GPL-3.0) AND ISC", false),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("MIT WITH LLVM-exception", false),
            ("", false),
        ];
        for (expression, good) in cases {
            assert_eq!(is_allowed(expression, &allowed), good, "{expression}");
        }
    }

    #[test]
    fn doubles_strangers_and_bans_are_found() {
        let package = |name: &str, version: &str, source: Option<&str>| Package {
            name: name.into(),
            version: version.into(),
            license: Some("MIT".into()),
            source: source.map(str::to_owned),
        };
        let skip = |name: &str| Skip { name: name.into() };
        let deny = Deny {
            licenses: Licenses { allow: vec!["MIT".into()] },
            bans: Bans { skip: vec![skip("b@1.0.0")], deny: vec![skip("d")] },
        };
        let packages = [
            package("own", "1.0.0", None),
            package("a", "1.0.0", Some("registry+x")),
            package("a", "2.0.0", Some("registry+x")),
            package("b", "1.0.0", Some("registry+x")),
            package("b", "2.0.0", Some("registry+x")),
            package("c", "1.0.0", Some("git+x")),
            package("d", "1.0.0", Some("registry+x")),
        ];
        let rules: Vec<_> = judge(&packages, &deny).iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, ["origin", "ban", "duplicate"]);
    }
}
