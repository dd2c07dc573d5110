//! How each check stands.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::evidence::{configuration, pipeline};
use super::{Answer, Check, Facts, Judged, SERVING_LEAST, TICK_COUNTS};
use crate::backup::Schedule;
use crate::backup::coverage::{Coverage, Shortfall, coverage};
use crate::bench::{Bench, TestState};
use crate::estate::Contact;
use crate::failover::rules::{Holds, Rule, gate_rules};
use crate::id::{DatabaseId, ServiceId};
use crate::placement;
use crate::planned::PlannedEvent;
use crate::planned::collision::collisions;
use crate::status::Status;

/// Every check that is asked of an event.
pub fn judge(event: &PlannedEvent, facts: &Facts<'_>) -> Vec<Judged> {
    let asked = Check::ALL.into_iter().filter(|check| check.is_asked(&event.content));
    asked.map(|check| one(check, event, facts)).collect()
}

fn one(check: Check, event: &PlannedEvent, facts: &Facts<'_>) -> Judged {
    let Found { answer, sentence, seen, fix } = match check {
        Check::BackupsFresh | Check::BackupsProven => backups(check, event, facts),
        Check::Bench => bench(event, facts),
        Check::Configuration => configuration(event, facts),
        Check::Pipeline => pipeline(event, facts),
        Check::Nodes => nodes(event, facts),
        Check::Consumers => consumers(event, facts),
        Check::PreProduction => ticked(
            Check::PreProduction,
            event,
            "nobody has said that it was made in pre-production with all tests passed",
            facts.now,
        ),
        Check::WayBack => way_back(event),
        Check::NoFailover => no_failover(facts),
        Check::Gates => gates(facts),
        Check::Collisions => overlaps(event, facts),
    };
    Judged { check, answer, sentence, seen, fix }
}

pub(super) struct Found {
    pub answer: Answer,
    pub sentence: String,
    pub seen: Option<DateTime<Utc>>,
    pub fix: String,
}

impl Found {
    pub fn now(answer: Answer, sentence: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { answer, sentence: sentence.into(), seen: None, fix: fix.into() }
    }
}

/// What was found of several things: the worst answer, with what led to it.
struct Sum {
    fails: Vec<String>,
    unknown: Vec<String>,
    seen: Option<DateTime<Utc>>,
    /// Of the first thing that does not pass.
    fix: Option<String>,
}

impl Sum {
    const fn new() -> Self {
        Self { fails: Vec::new(), unknown: Vec::new(), seen: None, fix: None }
    }

    fn add(&mut self, answer: Answer, words: String, fix: &str) {
        match answer {
            Answer::Pass => return,
            Answer::Fail => self.fails.push(words),
            Answer::Unknown => self.unknown.push(words),
        }
        self.fix.get_or_insert_with(|| fix.to_owned());
    }

    fn seen(&mut self, at: Option<DateTime<Utc>>) {
        self.seen = match (self.seen, at) {
            (Some(old), Some(at)) => Some(old.min(at)),
            (old, at) => old.or(at),
        };
    }

    fn found(self, passes: String, fix: &str) -> Found {
        let fix = self.fix.unwrap_or_else(|| fix.to_owned());
        let (answer, sentence) = match (self.fails.is_empty(), self.unknown.is_empty()) {
            (true, true) => (Answer::Pass, passes),
            (true, false) => (Answer::Unknown, self.unknown.join("; ")),
            (false, _) => {
                let all = self.fails.into_iter().chain(self.unknown);
                (Answer::Fail, all.collect::<Vec<_>>().join("; "))
            }
        };
        Found { answer, sentence, seen: self.seen, fix }
    }
}

fn backups(check: Check, event: &PlannedEvent, facts: &Facts<'_>) -> Found {
    let fleet = &facts.estate.fleet;
    let groups = event.content.groups(fleet);
    let touched = fleet.databases.iter().filter(|(_, it)| groups.contains(&it.group));
    let touched: Vec<_> = touched.map(|(id, _)| id).collect();
    let mut sum = Sum::new();
    for id in &touched {
        database(check, id, facts, &mut sum);
    }
    let passes = match (touched.is_empty(), check == Check::BackupsProven) {
        (true, _) => "no database belongs to what is touched".to_owned(),
        (false, false) => format!("{} databases have every copy asked for", touched.len()),
        (false, true) => format!("{} databases have a copy that was restored", touched.len()),
    };
    sum.found(passes, "/backups")
}

