//! Who may come in: users and their passwords, API tokens, the agents that may join.
//!
//! Invariants: every change, and every change that was refused, has its audit entry in the same
//! transaction; a secret leaves this module once, when it is made; there is always a user who may
//! manage access; a token never counts for more than its owner holds at that moment.
//!
//! Must not: decide what a role allows (`mainstay_core::access`), or know HTTP.

mod agents;
mod factors;
mod grants;
mod identities;
mod limits;
mod passkeys;
mod seal;
mod second;
mod secret;
mod sign_in;
mod tokens;
mod users;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::access::{FieldMistake, Refusal};
use mainstay_core::approval;
use mainstay_core::audit::{Action, Actor, Event, Outcome};
use mainstay_store::{Store, StoreError, audit};
use serde_json::{Value, json};

pub use agents::{JOIN_VALID_DEFAULT, JOIN_VALID_MAX, RedeemError};
pub use factors::{AppOffer, FactorSettings};
pub use identities::Purpose;
pub use limits::Wait;
pub use passkeys::{PublicUrl, PublicUrlError};
pub use seal::{SealError, Sealer};
pub use second::Proof;
pub use secret::{Busy, PASSWORD_MAX_BYTES, PASSWORD_MIN_CHARS, digest, random};
pub use sign_in::{Entered, SignInError};
pub use tokens::{Authenticated, MakeToken, TOKEN_DAYS_MAX, TOKEN_PREFIX};
pub use users::{ChangeUser, Changed, MakeUser};

use limits::Limits;
use secret::Passwords;

/// Longest name people write, in characters.
pub const TITLE_MAX_CHARS: usize = 80;

/// Says what time it is; tests move it.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// On whose behalf a change is made, for the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    pub actor: Actor,
    /// The id of the request.
    pub request: Option<String>,
    /// Whether this person proved lately who they are; a program never does.
    pub confirmed: bool,
}

impl By {
    /// A part of the server itself, or the command line of its machine.
    pub fn system(part: &str) -> Self {
        Self { actor: Actor::System(part.into()), request: None, confirmed: false }
    }

    /// The user, also where a token of theirs asks: `ann` for `ann/her-token`. So nobody is a
    /// second person to their own token.
    pub fn person(&self) -> &str {
        person(&self.actor)
    }

    /// The audit entry of something done for them, without its values.
    pub fn event(&self, action: Action, object: String, at: DateTime<Utc>) -> Event {
        let request = self.request.clone();
        Event { request, ..Event::new(at, self.actor.clone(), action, object) }
    }
}

