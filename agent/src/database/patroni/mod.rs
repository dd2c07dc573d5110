//! A database's member of a Patroni cluster: what is seen of it, and changes of leaders.
//!
//! Owns the talk with the REST API of the member on this machine, and with those that the cluster
//! names. Invariants: each question is bounded in time; what was not answered is unknown; nothing
//! is changed before it was checked, and done is what was observed afterwards; the same job again
//! finds what it did before. In a paused cluster, where Patroni starts nothing, the member here is
//! started again when its Postgres ended, unless another one leads or has led since.
//!
//! Must not: decide that a database moves. Limits: plain HTTP, as on a loopback address; whom the
//! cluster names is believed.

mod act;
mod api;
mod view;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::Utc;
use mainstay_core::backup::job::Failure;
use mainstay_core::cluster::{ClusterDone, ClusterJob, LeaderView, MemberReport, Role};
use mainstay_core::id::{DatabaseId, DatacenterId};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::config::Patroni;
use api::Api;
use view::{Cluster, Dynamic, Node};

/// Pause between two looks at a member.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often a report is told in which nothing but positions in the log changed.
pub const POSITIONS_EVERY: Duration = Duration::from_secs(2);
/// Longest answer of a member that is alive.
const ANSWER: Duration = Duration::from_secs(2);
/// How old what the cluster's store said may be: who is there, and how it is set up.
const CLUSTER_EVERY: Duration = Duration::from_secs(2);
const DYNAMIC_EVERY: Duration = Duration::from_secs(10);
/// Pause between two tries to start a Postgres that ended, and the longest start.
const START_EVERY: Duration = Duration::from_secs(10);
const START: Duration = Duration::from_secs(60);

/// The member of one database.
#[derive(Debug)]
pub struct Member {
    database: DatabaseId,
    settings: Patroni,
    api: Api,
    /// There while the cluster has to be paused again by a job that was broken off.
    memo: PathBuf,
    seen: Mutex<Seen>,
    /// It is to be looked at before its time.
    look: Notify,
}

/// What does not come with every answer.
#[derive(Debug, Default)]
struct Seen {
    cluster: Option<(Instant, Option<Cluster>)>,
    dynamic: Option<(Instant, Option<Dynamic>)>,
    leader: Option<LeaderView>,
    started: Option<Instant>,
}

/// One look, with what a job needs beside the report.
#[derive(Debug)]
struct Look {
    report: MemberReport,
    /// `None`: nothing answered.
    node: Option<Node>,
    cluster: Option<Cluster>,
}

impl Member {
    /// # Errors
    /// The password cannot be read.
    pub fn open(database: DatabaseId, settings: Patroni, data_dir: &Path) -> Result<Self, Failure> {
        let api = Api::open(&settings)?;
        let memo = data_dir.join(format!("pause-again-{database}"));
        let (seen, look) = (Mutex::default(), Notify::new());
        Ok(Self { database, settings, api, memo, seen, look })
    }

