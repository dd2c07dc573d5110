//! Both forms of output against files, and every sentence on bad arguments.

use mainstay_core::fleet::read::read;

use super::*;

const ENTERPRISE: &str = include_str!("../../../../fleets/enterprise.toml");
const NOW: &str = "2026-03-27T10:20:30.5Z";

fn fleet() -> Fleet {
    read(ENTERPRISE).expect("the enterprise")
}

fn args(from: Option<&str>, until: Option<&str>, database: Option<&str>) -> PlanArgs {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let (from, until, database) = (text(from), text(until), text(database));
    PlanArgs { fleet: PathBuf::new(), from, until, database, json: false }
}

fn ask(args: &PlanArgs) -> Result<Asked, Unusable> {
    asked(args, &fleet(), NOW.parse().expect("an instant"))
}

fn said(args: &PlanArgs) -> String {
    match ask(args) {
        Ok(asked) => words(&fleet(), &asked, &planned(&fleet(), &asked)),
        Err(unusable) => unusable.to_string(),
    }
}

/// Four days over the change of clocks in Europe, all databases.
fn spring() -> PlanArgs {
    args(Some("2026-03-28"), Some("2026-04-01"), None)
}

#[test]
fn text_is_a_table() {
    assert_eq!(said(&spring()), include_str!("golden/plan.txt"));
}

#[test]
fn json_is_a_list_of_copies() {
    let one = args(Some("2026-03-28"), Some("2026-04-01"), Some("logistics-db"));
    let asked = ask(&one).expect("it can be asked");
    assert_eq!(json(&planned(&fleet(), &asked)), include_str!("golden/plan.json"));
    let all = json(&planned(&fleet(), &ask(&spring()).expect("it can be asked")));
    let all: serde_json::Value = serde_json::from_str(&all).expect("JSON");
    let key = |it: &serde_json::Value| {
        [&it["window_start"], &it["database"]].map(|it| it.as_str().map(str::to_owned))
    };
    assert!(all.as_array().expect("a list").is_sorted_by_key(key));
}

#[test]
fn without_times_it_is_a_fortnight_from_now() {
    let asked = ask(&args(None, None, None)).expect("it can be asked");
    assert_eq!(asked.from.to_rfc3339(), "2026-03-27T10:20:30+00:00");
    assert_eq!((asked.until - asked.from).num_days(), 14);
    let zoned = args(Some("2026-03-27T01:00:00+02:00"), None, None);
    assert_eq!(
        ask(&zoned).expect("it can be asked").from.to_rfc3339(),
        "2026-03-26T23:00:00+00:00"
    );
}

#[test]
fn what_cannot_be_asked_is_told_what_to_write() {
    let day = Some("2026-03-28");
    for (args, expected) in [
        (
            args(day, None, Some("store-bd")),
            "the fleet has no database `store-bd`; write `--database store-db`",
        ),
        (
            args(day, None, Some("\u{1b}[2J")),
            "the fleet has no database `\\u{1b}[2J`; name one that its file declares in a \
             [[database]]",
        ),
        (
            args(day, Some("2026-03-28"), None),
            "`--until` is 2026-03-28 00:00Z, which is not after `--from`, 2026-03-28 00:00Z; \
             write a later time",
        ),
        (
            args(None, Some("2026-03-01"), None),
            "`--until` is 2026-03-01 00:00Z, which is not after `--from`, 2026-03-27 10:20Z; \
             write a later time",
        ),
        (
            args(day, Some("2037-01-01"), None),
            "from 2026-03-28 00:00Z until 2037-01-01 00:00Z are 3932 days, and at most 3660 are \
             planned; write an earlier `--until`",
        ),
    ] {
        assert_eq!(said(&args), expected);
    }
    for bad in ["tomorrow", "2026-3-1", "2026-02-30", "1969-12-31", "2200-01-01", "", "28.03.2026"]
    {
        let expected = format!(
            "`--from {bad}` is not a time of the years 1970 to 2199; write it like \
             2026-03-01T00:00:00Z, or a date like 2026-03-01"
        );
        assert_eq!(said(&args(Some(bad), None, None)), expected);
    }
}

#[test]
fn a_plan_is_bounded() {
    let policy = "policy = \"daily\"\n";
    let mut text = ENTERPRISE.to_owned();
    for n in 0..200 {
        text += &format!(
            "[[database]]\nid = \"more-{n}\"\ngroup = \"store\"\n\
             datacenters = [\"fra1\", \"nyc1\"]\n{policy}"
        );
    }
    let fleet = read(&text).expect("no mistake");
    let now = NOW.parse().expect("an instant");
    let long = args(Some("2026-01-01"), Some("2036-01-01"), None);
    let refused = asked(&long, &fleet, now).expect_err("it is too much").to_string();
    assert!(refused.ends_with("write an earlier `--until`, or one `--database`"), "{refused}");
    let one = args(Some("2026-01-01"), Some("2036-01-01"), Some("more-7"));
    let asked = asked(&one, &fleet, now).expect("it can be asked");
    assert_eq!(planned(&fleet, &asked).len(), 3_652);
}

#[test]
fn an_empty_plan_says_why() {
    let bare = ENTERPRISE.replacen("policy = \"alternate\"\n", "", 1);
    let bare = read(&bare).expect("no mistake");
    let now = NOW.parse().expect("an instant");
    let why = |args: &PlanArgs, fleet: &Fleet| {
        let asked = asked(args, fleet, now).expect("it can be asked");
        words(fleet, &asked, &planned(fleet, &asked))
    };
    assert_eq!(
        why(&args(Some("2026-03-28"), None, Some("store-db")), &bare),
        "nothing is planned from 2026-03-28 00:00Z until 2026-04-11 00:00Z: `store-db` has no \
         backup policy; write `policy` in its [[database]]\n"
    );
    let noon = args(Some("2026-03-28T12:00:00Z"), Some("2026-03-28T13:00:00Z"), None);
    assert_eq!(
        why(&noon, &fleet()),
        "nothing is planned from 2026-03-28 12:00Z until 2026-03-28 13:00Z: no window begins in \
         this time; write a later `--until`\n"
    );
    let mut none = fleet();
    none.databases.values_mut().for_each(|database| database.policy = None);
    assert!(why(&noon, &none).contains("no database has a backup policy; write `policy`"));
}

#[test]
fn a_label_is_a_part_of_an_address_and_a_path_is_not() {
    let label = "20261120-000003F_20261121-000002D";
    assert_eq!(named(label, "label"), Ok(label));
    for bad in ["", "a/b", "..", "a b"] {
        assert!(matches!(named(bad, "label"), Err(Stop::Unusable(_))), "{bad}");
    }
}
