//! Asking a Postgres, through its own `psql`.
//!
//! No client library: the server lets in who its file of rules names, which on Debian is the owner
//! of the cluster by peer authentication. The agent may be root, so only a child that runs as the
//! owner can come in; `psql` is installed with every cluster and speaks its version.

use std::path::Path;
use std::time::Duration;

use mainstay_core::backup::job::{Cause, Failure, SqlCheck, SqlResult};
use tokio_util::sync::CancellationToken;

use super::account::Account;
use super::run::{Call, Group, call};

/// Exit code of `psql` for a connection that could not be made or broke off.
const NO_CONNECTION: i32 = 2;
/// Who asks a database's own checks: a role that reads every table and is no superuser.
const READER: &str = "pg_read_all_data";
/// Longest time for one of them.
pub const CHECK_DEADLINE: Duration = Duration::from_secs(600);
/// Longest answer that is told.
const ANSWER_MAX_CHARS: usize = 500;

/// Where a server is asked.
#[derive(Clone, Copy, Debug)]
pub struct Session<'a> {
    pub bin_dir: &'a Path,
    pub account: Account,
    pub socket_dir: &'a Path,
    pub port: u16,
    pub user: &'a str,
    pub database: &'a str,
    /// The statement can change nothing.
    pub read_only: bool,
    /// The role that asks, if it is another one than the user.
    pub role: Option<&'a str>,
    /// As in [`Call`].
    pub group: Group,
    pub deadline: Duration,
}

impl Session<'_> {
    /// Runs one statement and returns what it answers: columns divided by `|`, rows by a new line.
    pub async fn ask(&self, statement: &str, stop: &CancellationToken) -> Result<String, Failure> {
        let program = self.bin_dir.join("psql");
        let arguments = ["-X", "-q", "-A", "-t", "--no-password", "-v", "ON_ERROR_STOP=1", "-c"];
        let mut arguments = arguments.map(str::to_owned).to_vec();
        arguments.push(statement.to_owned());
        let read_only = if self.read_only { "on" } else { "off" };
        let milliseconds = self.deadline.as_millis();
        let role = self.role.map(|role| format!(" -c role={role}")).unwrap_or_default();
        let said = call(
            &Call {
                program: &program,
                arguments,
                environment: vec![
                    ("PGHOST", self.socket_dir.display().to_string()),
                    ("PGPORT", self.port.to_string()),
                    ("PGUSER", self.user.to_owned()),
                    ("PGDATABASE", self.database.to_owned()),
                    ("PGAPPNAME", "mainstay".to_owned()),
                    (
                        "PGOPTIONS",
                        format!(
                            "-c default_transaction_read_only={read_only} \
                             -c statement_timeout={milliseconds}{role}"
                        ),
                    ),
                ],
                account: self.account,
                group: self.group,
                deadline: self.deadline,
            },
            stop,
        )
        .await?;
        match said.code {
            Some(0) => Ok(said.out.trim_end_matches('\n').to_owned()),
            Some(NO_CONNECTION) | None => Err(Failure::new(Cause::DatabaseAway, short(&said.err))),
            code => Err(Failure::new(Cause::Other { code }, short(&said.err))),
        }
    }
}

/// Asks one of a database's own checks; what goes wrong is in the result.
pub async fn ask_check(
    session: Session<'_>,
    check: &SqlCheck,
    stop: &CancellationToken,
) -> SqlResult {
    let refused = |words: String| SqlResult { check: check.clone(), passed: false, seen: words };
    // Never taken on trust: a statement that begins with a backslash is a command to psql.
    if let Some(fault) = SqlCheck::fault(&check.statement) {
        return refused(format!("not asked: the query {fault}"));
    }
    let session = Session { role: Some(READER), read_only: true, ..session };
    let (passed, seen) = match session.ask(&check.statement, stop).await {
        Ok(answer) => (check.expect.holds(&answer), short(&answer)),
        Err(failure) => (false, failure.to_string()),
    };
    SqlResult { check: check.clone(), passed, seen }
}

/// A text in one line of bounded length.
pub fn short(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(ANSWER_MAX_CHARS) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// A value as a literal of SQL.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
