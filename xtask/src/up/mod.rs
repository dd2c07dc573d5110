//! `cargo xtask up`: everything on one machine, until Ctrl-C.
//!
//! Invariants: what it starts it also stops, in the order lab, server, Postgres, and even when it
//! is killed itself; the data directory holds all that a second `up` needs.

mod children;
mod sign_in;

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use mainstay_devdb::{Cluster, Options};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::build::{self, Profile};
use crate::step::{seconds, step};
use crate::{need, repo};
use children::Children;

const READY_TIMEOUT: Duration = Duration::from_secs(90);
/// How often children and signals are looked at.
const POLL: Duration = Duration::from_millis(100);
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// Connections of the private Postgres: the server's pools, and room for tools.
const DATABASE_CONNECTIONS: &str = "200";

/// Options of `cargo xtask up`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Port of the console on this machine
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Where everything is kept: the database, keys, logs, sign-ins
    #[arg(long, default_value = ".mainstay")]
    data_dir: PathBuf,
    /// The fleet to declare and to run
    #[arg(long, default_value = "fleets/enterprise.toml")]
    fleet: PathBuf,
    /// Only the server: no fleet on this machine
    #[arg(long)]
    no_lab: bool,
    /// Let a day of the backup policies, and of the users, pass in this time, as 60s
    #[arg(long, value_name = "TIME", conflicts_with = "no_lab")]
    day: Option<String>,
    /// Build quickly instead of optimised: for work on the code
    #[arg(long)]
    dev: bool,
}

/// The arguments, checked and made absolute.
struct Plan {
    console: SocketAddr,
    agents: SocketAddr,
    data: PathBuf,
    fleet: PathBuf,
    lab: bool,
    /// How long a day is, for those who check it.
    day: Option<String>,
    /// The program of the lab's edges.
    envoy: Option<PathBuf>,
    /// The program that lets databases fail over.
    patroni: Option<PathBuf>,
    profile: Profile,
}

impl Plan {
    /// Where browsers reach the console: by name, which passkeys need.
    fn address(&self) -> String {
        format!("http://localhost:{}", self.console.port())
    }

    /// The server's program.
    fn program(&self) -> PathBuf {
        repo::bin_dir(self.profile == Profile::Release).join("mainstay")
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let begun = Instant::now();
    let mut plan = plan(arguments)?;
    let external = std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty());
    let programs = if external.is_none() { Some(need::postgres()?) } else { None };
    if plan.lab {
        plan.envoy = Some(need::envoy()?);
        if let Err(error) = need::backups() {
            println!("The fleet runs without databases: {error:#}.");
        }
        match need::patroni() {
            Ok(program) => plan.patroni = Some(program),
            Err(error) => println!("Databases run alone and do not fail over: {error:#}."),
        }
    }
    build::site(plan.profile)?;
    build::programs(plan.profile)?;
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("listening for signals")?;
    let mut cluster = match programs {
        Some(_) => Some(start_postgres(&plan, programs)?),
        None => None,
    };
    let url = match (&cluster, external) {
        (Some(cluster), _) => cluster.create_database("mainstay")?,
        (None, Some(url)) => url,
        (None, None) => bail!("there is no database"),
    };
    let people = step("database: schema, fleet, sign-ins", || set_up(&plan, &url))?;
    let mut children = Children::new(plan.data.join("log"))?;
    let outcome = serve(&plan, &url, &mut children, &mut signals, || {
        announce(&plan, &people, begun);
    });
    println!();
    let stopped = step("stopping the fleet and the server", || children.stop_all());
    if let Some(cluster) = &mut cluster {
        step("stopping Postgres", || cluster.stop())?;
    }
    outcome.and(stopped)
}

fn plan(arguments: &Arguments) -> Result<Plan> {
    let fleet = arguments.fleet.canonicalize();
    let fleet = fleet.with_context(|| format!("the fleet file {}", arguments.fleet.display()))?;
    // Entered by the account that runs Postgres when this is root; listed by nobody else.
    let mode = if rustix::process::geteuid().is_root() { 0o711 } else { 0o700 };
    let dir = &arguments.data_dir;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(dir)
        .with_context(|| format!("creating the data directory {}", dir.display()))?;
    let console = SocketAddr::from(([127, 0, 0, 1], arguments.port));
    if let Err(error) = TcpListener::bind(console) {
        bail!("{console} cannot be used ({error}): choose another port with --port");
    }
    Ok(Plan {
        console,
        agents: agents_address(arguments.port)?,
        data: dir.canonicalize()?,
        fleet,
        lab: !arguments.no_lab,
        day: arguments.day.clone(),
        envoy: None,
        patroni: None,
        profile: if arguments.dev { Profile::Dev } else { Profile::Release },
    })
}

/// The port after the console's, so that agents find it again; any free one when that is taken.
fn agents_address(port: u16) -> Result<SocketAddr> {
    let next = port.checked_add(1).unwrap_or(0);
    let listener = TcpListener::bind(("127.0.0.1", next))
        .or_else(|_| TcpListener::bind(("127.0.0.1", 0)))
        .context("finding a port for the agents")?;
    Ok(listener.local_addr()?)
}

