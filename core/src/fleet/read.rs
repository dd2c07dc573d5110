//! Reading a fleet file: TOML in, a valid [`Fleet`] or every mistake at once out.
//!
//! Owns the way from text to model, in three steps: [`source`] cuts the text into entries even
//! where its syntax is broken, [`fields`] takes typed values out of an entry, and [`entries`]
//! resolves references and applies the rules, kind by kind. Never panics, and takes time in
//! proportion to the file, whatever the file holds. Judges nothing that a broken neighbour may have
//! caused: an entry that lost a line to bad syntax is not said to lack a key, nor its id to be
//! undeclared.

mod databases;
mod drills;
mod entries;
mod fields;
mod former;
#[cfg(test)]
mod hostile;
mod nearest;
mod places;
mod policies;
#[cfg(test)]
mod policies_tests;
mod rollouts;
#[cfg(test)]
mod rollouts_tests;
mod services;
mod source;
#[cfg(test)]
mod tests;

pub use nearest::nearest;

use super::finding::{FINDINGS_MAX, Finding, FindingKind, Form};
use super::{FILE_MAX_BYTES, Fleet};

/// Reads a fleet file.
///
/// # Errors
/// Every finding, in the order of the file; at least one, at most [`FINDINGS_MAX`] and one that
/// counts the rest.
pub fn read(text: &str) -> Result<Fleet, Vec<Finding>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut findings = Findings::new(text);
    if text.len() > FILE_MAX_BYTES {
        findings.push(0, Form::FileTooLarge { bytes: text.len() });
        return Err(findings.finish());
    }
    let document = source::parse(text, &mut findings);
    let fleet = entries::read(&document, &mut findings);
    if findings.found.is_empty() { Ok(fleet) } else { Err(findings.finish()) }
}

/// What was found so far, by byte offset.
struct Findings<'i> {
    text: &'i str,
    /// Offsets at which lines begin.
    line_starts: Vec<usize>,
    found: Vec<(usize, FindingKind)>,
    dropped: usize,
}

impl<'i> Findings<'i> {
    fn new(text: &'i str) -> Self {
        let after_newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            text,
            line_starts: std::iter::once(0).chain(after_newlines).collect(),
            found: Vec::new(),
            dropped: 0,
        }
    }

    fn push(&mut self, at: usize, kind: impl Into<FindingKind>) {
        if self.is_full() {
            self.dropped += 1;
        } else {
            self.found.push((at, kind.into()));
        }
    }

    /// Whether more findings would only be counted: no use in searching for suggestions.
    fn is_full(&self) -> bool {
        self.found.len() >= FINDINGS_MAX
    }

    /// Line of an offset, counted from 1.
    fn line(&self, at: usize) -> u32 {
        self.line_starts.partition_point(|start| *start <= at) as u32
    }

    fn finish(mut self) -> Vec<Finding> {
        self.found.sort_by_key(|(at, _)| *at);
        if self.dropped > 0 {
            let count = self.dropped;
            let last = self.found.last().map_or(0, |(at, _)| *at);
            self.found.push((last, Form::MoreFindings { count }.into()));
        }
        // Columns are counted onwards from the finding before, so that many findings in one long
        // line cost one pass over it.
        let (mut counted_to, mut column, mut line) = (0, 1, 1);
        let mut findings = Vec::with_capacity(self.found.len());
        for (at, kind) in std::mem::take(&mut self.found) {
            let at = at.min(self.text.len());
            if self.line(at) != line {
                line = self.line(at);
                (counted_to, column) = (self.line_starts[line as usize - 1], 1);
            }
            let between = self.text.get(counted_to..at).unwrap_or("");
            column += between.chars().count() as u32;
            counted_to = at;
            findings.push(Finding { line, column, kind });
        }
        findings
    }
}
