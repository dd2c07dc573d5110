//! The guard before every route: who is it, may they, is it meant, is it small enough.
//!
//! Invariants: denied by default; nobody signed in is sent to sign in and back to the exact
//! address; a refused change is in the audit log; a change is made only by a page of this site
//! that knows the session's form token, or by a program with a token of its own.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts as _, MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Router};
use http::header::{ACCEPT, ALLOW, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use mainstay_app::live::CONTENT_TYPE as CONTENT_TYPE_LIVE;
use mainstay_app::pages::error::Failure;
use mainstay_app::{paths, text};
use mainstay_control::Control;
use mainstay_core::access::factor::must_enrol;
use mainstay_core::access::{Permission, Refusal, Target, decide};
use mainstay_store::StoreError;
use tower_sessions::Session;

use crate::http::lasting;
use crate::language::{self, speaking};
use crate::policy::{Found, Route, Routes, Table};
use crate::problem::{Problem, plain};
use crate::security::{Front, ProblemPage, RequestId, equal, same_origin, surround};
use crate::session::{Sessions, SignedIn, form_token, hash};
use crate::state::AppState;
use crate::viewer::{Via, Viewer};

/// Name of the hidden field with a form's token.
pub const FORM_TOKEN_FIELD: &str = "csrf";
/// Header that carries the form's token where a script sends the request.
const FORM_TOKEN_HEADER: &str = "x-csrf";
/// A request's body arrives within this time, or its connection is let go.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// How refusals are shown to people; the rest of the server knows how pages look.
#[derive(Clone, Copy)]
pub struct RefusalPages {
    /// Of what the viewer may not do or does not exist.
    pub refused: fn(&AppState, &Parts, StatusCode, Option<&Refusal>) -> Response,
    /// Of any other problem.
    pub problem: ProblemPage,
}

#[derive(Clone)]
struct Gate {
    state: AppState,
    control: Arc<Control>,
    sessions: Sessions,
    table: Table,
    page: fn(&AppState, &Parts, StatusCode, Option<&Refusal>) -> Response,
}

/// The service: the routes, guarded and surrounded.
pub fn guarded(routes: Routes<AppState>, state: AppState, pages: RefusalPages) -> Router {
    let (router, table) = routes.split();
    let sessions = Sessions::new(state.control.clone());
    let layer = sessions.layer(state.web.secure);
    let (control, page) = (state.control.clone(), pages.refused);
    let shared = Extension(sessions.clone());
    let gate = Gate { control, state: state.clone(), sessions, table, page };
    let front = Front { state: state.clone(), page: pages.problem };
    let router = router
        .fallback(|| async { plain(StatusCode::NOT_FOUND) })
        .with_state(state.clone())
        .layer(from_fn_with_state(state, lasting::look_again))
        .layer(shared)
        .layer(from_fn_with_state(gate, guard))
        .layer(layer);
    surround(router, front)
}

/// Whether the answer is for a program: by its address, its token, or what it says it accepts.
pub fn wants_json(path: &str, headers: &HeaderMap) -> bool {
    let programs = path.starts_with("/api/") || path.starts_with("/hooks/");
    if programs || headers.contains_key(AUTHORIZATION) {
        return true;
    }
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let json = |accept: &str| accept.contains("application/json") || accept.contains("+json");
    accept.is_some_and(|accept| json(accept) && !accept.contains("text/html"))
}

/// Whether only the live values of a page are asked for.
pub fn wants_live(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT);
    accept.is_some_and(|accept| accept.as_bytes() == CONTENT_TYPE_LIVE.as_bytes())
}

/// Why a request goes no further.
enum Stop {
    /// For people and programs alike, each in their way.
    Status(StatusCode, Option<Refusal>),
    /// With a sentence of its own.
    Problem(Box<Problem>),
    OtherMethods(Vec<Method>),
    /// A second factor has to be enrolled first.
    Enrol,
}

