//! Looking at databases: what their repositories hold, and whether anything is in the way of the
//! next copy.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use mainstay_core::backup::Catalogue;
use mainstay_core::backup::job::{Archiving, Failure, Prepared, WalSegment};
use mainstay_core::backup::wal::{Segment, SegmentSize};
use mainstay_core::backup::work::{DatabaseReport, LogMoment, WalRun};
use mainstay_core::estate::Fact;
use mainstay_core::id::{DatabaseId, DatacenterId};
use mainstay_wire::limits::BODY_MAX_BYTES;
use tokio_util::sync::CancellationToken;

use super::Shared;
use crate::database::{Engine, LogPosition, live};

/// How many times longer the pause is for a database of another data centre: what its host sees
/// is newer, and counts as long as it is heard.
const ELSEWHERE: u32 = 10;

/// Moments that are kept, one a look: segments are archived long before they are as many.
const MOMENTS_MAX: usize = 60;

impl Shared {
    /// Looks at one database for ever: at once, whenever it is asked for, and after each pause.
    pub(super) async fn observe(
        &self,
        engine: &dyn Engine,
        database: &DatabaseId,
        period: Duration,
    ) {
        let Some(look) = self.look.get(database) else { return };
        loop {
            let Ok(turn) = self.looking.acquire().await else { return };
            let before = self.report(database);
            let leads = self.hosts(database).await;
            let pause = match read(engine, database, leads, before.as_ref()).await {
                Ok(report) => {
                    let seldom = !report.hosts && is_readable(&report.catalogue);
                    self.show(report);
                    if seldom { period * ELSEWHERE } else { period }
                }
                Err(failure) => {
                    tracing::error!(%database, %failure, "a database is not looked at");
                    period
                }
            };
            drop(turn);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = look.notified() => {}
            }
        }
    }

    /// What is in the way of backups is to be looked at anew: the settings of the database may be
    /// those of an older day.
    pub(super) fn forget_prepared(&self, database: &DatabaseId) {
        if let Some(report) = self.report(database) {
            self.show(DatabaseReport { prepared: None, ..report });
        }
    }

    fn report(&self, database: &DatabaseId) -> Option<DatabaseReport> {
        match self.seen().get(database)?.as_ref() {
            Fact::Database(report) => Some(report.clone()),
            Fact::Test(_) | Fact::Work(_) | Fact::Member(_) => None,
        }
    }

    fn show(&self, report: DatabaseReport) {
        let report = bounded(report, BODY_MAX_BYTES);
        self.seen().insert(report.database.clone(), Arc::new(Fact::Database(report)));
        self.revision.send_modify(|revision| *revision += 1);
    }
}

/// One look. `leads`: whether a database of this machine takes writes; `before`: the last look.
async fn read(
    engine: &dyn Engine,
    database: &DatabaseId,
    leads: bool,
    before: Option<&DatabaseReport>,
) -> Result<DatabaseReport, Failure> {
    let stop = CancellationToken::new();
    let hosts = leads && engine.base(database)?.0.hosted().is_ok();
    // A member that leads again may have been set up anew meanwhile.
    let well = before.filter(|before| before.hosts && is_readable(&before.catalogue));
    let well = well.and_then(|before| before.prepared.clone()).filter(is_well);
    let prepared = match (hosts, well) {
        (false, _) => None,
        (true, Some(prepared)) => Some(prepared),
        (true, None) => Some(engine.prepare(database, &stop).await?),
    };
    let read_at = Utc::now();
    let catalogue = engine.catalogue(database, &stop).await?;
    let mut wal = BTreeMap::new();
    for (datacenter, held) in &catalogue {
        if held.is_ok()
            && let Ok(segments) = engine.wal_listing(database, datacenter, &stop).await
        {
            wal.insert(datacenter.clone(), runs(&segments));
        }
    }
    // Read after the listing: what is told of the log is never younger than where it is.
    let position = if hosts { Some(engine.log_position(database, &stop).await) } else { None };
    let archiver = match &position {
        Some(Ok(position)) => position.archiver.clone(),
        Some(Err(_)) | None => None,
    };
    let (log_moments, histories) = told(position, database, before);
    let set_aside = live::set_aside(engine.base(database)?.0);
    let set_aside = set_aside.iter().map(|path| path.display().to_string()).collect();
    let kept = engine.keeper().of(database);
    let database = database.clone();
    Ok(DatabaseReport {
        database,
        read_at,
        hosts,
        prepared,
        catalogue,
        wal,
        set_aside,
        kept,
        log_moments,
        archiver,
        histories,
    })
}

