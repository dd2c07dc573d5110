//! Files that a crash leaves old or new, never half.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Readable by the agent's user only: keys and the environment of services are in these files.
const PRIVATE: u32 = 0o600;

/// How long a file must last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// Over a loss of power.
    Power,
    /// Over a crash of the agent only, because what it describes ends with the machine anyway.
    Process,
}

/// Replaces the content of `path` at once.
pub fn replace(path: &Path, content: &[u8], lasting: Lasting) -> io::Result<()> {
    let next = path.with_extension("next");
    let mut file =
        OpenOptions::new().create(true).write(true).truncate(true).mode(PRIVATE).open(&next)?;
    file.write_all(content)?;
    if lasting == Lasting::Power {
        file.sync_all()?;
    }
    fs::rename(&next, path)?;
    match lasting {
        Lasting::Power => sync_folder_of(path),
        Lasting::Process => Ok(()),
    }
}

/// Opens a file to append to, creating it durably.
pub fn append_to(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).read(true).append(true).mode(PRIVATE).open(path)?;
    sync_folder_of(path)?;
    Ok(file)
}

/// Makes the names in a file's folder durable.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
