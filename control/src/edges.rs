//! The edges: what they are to be told, and what they acknowledge.
//!
//! A driver for a kind of proxy (Envoy's is in the server) follows [`Edges::routing`] and tells
//! what it hears with [`Edges::observe`]. What edges of other servers told is read from the store,
//! so that every server knows all of them.
//!
//! Invariants: a decision goes out at once, what is merely observed is gathered a little; nothing
//! goes out before this server knows the fleet and what ran when it started, so that a restart
//! takes nothing away from an edge; an edge whose server is not heard any more is not connected.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::id::{EdgeId, ServiceId};
use mainstay_core::rollout::{self, EdgeFact};
use mainstay_core::routing::Routing;
use mainstay_store::{Store, StoreError, edge as stored};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::estate::LiveEstate;

/// Observed changes are gathered for so long before edges are told.
const GATHER: Duration = Duration::from_millis(100);
/// How often what other servers know is read.
const FOLLOW_PERIOD: Duration = Duration::from_secs(1);
/// How often a server says that it still sees its edges.
const HEARTBEAT: TimeDelta = TimeDelta::seconds(2);
/// A server that said nothing for so long sees its edges no more.
const SERVER_LOST_AFTER: TimeDelta = TimeDelta::seconds(6);

/// How an edge stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeState {
    pub connected: bool,
    /// Since when it is connected or not.
    pub since: DateTime<Utc>,
    /// The proxy's program and version, as it told.
    pub proxy: Option<String>,
    /// The newest revision that was there for it.
    pub published_revision: u64,
    /// All decisions up to this revision are acknowledged; 0: none.
    pub acknowledged_revision: u64,
    /// When it acknowledged that.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// What it refuses, until a later version of it is acknowledged.
    #[serde(default)]
    pub nacks: Vec<Nack>,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nack {
    /// What kind of thing was refused, in the proxy's own terms.
    pub kind: String,
    /// The revision that was told.
    pub revision: u64,
    /// The things refused: one, or for a moment those among which it is.
    pub names: Vec<String>,
    /// Whose they are; none: of no service.
    pub services: BTreeSet<ServiceId>,
    /// The edge's own words.
    pub message: String,
    pub at: DateTime<Utc>,
}

impl Nack {
    /// The version whose things were refused, if it is one: they are named `service/version`.
    fn version(&self) -> Option<String> {
        let [name] = self.names.as_slice() else { return None };
        let (service, version) = name.split_once('/')?;
        let known = self.services.iter().any(|id| id.as_str() == service);
        known.then(|| version.to_owned())
    }
}

/// What a driver tells of an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    pub connected: bool,
    pub since: DateTime<Utc>,
    pub proxy: Option<String>,
    pub published_revision: u64,
    pub acknowledged_revision: u64,
    pub nacks: Vec<Nack>,
}

/// What every server process knows of all edges.
#[derive(Debug)]
pub struct Edges {
    store: Store,
    estate: Arc<LiveEstate>,
    routing: watch::Sender<Option<Arc<Routing>>>,
    known: Mutex<Known>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Known {
    /// Edges that were connected to this server since it started.
    here: BTreeMap<EdgeId, EdgeState>,
    /// What other servers told, the newest of each edge.
    elsewhere: BTreeMap<EdgeId, (EdgeState, DateTime<Utc>)>,
}

impl Edges {
    pub fn new(store: Store, estate: Arc<LiveEstate>) -> Self {
        Self {
            store,
            estate,
            routing: watch::Sender::new(None),
            known: Mutex::default(),
            changed: watch::Sender::new(0),
        }
    }

    /// What edges are to be told; `None`: nothing yet, what they have stays.
    pub fn routing(&self) -> watch::Receiver<Option<Arc<Routing>>> {
        self.routing.subscribe()
    }

    /// Takes in what a driver knows of the edges of this server: all of those that were connected
    /// since it started.
    pub fn observe(&self, seen: BTreeMap<EdgeId, Sight>, now: DateTime<Utc>) {
        let mut known = self.known();
        let new = seen.into_iter().map(|(id, sight)| {
            let old = known.here.get(&id);
            let same = old.filter(|it| it.acknowledged_revision == sight.acknowledged_revision);
            let first = (sight.acknowledged_revision > 0).then_some(now);
            let acknowledged_at = same.map_or(first, |it| it.acknowledged_at);
            let state = EdgeState {
                connected: sight.connected,
                since: sight.since,
                proxy: sight.proxy,
                published_revision: sight.published_revision,
                acknowledged_revision: sight.acknowledged_revision,
                acknowledged_at,
                nacks: sight.nacks,
            };
            (id, state)
        });
        let new: BTreeMap<_, _> = new.collect();
        if new != known.here {
            known.here = new;
            drop(known);
            self.changed.send_modify(|version| *version += 1);
        }
    }

