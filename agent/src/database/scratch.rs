//! Places for databases that are restored beside the real one: a folder, and a process group in
//! which everything runs that works on it.
//!
//! Invariant: a place goes with its holder. A guardian, which leads the group, waits for the end of
//! a pipe whose other end is the agent's; then it ends the group and removes the folder, whether
//! the agent let go, dropped it, or was killed. What even the guardian left is swept at the start.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use mainstay_core::backup::job::{Cause, Failure};
use rand::Rng;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, ChildStdin, Command};

use super::account::Account;
use super::run::{is_full, not_run};
use crate::driver::process::proc;

/// Marks the processes of a place with its folder.
pub const ENV_SCRATCH: &str = "MAINSTAY_SCRATCH";
/// Longest wait for a place to be gone; a large one takes its time.
const REMOVAL_DEADLINE: Duration = Duration::from_secs(600);
/// How often the sweep looks again, and how many times.
const SWEEP_POLL: Duration = Duration::from_millis(50);
const SWEEP_POLLS_MAX: u32 = 200;
/// Variables that the guardian needs.
const GUARDIAN_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Reads its input to the end; then ends its group ($$) and removes the folder ($1).
///
/// QUIT lets a postmaster end its own children, which are in groups of their own. Processes are
/// looked for in /proc without starting any, which would be of the group themselves.
const GUARDIAN: &str = r#"
trap '' QUIT TERM INT HUP
cat >/dev/null
others() {
    left=
    for stat in /proc/[0-9]*/stat; do
        { read -r line <"$stat"; } 2>/dev/null || continue
        pid=${stat#/proc/}; pid=${pid%/stat}
        set -- ${line##*) }
        if [ "$3" = "$$" ] && [ "$1" != Z ] && [ "$pid" != "$$" ]; then left="$left $pid"; fi
    done
}
kill -QUIT 0
n=0; others
while [ -n "$left" ] && [ "$n" -lt 100 ]; do sleep 0.1; n=$((n + 1)); others; done
if [ -n "$left" ]; then kill -KILL $left; sleep 0.2; fi
n=0
until rm -rf -- "$1" || [ "$n" -ge 20 ]; do sleep 0.1; n=$((n + 1)); done
[ ! -e "$1" ]
"#;

/// A place. Dropping it ends what runs there and removes it, in the background.
#[derive(Debug)]
pub struct Scratch {
    dir: PathBuf,
    group: i32,
    guardian: Child,
    // Never written to: closing it, however that happens, is the message.
    lifeline: Option<ChildStdin>,
}

impl Scratch {
    /// Makes a new place below `root`.
    pub fn make(root: &Path, account: Account) -> Result<Self, Failure> {
        let name: u32 = rand::rng().random();
        let dir = root.join(format!("{name:08x}"));
        let failed = |error: io::Error| not_made(&dir, &error);
        account.make_dir(root).map_err(failed)?;
        account.make_dir(&dir).map_err(failed)?;
        let shell = Path::new("/bin/sh");
        let started = Command::new(shell)
            .args(["-c", GUARDIAN, "mainstay-guardian"])
            .arg(&dir)
            .env_clear()
            .env("PATH", GUARDIAN_PATH)
            .env(ENV_SCRATCH, &dir)
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut guardian = match started {
            Ok(guardian) => guardian,
            Err(error) => {
                let _ = fs::remove_dir(&dir);
                return Err(not_run(shell, &error));
            }
        };
        let group = guardian.id().and_then(|pid| i32::try_from(pid).ok());
        let group = group.ok_or_else(|| Failure::new(Cause::BrokenOff, "the guardian is gone"))?;
        let lifeline = guardian.stdin.take();
        let place = Self { dir, group, guardian, lifeline };
        for name in ["data", "socket", "tablespaces", "lock"] {
            let dir = place.dir.join(name);
            account.make_dir(&dir).map_err(|error| not_made(&dir, &error))?;
        }
        Ok(place)
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the database is restored to; empty at first.
    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    pub fn socket(&self) -> PathBuf {
        self.dir.join("socket")
    }

    /// The process group that everything must join.
    pub fn group(&self) -> i32 {
        self.group
    }

    /// The mark that everything must carry.
    pub fn mark(&self) -> (&'static str, String) {
        (ENV_SCRATCH, self.dir.display().to_string())
    }

    /// Ends what runs there, removes the folder, and says whether nothing is left.
    pub async fn remove(mut self) -> Result<(), Failure> {
        drop(self.lifeline.take());
        let ended = tokio::time::timeout(REMOVAL_DEADLINE, self.guardian.wait()).await;
        let left = |words: String| Err(Failure::new(Cause::Other { code: None }, words));
        let dir = self.dir.display();
        match ended {
            Ok(Ok(status)) if status.success() && !self.dir.exists() => Ok(()),
            Ok(Ok(_)) => left(format!("{dir} could not be removed: look who uses it")),
            Ok(Err(error)) => left(format!("{dir}: its guardian was not heard: {error}")),
            Err(_) => {
                let seconds = REMOVAL_DEADLINE.as_secs();
                Err(Failure::new(Cause::TimedOut { seconds }, format!("removing {dir}")))
            }
        }
    }
}

fn not_made(dir: &Path, error: &io::Error) -> Failure {
    let cause = if is_full(error) { Cause::DiskFull } else { Cause::Setup };
    Failure::new(cause, format!("{} cannot be made: {error}", dir.display()))
}

/// Ends whatever still works below `root`, and removes all places there. Nobody may use one.
pub async fn sweep(root: &Path) -> io::Result<()> {
    if !root.exists() {
        return Ok(());
    }
    for _ in 0..SWEEP_POLLS_MAX {
        let left = working_below(root)?;
        if left.is_empty() && remove_all(root).is_ok() {
            return Ok(());
        }
        for pid in left.into_iter().filter_map(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
        }
        tokio::time::sleep(SWEEP_POLL).await;
    }
    Err(io::Error::other(format!("{} cannot be emptied: look who uses it", root.display())))
}

/// Processes that are marked with a place below `root`, or have their working directory there.
pub fn working_below(root: &Path) -> io::Result<Vec<i32>> {
    let found = proc::all(|pid| {
        let cwd = fs::read_link(format!("/proc/{pid}/cwd"));
        let marked = || {
            let environment = proc::Environment::of(pid)?;
            let mark = std::str::from_utf8(environment.value(ENV_SCRATCH)?).ok()?;
            Some(Path::new(mark).starts_with(root))
        };
        cwd.is_ok_and(|cwd| cwd.starts_with(root)) || marked().unwrap_or(false)
    })?;
    Ok(found.into_iter().map(|(pid, _)| pid).collect())
}

fn remove_all(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        tracing::info!(path = %path.display(), "a leftover of a former run is removed");
        fs::remove_dir_all(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Account {
        let uid = rustix::process::geteuid().as_raw();
        Account { uid, gid: rustix::process::getegid().as_raw() }
    }

    /// A program that runs in a place and does not end by itself.
    fn stubborn(place: &Scratch) -> Child {
        let (name, value) = place.mark();
        Command::new("/bin/sh")
            .args(["-c", "trap '' QUIT; while :; do sleep 600; done"])
            .env(name, value)
            .process_group(place.group())
            .spawn()
            .unwrap()
    }

    #[tokio::test]
    async fn a_place_goes_with_all_that_runs_in_it() {
        let root = tempfile::tempdir().unwrap();
        let place = Scratch::make(root.path(), own()).unwrap();
        let mut program = stubborn(&place);
        fs::write(place.data().join("file"), "x").unwrap();
        let working = working_below(root.path()).unwrap();
        assert!(working.contains(&place.group()), "the guardian");
        assert!(working.contains(&i32::try_from(program.id().unwrap()).unwrap()));
        place.remove().await.unwrap();
        assert!(!program.wait().await.unwrap().success());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
        assert!(working_below(root.path()).unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_dropped_place_is_removed_by_its_guardian() {
        let root = tempfile::tempdir().unwrap();
        let place = Scratch::make(root.path(), own()).unwrap();
        let dir = place.dir().to_owned();
        drop(place);
        let gone = async {
            while dir.exists() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), gone).await.unwrap();
    }

    #[tokio::test]
    async fn what_a_killed_guardian_left_is_swept() {
        let root = tempfile::tempdir().unwrap();
        let mut place = Scratch::make(root.path(), own()).unwrap();
        let mut program = stubborn(&place);
        place.guardian.kill().await.unwrap();
        drop(place);
        sweep(root.path()).await.unwrap();
        assert!(!program.wait().await.unwrap().success());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
        sweep(&root.path().join("never made")).await.unwrap();
    }
}
