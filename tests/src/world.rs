//! A whole Mainstay for one test: database, server, and where asked for a lab with real processes.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::database::Database;
use crate::ports::Port;
use crate::process::{Ending, Process};
use crate::programs;
use crate::visitor::Visitor;
use crate::wait::until;

/// A server on a busy machine is ready within this time.
const READY: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(20);

/// What a test wants of its world.
#[derive(Debug, Clone)]
pub struct Setup {
    /// A file in `tests/fleets` or `fleets`.
    pub fleet: &'static str,
    /// A fleet file elsewhere, instead.
    pub fleet_file: Option<PathBuf>,
    /// Run the fleet's agents and services.
    pub lab: bool,
    /// A Postgres of its own, so that the test may stop it.
    pub own_database: bool,
    /// Further arguments of `mainstay serve`.
    pub serve: Vec<String>,
    /// Tell the server that browsers reach it at [`World::named_base`]: passkeys and identity
    /// providers need that.
    pub named: bool,
    /// Whether the lab runs the databases of the fleet.
    pub databases: bool,
    /// Further arguments of `mainstay lab`.
    pub lab_options: Vec<String>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            fleet: "small.toml",
            fleet_file: None,
            lab: false,
            own_database: false,
            serve: Vec::new(),
            named: false,
            databases: false,
            lab_options: Vec::new(),
        }
    }
}

/// One Mainstay. Everything ends when it is dropped.
#[derive(Debug)]
pub struct World {
    // In the order in which they end.
    lab: Option<Process>,
    server: Option<Process>,
    database: Database,
    console: Port,
    agents: Port,
    passwords: BTreeMap<String, String>,
    setup: Setup,
    dir: TempDir,
}

impl World {
    /// A server with the small fleet declared, and nothing running in it.
    ///
    /// # Errors
    /// When something is not built or does not start; says which, with the end of its log.
    pub async fn start() -> Result<Self> {
        Self::start_with(Setup::default()).await
    }

    /// A server, and the small fleet running.
    ///
    /// # Errors
    /// As [`World::start`].
    pub async fn start_with_lab() -> Result<Self> {
        Self::start_with(Setup { lab: true, ..Setup::default() }).await
    }

    /// A world to order.
    ///
    /// # Errors
    /// As [`World::start`].
    pub async fn start_with(setup: Setup) -> Result<Self> {
        let dir = scratch()?;
        let database = match setup.own_database {
            true => Database::own(&dir.path().join("postgres"))?,
            false => Database::shared()?,
        };
        let mut world = Self {
            lab: None,
            server: None,
            database,
            console: Port::take()?,
            agents: Port::take()?,
            passwords: BTreeMap::new(),
            setup,
            dir,
        };
        world.prepare()?;
        world.start_server().await?;
        if world.setup.lab {
            world.start_lab()?;
        }
        Ok(world)
    }

    /// Runs `mainstay setup` and remembers what it made.
    fn prepare(&mut self) -> Result<()> {
        let output = Command::new(programs::mainstay()?)
            .args(["setup", "--join-tokens", "--database-url", self.database.url()])
            .arg("--data-dir")
            .arg(self.data_dir())
            .arg("--fleet")
            .arg(self.fleet())
            .stdin(Stdio::null())
            .output()
            .context("running `mainstay setup`")?;
        if !output.status.success() {
            bail!("`mainstay setup` failed:\n{}", String::from_utf8_lossy(&output.stderr));
        }
        let made: Value = serde_json::from_slice(&output.stdout)
            .context("`mainstay setup` printed something else than its JSON")?;
        for user in made["users"].as_array().into_iter().flatten() {
            let text = |field: &str| user[field].as_str().unwrap_or_default().to_owned();
            self.passwords.insert(text("name"), text("password"));
        }
        fs::write(self.tokens_file(), made["join_tokens"].to_string())?;
        Ok(())
    }

    /// Starts the server (again), on the same address, and waits until it is ready.
    ///
    /// # Errors
    /// When it is not ready in time; with the end of its log.
    pub async fn start_server(&mut self) -> Result<()> {
        let mut command = Command::new(programs::mainstay()?);
        command
            .args(["serve", "--listen", &self.console_address().to_string()])
            .args(["--agents-listen", &self.agents_address().to_string()])
            .arg("--data-dir")
            .arg(self.data_dir())
            .arg("--site-dir")
            .arg(programs::site()?)
            .args(&self.setup.serve)
            .env("DATABASE_URL", self.database.url());
        if self.setup.named {
            command.args(["--public-url", &self.named_base()]);
        }
        let mut server =
            Process::start("server", &mut command, &self.log("server"), Ending::AtOnce)?;
        let visitor = self.visitor()?;
        let ready = until("the server is ready", READY, async || {
            if let Err(error) = server.check() {
                return Some(Err(error));
            }
            let status = visitor.get("/health/ready").await.ok()?.status();
            status.is_success().then_some(Ok(()))
        });
        ready.await.with_context(|| self.log_tail("server"))??;
        self.server = Some(server);
        Ok(())
    }