/// The moments of the last look with the newest one, and the histories. A position that could not
/// be read leaves them as they were; where the database does not take writes there are none.
fn told(
    position: Option<Result<LogPosition, Failure>>,
    database: &DatabaseId,
    before: Option<&DatabaseReport>,
) -> (Vec<LogMoment>, BTreeMap<u32, String>) {
    let known = before.filter(|before| before.hosts);
    let mut moments = known.map(|known| known.log_moments.clone()).unwrap_or_default();
    let histories = known.map(|known| known.histories.clone()).unwrap_or_default();
    match position {
        None => (Vec::new(), BTreeMap::new()),
        Some(Err(failure)) => {
            tracing::warn!(%database, %failure, "the position of its log is not known");
            (moments, histories)
        }
        Some(Ok(LogPosition { moment, histories, .. })) => {
            // Of one segment the newest moment says all.
            moments.retain(|known| known.segment != moment.segment);
            moments.push(moment);
            moments.drain(..moments.len().saturating_sub(MOMENTS_MAX));
            (moments, histories)
        }
    }
}

fn is_readable(catalogue: &Catalogue) -> bool {
    catalogue.values().all(Result::is_ok)
}

/// Whether nothing is in the way of backups.
fn is_well(prepared: &Prepared) -> bool {
    let archiving = match prepared.archiving {
        Archiving::InForce => true,
        Archiving::NeedsRestart { .. } | Archiving::Failed { .. } => false,
    };
    archiving && prepared.repositories.values().all(Result::is_ok)
}

/// Segments of one repository as runs without a gap, timeline by timeline. Segments are taken to
/// have the usual size; with another one a run ends with its log id.
fn runs(segments: &[WalSegment]) -> Vec<WalRun> {
    let place = |segment: &WalSegment| Segment::parse(&segment.name, SegmentSize::DEFAULT).ok();
    // What has no place, which the engine should not name, is a run of its own.
    let mut placed: Vec<_> = segments.iter().map(|segment| (place(segment), segment)).collect();
    placed.sort_by_key(|(place, segment)| (*place, &segment.name));
    let mut runs: Vec<WalRun> = Vec::new();
    let mut last: Option<Segment> = None;
    for (place, segment) in placed {
        let follows = |last: Segment, next: Segment| {
            // The same one twice: with another content, which happens after a crash.
            let step = next.number.checked_sub(last.number);
            last.timeline == next.timeline && step.is_some_and(|step| step <= 1)
        };
        match (last.zip(place), runs.last_mut()) {
            (Some((before, next)), Some(run)) if follows(before, next) => {
                run.last.clone_from(&segment.name);
                run.last_at = segment.stored_at;
            }
            (Some(_) | None, _) => runs.push(WalRun {
                first: segment.name.clone(),
                last: segment.name.clone(),
                last_at: segment.stored_at,
            }),
        }
        last = place;
    }
    runs
}