fn start_postgres(plan: &Plan, programs: Option<mainstay_devdb::Programs>) -> Result<Cluster> {
    step("Postgres: start", || {
        let settings = vec![("max_connections".to_owned(), DATABASE_CONNECTIONS.to_owned())];
        let options = Options { programs, settings, ..Options::default() };
        Cluster::start(&plan.data.join("postgres"), &options)
    })
}

/// Migrates, declares the fleet, creates the first users; the sign-ins to show.
fn set_up(plan: &Plan, url: &str) -> Result<String> {
    let mut setup = repo::command(plan.program());
    setup.args(["setup", "--database-url", url]).arg("--data-dir").arg(&plan.data);
    setup.arg("--fleet").arg(&plan.fleet);
    if plan.lab {
        setup.arg("--join-tokens");
    }
    let output = setup.stdin(Stdio::null()).output().context("running `mainstay setup`")?;
    if !output.status.success() {
        bail!("`mainstay setup` failed:\n{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let answer = sign_in::parse(&output.stdout)?;
    if !answer.join_tokens.is_empty() || !tokens_file(plan).exists() {
        write_private(&tokens_file(plan), &serde_json::to_string_pretty(&answer.join_tokens)?)?;
    }
    let file = plan.data.join("sign-in.txt");
    let old = fs::read_to_string(&file).unwrap_or_default();
    let new = sign_in::merge(&old, &answer.users);
    if new != old {
        write_private(&file, &new)?;
    }
    Ok(new)
}

fn tokens_file(plan: &Plan) -> PathBuf {
    plan.data.join("join-tokens.json")
}

/// Writes a file that only this user may read.
fn write_private(path: &Path, text: &str) -> Result<()> {
    let draft = path.with_extension("new");
    let _ = fs::remove_file(&draft);
    let mut file = fs::File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .with_context(|| format!("writing {}", path.display()))?;
    file.write_all(text.as_bytes())?;
    fs::rename(&draft, path).with_context(|| format!("writing {}", path.display()))
}

/// Starts server and lab, and stays until a signal (Ok) or the end of a child (an error).
fn serve(
    plan: &Plan,
    url: &str,
    children: &mut Children,
    signals: &mut Signals,
    ready: impl FnOnce(),
) -> Result<()> {
    let bin = plan.program();
    let stopped = step("server: start", || {
        let mut server = repo::command(&bin);
        server
            .args(["serve", "--listen", &plan.console.to_string()])
            .args(["--public-url", &plan.address()])
            .args(["--agents-listen", &plan.agents.to_string()])
            .arg("--data-dir")
            .arg(&plan.data)
            .arg("--site-dir")
            .arg(repo::target().join(plan.profile.site()))
            .env("DATABASE_URL", url);
        hand_day(plan, &mut server);
        children.start("server", &mut server)?;
        wait_ready(plan.console, children, signals)
    })?;
    if stopped {
        return Ok(());
    }
    if plan.lab {
        step("lab: start the fleet", || {
            let mut lab = repo::command(&bin);
            lab.arg("lab").arg("--fleet").arg(&plan.fleet);
            lab.arg("--data-dir").arg(plan.data.join("lab"));
            lab.args(["--server", &plan.agents.to_string()]);
            hand_day(plan, &mut lab);
            lab.envs(plan.envoy.iter().map(|program| (need::ENVOY_VARIABLE, program)));
            lab.envs(plan.patroni.iter().map(|program| (need::PATRONI_VARIABLE, program)));
            children.start("lab", lab.arg("--join-tokens").arg(tokens_file(plan)))
        })?;
    }
    ready();
    loop {
        if signals.pending().next().is_some() {
            return Ok(());
        }
        children.check()?;
        std::thread::sleep(POLL);
    }
}

fn hand_day(plan: &Plan, command: &mut Command) {
    command.args(plan.day.iter().flat_map(|day| ["--day", day]));
}

/// True when a signal came before the server was ready.
fn wait_ready(address: SocketAddr, children: &mut Children, signals: &mut Signals) -> Result<bool> {
    let deadline = Instant::now() + READY_TIMEOUT;
    loop {
        children.check()?;
        if signals.pending().next().is_some() {
            return Ok(true);
        }
        if probe(address).is_some_and(|status| status == "200") {
            return Ok(false);
        }
        if Instant::now() > deadline {
            bail!(
                "the server is not ready after {}; the end of its log:\n{}",
                seconds(READY_TIMEOUT),
                children.log_tail("server")
            );
        }
        std::thread::sleep(POLL);
    }
}

/// The status of `/health/ready`, if the server answers.
fn probe(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&address, PROBE_TIMEOUT).ok()?;
    stream.set_read_timeout(Some(PROBE_TIMEOUT)).ok()?;
    let request =
        format!("GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).ok()?;
    // `HTTP/1.1 200`
    head.starts_with(b"HTTP/1.").then(|| String::from_utf8_lossy(&head[9..]).into_owned())
}

fn announce(plan: &Plan, people: &str, begun: Instant) {
    println!("\nReady after {}: {}\n", seconds(begun.elapsed()), plan.address());
    for line in people.lines() {
        println!("  {line}");
    }
    let data = plan.data.display();
    println!("\nSign-ins: {data}/sign-in.txt · logs: {data}/log · Ctrl-C stops everything.");
}
