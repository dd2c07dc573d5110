//! The whole document, as one string: head, sprite, shell, page, and the script that wakes the
//! islands.
//!
//! Invariant: the document obeys `default-src 'none'; script-src 'nonce-N' 'strict-dynamic'
//! 'wasm-unsafe-eval'; style-src 'self'; trusted-types mainstay; …`: one script with the nonce, no
//! inline style, and nothing that becomes elements but what the policy of the islands checked.

use std::sync::Arc;

use hydration_context::SsrSharedContext;
use leptos::prelude::*;
use mainstay_core::access::Density;

use crate::shell::{self, Shell, Theme};
use crate::t;
use crate::text::{self, ListZone};
use crate::ui::glyph::SPRITE;
use crate::ui::{escape, raw};

/// Stands for the page while its shell is drawn; text is escaped, so nothing else can say it.
const PLACE: &str = "<!--page-->";

/// Renders `page` in its shell. `page` runs inside a reactive owner in islands mode, so that only
/// islands carry what the browser needs to wake them.
pub fn document(shell: &Shell, page: impl FnOnce() -> AnyView) -> String {
    let (mut html, after) = around(shell);
    html.push_str(&fragment(|| {
        if let Some(zone) = shell.list_zone {
            provide_context(ListZone(zone));
        }
        page()
    }));
    html.push_str(&after);
    html
}

/// What stands before and after the page in its document.
pub fn around(shell: &Shell) -> (String, String) {
    let body = fragment(|| shell::body(shell, raw(PLACE)));
    let (before, after) = body.split_once(PLACE).expect("the body has a place for its page");
    let mut html = String::with_capacity(before.len() + SPRITE.len() + 2048);
    head(&mut html, shell);
    html.push_str("<body>");
    html.push_str(SPRITE);
    html.push_str(before);
    (html, [after, "</body></html>"].concat())
}

/// Renders a fragment alone: what stands in the place of a page.
pub fn fragment(view: impl FnOnce() -> AnyView) -> String {
    let owner = Owner::new_root(Some(Arc::new(SsrSharedContext::new_islands())));
    owner.with(|| view().to_html())
}

fn head(html: &mut String, shell: &Shell) {
    let theme = match shell.theme {
        Theme::Auto => "",
        Theme::Light => r#" data-theme="light""#,
        Theme::Dark => r#" data-theme="dark""#,
    };
    let title = t!("title", page = shell.title.as_str(), product = t!("product"));
    html.push_str(r#"<!doctype html><html lang=""#);
    html.push_str(text::language().tag());
    html.push('"');
    html.push_str(theme);
    match shell.density {
        Density::Compact => {}
        Density::Comfortable => html.push_str(r#" data-density="comfortable""#),
    }
    html.push_str(r#"><head><meta charset="utf-8">"#);
    html.push_str(r#"<meta name="viewport" content="width=device-width,initial-scale=1">"#);
    html.push_str(r#"<meta name="color-scheme" content="light dark">"#);
    html.push_str(r#"<link rel="icon" href="data:,"><title>"#);
    html.push_str(&escape(&title));
    html.push_str(r#"</title><link rel="stylesheet" href=""#);
    html.push_str(&escape(&shell.assets.css));
    html.push_str(r#"">"#);
    if !shell.assets.js.is_empty() {
        script(html, shell);
    }
    html.push_str("</head>");
}

/// Loads the islands after first paint and wakes each; one that fails leaves its HTML in place.
fn script(html: &mut String, shell: &Shell) {
    let quoted =
        |text: &str| serde_json::to_string(text).unwrap_or_default().replace('<', "\\u003c");
    html.push_str(r#"<script type="module" nonce=""#);
    html.push_str(&escape(&shell.nonce));
    html.push_str(r#"">const go=async()=>{const m=await import("#);
    html.push_str(&quoted(&shell.assets.js));
    html.push_str(");await m.default({module_or_path:");
    html.push_str(&quoted(&shell.assets.wasm));
    html.push_str(
        "});m.hydrate();for(const e of document.querySelectorAll('leptos-island'))\
         try{await m[e.dataset.component](e)}catch(x){console.warn(x)}};\
         'requestIdleCallback' in window?requestIdleCallback(go,{timeout:1000}):go()</script>",
    );
}
