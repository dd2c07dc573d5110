//! Faults: what can be done to the fleet, to what, and the memory of what was done.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use mainstay_core::id::{DatacenterId, InstanceId, ServiceId};
use serde::{Deserialize, Serialize};

use crate::databases::Damage;
use crate::effect::{Effect, SLOW_MAX_MS, Scope, UserEffect};

/// Faults remembered at once.
pub const FAULTS_MAX: usize = 1_000;

/// A fault as somebody asks for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub kind: Kind,
    /// `INSTANCE`, `SERVICE@DATACENTER`, `DATACENTER`, `SERVICE:VERSION` (everywhere, also
    /// instances that are started later) or `SERVICE:VERSION@DATACENTER`.
    pub target: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// SIGKILL, once.
    Kill,
    /// Ends, and ends again whenever it is started.
    Stop,
    /// The agent and all its services are gone, and stay so.
    Lose,
    /// The agent cannot reach the server; services go on.
    Cut,
    /// Every answer is late.
    Slow { ms: u32 },
    /// A share of the answers are errors.
    Fail { rate: f64 },
    /// A share of users' requests are answered with errors; health checks are not.
    Errors { share: f64 },
    /// Users' requests are answered late; health checks are not. The delay has a part that is
    /// always the same and one that is random with this p95.
    Late { delay_ms: u32, p95_ms: u32 },
    /// The repository of copies cannot be reached.
    Away,
    /// There is no room in the repository of copies.
    Full,
    /// A byte of a copy is another one.
    Flip,
    /// A file of a copy is gone.
    Remove,
    /// A segment of the archived log is gone.
    Gap,
    /// The backup at work is ended with SIGKILL, once.
    Break,
    /// Standbys of databases receive nothing, as long as they have a leader.
    Lag,
}

/// A fault that was injected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    pub id: u64,
    pub kind: Kind,
    pub target: String,
    /// `None`: everywhere.
    pub datacenter: Option<DatacenterId>,
    pub since: DateTime<Utc>,
    /// Whether it lasts; one that does not is remembered until it is healed.
    pub lasts: bool,
}

/// What a fault hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `None`: everywhere.
    pub datacenter: Option<DatacenterId>,
    pub scope: Scope,
}

