//! The table of measures, as Markdown for people and as JSON for programs.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

const BEGIN: &str = "<!-- numbers: begin -->";
const END: &str = "<!-- numbers: end -->";
/// Products whose numbers may be written beside ours by hand.
const PEERS: [&str; 2] = ["Zabbix", "Prefect"];
/// Columns before those of the peers.
const OWN_COLUMNS: usize = 5;

#[derive(Clone, Copy, Debug)]
pub enum Limit {
    Below(f64),
    AtMost(f64),
    /// Written down only.
    None,
}

impl Limit {
    fn is_met(self, value: f64) -> Option<bool> {
        match self {
            Self::Below(limit) => Some(value < limit),
            Self::AtMost(limit) => Some(value <= limit),
            Self::None => None,
        }
    }
}

#[derive(Clone, Debug)]
struct Row {
    measure: String,
    limit: Limit,
    value: f64,
    unit: &'static str,
    how: String,
}

#[derive(Debug)]
pub struct Report {
    machine: String,
    rows: Vec<Row>,
}

impl Report {
    pub fn new(machine: String) -> Self {
        println!("{machine}");
        Self { machine, rows: Vec::new() }
    }

    /// Takes in a measure. `unit` may be empty; `how` says briefly how it was measured.
    pub fn add(
        &mut self,
        measure: impl Into<String>,
        limit: Limit,
        value: f64,
        unit: &'static str,
        how: impl Into<String>,
    ) {
        let row = Row { measure: measure.into(), limit, value, unit, how: how.into() };
        println!("  {}: {}", row.measure, row.here());
        self.rows.push(row);
    }

    pub fn save(&self, path: &Path) -> Result<()> {
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        let results = json!({ "machine": self.machine, "rows": rows });
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let text = serde_json::to_string_pretty(&results)? + "\n";
        fs::write(path, text).with_context(|| format!("writing {}", path.display()))
    }

    pub fn markdown(&self) -> String {
        self.table("")
    }

    /// Replaces the numbers of a page; what it says of peers stays. `part`: what was not measured
    /// now stays as well.
    pub fn write_into(&self, path: &Path, part: bool) -> Result<()> {
        let page = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let (before, rest) = page.split_once(BEGIN).context("the page has no mark of a begin")?;
        let (old, after) = rest.split_once(END).context("the page has no mark of an end")?;
        let table = if part { self.merged(old) } else { self.table(old) };
        let text = format!("{before}{BEGIN}\n\n{table}\n{END}{after}");
        fs::write(path, text).with_context(|| format!("writing {}", path.display()))
    }

    /// The table; cells of peers are taken over from an older one.
    fn table(&self, old: &str) -> String {
        let mut text = format!("Machine: {}.\n\n", self.machine);
        let head = format!("| measure | limit | here | met | how | {} |", PEERS.join(" | "));
        let _ = writeln!(text, "{head}\n|---|---|---|---|---|{}", "---|".repeat(PEERS.len()));
        for row in &self.rows {
            text += &row.line(old);
            text.push('\n');
        }
        text
    }

    /// An older table in which these rows are new: each in its old place, else after the one
    /// before it.
    fn merged(&self, old: &str) -> String {
        let mut lines: Vec<String> = old.trim().lines().map(str::to_owned).collect();
        let mut next = lines.len();
        for row in &self.rows {
            let line = row.line(old);
            match lines.iter().position(|line| measure_of(line) == Some(&row.measure)) {
                Some(at) => {
                    lines[at] = line;
                    next = at + 1;
                }
                None => {
                    lines.insert(next, line);
                    next += 1;
                }
            }
        }
        lines.join("\n") + "\n"
    }
}

/// What a line of a table is about. It begins with the bar, so the first piece is empty.
fn measure_of(line: &str) -> Option<&str> {
    line.strip_prefix('|')?.split('|').next().map(str::trim)
}

