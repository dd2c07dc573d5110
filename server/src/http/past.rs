//! Pages as of a moment of the past: `?at=2026-11-20T03:12:07Z`.

use axum::extract::FromRequestParts;
use axum::response::Response;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use http::request::Parts;
use mainstay_app::pages::error::Failure;
use mainstay_control::moment::Past;

use super::page::Context;
use super::pages::{failed, store_failed};
use crate::state::AppState;

/// A browser's clock, which named the moment, may be ahead by so much.
const AHEAD: TimeDelta = TimeDelta::minutes(1);

/// The context of a page at the moment that its address asks for, else now. What cannot be shown
/// is said: now is never taken for another moment.
pub struct At(pub Context);

impl FromRequestParts<AppState> for At {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let Ok(mut context) = Context::from_request_parts(parts, state).await;
        let query = context.query();
        let Some(asked) = query.get("at") else { return Ok(Self(context)) };
        let now = context.snapshot.estate.at;
        let at = match moment(asked, now) {
            Ok(at) => at,
            Err(ahead) => return Err(failed(&context, &Failure::no_moment(asked, ahead))),
        };
        match context.state.control.past(at).await {
            Ok(Past::Known(snapshot)) => {
                context.snapshot = *snapshot;
                Ok(Self(context))
            }
            Ok(Past::Unknown { before, after }) => {
                let failure = Failure::unrecorded(context.path(), at, before, after);
                Err(failed(&context, &failure))
            }
            Err(error) => Err(store_failed(&context, &error)),
        }
    }
}

/// Reads a moment; without a zone it is of UTC, as a browser's field writes it.
///
/// Errors: the moment that has not come yet; `None`: it is none.
fn moment(asked: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Option<DateTime<Utc>>> {
    let naive = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];
    let zoned = DateTime::parse_from_rfc3339(asked).map(|at| at.to_utc()).ok();
    let plain = || naive.iter().find_map(|it| NaiveDateTime::parse_from_str(asked, it).ok());
    let Some(at) = zoned.or_else(|| plain().map(|at| at.and_utc())) else {
        return Err(None);
    };
    if at > now + AHEAD {
        return Err(Some(at));
    }
    Ok(at.min(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_with_a_zone_or_as_utc_and_never_ahead() {
        let now: DateTime<Utc> = "2026-11-20T03:12:07Z".parse().expect("a moment");
        let read = |text: &str| moment(text, now);
        let night = "2026-11-20T03:00:00Z".parse().expect("a moment");
        for text in ["2026-11-20T03:00:00Z", "2026-11-20T04:00:00+01:00", "2026-11-20T03:00"] {
            assert_eq!(read(text), Ok(night), "{text}");
        }
        assert_eq!(read("2026-11-20T03:12:50Z"), Ok(now), "a clock that is ahead");
        let later = "2026-11-20T03:14:00Z";
        assert_eq!(read(later), Err(later.parse().ok()));
        assert_eq!(read("yesterday"), Err(None));
    }
}
