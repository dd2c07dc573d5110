//! Commands of WebDriver that the client library has no function for.

use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use url::{ParseError, Url};

/// Reads and empties the log of the browser's console (an extension of chromedriver).
#[derive(Debug)]
pub(crate) struct ReadLog;

impl WebDriverCompatibleCommand for ReadLog {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(r#"{"type":"browser"}"#.to_owned()))
    }
}

/// The role (`computedrole`) or name (`computedlabel`) of an element for assistive technology.
#[derive(Debug)]
pub(crate) struct Computed {
    pub(crate) element: String,
    pub(crate) what: &'static str,
}

impl WebDriverCompatibleCommand for Computed {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/element/{}/{}", self.element, self.what))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::GET, None)
    }
}

/// Gives the browser a device for passkeys, in software (WebAuthn level 3, section 12).
#[derive(Debug)]
pub(crate) struct AddAuthenticator;

impl WebDriverCompatibleCommand for AddAuthenticator {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/webauthn/authenticator", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let body = serde_json::json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
            "hasUserVerification": true, "isUserConsenting": true, "isUserVerified": true,
        });
        (Method::POST, Some(body.to_string()))
    }
}

/// Whether the device finds that it is in its owner's hand.
#[derive(Debug)]
pub(crate) struct SetVerified {
    pub(crate) authenticator: String,
    pub(crate) verified: bool,
}

impl WebDriverCompatibleCommand for SetVerified {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        let (session, device) = (session.unwrap_or_default(), &self.authenticator);
        base.join(&format!("session/{session}/webauthn/authenticator/{device}/uv"))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let body = serde_json::json!({ "isUserVerified": self.verified });
        (Method::POST, Some(body.to_string()))
    }
}

/// A command of the browser's own protocol (an extension of chromedriver).
#[derive(Debug)]
pub(crate) struct Protocol {
    pub(crate) command: &'static str,
    pub(crate) parameters: serde_json::Value,
}

impl WebDriverCompatibleCommand for Protocol {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let body = serde_json::json!({ "cmd": self.command, "params": self.parameters });
        (Method::POST, Some(body.to_string()))
    }
}
