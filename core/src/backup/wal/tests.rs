//! Names, gaps and spans, case by case.

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::backup::tests::{catalogue, dc, differential, full, schedule};
use crate::backup::work::{LogMoment, WalRun};
use crate::backup::{Catalogue, Copy};

const SIZE: SegmentSize = SegmentSize::DEFAULT;

fn name(timeline: u32, number: u64) -> String {
    Segment { timeline, number }.name(SIZE)
}

/// An archive of ranges of segments, each by timeline, first and last.
fn archive(ranges: &[(u32, u64, u64)]) -> Archive {
    let mut archive = Archive::new(SIZE);
    for (timeline, first, last) in ranges {
        for number in *first..=*last {
            archive.add(&name(*timeline, number), None);
        }
    }
    archive
}

/// A history whose only line leaves the parent inside a segment.
fn branched(archive: &mut Archive, timeline: u32, parent: u32, number: u64) {
    let position = number * u64::from(SIZE.0) + 0x60;
    let text = format!("{parent}\t{:X}/{:X}\tno reason\n", position >> 32, position as u32);
    assert_eq!(archive.history(timeline, &text), Ok(Switch { parent, at: number }));
}

fn at(day: i64) -> DateTime<Utc> {
    let origin: DateTime<Utc> = "2026-03-01T00:00:00Z".parse().expect("an instant");
    origin + TimeDelta::days(day)
}

fn with_wal(copy: Copy, timeline: u32, first: u64, last: u64) -> Copy {
    Copy { wal: Some((name(timeline, first), name(timeline, last))), ..copy }
}

#[test]
fn names_are_read_and_written() {
    let segment = |timeline, number| Ok(Segment { timeline, number });
    assert_eq!(Segment::parse("00000001000000000000002A", SIZE), segment(1, 42));
    assert_eq!(Segment::parse("0000000A00000002000000FF", SIZE), segment(10, 2 * 256 + 255));
    assert_eq!(name(10, 2 * 256 + 255), "0000000A00000002000000FF");
    let small = SegmentSize::new(1 << 20).expect("a size");
    assert_eq!(Segment::parse("000000010000000100000FFF", small), segment(1, 2 * 4_096 - 1));
    for bad in [
        "",
        "00000001000000000000002",
        "00000001000000000000002a",
        "00000000000000000000002A",
        "000000010000000000000100",
        "0000000100000000000000é",
    ] {
        assert!(Segment::parse(bad, SIZE).is_err(), "{bad}");
    }
    for bytes in [0, 1, 1 << 19, (1 << 20) + 1, 1 << 31] {
        assert_eq!(SegmentSize::new(bytes), None, "{bytes}");
    }
}

#[test]
fn files_of_an_archive_are_told_apart() {
    let mut archive = Archive::new(SIZE);
    let sum = "0123456789abcdef0123456789abcdef01234567";
    let segment = Archived::Segment(Segment { timeline: 1, number: 3 });
    for (file, expected) in [
        ("000000010000000000000003".to_owned(), segment),
        (format!("000000010000000000000003-{sum}.zst"), segment),
        (format!("15-1/0000000100000000/000000010000000000000003-{sum}"), segment),
        (format!("000000010000000000000003.partial-{sum}.zst"), Archived::Other),
        ("000000010000000000000003.00000028.backup".to_owned(), Archived::Other),
        ("00000002.history".to_owned(), Archived::History(2)),
        ("archive.info".to_owned(), Archived::Other),
        ("0000000100000000".to_owned(), Archived::Other),
        ("000000010000000000000003junk".to_owned(), Archived::Other),
        (String::new(), Archived::Other),
    ] {
        assert_eq!(archive.add(&file, None), expected, "{file}");
    }
    assert_eq!(archive.segments.runs().count(), 1);
    let history = "1\t0/5000060\tfirst\n\n2\t0/8000000\tsecond\n";
    assert_eq!(archive.history(3, history), Ok(Switch { parent: 2, at: 8 }));
    for bad in ["", "# nothing\n", "x\t0/1\t\n", "1\t01\t\n", "3\t0/1\tits own parent\n"] {
        assert_eq!(archive.history(3, bad), Err(HistoryError { timeline: 3 }), "{bad:?}");
    }
}

