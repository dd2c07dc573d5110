//! The processes that `up` starts: their logs, their end, and their end when `up` itself is killed.
//!
//! Invariant: children are stopped in the reverse order of their start.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal};

use crate::repo;
use crate::step::seconds;

/// How long a child may take to stop by itself: a database of the lab takes up to half a minute.
const STOP_TIMEOUT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);
const TAIL_LINES: usize = 15;

/// Waits for the end of its input, which comes when `up` is gone, and then asks the child to stop.
const GUARDIAN: &str = "cat >/dev/null; kill -TERM \"$1\"";

/// Children, oldest first.
pub(super) struct Children {
    log_dir: PathBuf,
    running: Vec<Running>,
}

struct Running {
    name: &'static str,
    process: Child,
    guardian: Child,
}

impl Children {
    pub(super) fn new(log_dir: PathBuf) -> Result<Self> {
        fs::create_dir_all(&log_dir).with_context(|| format!("creating {}", log_dir.display()))?;
        Ok(Self { log_dir, running: Vec::new() })
    }

    /// Starts a child whose output goes to its log (the previous run's log becomes `.old`).
    pub(super) fn start(&mut self, name: &'static str, command: &mut Command) -> Result<()> {
        let path = self.log_path(name);
        let _ = fs::rename(&path, path.with_extension("log.old"));
        let log = File::create(&path).with_context(|| format!("creating {}", path.display()))?;
        // Its own group: Ctrl-C reaches `up` alone, which then stops the children in order.
        let process = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("starting the {name}"))?;
        let guardian = Command::new("/bin/sh")
            .args(["-c", GUARDIAN, "mainstay-up-guardian", &process.id().to_string()])
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("starting the guardian of the {name}"))?;
        self.running.push(Running { name, process, guardian });
        Ok(())
    }

    /// An error with the end of its log when a child has ended.
    pub(super) fn check(&mut self) -> Result<()> {
        for child in &mut self.running {
            if let Some(status) = child.process.try_wait()? {
                let name = child.name;
                bail!(
                    "the {name} ended ({status}); the end of {}:\n{}",
                    self.log_path(name).display(),
                    self.log_tail(name)
                );
            }
        }
        Ok(())
    }

    pub(super) fn log_tail(&self, name: &str) -> String {
        repo::tail(&self.log_path(name), TAIL_LINES)
    }

    fn log_path(&self, name: &str) -> PathBuf {
        self.log_dir.join(format!("{name}.log"))
    }

    /// Stops all, newest first; says which had to be killed.
    pub(super) fn stop_all(&mut self) -> Result<()> {
        let mut killed = Vec::new();
        while let Some(mut child) = self.running.pop() {
            let _ = child.guardian.kill();
            let _ = child.guardian.wait();
            if !stop(&mut child.process) {
                killed.push(child.name);
            }
        }
        if killed.is_empty() {
            return Ok(());
        }
        bail!("killed after {}: {}", seconds(STOP_TIMEOUT), killed.join(", "))
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        if let Err(error) = self.stop_all() {
            eprintln!("{error:#}");
        }
    }
}

/// Asks a process to stop; false when it had to be killed.
fn stop(process: &mut Child) -> bool {
    if matches!(process.try_wait(), Ok(Some(_))) {
        return true;
    }
    let _ = rustix::process::kill_process(Pid::from_child(process), Signal::TERM);
    let deadline = Instant::now() + STOP_TIMEOUT;
    while Instant::now() < deadline {
        if matches!(process.try_wait(), Ok(Some(_))) {
            return true;
        }
        thread::sleep(POLL);
    }
    let _ = process.kill();
    let _ = process.wait();
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_ended_is_told_with_the_end_of_its_log() {
        let dir = tempfile::tempdir().unwrap();
        let mut children = Children::new(dir.path().join("log")).unwrap();
        let mut failing = Command::new("/bin/sh");
        failing.args(["-c", "echo first; echo the reason >&2; exit 3"]);
        children.start("server", &mut failing).unwrap();
        let error = loop {
            match children.check() {
                Ok(()) => thread::yield_now(),
                Err(error) => break error.to_string(),
            }
        };
        assert!(error.contains("exit status: 3") && error.contains("the reason"), "{error}");
    }

    #[test]
    fn children_stop_newest_first() {
        let dir = tempfile::tempdir().unwrap();
        let mut children = Children::new(dir.path().join("log")).unwrap();
        let order = dir.path().join("order");
        for name in ["server", "lab"] {
            let mut child = Command::new("/bin/sh");
            let script = "trap 'kill $!; echo $1 >> $2; exit 0' TERM; tail -f /dev/null & \
                          : > $2.$1; wait";
            child.args(["-c", script, "sh", name]).arg(&order);
            children.start(name, &mut child).unwrap();
            while !dir.path().join(format!("order.{name}")).exists() {
                thread::yield_now();
            }
        }
        children.stop_all().unwrap();
        assert_eq!(fs::read_to_string(order).unwrap(), "lab\nserver\n");
    }
}
