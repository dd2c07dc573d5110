//! From when to when a database can be recovered.
//!
//! A copy can be restored to its own end by itself: it is made with the segments it needs beside
//! it. From there recovery reads segment after segment, and ends with the last one before a gap.
//! Copies between which no segment is missing reach equally far, and make one span; the span is
//! recoverable at every instant from the end of its oldest copy on.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Archive, Gap, Segment};
use crate::backup::chain::{chains, unread};
use crate::backup::proof::{Latest, Proof};
use crate::backup::{Catalogue, Copy, Label, Schedule};
use crate::id::DatacenterId;

/// When a database can be recovered to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recoverable {
    /// By time; the last one has the newest copy. What lies between them is lost or unknown.
    pub spans: Vec<Span>,
    /// Data centres whose repository was not asked or could not be read: there may be more.
    pub unread: Vec<DatacenterId>,
}

/// A stretch of time in which every instant can be recovered to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The oldest copy of it, and when that was complete.
    pub label: Label,
    pub datacenter: DatacenterId,
    pub from: DateTime<Utc>,
    /// Recovery gets to here for certain: the end of the newest copy in it, or the newest moment of
    /// which it is known that the last segment, or one before it, has all that was committed.
    pub at_least: DateTime<Utc>,
    /// The last segment that can be read; `None` where the copy's own are not known.
    pub last: Option<Segment>,
    /// Whether `at_least` is such a moment, and not only the end of a copy.
    pub exact: bool,
    pub end: End,
}

/// Why recovery goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "end")]
pub enum End {
    /// That is all that was archived so far.
    Newest,
    /// The log goes on after missing segments.
    Gap(Gap),
    /// The next segment is there, and damaged wherever it is.
    Damaged(Gap),
    /// The database went on, on this timeline, from before the copy was complete.
    Abandoned { timeline: u32 },
    /// A newer timeline exists, and the history that says where it began was not given.
    NoHistory { timeline: u32 },
    /// Whether a repository that was not read has the next segment is not known.
    Unread,
    /// The archive was not listed, or the copy's own segments are not known.
    Unlisted,
}

/// Spans of time to which a database can be recovered, from copies that nothing speaks against.
/// `archive`: `None` if it was not listed.
pub fn recoverable(
    schedule: &Schedule,
    catalogue: &Catalogue,
    proofs: &[Proof],
    archive: Option<&Archive>,
) -> Recoverable {
    let latest = Latest::of(proofs);
    let chains = chains(catalogue);
    let mut copies: Vec<(&DatacenterId, &Copy)> = Vec::new();
    for chain in &chains {
        copies.extend(chain.undamaged(&latest).into_iter().map(|it| (chain.datacenter, it)));
    }
    copies.sort_by_key(|(datacenter, copy)| (copy.finished, *datacenter, &copy.label));
    let path = archive.map(Path::new);
    let mut spans: Vec<Span> = Vec::new();
    for (datacenter, copy) in copies {
        let (last, end) = match (&path, archive) {
            (Some(path), Some(archive)) => path.follow(copy, archive, spans.last()),
            (None, _) | (_, None) => (None, End::Unlisted),
        };
        if let Some(span) = spans.last_mut().filter(|it| it.last == last && it.end == end)
            && last.is_some()
        {
            // It reaches as far as the one before: nothing is missing between the two.
            span.exact &= span.at_least >= copy.finished;
            span.at_least = span.at_least.max(copy.finished);
            continue;
        }
        let time = last.and_then(|last| archive?.reaches(last));
        spans.push(Span {
            label: copy.label.clone(),
            datacenter: datacenter.clone(),
            from: copy.finished,
            at_least: time.map_or(copy.finished, |time| time.max(copy.finished)),
            last,
            exact: time.is_some_and(|time| time >= copy.finished),
            end,
        });
    }
    let unread = unread(catalogue, &schedule.turn).into_keys().cloned().collect();
    Recoverable { spans, unread }
}

/// The way through the log to the newest timeline.
struct Path {
    /// Timelines and their first segment, the newest first, as far as histories are known.
    legs: Vec<(u32, u64)>,
    /// The timeline of the last leg, if it is not the first ever and its history is not known.
    unknown: Option<u32>,
}

impl Path {
    fn new(archive: &Archive) -> Self {
        let listed = archive.segments.newest();
        let known = archive.switches.keys().next_back().copied();
        let mut timeline = listed.max(known).unwrap_or(1);
        let mut legs = Vec::new();
        // Parents are lower, so this ends.
        while let Some(switch) = archive.switches.get(&timeline) {
            legs.push((timeline, switch.at));
            timeline = switch.parent;
        }
        legs.push((timeline, 0));
        Self { legs, unknown: (timeline > 1).then_some(timeline) }
    }

