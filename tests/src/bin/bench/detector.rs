//! The detector of traffic drops on simulated months, beside two detectors of the kind in common
//! use, all on the same minutes.
//!
//! Owns the scoring and the two others: a threshold at half of the same minute last week, and a
//! score of three standard deviations over the sixty values before. The simulation ([`town`])
//! shares nothing with the detector.

mod town;

use mainstay_core::traffic::drop::{Detector, Event, Settings};

use crate::Plan;
use crate::report::{Limit, Report};
use crate::stats::Samples;

use town::{DAY_MINUTES, FAILURES, Failure, Town, WEEKS};

/// Requests a minute at noon of a working day.
const RATES: [f64; 3] = [60.0, 1_000.0, 20_000.0];
const WEEK_MINUTES: usize = 7 * DAY_MINUTES;
/// An alarm so soon after a failure's end is still of it: late, not false.
const AFTER_MINUTES: usize = 120;
/// The simple detectors say the same drop again only after so long without it.
const APART_MINUTES: usize = 15;
const SCORE_VALUES: usize = 60;
const YEAR_MINUTES: f64 = 365.25 * DAY_MINUTES as f64;

/// A detector: the minutes in which it raises an alarm.
type Detects = fn(&[f64]) -> Vec<usize>;

const DETECTORS: [(&str, Detects); 3] =
    [("mainstay", ours), ("half of last week", threshold), ("3 sigma of 60", score)];

/// Plays every failure at every rate, and months without one.
pub fn measure(plan: &Plan, report: &mut Report) {
    let runs = plan.rollouts.div_ceil(50) as u64;
    for rate in RATES {
        for failure in FAILURES.iter().map(Some).chain([None]) {
            let towns: Vec<Town> = (0..runs).map(|run| Town::new(rate, failure, run)).collect();
            for (name, detects) in DETECTORS {
                let mut outcome = Outcome::default();
                towns.iter().for_each(|town| outcome.add(town, failure, &detects(&town.minutes)));
                outcome.report(name, failure, rate, report);
            }
        }
    }
}

/// What one detector did, over all runs of a case.
#[derive(Debug, Default)]
struct Outcome {
    failures: usize,
    false_alarms: usize,
    minutes: usize,
    /// Seconds from the begin of each failure that was seen to the end of the minute that told.
    delays: Samples,
}

impl Outcome {
    fn add(&mut self, town: &Town, failure: Option<&Failure>, alarms: &[usize]) {
        let length = failure.map_or(0, |failure| failure.minutes);
        self.failures += town.failures.len();
        self.minutes += WEEKS * WEEK_MINUTES;
        for begin in &town.failures {
            // The last minute may still be told of in the next ones.
            let during = *begin..begin + length + 5;
            if let Some(at) = alarms.iter().find(|at| during.contains(at)) {
                self.delays.push(60.0 * (at - begin + 1) as f64);
            }
        }
        let is_of = |at: usize, begin: usize| (begin..begin + length + AFTER_MINUTES).contains(&at);
        let is_false = |at: &&usize| !town.failures.iter().any(|begin| is_of(**at, *begin));
        self.false_alarms += alarms.iter().filter(is_false).count();
    }

    fn report(&self, name: &str, failure: Option<&Failure>, rate: f64, report: &mut Report) {
        let what = failure.map_or("no failure", |failure| failure.name);
        let case = format!("detector {name}: {what}, {rate}/min at noon");
        let how = format!("{} months by minute, {} failures", self.months(), self.failures);
        if failure.is_some() {
            let missed = self.failures - self.delays.len();
            let share = 100.0 * missed as f64 / self.failures.max(1) as f64;
            report.add(format!("{case}, missed"), Limit::None, share, "%", &how);
        }
        for percent in [50.0, 95.0] {
            if self.delays.len() > 0 {
                let delay = self.delays.percentile(percent);
                report.add(format!("{case}, delay p{percent}"), Limit::None, delay, "s", &how);
            }
        }
        let yearly = self.false_alarms as f64 * YEAR_MINUTES / self.minutes.max(1) as f64;
        report.add(format!("{case}, false alarms"), Limit::None, yearly, "a year", how);
    }

    fn months(&self) -> usize {
        (self.minutes as f64 / (YEAR_MINUTES / 12.0)).round() as usize
    }
}

fn ours(minutes: &[f64]) -> Vec<usize> {
    let mut detector = Detector::new(60.0, Settings::default());
    let raised = |(minute, value): (usize, &f64)| {
        let events = detector.observe(minute as i64 * 60_000, *value);
        let is_raised = |event: &Event| match event {
            Event::Raised(_) => true,
            Event::Resumed { .. } | Event::Ended { .. } | Event::Settled { .. } => false,
        };
        events.iter().flatten().any(is_raised).then_some(minute)
    };
    minutes.iter().enumerate().filter_map(raised).collect()
}

fn threshold(minutes: &[f64]) -> Vec<usize> {
    apart(
        (WEEK_MINUTES..minutes.len()).filter(|at| minutes[*at] < 0.5 * minutes[at - WEEK_MINUTES]),
    )
}

fn score(minutes: &[f64]) -> Vec<usize> {
    apart((SCORE_VALUES..minutes.len()).filter(|at| {
        let before = &minutes[at - SCORE_VALUES..*at];
        let mean = before.iter().sum::<f64>() / SCORE_VALUES as f64;
        let square = before.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        minutes[*at] < mean - 3.0 * (square / (SCORE_VALUES - 1) as f64).sqrt()
    }))
}

/// The first minute of each stretch.
fn apart(minutes: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut last = None;
    let mut is_first = |at: &usize| {
        let first = last.is_none_or(|last| at - last > APART_MINUTES);
        last = Some(*at);
        first
    };
    minutes.filter(|at| is_first(at)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_repeat_and_have_the_failures_of_their_case() {
        let town = Town::new(1_000.0, Some(&FAILURES[0]), 7);
        assert_eq!(town.minutes, Town::new(1_000.0, Some(&FAILURES[0]), 7).minutes);
        assert_eq!(town.minutes.len(), WEEKS * WEEK_MINUTES);
        for begin in &town.failures {
            let during: f64 = town.minutes[*begin..begin + 60].iter().sum();
            let before: f64 = town.minutes[begin - 60..*begin].iter().sum();
            assert!(during < 0.1 * before, "{begin}: {during} {before}");
        }
        assert!(Town::new(60.0, None, 7).failures.is_empty());
    }

    #[test]
    fn scores_are_of_what_was_told() {
        let town = Town { minutes: Vec::new(), failures: vec![20_000] };
        let mut outcome = Outcome::default();
        outcome.add(&town, Some(&FAILURES[0]), &[5, 20_002, 20_030, 20_150]);
        assert_eq!((outcome.false_alarms, outcome.failures), (1, 1));
        assert_eq!(outcome.delays.percentile(50.0), 180.0);
        assert_eq!(apart([3, 4, 10, 40].into_iter()), [3, 40]);
    }
}
