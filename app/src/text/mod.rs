//! Words: every sentence of the console comes through here, from `i18n/`.
//!
//! Owns the language of the moment ([`speak`]), the thin macro [`t!`](crate::t) over the checked
//! lookup (an id or argument that the English file does not have fails to compile), and how core
//! types, numbers and times are said.

pub mod approval;
pub mod availability;
pub mod backup;
pub mod check;
mod language;
pub mod notify;
mod number;
pub mod planned;
mod problem;
pub mod rollout;
pub mod runbook;
mod time;
mod words;

pub use chrono_tz::Tz;
pub use language::{asked, language, language_name, loader, speak};
pub use number::{bytes, cpu, decimal, number};
pub(crate) use number::{marked, trimmed};
pub use problem::{problem_detail, problem_title};
pub use time::{
    ListZone, clock, clock_in, clock_seconds, clock_seconds_in, date_clock, day, duration, full,
    iso, list_zone, local_clock, minutes, moment, month_name, read_moment, weekday_day, zone_city,
};
pub use words::{
    cause, contact, known, list, need, refusal, role, roles, scope, state, status, status_count,
    tally, vendor,
};

/// Says a sentence: `t!("id")` or `t!("id", name = value)`.
#[macro_export]
macro_rules! t {
    ($id:literal $(, $name:ident = $value:expr)* $(,)?) => {
        ::i18n_embed_fl::fl!($crate::text::loader(), $id $(, $name = $value)*)
    };
}

/// A reason as a sentence of its own: `it was late` becomes `It was late.`
pub fn sentence(reason: &impl std::fmt::Display) -> String {
    let text = reason.to_string();
    let mut letters = text.chars();
    let Some(first) = letters.next() else { return text };
    // An id or a version keeps its form.
    let word = text.split(' ').next().unwrap_or_default();
    let plain = word.chars().all(|c| c.is_ascii_lowercase());
    let first = if plain { first.to_uppercase().to_string() } else { first.to_string() };
    let stop = if text.ends_with(['.', '…']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}
