//! Resources of one kind on their way to one edge.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

/// What an edge has asked for.
#[derive(Debug, Default)]
pub(super) enum Wanted {
    #[default]
    Nothing,
    All,
    Names(BTreeSet<Arc<str>>),
}

#[derive(Debug, Default)]
pub(super) struct Flow {
    pub(super) wanted: Wanted,
    /// Versions that the edge has, as it said or acknowledged.
    pub(super) held: BTreeMap<Arc<str>, Arc<str>>,
    /// What may have to be told.
    pub(super) pending: BTreeSet<Arc<str>>,
    /// Of these, or of what will be asked for: what is told even if the edge has it.
    pub(super) again: BTreeSet<Arc<str>>,
    pub(super) in_flight: Option<InFlight>,
    /// What the edge refused, with its version; `None`: refused to give it up.
    pub(super) rejected: BTreeMap<Arc<str>, (Option<Arc<str>>, Refusal)>,
    /// Refused together: told one by one, to find which it was.
    pub(super) apart: BTreeMap<Arc<str>, Refusal>,
    /// The publication up to which changes were looked at.
    pub(super) seen: u64,
    /// The publication of which the edge has everything.
    pub(super) done: u64,
    /// Whether anything was told yet: an edge waits for a first answer even if it is empty.
    pub(super) greeted: bool,
}

/// Why something was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The revision that was told.
    pub(super) revision: u64,
    pub(super) message: String,
    pub(super) at: DateTime<Utc>,
}

/// A response without an answer.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) nonce: String,
    /// Names with the version told; `None`: taken away.
    pub(super) names: Vec<(Arc<str>, Option<Arc<str>>)>,
    /// The publication that is complete with it; `None`: more follows.
    pub(super) done: Option<u64>,
    pub(super) revision: u64,
}

impl Flow {
    /// Notes that a resource changed.
    pub(super) fn changed(&mut self, name: &Arc<str>) {
        let wanted = match &self.wanted {
            Wanted::Nothing => false,
            Wanted::All => true,
            Wanted::Names(names) => names.contains(name),
        };
        if wanted {
            self.pending.insert(name.clone());
        }
    }

    pub(super) fn want_all<'a>(&mut self, all: impl Iterator<Item = &'a Arc<str>>) {
        self.wanted = Wanted::All;
        // What it has and what is no more must be taken away.
        self.pending.extend(self.held.keys().cloned());
        self.pending.extend(all.cloned());
    }

    /// Notes a subscription by name; what the edge asks for again it has lost, unless a new
    /// stream just says what it `has`.
    pub(super) fn want(&mut self, name: &str, has: bool) {
        let name: Arc<str> = name.into();
        match &mut self.wanted {
            Wanted::Nothing => self.wanted = Wanted::Names(BTreeSet::from([name.clone()])),
            Wanted::Names(names) => {
                names.insert(name.clone());
            }
            Wanted::All => {}
        }
        if !has {
            self.again.insert(name.clone());
        }
        self.greeted |= matches!(self.wanted, Wanted::Names(_));
        self.pending.insert(name);
    }

    pub(super) fn forget(&mut self, name: &str) {
        if let Wanted::Names(names) = &mut self.wanted {
            names.remove(name);
            self.pending.remove(name);
            self.again.remove(name);
            self.held.remove(name);
            self.rejected.remove(name);
            self.apart.remove(name);
        }
    }

    /// Tells a resource once more, now or when it is asked for.
    pub(super) fn tell_again(&mut self, name: &Arc<str>) {
        self.again.insert(name.clone());
        self.changed(name);
    }

    /// Whether the edge has this version already, or refused it.
    pub(super) fn is_needless(&self, name: &Arc<str>, version: Option<&Arc<str>>) -> bool {
        let refused = self.rejected.get(name).is_some_and(|(told, _)| told.as_ref() == version);
        !self.again.contains(name) && (refused || self.held.get(name) == version)
    }

    /// Drops what needs no telling; a refused change that was taken back is no refusal.
    pub(super) fn settle(&mut self, name: &Arc<str>, version: Option<&Arc<str>>) {
        self.pending.remove(name);
        self.apart.remove(name);
        if self.held.get(name) == version {
            self.rejected.remove(name);
        }
    }

    pub(super) fn acknowledge(&mut self, answered: InFlight) {
        for (name, version) in answered.names {
            self.rejected.remove(&name);
            self.apart.remove(&name);
            match version {
                Some(version) => self.held.insert(name, version),
                None => self.held.remove(&name),
            };
        }
        if let Some(done) = answered.done.filter(|_| !self.is_refused()) {
            self.done = self.done.max(done);
        }
    }

    /// Notes a refusal in the edge's own words.
    pub(super) fn refuse(&mut self, answered: InFlight, message: String, at: DateTime<Utc>) {
        let refusal = Refusal { revision: answered.revision, message, at };
        if let [(name, version)] = answered.names.as_slice() {
            self.apart.remove(name);
            self.rejected.insert(name.clone(), (version.clone(), refusal));
        } else {
            for (name, _) in answered.names {
                self.pending.insert(name.clone());
                self.apart.insert(name, refusal.clone());
            }
        }
    }

    /// Whether something stands refused.
    pub(super) fn is_refused(&self) -> bool {
        !self.rejected.is_empty() || !self.apart.is_empty()
    }

    /// Whether nothing is left to be told or answered but what `excused` says of a name: what
    /// waits because the edge refuses something that it needs, or that thing itself.
    pub(super) fn is_settled(&self, excused: impl Fn(&str) -> bool) -> bool {
        let rest = self.pending.iter().chain(self.rejected.keys());
        self.in_flight.is_none()
            && self.apart.is_empty()
            && rest.into_iter().all(|name| excused(name))
            && !matches!(self.wanted, Wanted::Nothing)
    }

    /// Whether a name is told, and accepted, and nothing of it is on its way.
    pub(super) fn is_at_rest(&self, name: &str) -> bool {
        let told = |flight: &InFlight| flight.names.iter().any(|(told, _)| &**told == name);
        !self.pending.contains(name)
            && !self.rejected.contains_key(name)
            && !self.apart.contains_key(name)
            && !self.in_flight.as_ref().is_some_and(told)
            && !matches!(self.wanted, Wanted::Nothing)
    }
}
