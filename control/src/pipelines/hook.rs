//! Taking a message of a source.

use std::net::IpAddr;

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::audit::{Action, Actor, Event};
use mainstay_core::pipeline::read::{Read, read};
use mainstay_core::pipeline::{Format, Refused, Report, Source, SourceId, Verdict};
use mainstay_store::pipeline::{self as stored, Name};
use mainstay_store::{StoreError, Tx, audit};
use serde_json::json;

use super::signature::{self, Message, Signed};
use super::{about, locked};
use crate::Control;

/// A secret that nobody has: checking against it takes as long where there is no source.
const NOBODY: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// Longest kind of a message that is kept, in characters.
const EVENT_MAX_CHARS: usize = 80;

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    Now(Verdict),
    /// The same was taken before; it had no effect.
    Already,
}

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// It is not a source's; which part of it is wrong is nobody's business.
    #[error("the message is not signed by a source that is known here")]
    NotSigned,
    #[error("its time is more than 5 minutes away; send it anew, with the time of now")]
    Stale,
    #[error("too many messages; send it again in {0} s")]
    Wait(i64),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Control {
    /// Takes a message that came for a source. `id`: `None`, its address names no source.
    pub async fn take_pipeline_message(
        &self,
        id: Option<SourceId>,
        message: &Message,
        from: IpAddr,
        request: Option<String>,
    ) -> Result<Taken, HookError> {
        let now = self.access.now().trunc_subsecs(6);
        locked(&self.pipelines.wrong).look(&from, now).map_err(|seconds| {
            count("wait");
            HookError::Wait(seconds)
        })?;
        let (source, signed) = match self.signed(id, message, now).await? {
            Ok(signed) => signed,
            Err((source, refused)) => {
                return Err(self.turned_away(source, refused, (from, now)).await);
            }
        };
        let paced = locked(&self.pipelines.sources).step(source.id, now);
        if let Err(seconds) = paced {
            count(Refused::TooMany.name());
            stored::note_refused(self.store.acts(), source.id, Refused::TooMany, now).await?;
            return Err(HookError::Wait(seconds));
        }
        let taking = &Taking { source: &source, signed: &signed, message, request, now };
        let taken = self.store.read_committed(|tx| Box::pin(taking.answer(tx))).await?;
        match taken {
            Some(Taken::Already) => count("again"),
            Some(Taken::Now(ref verdict)) => count(verdict.name()),
            None => {}
        }
        taken.ok_or(HookError::NotSigned)
    }

    /// The source whose message it is. An error: the source, as far as there is one, and why not.
    async fn signed(
        &self,
        id: Option<SourceId>,
        message: &Message,
        now: DateTime<Utc>,
    ) -> Result<Result<(Source, Signed), (Option<SourceId>, Refused)>, StoreError> {
        let found = match id {
            Some(id) => stored::get(self.store.reads(), id).await?,
            None => None,
        };
        let Some(source) = found else {
            let nobody = [NOBODY.to_owned()];
            for format in Format::ALL {
                // What it says does not matter; that it takes the time does.
                drop(signature::check(format, &nobody, message, now));
            }
            return Ok(Err((None, Refused::Signature)));
        };
        let sealed = stored::secrets(self.store.reads(), source.id, now).await?;
        let sealer = self.access.factor_settings().sealer.as_deref();
        let open = |sealed: Vec<u8>| {
            let opened = sealer?.open_sealed(&sealed, &about(source.id))?;
            String::from_utf8(opened).ok()
        };
        let secrets: Vec<_> =
            [sealed.now, sealed.before].into_iter().flatten().filter_map(open).collect();
        if secrets.is_empty() {
            tracing::warn!(source = %source.id, "its secret opens with another key than this one");
        }
        Ok(match signature::check(source.format, &secrets, message, now) {
            Ok(signed) => Ok((source, signed)),
            Err(refused) => Err((Some(source.id), refused)),
        })
    }

    async fn turned_away(
        &self,
        source: Option<SourceId>,
        refused: Refused,
        (from, now): (IpAddr, DateTime<Utc>),
    ) -> HookError {
        count(refused.name());
        // One more than may be is told with the next message.
        let _ = locked(&self.pipelines.wrong).step(from, now);
        if let Some(id) = source
            && let Err(error) = stored::note_refused(self.store.acts(), id, refused, now).await
        {
            return HookError::Store(error);
        }
        match refused {
            Refused::Stale => HookError::Stale,
            Refused::Signature | Refused::Malformed | Refused::Elsewhere | Refused::TooMany => {
                HookError::NotSigned
            }
        }
    }
}

fn count(result: &'static str) {
    metrics::counter!("mainstay_pipeline_messages_total", "result" => result).increment(1);
}

struct Taking<'a> {
    source: &'a Source,
    signed: &'a Signed,
    message: &'a Message,
    request: Option<String>,
    now: DateTime<Utc>,
}

impl Taking<'_> {
    /// `None`: the source was removed meanwhile.
    async fn answer(&self, tx: &mut Tx<'_>) -> Result<Option<Taken>, StoreError> {
        // One message of a source at a time, so that of two that are the same one is the second.
        let Some(source) = stored::lock(tx, self.source.id).await? else { return Ok(None) };
        let event = self.message.event.chars().filter(|c| !c.is_control());
        let event: String = event.take(EVENT_MAX_CHARS).collect();
        let Signed { key, digest } = self.signed;
        let name = Name { key, digest, event: &event };
        if stored::is_known(tx, source.id, name).await? {
            return Ok(Some(Taken::Already));
        }
        let Message { event, body, .. } = self.message;
        let verdict = match read(source.format, event, body, self.now) {
            Ok(Read::Left(why)) => Verdict::Left { why },
            Ok(Read::Report(report)) => self.report(tx, &source, report).await?,
            Err(error) => Verdict::Refused { refused: Refused::Malformed, why: error.to_string() },
        };
        stored::keep(tx, source.id, name, &verdict, self.now).await?;
        Ok(Some(Taken::Now(verdict)))
    }

    async fn report(
        &self,
        tx: &mut Tx<'_>,
        source: &Source,
        report: Report,
    ) -> Result<Verdict, StoreError> {
        if !source.speaks_of(&report.repository) {
            let why = format!("it is of {}, which is not this source's", report.repository);
            return Ok(Verdict::Refused { refused: Refused::Elsewhere, why });
        }
        let known = stored::known(tx, source.id, &report).await?;
        if known.as_ref().is_some_and(|known| !report.replaces(known)) {
            return Ok(Verdict::Known { report });
        }
        stored::put(tx, source.id, &report, self.now).await?;
        let actor = Actor::System(format!("pipeline {}", source.name));
        let mut event = Event::new(self.now, actor, Action::PipelineReport, source.path());
        event.request = self.request.clone();
        event.before = known.map(|known| json!({ "status": known.status, "at": known.at }));
        event.after = Some(json!({
            "repository": report.repository,
            "commit": report.commit,
            "pipeline": report.pipeline,
            "status": report.status,
            "at": report.at,
            "url": report.url,
            "message": self.signed.key,
        }));
        audit::append(tx, &event).await?;
        Ok(Verdict::Taken { report })
    }
}
