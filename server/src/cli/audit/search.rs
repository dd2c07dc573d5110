//! `mainstay audit search`: entries of the audit log through a server's API with a token.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use mainstay_app::paths::with_query;
use serde_json::Value;

use super::super::api::{Server, ServerArgs, Stop, ended, print, print_json};
use super::super::show::table;

#[derive(Args, Debug)]
pub struct SearchArgs {
    /// Words that all have to occur, each with its beginning: `store-web refused`.
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// Name of whoever did it.
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    /// What was done, by its name: fleet-apply.
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// What it was done to, and all below: /services/feed-api.
    #[arg(long, value_name = "ADDRESS")]
    object: Option<String>,
    /// done, refused or failed.
    #[arg(long, value_name = "RESULT")]
    outcome: Option<String>,
    /// From this moment on: RFC 3339, a day, or -6h.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    from: Option<String>,
    /// Before this moment.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    to: Option<String>,
    /// Go on after the last entry of the page before (its `next`).
    #[arg(long, value_name = "ID")]
    after: Option<i64>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Exit code 0: something was found; 1: nothing, or the server says no; 2: it cannot be asked.
pub(super) async fn run(args: &SearchArgs) -> ExitCode {
    ended(search(args).await, args.server.json)
}

async fn search(args: &SearchArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let (words, after) = (args.words.join(" "), args.after.map(|id| id.to_string()));
    let given = |text: &Option<String>| text.clone().unwrap_or_default();
    let pairs = [
        ("q", words),
        ("who", given(&args.who)),
        ("action", given(&args.action)),
        ("object", given(&args.object)),
        ("outcome", given(&args.outcome)),
        ("from", given(&args.from)),
        ("to", given(&args.to)),
        ("after", after.unwrap_or_default()),
    ];
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let told: Value = server.get(&with_query("/audit", &pairs)).await?;
    let found = told["entries"].as_array().is_some_and(|entries| !entries.is_empty());
    if args.server.json {
        print_json(&told);
    } else {
        print(&said(&told));
    }
    if found { Ok(()) } else { Err(Stop::Otherwise) }
}

fn said(told: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let heads = ["entry", "time", "who", "what", "object", "result"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    for row in told["entries"].as_array().into_iter().flatten() {
        let entry = row["seq"].as_i64().map_or_else(|| "–".to_owned(), |seq| seq.to_string());
        let (who, what) = (text(&row["actor"]["name"]), text(&row["sentence"]));
        let (object, result) = (text(&row["object"]), text(&row["outcome"]));
        rows.push(vec![entry, text(&row["at"]), who, what, object, result]);
    }
    let mut said = String::new();
    if rows.len() > 1 {
        table(&mut said, &rows);
    }
    // Writing to a string cannot fail.
    let _ = match (told["matches"]["count"].as_u64(), told["matches"]["exact"].as_bool()) {
        (Some(count), Some(true)) => writeln!(said, "{count} entries match"),
        (Some(count), _) => writeln!(said, "at least {count} entries match"),
        (None, _) if rows.len() == 1 => writeln!(said, "no entry matches"),
        (None, _) => Ok(()),
    };
    if told["cut"] == true {
        said.push_str("the search took too long and was ended; narrow it\n");
    }
    if let Some(next) = told["next"].as_i64() {
        let _ = writeln!(said, "more with --after {next}");
    }
    said
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_found_is_told_with_how_much_there_is() {
        let row = json!({
            "seq": 7, "at": "2026-11-20T03:12:07Z", "actor": { "kind": "user", "name": "ann" },
            "sentence": "Applied a fleet file", "object": "/settings/fleet", "outcome": "done",
        });
        let matches = json!({ "count": 2000, "exact": false });
        let told = said(&json!({ "entries": [row], "matches": matches, "next": 5, "cut": false }));
        for part in ["7", "ann", "/settings/fleet", "at least 2000 entries", "--after 5"] {
            assert!(told.contains(part), "{part} in {told}");
        }
        assert_eq!(said(&json!({ "entries": [], "matches": null })), "no entry matches\n");
    }
}
