//! `mainstay backup restore|refuse|let-go|keep-longer|restores`: restores over live databases, and
//! what restores leave.

use std::fmt::Write as _;

use clap::Args;
use mainstay_core::backup::job::Target;
use mainstay_core::backup::kept::Hours;
use mainstay_core::backup::restore::RestoreId;
use serde_json::Value;

use super::ask::target;
use super::named;
use super::status::{at, days, rows, word};
use crate::cli::api::{Server, ServerArgs, Stop, key, print, print_json};
use crate::http::backups::{
    KeepLongerAsk, LetGoAsk, ProveOrdered, RefuseAsk, RestoreAsk, RestoreAsked,
};

#[derive(Args, Debug)]
pub struct RestoreArgs {
    /// The database whose live data is replaced.
    pub database: String,
    /// The data centre whose repository holds the copy.
    #[arg(long, value_name = "ID")]
    pub datacenter: String,
    /// The copy, by its label.
    #[arg(long, value_name = "LABEL")]
    pub label: String,
    /// Restore up to this moment, as RFC 3339 writes it [default: the end of the copy].
    #[arg(long, value_name = "TIME", value_parser = target, conflicts_with = "latest")]
    pub to: Option<Target>,
    /// Restore as far as the archived log goes.
    #[arg(long)]
    pub latest: bool,
    /// Why, for the audit log.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Go without the test restore that it needs: the name of the database once more.
    #[arg(long, value_name = "NAME")]
    pub unproven: Option<String>,
    /// One-time key: the same command with the same key is done once.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

#[derive(Args, Debug)]
pub struct RefuseArgs {
    /// The restore, as in rs-12.
    pub restore: RestoreId,
    /// Why, for whoever asked and for the audit log.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// One-time key: the same command with the same key is done once.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

#[derive(Args, Debug)]
pub struct LetGoArgs {
    /// The database.
    pub database: String,
    /// The data directory or the restored copy, as `mainstay backup status --database` names it.
    pub path: String,
    /// Why, for the audit log; a restored copy does not go without.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub reason: String,
    /// One-time key: the same command with the same key is done once.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

#[derive(Args, Debug)]
pub struct KeepLongerArgs {
    /// The database.
    pub database: String,
    /// The restored copy, as `mainstay backup status --database` names it.
    pub path: String,
    /// How much longer, 1 to 72 hours: 24h.
    #[arg(long, value_name = "HOURS")]
    pub by: Hours,
    /// Why, for the audit log.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// One-time key: the same command with the same key is done once.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

#[derive(Args, Debug)]
pub struct RestoresArgs {
    /// Only of this database.
    #[arg(long, value_name = "ID")]
    pub database: Option<String>,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

pub(super) async fn restore(args: &RestoreArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let database = named(&args.database, "database")?;
    let datacenter = named(&args.datacenter, "data centre")?;
    let label = named(&args.label, "label of a copy")?;
    let target = match args.latest {
        true => Target::Latest,
        false => args.to.unwrap_or(Target::EndOfCopy),
    };
    let ask = RestoreAsk {
        target,
        reason: args.reason.clone(),
        unproven: args.unproven.clone(),
        key: Some(key(args.key.as_deref())),
    };
    let path = format!("/backups/sets/{database}/copies/{datacenter}/{label}/do/restore");
    let asked: RestoreAsked = server.post(&path, &ask).await?;
    told(&args.server, &asked, "a second person has to allow it in the console, at /approvals");
    Ok(())
}

pub(super) async fn refuse(args: &RefuseArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let ask = RefuseAsk { reason: args.reason.clone(), key: Some(key(args.key.as_deref())) };
    let path = format!("/backups/restores/{}/do/refuse", args.restore);
    let asked: RestoreAsked = server.post(&path, &ask).await?;
    told(&args.server, &asked, "refused");
    Ok(())
}

pub(super) async fn let_go(args: &LetGoArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let database = named(&args.database, "database")?;
    let ask = LetGoAsk {
        path: args.path.clone(),
        // Both were written out, which is what the page asks for.
        confirm: database.to_owned(),
        reason: args.reason.clone(),
        key: Some(key(args.key.as_deref())),
    };
    let path = format!("/backups/sets/{database}/do/let-go");
    let ordered: ProveOrdered = server.post(&path, &ask).await?;
    match args.server.json {
        true => print_json(&ordered),
        false => print(&format!("{}: ordered\n", ordered.work)),
    }
    Ok(())
}

pub(super) async fn keep_longer(args: &KeepLongerArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let database = named(&args.database, "database")?;
    let ask = KeepLongerAsk {
        path: args.path.clone(),
        hours: args.by,
        reason: args.reason.clone(),
        key: Some(key(args.key.as_deref())),
    };
    let path = format!("/backups/sets/{database}/do/keep-longer");
    let ordered: ProveOrdered = server.post(&path, &ask).await?;
    match args.server.json {
        true => print_json(&ordered),
        false => print(&format!("{}: ordered\n", ordered.work)),
    }
    Ok(())
}

fn told(server: &ServerArgs, asked: &RestoreAsked, words: &str) {
    match server.json {
        true => print_json(asked),
        false => print(&format!("{}: {words}\n", asked.restore)),
    }
}

pub(super) async fn restores(args: &RestoresArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let path = match &args.database {
        Some(database) => {
            format!("/backups/restores?database={}", named(database, "database")?)
        }
        None => "/backups/restores".to_owned(),
    };
    let data: Value = server.get(&path).await?;
    match args.server.json {
        true => print_json(&data),
        false => print(&all(&data)),
    }
    Ok(())
}

/// Every restore in a line, and what became of it below. Writing to a string cannot fail.
fn all(data: &Value) -> String {
    let mut text = days(data);
    for row in rows(data, "restores") {
        let _ = writeln!(
            text,
            "{:<8} {:<20} {:<30} {}, {} up to {}",
            word(row, "id"),
            word(row, "database"),
            word(row, "word").to_lowercase(),
            word(row, "label"),
            word(row, "datacenter"),
            word(row, "target"),
        );
        let _ = writeln!(
            text,
            "  asked by {} at {}, allowed by {}{}. {}",
            word(row, "by"),
            at(row, "asked_at"),
            row["allowed_by"].as_str().unwrap_or("nobody"),
            match row["unproven"].as_bool() {
                Some(true) => ", WITHOUT a test restore",
                Some(false) | None => "",
            },
            word(row, "detail"),
        );
    }
    match rows(data, "restores").next().is_none() {
        true => "no database was restored over\n".to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_restore_says_who_and_what_became_of_it() {
        let data = json!({ "restores": [{
            "id": "rs-7", "database": "store-db", "word": "Restored", "label": "20261120-021500F",
            "datacenter": "fra1", "target": "the end of the copy", "by": "ann",
            "asked_at": "2026-11-20T03:12:07Z", "allowed_by": "ben", "unproven": true,
            "detail": "Recovery reached the commit of 02:24.",
        }] });
        assert_eq!(
            all(&data),
            "rs-7     store-db             restored                       20261120-021500F, fra1 \
             up to the end of the copy\n  asked by ann at 2026-11-20T03:12, allowed by ben, \
             WITHOUT a test restore. Recovery reached the commit of 02:24.\n"
        );
        assert_eq!(all(&json!({ "restores": [] })), "no database was restored over\n");
    }
}
