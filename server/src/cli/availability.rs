//! `mainstay availability`: how available services were, and the report of a month, through a
//! server's API with a token.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::api::{Server, ServerArgs, Stop, ended, part, print, print_json};
use super::show::table;

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct AvailabilityArgs {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    now: NowArgs,
    #[command(flatten)]
    server: Option<ServerArgs>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Show the report of a month.
    Report(ReportArgs),
}

#[derive(Args, Debug)]
struct NowArgs {
    /// How far back: 24h, 7d, 30d, 90d or 365d.
    #[arg(long, value_name = "LENGTH", default_value = "30d")]
    window: String,
    /// Only this region.
    #[arg(long, value_name = "ID")]
    region: Option<String>,
    /// Only this group.
    #[arg(long, value_name = "ID")]
    group: Option<String>,
    /// Only this service.
    #[arg(long, value_name = "ID")]
    service: Option<String>,
}

#[derive(Args, Debug)]
struct ReportArgs {
    /// As in 2026-10.
    #[arg(value_name = "MONTH")]
    month: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Lengths that a server knows.
const WINDOWS: [&str; 5] = ["24h", "7d", "30d", "90d", "365d"];

/// Runs the subcommand.
pub(super) async fn run(args: AvailabilityArgs) -> anyhow::Result<ExitCode> {
    let (result, json) = match (args.command, args.server) {
        (Some(Command::Report(args)), _) => (report(&args).await, args.server.json),
        (None, Some(server)) => (now(&args.now, &server).await, server.json),
        (None, None) => (Err(Stop::Unusable("write --server and --token".to_owned())), false),
    };
    Ok(ended(result, json))
}

async fn now(args: &NowArgs, server: &ServerArgs) -> Result<(), Stop> {
    if !WINDOWS.contains(&args.window.as_str()) {
        let known = WINDOWS.join(", ");
        let words = format!("{:?} is no length that is kept; write one of {known}", args.window);
        return Err(Stop::Unusable(words));
    }
    let mut path = format!("/availability?window={}", args.window);
    for (name, id) in [("region", &args.region), ("group", &args.group), ("service", &args.service)]
    {
        if let Some(id) = id {
            let _ = write!(path, "&{name}={}", part(id)?);
        }
    }
    let told: Value = Server::new(server)?.get(&path).await?;
    if let Some(unknown) = told["dropped"].as_array().and_then(|dropped| dropped.first()) {
        let words = format!("the fleet has no {} {}", text(&unknown["name"]), unknown["value"]);
        return Err(Stop::refused(words));
    }
    if server.json {
        print_json(&told);
        return Ok(());
    }
    let mut said = String::new();
    figures(&mut said, &format!("the last {}", args.window), &told["figures"]);
    figures(&mut said, "the last 365d", &told["year"]);
    said.push('\n');
    scopes(&mut said, "region", &told["rows"]);
    scopes(&mut said, "service", &told["services"]);
    ledger(&mut said, &told["outages"]);
    print(&said);
    Ok(())
}

async fn report(args: &ReportArgs) -> Result<(), Stop> {
    let path = format!("/availability/reports/{}", part(&args.month)?);
    let told: Value = Server::new(&args.server)?.get(&path).await?;
    if args.server.json {
        print_json(&told);
        return Ok(());
    }
    let mut said = String::new();
    figures(&mut said, &args.month, &told["figures"]);
    figures(&mut said, "the year up to its end", &told["year"]);
    said.push('\n');
    scopes(&mut said, "region", &told["regions"]);
    scopes(&mut said, "group", &told["groups"]);
    scopes(&mut said, "service", &told["services"]);
    let mut rows =
        vec![["cause", "outages", "gross minutes", "net minutes"].map(str::to_owned).into()];
    for row in told["causes"].as_array().into_iter().flatten() {
        let numbers = [&row["outages"], &row["gross_minutes"], &row["net_minutes"]];
        let cause = row["cause"].as_str().unwrap_or("not told yet").to_owned();
        rows.push(std::iter::once(cause).chain(numbers.map(Value::to_string)).collect());
    }
    table(&mut said, &rows);
    said.push('\n');
    ledger(&mut said, &told["outages"]);
    print(&said);
    Ok(())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Rounded down, so that nothing is 100 % that was not.
fn percent(value: &Value) -> String {
    match value["percent"].as_f64() {
        None => "not measured".to_owned(),
        Some(percent) => format!("{:.3} %", (percent * 1_000.0).floor() / 1_000.0),
    }
}

/// A share with its numbers.
fn share(value: &Value) -> String {
    format!("{} ({} of {})", percent(value), value["good"], value["total"])
}

fn minutes(value: &Value) -> String {
    format!("{:.1}", value.as_f64().unwrap_or_default())
}

/// Net and gross always stand beside each other.
fn figures(said: &mut String, of: &str, figures: &Value) {
    // Writing to a string cannot fail.
    let _ = writeln!(
        said,
        "{of}: net {}, gross {}; {} net and {} gross of {} minutes used, {} not measured",
        share(&figures["net"]),
        share(&figures["gross"]),
        minutes(&figures["used_net_minutes"]),
        minutes(&figures["used_gross_minutes"]),
        minutes(&figures["allowed_minutes"]),
        minutes(&figures["unmeasured_minutes"]),
    );
}

fn scopes(said: &mut String, first: &str, rows: &Value) {
    let heads = [first, "net", "gross", "used net", "used gross", "allowed", "not measured"];
    let mut lines = vec![heads.map(str::to_owned).to_vec()];
    for row in rows.as_array().into_iter().flatten() {
        let figures = &row["figures"];
        lines.push(vec![
            text(&row["name"]),
            percent(&figures["net"]),
            percent(&figures["gross"]),
            minutes(&figures["used_net_minutes"]),
            minutes(&figures["used_gross_minutes"]),
            minutes(&figures["allowed_minutes"]),
            minutes(&figures["unmeasured_minutes"]),
        ]);
    }
    table(said, &lines);
    said.push('\n');
}

fn ledger(said: &mut String, rows: &Value) {
    let heads = ["outage", "what", "start", "end", "minutes", "cause", "counts"];
    let mut lines = vec![heads.map(str::to_owned).to_vec()];
    for row in rows.as_array().into_iter().flatten() {
        let gap = row["kind"] == "gap";
        let minutes = match gap {
            true => row["unmeasured_minutes"].to_string(),
            false => {
                let of = |name: &str| row[name].as_u64().unwrap_or_default();
                (of("down_minutes") + of("planned_minutes")).to_string()
            }
        };
        let counts = match (gap, row["counted"].as_bool()) {
            (true, _) => "not measured",
            (false, Some(false)) => "excluded",
            (false, _) => "counted",
        };
        lines.push(vec![
            text(&row["id"]),
            text(&row["scope"]),
            text(&row["started_at"]),
            row["ended_at"].as_str().unwrap_or("goes on").to_owned(),
            minutes,
            row["cause"].as_str().unwrap_or("not told yet").to_owned(),
            counts.to_owned(),
        ]);
    }
    table(said, &lines);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// As the program reads it.
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: AvailabilityArgs,
    }

    #[test]
    fn a_server_is_named_before_or_after_what_is_asked() {
        use clap::Parser as _;
        let read = |line: &str| Line::try_parse_from(line.split(' ')).map(|line| line.args);
        let server = "--server http://127.0.0.1:1 --token mat_x";
        let now = read(&format!("availability --window 7d --group store {server}"));
        let now = now.expect("a good line");
        assert!(now.command.is_none() && now.server.is_some());
        assert_eq!((now.now.window.as_str(), now.now.group.as_deref()), ("7d", Some("store")));
        let report = read(&format!("availability report 2026-10 {server}")).expect("a good line");
        let Some(Command::Report(report)) = report.command else { panic!("it is a report") };
        assert_eq!(report.month, "2026-10");
        let without = read("availability --window 7d");
        assert!(without.map_or(true, |args| args.server.is_none()), "no server");
    }

    #[test]
    fn net_and_gross_stand_beside_each_other_with_their_numbers() {
        let ratio =
            |good: u64| json!({ "good": good, "total": 43_200, "percent": good as f64 / 432.0 });
        let told = json!({
            "net": ratio(43_199), "gross": ratio(43_190), "used_net_minutes": 1.0,
            "used_gross_minutes": 10.0, "allowed_minutes": 21.6, "unmeasured_minutes": 0.0,
        });
        let mut said = String::new();
        figures(&mut said, "the last 30d", &told);
        assert_eq!(
            said,
            "the last 30d: net 99.997 % (43199 of 43200), gross 99.976 % (43190 of 43200); \
             1.0 net and 10.0 gross of 21.6 minutes used, 0.0 not measured\n"
        );
        assert_eq!(percent(&json!({ "percent": null })), "not measured");
    }
}
