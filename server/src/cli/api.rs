//! The server's API as the command line uses it: where it is, a token, and what answers mean.
//!
//! Exit codes of commands that ask a server: 0 done, 1 refused or not as it was waited for, 2 it
//! could not be asked. Results go to standard output, refusals to standard error; with `--json`
//! both to standard output.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use mainstay_core::rollout::StartFinding;
use rand::Rng;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::UNUSABLE;

/// Exit code when the server or its rules say no.
const REFUSED: u8 = 1;
/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Longest wait for a file that the server makes first.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(600);

/// Which server, and on whose behalf.
#[derive(Args, Clone, Debug)]
pub(super) struct ServerArgs {
    /// Address of the server.
    #[arg(long, value_name = "URL", env = "MAINSTAY_SERVER")]
    server: String,
    /// API token of a user who may do this.
    #[arg(long, env = "MAINSTAY_TOKEN", hide_env_values = true)]
    token: String,
    /// Write JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl ServerArgs {
    pub(super) fn new(server: &str, token: &str, json: bool) -> Self {
        Self { server: server.to_owned(), token: token.to_owned(), json }
    }
}

/// Why it ended without what was asked for.
#[derive(Debug, PartialEq)]
pub(super) enum Stop {
    /// The server or its rules said no; all findings, where there are several.
    Refused { why: String, findings: Vec<String> },
    /// It ended otherwise than was waited for; what stands instead is printed already.
    Otherwise,
    /// It could not be asked.
    Unusable(String),
}

impl Stop {
    pub(super) fn refused(why: impl Into<String>) -> Self {
        Self::Refused { why: why.into(), findings: Vec::new() }
    }
}

/// Prints how a command ended; its exit code.
pub(super) fn ended(result: Result<(), Stop>, json: bool) -> ExitCode {
    let (why, findings, code) = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Stop::Otherwise) => return ExitCode::from(REFUSED),
        Err(Stop::Refused { why, findings }) => (why, findings, REFUSED),
        Err(Stop::Unusable(why)) => (why, Vec::new(), UNUSABLE),
    };
    if json {
        print_json(&json!({ "ok": false, "error": why, "findings": findings }));
    } else if findings.is_empty() {
        eprintln!("mainstay: {why}");
    } else {
        findings.iter().for_each(|finding| eprintln!("mainstay: {finding}"));
    }
    ExitCode::from(code)
}

/// Whoever reads may have closed the pipe; the exit code still tells.
pub(super) fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

pub(super) fn print_json(value: &impl Serialize) {
    let text = serde_json::to_string_pretty(value).expect("answers have only string keys");
    print(&(text + "\n"));
}

/// A one-time key: the one that was given, so that a command can be repeated, else a new one.
pub(super) fn key(given: Option<&str>) -> String {
    given.map_or_else(|| format!("cli-{:032x}", rand::rng().random::<u128>()), str::to_owned)
}

/// The server's API.
#[derive(Clone, Debug)]
pub(super) struct Server {
    client: Client,
    base: String,
    token: String,
}

impl Server {
    pub(super) fn new(args: &ServerArgs) -> Result<Self, Stop> {
        // Refused when another part of the program chose one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .build()
            .map_err(|error| Stop::Unusable(chain(&error)))?;
        let base = args.server.trim_end_matches('/').to_owned();
        Ok(Self { client, base, token: args.token.clone() })
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Stop> {
        self.ask(self.client.get(format!("{}/api/v1{path}", self.base))).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Stop> {
        self.ask(self.client.post(format!("{}/api/v1{path}", self.base)).json(body)).await
    }

    /// Asks for a file, and writes it; how many bytes it has.
    pub(super) async fn download(
        &self,
        path: &str,
        body: &impl Serialize,
        to: &mut impl std::io::Write,
    ) -> Result<u64, Stop> {
        let unusable = |error: reqwest::Error| Stop::Unusable(chain(&error));
        let request = self.client.post(format!("{}/api/v1{path}", self.base)).json(body);
        let request = request.timeout(DOWNLOAD_TIMEOUT).bearer_auth(&self.token);
        let mut response = request.send().await.map_err(unusable)?;
        if !response.status().is_success() {
            let (status, body) = (response.status(), response.bytes().await.map_err(unusable)?);
            return answered::<Value>(status, &body).map(|_| 0);
        }
        let mut bytes = 0;
        while let Some(chunk) = response.chunk().await.map_err(unusable)? {
            to.write_all(&chunk).map_err(|error| Stop::Unusable(error.to_string()))?;
            bytes += chunk.len() as u64;
        }
        Ok(bytes)
    }

    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Stop> {
        let request = request.bearer_auth(&self.token);
        let response = request.send().await.map_err(|error| Stop::Unusable(chain(&error)))?;
        let status = response.status();
        let body = response.bytes().await.map_err(|error| Stop::Unusable(chain(&error)))?;
        answered(status, &body)
    }
}

/// A part of an address, as it was typed.
pub(super) fn part(text: &str) -> Result<&str, Stop> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    match !text.is_empty() && text.chars().all(plain) {
        true => Ok(text),
        false => Err(Stop::Unusable(format!(
            "{text:?} is neither a service nor a rollout; write an id, as in shop or ro-12"
        ))),
    }
}

/// What the server's answer means.
fn answered<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<T, Stop> {
    if status.is_success() {
        let body = if body.is_empty() { b"null" } else { body };
        return serde_json::from_slice(body).map_err(|error| {
            Stop::Unusable(format!("the server's answer is not understood: {error}"))
        });
    }
    let told: Value = serde_json::from_slice(body).unwrap_or_default();
    let why = match told["detail"].as_str() {
        Some(detail) => detail.to_owned(),
        None => format!("the server answered {status}"),
    };
    if !status.is_client_error() {
        return Err(Stop::Unusable(why));
    }
    let findings = serde_json::from_value::<Vec<StartFinding>>(told["findings"].clone());
    let findings = findings.unwrap_or_default().iter().map(ToString::to_string).collect();
    Err(Stop::Refused { why, findings })
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_result_a_refusal_or_no_answer() {
        let ask = |status, body: &str| answered::<Value>(status, body.as_bytes());
        assert_eq!(ask(StatusCode::NO_CONTENT, ""), Ok(Value::Null));
        assert_eq!(ask(StatusCode::OK, "[1]"), Ok(json!([1])));
        let refused = r#"{"status":409,"title":"Conflict","detail":"The rollout ro-1 is over."}"#;
        assert_eq!(
            ask(StatusCode::CONFLICT, refused),
            Err(Stop::refused("The rollout ro-1 is over."))
        );
        for (status, body, words) in [
            (StatusCode::SERVICE_UNAVAILABLE, "<html>", "the server answered 503"),
            (StatusCode::OK, "<html>", "not understood"),
        ] {
            match ask(status, body) {
                Err(Stop::Unusable(why)) => assert!(why.contains(words), "{why}"),
                other => panic!("{status} is {other:?}"),
            }
        }
        for bad in ["", "a/b", "../x", "a b", "ü"] {
            assert!(matches!(part(bad), Err(Stop::Unusable(_))), "{bad}");
        }
        assert_eq!(part("ro-12"), Ok("ro-12"));
    }

    #[test]
    fn a_key_is_new_or_the_one_that_was_given() {
        assert_eq!(key(Some("mine")), "mine");
        assert_ne!(key(None), key(None));
    }
}
