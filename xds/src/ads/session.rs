//! What one edge has, wants and refuses: the state of a stream, without the stream.
//!
//! Invariants: one response of a kind is on its way at a time; a virtual host is told when the
//! edge has all clusters it points at, and so a rollback to clusters it has never waits; a cluster
//! is taken away when its service's virtual host points elsewhere; what was refused is not told
//! again until it changes, and everything else is: a refusal holds up its own service only.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use mainstay_core::id::{EdgeId, ServiceId};

use super::Nack;
use super::flow::{Flow, InFlight, Refusal, Wanted};
use super::view::{Published, Set, View};
use crate::pb::discovery::Resource as Told;
use crate::pb::discovery::{DeltaDiscoveryRequest, DeltaDiscoveryResponse};
use crate::resources::{self, Kind, Resource};

/// Resources of one response; what is more follows when it is acknowledged.
const RESPONSE_MAX_BYTES: usize = 1024 * 1024;
/// What a name is that stands for all.
const WILDCARD: &str = "*";

/// A name and what is told of it; `None`: that it is gone.
type Choice = (Arc<str>, Option<Arc<Resource>>);

pub(super) struct Session {
    listeners: Set,
    routes: Set,
    flows: BTreeMap<Kind, Flow>,
    nonce: u64,
}

impl Session {
    pub(super) fn new(edge: &EdgeId, listen: SocketAddr) -> Self {
        let listener = resources::listener(edge, listen);
        let (name, routes) = (listener.name.clone(), resources::routes());
        let own = routes.name.clone();
        Self {
            listeners: Set::of(&name, Resource::new(listener, Vec::new())),
            routes: Set::of(&own, Resource::new(routes, Vec::new())),
            flows: Kind::ALL.into_iter().map(|kind| (kind, Flow::default())).collect(),
            nonce: 0,
        }
    }

    /// Takes in what the edge says: subscriptions, acknowledgements, refusals.
    pub(super) fn receive(
        &mut self,
        request: DeltaDiscoveryRequest,
        view: &View,
        at: u64,
        now: DateTime<Utc>,
    ) {
        let Some(kind) = Kind::from_type_url(&request.type_url) else {
            tracing::debug!(kind = request.type_url, "an edge asked for what there is none of");
            return;
        };
        self.subscribe(kind, &request, view, at);
        let flow = self.flow(kind);
        let Some(answered) = flow.in_flight.take_if(|sent| sent.nonce == request.response_nonce)
        else {
            return;
        };
        match request.error_detail {
            None => flow.acknowledge(answered),
            Some(error) => flow.refuse(answered, error.message, now),
        }
    }

    /// Looks what changed since it looked last.
    pub(super) fn wake(&mut self, view: &View, at: u64) {
        for kind in Kind::ALL {
            let set = Self::set(&self.listeners, &self.routes, view, kind);
            let Some(flow) = self.flows.get_mut(&kind) else { continue };
            match set.changed_after(flow.seen) {
                Some(names) => names.for_each(|name| flow.changed(name)),
                None => {
                    let held: Vec<Arc<str>> = flow.held.keys().cloned().collect();
                    set.names().chain(&held).for_each(|name| flow.changed(name));
                }
            }
            flow.seen = at;
        }
    }

    /// The next thing to tell, if any may be told now.
    pub(super) fn next(
        &mut self,
        published: &Published,
        view: &View,
    ) -> Option<DeltaDiscoveryResponse> {
        Kind::ALL.into_iter().find_map(|kind| self.respond(kind, published, view))
    }

    /// The publication of which the edge has everything, but for services of which it refuses
    /// something ([`Self::nacks`]); `None`: not even of the first.
    pub(super) fn done(&self, view: &View) -> Option<u64> {
        let done = |(kind, flow): (&Kind, &Flow)| match flow.wanted {
            // Envoy asks for endpoints when it has clusters.
            Wanted::Nothing if *kind == Kind::Endpoints && view.endpoints.is_empty() => u64::MAX,
            Wanted::Nothing => 0,
            Wanted::All | Wanted::Names(_) => flow.done,
        };
        self.flows.iter().map(done).min().filter(|done| *done > 0)
    }

    /// What the edge refuses now: each thing by itself, and together what is still told apart.
    pub(super) fn nacks(&self) -> Vec<Nack> {
        let mut nacks = Vec::new();
        for (kind, flow) in &self.flows {
            let nack = |names: Vec<String>, refusal: &Refusal| Nack {
                kind: *kind,
                revision: refusal.revision,
                names,
                message: refusal.message.clone(),
                at: refusal.at,
            };
            let each = flow.rejected.iter();
            nacks.extend(each.map(|(name, (_, refusal))| nack(vec![name.to_string()], refusal)));
            if let Some(refusal) = flow.apart.values().max_by_key(|refusal| refusal.at) {
                let names = flow.apart.keys().map(ToString::to_string).collect();
                nacks.push(nack(names, refusal));
            }
        }
        nacks
    }

    /// Services of which the edge refuses something.
    fn refused(&self) -> BTreeSet<ServiceId> {
        let names = |(kind, flow): (&Kind, &Flow)| {
            let kind = *kind;
            let names = flow.rejected.keys().filter_map(move |name| kind.service(name));
            names.collect::<Vec<_>>()
        };
        self.flows.iter().flat_map(names).collect()
    }

    fn flow(&mut self, kind: Kind) -> &mut Flow {
        self.flows.entry(kind).or_default()
    }

