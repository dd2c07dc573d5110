//! The link to the server: outbound, kept up for ever.
//!
//! One session after the other: hello, welcome, a full report, then what changes. Commands that
//! arrive are executed one at a time. A session that ends is followed by the next after a pause
//! that grows to [`PAUSE_MAX`]; what runs in the data centre does not notice.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use chrono::Utc;
use mainstay_core::audit::Conflict;
use mainstay_wire::proto::agents_client::AgentsClient;
use mainstay_wire::{Command, CommandResult, FromAgent, Hello, ToAgent, WireError, limits, proto};
use rand::Rng;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Streaming;
use tonic::transport::Channel;

use crate::driver::{Driver, Observed};
use crate::executor::Executor;
use crate::identity::{self, Identity, IdentityError};
use crate::report::Told;
use crate::tls;
use crate::witness::Witness;

/// First and longest pause between two sessions; a server that comes back has the whole picture
/// within 5 s.
const PAUSE_MIN: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(3);
/// Time for the server to welcome the agent.
const WELCOME_TIMEOUT: Duration = Duration::from_secs(10);
/// How long changes are collected before they are reported.
const COALESCE: Duration = Duration::from_millis(40);
/// Results that wait for the stream to take them; while it is full no command is read.
const RESULTS_QUEUED_MAX: usize = 256;
/// Messages handed to the stream and not yet sent.
const STREAM_QUEUE: usize = 4;
/// Pause before a refused renewal is asked again.
const RENEW_AGAIN: Duration = Duration::from_secs(600);

/// What a link needs to know.
#[derive(Clone, Copy, Debug)]
pub struct LinkConfig<'a> {
    /// `host:port`.
    pub server: &'a str,
    pub data_dir: &'a Path,
    /// New for each start of the agent.
    pub boot_id: &'a str,
}

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("the server cannot be reached")]
    Connect(#[from] tonic::transport::Error),
    #[error("the server ended the link: {} ({:?})", .0.message(), .0.code())]
    Status(Box<tonic::Status>),
    #[error("the server closed the link")]
    Closed,
    #[error("the server did not welcome the agent")]
    NoWelcome,
    #[error("the server sent a malformed message")]
    Malformed(#[from] WireError),
    #[error("the certificate cannot be used")]
    Identity(#[from] IdentityError),
}

impl From<tonic::Status> for Lost {
    fn from(status: tonic::Status) -> Self {
        Self::Status(Box::new(status))
    }
}

/// Why a session ended without anything being wrong.
enum End {
    Shutdown,
    /// The certificate is due for renewal.
    Renew,
}

/// Keeps the link up until `shutdown`.
pub async fn run<D: Driver>(
    config: LinkConfig<'_>,
    mut identity: Identity,
    executor: &mut Executor<D>,
    witness: &mut Witness,
    shutdown: &CancellationToken,
) {
    let mut attempt = 0;
    let mut renewal = Renewal::default();
    loop {
        let started = Instant::now();
        let session = async {
            let channel = tls::connect(config.server, identity.tls()?).await?;
            renewal.when_due(channel.clone(), config.data_dir, &mut identity).await;
            let until = renewal.next(&identity);
            Session::open(channel, config, &identity, executor, witness)
                .await?
                .run(until, shutdown)
                .await
        };
        let ended = tokio::select! {
            ended = session => ended,
            () = shutdown.cancelled() => return,
        };
        match ended {
            Ok(End::Shutdown) => return,
            Ok(End::Renew) => continue,
            Err(lost) => {
                let lasted = started.elapsed();
                tracing::warn!(error = &lost as &dyn std::error::Error, ?lasted, "no link");
            }
        }
        attempt = if started.elapsed() > PAUSE_MAX { 0 } else { attempt + 1 };
        tokio::select! {
            () = tokio::time::sleep(pause(attempt, rand::rng().random())) => {}
            () = shutdown.cancelled() => return,
        }
    }
}

/// The pause before an attempt; `jitter` in 0..1 spreads the agents of a fleet over half of it.
fn pause(attempt: u32, jitter: f64) -> Duration {
    let full = PAUSE_MIN.saturating_mul(1 << attempt.min(16)).min(PAUSE_MAX);
    full.mul_f64(0.5 + jitter / 2.0).max(PAUSE_MIN)
}

/// When the certificate is to be renewed, and how that went.
#[derive(Default)]
struct Renewal {
    not_before: Option<Instant>,
}

impl Renewal {
    /// The time until the next attempt; `None`: never.
    fn next(&self, identity: &Identity) -> Option<Instant> {
        let due = identity.renew_at()?;
        let until = (due - Utc::now()).to_std().unwrap_or_default();
        // A far moment is cut to a day: timers are bounded, and looking again costs nothing.
        let at = Instant::now() + until.min(Duration::from_secs(86_400));
        Some(self.not_before.map_or(at, |not_before| at.max(not_before)))
    }

    async fn when_due(&mut self, channel: Channel, data_dir: &Path, identity: &mut Identity) {
        let due = identity.renew_at().is_some_and(|at| at <= Utc::now());
        if !due || self.not_before.is_some_and(|at| at > Instant::now()) {
            return;
        }
        match identity::renew(channel, data_dir, identity).await {
            Ok(renewed) => {
                tracing::info!(renew_at = ?renewed.renew_at(), "the certificate is renewed");
                *identity = renewed;
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "the certificate is not renewed; trying again later");
                self.not_before = Some(Instant::now() + RENEW_AGAIN);
            }
        }
    }
}

/// One stream to the server, from welcome to end.
struct Session<'a, D> {
    executor: &'a mut Executor<D>,
    witness: &'a mut Witness,
    inbound: Streaming<proto::ToAgent>,
    outbound: mpsc::Sender<proto::FromAgent>,
    observed: watch::Receiver<Observed>,
    /// Rises when there is news of a test.
    tested: watch::Receiver<u64>,
    /// Rises when there is news of a database.
    worked: watch::Receiver<u64>,
    told: Told,
    /// The state revision that was reported last.
    reported_revision: u64,
    results: VecDeque<CommandResult>,
    /// What the witness found on this link, until it is told.
    conflict: Option<Conflict>,
    /// What the next report is to be, if one is due.
    due: Option<Due>,
    report_period: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Delta,
    Full,
}

