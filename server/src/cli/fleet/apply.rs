//! `mainstay fleet apply`: the file is judged here first, then the server shows the difference, a
//! person agrees, and exactly what was shown is applied.
//!
//! Questions and refusals go to standard error, results to standard output.

use std::fmt::Write as _;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use mainstay_app::pages::settings::fleet::{BlockedRow, Check, FindingRow};
use mainstay_core::fleet::diff::{Action, Change, Subject};
use mainstay_core::fleet::read;
use reqwest::{Client, StatusCode};
use serde::Serialize;

use super::super::api::{self, ServerArgs};
use super::super::runbook::{self, Folder, good, load_folder, said};
use super::{ApplyArgs, FINDINGS, STANDARD_INPUT, UNREADABLE, lines, load};
use crate::http::fleet::{Answer, ApplyFleet, Refused};

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Why it ended without applying.
#[derive(Debug)]
enum Stop {
    /// The file, the server or the person said no.
    Refused { why: String, check: Option<Box<Check>> },
    /// It could not be asked.
    Unusable(String),
}

/// How it ended.
#[derive(Debug, Default, Serialize)]
struct Report<'a> {
    file: &'a str,
    /// Applied, or nothing to change, or only asked for the difference.
    ok: bool,
    applied: bool,
    /// The revision in force afterwards, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<i64>,
    findings: Vec<FindingRow>,
    changes: Vec<Change>,
    blocked: Vec<BlockedRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub(super) async fn run(args: &ApplyArgs) -> anyhow::Result<ExitCode> {
    let file = args.file.display().to_string();
    let (report, code) = match work(args, &file).await {
        Ok(answer) => (Report::done(&file, answer), 0),
        Err(Stop::Refused { why, check }) => {
            (Report::refused(&file, why, check.map(|check| *check)), FINDINGS)
        }
        Err(Stop::Unusable(why)) => (Report::refused(&file, why, None), UNREADABLE),
    };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else if let Some(error) = report.error {
        eprintln!("mainstay: {error}");
    }
    Ok(ExitCode::from(code))
}

async fn work(args: &ApplyArgs, file: &str) -> Result<Answer, Stop> {
    let source = load(&args.file).map_err(|error| Stop::Unusable(error.to_string()))?;
    judge(args, file, &source)?;
    let runbooks = folder(args, &source)?;
    let answer = put(args, source).await?;
    if let Some(folder) = runbooks {
        send(args, &folder).await?;
    }
    Ok(answer)
}

/// The runbooks that go with the fleet; with mistakes nothing is sent at all.
fn folder(args: &ApplyArgs, source: &str) -> Result<Option<Folder>, Stop> {
    let Some(path) = &args.runbooks else { return Ok(None) };
    let folder = load_folder(path).map_err(Stop::Unusable)?;
    // It was judged: it reads.
    let fleet = read::read(source).ok();
    good(&folder, fleet.as_ref()).map_err(stopped)?;
    Ok(Some(folder))
}

/// Puts the fleet's own runbooks in force, or says what would change.
async fn send(args: &ApplyArgs, folder: &Folder) -> Result<(), Stop> {
    let server = ServerArgs::new(&args.server, &args.token, args.json);
    let server = api::Server::new(&server).map_err(stopped)?;
    let sent = runbook::send(&server, folder, args.reason.clone(), args.dry_run).await;
    let answer = sent.map_err(stopped)?;
    if !args.json {
        print(&said(&answer));
    }
    Ok(())
}

/// A refusal of runbooks as one of the fleet.
fn stopped(stop: api::Stop) -> Stop {
    match stop {
        api::Stop::Refused { why, findings } if findings.is_empty() => {
            Stop::Refused { why, check: None }
        }
        api::Stop::Refused { why, findings } => {
            Stop::Refused { why: format!("{why}:\n{}", findings.join("\n")), check: None }
        }
        api::Stop::Otherwise => Stop::Refused { why: "nothing was done".to_owned(), check: None },
        api::Stop::Unusable(why) => Stop::Unusable(why),
    }
}

