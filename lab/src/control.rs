//! The lab's control socket: HTTP and JSON over a Unix socket in its data folder.
//!
//! `GET /faults`, `POST /faults` with a [`Request`], `POST /heal` with a [`Heal`]. Whoever may
//! enter the folder may inject faults; nobody else can.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::Utc;
use http::StatusCode;
use mainstay_core::id::DatacenterId;
use serde::{Deserialize, Serialize};
use tokio::net::UnixListener;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::agents::Datacenter;
use crate::effect::Scope;
use crate::fault::{Fault, Kind, Memory, Refusal, Request, Target};

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

/// An answer to what cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub error: String,
}

/// The running lab.
#[derive(Debug)]
pub struct Lab {
    datacenters: BTreeMap<DatacenterId, Datacenter>,
    /// Held while a fault is carried out: one at a time, in order.
    memory: Mutex<Memory>,
}

impl Lab {
    pub fn new(datacenters: BTreeMap<DatacenterId, Datacenter>) -> Self {
        Self { datacenters, memory: Mutex::default() }
    }

    /// Stops everything, all data centres at once.
    pub async fn stop(self: Arc<Self>) {
        match Arc::try_unwrap(self) {
            Ok(lab) => {
                let stops = lab.datacenters.into_values().map(Datacenter::stop);
                futures::future::join_all(stops).await;
            }
            // Agents end with their standard input, which the lab's end closes.
            Err(_) => tracing::warn!("a request still runs; the agents stop by themselves"),
        }
    }

    async fn inject(&self, request: &Request) -> Result<Fault, Refusal> {
        let target = self.target(&request.target)?;
        request.kind.check(&target)?;
        let mut memory = self.memory.lock().await;
        memory.check_room()?;
        if let (Kind::Kill, Scope::Instance(instance)) = (request.kind, &target.scope) {
            let killed = self.datacenter(&target)?.kill(instance.as_str());
            if !killed.map_err(|e| Refusal::Failed(e.to_string()))? {
                return Err(Refusal::NotRunning(request.target.clone()));
            }
            return Ok(memory.add(request.kind, target, Utc::now()));
        }
        let fault = memory.add(request.kind, target, Utc::now());
        tracing::info!(kind = fault.kind.name(), target = fault.target, "a fault is injected");
        self.apply(&memory, [&fault.datacenter]).await?;
        Ok(fault)
    }

    async fn heal(&self, heal: &Heal) -> Result<Vec<Fault>, Refusal> {
        let target = heal.target.as_deref().map(|text| self.target(text)).transpose()?;
        let mut memory = self.memory.lock().await;
        let healed = memory.heal(target.as_ref());
        if let (Some(target), true) = (target, healed.is_empty()) {
            return Err(Refusal::NothingToHeal(target.to_string()));
        }
        self.apply(&memory, healed.iter().map(|fault| &fault.datacenter)).await?;
        Ok(healed)
    }

    async fn apply<'a>(
        &self,
        memory: &Memory,
        datacenters: impl IntoIterator<Item = &'a DatacenterId>,
    ) -> Result<(), Refusal> {
        let affected: std::collections::BTreeSet<_> = datacenters.into_iter().collect();
        for id in affected {
            let Some(datacenter) = self.datacenters.get(id) else { continue };
            let (lost, cut) = (memory.has(id, Kind::Lose), memory.has(id, Kind::Cut));
            let applied = datacenter.apply(lost, cut, &memory.effects(id)).await;
            applied.map_err(|e| Refusal::Failed(e.to_string()))?;
        }
        Ok(())
    }

    fn target(&self, text: &str) -> Result<Target, Refusal> {
        Target::parse(text, self.datacenters.keys())
    }

    fn datacenter(&self, target: &Target) -> Result<&Datacenter, Refusal> {
        let found = self.datacenters.get(&target.datacenter);
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

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotRunning(_) | Self::NothingToHeal(_) | Self::TooMany => StatusCode::CONFLICT,
            Self::NoDatacenter(..)
            | Self::NoTarget(_)
            | Self::WrongScope { .. }
            | Self::Slow
            | Self::Rate => StatusCode::BAD_REQUEST,
        };
        let error = self.to_string();
        (status, Json(Refused { error })).into_response()
    }
}