/// Who it is, also where a token of theirs asks.
pub(crate) fn person(actor: &Actor) -> &str {
    let name = actor.name();
    match actor {
        Actor::Token(_) => name.split_once('/').map_or(name, |(user, _)| user),
        Actor::User(_) | Actor::Agent(_) | Actor::System(_) | Actor::Anonymous(_) => name,
    }
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// Values that were typed are not accepted; each names its field.
    #[error("{} values are not accepted", .0.len())]
    Mistakes(Vec<FieldMistake>),
    #[error("there is no such object")]
    NotFound,
    /// Somebody changed the object after it was read.
    #[error("the object was changed meanwhile; it is at revision {revision} now")]
    Changed { revision: i64 },
    #[error("nobody who may manage access would be left")]
    LastAdmin,
    /// It waits for a second person, and this is none.
    #[error(transparent)]
    Approval(#[from] approval::Refusal),
    #[error(transparent)]
    Busy(#[from] Busy),
    #[error("too many tries; the next one is heard in {} s", .0.seconds)]
    Wait(Wait),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a change did, for the audit log.
#[derive(Debug, Default)]
struct Change<T> {
    value: T,
    before: Option<Value>,
    after: Option<Value>,
}

/// What a transaction has to say: done, or refused by the domain. Both are audited.
type Verdict<T> = Result<Change<T>, AccessError>;

/// The doorkeeper; one for each server process.
pub struct Access {
    store: Store,
    clock: Clock,
    passwords: Passwords,
    limits: Mutex<Limits>,
    factors: FactorSettings,
}

impl Access {
    pub fn new(store: Store) -> Self {
        Self::with_clock(store, Arc::new(Utc::now))
    }

    /// As [`new`](Self::new), with a clock of one's own.
    pub fn with_clock(store: Store, clock: Clock) -> Self {
        Self {
            store,
            clock,
            passwords: Passwords::default(),
            limits: Mutex::new(Limits::default()),
            factors: FactorSettings::default(),
        }
    }

    /// The same with second factors.
    #[must_use]
    pub fn with_factors(self, factors: FactorSettings) -> Self {
        Self { factors, ..self }
    }

    /// Which second factors there can be, and who has to have one.
    pub fn factor_settings(&self) -> &FactorSettings {
        &self.factors
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The time, in whole microseconds as the audit log and the database keep it.
    pub fn now(&self) -> DateTime<Utc> {
        (self.clock)().trunc_subsecs(6)
    }

    /// Removes what is over: the rows of ended sessions. Safe on any number of servers.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        const ROWS_AT_ONCE: i64 = 1_000;
        let store = self.store.for_background();
        mainstay_store::access::sessions::delete_ended(store.acts(), self.now(), ROWS_AT_ONCE).await
    }

    /// Writes down that a signed-in try was refused for want of a role.
    pub async fn refused(
        &self,
        by: &By,
        action: Action,
        object: String,
        refusal: &Refusal,
    ) -> Result<(), StoreError> {
        let verdict: Verdict<()> = Err(AccessError::NotFound);
        let mut event = event(by, action, object, &verdict, self.now());
        event.after = Some(json!({ "refused": refusal }));
        self.note(&event).await
    }

    /// Writes down a change whose values were not accepted by whoever read them, and gives back
    /// the error that says so.
    pub async fn mistaken(
        &self,
        by: &By,
        action: Action,
        object: &str,
        mistakes: Vec<FieldMistake>,
    ) -> AccessError {
        let error = AccessError::Mistakes(mistakes);
        let refused = self.refuse::<()>(by, action, object.to_owned(), error).await;
        refused.expect_err("what is refused is an error")
    }

    fn limits(&self) -> MutexGuard<'_, Limits> {
        // Counts stay usable whatever a panicking thread did to them.
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a refusal that needed no transaction of its own, and gives it back.
    async fn refuse<T>(
        &self,
        by: &By,
        action: Action,
        object: String,
        error: AccessError,
    ) -> Result<T, AccessError> {
        let verdict: Verdict<T> = Err(error);
        self.note(&event(by, action, object, &verdict, self.now())).await?;
        verdict.map(|change| change.value)
    }

    /// Writes an entry that stands for itself.
    async fn note(&self, event: &Event) -> Result<(), StoreError> {
        self.store
            .read_committed(|tx| Box::pin(async move { audit::append(tx, event).await.map(drop) }))
            .await
    }
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}

/// The audit entry of a change or of its refusal.
fn event<T>(
    by: &By,
    action: Action,
    object: String,
    verdict: &Verdict<T>,
    at: DateTime<Utc>,
) -> Event {
    let (outcome, before, after) = match verdict {
        Ok(change) => (Outcome::Done, change.before.clone(), change.after.clone()),
        Err(AccessError::Mistakes(mistakes)) => {
            let why = json!({ "refused": "mistakes", "mistakes": mistakes });
            (Outcome::Refused, None, Some(why))
        }
        Err(error) => {
            let why = json!({ "refused": error.to_string() });
            (Outcome::Refused, None, Some(why))
        }
    };
    Event { outcome, before, after, ..by.event(action, object, at) }
}

/// Somebody not signed in.
fn stranger(address: IpAddr, request: Option<String>) -> By {
    let actor = Actor::Anonymous(address.to_canonical().to_string());
    By { actor, request, confirmed: false }
}

/// A name people write: trimmed, not empty, of a bounded length, on one line.
fn title(field: &str, text: &str, mistakes: &mut Vec<FieldMistake>) -> String {
    use mainstay_core::access::Mistake;
    let text = text.trim();
    let mistake = if text.is_empty() {
        Some(Mistake::Missing)
    } else if text.chars().count() > TITLE_MAX_CHARS {
        Some(Mistake::TooLong { most: TITLE_MAX_CHARS })
    } else if text.chars().any(char::is_control) {
        Some(Mistake::Form)
    } else {
        None
    };
    mistakes.extend(mistake.map(|mistake| FieldMistake::new(field, mistake)));
    text.to_owned()
}
