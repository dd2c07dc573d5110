//! Moments of the past: what is written down of the estate so that it can be looked at again.
//!
//! Invariants: the entries of a data centre, played from the last whole one up to a moment, give
//! what ran there then, to within [`PERIOD`]. What measures (processor, memory) is not kept, so a
//! fleet in which nothing happens writes nothing. A moment at which nobody wrote is not known.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::estate::{Contact, DatacenterState, Estate, Instance};
use crate::fleet::Fleet;
use crate::id::{DatacenterId, InstanceId};

/// How often changes are written down.
pub const PERIOD: Duration = Duration::from_secs(5);
/// How long they are kept.
pub const KEPT: TimeDelta = TimeDelta::days(31);
/// Fewest changes after which everything is written again.
const CHANGES_LEAST: usize = 64;

/// What is written down of one data centre at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// It holds all that was there; else what is another since the entry before.
    pub whole: bool,
    pub contact: Contact,
    pub agent_version: Option<String>,
    pub instances: Vec<Instance>,
    #[serde(default)]
    pub gone: Vec<InstanceId>,
}

/// What was written down so far, by data centre.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    known: BTreeMap<DatacenterId, Arc<Known>>,
}

#[derive(Debug)]
struct Known {
    contact: Contact,
    agent_version: Option<String>,
    instances: BTreeMap<InstanceId, Arc<Instance>>,
    /// Instances that were written since everything was.
    changes: usize,
}

impl Recorder {
    /// What is to be written now, and the recorder as it is once that is done. One that knows
    /// nothing writes everything.
    pub fn look(&self, estate: &Estate) -> (Vec<(DatacenterId, Entry)>, Self) {
        let mut next = self.clone();
        let mut entries = Vec::new();
        for (id, state) in &estate.datacenters {
            let contact = state.contact(estate.at);
            let known = self.known.get(id).map(Arc::as_ref);
            let Some((entry, known)) = differ(known, state, contact) else { continue };
            next.known.insert(id.clone(), Arc::new(known));
            entries.push((id.clone(), entry));
        }
        for id in self.known.keys().filter(|id| !estate.datacenters.contains_key(*id)) {
            next.known.remove(id);
            entries.push((id.clone(), Entry::nothing()));
        }
        (entries, next)
    }
}

impl Entry {
    /// A data centre that was forgotten.
    const fn nothing() -> Self {
        Self {
            whole: true,
            contact: Contact::Never,
            agent_version: None,
            instances: Vec::new(),
            gone: Vec::new(),
        }
    }
}

/// The entry that leads from what is known to what is; `None`: it is the same.
fn differ(
    known: Option<&Known>,
    state: &DatacenterState,
    contact: Contact,
) -> Option<(Entry, Known)> {
    let (before, changes) = known.map_or((None, 0), |it| (Some(&it.instances), it.changes));
    let is_new = |(id, instance): &(&InstanceId, &Arc<Instance>)| {
        let before = before.and_then(|before| before.get(*id));
        before.is_none_or(|before| !Arc::ptr_eq(before, instance) && !same(before, instance))
    };
    let changed: Vec<_> = state.instances.iter().filter(is_new).collect();
    let gone: Vec<_> = before
        .into_iter()
        .flat_map(BTreeMap::keys)
        .filter(|id| !state.instances.contains_key(*id))
        .cloned()
        .collect();
    let quiet = known.is_some_and(|known| {
        known.contact == contact && known.agent_version == state.agent_version
    });
    if quiet && changed.is_empty() && gone.is_empty() {
        return None;
    }
    let changes = changes + changed.len() + gone.len();
    let whole = known.is_none() || changes > state.instances.len().max(CHANGES_LEAST);
    let bare = |instance: &Arc<Instance>| bare(instance);
    let instances = match whole {
        true => state.instances.values().map(bare).collect(),
        false => changed.into_iter().map(|(_, instance)| bare(instance)).collect(),
    };
    let gone = if whole { Vec::new() } else { gone };
    let agent_version = state.agent_version.clone();
    let known = Known {
        contact,
        agent_version: agent_version.clone(),
        instances: state.instances.clone(),
        changes: if whole { 0 } else { changes },
    };
    Some((Entry { whole, contact, agent_version, instances, gone }, known))
}

/// Without what measures.
fn bare(instance: &Instance) -> Instance {
    Instance { cpu_millicores: None, memory_bytes: None, ..instance.clone() }
}

/// Whether two are alike but for what measures.
fn same(one: &Instance, other: &Instance) -> bool {
    let what = |it: &Instance| (it.since, it.restarts);
    what(one) == what(other)
        && one.state == other.state
        && one.version == other.version
        && one.service == other.service
        && one.endpoint == other.endpoint
        && one.handle == other.handle
}

/// The estate as it was: `entries` of each data centre from its last whole one on, in their order.
/// Rollouts, databases and what was told of work are not kept.
pub fn estate(
    fleet: Fleet,
    fleet_revision: i64,
    entries: BTreeMap<DatacenterId, Vec<Entry>>,
    at: DateTime<Utc>,
) -> Estate {
    let states = entries.into_iter().map(|(id, entries)| (id, Arc::new(play(entries, at))));
    let datacenters = states.collect();
    Estate { fleet: Arc::new(fleet), fleet_revision, datacenters, at, ..Estate::default() }
}

