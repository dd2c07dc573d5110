//! Restored copies that stay: for how long, how many, and how people come in.

use std::collections::BTreeSet;

use super::*;
use crate::backup::job::Target;
use crate::backup::kept::{Hours, HoursError, Kept, NotLonger, Server, longer, room};

#[test]
fn a_time_to_stay_is_bounded_and_said_in_words() {
    for (text, expected) in [
        ("24h", Some(24)),
        ("24", Some(24)),
        (" 1 h", Some(1)),
        ("3d", Some(72)),
        ("72h", Some(72)),
        ("73h", None),
        ("0", None),
        ("4d", None),
        ("-1h", None),
        ("3000d", None),
        ("1.5h", None),
        ("soon", None),
        ("", None),
    ] {
        let read = text.parse::<Hours>().map(Hours::get);
        assert_eq!(read, expected.ok_or(HoursError), "{text}");
    }
    let words = "a restored copy stays from 1 to 72 hours; write it like 24h";
    assert_eq!(HoursError.to_string(), words);
    let refused = serde_json::from_str::<Hours>("100").expect_err("it is out of range");
    assert!(refused.to_string().contains(words), "{refused}");
    assert_eq!(serde_json::from_str::<Hours>("24").expect("it is in range"), Hours::DEFAULT);
    assert_eq!(Hours::DEFAULT.time(), TimeDelta::days(1));
}

#[test]
fn no_more_stay_than_there_may() {
    let db = DatabaseId::new("db").expect("an id");
    for (works, fits) in [(&[][..], true), (&["dw-1"], true), (&["dw-1", "dw-2"], false)] {
        let works: BTreeSet<&str> = works.iter().copied().collect();
        assert_eq!(room(&db, &works).is_ok(), fits, "{works:?}");
    }
    let full = room(&db, &["dw-1", "dw-2"].into()).expect_err("there are two");
    assert!(full.to_string().starts_with("2 restored copies of db stay already"), "{full}");
}

pub(super) fn kept(since: DateTime<Utc>, target: Target) -> Kept {
    Kept {
        work: "dw-1".into(),
        datacenter: dc("d1"),
        label: Label("F1".into()),
        target,
        path: "/scratch/kept/0000002a".into(),
        socket: "/scratch/kept/0000002a/socket".into(),
        port: 5432,
        user: "postgres".into(),
        account: "postgres".into(),
        names: vec!["postgres".into(), "app".into()],
        since,
        until: since + Hours::DEFAULT.time(),
        bytes: Some(1_000),
        server: Server::Running,
    }
}

#[test]
fn what_is_typed_to_come_in_is_safe_in_a_shell() {
    let mut one = kept(at("2026-03-10T12:00:00Z"), Target::EndOfCopy);
    let way = "-h /scratch/kept/0000002a/socket -p 5432 -U postgres -d app";
    assert_eq!(one.psql(), format!("sudo -u postgres psql {way}"));
    assert_eq!(one.pg_dump(), format!("sudo -u postgres pg_dump {way} -t TABLE"));
    one.names = vec!["it's; rm".into()];
    assert!(one.psql().ends_with(r"-d 'it'\''s; rm'"), "{}", one.psql());
    one.names.clear();
    assert!(one.psql().ends_with("-d postgres"), "{}", one.psql());
}

#[test]
fn the_time_of_one_is_made_longer_up_to_a_week_in_all() {
    let at = |hours: i64| DateTime::UNIX_EPOCH + TimeDelta::hours(hours);
    let hours = |hours| Hours::new(hours).expect("in range");
    for (until, by, now, expected) in [
        (24, 24, 1, Ok(at(48))),
        (24, 72, 23, Ok(at(96))),
        (120, 48, 23, Ok(at(168))),
        (121, 48, 23, Err(NotLonger::TooLong { latest: at(168) })),
        (24, 24, 24, Err(NotLonger::Over)),
        (24, 1, 30, Err(NotLonger::Over)),
    ] {
        assert_eq!(longer((at(0), at(until)), hours(by), at(now)), expected, "{until} {by}");
    }
}
