//! Progress for people: one line a step, with its seconds.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use anyhow::Result;

/// Runs a step and prints its name, then how long it took.
///
/// # Errors
/// The step's own.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let begun = Instant::now();
    // On a terminal the name stands there while the work goes on, and the line is completed after.
    let terminal = std::io::stdout().is_terminal();
    if terminal {
        print!("  {name} …");
        let _ = std::io::stdout().flush();
    }
    let result = work();
    let verdict = if result.is_ok() { "" } else { "  failed" };
    let start = if terminal { "\r" } else { "" };
    println!("{start}  {name:<52} {:>7}{verdict}", seconds(begun.elapsed()));
    result
}

/// `12.3 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
