//! The front matter of a runbook: TOML between two lines `+++`.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use toml::de::{DeTable, DeValue};

use super::finding::{Findings, Kind as Finding, quote};
use crate::fleet::Fleet;
use crate::fleet::read::nearest;
use crate::id::ServiceId;
use crate::problem::Kind;

/// The line that begins and ends it.
const FENCE: &str = "+++";
const KEYS: [&str; 5] = ["title", "owner", "reviewed", "services", "alerts"];
/// Longest title and owner, in characters.
const TITLE_MAX_CHARS: usize = 100;
/// Most services or alerts of one runbook.
const NAMES_MAX: usize = 200;

pub(super) struct Front {
    pub title: String,
    pub owner: String,
    pub reviewed: NaiveDate,
    pub services: BTreeSet<ServiceId>,
    pub alerts: BTreeSet<Kind>,
}

/// The front matter, the text after it, and the line in which that begins.
pub(super) fn split<'s>(
    source: &'s str,
    findings: &mut Findings,
) -> Option<(&'s str, &'s str, u32)> {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let mut lines = source.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    if first.trim_end() != FENCE {
        findings.push(1, Finding::NoFrontMatter);
        return None;
    }
    let (begin, mut at, mut line) = (first.len(), first.len(), 2);
    for text in lines {
        line += 1;
        if text.trim_end() == FENCE {
            return Some((&source[begin..at], &source[at + text.len()..], line));
        }
        at += text.len();
    }
    findings.push(1, Finding::FrontMatterOpen);
    None
}

/// Reads the front matter; `None`: something that it must have is missing or wrong.
pub(super) fn read(text: &str, fleet: Option<&Fleet>, findings: &mut Findings) -> Option<Front> {
    let table = match DeTable::parse(text) {
        Ok(table) => table.into_inner(),
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let reason = quote(error.message());
            findings.push(line_of(text, at), Finding::FrontMatterSyntax { reason });
            return None;
        }
    };
    for key in table.keys().filter(|key| !KEYS.contains(&key.get_ref().as_ref())) {
        let (line, key) = (line_of(text, key.span().start), key.get_ref());
        let nearest = nearest(key, KEYS.into_iter());
        findings.push(line, Finding::UnknownKey { key: quote(key), nearest });
    }
    let mut fields = Fields { text, table: &table, findings };
    let title = fields.label("title", r#"title = "Replica lag""#);
    let owner = fields.label("owner", r#"owner = "storage team""#);
    let reviewed = fields.date("reviewed", "reviewed = 2026-11-20");
    let services = fields.names("services", r#"services = ["feed-api"]"#);
    let alerts = fields.names("alerts", r#"alerts = ["standby-not-ready"]"#);
    let services = services.into_iter().filter_map(|it| service(it, fleet, findings)).collect();
    let alerts = alerts.into_iter().filter_map(|it| alert(it, findings)).collect();
    Some(Front { title: title?, owner: owner?, reviewed: reviewed?, services, alerts })
}

/// The line of an offset of the front matter in the whole file, where it begins in the second.
fn line_of(text: &str, at: usize) -> u32 {
    let before = text.get(..at).unwrap_or(text);
    u32::try_from(before.matches('\n').count()).map_or(u32::MAX, |lines| lines + 2)
}

fn service(
    (line, name): (u32, String),
    fleet: Option<&Fleet>,
    findings: &mut Findings,
) -> Option<ServiceId> {
    let id = ServiceId::new(&name).ok();
    let known = fleet.is_none_or(|fleet| fleet.services.contains_key(name.as_str()));
    if id.is_none() || !known {
        let names = fleet.into_iter().flat_map(|fleet| fleet.services.keys());
        let nearest = nearest(&name, names.map(ServiceId::as_str));
        findings.push(line, Finding::UnknownService { id: quote(&name), nearest });
        return None;
    }
    id
}

fn alert((line, name): (u32, String), findings: &mut Findings) -> Option<Kind> {
    let kind = Kind::from_name(&name);
    if kind.is_none() {
        let nearest = nearest(&name, Kind::ALL.into_iter().map(Kind::name));
        findings.push(line, Finding::UnknownAlert { name: quote(&name), nearest });
    }
    kind
}

struct Fields<'a, 'i> {
    text: &'i str,
    table: &'a DeTable<'i>,
    findings: &'a mut Findings,
}

impl Fields<'_, '_> {
    fn bad(&mut self, line: u32, key: &str, reason: &str, example: &str) {
        let (key, reason) = (key.to_owned(), reason.to_owned());
        self.findings.push(line, Finding::BadField { key, reason, example: example.to_owned() });
    }

    fn missing(&mut self, key: &str, example: &str) {
        let (key, example) = (key.to_owned(), example.to_owned());
        self.findings.push(1, Finding::MissingKey { key, example });
    }

    fn label(&mut self, key: &str, example: &str) -> Option<String> {
        let Some(found) = self.table.get(key) else {
            self.missing(key, example);
            return None;
        };
        let line = line_of(self.text, found.span().start);
        let text = found.get_ref().as_str().map(str::trim);
        match text {
            None => self.bad(line, key, "it is no text", example),
            Some("") => self.bad(line, key, "it is empty", example),
            Some(text) if text.chars().count() > TITLE_MAX_CHARS => {
                let reason = format!("it has more than {TITLE_MAX_CHARS} characters");
                self.bad(line, key, &reason, example);
            }
            Some(text) if text.chars().any(char::is_control) => {
                self.bad(line, key, "it has a control character", example);
            }
            Some(text) => return Some(text.to_owned()),
        }
        None
    }

    /// A date, as TOML writes one or as a text.
    fn date(&mut self, key: &str, example: &str) -> Option<NaiveDate> {
        let Some(found) = self.table.get(key) else {
            self.missing(key, example);
            return None;
        };
        let text = match found.get_ref() {
            DeValue::Datetime(date) => date.to_string(),
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => String::new(),
        };
        let date = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok();
        if date.is_none() {
            let line = line_of(self.text, found.span().start);
            self.bad(line, key, "it is no date", example);
        }
        date
    }

    /// The texts of a list, each with its line; none, where there is no such key.
    fn names(&mut self, key: &str, example: &str) -> Vec<(u32, String)> {
        let Some(found) = self.table.get(key) else { return Vec::new() };
        let line = line_of(self.text, found.span().start);
        let Some(items) = found.get_ref().as_array() else {
            self.bad(line, key, "it is no list", example);
            return Vec::new();
        };
        if items.len() > NAMES_MAX {
            self.bad(line, key, &format!("it has more than {NAMES_MAX} items"), example);
            return Vec::new();
        }
        let mut names = Vec::new();
        for item in items.iter() {
            let line = line_of(self.text, item.span().start);
            match item.get_ref().as_str() {
                Some(name) => names.push((line, name.to_owned())),
                None => self.bad(line, key, "an item is no text", example),
            }
        }
        names
    }
}
