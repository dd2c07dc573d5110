//! Restores over live databases: the list ([`list`]), one of them ([`one`]), and what is asked of
//! them: to begin one ([`ask`]), to allow or refuse it ([`decide`]), to let go what it set aside
//! ([`let_go`]).

pub mod ask;
pub mod decide;
pub mod let_go;
pub mod list;
pub mod one;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::access::{Permission, Target};
use mainstay_core::backup::job;
use mainstay_core::backup::restore::{self, Refusal, Request, Restore, State};
use mainstay_core::backup::work::{Done, Work, WorkReport, WorkState};
use mainstay_core::estate::{Contact, Estate};
use mainstay_core::id::{DatabaseId, GroupId};
use serde::Serialize;
use utoipa::ToSchema;

use super::ask::Line;
use super::picture::Told;
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::tone::Tone;

/// One restore, as lists say it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RestoreRow)]
pub struct Row {
    pub id: String,
    pub href: String,
    pub database: String,
    #[schema(value_type = Option<String>)]
    pub group: Option<GroupId>,
    /// Whose repository holds the copy.
    pub datacenter: String,
    pub label: String,
    /// Up to where, in words.
    pub target: String,
    /// The user who asked for it.
    pub by: String,
    pub reason: String,
    pub asked_at: DateTime<Utc>,
    /// `requested`, `refused`, `ordered`, `done` or `failed`.
    pub state: String,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    /// What became of it, or what it waits for.
    pub detail: String,
    pub allowed_by: Option<String>,
    /// It goes without the test restore that it needs, because whoever asked said so.
    pub unproven: bool,
    pub ended_at: Option<DateTime<Utc>>,
}

impl Row {
    pub fn of(estate: &Estate, restore: &Restore) -> Self {
        let (request, now) = (&restore.request, estate.at);
        let declared = estate.fleet.databases.get(&request.database);
        let (tone, word) = look(restore, report(estate, restore), estate);
        let (allowed_by, ended_at) = match &restore.state {
            State::Requested => (None, None),
            State::Refused { at, .. } => (None, Some(*at)),
            State::Ordered { allowed_by, .. } => (Some(allowed_by.clone()), None),
            State::Done { allowed_by, at, .. } | State::Failed { allowed_by, at, .. } => {
                (Some(allowed_by.clone()), Some(*at))
            }
        };
        Self {
            id: restore.id.to_string(),
            href: paths::backup_restore(restore.id),
            database: request.database.to_string(),
            group: declared.map(|it| it.group.clone()),
            datacenter: request.datacenter.to_string(),
            label: request.label.to_string(),
            target: text::backup::target(request.target, now),
            by: request.by.clone(),
            reason: request.reason.clone(),
            asked_at: request.at,
            state: restore.state.name().to_owned(),
            tone,
            word,
            detail: detail(estate, restore),
            allowed_by,
            unproven: request.unproven,
            ended_at,
        }
    }

    pub fn target_of(&self) -> Target<'_> {
        Target { group: self.group.as_ref(), datacenter: None }
    }

    pub fn waits(&self) -> bool {
        self.state == "requested"
    }

    /// The page of the copy.
    pub fn copy_href(&self) -> String {
        paths::backup_copy(&self.database, &self.datacenter, &self.label)
    }
}

/// What its agent tells of it now.
fn report<'a>(estate: &'a Estate, restore: &Restore) -> Option<&'a WorkReport> {
    let State::Ordered { agent, work, .. } = &restore.state else { return None };
    estate.datacenters.get(agent)?.work(work)
}

fn is_void(restore: &Restore, estate: &Estate) -> bool {
    restore.request.is_void(estate.at, estate.pace)
}

fn look(restore: &Restore, report: Option<&WorkReport>, estate: &Estate) -> (Tone, String) {
    match &restore.state {
        State::Requested if is_void(restore, estate) => (Tone::Pause, t!("restore-void")),
        State::Requested => (Tone::Plan, t!("restore-waits")),
        State::Refused { by: None, .. } => (Tone::Pause, t!("restore-void")),
        State::Refused { by: Some(_), .. } => (Tone::Pause, t!("restore-refused")),
        State::Ordered { .. } => match report.map(|report| &report.state) {
            Some(WorkState::Running { .. } | WorkState::Done { .. } | WorkState::Failed { .. }) => {
                (Tone::Prog, t!("restore-runs"))
            }
            Some(WorkState::Waiting) | None => (Tone::Plan, t!("restore-allowed")),
        },
        State::Done { .. } => (Tone::Ok, t!("restore-done")),
        State::Failed { .. } => (Tone::Crit, t!("restore-failed")),
    }
}

