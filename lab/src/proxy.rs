//! The line between one agent and the server: passes bytes on, and can be cut.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Pause before the address is listened on again after a failure.
const AGAIN: Duration = Duration::from_millis(200);

/// A line. Dropping it ends it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    cut: watch::Sender<bool>,
}

impl Proxy {
    /// Listens on a free port of `ip` and connects through to `server` (`host:port`).
    pub async fn start(ip: IpAddr, server: &str) -> io::Result<Self> {
        let listener = TcpListener::bind((ip, 0)).await?;
        let address = listener.local_addr()?;
        let (cut, cuts) = watch::channel(false);
        tokio::spawn(run(listener, address, server.to_owned(), cuts));
        Ok(Self { address, cut })
    }

    /// Where the agent connects.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cut: open connections end and new ones are refused. Not cut: it works again.
    pub fn set_cut(&self, cut: bool) {
        self.cut.send_replace(cut);
    }
}

/// Ends when the [`Proxy`] is dropped.
async fn run(
    listener: TcpListener,
    address: SocketAddr,
    server: String,
    mut cuts: watch::Receiver<bool>,
) {
    let mut listener = Some(listener);
    loop {
        match listener.take() {
            Some(open) => {
                // Dropping the set ends every connection, dropping the listener refuses new ones.
                let mut connections = JoinSet::new();
                tokio::select! {
                    () = accept(&open, &server, &mut connections) => {}
                    ended = cuts.wait_for(|cut| *cut) => if ended.is_err() { return },
                }
            }
            None => {
                if cuts.wait_for(|cut| !*cut).await.is_err() {
                    return;
                }
                match TcpListener::bind(address).await {
                    Ok(bound) => listener = Some(bound),
                    Err(error) => {
                        tracing::warn!(%error, %address, "a line cannot be mended yet");
                        tokio::time::sleep(AGAIN).await;
                    }
                }
            }
        }
    }
}

async fn accept(listener: &TcpListener, server: &str, connections: &mut JoinSet<()>) {
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((mut near, _)) = listener.accept().await else {
            tokio::time::sleep(AGAIN).await;
            continue;
        };
        let server = server.to_owned();
        connections.spawn(async move {
            // A server that refuses is refused on.
            if let Ok(mut far) = TcpStream::connect(&server).await {
                let _ = near.set_nodelay(true).and(far.set_nodelay(true));
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn a_cut_line_ends_connections_and_refuses_new_ones_until_it_is_mended() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = server.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        let proxy = Proxy::start([127, 0, 0, 1].into(), &address.to_string()).await.unwrap();
        let mut echo = [0];
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        stream.write_all(b"x").await.unwrap();
        stream.read_exact(&mut echo).await.unwrap();

        proxy.set_cut(true);
        assert!(stream.read_exact(&mut echo).await.is_err());
        while TcpStream::connect(proxy.address()).await.is_ok() {
            tokio::task::yield_now().await;
        }

        proxy.set_cut(false);
        loop {
            if let Ok(mut stream) = TcpStream::connect(proxy.address()).await {
                stream.write_all(b"y").await.unwrap();
                stream.read_exact(&mut echo).await.unwrap();
                break;
            }
            tokio::task::yield_now().await;
        }
        assert_eq!(&echo, b"y");
    }
}
