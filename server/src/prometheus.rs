//! A Prometheus server as the source of a metric that a rollout's plan asks for (PromQL).
//!
//! Invariants: an answer that is not one number is no answer; every wait and size is bounded.

use std::pin::Pin;
use std::time::Duration;

use anyhow::Context;
use mainstay_control::leader::Prometheus;
use mainstay_core::judge::limit::Reading;
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::Value;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest wait for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest answer that is read, in bytes: one number needs little.
const ANSWER_MAX_BYTES: u64 = 64 * 1024;

/// A server that answers `/api/v1/query`.
#[derive(Debug)]
pub struct PromQl {
    client: Client,
    url: Url,
}

impl PromQl {
    /// For the server at `url`, as in `http://prometheus:9090`.
    pub fn new(url: &str) -> anyhow::Result<Self> {
        // A second installation (a test in one process) keeps the first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let base: Url = url.parse().with_context(|| {
            format!("--prometheus {url} is no address; write one like http://prometheus:9090")
        })?;
        let path = format!("{}/api/v1/query", base.path().trim_end_matches('/'));
        let mut url = base;
        url.set_path(&path);
        let client =
            Client::builder().connect_timeout(CONNECT_TIMEOUT).timeout(ANSWER_TIMEOUT).build()?;
        Ok(Self { client, url })
    }

    async fn query(&self, query: &str) -> anyhow::Result<Reading> {
        let request = self.client.get(self.url.clone()).query(&[("query", query)]);
        let mut response = request.send().await?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            anyhow::ensure!(body.len() as u64 <= ANSWER_MAX_BYTES, "the answer is too long");
        }
        let answer: Answer = serde_json::from_slice(&body)
            .with_context(|| format!("the answer (HTTP {}) is no JSON", response.status()))?;
        match answer {
            Answer::Success { data } => reading(data),
            Answer::Error { error } => anyhow::bail!("it says: {error}"),
        }
    }
}

impl Prometheus for PromQl {
    fn ask(&self, query: String) -> Pin<Box<dyn Future<Output = Reading> + Send + '_>> {
        Box::pin(async move {
            match self.query(&query).await {
                Ok(reading) => reading,
                Err(error) => {
                    tracing::warn!(query, error = format!("{error:#}"), "Prometheus: no answer");
                    Reading::Failed
                }
            }
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", tag = "status")]
enum Answer {
    Success { data: Data },
    Error { error: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    /// `scalar`, `vector`, `matrix` or `string`.
    result_type: String,
    result: Value,
}

/// A moment and a value, which is text: `NaN` and `+Inf` are values too.
type Point = (f64, String);

#[derive(Deserialize)]
struct Sample {
    value: Point,
}

fn reading(data: Data) -> anyhow::Result<Reading> {
    let text = match data.result_type.as_str() {
        "scalar" => serde_json::from_value::<Point>(data.result)?.1,
        "vector" => {
            let mut samples: Vec<Sample> = serde_json::from_value(data.result)?;
            match samples.len() {
                0 => return Ok(Reading::Empty),
                1 => samples.remove(0).value.1,
                more => anyhow::bail!("it has {more} values; write a query with one"),
            }
        }
        other => anyhow::bail!("it is a {other}; write a query with one value"),
    };
    Ok(Reading::Value(text.parse().with_context(|| format!("{text} is no number"))?))
}

#[cfg(test)]
mod tests {
    use http::{StatusCode, Uri};
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    use super::*;

    fn check(answer: &str, expected: Result<Reading, &str>) {
        let parsed: Answer = serde_json::from_str(answer).expect("an answer");
        let read = match parsed {
            Answer::Success { data } => reading(data).map_err(|error| error.to_string()),
            Answer::Error { error } => Err(error),
        };
        assert_eq!(read, expected.map_err(str::to_owned), "{answer}");
    }

    /// A server that answers everything so; what it was asked comes over the channel.
    async fn answering(
        status: StatusCode,
        body: String,
        wait: Duration,
    ) -> (PromQl, mpsc::UnboundedReceiver<String>) {
        let (asked, questions) = mpsc::unbounded_channel();
        let answer = async move |uri: Uri| {
            let _ = asked.send(uri.to_string());
            // tidy: allow sleep: what is tested is an answer that comes too late.
            tokio::time::sleep(wait).await;
            (status, body)
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = axum::Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await });
        (PromQl::new(&format!("http://{address}/prom/")).expect("an address"), questions)
    }

    #[tokio::test]
    async fn asks_over_http_and_what_is_no_answer_is_none() {
        let ok = StatusCode::OK;
        let good = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"7"]}}"#;
        let (prometheus, mut asked) = answering(ok, good.to_owned(), Duration::ZERO).await;
        assert_eq!(prometheus.ask("up{a=\"b\"}".to_owned()).await, Reading::Value(7.0));
        let question = asked.recv().await.expect("it was asked");
        assert_eq!(question, "/prom/api/v1/query?query=up%7Ba%3D%22b%22%7D");
        let long = " ".repeat(ANSWER_MAX_BYTES as usize + 1);
        for (status, body) in [
            (StatusCode::SERVICE_UNAVAILABLE, "away"),
            (StatusCode::BAD_REQUEST, r#"{"status":"error","error":"parse error"}"#),
            (ok, ""),
            (ok, long.as_str()),
        ] {
            let (prometheus, _asked) = answering(status, body.to_owned(), Duration::ZERO).await;
            let reading = prometheus.ask("up".to_owned()).await;
            assert_eq!(reading, Reading::Failed, "{status} of {} bytes", body.len());
        }
        let (prometheus, _asked) = answering(ok, good.to_owned(), ANSWER_TIMEOUT * 2).await;
        assert_eq!(prometheus.ask("up".to_owned()).await, Reading::Failed, "too late");
        let nobody = PromQl::new("http://127.0.0.1:1").expect("an address");
        assert_eq!(nobody.ask("up".to_owned()).await, Reading::Failed);
    }

    #[test]
    fn only_one_number_is_a_value() {
        let of = |kind: &str, result: &str| {
            format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}"#)
        };
        check(&of("scalar", r#"[1.5,"0.25"]"#), Ok(Reading::Value(0.25)));
        check(&of("vector", r#"[{"metric":{},"value":[1.5,"12"]}]"#), Ok(Reading::Value(12.0)));
        check(&of("vector", "[]"), Ok(Reading::Empty));
        let two = r#"[{"value":[1,"1"]},{"value":[1,"2"]}]"#;
        check(&of("vector", two), Err("it has 2 values; write a query with one"));
        check(&of("matrix", "[]"), Err("it is a matrix; write a query with one value"));
        check(
            r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#,
            Err("parse error"),
        );
    }
}
