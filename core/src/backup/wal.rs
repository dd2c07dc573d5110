//! The archived write-ahead log: whether it has gaps, and from when to when it lets a database be
//! recovered.
//!
//! Names are PostgreSQL's (its manual, "WAL Internals"): 24 hexadecimal digits, eight each for the
//! timeline, the log and the segment in it. After a failover the log goes on under a higher
//! timeline; where it left its parent stands in that timeline's history file. The way through the
//! log leads to the newest timeline, as recovery does by default. A timeline whose history is not
//! known is not followed: what lies on it is unknown.

mod damaged;
mod held;
mod reach;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::work::{DatabaseReport, WalRun};

pub use damaged::{Damaged, damaged};
use held::Held;
pub use reach::{End, Recoverable, Span, recoverable};

/// Digits of each of the three parts of a segment's name.
const PART_DIGITS: usize = 8;
/// Bytes that one log id covers.
const LOG_BYTES: u64 = 1 << 32;

/// Size of a segment, a power of two from 1 MiB to 1 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentSize(u32);

impl SegmentSize {
    /// 16 MiB: 256 segments to a log id.
    pub const DEFAULT: Self = Self(16 << 20);

    /// `None` for a size that no server has.
    pub const fn new(bytes: u32) -> Option<Self> {
        let good = bytes.is_power_of_two() && bytes >= 1 << 20 && bytes <= 1 << 30;
        if good { Some(Self(bytes)) } else { None }
    }

    const fn per_log(self) -> u64 {
        LOG_BYTES / self.0 as u64
    }
}

/// One segment, by its timeline and its place in the whole log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Segment {
    pub timeline: u32,
    /// Counted from the log's beginning, over all log ids.
    pub number: u64,
}

/// Why a name is not a segment's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("`{0}` is not the name of a segment: that has 24 digits of 0-9 and A-F")]
    Form(String),
    #[error("`{0}` has a segment number beyond the size of a log")]
    Number(String),
}

impl Segment {
    /// Parses a name without any ending: `00000001000000000000002A`.
    pub fn parse(name: &str, size: SegmentSize) -> Result<Self, NameError> {
        let form = || NameError::Form(name.to_owned());
        let digit = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
        if name.len() != 3 * PART_DIGITS || !name.bytes().all(digit) {
            return Err(form());
        }
        let part = |at: usize| {
            let digits = name.get(at * PART_DIGITS..(at + 1) * PART_DIGITS);
            digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).ok_or_else(form)
        };
        let (timeline, log, segment) = (part(0)?, part(1)?, part(2)?);
        if timeline == 0 {
            return Err(form());
        }
        if u64::from(segment) >= size.per_log() {
            return Err(NameError::Number(name.to_owned()));
        }
        Ok(Self { timeline, number: u64::from(log) * size.per_log() + u64::from(segment) })
    }

    pub fn name(self, size: SegmentSize) -> String {
        let (log, segment) = (self.number / size.per_log(), self.number % size.per_log());
        format!("{:08X}{log:08X}{segment:08X}", self.timeline)
    }
}

/// Where a timeline left its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    pub parent: u32,
    /// Number of the first segment that is read on the new timeline.
    pub at: u64,
}

/// Why a history file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the history of timeline {timeline} has no last line of parent, position and reason")]
pub struct HistoryError {
    pub timeline: u32,
}

/// What a file of an archive is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Archived {
    Segment(Segment),
    /// The history file of a timeline, whose text tells more ([`Archive::history`]).
    History(u32),
    /// A partial segment, a backup's own note, or something else; nothing to recover from.
    Other,
}

/// What the archives of a database hold, all repositories together: recovery reads from any.
#[derive(Clone, Debug)]
pub struct Archive {
    size: SegmentSize,
    segments: Held,
    /// Listed in some repository, and damaged there.
    damaged: BTreeSet<Segment>,
    /// What was committed before this time is in the segment or before it, on its timeline.
    times: BTreeMap<Segment, DateTime<Utc>>,
    switches: BTreeMap<u32, Switch>,
    /// Whether a repository was not asked or could not be read.
    incomplete: bool,
}

/// Segments that are missing between others, from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub timeline: u32,
    pub first: u64,
    pub last: u64,
}

impl Archive {
    pub fn new(size: SegmentSize) -> Self {
        Self {
            size,
            segments: Held::default(),
            damaged: BTreeSet::new(),
            times: BTreeMap::new(),
            switches: BTreeMap::new(),
            incomplete: false,
        }
    }

    /// Takes in a file by its name in a repository, with or without folders, checksum and ending:
    /// `15-1/0000000100000000/00000001000000000000002A-0123….zst`.
    ///
    /// `reaches`: the time up to which its content goes, when the server closed it. The time of
    /// archiving is later, by as long as pushing took, and would claim too much.
    pub fn add(&mut self, file: &str, reaches: Option<DateTime<Utc>>) -> Archived {
        let archived = self.identify(file);
        if let Archived::Segment(segment) = archived {
            self.segments.insert(segment.timeline, segment.number, segment.number);
            self.times.extend(reaches.map(|at| (segment, at)));
        }
        archived
    }

