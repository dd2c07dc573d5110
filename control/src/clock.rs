//! Whether this server's clock runs evenly: it may be set while the server runs.
//!
//! Invariant: right after a start, and after the clock was set, ages that were told before mean
//! nothing, and nobody is judged by them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

/// More than this between two looks is no slow adjustment.
const JUMP: TimeDelta = TimeDelta::milliseconds(1_500);
/// After this time every agent that is there has told again.
const EVEN_AFTER: Duration = Duration::from_secs(5);

/// What is remembered of the clock.
#[derive(Debug, Default)]
pub(crate) struct Clock(Mutex<Option<Seen>>);

#[derive(Clone, Copy, Debug)]
struct Seen {
    told: DateTime<Utc>,
    at: Instant,
    even_since: Instant,
}

impl Clock {
    /// Takes in what the clock tells at a moment that is not its own; whether it ran evenly for
    /// some seconds.
    pub(crate) fn is_even(&self, told: DateTime<Utc>, at: Instant) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let even_since = match *seen {
            None => at,
            Some(before) => {
                let passed = at.saturating_duration_since(before.at);
                let passed = TimeDelta::from_std(passed).unwrap_or(TimeDelta::MAX);
                let jumped = ((told - before.told) - passed).abs() > JUMP;
                if jumped { at } else { before.even_since }
            }
        };
        *seen = Some(Seen { told, at, even_since });
        at.saturating_duration_since(even_since) >= EVEN_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_and_a_jump_are_followed_by_some_seconds_of_doubt() {
        let (clock, start, zero) = (Clock::default(), Instant::now(), DateTime::UNIX_EPOCH);
        let look = |seconds: u64, set: i64| {
            let told = zero + TimeDelta::seconds(seconds as i64 + set);
            clock.is_even(told, start + Duration::from_secs(seconds))
        };
        assert!(!look(0, 0));
        assert!(!look(4, 0));
        assert!(look(5, 0));
        for set in [600, -600] {
            let from = if set > 0 { 100 } else { 200 };
            assert!(!look(from, set), "{set}");
            assert!(!look(from + 4, set), "{set}");
            assert!(look(from + 5, set), "{set}");
        }
        // A second of adjustment is none.
        assert!(look(300, -601));
    }
}
