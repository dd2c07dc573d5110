//! Problems in two sentences: what and where, then the number, the limit and the consequence.

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::availability::burn::Speed;
use mainstay_core::estate::Cause;
use mainstay_core::failover::stuck::Stuck;
use mainstay_core::id::{DatacenterId, RegionId, ServiceId};
use mainstay_core::problem::Problem;
use mainstay_core::rollout::StopReason;

use crate::t;
use crate::text::rollout::{pause_next, pause_reason, stop_reason};
use crate::text::{approval, backup, cause, clock, duration, full, list, moment, number, sentence};

/// What and where: `feed-api in fra1: 3 of 17 instances failing`.
// tidy: allow length: a table, an arm for each problem
pub fn problem_title(problem: &Problem) -> String {
    match problem {
        Problem::DatacenterSilent { datacenter, .. } => {
            t!("problem-silent", dc = datacenter.as_str())
        }
        Problem::DatacenterNeverSeen { datacenter } => {
            t!("problem-never", dc = datacenter.as_str())
        }
        Problem::InstancesFailing { service, datacenter, failing, total, .. } => t!(
            "problem-failing",
            service = service.as_str(),
            dc = datacenter.as_str(),
            failing = number(*failing),
            total = number(*total)
        ),
        Problem::TooFewNodes { service, datacenter, serving, wanted } => t!(
            "problem-too-few",
            service = service.as_str(),
            dc = datacenter.as_str(),
            serving = number(*serving),
            wanted = number(*wanted)
        ),
        Problem::Misplaced { service, datacenter, .. } => {
            t!("problem-misplaced", service = service.as_str(), dc = datacenter.as_str())
        }
        Problem::OneDatacenterLeft { service, datacenter } => {
            t!("problem-one-left", service = service.as_str(), dc = datacenter.as_str())
        }
        Problem::ServiceDown { service } => t!("problem-down", service = service.as_str()),
        Problem::MixedVersions { service, datacenter, versions } => t!(
            "problem-mixed",
            service = service.as_str(),
            dc = datacenter.as_str(),
            count = number(versions.len() as u64)
        ),
        Problem::StoreRewound { .. } => t!("problem-rewound"),
        Problem::AuditConflict { datacenter, .. } => {
            t!("problem-audit", dc = datacenter.as_str())
        }
        Problem::AuditBroken { broken } => match broken.entry {
            Some(entry) => t!("problem-audit-broken-at", entry = number(entry)),
            None => t!("problem-audit-broken"),
        },
        Problem::RolloutPaused { service, version, .. } => {
            t!("problem-paused", service = service.as_str(), version = version.as_str())
        }
        Problem::RollbackStuck { service, to, .. } => {
            t!("problem-stuck", service = service.as_str(), version = to.as_str())
        }
        Problem::RolledBack { service, version, undo_until: None, .. } => {
            t!("problem-rolling-back", service = service.as_str(), version = version.as_str())
        }
        Problem::RolledBack { service, version, undo_until: Some(_), .. } => {
            t!("problem-rolled-back", service = service.as_str(), version = version.as_str())
        }
        Problem::EdgeRefuses { edge, .. } => t!("problem-edge-refuses", edge = edge.as_str()),
        Problem::EdgeGone { edge, since, .. } => match since {
            Some(_) => t!("problem-edge-gone", edge = edge.as_str()),
            None => t!("problem-edge-unseen", edge = edge.as_str()),
        },
        Problem::FailoverWaits { lose, .. } => t!("problem-failover", lose = lose.as_str()),
        Problem::ApprovalWaits { subject, .. } => {
            t!("problem-approval", what = approval::subject(subject))
        }
        Problem::ReviewWaits { subject, .. } => {
            t!("problem-review", what = approval::subject(subject))
        }
        Problem::FailoverStuck { lose, .. } => t!("problem-failover-stuck", lose = lose.as_str()),
        Problem::TrafficDropped { datacenter, group, missing_percent } => t!(
            "problem-dropped",
            group = group.as_str(),
            dc = datacenter.as_str(),
            percent = number(*missing_percent)
        ),
        Problem::StandbyNotReady { database, datacenter, .. } => {
            t!("problem-standby", db = database.as_str(), dc = datacenter.as_str())
        }
        Problem::BudgetBurns { service, speed, .. } => budget_burns(service, *speed),
        Problem::AliasDead { alias, .. } => t!("problem-alias", alias = alias.as_str()),
        Problem::NotificationsFail { name, .. } => t!("problem-notify", name = name.as_str()),
        Problem::Backup { database, trouble } => backup::trouble_title(database, trouble),
    }
}

fn budget_burns(service: &ServiceId, speed: Speed) -> String {
    match speed {
        Speed::Page => t!("problem-burns-fast", service = service.as_str()),
        Speed::Ticket => t!("problem-burns-slowly", service = service.as_str()),
    }
}

