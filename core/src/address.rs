//! Addresses of the console: which have a page, what they name, and where one leads whose object
//! was renamed.
//!
//! Owns the patterns of every page (the server holds them against its table of routes) and the
//! look at an address: whether what it names exists in a snapshot. What only the store knows
//! (rollouts, runs, entries of the audit log) counts as there.

use std::str::FromStr;

use crate::estate::Estate;
use crate::fleet::Fleet;
use crate::fleet::entry::EntryKind;
use crate::id::{AliasId, InstanceId, RunbookId};
use crate::runbook::alias::Aliases;
use crate::runbook::shelf::Shelf;

/// Longest address that is looked at, in bytes.
pub const ADDRESS_MAX_BYTES: usize = 2_048;

/// Every page for people, as the table of routes writes it.
pub const PAGES: &[&str] = &[
    "/",
    "/approvals",
    "/approvals/{id}",
    "/attention",
    "/attention/{id}",
    "/attention/{id}/runbook",
    "/audit",
    "/audit/evidence",
    "/audit/verify",
    "/audit/{seq}",
    "/availability",
    "/availability/outages/{id}",
    "/availability/reports/{month}",
    "/backups",
    "/backups/restores/{id}",
    "/backups/restores/{id}/do/allow",
    "/backups/restores/{id}/do/refuse",
    "/backups/runs/{id}",
    "/backups/sets/{database}",
    "/backups/sets/{database}/copies/{datacenter}/{label}",
    "/backups/sets/{database}/copies/{datacenter}/{label}/do/prove",
    "/backups/sets/{database}/copies/{datacenter}/{label}/do/restore",
    "/backups/sets/{database}/do/let-go",
    "/backups/sets/{database}/do/run-now",
    "/confirm",
    "/dc/{datacenter}",
    "/dc/{datacenter}/do/forget",
    "/dev/components",
    "/edges",
    "/edges/{edge}",
    "/events",
    "/events/do/plan",
    "/events/{id}",
    "/events/{id}/do/change",
    "/failover",
    "/failover/current",
    "/failover/orchestrator",
    "/failover/plans/{what}",
    "/failover/plans/{what}/do/start",
    "/failover/runs/{id}",
    "/failover/runs/{id}/do/fail-back",
    "/find",
    "/go/{alias}",
    "/groups/{group}",
    "/instances/{instance}",
    "/instances/{instance}/do/replace",
    "/regions/{region}",
    "/rollouts",
    "/rollouts/do/start",
    "/rollouts/quarantine",
    "/rollouts/quarantine/do/lift",
    "/rollouts/{id}",
    "/rollouts/{id}/analysis/{metric}",
    "/rollouts/{id}/conditions/{number}",
    "/rollouts/{id}/do/abort",
    "/rollouts/{id}/do/add-reason",
    "/rollouts/{id}/do/end",
    "/rollouts/{id}/do/pause",
    "/rollouts/{id}/do/promote",
    "/rollouts/{id}/do/promote-fully",
    "/rollouts/{id}/do/resume",
    "/rollouts/{id}/do/retry",
    "/rollouts/{id}/do/roll-back",
    "/rollouts/{id}/do/undo",
    "/rollouts/{id}/steps/{number}",
    "/runbooks",
    "/runbooks/aliases",
    "/runbooks/aliases/{alias}",
    "/runbooks/do/write",
    "/runbooks/runs",
    "/runbooks/runs/{id}",
    "/runbooks/{slug}",
    "/runbooks/{slug}/do/edit",
    "/services/{service}",
    "/services/{service}/bench",
    "/services/{service}/do/roll-back",
    "/services/{service}/do/run-bench",
    "/services/{service}/do/start-rollout",
    "/services/{service}/in/{datacenter}",
    "/services/{service}/rollout",
    "/services/{service}/traffic",
    "/settings",
    "/settings/agents",
    "/settings/fleet",
    "/settings/fleet/do/apply",
    "/settings/notifications",
    "/settings/notifications/do/create",
    "/settings/notifications/{id}",
    "/settings/notifications/{id}/do/change",
    "/settings/pipelines",
    "/settings/pipelines/{id}",
    "/settings/profile",
    "/settings/security",
    "/settings/store",
    "/settings/tokens",
    "/settings/users",
    "/settings/users/{user}",
    "/topology",
];

