//! Where the tested programs are: told by `cargo xtask test`, else where cargo puts them.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

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

/// A fleet file of the tests, or one of the repository's.
#[must_use]
pub fn fleet(name: &str) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let small = own.join("fleets").join(name);
    if small.is_file() { small } else { own.join("../fleets").join(name) }
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
