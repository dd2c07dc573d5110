//! To which addresses the server connects, and how it asks a server of HTTP.
//!
//! A name is resolved here and each of its addresses is checked; the connection goes to those
//! addresses and to no others, so that a name server that answers differently a moment later
//! changes nothing.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use mainstay_core::notify::address::{self, Network};
use mainstay_core::notify::answer::{Answer, Trouble, retry_after};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};

/// Longest wait for a connection, encrypted.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait for an answer, the connection included.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest answer that is read, in bytes.
const ANSWER_MAX_BYTES: usize = 4 * 1_024;
/// Most addresses of a name.
const ADDRESSES_MAX: usize = 16;

/// The addresses of a host, every one of which may be connected to.
pub async fn resolve(
    host: &str,
    port: u16,
    encrypted: bool,
    allowed: &[Network],
) -> Result<Vec<SocketAddr>, Answer> {
    let found: Vec<SocketAddr> = match host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => {
            let asked = tokio::net::lookup_host((host, port));
            let answered = tokio::time::timeout(CONNECT_TIMEOUT, asked).await;
            let answered = answered.map_err(|_| Answer::none(Trouble::Timeout, ""))?;
            let found = answered.map_err(|error| none(Trouble::Name, &error))?;
            found.take(ADDRESSES_MAX).collect()
        }
    };
    if found.is_empty() {
        return Err(Answer::none(Trouble::Name, ""));
    }
    for found in &found {
        address::check(found.ip(), encrypted, allowed)
            .map_err(|refusal| Answer::none(Trouble::NotAllowed, &refusal.to_string()))?;
    }
    Ok(found)
}

/// Sends JSON to an address of HTTP. `with` adds headers.
pub(super) async fn post(
    url: &str,
    body: Vec<u8>,
    allowed: &[Network],
    now: DateTime<Utc>,
    with: impl FnOnce(RequestBuilder) -> RequestBuilder,
) -> Result<Answer, Answer> {
    let not_allowed = |why: &str| Answer::none(Trouble::NotAllowed, why);
    // This reading of the address decides: it is the one that is asked.
    let url: Url = url.parse().map_err(|_| not_allowed("it is no address"))?;
    let encrypted = match url.scheme() {
        "https" => true,
        "http" => false,
        _ => return Err(not_allowed("it is not https")),
    };
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err(not_allowed("it has no host"));
    };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let addresses = resolve(&host, port, encrypted, allowed).await?;
    let client = Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(ANSWER_TIMEOUT)
        .resolve_to_addrs(&host, &addresses)
        .user_agent(concat!("mainstay/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| none(Trouble::Message, &error))?;
    let request = client.post(url).header(CONTENT_TYPE, "application/json").body(body);
    let mut response = with(request).send().await.map_err(told)?;
    let status = response.status().as_u16();
    let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let wait = wait.and_then(|value| retry_after(value, now));
    let mut said = Vec::new();
    // A status that stands is the answer, whatever becomes of the rest.
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = ANSWER_MAX_BYTES.saturating_sub(said.len());
        said.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if said.len() >= ANSWER_MAX_BYTES {
            break;
        }
    }
    Ok(Answer::http(status, wait, &String::from_utf8_lossy(&said)))
}

/// What an error of a request means. The address is not in it: its path may be half a secret.
fn told(error: reqwest::Error) -> Answer {
    let error = error.without_url();
    let trouble = if error.is_timeout() {
        Trouble::Timeout
    } else if is_encryption(&error) {
        Trouble::Encryption
    } else if error.is_builder() {
        Trouble::Message
    } else {
        Trouble::Connection
    };
    none(trouble, &error)
}

fn is_encryption(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if error.is::<rustls::Error>() || inner.is_some_and(|inner| inner.is::<rustls::Error>()) {
            return true;
        }
        next = error.source();
    }
    false
}

/// An error with its causes, in one line.
pub(super) fn none(trouble: Trouble, error: &dyn Error) -> Answer {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_said = cause.to_string();
        if !said.contains(&cause_said) {
            said = format!("{said}: {cause_said}");
        }
        source = cause.source();
    }
    Answer::none(trouble, &said)
}
