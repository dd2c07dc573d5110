//! Findings: the mistakes of a fleet file, as a compiler would report them.
//!
//! Owns their kinds, their stable codes and their sentences: what is wrong, then what to write
//! instead. Text that comes from the file is clipped and escaped before it enters a finding, so
//! that a hostile file can neither flood nor control a terminal or a page.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::entry::EntryKind;
use super::{DATACENTERS_MIN, FILE_MAX_BYTES, LocalNeed, NODES_MIN};

/// Most findings that one reading reports; [`Form::MoreFindings`] counts the rest.
pub const FINDINGS_MAX: usize = 200;
/// Longest piece of the file that a finding quotes, in characters.
const QUOTE_MAX_CHARS: usize = 80;

/// One mistake and where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Counted from 1.
    pub line: u32,
    /// In characters, counted from 1.
    pub column: u32,
    #[serde(flatten)]
    pub kind: FindingKind,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FindingKind {
    Form(Form),
    Value(Value),
    Rule(Rule),
}

/// A mistake of form: the file, its syntax, its tables and keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Form {
    #[error("the file has {bytes} bytes, and at most {FILE_MAX_BYTES} are read")]
    FileTooLarge { bytes: usize },
    #[error("the control character U+{char_code:04X} cannot stand in a fleet file")]
    ControlCharacter { char_code: u32 },
    #[error("this is not TOML: {reason}")]
    Syntax { reason: String },
    #[error("{count} more findings are not shown")]
    MoreFindings { count: usize },
    #[error("the fleet has no region, so that nothing can run anywhere")]
    EmptyFleet,
    #[error("there is no table `{table}`")]
    UnknownTable { table: String, nearest: Option<String> },
    #[error("`{table}` is not a list of tables here")]
    NotAList { table: String },
    /// `entry`: the kind of table it stands in; `None`: the top of the file.
    #[error("unknown key `{key}`")]
    UnknownKey { entry: Option<EntryKind>, key: String, nearest: Option<String> },
    /// A key inside a list's tables: `of` is the list's key.
    #[error("unknown key `{key}` in `{of}`")]
    UnknownPart { of: String, key: String, known: Vec<String>, nearest: Option<String> },
    #[error("`{key}` is written twice; the first is in line {first_line}")]
    DuplicateKey { key: String, first_line: u32 },
    #[error("`{key}` does not go with `{with}`")]
    KeyDoesNotApply { key: String, with: String },
    #[error("`{key}` is missing")]
    MissingKey { key: String, example: String },
    #[error("`{key}` is {found}, and must be {expected}")]
    WrongType { key: String, expected: String, found: String, example: String },
    #[error("there are {count} tables `{table}`, and at most {most} are read")]
    TooManyEntries { table: String, count: usize, most: usize },
    #[error("`{key}` has {count} items, and may have at most {most}")]
    TooManyItems { key: String, count: usize, most: usize },
}

/// A value that means nothing, or nothing good, by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Value {
    #[error("`{id}` is not an id: {reason}")]
    BadId { id: String, reason: String, nearest: Option<String> },
    #[error("the {entry} `{id}` is declared twice; the first is in line {first_line}")]
    DuplicateId { entry: EntryKind, id: String, first_line: u32 },
    #[error("`{key}` names the {entry} `{id}`, which is not declared")]
    UnknownReference { key: String, entry: EntryKind, id: String, nearest: Option<String> },
    #[error("`{zone}` is not a time zone")]
    UnknownTimeZone { zone: String, nearest: Option<String> },
    #[error("`{key}` cannot be `{value}`")]
    UnknownValue { key: String, value: String, allowed: Vec<String>, nearest: Option<String> },
    #[error("`{key}` is {value}, and must be from {least} to {most}")]
    OutOfRange { key: String, value: String, least: i64, most: i64 },
    #[error("`{key}` is not usable: {reason}")]
    BadText { key: String, reason: String, example: String },
    #[error("`{key}` names `{value}` twice")]
    RepeatedItem { key: String, value: String },
    #[error("`{window}` is not a window of time: {reason}")]
    BadWindow { window: String, reason: String },
}

