//! Agents: certificates and join tokens.

use axum::body::Bytes;
use axum::extract::Path;
use axum::response::Response;
use chrono::TimeDelta;
use http::StatusCode;
use mainstay_app::pages::settings::agents::{self, AgentsData, JoinForm, MadeJoin};
use mainstay_app::pages::settings::{Section, title};
use mainstay_app::paths;
use mainstay_control::access::{AccessError, JOIN_VALID_DEFAULT, JOIN_VALID_MAX};
use mainstay_core::access::{FieldMistake, JoinToken, Mistake, Permission, Target};
use mainstay_core::audit::Action;
use mainstay_core::id::DatacenterId;
use mainstay_store::access::agents as stored;

use super::form::Fields;
use super::{PAGE, Refused, done};
use crate::http::page::{Context, Frame};
use crate::http::pages::store_failed;
use crate::policy::Routes;
use crate::viewer::Viewer;

/// Certificates on the page: more than agents of any fleet hold at once.
const CERTIFICATES_MAX: i64 = 1_000;

pub(super) fn routes() -> Routes {
    let (read, manage) = (Permission::ReadAccess, Permission::ManageAccess);
    Routes::new()
        .get(read, paths::SETTINGS_AGENTS, list)
        .get(read, "/api/v1/agents", list)
        .post(manage, Action::JoinTokenCreate, "/settings/agents/do/invite", invite)
        .post(manage, Action::AgentRevoke, "/settings/agents/{fingerprint}/do/revoke", revoke)
}

/// Certificates of agents and invitations to join.
#[utoipa::path(get, path = "/api/v1/agents", tag = "access",
    responses((status = 200, body = AgentsData), (status = 403)))]
pub(super) async fn list(context: Context, viewer: Viewer) -> Response {
    show(&context, &viewer, Refused::nothing(&context), empty_form(), None).await
}

fn empty_form() -> JoinForm {
    JoinForm { minutes: JOIN_VALID_DEFAULT.num_minutes().to_string(), ..JoinForm::default() }
}

async fn show(
    context: &Context,
    viewer: &Viewer,
    refused: Refused,
    form: JoinForm,
    made: Option<MadeJoin>,
) -> Response {
    let now = context.snapshot.estate.at;
    let store = context.state.control.store.reads();
    let read = async {
        let certificates = stored::certificates(store, now, CERTIFICATES_MAX).await?;
        let joins = stored::join_tokens(store, i64::MAX, PAGE as i64).await?;
        Ok((certificates, joins))
    };
    let (certificates, join_tokens) = match read.await {
        Ok(read) => read,
        Err(error) => return store_failed(context, &error),
    };
    let data = AgentsData {
        certificates,
        join_tokens,
        datacenters: context.snapshot.estate.fleet.datacenters.keys().cloned().collect(),
        refusal: viewer.may(Permission::ManageAccess, Target::default()).err(),
        made,
        form: JoinForm { mistakes: refused.mistakes.clone(), ..form },
        csrf: viewer.form_token().to_owned(),
        minutes_max: JOIN_VALID_MAX.num_minutes(),
        now,
    };
    let mut frame = Frame::new(refused.titled(title(Section::Agents)), Vec::new());
    frame.message = refused.message;
    context.page_as(refused.status, frame, &data, || agents::view(&data))
}

/// The answer shows the secret, so it is the page itself and not a redirect.
async fn invite(context: Context, viewer: Viewer, body: Bytes) -> Response {
    let fields = Fields::parse(&body);
    let form = JoinForm {
        datacenter: fields.text("datacenter").to_owned(),
        minutes: fields.text("minutes").to_owned(),
        mistakes: Vec::new(),
    };
    let minutes = fields.number("minutes").unwrap_or(0);
    match make(&context, &viewer, &form.datacenter, minutes).await {
        Ok((join_token, secret)) => {
            let made = MadeJoin { join_token, secret };
            let mut shown = Refused::nothing(&context);
            shown.status = StatusCode::CREATED;
            show(&context, &viewer, shown, empty_form(), Some(made)).await
        }
        Err(error) => match Refused::from_error(&context, error, &form.datacenter) {
            Ok(refused) => show(&context, &viewer, refused, form, None).await,
            Err(response) => *response,
        },
    }
}

/// Makes a join token for a data centre of the fleet.
pub(super) async fn make(
    context: &Context,
    viewer: &Viewer,
    datacenter: &str,
    minutes: i64,
) -> Result<(JoinToken, String), AccessError> {
    let known = DatacenterId::new(datacenter).ok();
    let known = known.filter(|id| context.snapshot.estate.fleet.datacenters.contains_key(id));
    let Some(datacenter) = known else {
        let there = vec![FieldMistake::new("datacenter", Mistake::NotThere)];
        let (by, object) = (context.by(viewer), paths::SETTINGS_AGENTS);
        let access = &context.state.control.access;
        return Err(access.mistaken(&by, Action::JoinTokenCreate, object, there).await);
    };
    let valid = TimeDelta::try_minutes(minutes).unwrap_or(TimeDelta::MAX);
    let control = &context.state.control;
    let authority = control.authority.fingerprint();
    control.access.make_join_token(&context.by(viewer), &datacenter, valid, authority).await
}

async fn revoke(context: Context, viewer: Viewer, Path(fingerprint): Path<String>) -> Response {
    let access = &context.state.control.access;
    match access.revoke_certificate(&context.by(&viewer), &fingerprint).await {
        Ok(_) => done(paths::SETTINGS_AGENTS, "agent-revoked"),
        Err(error) => match Refused::from_error(&context, error, "") {
            Ok(refused) => show(&context, &viewer, refused, empty_form(), None).await,
            Err(response) => *response,
        },
    }
}
