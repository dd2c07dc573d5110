//! Where a cluster's files are: its data, its socket, and the lock that keeps others out.
//!
//! Invariant: the account that runs Postgres can reach the data. A checkout below /root cannot be
//! entered by anyone else, so there the data moves out and a link stays in its place.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::account::Account;

/// Where data goes that the unprivileged account could not reach in the directory asked for.
const ELSEWHERE: &str = "/var/lib/mainstay";
/// A socket's path may have 107 bytes; the name Postgres adds has 18.
const SOCKET_DIR_MAX_BYTES: usize = 80;
/// A child that is just being started holds the lock too, until it has become its own program.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);
const LOCK_POLL: Duration = Duration::from_millis(10);

/// The directories of one cluster, and the right to use them.
#[derive(Debug)]
pub(crate) struct Place {
    /// Postgres' data directory, the real one (links resolved).
    pub(crate) data: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) socket: TempDir,
    _lock: File,
}

impl Place {
    /// Takes `dir` for this process alone; creates what is missing.
    ///
    /// # Errors
    /// When another process uses the directory, or it cannot be created.
    pub(crate) fn take(dir: &Path, account: Account) -> Result<Self> {
        fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
        let dir = dir.canonicalize()?;
        let lock = lock(&dir)?;
        if account != Account::Own && account.can_enter(&dir) {
            account.own(&dir)?;
        }
        let data = data_dir(&dir, account)?;
        let log = data.with_file_name("postgres.log");
        Ok(Self { data, log, socket: socket_dir(account)?, _lock: lock })
    }
}

fn lock(dir: &Path) -> Result<File> {
    let path = dir.join("lock");
    let file = File::create(&path).with_context(|| format!("creating {}", path.display()))?;
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(LOCK_POLL),
            Err(TryLockError::WouldBlock) => {
                bail!("{} is in use by another run; stop that one first", dir.display())
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("locking {}", path.display()));
            }
        }
    }
}

/// `dir/data`, or what the link of that name leads to.
fn data_dir(dir: &Path, account: Account) -> Result<PathBuf> {
    let data = dir.join("data");
    if !data.exists() {
        // A link whose target is gone is as good as no data.
        if data.is_symlink() {
            fs::remove_file(&data)?;
        }
        if account.can_enter(dir) {
            make_private(&data, account)?;
        } else {
            symlink(elsewhere(account)?, &data)
                .with_context(|| format!("creating {}", data.display()))?;
        }
    }
    let data = data.canonicalize().with_context(|| format!("reading {}", data.display()))?;
    if !account.can_enter(&data) {
        bail!(
            "the unprivileged account that runs Postgres cannot enter {}: remove it, or make the \
             directories above it accessible",
            data.display()
        );
    }
    Ok(data)
}

fn elsewhere(account: Account) -> Result<PathBuf> {
    let root = Path::new(ELSEWHERE);
    fs::create_dir_all(root).with_context(|| format!("creating {ELSEWHERE}"))?;
    let own = private_dir(root, "pg-", account)?.keep();
    let data = own.join("data");
    make_private(&data, account)?;
    Ok(data)
}

fn make_private(dir: &Path, account: Account) -> Result<()> {
    fs::create_dir(dir).with_context(|| format!("creating {}", dir.display()))?;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
    account.own(dir)
}

/// A new directory that only the account (and root) may enter, removed when dropped.
pub(crate) fn private_dir(parent: &Path, prefix: &str, account: Account) -> Result<TempDir> {
    let dir = tempfile::Builder::new()
        .prefix(prefix)
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir_in(parent)
        .with_context(|| format!("creating a directory in {}", parent.display()))?;
    account.own(dir.path())?;
    Ok(dir)
}

/// A private directory with a path short enough for a socket.
fn socket_dir(account: Account) -> Result<TempDir> {
    let mut parent = std::env::temp_dir();
    let reachable = parent.is_absolute() && account.can_enter(&parent);
    if !reachable || parent.as_os_str().len() > SOCKET_DIR_MAX_BYTES {
        parent = PathBuf::from("/tmp");
    }
    private_dir(&parent, "mainstay-pg-", account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_used_by_one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let account = Account::choose().unwrap();
        let place = Place::take(dir.path(), account).unwrap();
        let error = Place::take(dir.path(), account).unwrap_err();
        assert!(error.to_string().contains("in use by another run"), "{error:#}");
        let data = place.data.clone();
        drop(place);
        assert_eq!(Place::take(dir.path(), account).unwrap().data, data);
    }

    #[test]
    fn data_moves_out_of_what_the_account_cannot_enter() {
        let account = Account::choose().unwrap();
        if account == Account::Own {
            return;
        }
        let closed = tempfile::tempdir().unwrap();
        fs::set_permissions(closed.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let dir = closed.path().join("db");
        let place = Place::take(&dir, account).unwrap();
        assert!(place.data.starts_with(ELSEWHERE), "{}", place.data.display());
        assert!(account.can_enter(&place.data));
        let data = place.data.clone();
        drop(place);
        assert_eq!(Place::take(&dir, account).unwrap().data, data);
        fs::remove_dir_all(data.parent().unwrap()).unwrap();
        let place = Place::take(&dir, account).unwrap();
        assert!(place.data.is_dir(), "a dangling link is replaced");
        fs::remove_dir_all(place.data.parent().unwrap()).unwrap();
    }
}
