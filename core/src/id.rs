//! Identifiers: short, lower-case, typeable; one type for each kind of thing so that they cannot
//! be mixed up.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Longest identifier accepted anywhere, in bytes (identifiers are ASCII).
pub const ID_MAX_BYTES: usize = 63;

/// Why a text is not an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("an id is empty")]
    Empty,
    #[error("an id is longer than {ID_MAX_BYTES} characters")]
    TooLong,
    #[error("an id starts with a letter and has only a-z, 0-9 and single hyphens, not {0:?}")]
    Character(char),
}

/// Checks the form every identifier shares: `[a-z][a-z0-9]*(-[a-z0-9]+)*`, at most
/// [`ID_MAX_BYTES`]. The form is a DNS label, so an id can be a host name or a Kubernetes name.
pub fn check_form(text: &str) -> Result<(), IdError> {
    let mut previous = '-';
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > ID_MAX_BYTES {
        return Err(IdError::TooLong);
    }
    for (at, c) in text.chars().enumerate() {
        let allowed = match c {
            'a'..='z' => true,
            '0'..='9' => at > 0,
            '-' => at > 0 && previous != '-',
            _ => false,
        };
        if !allowed {
            return Err(IdError::Character(c));
        }
        previous = c;
    }
    if previous == '-' {
        return Err(IdError::Character('-'));
    }
    Ok(())
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses an identifier; see [`check_form`].
            pub fn new(text: &str) -> Result<Self, IdError> {
                check_form(text)?;
                Ok(Self(text.into()))
            }
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }
        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(&text)
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.as_ref().to_owned()
            }
        }
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    )*};
}

ids! {
    /// A region: a place on earth with one time zone and one set of local needs.
    RegionId;
    /// A data centre. `datacenter` in code, TOML, JSON and on the command line.
    DatacenterId;
    /// A service group, the unit of recovery priority.
    GroupId;
    /// A service.
    ServiceId;
    /// A database.
    DatabaseId;
    /// A staging bench: what a version must pass before production.
    BenchId;
    /// A plan of rollouts.
    PlanId;
    /// A backup policy.
    PolicyId;
    /// A drill that repeats.
    RoutineId;
    /// An edge proxy.
    EdgeId;
    /// An instance of a service: one process, Pod or container that serves. Stable over restarts.
    InstanceId;
    /// A runbook, by its slug.
    RunbookId;
    /// A short link of the console.
    AliasId;
    /// A user of the console, as typed at sign-in.
    UserName;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_and_refuses_forms() {
        for good in ["a", "fra1", "feed-api", "a1-b2-c3"] {
            assert_eq!(check_form(good), Ok(()), "{good}");
        }
        for bad in ["", "1a", "-a", "a-", "a--b", "A", "a_b", "a b", "ä"] {
            assert!(check_form(bad).is_err(), "{bad}");
        }
        assert_eq!(check_form(&"a".repeat(64)), Err(IdError::TooLong));
    }
}
