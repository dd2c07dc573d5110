//! Who the agent is: its key, its certificate, and the authority it trusts.
//!
//! Kept in one file, so that key and certificate always belong together. The key never leaves the
//! data folder. A key is written before it is used in a request: a join whose answer was lost is
//! asked again with the same key.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::id::DatacenterId;
use mainstay_wire::proto::agents_client::AgentsClient;
use mainstay_wire::{JoinReply, JoinToken, WireError, agent_name, proto};
use rand::Rng as _;
use rcgen::{CertificateParams, KeyPair};
use rustls::ClientConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::durable::{self, Lasting};
use crate::tls;

/// Shortest pause before a join is tried again.
const JOIN_AGAIN: Duration = Duration::from_secs(1);
/// Time for the server to answer a request for a certificate.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The certificate of one data centre's agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Identity {
    pub datacenter: DatacenterId,
    key_pem: String,
    certificate_pem: String,
    ca_pem: String,
    /// `None`: the server wants no renewal.
    renew_at: Option<DateTime<Utc>>,
}

#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("{path} cannot be read or written")]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{path} is damaged; remove it and join again with a new token")]
    Damaged {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
    #[error("this data folder belongs to the agent of {found}, not of {wanted}")]
    OtherDatacenter { found: DatacenterId, wanted: DatacenterId },
    #[error("the agent has no certificate yet: start it once with --join-token")]
    NoToken,
    #[error("the server's authority is not the one the join token names")]
    OtherAuthority,
    #[error("the server refused the request for a certificate: {}", .0.message())]
    Refused(#[source] Box<tonic::Status>),
    #[error("the server cannot be asked for a certificate")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the server's answer is malformed")]
    Malformed(#[from] WireError),
    #[error("a key cannot be made or read")]
    Key(#[from] rcgen::Error),
    #[error("a certificate is not PEM")]
    Pem(#[from] pem::Error),
    #[error("the certificates cannot be used")]
    Tls(#[from] rustls::Error),
}

impl IdentityError {
    /// Whether asking again later may help.
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }
}

/// The identity as it is on disk, or the need to join.
#[derive(Debug)]
pub enum Found {
    Identity(Box<Identity>),
    /// No certificate; or one of an authority that the given token replaces.
    MustJoin {
        token: JoinToken,
        replaces: bool,
    },
}

/// Looks in the data folder. A token of the same authority as the certificate's is not needed and
/// not used; one of another authority means that the agent is given to a new server.
pub fn find(
    data_dir: &Path,
    datacenter: &DatacenterId,
    token: Option<&JoinToken>,
) -> Result<Found, IdentityError> {
    let path = identity_path(data_dir);
    let content = match fs::read(&path) {
        Ok(content) => content,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let token = token.ok_or(IdentityError::NoToken)?.clone();
            let replaces = false;
            return Ok(Found::MustJoin { token, replaces });
        }
        Err(source) => return Err(IdentityError::Io { path, source }),
    };
    let identity: Identity = serde_json::from_slice(&content)
        .map_err(|source| IdentityError::Damaged { path, source })?;
    if identity.datacenter != *datacenter {
        return Err(IdentityError::OtherDatacenter {
            found: identity.datacenter,
            wanted: datacenter.clone(),
        });
    }
    let authority = tls::fingerprint(&identity.ca()?);
    match token {
        Some(token) if *token.ca_fingerprint() != authority => {
            Ok(Found::MustJoin { token: token.clone(), replaces: true })
        }
        Some(_) | None => Ok(Found::Identity(Box::new(identity))),
    }
}

/// Exchanges a join token for a certificate and stores it, however long the server cannot be
/// reached or asks to come again later. `None`: told to stop before that.
pub async fn join_patiently(
    server: &str,
    data_dir: &Path,
    datacenter: &DatacenterId,
    token: &JoinToken,
    shutdown: &CancellationToken,
) -> Result<Option<Identity>, IdentityError> {
    loop {
        let joined = tokio::select! {
            joined = join(server, data_dir, datacenter, token) => joined,
            () = shutdown.cancelled() => return Ok(None),
        };
        match joined {
            Ok(identity) => return Ok(Some(identity)),
            Err(error) if error.is_temporary() => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(%datacenter, error, "cannot join yet; trying again");
            }
            Err(error) => return Err(error),
        }
        // Agents that were sent away together do not come back together.
        let pause = JOIN_AGAIN.mul_f64(rand::rng().random_range(1.0..2.0));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => return Ok(None),
        }
    }
}

/// Exchanges a join token for a certificate and stores it.
pub async fn join(
    server: &str,
    data_dir: &Path,
    datacenter: &DatacenterId,
    token: &JoinToken,
) -> Result<Identity, IdentityError> {
    let key = pending_key(data_dir)?;
    let channel = tls::connect(server, tls::pinned(*token.ca_fingerprint())?)
        .await
        .map_err(|e| IdentityError::Unreachable(e.into()))?;
    let mut request = tonic::Request::new(proto::JoinRequest {
        token: token.to_string(),
        datacenter: datacenter.to_string(),
        csr_pem: signing_request(datacenter, &key)?,
    });
    request.set_timeout(REQUEST_TIMEOUT);
    let answer = AgentsClient::new(channel).join(request).await;
    let reply = JoinReply::try_from(answer.map_err(refused)?.into_inner())?;
    let identity = Identity::from_reply(datacenter, &key, reply);
    if tls::fingerprint(&identity.ca()?) != *token.ca_fingerprint() {
        return Err(IdentityError::OtherAuthority);
    }
    identity.store(data_dir)?;
    Ok(identity)
}

/// Asks for a new certificate with a new key, over a channel of the present one.
pub async fn renew(
    channel: Channel,
    data_dir: &Path,
    present: &Identity,
) -> Result<Identity, IdentityError> {
    let key = KeyPair::generate()?;
    let mut request = tonic::Request::new(proto::RenewRequest {
        csr_pem: signing_request(&present.datacenter, &key)?,
    });
    request.set_timeout(REQUEST_TIMEOUT);
    let answer = AgentsClient::new(channel).renew(request).await;
    let reply = JoinReply::try_from(answer.map_err(refused)?.into_inner())?;
    let identity = Identity::from_reply(&present.datacenter, &key, reply);
    if identity.ca()? != present.ca()? {
        return Err(IdentityError::OtherAuthority);
    }
    identity.store(data_dir)?;
    Ok(identity)
}

impl Identity {
    /// The TLS configuration for a link.
    pub fn tls(&self) -> Result<ClientConfig, IdentityError> {
        let certificates = CertificateDer::pem_slice_iter(self.certificate_pem.as_bytes());
        let chain = certificates.collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes())?;
        Ok(tls::mutual(self.ca()?, chain, key)?)
    }

    /// When to ask for the next certificate.
    pub const fn renew_at(&self) -> Option<DateTime<Utc>> {
        self.renew_at
    }

    /// The certificate, PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Its key, PEM. Whoever has it speaks for the data centre.
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// The authority that signed both sides' certificates, PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    fn ca(&self) -> Result<CertificateDer<'static>, IdentityError> {
        Ok(CertificateDer::from_pem_slice(self.ca_pem.as_bytes())?)
    }

    fn from_reply(datacenter: &DatacenterId, key: &KeyPair, reply: JoinReply) -> Self {
        Self {
            datacenter: datacenter.clone(),
            key_pem: key.serialize_pem(),
            certificate_pem: reply.certificate_pem,
            ca_pem: reply.ca_pem,
            renew_at: (reply.renew_after_seconds > 0)
                .then(|| Utc::now() + TimeDelta::seconds(reply.renew_after_seconds.into())),
        }
    }

    /// Stores it, after a check that key and certificates fit together.
    fn store(&self, data_dir: &Path) -> Result<(), IdentityError> {
        self.tls()?;
        let path = identity_path(data_dir);
        let content = serde_json::to_vec(self).expect("an identity is plain text");
        durable::replace(&path, &content, Lasting::Power)
            .map_err(|source| IdentityError::Io { path, source })?;
        // Only good for a request whose answer is now stored; a leftover does no harm.
        let _ = fs::remove_file(pending_key_path(data_dir));
        Ok(())
    }
}

