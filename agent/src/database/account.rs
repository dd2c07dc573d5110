//! The account that works on a database's files: the owner of its data directory.
//!
//! Postgres refuses root, and files that another account wrote could not be read by the server. So
//! an agent that is root steps down for everything it runs on a database; an agent that is not must
//! itself be the owner. Of a database that runs elsewhere there is no owner here: an account is
//! named.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use mainstay_core::backup::job::{Cause, Failure};
use rustix::fs::{Gid, OFlags, Uid};

/// Who takes over where the data directory tells nobody.
const FALLBACK: &str = "postgres";

/// For files in folders of an account: one that is a link there is not opened, because root would
/// write wherever it leads.
pub const NOT_THROUGH_LINKS: i32 = OFlags::NOFOLLOW.bits() as i32;

/// An account that is not root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
}

impl Account {
    /// The owner of a data directory, or of where it would be, if it may be used from here.
    pub fn of(data_dir: &Path) -> Result<Self, Failure> {
        let setup = |words| Failure::new(Cause::Setup, words);
        let owner = [Some(data_dir), data_dir.parent()].into_iter().flatten().find_map(|dir| {
            let metadata = fs::metadata(dir).ok()?;
            (metadata.uid() != 0).then(|| Self { uid: metadata.uid(), gid: metadata.gid() })
        });
        let passwd = || fs::read_to_string("/etc/passwd").ok();
        let owner = owner.or_else(|| find(&passwd()?, FALLBACK)).ok_or_else(|| {
            let data_dir = data_dir.display();
            setup(format!("nobody owns {data_dir}, and there is no account {FALLBACK}"))
        })?;
        let own = rustix::process::geteuid();
        if own.is_root() || own.as_raw() == owner.uid {
            return Ok(owner);
        }
        Err(setup(format!(
            "{} belongs to user {} and the agent runs as user {}: run the agent as its owner or \
             as root",
            data_dir.display(),
            owner.uid,
            own.as_raw()
        )))
    }

    /// The account of the name, for a database that runs elsewhere; `None`: the usual one if the
    /// agent is root, else the agent's own.
    pub fn named(name: Option<&str>) -> Result<Self, Failure> {
        let own = rustix::process::geteuid();
        let (name, setup) = match name {
            None if !own.is_root() => {
                let gid = rustix::process::getegid().as_raw();
                return Ok(Self { uid: own.as_raw(), gid });
            }
            None => (FALLBACK, "create it, or name another with user_account"),
            Some(name) => (name, "name another with user_account"),
        };
        let failed = |words: String| Failure::new(Cause::Setup, words);
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let account = find(&passwd, name)
            .ok_or_else(|| failed(format!("there is no account {name}: {setup}")))?;
        match account.uid {
            0 => Err(failed(format!("{name} is root, as whom Postgres does not run: {setup}"))),
            uid if own.is_root() || own.as_raw() == uid => Ok(account),
            _ => {
                let own = own.as_raw();
                Err(failed(format!(
                    "the agent runs as user {own} and cannot become {name}: run it as {name} or \
                     as root"
                )))
            }
        }
    }

    /// Its name, or its number in a form that `sudo -u` takes as well.
    pub fn name(self) -> String {
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        name_of(&passwd, self.uid).unwrap_or_else(|| format!("#{}", self.uid))
    }

    /// User and group that a child must be given; `None`: it has them already.
    pub fn to_become(self) -> Option<(u32, u32)> {
        rustix::process::geteuid().is_root().then_some((self.uid, self.gid))
    }

    /// Makes a directory that only this account may enter, with those above it that are missing.
    pub fn make_dir(self, dir: &Path) -> io::Result<()> {
        match fs::DirBuilder::new().mode(0o700).create(dir) {
            Ok(()) => self.own(dir),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let Some(parent) = dir.parent() else { return Err(error) };
                self.make_dir(parent)?;
                self.make_dir(dir)
            }
            Err(error) => Err(error),
        }
    }

    /// Replaces a file of this account at once; nobody ever reads half of it.
    pub fn replace(self, path: &Path, content: &str) -> io::Result<()> {
        let next = path.with_extension("next");
        let options = fs::OpenOptions::new();
        let mut options = { options };
        options.create(true).write(true).truncate(true);
        let mut file = options.mode(0o600).custom_flags(NOT_THROUGH_LINKS).open(&next)?;
        io::Write::write_all(&mut file, content.as_bytes())?;
        file.sync_all()?;
        self.own(&next)?;
        fs::rename(&next, path)
    }

    pub fn own(self, path: &Path) -> io::Result<()> {
        match self.to_become() {
            Some((uid, gid)) => {
                let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
                Ok(rustix::fs::chown(path, Some(uid), Some(gid))?)
            }
            None => Ok(()),
        }
    }
}

/// User and group id of `name` in the text of /etc/passwd.
fn find(passwd: &str, name: &str) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Account { uid, gid })
    })
}

/// The name of a user id in the text of /etc/passwd.
fn name_of(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let passwd = "postgres2:x:7:7::/:\npostgres:x:105:106::/:/\n";
        assert_eq!(find(passwd, "postgres"), Some(Account { uid: 105, gid: 106 }));
        assert_eq!(find(passwd, "gres"), None);
        assert_eq!(find("postgres:x:what", "postgres"), None);
        assert_eq!(name_of(passwd, 105).as_deref(), Some("postgres"));
        assert_eq!(name_of(passwd, 106), None);
    }

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let dir = tempfile::tempdir().unwrap();
        let own = rustix::process::geteuid();
        let account = Account { uid: own.as_raw(), gid: rustix::process::getegid().as_raw() };
        let path = dir.path().join("a/b");
        account.make_dir(path.parent().unwrap()).unwrap();
        account.replace(&path, "one").unwrap();
        account.replace(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        let elsewhere = dir.path().join("elsewhere");
        std::os::unix::fs::symlink(&elsewhere, path.with_extension("next")).unwrap();
        assert!(account.replace(&path, "three").is_err(), "somebody put a link there");
        assert!(!elsewhere.exists());
    }
}
