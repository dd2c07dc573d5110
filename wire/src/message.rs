//! The messages of a link, in both directions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use mainstay_core::audit::Conflict;
use mainstay_core::backup::work::{DatabaseReport, WorkReport};
use mainstay_core::bench::TestReport;
use mainstay_core::cluster::{MEMBERS_MAX, MemberReport};
use mainstay_core::deployment::{Slot, Track};
use mainstay_core::estate::{Deployment, Fact, Instance};
use mainstay_core::fence::{Subject, Token};
use mainstay_core::id::{DatacenterId, InstanceId};

use crate::command::{Command, CommandResult};
use crate::error::{Problem, WireError, bounded, each, id, json, label, present, to_json};
use crate::limits::{
    CONSISTENCY_MAX, DATABASES_MAX, INSTANCES_MAX, JOURNAL_TAIL_MAX, LABEL_MAX_BYTES,
    NOTE_MAX_BYTES, REPORT_PERIOD, SERVICES_MAX, TESTS_MAX, VERSION_MAX_BYTES, WORKS_MAX,
};
use crate::proto;

/// What an agent says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromAgent {
    Hello(Hello),
    Report(Report),
    Result(CommandResult),
    /// Found on this link; [`Hello`] tells of one that was found before.
    Conflict(Conflict),
}

/// The first message of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    pub datacenter: DatacenterId,
    pub agent_version: String,
    /// New for each start of the agent.
    pub boot_id: String,
    /// The largest token accepted for each subject.
    pub accepted: BTreeMap<Subject, Token>,
    /// The newest finished commands, newest last.
    pub journal_tail: Vec<CommandResult>,
    /// Size of the audit log at the checkpoint the agent witnessed last; 0: none yet. The next
    /// checkpoint is to be proved consistent with it.
    pub witnessed_size: u64,
    /// A conflict whose evidence the agent keeps.
    pub conflict: Option<Conflict>,
}

/// What is there: everything, or what changed since the report before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// From 1, without gaps in one link.
    pub seq: u64,
    /// Whether it replaces everything known.
    pub full: bool,
    pub instances: Vec<Instance>,
    pub gone_instances: Vec<InstanceId>,
    pub deployments: Vec<Deployment>,
    pub gone_deployments: Vec<Slot>,
    /// One that is not named in a report that is not full is as it was.
    pub facts: Vec<Fact>,
}

/// What a server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToAgent {
    Welcome(Welcome),
    Command(Command),
    /// Everything up to and including this report is taken over.
    Acknowledged {
        seq: u64,
    },
    /// Send a full report.
    Resync,
    Checkpoint(Checkpoint),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    pub server_version: String,
    pub server_time: DateTime<Utc>,
    /// Within [`REPORT_PERIOD`].
    pub report_period: Duration,
}

/// The newest checkpoint of the audit log, with a proof that it continues an older one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub note: String,
    pub consistency: Vec<[u8; 32]>,
    pub from_size: u64,
}

impl TryFrom<proto::FromAgent> for FromAgent {
    type Error = WireError;

    fn try_from(m: proto::FromAgent) -> Result<Self, WireError> {
        use proto::from_agent::Body;
        Ok(match present("body", m.body)? {
            Body::Hello(m) => Self::Hello(Hello::try_from(m).map_err(|e| e.inside("hello"))?),
            Body::Report(m) => Self::Report(Report::try_from(m).map_err(|e| e.inside("report"))?),
            Body::Result(m) => {
                Self::Result(CommandResult::try_from(m).map_err(|e| e.inside("result"))?)
            }
            Body::Conflict(m) => {
                Self::Conflict(Conflict::try_from(m).map_err(|e| e.inside("conflict"))?)
            }
        })
    }
}

impl From<&FromAgent> for proto::FromAgent {
    fn from(message: &FromAgent) -> Self {
        use proto::from_agent::Body;
        Self {
            body: Some(match message {
                FromAgent::Hello(hello) => Body::Hello(hello.into()),
                FromAgent::Report(report) => Body::Report(report.into()),
                FromAgent::Result(result) => Body::Result(result.into()),
                FromAgent::Conflict(conflict) => Body::Conflict(conflict.into()),
            }),
        }
    }
}

impl TryFrom<proto::Hello> for Hello {
    type Error = WireError;

    fn try_from(m: proto::Hello) -> Result<Self, WireError> {
        let accepted = each("accepted", m.accepted, SERVICES_MAX, |m| {
            let subject: Subject = id("subject", &m.subject)?;
            Ok((subject, Token::from(present("token", m.token)?)))
        })?;
        unique("accepted", accepted.iter().map(|(subject, _)| subject), ToString::to_string)?;
        Ok(Self {
            datacenter: id("datacenter", &m.datacenter)?,
            agent_version: label("agent_version", m.agent_version, VERSION_MAX_BYTES)?,
            boot_id: label("boot_id", m.boot_id, LABEL_MAX_BYTES)?,
            accepted: accepted.into_iter().collect(),
            journal_tail: each("journal_tail", m.journal_tail, JOURNAL_TAIL_MAX, |m| {
                CommandResult::try_from(m)
            })?,
            witnessed_size: m.witnessed_size,
            conflict: m.conflict.map(Conflict::try_from).transpose()?,
        })
    }
}

