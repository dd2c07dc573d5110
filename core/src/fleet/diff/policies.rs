//! Backup policies as a fleet file writes them, and the order in which copies go round.

use super::{FieldChange, Fields, list, rollouts, text};
use crate::backup::job::{Expect, SqlCheck};
use crate::failover::routine::Routine;
use crate::fleet::{BackupPolicy, Fleet, FullSchedule};
use crate::id::DatacenterId;

const MINUTES_PER_DAY: u16 = 24 * 60;

/// What test restores ask a database.
pub(super) fn checks(checks: &[SqlCheck]) -> String {
    rollouts::tables(checks.iter().map(|SqlCheck { name, database, statement, expect }| {
        let expect = match expect {
            Expect::True => String::new(),
            Expect::AtLeast { count } => format!(", at_least = {count}"),
            Expect::Exactly { count } => format!(", exactly = {count}"),
        };
        let (name, database, query) = (text(name), text(database), text(statement));
        format!("name = {name}, database = {database}, query = {query}{expect}")
    }))
}

pub(super) fn policy(policy: &BackupPolicy) -> Fields {
    let BackupPolicy {
        full,
        differential,
        window_minutes: (from, to),
        retention_days,
        rotation,
        origin,
        proof_max_age_days,
        copies,
        copies_in,
    } = policy;
    let full = match full {
        FullSchedule::EveryDays(days) => ("full_every_days", days.to_string()),
        FullSchedule::Weekdays(days) => ("full_on", list(days.iter().map(|day| day.key()))),
    };
    vec![
        full,
        ("differential", differential.to_string()),
        ("window", text(&format!("{}-{}", time(*from), time(*to)))),
        ("retention_days", retention_days.to_string()),
        ("rotation", text(rotation.key())),
        ("origin", text(&origin.to_string())),
        ("proof_max_age_days", proof_max_age_days.to_string()),
        ("copies", copies.to_string()),
        ("copies_in", copies_in.to_string()),
    ]
}

/// A drill that repeats.
pub(super) fn drill(routine: &Routine) -> Fields {
    let Routine { datacenters, group, every_days, on, .. } = routine;
    let Routine { window_minutes: (from, to), origin, owner, .. } = routine;
    let mut fields = vec![
        ("datacenters", list(datacenters.iter().map(DatacenterId::as_str))),
        ("every_days", every_days.to_string()),
        ("window", text(&format!("{}-{}", time(*from), time(*to)))),
        ("origin", text(&origin.to_string())),
        ("owner", text(owner)),
    ];
    fields.extend(group.as_ref().map(|group| ("group", text(group.as_str()))));
    if !on.is_empty() {
        fields.push(("on", list(on.iter().map(|day| day.key()))));
    }
    fields
}

/// The order of the data centres where it changes by more than adding at the end and removing:
/// that moves every later copy to another place.
pub(super) fn order(old: &Fleet, new: &Fleet) -> Option<FieldChange> {
    let (old, new) = (ordered(old), ordered(new));
    let kept = old.iter().filter(|id| new.contains(id));
    let expected = kept.chain(new.iter().filter(|id| !old.contains(id)));
    if expected.eq(&new) {
        return None;
    }
    let key = "datacenter_order".to_owned();
    Some(FieldChange { key, old: Some(list(old)), new: Some(list(new)) })
}

fn ordered(fleet: &Fleet) -> Vec<&DatacenterId> {
    let mut all: Vec<_> = fleet.datacenters.iter().collect();
    all.sort_by_key(|(_, datacenter)| datacenter.position);
    all.into_iter().map(|(id, _)| id).collect()
}

