//! How a rollout and a service's benches stand, for programs: in the terms of core, for those that
//! wait for something or decide on it. `mainstay rollout` is one of them; the pages' data under
//! the pages' addresses is in the words of pages.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use mainstay_app::pages::rollout::act::Verb;
use mainstay_control::edges::EdgeState;
use mainstay_control::rollouts::Analysed;
use mainstay_core::access::Permission;
use mainstay_core::bench::{Bench, BenchResult};
use mainstay_core::id::{EdgeId, ServiceId};
use mainstay_core::rollout::{self, Evidence, Refusal, Request, Rollout, RolloutId, State, Wait};
use mainstay_store::StoreError;
use mainstay_store::rollout::Event;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{OpenApi, ToSchema};

use super::page::Context;
use super::pages::{not_found, store_failed};
use crate::policy::Routes;
use crate::problem::Problem;

/// Newest events that come with a rollout.
const EVENTS: i64 = 200;
/// Newest bench results of a service.
const RESULTS: i64 = 50;

pub fn routes() -> Routes {
    let read = Permission::ReadEstate;
    Routes::new().get(read, "/api/v1/rollouts/{id}/standing", one).get(
        read,
        "/api/v1/services/{service}/bench/results",
        benches,
    )
}

#[derive(OpenApi)]
#[openapi(paths(one, benches), components(schemas(Standing, Offer, Entered, BenchResults)))]
struct Description;

pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// A rollout with everything that decides about it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RolloutStanding)]
pub(crate) struct Standing {
    pub at: DateTime<Utc>,
    #[schema(value_type = Object)]
    pub rollout: Rollout,
    /// What a confirmation of its plan names.
    pub plan_hash: String,
    /// What it waits for.
    #[schema(value_type = Vec<Object>)]
    pub waits: Vec<Wait>,
    /// What was measured of the watch that is on; null: none is.
    #[schema(value_type = Option<Object>)]
    pub analysis: Option<Analysed>,
    /// What is known of the way back.
    #[schema(value_type = Object)]
    pub evidence: Evidence,
    /// Every edge of the fleet; null: it was never connected.
    #[schema(value_type = Object)]
    pub edges: BTreeMap<EdgeId, Option<EdgeState>>,
    /// What may be asked of it now, and why not.
    pub requests: Vec<Offer>,
    /// What happened to it, newest first.
    pub events: Vec<Entered>,
}

/// Whether something may be asked.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RolloutRequest)]
pub(crate) struct Offer {
    /// As in its address: `promote-fully`.
    pub request: String,
    /// Why it would be refused; null: it would be done.
    pub refused: Option<String>,
    /// It is done with a reason only.
    pub needs_reason: bool,
}

/// A state that a rollout entered.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RolloutEntered)]
pub(crate) struct Entered {
    pub at: DateTime<Utc>,
    /// Who or what made it.
    #[schema(value_type = Object)]
    pub by: mainstay_core::audit::Actor,
    #[schema(value_type = Object)]
    pub state: State,
    /// What was asked, or what it was decided on.
    #[schema(value_type = Option<Object>)]
    pub why: Option<Value>,
}

/// What versions of a service are tested with, and what came of it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct BenchResults {
    #[schema(value_type = Object)]
    pub bench: Bench,
    /// The newest of each version, newest first.
    #[schema(value_type = Vec<Object>)]
    pub results: Vec<BenchResult>,
}

/// How a rollout stands: what it waits for, what was measured, the way back, the edges, what may
/// be asked.
#[utoipa::path(get, path = "/api/v1/rollouts/{id}/standing", tag = "rollouts",
    params(("id" = String, Path, description = "`ro-12`")),
    responses((status = 200, body = Standing), (status = 404, body = Problem)))]
async fn one(context: Context, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse::<RolloutId>() else { return not_found(&context) };
    match standing(&context, id).await {
        Ok(Some(standing)) => Json(standing).into_response(),
        Ok(None) => not_found(&context),
        Err(error) => store_failed(&context, &error),
    }
}

async fn standing(context: &Context, id: RolloutId) -> Result<Option<Standing>, StoreError> {
    let control = &context.state.control;
    let Some(rollout) = control.rollout(id).await? else { return Ok(None) };
    let gathered = control.gather(&rollout).await?;
    let events = control.rollout_events(id, None, EVENTS).await?;
    let known = control.edges.all(gathered.now);
    let fleet = &gathered.estate.fleet;
    let facts = gathered.facts();
    let offer = |verb: Verb| {
        let ask = |reason: &str| rollout::request(&rollout, &request(verb, reason), "you", &facts);
        Offer {
            request: verb.name().to_owned(),
            needs_reason: ask("") == Err(Refusal::ReasonNeeded),
            refused: ask("a reason to show").err().map(|refusal| refusal.to_string()),
        }
    };
    Ok(Some(Standing {
        at: gathered.now,
        plan_hash: rollout.plan.hash(),
        waits: rollout::decide(&rollout, &facts).waits,
        analysis: gathered.analysed.clone(),
        evidence: rollout::rollback_evidence(&rollout, &facts),
        edges: fleet.edges.keys().map(|id| (id.clone(), known.get(id).cloned())).collect(),
        requests: Verb::ALL.into_iter().map(offer).collect(),
        events: events.into_iter().map(Entered::from).collect(),
        rollout: rollout.clone(),
    }))
}

impl From<Event> for Entered {
    fn from(Event { at, actor, state, why, .. }: Event) -> Self {
        Self { at, by: actor, state, why }
    }
}

/// What a verb asks of a rollout.
pub(super) fn request(verb: Verb, reason: &str) -> Request {
    let reason = reason.trim();
    let some = (!reason.is_empty()).then(|| reason.to_owned());
    match verb {
        Verb::RollBack => Request::RollBack { reason: some },
        Verb::Pause => Request::Pause,
        Verb::Resume => Request::Resume,
        Verb::Promote => Request::Promote { reason: some },
        Verb::PromoteFully => Request::PromoteFully { reason: reason.to_owned() },
        Verb::Abort => Request::Abort { reason: some },
        Verb::Undo => Request::Undo,
        Verb::Retry => Request::Retry,
        Verb::End => Request::End,
    }
}

/// What versions of a service were tested with on staging, and what was seen, newest first.
#[utoipa::path(get, path = "/api/v1/services/{service}/bench/results", tag = "rollouts",
    params(("service" = String, Path)),
    responses((status = 200, body = BenchResults), (status = 404, body = Problem)))]
async fn benches(context: Context, Path(service): Path<String>) -> Response {
    let fleet = &context.snapshot.estate.fleet;
    let service = ServiceId::new(&service).ok();
    let Some(service) = service.filter(|id| fleet.services.contains_key(id)) else {
        return not_found(&context);
    };
    match context.state.control.benches(Some(&service), RESULTS).await {
        Ok(results) => {
            Json(BenchResults { bench: Bench::of(fleet, &service), results }).into_response()
        }
        Err(error) => store_failed(&context, &error),
    }
}
