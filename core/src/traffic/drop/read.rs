//! A series as a file: comma-separated, a moment and a value in each line.
//!
//! ```text
//! timestamp,value
//! 2014-04-10 00:04:00,94
//! 2014-04-10 00:09:00,56
//! ```
//!
//! Owns which columns are read, the bounds and the sentences for what is wrong with a file.
//!
//! Invariants: a file is read wholly or not at all. Lines that stand out of order are sorted and
//! lines of the same moment become their mean, for logs that several machines wrote are like this;
//! an empty value is no data. Each of these is told in a notice. Text of the file is clipped and
//! escaped before it is quoted.

use csv::StringRecord;

use super::replay::Series;
use super::stamp::Form;

/// Largest file that is read.
pub const FILE_MAX_BYTES: usize = 256 * 1024 * 1024;
/// Most lines that are read.
pub const ROWS_MAX: usize = 5_000_000;
/// Most mistakes that one reading tells.
pub const FINDINGS_MAX: usize = 100;
/// Longest piece of the file that is quoted, in characters.
const QUOTE_MAX_CHARS: usize = 40;

/// Names that a column of moments usually has, and one of values; lower case.
const TIMES: [&str; 14] = [
    "timestamp",
    "time",
    "datetime",
    "date",
    "second",
    "seconds",
    "ds",
    "ts",
    "at",
    "epoch",
    "unix",
    "_time",
    "minute",
    "hour",
];
const VALUES: [&str; 10] =
    ["value", "requests", "count", "y", "values", "counts", "hits", "rps", "traffic", "total"];

/// Columns by their names; `None`: the one that looks like it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    pub time: Option<String>,
    pub value: Option<String>,
}

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
    #[error("the file has {0} bytes, and at most {FILE_MAX_BYTES} are read; write fewer lines")]
    TooLarge(usize),
    #[error("there is no line; write `timestamp,value`, then a line for each moment")]
    Empty,
    #[error("there is no value; write a line for each moment, such as `2026-01-01 00:00:00,120`")]
    NoRows,
    #[error("there are more than {ROWS_MAX} lines; write fewer, or longer intervals")]
    TooManyRows,
    #[error("this is not comma-separated text: {0}; write `timestamp,value` and a line for each")]
    Syntax(String),
    #[error("there is no column `{missing}`; write one of {}", listed(names))]
    MissingColumn { missing: String, names: Vec<String> },
    #[error(
        "no column of {} holds moments; write one such as `timestamp`, or name it with \
         --time-column",
        listed(.0)
    )]
    NoTime(Vec<String>),
    #[error(
        "no column of {} holds numbers beside the moments; write one such as `value`, or name it \
         with --value-column",
        listed(.0)
    )]
    NoValue(Vec<String>),
    #[error("the moments and the values are both `{0}`; write two columns")]
    SameColumn(String),
    #[error("the line has {found} values and no column {wanted}; write one for each column")]
    Short { found: usize, wanted: usize },
    #[error(
        "`{column}` is `{found}`, which is no moment{}; write one such as {}",
        like_first(*.form),
        example(*.form)
    )]
    NotATime { column: String, found: String, form: Form },
    #[error("`{column}` is `{found}`, which is no number; write one such as 120 or 0.5")]
    NotANumber { column: String, found: String },
    #[error("`{column}` is {found}, and no traffic is negative; write 0 or more")]
    Negative { column: String, found: String },
    #[error("`{column}` is {found}; write a finite number, or nothing where there is no data")]
    NotFinite { column: String, found: String },
    #[error("{0} more mistakes are not told; correct these first")]
    More(usize),
}

