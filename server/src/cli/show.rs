//! `mainstay show`: what the pages say, on a terminal or as JSON, through a server's API.
//!
//! A view is a table of where its words stand in the page's data; the data is the API's own, so
//! that a terminal, a pipeline and the console never disagree.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::api::{Server, ServerArgs, Stop, ended, part, print, print_json};

#[derive(Args, Debug)]
pub struct ShowArgs {
    /// What to show.
    what: What,
    /// Which one: the id of the service, data centre, instance or edge.
    name: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// What needs attention, worst first.
    Attention,
    /// Every service in every data centre.
    Topology,
    /// A service: where it runs, in which versions.
    Service,
    /// A data centre: what runs there.
    Datacenter,
    /// An instance.
    Instance,
    /// The edges: connected, acknowledged, refused, and their requests.
    Edges,
    /// The requests of a service by version, as its users saw them.
    Traffic,
    /// The audit log, newest first.
    Audit,
}

/// A column: its head, and where its words stand in a row.
type Column = (&'static str, &'static str);

/// How a page's data reads on a terminal.
struct View {
    /// Under `/api/v1`; `{}` stands for the name.
    path: &'static str,
    /// Lines before the table.
    facts: &'static [Column],
    /// Where the rows stand; empty: there is no table.
    rows: &'static str,
    columns: &'static [Column],
    /// What is said without a row.
    none: &'static str,
}

const PROBLEMS: &[Column] = &[
    ("STATUS", "/status"),
    ("SINCE", "/opened_at"),
    ("OWNER", "/owner"),
    ("PROBLEM", "/title"),
    ("", "/detail"),
];
const CELLS: &[Column] = &[
    ("SERVICE", "/service"),
    ("DATA CENTRE", "/datacenter"),
    ("STATUS", "/status"),
    ("HEALTHY", "/counts/healthy"),
    ("TOTAL", "/counts/total"),
    ("VERSIONS", "/versions"),
    ("LOAD %", "/load_percent"),
];
const REQUESTS: &[Column] = &[
    ("VERSION", "/name"),
    ("REQUESTS", "/requests"),
    ("PER SECOND", "/per_second"),
    ("ERRORS", "/errors"),
    ("P50 MS", "/p50"),
    ("P95 MS", "/p95"),
    ("P99 MS", "/p99"),
];
const EDGES: &[Column] = &[
    ("EDGE", "/edge"),
    ("REGION", "/region"),
    ("STANDS", "/word"),
    ("ACKNOWLEDGED", "/acknowledged_revision"),
    ("OF", "/published_revision"),
    ("PER SECOND", "/traffic/per_second"),
    ("REFUSES", "/refused/message"),
];
const ENTRIES: &[Column] = &[
    ("SEQ", "/seq"),
    ("AT", "/at"),
    ("WHO", "/actor/name"),
    ("ACTION", "/action"),
    ("OBJECT", "/object"),
    ("OUTCOME", "/outcome"),
];

const ATTENTION_VIEW: View = View {
    path: "/attention",
    facts: &[],
    rows: "/open",
    columns: PROBLEMS,
    none: "Nothing needs attention.",
};
const TOPOLOGY_VIEW: View = View {
    path: "/topology?view=list",
    facts: &[("healthy", "/counts/healthy"), ("total", "/counts/total")],
    rows: "/list/rows",
    columns: CELLS,
    none: "Nothing runs.",
};
const SERVICE_VIEW: View = View {
    path: "/services/{}",
    facts: &[
        ("status", "/status"),
        ("group", "/declared/group"),
        ("stable version", "/release/version"),
        ("rollout", "/rollout/name"),
        ("", "/rollout/word"),
    ],
    rows: "/cells",
    columns: CELLS,
    none: "It runs nowhere.",
};
const DATACENTER_VIEW: View = View {
    path: "/datacenters/{}",
    facts: &[
        ("status", "/status"),
        ("region", "/region"),
        ("agent", "/contact"),
        ("healthy", "/counts/healthy"),
        ("total", "/counts/total"),
    ],
    rows: "/cells",
    columns: CELLS,
    none: "Nothing runs there.",
};
const INSTANCE_VIEW: View = View {
    path: "/instances/{}",
    facts: &[
        ("status", "/instance/status"),
        ("state", "/instance/state"),
        ("cause", "/instance/cause"),
        ("version", "/instance/version"),
        ("since", "/instance/since"),
        ("restarts", "/instance/restarts"),
        ("endpoint", "/instance/endpoint"),
        ("handle", "/instance/handle"),
        ("agent", "/contact"),
    ],
    rows: "",
    columns: &[],
    none: "",
};
const EDGES_VIEW: View = View {
    path: "/edges",
    facts: &[],
    rows: "/edges",
    columns: EDGES,
    none: "The fleet has no edges.",
};
const TRAFFIC_VIEW: View = View {
    path: "/services/{}/traffic",
    facts: &[("seconds in which no edge was heard", "/unheard_seconds")],
    rows: "/versions",
    columns: REQUESTS,
    none: "No requests were seen.",
};
const AUDIT_VIEW: View = View {
    path: "/audit",
    facts: &[],
    rows: "/entries",
    columns: ENTRIES,
    none: "The log is empty.",
};

