//! `cargo xtask sqlx`: the offline metadata of the SQL, so that nothing but this command needs a
//! database to compile against.
//!
//! Invariant: `.sqlx` holds exactly the queries of the source, as the migrated schema answers them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
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
    let programs = Some(need::postgres()?);
    let options = Options { programs, settings: Vec::new(), fast: true, ..Options::default() };
    let cluster = step("Postgres: start", || Cluster::temporary(&options))?;
    let url = cluster.create_database("sqlx")?;
    step("database: migrations", || migrate(&cluster, "sqlx"))?;
    fs::create_dir_all(repo::target())?;
    let fresh = tempfile::tempdir_in(repo::target())?;
    step("queries: compile against the schema", || prepare(&url, fresh.path()))?;
    let new = read(fresh.path())?;
    let committed = repo::root().join(".sqlx");
    let old = read(&committed)?;
    if new == old {
        println!("{} queries, all current", new.len());
        return Ok(());
    }
    let differing = old.keys().chain(new.keys()).filter(|name| old.get(*name) != new.get(*name));
    let differing: std::collections::BTreeSet<_> = differing.collect();
    if arguments.check {
        let count = differing.len();
        bail!("{count} queries differ from .sqlx: run `cargo xtask sqlx` and commit it");
    }
    write(&committed, &old, &new)?;
    println!("{} queries, {} renewed", new.len(), differing.len());
    Ok(())
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

/// Compiles the store so that its queries write their metadata into `into`.
fn prepare(url: &str, into: &Path) -> Result<()> {
    // The macros run only when the crate is compiled anew, hence the touch.
    let source = fs::File::options().append(true).open(repo::root().join("store/src/lib.rs"))?;
    source.set_modified(std::time::SystemTime::now())?;
    let mut cargo = repo::command("cargo");
    cargo
        .args(["check", "-p", "mainstay-store"])
        .env("DATABASE_URL", url)
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", into);
    repo::run_quietly("sqlx", &mut cargo)
}

/// The metadata files of a directory by name; none when it does not exist.
fn read(dir: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
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

fn write(
    dir: &Path,
    old: &BTreeMap<String, Vec<u8>>,
    new: &BTreeMap<String, Vec<u8>>,
) -> Result<()> {
    fs::create_dir_all(dir)?;
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        fs::remove_file(dir.join(name))?;
    }
    for (name, content) in new.iter().filter(|(name, content)| old.get(*name) != Some(content)) {
        fs::write(dir.join(name), content)?;
    }
    Ok(())
}
