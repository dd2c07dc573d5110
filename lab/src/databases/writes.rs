//! Who writes to a database, and what was acknowledged.
//!
//! Invariant: a write counts as acknowledged when its session answered that it is committed, and
//! is then in the ledger of its database, whatever becomes of the database.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::ensure;
use chrono::Utc;
use mainstay_agent::database::account::Account;
use rand::Rng;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::MissedTickBehavior;

/// The database of the cluster in which the data is.
pub(super) const DATABASE: &str = "app";
/// Accounts that move money to orders.
pub(super) const ACCOUNTS: u32 = 5_000;
/// Pause before a writer whose session ended begins another.
const AGAIN: Duration = Duration::from_secs(1);
/// Longest question about what is there.
const QUESTION: Duration = Duration::from_secs(10);

/// Where a database is asked.
#[derive(Clone, Debug)]
pub(super) struct Door {
    pub psql: PathBuf,
    /// Socket directories, divided by commas; the one that takes writes is found.
    pub sockets: String,
    pub port: u16,
    pub account: Account,
}

/// Numbers of writes that were acknowledged, also in a file, one a line.
#[derive(Clone, Debug)]
pub(super) struct Ledger(Arc<Mutex<Acknowledged>>);

#[derive(Debug)]
struct Acknowledged {
    file: File,
    /// From, to; without gaps inside, in order.
    runs: Vec<(u64, u64)>,
}