/// A fleet that could be read, and cannot or should not be run as it is declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Rule {
    #[error(
        "the service `{service}` has only {}, and would not be redundant (R3)",
        counted(*nodes, "node")
    )]
    TooFewNodes { service: String, nodes: i64 },
    #[error(
        "the {entry} `{id}` has only {}: losing one would be felt (R2)",
        counted(*count, "data centre")
    )]
    TooFewDatacenters { entry: EntryKind, id: String, count: usize },
    #[error("the region `{region}` lacks what the service `{service}` needs: {need} (R1)")]
    RegionLacksNeed { service: String, region: String, need: LocalNeed },
    #[error("no region has what the service `{service}` needs: {need} (R1)")]
    NoRegionHasNeed { service: String, need: LocalNeed },
    #[error("the region `{region}` has no data centre")]
    RegionWithoutDatacenter { region: String },
    #[error("the groups `{first}` and `{second}` have the same priority {priority} (R5)")]
    DuplicatePriority { priority: u16, first: String, second: String, first_line: u32 },
    #[error("the {entry} `{id}` is in the data centre `{datacenter}`, which is retired")]
    RetiredDatacenter { entry: EntryKind, id: String, datacenter: String },
    #[error("the edge `{edge}` of the region `{region}` is in a data centre of `{actual}`")]
    EdgeOutsideRegion { edge: String, region: String, actual: String },
    #[error("the backup policy `{policy}` leaves no day for a differential copy")]
    NoDayForDifferential { policy: String },
    #[error(
        "the backup policy `{policy}` keeps copies {}, and makes the next full copy \
         only after {interval}: there would be times without any",
        counted(*days, "day")
    )]
    RetentionTooShort { policy: String, days: u16, interval: u16 },
    #[error(
        "the backup policy `{policy}` asks for {copies} copies, and its schedule and retention \
         leave only {most} at times"
    )]
    TooManyCopies { policy: String, copies: u16, most: u16 },
    #[error(
        "the backup policy `{policy}` asks for copies in {}, and for only {} in all",
        counted(*copies_in, "data centre"),
        counted_in(*copies, "copy", "copies")
    )]
    CopiesInMoreThanCopies { policy: String, copies_in: u16, copies: u16 },
    #[error(
        "the backup policy `{policy}` asks for copies in {copies_in} data centres, and the fleet \
         has only {count} that take part"
    )]
    CopiesInMoreThanDatacenters { policy: String, copies_in: u16, count: usize },
    #[error(
        "the backup policy `{policy}` asks for copies in {copies_in} data centres, and its \
         rotation and retention leave them in only {most} at times"
    )]
    CopiesInMoreThanRotated { policy: String, copies_in: u16, most: u16 },
    #[error("the steps of the rollout plan `{plan}` go from {before} % to {weight} %")]
    WeightNotGrowing { plan: String, before: String, weight: String },
    #[error("the waves of the rollout plan `{plan}` name the region `{region}` twice")]
    RegionInTwoWaves { plan: String, region: String },
    #[error("the fleet asks for {count} instances, and may ask for at most {most}")]
    TooManyInstances { count: u64, most: u64 },
    #[error("the {entry} `{id}` is said to have been called `{former}`, which is still declared")]
    FormerIsDeclared { entry: EntryKind, id: String, former: String },
}

impl Finding {
    /// Stable name of the kind, `unknown-key`; scripts may rely on it.
    pub const fn code(&self) -> &'static str {
        match &self.kind {
            FindingKind::Form(kind) => kind.code(),
            FindingKind::Value(kind) => kind.code(),
            FindingKind::Rule(kind) => kind.code(),
        }
    }

    /// What is wrong.
    pub fn message(&self) -> String {
        match &self.kind {
            FindingKind::Form(kind) => kind.to_string(),
            FindingKind::Value(kind) => kind.to_string(),
            FindingKind::Rule(kind) => kind.to_string(),
        }
    }

    /// What to write instead.
    pub fn help(&self) -> String {
        match &self.kind {
            FindingKind::Form(kind) => kind.help(),
            FindingKind::Value(kind) => kind.help(),
            FindingKind::Rule(kind) => kind.help(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message(), self.help())
    }
}

impl From<Form> for FindingKind {
    fn from(kind: Form) -> Self {
        Self::Form(kind)
    }
}

impl From<Value> for FindingKind {
    fn from(kind: Value) -> Self {
        Self::Value(kind)
    }
}

impl From<Rule> for FindingKind {
    fn from(kind: Rule) -> Self {
        Self::Rule(kind)
    }
}

