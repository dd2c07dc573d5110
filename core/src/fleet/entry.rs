//! The kinds of entry a fleet file has, by the names of their tables and keys.
//!
//! Owns these names: reading, findings and differences take them from here, so that a sentence
//! about a file names what really is written in it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    Region,
    Datacenter,
    Group,
    Service,
    Database,
    BackupPolicy,
    Edge,
    Bench,
    RolloutPlan,
    Drill,
}

impl EntryKind {
    /// Every kind, in the order in which a fleet file is best written.
    pub const ALL: [Self; 10] = [
        Self::Region,
        Self::Datacenter,
        Self::Group,
        Self::Bench,
        Self::RolloutPlan,
        Self::Service,
        Self::BackupPolicy,
        Self::Database,
        Self::Edge,
        Self::Drill,
    ];

    /// Name of its table: `[[datacenter]]`.
    pub const fn table(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Datacenter => "datacenter",
            Self::Group => "group",
            Self::Service => "service",
            Self::Database => "database",
            Self::BackupPolicy => "backup_policy",
            Self::Edge => "edge",
            Self::Bench => "bench",
            Self::RolloutPlan => "rollout_plan",
            Self::Drill => "drill",
        }
    }

    /// The kind with this [`table`](Self::table).
    pub fn from_table(table: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.table() == table)
    }

    /// Every key its table may have.
    pub const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Region => &["id", "name", "time_zone", "warehouses", "couriers", "was"],
            Self::Datacenter => &["id", "name", "region", "vendor", "retired", "was"],
            Self::Group => &[
                "id",
                "name",
                "priority",
                "rto_minutes",
                "rpo_seconds",
                "serving_least",
                "orchestrator",
                "availability_target",
                "automatic_drills",
                "was",
            ],
            Self::Service => SERVICE,
            Self::Database => &[
                "id",
                "group",
                "datacenters",
                "policy",
                "cluster",
                "lag_max_bytes",
                "proof_checks",
                "was",
            ],
            Self::BackupPolicy => &[
                "id",
                "full_every_days",
                "full_on",
                "differential",
                "window",
                "retention_days",
                "rotation",
                "origin",
                "proof_max_age_days",
                "copies",
                "copies_in",
            ],
            Self::Edge => &["id", "region", "datacenter"],
            Self::Bench => &["id", "datacenter", "valid_hours", "checks"],
            Self::RolloutPlan => &[
                "id",
                "steps",
                "node_watch_seconds",
                "waves",
                "alpha",
                "error_tolerance",
                "latency_tolerance",
                "min_requests",
                "conditions",
            ],
            Self::Drill => {
                &["id", "datacenters", "group", "every_days", "on", "window", "origin", "owner"]
            }
        }
    }

    /// Most entries of the kind in one fleet.
    pub const fn most(self) -> usize {
        match self {
            Self::Region
            | Self::Group
            | Self::BackupPolicy
            | Self::Bench
            | Self::RolloutPlan
            | Self::Drill => 64,
            Self::Datacenter => 256,
            Self::Edge => 1_024,
            Self::Service | Self::Database => 4_096,
        }
    }
}

/// In words, as a sentence uses it.
impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Region => "region",
            Self::Datacenter => "data centre",
            Self::Group => "group",
            Self::Service => "service",
            Self::Database => "database",
            Self::BackupPolicy => "backup policy",
            Self::Edge => "edge",
            Self::Bench => "bench",
            Self::RolloutPlan => "rollout plan",
            Self::Drill => "drill",
        })
    }
}

/// Keys of a service.
const SERVICE: &[&str] = &[
    "id",
    "group",
    "placement",
    "datacenters",
    "needs",
    "regions",
    "nodes",
    "version",
    "front",
    "command",
    "health_path",
    "retired",
    "strategy",
    "bench",
    "rollout_plan",
    "identical_per_second",
    "in_flight",
    "depends_on",
    "node_requests_per_second",
    "availability_target",
    "requires_checks",
    "was",
];

const PROOF_CHECKS: &str =
    r#"proof_checks = [{ name = "orders", query = "SELECT count(*) FROM orders" }]"#;

