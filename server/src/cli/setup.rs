//! `mainstay setup`: from an empty database to one that can be signed in to.
//!
//! Idempotent: what exists stays. Passwords are printed once, when the users are made.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use chrono::Utc;
use mainstay_control::Control;
use mainstay_control::access::{By, MakeUser, random};
use mainstay_control::authority::Authority;
use mainstay_control::fleet::ApplyError;
use mainstay_core::access::{Grant, Role, Scope};
use mainstay_core::fleet::read;
use mainstay_store::{Options, Store};

#[derive(clap::Args)]
pub struct SetupArgs {
    /// The state store, `postgres://…`.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// Keys of this installation.
    #[arg(long, env = "MAINSTAY_DATA_DIR")]
    data_dir: PathBuf,
    /// The fleet to begin with; ignored when one is in force already.
    #[arg(long)]
    fleet: Option<PathBuf>,
    /// Give out a join token for each data centre that has no agent's certificate.
    #[arg(long)]
    join_tokens: bool,
}

#[derive(serde::Serialize)]
struct Made {
    users: Vec<MadeUser>,
    join_tokens: std::collections::BTreeMap<String, String>,
}

#[derive(serde::Serialize)]
struct MadeUser {
    name: String,
    password: String,
    roles: Vec<&'static str>,
}

/// Prints what was made as JSON on standard output.
pub async fn run(args: SetupArgs) -> anyhow::Result<ExitCode> {
    crate::telemetry::start_logs();
    std::fs::create_dir_all(&args.data_dir)
        .with_context(|| format!("the data directory {}", args.data_dir.display()))?;
    let store = Store::connect(&args.database_url, Options::default()).await?;
    store.migrate().await?;
    let control = Control::new(store, Authority::open(&args.data_dir, Utc::now())?);
    let by = By::system("setup");
    if let Some(path) = &args.fleet {
        apply_fleet(&control, &by, path).await?;
    }
    let users = make_users(&control, &by).await?;
    let mut join_tokens = std::collections::BTreeMap::new();
    if args.join_tokens {
        for datacenter in control.datacenters_without_agent().await? {
            let token = control.invite(&by, &datacenter).await?;
            join_tokens.insert(datacenter.to_string(), token);
        }
    }
    println!("{}", serde_json::to_string_pretty(&Made { users, join_tokens })?);
    Ok(ExitCode::SUCCESS)
}

async fn apply_fleet(control: &Control, by: &By, path: &PathBuf) -> anyhow::Result<()> {
    if mainstay_store::fleet::revision(control.store.reads()).await? > 0 {
        return Ok(());
    }
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the fleet file {}", path.display()))?;
    if let Err(findings) = read::read(&text) {
        for finding in &findings {
            let (line, column) = (finding.line, finding.column);
            eprintln!("{}:{line}:{column}: {finding}", path.display());
        }
        bail!("{} has {} mistakes", path.display(), findings.len());
    }
    match control.apply_fleet(by, &text, 0, Some("first set-up")).await {
        Ok(_) | Err(ApplyError::Changed { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// One user for each role, named after it, where no user exists at all.
async fn make_users(control: &Control, by: &By) -> anyhow::Result<Vec<MadeUser>> {
    let existing = mainstay_store::access::users(control.store.reads(), "", 1).await?;
    if !existing.is_empty() {
        return Ok(Vec::new());
    }
    let mut made = Vec::new();
    for role in Role::ALL {
        let password = random();
        let make = MakeUser {
            name: role.name().to_owned(),
            display_name: format!("First {}", role.name()),
            grants: vec![Grant { role, scope: Scope::default() }],
            password: password.clone(),
        };
        control.access.make_user(by, &make).await?;
        made.push(MadeUser { name: role.name().to_owned(), password, roles: vec![role.name()] });
    }
    Ok(made)
}
