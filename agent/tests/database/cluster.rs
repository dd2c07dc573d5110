//! A private cluster with three repositories. It goes with its holder, `kill -9` included.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mainstay_agent::database::account::Account;
use mainstay_agent::database::config::Settings;
use mainstay_agent::database::pgbackrest::PgBackRest;
use mainstay_agent::database::{Engine, Reporter};
use mainstay_core::backup::job::{
    Archiving, BackupDone, BackupJob, Expect, Failure, ProofJob, SqlCheck, Target, WithoutFull,
};
use mainstay_core::backup::{Catalogue, Copy, Kind, Label};
use mainstay_core::id::{DatabaseId, DatacenterId};
use rustix::fs::{Gid, Uid};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Longest wait for anything; a test that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// Free memory from which on clusters are kept there.
const MEMORY_BYTES: u64 = 4 << 30;
pub const BIN: &str = "/usr/lib/postgresql/15/bin";
/// Rows of the table `orders` at the start.
pub const ORDERS: u64 = 20_000;
/// The data centres, in the order of their repositories; the log's homes come first.
pub const DATACENTERS: [&str; 3] = ["fra1", "ams1", "nyc1"];

/// Stops the server and removes everything when its input ends.
const GUARDIAN: &str = r#"
cat >/dev/null
[ -f "$2/postmaster.pid" ] && kill -QUIT "$(head -n 1 "$2/postmaster.pid")"
n=0
until rm -rf -- "$1" 2>/dev/null || [ "$n" -ge 50 ]; do sleep 0.1; n=$((n + 1)); done
"#;

pub struct Cluster {
    dir: TempDir,
    guardian: Child,
    /// More lines for the agent's file.
    options: String,
}

impl Cluster {
    /// A running cluster with the table `orders`.
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// The same; the engine gets these options too: TOML after a comma.
    pub fn start_with(options: &str) -> Self {
        for program in [format!("{BIN}/postgres"), "/usr/bin/pgbackrest".to_owned()] {
            assert!(
                Path::new(&program).is_file(),
                "{program} is missing: install the packages postgresql-15 and pgbackrest"
            );
        }
        let dir = tempfile::Builder::new().prefix("mainstay-bk-").tempdir_in(parent()).unwrap();
        own(dir.path());
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let guardian = Command::new("/bin/sh")
            .args(["-c", GUARDIAN, "guardian"])
            .args([dir.path().to_owned(), dir.path().join("data")])
            .process_group(0)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let cluster = Self { dir, guardian, options: options.to_owned() };
        cluster.initialise();
        cluster.up();
        cluster.sql(&format!(
            "CREATE TABLE orders AS SELECT g AS id, md5(g::text) AS words \
             FROM generate_series(1, {ORDERS}) g; CREATE INDEX ON orders (words)"
        ));
        cluster
    }