async fn guard(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    // The body is not looked at while something is awaited: it may not be shared with the wait.
    let (mut parts, body) = request.into_parts();
    let admitted = admit(&gate, &mut parts).await;
    let reader = parts.extensions.get::<Viewer>();
    let language = language::of(reader, parts.uri.path(), &parts.headers);
    speaking(language, answered(&gate, admitted, parts, body, next)).await
}

/// The answer, said in the language of the moment.
async fn answered(
    gate: &Gate,
    admitted: Result<Route, Stop>,
    mut parts: Parts,
    body: Body,
    next: Next,
) -> Response {
    let unsafe_method = !parts.method.is_safe();
    let json = wants_json(parts.uri.path(), &parts.headers);
    let signed = admitted.as_ref().is_ok_and(|route| route.signed);
    let admitted = match admitted {
        Ok(route) => meant(&route, &mut parts, body).await,
        Err(stop) => Err(stop),
    };
    // A problem that becomes a page knows who looks at it.
    let viewer = parts.extensions.get::<Viewer>().filter(|_| !json).cloned();
    let mut response = match admitted {
        Ok(body) => {
            let response = next.run(Request::from_parts(parts, body)).await;
            // Nobody's session changes by what a program elsewhere tells.
            if unsafe_method && !signed {
                gate.sessions.changed();
                gate.state.shared.forget();
            }
            response
        }
        Err(stop) => answer(gate, &parts, json, stop),
    };
    if let Some(viewer) = viewer.filter(|_| response.status().as_u16() >= 400) {
        response.extensions_mut().insert(viewer);
    }
    response
}

/// The route, once its viewer is known to be allowed; puts the viewer in.
async fn admit(gate: &Gate, parts: &mut Parts) -> Result<Route, Stop> {
    let path = parts.extensions.get::<MatchedPath>().cloned();
    let path = path.as_ref().map(MatchedPath::as_str);
    let found = gate.table.find(path, &parts.method);
    let session = Session::from_request_parts(parts, &()).await.ok();
    let viewer = viewer(gate, &parts.headers, session.as_ref()).await;
    // Error pages know the viewer too.
    if let Ok(Some(viewer)) = &viewer {
        parts.extensions.insert(viewer.clone());
    }
    let route = match found {
        Found::Route(route) => route,
        Found::OtherMethods(methods) => return Err(Stop::OtherMethods(methods)),
        Found::Nothing => return Err(Stop::Status(StatusCode::NOT_FOUND, None)),
    };
    let viewer = match viewer {
        Ok(viewer) => viewer,
        // What is public is served whatever state the database is in.
        Err(Stop::Status(..)) if route.permission == Permission::Public => None,
        Err(stop) => return Err(stop),
    };
    allowed(gate, &route, parts, viewer.as_ref()).await?;
    let free = route.permission == Permission::Public || leads_to_factors(route.path);
    if viewer.is_some_and(|viewer| viewer.must_enrol) && !free {
        return Err(Stop::Enrol);
    }
    Ok(route)
}

/// What somebody may use who has to enrol a second factor: that, and going away.
fn leads_to_factors(path: &str) -> bool {
    let below = |root: &str| path.strip_prefix(root).is_some_and(|rest| !rest.starts_with('-'));
    below(paths::SETTINGS_SECURITY) || below(paths::CONFIRM) || path == paths::SIGN_OUT
}

/// Who it is. An error: they say who, and it is not so, or it cannot be checked now.
async fn viewer(
    gate: &Gate,
    headers: &HeaderMap,
    session: Option<&Session>,
) -> Result<Option<Viewer>, Stop> {
    if let Some(header) = headers.get(AUTHORIZATION) {
        let token = header.to_str().ok().and_then(bearer).unwrap_or_default();
        let found = gate.control.access.authenticate(token).await.map_err(away)?;
        let Some(found) = found else {
            let detail = "The token is unknown, expired or revoked. Make one at /settings/tokens \
                          and send it as `Authorization: Bearer mat_…`.";
            let problem = Problem::new(StatusCode::UNAUTHORIZED, detail);
            return Err(Stop::Problem(Box::new(problem)));
        };
        return Ok(Some(Viewer {
            user: found.owner.user,
            preferences: found.owner.preferences,
            grants: found.grants,
            must_enrol: false,
            via: Via::Token(found.token),
        }));
    }
    let Some(id) = session.and_then(Session::id) else {
        return Ok(None);
    };
    let signed_in = gate.sessions.signed_in(&id).await.map_err(away)?;
    let required = &gate.control.access.factor_settings().required;
    Ok(signed_in.map(|SignedIn { account, stale, confirmed_at, has_factor }| Viewer {
        must_enrol: must_enrol(required, &account.user.grants, has_factor),
        grants: account.user.grants.clone(),
        user: account.user,
        preferences: account.preferences,
        via: Via::Session { hash: hash(&id), form_token: form_token(&id), stale, confirmed_at },
    }))
}

