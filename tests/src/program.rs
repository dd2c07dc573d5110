//! A program that uses the API with a token of its own.

use anyhow::{Context, Result, bail};
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;

use crate::visitor::Visitor;

const TOKENS: &str = "/settings/tokens";

/// A holder of an API token.
#[derive(Debug, Clone)]
pub struct Program {
    client: Client,
    base: String,
    token: String,
}

impl Program {
    /// Makes a token through the visitor's settings, with one of the visitor's roles.
    ///
    /// # Errors
    /// When the server refuses, or its page shows no token.
    pub async fn of(visitor: &Visitor, role: &str) -> Result<Self> {
        let name = format!("{role}-program");
        let values =
            [("name", &*name), ("days", "1"), ("grants-0-role", role), ("grants-0", "yes")];
        let response = visitor.submit(TOKENS, TOKENS, &values).await?;
        let (status, page) = (response.status(), response.text().await?);
        if status != StatusCode::CREATED {
            bail!("making a token answers {status}");
        }
        let start = page.find("mat_").context("the page shows no token")?;
        let alphabet = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let token = page[start..].chars().take_while(|c| alphabet(*c)).collect();
        Ok(Self { client: visitor.client().clone(), base: visitor.address(""), token })
    }

    /// The token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Asks, with a body of JSON if there is one.
    ///
    /// # Errors
    /// When the server does not answer; a status of refusal is an answer.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Response> {
        let request = self.client.post(format!("{}{path}", self.base)).bearer_auth(&self.token);
        request.json(body).send().await.with_context(|| format!("sending to {path}"))
    }

    /// Puts a fleet in force; the revision.
    ///
    /// # Errors
    /// When it is refused; with what the server said.
    pub async fn apply_fleet(&self, source: &str, reason: &str) -> Result<i64> {
        let body = serde_json::json!({ "source": source, "reason": reason });
        let response = self.post("/api/v1/fleet/apply", &body).await?;
        let (status, text) = (response.status(), response.text().await?);
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        match (status, answer["applied"].as_bool(), answer["revision"].as_i64()) {
            (StatusCode::OK, Some(true), Some(revision)) => Ok(revision),
            _ => bail!("applying the fleet answers {status}: {text}"),
        }
    }
}
