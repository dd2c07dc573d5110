//! What is asked under a one-time key is done once, however often it is sent.

use chrono::{DateTime, Utc};
use mainstay_store::{StoreError, Tx, request};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::access::By;

/// Longest one-time key, in bytes.
const KEY_MAX_BYTES: usize = 100;

/// A form that is malformed: a sentence that says what to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form(pub &'static str);

/// A request under its one-time key.
pub(crate) struct Once<'a> {
    key: &'a str,
    /// Fingerprint of who asked what.
    asked: String,
}

impl<'a> Once<'a> {
    pub(crate) fn new(key: &'a str, by: &By, asked: &impl Serialize) -> Result<Self, Form> {
        if key.is_empty() || key.len() > KEY_MAX_BYTES || !key.is_ascii() {
            return Err(Form("write a one-time key of 1 to 100 ASCII characters"));
        }
        let json = serde_json::to_vec(&(&by.actor, asked)).expect("a request has only string keys");
        let digest = Sha256::digest(json);
        let asked = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { key, asked })
    }

    /// The answer that was given before, if it was.
    pub(crate) async fn recall<T: DeserializeOwned, E: From<Form>>(
        &self,
        tx: &mut Tx<'_>,
    ) -> Result<Option<Result<T, E>>, StoreError> {
        Ok(match request::recall(tx, self.key, &self.asked).await? {
            request::Known::New => None,
            request::Known::Answered(answer) => {
                let answer = serde_json::from_value(answer);
                Some(Ok(answer.map_err(|error| StoreError::corrupt("an answer", error))?))
            }
            request::Known::Other => Some(Err(E::from(Form(
                "this one-time key was used for another request; load the page again",
            )))),
        })
    }

    pub(crate) async fn remember(
        &self,
        tx: &mut Tx<'_>,
        answer: &impl Serialize,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let answer = serde_json::to_value(answer).expect("an answer has only string keys");
        request::remember(tx, self.key, &self.asked, &answer, now).await
    }
}
