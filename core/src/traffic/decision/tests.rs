//! Each question with a passing, a refusing and an unknown answer, and what follows from all.

use super::*;
use crate::id::DatacenterId;
use crate::traffic::drop::{Alarm, Kind, State};

const NOW_MS: i64 = 1_767_225_600_000;

fn id(text: &str) -> DatacenterId {
    text.parse().unwrap()
}

fn dropped(size_now: f64, confidence: f64) -> State {
    let alarm = Alarm {
        at_ms: NOW_MS - 20_000,
        began_ms: NOW_MS - 40_000,
        kind: Kind::Collapse,
        size: size_now,
        confidence,
        expected: 100.0,
        observed: 100.0 * (1.0 - size_now),
    };
    State::Dropped { alarm, size_now }
}

fn series(datacenter: &str, state: State) -> Series {
    Series { datacenter: id(datacenter), heard_ms: Some(NOW_MS - 1_000), state }
}

/// A collapse of one of four, with everything in favour of a switch.
fn evidence() -> Evidence {
    Evidence {
        now_ms: NOW_MS,
        group: "checkout".parse().unwrap(),
        datacenter: id("fra1"),
        mode: Mode::Automatic,
        series: vec![
            series("fra1", dropped(0.97, 0.99)),
            series("fra2", State::Normal),
            series("ams1", State::Normal),
            series("ams2", State::Normal),
        ],
        signals: Signals {
            serving_share: Some(0.1),
            agent_silent_seconds: Some(0.0),
            error_share: Some(0.01),
        },
        target: Some(Target {
            datacenter: id("fra2"),
            serving_share: Some(1.0),
            spare_rate: Some(300.0),
            needed_rate: Some(200.0),
            extra_ms: Some(8.0),
        }),
        last_switch: LastSwitch::At { at_ms: NOW_MS - 7_200_000 },
        forbidden_by: Some(Vec::new()),
    }
}

type Change = fn(&mut Evidence);

/// Question by its place, what is changed, its answer then, and the outcome.
const CASES: &[(usize, &str, Change, Answer, Outcome)] = &[
    (0, "heard a second ago", |_| {}, Answer::Yes, Outcome::Switch),
    (
        0,
        "heard two minutes ago",
        |e| e.series[0].heard_ms = Some(NOW_MS - 120_000),
        Answer::No,
        Outcome::Watch,
    ),
    (
        0,
        "the detector has no data",
        |e| e.series[0].state = State::NoData { since_ms: NOW_MS - 9_000 },
        Answer::No,
        Outcome::Watch,
    ),
    (0, "never heard", |e| e.series[0].heard_ms = None, Answer::Unknown, Outcome::Watch),
    (0, "no series", |e| drop(e.series.remove(0)), Answer::Unknown, Outcome::Watch),
    (1, "collapse", |_| {}, Answer::Yes, Outcome::Switch),
    (1, "normal", |e| e.series[0].state = State::Normal, Answer::No, Outcome::Nothing),
    (1, "too small", |e| e.series[0].state = dropped(0.2, 0.99), Answer::No, Outcome::Watch),
    (1, "too unsure", |e| e.series[0].state = dropped(0.9, 0.5), Answer::No, Outcome::Watch),
    (1, "learning", |e| e.series[0].state = State::Learning, Answer::Unknown, Outcome::Watch),
    (
        1,
        "no data is not a drop",
        |e| e.series[0].state = State::NoData { since_ms: NOW_MS },
        Answer::Unknown,
        Outcome::Watch,
    ),
    (2, "three steady", |_| {}, Answer::Yes, Outcome::Switch),
    (
        2,
        "one of three dropped as well",
        |e| e.series[1].state = dropped(0.9, 0.9),
        Answer::Yes,
        Outcome::Switch,
    ),
    (
        2,
        "a drop everywhere",
        |e| e.series.iter_mut().for_each(|series| series.state = dropped(0.9, 0.9)),
        Answer::No,
        Outcome::Watch,
    ),
    (
        2,
        "two of three silent",
        |e| e.series[1..3].iter_mut().for_each(|series| series.heard_ms = None),
        Answer::Unknown,
        Outcome::Watch,
    ),
    (2, "no others", |e| e.series.truncate(1), Answer::Unknown, Outcome::Watch),
    (3, "few serve", |_| {}, Answer::Yes, Outcome::Switch),
    (
        3,
        "the agent is silent",
        |e| {
            e.signals.serving_share = None;
            e.signals.agent_silent_seconds = Some(40.0);
        },
        Answer::Yes,
        Outcome::Switch,
    ),
    (
        3,
        "requests fail",
        |e| {
            e.signals.serving_share = Some(1.0);
            e.signals.error_share = Some(0.4);
        },
        Answer::Yes,
        Outcome::Switch,
    ),
    (3, "all is well", |e| e.signals.serving_share = Some(1.0), Answer::No, Outcome::Watch),
    (3, "nothing known", |e| e.signals = Signals::default(), Answer::Unknown, Outcome::Advise),
    (4, "all serve", |_| {}, Answer::Yes, Outcome::Switch),
    (4, "half serve", |e| target(e).serving_share = Some(0.5), Answer::No, Outcome::Advise),
    (4, "not known", |e| target(e).serving_share = None, Answer::Unknown, Outcome::Advise),
    (4, "no target", |e| e.target = None, Answer::Unknown, Outcome::Advise),
    (5, "enough", |_| {}, Answer::Yes, Outcome::Switch),
    (5, "too little", |e| target(e).spare_rate = Some(230.0), Answer::No, Outcome::Advise),
    (5, "spare not known", |e| target(e).spare_rate = None, Answer::Unknown, Outcome::Advise),
    (5, "need not known", |e| target(e).needed_rate = None, Answer::Unknown, Outcome::Advise),
    (6, "near", |_| {}, Answer::Yes, Outcome::Switch),
    (6, "far", |e| target(e).extra_ms = Some(180.0), Answer::No, Outcome::Advise),
    (6, "not known", |e| target(e).extra_ms = None, Answer::Unknown, Outcome::Advise),
    (7, "two hours ago", |_| {}, Answer::Yes, Outcome::Switch),
    (7, "never", |e| e.last_switch = LastSwitch::Never, Answer::Yes, Outcome::Switch),
    (
        7,
        "a minute ago",
        |e| e.last_switch = LastSwitch::At { at_ms: NOW_MS - 60_000 },
        Answer::No,
        Outcome::Advise,
    ),
    (7, "unread", |e| e.last_switch = LastSwitch::Unknown, Answer::Unknown, Outcome::Advise),
    (8, "no rule", |_| {}, Answer::Yes, Outcome::Switch),
    (
        8,
        "freeze",
        |e| e.forbidden_by = Some(vec!["freeze until 6".to_owned()]),
        Answer::No,
        Outcome::Advise,
    ),
    (8, "unread", |e| e.forbidden_by = None, Answer::Unknown, Outcome::Advise),
];

