//! Faults: what can be done to the fleet, to what, and the memory of what was done.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use mainstay_core::id::{DatacenterId, InstanceId, ServiceId};
use serde::{Deserialize, Serialize};

use crate::effect::{Effect, SLOW_MAX_MS, Scope};

/// Faults remembered at once.
pub const FAULTS_MAX: usize = 1_000;

/// A fault as somebody asks for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub kind: Kind,
    /// `INSTANCE`, `SERVICE@DATACENTER` or `DATACENTER`.
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
}

/// A fault that was injected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    pub id: u64,
    pub kind: Kind,
    pub target: String,
    pub datacenter: DatacenterId,
    pub since: DateTime<Utc>,
    /// Whether it lasts; one that does not is remembered until it is healed.
    pub lasts: bool,
}

/// What a fault hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub datacenter: DatacenterId,
    pub scope: Scope,
}

/// Why a fault is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no data centre {0} in this lab; there are {1}")]
    NoDatacenter(String, String),
    #[error("{0} is neither INSTANCE, SERVICE@DATACENTER nor DATACENTER of this lab")]
    NoTarget(String),
    #[error("{kind} takes {takes}, not {target}")]
    WrongScope { kind: &'static str, takes: &'static str, target: String },
    #[error("--ms is from 1 to {SLOW_MAX_MS}")]
    Slow,
    #[error("--rate is above 0 and at most 1")]
    Rate,
    #[error("no process of {0} runs now")]
    NotRunning(String),
    #[error("nothing to heal on {0}")]
    NothingToHeal(String),
    #[error("{FAULTS_MAX} faults are remembered already; heal some first")]
    TooMany,
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
        }
    }

    /// What it does to each instance it hits, while it lasts.
    pub fn effect(self) -> Effect {
        let none = Effect::default();
        match self {
            Self::Stop => Effect { stop: true, ..none },
            Self::Slow { ms } => Effect { slow_ms: ms, ..none },
            Self::Fail { rate } => Effect { fail_rate: rate, ..none },
            Self::Kill | Self::Lose | Self::Cut => none,
        }
    }

    /// Whether it can hit such a thing, with such numbers.
    pub fn check(self, target: &Target) -> Result<(), Refusal> {
        let whole = target.scope == Scope::Datacenter;
        let takes = match self {
            Self::Kill if !matches!(target.scope, Scope::Instance(_)) => "an INSTANCE",
            Self::Stop if whole => "an INSTANCE or SERVICE@DATACENTER",
            Self::Lose | Self::Cut if !whole => "a DATACENTER",
            Self::Slow { ms } if ms == 0 || ms > SLOW_MAX_MS => return Err(Refusal::Slow),
            Self::Fail { rate } if !(rate > 0.0 && rate <= 1.0) => return Err(Refusal::Rate),
            Self::Kill
            | Self::Stop
            | Self::Lose
            | Self::Cut
            | Self::Slow { .. }
            | Self::Fail { .. } => return Ok(()),
        };
        let (kind, target) = (self.name(), target.to_string());
        Err(Refusal::WrongScope { kind, takes, target })
    }
}

