//! Simulated rollouts, with fixed seeds: how often the judge errs, and when it sees what.

use super::*;

/// A small generator of known quality (SplitMix64; Steele, Lea, Flood, 2014).
struct Dice(u64);

impl Dice {
    /// From 0 to below 1.
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// How many of so many do what each does with a probability; skips from one to the next.
    fn count(&mut self, of: u64, probability: f64) -> u64 {
        if probability > 0.5 {
            return of - self.count(of, 1.0 - probability);
        }
        if probability <= 0.0 {
            return 0;
        }
        let (mut at, mut found) = (0.0, 0);
        loop {
            at += ((1.0 - self.roll()).ln() / (1.0 - probability).ln()).floor() + 1.0;
            if at > of as f64 {
                return found;
            }
            found += 1;
        }
    }
}

/// Steps of a tenth from 10 ms on: 24 bounds.
fn bounds_ms() -> Vec<f64> {
    (0..24).map(|step| 10.0 * 1.15_f64.powi(step)).collect()
}

/// One side's requests in a second, and how they fare.
#[derive(Clone, Copy, Debug)]
struct Side {
    requests: u64,
    errors: f64,
    /// How many times as long each takes as on a usual day.
    slower: f64,
    /// How many fail or are slow together.
    together: u64,
}

const USUAL: Side = Side { requests: 0, errors: 0.001, slower: 1.0, together: 1 };

impl Side {
    fn second(self, dice: &mut Dice, bounds_ms: &[f64]) -> Second {
        let batches = |dice: &mut Dice, of: u64, probability: f64| {
            dice.count(of / self.together, probability) * self.together
        };
        let errors = batches(dice, self.requests, self.errors);
        let (mut left, mut share) = (self.requests, 1.0);
        let mut buckets = Vec::new();
        for bound in bounds_ms {
            // Log-logistic with a median of 40 ms: half again as long at p84, a long tail.
            let above = 1.0 / (1.0 + (bound / (40.0 * self.slower)).powi(4));
            let inside = batches(dice, left, 1.0 - above / share);
            buckets.push(inside);
            left -= inside;
            share = above;
        }
        if !bounds_ms.is_empty() {
            buckets.push(left);
        }
        Second { requests: self.requests, errors, buckets }
    }
}

/// Plays a step: `sides` says what stable and canary do in each second.
fn play(seed: u64, seconds: i64, latency: bool, sides: &dyn Fn(i64) -> [Side; 2]) -> [Trace; 2] {
    let mut dice = Dice(seed.wrapping_mul(0xD134_2543_DE82_EF95));
    let bounds_ms = if latency { bounds_ms() } else { Vec::new() };
    let mut traces = [(); 2].map(|()| Trace { bounds_ms: bounds_ms.clone(), ..Trace::default() });
    for at in 0..seconds {
        for (trace, side) in traces.iter_mut().zip(sides(at)) {
            trace.seconds.insert(at, side.second(&mut dice, &bounds_ms));
        }
    }
    traces
}

/// How many of so many steps end how.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    passes: u32,
    fails: u32,
    last_fail: i64,
}

fn tally(
    runs: u32,
    seconds: i64,
    latency: bool,
    settings: &Settings,
    sides: &dyn Fn(i64) -> [Side; 2],
) -> Tally {
    let mut tally = Tally::default();
    for seed in 0..runs {
        let [stable, canary] = play(u64::from(seed) + 1, seconds, latency, sides);
        let judged = judge(&stable, &canary, settings);
        match judged.verdict {
            Verdict::Pass => tally.passes += 1,
            Verdict::Fail => tally.fails += 1,
            Verdict::Undecided | Verdict::NoData | Verdict::NotMeasured => {}
        }
        let fell = judged.at_second.filter(|_| judged.verdict == Verdict::Fail);
        tally.last_fail = tally.last_fail.max(fell.unwrap_or(0));
    }
    tally
}

fn both(stable: u64, canary: u64, errors: f64) -> [Side; 2] {
    [stable, canary].map(|requests| Side { requests, errors, ..USUAL })
}

fn worse(stable: u64, canary: u64, errors: f64, slower: f64) -> [Side; 2] {
    let [stable, canary] = both(stable, canary, USUAL.errors);
    [stable, Side { errors, slower, ..canary }]
}

type Sides = &'static dyn Fn(i64) -> [Side; 2];

