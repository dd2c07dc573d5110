//! The file in which an agent is told of the databases.

use std::fmt::Write;

use mainstay_core::id::DatacenterId;

use super::Databases;

/// Data centres that get the log of a database at all times.
const WAL_HOMES: usize = 2;

impl Databases {
    /// The text of the file. All agents know all databases and all repositories; the database
    /// itself is known where it runs.
    pub(super) fn file(&self, datacenter: &DatacenterId, control: &[String]) -> String {
        let scratch = self.ground.scratch(datacenter);
        let mut text = "# Written by the lab at its start; changes are lost.\n".to_owned();
        let _ = writeln!(text, "scratch_dir = {}", literal(&scratch.display().to_string()));
        for (id, database) in &self.databases {
            let homes = database.datacenters().iter().take(WAL_HOMES);
            let homes: Vec<_> = homes.map(|home| literal(home.as_str())).collect();
            let _ = write!(
                text,
                "\n[[database]]\nid = {}\nbin_dir = {}\nwal = [{}]\n",
                literal(id.as_str()),
                literal(&database.bin_dir().display().to_string()),
                homes.join(", "),
            );
            let Some(place) = database.place(datacenter) else {
                text.push_str("hosts = false\n");
                continue;
            };
            let command = |action: &str| {
                let own = [action, id.as_str()].map(str::to_owned);
                let all: Vec<_> = control.iter().chain(&own).map(|part| literal(part)).collect();
                all.join(", ")
            };
            let _ = write!(
                text,
                "data_dir = {}\nsocket_dir = {}\nport = {}\nstop = [{}]\nstart = [{}]\n",
                literal(&place.data_dir.display().to_string()),
                literal(&place.socket_dir.display().to_string()),
                place.port,
                command("stop"),
                command("start"),
            );
            if let Some(url) = &place.patroni {
                let _ = write!(text, "[database.patroni]\nurl = {}\n", literal(url));
            }
        }
        for datacenter in &self.datacenters {
            let _ = write!(
                text,
                "\n[[repository]]\ndatacenter = {}\npath = {}\n",
                literal(datacenter.as_str()),
                literal(&self.ground.repository(datacenter).display().to_string()),
            );
        }
        // Small, and beside everything else on one machine.
        text.push_str("\n[pgbackrest]\noptions = { process-max = 1 }\n");
        text
    }
}

/// A text of TOML.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
