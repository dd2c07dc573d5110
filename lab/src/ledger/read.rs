//! Reading the ledger, also while it is written and rotated.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use chrono::{DateTime, Utc};
use mainstay_core::id::ServiceId;

use super::{COLUMNS, Entry, FILES_KEPT, file};

/// Attempts to open the files between two rotations.
const ATTEMPTS: u32 = 8;

/// Calls `take` with every row sent at `since` or later, in the order in which the answers came.
///
/// # Errors
/// When there is no ledger, or a row is not one.
pub fn each(
    folder: &Path,
    since: Option<DateTime<Utc>>,
    mut take: impl FnMut(Entry),
) -> io::Result<()> {
    for file in open(folder)? {
        let mut lines = BufReader::new(file);
        let mut line = String::new();
        while lines.read_line(&mut line)? > 0 {
            // The last row may be on its way.
            if let Some(row) = line.strip_suffix('\n')
                && row != COLUMNS
            {
                let entry = parse(row).ok_or_else(|| {
                    io::Error::new(io::ErrorKind::InvalidData, format!("no row of a ledger: {row}"))
                })?;
                if since.is_none_or(|since| entry.at >= since) {
                    take(entry);
                }
            }
            line.clear();
        }
    }
    Ok(())
}

/// Every row since a moment.
///
/// # Errors
/// As [`each`].
pub fn all(folder: &Path, since: Option<DateTime<Utc>>) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    each(folder, since, |entry| entries.push(entry))?;
    Ok(entries)
}

/// When a user last had an answer of this version of a service; `None`: nobody since.
///
/// # Errors
/// As [`each`].
pub fn last_seen(
    folder: &Path,
    service: &ServiceId,
    version: &str,
    since: Option<DateTime<Utc>>,
) -> io::Result<Option<DateTime<Utc>>> {
    let mut last = None;
    each(folder, since, |entry| {
        if entry.service == *service && entry.version.as_deref() == Some(version) {
            last = last.max(Some(entry.ended_at()));
        }
    })?;
    Ok(last)
}

/// The requests sent from `from` to `to` (not included) that failed their users.
///
/// # Errors
/// As [`each`].
pub fn failed(
    folder: &Path,
    service: Option<&ServiceId>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> io::Result<Vec<Entry>> {
    let mut failed = Vec::new();
    each(folder, Some(from), |entry| {
        let of = service.is_none_or(|service| entry.service == *service);
        if of && entry.at < to && entry.failed() {
            failed.push(entry);
        }
    })?;
    Ok(failed)
}

/// Opens all files, oldest first. If a rotation comes in between, a file would be left out: then
/// the newest is not the one that was opened, and all is opened again.
fn open(folder: &Path) -> io::Result<Vec<File>> {
    let newest = file(folder, 0);
    for _ in 0..ATTEMPTS {
        let mut files = Vec::new();
        for n in (1..=FILES_KEPT).rev() {
            match File::open(file(folder, n)) {
                Ok(file) => files.push(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let current = File::open(&newest)?;
        // The older ones were opened first, so a rotation since then shows in the first of them.
        let older = file(folder, 1);
        let same = match (files.last(), std::fs::metadata(older)) {
            (Some(opened), Ok(now)) => opened.metadata()?.ino() == now.ino(),
            (None, Err(_)) => true,
            (Some(_), Err(_)) | (None, Ok(_)) => false,
        };
        files.push(current);
        if same {
            return Ok(files);
        }
    }
    Err(io::Error::other("the ledger is rotated faster than it can be opened"))
}

fn parse(row: &str) -> Option<Entry> {
    let mut columns = row.split(',');
    let mut next = || columns.next();
    let option = |text: &str| (!text.is_empty()).then(|| unescape(text));
    let entry = Entry {
        at: DateTime::parse_from_rfc3339(next()?).ok()?.to_utc(),
        latency_ms: next()?.parse().ok()?,
        edge: next()?.parse().ok()?,
        service: next()?.parse().ok()?,
        version: option(next()?),
        datacenter: option(next()?).map(|id| id.parse()).transpose().ok()?,
        status: option(next()?).map(|status| status.parse()).transpose().ok()?,
        bytes: next()?.parse().ok()?,
        session: next()?.parse().ok()?,
        method: unescape(next()?),
        path: unescape(next()?),
        error: option(next()?),
    };
    next().is_none().then_some(entry)
}

fn unescape(text: &str) -> String {
    let mut parts = text.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code {
            Some(code) => {
                plain.push(char::from(code));
                plain.push_str(&part[2..]);
            }
            None => {
                plain.push('%');
                plain.push_str(part);
            }
        }
    }
    plain
}
