//! Backup policies in fleet files, good and wrong.

use super::read;
use super::tests::{BASE, ENTERPRISE, check};
use crate::backup::job::{Expect, SqlCheck};
use crate::fleet::{BackupPolicy, FullSchedule, Rotation, Weekday};

const RETENTION: &str = "retention_days = 14";

/// The policy of the base with a piece replaced.
fn policy(from: &str, to: &str) -> BackupPolicy {
    let fleet = read(&BASE.replacen(from, to, 1)).expect("no mistake");
    fleet.backup_policies["weekly"].clone()
}

/// Adds keys to the policy of the base, of two data centres, and compares what is found.
#[track_caller]
fn added(keys: &str, expected: &[&str]) {
    check(RETENTION, &format!("{RETENTION}\n{keys}"), expected);
}

#[test]
fn the_enterprise_backs_up_as_its_requirements_say() {
    let fleet = read(ENTERPRISE).expect("the enterprise");
    let twice = FullSchedule::Weekdays(vec![Weekday::Tuesday, Weekday::Friday]);
    for (id, database) in &fleet.databases {
        let policy = database.policy.as_ref().map(|policy| &fleet.backup_policies[policy]);
        let policy = policy.expect("every database has a policy");
        let expected = match database.group.as_str() {
            "social" | "telemetry" => (FullSchedule::EveryDays(1), false, 7),
            "store" => (FullSchedule::EveryDays(2), false, 14),
            _ => (twice.clone(), true, 14),
        };
        let declared = (policy.full.clone(), policy.differential, policy.retention_days);
        assert_eq!(declared, expected, "{id} (R20, R21, R22)");
        assert_eq!(policy.window_minutes, (0, 30), "{id}");
    }
    let turn = fleet.turn();
    let turn: Vec<_> = turn.iter().map(|id| id.as_str()).collect();
    let order = ["fra1", "fra2", "waw1", "lon1", "dub1", "nyc1", "iad1", "gru1", "sin1", "sin2"];
    assert_eq!(turn, order, "in the order of the file (R23)");
}

#[test]
fn data_centres_take_their_turn_in_the_order_of_the_file() {
    let more = |id: &str, rest: &str| {
        format!("[[datacenter]]\nid = \"{id}\"\nregion = \"north\"\nvendor = \"x\"\n{rest}")
    };
    let text =
        format!("{BASE}{}{}{}", more("dc10", ""), more("dc3", "retired = true\n"), more("dc2", ""));
    let fleet = read(&text).expect("no mistake");
    let turn: Vec<_> = fleet.turn().into_iter().map(|id| id.as_str()).collect();
    assert_eq!(turn, ["fra1", "los1", "dc10", "dc2"]);
}

#[test]
fn what_is_not_written_has_a_default() {
    let plain = policy(RETENTION, RETENTION);
    assert_eq!(plain.origin.to_string(), "2026-01-01");
    assert_eq!((plain.proof_max_age_days, plain.copies, plain.copies_in), (7, 2, 2));
    assert_eq!(plain.rotation, Rotation::Chain);
    let written = "origin = \"2025-12-30\"\nproof_max_age_days = 30\ncopies = 14\ncopies_in = 1";
    let written = policy(RETENTION, &format!("{RETENTION}\n{written}"));
    assert_eq!(written.origin.to_string(), "2025-12-30");
    assert_eq!((written.proof_max_age_days, written.copies, written.copies_in), (30, 14, 1));
    let single = "full_every_days = 30\nwindow = \"00:00-00:30\"\nretention_days = 30";
    let declared = "full_on = [\"tuesday\", \"friday\"]\ndifferential = true\n\
                    window = \"00:00-00:30\"\nretention_days = 14";
    let single = policy(declared, single);
    assert_eq!((single.copies, single.copies_in), (1, 1), "more never exist");
    let one = policy(RETENTION, &format!("{RETENTION}\ncopies = 1"));
    assert_eq!((one.copies, one.copies_in), (1, 1));
}

#[test]
fn a_window_may_go_over_midnight() {
    for (text, minutes) in [
        ("23:30-00:30", (1_410, 1_470)),
        ("23:30-24:00", (1_410, 1_440)),
        ("18:00-06:00", (1_080, 1_800)),
        ("23:59-00:00", (1_439, 1_440)),
        ("00:00-24:00", (0, 1_440)),
    ] {
        assert_eq!(policy("00:00-00:30", text).window_minutes, minutes, "{text}");
    }
    let help = "write local times, from and to: `00:00-00:30`; over midnight at most 12 hours: \
                `23:30-00:30`";
    for (text, reason) in [
        ("18:00-05:59", None),
        ("18:00-06:01", Some("it ends before it begins")),
        ("02:00-02:00", Some("it ends when it begins")),
        ("24:00-00:30", Some("it begins at the end of a day, which is 00:00 of the next")),
    ] {
        let said = reason.map(|reason| {
            format!("39:10 bad-window `{text}` is not a window of time: {reason}; {help}")
        });
        let said: Vec<_> = said.iter().map(String::as_str).collect();
        check("00:00-00:30", text, &said);
    }
}

