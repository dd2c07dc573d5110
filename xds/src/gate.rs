//! Who may come in: the services to be mounted, and the question that their caller answers.

use mainstay_core::id::DatacenterId;
use tonic::{Request, Status};

use crate::ads::Discovery;
use crate::log::{Sink, proto::access_log_service_server::AccessLogServiceServer};
use crate::pb::ads::AggregatedDiscoveryServiceServer;

/// Tells which data centre a peer speaks for.
#[tonic::async_trait]
pub trait Gate: Send + Sync + 'static {
    /// `certificate` is the peer's own, in DER; `None`: it showed none. Asked at the start of a
    /// stream and again while it stands.
    ///
    /// # Errors
    /// `Unauthenticated` and `PermissionDenied` refuse and end streams; any other only refuses new
    /// ones, for a question that cannot be answered now is no reason to lose a stream.
    async fn datacenter(&self, certificate: Option<&[u8]>) -> Result<DatacenterId, Status>;
}

/// The services that edges use, to be added to a tonic server.
#[derive(Clone)]
pub struct Services {
    pub discovery: AggregatedDiscoveryServiceServer<Discovery>,
    pub logs: AccessLogServiceServer<Sink>,
}

/// The certificate that the peer of a request showed.
pub(crate) fn certificate<T>(request: &Request<T>) -> Option<Vec<u8>> {
    request.peer_certs().and_then(|chain| chain.first().map(|leaf| leaf.as_ref().to_vec()))
}

/// Whether an answer of the gate ends a stream that stands.
pub(crate) fn ends(status: &Status) -> bool {
    matches!(status.code(), tonic::Code::Unauthenticated | tonic::Code::PermissionDenied)
}
