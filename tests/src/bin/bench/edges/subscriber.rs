//! Simulated edges: they ask for everything over delta ADS and acknowledge what they are told.

use anyhow::{Error, Result, anyhow};
use envoy_types::pb::envoy::config::cluster::v3::Cluster;
use envoy_types::pb::envoy::config::core::v3::Node;
use envoy_types::pb::envoy::config::endpoint::v3::ClusterLoadAssignment;
use envoy_types::pb::envoy::config::listener::v3::Listener;
use envoy_types::pb::envoy::config::route::v3::{RouteConfiguration, VirtualHost};
use envoy_types::pb::envoy::service::discovery::v3::DeltaDiscoveryRequest;
use envoy_types::pb::envoy::service::discovery::v3::aggregated_discovery_service_client as ads;
use envoy_types::pb::google::protobuf::{Struct, Value, value};
use mainstay_core::id::EdgeId;
use prost::Name;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, Endpoint};

use crate::envoy::STREAMS_MAX;

/// Requests that wait to be sent; one kind has one response on its way.
const QUEUE: usize = 32;

/// Subscribers that run until they are dropped.
#[derive(Default)]
pub struct Subscribers(JoinSet<Error>);

impl Subscribers {
    /// Lets these edges connect to a server, as many to a connection as it allows.
    pub fn connect(&mut self, server: &Endpoint, edges: &[EdgeId]) {
        let endpoint = server.clone().tcp_nodelay(true);
        for together in edges.chunks(STREAMS_MAX as usize) {
            let channel = endpoint.connect_lazy();
            for edge in together {
                let (channel, edge) = (channel.clone(), edge.clone());
                self.0.spawn(async move {
                    match subscribe(channel, &edge).await {
                        Ok(()) => anyhow!("{edge}: the server ended the stream"),
                        Err(error) => error.context(edge.to_string()),
                    }
                });
            }
        }
    }

    /// Why one of them ended, which none should.
    pub async fn ended(&mut self) -> Error {
        match self.0.join_next().await {
            Some(Ok(error)) => error,
            Some(Err(error)) => error.into(),
            None => anyhow!("there are no subscribers"),
        }
    }
}

async fn subscribe(channel: Channel, edge: &EdgeId) -> Result<()> {
    let (requests, queue) = mpsc::channel(QUEUE);
    // Envoy learns the names of its routes from its listener, and those of hosts from its routes.
    // Here it is all of them, which is the same and needs no reading.
    let all = |kind: String| ask(kind, vec!["*".to_owned()]);
    requests
        .send(DeltaDiscoveryRequest { node: Some(node(edge)), ..all(Cluster::type_url()) })
        .await?;
    for kind in [Listener::type_url(), RouteConfiguration::type_url(), VirtualHost::type_url()] {
        requests.send(all(kind)).await?;
    }
    let mut client = ads::AggregatedDiscoveryServiceClient::new(channel);
    let told = client.delta_aggregated_resources(ReceiverStream::new(queue)).await?;
    let mut told = told.into_inner();
    while let Some(told) = told.message().await? {
        if told.type_url == Cluster::type_url() && !told.resources.is_empty() {
            let clusters = told.resources.into_iter().map(|cluster| cluster.name).collect();
            requests.send(ask(ClusterLoadAssignment::type_url(), clusters)).await?;
        }
        let acknowledged = DeltaDiscoveryRequest {
            type_url: told.type_url,
            response_nonce: told.nonce,
            ..DeltaDiscoveryRequest::default()
        };
        requests.send(acknowledged).await?;
    }
    Ok(())
}

fn ask(type_url: String, names: Vec<String>) -> DeltaDiscoveryRequest {
    DeltaDiscoveryRequest {
        type_url,
        resource_names_subscribe: names,
        ..DeltaDiscoveryRequest::default()
    }
}

/// Who asks, and where users would enter.
fn node(edge: &EdgeId) -> Node {
    let listen = value::Kind::StringValue("127.0.0.1:8000".to_owned());
    let fields = [("listen".to_owned(), Value { kind: Some(listen) })].into();
    Node { id: edge.to_string(), metadata: Some(Struct { fields }), ..Node::default() }
}
