//! Benches that were ordered: their reports are taken in, and what is never reported ends.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use mainstay_core::audit::{Action, Actor, Event, Outcome as Done};
use mainstay_core::bench::{Bench, BenchResult, Check, TestReport, TestState};
use mainstay_core::fence::Outcome;
use mainstay_core::fleet::Fleet;
use mainstay_store::lease::Term;
use mainstay_store::{StoreError, audit, bench as stored, lease, outbox};
use serde_json::json;

use super::Leader;
use crate::estate::Snapshot;
use crate::rollouts::command_id;

/// How long a bench may take beside its loads, before it counts as not made.
const SLACK: TimeDelta = TimeDelta::minutes(5);

/// Takes in what is new about every bench that is not over.
pub(super) async fn step(
    leader: &Leader,
    term: &Term,
    snapshot: &Snapshot,
) -> Result<(), StoreError> {
    for bench in stored::open(leader.store.reads()).await? {
        let Some(report) = news(leader, snapshot, &bench).await? else { continue };
        let now = snapshot.estate.at.trunc_subsecs(6);
        let valid = i64::from(Bench::of(&snapshot.estate.fleet, &bench.service).valid_hours);
        let passed = report.state == TestState::Passed;
        let expires_at = passed.then(|| now + TimeDelta::hours(valid));
        let event = (report.state != TestState::Running).then(|| over(&bench, &report, now));
        let (report, event) = (&report, &event);
        leader
            .store
            .read_committed(|tx| {
                Box::pin(async move {
                    lease::step(tx, term, 0).await?;
                    if stored::report(tx, report, expires_at).await?
                        && let Some(event) = event
                    {
                        audit::append(tx, event).await?;
                    }
                    Ok(())
                })
            })
            .await?;
    }
    Ok(())
}

/// How a bench stands, if it stands differently from what is written.
async fn news(
    leader: &Leader,
    snapshot: &Snapshot,
    bench: &BenchResult,
) -> Result<Option<TestReport>, StoreError> {
    let id = &bench.report.id;
    let state = snapshot.estate.datacenters.get(&bench.datacenter);
    if let Some(report) = state.and_then(|state| state.test(id)) {
        return Ok((*report != bench.report).then(|| report.clone()));
    }
    let not_made = |message: String| {
        let state = TestState::NotMade { message };
        Some(TestReport { state, ended_at: Some(snapshot.estate.at), ..bench.report.clone() })
    };
    let age = snapshot.estate.at - bench.asked_at;
    if age >= time(&snapshot.estate.fleet, bench) {
        return Ok(not_made(format!("{} told nothing of it", bench.datacenter)));
    }
    let ordered = outbox::get(&leader.store, &command_id(id)).await?;
    let outcome = ordered.and_then(|record| record.finished).map(|(_, outcome)| outcome);
    Ok(match outcome {
        Some(Outcome::Failed { message }) => not_made(message),
        Some(Outcome::Stale { .. }) => not_made("a newer decision came before it".to_owned()),
        Some(Outcome::Done) | None => None,
    })
}

/// How long it may take at most.
fn time(fleet: &Fleet, bench: &BenchResult) -> TimeDelta {
    let of = |check: &Check| match check {
        Check::Http { .. } => 5,
        Check::Load { seconds, .. } => i64::from(*seconds) + 5,
    };
    let checks = Bench::of(fleet, &bench.service).checks;
    SLACK + TimeDelta::seconds(checks.iter().map(of).sum())
}

fn over(bench: &BenchResult, report: &TestReport, now: DateTime<Utc>) -> Event {
    let agent = Actor::Agent(bench.datacenter.to_string());
    let object = format!("/services/{}", bench.service);
    Event {
        outcome: match report.state {
            TestState::Passed | TestState::Running => Done::Done,
            TestState::Failed | TestState::NotMade { .. } => Done::Failed,
        },
        after: Some(json!({
            "service": bench.service,
            "version": bench.version,
            "report": report,
        })),
        ..Event::new(now, agent, Action::BenchResult, object)
    }
}
