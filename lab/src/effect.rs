//! What faults do to one instance, as the lab tells the service program.
//!
//! The lab leaves it in files beside the agent's state, which the program reads when it starts (so
//! that a fault outlives a restart of what it hit), and sends it to running ones.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mainstay_core::id::{InstanceId, ServiceId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Exit code of a service that a fault has stopped.
pub const STOPPED_EXIT_CODE: i32 = 75;
/// Longest delay of an answer, milliseconds.
pub const SLOW_MAX_MS: u32 = 60_000;
/// Path on which the service program takes an effect, from loopback addresses only.
pub const FAULT_PATH: &str = "/_fault";

/// The sum of all faults on an instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Effect {
    /// It ends, and ends again whenever it is started.
    pub stop: bool,
    /// Delay of every answer.
    pub slow_ms: u32,
    /// Share of answers that are errors, 0 to 1.
    pub fail_rate: f64,
    /// What only users notice; health checks are answered as if all was well.
    pub users: UserEffect,
}

/// What a mistake in a program does to its users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UserEffect {
    /// Share of answers that are errors, 0 to 1.
    pub error_share: f64,
    /// Delay of every answer.
    pub delay_ms: u32,
    /// p95 of a random delay on top, exponentially distributed: most are short, some are long.
    pub p95_ms: u32,
}

impl Effect {
    /// Both at once.
    pub fn and(self, other: Self) -> Self {
        Self {
            stop: self.stop || other.stop,
            slow_ms: self.slow_ms.max(other.slow_ms),
            fail_rate: self.fail_rate.max(other.fail_rate),
            users: UserEffect {
                error_share: self.users.error_share.max(other.users.error_share),
                delay_ms: self.users.delay_ms.max(other.users.delay_ms),
                p95_ms: self.users.p95_ms.max(other.users.p95_ms),
            },
        }
    }
}

impl UserEffect {
    /// The delay of one answer; `chance` is random, above 0 and at most 1.
    pub fn delay(&self, chance: f64) -> Duration {
        // 5 % of an exponential distribution lie above its mean times ln 20.
        let random = -chance.ln() / 20_f64.ln() * f64::from(self.p95_ms);
        let ms = (f64::from(self.delay_ms) + random).clamp(0.0, f64::from(SLOW_MAX_MS));
        Duration::from_secs_f64(ms / 1_000.0)
    }
}

/// How far an effect reaches in a data centre.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    Datacenter,
    Service(ServiceId),
    /// Every instance of one version, also one that is started later.
    Version(ServiceId, String),
    Instance(InstanceId),
}

/// The folder of effects beside an agent's state.
pub fn folder(agent_dir: &Path) -> PathBuf {
    agent_dir.join("faults")
}

/// The file of one scope's effect.
pub fn file(agent_dir: &Path, scope: &Scope) -> PathBuf {
    folder(agent_dir).join(match scope {
        Scope::Datacenter => "datacenter.json".to_owned(),
        Scope::Service(service) => format!("service.{service}.json"),
        Scope::Version(service, version) => {
            // A version may hold anything; a file's name may not.
            let digest = Sha256::digest(version);
            let short: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            format!("version.{service}.{short}.json")
        }
        Scope::Instance(instance) => format!("instance.{instance}.json"),
    })
}

/// What the files say about one instance. A file that is missing or damaged says nothing.
pub fn read(agent_dir: &Path, service: &ServiceId, version: &str, instance: &InstanceId) -> Effect {
    let scopes = [
        Scope::Datacenter,
        Scope::Service(service.clone()),
        Scope::Version(service.clone(), version.to_owned()),
        Scope::Instance(instance.clone()),
    ];
    scopes
        .iter()
        .filter_map(|scope| std::fs::read(file(agent_dir, scope)).ok())
        .filter_map(|content| serde_json::from_slice(&content).ok())
        .fold(Effect::default(), Effect::and)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_delay_in_twenty_is_above_the_p95() {
        let effect = UserEffect { error_share: 0.0, delay_ms: 10, p95_ms: 200 };
        let ms = |chance| effect.delay(chance).as_secs_f64() * 1_000.0;
        assert_eq!(ms(1.0), 10.0);
        assert!((ms(0.05) - 210.0).abs() < 0.001);
        assert!(ms(f64::MIN_POSITIVE) <= f64::from(SLOW_MAX_MS));
    }

    #[test]
    fn an_effect_reaches_one_version_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        std::fs::create_dir_all(super::folder(dir)).unwrap();
        let shop: ServiceId = "shop".parse().unwrap();
        let scope = Scope::Version(shop.clone(), "7.4.0/ä".to_owned());
        let bad = Effect {
            users: UserEffect { delay_ms: 5, ..Default::default() },
            ..Default::default()
        };
        std::fs::write(file(dir, &scope), serde_json::to_vec(&bad).unwrap()).unwrap();
        let node = "shop-fra1-g1".parse().unwrap();
        assert_eq!(read(dir, &shop, "7.4.0/ä", &node), bad);
        assert_eq!(read(dir, &shop, "7.4.0", &node), Effect::default());
    }
}
