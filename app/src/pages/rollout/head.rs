//! The head of a rollout's page: what it is, the action slot, and the callout.
//!
//! Invariant: the slot stands first in its cluster and never changes its meaning; what is not
//! possible is disabled with the reason beside it.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::judge::{Judgement, Metric, Verdict};
use mainstay_core::rollout::{Ease, Ending, Position, Rollout, State, StopReason, WARM};
use serde::Serialize;
use utoipa::ToSchema;

use super::act::Verb;
use super::{Data, Entry, Input, RolloutHead, position, target};
use crate::pages::Reader;
use crate::pages::planned::of_event;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::badge;
use crate::ui::block;
use crate::ui::glyph::{Icon, icon};
use crate::ui::head::{PageHead, page_head_of};
use crate::ui::time::time;
use crate::ui::tone::Tone;

/// What the one large button does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Slot {
    /// Takes everything back; `review`: not with one click, for something is lost or missing.
    RollBack { to: String, review: bool },
    /// It is on the way back.
    Going { to: String },
    /// Goes back to where it was taken from; `share` in words.
    Undo { share: String, until: DateTime<Utc> },
    /// Nothing can be done here any more.
    Nothing { why: String },
}

/// The sentence above everything.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Callout {
    #[schema(value_type = String)]
    pub tone: Tone,
    pub strong: String,
    pub detail: String,
    pub href: Option<String>,
    pub link: String,
}

pub(super) fn slot(input: &Input<'_>) -> Slot {
    let Input { rollout, estate, .. } = input;
    let plan = &rollout.plan;
    let back = || match &input.evidence.ease {
        Ease::OneClick => Slot::RollBack { to: plan.from.clone(), review: false },
        Ease::Review | Ease::SecondPerson => Slot::RollBack { to: plan.from.clone(), review: true },
        Ease::Disabled { why } => Slot::Nothing { why: text::sentence(why) },
    };
    match &rollout.state {
        State::Preparing { .. }
        | State::Testing { .. }
        | State::Shifting { .. }
        | State::Watching { .. }
        | State::Paused { .. }
        | State::Promoted { .. } => back(),
        State::RollingBack { .. } => Slot::Going { to: plan.from.clone() },
        State::RolledBack { undo_until, was, .. } if *undo_until > estate.at => {
            Slot::Undo { share: share_of(rollout, *was), until: *undo_until }
        }
        State::RolledBack { .. } => Slot::Nothing { why: t!("slot-undo-over") },
        State::Ended { outcome: Ending::Promoted, .. } => {
            let release = estate.releases.stable(&estate.fleet, &plan.service);
            match release.filter(|release| release.rollout == Some(rollout.id)) {
                Some(_) => back(),
                None => Slot::Nothing { why: t!("slot-newer") },
            }
        }
        State::Ended { outcome: Ending::RolledBack { .. }, .. } => {
            Slot::Nothing { why: t!("slot-rolled-back", version = plan.from.as_str()) }
        }
    }
}

fn share_of(rollout: &Rollout, was: Option<Position>) -> String {
    let weight = was.map_or(mainstay_core::routing::WEIGHT_TOTAL, |at| rollout.plan.share(at.step));
    text::rollout::weight(weight)
}

pub(super) fn note(input: &Input<'_>) -> String {
    let Input { rollout, estate, .. } = input;
    let plan = &rollout.plan;
    let at = text::moment(rollout.started_at, estate.at);
    let by = rollout.started_by.as_str();
    let mut note = match &plan.change {
        Some(change) => t!("rollout-started-change", at = at, by = by, change = change.as_str()),
        None => t!("rollout-started", at = at, by = by),
    };
    if plan.hotfix {
        note = format!("{note} {}", t!("rollout-hotfix"));
    }
    if let (Some(at), false) = (position(&rollout.state), rollout.is_over()) {
        let regions = plan.waves.get(usize::from(at.wave)).map(|wave| &wave.regions);
        let regions = text::list(regions.into_iter().flatten().map(|region| region.as_str()));
        let (wave, waves) = (u64::from(at.wave) + 1, plan.waves.len() as u64);
        let wave = t!(
            "rollout-wave",
            wave = text::number(wave),
            waves = text::number(waves),
            regions = regions
        );
        note = format!("{note} {wave}");
    }
    note
}

