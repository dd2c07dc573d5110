//! Instances, their states and deployments.

use chrono::{DateTime, Utc};
use mainstay_core::deployment::Track;
use mainstay_core::estate::{Cause, Deployment, Instance, InstanceState};
use mainstay_core::fence::Token;

use crate::error::{Problem, WireError, cut, id, label, line, present};
use crate::limits::{LABEL_MAX_BYTES, MESSAGE_TEXT_MAX_BYTES, MOMENT_MS, VERSION_MAX_BYTES};
use crate::proto;

impl TryFrom<proto::Instance> for Instance {
    type Error = WireError;

    fn try_from(m: proto::Instance) -> Result<Self, WireError> {
        let state = state(m.state, m.cause, m.retry_at_ms)?;
        let text = |field, value: Option<String>| {
            value.map(|v| label(field, v, LABEL_MAX_BYTES)).transpose()
        };
        Ok(Self {
            id: id("id", &m.id)?,
            service: id("service", &m.service)?,
            version: label("version", m.version, VERSION_MAX_BYTES)?,
            state,
            since: moment("since_ms", m.since_ms)?,
            restarts: m.restarts,
            cpu_millicores: m.cpu_millicores,
            memory_bytes: m.memory_bytes,
            endpoint: text("endpoint", m.endpoint)?,
            handle: text("handle", m.handle)?,
        })
    }
}

impl From<&Instance> for proto::Instance {
    fn from(instance: &Instance) -> Self {
        let (state, cause, retry_at_ms) = match &instance.state {
            InstanceState::Starting => (proto::State::Starting, None, 0),
            InstanceState::Serving => (proto::State::Serving, None, 0),
            InstanceState::Unhealthy { cause } => (proto::State::Unhealthy, Some(cause.into()), 0),
            InstanceState::Waiting { cause, retry_at } => {
                (proto::State::Waiting, Some(cause.into()), retry_at.timestamp_millis())
            }
            InstanceState::Draining => (proto::State::Draining, None, 0),
        };
        Self {
            id: instance.id.to_string(),
            service: instance.service.to_string(),
            version: instance.version.clone(),
            state: state.into(),
            cause,
            since_ms: instance.since.timestamp_millis(),
            retry_at_ms,
            restarts: instance.restarts,
            cpu_millicores: instance.cpu_millicores,
            memory_bytes: instance.memory_bytes,
            endpoint: instance.endpoint.clone(),
            handle: instance.handle.clone(),
        }
    }
}

fn state(
    state: i32,
    cause: Option<proto::Cause>,
    retry_at_ms: i64,
) -> Result<InstanceState, WireError> {
    let known = proto::State::try_from(state).map_err(|_| {
        WireError::new(
            "state",
            Problem::OutOfRange {
                found: state.to_string(),
                expected: "the states of the protocol",
            },
        )
    })?;
    let caused = || Cause::try_from(present("cause", cause)?).map_err(|e| e.inside("cause"));
    match known {
        proto::State::Unspecified => Err(WireError::new("state", Problem::Missing)),
        proto::State::Starting => Ok(InstanceState::Starting),
        proto::State::Serving => Ok(InstanceState::Serving),
        proto::State::Draining => Ok(InstanceState::Draining),
        proto::State::Unhealthy => Ok(InstanceState::Unhealthy { cause: caused()? }),
        proto::State::Waiting => Ok(InstanceState::Waiting {
            cause: caused()?,
            retry_at: moment("retry_at_ms", retry_at_ms)?,
        }),
    }
}

impl TryFrom<proto::Cause> for Cause {
    type Error = WireError;

    fn try_from(m: proto::Cause) -> Result<Self, WireError> {
        use proto::cause::Kind;
        Ok(match present("kind", m.kind)? {
            Kind::ExitedCode(code) => Self::Exited { code },
            Kind::KilledSignal(signal) => Self::Killed { signal },
            Kind::Vanished(_) => Self::Vanished,
            Kind::NotStarted(message) => {
                Self::NotStarted { message: line("not_started", message, MESSAGE_TEXT_MAX_BYTES)? }
            }
            Kind::HealthStatus(code) => Self::HealthStatus { code: http_status(code)? },
            Kind::HealthTimeoutMs(after_ms) => Self::HealthTimeout { after_ms },
            Kind::HealthRefused(message) => Self::HealthRefused {
                message: line("health_refused", message, MESSAGE_TEXT_MAX_BYTES)?,
            },
        })
    }
}

