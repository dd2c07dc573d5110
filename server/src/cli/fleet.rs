//! `mainstay fleet`: judge a fleet file without a server, or apply it to one ([`apply`]).
//!
//! Owns the command's arguments, reading the file within bounds, and both forms of output: text as
//! a compiler writes it, and JSON for pipelines. Exit codes: 0 good, 1 findings, 2 unreadable.

mod apply;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use mainstay_app::pages::settings::fleet::Summary;
use mainstay_core::fleet::finding::Finding;
use mainstay_core::fleet::{FILE_MAX_BYTES, Fleet, read};
use serde::Serialize;

/// Exit code for a file with findings.
const FINDINGS: u8 = 1;
/// Exit code for a file that cannot be read at all.
const UNREADABLE: u8 = 2;
/// File name that means standard input.
const STANDARD_INPUT: &str = "-";

#[derive(Args, Debug)]
pub struct FleetArgs {
    #[command(subcommand)]
    pub command: FleetCommand,
}

#[derive(Subcommand, Debug)]
pub enum FleetCommand {
    /// Report every mistake of a fleet file, with its line and what to write instead.
    ///
    /// Needs no server. Exit code 0: good; 1: findings; 2: the file cannot be read.
    Check(CheckArgs),
    /// Show what a fleet file would change on a server, and apply it.
    ///
    /// Exit code 0: applied, or nothing to change; 1: findings, removals that must wait, or
    /// refused; 2: the file cannot be read or the server not be reached.
    Apply(ApplyArgs),
}

#[derive(Args, Debug)]
pub struct CheckArgs {
    /// The fleet file; `-` reads standard input.
    pub file: PathBuf,
    /// Write JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct ApplyArgs {
    /// The fleet file; `-` reads standard input.
    pub file: PathBuf,
    /// Address of the server.
    #[arg(long, value_name = "URL", env = "MAINSTAY_SERVER")]
    pub server: String,
    /// API token of a user who may change the fleet.
    #[arg(long, env = "MAINSTAY_TOKEN", hide_env_values = true)]
    pub token: String,
    /// A folder of `*.md`: the fleet's own runbooks, put in force after the fleet file. Without
    /// it they stay as they are.
    #[arg(long, value_name = "DIR")]
    pub runbooks: Option<PathBuf>,
    /// Why, for the audit log.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Apply without asking.
    #[arg(long)]
    pub yes: bool,
    /// Only show the difference.
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Write JSON.
    #[arg(long)]
    pub json: bool,
}

/// Runs the subcommand.
pub async fn run(args: FleetArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        FleetCommand::Check(args) => Ok(check(&args)),
        FleetCommand::Apply(args) => apply::run(&args).await,
    }
}

/// Judges a fleet file and writes what was found to standard output; the one sentence on a file
/// that cannot be read goes to standard error, or into the JSON.
pub fn check(args: &CheckArgs) -> ExitCode {
    say(&args.file, args.json, &load(&args.file).map(|text| read::read(&text)))
}

/// The fleet of a file; or the exit code after saying what is wrong with it, as [`check`] does.
pub(super) fn usable(path: &Path, json: bool) -> Result<Fleet, ExitCode> {
    match load(path).map(|text| read::read(&text)) {
        Ok(Ok(fleet)) => Ok(fleet),
        wrong => Err(say(path, json, &wrong)),
    }
}

fn say(path: &Path, json: bool, read: &Result<Result<Fleet, Vec<Finding>>, LoadError>) -> ExitCode {
    let file = path.display().to_string();
    let (output, code) = match (read, json) {
        (Ok(read), true) => Report::new(&file, read).printed(),
        (Ok(read), false) => lines(&file, read),
        (Err(error), true) => Report::unreadable(&file, error).printed(),
        (Err(error), false) => {
            eprintln!("mainstay: {error}");
            (String::new(), UNREADABLE)
        }
    };
    // Whoever reads may have seen enough and closed the pipe; the exit code still tells.
    let _ = std::io::stdout().lock().write_all(output.as_bytes());
    ExitCode::from(code)
}

/// Why a fleet file cannot be read; one sentence.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("cannot read the fleet file {file}: {source}")]
    Read {
        file: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the fleet file {file} has more than {FILE_MAX_BYTES} bytes, the most that is read")]
    TooLarge { file: String },
    #[error("the fleet file {file} is not UTF-8 text (see byte {at})")]
    NotUtf8 { file: String, at: usize },
}

/// Reads a fleet file, or standard input for `-`: UTF-8, at most [`FILE_MAX_BYTES`].
pub fn load(path: &Path) -> Result<String, LoadError> {
    let file = path.display().to_string();
    let mut bytes = Vec::new();
    let bound = FILE_MAX_BYTES as u64 + 1;
    let read = if path.as_os_str() == STANDARD_INPUT {
        std::io::stdin().lock().take(bound).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|open| open.take(bound).read_to_end(&mut bytes))
    };
    match read {
        Err(source) => Err(LoadError::Read { file, source }),
        Ok(length) if length > FILE_MAX_BYTES => Err(LoadError::TooLarge { file }),
        Ok(_) => String::from_utf8(bytes)
            .map_err(|error| LoadError::NotUtf8 { file, at: error.utf8_error().valid_up_to() }),
    }
}

