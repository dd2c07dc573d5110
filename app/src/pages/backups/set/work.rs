//! Runs of backups, and the work beside them: test restores, readings, removals. Of a test restore
//! the restore, the validation and the cleaning up are told apart.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::backup::Kind;
use mainstay_core::backup::job::{ProofJob, ProofResult, RestoreJob, SqlResult, Step};
use mainstay_core::backup::run::{Origin, PassedOver, Run, State};
use mainstay_core::backup::work::{Done, Leftover, Work, WorkReport, WorkState};
use mainstay_core::cluster::ClusterDone;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::mark::{Look, drawing, of_run};
use super::super::picture::{Picture, Told};
use super::Data;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::empty;
use crate::ui::card::{Head, card};
use crate::ui::table::{Column, table};
use crate::ui::time::time;
use crate::ui::tone::Tone;

/// Runs that the page lists.
const RUNS_MAX: usize = 30;
/// Runs that stand open; the others are folded.
const RUNS_OPEN: usize = 8;
/// Pieces of work that the page lists.
const WORK_MAX: usize = 30;

/// One run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunRow {
    pub id: String,
    pub look: Look,
    pub word: String,
    #[schema(value_type = String)]
    pub kind: Kind,
    pub window_start: DateTime<Utc>,
    pub window_end: DateTime<Utc>,
    pub datacenter: String,
    pub tries: usize,
    /// Who asked for it; absent: the plan.
    pub asked_by: Option<String>,
    /// How far it is, or what stands in its way.
    pub detail: String,
    pub href: String,
}

/// One piece of work.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WorkRow {
    pub id: String,
    pub task: String,
    /// What it is about: a copy, or a repository.
    pub about: String,
    /// The page of that copy.
    pub href: Option<String>,
    /// By which agent.
    pub agent: String,
    pub asked_by: Option<String>,
    pub ordered_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Each part with its look.
    pub results: Vec<Part>,
}

/// A part of a result.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Part {
    #[schema(value_type = String)]
    pub tone: Tone,
    pub words: String,
}

pub(super) fn runs(picture: &Picture<'_>) -> Vec<RunRow> {
    picture.known.runs.iter().take(RUNS_MAX).map(|run| row(picture, run)).collect()
}

fn row(picture: &Picture<'_>, run: &Run) -> RunRow {
    let mark = of_run(picture, run);
    let asked_by = match &run.origin {
        Origin::Plan => None,
        Origin::Person { by, .. } => Some(by.clone()),
    };
    RunRow {
        id: run.id.to_string(),
        look: mark.look,
        word: mark.look.word(),
        kind: mark.kind,
        window_start: mark.window_start,
        window_end: mark.window_end,
        datacenter: mark.datacenter,
        tries: run.tries.len(),
        asked_by,
        detail: detail(picture, run),
        href: mark.href,
    }
}

