//! Places for databases that are restored beside the real one: a folder, and a process group in
//! which everything runs that works on it.
//!
//! Invariant: a place goes with its holder. A guardian, which leads the group, waits for the end of
//! a pipe whose other end is the agent's; then it ends the group and removes the folder, whether
//! the agent let go, dropped it, or was killed. What even the guardian left is swept at the start.
//! Only a place that is to stay is left by its guardian, on its holder's word: whoever gave it
//! answers for the folder from then on ([`keep`](super::keep)).

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use mainstay_core::backup::job::{Cause, Failure};
use rand::Rng;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};

use super::account::Account;
use super::run::{Group, is_full, not_run};
use crate::driver::process::proc;

/// Marks the processes of a place with its folder.
pub const ENV_SCRATCH: &str = "MAINSTAY_SCRATCH";
/// Longest wait for a place to be gone; a large one takes its time.
const REMOVAL_DEADLINE: Duration = Duration::from_secs(600);
/// Folders of a place.
const FOLDERS: [&str; 4] = ["data", "socket", "tablespaces", "lock"];
/// How often the sweep looks again, and how many times.
const SWEEP_POLL: Duration = Duration::from_millis(50);
const SWEEP_POLLS_MAX: u32 = 200;
/// Folder below the root for places that are to stay; no other place has this name.
const KEPT: &str = "kept";
/// Variables that the guardian needs.
const GUARDIAN_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Reads its input to the end; then ends its group ($$) and removes the folder ($1). Told to leave,
/// it goes and touches neither.
///
/// QUIT lets a postmaster end its own children, which are in groups of their own. Processes are
/// looked for in /proc without starting any, which would be of the group themselves.
const GUARDIAN: &str = r#"
trap '' QUIT TERM INT HUP
word=
read -r word
[ "$word" = leave ] && exit 0
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
    // Closing it, however that happens, is the message; one word is the other.
    lifeline: Option<ChildStdin>,
}

/// What is worked on in a folder.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub dir: &'a Path,
    /// What everything that runs there must join.
    pub group: Group,
}

impl Place<'_> {
    /// Where the database is restored to; empty at first.
    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    pub fn socket(&self) -> PathBuf {
        self.dir.join("socket")
    }

    /// The mark that everything must carry.
    pub fn mark(&self) -> (&'static str, String) {
        (ENV_SCRATCH, self.dir.display().to_string())
    }
}

/// Where places are made that are to stay.
pub fn kept_root(root: &Path) -> PathBuf {
    root.join(KEPT)
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
        for name in FOLDERS {
            let dir = place.dir.join(name);
            account.make_dir(&dir).map_err(|error| not_made(&dir, &error))?;
        }
        Ok(place)
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn place(&self) -> Place<'_> {
        Place { dir: &self.dir, group: Group::Join(self.group) }
    }

    /// Lets the guardian go: the folder stays, and the caller answers for it from now on. Nothing
    /// may run there.
    ///
    /// # Errors
    /// The guardian was not there to be let go: the folder is not to be used.
    pub async fn leave(mut self) -> Result<PathBuf, Failure> {
        if let Some(mut lifeline) = self.lifeline.take() {
            // One that is gone already does not hear it, which its end shows.
            let _ = lifeline.write_all(b"leave\n").await;
        }
        let ended = tokio::time::timeout(REMOVAL_DEADLINE, self.guardian.wait()).await;
        match ended {
            Ok(Ok(status)) if status.success() && self.dir.exists() => Ok(self.dir.clone()),
            Ok(_) | Err(_) => {
                let words = format!("the guardian of {} was not there", self.dir.display());
                Err(Failure::new(Cause::BrokenOff, words))
            }
        }
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

/// Ends whatever still works below `root`, and removes all places there but those that are to stay.
/// Nobody may use one of the others.
pub async fn sweep(root: &Path, staying: &BTreeSet<PathBuf>) -> io::Result<()> {
    if !root.exists() {
        return Ok(());
    }
    for _ in 0..SWEEP_POLLS_MAX {
        let left = working_below(root, staying)?;
        if left.is_empty() && remove_all(root, staying).is_ok() {
            return Ok(());
        }
        for pid in left.into_iter().filter_map(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
        }
        tokio::time::sleep(SWEEP_POLL).await;
    }
    Err(io::Error::other(format!("{} cannot be emptied: look who uses it", root.display())))
}

/// Ends and removes everything that stays below `root`. Nobody may keep it.
pub async fn remove_kept(root: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(kept_root(root)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        remove(&entry?.path()).await?;
    }
    Ok(())
}

/// Ends the server of a place that was left, and removes it. A server whose children still wait for
/// its word is asked first.
pub async fn remove(dir: &Path) -> io::Result<()> {
    let data = dir.join("data");
    for poll in 0..SWEEP_POLLS_MAX {
        // Those of the server only: whoever looked into the folder meant no harm.
        let left = working_below(&data, &BTreeSet::new())?;
        if left.is_empty() {
            let dir = dir.to_owned();
            let removed = tokio::task::spawn_blocking(move || match fs::remove_dir_all(&dir) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                Ok(()) | Err(_) => Ok(()),
            });
            return removed.await.map_err(io::Error::other)?;
        }
        let signal = match poll {
            // QUIT lets the postmaster end its children and give back what the kernel holds.
            0 => Signal::QUIT,
            poll if poll < SWEEP_POLLS_MAX / 2 => {
                tokio::time::sleep(SWEEP_POLL).await;
                continue;
            }
            _ => Signal::KILL,
        };
        for pid in left.into_iter().filter_map(Pid::from_raw) {
            let _ = kill_process(pid, signal);
        }
        tokio::time::sleep(SWEEP_POLL).await;
    }
    Err(io::Error::other(format!("{} cannot be removed: look who uses it", dir.display())))
}