impl From<&Cause> for proto::Cause {
    fn from(cause: &Cause) -> Self {
        use proto::cause::Kind;
        let kind = match cause {
            Cause::Exited { code } => Kind::ExitedCode(*code),
            Cause::Killed { signal } => Kind::KilledSignal(*signal),
            Cause::Vanished => Kind::Vanished(true),
            Cause::NotStarted { message } => Kind::NotStarted(cut(message, MESSAGE_TEXT_MAX_BYTES)),
            Cause::HealthStatus { code } => Kind::HealthStatus((*code).into()),
            Cause::HealthTimeout { after_ms } => Kind::HealthTimeoutMs(*after_ms),
            Cause::HealthRefused { message } => {
                Kind::HealthRefused(cut(message, MESSAGE_TEXT_MAX_BYTES))
            }
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<proto::Deployment> for Deployment {
    type Error = WireError;

    fn try_from(m: proto::Deployment) -> Result<Self, WireError> {
        Ok(Self {
            service: id("service", &m.service)?,
            track: track(m.track)?,
            version: label("version", m.version, VERSION_MAX_BYTES)?,
            nodes: nodes(m.nodes)?,
            template: label("template", m.template, LABEL_MAX_BYTES)?,
            token: present("token", m.token)?.into(),
        })
    }
}

impl From<&Deployment> for proto::Deployment {
    fn from(deployment: &Deployment) -> Self {
        Self {
            service: deployment.service.to_string(),
            version: deployment.version.clone(),
            nodes: deployment.nodes.into(),
            template: deployment.template.clone(),
            token: Some(deployment.token.into()),
            track: proto::Track::from(deployment.track).into(),
        }
    }
}

impl From<Track> for proto::Track {
    fn from(track: Track) -> Self {
        match track {
            Track::Blue => Self::Blue,
            Track::Green => Self::Green,
        }
    }
}

/// A track; what is absent, as an older program writes it, is blue.
pub(crate) fn track(number: i32) -> Result<Track, WireError> {
    match proto::Track::try_from(number) {
        Ok(proto::Track::Blue) => Ok(Track::Blue),
        Ok(proto::Track::Green) => Ok(Track::Green),
        Err(_) => {
            let found = number.to_string();
            let problem = Problem::OutOfRange { found, expected: "the tracks of the protocol" };
            Err(WireError::new("track", problem))
        }
    }
}

impl From<proto::Token> for Token {
    fn from(m: proto::Token) -> Self {
        Self { timeline: m.timeline, epoch: m.epoch, seq: m.seq }
    }
}

impl From<Token> for proto::Token {
    fn from(token: Token) -> Self {
        Self { timeline: token.timeline, epoch: token.epoch, seq: token.seq }
    }
}

/// A number of nodes as the core counts them.
pub(crate) fn nodes(count: u32) -> Result<u16, WireError> {
    u16::try_from(count).map_err(|_| {
        WireError::new(
            "nodes",
            Problem::OutOfRange { found: count.to_string(), expected: "0 to 65,535" },
        )
    })
}

/// Unix milliseconds as a moment; bounded, so that later arithmetic cannot overflow.
pub(crate) fn moment(field: &str, ms: i64) -> Result<DateTime<Utc>, WireError> {
    DateTime::from_timestamp_millis(ms).filter(|_| MOMENT_MS.contains(&ms)).ok_or_else(|| {
        WireError::new(
            field,
            Problem::OutOfRange {
                found: ms.to_string(),
                expected: "the years 2000 to 2200 in Unix milliseconds",
            },
        )
    })
}

fn http_status(code: u32) -> Result<u16, WireError> {
    u16::try_from(code).ok().filter(|code| (100..1000).contains(code)).ok_or_else(|| {
        WireError::new(
            "health_status",
            Problem::OutOfRange {
                found: code.to_string(),
                expected: "the HTTP status codes 100 to 999",
            },
        )
    })
}
