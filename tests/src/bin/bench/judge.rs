//! The judge of rollouts on simulated traffic, beside two judges of the kind in common use, all on
//! the same traces.
//!
//! Owns the simulation of one watch with all of the alpha, which shares nothing with the judge but
//! the ladder of buckets; whole rollouts ([`rollouts`]), whose watches share it; and the two other
//! judges: a threshold judge (a check a minute, three failed ones abort) and a Mann-Whitney judge
//! (each minute, all points of ten seconds so far, at 99 %). Both are given the usual values of
//! stable, which nobody knows as exactly in life.
//!
//! Invariant: a run depends on its number alone, so that every bench measures the same traffic.

mod rollouts;

use mainstay_core::judge::{Judgement, Latencies, Second, Settings, Trace, Verdict, judge};
use mainstay_core::traffic::{BUCKETS, LATENCY_BOUNDS_MS};
use rand::rngs::StdRng;
use rand::{RngCore as _, SeedableRng as _};

use crate::Plan;
use crate::report::{Limit, Report};
use crate::stats::Samples;

/// Requests a second of both versions together.
const RATES: [u32; 3] = [10, 100, 1_000];
/// How long a step is watched.
const WATCH_SECONDS: i64 = 600;
/// Canary's share of the requests.
const SHARE: f64 = 0.1;
/// Stable's share of errors.
const ERRORS: f64 = 0.001;
/// The judged quantile.
const QUANTILE: f64 = 0.95;
/// How often the two other judges look.
const CHECK_SECONDS: i64 = 60;
/// Failed checks at which the threshold judge aborts.
const FAILED_CHECKS: usize = 3;
/// What a point of the Mann-Whitney judge spans.
const POINT_SECONDS: i64 = 10;
/// The normal quantile at which it aborts: one-sided, 99 %.
const MANN_WHITNEY_Z: f64 = 2.326;
/// Latencies that are told apart when one is drawn.
const DRAWS: usize = 1 << 16;

/// What canary does.
#[derive(Clone, Copy, Debug)]
struct Case {
    name: &'static str,
    errors: f64,
    slower: f64,
}

impl Case {
    /// Whether canary is no worse than stable.
    fn is_good(&self) -> bool {
        self.errors == ERRORS && self.slower == 1.0
    }
}

const CASES: [Case; 6] = [
    Case { name: "no difference", errors: ERRORS, slower: 1.0 },
    Case { name: "errors 0.1 % to 0.2 %", errors: 0.002, slower: 1.0 },
    Case { name: "errors 0.1 % to 0.5 %", errors: 0.005, slower: 1.0 },
    Case { name: "errors 0.1 % to 5 %", errors: 0.05, slower: 1.0 },
    Case { name: "p95 +10 %", errors: ERRORS, slower: 1.1 },
    Case { name: "p95 +50 %", errors: ERRORS, slower: 1.5 },
];

/// Plays every case at every rate and judges each run three times.
pub fn measure(plan: &Plan, report: &mut Report) {
    let settings = Settings::default();
    for case in CASES {
        for rate in RATES {
            let mut outcomes = Outcomes::default();
            for run in 0..plan.rollouts {
                let watch = Watch { rate, share: SHARE, seconds: WATCH_SECONDS };
                let traces = play(&case, &watch, run as u64);
                outcomes.add(&traces, &settings);
            }
            outcomes.report(&case, rate, report);
        }
    }
    rollouts::measure(plan.rollouts, report);
}

/// What comes while a step is watched.
#[derive(Clone, Copy, Debug)]
struct Watch {
    /// Requests a second of both versions together.
    rate: u32,
    /// Canary's share of them.
    share: f64,
    seconds: i64,
}

/// Stable's and canary's traces of a step.
fn play(case: &Case, watch: &Watch, seed: u64) -> [Trace; 2] {
    let mut random = StdRng::seed_from_u64(seed);
    let ladders = [1.0, case.slower].map(ladder);
    // Of one draw of 64 bits, 16 choose the latency, 16 the version and 32 whether it fails.
    let canary_below = (watch.share * f64::from(1 << 16)) as u64;
    let fails_below = [ERRORS, case.errors].map(|share| (share * f64::from(u32::MAX)) as u64);
    let mut traces =
        [(); 2].map(|()| Trace { bounds_ms: LATENCY_BOUNDS_MS.to_vec(), ..Trace::default() });
    for at in 0..watch.seconds {
        let mut sides = [(); 2].map(|()| Second { buckets: vec![0; BUCKETS], ..Second::default() });
        for _ in 0..watch.rate {
            let draw = random.next_u64();
            let version = usize::from((draw >> 16) & 0xffff < canary_below);
            let side = &mut sides[version];
            side.requests += 1;
            side.errors += u64::from(draw >> 32 < fails_below[version]);
            side.buckets[usize::from(ladders[version][(draw & 0xffff) as usize])] += 1;
        }
        for (trace, side) in traces.iter_mut().zip(sides) {
            trace.seconds.insert(at, side);
        }
    }
    traces
}

