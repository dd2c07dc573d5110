//! Secrets that must be readable again: sealed with a key of the installation.
//!
//! The key lies in `secrets.key` of the data directory, beside the authority's, with access for
//! its owner only; all servers of an installation share it. The database holds what is sealed, so
//! neither a copy of the database nor the key alone tells a secret.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::RngCore as _;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;

/// Name of the file.
const FILE: &str = "secrets.key";
const KEY_BYTES: usize = 32;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("{path} could not be read or written: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("{0} does not hold {KEY_BYTES} bytes in base64; restore it from its copy")]
    Form(PathBuf),
}

/// Seals and opens.
pub struct Sealer {
    key: LessSafeKey,
    handles: hmac::Key,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").finish_non_exhaustive()
    }
}

impl Sealer {
    /// Reads the key of a directory, or makes one there.
    pub fn open(directory: &Path) -> Result<Self, SealError> {
        let path = directory.join(FILE);
        let file = |source| SealError::File { path: path.clone(), source };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                create(directory, &path).map_err(file)?;
                fs::read_to_string(&path).map_err(file)?
            }
            Err(error) => return Err(file(error)),
        };
        let bytes = STANDARD.decode(text.trim()).ok().filter(|bytes| bytes.len() == KEY_BYTES);
        Ok(Self::new(&bytes.ok_or_else(|| SealError::Form(path.clone()))?))
    }

    fn new(bytes: &[u8]) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        let derived = |purpose: &str| hmac::sign(&root, purpose.as_bytes());
        let key = UnboundKey::new(&AES_256_GCM, derived("mainstay sealed secrets").as_ref());
        Self {
            key: LessSafeKey::new(key.expect("a SHA-256 is as long as the key")),
            handles: hmac::Key::new(hmac::HMAC_SHA256, derived("mainstay user handles").as_ref()),
        }
    }

    /// Seals a secret of `about`, which has to be the same at opening: nonce, text, tag.
    pub fn seal(&self, plain: &[u8], about: &str) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        rand::rng().fill_bytes(&mut nonce);
        let mut text = plain.to_vec();
        let about = Aad::from(about.as_bytes());
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), about, &mut text)
            .expect("a secret is far shorter than the longest text of the method");
        [nonce.as_slice(), &text].concat()
    }

    /// Opens it. `None`: it was sealed with another key or for something else, or was changed.
    pub fn open_sealed(&self, sealed: &[u8], about: &str) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let plain = self.key.open_in_place(nonce, Aad::from(about.as_bytes()), &mut text).ok()?;
        Some(plain.to_vec())
    }

    /// What devices call a user: the same for all passkeys of one, and telling nothing of the name.
    pub fn handle(&self, name: &str) -> [u8; 16] {
        let tag = hmac::sign(&self.handles, name.as_bytes());
        let mut handle = [0; 16];
        handle.copy_from_slice(&tag.as_ref()[..16]);
        handle
    }
}

/// Makes the file whole or not at all; another server may do so at the same moment, and one wins.
fn create(directory: &Path, path: &Path) -> io::Result<()> {
    let mut bytes = [0; KEY_BYTES];
    rand::rng().fill_bytes(&mut bytes);
    let scratch = directory.join(format!(".{FILE}.{}", super::random()));
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&scratch)?;
    file.write_all(STANDARD.encode(bytes).as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&scratch, path);
    fs::remove_file(&scratch)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn opens_after_a_restart_and_for_the_same_purpose_only() {
        let dir = tempfile::tempdir().expect("a directory");
        let first = Sealer::open(dir.path()).expect("made");
        let again = Sealer::open(dir.path()).expect("read back");
        let sealed = first.seal(b"a secret", "totp ann");
        assert_eq!(again.open_sealed(&sealed, "totp ann").as_deref(), Some(&b"a secret"[..]));
        assert_eq!(again.open_sealed(&sealed, "totp ben"), None);
        let mut changed = sealed.clone();
        *changed.last_mut().expect("not empty") ^= 1;
        assert_eq!(again.open_sealed(&changed, "totp ann"), None);
        assert_eq!(again.open_sealed(&sealed[..5], "totp ann"), None);
        assert_ne!(sealed, first.seal(b"a secret", "totp ann"), "each has a nonce of its own");
        assert_eq!(first.handle("ann"), again.handle("ann"));
        assert_ne!(first.handle("ann"), first.handle("ben"));

        let other = tempfile::tempdir().expect("a directory");
        let other = Sealer::open(other.path()).expect("made");
        assert_eq!(other.open_sealed(&sealed, "totp ann"), None);
    }

    #[test]
    fn the_file_is_its_owners_and_is_not_guessed_at() {
        let dir = tempfile::tempdir().expect("a directory");
        Sealer::open(dir.path()).expect("made");
        let path = dir.path().join(FILE);
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).expect("read").count(), 1, "no scratch is left");
        fs::write(&path, "short").expect("written");
        assert!(matches!(Sealer::open(dir.path()), Err(SealError::Form(_))));
    }
}
