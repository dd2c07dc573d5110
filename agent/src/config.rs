//! What an agent is told at its start.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use mainstay_core::id::DatacenterId;
use mainstay_wire::JoinToken;

const DATABASES_READ_SECONDS: u32 = 60;

/// `mainstay agent`: runs the services of one data centre.
#[derive(Clone, Debug, clap::Args)]
pub struct AgentArgs {
    /// Where the server's agent port is reached.
    #[arg(long, value_name = "HOST:PORT", env = "MAINSTAY_SERVER")]
    pub server: String,
    /// The data centre this agent stands in, as the fleet names it.
    #[arg(long, value_name = "ID", env = "MAINSTAY_DATACENTER")]
    pub datacenter: DatacenterId,
    /// Folder for the certificate, the journal, logs and the state of running services.
    #[arg(long, value_name = "DIR", env = "MAINSTAY_DATA_DIR")]
    pub data_dir: PathBuf,
    /// Needed once: exchanged for a certificate at the first connection.
    #[arg(long, value_name = "TOKEN", env = "MAINSTAY_JOIN_TOKEN", hide_env_values = true)]
    pub join_token: Option<JoinToken>,
    /// Address on which services listen; each gets a free port.
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub bind_address: IpAddr,
    /// Program for services whose fleet entry names no command; arguments follow, one each.
    #[arg(long, value_name = "PROGRAM", num_args = 1.., allow_hyphen_values = true)]
    pub default_program: Vec<String>,
    /// How long a service may finish its requests before it is killed.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub drain_grace_seconds: u16,
    /// What this agent is to know of databases and of the repositories of their copies: a TOML
    /// file, read once.
    #[arg(long, value_name = "FILE", env = "MAINSTAY_DATABASES")]
    pub databases: Option<PathBuf>,
    /// Pause between two looks at what the repositories hold; ten times that for databases of
    /// other data centres.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = DATABASES_READ_SECONDS,
        value_parser = clap::value_parser!(u32).range(1..=86_400)
    )]
    pub databases_read_seconds: u32,
    /// Stop the services too when the agent is stopped; without it they keep serving.
    #[arg(long)]
    pub stop_children: bool,
    /// Stop when standard input ends: for a parent that must not leave agents behind.
    #[arg(long, hide = true)]
    pub until_stdin_closes: bool,
}

/// The same, checked.
#[derive(Clone, Debug)]
pub struct AgentConfig {
    /// `host:port` of the server's agent listener.
    pub server: String,
    pub datacenter: DatacenterId,
    /// Absolute.
    pub data_dir: PathBuf,
    pub join_token: Option<JoinToken>,
    pub bind_address: IpAddr,
    /// Program and arguments; empty: there is none.
    pub default_program: Vec<String>,
    pub drain_grace: Duration,
    /// The file that tells of databases; `None`: there are none for this agent.
    pub databases: Option<PathBuf>,
    pub databases_read_every: Duration,
    pub stop_children: bool,
    pub until_stdin_closes: bool,
}

impl TryFrom<AgentArgs> for AgentConfig {
    type Error = std::io::Error;

    fn try_from(args: AgentArgs) -> Result<Self, std::io::Error> {
        Ok(Self {
            server: args.server,
            datacenter: args.datacenter,
            data_dir: std::path::absolute(args.data_dir)?,
            join_token: args.join_token,
            bind_address: args.bind_address,
            default_program: args.default_program,
            drain_grace: Duration::from_secs(args.drain_grace_seconds.into()),
            databases: args.databases,
            databases_read_every: Duration::from_secs(args.databases_read_seconds.into()),
            stop_children: args.stop_children,
            until_stdin_closes: args.until_stdin_closes,
        })
    }
}
