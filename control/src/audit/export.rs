//! The log as JSON lines ([`mainstay_core::audit::export`]): all of it in one view of the database,
//! or page by page as somebody takes it: a stretch from one position to another, or what a filter
//! finds.
//!
//! Invariant: what is sent page by page holds no transaction meanwhile. It ends where the log was
//! signed when it began: what was placed cannot change.

use std::io;

use chrono::Utc;
use mainstay_core::audit::Action;
use mainstay_core::audit::export::{
    Counts, Extent, LEAVES_PER_LINE, Line, VERSION, VERSION_OF_SOME,
};
use mainstay_core::audit::merkle::Hash;
use mainstay_store::audit::{self, Checkpoint, Filter, Snapshot};
use mainstay_store::{Result, Store, StoreError};
use serde_json::Value;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::page;
use crate::access::By;

/// Writes down that entries are exported, before any leaves. `what` says which and in which form.
/// Returns the id of the entry: what is older may be exported.
pub async fn note_export(store: &Store, by: &By, what: serde_json::Value) -> Result<i64> {
    let mut event = by.event(Action::AuditExport, "/audit".to_owned(), Utc::now());
    event.after = Some(what);
    let event = &event;
    store.read_committed(|tx| Box::pin(async move { audit::append(tx, event).await })).await
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the export could not be written")]
    Write(#[from] io::Error),
}

/// Writes the placed entries, the tree's leaves and the checkpoints as JSON lines
/// ([`mainstay_core::audit::export`]). Has been noted before with [`note_export`].
pub async fn export(
    store: &Store,
    to: &mut (impl AsyncWrite + Unpin + Send),
) -> Result<Counts, ExportError> {
    let mut log = Snapshot::open(store).await?;
    let mut out = Out { to, counts: Counts::default() };
    let verifier = log.newest().await?.map(|newest| newest.verifier);
    out.line(Line::Export { v: VERSION, verifier, of: None }).await?;
    let mut above = 0;
    while let Some(page) = page(log.checkpoints(above).await?) {
        above = page.last().map_or(0, |checkpoint| checkpoint.size);
        for Checkpoint { note, .. } in page {
            out.line(Line::Checkpoint { note }).await?;
        }
    }
    let mut next = 0;
    while let Some(page) = page(log.leaves(next).await?) {
        next = page.last().map_or(0, |(index, _)| index + 1);
        for line in trees(&page) {
            out.line(line).await?;
        }
    }
    next = 0;
    while let Some(page) = page(log.placed(next).await?) {
        next = page.last().and_then(|record| record.seq).map_or(0, |seq| seq + 1);
        for record in page {
            out.line(Line::Entry(record)).await?;
        }
    }
    let counts = out.counts;
    out.line(Line::End(counts)).await?;
    out.to.flush().await?;
    Ok(counts)
}

struct Out<'a, W> {
    to: &'a mut W,
    counts: Counts,
}

impl<W: AsyncWrite + Unpin> Out<'_, W> {
    async fn line(&mut self, line: Line) -> io::Result<()> {
        self.counts.add(&line);
        self.to.write_all(line.to_text().as_bytes()).await
    }
}

/// Leaf hashes as lines, one for each run of positions.
fn trees(page: &[(u64, Hash)]) -> impl Iterator<Item = Line> {
    let runs = page.chunk_by(|a, b| a.0 + 1 == b.0).flat_map(|run| run.chunks(LEAVES_PER_LINE));
    runs.map(|leaves| Line::Tree {
        first: leaves.first().map_or(0, |(index, _)| *index),
        leaves: leaves.iter().map(|(_, leaf)| *leaf).collect(),
    })
}

/// Lines as they come, and what they hold.
#[derive(Debug, Default)]
struct Lines {
    text: String,
    counts: Counts,
}

impl Lines {
    fn push(&mut self, line: &Line) {
        self.counts.add(line);
        self.text.push_str(&line.to_text());
    }

    fn take(&mut self) -> Option<String> {
        Some(std::mem::take(&mut self.text))
    }
}

/// How far a stretch is sent.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Head,
    Checkpoints(u64),
    Leaves(u64),
    Entries(u64),
    End,
    Over,
}

/// Entries from one position to a checkpoint, with all that proves them, page by page.
#[derive(Debug)]
pub struct Stretch {
    store: Store,
    first: u64,
    end: u64,
    stage: Stage,
    lines: Lines,
}

impl Stretch {
    /// The whole log, as far as it is signed.
    pub async fn whole(store: &Store) -> Result<Self> {
        let newest = audit::latest_checkpoint(store).await?;
        Ok(Self::between(store, 0, newest.map_or(0, |newest| newest.size)))
    }

    /// From a position to the first checkpoint that covers `last`. `None`: none does.
    pub async fn part(store: &Store, first: u64, last: u64) -> Result<Option<Self>> {
        let mut log = Snapshot::open(store).await?;
        let end = log.checkpoints(last).await?.first().map(|checkpoint| checkpoint.size);
        Ok(end.map(|end| Self::between(store, first, end)))
    }

    fn between(store: &Store, first: u64, end: u64) -> Self {
        let lines = Lines::default();
        Self { store: store.clone(), first, end, stage: Stage::Head, lines }
    }

