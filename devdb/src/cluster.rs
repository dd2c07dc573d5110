//! One Postgres cluster: made once, started, restarted, killed, stopped.
//!
//! Invariants: `Cluster` exists only while its place is locked; dropping it stops the server; the
//! connection address stays the same over restarts.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal};
use tempfile::TempDir;

use crate::account::Account;
use crate::place::{Place, private_dir};
use crate::programs::Programs;
use crate::session;

const START_TIMEOUT: Duration = Duration::from_secs(60);
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
/// How often a condition of another process is looked at again.
const POLL: Duration = Duration::from_millis(20);
/// Lines of Postgres' log shown with an error.
const LOG_TAIL_LINES: usize = 8;

/// Waits for the end of its input, which comes when the process holding the other end is gone; then
/// stops the server ($1: its pid) if that pid is still the one in the pid file ($2), and removes
/// what was temporary ($3…).
const GUARDIAN: &str = r#"
cat >/dev/null
pid=$1; file=$2; shift 2
if [ "$(head -n 1 "$file" 2>/dev/null)" = "$pid" ]; then
    kill -INT "$pid"
    n=0
    while kill -0 "$pid" 2>/dev/null && [ "$n" -lt 300 ]; do sleep 0.1; n=$((n + 1)); done
    kill -KILL "$pid" 2>/dev/null
fi
rm -rf "$@"
"#;

/// What a caller may choose.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The programs to use; found (not installed) when absent.
    pub programs: Option<Programs>,
    /// Settings of `postgresql.conf` for this run, such as `("max_connections", "200")`.
    pub settings: Vec<(String, String)>,
    /// Lose data in a crash of the machine, for speed. For tests.
    pub fast: bool,
    /// Make a new cluster with checksums on its pages.
    pub checksums: bool,
}

/// A running private cluster. Stops when dropped.
#[derive(Debug)]
pub struct Cluster {
    programs: Programs,
    account: Account,
    place: Place,
    settings: Vec<(String, String)>,
    checksums: bool,
    server: Option<Server>,
    /// Holds the whole place when nothing of it is to be kept.
    temporary: Option<TempDir>,
}

/// The running postmaster and the guardian that stops it if this process dies.
#[derive(Debug)]
struct Server {
    process: Child,
    guardian: Child,
    // Never written to: closing it, however that happens, is the message.
    lifeline: Option<ChildStdin>,
}

impl Cluster {
    /// Starts the cluster kept in `dir`, making it on the first call.
    ///
    /// # Errors
    /// When no programs are found ([`crate::Missing`]), another process uses `dir`, its data is of
    /// another major version, or Postgres does not start (with the end of its log).
    pub fn start(dir: &Path, options: &Options) -> Result<Self> {
        let programs = match &options.programs {
            Some(programs) => programs.clone(),
            None => Programs::find()?,
        };
        let account = Account::choose()?;
        let mut cluster = Self {
            place: Place::take(dir, account)?,
            settings: settings(options),
            checksums: options.checksums,
            server: None,
            temporary: None,
            programs,
            account,
        };
        cluster.stop_leftover()?;
        cluster.initialise()?;
        cluster.launch()?;
        Ok(cluster)
    }

