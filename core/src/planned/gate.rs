//! Whether a rollout may begin for the event that it names, and as its service asks (R14 to R19).
//!
//! Invariant: what a service asks for is judged anew at each start, of the event as it is then; an
//! urgent fix is asked what any rollout is (R13).

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::PlannedEvent;
use super::check::{Answer, Check, Judged};
use super::request::{EARLY, Waiver};
use crate::fleet::Fleet;
use crate::id::ServiceId;
use crate::rollout::StartFinding;

/// An event with what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    pub event: &'a PlannedEvent,
    /// All of its checks, now; not looked at where the service asks for none.
    pub judged: &'a [Judged],
    pub waivers: &'a [Waiver],
}

/// What a service asks for.
pub fn required(fleet: &Fleet, service: &ServiceId) -> BTreeSet<Check> {
    fleet.services.get(service).map(|it| it.requires_checks.clone()).unwrap_or_default()
}

/// Everything that holds the rollout of a version back; empty: it may begin.
pub fn gate(
    fleet: &Fleet,
    (service, version): (&ServiceId, &str),
    owner: Option<Owner<'_>>,
    now: DateTime<Utc>,
) -> Vec<StartFinding> {
    let required = required(fleet, service);
    let Some(owner) = owner else {
        if required.is_empty() {
            return Vec::new();
        }
        let names: Vec<_> = required.iter().map(|check| check.name()).collect();
        let (service, version) = (service.clone(), version.to_owned());
        return vec![StartFinding::NeedsEvent { service, version, checks: names.join(", ") }];
    };
    let (event, id) = (owner.event, owner.event.id);
    if event.state.is_over() {
        return vec![StartFinding::EventOver { event: id, state: event.state.name().to_owned() }];
    }
    if !event.content.touched(fleet).contains(service) {
        return vec![StartFinding::EventElsewhere { event: id, service: service.clone() }];
    }
    let mut found = Vec::new();
    let named = event.content.services.get(service).and_then(Option::as_deref);
    let other = named.is_some_and(|named| named != version);
    if other || (named.is_none() && !required.is_empty()) {
        found.push(StartFinding::EventVersion {
            event: id,
            service: service.clone(),
            version: version.to_owned(),
            named: named.unwrap_or("no version").to_owned(),
        });
    }
    let (from, until) = (event.content.from, event.content.until);
    if !required.is_empty() && (now < from - EARLY || now >= until) {
        found.push(StartFinding::EventTime { event: id, from, until });
    }
    let asked = required.into_iter().filter(|check| check.is_asked(&event.content));
    found.extend(asked.filter_map(|check| open(check, &owner, now)));
    found
}

fn open(check: Check, owner: &Owner<'_>, now: DateTime<Utc>) -> Option<StartFinding> {
    let Owner { event, judged, waivers } = owner;
    if waivers.iter().any(|waiver| waiver.counts(event, check, now)) {
        return None;
    }
    let stands = judged.iter().find(|it| it.check == check);
    let (passes, sentence, fix) = match stands {
        Some(it) => (it.answer == Answer::Pass, it.sentence.clone(), it.fix.clone()),
        // What nobody judged is not known.
        None => (false, "it was not judged".to_owned(), event.path()),
    };
    (!passes).then_some(StartFinding::CheckOpen { event: event.id, check, sentence, fix })
}
