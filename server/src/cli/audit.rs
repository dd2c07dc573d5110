//! `mainstay audit`: `verify` and `export` work on the database or a file, [`search`] and packs of
//! [`evidence`] ask a server.
//!
//! Verify exits with 0 when the log is intact, 1 when it was tampered with (each finding is a
//! line), and 2 when it could not be read. An export leaves an entry in the log, as one from the
//! console does; its format is described in
//! [`mainstay_core::audit::export`].

mod evidence;
mod search;

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use mainstay_control::access::By;
use mainstay_control::audit::{self, Verdict};
use mainstay_core::audit::export::Reader;
use mainstay_core::audit::note::{NOTE_MAX_BYTES, VerifierKey};
use mainstay_core::audit::verify::{Tampering, Verification};
use mainstay_store::{Options, Store};

use crate::evidence::feed;

/// Longest name of an account in the audit log.
const ACCOUNT_MAX_CHARS: usize = 64;
/// Exit code of a log that was tampered with.
const TAMPERED: u8 = 1;

#[derive(Args)]
pub struct AuditArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check that no entry was edited, deleted, moved or cut off, and say which.
    Verify(VerifyArgs),
    /// Write the log as JSON lines that can be verified without the database. The log says so.
    Export(ExportArgs),
    /// Look for entries, through a server.
    Search(Box<search::SearchArgs>),
    /// Make a pack of evidence of a period, through a server, or check one.
    Evidence(evidence::EvidenceArgs),
}

#[derive(Args)]
struct VerifyArgs {
    /// An export to verify instead of the database; `-` reads standard input.
    file: Option<PathBuf>,
    /// The state store, `postgres://…`.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// The verifier key, or a file that has it (`audit.pub` of the data directory). Without it
    /// the log's own word is taken for its key.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// A checkpoint that was kept elsewhere, as a file: the log must still contain it. Every agent
    /// keeps one, witness.txt of its data directory. May be repeated.
    #[arg(long, value_name = "FILE")]
    witness: Vec<PathBuf>,
    /// Print the verdict as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct ExportArgs {
    /// Where to write; without it, to standard output.
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// The state store, `postgres://…`.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
}

pub async fn run(args: AuditArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Verify(args) => verify(&args).await,
        Command::Export(args) => export(&args).await,
        Command::Search(args) => Ok(search::run(&args).await),
        Command::Evidence(args) => evidence::run(args).await,
    }
}

async fn verify(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let key = args.key.as_deref().map(read_key).transpose()?;
    let witnesses = args.witness.iter().map(|path| read_short(path));
    let witnesses = witnesses.collect::<anyhow::Result<Vec<_>>>()?;
    let verdict = match (&args.file, &args.database_url) {
        (Some(file), _) => verify_file(file, key, &witnesses)?,
        (None, Some(url)) => {
            let Verdict { verification, used_own_key } =
                audit::verify(&connect(url).await?, key, &witnesses).await?;
            Found { verification, used_own_key, selection: false, lines: HashMap::new() }
        }
        (None, None) => anyhow::bail!("name an export, or a database with --database-url"),
    };
    report(&verdict, args.json)?;
    let intact = verdict.verification.is_intact();
    Ok(if intact { ExitCode::SUCCESS } else { ExitCode::from(TAMPERED) })
}

async fn export(args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let store = connect(&args.database_url).await?;
    let counts = match &args.output {
        Some(path) => {
            let context = || format!("the export {}", path.display());
            let file = tokio::fs::File::create_new(path).await.with_context(context)?;
            let mut out = tokio::io::BufWriter::new(file);
            note(&store).await?;
            let counts = audit::export(&store, &mut out).await.with_context(context)?;
            out.into_inner().sync_all().await.with_context(context)?;
            counts
        }
        None => {
            let mut out = tokio::io::BufWriter::new(tokio::io::stdout());
            note(&store).await?;
            audit::export(&store, &mut out).await?
        }
    };
    eprintln!("{} entries and {} checkpoints", counts.entries, counts.checkpoints);
    Ok(ExitCode::SUCCESS)
}

/// Writes down in the log that it is exported, and by which account of this machine: its word
/// only, for whoever may write to the database can say anything.
async fn note(store: &Store) -> anyhow::Result<()> {
    let named = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| env::var(name).ok());
    let by = By::system(&format!("cli/{}", word(&named.unwrap_or_default())));
    let what = serde_json::json!({ "format": "jsonl", "with": "tree and checkpoints" });
    audit::note_export(store, &by, what).await.context("the entry about the export")?;
    Ok(())
}

/// The name of an account, fit for the log.
fn word(name: &str) -> String {
    let safe: String =
        name.chars().filter(char::is_ascii_graphic).take(ACCOUNT_MAX_CHARS).collect();
    if safe.is_empty() { "unknown".to_owned() } else { safe }
}

async fn connect(url: &str) -> anyhow::Result<Store> {
    let one = Options { reads: 1, acts: 1, background: 1 };
    Ok(Store::connect(url, one).await?)
}

