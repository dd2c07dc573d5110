//! A problem of each kind.

use chrono::{DateTime, Utc};
use mainstay_core::approval::{ApprovalId, Subject};
use mainstay_core::audit::Conflict;
use mainstay_core::audit::check::Broken;
use mainstay_core::availability::burn::Speed;
use mainstay_core::backup::Label;
use mainstay_core::cluster::decide::Reason;
use mainstay_core::failover::RunId;
use mainstay_core::notify::ChannelId;
use mainstay_core::problem::{Problem, Trouble};
use mainstay_core::rollout::{PauseReason, RolloutId, StopReason};

fn at() -> DateTime<Utc> {
    "2026-11-20T03:12:07Z".parse().unwrap()
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn subject() -> Subject {
    Subject::Failover { run: RunId(1), lose: "fra1".into() }
}

pub(super) fn down(service: &str) -> Problem {
    Problem::ServiceDown { service: id(service) }
}

pub(super) fn one_of_each() -> Vec<Problem> {
    let mut all = of_places();
    all.extend(of_changes());
    all.extend(of_copies());
    all
}

fn of_places() -> Vec<Problem> {
    vec![
        Problem::DatacenterSilent { datacenter: id("fra1"), since: at(), instances: 2 },
        Problem::DatacenterNeverSeen { datacenter: id("osl1") },
        Problem::InstancesFailing {
            service: id("shop"),
            datacenter: id("fra1"),
            failing: 1,
            total: 2,
            cause: None,
        },
        Problem::TooFewNodes { service: id("shop"), datacenter: id("fra1"), serving: 1, wanted: 2 },
        Problem::Misplaced {
            service: id("shop"),
            datacenter: id("fra1"),
            instances: 1,
            local: true,
        },
        Problem::OneDatacenterLeft { service: id("shop"), datacenter: id("fra1") },
        down("shop"),
        Problem::MixedVersions {
            service: id("shop"),
            datacenter: id("fra1"),
            versions: vec!["1".into(), "2".into()],
        },
        Problem::AuditConflict {
            datacenter: id("fra1"),
            conflict: Conflict { at: at(), witnessed: 3, offered: 4 },
        },
        Problem::AuditBroken {
            broken: Broken {
                at: at(),
                entry: Some(7),
                what: "entry 7 was deleted".into(),
                more: 1,
            },
        },
        Problem::StoreRewound { datacenters: vec![id("fra1")], lost: 2 },
        Problem::TrafficDropped { datacenter: id("fra1"), group: id("store"), missing_percent: 40 },
    ]
}

fn of_changes() -> Vec<Problem> {
    let (rollout, version) = (RolloutId(1), "2".to_owned());
    let why = PauseReason::NoData { requests: 1, needed: 2 };
    vec![
        Problem::RolloutPaused { service: id("shop"), rollout, version: version.clone(), why },
        Problem::RollbackStuck {
            service: id("shop"),
            rollout,
            from: version.clone(),
            to: "1".into(),
        },
        Problem::RolledBack {
            service: id("shop"),
            rollout,
            version,
            why: StopReason::Refused { edge: id("west"), message: "no".into() },
            undo_until: None,
        },
        Problem::EdgeRefuses { edge: id("west"), message: "no".into() },
        Problem::EdgeGone { edge: id("west"), region: id("north"), since: None, connected: 0 },
        Problem::FailoverWaits { run: RunId(1), lose: "fra1".into(), why: "it failed".into() },
        Problem::FailoverStuck { run: RunId(1), lose: "fra1".into(), steps: Vec::new() },
        Problem::ApprovalWaits {
            approval: ApprovalId(1),
            subject: subject(),
            by: "ann".into(),
            until: at(),
        },
        Problem::ReviewWaits {
            approval: ApprovalId(2),
            subject: subject(),
            by: "ann".into(),
            until: at(),
            late: false,
        },
        Problem::BudgetBurns {
            service: id("shop"),
            speed: Speed::Page,
            window_minutes: 60,
            rate: 14,
        },
        Problem::AliasDead { alias: id("lag"), target: "/services/cart".into() },
        Problem::NotificationsFail {
            channel: ChannelId(3),
            name: "on call".into(),
            since: at(),
            stopped: false,
        },
    ]
}

fn of_copies() -> Vec<Problem> {
    let troubles = [
        Trouble::None,
        Trouble::Late { windows: 1, since: at(), newest: None },
        Trouble::Short { copies: 1, asked: 2, datacenters: 1, asked_in: 2 },
        Trouble::Unread { datacenter: id("fra1"), why: "no answer".into() },
        Trouble::Damaged { datacenter: id("fra1"), label: Label("20261120-021500F".into()) },
        Trouble::LogBehind { recoverable_to: at(), lost: None, stuck: None },
        Trouble::Unproven { proven_at: None, max_age_days: 7 },
    ];
    let backups = troubles.map(|trouble| Problem::Backup { database: id("store-db"), trouble });
    let standby = Problem::StandbyNotReady {
        database: id("store-db"),
        datacenter: id("osl1"),
        reason: Reason::LeaderAway,
    };
    backups.into_iter().chain([standby]).collect()
}
