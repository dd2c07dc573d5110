//! How often somebody may try a secret: by network address and by account, with backoff.
//!
//! Owns counts in memory, bounded; a restart forgets them, which costs an attacker's luck nothing
//! that matters. A try counts when it begins, so tries in parallel gain nothing.
//!
//! An account under attack stays open to an address from which it was used before: guessing must
//! not lock out the person on call.

use std::collections::HashMap;
use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::id::UserName;

/// Most keys that are remembered of each kind.
const KEYS_MAX: usize = 10_000;
/// Failures before an account makes one wait.
const ACCOUNT_FREE: u32 = 5;
/// Failures before an address makes one wait.
const ADDRESS_FREE: u32 = 20;
/// Longest wait.
const WAIT_MAX: TimeDelta = TimeDelta::minutes(5);
/// Failures are forgotten when so long none was added.
const FORGET: TimeDelta = TimeDelta::minutes(15);
/// An address counts as known to an account for so long after a sign-in.
const KNOWN: TimeDelta = TimeDelta::days(30);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    Account(UserName),
    Known(UserName, IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Strikes {
    failures: u32,
    last: DateTime<Utc>,
    until: DateTime<Utc>,
    told: bool,
}

/// Not now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Whole seconds until the next try is heard, at least 1.
    pub seconds: i64,
    /// Whether this is the first refusal since the last try that was heard: one of them is worth
    /// an audit entry, a thousand are not.
    pub first: bool,
}

/// The counts.
#[derive(Debug, Default)]
pub struct Limits {
    strikes: HashMap<Key, Strikes>,
    known: HashMap<(UserName, IpAddr), DateTime<Utc>>,
}

impl Limits {
    /// Begins a try, which counts as failed until [`succeeded`](Self::succeeded) says otherwise.
    pub fn begin(
        &mut self,
        account: Option<&UserName>,
        address: IpAddr,
        now: DateTime<Utc>,
    ) -> Result<(), Wait> {
        let keys = self.keys(account, address, now);
        let wait_until = keys
            .iter()
            .filter_map(|key| self.strikes.get(key))
            .map(|strikes| strikes.until)
            .max()
            .filter(|until| *until > now);
        if let Some(until) = wait_until {
            let mut first = false;
            for key in &keys {
                if let Some(strikes) = self.strikes.get_mut(key)
                    && strikes.until > now
                {
                    first |= !std::mem::replace(&mut strikes.told, true);
                }
            }
            let seconds = ((until - now).num_milliseconds() + 999) / 1_000;
            return Err(Wait { seconds, first });
        }
        for key in keys {
            self.strike(key, now);
        }
        Ok(())
    }

    /// The try was right.
    pub fn succeeded(&mut self, account: &UserName, address: IpAddr, now: DateTime<Utc>) {
        for key in self.keys(Some(account), address, now) {
            match key {
                Key::Address(_) => {
                    if let Some(strikes) = self.strikes.get_mut(&key) {
                        strikes.failures = strikes.failures.saturating_sub(1);
                        strikes.until = now;
                    }
                }
                Key::Account(_) | Key::Known(..) => {
                    self.strikes.remove(&key);
                }
            }
        }
        let place = network(address);
        make_room(&mut self.known, |at| *at + KNOWN <= now, |at| *at);
        self.known.insert((account.clone(), place), now);
    }

    /// The try was neither right nor wrong: the store was away.
    pub fn void(&mut self, account: Option<&UserName>, address: IpAddr, now: DateTime<Utc>) {
        for key in self.keys(account, address, now) {
            if let Some(strikes) = self.strikes.get_mut(&key) {
                strikes.failures = strikes.failures.saturating_sub(1);
                strikes.until = now;
            }
        }
    }

    fn keys(&self, account: Option<&UserName>, address: IpAddr, now: DateTime<Utc>) -> Vec<Key> {
        let place = network(address);
        let mut keys = vec![Key::Address(place)];
        keys.extend(account.map(|name| {
            let known = self.known.get(&(name.clone(), place));
            if known.is_some_and(|at| *at + KNOWN > now) {
                Key::Known(name.clone(), place)
            } else {
                Key::Account(name.clone())
            }
        }));
        keys
    }

