//! A Postgres on restored files, for a while.
//!
//! Its settings are its own: those of the database were made for another machine and another
//! purpose, and on Debian do not lie among the files. Only what must not be smaller than it was is
//! taken over, from the control file. It listens on a socket that only its account can reach,
//! sends nothing away, and starts nothing by itself. Invariant: all settings that this rests on are
//! on the command line, which nobody who is let in can override.

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use chrono::{DateTime, Utc};
use mainstay_core::backup::job::{Cause, Failure, Reached};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::account::{Account, NOT_THROUGH_LINKS};
use super::config::Database;
use super::run::{Call, call, command, not_run};
use super::scratch::Place;
use super::sql::{Session, short};

/// Longest recovery.
const RECOVERY_DEADLINE: Duration = Duration::from_secs(6 * 3_600);
/// How often a recovery is looked at.
const RECOVERY_POLL: Duration = Duration::from_millis(100);
/// Longest wait for a clean stop, whose checkpoint writes what the recovery changed.
const STOP_DEADLINE: Duration = Duration::from_secs(1_800);
/// Longest run of a program that looks at the files or asks whether the recovery ended.
const LOOK_DEADLINE: Duration = Duration::from_secs(60);
/// A port is only a part of the socket's name here.
pub const PORT: u16 = 5432;
/// The end of the server's log that is told when it died.
const LOG_TAIL_BYTES: usize = 2_000;
/// What a recovery refuses to have less of than the database had, as the control file names it.
const AT_LEAST: [(&str, &str); 5] = [
    ("max_connections setting", "max_connections"),
    ("max_worker_processes setting", "max_worker_processes"),
    ("max_wal_senders setting", "max_wal_senders"),
    ("max_prepared_xacts setting", "max_prepared_transactions"),
    ("max_locks_per_xact setting", "max_locks_per_transaction"),
];
const CHECKSUMS: &str = "Data page checksum version";
/// Settings whatever those of the database were; the restored directory may name others.
const SETTINGS: [(&str, &str); 15] = [
    ("listen_addresses", ""),
    ("archive_command", ""),
    ("archive_mode", "off"),
    ("autovacuum", "off"),
    // In files of its own directory, which go with it also after a kill.
    ("dynamic_shared_memory_type", "mmap"),
    ("hot_standby", "on"),
    ("jit", "off"),
    ("logging_collector", "off"),
    ("log_destination", "stderr"),
    // A copy must not take its part as a subscriber.
    ("max_logical_replication_workers", "0"),
    ("primary_conninfo", ""),
    ("shared_buffers", "128MB"),
    ("shared_preload_libraries", ""),
    ("ssl", "off"),
    ("unix_socket_permissions", "0700"),
];

/// Restored files with the programs for them.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    pub database: &'a Database,
    pub account: Account,
    pub place: Place<'a>,
    pub files: Files,
}

/// How long restored files are to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// As long as the job, which a crash of the machine ends.
    Job,
    /// Over a crash of the machine.
    Kept,
}

/// What the control file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    settings: Vec<(String, String)>,
    pub has_checksums: bool,
}

/// A running server; killed when dropped.
#[derive(Debug)]
pub struct Server<'a> {
    site: Site<'a>,
    process: Child,
}

impl Site<'_> {
    pub fn program(&self, name: &str) -> PathBuf {
        self.database.bin_dir.join(name)
    }

    pub fn call<'b>(
        &self,
        program: &'b Path,
        arguments: Vec<String>,
        deadline: Duration,
    ) -> Call<'b> {
        Call {
            program,
            arguments,
            environment: vec![self.place.mark()],
            account: self.account,
            group: self.place.group,
            deadline,
        }
    }

    pub fn session<'b>(
        &'b self,
        socket: &'b Path,
        database: &'b str,
        deadline: Duration,
    ) -> Session<'b> {
        Session {
            bin_dir: &self.database.bin_dir,
            account: self.account,
            socket_dir: socket,
            port: PORT,
            user: &self.database.user,
            database,
            read_only: true,
            role: None,
            group: self.place.group,
            deadline,
        }
    }

    pub async fn control(&self, stop: &CancellationToken) -> Result<Control, Failure> {
        let program = self.program("pg_controldata");
        let data = self.place.data().display().to_string();
        let said = call(&self.call(&program, vec![data], LOOK_DEADLINE), stop).await?;
        match said.code {
            Some(0) => Ok(Control::parse(&said.out)),
            code => Err(Failure::new(Cause::Other { code }, short(&said.all()))),
        }
    }

    fn log(&self) -> PathBuf {
        self.place.dir.join("server.log")
    }

    fn log_tail(&self) -> String {
        let content = std::fs::read(self.log()).unwrap_or_default();
        let from = content.len().saturating_sub(LOG_TAIL_BYTES);
        let tail = String::from_utf8_lossy(&content[from..]).into_owned();
        let told = |line: &&str| ["FATAL", "PANIC", "ERROR"].iter().any(|sign| line.contains(sign));
        match tail.lines().filter(told).collect::<Vec<_>>() {
            lines if lines.is_empty() => short(&tail),
            lines => short(&lines.join(" ")),
        }
    }
}

impl Control {
    fn parse(text: &str) -> Self {
        let mut control = Self::default();
        for line in text.lines() {
            let Some((name, value)) = line.split_once(':') else { continue };
            if let Some((_, setting)) = AT_LEAST.iter().find(|(named, _)| *named == name) {
                control.settings.push(((*setting).to_owned(), value.trim().to_owned()));
            }
            control.has_checksums |= name == CHECKSUMS && value.trim() != "0";
        }
        control
    }
}