/// Why a fault is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no data centre {0} in this lab; there are {1}")]
    NoDatacenter(String, String),
    #[error(
        "{0} is neither INSTANCE, SERVICE@DATACENTER, DATACENTER nor SERVICE:VERSION of this lab"
    )]
    NoTarget(String),
    #[error("{kind} takes {takes}, not {target}")]
    WrongScope { kind: &'static str, takes: &'static str, target: String },
    #[error("a delay is from 1 to {SLOW_MAX_MS} ms")]
    Slow,
    #[error("a share is above 0 and at most 1, or above 0% and at most 100%")]
    Rate,
    #[error("no process of {0} runs now")]
    NotRunning(String),
    #[error("nothing to heal on {0}")]
    NothingToHeal(String),
    #[error("{FAULTS_MAX} faults are remembered already; heal some first")]
    TooMany,
    #[error("{0}")]
    Load(String),
    #[error("this lab has no edges, so there is no load on them")]
    NoEdges,
    #[error("this lab runs no databases")]
    NoDatabases,
    #[error("there is no database {0} in this lab; there are {1}")]
    NoDatabase(String, String),
    #[error("no backup of {0} is being made now")]
    NoBackup(String),
    #[error("there is nothing like that of {0} yet")]
    NothingThere(String),
    #[error("{0} is damaged already; heal it first")]
    Damaged(String),
    #[error("the fault could not be carried out: {0}")]
    Failed(String),
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Stop => "stop",
            Self::Lose => "lose",
            Self::Cut => "cut",
            Self::Slow { .. } => "slow",
            Self::Fail { .. } => "fail",
            Self::Errors { .. } => "errors",
            Self::Late { .. } => "late",
            Self::Away => "away",
            Self::Full => "full",
            Self::Flip => Damage::Flip.name(),
            Self::Remove => Damage::Remove.name(),
            Self::Gap => Damage::Gap.name(),
            Self::Break => Damage::Break.name(),
            Self::Lag => "lag",
        }
    }

    /// What it does to copies of a database, if it hits these and nothing else.
    pub const fn damage(self) -> Option<Damage> {
        match self {
            Self::Flip => Some(Damage::Flip),
            Self::Remove => Some(Damage::Remove),
            Self::Gap => Some(Damage::Gap),
            Self::Break => Some(Damage::Break),
            Self::Kill
            | Self::Stop
            | Self::Lose
            | Self::Cut
            | Self::Slow { .. }
            | Self::Fail { .. }
            | Self::Errors { .. }
            | Self::Late { .. }
            | Self::Away
            | Self::Full
            | Self::Lag => None,
        }
    }

    /// Whether it goes on until it is healed.
    const fn lasts(self) -> bool {
        !matches!(self, Self::Kill | Self::Break)
    }

    /// What it does to each instance it hits, while it lasts.
    pub fn effect(self) -> Effect {
        let none = Effect::default();
        match self {
            Self::Stop => Effect { stop: true, ..none },
            Self::Slow { ms } => Effect { slow_ms: ms, ..none },
            Self::Fail { rate } => Effect { fail_rate: rate, ..none },
            Self::Errors { share } => {
                let users = UserEffect { error_share: share, ..UserEffect::default() };
                Effect { users, ..none }
            }
            Self::Late { delay_ms, p95_ms } => {
                let users = UserEffect { error_share: 0.0, delay_ms, p95_ms };
                Effect { users, ..none }
            }
            Self::Kill
            | Self::Lose
            | Self::Cut
            | Self::Away
            | Self::Full
            | Self::Flip
            | Self::Remove
            | Self::Gap
            | Self::Break
            | Self::Lag => none,
        }
    }

    /// Whether it can hit such a thing, with such numbers.
    pub fn check(self, target: &Target) -> Result<(), Refusal> {
        let whole = target.scope == Scope::Datacenter;
        let takes = match self {
            Self::Kill if !matches!(target.scope, Scope::Instance(_)) => "an INSTANCE",
            Self::Stop if whole => "an INSTANCE, SERVICE@DATACENTER or SERVICE:VERSION",
            Self::Lose | Self::Cut | Self::Away | Self::Full | Self::Lag if !whole => {
                "a DATACENTER"
            }
            Self::Flip | Self::Remove | Self::Gap => "DATABASE@DATACENTER",
            Self::Break => "a DATABASE",
            Self::Slow { ms } if ms == 0 || ms > SLOW_MAX_MS => return Err(Refusal::Slow),
            Self::Late { delay_ms, p95_ms }
                if delay_ms.max(p95_ms) == 0 || delay_ms.max(p95_ms) > SLOW_MAX_MS =>
            {
                return Err(Refusal::Slow);
            }
            Self::Fail { rate: share } | Self::Errors { share }
                if !(share > 0.0 && share <= 1.0) =>
            {
                return Err(Refusal::Rate);
            }
            Self::Kill
            | Self::Stop
            | Self::Lose
            | Self::Cut
            | Self::Slow { .. }
            | Self::Fail { .. }
            | Self::Errors { .. }
            | Self::Late { .. }
            | Self::Away
            | Self::Full
            | Self::Lag => return Ok(()),
        };
        let (kind, target) = (self.name(), target.to_string());
        Err(Refusal::WrongScope { kind, takes, target })
    }
}

impl Target {
    /// Reads a target. An instance is looked up by its form: `SERVICE-DATACENTER-NUMBER`, with a
    /// `g` before the number at the green track.
    pub fn parse<'a>(
        text: &str,
        datacenters: impl Iterator<Item = &'a DatacenterId> + Clone,
    ) -> Result<Self, Refusal> {
        let known = |name: &str| datacenters.clone().find(|id| id.as_str() == name).cloned();
        let named = |name: &str| {
            known(name).ok_or_else(|| {
                let all: Vec<_> = datacenters.clone().map(DatacenterId::as_str).collect();
                Refusal::NoDatacenter(name.to_owned(), all.join(", "))
            })
        };
        let no_target = || Refusal::NoTarget(text.to_owned());
        let service = |id: &str| ServiceId::new(id).map_err(|_| no_target());
        if let Some((id, rest)) = text.split_once(':') {
            let (version, datacenter) = match rest.rsplit_once('@') {
                Some((version, datacenter)) => (version, Some(named(datacenter)?)),
                None => (rest, None),
            };
            if version.is_empty() || version.chars().any(char::is_control) {
                return Err(no_target());
            }
            let scope = Scope::Version(service(id)?, version.to_owned());
            return Ok(Self { datacenter, scope });
        }
        if let Some((id, datacenter)) = text.split_once('@') {
            let datacenter = Some(named(datacenter)?);
            return Ok(Self { datacenter, scope: Scope::Service(service(id)?) });
        }
        if let Some(datacenter) = known(text) {
            return Ok(Self { datacenter: Some(datacenter), scope: Scope::Datacenter });
        }
        let (rest, number) = text.rsplit_once('-').ok_or_else(no_target)?;
        let digits = number.strip_prefix('g').unwrap_or(number);
        let numbered = digits.parse::<u16>().is_ok_and(|number| number > 0);
        let datacenter = datacenters
            .clone()
            .find(|id| rest.strip_suffix(id.as_str()).is_some_and(|s| s.ends_with('-')))
            .filter(|_| numbered)
            .cloned()
            .ok_or_else(no_target)?;
        let instance = InstanceId::new(text).map_err(|_| no_target())?;
        Ok(Self { datacenter: Some(datacenter), scope: Scope::Instance(instance) })
    }

    /// Whether it hits anything in a data centre.
    fn reaches(&self, datacenter: &DatacenterId) -> bool {
        self.datacenter.as_ref().is_none_or(|id| id == datacenter)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scope {
            Scope::Datacenter => {}
            Scope::Service(service) => write!(f, "{service}@")?,
            Scope::Version(service, version) => {
                write!(f, "{service}:{version}")?;
                if self.datacenter.is_some() {
                    f.write_str("@")?;
                }
            }
            Scope::Instance(instance) => return write!(f, "{instance}"),
        }
        self.datacenter.iter().try_for_each(|datacenter| write!(f, "{datacenter}"))
    }
}

