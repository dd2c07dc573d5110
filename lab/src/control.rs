//! The lab's control socket: HTTP and JSON over a Unix socket in its data folder.
//!
//! `GET /faults`, `POST /faults` with a [`Request`], `POST /heal` with a [`Heal`]; `GET /load`,
//! `POST /load` with a [`Change`]; `GET /databases`, `POST /databases` with an [`Act`]. Whoever may
//! write to the socket may inject faults; nobody else can.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::Utc;
use http::StatusCode;
use mainstay_core::id::{DatabaseId, DatacenterId, EdgeId, RegionId};
use serde::{Deserialize, Serialize};
use tokio::net::UnixListener;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::agents::Datacenter;
use crate::databases::{Action, Databases, Status};
use crate::edges::Edge;
use crate::effect::Scope;
use crate::fault::{Fault, Kind, Memory, Refusal, Request, Target};
use crate::load::{self, Change, Load};

/// Where the lab of a data folder listens.
pub fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// Faults, as they are answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Faults {
    pub faults: Vec<Fault>,
}

/// What to heal; `None`: everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heal {
    pub target: Option<String>,
}

/// What to do with the Postgres of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    pub database: DatabaseId,
    pub action: Action,
}

/// An answer to what cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub error: String,
}

/// The edges and the load on them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadStatus {
    pub edges: Vec<EdgeStatus>,
    /// `None`: there are no edges.
    pub load: Option<load::Status>,
}

/// Where users of a region enter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeStatus {
    pub id: EdgeId,
    pub region: RegionId,
    pub datacenter: DatacenterId,
    pub address: SocketAddr,
}

/// A request's body.
pub(crate) fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("requests have string keys only")
}

/// The running lab.
#[derive(Debug)]
pub struct Lab {
    datacenters: BTreeMap<DatacenterId, Datacenter>,
    edges: Vec<Edge>,
    load: Option<Load>,
    /// `None`: the lab runs without.
    databases: Option<Databases>,
    /// Held while a fault is carried out: one at a time, in order.
    memory: Mutex<Memory>,
}

impl Lab {
    pub fn new(
        datacenters: BTreeMap<DatacenterId, Datacenter>,
        edges: Vec<Edge>,
        load: Option<Load>,
        databases: Option<Databases>,
    ) -> Self {
        Self { datacenters, edges, load, databases, memory: Mutex::default() }
    }

    /// Stops everything: the users, the edges, then all data centres at once, then the databases.
    pub async fn stop(self: Arc<Self>) {
        match Arc::try_unwrap(self) {
            Ok(lab) => {
                if let Some(load) = lab.load {
                    load.stop().await;
                }
                futures::future::join_all(lab.edges.into_iter().map(Edge::stop)).await;
                let stops = lab.datacenters.into_values().map(Datacenter::stop);
                futures::future::join_all(stops).await;
                if let Some(databases) = lab.databases {
                    databases.stop().await;
                }
            }
            // Agents end with their standard input, which the lab's end closes.
            Err(_) => tracing::warn!("a request still runs; the agents stop by themselves"),
        }
    }

    async fn inject(&self, request: &Request) -> Result<Fault, Refusal> {
        let mut memory = self.memory.lock().await;
        memory.check_room()?;
        if let Some(damage) = request.kind.damage() {
            let hit = self.databases()?.damage(damage, &request.target)?;
            let (name, datacenter) = (hit.to_string(), hit.datacenter);
            tracing::info!(kind = damage.name(), target = name, "a fault is injected");
            return Ok(memory.add_damage(request.kind, name, datacenter, Utc::now()));
        }
        let target = self.target(&request.target)?;
        request.kind.check(&target)?;
        if let Kind::Away | Kind::Full = request.kind {
            let databases = self.databases()?;
            if let (Kind::Full, Some(datacenter)) = (request.kind, &target.datacenter) {
                // Not everywhere can it be done, so it is done before it is remembered.
                databases.fill(datacenter).await?;
            }
        }
        if let (Kind::Kill, Scope::Instance(instance)) = (request.kind, &target.scope) {
            let killed = self.datacenter(&target)?.kill(instance.as_str());
            if !killed.map_err(|e| Refusal::Failed(e.to_string()))? {
                return Err(Refusal::NotRunning(request.target.clone()));
            }
            return Ok(memory.add(request.kind, target, Utc::now()));
        }
        if let (Kind::Lag, Some(datacenter)) = (request.kind, &target.datacenter)
            && !self.databases()?.set_lagging(datacenter, true)
        {
            return Err(Refusal::NothingThere(format!("a standby in {datacenter}")));
        }
        let fault = memory.add(request.kind, target, Utc::now());
        tracing::info!(kind = fault.kind.name(), target = fault.target, "a fault is injected");
        self.apply(&memory, [&fault]).await?;
        Ok(fault)
    }

    async fn heal(&self, heal: &Heal) -> Result<Vec<Fault>, Refusal> {
        let target = heal.target.as_deref().map(|text| self.healed(text)).transpose()?;
        let mut memory = self.memory.lock().await;
        let healed = memory.heal(target.as_deref());
        if let (Some(target), true) = (target, healed.is_empty()) {
            return Err(Refusal::NothingToHeal(target));
        }
        for fault in &healed {
            if let (Some(damage), Some(databases)) = (fault.kind.damage(), &self.databases) {
                databases.mend(damage, &fault.target)?;
            }
        }
        let applied = healed.iter().filter(|fault| fault.kind.damage().is_none());
        self.apply(&memory, applied).await?;
        Ok(healed)
    }

