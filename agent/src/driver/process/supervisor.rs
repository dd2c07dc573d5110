//! Carries out the plan: starts, watches, drains and ends processes, and says what is there.

mod checks;
mod show;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::estate::Cause;
use mainstay_core::id::InstanceId;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior};

use self::checks::{CHECK, CHECK_STARTING, Checks};
use super::adopt::{self, Found};
use super::child::{self, Handle, Unwatched};
use super::node::{Node, Phase};
use super::plan::{Action, plan};
use super::record::{Record, Records};
use super::usage::Usage;
use super::{ProcessConfig, Wish, proc};
use crate::driver::Observed;
use crate::journal::Targets;

/// How often the use of resources is measured, and the size of logs looked at.
const SAMPLE: Duration = Duration::from_secs(1);
const LOGS_EVERY_SAMPLES: u32 = 30;
/// Events of children that wait for the supervisor.
const EVENTS_QUEUED_MAX: usize = 256;
/// Attempts to find a port that no other node has.
const PORT_ATTEMPTS: usize = 16;

/// What a child's tasks tell.
struct Event {
    id: InstanceId,
    /// Of which process of the node; a late word of a former one is dropped.
    run: u64,
    news: News,
}

enum News {
    Ended(Cause),
    Checked(Result<(), Cause>),
}

/// What belongs to a node beside the plan's view of it.
struct Body {
    run: u64,
    /// When the phase was entered, and when a waiting node is started, by the wall clock.
    since: DateTime<Utc>,
    retry_at: DateTime<Utc>,
    port: u16,
    process: Option<Handle>,
    checks: Option<AbortHandle>,
    usage: Usage,
}

pub(super) struct Supervisor {
    config: ProcessConfig,
    data_dir: Arc<Path>,
    boot_id: String,
    records: Records,
    /// Where the plan's time begins.
    origin: Instant,
    wishes: watch::Receiver<Wish>,
    nodes: BTreeMap<InstanceId, Node>,
    bodies: BTreeMap<InstanceId, Body>,
    runs: u64,
    events: (mpsc::Sender<Event>, mpsc::Receiver<Event>),
    observed: watch::Sender<Observed>,
}

impl Supervisor {
    pub(super) async fn start(
        config: ProcessConfig,
        wishes: watch::Receiver<Wish>,
        observed: watch::Sender<Observed>,
    ) -> io::Result<Self> {
        std::fs::create_dir_all(config.data_dir.join("logs"))?;
        let mut supervisor = Self {
            data_dir: config.data_dir.as_path().into(),
            boot_id: proc::boot_id()?,
            records: Records::open(&config.data_dir)?,
            origin: Instant::now(),
            wishes,
            nodes: BTreeMap::new(),
            bodies: BTreeMap::new(),
            runs: 0,
            events: mpsc::channel(EVENTS_QUEUED_MAX),
            observed,
            config,
        };
        let boot_id = supervisor.boot_id.clone();
        let found = adopt::find(&supervisor.config, &supervisor.records, &boot_id).await?;
        for (id, found) in found {
            supervisor.take_up(id, found);
        }
        supervisor.publish();
        Ok(supervisor)
    }

    pub(super) async fn run(mut self) {
        let mut samples = tokio::time::interval(SAMPLE);
        samples.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sampled: u32 = 0;
        loop {
            let wish = self.wishes.borrow_and_update().clone();
            let next = match &wish {
                Wish::Undecided => None,
                Wish::Run(targets) => self.follow(targets),
                Wish::StopAll => self.follow(&Targets::new()),
            };
            self.publish();
            if matches!(wish, Wish::StopAll) && self.nodes.is_empty() {
                return;
            }
            let origin = self.origin;
            tokio::select! {
                Some(event) = self.events.1.recv() => {
                    self.hear(event);
                    while let Ok(event) = self.events.1.try_recv() {
                        self.hear(event);
                    }
                }
                changed = self.wishes.changed() => if changed.is_err() { return },
                () = until(next.map(|at| origin + at)) => {}
                _ = samples.tick() => {
                    self.measure();
                    sampled = sampled.wrapping_add(1);
                    if sampled.is_multiple_of(LOGS_EVERY_SAMPLES) {
                        self.bound_logs();
                    }
                }
            }
        }
    }

