//! Where the write-ahead log of a running database is, by its own clock.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::backup::job::{Cause, Failure};
use mainstay_core::backup::work::LogMoment;
use tokio_util::sync::CancellationToken;

use crate::database::LogPosition;
use crate::database::sql::Session;

/// A commit takes its time a little before its record is in the log: what was committed this long
/// before the position was read is in it.
const MARGIN: TimeDelta = TimeDelta::seconds(1);
/// Longest history that is told: a line for each failover, and what a person wrote as its reason.
const HISTORY_MAX_BYTES: usize = 16 * 1_024;

/// `now()` is the beginning of the transaction, before the position is looked at. Histories come
/// base64, on one line each.
// tidy: allow sql: asked of a database that is backed up, of which the store knows nothing
const POSITION: &str = "\
    SELECT extract(epoch FROM now()), pg_walfile_name(pg_current_wal_insert_lsn()) \
    UNION ALL \
    SELECT ('x' || left(name, 8))::bit(32)::integer, \
        replace(encode(pg_read_binary_file('pg_wal/' || name), 'base64'), E'\\n', '') \
    FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{8}\\.history$'";

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
    let mut histories = BTreeMap::new();
    for line in lines {
        let (timeline, text) = line.split_once('|')?;
        let text = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
        let text = String::from_utf8(text).ok()?;
        if text.len() <= HISTORY_MAX_BYTES {
            histories.insert(timeline.parse().ok()?, text);
        }
    }
    let moment = LogMoment { segment: segment.to_owned(), at: at.checked_sub_signed(MARGIN)? };
    Some(LogPosition { moment, histories })
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
        for bad in ["", "now|x", "1796055308.5", "1796055308.5|A\nx|y", "1796055308.5|A\n2|%"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