/// Reads a file; or all that is wrong with it, by line, at most [`FINDINGS_MAX`] and one that
/// counts the rest.
pub fn read(text: &str, columns: &Columns) -> Result<Series, Vec<Finding>> {
    let at_start = |mistake| vec![Finding { line: 1, mistake }];
    if text.len() > FILE_MAX_BYTES {
        return Err(at_start(Mistake::TooLarge(text.len())));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let (mut first, mut second) = (StringRecord::new(), StringRecord::new());
    for record in [&mut first, &mut second] {
        reader.read_record(record).map_err(|error| at_start(syntax(&error)))?;
    }
    if first.is_empty() {
        return Err(at_start(Mistake::Empty));
    }
    // Names are words; a first line with a moment, or of numbers alone, is data already.
    let forms = || first.iter().map(Form::of);
    let named = forms().any(|form| form.is_none()) && !forms().any(|form| form == Some(Form::Iso));
    let sample = if named { &second } else { &first };
    let line = first.position().map_or(1, csv::Position::line);
    let found = Found::new(&first, sample, named, columns);
    let found = found.map_err(|mistake| vec![Finding { line, mistake }])?;
    let mut rows = Rows::new(found);
    for record in [&first, &second].into_iter().skip(usize::from(named)) {
        rows.push(record);
    }
    let mut record = StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => rows.push(&record),
            Err(error) => {
                let line = error.position().map_or(1, csv::Position::line);
                rows.find(line, syntax(&error));
            }
        }
        if rows.rows.len() > ROWS_MAX {
            rows.find(rows.line, Mistake::TooManyRows);
            break;
        }
    }
    rows.finish()
}

/// Where the two columns stand.
struct Found {
    time: usize,
    value: usize,
    names: [String; 2],
    form: Form,
}

impl Found {
    fn new(
        first: &StringRecord,
        sample: &StringRecord,
        named: bool,
        columns: &Columns,
    ) -> Result<Self, Mistake> {
        let names: Vec<String> = if named {
            first.iter().map(str::to_owned).collect()
        } else {
            (1..=first.len()).map(|column| column.to_string()).collect()
        };
        let shown = || names.iter().map(quoted).collect::<Vec<_>>();
        let by_name = |wanted: &str| {
            let exact = names.iter().position(|name| name == wanted);
            let any = || names.iter().position(|name| name.eq_ignore_ascii_case(wanted));
            let missing = || Mistake::MissingColumn { missing: quoted(wanted), names: shown() };
            exact.or_else(any).ok_or_else(missing)
        };
        let usual = |usual: &[&str], but: Option<usize>| {
            let is = |at: &usize, usual: &str| {
                Some(*at) != but && names[*at].eq_ignore_ascii_case(usual)
            };
            usual.iter().find_map(|usual| (0..names.len()).find(|at| is(at, usual)))
        };
        let cell = |at: usize| sample.get(at).unwrap_or_default();
        let number = |at: &usize| cell(*at).parse::<f64>().is_ok();
        let chosen_value = columns.value.as_deref().map(by_name).transpose()?;
        let others = || (0..names.len()).filter(|at| Some(*at) != chosen_value);
        let time = match &columns.time {
            Some(name) => by_name(name)?,
            None => usual(&TIMES, chosen_value)
                .or_else(|| others().find(|at| Form::of(cell(*at)) == Some(Form::Iso)))
                .or_else(|| others().find(|at| Form::of(cell(*at)).is_some()))
                .ok_or_else(|| Mistake::NoTime(shown()))?,
        };
        let value = match chosen_value {
            Some(value) => value,
            None => usual(&VALUES, Some(time))
                .or_else(|| (0..names.len()).filter(|at| *at != time).find(number))
                .ok_or_else(|| Mistake::NoValue(shown()))?,
        };
        if time == value {
            return Err(Mistake::SameColumn(quoted(&names[time])));
        }
        let form = Form::of(cell(time)).unwrap_or(Form::Iso);
        Ok(Self { time, value, names: [time, value].map(|at| quoted(&names[at])), form })
    }
}

/// What was read so far.
struct Rows {
    found: Found,
    rows: Vec<(i64, f64)>,
    empty: usize,
    line: u64,
    findings: Vec<Finding>,
    more: usize,
}

impl Rows {
    fn new(found: Found) -> Self {
        Self { found, rows: Vec::new(), empty: 0, line: 1, findings: Vec::new(), more: 0 }
    }

