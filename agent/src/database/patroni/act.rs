//! Changes: check, do, and wait until it is seen.

use std::time::Duration;

use chrono::Utc;
use mainstay_core::backup::job::{Cause, Failure};
use mainstay_core::cluster::decide::{Loss, Reason, Verdict, may_fail_over, may_switch};
use mainstay_core::cluster::job::{ClusterDone, FailoverJob, Moved, SwitchoverJob};
use mainstay_core::cluster::{MemberReport, Role, State};
use mainstay_core::id::DatacenterId;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::view::{Node, Sight};
use super::{ANSWER, Look, Member};
use crate::durable::{self, Lasting};

/// How often it is looked whether a change has come about.
const POLL: Duration = Duration::from_millis(100);
/// How long a reason that may pass by itself is waited for.
const SETTLE: Duration = Duration::from_secs(12);
/// Longest change of leaders that Patroni answers for, and until it is seen.
const MOVE: Duration = Duration::from_secs(60);
/// Longest wait for a lost leader's lock to run out: its lifetime and a round of the cluster.
const LOCK: Duration = Duration::from_secs(60);
/// Longest way back into the cluster; the past of an old leader may have to be cut off.
const REJOIN: Duration = Duration::from_secs(900);
/// Longest change of the settings, and until the member has heard of it.
const CONFIG: Duration = Duration::from_secs(30);

impl Member {
    pub(super) async fn switch_over(&self, job: &SwitchoverJob) -> Result<ClusterDone, Failure> {
        let begun = Instant::now();
        let (own, from) = loop {
            let own = self.fresh().await;
            self.is_here(&own, &job.to)?;
            let from = self.ask_member(&own, &job.from).await;
            let told = from.as_ref().map(|(report, _)| report);
            let verdict =
                may_switch((&job.from, told), (&job.to, Some(&own.report)), job.lag_max_bytes);
            match verdict {
                Ok(Verdict::Already) => return Ok(already(&own.report, &job.to)),
                Ok(Verdict::Act(())) => break (own, from),
                Err(reason) if passes(&reason) && begun.elapsed() < SETTLE => {}
                Err(reason) => return Ok(ClusterDone::Refused { reason }),
            }
            tokio::time::sleep(POLL).await;
        };
        let (leader, url) = from.ok_or_else(nobody)?;
        let names = (self.name_of(&own, &job.from)?, self.name_of(&own, &job.to)?);
        let order = json!({ "leader": names.0, "candidate": names.1 });
        let ordered = Instant::now();
        let posted = self.api.post("/switchover", &order, MOVE);
        let (said, seen) = tokio::join!(posted, self.see_move(&url));
        let behind_bytes = own.report.lag_bytes;
        self.moved(said, seen, ordered, |new, without_writes_ms| Moved {
            from: Some(job.from.clone()),
            to: job.to.clone(),
            already: false,
            old_timeline: leader.timeline,
            new_timeline: new,
            behind_bytes,
            without_writes_ms,
        })
    }

    pub(super) async fn fail_over(&self, job: &FailoverJob) -> Result<ClusterDone, Failure> {
        let begun = Instant::now();
        let (own, loss): (Look, Loss) = loop {
            let own = self.fresh().await;
            self.is_here(&own, &job.to)?;
            let to = (&job.to, Some(&own.report));
            match may_fail_over(to, None, job.accept_loss_bytes) {
                Ok(Verdict::Already) => return Ok(already(&own.report, &job.to)),
                // Until the lost leader's lock has run out, the cluster waits for that one.
                Ok(Verdict::Act(loss)) if self.is_unlocked(&own) => break (own, loss),
                Ok(Verdict::Act(_)) if begun.elapsed() < LOCK => {}
                Ok(Verdict::Act(_)) => {
                    let words = "the lock of the lost leader does not run out";
                    let seconds = LOCK.as_secs();
                    return Err(Failure::new(Cause::TimedOut { seconds }, words));
                }
                Err(reason) if passes(&reason) && begun.elapsed() < SETTLE => {}
                Err(reason) => return Ok(ClusterDone::Refused { reason }),
            }
            tokio::time::sleep(POLL).await;
        };
        let order = json!({ "candidate": self.name_of(&own, &job.to)? });
        let ordered = Instant::now();
        let said = self.api.post("/failover", &order, MOVE).await;
        let seen = self.see_move("").await;
        let lost = own.report.leader.clone();
        self.moved(said, seen, ordered, |new, since_order| {
            let since_seen = lost.as_ref().map(|it| (Utc::now() - it.seen_at).num_milliseconds());
            let since_seen = since_seen.and_then(|ms| u64::try_from(ms).ok());
            Moved {
                from: lost.as_ref().map(|lost| lost.datacenter.clone()),
                to: job.to.clone(),
                already: false,
                old_timeline: own.report.timeline,
                new_timeline: new,
                behind_bytes: loss.bytes,
                without_writes_ms: since_seen.or(since_order),
            }
        })
    }

