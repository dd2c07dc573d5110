//! What people ask of backups: a copy now, a proof of one, or a restore ([`restore`]); what was
//! done about copies, in memory ([`history`]); and how fast the days of policies pass ([`days`]).
//!
//! What is written down of backups is in the policies' time; the audit log, one-time keys and
//! commands to agents are in real time.

pub mod days;
pub mod history;
pub mod restore;
mod stay;

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::audit::{Action, Actor, Outcome};
use mainstay_core::backup::job::{ProofJob, Target};
use mainstay_core::backup::kept::{self, Hours, NoRoom};
use mainstay_core::backup::proof::Proof;
use mainstay_core::backup::run::{self, Run, RunId};
use mainstay_core::backup::work::Work;
use mainstay_core::backup::{Kind, Label, Schedule};
use mainstay_core::estate::{Contact, Estate};
use mainstay_core::id::{DatabaseId, DatacenterId};
use mainstay_store::backup::{self as stored, Ordered};
use mainstay_store::{StoreError, audit, lease, outbox};
use serde_json::json;

use self::history::History;
use crate::Control;
use crate::access::By;
use crate::leader::LEASE;
use crate::once::{Form, Once};

/// Longest reason.
pub const REASON_MAX_CHARS: usize = 500;
/// Work of a database that its pages show.
pub const WORK_MAX: i64 = 200;
const NO_PROVER: &str = "no agent that is heard can restore it beside the database";