#[test]
fn gaps_are_found_also_where_timelines_meet() {
    let shown = |archive: &Archive| {
        let gaps = archive.gaps().into_iter();
        gaps.map(|gap| (gap.timeline, gap.first, gap.last)).collect::<Vec<_>>()
    };
    assert!(shown(&archive(&[])).is_empty());
    assert!(shown(&archive(&[(1, 250, 260)])).is_empty(), "over the end of a log id");
    assert_eq!(shown(&archive(&[(1, 3, 5), (1, 7, 7), (1, 10, 12)])), [(1, 6, 6), (1, 8, 9)]);
    let mut switched = archive(&[(1, 3, 9), (2, 8, 12)]);
    branched(&mut switched, 2, 1, 8);
    assert!(shown(&switched).is_empty(), "the old primary went on for a while");
    let mut short = archive(&[(1, 3, 5), (2, 10, 12)]);
    branched(&mut short, 2, 1, 8);
    assert_eq!(shown(&short), [(1, 6, 7), (2, 8, 9)]);
    let gap = Gap { timeline: 1, first: 6, last: 7 };
    assert_eq!(gap.to_string(), "2 segments of timeline 1 missing");
}

fn spans(catalogue: &Catalogue, archive: Option<&Archive>) -> Vec<(String, Option<u64>, End)> {
    let found = recoverable(&schedule(), catalogue, &[], archive);
    let spans = found.spans.into_iter();
    spans.map(|it| (it.label.0, it.last.map(|last| last.number), it.end)).collect()
}

/// Two chains: a full with a differential in `a1`, a later full in `b1`.
fn two_chains() -> Catalogue {
    let first = with_wal(full("F1", at(0)), 1, 10, 11);
    let second = with_wal(differential("F1_D1", "F1", at(1)), 1, 20, 20);
    let third = with_wal(full("F2", at(2)), 1, 30, 31);
    catalogue(&[("a1", &[first, second]), ("b1", &[third]), ("c1", &[])])
}

#[test]
fn copies_without_a_gap_between_them_are_one_span() {
    let whole = archive(&[(1, 10, 40)]);
    let one = |label: &str, last, end| (label.to_owned(), Some(last), end);
    assert_eq!(spans(&two_chains(), Some(&whole)), [one("F1", 40, End::Newest)]);
    let found = recoverable(&schedule(), &two_chains(), &[], Some(&whole));
    let span = found.spans.last().expect("a span");
    assert_eq!((span.from, span.at_least, span.exact), (at(0), at(2), false));
    assert_eq!((&span.datacenter, found.unread.len()), (&dc("a1"), 0));

    let mut timed = whole.clone();
    timed.add(&name(1, 40), Some(at(3)));
    let found = recoverable(&schedule(), &two_chains(), &[], Some(&timed));
    let span = found.spans.last().expect("a span");
    assert_eq!((span.at_least, span.exact), (at(3), true));

    let gap = archive(&[(1, 10, 24), (1, 27, 40)]);
    let missing = End::Gap(Gap { timeline: 1, first: 25, last: 26 });
    let both = [one("F1", 24, missing), one("F2", 40, End::Newest)];
    assert_eq!(spans(&two_chains(), Some(&gap)), both);
    // Behind the last copy: nothing in between is lost, but its end is.
    let late = archive(&[(1, 10, 33), (1, 36, 36)]);
    let missing = End::Gap(Gap { timeline: 1, first: 34, last: 35 });
    assert_eq!(spans(&two_chains(), Some(&late)), [one("F1", 33, missing)]);
    let nothing = Archive::new(SIZE);
    let alone =
        [one("F1", 11, End::Newest), one("F1_D1", 20, End::Newest), one("F2", 31, End::Newest)];
    assert_eq!(spans(&two_chains(), Some(&nothing)), alone, "each by itself");
}

#[test]
fn what_is_not_known_is_not_claimed() {
    let unlisted = |label: &str| (label.to_owned(), None, End::Unlisted);
    let all = [unlisted("F1"), unlisted("F1_D1"), unlisted("F2")];
    assert_eq!(spans(&two_chains(), None), all);
    let mut partly = archive(&[(1, 10, 24), (1, 27, 40)]);
    partly.unread();
    let unread = |label: &str, last| (label.to_owned(), Some(last), End::Unread);
    assert_eq!(spans(&two_chains(), Some(&partly)), [unread("F1", 24), unread("F2", 40)]);
    let mut broken = two_chains();
    broken.insert(dc("b1"), Err("exit code 41".to_owned()));
    broken.remove(&dc("c1"));
    let found = recoverable(&schedule(), &broken, &[], Some(&archive(&[(1, 10, 40)])));
    assert_eq!(found.unread, [dc("b1"), dc("c1")]);
    assert_eq!(found.spans.len(), 1);
    let unknown = catalogue(&[("a1", &[full("F1", at(0))]), ("b1", &[]), ("c1", &[])]);
    assert_eq!(spans(&unknown, Some(&archive(&[(1, 10, 40)]))), [unlisted("F1")]);
    let orphan = with_wal(differential("F1_D1", "F1", at(1)), 1, 20, 20);
    let orphan = catalogue(&[("a1", &[orphan]), ("b1", &[]), ("c1", &[])]);
    assert!(spans(&orphan, Some(&archive(&[(1, 10, 40)]))).is_empty());
}

