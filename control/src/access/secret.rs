//! Secrets: drawing them, hashing them, and telling whether one is right.
//!
//! Passwords are hashed with argon2id (RFC 9106; m = 19 MiB, t = 2, p = 1: the OWASP cheat sheet's
//! parameters), each costing some 25 ms of a core and 19 MiB: so at most [`WORKERS`] at a time
//! with a short queue before them, and whoever comes then is told to come again. Random secrets
//! have 256 bits, so a plain SHA-256 hides them as well.

use std::sync::Arc;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

/// Passwords that are hashed at the same time.
pub const WORKERS: usize = 2;
/// Passwords that wait for a worker.
pub const QUEUE: usize = 16;
/// Longest password, in bytes.
pub const PASSWORD_MAX_BYTES: usize = 1_024;
/// Shortest password, in characters (NIST SP 800-63B: length is what counts).
pub const PASSWORD_MIN_CHARS: usize = 12;

const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A hash of a password that nobody has, made with the same parameters: checking against it
/// takes as long for a user that does not exist.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bWFpbnN0YXktbm9ib2R5$\
     AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// More passwords are waiting than is sensible; come again in a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many sign-ins at the same time")]
pub struct Busy;

/// Hashes and checks passwords off the async threads.
#[derive(Clone, Debug)]
pub struct Passwords {
    queue: Arc<Semaphore>,
    workers: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            queue: Arc::new(Semaphore::new(WORKERS + QUEUE)),
            workers: Arc::new(Semaphore::new(WORKERS)),
        }
    }
}

impl Passwords {
    /// The PHC string of a password.
    pub async fn hash(&self, password: &str) -> Result<String, Busy> {
        let password = password.to_owned();
        self.run(move || hash(&password)).await
    }

    /// Whether `password` is the one of `stored`; takes as long without a `stored` one.
    pub async fn verify(&self, password: &str, stored: Option<String>) -> Result<bool, Busy> {
        let password = password.to_owned();
        self.run(move || {
            let known = stored.is_some();
            let stored = stored.as_deref().unwrap_or(NOBODY);
            verify(&password, stored) && known
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let place = Arc::clone(&self.queue).try_acquire_owned();
        let place = place.map_err(|_full| Busy)?;
        let worker = Arc::clone(&self.workers).acquire_owned().await;
        let worker = worker.expect("the semaphore is never closed");
        // The permits go with the work: a request that is given up does not free them early.
        let work = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((worker, place));
            done
        });
        Ok(work.await.expect("hashing does not panic and is not aborted"))
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are valid");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &str) -> String {
    let mut salt = [0; 16];
    rand::rng().fill_bytes(&mut salt);
    let salt = SaltString::encode_b64(&salt).expect("16 bytes are a salt");
    argon2()
        .hash_password(password.as_bytes(), &salt)
        .expect("any password up to 4 GiB can be hashed")
        .to_string()
}

fn verify(password: &str, stored: &str) -> bool {
    PasswordHash::new(stored)
        .is_ok_and(|stored| argon2().verify_password(password.as_bytes(), &stored).is_ok())
}

/// A new secret of 256 random bits as 43 characters of base64url.
pub fn random() -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What is stored of a random secret.
pub fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn knows_its_own_and_nobody_elses() {
        let passwords = Passwords::default();
        let stored = passwords.hash("correct horse battery").await.expect("free");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let check = async |password: &str, stored: Option<String>| {
            passwords.verify(password, stored).await.expect("free")
        };
        assert!(check("correct horse battery", Some(stored.clone())).await);
        assert!(!check("correct horse batterz", Some(stored)).await);
        assert!(!check("correct horse battery", None).await);
        assert!(!check("x", Some("not a hash".into())).await);
        assert!(PasswordHash::new(NOBODY).is_ok());
    }

    #[tokio::test]
    async fn a_full_queue_is_told_at_once() {
        let passwords = Passwords::default();
        let all = u32::try_from(WORKERS + QUEUE).expect("fits");
        let held = passwords.queue.try_acquire_many(all).expect("free");
        assert_eq!(passwords.hash("correct horse battery").await, Err(Busy));
        drop(held);
        assert!(passwords.hash("correct horse battery").await.is_ok());
    }

    #[test]
    fn secrets_differ_and_digest_to_32_bytes() {
        assert_ne!(random(), random());
        assert_eq!(random().len(), 43);
        assert_eq!(digest("a")[..2], [0xca, 0x97]);
    }
}
