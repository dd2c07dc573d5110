//! What stands between an Envoy and the server to see, or to leave out, its access log.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use envoy_types::pb::envoy::config::listener::v3::{Listener, filter::ConfigType};
use envoy_types::pb::envoy::extensions::filters::network::http_connection_manager::v3 as http;
use envoy_types::pb::envoy::service::accesslog::v3::access_log_service_server::AccessLogService;
use envoy_types::pb::envoy::service::accesslog::v3::stream_access_logs_message::LogEntries;
use envoy_types::pb::envoy::service::accesslog::v3::{
    StreamAccessLogsMessage, StreamAccessLogsResponse,
};
use envoy_types::pb::envoy::service::discovery::v3::aggregated_discovery_service_client as client;
use envoy_types::pb::envoy::service::discovery::v3::aggregated_discovery_service_server as server;
use envoy_types::pb::envoy::service::discovery::v3::{
    DeltaDiscoveryRequest, DeltaDiscoveryResponse, DiscoveryRequest, DiscoveryResponse,
};
use envoy_types::util::pack_any;
use futures::{Stream, StreamExt};
use prost::{Message as _, Name};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status, Streaming};

/// Lines of a log as they travel, with everything that Envoy says.
pub type Message = StreamAccessLogsMessage;

/// Lines of HTTP requests in a message.
pub fn lines(message: &Message) -> u64 {
    match &message.log_entries {
        Some(LogEntries::HttpLogs(logs)) => logs.log_entry.len() as u64,
        Some(LogEntries::TcpLogs(_)) | None => 0,
    }
}

/// Keeps what Envoys log. Clones share it.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Vec<Message>>>);

impl Recorder {
    pub fn lines(&self) -> u64 {
        self.messages().iter().map(lines).sum()
    }

    pub fn take(&self) -> Vec<Message> {
        std::mem::take(&mut self.messages())
    }

    fn messages(&self) -> MutexGuard<'_, Vec<Message>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tonic::async_trait]
impl AccessLogService for Recorder {
    async fn stream_access_logs(
        &self,
        request: Request<Streaming<Message>>,
    ) -> Result<Response<StreamAccessLogsResponse>, Status> {
        let mut incoming = request.into_inner();
        while let Some(message) = incoming.message().await? {
            self.messages().push(message);
        }
        Ok(Response::new(StreamAccessLogsResponse {}))
    }
}

/// Discovery as a server tells it, but for the access logs: these are taken out of listeners.
pub struct Unlogged {
    server: Channel,
}

impl Unlogged {
    pub fn of(server: SocketAddr) -> Result<Self> {
        let endpoint = Endpoint::from_shared(format!("http://{server}"))?.tcp_nodelay(true);
        Ok(Self { server: endpoint.connect_lazy() })
    }
}

type Responses<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl server::AggregatedDiscoveryService for Unlogged {
    type StreamAggregatedResourcesStream = Responses<DiscoveryResponse>;

    async fn stream_aggregated_resources(
        &self,
        _: Request<Streaming<DiscoveryRequest>>,
    ) -> Result<Response<Self::StreamAggregatedResourcesStream>, Status> {
        Err(Status::unimplemented("deltas only"))
    }

    type DeltaAggregatedResourcesStream = Responses<DeltaDiscoveryResponse>;

    async fn delta_aggregated_resources(
        &self,
        request: Request<Streaming<DeltaDiscoveryRequest>>,
    ) -> Result<Response<Self::DeltaAggregatedResourcesStream>, Status> {
        // A stream of the Envoy that breaks ends the one to the server too.
        let asked = request.into_inner().take_while(|asked| std::future::ready(asked.is_ok()));
        let asked = asked.filter_map(|asked| std::future::ready(asked.ok()));
        let mut server = client::AggregatedDiscoveryServiceClient::new(self.server.clone());
        let told = server.delta_aggregated_resources(asked).await?.into_inner();
        Ok(Response::new(Box::pin(told.map(|told| without_logs(told?)))))
    }
}

fn without_logs(mut told: DeltaDiscoveryResponse) -> Result<DeltaDiscoveryResponse, Status> {
    if told.type_url != Listener::type_url() {
        return Ok(told);
    }
    let malformed = |error: prost::DecodeError| Status::internal(error.to_string());
    for resource in told.resources.iter_mut().filter_map(|it| it.resource.as_mut()) {
        let mut listener = Listener::decode(&*resource.value).map_err(malformed)?;
        let chains = listener.filter_chains.iter_mut();
        for filter in chains.flat_map(|chain| &mut chain.filters) {
            let Some(ConfigType::TypedConfig(config)) = &mut filter.config_type else { continue };
            if config.type_url == http::HttpConnectionManager::type_url() {
                let manager = http::HttpConnectionManager::decode(&*config.value);
                let access_log = Vec::new();
                let manager =
                    http::HttpConnectionManager { access_log, ..manager.map_err(malformed)? };
                *config = pack_any(manager);
            }
        }
        *resource = pack_any(listener);
    }
    Ok(told)
}
