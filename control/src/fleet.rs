//! Putting a fleet in force: read, compare, refuse what would orphan running things, write.

use std::collections::BTreeSet;

use chrono::{SubsecRound, Utc};
use mainstay_core::audit::{Action, Event, Outcome};
use mainstay_core::fleet::diff::{self, Blocked, Change};
use mainstay_core::fleet::finding::Finding;
use mainstay_core::fleet::{Fleet, read};
use mainstay_core::id::DatacenterId;
use mainstay_core::release::Moved;
use mainstay_store::access::agents;
use mainstay_store::fleet::{self as stored, NewFleet};
use mainstay_store::{StoreError, audit, release};

use crate::Control;
use crate::access::{AccessError, By, JOIN_VALID_DEFAULT};

/// Certificates looked at when join tokens are given out; more than any fleet has.
const CERTIFICATES_MAX: i64 = 10_000;

/// Mistakes of a refused file that the audit log keeps, and characters of each.
const MISTAKES_KEPT_MAX: usize = 20;
const MISTAKE_MAX_CHARS: usize = 300;

/// Shortest reason for a new fleet, in characters.
pub const REASON_MIN_CHARS: usize = 10;

/// What a file would change on top of the fleet in force.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The revision it was compared with; 0: none is in force.
    pub revision: i64,
    pub fleet: Fleet,
    pub changes: Vec<Change>,
    /// Removals that must wait; with any, it cannot be applied.
    pub blocked: Vec<Blocked>,
    /// Versions that only a rollout moves; with any, it cannot be applied.
    pub moved: Vec<Moved>,
}

