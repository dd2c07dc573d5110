//! From what is stored to what is in a pack.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    Approval, Availability, Change, Database, Failover, Finding, Input, Log, Pack, Proof, ROWS_MAX,
    Recovery, Restore, VERSION, Waiver,
};
use crate::approval::{self, State as Answered, Subject};
use crate::audit::{Action, Entry};
use crate::availability::Total;
use crate::backup::job::{ProofResult, Target};
use crate::backup::restore::{self, State as RestoreState};
use crate::backup::run::{Origin, Run as BackupRun, State as BackupState};
use crate::backup::work::{Done, Work, WorkReport, WorkState};
use crate::failover::{Act, GroupPlan, Mode, Outcome, Run, State, StepState};
use crate::fleet::Fleet;
use crate::problem::Record;

/// Makes the pack.
pub fn build(input: &Input<'_>) -> Pack {
    let mut missing = Vec::new();
    let entries = |belongs: &dyn Fn(Action) -> bool| {
        let mine = input.entries.iter().filter(|entry| belongs(entry.event.action));
        mine.map(change).collect::<Vec<_>>()
    };
    let mut pack = Pack {
        v: VERSION,
        fleet: input.fleet.name.clone(),
        fleet_revision: input.fleet_revision,
        from: input.from,
        until: input.until,
        log: input.log.map(|(first, end)| Log { first, end }),
        failovers: input.runs.iter().map(|run| failover(run, input.fleet)).collect(),
        databases: databases(input),
        proofs: input.proofs.iter().filter_map(|(report, at)| proof(report, *at)).collect(),
        restores: input.restores.iter().map(restore).collect(),
        approvals: input.approvals.iter().map(approval).collect(),
        waivers: input.approvals.iter().filter_map(waiver).collect(),
        fleet_changes: entries(&|action| action == Action::FleetApply),
        policy_changes: entries(&is_policy),
        access_changes: entries(&is_access),
        findings: input.problems.iter().map(finding).collect(),
        measured_from: input.decided.map(|(from, _)| from.max(input.from)),
        measured_until: input.decided.map(|(_, until)| until.min(input.until)),
        availability: input.totals.iter().map(|total| availability(total, input.fleet)).collect(),
        missing: Vec::new(),
    };
    order(&mut pack);
    unmeasured(input, &pack, &mut missing);
    shorten(&mut pack, &mut missing);
    let cut = input.cut.iter().map(|what| {
        format!("There were more {what} than are read at a time; the oldest are not in this pack.")
    });
    missing.extend(cut);
    pack.missing = missing;
    pack
}

/// Actions whose entries are asked for.
pub const ACTIONS: [Action; 19] = [
    Action::FleetApply,
    Action::RunbookApply,
    Action::FailoverGate,
    Action::QuarantineLift,
    Action::OutageCorrect,
    Action::BackupDays,
    Action::DatacenterForget,
    Action::UserCreate,
    Action::UserChange,
    Action::UserDisable,
    Action::PasswordChange,
    Action::FactorAdd,
    Action::FactorRemove,
    Action::FactorReset,
    Action::TokenCreate,
    Action::TokenRevoke,
    Action::JoinTokenCreate,
    Action::AgentJoin,
    Action::AgentRevoke,
];

fn is_policy(action: Action) -> bool {
    matches!(
        action,
        Action::RunbookApply
            | Action::FailoverGate
            | Action::QuarantineLift
            | Action::OutageCorrect
            | Action::BackupDays
            | Action::DatacenterForget
    )
}

fn is_access(action: Action) -> bool {
    matches!(
        action,
        Action::UserCreate
            | Action::UserChange
            | Action::UserDisable
            | Action::PasswordChange
            | Action::FactorAdd
            | Action::FactorRemove
            | Action::FactorReset
            | Action::TokenCreate
            | Action::TokenRevoke
            | Action::JoinTokenCreate
            | Action::AgentJoin
            | Action::AgentRevoke
    )
}

/// Lists are in the order of their time: the order in which they were read says nothing.
fn order(pack: &mut Pack) {
    pack.failovers.sort_by_key(|it| (it.started_at, it.run.clone()));
    pack.proofs.sort_by_key(|it| (it.told_at, it.database.clone(), it.copy.clone()));
    pack.restores.sort_by_key(|it| (it.at, it.restore.clone()));
    pack.approvals.sort_by_key(|it| (it.at, it.approval.clone()));
    pack.waivers.sort_by_key(|it| it.approval.clone());
    for changes in [&mut pack.fleet_changes, &mut pack.policy_changes, &mut pack.access_changes] {
        changes.sort_by_key(|it| (it.at, it.entry));
    }
    pack.findings.sort_by_key(|it| (it.opened_at, it.problem.clone()));
    pack.availability.sort_by(|a, b| (&a.service, &a.region).cmp(&(&b.service, &b.region)));
}

