//! Pipeline sources: who may report of pipelines ([`list`]), and one of them with its messages and
//! how to set it up ([`one`]).

pub mod list;
pub mod one;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::pipeline::{Format, Refused, Source};

use crate::t;
use crate::ui::time::time;
use crate::ui::tone::Tone;

/// The name of a format; names stay what they are.
pub fn format(format: Format) -> String {
    match format {
        Format::Github => "GitHub".to_owned(),
        Format::Gitlab => "GitLab".to_owned(),
        Format::Generic => t!("pipeline-format-generic"),
    }
}

/// Why a message was not taken.
pub fn refused(refused: Refused) -> String {
    match refused {
        Refused::Signature => t!("pipeline-refused-signature"),
        Refused::Stale => t!("pipeline-refused-stale"),
        Refused::Malformed => t!("pipeline-refused-malformed"),
        Refused::Elsewhere => t!("pipeline-refused-elsewhere"),
        Refused::TooMany => t!("pipeline-refused-many"),
    }
}

/// How a source does: its look and its word.
pub fn standing(source: &Source) -> (Tone, String) {
    let refused_last = source.refused_at > source.accepted_at;
    match (source.accepted_at, refused_last) {
        (_, true) => (Tone::Warn, t!("pipeline-state-refused")),
        (Some(_), false) => (Tone::Ok, t!("pipeline-state-heard")),
        (None, false) => (Tone::Unk, t!("pipeline-state-silent")),
    }
}

/// When one was refused last, and why.
fn last_refused(source: &Source, now: DateTime<Utc>) -> AnyView {
    match (source.refused_at, source.refused) {
        (Some(at), Some(why)) => view! { {time(at, now)}": "{refused(why)} }.into_any(),
        (Some(_) | None, _) => t!("pipeline-never").into_any(),
    }
}

fn last_accepted(source: &Source, now: DateTime<Utc>) -> AnyView {
    match source.accepted_at {
        Some(at) => time(at, now),
        None => t!("pipeline-never").into_any(),
    }
}

/// The repositories that a source may speak of.
fn below(source: &Source) -> String {
    source.below.as_ref().map_or_else(|| t!("pipeline-below-all"), ToString::to_string)
}
