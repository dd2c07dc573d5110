//! `/dev/components`: every component in every state, to be looked at and tested.

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::status::{Status, Tally};

use crate::t;
use crate::text;
use crate::ui::badge::{badge, state};
use crate::ui::block::{callout, empty, failed, no_permission, verdict};
use crate::ui::button::{Weight, disabled, link_button, submit};
use crate::ui::card::{Head, card, key_values, padded};
use crate::ui::chart::{self, Point, Series};
use crate::ui::diff::diff;
use crate::ui::form::{Field, Kind, Mistake, error_summary, field, mistakes_title};
use crate::ui::glyph::{glyph, glyph_named};
use crate::ui::head::{PageHead, page_head};
use crate::ui::link::{Chip, Segment, chips, segments};
use crate::ui::marks::{marks_svg, one_mark, strip_size, strip_svg};
use crate::ui::raw;
use crate::ui::table::{Column, Sorted, bullet, table};
use crate::ui::time::{time, time_full, time_seconds};
use crate::ui::tone::Tone;

/// This page's own address, where the sample links lead.
const HERE: &str = crate::paths::DEV_COMPONENTS;

pub fn view() -> AnyView {
    let head = page_head(PageHead { title: t!("dev-title"), ..PageHead::default() });
    view! {
        {head}
        <div class="stack">
            <div class="g3">{forms()}{charts()}</div>
            {callouts()}
            <div class="g3">{states()}{mark_sizes()}{buttons()}{blocks()}</div>
            {card(Head::new(t!("dev-verdict")), sample_verdict())}
            <div class="g3">{choices()}{numbers()}{times()}</div>
            {sample_table()}
            {card(
                Head::new(t!("diff-label")),
                diff("a = 1\nb = 2\nc = 3\n", "a = 1\nb = 4\nc = 3\n"),
            )}
        </div>
    }
    .into_any()
}

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_144_327, 0).unwrap_or_default()
}

fn callouts() -> AnyView {
    let tones = [Tone::Crit, Tone::Warn, Tone::Unk, Tone::Plan, Tone::Prog, Tone::Ok];
    let lines = tones
        .into_iter()
        .map(|tone| {
            let action = link_button(Weight::Plain, HERE, t!("open"));
            callout(tone, t!("live-old-title"), t!("store-away"), Some(action))
        })
        .collect_view();
    view! { <div class="stack">{lines}</div> }.into_any()
}

fn states() -> AnyView {
    let words = Status::ALL.into_iter().map(|s| (Tone::from(s), text::status(s)));
    let rows = words
        .map(|(tone, word)| {
            let alone = glyph_named(tone, &word);
            let running = state(tone, word.clone());
            view! { <li class="chips">{alone}{running}{badge(tone, word)}</li> }
        })
        .collect_view();
    padded(Head::new(t!("col-state")), view! { <ul class="stack">{rows}</ul> })
}

fn mark_sizes() -> AnyView {
    let tallies = [
        [0, 0, 0, 0, 0, 2],
        [1, 1, 0, 0, 0, 2],
        [0, 0, 0, 2, 2, 5],
        [2, 0, 5, 0, 0, 10],
        [0, 1, 0, 0, 3, 20],
        [3, 0, 0, 0, 0, 397],
    ];
    let rows = tallies
        .into_iter()
        .map(Tally)
        .map(|tally| {
            let svg = marks_svg(&tally);
            let words = text::tally(&tally);
            view! { <li class="chips">{raw(svg)}<span class="second">{words}</span></li> }
        })
        .collect_view();
    let strips = [40, 110, 300, 2000]
        .into_iter()
        .map(|n| {
            let tally = Tally([2, 1, 3, 1, 2, n]);
            view! { <li>{raw(strip_svg(&tally, strip_size(tally.total())))}</li> }
        })
        .collect_view();
    let body = view! { <ul class="stack">{rows}</ul><ul class="stack">{strips}</ul> };
    padded(Head::new(t!("instances")), body)
}

fn buttons() -> AnyView {
    let reason = t!("replace-draining");
    let body = view! {
        <div class="chips">
            {link_button(Weight::Primary, HERE, t!("open"))}
            {link_button(Weight::Plain, HERE, t!("replace"))}
            {submit(Weight::Danger, t!("replace-do"))}
            <button class="btn sm">{t!("open")}</button>
            <button class="link">{t!("take-it")}</button>
        </div>
        <p>{disabled(t!("replace"), reason)}</p>
    };
    padded(Head::new(t!("dev-buttons")), body)
}

fn blocks() -> AnyView {
    let again = || Some(link_button(Weight::Plain, HERE, t!("live-try")));
    view! {
        {card(Head::new(t!("dev-empty")), empty(t!("need-none"), t!("attention-never"), again()))}
        {card(
            Head::new(t!("dev-error")),
            failed(t!("error-500"), t!("error-500-detail"), Some("7f3a-19c2"), again()),
        )}
        {card(Head::new(t!("dev-refused")), no_permission(t!("refusal-sign-in"), t!("replace")))}
    }
    .into_any()
}