fn failover(run: &Run, fleet: &Fleet) -> Failover {
    let (outcome, ended_at) = match &run.state {
        State::Ended { outcome, at } => (Some(told(outcome)), Some(*at)),
        State::Requested { .. }
        | State::Running
        | State::Pausing { .. }
        | State::Paused { .. }
        | State::Asking { .. } => (None, None),
    };
    Failover {
        run: run.id.to_string(),
        drill: run.drill,
        back: run.plan.back.map(|back| back.to_string()),
        lose: run.plan.name(),
        mode: run.mode.name().to_owned(),
        emergency: run.emergency,
        reason: run.reason.clone(),
        started_at: run.started_at,
        started_by: run.started_by.clone(),
        allowed_by: run.allowed_by.clone(),
        state: run.state.name().to_owned(),
        outcome,
        ended_at,
        groups: run.plan.groups.iter().map(|group| recovery(run, group, fleet)).collect(),
    }
}

fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done => "done".to_owned(),
        Outcome::Stopped { by, reason } => format!("stopped by {by}: {reason}"),
        Outcome::Refused { by: Some(by), why } => format!("refused by {by}: {why}"),
        Outcome::Refused { by: None, why } => format!("not allowed: {why}"),
    }
}

fn recovery(run: &Run, group: &GroupPlan, fleet: &Fleet) -> Recovery {
    let asked = fleet.groups.get(&group.id).map(|group| group.recovery);
    let rto_asked = asked.map(|asked| u64::from(asked.rto_minutes) * 60);
    let rto_reached = match run.group_times(group) {
        (Some(began), Some(ended)) => u64::try_from((ended - began).num_seconds()).ok(),
        (_, _) => None,
    };
    let mut writes = Vec::new();
    let mut not_done = Vec::new();
    let (mut promotions, mut promoted) = (0_u32, 0_u32);
    for step in &group.steps {
        let state = run.steps.get(&step.id);
        if let Act::Promote(database) = &step.act {
            promotions += 1;
            if let Some(StepState::Done { seen, .. }) = state {
                promoted += 1;
                writes.push(format!("{database}: {seen}"));
            }
        }
        match state {
            Some(StepState::Skipped { by, reason, .. }) => {
                not_done.push(format!("{} skipped by {by}: {reason}", step.id.0));
            }
            Some(StepState::Failed { why, .. }) => {
                not_done.push(format!("{} failed: {why}", step.id.0));
            }
            Some(StepState::Running { .. } | StepState::Done { .. }) | None => {}
        }
    }
    // A standby that leads gracefully has everything; what a forced one lacked is told in words.
    let nothing_lost = run.mode == Mode::Graceful && promotions > 0 && promotions == promoted;
    Recovery {
        group: group.id.to_string(),
        rto_asked_seconds: rto_asked,
        rto_reached_seconds: rto_reached,
        rto_held: rto_asked.zip(rto_reached).map(|(asked, reached)| reached <= asked),
        rpo_asked_seconds: asked.map(|asked| u64::from(asked.rpo_seconds)),
        rpo_reached_seconds: nothing_lost.then_some(0),
        writes,
        not_done,
    }
}

/// Every database that the fleet has copies of, or that had one made, in order.
fn databases(input: &Input<'_>) -> Vec<Database> {
    let empty = |id: &str| Database {
        database: id.to_owned(),
        planned: 0,
        made: 0,
        missed: 0,
        open: 0,
        asked: 0,
        tries_failed: 0,
        proofs_passed: 0,
        proofs_failed: 0,
        first_proof: None,
        last_proof: None,
    };
    let mut all: BTreeMap<String, Database> = BTreeMap::new();
    let kept = input.fleet.databases.iter().filter(|(_, database)| database.policy.is_some());
    all.extend(kept.map(|(id, _)| (id.to_string(), empty(id.as_str()))));
    for run in input.backups {
        let id = run.planned.database.as_str();
        let database = all.entry(id.to_owned()).or_insert_with(|| empty(id));
        count(run, database);
    }
    for (report, at) in input.proofs {
        let id = report.work.database().as_str();
        let database = all.entry(id.to_owned()).or_insert_with(|| empty(id));
        match proof_of(report) {
            Some(result) if result.proved() => {
                database.proofs_passed += 1;
                let (first, last) = (database.first_proof, database.last_proof);
                database.first_proof = Some(first.map_or(*at, |first| first.min(*at)));
                database.last_proof = Some(last.map_or(*at, |last| last.max(*at)));
            }
            Some(_) => database.proofs_failed += 1,
            None => {}
        }
    }
    all.into_values().collect()
}