    fn find(&mut self, line: u64, mistake: Mistake) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding { line, mistake });
        } else {
            self.more += 1;
        }
    }

    fn push(&mut self, record: &StringRecord) {
        if record.is_empty() {
            return;
        }
        self.line = record.position().map_or(self.line, csv::Position::line);
        match self.row(record) {
            Ok(Some(row)) => self.rows.push(row),
            Ok(None) => self.empty += 1,
            Err(mistake) => self.find(self.line, mistake),
        }
    }

    /// `None`: the value is empty.
    fn row(&self, record: &StringRecord) -> Result<Option<(i64, f64)>, Mistake> {
        let Found { time, value, form, names } = &self.found;
        let cell = |at: usize| {
            let short = Mistake::Short { found: record.len(), wanted: at + 1 };
            record.get(at).ok_or(short)
        };
        let (at, value) = (cell(*time)?, cell(*value)?);
        let at_ms = form.parse(at).ok_or_else(|| Mistake::NotATime {
            column: names[0].clone(),
            found: quoted(at),
            form: *form,
        })?;
        if value.is_empty() {
            return Ok(None);
        }
        let (column, found) = (names[1].clone(), quoted(value));
        match value.parse::<f64>() {
            Ok(number) if !number.is_finite() => Err(Mistake::NotFinite { column, found }),
            Ok(number) if number < 0.0 => Err(Mistake::Negative { column, found }),
            Ok(number) => Ok(Some((at_ms, number))),
            Err(_) => Err(Mistake::NotANumber { column, found }),
        }
    }

    fn finish(mut self) -> Result<Series, Vec<Finding>> {
        if self.rows.is_empty() && self.findings.is_empty() {
            self.find(self.line, Mistake::NoRows);
        }
        if !self.findings.is_empty() {
            if self.more > 0 {
                let mistake = Mistake::More(self.more);
                self.findings.push(Finding { line: self.line, mistake });
            }
            return Err(self.findings);
        }
        let mut notices = Vec::new();
        if self.empty > 0 {
            notices.push(format!("{} empty values were taken as no data", self.empty));
        }
        let backwards = self.rows.windows(2).filter(|pair| pair[0].0 > pair[1].0).count();
        if backwards > 0 {
            notices.push(format!("{backwards} lines stood after a later moment; all were sorted"));
            self.rows.sort_by_key(|row| row.0);
        }
        let before = self.rows.len();
        let rows = merge(self.rows);
        if rows.len() < before {
            let same = before - rows.len();
            notices.push(format!("{same} lines repeated a moment; the mean of each was taken"));
        }
        Ok(Series { form: self.found.form, rows, notices })
    }
}

/// Rows of the same moment become one with their mean.
fn merge(rows: Vec<(i64, f64)>) -> Vec<(i64, f64)> {
    let mean = |same: &[(i64, f64)]| {
        (same[0].0, same.iter().map(|row| row.1).sum::<f64>() / same.len() as f64)
    };
    rows.chunk_by(|a, b| a.0 == b.0).map(mean).collect()
}

fn syntax(error: &csv::Error) -> Mistake {
    Mistake::Syntax(quoted(error))
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(12).map(|name| format!("`{name}`"));
    shown.collect::<Vec<_>>().join(", ")
}

fn like_first(form: Form) -> &'static str {
    match form {
        Form::Iso => "",
        Form::Seconds => " in seconds, as the first is",
        Form::Milliseconds => " in milliseconds, as the first is",
    }
}

fn example(form: Form) -> &'static str {
    match form {
        Form::Iso => "2026-01-01T00:00:00Z",
        Form::Seconds => "1767225600",
        Form::Milliseconds => "1767225600000",
    }
}

