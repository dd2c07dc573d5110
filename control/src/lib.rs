//! The reconcilers: load → decide (in `core`) → one transaction; and what users ask for.
//!
//! Owns the estate in memory ([`estate`]), taking in observations ([`ingest`], [`follow`]), the
//! leader's work ([`leader`]: what to command, which problems stand, how rollouts go on), what
//! goes to agents ([`commands`]), the fleet in force ([`fleet`]), actions on what runs ([`act`]),
//! requests of rollouts ([`rollouts`]) and failovers ([`failover`]), what waits for a second person
//! ([`approvals`]), notifications ([`notify`]), planned events ([`planned`]), what pipelines report
//! ([`pipelines`]), what edges are told and tell ([`edges`], [`traffic`]), how available services
//! were ([`availability`]), the past ([`moment`]),
//! who may come in ([`access`], [`authority`]), the audit log's sequencer ([`audit`]) and packs of
//! evidence ([`evidence`]).
//!
//! Invariants: reconcilers take no input, a wake-up only says "look again"; killing the server
//! between any two steps loses nothing and repeats nothing.
//!
//! Must not: know HTTP, HTML or how messages travel.

pub mod access;
pub mod act;
pub mod approvals;
pub mod audit;
pub mod authority;
pub mod availability;
pub mod backups;
mod clock;
pub mod commands;
pub mod edges;
pub mod estate;
pub mod evidence;
pub mod failover;
pub mod fleet;
pub mod follow;
pub mod forget;
pub mod ingest;
pub mod leader;
pub mod moment;
pub mod notify;
mod once;
pub mod pipelines;
pub mod planned;
pub mod rewind;
pub mod rollouts;
pub mod runbook;
pub mod traffic;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use mainstay_core::audit::Actor;
use mainstay_core::id::DatacenterId;
use mainstay_store::outbox::Finish;
use mainstay_store::{Store, StoreError};
use mainstay_wire::{CommandResult, JoinRequest};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use access::{Access, By, FactorSettings, RedeemError};
use authority::{Authority, AuthorityError, Issued};
use backups::history::Reader as History;
use commands::Commands;
use edges::Edges;
use estate::{LiveEstate, Snapshot};
use follow::Follower;
use ingest::Ingest;
use leader::{Asked, Leader, Prometheus};
use notify::NotifySettings;
use pipelines::Repositories;
use rollouts::Sources;
use traffic::Traffic;

/// How often what is over of sessions is removed.
const SWEEP_PERIOD: Duration = Duration::from_secs(60);

/// Everything one server process controls with.
#[derive(Debug)]
pub struct Control {
    pub store: Store,
    pub estate: Arc<LiveEstate>,
    pub ingest: Arc<Ingest>,
    pub access: Access,
    pub authority: Authority,
    pub edges: Arc<Edges>,
    pub traffic: Arc<Traffic>,
    alias_uses: runbook::Uses,
    history: Arc<History>,
    prometheus: Option<Arc<dyn Prometheus>>,
    notify: NotifySettings,
    pipelines: pipelines::Paces,
    repositories: Option<Arc<dyn Repositories>>,
    sums: availability::Sums,
    /// As it was judged last.
    readiness: Mutex<Option<failover::Readiness>>,
    commands: watch::Sender<u64>,
    /// Certificates that were valid when they were last shown here, by fingerprint. Bounded by
    /// the certificates that were issued.
    agents_seen: Mutex<BTreeMap<String, DatacenterId>>,
}

/// Why an agent is turned away.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Refused(String),
    /// The same may be asked again, a little later.
    #[error("{0}")]
    Later(String),
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

impl Control {
    pub fn new(store: Store, authority: Authority) -> Self {
        let estate = Arc::new(LiveEstate::default());
        let background = store.for_background();
        let ingest = Ingest::new(background.clone(), estate.clone());
        Self {
            edges: Arc::new(Edges::new(background.clone(), estate.clone())),
            traffic: Arc::new(Traffic::new(background.clone())),
            history: Arc::new(History::new(background)),
            prometheus: None,
            notify: NotifySettings::default(),
            pipelines: pipelines::Paces::default(),
            repositories: None,
            sums: availability::Sums::default(),
            readiness: Mutex::default(),
            alias_uses: runbook::Uses::default(),
            access: Access::new(store.clone()),
            ingest: Arc::new(ingest),
            commands: watch::Sender::new(0),
            agents_seen: Mutex::default(),
            estate,
            authority,
            store,
        }
    }

    /// The same with second factors.
    #[must_use]
    pub fn with_factors(self, factors: FactorSettings) -> Self {
        Self { access: self.access.with_factors(factors), ..self }
    }

    /// The same with a metric system that plans may ask.
    #[must_use]
    pub fn with_prometheus(self, prometheus: Arc<dyn Prometheus>) -> Self {
        Self { prometheus: Some(prometheus), ..self }
    }

    /// Where facts about rollouts come from.
    fn sources(&self) -> Sources {
        Sources {
            store: self.store.for_background(),
            estate: self.estate.clone(),
            edges: self.edges.clone(),
            traffic: self.traffic.clone(),
            history: self.history.clone(),
        }
    }

