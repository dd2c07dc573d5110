//! The API's description: OpenAPI, made of what the handlers say of themselves.

use axum::Json;
use axum::response::{IntoResponse, Response};
use mainstay_app::paths;
use mainstay_core::access::Permission;
use utoipa::OpenApi;

use super::{
    act, approvals, audit, availability, backups, bench, failover, fleet, forget, pages, pipelines,
    planned, rollouts, runbook, standing, traffic,
};
use crate::policy::Routes;
use crate::problem::Problem;

/// Data of the pages and the actions that programs take.
#[derive(OpenApi)]
#[openapi(
    info(title = "Mainstay", description = "Business continuity for a fleet of data centres"),
    paths(
        pages::overview,
        pages::attention,
        pages::problem,
        pages::topology,
        pages::region,
        pages::datacenter,
        pages::group,
        pages::service,
        pages::cell,
        pages::instance,
        pages::find,
    ),
    components(schemas(Problem))
)]
struct Description;

pub fn routes() -> Routes {
    Routes::new().get(Permission::Public, paths::API, description)
}

async fn description() -> Response {
    let mut description = Description::openapi();
    description.merge(act::openapi());
    description.merge(audit::openapi());
    description.merge(fleet::openapi());
    description.merge(forget::openapi());
    description.merge(rollouts::openapi());
    description.merge(bench::openapi());
    description.merge(backups::openapi());
    description.merge(failover::openapi());
    description.merge(planned::openapi());
    description.merge(approvals::openapi());
    description.merge(availability::openapi());
    description.merge(runbook::openapi());
    description.merge(traffic::openapi());
    description.merge(standing::openapi());
    description.merge(crate::settings::openapi());
    description.merge(crate::settings::store::openapi());
    description.merge(crate::settings::notifications_openapi());
    description.merge(crate::settings::pipelines_openapi());
    description.merge(pipelines::openapi());
    Json(description).into_response()
}
