//! Runbooks: what somebody on call reads at night, and does step by step.
//!
//! Owns reading a runbook (front matter in TOML, then Markdown) with every mistake found at once
//! ([`finding`]), the tree that pages are drawn from ([`block`]), the live values that stand in a
//! text ([`value`], [`resolve`]), links to actions ([`action`]), the set that is in force
//! ([`shelf`]), the record of a use ([`run`]) and short links ([`alias`]). A [`Runbook`] in hand is
//! safe to show: it has no HTML of its own, and links lead to pages of the console, to the web by
//! http or https, or to the review page of an action.

pub mod action;
pub mod alias;
pub mod block;
pub mod finding;
mod front;
mod library;
mod markdown;
pub mod resolve;
pub mod run;
pub mod shelf;
pub mod value;

use std::collections::BTreeSet;

use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::fleet::Fleet;
use crate::id::{RunbookId, ServiceId};
use crate::problem::Kind;
use block::Block;
use finding::{Finding, Findings};

/// Largest runbook that is read, in bytes.
pub const RUNBOOK_MAX_BYTES: usize = 64 * 1_024;
/// Most runbooks of a fleet's own.
pub const RUNBOOKS_MAX: usize = 500;
/// Largest set of a fleet's own, in bytes.
pub const SET_MAX_BYTES: usize = 2 * 1_024 * 1_024;
/// Most numbered steps of a runbook.
pub const STEPS_MAX: u32 = 60;
/// A runbook that nobody reviewed for so long says so.
pub const REVIEW_DAYS: i64 = 180;
/// Slugs that are addresses of something else.
pub const RESERVED: [&str; 3] = ["aliases", "do", "runs"];

/// A runbook that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runbook {
    pub slug: RunbookId,
    pub title: String,
    /// Whom to ask about it.
    pub owner: String,
    /// When somebody last went through it and found it right.
    pub reviewed: NaiveDate,
    pub services: BTreeSet<ServiceId>,
    /// Kinds of problems it is about.
    pub alerts: BTreeSet<Kind>,
    pub body: Vec<Block>,
    /// How many numbered steps it has.
    pub steps: u32,
    pub origin: Origin,
    /// The file's own text.
    pub source: String,
}

/// Where a runbook comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// It is in the program.
    Library,
    /// It was applied with the fleet.
    Fleet,
}

impl Runbook {
    /// Whether its last review is too long ago.
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        is_overdue(self.reviewed, today)
    }
}

/// Whether a review is too long ago.
pub fn is_overdue(reviewed: NaiveDate, today: NaiveDate) -> bool {
    today - reviewed > TimeDelta::days(REVIEW_DAYS)
}

/// Reads a runbook. `fleet`: what its services and objects are held against; `None`: they are not.
///
/// # Errors
/// Every finding, in the order of the file; at least one.
pub fn read(
    slug: &str,
    source: &str,
    origin: Origin,
    fleet: Option<&Fleet>,
) -> Result<Runbook, Vec<Finding>> {
    let mut findings = Findings::default();
    let id = slug_of(slug, &mut findings);
    if source.len() > RUNBOOK_MAX_BYTES {
        let bytes = source.len();
        findings.push(1, finding::Kind::TooLarge { bytes });
        return Err(findings.finish());
    }
    findings.control_characters(source);
    let Some((front, body, first_line)) = front::split(source, &mut findings) else {
        return Err(findings.finish());
    };
    let front = front::read(front, fleet, &mut findings);
    let parsed = markdown::read(body, first_line, fleet, &mut findings);
    match (id, front, findings.is_empty()) {
        (Some(slug), Some(front), true) => Ok(Runbook {
            slug,
            title: front.title,
            owner: front.owner,
            reviewed: front.reviewed,
            services: front.services,
            alerts: front.alerts,
            body: parsed.blocks,
            steps: parsed.steps,
            origin,
            source: source.to_owned(),
        }),
        _ => Err(findings.finish()),
    }
}

fn slug_of(slug: &str, findings: &mut Findings) -> Option<RunbookId> {
    if RESERVED.contains(&slug) {
        findings.push(1, finding::Kind::ReservedSlug { slug: slug.to_owned() });
        return None;
    }
    match RunbookId::new(slug) {
        Ok(id) => Some(id),
        Err(error) => {
            let (slug, reason) = (finding::quote(slug), error.to_string());
            findings.push(1, finding::Kind::BadSlug { slug, reason });
            None
        }
    }
}

#[cfg(test)]
mod tests;
