//! The certificate authority of the agent links: names the servers and the agents to each other.
//!
//! Owns the authority's key and certificate, kept as two files of the data directory that all
//! servers of one installation share. Invariant: a key is written with access for its owner only
//! and never leaves this module but as the server's own TLS identity.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::access::AgentCertificate;
use mainstay_core::id::DatacenterId;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use sha2::{Digest, Sha256};

/// How long the authority's certificate is valid.
const AUTHORITY_DAYS: i64 = 3650;
/// How long an agent's certificate is valid; agents renew after two thirds.
pub const AGENT_DAYS: i64 = 30;
/// How long a server's certificate is valid; a new one is made at each start.
const SERVER_DAYS: i64 = 90;
/// Clocks may differ by this much.
const BACKDATE: TimeDelta = TimeDelta::minutes(5);
/// Longest request for a certificate that is read, in bytes.
const CSR_MAX_BYTES: usize = 8 * 1024;

/// Signs the certificates of servers and agents.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate_pem: String,
    fingerprint: String,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority({})", self.fingerprint)
    }
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("{path} could not be read or written: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("only one of {0} and its key exists; restore the other, or move it away to begin anew")]
    Half(PathBuf),
    #[error("the request for a certificate was refused: {0}")]
    Request(String),
    #[error("a certificate could not be made: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("{0} is not a certificate in PEM form")]
    NotPem(PathBuf),
}

/// A certificate for an agent.
#[derive(Clone, Debug)]
pub struct Issued {
    pub pem: String,
    /// SHA-256 of the certificate, hexadecimal.
    pub fingerprint: String,
    pub issued_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

impl Issued {
    /// What is recorded of it.
    pub fn certificate(&self, datacenter: &DatacenterId) -> AgentCertificate {
        AgentCertificate {
            fingerprint: self.fingerprint.clone(),
            datacenter: datacenter.clone(),
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            revoked_at: None,
        }
    }
}

/// Certificate chain and key of a server, PEM.
pub struct ServerIdentity {
    pub chain_pem: String,
    pub key_pem: String,
}

impl Authority {
    /// Reads the authority from `ca.pem` and `ca.key` of a directory, or creates it there.
    pub fn open(directory: &Path, now: DateTime<Utc>) -> Result<Self, AuthorityError> {
        let (cert_path, key_path) = (directory.join("ca.pem"), directory.join("ca.key"));
        match (cert_path.exists(), key_path.exists()) {
            (true, true) => {}
            (false, false) => create(&cert_path, &key_path, now)?,
            (true, false) | (false, true) => return Err(AuthorityError::Half(cert_path)),
        }
        let certificate_pem = read(&cert_path)?;
        let key = KeyPair::from_pem(&read(&key_path)?)?;
        let der = der_of(&certificate_pem).ok_or(AuthorityError::NotPem(cert_path))?;
        Ok(Self {
            issuer: Issuer::from_ca_cert_pem(&certificate_pem, key)?,
            fingerprint: fingerprint(&der),
            certificate_pem,
        })
    }

    /// The authority's certificate, PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// SHA-256 of the authority's certificate, hexadecimal: what a join token pins.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// A fresh identity for a server that agents reach by these names and addresses.
    pub fn server(
        &self,
        names: Vec<String>,
        now: DateTime<Utc>,
    ) -> Result<ServerIdentity, AuthorityError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, "mainstay server");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        set_validity(&mut params, now, TimeDelta::days(SERVER_DAYS));
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(ServerIdentity {
            chain_pem: format!("{}{}", certificate.pem(), self.certificate_pem),
            key_pem: key.serialize_pem(),
        })
    }

    /// Signs an agent's key for one data centre. Only the key is taken from the request; every
    /// name and right in the certificate is decided here.
    pub fn agent(
        &self,
        csr_pem: &str,
        datacenter: &DatacenterId,
        now: DateTime<Utc>,
    ) -> Result<Issued, AuthorityError> {
        if csr_pem.len() > CSR_MAX_BYTES {
            let message = format!("it is longer than {CSR_MAX_BYTES} bytes");
            return Err(AuthorityError::Request(message));
        }
        let mut request = CertificateSigningRequestParams::from_pem(csr_pem)
            .map_err(|error| AuthorityError::Request(error.to_string()))?;
        let mut params = CertificateParams::new(vec![mainstay_wire::agent_name(datacenter)])?;
        params.distinguished_name.push(DnType::CommonName, datacenter.as_str());
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let expires_at = set_validity(&mut params, now, TimeDelta::days(AGENT_DAYS));
        request.params = params;
        let certificate = request.signed_by(&self.issuer)?;
        Ok(Issued {
            pem: certificate.pem(),
            fingerprint: fingerprint(certificate.der()),
            issued_at: now,
            expires_at,
        })
    }
}

