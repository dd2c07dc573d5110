//! The harness itself: a browser that is really the one asked for, and that tells what went wrong.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use mainstay_tests::{Browser, Look};

const PAGE: &str = "<!doctype html><html lang=en><title>Page</title><main><h1>Fleet</h1>\
    <button>Replace</button><p id=theme></p><noscript><p id=plain>plain</p></noscript></main>\
    <script>document.getElementById('theme').textContent = \
    matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';</script></html>";

/// Serves one page for ever, on a port of its own.
fn serve(page: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let length = page.len();
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}");
            let answer = format!("{head}\r\nConnection: close\r\n\r\n{page}");
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn a_browser_has_the_theme_asked_for_and_finds_by_role() {
    let base = serve(PAGE);
    for (dark, theme) in [(false, "light"), (true, "dark")] {
        let browser = Browser::start(&base, Look { dark, ..Look::default() }).await.unwrap();
        browser.open("/").await.unwrap();
        let patience = Duration::from_secs(5);
        browser.text_until("#theme", patience, |text| text == theme).await.unwrap();
        browser.by_role("button", "Replace").await.unwrap();
        browser.by_role("heading", "Fleet").await.unwrap();
        assert_eq!(browser.axe().await.unwrap(), Vec::<String>::new());
        assert_eq!(browser.path().await.unwrap(), "/");
    }
}

#[tokio::test]
async fn without_javascript_nothing_runs() {
    let base = serve(PAGE);
    let look = Look { javascript: false, ..Look::default() };
    let browser = Browser::start(&base, look).await.unwrap();
    browser.open("/").await.unwrap();
    browser.text_until("#plain", Duration::from_secs(5), |text| text == "plain").await.unwrap();
    assert_eq!(browser.find("#theme").await.unwrap().text().await.unwrap(), "");
}

#[tokio::test]
async fn mistakes_of_a_page_are_told() {
    let page = "<!doctype html><html><img src=/x.png><script>nowhere()</script></html>";
    let browser = Browser::start(&serve(page), Look::default()).await.unwrap();
    browser.open("/").await.unwrap();
    let errors = browser.console_errors().await.unwrap();
    assert!(errors.iter().any(|error| error.contains("nowhere is not defined")), "{errors:?}");
    let violations = browser.axe().await.unwrap();
    assert!(
        violations.iter().any(|violation| violation.starts_with("image-alt:")),
        "{violations:?}"
    );
}