#[test]
fn an_origin_is_a_date() {
    for bad in ["2026-02-30", "2026-1-1", "01.01.2026", "1969-12-31", "2200-01-01", ""] {
        let said = "41:10 bad-text `origin` is not usable: it is not a date of the years 1970 to \
                    2199; write for example `origin = \"2026-01-01\"`";
        added(&format!("origin = \"{bad}\""), &[said]);
    }
    added(
        "origin = 2026-01-01",
        &["41:10 wrong-type `origin` is a date or time, and must be a text; \
           write `origin = \"2026-01-01\"`"],
    );
}

#[test]
fn no_more_is_asked_for_than_can_exist() {
    added("copies = 14\ncopies_in = 2", &[]);
    added(
        "proof_max_age_days = 0",
        &["41:22 out-of-range `proof_max_age_days` is 0, and must be from 1 to 366; \
           write a whole number from 1 to 366"],
    );
    added(
        "copies = 15",
        &["41:10 too-many-copies the backup policy `weekly` asks for 15 copies, and its schedule \
           and retention leave only 14 at times; write `copies = 14` or fewer, or a longer \
           `retention_days`"],
    );
    added(
        "copies_in = 3",
        &["41:13 too-many-places the backup policy `weekly` asks for copies in 3 data centres, \
           and for only 2 copies in all; write `copies_in = 2` or fewer, or `copies = 3` or more"],
    );
    added(
        "copies = 3\ncopies_in = 3",
        &["42:13 too-many-places the backup policy `weekly` asks for copies in 3 data centres, \
           and the fleet has only 2 that take part; write `copies_in = 2` or fewer"],
    );
}

#[test]
fn a_rotation_that_is_too_slow_for_the_retention_is_told() {
    let third = "[[datacenter]]\nid = \"fra2\"\nregion = \"north\"\nvendor = \"x\"\n";
    let keys = "retention_days = 4\ncopies = 4\ncopies_in = 3\n";
    let text = format!("{}{third}", BASE.replacen(&format!("{RETENTION}\n"), keys, 1));
    let found = read(&text).expect_err("a chain lasts longer");
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        ["the backup policy `weekly` asks for copies in 3 data centres, and its rotation and \
          retention leave them in only 1 at times; write `copies_in = 1` or fewer, or a longer \
          `retention_days`"]
    );
    let literal = text.replacen("copies_in", "rotation = \"literal\"\ncopies_in", 1);
    assert!(read(&literal).is_ok(), "every copy moves on");
    let unknown = text.replacen("[[datacenter]]", "[[datacentre]]", 1);
    let found = read(&unknown).expect_err("a table that is not known");
    assert!(
        found.iter().all(|it| it.code() != "too-many-places"),
        "what a broken neighbour may have caused is not judged"
    );
}

/// Adds checks to the database of the base, and compares what is found.
#[track_caller]
fn checked(checks: &str, expected: &[&str]) {
    let database = "policy = \"weekly\"";
    check(database, &format!("{database}\nproof_checks = [{checks}]"), expected);
}

#[test]
fn what_a_test_restore_asks_is_read() {
    let checks = "policy = \"weekly\"\nproof_checks = [
        { name = \"orders\", query = \" SELECT count(*) FROM orders \", at_least = 7 },
        { name = \"sums\", database = \"shop\", query = \"TABLE a\", exactly = 0 },
        { name = \"fresh\", query = \"values (true)\" },
    ]";
    let fleet = read(&BASE.replacen("policy = \"weekly\"", checks, 1)).expect("no mistake");
    let check = |name: &str, database: &str, statement: &str, expect| SqlCheck {
        name: name.to_owned(),
        database: database.to_owned(),
        statement: statement.to_owned(),
        expect,
    };
    let expected = [
        check("orders", "postgres", "SELECT count(*) FROM orders", Expect::AtLeast { count: 7 }),
        check("sums", "shop", "TABLE a", Expect::Exactly { count: 0 }),
        check("fresh", "postgres", "values (true)", Expect::True),
    ];
    assert_eq!(fleet.databases["shop-db"].proof_checks, expected);
}

#[test]
fn a_check_is_one_query_with_one_expectation() {
    checked(
        "{}",
        &[
            "46:17 missing-key `name` is missing; write `name = \"production\"`",
            "46:17 missing-key `query` is missing; write `query = \"SELECT count(*) FROM orders\"`",
        ],
    );
    let usable = "; write for example `query = \"SELECT count(*) FROM orders\"`";
    for (query, fault) in [
        ("DELETE FROM orders", "it does not begin with SELECT, WITH, VALUES or TABLE"),
        ("\\\\! true", "it does not begin with SELECT, WITH, VALUES or TABLE"),
        ("SELECT 1; SELECT 2", "it has a `;`; a check is one query"),
    ] {
        let check = format!("{{ name = \"a\", query = \"{query}\" }}");
        checked(&check, &[&format!("46:39 bad-text `query` is not usable: {fault}{usable}")]);
    }
    checked(
        "{ name = \"a\", query = \"SELECT 1\", at_least = 1, exactly = 2 }",
        &["46:65 key-does-not-apply `exactly` does not go with `at_least`; remove `exactly`"],
    );
    checked(
        "{ name = \"a\", query = \"SELECT 1\", at_least = -1 }",
        &["46:62 out-of-range `at_least` is -1, and must be from 0 to 1000000000000; \
             write a whole number from 0 to 1000000000000"],
    );
}
