//! The same changes for programs: JSON in, JSON or problem details out.

use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use mainstay_app::pages::settings::agents::{AgentsData, MadeJoin};
use mainstay_app::pages::settings::profile::ProfileData;
use mainstay_app::pages::settings::tokens::{Made, TokensData};
use mainstay_app::pages::settings::user::UserData;
use mainstay_app::pages::settings::users::UsersData;
use mainstay_app::paths;
use mainstay_control::access::{AccessError, ChangeUser, Changed, MakeToken, MakeUser};
use mainstay_core::access::{Grant, Permission, Target};
use mainstay_core::audit::Action;
use mainstay_core::id::UserName;
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};

use super::form::unknown;
use super::{agents, problem, profile, tokens, users};
use crate::http::page::Context;
use crate::http::pages::not_found;
use crate::policy::Routes;
use crate::sent::Sent;
use crate::viewer::Viewer;

pub(super) fn routes() -> Routes {
    let (own, manage) = (Permission::OwnAccount, Permission::ManageAccess);
    Routes::new()
        .post(manage, Action::UserCreate, "/api/v1/users", make_user)
        .post(manage, Action::UserChange, "/api/v1/users/{user}/do/change-roles", change_roles)
        .post(manage, Action::UserDisable, "/api/v1/users/{user}/do/disable", disable)
        .post(manage, Action::UserChange, "/api/v1/users/{user}/do/enable", enable)
        .post(own, Action::TokenCreate, "/api/v1/tokens", make_token)
        .post(own, Action::TokenRevoke, "/api/v1/tokens/{id}/do/revoke", revoke_token)
        .post(manage, Action::JoinTokenCreate, "/api/v1/agents/do/invite", invite)
        .post(manage, Action::AgentRevoke, "/api/v1/agents/{fingerprint}/do/revoke", revoke_agent)
}

/// The description of everything under `/api/v1` that is about access.
#[derive(OpenApi)]
#[openapi(
    paths(
        profile::page,
        users::list,
        users::one,
        tokens::list,
        agents::list,
        make_user,
        change_roles,
        disable,
        enable,
        make_token,
        revoke_token,
        invite,
        revoke_agent,
    ),
    components(schemas(
        ProfileData,
        UsersData,
        UserData,
        TokensData,
        AgentsData,
        Made,
        MadeJoin,
        NewUser,
        NewGrants,
        AtRevision,
        NewToken,
        NewJoin,
    ))
)]
struct Description;

pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// A user to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUser {
    name: String,
    display_name: String,
    password: String,
    #[schema(value_type = Vec<Object>)]
    grants: Vec<Grant>,
}

/// The roles a user is to hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewGrants {
    /// The revision that was read.
    revision: i64,
    #[schema(value_type = Vec<Object>)]
    grants: Vec<Grant>,
    /// For whoever allows it.
    #[serde(default)]
    reason: String,
}

/// A change of something that was read at this revision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AtRevision {
    revision: i64,
}

/// A token to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewToken {
    name: String,
    /// From 1 to 90.
    days: i64,
    #[schema(value_type = Vec<Object>)]
    grants: Vec<Grant>,
}

/// An agent to let in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewJoin {
    datacenter: String,
    #[serde(default = "an_hour")]
    minutes: i64,
}

fn an_hour() -> i64 {
    60
}

fn answer<T: serde::Serialize>(
    context: &Context,
    status: StatusCode,
    result: Result<T, AccessError>,
) -> Response {
    match result {
        Ok(value) => (status, Json(value)).into_response(),
        Err(error) => problem(context, error),
    }
}

/// Make a user.
#[utoipa::path(post, path = "/api/v1/users", tag = "access", request_body = NewUser,
    responses((status = 201, description = "the user", body = Object), (status = 422)))]
async fn make_user(context: Context, viewer: Viewer, Sent(new): Sent<NewUser>) -> Response {
    let (by, access) = (context.by(&viewer), &context.state.control.access);
    let wrong = unknown(&new.grants, &context.snapshot.estate.fleet);
    if !wrong.is_empty() {
        let object = paths::SETTINGS_USERS;
        return problem(&context, access.mistaken(&by, Action::UserCreate, object, wrong).await);
    }
    let make = MakeUser {
        name: new.name,
        display_name: new.display_name,
        password: new.password,
        grants: new.grants,
    };
    let made = access.make_user(&by, &make).await;
    answer(&context, StatusCode::CREATED, made)
}

/// Change what a user may do.
#[utoipa::path(post, path = "/api/v1/users/{user}/do/change-roles", tag = "access",
    params(("user" = String, Path)), request_body = NewGrants,
    responses((status = 200, description = "the user", body = Object), (status = 409)))]
