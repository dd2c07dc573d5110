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

    /// Replaces the numbers of a page; what it says of peers stays.
    pub fn write_into(&self, path: &Path) -> Result<()> {
        let page = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let (before, rest) = page.split_once(BEGIN).context("the page has no mark of a begin")?;
        let (old, after) = rest.split_once(END).context("the page has no mark of an end")?;
        let table = self.table(old);
        let text = format!("{before}{BEGIN}\n\n{table}\n{END}{after}");
        fs::write(path, text).with_context(|| format!("writing {}", path.display()))
    }

    /// The table; cells of peers are taken over from an older one.
    fn table(&self, old: &str) -> String {
        let mut text = format!("Machine: {}.\n\n", self.machine);
        let head = format!("| measure | limit | here | met | how | {} |", PEERS.join(" | "));
        let _ = writeln!(text, "{head}\n|---|---|---|---|---|{}", "---|".repeat(PEERS.len()));
        for row in &self.rows {
            let met =
                row.limit.is_met(row.value).map_or("", |met| if met { "yes" } else { "**no**" });
            let (limit, here) = (row.limit(), row.here());
            let _ = write!(text, "| {} | {limit} | {here} | {met} | {} |", row.measure, row.how);
            for cell in peer_cells(old, &row.measure) {
                let _ = write!(text, " {cell} |");
            }
            text.push('\n');
        }
        text
    }
}

fn peer_cells(old: &str, measure: &str) -> [String; PEERS.len()] {
    let rows = old.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    // A line begins with the bar, so the first piece is empty.
    let row = rows.into_iter().find(|cells| cells.get(1) == Some(&measure)).unwrap_or_default();
    std::array::from_fn(|at| row.get(1 + OWN_COLUMNS + at).map_or("", |cell| *cell).to_owned())
}

impl Row {
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
        report.write_into(&page).unwrap();
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
}