    /// Lets Patroni bring this member back. It does so in a cluster that is not paused only, and
    /// there must be a leader: without one such a cluster would choose.
    pub(super) async fn rejoin(&self) -> Result<ClusterDone, Failure> {
        let begun = Instant::now();
        loop {
            let own = self.fresh().await;
            if let Some((leader, timeline)) = follows(&own.report) {
                if self.memo.exists() {
                    self.set_paused(true).await?;
                    self.forget_pause()?;
                }
                return Ok(ClusterDone::Rejoined { leader, timeline });
            }
            let elsewhere = other_leader(&own);
            let refused = elsewhere.is_none() && !self.memo.exists();
            if refused && begun.elapsed() >= SETTLE {
                return Ok(ClusterDone::Refused { reason: Reason::LeaderAway });
            }
            if begun.elapsed() >= REJOIN {
                if self.memo.exists() {
                    self.set_paused(true).await?;
                    self.forget_pause()?;
                }
                let (seconds, words) = (REJOIN.as_secs(), own.report.state.to_string());
                return Err(Failure::new(Cause::TimedOut { seconds }, words));
            }
            if elsewhere.is_some() && own.report.paused == Some(true) {
                self.remember_pause()?;
                self.set_paused(false).await?;
            }
            tokio::time::sleep(POLL * 5).await;
        }
    }

