//! What the clusters of databases agree by: an etcd of three members, each in a data centre of its
//! own. It begins empty with each lab, because the lab's network is another one each time; the
//! members of clusters bring what they know.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use mainstay_core::fleet::Fleet;
use mainstay_core::id::{DatacenterId, RegionId};

use super::daemon::{Daemon, Plan};
use super::ground::Ground;
use super::rest;

const MEMBERS: usize = 3;
const CLIENTS: u16 = 2379;
const PEERS: u16 = 2380;
/// Longest wait until the members have found each other.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Store {
    members: BTreeMap<DatacenterId, Member>,
}

#[derive(Debug)]
struct Member {
    ip: IpAddr,
    plan: Plan,
    daemon: Mutex<Option<Daemon>>,
}

impl Store {
    pub(super) async fn start(
        fleet: &Fleet,
        program: &Path,
        ips: &BTreeMap<DatacenterId, IpAddr>,
        ground: &Ground,
        logs: &Path,
    ) -> anyhow::Result<Self> {
        let places = places(fleet);
        let url = |id: &DatacenterId, port| format!("http://{}:{port}", ips[id]);
        let all: Vec<_> = places.iter().map(|id| format!("{id}={}", url(id, PEERS))).collect();
        let mut members = BTreeMap::new();
        for id in &places {
            let dir = ground.store(id);
            let _ = fs::remove_dir_all(&dir);
            ground.account.make_dir(&dir)?;
            let arguments = [
                ("--name", id.to_string()),
                ("--data-dir", dir.join("data").display().to_string()),
                ("--listen-client-urls", url(id, CLIENTS)),
                ("--advertise-client-urls", url(id, CLIENTS)),
                ("--listen-peer-urls", url(id, PEERS)),
                ("--initial-advertise-peer-urls", url(id, PEERS)),
                ("--initial-cluster", all.join(",")),
                ("--heartbeat-interval", "200".to_owned()),
                ("--election-timeout", "2000".to_owned()),
                ("--log-level", "warn".to_owned()),
            ];
            let plan = Plan {
                program: program.to_owned(),
                arguments: arguments.into_iter().flat_map(|(a, b)| [a.to_owned(), b]).collect(),
                account: ground.account,
                log: logs.join(format!("etcd-{id}.log")),
                postmaster: None,
            };
            let daemon = plan.start().with_context(|| format!("etcd of {id}"))?;
            members
                .insert(id.clone(), Member { ip: ips[id], plan, daemon: Mutex::new(Some(daemon)) });
        }
        let store = Self { members };
        let healthy = async {
            for member in store.members.values() {
                let address = (member.ip, CLIENTS).into();
                while !rest::get(address, "/health").await.is_ok_and(|it| it.contains("true")) {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        };
        tokio::time::timeout(PATIENCE, healthy).await.context("etcd does not become healthy")?;
        Ok(store)
    }

    /// Where clients ask, in Patroni's form.
    pub(super) fn hosts(&self) -> Vec<String> {
        self.members.values().map(|member| format!("{}:{CLIENTS}", member.ip)).collect()
    }

    pub(super) fn places(&self) -> impl Iterator<Item = &DatacenterId> {
        self.members.keys()
    }

    /// Brings the member of a data centre in line with its loss.
    pub(super) fn set_lost(&self, datacenter: &DatacenterId, lost: bool) -> anyhow::Result<()> {
        let Some(member) = self.members.get(datacenter) else { return Ok(()) };
        let mut daemon = member.daemon.lock().unwrap_or_else(PoisonError::into_inner);
        if lost {
            daemon.take().into_iter().for_each(Daemon::kill);
        } else if !daemon.as_mut().is_some_and(Daemon::is_running) {
            *daemon = Some(member.plan.start()?);
        }
        Ok(())
    }

    pub(super) fn stop(self) {
        for member in self.members.into_values() {
            let daemon = member.daemon.into_inner().unwrap_or_else(PoisonError::into_inner);
            if let Some(daemon) = daemon {
                daemon.kill();
            }
        }
    }
}

/// The first data centres of different regions, so that losing one region loses one member; where
/// there are too few regions, any. An even number would survive no more than one less.
fn places(fleet: &Fleet) -> Vec<DatacenterId> {
    let mut order: Vec<_> = fleet.datacenters.iter().filter(|(_, it)| !it.retired).collect();
    order.sort_by_key(|(id, datacenter)| (datacenter.position, (*id).clone()));
    let mut regions: BTreeSet<&RegionId> = BTreeSet::new();
    let mut places = Vec::new();
    for (id, datacenter) in &order {
        if places.len() < MEMBERS && regions.insert(&datacenter.region) {
            places.push((*id).clone());
        }
    }
    for (id, _) in &order {
        if places.len() < MEMBERS && !places.contains(*id) {
            places.push((*id).clone());
        }
    }
    if places.len() < MEMBERS {
        places.truncate(1);
    }
    places
}

/// The program of etcd, if it is there.
pub(super) fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|dir| dir.join("etcd")).find(|file| file.is_file())
}
