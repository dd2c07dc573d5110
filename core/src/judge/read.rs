//! A trace as a file: comma-separated, a line for each second.
//!
//! ```text
//! second,requests,errors,le_5,le_10,le_inf
//! 0,120,1,90,117,120
//! 1,131,0,99,128,131
//! ```
//!
//! `le_B` counts the requests of at most `B` milliseconds, the smaller ones included, `le_inf` all;
//! there may be none of these columns. The seconds count from any instant and leave none out.
//!
//! Owns the format, its bounds and the sentences for what is wrong with a file. Invariant: a file
//! is read wholly or not at all. Text of the file is clipped and escaped before it is quoted.

use std::collections::BTreeMap;
use std::str::FromStr;

use csv::StringRecord;

use super::{Second, Trace};

/// Largest file that is read.
pub const FILE_MAX_BYTES: usize = 32 * 1024 * 1024;
/// Most seconds that are read: a day.
pub const SECONDS_MAX: usize = 86_400;
/// Most mistakes that one reading tells.
pub const FINDINGS_MAX: usize = 100;
/// Largest count in one second.
const COUNT_MAX: u64 = 1_000_000_000;
/// Most latency columns.
const BOUNDS_MAX: usize = 200;
/// Longest piece of the file that is quoted, in characters.
const QUOTE_MAX_CHARS: usize = 40;

const SECOND: &str = "second";
const REQUESTS: &str = "requests";
const ERRORS: &str = "errors";
const LATENCY: &str = "le_";
const INFINITY: &str = "le_inf";

/// A mistake and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Counted from 1.
    pub line: u64,
    pub mistake: Mistake,
}

/// What is wrong with a file, and what to write.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Mistake {
    #[error("the file has {0} bytes, and at most {FILE_MAX_BYTES} are read; write fewer seconds")]
    TooLarge(usize),
    #[error("there is no line; write `second,requests,errors`, then a line for each second")]
    Empty,
    #[error("there is no second; write a line for each second below the names of the columns")]
    NoSeconds,
    #[error("there are more than {SECONDS_MAX} seconds; write at most a day")]
    TooManySeconds,
    #[error("this is not comma-separated text: {0}; write `second,requests,errors` and counts")]
    Syntax(String),
    #[error("the column `{0}` is missing; write `second,requests,errors` in the first line")]
    MissingColumn(&'static str),
    #[error("unknown column `{found}`; write {}", known(nearest))]
    UnknownColumn { found: String, nearest: Option<&'static str> },
    #[error("the column `{0}` stands twice; write it once")]
    DuplicateColumn(String),
    #[error("`{0}` names no latency; write milliseconds above 0, such as `le_5`, or `le_inf`")]
    NotALatency(String),
    #[error(
        "`{after}` stands after `{before}`; write latency columns from small to large, `le_inf` \
         last"
    )]
    LatencyOrder { before: String, after: String },
    #[error("the column `le_inf` is missing; write it after the other latencies: all requests")]
    NoInfinity,
    #[error("there are more than {BOUNDS_MAX} latency columns; write fewer")]
    TooManyColumns,
    #[error("the line has {found} values for {expected} columns; write one for each")]
    Values { found: usize, expected: usize },
    #[error("`second` is `{0}`, which is no second; write a whole number, such as 0 or 1767225600")]
    NotASecond(String),
    #[error("`{column}` is `{found}`, which is no count; write a whole number, such as 120")]
    NotACount { column: String, found: String },
    #[error("`{column}` is {found}, and no count is negative; write 0 or more")]
    Negative { column: String, found: String },
    #[error("`{column}` is {found}, more than {COUNT_MAX} in a second; write what was counted")]
    TooMany { column: String, found: u64 },
    #[error("{errors} errors of {requests} requests; write at most as many errors as requests")]
    ErrorsOverRequests { errors: u64, requests: u64 },
    #[error(
        "`{column}` counts {found}, less than the {before} of the column before; write cumulative \
         counts, the faster requests included"
    )]
    NotCumulative { column: String, found: u64, before: u64 },
    #[error("`le_inf` counts {found} of {requests} requests; write the number of requests")]
    NotAllRequests { found: u64, requests: u64 },
    #[error("the second {second} stands in line {first_line} already; write each second once")]
    Duplicate { second: i64, first_line: u64 },
    #[error(
        "the second {second} stands after {before}, so that an end comes before its start; write \
         the seconds from the first to the last"
    )]
    Backwards { second: i64, before: i64 },
    #[error(
        "{} missing before the second {second}; write a line for each second, with 0 requests \
         where there were none",
        gap(*.before, *.second)
    )]
    Gap { before: i64, second: i64 },
    #[error("{0} more mistakes are not told; correct these first")]
    More(usize),
}

