//! What edges acknowledge and refuse, as told by the servers that they are connected to.
//!
//! An edge that moved from one server to another has a row of each; the newest sight counts.

use chrono::{DateTime, Utc};
use mainstay_core::id::EdgeId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::PgPool;

use crate::estate::parse;
use crate::{Result, StoreError, Tx};

/// Writes what this server knows of its edges; `state` in its owner's terms.
pub async fn write<T: Serialize>(
    tx: &mut Tx<'_>,
    server: &str,
    edges: &[(&EdgeId, bool, &T)],
    now: DateTime<Utc>,
) -> Result<()> {
    let ids: Vec<String> = edges.iter().map(|(edge, _, _)| edge.to_string()).collect();
    let connected: Vec<bool> = edges.iter().map(|(_, connected, _)| *connected).collect();
    let states: std::result::Result<Vec<_>, _> =
        edges.iter().map(|(_, _, state)| serde_json::to_value(state)).collect();
    let states = states.map_err(|error| StoreError::corrupt("the state of an edge", error))?;
    sqlx::query!(
        "INSERT INTO edge_state (edge, server, connected, state, seen_at)
         SELECT edge, $1, connected, state, $5
         FROM unnest($2::text[], $3::boolean[], $4::jsonb[]) AS new (edge, connected, state)
         ORDER BY edge
         ON CONFLICT (edge, server) DO UPDATE SET connected = excluded.connected,
             state = excluded.state, seen_at = excluded.seen_at",
        server,
        &ids,
        &connected,
        &states,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// An edge as a server sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen<T> {
    pub edge: EdgeId,
    pub server: String,
    pub connected: bool,
    pub state: T,
    pub seen_at: DateTime<Utc>,
}

/// What every server told of its edges, by edge, the newest first.
pub async fn read<T: DeserializeOwned>(pool: &PgPool) -> Result<Vec<Seen<T>>> {
    let rows = sqlx::query!(
        "SELECT edge, server, connected, state, seen_at FROM edge_state
         ORDER BY edge, seen_at DESC"
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            let state = serde_json::from_value(row.state)
                .map_err(|error| StoreError::corrupt("the state of an edge", error))?;
            let (edge, connected) = (parse(&row.edge)?, row.connected);
            Ok(Seen { edge, server: row.server, connected, state, seen_at: row.seen_at })
        })
        .collect()
}