    /// Runs every reconciler until told to stop; returns when all have ended.
    ///
    /// `holder` names this process in the leader's lease.
    pub async fn run(&self, holder: String, signer: audit::Signer, shutdown: CancellationToken) {
        let store = self.store.for_background();
        let mut tasks = JoinSet::new();
        let follower = Follower::new(store.clone(), self.estate.clone(), self.ingest.clone());
        tasks.spawn(follower.run(shutdown.clone()));
        let ingest = self.ingest.clone();
        let stop = shutdown.clone();
        tasks.spawn(async move { ingest.run(stop).await });
        tasks.spawn(follow::listen(store.clone(), self.estate.clone(), shutdown.clone()));
        self.spawn_edges(&mut tasks, &holder, &shutdown);
        let (commands, prometheus) = (self.commands.clone(), self.prometheus.clone());
        let verifier = signer.verifier();
        let notifier = self.notifier(store.clone());
        let asked = Asked { prometheus, repositories: self.repositories.clone() };
        let leader = Leader::new(self.sources(), asked, notifier, commands, holder, verifier);
        tasks.spawn(leader.run(shutdown.clone()));
        tasks.spawn(audit::Sequencer::new(store, signer).run(shutdown));
        let mut sweeps = tokio::time::interval(SWEEP_PERIOD);
        loop {
            tokio::select! {
                ended = tasks.join_next() => match ended {
                    None => return,
                    Some(Ok(())) => {}
                    Some(Err(error)) => tracing::error!(%error, "a reconciler ended"),
                },
                _ = sweeps.tick() => {
                    if let Err(error) = self.access.sweep().await {
                        tracing::debug!(%error, "ended sessions stay for now");
                    }
                    if let Err(error) = self.write_alias_uses().await {
                        tracing::debug!(%error, "uses of short links are written later");
                    }
                }
            }
        }
    }

    /// What edges are told and tell; `server` names this process.
    fn spawn_edges(&self, tasks: &mut JoinSet<()>, server: &str, shutdown: &CancellationToken) {
        let (edges, stop) = (self.edges.clone(), shutdown.clone());
        tasks.spawn(async move { edges.route(stop).await });
        let (edges, stop, name) = (self.edges.clone(), shutdown.clone(), server.to_owned());
        tasks.spawn(async move { edges.share(name, stop).await });
        let (traffic, stop, name) = (self.traffic.clone(), shutdown.clone(), server.to_owned());
        tasks.spawn(async move { traffic.run(name, stop).await });
    }

    /// The estate now.
    pub fn snapshot(&self) -> Snapshot {
        self.estate.snapshot(Utc::now())
    }

    /// Lets an agent in: its token is used up and its certificate recorded, in one transaction.
    pub async fn join(
        &self,
        request: &JoinRequest,
        peer: IpAddr,
        now: DateTime<Utc>,
    ) -> Result<Issued, LinkError> {
        let issued = self.authority.agent(&request.csr_pem, &request.datacenter, now)?;
        let certificate = issued.certificate(&request.datacenter);
        let token = request.token.to_string();
        self.access.redeem(&token, &certificate, peer).await.map_err(|error| match error {
            RedeemError::Store(error) => LinkError::Store(error),
            RedeemError::NotValid => LinkError::Refused(error.to_string()),
            RedeemError::Wait(_) => LinkError::Later(error.to_string()),
        })?;
        Ok(issued)
    }

    /// A new certificate for the holder of a valid one.
    pub async fn renew(
        &self,
        datacenter: &DatacenterId,
        csr_pem: &str,
        now: DateTime<Utc>,
    ) -> Result<Issued, LinkError> {
        let issued = self.authority.agent(csr_pem, datacenter, now)?;
        let by =
            By { actor: Actor::Agent(datacenter.to_string()), request: None, confirmed: false };
        self.access.renew_certificate(&by, &issued.certificate(datacenter)).await?;
        Ok(issued)
    }

    /// The data centre a certificate stands for; `None`: unknown, expired or revoked. While the
    /// database is away, one that was valid when it was last asked for is still let in.
    pub async fn agent_of(&self, fingerprint: &str) -> Result<Option<DatacenterId>, LinkError> {
        let found = self.access.certificate(fingerprint).await;
        let mut seen = self.agents_seen.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Ok(Some(certificate)) => {
                seen.insert(fingerprint.to_owned(), certificate.datacenter.clone());
                Ok(Some(certificate.datacenter))
            }
            Ok(None) => {
                seen.remove(fingerprint);
                Ok(None)
            }
            Err(error) if error.is_unavailable() => match seen.get(fingerprint) {
                Some(datacenter) => Ok(Some(datacenter.clone())),
                None => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Commands for an agent linked here.
    pub fn commands(&self, datacenter: &DatacenterId) -> Commands {
        let store = self.store.for_background();
        Commands::new(store, datacenter.clone(), self.commands.subscribe())
    }

    /// Takes over what an agent answered.
    pub async fn finish(
        &self,
        datacenter: &DatacenterId,
        result: &CommandResult,
        now: DateTime<Utc>,
    ) -> Result<Finish, StoreError> {
        commands::finish(&self.store.for_background(), datacenter, result, now).await
    }
}
