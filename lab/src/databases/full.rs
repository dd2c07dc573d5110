//! A full disk: the repository moves to a small file system of its own, in which nothing is left.
//!
//! Only who may mount can do that, which is mostly root. What was written or removed in the
//! meantime is there when it is healed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use mainstay_core::id::DatacenterId;

use super::ground::Ground;

/// Largest repository that is moved into memory.
const BYTES_MAX: u64 = 512 << 20;
/// What is added to its size for the file system itself, before the rest is filled.
const ROOM_BYTES: u64 = 4 << 20;
/// Takes what room there is.
const FILLER: &str = "filler-of-the-lab";

/// Leaves no room in a repository; the error is a sentence.
pub(super) fn begin(ground: &Ground, datacenter: &DatacenterId) -> Result<(), String> {
    let (repository, place) = (ground.repository(datacenter), ground.full(datacenter));
    if is_mounted(&place) {
        return Ok(());
    }
    let bytes = used(&repository).map_err(|error| error.to_string())?;
    if bytes > BYTES_MAX {
        let (has, most) = (bytes >> 20, BYTES_MAX >> 20);
        return Err(format!("the repository of {datacenter} has {has} MiB, at most {most} can be"));
    }
    fs::create_dir_all(&place).map_err(|error| error.to_string())?;
    let options = format!("size={},mode=0750", bytes + ROOM_BYTES);
    run("mount", &["-t", "tmpfs", "-o", &options, "tmpfs"], &[&place]).map_err(|error| {
        format!("a full disk needs a file system of its own, which cannot be mounted: {error}")
    })?;
    let moved = copy(&repository, &place)
        .and_then(|()| fill(&place.join(FILLER)).map_err(|error| error.to_string()))
        .and_then(|()| run("mount", &["--bind"], &[&place, &repository]));
    if moved.is_err() {
        run("umount", &[], &[&place])?;
    }
    moved
}

/// Moves a repository back to where it was, with what it holds by now.
pub(super) fn end(ground: &Ground, datacenter: &DatacenterId) -> io::Result<()> {
    let (repository, place) = (ground.repository(datacenter), ground.full(datacenter));
    if !is_mounted(&place) {
        return Ok(());
    }
    let next = ground.full(datacenter).with_extension("next");
    let before = ground.full(datacenter).with_extension("before");
    let back = || -> Result<(), String> {
        let io = |error: io::Error| error.to_string();
        remove_all(&place.join(FILLER)).map_err(io)?;
        if is_mounted(&repository) {
            run("umount", &[], &[&repository])?;
        }
        remove_all(&next).map_err(io)?;
        fs::create_dir(&next).map_err(io)?;
        copy(&place, &next)?;
        remove_all(&before).map_err(io)?;
        fs::rename(&repository, &before).map_err(io)?;
        fs::rename(&next, &repository).map_err(io)?;
        remove_all(&before).map_err(io)?;
        run("umount", &[], &[&place])
    };
    back().map_err(io::Error::other)
}

/// Bytes, in whole pages, of everything below a folder.
fn used(folder: &Path) -> io::Result<u64> {
    const PAGE: u64 = 4_096;
    let mut bytes = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            bytes += metadata.len().div_ceil(PAGE).max(1) * PAGE;
            if metadata.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(bytes)
}

/// Writes until there is no room.
fn fill(path: &Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    for size in [1 << 16, 1 << 12] {
        let zeros = vec![0; size];
        loop {
            match file.write_all(&zeros) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

fn is_mounted(path: &Path) -> bool {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let path = path.to_string_lossy();
    mounts.lines().any(|line| line.split(' ').nth(1) == Some(&*path))
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let from = from.join(".");
    run("cp", &["-a", "--"], &[&from, &to.to_owned()])
}

fn remove_all(path: &Path) -> io::Result<()> {
    let removed = match path.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn run(program: &str, arguments: &[&str], paths: &[&PathBuf]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).args(paths).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_full_repository_takes_nothing_and_comes_back_with_what_it_held() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let ground = Ground::make(dir.path(), 4).unwrap();
        let datacenter: DatacenterId = "fra1".parse().unwrap();
        ground.set_reachable(&datacenter, true).unwrap();
        let repository = ground.repository(&datacenter);
        fs::write(repository.join("copy"), "one").unwrap();
        fs::write(repository.join("old"), "two").unwrap();
        if let Err(refused) = begin(&ground, &datacenter) {
            assert!(refused.starts_with("a full disk needs a file system of its own"), "{refused}");
            return;
        }
        begin(&ground, &datacenter).expect("the same again is no error");
        assert_eq!(fs::read_to_string(repository.join("copy")).unwrap(), "one");
        fs::remove_file(repository.join("old")).unwrap();
        let written = fs::write(repository.join("new"), vec![1; 1 << 20]).unwrap_err();
        assert_eq!(written.kind(), io::ErrorKind::StorageFull);
        fs::remove_file(repository.join("new")).unwrap();
        end(&ground, &datacenter).unwrap();
        let left: Vec<_> = fs::read_dir(&repository).unwrap().flatten().collect();
        assert_eq!(left.len(), 1, "{left:?}");
        fs::write(repository.join("new"), vec![1; 1 << 20]).unwrap();
    }
}
