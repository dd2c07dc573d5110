//! The ledger: every request that the load generator made, as its users saw it. The independent
//! witness: nothing in it comes from the server or an edge's logs.
//!
//! Owns the rows ([`Entry`]) and their form, a line of CSV each, appended as answers come. Bounded:
//! a full file is set aside, and the oldest is dropped. [`read`] reads it, also while it grows, and
//! [`summary`] sums it up.

pub(crate) mod command;
pub mod read;
pub mod summary;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use mainstay_core::id::{DatacenterId, EdgeId, ServiceId};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Bytes of one file; with the files kept, the whole is bounded by five times this.
pub const FILE_MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Full files that are kept beside the one that is written.
pub const FILES_KEPT: u32 = 4;
/// The columns, as the first line of each file names them.
pub const COLUMNS: &str =
    "at,latency_ms,edge,service,version,datacenter,status,bytes,session,method,path,error";
/// Rows that wait to be written; users wait for room.
const QUEUED_MAX: usize = 8 * 1024;

/// One request and its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When it was sent.
    pub at: DateTime<Utc>,
    /// From then to the last byte of the answer, or to giving up.
    pub latency_ms: f64,
    pub edge: EdgeId,
    pub service: ServiceId,
    /// What answered, in its own words (header `x-version`); `None`: no instance did.
    pub version: Option<String>,
    pub datacenter: Option<DatacenterId>,
    /// `None`: there was no whole answer; `error` says why.
    pub status: Option<u16>,
    /// Of the answer's body.
    pub bytes: u64,
    /// The user's session, a number of its own in one run of the lab.
    pub session: u64,
    pub method: String,
    pub path: String,
    pub error: Option<String>,
}

impl Entry {
    /// Whether the user was failed: a 5xx, or no whole answer.
    pub fn failed(&self) -> bool {
        self.status.is_none_or(|status| status >= 500)
    }

    /// When the last byte was there, or the user gave up.
    pub fn ended_at(&self) -> DateTime<Utc> {
        self.at + TimeDelta::microseconds((self.latency_ms * 1_000.0) as i64)
    }

    fn line(&self) -> String {
        let option = |text: Option<&str>| text.map(escape).unwrap_or_default();
        format!(
            "{},{:.3},{},{},{},{},{},{},{},{},{},{}\n",
            self.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            self.latency_ms,
            self.edge,
            self.service,
            option(self.version.as_deref()),
            option(self.datacenter.as_ref().map(DatacenterId::as_str)),
            self.status.map(|status| status.to_string()).unwrap_or_default(),
            self.bytes,
            self.session,
            escape(&self.method),
            escape(&self.path),
            option(self.error.as_deref()),
        )
    }
}

/// Takes a text into a column: what would end it is written as `%` and two hexadecimal digits.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ',' | '"' | '%' | '\u{0}'..='\u{1f}' | '\u{7f}' => {
                escaped.push_str(&format!("%{:02X}", u32::from(c)));
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

/// The file that is written, or the `n`th full one before it, from 1.
fn file(folder: &Path, n: u32) -> PathBuf {
    match n {
        0 => folder.join("ledger.csv"),
        n => folder.join(format!("ledger.{n}.csv")),
    }
}

/// Where rows are handed in.
#[derive(Clone, Debug)]
pub struct Ledger {
    rows: mpsc::Sender<Entry>,
}

impl Ledger {
    /// Opens the ledger of a folder, and goes on where it ends. The task ends, with everything
    /// written, when every clone of the handle is dropped.
    pub fn open(folder: &Path) -> io::Result<(Self, JoinHandle<()>)> {
        Self::open_with(folder, FILE_MAX_BYTES)
    }

    fn open_with(folder: &Path, file_max_bytes: u64) -> io::Result<(Self, JoinHandle<()>)> {
        fs::create_dir_all(folder)?;
        let mut writer = Writer::open(folder, file_max_bytes)?;
        let (rows, mut queue) = mpsc::channel(QUEUED_MAX);
        let task = tokio::spawn(async move {
            let mut batch = Vec::new();
            while queue.recv_many(&mut batch, QUEUED_MAX).await > 0 {
                let lines: String = batch.drain(..).map(|entry: Entry| entry.line()).collect();
                if let Err(error) = writer.write(&lines) {
                    tracing::error!(%error, "rows of the ledger are lost");
                }
            }
        });
        Ok((Self { rows }, task))
    }

    /// Hands in a row; it is in the file as soon as what came before is.
    pub async fn write(&self, entry: Entry) {
        if self.rows.send(entry).await.is_err() {
            tracing::error!("the ledger is closed; a row is lost");
        }
    }
}

struct Writer {
    folder: PathBuf,
    file: File,
    length: u64,
    max_bytes: u64,
}

impl Writer {
    fn open(folder: &Path, max_bytes: u64) -> io::Result<Self> {
        let path = file(folder, 0);
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(&path)?;
        // A torn row would spoil the next.
        let content = fs::read(&path)?;
        let whole = content.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        file.set_len(whole as u64)?;
        file.seek(SeekFrom::End(0))?;
        let mut writer = Self { folder: folder.to_owned(), file, length: whole as u64, max_bytes };
        if writer.length == 0 {
            writer.head()?;
        }
        Ok(writer)
    }

    fn head(&mut self) -> io::Result<()> {
        let head = format!("{COLUMNS}\n");
        self.file.write_all(head.as_bytes())?;
        self.length = head.len() as u64;
        Ok(())
    }

    fn write(&mut self, lines: &str) -> io::Result<()> {
        if self.length + lines.len() as u64 > self.max_bytes && self.length > COLUMNS.len() as u64 {
            self.rotate()?;
        }
        self.file.write_all(lines.as_bytes())?;
        self.length += lines.len() as u64;
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        for n in (0..FILES_KEPT).rev() {
            match fs::rename(file(&self.folder, n), file(&self.folder, n + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        let path = file(&self.folder, 0);
        self.file = OpenOptions::new().create(true).append(true).open(path)?;
        self.head()
    }
}

#[cfg(test)]
mod tests;
