//! Options of `mainstay serve` that name an identity provider (OpenID Connect).

use std::path::PathBuf;

use anyhow::{Context, bail};
use mainstay_control::access::PublicUrl;

use crate::provider::{Provider, Settings, redirect};

#[derive(Clone, Debug, Default, clap::Args)]
pub struct OidcArgs {
    /// An identity provider (OpenID Connect) that people may sign in with beside name and
    /// password: its address as it writes it itself, `https://id.example.org`.
    #[arg(long, env = "MAINSTAY_OIDC_ISSUER", value_name = "URL")]
    oidc_issuer: Option<String>,
    /// What the provider calls this console.
    #[arg(long, env = "MAINSTAY_OIDC_CLIENT_ID", value_name = "ID")]
    oidc_client_id: Option<String>,
    /// The file with the secret that the provider shares with this console.
    #[arg(long, env = "MAINSTAY_OIDC_CLIENT_SECRET_FILE", value_name = "FILE")]
    oidc_client_secret_file: Option<PathBuf>,
    /// What people call the provider, on buttons; its host unless given.
    #[arg(long, env = "MAINSTAY_OIDC_NAME", value_name = "NAME")]
    oidc_name: Option<String>,
}

impl OidcArgs {
    /// The provider, if one is named. An error says which option is missing or wrong.
    pub fn provider(&self, public: Option<&PublicUrl>) -> anyhow::Result<Option<Provider>> {
        let Some(issuer) = &self.oidc_issuer else {
            let rest = [
                ("--oidc-client-id", self.oidc_client_id.is_some()),
                ("--oidc-client-secret-file", self.oidc_client_secret_file.is_some()),
                ("--oidc-name", self.oidc_name.is_some()),
            ];
            if let Some((option, _)) = rest.iter().find(|(_, given)| *given) {
                bail!("{option} is about an identity provider; name it with --oidc-issuer too");
            }
            return Ok(None);
        };
        let Some(client_id) = &self.oidc_client_id else {
            bail!("--oidc-issuer needs --oidc-client-id: what the provider calls this console");
        };
        let Some(file) = &self.oidc_client_secret_file else {
            bail!(
                "--oidc-issuer needs --oidc-client-secret-file: the secret that the provider \
                 gave this console"
            );
        };
        let Some(public) = public else {
            bail!(
                "--oidc-issuer needs --public-url: the provider sends people back to that address"
            );
        };
        let secret = std::fs::read_to_string(file)
            .with_context(|| format!("--oidc-client-secret-file {}", file.display()))?;
        let secret = secret.trim_end_matches(['\r', '\n']);
        if secret.is_empty() {
            bail!("--oidc-client-secret-file {} is empty", file.display());
        }
        let host = || issuer.split("://").nth(1)?.split('/').next();
        let name = self.oidc_name.as_deref().or_else(host).unwrap_or(issuer);
        let provider = Provider::new(Settings {
            issuer: issuer.clone(),
            client_id: client_id.clone(),
            secret: secret.to_owned(),
            name: name.to_owned(),
            redirect: redirect(public),
        })?;
        Ok(Some(provider))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_set_of_options_says_what_is_missing() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).expect("it is written");
            Some(path)
        };
        let public = PublicUrl::parse("https://console.example.org").expect("an address");
        let whole = OidcArgs {
            oidc_issuer: Some("https://id.example.org/staff".to_owned()),
            oidc_client_id: Some("mainstay".to_owned()),
            oidc_client_secret_file: file("secret", "s3cret\n"),
            oidc_name: None,
        };
        let provider = whole.provider(Some(&public)).expect("it is whole").expect("a provider");
        assert_eq!(provider.name(), "id.example.org");
        assert!(OidcArgs::default().provider(None).expect("nothing is asked for").is_none());
        let without = |change: fn(&mut OidcArgs)| {
            let mut args = whole.clone();
            change(&mut args);
            args
        };
        let empty = OidcArgs { oidc_client_secret_file: file("empty", "\n"), ..whole.clone() };
        for (args, url, part) in [
            (whole.clone(), None, "needs --public-url"),
            (without(|a| a.oidc_issuer = None), Some(&public), "--oidc-issuer too"),
            (without(|a| a.oidc_client_id = None), Some(&public), "needs --oidc-client-id"),
            (
                without(|a| a.oidc_client_secret_file = None),
                Some(&public),
                "needs --oidc-client-secret-file",
            ),
            (
                without(|a| a.oidc_client_secret_file = Some("/no/such/file".into())),
                Some(&public),
                "/no/such/file",
            ),
            (empty, Some(&public), "is empty"),
            (
                without(|a| a.oidc_issuer = Some("http://id.example.org".to_owned())),
                Some(&public),
                "is not https",
            ),
            (without(|a| a.oidc_name = Some(" ".to_owned())), Some(&public), "--oidc-name"),
        ] {
            let error = args.provider(url).map(drop).expect_err(part);
            assert!(format!("{error:#}").contains(part), "{part}: {error:#}");
        }
    }
}