impl<'a> Server<'a> {
    /// Starts a server; it may still die at once.
    pub fn start(site: Site<'a>, control: &Control) -> Result<Self, Failure> {
        Ok(Self { site, process: spawn(&site, control, true)? })
    }

    /// Starts one that nobody ends by dropping it, its agent's end included.
    pub fn start_apart(site: Site<'a>, control: &Control) -> Result<Self, Failure> {
        Ok(Self { site, process: spawn(&site, control, false)? })
    }

    /// What it said last, if it has ended.
    pub fn ended(&mut self) -> Option<Failure> {
        self.process.try_wait().ok().flatten()?;
        Some(Failure::new(Cause::NotRecovered, self.site.log_tail()))
    }

    /// Waits until it has recovered, and says how far it came.
    pub async fn recovered(&mut self, stop: &CancellationToken) -> Result<Reached, Failure> {
        let socket = self.site.place.socket();
        let session = self.site.session(&socket, "postgres", LOOK_DEADLINE);
        let deadline = Instant::now() + RECOVERY_DEADLINE;
        loop {
            if let Ok(Some(_)) = self.process.try_wait() {
                return Err(Failure::new(Cause::NotRecovered, self.site.log_tail()));
            }
            match recovery(&session, stop).await {
                Ok(Some(reached)) => return Ok(reached),
                Err(failure) if failure.cause == Cause::Cancelled => return Err(failure),
                Ok(None) | Err(_) => {}
            }
            if Instant::now() >= deadline {
                let seconds = RECOVERY_DEADLINE.as_secs();
                return Err(Failure::new(Cause::TimedOut { seconds }, "the recovery"));
            }
            tokio::time::sleep(RECOVERY_POLL).await;
        }
    }

    /// Stops it cleanly, as the look at its pages needs it.
    pub async fn stop(mut self) -> Result<(), Failure> {
        let pid = self.process.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        if let Some(pid) = pid {
            // It is our child and not waited for, so the pid is still its own. INT: all sessions
            // end, then a checkpoint.
            let _ = kill_process(pid, Signal::INT);
        }
        match tokio::time::timeout(STOP_DEADLINE, self.process.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(_) => Err(Failure::new(Cause::BrokenOff, self.site.log_tail())),
            Err(_) => {
                let seconds = STOP_DEADLINE.as_secs();
                Err(Failure::new(Cause::TimedOut { seconds }, "the stop of the restored server"))
            }
        }
    }
}

/// Starts the program; its output goes to a file in its place.
fn spawn(site: &Site<'_>, control: &Control, with_holder: bool) -> Result<Child, Failure> {
    let failed = |error: std::io::Error| Failure::new(Cause::Setup, error.to_string());
    let dir = site.place.dir;
    let (config, rules) = (dir.join("postgresql.conf"), dir.join("pg_hba.conf"));
    site.account.replace(&config, "# All settings are on the command line.\n").map_err(failed)?;
    site.account.replace(&rules, "local all all trust\n").map_err(failed)?;
    let mut arguments = vec!["-D".to_owned(), site.place.data().display().to_string()];
    let mut set = |name: &str, value: &str| {
        arguments.extend(["-c".to_owned(), format!("{name}={value}")]);
    };
    for (name, value) in SETTINGS {
        set(name, value);
    }
    for (name, value) in &control.settings {
        set(name, value);
    }
    let fsync = match site.files {
        Files::Job => "off",
        Files::Kept => "on",
    };
    set("fsync", fsync);
    set("config_file", &config.display().to_string());
    set("hba_file", &rules.display().to_string());
    set("unix_socket_directories", &site.place.socket().display().to_string());
    set("port", &PORT.to_string());
    let program = site.program("postgres");
    let log = std::fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .custom_flags(NOT_THROUGH_LINKS)
        .open(site.log())
        .map_err(failed)?;
    let errors = log.try_clone().map_err(failed)?;
    command(&site.call(&program, arguments, RECOVERY_DEADLINE))
        .stdout(Stdio::from(log))
        .stderr(Stdio::from(errors))
        .kill_on_drop(with_holder)
        .spawn()
        .map_err(|error| not_run(&program, &error))
}

/// How far a recovery came, if it has ended. Both values stay known until a restart.
pub async fn recovery(
    session: &Session<'_>,
    stop: &CancellationToken,
) -> Result<Option<Reached>, Failure> {
    // tidy: allow sql: asked of a restored database, of which the store knows nothing
    if session.ask("SELECT pg_is_in_recovery()", stop).await? != "f" {
        return Ok(None);
    }
    // tidy: allow sql: asked of a restored database, of which the store knows nothing
    let statement = "SELECT pg_last_wal_replay_lsn(), \
                     (extract(epoch from pg_last_xact_replay_timestamp()) * 1000000)::bigint";
    let answer = session.ask(statement, stop).await?;
    let (position, micros) = answer.split_once('|').unwrap_or((&answer, ""));
    Ok(Some(Reached {
        position: (!position.is_empty()).then(|| position.to_owned()),
        last_commit: micros.parse().ok().and_then(DateTime::<Utc>::from_timestamp_micros),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_control_file_tells_what_a_recovery_needs() {
        let text = "pg_control version number:            1300\n\
            max_connections setting:              250\n\
            max_locks_per_xact setting:           64\n\
            Data page checksum version:           1\n";
        let control = Control::parse(text);
        assert!(control.has_checksums);
        let settings = [("max_connections", "250"), ("max_locks_per_transaction", "64")];
        assert_eq!(control.settings, settings.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert!(!Control::parse("Data page checksum version:           0\n").has_checksums);
    }
}
