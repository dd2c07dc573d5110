//! Sessions of browsers: rows in the state store, a cookie that names one.
//!
//! Owns the cookie's rules and a short memory of sessions read lately. Invariants: the id is in
//! the cookie only, the database holds its hash; a session is read again at least each
//! [`FRESH`], and after every change made through this server; while the database is away, one
//! that was seen in the last half hour is still known, to read and not to act.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_control::Control;
use mainstay_control::access::digest;
use mainstay_core::id::UserName;
use mainstay_store::StoreError;
use mainstay_store::access::sessions::{self, SESSION_ABSOLUTE, SESSION_IDLE};
use mainstay_store::access::{Account, Hash};
use time::OffsetDateTime;
use tower_sessions::cookie::SameSite;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{self, Error};
use tower_sessions::{Expiry, SessionManagerLayer, SessionStore};

/// For so long a session is not read again: a page with its live stream and a burst of clicks
/// costs one read.
const FRESH: TimeDelta = TimeDelta::seconds(1);
/// Sessions remembered at most.
const SEEN_MAX: usize = 10_000;
/// Key of the user's name in a session's data.
const USER: &str = "user";
/// Key of the time at which the user last proved who they are.
const CONFIRMED_AT: &str = "confirmed_at";
/// Key of the time since when a session waits for somebody to sign in.
const WAITING_SINCE: &str = "waiting_since";

/// All sessions; cheap to clone.
#[derive(Clone, Debug)]
pub struct Sessions {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    control: Arc<Control>,
    seen: Mutex<HashMap<Hash, Seen>>,
    /// Rises with every change made here; what was read before is read again.
    generation: AtomicU64,
}

#[derive(Clone, Debug)]
struct Seen {
    session: sessions::Session,
    at: DateTime<Utc>,
    generation: u64,
}

/// A session of a user.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub account: Account,
    /// The database is away: good for reading only.
    pub stale: bool,
    /// When its person last proved who they are.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Whether they have a second factor.
    pub has_factor: bool,
}

impl Sessions {
    pub fn new(control: Arc<Control>) -> Self {
        let inner = Inner { control, seen: Mutex::default(), generation: AtomicU64::new(0) };
        Self { inner: Arc::new(inner) }
    }

    /// The middleware that turns the cookie into a [`tower_sessions::Session`].
    pub fn layer(&self, secure: bool) -> SessionManagerLayer<Self> {
        SessionManagerLayer::new(self.clone())
            .with_name(cookie_name(secure))
            .with_secure(secure)
            .with_http_only(true)
            .with_same_site(SameSite::Lax)
            .with_path("/")
            .with_expiry(Expiry::OnSessionEnd)
    }

    /// Who is signed in with this session.
    pub async fn signed_in(&self, id: &Id) -> Result<Option<SignedIn>, StoreError> {
        let read = self.read(&hash(id)).await?;
        Ok(read.and_then(|(session, stale)| {
            let account = session.account?;
            let confirmed_at = session.data.get(CONFIRMED_AT);
            let confirmed_at = confirmed_at.and_then(|at| at.as_str()?.parse().ok());
            let has_factor = session.has_factor;
            Some(SignedIn { account, stale, confirmed_at, has_factor })
        }))
    }

    /// Whether somebody is still signed in with a session. While the database is away, they are.
    pub async fn stands(&self, id: &Hash) -> bool {
        match self.read(id).await {
            Ok(found) => found.is_some_and(|(session, _)| session.account.is_some()),
            Err(_) => true,
        }
    }

    /// Something was changed: whatever was read before is read again.
    pub fn changed(&self) {
        self.inner.generation.fetch_add(1, Ordering::AcqRel);
    }