impl Target {
    /// Reads a target. An instance is looked up by its form `SERVICE-DATACENTER-NUMBER`.
    pub fn parse<'a>(
        text: &str,
        datacenters: impl Iterator<Item = &'a DatacenterId> + Clone,
    ) -> Result<Self, Refusal> {
        let known = |name: &str| datacenters.clone().find(|id| id.as_str() == name).cloned();
        if let Some((service, datacenter)) = text.split_once('@') {
            let datacenter = known(datacenter).ok_or_else(|| {
                let all: Vec<_> = datacenters.clone().map(DatacenterId::as_str).collect();
                Refusal::NoDatacenter(datacenter.to_owned(), all.join(", "))
            })?;
            let service = ServiceId::new(service);
            let scope = Scope::Service(service.map_err(|_| Refusal::NoTarget(text.to_owned()))?);
            return Ok(Self { datacenter, scope });
        }
        if let Some(datacenter) = known(text) {
            let scope = Scope::Datacenter;
            return Ok(Self { datacenter, scope });
        }
        let no_target = || Refusal::NoTarget(text.to_owned());
        let (rest, number) = text.rsplit_once('-').ok_or_else(no_target)?;
        let numbered = number.parse::<u16>().is_ok_and(|number| number > 0);
        let datacenter = datacenters
            .clone()
            .find(|id| rest.strip_suffix(id.as_str()).is_some_and(|s| s.ends_with('-')))
            .filter(|_| numbered)
            .cloned()
            .ok_or_else(no_target)?;
        let instance = InstanceId::new(text).map_err(|_| no_target())?;
        let scope = Scope::Instance(instance);
        Ok(Self { datacenter, scope })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scope {
            Scope::Datacenter => write!(f, "{}", self.datacenter),
            Scope::Service(service) => write!(f, "{service}@{}", self.datacenter),
            Scope::Instance(instance) => write!(f, "{instance}"),
        }
    }
}

/// Every fault that was injected and not healed.
#[derive(Debug, Default)]
pub struct Memory {
    last_id: u64,
    faults: BTreeMap<u64, (Fault, Target)>,
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
        let lasts = kind != Kind::Kill;
        self.faults.retain(|_, (fault, known)| {
            !lasts || *known != target || fault.kind.name() != kind.name()
        });
        self.last_id += 1;
        let fault = Fault {
            id: self.last_id,
            kind,
            target: target.to_string(),
            datacenter: target.datacenter.clone(),
            since,
            lasts,
        };
        self.faults.insert(fault.id, (fault.clone(), target));
        fault
    }

    /// Forgets the faults on a target, or all.
    pub fn heal(&mut self, target: Option<&Target>) -> Vec<Fault> {
        let healed = |known: &Target| target.is_none_or(|target| target == known);
        let (gone, kept) =
            std::mem::take(&mut self.faults).into_iter().partition(|(_, (_, known))| healed(known));
        self.faults = kept;
        let gone: BTreeMap<u64, (Fault, Target)> = gone;
        gone.into_values().map(|(fault, _)| fault).collect()
    }

    pub fn list(&self) -> Vec<Fault> {
        self.faults.values().map(|(fault, _)| fault.clone()).collect()
    }

    /// Whether a data centre is lost, and whether it is cut off.
    pub fn has(&self, datacenter: &DatacenterId, kind: Kind) -> bool {
        self.faults.values().any(|(fault, _)| fault.datacenter == *datacenter && fault.kind == kind)
    }

    /// The effect of each scope in a data centre.
    pub fn effects(&self, datacenter: &DatacenterId) -> BTreeMap<Scope, Effect> {
        let mut effects: BTreeMap<Scope, Effect> = BTreeMap::new();
        for (fault, target) in self.faults.values() {
            let effect = fault.kind.effect();
            if target.datacenter == *datacenter && effect != Effect::default() {
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
    fn reads_the_three_forms_of_a_target() {
        for (text, datacenter) in [
            ("fra1", "fra1"),
            ("feed@fra1", "fra1"),
            ("feed-api-fra1-2", "fra1"),
            ("feed-us-east-1-12", "us-east-1"),
        ] {
            let target = parse(text).unwrap();
            assert_eq!(target.datacenter.as_str(), datacenter);
            assert_eq!(target.to_string(), text);
        }
        for bad in ["", "ber1", "feed@ber1", "Feed@fra1", "feed-fra1", "feed-fra1-0", "fra1-1"] {
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
        let effect = Effect { stop: false, slow_ms: 20, fail_rate: 0.5 };
        assert_eq!(memory.effects(&fra1), [(feed.scope.clone(), effect)].into());
        assert_eq!(memory.heal(Some(&feed)).len(), 2);
        assert!(memory.effects(&fra1).is_empty());
        assert_eq!(memory.heal(None).len(), 1);
        assert!(memory.list().is_empty());
    }
}
