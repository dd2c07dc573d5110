//! Findings: the mistakes of a runbook, each with its line and what to write instead.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{RESERVED, RUNBOOK_MAX_BYTES, STEPS_MAX};

/// Most findings that one reading reports.
pub const FINDINGS_MAX: usize = 100;
/// Longest piece of the file that a finding quotes, in characters.
const QUOTE_MAX_CHARS: usize = 80;

/// One mistake and where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Counted from 1.
    pub line: u32,
    #[serde(flatten)]
    pub kind: Kind,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Kind {
    #[error("the runbook has {bytes} bytes, and at most {RUNBOOK_MAX_BYTES} are read")]
    TooLarge { bytes: usize },
    #[error("the control character U+{char_code:04X} cannot stand in a runbook")]
    ControlCharacter { char_code: u32 },
    #[error("`{slug}` is no name for a runbook: {reason}")]
    BadSlug { slug: String, reason: String },
    #[error("`{slug}` is the address of something else")]
    ReservedSlug { slug: String },
    #[error("the runbook does not begin with its front matter")]
    NoFrontMatter,
    #[error("the front matter has no end")]
    FrontMatterOpen,
    #[error("the front matter is not TOML: {reason}")]
    FrontMatterSyntax { reason: String },
    #[error("unknown key `{key}`")]
    UnknownKey { key: String, nearest: Option<String> },
    #[error("`{key}` is missing")]
    MissingKey { key: String, example: String },
    #[error("`{key}` is not usable: {reason}")]
    BadField { key: String, reason: String, example: String },
    #[error("`{id}` is no service of the fleet")]
    UnknownService { id: String, nearest: Option<String> },
    #[error("`{name}` is no kind of problem")]
    UnknownAlert { name: String, nearest: Option<String> },
    #[error("there is no numbered step")]
    NoSteps,
    #[error("there are more than {STEPS_MAX} steps")]
    TooManySteps,
    #[error("lists and quotes stand more than {most} deep in each other")]
    TooDeep { most: usize },
    #[error("HTML is not shown: `{html}`")]
    Html { html: String },
    #[error("{what} are not shown")]
    NotShown { what: String, instead: String },
    #[error("the link leads to `{target}`: {reason}")]
    BadLink { target: String, reason: String, instead: String },
    #[error("no page of the console has the address `{target}`")]
    UnknownAddress { target: String },
    #[error("`{{{{{text}` has no end")]
    ValueOpen { text: String },
    #[error("`{text}` is no live value: {reason}")]
    BadValue { text: String, reason: String, instead: String },
    #[error("`{text}` is no action: {reason}")]
    BadAction { text: String, reason: String, instead: String },
    #[error("the fleet has no {what} `{id}`")]
    UnknownObject { what: String, id: String, nearest: Option<String> },
    #[error("{count} more findings are not shown")]
    MoreFindings { count: usize },
}