fn count(run: &BackupRun, database: &mut Database) {
    database.tries_failed += run.tries.len() as u64;
    let done = matches!(run.state, BackupState::Done { .. });
    if let Origin::Person { .. } = run.origin {
        database.asked += u64::from(done);
        return;
    }
    database.planned += 1;
    match run.state {
        BackupState::Done { .. } => database.made += 1,
        BackupState::Missed { .. } => database.missed += 1,
        BackupState::Waiting { .. } | BackupState::Ordered { .. } => database.open += 1,
    }
}

fn proof_of(report: &WorkReport) -> Option<&ProofResult> {
    match &report.state {
        WorkState::Done { done: Done::Prove(result) } => Some(result),
        WorkState::Done { .. }
        | WorkState::Waiting
        | WorkState::Running { .. }
        | WorkState::Failed { .. } => None,
    }
}

fn proof(report: &WorkReport, told_at: DateTime<Utc>) -> Option<Proof> {
    let Work::Prove(job) = &report.work else { return None };
    let result = proof_of(report);
    let (outcome, why) = match (&report.state, result) {
        (_, Some(result)) if result.proved() => ("passed", None),
        (_, Some(_)) => ("failed", None),
        (WorkState::Failed { failure }, None) => ("not made", Some(failure.to_string())),
        (WorkState::Waiting | WorkState::Running { .. } | WorkState::Done { .. }, None) => {
            ("not made", None)
        }
    };
    Some(Proof {
        database: job.database.to_string(),
        datacenter: job.datacenter.to_string(),
        copy: job.label.to_string(),
        target: match job.target {
            Target::EndOfCopy => "the end of the copy".to_owned(),
            Target::Moment { at } => format!("the moment {}", super::html::moment(at)),
            Target::Latest => "the latest moment".to_owned(),
        },
        told_at,
        outcome: outcome.to_owned(),
        seconds: result.and_then(|it| u64::try_from((it.ended - it.started).num_seconds()).ok()),
        why,
    })
}

fn restore(restore: &restore::Restore) -> Restore {
    let (second, ended_at) = match &restore.state {
        RestoreState::Requested => (None, None),
        RestoreState::Refused { by, at, .. } => (by.clone(), Some(*at)),
        RestoreState::Ordered { allowed_by, .. } => (Some(allowed_by.clone()), None),
        RestoreState::Done { allowed_by, at, .. } | RestoreState::Failed { allowed_by, at, .. } => {
            (Some(allowed_by.clone()), Some(*at))
        }
    };
    let request = &restore.request;
    Restore {
        restore: restore.id.to_string(),
        database: request.database.to_string(),
        copy: request.label.to_string(),
        by: request.by.clone(),
        reason: request.reason.clone(),
        at: request.at,
        unproven: request.unproven,
        state: restore.state.name().to_owned(),
        second,
        ended_at,
    }
}

/// Who answered, when, and why.
fn answer(state: &Answered) -> (Option<String>, Option<DateTime<Utc>>, Option<String>) {
    match state {
        Answered::Waiting => (None, None, None),
        Answered::Approved { by, at } | Answered::Withdrawn { by, at } => {
            (Some(by.clone()), Some(*at), None)
        }
        Answered::Refused { by, why, at } => (Some(by.clone()), Some(*at), Some(why.clone())),
        Answered::Expired { at } => (None, Some(*at), None),
        Answered::Void { why, at } => (None, Some(*at), Some(why.clone())),
    }
}

fn approval(it: &approval::Approval) -> Approval {
    let (answered_by, answered_at, why) = answer(&it.state);
    Approval {
        approval: it.id.to_string(),
        kind: it.kind.name().to_owned(),
        subject: it.subject.name().to_owned(),
        about: it.subject.path(),
        by: it.by.clone(),
        reason: it.reason.clone(),
        at: it.at,
        state: it.state.name().to_owned(),
        answered_by,
        answered_at,
        why,
    }
}

fn waiver(it: &approval::Approval) -> Option<Waiver> {
    let Subject::Waiver { event, check, until, .. } = &it.subject else { return None };
    Some(Waiver {
        approval: it.id.to_string(),
        event: event.to_string(),
        check: check.name().to_owned(),
        until: *until,
        by: it.by.clone(),
        reason: it.reason.clone(),
        state: it.state.name().to_owned(),
        answered_by: answer(&it.state).0,
    })
}

