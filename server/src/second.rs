//! The second step of a sign-in, and the questions that devices with passkeys are asked.
//!
//! Invariant: a session that waits for its second step has no user, so the guard knows nobody;
//! each step has a session id of its own.

use std::net::SocketAddr;

use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Json};
use http::StatusCode;
use mainstay_app::pages::second::{self, SecondData};
use mainstay_app::pages::sign_in::Trouble;
use mainstay_app::paths;
use mainstay_control::access::{Proof, SignInError};
use mainstay_core::access::{Permission, User};
use mainstay_core::audit::Action;
use mainstay_store::StoreError;
use serde_json::Value;
use tower_sessions::Session;

use crate::http::page::{Context, Frame};
use crate::http::pages::store_failed;
use crate::policy::{BODY_MAX, Routes};
use crate::problem::Problem;
use crate::session;
use crate::settings::form::Fields;
use crate::sign_in::{client, next, status, told_when, trouble};

pub fn routes() -> Routes {
    let public = Permission::Public;
    Routes::new()
        .get(public, paths::SIGN_IN_SECOND, page)
        .post(public, Action::SignIn, paths::SIGN_IN_SECOND, prove)
        .ask(public, "/sign-in/second/do/ask-passkey", BODY_MAX, ask)
        .ask(public, "/sign-in/do/ask-passkey", BODY_MAX, ask_anybody)
}

/// Leads a person whose first step was right on to the second, in a session that waits for it;
/// `next`: where it goes on afterwards.
pub async fn lead_on(
    context: &Context,
    session: &Session,
    user: &User,
    next: &str,
) -> Result<Response, Trouble> {
    let access = &context.state.control.access;
    let id = session::begin_waiting(session, access.now()).await.map_err(|error| {
        tracing::error!(%error, "a session could not begin");
        Trouble::Away
    })?;
    access.begin_second(&id, user).await.map_err(|error| trouble(&error))?;
    let path = paths::with_query(paths::SIGN_IN_SECOND, &[("next", next)]);
    Ok(Redirect::to(&path).into_response())
}

async fn page(context: Context, Extension(session): Extension<Session>) -> Response {
    if context.viewer.is_some() {
        return Redirect::to(&next(&context)).into_response();
    }
    show(&context, &session, None).await
}

async fn prove(
    context: Context,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(session): Extension<Session>,
    body: Bytes,
) -> Response {
    let fields = Fields::parse(&body);
    let Some(id) = session::id(&session) else { return begin_again(&context) };
    let address = client(peer.ip(), &context.headers, context.state.web.secure);
    let request = context.request.as_ref().map(ToString::to_string);
    let access = &context.state.control.access;
    let proved = access.sign_in_second(&id, proof(&fields), address, request).await;
    let trouble = match proved {
        Ok(user) => match session::begin(&session, &user.name, access.now()).await {
            Ok(()) => return Redirect::to(&next(&context)).into_response(),
            Err(error) => {
                tracing::error!(%error, "a session could not begin");
                Trouble::Away
            }
        },
        Err(SignInError::Over) => return begin_again(&context),
        Err(error) => trouble(&error),
    };
    told_when(show(&context, &session, Some(trouble)).await, trouble)
}

/// What a form proves with: the answer of a device, if there is one.
pub fn proof(fields: &Fields) -> Proof<'_> {
    match fields.text("passkey") {
        "" => Proof::Code(fields.text("code")),
        answer => Proof::Passkey(answer),
    }
}

/// The question for the passkeys of whoever waits in this session.
async fn ask(context: Context, Extension(session): Extension<Session>) -> Response {
    let access = &context.state.control.access;
    let Some(id) = session::id(&session) else { return told(&context, Ok(None)) };
    let asked = match access.pending(&id).await {
        Ok(Some(user)) => access.begin_use(&id, Some(&user)).await,
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    told(&context, asked)
}

/// The question for the passkey of anybody.
async fn ask_anybody(context: Context, Extension(session): Extension<Session>) -> Response {
    let access = &context.state.control.access;
    if access.factor_settings().passkeys.is_none() {
        return told(&context, Ok(None));
    }
    let id = match session::id(&session) {
        Some(id) if context.viewer.is_none() => id,
        Some(_) | None => match session::begin_waiting(&session, access.now()).await {
            Ok(id) => id,
            Err(error) => {
                tracing::error!(%error, "a session could not begin");
                return Problem::new(StatusCode::SERVICE_UNAVAILABLE, Trouble::Away.words())
                    .into_response();
            }
        },
    };
    told(&context, access.begin_use(&id, None).await)
}

/// Tells a script the question.
pub fn told(context: &Context, asked: Result<Option<Value>, StoreError>) -> Response {
    match asked {
        Ok(Some(question)) => Json(question).into_response(),
        Ok(None) => {
            let detail = "There is no passkey to ask for: begin again, or use a code.";
            Problem::new(StatusCode::CONFLICT, detail).into_response()
        }
        Err(error) => store_failed(context, &error),
    }
}

async fn show(context: &Context, session: &Session, trouble: Option<Trouble>) -> Response {
    let access = &context.state.control.access;
    let pending = match session::id(session) {
        Some(id) => access.pending(&id).await,
        None => Ok(None),
    };
    let user = match pending {
        Ok(Some(user)) => user,
        Ok(None) => return begin_again(context),
        Err(error) => return store_failed(context, &error),
    };
    let factors = match access.factors(&user).await {
        Ok(factors) => factors,
        Err(error) => return store_failed(context, &error),
    };
    let on = access.factor_settings().passkeys.is_some();
    let passkey = on && !factors.passkeys.is_empty();
    let data = SecondData { next: next(context), passkey, trouble };
    let frame = Frame::new(second::title(&data), Vec::new());
    let status = trouble.map_or(StatusCode::OK, status);
    context.page_as(status, frame, &data, || second::view(&data))
}

/// To the first step, which says why.
fn begin_again(context: &Context) -> Response {
    let next = next(context);
    let path = paths::with_query(paths::SIGN_IN, &[("next", &next), ("again", "yes")]);
    Redirect::to(&path).into_response()
}