impl Ledger {
    /// With what a former run of the lab wrote.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let mut known = Acknowledged { file, runs: Vec::new() };
        text.lines().filter_map(|line| line.parse().ok()).for_each(|number| known.add(number));
        Ok(Self(Arc::new(Mutex::new(known))))
    }

    pub(super) fn count(&self) -> u64 {
        self.lock().runs.iter().map(|(from, to)| to - from + 1).sum()
    }

    /// How many of these the database does not have.
    pub(super) async fn missing(&self, door: &Door) -> anyhow::Result<u64> {
        let runs = self.lock().runs.clone();
        if runs.is_empty() {
            return Ok(0);
        }
        let acknowledged: u64 = runs.iter().map(|(from, to)| to - from + 1).sum();
        let values: Vec<_> = runs.iter().map(|(from, to)| format!("({from}, {to})")).collect();
        let statement = format!(
            // tidy: allow sql: asked of a database of the lab, of which the store knows nothing
            "SELECT count(*) FROM (VALUES {}) run (low, high) JOIN writes ON number BETWEEN low \
             AND high",
            values.join(", ")
        );
        let there: u64 = door.ask(&statement).await?.parse()?;
        Ok(acknowledged.saturating_sub(there))
    }

    fn add(&self, number: u64) {
        let mut known = self.lock();
        known.add(number);
        if let Err(error) = writeln!(known.file, "{number}") {
            tracing::error!(%error, "a write is not in the ledger");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Acknowledged> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Acknowledged {
    fn add(&mut self, number: u64) {
        match self.runs.last_mut() {
            Some((_, to)) if *to + 1 == number => *to = number,
            Some(_) | None => self.runs.push((number, number)),
        }
    }
}

impl Door {
    /// One statement, through a session of its own.
    pub(super) async fn ask(&self, statement: &str) -> anyhow::Result<String> {
        let mut command = self.command();
        let asked = command.args(["-v", "ON_ERROR_STOP=1", "-c", statement]).stderr(Stdio::piped());
        let output = tokio::time::timeout(QUESTION, asked.output()).await??;
        let words = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{}", words.trim());
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Makes the database in which the data is, unless it is there.
    pub(super) async fn create(&self) -> anyhow::Result<()> {
        let mut command = self.command_in("postgres");
        let statement = format!(
            // tidy: allow sql: asked of a database of the lab, of which the store knows nothing
            "SELECT 'CREATE DATABASE {DATABASE}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE \
             datname = '{DATABASE}') \\gexec\n"
        );
        let mut session = command.stdin(Stdio::piped()).args(["-v", "ON_ERROR_STOP=1"]).spawn()?;
        if let Some(mut input) = session.stdin.take() {
            input.write_all(statement.as_bytes()).await?;
        }
        ensure!(session.wait().await?.success(), "the database {DATABASE} cannot be made");
        Ok(())
    }

    fn command(&self) -> Command {
        self.command_in(DATABASE)
    }

    fn command_in(&self, database: &str) -> Command {
        let mut command = Command::new(&self.psql);
        command
            .args(["-X", "-q", "-A", "-t", "--no-password", "-U", "postgres", "-d", database])
            .args(["-h", &self.sockets, "-p", &self.port.to_string()])
            .env("PGTARGETSESSIONATTRS", "read-write")
            .env("PGCONNECT_TIMEOUT", "3")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Ctrl-C is for the lab alone.
            .process_group(0)
            .kill_on_drop(true);
        if let Some((uid, gid)) = self.account.to_become() {
            command.uid(uid).gid(gid);
        }
        command
    }

    fn open(&self, ledger: Option<&Ledger>) -> io::Result<(Child, ChildStdin)> {
        let mut session = self.command().stdin(Stdio::piped()).spawn()?;
        let input = session.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        if let (Some(output), Some(ledger)) = (session.stdout.take(), ledger.cloned()) {
            let mut lines = BufReader::new(output).lines();
            // Ends with the session.
            tokio::spawn(async move {
                while let Ok(Some(line)) = lines.next_line().await {
                    line.parse().into_iter().for_each(|number| ledger.add(number));
                }
            });
        }
        Ok((session, input))
    }
}

/// What makes the data, in one transaction. What accounts and orders hold together stays the same
/// for ever.
pub(super) fn schema() -> String {
    format!(
        // tidy: allow sql: asked of a database of the lab, of which the store knows nothing
        "CREATE TABLE accounts (id integer PRIMARY KEY, balance bigint NOT NULL); \
         CREATE TABLE orders (id bigserial PRIMARY KEY, account integer NOT NULL REFERENCES \
         accounts, amount bigint NOT NULL, placed_at timestamptz NOT NULL DEFAULT now()); \
         INSERT INTO accounts SELECT id, 1000000 FROM generate_series(1, {ACCOUNTS}) id; \
         INSERT INTO orders (account, amount) SELECT id, 0 FROM accounts"
    )
}

/// Makes transactions for ever, through one session of `psql`. While the database is away there is
/// none. With a ledger each has a number.
pub(super) async fn write(door: Door, rate: f64, ledger: Option<Ledger>) {
    let mut session: Option<(Child, ChildStdin)> = None;
    // Never one that a former run of the lab gave.
    let mut number = u64::try_from(Utc::now().timestamp_micros()).unwrap_or_default();
    let mut period = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
    period.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        period.tick().await;
        number += 1;
        let account = rand::rng().random_range(1..=ACCOUNTS);
        let statement = transaction(account, ledger.is_some().then_some(number));
        let written = match &mut session {
            Some((_, input)) => input.write_all(statement.as_bytes()).await.is_ok(),
            None => false,
        };
        if !written {
            session = door.open(ledger.as_ref()).ok();
            tokio::time::sleep(AGAIN).await;
        }
    }
}

fn transaction(account: u32, number: Option<u64>) -> String {
    // tidy: allow sql: told to a database of the lab, of which the store knows nothing
    let paid = format!(
        "WITH paid AS (UPDATE accounts SET balance = balance - 7 WHERE id = {account} RETURNING id)"
    );
    // tidy: allow sql: told to a database of the lab, of which the store knows nothing
    let order = "INSERT INTO orders (account, amount) SELECT id, 7 FROM paid";
    match number {
        None => format!("{paid} {order};\n"),
        // tidy: allow sql: told to a database of the lab, of which the store knows nothing
        Some(number) => format!(
            "{paid}, ordered AS ({order}) INSERT INTO writes VALUES ({number}) RETURNING number;\n"
        ),
    }
}