/// What an address names: the pattern of its page, and the values of its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address<'a> {
    pub pattern: &'static str,
    /// `("service", "feed-api")`, in the order of the path.
    pub names: Vec<(&'static str, &'a str)>,
}

/// How an address stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has a page.
    There,
    /// What it names has another name now; the address where it is.
    Moved(String),
    /// It names what is not there, or not any more: which part of it.
    Dead { name: &'static str, value: String },
    /// No page has such an address.
    Nowhere,
}

/// Reads an address; its query and fragment count for nothing. `None`: no page has it.
pub fn parse(address: &str) -> Option<Address<'_>> {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    if address.len() > ADDRESS_MAX_BYTES || !is_plain(address) {
        return None;
    }
    // The one with the most words of its own: `/runbooks/runs` is no runbook.
    let found = PAGES.iter().filter_map(|pattern| Some((pattern, names(pattern, path)?)));
    let (pattern, names) = found.min_by_key(|(_, names)| names.len())?;
    Some(Address { pattern, names })
}

/// Whether a text is a path of this site, with its query and fragment: what a browser would take
/// for nothing else.
pub fn is_plain(address: &str) -> bool {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let resolves = path.split('/').any(|part| {
        let part = part.to_ascii_lowercase().replace("%2e", ".");
        part == "." || part == ".."
    });
    address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && address.starts_with('/')
        && !address.starts_with("//")
        && !resolves
}

/// The values of a pattern's names in a path; `None`: it does not fit.
fn names<'a>(pattern: &'static str, path: &'a str) -> Option<Vec<(&'static str, &'a str)>> {
    let (mut parts, mut values) = (pattern.split('/'), path.split('/'));
    let mut names = Vec::new();
    loop {
        match (parts.next(), values.next()) {
            (None, None) => return Some(names),
            (Some(part), Some(value)) => {
                match part.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                    Some(_) if value.is_empty() => return None,
                    Some(name) => names.push((name, value)),
                    None if part == value => {}
                    None => return None,
                }
            }
            (Some(_), None) | (None, Some(_)) => return None,
        }
    }
}

/// Looks at an address in a snapshot.
pub fn look(address: &str, estate: &Estate, shelf: &Shelf, aliases: &Aliases) -> Standing {
    if let Some(moved) = moved(address, &estate.fleet) {
        return Standing::Moved(moved);
    }
    let Some(parsed) = parse(address) else { return Standing::Nowhere };
    for (name, value) in parsed.names {
        let there = match name {
            "slug" => known::<RunbookId>(value, |id| shelf.get(id).is_some()),
            "alias" => known::<AliasId>(value, |id| aliases.contains_key(id)),
            "instance" => known::<InstanceId>(value, |id| estate.instance(id).is_some()),
            "what" => value.split(',').all(|place| {
                declared(&estate.fleet, EntryKind::Datacenter, place)
                    || declared(&estate.fleet, EntryKind::Region, place)
            }),
            _ => match kind_of(name) {
                Some(kind) => declared(&estate.fleet, kind, value),
                // A record that the store knows.
                None => true,
            },
        };
        if !there {
            return Standing::Dead { name, value: value.to_owned() };
        }
    }
    Standing::There
}

/// Where an address leads now that the fleet says what its objects were called before; `None`:
/// it names nothing that was renamed. Its query and fragment stay.
pub fn moved(address: &str, fleet: &Fleet) -> Option<String> {
    let end = address.find(['?', '#']).unwrap_or(address.len());
    let (path, rest) = address.split_at(end);
    let (api, page) = page_of(path);
    let parsed = parse(&page)?;
    let mut changed = false;
    let mut names = parsed.names.iter();
    let parts = parsed.pattern.split('/').map(|part| {
        if !part.starts_with('{') {
            return part.to_owned();
        }
        let Some((name, value)) = names.next() else { return part.to_owned() };
        let new = renamed(fleet, name, value);
        changed |= new.is_some();
        new.unwrap_or_else(|| (*value).to_owned())
    });
    let new = parts.collect::<Vec<_>>().join("/");
    changed.then(|| if api { api_of(&new) + rest } else { new + rest })
}

