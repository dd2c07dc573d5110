//! `mainstay runbook`: judge a folder of runbooks without a server, list those in force, apply a
//! folder as the fleet's own ([`folder`]).
//!
//! Exit codes of `check`: 0 good, 1 findings, 2 unreadable.

mod folder;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use mainstay_app::pages::runbook::edit::FindingRow;
use mainstay_core::fleet::Fleet;
use mainstay_core::runbook::{Origin, read};
use serde::Serialize;
use serde_json::Value;

use super::api::{Server, ServerArgs, Stop, ended, print, print_json};
use super::fleet::load;
use crate::http::runbook::{SetAnswer, SetAsk};

pub(super) use folder::{Folder, load as load_folder};

/// Exit code for runbooks with findings.
const FINDINGS: u8 = 1;
/// Exit code for a folder that cannot be read at all.
const UNREADABLE: u8 = 2;

#[derive(Args, Debug)]
pub struct RunbookArgs {
    #[command(subcommand)]
    command: RunbookCommand,
}

#[derive(Subcommand, Debug)]
enum RunbookCommand {
    /// Report every mistake of a folder of runbooks, with its line and what to write instead.
    ///
    /// Needs no server. Exit code 0: good; 1: findings; 2: the folder cannot be read.
    Check(CheckArgs),
    /// List the runbooks in force, with owner, last review and last use.
    List(ListArgs),
    /// Put a folder in force as the fleet's own runbooks: these and no others.
    ///
    /// Exit code 0: applied, or nothing to change; 1: findings, or refused; 2: the folder cannot
    /// be read or the server not be reached.
    Apply(ApplyArgs),
}

