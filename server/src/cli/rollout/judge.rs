//! `mainstay rollout judge`: the judge of rollouts on two files, without a server.
//!
//! Owns the command's arguments, reading the files within bounds, and both forms of output. The
//! verdict and the sentences on bad files are [`mainstay_core::judge`]'s. Exit codes: 0 pass, 1
//! any other verdict, 2 files or settings that cannot be used.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use mainstay_core::judge::read::{self, FILE_MAX_BYTES};
use mainstay_core::judge::{Judgement, Metric, MetricJudgement, Settings, Trace, Verdict, judge};
use serde::Serialize;

use crate::cli::UNUSABLE;

/// Exit code of every verdict but pass.
const NO_PASS: u8 = 1;

#[derive(Args, Debug)]
pub struct JudgeArgs {
    /// What users of the stable version saw.
    #[arg(long, value_name = "FILE")]
    pub stable: PathBuf,
    /// What users of the new version saw, in the same seconds.
    #[arg(long, value_name = "FILE")]
    pub canary: PathBuf,
    /// How often a canary that is no worse may fail, above 0 and below 1 [default: 0.01].
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub alpha: Option<f64>,
    /// How often a canary that is worse than tolerated may pass, above 0 and below 1
    /// [default: 0.05].
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub beta: Option<f64>,
    /// Surplus of the share of errors that is tolerated [default: 0.005, half a percentage point].
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub error_tolerance: Option<f64>,
    /// Growth of latency that is tolerated [default: 0.2, a fifth longer].
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub latency_tolerance: Option<f64>,
    /// Latency quantile to judge, several times for several [default: 0.95].
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub quantile: Vec<f64>,
    /// Write JSON.
    #[arg(long)]
    pub json: bool,
}

/// Judges and writes the answer to standard output; what is wrong with the files goes to standard
/// error, or into the JSON.
pub(super) fn run(args: &JudgeArgs) -> ExitCode {
    let judged = settings(args).and_then(|settings| {
        let [stable, canary] = [&args.stable, &args.canary].map(|path| Source::load(path));
        answer(stable, canary, &settings)
    });
    let (text, code) = match (&judged, args.json) {
        (Ok(judgement), true) => (json(judgement), code(judgement.verdict)),
        (Ok(judgement), false) => (words(judgement), code(judgement.verdict)),
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

const fn code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Pass => 0,
        Verdict::Fail | Verdict::Undecided | Verdict::NoData | Verdict::NotMeasured => NO_PASS,
    }
}

fn settings(args: &JudgeArgs) -> Result<Settings, Unusable> {
    let mut settings = Settings::default();
    for (given, setting) in [
        (args.alpha, &mut settings.alpha),
        (args.beta, &mut settings.beta),
        (args.error_tolerance, &mut settings.error_tolerance),
        (args.latency_tolerance, &mut settings.latency_tolerance),
    ] {
        *setting = given.unwrap_or(*setting);
    }
    if !args.quantile.is_empty() {
        settings.quantiles.clone_from(&args.quantile);
    }
    // Whoever tolerates less than the usual floor means it.
    settings.error_floor = settings.error_floor.min(settings.error_tolerance / 2.0);
    settings.latency_floor = settings.latency_floor.min(settings.latency_tolerance / 2.0);
    match settings.validate() {
        Ok(()) => Ok(settings),
        Err(error) => Err(Unusable::of([Fault::new(None, None, error)])),
    }
}

/// A file as it was given.
struct Source {
    name: String,
    /// Or why it cannot be read.
    text: Result<String, String>,
}

impl Source {
    fn load(path: &Path) -> Self {
        let mut bytes = Vec::new();
        // One byte more than is read, so that the reader tells what is too large.
        let bound = FILE_MAX_BYTES as u64 + 1;
        let read = File::open(path).and_then(|open| open.take(bound).read_to_end(&mut bytes));
        let text = match read {
            Ok(_) => String::from_utf8(bytes).map_err(|error| {
                let at = error.utf8_error().valid_up_to();
                format!("this is not UTF-8 text (see byte {at}); write comma-separated text")
            }),
            Err(error) => Err(format!("it cannot be read ({error}); write a readable file's path")),
        };
        Self { name: path.display().to_string(), text }
    }

