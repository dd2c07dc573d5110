//! `cargo xtask bench`: builds what is measured and the bench, and runs it. What is measured, and
//! how, is the bench's own matter (`tests/src/bin/bench`).

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::build::{self, Profile};
use crate::{need, repo};

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Fewer and shorter measurements: whether everything works, not how fast it is
    #[arg(long)]
    quick: bool,
    /// Measure what `cargo xtask build --dev` makes, for work on the bench
    #[arg(long)]
    debug: bool,
    /// Only these parts: lab, topology, scale, edges, ingest, rollout, judge, detector,
    /// backups, failover, availability, audit
    #[arg(long, value_name = "PART")]
    only: Vec<String>,
    /// Put the table into this page, docs/bench.md; with `--only`, what was not measured stays
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    need::postgres()?;
    need::browser()?;
    let envoy = need::envoy()?;
    let profile = if arguments.debug { Profile::Dev } else { Profile::Release };
    build::site(profile)?;
    build::programs_and_bench(profile)?;
    let bin = repo::bin_dir(profile == Profile::Release);
    println!();
    let mut bench = repo::command(bin.join("mainstay-bench"));
    bench
        .args(arguments.quick.then_some("--quick"))
        .args(arguments.only.iter().flat_map(|part| ["--only", part]))
        .args(arguments.write.iter().flat_map(|page| ["--write".as_ref(), page.as_os_str()]))
        .arg("--results")
        .arg(repo::target().join("bench/results.json"))
        .env("MAINSTAY_BIN_DIR", bin)
        .env(need::ENVOY_VARIABLE, envoy)
        .env("MAINSTAY_SITE_DIR", repo::target().join(profile.site()))
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null());
    let status = bench.status().context("running the bench")?;
    if !status.success() {
        bail!("the bench did not measure everything ({status})");
    }
    Ok(())
}