impl Form {
    const fn code(&self) -> &'static str {
        match self {
            Self::FileTooLarge { .. } => "file-too-large",
            Self::ControlCharacter { .. } => "control-character",
            Self::Syntax { .. } => "syntax",
            Self::MoreFindings { .. } => "more-findings",
            Self::EmptyFleet => "empty-fleet",
            Self::UnknownTable { .. } => "unknown-table",
            Self::NotAList { .. } => "not-a-list",
            Self::UnknownKey { .. } | Self::UnknownPart { .. } => "unknown-key",
            Self::DuplicateKey { .. } => "duplicate-key",
            Self::KeyDoesNotApply { .. } => "key-does-not-apply",
            Self::MissingKey { .. } => "missing-key",
            Self::WrongType { .. } => "wrong-type",
            Self::TooManyEntries { .. } => "too-many-entries",
            Self::TooManyItems { .. } => "too-many-items",
        }
    }

    fn help(&self) -> String {
        match self {
            Self::FileTooLarge { .. } => "check that this is a fleet file".to_owned(),
            Self::ControlCharacter { .. } => "remove it, or write a space".to_owned(),
            Self::Syntax { reason } => syntax_help(reason).to_owned(),
            Self::MoreFindings { .. } => "correct these first".to_owned(),
            Self::EmptyFleet => "write at least one [[region]] with a [[datacenter]]".to_owned(),
            Self::UnknownTable { nearest, .. } => match nearest {
                Some(nearest) => format!("write [[{nearest}]]"),
                None => {
                    let tables: Vec<_> = EntryKind::ALL.iter().map(|kind| kind.table()).collect();
                    format!("the tables are {}", tables.join(", "))
                }
            },
            Self::NotAList { table } => format!("write [[{table}]], with two brackets"),
            Self::UnknownKey { entry, nearest, .. } => match (nearest, entry) {
                (Some(nearest), _) => format!("write `{nearest}`"),
                (None, Some(entry)) => {
                    let keys = entry.keys().join(", ");
                    format!("remove it; a [[{}]] may have {keys}", entry.table())
                }
                (None, None) => "remove it; before the tables stands only `name`".to_owned(),
            },
            Self::UnknownPart { known, nearest, .. } => match nearest {
                Some(nearest) => format!("write `{nearest}`"),
                None => format!("remove it; there may be {}", known.join(", ")),
            },
            Self::DuplicateKey { .. } => {
                "remove one, or start the next entry with its header".to_owned()
            }
            Self::KeyDoesNotApply { key, .. } => format!("remove `{key}`"),
            Self::MissingKey { example, .. } | Self::WrongType { example, .. } => {
                format!("write `{example}`")
            }
            Self::TooManyEntries { .. } => "split the fleet".to_owned(),
            Self::TooManyItems { most, .. } => format!("write at most {most}"),
        }
    }
}

impl Value {
    const fn code(&self) -> &'static str {
        match self {
            Self::BadId { .. } => "bad-id",
            Self::DuplicateId { .. } => "duplicate-id",
            Self::UnknownReference { .. } => "unknown-reference",
            Self::UnknownTimeZone { .. } => "unknown-time-zone",
            Self::UnknownValue { .. } => "unknown-value",
            Self::OutOfRange { .. } => "out-of-range",
            Self::BadText { .. } => "bad-text",
            Self::RepeatedItem { .. } => "repeated-item",
            Self::BadWindow { .. } => "bad-window",
        }
    }

    fn help(&self) -> String {
        match self {
            Self::BadId { nearest, .. } => match nearest {
                Some(nearest) => format!("write `{nearest}`"),
                None => "write a short lower-case name, for example `fra1`".to_owned(),
            },
            Self::DuplicateId { .. } => "write another id, or remove one of the two".to_owned(),
            Self::UnknownReference { entry, nearest, .. } => match nearest {
                Some(nearest) => format!("write `{nearest}`"),
                None => format!("declare it in a [[{}]], or name another", entry.table()),
            },
            Self::UnknownTimeZone { nearest, .. } => match nearest {
                Some(nearest) => format!("write `{nearest}`"),
                None => "write a name of the IANA database, for example `Europe/Berlin`".to_owned(),
            },
            Self::UnknownValue { allowed, nearest, .. } => match nearest {
                Some(nearest) => format!("write `{nearest}`"),
                None => format!("write one of {}", allowed.join(", ")),
            },
            Self::OutOfRange { least, most, .. } => {
                format!("write a whole number from {least} to {most}")
            }
            Self::BadText { example, .. } => format!("write for example `{example}`"),
            Self::RepeatedItem { .. } => "remove one of the two".to_owned(),
            Self::BadWindow { .. } => {
                "write local times, from and to: `00:00-00:30`; over midnight at most 12 hours: \
                 `23:30-00:30`"
                    .to_owned()
            }
        }
    }
}

