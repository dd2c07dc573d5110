//! Damage to copies: a byte, a file, a segment of the log; and the end of a backup at work.
//!
//! What was taken away is kept, so that it can be healed as long as what it belongs to is there.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use mainstay_core::id::{DatabaseId, DatacenterId};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;

use super::ground::Ground;
use crate::fault::Refusal;

/// Digits of the name of a segment of the log.
const SEGMENT_DIGITS: usize = 24;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Damage {
    /// Every bit of one byte of a copy is turned.
    Flip,
    /// A file of a copy is gone.
    Remove,
    /// A segment of the log is gone.
    Gap,
    /// A backup at work is killed.
    Break,
}

/// Copies of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyTarget {
    pub database: DatabaseId,
    /// Whose repository; `None`: the database itself.
    pub datacenter: Option<DatacenterId>,
    /// Of a copy, or of a segment of the log; `None`: the newest that makes sense.
    pub name: Option<String>,
}

impl CopyTarget {
    /// Reads a target of a lab with these databases and data centres.
    pub fn parse<'a>(
        text: &str,
        databases: impl Iterator<Item = &'a DatabaseId> + Clone,
        datacenters: &[DatacenterId],
    ) -> Result<Self, Refusal> {
        let all = |ids: Vec<&str>| ids.join(", ");
        let (database, rest) = match text.split_once('@') {
            Some((database, rest)) => (database, Some(rest)),
            None => (text, None),
        };
        let found = databases.clone().find(|id| id.as_str() == database).cloned();
        let database = found.ok_or_else(|| {
            let known = databases.map(DatabaseId::as_str).collect();
            Refusal::NoDatabase(database.to_owned(), all(known))
        })?;
        let Some(rest) = rest else { return Ok(Self { database, datacenter: None, name: None }) };
        let (datacenter, name) = match rest.split_once('/') {
            Some((datacenter, name)) => (datacenter, Some(name.to_owned())),
            None => (rest, None),
        };
        let found = datacenters.iter().find(|id| id.as_str() == datacenter).cloned();
        let datacenter = found.ok_or_else(|| {
            let known = datacenters.iter().map(DatacenterId::as_str).collect();
            Refusal::NoDatacenter(datacenter.to_owned(), all(known))
        })?;
        Ok(Self { database, datacenter: Some(datacenter), name })
    }
}

impl fmt::Display for CopyTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.database)?;
        if let Some(datacenter) = &self.datacenter {
            write!(f, "@{datacenter}")?;
        }
        self.name.iter().try_for_each(|name| write!(f, "/{name}"))
    }
}

/// How damage is undone.
#[derive(Debug)]
enum Undo {
    Byte { file: PathBuf, at: u64, was: u8 },
    File { kept: PathBuf, place: PathBuf },
}

/// What was done and not healed, by what it was done to.
#[derive(Debug, Default)]
pub(super) struct Damages(Mutex<BTreeMap<(Damage, String), Undo>>);

impl Damages {
    /// Does it; returns the target with the name of what was hit.
    pub(super) fn inject(
        &self,
        ground: &Ground,
        damage: Damage,
        target: &CopyTarget,
    ) -> Result<CopyTarget, Refusal> {
        let takes = "DATABASE@DATACENTER";
        let Some(datacenter) = &target.datacenter else {
            let (kind, target) = (damage.name(), target.to_string());
            return Err(Refusal::WrongScope { kind, takes, target });
        };
        let failed = |error: io::Error| Refusal::Failed(error.to_string());
        let repository = ground.repository(datacenter);
        let of = |kind: &str| repository.join(kind).join(target.database.as_str());
        let (name, file) = match damage {
            Damage::Flip | Damage::Remove => copy(&of("backup"), target).map_err(failed)?,
            Damage::Gap | Damage::Break => segment(&of("archive"), target).map_err(failed)?,
        }
        .ok_or_else(|| Refusal::NothingThere(target.to_string()))?;
        let hit = CopyTarget { name: Some(name), ..target.clone() };
        let mut done = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (damage, hit.to_string());
        if done.contains_key(&key) {
            return Err(Refusal::Damaged(key.1));
        }
        let undo = match damage {
            Damage::Flip => flip(&file),
            Damage::Remove | Damage::Gap | Damage::Break => {
                take_away(&file, &ground.kept(), &format!("{:?}-{}", damage, done.len()))
            }
        };
        done.insert(key, undo.map_err(failed)?);
        Ok(hit)
    }