    async fn read(&self, id: &Hash) -> Result<Option<(sessions::Session, bool)>, StoreError> {
        let now = self.inner.control.access.now();
        let generation = self.inner.generation.load(Ordering::Acquire);
        let known = self
            .seen()
            .get(id)
            .filter(|seen| seen.session.expires_at > now && seen.at + SESSION_IDLE > now)
            .cloned();
        if let Some(seen) = &known
            && seen.generation == generation
            && seen.at + FRESH > now
        {
            return Ok(Some((seen.session.clone(), false)));
        }
        // Known to be away: no page waits for what will not come.
        if let Some(seen) = &known
            && self.inner.control.estate.store_away_since(now).is_some()
        {
            return Ok(Some((seen.session.clone(), true)));
        }
        let store = &self.inner.control.store;
        match sessions::load(store.reads(), id, now).await {
            Ok(Some(session)) => {
                let seen = Seen { session: session.clone(), at: now, generation };
                self.remember(*id, seen);
                Ok(Some((session, false)))
            }
            Ok(None) => {
                self.seen().remove(id);
                Ok(None)
            }
            Err(error) if error.is_unavailable() => match known {
                Some(seen) => Ok(Some((seen.session, true))),
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    fn remember(&self, id: Hash, session: Seen) {
        let mut seen = self.seen();
        if seen.len() >= SEEN_MAX && !seen.contains_key(&id) {
            let oldest = seen.iter().min_by_key(|(_, seen)| seen.at);
            if let Some(oldest) = oldest.map(|(id, _)| *id) {
                seen.remove(&oldest);
            }
        }
        seen.insert(id, session);
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<Hash, Seen>> {
        // A memory stays usable whatever a panicking thread did to it.
        self.inner.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tonic::async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        let (data, user) = (data(record)?, user(record));
        let now = self.inner.control.access.now();
        let store = &self.inner.control.store;
        // Two draws of 128 bits do not meet; were they to, the second draws again.
        loop {
            let id = &hash(&record.id);
            let (data, user) = (&data, user.as_ref());
            let inserted = store
                .read_committed(|tx| {
                    Box::pin(async move { sessions::insert(tx, id, data, user, now).await })
                })
                .await
                .map_err(backend)?;
            if inserted {
                return Ok(());
            }
            record.id = Id::default();
        }
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        let (data, user) = (data(record)?, user(record));
        let (id, data, user) = (&hash(&record.id), &data, user.as_ref());
        self.changed();
        self.inner
            .control
            .store
            .read_committed(|tx| {
                Box::pin(async move { sessions::update(tx, id, data, user).await })
            })
            .await
            .map_err(backend)
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let Some((session, _stale)) = self.read(&hash(id)).await.map_err(backend)? else {
            return Ok(None);
        };
        let expiry = session.expires_at.timestamp();
        Ok(Some(Record {
            id: *id,
            data: serde_json::from_value(session.data)
                .map_err(|error| Error::Decode(error.to_string()))?,
            expiry_date: OffsetDateTime::from_unix_timestamp(expiry)
                .map_err(|error| Error::Decode(error.to_string()))?,
        }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        let id = hash(id);
        self.seen().remove(&id);
        sessions::delete(self.inner.control.store.acts(), &id).await.map_err(backend)
    }
}

/// The cookie's name; `__Host-` binds it to this host, to TLS and to the whole site.
pub const fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-mainstay" } else { "mainstay" }
}

/// Begins a session of `user` under a new id: an id that somebody planted before is worth nothing.
pub async fn begin(
    session: &tower_sessions::Session,
    user: &UserName,
    now: DateTime<Utc>,
) -> Result<(), tower_sessions::session::Error> {
    session.cycle_id().await?;
    session.clear().await;
    session.insert(USER, user).await?;
    session.insert(CONFIRMED_AT, now).await?;
    session.save().await
}

/// Begins a session that nobody is signed in with yet, under a new id; what its id hashes to.
pub async fn begin_waiting(
    session: &tower_sessions::Session,
    now: DateTime<Utc>,
) -> Result<Hash, tower_sessions::session::Error> {
    session.cycle_id().await?;
    session.clear().await;
    session.insert(WAITING_SINCE, now).await?;
    session.save().await?;
    id(session).ok_or(tower_sessions::session::Error::Store(Error::Backend(
        "a saved session has no id".to_owned(),
    )))
}

/// What the id of a session hashes to, if there is one.
pub fn id(session: &tower_sessions::Session) -> Option<Hash> {
    session.id().map(|id| hash(&id))
}

/// Notes that the user of a session proved again who they are. The id stays: it is known to the
/// same person only, and forms that are open in other tabs keep their token.
pub async fn confirmed(
    session: &tower_sessions::Session,
    now: DateTime<Utc>,
) -> Result<(), tower_sessions::session::Error> {
    session.insert(CONFIRMED_AT, now).await?;
    session.save().await
}

/// The `Set-Cookie` that removes the cookie. The session layer's own lacks `Secure`, without
/// which browsers leave a `__Host-` cookie alone.
pub fn removal(secure: bool) -> String {
    let flag = if secure { "; Secure" } else { "" };
    let name = cookie_name(secure);
    format!("{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{flag}")
}

/// What the database holds of an id.
pub fn hash(id: &Id) -> Hash {
    digest(&format!("session {id}"))
}

/// The token that plain forms of a session carry. It follows from the id, so it needs no place
/// to be kept and ends with the session; the id does not follow from it.
pub fn form_token(id: &Id) -> String {
    digest(&format!("form {id}")).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Longest life of a session, for the page that says so.
pub const ABSOLUTE_HOURS: i64 = SESSION_ABSOLUTE.num_hours();

fn data(record: &Record) -> session_store::Result<serde_json::Value> {
    serde_json::to_value(&record.data).map_err(|error| Error::Encode(error.to_string()))
}

fn user(record: &Record) -> Option<UserName> {
    record.data.get(USER)?.as_str().and_then(|name| UserName::new(name).ok())
}

fn backend(error: StoreError) -> Error {
    Error::Backend(error.to_string())
}
