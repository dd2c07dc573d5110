//! Running a fleet file on this machine.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use mainstay_core::backup::clock::Pace;
use mainstay_core::fleet::Fleet;
use mainstay_core::id::DatacenterId;
use mainstay_core::placement;
use rand::Rng;
use tokio_util::sync::CancellationToken;

use crate::agents::{AgentPlan, Datacenter};
use crate::control::{self, Lab};
use crate::databases::{self, Databases};
use crate::edges::{self, Edge, EdgePlan};
use crate::effect;
use crate::load::{self, Entrance, Load, Settings};

/// Name of the service program, beside the program that runs the lab.
const SERVICE_PROGRAM: &str = "mainstay-lab-service";
/// Data centres with an address of their own below one base.
const DATACENTERS_MAX: usize = 200;
/// Addresses from which the users of one edge come; an edge limits requests by address.
const CLIENTS: usize = 16;
/// Third part of these addresses; the drawn networks of data centres lie below.
const CLIENTS_NETWORK: u8 = 251;

#[derive(Debug, Args)]
pub struct RunArgs {
    /// The fleet to run, a file that `mainstay fleet check` accepts.
    #[arg(long, value_name = "FILE")]
    fleet: PathBuf,
    /// Where the server's agent port is reached.
    #[arg(long, value_name = "HOST:PORT")]
    server: String,
    /// JSON object from data centre to join token; needed for agents without a certificate yet.
    #[arg(long, value_name = "FILE")]
    join_tokens: Option<PathBuf>,
    /// Folder for the agents' state, the logs and the control socket.
    #[arg(long, value_name = "DIR", default_value_os_t = crate::default_data_dir())]
    data_dir: PathBuf,
    /// Loopback network of the data centres, the first at .1; without it one is drawn, so that
    /// several labs run side by side.
    #[arg(long, value_name = "127.X.Y.0")]
    address_base: Option<Ipv4Addr>,
    /// Program that plays the services whose fleet entry names no command.
    #[arg(long, value_name = "PROGRAM")]
    service_program: Option<PathBuf>,
    /// The Envoy that plays the fleet's edges; without it, that of MAINSTAY_ENVOY, else one is
    /// looked for.
    #[arg(long, value_name = "PROGRAM")]
    envoy: Option<PathBuf>,
    /// Requests a second that users make at the start, over all regions; 0: none.
    #[arg(long, value_name = "N", default_value_t = load::RATE_DEFAULT)]
    load_rate: f64,
    /// Let a day pass in this time, 10s to 24h, like 60s: a week of backups is watched in minutes.
    ///
    /// Says how fast the users' day passes. The days of the backup policies are the server's, which
    /// has to be started with the same option: `mainstay serve --day 60s`; `cargo xtask up --day
    /// 60s` hands it to both.
    #[arg(long, value_name = "TIME")]
    day: Option<Pace>,
    /// Run no databases.
    #[arg(long)]
    no_databases: bool,
    /// Transactions a second that are made in each database; 0: none.
    #[arg(long, value_name = "N", default_value_t = databases::WRITES_DEFAULT)]
    writes_per_second: f64,
    /// Program with the `agent` command.
    #[arg(long, value_name = "PROGRAM", hide = true)]
    agent_program: Option<PathBuf>,
}

