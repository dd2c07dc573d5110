//! Proving again who one is, before what can do much harm.
//!
//! Invariant: a handler that asks [`require_fresh`] first does nothing for whoever stole a session
//! or found a screen unlocked, and nothing for an API token.

use std::net::SocketAddr;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mainstay_app::pages::confirm::{self, ConfirmData};
use mainstay_app::pages::error::Failure;
use mainstay_app::pages::sign_in::Trouble;
use mainstay_app::paths;
use mainstay_core::access::Permission;
use mainstay_core::audit::Action;
use tower_sessions::Session;

use crate::guard::return_to;
use crate::http::page::{Context, Frame};
use crate::http::pages::store_failed;
use crate::policy::{BODY_MAX, Routes};
use crate::problem::Problem;
use crate::second::{proof, told};
use crate::session;
use crate::settings::form::Fields;
use crate::sign_in::{client, next, status, told_when, trouble};
use crate::viewer::{Via, Viewer};

pub fn routes() -> Routes {
    let own = Permission::OwnAccount;
    Routes::new()
        .get(own, paths::CONFIRM, page)
        .post(own, Action::Confirm, paths::CONFIRM, prove)
        .ask(own, "/confirm/do/ask-passkey", BODY_MAX, ask)
}

/// Whether the viewer proved lately who they are. An error: the answer that leads a person to do
/// so and back, to this address or to the page that sent the form, or tells a program what is
/// missing. Nothing may have been done before it is asked.
pub fn require_fresh(context: &Context, viewer: &Viewer) -> Result<(), Box<Response>> {
    if viewer.fresh(context.state.control.access.now()) {
        return Ok(());
    }
    let next = return_to(&context.method, &context.uri, &context.headers);
    if !context.wants_json() {
        return Err(Box::new(Redirect::to(&paths::confirm(&next)).into_response()));
    }
    let token = matches!(viewer.via, Via::Token(_));
    let detail = confirm::needed(&next, token);
    let problem = Problem::new(StatusCode::FORBIDDEN, detail);
    let confirm = (!token).then(|| paths::confirm(&next));
    Err(Box::new(Problem { confirm, ..problem }.into_response()))
}

async fn page(context: Context, viewer: Viewer) -> Response {
    show(&context, &viewer, None).await
}

/// The question for one's own passkeys.
async fn ask(context: Context, viewer: Viewer, Extension(session): Extension<Session>) -> Response {
    let access = &context.state.control.access;
    let (Via::Session { .. }, Some(id)) = (&viewer.via, session::id(&session)) else {
        return told(&context, Ok(None));
    };
    told(&context, access.begin_use(&id, Some(&viewer.user.name)).await)
}

async fn prove(
    context: Context,
    viewer: Viewer,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(session): Extension<Session>,
    body: Bytes,
) -> Response {
    let (Via::Session { .. }, Some(id)) = (&viewer.via, session::id(&session)) else {
        let detail = confirm::needed("", true);
        let failure = Failure::Conflict { detail: detail.clone() };
        return Problem::of(failure, detail).into_response();
    };
    let fields = Fields::parse(&body);
    let address = client(peer.ip(), &context.headers, context.state.web.secure);
    let (by, name) = (context.by(&viewer), &viewer.user.name);
    let access = &context.state.control.access;
    let with = (fields.text("password"), proof(&fields));
    let trouble = match access.confirm(&by, (name, &id), with, address).await {
        Ok(()) => match session::confirmed(&session, access.now()).await {
            Ok(()) => return Redirect::to(&next(&context)).into_response(),
            Err(error) => {
                tracing::error!(%error, "a session could not be written");
                Trouble::Away
            }
        },
        Err(error) => trouble(&error),
    };
    told_when(show(&context, &viewer, Some(trouble)).await, trouble)
}

async fn show(context: &Context, viewer: &Viewer, trouble: Option<Trouble>) -> Response {
    let access = &context.state.control.access;
    let factors = match access.factors(&viewer.user.name).await {
        Ok(factors) => factors,
        Err(error) => return store_failed(context, &error),
    };
    let on = access.factor_settings().passkeys.is_some();
    let data = ConfirmData {
        next: next(context),
        name: viewer.user.name.to_string(),
        trouble,
        code: factors.any(),
        passkey: on && !factors.passkeys.is_empty(),
        csrf: viewer.form_token().to_owned(),
    };
    let frame = Frame::new(confirm::title(&data), Vec::new());
    let status = trouble.map_or(StatusCode::OK, status);
    context.page_as(status, frame, &data, || confirm::view(&data))
}
