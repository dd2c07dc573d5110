//! `mainstay edge`: what an Envoy needs to become an edge of the fleet.

use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use mainstay_agent::identity::{self, Found, Identity};
use mainstay_core::id::{DatacenterId, EdgeId, RegionId};
use mainstay_wire::SERVER_NAME;
use mainstay_xds::bootstrap::{self, Edge, Pem, Tls};
use tokio_util::sync::CancellationToken;

/// How often a renewed certificate is looked for.
const LOOK: Duration = Duration::from_secs(30);

#[derive(Args, Debug)]
pub struct EdgeArgs {
    #[command(subcommand)]
    command: EdgeCommand,
}

#[derive(Subcommand, Debug)]
enum EdgeCommand {
    /// Write the files that an Envoy starts with, and print how to start it.
    ///
    /// Runs beside the agent of the edge's data centre, whose certificate the edge shows.
    Prepare(PrepareArgs),
}

#[derive(Args, Debug)]
struct PrepareArgs {
    /// The edge, as the fleet names it.
    #[arg(long, value_name = "ID")]
    edge: EdgeId,
    #[arg(long, value_name = "ID")]
    region: RegionId,
    #[arg(long, value_name = "ID")]
    datacenter: DatacenterId,
    /// Where users' requests enter.
    #[arg(long, value_name = "IP:PORT", default_value = "0.0.0.0:8000")]
    listen: SocketAddr,
    /// The servers' addresses for agents; name each replica.
    #[arg(long = "server", value_name = "HOST:PORT", required = true, value_parser = server)]
    servers: Vec<(String, u16)>,
    /// Data folder of the data centre's agent.
    #[arg(long, value_name = "DIR")]
    agent_dir: PathBuf,
    /// Folder for the edge's files.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Envoy's own administration, on an address that no user reaches.
    #[arg(long, value_name = "IP:PORT")]
    admin: Option<SocketAddr>,
    /// Connections of users at once; what is above is closed, so that the others go on.
    #[arg(long, default_value_t = 10_000)]
    connections_max: u32,
    /// Stay, and hand each renewed certificate on to the edge.
    #[arg(long)]
    stay: bool,
}

/// Runs the subcommand.
pub async fn run(args: EdgeArgs) -> anyhow::Result<ExitCode> {
    let EdgeCommand::Prepare(args) = args.command;
    let stop = super::stop_signal()?;
    let identity = certificate(&args)?;
    let folder = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&args.dir);
    folder.with_context(|| format!("the folder {}", args.dir.display()))?;
    let dir = std::path::absolute(&args.dir)?;
    let tls = Tls::in_folder(&dir, SERVER_NAME);
    tls.write(pem(&identity))?;
    let edge = Edge {
        id: args.edge.clone(),
        region: args.region.clone(),
        datacenter: args.datacenter.clone(),
        listen: args.listen,
        servers: args.servers.clone(),
        admin: args.admin,
        connections_max: args.connections_max,
        tls: Some(tls.clone()),
    };
    let path = bootstrap::write(&edge, &dir)?;
    println!("envoy --config-path {} --disable-hot-restart", path.display());
    if args.stay {
        hand_on(&args, &tls, identity, &stop).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes each renewed certificate, until told to stop.
async fn hand_on(
    args: &PrepareArgs,
    tls: &Tls,
    mut known: Identity,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(LOOK) => {}
        }
        let found = certificate(args)?;
        if found.certificate_pem() != known.certificate_pem() {
            tls.write(pem(&found))?;
            known = found;
        }
    }
}

fn certificate(args: &PrepareArgs) -> anyhow::Result<Identity> {
    match identity::find(&args.agent_dir, &args.datacenter, None)? {
        Found::Identity(identity) => Ok(*identity),
        Found::MustJoin { .. } => bail!("the agent of {} has not joined yet", args.datacenter),
    }
}

fn pem(identity: &Identity) -> Pem<'_> {
    Pem {
        certificate: identity.certificate_pem(),
        key: identity.key_pem(),
        authority: identity.ca_pem(),
    }
}

/// `host:port`; an IPv6 address stands in brackets.
fn server(text: &str) -> Result<(String, u16), String> {
    let parsed = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    match parsed {
        Some((host, port)) if !host.is_empty() => {
            Ok((host.trim_matches(['[', ']']).to_owned(), port))
        }
        _ => Err("write the host and the port, as in mainstay.example:8443".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_and_a_port() {
        assert_eq!(server("a.example:8443"), Ok(("a.example".to_owned(), 8443)));
        assert_eq!(server("[::1]:80"), Ok(("::1".to_owned(), 80)));
        for bad in ["a.example", ":80", "a:b", "a:70000"] {
            assert!(server(bad).is_err(), "{bad}");
        }
    }
}