fn quoted(text: impl ToString) -> String {
    text.to_string().chars().take(QUOTE_MAX_CHARS).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(text: &str) -> Series {
        read(text, &Columns::default()).unwrap_or_else(|findings| panic!("{text}: {findings:?}"))
    }

    #[test]
    fn columns_are_found_by_name_by_look_or_as_told() {
        let rows = vec![(1_000, 5.0), (2_000, 6.0)];
        for text in [
            "timestamp,value\n1,5\n2,6\n",
            "host,value,time\na,5,1\nb,6,2\n",
            "\u{feff}Second, Requests ,errors\r\n1,5,0\r\n\r\n2,6,1\r\n",
            "n,when,load\n9,1970-01-01T00:00:01Z,5\n9,1970-01-01 00:00:02,6\n",
            "1,5\n2,6\n",
            "1970-01-01 00:00:01,5\n1970-01-01 00:00:02,6\n",
        ] {
            let series = good(text);
            let expected = if text.starts_with("n,") {
                vec![(1_000, 9.0), (2_000, 9.0)]
            } else {
                rows.clone()
            };
            assert_eq!(series.rows, expected, "{text}");
            assert!(series.notices.is_empty(), "{text}");
        }
        let columns = Columns { time: Some("b".into()), value: Some("c".into()) };
        let series = read("a,b,c,value\n0,1,5,9\n0,2,6,9\n", &columns).expect("both are there");
        assert_eq!(series.rows, rows);
        assert_eq!(good("t,v\n1700000000000,1\n").form, Form::Milliseconds);
    }

    #[test]
    fn order_repeats_and_empty_values_are_put_right_and_told() {
        let series = good("at,y\n3,1\n1,5\n2,\n1,7\n4,0\n");
        assert_eq!(series.rows, [(1_000, 6.0), (3_000, 1.0), (4_000, 0.0)]);
        assert_eq!(
            series.notices,
            [
                "1 empty values were taken as no data",
                "1 lines stood after a later moment; all were sorted",
                "1 lines repeated a moment; the mean of each was taken",
            ]
        );
    }

    #[test]
    fn each_mistake_has_its_line_and_says_what_to_write() {
        let rows = |rows: &str| format!("timestamp,value\n{rows}");
        let columns = Columns::default();
        for (file, line, said) in [
            (String::new(), 1, "there is no line; write `timestamp,value`"),
            (rows(""), 1, "there is no value; write a line"),
            ("a,b\nx,y\n".into(), 1, "no column of `a`, `b` holds moments; write one"),
            ("time,b\n1,y\n".into(), 1, "no column of `time`, `b` holds numbers beside"),
            (rows("1,2\n2\n"), 3, "the line has 1 values and no column 2; write"),
            (rows("1,2\nx,3\n"), 3, "`timestamp` is `x`, which is no moment in seconds, as the"),
            (rows("2026-01-01,2\nx,3\n"), 3, "write one such as 2026-01-01T00:00:00Z"),
            (rows("1,many\n"), 2, "`value` is `many`, which is no number; write"),
            (rows("1,-2\n"), 2, "`value` is -2, and no traffic is negative; write"),
            (rows("1,NaN\n"), 2, "`value` is NaN; write a finite number"),
            (rows("1,inf\n"), 2, "`value` is inf; write a finite number"),
            (rows(&format!("1,{}\u{1b}[2J\n", "x".repeat(90))), 2, "xxx`, which is no number"),
        ] {
            let findings = read(&file, &columns).expect_err(&file);
            let text = findings[0].mistake.to_string();
            assert!(findings[0].line == line && text.contains(said), "{file}: {findings:?} {text}");
            assert!(text.contains("; write ") && !text.contains(['\n', '\u{1b}']), "{text}");
        }
        for (time, value, said) in [
            (Some("when"), None, "there is no column `when`; write one of `timestamp`, `value`"),
            (None, Some("load"), "there is no column `load`; write one of"),
            (Some("value"), Some("value"), "the moments and the values are both `value`; write"),
        ] {
            let columns =
                Columns { time: time.map(str::to_owned), value: value.map(str::to_owned) };
            let findings = read("timestamp,value\n1,2\n", &columns).expect_err(said);
            assert!(findings[0].mistake.to_string().contains(said), "{findings:?}");
        }
    }

    #[test]
    fn all_mistakes_are_told_but_not_without_end() {
        let mut file = "at,y\n".to_owned();
        (0..FINDINGS_MAX + 7).for_each(|at| file += &format!("{at},-1\n"));
        let findings = read(&file, &Columns::default()).expect_err("each line is wrong");
        assert_eq!(findings.len(), FINDINGS_MAX + 1);
        assert_eq!(findings[FINDINGS_MAX].mistake, Mistake::More(7));
    }
}
