//! Channels of notifications: the list, one of them with its deliveries, the forms and buttons; and
//! the same for programs ([`api`]).
//!
//! Invariant: a secret that was typed is never sent back, and one that was made is shown once.

mod api;

use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mainstay_app::pages::settings::notifications::one::DeliveryRow;
use mainstay_app::pages::settings::notifications::{ChannelRow, form, list, one};
use mainstay_app::pages::settings::{Section, title};
use mainstay_app::paths;
use mainstay_control::access::AccessError;
use mainstay_core::access::{FieldMistake, Mistake, Permission, Target};
use mainstay_core::audit::Action;
use mainstay_core::notify::draft::Draft;
use mainstay_core::notify::{Channel, ChannelId, DeliveryId, Way};
use mainstay_store::StoreError;

use super::form::Fields;
use super::{Refused, done};
use crate::confirm::require_fresh;
use crate::http::page::{Context, Frame};
use crate::http::pages::{not_found, store_failed};
use crate::policy::Routes;
use crate::viewer::Viewer;

pub use api::openapi;

/// Deliveries of one page.
const DELIVERIES: i64 = 50;

pub(super) fn routes() -> Routes {
    let (read, manage) = (Permission::ReadAccess, Permission::ManageAccess);
    let change = "/settings/notifications/{id}/do/change";
    Routes::new()
        .get(read, paths::SETTINGS_NOTIFY, show_list)
        .get(read, "/api/v1/notifications", show_list)
        .get(read, paths::SETTINGS_NOTIFY_CREATE, new)
        .post(manage, Action::ChannelCreate, paths::SETTINGS_NOTIFY_CREATE, make)
        .get(read, "/settings/notifications/{id}", show)
        .get(read, "/api/v1/notifications/{id}", show)
        .get(read, change, change_form)
        .post(manage, Action::ChannelChange, change, change_sent)
        .post(manage, Action::ChannelPause, "/settings/notifications/{id}/do/pause", pause)
        .post(manage, Action::ChannelResume, "/settings/notifications/{id}/do/resume", resume)
        .post(manage, Action::ChannelRemove, "/settings/notifications/{id}/do/remove", remove)
        .post(manage, Action::ChannelRotate, "/settings/notifications/{id}/do/rotate", rotate)
        .post(manage, Action::ChannelTest, "/settings/notifications/{id}/do/test", test)
        .merge(api::routes())
}

/// Channels of notifications, by name.
#[utoipa::path(get, path = "/api/v1/notifications", tag = "notifications",
    responses((status = 200, body = list::Data), (status = 403)))]
pub(super) async fn show_list(context: Context, viewer: Viewer) -> Response {
    let control = &context.state.control;
    let read = async { Ok((control.channels().await?, control.next_tries().await?)) };
    let (channels, next): (Vec<Channel>, _) = match read.await {
        Ok(read) => read,
        Err(error) => return store_failed(&context, &error),
    };
    let now = context.snapshot.estate.at;
    let row = |channel: Channel| {
        let next = next.get(&channel.id).copied();
        ChannelRow::of(channel, next, now)
    };
    let data = list::Data {
        channels: channels.into_iter().map(row).collect(),
        networks: control.notify_allowed().iter().map(ToString::to_string).collect(),
        links: context.state.web.public_url,
        refusal: viewer.may(Permission::ManageAccess, Target::default()).err(),
        now,
    };
    let refused = Refused::nothing(&context);
    let mut frame = Frame::new(title(Section::Notifications), Vec::new());
    frame.message = refused.message;
    context.page(frame, &data, || list::view(&data))
}

/// A channel with its deliveries, newest first.
#[utoipa::path(get, path = "/api/v1/notifications/{id}", tag = "notifications",
    params(("id" = String, Path, description = "`nc-3`"),
        ("before" = Option<String>, Query, description = "continue before this one, `nd-412`")),
    responses((status = 200, body = one::Data), (status = 403), (status = 404)))]
pub(super) async fn show(context: Context, viewer: Viewer, Path(id): Path<String>) -> Response {
    match read(&context, &id).await {
        Ok(channel) => {
            let refused = Refused::nothing(&context);
            show_one(&context, &viewer, refused, channel, None).await
        }
        Err(response) => *response,
    }
}

