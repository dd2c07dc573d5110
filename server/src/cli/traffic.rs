//! `mainstay traffic replay`: the detector of traffic drops on a file, without a server.
//!
//! Owns the command's arguments, reading the file within bounds, and both forms of output. Alarms
//! and the sentences on bad files are [`mainstay_core::traffic::drop`]'s. Exit codes: 0 no alarm,
//! 1 alarms, 2 a file or settings that cannot be used.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use mainstay_core::traffic::drop::read::{self, Columns, FILE_MAX_BYTES};
use mainstay_core::traffic::drop::{Raised, Replay, Settings, replay};
use serde::Serialize;

use crate::cli::UNUSABLE;

/// Exit code of a series with alarms.
const ALARMS: u8 = 1;

#[derive(Args, Debug)]
pub struct TrafficArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Say where a recorded series dropped, each alarm from what was known by then.
    Replay(ReplayArgs),
}

#[derive(Args, Debug)]
struct ReplayArgs {
    /// Comma-separated text with a moment and a value in each line; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Column of the moments [default: the one that is called or looks like it].
    #[arg(long, value_name = "NAME")]
    time_column: Option<String>,
    /// Column of the values [default: `value` or the like, else the first of numbers].
    #[arg(long, value_name = "NAME")]
    value_column: Option<String>,
    /// Smallest share of the expected traffic whose lack is told, from 0.05 to 0.9
    /// [default: 0.15].
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    size_min: Option<f64>,
    /// How little evidence is enough, from 0.2 to 5: 2 asks for half of the usual [default: 1].
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    sensitivity: Option<f64>,
    /// Write JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the detector and writes the answer to standard output; what is wrong with the file goes to
/// standard error, or into the JSON.
pub(super) fn run(args: &TrafficArgs) -> ExitCode {
    let Command::Replay(args) = &args.command;
    let replayed = settings(args).and_then(|settings| answer(args, load(&args.input), settings));
    let (text, code) = match (&replayed, args.json) {
        (Ok(replay), true) => (json(replay), code(replay)),
        (Ok(replay), false) => (words(replay), code(replay)),
        (Err(unusable), true) => (json(unusable), UNUSABLE),
        (Err(unusable), false) => {
            eprint!("{}", unusable.lines());
            (String::new(), UNUSABLE)
        }
    };
    // Whoever reads may have seen enough and closed the pipe; the exit code still tells.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    ExitCode::from(code)
}

fn code(replay: &Replay) -> u8 {
    if replay.alarms.is_empty() { 0 } else { ALARMS }
}

fn settings(args: &ReplayArgs) -> Result<Settings, Unusable> {
    let usual = Settings::default();
    let settings = Settings {
        size_min: args.size_min.unwrap_or(usual.size_min),
        sensitivity: args.sensitivity.unwrap_or(usual.sensitivity),
    };
    settings.validate().map_err(|error| Unusable::of(None, error))?;
    Ok(settings)
}

/// The file's text, or why it cannot be read.
fn load(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    // One byte more than is read, so that the reader tells what is too large.
    let bound = FILE_MAX_BYTES as u64 + 1;
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(bound).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|open| open.take(bound).read_to_end(&mut bytes))
    };
    read.map_err(|error| format!("it cannot be read ({error}); write a readable file's path"))?;
    // The bound may cut a character, and the file is too large then in any case.
    if bytes.len() > FILE_MAX_BYTES {
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("this is not UTF-8 text (see byte {at}); write comma-separated text")
    })
}

fn answer(
    args: &ReplayArgs,
    text: Result<String, String>,
    settings: Settings,
) -> Result<Replay, Unusable> {
    let file = args.input.display().to_string();
    let text = text.map_err(|why| Unusable::of(Some(file.clone()), why))?;
    let columns = Columns { time: args.time_column.clone(), value: args.value_column.clone() };
    let series = read::read(&text, &columns).map_err(|findings| Unusable {
        error: ERROR,
        findings: findings
            .iter()
            .map(|found| Fault {
                file: Some(file.clone()),
                line: Some(found.line),
                message: found.mistake.to_string(),
            })
            .collect(),
    })?;
    Ok(replay(&series, settings))
}

const ERROR: &str = "nothing was replayed: the input cannot be used";

/// Why nothing could be replayed.
#[derive(Debug, Serialize)]
struct Unusable {
    error: &'static str,
    findings: Vec<Fault>,
}

#[derive(Debug, Serialize)]
struct Fault {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    message: String,
}

