//! The rows of an export: the same entries as JSON lines or as CSV, one entry a line.
//!
//! A CSV cell that a spreadsheet would take for a formula begins with an apostrophe instead, so
//! that opening an export runs nothing that somebody wrote into a reason or a name.

use mainstay_core::audit::Entry;
use serde_json::Value;

use super::words;

/// Form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Csv,
    JsonLines,
}

impl Format {
    /// Its name in the form, and the file's ending.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Csv, Self::JsonLines].into_iter().find(|format| format.name() == name)
    }

    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::JsonLines => "application/jsonl",
        }
    }

    /// What stands before the first entry.
    pub const fn head(self) -> &'static str {
        match self {
            Self::Csv => {
                "seq,id,at,actor_kind,actor,action,object,outcome,reason,request,before,after,\
                 leaf\r\n"
            }
            Self::JsonLines => "",
        }
    }

    /// Adds one entry, its line end included.
    pub fn write(self, entry: &Entry, to: &mut String) {
        match self {
            Self::Csv => csv(entry, to),
            Self::JsonLines => {
                // An entry has only string keys, so it always serialises.
                to.push_str(&serde_json::to_string(entry).unwrap_or_default());
                to.push('\n');
            }
        }
    }
}

fn csv(entry: &Entry, to: &mut String) {
    let event = &entry.event;
    let json = |value: &Option<Value>| value.as_ref().map(Value::to_string).unwrap_or_default();
    // The kind as the log itself names it.
    let kind = serde_json::to_value(&event.actor).ok();
    let kind = kind.as_ref().and_then(|actor| actor["kind"].as_str()).unwrap_or_default();
    let cells = [
        entry.seq.map(|seq| seq.to_string()).unwrap_or_default(),
        entry.id.to_string(),
        event.at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        kind.to_owned(),
        words::name(&event.actor).to_owned(),
        event.action.name(),
        event.object.clone(),
        event.outcome.name(),
        event.reason.clone().unwrap_or_default(),
        event.request.clone().unwrap_or_default(),
        json(&event.before),
        json(&event.after),
        entry.leaf.clone(),
    ];
    for (at, text) in cells.iter().enumerate() {
        if at > 0 {
            to.push(',');
        }
        cell(text, to);
    }
    to.push_str("\r\n");
}

/// One cell (RFC 4180), disarmed.
fn cell(text: &str, to: &mut String) {
    let formula = text.trim_start().starts_with(['=', '+', '-', '@', '|', '%'])
        || text.starts_with(['\t', '\r', '\n']);
    let quoted = text.contains(['"', ',', ';', '\r', '\n', '\t']) || text.trim() != text;
    if !quoted {
        if formula {
            to.push('\'');
        }
        to.push_str(text);
        return;
    }
    to.push('"');
    if formula {
        to.push('\'');
    }
    to.push_str(&text.replace('"', "\"\""));
    to.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        for (text, written) in [
            ("", ""),
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("=1+2", "'=1+2"),
            ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("  =1", "\"'  =1\""),
            ("\t=1", "\"'\t=1\""),
            ("two\r\nlines", "\"two\r\nlines\""),
        ] {
            let mut out = String::new();
            cell(text, &mut out);
            assert_eq!(out, written, "{text:?}");
        }
    }
}
