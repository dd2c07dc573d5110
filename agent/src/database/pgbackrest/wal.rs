//! Names of archived segments, as `repo-ls --recurse --output=json` lists them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use mainstay_core::backup::job::WalSegment;
use serde::Deserialize;

/// Digits of a segment's name: timeline, log and segment, eight each.
pub const NAME_DIGITS: usize = 24;
/// Of them, those that name the timeline.
const TIMELINE_DIGITS: usize = 8;

/// A segment and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Below the archive of the database: `15-1/0000000100000000/000…001-HASH.zst`.
    pub path: String,
    pub segment: WalSegment,
}

/// Every segment of a listing, in the order of the names. Other files — histories of timelines,
/// marks of backups, halves of a segment that is not whole — are none.
pub fn parse(json: &str) -> Result<Vec<Stored>, String> {
    let files: BTreeMap<String, Entry> =
        serde_json::from_str(json).map_err(|error| error.to_string())?;
    let mut found: Vec<Stored> = files.into_iter().filter_map(stored).collect();
    found.sort_by(|a, b| a.segment.cmp(&b.segment));
    Ok(found)
}

fn stored((path, entry): (String, Entry)) -> Option<Stored> {
    if entry.kind != "file" {
        return None;
    }
    let file = path.rsplit('/').next()?;
    let (name, rest) = file.split_at_checked(NAME_DIGITS)?;
    if !is_segment(name) || !rest.starts_with('-') {
        return None;
    }
    let segment = WalSegment {
        name: name.to_owned(),
        stored_at: DateTime::<Utc>::from_timestamp(entry.time?, 0)?,
        stored_bytes: entry.size?,
    };
    Some(Stored { path, segment })
}

/// Whether a text is the name of a segment.
pub fn is_segment(name: &str) -> bool {
    name.len() == NAME_DIGITS && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
}

/// Whether a segment lies before another, whatever timeline either is on. Both are names of
/// segments: a position in the log never goes back when a new timeline begins.
pub fn is_before(name: &str, other: &str) -> bool {
    name.get(TIMELINE_DIGITS..) < other.get(TIMELINE_DIGITS..)
}

/// Whether a folder of segments (`15-1/0000000100000000`, timeline and log) can get none any more
/// that is not before `first`: its whole log lies before.
pub fn is_past(folder: &str, first: &str) -> bool {
    let name = folder.rsplit('/').next().unwrap_or_default();
    let log = |name: &str| name.get(TIMELINE_DIGITS..2 * TIMELINE_DIGITS).map(str::to_owned);
    match (log(name), log(first)) {
        (Some(own), Some(first)) => own < first,
        (None, _) | (_, None) => false,
    }
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    size: Option<u64>,
    time: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Captured from a real repository.
    const LISTING: &str = include_str!("captured/wal.json");

    #[test]
    fn segments_are_found_among_other_files() {
        let found = parse(LISTING).unwrap();
        assert!(found.len() > 1);
        assert!(found.iter().all(|one| is_segment(&one.segment.name)));
        assert!(found.is_sorted_by(|a, b| a.segment.name < b.segment.name), "each once");
        assert!(LISTING.contains(".backup"), "a mark of a backup is no segment");
        assert!(found.iter().all(|one| one.segment.stored_bytes > 0));
        assert!(parse("what").is_err());
        let odd = r#"{"15-1/000000010000000000000001.partial":{"type":"file","size":1,"time":1},
            "15-1/00000002.history":{"type":"file","size":1,"time":1}}"#;
        assert_eq!(parse(odd).unwrap(), []);
    }

    #[test]
    fn positions_are_compared_over_timelines() {
        let name = |timeline: u8, segment: u8| format!("{timeline:08X}{:08X}{segment:08X}", 0);
        assert!(is_before(&name(1, 2), &name(1, 3)));
        assert!(is_before(&name(2, 2), &name(1, 3)));
        assert!(!is_before(&name(1, 3), &name(2, 3)));
        let first = "000000020000000500000003";
        assert!(is_past("15-1/0000000100000004", first));
        assert!(!is_past("15-1/0000000100000005", first));
        assert!(!is_past("15-1", first));
    }
}