    fn trace(&self) -> Result<Trace, Vec<Fault>> {
        let fault = |line, message: String| Fault::new(Some(&self.name), line, message);
        let text = self.text.as_ref().map_err(|why| vec![fault(None, why.clone())])?;
        read::read(text).map_err(|findings| {
            let each = findings.iter();
            each.map(|found| fault(Some(found.line), found.mistake.to_string())).collect()
        })
    }
}

fn answer(stable: Source, canary: Source, settings: &Settings) -> Result<Judgement, Unusable> {
    let (stable, canary) = match (stable.trace(), canary.trace()) {
        (Ok(stable), Ok(canary)) => (stable, canary),
        (stable, canary) => {
            let faults = [stable.err(), canary.err()];
            return Err(Unusable::of(faults.into_iter().flatten().flatten()));
        }
    };
    let mismatches = read::mismatches(&stable, &canary);
    if mismatches.is_empty() {
        return Ok(judge(&stable, &canary, settings));
    }
    Err(Unusable::of(mismatches.into_iter().map(|found| Fault::new(None, None, found))))
}

/// Why nothing could be judged.
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

impl Fault {
    fn new(file: Option<&str>, line: Option<u64>, message: impl ToString) -> Self {
        Self { file: file.map(str::to_owned), line, message: message.to_string() }
    }
}

