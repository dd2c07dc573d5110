//! Sign-in with an identity provider: the way there, and the way back.
//!
//! Invariants: a GET changes nothing, so the page on which the provider lets people arrive only
//! asks them to go on, and what counts is the form it sends; a question is answered by the session
//! that asked it. Nobody is sent to the provider by a form, which the policy of pages forbids: a
//! page leads there.

use std::net::{IpAddr, SocketAddr};

use axum::Extension;
use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderValue;
use http::header::REFRESH;
use mainstay_app::pages::provider::{self, BackData, GoingData};
use mainstay_app::pages::sign_in::Trouble;
use mainstay_app::paths;
use mainstay_control::access::{Purpose, SignInError};
use mainstay_core::access::Permission;
use mainstay_core::access::identity::Identity;
use mainstay_core::audit::Action;
use mainstay_store::access::Hash;
use tower_sessions::Session;

use crate::http::page::{Context, Frame};
use crate::http::pages::{not_found, store_failed};
use crate::policy::{BODY_MAX, Routes};
use crate::provider::{Asked, Provider, ProviderError};
use crate::second::lead_on;
use crate::session;
use crate::settings::form::Fields;
use crate::sign_in::{self, client, next, trouble};

pub fn routes() -> Routes {
    let public = Permission::Public;
    Routes::new()
        .ask(public, "/sign-in/do/ask-provider", BODY_MAX, ask)
        .get(public, paths::SIGN_IN_PROVIDER, back)
        .post(public, Action::SignIn, paths::SIGN_IN_PROVIDER, enter)
}

/// Begins a sign-in at the provider.
async fn ask(context: Context, Extension(session): Extension<Session>) -> Response {
    let Some(provider) = context.state.provider.clone() else { return not_found(&context) };
    let next = next(&context);
    if context.viewer.is_some() {
        return Redirect::to(&next).into_response();
    }
    match begun(&context, &session, &provider, &next).await {
        Ok(url) => going(&context, &provider, &url),
        Err(trouble) => sign_in::refused(&context, &next, trouble),
    }
}

/// The provider's address for somebody who is not signed in, in a session that waits for them.
async fn begun(
    context: &Context,
    session: &Session,
    provider: &Provider,
    next: &str,
) -> Result<String, Trouble> {
    let (url, asked) = provider.ask(next.to_owned()).await.map_err(|error| said(&error))?;
    let now = context.state.control.access.now();
    let id = session::begin_waiting(session, now).await.map_err(|error| {
        tracing::error!(%error, "a session could not begin");
        Trouble::Away
    })?;
    remember(context, &id, Purpose::SignIn, &asked).await?;
    Ok(url.into())
}

/// Keeps what was asked with the session that asked it.
pub async fn remember(
    context: &Context,
    session: &Hash,
    purpose: Purpose,
    asked: &Asked,
) -> Result<(), Trouble> {
    let asked = serde_json::to_value(asked).map_err(|error| {
        tracing::error!(%error, "a question cannot be written");
        Trouble::Over
    })?;
    match context.state.control.access.begin_identity(session, purpose, &asked).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Trouble::Over),
        Err(error) => Err(trouble(&SignInError::Store(error))),
    }
}

/// The page that leads to the provider, at once where the browser can.
pub fn going(context: &Context, provider: &Provider, url: &str) -> Response {
    let data = GoingData { name: provider.name().to_owned(), url: url.to_owned() };
    let frame = Frame::new(provider::going_title(&data), Vec::new());
    let mut response = context.page(frame, &data, || provider::going(&data));
    if let Ok(refresh) = HeaderValue::from_str(&format!("0; url={url}")) {
        response.headers_mut().insert(REFRESH, refresh);
    }
    response
}

/// Where the provider lets people arrive: a form with its answer, for the session that asked.
async fn back(context: Context, Extension(session): Extension<Session>) -> Response {
    let Some(provider) = context.state.provider.clone() else { return not_found(&context) };
    let query = context.query();
    let text = |name: &str| query.get(name).unwrap_or_default().to_owned();
    let (code, state) = (text("code"), text("state"));
    let (purpose, nothing) = match &context.viewer {
        Some(_) => (Purpose::Link, "/".to_owned()),
        None => (Purpose::SignIn, paths::with_query(paths::SIGN_IN, &[("again", "yes")])),
    };
    let asked = match asked(&context, &session, purpose).await {
        Ok(asked) => asked.filter(|asked| asked.is(&state)),
        Err(error) => return store_failed(&context, &error),
    };
    // Not by this session, or answered already, as after going back in the browser.
    let Some(asked) = asked else { return Redirect::to(&nothing).into_response() };
    let csrf = context.viewer.as_ref().map(|viewer| viewer.form_token().to_owned());
    let action = match purpose {
        Purpose::SignIn => paths::SIGN_IN_PROVIDER.to_owned(),
        Purpose::Link => paths::action(paths::SETTINGS_SECURITY, "link-identity"),
    };
    let data = BackData {
        name: provider.name().to_owned(),
        denied: code.is_empty(),
        next: asked.next,
        action,
        csrf: csrf.unwrap_or_default(),
        code,
        state,
    };
    let frame = Frame::new(provider::back_title(&data), Vec::new());
    context.page(frame, &data, || provider::back(&data))
}