/// What it waits for, how far it is, or what became of it.
fn detail(estate: &Estate, restore: &Restore) -> String {
    let now = estate.at;
    match &restore.state {
        State::Requested if is_void(restore, estate) => t!("restore-void-detail"),
        State::Requested => {
            let until = restore.request.valid_until(estate.pace);
            t!("restore-waits-until", at = text::moment(until, now))
        }
        State::Refused { by: Some(by), why, .. } => {
            t!("restore-refused-by", by = by.as_str(), why = why.as_str())
        }
        State::Refused { by: None, .. } => t!("restore-void-detail"),
        State::Ordered { agent, at, .. } => {
            let silent = estate.contact(agent) != Contact::Reporting;
            match report(estate, restore).map(|it| &it.state) {
                _ if silent => t!("restore-silent", dc = agent.as_str()),
                Some(WorkState::Running { progress }) => text::backup::progress(*progress),
                Some(WorkState::Waiting) => t!("work-waits"),
                Some(WorkState::Done { .. } | WorkState::Failed { .. }) => t!("work-ends"),
                None => t!("run-ordered", dc = agent.as_str(), at = text::moment(*at, now)),
            }
        }
        State::Done { result, .. } => {
            reached(result.reached.as_ref(), now).unwrap_or_else(|| t!("restore-done-detail"))
        }
        State::Failed { result, failure, .. } => broke_off(result.as_ref(), failure.as_ref()),
    }
}

fn broke_off(result: Option<&job::RestoreResult>, failure: Option<&job::Failure>) -> String {
    if let Some(failure) = failure {
        return text::backup::failure(failure);
    }
    let Some(result) = result else { return t!("unknown-word") };
    let steps = [
        (t!("part-stop"), &result.stop),
        (t!("part-restore"), &result.restore),
        (t!("part-start"), &result.start),
    ];
    let bad = steps.into_iter().find(|(_, step)| !step.passed());
    bad.map_or_else(|| t!("unknown-word"), |(part, step)| super::set::step(part, step).words)
}

/// How far the recovery came.
fn reached(reached: Option<&job::Reached>, now: DateTime<Utc>) -> Option<String> {
    let reached = reached?;
    match (reached.last_commit, &reached.position) {
        (Some(at), _) => Some(t!("proof-reached", at = text::moment(at, now))),
        (None, Some(position)) => Some(t!("proof-position", position = position.as_str())),
        (None, None) => None,
    }
}

/// The test restore that a request goes by, or in loud words that there is none.
fn proof(estate: &Estate, request: &Request, work: &[Told], now: DateTime<Utc>) -> Line {
    let told = work.iter().filter_map(|it| Some((it.report.as_ref()?, it.ended_at?)));
    let told = told.filter(|(_, at)| *at <= now);
    match restore::proven(request, told, proof_max_age(estate, &request.database), now) {
        Ok(at) => {
            Line { tone: Tone::Ok, words: t!("restore-proven", at = text::moment(at, estate.at)) }
        }
        Err(refusal) => {
            let why = refusal_words(&refusal, estate.at);
            let words = match request.unproven {
                true => t!("restore-without-proof", why = why),
                false => why,
            };
            Line { tone: Tone::Crit, words }
        }
    }
}

fn proof_max_age(estate: &Estate, database: &DatabaseId) -> u16 {
    let declared = estate.fleet.databases.get(database);
    let policy = declared.and_then(|it| estate.fleet.backup_policies.get(it.policy.as_ref()?));
    policy.map_or(0, |policy| policy.proof_max_age_days)
}

/// Why a restore may not be asked for or allowed, with its times as pages write them.
pub fn refusal_words(refusal: &Refusal, now: DateTime<Utc>) -> String {
    match refusal {
        Refusal::NeverProven => t!("restore-never-proven"),
        Refusal::ProofTooOld { at, max_age_days } => t!(
            "restore-proof-old",
            at = text::moment(*at, now),
            n = i64::from(*max_age_days),
            days = text::number(*max_age_days)
        ),
        Refusal::ProofFailed { at } => {
            t!("restore-proof-failed", at = text::moment(*at, now))
        }
        Refusal::SamePerson { by } => t!("restore-same-person", by = by.as_str()),
        Refusal::NoCopy { .. }
        | Refusal::Over { .. }
        | Refusal::Expired
        | Refusal::Other { .. }
        | Refusal::NotHeard => text::sentence(refusal),
    }
}