async fn read(context: &Context, id: &str) -> Result<Channel, Box<Response>> {
    let Ok(id) = id.parse::<ChannelId>() else { return Err(Box::new(not_found(context))) };
    match context.state.control.channel(id).await {
        Ok(Some(channel)) => Ok(channel),
        Ok(None) => Err(Box::new(not_found(context))),
        Err(error) => Err(Box::new(store_failed(context, &error))),
    }
}

async fn show_one(
    context: &Context,
    viewer: &Viewer,
    refused: Refused,
    channel: Channel,
    made: Option<String>,
) -> Response {
    let data = match one_data(context, viewer, &refused, channel, made).await {
        Ok(data) => data,
        Err(error) => return store_failed(context, &error),
    };
    let mut frame = Frame::new(refused.titled(data.row.channel.name.clone()), Vec::new());
    frame.message = refused.message;
    context.page_as(refused.status, frame, &data, || one::view(&data))
}

async fn one_data(
    context: &Context,
    viewer: &Viewer,
    refused: &Refused,
    channel: Channel,
    made: Option<String>,
) -> Result<one::Data, StoreError> {
    let (control, query) = (&context.state.control, context.query());
    let of_query = |name: &str| query.get(name).and_then(|id| id.parse::<DeliveryId>().ok());
    let before = of_query("before");
    let mut deliveries = control.deliveries(channel.id, before, DELIVERIES + 1).await?;
    let page = usize::try_from(DELIVERIES).unwrap_or(usize::MAX);
    let more = deliveries.len() > page;
    deliveries.truncate(page);
    let next_try = control.next_tries().await?.get(&channel.id).copied();
    let now = context.snapshot.estate.at;
    Ok(one::Data {
        row: ChannelRow::of(channel, next_try, now),
        next: deliveries.last().filter(|_| more).map(|it| it.id),
        deliveries: deliveries.into_iter().map(|it| DeliveryRow::of(it, now)).collect(),
        before,
        tested: of_query("tested"),
        made,
        refusal: viewer.may(Permission::ManageAccess, Target::default()).err(),
        mistakes: refused.mistakes.clone(),
        csrf: viewer.form_token().to_owned(),
        now,
    })
}

/// The form of a new channel.
async fn new(context: Context, viewer: Viewer) -> Response {
    let way = context.query().get("way").and_then(Way::from_name).unwrap_or(Way::Webhook);
    let shown = Shown { way, draft: form::fresh(way), channel: None };
    show_form(&context, &viewer, Refused::nothing(&context), shown)
}

struct Shown {
    way: Way,
    draft: Draft,
    channel: Option<Channel>,
}

fn show_form(context: &Context, viewer: &Viewer, refused: Refused, shown: Shown) -> Response {
    let Shown { way, draft, channel } = shown;
    let data = form::Data {
        way,
        draft: Draft { secret: String::new(), ..draft },
        channel,
        refusal: viewer.may(Permission::ManageAccess, Target::default()).err(),
        mistakes: refused.mistakes.clone(),
        csrf: viewer.form_token().to_owned(),
    };
    let mut frame = Frame::new(refused.titled(form::title(&data)), Vec::new());
    frame.message = refused.message;
    context.page_as(refused.status, frame, &data, || form::view(&data))
}

fn typed(fields: &Fields) -> Draft {
    let own = |name: &str| fields.text(name).to_owned();
    Draft {
        name: own("name"),
        way: own("way"),
        url: own("url"),
        host: own("host"),
        port: own("port"),
        security: own("security"),
        user: own("user"),
        from: own("from"),
        to: own("to"),
        least: own("least"),
        groups: own("groups"),
        datacenters: own("datacenters"),
        kinds: own("kinds"),
        repeat_minutes: own("repeat_minutes"),
        secret: own("secret"),
    }
}

/// The answer to a webhook shows its secret, so it is the page itself and not a redirect.
async fn make(context: Context, viewer: Viewer, body: Bytes) -> Response {
    let draft = typed(&Fields::parse(&body));
    let control = &context.state.control;
    match control.make_channel(&context.by(&viewer), &draft).await {
        Ok(made) if made.secret.is_some() => {
            let mut shown = Refused::nothing(&context);
            shown.status = StatusCode::CREATED;
            show_one(&context, &viewer, shown, made.channel, made.secret).await
        }
        Ok(made) => done(&paths::notify_channel(made.channel.id), "channel-created"),
        Err(error) => {
            let way = Way::from_name(&draft.way).unwrap_or(Way::Webhook);
            let name = draft.name.clone();
            let shown = Shown { way, draft, channel: None };
            again(&context, &viewer, error, &name, shown)
        }
    }
}