impl Finding {
    /// Stable name of the kind, `unknown-key`; scripts may rely on it.
    pub fn code(&self) -> &'static str {
        match &self.kind {
            Kind::TooLarge { .. } => "too-large",
            Kind::ControlCharacter { .. } => "control-character",
            Kind::BadSlug { .. } => "bad-slug",
            Kind::ReservedSlug { .. } => "reserved-slug",
            Kind::NoFrontMatter => "no-front-matter",
            Kind::FrontMatterOpen => "front-matter-open",
            Kind::FrontMatterSyntax { .. } => "front-matter-syntax",
            Kind::UnknownKey { .. } => "unknown-key",
            Kind::MissingKey { .. } => "missing-key",
            Kind::BadField { .. } => "bad-field",
            Kind::UnknownService { .. } => "unknown-service",
            Kind::UnknownAlert { .. } => "unknown-alert",
            Kind::NoSteps => "no-steps",
            Kind::TooManySteps => "too-many-steps",
            Kind::TooDeep { .. } => "too-deep",
            Kind::Html { .. } => "html",
            Kind::NotShown { .. } => "not-shown",
            Kind::BadLink { .. } => "bad-link",
            Kind::UnknownAddress { .. } => "unknown-address",
            Kind::ValueOpen { .. } => "value-open",
            Kind::BadValue { .. } => "bad-value",
            Kind::BadAction { .. } => "bad-action",
            Kind::UnknownObject { .. } => "unknown-object",
            Kind::MoreFindings { .. } => "more-findings",
        }
    }

    /// What is wrong.
    pub fn message(&self) -> String {
        self.kind.to_string()
    }

    /// What to write instead.
    pub fn help(&self) -> String {
        match &self.kind {
            Kind::TooLarge { .. } => "split it, and link from one to the other".to_owned(),
            Kind::ControlCharacter { .. } => "remove it, or write a space".to_owned(),
            Kind::BadSlug { .. } => {
                "name the file with a-z, 0-9 and single hyphens: `store-failover.md`".to_owned()
            }
            Kind::ReservedSlug { .. } => {
                format!("choose another name than {}", RESERVED.join(", "))
            }
            Kind::NoFrontMatter => {
                "write a line `+++`, then title, owner and reviewed, then a line `+++`".to_owned()
            }
            Kind::FrontMatterOpen => "end it with a line `+++`".to_owned(),
            Kind::FrontMatterSyntax { .. } => {
                "write `key = value`, with texts in quotes".to_owned()
            }
            Kind::UnknownKey { nearest: Some(nearest), .. } => format!("write `{nearest}`"),
            Kind::UnknownKey { nearest: None, .. } => {
                "remove it; there may be title, owner, reviewed, services and alerts".to_owned()
            }
            Kind::MissingKey { example, .. } | Kind::BadField { example, .. } => {
                format!("write `{example}`")
            }
            Kind::UnknownService { nearest, .. } | Kind::UnknownObject { nearest, .. } => {
                match nearest {
                    Some(nearest) => format!("write `{nearest}`"),
                    None => "name one that the fleet declares".to_owned(),
                }
            }
            Kind::UnknownAlert { nearest: Some(nearest), .. } => format!("write `{nearest}`"),
            Kind::UnknownAlert { nearest: None, .. } => {
                let names = crate::problem::Kind::ALL.map(crate::problem::Kind::name);
                format!("the kinds are {}", names.join(", "))
            }
            Kind::NoSteps => "write what to do as `1. ...`, `2. ...`".to_owned(),
            Kind::TooManySteps => "split it, and link from one to the other".to_owned(),
            Kind::TooDeep { .. } => "write it flatter".to_owned(),
            Kind::Html { .. } => "write it in Markdown; `<` as text is `\\<`".to_owned(),
            Kind::NotShown { instead, .. }
            | Kind::BadLink { instead, .. }
            | Kind::BadValue { instead, .. }
            | Kind::BadAction { instead, .. } => instead.clone(),
            Kind::UnknownAddress { .. } => {
                "open the page and copy what follows the host in its address".to_owned()
            }
            Kind::ValueOpen { .. } => {
                "end it with `}}` in the same line; `{{` as text is `\\{\\{`".to_owned()
            }
            Kind::MoreFindings { .. } => "correct these first".to_owned(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message(), self.help())
    }
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    found: Vec<Finding>,
    dropped: usize,
}

impl Findings {
    pub(super) fn push(&mut self, line: u32, kind: Kind) {
        if self.found.len() >= FINDINGS_MAX {
            self.dropped += 1;
        } else {
            self.found.push(Finding { line, kind });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Characters that could control a terminal or hide a text.
    pub(super) fn control_characters(&mut self, source: &str) {
        for (at, line) in source.lines().enumerate() {
            let bad = line.chars().find(|c| (c.is_control() && *c != '\t') || is_hidden(*c));
            if let Some(c) = bad {
                let line = u32::try_from(at + 1).unwrap_or(u32::MAX);
                self.push(line, Kind::ControlCharacter { char_code: u32::from(c) });
            }
        }
    }

    pub(super) fn finish(mut self) -> Vec<Finding> {
        self.found.sort_by_key(|finding| finding.line);
        if self.dropped > 0 {
            let line = self.found.last().map_or(1, |last| last.line);
            let kind = Kind::MoreFindings { count: self.dropped };
            self.found.push(Finding { line, kind });
        }
        self.found
    }
}

/// Marks that turn the direction of a text: what is read is not what is written.
const fn is_hidden(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A piece of the file, made safe to show: on one line, without control characters, not endless.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::new();
    for (at, c) in text.chars().enumerate() {
        if at == QUOTE_MAX_CHARS {
            quoted.push('…');
            break;
        }
        match c {
            '"' | '\'' | '\\' => quoted.push(c),
            c => quoted.extend(c.escape_debug()),
        }
    }
    quoted
}
