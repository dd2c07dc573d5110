//! The health checks of one process.

use std::net::SocketAddr;
use std::time::Duration;

use mainstay_core::id::InstanceId;
use tokio::sync::mpsc;

use super::{Event, News};
use crate::driver::process::health;

/// Pause between checks of a node that was not healthy yet, and of every other.
pub(super) const CHECK_STARTING: Duration = Duration::from_millis(100);
pub(super) const CHECK: Duration = Duration::from_secs(1);

/// The health checks of one process; they end with it.
pub(super) struct Checks {
    pub(super) address: SocketAddr,
    pub(super) path: String,
    pub(super) first_pause: Duration,
    pub(super) id: InstanceId,
    pub(super) run: u64,
    pub(super) events: mpsc::Sender<Event>,
}

impl Checks {
    pub(super) async fn run(self) {
        let mut pause = self.first_pause;
        let mut told_healthy = false;
        loop {
            tokio::time::sleep(pause).await;
            let result = health::check(self.address, &self.path).await;
            let healthy = result.is_ok();
            if healthy {
                pause = CHECK;
            }
            // Health that lasts is no news.
            if !(healthy && told_healthy) {
                let news = News::Checked(result);
                let event = Event { id: self.id.clone(), run: self.run, news };
                if self.events.send(event).await.is_err() {
                    return;
                }
            }
            told_healthy = healthy;
        }
    }
}