fn sample_verdict() -> AnyView {
    let action = link_button(Weight::Plain, HERE, t!("open"));
    verdict(
        Tone::Warn,
        t!("overview-question"),
        t!("need-some", n = 3, count = "3").into_any(),
        t!("store-away").into_any(),
        Some(action),
    )
}

fn choices() -> AnyView {
    let segment = |label: String, current: bool| Segment { href: HERE.to_owned(), label, current };
    let chip = |status: Status, on: bool| Chip {
        href: HERE.to_owned(),
        mark: Some(raw(one_mark(status))),
        count: Some(text::number(12u32)),
        label: text::status(status).to_lowercase(),
        on,
        live: None,
    };
    let chosen = Status::ALL.into_iter().map(|s| chip(s, s == Status::Unknown)).collect();
    let body = view! {
        {segments(
            t!("view-label"),
            vec![segment(t!("view-matrix"), true), segment(t!("view-list"), false)],
        )}
        <p></p>
        {chips(t!("filter-status"), chosen)}
    };
    padded(Head::new(t!("dev-choices")), body)
}

fn numbers() -> AnyView {
    let bar = |tone: Tone, value: f64| bullet(tone, value, 30.0);
    let body = key_values(vec![
        (t!("col-memory"), text::bytes(48_300_000).into_any()),
        (t!("col-cpu"), text::cpu(124).into_any()),
        (t!("col-load"), bar(Tone::Ok, 4.0)),
        (t!("col-load"), bar(Tone::Crit, 372.0)),
    ]);
    padded(Head::new(t!("facts")), body)
}

fn times() -> AnyView {
    let earlier = at() - TimeDelta::hours(30);
    let body = key_values(vec![
        (t!("col-since"), time(earlier, at())),
        (t!("col-since"), time_seconds(at(), at())),
        (t!("problem-began"), time_full(earlier)),
        (t!("problem-lasted"), text::duration(at() - earlier).into_any()),
    ]);
    padded(Head::new(t!("col-since")), body)
}

fn sample_table() -> AnyView {
    let columns = vec![
        Column::new(t!("col-service")).sort(HERE, Some(Sorted::Ascending)),
        Column::new(t!("col-state")).sort(HERE, None),
        Column::number(t!("col-healthy")),
        Column::hidden(t!("open")),
    ];
    let rows = Status::ALL
        .into_iter()
        .map(|status| {
            let bad = (status == Status::Failing).then_some("bad");
            view! {
                <tr class=bad>
                    <th scope="row">{glyph(status)}" "{text::status(status)}</th>
                    <td data-l=t!("col-state")>{state(status, text::status(status))}</td>
                    <td class="num" data-l=t!("col-healthy")>{text::number(1204u32)}</td>
                    <td class="num"><a href=HERE>{t!("open")}</a></td>
                </tr>
            }
        })
        .collect_view();
    card(Head::new(t!("dev-table")), table(t!("dev-table"), columns, rows))
}

fn forms() -> AnyView {
    let mistakes = [Mistake::new("sample-reason", t!("dev-mistake"))];
    let reason = Field {
        name: "sample-reason",
        label: t!("reason"),
        hint: Some(t!("reason-hint")),
        kind: Kind::Area(2),
        value: "x".to_owned(),
        ..Field::default()
    };
    let name = Field { name: "sample-name", label: t!("filter-name"), ..Field::default() };
    let choice = Field {
        name: "sample-choice",
        label: t!("col-region"),
        kind: Kind::Select(vec![(String::new(), t!("filter-all"))]),
        ..Field::default()
    };
    let check =
        Field { name: "sample-check", label: t!("yes"), kind: Kind::Checkbox, ..Field::default() };
    let body = view! {
        <div class="form">
            {error_summary(mistakes_title(&mistakes), &mistakes)}
            {field(reason, &mistakes)}
            {field(name, &mistakes)}
            {field(choice, &mistakes)}
            {field(check, &mistakes)}
        </div>
    };
    padded(Head::new(t!("dev-form")), body)
}

fn charts() -> AnyView {
    let points = (0..60).map(|minute| Point {
        at: at() - TimeDelta::minutes(59 - minute),
        value: (!(30..36).contains(&minute)).then_some(40.0 + (minute % 7) as f64),
    });
    let series = Series { points: points.collect(), step_seconds: 60 };
    view! {
        {padded(Head::new(t!("dc-healthy")), chart::line(t!("col-healthy"), &series))}
        {padded(Head::new(t!("dc-healthy")), chart::line(t!("col-healthy"), &Series::default()))}
    }
    .into_any()
}
