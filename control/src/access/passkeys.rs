//! Passkeys (WebAuthn): what a device is asked, and whether what it answers is right.
//!
//! Must not: know sessions or SQL. The state of a question goes to the session on the server; it
//! is serialised there, which the library calls dangerous because it must not go to the browser.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mainstay_core::access::User;
use serde_json::Value;
use webauthn_rs::prelude::{
    CreationChallengeResponse, DiscoverableAuthentication, Passkey, PasskeyRegistration,
    PublicKeyCredential, RegisterPublicKeyCredential, RequestChallengeResponse, Url, Uuid,
    Webauthn, WebauthnBuilder,
};

/// Why passkeys cannot be used at an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicUrlError {
    #[error("{0:?} is no address; write it as browsers show it, `https://console.example.org`")]
    Form(String),
    #[error("{0} has a path or a query; write only scheme, name and port")]
    Path(String),
    #[error(
        "passkeys need a name: browsers make none for the address {0}; on this machine write \
             `localhost`"
    )]
    NoName(String),
    #[error("{0} is not https; browsers make passkeys over http for `localhost` only")]
    Plain(String),
}

/// Where browsers reach the console, as `--public-url` says.
#[derive(Clone, Debug)]
pub struct PublicUrl(Url);

impl PublicUrl {
    /// Reads an address: https, or http on this machine; no path.
    pub fn parse(text: &str) -> Result<Self, PublicUrlError> {
        let form = || PublicUrlError::Form(text.to_owned());
        let url: Url = text.trim().parse().map_err(|_| form())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(form());
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(PublicUrlError::Path(text.to_owned()));
        }
        let Some(name) = url.domain() else { return Err(PublicUrlError::NoName(text.to_owned())) };
        if url.scheme() == "http" && name != "localhost" && !name.ends_with(".localhost") {
            return Err(PublicUrlError::Plain(text.to_owned()));
        }
        Ok(Self(url))
    }

    /// An address of the console, from its path.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0.as_str().trim_end_matches('/'))
    }
}

/// Asks devices and checks their answers.
#[derive(Debug)]
pub struct Passkeys {
    webauthn: Webauthn,
}

/// What a device answered to the question for a key.
pub struct Used {
    /// What the device calls the key.
    pub id: Vec<u8>,
    answer: PublicKeyCredential,
}

impl Passkeys {
    pub fn new(url: &PublicUrl) -> Self {
        let name = url.0.domain().expect("a public address has a name");
        let webauthn = WebauthnBuilder::new(name, &url.0).expect("the name is the address's own");
        let webauthn = webauthn.rp_name("Mainstay").build();
        Self { webauthn: webauthn.expect("nothing else can be wrong") }
    }

    /// The question for a new key, and the state to keep. Keys that the user has are not offered
    /// again; one that a device finds without a name is asked for, and not insisted on.
    pub fn ask_new(
        &self,
        user: &User,
        handle: [u8; 16],
        known: &[Value],
    ) -> Option<(Value, Value)> {
        let known = known.iter().filter_map(read).map(|key| key.cred_id().clone()).collect();
        let handle = Uuid::from_bytes(handle);
        let (name, shown) = (user.name.as_str(), user.display_name.as_str());
        let asked = self.webauthn.start_passkey_registration(handle, name, shown, Some(known));
        let (mut question, state): (CreationChallengeResponse, PasskeyRegistration) = asked.ok()?;
        if let Some(selection) = &mut question.public_key.authenticator_selection {
            let preferred = serde_json::from_value(Value::from("preferred"));
            selection.resident_key = preferred.ok();
        }
        Some((serde_json::to_value(question).ok()?, serde_json::to_value(state).ok()?))
    }

    /// The new key in the form to keep, and what the device calls it. An error says what is wrong.
    pub fn made(&self, answer: &str, state: Value) -> Result<(Vec<u8>, Value), String> {
        let answer: RegisterPublicKeyCredential = parse(answer)?;
        let state: PasskeyRegistration = of_state(state)?;
        let made = self.webauthn.finish_passkey_registration(&answer, &state);
        let made = made.map_err(|error| error.to_string())?;
        let kept = serde_json::to_value(&made).map_err(|error| error.to_string())?;
        Ok((made.cred_id().to_vec(), kept))
    }

