//! An identity provider as OpenID Connect defines one (Core 1.0, Discovery 1.0): the code flow
//! with PKCE, and whom its answer vouches for.
//!
//! Invariants: an id token counts when its signature is of the provider's keys, it was made for
//! this client and this question, and it is not over; every wait and size is bounded; no redirect
//! is followed. What the provider publishes of itself is read anew for each question, so that new
//! keys and addresses count at once.
//!
//! Must not: know sessions, accounts or pages.

use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

use mainstay_app::paths;
use mainstay_control::access::PublicUrl;
use mainstay_core::access::identity::Identity;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreProviderMetadata,
    CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::url::{Host, Url};
use openidconnect::{
    AccessTokenHash, AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret,
    CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl,
    Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, SubjectIdentifier, TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::security::equal;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest until the provider answered everything that a step of a sign-in asks of it.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest answer that is read, in bytes.
const ANSWER_MAX_BYTES: usize = 1_000_000;
/// Steps that wait for the provider at the same time; more are refused.
const STEPS_MAX: usize = 32;
/// Longest name that a provider may have for a person (Core 1.0, section 2), in bytes.
const SUBJECT_MAX_BYTES: usize = 255;
/// Longest code that is passed on, in bytes.
const CODE_MAX_BYTES: usize = 8 * 1_024;

/// A client whose provider told of itself: where people are asked, and perhaps the rest.
type Known = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why a provider cannot be used as it was described.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    #[error("--oidc-issuer {0} is no address; write it as the provider's documentation does")]
    Form(String),
    #[error("--oidc-issuer {0} has a query or a fragment, which no issuer has")]
    Query(String),
    #[error(
        "--oidc-issuer {0} is not https; over http a provider is believed on this machine only"
    )]
    Plain(String),
    #[error("--oidc-name has to be a line of at most 60 characters")]
    Name,
}

/// Why a step of a sign-in was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// It did not answer, or not what OpenID Connect says.
    #[error("the provider cannot be used: {0}")]
    Away(String),
    /// It vouches for nobody, or what it says does not hold.
    #[error("{0}")]
    Refused(String),
    /// Too many people at once.
    #[error("too many sign-ins wait for the provider")]
    Busy,
}

/// What was asked of a provider: kept with the session, answered once.
#[derive(Clone, Serialize, Deserialize)]
pub struct Asked {
    state: String,
    nonce: String,
    verifier: String,
    /// Path and query where it goes on afterwards.
    pub next: String,
}

impl Asked {
    /// Whether an answer names this question.
    pub fn is(&self, state: &str) -> bool {
        equal(&self.state, state)
    }
}

/// How a provider is set up.
pub struct Settings {
    pub issuer: String,
    pub client_id: String,
    pub secret: String,
    /// What people call it.
    pub name: String,
    /// Where the provider sends people back to.
    pub redirect: String,
}

/// A provider.
pub struct Provider {
    name: String,
    issuer: IssuerUrl,
    client_id: ClientId,
    secret: ClientSecret,
    redirect: RedirectUrl,
    http: Http,
    turns: Semaphore,
}

impl Provider {
    pub fn new(settings: Settings) -> anyhow::Result<Self> {
        const NAME_MAX_CHARS: usize = 60;
        let Settings { issuer, client_id, secret, name, redirect } = settings;
        let url: Url = issuer.parse().map_err(|_| SettingError::Form(issuer.clone()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(SettingError::Form(issuer).into());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(SettingError::Query(issuer).into());
        }
        let https = url.scheme() == "https";
        if !https && !is_here(&url) {
            return Err(SettingError::Plain(issuer).into());
        }
        let name = name.trim();
        let fits = !name.is_empty() && name.chars().count() <= NAME_MAX_CHARS;
        if !fits || name.chars().any(char::is_control) {
            return Err(SettingError::Name.into());
        }
        Ok(Self {
            name: name.to_owned(),
            issuer: IssuerUrl::new(issuer)?,
            client_id: ClientId::new(client_id),
            secret: ClientSecret::new(secret),
            redirect: RedirectUrl::new(redirect)?,
            http: Http::new(https)?,
            turns: Semaphore::new(STEPS_MAX),
        })
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its own name of itself.
    pub fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    /// The address at which it asks somebody who they are, and what to keep until they are back.
    pub async fn ask(&self, next: String) -> Result<(Url, Asked), ProviderError> {
        let _turn = self.turns.try_acquire().map_err(|_| ProviderError::Busy)?;
        let known = in_time(self.known()).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let (url, state, nonce) = known
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scope(Scope::new("profile".to_owned()))
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ProviderError::Away(format!("people are asked at {}:", url.scheme())));
        }
        let asked = Asked {
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
            next,
        };
        Ok((url, asked))
    }