/// The key itself, or the name of a file that has it.
fn read_key(text: &str) -> anyhow::Result<VerifierKey> {
    match text.parse() {
        Ok(key) => Ok(key),
        Err(error) if !Path::new(text).is_file() => {
            Err(error).context("--key is neither a verifier key nor a file that has one")
        }
        Err(_) => {
            let file = read_short(Path::new(text))?;
            file.trim().parse().with_context(|| format!("the key in {text}"))
        }
    }
}

fn read_short(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let context = || format!("the file {}", path.display());
    let file = fs::File::open(path).with_context(context)?;
    file.take(NOTE_MAX_BYTES as u64).read_to_string(&mut text).with_context(context)?;
    Ok(text)
}

fn verify_file(
    path: &Path,
    key: Option<VerifierKey>,
    witnesses: &[String],
) -> anyhow::Result<Found> {
    let context = || format!("the export {}", path.display());
    let mut input: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(fs::File::open(path).with_context(context)?))
    };
    let mut reader = Reader::new(key);
    feed(&mut input, &mut reader).with_context(context)?;
    for note in witnesses {
        reader.witness(note).with_context(context)?;
    }
    let used_own_key = reader.used_own_key();
    let read = reader.finish().with_context(context)?;
    let (verification, selection, lines) = (read.verification, read.selection, read.lines);
    Ok(Found { verification, used_own_key, selection, lines })
}

/// A verdict, and where in the file its entries are.
struct Found {
    verification: Verification,
    used_own_key: bool,
    selection: bool,
    lines: HashMap<i64, u64>,
}

#[derive(serde::Serialize)]
struct Report<'a> {
    intact: bool,
    used_own_key: bool,
    #[serde(flatten)]
    verification: &'a Verification,
    /// The findings in words.
    findings: Vec<String>,
}

fn report(found: &Found, json: bool) -> anyhow::Result<()> {
    let Found { verification, used_own_key, selection, .. } = found;
    let (intact, findings) = (verification.is_intact(), sentences(found));
    if json {
        let used_own_key = *used_own_key;
        let report = Report { intact, used_own_key, verification, findings };
        println!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(());
    }
    let Verification { entries, unplaced, checkpoints, .. } = verification;
    let what = match (selection, verification.first) {
        (true, _) => "The selection of the audit log".to_owned(),
        (false, 0) => "The audit log".to_owned(),
        (false, first) => format!("The part of the audit log from entry {first} on"),
    };
    println!("{what} {}.", if intact { "is intact" } else { "was changed" });
    println!(
        "{entries} entries, {unplaced} more without a position yet, {checkpoints} checkpoints"
    );
    if let Some(signed) = &verification.signed {
        println!("signed by {}: {} entries, root {}", signed.origin, signed.size, signed.root);
    }
    findings.iter().for_each(|finding| println!("- {finding}"));
    if verification.more > 0 {
        println!("- and {} more", verification.more);
    }
    if verification.outside > 0 {
        let outside = verification.outside;
        println!("{outside} checkpoints are of more or less than this and could not be compared");
    }
    if *selection {
        eprintln!(
            "note: a selection shows that each of its entries is in the signed log. It cannot show \
             that nothing was left out; an export of the whole log, or a pack of evidence, can."
        );
    }
    if *used_own_key {
        eprintln!(
            "note: the key came from the log itself. Give the key you trust with --key, and a \
             checkpoint kept elsewhere with --witness, to find a log that was rewritten whole."
        );
    }
    Ok(())
}

fn sentences(found: &Found) -> Vec<String> {
    let line = |it: &Tampering| it.id().and_then(|id| found.lines.get(&id));
    let told = found.verification.tamperings.iter().map(|it| match line(it) {
        Some(line) => format!("line {line}: {it}"),
        None => it.to_string(),
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use mainstay_core::audit::{Action, Outcome};

    use super::*;
    use crate::rig_tests::Rig;

    #[tokio::test]
    async fn an_export_leaves_an_entry_or_is_not_made() {
        let rig = Rig::new(false).await;
        let output = Some(rig.dir().join("audit.jsonl"));
        let args = ExportArgs { output: output.clone(), database_url: rig.db.url.clone() };
        assert_eq!(export(&args).await.expect("exports"), ExitCode::SUCCESS);
        let (id, action, outcome) = rig.latest().await.expect("an entry");
        assert_eq!((action, outcome), (Action::AuditExport, Outcome::Done));
        assert!(export(&args).await.is_err(), "the file is there already");
        let again = rig.latest().await.expect("an entry");
        assert_eq!(again.0, id, "nothing was exported, so nothing is noted");
    }

    #[test]
    fn an_account_is_a_short_word() {
        for (named, safe) in
            [("ann", "ann"), ("a b\n/c", "ab/c"), ("", "unknown"), ("\u{7}", "unknown")]
        {
            assert_eq!(word(named), safe);
        }
        assert_eq!(word(&"a".repeat(1_000)).len(), ACCOUNT_MAX_CHARS);
    }
}
