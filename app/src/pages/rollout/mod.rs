//! `/rollouts/{id}`: a rollout, what its users see of it, and the way back.
//!
//! Owns the page and its parts, a file each; the pages of a step ([`step`]) and of a metric
//! ([`metric`]); and the review of what a person can do ([`act`]).

pub mod act;
mod analysis;
pub mod condition;
mod course;
mod evidence;
mod head;
pub mod metric;
mod reason;
mod side;
pub mod step;
mod waves;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::Target;
use mainstay_core::estate::Estate;
use mainstay_core::id::{EdgeId, GroupId, ServiceId};
use mainstay_core::judge::Judgement;
use mainstay_core::planned::EventId;
use mainstay_core::rollout::{
    ConditionFact, EdgeFact, Evidence, Plan, Position, Rollout, RolloutId, State, explainable,
};
use mainstay_core::traffic::Counts;
use serde::Serialize;
use utoipa::ToSchema;

pub use analysis::{MetricRow, RuleRow};
pub use course::StepRow;
pub use evidence::{EvidenceRow, list as evidence_list, rows as evidence_rows};
pub use head::{Callout, Slot};
pub use reason::{Explain, mistaken_title};
pub use side::{EdgeRow, LogRow};
pub use waves::{WaveCell, WaveRow};

use crate::pages::Reader;
use crate::paths;
use crate::text;
use crate::ui::badge::badge;
use crate::ui::card::columns;
use crate::ui::head::Crumb;
use crate::ui::tone::Tone;

/// Seconds after which a page without script loads itself again.
const REFRESH_SECONDS: &str = "15";

/// A state that a rollout entered, and who or what made it.
#[derive(Clone, Debug)]
pub struct Entry {
    pub at: DateTime<Utc>,
    /// A person's name; `None`: the rollout went on by itself.
    pub by: Option<String>,
    pub state: State,
}

/// A verdict as it is kept.
#[derive(Clone, Debug)]
pub struct Judged {
    pub at: DateTime<Utc>,
    pub position: Position,
    /// Absent: nothing could be compared.
    pub judgement: Option<Judgement>,
    /// What came of each condition of the plan.
    pub conditions: Vec<ConditionFact>,
}

/// What users' requests did on both versions, over the same stretches of time.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Seconds of each stretch.
    pub step_seconds: u32,
    /// Oldest first, none left out.
    pub stretches: Vec<Stretch>,
}

/// One stretch of time; a side that nobody heard is `None`, not zero.
#[derive(Clone, Debug)]
pub struct Stretch {
    pub at: DateTime<Utc>,
    pub stable: Option<Counts>,
    pub canary: Option<Counts>,
}

/// Everything the page is made of.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    pub estate: &'a Estate,
    pub rollout: &'a Rollout,
    /// Oldest first; the last one is the present state.
    pub entries: &'a [Entry],
    /// Oldest first.
    pub verdicts: &'a [Judged],
    /// The plan's conditions over the current watch.
    pub conditions: &'a [ConditionFact],
    pub counts: &'a Comparison,
    pub edges: &'a BTreeMap<EdgeId, EdgeFact>,
    /// What stands for and against going back.
    pub evidence: &'a Evidence,
    /// What was told afterwards of why it was taken back, oldest first.
    pub reasons: &'a [Told],
    /// New for each page: what was sent once is done once.
    pub key: &'a str,
}

/// A reason that somebody told after the click.
#[derive(Clone, Debug)]
pub struct Told {
    pub at: DateTime<Utc>,
    pub by: String,
    pub reason: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    #[schema(value_type = Object)]
    pub rollout: Rollout,
    /// What a click confirms.
    pub plan_hash: String,
    /// Look and word of the state.
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    /// One sentence under the title.
    pub note: String,
    /// The planned event that it belongs to.
    #[schema(value_type = Option<String>)]
    pub event: Option<EventId>,
    pub slot: Slot,
    pub callout: Option<Callout>,
    /// The new version's share of requests where it is being rolled out, out of 10,000.
    pub share: u16,
    pub steps: Vec<StepRow>,
    pub metrics: Vec<MetricRow>,
    pub rules: Vec<RuleRow>,
    pub waves: Vec<WaveRow>,
    pub evidence: Vec<EvidenceRow>,
    pub edges: Vec<EdgeRow>,
    pub acknowledged: usize,
    pub log: Vec<LogRow>,
    /// Until when a reason may be added to its rollback; absent: it may not.
    pub explain_until: Option<DateTime<Utc>>,
    /// What was typed into that form.
    #[serde(skip)]
    pub explain: Explain,
    /// Instances may be acted on by the service's group.
    #[serde(skip)]
    pub group: Option<GroupId>,
    #[serde(skip)]
    pub key: String,
    /// Without script the page does not load itself again.
    #[serde(skip)]
    pub still: bool,
}