async fn change_roles(
    context: Context,
    viewer: Viewer,
    Path(name): Path<String>,
    Sent(new): Sent<NewGrants>,
) -> Response {
    let wrong = unknown(&new.grants, &context.snapshot.estate.fleet);
    if !wrong.is_empty() {
        let (by, object) = (context.by(&viewer), paths::user(&name));
        let access = &context.state.control.access;
        return problem(&context, access.mistaken(&by, Action::UserChange, &object, wrong).await);
    }
    let change = ChangeUser::Grants(new.grants);
    let changed = apply(&context, &viewer, &name, new.revision, (&change, &new.reason)).await;
    answer(&context, StatusCode::OK, changed)
}

/// Disable a user: sign-in, sessions and tokens end.
#[utoipa::path(post, path = "/api/v1/users/{user}/do/disable", tag = "access",
    params(("user" = String, Path)), request_body = AtRevision,
    responses((status = 200, description = "the user", body = Object), (status = 409)))]
async fn disable(
    context: Context,
    viewer: Viewer,
    Path(name): Path<String>,
    Sent(at): Sent<AtRevision>,
) -> Response {
    toggle(&context, &viewer, &name, at, &ChangeUser::Disable).await
}

/// Enable a user again.
#[utoipa::path(post, path = "/api/v1/users/{user}/do/enable", tag = "access",
    params(("user" = String, Path)), request_body = AtRevision,
    responses((status = 200, description = "the user", body = Object), (status = 409)))]
async fn enable(
    context: Context,
    viewer: Viewer,
    Path(name): Path<String>,
    Sent(at): Sent<AtRevision>,
) -> Response {
    toggle(&context, &viewer, &name, at, &ChangeUser::Enable).await
}

async fn toggle(
    context: &Context,
    viewer: &Viewer,
    name: &str,
    AtRevision { revision }: AtRevision,
    change: &ChangeUser,
) -> Response {
    let changed = apply(context, viewer, name, revision, (change, "")).await;
    answer(context, StatusCode::OK, changed)
}

async fn apply(
    context: &Context,
    viewer: &Viewer,
    name: &str,
    revision: i64,
    (change, reason): (&ChangeUser, &str),
) -> Result<Changed, AccessError> {
    let name = UserName::new(name).map_err(|_| AccessError::NotFound)?;
    let access = &context.state.control.access;
    access.change_user(&context.by(viewer), &name, revision, change, reason).await
}

/// Make a token of your own. One made with a token has neither more roles nor a longer life.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "access", request_body = NewToken,
    responses((status = 201, body = Made), (status = 422)))]
async fn make_token(context: Context, viewer: Viewer, Sent(new): Sent<NewToken>) -> Response {
    let make = MakeToken { name: new.name, grants: new.grants, days: new.days };
    let holds = (viewer.grants.as_slice(), tokens::until(&viewer));
    let access = &context.state.control.access;
    let made = access.make_token(&context.by(&viewer), &viewer.user, holds, &make).await;
    let made = made.map(|(token, secret)| Made { token, secret });
    answer(&context, StatusCode::CREATED, made)
}

/// Revoke a token, your own or as an admin anybody's.
#[utoipa::path(post, path = "/api/v1/tokens/{id}/do/revoke", tag = "access",
    params(("id" = i64, Path)), responses((status = 200), (status = 404)))]
async fn revoke_token(context: Context, viewer: Viewer, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else { return not_found(&context) };
    let anybodys = viewer.may(Permission::ManageAccess, Target::default()).is_ok();
    let access = &context.state.control.access;
    let name = &viewer.user.name;
    let revoked = access.revoke_token(&context.by(&viewer), id, name, anybodys).await;
    answer(&context, StatusCode::OK, revoked)
}

/// Make a join token for the agent of a data centre.
#[utoipa::path(post, path = "/api/v1/agents/do/invite", tag = "access", request_body = NewJoin,
    responses((status = 201, body = MadeJoin), (status = 422)))]
async fn invite(context: Context, viewer: Viewer, Sent(new): Sent<NewJoin>) -> Response {
    let made = agents::make(&context, &viewer, &new.datacenter, new.minutes).await;
    let made = made.map(|(join_token, secret)| MadeJoin { join_token, secret });
    answer(&context, StatusCode::CREATED, made)
}

/// Revoke the certificate of an agent.
#[utoipa::path(post, path = "/api/v1/agents/{fingerprint}/do/revoke", tag = "access",
    params(("fingerprint" = String, Path)),
    responses((status = 200, description = "the certificate", body = Object), (status = 404)))]
async fn revoke_agent(
    context: Context,
    viewer: Viewer,
    Path(fingerprint): Path<String>,
) -> Response {
    let access = &context.state.control.access;
    let revoked = access.revoke_certificate(&context.by(&viewer), &fingerprint).await;
    answer(&context, StatusCode::OK, revoked)
}
