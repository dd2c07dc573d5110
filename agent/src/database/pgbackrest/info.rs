//! What `info --output=json` says of one repository.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use mainstay_core::backup::{Copy, Kind, Label};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Codes of a repository: in order; no copy yet; the database was never prepared there.
const OK: u32 = 0;
const NO_STANZA: u32 = 1;
const NO_COPIES: u32 = 2;
const NO_STANZA_DATA: u32 = 3;

/// A repository, as far as one database goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Holds {
        copies: Vec<Copy>,
        /// Newest segment of the log there.
        newest_wal: Option<String>,
        /// A backup or an expiry is at work.
        lock_held: bool,
    },
    /// Nothing of this database was ever prepared there, or it is gone.
    NoStanza,
    /// It cannot be read; the engine's words.
    Unreadable { words: String },
}

/// Reads what the engine says about a single repository; the error is what is wrong with the text.
pub fn parse(json: &str) -> Result<State, String> {
    let stanzas: Vec<Stanza> = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let [stanza] = &stanzas[..] else {
        return Err(format!("{} databases instead of one", stanzas.len()));
    };
    let [repository] = &stanza.repo[..] else {
        return Err(format!("{} repositories instead of one", stanza.repo.len()));
    };
    match repository.status.code {
        OK | NO_COPIES => Ok(State::Holds {
            copies: stanza.backup.iter().map(copy).collect::<Result<_, _>>()?,
            newest_wal: stanza.archive.iter().filter_map(|archive| archive.max.clone()).max(),
            lock_held: stanza.status.lock.backup.held,
        }),
        NO_STANZA | NO_STANZA_DATA => Ok(State::NoStanza),
        _ => Ok(State::Unreadable { words: repository.status.message.clone() }),
    }
}

/// Marks the copies whose folder is not among those that `repo-ls --output=json` lists: the engine
/// itself goes by its list of copies, and reads only what is there.
pub fn mark_gone(copies: &mut [Copy], listing: &str) -> Result<(), String> {
    let listed: BTreeMap<String, IgnoredAny> =
        serde_json::from_str(listing).map_err(|error| error.to_string())?;
    for copy in copies {
        copy.gone = !listed.contains_key(&copy.label.0);
    }
    Ok(())
}

fn copy(backup: &Backup) -> Result<Copy, String> {
    let label = &backup.label;
    let moment = |seconds: i64| {
        DateTime::<Utc>::from_timestamp(seconds, 0).ok_or_else(|| format!("{label}: {seconds} s"))
    };
    let kind = match backup.kind.as_str() {
        "full" => Kind::Full,
        // The engine also knows copies on copies; nobody here asks for them, and they too are
        // nothing without their full one.
        "diff" | "incr" => Kind::Differential,
        other => return Err(format!("{label} is of the kind {other}")),
    };
    let full = match kind {
        Kind::Full => None,
        Kind::Differential => {
            let (full, _) = label.split_once('_').ok_or_else(|| format!("{label} has no full"))?;
            Some(Label(full.to_owned()))
        }
    };
    let wal = backup.archive.start.clone().zip(backup.archive.stop.clone());
    Ok(Copy {
        label: Label(label.clone()),
        kind,
        full,
        started: moment(backup.timestamp.start)?,
        finished: moment(backup.timestamp.stop)?,
        database_bytes: backup.info.size,
        stored_bytes: backup.info.repository.delta,
        wal,
        bad_pages: backup.error.unwrap_or(false),
        gone: false,
    })
}

#[derive(Deserialize)]
struct Stanza {
    #[serde(default)]
    archive: Vec<Archive>,
    #[serde(default)]
    backup: Vec<Backup>,
    #[serde(default)]
    repo: Vec<Repo>,
    status: StanzaStatus,
}

#[derive(Deserialize)]
struct Archive {
    max: Option<String>,
}

#[derive(Deserialize)]
struct Backup {
    archive: Range,
    error: Option<bool>,
    info: Sizes,
    label: String,
    timestamp: Times,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Range {
    start: Option<String>,
    stop: Option<String>,
}

#[derive(Deserialize)]
struct Sizes {
    size: u64,
    repository: Stored,
}

#[derive(Deserialize)]
struct Stored {
    delta: u64,
}

#[derive(Deserialize)]
struct Times {
    start: i64,
    stop: i64,
}

#[derive(Deserialize)]
struct Repo {
    status: Status,
}

#[derive(Deserialize)]
struct Status {
    code: u32,
    message: String,
}

#[derive(Deserialize)]
struct StanzaStatus {
    lock: Locks,
}

#[derive(Deserialize)]
struct Locks {
    backup: Lock,
}

#[derive(Deserialize)]
struct Lock {
    held: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Captured from real repositories.
    const CHAIN: &str = include_str!("captured/info-chain.json");
    const EMPTY: &str = include_str!("captured/info-empty.json");
    const NO_STANZA: &str = include_str!("captured/info-no-stanza.json");
    const UNREADABLE: &str = include_str!("captured/info-unreadable.json");

    #[test]
    fn copies_are_read_with_their_chain() {
        let State::Holds { copies, newest_wal, lock_held } = parse(CHAIN).unwrap() else {
            panic!("it holds copies");
        };
        assert!(!lock_held);
        let kinds: Vec<_> = copies.iter().map(|copy| copy.kind).collect();
        assert_eq!(kinds, [Kind::Full, Kind::Differential]);
        assert_eq!(copies[0].full, None);
        assert_eq!(copies[1].full.as_ref(), Some(&copies[0].label));
        assert!(copies.iter().all(|copy| copy.chain() == &copies[0].label));
        let (first, last) = copies[1].wal.clone().unwrap();
        assert!(first <= last && Some(last) <= newest_wal);
        assert_eq!(copies[0].stored_bytes, 4_130_741);
        assert_eq!(copies[1].stored_bytes, 89_601_567, "what it takes beyond the full one");
        assert!(copies[0].finished > copies[0].started && !copies[0].bad_pages);
    }

    #[test]
    fn a_copy_without_its_folder_is_gone() {
        let State::Holds { mut copies, .. } = parse(CHAIN).unwrap() else { panic!("it holds") };
        let [full, diff] = [&copies[0].label.0, &copies[1].label.0];
        let path = r#"{"type":"path"}"#;
        let both =
            format!(r#"{{".":{path},"{full}":{path},"{diff}":{path},"backup.info":{path}}}"#);
        let one = format!(r#"{{".":{path},"{diff}":{path},"latest":{path}}}"#);
        mark_gone(&mut copies, &both).unwrap();
        assert!(copies.iter().all(|copy| !copy.gone));
        mark_gone(&mut copies, &one).unwrap();
        assert_eq!(copies.iter().map(|copy| copy.gone).collect::<Vec<_>>(), [true, false]);
        assert!(mark_gone(&mut copies, "[]").is_err());
    }

    #[test]
    fn a_repository_without_copies_is_told_from_one_that_cannot_be_read() {
        let State::Holds { copies, .. } = parse(EMPTY).unwrap() else { panic!("it is empty") };
        assert_eq!(copies, []);
        assert_eq!(parse(NO_STANZA).unwrap(), State::NoStanza);
        let State::Unreadable { words } = parse(UNREADABLE).unwrap() else {
            panic!("it cannot be read");
        };
        assert!(words.contains("Permission denied"), "{words}");
        for torn in ["", "[]", "{}"] {
            assert!(parse(torn).is_err(), "{torn}");
        }
    }
}
