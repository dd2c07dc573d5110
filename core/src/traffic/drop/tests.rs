//! Series with drops, gaps and shapes: what is told, when, and what never is.

use super::*;

const DAY: i64 = 86_400;

/// Numbers between 0 and 1 that look like chance and are the same each time.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) as f64 / (1_u64 << 31) as f64
    }

    /// About normal, with a variance of one.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

/// `rate` says what comes at a second; noise of 5 % and that of a count are added.
fn series(interval: i64, values: i64, rate: impl Fn(i64) -> f64) -> Series {
    let mut chance = Chance(7);
    let row = |at: i64| {
        let mean = rate(at * interval);
        let noise = (mean + (0.05 * mean).powi(2)).sqrt() * chance.normal();
        (at * interval * 1_000, (mean + noise).round().max(0.0))
    };
    Series { form: Form::Seconds, rows: (0..values).map(row).collect(), notices: Vec::new() }
}

/// Users of a day, from 300 to 1,700; half as many at weekends.
fn town(second: i64) -> f64 {
    let phase = (second % DAY) as f64 / DAY as f64 * std::f64::consts::TAU;
    // It changes in six hours from nine on Friday and on Sunday evening.
    let week = (second + 3 * 3_600) % (7 * DAY);
    let since = |day: i64| ((week - day * DAY) as f64 / 21_600.0).clamp(0.0, 1.0);
    let weekend = 1.0 - 0.5 * since(5) + if week < DAY { 0.5 * (since(0) - 1.0) } else { 0.0 };
    weekend * (1_000.0 - 700.0 * phase.cos())
}

fn run(series: &Series) -> Vec<Raised> {
    replay(series, Settings::default()).alarms
}

fn seconds(stamp: &Stamp) -> i64 {
    match stamp {
        Stamp::Whole(second) => *second,
        Stamp::Number(_) | Stamp::Text(_) => panic!("whole seconds went in: {stamp:?}"),
    }
}

#[test]
fn a_drop_is_one_alarm_at_every_interval() {
    for interval in [1, 10, 60, 300, 1_800, 3_600] {
        for (left, kind) in [(0.0, Kind::Collapse), (0.02, Kind::Collapse), (0.5, Kind::Step)] {
            let (from, to) = (600 * interval, 660 * interval);
            let drop = |at: i64| if (from..to).contains(&at) { 900.0 * left } else { 900.0 };
            let alarms = run(&series(interval, 900, drop));
            assert_eq!(alarms.len(), 1, "{interval} {left}: {alarms:?}");
            let alarm = &alarms[0];
            assert_eq!(alarm.kind, kind, "{interval} {left}");
            assert!((alarm.size - (1.0 - left)).abs() < 0.1, "{alarm:?}");
            let blocks = if interval < 5 { 15 } else { 4 * interval };
            let delay = seconds(&alarm.at) - from;
            assert!((0..=blocks).contains(&delay), "{interval} {left}: {delay}");
            assert!((seconds(&alarm.began) - from).abs() <= 2 * interval.max(5), "{alarm:?}");
            let ended = alarm.ended.as_ref().map(seconds);
            let is_back = ended.is_some_and(|at| at >= to && at <= to + 20 * interval.max(5));
            assert!(is_back, "{interval} {left}: {alarm:?}");
            assert!((0.8..=1.0).contains(&alarm.confidence), "{alarm:?}");
        }
    }
}

#[test]
fn a_total_loss_is_told_in_half_a_minute_once_ten_were_seen() {
    for seen in (600..3_600).step_by(97) {
        let alarms = run(&series(1, seen + 60, |at| if at < seen { 50.0 } else { 0.0 }));
        assert_eq!(alarms.len(), 1, "{seen}: {alarms:?}");
        assert_eq!(alarms[0].kind, Kind::Collapse, "{alarms:?}");
        let delay = seconds(&alarms[0].at) - seen;
        assert!((0..=30).contains(&delay), "{seen}: {alarms:?}");
    }
}

#[test]
fn a_collapse_is_told_in_the_first_week_too_and_the_weekend_is_not() {
    for hour in [3, 20, 40, 60, 100, 124, 130, 140, 164] {
        let from = hour * 3_600;
        let falls =
            |at: i64| town(at) * if (from..from + 3_600).contains(&at) { 0.02 } else { 1.0 };
        let alarms = run(&series(60, 10 * 1_440, falls));
        assert_eq!(alarms.len(), 1, "{hour}: {alarms:?}");
        assert_eq!(alarms[0].kind, Kind::Collapse, "{alarms:?}");
        let delay = seconds(&alarms[0].at) - from;
        assert!((0..=300).contains(&delay), "{hour}: {alarms:?}");
    }
}

