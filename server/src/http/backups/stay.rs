//! Letting a restored copy stay longer.

use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use mainstay_app::paths;
use mainstay_control::access::random;
use mainstay_control::backups::BackupError;
use mainstay_core::access::Permission;
use mainstay_core::audit::Action;
use mainstay_core::backup::kept::Hours;
use mainstay_core::id::DatabaseId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::page::Context;
use super::super::pages::not_found;
use super::act::{may, refused};
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::settings::form::Fields;
use crate::viewer::Viewer;

pub(super) fn routes() -> Routes {
    let (act, longer) = (Permission::Operate, Action::RestoreKeepLonger);
    Routes::new().post(act, longer, "/backups/sets/{database}/do/keep-longer", sent).post(
        act,
        longer,
        "/api/v1/backups/sets/{database}/do/keep-longer",
        asked,
    )
}

/// A restored copy that is to stay longer; seven days in all at most.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeepLongerAsk {
    /// As the set names it.
    pub path: String,
    /// So many hours longer than it would stay, 1 to 72.
    #[schema(value_type = u16)]
    pub hours: Hours,
    /// For the audit log, at most 500 characters.
    pub reason: String,
    #[serde(default)]
    pub key: Option<String>,
}

/// Orders it, if the viewer may.
async fn keep_longer(
    context: &Context,
    viewer: &Viewer,
    database: &str,
    ask: KeepLongerAsk,
) -> Result<(DatabaseId, String), Box<Response>> {
    let Ok(id) = DatabaseId::new(database) else { return Err(Box::new(not_found(context))) };
    let (action, object) = (Action::RestoreKeepLonger, paths::backup_set(&id));
    may(context, viewer, &id, action, object).await?;
    let (by, control) = (context.by(viewer), &context.state.control);
    let key = ask.key.unwrap_or_else(random);
    let done = control.keep_longer(&by, (&id, &ask.path), ask.hours, &ask.reason, &key).await;
    match done {
        Ok(work) => Ok((id, work)),
        Err(error) => Err(Box::new(refused(context, error))),
    }
}

async fn sent(
    context: Context,
    viewer: Viewer,
    Path(database): Path<String>,
    body: Bytes,
) -> Response {
    let fields = Fields::parse(&body);
    let Ok(hours) = fields.text("hours").parse::<Hours>() else {
        return refused(&context, BackupError::Form("write the hours from 1 to 72, like 24"));
    };
    let ask = KeepLongerAsk {
        path: fields.text("path").to_owned(),
        hours,
        reason: fields.text("reason").to_owned(),
        key: Some(fields.text("key").to_owned()),
    };
    match keep_longer(&context, &viewer, &database, ask).await {
        Ok((id, _)) => Redirect::to(&paths::backup_set(&id)).into_response(),
        Err(response) => *response,
    }
}

/// Lets a restored copy that stays beside its database stay longer.
#[utoipa::path(post, path = "/api/v1/backups/sets/{database}/do/keep-longer", tag = "backups",
    params(("database" = String, Path)),
    request_body = KeepLongerAsk,
    responses((status = 200, body = super::ProveOrdered), (status = 404),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn asked(
    context: Context,
    viewer: Viewer,
    Path(database): Path<String>,
    Sent(ask): Sent<KeepLongerAsk>,
) -> Response {
    match keep_longer(&context, &viewer, &database, ask).await {
        Ok((_, work)) => Json(super::ProveOrdered { work }).into_response(),
        Err(response) => *response,
    }
}