/// What is wrong with two files together.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Mismatch {
    #[error(
        "stable has the seconds {} to {}, canary {} to {}; write the same seconds into both files",
        stable.0, stable.1, canary.0, canary.1
    )]
    Seconds { stable: (i64, i64), canary: (i64, i64) },
    #[error(
        "stable has {stable} latency columns and canary {canary}; write the same into both files, \
         or none"
    )]
    LatencyCount { stable: usize, canary: usize },
    #[error(
        "stable has a latency column for {stable} ms where canary has one for {canary} ms; write \
         the same into both files"
    )]
    Latency { stable: f64, canary: f64 },
}

/// Reads a file; or all that is wrong with it, by line, at most [`FINDINGS_MAX`] and one that
/// counts the rest.
pub fn read(text: &str) -> Result<Trace, Vec<Finding>> {
    let at_start = |mistake| vec![Finding { line: 1, mistake }];
    if text.len() > FILE_MAX_BYTES {
        return Err(at_start(Mistake::TooLarge(text.len())));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| at_start(Mistake::Syntax(quoted(&error))))?;
    if header.is_empty() {
        return Err(at_start(Mistake::Empty));
    }
    let columns = Columns::read(header)?;
    let mut rows = Rows::new(columns);
    for record in reader.records() {
        match record {
            Ok(record) => rows.push(&record),
            Err(error) => {
                let line = error.position().map_or(1, csv::Position::line);
                rows.find(line, Mistake::Syntax(quoted(&error)));
            }
        }
        if rows.lines.len() > SECONDS_MAX {
            rows.find(rows.line, Mistake::TooManySeconds);
            break;
        }
    }
    rows.finish()
}

/// What keeps two traces, each read from a file, from being compared.
pub fn mismatches(stable: &Trace, canary: &Trace) -> Vec<Mismatch> {
    let ends = |trace: &Trace| {
        let seconds = trace.seconds.keys();
        Some((*seconds.clone().next()?, *seconds.last()?))
    };
    let mut found = Vec::new();
    if let (Some(stable), Some(canary)) = (ends(stable), ends(canary))
        && stable != canary
    {
        found.push(Mismatch::Seconds { stable, canary });
    }
    let (ours, theirs) = (&stable.bounds_ms, &canary.bounds_ms);
    if ours.len() != theirs.len() {
        found.push(Mismatch::LatencyCount { stable: ours.len(), canary: theirs.len() });
    } else if let Some((stable, canary)) = ours.iter().zip(theirs).find(|(a, b)| a != b) {
        found.push(Mismatch::Latency { stable: *stable, canary: *canary });
    }
    found
}

/// Where each column stands.
struct Columns {
    names: Vec<String>,
    second: usize,
    requests: usize,
    errors: usize,
    /// Of the latencies with a bound, then of `le_inf`; none if there are none.
    latencies: Vec<usize>,
    bounds_ms: Vec<f64>,
}

