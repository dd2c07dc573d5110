//! What `mainstay setup` answers, and the file with the sign-ins that people read.
//!
//! Invariant: a password is told by the server once, when the user is created; the file keeps it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

/// The answer of `mainstay setup`.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    pub(super) users: Vec<User>,
    /// By data centre.
    #[serde(default)]
    pub(super) join_tokens: BTreeMap<String, String>,
}

/// One of the first users.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    name: String,
    /// Only in the run that created the user.
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
}

pub(super) fn parse(stdout: &[u8]) -> Result<Answer> {
    serde_json::from_slice(stdout).context("`mainstay setup` printed something else than its JSON")
}

/// The lines of the old file, with those of users that were created now.
pub(super) fn merge(old: &str, users: &[User]) -> String {
    let mut lines: Vec<String> = old.lines().map(str::to_owned).collect();
    for user in users {
        let Some(password) = user.password.as_deref().filter(|password| !password.is_empty())
        else {
            continue;
        };
        let line = format!("{:<10} {password:<45} {}", user.name, user.roles.join(", "));
        let known = lines.iter_mut().find(|line| line.split(' ').next() == Some(&user.name));
        match known {
            Some(known) => *known = line,
            None => lines.push(line),
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_told_once_are_kept() {
        let first = parse(
            br#"{"users":[{"name":"ada","password":"p1","roles":["admin"]},
                {"name":"vera","password":"p2","roles":["viewer"]}],
                "join_tokens":{"fra1":"mst1x"}}"#,
        )
        .unwrap();
        let file = merge("", &first.users);
        assert_eq!(file.lines().count(), 2);
        let again = parse(br#"{"users":[{"name":"ada","roles":["admin"]}]}"#).unwrap();
        assert_eq!(merge(&file, &again.users), file);
        let renewed = parse(br#"{"users":[{"name":"ada","password":"p3","roles":[]}]}"#).unwrap();
        let file = merge(&file, &renewed.users);
        assert!(file.contains("p3") && !file.contains("p1") && file.contains("p2"), "{file}");
        assert!(parse(b"migrating...").is_err());
    }
}
