//! What `verify --output=text --verbose` says. Its exit code says nothing: it is 0 whatever is
//! wrong.
//!
//! With the log at `info` the engine names each bad file as it meets it, and counts all of them at
//! the end. Both are read: a count that no name explains is a damage without a file.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_core::backup::Label;
use mainstay_core::backup::job::{Damage, Place, Wrong};

use super::wal::Stored;

/// What stands before the name of a bad file.
const NAMED: [(&str, Wrong); 5] = [
    ("invalid checksum '", Wrong::Checksum),
    ("file missing '", Wrong::Missing),
    ("invalid size '", Wrong::Size),
    ("invalid file '", Wrong::Other),
    ("invalid result ", Wrong::Other),
];
/// What stands before a count.
const COUNTED: [(&str, Wrong); 4] = [
    ("missing", Wrong::Missing),
    ("checksum invalid", Wrong::Checksum),
    ("size invalid", Wrong::Size),
    ("other", Wrong::Other),
];

/// Everything that is wrong, each once; an error is an output that says nothing of the state.
pub fn parse(output: &str) -> Result<Vec<Damage>, String> {
    let mut damages = Vec::new();
    for line in output.lines() {
        damages.extend(NAMED.iter().find_map(|(words, what)| {
            let at = line.find(words)? + words.len();
            let file = line[at..].trim_end().trim_end_matches('\'');
            // One that cannot be unpacked or read: without quotes, with what went wrong.
            let file = file.split_once(": [").map_or(file, |(file, _)| file).to_owned();
            Some(Damage { place: place(&file), file, what: *what })
        }));
    }
    let summary = Summary::read(output)?;
    for (place, what) in summary.counted {
        let explained = damages.iter().any(|damage| damage.what == what && damage.place == place);
        // A missing file of a full copy is counted at its differentials too, and named once.
        let chain = damages.iter().any(|damage| damage.what == what && carries(damage, &place));
        if !explained && !chain {
            damages.push(Damage { place, file: String::new(), what });
        }
    }
    for place in summary.invalid {
        let explained = |it: &Damage| it.place == place || carries(it, &place);
        if !damages.iter().any(explained) {
            damages.push(Damage { place, file: String::new(), what: Wrong::Other });
        }
    }
    for words in summary.remarks {
        damages.push(Damage { place: Place::Repository, file: words, what: Wrong::Other });
    }
    if !summary.ok && damages.is_empty() {
        let words = "the engine found an error that it does not name".to_owned();
        damages.push(Damage { place: Place::Repository, file: words, what: Wrong::Other });
    }
    damages.sort();
    damages.dedup();
    Ok(damages)
}

/// What is wrong where the engine ends without a result, for something is damaged: before anything
/// else it unpacks the first segment of each log, to learn how large they are.
pub fn blocked(log: &[Stored]) -> Vec<Damage> {
    let mut known = BTreeSet::new();
    let first = log.iter().filter(|it| known.insert(it.path.split('/').next()));
    let damage = |it: &Stored| Damage {
        place: Place::Wal { segment: it.segment.name.clone() },
        file: it.path.clone(),
        what: Wrong::Other,
    };
    first.map(damage).collect()
}

/// What a path in a repository is of. Copies are `LABEL/pg_data/…`; segments `15-1/…/SEGMENT-…`.
fn place(file: &str) -> Place {
    let (first, rest) = file.split_once('/').unwrap_or((file, ""));
    if is_label(first) {
        return Place::Copy { label: Label(first.to_owned()) };
    }
    let name = rest.rsplit('/').next().unwrap_or_default();
    match name.get(..24) {
        Some(segment) if segment.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            Place::Wal { segment: segment.to_owned() }
        }
        Some(_) | None => Place::Repository,
    }
}

/// `20261129-224202F`, alone or with what stands on it.
fn is_label(text: &str) -> bool {
    let form = b"dddddddd-ddddddF";
    let fits = |(byte, wanted): (u8, &u8)| match wanted {
        b'd' => byte.is_ascii_digit(),
        wanted => byte == *wanted,
    };
    text.len() >= form.len() && text.bytes().zip(form).all(fits)
}

/// Whether a named damage, of a full copy, is what is counted at a differential on it.
fn carries(named: &Damage, counted: &Place) -> bool {
    match (&named.place, counted) {
        (Place::Copy { label: full }, Place::Copy { label }) => {
            label.0.split_once('_').is_some_and(|(first, _)| first == full.0)
        }
        // The log is counted as a whole.
        (Place::Wal { .. }, Place::Wal { .. }) => true,
        (Place::Copy { .. } | Place::Wal { .. } | Place::Repository, _) => false,
    }
}

/// The end of the output.
#[derive(Default)]
struct Summary {
    ok: bool,
    counted: Vec<(Place, Wrong)>,
    /// Copies that are not valid, whatever is counted.
    invalid: Vec<Place>,
    remarks: Vec<String>,
}