/// How long it takes, from what restores of the database took, or else from test restores.
pub(super) fn estimate(work: &[Told]) -> Option<String> {
    let (mut restores, mut proofs) = (Vec::new(), Vec::new());
    for told in work {
        let Some(WorkState::Done { done }) = told.report.as_ref().map(|it| &it.state) else {
            continue;
        };
        match done {
            Done::Restore(result) if result.start.passed() => {
                restores.extend(told.ended_at.map(|ended| ended - told.ordered_at));
            }
            Done::Prove(result) if result.proved() => proofs.push(result.ended - result.started),
            Done::Restore(_)
            | Done::Prove(_)
            | Done::Backup(_)
            | Done::Verify { .. }
            | Done::Expire
            | Done::LetGo
            | Done::Stay
            | Done::Cluster(_) => {}
        }
    }
    let number = |n: usize| text::number(n as u64);
    if let Some(median) = median(&mut restores) {
        let (n, time) = (restores.len(), text::duration(median));
        return Some(t!("restore-took", time = time, n = n, count = number(n)));
    }
    let median = median(&mut proofs)?;
    let (n, time) = (proofs.len(), text::duration(median));
    Some(t!("restore-proofs-took", time = time, n = n, count = number(n)))
}

fn median(times: &mut [TimeDelta]) -> Option<TimeDelta> {
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

/// What is replaced by what, and what that loses.
fn consequences(estate: &Estate, request: &Request, work: &[Told]) -> Vec<Line> {
    let line = |tone, words| Line { tone, words };
    let (db, dc) = (request.database.as_str(), request.datacenter.as_str());
    let seen = estate.database(&request.database);
    let host = seen.map_or_else(|| t!("unknown-word"), |(host, _)| host.to_string());
    let (label, target) = (&*request.label.0, text::backup::target(request.target, estate.at));
    let mut lines = vec![line(
        Tone::Crit,
        t!("restore-replaces", db = db, host = host, label = label, dc = dc, target = target),
    )];
    let copy =
        seen.and_then(|(_, report)| report.catalogue.get(&request.datacenter)?.as_ref().ok());
    let copy = copy.into_iter().flatten().find(|copy| copy.label == request.label);
    let lost = match request.target {
        job::Target::EndOfCopy => copy.map(|copy| copy.finished),
        job::Target::Moment { at } => Some(at),
        job::Target::Latest => None,
    };
    lines.push(line(
        Tone::Crit,
        match lost {
            Some(at) => t!(
                "restore-loses",
                at = text::moment(at, estate.at),
                ago = text::duration((estate.at - at).max(TimeDelta::zero()))
            ),
            None => t!("restore-loses-unstored"),
        },
    ));
    lines.push(line(Tone::Warn, t!("restore-down", db = db)));
    lines.push(line(Tone::Ok, t!("restore-keeps", db = db)));
    if let Some(words) = estimate(work) {
        lines.push(line(Tone::Prog, words));
    }
    match seen {
        Some((host, _)) if estate.contact(host) != Contact::Reporting => {
            lines.push(line(Tone::Unk, t!("restore-host-silent", dc = host.as_str())));
        }
        Some(_) => {}
        None => lines.push(line(Tone::Unk, t!("restore-no-host"))),
    }
    lines
}

/// Whether the reader may allow it, as a second person; if not why, in words.
pub fn may_allow(row: &Row, reader: &Reader) -> Result<(), String> {
    if row.by == reader.name {
        return Err(t!("restore-same-person", by = row.by.as_str()));
    }
    let may = reader.may(Permission::Approve, row.target_of());
    may.map_err(|refusal| text::refusal(&refusal))
}

/// Whether the reader may refuse it: whoever asked, and everybody who may allow it.
pub fn may_refuse(row: &Row, reader: &Reader) -> Result<(), String> {
    let permission = match row.by == reader.name {
        true => Permission::Refuse,
        false => Permission::Approve,
    };
    reader.may(permission, row.target_of()).map_err(|refusal| text::refusal(&refusal))
}

/// Whether work is the restore of this id.
fn is_of(told: &Told, id: &str) -> bool {
    match &told.work {
        Work::Restore(job) => job.id == id,
        Work::Backup(_)
        | Work::Verify(_)
        | Work::Expire(_)
        | Work::Prove(_)
        | Work::LetGo(_)
        | Work::Stay(_)
        | Work::Cluster(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_one_of_what_was() {
        let minutes = |all: &[i64]| all.iter().map(|n| TimeDelta::minutes(*n)).collect::<Vec<_>>();
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut minutes(&[9, 1, 5])), Some(TimeDelta::minutes(5)));
        assert_eq!(median(&mut minutes(&[90, 1])), Some(TimeDelta::minutes(90)));
    }
}
