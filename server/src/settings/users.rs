//! Users: the list, one of them, and what admins change about them.

use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use mainstay_app::pages::settings::grants::{GrantRow, rows};
use mainstay_app::pages::settings::user::{self, UserData};
use mainstay_app::pages::settings::users::{self, UserForm, UsersData};
use mainstay_app::pages::settings::{Section, title};
use mainstay_app::paths;
use mainstay_control::access::{AccessError, ChangeUser, Changed, MakeUser, PASSWORD_MIN_CHARS};
use mainstay_core::access::factor::Factors;
use mainstay_core::access::identity::Linked;
use mainstay_core::access::{Permission, Target, User};
use mainstay_core::approval::{ApprovalId, Subject};
use mainstay_core::audit::Action;
use mainstay_core::id::UserName;
use mainstay_store::{StoreError, access as stored};

use super::form::Fields;
use super::{PAGE, Refused, done};
use crate::confirm::require_fresh;
use crate::http::page::{Context, Frame};
use crate::http::pages::{not_found, store_failed};
use crate::policy::Routes;
use crate::viewer::Viewer;

pub(super) fn routes() -> Routes {
    let (read, manage) = (Permission::ReadAccess, Permission::ManageAccess);
    Routes::new()
        .get(read, paths::SETTINGS_USERS, list)
        .get(read, "/api/v1/users", list)
        .get(read, "/settings/users/{user}", one)
        .get(read, "/api/v1/users/{user}", one)
        .post(manage, Action::UserCreate, paths::SETTINGS_USERS, make)
        .post(manage, Action::UserChange, "/settings/users/{user}/do/change-roles", change_roles)
        .post(manage, Action::UserDisable, "/settings/users/{user}/do/disable", disable)
        .post(manage, Action::UserChange, "/settings/users/{user}/do/enable", enable)
        .post(manage, Action::PasswordChange, "/settings/users/{user}/do/set-password", reset)
        .post(manage, Action::FactorReset, "/settings/users/{user}/do/reset-factors", reset_factors)
}

/// All users, by name.
#[utoipa::path(get, path = "/api/v1/users", tag = "access",
    params(("after" = Option<String>, Query, description = "continue after this name")),
    responses((status = 200, body = UsersData), (status = 403)))]
pub(super) async fn list(context: Context, viewer: Viewer) -> Response {
    show_list(&context, &viewer, Refused::nothing(&context), UserForm::default()).await
}

async fn show_list(
    context: &Context,
    viewer: &Viewer,
    refused: Refused,
    form: UserForm,
) -> Response {
    let after = context.query().get("after").map(str::to_owned);
    let store = context.state.control.store.reads();
    let limit = PAGE as i64 + 1;
    let mut users = match stored::users(store, after.as_deref().unwrap_or(""), limit).await {
        Ok(users) => users,
        Err(error) => return store_failed(context, &error),
    };
    let more = users.len() > PAGE;
    users.truncate(PAGE);
    let names: Vec<_> = users.iter().map(|user| user.name.clone()).collect();
    let factors = match context.state.control.access.factors_of(&names).await {
        Ok(factors) => factors,
        Err(error) => return store_failed(context, &error),
    };
    let data = UsersData {
        next: users.last().filter(|_| more).map(|user| user.name.to_string()),
        after,
        factors,
        refusal: viewer.may(Permission::ManageAccess, Target::default()).err(),
        form: UserForm { mistakes: refused.mistakes.clone(), ..form },
        csrf: viewer.form_token().to_owned(),
        password_min: PASSWORD_MIN_CHARS,
        now: context.snapshot.estate.at,
        users,
    };
    let mut frame = Frame::new(refused.titled(title(Section::Users)), Vec::new());
    frame.message = refused.message;
    context.page_as(refused.status, frame, &data, || users::view(&data))
}

/// One user.
#[utoipa::path(get, path = "/api/v1/users/{user}", tag = "access",
    params(("user" = String, Path)),
    responses((status = 200, body = UserData), (status = 403), (status = 404)))]
