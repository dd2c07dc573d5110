//! The way in for agents and edges: gRPC over TLS. Agents join with a token, then link with
//! certificates; edges use the certificate of their data centre for xDS and their access logs.
//!
//! Invariants: a link speaks for the data centre of its certificate and no other; a certificate
//! that was revoked opens no link and keeps none; reports never wait for the database; every queue
//! is bounded, and a peer that does not keep up or does not speak the protocol loses its link,
//! which costs nothing: it reconnects and tells everything again.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::Utc;
use futures::{Stream, StreamExt};
use mainstay_control::authority::{self, AGENT_DAYS};
use mainstay_control::ingest::Link;
use mainstay_control::{Control, audit};
use mainstay_core::audit::Conflict;
use mainstay_core::estate::REPORT_PERIOD;
use mainstay_core::id::DatacenterId;
use mainstay_wire::proto::agents_server::{Agents, AgentsServer};
use mainstay_wire::{
    Checkpoint, CommandResult, FromAgent, Hello, JoinRequest, RenewRequest, SERVER_NAME, ToAgent,
    Welcome, limits, proto,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status, Streaming};

/// Messages waiting for one agent before its link is given up.
const OUTGOING_MAX: usize = 256;
/// Results of one agent that wait to be written; more than it can tell at once.
const RESULTS_MAX: usize = 4 * limits::JOURNAL_TAIL_MAX;
/// A result that could not be written because the database is away is tried again after so long.
const RESULT_AGAIN: Duration = Duration::from_secs(1);
/// How often the certificate of an open link is looked at again.
const TRUST_PERIOD: Duration = Duration::from_secs(5);
/// An agent says Hello within this time.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
/// A link on which nothing arrives for so long is given up; agents report each second.
const SILENCE_MAX: Duration = Duration::from_secs(15);
/// Pings that find dead connections.
const KEEPALIVE: Duration = Duration::from_secs(5);
/// How often agents are shown the newest checkpoint of the audit log.
const WITNESS_PERIOD: Duration = Duration::from_secs(10);
/// Longest set-up of a connection.
const TLS_TIMEOUT: Duration = Duration::from_secs(5);
/// Open requests on one connection: a link, a renewal and room.
const STREAMS_MAX: u32 = 8;

/// Serves agents and edges until told to stop.
pub async fn serve(
    control: Arc<Control>,
    edges: mainstay_xds::Services,
    listener: tokio::net::TcpListener,
    names: Vec<String>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let identity = control.authority.server(names, Utc::now())?;
    let tls = ServerTlsConfig::new()
        .identity(Identity::from_pem(&identity.chain_pem, &identity.key_pem))
        .client_ca_root(Certificate::from_pem(control.authority.certificate_pem()))
        .client_auth_optional(true)
        .timeout(TLS_TIMEOUT);
    let service = AgentsServer::new(Service { control, shutdown: shutdown.clone() })
        .max_decoding_message_size(limits::MESSAGE_MAX_BYTES)
        .max_encoding_message_size(limits::MESSAGE_MAX_BYTES);
    // An edge's acknowledgement must not wait for a full packet.
    let connections = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder()
        .tls_config(tls)?
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .max_concurrent_streams(STREAMS_MAX)
        .add_service(service)
        .add_service(edges.discovery)
        .add_service(edges.logs)
        .serve_with_incoming_shutdown(connections, shutdown.cancelled())
        .await
        .context("the listener for agents ended")
}

/// Names that a server certificate carries: the fixed one agents check, and the listener's.
pub fn names(listen: SocketAddr, extra: &[String]) -> Vec<String> {
    let mut names = vec![SERVER_NAME.to_owned(), "localhost".to_owned()];
    if !listen.ip().is_unspecified() {
        names.push(listen.ip().to_string());
    }
    names.extend_from_slice(extra);
    names
}

struct Service {
    control: Arc<Control>,
    shutdown: CancellationToken,
}

/// How often it is tried to compare what an agent accepted with what the store knows.
const COMPARE_PERIOD: Duration = Duration::from_secs(1);

/// What a peer is told whose certificate is worth nothing.
const NOT_TRUSTED: &str = "this certificate is unknown, expired or revoked; join again";

type Outgoing = Result<proto::ToAgent, Status>;

