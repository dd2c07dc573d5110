//! A database to copy: a private cluster with a repository, the agent's engine for both, and the
//! same work done by hand, with the files that the engine made.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use mainstay_agent::database::account::Account;
use mainstay_agent::database::config::Settings;
use mainstay_agent::database::pgbackrest::PgBackRest;
use rustix::fs::{Gid, Uid};
use tempfile::TempDir;

pub const DATABASE: &str = "orders";
/// The data centre whose repository takes the copies and the log.
pub const HOME: &str = "fra1";
const BIN: &str = "/usr/lib/postgresql/15/bin";
/// Bytes of a row of the table with its index, about.
const ROW_BYTES: u64 = 340;
/// As the engine: how often a recovery is looked at, and what it starts a proof with.
const RECOVERY_POLL: Duration = Duration::from_millis(200);
const PROOF_SETTINGS: [&str; 7] = [
    "listen_addresses=",
    "archive_mode=off",
    "autovacuum=off",
    "dynamic_shared_memory_type=mmap",
    "fsync=off",
    "jit=off",
    "shared_buffers=128MB",
];

pub struct Cluster {
    dir: TempDir,
    account: Account,
}

impl Cluster {
    /// A running cluster of so many bytes, of which a half cannot be made smaller.
    pub fn start(bytes: u64) -> Result<Self> {
        // Where there is room, in memory: the disk of a shared machine is slow now and fast then.
        let parent = if Path::new("/dev/shm").is_dir() { "/dev/shm" } else { "/tmp" };
        let dir = tempfile::Builder::new().prefix("mainstay-bench-").tempdir_in(parent)?;
        let account = Account::named(None).map_err(anyhow::Error::new)?;
        let cluster = Self { dir, account };
        fs::set_permissions(cluster.dir.path(), fs::Permissions::from_mode(0o755))?;
        cluster.own(cluster.dir.path())?;
        for name in ["socket", "repository"] {
            fs::create_dir(cluster.path(name))?;
            cluster.own(&cluster.path(name))?;
        }
        let data = cluster.data();
        let flags = ["-U", "postgres", "--auth=trust", "-k", "--no-sync", "-E", "UTF8", "-D"];
        cluster.run(&format!("{BIN}/initdb"), &[&flags[..], &[&data]].concat())?;
        let settings = format!(
            "listen_addresses = ''\nunix_socket_directories = '{}'\nfsync = off\n\
             max_wal_size = 4GB\narchive_mode = on\ndynamic_shared_memory_type = mmap\n",
            cluster.path("socket").display()
        );
        let file = Path::new(&data).join("postgresql.conf");
        fs::write(&file, fs::read_to_string(&file)? + &settings)?;
        cluster.up()?;
        // tidy: allow sql: told to a database of the bench, of which the store knows nothing
        let make = format!(
            "CREATE TABLE orders AS SELECT g AS id, md5(g::text) || md5((-g)::text) || \
             repeat('order ', 25) AS words FROM generate_series(1, {}) g; \
             CREATE INDEX ON orders (id)",
            bytes / ROW_BYTES
        );
        cluster.sql(&make)?;
        for settle in ["VACUUM ANALYZE orders", "CHECKPOINT"] {
            cluster.sql(settle)?;
        }
        Ok(cluster)
    }

    pub fn bytes(&self) -> Result<u64> {
        // tidy: allow sql: asked of a database of the bench, of which the store knows nothing
        Ok(self.sql("SELECT sum(pg_database_size(oid))::bigint FROM pg_database")?.parse()?)
    }

    /// An engine, as a start of the agent makes it.
    pub async fn engine(&self) -> Result<PgBackRest> {
        let control = |arguments: &str| {
            let mut command = Vec::new();
            if self.account.to_become().is_some() {
                command.extend(["runuser", "-u", "postgres", "--"].map(str::to_owned));
            }
            command.push(format!("{BIN}/pg_ctl"));
            command.extend(arguments.split(' ').map(str::to_owned));
            command.extend(["-D".to_owned(), self.data(), "-l".to_owned(), self.log()]);
            command
        };
        let text = format!(
            "scratch_dir = {:?}\n[[database]]\nid = \"{DATABASE}\"\ndata_dir = {:?}\n\
             socket_dir = {:?}\nbin_dir = {BIN:?}\nstop = {:?}\nstart = {:?}\n\
             [[repository]]\ndatacenter = \"{HOME}\"\npath = {:?}\n",
            self.path("scratch"),
            self.data(),
            self.path("socket"),
            control("stop -w -m fast"),
            control("start -w -t 600"),
            self.path("repository"),
        );
        let settings = Settings::parse(&text).map_err(|error| anyhow::anyhow!("{error}"))?;
        PgBackRest::open(settings, &self.path("agent")).await.map_err(anyhow::Error::new)
    }

    /// A full copy by hand; its label.
    pub fn backup(&self) -> Result<String> {
        let conf = format!("repository-{HOME}.conf");
        let more = ["--archive-copy", "--log-level-console=info", "--log-level-stderr=off"];
        let said = self.pgbackrest(&conf, &[&["backup", "--type=full"], &more[..]].concat())?;
        let label = said.lines().find_map(|line| line.split_once("new backup label = "));
        Ok(label.context("the copy has no label")?.1.trim().to_owned())
    }

    /// Everything in the repository read by hand.
    pub fn verify(&self) -> Result<()> {
        let more = ["--verbose", "--log-level-console=info", "--log-level-stderr=off"];
        let arguments = [&["verify", "--output=text"], &more[..]].concat();
        let said = self.pgbackrest(&format!("repository-{HOME}.conf"), &arguments)?;
        if said.contains("status: error") {
            bail!("a copy is damaged: {said}");
        }
        Ok(())
    }

