//! The language of what is said: a property of the work on one answer, not of the program.
//!
//! Owns the loaded files, the choice from `Accept-Language` and the language of the moment, which
//! [`speak`] sets on this thread for as long as one function runs. Invariants: it is given back
//! whatever happens in there, a panic included, so no work hears the language of another; outside
//! of it English is spoken. What a language lacks is said in English.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::LazyLock;

use i18n_embed::fluent::{FluentLanguageLoader, NegotiationStrategy, fluent_language_loader};
use i18n_embed::unic_langid::LanguageIdentifier;
use i18n_embed::{I18nAssets, LanguageLoader};
use mainstay_core::access::Language;

/// Languages of an `Accept-Language` that are looked at; browsers send fewer than ten.
const ASKED_MAX: usize = 32;

thread_local! {
    static SPOKEN: Cell<Language> = const { Cell::new(Language::English) };
}

/// Runs `work`, and says everything in it in this language.
pub fn speak<T>(language: Language, work: impl FnOnce() -> T) -> T {
    let _before = Before(SPOKEN.replace(language));
    work()
}

/// The language spoken now.
pub fn language() -> Language {
    SPOKEN.get()
}

/// The name of a language in that language, for whoever looks for it.
pub const fn language_name(language: Language) -> &'static str {
    match language {
        Language::English => "English",
        Language::Italian => "Italiano",
        Language::Russian => "Русский",
    }
}

/// The language that suits an `Accept-Language` best: by its weights (RFC 9110, 12.5.4), then by
/// its order; English when none does.
pub fn asked(accept: &str) -> Language {
    let mut ranges: Vec<_> = accept.split(',').take(ASKED_MAX).filter_map(range).collect();
    ranges.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let tags: Vec<_> = ranges.into_iter().map(|(tag, _)| tag).collect();
    let chosen = LOADED.select_languages_negotiate(&tags, NegotiationStrategy::Lookup);
    Language::from_tag(chosen.current_language().language.as_str()).unwrap_or_default()
}

/// `it-IT;q=0.8`: a language and its weight. `None`: not one, or one that is not wanted.
fn range(text: &str) -> Option<(LanguageIdentifier, f32)> {
    let (tag, rest) = text.split_once(';').unwrap_or((text, ""));
    let weight = match rest.trim().strip_prefix("q=") {
        Some(weight) => weight.trim().parse().ok().filter(|q| (0.0..=1.0).contains(q))?,
        None => 1.0,
    };
    let tag = tag.trim().parse().ok()?;
    (weight > 0.0).then_some((tag, weight))
}

/// What was spoken before; spoken again once this is dropped.
struct Before(Language);

impl Drop for Before {
    fn drop(&mut self) {
        SPOKEN.set(self.0);
    }
}

/// All files.
static LOADED: LazyLock<FluentLanguageLoader> = LazyLock::new(|| {
    let loader = fluent_language_loader!();
    loader
        .load_languages(&Embedded, &Language::ALL.map(identifier))
        .expect("the embedded language files are well formed, a test loads them");
    // The marks around arguments would break addresses and comparisons, and all text runs one way.
    loader.set_use_isolating(false);
    loader
});

/// One view of the files for each language, with English behind it.
static LOADERS: LazyLock<PerLanguage<FluentLanguageLoader>> =
    LazyLock::new(|| PerLanguage::of(|language| LOADED.select_languages(&[identifier(language)])));

/// Where [`t!`](crate::t) finds its words now.
pub fn loader() -> &'static FluentLanguageLoader {
    LOADERS.spoken()
}

/// Something that was made of each language.
pub(super) struct PerLanguage<T>([T; Language::ALL.len()]);

impl<T> PerLanguage<T> {
    pub(super) fn of(make: impl FnMut(Language) -> T) -> Self {
        Self(Language::ALL.map(make))
    }

    /// That of the language spoken now.
    pub(super) fn spoken(&self) -> &T {
        let [english, italian, russian] = &self.0;
        match language() {
            Language::English => english,
            Language::Italian => italian,
            Language::Russian => russian,
        }
    }
}

fn identifier(language: Language) -> LanguageIdentifier {
    language.tag().parse().expect("the tags of languages are well formed")
}

/// The language files, inside the program.
struct Embedded;

impl Embedded {
    const fn file(language: Language) -> &'static [u8] {
        match language {
            Language::English => include_bytes!("../../i18n/en/mainstay-app.ftl"),
            Language::Italian => include_bytes!("../../i18n/it/mainstay-app.ftl"),
            Language::Russian => include_bytes!("../../i18n/ru/mainstay-app.ftl"),
        }
    }
}

impl I18nAssets for Embedded {
    fn get_files(&self, path: &str) -> Vec<Cow<'_, [u8]>> {
        let language = path.strip_suffix("/mainstay-app.ftl").and_then(Language::from_tag);
        language.map(|language| Cow::Borrowed(Self::file(language))).into_iter().collect()
    }

    fn filenames_iter(&self) -> Box<dyn Iterator<Item = String> + '_> {
        Box::new(Language::ALL.iter().map(|it| format!("{}/mainstay-app.ftl", it.tag())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::t;

    #[test]
    fn languages_load_without_isolation_marks() {
        assert_eq!(t!("status-healthy"), "Healthy");
        assert_eq!(t!("problem-silent", dc = "fra1"), "fra1 is silent");
        assert_eq!(t!("nav-count", n = 1, count = "1"), "1 problem");
        for language in Language::ALL {
            let said = speak(language, || t!("problem-silent", dc = "fra1"));
            assert!(said.contains("fra1") && !said.contains('\u{2068}'), "{said}");
        }
    }

    #[test]
    fn a_language_is_spoken_within_its_work_and_no_further() {
        let healthy = || t!("status-healthy");
        let english = healthy();
        let (outer, inner, again) =
            speak(Language::Russian, || (healthy(), speak(Language::Italian, healthy), healthy()));
        assert_eq!(outer, again, "the inner one is over");
        assert_ne!(outer, inner);
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let panicked = std::panic::catch_unwind(|| speak(Language::Russian, || panic!("inside")));
        std::panic::set_hook(hook);
        assert!(panicked.is_err());
        assert_eq!((language(), healthy()), (Language::English, english));
    }

    #[test]
    fn browsers_get_the_language_they_want_most() {
        use Language::{English, Italian, Russian};
        for (accept, language) in [
            ("", English),
            ("*", English),
            ("ru", Russian),
            ("RU-ru", Russian),
            ("it-IT,it;q=0.9,en-US;q=0.8,en;q=0.7", Italian),
            ("it-CH", Italian),
            ("de-DE, fr;q=0.9", English),
            ("de, ru;q=0.3, it;q=0.5", Italian),
            ("en;q=0.2, ru;q=0.9", Russian),
            ("ru;q=0, it;q=0.1", Italian),
            ("ru;q=0", English),
            ("ru; q=0.5 , it ; q=0.6", Italian),
            ("it;q=2, ru;q=x, en-GB;q=0.1", English),
            (";;;,,=", English),
        ] {
            assert_eq!(asked(accept), language, "{accept}");
        }
    }
}