/// How often users' requests failed on both versions, as odds.
pub(super) fn odds(input: &Input<'_>, judgement: Option<&Judgement>) -> Option<String> {
    let plan = &input.rollout.plan;
    let errors = judgement?.metrics.iter().find(|metric| metric.metric == Metric::Errors)?;
    let new = text::rollout::odds(&plan.to, errors.canary_events, errors.canary_requests);
    let old = text::rollout::odds(&plan.from, errors.stable_events, errors.stable_requests);
    (errors.canary_requests > 0).then(|| t!("rollout-odds", new = new, old = old))
}

pub(super) fn callout(input: &Input<'_>, judgement: Option<&Judgement>) -> Option<Callout> {
    let rollout = input.rollout;
    let plan = &rollout.plan;
    let odds = odds(input, judgement);
    let numbers = || (Some(paths::rollout_metric(rollout.id, "errors")), t!("rollout-numbers"));
    let nothing = || (None, String::new());
    let (tone, strong, detail, (href, link)) = match &rollout.state {
        State::Preparing { .. } | State::Testing { .. } | State::Shifting { .. } => return None,
        State::Watching { .. } => {
            let verdict = judgement.map_or(Verdict::NoData, |judgement| judgement.verdict);
            (text::rollout::verdict(verdict).0, odds?, watching(verdict), numbers())
        }
        State::Paused { why, .. } => {
            let (why, next) = (text::rollout::pause_reason(why), text::rollout::pause_next(why));
            match odds {
                Some(odds) => (Tone::Warn, odds, format!("{why} {next}"), numbers()),
                None => (Tone::Warn, why, next, nothing()),
            }
        }
        State::Promoted { warm_until, .. } => {
            let at = text::moment(*warm_until, input.estate.at);
            let strong = t!("rollout-all-on", version = plan.to.as_str());
            let warm = t!("rollout-warm", version = plan.from.as_str(), at = at);
            (Tone::Ok, strong, warm, nothing())
        }
        State::RollingBack { why, .. } => {
            (Tone::Warn, text::rollout::stop_reason(why), going(input), nothing())
        }
        State::RolledBack { at, why, .. } => back(input, *at, why),
        State::Ended { at, outcome: Ending::RolledBack { why } } => back(input, *at, why),
        State::Ended { at, outcome: Ending::Promoted } => {
            let took = text::duration(*at - rollout.started_at);
            let strong = t!("rollout-took", version = plan.to.as_str(), time = took);
            (Tone::Ok, strong, impact(input), nothing())
        }
    };
    Some(Callout { tone, strong, detail, href, link })
}

fn watching(verdict: Verdict) -> String {
    match verdict {
        Verdict::Pass => t!("watching-pass"),
        Verdict::Fail => t!("watching-fail"),
        Verdict::Undecided => t!("watching-undecided"),
        Verdict::NoData => t!("watching-no-data"),
        Verdict::NotMeasured => t!("watching-not-measured"),
    }
}

/// How far the way back is, by what the edges say.
fn going(input: &Input<'_>) -> String {
    let connected = input.edges.values().filter(|edge| edge.connected);
    let (done, all) = connected.fold((0u64, 0u64), |(done, all), edge| {
        let has = edge.carries(&input.rollout.plan.service, input.rollout.routing_revision);
        (done + u64::from(has), all + 1)
    });
    let edges = t!("rollout-acknowledged", done = text::number(done), all = text::number(all));
    let requests = |stretch: &&super::Stretch| {
        stretch.canary.as_ref().is_some_and(|counts| counts.requests > 0)
    };
    match input.counts.stretches.iter().rev().find(requests) {
        Some(last) => {
            let at = text::clock_seconds(last.at, input.estate.at);
            let version = input.rollout.plan.to.as_str();
            format!("{edges} {}", t!("rollout-last-request", version = version, at = at))
        }
        None => edges,
    }
}

type Parts = (Tone, String, String, (Option<String>, String));

