//! Rows that several pages list: problems, instances, cells, strips.

use chrono::{DateTime, Utc};
use mainstay_core::access::Refusal;
use mainstay_core::estate::{Contact, Estate, Instance};
use mainstay_core::id::{DatacenterId, InstanceId, RegionId, ServiceId};
use mainstay_core::problem::{Places, Problem, Record, Snooze, Trouble};
use mainstay_core::status::Status;
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::survey::Survey;
use crate::pages::{Counts, Reader};
use crate::paths;
use crate::t;
use crate::text;

/// Rows a page shows at once.
pub const PAGE_ROWS: usize = 200;

/// A problem, said.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemRow {
    pub id: i64,
    #[schema(value_type = String)]
    pub status: Status,
    pub title: String,
    pub detail: String,
    pub opened_at: DateTime<Utc>,
    /// When it ended; absent while it is open.
    pub closed_at: Option<DateTime<Utc>>,
    pub owner: Option<String>,
    /// Until when nobody wants to hear of it, and who said so.
    #[schema(value_type = Option<Object>)]
    pub snooze: Option<Snooze>,
    /// It comes and goes: how often it had been opened shortly before.
    pub flaps: Option<u32>,
    /// Page of the problem.
    pub href: String,
    /// Page of what it is about.
    pub subject: String,
    /// What the subject is called.
    pub subject_name: String,
    /// The runbook for it, with it as the subject.
    pub runbook: String,
    #[serde(skip)]
    places: Places,
}

impl ProblemRow {
    pub fn of(record: &Record, estate: &Estate) -> Self {
        let (subject, subject_name) = subject(&record.problem);
        let now = estate.at;
        Self {
            id: record.id,
            status: record.problem.status(),
            title: text::problem_title(&record.problem),
            detail: text::problem_detail(&record.problem, now),
            opened_at: record.opened_at,
            closed_at: record.closed_at,
            owner: record.owner.clone(),
            snooze: record.snooze.clone().filter(|_| record.is_snoozed(now)),
            flaps: record.flaps().then_some(record.before),
            href: paths::problem(record.id),
            subject,
            subject_name,
            runbook: paths::problem_runbook(record.id),
            places: record.problem.places(&estate.fleet),
        }
    }

    /// Whether the reader may take it, give it back or leave it alone, and if not why.
    pub fn operated_by(&self, reader: &Reader) -> Result<(), Refusal> {
        self.places.operated_by(&reader.grants)
    }
}

/// The address and the name of what a problem is about: the place where it is fixed.
pub fn subject(problem: &Problem) -> (String, String) {
    match problem {
        Problem::DatacenterSilent { datacenter, .. }
        | Problem::DatacenterNeverSeen { datacenter } => {
            (paths::datacenter(datacenter), datacenter.to_string())
        }
        Problem::StoreRewound { .. } => (paths::SETTINGS_STORE.to_owned(), t!("settings-store")),
        Problem::AuditConflict { .. } => (paths::AUDIT_VERIFY.to_owned(), t!("nav-audit")),
        Problem::AuditBroken { broken } => {
            let entry = broken.entry.and_then(|seq| i64::try_from(seq).ok());
            let place = entry.map_or(paths::AUDIT_VERIFY.to_owned(), paths::audit_entry);
            (place, t!("nav-audit"))
        }
        Problem::InstancesFailing { service, datacenter, .. }
        | Problem::TooFewNodes { service, datacenter, .. }
        | Problem::Misplaced { service, datacenter, .. }
        | Problem::MixedVersions { service, datacenter, .. } => {
            (paths::cell(service, datacenter), service.to_string())
        }
        Problem::OneDatacenterLeft { service, .. } | Problem::ServiceDown { service } => {
            (paths::service(service), service.to_string())
        }
        Problem::RolloutPaused { rollout, .. }
        | Problem::RollbackStuck { rollout, .. }
        | Problem::RolledBack { rollout, .. } => (paths::rollout(rollout), rollout.to_string()),
        Problem::FailoverWaits { run, .. } | Problem::FailoverStuck { run, .. } => {
            (paths::failover_run(run), run.to_string())
        }
        Problem::ApprovalWaits { approval, .. } | Problem::ReviewWaits { approval, .. } => {
            (paths::approval(approval), approval.to_string())
        }
        Problem::TrafficDropped { datacenter, group, .. } => {
            let plan = paths::failover_plan(datacenter);
            let plan = paths::with_query(&plan, &[("group", group.as_str())]);
            (plan, datacenter.to_string())
        }
        Problem::BudgetBurns { service, .. } => {
            let of = [("service", service.as_str())];
            (paths::with_query(paths::AVAILABILITY, &of), service.to_string())
        }
        Problem::StandbyNotReady { database, .. } => {
            (paths::backup_set(database), database.to_string())
        }
        Problem::EdgeRefuses { edge, .. } | Problem::EdgeGone { edge, .. } => {
            (paths::edge(edge), edge.to_string())
        }
        Problem::AliasDead { alias, .. } => (paths::alias(alias), paths::go(alias)),
        Problem::NotificationsFail { channel, name, .. } => {
            (paths::notify_channel(channel), name.clone())
        }
        Problem::Backup { database, trouble: Trouble::Damaged { datacenter, label } } => {
            (paths::backup_copy(database, datacenter, label), database.to_string())
        }
        Problem::Backup { database, .. } => (paths::backup_set(database), database.to_string()),
    }
}

