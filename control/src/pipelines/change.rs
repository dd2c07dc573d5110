//! What people change about sources: each change, and each that was refused, with its audit entry.

use chrono::{DateTime, Utc};
use mainstay_core::access::{FieldMistake, Mistake};
use mainstay_core::audit::Action;
use mainstay_core::pipeline::{Draft, Drafted, SECRET_OVERLAP, Source, SourceId};
use mainstay_store::{StoreError, Tx, audit, pipeline as stored};
use rand::RngCore as _;
use serde_json::{Value, json};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::about;
use super::signature::SECRET_PREFIX;
use crate::Control;
use crate::access::{AccessError, By, Sealer};

/// Bytes of a secret.
const SECRET_BYTES: usize = 32;
/// Where a new one is made.
const LIST: &str = "/settings/pipelines";

/// A source and its secret.
#[derive(Clone, Debug)]
pub struct Made {
    pub source: Source,
    /// Shown this once.
    pub secret: String,
}

impl Control {
    /// Makes a source; its secret is told here and never again.
    pub async fn make_pipeline_source(&self, by: &By, draft: &Draft) -> Result<Made, AccessError> {
        let action = Action::PipelineSourceCreate;
        let read = match draft.read() {
            Ok(read) => read,
            Err(mistakes) => return Err(self.access.mistaken(by, action, LIST, mistakes).await),
        };
        let (read, secret) = (&read, signing_secret());
        let (sealer, now, text) = (self.pipeline_sealer()?, self.access.now(), secret.as_str());
        let source =
            self.store.transaction(|tx| Box::pin(make(tx, by, read, (sealer, text), now))).await?;
        match source {
            Some(source) => Ok(Made { source, secret }),
            None => {
                let taken = vec![FieldMistake::new("name", Mistake::Taken)];
                Err(self.access.mistaken(by, action, LIST, taken).await)
            }
        }
    }

    /// A new secret; the one before counts a while beside it.
    pub async fn rotate_pipeline_source(&self, by: &By, id: SourceId) -> Result<Made, AccessError> {
        let (secret, now) = (signing_secret(), self.access.now());
        let (sealer, text) = (self.pipeline_sealer()?, secret.as_str());
        let rotated = self
            .store
            .transaction(|tx| {
                Box::pin(async move {
                    let Some(before) = stored::lock(tx, id).await? else { return Ok(None) };
                    let until = now + SECRET_OVERLAP;
                    let after = Source {
                        revision: before.revision + 1,
                        changed_at: now,
                        overlap_until: Some(until),
                        ..before.clone()
                    };
                    let sealed = sealer.seal(text.as_bytes(), &about(id));
                    stored::set_secret(tx, &after, &sealed, Some(until)).await?;
                    let mut event = by.event(Action::PipelineSourceRotate, after.path(), now);
                    event.before = Some(shown(&before));
                    event.after = Some(shown(&after));
                    audit::append(tx, &event).await?;
                    Ok(Some(after))
                })
            })
            .await?;
        let source = rotated.ok_or(AccessError::NotFound)?;
        Ok(Made { source, secret })
    }

    /// Removes a source with its secrets; what it said of commits counts no more.
    pub async fn remove_pipeline_source(
        &self,
        by: &By,
        id: SourceId,
    ) -> Result<Source, AccessError> {
        let now = self.access.now();
        let removed = self
            .store
            .transaction(|tx| {
                Box::pin(async move {
                    let Some(source) = stored::lock(tx, id).await? else { return Ok(None) };
                    stored::remove(tx, id, now).await?;
                    let mut event = by.event(Action::PipelineSourceRemove, source.path(), now);
                    event.before = Some(shown(&source));
                    event.after = Some(json!({ "name": source.name, "removed": true }));
                    audit::append(tx, &event).await?;
                    Ok(Some(source))
                })
            })
            .await?;
        removed.ok_or(AccessError::NotFound)
    }

    pub(super) fn pipeline_sealer(&self) -> Result<&Sealer, AccessError> {
        let sealer = self.access.factor_settings().sealer.as_deref();
        // Only a test assembles a server without its key.
        sealer.ok_or(AccessError::NotFound)
    }
}

async fn make(
    tx: &mut Tx<'_>,
    by: &By,
    read: &Drafted,
    (sealer, secret): (&Sealer, &str),
    now: DateTime<Utc>,
) -> Result<Option<Source>, StoreError> {
    let Some(source) = stored::insert(tx, read, by.person(), now).await? else { return Ok(None) };
    let sealed = sealer.seal(secret.as_bytes(), &about(source.id));
    stored::set_secret(tx, &source, &sealed, None).await?;
    let mut event = by.event(Action::PipelineSourceCreate, source.path(), now);
    event.after = Some(shown(&source));
    audit::append(tx, &event).await?;
    Ok(Some(source))
}

/// What the audit log says of a source.
fn shown(source: &Source) -> Value {
    json!({
        "name": source.name,
        "format": source.format,
        "below": source.below,
        "overlap_until": source.overlap_until,
        "revision": source.revision,
    })
}

fn signing_secret() -> String {
    let mut bytes = [0; SECRET_BYTES];
    rand::rng().fill_bytes(&mut bytes);
    format!("{SECRET_PREFIX}{}", STANDARD.encode(bytes))
}