fn play(entries: Vec<Entry>, at: DateTime<Utc>) -> DatacenterState {
    let mut state = DatacenterState::default();
    for entry in entries {
        if entry.whole {
            state.instances.clear();
        }
        for id in &entry.gone {
            state.instances.remove(id);
        }
        let told = entry.instances.into_iter();
        state.instances.extend(told.map(|it| (it.id.clone(), Arc::new(it))));
        state.agent_version = entry.agent_version;
        state.connected = entry.contact == Contact::Reporting;
        state.last_seen = match entry.contact {
            Contact::Never => None,
            Contact::Reporting => Some(at),
            Contact::Silent { since } => Some(since),
        };
    }
    state
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::estate::{Cause, InstanceState};

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("a small timestamp")
    }

    fn instance(number: u8, version: u8, serving: bool) -> Arc<Instance> {
        let state = match serving {
            true => InstanceState::Serving,
            false => InstanceState::Unhealthy { cause: Cause::Vanished },
        };
        Arc::new(Instance {
            id: format!("shop-a-{number}").parse().expect("an id"),
            service: "shop".parse().expect("an id"),
            version: format!("1.{version}.0"),
            state,
            since: at(1),
            restarts: 0,
            cpu_millicores: Some(7),
            memory_bytes: Some(1),
            endpoint: None,
            handle: None,
        })
    }

    fn dc(name: &str) -> DatacenterId {
        name.parse().expect("an id")
    }

    fn now(seconds: i64, states: &[(&str, DatacenterState)]) -> Estate {
        let states = states.iter().map(|(id, state)| (dc(id), Arc::new(state.clone())));
        Estate { at: at(seconds), datacenters: states.collect(), ..Estate::default() }
    }

    fn heard(seconds: i64, instances: &[Arc<Instance>]) -> DatacenterState {
        let instances = instances.iter().map(|it| (it.id.clone(), it.clone())).collect();
        let last_seen = Some(at(seconds));
        DatacenterState { last_seen, connected: true, instances, ..DatacenterState::default() }
    }

    /// What a reader of the past can tell of a data centre.
    fn told(estate: &Estate) -> Vec<(DatacenterId, Contact, Vec<Instance>)> {
        let states = estate.datacenters.iter().map(|(id, state)| {
            let instances = state.instances.values().map(|it| bare(it)).collect();
            (id.clone(), state.contact(estate.at), instances)
        });
        states.filter(|(_, contact, _)| *contact != Contact::Never).collect()
    }

    #[test]
    fn what_only_measures_is_not_written() {
        let one = instance(1, 0, true);
        let state = heard(10, std::slice::from_ref(&one));
        let (first, recorder) = Recorder::default().look(&now(10, &[("a", state)]));
        assert_eq!(first.len(), 1);
        assert!(first[0].1.whole && first[0].1.instances[0].cpu_millicores.is_none());
        let busier = Arc::new(Instance { cpu_millicores: Some(900), ..(*one).clone() });
        let (none, recorder) = recorder.look(&now(15, &[("a", heard(15, &[busier]))]));
        assert_eq!(none, []);
        let failing = instance(1, 0, false);
        let (change, _) = recorder.look(&now(20, &[("a", heard(20, &[failing]))]));
        assert!(!change[0].1.whole && change[0].1.instances.len() == 1, "{change:?}");
    }

    #[test]
    fn silence_is_written_once_and_is_silence_in_the_past() {
        let state = heard(10, &[instance(1, 0, true)]);
        let (first, recorder) = Recorder::default().look(&now(10, &[("a", state.clone())]));
        let (silent, recorder) = recorder.look(&now(30, &[("a", state.clone())]));
        assert_eq!(silent[0].1.contact, Contact::Silent { since: at(10) });
        assert!(silent[0].1.instances.is_empty(), "nothing else changed");
        assert_eq!(recorder.look(&now(60, &[("a", state)])).0, []);
        let entries = [first, silent].into_iter().flatten().map(|(_, entry)| entry).collect();
        let past = estate(Fleet::default(), 1, [(dc("a"), entries)].into(), at(40));
        assert_eq!(past.contact(&dc("a")), Contact::Silent { since: at(10) });
        assert_eq!(past.datacenters[&dc("a")].instances.len(), 1);
    }

    /// A data centre at one look: absent, silent or heard, with some of a few instances, each by
    /// its number, its version and whether it serves.
    type Scene = Option<(bool, Vec<(u8, u8, bool)>)>;

    fn scenes() -> impl Strategy<Value = Vec<Scene>> {
        let instances = prop::collection::vec((0..6_u8, 0..3_u8, any::<bool>()), 0..6);
        prop::collection::vec(prop::option::weighted(0.9, (any::<bool>(), instances)), 2)
    }

    proptest! {
        /// Every moment of a story is told again as it was, from the entries that the store would
        /// hand over: of each data centre the last whole one and what follows.
        #[test]
        fn every_moment_is_played_again_as_it_was(story in prop::collection::vec(scenes(), 1..24)) {
            let mut recorder = Recorder::default();
            let mut written: BTreeMap<DatacenterId, Vec<Entry>> = BTreeMap::new();
            for (step, scene) in story.into_iter().enumerate() {
                let seconds = 100 + 10 * i64::try_from(step).unwrap_or_default();
                let states: Vec<_> = ["a", "b"].into_iter().zip(scene).filter_map(|(id, told)| {
                    let (reports, instances) = told?;
                    let built = |(n, v, ok): (u8, u8, bool)| instance(n, v, ok);
                    let instances: Vec<_> = instances.into_iter().map(built).collect();
                    let seen = if reports { seconds } else { 50 };
                    Some((id, heard(seen, &instances)))
                }).collect();
                let scene = now(seconds, &states);
                let (entries, next) = recorder.look(&scene);
                recorder = next;
                for (id, entry) in entries {
                    let entries = written.entry(id).or_default();
                    if entry.whole {
                        entries.clear();
                    }
                    entries.push(entry);
                }
                let past = estate(Fleet::default(), 1, written.clone(), at(seconds));
                prop_assert_eq!(told(&past), told(&scene));
            }
        }
    }
}