/// Whether they may. A signed-in try to change something that is refused is written down.
async fn allowed(
    gate: &Gate,
    route: &Route,
    parts: &Parts,
    viewer: Option<&Viewer>,
) -> Result<(), Stop> {
    let grants = viewer.map(|viewer| viewer.grants.as_slice());
    let Err(refusal) = decide(grants, route.permission, Target::default()) else {
        let stale = viewer.is_some_and(|v| matches!(v.via, Via::Session { stale: true, .. }));
        if stale && route.action.is_some() {
            return Err(Stop::Status(StatusCode::SERVICE_UNAVAILABLE, None));
        }
        return Ok(());
    };
    let id = parts.extensions.get::<RequestId>();
    if let (Some(viewer), Some(action), Some(id)) = (viewer, route.action, id) {
        let now = gate.control.access.now();
        let (by, object) = (viewer.by(Some(id), now), object(parts.uri.path()));
        let noted = gate.control.access.refused(&by, action, object, &refusal).await;
        noted.map_err(away)?;
    }
    let status = match refusal {
        Refusal::SignIn => StatusCode::UNAUTHORIZED,
        Refusal::Role { .. } | Refusal::Scope { .. } | Refusal::Past => StatusCode::FORBIDDEN,
    };
    Err(Stop::Status(status, Some(refusal)))
}

/// Whether a change is meant by whoever sends it, and small enough.
async fn meant(route: &Route, parts: &mut Parts, body: Body) -> Result<Body, Stop> {
    let too_large = || {
        let detail = format!("The body is larger than {} bytes.", route.body_max);
        let limit = text::bytes(route.body_max as u64);
        Stop::Problem(Box::new(Problem::of(Failure::TooLarge { limit }, detail)))
    };
    let length = parts.headers.get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > route.body_max) {
        return Err(too_large());
    }
    if parts.method.is_safe() {
        return Ok(Body::empty());
    }
    let bytes = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, route.body_max)).await;
    let bytes = bytes.map_err(|_| {
        let seconds = BODY_TIMEOUT.as_secs();
        let detail = format!("The body did not arrive within {seconds} s.");
        Stop::Problem(Box::new(Problem::of(Failure::Slow { seconds }, detail)))
    })?;
    let bytes = bytes.map_err(|_| too_large())?;
    sent_here(route, parts, &bytes).map_err(Stop::Problem)?;
    Ok(Body::from(bytes))
}

/// The defence against forged requests.
fn sent_here(route: &Route, parts: &Parts, body: &[u8]) -> Result<(), Box<Problem>> {
    let viewer = parts.extensions.get::<Viewer>();
    if route.signed || viewer.is_some_and(|viewer| matches!(viewer.via, Via::Token(_))) {
        return Ok(());
    }
    if !same_origin(&parts.headers, &parts.uri) {
        let detail = "This change was not sent by a page of this console, so it was not made.";
        return Err(Box::new(Problem::of(Failure::Forgery, detail)));
    }
    let Some(viewer) = viewer.filter(|_| route.permission != Permission::Public) else {
        return Ok(());
    };
    let header = parts.headers.get(FORM_TOKEN_HEADER);
    let sent = match header.and_then(|header| header.to_str().ok()) {
        Some(header) => Some(header.to_owned()),
        None if is_form(&parts.headers) => form_urlencoded::parse(body)
            .find(|(name, _)| name == FORM_TOKEN_FIELD)
            .map(|(_, value)| value.into_owned()),
        None => None,
    };
    if sent.is_some_and(|sent| equal(&sent, viewer.form_token())) {
        return Ok(());
    }
    let detail = "The form is from an earlier session, so nothing was done. Open the page again \
                  and repeat it.";
    Err(Box::new(Problem::of(Failure::Forgery, detail)))
}

