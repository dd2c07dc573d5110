//! The file an edge's Envoy starts with: who it is, where the servers are, and what only a start
//! can set. Everything else it is told over ADS.
//!
//! Certificates are named by path in files of their own, which Envoy watches: one renewed by
//! renaming a new file over the old is used without a restart.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use mainstay_core::id::{DatacenterId, EdgeId, RegionId};
use serde_json::{Value, json};

use crate::resources::CONTROL_PLANE;

/// The key of the listener's address in the metadata of an edge's node.
pub(crate) const LISTEN: &str = "listen";
const CERTIFICATE: &str = "edge";
const AUTHORITY: &str = "authority";
const TYPE: &str = "type.googleapis.com/envoy";

/// What an edge is started with.
#[derive(Clone, Debug)]
pub struct Edge {
    pub id: EdgeId,
    pub region: RegionId,
    pub datacenter: DatacenterId,
    /// Where users' requests enter.
    pub listen: SocketAddr,
    /// The servers' listeners for agents and edges, host and port; any of them will do.
    pub servers: Vec<(String, u16)>,
    /// Envoy's own administration, if at all; never reachable for users.
    pub admin: Option<SocketAddr>,
    /// Connections of users at once; what is above is closed, so that the others go on.
    pub connections_max: u32,
    /// `None`: without TLS, which only tests do.
    pub tls: Option<Tls>,
}

/// How an edge shows who it is and knows the server: the certificate is the data centre's.
#[derive(Clone, Debug)]
pub struct Tls {
    /// PEM files; each replaced as a whole by renaming.
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub authority: PathBuf,
    /// The name in the server's certificate.
    pub server_name: String,
    /// Where the files of [`secrets`] are.
    pub secrets_dir: PathBuf,
}

/// A data centre's certificate with what belongs to it, each as PEM.
#[derive(Clone, Copy, Debug)]
pub struct Pem<'a> {
    pub certificate: &'a str,
    pub key: &'a str,
    pub authority: &'a str,
}

impl Tls {
    /// Everything in one folder of the edge's own.
    pub fn in_folder(folder: &Path, server_name: &str) -> Self {
        Self {
            certificate: folder.join("certificate.pem"),
            key: folder.join("key.pem"),
            authority: folder.join("authority.pem"),
            server_name: server_name.to_owned(),
            secrets_dir: folder.to_owned(),
        }
    }

    /// Writes a certificate, new or renewed, and last the files that an Envoy watches for one.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, pem: Pem<'_>) -> io::Result<()> {
        replace(&self.certificate, pem.certificate.as_bytes())?;
        replace(&self.key, pem.key.as_bytes())?;
        replace(&self.authority, pem.authority.as_bytes())?;
        for (path, content) in secrets(self) {
            replace(&path, content.to_string().as_bytes())?;
        }
        Ok(())
    }
}

/// Writes the bootstrap into a folder; returns the path that Envoy is given.
///
/// # Errors
/// When the folder cannot be written.
pub fn write(edge: &Edge, folder: &Path) -> io::Result<PathBuf> {
    let path = folder.join("bootstrap.json");
    replace(&path, bootstrap(edge).to_string().as_bytes())?;
    Ok(path)
}

/// At once, and for this user's eyes only.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let next = path.with_extension("next");
    let mut options = OpenOptions::new();
    options.create(true).write(true).truncate(true).mode(0o600);
    options.open(&next)?.write_all(content)?;
    fs::rename(next, path)
}

