//! `/rollouts/{id}/do/{verb}`: what an action would do, and the form that does it.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::fleet::Strategy;
use mainstay_core::rollout::{PauseReason, Rollout, SchemaChange, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Data as RolloutData, RolloutHead, evidence, target};
use crate::pages::Reader;
use crate::paths;
use crate::shell::Message;
use crate::t;
use crate::text;
use crate::ui::badge::badge;
use crate::ui::block::no_permission;
use crate::ui::button::{Weight, link_button, submit};
use crate::ui::card::{Head, card, columns, padded};
use crate::ui::form::{Field, Kind, Mistake, error_summary, field, form, mistakes_title};
use crate::ui::glyph::glyph;
use crate::ui::head::{PageHead, page_head_of};
use crate::ui::tone::Tone;

/// What a person can ask of a rollout; the names are those that users of Argo Rollouts know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    RollBack,
    Pause,
    Resume,
    Promote,
    PromoteFully,
    Abort,
    Undo,
    Retry,
    End,
}

impl Verb {
    pub const ALL: [Self; 9] = [
        Self::RollBack,
        Self::Pause,
        Self::Resume,
        Self::Promote,
        Self::PromoteFully,
        Self::Abort,
        Self::Undo,
        Self::Retry,
        Self::End,
    ];

    /// Its name in an address.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RollBack => "roll-back",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Promote => "promote",
            Self::PromoteFully => "promote-fully",
            Self::Abort => "abort",
            Self::Undo => "undo",
            Self::Retry => "retry",
            Self::End => "end",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.name() == name)
    }

    /// Its button; `version`: the one that comes back, or that is promoted.
    pub fn label(self, version: &str) -> String {
        match self {
            Self::RollBack => t!("verb-roll-back", version = version),
            Self::Pause => t!("verb-pause"),
            Self::Resume => t!("verb-resume"),
            Self::Promote => t!("verb-promote"),
            Self::PromoteFully => t!("verb-promote-fully", version = version),
            Self::Abort => t!("verb-abort"),
            Self::Undo => t!("verb-undo"),
            Self::Retry => t!("verb-retry"),
            Self::End => t!("verb-end"),
        }
    }

    /// What is said under its button.
    pub(super) fn small(self, state: &State) -> Option<String> {
        match self {
            Self::Pause => Some(t!("verb-pause-small")),
            Self::Resume => Some(match state {
                State::Paused { why: PauseReason::Planned, .. } => t!("verb-resume-on"),
                State::Paused { .. }
                | State::Preparing { .. }
                | State::Testing { .. }
                | State::Shifting { .. }
                | State::Watching { .. }
                | State::Promoted { .. }
                | State::RollingBack { .. }
                | State::RolledBack { .. }
                | State::Ended { .. } => t!("verb-resume-small"),
            }),
            Self::RollBack
            | Self::Promote
            | Self::PromoteFully
            | Self::Abort
            | Self::Undo
            | Self::Retry
            | Self::End => None,
        }
    }

    /// The one that stands beside the slot, and those that open a review.
    pub(super) fn offered(rollout: &Rollout) -> (Option<Self>, Vec<Self>) {
        let canary = rollout.plan.strategy == Strategy::Canary;
        let mut past = vec![Self::Promote];
        if canary {
            past.push(Self::PromoteFully);
        }
        match &rollout.state {
            State::Preparing { .. } | State::Testing { .. } | State::Shifting { .. } => {
                (Some(Self::Pause), Vec::new())
            }
            State::Watching { .. } => (Some(Self::Pause), past),
            State::Paused { weighed: true, .. } => {
                past.push(Self::Retry);
                (Some(Self::Resume), past)
            }
            State::Paused { weighed: false, .. } => (Some(Self::Resume), vec![Self::Retry]),
            State::Promoted { .. } => (None, vec![Self::End]),
            State::RollingBack { .. } => (None, vec![Self::Undo]),
            State::RolledBack { .. } => (None, vec![Self::Retry, Self::End]),
            State::Ended { .. } => (None, Vec::new()),
        }
    }

    /// Whether it must not be done in passing: the name is typed and a reason written.
    pub fn is_grave(self, data: &RolloutData) -> bool {
        match self {
            Self::PromoteFully => true,
            Self::Promote => !passed(data),
            Self::RollBack | Self::Abort => {
                matches!(data.slot, super::Slot::RollBack { review: true, .. })
            }
            Self::Pause | Self::Resume | Self::Undo | Self::Retry | Self::End => false,
        }
    }

    /// Whether the version that comes back cannot read what the newer one wrote, so that a second
    /// person is asked. Much that is reviewed loses nothing.
    fn loses(self, data: &RolloutData) -> bool {
        let backs = matches!(self, Self::RollBack | Self::Abort);
        backs && data.rollout.plan.schema == SchemaChange::Irreversible
    }
}

