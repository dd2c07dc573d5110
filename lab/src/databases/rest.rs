//! One question over HTTP to a program of the lab.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ANSWER: Duration = Duration::from_secs(5);

pub(super) async fn get(address: SocketAddr, path: &str) -> anyhow::Result<String> {
    Ok(ask(address, "GET", path, "").await?.1)
}

/// # Errors
/// Also an answer that says that it was not done.
pub(super) async fn patch(address: SocketAddr, path: &str, body: &str) -> anyhow::Result<String> {
    let (code, said) = ask(address, "PATCH", path, body).await?;
    ensure!(code == "200", "{address}{path} answers {code}: {said}");
    Ok(said)
}

/// The answer's code and document. The connection is closed by whoever answers.
async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: &str,
) -> anyhow::Result<(String, String)> {
    let asked = async {
        let mut stream = TcpStream::connect(address).await?;
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(head.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        anyhow::Ok(answer)
    };
    let answer = tokio::time::timeout(ANSWER, asked).await.context("no answer")??;
    let (head, body) = answer.split_once("\r\n\r\n").context("not an answer")?;
    let code = head.split(' ').nth(1).unwrap_or_default();
    Ok((code.to_owned(), body.to_owned()))
}