    /// Undoes it. What is not there any more needs no healing.
    pub(super) fn heal(&self, damage: Damage, target: &str) -> io::Result<()> {
        let mut done = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let healed = match done.remove(&(damage, target.to_owned())) {
            None => Ok(()),
            Some(Undo::Byte { file, at, was }) => {
                OpenOptions::new().write(true).open(file).and_then(|it| it.write_all_at(&[was], at))
            }
            Some(Undo::File { kept, place }) => fs::rename(&kept, place).inspect_err(|_| {
                // Its copy was removed in the meantime.
                let _ = fs::remove_file(&kept);
            }),
        };
        match healed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

impl Damage {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flip => "flip",
            Self::Remove => "remove",
            Self::Gap => "gap",
            Self::Break => "break",
        }
    }
}

/// The newest copy, or the one that is named, and its largest file.
fn copy(copies: &Path, target: &CopyTarget) -> io::Result<Option<(String, PathBuf)>> {
    let newest = |label: &String| label.rsplit('_').next().map(str::to_owned);
    let mut labels: Vec<String> = names(copies)?.into_iter().filter(|it| is_label(it)).collect();
    labels.sort_by_key(newest);
    let wanted = match &target.name {
        Some(name) => labels.into_iter().find(|label| label == name),
        None => labels.pop(),
    };
    let Some(label) = wanted else { return Ok(None) };
    let files = files(&copies.join(&label).join("pg_data"))?;
    let largest = files.into_iter().max_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    Ok(largest.filter(|(_, bytes)| *bytes > 0).map(|(file, _)| (label, file)))
}

/// The last segment but one, so that there is a gap, or the one that is named.
fn segment(archive: &Path, target: &CopyTarget) -> io::Result<Option<(String, PathBuf)>> {
    let named = |(file, _): (PathBuf, u64)| {
        let name = file.file_name()?.to_str()?.get(..SEGMENT_DIGITS)?.to_owned();
        let digits = name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let rest = file.file_name()?.to_str()?.get(SEGMENT_DIGITS..)?.starts_with('-');
        (digits && rest).then_some((name, file))
    };
    let mut segments: Vec<_> = files(archive)?.into_iter().filter_map(named).collect();
    segments.sort();
    Ok(match &target.name {
        Some(wanted) => segments.into_iter().find(|(name, _)| name == wanted),
        None => segments.pop().and_then(|_| segments.pop()),
    })
}

fn is_label(name: &str) -> bool {
    name.len() >= 16 && name.as_bytes()[0].is_ascii_digit() && name.contains('F')
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// Every file below a folder, with its size.
fn files(folder: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for name in names(&folder)? {
            let path = folder.join(name);
            let metadata = fs::symlink_metadata(&path)?;
            if metadata.is_dir() {
                folders.push(path);
            } else if metadata.is_file() {
                found.push((path, metadata.len()));
            }
        }
    }
    Ok(found)
}

fn flip(path: &Path) -> io::Result<Undo> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let at = file.metadata()?.len() / 2;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at)?;
    file.write_all_at(&[!byte[0]], at)?;
    Ok(Undo::Byte { file: path.to_owned(), at, was: byte[0] })
}

fn take_away(place: &Path, folder: &Path, name: &str) -> io::Result<Undo> {
    fs::create_dir_all(folder)?;
    let kept = folder.join(name);
    fs::rename(place, &kept)?;
    Ok(Undo::File { kept, place: place.to_owned() })
}

