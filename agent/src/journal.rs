//! The command journal: what this data centre was told, and what became of it.
//!
//! A file of JSON lines, only ever appended to, and synced before anything is done. It owns the
//! largest token accepted for each subject, the commands in progress, the results of the newest
//! finished ones, and the [`Target`]s that all finished commands add up to; so an agent that
//! starts with no server in reach goes on with what it was last told.
//!
//! Invariants: no command is executed that is not in the journal; a finished command changes the
//! targets in the same write that says it is finished; decisions are ordered for each subject,
//! of a service whichever of its tracks they are about. A torn last line (the machine lost power
//! in the middle of a write) was never acted on and is cut off; any other damage stops the agent,
//! because what it would do next could be wrong.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use mainstay_core::deployment::{self, Slot, Spec, Track};
use mainstay_core::estate::Deployment;
use mainstay_core::fence::{self, Subject, Token, Verdict};
use mainstay_core::id::{InstanceId, ServiceId};
use mainstay_wire::{Command, CommandId, CommandResult, Outcome, limits};
use serde::{Deserialize, Serialize};

use crate::durable::{self, Lasting};

/// Finished commands remembered; older ones are refused by their token.
const RESULTS_KEPT: usize = 1_024;
/// Lines after which the file is written anew with only what is still needed.
const COMPACT_AFTER_LINES: usize = 4_096;

/// What is to run at one track of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub spec: Spec,
    /// The newest decision taken over for the service.
    pub token: Token,
    /// How often each instance was asked to be started afresh; an instance started for a lower
    /// count is due.
    pub afresh: BTreeMap<InstanceId, u64>,
}

pub type Targets = BTreeMap<Slot, Target>;

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("the command journal {path} cannot be {action}")]
    Io {
        path: PathBuf,
        action: &'static str,
        #[source]
        source: io::Error,
    },
    #[error(
        "line {line} of the command journal {path} is damaged; move the file away to start \
         without a past, or restore it"
    )]
    Damaged {
        path: PathBuf,
        line: usize,
        #[source]
        source: serde_json::Error,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
enum Line {
    Accepted {
        command: Command,
    },
    Finished {
        result: CommandResult,
    },
    // The two below are written by compaction only.
    Newest {
        // Its name in lines of an agent that knew services only.
        #[serde(alias = "service")]
        subject: Subject,
        token: Token,
    },
    Target {
        service: ServiceId,
        // Absent in lines of an agent that knew no tracks.
        #[serde(default)]
        track: Track,
        target: Target,
    },
}

/// The journal, open for writing.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Length of the part that is whole and synced.
    length: u64,
    lines: usize,
    /// Whether `file` may no longer be the one at `path`, because a compaction broke off.
    detached: bool,
    memory: Memory,
}

/// What the lines add up to.
#[derive(Debug, Default)]
struct Memory {
    newest: BTreeMap<Subject, Token>,
    in_progress: BTreeMap<CommandId, Command>,
    /// In the order in which they were finished.
    results: VecDeque<CommandResult>,
    targets: Targets,
}

impl Journal {
    /// Opens or creates the journal and reads it back.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let io = |action| failed(path, action);
        let mut file = durable::append_to(path).map_err(io("opened"))?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(io("read"))?;
        let (memory, lines, length) = replay(path, &content)?;
        let mut journal =
            Self { path: path.to_owned(), file, length, lines, detached: false, memory };
        if length < content.len() as u64 {
            tracing::warn!(path = %path.display(), "a torn last line of the journal is cut off");
            journal.cut_off().map_err(io("repaired"))?;
        }
        Ok(journal)
    }

    /// What to do with a command that arrived.
    pub fn judge(&self, command: &Command) -> Verdict<Outcome> {
        let memory = &self.memory;
        let finished = memory.results.iter().find(|r| r.command_id == command.id);
        let known = match finished {
            Some(result) => Some(Some(result.outcome.clone())),
            None => memory.in_progress.get(&command.id).map(|_| None),
        };
        let newest = memory.newest.get(&command.action.subject()).copied();
        fence::judge(command.token, known, newest)
    }

    /// Records that a command will be executed; durable when it returns.
    pub fn accept(&mut self, command: &Command) -> Result<(), JournalError> {
        self.append(Line::Accepted { command: command.clone() })
    }

    /// Records what became of an accepted command and takes it over; durable when it returns.
    pub fn finish(&mut self, result: &CommandResult) -> Result<(), JournalError> {
        self.append(Line::Finished { result: result.clone() })?;
        if self.lines > COMPACT_AFTER_LINES
            && let Err(error) = self.compact()
        {
            tracing::warn!(%error, "the journal stays long for now");
        }
        Ok(())
    }

    /// What is to run, by all that was finished.
    pub fn targets(&self) -> &Targets {
        &self.memory.targets
    }

    /// The targets as they are reported.
    pub fn deployments(&self) -> impl Iterator<Item = Deployment> {
        self.memory.targets.iter().map(|((service, track), target)| Deployment {
            service: service.clone(),
            track: *track,
            version: target.spec.version.clone(),
            nodes: target.spec.nodes,
            template: target.spec.template(),
            token: target.token,
        })
    }

    /// The largest token accepted for each subject.
    pub fn newest(&self) -> &BTreeMap<Subject, Token> {
        &self.memory.newest
    }

    /// The newest results, newest last, as many as a hello may carry.
    pub fn tail(&self) -> Vec<CommandResult> {
        let results = &self.memory.results;
        let skipped = results.len().saturating_sub(limits::JOURNAL_TAIL_MAX);
        results.iter().skip(skipped).cloned().collect()
    }

    /// Commands that were accepted and not finished, oldest decision first.
    pub fn in_progress(&self) -> Vec<Command> {
        let mut commands: Vec<_> = self.memory.in_progress.values().cloned().collect();
        commands.sort_by_key(|command| command.token);
        commands
    }

    fn append(&mut self, line: Line) -> Result<(), JournalError> {
        if self.detached {
            self.reopen()?;
        }
        let bytes = encode(&line);
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        if let Err(source) = written {
            // What was written of the line must not stand before the next one. If even that
            // fails, the next append tries again: `length` still marks the whole part.
            if let Err(error) = self.cut_off() {
                tracing::error!(%error, "the journal cannot be repaired after a failed write");
            }
            return Err(failed(&self.path, "written")(source));
        }
        self.length += bytes.len() as u64;
        self.lines += 1;
        self.memory.take(line);
        Ok(())
    }

    fn cut_off(&mut self) -> io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::End(0))?;
        self.file.sync_data()
    }

    fn compact(&mut self) -> Result<(), JournalError> {
        let lines = self.memory.lines();
        let content: Vec<u8> = lines.iter().flat_map(encode).collect();
        self.detached = true;
        durable::replace(&self.path, &content, Lasting::Power)
            .map_err(failed(&self.path, "compacted"))?;
        self.lines = lines.len();
        self.reopen()
    }

    fn reopen(&mut self) -> Result<(), JournalError> {
        let opened = durable::append_to(&self.path)
            .and_then(|file| file.metadata().map(|metadata| (file, metadata.len())));
        (self.file, self.length) = opened.map_err(failed(&self.path, "opened"))?;
        self.detached = false;
        Ok(())
    }
}

