//! What Patroni answers, as a report. It adds fields with its versions; those that are not known
//! here are passed over.

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::cluster::{MEMBERS_MAX, MemberReport, MemberView, Role, State, Synchronous};
use mainstay_core::id::{DatabaseId, DatacenterId};
use serde::Deserialize;
use serde_json::Value;

use super::super::config::Patroni;
use super::super::sql::short;

/// `GET /patroni` of a member.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Node {
    state: String,
    role: Option<String>,
    pub(super) timeline: Option<u32>,
    xlog: Option<Xlog>,
    replication_state: Option<String>,
    #[serde(default)]
    pause: bool,
    #[serde(default)]
    sync_standby: bool,
    #[serde(default)]
    quorum_standby: bool,
    patroni: Option<Named>,
}

#[derive(Clone, Debug, Deserialize)]
struct Named {
    name: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Xlog {
    location: Option<u64>,
    received_location: Option<u64>,
    replayed_location: Option<u64>,
    replayed_timestamp: Option<String>,
}

/// `GET /cluster`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Cluster {
    members: Vec<Row>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Row {
    pub(super) name: String,
    role: String,
    state: String,
    pub(super) api_url: Option<String>,
    /// A number, or `unknown`.
    timeline: Option<Value>,
    receive_lag: Option<Value>,
    lag: Option<Value>,
}

/// `GET /config`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Dynamic {
    synchronous_mode: Option<Value>,
}

/// Everything that a report is made of.
pub(super) struct Sight<'a> {
    pub database: &'a DatabaseId,
    pub node: &'a Node,
    pub cluster: Option<&'a Cluster>,
    pub dynamic: Option<&'a Dynamic>,
    /// As it answers itself.
    pub leader: Option<&'a (DatacenterId, Node)>,
}

impl Node {
    pub(super) fn name(&self) -> Option<&str> {
        self.patroni.as_ref().map(|named| named.name.as_str())
    }

    /// Whether it takes writes.
    pub(super) fn leads(&self) -> bool {
        self.state == "running" && self.is_primary()
    }

    fn is_primary(&self) -> bool {
        // The older word is that of versions before 4.
        matches!(self.role.as_deref(), Some("primary" | "master"))
    }

    /// Whether its files are those of a standby, whatever it does.
    pub(super) fn is_standby(&self) -> bool {
        self.role.as_deref() == Some("replica")
    }

    /// Up to where a leader has written.
    pub(super) fn written(&self) -> Option<u64> {
        self.xlog.as_ref().and_then(|xlog| xlog.location)
    }

    fn received(&self) -> Option<u64> {
        // What came from the archive was never received, only replayed.
        let xlog = self.xlog.as_ref()?;
        xlog.received_location.max(xlog.replayed_location)
    }

    fn state(&self) -> State {
        match (self.state.as_str(), self.replication_state.as_deref()) {
            ("running", Some("streaming")) => State::Streaming,
            ("running", Some("in archive recovery")) => State::ArchiveRecovery,
            ("running", _) => State::Running,
            (words, _) => State::Other { words: short(words) },
        }
    }

    fn role(&self) -> Role {
        let down = ["stopped", "crashed", "start failed", "stop failed", "restart failed"];
        if down.contains(&self.state.as_str()) || self.state.starts_with("initdb") {
            Role::Stopped
        } else if self.is_primary() {
            Role::Leader
        } else if self.is_standby() {
            Role::Replica
        } else {
            Role::Stopped
        }
    }

    fn synchronous(&self, dynamic: Option<&Dynamic>) -> Option<Synchronous> {
        let on = match &dynamic?.synchronous_mode {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::String(text)) => text != "off",
            Some(Value::Bool(true) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => true,
        };
        let in_sync = self.sync_standby || self.quorum_standby || self.is_primary();
        Some(match (on, in_sync) {
            (false, _) => Synchronous::Off,
            (true, true) => Synchronous::InSync,
            (true, false) => Synchronous::NotInSync,
        })
    }