/// Why something that a person asked for is not done.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("there is no such object")]
    NotFound,
    #[error("{0}")]
    Form(&'static str),
    /// Not possible now; written down in the audit log.
    #[error("{0}")]
    Refused(String),
    /// It waits for a second person, and this is none; written down in the audit log.
    #[error(transparent)]
    Approval(#[from] mainstay_core::approval::Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Form> for BackupError {
    fn from(form: Form) -> Self {
        Self::Form(form.0)
    }
}

impl Control {
    /// Asks for a copy of a database now; the answer is its run.
    pub async fn ask_backup(
        &self,
        by: &By,
        database: &DatabaseId,
        kind: Kind,
        reason: &str,
        key: &str,
    ) -> Result<RunId, BackupError> {
        let reason = checked(reason)?;
        let once = &Once::new(key, by, &("backup", database, kind, reason))?;
        let estate = self.snapshot().estate;
        if !estate.fleet.databases.contains_key(database) {
            return Err(BackupError::NotFound);
        }
        let now = Utc::now().trunc_subsecs(6);
        let at = estate.clock.to_policy(now);
        let person = (name_of(&by.actor), reason.to_owned());
        let new = Schedule::of(&estate.fleet, database)
            .and_then(|schedule| run::asked(&schedule, kind, person, at));
        let object = format!("/backups/sets/{database}");
        let mut event = by.event(Action::BackupAsk, object, now);
        event.reason = Some(reason.to_owned());
        let (new, event) = (&new, &event);
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    if let Some(answer) = once.recall::<RunId, _>(tx).await? {
                        return Ok(answer);
                    }
                    let mut event = event.clone();
                    let Some(new) = new else {
                        let words = format!(
                            "{database} has no backup policy; give it one in the fleet file"
                        );
                        event.outcome = Outcome::Refused;
                        event.after = Some(json!({ "refused": words }));
                        audit::append(tx, &event).await?;
                        return Ok(Err(BackupError::Refused(words)));
                    };
                    let id = stored::insert_run(tx, new, at).await?;
                    let id =
                        id.ok_or_else(|| StoreError::corrupt("a run", "it was not written"))?;
                    event.after = Some(json!({ "run": id, "kind": kind }));
                    audit::append(tx, &event).await?;
                    once.remember(tx, &id, now).await?;
                    Ok(Ok(id))
                })
            })
            .await?
    }

    /// Asks for a test restore of a copy now; the answer is the id of the work.
    pub async fn ask_proof(
        &self,
        by: &By,
        wish: &ProofWish<'_>,
        key: &str,
    ) -> Result<String, BackupError> {
        let reason = checked(wish.reason)?;
        let ProofWish { copy, target, keep, on, .. } = *wish;
        let CopyAt { database, datacenter, label } = copy;
        let asked = ("proof", database, datacenter, label, target, reason, keep, on);
        let once = &Once::new(key, by, &asked)?;
        let estate = self.snapshot().estate;
        let now = Utc::now().trunc_subsecs(6);
        let agent = self.prover(&estate, wish).await?;
        let mut event = by.event(Action::DatabaseWork, copy.address(), now);
        event.reason = Some(reason.to_owned());
        let asked_by = name_of(&by.actor);
        let (event, asked_by, estate) = (&event, &asked_by, &estate);
        let known = estate.fleet.databases.get(database);
        let checks = known.map(|known| known.proof_checks.clone()).unwrap_or_default();
        let id = self.store.transaction(|tx| {
            let (agent, checks) = (agent.clone(), checks.clone());
            Box::pin(async move {
                if let Some(answer) = once.recall::<String, BackupError>(tx).await? {
                    return Ok(answer);
                }
                let mut event = event.clone();
                let agent = match agent {
                    Ok(agent) => agent,
                    Err(words) => {
                        event.outcome = Outcome::Refused;
                        event.after = Some(json!({ "refused": words }));
                        audit::append(tx, &event).await?;
                        return Ok(Err(BackupError::Refused(words)));
                    }
                };
                let token = lease::token(tx, LEASE).await?;
                let id = format!("dw-{}", stored::next_number(tx).await?);
                let job = ProofJob {
                    id: id.clone(),
                    database: database.clone(),
                    datacenter: datacenter.clone(),
                    label: label.clone(),
                    target,
                    checks: checks.clone(),
                    keep,
                };
                let work = Work::Prove(job);
                event.after = Some(json!({ "task": work.task(), "agent": agent, "work": work }));
                let ordered = Ordered {
                    work,
                    agent,
                    asked_by: Some(asked_by.clone()),
                    reason: Some(reason.to_owned()),
                    ordered_at: estate.clock.to_policy(now),
                    report: None,
                    ended_at: None,
                };
                give(tx, token, &ordered, estate).await?;
                audit::append(tx, &event).await?;
                once.remember(tx, &id, now).await?;
                Ok(Ok(id))
            })
        });
        let id = id.await??;
        self.commands.send_modify(|version| *version += 1);
        Ok(id)
    }

    /// Whose agent makes a test restore, or why none does.
    async fn prover(
        &self,
        estate: &Estate,
        wish: &ProofWish<'_>,
    ) -> Result<Result<DatacenterId, String>, BackupError> {
        let able = provers(estate, wish.copy).ok_or(BackupError::NotFound)?;
        let agent = match wish.on {
            Some(on) if able.contains(&on) => on.clone(),
            Some(on) => {
                let words = format!("the agent of {on} cannot restore it now; choose another");
                return Ok(Err(words));
            }
            None => match prover(estate, wish.copy, &able) {
                Some(agent) => agent,
                None => return Ok(Err(NO_PROVER.to_owned())),
            },
        };
        let full = match wish.keep {
            Some(_) => self.room(estate, &wish.copy.database).await?.err(),
            None => None,
        };
        Ok(full.map_or(Ok(agent), |full| Err(full.to_string())))
    }

    /// Whether one more restored copy of a database may stay, as far as that is known here; the
    /// agent that makes it says so for certain.
    async fn room(
        &self,
        estate: &Estate,
        database: &DatabaseId,
    ) -> Result<Result<(), NoRoom>, StoreError> {
        let proofs = self.database_work(Some(database), Some("prove")).await?;
        let to_come = proofs.iter().filter(|it| it.ended_at.is_none()).filter_map(|it| {
            let Work::Prove(job) = &it.work else { return None };
            job.keep.map(|_| job.id.as_str())
        });
        let told = estate.kept(database).map(|(_, kept)| kept.work.as_str());
        Ok(kept::room(database, &told.chain(to_come).collect()))
    }

    /// What was done about the copies of every database, as it was a moment ago.
    pub async fn backup_history(&self) -> Result<Arc<History>, StoreError> {
        self.history.lately(self.snapshot().estate.in_policy_time().at).await
    }

    /// Runs of these databases whose windows begin in a time, the newest first.
    pub async fn backup_runs(
        &self,
        databases: &[DatabaseId],
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<Run>, StoreError> {
        stored::runs(self.store.reads(), databases, from, until).await
    }

    /// One run.
    pub async fn backup_run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        stored::run(self.store.reads(), id).await
    }

    /// Work on a database, or on all, the newest first, at most [`WORK_MAX`].
    pub async fn database_work(
        &self,
        database: Option<&DatabaseId>,
        task: Option<&str>,
    ) -> Result<Vec<Ordered>, StoreError> {
        stored::work(self.store.reads(), database, task, WORK_MAX).await
    }

    /// One piece of work.
    pub async fn database_work_of(&self, id: &str) -> Result<Option<Ordered>, StoreError> {
        stored::get_work(self.store.reads(), id).await
    }

    /// What is known of copies of a database by restoring or reading them.
    pub async fn proofs(&self, database: &DatabaseId) -> Result<Vec<Proof>, StoreError> {
        let work = stored::work(self.store.reads(), Some(database), None, stored::PAGE_MAX).await?;
        Ok(proofs_of(&work))
    }
}

