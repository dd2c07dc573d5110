//! The HTTP health check: one small request, of whose answer only the status is read. Written by
//! hand over TCP, because it runs once a second for every node and must cost next to nothing.

use std::net::SocketAddr;
use std::time::Duration;

use mainstay_core::estate::Cause;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Time for the whole check.
pub const TIMEOUT: Duration = Duration::from_secs(1);
/// `HTTP/1.1 200`: what is read of an answer.
const STATUS_LINE_BYTES: usize = 12;

/// Asks `GET path` at the address; any status from 200 to 399 is health.
pub async fn check(address: SocketAddr, path: &str) -> Result<(), Cause> {
    match tokio::time::timeout(TIMEOUT, status(address, path)).await {
        Ok(Ok(200..=399)) => Ok(()),
        Ok(Ok(code)) => Err(Cause::HealthStatus { code }),
        Ok(Err(error)) => Err(Cause::HealthRefused { message: error.to_string() }),
        Err(_) => Err(Cause::HealthTimeout {
            after_ms: u32::try_from(TIMEOUT.as_millis()).unwrap_or(u32::MAX),
        }),
    }
}

async fn status(address: SocketAddr, path: &str) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: mainstay-agent\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut line = [0; STATUS_LINE_BYTES];
    stream.read_exact(&mut line).await?;
    parse(&line).ok_or_else(|| std::io::Error::other("the answer is not HTTP"))
}

fn parse(line: &[u8; STATUS_LINE_BYTES]) -> Option<u16> {
    let line = std::str::from_utf8(line).ok()?;
    let code = line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "))?;
    code.parse().ok().filter(|code| *code >= 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_only_http() {
        assert_eq!(parse(b"HTTP/1.1 200"), Some(200));
        assert_eq!(parse(b"HTTP/1.0 503"), Some(503));
        for bad in [b"HTTP/1.1 abc", b"SSH-2.0-Open", b"HTTP/1.1 099"] {
            assert_eq!(parse(bad), None);
        }
    }
}
