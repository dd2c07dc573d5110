//! The runbooks that come with the program: one for each kind of problem, and what else goes wrong
//! in every fleet.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::{Origin, Runbook, read};
use crate::id::RunbookId;

macro_rules! files {
    ($($slug:literal),* $(,)?) => {
        &[$(($slug, include_str!(concat!("../../../runbooks/", $slug, ".md")))),*]
    };
}

/// Slug and text of each, by slug.
pub(super) const FILES: &[(&str, &str)] = files![
    "alias-dead",
    "approval-waits",
    "audit-broken",
    "audit-conflict",
    "backup-late",
    "backup-none",
    "backup-short",
    "backup-unproven",
    "budget-burns",
    "console-away",
    "copy-damaged",
    "datacenter-never-seen",
    "datacenter-silent",
    "edge-gone",
    "edge-refuses",
    "failover-stuck",
    "failover-waits",
    "instances-failing",
    "log-behind",
    "misplaced",
    "mixed-versions",
    "notifications-fail",
    "one-datacenter-left",
    "repository-unread",
    "review-waits",
    "rollback-stuck",
    "rolled-back",
    "rollout-paused",
    "service-down",
    "standby-not-ready",
    "store-rewound",
    "too-few-nodes",
    "traffic-dropped",
];

static BOOKS: LazyLock<BTreeMap<RunbookId, Arc<Runbook>>> = LazyLock::new(|| {
    let books = FILES.iter().filter_map(|(slug, source)| {
        // Each is good: a test reads them all.
        let book = read(slug, source, Origin::Library, None).ok()?;
        Some((book.slug.clone(), Arc::new(book)))
    });
    books.collect()
});

pub(super) fn books() -> &'static BTreeMap<RunbookId, Arc<Runbook>> {
    &BOOKS
}