/// Open problems, worst first, then oldest.
pub fn open_problems(records: &[Record], estate: &Estate) -> Vec<ProblemRow> {
    problems_where(records, estate, |_| true)
}

/// Ended problems, those that ended last first.
pub fn ended_problems(records: &[Record], estate: &Estate) -> Vec<ProblemRow> {
    let ended = records.iter().filter(|record| record.closed_at.is_some());
    let mut rows: Vec<_> = ended.map(|record| ProblemRow::of(record, estate)).collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.closed_at, row.id)));
    rows
}

/// Open problems of sections of the navigation: the worst and how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SectionCounts {
    pub topology: Option<(Status, u32)>,
    pub backups: Option<(Status, u32)>,
}

pub fn section_counts(records: &[Record]) -> SectionCounts {
    let count = |belongs: &dyn Fn(&Problem) -> bool| {
        let open = records.iter().filter(|record| record.closed_at.is_none());
        let looks = open.map(|record| &record.problem).filter(|problem| belongs(problem));
        looks.map(Problem::status).fold(None, |count: Option<(Status, u32)>, status| {
            let (worst, n) = count.unwrap_or((status, 0));
            Some((worst.min(status), n.saturating_add(1)))
        })
    };
    SectionCounts {
        topology: count(&Problem::about_topology),
        backups: count(&|problem| problem.about_database().is_some()),
    }
}

/// As [`open_problems`], only those that `belongs` picks.
pub fn problems_where(
    records: &[Record],
    estate: &Estate,
    belongs: impl Fn(&Problem) -> bool,
) -> Vec<ProblemRow> {
    let mut rows: Vec<_> = records
        .iter()
        .filter(|record| record.closed_at.is_none() && belongs(&record.problem))
        .map(|record| ProblemRow::of(record, estate))
        .collect();
    rows.sort_by_key(|row| (row.status, row.opened_at, row.id));
    rows
}

/// One instance, said.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InstanceRow {
    #[schema(value_type = String)]
    pub id: InstanceId,
    #[schema(value_type = String)]
    pub service: ServiceId,
    #[schema(value_type = String)]
    pub datacenter: DatacenterId,
    pub version: String,
    /// Unknown while its data centre is not heard, whatever it was.
    #[schema(value_type = String)]
    pub status: Status,
    /// The last known state in words.
    pub state: String,
    pub cause: Option<String>,
    pub since: DateTime<Utc>,
    pub restarts: u32,
    pub cpu_millicores: Option<u32>,
    pub memory_bytes: Option<u64>,
    pub endpoint: Option<String>,
    pub handle: Option<String>,
}

impl InstanceRow {
    pub fn of(
        datacenter: &DatacenterId,
        instance: &Instance,
        status: Status,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id: instance.id.clone(),
            service: instance.service.clone(),
            datacenter: datacenter.clone(),
            version: instance.version.clone(),
            status,
            state: text::state(&instance.state, now),
            cause: instance.state.cause().map(text::cause),
            since: instance.since,
            restarts: instance.restarts,
            cpu_millicores: instance.cpu_millicores,
            memory_bytes: instance.memory_bytes,
            endpoint: instance.endpoint.clone(),
            handle: instance.handle.clone(),
        }
    }
}

/// A page of instances, worst first, then by id.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct InstancePage {
    pub rows: Vec<InstanceRow>,
    /// How many there are in all.
    pub total: usize,
    /// Cursor of the next page; absent on the last.
    pub next: Option<String>,
}