#[tonic::async_trait]
impl Agents for Service {
    async fn join(
        &self,
        request: Request<proto::JoinRequest>,
    ) -> Result<Response<proto::JoinReply>, Status> {
        let peer = peer(&request);
        let request = JoinRequest::try_from(request.into_inner()).map_err(|error| {
            tracing::warn!(%peer, %error, "a request to join was refused");
            Status::invalid_argument(error.to_string())
        })?;
        let joined = self.control.join(&request, peer, Utc::now()).await.map_err(|error| {
            tracing::warn!(%peer, datacenter = %request.datacenter, %error, "join refused");
            refused(&error)
        })?;
        tracing::info!(%peer, datacenter = %request.datacenter, "an agent joined");
        Ok(Response::new(self.reply(joined)))
    }

    async fn renew(
        &self,
        request: Request<proto::RenewRequest>,
    ) -> Result<Response<proto::JoinReply>, Status> {
        let (datacenter, _) = self.authenticate(&request).await?;
        let request = RenewRequest::try_from(request.into_inner())
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        let issued = self
            .control
            .renew(&datacenter, &request.csr_pem, Utc::now())
            .await
            .map_err(|error| refused(&error))?;
        Ok(Response::new(self.reply(issued)))
    }

    type LinkStream = Pin<Box<dyn Stream<Item = Outgoing> + Send>>;

