//! A device with a passkey, as far as the console sees one: it makes a key and signs with it. Its
//! count and what it claims can be set, as a thief's device would.

#![allow(clippy::unwrap_used, reason = "a test")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Somebody is there, and the device knows who.
const PRESENT_AND_VERIFIED: u8 = 0x05;
/// A new key follows.
const NEW_KEY: u8 = 0x40;

pub struct Device {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    /// What it says it was used for.
    pub origin: String,
    /// How often it was used.
    pub count: u32,
    pub flags: u8,
}

impl Device {
    pub fn new(origin: &str) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
        let id = Sha256::digest(key.public_key().as_ref()).to_vec();
        Self { key, id, origin: origin.to_owned(), count: 1, flags: PRESENT_AND_VERIFIED }
    }

    /// The answer to the question for a new key.
    pub fn make(&self, question: &Value) -> String {
        let about = &question["publicKey"];
        let client = self.client("webauthn.create", &about["challenge"]);
        let mut data = self.data(about["rp"]["id"].as_str().unwrap(), NEW_KEY);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        // An uncompressed point: 4, x, y.
        let point = self.key.public_key().as_ref();
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..65]);
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(&data);
        let response =
            json!({ "attestationObject": text(&object), "clientDataJSON": text(&client) });
        self.answer(&response)
    }

    /// The answer to the question for the use of the key.
    pub fn sign(&mut self, question: &Value) -> String {
        self.count += 1;
        let about = &question["publicKey"];
        for wanted in about["allowCredentials"].as_array().unwrap() {
            // A browser refuses the whole question otherwise.
            URL_SAFE_NO_PAD.decode(wanted["id"].as_str().unwrap()).unwrap();
        }
        let client = self.client("webauthn.get", &about["challenge"]);
        let data = self.data(about["rpId"].as_str().unwrap(), 0);
        let signed = [data.as_slice(), &Sha256::digest(&client)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        let response = json!({
            "authenticatorData": text(&data),
            "clientDataJSON": text(&client),
            "signature": text(signature.as_ref()),
        });
        self.answer(&response)
    }

    fn client(&self, kind: &str, challenge: &Value) -> Vec<u8> {
        let client = json!({ "type": kind, "challenge": challenge, "origin": self.origin,
                             "crossOrigin": false });
        client.to_string().into_bytes()
    }

    fn data(&self, name: &str, more: u8) -> Vec<u8> {
        let mut data = Sha256::digest(name).to_vec();
        data.push(self.flags | more);
        data.extend(self.count.to_be_bytes());
        data
    }

    fn answer(&self, response: &Value) -> String {
        let id = text(&self.id);
        json!({ "id": id, "rawId": id, "type": "public-key", "extensions": {},
                "response": response })
        .to_string()
    }
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
