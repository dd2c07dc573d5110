//! Small HTTP requests: to services of the lab over TCP, to the lab itself over its socket.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::effect::{Effect, FAULT_PATH};

/// Time for a service to take its fault.
const TELL_TIMEOUT: Duration = Duration::from_millis(500);
/// Time for the lab to carry out a fault.
const ASK_TIMEOUT: Duration = Duration::from_secs(20);

/// Sends an effect to a running service.
pub async fn tell(address: SocketAddr, effect: Effect) -> io::Result<()> {
    let told = async {
        let stream = TcpStream::connect(address).await?;
        let body = serde_json::to_vec(&effect)?;
        let (status, _) = send(stream, Method::POST, FAULT_PATH, body).await?;
        match status.is_success() {
            true => Ok(()),
            false => Err(io::Error::other(format!("it answered {status}"))),
        }
    };
    tokio::time::timeout(TELL_TIMEOUT, told).await?
}

/// Asks the lab that listens on a socket.
pub async fn ask(
    socket: &Path,
    method: Method,
    path: &str,
    body: Vec<u8>,
) -> io::Result<(StatusCode, Bytes)> {
    let asked = async {
        let stream = UnixStream::connect(socket).await?;
        send(stream, method, path, body).await
    };
    tokio::time::timeout(ASK_TIMEOUT, asked).await?
}

async fn send<S>(
    stream: S,
    method: Method,
    path: &str,
    body: Vec<u8>,
) -> io::Result<(StatusCode, Bytes)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(hyper::header::HOST, "lab")
        .header(hyper::header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(io::Error::other)?;
    let answered = async {
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        Ok::<_, hyper::Error>((status, answer.into_body().collect().await?.to_bytes()))
    };
    // The connection is driven only as long as the answer takes.
    tokio::pin!(connection);
    tokio::select! {
        answer = answered => answer.map_err(io::Error::other),
        ended = &mut connection => Err(match ended {
            Ok(()) => io::ErrorKind::UnexpectedEof.into(),
            Err(error) => io::Error::other(error),
        }),
    }
}