    /// Carries out the plan until there is nothing to do; returns when to look again.
    fn follow(&mut self, targets: &Targets) -> Option<Duration> {
        loop {
            let plan = plan(targets, &self.nodes, &self.config.datacenter, self.now());
            if plan.actions.is_empty() {
                return plan.next;
            }
            for action in plan.actions {
                self.act(action);
            }
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Start { id, place, spec, afresh } => {
                let node = Node::started(place, spec, afresh, self.now());
                self.launch(id, node);
            }
            Action::Restart { id } => {
                if let Some(node) = self.nodes.remove(&id) {
                    let node = node.restarted(self.now());
                    self.launch(id, node);
                }
            }
            Action::Drain { id, purpose } => {
                let kill_at = Some(self.now() + self.config.drain_grace);
                self.enter(&id, Phase::Draining { purpose, kill_at });
                if let Some(process) = self.process(&id) {
                    process.terminate();
                }
            }
            Action::Kill { id } => {
                if let Some(node) = self.nodes.get_mut(&id)
                    && let Phase::Draining { kill_at, .. } = &mut node.phase
                {
                    *kill_at = None;
                }
                if let Some(process) = self.process(&id) {
                    process.kill();
                }
            }
            Action::Forget { id } => {
                self.nodes.remove(&id);
                self.bodies.remove(&id);
                if let Err(error) = self.records.remove(&id) {
                    tracing::error!(%error, %id, "a record cannot be removed");
                }
            }
        }
    }

    /// Starts the process of a node. A start that fails is a death like any other.
    fn launch(&mut self, id: InstanceId, node: Node) {
        let preferred = self.bodies.get(&id).map(|body| body.port);
        let port = self.port(&id, preferred);
        let now = Utc::now();
        let body = Body {
            run: self.next_run(),
            since: now,
            retry_at: now,
            port: port.as_ref().map_or(0, |port| *port),
            process: None,
            checks: None,
            usage: Usage::default(),
        };
        self.nodes.insert(id.clone(), node);
        self.bodies.insert(id.clone(), body);
        let started = port.and_then(|_| {
            // The intent is recorded first: a process that exists has a record.
            self.record(&id)?;
            self.spawn(&id)
        });
        match started {
            Ok(process) => {
                tracing::info!(%id, pid = process.handle.id.pid, "started");
                self.watch(&id, process, CHECK_STARTING);
                if let Err(error) = self.record(&id) {
                    // It is found by its mark if the agent has to look for it.
                    tracing::warn!(%error, %id, "a process is not recorded");
                }
            }
            Err(error) => {
                let message = error.to_string();
                tracing::warn!(%id, message, "not started");
                self.died(&id, Cause::NotStarted { message });
            }
        }
    }

    fn spawn(&self, id: &InstanceId) -> io::Result<Unwatched> {
        let (Some(node), Some(body)) = (self.nodes.get(id), self.bodies.get(id)) else {
            return Err(io::Error::other("the node was forgotten"));
        };
        self.config.spawn(id, &node.place.0, &node.spec, body.port, &self.log(id))
    }

    /// Watches a process for its end and its health.
    fn watch(&mut self, id: &InstanceId, process: Unwatched, first_pause: Duration) {
        let (Some(body), Some(node)) = (self.bodies.get_mut(id), self.nodes.get(id)) else {
            return;
        };
        let (id, run, events) = (id.clone(), body.run, self.events.0.clone());
        body.process = Some(process.handle.clone());
        let checks = Checks {
            address: SocketAddr::new(self.config.bind_address, body.port),
            path: node.spec.health_path.clone(),
            first_pause,
            id: id.clone(),
            run,
            events: events.clone(),
        };
        body.checks = Some(tokio::spawn(checks.run()).abort_handle());
        let data_dir = self.data_dir.clone();
        tokio::spawn(async move {
            let news = News::Ended(process.ended(data_dir).await);
            // Fails only when the supervisor is gone.
            let _ = events.send(Event { id, run, news }).await;
        });
    }

    fn hear(&mut self, event: Event) {
        let Event { id, run, news } = event;
        if self.bodies.get(&id).is_none_or(|body| body.run != run) {
            return;
        }
        match news {
            News::Ended(cause) => self.died(&id, cause),
            News::Checked(result) => {
                let now = self.now();
                let changed = self.nodes.get_mut(&id).is_some_and(|n| n.checked(result, now));
                if changed {
                    self.entered(&id);
                    if let Err(error) = self.record(&id) {
                        tracing::warn!(%error, %id, "a change of health is not recorded");
                    }
                }
            }
        }
    }

