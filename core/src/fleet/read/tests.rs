//! Fleet files, good and wrong; each case puts one mistake into a good one.

use super::*;
use crate::fleet::{FullSchedule, Placement, Rotation, Vendor, Weekday};
use crate::placement;

pub(super) const ENTERPRISE: &str = include_str!("../../../../fleets/enterprise.toml");

/// A small fleet without mistakes; cases put one in by replacing a piece.
pub(super) const BASE: &str = r#"name = "test"
[[region]]
id = "north"
time_zone = "Europe/Berlin"
warehouses = true
[[region]]
id = "south"
time_zone = "Africa/Lagos"
[[datacenter]]
id = "fra1"
region = "north"
vendor = "on-premises"
[[datacenter]]
id = "los1"
region = "south"
vendor = "AWS"
[[group]]
id = "store"
priority = 1
[[group]]
id = "logistics"
priority = 2
[[service]]
id = "shop"
group = "store"
placement = "distributed"
nodes = 2
version = "1.0.0"
[[service]]
id = "stock"
group = "logistics"
placement = "local"
needs = "warehouses"
version = "1.0.0"
[[backup_policy]]
id = "weekly"
full_on = ["tuesday", "friday"]
differential = true
window = "00:00-00:30"
retention_days = 14
[[database]]
id = "shop-db"
group = "store"
datacenters = ["fra1", "los1"]
policy = "weekly"
[[edge]]
id = "edge-north"
region = "north"
datacenter = "fra1"
"#;

fn shown(findings: &[Finding]) -> Vec<String> {
    let show = |f: &Finding| format!("{}:{} {} {f}", f.line, f.column, f.code());
    findings.iter().map(show).collect()
}

fn reading(text: &str) -> Vec<String> {
    match read(text) {
        Ok(_) => Vec::new(),
        Err(findings) => shown(&findings),
    }
}

/// Replaces the first `from` of [`BASE`] and compares everything that is found.
#[track_caller]
pub(super) fn check(from: &str, to: &str, expected: &[&str]) {
    assert!(BASE.contains(from), "the base has no {from:?}");
    let text = BASE.replacen(from, to, 1);
    assert_eq!(reading(&text), expected, "{from:?} -> {to:?}");
}

#[test]
fn the_base_is_good_and_its_defaults_are_filled_in() {
    let fleet = read(BASE).expect("the base has no mistake");
    let shop = &fleet.services["shop"];
    let all = fleet.datacenters.keys().cloned().collect();
    assert_eq!(shop.placement, Placement::Distributed { datacenters: all });
    assert_eq!(shop.health_path, "/health");
    assert_eq!((shop.limits.identical_per_second, shop.limits.in_flight), (50, 1_024));
    assert_eq!(fleet.services["stock"].nodes, 2);
    assert_eq!(fleet.datacenters["fra1"].name, "fra1");
    assert_eq!(fleet.datacenters["fra1"].vendor, Vendor::OnPremises);
    assert_eq!(fleet.datacenters["los1"].vendor, Vendor::Cloud("AWS".to_owned()));
    let policy = &fleet.backup_policies["weekly"];
    let days = vec![Weekday::Tuesday, Weekday::Friday];
    assert_eq!(policy.full, FullSchedule::Weekdays(days));
    assert_eq!(policy.window_minutes, (0, 30));
    assert_eq!(policy.rotation, Rotation::Chain);
    let windows = BASE.replace('\n', "\r\n");
    assert_eq!(read(&windows).as_ref(), Ok(&fleet), "line ends of Windows");
    assert_eq!(read(&format!("\u{feff}{BASE}")), Ok(fleet), "a BOM");
}

#[test]
fn the_enterprise_is_as_its_requirements_say() {
    let fleet = read(ENTERPRISE).map_err(|findings| shown(&findings));
    let fleet = fleet.expect("fleets/enterprise.toml has no mistake");
    assert_eq!(fleet.datacenters.len(), 10);
    assert_eq!(fleet.regions.len(), 5);
    let order: Vec<_> = fleet.groups_by_priority().into_iter().collect();
    let order: Vec<_> = order.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(order, ["social", "telemetry", "store", "logistics"]);
    let counts = fleet
        .services
        .values()
        .map(|service| placement::datacenters(&fleet, service).len() * usize::from(service.nodes));
    assert_eq!(counts.sum::<usize>(), 184);
    let bare = fleet.regions.iter().find(|(_, it)| it.has.is_empty());
    let (bare, _) = bare.expect("a region without local needs");
    for (id, service) in &fleet.services {
        let local = matches!(service.placement, Placement::Local { .. });
        let there = placement::datacenters(&fleet, service);
        let there = fleet.datacenters_of(bare).any(|(dc, _)| there.contains(dc));
        assert!(!(local && there), "{id} in {bare}");
    }
}

