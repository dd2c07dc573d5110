//! Commands and their results.

use std::fmt;
use std::sync::Arc;

use mainstay_core::deployment::{self, Spec, Track};
use mainstay_core::fence::{Outcome, Token};
use mainstay_core::id::ServiceId;
use serde::{Deserialize, Serialize};

use crate::bench;
use crate::error::{
    Problem, WireError, bounded, cut, each, id, json, label, line, present, to_json,
};
use crate::estate::{nodes, track};
use crate::limits::{
    COMMAND_ID_MAX_BYTES, COMMAND_PART_MAX_BYTES, COMMAND_PARTS_MAX, HEALTH_PATH_MAX_BYTES,
    MESSAGE_TEXT_MAX_BYTES, VERSION_MAX_BYTES,
};
use crate::proto;

/// The idempotency key of a command: visible ASCII, at most [`COMMAND_ID_MAX_BYTES`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommandId(Arc<str>);

impl CommandId {
    pub fn new(text: &str) -> Result<Self, WireError> {
        let text = label("id", text.to_owned(), COMMAND_ID_MAX_BYTES)?;
        match text.chars().find(|c| !c.is_ascii_graphic()) {
            Some(c) => Err(WireError::new("id", Problem::Character(c))),
            None => Ok(Self(text.into())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CommandId {
    type Error = WireError;

    fn try_from(text: String) -> Result<Self, WireError> {
        Self::new(&text)
    }
}

impl From<CommandId> for String {
    fn from(id: CommandId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A change one agent is to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    pub id: CommandId,
    /// The decision's place in the history of its service in this data centre.
    pub token: Token,
    pub action: deployment::Command,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandResult {
    pub command_id: CommandId,
    /// The token of the command.
    pub token: Token,
    pub outcome: Outcome,
}

impl TryFrom<proto::Command> for Command {
    type Error = WireError;

    fn try_from(m: proto::Command) -> Result<Self, WireError> {
        use proto::command::Action;
        let action = match present("action", m.action)? {
            Action::Deploy(deploy) => deploy_from(deploy).map_err(|e| e.inside("deploy"))?,
            Action::RemoveService(service) => deployment::Command::Remove {
                service: id("remove_service", &service)?,
                track: Track::Blue,
            },
            Action::RemoveGreenService(service) => deployment::Command::Remove {
                service: id("remove_green_service", &service)?,
                track: Track::Green,
            },
            Action::Replace(replace) => deployment::Command::Replace {
                service: id("replace.service", &replace.service)?,
                instance: id("replace.instance", &replace.instance)?,
            },
            Action::Work(text) => deployment::Command::Work { work: json("work", &text)? },
            Action::Test(m) => deployment::Command::Test {
                service: id("test.service", &m.service)?,
                test: m.try_into().map_err(|e: WireError| e.inside("test"))?,
            },
        };
        Ok(Self { id: CommandId::new(&m.id)?, token: present("token", m.token)?.into(), action })
    }
}

fn deploy_from(m: proto::Deploy) -> Result<deployment::Command, WireError> {
    let (service, track) = (id("service", &m.service)?, track(m.track)?);
    Ok(deployment::Command::Deploy { service, track, spec: spec_from(m)? })
}

/// What is to run, of a message that says where as well.
pub(crate) fn spec_from(m: proto::Deploy) -> Result<Spec, WireError> {
    let command = each("command", m.command, COMMAND_PARTS_MAX, |part| {
        let part = bounded("part", part, COMMAND_PART_MAX_BYTES)?;
        match part.contains('\0') {
            true => Err(WireError::new("part", Problem::Character('\0'))),
            false => Ok(part),
        }
    })?;
    Ok(Spec {
        version: label("version", m.version, VERSION_MAX_BYTES)?,
        nodes: nodes(m.nodes)?,
        command,
        health_path: path("health_path", m.health_path)?,
    })
}

pub(crate) fn deploy_of(service: &ServiceId, track: Track, spec: &Spec) -> proto::Deploy {
    proto::Deploy {
        service: service.to_string(),
        version: spec.version.clone(),
        nodes: spec.nodes.into(),
        command: spec.command.clone(),
        health_path: spec.health_path.clone(),
        track: proto::Track::from(track).into(),
    }
}

/// The path of a request we write by hand: it must not end its line.
pub(crate) fn path(field: &str, text: String) -> Result<String, WireError> {
    let path = label(field, text, HEALTH_PATH_MAX_BYTES)?;
    match path.starts_with('/') && !path.contains(' ') && path.is_ascii() {
        true => Ok(path),
        false => Err(WireError::new(field, Problem::Form("/path, in ASCII without spaces"))),
    }
}

impl From<&Command> for proto::Command {
    fn from(command: &Command) -> Self {
        use proto::command::Action;
        let action = match &command.action {
            deployment::Command::Deploy { service, track, spec } => {
                Action::Deploy(deploy_of(service, *track, spec))
            }
            deployment::Command::Remove { service, track: Track::Blue } => {
                Action::RemoveService(service.to_string())
            }
            deployment::Command::Remove { service, track: Track::Green } => {
                Action::RemoveGreenService(service.to_string())
            }
            deployment::Command::Test { service, test } => {
                Action::Test(bench::test_of(service, test))
            }
            deployment::Command::Work { work } => Action::Work(to_json(work)),
            deployment::Command::Replace { service, instance } => Action::Replace(proto::Replace {
                service: service.to_string(),
                instance: instance.to_string(),
            }),
        };
        Self { id: command.id.to_string(), token: Some(command.token.into()), action: Some(action) }
    }
}

impl TryFrom<proto::CommandResult> for CommandResult {
    type Error = WireError;

    fn try_from(m: proto::CommandResult) -> Result<Self, WireError> {
        use proto::command_result::Outcome as Wire;
        let outcome = match present("outcome", m.outcome)? {
            Wire::Done(true) => Outcome::Done,
            Wire::Done(false) => {
                let form = Problem::Form("true (a failure is told by `failed`)");
                return Err(WireError::new("done", form));
            }
            Wire::Stale(token) => Outcome::Stale { newest: token.into() },
            Wire::Failed(message) => {
                Outcome::Failed { message: line("failed", message, MESSAGE_TEXT_MAX_BYTES)? }
            }
        };
        Ok(Self {
            command_id: CommandId::new(&m.command_id).map_err(|e| e.inside("command"))?,
            token: present("token", m.token)?.into(),
            outcome,
        })
    }
}

impl From<&CommandResult> for proto::CommandResult {
    fn from(result: &CommandResult) -> Self {
        use proto::command_result::Outcome as Wire;
        Self {
            command_id: result.command_id.to_string(),
            token: Some(result.token.into()),
            outcome: Some(match &result.outcome {
                Outcome::Done => Wire::Done(true),
                Outcome::Stale { newest } => Wire::Stale((*newest).into()),
                Outcome::Failed { message } => Wire::Failed(cut(message, MESSAGE_TEXT_MAX_BYTES)),
            }),
        }
    }
}