impl Memory {
    fn take(&mut self, line: Line) {
        match line {
            Line::Accepted { command } => {
                self.raise(command.action.subject(), command.token);
                self.in_progress.insert(command.id.clone(), command);
            }
            Line::Finished { result } => {
                let command = self.in_progress.remove(&result.command_id);
                if let (Some(command), Outcome::Done) = (command, &result.outcome) {
                    self.take_over(command);
                }
                self.results.push_back(result);
                if self.results.len() > RESULTS_KEPT {
                    self.results.pop_front();
                }
            }
            Line::Newest { subject, token } => self.raise(subject, token),
            Line::Target { service, track, target } => {
                self.targets.insert((service, track), target);
            }
        }
    }

    fn raise(&mut self, subject: Subject, token: Token) {
        let newest = self.newest.entry(subject).or_default();
        *newest = token.max(*newest);
    }

    fn take_over(&mut self, command: Command) {
        let token = command.token;
        match command.action {
            deployment::Command::Deploy { service, track, spec } => {
                let slot = (service, track);
                let afresh = self.targets.remove(&slot).map(|t| t.afresh);
                let target = Target { spec, token, afresh: afresh.unwrap_or_default() };
                self.targets.insert(slot, target);
            }
            deployment::Command::Remove { service, track } => {
                self.targets.remove(&(service, track));
            }
            deployment::Command::Replace { service, instance } => {
                // Which track the instance is of is the driver's knowledge; at the other one no
                // instance has this id.
                for track in Track::ALL {
                    if let Some(target) = self.targets.get_mut(&(service.clone(), track)) {
                        target.token = token;
                        *target.afresh.entry(instance.clone()).or_default() += 1;
                    }
                }
            }
            // Tests and work on databases have memories of their own; what runs does not change.
            deployment::Command::Test { .. } | deployment::Command::Work { .. } => {}
        }
    }

    /// The shortest journal that replays to this memory.
    fn lines(&self) -> Vec<Line> {
        let targets = self.targets.iter().map(|((service, track), target)| Line::Target {
            service: service.clone(),
            track: *track,
            target: target.clone(),
        });
        let newest = self
            .newest
            .iter()
            .map(|(subject, token)| Line::Newest { subject: subject.clone(), token: *token });
        let results = self.results.iter().map(|result| Line::Finished { result: result.clone() });
        let in_progress =
            self.in_progress.values().map(|command| Line::Accepted { command: command.clone() });
        targets.chain(newest).chain(results).chain(in_progress).collect()
    }
}

/// Reads the lines; returns also how many there are and the length of the whole ones.
fn replay(path: &Path, content: &[u8]) -> Result<(Memory, usize, u64), JournalError> {
    let mut memory = Memory::default();
    let (mut lines, mut length) = (0, 0);
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        let last = length + line.len() == content.len();
        let whole = line.ends_with(b"\n");
        match serde_json::from_slice(line) {
            Ok(read) if whole => memory.take(read),
            Ok(_) => break,
            Err(_) if last => break,
            Err(source) => {
                return Err(JournalError::Damaged {
                    path: path.to_owned(),
                    line: lines + 1,
                    source,
                });
            }
        }
        lines += 1;
        length += line.len();
    }
    Ok((memory, lines, length as u64))
}

fn encode(line: &Line) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(line).expect("journal lines have string keys only");
    bytes.push(b'\n');
    bytes
}

fn failed(path: &Path, action: &'static str) -> impl Fn(io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Io { path: path.clone(), action, source }
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