fn change(entry: &Entry) -> Change {
    let event = &entry.event;
    Change {
        entry: entry.seq.and_then(|seq| u64::try_from(seq).ok()),
        at: event.at,
        by: event.actor.name().to_owned(),
        action: event.action.name(),
        object: event.object.clone(),
        outcome: event.outcome.name(),
        reason: event.reason.clone(),
        before: event.before.clone(),
        after: event.after.clone(),
    }
}

fn finding(record: &Record) -> Finding {
    Finding {
        problem: format!("at-{}", record.id),
        kind: record.problem.kind().name().to_owned(),
        about: record.problem.key(),
        status: record.problem.status().name().to_owned(),
        opened_at: record.opened_at,
        owner: record.owner.clone(),
        detail: serde_json::to_value(&record.problem).unwrap_or_default(),
    }
}

fn availability(total: &Total, fleet: &Fleet) -> Availability {
    let tally = &total.tally;
    let percent = |share: Option<f64>| share.map(|share| (share * 1e7).floor() / 1e5);
    Availability {
        service: total.cell.service.to_string(),
        region: total.cell.region.to_string(),
        group: total.group.to_string(),
        target_percent: fleet.availability_target(&total.cell.service).share() * 100.0,
        gross_percent: percent(tally.gross().value()),
        net_percent: percent(tally.net().value()),
        measured_minutes: tally.measured(),
        down_minutes: tally.down,
        planned_minutes: tally.planned,
        excluded_minutes: tally.excluded,
        unmeasured_minutes: tally.unmeasured,
        requests: tally.requests,
        errors: tally.errors,
    }
}

/// What nobody knows of the period.
fn unmeasured(input: &Input<'_>, pack: &Pack, missing: &mut Vec<String>) {
    let at = super::html::moment;
    match input.decided {
        None => missing.push("Availability was not measured.".to_owned()),
        Some((from, _)) if from > input.from => {
            missing.push(format!("Availability was not measured before {}.", at(from)));
        }
        Some(_) => {}
    }
    if let Some((_, until)) = input.decided.filter(|(_, until)| *until < input.until) {
        missing.push(format!("Availability is known until {} only.", at(until)));
    }
    let minutes: u64 = pack.availability.iter().map(|it| it.unmeasured_minutes).sum();
    if minutes > 0 {
        missing.push(format!(
            "{minutes} minutes of services were not measured; they count neither as up nor as down."
        ));
    }
    if input.log.is_none() {
        missing.push("No entry of the audit log of this period is signed.".to_owned());
    }
    if !pack.failovers.iter().any(|it| it.drill && it.outcome.as_deref() == Some("done")) {
        missing.push("No drill was carried out to its end.".to_owned());
    }
    for database in &pack.databases {
        let name = &database.database;
        if database.planned == 0 {
            missing.push(format!("No copy of {name} was planned."));
        }
        if database.proofs_passed == 0 {
            missing.push(format!("No test restore of {name} passed."));
        }
    }
    for run in &pack.failovers {
        let name = &run.run;
        for group in run.groups.iter().filter(|it| it.rto_reached_seconds.is_none()) {
            missing.push(format!("{name}: {} did not recover within the run.", group.group));
        }
        let unknown = |it: &&Recovery| !it.writes.is_empty() && it.rpo_reached_seconds.is_none();
        for group in run.groups.iter().filter(unknown) {
            missing.push(format!(
                "{name}: what {} lost of its writes is known in words only.",
                group.group
            ));
        }
    }
}

fn shorten(pack: &mut Pack, missing: &mut Vec<String>) {
    fn cut<T>(what: &str, rows: &mut Vec<T>, missing: &mut Vec<String>) {
        if rows.len() > ROWS_MAX {
            let (all, kept) = (rows.len(), ROWS_MAX);
            missing.push(format!("Of {all} {what} the first {kept} are in this pack."));
            rows.truncate(ROWS_MAX);
        }
    }
    cut("failovers", &mut pack.failovers, missing);
    cut("test restores", &mut pack.proofs, missing);
    cut("restores", &mut pack.restores, missing);
    cut("approvals", &mut pack.approvals, missing);
    cut("waivers", &mut pack.waivers, missing);
    cut("changes of the fleet", &mut pack.fleet_changes, missing);
    cut("changes of policies", &mut pack.policy_changes, missing);
    cut("changes of access", &mut pack.access_changes, missing);
    cut("findings", &mut pack.findings, missing);
}
