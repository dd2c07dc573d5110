//! How often something may happen: so many times in a minute for each key.
//!
//! Owns counts in memory, bounded; a restart forgets them.

use std::collections::HashMap;
use std::hash::Hash;

use chrono::{DateTime, TimeDelta, Utc};

/// The stretch in which is counted.
const WINDOW: TimeDelta = TimeDelta::minutes(1);
/// Most keys that are remembered.
const KEYS_MAX: usize = 10_000;

#[derive(Clone, Copy, Debug)]
struct Window {
    since: DateTime<Utc>,
    count: u32,
}

/// The counts.
#[derive(Debug)]
pub struct Pace<K> {
    most: u32,
    windows: HashMap<K, Window>,
}

impl<K: Eq + Hash> Pace<K> {
    /// `most`: how often in a minute.
    pub fn new(most: u32) -> Self {
        Self { most, windows: HashMap::new() }
    }

    /// Counts one more. An error: in how many seconds, at least 1, it is heard again.
    pub fn step(&mut self, key: K, now: DateTime<Utc>) -> Result<(), i64> {
        let over = |window: &Window| now - window.since >= WINDOW || window.since > now;
        if self.windows.len() >= KEYS_MAX {
            self.windows.retain(|_, window| !over(window));
        }
        // So many at once are no senders of ours.
        if self.windows.len() >= KEYS_MAX && !self.windows.contains_key(&key) {
            return Err(WINDOW.num_seconds());
        }
        let window = self.windows.entry(key).or_insert(Window { since: now, count: 0 });
        if over(window) {
            *window = Window { since: now, count: 0 };
        }
        if window.count >= self.most {
            let left = window.since + WINDOW - now;
            return Err((left.num_milliseconds() + 999) / 1_000);
        }
        window.count += 1;
        Ok(())
    }

    /// Whether one more would be heard; an error as of [`step`](Self::step).
    pub fn look(&self, key: &K, now: DateTime<Utc>) -> Result<(), i64> {
        let Some(window) = self.windows.get(key) else { return Ok(()) };
        let left = window.since + WINDOW - now;
        let full = window.count >= self.most && left > TimeDelta::zero() && window.since <= now;
        if full { Err((left.num_milliseconds() + 999) / 1_000) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_in_a_minute_and_then_again() {
        let at = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        let mut pace = Pace::new(2);
        assert_eq!(pace.step("a", at), Ok(()));
        assert_eq!(pace.step("a", at + TimeDelta::seconds(1)), Ok(()));
        let third = at + TimeDelta::milliseconds(30_500);
        assert_eq!(pace.look(&"a", third), Err(30));
        assert_eq!(pace.step("a", third), Err(30));
        // Another one is not held up by it.
        assert_eq!((pace.look(&"b", third), pace.step("b", third)), (Ok(()), Ok(())));
        let later = at + TimeDelta::minutes(1);
        assert_eq!((pace.look(&"a", later), pace.step("a", later)), (Ok(()), Ok(())));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let at = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        let mut pace = Pace::new(1);
        for key in 0..KEYS_MAX {
            assert_eq!(pace.step(key, at), Ok(()));
        }
        assert_eq!(pace.step(KEYS_MAX, at), Err(60));
        assert_eq!(pace.step(KEYS_MAX, at + WINDOW), Ok(()));
        assert_eq!(pace.windows.len(), 1);
    }
}
