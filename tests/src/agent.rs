//! An agent that says whatever a test wants, over a real link: TLS, certificates, gRPC.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use mainstay_wire::proto::agents_client::AgentsClient;
use mainstay_wire::proto::{self, from_agent, to_agent};
use mainstay_wire::{SERVER_NAME, limits};
use rcgen::{CertificateParams, KeyPair};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Status, Streaming};

use crate::world::World;

/// Longest wait for an answer of the server.
const PATIENCE: Duration = Duration::from_secs(15);

/// A key and the certificate for it, PEM.
#[derive(Debug, Clone)]
pub struct Papers {
    pub key_pem: String,
    pub certificate_pem: String,
}

/// An open link.
#[derive(Debug)]
pub struct RawLink {
    outbound: mpsc::Sender<proto::FromAgent>,
    inbound: Streaming<proto::ToAgent>,
}

/// The agents' way in of this world's server, which is shown these papers or none.
///
/// # Errors
/// When the server's authority cannot be read, or the papers are none.
pub fn endpoint(world: &World, papers: Option<&Papers>) -> Result<Endpoint> {
    let authority = fs::read_to_string(world.data_dir().join("ca.pem"))?;
    let mut tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(authority))
        .domain_name(SERVER_NAME);
    if let Some(papers) = papers {
        tls = tls.identity(Identity::from_pem(&papers.certificate_pem, &papers.key_pem));
    }
    let endpoint = Endpoint::from_shared(format!("https://{}", world.agents_address()))?;
    Ok(endpoint.tls_config(tls)?)
}

/// A channel to it.
///
/// # Errors
/// When there is no connection; a server may also break it off at the first request.
pub async fn channel(world: &World, papers: Option<&Papers>) -> Result<Channel> {
    endpoint(world, papers)?.connect().await.context("connecting as an agent")
}

/// Joins as the agent of a data centre.
///
/// # Errors
/// What the server says, or code `Unknown` when it cannot be asked.
pub async fn join(world: &World, token: &str, datacenter: &str) -> Result<Papers, Status> {
    let unknown = |error: anyhow::Error| Status::unknown(format!("{error:#}"));
    let channel = channel(world, None).await.map_err(unknown)?;
    let (key, csr_pem) = request().map_err(unknown)?;
    let (token, datacenter) = (token.to_owned(), datacenter.to_owned());
    let ask = proto::JoinRequest { token, datacenter, csr_pem };
    let reply = AgentsClient::new(channel).join(ask).await?.into_inner();
    Ok(Papers { key_pem: key.serialize_pem(), certificate_pem: reply.certificate_pem })
}

/// A new key and a request for its certificate.
///
/// # Errors
/// When they cannot be made.
pub fn request() -> Result<(KeyPair, String)> {
    let key = KeyPair::generate()?;
    let csr = CertificateParams::new(vec!["any.example".to_owned()])?.serialize_request(&key)?;
    Ok((key, csr.pem()?))
}

/// Sends one message first and waits for the answer.
///
/// # Errors
/// What the server refused it with.
pub async fn open(channel: Channel, first: proto::FromAgent) -> Result<RawLink, Status> {
    let (outbound, queue) = mpsc::channel(16);
    // Room is there: the queue is new.
    let _ = outbound.try_send(first);
    let mut client =
        AgentsClient::new(channel).max_encoding_message_size(4 * limits::MESSAGE_MAX_BYTES);
    let opened = timeout(PATIENCE, client.link(ReceiverStream::new(queue))).await;
    let inbound = opened.map_err(|_| Status::deadline_exceeded("no answer"))??.into_inner();
    Ok(RawLink { outbound, inbound })
}

/// The first message of a well-behaved agent.
#[must_use]
pub fn hello(datacenter: &str) -> proto::FromAgent {
    message(from_agent::Body::Hello(proto::Hello {
        datacenter: datacenter.to_owned(),
        agent_version: "0.0.0-test".to_owned(),
        boot_id: "test".to_owned(),
        accepted: Vec::new(),
        journal_tail: Vec::new(),
        witnessed_size: 0,
        conflict: None,
    }))
}

/// A full report of these instances.
#[must_use]
pub fn report(seq: u64, instances: Vec<proto::Instance>) -> proto::FromAgent {
    message(from_agent::Body::Report(proto::Report {
        seq,
        full: true,
        instances,
        ..proto::Report::default()
    }))
}

/// A serving instance.
#[must_use]
pub fn instance(id: &str, service: &str) -> proto::Instance {
    proto::Instance {
        id: id.to_owned(),
        service: service.to_owned(),
        version: "1.0.0".to_owned(),
        state: proto::State::Serving.into(),
        since_ms: 1_790_000_000_000,
        ..proto::Instance::default()
    }
}

/// A message of an agent.
#[must_use]
pub fn message(body: from_agent::Body) -> proto::FromAgent {
    proto::FromAgent { body: Some(body) }
}

impl RawLink {
    /// Sends a message; whether the link was still open.
    pub async fn send(&self, message: proto::FromAgent) -> bool {
        self.outbound.send(message).await.is_ok()
    }

    /// The next message of the server.
    ///
    /// # Errors
    /// How the link ended; code `Ok` when the server closed it without a word.
    pub async fn next(&mut self) -> Result<to_agent::Body, Status> {
        let next = timeout(PATIENCE, self.inbound.message()).await;
        match next.map_err(|_| Status::deadline_exceeded("the server says nothing"))?? {
            Some(proto::ToAgent { body: Some(body) }) => Ok(body),
            Some(proto::ToAgent { body: None }) => Err(Status::unknown("an empty message")),
            None => Err(Status::new(Code::Ok, "closed")),
        }
    }

    /// Reads until the server acknowledges a report.
    ///
    /// # Errors
    /// How the link ended before.
    pub async fn acknowledged(&mut self, seq: u64) -> Result<(), Status> {
        loop {
            match self.next().await? {
                to_agent::Body::ReportSeqAcknowledged(done) if done >= seq => return Ok(()),
                to_agent::Body::ReportSeqAcknowledged(_)
                | to_agent::Body::Welcome(_)
                | to_agent::Body::Command(_)
                | to_agent::Body::Resync(_)
                | to_agent::Body::Checkpoint(_) => {}
            }
        }
    }

    /// How the server ends the link.
    pub async fn end(mut self) -> Status {
        loop {
            if let Err(status) = self.next().await {
                return status;
            }
        }
    }
}
