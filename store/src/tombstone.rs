//! What is known of things that are gone: from the fleets that were applied, and the audit log.

use chrono::{DateTime, Utc};
use mainstay_core::audit::{Entry, Outcome};
use mainstay_core::fleet::Fleet;
use mainstay_core::fleet::entry::EntryKind;
use sqlx::PgPool;
use sqlx::types::Json;

use crate::audit::{self, Filter};
use crate::{Result, Store};

/// The end of an entry of the fleet.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The last fleet that had it.
    pub last: Fleet,
    /// When the next one was applied, by whom and why; `None`: it is in force.
    pub end: Option<(DateTime<Utc>, String, Option<String>)>,
}

/// The end of an entry, if a fleet ever had one of this kind and id.
pub async fn entry(pool: &PgPool, kind: EntryKind, id: &str) -> Result<Option<Ended>> {
    let map = match kind {
        EntryKind::Region => "regions",
        EntryKind::Datacenter => "datacenters",
        EntryKind::Group => "groups",
        EntryKind::Service => "services",
        EntryKind::Database => "databases",
        EntryKind::BackupPolicy => "backup_policies",
        EntryKind::Edge => "edges",
        EntryKind::Bench => "benches",
        EntryKind::RolloutPlan => "rollout_plans",
        EntryKind::Drill => "drills",
    };
    let last = sqlx::query!(
        r#"SELECT revision, fleet AS "fleet: Json<Fleet>" FROM fleet
           WHERE jsonb_exists(fleet -> $1, $2) ORDER BY revision DESC LIMIT 1"#,
        map,
        id
    )
    .fetch_optional(pool)
    .await?;
    let Some(last) = last else { return Ok(None) };
    let end = sqlx::query!(
        "SELECT applied_at, applied_by, reason FROM fleet
         WHERE revision > $1 ORDER BY revision LIMIT 1",
        last.revision
    )
    .fetch_optional(pool)
    .await?;
    let end = end.map(|end| (end.applied_at, end.applied_by, end.reason));
    Ok(Some(Ended { last: last.fleet.0, end }))
}

/// The end of a runbook of the fleet's own: when, by whom, why; `None`: there never was one of this
/// name, or it is in force.
pub async fn runbook(
    pool: &PgPool,
    slug: &str,
) -> Result<Option<(DateTime<Utc>, String, Option<String>)>> {
    let end = sqlx::query!(
        "SELECT applied_at, applied_by, reason FROM runbook_set
         WHERE revision > (SELECT max(revision) FROM runbook_set WHERE jsonb_exists(files, $1))
         ORDER BY revision LIMIT 1",
        slug
    )
    .fetch_optional(pool)
    .await?;
    Ok(end.map(|end| (end.applied_at, end.applied_by, end.reason)))
}

/// Whether a record is there: `ro-12`, `at-1042`, `bk-3`, `rs-3`, `fo-3`, `rb-3`. What is no id of
/// a record is not.
pub async fn is_there(pool: &PgPool, id: &str) -> Result<bool> {
    let Some((kind, number)) = id.split_once('-') else { return Ok(false) };
    let Ok(number) = number.parse::<i64>() else { return Ok(false) };
    Ok(sqlx::query_scalar!(
        r#"SELECT (($1 = 'ro' AND EXISTS (SELECT FROM rollout WHERE id = $2))
             OR ($1 = 'at' AND EXISTS (SELECT FROM problem WHERE id = $2))
             OR ($1 = 'bk' AND EXISTS (SELECT FROM backup_run WHERE id = $2))
             OR ($1 = 'rs' AND EXISTS (SELECT FROM database_restore WHERE id = $2))
             OR ($1 = 'fo' AND EXISTS (SELECT FROM failover_run WHERE id = $2))
             OR ($1 = 'rb' AND EXISTS (SELECT FROM runbook_run WHERE id = $2))) AS "there!""#,
        kind,
        number
    )
    .fetch_one(pool)
    .await?)
}

/// The last entry of the audit log that says that something was done to an object. What was only
/// tried proves nothing: anybody can try an address that never was.
pub async fn last_entry(store: &Store, object: &str) -> Result<Option<Entry>> {
    let (object, outcome) = (Some(object.to_owned()), Some(Outcome::Done));
    let filter = Filter { object, outcome, ..Filter::default() };
    let found = audit::list(store, &filter, None, 1).await?;
    Ok(found.into_iter().next())
}
