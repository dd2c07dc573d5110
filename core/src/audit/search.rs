//! What somebody looks for in words: each has to be in an entry.

/// Most words that are looked for at a time.
pub const WORDS_MAX: usize = 16;

/// The words of what was written, at blanks: `store-web` stays one, whose parts are to stand one
/// behind the other. `None`: there is nothing to look for, or too much.
pub fn words(written: &str) -> Option<Vec<String>> {
    let written = written.replace('\0', " ");
    let words = written.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric));
    let words: Vec<_> = words.map(str::to_owned).collect();
    (!words.is_empty() && words.len() <= WORDS_MAX).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_parted_at_blanks_and_have_a_letter_or_a_digit() {
        for (written, found) in [
            ("store-web refused", &["store-web", "refused"] as &[&str]),
            (" /services/feed-api  2.14.0 ", &["/services/feed-api", "2.14.0"]),
            ("'); DROP TABLE x; --", &["DROP", "TABLE", "x;"]),
            ("a & b | !c:* <-> d", &["a", "b", "!c:*", "d"]),
            ("склад хлеб", &["склад", "хлеб"]),
            ("a\0b", &["a", "b"]),
        ] {
            assert_eq!(words(written).unwrap_or_default(), found, "{written}");
        }
        for nothing in ["", "  ", "& | !", "'\"", "\0"] {
            assert_eq!(words(nothing), None, "{nothing:?}");
        }
        assert_eq!(words(&"a ".repeat(WORDS_MAX)).map(|words| words.len()), Some(WORDS_MAX));
        assert_eq!(words(&"a ".repeat(WORDS_MAX + 1)), None);
    }
}