    fn strike(&mut self, key: Key, now: DateTime<Utc>) {
        let free = match key {
            Key::Address(_) => ADDRESS_FREE,
            Key::Account(_) | Key::Known(..) => ACCOUNT_FREE,
        };
        if !self.strikes.contains_key(&key) {
            make_room(&mut self.strikes, |s| s.last + FORGET <= now, |s| s.last);
        }
        let fresh = Strikes { failures: 0, last: now, until: now, told: false };
        let strikes = self.strikes.entry(key).or_insert(fresh);
        if strikes.last + FORGET <= now {
            *strikes = fresh;
        }
        strikes.failures = strikes.failures.saturating_add(1);
        strikes.last = now;
        strikes.until = now + wait_after(strikes.failures, free);
        strikes.told = false;
    }
}

/// How long one waits after `failures`, the first `free` of which cost nothing.
fn wait_after(failures: u32, free: u32) -> TimeDelta {
    match failures.checked_sub(free) {
        None => TimeDelta::zero(),
        Some(over) => TimeDelta::seconds(1_i64 << over.min(20)).min(WAIT_MAX),
    }
}

/// What one party can have many of counts as one: an IPv6 subscriber holds a /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
    }
}

/// Makes room for one more: first what has passed goes, then the oldest.
fn make_room<K, V>(
    map: &mut HashMap<K, V>,
    passed: impl Fn(&V) -> bool,
    age: impl Fn(&V) -> DateTime<Utc>,
) where
    K: Clone + Eq + std::hash::Hash,
{
    if map.len() < KEYS_MAX {
        return;
    }
    map.retain(|_, value| !passed(value));
    if map.len() < KEYS_MAX {
        return;
    }
    let oldest = map.iter().min_by_key(|(_, value)| age(value));
    if let Some(key) = oldest.map(|(key, _)| key.clone()) {
        map.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("a time")
    }

    fn name() -> UserName {
        UserName::new("operator-1").expect("a name")
    }

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn fail(limits: &mut Limits, times: u32, from: IpAddr, now: i64) {
        for _ in 0..times {
            assert_eq!(limits.begin(Some(&name()), from, at(now)), Ok(()));
        }
    }

    #[test]
    fn waits_double_up_to_five_minutes_and_are_forgotten() {
        let waits = [4, 5, 6, 7, 13, 14, 60].map(|n| wait_after(n, 5).num_seconds());
        assert_eq!(waits, [0, 1, 2, 4, 256, 300, 300]);
        let mut limits = Limits::default();
        fail(&mut limits, 5, ip(1), 0);
        let wait = |first| Err(Wait { seconds: 1, first });
        assert_eq!(limits.begin(Some(&name()), ip(1), at(0)), wait(true));
        assert_eq!(limits.begin(Some(&name()), ip(2), at(0)), wait(false));
        assert_eq!(limits.begin(Some(&name()), ip(1), at(1)), Ok(()));
        assert!(limits.begin(Some(&name()), ip(1), at(2)).is_err());
        fail(&mut limits, 5, ip(1), 2_000);
    }

    #[test]
    fn a_known_address_is_not_locked_out_by_others() {
        let mut limits = Limits::default();
        fail(&mut limits, 1, ip(1), 0);
        limits.succeeded(&name(), ip(1), at(0));
        fail(&mut limits, 5, ip(2), 1);
        assert!(limits.begin(Some(&name()), ip(2), at(1)).is_err());
        fail(&mut limits, 5, ip(1), 1);
        assert!(limits.begin(Some(&name()), ip(1), at(1)).is_err());
    }

    #[test]
    fn an_address_waits_after_many_accounts_and_a_subscriber_is_one_address() {
        let mut limits = Limits::default();
        for n in 0..ADDRESS_FREE {
            let name = UserName::new(&format!("user-{n}")).expect("a name");
            assert_eq!(limits.begin(Some(&name), ip(9), at(0)), Ok(()));
        }
        assert!(limits.begin(None, ip(9), at(0)).is_err());
        assert_eq!(limits.begin(None, ip(8), at(0)), Ok(()));
        let v6 = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(v6("2001:db8::1"), v6("2001:db8::ffff:1"));
        assert_ne!(v6("2001:db8::1"), v6("2001:db8:0:1::1"));
        assert_eq!(v6("::ffff:192.0.2.9"), ip(9));
    }

    #[test]
    fn the_maps_stay_bounded() {
        let mut limits = Limits::default();
        for n in 0..u32::try_from(KEYS_MAX).expect("fits") + 50 {
            let from = IpAddr::from((0x0a00_0000 + n).to_be_bytes());
            assert_eq!(limits.begin(None, from, at(0)), Ok(()));
        }
        assert_eq!(limits.strikes.len(), KEYS_MAX);
    }
}