impl<'a, D: Driver> Session<'a, D> {
    async fn open(
        channel: Channel,
        config: LinkConfig<'_>,
        identity: &Identity,
        executor: &'a mut Executor<D>,
        witness: &'a mut Witness,
    ) -> Result<Self, Lost> {
        let (outbound, queue) = mpsc::channel(STREAM_QUEUE);
        let hello = FromAgent::Hello(Hello {
            datacenter: identity.datacenter.clone(),
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            boot_id: config.boot_id.to_owned(),
            accepted: executor.journal().newest().clone(),
            journal_tail: executor.journal().tail(),
            witnessed_size: witness.size(),
            conflict: witness.conflict().cloned(),
        });
        outbound.try_send((&hello).into()).expect("a new queue has room");
        let mut client = AgentsClient::new(channel)
            .max_decoding_message_size(limits::MESSAGE_MAX_BYTES)
            .max_encoding_message_size(limits::MESSAGE_MAX_BYTES);
        let welcomed = async {
            let mut inbound = client.link(ReceiverStream::new(queue)).await?.into_inner();
            let first = inbound.message().await?.ok_or(Lost::Closed)?;
            match ToAgent::try_from(first)? {
                ToAgent::Welcome(welcome) => Ok((inbound, welcome)),
                ToAgent::Command(_)
                | ToAgent::Acknowledged { .. }
                | ToAgent::Resync
                | ToAgent::Checkpoint(_) => Err(Lost::NoWelcome),
            }
        };
        let (inbound, welcome) = tokio::time::timeout(WELCOME_TIMEOUT, welcomed)
            .await
            .map_err(|_| Lost::NoWelcome)??;
        let clock_difference = Utc::now() - welcome.server_time;
        tracing::info!(server = welcome.server_version, %clock_difference, "linked");
        Ok(Self {
            observed: executor.driver().observe(),
            tested: executor.tests().revision(),
            worked: executor.works().revision(),
            executor,
            witness,
            inbound,
            outbound,
            told: Told::default(),
            reported_revision: 0,
            results: VecDeque::new(),
            conflict: None,
            due: Some(Due::Full),
            report_period: welcome.report_period,
        })
    }

