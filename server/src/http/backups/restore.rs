//! Restores over live databases: their pages, and what people and programs ask of them.
//!
//! Invariant: whoever asked never allows; a refusal is written down before it is answered.

use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mainstay_app::pages::backups::ask::Typed;
use mainstay_app::pages::backups::restore::decide::{self, Verb};
use mainstay_app::pages::backups::restore::{ask, let_go, list, one, refusal_words};
use mainstay_app::pages::backups::{Picture, Told, copy, set};
use mainstay_app::paths;
use mainstay_app::ui::form::Mistake;
use mainstay_control::access::random;
use mainstay_control::backups::restore::Wish;
use mainstay_control::backups::{BackupError, CopyAt};
use mainstay_core::access::Permission;
use mainstay_core::audit::Action;
use mainstay_core::backup::job;
use mainstay_core::backup::restore::{Restore, RestoreId};
use mainstay_core::id::DatabaseId;
use mainstay_store::StoreError;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::super::page::{Context, Frame};
use super::super::pages::{not_found, store_failed};
use super::act::{At, copy_at, end_of_copy, looked_at, may, permitted, refused, typed};
use super::load::{self, with_set};
use super::stay::KeepLongerAsk;
use crate::confirm::require_fresh;
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::settings::form::Fields;
use crate::viewer::Viewer;

pub(super) fn routes() -> Routes {
    let (read, act) = (Permission::ReadEstate, Permission::Operate);
    let (approve, deny) = (Permission::Approve, Permission::Refuse);
    let restore = "/backups/sets/{database}/copies/{datacenter}/{label}/do/restore";
    let restore_api = "/api/v1/backups/sets/{database}/copies/{datacenter}/{label}/do/restore";
    let (ask, allow, refuse) = (Action::RestoreAsk, Action::RestoreAllow, Action::RestoreRefuse);
    let go = Action::RestoreLetGo;
    Routes::new()
        .get(read, "/api/v1/backups/restores", all)
        .get(read, "/backups/restores/{id}", show)
        .get(read, "/api/v1/backups/restores/{id}", show)
        .get(read, restore, ask_review)
        .post(act, ask, restore, ask_sent)
        .post(act, ask, restore_api, ask_asked)
        .get(read, "/backups/restores/{id}/do/allow", allow_review)
        .post(approve, allow, "/backups/restores/{id}/do/allow", allow_sent)
        .post(approve, allow, "/api/v1/backups/restores/{id}/do/allow", allow_asked)
        .get(read, "/backups/restores/{id}/do/refuse", refuse_review)
        .post(deny, refuse, "/backups/restores/{id}/do/refuse", refuse_sent)
        .post(deny, refuse, "/api/v1/backups/restores/{id}/do/refuse", refuse_asked)
        .get(read, "/backups/sets/{database}/do/let-go", let_go_review)
        .post(act, go, "/backups/sets/{database}/do/let-go", let_go_sent)
        .post(act, go, "/api/v1/backups/sets/{database}/do/let-go", let_go_asked)
        .merge(super::stay::routes())
}

#[derive(OpenApi)]
#[openapi(
    paths(all, show, ask_asked, allow_asked, refuse_asked, let_go_asked, super::stay::asked),
    components(schemas(RestoreAsk, RestoreAsked, AllowAsk, RefuseAsk, LetGoAsk, KeepLongerAsk))
)]
struct Description;

pub(super) fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// A restore over the live database. A second person has to allow it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestoreAsk {
    /// `{"kind":"end-of-copy"}`, `{"kind":"moment","at":…}` or `{"kind":"latest"}`.
    #[serde(default = "end_of_copy")]
    #[schema(value_type = Object)]
    pub target: job::Target,
    /// For the audit log: at most 500 characters.
    pub reason: String,
    /// The name of the database, to go without the test restore that it needs.
    #[serde(default)]
    pub unproven: Option<String>,
    /// New for each request: the same again is done once. Without it, one is made.
    #[serde(default)]
    pub key: Option<String>,
}

/// The restore that waits.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct RestoreAsked {
    #[schema(value_type = String)]
    pub restore: RestoreId,
}

/// A second person's yes.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AllowAsk {
    #[serde(default)]
    pub key: Option<String>,
}

/// A no.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefuseAsk {
    /// For the audit log: at most 500 characters.
    pub reason: String,
    #[serde(default)]
    pub key: Option<String>,
}

/// What goes for good: a data directory that a restore set aside, or a restored copy that stayed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LetGoAsk {
    /// As the set names it.
    pub path: String,
    /// Of a data directory: the name of the database once more.
    #[serde(default)]
    pub confirm: String,
    /// For the audit log, at most 500 characters; a restored copy does not go without.
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub key: Option<String>,
}