fn target(evidence: &mut Evidence) -> &mut Target {
    evidence.target.as_mut().unwrap()
}

#[test]
fn each_question_passes_refuses_and_does_not_know() {
    for (place, name, change, answer, outcome) in CASES {
        let mut evidence = evidence();
        change(&mut evidence);
        let decision = decide(&evidence, &Limits::default());
        assert_eq!(decision.reasons[*place].answer, *answer, "{place} {name}");
        assert_eq!(decision.outcome, *outcome, "{place} {name}");
        assert_eq!(decision.reasons.len(), 9);
    }
    for place in 0..9 {
        for wanted in [Answer::Yes, Answer::No, Answer::Unknown] {
            let is = |case: &&(usize, &str, Change, Answer, Outcome)| {
                case.0 == place && case.3 == wanted
            };
            assert!(CASES.iter().any(|case| is(&case)), "question {place} has no {wanted:?} case");
        }
    }
}

#[test]
fn modes_bound_what_is_done() {
    for (_, name, change, ..) in CASES {
        let decided = |mode| {
            let mut evidence = evidence();
            change(&mut evidence);
            evidence.mode = mode;
            decide(&evidence, &Limits::default())
        };
        let automatic = decided(Mode::Automatic);
        assert_eq!(decided(Mode::Off).outcome, Outcome::Nothing, "{name}");
        assert_eq!(decided(Mode::Advise).outcome, automatic.outcome.min_advise(), "{name}");
        let all = automatic.reasons.iter().all(|reason| reason.answer == Answer::Yes);
        assert_eq!(automatic.outcome == Outcome::Switch, all, "{name}");
    }
    assert_eq!(Mode::default(), Mode::Advise);
}

#[test]
fn reasons_are_data() {
    let json = serde_json::to_value(decide(&evidence(), &Limits::default())).unwrap();
    assert_eq!(json["outcome"], "switch");
    assert_eq!(json["reasons"][0]["answer"], "yes");
    assert_eq!(json["reasons"][0]["question"], "fresh");
    assert_eq!(json["reasons"][0]["age_seconds"], 1.0);
    assert_eq!(json["reasons"][2]["steady"][0], "fra2");
}