/// How many serve, and why the others do not.
fn instances_failing(
    service: &ServiceId,
    datacenter: &DatacenterId,
    serving: u32,
    why: Option<&Cause>,
) -> String {
    let detail = t!(
        "problem-failing-detail",
        n = i64::from(serving),
        serving = number(serving),
        service = service.as_str(),
        dc = datacenter.as_str()
    );
    match why {
        Some(why) => t!("problem-failing-cause", detail = detail, cause = cause(why)),
        None => detail,
    }
}

/// The numbers and what they mean for users.
// tidy: allow length: a table, an arm for each problem
pub fn problem_detail(problem: &Problem, now: DateTime<Utc>) -> String {
    match problem {
        Problem::DatacenterSilent { since, instances, .. } => t!(
            "problem-silent-detail",
            n = i64::from(*instances),
            count = number(*instances),
            since = moment(*since, now)
        ),
        Problem::DatacenterNeverSeen { .. } => t!("problem-never-detail"),
        Problem::InstancesFailing { service, datacenter, failing, total, cause: why } => {
            instances_failing(service, datacenter, total.saturating_sub(*failing), why.as_ref())
        }
        Problem::TooFewNodes { service, datacenter, serving, wanted } => t!(
            "problem-too-few-detail",
            n = i64::from(*serving),
            service = service.as_str(),
            dc = datacenter.as_str(),
            wanted = number(*wanted)
        ),
        Problem::Misplaced { instances, local, .. } => {
            let count = number(*instances);
            let n = i64::from(*instances);
            match local {
                true => t!("problem-misplaced-detail-local", n = n, count = count),
                false => t!("problem-misplaced-detail", n = n, count = count),
            }
        }
        Problem::OneDatacenterLeft { service, datacenter } => {
            t!("problem-one-left-detail", service = service.as_str(), dc = datacenter.as_str())
        }
        Problem::ServiceDown { .. } => t!("problem-down-detail"),
        Problem::MixedVersions { versions, .. } => {
            t!("problem-mixed-detail", versions = list(versions))
        }
        Problem::StoreRewound { datacenters, lost } => t!(
            "problem-rewound-detail",
            n = i64::from(*lost),
            count = number(*lost),
            places = list(datacenters.iter().map(DatacenterId::as_str))
        ),
        Problem::AuditConflict { conflict, .. } => t!(
            "problem-audit-detail",
            at = moment(conflict.at, now),
            witnessed = number(conflict.witnessed),
            offered = number(conflict.offered)
        ),
        Problem::AuditBroken { broken } => t!(
            "problem-audit-broken-detail",
            what = sentence(&broken.what),
            at = moment(broken.at, now),
            n = i64::try_from(broken.more).unwrap_or(i64::MAX),
            more = number(broken.more)
        ),
        Problem::RolloutPaused { why, .. } => {
            t!("problem-paused-detail", why = pause_reason(why), next = pause_next(why))
        }
        Problem::RollbackStuck { from, to, .. } => {
            t!("problem-stuck-detail", from = from.as_str(), to = to.as_str())
        }
        Problem::RolledBack { why, undo_until, .. } => rolled_back(why, *undo_until, now),
        Problem::EdgeRefuses { message, .. } => {
            t!("problem-edge-refuses-detail", message = message.as_str())
        }
        Problem::EdgeGone { region, since, connected, .. } => {
            edge_gone(region, *since, *connected, now)
        }
        Problem::FailoverWaits { why, .. } => {
            t!("problem-failover-detail", why = sentence(why))
        }
        Problem::ApprovalWaits { by, until, .. } => {
            t!("problem-approval-detail", by = by.as_str(), until = clock(*until, now))
        }
        Problem::ReviewWaits { by, until, late: false, .. } => {
            t!("problem-review-detail", by = by.as_str(), until = full(*until))
        }
        Problem::ReviewWaits { by, until, late: true, .. } => {
            t!("problem-review-late", by = by.as_str(), until = full(*until))
        }
        Problem::FailoverStuck { steps, .. } => failover_stuck(steps, now),
        Problem::TrafficDropped { datacenter, .. } => {
            t!("problem-dropped-detail", dc = datacenter.as_str())
        }
        Problem::StandbyNotReady { reason, .. } => {
            t!("problem-standby-detail", why = sentence(reason))
        }
        Problem::BudgetBurns { window_minutes, rate, .. } => {
            let window = duration(TimeDelta::minutes(i64::from(*window_minutes)));
            t!("problem-burns-detail", window = window, rate = number(*rate))
        }
        Problem::NotificationsFail { stopped: true, .. } => t!("problem-notify-stopped"),
        Problem::NotificationsFail { stopped: false, since, .. } => {
            t!("problem-notify-detail", since = moment(*since, now))
        }
        Problem::AliasDead { target, .. } => {
            t!("problem-alias-detail", target = target.as_str())
        }
        Problem::Backup { trouble, .. } => backup::trouble_detail(trouble, now),
    }
}

