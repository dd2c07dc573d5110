//! Where the tested programs are: told by `cargo xtask test`, else where cargo puts them.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, bail};
use chrono::{Timelike, Utc};

/// The server's program, which also sets up and runs the lab.
///
/// # Errors
/// When it has not been built.
pub fn mainstay() -> Result<PathBuf> {
    let bin = match env::var_os("MAINSTAY_BIN_DIR") {
        Some(dir) => PathBuf::from(dir),
        None => build_dir()?,
    };
    built(bin.join("mainstay"))
}

/// The built style, script and wasm.
///
/// # Errors
/// When they have not been built.
pub fn site() -> Result<PathBuf> {
    let site = match env::var_os("MAINSTAY_SITE_DIR") {
        Some(dir) => PathBuf::from(dir),
        None => build_dir()?.with_file_name("site-dev"),
    };
    built(site.join("assets.json"))?;
    Ok(site)
}

/// The accessibility checker, as one script.
///
/// # Errors
/// When it has not been installed.
pub fn axe() -> Result<PathBuf> {
    match env::var_os("MAINSTAY_AXE") {
        Some(script) => built(script.into()),
        None => built(build_dir()?.with_file_name("tools").join("axe.min.js")),
    }
}

/// The directory that the identity provider is installed in.
///
/// # Errors
/// When it has not been installed.
pub fn identity_provider() -> Result<PathBuf> {
    match env::var_os("MAINSTAY_IDENTITY_PROVIDER") {
        Some(dir) => built(dir.into()),
        None => built(build_dir()?.with_file_name("tools").join("identity-provider")),
    }
}

/// Envoy: the one that the environment names, else the one that is installed beside the builds.
///
/// # Errors
/// When it has not been installed.
pub fn envoy() -> Result<PathBuf> {
    match env::var_os("MAINSTAY_ENVOY") {
        Some(program) => built(program.into()),
        None => {
            let mainstay = mainstay()?;
            let target = mainstay.ancestors().nth(2).context("programs lie in target/debug")?;
            built(target.join("tools").join("envoy"))
        }
    }
}

/// Prometheus: the one that the environment names, else the one beside the builds, else the
/// search path's.
///
/// # Errors
/// When there is none.
pub fn prometheus() -> Result<PathBuf> {
    if let Some(program) = env::var_os("MAINSTAY_TEST_PROMETHEUS") {
        return built(program.into());
    }
    let own = build_dir()?.with_file_name("tools").join("prometheus");
    let known = env::var_os("PATH").unwrap_or_default();
    let known = env::split_paths(&known).map(|dir| dir.join("prometheus"));
    let found = std::iter::once(own.clone()).chain(known).find(|path| path.is_file());
    found.map_or_else(|| built(own), Ok)
}

/// A fleet file of the tests, or one of the repository's.
#[must_use]
pub fn fleet(name: &str) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let small = own.join("fleets").join(name);
    if small.is_file() { small } else { own.join("../fleets").join(name) }
}

/// Writes a fleet file of the tests into a folder, with a time zone in which it is early afternoon
/// in place of Berlin's: the lab's users follow the day. The file's path.
///
/// # Errors
/// When a file cannot be read or written.
pub fn fleet_at_noon(name: &str, dir: &Path) -> Result<PathBuf> {
    let east = 13 - i32::try_from(Utc::now().hour()).context("an hour")?;
    // The names of these zones count westwards.
    let zone = if east == 0 { "Etc/UTC".to_owned() } else { format!("Etc/GMT{:+}", -east) };
    let source = fs::read_to_string(fleet(name)).with_context(|| format!("reading {name}"))?;
    let file = dir.join(name);
    fs::write(&file, source.replace("Europe/Berlin", &zone))?;
    Ok(file)
}

/// The directory above the one of the test program: `target/debug` of `target/debug/deps/world-…`.
fn build_dir() -> Result<PathBuf> {
    let own = env::current_exe().context("where this program is")?;
    let dir = own.ancestors().nth(2).context("a test program lies in target/debug/deps")?;
    Ok(dir.to_owned())
}

fn built(path: PathBuf) -> Result<PathBuf> {
    if path.exists() {
        return Ok(path);
    }
    bail!("{} is missing: run `cargo xtask test`, which builds it", path.display())
}