/// SHA-256 of a DER certificate, hexadecimal.
pub fn fingerprint(der: &[u8]) -> String {
    Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn create(cert_path: &Path, key_path: &Path, now: DateTime<Utc>) -> Result<(), AuthorityError> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "mainstay authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_validity(&mut params, now, TimeDelta::days(AUTHORITY_DAYS));
    let certificate = params.self_signed(&key)?;
    write_new(key_path, &key.serialize_pem())?;
    write_new(cert_path, &certificate.pem())
}

fn set_validity(
    params: &mut CertificateParams,
    now: DateTime<Utc>,
    length: TimeDelta,
) -> DateTime<Utc> {
    let ends = now + length;
    params.not_before = std::time::SystemTime::from(now - BACKDATE).into();
    params.not_after = std::time::SystemTime::from(ends).into();
    ends
}

fn read(path: &Path) -> Result<String, AuthorityError> {
    fs::read_to_string(path)
        .map_err(|source| AuthorityError::File { path: path.to_owned(), source })
}

/// Writes a file that must not exist yet, readable for its owner only.
fn write_new(path: &Path, text: &str) -> Result<(), AuthorityError> {
    let write = || {
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|source| AuthorityError::File { path: path.to_owned(), source })
}

/// The first block of a PEM text, decoded.
fn der_of(pem: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    let body = pem.split("-----BEGIN CERTIFICATE-----").nth(1)?;
    let body: String = body.split("-----END").next()?.split_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).expect("a timestamp")
    }

    #[test]
    fn survives_a_restart_and_signs_only_what_it_decides() {
        let dir = tempfile::tempdir().expect("a directory");
        let first = Authority::open(dir.path(), now()).expect("created");
        let again = Authority::open(dir.path(), now()).expect("read back");
        assert_eq!(first.fingerprint(), again.fingerprint());

        let key = KeyPair::generate().expect("a key");
        let greedy = CertificateParams::new(vec!["another.agent.mainstay.internal".into()])
            .expect("params")
            .serialize_request(&key)
            .expect("a request");
        let dc = DatacenterId::new("fra1").expect("an id");
        let issued = again.agent(&greedy.pem().expect("pem"), &dc, now()).expect("signed");
        let der = der_of(&issued.pem).expect("der");
        assert_eq!(issued.fingerprint, fingerprint(&der));
        let text = String::from_utf8_lossy(&der);
        assert!(text.contains("fra1.agent.mainstay.internal") && !text.contains("another"));
    }

    #[test]
    fn refuses_half_an_authority_and_hostile_requests() {
        let dir = tempfile::tempdir().expect("a directory");
        let authority = Authority::open(dir.path(), now()).expect("created");
        let dc = DatacenterId::new("fra1").expect("an id");
        for bad in [String::new(), "-----BEGIN".into(), "A".repeat(CSR_MAX_BYTES + 1)] {
            assert!(authority.agent(&bad, &dc, now()).is_err());
        }
        fs::remove_file(dir.path().join("ca.key")).expect("removed");
        assert!(matches!(Authority::open(dir.path(), now()), Err(AuthorityError::Half(_))));
    }
}
