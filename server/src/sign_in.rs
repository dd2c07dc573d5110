//! Signing in and out.

use std::net::{IpAddr, SocketAddr};

use axum::Extension;
use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{RETRY_AFTER, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use mainstay_app::pages::sign_in::{self, SignInData, Trouble};
use mainstay_app::paths;
use mainstay_control::access::SignInError;
use mainstay_core::access::Permission;
use mainstay_core::audit::Action;
use tower_sessions::Session;

use crate::http::page::{Context, Frame};
use crate::http::pages::store_failed;
use crate::policy::{Routes, safe_next};
use crate::second::lead_on;
use crate::session;
use crate::settings::form::Fields;
use crate::viewer::Viewer;

/// Seconds after which the queue of password checks is worth another try.
const BUSY_SECONDS: u32 = 3;

pub fn routes() -> Routes {
    Routes::new()
        .get(Permission::Public, paths::SIGN_IN, page)
        .post(Permission::Public, Action::SignIn, paths::SIGN_IN, sign_in)
        .post(Permission::OwnAccount, Action::SignOut, paths::SIGN_OUT, sign_out)
}

async fn page(context: Context) -> Response {
    let next = next(&context);
    if context.viewer.is_some() {
        return Redirect::to(&next).into_response();
    }
    let trouble = context.query().get("again").map(|_| Trouble::Over);
    let data = SignInData { next, trouble, ..SignInData::default() };
    show(&context, StatusCode::OK, data)
}

async fn sign_in(
    context: Context,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(session): Extension<Session>,
    body: Bytes,
) -> Response {
    let fields = Fields::parse(&body);
    let address = client(peer.ip(), &context.headers, context.state.web.secure);
    let trouble = match enter(&context, &session, &fields, address).await {
        Ok(response) => return response,
        Err(trouble) => trouble,
    };
    let name = fields.text("name").to_owned();
    let data =
        SignInData { next: next(&context), name, trouble: Some(trouble), ..SignInData::default() };
    told_when(show(&context, status(trouble), data), trouble)
}

/// Lets in with a passkey or a password, or on to the second step.
async fn enter(
    context: &Context,
    session: &Session,
    fields: &Fields,
    address: IpAddr,
) -> Result<Response, Trouble> {
    let request = context.request.as_ref().map(ToString::to_string);
    let access = &context.state.control.access;
    let answer = fields.text("passkey");
    let user = if answer.is_empty() {
        let (name, password) = (fields.text("name"), fields.text("password"));
        let entered = access.sign_in(name, password, address, request).await;
        let entered = entered.map_err(|error| trouble(&error))?;
        if entered.second {
            return lead_on(context, session, &entered.user, &next(context)).await;
        }
        entered.user
    } else {
        let id = session::id(session).ok_or(Trouble::Over)?;
        let user = access.sign_in_passkey(&id, answer, address, request).await;
        user.map_err(|error| {
            let trouble = trouble(&error);
            if trouble == Trouble::Wrong { Trouble::Passkey } else { trouble }
        })?
    };
    session::begin(session, &user.name, access.now()).await.map_err(|error| {
        tracing::error!(%error, "a session could not begin");
        Trouble::Away
    })?;
    Ok(Redirect::to(&next(context)).into_response())
}

/// What somebody is told who was not let in.
pub fn trouble(error: &SignInError) -> Trouble {
    match error {
        SignInError::Wrong => Trouble::Wrong,
        SignInError::Used => Trouble::Used,
        SignInError::Over => Trouble::Over,
        SignInError::Wait(wait) => {
            Trouble::Wait { seconds: u32::try_from(wait.seconds).unwrap_or(u32::MAX) }
        }
        SignInError::Busy(_) => Trouble::Busy,
        SignInError::Store(error) => {
            tracing::error!(%error, "nobody can sign in");
            Trouble::Away
        }
    }
}

pub const fn status(trouble: Trouble) -> StatusCode {
    match trouble {
        Trouble::Wrong
        | Trouble::Passkey
        | Trouble::Used
        | Trouble::Over
        | Trouble::ProviderRefused
        | Trouble::Stranger => StatusCode::UNPROCESSABLE_ENTITY,
        Trouble::Wait { .. } | Trouble::Busy => StatusCode::TOO_MANY_REQUESTS,
        Trouble::Away | Trouble::ProviderAway => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The answer, with when the next try is heard.
pub fn told_when(mut response: Response, trouble: Trouble) -> Response {
    let wait = match trouble {
        Trouble::Wait { seconds } => Some(seconds),
        Trouble::Busy => Some(BUSY_SECONDS),
        Trouble::Wrong
        | Trouble::Passkey
        | Trouble::Used
        | Trouble::Over
        | Trouble::Away
        | Trouble::ProviderAway
        | Trouble::ProviderRefused
        | Trouble::Stranger => None,
    };
    if let Some(seconds) = wait {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

/// Ends the session; a token has none and stays as it is.
async fn sign_out(
    context: Context,
    viewer: Viewer,
    Extension(session): Extension<Session>,
) -> Response {
    let by = context.by(&viewer);
    let access = &context.state.control.access;
    if let Err(error) = access.signed_out(&by, &viewer.user.name).await {
        return store_failed(&context, &error);
    }
    if let Err(error) = session.flush().await {
        tracing::error!(%error, "a session could not be ended");
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let mut response = Redirect::to(paths::SIGN_IN).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&session::removal(context.state.web.secure)) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// The page after a try at another address; its forms lead to the sign-in's own.
pub fn refused(context: &Context, next: &str, trouble: Trouble) -> Response {
    let data = SignInData {
        next: next.to_owned(),
        trouble: Some(trouble),
        action: Some(paths::sign_in(next)),
        ..SignInData::default()
    };
    told_when(show(context, status(trouble), data), trouble)
}

fn show(context: &Context, status: StatusCode, data: SignInData) -> Response {
    let passkeys = context.state.control.access.factor_settings().passkeys.is_some();
    let provider = context.state.provider.as_ref().map(|provider| provider.name().to_owned());
    let data = SignInData { passkeys, provider, ..data };
    let frame = Frame::new(sign_in::title(&data), Vec::new());
    context.page_as(status, frame, &data, || sign_in::view(&data))
}

/// Where it goes on, as the address says.
pub fn next(context: &Context) -> String {
    let query = context.uri.query().unwrap_or_default();
    let next = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "next");
    safe_next(next.as_ref().map(|(_, value)| value.as_ref()))
}

/// Whose try it is. Where a proxy ends TLS in front, every connection is the proxy's; the last
/// address it names is the one that it saw itself.
pub fn client(peer: IpAddr, headers: &HeaderMap, behind_proxy: bool) -> IpAddr {
    let named = || {
        let all = headers.get_all("x-forwarded-for").iter().next_back()?;
        all.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
    };
    if behind_proxy { named().unwrap_or(peer) } else { peer }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trusts_the_nearest_proxy_only() {
        let peer = IpAddr::from([127, 0, 0, 1]);
        let mut headers = HeaderMap::new();
        assert_eq!(client(peer, &headers, true), peer);
        let forged = HeaderValue::from_static("203.0.113.9, 198.51.100.7");
        headers.insert("x-forwarded-for", forged);
        assert_eq!(client(peer, &headers, true), IpAddr::from([198, 51, 100, 7]));
        assert_eq!(client(peer, &headers, false), peer);
    }
}
