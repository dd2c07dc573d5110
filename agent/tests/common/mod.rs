//! A small server of the agent protocol with an authority of its own, driven by the test.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::Utc;
use futures::{Stream, StreamExt};
use mainstay_core::bench::TestReport;
use mainstay_core::estate::Fact;
use mainstay_core::fence::Token;
use mainstay_wire::proto::agents_server::{Agents, AgentsServer};
use mainstay_wire::{
    Command, CommandId, FromAgent, Hello, JoinToken, Report, SERVER_NAME, ToAgent, Welcome, proto,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, IsCa, Issuer,
    KeyPair,
};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::transport::server::Router;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status, Streaming};

/// Longest wait for anything; a test that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);
pub const SECRET: &str = "abcdefghijklmnopqrstuv";

/// A running server.
pub struct TestServer {
    pub address: SocketAddr,
    pub token: JoinToken,
    /// How many more joins are asked to come again later.
    #[allow(dead_code, reason = "not every test that has a server has a busy one")]
    pub busy: Arc<AtomicU32>,
    links: mpsc::Receiver<Link>,
}

/// One link, as the server sees it.
pub struct Link {
    inbound: Streaming<proto::FromAgent>,
    outbound: mpsc::Sender<Result<proto::ToAgent, Status>>,
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    ca_pem: String,
    /// How often the join token may still be used.
    joins: Mutex<u32>,
    busy: Arc<AtomicU32>,
    renew_after_seconds: u32,
    links: mpsc::Sender<Link>,
}

impl TestServer {
    /// One agent may join; its certificate lasts.
    pub async fn start() -> Self {
        Self::start_with(1, 3600).await
    }

    /// So many agents may join, and are to renew after so many seconds.
    pub async fn start_with(joins: u32, renew_after_seconds: u32) -> Self {
        Self::start_beside(joins, renew_after_seconds, |agents| agents).await
    }

    /// The same, with other services on the same listener.
    pub async fn start_beside(
        joins: u32,
        renew_after_seconds: u32,
        beside: impl FnOnce(Router) -> Router,
    ) -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // A certificate that bears its issuer's own name would be taken for self-signed.
        params.distinguished_name.push(DnType::CommonName, "the authority of a test");
        let ca_key = KeyPair::generate().unwrap();
        let ca = params.self_signed(&ca_key).unwrap();
        let issuer = Issuer::new(params, ca_key);
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![SERVER_NAME.to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &issuer).unwrap();
        let chain = format!("{}{}", leaf.pem(), ca.pem());
        let tls = ServerTlsConfig::new()
            .identity(Identity::from_pem(chain, key.serialize_pem()))
            .client_ca_root(Certificate::from_pem(ca.pem()))
            .client_auth_optional(true);
        let (sender, links) = mpsc::channel(8);
        let busy = Arc::new(AtomicU32::new(0));
        let authority = Authority {
            issuer,
            ca_pem: ca.pem(),
            joins: Mutex::new(joins),
            busy: busy.clone(),
            renew_after_seconds,
            links: sender,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let agents =
            Server::builder().tls_config(tls).unwrap().add_service(AgentsServer::new(authority));
        let server = beside(agents).serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(server);
        let token = JoinToken::new(SECRET, Sha256::digest(ca.der()).into()).unwrap();
        Self { address, token, busy, links }
    }

    /// The next agent that links, welcomed, with its hello.
    pub async fn welcome(&mut self, report_period: Duration) -> (Link, Hello) {
        let mut link = self.link().await;
        let FromAgent::Hello(hello) = link.next().await else {
            panic!("the first message is no hello");
        };
        let welcome =
            Welcome { server_version: "test".to_owned(), server_time: Utc::now(), report_period };
        link.send(ToAgent::Welcome(welcome)).await;
        (link, hello)
    }

    pub async fn link(&mut self) -> Link {
        let next = tokio::time::timeout(PATIENCE, self.links.recv()).await;
        next.expect("no link in time").expect("the server runs")
    }
}

impl Link {
    pub async fn send(&self, message: ToAgent) {
        self.send_raw((&message).into()).await;
    }

    pub async fn send_raw(&self, message: proto::ToAgent) {
        self.outbound.send(Ok(message)).await.expect("the link is open");
    }

