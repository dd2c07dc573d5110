//! Benches, rollout plans and strategies in fleet files, good and wrong.

use super::read;
use super::tests::{BASE, ENTERPRISE, check};
use crate::bench::{Bench, Check};
use crate::fleet::Strategy;
use crate::id::DatacenterId;
use crate::rollout::{Condition, PlanTemplate, Step};

/// Puts a table before the services and compares what is found, without line and column.
#[track_caller]
fn table(text: &str, expected: &[&str]) {
    let file = BASE.replacen("[[service]]", &format!("{text}\n[[service]]"), 1);
    let found = match read(&file) {
        Ok(_) => Vec::new(),
        Err(findings) => findings.iter().map(|it| format!("{} {it}", it.code())).collect(),
    };
    assert_eq!(found, expected, "{text}");
}

fn bench(rest: &str) -> String {
    format!("[[bench]]\nid = \"b\"\n{rest}")
}

fn plan(rest: &str) -> String {
    format!("[[rollout_plan]]\nid = \"p\"\n{rest}")
}

#[test]
fn the_enterprise_rolls_out_as_its_requirements_say() {
    let fleet = read(ENTERPRISE).expect("the enterprise");
    for (id, service) in &fleet.services {
        let canary = service.front || service.group.as_str() == "store";
        let expected = if canary { Strategy::Canary } else { Strategy::Rolling };
        assert_eq!(service.strategy, expected, "{id} (R9)");
        assert!(service.bench.is_some() && service.rollout_plan.is_some(), "{id} (R10)");
    }
    for region in fleet.regions.keys() {
        let edges = fleet.edges.values().filter(|edge| edge.region == *region);
        assert_eq!(edges.count(), 1, "{region}");
    }
}

#[test]
fn what_is_not_written_has_a_default() {
    let front = BASE.replacen("version = \"1.0.0\"", "version = \"1.0.0\"\nfront = true", 1);
    let fleet = read(&front).expect("no mistake");
    assert_eq!(fleet.services["shop"].strategy, Strategy::Canary);
    assert_eq!(fleet.services["stock"].strategy, Strategy::Rolling);
    let empty = plan("");
    let file = BASE.replacen("[[service]]", &format!("{empty}\n[[service]]"), 1);
    let fleet = read(&file).expect("no mistake");
    assert_eq!(fleet.rollout_plans["p"], PlanTemplate::default());
    let checks = Bench::of(&fleet, &"shop".parse().expect("an id")).checks;
    assert!(matches!(&checks[..], [Check::Http { .. }, Check::Load { .. }]), "{checks:?}");
}

#[test]
fn reads_everything_that_may_be_written() {
    let text = r#"
[[bench]]
id = "b"
datacenter = "fra1"
valid_hours = 24
checks = [
    { path = "/a", contains = "ok" },
    { path = "/b", requests_per_second = 10, seconds = 3, errors_most = 0.25, p95_most_ms = 90 },
]
[[rollout_plan]]
id = "p"
steps = [{ weight = 0.5, watch_seconds = 60 }, { weight = 25, watch_seconds = 30, pause = true }]
waves = [["south"], ["north"]]
alpha = 0.005
error_tolerance = 0.75
latency_tolerance = 30
min_requests = 40
conditions = [{ errors_most = 1 }, { p95_most_ms = 300 }, { promql = "up", least = 0.5 }]
"#;
    let file = BASE.replacen("[[service]]", &format!("{text}\n[[service]]"), 1);
    let named = "version = \"1.0.0\"\nbench = \"b\"\nrollout_plan = \"p\"\nstrategy = \"canary\"";
    let file = file.replacen("version = \"1.0.0\"", named, 1);
    let fleet = read(&file).expect("no mistake");
    let bench = Bench::of(&fleet, &"shop".parse().expect("an id"));
    assert_eq!(bench.datacenter, DatacenterId::new("fra1").ok());
    let load = Check::Load {
        path: "/b".into(),
        requests_per_second: 10,
        seconds: 3,
        error_max_bp: 25,
        p95_max_ms: 90,
    };
    let http = Check::Http { path: "/a".into(), status: 200, contains: Some("ok".into()) };
    assert_eq!(bench.checks, [http, load]);
    let plan = PlanTemplate::of(&fleet, &fleet.services["shop"]);
    let step = |weight, watch_seconds, pause| Step { weight, watch_seconds, pause };
    let last = step(10_000, 30, false);
    let steps = [step(50, 60, false), step(2_500, 30, true), last];
    assert_eq!(plan.steps, steps, "the last is added");
    assert_eq!(plan.waves.len(), 2);
    assert_eq!(plan.analysis.alpha_per_million, 5_000);
    assert_eq!(plan.analysis.error_tolerance_bp, 75);
    let promql = Condition::PromqlAbove { query: "up".into(), milli: 500 };
    let conditions = [Condition::ErrorsBelow { bp: 100 }, Condition::P95Below { ms: 300 }, promql];
    assert_eq!(plan.analysis.conditions, conditions);
}

#[test]
fn mistakes_of_services() {
    check(
        "nodes = 2",
        "strategy = \"canarry\"",
        &["27:12 unknown-value `strategy` cannot be `canarry`; write `canary`"],
    );
    check(
        "nodes = 2",
        "bench = \"b\"",
        &["27:9 unknown-reference `bench` names the bench `b`, which is not declared; declare it \
           in a [[bench]], or name another"],
    );
    check(
        "nodes = 2",
        "rollout_plan = 7",
        &["27:16 wrong-type `rollout_plan` is a whole number, and must be a text; write \
           `rollout_plan = \"careful\"`"],
    );
}