    /// The age of what it replayed last, while it is behind with that.
    fn lag_ms(&self, lag_bytes: Option<u64>, now: DateTime<Utc>) -> Option<u64> {
        let xlog = self.xlog.as_ref()?;
        if lag_bytes == Some(0) && xlog.replayed_location? >= xlog.received_location? {
            return Some(0);
        }
        let at = xlog.replayed_timestamp.as_deref()?;
        let at = DateTime::parse_from_str(at, "%Y-%m-%d %H:%M:%S%.f%:z").ok()?;
        let age = (now - at.to_utc()).max(TimeDelta::zero());
        u64::try_from(age.num_milliseconds()).ok()
    }
}

impl Cluster {
    /// Who holds the leader's lock, by the cluster's store.
    pub(super) fn leader(&self) -> Option<&Row> {
        self.members.iter().find(|row| row.role() == Role::Leader)
    }

    pub(super) fn member<'a>(
        &'a self,
        settings: &Patroni,
        datacenter: &DatacenterId,
    ) -> Option<&'a Row> {
        let there = |row: &&Row| settings.datacenter_of(&row.name).as_ref() == Some(datacenter);
        self.members.iter().find(there)
    }
}

impl Row {
    fn role(&self) -> Role {
        match self.role.as_str() {
            "leader" => Role::Leader,
            "replica" | "sync_standby" | "quorum_standby" => Role::Replica,
            _ => Role::Unknown,
        }
    }

    fn lag_bytes(&self) -> Option<u64> {
        self.receive_lag.as_ref().or(self.lag.as_ref()).and_then(Value::as_u64)
    }

    fn view(&self, settings: &Patroni) -> Option<MemberView> {
        let timeline = self.timeline.as_ref().and_then(Value::as_u64);
        Some(MemberView {
            datacenter: settings.datacenter_of(&self.name)?,
            role: self.role(),
            state: match self.state.as_str() {
                "running" => State::Running,
                "streaming" => State::Streaming,
                "in archive recovery" => State::ArchiveRecovery,
                words => State::Other { words: short(words) },
            },
            timeline: timeline.and_then(|timeline| u32::try_from(timeline).ok()),
            lag_bytes: self.lag_bytes(),
        })
    }
}

impl Sight<'_> {
    pub(super) fn report(&self, settings: &Patroni, now: DateTime<Utc>) -> MemberReport {
        let node = self.node;
        let (role, own) = (node.role(), node.name());
        let rows = self.cluster.iter().flat_map(|cluster| &cluster.members);
        let mine = rows.clone().find(|row| Some(row.name.as_str()) == own);
        let leads = role == Role::Leader;
        let leader = self.leader.filter(|(_, leader)| leader.leads());
        let written = leader.and_then(|(_, leader)| leader.written());
        // What the leader itself says is newer than what the cluster's store does.
        let lag_bytes = match (leads, written.zip(node.received())) {
            (true, _) => None,
            (false, Some((written, received))) => Some(written.saturating_sub(received)),
            (false, None) => mine.and_then(Row::lag_bytes),
        };
        let mut members: Vec<_> = rows.filter_map(|row| row.view(settings)).collect();
        members.truncate(MEMBERS_MAX);
        MemberReport {
            database: self.database.clone(),
            seen_at: now,
            role,
            state: node.state(),
            timeline: node.timeline.filter(|timeline| *timeline > 0),
            lsn: if leads { node.written() } else { node.received() },
            replayed_lsn: node.xlog.as_ref().and_then(|xlog| xlog.replayed_location),
            lag_bytes,
            lag_ms: if leads { None } else { node.lag_ms(lag_bytes, now) },
            paused: Some(node.pause),
            synchronous: node.synchronous(self.dynamic),
            leader: None,
            members,
        }
    }
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