async fn put(args: &ApplyArgs, source: String) -> Result<Answer, Stop> {
    let server = Server::new(args)?;
    let mut wanted = ApplyFleet {
        source,
        expected_revision: None,
        reason: args.reason.clone().unwrap_or_default(),
        dry_run: true,
    };
    let shown = server.apply(&wanted).await?;
    if !args.json {
        print(&difference(&shown.check));
    }
    if !shown.check.blocked.is_empty() {
        let why = "some removals must wait until nothing runs there".to_owned();
        return Err(Stop::Refused { why, check: Some(Box::new(shown.check)) });
    }
    if args.dry_run || shown.check.is_same() {
        return Ok(shown);
    }
    agree(args, &mut wanted, &shown)?;
    wanted.expected_revision = Some(shown.check.revision);
    wanted.dry_run = false;
    let answer = server.apply(&wanted).await?;
    if !args.json {
        print(&format!("applied: revision {} is in force\n", answer.revision));
    }
    Ok(answer)
}

/// The same judgement and the same words as `mainstay fleet check`.
fn judge(args: &ApplyArgs, file: &str, source: &str) -> Result<(), Stop> {
    let result = read::read(source);
    if result.is_err() && !args.json {
        print(&lines(file, &result).0);
    }
    let Err(findings) = result else { return Ok(()) };
    let check = Check::findings(&findings, 0);
    Err(Stop::Refused {
        why: "the file has mistakes; nothing was sent".to_owned(),
        check: Some(Box::new(check)),
    })
}

