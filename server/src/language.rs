//! The language of an answer: whose choice it is, and how it lasts until the answer is made.

use std::future::poll_fn;
use std::pin::pin;

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;
use mainstay_app::live::LANGUAGE_HEADER;
use mainstay_app::text::{asked, speak};
use mainstay_core::access::Language;

use crate::guard::{wants_json, wants_live};
use crate::viewer::Viewer;

/// People read what their profile says, else what their browser asks for; a page that asks for
/// its values names its own language; programs read English.
pub fn of(viewer: Option<&Viewer>, path: &str, headers: &HeaderMap) -> Language {
    if wants_live(headers) {
        let page = headers.get(LANGUAGE_HEADER).and_then(|tag| tag.to_str().ok());
        if let Some(language) = page.and_then(Language::from_tag) {
            return language;
        }
    } else if wants_json(path, headers) {
        return Language::English;
    }
    let chosen = viewer.and_then(|viewer| viewer.preferences.language);
    chosen.unwrap_or_else(|| {
        let lines = headers.get_all(ACCEPT_LANGUAGE).iter();
        let lines: Vec<_> = lines.filter_map(|line| line.to_str().ok()).collect();
        asked(&lines.join(","))
    })
}

/// Does `work`, and says everything in it in this language. It is set whenever the work goes on
/// and given back whenever it waits, so other work on the same thread hears nothing of it.
pub async fn speaking<F: Future>(language: Language, work: F) -> F::Output {
    let mut work = pin!(work);
    poll_fn(|context| speak(language, || work.as_mut().poll(context))).await
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::{ACCEPT, AUTHORIZATION};
    use mainstay_app::text::language;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn programs_read_english_and_pages_their_own_language() {
        use Language::{English, Italian, Russian};
        let accept = ACCEPT.as_str();
        let live = (accept, mainstay_app::live::CONTENT_TYPE);
        let russian = ("accept-language", "ru");
        for (path, pairs, expected) in [
            ("/", vec![russian], Russian),
            ("/", vec![], English),
            ("/", vec![("accept-language", "de;q=0.5"), ("accept-language", "it;q=0.4")], Italian),
            ("/api/v1/fleet", vec![russian], English),
            ("/", vec![russian, (accept, "application/json")], English),
            ("/", vec![russian, (AUTHORIZATION.as_str(), "Bearer mat_a")], English),
            ("/", vec![russian, live], Russian),
            ("/", vec![russian, live, (LANGUAGE_HEADER, "it")], Italian),
            ("/", vec![russian, live, (LANGUAGE_HEADER, "tlh")], Russian),
        ] {
            assert_eq!(of(None, path, &headers(&pairs)), expected, "{path} {pairs:?}");
        }
    }

    #[tokio::test]
    async fn a_language_lasts_over_waits_and_stays_with_its_work() {
        let work = |own| async move {
            for _ in 0..3 {
                assert_eq!(language(), own);
                tokio::task::yield_now().await;
            }
        };
        // Both on this one thread, a step each in turn.
        let [italian, russian] = [Language::Italian, Language::Russian];
        let both = (speaking(italian, work(italian)), speaking(russian, work(russian)));
        tokio::join!(both.0, both.1, work(Language::English));
    }
}
