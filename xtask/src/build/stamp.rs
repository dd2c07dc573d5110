//! What the assets were built from, as a hash: equal hashes mean that nothing is to be done.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::repo;

/// Everything in the repository that the assets depend on.
const INPUTS: [&str; 6] = ["app", "core", "style", "xtask/src/build", "Cargo.toml", "Cargo.lock"];
const FILE: &str = ".stamp";

/// The hash of all inputs, with the compiler's version and the profile's name.
pub(super) fn of_inputs(profile: &str) -> Result<String> {
    let root = repo::root();
    let mut hash = Sha256::new();
    hash.update(profile);
    hash.update(Command::new("rustc").arg("-vV").output().context("running rustc")?.stdout);
    for input in INPUTS {
        let path = root.join(input);
        let files = if path.is_dir() { repo::files_below(&path)? } else { vec![path] };
        for file in files {
            let content = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
            hash.update(file.strip_prefix(&root).unwrap_or(&file).as_os_str().as_encoded_bytes());
            hash.update(content.len().to_be_bytes());
            hash.update(content);
        }
    }
    Ok(hex(&hash.finalize()))
}

/// Whether the assets in `site` were built from inputs with this hash, and are all there.
pub(super) fn is_current(site: &Path, inputs: &str) -> bool {
    fs::read_to_string(site.join(FILE)).is_ok_and(|old| old == inputs)
        && super::site::is_whole(site)
}

pub(super) fn write(site: &Path, inputs: &str) -> Result<()> {
    fs::write(site.join(FILE), inputs).context("writing the stamp of the build")
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