fn database(check: Check, id: &DatabaseId, facts: &Facts<'_>, sum: &mut Sum) {
    let fix = format!("/backups/sets/{id}");
    // Copies are as old as the days of their policies say.
    let estate = facts.estate.in_policy_time();
    let Some(schedule) = Schedule::of(&estate.fleet, id) else {
        return sum.add(Answer::Fail, format!("{id} has no backup policy"), &fix);
    };
    let Some((host, report)) = estate.database(id) else {
        return sum.add(Answer::Unknown, format!("no agent tells of {id}"), &fix);
    };
    sum.seen(facts.estate.datacenters.get(host).and_then(|state| state.last_seen));
    if facts.estate.contact(host) != Contact::Reporting {
        return sum.add(Answer::Unknown, format!("{host}, where {id} runs, is silent"), &fix);
    }
    let known = facts.proofs.get(id);
    let proofs = known.map_or(&[][..], |shown| shown.proofs.as_slice());
    let found = coverage(&schedule, &report.catalogue, proofs, estate.at);
    if check == Check::BackupsProven && known.is_none() {
        let words = format!("test restores of {id} are not known now");
        return sum.add(Answer::Unknown, words, &fix);
    }
    for shortfall in found.shortfalls.iter().filter(|it| is_of(check, it)) {
        sum.add(answer_of(&found, shortfall), format!("{id}: {shortfall}"), &fix);
    }
}

/// What was not read may make up for some of it.
fn answer_of(found: &Coverage, shortfall: &Shortfall) -> Answer {
    let open = shortfall.may_be_elsewhere() && !found.unread.is_empty();
    if open { Answer::Unknown } else { Answer::Fail }
}

/// Whether a shortfall is one of proofs and damage, or of age and number.
const fn is_of(check: Check, shortfall: &Shortfall) -> bool {
    let proven = match shortfall {
        Shortfall::NeverProven
        | Shortfall::ProofTooOld { .. }
        | Shortfall::ProofFailed { .. }
        | Shortfall::BadPages { .. }
        | Shortfall::Gone { .. }
        | Shortfall::FullMissing { .. } => true,
        Shortfall::NoCopy
        | Shortfall::TooFewCopies { .. }
        | Shortfall::TooFewDatacenters { .. }
        | Shortfall::Late { .. }
        | Shortfall::Missed { .. }
        | Shortfall::FullLate { .. } => false,
    };
    proven == matches!(check, Check::BackupsProven)
}

fn bench(event: &PlannedEvent, facts: &Facts<'_>) -> Found {
    let releases: Vec<_> = event.content.releases().collect();
    if releases.is_empty() {
        let words = "it names no version; write which one comes of each service";
        return Found::now(Answer::Unknown, words, change(event));
    }
    let mut sum = Sum::new();
    for (service, version) in &releases {
        let fix = format!("/services/{service}/bench");
        let of_it = |it: &&_| -> bool {
            let it: &crate::bench::BenchResult = it;
            it.service == **service && it.version == **version
        };
        let Some(result) = facts.benches.iter().find(of_it) else {
            let words = format!("no bench has tested {version} of {service}");
            sum.add(Answer::Unknown, words, &fix);
            continue;
        };
        sum.seen(result.report.ended_at);
        let checks = Bench::of(&facts.estate.fleet, service);
        if result.counts(&checks, facts.now) {
            continue;
        }
        let (answer, how) = match &result.report.state {
            TestState::Running => (Answer::Unknown, "is being tested"),
            TestState::NotMade { .. } => (Answer::Unknown, "could not be tested"),
            TestState::Failed => (Answer::Fail, "did not pass its bench"),
            TestState::Passed if result.covers(&checks) => (Answer::Fail, "passed too long ago"),
            TestState::Passed => (Answer::Fail, "passed other checks than its bench has now"),
        };
        sum.add(answer, format!("{version} of {service} {how}"), &fix);
    }
    sum.found(format!("{} versions passed their benches", releases.len()), "/rollouts")
}

/// Where the words of the event are changed.
pub(super) fn change(event: &PlannedEvent) -> String {
    format!("{}/do/change", event.path())
}

