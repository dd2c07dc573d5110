//! A folder of runbooks: reads it within bounds.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use mainstay_core::runbook::shelf::Files;
use mainstay_core::runbook::{RUNBOOK_MAX_BYTES, RUNBOOKS_MAX};

/// A folder that was read.
#[derive(Debug)]
pub(in crate::cli) struct Folder {
    path: PathBuf,
    pub files: Files,
}

impl Folder {
    /// Where a runbook stands.
    pub fn path_of(&self, slug: &str) -> String {
        self.path.join(format!("{slug}.md")).display().to_string()
    }
}

/// Reads every `*.md` of a folder; what else is in it counts for nothing.
///
/// # Errors
/// A sentence about what cannot be read.
pub(in crate::cli) fn load(path: &Path) -> Result<Folder, String> {
    let shown = path.display();
    let entries =
        fs::read_dir(path).map_err(|error| format!("cannot read the folder {shown}: {error}"))?;
    let mut files = Files::new();
    for entry in entries {
        let entry = entry.map_err(|error| format!("cannot read the folder {shown}: {error}"))?;
        let file = entry.path();
        if file.extension().is_none_or(|end| end != "md") || !file.is_file() {
            continue;
        }
        let Some(slug) = file.file_stem().and_then(|stem| stem.to_str()) else {
            return Err(format!("the name of the file {} is not UTF-8 text", file.display()));
        };
        if files.len() >= RUNBOOKS_MAX {
            return Err(format!("the folder {shown} has more than {RUNBOOKS_MAX} runbooks"));
        }
        files.insert(slug.to_owned(), text(&file)?);
    }
    if files.is_empty() {
        return Err(format!("the folder {shown} has no file *.md"));
    }
    Ok(Folder { path: path.to_owned(), files })
}

/// A file, one byte more than is read at most: so that too much shows as too much.
fn text(file: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let bound = RUNBOOK_MAX_BYTES as u64 + 1;
    File::open(file)
        .and_then(|open| open.take(bound).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("{} is not UTF-8 text (see byte {at})", file.display())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_by_name_and_what_cannot_be_is_said() {
        let directory = tempfile::tempdir().expect("a directory");
        let write = |name: &str, bytes: &[u8]| {
            std::fs::write(directory.path().join(name), bytes).expect("written");
        };
        let why = load(directory.path()).expect_err("it is empty");
        assert!(why.contains("no file *.md"), "{why}");
        write("a.md", b"one");
        write("notes.txt", b"no runbook");
        let folder = load(directory.path()).expect("read");
        assert_eq!(folder.files.keys().collect::<Vec<_>>(), ["a"]);
        assert!(folder.path_of("a").ends_with("a.md"));
        write("b.md", b"\xff");
        let why = load(directory.path()).expect_err("it is no text");
        assert!(why.contains("not UTF-8 text (see byte 0)"), "{why}");
        let none = directory.path().join("none");
        assert!(load(&none).expect_err("it is not there").contains("No such file"));
    }
}