/// What is replaced by what, and every sentence that follows.
const MISTAKES_OF_FORM: &[(&str, &str, &[&str])] = &[
    (
        "[[region]]",
        "[[regoin]]",
        &["2:3 unknown-table there is no table `regoin`; write [[region]]"],
    ),
    (
        "[[edge]]",
        "[edge]",
        &["46:1 not-a-list `edge` is not a list of tables here; \
           write [[edge]], with two brackets"],
    ),
    (
        "time_zone",
        "timezone",
        &[
            "2:1 missing-key `time_zone` is missing; write `time_zone = \"Europe/Berlin\"`",
            "4:1 unknown-key unknown key `timezone`; write `time_zone`",
        ],
    ),
    (
        "nodes = 2",
        "colour = 2",
        &["27:1 unknown-key unknown key `colour`; remove it; a [[service]] may have id, \
           group, placement, datacenters, needs, regions, nodes, version, front, command, \
           health_path, retired, strategy, bench, rollout_plan, identical_per_second, \
             in_flight, depends_on, node_requests_per_second, availability_target, \
             requires_checks, was"],
    ),
    (
        "name = \"test\"",
        "nmae = \"test\"",
        &[
            "1:1 unknown-key unknown key `nmae`; write `name`",
            "1:1 missing-key `name` is missing; write `name = \"production\"`",
        ],
    ),
    (
        "nodes = 2",
        "nodes = \"2\"",
        &["27:9 wrong-type `nodes` is a text, and must be a whole number; \
           write `nodes = 2`"],
    ),
    (
        "warehouses = true",
        "warehouses = \"yes\"",
        &["5:14 wrong-type `warehouses` is a text, and must be true or false; \
             write `warehouses = true`"],
    ),
    (
        "datacenters = [\"fra1\", \"los1\"]",
        "datacenters = [\"fra1\", 7]",
        &["44:24 wrong-type `datacenters` is a whole number, and must be a text; \
             write `datacenters = [\"fra1\", \"ams1\"]`"],
    ),
    (
        "needs = \"warehouses\"",
        "needs = \"warehouses\"\ndatacenters = [\"fra1\"]",
        &["34:1 key-does-not-apply `datacenters` does not go with \
           `placement = \"local\"`; remove `datacenters`"],
    ),
    (
        "differential = true",
        "full_every_days = 2",
        &["37:1 key-does-not-apply `full_on` does not go with `full_every_days`; \
           remove `full_on`"],
    ),
];

#[test]
fn mistakes_of_form() {
    for (from, to, expected) in MISTAKES_OF_FORM {
        check(from, to, expected);
    }
}

#[test]
fn broken_syntax_is_told_once_each_and_hides_nothing_else() {
    for (from, to, expected) in [
        (
            "id = \"north\"",
            "id = \"north",
            &["3:12 syntax this is not TOML: invalid basic string, expected `\"`; \
               close the text with a quote"][..],
        ),
        (
            "nodes = 2\nversion",
            "nodes 3\nversoin",
            &[
                "27:7 syntax this is not TOML: key with no value, expected `=`; \
                 write `key = value`",
                "28:1 unknown-key unknown key `versoin`; write `version`",
            ],
        ),
        (
            "vendor = \"AWS\"",
            "vendor = AWS",
            &["16:10 syntax this is not TOML: string values must be quoted, expected literal \
               string; put it in quotes: \"text\""],
        ),
        (
            "datacenters = [\"fra1\", \"los1\"]",
            "datacenters = [\"fra1\", \"los1\"",
            &["44:30 syntax this is not TOML: unclosed array, expected `]`; close the list with ]"],
        ),
        (
            "[[datacenter]]",
            "[[datacenter]",
            &["9:14 syntax this is not TOML: unclosed array table, expected `]`; \
               write a header with two brackets on both sides: [[service]]"],
        ),
        (
            "priority = 1",
            "priority = 1\npriority = 3",
            &["20:1 duplicate-key `priority` is written twice; the first is in line 19; \
                 remove one, or start the next entry with its header"][..],
        ),
        (
            "name = \"test\"",
            "name = \"te\0st\"",
            &["1:11 control-character the control character U+0000 cannot stand in a fleet \
               file; remove it, or write a space"],
        ),
    ] {
        check(from, to, expected);
    }
}