/// A check that a person answers; `open`: what there is to say while nobody did.
pub(super) fn ticked(check: Check, event: &PlannedEvent, open: &str, now: DateTime<Utc>) -> Found {
    let fix = format!("{}#check-{}", event.path(), check.name());
    let Some(tick) = event.ticks.get(&check) else {
        return Found::now(Answer::Unknown, open, fix);
    };
    let (answer, sentence) = if now - tick.at < TICK_COUNTS {
        (Answer::Pass, format!("said by {}: {}", tick.by, tick.note))
    } else {
        let days = TICK_COUNTS.num_days();
        (Answer::Unknown, format!("{} said so more than {days} days ago; look again", tick.by))
    };
    Found { answer, sentence, seen: Some(tick.at), fix }
}

fn nodes(event: &PlannedEvent, facts: &Facts<'_>) -> Found {
    let (estate, fleet) = (facts.estate, &facts.estate.fleet);
    let mut sum = Sum::new();
    let touched = event.content.touched(fleet);
    for id in &touched {
        let Some(service) = fleet.services.get(id) else {
            sum.add(Answer::Fail, format!("{id} is no service any more"), &change(event));
            continue;
        };
        for datacenter in placement::datacenters(fleet, service) {
            let fix = format!("/services/{id}/in/{datacenter}");
            sum.seen(estate.datacenters.get(&datacenter).and_then(|state| state.last_seen));
            if estate.contact(&datacenter) != Contact::Reporting {
                sum.add(Answer::Unknown, format!("{id} in {datacenter}, which is silent"), &fix);
                continue;
            }
            let serves = estate.cell(id, &datacenter);
            let serves = serves.filter(|(_, status)| *status == Status::Healthy).count();
            if serves < SERVING_LEAST {
                let words = format!("{id} in {datacenter}: {serves} of {SERVING_LEAST} serve");
                sum.add(Answer::Fail, words, &fix);
            }
        }
    }
    let passes = format!("{} services serve on {SERVING_LEAST} nodes or more", touched.len());
    sum.found(passes, "/topology")
}

fn consumers(event: &PlannedEvent, facts: &Facts<'_>) -> Found {
    let fleet = &facts.estate.fleet;
    if event.content.compatible {
        return Found::now(Answer::Pass, "it is backward compatible", change(event));
    }
    let touched = event.content.touched(fleet);
    let uses = |needs: &BTreeSet<ServiceId>| !needs.is_disjoint(&touched);
    let using = fleet
        .services
        .iter()
        .filter(|(id, it)| !touched.contains(*id) && uses(&it.depends_on.services));
    let using: Vec<_> = using.map(|(id, _)| id.to_string()).collect();
    if using.is_empty() {
        let words = "no other service says that it needs one of these";
        return Found::now(Answer::Pass, words, change(event));
    }
    let open = format!("nobody has said that what uses it was tested: {}", using.join(", "));
    ticked(Check::Consumers, event, &open, facts.now)
}

fn way_back(event: &PlannedEvent) -> Found {
    if event.content.way_back.trim().is_empty() {
        return Found::now(Answer::Fail, "no way back is written", change(event));
    }
    Found::now(Answer::Pass, "the way back is written", change(event))
}

fn no_failover(facts: &Facts<'_>) -> Found {
    match facts.estate.releases.failover() {
        Some(run) => Found::now(Answer::Fail, format!("{} is not over", run.id), run.path()),
        None => Found::now(Answer::Pass, "no failover is on", "/failover"),
    }
}

fn gates(facts: &Facts<'_>) -> Found {
    let rules = gate_rules(facts.gates, facts.now);
    let closed = rules.iter().filter(|it| matches!(it.rule, Rule::Lock | Rule::Freeze));
    let closed: Vec<_> =
        closed.filter(|it| it.holds != Holds::Yes).map(|it| it.sentence.clone()).collect();
    match closed.is_empty() {
        true => Found::now(Answer::Pass, "neither a lock nor a freeze is on", "/failover"),
        false => Found::now(Answer::Fail, closed.join("; "), "/failover"),
    }
}

fn overlaps(event: &PlannedEvent, facts: &Facts<'_>) -> Found {
    let found = collisions(&facts.estate.fleet, event, facts.others);
    let fix = change(event);
    if found.is_empty() {
        let words = "every group keeps as many data centres as it asks for";
        return Found::now(Answer::Pass, words, fix);
    }
    let words: Vec<_> = found.iter().map(super::super::collision::Collision::sentence).collect();
    Found::now(Answer::Fail, words.join("; "), fix)
}