    async fn link(
        &self,
        request: Request<Streaming<proto::FromAgent>>,
    ) -> Result<Response<Self::LinkStream>, Status> {
        let (datacenter, fingerprint) = self.authenticate(&request).await?;
        let mut incoming = request.into_inner();
        let hello = greeted(&datacenter, &mut incoming).await.inspect_err(|status| {
            tracing::warn!(%datacenter, reason = status.message(), "a link was refused");
        })?;
        let (sender, receiver) = mpsc::channel(OUTGOING_MAX);
        let session = Session { control: self.control.clone(), fingerprint, sender };
        tokio::spawn(session.run(hello, incoming, self.shutdown.clone()));
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

impl Service {
    /// The data centre of the certificate the peer showed, if it is known and not revoked, and
    /// the certificate's fingerprint.
    async fn authenticate<T>(
        &self,
        request: &Request<T>,
    ) -> Result<(DatacenterId, String), Status> {
        let certificates = request.peer_certs();
        let certificate = certificates
            .as_ref()
            .and_then(|chain| chain.first())
            .ok_or_else(|| Status::unauthenticated("a client certificate is needed; join first"))?;
        let fingerprint = authority::fingerprint(certificate);
        let known = self.control.agent_of(&fingerprint).await;
        match known.map_err(|error| refused(&error))? {
            Some(datacenter) => Ok((datacenter, fingerprint)),
            None => {
                tracing::warn!(%fingerprint, "an unknown or revoked certificate was refused");
                Err(Status::unauthenticated(NOT_TRUSTED))
            }
        }
    }

    fn reply(&self, issued: authority::Issued) -> proto::JoinReply {
        let lifetime = u32::try_from(AGENT_DAYS * 24 * 3600).unwrap_or(u32::MAX);
        proto::JoinReply {
            certificate_pem: issued.pem,
            ca_pem: self.control.authority.certificate_pem().to_owned(),
            renew_after_seconds: lifetime / 3 * 2,
        }
    }
}

/// One link, from Hello to its end.
struct Session {
    control: Arc<Control>,
    /// Of the certificate that opened it.
    fingerprint: String,
    sender: mpsc::Sender<Outgoing>,
}

/// Why a link ended.
enum End {
    Closed,
    Superseded,
    Shutdown,
    Fault(Status),
}

impl Session {
    async fn run(
        self,
        hello: Hello,
        mut incoming: Streaming<proto::FromAgent>,
        shutdown: CancellationToken,
    ) {
        let datacenter = hello.datacenter.clone();
        // Before anything is decided on what it reports; with the database away, before anything is
        // sent.
        let compared = self.compare(&hello).await;
        let link = self.control.ingest.open(&datacenter, &hello.agent_version, Utc::now());
        metrics::counter!("mainstay_links_opened_total").increment(1);
        tracing::info!(%datacenter, version = hello.agent_version, "linked");
        let (results, waiting) = mpsc::channel(RESULTS_MAX);
        let end = tokio::select! {
            () = shutdown.cancelled() => End::Shutdown,
            () = link.superseded() => End::Superseded,
            end = self.read(&hello, &link, &mut incoming, &results) => end,
            end = self.finish(&datacenter, waiting) => end,
            end = self.trust() => end,
            end = self.command(&hello, compared) => end,
            end = self.witness(hello.witnessed_size) => end,
        };
        let fault = match end {
            End::Closed => None,
            End::Superseded => Some(Status::aborted("a newer link of this data centre exists")),
            End::Shutdown => Some(Status::unavailable("the server is stopping")),
            End::Fault(status) => Some(status),
        };
        let reason = fault.as_ref().map_or("closed by the agent", |status| status.message());
        tracing::info!(%datacenter, reason, "link ended");
        if let Some(status) = fault {
            // Whether it still arrives is not ours to know.
            let _ = self.sender.try_send(Err(status));
        }
        self.control.ingest.close(link).await;
    }

    async fn read(
        &self,
        hello: &Hello,
        link: &Link,
        incoming: &mut Streaming<proto::FromAgent>,
        results: &mpsc::Sender<CommandResult>,
    ) -> End {
        self.conflict(link, hello.conflict.clone());
        let welcome = ToAgent::Welcome(Welcome {
            server_version: env!("CARGO_PKG_VERSION").to_owned(),
            server_time: Utc::now(),
            report_period: REPORT_PERIOD.to_std().unwrap_or(Duration::from_secs(1)),
        });
        if let Err(end) = self.send(&welcome) {
            return end;
        }
        for result in &hello.journal_tail {
            if let Err(end) = queue(results, result.clone()) {
                return end;
            }
        }
        let mut resync_asked = false;
        loop {
            let message = match tokio::time::timeout(SILENCE_MAX, next(incoming)).await {
                Err(_) => return End::Fault(Status::deadline_exceeded("nothing was reported")),
                Ok(Err(status)) => return End::Fault(status),
                Ok(Ok(None)) => return End::Closed,
                Ok(Ok(Some(message))) => message,
            };
            match message {
                FromAgent::Hello(_) => {
                    return End::Fault(Status::failed_precondition("a second hello"));
                }
                FromAgent::Conflict(conflict) => self.conflict(link, Some(conflict)),
                FromAgent::Result(result) => {
                    if let Err(end) = queue(results, result) {
                        return end;
                    }
                }
                FromAgent::Report(report) => {
                    let (seq, full) = (report.seq, report.full);
                    metrics::counter!("mainstay_reports_total").increment(1);
                    let answer = match self.control.ingest.report(link, report, Utc::now()) {
                        Ok(()) => Some(ToAgent::Acknowledged { seq }),
                        Err(gap) if !resync_asked => {
                            tracing::warn!(datacenter = %link.datacenter, %gap, "resync");
                            Some(ToAgent::Resync)
                        }
                        Err(_) => None,
                    };
                    resync_asked = match answer {
                        Some(ToAgent::Resync) => true,
                        _ => resync_asked && !full,
                    };
                    if let Some(Err(end)) = answer.map(|answer| self.send(&answer)) {
                        return end;
                    }
                }
            }
        }
    }

    /// Whether what the agent accepted could be compared with what the store knows.
    async fn compare(&self, hello: &Hello) -> bool {
        let (datacenter, accepted) = (&hello.datacenter, &hello.accepted);
        let compared = self.control.compare(datacenter, accepted, Utc::now()).await;
        compared.inspect_err(|error| tracing::debug!(%datacenter, %error, "compared later")).is_ok()
    }

    /// What the agent says as a witness of the audit log.
    fn conflict(&self, link: &Link, conflict: Option<Conflict>) {
        if let Some(Conflict { witnessed, offered, .. }) = &conflict {
            let datacenter = &link.datacenter;
            tracing::error!(%datacenter, witnessed, offered, "the audit log was rewritten");
        }
        self.control.ingest.witnessed(link, conflict);
    }

    /// Writes results as they come. While the database is away they wait here and hold up nothing
    /// else; what is lost with the link is told again on the next one.
    async fn finish(
        &self,
        datacenter: &DatacenterId,
        mut waiting: mpsc::Receiver<CommandResult>,
    ) -> End {
        while let Some(result) = waiting.recv().await {
            let (command, mut told) = (result.command_id.as_str(), false);
            while let Err(error) = self.control.finish(datacenter, &result, Utc::now()).await {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(%datacenter, command, %error, "a result could not be written");
                }
                if !error.is_unavailable() {
                    break;
                }
                tokio::time::sleep(RESULT_AGAIN).await;
            }
        }
        End::Closed
    }

    /// Ends when the certificate is trusted no longer.
    async fn trust(&self) -> End {
        loop {
            tokio::time::sleep(TRUST_PERIOD).await;
            // That it cannot be known now is no reason to lose a link.
            if let Ok(None) = self.control.agent_of(&self.fingerprint).await {
                return End::Fault(Status::unauthenticated(NOT_TRUSTED));
            }
        }
    }

    /// Sends commands as they come up, those whose answer may have been lost first.
    async fn command(&self, hello: &Hello, mut compared: bool) -> End {
        let datacenter = &hello.datacenter;
        let mut ticks = tokio::time::interval(COMPARE_PERIOD);
        while !compared {
            ticks.tick().await;
            compared = self.compare(hello).await;
        }
        let mut commands = self.control.commands(datacenter);
        loop {
            for command in commands.next().await {
                tracing::info!(%datacenter, command = %command.id, "sent");
                if let Err(end) = self.send(&ToAgent::Command(command)) {
                    return end;
                }
            }
        }
    }

    /// Lets the data centre witness the audit log: each newer checkpoint, with the proof that it
    /// continues the one sent before.
    async fn witness(&self, mut witnessed: u64) -> End {
        let store = self.control.store.for_background();
        let mut ticks = tokio::time::interval(WITNESS_PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let newer = match audit::witness(&store, witnessed).await {
                Ok(Some(newer)) => newer,
                Ok(None) => continue,
                Err(error) => {
                    tracing::debug!(%error, "no checkpoint to witness");
                    continue;
                }
            };
            witnessed = newer.size;
            let checkpoint = Checkpoint {
                note: newer.note,
                consistency: newer.consistency.iter().map(|hash| hash.0).collect(),
                from_size: newer.from_size,
            };
            if let Err(end) = self.send(&ToAgent::Checkpoint(checkpoint)) {
                return end;
            }
        }
    }

    fn send(&self, message: &ToAgent) -> Result<(), End> {
        self.sender.try_send(Ok(message.into())).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                End::Fault(Status::resource_exhausted("the agent does not keep up"))
            }
            mpsc::error::TrySendError::Closed(_) => End::Closed,
        })
    }
}

