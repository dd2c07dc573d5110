//! The repository: where it is, and cargo run in it without the traces of the surrounding run.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::step;

/// Lines of a failed command's output that are shown.
const TAIL_LINES: usize = 60;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    // A copied or moved checkout is worked on where it is, not where xtask was compiled.
    let here = env::current_dir().ok().and_then(|dir| {
        dir.ancestors().find(|dir| dir.join("xtask/Cargo.toml").is_file()).map(Path::to_owned)
    });
    here.unwrap_or_else(|| manifest.parent().unwrap_or(manifest).to_owned())
}

/// Cargo's target directory of the workspace.
pub(crate) fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// Where cargo puts the programs.
pub(crate) fn bin_dir(release: bool) -> PathBuf {
    target().join(if release { "release" } else { "debug" })
}

/// Whether a variable was set by the `cargo run` around us and must not reach another build.
fn is_trace(name: &str) -> bool {
    const EXACT: [&str; 9] = [
        "CARGO",
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "CARGO_PRIMARY_PACKAGE",
        "LD_LIBRARY_PATH",
        "RUSTC",
        "RUSTDOC",
        "RUSTUP_TOOLCHAIN_SOURCE",
        "RUST_RECURSION_COUNT",
    ];
    EXACT.contains(&name)
        || ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| name.starts_with(prefix))
}

/// A program run at the root, without the traces of the surrounding `cargo run`.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_trace) {
            command.env_remove(&name);
        }
    }
    command
}

/// Cargo at the root. Queries are checked against the committed metadata where there is some, so
/// that no build needs a database.
pub(crate) fn cargo() -> Command {
    let mut cargo = command("cargo");
    if root().join(".sqlx").is_dir() {
        cargo.env("SQLX_OFFLINE", "true");
    }
    cargo
}

/// Runs a command whose output only matters when it fails; it goes to `target/xtask/NAME.log`.
///
/// # Errors
/// With the end of the output when the command fails or cannot be started.
pub(crate) fn run_quietly(name: &str, command: &mut Command) -> Result<()> {
    let path = target().join("xtask").join(format!("{name}.log"));
    fs::create_dir_all(target().join("xtask"))?;
    let mut log = File::create(&path).with_context(|| format!("creating {}", path.display()))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("running {}", command.get_program().display()))?;
    // Cargo and its like tell their progress on stderr.
    for line in BufReader::new(child.stderr.take().context("no output")?).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        writeln!(log, "{line}")?;
        step::progress(&line);
    }
    let status = child.wait()?;
    if status.success() {
        return Ok(());
    }
    bail!("{name} failed ({status}):\n{}", tail(&path, TAIL_LINES))
}

/// The last lines of a file, indented.
pub(crate) fn tail(path: &Path, lines: usize) -> String {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let all: Vec<&str> = text.lines().collect();
    let last = &all[all.len().saturating_sub(lines)..];
    last.iter().map(|line| format!("    {line}\n")).collect()
}

/// Whether a program can be started.
pub(crate) fn has(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// All files below a directory of the repository, sorted; hidden ones and build output left out.
pub(crate) fn files_below(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![dir.to_owned()];
    while let Some(dir) = waiting.pop() {
        let entries = fs::read_dir(&dir).with_context(|| format!("reading {}", dir.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let hidden = name.as_encoded_bytes().starts_with(b".");
            if hidden || name == "target" || name == "node_modules" {
                continue;
            }
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                waiting.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_are_told_from_settings_of_the_user() {
        for name in ["CARGO", "CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "RUSTC", "LD_LIBRARY_PATH"] {
            assert!(is_trace(name), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_BUILD_JOBS", "RUSTUP_HOME", "PATH"] {
            assert!(!is_trace(name), "{name}");
        }
    }
}
