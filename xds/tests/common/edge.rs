//! A real Envoy.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use mainstay_core::id::{DatacenterId, RegionId};
use mainstay_xds::bootstrap::{self, Tls};
use tokio::process::{Child, Command};

use super::edge_id;

/// An edge's process; ends when dropped.
pub struct Edge {
    pub id: String,
    /// Where users come in.
    pub listen: SocketAddr,
    pub process: Child,
    dir: tempfile::TempDir,
}

impl Edge {
    /// Starts an edge of the data centre `fra1`.
    pub fn start(id: &str, servers: &[SocketAddr], tls: Option<Tls>) -> Result<Self> {
        Self::start_with(id, servers, tls, 1_000)
    }

    /// The same for so many connections of users.
    pub fn start_with(
        id: &str,
        servers: &[SocketAddr],
        tls: Option<Tls>,
        connections_max: u32,
    ) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let listen = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let edge = bootstrap::Edge {
            id: edge_id(id),
            region: RegionId::new("eu")?,
            datacenter: DatacenterId::new("fra1")?,
            listen,
            servers: servers.iter().map(|at| (at.ip().to_string(), at.port())).collect(),
            admin: None,
            connections_max,
            tls,
        };
        if let Some(tls) = &edge.tls {
            for (path, content) in bootstrap::secrets(tls) {
                fs::write(path, content.to_string())?;
            }
        }
        let config = dir.path().join("envoy.json");
        fs::write(&config, bootstrap::bootstrap(&edge).to_string())?;
        let log = fs::File::create(dir.path().join("log"))?;
        let process = Command::new(program()?)
            .arg("--config-path")
            .arg(config)
            .args(["--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("starting Envoy")?;
        Ok(Self { id: id.to_owned(), listen, process, dir })
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

/// What it complained about is seen when a test fails.
impl Drop for Edge {
    fn drop(&mut self) {
        eprintln!("the log of {}:\n{}", self.id, self.log());
    }
}

/// Envoy's program.
fn program() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("MAINSTAY_ENVOY") {
        return Ok(path.into());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the crate has a parent")?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let path = root.join(target).join("tools/envoy");
    if !path.is_file() {
        bail!(
            "there is no Envoy: run `cargo xtask test`, which installs it, or set MAINSTAY_ENVOY \
             to its program"
        );
    }
    Ok(path)
}
