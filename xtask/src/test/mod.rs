//! `cargo xtask test`: installs what the tests need, builds what they drive, runs them all.
//!
//! Invariant: the last line says how many tests passed, failed and were left out; a failure does
//! not keep other tests from running, and makes the command fail.

mod programs;

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
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
    let prometheus = need::prometheus()?;
    build::site(Profile::Dev)?;
    build::programs_and_tests()?;
    // For the tests of single crates; those of the whole product start clusters of their own.
    let settings = vec![("max_connections".to_owned(), "300".to_owned())];
    let options = Options { programs, settings, fast: true, ..Options::default() };
    let cluster = step("Postgres: start", || Cluster::temporary(&options))?;
    let tests = step("tests: list", programs::list)?;
    println!();
    let filter = arguments.filter.as_deref();
    let surroundings = |command: &mut Command| {
        surround(command, &axe);
        command
            .env(need::ENVOY_VARIABLE, &envoy)
            .env(need::IDENTITY_PROVIDER_VARIABLE, &provider)
            .env(need::PATRONI_VARIABLE, &patroni)
            .env(need::PROMETHEUS_VARIABLE, &prometheus)
            .env("MAINSTAY_TEST_DATABASE_URL", cluster.url("postgres"));
    };
    let mut totals = Totals::default();
    programs::run_all(tests, filter, &surroundings, |program, output| {
        totals.take(&program.name, &output);
    })?;
    totals.take("documentation", &examples(filter, &surroundings)?);
    totals.print(begun.elapsed());
    if !totals.failures.is_empty() {
        bail!("the tests did not pass");
    }
    Ok(())
}

/// What the harness needs to know.
fn surround(command: &mut Command, axe: &Path) {
    command
        .env("SQLX_OFFLINE", "true")
        .env("MAINSTAY_BIN_DIR", repo::bin_dir(false))
        .env("MAINSTAY_SITE_DIR", repo::target().join(Profile::Dev.site()))
        .env("MAINSTAY_AXE", axe)
        .env_remove("DATABASE_URL");
}

/// Runs the examples of the documentation.
fn examples(filter: Option<&str>, surroundings: &dyn Fn(&mut Command)) -> Result<Output> {
    let mut cargo = repo::cargo();
    cargo.arg("test").args(build::PRODUCT).args(["--doc", "--no-fail-fast"]).args(filter);
    surroundings(&mut cargo);
    Ok(cargo.output()?)
}

impl Totals {
    /// Takes in, and prints, what a test program said. One that ends badly without a word of
    /// which test failed has failed as a whole.
    fn take(&mut self, name: &str, output: &Output) {
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        println!("== {name}\n{text}{errors}");
        let failures = self.failures.len();
        name.clone_into(&mut self.current);
        text.lines().for_each(|line| self.read(line));
        if !output.status.success() && self.failures.len() == failures {
            self.failures.push(format!("{name} ({})", output.status));
        }
    }

    /// Takes in one line of a test program's output.
    fn read(&mut self, line: &str) {
        if let Some(result) = line.strip_prefix("test result: ") {
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
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn output(status: i32, stdout: &str) -> Output {
        let status = ExitStatus::from_raw(status << 8);
        Output { status, stdout: stdout.into(), stderr: Vec::new() }
    }

    #[test]
    fn totals_are_read_from_the_lines_of_the_tests() {
        let mut totals = Totals::default();
        let some = "test a::b ... ok\ntest a::c ... FAILED\n\
                    test result: FAILED. 1 passed; 1 failed; 2 ignored; finished in 2.50s\n";
        totals.take("core", &output(101, some));
        let good = "test result: ok. 3 passed; 0 failed; 0 ignored; finished in 0.10s\n";
        totals.take("store/base", &output(0, good));
        assert_eq!((totals.passed, totals.failed, totals.ignored), (4, 1, 2));
        assert_eq!(totals.failures, ["core: a::c"]);
        let programs = [(2.5, "core".to_owned()), (0.1, "store/base".to_owned())];
        assert_eq!(totals.programs, programs);
    }

    #[test]
    fn a_program_that_dies_without_a_word_has_failed() {
        let mut totals = Totals::default();
        totals.take("lab/edges", &output(134, "test a ... "));
        assert_eq!(totals.failures.len(), 1, "{:?}", totals.failures);
        assert!(totals.failures[0].starts_with("lab/edges ("), "{:?}", totals.failures);
    }
}
