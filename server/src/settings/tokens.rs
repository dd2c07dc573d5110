//! API tokens: one's own, and for those who read access everybody's.

use axum::body::Bytes;
use axum::extract::Path;
use axum::response::Response;
use chrono::{DateTime, Utc};
use http::StatusCode;
use mainstay_app::pages::settings::grants::rows;
use mainstay_app::pages::settings::tokens::{self, Made, TokenForm, TokensData};
use mainstay_app::pages::settings::{Section, title};
use mainstay_app::paths;
use mainstay_control::access::{MakeToken, TOKEN_DAYS_MAX};
use mainstay_core::access::{Permission, Target};
use mainstay_core::audit::Action;
use mainstay_store::access::tokens as stored;

use super::form::Fields;
use super::{PAGE, Refused, done};
use crate::http::page::{Context, Frame};
use crate::http::pages::{not_found, store_failed};
use crate::policy::Routes;
use crate::viewer::{Via, Viewer};

/// What the form for a new token offers.
const DAYS_OFFERED: &str = "30";

pub(super) fn routes() -> Routes {
    let own = Permission::OwnAccount;
    Routes::new()
        .get(own, paths::SETTINGS_TOKENS, list)
        .get(own, "/api/v1/tokens", list)
        .post(own, Action::TokenCreate, paths::SETTINGS_TOKENS, make)
        .post(own, Action::TokenRevoke, "/settings/tokens/{id}/do/revoke", revoke)
}

/// API tokens, newest first: your own, or all for those who may read access.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "access",
    params(("before" = Option<i64>, Query, description = "continue before this id")),
    responses((status = 200, body = TokensData)))]
pub(super) async fn list(context: Context, viewer: Viewer) -> Response {
    show(&context, &viewer, Refused::nothing(&context), empty_form(&viewer), None).await
}

fn empty_form(viewer: &Viewer) -> TokenForm {
    let mut grants = rows(&viewer.grants);
    grants.retain(|row| row.on);
    for row in &mut grants {
        row.on = false;
    }
    TokenForm { name: String::new(), days: DAYS_OFFERED.to_owned(), grants, mistakes: Vec::new() }
}

async fn show(
    context: &Context,
    viewer: &Viewer,
    refused: Refused,
    form: TokenForm,
    made: Option<Made>,
) -> Response {
    let may = |permission| viewer.may(permission, Target::default()).is_ok();
    let owner = (!may(Permission::ReadAccess)).then_some(&viewer.user.name);
    let before = context.query().get("before").and_then(|before| before.parse().ok());
    let store = context.state.control.store.reads();
    let limit = PAGE as i64 + 1;
    let listed = stored::list(store, owner, before.unwrap_or(i64::MAX), limit).await;
    let mut tokens = match listed {
        Ok(tokens) => tokens,
        Err(error) => return store_failed(context, &error),
    };
    let more = tokens.len() > PAGE;
    tokens.truncate(PAGE);
    let data = TokensData {
        next: tokens.last().filter(|_| more).map(|token| token.id),
        before,
        reader: viewer.user.name.clone(),
        manages: may(Permission::ManageAccess),
        made,
        form: TokenForm { mistakes: refused.mistakes.clone(), ..form },
        csrf: viewer.form_token().to_owned(),
        days_max: TOKEN_DAYS_MAX,
        now: context.snapshot.estate.at,
        tokens,
    };
    let mut frame = Frame::new(refused.titled(title(Section::Tokens)), Vec::new());
    frame.message = refused.message;
    context.page_as(refused.status, frame, &data, || tokens::view(&data))
}

/// The answer shows the secret, so it is the page itself and not a redirect: a secret has no
/// place in an address, nor in the database.
async fn make(context: Context, viewer: Viewer, body: Bytes) -> Response {
    let fields = Fields::parse(&body);
    let typed = fields.grants(&context.snapshot.estate.fleet);
    let form = TokenForm {
        name: fields.text("name").to_owned(),
        days: fields.text("days").to_owned(),
        grants: typed.rows.clone(),
        mistakes: Vec::new(),
    };
    let make = MakeToken {
        name: form.name.clone(),
        grants: typed.grants.clone(),
        days: fields.number("days").unwrap_or(0),
    };
    let (by, access) = (context.by(&viewer), &context.state.control.access);
    let holds = (viewer.grants.as_slice(), until(&viewer));
    let made = if typed.mistakes.is_empty() {
        access.make_token(&by, &viewer.user, holds, &make).await
    } else {
        let object = paths::SETTINGS_TOKENS;
        let mistakes = typed.with(make.mistakes(holds.0));
        Err(access.mistaken(&by, Action::TokenCreate, object, mistakes).await)
    };
    match made {
        Ok((token, secret)) => {
            let made = Made { token, secret };
            let mut shown = Refused::nothing(&context);
            shown.status = StatusCode::CREATED;
            show(&context, &viewer, shown, empty_form(&viewer), Some(made)).await
        }
        Err(error) => match Refused::from_error(&context, error, &form.name) {
            Ok(refused) => show(&context, &viewer, refused, form, None).await,
            Err(response) => *response,
        },
    }
}

/// When what the viewer came in with ends by itself: a token's expiry.
pub(super) fn until(viewer: &Viewer) -> Option<DateTime<Utc>> {
    match &viewer.via {
        Via::Session { .. } => None,
        Via::Token(token) => Some(token.expires_at),
    }
}

async fn revoke(context: Context, viewer: Viewer, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else { return not_found(&context) };
    let anybodys = viewer.may(Permission::ManageAccess, Target::default()).is_ok();
    let (by, access) = (context.by(&viewer), &context.state.control.access);
    match access.revoke_token(&by, id, &viewer.user.name, anybodys).await {
        Ok(()) => done(paths::SETTINGS_TOKENS, "revoked"),
        Err(error) => match Refused::from_error(&context, error, "") {
            Ok(refused) => show(&context, &viewer, refused, empty_form(&viewer), None).await,
            Err(response) => *response,
        },
    }
}