impl Unusable {
    fn of(faults: impl IntoIterator<Item = Fault>) -> Self {
        let findings = faults.into_iter().collect();
        Self { error: "nothing was judged: the input cannot be used", findings }
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

/// The judgement for people: the verdict, then a line for each metric.
fn words(judgement: &Judgement) -> String {
    let mut text = fallen(judgement.verdict, judgement.at_second);
    if let (Some(from), Some(to)) = (judgement.from_second, judgement.to_second) {
        let _ = write!(text, "; seconds {from} to {to}, alpha {}", judgement.alpha);
    }
    text.push('\n');
    for metric in &judgement.metrics {
        let _ = writeln!(text, "  {}", line(metric));
    }
    text
}

/// One metric in one line.
pub(super) fn line(judged: &MetricJudgement) -> String {
    let (name, unit) = match judged.metric {
        Metric::Errors => ("errors".to_owned(), "points"),
        Metric::Latency { quantile } => {
            // Rounded, or 0.95 would be 95.0000001.
            (format!("latency p{}", (quantile * 1e6).round() / 1e4), "%")
        }
    };
    let value = |value: f64| match judged.metric {
        Metric::Errors => format!("{:.3} %", value * 100.0),
        Metric::Latency { .. } => format!("{value:.1} ms"),
    };
    let bound = |bound: Option<f64>| {
        bound.map_or_else(|| "unbounded".to_owned(), |bound| format!("{:+}", percent(bound)))
    };
    let verdict = fallen(judged.verdict, judged.at_second);
    let (ours, theirs) = (judged.canary_requests, judged.stable_requests);
    let mut text = match (judged.stable, judged.canary) {
        (Some(stable), Some(canary)) => format!(
            "{name}: {verdict}; stable {} of {theirs} requests, canary {} of {ours}; difference {} \
             to {} {unit}, tolerated {}",
            value(stable),
            value(canary),
            bound(judged.lower),
            bound(judged.upper),
            percent(judged.tolerance),
        ),
        (None, _) | (_, None) => format!(
            "{name}: {verdict}; stable has {theirs} requests, canary {ours}: nothing to compare"
        ),
    };
    if let Some(needed) = judged.needed_requests {
        let _ = write!(text, "; a good canary needs about {needed} requests to pass");
    }
    text
}

/// In percent, or in percentage points, to three decimals at most.
fn percent(share: f64) -> f64 {
    (share * 1e5).round() / 1e3
}

fn fallen(verdict: Verdict, at: Option<i64>) -> String {
    let when = match verdict {
        Verdict::Fail => " at second",
        Verdict::Pass => " since second",
        Verdict::Undecided | Verdict::NoData | Verdict::NotMeasured => "",
    };
    let at = at.map_or_else(String::new, |at| format!("{when} {at}"));
    format!("{}{at}", verdict.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, text: String) -> Source {
        Source { name: name.to_owned(), text: Ok(text) }
    }

    /// The same counts in each of so many seconds.
    fn steady(seconds: u32, requests: u32, errors: u32, fast: u32) -> Source {
        let mut text = "second,requests,errors,le_50,le_100,le_inf\n".to_owned();
        for second in 0..seconds {
            let most = requests - (requests - fast) / 4;
            let _ = writeln!(text, "{second},{requests},{errors},{fast},{most},{requests}");
        }
        source("trace.csv", text)
    }

    fn judged(stable: Source, canary: Source) -> Judgement {
        answer(stable, canary, &Settings::default()).expect("both are good")
    }

    #[test]
    fn text_says_the_verdict_and_its_numbers() {
        let pass = judged(steady(300, 100, 0, 80), steady(300, 20, 0, 16));
        assert_eq!(words(&pass), include_str!("golden/pass.txt"));
        let fail = judged(steady(300, 100, 0, 80), steady(300, 20, 1, 16));
        assert_eq!(words(&fail), include_str!("golden/fail.txt"));
        let silent = judged(steady(9, 100, 1, 80), steady(9, 0, 0, 0));
        assert_eq!(words(&silent), include_str!("golden/no_data.txt"));
        assert_eq!([pass, fail, silent].map(|judged| code(judged.verdict)), [0, 1, 1]);
    }

    #[test]
    fn json_says_the_same() {
        let mut open = judged(steady(30, 100, 0, 80), steady(30, 20, 0, 16));
        // The last digits are the processor's own.
        for bound in open.metrics.iter_mut().flat_map(|at| [&mut at.lower, &mut at.upper]) {
            *bound = bound.map(|bound| (bound * 1e6).round() / 1e6);
        }
        assert_eq!(json(&open), include_str!("golden/undecided.json"));
        let back: Judgement = serde_json::from_str(&json(&open)).expect("as it was written");
        assert_eq!(back.verdict, Verdict::Undecided);
    }

    #[test]
    fn every_mistake_of_both_files_is_told_with_its_place() {
        let rows = |rows: &str| format!("second,requests,errors\n{rows}");
        let stable = source("a.csv", rows("0,1,0\n2,1,0\n"));
        let canary = source("b.csv", rows("0,1,-1\n"));
        let bad = answer(stable, canary, &Settings::default()).expect_err("both are bad");
        assert_eq!(
            bad.lines(),
            "a.csv:3: the second 1 is missing before the second 2; write a line for each second, \
             with 0 requests where there were none\n\
             b.csv:2: `errors` is -1, and no count is negative; write 0 or more\n"
        );
        let said: serde_json::Value = serde_json::from_str(&json(&bad)).expect("JSON");
        assert_eq!(said["findings"][1]["line"], 2);
        let short = answer(steady(9, 5, 0, 5), steady(8, 5, 0, 5), &Settings::default());
        assert_eq!(
            short.expect_err("not the same seconds").lines(),
            "mainstay: stable has the seconds 0 to 8, canary 0 to 7; write the same seconds into \
             both files\n"
        );
        let none = Source::load(Path::new("/nonexistent/trace.csv"));
        let none = answer(none, steady(9, 5, 0, 5), &Settings::default());
        let said = none.expect_err("there is no file").lines();
        assert!(
            said.contains("cannot be read (No such file") && said.contains("; write"),
            "{said}"
        );
    }

    #[test]
    fn settings_come_from_the_arguments() {
        let args = |alpha, error_tolerance| JudgeArgs {
            stable: PathBuf::new(),
            canary: PathBuf::new(),
            alpha,
            beta: None,
            error_tolerance,
            latency_tolerance: None,
            quantile: vec![0.5, 0.99],
            json: false,
        };
        let strict = settings(&args(Some(0.001), Some(0.000_1))).expect("they are good");
        assert_eq!((strict.alpha, strict.beta, strict.quantiles), (0.001, 0.05, vec![0.5, 0.99]));
        for alpha in [0.0, 1.0, -0.5, f64::NAN] {
            let said = settings(&args(Some(alpha), None)).expect_err("no share").lines();
            assert!(said.contains("write a number above 0 and below 1, such as 0.01"), "{said}");
        }
    }
}