fn identity_path(data_dir: &Path) -> PathBuf {
    data_dir.join("identity.json")
}

fn pending_key_path(data_dir: &Path) -> PathBuf {
    data_dir.join("identity-pending.pem")
}

/// The key of a join that is under way, made when there is none.
fn pending_key(data_dir: &Path) -> Result<KeyPair, IdentityError> {
    let path = pending_key_path(data_dir);
    match fs::read_to_string(&path) {
        Ok(pem) => return Ok(KeyPair::from_pem(&pem)?),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(IdentityError::Io { path, source }),
    }
    let key = KeyPair::generate()?;
    durable::replace(&path, key.serialize_pem().as_bytes(), Lasting::Power)
        .map_err(|source| IdentityError::Io { path, source })?;
    Ok(key)
}

fn signing_request(datacenter: &DatacenterId, key: &KeyPair) -> Result<String, IdentityError> {
    let params = CertificateParams::new(vec![agent_name(datacenter)])?;
    Ok(params.serialize_request(key)?.pem()?)
}

/// Tells a refusal (asking again is no use) from a server that cannot answer now.
fn refused(status: tonic::Status) -> IdentityError {
    use tonic::Code;
    match status.code() {
        Code::Unauthenticated
        | Code::PermissionDenied
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::Unimplemented => IdentityError::Refused(Box::new(status)),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::OutOfRange
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => IdentityError::Unreachable(status.into()),
    }
}