fn back(input: &Input<'_>, at: DateTime<Utc>, why: &StopReason) -> Parts {
    let plan = &input.rollout.plan;
    let version = plan.from.as_str();
    let strong = match began_back(input.entries) {
        Some(began) => {
            let end = input
                .entries
                .iter()
                .find(|entry| entry.at >= began && matches!(entry.state, State::RolledBack { .. }));
            let took = end.map_or(at, |end| end.at) - began;
            t!("rollout-back-in", time = text::duration(took), version = version)
        }
        None => t!("rollout-back", version = version),
    };
    let quarantine = input.estate.releases.quarantine(&plan.service, &plan.to).is_some();
    let why = text::rollout::stop_reason(why);
    let impact = impact(input);
    if quarantine {
        let held = t!("rollout-quarantined", version = plan.to.as_str());
        let link = (Some(paths::QUARANTINE.to_owned()), t!("nav-quarantine"));
        return (Tone::Warn, strong, format!("{why} {impact} {held}"), link);
    }
    (Tone::Warn, strong, format!("{why} {impact}"), (None, String::new()))
}

fn began_back(entries: &[Entry]) -> Option<DateTime<Utc>> {
    let back = |entry: &&Entry| matches!(entry.state, State::RollingBack { .. });
    entries.iter().rev().find(back).map(|entry| entry.at)
}

/// What users saw of the new version, all in all.
fn impact(input: &Input<'_>) -> String {
    let canary = input.counts.stretches.iter().filter_map(|stretch| stretch.canary.as_ref());
    let (requests, errors) = canary.fold((0, 0), |(requests, errors), counts| {
        (requests + counts.requests, errors + counts.errors)
    });
    if requests == 0 {
        return String::new();
    }
    t!(
        "rollout-impact",
        version = input.rollout.plan.to.as_str(),
        errors = text::number(errors),
        requests = text::number(requests)
    )
}

pub(super) fn view(data: &Data, reader: &Reader) -> AnyView {
    let plan = &data.rollout.plan;
    let (tone, word) = (data.tone, data.word.clone());
    let versions = format!("{} → {}", plan.from, plan.to);
    let id = data.rollout.id;
    let badge = view! {
        <span class="second versions">{versions}</span>
        <span data-swap="badge">{badge(tone, word)}</span>
    };
    let mut crumbs = RolloutHead::of(&data.rollout).crumbs();
    crumbs.pop();
    page_head_of(
        id.to_string(),
        PageHead {
            title: plan.service.to_string(),
            crumbs,
            badge: Some(badge.into_any()),
            note: Some(
                view! {
                    <span data-swap="note">{data.note.clone()}</span>
                    {data.event.map(of_event)}
                }
                .into_any(),
            ),
            actions: Some(actions(data, reader)),
        },
    )
}

pub(super) fn callout_view(data: &Data) -> Option<AnyView> {
    let Callout { tone, strong, detail, href, link } = data.callout.clone()?;
    let link = href.map(|href| view! { <a href=href>{link}</a> }.into_any());
    Some(block::callout(tone, strong, detail, link))
}

/// The slot, then what else can be done, 16 px apart.
fn actions(data: &Data, reader: &Reader) -> AnyView {
    let refusal = reader.may_operate(target(data)).err().map(|refusal| text::refusal(&refusal));
    let (first, more) = Verb::offered(&data.rollout);
    let second = first.map(|verb| secondary(data, reader, verb, refusal.as_deref()));
    let more = (!more.is_empty() && refusal.is_none()).then(|| menu(data, more));
    view! {
        <div data-swap="slot" class="slot" id="slot-action" tabindex="-1">
            {slot_view(data, reader, refusal.as_deref())}
        </div>
        <div data-swap="actions" class="others">{second}{more}</div>
    }
    .into_any()
}

