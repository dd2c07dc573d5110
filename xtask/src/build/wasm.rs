//! The console's wasm: compiled with rustup's toolchain (or Debian's packages where rustup cannot
//! get the target), and bound to its script with wasm-bindgen as a library, whose version cannot
//! drift from the one that the app was compiled with.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use super::Profile;
use crate::repo;

const TRIPLE: &str = "wasm32-unknown-unknown";
/// Where Debian's `rustc-web`, `cargo-web` and `lld` put their programs.
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_STD: &str = "/usr/lib/rustlib/src/rust/library";

/// What wasm-bindgen made of the module.
pub(super) struct Bound {
    pub(super) script: Vec<u8>,
    pub(super) module: Vec<u8>,
    /// Scripts that the main one imports: path relative to it, content.
    pub(super) snippets: Vec<(String, Vec<u8>)>,
}

/// Makes sure that some compiler can produce wasm.
pub(super) fn install_target() -> Result<()> {
    if rustup_has_target() || debian_linker().is_some() {
        return Ok(());
    }
    if repo::has("rustup") {
        let mut rustup = repo::command("rustup");
        return repo::run_quietly("rustup", rustup.args(["target", "add", TRIPLE]));
    }
    bail!(
        "the compiler has no target {TRIPLE}, which the console needs: install rustup \
         (https://rustup.rs), or Debian's packages rustc-web, cargo-web, rust-web-src and lld"
    )
}

fn rustup_has_target() -> bool {
    let output =
        repo::command("rustc").args(["--print", "target-libdir", "--target", TRIPLE]).output();
    output.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

/// Debian's newest wasm-ld, if the other packages are there too.
fn debian_linker() -> Option<PathBuf> {
    if ![DEBIAN_CARGO, DEBIAN_RUSTC, DEBIAN_STD].iter().all(|path| Path::new(path).exists()) {
        return None;
    }
    let mut linkers: Vec<PathBuf> = fs::read_dir("/usr/lib")
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("llvm-"))
        })
        .map(|path| path.join("bin/wasm-ld"))
        .filter(|path| path.is_file())
        .collect();
    linkers.sort();
    linkers.pop()
}

/// Compiles the app for the browser; the path of the raw module.
pub(super) fn compile(profile: Profile) -> Result<PathBuf> {
    let target_dir = repo::target().join("wasm");
    let mut cargo = if rustup_has_target() {
        repo::cargo()
    } else {
        debian_cargo().context("the compiler for wasm is gone")?
    };
    // Flags meant for this machine's own target would break the wasm or its caching.
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        cargo.env_remove(name);
    }
    cargo
        .args(["rustc", "-p", "mainstay-app", "--lib", "--crate-type", "cdylib"])
        .args(["--features", "hydrate", "--target", TRIPLE, "--profile", profile.wasm()])
        .arg("--target-dir")
        .arg(&target_dir);
    repo::run_quietly("wasm", &mut cargo)?;
    Ok(target_dir.join(TRIPLE).join(profile.wasm()).join("mainstay_app.wasm"))
}

/// Debian's cargo, which has to compile the standard library itself.
fn debian_cargo() -> Option<Command> {
    let linker = debian_linker()?;
    let mut cargo = repo::command(DEBIAN_CARGO);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("RUSTUP_") {
            cargo.env_remove(name);
        }
    }
    cargo
        .env("RUSTC", DEBIAN_RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
        .arg("-Zbuild-std=std,panic_abort");
    Some(cargo)
}

/// Runs wasm-bindgen for a page that loads the script as a module and hands it the wasm's address.
pub(super) fn bind(module: &Path, profile: Profile) -> Result<Bound> {
    let out = tempfile::tempdir().context("creating a scratch directory")?;
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(module)
        .out_name("app")
        .web(true)
        .and_then(|bindgen| {
            bindgen
                .typescript(false)
                .omit_default_module_path(true)
                .remove_name_section(profile == Profile::Release)
                .remove_producers_section(true)
                .generate(out.path())
        })
        .with_context(|| format!("binding {}", module.display()))?;
    let read =
        |name: &str| fs::read(out.path().join(name)).with_context(|| format!("reading {name}"));
    let mut snippets = Vec::new();
    let dir = out.path().join("snippets");
    if dir.is_dir() {
        for file in repo::files_below(&dir)? {
            let name = file.strip_prefix(out.path())?.to_string_lossy().into_owned();
            snippets.push((name, fs::read(&file)?));
        }
    }
    Ok(Bound { script: read("app.js")?, module: read("app_bg.wasm")?, snippets })
}
