//! What repositories say of the commits that events name is asked for while they wait.

use std::time::Duration;

use chrono::Utc;
use tokio_util::sync::CancellationToken;

use super::Leader;
use crate::pipelines::look_all;

/// How often is looked whether one is due.
const PERIOD: Duration = Duration::from_secs(5);

/// Asks until deposed or told to stop. The lease is not needed for it: it only keeps several
/// servers from asking the same.
pub(super) async fn run(leader: &Leader, shutdown: &CancellationToken) {
    let Some(repositories) = &leader.repositories else { return shutdown.cancelled().await };
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if let Err(error) = look_all(&leader.store, repositories, Utc::now()).await {
            tracing::debug!(%error, "repositories are asked later");
        }
    }
}
