//! How backups are said: policies, what is short, why copies stay, what stands in the way.

use chrono::{DateTime, Utc};
use mainstay_core::backup::coverage::Shortfall;
use mainstay_core::backup::job::{Damage, Failure, Phase, Place, Progress, Target, Wrong};
use mainstay_core::backup::retention::Keep;
use mainstay_core::backup::run::Obstacle;
use mainstay_core::backup::wal::End;
use mainstay_core::backup::work::{Leftover, Work};
use mainstay_core::backup::{Kind, Schedule};
use mainstay_core::cluster::ClusterJob;
use mainstay_core::fleet::{FullSchedule, Rotation, Weekday};
use mainstay_core::id::DatabaseId;
use mainstay_core::problem::Trouble;

use crate::t;
use crate::text::{list, moment, number, sentence, zone_city};

pub fn kind(kind: Kind) -> String {
    match kind {
        Kind::Full => t!("backup-full"),
        Kind::Differential => t!("backup-differential"),
    }
}

/// What a policy asks for, a sentence each.
pub fn policy(schedule: &Schedule) -> Vec<String> {
    let policy = &schedule.policy;
    let days = i64::from(policy.retention_days);
    let turn = list(schedule.turn.iter().map(|id| id.as_str()));
    let rotation = match policy.rotation {
        Rotation::Chain => t!("policy-chain", turn = turn),
        Rotation::Literal => t!("policy-literal", turn = turn),
    };
    let (copies, places) = (number(policy.copies), number(policy.copies_in));
    vec![
        when(schedule),
        t!("policy-clocks"),
        t!("policy-kept", n = days, days = number(policy.retention_days)),
        rotation,
        t!("policy-copies", copies = copies, places = places),
        t!(
            "policy-proof",
            n = i64::from(policy.proof_max_age_days),
            days = number(policy.proof_max_age_days)
        ),
    ]
}

/// `Full copy every day, 00:00 to 00:30 Berlin time.`
pub fn when(schedule: &Schedule) -> String {
    let policy = &schedule.policy;
    let full = match &policy.full {
        FullSchedule::EveryDays(1) => t!("policy-full-daily"),
        FullSchedule::EveryDays(every) => t!("policy-full-every", days = number(*every)),
        FullSchedule::Weekdays(days) => {
            t!("policy-full-on", days = list(days.iter().map(|day| weekday(*day))))
        }
    };
    let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60);
    let (from, to) = policy.window_minutes;
    let (from, to, city) = (clock(from), clock(to), zone_city(schedule.zone));
    if policy.differential {
        t!("policy-when-differential", full = full, from = from, to = to, city = city)
    } else {
        t!("policy-when", full = full, from = from, to = to, city = city)
    }
}

pub fn weekday(day: Weekday) -> String {
    match day {
        Weekday::Monday => t!("weekday-monday"),
        Weekday::Tuesday => t!("weekday-tuesday"),
        Weekday::Wednesday => t!("weekday-wednesday"),
        Weekday::Thursday => t!("weekday-thursday"),
        Weekday::Friday => t!("weekday-friday"),
        Weekday::Saturday => t!("weekday-saturday"),
        Weekday::Sunday => t!("weekday-sunday"),
    }
}

/// Something that is less than asked for.
pub fn shortfall(short: &Shortfall, now: DateTime<Utc>) -> String {
    let count = |n: usize| number(n as u64);
    match short {
        Shortfall::NoCopy => t!("short-none"),
        Shortfall::TooFewCopies { found, asked } => {
            let n = *found;
            t!("short-copies", n = n, found = count(n), asked = number(*asked))
        }
        Shortfall::TooFewDatacenters { found, asked } => {
            let n = *found;
            t!("short-places", n = n, found = count(n), asked = number(*asked))
        }
        Shortfall::Late { window_start } => t!("short-late", at = moment(*window_start, now)),
        Shortfall::Missed { windows, since } => {
            t!("short-missed", count = count(*windows), at = moment(*since, now))
        }
        Shortfall::FullLate { window_start } => {
            t!("short-full", at = moment(*window_start, now))
        }
        Shortfall::NeverProven => t!("short-unproven"),
        Shortfall::ProofTooOld { at, max_age_days } => t!(
            "short-proof-old",
            at = moment(*at, now),
            n = i64::from(*max_age_days),
            days = number(*max_age_days)
        ),
        Shortfall::ProofFailed { datacenter, label, at } => t!(
            "short-proof-failed",
            label = label.0.as_str(),
            dc = datacenter.as_str(),
            at = moment(*at, now)
        ),
        Shortfall::Gone { datacenter, label } => {
            t!("short-gone", label = label.0.as_str(), dc = datacenter.as_str())
        }
        Shortfall::BadPages { datacenter, label } => {
            t!("short-bad-pages", label = label.0.as_str(), dc = datacenter.as_str())
        }
        Shortfall::FullMissing { datacenter, label } => {
            t!("short-full-missing", label = label.0.as_str(), dc = datacenter.as_str())
        }
    }
}