    /// The question for the use of a key, and the state to keep. `known`: those that are wanted;
    /// empty: whichever the device has for this console.
    pub fn ask_use(&self, known: &[Value]) -> Option<(Value, Value)> {
        let asked = self.webauthn.start_discoverable_authentication().ok()?;
        let (mut question, state): (RequestChallengeResponse, DiscoverableAuthentication) = asked;
        // Somebody presses a button: the browser need not wait for a name being typed.
        question.mediation = None;
        let mut question = serde_json::to_value(question).ok()?;
        // As browsers read it: `parseRequestOptionsFromJSON` refuses anything but base64url.
        let ids = known.iter().filter_map(read).map(|key| {
            let id = URL_SAFE_NO_PAD.encode(key.cred_id());
            serde_json::json!({ "type": "public-key", "id": id })
        });
        let ids: Vec<Value> = ids.collect();
        if !ids.is_empty() {
            question["publicKey"]["allowCredentials"] = ids.into();
        }
        Some((question, serde_json::to_value(state).ok()?))
    }

    /// Reads what a device answered to the question for the use of a key.
    pub fn answered(answer: &str) -> Result<Used, String> {
        let answer: PublicKeyCredential = parse(answer)?;
        Ok(Used { id: answer.get_credential_id().to_vec(), answer })
    }

    /// Whether the answer is right for the key as it is kept; the key as it is kept from now on,
    /// its count raised. A count that does not rise is that of a copy of the key, and refused.
    pub fn used(&self, used: &Used, state: Value, kept: &Value) -> Result<Value, String> {
        let state: DiscoverableAuthentication = of_state(state)?;
        let mut key = read(kept).ok_or("the kept key cannot be read")?;
        let result = self.webauthn.finish_discoverable_authentication_v2(&used.answer, state, &key);
        let result = result.map_err(|error| error.to_string())?;
        if !result.user_verified() {
            return Err("the device did not ask whose hand it is in".to_owned());
        }
        key.update_credential(&result);
        serde_json::to_value(&key).map_err(|error| error.to_string())
    }
}

fn read(kept: &Value) -> Option<Passkey> {
    serde_json::from_value(kept.clone()).ok()
}

fn parse<T: serde::de::DeserializeOwned>(answer: &str) -> Result<T, String> {
    serde_json::from_str(answer).map_err(|_| "the device's answer cannot be read".to_owned())
}

fn of_state<T: serde::de::DeserializeOwned>(state: Value) -> Result<T, String> {
    serde_json::from_value(state).map_err(|_| "the question cannot be read".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_that_browsers_make_passkeys_for() {
        let ok = |text: &str| PublicUrl::parse(text).expect(text).join("/sign-in");
        assert_eq!(ok("https://console.example.org"), "https://console.example.org/sign-in");
        assert_eq!(ok("http://localhost:8080/"), "http://localhost:8080/sign-in");
        for (text, part) in [
            ("console.example.org", "no address"),
            ("ftp://console.example.org", "no address"),
            ("https://", "no address"),
            ("https://console.example.org/x", "only scheme, name and port"),
            ("https://192.0.2.1", "need a name"),
            ("http://127.0.0.1:8080", "need a name"),
            ("http://console.example.org", "not https"),
        ] {
            let error = PublicUrl::parse(text).expect_err(text).to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_question_names_the_wanted_keys_and_tells_nothing_of_the_state() {
        let url = PublicUrl::parse("http://localhost:8080").expect("an address");
        let passkeys = Passkeys::new(&url);
        let (question, state) = passkeys.ask_use(&[]).expect("a question");
        assert_eq!(question["publicKey"]["userVerification"], "required");
        assert!(question.get("mediation").is_none());
        assert!(passkeys.used(&used(), state, &Value::Null).is_err());
    }

    fn used() -> Used {
        let answer = serde_json::json!({
            "id": "AA", "rawId": "AA", "type": "public-key", "extensions": {},
            "response": { "authenticatorData": "AA", "clientDataJSON": "AA", "signature": "AA" },
        });
        Passkeys::answered(&answer.to_string()).unwrap_or_else(|error| panic!("{error}"))
    }
}
