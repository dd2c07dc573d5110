//! What every page has in common: who looks, at which moment, in which shell, and whether the
//! answer is HTML for a person or the same data as JSON for a program.

use std::borrow::Cow;
use std::time::Instant;

use axum::extract::FromRequestParts;
use axum::response::{Html, IntoResponse, Response};
use axum::{Json, RequestPartsExt};
use chrono::Utc;
use http::header::{CONTENT_ENCODING, CONTENT_LANGUAGE, VARY};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use leptos::prelude::AnyView;
use mainstay_app::live::{self, Change, Topics};
use mainstay_app::pages::Reader;
use mainstay_app::pages::query::Query;
use mainstay_app::pages::rows::section_counts;
use mainstay_app::shell::{self, DataAge, Message, PolicyDays, Shell};
use mainstay_app::text::rollout::rollout_state;
use mainstay_app::text::{self, Tz};
use mainstay_app::{past, render};
use mainstay_control::access::By;
use mainstay_control::estate::Snapshot;
use mainstay_core::access::Theme;
use mainstay_core::estate::Estate;
use mainstay_core::status::Status;
use serde::Serialize;

use super::coding;
use super::shared::{Drawn, Page};
use crate::guard::{wants_json, wants_live};
use crate::security::{Nonce, RequestId};
use crate::state::AppState;
use crate::viewer::Viewer;

/// One request for a page: everything the shell and a page's `build` need.
pub struct Context {
    pub state: AppState,
    pub viewer: Option<Viewer>,
    pub snapshot: Snapshot,
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub request: Option<RequestId>,
    nonce: String,
    /// The newest live event before the snapshot was taken: nothing after it is missed.
    live_id: String,
}

impl FromRequestParts<AppState> for Context {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Self, std::convert::Infallible> {
        let viewer = parts.extract::<Option<Viewer>>().await?;
        Ok(Self::new(state, viewer, parts))
    }
}

/// A page's frame: what differs from page to page in the shell.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    pub title: String,
    /// What the page wants to hear about live; empty: nothing.
    pub topics: Vec<String>,
    pub message: Option<Message>,
}

impl Frame {
    pub fn new(title: String, topics: Vec<String>) -> Self {
        Self { title, topics, message: None }
    }
}

impl Context {
    pub fn new(state: &AppState, viewer: Option<Viewer>, parts: &Parts) -> Self {
        let extensions = &parts.extensions;
        let nonce = extensions.get::<Nonce>().map(|nonce| nonce.as_str().to_owned());
        let live_id = state.live.id(text::language());
        Self {
            live_id,
            snapshot: state.control.snapshot(),
            state: state.clone(),
            viewer,
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
            request: extensions.get::<RequestId>().cloned(),
            nonce: nonce.unwrap_or_default(),
        }
    }

    /// The path and query of this request.
    pub fn path(&self) -> &str {
        self.uri.path_and_query().map_or("/", |path| path.as_str())
    }