/// Why a chain stays.
pub fn keep(keep: &Keep, now: DateTime<Utc>) -> String {
    match keep {
        Keep::NotDue { until } => t!("keep-not-due", at = moment(*until, now)),
        Keep::NotAsked { datacenter } => t!("keep-not-asked", dc = datacenter.as_str()),
        Keep::NotRead { datacenter, why } => {
            t!("keep-not-read", dc = datacenter.as_str(), why = why.as_str())
        }
        Keep::Late { window_start } => t!("keep-late", at = moment(*window_start, now)),
        Keep::LastProven { label, at } => {
            t!("keep-proven", label = label.0.as_str(), at = moment(*at, now))
        }
        Keep::NoneNewer => t!("keep-none-newer"),
        Keep::TooFewLeft { copies, datacenters } => {
            let (n, m) = (*copies, *datacenters);
            let (copies, places) = (number(n as u64), number(m as u64));
            t!("keep-too-few", n = n, copies = copies, m = m, places = places)
        }
    }
}

/// What stands in the way of a run.
pub fn obstacle(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::NoAgent => t!("obstacle-no-agent"),
        Obstacle::AgentSilent { datacenter } => {
            t!("obstacle-silent", dc = datacenter.as_str())
        }
        Obstacle::Busy => t!("obstacle-busy"),
        Obstacle::NoPlace => t!("obstacle-no-place"),
        Obstacle::Failed { failure } => self::failure(failure),
        Obstacle::NobodyDecided => t!("obstacle-nobody"),
        Obstacle::NoPolicy => t!("obstacle-no-policy"),
    }
}

/// Why something was not done, with the words of who did not do it.
pub fn failure(failure: &Failure) -> String {
    sentence(failure)
}

/// Where work is: `Copying, 42%`.
pub fn progress(progress: Progress) -> String {
    let phase = match progress.phase {
        Phase::Preparing => t!("phase-preparing"),
        Phase::Copying => t!("phase-copying"),
        Phase::Restoring => t!("phase-restoring"),
        Phase::Recovering => t!("phase-recovering"),
        Phase::Checking => t!("phase-checking"),
        Phase::CleaningUp => t!("phase-cleaning"),
    };
    match progress.done_bp {
        Some(done) => t!("phase-done", phase = phase, percent = number(done / 100)),
        None => phase,
    }
}

/// What kind of work.
pub fn task(work: &Work) -> String {
    match work {
        Work::Backup(_) => t!("task-backup"),
        Work::Verify(_) => t!("task-verify"),
        Work::Expire(_) => t!("task-expire"),
        Work::Prove(_) => t!("task-prove"),
        Work::Restore(_) => t!("task-restore"),
        Work::LetGo(job) => match job.leftover {
            Leftover::SetAside => t!("task-let-go"),
            Leftover::Kept => t!("task-end-kept"),
        },
        Work::Stay(_) => t!("task-stay"),
        Work::Cluster(job) => match job {
            ClusterJob::Switchover(_) => t!("task-switchover"),
            ClusterJob::Failover(_) => t!("task-failover"),
            ClusterJob::Rejoin(_) => t!("task-rejoin"),
            ClusterJob::Pause(_) => t!("task-pause"),
            ClusterJob::Resume(_) => t!("task-resume"),
        },
    }
}

/// Up to where a copy is restored.
pub fn target(target: Target, now: DateTime<Utc>) -> String {
    match target {
        Target::EndOfCopy => t!("target-end"),
        Target::Moment { at } => t!("target-moment", at = moment(at, now)),
        Target::Latest => t!("target-latest"),
    }
}