/// The bucket of each latency that can be drawn: log-logistic around 40 ms, p95 at 84 ms.
fn ladder(slower: f64) -> Vec<u8> {
    let bucket = |draw: usize| {
        let u = (draw as f64 + 0.5) / DRAWS as f64;
        let ms = 40.0 * slower * (u / (1.0 - u)).powf(0.25);
        LATENCY_BOUNDS_MS.partition_point(|bound| *bound < ms) as u8
    };
    (0..DRAWS).map(bucket).collect()
}

/// Of one judge, over all runs.
#[derive(Debug, Default)]
struct Outcome {
    runs: usize,
    passes: usize,
    /// Seconds until each abort.
    aborts: Samples,
}

impl Outcome {
    fn add(&mut self, aborted_after: Option<i64>) {
        self.runs += 1;
        if let Some(seconds) = aborted_after {
            self.aborts.push(seconds as f64);
        }
    }

    fn aborted(&self) -> f64 {
        100.0 * self.aborts.len() as f64 / self.runs as f64
    }

    fn in_words(&self) -> String {
        if self.aborts.len() == 0 {
            return "never".to_owned();
        }
        format!("{:.0} s", self.aborts.percentile(50.0))
    }
}

#[derive(Debug, Default)]
struct Outcomes {
    ours: Outcome,
    threshold: Outcome,
    mann_whitney: Outcome,
}

impl Outcomes {
    fn add(&mut self, [stable, canary]: &[Trace; 2], settings: &Settings) {
        let Judgement { verdict, at_second, .. } = judge(stable, canary, settings);
        let failed = at_second.filter(|_| verdict == Verdict::Fail);
        self.ours.add(failed.map(|second| second + 1));
        self.ours.passes += usize::from(verdict == Verdict::Pass);
        self.threshold.add(threshold(canary, settings));
        self.mann_whitney.add(mann_whitney(stable, canary));
    }

    fn report(&self, case: &Case, rate: u32, report: &mut Report) {
        let Self { ours, threshold, mann_whitney } = self;
        let promoted = 100.0 * ours.passes as f64 / ours.runs as f64;
        let beside = |of: fn(&Outcome) -> f64| {
            format!(
                "{} runs, promoted {promoted:.1} %; threshold judge {:.1} %, Mann-Whitney {:.1} %",
                ours.runs,
                of(threshold),
                of(mann_whitney)
            )
        };
        let name = format!("judge, {} at {rate}/s", case.name);
        if case.is_good() {
            let (limit, how) = (Limit::AtMost(1.0), beside(Outcome::aborted));
            report.add(format!("{name}: false aborts"), limit, ours.aborted(), "%", how);
            return;
        }
        let missed = |outcome: &Outcome| 100.0 - outcome.aborted();
        let how = beside(missed);
        report.add(format!("{name}: missed"), Limit::None, missed(ours), "%", how);
        if ours.aborts.len() > 0 {
            let how = format!(
                "median of those found, p95 {:.0} s; threshold judge {}, Mann-Whitney {}",
                ours.aborts.percentile(95.0),
                threshold.in_words(),
                mann_whitney.in_words()
            );
            let value = ours.aborts.percentile(50.0);
            report.add(format!("{name}: found after"), Limit::None, value, "s", how);
        }
    }
}

/// What a window of a trace shows: its share of errors and its quantile in milliseconds.
fn window(trace: &Trace, from: i64, seconds: i64) -> Option<[f64; 2]> {
    let (mut requests, mut errors, mut counts) = (0, 0, vec![0; BUCKETS]);
    for second in trace.seconds.range(from..from + seconds).map(|(_, second)| second) {
        requests += second.requests;
        errors += second.errors;
        for (sum, count) in counts.iter_mut().zip(&second.buckets) {
            *sum += count;
        }
    }
    let latencies = Latencies { bounds_ms: trace.bounds_ms.clone(), counts };
    Some([errors as f64 / requests as f64, latencies.quantile(QUANTILE)?])
}