/// Restores over live databases, the newest first.
#[utoipa::path(get, path = "/api/v1/backups/restores", tag = "backups",
    params(("database" = Option<String>, Query, description = "only of this one")),
    responses((status = 200, body = list::List), (status = 404)))]
async fn all(context: Context) -> Response {
    let query = context.query();
    let database = match query.get("database").map(DatabaseId::new).transpose() {
        Ok(database) => database,
        Err(_) => return not_found(&context),
    };
    match context.state.control.restores(database.as_ref()).await {
        Ok(restores) => Json(list::build(&context.policy(), &restores)).into_response(),
        Err(error) => store_failed(&context, &error),
    }
}

/// A restore with the work on its database.
async fn load(context: &Context, id: &str) -> Result<(Restore, Vec<Told>), Box<Response>> {
    let Ok(id) = id.parse::<RestoreId>() else { return Err(Box::new(not_found(context))) };
    let failed = |error: StoreError| Box::new(store_failed(context, &error));
    let restore = context.state.control.restore(id).await.map_err(failed)?;
    let restore = restore.ok_or_else(|| Box::new(not_found(context)))?;
    let work = load::work(context, &restore.request.database).await.map_err(failed)?;
    Ok((restore, work))
}

/// One restore: what it replaces, what it goes by, how far it is.
#[utoipa::path(get, path = "/api/v1/backups/restores/{id}", tag = "backups",
    params(("id" = String, Path, description = "`rs-7`")),
    responses((status = 200, body = one::Data), (status = 404)))]
async fn show(context: Context, Path(id): Path<String>) -> Response {
    let (restore, work) = match load(&context, &id).await {
        Ok(loaded) => loaded,
        Err(response) => return *response,
    };
    let data = one::build(&context.policy(), &restore, &work);
    let reader = context.reader();
    let frame = Frame::new(one::title(&data), set::topics());
    context.page(frame, &data, || one::view(&data, &reader))
}

/// The review of a restore; `None`: there is no such copy.
fn review(picture: &Picture<'_>, at: &CopyAt, typed: Typed) -> Option<ask::Data> {
    let data = copy::build(picture, &at.datacenter, &at.label)?;
    ask::build(picture, data, typed)
}

fn answer_ask(context: &Context, status: StatusCode, data: Option<&ask::Data>) -> Response {
    let Some(data) = data else { return not_found(context) };
    let reader = context.reader();
    let frame = Frame::new(ask::title(data), Vec::new());
    context.page_as(status, frame, data, || ask::view(data, &reader))
}

/// What a restore over the live database would do.
async fn ask_review(context: Context, Path(at): Path<At>) -> Response {
    let Some(copy) = copy_at(&at) else { return not_found(&context) };
    let typed = looked_at(&context);
    let answer = with_set(&context, &at.0, async |picture: &Picture<'_>| {
        answer_ask(&context, StatusCode::OK, review(picture, &copy, typed).as_ref())
    });
    answer.await
}

async fn ask_sent(context: Context, viewer: Viewer, Path(at): Path<At>, body: Bytes) -> Response {
    let Some(copy) = copy_at(&at) else { return not_found(&context) };
    let (action, object) = (Action::RestoreAsk, paths::backup_set(&copy.database));
    if let Err(response) = may(&context, &viewer, &copy.database, action, object).await {
        return *response;
    }
    let typed = typed(&body);
    let read = ask::read(copy.database.as_str(), &typed, context.policy().at);
    let (status, mistakes) = match read {
        Err(mistakes) => (StatusCode::UNPROCESSABLE_ENTITY, mistakes),
        Ok((target, unproven)) => {
            let unproven = unproven.then_some(typed.confirm.as_str());
            let wish = Wish { copy: &copy, target, reason: &typed.reason, unproven };
            let (by, control) = (context.by(&viewer), &context.state.control);
            match control.ask_restore(&by, &wish, &typed.key).await {
                Ok(id) => return Redirect::to(&paths::backup_restore(id)).into_response(),
                Err(BackupError::Refused(words)) => {
                    (StatusCode::CONFLICT, vec![ask::refused(&words)])
                }
                Err(error) => return refused(&context, error),
            }
        }
    };
    let answer = with_set(&context, &at.0, async |picture: &Picture<'_>| {
        let data = review(picture, &copy, typed).map(|data| ask::Data { mistakes, ..data });
        answer_ask(&context, status, data.as_ref())
    });
    answer.await
}

