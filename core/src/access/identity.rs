//! Whom an identity provider vouches for.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Longest name that a provider's person is shown by, in characters.
const SHOWN_MAX_CHARS: usize = 80;

/// A person as an identity provider (OpenID Connect) knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The provider's address.
    pub issuer: String,
    /// What it calls the person, for ever and for nobody else.
    pub subject: String,
    /// What it calls them to people.
    pub shown: String,
}

impl Identity {
    /// Of what a provider says of somebody; `names`: what it calls them, the best first.
    pub fn new<'a>(
        issuer: &str,
        subject: &str,
        names: impl IntoIterator<Item = Option<&'a str>>,
    ) -> Self {
        let clean = |name: &str| -> String {
            let name = name.trim().chars().filter(|c| !c.is_control());
            name.take(SHOWN_MAX_CHARS).collect()
        };
        let mut names = names.into_iter().flatten().map(clean).filter(|name| !name.is_empty());
        let shown = names.next().unwrap_or_else(|| clean(subject));
        Self { issuer: issuer.to_owned(), subject: subject.to_owned(), shown }
    }
}

/// An identity that an account's owner signs in with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    pub id: i64,
    /// The provider's address.
    pub issuer: String,
    /// What it calls the person to people.
    pub shown: String,
    pub linked_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_shown_by_the_best_name_there_is() {
        let shown = |names: [Option<&str>; 2]| Identity::new("https://id", "248289", names).shown;
        assert_eq!(shown([Some("Ann"), Some("ann@example.org")]), "Ann");
        assert_eq!(shown([Some(" \u{7}\n"), Some("ann@example.org")]), "ann@example.org");
        assert_eq!(shown([None, None]), "248289");
        assert_eq!(shown([Some(&"x".repeat(500)), None]).len(), 80);
    }
}