/// How far a run is, or what stands in its way.
pub(in crate::pages::backups) fn detail(picture: &Picture<'_>, run: &Run) -> String {
    let now = picture.now();
    match &run.state {
        State::Waiting { not_before, because } => {
            let begins =
                (*not_before > now).then(|| t!("run-begins", at = text::moment(*not_before, now)));
            let because = because.as_ref().map(text::backup::obstacle);
            [because, begins].into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
        State::Ordered { agent, passed_over, work, at, .. } => {
            let how = match picture.work(agent, work).map(|it| &it.state) {
                Some(WorkState::Running { progress }) => text::backup::progress(*progress),
                Some(WorkState::Waiting) => t!("work-waits"),
                Some(WorkState::Done { .. } | WorkState::Failed { .. }) => t!("work-ends"),
                None => {
                    t!("run-ordered", dc = agent.as_str(), at = text::moment(*at, now))
                }
            };
            passed(passed_over).chain([how]).collect::<Vec<_>>().join(" ")
        }
        State::Done { passed_over, done, .. } => {
            let took = text::duration(done.copy.finished - done.copy.started);
            let stored = text::bytes(done.copy.stored_bytes);
            let made = t!("run-made", time = took, stored = stored);
            let other = (done.asked != done.copy.kind)
                .then(|| t!("run-other-kind", asked = text::backup::kind(done.asked)));
            let words = passed(passed_over).chain([Some(made), other].into_iter().flatten());
            words.collect::<Vec<_>>().join(" ")
        }
        State::Missed { because, .. } => text::backup::obstacle(because),
    }
}

/// Why the copy is not where its turn was.
fn passed(over: &[PassedOver]) -> impl Iterator<Item = String> {
    over.iter().map(|it| {
        let why = text::sentence(&it.why);
        t!("run-passed-over", dc = it.datacenter.as_str(), why = why)
    })
}

pub(super) fn build(picture: &Picture<'_>) -> Vec<WorkRow> {
    let own = |told: &&Told| match told.work {
        // They are the tries of runs, and what copies have no part in.
        Work::Backup(_) | Work::Cluster(_) => false,
        Work::Verify(_)
        | Work::Expire(_)
        | Work::Prove(_)
        | Work::Restore(_)
        | Work::LetGo(_)
        | Work::Stay(_) => true,
    };
    let work = picture.known.work.iter().filter(own).take(WORK_MAX);
    work.map(|told| work_row(picture, told)).collect()
}

pub(in crate::pages::backups) fn work_row(picture: &Picture<'_>, told: &Told) -> WorkRow {
    let database = picture.database();
    let (about, copy) = match &told.work {
        Work::Backup(job) => (job.datacenter.to_string(), None),
        Work::Verify(job) => (job.datacenter.to_string(), None),
        Work::LetGo(job) => match job.leftover {
            Leftover::SetAside => (t!("about-set-aside"), None),
            Leftover::Kept => (t!("about-kept"), None),
        },
        Work::Stay(_) => (t!("about-kept"), None),
        Work::Cluster(job) => (job.database().to_string(), None),
        Work::Expire(job) => (format!("{}, {}", job.chain, job.datacenter), None),
        Work::Prove(ProofJob { datacenter, label, .. })
        | Work::Restore(RestoreJob { datacenter, label, .. }) => {
            (format!("{label}, {datacenter}"), Some((datacenter, label)))
        }
    };
    let live = picture.work(&told.agent, told.work.id());
    let report = told.report.as_ref().or(live);
    WorkRow {
        id: told.work.id().to_owned(),
        task: text::backup::task(&told.work),
        about,
        href: copy.map(|(dc, label)| paths::backup_copy(database, dc, label)),
        agent: told.agent.to_string(),
        asked_by: told.asked_by.clone(),
        ordered_at: told.ordered_at,
        ended_at: told.ended_at,
        results: result(report),
    }
}

/// What came of work, part by part.
pub(in crate::pages::backups) fn result(report: Option<&WorkReport>) -> Vec<Part> {
    let part = |tone, words| Part { tone, words };
    let Some(report) = report else { return vec![part(Tone::Plan, t!("work-ordered"))] };
    match &report.state {
        WorkState::Waiting => vec![part(Tone::Plan, t!("work-waits"))],
        WorkState::Running { progress } => {
            vec![part(Tone::Prog, text::backup::progress(*progress))]
        }
        WorkState::Failed { failure } => {
            let why = text::backup::failure(failure);
            vec![part(Tone::Warn, t!("work-not-made", why = why))]
        }
        WorkState::Done { done } => match done {
            Done::Backup(_) => vec![part(Tone::Ok, t!("look-done"))],
            Done::LetGo => vec![part(Tone::Ok, t!("work-removed"))],
            Done::Stay => vec![part(Tone::Ok, t!("look-done"))],
            Done::Expire => vec![part(Tone::Ok, t!("work-removed"))],
            Done::Cluster(ClusterDone::Refused { reason }) => {
                let why = text::sentence(reason);
                vec![part(Tone::Warn, t!("work-not-made", why = why))]
            }
            Done::Cluster(_) => vec![part(Tone::Ok, t!("look-done"))],
            Done::Verify { damages } if damages.is_empty() => {
                vec![part(Tone::Ok, t!("work-no-damage"))]
            }
            Done::Verify { damages } => {
                damages.iter().map(|it| part(Tone::Crit, text::backup::damage(it))).collect()
            }
            Done::Prove(result) => proof(result),
            Done::Restore(result) => vec![
                step(t!("part-stop"), &result.stop),
                step(t!("part-restore"), &result.restore),
                step(t!("part-start"), &result.start),
            ],
        },
    }
}

fn proof(result: &ProofResult) -> Vec<Part> {
    let validation = &result.validation;
    let checks = validation.checks.iter().find(|check| !check.passed);
    let parts = [&validation.recovery, &validation.structure, &validation.pages];
    let failed = parts.into_iter().find(|step| matches!(step, Step::Failed { .. }));
    let passed = validation.passed();
    let validated = match (passed, failed, checks) {
        (true, _, _) => Part { tone: Tone::Ok, words: t!("part-passed", part = t!("part-valid")) },
        (false, Some(bad), _) => step(t!("part-valid"), bad),
        (false, None, Some(check)) => {
            let words = t!("part-check", check = check.check.name.as_str());
            Part { tone: Tone::Crit, words }
        }
        (false, None, None) => step(t!("part-valid"), &validation.recovery),
    };
    vec![step(t!("part-restore"), &result.restore), validated, clean_up(result)]
}

/// What is left on the machine says nothing of the copy.
pub(in crate::pages::backups) fn clean_up(result: &ProofResult) -> Part {
    if result.kept.is_some() {
        return Part { tone: Tone::Ok, words: t!("part-kept") };
    }
    let Part { tone, words } = step(t!("part-clean-up"), &result.clean_up);
    Part { tone: if tone == Tone::Crit { Tone::Warn } else { tone }, words }
}

/// A step as a sentence.
pub(in crate::pages::backups) fn step(part: String, step: &Step) -> Part {
    match step {
        Step::Passed => Part { tone: Tone::Ok, words: t!("part-passed", part = part) },
        Step::Failed { failure } => {
            let why = text::backup::failure(failure);
            Part { tone: Tone::Crit, words: t!("part-failed", part = part, why = why) }
        }
        Step::NotRun { why } => {
            let words = t!("part-not-run", part = part, why = why.as_str());
            Part { tone: Tone::Unk, words }
        }
    }
}

pub(super) fn runs_card(data: &Data) -> AnyView {
    let head = Head::new(t!("set-runs")).right(t!("newest-first"));
    if data.runs.is_empty() {
        return card(head, empty(t!("runs-none"), t!("runs-none-detail"), None));
    }
    let (open, rest) = data.runs.split_at(data.runs.len().min(RUNS_OPEN));
    let older = (!rest.is_empty()).then(|| {
        let n = rest.len();
        let words = t!("runs-older", n = n, count = text::number(n as u64));
        let rows = rest.iter().map(|row| run_row(data, row)).collect_view();
        let caption = words.clone();
        view! {
            <details class="older">
                <summary>{words}</summary>
                {table(caption, run_columns(), rows)}
            </details>
        }
    });
    let rows = open.iter().map(|row| run_row(data, row)).collect_view();
    card(head, view! { {table(t!("set-runs"), run_columns(), rows)}{older} })
}

fn run_columns() -> Vec<Column> {
    vec![
        Column::new(t!("col-run")),
        Column::new(t!("col-state")),
        Column::new(t!("col-kind")),
        Column::new(t!("col-window")),
        Column::new(t!("col-dc")),
        Column::number(t!("col-tries")),
        Column::new(t!("col-what")),
    ]
}

fn run_row(data: &Data, row: &RunRow) -> AnyView {
    let window = view! { {time(row.window_start, data.at)} };
    let by = row.asked_by.as_ref().map(|by| t!("run-asked-by", by = by.as_str()));
    let tone = row.look.badge();
    view! {
        <tr>
            <th scope="row"><a class="quiet" href=row.href.clone()>{row.id.clone()}</a></th>
            <td data-l=t!("col-state")>
                <span class=format!("st {}", tone.class())>
                    {drawing(row.look, row.kind)}
                    <span>{row.word.clone()}</span>
                </span>
            </td>
            <td data-l=t!("col-kind")>{text::backup::kind(row.kind)}</td>
            <td data-l=t!("col-window")>{window}</td>
            <td data-l=t!("col-dc")>{row.datacenter.clone()}</td>
            <td data-l=t!("col-tries") class="num">{text::number(row.tries as u64)}</td>
            <td data-l=t!("col-what") class="wrap"><span>{by}" "{row.detail.clone()}</span></td>
        </tr>
    }
    .into_any()
}

pub(super) fn view(data: &Data) -> AnyView {
    let head = Head::new(t!("set-work")).right(t!("newest-first"));
    if data.work.is_empty() {
        return card(head, empty(t!("work-none"), t!("work-none-detail"), None));
    }
    let columns = vec![
        Column::new(t!("col-work")),
        Column::new(t!("col-about")),
        Column::new(t!("col-agent")),
        Column::new(t!("col-ordered")),
        Column::new(t!("col-result")),
    ];
    let rows = data.work.iter().map(|row| line(data, row)).collect_view();
    card(head, table(t!("set-work"), columns, rows))
}

fn line(data: &Data, row: &WorkRow) -> AnyView {
    let about = match &row.href {
        Some(href) => {
            view! { <a class="mono" href=href.clone()>{row.about.clone()}</a> }.into_any()
        }
        None => view! { <span class="mono">{row.about.clone()}</span> }.into_any(),
    };
    let by = row.asked_by.as_ref().map(|by| {
        let by = t!("run-asked-by", by = by.as_str());
        view! { <br/><span class="muted">{by}</span> }
    });
    view! {
        <tr>
            <th scope="row">{row.task.clone()}{by}</th>
            <td data-l=t!("col-about")>{about}</td>
            <td data-l=t!("col-agent")>{row.agent.clone()}</td>
            <td data-l=t!("col-ordered")>{time(row.ordered_at, data.at)}</td>
            <td data-l=t!("col-result") class="wrap">{parts(&row.results)}</td>
        </tr>
    }
    .into_any()
}

/// Parts of a result, one under the other.
/// What a database answered to one of its own checks.
pub(in crate::pages::backups) fn check(check: &SqlResult) -> Part {
    let (name, seen) = (check.check.name.as_str(), check.seen.as_str());
    if check.passed {
        Part { tone: Tone::Ok, words: t!("check-passed", name = name, seen = seen) }
    } else {
        Part { tone: Tone::Crit, words: t!("check-failed", name = name, seen = seen) }
    }
}

pub(in crate::pages::backups) fn parts(parts: &[Part]) -> AnyView {
    let lines = parts
        .iter()
        .map(|part| view! { <div>{state(part.tone, part.words.clone())}</div> })
        .collect_view();
    view! { <div class="parts">{lines}</div> }.into_any()
}