fn peer_cells(old: &str, measure: &str) -> [String; PEERS.len()] {
    let line = old.lines().find(|line| measure_of(line) == Some(measure)).unwrap_or_default();
    let row: Vec<&str> = line.split('|').map(str::trim).collect();
    std::array::from_fn(|at| row.get(1 + OWN_COLUMNS + at).map_or("", |cell| *cell).to_owned())
}

impl Row {
    /// As a line of the table, with what an older one says of peers.
    fn line(&self, old: &str) -> String {
        let met =
            self.limit.is_met(self.value).map_or("", |met| if met { "yes" } else { "**no**" });
        let (limit, here) = (self.limit(), self.here());
        let peers = peer_cells(old, &self.measure).map(|cell| format!(" {cell} |")).concat();
        format!("| {} | {limit} | {here} | {met} | {} |{peers}", self.measure, self.how)
    }

    fn limit(&self) -> String {
        match self.limit {
            Limit::Below(limit) => format!("< {limit} {}", self.unit).trim_end().to_owned(),
            Limit::AtMost(limit) => format!("≤ {limit} {}", self.unit).trim_end().to_owned(),
            Limit::None => String::new(),
        }
    }

    fn here(&self) -> String {
        let digits = match self.value.abs() {
            size if size == size.trunc() && self.unit.is_empty() => 0,
            size if size >= 100.0 => 0,
            size if size >= 10.0 => 1,
            size if size >= 1.0 => 2,
            _ => 3,
        };
        format!("{:.digits$} {}", self.value, self.unit).trim_end().to_owned()
    }

    fn json(&self) -> Value {
        let limit = match self.limit {
            Limit::Below(limit) | Limit::AtMost(limit) => Some(limit),
            Limit::None => None,
        };
        json!({
            "measure": self.measure,
            "limit": limit,
            "value": self.value,
            "unit": self.unit,
            "met": self.limit.is_met(self.value),
            "how": self.how,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_renewed_and_what_is_said_of_peers_stays() {
        let dir = tempfile::tempdir().unwrap();
        let page = dir.path().join("bench.md");
        let old = "| page, p95 | < 50 ms | 49 ms | yes | by hand | 120 ms | none |";
        fs::write(&page, format!("# B\n{BEGIN}\n{old}\n{END}\nend\n")).unwrap();
        let mut report = Report::new("a machine".to_owned());
        report.add("page, p95", Limit::Below(50.0), 50.0, "ms", "so");
        report.add("shift", Limit::AtMost(0.02), 0.02, "", "thus");
        report.write_into(&page, false).unwrap();
        let text = fs::read_to_string(&page).unwrap();
        for line in [
            "# B",
            "| page, p95 | < 50 ms | 50.0 ms | **no** | so | 120 ms | none |",
            "| shift | ≤ 0.02 | 0.020 | yes | thus |  |  |",
            "end",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn what_a_part_did_not_measure_stays_where_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let page = dir.path().join("bench.md");
        let row = |name: &str, here: &str| format!("| {name} |  | {here} |  | by hand | 1 |  |");
        let lines = ["one", "two", "three"].map(|name| row(name, "7")).join("\n");
        let head = "Machine: old.\n\n| measure |\n|---|";
        fs::write(&page, format!("{BEGIN}\n\n{head}\n{lines}\n\n{END}\n")).unwrap();
        let mut report = Report::new("a machine".to_owned());
        report.add("two", Limit::None, 8.0, "", "by hand");
        report.add("and a half", Limit::None, 8.0, "", "by hand");
        report.write_into(&page, true).unwrap();
        let half = "| and a half |  | 8 |  | by hand |  |  |".to_owned();
        let rows = [row("one", "7"), row("two", "8"), half, row("three", "7")].join("\n");
        let wanted = format!("{BEGIN}\n\n{head}\n{rows}\n\n{END}\n");
        assert_eq!(fs::read_to_string(&page).unwrap(), wanted);
    }
}