/// Every fault that was injected and not healed.
#[derive(Debug, Default)]
pub struct Memory {
    last_id: u64,
    /// `None`: copies are hit.
    faults: BTreeMap<u64, (Fault, Option<Target>)>,
}

impl Memory {
    /// Whether one more fits.
    pub fn check_room(&self) -> Result<(), Refusal> {
        match self.faults.len() < FAULTS_MAX {
            true => Ok(()),
            false => Err(Refusal::TooMany),
        }
    }

    /// Remembers a fault; the same kind on the same target takes the place of the one before.
    pub fn add(&mut self, kind: Kind, target: Target, since: DateTime<Utc>) -> Fault {
        let (name, datacenter) = (target.to_string(), target.datacenter.clone());
        self.remember(kind, name, datacenter, Some(target), since)
    }

    /// The same, for copies of a database.
    pub fn add_damage(
        &mut self,
        kind: Kind,
        target: String,
        datacenter: Option<DatacenterId>,
        since: DateTime<Utc>,
    ) -> Fault {
        self.remember(kind, target, datacenter, None, since)
    }

    fn remember(
        &mut self,
        kind: Kind,
        name: String,
        datacenter: Option<DatacenterId>,
        target: Option<Target>,
        since: DateTime<Utc>,
    ) -> Fault {
        let lasts = kind.lasts();
        self.faults.retain(|_, (fault, _)| {
            !lasts || fault.target != name || fault.kind.name() != kind.name()
        });
        self.last_id += 1;
        let fault = Fault { id: self.last_id, kind, target: name, datacenter, since, lasts };
        self.faults.insert(fault.id, (fault.clone(), target));
        fault
    }

    /// Forgets the faults on a target, named as faults name it, or all.
    pub fn heal(&mut self, target: Option<&str>) -> Vec<Fault> {
        // Of a database in a data centre, also what was done to one copy there.
        let below = |rest: &str| rest.is_empty() || rest.starts_with('/');
        let healed = |known: &Fault| {
            target.is_none_or(|target| known.target.strip_prefix(target).is_some_and(below))
        };
        let (gone, kept) =
            std::mem::take(&mut self.faults).into_iter().partition(|(_, (fault, _))| healed(fault));
        self.faults = kept;
        let gone: BTreeMap<u64, (Fault, Option<Target>)> = gone;
        gone.into_values().map(|(fault, _)| fault).collect()
    }

    pub fn list(&self) -> Vec<Fault> {
        self.faults.values().map(|(fault, _)| fault.clone()).collect()
    }

    /// Whether a data centre is lost, and whether it is cut off.
    pub fn has(&self, datacenter: &DatacenterId, kind: Kind) -> bool {
        let mut faults = self.faults.values();
        let reaches = |target: &Option<Target>| target.iter().any(|it| it.reaches(datacenter));
        faults.any(|(fault, target)| reaches(target) && fault.kind == kind)
    }

