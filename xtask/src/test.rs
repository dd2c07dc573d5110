//! `cargo xtask test`: installs what the tests need, builds what they drive, runs them all.
//!
//! Invariant: the last line says how many tests passed, failed and were left out; a failure does
//! not keep other tests from running, and makes the command fail.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use mainstay_devdb::{Cluster, Options};

use crate::build::{self, Profile};
use crate::step::{seconds, step};
use crate::{need, repo};

/// Test programs listed at the end, the slowest first.
const SLOWEST: usize = 8;

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only tests whose name contains this
    filter: Option<String>,
}

/// What the tests said, summed up.
#[derive(Debug, Default, PartialEq)]
struct Totals {
    passed: u32,
    failed: u32,
    ignored: u32,
    /// Seconds of each test program.
    programs: Vec<(f64, String)>,
    /// Names of failed tests.
    failures: Vec<String>,
    current: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let begun = Instant::now();
    let programs = Some(need::postgres()?);
    need::backups()?;
    need::browser()?;
    let axe = need::axe()?;
    let provider = need::identity_provider()?;
    let envoy = need::envoy()?;
    let patroni = need::patroni()?;
    build::site(Profile::Dev)?;
    build::programs_and_tests()?;
    // For the tests of single crates; those of the whole product start clusters of their own.
    let settings = vec![("max_connections".to_owned(), "300".to_owned())];
    let options = Options { programs, settings, fast: true, ..Options::default() };
    let cluster = step("Postgres: start", || Cluster::temporary(&options))?;
    println!();
    let mut child = test_command(arguments, &axe)
        .env(need::ENVOY_VARIABLE, &envoy)
        .env(need::IDENTITY_PROVIDER_VARIABLE, &provider)
        .env(need::PATRONI_VARIABLE, &patroni)
        .env("MAINSTAY_TEST_DATABASE_URL", cluster.url("postgres"))
        .spawn()
        .context("running the tests")?;
    let mut totals = Totals::default();
    for line in BufReader::new(child.stdout.take().context("tests without output")?).lines() {
        let line = line?;
        totals.read(&line);
        println!("{line}");
    }
    let status = child.wait()?;
    totals.print(begun.elapsed());
    if totals.failed > 0 || !status.success() {
        bail!("the tests did not pass ({status})");
    }
    Ok(())
}

/// `cargo test` with what the harness needs to know.
fn test_command(arguments: &Arguments, axe: &Path) -> Command {
    // Cargo names the test programs on stderr and they report on stdout: one stream keeps order.
    let mut tests = repo::command("/bin/sh");
    tests.args(["-c", "exec cargo test --workspace --no-fail-fast \"$@\" 2>&1", "sh"]);
    tests
        .args(&arguments.filter)
        .env("SQLX_OFFLINE", "true")
        .env("MAINSTAY_BIN_DIR", repo::bin_dir(false))
        .env("MAINSTAY_SITE_DIR", repo::target().join(Profile::Dev.site()))
        .env("MAINSTAY_AXE", axe)
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    tests
}

impl Totals {
    /// Takes in one line of cargo's or a test program's output.
    fn read(&mut self, line: &str) {
        if let Some(name) = line.trim_start().strip_prefix("Running ") {
            self.current = name.split(" (").next().unwrap_or(name).to_owned();
            if let Some(file) = line.split("/deps/").nth(1) {
                let file =
                    file.trim_end_matches(')').rsplit_once('-').map_or(file, |(stem, _)| stem);
                self.current = format!("{file} ({})", self.current);
            }
        } else if let Some(package) = line.trim_start().strip_prefix("Doc-tests ") {
            self.current = format!("{package} (documentation)");
        } else if let Some(result) = line.strip_prefix("test result: ") {
            self.passed += number_before(result, " passed");
            self.failed += number_before(result, " failed");
            self.ignored += number_before(result, " ignored");
            let time = result.split("finished in ").nth(1).and_then(|time| time.strip_suffix('s'));
            if let Some(time) = time.and_then(|time| time.parse().ok()) {
                self.programs.push((time, self.current.clone()));
            }
        } else if let Some(name) =
            line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            self.failures.push(format!("{}: {name}", self.current));
        }
    }

    fn print(&mut self, elapsed: Duration) {
        self.programs.sort_by(|a, b| b.0.total_cmp(&a.0));
        println!("\nslowest test programs:");
        for (time, name) in self.programs.iter().take(SLOWEST) {
            println!("  {time:>7.1} s  {name}");
        }
        for failure in &self.failures {
            println!("  failed: {failure}");
        }
        println!(
            "\ntotal: {} passed, {} failed, {} left out, in {}",
            self.passed,
            self.failed,
            self.ignored,
            seconds(elapsed)
        );
    }
}

/// The number that stands before a word: 12 in `ok. 12 passed; …`.
fn number_before(text: &str, word: &str) -> u32 {
    let before = text.split(word).next().unwrap_or_default();
    before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_read_from_the_lines_of_the_tests() {
        let mut totals = Totals::default();
        for line in [
            "     Running unittests src/lib.rs (target/debug/deps/mainstay_core-0123)",
            "test a::b ... ok",
            "test a::c ... FAILED",
            "test result: FAILED. 1 passed; 1 failed; 2 ignored; 0 measured; finished in 2.50s",
            "   Doc-tests mainstay_core",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; finished in 0.10s",
        ] {
            totals.read(line);
        }
        assert_eq!((totals.passed, totals.failed, totals.ignored), (4, 1, 2));
        assert_eq!(totals.failures, ["mainstay_core (unittests src/lib.rs): a::c"]);
        assert_eq!(totals.programs[0], (2.5, "mainstay_core (unittests src/lib.rs)".to_owned()));
        assert_eq!(totals.programs[1].1, "mainstay_core (documentation)");
    }
}
