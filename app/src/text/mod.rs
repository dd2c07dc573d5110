//! Words: every sentence of the console comes through here, from `i18n/`.
//!
//! Owns the loader, the thin macro [`t!`](crate::t) over the checked lookup (an id or argument
//! that the file does not have fails to compile), and how core types, numbers and times are said.

pub mod approval;
pub mod availability;
pub mod backup;
pub mod check;
mod number;
pub mod planned;
mod problem;
pub mod rollout;
pub mod runbook;
mod time;
mod words;

use std::borrow::Cow;
use std::sync::LazyLock;

use i18n_embed::fluent::{FluentLanguageLoader, fluent_language_loader};
use i18n_embed::{I18nAssets, LanguageLoader};

pub use chrono_tz::Tz;
pub use number::{bytes, cpu, number};
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
        ::i18n_embed_fl::fl!($crate::text::LOADER, $id $(, $name = $value)*)
    };
}

/// The loaded language. English is the only one so far and always there.
pub static LOADER: LazyLock<FluentLanguageLoader> = LazyLock::new(|| {
    let loader = fluent_language_loader!();
    loader
        .load_languages(&Embedded, std::slice::from_ref(loader.fallback_language()))
        .expect("the embedded language file is well formed, a test loads it");
    // The marks around arguments would break addresses and comparisons, and all text runs one way.
    loader.set_use_isolating(false);
    loader
});

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

/// The language files, inside the program.
struct Embedded;

impl I18nAssets for Embedded {
    fn get_files(&self, path: &str) -> Vec<Cow<'_, [u8]>> {
        match path {
            "en/mainstay-app.ftl" => {
                vec![Cow::Borrowed(include_bytes!("../../i18n/en/mainstay-app.ftl"))]
            }
            _ => Vec::new(),
        }
    }

    fn filenames_iter(&self) -> Box<dyn Iterator<Item = String> + '_> {
        Box::new(std::iter::once("en/mainstay-app.ftl".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_language_loads_without_isolation_marks() {
        assert_eq!(t!("status-healthy"), "Healthy");
        assert_eq!(t!("problem-silent", dc = "fra1"), "fra1 is silent");
        assert_eq!(t!("nav-count", n = 1, count = "1"), "1 problem");
    }
}
