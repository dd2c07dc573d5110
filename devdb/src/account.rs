//! The account that runs Postgres: the caller's own, or an unprivileged one when that is root.
//!
//! Must not be used for anything but Postgres' own programs and directories.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use rustix::fs::{Gid, Uid};

/// Who Postgres runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Account {
    /// The caller, who is not root.
    Own,
    /// The caller is root, so Postgres gets this user and group.
    Other { uid: u32, gid: u32 },
}

impl Account {
    /// `Own` unless the caller is root; then `postgres`, else `nobody`.
    pub(crate) fn choose() -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Own);
        }
        let passwd = fs::read_to_string("/etc/passwd").context("reading /etc/passwd")?;
        match ["postgres", "nobody"].iter().find_map(|name| find(&passwd, name)) {
            Some((uid, gid)) => Ok(Self::Other { uid, gid }),
            None => bail!(
                "Postgres refuses to run as root and there is neither a user postgres nor nobody: \
                 create one with `useradd --system postgres`"
            ),
        }
    }

    /// A command that runs as this account, in a directory it can certainly enter.
    pub(crate) fn command(self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/");
        if let Self::Other { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Hands a file or directory over to this account.
    pub(crate) fn own(self, path: &Path) -> Result<()> {
        let Self::Other { uid, gid } = self else { return Ok(()) };
        rustix::fs::chown(path, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))
            .with_context(|| format!("giving {} to user {uid}", path.display()))
    }

    /// Whether this account may enter `dir` (false when in doubt).
    pub(crate) fn can_enter(self, dir: &Path) -> bool {
        self.command("/bin/sh")
            .args(["-c", "cd \"$1\"", "sh"])
            .arg(dir)
            .stderr(std::process::Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }
}

/// User and group id of `name` in the text of /etc/passwd.
fn find(passwd: &str, name: &str) -> Option<(u32, u32)> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some((uid, gid))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let passwd =
            "root:x:0:0:root:/root:/bin/sh\nnobody2:x:7:7::/:\nnobody:x:65534:65533::/:/\n";
        assert_eq!(find(passwd, "nobody"), Some((65534, 65533)));
        assert_eq!(find(passwd, "postgres"), None);
        assert_eq!(find("nobody:x:what", "nobody"), None);
    }
}
