//! From text to entries with offsets, also where the syntax is broken.
//!
//! Text without a syntax error is parsed as a whole. Otherwise it is cut into statements (a line
//! that begins with a header or `key =`, and the lines up to the next), each parsed by itself: one
//! forgotten quote then costs one statement, and is reported once.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use toml::de::{DeTable, DeValue};

use super::Findings;
use super::nearest::nearest;
use crate::fleet::entry::EntryKind;
use crate::fleet::finding::{Form, quote};

/// A value with the offset at which it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Located<T> {
    pub at: usize,
    pub value: T,
}

/// One `key = value`.
pub(super) struct Pair<'i> {
    pub key_at: usize,
    pub value: Located<DeValue<'i>>,
    /// Offset of the statement, to which the spans inside `value` are relative.
    pub base: usize,
}

/// The pairs of a table, by key.
pub(super) type Pairs<'i> = BTreeMap<Cow<'i, str>, Pair<'i>>;

/// One table.
pub(super) struct Entry<'i> {
    pub kind: EntryKind,
    /// Offset of the header.
    pub at: usize,
    pub pairs: Pairs<'i>,
    /// Lost a line to bad syntax: what it lacks may have stood there.
    pub damaged: bool,
}

/// A file's entries, in the order in which they stand.
#[derive(Default)]
pub(super) struct Document<'i> {
    /// What stands before the tables.
    pub top: Pairs<'i>,
    pub entries: Vec<Entry<'i>>,
    /// A header could not be read, so that an entry of any kind may be unknown.
    pub lost: bool,
    /// The pairs before the tables lost a line to bad syntax.
    pub top_damaged: bool,
}

pub(super) fn parse<'i>(text: &'i str, findings: &mut Findings<'i>) -> Document<'i> {
    let damaged_lines = control_characters(text, findings);
    let mut parser =
        Parser { findings, damaged_lines, document: Document::default(), target: Target::Top };
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        parser.root(table.into_inner(), 0);
    } else {
        for (at, statement) in statements(text) {
            parser.statement(at, statement);
        }
    }
    let mut document = parser.document;
    document.entries.sort_by_key(|entry| entry.at);
    document
}

/// Reports the first control character of each line; gives back these lines.
fn control_characters(text: &str, findings: &mut Findings<'_>) -> BTreeSet<u32> {
    let mut lines = BTreeSet::new();
    let controls = text.char_indices().filter(|(_, c)| {
        let allowed = matches!(c, '\t' | '\n' | '\r');
        c.is_ascii_control() && !allowed
    });
    for (at, c) in controls {
        if lines.insert(findings.line(at)) {
            let char_code = u32::from(c);
            findings.push(at, Form::ControlCharacter { char_code });
        }
    }
    lines
}

/// Cuts text into statements, with their offsets.
fn statements(text: &str) -> Vec<(usize, &str)> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if at > 0 && begins_statement(line) {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(start, end)| (*start, &text[*start..end])).collect()
}

fn begins_statement(line: &str) -> bool {
    let line = line.trim_start();
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let after_key = line.trim_start_matches(is_key);
    line.starts_with('[')
        || (after_key.len() < line.len() && after_key.trim_start().starts_with('='))
}

/// Where pairs go.
#[derive(Clone, Copy)]
enum Target {
    Top,
    Entry(usize),
    /// Into a table that is not known: they are not judged.
    Nowhere,
}

struct Parser<'a, 'i> {
    findings: &'a mut Findings<'i>,
    /// Lines with a control character: their syntax errors say nothing new.
    damaged_lines: BTreeSet<u32>,
    document: Document<'i>,
    target: Target,
}

