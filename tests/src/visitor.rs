//! Somebody who uses the console without a browser: an HTTP client with cookies.

use anyhow::{Context, Result, bail};
use reqwest::header::ORIGIN;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};

use crate::html::{Field, form_fields};

/// The page where one signs in.
const SIGN_IN: &str = "/sign-in";

/// A visitor of one server; redirects are not followed, so that a test sees them.
#[derive(Debug, Clone)]
pub struct Visitor {
    client: Client,
    base: String,
}

impl Visitor {
    /// A visitor who is not signed in.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn new(base: &str) -> Result<Self> {
        // Whoever made the provider the default already has made the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .cookie_store(true)
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .context("making an HTTP client")?;
        Ok(Self { client, base: base.to_owned() })
    }

    /// The client, for requests that are like no visitor's.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The full address of a path.
    #[must_use]
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Asks for a page.
    ///
    /// # Errors
    /// When the server does not answer; a status of refusal is an answer.
    pub async fn get(&self, path: &str) -> Result<Response> {
        let response = self.client.get(self.address(path)).header("accept", "text/html,*/*");
        response.send().await.with_context(|| format!("asking for {path}"))
    }

    /// The text of a page that must be there.
    ///
    /// # Errors
    /// When the server answers anything but 200.
    pub async fn page(&self, path: &str) -> Result<String> {
        let response = self.get(path).await?;
        let status = response.status();
        let text = response.text().await?;
        if status != StatusCode::OK {
            let start: String = text.chars().take(300).collect();
            bail!("{path} answers {status}: {start}");
        }
        Ok(text)
    }

    /// The JSON of an address of the API that must be there.
    ///
    /// # Errors
    /// As [`Visitor::page`], or when it is no JSON.
    pub async fn json(&self, path: &str) -> Result<serde_json::Value> {
        let text = self.page(path).await?;
        serde_json::from_str(&text).with_context(|| format!("{path} is no JSON: {text}"))
    }

    /// Sends a form as a browser on this site would, exactly with these fields.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Result<Response> {
        let request = self.client.post(self.address(path)).header(ORIGIN, &self.base);
        let request = request.header("sec-fetch-site", "same-origin");
        request.form(fields).send().await.with_context(|| format!("sending to {path}"))
    }

    /// Opens `page`, fills in the form that leads to `action` and sends it with its hidden fields.
    ///
    /// # Errors
    /// When the page or its form is missing, or the server does not answer.
    pub async fn submit(
        &self,
        page: &str,
        action: &str,
        values: &[(&str, &str)],
    ) -> Result<Response> {
        let html = self.page(page).await?;
        let fields = form_fields(&html, page, action)
            .with_context(|| format!("{page} has no form that leads to {action}"))?;
        let hidden = fields.iter().filter(|field| field.kind == "hidden");
        let mut sent: Vec<(&str, &str)> =
            hidden.map(|field| (&*field.name, &*field.value)).collect();
        sent.extend(values);
        self.post(action, &sent).await
    }

    /// Signs in through the form.
    ///
    /// # Errors
    /// When the form is missing or the server refuses.
    pub async fn sign_in(&self, name: &str, password: &str) -> Result<()> {
        let html = self.page(SIGN_IN).await?;
        let fields =
            form_fields(&html, SIGN_IN, SIGN_IN).context("the sign-in page has no form")?;
        let of_kind = |kind: &[&str]| {
            let field = fields.iter().find(|field| kind.contains(&field.kind.as_str()));
            field.map(|field: &Field| field.name.clone())
        };
        let user = of_kind(&["text", "email"]).context("the form asks for no name")?;
        let secret = of_kind(&["password"]).context("the form asks for no password")?;
        let values = [(user.as_str(), name), (secret.as_str(), password)];
        let response = self.submit(SIGN_IN, SIGN_IN, &values).await?;
        let status = response.status();
        if !status.is_redirection() {
            bail!("signing in as {name} answers {status}: {}", response.text().await?);
        }
        Ok(())
    }
}