/// After how many seconds the threshold judge aborts: stable's usual values and what is tolerated
/// above them are its thresholds.
fn threshold(canary: &Trace, settings: &Settings) -> Option<i64> {
    let usual_ms = 40.0 * (QUANTILE / (1.0 - QUANTILE)).powf(0.25);
    let most = [ERRORS + settings.error_tolerance, usual_ms * (1.0 + settings.latency_tolerance)];
    let checks = (0..WATCH_SECONDS / CHECK_SECONDS).map(|check| check * CHECK_SECONDS);
    let failed = checks.filter(|from| {
        window(canary, *from, CHECK_SECONDS)
            .is_some_and(|seen| seen.iter().zip(most).any(|(value, most)| *value > most))
    });
    failed.map(|from| from + CHECK_SECONDS).nth(FAILED_CHECKS - 1)
}

/// After how many seconds the Mann-Whitney judge aborts.
fn mann_whitney(stable: &Trace, canary: &Trace) -> Option<i64> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for end in (POINT_SECONDS..=WATCH_SECONDS).step_by(POINT_SECONDS as usize) {
        let at = |trace| window(trace, end - POINT_SECONDS, POINT_SECONDS);
        theirs.extend(at(stable));
        ours.extend(at(canary));
        let looks = end % CHECK_SECONDS == 0;
        if looks && [0, 1].iter().any(|at| rank_score(&ours, &theirs, *at) > MANN_WHITNEY_Z) {
            return Some(end);
        }
    }
    None
}

/// The normal score of the Mann-Whitney U test that `ours` tend to be larger, corrected for ties.
fn rank_score(ours: &[[f64; 2]], theirs: &[[f64; 2]], metric: usize) -> f64 {
    let tagged = |points: &[[f64; 2]], own: bool| {
        points.iter().map(|point| (point[metric], own)).collect::<Vec<_>>()
    };
    let mut all = [tagged(ours, true), tagged(theirs, false)].concat();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (n, m) = (ours.len() as f64, theirs.len() as f64);
    let (mut ranks, mut ties, mut before) = (0.0, 0.0, 0.0);
    for tied in all.chunk_by(|a, b| a.0 == b.0) {
        let size = tied.len() as f64;
        let own = tied.iter().filter(|(_, own)| *own).count() as f64;
        ranks += own * (before + (size + 1.0) / 2.0);
        ties += size.powi(3) - size;
        before += size;
    }
    let total = n + m;
    let variance = n * m / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    let off = ranks - n * (n + 1.0) / 2.0 - n * m / 2.0;
    if variance > 0.0 { off / variance.sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_repeat_and_are_what_their_case_says() {
        let watch = Watch { rate: 100, share: SHARE, seconds: WATCH_SECONDS };
        let [stable, canary] = play(&CASES[3], &watch, 7);
        assert_eq!([stable.clone(), canary.clone()], play(&CASES[3], &watch, 7));
        let seen = window(&canary, 0, WATCH_SECONDS).unwrap();
        assert!((0.04..0.06).contains(&seen[0]), "{seen:?}");
        let usual = window(&stable, 0, WATCH_SECONDS).unwrap();
        assert!(usual[0] < 0.002 && (80.0..88.0).contains(&usual[1]), "{usual:?}");
        assert_eq!(threshold(&canary, &Settings::default()), Some(180));
        assert_eq!(threshold(&stable, &Settings::default()), None);
    }

    #[test]
    fn the_rank_score_is_that_of_the_textbook() {
        let points = |values: &[f64]| values.iter().map(|at| [*at; 2]).collect::<Vec<_>>();
        let (low, high) = (points(&[1.0, 2.0, 3.0]), points(&[4.0, 5.0, 6.0]));
        // U = 9 of 9, mean 4.5, variance 3 * 3 * 7 / 12.
        assert!((rank_score(&high, &low, 0) - 4.5 / 5.25_f64.sqrt()).abs() < 1e-12);
        assert!((rank_score(&low, &high, 1) + 4.5 / 5.25_f64.sqrt()).abs() < 1e-12);
        assert_eq!(rank_score(&points(&[1.0; 4]), &points(&[1.0; 4]), 0), 0.0);
    }
}