    fn died(&mut self, id: &InstanceId, cause: Cause) {
        let now = self.now();
        let (Some(node), Some(body)) = (self.nodes.get_mut(id), self.bodies.get_mut(id)) else {
            return;
        };
        tracing::info!(%id, ?cause, "ended");
        node.died(cause, now);
        body.process = None;
        body.usage = Usage::default();
        if let Some(checks) = body.checks.take() {
            checks.abort();
        }
        if let Phase::Waiting { retry_at, .. } = &node.phase {
            let pause = TimeDelta::from_std(retry_at.saturating_sub(now)).unwrap_or_default();
            body.retry_at = Utc::now() + pause;
        }
        self.entered(id);
    }

    /// Takes up a node of a former run of the agent.
    fn take_up(&mut self, id: InstanceId, found: Found) {
        let Found { record, running } = found;
        let now = self.now();
        let mut node =
            Node::started((record.service, record.track), record.spec, record.afresh, now);
        node.restarts = record.restarts;
        node.failures = record.failures;
        let since = record.serving_since;
        let body = Body {
            run: self.next_run(),
            since: Utc::now(),
            retry_at: Utc::now(),
            port: record.port,
            process: None,
            checks: None,
            usage: Usage::default(),
        };
        self.bodies.insert(id.clone(), body);
        let Some((process, health)) = running else {
            self.nodes.insert(id.clone(), node);
            self.died(&id, Cause::Vanished);
            return;
        };
        tracing::info!(%id, pid = process.handle.id.pid, "adopted");
        match (health, since) {
            (Ok(()), since) => {
                node.phase = Phase::Serving { since: now };
                if let (Some(since), Some(body)) = (since, self.bodies.get_mut(&id)) {
                    body.since = since;
                }
            }
            (Err(cause), Some(_)) => node.phase = Phase::Unhealthy { cause },
            (Err(_), None) => {}
        }
        self.nodes.insert(id.clone(), node);
        self.watch(&id, process, CHECK);
        if let Err(error) = self.record(&id) {
            tracing::warn!(%error, %id, "an adopted process is not recorded");
        }
    }

    fn record(&self, id: &InstanceId) -> io::Result<()> {
        let (Some(node), Some(body)) = (self.nodes.get(id), self.bodies.get(id)) else {
            return Ok(());
        };
        let serves = matches!(node.phase, Phase::Serving { .. });
        self.records.write(
            id,
            &Record {
                service: node.place.0.clone(),
                track: node.place.1,
                spec: node.spec.clone(),
                afresh: node.afresh,
                restarts: node.restarts,
                failures: node.failures,
                port: body.port,
                boot_id: self.boot_id.clone(),
                process: body.process.as_ref().map(|process| process.id),
                serving_since: serves.then_some(body.since),
            },
        )
    }

    fn measure(&mut self) {
        for body in self.bodies.values_mut() {
            if let Some(process) = &body.process {
                body.usage.measure(proc::stat(process.id.pid));
            }
        }
    }

    fn bound_logs(&self) {
        for id in self.nodes.keys() {
            if let Err(error) = child::bound_log(&self.log(id)) {
                tracing::warn!(%error, %id, "a log cannot be cut");
            }
        }
    }

    fn enter(&mut self, id: &InstanceId, phase: Phase) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.phase = phase;
            self.entered(id);
        }
    }

    fn entered(&mut self, id: &InstanceId) {
        if let Some(body) = self.bodies.get_mut(id) {
            body.since = Utc::now();
        }
    }

    fn process(&self, id: &InstanceId) -> Option<&Handle> {
        self.bodies.get(id)?.process.as_ref()
    }

    /// A port for a node that no other node has been given, even if it does not listen yet.
    fn port(&self, id: &InstanceId, preferred: Option<u16>) -> io::Result<u16> {
        let others = self.bodies.iter().filter(|(other, _)| *other != id);
        let taken: BTreeSet<u16> = others.map(|(_, body)| body.port).collect();
        let mut preferred = preferred.filter(|port| *port != 0 && !taken.contains(port));
        for _ in 0..PORT_ATTEMPTS {
            let port = child::free_port(self.config.bind_address, preferred.take())?;
            if !taken.contains(&port) {
                return Ok(port);
            }
        }
        Err(io::Error::other("no free port was found"))
    }

    fn log(&self, id: &InstanceId) -> std::path::PathBuf {
        self.config.data_dir.join("logs").join(format!("{id}.log"))
    }

    fn next_run(&mut self) -> u64 {
        self.runs += 1;
        self.runs
    }

    fn now(&self) -> Duration {
        self.origin.elapsed()
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
