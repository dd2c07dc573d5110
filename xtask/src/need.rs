//! What must be installed: found, else installed where that is allowed, else one line that says
//! which package to install and why.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use mainstay_devdb::Programs;

use crate::repo;
use crate::step::step;

/// The accessibility checker that the browser tests load into each page.
const AXE: &str = "axe-core@4.10.3";
const CHROMIUM_NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Postgres' programs.
pub(crate) fn postgres() -> Result<Programs> {
    step("Postgres: programs", || Programs::find_or_install(&mut |_| ()))
}

/// Chromium and its driver.
pub(crate) fn browser() -> Result<()> {
    step("browser: Chromium and chromedriver", || {
        let mut missing = Vec::new();
        if !CHROMIUM_NAMES.iter().any(|name| repo::has(name)) {
            missing.push("chromium");
        }
        if !repo::has("chromedriver") {
            missing.push("chromium-driver");
        }
        apt_install(&missing, "the browser tests drive a real browser")
    })
}

/// axe-core, as one script; returns its path.
pub(crate) fn axe() -> Result<PathBuf> {
    step("browser: accessibility checker", || {
        let tools = repo::target().join("tools");
        let script = tools.join("axe.min.js");
        let stamp = tools.join("axe.version");
        let current = fs::read_to_string(&stamp).is_ok_and(|version| version == AXE);
        if script.is_file() && current {
            return Ok(script);
        }
        if !repo::has("npm") {
            apt_install(&["npm"], "axe-core, the accessibility checker, comes from npm")?;
        }
        fs::create_dir_all(&tools)?;
        let scratch = tempfile::tempdir_in(&tools)?;
        let mut npm = repo::command("npm");
        npm.args(["install", "--silent", "--no-save", "--ignore-scripts", "--prefix"])
            .arg(scratch.path())
            .arg(AXE);
        repo::run_quietly("npm", &mut npm)?;
        let built = scratch.path().join("node_modules/axe-core/axe.min.js");
        fs::rename(&built, &script).with_context(|| format!("{AXE} has no axe.min.js"))?;
        fs::write(&stamp, AXE)?;
        Ok(script)
    })
}

/// Installs Debian packages as root; anybody else is told what to do.
fn apt_install(packages: &[&str], why: &str) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let names = packages.join(" ");
    if !rustix::process::geteuid().is_root() || !repo::has("apt-get") {
        bail!("{why}: install {names} (Debian: `sudo apt-get install {names}`)");
    }
    for arguments in [&["update"][..], &["install", "--yes", "--no-install-recommends"][..]] {
        let mut apt = repo::command("apt-get");
        apt.args(["-qq", "-o", "DPkg::Lock::Timeout=120"]).args(arguments);
        if arguments[0] == "install" {
            apt.args(packages);
        }
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        repo::run_quietly("apt", &mut apt).with_context(|| format!("{why}: installing {names}"))?;
    }
    Ok(())
}