    /// Whom the provider vouches for with the code that it gave them.
    pub async fn answer(&self, asked: &Asked, code: &str) -> Result<Identity, ProviderError> {
        let _turn = self.turns.try_acquire().map_err(|_| ProviderError::Busy)?;
        if code.is_empty() || code.len() > CODE_MAX_BYTES {
            return Err(ProviderError::Refused("the answer has no code".to_owned()));
        }
        in_time(self.vouched(asked, code)).await
    }

    /// A client made of what the provider publishes of itself now.
    async fn known(&self) -> Result<Known, ProviderError> {
        let found = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http).await;
        let metadata = found.map_err(|error| ProviderError::Away(chain(&error)))?;
        let methods = metadata.token_endpoint_auth_methods_supported();
        let basic =
            methods.is_none_or(|all| all.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let secret = Some(self.secret.clone());
        let known = CoreClient::from_provider_metadata(metadata, self.client_id.clone(), secret);
        let auth = if basic { AuthType::BasicAuth } else { AuthType::RequestBody };
        Ok(known.set_redirect_uri(self.redirect.clone()).set_auth_type(auth))
    }

    async fn vouched(&self, asked: &Asked, code: &str) -> Result<Identity, ProviderError> {
        let known = self.known().await?;
        let exchange = known
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| ProviderError::Away(chain(&error)))?
            .set_pkce_verifier(PkceCodeVerifier::new(asked.verifier.clone()));
        let token = exchange.request_async(&self.http).await.map_err(|error| match error {
            RequestTokenError::ServerResponse(said) => {
                ProviderError::Refused(format!("the provider did not take the code: {said}"))
            }
            RequestTokenError::Request(error) => ProviderError::Away(chain(&error)),
            error @ (RequestTokenError::Parse(..) | RequestTokenError::Other(_)) => {
                ProviderError::Away(chain(&error))
            }
        })?;
        let (subject, names) = checked(&known, asked, &token)?;
        let named = names.iter().any(Option::is_some);
        let names = if named { names } else { self.names(&known, &token, &subject).await };
        let names = names.iter().map(Option::as_deref);
        Ok(Identity::new(self.issuer(), subject.as_str(), names))
    }

    /// What a person is called, where the provider tells it beside the id token only. It is shown
    /// and decides nothing: without it the person goes by the provider's own name of them.
    async fn names(
        &self,
        known: &Known,
        token: &CoreTokenResponse,
        subject: &SubjectIdentifier,
    ) -> Names {
        let asked = known.user_info(token.access_token().clone(), Some(subject.clone()));
        let Ok(asked) = asked else { return Names::default() };
        let told: Result<CoreUserInfoClaims, _> = asked.request_async(&self.http).await;
        match told {
            Ok(told) => [
                told.preferred_username().map(|name| name.to_string()),
                told.email().map(|email| email.to_string()),
                told.name().and_then(|name| name.get(None)).map(|name| name.to_string()),
            ],
            Err(error) => {
                tracing::info!(error = chain(&error), "the provider tells no name");
                Names::default()
            }
        }
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.issuer()).finish_non_exhaustive()
    }
}

/// What a provider calls a person, the best first.
type Names = [Option<String>; 3];

/// Whom a token response names, if all that it says holds.
fn checked(
    known: &Known,
    asked: &Asked,
    token: &CoreTokenResponse,
) -> Result<(SubjectIdentifier, Names), ProviderError> {
    let refused = |why: String| ProviderError::Refused(why);
    let id = token.id_token().ok_or_else(|| refused("the answer has no id token".to_owned()))?;
    let verifier = known.id_token_verifier();
    let claims = id
        .claims(&verifier, &Nonce::new(asked.nonce.clone()))
        .map_err(|error| refused(format!("the id token does not hold: {}", chain(&error))))?;
    if let Some(expected) = claims.access_token_hash() {
        let actual = id.signing_alg().and_then(|algorithm| {
            let key = id.signing_key(&verifier)?;
            Ok(AccessTokenHash::from_token(token.access_token(), algorithm, key))
        });
        let is = matches!(&actual, Ok(Ok(actual)) if actual == expected);
        if !is {
            return Err(refused("the access token is not the id token's".to_owned()));
        }
    }
    let subject = claims.subject().clone();
    let plain = !subject.is_empty() && !subject.chars().any(char::is_control);
    if !plain || subject.len() > SUBJECT_MAX_BYTES {
        return Err(refused("the id token names nobody".to_owned()));
    }
    let names = [
        claims.preferred_username().map(|name| name.to_string()),
        claims.email().map(|email| email.to_string()),
        claims.name().and_then(|name| name.get(None)).map(|name| name.to_string()),
    ];
    Ok((subject, names))
}