    pub(super) async fn set_paused(&self, paused: bool) -> Result<(), Failure> {
        let begun = Instant::now();
        // To Patroni a setting that is nothing is one that is not there.
        let pause = if paused { Value::Bool(true) } else { Value::Null };
        let own = self.fresh().await;
        if own.node.is_none() {
            return Err(nobody_of(&own));
        }
        if own.report.paused == Some(paused) {
            return Ok(());
        }
        self.api.patch("/config", &json!({ "pause": pause }), CONFIG).await?;
        loop {
            if self.fresh().await.report.paused == Some(paused) {
                return Ok(());
            }
            if begun.elapsed() >= CONFIG {
                let seconds = CONFIG.as_secs();
                let words = "the member has not heard of it";
                return Err(Failure::new(Cause::TimedOut { seconds }, words));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn remember_pause(&self) -> Result<(), Failure> {
        let kept = durable::replace(&self.memo, b"", Lasting::Power);
        kept.map_err(|error| Failure::new(Cause::Setup, error.to_string()))
    }

    fn forget_pause(&self) -> Result<(), Failure> {
        let gone = std::fs::remove_file(&self.memo);
        gone.map_err(|error| Failure::new(Cause::Setup, error.to_string()))
    }

    /// A look at which everything was asked anew.
    async fn fresh(&self) -> Look {
        {
            let mut seen = self.seen();
            (seen.cluster, seen.dynamic) = (None, None);
        }
        self.look().await
    }

    /// A member as it answers itself, and where.
    async fn ask_member(&self, own: &Look, id: &DatacenterId) -> Option<(MemberReport, String)> {
        let cluster = own.cluster.as_ref()?;
        let url = cluster.member(&self.settings, id)?.api_url.clone()?;
        let node: Node = self.api.other(&url, ANSWER).await.ok()?;
        let sight = Sight {
            database: &self.database,
            node: &node,
            cluster: Some(cluster),
            dynamic: None,
            leader: None,
        };
        Some((sight.report(&self.settings, Utc::now()), url))
    }

    /// Watches until this member leads: its timeline, and for how long none of the two took
    /// writes, as far as that was seen.
    async fn see_move(&self, old: &str) -> Option<(Option<u32>, Option<Instant>, Instant)> {
        let begun = Instant::now();
        let mut last: Option<Instant> = None;
        while begun.elapsed() < MOVE {
            let asked = Instant::now();
            let own = self.api.own::<Node>("/patroni", ANSWER);
            let other = self.api.other::<Node>(old, ANSWER);
            let (own, other) = match old {
                "" => (own.await, None),
                _ => {
                    let (own, other) = tokio::join!(own, other);
                    (own, other.ok())
                }
            };
            if let Ok(own) = own.as_ref()
                && own.leads()
                && own.timeline.is_some_and(|timeline| timeline > 0)
            {
                return Some((own.timeline, last, Instant::now()));
            }
            if other.is_some_and(|other| other.leads()) {
                last = Some(asked);
            }
            tokio::time::sleep(POLL).await;
        }
        None
    }

    /// What came of a change of leaders.
    fn moved(
        &self,
        said: Result<String, Failure>,
        seen: Option<(Option<u32>, Option<Instant>, Instant)>,
        ordered: Instant,
        moved: impl FnOnce(Option<u32>, Option<u64>) -> Moved,
    ) -> Result<ClusterDone, Failure> {
        let Some((timeline, last, first)) = seen else {
            let seconds = MOVE.as_secs();
            return Err(match said {
                Err(failure) => failure,
                Ok(words) => Failure::new(Cause::TimedOut { seconds }, words),
            });
        };
        let without = first.duration_since(last.unwrap_or(ordered)).as_millis();
        Ok(ClusterDone::Moved(moved(timeline, u64::try_from(without).ok())))
    }

    fn is_unlocked(&self, own: &Look) -> bool {
        own.cluster.as_ref().is_some_and(|cluster| cluster.leader().is_none())
    }

    /// Refuses to move a database to a member that is not the one here.
    fn is_here(&self, own: &Look, to: &DatacenterId) -> Result<(), Failure> {
        let name = own.node.as_ref().ok_or_else(|| nobody_of(own))?.name();
        let here = name.and_then(|name| self.settings.datacenter_of(name));
        match here {
            Some(here) if here == *to => Ok(()),
            here => {
                let here = here.map_or_else(|| "nowhere known".to_owned(), |id| id.to_string());
                let words = format!("the member here is in {here}: ask the agent of {to}");
                Err(Failure::new(Cause::Setup, words))
            }
        }
    }

    fn name_of(&self, own: &Look, id: &DatacenterId) -> Result<String, Failure> {
        let row = own.cluster.as_ref().and_then(|cluster| cluster.member(&self.settings, id));
        row.map(|row| row.name.clone()).ok_or_else(nobody)
    }
}

fn already(own: &MemberReport, to: &DatacenterId) -> ClusterDone {
    ClusterDone::Moved(Moved {
        from: None,
        to: to.clone(),
        already: true,
        old_timeline: None,
        new_timeline: own.timeline,
        behind_bytes: None,
        without_writes_ms: None,
    })
}

/// Whether a member is where rejoining ends: its leader, and their timeline. One that leads
/// undisputed has nobody to follow.
fn follows(own: &MemberReport) -> Option<(DatacenterId, u32)> {
    let leader = own.members.iter().find(|member| member.role == Role::Leader)?;
    let timeline = own.timeline?;
    let there = match own.role {
        Role::Replica => own.state == State::Streaming && leader.timeline == Some(timeline),
        Role::Leader => {
            let seen = own.leader.as_ref().map(|leader| &leader.datacenter);
            own.state.runs() && seen == Some(&leader.datacenter)
        }
        Role::Stopped | Role::Unknown => false,
    };
    there.then(|| (leader.datacenter.clone(), timeline))
}

/// The lock is held by another member.
fn other_leader(own: &Look) -> Option<()> {
    let leader = own.cluster.as_ref()?.leader()?;
    let name = own.node.as_ref()?.name()?;
    (leader.name != name).then_some(())
}

/// A reason that the last change of leaders, or one that this agent was restarted in, may leave
/// behind for some seconds.
fn passes(reason: &Reason) -> bool {
    match reason {
        Reason::LeaderAway
        | Reason::NotStreaming { .. }
        | Reason::NotRunning { .. }
        | Reason::ComingUp { .. }
        | Reason::LagUnknown
        | Reason::TimelineUnknown
        | Reason::SynchronousUnknown
        | Reason::NoTarget { .. } => true,
        Reason::NotTheLeader { .. }
        | Reason::LeaderRuns { .. }
        | Reason::LagTooLarge { .. }
        | Reason::TimelinesDiffer { .. }
        | Reason::NotInSync
        | Reason::LossUnknown { .. }
        | Reason::LossTooLarge { .. } => false,
    }
}

fn nobody() -> Failure {
    Failure::new(Cause::DatabaseAway, "the cluster does not name its members")
}

fn nobody_of(own: &Look) -> Failure {
    Failure::new(Cause::DatabaseAway, own.report.state.to_string())
}