fn slot_view(data: &Data, reader: &Reader, refusal: Option<&str>) -> AnyView {
    let disabled = |label: String, why: String| {
        view! {
            <button class="btn lg" disabled>{label}</button>
            <small>{why}</small>
        }
        .into_any()
    };
    let path = paths::rollout(data.rollout.id);
    match &data.slot {
        Slot::RollBack { to, .. } if refusal.is_some() => {
            disabled(Verb::RollBack.label(to), refusal.unwrap_or_default().to_owned())
        }
        Slot::RollBack { to, review: false } => {
            let undo = t!("slot-undo-for", time = text::duration(WARM));
            view! {
                {one_click(data, reader, Verb::RollBack, "btn crit lg", Verb::RollBack.label(to))}
                <small>{t!("slot-at-once")}<br/>{undo}</small>
            }
            .into_any()
        }
        Slot::RollBack { to, review: true } => {
            let href = paths::action(&path, Verb::RollBack.name());
            let label = t!("slot-roll-back-review", version = to.as_str());
            view! {
                <a class="btn crit lg" href=href data-slot-button>
                    {icon(Icon::Undo)}
                    {label}
                </a>
                <small>{t!("slot-review")}</small>
            }
            .into_any()
        }
        Slot::Going { to } => {
            disabled(t!("rollout-rolling-back", version = to.as_str()), t!("slot-going"))
        }
        Slot::Undo { .. } if refusal.is_some() => {
            disabled(t!("slot-undo-word"), refusal.unwrap_or_default().to_owned())
        }
        Slot::Undo { share, until } => {
            let label = t!("slot-undo", share = share.as_str());
            view! {
                {one_click(data, reader, Verb::Undo, "btn lg", label)}
                <small>{t!("slot-undo-until")}" "{time(*until, data.at)}" UTC"</small>
            }
            .into_any()
        }
        Slot::Nothing { why } => {
            disabled(Verb::RollBack.label(&data.rollout.plan.from), why.clone())
        }
    }
}

/// A form of one button that says what was seen: the revision, the plan and a key of its own.
fn one_click(
    data: &Data,
    reader: &Reader,
    verb: Verb,
    class: &'static str,
    label: String,
) -> AnyView {
    let action = paths::action(&paths::rollout(data.rollout.id), verb.name());
    let (csrf, fields) = (reader.csrf.clone(), super::act::confirmed(data));
    let marked = matches!(verb, Verb::RollBack | Verb::Undo);
    let picture = marked.then(|| icon(Icon::Undo));
    let plan = &data.rollout.plan;
    let sending = match verb {
        Verb::RollBack => t!("rollout-rolling-back", version = plan.from.as_str()),
        Verb::Undo => t!("slot-undoing"),
        Verb::Pause
        | Verb::Resume
        | Verb::Promote
        | Verb::PromoteFully
        | Verb::Abort
        | Verb::Retry
        | Verb::End => t!("slot-sent"),
    };
    view! {
        <form
            method="post"
            action=action
            class="inline"
            data-once=marked
            data-sending=sending
            data-unsure=t!("slot-unsure")
            data-early=t!("slot-early")
        >
            <input type="hidden" name="csrf" value=csrf/>
            {fields}
            <button class=class data-slot-button=marked>{picture}{label}</button>
        </form>
    }
    .into_any()
}

fn secondary(data: &Data, reader: &Reader, verb: Verb, refusal: Option<&str>) -> AnyView {
    let label = verb.label(&data.rollout.plan.to);
    match refusal {
        Some(why) => view! {
            <div>
                <button class="btn lg" disabled>{label}</button>
                <small>{why.to_owned()}</small>
            </div>
        }
        .into_any(),
        None => {
            let small = verb.small(&data.rollout.state);
            view! {
                <div>
                    {one_click(data, reader, verb, "btn lg", label)}
                    {small.map(|small| view! { <small>{small}</small> })}
                </div>
            }
            .into_any()
        }
    }
}

/// What else can be done: links to review pages.
fn menu(data: &Data, verbs: Vec<Verb>) -> AnyView {
    let path = paths::rollout(data.rollout.id);
    let items = verbs
        .iter()
        .map(|verb| {
            let href = paths::action(&path, verb.name());
            let label = t!("opens", label = verb.label(&data.rollout.plan.to));
            view! { <li><a href=href>{label}</a></li> }
        })
        .collect_view();
    view! {
        <details class="menu">
            <summary class="btn lg" aria-label=t!("more-actions")>{icon(Icon::More)}</summary>
            <ul>{items}</ul>
        </details>
    }
    .into_any()
}