/// The form again with what is wrong; all that was typed stays, but secrets.
fn again(
    context: &Context,
    viewer: &Viewer,
    error: AccessError,
    name: &str,
    shown: Shown,
) -> Response {
    match Refused::from_error(context, error, name) {
        Ok(refused) => show_form(context, viewer, refused, shown),
        Err(response) => *response,
    }
}

async fn change_form(context: Context, viewer: Viewer, Path(id): Path<String>) -> Response {
    let channel = match read(&context, &id).await {
        Ok(channel) => channel,
        Err(response) => return *response,
    };
    let (way, draft) = (channel.target.way(), Draft::of(&channel));
    let shown = Shown { way, draft, channel: Some(channel) };
    show_form(&context, &viewer, Refused::nothing(&context), shown)
}

async fn change_sent(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let channel = match read(&context, &id).await {
        Ok(channel) => channel,
        Err(response) => return *response,
    };
    let fields = Fields::parse(&body);
    let draft = typed(&fields);
    // A form without a revision is not one of ours: no revision is ever 0.
    let revision = fields.number("revision").unwrap_or(0);
    let by = context.by(&viewer);
    match context.state.control.change_channel(&by, channel.id, revision, &draft).await {
        Ok(channel) => done(&paths::notify_channel(channel.id), "channel-changed"),
        Err(error) => {
            let (way, name) = (channel.target.way(), channel.name.clone());
            let shown = Shown { way, draft, channel: Some(channel) };
            again(&context, &viewer, error, &name, shown)
        }
    }
}

async fn pause(context: Context, viewer: Viewer, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else { return not_found(&context) };
    let done = context.state.control.pause_channel(&context.by(&viewer), id).await;
    turned(&context, done, "channel-paused")
}

async fn resume(context: Context, viewer: Viewer, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else { return not_found(&context) };
    let done = context.state.control.resume_channel(&context.by(&viewer), id).await;
    turned(&context, done, "channel-resumed")
}

fn turned(context: &Context, result: Result<Channel, AccessError>, word: &str) -> Response {
    match result {
        Ok(channel) => done(&paths::notify_channel(channel.id), word),
        Err(error) => failed(context, error),
    }
}

/// Of a button: there is no form to show again.
fn failed(context: &Context, error: AccessError) -> Response {
    match error {
        AccessError::Store(error) => store_failed(context, &error),
        AccessError::Mistakes(_)
        | AccessError::NotFound
        | AccessError::Changed { .. }
        | AccessError::LastAdmin
        | AccessError::Approval(_)
        | AccessError::Busy(_)
        | AccessError::Wait(_) => not_found(context),
    }
}

async fn remove(context: Context, viewer: Viewer, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else { return not_found(&context) };
    match context.state.control.remove_channel(&context.by(&viewer), id).await {
        Ok(_) => done(paths::SETTINGS_NOTIFY, "channel-removed"),
        Err(error) => failed(&context, error),
    }
}

/// Whoever has the secret can speak in Mainstay's name.
async fn rotate(context: Context, viewer: Viewer, Path(id): Path<String>) -> Response {
    if let Err(response) = require_fresh(&context, &viewer) {
        return *response;
    }
    let Ok(id) = id.parse() else { return not_found(&context) };
    match context.state.control.rotate_channel(&context.by(&viewer), id).await {
        Ok(made) => {
            let mut shown = Refused::nothing(&context);
            shown.status = StatusCode::CREATED;
            show_one(&context, &viewer, shown, made.channel, made.secret).await
        }
        Err(error) => failed(&context, error),
    }
}

/// The page afterwards shows what was really answered.
async fn test(context: Context, viewer: Viewer, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse::<ChannelId>() else { return not_found(&context) };
    match context.state.control.test_channel(&context.by(&viewer), id).await {
        Ok(delivery) => {
            let page = paths::notify_channel(id);
            let tested = delivery.id.to_string();
            Redirect::to(&paths::with_query(&page, &[("tested", &tested)])).into_response()
        }
        Err(error) => failed(&context, error),
    }
}

/// A mistake of a program that no field of a form has.
fn revision_missing() -> AccessError {
    AccessError::Mistakes(vec![FieldMistake::new("revision", Mistake::Missing)])
}
