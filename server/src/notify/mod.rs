//! Sending notifications: what a message says ([`message`]), to which addresses the server connects
//! ([`connect`]), and how each way of telling is spoken ([`webhook`], [`mail`], [`alertmanager`]).
//!
//! Invariants: every address that is connected to was checked, and is the one that was checked; no
//! redirect is followed; every wait and every answer is bounded.

mod alertmanager;
pub mod connect;
mod mail;
mod message;
#[cfg(test)]
mod tests;
mod webhook;

use std::pin::Pin;

use mainstay_control::access::PublicUrl;
use mainstay_control::notify::{Order, Sender};
use mainstay_core::notify::Target;
use mainstay_core::notify::address::Network;
use mainstay_core::notify::answer::Answer;

/// Sends over every kind of channel.
#[derive(Debug)]
pub struct Post {
    links: Links,
    allowed: Vec<Network>,
}

impl Post {
    /// `url`: where people reach the console, for links; `allowed`: networks that are not public
    /// and may be told.
    pub fn new(url: Option<PublicUrl>, allowed: Vec<Network>) -> Self {
        // A second installation (a test in one process) keeps the first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { links: Links(url), allowed }
    }
}

impl Sender for Post {
    fn send(&self, order: Order) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
        Box::pin(async move {
            let sent = match &order.channel.target {
                Target::Webhook { url } => {
                    webhook::send(&order, url, &self.links, &self.allowed).await
                }
                Target::Email(to) => mail::send(&order, to, &self.links, &self.allowed).await,
                Target::Alertmanager { url } => {
                    alertmanager::send(&order, url, &self.links, &self.allowed).await
                }
            };
            sent.unwrap_or_else(|answer| answer)
        })
    }
}

/// Where links lead.
#[derive(Clone, Debug)]
struct Links(Option<PublicUrl>);

impl Links {
    /// A page of the console; `None`: nobody said where it is reached.
    fn to(&self, path: &str) -> Option<String> {
        self.0.as_ref().map(|url| url.join(path))
    }

    /// The name of the console's host, for ids of messages.
    fn host(&self) -> String {
        let url = self.to("").unwrap_or_default();
        let host = url.split("//").nth(1).and_then(|rest| rest.split([':', '/']).next());
        host.filter(|host| !host.is_empty()).unwrap_or("mainstay.invalid").to_owned()
    }
}