/// Runs until `stop`, then stops everything it started.
pub async fn run(args: RunArgs, stop: CancellationToken) -> anyhow::Result<ExitCode> {
    let fleet = read_fleet(&args.fleet)?;
    let tokens = read_tokens(args.join_tokens.as_deref())?;
    let data_dir = prepare(&args.data_dir)?;
    let base = address_base(args.address_base)?;
    let service_program = find_service_program(args.service_program)?;
    let agent_program = match args.agent_program {
        Some(program) => program,
        None => std::env::current_exe().context("cannot tell which program this is")?,
    };
    let writes = (!args.no_databases).then_some(args.writes_per_second);
    let ips = (1..).zip(fleet.datacenters.keys());
    let ips = ips.map(|(number, id)| (id.clone(), address(base, number).into())).collect();
    let databases = start_databases(&fleet, &ips, writes, &data_dir).await?;
    let control = control_of_databases(&agent_program, &data_dir);
    let mut datacenters = BTreeMap::new();
    for (number, id) in (1..).zip(fleet.datacenters.keys()) {
        let agent_dir = data_dir.join("agents").join(id.as_str());
        clear_faults(&agent_dir)?;
        let told = databases.as_ref().map(|all| all.tell(id, &agent_dir, &control));
        let told = told.transpose().with_context(|| format!("cannot tell {id} of databases"))?;
        let plan = AgentPlan {
            datacenter: id.clone(),
            program: agent_program.clone(),
            service_program: service_program.clone(),
            ip: address(base, number).into(),
            data_dir: agent_dir,
            log: data_dir.join("logs").join(format!("agent-{id}.log")),
            join_token: tokens.get(id).cloned(),
            databases: told,
        };
        let started = Datacenter::start(plan, &args.server).await;
        let datacenter = started.with_context(|| format!("cannot start the agent of {id}"))?;
        datacenters.insert(id.clone(), datacenter);
    }
    let settings = users(args.load_rate, args.day);
    let edges = start_edges(&fleet, args.envoy, &datacenters, &data_dir)?;
    let load = start_load(&fleet, &edges, settings, base, &data_dir)?;
    announce(&fleet, &datacenters, &edges, &data_dir);
    announce_databases(databases.as_ref(), args.day, &data_dir);
    let lab = Arc::new(Lab::new(datacenters, edges, load, databases));
    let served = control::serve(lab.clone(), &control::socket(&data_dir), stop).await;
    tracing::info!("the lab stops its users, edges, agents, services and databases");
    lab.stop().await;
    served?;
    Ok(ExitCode::SUCCESS)
}

fn read_fleet(file: &Path) -> anyhow::Result<Fleet> {
    let shown = file.display();
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?;
    let fleet = mainstay_core::fleet::read::read(&text).map_err(|findings| {
        let count = findings.len();
        anyhow::anyhow!("{shown} has {count} mistakes; `mainstay fleet check {shown}` names them")
    })?;
    match fleet.datacenters.len() {
        0 => bail!("{shown} has no data centre"),
        1..=DATACENTERS_MAX => Ok(fleet),
        many => bail!("{shown} has {many} data centres, a lab at most {DATACENTERS_MAX}"),
    }
}

fn read_tokens(file: Option<&Path>) -> anyhow::Result<BTreeMap<DatacenterId, String>> {
    let Some(file) = file else { return Ok(BTreeMap::new()) };
    let text = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_slice(&text)
        .with_context(|| format!("{} is no JSON object of join tokens", file.display()))
}

/// Makes the folders, closed to other users, and returns the absolute path.
fn prepare(data_dir: &Path) -> anyhow::Result<PathBuf> {
    for folder in ["agents", "logs"] {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(data_dir.join(folder))
            .with_context(|| format!("cannot make {}", data_dir.display()))?;
    }
    fs::canonicalize(data_dir).with_context(|| format!("cannot use {}", data_dir.display()))
}

