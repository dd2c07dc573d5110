//! What is published: for each place one view of all resources, with a log of what changed, so
//! that a stream does not compare everything each time.
//!
//! Invariant: a view is immutable; two servers make the same view of the same routing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use mainstay_core::id::{DatacenterId, EdgeId, RegionId};
use mainstay_core::routing::{EdgePlace, Routing};

use crate::resources::{self, Kind, Resource};

/// Changes that are remembered; a stream that is further behind compares everything.
const LOG_MAX: usize = 4_096;
/// Decisions whose publication is remembered.
const REVISIONS_MAX: usize = 256;

/// The state of everything at one moment.
#[derive(Debug)]
pub(crate) struct Published {
    /// Counts publications of this server, from 1.
    pub(crate) at: u64,
    pub(crate) routing: Arc<Routing>,
    views: BTreeMap<(RegionId, DatacenterId), Arc<View>>,
    /// Publications that brought a new revision, and that revision.
    revisions: VecDeque<(u64, u64)>,
}

/// What the edges of one place are told, but for their listeners.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(crate) clusters: Set,
    pub(crate) endpoints: Set,
    pub(crate) hosts: Set,
}

/// Resources of one kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Set {
    resources: BTreeMap<Arc<str>, Arc<Resource>>,
    /// Publications and the names they changed, oldest first.
    log: VecDeque<(u64, Arc<str>)>,
    /// The newest publication of which something was dropped from the log.
    forgotten: u64,
}

/// A change: the new resource, or `None` when it is gone.
type Change = (Kind, Arc<str>, Option<Resource>);

impl Published {
    /// What follows `previous` when `routing` is published.
    pub(crate) fn next(previous: Option<&Self>, routing: Arc<Routing>) -> Self {
        let at = previous.map_or(1, |previous| previous.at + 1);
        let mut revisions = previous.map(|old| old.revisions.clone()).unwrap_or_default();
        if revisions.back().is_none_or(|(_, revision)| *revision != routing.revision) {
            revisions.push_back((at, routing.revision));
        }
        while revisions.len() > REVISIONS_MAX {
            revisions.pop_front();
        }
        let mut views = BTreeMap::new();
        for place in routing.edges.values() {
            let key = (place.region.clone(), place.datacenter.clone());
            if views.contains_key(&key) {
                continue;
            }
            let old = previous.and_then(|old| Some((&*old.routing, old.views.get(&key)?)));
            views.insert(key, view(old, place, &routing, at));
        }
        Self { at, routing, views, revisions }
    }

    /// The view of an edge; `None`: there is no such edge.
    pub(crate) fn view(&self, edge: &EdgeId) -> Option<&Arc<View>> {
        let place = self.routing.edges.get(edge)?;
        self.views.get(&(place.region.clone(), place.datacenter.clone()))
    }

    /// The revision that was carried out by whoever has all of a publication; `None`: it is too
    /// long ago to be known.
    pub(crate) fn revision_at(&self, at: u64) -> Option<u64> {
        let known = self.revisions.iter().rev().find(|(since, _)| *since <= at);
        known.map(|(_, revision)| *revision)
    }
}

/// The view after a publication; the old one when nothing of it changed.
fn view(
    old: Option<(&Routing, &Arc<View>)>,
    place: &EdgePlace,
    routing: &Routing,
    at: u64,
) -> Arc<View> {
    let empty = (&Routing::default(), &Arc::new(View::default()));
    let (old_routing, old_view) = old.unwrap_or(empty);
    let mut changes = Vec::new();
    let ids: BTreeSet<_> = old_routing.services.keys().chain(routing.services.keys()).collect();
    for id in ids {
        let (was, is) = (old_routing.services.get(id), routing.services.get(id));
        if was == is && old_routing.regions == routing.regions {
            continue;
        }
        let told = |service| resources::service(id, service, place, routing);
        let is = is.map(told).unwrap_or_default();
        let names: BTreeSet<_> = is.iter().map(|(kind, name, _)| (*kind, name.clone())).collect();
        // What there was is told from the old routing: names depend on nothing else.
        let was = was.map(|was| resources::service(id, was, place, old_routing));
        for (kind, name, _) in was.unwrap_or_default() {
            if !names.contains(&(kind, name.clone())) {
                changes.push((kind, name, None));
            }
        }
        changes.extend(is.into_iter().map(|(kind, name, resource)| (kind, name, Some(resource))));
    }
    changes.retain(|change| old_view.differs(change));
    if changes.is_empty() {
        return old_view.clone();
    }
    let mut view = View::clone(old_view);
    for (kind, name, resource) in changes {
        if let Some(set) = view.set_mut(kind) {
            set.put(name, resource, at);
        }
    }
    Arc::new(view)
}

impl View {
    /// The resources of a kind; `None`: of this kind every edge has its own.
    pub(crate) fn set(&self, kind: Kind) -> Option<&Set> {
        match kind {
            Kind::Cluster => Some(&self.clusters),
            Kind::Endpoints => Some(&self.endpoints),
            Kind::VirtualHost => Some(&self.hosts),
            Kind::Listener | Kind::Routes => None,
        }
    }

    fn set_mut(&mut self, kind: Kind) -> Option<&mut Set> {
        match kind {
            Kind::Cluster => Some(&mut self.clusters),
            Kind::Endpoints => Some(&mut self.endpoints),
            Kind::VirtualHost => Some(&mut self.hosts),
            Kind::Listener | Kind::Routes => None,
        }
    }

    fn differs(&self, (kind, name, resource): &Change) -> bool {
        let old = self.set(*kind).and_then(|set| set.get(name));
        old.map(|old| &old.version) != resource.as_ref().map(|new| &new.version)
    }
}

impl Set {
    /// A set of one resource that never changes.
    pub(crate) fn of(name: &str, resource: Resource) -> Self {
        let mut set = Self::default();
        set.put(name.into(), Some(resource), 0);
        set
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Arc<Resource>> {
        self.resources.get(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.resources.keys()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// Names that changed after a publication; `None`: the log does not reach back so far.
    pub(crate) fn changed_after(&self, at: u64) -> Option<impl Iterator<Item = &Arc<str>>> {
        let newer = move |(changed, _): &&(u64, Arc<str>)| *changed > at;
        (self.forgotten <= at)
            .then(|| self.log.iter().rev().take_while(newer).map(|(_, name)| name))
    }

    fn put(&mut self, name: Arc<str>, resource: Option<Resource>, at: u64) {
        match resource {
            Some(resource) => self.resources.insert(name.clone(), Arc::new(resource)),
            None => self.resources.remove(&name),
        };
        self.log.push_back((at, name));
        while self.log.len() > LOG_MAX {
            self.forgotten = self.log.pop_front().map_or(self.forgotten, |(at, _)| at);
        }
    }
}