/// Whether an address is of this machine.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

async fn in_time<T>(
    step: impl Future<Output = Result<T, ProviderError>>,
) -> Result<T, ProviderError> {
    let done = tokio::time::timeout(STEP_TIMEOUT, Box::pin(step)).await;
    done.unwrap_or_else(|_| Err(ProviderError::Away("it did not answer in time".to_owned())))
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let own = error.to_string();
        if !text.contains(&own) {
            text = format!("{text}: {own}");
        }
        cause = error.source();
    }
    text
}

/// Why a request to the provider was not answered.
#[derive(Debug, thiserror::Error)]
enum HttpError {
    #[error(transparent)]
    Sent(#[from] reqwest::Error),
    #[error(transparent)]
    Read(#[from] http::Error),
    #[error("the answer is longer than {ANSWER_MAX_BYTES} bytes")]
    TooLong,
}

/// The client of HTTP.
struct Http(reqwest::Client);

impl Http {
    /// `https`: nothing is asked in plain text, whatever the provider publishes.
    fn new(https: bool) -> anyhow::Result<Self> {
        // A second installation (a test in one process) keeps the first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .https_only(https)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(STEP_TIMEOUT)
            .build()?;
        Ok(Self(client))
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut response = self.0.execute(request.try_into()?).await?;
        let mut answer = http::Response::builder().status(response.status());
        if let Some(headers) = answer.headers_mut() {
            headers.clone_from(response.headers());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > ANSWER_MAX_BYTES {
                return Err(HttpError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(answer.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// Where a provider sends people back to.
pub fn redirect(url: &PublicUrl) -> String {
    url.join(paths::SIGN_IN_PROVIDER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(issuer: &str, name: &str) -> anyhow::Result<Provider> {
        Provider::new(Settings {
            issuer: issuer.to_owned(),
            client_id: "mainstay".to_owned(),
            secret: "secret".to_owned(),
            name: name.to_owned(),
            redirect: "https://console.example/sign-in/provider".to_owned(),
        })
    }

    #[test]
    fn a_provider_is_reached_in_secret_or_is_here() {
        for issuer in [
            "https://id.example.org",
            "https://id.example.org/realms/staff/",
            "http://localhost:3000",
            "http://id.localhost",
            "http://127.0.0.1:3000",
            "http://[::1]:3000",
        ] {
            assert_eq!(provider(issuer, "Company").expect(issuer).issuer(), issuer);
        }
        for (issuer, part) in [
            ("id.example.org", "no address"),
            ("ldap://id.example.org", "no address"),
            ("https://id.example.org?realm=staff", "query"),
            ("https://id.example.org#staff", "query"),
            ("http://id.example.org", "not https"),
            ("http://192.0.2.1", "not https"),
            ("http://localhost.example.org", "not https"),
        ] {
            let error = provider(issuer, "Company").expect_err(issuer).to_string();
            assert!(error.contains(part), "{issuer}: {error}");
        }
        for name in ["", "  ", "two\nlines", &"x".repeat(61)] {
            assert!(provider("https://id.example.org", name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn says_nothing_of_its_secret() {
        let provider = provider("https://id.example.org", "Company").expect("a provider");
        assert!(!format!("{provider:?}").contains("secret"));
    }

    #[tokio::test]
    async fn who_does_not_answer_is_away() {
        // A port that nobody listens on: it was free a moment ago.
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = free.local_addr().expect("it is bound");
        drop(free);
        let provider = provider(&format!("http://{address}"), "Company").expect("a provider");
        let asked = provider.ask("/".to_owned()).await.map(drop);
        assert!(matches!(asked, Err(ProviderError::Away(_))), "{asked:?}");
    }
}