/// Faults of a former run ended with it.
fn clear_faults(agent_dir: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(effect::folder(agent_dir)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).context("old faults cannot be removed")
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn address_base(wanted: Option<Ipv4Addr>) -> anyhow::Result<Ipv4Addr> {
    let base = match wanted {
        Some(base) => base,
        None => {
            let mut rng = rand::rng();
            Ipv4Addr::new(127, rng.random_range(16..=250), rng.random_range(1..=250), 0)
        }
    };
    match base.octets() {
        [127, _, _, 0] => Ok(base),
        _ => bail!("--address-base is a loopback network: 127.X.Y.0, not {base}"),
    }
}

fn address(base: Ipv4Addr, number: u8) -> Ipv4Addr {
    let [a, b, c, _] = base.octets();
    Ipv4Addr::new(a, b, c, number)
}

fn find_service_program(given: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let program = match given {
        Some(program) => program,
        None => std::env::current_exe()
            .context("cannot tell which program this is")?
            .with_file_name(SERVICE_PROGRAM),
    };
    let found = fs::canonicalize(&program);
    found.with_context(|| {
        let program = program.display();
        format!(
            "there is no service program {program}; build it, or name it with --service-program"
        )
    })
}

/// A Postgres for each database of the fleet; none, and a line that says why, where they cannot be.
/// `writes`: transactions a second; `None`: nobody wants databases.
async fn start_databases(
    fleet: &Fleet,
    ips: &databases::Ips,
    writes: Option<f64>,
    data_dir: &Path,
) -> anyhow::Result<Option<Databases>> {
    let Some(writes) = writes.filter(|_| !fleet.databases.is_empty()) else { return Ok(None) };
    if !(0.0..=databases::WRITES_MAX).contains(&writes) {
        bail!("--writes-per-second is from 0 to {}", databases::WRITES_MAX);
    }
    match Databases::start(fleet, data_dir, ips, writes).await {
        Ok(databases) => Ok(Some(databases)),
        Err(why) => {
            println!("Databases, and copies of them, are left out: {why}.");
            Ok(None)
        }
    }
}

/// The command with which agents stop and start databases; the action and the database follow.
fn control_of_databases(program: &Path, data_dir: &Path) -> Vec<String> {
    let (program, data_dir) = (program.display().to_string(), data_dir.display().to_string());
    let words = ["lab", "database", "--data-dir"].map(str::to_owned);
    [program].into_iter().chain(words).chain([data_dir]).collect()
}

/// One Envoy for each edge of the fleet; none, and a line that says why, without the program.
fn start_edges(
    fleet: &Fleet,
    given: Option<PathBuf>,
    datacenters: &BTreeMap<DatacenterId, Datacenter>,
    data_dir: &Path,
) -> anyhow::Result<Vec<Edge>> {
    if fleet.edges.is_empty() {
        return Ok(Vec::new());
    }
    // Read here and not as an option's, for a variable must not ask for a lab to be run.
    let given = given.or_else(|| std::env::var_os("MAINSTAY_ENVOY").map(PathBuf::from));
    let program = match (edges::find(given.clone()), given) {
        (Ok(program), _) => program,
        (Err(why), Some(_)) => bail!("the Envoy that is named cannot be used: {why}"),
        (Err(why), None) => {
            println!("Edges, and the load on them, are left out: {why}.");
            return Ok(Vec::new());
        }
    };
    let mut started: Vec<Edge> = Vec::new();
    for (id, edge) in &fleet.edges {
        let Some(datacenter) = datacenters.get(&edge.datacenter) else { continue };
        // An Envoy that was started a moment ago may not listen yet.
        let usual = SocketAddr::new(datacenter.ip(), edges::PORT);
        let taken = started.iter().any(|other| other.plan().listen == usual);
        let listen = match taken {
            true => edges::free_address(datacenter.ip()),
            false => edges::listen_address(datacenter.ip()),
        };
        let listen = listen.with_context(|| format!("no port for the edge {id}"))?;
        started.push(Edge::start(EdgePlan {
            id: id.clone(),
            region: edge.region.clone(),
            datacenter: edge.datacenter.clone(),
            program: program.clone(),
            listen,
            server: datacenter.line(),
            agent_dir: datacenter.data_dir().to_owned(),
            dir: data_dir.join("edges").join(id.as_str()),
            log: data_dir.join("logs").join(format!("edge-{id}.log")),
        })?);
    }
    Ok(started)
}

/// The load at the start.
fn users(rate: f64, day: Option<Pace>) -> Settings {
    let fast = day.filter(|day| !day.is_real());
    Settings { rate, day_seconds: fast.map(Pace::day_seconds) }
}

fn start_load(
    fleet: &Fleet,
    edges: &[Edge],
    settings: Settings,
    base: Ipv4Addr,
    data_dir: &Path,
) -> anyhow::Result<Option<Load>> {
    if !(0.0..=load::RATE_MAX).contains(&settings.rate) {
        bail!("--load-rate is from 0 to {} requests a second", load::RATE_MAX);
    }
    if edges.is_empty() {
        return Ok(None);
    }
    let entrance = |(nth, edge): (usize, &Edge)| Entrance {
        edge: edge.plan().id.clone(),
        region: edge.plan().region.clone(),
        address: edge.plan().listen,
        others: {
            let (before, rest) = edges.split_at(nth);
            let others = rest.iter().skip(1).chain(before).map(Edge::plan);
            others.map(|plan| (plan.id.clone(), plan.listen)).collect()
        },
        clients: (0..CLIENTS).map(|client| client_address(base, nth * CLIENTS + client)).collect(),
    };
    let entrances = edges.iter().enumerate().map(entrance).collect();
    let started = Load::start(fleet, entrances, settings, data_dir);
    Ok(Some(started.context("the ledger of the load cannot be written")?))
}

/// Loopback addresses from which users come, beside the networks of data centres.
fn client_address(base: Ipv4Addr, nth: usize) -> IpAddr {
    let [a, b, _, _] = base.octets();
    let last = u8::try_from(1 + nth % 250).unwrap_or(1);
    Ipv4Addr::new(a, b, CLIENTS_NETWORK, last).into()
}

fn announce_databases(databases: Option<&Databases>, day: Option<Pace>, data_dir: &Path) {
    let Some(databases) = databases else { return };
    let ((count, stores), folder) = (databases.count(), data_dir.display());
    println!("Databases: {count}; mainstay lab database --data-dir {folder} list|stop|start");
    if !stores.is_empty() {
        let stores: Vec<_> = stores.iter().map(DatacenterId::as_str).collect();
        println!("Clusters: etcd in {}", stores.join(", "));
    }
    println!(
        "Copies: mainstay lab fault --data-dir {folder} away|full|lag|flip|remove|gap|break|heal"
    );
    if let Some(day) = day {
        let seconds = day.day_seconds();
        println!("A day passes in {day}; that of the policies if the server runs with the same:");
        println!("        mainstay serve --day {seconds}s");
    }
}

fn announce(
    fleet: &Fleet,
    datacenters: &BTreeMap<DatacenterId, Datacenter>,
    edges: &[Edge],
    data_dir: &Path,
) {
    let nodes: u32 = placement::wanted(fleet)
        .values()
        .flat_map(|services| services.values())
        .map(|service| u32::from(service.nodes))
        .sum();
    let (count, folder) = (datacenters.len(), data_dir.display());
    println!("The lab runs {count} data centres; the fleet asks for {nodes} instances.");
    for (id, datacenter) in datacenters {
        println!("  {id:<16} {}", datacenter.ip());
    }
    for edge in edges {
        println!("  {:<16} http://{}  (Host: a service's id)", edge.plan().id, edge.plan().listen);
    }
    println!(
        "Faults: mainstay lab fault --data-dir {folder} \
         list|kill|stop|lose|cut|slow|fail|errors|heal"
    );
    if !edges.is_empty() {
        println!("Users:  mainstay lab load --data-dir {folder} status; --rate N changes it");
        println!("        mainstay lab ledger --data-dir {folder} summary --since 10m");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_are_loopback_networks() {
        let read = |text: &str| address_base(Some(text.parse().unwrap()));
        assert_eq!(address(read("127.9.8.0").unwrap(), 3), Ipv4Addr::new(127, 9, 8, 3));
        assert!(read("127.0.0.1").is_err() && read("10.0.0.0").is_err());
        assert!(address_base(None).unwrap().is_loopback());
    }
}