/// Steps with no difference between the versions: a name, and what happens in each second.
const ALIKE: [(&str, Sides); 7] = [
    ("few errors", &|_| both(90, 10, 0.002)),
    ("many errors, even shares", &|_| both(50, 50, 0.05)),
    ("nearly all on canary", &|_| both(5, 95, 0.05)),
    ("little traffic", &|_| both(9, 1, 0.05)),
    ("the weight grows", &|at| both(105 - at as u64 / 2, 5 + at as u64 / 2, 0.02)),
    ("errors rise on both", &|at| both(60, 30, 0.000_5 * at as f64)),
    ("weight and errors rise", &|at| {
        both(105 - at as u64 / 2, 5 + at as u64 / 2, 0.000_5 * at as f64)
    }),
];

#[test]
fn looking_at_every_second_aborts_no_more_good_canaries_than_agreed() {
    // A floor of nothing and a generous alpha try the promise hardest.
    let settings = Settings { alpha: 0.05, error_floor: 0.0, ..Settings::default() };
    for (name, sides) in ALIKE {
        let found = tally(400, 180, false, &settings, sides);
        assert!(found.fails <= 20, "{name}: {found:?}");
    }
}

#[test]
fn latencies_that_move_alike_abort_no_more_than_agreed() {
    let settings = Settings { alpha: 0.05, latency_floor: 0.0, ..Settings::default() };
    let cases: [(&str, f64, Sides); 3] = [
        ("p95", 0.95, &|_| both(40, 10, 0.0)),
        ("p50", 0.5, &|_| both(40, 10, 0.0)),
        ("p95, slower and slower", 0.95, &|at| {
            both(40, 10, 0.0).map(|side| Side { slower: 1.0 + at as f64 / 60.0, ..side })
        }),
    ];
    for (name, quantile, sides) in cases {
        let settings = Settings { quantiles: vec![quantile], ..settings.clone() };
        let found = tally(100, 100, true, &settings, sides);
        assert!(found.fails <= 5, "{name}: {found:?}");
    }
}

#[test]
fn bursts_are_not_taken_for_a_worse_version() {
    let sides = |together: u64| move |_| both(300, 30, 0.01).map(|side| Side { together, ..side });
    for together in [5, 10, 30] {
        let found = tally(100, 200, false, &Settings::default(), &sides(together));
        assert!(found.fails <= 2, "{together}: {found:?}");
    }
    let [mut stable, mut canary] = play(1, 300, false, &|_| both(90, 10, 0.0));
    for (second, errors) in [(100, 10), (200, 10)] {
        canary.seconds.get_mut(&second).expect("it was played").errors = errors;
    }
    let two = judge(&stable, &canary, &Settings::default());
    assert_ne!(two.verdict, Verdict::Fail, "two bad seconds are not enough: {two:?}");
    canary.seconds.get_mut(&201).expect("it was played").errors = 10;
    let three = judge(&stable, &canary, &Settings::default());
    assert_eq!((three.verdict, three.at_second), (Verdict::Fail, Some(201)), "{three:?}");
    stable.seconds.retain(|second, _| *second < 201);
    assert_ne!(judge(&stable, &canary, &Settings::default()).verdict, Verdict::Fail);
}

#[test]
fn regressions_are_found_in_time() {
    for (name, latency, latest, sides) in [
        ("0.1 % to 5 % at 1,000/s", false, 6, worse(800, 200, 0.05, 1.0)),
        ("0.1 % to 5 % at 100/s", false, 30, worse(80, 20, 0.05, 1.0)),
        ("0.1 % to 0.5 % at 1,000/s", false, 90, worse(800, 200, 0.005, 1.0)),
        ("0.1 % to 0.5 % at 100/s", false, 599, worse(80, 20, 0.005, 1.0)),
        ("p95 half again as long at 100/s", true, 40, worse(80, 20, 0.001, 1.5)),
        ("p95 half again as long at 10/s", true, 300, worse(8, 2, 0.001, 1.5)),
    ] {
        let found = tally(20, 600.min(2 * latest), latency, &Settings::default(), &move |_| sides);
        assert!(found.fails >= 19 && found.last_fail <= latest, "{name}: {found:?}");
    }
}

