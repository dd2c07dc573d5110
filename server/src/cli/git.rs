//! Options of how repositories are asked for commits.

use std::path::PathBuf;

use mainstay_core::notify::address::{Network, NetworkError};
use mainstay_core::pipeline::repository::Protocol;

use crate::git::Git;

#[derive(clap::Args)]
pub struct GitArgs {
    /// How repositories that events name are asked for commits, like `https,ssh`; `none`: they are
    /// not asked. `file` is for repositories on this machine.
    #[arg(
        long = "git-protocols",
        env = "MAINSTAY_GIT_PROTOCOLS",
        value_name = "PROTOCOLS",
        default_value = "https"
    )]
    protocols: Protocols,
    /// Networks that are not public and whose repositories may be asked, like `10.20.0.0/16`.
    #[arg(
        long = "git-allow",
        env = "MAINSTAY_GIT_ALLOW",
        value_name = "CIDR",
        value_delimiter = ',',
        value_parser = network
    )]
    allow: Vec<Network>,
    /// A configuration of git's with what it needs to be let in, as in `http.<url>.extraHeader`.
    #[arg(long = "git-config", env = "MAINSTAY_GIT_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The program.
    #[arg(
        long = "git-program",
        env = "MAINSTAY_GIT_PROGRAM",
        value_name = "PATH",
        default_value = "git"
    )]
    program: PathBuf,
}

#[derive(Clone, Debug)]
struct Protocols(Vec<Protocol>);

impl std::str::FromStr for Protocols {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == "none" {
            return Ok(Self(Vec::new()));
        }
        let named = text.split(',').map(|name| {
            Protocol::from_name(name.trim()).ok_or_else(|| {
                let all = Protocol::ALL.map(Protocol::name).join(", ");
                format!("{name:?} is no protocol; write some of {all}, or none")
            })
        });
        named.collect::<Result<_, _>>().map(Self)
    }
}

fn network(text: &str) -> Result<Network, NetworkError> {
    text.parse()
}

impl GitArgs {
    /// Who asks; `None`: nobody does.
    pub fn asks(&self) -> Option<Git> {
        let protocols = self.protocols.0.iter().copied().collect();
        (!self.protocols.0.is_empty()).then(|| Git {
            program: self.program.clone(),
            protocols,
            allowed: self.allow.clone(),
            config: self.config.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_named_or_none() {
        let read = |text: &str| text.parse::<Protocols>().map(|it| it.0);
        assert_eq!(read("https, ssh"), Ok(vec![Protocol::Https, Protocol::Ssh]));
        assert_eq!(read("none"), Ok(Vec::new()));
        let error = read("https,ext").expect_err("it is none");
        assert_eq!(error, "\"ext\" is no protocol; write some of https, ssh, file, or none");
    }
}
