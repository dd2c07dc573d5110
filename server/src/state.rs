//! What every handler can reach.

use std::path::PathBuf;
use std::sync::Arc;

use mainstay_app::shell::Assets;
use mainstay_control::Control;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

use crate::http::shared::SharedPages;
use crate::live::Hub;
use crate::provider::Provider;

/// Shared by all requests; cheap to clone.
#[derive(Clone)]
pub struct AppState {
    pub control: Arc<Control>,
    pub live: Arc<Hub>,
    /// Pages that are the same for everybody, as they were drawn lately.
    pub shared: Arc<SharedPages>,
    pub web: Arc<Web>,
    /// Who else vouches for people, if anybody does.
    pub provider: Option<Arc<Provider>>,
    pub metrics: PrometheusHandle,
    /// Cancelled when the server stops: ends streams.
    pub shutdown: CancellationToken,
}

/// How the console is served.
#[derive(Clone, Debug)]
pub struct Web {
    /// Whether browsers reach the console over TLS: sets the cookies' prefix and flag.
    pub secure: bool,
    /// Whether it was said where people reach the console: then messages carry links to it.
    pub public_url: bool,
    /// Where script, wasm and style lie.
    pub site_dir: PathBuf,
    /// Their names, which carry their hash.
    pub assets: Assets,
}