impl Columns {
    fn read(header: &StringRecord) -> Result<Self, Vec<Finding>> {
        let line = header.position().map_or(1, csv::Position::line);
        let names: Vec<String> = header.iter().map(quoted).collect();
        let mut mistakes = Vec::new();
        let mut at: BTreeMap<&str, usize> = BTreeMap::new();
        let mut latencies: Vec<(f64, usize)> = Vec::new();
        for (column, name) in header.iter().enumerate() {
            if at.insert(name, column).is_some() {
                mistakes.push(Mistake::DuplicateColumn(quoted(name)));
            } else if let Some(bound) = name.strip_prefix(LATENCY) {
                match (bound, f64::from_str(bound)) {
                    ("inf", _) => latencies.push((f64::INFINITY, column)),
                    (_, Ok(ms)) if ms > 0.0 && ms.is_finite() => latencies.push((ms, column)),
                    _ => mistakes.push(Mistake::NotALatency(quoted(name))),
                }
            } else if ![SECOND, REQUESTS, ERRORS].contains(&name) {
                let (found, nearest) = (quoted(name), nearest(name));
                mistakes.push(Mistake::UnknownColumn { found, nearest });
            }
        }
        for pair in latencies.windows(2).filter(|pair| pair[0].0 >= pair[1].0) {
            let name = |(_, column): (f64, usize)| names[column].clone();
            mistakes.push(Mistake::LatencyOrder { before: name(pair[0]), after: name(pair[1]) });
        }
        if !latencies.is_empty() && !at.contains_key(INFINITY) {
            mistakes.push(Mistake::NoInfinity);
        }
        if latencies.len() > BOUNDS_MAX {
            mistakes.push(Mistake::TooManyColumns);
        }
        let mut place = |name| {
            let found = at.get(name).copied();
            if found.is_none() {
                mistakes.push(Mistake::MissingColumn(name));
            }
            found.unwrap_or_default()
        };
        let [second, requests, errors] = [SECOND, REQUESTS, ERRORS].map(&mut place);
        if !mistakes.is_empty() {
            return Err(in_bounds(mistakes.into_iter().map(|mistake| Finding { line, mistake })));
        }
        let bounds_ms = latencies.iter().map(|(ms, _)| *ms).filter(|ms| ms.is_finite()).collect();
        let latencies = latencies.into_iter().map(|(_, column)| column).collect();
        Ok(Self { names, second, requests, errors, latencies, bounds_ms })
    }
}

/// What was read so far.
struct Rows {
    columns: Columns,
    seconds: BTreeMap<i64, Second>,
    /// Of each second.
    lines: BTreeMap<i64, u64>,
    before: Option<i64>,
    line: u64,
    findings: Vec<Finding>,
}

impl Rows {
    fn new(columns: Columns) -> Self {
        let (seconds, lines) = (BTreeMap::new(), BTreeMap::new());
        Self { columns, seconds, lines, before: None, line: 1, findings: Vec::new() }
    }

    fn find(&mut self, line: u64, mistake: Mistake) {
        self.findings.push(Finding { line, mistake });
    }

    fn push(&mut self, record: &StringRecord) {
        self.line = record.position().map_or(self.line, csv::Position::line);
        let (found, expected) = (record.len(), self.columns.names.len());
        if found != expected {
            return self.find(self.line, Mistake::Values { found, expected });
        }
        let second = &record[self.columns.second];
        let Ok(at) = second.parse::<i64>() else {
            return self.find(self.line, Mistake::NotASecond(quoted(second)));
        };
        self.place(at);
        match self.columns.second(record) {
            Ok(second) => {
                self.seconds.insert(at, second);
            }
            Err(mistake) => self.find(self.line, mistake),
        }
    }

    /// Looks at the order of the seconds.
    fn place(&mut self, second: i64) {
        let mistake = match (self.lines.get(&second), self.before) {
            (Some(first_line), _) => Some(Mistake::Duplicate { second, first_line: *first_line }),
            (None, Some(before)) if second < before => Some(Mistake::Backwards { second, before }),
            (None, Some(before)) if before.checked_add(1) != Some(second) => {
                Some(Mistake::Gap { before, second })
            }
            (None, Some(_) | None) => None,
        };
        if let Some(mistake) = mistake {
            self.find(self.line, mistake);
        }
        self.lines.entry(second).or_insert(self.line);
        self.before = Some(second);
    }

    fn finish(mut self) -> Result<Trace, Vec<Finding>> {
        if self.lines.is_empty() && self.findings.is_empty() {
            self.find(self.line, Mistake::NoSeconds);
        }
        if self.findings.is_empty() {
            return Ok(Trace { bounds_ms: self.columns.bounds_ms, seconds: self.seconds });
        }
        Err(in_bounds(self.findings.into_iter()))
    }
}