    /// Starts an empty cluster that is removed at the end.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn temporary(options: &Options) -> Result<Self> {
        let account = Account::choose()?;
        let mut parent = std::env::temp_dir();
        if !account.can_enter(&parent) {
            parent = PathBuf::from("/tmp");
        }
        let dir = private_dir(&parent, "mainstay-db-", account)?;
        let mut cluster = Self::start(dir.path(), options)?;
        cluster.temporary = Some(dir);
        cluster.renew_guardian()?;
        Ok(cluster)
    }

    /// The address of a database of this cluster, as `DATABASE_URL` wants it.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let socket = self.place.socket.path().display();
        format!("postgres://postgres@localhost/{database}?host={socket}")
    }

    /// Postgres' data directory.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.place.data
    }

    /// Where its socket is; another one with each [`Cluster::start`].
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        self.place.socket.path()
    }

    /// Creates a database unless it exists, and returns its address.
    ///
    /// # Errors
    /// When the name is not made of a–z, 0–9 and `_`, or the server refuses.
    pub fn create_database(&self, name: &str) -> Result<String> {
        if name.is_empty() || !name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_')) {
            bail!("{name:?} is no name for a database: use a–z, 0–9 and _");
        }
        let exists = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
        if self.query("postgres", &exists)?.is_empty() {
            self.query("postgres", &format!("CREATE DATABASE \"{name}\""))?;
        }
        Ok(self.url(name))
    }

    /// Runs statements in a database and returns the first column of all rows, as text.
    ///
    /// # Errors
    /// What the server answers, or that it cannot be reached.
    pub fn query(&self, database: &str, sql: &str) -> Result<Vec<String>> {
        session::query(self.place.socket.path(), database, sql)
    }

    /// Whether the postmaster runs.
    pub fn is_running(&mut self) -> bool {
        self.server.as_mut().is_some_and(|server| matches!(server.process.try_wait(), Ok(None)))
    }

    /// Disconnects everybody and stops cleanly ("fast shutdown"). Nothing happens if it is stopped.
    ///
    /// # Errors
    /// When the server had to be killed because it did not stop in time.
    pub fn stop(&mut self) -> Result<()> {
        self.end(Signal::INT)
    }

    /// Kills all processes of the server at once, as a crash would.
    ///
    /// # Errors
    /// When the end of the process cannot be waited for.
    pub fn kill(&mut self) -> Result<()> {
        // SIGQUIT to the postmaster is its immediate shutdown: no checkpoint, children killed.
        self.end(Signal::QUIT)
    }

    /// Starts again after [`Cluster::stop`] or [`Cluster::kill`]; stops first when it is running.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn restart(&mut self) -> Result<()> {
        self.stop()?;
        self.launch()
    }

    /// Ends a postmaster that a killed run left, and forgets a pid that is somebody else's by now.
    fn stop_leftover(&self) -> Result<()> {
        let file = self.place.data.join("postmaster.pid");
        let Ok(text) = fs::read_to_string(&file) else { return Ok(()) };
        let pid = text.lines().next().and_then(|line| line.trim().parse().ok());
        if let Some(pid) = pid.and_then(Pid::from_raw)
            && self.is_our_postmaster(pid)
        {
            let _ = rustix::process::kill_process(pid, Signal::INT);
            if !wait_until(STOP_TIMEOUT, || !self.is_our_postmaster(pid)) {
                bail!(
                    "a Postgres left by an earlier run does not stop: end process {} first",
                    pid.as_raw_nonzero()
                );
            }
        }
        match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).context("removing a stale postmaster.pid")
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn is_our_postmaster(&self, pid: Pid) -> bool {
        let proc = PathBuf::from(format!("/proc/{}", pid.as_raw_nonzero()));
        // A postmaster works in its data directory; a finished process has no such link.
        fs::read_link(proc.join("cwd")).is_ok_and(|cwd| cwd == self.place.data)
    }

    fn initialise(&self) -> Result<()> {
        let version = self.place.data.join("PG_VERSION");
        if version.exists() {
            return self.check_version(&version);
        }
        let output = self
            .account
            .command(self.programs.path("initdb"))
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"])
            .args(self.checksums.then_some("--data-checksums"))
            .args(["--no-sync", "--no-instructions", "--pgdata"])
            .arg(&self.place.data)
            .stdin(Stdio::null())
            .output()
            .context("running initdb")?;
        if !output.status.success() {
            bail!("initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }

    fn check_version(&self, file: &Path) -> Result<()> {
        let data = fs::read_to_string(file)?;
        let output = Command::new(self.programs.path("postgres")).arg("--version").output()?;
        let program = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if program.contains(&format!("(PostgreSQL) {}", data.trim())) {
            return Ok(());
        }
        bail!(
            "{} was made by Postgres {} but the program is {program}: set MAINSTAY_PG_BIN to the \
             matching version, or start with another data directory",
            self.place.data.display(),
            data.trim()
        )
    }

    fn launch(&mut self) -> Result<()> {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(&self.place.log)
            .with_context(|| format!("opening {}", self.place.log.display()))?;
        let mut command = self.account.command(self.programs.path("postgres"));
        command.arg("-D").arg(&self.place.data).arg("-k").arg(self.place.socket.path());
        command.args(["-c", "listen_addresses=", "-c", "port=5432"]);
        for (name, value) in &self.settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        // A group of its own: Ctrl-C in the terminal must not reach it before its users stopped.
        let process = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("starting postgres")?;
        let (guardian, lifeline) = self.guard(process.id())?;
        self.server = Some(Server { process, guardian, lifeline: Some(lifeline) });
        self.wait_ready()
    }

    fn wait_ready(&mut self) -> Result<()> {
        let ready = wait_until(START_TIMEOUT, || {
            !self.is_running() || self.query("postgres", "SELECT 1").is_ok()
        });
        if ready && self.is_running() {
            return Ok(());
        }
        let log = fs::read_to_string(&self.place.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n  ");
        let _ = self.end(Signal::QUIT);
        bail!("Postgres did not start; the end of {}:\n  {tail}", self.place.log.display())
    }

    fn guard(&self, postmaster: u32) -> Result<(Child, ChildStdin)> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", GUARDIAN, "mainstay-devdb-guardian"]).arg(postmaster.to_string());
        command.arg(self.place.data.join("postmaster.pid")).arg(self.place.socket.path());
        command.args(self.temporary.iter().map(TempDir::path));
        let mut guardian = command
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting the guardian of Postgres")?;
        let lifeline = guardian.stdin.take().context("the guardian has no input")?;
        Ok((guardian, lifeline))
    }

    /// Replaces the guardian by one that knows what is temporary by now.
    fn renew_guardian(&mut self) -> Result<()> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        let (guardian, lifeline) = self.guard(server.process.id())?;
        server.dismiss_guardian();
        server.guardian = guardian;
        server.lifeline = Some(lifeline);
        self.server = Some(server);
        Ok(())
    }

    fn end(&mut self, signal: Signal) -> Result<()> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        let pid = Pid::from_child(&server.process);
        // An error means that it is gone already, which the wait below sees.
        let _ = rustix::process::kill_process(pid, signal);
        let ended =
            wait_until(STOP_TIMEOUT, || matches!(server.process.try_wait(), Ok(Some(_)) | Err(_)));
        if !ended {
            let _ = server.process.kill();
            let _ = server.process.wait();
        }
        server.dismiss_guardian();
        if !ended {
            bail!("Postgres did not stop in {} s and was killed", STOP_TIMEOUT.as_secs());
        }
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!("{error:#}");
        }
    }
}

impl Server {
    /// Ends the guardian without it acting: killed before its input closes.
    fn dismiss_guardian(&mut self) {
        let _ = self.guardian.kill();
        let _ = self.guardian.wait();
        self.lifeline = None;
    }
}

fn settings(options: &Options) -> Vec<(String, String)> {
    let mut settings = vec![("cluster_name".to_owned(), "mainstay".to_owned())];
    if options.fast {
        // Not synchronous_commit: without it a crash of Postgres alone loses what was committed.
        for name in ["fsync", "full_page_writes"] {
            settings.push((name.to_owned(), "off".to_owned()));
        }
    }
    settings.extend(options.settings.iter().cloned());
    settings
}

/// Looks at a condition again and again; false when it did not come true in time.
fn wait_until(timeout: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + timeout;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(POLL);
    }
}