/// The first of the steps that are stuck, and how many more there are.
fn failover_stuck(steps: &[Stuck], now: DateTime<Utc>) -> String {
    let Some(first) = steps.first() else { return String::new() };
    let more = u32::try_from(steps.len() - 1).unwrap_or(u32::MAX);
    let limit = i64::try_from(first.limit_seconds).unwrap_or_default();
    t!(
        "problem-failover-stuck-detail",
        step = first.step.to_string(),
        limit = duration(TimeDelta::seconds(limit)),
        since = moment(first.since, now),
        waits = sentence(&first.waits_for),
        n = i64::from(more),
        more = number(more)
    )
}

fn rolled_back(why: &StopReason, undo_until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    let why = stop_reason(why);
    match undo_until {
        None => t!("problem-rolling-back-detail", why = why),
        Some(until) => {
            t!("problem-rolled-back-detail", why = why, until = moment(until, now))
        }
    }
}

fn edge_gone(
    region: &RegionId,
    since: Option<DateTime<Utc>>,
    connected: u32,
    now: DateTime<Utc>,
) -> String {
    let left = t!(
        "problem-edge-left",
        n = i64::from(connected),
        count = number(connected),
        region = region.as_str()
    );
    match since {
        None => t!("problem-edge-unseen-detail", left = left),
        Some(since) => {
            t!("problem-edge-gone-detail", left = left, since = moment(since, now))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_core::estate::Cause;
    use mainstay_core::id::{DatacenterId, EdgeId, ServiceId};
    use mainstay_core::rollout::{PauseReason, RolloutId};

    fn check(problem: &Problem, title: &str, detail: &str) {
        let now = "2026-11-20T03:12:07Z".parse().expect("a time");
        assert_eq!(problem_title(problem), title);
        assert_eq!(problem_detail(problem, now), detail);
    }

    #[test]
    fn a_problem_names_its_number_and_consequence() {
        let service = ServiceId::new("feed-api").expect("an id");
        let datacenter = DatacenterId::new("fra1").expect("an id");
        check(
            &Problem::InstancesFailing {
                service: service.clone(),
                datacenter: datacenter.clone(),
                failing: 1,
                total: 2,
                cause: Some(Cause::Killed { signal: 9 }),
            },
            "feed-api in fra1: 1 of 2 instances failing",
            "One instance still serves there. Cause: ended by signal 9.",
        );
        check(
            &Problem::DatacenterSilent {
                datacenter: datacenter.clone(),
                since: "2026-11-20T03:06:52Z".parse().expect("a time"),
                instances: 1200,
            },
            "fra1 is silent",
            "Not heard since 03:06 UTC. Its 1,200 instances are shown as unknown and not counted \
             as healthy.",
        );
        check(
            &Problem::TooFewNodes { service, datacenter, serving: 0, wanted: 2 },
            "feed-api in fra1: 0 of 2 nodes serve",
            "Nothing serves feed-api in fra1.",
        );
    }

    #[test]
    fn a_rollout_that_waits_says_why_and_what_to_do() {
        let (service, rollout) = (ServiceId::new("feed-api").expect("an id"), RolloutId(12));
        let version = "4.19.0".to_owned();
        check(
            &Problem::RolloutPaused {
                service: service.clone(),
                rollout,
                version: version.clone(),
                why: PauseReason::NoData { requests: 40, needed: 2_000 },
            },
            "feed-api: the rollout of 4.19.0 is paused",
            "Too few requests to tell: needs 2,000, has 40. Resume to watch again, promote past it \
             with a reason, or roll back.",
        );
        let edge = EdgeId::new("west").expect("an id");
        let back = |undo_until| Problem::RolledBack {
            service: service.clone(),
            rollout,
            version: version.clone(),
            why: StopReason::Refused { edge: edge.clone(), message: "no such route".into() },
            undo_until,
        };
        check(
            &back(None),
            "feed-api: 4.19.0 is being rolled back automatically",
            "Requests are on their way back to the stable version. west refused its \
             configuration: no such route",
        );
        check(
            &back(Some("2026-11-20T03:20:00Z".parse().expect("a time"))),
            "feed-api: 4.19.0 was rolled back automatically",
            "Undo is possible until 03:20 UTC. west refused its configuration: no such route",
        );
    }

    #[test]
    fn an_edge_says_what_still_reaches_its_region() {
        let edge = EdgeId::new("west").expect("an id");
        let message = "duplicate route".to_owned();
        check(
            &Problem::EdgeRefuses { edge: edge.clone(), message },
            "west refuses its configuration",
            "It serves with what it accepted last. Its own words: duplicate route",
        );
        let gone = |since: Option<&str>, connected| Problem::EdgeGone {
            edge: edge.clone(),
            region: RegionId::new("us-west").expect("an id"),
            since: since.map(|at| at.parse().expect("a time")),
            connected,
        };
        check(
            &gone(Some("2026-11-20T03:06:52Z"), 0),
            "west is not connected",
            "Not connected since 03:06 UTC. No edge of us-west is connected. If it still runs, it \
             serves with the shares it was told last, and a rollback does not reach it.",
        );
        check(
            &gone(None, 1),
            "west has never connected",
            "The fleet declares it and nothing has connected under its name. One other edge of \
             us-west is connected.",
        );
    }
}
