//! The detector over a recorded series.
//!
//! Owns the interval and gaps of a series and the shape of the answer. Invariant: an alarm depends
//! on nothing later than its `at`; a series that is cut short has the same alarms up to its end.

use serde::{Deserialize, Serialize};

use super::scale::median;
use super::stamp::{Form, Stamp};
use super::{Detector, Event, Kind, Settings};

/// Differences that the interval is the median of; no alarm comes before so many values.
const DIFFERENCES: usize = 30;
/// Most gaps that are told.
pub const GAPS_MAX: usize = 1_000;

/// A recorded series: rising moments, each once, in milliseconds, with a value from zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub form: Form,
    pub rows: Vec<(i64, f64)>,
    /// What was put right when it was read, in sentences.
    pub notices: Vec<String>,
}

/// What the detector says of a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    pub alarms: Vec<Raised>,
    pub from: Option<Stamp>,
    pub to: Option<Stamp>,
    /// Moments with a value.
    pub rows: usize,
    /// The usual time between two values; `None`: there are too few.
    pub interval_seconds: Option<f64>,
    /// Stretches without data, none of them an alarm; at most [`GAPS_MAX`].
    pub gaps: Vec<Gap>,
    /// Whether a daily or weekly shape was found and used at the end.
    pub seasonal: bool,
    pub notices: Vec<String>,
}

/// An alarm of a replay; see [`super::Alarm`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Raised {
    pub at: Stamp,
    pub size: f64,
    pub confidence: f64,
    pub kind: Kind,
    pub began: Stamp,
    pub expected: f64,
    pub observed: f64,
    /// When traffic was back; `None`: not before the end, or it settled.
    pub ended: Option<Stamp>,
    /// When the lower level was taken as the usual one.
    pub settled: Option<Stamp>,
}

/// A stretch without data: the moments of the values before and after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    pub kind: GapKind,
    pub from: Stamp,
    pub to: Stamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    NoData,
}

/// Runs the detector over a series, value by value.
pub fn replay(series: &Series, settings: Settings) -> Replay {
    let form = series.form;
    let stamp = |ms: i64| form.stamp(ms);
    let interval_seconds = interval_seconds(&series.rows);
    let mut replay = Replay {
        alarms: Vec::new(),
        from: series.rows.first().map(|row| stamp(row.0)),
        to: series.rows.last().map(|row| stamp(row.0)),
        rows: series.rows.len(),
        interval_seconds,
        gaps: Vec::new(),
        seasonal: false,
        notices: series.notices.clone(),
    };
    let Some(interval_seconds) = interval_seconds else { return replay };
    let mut detector = Detector::new(interval_seconds, settings);
    let mut before = None;
    for (at_ms, value) in &series.rows {
        let is_gap = before.is_some_and(|before| detector.is_gap(*at_ms - before));
        if let Some(from) = before.filter(|_| is_gap && replay.gaps.len() < GAPS_MAX) {
            let (from, to) = (stamp(from), stamp(*at_ms));
            replay.gaps.push(Gap { kind: GapKind::NoData, from, to });
        }
        before = Some(*at_ms);
        for event in detector.observe(*at_ms, *value).into_iter().flatten() {
            note(&mut replay.alarms, event, form);
        }
    }
    replay.seasonal = detector.is_seasonal();
    replay
}

fn note(alarms: &mut Vec<Raised>, event: Event, form: Form) {
    let stamp = |ms: i64| form.stamp(ms);
    match (event, alarms.last_mut()) {
        (Event::Raised(alarm), _) => alarms.push(Raised {
            at: stamp(alarm.at_ms),
            size: alarm.size,
            confidence: alarm.confidence,
            kind: alarm.kind,
            began: stamp(alarm.began_ms),
            expected: alarm.expected,
            observed: alarm.observed,
            ended: None,
            settled: None,
        }),
        (Event::Resumed { .. }, Some(last)) => last.ended = None,
        (Event::Ended { at_ms }, Some(last)) => last.ended = Some(stamp(at_ms)),
        (Event::Settled { at_ms }, Some(last)) => last.settled = Some(stamp(at_ms)),
        (Event::Resumed { .. } | Event::Ended { .. } | Event::Settled { .. }, None) => {}
    }
}

/// The median of the first differences: what came later must not change what an alarm is.
fn interval_seconds(rows: &[(i64, f64)]) -> Option<f64> {
    let pairs = rows.windows(2).take(DIFFERENCES);
    let differences: Vec<f64> = pairs.map(|pair| (pair[1].0 - pair[0].0) as f64 / 1e3).collect();
    (!differences.is_empty()).then(|| median(&differences)).filter(|median| *median > 0.0)
}