    /// Every edge that was ever connected to a server that is or was heard.
    pub fn all(&self, now: DateTime<Utc>) -> BTreeMap<EdgeId, EdgeState> {
        let known = self.known();
        let mut all = known.here.clone();
        for (id, (state, seen_at)) in &known.elsewhere {
            let state = as_of(state, *seen_at, now);
            match all.get(id) {
                // It is connected to one server at a time; else the last one knows best.
                Some(here) if (here.connected, here.since) >= (state.connected, state.since) => {}
                Some(_) | None => {
                    all.insert(id.clone(), state);
                }
            }
        }
        all
    }

    /// The same as decisions need it.
    pub fn facts(&self, now: DateTime<Utc>) -> BTreeMap<EdgeId, EdgeFact> {
        self.all(now).into_iter().map(|(id, state)| (id, EdgeFact::from(state))).collect()
    }

    /// Wakes whenever an edge stands differently.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Keeps the routing as the estate asks for it, until told to stop.
    pub async fn route(&self, shutdown: CancellationToken) {
        let mut changed = self.estate.subscribe();
        loop {
            changed.mark_unchanged();
            self.tell();
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = changed.changed() => {}
            }
            if !self.is_decision() {
                tokio::select! {
                    () = shutdown.cancelled() => return,
                    () = self.decision() => {}
                    () = tokio::time::sleep(GATHER) => {}
                }
            }
        }
    }

    /// Waits for a decision that edges were not told.
    async fn decision(&self) {
        let mut changed = self.estate.subscribe();
        while !self.is_decision() && changed.changed().await.is_ok() {}
    }

    /// Whether something was decided that edges were not told.
    fn is_decision(&self) -> bool {
        let told = self.routing.borrow().as_ref().map(|routing| routing.revision);
        told.is_some_and(|told| told != self.estate.decided_revision())
    }

    fn tell(&self) {
        let snapshot = self.estate.snapshot(Utc::now());
        if snapshot.store_read_at.is_none() || snapshot.estate.fleet_revision == 0 {
            return;
        }
        let routing = rollout::routing(&snapshot.estate);
        self.routing.send_if_modified(|told| {
            let differs = told.as_ref().is_none_or(|told| **told != routing);
            if differs {
                *told = Some(Arc::new(routing));
            }
            differs
        });
    }

