//! Which repository an address means, and which addresses the server may ask at all.
//!
//! The same repository has several addresses; they are compared by host and path alone. A host is
//! one whatever the case of its letters; paths are as they are written.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::notify::address::host_chars;

/// Longest address of a repository, in bytes.
pub const ADDRESS_MAX_BYTES: usize = 500;

/// A repository by its place: `github.com/acme/shop`; on this machine, `/srv/git/shop`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Repository(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write the address of a repository, as in https://git.example.org/shop/api")]
pub struct RepositoryError;

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Repository {
    type Error = RepositoryError;

    fn try_from(text: String) -> Result<Self, RepositoryError> {
        Self::named(&text).ok_or(RepositoryError)
    }
}

impl From<Repository> for String {
    fn from(repository: Repository) -> Self {
        repository.0
    }
}

impl Repository {
    /// Reads an address of any kind, or a place: `https://…`, `ssh://git@…`, `git@host:path`,
    /// `file:///path`, `host/path`. `None`: it is none, or has a password in it.
    pub fn named(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(address) = Address::read(text) {
            return Some(address.place());
        }
        let (host, path) = match text.strip_prefix('/') {
            Some(_) => ("", text),
            None => match (text.split_once(':'), text.split_once('/')) {
                (Some((host, path)), _) if !path.starts_with('/') => (host, path),
                (_, Some((host, path))) => (host, path),
                (_, None) => (text, ""),
            },
        };
        let host = host.strip_prefix("git@").unwrap_or(host);
        let plain = text.len() <= ADDRESS_MAX_BYTES && path_chars(path);
        let named = if host.is_empty() { text.starts_with('/') } else { host_chars(host) };
        (plain && named).then(|| Self::of(host, path))
    }

    fn of(host: &str, path: &str) -> Self {
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/');
        let host = host.to_ascii_lowercase();
        let slash = if path.is_empty() { "" } else { "/" };
        Self(format!("{host}{slash}{path}"))
    }

    /// Whether it is another one or lies below it.
    pub fn is_below(&self, other: &Self) -> bool {
        let rest = self.0.strip_prefix(&other.0);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn path_chars(path: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-._~+".contains(&b);
    let climbs = path.split('/').any(|part| part == "..");
    path.bytes().all(plain) && !climbs && !path.contains("//")
}

/// How a repository is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    Https,
    Ssh,
    /// On this machine.
    File,
}

impl Protocol {
    pub const ALL: [Self; 3] = [Self::Https, Self::Ssh, Self::File];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Ssh => "ssh",
            Self::File => "file",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name() == name)
    }

    /// The port that it has where none is written; a file has none.
    pub const fn port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Ssh => 22,
            Self::File => 0,
        }
    }
}

/// An address that can be asked: a protocol, a host, a path, and nothing that a program could take
/// for an option, a command or a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub protocol: Protocol,
    /// Of ssh: whom to sign in as.
    pub user: Option<String>,
    /// Empty: on this machine.
    pub host: String,
    pub port: Option<u16>,
    /// Begins with a slash.
    pub path: String,
}

impl Address {
    /// Reads `https://host[:port]/path`, `ssh://[user@]host[:port]/path` or `file:///path`.
    /// `None`: it is none of them, or has a password, a query or something else in it.
    pub fn read(text: &str) -> Option<Self> {
        if text.len() > ADDRESS_MAX_BYTES {
            return None;
        }
        let (scheme, rest) = text.split_once("://")?;
        let protocol = Protocol::from_name(scheme)?;
        let (authority, path) = rest.split_at(rest.find('/')?);
        if !path_chars(path) || path.trim_matches('/').is_empty() {
            return None;
        }
        if protocol == Protocol::File {
            let path = path.to_owned();
            let own = authority.is_empty();
            return own.then(|| Self {
                protocol,
                user: None,
                host: String::new(),
                port: None,
                path,
            });
        }
        let (user, place) = match authority.rsplit_once('@') {
            // A user of https is a name with a secret, or is one.
            Some((user, place)) if protocol == Protocol::Ssh => (Some(user), place),
            Some(_) => return None,
            None => (None, authority),
        };
        let (host, port) = match place.split_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok().filter(|port| *port > 0)?)),
            None => (place, None),
        };
        let named = !host.is_empty() && host.len() <= 253 && host_chars(host);
        let user_chars = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        let signs = user.is_none_or(|user| {
            !user.is_empty() && !user.starts_with('-') && user.bytes().all(user_chars)
        });
        let (user, host) = (user.map(str::to_owned), host.to_owned());
        (named && signs).then(|| Self { protocol, user, host, port, path: path.to_owned() })
    }

    /// The repository that it means.
    pub fn place(&self) -> Repository {
        // A port is a way to the same place.
        Repository::of(&self.host, &self.path)
    }

    pub fn port_or_known(&self) -> u16 {
        self.port.unwrap_or(self.protocol.port())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.protocol.name())?;
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.path)
    }
}
