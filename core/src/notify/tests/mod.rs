//! Channels: what they hear, what is due, what an answer means, which addresses may be told.

mod addresses;
mod answers;
mod drafts;
mod plans;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Channel, ChannelId, Health, Hears, Severity, Standing, Target};
use crate::fleet::{Fleet, read};

const FLEET: &str = r#"name = "test"
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
[[group]]
id = "social"
priority = 2
[[service]]
id = "shop"
group = "store"
placement = "distributed"
nodes = 2
version = "1"
"#;

fn fleet() -> Fleet {
    read::read(FLEET).expect("a good fleet")
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_790_000_000 + seconds)
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("an id")
}

fn hears(least: Severity) -> Hears {
    let (groups, datacenters, kinds) = Default::default();
    Hears { least, groups, datacenters, kinds }
}

fn channel(number: i64, target: Target) -> Channel {
    Channel {
        id: ChannelId(number),
        name: format!("channel {number}"),
        target,
        hears: hears(Severity::Warning),
        repeat_minutes: 0,
        standing: Standing::Active,
        has_secret: false,
        health: Health::default(),
        made_by: "ann".to_owned(),
        made_at: at(0),
        changed_at: at(0),
        revision: 1,
    }
}

fn webhook() -> Channel {
    channel(1, Target::Webhook { url: "https://hooks.example.org/x?token=half".to_owned() })
}

fn alertmanager() -> Channel {
    channel(2, Target::Alertmanager { url: "https://alerts.example.org".to_owned() })
}