    /// Starts the lab (again) with the world's fleet.
    ///
    /// # Errors
    /// When it cannot be started. Whether it runs is seen in the console.
    pub fn start_lab(&mut self) -> Result<()> {
        let mut command = Command::new(programs::mainstay()?);
        command.arg("lab").arg("--fleet").arg(self.fleet());
        command.arg("--data-dir").arg(self.lab_dir());
        command.args(["--server", &self.agents_address().to_string(), "--join-tokens"]);
        command.arg(self.tokens_file()).args(&self.setup.lab_options);
        command.args((!self.setup.databases).then_some("--no-databases"));
        self.lab = Some(Process::start("lab", &mut command, &self.log("lab"), Ending::Asked)?);
        Ok(())
    }

    /// Runs `mainstay lab fault …` on this world's lab; its output.
    ///
    /// # Errors
    /// When the command fails; with what it said.
    pub fn lab_fault(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(programs::mainstay()?);
        command.args(["lab", "fault", "--data-dir"]).arg(self.lab_dir()).args(arguments);
        run("mainstay lab fault", &mut command)
    }

    /// Runs any `mainstay …` command with this world's database; its output.
    ///
    /// # Errors
    /// When the command fails; with what it said.
    pub fn mainstay(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(programs::mainstay()?);
        command.args(arguments).env("DATABASE_URL", self.database.url());
        run("mainstay", command.env("MAINSTAY_DATA_DIR", self.data_dir()))
    }

    /// The server's process.
    ///
    /// # Errors
    /// When it was stopped.
    pub fn server(&mut self) -> Result<&mut Process> {
        self.server.as_mut().context("the server was stopped")
    }

    /// The lab's process.
    ///
    /// # Errors
    /// When there is none.
    pub fn lab(&mut self) -> Result<&mut Process> {
        self.lab.as_mut().context("this world has no lab")
    }

    /// Stops the server by SIGTERM.
    ///
    /// # Errors
    /// When it does not end in time and with status 0.
    pub async fn stop_server(&mut self) -> Result<()> {
        self.server()?.stop(STOP).await?;
        self.server = None;
        Ok(())
    }

    /// Kills the server as a crash would.
    ///
    /// # Errors
    /// When it was stopped already.
    pub fn kill_server(&mut self) -> Result<()> {
        self.server()?.kill()?;
        self.server = None;
        Ok(())
    }

    /// The database, to look into it or (with `own_database`) to stop it.
    pub fn database(&mut self) -> &mut Database {
        &mut self.database
    }

    /// The address of the database.
    #[must_use]
    pub fn database_url(&self) -> &str {
        self.database.url()
    }

    /// Everything that the server logged.
    #[must_use]
    pub fn server_log(&self) -> String {
        fs::read_to_string(self.log("server")).unwrap_or_default()
    }

    /// Somebody who is not signed in.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn visitor(&self) -> Result<Visitor> {
        Visitor::new(&self.base())
    }

    /// Somebody signed in with one of the first users, who are named after their roles.
    ///
    /// # Errors
    /// When there is no such user or the server refuses.
    pub async fn sign_in(&self, role: &str) -> Result<Visitor> {
        let visitor = self.visitor()?;
        visitor.sign_in(role, self.password(role)?).await?;
        Ok(visitor)
    }

    /// The password of one of the first users.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn password(&self, user: &str) -> Result<&str> {
        let password = self.passwords.get(user).map(String::as_str);
        password.with_context(|| format!("`mainstay setup` made no user {user}"))
    }

    /// Where the console is: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://{}", self.console_address())
    }

    /// The same with the name of this machine: `http://localhost:PORT`.
    #[must_use]
    pub fn named_base(&self) -> String {
        format!("http://localhost:{}", self.console.number())
    }

    #[must_use]
    pub fn console_address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.console.number()))
    }

    /// Where agents connect to.
    #[must_use]
    pub fn agents_address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.agents.number()))
    }

    /// The fleet file.
    #[must_use]
    pub fn fleet(&self) -> PathBuf {
        let elsewhere = self.setup.fleet_file.clone();
        elsewhere.unwrap_or_else(|| programs::fleet(self.setup.fleet))
    }

    /// The server's data directory.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    #[must_use]
    pub fn lab_dir(&self) -> PathBuf {
        self.data_dir().join("lab")
    }

    /// The join tokens that `mainstay setup` made, by data centre, as JSON.
    #[must_use]
    pub fn tokens_file(&self) -> PathBuf {
        self.dir.path().join("join-tokens.json")
    }

    fn log(&self, name: &str) -> PathBuf {
        self.dir.path().join(format!("{name}.log"))
    }

    fn log_tail(&self, name: &str) -> String {
        let text = fs::read_to_string(self.log(name)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(25)..].join("\n")
    }
}

/// A directory of the test that Postgres' account can enter.
fn scratch() -> Result<TempDir> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::Permissions::from_mode(0o755);
    let dir = tempfile::Builder::new().prefix("mainstay-test-").permissions(mode).tempdir()?;
    let data: &Path = &dir.path().join("data");
    fs::create_dir(data)?;
    Ok(dir)
}

fn run(name: &str, command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!("`{name}` failed: {text}{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(text)
}