/// The text a compiler would write: a line for each finding, and a last one in sum.
fn lines(file: &str, result: &Result<Fleet, Vec<Finding>>) -> (String, u8) {
    let mut text = String::new();
    // Writing to a string cannot fail.
    match result {
        Ok(fleet) => {
            let counts = in_words(&Summary::of(fleet));
            let _ = writeln!(text, "{file}: the fleet {:?} is good: {counts}", fleet.name);
            (text, 0)
        }
        Err(findings) => {
            for finding in findings {
                let Finding { line, column, .. } = finding;
                let _ = writeln!(text, "{file}:{line}:{column}: {finding} [{}]", finding.code());
            }
            let noun = if findings.len() == 1 { "finding" } else { "findings" };
            let _ = writeln!(text, "{file}: {} {noun}", findings.len());
            (text, FINDINGS)
        }
    }
}

/// The JSON form.
#[derive(Serialize)]
struct Report<'a> {
    file: &'a str,
    ok: bool,
    /// Why the file could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    findings: Vec<Entry>,
    /// What a good fleet declares; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<Summary>,
}

#[derive(Serialize)]
struct Entry {
    line: u32,
    column: u32,
    code: &'static str,
    message: String,
    help: String,
}

impl<'a> Report<'a> {
    fn new(file: &'a str, result: &Result<Fleet, Vec<Finding>>) -> Self {
        let findings = result.as_ref().err().into_iter().flatten();
        let entry = |finding: &Finding| Entry {
            line: finding.line,
            column: finding.column,
            code: finding.code(),
            message: finding.message(),
            help: finding.help(),
        };
        Self {
            file,
            ok: result.is_ok(),
            error: None,
            findings: findings.map(entry).collect(),
            summary: result.as_ref().ok().map(Summary::of),
        }
    }

    fn unreadable(file: &'a str, error: &LoadError) -> Self {
        let error = Some(error.to_string());
        Self { file, ok: false, error, findings: Vec::new(), summary: None }
    }

    fn printed(&self) -> (String, u8) {
        let code = match (self.ok, &self.error) {
            (_, Some(_)) => UNREADABLE,
            (true, None) => 0,
            (false, None) => FINDINGS,
        };
        let json = serde_json::to_string_pretty(self).expect("texts and numbers serialise");
        (json + "\n", code)
    }
}

fn in_words(summary: &Summary) -> String {
    let counts = [
        (summary.regions, "region", "regions"),
        (summary.datacenters, "data centre", "data centres"),
        (summary.groups, "group", "groups"),
        (summary.services, "service", "services"),
        (summary.instances, "instance", "instances"),
        (summary.databases, "database", "databases"),
        (summary.backup_policies, "backup policy", "backup policies"),
        (summary.edges, "edge", "edges"),
    ];
    let words = counts.map(|(count, one, many)| {
        let noun = if count == 1 { one } else { many };
        format!("{count} {noun}")
    });
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTERPRISE: &str = include_str!("../../../fleets/enterprise.toml");

    #[test]
    fn text_reads_like_a_compiler() {
        let good = lines("f.toml", &read::read(ENTERPRISE));
        let counts = "5 regions, 10 data centres, 4 groups, 13 services, 184 instances, \
                      5 databases, 3 backup policies, 5 edges";
        let said = format!("f.toml: the fleet \"production\" is good: {counts}\n");
        assert_eq!(good, (said, 0));
        let broken = ENTERPRISE.replacen("Asia/Singapore", "Asia/Singapur", 1);
        let at = broken.lines().position(|line| line.contains("Singapur"));
        let line = at.expect("it was replaced") + 1;
        let said = format!(
            "f.toml:{line}:13: `Asia/Singapur` is not a time zone; write `Asia/Singapore` \
             [unknown-time-zone]\nf.toml: 1 finding\n"
        );
        assert_eq!(lines("f.toml", &read::read(&broken)), (said, FINDINGS));
    }

    #[test]
    fn json_says_the_same() {
        let (good, code) = Report::new("f.toml", &read::read(ENTERPRISE)).printed();
        let good: serde_json::Value = serde_json::from_str(&good).expect("JSON");
        assert_eq!(
            (code, &good["ok"], &good["summary"]["instances"]),
            (0, &true.into(), &184.into())
        );
        let (bad, code) = Report::new("f.toml", &read::read("")).printed();
        let bad: serde_json::Value = serde_json::from_str(&bad).expect("JSON");
        assert_eq!((code, &bad["ok"]), (FINDINGS, &false.into()));
        assert_eq!(bad["findings"][0]["code"], "empty-fleet");
        assert_eq!(bad["findings"][0]["line"], 1);
    }

    #[test]
    fn what_cannot_be_read_is_said_in_one_sentence() {
        let directory = tempfile::tempdir().expect("a directory");
        let write = |name: &str, bytes: &[u8]| {
            let path = directory.path().join(name);
            std::fs::write(&path, bytes).expect("written");
            path
        };
        for (path, expected) in [
            (directory.path().join("none.toml"), "No such file"),
            (directory.path().to_owned(), "Is a directory"),
            (write("latin", b"name = \"\xe9\""), "not UTF-8 text (see byte 8)"),
            (write("large", &vec![b'#'; FILE_MAX_BYTES + 1]), "more than 1048576 bytes"),
        ] {
            let error = load(&path).expect_err("it cannot be read").to_string();
            assert!(error.contains(expected) && !error.contains('\n'), "{error}");
        }
        let largest = write("largest", &vec![b'#'; FILE_MAX_BYTES]);
        assert_eq!(load(&largest).expect("just small enough").len(), FILE_MAX_BYTES);
    }
}
