//! Many readers at once: each asks for a page again and again over its own connection.

use std::time::Instant;

use anyhow::{Result, bail};
use futures::future::try_join_all;
use mainstay_tests::{Visitor, World};
use reqwest::header::ACCEPT_ENCODING;

use crate::stats::Samples;

/// The first users, one session each; readers share them.
const USERS: [&str; 5] = ["viewer", "operator", "approver", "auditor", "admin"];

/// How long answers took, in milliseconds.
#[derive(Debug, Default)]
pub struct Times {
    pub first_byte: Samples,
    pub whole: Samples,
}

/// Signed-in readers.
#[derive(Debug)]
pub struct Readers(Vec<Visitor>);

impl Readers {
    pub async fn sign_in(world: &World) -> Result<Self> {
        Self::sign_in_as(world, &USERS).await
    }

    /// The same of these users.
    pub async fn sign_in_as(world: &World, users: &[&str]) -> Result<Self> {
        let mut visitors = Vec::new();
        for user in users {
            visitors.push(world.sign_in(user).await?);
        }
        Ok(Self(visitors))
    }

    /// Asks for a page `requests` times, by `clients` at once; their first answers do not count.
    pub async fn ask(&self, path: &str, clients: usize, requests: usize) -> Result<Times> {
        let each = requests.div_ceil(clients);
        let clients = self.0.iter().cycle().take(clients).map(|visitor| async move {
            fetch(visitor, path, "br").await?;
            let mut times = Times::default();
            for _ in 0..each {
                let answer = fetch(visitor, path, "br").await?;
                times.first_byte.push(answer.first_byte);
                times.whole.push(answer.whole);
            }
            anyhow::Ok(times)
        });
        let mut all = Times::default();
        for times in try_join_all(clients).await? {
            all.first_byte.extend(times.first_byte);
            all.whole.extend(times.whole);
        }
        Ok(all)
    }

    /// Bytes of an answer's body as it travels, compressed with `coding`.
    pub async fn size(&self, path: &str, coding: &str) -> Result<usize> {
        Ok(fetch(&self.0[0], path, coding).await?.bytes)
    }
}

struct Answer {
    first_byte: f64,
    whole: f64,
    bytes: usize,
}

async fn fetch(visitor: &Visitor, path: &str, coding: &str) -> Result<Answer> {
    let request = visitor.client().get(visitor.address(path));
    let request = request.header("accept", "text/html").header(ACCEPT_ENCODING, coding);
    let begun = Instant::now();
    let mut response = request.send().await?;
    let first_byte = begun.elapsed().as_secs_f64() * 1_000.0;
    let (status, coded) = (response.status(), response.headers().get("content-encoding").cloned());
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await? {
        bytes += chunk.len();
    }
    if !status.is_success() || coded.as_ref().is_none_or(|name| name != coding) {
        bail!("{path} answers {status} in coding {coded:?}, asked for {coding}");
    }
    Ok(Answer { first_byte, whole: begun.elapsed().as_secs_f64() * 1_000.0, bytes })
}