/// Has a result written in its turn.
fn queue(results: &mpsc::Sender<CommandResult>, result: CommandResult) -> Result<(), End> {
    results
        .try_send(result)
        .map_err(|_| End::Fault(Status::resource_exhausted("too many results wait to be written")))
}

/// The hello of a link of this data centre.
async fn greeted(
    datacenter: &DatacenterId,
    incoming: &mut Streaming<proto::FromAgent>,
) -> Result<Hello, Status> {
    let hello = tokio::time::timeout(HELLO_TIMEOUT, next(incoming))
        .await
        .map_err(|_| Status::deadline_exceeded("no hello"))??;
    match hello {
        Some(FromAgent::Hello(hello)) if hello.datacenter == *datacenter => Ok(hello),
        Some(FromAgent::Hello(_)) => {
            Err(Status::permission_denied("the certificate is for another data centre"))
        }
        Some(FromAgent::Report(_) | FromAgent::Result(_) | FromAgent::Conflict(_)) | None => {
            Err(Status::failed_precondition("the first message is a hello"))
        }
    }
}

/// The next valid message; a malformed one ends the link.
async fn next(incoming: &mut Streaming<proto::FromAgent>) -> Result<Option<FromAgent>, Status> {
    let Some(message) = incoming.next().await else { return Ok(None) };
    FromAgent::try_from(message?).map(Some).map_err(|error| {
        metrics::counter!("mainstay_malformed_messages_total").increment(1);
        Status::invalid_argument(error.to_string())
    })
}

fn refused(error: &mainstay_control::LinkError) -> Status {
    use mainstay_control::LinkError as E;
    match error {
        E::Store(_) => Status::unavailable("the database does not answer; try again"),
        E::Refused(why) => Status::permission_denied(why.clone()),
        E::Later(why) => Status::resource_exhausted(why.clone()),
        E::Authority(error) => Status::invalid_argument(error.to_string()),
    }
}

fn peer<T>(request: &Request<T>) -> IpAddr {
    request.remote_addr().map_or(IpAddr::from([0, 0, 0, 0]), |addr| addr.ip())
}
