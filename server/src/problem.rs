//! Answers that say no to a program: problem details (RFC 9457). People get the same as a page.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use mainstay_app::pages::error::Failure;
use mainstay_core::access::{FieldMistake, Refusal};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// What went wrong, for programs.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Problem {
    /// The HTTP status, again.
    pub status: u16,
    /// The status in words.
    pub title: String,
    /// One sentence about this very case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Why it is refused, where it is a matter of roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub refusal: Option<Refusal>,
    /// Values that were not accepted, each with its field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub mistakes: Vec<FieldMistake>,
    /// Where a person confirms who they are, where that is what is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm: Option<String>,
    /// Seconds to wait before the next try.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<i64>,
    /// The same for people, where it has words of its own.
    #[serde(skip)]
    #[schema(ignore)]
    pub failure: Option<Failure>,
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::bare(status) }
    }

    /// A failure that people are told in its own words, and programs in these.
    pub fn of(failure: Failure, detail: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(failure.status_code());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { failure: Some(failure), ..Self::new(status, detail) }
    }

    fn bare(status: StatusCode) -> Self {
        Self {
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            ..Self::default()
        }
    }

    /// 401 when nobody is signed in, else 403.
    pub fn refused(refusal: Refusal) -> Self {
        let status = match &refusal {
            Refusal::SignIn => StatusCode::UNAUTHORIZED,
            Refusal::Role { .. } | Refusal::Scope { .. } | Refusal::Past => StatusCode::FORBIDDEN,
        };
        Self {
            refusal: Some(refusal.clone()),
            ..Self::new(status, mainstay_app::text::refusal(&refusal))
        }
    }

    pub fn mistakes(mistakes: Vec<FieldMistake>) -> Self {
        Self {
            mistakes,
            ..Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "Some values are not accepted; nothing was changed.",
            )
        }
    }

    pub fn wait(seconds: i64, detail: impl Into<String>) -> Self {
        Self { retry_after: Some(seconds), ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        // A struct of texts and numbers always serialises.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, headers, body).into_response();
        // For the page that people get instead: see `security`.
        response.extensions_mut().insert(self);
        response
    }
}

/// An answer of a status alone.
pub fn plain(status: StatusCode) -> Response {
    Problem::bare(status).into_response()
}