#[test]
fn timelines_are_followed_where_their_history_is_known() {
    let one = |label: &str, last, end| (label.to_owned(), Some(last), end);
    let mut failed_over = archive(&[(1, 10, 34), (2, 33, 50)]);
    let unknown = End::NoHistory { timeline: 2 };
    assert_eq!(spans(&two_chains(), Some(&failed_over)), [one("F1", 34, unknown)]);
    branched(&mut failed_over, 2, 1, 33);
    assert_eq!(spans(&two_chains(), Some(&failed_over)), [one("F1", 50, End::Newest)]);
    // The new timeline's first segments are lost; the old one's of the same numbers do not help.
    let mut lost = archive(&[(1, 10, 40), (2, 36, 50)]);
    branched(&mut lost, 2, 1, 33);
    let missing = End::Gap(Gap { timeline: 2, first: 33, last: 35 });
    assert_eq!(spans(&two_chains(), Some(&lost)), [one("F1", 32, missing)]);
    // The newest copy was made on what the failover left behind.
    let mut behind = archive(&[(1, 10, 40), (2, 25, 50)]);
    branched(&mut behind, 2, 1, 25);
    let abandoned = End::Abandoned { timeline: 2 };
    let both = [one("F1", 50, End::Newest), one("F2", 40, abandoned)];
    assert_eq!(spans(&two_chains(), Some(&behind)), both);
    // Twice over, and the first switch is not known: nothing is claimed for older copies.
    let mut twice = archive(&[(1, 10, 33), (2, 33, 36), (3, 36, 50)]);
    branched(&mut twice, 3, 2, 36);
    assert_eq!(spans(&two_chains(), Some(&twice)), [one("F1", 33, unknown)]);
    branched(&mut twice, 2, 1, 33);
    assert_eq!(spans(&two_chains(), Some(&twice)), [one("F1", 50, End::Newest)]);
}

/// What an agent tells of a log: runs of segments, moments, histories.
fn told(
    ranges: &[(u32, u64, u64)],
    moments: &[(u32, u64, DateTime<Utc>)],
    histories: &[(u32, &str)],
) -> Archive {
    told_with(&Damaged::new(), ranges, moments, histories)
}

fn told_with(
    damaged: &Damaged,
    ranges: &[(u32, u64, u64)],
    moments: &[(u32, u64, DateTime<Utc>)],
    histories: &[(u32, &str)],
) -> Archive {
    Archive::told(&told_report(ranges, moments, histories), damaged, SIZE)
}

fn told_report(
    ranges: &[(u32, u64, u64)],
    moments: &[(u32, u64, DateTime<Utc>)],
    histories: &[(u32, &str)],
) -> DatabaseReport {
    let run = |(timeline, first, last): &(u32, u64, u64)| WalRun {
        first: name(*timeline, *first),
        last: name(*timeline, *last),
        last_at: at(0),
    };
    let moment = |(timeline, number, at): &(u32, u64, DateTime<Utc>)| LogMoment {
        segment: name(*timeline, *number),
        at: *at,
    };
    DatabaseReport {
        database: schedule().database,
        read_at: at(0),
        hosts: true,
        prepared: None,
        catalogue: Catalogue::new(),
        wal: [(dc("a1"), ranges.iter().map(run).collect())].into(),
        set_aside: Vec::new(),
        kept: Vec::new(),
        log_moments: moments.iter().map(moment).collect(),
        archiver: None,
        histories: histories.iter().map(|(id, text)| (*id, (*text).to_owned())).collect(),
    }
}

