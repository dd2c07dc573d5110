//! The direction of the crates, as ARCHITECTURE.md draws it, read from their Cargo.toml.

use super::{Finding, Source};

/// A room and the rooms it may use; `tests` and `xtask` may use any.
const DIRECTION: [(&str, &[&str]); 10] = [
    ("core", &[]),
    ("devdb", &[]),
    ("store", &["core"]),
    ("wire", &["core"]),
    ("xds", &["core"]),
    ("control", &["core", "store", "wire"]),
    ("agent", &["core", "wire"]),
    ("app", &["core"]),
    ("lab", &["agent", "core", "devdb", "wire", "xds"]),
    ("server", &["agent", "app", "control", "core", "lab", "store", "wire", "xds"]),
];
const FREE: [&str; 2] = ["tests", "xtask"];

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let manifests = sources.iter().filter(|source| {
        source.path.ends_with("Cargo.toml") && source.path.components().count() == 2
    });
    manifests.flat_map(check_one).collect()
}

fn check_one(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let manifest: toml::Table = match source.text.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![source.finding(1, "manifest", error.to_string())],
    };
    let inherits = manifest.get("lints").and_then(|lints| lints.get("workspace"));
    if inherits.and_then(toml::Value::as_bool) != Some(true) {
        let text = "the lints of the workspace are missing: add [lints] workspace = true";
        findings.push(source.finding(1, "manifest", text));
    }
    let room = source.room();
    let known = DIRECTION.iter().find(|(name, _)| *name == room);
    if known.is_none() && !FREE.contains(&room) {
        let text = format!("{room} is no known crate: add it to xtask/src/tidy/crates.rs");
        findings.push(source.finding(1, "direction", text));
    }
    let Some((_, allowed)) = known else { return findings };
    for table in ["dependencies", "build-dependencies"] {
        let names = manifest.get(table).and_then(toml::Value::as_table);
        for name in names.into_iter().flat_map(|table| table.keys()) {
            let Some(other) = name.strip_prefix("mainstay-") else { continue };
            if !allowed.contains(&other) {
                let text = format!("{room} must not use {other} (ARCHITECTURE.md, the crates)");
                let line = source.text.lines().position(|line| line.starts_with(name.as_str()));
                findings.push(source.finding(line.map_or(1, |at| at + 1), "direction", text));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tests::source;
    use super::*;

    #[test]
    fn the_direction_holds() {
        let lints = "[lints]\nworkspace = true\n";
        let manifest = |path: &str, text: &str| {
            let found = check(&[source(path, text)]);
            found.iter().map(|finding| (finding.line, finding.rule)).collect::<Vec<_>>()
        };
        let app = |name: &str| format!("{lints}[dependencies]\n{name}.workspace = true\n");
        assert_eq!(manifest("app/Cargo.toml", &app("mainstay-core")), []);
        assert_eq!(manifest("app/Cargo.toml", &app("mainstay-store")), [(4, "direction")]);
        assert_eq!(manifest("tests/Cargo.toml", &app("mainstay-store")), []);
        assert_eq!(manifest("other/Cargo.toml", lints), [(1, "direction")]);
        assert_eq!(manifest("core/Cargo.toml", ""), [(1, "manifest")]);
    }
}