impl Columns {
    fn second(&self, record: &StringRecord) -> Result<Second, Mistake> {
        let count = |column: usize| count(&self.names[column], &record[column]);
        let (requests, errors) = (count(self.requests)?, count(self.errors)?);
        if errors > requests {
            return Err(Mistake::ErrorsOverRequests { errors, requests });
        }
        let mut buckets = Vec::with_capacity(self.latencies.len());
        let mut before = 0;
        for column in &self.latencies {
            let found = count(*column)?;
            let Some(inside) = found.checked_sub(before) else {
                let column = self.names[*column].clone();
                return Err(Mistake::NotCumulative { column, found, before });
            };
            buckets.push(inside);
            before = found;
        }
        if !buckets.is_empty() && before != requests {
            return Err(Mistake::NotAllRequests { found: before, requests });
        }
        Ok(Second { requests, errors, buckets })
    }
}

fn count(column: &str, text: &str) -> Result<u64, Mistake> {
    let column = column.to_owned();
    match text.parse::<u64>() {
        Ok(found) if found > COUNT_MAX => Err(Mistake::TooMany { column, found }),
        Ok(found) => Ok(found),
        Err(_) if text.parse::<f64>().is_ok_and(|number| number < 0.0) => {
            Err(Mistake::Negative { column, found: quoted(text) })
        }
        Err(_) => Err(Mistake::NotACount { column, found: quoted(text) }),
    }
}

fn in_bounds(mut findings: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let mut told: Vec<Finding> = findings.by_ref().take(FINDINGS_MAX).collect();
    let more = findings.count();
    if let Some(last) = told.last().filter(|_| more > 0) {
        told.push(Finding { line: last.line, mistake: Mistake::More(more) });
    }
    told
}

fn nearest(name: &str) -> Option<&'static str> {
    let near = [SECOND, REQUESTS, ERRORS, INFINITY]
        .map(|known| (strsim::damerau_levenshtein(&name.to_lowercase(), known), known));
    near.into_iter().min().filter(|(distance, _)| *distance <= 3).map(|(_, known)| known)
}

fn known(nearest: &Option<&'static str>) -> String {
    nearest.map_or_else(
        || {
            "`second`, `requests`, `errors`, or latencies such as `le_5`, or leave it out"
                .to_owned()
        },
        |name| format!("`{name}`"),
    )
}

fn gap(before: i64, second: i64) -> String {
    let (from, to) = (before.saturating_add(1), second.saturating_sub(1));
    if from == to {
        format!("the second {from} is")
    } else {
        format!("the seconds {from} to {to} are")
    }
}