impl<'i> Parser<'_, 'i> {
    /// Takes the tables and pairs of a whole document, or of a statement that has a header.
    fn root(&mut self, table: DeTable<'i>, base: usize) {
        for (key, value) in table {
            let (key_at, value_at) = (base + key.span().start, base + value.span().start);
            let key = key.into_inner();
            let pair = |value| Pair { key_at, value: Located { at: value_at, value }, base };
            let kind = EntryKind::from_table(&key);
            match (kind, value.into_inner()) {
                (Some(kind), DeValue::Array(items)) => {
                    for item in items {
                        let at = base + item.span().start;
                        self.item(kind, at, item.into_inner(), base);
                    }
                }
                (Some(kind), DeValue::Table(table)) => {
                    let table_name = kind.table().to_owned();
                    self.findings.push(value_at, Form::NotAList { table: table_name });
                    self.entry(kind, value_at, table, base);
                }
                (Some(kind), _) => {
                    let table = kind.table().to_owned();
                    self.findings.push(key_at, Form::NotAList { table });
                }
                (None, value @ (DeValue::Array(_) | DeValue::Table(_))) if key != "name" => {
                    self.unknown_table(&key, key_at);
                    drop(value);
                }
                (None, value) => {
                    insert(&mut self.document.top, key, pair(value), self.findings);
                }
            }
        }
    }

    fn item(&mut self, kind: EntryKind, at: usize, item: DeValue<'i>, base: usize) {
        if let DeValue::Table(table) = item {
            self.entry(kind, at, table, base);
        } else {
            let table = kind.table().to_owned();
            self.findings.push(at, Form::NotAList { table });
        }
    }

    fn entry(&mut self, kind: EntryKind, at: usize, table: DeTable<'i>, base: usize) {
        let mut pairs = Pairs::new();
        for (key, value) in table {
            let pair = Pair {
                key_at: base + key.span().start,
                value: Located { at: base + value.span().start, value: value.into_inner() },
                base,
            };
            insert(&mut pairs, key.into_inner(), pair, self.findings);
        }
        self.target = Target::Entry(self.document.entries.len());
        self.document.entries.push(Entry { kind, at, pairs, damaged: false });
    }

    fn unknown_table(&mut self, key: &str, at: usize) {
        self.target = Target::Nowhere;
        self.document.lost = true;
        let tables = EntryKind::ALL.iter().map(|kind| kind.table());
        let table = quote(key);
        let nearest = nearest(key, tables);
        self.findings.push(at, Form::UnknownTable { table, nearest });
    }

    fn statement(&mut self, base: usize, statement: &'i str) {
        let (table, errors) = DeTable::parse_recoverable(statement);
        let starts = |error: &toml::de::Error| error.span().map_or(0, |span| span.start);
        let first = errors.iter().map(|error| (starts(error), error)).min_by_key(|(at, _)| *at);
        let said = |at| self.damaged_lines.contains(&self.findings.line(base + at));
        if let Some((at, error)) = first.filter(|(at, _)| !said(*at)) {
            let reason = quote(error.message());
            self.findings.push(base + at, Form::Syntax { reason });
        }
        let broken_at = first.map(|(at, _)| at);
        if statement.trim_start().starts_with('[') {
            self.header(base, statement, table.into_inner(), broken_at);
        } else {
            self.pairs(base, table.into_inner(), broken_at);
        }
    }

    fn header(
        &mut self,
        base: usize,
        statement: &'i str,
        table: DeTable<'i>,
        broken_at: Option<usize>,
    ) {
        if broken_at.is_none() {
            self.root(table, base);
            return;
        }
        let open = |c: char| c == '[' || c.is_whitespace();
        let name = statement.trim_start_matches(open);
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let at = base + statement.len() - statement.trim_start().len();
        match EntryKind::from_table(&name[..end.unwrap_or(name.len())]) {
            Some(kind) => {
                self.entry(kind, at, DeTable::new(), base);
                self.damage();
            }
            None => {
                self.document.lost = true;
                self.target = Target::Nowhere;
            }
        }
    }

    /// Takes the pairs of a statement that end before the place where it is broken.
    fn pairs(&mut self, base: usize, table: DeTable<'i>, broken_at: Option<usize>) {
        if broken_at.is_some() {
            self.damage();
        }
        let whole = table
            .into_iter()
            .filter(|(_, value)| broken_at.is_none_or(|at| value.span().end <= at));
        match self.target {
            Target::Nowhere => {}
            Target::Top => self.root(whole.collect(), base),
            Target::Entry(index) => {
                let Some(entry) = self.document.entries.get_mut(index) else {
                    return;
                };
                for (key, value) in whole {
                    let pair = Pair {
                        key_at: base + key.span().start,
                        value: Located { at: base + value.span().start, value: value.into_inner() },
                        base,
                    };
                    insert(&mut entry.pairs, key.into_inner(), pair, self.findings);
                }
            }
        }
    }

    fn damage(&mut self) {
        match self.target {
            Target::Nowhere => {}
            Target::Top => self.document.top_damaged = true,
            Target::Entry(index) => {
                if let Some(entry) = self.document.entries.get_mut(index) {
                    entry.damaged = true;
                }
            }
        }
    }
}

/// Adds a pair, or reports that its key stands there already.
fn insert<'i>(
    pairs: &mut Pairs<'i>,
    key: Cow<'i, str>,
    pair: Pair<'i>,
    findings: &mut Findings<'i>,
) {
    if let Some(first) = pairs.get(&key) {
        let first_line = findings.line(first.key_at);
        let key = quote(&key);
        findings.push(pair.key_at, Form::DuplicateKey { key, first_line });
    } else {
        pairs.insert(key, pair);
    }
}
