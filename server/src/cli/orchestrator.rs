//! `mainstay orchestrator`: how the traffic of each group stands, what was decided about drops, and
//! what may be done about the next one, through a server's API with a token.
//!
//! The mode of a group is a line of the fleet file; setting it applies the file in force with that
//! line changed, as `mainstay fleet apply` would: whoever applies the next file sees it.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::Value;
use toml_edit::{DocumentMut, Item, Table, value};

use super::api::{Server, ServerArgs, Stop, ended, print, print_json};
use super::show::table;
use crate::http::fleet::{Answer, ApplyFleet};

#[derive(Args, Debug)]
pub struct OrchestratorArgs {
    #[command(subcommand)]
    pub command: OrchestratorCommand,
}

#[derive(Subcommand, Debug)]
pub enum OrchestratorCommand {
    /// Show how the traffic of each group stands in each data centre, and its mode.
    Status(StatusArgs),
    /// Say what is done about drops of a group's traffic: a new revision of the fleet.
    ///
    /// Exit code 0: it is so; 1: refused; 2: the server cannot be asked.
    Mode(ModeArgs),
    /// Show what was decided about drops, newest first, with every question and its answer.
    Decisions(DecisionsArgs),
}

#[derive(Args, Debug)]
pub struct StatusArgs {
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
pub struct ModeArgs {
    /// The group, by its id.
    #[arg(value_name = "GROUP")]
    group: String,
    mode: Mode,
    /// Why, for the audit log: at least 10 characters.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
pub struct DecisionsArgs {
    /// Only decisions before this one, by its number.
    #[arg(long, value_name = "N")]
    before: Option<u64>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Its traffic is not watched.
    Off,
    /// A problem leads to the prepared plan.
    Advise,
    /// The failover starts by itself, if every question is answered with yes.
    Automatic,
}

impl Mode {
    /// Its value in a fleet file.
    const fn key(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Advise => "advise",
            Self::Automatic => "automatic",
        }
    }
}

/// Runs the subcommand.
pub async fn run(args: OrchestratorArgs) -> anyhow::Result<ExitCode> {
    use OrchestratorCommand as C;
    let (result, json) = match args.command {
        C::Status(args) => (status(&args).await, args.server.json),
        C::Mode(args) => (mode(&args).await, args.server.json),
        C::Decisions(args) => (decisions(&args).await, args.server.json),
    };
    Ok(ended(result, json))
}

const PAGE: &str = "/failover/orchestrator";

async fn status(args: &StatusArgs) -> Result<(), Stop> {
    let told: Value = Server::new(&args.server)?.get(PAGE).await?;
    if args.server.json {
        print_json(&told);
        return Ok(());
    }
    let mut said = String::new();
    // Writing to a string cannot fail.
    match (told["looked_at"].as_str(), told["old"].as_bool()) {
        (None, _) => said.push_str("no leader has looked yet\n\n"),
        (Some(at), Some(true)) => {
            let _ = writeln!(said, "not known: the leader looked last at {at}\n");
        }
        (Some(_), _) => {}
    }
    rows(&mut said, &told["places"], &["datacenter", "group", "mode", "word", "detail"]);
    print(&said);
    Ok(())
}

/// A table of these fields of each row, under their names.
fn rows(text: &mut String, told: &Value, fields: &[&str]) {
    let mut all = vec![fields.iter().map(|field| (*field).to_owned()).collect()];
    for row in told.as_array().into_iter().flatten() {
        let field = |name: &&str| row[*name].as_str().unwrap_or_default().to_owned();
        all.push(fields.iter().map(field).collect());
    }
    table(text, &all);
}

async fn decisions(args: &DecisionsArgs) -> Result<(), Stop> {
    let query = args.before.map(|id| format!("?before={id}")).unwrap_or_default();
    let told: Value = Server::new(&args.server)?.get(&format!("{PAGE}{query}")).await?;
    let decisions = &told["decisions"];
    if args.server.json {
        print_json(decisions);
        return Ok(());
    }
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let mut said = String::new();
    for row in decisions.as_array().into_iter().flatten() {
        let run = row["run"].as_str().map(|run| format!(", {run}")).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(
            said,
            "{} {} {} in {}, {}: {}{run}",
            row["id"],
            text(row, "at"),
            text(row, "group"),
            text(row, "datacenter"),
            text(row, "mode"),
            text(row, "outcome"),
        );
        for reason in row["reasons"].as_array().into_iter().flatten() {
            let _ = writeln!(said, "  {:9} {}", text(reason, "answer"), text(reason, "words"));
        }
    }
    if said.is_empty() {
        said.push_str("no drop was seen\n");
    }
    print(&said);
    Ok(())
}

/// The fleet in force, as far as it is needed here.
#[derive(Debug, Deserialize)]
struct InForce {
    revision: i64,
    source: String,
}

async fn mode(args: &ModeArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let InForce { revision, source } = server.get("/fleet").await?;
    let source = with_mode(&source, &args.group, args.mode)?;
    let apply = ApplyFleet {
        source,
        expected_revision: Some(revision),
        reason: args.reason.clone(),
        dry_run: false,
    };
    let answer: Answer = server.post("/fleet/apply", &apply).await?;
    if args.server.json {
        print_json(&answer);
        return Ok(());
    }
    let (group, mode) = (&args.group, args.mode.key());
    print(&match answer.applied {
        true => {
            format!("{group} is {mode}: revision {} of the fleet is in force\n", answer.revision)
        }
        false => format!("{group} is {mode} already\n"),
    });
    Ok(())
}

/// A fleet file with another mode of a group; all else stays as it is written.
fn with_mode(source: &str, group: &str, mode: Mode) -> Result<String, Stop> {
    let unread = |error: toml_edit::TomlError| {
        Stop::Unusable(format!("the fleet in force cannot be read: {error}"))
    };
    let mut file: DocumentMut = source.parse().map_err(unread)?;
    let is_it = |table: &&mut Table| table.get("id").and_then(Item::as_str) == Some(group);
    let groups = file.get_mut("group").and_then(Item::as_array_of_tables_mut);
    let Some(table) = groups.and_then(|groups| groups.iter_mut().find(is_it)) else {
        return Err(Stop::refused(format!("there is no group {group:?} in the fleet")));
    };
    table["orchestrator"] = value(mode.key());
    Ok(file.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# Ours.\nname = \"test\"\n\n[[group]]\nid = \"social\" # first\n\
        priority = 1\n\n[[group]]\nid = \"store\"\npriority = 2\norchestrator = \"off\"\n";

    #[test]
    fn a_mode_is_one_line_of_the_file() {
        let set = |group, mode| with_mode(FILE, group, mode).expect("it has that group");
        let off = set("store", Mode::Automatic);
        assert_eq!(off, FILE.replace("\"off\"", "\"automatic\""));
        let new = set("social", Mode::Advise);
        let expected =
            FILE.replacen("priority = 1\n", "priority = 1\norchestrator = \"advise\"\n", 1);
        assert_eq!(new, expected);
        let none = with_mode(FILE, "nobody", Mode::Off);
        assert!(matches!(&none, Err(Stop::Refused { why, .. }) if why.contains("nobody")));
        assert!(matches!(with_mode("x = ", "store", Mode::Off), Err(Stop::Unusable(_))));
    }
}