    pub async fn command(&self, id: &str, seq: u64, action: mainstay_core::deployment::Command) {
        let command = Command { id: CommandId::new(id).unwrap(), token: token(seq), action };
        self.send(ToAgent::Command(command)).await;
    }

    /// The next message; what the agent sends is always valid.
    pub async fn next(&mut self) -> FromAgent {
        let message = tokio::time::timeout(PATIENCE, self.inbound.next()).await;
        let message = message.expect("no message in time").expect("the link ended").unwrap();
        FromAgent::try_from(message).unwrap()
    }

    /// The next result, past reports.
    pub async fn result(&mut self) -> mainstay_wire::CommandResult {
        loop {
            match self.next().await {
                FromAgent::Result(result) => return result,
                FromAgent::Report(_) | FromAgent::Conflict(_) => {}
                FromAgent::Hello(_) => panic!("a second hello"),
            }
        }
    }

    /// The next report, past results.
    pub async fn report(&mut self) -> Report {
        loop {
            match self.next().await {
                FromAgent::Report(report) => return report,
                FromAgent::Result(_) | FromAgent::Conflict(_) => {}
                FromAgent::Hello(_) => panic!("a second hello"),
            }
        }
    }
}

/// The tests that a report tells of.
#[allow(dead_code, reason = "not every test that has a server has tests made")]
pub fn tests_of(report: &Report) -> Vec<TestReport> {
    let test = |fact: &Fact| match fact {
        Fact::Test(report) => Some(report.clone()),
        Fact::Work(_) | Fact::Database(_) | Fact::Member(_) => None,
    };
    report.facts.iter().filter_map(test).collect()
}

pub fn token(seq: u64) -> Token {
    Token { timeline: 1, epoch: 1, seq }
}

impl Authority {
    #[allow(clippy::result_large_err, reason = "tonic's own type")]
    fn sign(&self, csr: &str, lifetime_seconds: u32) -> Result<Response<proto::JoinReply>, Status> {
        let csr = CertificateSigningRequestParams::from_pem(csr)
            .map_err(|e| Status::invalid_argument(e.to_string()))?;
        let certificate = csr.signed_by(&self.issuer).unwrap();
        Ok(Response::new(proto::JoinReply {
            certificate_pem: certificate.pem(),
            ca_pem: self.ca_pem.clone(),
            renew_after_seconds: lifetime_seconds,
        }))
    }
}

#[tonic::async_trait]
impl Agents for Authority {
    async fn join(
        &self,
        request: Request<proto::JoinRequest>,
    ) -> Result<Response<proto::JoinReply>, Status> {
        let request = mainstay_wire::JoinRequest::try_from(request.into_inner()).unwrap();
        let busy = self.busy.load(Ordering::Relaxed);
        if busy > 0 {
            self.busy.store(busy - 1, Ordering::Relaxed);
            return Err(Status::resource_exhausted("too many tries"));
        }
        let mut joins = self.joins.lock().unwrap();
        if request.token.secret() != SECRET || *joins == 0 {
            return Err(Status::unauthenticated("the token is used or unknown"));
        }
        *joins -= 1;
        self.sign(&request.csr_pem, self.renew_after_seconds)
    }

    async fn renew(
        &self,
        request: Request<proto::RenewRequest>,
    ) -> Result<Response<proto::JoinReply>, Status> {
        if request.peer_certs().is_none() {
            return Err(Status::unauthenticated("no certificate"));
        }
        self.sign(&request.into_inner().csr_pem, 3600)
    }

    type LinkStream = Pin<Box<dyn Stream<Item = Result<proto::ToAgent, Status>> + Send>>;

    async fn link(
        &self,
        request: Request<Streaming<proto::FromAgent>>,
    ) -> Result<Response<Self::LinkStream>, Status> {
        if request.peer_certs().is_none_or(|certificates: Arc<_>| certificates.is_empty()) {
            return Err(Status::unauthenticated("no certificate"));
        }
        let (outbound, queue) = mpsc::channel(64);
        let link = Link { inbound: request.into_inner(), outbound };
        self.links.send(link).await.map_err(|_| Status::unavailable("the test is over"))?;
        Ok(Response::new(Box::pin(ReceiverStream::new(queue))))
    }
}
