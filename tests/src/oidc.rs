//! An identity provider that speaks OpenID Connect: a real one, run by Node.
//!
//! Invariant: it is at the same address over a restart, and has another key after it.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use serde_json::json;
use tempfile::TempDir;

use crate::html::form_fields;
use crate::ports::Port;
use crate::process::{Ending, Process};
use crate::programs;
use crate::wait::until;

const SCRIPT: &str = include_str!("../oidc/provider.mjs");
const READY: Duration = Duration::from_secs(60);
/// The most redirects and forms between the question and the answer.
const STEPS_MAX: usize = 12;
const SECRET: &str = "the provider's secret for this console";

/// A provider that knows the console, and `another` client.
#[derive(Debug)]
pub struct IdentityProvider {
    process: Option<Process>,
    port: Port,
    dir: TempDir,
}

impl IdentityProvider {
    /// Takes an address; nothing answers there yet.
    ///
    /// # Errors
    /// When no port is free.
    pub fn new() -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("mainstay-provider-").tempdir()?;
        std::fs::write(dir.path().join("secret"), format!("{SECRET}\n"))?;
        Ok(Self { process: None, port: Port::take()?, dir })
    }

    /// What it calls itself.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("http://localhost:{}", self.port.number())
    }

    /// Options of `mainstay serve` that name it.
    #[must_use]
    pub fn options(&self) -> Vec<String> {
        let secret = self.dir.path().join("secret");
        [
            ("--oidc-issuer", self.issuer()),
            ("--oidc-client-id", "mainstay".to_owned()),
            ("--oidc-client-secret-file", secret.display().to_string()),
            ("--oidc-name", "Company".to_owned()),
        ]
        .into_iter()
        .flat_map(|(option, value)| [option.to_owned(), value])
        .collect()
    }

    /// Starts it (again) for the console at `console`, and waits until it answers.
    ///
    /// # Errors
    /// When Node or the provider is missing or does not start; with the end of its log.
    pub async fn start(&mut self, console: &str) -> Result<()> {
        let client = |id: &str, path: &str| {
            json!({
                "client_id": id, "client_secret": SECRET,
                "redirect_uris": [format!("{console}{path}")],
                "grant_types": ["authorization_code"], "response_types": ["code"],
            })
        };
        let clients = [client("mainstay", "/sign-in/provider"), client("another", "/another")];
        let setup = json!({
            "issuer": self.issuer(), "port": self.port.number(), "clients": clients,
        });
        let mut command = Command::new("node");
        command
            .args(["--input-type=module", "--eval", SCRIPT])
            .current_dir(programs::identity_provider()?)
            .env("SETUP", setup.to_string());
        let log = self.dir.path().join("provider.log");
        let mut process = Process::start("provider", &mut command, &log, Ending::AtOnce)
            .context("the identity provider runs on Node: run `cargo xtask test`")?;
        let told = format!("{}/.well-known/openid-configuration", self.issuer());
        let visitor = client_of_nobody()?;
        let ready = until("the provider answers", READY, async || {
            if let Err(error) = process.check() {
                return Some(Err(error));
            }
            let status = visitor.get(&told).send().await.ok()?.status();
            (status == StatusCode::OK).then_some(Ok(()))
        });
        ready.await??;
        self.process = Some(process);
        Ok(())
    }

    /// Ends it at once.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Comes in under a name, as a browser without scripts does, and agrees; the path and query of
    /// the console to which it sends the person back.
    ///
    /// # Errors
    /// When it does not send them back.
    pub async fn sign_in(&self, question: &str, name: &str) -> Result<String> {
        let browser = client_of_nobody()?;
        let mut request = browser.get(question);
        for _ in 0..STEPS_MAX {
            let answer = request.send().await.context("asking the provider")?;
            let own = answer.url().clone();
            let location = answer.headers().get("location");
            if let Some(to) = location.and_then(|to| to.to_str().ok()) {
                let to = own.join(to)?;
                if to.port() != own.port() {
                    let query = to.query().map(|query| format!("?{query}")).unwrap_or_default();
                    return Ok(format!("{}{query}", to.path()));
                }
                request = browser.get(to);
                continue;
            }
            let (status, page) = (answer.status(), answer.text().await?);
            let form = form_fields(&page, own.as_str(), self.issuer().as_str());
            let Some(fields) = form else { bail!("{own} answers {status}: {page}") };
            let fields = fields.into_iter().map(|field| match field.name.as_str() {
                "login" => (field.name, name.to_owned()),
                "password" => (field.name, "any".to_owned()),
                _ => (field.name, field.value),
            });
            request = browser.post(own).form(&fields.collect::<Vec<_>>());
        }
        bail!("the provider goes round in circles")
    }
}

fn client_of_nobody() -> Result<Client> {
    // Whoever made the provider the default already has made the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().cookie_store(true).redirect(Policy::none()).no_proxy();
    client.build().context("making an HTTP client")
}