    fn initialise(&self) {
        let data = self.data().display().to_string();
        let flags = ["-U", "postgres", "--auth=trust", "-k", "--no-sync", "-E", "UTF8"];
        self.run(&format!("{BIN}/initdb"), &[&["-D", &data], &flags[..]].concat());
        let socket = self.path("socket");
        fs::create_dir(&socket).unwrap();
        own(&socket);
        let settings = format!(
            "listen_addresses = ''\nunix_socket_directories = '{}'\nfsync = off\n\
             shared_buffers = 32MB\nmax_connections = 25\narchive_mode = on\n\
             dynamic_shared_memory_type = mmap\n",
            socket.display()
        );
        let file = self.data().join("postgresql.conf");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text + &settings).unwrap();
        for datacenter in DATACENTERS {
            let repository = self.repository(datacenter);
            fs::create_dir(&repository).unwrap();
            own(&repository);
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    pub fn repository(&self, datacenter: &str) -> PathBuf {
        self.path(&format!("repository-{datacenter}"))
    }

    /// The agent's folder.
    pub fn agent(&self) -> PathBuf {
        self.path("agent")
    }

    pub fn up(&self) {
        let log = self.path("postgres.log").display().to_string();
        let data = self.data().display().to_string();
        self.run(&format!("{BIN}/pg_ctl"), &["start", "-w", "-D", &data, "-l", &log]);
    }

    pub fn down(&self) {
        let data = self.data().display().to_string();
        self.run(&format!("{BIN}/pg_ctl"), &["stop", "-m", "fast", "-w", "-D", &data]);
    }

    /// A command for the agent's file that stops or starts the cluster.
    pub fn control(&self, arguments: &str) -> Vec<String> {
        let mut command = Vec::new();
        if rustix::process::geteuid().is_root() {
            command.extend(["runuser", "-u", "postgres", "--"].map(str::to_owned));
        }
        command.push(format!("{BIN}/pg_ctl"));
        command.extend(arguments.split(' ').map(str::to_owned));
        command.extend(["-D".to_owned(), self.data().display().to_string()]);
        command
    }

    pub fn sql(&self, statement: &str) -> String {
        let socket = self.path("socket").display().to_string();
        let flags = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres"];
        let arguments = [&flags[..], &["-h", &socket, "-d", "postgres", "-c", statement]].concat();
        self.run(&format!("{BIN}/psql"), &arguments).trim().to_owned()
    }

    /// Runs a program as the owner of the cluster; it must succeed.
    pub fn run(&self, program: &str, arguments: &[&str]) -> String {
        let (uid, gid) = owner();
        let mut command = Command::new(program);
        command.args(arguments).current_dir("/").stdin(Stdio::null());
        if rustix::process::geteuid().is_root() {
            command.uid(uid).gid(gid);
        }
        // A file, because a started server keeps it open.
        let output = tempfile::tempfile().unwrap();
        let status = command
            .stdout(output.try_clone().unwrap())
            .stderr(output.try_clone().unwrap())
            .status()
            .unwrap();
        let mut text = String::new();
        let mut output = output;
        std::io::Seek::rewind(&mut output).unwrap();
        std::io::Read::read_to_string(&mut output, &mut text).unwrap();
        assert!(status.success(), "{program} {arguments:?}: {text}");
        text
    }

    /// The agent's file.
    pub fn settings(&self) -> Settings {
        Settings::parse(&self.settings_text()).unwrap()
    }

    pub fn settings_text(&self) -> String {
        let commands = [("stop", "stop -w -m fast"), ("start", "start -w -t 600")];
        let commands = commands.map(|(name, arguments)| {
            let mut command = self.control(arguments);
            command.extend(["-l".to_owned(), self.path("postgres.log").display().to_string()]);
            format!("{name} = {command:?}\n")
        });
        let mut text = format!(
            "scratch_dir = {:?}\n[[database]]\nid = \"orders\"\ndata_dir = {:?}\n\
             socket_dir = {:?}\nbin_dir = {BIN:?}\n{}",
            self.scratch(),
            self.data(),
            self.path("socket"),
            commands.concat(),
        );
        for datacenter in DATACENTERS {
            let path = self.repository(datacenter);
            text += &format!("[[repository]]\ndatacenter = {datacenter:?}\npath = {path:?}\n");
        }
        // A damaged file is read a second time after 15 s otherwise.
        text += &format!("[pgbackrest]\noptions = {{ job-retry = 0{} }}\n", self.options);
        text
    }

    pub fn scratch(&self) -> PathBuf {
        self.path("scratch")
    }

    /// An engine, as a start of the agent makes it.
    pub async fn engine(&self) -> PgBackRest {
        PgBackRest::open(self.settings(), &self.agent()).await.unwrap()
    }

    /// An engine with everything ready for backups.
    pub async fn ready(&self) -> PgBackRest {
        let engine = self.engine().await;
        let prepared = engine.prepare(&orders(), &never()).await.unwrap();
        for (datacenter, repository) in prepared.repositories {
            repository.unwrap_or_else(|failure| panic!("{datacenter}: {failure}"));
        }
        assert_eq!(prepared.archiving, Archiving::InForce);
        engine
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.guardian.stdin.take());
        let _ = self.guardian.wait();
    }
}