    /// Writes what this server knows of its edges and reads what the others know, until told to
    /// stop. `server` names this process.
    pub async fn share(&self, server: String, shutdown: CancellationToken) {
        let mut changed = self.changed.subscribe();
        let mut ticks = tokio::time::interval(FOLLOW_PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut written = Written::default();
        let mut away = false;
        loop {
            let follow = tokio::select! {
                () = shutdown.cancelled() => return,
                // A thousand edges acknowledge at once.
                _ = changed.changed() => { tokio::time::sleep(GATHER).await; false }
                _ = ticks.tick() => true,
            };
            changed.mark_unchanged();
            match self.exchange(&server, &mut written, follow).await {
                Ok(()) => away = false,
                Err(error) if !std::mem::replace(&mut away, true) => {
                    tracing::warn!(%error, "what edges acknowledge is kept in memory for now");
                }
                Err(_) => {}
            }
        }
    }

    async fn exchange(
        &self,
        server: &str,
        written: &mut Written,
        follow: bool,
    ) -> Result<(), StoreError> {
        let now = Utc::now();
        let here = self.known().here.clone();
        let due = written.at.is_none_or(|at| now - at >= HEARTBEAT);
        if !here.is_empty() && (due || here != written.states) {
            let rows: Vec<_> =
                here.iter().map(|(id, state)| (id, state.connected, state)).collect();
            let rows = rows.as_slice();
            self.store.read_committed(|tx| Box::pin(stored::write(tx, server, rows, now))).await?;
            *written = Written { states: here, at: Some(now) };
        }
        if follow {
            let seen = stored::read::<EdgeState>(self.store.reads()).await?;
            self.take_over(server, seen, now);
        }
        Ok(())
    }

    fn take_over(&self, server: &str, seen: Vec<stored::Seen<EdgeState>>, now: DateTime<Utc>) {
        let mut elsewhere: BTreeMap<EdgeId, (EdgeState, DateTime<Utc>)> = BTreeMap::new();
        for row in seen.into_iter().filter(|row| row.server != server) {
            let better = elsewhere.get(&row.edge).is_none_or(|(known, seen_at)| {
                let (old, new) = (as_of(known, *seen_at, now), as_of(&row.state, row.seen_at, now));
                (new.connected, new.since) > (old.connected, old.since)
            });
            if better {
                elsewhere.insert(row.edge, (row.state, row.seen_at));
            }
        }
        let mut known = self.known();
        let states = |map: &BTreeMap<EdgeId, (EdgeState, DateTime<Utc>)>| {
            map.values().map(|(state, at)| as_of(state, *at, now)).collect::<Vec<_>>()
        };
        let differs = states(&known.elsewhere) != states(&elsewhere);
        known.elsewhere = elsewhere;
        drop(known);
        if differs {
            self.changed.send_modify(|version| *version += 1);
        }
    }

    // A panic while holding the lock leaves whole values behind, so a poisoned lock is usable.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What this server wrote last.
#[derive(Default)]
struct Written {
    states: BTreeMap<EdgeId, EdgeState>,
    at: Option<DateTime<Utc>>,
}

/// What another server told, as it counts now: from one that fell silent nothing is known since.
fn as_of(state: &EdgeState, seen_at: DateTime<Utc>, now: DateTime<Utc>) -> EdgeState {
    let lost = state.connected && now - seen_at >= SERVER_LOST_AFTER;
    let mut state = state.clone();
    if lost {
        state.connected = false;
        state.since = seen_at;
    }
    state
}

impl From<EdgeState> for EdgeFact {
    fn from(state: EdgeState) -> Self {
        Self {
            connected: state.connected,
            since: state.since,
            acknowledged_revision: state.acknowledged_revision,
            acknowledged_at: state.acknowledged_at,
            nacks: state.nacks.into_iter().map(rollout::Nack::from).collect(),
        }
    }
}

impl From<Nack> for rollout::Nack {
    fn from(nack: Nack) -> Self {
        let version = nack.version();
        let Nack { revision, services, message, at, .. } = nack;
        Self { revision, services, version, message, at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("a small timestamp")
    }

    fn edges() -> Edges {
        let store = Store::new("postgres://nobody@127.0.0.1:1/none", Default::default());
        Edges::new(store.expect("an address"), Arc::default())
    }

    fn sight(connected: bool, since: i64, acknowledged: u64) -> Sight {
        Sight {
            connected,
            since: at(since),
            proxy: None,
            published_revision: 9,
            acknowledged_revision: acknowledged,
            nacks: Vec::new(),
        }
    }

    #[tokio::test]
    async fn an_acknowledgement_keeps_the_moment_it_was_first_seen() {
        let (edges, id) = (edges(), EdgeId::new("west").expect("an id"));
        let mut wakes = edges.subscribe();
        let told = |sight| BTreeMap::from([(id.clone(), sight)]);
        edges.observe(told(sight(true, 1, 0)), at(1));
        assert_eq!(edges.all(at(1))[&id].acknowledged_at, None);
        edges.observe(told(sight(true, 1, 4)), at(2));
        wakes.mark_unchanged();
        edges.observe(told(sight(true, 1, 4)), at(3));
        assert!(!wakes.has_changed().expect("it lives"), "nothing new");
        assert_eq!(edges.all(at(3))[&id].acknowledged_at, Some(at(2)));
        edges.observe(told(sight(true, 1, 5)), at(4));
        assert_eq!(edges.facts(at(4))[&id].acknowledged_at, Some(at(4)));
    }

    #[tokio::test]
    async fn the_server_that_an_edge_is_connected_to_speaks_for_it() {
        let (edges, id) = (edges(), EdgeId::new("west").expect("an id"));
        edges.observe(BTreeMap::from([(id.clone(), sight(false, 5, 3))]), at(5));
        let row = |server: &str, seen_at, connected, since, acknowledged_revision| stored::Seen {
            edge: id.clone(),
            server: server.to_owned(),
            connected,
            seen_at: at(seen_at),
            state: EdgeState {
                connected,
                since: at(since),
                proxy: None,
                published_revision: 9,
                acknowledged_revision,
                acknowledged_at: None,
                nacks: Vec::new(),
            },
        };
        let rows = vec![row("b", 8, true, 6, 7), row("c", 8, false, 4, 2), row("a", 8, true, 9, 1)];
        edges.take_over("a", rows, at(8));
        let seen = edges.all(at(8))[&id].clone();
        assert_eq!((seen.connected, seen.acknowledged_revision), (true, 7));
        // The other server fell silent: what it said last stands, but nobody is connected.
        let seen = edges.all(at(20))[&id].clone();
        assert_eq!((seen.connected, seen.since, seen.acknowledged_revision), (false, at(8), 7));
        // It is back here.
        edges.observe(BTreeMap::from([(id.clone(), sight(true, 21, 8))]), at(21));
        assert_eq!(edges.all(at(22))[&id].acknowledged_revision, 8);
    }
}