impl Unusable {
    fn of(file: Option<String>, message: impl ToString) -> Self {
        let fault = Fault { file, line: None, message: message.to_string() };
        Self { error: ERROR, findings: vec![fault] }
    }

    fn lines(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        for Fault { file, line, message } in &self.findings {
            let file = file.as_deref().unwrap_or("mainstay");
            let line = line.map_or_else(String::new, |line| format!(":{line}"));
            let _ = writeln!(text, "{file}{line}: {message}");
        }
        text
    }
}

fn json(answer: &impl Serialize) -> String {
    let json = serde_json::to_string_pretty(answer).expect("texts and numbers serialise");
    json + "\n"
}

/// For people: what was read, then a line for each alarm.
fn words(replay: &Replay) -> String {
    let mut text = match (&replay.from, &replay.to, replay.interval_seconds) {
        (Some(from), Some(to), Some(interval)) => format!(
            "{} alarms in {} values from {from} to {to}, one every {interval} s; {} gaps, {}\n",
            replay.alarms.len(),
            replay.rows,
            replay.gaps.len(),
            if replay.seasonal { "a shape of days or weeks" } else { "no shape of days" },
        ),
        _ => format!("{} values are too few to expect anything\n", replay.rows),
    };
    for notice in &replay.notices {
        let _ = writeln!(text, "  note: {notice}");
    }
    for alarm in &replay.alarms {
        let _ = writeln!(text, "  {}", line(alarm));
    }
    text
}

fn line(alarm: &Raised) -> String {
    let end = match (&alarm.ended, &alarm.settled) {
        (Some(at), _) => format!("back at {at}"),
        (None, Some(at)) => format!("not back; the usual level since {at}"),
        (None, None) => "not back".to_owned(),
    };
    format!(
        "{}: {} of {:.0} % since {}, confidence {:.2}; {:.4} came of {:.4}; {end}",
        alarm.at,
        alarm.kind.as_str(),
        100.0 * alarm.size,
        alarm.began,
        alarm.confidence,
        alarm.observed,
        alarm.expected,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args() -> ReplayArgs {
        ReplayArgs {
            input: PathBuf::from("a.csv"),
            time_column: None,
            value_column: None,
            size_min: None,
            sensitivity: None,
            json: false,
        }
    }

    fn replayed(text: &str) -> Result<Replay, Unusable> {
        answer(&args(), Ok(text.to_owned()), Settings::default())
    }

    #[test]
    fn a_collapse_is_told_in_words_and_in_json() {
        let mut text = "minute,at,requests\n".to_owned();
        for minute in 0..400_i64 {
            let value = if (300..330).contains(&minute) { 0 } else { 100 + minute % 7 };
            let _ = writeln!(
                text,
                "{minute},2026-01-01 {:02}:{:02}:00,{value}",
                minute / 60,
                minute % 60
            );
        }
        let replay = replayed(&text).expect("a good file");
        assert_eq!((code(&replay), replay.alarms.len()), (ALARMS, 1));
        let said = words(&replay);
        assert!(said.contains(": collapse of 100 % since 2026-01-01T05:00:00Z"), "{said}");
        let said: serde_json::Value = serde_json::from_str(&json(&replay)).expect("JSON");
        assert_eq!(said["alarms"][0]["kind"], "collapse");
        assert!(said["alarms"][0]["at"].as_str().is_some_and(|at| at.starts_with("2026-01-01T05")));
        let quiet = replayed("at,requests\n1,5\n2,5\n").expect("a good file");
        assert_eq!(code(&quiet), 0);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let bad = replayed("at,requests\n1,5\n2,many\n3,-1\n").expect_err("two bad values");
        assert_eq!(
            bad.lines(),
            "a.csv:3: `requests` is `many`, which is no number; write one such as 120 or 0.5\n\
             a.csv:4: `requests` is -1, and no traffic is negative; write 0 or more\n"
        );
        let said: serde_json::Value = serde_json::from_str(&json(&bad)).expect("JSON");
        assert_eq!(said["findings"][1]["line"], 4);
        let none = load(Path::new("/nonexistent/a.csv")).expect_err("there is no file");
        assert!(none.contains("cannot be read (No such file") && none.contains("; write"));
        let wrong = ReplayArgs { sensitivity: Some(9.0), ..args() };
        let said = settings(&wrong).expect_err("too much").lines();
        assert_eq!(said, "mainstay: sensitivity is 9; write a number from 0.2 to 5\n");
    }
}