fn passed(data: &RolloutData) -> bool {
    data.metrics.iter().filter(|metric| metric.judged.is_some()).all(|m| m.tone == Tone::Ok)
        && data.metrics.iter().any(|metric| metric.judged.is_some())
        && data.rules.iter().all(|rule| rule.tone == Tone::Ok)
}

/// What the review page says.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub rollout: RolloutData,
    pub verb: Verb,
    /// The service's name must be typed and a reason written.
    pub grave: bool,
    /// What will happen, one sentence each.
    pub consequences: Vec<Consequence>,
    #[serde(skip)]
    pub reason: String,
    #[serde(skip)]
    pub confirm: String,
    #[serde(skip)]
    pub emergency: bool,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
}

impl Data {
    /// Whether data is lost by it, so that a second person is asked.
    pub fn loses(&self) -> bool {
        self.verb.loses(&self.rollout)
    }
}

/// One thing that will happen or must be known before.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Consequence {
    #[schema(value_type = String)]
    pub tone: Tone,
    pub words: String,
}

/// The review of an action on a rollout.
pub fn build(rollout: RolloutData, verb: Verb) -> Data {
    Data {
        grave: verb.is_grave(&rollout),
        consequences: consequences(&rollout, verb),
        rollout,
        verb,
        reason: String::new(),
        confirm: String::new(),
        emergency: false,
        mistakes: Vec::new(),
    }
}

/// What is wrong with what was typed; `reason`: fewest and most characters.
pub fn mistakes(data: &Data, (least, most): (usize, usize)) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let service = data.rollout.rollout.plan.service.as_str();
    if data.grave && !data.confirm.trim().eq_ignore_ascii_case(service) {
        mistakes.push(Mistake::new("confirm", t!("confirm-name", name = service)));
    }
    let length = data.reason.trim().chars().count();
    if length > most {
        mistakes
            .push(Mistake::new("reason", t!("reason-too-long", most = text::number(most as u64))));
    } else if data.grave && length < least {
        let least = text::number(least as u64);
        mistakes.push(Mistake::new("reason", t!("reason-too-short", least = least)));
    }
    mistakes
}

/// Nothing was done, because it is not what was shown any more: who did what when.
pub fn changed(
    rollout: &Rollout,
    who: Option<(&str, DateTime<Utc>)>,
    now: DateTime<Utc>,
) -> Message {
    let (_, word) = text::rollout::rollout_state(&rollout.plan, &rollout.state);
    let (service, word) = (rollout.plan.service.as_str(), word.to_lowercase());
    let detail = match who {
        Some((who, at)) => t!(
            "changed-by",
            service = service,
            word = word,
            at = text::clock_seconds(at, now),
            who = who,
            ago = text::duration(now - at)
        ),
        None => t!("changed", service = service, word = word),
    };
    Message { tone: Tone::Warn, strong: t!("error-409"), detail }
}

/// Nothing was done, and why.
pub fn refused(detail: String) -> Message {
    Message { tone: Tone::Warn, strong: t!("error-409"), detail }
}

fn consequences(data: &RolloutData, verb: Verb) -> Vec<Consequence> {
    let plan = &data.rollout.plan;
    let (from, to) = (plan.from.as_str(), plan.to.as_str());
    let line = |tone, words| Consequence { tone, words };
    let mut lines = match verb {
        Verb::RollBack | Verb::Abort => vec![
            line(Tone::Prog, t!("will-traffic-back", version = from)),
            line(Tone::Ok, t!("will-done-when", version = to)),
            line(Tone::Plan, t!("will-warm", version = to)),
            line(Tone::Plan, t!("will-quarantine", version = to)),
        ],
        Verb::Pause => vec![line(Tone::Pause, t!("will-pause"))],
        Verb::Resume => vec![line(Tone::Prog, t!("will-resume"))],
        Verb::Promote => vec![line(Tone::Prog, t!("will-promote"))],
        Verb::PromoteFully => vec![
            line(Tone::Warn, t!("will-promote-fully", version = to)),
            line(Tone::Plan, t!("will-keep-warm", version = from)),
        ],
        Verb::Undo => {
            vec![line(Tone::Prog, t!("will-undo")), line(Tone::Plan, t!("will-lift", version = to))]
        }
        Verb::Retry => vec![line(Tone::Prog, t!("will-retry"))],
        Verb::End => vec![line(Tone::Plan, t!("will-end"))],
    };
    let past = matches!(verb, Verb::Promote | Verb::PromoteFully) && !passed(data);
    if past {
        lines.push(line(Tone::Crit, t!("will-past-analysis")));
    }
    if verb.loses(data) {
        lines.push(line(Tone::Pause, t!("will-ask-second")));
    }
    if let State::Paused { why: PauseReason::AgentLost { datacenter }, .. } = &data.rollout.state
        && matches!(verb, Verb::Resume | Verb::Retry)
    {
        lines.push(line(Tone::Warn, t!("will-agent-lost", dc = datacenter.as_str())));
    }
    lines
}