/// Cuts a report down to `most` bytes of JSON: first the oldest runs of the log, of the repository
/// that has most of them; what remains says less than there is, never more. If even that is too
/// much, the repository with most copies is told as one that cannot be read, because copies that
/// are left out would look like copies that are gone.
fn bounded(mut report: DatabaseReport, most: usize) -> DatabaseReport {
    let bytes =
        |report: &DatabaseReport| serde_json::to_vec(report).map_or(usize::MAX, |json| json.len());
    while bytes(&report) > most {
        if let Some(runs) = report.wal.values_mut().max_by_key(|runs| runs.len())
            && runs.len() > 1
        {
            runs.drain(..runs.len().div_ceil(2));
            continue;
        }
        if !cut_copies(&mut report.catalogue) {
            break;
        }
    }
    report
}

/// Gives up the repository with most copies; whether there was one.
fn cut_copies(catalogue: &mut Catalogue) -> bool {
    let count =
        |held: &Result<Vec<_>, String>| held.as_ref().map_or(0, |copies: &Vec<_>| copies.len());
    let largest: Option<(&DatacenterId, &mut Result<Vec<_>, String>)> =
        catalogue.iter_mut().max_by_key(|(_, held)| count(held));
    match largest {
        Some((_, held)) if count(held) > 0 => {
            *held = Err(format!("holds {} copies, more than can be told", count(held)));
            true
        }
        Some(_) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use mainstay_core::backup::{Copy, Kind, Label};

    fn segment(name: &str, second: i64) -> WalSegment {
        WalSegment {
            name: name.to_owned(),
            stored_at: DateTime::from_timestamp(second, 0).unwrap(),
            stored_bytes: 1,
        }
    }

    #[test]
    fn runs_end_with_gaps_and_timelines() {
        let names = [
            "0000000100000000000000FE",
            "0000000100000000000000FF",
            // The next log id goes on without a gap.
            "000000010000000100000000",
            "000000010000000100000000",
            "000000010000000100000002",
            "000000020000000100000003",
        ];
        let segments: Vec<_> = names.iter().zip(1..).map(|(name, at)| segment(name, at)).collect();
        let seen: Vec<_> = runs(&segments)
            .iter()
            .map(|run| {
                format!("{}-{} {}", &run.first[6..], &run.last[6..], run.last_at.timestamp())
            })
            .collect();
        let expected = [
            "0100000000000000FE-010000000100000000 4",
            "010000000100000002-010000000100000002 5",
            "020000000100000003-020000000100000003 6",
        ];
        assert_eq!(seen, expected);
        assert!(runs(&[]).is_empty());
    }

    #[test]
    fn a_report_is_cut_from_the_oldest_log_on_and_never_hides_copies() {
        let at = DateTime::from_timestamp(1, 0).unwrap();
        let copy = Copy {
            label: Label("20261120-000003F".to_owned()),
            kind: Kind::Full,
            full: None,
            started: at,
            finished: at,
            database_bytes: 1,
            stored_bytes: 1,
            wal: None,
            bad_pages: false,
            gone: false,
        };
        let gaps: Vec<_> = (0..500)
            .map(|n| segment(&format!("00000001{:08X}{:08X}", n / 128, n % 128 * 2), n))
            .collect();
        let datacenter: DatacenterId = "fra1".parse().unwrap();
        let report = DatabaseReport {
            database: "orders".parse().unwrap(),
            read_at: at,
            hosts: true,
            prepared: None,
            catalogue: [(datacenter.clone(), Ok(vec![copy; 20]))].into(),
            wal: [(datacenter.clone(), runs(&gaps))].into(),
            set_aside: Vec::new(),
            kept: Vec::new(),
            log_moments: Vec::new(),
            archiver: None,
            histories: BTreeMap::new(),
        };
        assert_eq!(bounded(report.clone(), BODY_MAX_BYTES), report);
        let less = bounded(report.clone(), 8_000);
        assert!(serde_json::to_vec(&less).unwrap().len() <= 8_000);
        assert_eq!(less.catalogue, report.catalogue);
        assert_eq!(less.wal[&datacenter].last(), report.wal[&datacenter].last());
        let least = bounded(report, 1_000);
        let words = "holds 20 copies, more than can be told";
        assert_eq!(least.catalogue[&datacenter], Err(words.to_owned()));
    }
}