/// Takes a page out of `found`; `after` is the cursor of the page before.
pub fn instance_page<'a>(
    found: impl Iterator<Item = (&'a DatacenterId, &'a Instance, Status)>,
    after: Option<&str>,
    now: DateTime<Utc>,
) -> InstancePage {
    let mut found: Vec<_> = found.collect();
    found.sort_by(|a, b| (a.2, &a.1.id).cmp(&(b.2, &b.1.id)));
    let total = found.len();
    let start = after.and_then(read_cursor).map_or(0, |(status, id)| {
        found.partition_point(|(_, instance, s)| (*s, instance.id.as_str()) <= (status, id))
    });
    let rows: Vec<_> = found
        .iter()
        .skip(start)
        .take(PAGE_ROWS)
        .map(|(datacenter, instance, status)| InstanceRow::of(datacenter, instance, *status, now))
        .collect();
    let more = start + rows.len() < total;
    let last = rows.last().filter(|_| more);
    let next = last.map(|row| format!("{}.{}", row.status.name(), row.id));
    InstancePage { rows, total, next }
}

fn read_cursor(cursor: &str) -> Option<(Status, &str)> {
    let (status, id) = cursor.split_once('.')?;
    Some((Status::from_name(status)?, id))
}

/// A data centre as a strip of marks.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StripRow {
    #[schema(value_type = String)]
    pub datacenter: DatacenterId,
    #[schema(value_type = String)]
    pub status: Status,
    pub counts: Counts,
    pub vendor: String,
    /// Whether and since when it is heard, in words.
    pub contact: String,
    /// Not heard now.
    pub old: bool,
}

/// The data centres of a region, with whose infrastructure they stand on (R4).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RegionStrips {
    #[schema(value_type = String)]
    pub region: RegionId,
    pub name: String,
    pub rows: Vec<StripRow>,
}

/// Strips of the whole estate by region.
pub fn strips(estate: &Estate, survey: &Survey) -> Vec<RegionStrips> {
    let regions = estate.fleet.regions.iter();
    regions
        .map(|(id, region)| RegionStrips {
            region: id.clone(),
            name: region.name.clone(),
            rows: region_strips(estate, survey, id),
        })
        .filter(|region| !region.rows.is_empty())
        .collect()
}

/// Strips of one region.
pub fn region_strips(estate: &Estate, survey: &Survey, region: &RegionId) -> Vec<StripRow> {
    let datacenters = estate.fleet.datacenters_of(region);
    datacenters
        .map(|(id, datacenter)| {
            let contact = survey.contact(id);
            StripRow {
                datacenter: id.clone(),
                status: survey.datacenter_status(id),
                counts: survey.datacenters.get(id).copied().unwrap_or_default().into(),
                vendor: text::vendor(&datacenter.vendor),
                contact: text::contact(contact, estate.at),
                old: contact != Contact::Reporting,
            }
        })
        .collect()
}

/// A service in a data centre, as a row.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CellRow {
    #[schema(value_type = String)]
    pub service: ServiceId,
    #[schema(value_type = String)]
    pub datacenter: DatacenterId,
    #[schema(value_type = String)]
    pub region: RegionId,
    /// Name of the service's group; empty when the fleet does not declare the service.
    pub group: String,
    #[schema(value_type = String)]
    pub status: Status,
    pub counts: Counts,
    /// Nodes the fleet asks for; absent: not placed here.
    pub wanted: Option<u16>,
    /// Versions that run there, newest first.
    pub versions: Vec<String>,
    /// Mean processor use, percent of a core.
    pub load_percent: Option<u32>,
    pub restarts: u64,
}

/// Every cell that runs or should run, in the order of the matrix.
pub fn cell_rows(
    estate: &Estate,
    survey: &Survey,
    belongs: impl Fn(&ServiceId, &DatacenterId) -> bool,
) -> Vec<CellRow> {
    let cells = survey.cells.iter();
    cells
        .filter(|((service, datacenter), _)| belongs(service, datacenter))
        .filter_map(|((service, datacenter), cell)| {
            let declared = estate.fleet.services.get(service);
            let group = declared.and_then(|s| estate.fleet.groups.get(&s.group));
            let mut versions: Vec<_> = cell.versions.keys().cloned().collect();
            versions.sort_by(|a, b| crate::pages::survey::version_order(b, a));
            Some(CellRow {
                service: service.clone(),
                datacenter: datacenter.clone(),
                region: estate.fleet.datacenters.get(datacenter)?.region.clone(),
                group: group.map(|g| g.name.clone()).unwrap_or_default(),
                status: cell.status(survey.contact(datacenter))?,
                counts: cell.tally.into(),
                wanted: cell.wanted,
                versions,
                load_percent: cell.load_percent(),
                restarts: cell.restarts,
            })
        })
        .collect()
}