/// How a key is written, for a sentence that asks for it.
pub(super) fn example(key: &str) -> &'static str {
    match key {
        "id" => r#"id = "fra1""#,
        "name" => r#"name = "production""#,
        "time_zone" => r#"time_zone = "Europe/Berlin""#,
        "warehouses" => "warehouses = true",
        "couriers" => "couriers = true",
        "region" => r#"region = "europe""#,
        "vendor" => r#"vendor = "on-premises""#,
        "retired" => "retired = true",
        "priority" => "priority = 1",
        "group" => r#"group = "store""#,
        "placement" => r#"placement = "distributed""#,
        "datacenters" => r#"datacenters = ["fra1", "ams1"]"#,
        "datacenter" => r#"datacenter = "fra1""#,
        "needs" => r#"needs = "warehouses""#,
        "regions" => r#"regions = ["europe"]"#,
        "nodes" => "nodes = 2",
        "version" => r#"version = "1.4.2""#,
        "front" => "front = true",
        "command" => r#"command = ["/usr/bin/feed", "serve"]"#,
        "health_path" => r#"health_path = "/health""#,
        "identical_per_second" => "identical_per_second = 50",
        "in_flight" => "in_flight = 1024",
        "policy" => r#"policy = "daily""#,
        "full_every_days" => "full_every_days = 1",
        "full_on" => r#"full_on = ["tuesday", "friday"]"#,
        "differential" => "differential = true",
        "window" => r#"window = "00:00-00:30""#,
        "retention_days" => "retention_days = 7",
        "rotation" => r#"rotation = "chain""#,
        "origin" => r#"origin = "2026-01-01""#,
        "proof_max_age_days" => "proof_max_age_days = 7",
        "copies" => "copies = 2",
        "copies_in" => "copies_in = 2",
        "strategy" => r#"strategy = "canary""#,
        "bench" => r#"bench = "store""#,
        "rollout_plan" => r#"rollout_plan = "careful""#,
        "requires_checks" => r#"requires_checks = ["bench", "backups-proven", "pipeline"]"#,
        "valid_hours" => "valid_hours = 72",
        "checks" => r#"checks = [{ path = "/health", status = 200 }]"#,
        "proof_checks" => PROOF_CHECKS,
        "query" => r#"query = "SELECT count(*) FROM orders""#,
        "database" => r#"database = "shop""#,
        "at_least" => "at_least = 1",
        "exactly" => "exactly = 1",
        "path" => r#"path = "/health""#,
        "status" => "status = 200",
        "contains" => r#"contains = "ok""#,
        "requests_per_second" => "requests_per_second = 50",
        "seconds" => "seconds = 5",
        "errors_most" => "errors_most = 0.5",
        "p95_most_ms" => "p95_most_ms = 200",
        "steps" => "steps = [{ weight = 5, watch_seconds = 300 }]",
        "weight" => "weight = 5",
        "watch_seconds" => "watch_seconds = 300",
        "pause" => "pause = true",
        "node_watch_seconds" => "node_watch_seconds = 60",
        "waves" => r#"waves = [["europe"], ["asia", "africa"]]"#,
        "alpha" => "alpha = 0.01",
        "error_tolerance" => "error_tolerance = 0.5",
        "latency_tolerance" => "latency_tolerance = 20",
        "min_requests" => "min_requests = 100",
        "conditions" => "conditions = [{ errors_most = 1 }]",
        "promql" => r#"promql = "sum(rate(orders_total[1m]))""#,
        "most" => "most = 0.5",
        "least" => "least = 10",
        _ => recovery_example(key),
    }
}

/// The same of what is asked of recovery.
fn recovery_example(key: &str) -> &'static str {
    match key {
        "rto_minutes" => "rto_minutes = 15",
        "rpo_seconds" => "rpo_seconds = 30",
        "serving_least" => "serving_least = 2",
        "orchestrator" => r#"orchestrator = "advise""#,
        "availability_target" => "availability_target = 99.95",
        "depends_on" => r#"depends_on = ["feed-api", "store-db"]"#,
        "node_requests_per_second" => "node_requests_per_second = 200",
        "automatic_drills" => "automatic_drills = true",
        "every_days" => "every_days = 90",
        "on" => r#"on = ["tuesday"]"#,
        "owner" => r#"owner = "platform""#,
        "cluster" => r#"cluster = "patroni""#,
        "lag_max_bytes" => "lag_max_bytes = 16777216",
        "was" => r#"was = ["feed"]"#,
        _ => "key = value",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_an_example_and_stands_in_the_reference() {
        let reference = include_str!("../../../docs/fleet-file.md");
        for kind in EntryKind::ALL {
            assert_eq!(EntryKind::from_table(kind.table()), Some(kind));
            let (_, section) =
                reference.split_once(&format!("`[[{}]]`", kind.table())).expect("its section");
            let section = section.split("**`[[").next().expect("a first part");
            for key in kind.keys() {
                assert!(section.contains(&format!("`{key}`")), "{kind}: {key}");
                let example = example(key);
                assert!(example.starts_with(&format!("{key} = ")), "{example}");
                assert!(toml::from_str::<toml::Table>(example).is_ok(), "{example}");
            }
        }
    }
}
