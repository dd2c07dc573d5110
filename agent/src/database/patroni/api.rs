//! Questions to the REST API of Patroni.

use std::fmt;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use mainstay_core::backup::job::{Cause, Failure};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::config::Patroni;
use super::super::sql::short;

/// How much of an answer is read.
const BODY_MAX_BYTES: usize = 256 * 1024;

/// The API of a member; its password is never shown.
pub(super) struct Api {
    url: String,
    /// As the header says it.
    authorization: Option<String>,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Api {
    pub(super) fn open(settings: &Patroni) -> Result<Self, Failure> {
        let authorization = settings.login.as_ref().map(|login| {
            let read = std::fs::read_to_string(&login.password_file).map_err(|error| {
                let words = format!("{}: {error}", login.password_file.display());
                Failure::new(Cause::Setup, words)
            });
            read.map(|password| basic(&login.user, password.trim_end_matches(['\r', '\n'])))
        });
        // One connection for each question, as Patroni closes them anyway.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
        let url = settings.url.trim_end_matches('/').to_owned();
        Ok(Self { url, authorization: authorization.transpose()?, client })
    }

    /// Asks the member here. A member whose Postgres is down answers with an error and the same
    /// document.
    pub(super) async fn own<T: DeserializeOwned>(
        &self,
        path: &str,
        longest: Duration,
    ) -> Result<T, Failure> {
        let url = format!("{}{path}", self.url);
        let (_, body) = self.ask(Method::GET, &url, None, longest).await?;
        read(&url, &body)
    }

    /// Asks another member, at the address that the cluster names.
    pub(super) async fn other<T: DeserializeOwned>(
        &self,
        url: &str,
        longest: Duration,
    ) -> Result<T, Failure> {
        let (_, body) = self.ask(Method::GET, url, None, longest).await?;
        read(url, &body)
    }

    pub(super) async fn post(
        &self,
        path: &str,
        body: &Value,
        longest: Duration,
    ) -> Result<String, Failure> {
        self.change(Method::POST, path, body, longest).await
    }

    pub(super) async fn patch(
        &self,
        path: &str,
        body: &Value,
        longest: Duration,
    ) -> Result<String, Failure> {
        self.change(Method::PATCH, path, body, longest).await
    }

    async fn change(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        longest: Duration,
    ) -> Result<String, Failure> {
        let url = format!("{}{path}", self.url);
        let (code, said) = self.ask(method, &url, Some(body.to_string()), longest).await?;
        let said = short(&String::from_utf8_lossy(&said));
        match code {
            200..300 => Ok(said),
            _ => Err(Failure::new(Cause::Other { code: Some(code.into()) }, said)),
        }
    }

    async fn ask(
        &self,
        method: Method,
        url: &str,
        body: Option<String>,
        longest: Duration,
    ) -> Result<(u16, Bytes), Failure> {
        let away = |words: String| Failure::new(Cause::DatabaseAway, format!("{url}: {words}"));
        let mut request = Request::builder().method(method).uri(url);
        if let Some(authorization) = self.authorization.as_ref().filter(|_| body.is_some()) {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(body.unwrap_or_default()))
            .map_err(|error| Failure::new(Cause::Setup, format!("{url}: {error}")))?;
        let answered = async {
            let answer = self.client.request(request).await.map_err(|e| away(reason(&e)))?;
            let code = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), BODY_MAX_BYTES).collect().await;
            Ok((code, body.map_err(|error| away(error.to_string()))?.to_bytes()))
        };
        let late = |_| away(format!("no answer in {} s", longest.as_secs()));
        tokio::time::timeout(longest, answered).await.map_err(late)?
    }
}

fn read<T: DeserializeOwned>(url: &str, body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        Failure::new(Cause::Other { code: None }, format!("{url}: not an answer: {error}"))
    })
}

/// The innermost cause, which says more than "client error".
fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// RFC 7617, with the alphabet of RFC 4648, section 4.
fn basic(user: &str, password: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let plain = format!("{user}:{password}");
    let mut text = String::from("Basic ");
    for chunk in plain.as_bytes().chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, at| {
            bits << 8 | u32::from(chunk.get(at).copied().unwrap_or_default())
        });
        for at in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_written_as_the_header_has_it() {
        for (user, password, written) in [
            ("Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("a", "b", "Basic YTpi"),
            ("a", "bc", "Basic YTpiYw=="),
        ] {
            assert_eq!(basic(user, password), written);
        }
    }
}