    async fn run(
        mut self,
        renew_at: Option<Instant>,
        shutdown: &CancellationToken,
    ) -> Result<End, Lost> {
        let mut period = tokio::time::interval(self.report_period);
        period.set_missed_tick_behavior(MissedTickBehavior::Delay);
        period.reset();
        let mut flush_at: Option<Instant> = None;
        loop {
            let has_news =
                self.due.is_some() || !self.results.is_empty() || self.conflict.is_some();
            tokio::select! {
                () = shutdown.cancelled() => return Ok(End::Shutdown),
                () = at(renew_at) => return Ok(End::Renew),
                permit = self.outbound.clone().reserve_owned(), if has_news => {
                    let message = self.next_message();
                    permit.map_err(|_| Lost::Closed)?.send((&message).into());
                }
                message = self.inbound.message(), if self.results.len() < RESULTS_QUEUED_MAX => {
                    self.take(message?.ok_or(Lost::Closed)?)?;
                }
                changed = self.observed.changed() => {
                    changed.map_err(|_| Lost::Closed)?;
                    let revision = self.observed.borrow_and_update().state_revision;
                    if revision != self.reported_revision {
                        flush_at.get_or_insert_with(|| Instant::now() + COALESCE);
                    }
                }
                tested = self.tested.changed() => {
                    tested.map_err(|_| Lost::Closed)?;
                    flush_at.get_or_insert_with(|| Instant::now() + COALESCE);
                }
                worked = self.worked.changed() => {
                    worked.map_err(|_| Lost::Closed)?;
                    flush_at.get_or_insert_with(|| Instant::now() + COALESCE);
                }
                () = at(flush_at) => {
                    flush_at = None;
                    self.due = self.due.max(Some(Due::Delta));
                }
                _ = period.tick() => self.due = self.due.max(Some(Due::Delta)),
            }
        }
    }

    /// What the witness found, else a result if one waits, else the report that is due.
    fn next_message(&mut self) -> FromAgent {
        if let Some(conflict) = self.conflict.take() {
            return FromAgent::Conflict(conflict);
        }
        if let Some(result) = self.results.pop_front() {
            return FromAgent::Result(result);
        }
        let full = self.due.take() == Some(Due::Full);
        let observed = self.observed.borrow_and_update();
        self.reported_revision = observed.state_revision;
        let (deployments, facts) = (self.executor.deployments(), self.executor.facts());
        let report = self.told.report(full, &observed.instances, deployments, facts);
        if self.told.is_behind() {
            self.due = Some(Due::Delta);
        }
        FromAgent::Report(report)
    }

    fn take(&mut self, message: proto::ToAgent) -> Result<(), Lost> {
        match ToAgent::try_from(message)? {
            // A second welcome changes nothing.
            ToAgent::Welcome(_) => {}
            ToAgent::Command(command) => self.execute(&command),
            ToAgent::Acknowledged { seq } => tracing::trace!(seq, "taken over"),
            ToAgent::Resync => self.due = Some(Due::Full),
            ToAgent::Checkpoint(checkpoint) => {
                self.conflict = self.witness.take(&checkpoint).or(self.conflict.take());
            }
        }
        Ok(())
    }

    fn execute(&mut self, command: &Command) {
        match self.executor.execute(command) {
            Ok(result) => {
                let (id, action) = (&command.id, &command.action);
                tracing::info!(%id, ?action, outcome = ?result.outcome, "command");
                self.results.push_back(result);
                // The deployments changed, which is news even before the driver gets to work.
                self.due = self.due.max(Some(Due::Delta));
            }
            // Without the journal nothing may be done, and nothing can be answered that would
            // hold after a restart. The server asks again.
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, id = %command.id, "a command is left undone");
            }
        }
    }
}

/// Waits for a moment, or for ever.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_are_spread() {
        for (attempt, jitter, ms) in [
            (0, 0.0, 200),
            (1, 0.0, 200),
            (1, 1.0, 400),
            (3, 1.0, 1600),
            (9, 1.0, 3000),
            (9, 0.0, 1500),
            (u32::MAX, 1.0, 3000),
        ] {
            assert_eq!(pause(attempt, jitter), Duration::from_millis(ms), "{attempt} {jitter}");
        }
    }
}