/// Kills the backup of a database that is at work, with all its processes; whether there was one.
pub(super) fn kill_backup(
    ground: &Ground,
    datacenter: &DatacenterId,
    database: &DatabaseId,
) -> io::Result<bool> {
    #[derive(Deserialize)]
    struct Lock {
        pid: i32,
    }
    let folder = ground.databases_of(datacenter).join(database.as_str());
    let Ok(content) = fs::read(folder.join("lock").join(format!("{database}-backup.lock"))) else {
        return Ok(false);
    };
    let Some(pid) =
        serde_json::from_slice::<Lock>(&content).ok().and_then(|lock| Pid::from_raw(lock.pid))
    else {
        return Ok(false);
    };
    // The file of a backup that was killed stays; its pid may be another's by now.
    let line = fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
    let says = |word: &str| line.split(|byte| *byte == 0).any(|part| part == word.as_bytes());
    let leads = rustix::process::getpgid(Some(pid)).is_ok_and(|group| group == pid);
    if !(says("backup") && says(&format!("--stanza={database}")) && leads) {
        return Ok(false);
    }
    kill_process_group(pid, Signal::KILL)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_targets_and_says_what_there_is() {
        let (database, datacenter): (DatabaseId, DatacenterId) =
            ("orders".parse().unwrap(), "fra1".parse().unwrap());
        let known = [datacenter];
        let parse = |text: &str| CopyTarget::parse(text, [&database].into_iter(), &known);
        for text in ["orders", "orders@fra1", "orders@fra1/20261120-000003F"] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
        let refused = parse("order@fra1").unwrap_err().to_string();
        assert!(refused.ends_with("there are orders"), "{refused}");
        assert!(parse("orders@ams1").unwrap_err().to_string().ends_with("there are fra1"));
    }

    #[test]
    fn damage_hits_the_newest_and_heals() {
        let dir = tempfile::tempdir().unwrap();
        let copies = dir.path().join("backup");
        let full = "20261120-000003F";
        let newest = format!("{full}_20261122-000003D");
        for (label, size) in [("20261121-000003F", 10), (full, 10), (newest.as_str(), 30)] {
            let data = copies.join(label).join("pg_data/base/1");
            fs::create_dir_all(&data).unwrap();
            fs::write(data.join("2838.zst"), vec![7; size]).unwrap();
            fs::write(data.join("1.zst"), "x").unwrap();
        }
        let database: DatabaseId = "orders".parse().unwrap();
        let target = |name: Option<&str>| CopyTarget {
            database: database.clone(),
            datacenter: None,
            name: name.map(str::to_owned),
        };
        let (label, file) = copy(&copies, &target(None)).unwrap().unwrap();
        assert_eq!(label, newest);
        assert!(copy(&copies, &target(Some("../x"))).unwrap().is_none());
        let damages = Damages::default();
        let key = |damage| (damage, "orders".to_owned());
        let undo = flip(&file).unwrap();
        damages.0.lock().unwrap().insert(key(Damage::Flip), undo);
        assert_ne!(fs::read(&file).unwrap(), vec![7; 30]);
        damages.heal(Damage::Flip, "orders").unwrap();
        assert_eq!(fs::read(&file).unwrap(), vec![7; 30]);
        let undo = take_away(&file, &dir.path().join("kept"), "one").unwrap();
        damages.0.lock().unwrap().insert(key(Damage::Remove), undo);
        assert!(!file.exists());
        damages.heal(Damage::Remove, "orders").unwrap();
        assert!(file.exists());
    }

    #[test]
    fn a_gap_lies_before_the_last_segment() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("15-1/0000000100000000");
        fs::create_dir_all(&folder).unwrap();
        let name = |number| format!("0000000100000000{number:08X}");
        for number in 1..=3 {
            fs::write(folder.join(format!("{}-abc.zst", name(number))), "x").unwrap();
        }
        fs::write(folder.join(format!("{}.00000028.backup", name(3))), "x").unwrap();
        let database: DatabaseId = "orders".parse().unwrap();
        let mut target = CopyTarget { database, datacenter: None, name: None };
        assert_eq!(segment(dir.path(), &target).unwrap().unwrap().0, name(2));
        target.name = Some(name(1));
        assert_eq!(segment(dir.path(), &target).unwrap().unwrap().0, name(1));
    }
}