fn answer(gate: &Gate, parts: &Parts, json: bool, stop: Stop) -> Response {
    match stop {
        Stop::Status(StatusCode::UNAUTHORIZED, Some(Refusal::SignIn)) if !json => {
            let next = return_to(&parts.method, &parts.uri, &parts.headers);
            Redirect::to(&paths::sign_in(&next)).into_response()
        }
        Stop::Status(_, Some(refusal)) if json => Problem::refused(refusal).into_response(),
        Stop::Status(status, None) if json => plain(status),
        Stop::Status(status, refusal) => (gate.page)(&gate.state, parts, status, refusal.as_ref()),
        Stop::Problem(problem) => problem.into_response(),
        Stop::Enrol if json => {
            let detail = "A second factor is needed first: enrol one at /settings/security.";
            Problem::new(StatusCode::FORBIDDEN, detail).into_response()
        }
        Stop::Enrol => Redirect::to(paths::SETTINGS_SECURITY).into_response(),
        Stop::OtherMethods(methods) => {
            let names = text::list(methods.iter().map(Method::as_str));
            let detail = format!("This address takes {names} only.");
            let failure = Failure::Method { methods: names.clone() };
            let mut response = Problem::of(failure, detail).into_response();
            if let Ok(value) = HeaderValue::from_str(&names) {
                response.headers_mut().insert(ALLOW, value);
            }
            response
        }
    }
}

/// Where to go on after signing in: this address, or for a form the page it stands on.
pub fn return_to(method: &Method, uri: &Uri, headers: &HeaderMap) -> String {
    let uri = if method.is_safe() {
        Some(uri.clone())
    } else {
        let referer = headers.get(http::header::REFERER);
        referer.and_then(|referer| referer.to_str().ok()?.parse().ok())
    };
    let path = uri.and_then(|uri| Some(uri.path_and_query()?.as_str().to_owned()));
    crate::policy::safe_next(path.as_deref())
}

/// The page of the object that an action's address belongs to.
fn object(path: &str) -> String {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let object = path.split_once("/do/").map_or(path, |(object, _)| object);
    object.to_owned()
}

fn away(error: StoreError) -> Stop {
    if error.is_unavailable() {
        tracing::warn!(%error, "nobody can be recognised now");
    } else {
        tracing::error!(%error, "a viewer could not be read");
    }
    Stop::Status(StatusCode::SERVICE_UNAVAILABLE, None)
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_bearers_forms_and_objects() {
        assert_eq!(bearer("Bearer mat_a"), Some("mat_a"));
        assert_eq!(bearer("bearer  mat_a "), Some("mat_a"));
        assert_eq!(bearer("Basic abc"), None);
        assert_eq!(bearer("mat_a"), None);
        assert_eq!(object("/settings/users/ann/do/disable"), "/settings/users/ann");
        assert_eq!(object("/api/v1/users/ann/do/disable"), "/users/ann");
        let mut headers = HeaderMap::new();
        assert!(!is_form(&headers));
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        headers.insert(CONTENT_TYPE, kind);
        assert!(is_form(&headers));
    }

    #[test]
    fn tells_programs_from_people() {
        let with = |name, value| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            headers
        };
        assert!(wants_json("/api/v1/me", &HeaderMap::new()));
        assert!(wants_json("/", &with(ACCEPT, "application/json")));
        assert!(wants_json("/", &with(AUTHORIZATION, "Bearer x")));
        assert!(wants_json("/", &with(ACCEPT, mainstay_app::live::CONTENT_TYPE)));
        assert!(!wants_json("/", &HeaderMap::new()));
        assert!(!wants_json("/", &with(ACCEPT, "text/html,application/json;q=0.9")));
    }
}
