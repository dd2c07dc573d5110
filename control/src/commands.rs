//! Commands between the store and the agents linked to this server.
//!
//! Invariants: that a command is being sent is committed before it is sent; a command whose
//! answer may have been lost is sent again when the agent connects, and acts once because the
//! agent remembers it; the first answer stands.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, Utc};
use mainstay_core::audit::{self, Action, Actor, Event};
use mainstay_core::fence::Outcome;
use mainstay_core::id::DatacenterId;
use mainstay_store::outbox::{self, Finish};
use mainstay_store::{Store, StoreError, audit as log};
use mainstay_wire::{Command, CommandId, CommandResult};
use tokio::sync::watch;

/// The store is asked at least so often; a wake-up only makes it sooner.
const POLL: Duration = Duration::from_secs(1);

/// Commands for one linked agent, in the order of their decisions.
#[derive(Debug)]
pub struct Commands {
    store: Store,
    datacenter: DatacenterId,
    wake: watch::Receiver<u64>,
    /// When this link was first served: what was sent before went over earlier links.
    linked_at: Option<DateTime<Utc>>,
    /// Whether all of that was sent again.
    caught_up: bool,
}

impl Commands {
    pub(crate) fn new(store: Store, datacenter: DatacenterId, wake: watch::Receiver<u64>) -> Self {
        Self { store, datacenter, wake, linked_at: None, caught_up: false }
    }

    /// Waits for the next commands to send; not empty.
    pub async fn next(&mut self) -> Vec<Command> {
        loop {
            self.wake.mark_unchanged();
            match self.claim().await {
                Ok(commands) if commands.is_empty() => {}
                Ok(commands) => return commands,
                Err(error) => {
                    tracing::debug!(datacenter = %self.datacenter, %error, "no commands read");
                }
            }
            // The sender lives as long as the server; should it be gone, the poll remains.
            let _ = tokio::time::timeout(POLL, self.wake.changed()).await;
        }
    }

    async fn claim(&mut self) -> Result<Vec<Command>, StoreError> {
        let (store, datacenter, now) = (&self.store, &self.datacenter, Utc::now());
        let mut claimed = VecDeque::new();
        if !self.caught_up {
            let before = *self.linked_at.get_or_insert(now);
            claimed.extend(outbox::claim_unfinished(store, datacenter, before, now).await?);
            self.caught_up = claimed.is_empty();
        }
        claimed.extend(outbox::claim_unsent(store, datacenter, outbox::BATCH, now).await?);
        let commands = claimed.into_iter().map(|command| {
            let id = CommandId::new(&command.id)
                .map_err(|error| StoreError::corrupt("a command id", error))?;
            Ok(Command { id, token: command.token, action: command.action })
        });
        commands.collect()
    }
}

/// Writes what an agent answered, once, with its audit entry.
pub(crate) async fn finish(
    store: &Store,
    datacenter: &DatacenterId,
    result: &CommandResult,
    now: DateTime<Utc>,
) -> Result<Finish, StoreError> {
    let outcome = &result.outcome;
    let (actor, object) = (Actor::Agent(datacenter.to_string()), format!("/dc/{datacenter}"));
    let event = &Event {
        outcome: match outcome {
            Outcome::Done => audit::Outcome::Done,
            Outcome::Stale { .. } => audit::Outcome::Refused,
            Outcome::Failed { .. } => audit::Outcome::Failed,
        },
        after: Some(serde_json::json!({
            "command": result.command_id.as_str(),
            "token": result.token,
            "outcome": outcome,
        })),
        ..Event::new(now, actor, Action::CommandResult, object)
    };
    let id = result.command_id.as_str();
    store
        .read_committed(|tx| {
            Box::pin(async move {
                let finish = outbox::finish(tx, id, outcome, now).await?;
                match finish {
                    Finish::First => log::append(tx, event).await.map(|_| finish),
                    Finish::Repeated | Finish::Unknown => Ok(finish),
                }
            })
        })
        .await
}