pub(super) async fn one(context: Context, viewer: Viewer, Path(name): Path<String>) -> Response {
    let refused = Refused::nothing(&context);
    match read(&context, &name).await {
        Ok(Some(read)) => show_one(&context, &viewer, refused, read, None).await,
        Ok(None) => not_found(&context),
        Err(error) => store_failed(&context, &error),
    }
}

/// A user, the second factors and the linked identities.
type Read = (User, Factors, Vec<Linked>);

/// A user by the name in the address, and what they sign in with.
async fn read(context: &Context, name: &str) -> Result<Option<Read>, StoreError> {
    let Ok(name) = UserName::new(name) else { return Ok(None) };
    let mut connection = context.state.control.store.reads().acquire().await?;
    let account = stored::account(&mut connection, &name).await?;
    let factors = stored::factors::read(&mut connection, &name).await?;
    let identities = stored::identities::of_user(&mut connection, &name).await?;
    Ok(account.map(|account| (account.user, factors, identities)))
}

async fn show_one(
    context: &Context,
    viewer: &Viewer,
    refused: Refused,
    (user, factors, identities): Read,
    typed: Option<Vec<GrantRow>>,
) -> Response {
    let waits = match waits(context, &user).await {
        Ok(waits) => waits,
        Err(error) => return store_failed(context, &error),
    };
    let mut frame = Frame::new(refused.titled(user.name.to_string()), Vec::new());
    let data = UserData {
        refusal: viewer.may(Permission::ManageAccess, Target::default()).err(),
        grants: typed.unwrap_or_else(|| rows(&user.grants)),
        waits,
        mistakes: refused.mistakes,
        csrf: viewer.form_token().to_owned(),
        password_min: PASSWORD_MIN_CHARS,
        now: context.snapshot.estate.at,
        factors,
        identities,
        user,
    };
    frame.message = refused.message;
    context.page_as(refused.status, frame, &data, || user::view(&data))
}

/// Where more roles of a user wait for another admin.
async fn waits(context: &Context, user: &User) -> Result<Option<ApprovalId>, StoreError> {
    let key = Subject::of_user(&user.name);
    let about = context.state.control.approvals_about(&key).await?;
    Ok(about.iter().find(|it| it.state.is_waiting()).map(|it| it.id))
}

async fn make(context: Context, viewer: Viewer, body: Bytes) -> Response {
    let fields = Fields::parse(&body);
    let typed = fields.grants(&context.snapshot.estate.fleet);
    let form = UserForm {
        name: fields.text("user").to_owned(),
        display_name: fields.text("display_name").to_owned(),
        grants: typed.rows.clone(),
        mistakes: Vec::new(),
    };
    let make = MakeUser {
        name: form.name.clone(),
        display_name: form.display_name.clone(),
        password: fields.text("password").to_owned(),
        grants: typed.grants.clone(),
    };
    let (by, access) = (context.by(&viewer), &context.state.control.access);
    let made = if typed.mistakes.is_empty() {
        access.make_user(&by, &make).await
    } else {
        let object = paths::SETTINGS_USERS;
        Err(access.mistaken(&by, Action::UserCreate, object, typed.with(make.mistakes())).await)
    };
    match made {
        Ok(made) => changed(&made, "created"),
        Err(error) => match Refused::from_error(&context, error, &form.name) {
            Ok(mut refused) => {
                // The form calls the name `user`; `name` would be a person's to a browser.
                for mistake in refused.mistakes.iter_mut().filter(|m| m.field == "name") {
                    mistake.field = "user".to_owned();
                }
                show_list(&context, &viewer, refused, form).await
            }
            Err(response) => *response,
        },
    }
}

