//! A child process of a test with all that it started.
//!
//! Invariant: it is the leader of a group, and the group ends when this is dropped or when the test
//! program is gone, however that happened. What it put into groups of its own it must end itself:
//! such a process is asked first ([`Ending::Asked`]).

use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::wait::until;

/// Waits for the end of its input, which comes when the test program is gone; asks the process ($1)
/// if there is time for that ($2, in tenths of a second), and kills its group.
const GUARDIAN: &str = r#"
cat >/dev/null
n=$2
[ "$n" -gt 0 ] && kill -TERM "$1"
while kill -0 "$1" 2>/dev/null && [ "$n" -gt 0 ]; do sleep 0.1; n=$((n - 1)); done
kill -KILL "-$1"
"#;
/// Time for a process that is asked to end.
const ASKED_TENTHS: u32 = 150;
const LOG_TAIL_LINES: usize = 25;

/// How a process ends when it is no longer needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Killed.
    AtOnce,
    /// Asked to end, so that it can end what it started; killed only when it takes too long.
    Asked,
}

/// A running (or ended) child.
#[derive(Debug)]
pub struct Process {
    ending: Ending,
    name: String,
    child: Child,
    guardian: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program; what it prints goes to `log`, after what is there already.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(name: &str, command: &mut Command, log: &Path, ending: Ending) -> Result<Self> {
        let file = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("opening {}", log.display()))?;
        let child = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        let guardian = Command::new("/bin/sh")
            .args(["-c", GUARDIAN, "mainstay-test-guardian", &child.id().to_string()])
            .arg(match ending {
                Ending::AtOnce => "0".to_owned(),
                Ending::Asked => ASKED_TENTHS.to_string(),
            })
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting a guardian")?;
        Ok(Self { ending, name: name.to_owned(), child, guardian, log: log.to_owned() })
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// An error with the end of its log when it has ended.
    ///
    /// # Errors
    /// As said.
    pub fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("the {} ended ({status}):\n{}", self.name, self.log_tail()),
        }
    }

    /// The last lines that it printed.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let text = self.log_text();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
    }

    /// Everything that it printed.
    #[must_use]
    pub fn log_text(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Kills it alone with SIGKILL, as a crash would; its children live on.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop and waits for the end.
    ///
    /// # Errors
    /// When it takes too long, or ends with another status than 0.
    pub async fn stop(&mut self, patience: Duration) -> Result<()> {
        // An error means that it ended already, which the wait sees.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let what = format!("the {} stops", self.name);
        let status: ExitStatus =
            until(&what, patience, async || self.child.try_wait().ok().flatten()).await?;
        if !status.success() {
            bail!("the {} ended with {:?}:\n{}", self.name, status.code().or(status.signal()), {
                self.log_tail()
            });
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The guardian first, lest it act on a number that is somebody else's by then.
        let _ = self.guardian.kill();
        let _ = self.guardian.wait();
        let pid = Pid::from_child(&self.child);
        if self.ending == Ending::Asked && matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process(pid, Signal::TERM);
            let deadline = Instant::now() + Duration::from_millis(100) * ASKED_TENTHS;
            while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        let _ = kill_process_group(pid, Signal::KILL);
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- the end of the log of the {}:\n{}", self.name, self.log_tail());
        }
    }
}
