//! Members of databases' clusters: watched, told of, and given their work.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, MutexGuard, PoisonError};

use mainstay_core::backup::job::{Cause, Failure};
use mainstay_core::backup::work::Done;
use mainstay_core::cluster::{ClusterJob, MemberReport, Role};
use mainstay_core::estate::Fact;
use mainstay_core::id::DatabaseId;

use super::Shared;
use crate::database::Engine;
use crate::database::patroni::Member;

/// The members that the engine knows of. One whose password cannot be read is left out: work on
/// it is refused then, and everything else goes on.
pub(super) fn open(engine: Option<&dyn Engine>, data_dir: &Path) -> BTreeMap<DatabaseId, Member> {
    let mut members = BTreeMap::new();
    let databases = engine.iter().flat_map(|engine| engine.databases());
    for id in databases {
        let base = engine.and_then(|engine| engine.base(&id).ok());
        let settings = base.and_then(|(database, _)| database.member().ok().cloned());
        match settings.map(|settings| Member::open(id.clone(), settings, data_dir)) {
            None => {}
            Some(Ok(member)) => drop(members.insert(id, member)),
            Some(Err(failure)) => tracing::error!(database = %id, %failure, "no member"),
        }
    }
    members
}

impl Shared {
    /// Watches a member for ever.
    pub(super) async fn watch(&self, database: &DatabaseId) {
        let Some(member) = self.members.get(database) else { return };
        member.watch(|report| self.tell(report)).await;
    }

    /// Whether a member here takes writes; `None`: there is none, or it has not been seen yet.
    pub(super) fn leads(&self, database: &DatabaseId) -> Option<bool> {
        match self.told().get(database)?.as_ref() {
            Fact::Member(report) => Some(leads(report)),
            Fact::Test(_) | Fact::Work(_) | Fact::Database(_) => None,
        }
    }

    /// The same, asked for now where it is not known. A database that is no cluster's runs here.
    pub(super) async fn hosts(&self, database: &DatabaseId) -> bool {
        match (self.leads(database), self.members.get(database)) {
            (Some(leads), _) => leads,
            (None, Some(member)) => leads(&member.report().await),
            (None, None) => true,
        }
    }

    pub(super) async fn move_member(&self, job: &ClusterJob) -> Result<Done, Failure> {
        match self.members.get(job.database()) {
            Some(member) => member.perform(job).await.map(Done::Cluster),
            None => Err(Failure::new(Cause::Setup, "there is no such member here")),
        }
    }

    pub(super) fn told(&self) -> MutexGuard<'_, BTreeMap<DatabaseId, Arc<Fact>>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, report: MemberReport) {
        let database = report.database.clone();
        let (before, now) = (self.leads(&database), leads(&report));
        self.told().insert(database.clone(), Arc::new(Fact::Member(report)));
        self.revision.send_modify(|revision| *revision += 1);
        // Who makes copies is another one now.
        if before.is_some_and(|before| before != now)
            && let Some(look) = self.look.get(&database)
        {
            look.notify_one();
        }
    }
}

fn leads(report: &MemberReport) -> bool {
    report.role == Role::Leader && report.state.runs()
}