/// Asks for a restore over the live database, which a second person has to allow.
#[utoipa::path(post,
    path = "/api/v1/backups/sets/{database}/copies/{datacenter}/{label}/do/restore",
    tag = "backups",
    params(("database" = String, Path), ("datacenter" = String, Path), ("label" = String, Path)),
    request_body = RestoreAsk,
    responses((status = 200, body = RestoreAsked), (status = 404),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn ask_asked(
    context: Context,
    viewer: Viewer,
    Path(at): Path<At>,
    Sent(sent): Sent<RestoreAsk>,
) -> Response {
    let Some(copy) = copy_at(&at) else { return not_found(&context) };
    let (action, object) = (Action::RestoreAsk, paths::backup_set(&copy.database));
    if let Err(response) = may(&context, &viewer, &copy.database, action, object).await {
        return *response;
    }
    let unproven = sent.unproven.as_deref();
    let wish = Wish { copy: &copy, target: sent.target, reason: &sent.reason, unproven };
    let key = sent.key.unwrap_or_else(random);
    match context.state.control.ask_restore(&context.by(&viewer), &wish, &key).await {
        Ok(restore) => Json(RestoreAsked { restore }).into_response(),
        Err(error) => refused(&context, error),
    }
}

/// The page on which a second person decides.
async fn decision(
    context: &Context,
    id: &str,
    verb: Verb,
    (typed, mistakes): (Typed, Vec<Mistake>),
) -> Response {
    let (restore, work) = match load(context, id).await {
        Ok(loaded) => loaded,
        Err(response) => return *response,
    };
    let estate = &*context.policy();
    let one = one::build(estate, &restore, &work);
    let hindrance = match verb == Verb::Allow && one.restore.waits() {
        false => None,
        true => match context.state.control.judged(estate, &restore.request, estate.at).await {
            Ok(judged) => judged.err().map(|refusal| refusal_words(&refusal, estate.at)),
            Err(error) => return store_failed(context, &error),
        },
    };
    let status = match mistakes.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let data = decide::Data { one, verb, hindrance, typed, mistakes };
    let reader = context.reader();
    let frame = Frame::new(decide::title(&data), Vec::new());
    context.page_as(status, frame, &data, || decide::view(&data, &reader))
}

/// A form that nobody has filled in.
fn fresh() -> (Typed, Vec<Mistake>) {
    (Typed { key: random(), ..Typed::default() }, Vec::new())
}

async fn allow_review(context: Context, Path(id): Path<String>) -> Response {
    decision(&context, &id, Verb::Allow, fresh()).await
}

async fn refuse_review(context: Context, Path(id): Path<String>) -> Response {
    decision(&context, &id, Verb::Refuse, fresh()).await
}

/// Allows it, if the viewer may.
async fn allow(
    context: &Context,
    viewer: &Viewer,
    id: &str,
    key: &str,
) -> Result<Restore, Box<Response>> {
    let (restore, _) = load(context, id).await?;
    let (approve, object) = (Permission::Approve, paths::backup_restore(restore.id));
    let at = (approve, &restore.request.database);
    permitted(context, viewer, at, Action::RestoreAllow, object).await?;
    let (by, control) = (context.by(viewer), &context.state.control);
    let allowed = control.allow_restore(&by, restore.id, key).await;
    allowed.map_err(|error| Box::new(refused(context, error)))
}

async fn allow_sent(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    if let Err(response) = require_fresh(&context, &viewer) {
        return *response;
    }
    match allow(&context, &viewer, &id, &typed(&body).key).await {
        Ok(restore) => Redirect::to(&paths::backup_restore(restore.id)).into_response(),
        Err(response) => *response,
    }
}

/// Allows a restore that somebody else asked for: it begins.
#[utoipa::path(post, path = "/api/v1/backups/restores/{id}/do/allow", tag = "backups",
    params(("id" = String, Path)),
    request_body = AllowAsk,
    responses((status = 200, body = RestoreAsked), (status = 403, body = Problem),
        (status = 404), (status = 409, body = Problem)))]
async fn allow_asked(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
    Sent(sent): Sent<AllowAsk>,
) -> Response {
    let key = sent.key.unwrap_or_else(random);
    match allow(&context, &viewer, &id, &key).await {
        Ok(restore) => Json(RestoreAsked { restore: restore.id }).into_response(),
        Err(response) => *response,
    }
}

/// Refuses it, if the viewer may: whoever asked, and everybody who may allow.
async fn refuse(
    context: &Context,
    viewer: &Viewer,
    (id, reason, key): (&str, &str, &str),
) -> Result<Restore, Box<Response>> {
    let (restore, _) = load(context, id).await?;
    let permission = match restore.request.by == viewer.user.name.as_str() {
        true => Permission::Refuse,
        false => Permission::Approve,
    };
    let (at, object) = ((permission, &restore.request.database), paths::backup_restore(restore.id));
    permitted(context, viewer, at, Action::RestoreRefuse, object).await?;
    let (by, control) = (context.by(viewer), &context.state.control);
    let refusal = control.refuse_restore(&by, restore.id, reason, key).await;
    refusal.map_err(|error| Box::new(refused(context, error)))
}