/// What is replaced by what, and every sentence that follows.
const VALUES_WITHOUT_MEANING: &[(&str, &str, &[&str])] = &[
    (
        "\"shop-db\"",
        "\"Shop DB\"",
        &["42:6 bad-id `Shop DB` is not an id: an id starts with a letter and has only \
           a-z, 0-9 and single hyphens, not 'S'; write `shop-db`"],
    ),
    (
        "id = \"los1\"",
        "id = \"fra1\"",
        &[
            "14:6 duplicate-id the data centre `fra1` is declared twice; the first is in \
             line 9; write another id, or remove one of the two",
            "23:1 too-few-datacenters the service `shop` has only 1 data centre: losing one \
             would be felt (R2); name at least 2 data centres that are not retired",
            "44:24 unknown-reference `datacenters` names the data centre `los1`, which is \
             not declared; declare it in a [[datacenter]], or name another",
        ],
    ),
    (
        "region = \"south\"",
        "region = \"souht\"",
        &["15:10 unknown-reference `region` names the region `souht`, which is not \
           declared; write `south`"],
    ),
    (
        "Africa/Lagos",
        "Afrika/Lagos",
        &["8:13 unknown-time-zone `Afrika/Lagos` is not a time zone; write `Africa/Lagos`"],
    ),
    (
        "Africa/Lagos",
        "lagos",
        &["8:13 unknown-time-zone `lagos` is not a time zone; write `Africa/Lagos`"],
    ),
    (
        "Africa/Lagos",
        "+01:00",
        &["8:13 unknown-time-zone `+01:00` is not a time zone; write a name of the IANA \
           database, for example `Europe/Berlin`"],
    ),
    (
        "\"distributed\"",
        "\"everywhere\"",
        &["26:13 unknown-value `placement` cannot be `everywhere`; write one of \
           `distributed`, `local`"],
    ),
    (
        "\"on-premises\"",
        "\"on premise\"",
        &["12:10 unknown-value `vendor` cannot be `on premise`; write `on-premises`"],
    ),
    (
        "\"friday\"",
        "\"fryday\"",
        &["37:23 unknown-value `full_on` cannot be `fryday`; write `friday`"],
    ),
    (
        "nodes = 2",
        "nodes = 1001",
        &["27:9 out-of-range `nodes` is 1001, and must be from 2 to 1000; \
           write a whole number from 2 to 1000"],
    ),
    (
        "priority = 1",
        "priority = 99999999999999999999",
        &["19:12 out-of-range `priority` is 99999999999999999999, and must be from 1 to \
           1000; write a whole number from 1 to 1000"],
    ),
    (
        "nodes = 2",
        "health_path = \"health\"",
        &["27:15 bad-text `health_path` is not usable: a path begins with / and has at \
           most 256 visible characters; write for example `health_path = \"/health\"`"],
    ),
    (
        "[\"fra1\", \"los1\"]",
        "[\"fra1\", \"los1\", \"fra1\"]",
        &["44:32 repeated-item `datacenters` names `fra1` twice; remove one of the two"],
    ),
    (
        "00:00-00:30",
        "00:30-00:00",
        &["39:10 bad-window `00:30-00:00` is not a window of time: it ends before it \
           begins; write local times, from and to: `00:00-00:30`; over midnight at most 12 \
           hours: `23:30-00:30`"],
    ),
    (
        "00:00-00:30",
        "0:00-0:30",
        &["39:10 bad-window `0:00-0:30` is not a window of time: it does not begin with a \
           time from 00:00 to 24:00; write local times, from and to: `00:00-00:30`; over \
           midnight at most 12 hours: `23:30-00:30`"],
    ),
];

#[test]
fn values_without_meaning() {
    for (from, to, expected) in VALUES_WITHOUT_MEANING {
        check(from, to, expected);
    }
}