    /// The effect of each scope in a data centre.
    pub fn effects(&self, datacenter: &DatacenterId) -> BTreeMap<Scope, Effect> {
        let mut effects: BTreeMap<Scope, Effect> = BTreeMap::new();
        for (fault, target) in self.faults.values() {
            let Some(target) = target else { continue };
            let effect = fault.kind.effect();
            if target.reaches(datacenter) && effect != Effect::default() {
                let sum = effects.entry(target.scope.clone()).or_default();
                *sum = sum.and(effect);
            }
        }
        effects
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Target, Refusal> {
        let ids: Vec<DatacenterId> = ["fra1", "us-east-1"].map(|id| id.parse().unwrap()).to_vec();
        Target::parse(text, ids.iter())
    }

    #[test]
    fn reads_every_form_of_a_target() {
        for (text, datacenter) in [
            ("fra1", Some("fra1")),
            ("feed@fra1", Some("fra1")),
            ("feed-api-fra1-2", Some("fra1")),
            ("feed-api-fra1-g2", Some("fra1")),
            ("feed-us-east-1-12", Some("us-east-1")),
            ("feed:1.0@fra1", Some("fra1")),
            ("feed:1.0", None),
        ] {
            let target = parse(text).unwrap();
            assert_eq!(target.datacenter.as_ref().map(DatacenterId::as_str), datacenter);
            assert_eq!(target.to_string(), text);
        }
        for bad in [
            "feed:",
            "feed:1@ber1",
            "Feed:1",
            "feed-fra1-g",
            "feed-fra1-x1",
            "",
            "ber1",
            "feed@ber1",
            "Feed@fra1",
            "feed-fra1",
            "feed-fra1-0",
            "fra1-1",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn refuses_what_makes_no_sense() {
        for (kind, target, ok) in [
            (Kind::Kill, "feed-fra1-1", true),
            (Kind::Kill, "feed@fra1", false),
            (Kind::Stop, "feed@fra1", true),
            (Kind::Stop, "fra1", false),
            (Kind::Lose, "fra1", true),
            (Kind::Cut, "feed-fra1-1", false),
            (Kind::Slow { ms: 0 }, "fra1", false),
            (Kind::Slow { ms: 50 }, "fra1", true),
            (Kind::Fail { rate: f64::NAN }, "fra1", false),
            (Kind::Fail { rate: 1.0 }, "feed@fra1", true),
            (Kind::Errors { share: 0.05 }, "feed:1.0", true),
            (Kind::Errors { share: 5.0 }, "feed:1.0", false),
            (Kind::Late { delay_ms: 0, p95_ms: 0 }, "feed:1.0", false),
            (Kind::Late { delay_ms: 0, p95_ms: 90 }, "feed:1.0", true),
            (Kind::Kill, "feed:1.0", false),
            (Kind::Lose, "feed:1.0", false),
            (Kind::Away, "fra1", true),
            (Kind::Full, "feed@fra1", false),
            (Kind::Flip, "feed@fra1", false),
        ] {
            let target = parse(target).unwrap();
            assert_eq!(kind.check(&target).is_ok(), ok, "{kind:?} {target}");
        }
    }

    #[test]
    fn faults_add_up_replace_their_like_and_heal() {
        let mut memory = Memory::default();
        let feed = parse("feed@fra1").unwrap();
        let now = Utc::now();
        memory.add(Kind::Slow { ms: 10 }, feed.clone(), now);
        memory.add(Kind::Slow { ms: 20 }, feed.clone(), now);
        memory.add(Kind::Fail { rate: 0.5 }, feed.clone(), now);
        memory.add(Kind::Cut, parse("fra1").unwrap(), now);
        assert_eq!(memory.list().len(), 3);
        let fra1 = "fra1".parse().unwrap();
        assert!(memory.has(&fra1, Kind::Cut) && !memory.has(&fra1, Kind::Lose));
        let effect = Effect { slow_ms: 20, fail_rate: 0.5, ..Effect::default() };
        assert_eq!(memory.effects(&fra1), [(feed.scope.clone(), effect)].into());
        assert_eq!(memory.heal(Some(&feed.to_string())).len(), 2);
        assert!(memory.effects(&fra1).is_empty());
        let version = parse("feed:2").unwrap();
        memory.add(Kind::Errors { share: 0.1 }, version.clone(), now);
        for datacenter in ["fra1", "us-east-1"] {
            let effects = memory.effects(&datacenter.parse().unwrap());
            assert_eq!(effects[&version.scope].users.error_share, 0.1);
        }
        assert_eq!(memory.heal(None).len(), 2);
        assert!(memory.list().is_empty());
    }
}