impl Summary {
    /// The last one counts: with the log on it stands there twice.
    fn read(output: &str) -> Result<Self, String> {
        let at = output.rfind("stanza: ").ok_or("the engine told no result")?;
        let mut summary = Self::default();
        let mut told = false;
        let mut place = Place::Repository;
        for line in output[at..].lines().skip(1) {
            let line = line.trim();
            let starts_with_digit = line.starts_with(|c: char| c.is_ascii_digit());
            if let Some(status) = line.strip_prefix("status: ") {
                (summary.ok, told) = (status.starts_with("ok"), true);
            } else if line.starts_with("archiveId: ") {
                place = Place::Wal { segment: String::new() };
            } else if let Some(rest) = line.strip_prefix("backup: ") {
                let label = rest.split(',').next().unwrap_or_default();
                place = Place::Copy { label: Label(label.to_owned()) };
                let status = rest.split(", ").find_map(|part| part.strip_prefix("status: "));
                // One that is being made is neither.
                if status.is_some_and(|status| !["valid", "in-progress"].contains(&status)) {
                    summary.invalid.push(place.clone());
                }
            } else if let Some(counts) = counts(line) {
                for (what, count) in counts {
                    if count > 0 {
                        summary.counted.push((place.clone(), what));
                    }
                }
            } else if !line.is_empty() && !starts_with_digit {
                summary.remarks.push(line.to_owned());
            }
        }
        // Without copies and without a log it says so, and nothing is wrong.
        if summary.ok {
            summary.remarks.clear();
        }
        if told { Ok(summary) } else { Err("the engine told no status".to_owned()) }
    }
}

/// `missing: 0, checksum invalid: 1, …`
fn counts(line: &str) -> Option<BTreeMap<Wrong, u64>> {
    line.split(", ")
        .map(|part| {
            let (name, count) = part.split_once(": ")?;
            let (_, what) = COUNTED.iter().find(|(counted, _)| *counted == name)?;
            Some((*what, count.parse().ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use mainstay_core::backup::job::WalSegment;

    use super::*;

    #[test]
    fn what_blocks_a_reading_is_the_first_segment_of_a_log() {
        let stored = |log: &str, name: &str| Stored {
            path: format!("{log}/{}/{name}-0a.zst", &name[..16]),
            segment: WalSegment {
                name: name.to_owned(),
                stored_at: chrono::DateTime::UNIX_EPOCH,
                stored_bytes: 1,
            },
        };
        let (first, second) = ("000000010000000000000008", "000000010000000000000009");
        let log = [stored("15-1", first), stored("15-1", second), stored("16-2", second)];
        let found = blocked(&log);
        let segments = [first, second].map(|name| Place::Wal { segment: name.to_owned() });
        assert_eq!(found.iter().map(|it| it.place.clone()).collect::<Vec<_>>(), segments);
        assert_eq!(found[1].file, format!("16-2/0000000100000000/{second}-0a.zst"));
        assert!(blocked(&[]).is_empty());
    }

    /// Captured from real repositories.
    const WHOLE: &str = include_str!("captured/verify-whole.txt");
    const DAMAGED: &str = include_str!("captured/verify-damaged.txt");
    const UNREADABLE: &str = include_str!("captured/verify-unreadable.txt");

    #[test]
    fn nothing_is_wrong_with_a_whole_one() {
        assert_eq!(parse(WHOLE), Ok(vec![]));
    }

    #[test]
    fn each_damage_is_told_once_with_its_place() {
        let label = || Label("20261129-224202F".to_owned());
        let file = |name: &str| format!("20261129-224202F/pg_data/base/{name}.zst");
        let expected = [
            Damage {
                place: Place::Copy { label: label() },
                file: file("1/2838"),
                what: Wrong::Missing,
            },
            Damage {
                place: Place::Copy { label: label() },
                file: file("5/16384"),
                what: Wrong::Checksum,
            },
            Damage {
                place: Place::Wal { segment: "000000010000000000000003".to_owned() },
                file: "15-1/0000000100000000/000000010000000000000003-\
                       0147f8c61f1799f67369435677775361361a41fe.zst"
                    .to_owned(),
                what: Wrong::Checksum,
            },
        ];
        assert_eq!(parse(DAMAGED).unwrap(), expected);
    }

    #[test]
    fn a_repository_that_cannot_be_read_is_damaged() {
        let damages = parse(UNREADABLE).unwrap();
        let files: Vec<_> = damages.iter().map(|damage| damage.file.as_str()).collect();
        assert_eq!(files, ["No usable archive.info file", "No usable backup.info file"]);
        assert!(damages.iter().all(|damage| damage.place == Place::Repository));
    }

    #[test]
    fn a_file_that_cannot_be_unpacked_is_named() {
        let segment = "000000010000000000000003";
        let file = format!("15-1/0000000100000000/{segment}-0147f8c6.zst");
        let output = format!(
            "P02   INFO: invalid result {file}: [29] raised from local-2 protocol: zst error: \
             [-10] Unknown frame descriptor\n      [FormatError] on retry after 0ms\n\
             stanza: main\nstatus: error\n\
             archiveId: 15-1, total WAL checked: 5, total valid WAL: 4\n\
             missing: 0, checksum invalid: 0, size invalid: 0, other: 1\n"
        );
        let place = Place::Wal { segment: segment.to_owned() };
        assert_eq!(parse(&output), Ok(vec![Damage { place, file, what: Wrong::Other }]));
    }

    #[test]
    fn counts_without_names_are_damages_and_silence_is_an_error() {
        let counted = "stanza: main\nstatus: error\n\
            backup: 20261129-224202F, status: invalid\n\
            missing: 0, checksum invalid: 2, size invalid: 0, other: 0\n";
        let damages = parse(counted).unwrap();
        assert_eq!((damages.len(), damages[0].what), (1, Wrong::Checksum));
        assert_eq!(damages[0].file, "");
        let manifest = "stanza: main\nstatus: error\n\
            backup: 20261129-224202F, status: manifest missing, total files checked: 0\n";
        let damages = parse(manifest).unwrap();
        assert_eq!((damages.len(), damages[0].what), (1, Wrong::Other));
        let unexplained = "stanza: main\nstatus: error\n";
        assert_eq!(parse(unexplained).unwrap().len(), 1);
        assert!(parse("").is_err());
        assert!(parse("stanza: main\n").is_err());
    }
}
