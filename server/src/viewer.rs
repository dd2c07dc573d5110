//! Who makes a request, and what they may do.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::response::Response;
use chrono::{DateTime, Utc};
use http::StatusCode;
use http::request::Parts;
use mainstay_control::access::By;
use mainstay_core::access::{
    ApiToken, Grant, Permission, Preferences, Refusal, Target, User, decide, fresh,
};
use mainstay_core::audit::Actor;
use mainstay_store::access::Hash;

use crate::problem;
use crate::security::RequestId;

/// How somebody came in.
#[derive(Clone, Debug)]
pub enum Via {
    /// A browser's session.
    Session {
        hash: Hash,
        /// The token its plain forms carry.
        form_token: String,
        /// The database is away: good for reading only.
        stale: bool,
        /// When its person last proved who they are.
        confirmed_at: Option<DateTime<Utc>>,
    },
    /// A program with an API token.
    Token(ApiToken),
}

/// Somebody signed in, as a handler gets it: an extractor, required or optional.
#[derive(Clone, Debug)]
pub struct Viewer {
    pub user: User,
    pub preferences: Preferences,
    /// What counts now: the user's own, or what is left of it for the token.
    pub grants: Vec<Grant>,
    /// They have to enrol a second factor before anything else.
    pub must_enrol: bool,
    pub via: Via,
}

impl Viewer {
    /// Whether this viewer may do `permission` to `target`. The route's own permission has been
    /// checked already, without a target; an action on something checks again, with it.
    pub fn may(&self, permission: Permission, target: Target<'_>) -> Result<(), Refusal> {
        decide(Some(&self.grants), permission, target)
    }

    /// Whether this viewer may do `permission` to each of the targets.
    pub fn may_all<'t>(
        &self,
        permission: Permission,
        targets: impl IntoIterator<Item = Target<'t>>,
    ) -> Result<(), Refusal> {
        targets.into_iter().try_for_each(|target| self.may(permission, target))
    }

    /// Whether this is a person who proved who they are within
    /// [`FRESH_MINUTES`](mainstay_core::access::FRESH_MINUTES). A token is a program's, and what
    /// a session without the database says is not known for certain.
    pub fn fresh(&self, now: DateTime<Utc>) -> bool {
        match &self.via {
            Via::Session { stale, confirmed_at, .. } => !stale && fresh(*confirmed_at, now),
            Via::Token(_) => false,
        }
    }

    /// The name the audit log gives this viewer.
    pub fn actor(&self) -> Actor {
        match &self.via {
            Via::Session { .. } => Actor::User(self.user.name.to_string()),
            Via::Token(token) => Actor::Token(format!("{}/{}", token.owner, token.name)),
        }
    }

    /// On whose behalf a change is made.
    pub fn by(&self, request: Option<&RequestId>, now: DateTime<Utc>) -> By {
        let request = request.map(ToString::to_string);
        By { actor: self.actor(), request, confirmed: self.fresh(now) }
    }

    /// The token for plain forms; empty for programs, which need none.
    pub fn form_token(&self) -> &str {
        match &self.via {
            Via::Session { form_token, .. } => form_token,
            Via::Token(_) => "",
        }
    }
}

/// On a route that is not public there is always a viewer: the guard let nobody else through.
impl<S: Send + Sync> FromRequestParts<S> for Viewer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let viewer = parts.extensions.get::<Self>().cloned();
        viewer.ok_or_else(|| {
            tracing::error!(path = parts.uri.path(), "a public route asks for a viewer");
            problem::plain(StatusCode::UNAUTHORIZED)
        })
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Viewer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        _: &S,
    ) -> Result<Option<Self>, std::convert::Infallible> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}
