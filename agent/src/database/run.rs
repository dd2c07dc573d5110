//! Programs that run for a while and answer: bounded in time and output, ended with whatever they
//! started when nobody waits for them any more.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use mainstay_core::backup::job::{Cause, Failure};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use super::account::Account;
use crate::driver::process::child::INHERITED;

/// Longest output of one program that is kept; a listing of a year of the log stays below it.
const OUTPUT_MAX_BYTES: u64 = 256 << 20;
/// How long output is awaited after the end of a program; what it left behind may hold the pipe.
const DRAIN: Duration = Duration::from_secs(1);

/// What to run.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    pub program: &'a Path,
    pub arguments: Vec<String>,
    /// Variables beside the inherited ones.
    pub environment: Vec<(&'a str, String)>,
    pub account: Account,
    pub group: Group,
    pub deadline: Duration,
}

/// The process group of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// One of its own, which ends with it.
    Own,
    /// One of its own; what it leaves there after its ordinary end goes on.
    Leaving,
    /// One that somebody else ends.
    Join(i32),
}

/// What a program answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// `None`: a signal ended it.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    /// Both outputs, the errors last.
    pub fn all(&self) -> String {
        format!("{}\n{}", self.out.trim_end(), self.err.trim_end())
    }
}

/// Runs a program to its end. An exit code other than 0 is no error here.
///
/// # Errors
/// It cannot be started, takes longer than its deadline, or `stop` says so: it is ended then.
pub async fn call(call: &Call<'_>, stop: &CancellationToken) -> Result<Said, Failure> {
    call_with(call, stop, &mut |_| ()).await
}

/// The same; each line of the output is shown as it comes.
pub async fn call_with(
    call: &Call<'_>,
    stop: &CancellationToken,
    line: &mut (dyn FnMut(&str) + Send),
) -> Result<Said, Failure> {
    let mut child = start(call)?;
    let mut group = OwnGroup::of(call, &child);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let mut quiet = |_: &str| ();
    let reading =
        async { tokio::join!(read(stdout, &mut out, line), read(stderr, &mut err, &mut quiet)) };
    let ended = async {
        tokio::pin!(reading);
        tokio::select! {
            status = child.wait() => {
                let _ = tokio::time::timeout(DRAIN, reading).await;
                status
            }
            _ = &mut reading => child.wait().await,
        }
    };
    let status = tokio::select! {
        status = ended => status.map_err(|error| not_run(call.program, &error))?,
        () = stop.cancelled() => return Err(Failure::new(Cause::Cancelled, "")),
        () = tokio::time::sleep(call.deadline) => {
            let seconds = call.deadline.as_secs();
            return Err(Failure::new(Cause::TimedOut { seconds }, name(call.program)));
        }
    };
    if call.group == Group::Leaving {
        group.0 = None;
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Said { code: status.code(), out: text(out), err: text(err) })
}

/// Starts a program whose output is piped and that is killed when it is dropped.
fn start(call: &Call<'_>) -> Result<Child, Failure> {
    command(call)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| not_run(call.program, &error))
}

/// A command without output, in its group and as its account.
pub fn command(call: &Call<'_>) -> Command {
    let mut command = Command::new(call.program);
    command
        .args(&call.arguments)
        .env_clear()
        .envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        // What programs say is read by machines.
        .env("LC_ALL", "C")
        .envs(call.environment.iter().map(|(name, value)| (name, value)))
        .current_dir("/")
        .stdin(Stdio::null())
        .process_group(match call.group {
            Group::Own | Group::Leaving => 0,
            Group::Join(group) => group,
        })
        .kill_on_drop(true);
    if let Some((uid, gid)) = call.account.to_become() {
        command.uid(uid).gid(gid);
    }
    command
}

pub fn not_run(program: &Path, error: &std::io::Error) -> Failure {
    let cause = match error.kind() == std::io::ErrorKind::NotFound {
        true => Cause::Setup,
        false if is_full(error) => Cause::DiskFull,
        false => Cause::Other { code: None },
    };
    Failure::new(cause, format!("{} cannot be run: {error}", program.display()))
}

/// Whether the disk, or what the account may use of it, is full.
pub fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

fn name(program: &Path) -> &str {
    program.file_name().and_then(OsStr::to_str).unwrap_or_default()
}

/// Keeps the beginning of an output; reads all of it, so that nobody waits for a full pipe.
async fn read(
    output: Option<impl AsyncRead + Unpin>,
    kept: &mut Vec<u8>,
    line: &mut (dyn FnMut(&str) + Send),
) {
    let Some(output) = output else { return };
    let mut output = BufReader::new(output.take(OUTPUT_MAX_BYTES));
    let mut from = 0;
    while output.read_until(b'\n', kept).await.is_ok_and(|read| read > 0) {
        line(&String::from_utf8_lossy(&kept[from..]));
        from = kept.len();
    }
    let _ = tokio::io::copy(output.get_mut().get_mut(), &mut tokio::io::sink()).await;
}

/// Ends the group of a program that nobody waits for any more.
struct OwnGroup(Option<Pid>);

impl OwnGroup {
    fn of(call: &Call<'_>, child: &Child) -> Self {
        let pid = child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        match call.group {
            Group::Own | Group::Leaving => Self(pid),
            Group::Join(_) => Self(None),
        }
    }
}

impl Drop for OwnGroup {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Empty after an ordinary end. Its number cannot be another group's as long as
            // anything of it runs, and pids are given anew only after all others were.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, deadline: Duration) -> Call<'static> {
        let own = rustix::process::geteuid().as_raw();
        Call {
            program: Path::new("/bin/sh"),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            environment: vec![("WORD", "hello".to_owned())],
            account: Account { uid: own, gid: rustix::process::getegid().as_raw() },
            group: Group::Own,
            deadline,
        }
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn what_a_program_says_is_kept_and_shown() {
        let mut lines = Vec::new();
        let stop = CancellationToken::new();
        let script = shell("echo $WORD; echo two; echo no >&2; exit 3", LONG);
        let said = call_with(&script, &stop, &mut |line| lines.push(line.to_owned())).await;
        let said = said.unwrap();
        assert_eq!(
            (said.code, said.out.as_str(), said.err.as_str()),
            (Some(3), "hello\ntwo\n", "no\n")
        );
        assert_eq!(lines, ["hello\n", "two\n"]);
    }

    #[tokio::test]
    async fn what_it_leaves_behind_is_neither_awaited_nor_kept() {
        let stop = CancellationToken::new();
        let said = call(&shell("sleep 600 & echo $!", LONG), &stop).await.unwrap();
        let pid: i32 = said.out.trim().parse().unwrap();
        let gone = || crate::driver::process::proc::stat(pid).is_none();
        let deadline = std::time::Instant::now() + LONG;
        while !gone() && std::time::Instant::now() < deadline {
            tokio::task::yield_now().await;
        }
        assert!(gone());
    }

    #[tokio::test]
    async fn a_program_ends_when_it_is_late_or_not_wanted() {
        let stop = CancellationToken::new();
        let late = call(&shell("sleep 600", Duration::from_millis(1)), &stop).await.unwrap_err();
        assert!(matches!(late.cause, Cause::TimedOut { .. }), "{late}");
        stop.cancel();
        let unwanted = call(&shell("sleep 600", LONG), &stop).await.unwrap_err();
        assert_eq!(unwanted.cause, Cause::Cancelled);
        let mut missing = shell("", LONG);
        missing.program = Path::new("/nowhere/pgbackrest");
        let missing = call(&missing, &CancellationToken::new()).await.unwrap_err();
        assert_eq!(missing.cause, Cause::Setup);
    }
}