/// In memory where there is room: the engine syncs each of a thousand files to the disk.
fn parent() -> &'static str {
    let room = |memory: rustix::fs::StatVfs| memory.f_bavail * memory.f_frsize >= MEMORY_BYTES;
    match rustix::fs::statvfs("/dev/shm").is_ok_and(room) {
        true => "/dev/shm",
        false => "/tmp",
    }
}

/// The account of the cluster.
fn owner() -> (u32, u32) {
    // Nobody owns this one, so the account that is used then is told.
    let Account { uid, gid } = Account::of(Path::new("/nowhere/data")).unwrap();
    match rustix::process::geteuid() {
        root if root.is_root() => (uid, gid),
        own => (own.as_raw(), rustix::process::getegid().as_raw()),
    }
}

fn own(path: &Path) {
    let (uid, gid) = owner();
    rustix::fs::chown(path, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid))).unwrap();
}

pub fn orders() -> DatabaseId {
    "orders".parse().unwrap()
}

pub fn datacenter(name: &str) -> DatacenterId {
    name.parse().unwrap()
}

/// Nobody cancels.
pub fn never() -> CancellationToken {
    CancellationToken::new()
}

pub fn job(id: &str, name: &str, kind: Kind) -> BackupJob {
    BackupJob {
        id: id.to_owned(),
        database: orders(),
        datacenter: datacenter(name),
        kind,
        without_full: WithoutFull::Refuse,
        parent: None,
    }
}

/// Makes a copy with an id of its own.
pub async fn make(engine: &PgBackRest, name: &str, kind: Kind) -> Result<BackupDone, Failure> {
    let id = format!("{name}-{:?}", Instant::now());
    engine.backup(&job(&id, name, kind), &Reporter::default(), &never()).await
}

pub async fn full(engine: &PgBackRest, name: &str) -> Copy {
    make(engine, name, Kind::Full).await.unwrap().copy
}

/// What all repositories hold.
pub async fn catalogue(engine: &PgBackRest) -> Catalogue {
    engine.catalogue(&orders(), &never()).await.unwrap()
}

/// Labels in one repository.
pub async fn labels(engine: &PgBackRest, name: &str) -> Vec<Label> {
    let copies = catalogue(engine).await.remove(&datacenter(name)).unwrap().unwrap();
    copies.into_iter().map(|copy| copy.label).collect()
}

pub fn proof(name: &str, copy: &Copy, target: Target, checks: Vec<SqlCheck>) -> ProofJob {
    ProofJob {
        id: "proof".to_owned(),
        database: orders(),
        datacenter: datacenter(name),
        label: copy.label.clone(),
        target,
        checks,
        keep: None,
    }
}

/// That so many orders are there.
pub fn count(count: u64) -> SqlCheck {
    SqlCheck {
        name: "orders are there".to_owned(),
        database: "postgres".to_owned(),
        statement: "SELECT count(*) FROM orders".to_owned(),
        expect: Expect::Exactly { count },
    }
}

/// Waits until something is so.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    let mut period = tokio::time::interval(Duration::from_millis(20));
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not in {PATIENCE:?}");
        period.tick().await;
    }
}

/// Every file below a folder, the largest first.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = all_files(folder);
    found.sort_by_key(|path| (std::cmp::Reverse(fs::metadata(path).unwrap().len()), path.clone()));
    found
}

fn all_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() && !path.is_symlink() {
            true => found.extend(all_files(&path)),
            false => found.push(path),
        }
    }
    found
}

/// Flips one bit in the middle of a file. It must be a large one: at the beginning of a compressed
/// file are bits that mean nothing.
pub fn flip(file: &Path) {
    let mut content = fs::read(file).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    fs::write(file, content).unwrap();
}
