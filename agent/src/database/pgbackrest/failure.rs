//! What an exit of pgBackRest means. Source: `src/build/error/error.yaml` of pgBackRest 2.45, and
//! what was met with real repositories.

use mainstay_core::backup::job::{Cause, Failure};

use crate::database::run::Said;
use crate::database::sql::short;

/// Stands before the code of an error, wherever it is told.
const ERROR: &str = "ERROR: [";

/// The failure that an exit other than 0 tells.
pub fn of(said: &Said) -> Failure {
    classify(said.code, &said.all())
}

/// The failure of a run that ended with `code` and said `output`.
pub fn classify(code: Option<i32>, output: &str) -> Failure {
    let told = first_error(output);
    let code = code.or(told.as_ref().map(|(code, _)| *code));
    let words = told.map_or_else(|| short(output), |(_, words)| words);
    let full = ["No space left on device", "Disk quota exceeded"];
    // A write that stops short of its end has no error of its own.
    let short_write = code == Some(64) && !words.contains("': [");
    let cause = match code {
        _ if short_write || full.iter().any(|sign| words.contains(sign)) => Cause::DiskFull,
        // Checksum; form of a file, which is what a flipped byte in a compressed one shows as; and
        // cipher.
        Some(26 | 29 | 95) => Cause::Damaged,
        // A file, host, path or service that cannot be opened.
        Some(41 | 49 | 53 | 101 | 103) => Cause::RepositoryUnreachable,
        Some(50) => Cause::LockHeld,
        Some(55 | 73) => Cause::MissingFile,
        Some(56 | 59) => Cause::DatabaseAway,
        Some(62) => Cause::Stopped,
        Some(82) => Cause::ArchiveTimeout,
        // It was asked to end, or killed.
        Some(63) | None => Cause::BrokenOff,
        code => Cause::Other { code },
    };
    Failure::new(cause, words)
}

/// Code and words of the first error in an output. The words go on over indented lines.
pub fn first_error(output: &str) -> Option<(i32, String)> {
    let at = output.find(ERROR)?;
    let (code, rest) = output[at + ERROR.len()..].split_once("]: ")?;
    let mut lines = rest.lines();
    let first = lines.next().unwrap_or_default();
    let more = lines.take_while(|line| line.starts_with(' ')).map(str::trim);
    let words: Vec<&str> = std::iter::once(first).chain(more).collect();
    Some((code.parse().ok()?, short(&words.join(" "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exits_are_told_apart() {
        let check = |code: i32, output: &str, cause: Cause| {
            assert_eq!(classify(Some(code), output).cause, cause, "{code} {output}");
        };
        check(26, "", Cause::Damaged);
        check(
            41,
            "ERROR: [041]: unable to open: [13] Permission denied",
            Cause::RepositoryUnreachable,
        );
        check(50, "", Cause::LockHeld);
        check(55, "", Cause::MissingFile);
        check(56, "", Cause::DatabaseAway);
        check(62, "", Cause::Stopped);
        check(82, "", Cause::ArchiveTimeout);
        check(
            64,
            "ERROR: [064]: unable to write 'x': [28] No space left on device",
            Cause::DiskFull,
        );
        check(64, "ERROR: [064]: unable to write 'x': [5] I/O", Cause::Other { code: Some(64) });
        let short = "ERROR: [064]: raised from local-2 protocol: unable to write 'x.zst'\n       \
            [FileWriteError] on retry after 0ms";
        check(64, short, Cause::DiskFull);
        check(63, "", Cause::BrokenOff);
        check(104, "", Cause::Other { code: Some(104) });
        assert_eq!(classify(None, "").cause, Cause::BrokenOff);
        assert_eq!(classify(None, "ERROR: [082]: late").cause, Cause::ArchiveTimeout);
    }

    #[test]
    fn the_words_are_those_of_the_first_error() {
        let output = "2026-11-29 22:42:13 P00   INFO: begin\n\
            2026-11-29 22:42:13.457 P00  ERROR: [055]: raised from local-1 protocol: unable to \
            open 'x' for read\n       [FileMissingError] on retry after 0ms\n\
            2026-11-29 22:42:13.457 P00   INFO: backup command end: aborted with exception [055]";
        let failure = classify(Some(55), output);
        assert_eq!(
            failure.words,
            "raised from local-1 protocol: unable to open 'x' for read [FileMissingError] on \
             retry after 0ms"
        );
        assert_eq!(classify(Some(1), "what\nnow").words, "what now");
    }
}
