//! All routes of the server, in one table.

use axum::Router;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use crate::guard::{RefusalPages, guarded};
use crate::http;
use crate::policy::Routes;
use crate::state::AppState;
use crate::{confirm, identity, second, settings, sign_in};

/// Every route with its permission; the router is made of it and of nothing else.
pub fn routes(state: &AppState) -> Routes {
    Routes::new()
        .merge(http::health::routes())
        .merge(http::assets::routes(&state.web.site_dir))
        .merge(http::pages::routes())
        .merge(http::act::routes())
        .merge(http::rollouts::routes())
        .merge(http::standing::routes())
        .merge(http::bench::routes())
        .merge(http::backups::routes())
        .merge(http::failover::routes())
        .merge(http::planned::routes())
        .merge(http::pipelines::routes())
        .merge(http::approvals::routes())
        .merge(http::availability::routes())
        .merge(http::runbook::routes())
        .merge(http::traffic::routes())
        .merge(http::live::routes())
        .merge(http::fleet::routes())
        .merge(http::forget::routes())
        .merge(http::audit::routes())
        .merge(http::api::routes())
        .merge(sign_in::routes())
        .merge(second::routes())
        .merge(identity::routes())
        .merge(confirm::routes())
        .merge(settings::routes())
}

/// The service: guarded, surrounded and compressed.
pub fn router(state: AppState) -> Router {
    let routes = routes(&state);
    // Pages are made anew for each request: the fast levels cost less time than they save.
    let compression = CompressionLayer::new().quality(CompressionLevel::Precise(3));
    let pages = RefusalPages { refused: http::pages::error, problem: http::refusal::problem };
    guarded(routes, state, pages).layer(compression)
}
