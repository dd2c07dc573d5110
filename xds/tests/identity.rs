//! Who may come in: certificates of data centres, over real TLS, and what others are told.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use common::client::get;
use common::edge::Edge;
use common::upstream::Upstream;
use common::{Of, Replica, acknowledged, routing, service, until};
use envoy_types::pb::envoy::config::core::v3::Node;
use envoy_types::pb::envoy::service::discovery::v3::DeltaDiscoveryRequest;
use envoy_types::pb::envoy::service::discovery::v3::aggregated_discovery_service_client as ads;
use envoy_types::pb::google::protobuf::{Struct, Value, value};
use mainstay_core::id::DatacenterId;
use mainstay_xds::bootstrap::Tls;
use mainstay_xds::{Gate, Xds};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tonic::Status;
use tonic::transport::{Certificate, Identity, ServerTlsConfig};

const SERVER_NAME: &str = "server.test";

/// What an edge of this id is told that shows a certificate of a data centre.
async fn refused(xds: &Xds, gate: &'static str, node: Option<(&str, &str)>) -> Result<Status> {
    let replica = Replica::start(xds, Of(gate), None).await?;
    let address = format!("http://{}", replica.address);
    let mut client = ads::AggregatedDiscoveryServiceClient::connect(address).await?;
    let listen = |text: &str| Value { kind: Some(value::Kind::StringValue(text.to_owned())) };
    let node = node.map(|(id, address)| Node {
        id: id.to_owned(),
        metadata: Some(Struct { fields: [("listen".to_owned(), listen(address))].into() }),
        ..Default::default()
    });
    let request = DeltaDiscoveryRequest { node, ..Default::default() };
    let answer = client.delta_aggregated_resources(tokio_stream::iter([request])).await;
    answer.err().context("it was let in")
}

#[tokio::test]
async fn others_are_refused_with_a_sentence() -> Result<()> {
    let xds = Xds::new();
    xds.publish(Arc::new(routing(1, &["edge"], &[])));
    let here = "127.0.0.1:80";
    for (gate, node, words) in [
        ("fra1", None, "names no node"),
        ("fra1", Some(("Edge!", here)), "is no id of an edge"),
        ("fra1", Some(("other", here)), "other is no edge of the fleet"),
        ("lon1", Some(("edge", here)), "edge stands in fra1, and this certificate is of lon1"),
        ("fra1", Some(("edge", "somewhere")), "node.metadata.listen is \"somewhere\""),
    ] {
        let status = refused(&xds, gate, node).await?;
        assert!(status.message().contains(words), "{}", status.message());
    }
    Ok(())
}

/// A gate that knows certificates by what they are.
#[derive(Clone, Default)]
struct Known(Arc<Mutex<BTreeMap<Vec<u8>, &'static str>>>);

#[tonic::async_trait]
impl Gate for Known {
    async fn datacenter(&self, certificate: Option<&[u8]>) -> Result<DatacenterId, Status> {
        let known = self.0.lock().expect("no panic");
        let name = certificate.and_then(|certificate| known.get(certificate));
        let name = name.ok_or_else(|| Status::unauthenticated("an unknown certificate"))?;
        DatacenterId::new(name).map_err(|error| Status::internal(error.to_string()))
    }
}

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Result<Self> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, "the authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { pem, issuer: Issuer::new(params, key) })
    }

    /// Certificate and key as PEM, and the certificate's bytes.
    fn issue(&self, name: &str) -> Result<(String, String, Vec<u8>)> {
        let key = KeyPair::generate()?;
        let certificate =
            CertificateParams::new(vec![name.to_owned()])?.signed_by(&key, &self.issuer)?;
        Ok((certificate.pem(), key.serialize_pem(), certificate.der().to_vec()))
    }
}

/// Replaces a file as a whole.
fn replace(path: &Path, content: &str) -> Result<()> {
    let next = path.with_extension("next");
    fs::write(&next, content)?;
    Ok(fs::rename(next, path)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_lets_in_and_a_renewed_one_is_used_without_a_restart() -> Result<()> {
    let authority = Authority::new()?;
    let (certificate, key, _) = authority.issue(SERVER_NAME)?;
    let server = ServerTlsConfig::new()
        .identity(Identity::from_pem(certificate, key))
        .client_ca_root(Certificate::from_pem(&authority.pem))
        .client_auth_optional(true);
    let (xds, gate) = (Xds::new(), Known::default());
    let replica = Replica::start(&xds, gate.clone(), Some(server)).await?;
    let upstream = Upstream::start("up").await?;
    let feed = service(&[("1", 10_000)], &[("1", "fra1", upstream.address.clone())]);
    xds.publish(Arc::new(routing(1, &["edge"], &[("feed", feed.clone())])));

    let dir = tempfile::tempdir()?;
    let tls = Tls {
        certificate: dir.path().join("certificate.pem"),
        key: dir.path().join("key.pem"),
        authority: dir.path().join("authority.pem"),
        server_name: SERVER_NAME.to_owned(),
        secrets_dir: dir.path().to_owned(),
    };
    let (certificate, key, first) = authority.issue("fra1.agent")?;
    replace(&tls.authority, &authority.pem)?;
    replace(&tls.key, &key)?;
    replace(&tls.certificate, &certificate)?;
    gate.0.lock().expect("no panic").insert(first.clone(), "fra1");
    let edge = Edge::start("edge", &[replica.address], Some(tls.clone()))?;
    acknowledged(&xds, "edge", 1).await?;
    assert_eq!(get(edge.listen, "feed", "/").await?, (200, "up".to_owned()));

    // Renewed, and the old one is revoked: the stream ends and the edge comes with the new one.
    let (certificate, key, second) = authority.issue("fra1.agent")?;
    replace(&tls.key, &key)?;
    replace(&tls.certificate, &certificate)?;
    {
        let mut known = gate.0.lock().expect("no panic");
        known.remove(&first);
        known.insert(second, "fra1");
    }
    until("the stream of the revoked one ends", async || {
        (!xds.edges().borrow()["edge"].is_connected()).then_some(())
    })
    .await?;
    assert_eq!(get(edge.listen, "feed", "/").await?.0, 200, "it goes on meanwhile");
    xds.publish(Arc::new(routing(2, &["edge"], &[("feed", feed)])));
    acknowledged(&xds, "edge", 2).await?;
    Ok(())
}