/// Why a fleet was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    #[error("the fleet file has {} mistakes", .0.len())]
    Findings(Vec<Finding>),
    #[error("{} removals must wait until nothing runs there", .0.len())]
    Blocked(Vec<Blocked>),
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Moved(Vec<Moved>),
    /// Another one was applied after this one was compared.
    #[error("revision {revision} of the fleet is in force by now")]
    Changed { revision: i64 },
    /// It is what is in force already.
    #[error("nothing would change")]
    Same,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Control {
    /// Reads a fleet file and compares it with the fleet in force and what runs.
    pub fn preview_fleet(&self, text: &str) -> Result<Preview, Vec<Finding>> {
        let fleet = read::read(text)?;
        let estate = self.snapshot().estate;
        Ok(Preview {
            revision: estate.fleet_revision,
            changes: diff::diff(&estate.fleet, &fleet),
            blocked: diff::blocked(&estate.fleet, &fleet, &estate.tallies()),
            moved: estate.releases.moved(&estate.fleet, &fleet),
            fleet,
        })
    }

    /// Puts a fleet in force on top of `expected`, with its audit entry, in one transaction.
    /// Returns the new revision. What must be refused is refused with an audit entry too.
    pub async fn apply_fleet(
        &self,
        by: &By,
        text: &str,
        expected: i64,
        reason: Option<&str>,
    ) -> Result<i64, ApplyError> {
        let mut event = Event {
            v: 1,
            at: Utc::now().trunc_subsecs(6),
            actor: by.actor.clone(),
            action: Action::FleetApply,
            object: "/settings/fleet".to_owned(),
            outcome: Outcome::Done,
            reason: reason.map(str::to_owned),
            before: Some(serde_json::json!({ "revision": expected })),
            after: None,
            request: by.request.clone(),
        };
        let preview = match self.appliable(text, expected) {
            Ok(preview) => preview,
            Err(ApplyError::Same) => return Err(ApplyError::Same),
            Err(refused) => return self.refused(event, refused).await,
        };
        event.after = Some(serde_json::json!({ "changes": preview.changes }));
        let (fleet, applied_by, entry) = (&preview.fleet, actor_name(by), &event);
        let (applied_at, applied_by) = (event.at, applied_by.as_str());
        let before = &self.snapshot().estate.fleet;
        let revision = self
            .store
            .read_committed(|tx| {
                Box::pin(async move {
                    // Decisions about versions are taken before this fleet or after it.
                    let moved = release::lock(tx).await?.moved(before, fleet);
                    if !moved.is_empty() {
                        return Ok(Err(moved));
                    }
                    let new = NewFleet { source: text, fleet, applied_at, applied_by, reason };
                    let Some(revision) = stored::apply(tx, expected, new).await? else {
                        return Ok(Ok(None));
                    };
                    audit::append(tx, entry).await?;
                    Ok(Ok(Some(revision)))
                })
            })
            .await?;
        match revision {
            Err(moved) => self.refused(event, ApplyError::Moved(moved)).await,
            Ok(Some(revision)) => {
                self.refresh().await;
                Ok(revision)
            }
            Ok(None) => {
                let revision = stored::revision(self.store.acts()).await?;
                Err(ApplyError::Changed { revision })
            }
        }
    }

    /// Writes down that nothing was applied, and why.
    async fn refused(&self, mut event: Event, why: ApplyError) -> Result<i64, ApplyError> {
        event.outcome = Outcome::Refused;
        event.after = Some(refusal(&why));
        let event = &event;
        self.store
            .read_committed(|tx| Box::pin(async move { audit::append(tx, event).await.map(drop) }))
            .await?;
        Err(why)
    }

    /// What applying a file on top of `expected` would do, unless something is in its way.
    fn appliable(&self, text: &str, expected: i64) -> Result<Preview, ApplyError> {
        let preview = self.preview_fleet(text).map_err(ApplyError::Findings)?;
        if preview.revision > expected {
            return Err(ApplyError::Changed { revision: preview.revision });
        }
        if !preview.blocked.is_empty() {
            return Err(ApplyError::Blocked(preview.blocked));
        }
        if !preview.moved.is_empty() {
            return Err(ApplyError::Moved(preview.moved));
        }
        if preview.changes.is_empty() && preview.revision > 0 {
            return Err(ApplyError::Same);
        }
        Ok(preview)
    }

    /// Data centres of the fleet in force for which no agent holds a valid certificate.
    pub async fn datacenters_without_agent(&self) -> Result<Vec<DatacenterId>, StoreError> {
        let Some(applied) = stored::current(self.store.reads()).await? else {
            return Ok(Vec::new());
        };
        let pool = self.store.reads();
        let certificates = agents::certificates(pool, Utc::now(), CERTIFICATES_MAX).await?;
        let valid = certificates.into_iter().filter(|c| c.revoked_at.is_none());
        let joined: BTreeSet<DatacenterId> = valid.map(|c| c.datacenter).collect();
        let known = applied.fleet.datacenters.into_keys();
        Ok(known.filter(|id| !joined.contains(id)).collect())
    }

    /// A join token for the agent of a data centre, as text; shown once.
    pub async fn invite(&self, by: &By, id: &DatacenterId) -> Result<String, AccessError> {
        let authority = self.authority.fingerprint();
        let made = self.access.make_join_token(by, id, JOIN_VALID_DEFAULT, authority).await?;
        Ok(made.1)
    }
}

/// What the audit log keeps of a refusal: the sentence, and the first mistakes of the file.
fn refusal(error: &ApplyError) -> serde_json::Value {
    let mut kept = serde_json::json!({ "refused": error.to_string() });
    if let ApplyError::Findings(findings) = error {
        let mistakes = findings.iter().take(MISTAKES_KEPT_MAX).map(|finding| {
            let sentence: String = finding.to_string().chars().take(MISTAKE_MAX_CHARS).collect();
            format!("line {}: {sentence}", finding.line)
        });
        kept["mistakes"] = mistakes.collect();
    }
    kept
}

/// Who applied it, in words for the list of revisions.
fn actor_name(by: &By) -> String {
    use mainstay_core::audit::Actor;
    match &by.actor {
        Actor::User(name)
        | Actor::Token(name)
        | Actor::Agent(name)
        | Actor::System(name)
        | Actor::Anonymous(name) => name.clone(),
    }
}