impl TryFrom<proto::WitnessConflict> for Conflict {
    type Error = WireError;

    fn try_from(m: proto::WitnessConflict) -> Result<Self, WireError> {
        Ok(Self {
            at: present("at_ms", DateTime::from_timestamp_millis(m.at_ms))?,
            witnessed: m.witnessed_size,
            offered: m.offered_size,
        })
    }
}

impl From<&Conflict> for proto::WitnessConflict {
    fn from(conflict: &Conflict) -> Self {
        Self {
            at_ms: conflict.at.timestamp_millis(),
            witnessed_size: conflict.witnessed,
            offered_size: conflict.offered,
        }
    }
}

impl From<&Hello> for proto::Hello {
    fn from(hello: &Hello) -> Self {
        let accepted = hello.accepted.iter().map(|(subject, token)| proto::Accepted {
            subject: subject.to_string(),
            token: Some((*token).into()),
        });
        Self {
            datacenter: hello.datacenter.to_string(),
            agent_version: hello.agent_version.clone(),
            boot_id: hello.boot_id.clone(),
            accepted: accepted.collect(),
            journal_tail: hello.journal_tail.iter().map(Into::into).collect(),
            witnessed_size: hello.witnessed_size,
            conflict: hello.conflict.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<proto::Report> for Report {
    type Error = WireError;

    fn try_from(m: proto::Report) -> Result<Self, WireError> {
        if m.seq == 0 {
            return Err(WireError::new("seq", Problem::Missing));
        }
        let instances = each("instances", m.instances, INSTANCES_MAX, Instance::try_from)?;
        let gone_instances =
            each("gone_instances", m.gone_instances, INSTANCES_MAX, |text| id("id", &text))?;
        let named = instances.iter().map(|i| &i.id).chain(&gone_instances);
        unique("instances", named, ToString::to_string)?;
        let deployments = each("deployments", m.deployments, SERVICES_MAX, Deployment::try_from)?;
        let gone = |field, services, track| {
            each(field, services, SERVICES_MAX, |text: String| Ok((id("id", &text)?, track)))
        };
        let mut gone_deployments = gone("gone_deployments", m.gone_deployments, Track::Blue)?;
        let green = m.gone_green_deployments;
        gone_deployments.extend(gone("gone_green_deployments", green, Track::Green)?);
        let named = deployments.iter().map(|d| (&d.service, d.track));
        let named = named.chain(gone_deployments.iter().map(|(service, track)| (service, *track)));
        unique("deployments", named, |(service, track)| format!("{service}, {}", track.name()))?;
        let tests = each("tests", m.tests, TESTS_MAX, TestReport::try_from)?;
        unique("tests", tests.iter().map(|test| &test.id), |id| (*id).clone())?;
        let works = each("works", m.works, WORKS_MAX, |text| json::<WorkReport>("body", &text))?;
        unique("works", works.iter().map(|report| report.work.id()), |id| (*id).to_owned())?;
        let databases = each("databases", m.databases, DATABASES_MAX, |text| json("body", &text))?;
        let named = databases.iter().map(|report: &DatabaseReport| &report.database);
        unique("databases", named, ToString::to_string)?;
        let members = each("members", m.members, DATABASES_MAX, |text| member(&text))?;
        unique("members", members.iter().map(|report| &report.database), ToString::to_string)?;
        let facts = tests.into_iter().map(Fact::Test);
        let facts = facts.chain(works.into_iter().map(Fact::Work));
        let facts = facts.chain(databases.into_iter().map(Fact::Database));
        let facts = facts.chain(members.into_iter().map(Fact::Member)).collect();
        Ok(Self {
            seq: m.seq,
            full: m.full,
            instances,
            gone_instances,
            deployments,
            gone_deployments,
            facts,
        })
    }
}

impl From<&Report> for proto::Report {
    fn from(report: &Report) -> Self {
        let gone = |track| {
            let slots = report.gone_deployments.iter().filter(|slot| slot.1 == track);
            slots.map(|(service, _)| service.to_string()).collect()
        };
        let (mut tests, mut works) = (Vec::new(), Vec::new());
        let (mut databases, mut members) = (Vec::new(), Vec::new());
        for fact in &report.facts {
            match fact {
                Fact::Test(report) => tests.push(report.into()),
                Fact::Work(report) => works.push(to_json(report)),
                Fact::Database(report) => databases.push(to_json(report)),
                Fact::Member(report) => members.push(to_json(report)),
            }
        }
        Self {
            seq: report.seq,
            full: report.full,
            instances: report.instances.iter().map(Into::into).collect(),
            gone_instances: report.gone_instances.iter().map(ToString::to_string).collect(),
            deployments: report.deployments.iter().map(Into::into).collect(),
            gone_deployments: gone(Track::Blue),
            gone_green_deployments: gone(Track::Green),
            tests,
            works,
            databases,
            members,
        }
    }
}

fn member(text: &str) -> Result<MemberReport, WireError> {
    let report: MemberReport = json("body", text)?;
    match report.members.len() {
        0..=MEMBERS_MAX => Ok(report),
        found => {
            let problem = Problem::TooMany { found, max: MEMBERS_MAX };
            Err(WireError::new("members", problem))
        }
    }
}

impl TryFrom<proto::ToAgent> for ToAgent {
    type Error = WireError;

    fn try_from(m: proto::ToAgent) -> Result<Self, WireError> {
        use proto::to_agent::Body;
        Ok(match present("body", m.body)? {
            Body::Welcome(m) => {
                Self::Welcome(Welcome::try_from(m).map_err(|e| e.inside("welcome"))?)
            }
            Body::Command(m) => {
                Self::Command(Command::try_from(m).map_err(|e| e.inside("command"))?)
            }
            Body::ReportSeqAcknowledged(seq) => Self::Acknowledged { seq },
            Body::Resync(proto::Resync {}) => Self::Resync,
            Body::Checkpoint(m) => {
                Self::Checkpoint(Checkpoint::try_from(m).map_err(|e| e.inside("checkpoint"))?)
            }
        })
    }
}

impl From<&ToAgent> for proto::ToAgent {
    fn from(message: &ToAgent) -> Self {
        use proto::to_agent::Body;
        Self {
            body: Some(match message {
                ToAgent::Welcome(welcome) => Body::Welcome(welcome.into()),
                ToAgent::Command(command) => Body::Command(command.into()),
                ToAgent::Acknowledged { seq } => Body::ReportSeqAcknowledged(*seq),
                ToAgent::Resync => Body::Resync(proto::Resync {}),
                ToAgent::Checkpoint(checkpoint) => Body::Checkpoint(checkpoint.into()),
            }),
        }
    }
}

impl TryFrom<proto::Welcome> for Welcome {
    type Error = WireError;

    fn try_from(m: proto::Welcome) -> Result<Self, WireError> {
        let period = Duration::from_millis(m.report_period_ms.into());
        if !REPORT_PERIOD.contains(&period) {
            let problem = Problem::OutOfRange {
                found: m.report_period_ms.to_string(),
                expected: "100 to 60,000 milliseconds",
            };
            return Err(WireError::new("report_period_ms", problem));
        }
        let server_time = DateTime::from_timestamp_millis(m.server_time_ms);
        Ok(Self {
            server_version: label("server_version", m.server_version, VERSION_MAX_BYTES)?,
            server_time: present("server_time_ms", server_time)?,
            report_period: period,
        })
    }
}

impl From<&Welcome> for proto::Welcome {
    fn from(welcome: &Welcome) -> Self {
        let period = welcome.report_period.as_millis();
        Self {
            server_version: welcome.server_version.clone(),
            server_time_ms: welcome.server_time.timestamp_millis(),
            report_period_ms: u32::try_from(period).unwrap_or(u32::MAX),
        }
    }
}

impl TryFrom<proto::Checkpoint> for Checkpoint {
    type Error = WireError;

    fn try_from(m: proto::Checkpoint) -> Result<Self, WireError> {
        let consistency = each("consistency", m.consistency, CONSISTENCY_MAX, |hash| {
            <[u8; 32]>::try_from(hash.as_slice())
                .map_err(|_| WireError::new("hash", Problem::Form("32 bytes")))
        })?;
        Ok(Self {
            note: bounded("note", m.note, NOTE_MAX_BYTES)?,
            consistency,
            from_size: m.from_size,
        })
    }
}

impl From<&Checkpoint> for proto::Checkpoint {
    fn from(checkpoint: &Checkpoint) -> Self {
        Self {
            note: checkpoint.note.clone(),
            consistency: checkpoint.consistency.iter().map(|h| h.to_vec()).collect(),
            from_size: checkpoint.from_size,
        }
    }
}

/// Refuses a thing that is named twice: which of the two would count?
fn unique<T: Ord + Copy>(
    field: &str,
    things: impl Iterator<Item = T>,
    name: impl Fn(&T) -> String,
) -> Result<(), WireError> {
    let mut seen = BTreeSet::new();
    for thing in things {
        if !seen.insert(thing) {
            return Err(WireError::new(field, Problem::Duplicate(name(&thing))));
        }
    }
    Ok(())
}
