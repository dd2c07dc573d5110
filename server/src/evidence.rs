//! The archive of a pack of evidence: written to a file without a name, so that neither a long
//! period nor a slow reader takes memory, and checked again far from here ([`check`]).
//!
//! Invariant: equal packs make equal archives: no time but the one of the format's beginning is in
//! them, and files come in a fixed order.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, Write};

use mainstay_control::audit::Stretch;
use mainstay_core::audit::export::{LINE_MAX_BYTES, Reader};
use mainstay_core::audit::merkle::Hash;
use mainstay_core::audit::note::VerifierKey;
use mainstay_core::audit::verify::Verification;
use mainstay_core::evidence::{DATA, INDEX, LOG, Pack, SUMS, html};
use mainstay_store::StoreError;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// Largest list of checksums that is read.
const SUMS_MAX_BYTES: u64 = 64 * 1024;

/// An archive, at its beginning.
#[derive(Debug)]
pub struct Archive {
    pub file: File,
    pub sha256: Hash,
    pub bytes: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the archive could not be read or written: {0}")]
    File(#[from] io::Error),
    #[error("the archive is not one: {0}")]
    Zip(#[from] zip::result::ZipError),
    #[error("its writer ended: {0}")]
    Writer(#[from] tokio::task::JoinError),
}

/// Writes the archive of a pack, with the part of the audit log that belongs to it.
pub async fn archive(pack: &Pack, log: Option<Stretch>) -> Result<Archive, ArchiveError> {
    let log = match log {
        Some(stretch) => Some(lines(stretch).await?),
        None => None,
    };
    let (page, data) = (html::page(pack), pack.to_json());
    tokio::task::spawn_blocking(move || write(&page, &data, log)).await?
}

async fn lines(mut stretch: Stretch) -> Result<File, ArchiveError> {
    let mut file = tokio::fs::File::from_std(tempfile::tempfile()?);
    while let Some(lines) = stretch.next().await? {
        file.write_all(lines.as_bytes()).await?;
    }
    file.flush().await?;
    let mut file = file.into_std().await;
    file.rewind()?;
    Ok(file)
}

fn write(page: &str, data: &str, log: Option<File>) -> Result<Archive, ArchiveError> {
    let mut archive = ZipWriter::new(tempfile::tempfile()?);
    let mut sums = String::new();
    add(&mut archive, INDEX, page.as_bytes(), &mut sums)?;
    add(&mut archive, DATA, data.as_bytes(), &mut sums)?;
    if let Some(log) = log {
        add(&mut archive, LOG, BufReader::new(log), &mut sums)?;
    }
    archive.start_file(SUMS, options())?;
    archive.write_all(sums.as_bytes())?;
    let mut file = archive.finish()?;
    file.rewind()?;
    let (sha256, bytes) = sum(&mut file, &mut io::sink())?;
    file.rewind()?;
    Ok(Archive { file, sha256, bytes })
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
        .large_file(true)
}

/// Adds a file, and its line to the sums, as `sha256sum` writes it.
fn add(
    archive: &mut ZipWriter<File>,
    name: &str,
    mut from: impl Read,
    sums: &mut String,
) -> Result<(), ArchiveError> {
    archive.start_file(name, options())?;
    let (sha256, _) = sum(&mut from, archive)?;
    sums.push_str(&format!("{sha256}  {name}\n"));
    Ok(())
}

/// Copies all of it, and says what it was.
fn sum(from: &mut impl Read, to: &mut impl Write) -> io::Result<(Hash, u64)> {
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let n = from.read(&mut buffer)?;
        if n == 0 {
            return Ok((Hash(hash.finalize().into()), bytes));
        }
        hash.update(&buffer[..n]);
        to.write_all(&buffer[..n])?;
        bytes += n as u64;
    }
}

/// What an archive turned out to be.
#[derive(Debug)]
pub struct Checked {
    /// Of the archive.
    pub sha256: Hash,
    pub bytes: u64,
    pub pack: Option<Pack>,
    /// Of its part of the audit log; `None`: there is none, or it could not be read.
    pub log: Option<(Verification, BTreeMap<i64, u64>)>,
    /// Whether the key came from the archive itself.
    pub used_own_key: bool,
    /// What is wrong: sentences that name the file.
    pub findings: Vec<String>,
}

/// Checks an archive without anything else: its files against their sums, its log against the
/// signed checkpoints, `witnesses` among them.
pub fn check(
    mut file: File,
    key: Option<VerifierKey>,
    witnesses: &[String],
) -> Result<Checked, ArchiveError> {
    let used_own_key = key.is_none();
    let (sha256, bytes) = sum(&mut file, &mut io::sink())?;
    file.rewind()?;
    let mut findings = Vec::new();
    let (mut pack, mut log) = (None, None);
    let mut archive = ZipArchive::new(BufReader::new(file))?;
    let said = read_sums(&mut archive, &mut findings);
    let names: Vec<String> =
        archive.file_names().map(|name| name.map(Cow::into_owned)).collect::<Result<_, _>>()?;
    let strange = names.iter().filter(|name| *name != SUMS && !said.contains_key(*name));
    findings.extend(strange.map(|name| format!("{name}: no checksum says that it belongs here")));
    for (name, wanted) in &said {
        match part(&mut archive, name) {
            Ok(found) if found == *wanted => {}
            Ok(_) => findings.push(format!("{name}: it is not what its checksum says")),
            Err(error) => findings.push(format!("{name}: it cannot be read: {error}")),
        }
    }
    match archive.by_name(DATA) {
        Ok(data) => match serde_json::from_reader(BufReader::new(data)) {
            Ok(read) => pack = Some(read),
            Err(error) => findings.push(format!("{DATA}: it is no evidence: {error}")),
        },
        Err(error) => findings.push(format!("{DATA}: it cannot be read: {error}")),
    }
    if names.iter().any(|name| name == LOG) {
        match verify(&mut archive, key, witnesses) {
            Ok((verdict, lines)) => {
                findings.extend(verdict.tamperings.iter().map(|it| match line(it, &lines) {
                    Some(line) => format!("{LOG}, line {line}: {it}"),
                    None => format!("{LOG}: {it}"),
                }));
                log = Some((verdict, lines));
            }
            Err(error) => findings.push(format!("{LOG}: {error}")),
        }
    }
    Ok(Checked { sha256, bytes, pack, log, used_own_key, findings })
}

/// The line of the entry that a finding is about.
pub fn line(
    tampering: &mainstay_core::audit::verify::Tampering,
    lines: &BTreeMap<i64, u64>,
) -> Option<u64> {
    lines.get(&tampering.id()?).copied()
}

type Zipped = ZipArchive<BufReader<File>>;

fn read_sums(archive: &mut Zipped, findings: &mut Vec<String>) -> BTreeMap<String, Hash> {
    let mut text = String::new();
    let read = archive.by_name(SUMS).map_err(io::Error::from);
    let read = read.and_then(|sums| sums.take(SUMS_MAX_BYTES).read_to_string(&mut text));
    if let Err(error) = read {
        findings.push(format!("{SUMS}: it cannot be read: {error}"));
    }
    let mut sums = BTreeMap::new();
    for line in text.lines() {
        let pair = line.split_once("  ");
        match pair.and_then(|(sum, name)| Some((name.to_owned(), Hash::from_hex(sum)?))) {
            Some((name, sum)) => drop(sums.insert(name, sum)),
            None => findings.push(format!("{SUMS}: a line is not a checksum and a name")),
        }
    }
    for name in [INDEX, DATA] {
        if !sums.contains_key(name) {
            findings.push(format!("{SUMS}: the checksum of {name} is missing"));
        }
    }
    sums
}

fn part(archive: &mut Zipped, name: &str) -> Result<Hash, ArchiveError> {
    let mut file = archive.by_name(name)?;
    Ok(sum(&mut file, &mut io::sink())?.0)
}

fn verify(
    archive: &mut Zipped,
    key: Option<VerifierKey>,
    witnesses: &[String],
) -> anyhow::Result<(Verification, BTreeMap<i64, u64>)> {
    let mut reader = Reader::new(key);
    feed(&mut BufReader::new(archive.by_name(LOG)?), &mut reader)?;
    for note in witnesses {
        reader.witness(note)?;
    }
    let read = reader.finish()?;
    Ok((read.verification, read.lines.into_iter().collect()))
}

/// Reads every line of an export.
pub fn feed(input: &mut impl BufRead, reader: &mut Reader) -> anyhow::Result<()> {
    let mut line = String::new();
    loop {
        line.clear();
        let read = input.by_ref().take(LINE_MAX_BYTES as u64).read_line(&mut line)?;
        if read == 0 {
            return Ok(());
        }
        if !line.ends_with('\n') {
            anyhow::bail!("a line does not end, or is longer than 4 MiB");
        }
        reader.line(&line)?;
    }
}
