//! One's own identities at a provider: linking one, and ending the link.
//!
//! Invariant: a link is begun and ended with a fresh proof of who one is; that it began in this
//! session, minutes ago, is the proof when the provider answers.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::Path;
use axum::response::Response;
use mainstay_app::pages::settings::NotDone;
use mainstay_app::pages::sign_in::Trouble;
use mainstay_app::paths;
use mainstay_control::access::Purpose;
use mainstay_core::access::Permission;
use mainstay_core::access::identity::Identity;
use mainstay_core::audit::Action;
use tower_sessions::Session;

use super::form::Fields;
use super::security::{Extra, again, show};
use super::{Refused, done};
use crate::confirm::require_fresh;
use crate::http::page::Context;
use crate::http::pages::{not_found, store_failed};
use crate::identity::{answered, going, remember, said, taken};
use crate::policy::{BODY_MAX, Routes};
use crate::provider::Provider;
use crate::session;
use crate::sign_in::status;
use crate::viewer::Viewer;

pub(super) fn routes() -> Routes {
    let own = Permission::OwnAccount;
    let (link, unlink) = (Action::IdentityLink, Action::IdentityUnlink);
    Routes::new()
        .ask(own, "/settings/security/do/ask-identity", BODY_MAX, ask)
        .post(own, link, "/settings/security/do/link-identity", link_identity)
        .post(own, unlink, "/settings/security/identities/{id}/do/remove", remove)
}

/// Asks the provider who it is that wants to be linked.
async fn ask(context: Context, viewer: Viewer, Extension(session): Extension<Session>) -> Response {
    if let Err(response) = require_fresh(&context, &viewer) {
        return *response;
    }
    let Some(provider) = context.state.provider.clone() else { return not_found(&context) };
    let Some(id) = session::id(&session) else { return not_found(&context) };
    let asked = match provider.ask(paths::SETTINGS_SECURITY.to_owned()).await {
        Ok((url, asked)) => remember(&context, &id, Purpose::Link, &asked).await.map(|()| url),
        Err(error) => Err(said(&error)),
    };
    match asked {
        Ok(url) => going(&context, &provider, url.as_str()),
        Err(trouble) => told(&context, &viewer, trouble).await,
    }
}

/// Links whom the provider vouches for.
async fn link_identity(
    context: Context,
    viewer: Viewer,
    Extension(session): Extension<Session>,
    body: Bytes,
) -> Response {
    let Some(provider) = context.state.provider.clone() else { return not_found(&context) };
    let Some(id) = session::id(&session) else { return not_found(&context) };
    let by = context.by(&viewer);
    let user = &viewer.user.name;
    let access = &context.state.control.access;
    let fields = Fields::parse(&body);
    let identity = match vouched(&context, &provider, &session, &fields).await {
        Ok(identity) => identity,
        Err((trouble, why)) => {
            if let Err(error) = access.not_linked(&by, user, &why).await {
                return store_failed(&context, &error);
            }
            return told(&context, &viewer, trouble).await;
        }
    };
    match access.link_identity(&by, (user, &id), &identity).await {
        Ok(()) => done(paths::SETTINGS_SECURITY, "identity-linked"),
        Err(error) => again(&context, &viewer, error, Extra::default()).await,
    }
}

/// Whom the provider vouches for in an answer to this session. An error: what to tell the person,
/// and why it is so.
async fn vouched(
    context: &Context,
    provider: &Provider,
    session: &Session,
    fields: &Fields,
) -> Result<Identity, (Trouble, String)> {
    let asked = taken(context, session, Purpose::Link).await;
    let late = "nothing was asked, or too long ago".to_owned();
    let asked = asked.map_err(|trouble| (trouble, late))?;
    let answered = answered(provider, &asked, fields).await;
    answered.map_err(|error| (said(&error), error.to_string()))
}

/// Ends a link.
async fn remove(context: Context, viewer: Viewer, Path(id): Path<String>) -> Response {
    if let Err(response) = require_fresh(&context, &viewer) {
        return *response;
    }
    let Ok(id) = id.parse() else { return not_found(&context) };
    let (by, user) = (context.by(&viewer), &viewer.user.name);
    match context.state.control.access.unlink_identity(&by, user, id).await {
        Ok(()) => done(paths::SETTINGS_SECURITY, "identity-removed"),
        Err(error) => again(&context, &viewer, error, Extra::default()).await,
    }
}

/// The page of one's second factors, which says why nothing was linked.
async fn told(context: &Context, viewer: &Viewer, trouble: Trouble) -> Response {
    let refused = Refused::not_done(status(trouble), NotDone::NotLinked { trouble });
    show(context, viewer, refused, Extra::default()).await
}
