//! Problems in two sentences: what and where, then the number, the limit and the consequence.

use chrono::{DateTime, Utc};
use mainstay_core::problem::Problem;

use crate::t;
use crate::text::{cause, list, moment, number};

/// What and where: `feed-api in fra1: 3 of 17 instances failing`.
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
        Problem::AuditConflict { datacenter, .. } => {
            t!("problem-audit", dc = datacenter.as_str())
        }
    }
}

/// The numbers and what they mean for users.
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
            let serving = total.saturating_sub(*failing);
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
        Problem::TooFewNodes { service, datacenter, serving, wanted } => t!(
            "problem-too-few-detail",
            n = i64::from(*serving),
            service = service.as_str(),
            dc = datacenter.as_str(),
            wanted = number(*wanted)
        ),
        Problem::Misplaced { instances, local, .. } => {
            let count = number(*instances);
            if *local {
                t!("problem-misplaced-detail-local", n = i64::from(*instances), count = count)
            } else {
                t!("problem-misplaced-detail", n = i64::from(*instances), count = count)
            }
        }
        Problem::OneDatacenterLeft { service, datacenter } => {
            t!("problem-one-left-detail", service = service.as_str(), dc = datacenter.as_str())
        }
        Problem::ServiceDown { .. } => t!("problem-down-detail"),
        Problem::MixedVersions { versions, .. } => {
            t!("problem-mixed-detail", versions = list(versions))
        }
        Problem::AuditConflict { conflict, .. } => t!(
            "problem-audit-detail",
            at = moment(conflict.at, now),
            witnessed = number(conflict.witnessed),
            offered = number(conflict.offered)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_core::estate::Cause;
    use mainstay_core::id::{DatacenterId, ServiceId};

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
}
