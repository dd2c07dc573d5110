//! Segments that are there, as runs: there are thousands a day, and few gaps.

use std::collections::BTreeMap;

use super::Segment;

/// Runs of segments of a timeline that follow each other, by their first; none touches another.
#[derive(Clone, Debug, Default)]
pub(super) struct Held(BTreeMap<Segment, u64>);

impl Held {
    /// Takes in the segments of a timeline from a number to another, both included.
    pub fn insert(&mut self, timeline: u32, mut first: u64, mut last: u64) {
        if first > last {
            return;
        }
        let at = |number| Segment { timeline, number };
        // Whatever touches it becomes a part of it: what begins before, and what begins in it.
        while let Some((run, end)) = self.before(at(last.saturating_add(1))) {
            if run.timeline != timeline || end.saturating_add(1) < first {
                break;
            }
            self.0.remove(&run);
            (first, last) = (first.min(run.number), last.max(end));
        }
        self.0.insert(at(first), last);
    }

    /// The last number of the run that has the segment; `None`: it is not there.
    pub fn end_of(&self, segment: Segment) -> Option<u64> {
        let (run, end) = self.before(segment)?;
        (run.timeline == segment.timeline && segment.number <= end).then_some(end)
    }

    /// The first number of the timeline, from this one on, that is there.
    pub fn next(&self, from: Segment) -> Option<u64> {
        if self.end_of(from).is_some() {
            return Some(from.number);
        }
        let (run, _) = self.0.range(from..).next()?;
        (run.timeline == from.timeline).then_some(run.number)
    }

    /// The last number of a timeline.
    pub fn last_of(&self, timeline: u32) -> Option<u64> {
        let (run, end) = self.before(Segment { timeline, number: u64::MAX })?;
        (run.timeline == timeline).then_some(end)
    }

    /// The newest timeline.
    pub fn newest(&self) -> Option<u32> {
        self.0.last_key_value().map(|(run, _)| run.timeline)
    }

    /// Every run: its first segment and its last number.
    pub fn runs(&self) -> impl Iterator<Item = (Segment, u64)> {
        self.0.iter().map(|(first, last)| (*first, *last))
    }

    /// The last run that begins there or before.
    fn before(&self, segment: Segment) -> Option<(Segment, u64)> {
        self.0.range(..=segment).next_back().map(|(first, last)| (*first, *last))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn runs_are_the_same_as_their_segments_one_by_one() {
        let mut seed = 7_u64;
        let mut next = |most: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % most
        };
        for round in 0..300 {
            let (mut held, mut all) = (Held::default(), BTreeSet::new());
            for _ in 0..8 {
                let (timeline, first) = (1 + next(2) as u32, next(40));
                let last = first + next(6);
                held.insert(timeline, first, last);
                all.extend((first..=last).map(|number| Segment { timeline, number }));
            }
            let runs: Vec<_> = held.runs().collect();
            let told = runs.iter().flat_map(|(first, last)| {
                (first.number..=*last).map(|number| Segment { number, ..*first })
            });
            assert_eq!(told.collect::<BTreeSet<_>>(), all, "{round}");
            let touch = |pair: &[(Segment, u64)]| {
                pair[0].0.timeline == pair[1].0.timeline && pair[0].1 + 1 >= pair[1].0.number
            };
            assert!(!runs.windows(2).any(touch), "{round}");
            for number in 0..50 {
                let at = Segment { timeline: 1, number };
                assert_eq!(held.end_of(at).is_some(), all.contains(&at));
                let ahead = all.range(at..).find(|it| it.timeline == 1).map(|it| it.number);
                assert_eq!(held.next(at), ahead);
            }
            let last = all.iter().rfind(|it| it.timeline == 1).map(|it| it.number);
            assert_eq!(held.last_of(1), last);
            assert_eq!(held.newest(), all.last().map(|it| it.timeline));
        }
    }
}