/// Processes that are marked with a place below `root`, or have their working directory there, and
/// not in one that is to stay.
pub fn working_below(root: &Path, staying: &BTreeSet<PathBuf>) -> io::Result<Vec<i32>> {
    let counts = |path: &Path| {
        path.starts_with(root) && !path.ancestors().any(|above| staying.contains(above))
    };
    let found = proc::all(|pid| {
        let cwd = fs::read_link(format!("/proc/{pid}/cwd"));
        let marked = || {
            let environment = proc::Environment::of(pid)?;
            let mark = std::str::from_utf8(environment.value(ENV_SCRATCH)?).ok()?;
            Some(counts(Path::new(mark)))
        };
        cwd.is_ok_and(|cwd| counts(&cwd)) || marked().unwrap_or(false)
    })?;
    Ok(found.into_iter().map(|(pid, _)| pid).collect())
}

fn remove_all(root: &Path, staying: &BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if staying.contains(&path) {
            continue;
        }
        if staying.iter().any(|place| place.starts_with(&path)) {
            remove_all(&path, staying)?;
            continue;
        }
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
        let (name, value) = place.place().mark();
        Command::new("/bin/sh")
            .args(["-c", "trap '' QUIT; while :; do sleep 600; done"])
            .env(name, value)
            .process_group(place.group)
            .spawn()
            .unwrap()
    }

    #[tokio::test]
    async fn a_place_goes_with_all_that_runs_in_it() {
        let root = tempfile::tempdir().unwrap();
        let place = Scratch::make(root.path(), own()).unwrap();
        let mut program = stubborn(&place);
        fs::write(place.place().data().join("file"), "x").unwrap();
        let none = BTreeSet::new();
        let working = working_below(root.path(), &none).unwrap();
        assert!(working.contains(&place.group), "the guardian");
        assert!(working.contains(&i32::try_from(program.id().unwrap()).unwrap()));
        place.remove().await.unwrap();
        assert!(!program.wait().await.unwrap().success());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
        assert!(working_below(root.path(), &none).unwrap().is_empty());
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
        sweep(root.path(), &BTreeSet::new()).await.unwrap();
        assert!(!program.wait().await.unwrap().success());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
        sweep(&root.path().join("never made"), &BTreeSet::new()).await.unwrap();
    }

    #[tokio::test]
    async fn a_place_that_is_to_stay_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let make = || Scratch::make(&kept_root(root.path()), own()).unwrap();
        let (stays, goes) = (make(), make());
        let gone = goes.leave().await.unwrap();
        let dir = stays.leave().await.unwrap();
        assert!(dir.join("data").is_dir() && gone.is_dir(), "both were left");
        let mut program = Command::new("/bin/sleep").arg("600").current_dir(&dir).spawn().unwrap();
        let staying = BTreeSet::from([dir.clone()]);
        sweep(root.path(), &staying).await.unwrap();
        assert!(dir.is_dir() && !gone.exists());
        assert!(program.try_wait().unwrap().is_none(), "what runs there goes on");
        sweep(root.path(), &BTreeSet::new()).await.unwrap();
        assert!(!program.wait().await.unwrap().success());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
        let mut alone = make();
        alone.guardian.kill().await.unwrap();
        assert!(alone.leave().await.is_err(), "nobody says what became of it");
    }
}
