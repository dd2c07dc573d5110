//! One child process: starting, watching, signalling, ending. Every child leads a process group
//! of its own, and is held by a pidfd, so that no signal can reach a stranger with its pid.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{self, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use mainstay_core::estate::Cause;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group};
use rustix::process::{pidfd_open, pidfd_send_signal};
use tokio::io::unix::AsyncFd;

use super::proc;
use super::record::ProcessId;

/// What a child's log may grow to; the part before is kept once.
const LOG_MAX_BYTES: u64 = 1024 * 1024;
/// How often a process is looked at whose pidfd cannot be waited on.
const POLL: Duration = Duration::from_secs(1);
/// Variables of the agent's own environment that its children get; no other, because secrets
/// travel in the environment.
pub const INHERITED: [&str; 7] =
    ["PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH"];

/// What to start.
#[derive(Debug)]
pub struct Order<'a> {
    pub program: &'a str,
    pub arguments: &'a [String],
    /// Variables with their values, beside the inherited ones.
    pub environment: &'a [(&'a str, String)],
    /// User and group that it gets; `None`: the agent's.
    pub account: Option<(u32, u32)>,
    /// File for standard output and error.
    pub log: &'a Path,
}

/// A process that is watched.
#[derive(Clone, Debug)]
pub struct Handle {
    pub id: ProcessId,
    pidfd: Arc<OwnedFd>,
}

/// A process of which nobody waits for the end yet.
#[derive(Debug)]
pub struct Unwatched {
    pub handle: Handle,
    /// `None`: it was started by a former run of the agent, so its status goes elsewhere.
    child: Option<process::Child>,
}

/// Starts a process.
pub fn start(order: &Order<'_>) -> io::Result<Unwatched> {
    let log = fs::OpenOptions::new().create(true).append(true).open(order.log)?;
    let mut command = Command::new(order.program);
    command
        .args(order.arguments)
        .env_clear()
        .envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .envs(order.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0);
    if let Some((uid, gid)) = order.account {
        command.uid(uid).gid(gid).current_dir("/");
    }
    let mut child = command.spawn()?;
    match hold(Pid::from_child(&child)) {
        Ok(handle) => Ok(Unwatched { handle, child: Some(child) }),
        Err(error) => {
            // A child that cannot be watched may not run.
            child.kill()?;
            child.wait()?;
            Err(error)
        }
    }
}

/// Takes over a process of a former run, if it is still the very same.
pub fn adopt(id: ProcessId) -> Option<Unwatched> {
    let handle = hold(Pid::from_raw(id.pid)?).ok()?;
    // Compared after the pidfd is held: from here on the pid cannot change its owner.
    (handle.id == id).then_some(Unwatched { handle, child: None })
}

fn hold(pid: Pid) -> io::Result<Handle> {
    let pidfd = pidfd_open(pid, PidfdFlags::NONBLOCK)?;
    let pid = pid.as_raw_nonzero().get();
    // One that is already dead has no start time; it is reported dead as soon as it is watched.
    let started_ticks = proc::stat(pid).map_or(0, |stat| stat.started_ticks);
    Ok(Handle { id: ProcessId { pid, started_ticks }, pidfd: Arc::new(pidfd) })
}

impl Handle {
    /// Asks the process to finish. One that is gone already is no error.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends the process and everything in its group.
    pub fn kill(&self) {
        if self.signal(Signal::KILL)
            && let Some(group) = Pid::from_raw(self.id.pid)
        {
            // The group exists as long as its leader does; if the leader just went, its watcher
            // ends the rest.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    fn signal(&self, signal: Signal) -> bool {
        match pidfd_send_signal(self.pidfd.as_fd(), signal) {
            Ok(()) => true,
            Err(rustix::io::Errno::SRCH) => false,
            Err(error) => {
                tracing::error!(%error, pid = self.id.pid, "a signal cannot be sent");
                false
            }
        }
    }
}

impl Unwatched {
    /// Waits for the end and says how it came. What the process left in its group is ended.
    pub async fn ended(mut self, data_dir: Arc<Path>) -> Cause {
        #[expect(
            deprecated,
            reason = "its successor is unsafe; sound here, an OwnedFd stays open while it is held"
        )]
        let registered = AsyncFd::new(self.handle.pidfd.clone());
        let readable = match registered {
            Ok(pidfd) => pidfd.readable().await.map(|_| ()),
            Err(error) => Err(error),
        };
        if let Err(error) = readable {
            tracing::error!(%error, pid = self.handle.id.pid, "a process is watched by polling");
            self.polled_to_its_end().await;
        }
        self.end_group(&data_dir);
        let Some(child) = &mut self.child else {
            return Cause::Vanished;
        };
        match child.wait() {
            Ok(status) => match (status.code(), status.signal()) {
                (Some(code), _) => Cause::Exited { code },
                (None, Some(signal)) => Cause::Killed { signal },
                (None, None) => Cause::Vanished,
            },
            Err(_) => Cause::Vanished,
        }
    }

    async fn polled_to_its_end(&self) {
        let ProcessId { pid, started_ticks } = self.handle.id;
        while proc::stat(pid).is_some_and(|stat| stat.started_ticks == started_ticks) {
            tokio::time::sleep(POLL).await;
        }
    }

    fn end_group(&self, data_dir: &Path) {
        let pid = self.handle.id.pid;
        // Our own child is a zombie until it is waited for, so its pid and group are still its
        // own. The pid of an adopted one is free: only a group that carries our mark is ended.
        let ours = self.child.is_some()
            || proc::marked(data_dir)
                .is_ok_and(|all| all.iter().any(|p| p.stat.process_group == pid));
        if let (true, Some(group)) = (ours, Pid::from_raw(pid)) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// A port on which nobody listens: the preferred one if it can be had.
pub fn free_port(address: IpAddr, preferred: Option<u16>) -> io::Result<u16> {
    let free = |port| {
        TcpListener::bind(SocketAddr::new(address, port))
            .and_then(|listener| listener.local_addr())
            .map(|address| address.port())
    };
    match preferred.map(free) {
        Some(Ok(port)) => Ok(port),
        Some(Err(_)) | None => free(0),
    }
}

/// Cuts a log that has grown too long. The child appends, so it goes on at the new end.
pub fn bound_log(log: &Path) -> io::Result<()> {
    match fs::metadata(log) {
        Ok(metadata) if metadata.len() > LOG_MAX_BYTES => {
            fs::copy(log, log.with_extension("log.1"))?;
            fs::OpenOptions::new().write(true).open(log)?.set_len(0)
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