/// What work that is over showed of copies.
pub fn proofs_of(work: &[Ordered]) -> Vec<Proof> {
    let ended = work.iter().filter_map(|it| Some((it.report.as_ref()?, it.ended_at?)));
    ended.flat_map(|(report, at)| Proof::all_of(report, at)).collect()
}

/// A test restore that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProofWish<'a> {
    pub copy: &'a CopyAt,
    pub target: Target,
    /// How long what is restored stays; `None`: it is removed at once.
    pub keep: Option<Hours>,
    /// Whose agent makes it; `None`: one that is elsewhere than the copy, if one is.
    pub on: Option<&'a DatacenterId>,
    pub reason: &'a str,
}

/// A copy, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyAt {
    pub database: DatabaseId,
    pub datacenter: DatacenterId,
    pub label: Label,
}

impl CopyAt {
    /// The address of its page.
    pub fn address(&self) -> String {
        let Self { database, datacenter, label } = self;
        format!("/backups/sets/{database}/copies/{datacenter}/{label}")
    }
}

/// Where the database runs as its agent says, the first in the order of the fleet.
pub fn host(estate: &Estate, database: &DatabaseId) -> Option<DatacenterId> {
    estate.database(database).map(|(host, _)| host.clone())
}

/// Whether the agent of a data centre is heard.
pub(crate) fn hears(estate: &Estate, datacenter: &DatacenterId) -> bool {
    estate
        .datacenters
        .get(datacenter)
        .is_some_and(|state| state.connected && state.contact(estate.at) == Contact::Reporting)
}

/// Writes work and the command with it, which is in real time. `estate`: in real time too.
pub(crate) async fn give(
    tx: &mut mainstay_store::Tx<'_>,
    token: mainstay_core::fence::Token,
    ordered: &Ordered,
    estate: &Estate,
) -> Result<(), StoreError> {
    let command = outbox::Command {
        id: ordered.work.id().to_owned(),
        datacenter: ordered.agent.clone(),
        token,
        action: mainstay_core::deployment::Command::Work {
            work: estate.clock.given(&ordered.work),
        },
    };
    outbox::insert(tx, &command, estate.at).await?;
    stored::order(tx, ordered).await
}

/// Whose agents could restore a copy beside its database; `None`: there is no such copy.
fn provers<'a>(estate: &'a Estate, copy: &CopyAt) -> Option<Vec<&'a DatacenterId>> {
    let host = host(estate, &copy.database)?;
    let seen = estate.datacenters.get(&host)?.database(&copy.database)?;
    let held = seen.catalogue.get(&copy.datacenter)?.as_ref().ok()?;
    held.iter().find(|it| it.label == copy.label)?;
    let can = |id: &&DatacenterId| {
        let state = estate.datacenters.get(*id);
        state.is_some_and(|it| it.database(&copy.database).is_some()) && hears(estate, id)
    };
    Some(estate.datacenters.keys().filter(can).collect())
}

/// Who of them does: an agent in another data centre than the copy's where there is one.
fn prover(estate: &Estate, copy: &CopyAt, able: &[&DatacenterId]) -> Option<DatacenterId> {
    let host = host(estate, &copy.database)?;
    let elsewhere = able.iter().find(|id| ***id != copy.datacenter && ***id != host);
    elsewhere.or_else(|| able.first()).map(|id| (*id).clone())
}

fn checked(reason: &str) -> Result<&str, BackupError> {
    let reason = reason.trim();
    match reason.chars().count() {
        0 => Err(BackupError::Form("write why, in a few words")),
        1..=REASON_MAX_CHARS => Ok(reason),
        _ => Err(BackupError::Form("write a reason of at most 500 characters")),
    }
}

fn name_of(actor: &Actor) -> String {
    match actor {
        Actor::User(name)
        | Actor::Token(name)
        | Actor::Agent(name)
        | Actor::System(name)
        | Actor::Anonymous(name) => name.clone(),
    }
}
