//! Where the write-ahead log of a running database is, by its own clock.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::backup::job::{Cause, Failure};
use mainstay_core::backup::work::{Archived, Archiver, LogMoment};
use tokio_util::sync::CancellationToken;

use crate::database::LogPosition;
use crate::database::sql::Session;

/// A commit takes its time a little before its record is in the log: what was committed this long
/// before the position was read is in it.
const MARGIN: TimeDelta = TimeDelta::seconds(1);
/// Longest history that is told: a line for each failover, and what a person wrote as its reason.
const HISTORY_MAX_BYTES: usize = 16 * 1_024;

/// Stands where a timeline stands, before what is told of archiving.
const ARCHIVER: &str = "-1";

/// `now()` is the beginning of the transaction, before the position is looked at. Histories come
/// base64, on one line each.
// tidy: allow sql: asked of a database that is backed up, of which the store knows nothing
const POSITION: &str = "\
    SELECT extract(epoch FROM now()), pg_walfile_name(pg_current_wal_insert_lsn()) \
    UNION ALL \
    SELECT ('x' || left(name, 8))::bit(32)::integer, \
        replace(encode(pg_read_binary_file('pg_wal/' || name), 'base64'), E'\\n', '') \
    FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{8}\\.history$' \
    UNION ALL \
    SELECT -1, concat_ws(' ', failed_count, coalesce(last_failed_wal, '-'), \
        coalesce(extract(epoch FROM last_failed_time)::text, '-'), \
        coalesce(last_archived_wal, '-'), \
        coalesce(extract(epoch FROM last_archived_time)::text, '-')) FROM pg_stat_archiver";

/// Asks the database.
pub async fn read(session: &Session<'_>, stop: &CancellationToken) -> Result<LogPosition, Failure> {
    let answer = session.ask(POSITION, stop).await?;
    parse(&answer).ok_or_else(|| {
        let words = "the position of its log was answered in a form that is not known";
        Failure::new(Cause::Other { code: None }, words)
    })
}

fn parse(answer: &str) -> Option<LogPosition> {
    use base64::Engine as _;
    let mut lines = answer.lines();
    let (seconds, segment) = lines.next()?.split_once('|')?;
    let seconds: f64 = seconds.parse().ok()?;
    let at = DateTime::<Utc>::from_timestamp_millis((seconds * 1_000.0) as i64)?;
    let (mut histories, mut archiver) = (BTreeMap::new(), None);
    for line in lines {
        let (timeline, text) = line.split_once('|')?;
        if timeline == ARCHIVER {
            archiver = Some(archived(text)?);
            continue;
        }
        let text = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
        let text = String::from_utf8(text).ok()?;
        if text.len() <= HISTORY_MAX_BYTES {
            histories.insert(timeline.parse().ok()?, text);
        }
    }
    let moment = LogMoment { segment: segment.to_owned(), at: at.checked_sub_signed(MARGIN)? };
    Some(LogPosition { moment, histories, archiver })
}

/// Failed tries, the last of them, and what was archived last: a file and its seconds each.
fn archived(text: &str) -> Option<Archiver> {
    let parts: Vec<_> = text.split(' ').collect();
    let [failed, failed_file, failed_at, file, at] = parts.as_slice() else { return None };
    let one = |file: &str, at: &str| match (file, at) {
        ("-", _) | (_, "-") => Some(None),
        (file, at) => {
            let at = DateTime::<Utc>::from_timestamp_millis((at.parse::<f64>().ok()? * 1e3) as i64);
            Some(Some(Archived { file: file.to_owned(), at: at? }))
        }
    };
    Some(Archiver {
        failed: failed.parse().ok()?,
        last_failed: one(failed_file, failed_at)?,
        last_archived: one(file, at)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_and_its_histories_are_read() {
        let alone = parse("1796055308.250001|00000001000000000000000A").unwrap();
        assert_eq!(alone.moment.segment, "00000001000000000000000A");
        assert_eq!(alone.moment.at.timestamp_millis(), 1_796_055_307_250);
        assert!(alone.histories.is_empty());
        let moved = "1796055308.5|00000002000000000000000A\n2|MQkwLzUwMDAwMDAJbm8gcmVjb3ZlcnkK";
        let moved = parse(moved).unwrap();
        assert_eq!(moved.histories[&2], "1\t0/5000000\tno recovery\n");
        assert_eq!(moved.archiver, None);
        let never = parse("1.5|A\n-1|0 - - - -").unwrap().archiver;
        assert_eq!(never, Some(Archiver::default()));
        let stuck = parse("1.5|A\n-1|12 0B 1796055308.5 0A 1796055300").unwrap().archiver.unwrap();
        assert_eq!((stuck.failed, stuck.stuck().unwrap().file.as_str()), (12, "0B"));
        let again = parse("1.5|A\n-1|12 0B 1796055308.5 0B 1796055310").unwrap().archiver.unwrap();
        assert_eq!(again.stuck(), None);
        assert_eq!(again.last_archived.unwrap().file, "0B");
        for bad in ["1.5|A\n-1|", "1.5|A\n-1|1 2 3", "1.5|A\n-1|x - - - -", "1.5|A\n-1|1 B x - -"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        for bad in ["", "now|x", "1796055308.5", "1796055308.5|A\nx|y", "1796055308.5|A\n2|%"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
