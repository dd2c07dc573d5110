//! An entry exactly as it is stored: its text, which is what the tree protects, and the columns
//! that are copied out of it for searching, which must say the same.

use chrono::{DateTime, SubsecRound, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::merkle::{Hash, leaf_hash};
use super::{Action, Actor, Entry, Event, Outcome};

/// Digits of a second that are kept: Postgres stores microseconds.
const SECOND_DIGITS: u16 = 6;

/// A stored entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub id: i64,
    /// Position in the log; `None`: not placed yet.
    pub seq: Option<u64>,
    #[serde(flatten)]
    pub columns: Columns,
    /// The event as JSON; these bytes are the Merkle leaf.
    pub body: String,
    /// The leaf hash as stored beside the text.
    pub leaf: Hash,
}

/// What is copied out of an event for searching.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Columns {
    pub at: DateTime<Utc>,
    pub actor_kind: String,
    pub actor_name: String,
    pub action: String,
    pub object: String,
    pub outcome: String,
}

/// The text, leaf and columns of an event that is about to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub columns: Columns,
    pub body: String,
    pub leaf: Hash,
}

impl Draft {
    /// Serialises an event, with its time cut to what is kept.
    pub fn new(event: &Event) -> Self {
        let event = Event { at: event.at.trunc_subsecs(SECOND_DIGITS), ..event.clone() };
        let body = serde_json::to_string(&event).expect("an event has only string keys");
        let leaf = leaf_hash(body.as_bytes());
        Self { columns: Columns::of(&event), body, leaf }
    }
}

impl Columns {
    pub fn of(event: &Event) -> Self {
        let (kind, actor) = actor(&event.actor);
        Self {
            at: event.at,
            actor_kind: kind.to_owned(),
            actor_name: plain(actor),
            action: event.action.name(),
            object: plain(&event.object),
            outcome: event.outcome.name(),
        }
    }

    /// The names of the columns in which `self` differs from `other`.
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        let pairs = [
            ("at", self.at == other.at),
            ("actor_kind", self.actor_kind == other.actor_kind),
            ("actor_name", self.actor_name == other.actor_name),
            ("action", self.action == other.action),
            ("object", self.object == other.object),
            ("outcome", self.outcome == other.outcome),
        ];
        pairs.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
    }
}

impl Record {
    /// The entry for reading; an error says why its text is not an event.
    pub fn entry(&self) -> Result<Entry, serde_json::Error> {
        Ok(Entry {
            id: self.id,
            seq: self.seq.and_then(|seq| seq.try_into().ok()),
            event: serde_json::from_str(&self.body)?,
            leaf: self.leaf.to_string(),
        })
    }
}

impl Action {
    /// The permanent name: `fleet-apply`.
    pub fn name(self) -> String {
        serde_name(&self)
    }

    pub fn from_name(name: &str) -> Option<Self> {
        from_serde_name(name)
    }
}

impl Outcome {
    /// The permanent name: `refused`.
    pub fn name(self) -> String {
        serde_name(&self)
    }

    pub fn from_name(name: &str) -> Option<Self> {
        from_serde_name(name)
    }
}

/// Kind and name of an actor, as the columns hold them.
fn actor(actor: &Actor) -> (&'static str, &str) {
    match actor {
        Actor::User(name) => ("user", name),
        Actor::Token(name) => ("token", name),
        Actor::Agent(name) => ("agent", name),
        Actor::System(name) => ("system", name),
        Actor::Anonymous(name) => ("anonymous", name),
    }
}

/// Postgres' text has no NUL; the event's JSON has it escaped.
fn plain(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn serde_name(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).expect("a name serialises");
    value.as_str().expect("a unit variant is a string").to_owned()
}

fn from_serde_name<T: DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(name.into()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_reads_back_as_what_was_written() {
        let at = DateTime::from_timestamp(1_700_000_000, 123_456_789).expect("a time");
        let event = Event {
            v: 1,
            at,
            actor: Actor::Anonymous("192.0.2.1\0".into()),
            action: Action::FleetApply,
            object: "/settings/fleet".into(),
            outcome: Outcome::Refused,
            reason: Some("a \"quoted\" reason\u{2028}".into()),
            before: None,
            after: Some(serde_json::json!({"b": 1, "a": [1.5, null]})),
            request: None,
        };
        let Draft { columns, body, leaf } = Draft::new(&event);
        assert_eq!(columns.action, "fleet-apply");
        assert_eq!(columns.actor_name, "192.0.2.1\u{fffd}");
        assert_eq!(columns.at.timestamp_subsec_nanos(), 123_456_000);
        let record = Record { id: 1, seq: None, columns, body, leaf };
        let entry = record.entry().expect("reads back");
        assert_eq!(entry.event, Event { at: record.columns.at, ..event });
        assert_eq!(Columns::of(&entry.event), record.columns);
        assert_eq!(Draft::new(&entry.event).body, record.body, "the text is canonical");
        assert_eq!(Action::from_name("fleet-apply"), Some(Action::FleetApply));
        assert_eq!(Outcome::from_name("nonsense"), None);
        let kind = serde_json::to_value(&entry.event.actor).expect("serialises");
        assert_eq!(kind["kind"], record.columns.actor_kind);
    }
}
