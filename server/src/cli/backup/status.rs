//! `mainstay backup status`: how backups stand, in the words of the console.

use std::fmt::Write as _;

use clap::Args;
use mainstay_core::backup::clock::Pace;
use serde_json::Value;

use super::named;
use crate::cli::api::{Server, ServerArgs, Stop, print, print_json};

#[derive(Args, Debug)]
pub struct StatusArgs {
    /// Only this database, with its copies and runs.
    #[arg(long, value_name = "ID")]
    pub database: Option<String>,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

pub(super) async fn run(args: &StatusArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let data: Value = match &args.database {
        Some(id) => server.get(&format!("/backups/sets/{}", named(id, "database")?)).await?,
        None => every_page(&server).await?,
    };
    match (args.server.json, &args.database) {
        (true, _) => print_json(&data),
        (false, None) => print(&all(&data)),
        (false, Some(_)) => print(&one(&data)),
    }
    Ok(())
}

/// The sets of all pages, in the answer of the first one.
async fn every_page(server: &Server) -> Result<Value, Stop> {
    let mut data: Value = server.get("/backups?view=sets").await?;
    while let Some(after) = data["next"].as_str().map(str::to_owned) {
        let mut page: Value =
            server.get(&format!("/backups?view=sets&after={}", named(&after, "database")?)).await?;
        let more = page["sets"].as_array_mut().map(std::mem::take).unwrap_or_default();
        if let Some(sets) = data["sets"].as_array_mut() {
            sets.extend(more);
        }
        data["next"] = page["next"].take();
    }
    Ok(data)
}

pub(super) fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

pub(super) fn rows<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().into_iter().flatten()
}

/// That the times are the policies', where these have a time of their own.
pub(super) fn days(data: &Value) -> String {
    let pace = data["day_seconds"].as_u64().and_then(|seconds| u32::try_from(seconds).ok());
    let pace = pace.and_then(|seconds| Pace::new(seconds).ok());
    pace.map_or_else(String::new, |pace| {
        format!("A day of the policies passes in {pace} here; all times are theirs.\n")
    })
}

fn texts(value: &Value, name: &str) -> Vec<String> {
    rows(value, name).filter_map(Value::as_str).map(str::to_owned).collect()
}

/// An instant to the minute, or that there is none.
pub(super) fn at<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().map_or("never", |at| at.get(..16).unwrap_or(at))
}

/// Every database in a line. Writing to a string cannot fail.
fn all(data: &Value) -> String {
    let answer = &data["answer"];
    let mut text = days(data) + word(answer, "sentence");
    for rest in texts(answer, "rest") {
        let _ = write!(text, " {rest}");
    }
    text.push('\n');
    for set in rows(data, "sets") {
        let _ = writeln!(
            text,
            "{:<20} {:<20} newest {}  {} copies in {}  proven {}",
            word(set, "database"),
            word(set, "word").to_lowercase(),
            at(set, "newest_at"),
            set["copies"],
            match texts(set, "places").join(", ") {
                none if none.is_empty() => "no data centre".to_owned(),
                places => places,
            },
            at(set, "proven_at"),
        );
        notes(&mut text, set);
    }
    text
}

/// What is short, and what could not be read.
fn notes(text: &mut String, set: &Value) {
    for short in texts(set, "short") {
        let _ = writeln!(text, "  {short}");
    }
    for unread in rows(set, "unread") {
        let (dc, why) = (word(unread, "datacenter"), word(unread, "why"));
        let _ = writeln!(text, "  {dc} could not be read: {why}");
    }
}

