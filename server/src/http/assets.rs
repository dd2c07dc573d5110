//! Style, script and wasm: files whose names carry their hash, kept by browsers for ever.

use std::path::Path;

use anyhow::Context;
use axum::extract::Request;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Uri};
use mainstay_app::shell::Assets;
use mainstay_core::access::Permission;
use tower::ServiceBuilder;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::policy::Routes;

/// Where they are served.
pub const PREFIX: &str = "/assets";

/// Reads the names of the built files from `assets.json`.
pub fn read(site_dir: &Path) -> anyhow::Result<Assets> {
    #[derive(serde::Deserialize)]
    struct Names {
        css: String,
        js: String,
        wasm: String,
    }
    let path = site_dir.join("assets.json");
    let text = std::fs::read_to_string(&path).with_context(|| {
        format!("{}: run `cargo xtask build`, or name another --site-dir", path.display())
    })?;
    let names: Names = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    Ok(Assets {
        css: format!("{PREFIX}/{}", names.css),
        js: format!("{PREFIX}/{}", names.js),
        wasm: format!("{PREFIX}/{}", names.wasm),
    })
}

/// Serves them, compressed beforehand.
pub fn routes(site_dir: &Path) -> Routes {
    let files = ServeDir::new(site_dir)
        .precompressed_br()
        .precompressed_gzip()
        .append_index_html_on_directories(false);
    let cache = HeaderValue::from_static("public, max-age=31536000, immutable");
    let service = ServiceBuilder::new()
        .layer(SetResponseHeaderLayer::overriding(CACHE_CONTROL, cache))
        .map_request(strip_prefix)
        .service(files);
    Routes::new().get_service(Permission::Public, "/assets/{file}", service)
}

/// `/assets/app.js` names the file `/app.js` of the directory.
fn strip_prefix(mut request: Request) -> Request {
    let path = request.uri().path();
    if let Some(Ok(rest)) = path.strip_prefix(PREFIX).map(str::parse::<Uri>) {
        *request.uri_mut() = rest;
    }
    request
}
