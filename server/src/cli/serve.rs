//! `mainstay serve`: the server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::Utc;
use mainstay_control::access::{By, FactorSettings, PublicUrl, Sealer};
use mainstay_control::audit::Signer;
use mainstay_control::authority::Authority;
use mainstay_control::backups::days::DaysError;
use mainstay_control::notify::NotifySettings;
use mainstay_control::{Control, access};
use mainstay_core::access::Role;
use mainstay_core::backup::clock::Pace;
use mainstay_core::notify::address::{Network, NetworkError};
use mainstay_store::{Options, Store};
use mainstay_xds::Xds;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::git::GitArgs;
use super::oidc::OidcArgs;
use crate::edges::{self, Certificates};
use crate::live::Hub;
use crate::notify::Post;
use crate::prometheus::PromQl;
use crate::state::{AppState, Web};
use crate::{http, link, telemetry};

/// The database is tried again after so long while the server starts.
const RETRY: Duration = Duration::from_secs(1);
/// What is in progress may take so long at shutdown.
const DRAIN: Duration = Duration::from_secs(5);

#[derive(clap::Args)]
pub struct ServeArgs {
    /// Address of the console and the API.
    #[arg(long, default_value = "127.0.0.1:8080", env = "MAINSTAY_LISTEN")]
    listen: SocketAddr,
    /// Address on which agents and edges are awaited (gRPC over TLS).
    #[arg(long, default_value = "127.0.0.1:8443", env = "MAINSTAY_AGENTS_LISTEN")]
    agents_listen: SocketAddr,
    /// Further names or addresses by which agents reach this server.
    #[arg(long = "agents-name")]
    agents_names: Vec<String>,
    /// The state store, `postgres://…`.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// Keys of this installation; all servers of one share them.
    #[arg(long, env = "MAINSTAY_DATA_DIR")]
    data_dir: PathBuf,
    /// A Prometheus that rollout plans may ask with PromQL, `http://…`.
    #[arg(long, env = "MAINSTAY_PROMETHEUS")]
    prometheus: Option<String>,
    /// The built style, script and wasm.
    #[arg(long, env = "MAINSTAY_SITE_DIR", default_value = "target/site")]
    site_dir: PathBuf,
    /// Browsers reach the console over TLS (a proxy in front ends it): cookies say Secure.
    #[arg(long, env = "MAINSTAY_SECURE")]
    secure: bool,
    /// Where browsers reach the console, `https://console.example.org`: passkeys are bound to it,
    /// and are off without it.
    #[arg(long, env = "MAINSTAY_PUBLIC_URL", value_parser = PublicUrl::parse)]
    public_url: Option<PublicUrl>,
    #[command(flatten)]
    oidc: OidcArgs,
    /// Networks that are not public and that notifications may be sent to, also unencrypted, like
    /// `10.20.0.0/16,fd00:20::/32`. Without it only public addresses are told, encrypted.
    #[arg(
        long,
        env = "MAINSTAY_NOTIFY_ALLOW",
        value_name = "CIDR",
        value_delimiter = ',',
        value_parser = network
    )]
    notify_allow: Vec<Network>,
    #[command(flatten)]
    git: GitArgs,
    /// Roles whose holders have to have a second factor, like `approver,admin`.
    #[arg(long, env = "MAINSTAY_REQUIRE_SECOND_FACTOR", value_delimiter = ',', value_parser = role)]
    require_second_factor: Vec<Role>,
    /// For a lab: let a day of the backup policies pass in this time, 10s to 24h, like 60s.
    ///
    /// The store remembers it: every server of it does the same, with this option or without, and
    /// `--day 24h` lets days take their real time again. Refused where backups were made in real
    /// days, as in production.
    // No variable: it must not be given by accident.
    #[arg(long, value_name = "TIME")]
    day: Option<Pace>,
}