fn one(data: &Value) -> String {
    let set = &data["set"];
    let mut text = days(data);
    let (database, state) = (word(data, "database"), word(set, "word").to_lowercase());
    let _ = writeln!(text, "{database}: {state}");
    for line in texts(data, "policy") {
        let _ = writeln!(text, "  {line}");
    }
    notes(&mut text, set);
    for reach in rows(data, "reach") {
        let (from, to, words) = (at(reach, "from"), at(reach, "to"), word(reach, "words"));
        let _ = writeln!(text, "recoverable {from} to {to} at least. {words}");
    }
    for ahead in rows(data, "ahead") {
        let _ = writeln!(
            text,
            "next {} to {}: {} to {} ({})",
            at(ahead, "window_start"),
            at(ahead, "window_end"),
            word(ahead, "kind"),
            word(ahead, "datacenter"),
            word(ahead, "local"),
        );
    }
    for repository in rows(data, "repositories") {
        for copy in rows(repository, "copies") {
            let _ = writeln!(
                text,
                "copy {:<34} {:<8} {:<12} begun {}  {}",
                word(copy, "label"),
                word(repository, "datacenter"),
                word(copy, "kind"),
                at(copy, "started_at"),
                word(copy, "word").to_lowercase(),
            );
        }
    }
    for kept in rows(data, "kept") {
        let _ = writeln!(
            text,
            "restored copy {} of {} in {} up to {}: {}, until {}",
            word(kept, "path"),
            word(kept, "label"),
            word(kept, "agent"),
            word(kept, "target"),
            word(kept, "word").to_lowercase(),
            at(kept, "until"),
        );
        let _ = writeln!(text, "  {}\n  {}", word(kept, "psql"), word(kept, "pg_dump"));
    }
    for path in texts(data, "set_aside") {
        let _ = writeln!(text, "kept after a restore: {path}");
    }
    for run in rows(data, "runs").take(10) {
        let _ = writeln!(
            text,
            "{:<8} {:<18} {} to {}, window {}  {}",
            word(run, "id"),
            word(run, "word").to_lowercase(),
            word(run, "kind"),
            word(run, "datacenter"),
            at(run, "window_start"),
            word(run, "detail"),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_of_another_pace_are_named() {
        let line = "A day of the policies passes in 60 s here; all times are theirs.\n";
        assert_eq!(days(&json!({ "day_seconds": 60 })), line);
        assert_eq!(days(&json!({ "at": "2026-11-19T02:24:00Z" })), "");
        assert!(one(&json!({ "database": "db", "day_seconds": 60 })).starts_with(line));
    }

    #[test]
    fn a_restored_copy_that_stays_is_told_with_the_way_into_it() {
        let data = json!({ "database": "db", "kept": [{
            "path": "/s/kept/1", "label": "F1", "agent": "fra1", "word": "Running",
            "target": "the end of the copy", "until": "2026-11-19T02:24:00Z",
            "psql": "sudo -u postgres psql", "pg_dump": "sudo -u postgres pg_dump",
        }] });
        let expected = "restored copy /s/kept/1 of F1 in fra1 up to the end of the copy: running, \
                        until 2026-11-19T02:24\n  sudo -u postgres psql\n  \
                        sudo -u postgres pg_dump\n";
        assert!(one(&data).ends_with(expected), "{}", one(&data));
    }

    #[test]
    fn a_database_is_a_line_and_what_was_not_read_is_named() {
        let data = json!({
            "answer": {
                "sentence": "1 of 2 backups on time in 24 h.", "rest": ["1 late: a, 4 min."],
            },
            "sets": [{
                "database": "store-db", "word": "4 min late", "newest_at": "2026-11-19T02:24:00Z",
                "copies": 3, "places": ["dub1", "fra1"], "proven_at": null,
                "short": ["No copy ever passed a test restore."],
                "unread": [{ "datacenter": "iad1", "why": "no route" }],
            }],
        });
        assert_eq!(
            all(&data),
            "1 of 2 backups on time in 24 h. 1 late: a, 4 min.\n\
             store-db             4 min late           newest 2026-11-19T02:24  \
             3 copies in dub1, fra1  proven never\n  No copy ever passed a test restore.\n  \
             iad1 could not be read: no route\n"
        );
    }
}
