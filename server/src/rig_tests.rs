//! A whole service on a real Postgres, without its listener: what the tests of this crate ask.

#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../../store/tests/common/mod.rs"]
mod common;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::response::Response;
use chrono::{TimeDelta, Utc};
use common::TestDatabase;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{Request, StatusCode};
use mainstay_app::shell::Assets;
use mainstay_control::Control;
use mainstay_control::access::{
    Access, By, FactorSettings, MakeToken, MakeUser, PublicUrl, Sealer,
};
use mainstay_control::authority::Authority;
use mainstay_control::notify::NotifySettings;
use mainstay_core::access::{Grant, Role, Scope, User};
use mainstay_core::audit::{Action, Outcome};
use mainstay_core::pipeline::repository::Protocol;
use mainstay_store::audit::{self, Filter};
use metrics_exporter_prometheus::PrometheusBuilder;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::git::Git;
use crate::notify::Post;
use crate::router::router;
use crate::state::{AppState, Web};

pub const PASSWORD: &str = "correct horse battery";

/// Where browsers would reach the service.
pub const PUBLIC_URL: &str = "https://console.example";

pub struct Rig {
    pub db: TestDatabase,
    pub state: AppState,
    pub router: Router,
    /// How many seconds the clock of the doorkeeper is ahead of the real one.
    pub ahead: Arc<AtomicI64>,
    dir: TempDir,
}

impl Rig {
    pub async fn new(secure: bool) -> Self {
        Self::requiring(secure, BTreeSet::new()).await
    }

    /// As [`new`](Self::new), with roles that have to have a second factor.
    pub async fn requiring(secure: bool, required: BTreeSet<Role>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let db = TestDatabase::new().await;
        let authority = Authority::open(dir.path(), Utc::now()).unwrap();
        let mut control = Control::new(db.store.clone(), authority);
        let ahead = Arc::<AtomicI64>::default();
        let offset = ahead.clone();
        let clock = move || Utc::now() + TimeDelta::seconds(offset.load(Ordering::Relaxed));
        let sealer = Sealer::open(dir.path()).unwrap();
        let url = PublicUrl::parse(PUBLIC_URL).unwrap();
        let factors = FactorSettings::new(sealer, Some(&url), required);
        control.access =
            Access::with_clock(db.store.clone(), Arc::new(clock)).with_factors(factors);
        let allowed = vec!["127.0.0.0/8".parse().unwrap()];
        let post = Post::new(Some(url), allowed.clone());
        let notify = NotifySettings { sender: Some(Arc::new(post)), allowed };
        let git = Git {
            program: "git".into(),
            protocols: [Protocol::File].into(),
            allowed: Vec::new(),
            config: None,
        };
        let control = Arc::new(control.with_notify(notify).with_repositories(Arc::new(git)));
        let state = AppState {
            control,
            live: Arc::default(),
            shared: Arc::default(),
            web: Arc::new(Web {
                secure,
                public_url: true,
                site_dir: dir.path().to_owned(),
                assets: Assets::default(),
            }),
            provider: None,
            metrics: PrometheusBuilder::new().build_recorder().handle(),
            shutdown: CancellationToken::new(),
        };
        let router = router(state.clone());
        Self { db, state, router, ahead, dir }
    }

    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    pub async fn user(&self, name: &str, grants: Vec<Grant>) -> User {
        let make = MakeUser {
            name: name.into(),
            display_name: name.into(),
            password: PASSWORD.into(),
            grants,
        };
        self.state.control.access.make_user(&By::system("test"), &make).await.unwrap().user
    }

    /// A token that counts for everything its owner holds.
    pub async fn token(&self, user: &User) -> String {
        let make = MakeToken { name: "test".into(), grants: user.grants.clone(), days: 1 };
        let holds = (user.grants.as_slice(), None);
        let access = &self.state.control.access;
        access.make_token(&By::system("test"), user, holds, &make).await.unwrap().1
    }

    pub async fn send(&self, request: Request<Body>) -> Response {
        let mut request = request;
        // Nobody follows the store here: however long a test takes, it counts as read just now.
        let control = &self.state.control;
        control.estate.store_answered(control.access.now().max(Utc::now()));
        let peer = SocketAddr::from(([192, 0, 2, 1], 4_711));
        request.extensions_mut().insert(ConnectInfo(peer));
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn get(&self, path: &str, cookie: &str) -> Response {
        let request = Request::get(path).header(COOKIE, cookie).body(Body::empty()).unwrap();
        self.send(request).await
    }

    /// What the form at an address that starts a failover carries of the plan that it shows, as
    /// further fields; empty: it is no such address, or shows no form.
    pub async fn shown(&self, path: &str, cookie: &str) -> String {
        if !(path.ends_with("/do/start") || path.ends_with("/do/fail-back")) {
            return String::new();
        }
        let page = text(self.get(path, cookie).await).await;
        let field = |name: &str| {
            let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
            Some(format!("&{name}={}", rest.split('"').next()?))
        };
        ["plan", "looked", "shown"].iter().filter_map(|name| field(name)).collect()
    }

    pub async fn post(&self, path: &str, cookie: &str, site: &str, form: &str) -> Response {
        let request = Request::post(path)
            .header(COOKIE, cookie)
            .header("sec-fetch-site", site)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()))
            .unwrap();
        self.send(request).await
    }

    /// The cookie of a new session.
    pub async fn sign_in(&self, name: &str, cookie: &str) -> String {
        let form = format!("name={name}&password={}", PASSWORD.replace(' ', "+"));
        let response = self.post("/sign-in", cookie, "same-origin", &form).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        cookie_of(&response).unwrap()
    }

    /// The token in the forms of a session.
    pub async fn form_token(&self, cookie: &str) -> String {
        let page = text(self.get("/settings/profile", cookie).await).await;
        let (_, after) = page.split_once(r#"name="csrf" value=""#).unwrap();
        after.split('"').next().unwrap().to_owned()
    }

    /// The newest entry of the audit log: its id, what was done and how it ended.
    pub async fn latest(&self) -> Option<(i64, Action, Outcome)> {
        let list = audit::list(&self.db.store, &Filter::default(), None, 1).await.unwrap();
        list.first().map(|entry| (entry.id, entry.event.action, entry.event.outcome))
    }
}

pub async fn text(response: Response) -> String {
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// `name=value` of the cookie that an answer sets, unless it removes it.
pub fn cookie_of(response: &Response) -> Option<String> {
    let all = response.headers().get_all(SET_COOKIE).iter();
    let set = all.map(|cookie| cookie.to_str().unwrap()).find(|cookie| !cookie.contains("=;"))?;
    set.split(';').next().map(str::to_owned)
}

pub fn location(response: &Response) -> &str {
    response.headers().get(LOCATION).map_or("", |location| location.to_str().unwrap())
}

pub fn grant(role: Role) -> Grant {
    Grant { role, scope: Scope::default() }
}
