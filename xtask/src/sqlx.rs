//! `cargo xtask sqlx`: the offline metadata of the SQL, so that nothing but this command and
//! `cargo xtask lints` needs a database to compile against.
//!
//! Invariant: `.sqlx` holds exactly the queries of the source, as the migrated schema answers them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use mainstay_devdb::{Cluster, Options};

use crate::step::step;
use crate::{need, repo};

/// Options of `cargo xtask sqlx`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Change nothing; fail when the committed metadata differs
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let check = &["check", "-p", "mainstay-store"];
    let (old, new) = step("queries: compile against the schema", || compare(check))?;
    if new == old {
        println!("{} queries, all current", new.len());
        return Ok(());
    }
    let count = differing(&old, &new);
    if arguments.check {
        return Err(stale(count));
    }
    write(&repo::root().join(".sqlx"), &old, &new)?;
    println!("{} queries, {count} renewed", new.len());
    Ok(())
}

/// `cargo xtask lints`: clippy over everything, and the queries: both need the same compile.
pub(crate) fn lints() -> Result<()> {
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    let (old, new) = step("lints, and queries against the schema", || compare(&clippy))?;
    if new != old {
        return Err(stale(differing(&old, &new)));
    }
    println!("no warnings; {} queries, all current", new.len());
    Ok(())
}

type Metadata = BTreeMap<String, Vec<u8>>;

fn stale(count: usize) -> anyhow::Error {
    anyhow!("{count} queries differ from .sqlx: run `cargo xtask sqlx` and commit it")
}

fn differing(old: &Metadata, new: &Metadata) -> usize {
    let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    names.into_iter().filter(|name| old.get(*name) != new.get(*name)).count()
}

/// The metadata as it is committed, and as a run of cargo that compiles the store writes it.
fn compare(cargo: &[&str]) -> Result<(Metadata, Metadata)> {
    let programs = Some(need::postgres()?);
    let options = Options { programs, settings: Vec::new(), fast: true, ..Options::default() };
    let cluster = Cluster::temporary(&options)?;
    let url = cluster.create_database("sqlx")?;
    migrate(&cluster, "sqlx")?;
    fs::create_dir_all(repo::target())?;
    let fresh = tempfile::tempdir_in(repo::target())?;
    prepare(cargo, &url, fresh.path())?;
    Ok((read(&repo::root().join(".sqlx"))?, read(fresh.path())?))
}

/// Applies all migrations in the order of their numbers.
fn migrate(cluster: &Cluster, database: &str) -> Result<()> {
    let dir = repo::root().join("migrations");
    let files = repo::files_below(&dir)?;
    for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "sql")) {
        let sql = fs::read_to_string(file)?;
        cluster.query(database, &sql).with_context(|| format!("{}", file.display()))?;
    }
    Ok(())
}

/// Runs cargo so that the queries of the store write their metadata into `into`.
fn prepare(arguments: &[&str], url: &str, into: &Path) -> Result<()> {
    // The macros run only when the crate is compiled anew, hence the touch.
    let source = fs::File::options().append(true).open(repo::root().join("store/src/lib.rs"))?;
    source.set_modified(std::time::SystemTime::now())?;
    let mut cargo = repo::command("cargo");
    cargo
        .args(arguments)
        .env("DATABASE_URL", url)
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", into);
    repo::run_quietly("sqlx", &mut cargo)
}

/// The metadata files of a directory by name; none when it does not exist.
fn read(dir: &Path) -> Result<Metadata> {
    let mut files = BTreeMap::new();
    if !dir.is_dir() {
        return Ok(files);
    }
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("query-") && name.ends_with(".json") {
            files.insert(name, fs::read(&path)?);
        }
    }
    Ok(files)
}

fn write(dir: &Path, old: &Metadata, new: &Metadata) -> Result<()> {
    fs::create_dir_all(dir)?;
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        fs::remove_file(dir.join(name))?;
    }
    for (name, content) in new.iter().filter(|(name, content)| old.get(*name) != Some(content)) {
        fs::write(dir.join(name), content)?;
    }
    Ok(())
}
