//! Whole rollouts on simulated traffic: every step of the default plan, whose watches share the
//! alpha, each with its own requests, to the last with what it holds back.
//!
//! Goes by the leader's rules: only a pass goes on, and a watch that is undecided at its end goes
//! on for as long again before the rollout stands still for a person.

use mainstay_core::deployment::Track;
use mainstay_core::fleet::Strategy;
use mainstay_core::judge::{Judgement, Settings, Verdict, judge};
use mainstay_core::rollout::{Plan, PlanTemplate, SchemaChange, Step, Wave};
use mainstay_core::routing::WEIGHT_TOTAL;

use super::{CASES, Case, RATES, Watch, play};
use crate::report::{Limit, Report};
use crate::stats::Samples;

/// How a rollout went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Promoted,
    /// Taken back so many seconds after its first request on the new version.
    Aborted {
        after: i64,
    },
    /// It waits for a person.
    Stands,
}

/// Plays every case at every rate.
pub fn measure(runs: usize, report: &mut Report) {
    let plan = plan();
    let settings = plan.settings();
    for case in CASES {
        for rate in RATES {
            let ends = (0..runs).map(|run| roll_out(&plan, &settings, &case, rate, run as u64));
            say(&case, rate, &plan, &ends.collect::<Vec<_>>(), report);
        }
    }
}

/// The default plan of a canary in one region.
fn plan() -> Plan {
    let PlanTemplate { steps, node_watch_seconds, analysis, .. } = PlanTemplate::default();
    let id = "everywhere";
    let (service, region) = ("shop".parse().expect("an id"), id.parse().expect("an id"));
    Plan {
        service,
        from: "1.0.0".to_owned(),
        from_track: Track::Blue,
        to: "2.0.0".to_owned(),
        strategy: Strategy::Canary,
        steps,
        node_watch_seconds,
        waves: vec![Wave {
            regions: vec![region],
            datacenters: vec![(id.parse().expect("an id"), 2)],
        }],
        analysis,
        hotfix: false,
        change: None,
        schema: SchemaChange::None,
        configuration_compatible: true,
    }
}

fn roll_out(plan: &Plan, settings: &Settings, case: &Case, rate: u32, run: u64) -> End {
    let mut begun = 0;
    for (step, Step { watch_seconds, .. }) in plan.steps.iter().enumerate() {
        let share = f64::from(plan.share(step as u16)) / f64::from(WEIGHT_TOTAL);
        let length = i64::from(*watch_seconds);
        let seed = run << 8 | step as u64;
        // The same requests to the end of the watch, and more after it where it goes on.
        let looked = |seconds| {
            let [stable, canary] = play(case, &Watch { rate, share, seconds }, seed);
            judge(&stable, &canary, settings)
        };
        let Judgement { verdict, at_second, .. } = match looked(length) {
            Judgement { verdict: Verdict::Undecided, .. } => looked(2 * length),
            decided => decided,
        };
        match verdict {
            Verdict::Pass => begun += length,
            Verdict::Fail => {
                return End::Aborted { after: begun + at_second.unwrap_or(length) + 1 };
            }
            Verdict::Undecided | Verdict::NoData | Verdict::NotMeasured => return End::Stands,
        }
    }
    End::Promoted
}

fn say(case: &Case, rate: u32, plan: &Plan, ends: &[End], report: &mut Report) {
    let percent = |is: fn(&End) -> bool| {
        100.0 * ends.iter().filter(|end| is(end)).count() as f64 / ends.len() as f64
    };
    let promoted = percent(|end| *end == End::Promoted);
    let stands = percent(|end| *end == End::Stands);
    let after = ends.iter().filter_map(|end| match end {
        End::Aborted { after } => Some(*after as f64),
        End::Promoted | End::Stands => None,
    });
    let after: Samples = after.collect();
    let steps = plan.steps.len();
    let mut how = format!(
        "{} rollouts of {steps} steps; promoted {promoted:.1} %, waiting for a person \
         {stands:.1} %",
        ends.len()
    );
    if after.len() > 0 {
        let [median, p95] = [50.0, 95.0].map(|percent| after.percentile(percent));
        how += &format!("; aborted after {median:.0} s (median), p95 {p95:.0} s");
    }
    let name = format!("whole rollouts, {} at {rate}/s", case.name);
    let aborted = 100.0 * after.len() as f64 / ends.len() as f64;
    if case.is_good() {
        report.add(format!("{name}: false aborts"), Limit::AtMost(1.0), aborted, "%", how);
    } else {
        report.add(format!("{name}: promoted"), Limit::None, promoted, "%", how);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_version_goes_all_the_way_and_a_bad_one_does_not() {
        let plan = plan();
        let settings = plan.settings();
        let good = roll_out(&plan, &settings, &CASES[0], 1_000, 1);
        assert_eq!(good, End::Promoted);
        let bad = roll_out(&plan, &settings, &CASES[3], 1_000, 1);
        assert!(matches!(bad, End::Aborted { after } if after < 300), "{bad:?}");
        assert_eq!(roll_out(&plan, &settings, &CASES[0], 1, 1), End::Stands, "too few requests");
    }
}
