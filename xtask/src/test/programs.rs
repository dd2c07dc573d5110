//! The test programs: which there are, and running them.
//!
//! Most of a test's time is waiting: for a lease to run out, a replica to be promoted, a verdict
//! to fall. Cargo runs one program after the other; here several may wait at once.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::build::PRODUCT;
use crate::repo;

/// Programs that run at once: those that wait leave about half of two cores free.
const AT_ONCE: usize = 2;
/// Programs that nothing runs beside: Chromium keeps both cores busy, and beside Patroni it starves
/// what either of them waits for. They begin.
const ALONE: [&str; 2] = ["tests/browser", "tests/harness"];
/// Programs that take longest, and packages whose tests drive real processes: what is begun late
/// must be short, or one program ends alone.
const LONG: [&str; 7] =
    ["tests/failovers", "tests/backups", "lab/clusters", "tests/rollouts", "tests", "lab", "agent"];

/// One test program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    /// Package and target: `tests/rollouts`.
    pub(super) name: String,
    executable: PathBuf,
    /// Where cargo would run it: the folder of its package.
    dir: PathBuf,
}

/// What of cargo's messages is read.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
    profile: Option<Built>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Built {
    test: bool,
}

/// All test programs of the workspace, those that take long first.
///
/// # Errors
/// When they do not compile.
pub(super) fn list() -> Result<Vec<Program>> {
    let mut programs = list_of(&PRODUCT)?;
    programs.extend(list_of(&["--package", "xtask"])?);
    programs.sort_by_key(|program| (rank(&program.name), program.name.clone()));
    Ok(programs)
}

fn list_of(packages: &[&str]) -> Result<Vec<Program>> {
    let mut cargo = repo::cargo();
    cargo.arg("test").args(packages).args(["--no-run", "--message-format=json"]);
    let output = cargo.stderr(Stdio::inherit()).output().context("listing the tests")?;
    if !output.status.success() {
        bail!("the tests cannot be listed ({})", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(read).collect())
}

/// The place of a program in the order in which they begin.
fn rank(name: &str) -> usize {
    let package = name.split('/').next().unwrap_or_default();
    LONG.iter().position(|long| *long == name || *long == package).unwrap_or(LONG.len())
}

/// The test program that a message of cargo tells of, if it does.
fn read(line: &str) -> Option<Program> {
    let message: Message = serde_json::from_str(line).ok()?;
    let (executable, manifest) = (message.executable?, message.manifest_path?);
    if !message.profile?.test {
        return None;
    }
    let dir = manifest.parent()?.to_owned();
    let package = dir.file_name()?.to_string_lossy().into_owned();
    let name = format!("{package}/{}", message.target?.name);
    Some(Program { name, executable, dir })
}

/// Runs them, and hands each with its output to `done`, in the order in which they end.
///
/// # Errors
/// When one cannot be started.
pub(super) fn run_all(
    programs: Vec<Program>,
    filter: Option<&str>,
    surroundings: &(dyn Fn(&mut Command) + Sync),
    done: impl FnMut(&Program, Output) + Send,
) -> Result<()> {
    let is_alone = |program: &Program| ALONE.contains(&program.name.as_str());
    let (alone, beside): (Vec<_>, Vec<_>) = programs.into_iter().partition(is_alone);
    let done = Mutex::new(done);
    run_some(alone, 1, filter, surroundings, &done)?;
    run_some(beside, AT_ONCE, filter, surroundings, &done)
}

fn run_some(
    programs: Vec<Program>,
    at_once: usize,
    filter: Option<&str>,
    surroundings: &(dyn Fn(&mut Command) + Sync),
    done: &Mutex<impl FnMut(&Program, Output) + Send>,
) -> Result<()> {
    let waiting = Mutex::new(VecDeque::from(programs));
    let worker = || -> Result<()> {
        loop {
            let next = waiting.lock().map_or(None, |mut waiting| waiting.pop_front());
            let Some(program) = next else { return Ok(()) };
            let output = run(&program, filter, surroundings)
                .with_context(|| format!("running {}", program.name))?;
            if let Ok(mut done) = done.lock() {
                done(&program, output);
            }
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().try_for_each(|worker| match worker.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

fn run(
    program: &Program,
    filter: Option<&str>,
    surroundings: &dyn Fn(&mut Command),
) -> Result<Output> {
    println!("-- {}", program.name);
    let mut command = repo::command(&program.executable);
    command.args(filter).current_dir(&program.dir).stdin(Stdio::null());
    surroundings(&mut command);
    command.env("CARGO_MANIFEST_DIR", AsRef::<Path>::as_ref(&program.dir));
    Ok(command.output()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_begin() {
        let mut names = ["core/plans", "tests/agents", "lab/edges", "tests/rollouts"];
        names.sort_by_key(|name| rank(name));
        assert_eq!(names, ["tests/rollouts", "tests/agents", "lab/edges", "core/plans"]);
    }

    #[test]
    fn only_programs_with_tests_are_read_from_the_messages() {
        let test = r#"{"reason":"compiler-artifact","manifest_path":"/w/store/Cargo.toml",
            "target":{"name":"base","kind":["test"]},"profile":{"test":true},
            "executable":"/w/target/debug/deps/base-1"}"#
            .replace('\n', " ");
        let found = read(&test).expect("a program");
        assert_eq!(found.name, "store/base");
        assert_eq!(found.dir, Path::new("/w/store"));
        let plain = test.replace(r#""test":true"#, r#""test":false"#);
        assert_eq!(read(&plain), None);
        assert_eq!(read(r#"{"reason":"build-finished","success":true}"#), None);
    }
}