    /// Brings every data centre that faults reach in line with all that are remembered.
    async fn apply(
        &self,
        memory: &Memory,
        faults: impl IntoIterator<Item = &Fault>,
    ) -> Result<(), Refusal> {
        let mut affected = BTreeSet::new();
        for fault in faults {
            match &fault.datacenter {
                Some(id) => affected.extend([id]),
                None => affected.extend(self.datacenters.keys()),
            }
        }
        for id in affected {
            let Some(datacenter) = self.datacenters.get(id) else { continue };
            let (lost, cut) = (memory.has(id, Kind::Lose), memory.has(id, Kind::Cut));
            let applied = datacenter.apply(lost, cut, &memory.effects(id)).await;
            applied.map_err(|e| Refusal::Failed(e.to_string()))?;
            if let Some(databases) = &self.databases {
                let (away, full) = (memory.has(id, Kind::Away), memory.has(id, Kind::Full));
                databases.set_lagging(id, memory.has(id, Kind::Lag));
                let applied = databases.apply(id, lost, away, full).await;
                applied.map_err(|error| Refusal::Failed(format!("{error:#}")))?;
            }
            for edge in self.edges.iter().filter(|edge| edge.plan().datacenter == *id) {
                edge.set_lost(lost);
            }
        }
        Ok(())
    }

    /// What is to be healed, as faults name it: a target of the fleet, or of copies.
    fn healed(&self, text: &str) -> Result<String, Refusal> {
        match (self.target(text), &self.databases) {
            (Ok(target), _) => Ok(target.to_string()),
            (Err(_), Some(databases)) => databases.target(text).map(|target| target.to_string()),
            (Err(refusal), None) => Err(refusal),
        }
    }

    fn databases(&self) -> Result<&Databases, Refusal> {
        self.databases.as_ref().ok_or(Refusal::NoDatabases)
    }

    fn target(&self, text: &str) -> Result<Target, Refusal> {
        Target::parse(text, self.datacenters.keys())
    }

    fn datacenter(&self, target: &Target) -> Result<&Datacenter, Refusal> {
        let found = target.datacenter.as_ref().and_then(|id| self.datacenters.get(id));
        found.ok_or_else(|| Refusal::NoTarget(target.to_string()))
    }
}

/// Serves until `stop`.
pub async fn serve(lab: Arc<Lab>, socket: &Path, stop: CancellationToken) -> anyhow::Result<()> {
    match fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(socket).with_context(|| {
        format!("cannot listen on {} (a socket's path has at most 107 bytes)", socket.display())
    })?;
    let router = Router::new()
        .route("/faults", get(list).post(inject))
        .route("/heal", post(heal))
        .route("/load", get(load_status).post(change_load))
        .route("/databases", get(databases).post(act))
        .with_state(lab);
    axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await?;
    fs::remove_file(socket)?;
    Ok(())
}

async fn list(State(lab): State<Arc<Lab>>) -> Json<Faults> {
    let faults = lab.memory.lock().await.list();
    Json(Faults { faults })
}

async fn inject(
    State(lab): State<Arc<Lab>>,
    Json(request): Json<Request>,
) -> Result<Json<Faults>, Refusal> {
    let faults = vec![lab.inject(&request).await?];
    Ok(Json(Faults { faults }))
}

async fn heal(
    State(lab): State<Arc<Lab>>,
    Json(request): Json<Heal>,
) -> Result<Json<Faults>, Refusal> {
    let faults = lab.heal(&request).await?;
    Ok(Json(Faults { faults }))
}

async fn load_status(State(lab): State<Arc<Lab>>) -> Json<LoadStatus> {
    let status = |edge: &Edge| EdgeStatus {
        id: edge.plan().id.clone(),
        region: edge.plan().region.clone(),
        datacenter: edge.plan().datacenter.clone(),
        address: edge.plan().listen,
    };
    let edges = lab.edges.iter().map(status).collect();
    Json(LoadStatus { edges, load: lab.load.as_ref().map(Load::status) })
}

async fn change_load(
    State(lab): State<Arc<Lab>>,
    Json(change): Json<Change>,
) -> Result<Json<LoadStatus>, Refusal> {
    let load = lab.load.as_ref().ok_or(Refusal::NoEdges)?;
    load.change(change).map_err(Refusal::Load)?;
    Ok(load_status(State(lab)).await)
}

async fn databases(State(lab): State<Arc<Lab>>) -> Json<Vec<Status>> {
    Json(match &lab.databases {
        Some(databases) => databases.status().await,
        None => Vec::new(),
    })
}

async fn act(
    State(lab): State<Arc<Lab>>,
    Json(act): Json<Act>,
) -> Result<Json<Vec<Status>>, Refusal> {
    lab.databases()?.act(&act.database, act.action).await?;
    Ok(databases(State(lab)).await)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotRunning(_)
            | Self::NothingToHeal(_)
            | Self::TooMany
            | Self::NoEdges
            | Self::NoDatabases
            | Self::NoBackup(_)
            | Self::NothingThere(_)
            | Self::Damaged(_) => StatusCode::CONFLICT,
            Self::NoDatacenter(..)
            | Self::NoTarget(_)
            | Self::NoDatabase(..)
            | Self::WrongScope { .. }
            | Self::Slow
            | Self::Load(_)
            | Self::Rate => StatusCode::BAD_REQUEST,
        };
        let error = self.to_string();
        (status, Json(Refused { error })).into_response()
    }
}