impl Rule {
    const fn code(&self) -> &'static str {
        match self {
            Self::TooFewNodes { .. } => "too-few-nodes",
            Self::TooFewDatacenters { .. } => "too-few-datacenters",
            Self::RegionLacksNeed { .. } => "region-lacks-need",
            Self::NoRegionHasNeed { .. } => "no-region-has-need",
            Self::RegionWithoutDatacenter { .. } => "region-without-datacenter",
            Self::DuplicatePriority { .. } => "duplicate-priority",
            Self::RetiredDatacenter { .. } => "retired-datacenter",
            Self::EdgeOutsideRegion { .. } => "edge-outside-region",
            Self::NoDayForDifferential { .. } => "no-day-for-differential",
            Self::RetentionTooShort { .. } => "retention-too-short",
            Self::TooManyCopies { .. } => "too-many-copies",
            Self::CopiesInMoreThanCopies { .. }
            | Self::CopiesInMoreThanDatacenters { .. }
            | Self::CopiesInMoreThanRotated { .. } => "too-many-places",
            Self::WeightNotGrowing { .. } => "weight-not-growing",
            Self::RegionInTwoWaves { .. } => "region-in-two-waves",
            Self::TooManyInstances { .. } => "too-many-instances",
            Self::FormerIsDeclared { .. } => "former-is-declared",
        }
    }

    fn help(&self) -> String {
        match self {
            Self::TooFewNodes { .. } => format!(
                "write `nodes = {NODES_MIN}` or more, or `retired = true` to stop the service"
            ),
            Self::TooFewDatacenters { .. } => {
                format!("name at least {DATACENTERS_MIN} data centres that are not retired")
            }
            Self::RegionLacksNeed { need, .. } => {
                let need = need.key();
                format!(
                    "remove it from `regions`, or write `{need} = true` in the region if it has"
                )
            }
            Self::NoRegionHasNeed { need, .. } => {
                let need = need.key();
                format!("write `{need} = true` in the regions that have, or remove the service")
            }
            Self::RegionWithoutDatacenter { .. } => {
                "declare one in a [[datacenter]], or remove the region".to_owned()
            }
            Self::DuplicatePriority { .. } => {
                "give each group its own, 1 recovers first".to_owned()
            }
            Self::RetiredDatacenter { entry, .. } => {
                format!("move the {entry} to another, or remove `retired = true` there")
            }
            Self::EdgeOutsideRegion { region, .. } => {
                format!("name a data centre of `{region}`, or correct the region")
            }
            Self::NoDayForDifferential { .. } => {
                "remove `differential = true`, or make full copies on fewer days".to_owned()
            }
            Self::RetentionTooShort { interval, .. } => {
                format!("write `retention_days = {interval}` or more")
            }
            Self::TooManyCopies { most, .. } => {
                format!("write `copies = {most}` or fewer, or a longer `retention_days`")
            }
            Self::CopiesInMoreThanCopies { copies_in, copies, .. } => {
                format!("write `copies_in = {copies}` or fewer, or `copies = {copies_in}` or more")
            }
            Self::CopiesInMoreThanDatacenters { count, .. } => {
                format!("write `copies_in = {count}` or fewer")
            }
            Self::CopiesInMoreThanRotated { most, .. } => {
                format!("write `copies_in = {most}` or fewer, or a longer `retention_days`")
            }
            Self::WeightNotGrowing { .. } => "write growing weights, up to 100".to_owned(),
            Self::RegionInTwoWaves { .. } => "name it once".to_owned(),
            Self::TooManyInstances { .. } => "declare fewer nodes or data centres".to_owned(),
            Self::FormerIsDeclared { former, .. } => {
                format!("remove `{former}` from `was`, or remove the entry `{former}`")
            }
        }
    }
}

/// A number of things: `1 node`, `2 nodes`.
fn counted<N: fmt::Display>(count: N, noun: &str) -> String {
    counted_in(count, noun, &format!("{noun}s"))
}

fn counted_in<N: fmt::Display>(count: N, one: &str, many: &str) -> String {
    let count = count.to_string();
    let noun = if count == "1" { one } else { many };
    format!("{count} {noun}")
}

/// What to write where the parser stopped, by a word of its reason.
fn syntax_help(reason: &str) -> &'static str {
    const BY_REASON: [(&str, &str); 7] = [
        ("must be quoted", "put it in quotes: \"text\""),
        ("invalid basic string", "close the text with a quote"),
        ("array table", "write a header with two brackets on both sides: [[service]]"),
        ("unclosed array", "close the list with ]"),
        ("in array", "close the list with ]"),
        ("missing comma", "put a comma between two items"),
        ("expected `=`", "write `key = value`"),
    ];
    let known = BY_REASON.iter().find(|(word, _)| reason.contains(word));
    known.map_or(
        "write a header `[[service]]` or a pair `key = value`, with texts in quotes",
        |(_, help)| help,
    )
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