    /// Positions that it covers: from the first to before the second.
    pub const fn positions(&self) -> (u64, u64) {
        (self.first, self.end)
    }

    /// The next lines; `None`: that was all.
    pub async fn next(&mut self) -> Result<Option<String>> {
        while self.lines.text.is_empty() {
            self.stage = match self.stage {
                Stage::Head => self.head().await?,
                Stage::Checkpoints(above) => self.checkpoints(above).await?,
                Stage::Leaves(from) => self.leaves(from).await?,
                Stage::Entries(from) => self.entries(from).await?,
                Stage::End => {
                    self.lines.push(&Line::End(self.lines.counts));
                    Stage::Over
                }
                Stage::Over => return Ok(None),
            };
        }
        Ok(self.lines.take())
    }

    async fn head(&mut self) -> Result<Stage> {
        let newest = audit::latest_checkpoint(&self.store).await?;
        let verifier = newest.map(|newest| newest.verifier);
        let (first, end) = (self.first, self.end);
        let line = match first {
            0 => Line::Export { v: VERSION, verifier, of: None },
            1.. => {
                let left = audit::edge(&self.store, first).await?;
                let of = Some(Extent::Part { first, end, left });
                Line::Export { v: VERSION_OF_SOME, verifier, of }
            }
        };
        self.lines.push(&line);
        Ok(Stage::Checkpoints(first))
    }

    async fn checkpoints(&mut self, above: u64) -> Result<Stage> {
        let mut log = Snapshot::open(&self.store).await?;
        let Some(page) = page(log.checkpoints(above).await?) else {
            return Ok(Stage::Leaves(self.first));
        };
        let last = page.last().map_or(above, |checkpoint| checkpoint.size);
        for Checkpoint { note, .. } in page.into_iter().filter(|it| it.size <= self.end) {
            self.lines.push(&Line::Checkpoint { note });
        }
        Ok(if last < self.end { Stage::Checkpoints(last) } else { Stage::Leaves(self.first) })
    }

    async fn leaves(&mut self, from: u64) -> Result<Stage> {
        let mut log = Snapshot::open(&self.store).await?;
        let mut found = log.leaves(from).await?;
        let next = found.last().map_or(self.end, |(index, _)| index + 1);
        found.retain(|(index, _)| *index < self.end);
        trees(&found).for_each(|line| self.lines.push(&line));
        Ok(if next < self.end { Stage::Leaves(next) } else { Stage::Entries(self.first) })
    }

    async fn entries(&mut self, from: u64) -> Result<Stage> {
        let mut log = Snapshot::open(&self.store).await?;
        let mut found = log.placed(from).await?;
        let next = found.last().and_then(|it| it.seq).map_or(self.end, |seq| seq + 1);
        found.retain(|record| record.seq.is_some_and(|seq| seq < self.end));
        found.into_iter().for_each(|record| self.lines.push(&Line::Entry(record)));
        Ok(if next < self.end { Stage::Entries(next) } else { Stage::End })
    }
}

/// What a filter finds, newest first, each entry with its proof, page by page.
#[derive(Debug)]
pub struct Selected {
    store: Store,
    filter: Filter,
    /// As the file names it.
    named: Value,
    /// Entries below this id are still to come.
    before: i64,
    /// What proofs lead to; `None`: nothing is signed yet.
    checkpoint: Option<Checkpoint>,
    entries: u64,
    begun: bool,
    over: bool,
    lines: Lines,
}

impl Selected {
    /// `before`: the id of the entry about the export.
    pub async fn new(store: &Store, filter: Filter, named: Value, before: i64) -> Result<Self> {
        let checkpoint = audit::latest_checkpoint(store).await?;
        Ok(Self {
            store: store.clone(),
            filter,
            named,
            before,
            checkpoint,
            entries: 0,
            begun: false,
            over: false,
            lines: Lines::default(),
        })
    }

    /// The next lines; `None`: that was all.
    pub async fn next(&mut self) -> Result<Option<String>> {
        if self.over {
            return Ok(None);
        }
        if !self.begun {
            self.begun = true;
            self.head();
        }
        let (before, most) = (Some(self.before), audit::PAGE_MAX);
        let records = audit::records(&self.store, &self.filter, before, most).await?;
        let Some(last) = records.last() else {
            self.over = true;
            self.lines.push(&Line::End(self.lines.counts));
            return Ok(self.lines.take());
        };
        self.before = last.id;
        let size = self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size);
        let signed = records.iter().filter_map(|it| it.seq).filter(|seq| *seq < size);
        let mut proofs = audit::inclusions(&self.store, signed, size).await?;
        for record in records {
            self.entries += 1;
            let n = self.entries;
            let proof = record.seq.and_then(|seq| proofs.remove(&seq));
            self.lines.push(&match proof {
                Some(proof) => Line::Proven { n, record, proof },
                None => Line::Waiting { n, record },
            });
        }
        Ok(self.lines.take())
    }

    fn head(&mut self) {
        let verifier = self.checkpoint.as_ref().map(|it| it.verifier.clone());
        let of = Some(Extent::Selection { filter: self.named.clone() });
        self.lines.push(&Line::Export { v: VERSION_OF_SOME, verifier, of });
        if let Some(Checkpoint { note, .. }) = &self.checkpoint {
            self.lines.push(&Line::Checkpoint { note: note.clone() });
        }
    }
}