    /// On which timeline a segment is read.
    fn timeline(&self, number: u64) -> u32 {
        let leg = self.legs.iter().find(|(_, first)| *first <= number);
        leg.or(self.legs.last()).map_or(1, |(timeline, _)| *timeline)
    }

    /// The numbers that are read on a leg: up to where a newer one begins.
    fn reign(&self, leg: usize) -> (u64, u64) {
        let newer = self.legs[..leg].iter().map(|(_, first)| *first).min();
        (self.legs[leg].1, newer.map_or(u64::MAX, |first| first.saturating_sub(1)))
    }

    /// Where another timeline may be read after this number, from the next one on.
    fn turn(&self, number: u64) -> u64 {
        let ahead = self.legs.iter().map(|(_, first)| *first).filter(|first| *first > number);
        ahead.min().map_or(u64::MAX, |first| first - 1)
    }

    /// The last segment that can be read after a copy, and why no more. `before`: the span of the
    /// copy before, whose segments need not be walked again.
    fn follow(
        &self,
        copy: &Copy,
        archive: &Archive,
        before: Option<&Span>,
    ) -> (Option<Segment>, End) {
        let own = copy.wal.as_ref().and_then(|(_, last)| Segment::parse(last, archive.size).ok());
        let Some(own) = own else { return (None, End::Unlisted) };
        let Some(leg) = self.legs.iter().position(|(timeline, _)| *timeline == own.timeline) else {
            return self.aside(own, archive);
        };
        if self.timeline(own.number) != own.timeline {
            // A copy ends with a segment of its own; if the log had left the timeline by then, what
            // came after is not in this copy's future.
            let timeline = self.legs[leg.saturating_sub(1)].0;
            return (Some(self.along(own, archive)), End::Abandoned { timeline });
        }
        let walked = before.filter(|span| {
            matches!(span.end, End::Newest | End::Gap(_) | End::Damaged(_) | End::Unread)
        });
        let walked = walked.and_then(|span| Some((span.last?, span.end)));
        if let Some((last, end)) = walked.filter(|(last, _)| own.number <= last.number) {
            return (Some(last), end);
        }
        let at = |number| Segment { timeline: self.timeline(number), number };
        let mut last = own;
        // Run by run, and no further on one than its timeline is read.
        while let Some(end) = archive.segments.end_of(at(last.number + 1)) {
            last = at(end.min(self.turn(last.number + 1)));
        }
        (Some(last), self.end(last, archive))
    }

    /// Why the path ends after this segment.
    fn end(&self, last: Segment, archive: &Archive) -> End {
        if archive.incomplete {
            return End::Unread;
        }
        let missing = Segment { timeline: self.timeline(last.number + 1), number: last.number + 1 };
        let ahead = self.legs.iter().enumerate().filter_map(|(leg, (timeline, _))| {
            let (from, to) = self.reign(leg);
            let from = Segment { timeline: *timeline, number: from.max(missing.number) };
            archive.segments.next(from).filter(|number| *number <= to)
        });
        let resumes = ahead.min();
        let gap = |last| Gap { timeline: missing.timeline, first: missing.number, last };
        // Where some are missing beside it, the first is what ends the way.
        match (archive.damaged.contains(&missing), resumes) {
            (true, resumes) => End::Damaged(gap(resumes.map_or(missing.number, |it| it - 1))),
            (false, Some(resumes)) => End::Gap(gap(resumes - 1)),
            (false, None) => End::Newest,
        }
    }

    /// A copy on a timeline that does not lead to the newest one, as far as is known.
    fn aside(&self, own: Segment, archive: &Archive) -> (Option<Segment>, End) {
        let last = Some(self.along(own, archive));
        let newest = self.legs.first().map_or(own.timeline, |(timeline, _)| *timeline);
        match self.unknown {
            // It may be the parent, or not.
            Some(timeline) if own.timeline < timeline => (last, End::NoHistory { timeline }),
            Some(_) | None => (last, End::Abandoned { timeline: newest }),
        }
    }

    /// As far as segments follow one another on a timeline itself.
    fn along(&self, own: Segment, archive: &Archive) -> Segment {
        let next = Segment { number: own.number + 1, ..own };
        archive.segments.end_of(next).map_or(own, |number| Segment { number, ..own })
    }
}
