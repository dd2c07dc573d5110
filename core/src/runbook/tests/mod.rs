//! Runbooks: reading with every mistake, the library, what is shown of hostile texts, live values,
//! runs and short links.

mod aliases;
mod hostile;
mod reading;
mod runs;
mod values;

/// A good front matter.
pub(super) const FRONT: &str =
    "+++\ntitle = \"T\"\nowner = \"store team\"\nreviewed = 2026-11-20\n+++\n";

/// A fleet to ask about.
pub(super) const FLEET: &str = r#"name = "test"
[[region]]
id = "north"
time_zone = "Europe/Oslo"
[[datacenter]]
id = "fra1"
region = "north"
vendor = "on-premises"
[[datacenter]]
id = "osl1"
region = "north"
vendor = "on-premises"
[[group]]
id = "store"
priority = 1
[[service]]
id = "shop"
group = "store"
placement = "distributed"
nodes = 2
version = "1.0.0"
[[database]]
id = "store-db"
group = "store"
datacenters = ["fra1", "osl1"]
cluster = "patroni"
lag_max_bytes = 1000
[[database]]
id = "plain-db"
group = "store"
datacenters = ["fra1", "osl1"]
"#;
