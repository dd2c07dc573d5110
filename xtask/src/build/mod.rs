//! `cargo xtask build`: the console's assets, then the programs.
//!
//! Invariants: an asset's name carries the hash of its content; each asset stands beside its
//! `.br` and `.gz`; `assets.json` is written last, so that it never names what is not there yet;
//! unchanged inputs are not built again.

mod css;
mod site;
mod stamp;
mod wasm;

use std::fs::{self, File};

use anyhow::{Context, Result};

use crate::repo;
use crate::step::step;

/// Options of `cargo xtask build`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Optimised, small assets into target/site (the default)
    #[arg(long, conflicts_with = "dev")]
    release: bool,
    /// Quick to build, into target/site-dev
    #[arg(long)]
    dev: bool,
}

/// How things are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Dev,
    Release,
}

impl Profile {
    /// The directory of the assets, below the target directory.
    pub(crate) fn site(self) -> &'static str {
        match self {
            Self::Dev => "site-dev",
            Self::Release => "site",
        }
    }

    fn wasm(self) -> &'static str {
        match self {
            Self::Dev => "wasm-dev",
            Self::Release => "wasm-release",
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let profile = if arguments.dev { Profile::Dev } else { Profile::Release };
    site(profile)?;
    programs(profile)
}

/// Builds the assets of the console, if their inputs changed.
pub(crate) fn site(profile: Profile) -> Result<()> {
    let _lock = lock()?;
    let site = repo::target().join(profile.site());
    let inputs = stamp::of_inputs(profile.wasm())?;
    if stamp::is_current(&site, &inputs) {
        return step("console: unchanged", || Ok(()));
    }
    step("console: compiler target for wasm", wasm::install_target)?;
    let module = step("console: compile to wasm", || wasm::compile(profile))?;
    let bound = step("console: bind wasm to script", || wasm::bind(&module, profile))?;
    step("console: style, compression, manifest", || {
        let style = css::bundle(&repo::root().join("style"))?;
        site::write(&site, profile, &style, &bound)?;
        stamp::write(&site, &inputs)
    })
}

/// Builds the server and the lab.
pub(crate) fn programs(profile: Profile) -> Result<()> {
    let mut arguments = vec!["-p", "mainstay", "-p", "mainstay-lab", "--bins"];
    if profile == Profile::Release {
        arguments.push("--release");
    }
    step("programs: compile the server and the lab", || compile(&arguments))
}

/// Builds the programs as `up` does, and then the bench: the server is the most of it, and is not
/// compiled again for the features that the bench needs of what both depend on.
pub(crate) fn programs_and_bench(profile: Profile) -> Result<()> {
    programs(profile)?;
    let mut arguments = vec!["-p", "mainstay-tests", "--bins"];
    if profile == Profile::Release {
        arguments.push("--release");
    }
    step("bench: compile", || compile(&arguments))
}

/// The packages of the product. The features that a dependency is built with follow from all
/// packages of one build: builds of the same packages share all they compile. This program is not
/// among them, as it runs already, compiled by itself.
pub(crate) const PRODUCT: [&str; 3] = ["--workspace", "--exclude", "xtask"];

/// Builds the programs together with the tests that drive them.
pub(crate) fn programs_and_tests() -> Result<()> {
    let arguments = [&PRODUCT[..], &["--bins", "--tests"]].concat();
    step("programs and tests: compile", || compile(&arguments))
}

fn compile(arguments: &[&str]) -> Result<()> {
    let mut cargo = repo::cargo();
    repo::run_quietly("programs", cargo.arg("build").args(arguments)).map_err(|error| {
        let stale = error.to_string().contains("no cached data for this query");
        let hint = "a query changed since .sqlx was written: run `cargo xtask sqlx`";
        if stale { error.context(hint) } else { error }
    })
}

/// Two builds at once would overwrite each other's assets: the second one waits.
fn lock() -> Result<File> {
    let dir = repo::target();
    fs::create_dir_all(&dir)?;
    let file = File::create(dir.join("xtask.lock")).context("creating the lock of the build")?;
    file.lock().context("waiting for another build")?;
    Ok(file)
}