fn quoted(text: impl ToString) -> String {
    text.to_string().chars().take(QUOTE_MAX_CHARS).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "second,requests,errors,le_5,le_10,le_inf\n0,12,1,9,11,12\n1,0,0,0,0,0\n";

    #[test]
    fn a_good_file_is_a_trace() {
        let trace = read(GOOD).expect("it is good");
        assert_eq!(trace.bounds_ms, [5.0, 10.0]);
        assert_eq!(trace.seconds[&0], Second { requests: 12, errors: 1, buckets: vec![9, 2, 1] });
        assert_eq!(trace.seconds.len(), 2);
        let turned = "\u{feff}errors, second ,requests\r\n0,-3,5\r\n\r\n1,-2,6\r\n";
        let trace = read(turned).expect("the order of columns is free");
        assert_eq!(trace.seconds[&-2], Second { requests: 6, errors: 1, buckets: Vec::new() });
        assert!(trace.bounds_ms.is_empty());
    }

    #[test]
    fn each_mistake_has_its_line_and_says_what_to_write() {
        let rows = |rows: &str| format!("second,requests,errors\n{rows}");
        let slow = |rows: &str| format!("second,requests,errors,le_5,le_inf\n{rows}");
        for (file, line, said) in [
            (String::new(), 1, "there is no line; write `second,"),
            (rows(""), 1, "there is no second; write a line"),
            ("second,errors\n".into(), 1, "the column `requests` is missing; write"),
            ("second,request,errors\n".into(), 1, "unknown column `request`; write `requests`"),
            ("second,requests,errors,p95\n".into(), 1, "`p95`; write `second`, `requests`"),
            ("second,requests,errors,errors\n".into(), 1, "`errors` stands twice; write it once"),
            ("second,requests,errors,le_x\n".into(), 1, "`le_x` names no latency; write"),
            ("second,requests,errors,le_9,le_5,le_inf\n".into(), 1, "`le_5` stands after `le_9`"),
            ("second,requests,errors,le_5\n".into(), 1, "`le_inf` is missing; write it"),
            (rows("0,1,0\n1,2\n"), 3, "the line has 2 values for 3 columns; write"),
            (rows("x,1,0\n"), 2, "`second` is `x`, which is no second; write"),
            (rows("0,1,0\n1,many,0\n"), 3, "`requests` is `many`, which is no count; write"),
            (rows("0,1,0\n1,1,-3\n"), 3, "`errors` is -3, and no count is negative; write 0"),
            (rows("0,1.5,0\n"), 2, "`requests` is `1.5`, which is no count"),
            (rows("0,99999999999,0\n"), 2, "more than 1000000000 in a second; write"),
            (rows("0,2,3\n"), 2, "3 errors of 2 requests; write at most"),
            (slow("0,5,0,3,3\n"), 2, "`le_inf` counts 3 of 5 requests; write"),
            (slow("0,5,0,6,5\n"), 2, "`le_inf` counts 5, less than the 6 of the column before"),
            (rows("0,1,0\n1,1,0\n1,1,0\n"), 4, "second 1 stands in line 3 already; write"),
            (rows("9,1,0\n3,1,0\n"), 3, "an end comes before its start; write the seconds"),
            (rows("0,1,0\n2,1,0\n"), 3, "the second 1 is missing before the second 2; write"),
            (rows("0,1,0\n9,1,0\n"), 3, "the seconds 1 to 8 are missing before the second 9"),
            (rows(&format!("0,{}\u{1b}[2J,0\n", "1".repeat(90))), 2, "111`, which is no count"),
        ] {
            let findings = read(&file).expect_err(&file);
            let finding = findings.first().expect("at least one");
            let text = finding.mistake.to_string();
            assert!(finding.line == line && text.contains(said), "{file}: {finding:?} {text}");
            assert!(text.contains("; write ") && !text.contains(['\n', '\u{1b}']), "{text}");
        }
    }

    #[test]
    fn all_mistakes_are_told_but_not_without_end() {
        let mut file = "second,requests,errors\n".to_owned();
        for second in 0..FINDINGS_MAX + 7 {
            file += &format!("{second},1,2\n");
        }
        let findings = read(&file).expect_err("each line is wrong");
        assert_eq!(findings.len(), FINDINGS_MAX + 1);
        assert_eq!(findings[FINDINGS_MAX].mistake, Mistake::More(7));
        assert_eq!(findings[3].line, 5);
        let large = " ".repeat(FILE_MAX_BYTES + 1);
        let mistake = Mistake::TooLarge(FILE_MAX_BYTES + 1);
        assert_eq!(read(&large), Err(vec![Finding { line: 1, mistake }]));
        let mut long = "second,requests,errors\n".to_owned();
        (0..=SECONDS_MAX).for_each(|second| long += &format!("{second},0,0\n"));
        let findings = read(&long).expect_err("one second too many");
        assert_eq!(findings[0].mistake, Mistake::TooManySeconds);
    }

    #[test]
    fn two_files_must_go_together() {
        let file = |text: &str| read(text).expect("good by itself");
        let good = file(GOOD);
        assert_eq!(mismatches(&good, &good), []);
        let short = file("second,requests,errors\n0,12,1\n");
        let said: Vec<String> = mismatches(&good, &short).iter().map(ToString::to_string).collect();
        assert_eq!(said[0].split(';').next(), Some("stable has the seconds 0 to 1, canary 0 to 0"));
        assert!(
            said[1].starts_with("stable has 2 latency columns and canary 0; write"),
            "{said:?}"
        );
        let other = file(&GOOD.replace("le_10", "le_20"));
        assert_eq!(mismatches(&good, &other), [Mismatch::Latency { stable: 10.0, canary: 20.0 }]);
    }
}