    /// Looks at it for ever; `tell` gets what changed.
    pub async fn watch(&self, tell: impl Fn(MemberReport)) {
        let mut told: Option<(Instant, MemberReport)> = None;
        loop {
            let look = self.look().await;
            let fresh = match &told {
                None => true,
                Some((at, before)) => {
                    let moved = look.report.is_news_to(before);
                    moved || (!same(&look.report, before) && at.elapsed() >= POSITIONS_EVERY)
                }
            };
            if fresh {
                tell(look.report.clone());
                told = Some((Instant::now(), look.report.clone()));
            }
            self.keep_running(&look).await;
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = self.look.notified() => {}
            }
        }
    }

    /// What is seen now.
    pub async fn report(&self) -> MemberReport {
        self.look().await.report
    }

    /// Does a job to its end.
    pub async fn perform(&self, job: &ClusterJob) -> Result<ClusterDone, Failure> {
        let done = match job {
            ClusterJob::Switchover(job) => self.switch_over(job).await,
            ClusterJob::Failover(job) => self.fail_over(job).await,
            ClusterJob::Rejoin(_) => self.rejoin().await,
            ClusterJob::Pause(_) => self.set_paused(true).await.map(|()| ClusterDone::Paused),
            ClusterJob::Resume(_) => self.set_paused(false).await.map(|()| ClusterDone::Resumed),
        };
        self.look.notify_one();
        done
    }

    async fn look(&self) -> Look {
        let now = Utc::now();
        let node: Node = match self.api.own("/patroni", ANSWER).await {
            Ok(node) => node,
            Err(failure) => {
                let mut report =
                    MemberReport::unknown(self.database.clone(), now, failure.to_string());
                report.leader.clone_from(&self.seen().leader);
                return Look { report, node: None, cluster: None };
            }
        };
        let cluster = self.cluster(CLUSTER_EVERY).await;
        let dynamic = self.dynamic().await;
        let leader = self.leader(cluster.as_ref(), &node).await;
        let sight = view::Sight {
            database: &self.database,
            node: &node,
            cluster: cluster.as_ref(),
            dynamic: dynamic.as_ref(),
            leader: leader.as_ref(),
        };
        let mut report = sight.report(&self.settings, now);
        let mut seen = self.seen();
        if let Some((datacenter, leader)) = &leader
            && leader.leads()
        {
            seen.leader = Some(LeaderView {
                datacenter: datacenter.clone(),
                timeline: leader.timeline.filter(|timeline| *timeline > 0),
                lsn: leader.written(),
                seen_at: now,
            });
        }
        report.leader.clone_from(&seen.leader);
        drop(seen);
        Look { report, node: Some(node), cluster }
    }

    /// What the cluster says of itself, at most so old.
    async fn cluster(&self, age: Duration) -> Option<Cluster> {
        let known = self.seen().cluster.clone();
        if let Some((_, known)) = known.filter(|(at, _)| at.elapsed() < age) {
            return known;
        }
        let fresh = self.api.own("/cluster", ANSWER).await.ok();
        self.seen().cluster = Some((Instant::now(), fresh.clone()));
        fresh
    }

    async fn dynamic(&self) -> Option<Dynamic> {
        let known = self.seen().dynamic.clone();
        if let Some((_, Some(known))) = known.filter(|(at, _)| at.elapsed() < DYNAMIC_EVERY) {
            return Some(known);
        }
        let fresh = self.api.own("/config", ANSWER).await.ok();
        self.seen().dynamic = Some((Instant::now(), fresh.clone()));
        fresh
    }

    /// The leader that the cluster names, as it answers itself.
    async fn leader(&self, cluster: Option<&Cluster>, own: &Node) -> Option<(DatacenterId, Node)> {
        if own.leads() {
            return Some((self.settings.datacenter_of(own.name()?)?, own.clone()));
        }
        let row = cluster?.leader()?;
        let datacenter = self.settings.datacenter_of(&row.name)?;
        let node = self.api.other(row.api_url.as_deref()?, ANSWER).await.ok()?;
        Some((datacenter, node))
    }

    /// Starts a Postgres that ended in a paused cluster, where that can do no harm.
    async fn keep_running(&self, look: &Look) {
        let stopped = look.report.role == Role::Stopped && look.report.paused == Some(true);
        let tried = self.seen().started.is_some_and(|at| at.elapsed() < START_EVERY);
        if !self.settings.keep_running || !stopped || tried || self.memo.exists() {
            return;
        }
        let (Some(node), Some(cluster)) = (&look.node, &look.cluster) else { return };
        // One that was a standby can only become one again.
        let safe = node.is_standby()
            || (cluster.leader().is_none() && self.led_last(node).await == Some(true));
        if !safe {
            return;
        }
        self.seen().started = Some(Instant::now());
        let database = &self.database;
        match self.api.post("/restart", &serde_json::json!({}), START).await {
            Ok(_) => tracing::info!(%database, "its Postgres had ended and is started again"),
            Err(failure) => tracing::error!(%database, %failure, "its Postgres is not started"),
        }
    }

    /// Whether nobody else has led since this one did; `None`: not known.
    async fn led_last(&self, node: &Node) -> Option<bool> {
        let history: Vec<serde_json::Value> = self.api.own("/history", ANSWER).await.ok()?;
        let Some(last) = history.last() else { return Some(true) };
        // Timeline, position, reason, moment, and who led from then on.
        Some(last.get(4)?.as_str()? == node.name()?)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // Nothing under the lock can panic half way.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether nothing changed but the moment.
fn same(new: &MemberReport, old: &MemberReport) -> bool {
    let mut new = new.clone();
    new.seen_at = old.seen_at;
    if let (Some(new), Some(old)) = (&mut new.leader, &old.leader) {
        new.seen_at = old.seen_at;
    }
    new == *old
}