impl What {
    const fn view(self) -> &'static View {
        match self {
            Self::Attention => &ATTENTION_VIEW,
            Self::Topology => &TOPOLOGY_VIEW,
            Self::Service => &SERVICE_VIEW,
            Self::Datacenter => &DATACENTER_VIEW,
            Self::Instance => &INSTANCE_VIEW,
            Self::Edges => &EDGES_VIEW,
            Self::Traffic => &TRAFFIC_VIEW,
            Self::Audit => &AUDIT_VIEW,
        }
    }
}

/// Runs the command.
pub async fn run(args: ShowArgs) -> anyhow::Result<ExitCode> {
    Ok(ended(show(&args).await, args.server.json))
}

async fn show(args: &ShowArgs) -> Result<(), Stop> {
    let view = args.what.view();
    let path = match (view.path.contains("{}"), &args.name) {
        (true, Some(name)) => view.path.replace("{}", part(name)?),
        (false, None) => view.path.to_owned(),
        (true, None) => {
            return Err(Stop::Unusable("write which one, as in `show service shop`".to_owned()));
        }
        (false, Some(name)) => {
            let why = format!("{name:?} is too much: this shows all of them");
            return Err(Stop::Unusable(why));
        }
    };
    let data: Value = Server::new(&args.server)?.get(&path).await?;
    match args.server.json {
        true => print_json(&data),
        false => print(&text(view, &data)),
    }
    Ok(())
}

fn text(view: &View, data: &Value) -> String {
    let mut text = String::new();
    for (name, pointer) in view.facts {
        let said = data.pointer(pointer).map(words).filter(|said| !said.is_empty());
        if let Some(said) = said {
            let _ = writeln!(text, "{name:<16} {said}");
        }
    }
    if view.rows.is_empty() {
        return text;
    }
    let rows = data.pointer(view.rows).and_then(Value::as_array);
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .flatten()
        .map(|row| {
            let cell = |(_, pointer): &Column| row.pointer(pointer).map(words).unwrap_or_default();
            view.columns.iter().map(cell).collect()
        })
        .collect();
    if rows.is_empty() {
        let _ = writeln!(text, "{}", view.none);
        return text;
    }
    if !text.is_empty() {
        text.push('\n');
    }
    let heads = view.columns.iter().map(|(head, _)| (*head).to_owned()).collect();
    table(&mut text, &[vec![heads], rows].concat());
    text
}

/// Rows under their heads, each column as wide as its widest cell.
pub(super) fn table(text: &mut String, rows: &[Vec<String>]) {
    let columns = rows.first().map_or(0, Vec::len);
    let width =
        |column: usize| rows.iter().map(|row: &Vec<String>| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    for row in rows {
        let line = row.iter().zip(&widths).fold(String::new(), |mut line, (cell, width)| {
            let _ = write!(line, "{cell:<width$}  ");
            line
        });
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

/// A value in words; what is absent is empty, never zero.
fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(decimal) => format!("{decimal:.2}"),
            None => number.to_string(),
        },
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Array(parts) => parts.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn facts_and_rows_read_as_lines_and_a_table() {
        let cell = |service: &str, load| {
            json!({ "service": service, "datacenter": "fra1", "status": "healthy",
                    "counts": { "healthy": 2, "total": 2 }, "versions": ["1.1.0", "1.0.0"],
                    "load_percent": load })
        };
        let data = json!({ "status": "healthy", "declared": null, "rollout": null,
                           "release": { "version": "1.0.0" },
                           "cells": [cell("shop", json!(7)), cell("store-web", json!(null))] });
        let said = text(What::Service.view(), &data);
        assert_eq!(
            said,
            "status           healthy\n\
             stable version   1.0.0\n\
             \n\
             SERVICE    DATA CENTRE  STATUS   HEALTHY  TOTAL  VERSIONS      LOAD %\n\
             shop       fra1         healthy  2        2      1.1.0, 1.0.0  7\n\
             store-web  fra1         healthy  2        2      1.1.0, 1.0.0\n"
        );
        let none = text(What::Attention.view(), &json!({ "open": [] }));
        assert_eq!(none, "Nothing needs attention.\n");
    }
}