pub fn title(data: &Data) -> String {
    let title = format!("{}: {}", data.rollout.rollout.plan.service, label(data));
    if data.mistakes.is_empty() { title } else { t!("error-title", title = title) }
}

fn label(data: &Data) -> String {
    let plan = &data.rollout.rollout.plan;
    let version = match data.verb {
        Verb::RollBack | Verb::Abort => &plan.from,
        Verb::Pause
        | Verb::Resume
        | Verb::Promote
        | Verb::PromoteFully
        | Verb::Undo
        | Verb::Retry
        | Verb::End => &plan.to,
    };
    data.verb.label(version)
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let rollout = &data.rollout;
    let head = page_head_of(
        label(data),
        PageHead {
            title: label(data),
            crumbs: RolloutHead::of(&rollout.rollout).crumbs(),
            badge: Some(badge(rollout.tone, rollout.word.clone())),
            note: Some(t!("review-note", name = super::name(&rollout.rollout.plan)).into_any()),
            actions: None,
        },
    );
    let lines = data
        .consequences
        .iter()
        .map(|line| view! { <li>{glyph(line.tone)}<span>{line.words.clone()}</span></li> })
        .collect_view();
    let backs = matches!(data.verb, Verb::RollBack | Verb::Abort);
    let main = view! {
        {padded(Head::new(t!("what-happens")), view! { <ul class="checks">{lines}</ul> })}
        {backs.then(|| evidence::view(rollout))}
    };
    let side = match reader.may_operate(target(rollout)) {
        Err(refusal) => {
            card(Head::new(label(data)), no_permission(text::refusal(&refusal), label(data)))
        }
        Ok(()) => padded(Head::new(label(data)), form_view(data, reader)),
    };
    view! { {head}{columns(main, side)} }.into_any()
}

/// The hidden fields that say what was seen.
pub(super) fn confirmed(data: &RolloutData) -> AnyView {
    let (revision, plan) = (data.rollout.revision.to_string(), data.plan_hash.clone());
    let key = data.key.clone();
    view! {
        <input type="hidden" name="revision" value=revision/>
        <input type="hidden" name="plan" value=plan/>
        <input type="hidden" name="key" value=key/>
    }
    .into_any()
}

fn form_view(data: &Data, reader: &Reader) -> AnyView {
    let object = paths::rollout(data.rollout.rollout.id);
    let service = data.rollout.rollout.plan.service.as_str();
    let confirm = Field {
        name: "confirm",
        label: t!("confirm-label", name = service),
        value: data.confirm.clone(),
        autocomplete: Some("off"),
        required: true,
        ..Field::default()
    };
    let emergency = Field {
        name: "emergency",
        label: t!("failover-emergency"),
        hint: Some(t!("failover-emergency-hint")),
        kind: Kind::Checkbox,
        value: if data.emergency { "on".to_owned() } else { String::new() },
        ..Field::default()
    };
    let hint = if data.grave { t!("reason-hint-needed") } else { t!("reason-hint") };
    let reason = Field {
        name: "reason",
        label: t!("reason"),
        hint: Some(hint),
        kind: Kind::Area(2),
        value: data.reason.clone(),
        required: data.grave,
        ..Field::default()
    };
    let weight = match data.verb {
        Verb::RollBack | Verb::Abort => Weight::Danger,
        Verb::Pause
        | Verb::Resume
        | Verb::Promote
        | Verb::PromoteFully
        | Verb::Undo
        | Verb::Retry
        | Verb::End => Weight::Primary,
    };
    let body = view! {
        {error_summary(mistakes_title(&data.mistakes), &data.mistakes)}
        {confirmed(&data.rollout)}
        {data.grave.then(|| field(confirm, &data.mistakes))}
        {data.loses().then(|| field(emergency, &data.mistakes))}
        {field(reason, &data.mistakes)}
        <div class="chips">
            {submit(weight, label(data))}
            {link_button(Weight::Plain, object.clone(), t!("keep-as-is"))}
        </div>
    };
    form(paths::action(&object, data.verb.name()), &reader.csrf, body)
}