#[test]
fn what_is_no_drop_is_no_alarm() {
    let noise = |mean: f64| move |_: i64| mean;
    let cases: [(&str, Series); 8] = [
        ("noise", series(60, 20_000, noise(500.0))),
        ("few", series(60, 20_000, noise(2.0))),
        ("hardly any", series(60, 20_000, noise(0.05))),
        ("nothing", series(60, 5_000, noise(0.0))),
        ("growth", series(300, 8_000, |at| 500.0 + at as f64 / 2_000.0)),
        ("a lasting rise", series(300, 8_000, |at| if at < 900_000 { 500.0 } else { 900.0 })),
        (
            "a burst",
            series(60, 8_000, |at| if (300_000..303_600).contains(&at) { 2e3 } else { 5e2 }),
        ),
        ("days and weekends", series(300, 8_000, town)),
    ];
    for (name, series) in cases {
        assert_eq!(run(&series), [], "{name}");
    }
    let rows = (0..5_000).map(|at| (at * 60_000, 7.25)).collect();
    assert_eq!(run(&Series { form: Form::Seconds, rows, notices: Vec::new() }), [], "constant");
}

#[test]
fn a_weekend_that_falls_at_midnight_surprises_once() {
    let abrupt = |at: i64| if (at / DAY) % 7 >= 5 { 500.0 } else { 1_000.0 } + town(at % DAY);
    let alarms = run(&series(300, 30 * 288, abrupt));
    assert!(alarms.iter().all(|alarm| seconds(&alarm.at) < 7 * DAY), "{alarms:?}");
}

#[test]
fn a_promotion_is_no_drop_when_it_ends() {
    let promoted = |at: i64| {
        let hour = (at - 24 * DAY) / 3_600;
        if at >= 24 * DAY && (9..13).contains(&hour) { 2.0 * town(at) } else { town(at) }
    };
    assert_eq!(run(&series(60, 27 * 1_440, promoted)), []);
}

#[test]
fn a_slide_is_found_against_the_shape() {
    let from = 23 * DAY + 8 * 3_600;
    let slide = |at: i64| {
        let share = ((at - from) as f64 / 14_400.0).clamp(0.0, 1.0);
        let lasts = at < from + 28_800;
        town(at) * if at >= from && lasts { 1.0 - 0.6 * share } else { 1.0 }
    };
    let alarms = run(&series(60, 26 * 1_440, slide));
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert_eq!(alarms[0].kind, Kind::Slide);
    assert!((from..from + 14_400).contains(&seconds(&alarms[0].at)), "{alarms:?}");
}

#[test]
fn a_day_that_stays_low_is_found_though_it_never_fell() {
    let square = |at: i64| {
        let day = (9..18).contains(&(at % DAY / 3_600));
        let low = at / DAY == 10;
        if day { if low { 400.0 } else { 800.0 } } else { 200.0 }
    };
    let alarms = run(&series(300, 12 * 288, square));
    let begin = 10 * DAY + 9 * 3_600;
    let found = alarms.iter().any(|alarm| (begin..begin + 7_200).contains(&seconds(&alarm.at)));
    assert!(found, "{alarms:?}");
    let late = alarms.iter().filter(|alarm| seconds(&alarm.at) > 3 * DAY).count();
    assert_eq!(late, 1, "{alarms:?}");
}

#[test]
fn a_lasting_drop_settles_and_the_next_is_seen_from_there() {
    let level = |at: i64| match at / DAY {
        ..4 => 1_000.0,
        4..9 => 500.0,
        _ => 200.0,
    };
    let alarms = run(&series(300, 13 * 288, level));
    let days: Vec<i64> = alarms.iter().map(|alarm| seconds(&alarm.at) / DAY).collect();
    assert_eq!(days, [4, 9], "{alarms:?}");
    assert!(alarms.iter().all(|alarm| alarm.settled.is_some() && alarm.ended.is_none()));
    assert!((alarms[1].size - 0.6).abs() < 0.1, "{alarms:?}");
}

#[test]
fn flapping_is_one_drop() {
    let flaps = |at: i64| {
        let off = (60_000..63_600).contains(&at) && at % 360 < 180;
        if off { 0.0 } else { 1_000.0 }
    };
    let alarms = run(&series(60, 2_000, flaps));
    assert_eq!(alarms.len(), 1, "{alarms:?}");
}

