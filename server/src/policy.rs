//! The table of routes: which address answers which method, and what that needs.
//!
//! Invariants: the router is made from the table, so an address that is not in it does not exist;
//! nothing is served before [`guard`] has found the route in the table and decided. A route that
//! changes something names the audit action that every use of it leaves behind.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::response::IntoResponse;
use axum::routing::{MethodFilter, MethodRouter, on, on_service};
use http::Method;
use mainstay_core::access::Permission;
use mainstay_core::audit::Action;
use tower::Service;

use crate::state::AppState;

/// Largest body of a request.
pub const BODY_MAX: usize = 64 * 1_024;
/// Largest body of a request that brings a fleet file: 1 MiB of it, percent-encoded in a form.
pub const FLEET_BODY_MAX: usize = 3 * 1_024 * 1_024 + BODY_MAX;

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub method: Method,
    /// As axum writes it: `/services/{service}`.
    pub path: &'static str,
    pub permission: Permission,
    /// What it leaves in the audit log; `None`: it changes nothing.
    pub action: Option<Action>,
    /// Largest body, in bytes.
    pub body_max: usize,
    /// Whether programs elsewhere send to it, and sign what they send: the handler checks that, no
    /// session and no token has a say, and it is sent by no page.
    pub signed: bool,
}

/// Routes that are being collected: the router and its table, which cannot differ.
pub struct Routes<S = AppState> {
    router: Router<S>,
    table: Vec<Route>,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    pub fn new() -> Self {
        Self { router: Router::new(), table: Vec::new() }
    }

    /// Something to read.
    pub fn get<H, T>(self, permission: Permission, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let method = Method::GET;
        let route = Route { method, path, permission, action: None, body_max: 0, signed: false };
        self.add(route, |filter| on(filter, handler))
    }

    /// Something to do, which leaves `action` in the audit log.
    pub fn post<H, T>(
        self,
        permission: Permission,
        action: Action,
        path: &'static str,
        handler: H,
    ) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let route = Route {
            method: Method::POST,
            path,
            permission,
            action: Some(action),
            body_max: BODY_MAX,
            signed: false,
        };
        self.add(route, |filter| on(filter, handler))
    }

    /// As [`post`](Self::post) with a larger body.
    pub fn post_large<H, T>(
        self,
        permission: Permission,
        action: Action,
        path: &'static str,
        body_max: usize,
        handler: H,
    ) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let (method, action) = (Method::POST, Some(action));
        let route = Route { method, path, permission, action, body_max, signed: false };
        self.add(route, |filter| on(filter, handler))
    }

    /// What programs elsewhere send to and sign; the handler is the one that checks it.
    pub fn hook<H, T>(self, action: Action, path: &'static str, body_max: usize, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let (method, action, permission) = (Method::POST, Some(action), Permission::Public);
        let route = Route { method, path, permission, action, body_max, signed: true };
        self.add(route, |filter| on(filter, handler))
    }

    /// A question whose text is too long for an address: a POST that changes nothing.
    pub fn ask<H, T>(
        self,
        permission: Permission,
        path: &'static str,
        body_max: usize,
        handler: H,
    ) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let method = Method::POST;
        let route = Route { method, path, permission, action: None, body_max, signed: false };
        self.add(route, |filter| on(filter, handler))
    }

    /// Something to read that a service answers (files).
    pub fn get_service<V>(self, permission: Permission, path: &'static str, service: V) -> Self
    where
        V: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        V::Response: IntoResponse + 'static,
        V::Future: Send + 'static,
    {
        let method = Method::GET;
        let route = Route { method, path, permission, action: None, body_max: 0, signed: false };
        self.add(route, |filter| on_service(filter, service))
    }

    /// The routes of another room.
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.table.extend(other.table);
        self
    }

    /// The table, in the order of writing.
    #[cfg(test)]
    pub fn table(&self) -> &[Route] {
        &self.table
    }

    /// The router, unguarded, and the table for its guard.
    pub fn split(self) -> (Router<S>, Table) {
        (self.router, Table::new(self.table))
    }

    fn add(
        mut self,
        route: Route,
        method_router: impl FnOnce(MethodFilter) -> MethodRouter<S>,
    ) -> Self {
        let filter = MethodFilter::try_from(route.method.clone())
            .expect("routes are made for GET and POST only");
        self.router = self.router.route(route.path, method_router(filter));
        self.table.push(route);
        self
    }
}

