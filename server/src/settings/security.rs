//! One's own second factors, with the identities that one linked. Every change needs a fresh proof
//! of who one is.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use mainstay_app::pages::settings::security::{self, Offer, SecurityData};
use mainstay_app::pages::settings::{Section, title};
use mainstay_app::paths;
use mainstay_control::access::{AccessError, AppOffer};
use mainstay_core::access::Permission;
use mainstay_core::audit::Action;
use tower_sessions::Session;

use super::form::Fields;
use super::{Refused, done};
use crate::confirm::require_fresh;
use crate::http::page::{Context, Frame};
use crate::http::pages::{not_found, store_failed};
use crate::policy::{BODY_MAX, Routes};
use crate::second::told;
use crate::session;
use crate::viewer::Viewer;

pub(super) fn routes() -> Routes {
    let own = Permission::OwnAccount;
    let (add, remove) = (Action::FactorAdd, Action::FactorRemove);
    Routes::new()
        .get(own, paths::SETTINGS_SECURITY, page)
        .ask(own, "/settings/security/do/begin-app", BODY_MAX, begin_app)
        .post(own, add, "/settings/security/do/add-app", add_app)
        .post(own, remove, "/settings/security/do/remove-app", remove_app)
        .ask(own, "/settings/security/do/ask-passkey", BODY_MAX, ask_passkey)
        .post(own, add, "/settings/security/do/add-passkey", add_passkey)
        .post(own, remove, "/settings/security/passkeys/{id}/do/remove", remove_passkey)
        .post(own, Action::RecoveryCodes, "/settings/security/do/new-codes", new_codes)
}

/// What the page shows beside what is stored.
#[derive(Default)]
pub(super) struct Extra {
    offer: Option<AppOffer>,
    codes: Vec<String>,
    passkey_name: String,
}

async fn page(context: Context, viewer: Viewer) -> Response {
    let refused = Refused::nothing(&context);
    show(&context, &viewer, refused, Extra::default()).await
}

pub(super) async fn show(
    context: &Context,
    viewer: &Viewer,
    refused: Refused,
    extra: Extra,
) -> Response {
    let access = &context.state.control.access;
    let user = &viewer.user.name;
    let read = tokio::try_join!(access.factors(user), access.identities(user));
    let (factors, identities) = match read {
        Ok(read) => read,
        Err(error) => return store_failed(context, &error),
    };
    let provider = context.state.provider.as_ref();
    let mut frame = Frame::new(refused.titled(title(Section::Security)), Vec::new());
    frame.message = refused.message;
    let data = SecurityData {
        must_enrol: viewer.must_enrol && !factors.any(),
        factors,
        may_link: provider.is_some_and(|provider| {
            identities.iter().all(|linked| linked.issuer != provider.issuer())
        }),
        provider: provider.map(|provider| provider.name().to_owned()),
        identities,
        passkeys_on: access.factor_settings().passkeys.is_some(),
        offer: extra.offer.map(|AppOffer { uri, secret }| Offer { uri, secret }),
        codes: extra.codes,
        passkey_name: extra.passkey_name,
        mistakes: refused.mistakes,
        csrf: viewer.form_token().to_owned(),
        now: context.snapshot.estate.at,
    };
    context.page_as(refused.status, frame, &data, || security::view(&data))
}

async fn begin_app(
    context: Context,
    viewer: Viewer,
    Extension(session): Extension<Session>,
) -> Response {
    if let Err(response) = require_fresh(&context, &viewer) {
        return *response;
    }
    let Some(id) = session::id(&session) else { return not_found(&context) };
    match context.state.control.access.begin_app(&viewer.user.name, &id).await {
        Ok(Some(offer)) => {
            let extra = Extra { offer: Some(offer), ..Extra::default() };
            show(&context, &viewer, Refused::nothing(&context), extra).await
        }
        Ok(None) => not_found(&context),
        Err(error) => store_failed(&context, &error),
    }
}