async fn refuse_sent(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let typed = typed(&body);
    let mistakes = decide::mistakes(&typed);
    if !mistakes.is_empty() {
        return decision(&context, &id, Verb::Refuse, (typed, mistakes)).await;
    }
    match refuse(&context, &viewer, (&id, &typed.reason, &typed.key)).await {
        Ok(restore) => Redirect::to(&paths::backup_restore(restore.id)).into_response(),
        Err(response) => *response,
    }
}

/// Refuses a restore that waits.
#[utoipa::path(post, path = "/api/v1/backups/restores/{id}/do/refuse", tag = "backups",
    params(("id" = String, Path)),
    request_body = RefuseAsk,
    responses((status = 200, body = RestoreAsked), (status = 403, body = Problem),
        (status = 404), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn refuse_asked(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
    Sent(sent): Sent<RefuseAsk>,
) -> Response {
    let key = sent.key.unwrap_or_else(random);
    match refuse(&context, &viewer, (&id, &sent.reason, &key)).await {
        Ok(restore) => Json(RestoreAsked { restore: restore.id }).into_response(),
        Err(response) => *response,
    }
}

fn answer_let_go(context: &Context, status: StatusCode, data: Option<&let_go::Data>) -> Response {
    let Some(data) = data else { return not_found(context) };
    let reader = context.reader();
    let frame = Frame::new(let_go::title(data), Vec::new());
    context.page_as(status, frame, data, || let_go::view(data, &reader))
}

/// What letting something go would do.
async fn let_go_review(context: Context, Path(database): Path<String>) -> Response {
    let path = context.query().get("path").unwrap_or_default().to_owned();
    let typed = Typed { key: random(), ..Typed::default() };
    let answer = with_set(&context, &database, async |picture: &Picture<'_>| {
        let data = let_go::build(picture, &path, typed);
        answer_let_go(&context, StatusCode::OK, data.as_ref())
    });
    answer.await
}

async fn let_go_sent(
    context: Context,
    viewer: Viewer,
    Path(database): Path<String>,
    body: Bytes,
) -> Response {
    let Ok(id) = DatabaseId::new(&database) else { return not_found(&context) };
    let (action, object) = (Action::RestoreLetGo, paths::backup_set(&id));
    if let Err(response) = may(&context, &viewer, &id, action, object).await {
        return *response;
    }
    let (typed, path) = (typed(&body), Fields::parse(&body).text("path").to_owned());
    let mistakes = let_go::mistakes(&context.policy(), &id, &path, &typed);
    if mistakes.is_empty() {
        let (by, control) = (context.by(&viewer), &context.state.control);
        return match control.let_go(&by, (&id, &path), &typed.reason, &typed.key).await {
            Ok(_) => Redirect::to(&paths::backup_set(&id)).into_response(),
            Err(error) => refused(&context, error),
        };
    }
    let answer = with_set(&context, &database, async |picture: &Picture<'_>| {
        let data = let_go::build(picture, &path, typed);
        let data = data.map(|data| let_go::Data { mistakes, ..data });
        answer_let_go(&context, StatusCode::UNPROCESSABLE_ENTITY, data.as_ref())
    });
    answer.await
}

/// Lets a data directory go that a restore set aside, or a restored copy that stayed.
#[utoipa::path(post, path = "/api/v1/backups/sets/{database}/do/let-go", tag = "backups",
    params(("database" = String, Path)),
    request_body = LetGoAsk,
    responses((status = 200, body = super::ProveOrdered), (status = 404),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn let_go_asked(
    context: Context,
    viewer: Viewer,
    Path(database): Path<String>,
    Sent(sent): Sent<LetGoAsk>,
) -> Response {
    let Ok(id) = DatabaseId::new(&database) else { return not_found(&context) };
    let (action, object) = (Action::RestoreLetGo, paths::backup_set(&id));
    if let Err(response) = may(&context, &viewer, &id, action, object).await {
        return *response;
    }
    let typed = Typed { confirm: sent.confirm, reason: sent.reason, ..Typed::default() };
    let mistakes = let_go::mistakes(&context.policy(), &id, &sent.path, &typed);
    if let Some(mistake) = mistakes.first() {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Problem::new(status, mistake.message.clone()).into_response();
    }
    let key = sent.key.unwrap_or_else(random);
    let (by, control) = (context.by(&viewer), &context.state.control);
    match control.let_go(&by, (&id, &sent.path), &typed.reason, &key).await {
        Ok(work) => Json(super::ProveOrdered { work }).into_response(),
        Err(error) => refused(&context, error),
    }
}
