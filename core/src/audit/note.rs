//! Signed checkpoints of the audit log: C2SP `tlog-checkpoint` inside C2SP `signed-note`.
//!
//! A checkpoint says how many entries the log had and the root of the Merkle tree over them; the
//! note around it carries Ed25519 signatures. Whoever kept an older checkpoint can demand a proof
//! that today's log begins with it. Keys are values here: making and keeping them is the caller's.
//!
//! Formats: <https://c2sp.org/tlog-checkpoint> and <https://c2sp.org/signed-note>.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature as Ed25519, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use super::merkle::Hash;

/// Largest note that is read, in bytes.
pub const NOTE_MAX_BYTES: usize = 64 * 1024;
/// Most signatures of a note.
pub const SIGNATURES_MAX: usize = 64;
/// The signature type byte of Ed25519.
const ED25519: u8 = 1;
const PRIVATE_PREFIX: &str = "PRIVATE+KEY+";

/// Why a note, checkpoint or key is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("a note is text, an empty line, and signature lines; {0}")]
    Note(&'static str),
    #[error("a checkpoint is an origin, a size and a root, each on its line; {0}")]
    Checkpoint(&'static str),
    #[error("a verifier key reads <name>+<8 hexadecimal digits>+<base64>; {0}")]
    Verifier(&'static str),
    #[error("a signer key reads PRIVATE+KEY+<name>+<8 hexadecimal digits>+<base64>; {0}")]
    Signer(&'static str),
    #[error("a key's name is 1 to 128 characters without spaces or plus signs")]
    Name,
    #[error("no signature by {0}")]
    Unsigned(String),
    #[error("the signature by {0} is wrong")]
    Forged(String),
}

/// The state of the log at a size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log; the name of its key.
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// Root of the Merkle tree over them.
    pub root: Hash,
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, BASE64.encode(self.root.0))
    }
}

impl FromStr for Checkpoint {
    type Err = NoteError;
    /// Reads the text of a note; lines after the third are extensions and are passed over.
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let bad = NoteError::Checkpoint;
        let body = text.strip_suffix('\n').ok_or(bad("the last line does not end"))?;
        let mut lines = body.split('\n');
        let origin = lines.next().filter(|line| !line.is_empty()).ok_or(bad("no origin"))?;
        let size = lines.next().ok_or(bad("no size"))?;
        let plain = size == "0" || !size.starts_with(['0', '+']);
        let size = size.parse().ok().filter(|_| plain).ok_or(bad("the size is not a number"))?;
        let root = lines.next().ok_or(bad("no root"))?;
        let root = BASE64.decode(root).map_err(|_| bad("the root is not base64"))?;
        let root = Hash::from_slice(&root).ok_or(bad("the root is not 32 bytes"))?;
        if lines.any(str::is_empty) {
            return Err(bad("an extension line is empty"));
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}

/// A public key with the name it signs under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
}

impl VerifierKey {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first 4 bytes of SHA-256 over name, newline, type and key.
    pub fn id(&self) -> u32 {
        let mut hash = Sha256::new();
        hash.update(self.name.as_bytes());
        hash.update([b'\n', ED25519]);
        hash.update(self.key.as_bytes());
        let hash = hash.finalize();
        u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = [&[ED25519], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.id(), BASE64.encode(typed))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let bad = NoteError::Verifier;
        let (name, id, bytes) = key_parts(text).ok_or(bad("a part is missing"))?;
        let bytes = bytes.ok_or(bad("the key is not 32 bytes of type Ed25519 in base64"))?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| bad("the key is no point"))?;
        let key = Self { name: checked_name(name)?, key };
        if id != format!("{:08x}", key.id()) {
            return Err(bad("the hexadecimal digits do not belong to this name and key"));
        }
        Ok(key)
    }
}

/// A private key with the name it signs under. Its text is the secret itself, so there is no
/// `Display`, and `Debug` hides it.
#[derive(Clone)]
pub struct SignerKey {
    name: String,
    key: SigningKey,
}