/// As a file writes it; after minute 1,440 it is of the next day.
fn time(minutes: u16) -> String {
    let minutes = if minutes > MINUTES_PER_DAY { minutes - MINUTES_PER_DAY } else { minutes };
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::super::{Action, Subject, diff};
    use super::*;
    use crate::fleet::read::read;

    const ENTERPRISE: &str = include_str!("../../../../fleets/enterprise.toml");

    fn enterprise() -> Fleet {
        read(ENTERPRISE).expect("a fleet without mistakes")
    }

    /// What is said of the enterprise with `from` replaced by `to`.
    fn said(from: &str, to: &str) -> Vec<String> {
        assert!(ENTERPRISE.contains(from), "{from}");
        between(&enterprise(), &read(&ENTERPRISE.replacen(from, to, 1)).expect("no mistakes"))
    }

    fn between(old: &Fleet, new: &Fleet) -> Vec<String> {
        let mut said = Vec::new();
        for change in diff(old, new) {
            let subject = match change.subject {
                Subject::Fleet => "fleet".to_owned(),
                Subject::Entry { entry, id } => format!("{entry} {id}"),
            };
            match change.action {
                Action::Added { .. } => said.push(format!("+ {subject}")),
                Action::Removed => said.push(format!("- {subject}")),
                Action::Changed { fields } => said.extend(fields.into_iter().map(|field| {
                    let value = |value: Option<String>| value.unwrap_or_default();
                    format!("{subject} {}: {} -> {}", field.key, value(field.old), value(field.new))
                })),
            }
        }
        said
    }

    #[test]
    fn every_key_of_a_policy_is_compared() {
        let old = "retention_days = 14\nrotation = \"literal\"";
        for (key, value, said_value, default) in [
            ("origin", "\"2026-02-03\"", "\"2026-02-03\"", "\"2026-01-01\""),
            ("proof_max_age_days", "3", "3", "7"),
            ("copies", "5", "5", "2"),
            ("copies_in", "1", "1", "2"),
        ] {
            assert_eq!(
                said(old, &format!("{old}\n{key} = {value}")),
                [format!("backup policy alternate {key}: {default} -> {said_value}")],
            );
        }
        assert_eq!(
            said("00:00-00:30", "23:30-00:15"),
            [r#"backup policy daily window: "00:00-00:30" -> "23:30-00:15""#]
        );
        assert_eq!(
            said("00:00-00:30", "23:30-24:00"),
            [r#"backup policy daily window: "00:00-00:30" -> "23:30-24:00""#]
        );
    }

    #[test]
    fn a_changed_order_of_data_centres_is_a_change() {
        let order = "[\"fra1\", \"fra2\", \"waw1\", \"lon1\", \"dub1\", \"nyc1\", \"iad1\", \
                     \"gru1\", \"sin1\", \"sin2\"]";
        let last = r#"[[datacenter]]
id = "sin2"
name = "Singapore 2"
region = "ap-south"
vendor = "Google Cloud"
"#;
        let (without, first) = (ENTERPRISE.replacen(last, "", 1), "[[datacenter]]\nid = \"fra1\"");
        let moved = without.replacen(first, &format!("{last}{first}"), 1);
        let moved = read(&moved).expect("no mistakes");
        let new = "[\"sin2\", \"fra1\", \"fra2\", \"waw1\", \"lon1\", \"dub1\", \"nyc1\", \
                   \"iad1\", \"gru1\", \"sin1\"]";
        assert_eq!(
            between(&enterprise(), &moved),
            [format!("fleet datacenter_order: {order} -> {new}")]
        );
        // Stored before places were kept: by id, until the file is applied again.
        let mut stored = serde_json::to_value(enterprise()).expect("it serialises");
        for datacenter in stored["datacenters"].as_object_mut().expect("a map").values_mut() {
            datacenter.as_object_mut().expect("an object").remove("position");
        }
        for policy in stored["backup_policies"].as_object_mut().expect("a map").values_mut() {
            for key in ["origin", "proof_max_age_days", "copies", "copies_in"] {
                policy.as_object_mut().expect("an object").remove(key);
            }
        }
        let stored: Fleet = serde_json::from_value(stored).expect("it still loads");
        let by_id = "[\"dub1\", \"fra1\", \"fra2\", \"gru1\", \"iad1\", \"lon1\", \"nyc1\", \
                     \"sin1\", \"sin2\", \"waw1\"]";
        assert_eq!(
            between(&stored, &enterprise()),
            [format!("fleet datacenter_order: {by_id} -> {order}")]
        );
        let at_the_end = format!("{ENTERPRISE}\n{}", last.replace("sin2", "sin3"));
        let at_the_end = read(&at_the_end).expect("no mistakes");
        assert_eq!(between(&enterprise(), &at_the_end)[0], "+ data centre sin3");
    }
}
