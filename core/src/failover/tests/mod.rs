//! Plans, their order and what they must never do; the run from step to step.

mod anew;
mod clocks;
mod drifts;
mod model;
mod plans;
mod properties;
mod runs;
mod standbys;
mod watches;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use super::moments::{Ground, moments};
use super::*;
use crate::fleet::Fleet;
use crate::fleet::read::read;

const ENTERPRISE: &str = include_str!("../../../../fleets/enterprise.toml");

/// Two regions with two data centres each, three groups; `late` is below `early`.
const SMALL: &str = r#"
name = "small"
[[region]]
id = "a"
time_zone = "UTC"
warehouses = true
[[region]]
id = "b"
time_zone = "UTC"
[[datacenter]]
id = "a1"
region = "a"
vendor = "on-premises"
[[datacenter]]
id = "a2"
region = "a"
vendor = "Cloud"
[[datacenter]]
id = "b1"
region = "b"
vendor = "on-premises"
[[group]]
id = "early"
priority = 1
serving_least = 2
[[group]]
id = "late"
priority = 2
[[service]]
id = "front"
group = "early"
placement = "distributed"
nodes = 3
version = "1.0.0"
depends_on = ["api", "db"]
[[service]]
id = "api"
group = "early"
placement = "distributed"
datacenters = ["a1", "b1"]
nodes = 2
version = "1.0.0"
depends_on = ["db"]
[[service]]
id = "stock"
group = "late"
placement = "local"
needs = "warehouses"
nodes = 2
version = "1.0.0"
[[database]]
id = "db"
group = "early"
datacenters = ["a1", "b1"]
cluster = "patroni"
[[edge]]
id = "edge-a"
region = "a"
datacenter = "a2"
"#;

fn id<T: FromStr>(text: &str) -> T
where
    T::Err: fmt::Debug,
{
    text.parse().expect("an id")
}

fn fleet(text: &str) -> Fleet {
    read(text).expect("a fleet without mistakes")
}

fn set(ids: &[&str]) -> BTreeSet<DatacenterId> {
    ids.iter().map(|text| id(text)).collect()
}

fn plan_of(fleet: &Fleet, lose: &[&str]) -> Plan {
    let observed = Observed::as_declared(fleet);
    plan(fleet, &observed, &Standing::default(), &set(lose), &Scope::All)
}

/// A run of a plan, as it is when somebody starts it.
fn run_of(plan: Plan, mode: Mode) -> Run {
    Run {
        id: RunId(1),
        plan,
        mode,
        drill: false,
        state: State::Running,
        steps: BTreeMap::new(),
        reason: "a test of the whole".into(),
        overridden: BTreeSet::new(),
        emergency: false,
        started_at: at(0),
        started_by: "anna".into(),
        allowed_by: None,
        revision: 1,
        routing_revision: 0,
        changed_at: at(0),
    }
}

fn at(seconds: i64) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp(seconds, 0).expect("a small timestamp")
}