    /// The estate in the time of the backup policies: what pages of backups are made of.
    pub fn policy(&self) -> Cow<'_, Estate> {
        self.snapshot.estate.in_policy_time()
    }

    /// On whose behalf a change of this request is made.
    pub fn by(&self, viewer: &Viewer) -> By {
        viewer.by(self.request.as_ref(), self.state.control.access.now())
    }

    pub fn query(&self) -> Query {
        Query::parse(self.uri.query().unwrap_or_default())
    }

    /// Who reads the page, as far as its actions care.
    pub fn reader(&self) -> Reader {
        let viewer = self.viewer.as_ref();
        Reader {
            name: viewer.map(|v| v.user.name.to_string()).unwrap_or_default(),
            grants: viewer.map(|v| v.grants.clone()).unwrap_or_default(),
            csrf: viewer.map(|v| v.form_token().to_owned()).unwrap_or_default(),
            is_past: self.snapshot.is_past,
        }
    }

    pub fn wants_json(&self) -> bool {
        wants_json(self.uri.path(), &self.headers)
    }

    /// Whether only live values are asked for.
    pub fn wants_live(&self) -> bool {
        wants_live(&self.headers)
    }

    /// Answers with a page, or its data as JSON.
    pub fn page<T: Serialize>(
        &self,
        frame: Frame,
        data: &T,
        view: impl FnOnce() -> AnyView,
    ) -> Response {
        self.page_as(StatusCode::OK, frame, data, view)
    }

    /// As [`page`](Self::page) with another status.
    pub fn page_as<T: Serialize>(
        &self,
        status: StatusCode,
        frame: Frame,
        data: &T,
        view: impl FnOnce() -> AnyView,
    ) -> Response {
        if self.wants_live() {
            let topics = Topics::parse(&frame.topics.join(",")).unwrap_or_default();
            return worded(Json(self.live_values(&topics)));
        }
        if self.wants_json() {
            return (status, Json(data)).into_response();
        }
        self.html(status, frame, view)
    }

    /// Answers with a page that is the same for everybody; its HTML is drawn once for all who ask
    /// within a moment.
    pub async fn shared<T: Serialize>(mut self, page: Page<T>) -> Response {
        // Whoever reads times in a zone of their own shares with nobody.
        let alone = self.snapshot.is_past || self.list_zone().is_some();
        if alone || self.wants_live() || self.wants_json() {
            let control = &self.state.control;
            let data = (page.build)(control, &self.snapshot, &self.query());
            return self.page((page.frame)(&data), &data, || (page.view)(&data));
        }
        let state = self.state.clone();
        let draw = || {
            let live_id = state.live.id(text::language());
            let control = &state.control;
            Drawn::new(&page, control, control.snapshot(), live_id, &self.query())
        };
        // What is known and what is only remembered are two pages, however close in time.
        let age = if self.snapshot.store_away_since().is_some() { "old" } else { "new" };
        let key = format!("{age} {} {}", text::language().tag(), self.path());
        let drawn = state.shared.get(&key, Instant::now(), draw).await;
        // The shell tells of the same moment as the page.
        self.snapshot = drawn.snapshot.clone();
        self.live_id.clone_from(&drawn.live_id);
        let (before, after) = render::around(&self.shell(drawn.frame.clone()));
        if !coding::takes_brotli(&self.headers) {
            return worded(Html([before.as_str(), &drawn.html, &after].concat()));
        }
        let body = coding::around(&before, &drawn.brotli, &after);
        worded(([(CONTENT_ENCODING, "br"), (VARY, "accept-encoding")], Html(body)))
    }

    /// Answers with a page for people.
    pub fn html(
        &self,
        status: StatusCode,
        frame: Frame,
        view: impl FnOnce() -> AnyView,
    ) -> Response {
        let shell = self.shell(frame);
        if !self.snapshot.is_past {
            return worded((status, Html(render::document(&shell, view))));
        }
        let (before, after) = render::around(&shell);
        let page = past::carry(&render::fragment(view), self.snapshot.estate.at);
        worded((status, Html([before, page, after].concat())))
    }

    /// Every current value that a page listens to, with times in the zone of its lists.
    fn live_values(&self, topics: &Topics) -> Vec<Change> {
        let values = self.state.live.current(topics, text::language());
        let zone = self.headers.get(live::ZONE_HEADER).and_then(|zone| zone.to_str().ok());
        match zone.and_then(|zone| zone.parse().ok()) {
            None => values,
            Some(zone) => {
                let now = self.snapshot.estate.at;
                values.iter().map(|change| live::told_in(zone, change, now)).collect()
            }
        }
    }

    /// What a key chose in this browser, and the browser keeps.
    fn choice(&self, name: &str) -> Option<&str> {
        let cookies = self.headers.get_all(http::header::COOKIE).iter();
        let pairs = cookies.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(';'));
        pairs
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    /// Whether the navigation is collapsed: as the key `[` chose, else as the profile says.
    fn nav_collapsed(&self) -> bool {
        match self.choice("nav") {
            Some("slim") => true,
            Some("wide") => false,
            Some(_) | None => self.viewer.as_ref().is_some_and(|v| v.preferences.nav_collapsed),
        }
    }

    /// The zone in which lists say their times, when it is not UTC: as the address asks (`tz`),
    /// else as the key `t` chose.
    fn list_zone(&self) -> Option<Tz> {
        let zone = self.viewer.as_ref()?.preferences.time_zone;
        let local = match self.query().get("tz") {
            Some("local") => true,
            Some("utc") => false,
            Some(_) | None => self.choice("times") == Some("local"),
        };
        (local && zone != Tz::UTC).then_some(zone)
    }

    fn shell(&self, frame: Frame) -> Shell {
        let estate = &self.snapshot.estate;
        let preferences = self.viewer.as_ref().map(|viewer| &viewer.preferences);
        let counts = section_counts(&self.snapshot.problems);
        let is_past = self.snapshot.is_past;
        let (now, data) = match self.snapshot.store_away_since() {
            _ if is_past => (Utc::now(), DataAge::Snapshot { at: estate.at }),
            Some(since) => (estate.at, DataAge::StoreAway { since }),
            None => (estate.at, DataAge::Live),
        };
        Shell {
            title: frame.title,
            path: self.path().to_owned(),
            rehearsal: !matches!(estate.fleet.name.as_str(), "production" | ""),
            environment: estate.fleet.name.clone(),
            viewer: self.viewer.as_ref().map(shell_viewer),
            theme: match preferences.map(|preferences| preferences.theme) {
                Some(Theme::Light) => shell::Theme::Light,
                Some(Theme::Dark) => shell::Theme::Dark,
                Some(Theme::Auto) | None => shell::Theme::Auto,
            },
            density: preferences.map(|preferences| preferences.density).unwrap_or_default(),
            nav_collapsed: self.nav_collapsed(),
            keys: preferences.is_none_or(|preferences| preferences.keys),
            time_zone: preferences.map(|preferences| preferences.time_zone),
            list_zone: self.list_zone(),
            now,
            data,
            days: PolicyDays {
                pace: estate.pace,
                ahead: estate.clock.to_policy(estate.at) - estate.at,
            },
            topology: counts.topology,
            rollouts: rollouts(estate),
            failover: failover(estate),
            backups: counts.backups,
            csrf: self.viewer.as_ref().map(Viewer::form_token).unwrap_or_default().to_owned(),
            message: frame.message,
            build: env!("CARGO_PKG_VERSION").to_owned(),
            nonce: self.nonce.clone(),
            assets: self.state.web.assets.clone(),
            topics: if is_past { Vec::new() } else { frame.topics },
            live_id: self.live_id.clone(),
        }
    }
}

/// An answer whose words are of the language of the moment, which it names.
fn worded(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(text::language().tag()));
    headers.append(VARY, HeaderValue::from_static("accept-language"));
    response
}

/// Rollouts that are on: the worst of their looks, and how many.
fn rollouts(estate: &Estate) -> Option<(Status, u32)> {
    let on = estate.releases.rollouts.values().filter(|rollout| !rollout.is_over());
    let looks = on.map(|rollout| rollout_state(&rollout.plan, &rollout.state).0.status());
    let looks: Vec<_> = looks.collect();
    let count = u32::try_from(looks.len()).unwrap_or(u32::MAX);
    looks.into_iter().min().map(|worst| (worst, count))
}

/// The failover that is on.
fn failover(estate: &Estate) -> Option<(Status, u32)> {
    let run = estate.releases.failover()?;
    Some((mainstay_app::pages::failover::state(run).0.status(), 1))
}

fn shell_viewer(viewer: &Viewer) -> shell::Viewer {
    let mut roles: Vec<_> = viewer.grants.iter().map(|grant| grant.role).collect();
    roles.sort();
    roles.dedup();
    shell::Viewer {
        name: viewer.user.name.to_string(),
        display_name: viewer.user.display_name.clone(),
        roles,
    }
}
