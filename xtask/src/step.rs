//! Progress for people: one line a step, with its seconds.

use std::io::{IsTerminal, Write, stdout};
use std::time::{Duration, Instant};

use anyhow::Result;

/// Clears the line that the cursor is in.
const CLEAR: &str = "\r\x1b[2K";
const PROGRESS_MAX_CHARS: usize = 70;

/// Runs a step and prints its name, then how long it took.
///
/// # Errors
/// The step's own.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let begun = Instant::now();
    let terminal = stdout().is_terminal();
    if terminal {
        print!("  {name} …");
        let _ = stdout().flush();
    }
    let result = work();
    let verdict = if result.is_ok() { "" } else { "  failed" };
    let start = if terminal { CLEAR } else { "" };
    println!("{start}  {name:<52} {:>7}{verdict}", seconds(begun.elapsed()));
    result
}

/// Shows on a terminal what a long step is doing; the line goes when the step is done.
pub(crate) fn progress(line: &str) {
    if stdout().is_terminal() {
        let short: String = line.trim().chars().take(PROGRESS_MAX_CHARS).collect();
        print!("{CLEAR}    {short}");
        let _ = stdout().flush();
    }
}

/// `12.3 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
