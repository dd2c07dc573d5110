//! What programs send: JSON, read into a type before a handler sees it.

use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// The JSON of a request's body; anything else is answered with what is wrong with it.
#[derive(Debug)]
pub struct Sent<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        match Json::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(error) => {
                let detail =
                    format!("{}. Send JSON as /api/v1/openapi.json says.", error.body_text());
                Err(Problem::new(error.status(), detail).into_response())
            }
        }
    }
}