/// The finished table, for look-up.
#[derive(Clone, Debug)]
pub struct Table {
    routes: Arc<HashMap<&'static str, Vec<Route>>>,
}

/// What the table says about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Route(Route),
    /// The address is there, for these methods.
    OtherMethods(Vec<Method>),
    Nothing,
}

impl Table {
    fn new(routes: Vec<Route>) -> Self {
        let mut by_path: HashMap<_, Vec<Route>> = HashMap::new();
        for route in routes {
            by_path.entry(route.path).or_default().push(route);
        }
        Self { routes: Arc::new(by_path) }
    }

    /// The route of a matched path; HEAD is asked for as GET is.
    pub fn find(&self, path: Option<&str>, method: &Method) -> Found {
        let Some(routes) = path.and_then(|path| self.routes.get(path)) else {
            return Found::Nothing;
        };
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        match routes.iter().find(|route| route.method == *wanted) {
            Some(route) => Found::Route(route.clone()),
            None => Found::OtherMethods(routes.iter().map(|route| route.method.clone()).collect()),
        }
    }
}

/// Where a sign-in may lead: a path of this site with its query, else `/`.
///
/// A browser takes `//host` and `/\host` for another site and drops control characters, so only
/// what parses as a plain path is kept, and never the sign-in or sign-out itself.
pub fn safe_next(next: Option<&str>) -> String {
    const NEXT_MAX_BYTES: usize = 2_048;
    let home = || "/".to_owned();
    let Some(next) = next.filter(|next| next.len() <= NEXT_MAX_BYTES) else {
        return home();
    };
    let plain = next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\' && b != b'#');
    if !plain || !next.starts_with('/') || next.starts_with("//") {
        return home();
    }
    let Ok(parsed) = next.parse::<http::uri::PathAndQuery>() else {
        return home();
    };
    // Dot segments are resolved by browsers and could make a double slash or the sign-in again.
    let path = parsed.path();
    let resolves = path.split('/').any(|part| {
        let part = part.to_ascii_lowercase().replace("%2e", ".");
        part == "." || part == ".."
    });
    let door = ["/sign-in", "/sign-out", "/confirm"];
    if resolves || door.contains(&path) || path.starts_with("/sign-in/") {
        return home();
    }
    parsed.as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn nothing() {}

    fn routes() -> Routes<()> {
        Routes::new()
            .get(Permission::ReadEstate, "/topology", nothing)
            .get(Permission::ReadAccess, "/settings/users", nothing)
            .post(Permission::ManageAccess, Action::UserCreate, "/settings/users", nothing)
    }

    #[test]
    fn only_what_is_in_the_table_is_found() {
        let (_, table) = routes().split();
        let find = |path: &str, method: Method| match table.find(Some(path), &method) {
            Found::Route(route) => format!("{:?}", route.permission),
            Found::OtherMethods(methods) => format!("{methods:?}"),
            Found::Nothing => "nothing".to_owned(),
        };
        assert_eq!(find("/topology", Method::GET), "ReadEstate");
        assert_eq!(find("/topology", Method::HEAD), "ReadEstate");
        assert_eq!(find("/topology", Method::POST), "[GET]");
        assert_eq!(find("/topology", Method::DELETE), "[GET]");
        assert_eq!(find("/settings/users", Method::POST), "ManageAccess");
        assert_eq!(find("/settings/users", Method::PUT), "[GET, POST]");
        assert_eq!(find("/elsewhere", Method::GET), "nothing");
        assert_eq!(table.find(None, &Method::GET), Found::Nothing);
    }

    #[test]
    fn a_sign_in_leads_nowhere_else() {
        for good in
            ["/", "/topology?view=list&by=health", "/services/a/in/b", "/sign-info", "/a?b=//c"]
        {
            assert_eq!(safe_next(Some(good)), good);
        }
        for bad in [
            "",
            "topology",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/\n/evil.example",
            " /topology",
            "/..//evil.example",
            "/%2e%2e//evil.example",
            "/x/.%2E//evil.example",
            "/sign-in?next=/sign-in",
            "/sign-in/second",
            "/sign-in/provider?code=x",
            "/sign-out",
            "/confirm?next=/confirm",
            "/topology#frag",
            "/ü",
        ] {
            assert_eq!(safe_next(Some(bad)), "/", "{bad:?}");
        }
        assert_eq!(safe_next(None), "/");
        assert_eq!(safe_next(Some(&format!("/{}", "a".repeat(3_000)))), "/");
    }
}