#[test]
fn a_good_canary_passes_with_enough_requests_and_not_before() {
    let settings = Settings::default();
    let pass = |seconds, latency, sides: [Side; 2]| {
        let found = tally(10, seconds, latency, &settings, &move |_| sides);
        (found.passes, found.fails)
    };
    assert_eq!(pass(300, false, both(90, 10, 0.0)), (10, 0), "no errors at all");
    assert_eq!(pass(60, false, both(90, 10, 0.0)), (0, 0), "600 requests say little");
    assert_eq!(pass(300, false, both(900, 100, 0.001)), (10, 0));
    assert_eq!(pass(300, true, both(90, 10, 0.0)), (10, 0));
    assert_eq!(pass(20, true, both(90, 10, 0.0)), (0, 0));
    assert_eq!(pass(300, false, worse(90, 10, 0.01, 1.0)).0, 0, "worse than tolerated");
}

#[test]
fn too_little_is_no_data_but_a_catastrophe_still_fails() {
    let settings = Settings::default();
    let verdict = |stable, canary, errors| {
        let [stable, canary] = play(3, 30, false, &|_| {
            let [quiet, loud] = both(stable, canary, 0.0);
            [quiet, Side { errors, ..loud }]
        });
        judge(&stable, &canary, &settings).verdict
    };
    for (stable, canary, errors, expected) in [
        (0, 0, 0.0, Verdict::NoData),
        (90, 0, 0.0, Verdict::NoData),
        (0, 90, 0.0, Verdict::NoData),
        (0, 90, 1.0, Verdict::NoData),
        (90, 3, 0.0, Verdict::NoData),
        (90, 4, 0.0, Verdict::Undecided),
        (90, 3, 1.0, Verdict::Fail),
    ] {
        assert_eq!(verdict(stable, canary, errors), expected, "{stable} {canary} {errors}");
    }
    // Five seconds show what is slow: until then errors alone are compared.
    let [stable, canary] = play(3, 30, true, &|_| both(20, 2, 0.0));
    let judged = judge(&stable, &canary, &settings);
    let compared = judged.metrics.iter().map(|metric| metric.compared_requests);
    assert_eq!(compared.collect::<Vec<_>>(), [Some(60), Some(50)]);
    let none = judge(&Trace::default(), &Trace::default(), &settings);
    assert_eq!((none.verdict, none.at_second, none.seconds), (Verdict::NoData, None, 0));
}

#[test]
fn seconds_of_one_side_only_tell_nothing() {
    let settings = Settings::default();
    let [mut stable, mut canary] = play(5, 300, true, &|_| worse(80, 20, 0.01, 1.0));
    let keep = |second: &i64, _: &mut Second| !(100..150).contains(second);
    let (mut short, mut both_short) = (stable.clone(), canary.clone());
    short.seconds.retain(keep);
    both_short.seconds.retain(keep);
    let without = judge(&short, &both_short, &settings);
    assert_eq!(judge(&short, &canary, &settings), without);
    assert_eq!(judge(&stable, &both_short, &settings), without);
    assert_eq!(without.seconds, 250);
    // Unlike buckets cannot be compared; errors still can.
    stable.bounds_ms[3] += 0.5;
    let judged = judge(&stable, &canary, &settings);
    assert_eq!(judged.metrics[1].verdict, Verdict::NotMeasured);
    canary.bounds_ms.clear();
    let verdicts = judge(&stable, &canary, &settings).metrics;
    assert_eq!(verdicts[1].verdict, Verdict::NotMeasured);
    assert_ne!(verdicts[0].verdict, Verdict::NotMeasured);
}

#[test]
fn a_fail_stays_whatever_comes_later() {
    let settings = Settings::default();
    let [stable, canary] =
        play(9, 400, false, &|at| worse(80, 20, if at < 60 { 0.05 } else { 0.0 }, 1.0));
    let whole = judge(&stable, &canary, &settings);
    let at = whole.at_second.expect("it failed");
    assert!(whole.verdict == Verdict::Fail && at < 60, "{whole:?}");
    let until = |end: i64| {
        let cut = |trace: &Trace| Trace {
            bounds_ms: trace.bounds_ms.clone(),
            seconds: trace.seconds.range(..end).map(|(at, second)| (*at, second.clone())).collect(),
        };
        judge(&cut(&stable), &cut(&canary), &settings)
    };
    assert_ne!(until(at).verdict, Verdict::Fail);
    assert_eq!(until(at + 1).metrics, whole.metrics);
}