pub fn build(input: Input<'_>) -> Data {
    let Input { estate, rollout, .. } = input;
    let plan = &rollout.plan;
    let (tone, word) = text::rollout::rollout_state(plan, &rollout.state);
    let edges = side::edges(&input);
    let judgement = current(&input);
    Data {
        at: estate.at,
        rollout: rollout.clone(),
        plan_hash: plan.hash(),
        tone,
        word,
        note: head::note(&input),
        event: None,
        slot: head::slot(&input),
        callout: head::callout(&input, judgement),
        share: course::share(&input),
        steps: course::steps(&input),
        metrics: analysis::metrics(&input, judgement),
        rules: analysis::rules(&input),
        waves: waves::waves(&input),
        evidence: evidence::rows(input.evidence, plan, estate.at),
        acknowledged: edges.iter().filter(|edge| edge.acknowledged).count(),
        edges,
        log: side::log(&input),
        explain_until: explainable(rollout, estate.at).ok(),
        explain: Explain::default(),
        group: estate.fleet.services.get(&plan.service).map(|service| service.group.clone()),
        key: input.key.to_owned(),
        still: false,
    }
}

/// The newest judgement of the position that the rollout stands at, or of the last one it had.
fn current<'a>(input: &Input<'a>) -> Option<&'a Judgement> {
    let at = position(&input.rollout.state);
    let of = input.verdicts.iter().filter(|judged| at.is_none_or(|at| judged.position == at));
    of.rev().find_map(|judged| judged.judgement.as_ref())
}

/// The position that a rollout stands at or was taken back from.
pub(crate) const fn position(state: &State) -> Option<Position> {
    match state {
        State::Preparing { at, .. }
        | State::Testing { at, .. }
        | State::Shifting { at, .. }
        | State::Watching { at, .. }
        | State::Paused { at, .. } => Some(*at),
        State::RollingBack { was, .. } | State::RolledBack { was, .. } => *was,
        State::Promoted { .. } | State::Ended { .. } => None,
    }
}

/// The number of a position in the address of its page: 1 for the first of the first wave.
pub fn number(plan: &Plan, at: Position) -> u32 {
    let before: u32 = (0..at.wave).map(|wave| u32::from(plan.positions(wave))).sum();
    before + u32::from(at.step) + 1
}

/// The position with a [`number`]; `None`: the plan has fewer.
pub fn numbered(plan: &Plan, number: u32) -> Option<Position> {
    let mut left = number.checked_sub(1)?;
    for wave in 0..u16::try_from(plan.waves.len()).ok()? {
        let positions = u32::from(plan.positions(wave));
        if left < positions {
            return Some(Position { wave, step: u16::try_from(left).ok()? });
        }
        left -= positions;
    }
    None
}

/// What an action on the rollout touches.
pub fn target(data: &Data) -> Target<'_> {
    Target { group: data.group.as_ref(), datacenter: None }
}

/// `payments-api 4.18.2 → 4.19.0`.
pub fn name(plan: &Plan) -> String {
    crate::t!(
        "rollout-name",
        service = plan.service.as_str(),
        from = plan.from.as_str(),
        to = plan.to.as_str()
    )
}

pub fn title(data: &Data) -> String {
    format!("{}, {}", name(&data.rollout.plan), data.word.to_lowercase())
}

pub fn topics() -> Vec<String> {
    vec!["estate".to_owned()]
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let main = view! {
        {analysis::view(data)}
        {waves::view(data)}
    };
    let side = view! {
        {evidence::view(data)}
        {side::edges_view(data)}
        {side::log_view(data)}
        {reason::view(data, reader)}
        {side::links(data)}
    };
    let key = format!("rollout/{}", data.rollout.id);
    view! {
        <div data-k=key data-swaps>
            <span data-f="rev" hidden>{data.rollout.revision.to_string()}</span>
            {refresh(data)}
            {head::view(data, reader)}
            <div class="stack">
                <div data-swap="callout">{head::callout_view(data)}</div>
                <div data-swap="steps">{course::view(data)}</div>
                {columns(main, side)}
            </div>
        </div>
    }
    .into_any()
}

/// Without script a rollout that is on loads itself again, until the reader wants it still.
fn refresh(data: &Data) -> Option<AnyView> {
    (!data.still && !data.rollout.is_over()).then(|| {
        let still = paths::with_query(&paths::rollout(data.rollout.id), &[("still", "yes")]);
        view! {
            <noscript>
                <meta http-equiv="refresh" content=REFRESH_SECONDS/>
                <p class="muted">
                    {crate::t!("refresh-note", n = REFRESH_SECONDS)}" "
                    <a href=still>{crate::t!("refresh-still")}</a>
                </p>
            </noscript>
        }
        .into_any()
    })
}

/// The verdict beside a title, kept fresh by fetching the page again.
fn swapped_badge(tone: Tone, word: &str) -> AnyView {
    let badge = badge(tone, word);
    view! { <span data-swap="badge">{badge}</span> }.into_any()
}

/// Which rollout a page is about.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RolloutHead {
    #[schema(value_type = String)]
    pub id: RolloutId,
    #[schema(value_type = String)]
    pub service: ServiceId,
    pub from: String,
    pub to: String,
    /// `payments-api 4.18.2 → 4.19.0`.
    pub name: String,
}

impl RolloutHead {
    pub fn of(rollout: &Rollout) -> Self {
        let plan = &rollout.plan;
        Self {
            id: rollout.id,
            service: plan.service.clone(),
            from: plan.from.clone(),
            to: plan.to.clone(),
            name: name(plan),
        }
    }

    /// Where its pages lead back to.
    pub(crate) fn crumbs(&self) -> Vec<Crumb> {
        vec![
            Crumb::new(paths::ROLLOUTS, crate::t!("nav-rollouts")),
            Crumb::new(paths::service(&self.service), self.service.to_string()),
            Crumb::new(paths::rollout(self.id), self.id.to_string()),
        ]
    }
}