/// What is replaced by what, and every sentence that follows.
const FLEETS_THAT_SHOULD_NOT_RUN: &[(&str, &str, &[&str])] = &[
    (
        "nodes = 2",
        "nodes = 1",
        &["27:9 too-few-nodes the service `shop` has only 1 node, and would not be redundant \
           (R3); write `nodes = 2` or more, or `retired = true` to stop the service"],
    ),
    (
        "nodes = 2",
        "datacenters = [\"fra1\"]",
        &["27:15 too-few-datacenters the service `shop` has only 1 data centre: losing one \
           would be felt (R2); name at least 2 data centres that are not retired"],
    ),
    (
        "vendor = \"AWS\"",
        "vendor = \"AWS\"\nretired = true",
        &[
            "24:1 too-few-datacenters the service `shop` has only 1 data centre: losing one \
             would be felt (R2); name at least 2 data centres that are not retired",
            "45:15 retired-datacenter the database `shop-db` is in the data centre `los1`, \
             which is retired; move the database to another, or remove `retired = true` \
             there",
        ],
    ),
    (
        "needs = \"warehouses\"",
        "needs = \"warehouses\"\nregions = [\"north\", \"south\"]",
        &["34:21 region-lacks-need the region `south` lacks what the service `stock` \
           needs: warehouses (R1); remove it from `regions`, or write `warehouses = true` \
           in the region if it has"],
    ),
    (
        "needs = \"warehouses\"",
        "needs = \"couriers\"",
        &["33:9 no-region-has-need no region has what the service `stock` needs: couriers \
           (R1); write `couriers = true` in the regions that have, or remove the service"],
    ),
    (
        "region = \"south\"",
        "region = \"north\"",
        &["6:1 region-without-datacenter the region `south` has no data centre; declare \
           one in a [[datacenter]], or remove the region"],
    ),
    (
        "priority = 2",
        "priority = 1",
        &["22:12 duplicate-priority the groups `store` and `logistics` have the same \
           priority 1 (R5); give each group its own, 1 recovers first"],
    ),
    (
        "[\"fra1\", \"los1\"]",
        "[\"fra1\"]",
        &["44:15 too-few-datacenters the database `shop-db` has only 1 data centre: losing \
           one would be felt (R2); name at least 2 data centres that are not retired"],
    ),
    (
        "datacenter = \"fra1\"",
        "datacenter = \"los1\"",
        &["49:14 edge-outside-region the edge `edge-north` of the region `north` is in a \
           data centre of `south`; name a data centre of `north`, or correct the region"],
    ),
    (
        "full_on = [\"tuesday\", \"friday\"]",
        "full_every_days = 1",
        &["38:16 no-day-for-differential the backup policy `weekly` leaves no day for a \
           differential copy; remove `differential = true`, or make full copies on fewer \
           days"],
    ),
    (
        "retention_days = 14",
        "retention_days = 3",
        &["40:18 retention-too-short the backup policy `weekly` keeps copies 3 days, and \
           makes the next full copy only after 4: there would be times without any; \
           write `retention_days = 4` or more"],
    ),
];

#[test]
fn fleets_that_should_not_run() {
    for (from, to, expected) in FLEETS_THAT_SHOULD_NOT_RUN {
        check(from, to, expected);
    }
}

#[test]
fn an_empty_file_is_told_what_to_begin_with() {
    let expected = [
        "1:1 empty-fleet the fleet has no region, so that nothing can run anywhere; \
         write at least one [[region]] with a [[datacenter]]",
        "1:1 missing-key `name` is missing; write `name = \"production\"`",
    ];
    for empty in ["", "\n\n", "# nothing\n"] {
        assert_eq!(reading(empty), expected, "{empty:?}");
    }
}

#[test]
fn a_retired_service_and_a_retired_data_centre_are_placed_nowhere() {
    let third = r#"[[datacenter]]
id = "fra2"
region = "north"
vendor = "Hetzner"
retired = true
"#;
    let text = BASE.replacen("nodes = 2", "datacenters = [\"fra1\"]\nretired = true", 1);
    let fleet = read(&format!("{text}{third}")).expect("both may be retired");
    assert!(placement::datacenters(&fleet, &fleet.services["shop"]).is_empty());
    let stock = placement::datacenters(&fleet, &fleet.services["stock"]);
    assert_eq!(Vec::from_iter(stock.iter().map(|id| id.as_str())), ["fra1"]);
}

#[test]
fn every_code_is_the_one_that_is_serialised_and_reads_back() {
    let broken = BASE.replace("nodes = 2", "nodes = 1\nnoodles = 2").replace("south", "s\u{f6}uth");
    for finding in read(&broken).expect_err("it has mistakes") {
        let json = serde_json::to_value(&finding).expect("it serialises");
        assert_eq!(json["code"], finding.code());
        assert_eq!(serde_json::from_value::<Finding>(json).ok(), Some(finding));
    }
}