#[test]
fn recovery_comes_to_the_newest_moment_whose_segments_are_all_there() {
    let copy = with_wal(full("F1", at(1)), 1, 10, 10);
    let held = catalogue(&[("a1", &[copy])]);
    let moments = [(1, 10, at(1)), (1, 12, at(2)), (1, 14, at(3)), (1, 15, at(4))];
    let to = |archive: &Archive| {
        let found = recoverable(&schedule(), &held, &[], Some(archive));
        let [span] = &found.spans[..] else { panic!("{found:?}") };
        (span.at_least, span.exact)
    };
    // The log is in 15 now, which is not archived; 14 is.
    assert_eq!(to(&told(&[(1, 10, 14)], &moments, &[])), (at(3), true));
    // Up to 13 only what was in 12 is known to be there.
    assert_eq!(to(&told(&[(1, 10, 13)], &moments, &[])), (at(2), true));
    // Behind a gap nothing counts.
    assert_eq!(to(&told(&[(1, 10, 11), (1, 13, 14)], &moments, &[])), (at(1), true));
    // Nothing was told: the end of the copy.
    assert_eq!(to(&told(&[(1, 10, 14)], &[], &[])), (at(1), false));
    // A moment before the copy was complete says less than the copy.
    assert_eq!(to(&told(&[(1, 10, 14)], &[(1, 10, at(0))], &[])), (at(1), false));
}

#[test]
fn a_failover_is_followed_by_the_history_that_the_new_primary_tells() {
    let copy = with_wal(full("F1", at(1)), 1, 10, 10);
    let held = catalogue(&[("a1", &[copy])]);
    // The old primary went on in 13 when it had left already: that is on no way to the newest.
    let ranges = [(1, 10, 13), (2, 12, 15)];
    let moments = [(1, 13, at(9)), (2, 15, at(3))];
    let span = |histories: &[(u32, &str)]| {
        let archive = told(&ranges, &moments, histories);
        recoverable(&schedule(), &held, &[], Some(&archive)).spans.remove(0)
    };
    let history = format!("1\t0/{:X}\tno recovery target\n", 12 * SIZE.0 + 0x60);
    let followed = span(&[(2, &history)]);
    assert_eq!(followed.last, Some(Segment { timeline: 2, number: 15 }));
    assert_eq!((followed.at_least, followed.exact, followed.end), (at(3), true, End::Newest));
    for unknown in [&[][..], &[(2, "no history")]] {
        assert_eq!(span(unknown).end, End::NoHistory { timeline: 2 }, "{unknown:?}");
    }
}

#[test]
fn a_damaged_segment_ends_the_way_unless_another_repository_has_it_whole() {
    let copy = with_wal(full("F1", at(1)), 1, 10, 10);
    let held = catalogue(&[("a1", &[copy])]);
    let moments = [(1, 10, at(1)), (1, 12, at(2)), (1, 14, at(3))];
    let bad = |names: &[u64]| -> Damaged {
        let names = names.iter().map(|number| name(1, *number));
        [(dc("a1"), names.collect())].into()
    };
    let span =
        |archive: &Archive| recoverable(&schedule(), &held, &[], Some(archive)).spans.remove(0);
    let gap = |first, last| Gap { timeline: 1, first, last };
    for (ranges, damaged, to, end) in [
        (&[(1, 10, 14)][..], bad(&[]), at(3), End::Newest),
        (&[(1, 10, 14)], bad(&[13]), at(2), End::Damaged(gap(13, 13))),
        (&[(1, 10, 14)], bad(&[13, 14]), at(2), End::Damaged(gap(13, 13))),
        (&[(1, 10, 15)], bad(&[13, 14]), at(2), End::Damaged(gap(13, 14))),
        // It is not listed any more: then it is missing, or nothing is.
        (&[(1, 10, 12)], bad(&[13]), at(2), End::Newest),
        (&[(1, 10, 12), (1, 14, 14)], bad(&[13]), at(2), End::Gap(gap(13, 13))),
        // The copy brings its own along.
        (&[(1, 10, 14)], bad(&[10]), at(3), End::Newest),
    ] {
        let found = span(&told_with(&damaged, ranges, &moments, &[]));
        assert_eq!((found.at_least, found.end), (to, end), "{ranges:?} {damaged:?}");
    }
    let mut report = told_report(&[(1, 10, 14)], &moments, &[]);
    let whole = WalRun { first: name(1, 12), last: name(1, 13), last_at: at(0) };
    report.wal.insert(dc("b1"), vec![whole]);
    let archive = Archive::told(&report, &bad(&[13]), SIZE);
    assert_eq!(span(&archive).end, End::Newest);
}
