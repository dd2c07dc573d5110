//! The step track: what is done, what goes on and how far, what is to come.

use leptos::prelude::*;
use serde::Serialize;

use crate::ui::glyph::glyph;
use crate::ui::raw;
use crate::ui::tone::Tone;

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Address of its page.
    pub href: Option<String>,
    /// `Step 3`.
    pub name: String,
    /// `25%`.
    pub big: String,
    /// `20 min watch`.
    pub small: String,
    /// `passed 02:46`; kept on one line.
    pub when: String,
    pub place: Place,
}

/// Where a step stands in the course of things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Behind; the look says how it ended.
    Done(Tone),
    /// Goes on or stands still, so many percent of its time gone.
    Now(Tone, u8),
    /// To come.
    Next,
}

/// The steps in a row; on narrow screens one under the other.
pub fn track(label: impl Into<String>, steps: Vec<Step>) -> AnyView {
    let label = label.into();
    view! {
        <ol class="track" aria-label=label>{steps.into_iter().map(item).collect_view()}</ol>
    }
    .into_any()
}

fn item(step: Step) -> AnyView {
    let Step { href, name, big, small, when, place } = step;
    let (class, tone, filled) = match place {
        Place::Done(tone) => (format!("done {}", tone.class()), Some(tone), 100),
        Place::Now(tone, percent) => (format!("now {}", tone.class()), Some(tone), percent),
        Place::Next => ("next".to_owned(), None, 0),
    };
    let current = matches!(place, Place::Now(..)).then_some("step");
    let name = match href {
        Some(href) => view! { <a class="quiet" href=href>{name}</a> }.into_any(),
        None => name.into_any(),
    };
    let comma = if small.is_empty() || when.is_empty() { "" } else { ", " };
    // No inline style is allowed, and the width of a rectangle is an attribute.
    let fill = format!(
        r#"<svg class="fill" aria-hidden="true"><rect width="{filled}%" height="100%"/></svg>"#
    );
    view! {
        <li class=class aria-current=current>
            <span class="n">{tone.map(glyph)}{name}</span>
            <div class="w">{big}</div>
            <div class="x">{small}{comma}<span class="nowrap">{when}</span></div>
            {raw(fill)}
        </li>
    }
    .into_any()
}

/// The same in 8 px: one bar for each step, for lists. `label` says it in words.
pub fn bar(label: &str, places: &[Place]) -> AnyView {
    let label = crate::ui::escape(label);
    let count = places.len().max(1) as f64;
    let width = 100.0 / count;
    let mut svg = format!(r#"<svg class="sbar" role="img" aria-label="{label}">"#);
    for (at, place) in places.iter().enumerate() {
        let x = width * at as f64;
        let rect = |class: &str, width: f64| {
            format!(r#"<rect class="{class}" x="{x:.1}%" width="{width:.1}%" height="8"/>"#)
        };
        // A fortieth of a bar stays free between two.
        let whole = width * 0.975;
        svg.push_str(&rect("f-none", whole));
        match place {
            Place::Done(tone) => svg.push_str(&rect(&format!("f-{}", tone.class()), whole)),
            Place::Now(tone, percent) => {
                let part = whole * f64::from(*percent) / 100.0;
                svg.push_str(&rect(&format!("f-{}", tone.class()), part.max(whole * 0.15)));
            }
            Place::Next => {}
        }
    }
    svg.push_str("</svg>");
    raw(svg)
}
