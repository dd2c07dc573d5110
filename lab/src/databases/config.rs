//! The file of a Patroni of the lab.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

use mainstay_core::id::DatacenterId;

use super::group::Common;

pub(super) const NAMESPACE: &str = "mainstay";
/// How the cluster is: as FINDINGS has it. A leader is lost after `ttl` at the latest. Standbys
/// notice within ten seconds that nothing comes.
const DYNAMIC: &str = r#"
    ttl: 20
    loop_wait: 5
    retry_timeout: 5
    maximum_lag_on_failover: 16777216
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters:
        archive_mode: "on"
        archive_timeout: "120"
        autovacuum_naptime: "300"
        hot_standby: "on"
        max_connections: 20
        max_wal_senders: 5
        max_wal_size: 64MB
        min_wal_size: 32MB
        shared_buffers: 16MB
        wal_keep_size: 64MB
        wal_level: replica
        wal_log_hints: "on"
        wal_receiver_timeout: 10s
        wal_sender_timeout: 10s
"#;

/// Where a member is.
pub(super) struct Place<'a> {
    pub datacenter: &'a DatacenterId,
    pub data_dir: &'a Path,
    pub socket_dir: &'a Path,
    pub rest: SocketAddr,
    pub postgres: SocketAddr,
}

pub(super) fn text(common: &Common, place: &Place<'_>) -> String {
    let Place { datacenter, rest, postgres, .. } = place;
    let shown = |path: &Path| serde_json::Value::from(path.display().to_string()).to_string();
    let (data, sockets) = (shown(place.data_dir), shown(place.socket_dir));
    let (bin, pass) = (shown(&common.bin_dir), shown(&place.socket_dir.join("pgpass")));
    let mut text = format!(
        "# Written by the lab at its start; changes are lost.\n\
         scope: {}\nnamespace: /{NAMESPACE}/\nname: {datacenter}\n\
         restapi:\n  listen: {rest}\n  connect_address: {rest}\n\
         etcd3:\n  hosts: {}\n",
        common.database,
        common.store.join(","),
    );
    let _ = write!(text, "bootstrap:\n  dcs:{DYNAMIC}");
    text.push_str(
        "  initdb:\n  - auth: trust\n  - data-checksums\n  - encoding: UTF8\n  - no-locale\n",
    );
    let _ = write!(
        text,
        "postgresql:\n  listen: {postgres}\n  connect_address: {postgres}\n  data_dir: {data}\n  \
         bin_dir: {bin}\n  pgpass: {pass}\n  use_unix_socket: true\n  \
         use_unix_socket_repl: true\n  parameters:\n    unix_socket_directories: {sockets}\n  \
         pg_hba:\n  - local all all trust\n  - local replication all trust\n  \
         - host all all 127.0.0.0/8 trust\n  - host replication all 127.0.0.0/8 trust\n  \
         authentication:\n"
    );
    // Nobody is asked for them: all of it is on one machine, at loopback addresses.
    for role in ["superuser", "replication", "rewind"] {
        let _ = write!(text, "    {role}:\n      username: postgres\n      password: lab\n");
    }
    text
}