    /// A copy in the place of the database, by hand; the old one is moved aside.
    pub fn restore(&self, label: &str) -> Result<()> {
        let data = self.data();
        self.run(&format!("{BIN}/pg_ctl"), &["stop", "-m", "fast", "-w", "-D", &data])?;
        fs::rename(&data, self.path("data.aside"))?;
        self.make(Path::new(&data))?;
        self.bring(label, &data, &[])?;
        self.up()?;
        self.recovered(&self.path("socket"))
    }

    /// A proof by hand: restored beside the database, looked into and removed.
    pub fn prove(&self, label: &str) -> Result<()> {
        let place = self.path("by-hand");
        let (data, socket) = (place.join("data"), place.join("socket"));
        for dir in [&place, &data, &socket] {
            self.make(dir)?;
        }
        let data = data.display().to_string();
        self.bring(label, &data, &["--archive-mode=off"])?;
        let socket_dir = format!("unix_socket_directories={}", socket.display());
        let settings = PROOF_SETTINGS.iter().copied().chain([socket_dir.as_str()]);
        let settings: String = settings.map(|setting| format!(" -c {setting}")).collect();
        let log = place.join("log").display().to_string();
        let start = ["start", "-w", "-t", "600", "-D", &data, "-l", &log, "-o", &settings];
        self.run(&format!("{BIN}/pg_ctl"), &start)?;
        self.recovered(&socket)?;
        let host = format!("--host={}", socket.display());
        let flags = ["--all", "--heapallindexed", "--install-missing", "--username=postgres"];
        self.run(&format!("{BIN}/pg_amcheck"), &[&flags[..], &[&host]].concat())?;
        self.run(&format!("{BIN}/pg_ctl"), &["stop", "-m", "fast", "-w", "-D", &data])?;
        self.run(&format!("{BIN}/pg_checksums"), &["--check", "--pgdata", &data])?;
        Ok(fs::remove_dir_all(place)?)
    }

    /// Removes what restores moved aside.
    pub fn sweep(&self) -> Result<()> {
        for entry in fs::read_dir(self.dir.path())? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("data.") {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }

    fn bring(&self, label: &str, data: &str, more: &[&str]) -> Result<()> {
        let (set, path) = (format!("--set={label}"), format!("--pg1-path={data}"));
        let flags = ["--type=immediate", "--target-action=promote", "--log-level-console=detail"];
        let arguments = [&["restore", &set, &path], &flags[..], more].concat();
        self.pgbackrest(&format!("repository-{HOME}.conf"), &arguments).map(drop)
    }

    fn pgbackrest(&self, conf: &str, arguments: &[&str]) -> Result<String> {
        let conf = self.path("agent/databases").join(DATABASE).join(conf);
        let (conf, stanza) =
            (format!("--config={}", conf.display()), format!("--stanza={DATABASE}"));
        self.run("pgbackrest", &[&[conf.as_str(), &stanza], arguments].concat())
    }

    fn up(&self) -> Result<()> {
        let (data, log) = (self.data(), self.log());
        let start = ["start", "-w", "-t", "600", "-D", &data, "-l", &log];
        self.run(&format!("{BIN}/pg_ctl"), &start).map(drop)
    }

    fn recovered(&self, socket: &Path) -> Result<()> {
        let begun = Instant::now();
        // tidy: allow sql: asked of a database of the bench, of which the store knows nothing
        while self.ask(socket, "SELECT pg_is_in_recovery()")? != "f" {
            if begun.elapsed() > Duration::from_secs(600) {
                bail!("the recovery does not end");
            }
            std::thread::sleep(RECOVERY_POLL);
        }
        Ok(())
    }

    fn sql(&self, statement: &str) -> Result<String> {
        self.ask(&self.path("socket"), statement)
    }

    fn ask(&self, socket: &Path, statement: &str) -> Result<String> {
        let socket = socket.display().to_string();
        let flags = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h"];
        let arguments = [&flags[..], &[&socket, "-d", "postgres", "-c", statement]].concat();
        Ok(self.run(&format!("{BIN}/psql"), &arguments)?.trim().to_owned())
    }

    /// Runs a program as the owner of the cluster; it must succeed.
    fn run(&self, program: &str, arguments: &[&str]) -> Result<String> {
        // A file, because a started server keeps it open.
        let log = self.path("output");
        let output = File::create(&log)?;
        let mut command = Command::new(program);
        command.args(arguments).current_dir("/").stdin(Stdio::null());
        command.stdout(output.try_clone()?).stderr(output);
        if let Some((uid, gid)) = self.account.to_become() {
            command.uid(uid).gid(gid);
        }
        let status = command.status().with_context(|| format!("{program} cannot be run"))?;
        let text = fs::read_to_string(&log)?;
        if !status.success() {
            bail!("{program} {arguments:?}: {text}");
        }
        Ok(text)
    }

    fn make(&self, dir: &Path) -> Result<()> {
        fs::create_dir(dir)?;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
        self.own(dir)
    }

    fn own(&self, path: &Path) -> Result<()> {
        if let Some((uid, gid)) = self.account.to_become() {
            rustix::fs::chown(path, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
        }
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn data(&self) -> String {
        self.path("data").display().to_string()
    }

    fn log(&self) -> String {
        self.path("postgres.log").display().to_string()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ =
            self.run(&format!("{BIN}/pg_ctl"), &["stop", "-m", "immediate", "-D", &self.data()]);
    }
}