/// Runs the server until SIGINT or SIGTERM.
// tidy: allow length: the order in which everything starts and ends, on one page
pub async fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    telemetry::start_logs();
    let metrics = telemetry::start_metrics()?;
    let stop = super::stop_signal()?;
    std::fs::create_dir_all(&args.data_dir)
        .with_context(|| format!("the data directory {}", args.data_dir.display()))?;
    let provider = args.oidc.provider(args.public_url.as_ref())?.map(Arc::new);
    let assets = http::assets::read(&args.site_dir)?;
    let store = Store::new(&args.database_url, Options::default())?;
    let authority = Authority::open(&args.data_dir, Utc::now())?;
    let signer = Signer::open(&args.data_dir)?;
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("the console cannot listen on {}", args.listen))?;
    let agents = TcpListener::bind(args.agents_listen)
        .await
        .with_context(|| format!("agents cannot be awaited on {}", args.agents_listen))?;
    let sealer = Sealer::open(&args.data_dir)?;
    let required = args.require_second_factor.iter().copied().collect();
    let factors = FactorSettings::new(sealer, args.public_url.as_ref(), required);
    let mut control =
        Control::new(store, authority).with_factors(factors).with_notify(notify(&args));
    if let Some(url) = &args.prometheus {
        control = control.with_prometheus(Arc::new(PromQl::new(url)?));
    }
    if let Some(git) = args.git.asks() {
        control = control.with_repositories(Arc::new(git));
    }
    let control = Arc::new(control);
    let xds = Xds::new();
    if let Some(provider) = &provider {
        tracing::info!(issuer = provider.issuer(), "people may sign in with an identity provider");
    }
    let state = AppState {
        live: Arc::new(Hub::default()),
        control: control.clone(),
        shared: Arc::default(),
        provider,
        web: Arc::new(Web {
            secure: args.secure,
            public_url: args.public_url.is_some(),
            site_dir: args.site_dir,
            assets,
        }),
        metrics,
        shutdown: stop.clone(),
    };
    tracing::info!(
        console = %listener.local_addr()?,
        agents = %agents.local_addr()?,
        version = env!("CARGO_PKG_VERSION"),
        "serving"
    );
    let names = link::names(agents.local_addr()?, &args.agents_names);
    let reconcilers = tokio::spawn(reconcile(control.clone(), args.day, signer, stop.clone()));
    let hub = tokio::spawn(state.live.clone().run(control.clone(), stop.clone()));
    let services = xds.services(Arc::new(Certificates(control.clone())));
    let edges = tokio::spawn(edges::run(control.clone(), xds, stop.clone()));
    let links = tokio::spawn(link::serve(control.clone(), services, agents, names, stop.clone()));
    let served = http::serve(state, listener, stop.clone()).await;
    // Whatever ended the console ends the rest.
    stop.cancel();
    let ended = async {
        let _ = tokio::join!(hub, edges);
        let links = links.await;
        (links, reconcilers.await)
    };
    match tokio::time::timeout(DRAIN, ended).await {
        Ok((links, reconcilers)) => {
            links.context("the listener for agents")??;
            reconcilers.context("the reconcilers")??;
        }
        Err(_) => tracing::warn!("something did not stop in time"),
    }
    control.store.close().await;
    served?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Who sends notifications, and where to.
fn notify(args: &ServeArgs) -> NotifySettings {
    let allowed = args.notify_allow.clone();
    let post = Post::new(args.public_url.clone(), allowed.clone());
    NotifySettings { sender: Some(Arc::new(post)), allowed }
}

fn network(text: &str) -> Result<Network, NetworkError> {
    text.parse()
}

fn role(name: &str) -> Result<Role, String> {
    Role::from_name(name.trim()).ok_or_else(|| {
        let all = Role::ALL.map(Role::name).join(", ");
        format!("{name:?} is no role; write some of {all}")
    })
}

/// Waits for the database, brings its schema up to date, then runs the reconcilers. An error ends
/// the server: the days of the policies may not pass as `day` says.
async fn reconcile(
    control: Arc<Control>,
    day: Option<Pace>,
    signer: Signer,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut told = false;
    while let Err(error) = prepare(&control, day).await {
        if let DaysError::Refused(error) = error {
            stop.cancel();
            return Err(error.into());
        }
        if !std::mem::replace(&mut told, true) {
            tracing::warn!(%error, "waiting for the database");
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(RETRY) => {}
        }
    }
    let holder = format!("{}-{}", std::process::id(), access::random());
    control.run(holder, signer, stop).await;
    Ok(())
}

async fn prepare(control: &Control, day: Option<Pace>) -> Result<(), DaysError> {
    control.store.migrate().await?;
    if let Some(pace) = day {
        control.set_pace(&By::system("serve"), pace).await?;
    }
    Ok(())
}