#[test]
fn no_data_is_never_a_drop() {
    for (interval, values) in [(1, 3_000), (60, 4_000), (300, 3_000)] {
        let whole = series(interval, values, town);
        let before = run(&whole).len();
        for from in (0..values as usize).step_by(211) {
            for length in [1, 2, 3, 5, 20, 100, 700] {
                let to = (from + length).min(whole.rows.len());
                let rows = [&whole.rows[..from], &whole.rows[to..]].concat();
                let cut = Series { rows, ..whole.clone() };
                let replay = replay(&cut, Settings::default());
                let told = replay.alarms.len();
                assert!(told <= before, "{interval}: {from} to {to}: {:?}", replay.alarms);
                let inside = from > 40 && to < whole.rows.len();
                assert!(!inside || length < 20 || !replay.gaps.is_empty());
            }
        }
    }
    let mut detector = Detector::new(60.0, Settings::default());
    (0..100).for_each(|at| {
        detector.observe(at * 60_000, 500.0);
    });
    assert_eq!(detector.state(99 * 60_000 + 90_000), State::Normal);
    let since_ms = 99 * 60_000;
    assert_eq!(detector.state(since_ms + 300_000), State::NoData { since_ms });
    assert_eq!(Detector::new(1.0, Settings::default()).state(0), State::Learning);
}

#[test]
fn the_same_values_give_the_same_alarms_whoever_goes_on() {
    let falls = |at: i64| town(at) * if (at / 3_600) % 50 == 40 { 0.3 } else { 1.0 };
    let whole = series(300, 5_000, falls);
    let alarms = run(&whole);
    assert!(alarms.len() >= 3, "{alarms:?}");
    assert_eq!(alarms, run(&whole));
    // A new leader reads what the old one wrote, every hundred values.
    let mut detector = Detector::new(300.0, Settings::default());
    let mut raised = Vec::new();
    for (at, (at_ms, value)) in whole.rows.iter().enumerate() {
        if at % 100 == 50 {
            let json = serde_json::to_string(&detector).expect("all numbers are finite");
            assert!(json.len() < 400_000, "{}", json.len());
            detector = serde_json::from_str(&json).expect("as it was written");
        }
        for event in detector.observe(*at_ms, *value).into_iter().flatten() {
            if let Event::Raised(alarm) = event {
                raised.push((alarm.at_ms, alarm.kind));
            }
        }
    }
    let at = |alarm: &Raised| (1_000 * seconds(&alarm.at), alarm.kind);
    assert_eq!(raised, alarms.iter().map(at).collect::<Vec<_>>());
}

#[test]
fn an_alarm_knows_nothing_of_what_comes() {
    let falls = |at: i64| town(at) * if (at / 3_600) % 50 == 40 { 0.3 } else { 1.0 };
    let whole = series(300, 4_000, falls);
    let told = |alarm: &Raised| (alarm.at.clone(), alarm.size, alarm.confidence, alarm.kind);
    let alarms: Vec<_> = run(&whole).iter().map(told).collect();
    for length in (31..4_000).step_by(173) {
        let cut = Series { rows: whole.rows[..length].to_vec(), ..whole.clone() };
        let cut: Vec<_> = run(&cut).iter().map(told).collect();
        assert_eq!(cut, alarms[..cut.len()], "{length}");
        let end = Stamp::Whole(whole.rows[length - 1].0 / 1_000);
        assert!(alarms.get(cut.len()).is_none_or(|next| seconds(&next.0) > seconds(&end)));
    }
}

#[test]
fn what_is_no_traffic_is_passed_over() {
    let mut detector = Detector::new(60.0, Settings::default());
    (0..100).for_each(|at| {
        detector.observe(at * 60_000, 500.0);
    });
    let before = detector.clone();
    for (at_ms, value) in [(6e6 as i64, -1.0), (6e6 as i64, f64::NAN), (0, 5.0), (5_940_000, 0.0)] {
        assert_eq!(detector.observe(at_ms, value), [None, None]);
    }
    assert_eq!(detector, before);
}

#[test]
fn settings_have_bounds() {
    assert_eq!(Settings::default().validate(), Ok(()));
    let wrong = Settings { size_min: f64::NAN, ..Settings::default() }.validate();
    assert!(wrong.expect_err("no number").to_string().contains("; write a number from 0.05 to"));
    assert!(Settings { sensitivity: 0.1, ..Settings::default() }.validate().is_err());
}
