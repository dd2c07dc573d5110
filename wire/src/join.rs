//! Joining: the token an operator hands to a new agent, and the exchange for a certificate.
//!
//! The token carries the fingerprint of the server's certificate authority, so an agent trusts
//! the right server from its first connection on, without any other set-up.

use std::fmt;
use std::str::FromStr;

use mainstay_core::id::DatacenterId;

use crate::error::{Problem, WireError, bounded, id, label};
use crate::limits::{JOIN_TOKEN_MAX_BYTES, PEM_MAX_BYTES};
use crate::proto;

/// The DNS name in every server certificate's alternative names. Agents check for it whatever
/// the address is that they connect to.
pub const SERVER_NAME: &str = "server.mainstay.internal";
/// Domain of the names in agents' certificates.
pub const AGENT_DOMAIN: &str = "agent.mainstay.internal";

/// The DNS name in the certificate of a data centre's agent.
pub fn agent_name(datacenter: &DatacenterId) -> String {
    format!("{datacenter}.{AGENT_DOMAIN}")
}

const FORM: &str = "mst1.SECRET.FINGERPRINT, as the server printed it";
const PREFIX: &str = "mst1";
/// Shortest secret: 128 bits in base64url.
const SECRET_MIN_BYTES: usize = 22;

/// A single-use join token: `mst1.<secret, base64url>.<sha256 of the CA certificate, hex>`.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinToken {
    secret: String,
    ca_fingerprint: [u8; 32],
}

impl JoinToken {
    /// `secret`: base64url without padding, at least 22 characters; `ca_fingerprint`: SHA-256 of
    /// the CA certificate's DER.
    pub fn new(secret: &str, ca_fingerprint: [u8; 32]) -> Result<Self, WireError> {
        let alphabet = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if secret.len() < SECRET_MIN_BYTES || !secret.chars().all(alphabet) {
            return Err(WireError::new("token", Problem::Form(FORM)));
        }
        Ok(Self { secret: secret.to_owned(), ca_fingerprint })
    }

    pub fn secret(&self) -> &str {
        &self.secret
    }

    pub const fn ca_fingerprint(&self) -> &[u8; 32] {
        &self.ca_fingerprint
    }
}

impl FromStr for JoinToken {
    type Err = WireError;

    fn from_str(text: &str) -> Result<Self, WireError> {
        let form = || WireError::new("token", Problem::Form(FORM));
        let text = bounded("token", text.trim().to_owned(), JOIN_TOKEN_MAX_BYTES)?;
        let mut parts = text.split('.');
        let (Some(PREFIX), Some(secret), Some(hex), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(form());
        };
        let mut fingerprint = [0; 32];
        if hex.len() != 64 || !hex.is_ascii() {
            return Err(form());
        }
        for (byte, at) in fingerprint.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&hex[at..at + 2], 16).map_err(|_| form())?;
        }
        Self::new(secret, fingerprint)
    }
}

impl fmt::Display for JoinToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}.{}.", self.secret)?;
        self.ca_fingerprint.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Never shows the secret, so that a token cannot reach a log.
impl fmt::Debug for JoinToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JoinToken(…)")
    }
}

/// A request to join, its form checked; whether the token is good is the server's question.
#[derive(Clone, Debug)]
pub struct JoinRequest {
    pub token: JoinToken,
    pub datacenter: DatacenterId,
    pub csr_pem: String,
}

#[derive(Clone, Debug)]
pub struct RenewRequest {
    pub csr_pem: String,
}

/// A certificate for an agent.
#[derive(Clone, Debug)]
pub struct JoinReply {
    pub certificate_pem: String,
    pub ca_pem: String,
    /// When to ask for the next, from now.
    pub renew_after_seconds: u32,
}

impl TryFrom<proto::JoinRequest> for JoinRequest {
    type Error = WireError;

    fn try_from(m: proto::JoinRequest) -> Result<Self, WireError> {
        Ok(Self {
            token: m.token.parse()?,
            datacenter: id("datacenter", &m.datacenter)?,
            csr_pem: pem("csr_pem", m.csr_pem)?,
        })
    }
}

impl TryFrom<proto::RenewRequest> for RenewRequest {
    type Error = WireError;

    fn try_from(m: proto::RenewRequest) -> Result<Self, WireError> {
        Ok(Self { csr_pem: pem("csr_pem", m.csr_pem)? })
    }
}

impl TryFrom<proto::JoinReply> for JoinReply {
    type Error = WireError;

    fn try_from(m: proto::JoinReply) -> Result<Self, WireError> {
        Ok(Self {
            certificate_pem: pem("certificate_pem", m.certificate_pem)?,
            ca_pem: pem("ca_pem", m.ca_pem)?,
            renew_after_seconds: m.renew_after_seconds,
        })
    }
}

fn pem(field: &str, text: String) -> Result<String, WireError> {
    let flat = label(field, text.replace(['\n', '\r'], ""), PEM_MAX_BYTES)?;
    if !flat.starts_with("-----BEGIN ") {
        return Err(WireError::new(field, Problem::Form("PEM")));
    }
    bounded(field, text, PEM_MAX_BYTES)
}