    /// What an agent tells of the log in the repositories that it reads, of where the log was at
    /// moments, and of the histories of timelines. What is damaged in one repository counts where
    /// another has it whole.
    pub fn told(report: &DatabaseReport, damaged: &Damaged, size: SegmentSize) -> Self {
        let mut archive = Self::new(size);
        for (datacenter, runs) in &report.wal {
            let bad = damaged.get(datacenter).into_iter().flatten();
            let bad: BTreeSet<_> = bad.filter_map(|name| Segment::parse(name, size).ok()).collect();
            runs.iter().for_each(|run| archive.run(run, &bad));
        }
        for moment in &report.log_moments {
            if let Ok(segment) = Segment::parse(&moment.segment, size) {
                let reaches = archive.times.entry(segment).or_insert(moment.at);
                *reaches = moment.at.max(*reaches);
            }
        }
        for (timeline, text) in &report.histories {
            // One that cannot be read is as good as none: what lies on it is unknown.
            let _ = archive.history(*timeline, text);
        }
        if report.catalogue.values().any(Result::is_err) {
            archive.unread();
        }
        archive
    }

    /// Takes in segments that follow each other in a repository, without those that are bad there.
    fn run(&mut self, run: &WalRun, bad: &BTreeSet<Segment>) {
        let parsed = (Segment::parse(&run.first, self.size), Segment::parse(&run.last, self.size));
        let (Ok(first), Ok(last)) = parsed else { return };
        let at = |number| Segment { timeline: last.timeline, number };
        let mut next = first.number;
        for segment in bad.range(at(first.number)..=last) {
            if next < segment.number {
                self.segments.insert(last.timeline, next, segment.number - 1);
            }
            self.damaged.insert(*segment);
            next = segment.number + 1;
        }
        self.segments.insert(last.timeline, next, last.number);
    }

    /// Takes in the text of a timeline's history file.
    pub fn history(&mut self, timeline: u32, text: &str) -> Result<Switch, HistoryError> {
        let mut lines = text.lines().map(str::trim);
        let last = lines.rfind(|line| !line.is_empty() && !line.starts_with('#'));
        let switch = last.and_then(|line| self.switch(line));
        let switch = switch.filter(|switch| switch.parent < timeline);
        let switch = switch.ok_or(HistoryError { timeline })?;
        self.switches.insert(timeline, switch);
        Ok(switch)
    }

    /// The time up to which recovery comes that ends with this segment; `None`: that is not known.
    fn reaches(&self, last: Segment) -> Option<DateTime<Utc>> {
        let first = Segment { number: 0, ..last };
        self.times.range(first..=last).next_back().map(|(_, at)| *at)
    }

    /// Says that a repository was not asked or could not be read: it may hold what seems missing.
    pub fn unread(&mut self) {
        self.incomplete = true;
    }

    /// Every gap in what was read, by timeline and number: between two segments of a timeline,
    /// before a known switch on its parent, and after it on the new one. Before the first segment
    /// there is none: what is older was let go. With an unread repository these are unknown.
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let mut before: Option<Segment> = None;
        for (run, end) in self.segments.runs() {
            let Segment { timeline, number } = run;
            // The first that could be there: after the one before, or where the timeline began.
            let expected = match before {
                Some(last) if last.timeline == timeline => Some(last.number + 1),
                Some(_) | None => self.switches.get(&timeline).map(|switch| switch.at),
            };
            if let Some(first) = expected.filter(|first| *first < number) {
                gaps.push(Gap { timeline, first, last: number - 1 });
            }
            before = Some(Segment { timeline, number: end });
        }
        for Switch { parent, at } in self.switches.values() {
            let first = self.segments.last_of(*parent).map(|last| last + 1);
            if let Some(first) = first.filter(|first| first < at) {
                gaps.push(Gap { timeline: *parent, first, last: at - 1 });
            }
        }
        gaps.sort_by_key(|gap| (gap.timeline, gap.first));
        gaps.dedup();
        gaps
    }

    fn identify(&self, file: &str) -> Archived {
        let name = file.rsplit('/').next().unwrap_or(file);
        let digits = name.bytes().take_while(u8::is_ascii_hexdigit).count();
        let (stem, rest) = name.split_at(digits);
        if rest.starts_with(".history") && stem.len() == PART_DIGITS {
            return u32::from_str_radix(stem, 16).map_or(Archived::Other, Archived::History);
        }
        if rest.starts_with(".partial") || rest.contains(".backup") {
            return Archived::Other;
        }
        if !(rest.is_empty() || rest.starts_with(['-', '.'])) {
            return Archived::Other;
        }
        Segment::parse(stem, self.size).map_or(Archived::Other, Archived::Segment)
    }

    /// A line of a history file: parent, position as two hexadecimal halves, reason.
    fn switch(&self, line: &str) -> Option<Switch> {
        let mut columns = line.split_whitespace();
        let parent = columns.next()?.parse().ok()?;
        let (high, low) = columns.next()?.split_once('/')?;
        let half = |digits| u32::from_str_radix(digits, 16).ok().map(u64::from);
        let position = half(high)? * LOG_BYTES + half(low)?;
        Some(Switch { parent, at: position / u64::from(self.size.0) })
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.last - self.first + 1;
        let noun = if count == 1 { "segment" } else { "segments" };
        write!(f, "{count} {noun} of timeline {} missing", self.timeline)
    }
}

#[cfg(test)]
mod tests;