    fn set<'a>(listeners: &'a Set, routes: &'a Set, view: &'a View, kind: Kind) -> &'a Set {
        match kind {
            Kind::Listener => listeners,
            Kind::Routes => routes,
            Kind::Cluster => &view.clusters,
            Kind::Endpoints => &view.endpoints,
            Kind::VirtualHost => &view.hosts,
        }
    }

    fn subscribe(&mut self, kind: Kind, request: &DeltaDiscoveryRequest, view: &View, at: u64) {
        let set = Self::set(&self.listeners, &self.routes, view, kind);
        let Some(flow) = self.flows.get_mut(&kind) else { return };
        let first = matches!(flow.wanted, Wanted::Nothing);
        if first {
            let had = &request.initial_resource_versions;
            flow.held.extend(had.iter().map(|(k, v)| (k.as_str().into(), v.as_str().into())));
            flow.seen = at;
        }
        let names = &request.resource_names_subscribe;
        // Nothing named is everything; of virtual hosts, all below the name of their routes.
        let by_rule = first && names.is_empty() && !matches!(kind, Kind::Endpoints | Kind::Routes);
        let everything = |name: &String| {
            name == WILDCARD || (kind == Kind::VirtualHost && name == resources::ROUTES)
        };
        if by_rule || names.iter().any(everything) {
            flow.want_all(set.names());
        }
        for name in names.iter().filter(|name| !everything(name)) {
            let current = set.get(name).map(|resource| &resource.version);
            let has = current.is_some() && flow.held.get(name.as_str()) == current;
            flow.want(name, first && has);
        }
        for name in &request.resource_names_unsubscribe {
            flow.forget(name);
        }
    }

    fn respond(
        &mut self,
        kind: Kind,
        published: &Published,
        view: &View,
    ) -> Option<DeltaDiscoveryResponse> {
        let chosen = self.choose(kind, view)?;
        if kind == Kind::Cluster {
            self.tell_endpoints_again(&chosen);
        }
        self.nonce += 1;
        let nonce = self.nonce.to_string();
        let flow = self.flow(kind);
        let mut response = DeltaDiscoveryResponse {
            type_url: kind.type_url().to_owned(),
            nonce: nonce.clone(),
            system_version_info: published.routing.revision.to_string(),
            ..Default::default()
        };
        let mut names = Vec::with_capacity(chosen.len());
        for (name, resource) in chosen {
            flow.pending.remove(&name);
            flow.again.remove(&name);
            names.push((name.clone(), resource.as_ref().map(|told| told.version.clone())));
            match resource {
                None => response.removed_resources.push(name.to_string()),
                Some(told) => response.resources.push(Told {
                    name: name.to_string(),
                    version: told.version.to_string(),
                    resource: Some(told.body.clone()),
                    ..Default::default()
                }),
            }
        }
        flow.greeted = true;
        flow.in_flight = Some(InFlight {
            nonce,
            names,
            done: flow.pending.is_empty().then_some(published.at),
            revision: published.routing.revision,
        });
        Some(response)
    }

    /// What to tell of a kind now; `None`: nothing. Forgets on the way what needs no telling.
    fn choose(&mut self, kind: Kind, view: &View) -> Option<Vec<Choice>> {
        let has_all = |names: &[Arc<str>]| {
            let held =
                |kind, name| self.flows.get(&kind).is_some_and(|f| f.held.contains_key(name));
            names.iter().all(|name| held(Kind::Cluster, name) && held(Kind::Endpoints, name))
        };
        let hosts = self.flows.get(&Kind::VirtualHost);
        // A cluster goes when no share of its service leads to it any more.
        let may_remove = |name: &str| {
            kind != Kind::Cluster
                || kind.service(name).is_none_or(|service| {
                    hosts.is_some_and(|flow| flow.is_at_rest(&resources::host_name(&service)))
                })
        };
        let set = Self::set(&self.listeners, &self.routes, view, kind);
        let flow = self.flows.get(&kind)?;
        if flow.in_flight.is_some() || matches!(flow.wanted, Wanted::Nothing) {
            return None;
        }
        let (mut chosen, mut needless, mut bytes) = (Vec::new(), Vec::new(), 0);
        for name in &flow.pending {
            let resource = set.get(name);
            if flow.is_needless(name, resource.map(|resource| &resource.version)) {
                needless.push((name.clone(), resource.map(|resource| resource.version.clone())));
                continue;
            }
            if !resource.map_or_else(|| may_remove(name), |resource| has_all(&resource.needs)) {
                continue;
            }
            let apart = flow.apart.contains_key(name);
            if apart && !chosen.is_empty() {
                continue;
            }
            bytes += resource.map_or(0, |resource| resource.body.value.len());
            chosen.push((name.clone(), resource.cloned()));
            if apart || bytes > RESPONSE_MAX_BYTES {
                break;
            }
        }
        let seen = flow.seen;
        let flow = self.flow(kind);
        for (name, version) in needless {
            flow.settle(&name, version.as_ref());
        }
        if chosen.is_empty() && self.flow(kind).greeted {
            let refused = self.refused();
            let excused = |name: &str| kind.service(name).is_some_and(|it| refused.contains(&it));
            let flow = self.flow(kind);
            if flow.is_settled(excused) {
                flow.done = flow.done.max(seen);
            }
            return None;
        }
        Some(chosen)
    }

    /// A cluster that changes is warmed up anew and waits for endpoints, but does not ask again.
    fn tell_endpoints_again(&mut self, chosen: &[Choice]) {
        let held: BTreeSet<Arc<str>> = self.flow(Kind::Cluster).held.keys().cloned().collect();
        let endpoints = self.flow(Kind::Endpoints);
        for (name, resource) in chosen {
            if resource.is_some() && held.contains(name) {
                endpoints.tell_again(name);
            }
        }
    }
}