/// Something wrong in a repository.
pub fn damage(damage: &Damage) -> String {
    let place = match &damage.place {
        Place::Copy { label } => t!("damage-copy", label = label.0.as_str()),
        Place::Wal { segment } => t!("damage-wal", segment = segment.as_str()),
        Place::Repository => t!("damage-repository"),
    };
    let what = match damage.what {
        Wrong::Checksum => t!("damage-checksum"),
        Wrong::Missing => t!("damage-missing"),
        Wrong::Size => t!("damage-size"),
        Wrong::Other => t!("damage-other"),
    };
    match damage.file.as_str() {
        "" => t!("damage", place = place, what = what),
        file => t!("damage-file", place = place, file = file, what = what),
    }
}

/// Why recovery goes no further; `None`: that is all there is so far.
pub fn end(end: End) -> Option<String> {
    match end {
        End::Newest => None,
        End::Gap(gap) => {
            let count = gap.last.saturating_sub(gap.first) + 1;
            Some(t!("reach-gap", n = count, count = number(count)))
        }
        End::Damaged(gap) => {
            let count = gap.last.saturating_sub(gap.first) + 1;
            Some(t!("reach-damaged", n = count, count = number(count)))
        }
        End::Abandoned { .. } => Some(t!("reach-abandoned")),
        End::NoHistory { .. } => Some(t!("reach-no-history")),
        End::Unread => Some(t!("reach-unread")),
        End::Unlisted => Some(t!("reach-unlisted")),
    }
}

/// What and where.
pub(super) fn trouble_title(database: &DatabaseId, trouble: &Trouble) -> String {
    let db = database.as_str();
    match trouble {
        Trouble::None => t!("problem-backup-none", db = db),
        Trouble::Late { windows: 1, .. } => t!("problem-backup-late", db = db),
        Trouble::Late { windows, .. } => {
            t!("problem-backup-missed", db = db, count = number(*windows))
        }
        Trouble::Short { copies, datacenters, .. } => t!(
            "problem-backups-short",
            db = db,
            n = i64::from(*copies),
            copies = number(*copies),
            m = i64::from(*datacenters),
            places = number(*datacenters)
        ),
        Trouble::Unread { datacenter, .. } => {
            t!("problem-repository", db = db, dc = datacenter.as_str())
        }
        Trouble::Damaged { datacenter, .. } => {
            t!("problem-copy-damaged", db = db, dc = datacenter.as_str())
        }
        Trouble::LogBehind { .. } => t!("problem-log-behind", db = db),
        Trouble::Unproven { proven_at: None, .. } => t!("problem-never-proven", db = db),
        Trouble::Unproven { proven_at: Some(_), .. } => t!("problem-unproven", db = db),
    }
}

/// The numbers and what they mean.
pub(super) fn trouble_detail(trouble: &Trouble, now: DateTime<Utc>) -> String {
    match trouble {
        Trouble::None => t!("problem-backup-none-detail"),
        Trouble::Late { since, newest, .. } => {
            let since = moment(*since, now);
            match newest {
                Some(newest) => {
                    t!("problem-backup-late-detail", since = since, newest = moment(*newest, now))
                }
                None => t!("problem-backup-late-none", since = since),
            }
        }
        Trouble::Short { asked, asked_in, .. } => {
            t!("problem-backups-short-detail", asked = number(*asked), places = number(*asked_in))
        }
        Trouble::Unread { why, .. } => {
            t!("problem-repository-detail", why = sentence(why))
        }
        Trouble::Damaged { label, .. } => {
            t!("problem-copy-damaged-detail", label = label.0.as_str())
        }
        Trouble::LogBehind { recoverable_to, lost, stuck } => {
            let at = moment(*recoverable_to, now);
            let words = match lost {
                None => t!("problem-log-behind-detail", at = at),
                Some(lost) => {
                    let n = i64::try_from(*lost).unwrap_or(i64::MAX);
                    t!("problem-log-lost-detail", at = at, n = n, count = number(*lost))
                }
            };
            match stuck {
                None => words,
                Some(file) => {
                    format!("{words} {}", t!("problem-log-stuck", file = file.as_str()))
                }
            }
        }
        Trouble::Unproven { proven_at: None, .. } => t!("problem-never-proven-detail"),
        Trouble::Unproven { proven_at: Some(at), max_age_days } => t!(
            "problem-unproven-detail",
            at = moment(*at, now),
            n = i64::from(*max_age_days),
            days = number(*max_age_days)
        ),
    }
}