impl SignerKey {
    /// From 32 random bytes.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        Ok(Self { name: checked_name(name)?, key: SigningKey::from_bytes(seed) })
    }

    pub fn verifier(&self) -> VerifierKey {
        VerifierKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// The text to keep in a file that only its owner may read.
    pub fn to_secret_text(&self) -> String {
        let typed = [&[ED25519], self.key.as_bytes().as_slice()].concat();
        let (name, id) = (&self.name, self.verifier().id());
        format!("{PRIVATE_PREFIX}{name}+{id:08x}+{}", BASE64.encode(typed))
    }

    /// Signs a checkpoint of the log that this key is for; returns the whole note.
    pub fn sign(&self, size: u64, root: Hash) -> String {
        let text = Checkpoint { origin: self.name.clone(), size, root }.to_string();
        let signature = self.key.sign(text.as_bytes()).to_bytes();
        let id = self.verifier().id().to_be_bytes();
        let encoded = BASE64.encode([id.as_slice(), signature.as_slice()].concat());
        format!("{text}\n— {} {encoded}\n", self.name)
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignerKey").field("name", &self.name).finish_non_exhaustive()
    }
}

impl FromStr for SignerKey {
    type Err = NoteError;
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let bad = NoteError::Signer;
        let text = text.strip_prefix(PRIVATE_PREFIX).ok_or(bad("the beginning is missing"))?;
        let (name, id, bytes) = key_parts(text).ok_or(bad("a part is missing"))?;
        let seed = bytes.ok_or(bad("the key is not 32 bytes of type Ed25519 in base64"))?;
        let key = Self::from_seed(name, &seed)?;
        if id != format!("{:08x}", key.verifier().id()) {
            return Err(bad("the hexadecimal digits do not belong to this name and key"));
        }
        Ok(key)
    }
}

/// Name, id and, if they are well formed, the 32 bytes of a key. Base64 may hold plus signs, a
/// name may not.
fn key_parts(text: &str) -> Option<(&str, &str, Option<[u8; 32]>)> {
    let mut parts = text.splitn(3, '+');
    let (name, id, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let typed = BASE64.decode(encoded).ok();
    let bytes = typed.and_then(|typed| match typed.split_first() {
        Some((&ED25519, key)) => key.try_into().ok(),
        Some(_) | None => None,
    });
    Some((name, id, bytes))
}

fn checked_name(name: &str) -> Result<String, NoteError> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    if name.is_empty() || name.chars().count() > 128 || name.contains(bad) {
        return Err(NoteError::Name);
    }
    Ok(name.to_owned())
}

/// A signed text, not verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note<'a> {
    /// What is signed, its last newline included.
    text: &'a str,
    signatures: Vec<Signature<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Signature<'a> {
    name: &'a str,
    key_id: u32,
    bytes: Vec<u8>,
}

