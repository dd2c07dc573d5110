//! What was asked under a one-time key, and what was answered: asked again, it is answered the
//! same and nothing is done twice.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{Result, Tx};

/// What stands under a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Known {
    /// Nothing yet.
    New,
    /// The same was asked before; this was the answer.
    Answered(Value),
    /// Something else was asked under this key.
    Other,
}

/// Looks a key up. The caller holds a lock that all requests of the kind take, so that two of
/// the same key meet.
pub async fn recall(tx: &mut Tx<'_>, key: &str, asked: &str) -> Result<Known> {
    let row = sqlx::query!("SELECT asked, answer FROM request_key WHERE key = $1", key)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(match row {
        None => Known::New,
        Some(row) if row.asked == asked => Known::Answered(row.answer),
        Some(_) => Known::Other,
    })
}

/// Writes the answer beside what was done.
pub async fn remember(
    tx: &mut Tx<'_>,
    key: &str,
    asked: &str,
    answer: &Value,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO request_key (key, at, asked, answer) VALUES ($1, $2, $3, $4)",
        key,
        now,
        asked,
        answer
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