/// What an address names that a fleet could declare: kinds and ids, those that it does not.
pub fn missing(address: &str, fleet: &Fleet) -> Vec<(EntryKind, String)> {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let (_, page) = page_of(path);
    let Some(parsed) = parse(&page) else { return Vec::new() };
    let named = parsed.names.iter().filter_map(|(name, value)| Some((kind_of(name)?, *value)));
    let gone = named.filter(|(kind, value)| !declared(fleet, *kind, value));
    gone.map(|(kind, value)| (kind, value.to_owned())).collect()
}

/// The object of an address as the audit log names it: without what is done to it, nor its parts.
pub fn object(address: &str) -> String {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let (_, page) = page_of(path);
    let end = page.find("/do/").unwrap_or(page.len());
    let parts: Vec<&str> = page[..end].split('/').collect();
    let kept = match parts.as_slice() {
        ["", "rollouts" | "attention" | "approvals" | "events", _, ..] => 3,
        [
            "",
            "availability" | "backups" | "failover" | "runbooks",
            "outages" | "runs" | "restores" | "aliases",
            _,
            ..,
        ] => 4,
        _ => parts.len(),
    };
    parts[..kept].join("/")
}

/// The page with the same data as an address of the API, and whether it was one.
fn page_of(path: &str) -> (bool, String) {
    match path.strip_prefix("/api/v1/") {
        None => (false, path.to_owned()),
        Some(rest) => match rest.strip_prefix("datacenters/") {
            Some(rest) => (true, format!("/dc/{rest}")),
            None => (true, format!("/{rest}")),
        },
    }
}

fn api_of(page: &str) -> String {
    match page.strip_prefix("/dc/") {
        Some(rest) => format!("/api/v1/datacenters/{rest}"),
        None => format!("/api/v1{page}"),
    }
}

/// The kind of entry whose id a name of a pattern is.
fn kind_of(name: &str) -> Option<EntryKind> {
    match name {
        "region" => Some(EntryKind::Region),
        "datacenter" => Some(EntryKind::Datacenter),
        "group" => Some(EntryKind::Group),
        "service" => Some(EntryKind::Service),
        "database" => Some(EntryKind::Database),
        "edge" => Some(EntryKind::Edge),
        _ => None,
    }
}

fn known<T: FromStr>(value: &str, is_known: impl Fn(&T) -> bool) -> bool {
    value.parse::<T>().is_ok_and(|id| is_known(&id))
}

/// Whether a fleet has an entry.
fn declared(fleet: &Fleet, kind: EntryKind, id: &str) -> bool {
    match kind {
        EntryKind::Region => fleet.regions.contains_key(id),
        EntryKind::Datacenter => fleet.datacenters.contains_key(id),
        EntryKind::Group => fleet.groups.contains_key(id),
        EntryKind::Service => fleet.services.contains_key(id),
        EntryKind::Database => fleet.databases.contains_key(id),
        EntryKind::BackupPolicy => fleet.backup_policies.contains_key(id),
        EntryKind::Edge => fleet.edges.contains_key(id),
        EntryKind::Bench => fleet.benches.contains_key(id),
        EntryKind::RolloutPlan => fleet.rollout_plans.contains_key(id),
        EntryKind::Drill => fleet.drills.contains_key(id),
    }
}

/// What a name is now, where one object alone took it over.
fn renamed(fleet: &Fleet, name: &str, value: &str) -> Option<String> {
    if name == "what" {
        let places: Vec<_> = value.split(',').collect();
        let new = places.iter().map(|place| {
            let datacenter = renamed(fleet, "datacenter", place);
            datacenter.or_else(|| renamed(fleet, "region", place))
        });
        let new: Vec<_> = new.collect();
        new.iter().any(Option::is_some).then(|| {
            let names = places.iter().zip(new);
            let names = names.map(|(old, new)| new.unwrap_or_else(|| (*old).to_owned()));
            names.collect::<Vec<_>>().join(",")
        })
    } else {
        let successors = fleet.successors(kind_of(name)?, value);
        match successors.as_slice() {
            [only] => Some((*only).to_owned()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