#[test]
fn what_is_said_to_be_detectable_is_detected_four_times_in_five() {
    let settings = Settings::default();
    let bounds_ms = bounds_ms();
    let usual = Side { requests: 100_000, ..USUAL };
    let counts = usual.second(&mut Dice(1), &bounds_ms).buckets;
    let latencies = Latencies { bounds_ms, counts };
    for (stable, canary, error_rate, watch_seconds) in
        [(90, 10, 0.001, 300), (50, 50, 0.01, 120), (8, 2, 0.001, 300), (40, 10, 0.02, 60)]
    {
        let mut expected = Expected {
            stable_per_second: stable as f64,
            canary_per_second: canary as f64,
            error_rate,
            latencies: None,
            watch_seconds,
        };
        let [good, bad] = both(stable, canary, error_rate);
        let power = |latency: bool, bad: Side| {
            let runs = if latency { 60 } else { 150 };
            let sides = move |_| [good, bad];
            let found = tally(runs, i64::from(watch_seconds), latency, &settings, &sides);
            f64::from(found.fails) / f64::from(runs)
        };
        let errors = detectable(&settings, &expected).error_rate.expect("enough traffic");
        let found = power(false, Side { errors, ..bad });
        assert!(
            (0.68..=0.92).contains(&found),
            "{stable} {canary} {watch_seconds}: {errors}, power {found}"
        );
        expected.latencies = Some(latencies.clone());
        let growth = detectable(&settings, &expected).latencies[0].growth.expect("in reach");
        let found = power(true, Side { slower: 1.0 + growth, ..bad });
        assert!(
            (0.65..=0.92).contains(&found),
            "{stable} {canary} {watch_seconds}: {growth}, power {found}"
        );
    }
}

#[test]
fn settings_that_mean_nothing_are_refused_with_what_to_write() {
    let usual = Settings::default;
    assert_eq!(usual().validate(), Ok(()));
    for (settings, said) in [
        (Settings { alpha: 0.0, ..usual() }, "alpha is 0; write a number above 0 and below 1"),
        (Settings { alpha: f64::NAN, ..usual() }, "alpha is NaN; write a number"),
        (Settings { beta: 1.0, ..usual() }, "beta is 1; write a number"),
        (Settings { quantiles: vec![95.0], ..usual() }, "a quantile is 95; write a number"),
        (Settings { quantiles: vec![0.5, 0.5], ..usual() }, "2 quantiles are given; write at most"),
        (Settings { latency_tolerance: 0.0, ..usual() }, "latency_tolerance is 0; write a number"),
        (Settings { error_floor: -1.0, ..usual() }, "error_floor is -1; write 0 or more"),
        (Settings { error_floor: 0.01, ..usual() }, "error_floor is 0.01 and not below error_to"),
        (Settings { requests_min: 0, ..usual() }, "requests_min is 0; write 1 or more"),
    ] {
        let error = settings.validate().expect_err(said).to_string();
        assert!(error.starts_with(said), "{error}");
    }
    let read: Settings = serde_json::from_str(r#"{"alpha": 0.02}"#).expect("the rest is usual");
    assert_eq!(read, Settings { alpha: 0.02, ..usual() });
}

#[test]
fn counts_of_the_edges_are_a_trace() {
    let mut counts = Counts::default();
    counts.record(true, 1.1);
    counts.record(false, 20_000.0);
    let trace: Trace = [(7, counts.clone()), (7, counts)].into_iter().collect();
    let second = &trace.seconds[&7];
    assert_eq!((second.requests, second.errors, second.buckets.len()), (4, 2, 61));
    assert_eq!((second.buckets[1], second.buckets[60]), (2, 2));
    assert_eq!(trace.bounds_ms.len(), 60);
}

#[test]
fn the_tolerance_that_is_told_is_the_one_that_counts() {
    let usual = |_| [Side { requests: 300, ..USUAL }; 2];
    for seed in 0..20 {
        let [stable, canary] = play(seed, 120, true, &usual);
        for (chosen, told) in [(0.05, 0.05..0.0501), (9.0, 0.1..0.4)] {
            let settings = Settings { latency_tolerance: chosen, ..Settings::default() };
            let judgement = judge(&stable, &canary, &settings);
            let latency = judgement.metrics.iter().find(|it| it.metric != Metric::Errors);
            let latency = latency.expect("latencies were measured");
            assert!(told.contains(&latency.tolerance), "{latency:?}");
            let within = latency.upper.is_some_and(|upper| upper < latency.tolerance);
            assert_eq!(latency.verdict == Verdict::Pass, within, "{latency:?}");
        }
    }
}