async fn change_roles(
    context: Context,
    viewer: Viewer,
    Path(name): Path<String>,
    body: Bytes,
) -> Response {
    let fields = Fields::parse(&body);
    let typed = fields.grants(&context.snapshot.estate.fleet);
    let done = if typed.mistakes.is_empty() {
        let change = ChangeUser::Grants(typed.grants);
        apply(&context, &viewer, &name, &fields, &change).await
    } else {
        let (by, object) = (context.by(&viewer), paths::user(&name));
        let access = &context.state.control.access;
        Err(access.mistaken(&by, Action::UserChange, &object, typed.mistakes).await)
    };
    match done {
        Ok(done) => changed(&done, "roles"),
        Err(error) => match Refused::from_error(&context, error, &name) {
            Ok(refused) => again(&context, &viewer, &name, refused, Some(typed.rows)).await,
            Err(response) => *response,
        },
    }
}

async fn disable(
    context: Context,
    viewer: Viewer,
    Path(name): Path<String>,
    body: Bytes,
) -> Response {
    toggle(&context, &viewer, &name, &body, (&ChangeUser::Disable, "disabled")).await
}

async fn enable(
    context: Context,
    viewer: Viewer,
    Path(name): Path<String>,
    body: Bytes,
) -> Response {
    toggle(&context, &viewer, &name, &body, (&ChangeUser::Enable, "enabled")).await
}

async fn toggle(
    context: &Context,
    viewer: &Viewer,
    name: &str,
    body: &[u8],
    (change, word): (&ChangeUser, &str),
) -> Response {
    let fields = Fields::parse(body);
    match apply(context, viewer, name, &fields, change).await {
        Ok(done) => changed(&done, word),
        Err(error) => match Refused::from_error(context, error, name) {
            Ok(refused) => again(context, viewer, name, refused, None).await,
            Err(response) => *response,
        },
    }
}

async fn apply(
    context: &Context,
    viewer: &Viewer,
    name: &str,
    fields: &Fields,
    change: &ChangeUser,
) -> Result<Changed, AccessError> {
    let name = UserName::new(name).map_err(|_| AccessError::NotFound)?;
    // A form without a revision is not one of ours: no revision is ever 0.
    let revision = fields.number("revision").unwrap_or(0);
    let access = &context.state.control.access;
    access.change_user(&context.by(viewer), &name, revision, change, fields.text("reason")).await
}

/// Where to go on after a change: to the user, or to what waits for another admin.
fn changed(changed: &Changed, word: &str) -> Response {
    match changed.approval {
        Some(approval) => Redirect::to(&paths::approval(approval)).into_response(),
        None => done(&paths::user(&changed.user.name), word),
    }
}

async fn reset(
    context: Context,
    viewer: Viewer,
    Path(name): Path<String>,
    body: Bytes,
) -> Response {
    // Whoever sets a password can be that user.
    if let Err(response) = require_fresh(&context, &viewer) {
        return *response;
    }
    let Ok(user) = UserName::new(&name) else { return not_found(&context) };
    let fields = Fields::parse(&body);
    let access = &context.state.control.access;
    let new = fields.text("password");
    match access.reset_password(&context.by(&viewer), &user, new).await {
        Ok(()) => done(&paths::user(&user), "reset"),
        Err(error) => match Refused::from_error(&context, error, &name) {
            Ok(refused) => again(&context, &viewer, &name, refused, None).await,
            Err(response) => *response,
        },
    }
}

async fn reset_factors(context: Context, viewer: Viewer, Path(name): Path<String>) -> Response {
    if let Err(response) = require_fresh(&context, &viewer) {
        return *response;
    }
    let Ok(user) = UserName::new(&name) else { return not_found(&context) };
    let access = &context.state.control.access;
    match access.reset_factors(&context.by(&viewer), &user).await {
        Ok(()) => done(&paths::user(&user), "factors-reset"),
        Err(error) => match Refused::from_error(&context, error, &name) {
            Ok(refused) => again(&context, &viewer, &name, refused, None).await,
            Err(response) => *response,
        },
    }
}

/// The user's page again, as the user stands now, with what was refused.
async fn again(
    context: &Context,
    viewer: &Viewer,
    name: &str,
    refused: Refused,
    typed: Option<Vec<GrantRow>>,
) -> Response {
    match read(context, name).await {
        Ok(Some(read)) => show_one(context, viewer, refused, read, typed).await,
        Ok(None) => not_found(context),
        Err(error) => store_failed(context, &error),
    }
}