#[derive(Args, Debug)]
struct CheckArgs {
    /// A folder of `*.md`; the name of a file is the name of its runbook.
    folder: PathBuf,
    /// A fleet file: the services and objects that runbooks name are held against it.
    #[arg(long, value_name = "FILE")]
    fleet: Option<PathBuf>,
    /// Write JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
struct ListArgs {
    /// Part of a name, service, kind of problem or owner.
    #[arg(long, value_name = "TEXT", default_value = "")]
    filter: String,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
struct ApplyArgs {
    /// A folder of `*.md`.
    folder: PathBuf,
    /// Why, for the audit log.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Only show what would change.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs the subcommand.
pub async fn run(args: RunbookArgs) -> anyhow::Result<ExitCode> {
    Ok(match args.command {
        RunbookCommand::Check(args) => check(&args),
        RunbookCommand::List(args) => ended(list(&args).await, args.server.json),
        RunbookCommand::Apply(args) => ended(apply(&args).await, args.server.json),
    })
}

/// What was found in a folder.
#[derive(Debug, Serialize)]
struct Report {
    folder: String,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// How many runbooks were read.
    runbooks: usize,
    files: Vec<FileReport>,
}

/// A file with mistakes.
#[derive(Debug, Serialize)]
struct FileReport {
    file: String,
    findings: Vec<FindingRow>,
}

fn check(args: &CheckArgs) -> ExitCode {
    let folder = args.folder.display().to_string();
    let report = match judged(args) {
        Ok((count, files)) => {
            Report { folder, ok: files.is_empty(), error: None, runbooks: count, files }
        }
        Err(why) => Report { folder, ok: false, error: Some(why), runbooks: 0, files: Vec::new() },
    };
    let code = match (report.ok, &report.error) {
        (_, Some(_)) => UNREADABLE,
        (true, None) => 0,
        (false, None) => FINDINGS,
    };
    match (&report.error, args.json) {
        (_, true) => print_json(&report),
        (Some(error), false) => eprintln!("mainstay: {error}"),
        (None, false) => print(&lines(&report)),
    }
    ExitCode::from(code)
}

fn judged(args: &CheckArgs) -> Result<(usize, Vec<FileReport>), String> {
    let fleet = match &args.fleet {
        None => None,
        Some(file) => {
            let text = load(file).map_err(|error| error.to_string())?;
            let read = mainstay_core::fleet::read::read(&text);
            let why = format!("the fleet file {} has mistakes of its own", file.display());
            Some(read.map_err(|_| why)?)
        }
    };
    let folder = load_folder(&args.folder)?;
    Ok((folder.files.len(), reports(&folder, fleet.as_ref())))
}

/// Files with mistakes, by name.
fn reports(folder: &Folder, fleet: Option<&Fleet>) -> Vec<FileReport> {
    let bad = folder.files.iter().filter_map(|(slug, source)| {
        let findings = read(slug, source, Origin::Fleet, fleet).err()?;
        let findings = findings.iter().map(FindingRow::of).collect();
        Some(FileReport { file: folder.path_of(slug), findings })
    });
    bad.collect()
}

fn lines(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for FileReport { file, findings } in &report.files {
        for FindingRow { line, code, message, help } in findings {
            let _ = writeln!(text, "{file}:{line}: {message}; {help} [{code}]");
        }
    }
    let count = report.files.iter().map(|file| file.findings.len()).sum::<usize>();
    let _ = match count {
        0 => writeln!(text, "{}: {} runbooks are good", report.folder, report.runbooks),
        1 => writeln!(text, "{}: 1 finding", report.folder),
        n => writeln!(text, "{}: {n} findings", report.folder),
    };
    text
}

async fn list(args: &ListArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let (mut rows, mut path) = (Vec::new(), "/runbooks".to_owned());
    if !args.filter.is_empty() {
        path = mainstay_app::paths::with_query(&path, &[("q", &args.filter)]);
    }
    loop {
        let data: Value = server.get(&path).await?;
        rows.extend(data["rows"].as_array().into_iter().flatten().cloned());
        match data["next"].as_str() {
            Some(next) => path = next.to_owned(),
            None => break,
        }
    }
    if args.server.json {
        print_json(&rows);
        return Ok(());
    }
    let text: String = rows.iter().map(line).collect();
    print(if text.is_empty() { "no runbook matches\n" } else { &text });
    Ok(())
}

fn line(row: &Value) -> String {
    let book = &row["runbook"];
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let [slug, title, owner, reviewed] =
        ["slug", "title", "owner", "reviewed"].map(|name| word(&book[name]));
    let overdue = if book["overdue"] == true { " (to review)" } else { "" };
    let used = match (row["used_at"].as_str(), row["outcome"].as_str()) {
        (None, _) => "never used".to_owned(),
        (Some(at), None) => format!("in use since {at}"),
        (Some(at), Some(outcome)) => format!("last used {at}: {outcome}"),
    };
    format!("{slug}: {title}; {owner}, reviewed {reviewed}{overdue}; {used}\n")
}

async fn apply(args: &ApplyArgs) -> Result<(), Stop> {
    let folder = load_folder(&args.folder).map_err(Stop::Unusable)?;
    good(&folder, None)?;
    let server = Server::new(&args.server)?;
    let answer = send(&server, &folder, args.reason.clone(), args.dry_run).await?;
    match args.server.json {
        true => print_json(&answer),
        false => print(&said(&answer)),
    }
    Ok(())
}

/// Refuses a folder with mistakes before anything is sent.
pub(super) fn good(folder: &Folder, fleet: Option<&Fleet>) -> Result<(), Stop> {
    let bad = reports(folder, fleet);
    if bad.is_empty() {
        return Ok(());
    }
    let mut findings = Vec::new();
    for FileReport { file, findings: found } in &bad {
        let lines =
            found.iter().map(|it| format!("{file}:{}: {}; {}", it.line, it.message, it.help));
        findings.extend(lines);
    }
    let why = "the runbooks have mistakes; nothing was sent".to_owned();
    Err(Stop::Refused { why, findings })
}

/// Puts a folder in force.
pub(super) async fn send(
    server: &Server,
    folder: &Folder,
    reason: Option<String>,
    dry_run: bool,
) -> Result<SetAnswer, Stop> {
    let files = folder.files.clone();
    let ask = SetAsk { files, expected_revision: None, reason, dry_run };
    server.post("/runbooks/set", &ask).await
}

/// What changed, in words.
pub(super) fn said(answer: &SetAnswer) -> String {
    let SetAnswer { applied, revision, added, changed, removed } = answer;
    let mut text = String::new();
    for (mark, slugs) in [("+", added), ("~", changed), ("-", removed)] {
        for slug in slugs {
            let _ = writeln!(text, "{mark} runbook {slug}");
        }
    }
    let _ = match (applied, text.is_empty()) {
        (_, true) => writeln!(text, "the runbooks would not change"),
        (true, false) => writeln!(text, "applied: revision {revision} of the runbooks is in force"),
        (false, false) => writeln!(text, "nothing was applied"),
    };
    text
}