impl<'a> Note<'a> {
    pub fn parse(note: &'a str) -> Result<Self, NoteError> {
        let bad = NoteError::Note;
        if note.len() > NOTE_MAX_BYTES {
            return Err(bad("this one is longer than 64 KiB"));
        }
        if note.contains(|c: char| c.is_control() && c != '\n') {
            return Err(bad("this one has control characters"));
        }
        let end = note.rfind("\n\n").ok_or(bad("this one has no empty line"))?;
        let (text, lines) = (&note[..=end], &note[end + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(bad("the last line does not end"))?;
        if lines.split('\n').count() > SIGNATURES_MAX {
            return Err(bad("this one has more than 64 signatures"));
        }
        let signatures = lines.split('\n').map(Signature::parse);
        Ok(Self { text, signatures: signatures.collect::<Result<_, _>>()? })
    }

    /// Checks the signature by `key` and reads the checkpoint, which must be of the key's log.
    pub fn verify(&self, key: &VerifierKey) -> Result<Checkpoint, NoteError> {
        let (name, id) = (key.name(), key.id());
        let mine = |s: &&Signature<'_>| s.name == name && s.key_id == id;
        let unsigned = || NoteError::Unsigned(name.to_owned());
        let signature = self.signatures.iter().find(mine).ok_or_else(unsigned)?;
        let forged = || NoteError::Forged(name.to_owned());
        let bytes = Ed25519::from_slice(&signature.bytes).map_err(|_| forged())?;
        key.key.verify_strict(self.text.as_bytes(), &bytes).map_err(|_| forged())?;
        let checkpoint = self.checkpoint()?;
        if checkpoint.origin != name {
            return Err(NoteError::Checkpoint("the origin is another log"));
        }
        Ok(checkpoint)
    }

    /// The checkpoint as claimed, unverified.
    pub fn checkpoint(&self) -> Result<Checkpoint, NoteError> {
        self.text.parse()
    }
}

impl<'a> Signature<'a> {
    fn parse(line: &'a str) -> Result<Self, NoteError> {
        let bad = NoteError::Note;
        let line = line.strip_prefix("— ").ok_or(bad("a signature line begins with a dash"))?;
        let (name, encoded) = line.split_once(' ').ok_or(bad("a signature has no key name"))?;
        checked_name(name)?;
        let bytes = BASE64.decode(encoded).map_err(|_| bad("a signature is not base64"))?;
        let (id, bytes) = bytes.split_first_chunk().ok_or(bad("a signature is too short"))?;
        Ok(Self { name, key_id: u32::from_be_bytes(*id), bytes: bytes.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::merkle::leaf_hash;

    fn signer() -> SignerKey {
        SignerKey::from_seed("mainstay.example/audit", &[7; 32]).expect("a good name")
    }

    #[test]
    fn keys_and_notes_of_another_implementation_are_understood() {
        // The example of the Go package golang.org/x/mod/sumdb/note.
        let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let note = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n\n\
                    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZ\
                    SNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        let verifier: VerifierKey = key.parse().expect("a key");
        assert_eq!(verifier.to_string(), key);
        // The signature holds: what is refused is that the text is no checkpoint.
        let verdict = Note::parse(note).expect("a note").verify(&verifier);
        assert!(matches!(verdict, Err(NoteError::Checkpoint(_))), "{verdict:?}");
        let other = note.replace("answer", "Answer");
        let verdict = Note::parse(&other).expect("a note").verify(&verifier);
        assert_eq!(verdict, Err(NoteError::Forged("PeterNeumann".into())));
    }

    #[test]
    fn a_signed_checkpoint_reads_back_and_any_change_is_refused() {
        let (signer, root) = (signer(), leaf_hash(b"x"));
        let note = signer.sign(42, root);
        let checkpoint = Checkpoint { origin: "mainstay.example/audit".into(), size: 42, root };
        let verifier: VerifierKey = signer.verifier().to_string().parse().expect("reads back");
        let verify = |note: &str| Note::parse(note).and_then(|note| note.verify(&verifier));
        assert_eq!(verify(&note), Ok(checkpoint));
        assert_eq!(verify(&note.replacen("42", "43", 1)), Err(forged()));
        let other = SignerKey::from_seed("mainstay.example/audit", &[8; 32]).expect("a name");
        let unsigned = NoteError::Unsigned("mainstay.example/audit".into());
        assert_eq!(verify(&other.sign(42, root)), Err(unsigned));
        for at in (0..note.len()).step_by(5) {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1;
            if let Ok(text) = String::from_utf8(bytes) {
                assert!(verify(&text).is_err(), "byte {at}");
            }
        }
    }

    fn forged() -> NoteError {
        NoteError::Forged("mainstay.example/audit".into())
    }

    #[test]
    fn a_signer_key_reads_back_and_hides_itself() {
        let text = signer().to_secret_text();
        let back: SignerKey = text.parse().expect("reads back");
        assert_eq!(back.to_secret_text(), text);
        assert!(!format!("{back:?}").contains(&text[40..]));
    }

    #[test]
    fn refuses_what_is_malformed() {
        let good = signer().verifier().to_string();
        let swapped = good.replacen("mainstay", "mainstuy", 1);
        for bad in ["", "a", "a+b", "a+00000000+AQ==", "a b+00000000+AQ==", &swapped] {
            assert!(bad.parse::<VerifierKey>().is_err(), "{bad}");
        }
        for bad in ["", "o\n", "o\n1\n", "o\n01\nAA==\n", "o\n1\nAA==\n", "\n1\nAA==\n", "o\n+1\n"]
        {
            assert!(bad.parse::<Checkpoint>().is_err(), "{bad:?}");
        }
        for bad in ["", "a", "a\n\n", "a\n\nb\n", "a\n\n— x\n", "a\n\n— x !\n", "a\n\n— x AA==\n"]
        {
            assert!(Note::parse(bad).is_err(), "{bad:?}");
        }
        assert!(SignerKey::from_seed("a+b", &[0; 32]).is_err());
    }
}
