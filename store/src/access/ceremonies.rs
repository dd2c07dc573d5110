//! What a browser's session began and has not ended: at most one of each kind.
//!
//! Invariant: whoever takes one has it alone; it is gone in the same transaction.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::Hash;
use crate::Result;

/// What was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A sign-in whose password was right, waiting for the second factor.
    Second,
    /// An authenticator app whose first code is awaited.
    App,
    /// A new passkey.
    NewPasskey,
    /// The use of a passkey.
    Passkey,
    /// A sign-in at an identity provider.
    Provider,
    /// The same, to link an identity with the account of the session.
    Link,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::App => "app",
            Self::NewPasskey => "new-passkey",
            Self::Passkey => "passkey",
            Self::Provider => "provider",
            Self::Link => "link",
        }
    }
}

/// Begins something, in the place of what was begun before. `false`: the session is over.
pub async fn begin(
    db: &mut PgConnection,
    session: &Hash,
    kind: Kind,
    state: &Value,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO ceremonies (session, kind, state, begun_at)
         SELECT id_hash, $2, $3, $4 FROM sessions WHERE id_hash = $1
         ON CONFLICT (session, kind) DO UPDATE SET state = $3, begun_at = $4",
        session,
        kind.name(),
        state,
        now,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What was begun after `since`, locked until the transaction ends.
pub async fn read(
    db: &mut PgConnection,
    session: &Hash,
    kind: Kind,
    since: DateTime<Utc>,
) -> Result<Option<Value>> {
    Ok(sqlx::query_scalar!(
        "SELECT state FROM ceremonies
         WHERE session = $1 AND kind = $2 AND begun_at > $3 FOR UPDATE",
        session,
        kind.name(),
        since,
    )
    .fetch_optional(db)
    .await?)
}

/// Takes what was begun; `None` when it began before `since`, or was never, or is taken.
pub async fn take(
    db: &mut PgConnection,
    session: &Hash,
    kind: Kind,
    since: DateTime<Utc>,
) -> Result<Option<Value>> {
    let taken = sqlx::query!(
        "DELETE FROM ceremonies WHERE session = $1 AND kind = $2 RETURNING state, begun_at",
        session,
        kind.name(),
    )
    .fetch_optional(db)
    .await?;
    Ok(taken.filter(|taken| taken.begun_at > since).map(|taken| taken.state))
}
