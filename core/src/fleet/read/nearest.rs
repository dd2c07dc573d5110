//! What the writer probably meant: the nearest known word.

use crate::id::{ID_MAX_BYTES, check_form};

/// Shortest beginning of a word that is enough to recognise it.
const BEGINNING_MIN_CHARS: usize = 4;

/// The candidate nearest to a word, when one is near enough to be meant: at most a third of the
/// word's letters differ (by Damerau and Levenshtein, so that swapped letters count once), or one
/// of the two begins with the other and no other candidate does.
pub fn nearest<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str> + Clone,
) -> Option<String> {
    if word.is_empty() || word.len() > ID_MAX_BYTES {
        return None;
    }
    let word = word.to_lowercase();
    let limit = (word.chars().count() / 3).max(1);
    let by_distance = candidates
        .clone()
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= limit * 4)
        .map(|candidate| {
            let distance = strsim::osa_distance(&word, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, _)| *distance <= limit)
        .min();
    if let Some((_, candidate)) = by_distance {
        return Some(candidate.to_owned());
    }
    let mut by_beginning = candidates.filter(|candidate| {
        let shorter = candidate.len().min(word.len());
        shorter >= BEGINNING_MIN_CHARS
            && (candidate.starts_with(&word) || word.starts_with(*candidate))
    });
    let only = by_beginning.next()?;
    by_beginning.next().is_none().then(|| only.to_owned())
}

/// The IANA zone nearest to a text: the same in other letters, the one of that city, or the one
/// spelt most alike.
pub(super) fn time_zone(text: &str) -> Option<String> {
    if text.len() > ID_MAX_BYTES {
        return None;
    }
    let wanted = text.trim().to_lowercase().replace(' ', "_");
    let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    let city = |name: &&str| {
        let name = name.to_lowercase();
        name == wanted || name.rsplit('/').next() == Some(wanted.as_str())
    };
    match names.clone().find(city) {
        Some(name) => Some(name.to_owned()),
        None => nearest(&wanted, names),
    }
}

/// A text made into an id, if enough of it is usable.
pub(super) fn as_id(text: &str) -> Option<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let id = words.collect::<Vec<_>>().join("-").to_lowercase();
    check_form(&id).is_ok().then_some(id)
}
