//! The stream of live values to a browser: server-sent events.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::{Query, State};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use futures::Stream;
use http::{HeaderMap, StatusCode};
use mainstay_app::live::{BEAT_SECONDS, Beat, Change, Topics, told_in};
use mainstay_app::text::Tz;
use mainstay_app::{paths, shell, text};
use mainstay_core::access::{Language, Permission};
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::language::speaking;
use crate::live::{Batch, LISTENERS_MAX, Listener};
use crate::policy::Routes;
use crate::problem::Problem;
use crate::session::Sessions;
use crate::state::AppState;
use crate::viewer::{Via, Viewer};

/// A beat says that the stream lives, and the server's time.
const BEAT: Duration = Duration::from_secs(BEAT_SECONDS as u64);
/// After so long a program with a token connects anew, and is asked for it again.
const TOKEN_STREAM_MAX: Duration = Duration::from_secs(300);
/// Events waiting for a slow browser before its stream waits.
const WAITING_MAX: usize = 16;

pub fn routes() -> Routes {
    Routes::new().get(Permission::ReadEstate, paths::LIVE, stream)
}

#[derive(Debug, Deserialize)]
struct Wanted {
    #[serde(default)]
    topics: String,
    /// The last event heard, where a header cannot be set: a connection built anew.
    #[serde(default)]
    after: Option<String>,
    /// The zone of the times in the page's lists; empty: UTC.
    #[serde(default)]
    zone: String,
    /// The tag of the page's language; empty: the reader's.
    #[serde(default)]
    language: String,
}

/// What one stream says, and how.
struct Hearing {
    topics: Topics,
    zone: Option<Tz>,
    language: Language,
    epoch: String,
    /// How the listener came in; the stream ends when that ends.
    via: Via,
    sessions: Sessions,
}

/// `GET /live?topics=estate,dc:fra1`: events `beat`, `batch` and `reset`, until the page leaves
/// or the server stops.
async fn stream(
    State(state): State<AppState>,
    Extension(sessions): Extension<Sessions>,
    Query(wanted): Query<Wanted>,
    viewer: Viewer,
    headers: HeaderMap,
) -> Response {
    let topics = match Topics::parse(&wanted.topics) {
        Ok(topics) => topics,
        Err(why) => return Problem::new(StatusCode::BAD_REQUEST, why).into_response(),
    };
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let last = last.or(wanted.after);
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let zone = wanted.zone.parse().ok();
    let language = Language::from_tag(&wanted.language).unwrap_or_else(text::language);
    let epoch = state.live.epoch.clone();
    let hearing = Hearing { topics, zone, language, epoch, via: viewer.via, sessions };
    let after = last.as_deref().map(|id| sequence(&hearing.epoch, id).unwrap_or(u64::MAX));
    let Some(listener) = state.live.listen(hearing.topics.clone(), language, after) else {
        let why = format!("{LISTENERS_MAX} pages are live already; load this one again for newer");
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    };
    tokio::spawn(speaking(language, feed(state, hearing, listener, sender)));
    let events = ReceiverStream::new(receiver);
    sse(events).into_response()
}

fn sse(
    events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(events)
}

/// The listener's task, which speaks its language: ends when the page leaves, which closes the
/// channel.
async fn feed(
    state: AppState,
    hearing: Hearing,
    listener: Listener,
    sender: mpsc::Sender<Result<Event, Infallible>>,
) {
    metrics::gauge!("mainstay_live_listeners").increment(1.0);
    let epoch = hearing.epoch.as_str();
    let Listener { id, missed, begun, mut seq, mut receiver } = listener;
    let mut first = vec![beat(epoch, seq)];
    match missed {
        None => first.push(reset(epoch, seq)),
        Some(batches) => {
            first.extend(batches.iter().filter_map(|batch| hearing.batch(batch)));
            first.extend(hearing.changes(seq, &begun));
        }
    }
    let mut open = true;
    for event in first {
        open = open && sender.send(Ok(event)).await.is_ok();
    }
    let began = Instant::now();
    let mut beats = tokio::time::interval(BEAT);
    beats.reset();
    while open {
        let event = tokio::select! {
            () = state.shutdown.cancelled() => break,
            () = sender.closed() => break,
            _ = beats.tick() => match hearing.may_go_on(began).await {
                true => Some(beat(epoch, seq)),
                false => break,
            },
            heard = receiver.recv() => match heard {
                Ok(heard) => {
                    seq = heard.seq;
                    hearing.batch(&heard)
                }
                Err(RecvError::Lagged(_)) => Some(reset(epoch, seq)),
                Err(RecvError::Closed) => break,
            },
        };
        if let Some(event) = event {
            open = sender.send(Ok(event)).await.is_ok();
        }
    }
    state.live.leave(id);
    metrics::gauge!("mainstay_live_listeners").decrement(1.0);
}

/// The sequence in an id of this process; `None` for another's.
fn sequence(epoch: &str, id: &str) -> Option<u64> {
    let (of, seq) = id.split_once('-')?;
    (of == epoch).then(|| seq.parse().ok()).flatten()
}

fn beat(epoch: &str, seq: u64) -> Event {
    let now = Utc::now();
    let beat = Beat {
        at: text::clock_seconds(now, now),
        clock: shell::clock_words(now),
        seq,
        build: env!("CARGO_PKG_VERSION").to_owned(),
    };
    // A value of our own making always serialises.
    let data = serde_json::to_string(&beat).unwrap_or_default();
    Event::default().event("beat").id(format!("{epoch}-{seq}")).data(data)
}

fn reset(epoch: &str, seq: u64) -> Event {
    Event::default().event("reset").id(format!("{epoch}-{seq}")).data("{}")
}

impl Hearing {
    /// Whether whoever listens is still let in. A session is asked for at each beat; a program
    /// shows its token again after a while.
    async fn may_go_on(&self, began: Instant) -> bool {
        match &self.via {
            Via::Session { hash, .. } => self.sessions.stands(hash).await,
            Via::Token(_) => began.elapsed() < TOKEN_STREAM_MAX,
        }
    }

    /// What of a batch the page wants; `None`: nothing.
    fn batch(&self, batch: &Batch) -> Option<Event> {
        match batch.changes.get(&self.language) {
            Some(changes) => self.changes(batch.seq, changes),
            // Not said in this language, which a listener's always is.
            None => Some(reset(&self.epoch, batch.seq)),
        }
    }

    /// What of some changes the page wants; `None`: nothing.
    fn changes(&self, seq: u64, changes: &[Change]) -> Option<Event> {
        let wanted = changes.iter().filter(|change| self.topics.wants(change));
        // Values of our own making always serialise.
        let data = match self.zone {
            None => serde_json::to_string(&wanted.collect::<Vec<_>>()),
            Some(zone) => {
                let now = Utc::now();
                let told = wanted.map(|change| told_in(zone, change, now));
                serde_json::to_string(&told.collect::<Vec<_>>())
            }
        };
        let data = data.ok().filter(|data| data != "[]")?;
        Some(Event::default().event("batch").id(format!("{}-{seq}", self.epoch)).data(data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_process_begins_anew() {
        assert_eq!(sequence("abc", "abc-12"), Some(12));
        for other in ["xyz-12", "abc-", "12", "", "abc-x"] {
            assert_eq!(sequence("abc", other), None, "{other}");
        }
    }
}