/// What this session asked the provider and has no answer to.
async fn asked(
    context: &Context,
    session: &Session,
    purpose: Purpose,
) -> Result<Option<Asked>, mainstay_store::StoreError> {
    let Some(id) = session::id(session) else { return Ok(None) };
    let asked = context.state.control.access.asked_identity(&id, purpose).await?;
    Ok(asked.and_then(|asked| serde_json::from_value(asked).ok()))
}

/// Lets in whoever the provider vouches for, or on to the second step.
async fn enter(
    context: Context,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(session): Extension<Session>,
    body: Bytes,
) -> Response {
    let Some(provider) = context.state.provider.clone() else { return not_found(&context) };
    let fields = Fields::parse(&body);
    let address = client(peer.ip(), &context.headers, context.state.web.secure);
    let mut next = "/".to_owned();
    match entered(&context, &provider, &session, &fields, address, &mut next).await {
        Ok(response) => response,
        Err(trouble) => sign_in::refused(&context, &next, trouble),
    }
}

/// `next`: where it goes on, as soon as that is known.
async fn entered(
    context: &Context,
    provider: &Provider,
    session: &Session,
    fields: &Fields,
    address: IpAddr,
    next: &mut String,
) -> Result<Response, Trouble> {
    let access = &context.state.control.access;
    let request = context.request.as_ref().map(ToString::to_string);
    let asked = taken(context, session, Purpose::SignIn).await?;
    next.clone_from(&asked.next);
    access.begin_answer(address, request.clone()).await.map_err(|error| trouble(&error))?;
    let identity = match answered(provider, &asked, fields).await {
        Ok(identity) => identity,
        Err(error) => {
            if !matches!(error, ProviderError::Refused(_)) {
                access.void_identity(address);
            }
            let noted = access.refused_identity(&error.to_string(), address, request).await;
            noted.map_err(|error| trouble(&SignInError::Store(error)))?;
            return Err(said(&error));
        }
    };
    let entered = access.sign_in_identity(&identity, address, request).await;
    let entered = entered.map_err(|error| match error {
        SignInError::Wrong => Trouble::Stranger,
        SignInError::Used
        | SignInError::Over
        | SignInError::Wait(_)
        | SignInError::Busy(_)
        | SignInError::Store(_) => trouble(&error),
    })?;
    if entered.second {
        return lead_on(context, session, &entered.user, next).await;
    }
    session::begin(session, &entered.user.name, access.now()).await.map_err(|error| {
        tracing::error!(%error, "a session could not begin");
        Trouble::Away
    })?;
    Ok(Redirect::to(next).into_response())
}

/// Takes what this session asked the provider: it is answered once, whatever comes of it.
pub async fn taken(
    context: &Context,
    session: &Session,
    purpose: Purpose,
) -> Result<Asked, Trouble> {
    let id = session::id(session).ok_or(Trouble::Over)?;
    let taken = context.state.control.access.take_identity(&id, purpose).await;
    let taken = taken.map_err(|error| trouble(&SignInError::Store(error)))?;
    taken.and_then(|asked| serde_json::from_value(asked).ok()).ok_or(Trouble::Over)
}

/// Whom the provider vouches for with an answer.
pub async fn answered(
    provider: &Provider,
    asked: &Asked,
    fields: &Fields,
) -> Result<Identity, ProviderError> {
    if !asked.is(fields.text("state")) {
        let why = "the answer belongs to another question".to_owned();
        return Err(ProviderError::Refused(why));
    }
    provider.answer(asked, fields.text("code")).await
}

/// What somebody is told whom the provider did not help.
pub fn said(error: &ProviderError) -> Trouble {
    match error {
        ProviderError::Away(_) => {
            tracing::warn!(%error, "nobody can sign in with the provider");
            Trouble::ProviderAway
        }
        ProviderError::Refused(_) => {
            tracing::info!(%error, "the provider vouches for nobody");
            Trouble::ProviderRefused
        }
        ProviderError::Busy => Trouble::Busy,
    }
}