/// Envoy's bootstrap, as JSON.
pub fn bootstrap(edge: &Edge) -> Value {
    let mut root = json!({
        "node": {
            "id": edge.id,
            "cluster": edge.region,
            "locality": {"region": edge.region, "zone": edge.datacenter},
            "metadata": {LISTEN: edge.listen.to_string()},
        },
        "dynamic_resources": {
            "ads_config": {
                "api_type": "DELTA_GRPC",
                "transport_api_version": "V3",
                "grpc_services": [{"envoy_grpc": {
                    "cluster_name": CONTROL_PLANE,
                    // Envoy's own 30 s at most are long for an edge that waits for a server.
                    "retry_policy": {"retry_back_off":
                        {"base_interval": "0.25s", "max_interval": "3s"}},
                }}],
            },
            "cds_config": {"resource_api_version": "V3", "ads": {}},
            "lds_config": {"resource_api_version": "V3", "ads": {}},
        },
        "static_resources": {"clusters": [control_plane(edge)]},
        "overload_manager": {"resource_monitors": [{
            "name": "envoy.resource_monitors.global_downstream_max_connections",
            "typed_config": {
                "@type": format!("{TYPE}.extensions.resource_monitors.downstream_connections.v3.\
                                  DownstreamConnectionsConfig"),
                "max_active_downstream_connections": edge.connections_max,
            },
        }]},
    });
    if let Some(admin) = edge.admin {
        root["admin"] = json!({"address": address(&admin.ip().to_string(), admin.port()),
                               "ignore_global_conn_limit": true});
    }
    root
}

/// The files that name the certificates: path and content, to be written before the start.
pub fn secrets(tls: &Tls) -> [(PathBuf, Value); 2] {
    let file = |name: &str, key: &str, value: Value| {
        let secret = json!({
            "@type": format!("{TYPE}.extensions.transport_sockets.tls.v3.Secret"),
            "name": name,
            key: value,
        });
        (secret_path(tls, name), json!({"resources": [secret]}))
    };
    [
        file(
            CERTIFICATE,
            "tls_certificate",
            json!({
                "certificate_chain": {"filename": tls.certificate},
                "private_key": {"filename": tls.key},
            }),
        ),
        file(
            AUTHORITY,
            "validation_context",
            json!({
                "trusted_ca": {"filename": tls.authority},
                "match_typed_subject_alt_names":
                    [{"san_type": "DNS", "matcher": {"exact": tls.server_name}}],
            }),
        ),
    ]
}

/// The cluster of the servers: one connection, found dead by pings.
fn control_plane(edge: &Edge) -> Value {
    let literal = edge.servers.iter().all(|(host, _)| host.parse::<IpAddr>().is_ok());
    let endpoints: Vec<Value> = edge
        .servers
        .iter()
        .map(|(host, port)| json!({"endpoint": {"address": address(host, *port)}}))
        .collect();
    let mut cluster = json!({
        "name": CONTROL_PLANE,
        "type": if literal { "STATIC" } else { "STRICT_DNS" },
        "connect_timeout": "2s",
        "load_assignment": {
            "cluster_name": CONTROL_PLANE,
            "endpoints": [{"lb_endpoints": endpoints}],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": format!("{TYPE}.extensions.upstreams.http.v3.HttpProtocolOptions"),
                // Older connections take no new streams: one that was refused for its certificate
                // comes back with the newest.
                "common_http_protocol_options": {"max_connection_duration": "10s"},
                "explicit_http_config": {"http2_protocol_options":
                    {"connection_keepalive": {"interval": "5s", "timeout": "5s"}}},
            },
        },
    });
    if let Some(tls) = &edge.tls {
        cluster["transport_socket"] = json!({
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": format!("{TYPE}.extensions.transport_sockets.tls.v3.UpstreamTlsContext"),
                "sni": tls.server_name,
                "common_tls_context": {
                    "tls_certificate_sds_secret_configs": [secret(tls, CERTIFICATE)],
                    "validation_context_sds_secret_config": secret(tls, AUTHORITY),
                    "alpn_protocols": ["h2"],
                },
            },
        });
    }
    cluster
}

fn secret(tls: &Tls, name: &str) -> Value {
    let source = json!({"path": secret_path(tls, name)});
    json!({
        "name": name,
        "sds_config": {"resource_api_version": "V3", "path_config_source": source},
    })
}

fn secret_path(tls: &Tls, name: &str) -> PathBuf {
    Path::new(&tls.secrets_dir).join(format!("{name}.json"))
}

fn address(host: &str, port: u16) -> Value {
    json!({"socket_address": {"address": host, "port_value": port}})
}
