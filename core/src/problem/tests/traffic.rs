//! Problems of rollouts and edges.

use std::collections::BTreeSet;

use super::*;
use crate::fleet::Edge;
use crate::rollout::{Back, Nack};

/// Everything serves at 100 s, and the agents stay heard.
fn well(now: i64) -> Estate {
    let mut estate = estate(&[("a1", "api", UP), ("b1", "api", UP), ("a1", "stock", UP)], now);
    for datacenter in estate.datacenters.values_mut() {
        Arc::make_mut(datacenter).last_seen = Some(at(now));
    }
    estate
}

fn rollout_at(now: i64, state: State) -> Vec<Problem> {
    let mut estate = well(now);
    estate.releases = Arc::new(rolling_out("2.0.0", state));
    find(&estate, &BTreeMap::new(), &BTreeMap::new())
}

#[test]
fn rollouts_that_wait_for_a_person_are_problems() {
    let pause = |why| State::Paused { at: Default::default(), since: at(100), why, weighed: true };
    let asked = || PauseReason::Asked { by: "ann".into() };
    let back = |why| State::RolledBack { at: at(100), undo_until: at(1_000), why, was: None };
    let leaving = |why| State::RollingBack {
        stage: Back::Starting,
        since: at(100),
        why,
        was: Some(Default::default()),
    };
    let failed = || StopReason::Analysis { metric: "errors".into(), words: "1 in 4".into() };
    let by_ann = || StopReason::Asked { by: "ann".into() };
    let watching = State::Watching { at: Default::default(), since: at(100) };
    let promoted = State::Promoted { at: at(100), warm_until: at(1_000) };
    for (name, state, now, want) in [
        ("one that goes on is none", watching, 9_000, &[][..]),
        ("one that arrived is none", promoted, 9_000, &[]),
        ("no data is never passed over", pause(PauseReason::Undecided), 101, &["paused-ro-1"]),
        ("a pause that was asked for just now is known", pause(asked()), 3_699, &[]),
        ("after an hour it is forgotten", pause(asked()), 3_700, &["paused-ro-1"]),
        ("on the way back by itself", leaving(failed()), 101, &["rolled-back-ro-1"]),
        ("on the way back as asked", leaving(by_ann()), 101, &[]),
        ("back by itself", back(failed()), 999, &["rolled-back-ro-1"]),
        ("its undo time is over", back(failed()), 1_000, &[]),
        ("back as asked", back(by_ann()), 101, &[]),
    ] {
        let found = rollout_at(now, state);
        assert_eq!(found.iter().map(Problem::key).collect::<Vec<_>>(), want, "{name}");
        for problem in found {
            assert_eq!(problem.status(), Status::Degraded, "{name}");
            assert_eq!(problem.about(), (Some(&id("api")), None), "{name}");
        }
    }
}

fn fact(connected: bool, nack: Option<&str>) -> EdgeFact {
    EdgeFact {
        connected,
        since: at(90),
        acknowledged_revision: 1,
        acknowledged_at: Some(at(90)),
        nacks: nack
            .map(|message| Nack {
                revision: 2,
                services: BTreeSet::new(),
                version: None,
                message: message.into(),
                at: DateTime::UNIX_EPOCH,
            })
            .into_iter()
            .collect(),
    }
}

/// Two edges in region `a`, one in `b`.
fn edges_of(facts: &[(&str, EdgeFact)]) -> Vec<Problem> {
    let mut estate = well(100);
    let edge = |region: &str, dc: &str| Edge { region: id(region), datacenter: id(dc) };
    Arc::make_mut(&mut estate.fleet).edges =
        [("e1", "a"), ("e2", "a"), ("e3", "b")].map(|(e, r)| (id(e), edge(r, "a1"))).into();
    find(&estate, &facts.iter().map(|(e, fact)| (id(e), fact.clone())).collect(), &BTreeMap::new())
}

#[test]
fn edges_that_are_away_or_refuse_are_problems() {
    let (here, away) = (|| fact(true, None), || fact(false, None));
    let refuses = |connected| fact(connected, Some("duplicate route"));
    use Status::{Degraded, Failing};
    for (name, facts, want) in [
        ("all carry out", vec![("e1", here()), ("e2", here()), ("e3", here())], vec![]),
        (
            "one of two is away",
            vec![("e1", away()), ("e2", here()), ("e3", here())],
            vec![("edge-gone-e1", Degraded)],
        ),
        (
            "the only one of its region is away",
            vec![("e1", here()), ("e2", here()), ("e3", away())],
            vec![("edge-gone-e3", Failing)],
        ),
        (
            "one refuses",
            vec![("e1", refuses(true)), ("e2", here()), ("e3", here())],
            vec![("edge-refuses-e1", Failing)],
        ),
        (
            "what one that is away would refuse is unknown",
            vec![("e1", refuses(false)), ("e2", here()), ("e3", here())],
            vec![("edge-gone-e1", Degraded)],
        ),
        (
            "one is not seen yet, and one is no edge of the fleet",
            vec![("e1", here()), ("e3", here()), ("e9", refuses(true))],
            vec![("edge-gone-e2", Degraded)],
        ),
    ] {
        let found: Vec<_> = edges_of(&facts).iter().map(|p| (p.key(), p.status())).collect();
        let want: Vec<_> = want.into_iter().map(|(key, s)| (key.to_owned(), s)).collect();
        assert_eq!(found, want, "{name}");
    }
}

#[test]
fn an_edge_is_given_time_to_come_before_it_is_gone() {
    let gone = |since| Problem::EdgeGone { edge: id("e1"), region: id("a"), since, connected: 1 };
    for (name, since, opens_at) in [
        ("not seen yet", None, OPEN_UNSEEN_AFTER.num_seconds()),
        ("reconnecting", Some(at(0)), OPEN_GONE_AFTER.num_seconds()),
    ] {
        let mut tracker = Tracker::default();
        let found = [gone(since)];
        assert_eq!(tracker.step(&found, &[], at(0)), [], "{name}");
        assert_eq!(tracker.step(&found, &[], at(opens_at - 1)), [], "{name}");
        let [problem] = found.clone();
        assert_eq!(tracker.step(&found, &[], at(opens_at)), [Step::Open(problem)], "{name}");
    }
}
