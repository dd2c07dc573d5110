//! Users' requests.

use std::net::SocketAddr;

use anyhow::Result;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A connection to an edge.
pub struct Client {
    sender: SendRequest<Empty<Bytes>>,
}

impl Client {
    pub async fn connect(edge: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(edge).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender })
    }

    /// Status and body of an answer.
    pub async fn get(&mut self, host: &str, path: &str) -> Result<(u16, String)> {
        self.send(host, path, None).await
    }

    pub async fn send(
        &mut self,
        host: &str,
        path: &str,
        cookie: Option<&str>,
    ) -> Result<(u16, String)> {
        self.sender.ready().await?;
        let mut request = Request::get(path).header("host", host);
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        let answer = self.sender.send_request(request.body(Empty::new())?).await?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await?.to_bytes();
        Ok((status, String::from_utf8(body.to_vec())?))
    }
}

/// One request on a connection of its own; an error is an answer that did not come.
pub async fn get(edge: SocketAddr, host: &str, path: &str) -> Result<(u16, String)> {
    Client::connect(edge).await?.get(host, path).await
}

/// The same in a session.
pub async fn in_session(edge: SocketAddr, host: &str, path: &str) -> Result<(u16, String)> {
    Client::connect(edge).await?.send(host, path, Some("a=b; session=42")).await
}