#[test]
fn mistakes_of_benches() {
    for (rest, expected) in [
        (
            "",
            &["missing-key `checks` is missing; write `checks = [{ path = \"/health\", status = \
                200 }]`"][..],
        ),
        (
            "checks = []",
            &["bad-text `checks` is not usable: it names no check; write for example \
                          `checks = [{ path = \"/health\", status = 200 }]`"],
        ),
        (
            "checks = [\"/\"]",
            &["wrong-type `checks` is a text, and must be a list of tables; write \
                               `checks = [{ path = \"/health\", status = 200 }]`"],
        ),
        (
            "checks = [{ status = 200 }]",
            &["missing-key `path` is missing; write `path = \"/health\"`"],
        ),
        (
            "checks = [{ path = \"/\", statos = 200 }]",
            &["unknown-key unknown key `statos` in `checks`; write `status`"],
        ),
        (
            "checks = [{ path = \"/\", seconds = 5, status = 200 }]",
            &[
                "missing-key `requests_per_second` is missing; write `requests_per_second = 50`",
                "missing-key `p95_most_ms` is missing; write `p95_most_ms = 200`",
                "key-does-not-apply `status` does not go with `requests_per_second`; \
                 remove `status`",
            ],
        ),
        (
            "checks = [{ path = \"x\", requests_per_second = 0, seconds = 5, p95_most_ms = 9 }]",
            &[
                "bad-text `path` is not usable: a path begins with / and has at most 256 visible \
            characters; write for example `path = \"/health\"`",
                "out-of-range `requests_per_second` is 0, and must be from 1 to 10000; write a \
            whole number from 1 to 10000",
            ],
        ),
        (
            "checks = [{ path = \"/\" }]\ndatacenter = \"mars\"",
            &["unknown-reference `datacenter` names the data centre `mars`, which is not \
            declared; declare it in a [[datacenter]], or name another"],
        ),
    ] {
        table(&bench(rest), expected);
    }
}

#[test]
fn mistakes_of_plans() {
    for (rest, expected) in [
        (
            "steps = [{ weight = 50, watch_seconds = 9 }, { weight = 5.5, watch_seconds = 9 }]",
            &["weight-not-growing the steps of the rollout plan `p` go from 50 % to 5.5 %; write \
            growing weights, up to 100"][..],
        ),
        (
            "steps = [{ weight = 101, watch_seconds = 0 }]",
            &[
                "bad-text `weight` is not usable: it is not from 0.01 to 100 in steps of 0.01; \
            write for example `weight = 5`",
                "bad-text `watch_seconds` is not usable: it is not from 1 to 86400 in steps of 1; \
            write for example `watch_seconds = 300`",
            ],
        ),
        (
            "steps = [{ weight = 1.005, watch_seconds = 5 }]",
            &["bad-text `weight` is not usable: it is not from 0.01 to 100 in steps of 0.01; \
            write for example `weight = 5`"],
        ),
        (
            "steps = [{ weight = 1 }]",
            &["missing-key `watch_seconds` is missing; write `watch_seconds = 300`"],
        ),
        (
            "steps = []",
            &["bad-text `steps` is not usable: it names no step; write for example \
                         `steps = [{ weight = 5, watch_seconds = 300 }]`"],
        ),
        (
            "waves = [[\"north\"], [\"nort\", \"north\"]]",
            &[
                "unknown-reference `waves` names the region `nort`, which is not declared; write \
            `north`",
                "region-in-two-waves the waves of the rollout plan `p` name the region `north` \
            twice; name it once",
            ],
        ),
        (
            "waves = [\"north\"]",
            &["wrong-type `waves` is a text, and must be a list of lists; write `waves = \
            [[\"europe\"], [\"asia\", \"africa\"]]`"],
        ),
        (
            "alpha = 1.5",
            &["bad-text `alpha` is not usable: it is not from 0.000001 to 0.5 in steps \
                          of 0.000001; write for example `alpha = 0.01`"],
        ),
        (
            "conditions = [{ promql = \"up\" }]",
            &["missing-key `most` is missing; write `most = 0.5`"],
        ),
        (
            "conditions = [{ most = 2 }]",
            &["missing-key `promql` is missing; write `promql = \"sum(rate(orders_total[1m]))\"`"],
        ),
        ("conditions = [{}]", &["missing-key `errors_most` is missing; write `errors_most = 0.5`"]),
    ] {
        table(&plan(rest), expected);
    }
}

#[test]
fn a_service_asks_for_checks_by_their_names() {
    use crate::planned::check::Check as Asked;
    let with = |checks: &str| {
        let line = format!("version = \"1.0.0\"\nrequires_checks = {checks}");
        BASE.replacen("version = \"1.0.0\"", &line, 1)
    };
    let fleet = read(&with(r#"["bench", "backups-proven", "pipeline"]"#)).expect("no mistake");
    let expected = [Asked::BackupsProven, Asked::Bench, Asked::Pipeline];
    assert_eq!(fleet.services["shop"].requires_checks, expected.into());
    assert!(fleet.services["stock"].requires_checks.is_empty());
    // All that is wrong is said at once, each with the nearest known word.
    let findings = read(&with(r#"["pipline", "bench", "noodles"]"#)).expect_err("two are none");
    let said: Vec<_> = findings.iter().map(|it| format!("{it}; {}", it.help())).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("`pipeline`"), "{said:?}");
    assert!(said[1].contains("noodles"), "{said:?}");
    assert_eq!(read(&with(r#"["bench", "bench"]"#)).expect_err("named twice").len(), 1);
}
