//! A program that runs beside the lab, as Postgres' account, and ends with it however that ends.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use mainstay_agent::database::account::Account;
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};

/// Longest clean stop, and how often it is looked at.
const STOP: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// Waits for the end of its input, which comes when the lab is gone; then ends the group of the
/// program ($1) and the Postgres of the pid file ($2).
const GUARDIAN: &str = r#"
cat >/dev/null
kill -TERM "-$1" 2>/dev/null; sleep 0.5; kill -KILL "-$1" 2>/dev/null
pid=$(head -n 1 "$2" 2>/dev/null) && [ -n "$pid" ] && kill -INT "$pid" 2>/dev/null
"#;

/// What is started.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub account: Account,
    pub log: PathBuf,
    /// A Postgres that it starts and may leave behind.
    pub postmaster: Option<PathBuf>,
}

/// A running program; killed when dropped.
#[derive(Debug)]
pub(super) struct Daemon {
    process: Child,
    guardian: Child,
    // Never written to: closing it, however that happens, is the message.
    _lifeline: Option<ChildStdin>,
    postmaster: Option<PathBuf>,
}

impl Plan {
    pub(super) fn start(&self) -> io::Result<Daemon> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .current_dir("/")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        if let Some((uid, gid)) = self.account.to_become() {
            command.uid(uid).gid(gid);
        }
        let process = command.spawn()?;
        let mut guardian = Command::new("/bin/sh")
            .args(["-c", GUARDIAN, "mainstay-lab-guardian"])
            .arg(process.id().to_string())
            .arg(self.postmaster.as_deref().unwrap_or(Path::new("/nonexistent")))
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let lifeline = guardian.stdin.take();
        let postmaster = self.postmaster.clone();
        Ok(Daemon { process, guardian, _lifeline: lifeline, postmaster })
    }
}

impl Daemon {
    pub(super) fn is_running(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// As a loss of its machine: at once.
    pub(super) fn kill(mut self) {
        self.end(Signal::KILL, Signal::QUIT);
    }

    /// Cleanly, the Postgres too.
    pub(super) fn stop(mut self) {
        self.end(Signal::TERM, Signal::INT);
    }

    fn end(&mut self, signal: Signal, postgres: Signal) {
        let group = Pid::from_child(&self.process);
        let _ = match signal {
            Signal::KILL => kill_process_group(group, signal),
            _ => kill_process(group, signal),
        };
        let deadline = Instant::now() + STOP;
        while self.is_running() && Instant::now() < deadline {
            std::thread::sleep(POLL);
        }
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.process.wait();
        if let Some(pid) = self.postmaster.as_deref().and_then(postmaster) {
            let _ = kill_process(pid, postgres);
            while test_kill_process(pid).is_ok() && Instant::now() < deadline {
                std::thread::sleep(POLL);
            }
        }
        let _ = self.guardian.kill();
        let _ = self.guardian.wait();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.is_running() {
            self.end(Signal::KILL, Signal::INT);
        }
    }
}

/// The process of a pid file, if it is a Postgres that works there.
pub(super) fn postmaster(file: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(file).ok()?;
    let pid = text.lines().next()?.trim().parse().ok().and_then(Pid::from_raw)?;
    let cwd = std::fs::read_link(format!("/proc/{}/cwd", pid.as_raw_nonzero())).ok()?;
    (Some(cwd.as_path()) == file.parent()).then_some(pid)
}