/// Asks whoever sits at the terminal for the reason and for a yes. Without a terminal both must
/// have been given.
fn agree(args: &ApplyArgs, wanted: &mut ApplyFleet, shown: &Answer) -> Result<(), Stop> {
    let refuse = |why: &str| {
        Err(Stop::Refused { why: why.to_owned(), check: Some(Box::new(shown.check.clone())) })
    };
    let asks = args.file != Path::new(STANDARD_INPUT) && std::io::stdin().is_terminal();
    if wanted.reason.trim().is_empty() {
        if !asks {
            return refuse("give the reason with --reason; nothing was applied");
        }
        wanted.reason = ask("Reason, kept in the audit log: ");
    }
    if args.yes {
        return Ok(());
    }
    if !asks {
        return refuse("nobody can be asked here; give --yes to apply, or --dry-run to look");
    }
    let yes = ask("Apply this? [y/N] ");
    if matches!(yes.to_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    refuse("nothing was applied")
}

fn ask(question: &str) -> String {
    eprint!("{question}");
    // A terminal that went away answers nothing, which is no.
    let _ = std::io::stderr().flush();
    let mut line = String::new();
    let _ = std::io::stdin().lock().read_line(&mut line);
    line.trim().to_owned()
}

/// Whoever reads may have closed the pipe; the exit code still tells.
fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// The server's API.
struct Server {
    client: Client,
    address: String,
    token: String,
}

impl Server {
    fn new(args: &ApplyArgs) -> Result<Self, Stop> {
        // Refused when another part of the program chose one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .build()
            .map_err(|error| Stop::Unusable(chain(&error)))?;
        let address = format!("{}/api/v1/fleet/apply", args.server.trim_end_matches('/'));
        Ok(Self { client, address, token: args.token.clone() })
    }

    async fn apply(&self, wanted: &ApplyFleet) -> Result<Answer, Stop> {
        let request = self.client.post(&self.address).bearer_auth(&self.token).json(wanted);
        let response = request.send().await.map_err(|error| Stop::Unusable(chain(&error)))?;
        let status = response.status();
        let body = response.bytes().await.map_err(|error| Stop::Unusable(chain(&error)))?;
        answered(status, &body)
    }
}

/// What the server's answer means.
fn answered(status: StatusCode, body: &[u8]) -> Result<Answer, Stop> {
    if status.is_success() {
        return serde_json::from_slice(body).map_err(|error| {
            Stop::Unusable(format!("the server's answer is not understood: {error}"))
        });
    }
    let refused = serde_json::from_slice::<Refused>(body);
    let (why, check) = match refused {
        Ok(refused) => (refused.detail, refused.check),
        Err(_) => (format!("the server answered {status}"), None),
    };
    if status.is_client_error() {
        Err(Stop::Refused { why, check: check.map(Box::new) })
    } else {
        Err(Stop::Unusable(why))
    }
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

impl<'a> Report<'a> {
    fn done(file: &'a str, answer: Answer) -> Self {
        let Answer { applied, revision, check } = answer;
        let Check { changes, blocked, findings, .. } = check;
        let revision = Some(revision);
        Self { file, ok: true, applied, revision, findings, changes, blocked, error: None }
    }

    fn refused(file: &'a str, why: String, check: Option<Check>) -> Self {
        let Check { changes, blocked, findings, .. } = check.unwrap_or_default();
        Self { file, findings, changes, blocked, error: Some(why), ..Self::default() }
    }
}

/// The difference as text: `+` added, `-` removed, `~` changed, `!` must wait.
fn difference(check: &Check) -> String {
    let mut text = String::new();
    let Check { revision, changes, blocked, .. } = check;
    // Writing to a string cannot fail.
    let _ = match (changes.len(), revision) {
        (0, _) => writeln!(text, "nothing would change"),
        (1, 0) => writeln!(text, "1 change, no fleet is in force yet:"),
        (n, 0) => writeln!(text, "{n} changes, no fleet is in force yet:"),
        (1, revision) => writeln!(text, "1 change to revision {revision}:"),
        (n, revision) => writeln!(text, "{n} changes to revision {revision}:"),
    };
    for Change { subject, action } in changes {
        let name = match subject {
            Subject::Fleet => "fleet".to_owned(),
            Subject::Entry { entry, id } => format!("{entry} {id}"),
        };
        match action {
            Action::Added { fields } => {
                let _ = writeln!(text, "+ {name}");
                for field in fields {
                    let _ = writeln!(text, "    {} = {}", field.key, field.value);
                }
            }
            Action::Removed => {
                let _ = writeln!(text, "- {name}");
            }
            Action::Changed { fields } => {
                let _ = writeln!(text, "~ {name}");
                for field in fields {
                    let [old, new] =
                        [&field.old, &field.new].map(|v| v.as_deref().unwrap_or("not set"));
                    let _ = writeln!(text, "    {}: {old} -> {new}", field.key);
                }
            }
        }
    }
    for row in blocked {
        let _ = writeln!(text, "! {}", row.message);
    }
    text
}

#[cfg(test)]
mod tests {
    use mainstay_core::fleet::Fleet;
    use mainstay_core::fleet::diff;

    use super::*;

    const SMALL: &str = include_str!("../../../../tests/fleets/small.toml");

    fn fleet(source: &str) -> Fleet {
        read::read(source).expect("a good fleet")
    }

    #[test]
    fn a_difference_reads_line_by_line() {
        let old = fleet(SMALL);
        let new = fleet(&SMALL.replacen("nodes = 2", "nodes = 3", 1));
        let changes = diff::diff(&old, &new);
        let mut check = Check::good(&new, 3, changes, &[]);
        check.blocked =
            vec![BlockedRow { id: "stock".to_owned(), message: "the service waits".to_owned() }];
        assert_eq!(
            difference(&check),
            "1 change to revision 3:\n~ service feed\n    nodes: 2 -> 3\n! the service waits\n"
        );
        let first = Check::good(&new, 0, diff::diff(&Fleet::default(), &new), &[]);
        let text = difference(&first);
        assert!(text.contains("changes, no fleet is in force yet:\n"), "{text}");
        assert!(text.contains("+ data centre fra1\n"), "{text}");
        assert_eq!(difference(&Check::good(&old, 3, Vec::new(), &[])), "nothing would change\n");
    }

    #[test]
    fn an_answer_is_a_result_a_refusal_or_no_answer() {
        let applied = br#"{"applied":true,"revision":4,"check":{"revision":3,"findings":[],
            "changes":[],"blocked":[],"summary":null}}"#;
        assert_eq!(answered(StatusCode::OK, applied).expect("an answer").revision, 4);
        let refused =
            br#"{"status":403,"title":"Forbidden","detail":"This needs the role admin."}"#;
        for (status, body, code, words) in [
            (StatusCode::FORBIDDEN, refused.as_slice(), 1, "This needs the role admin."),
            (StatusCode::CONFLICT, b"", 1, "the server answered 409 Conflict"),
            (StatusCode::SERVICE_UNAVAILABLE, b"<html>", 2, "the server answered 503"),
            (StatusCode::OK, b"<html>", 2, "not understood"),
        ] {
            let (found, why) = match answered(status, body).expect_err("no result") {
                Stop::Refused { why, .. } => (1, why),
                Stop::Unusable(why) => (2, why),
            };
            assert_eq!(found, code, "{status}");
            assert!(why.contains(words), "{why}");
        }
    }
}