async fn add_app(
    context: Context,
    viewer: Viewer,
    Extension(session): Extension<Session>,
    body: Bytes,
) -> Response {
    if let Err(response) = require_fresh(&context, &viewer) {
        return *response;
    }
    let Some(id) = session::id(&session) else { return not_found(&context) };
    let fields = Fields::parse(&body);
    let (by, user) = (context.by(&viewer), &viewer.user.name);
    let access = &context.state.control.access;
    let added = access.finish_app(&by, user, &id, fields.text("code")).await;
    match added {
        Ok(codes) => added_with(&context, &viewer, codes, "app-added").await,
        Err(error) => match Refused::from_error(&context, error, user.as_str()) {
            Ok(refused) => match access.app_offer(user, &id).await {
                Ok(offer) => {
                    let extra = Extra { offer, ..Extra::default() };
                    show(&context, &viewer, refused, extra).await
                }
                Err(error) => store_failed(&context, &error),
            },
            Err(response) => *response,
        },
    }
}

async fn ask_passkey(
    context: Context,
    viewer: Viewer,
    Extension(session): Extension<Session>,
) -> Response {
    if let Err(response) = require_fresh(&context, &viewer) {
        return *response;
    }
    let Some(id) = session::id(&session) else { return not_found(&context) };
    told(&context, context.state.control.access.begin_passkey(&viewer.user, &id).await)
}

async fn add_passkey(
    context: Context,
    viewer: Viewer,
    Extension(session): Extension<Session>,
    body: Bytes,
) -> Response {
    if let Err(response) = require_fresh(&context, &viewer) {
        return *response;
    }
    let Some(id) = session::id(&session) else { return not_found(&context) };
    let fields = Fields::parse(&body);
    let (by, user) = (context.by(&viewer), &viewer.user.name);
    let name = fields.text("passkey_name");
    let access = &context.state.control.access;
    match access.finish_passkey(&by, user, &id, (name, fields.text("passkey"))).await {
        Ok(codes) => added_with(&context, &viewer, codes, "passkey-added").await,
        Err(error) => {
            let extra = Extra { passkey_name: name.to_owned(), ..Extra::default() };
            again(&context, &viewer, error, extra).await
        }
    }
}

/// The page with recovery codes, which are shown this once; without any, 303 to it.
async fn added_with(
    context: &Context,
    viewer: &Viewer,
    codes: Vec<String>,
    word: &str,
) -> Response {
    if codes.is_empty() {
        return done(paths::SETTINGS_SECURITY, word);
    }
    let refused = Refused { status: StatusCode::CREATED, ..Refused::nothing(context) };
    show(context, viewer, refused, Extra { codes, ..Extra::default() }).await
}

async fn remove_app(context: Context, viewer: Viewer) -> Response {
    if let Err(response) = require_fresh(&context, &viewer) {
        return *response;
    }
    let (by, user) = (context.by(&viewer), &viewer.user.name);
    match context.state.control.access.remove_app(&by, user).await {
        Ok(()) => done(paths::SETTINGS_SECURITY, "app-removed"),
        Err(error) => again(&context, &viewer, error, Extra::default()).await,
    }
}

async fn remove_passkey(context: Context, viewer: Viewer, Path(id): Path<String>) -> Response {
    if let Err(response) = require_fresh(&context, &viewer) {
        return *response;
    }
    let Ok(id) = id.parse() else { return not_found(&context) };
    let (by, user) = (context.by(&viewer), &viewer.user.name);
    match context.state.control.access.remove_passkey(&by, user, id).await {
        Ok(()) => done(paths::SETTINGS_SECURITY, "passkey-removed"),
        Err(error) => again(&context, &viewer, error, Extra::default()).await,
    }
}

async fn new_codes(context: Context, viewer: Viewer) -> Response {
    if let Err(response) = require_fresh(&context, &viewer) {
        return *response;
    }
    let (by, user) = (context.by(&viewer), &viewer.user.name);
    match context.state.control.access.new_codes(&by, user).await {
        Ok(codes) => added_with(&context, &viewer, codes, "").await,
        Err(error) => again(&context, &viewer, error, Extra::default()).await,
    }
}

pub(super) async fn again(
    context: &Context,
    viewer: &Viewer,
    error: AccessError,
    extra: Extra,
) -> Response {
    match Refused::from_error(context, error, viewer.user.name.as_str()) {
        Ok(refused) => show(context, viewer, refused, extra).await,
        Err(response) => *response,
    }
}
