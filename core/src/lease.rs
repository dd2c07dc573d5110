//! When a server may take the leader's lease over, without trusting any wall clock.
//!
//! A holder raises the lease's beat. A contender that saw `(epoch, beat)` stand still for the
//! whole [`TTL`], on its own monotonic clock, may try; the store then lets exactly one through.
//! Clocks of different machines are never compared.

use std::time::Duration;

/// How long a lease stands still before somebody else may take it.
pub const TTL: Duration = Duration::from_secs(6);
/// How often a holder without work raises the beat, and a contender looks.
pub const BEAT_PERIOD: Duration = Duration::from_secs(1);

/// A lease as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// `None`: given back by its last holder.
    pub holder: Option<String>,
    pub epoch: u64,
    pub beat: u64,
}

/// What a contender does after a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Somebody holds it, or may; look again.
    Wait,
    /// It was never taken: create it.
    Create,
    /// It stood still for the TTL or was given back: take it, if it is still as seen.
    TakeOver { epoch: u64, beat: u64 },
}

/// A contender's memory of the lease.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    seen: Option<Seen>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    epoch: u64,
    beat: u64,
    first_at: Duration,
}

impl Watch {
    /// Judges what a look at the lease found.
    ///
    /// `asked_at` is the contender's monotonic clock, from any fixed start, *before* it asked the
    /// store: an answer that was slow to come must not make the lease look older than it is; so
    /// the first sight counts from `answered_at`.
    pub fn look(
        &mut self,
        lease: Option<&Lease>,
        asked_at: Duration,
        answered_at: Duration,
    ) -> Verdict {
        let Some(lease) = lease else {
            self.seen = None;
            return Verdict::Create;
        };
        let (epoch, beat) = (lease.epoch, lease.beat);
        if lease.holder.is_none() {
            return Verdict::TakeOver { epoch, beat };
        }
        match self.seen {
            Some(seen) if (seen.epoch, seen.beat) == (epoch, beat) => {
                if asked_at.saturating_sub(seen.first_at) >= TTL {
                    Verdict::TakeOver { epoch, beat }
                } else {
                    Verdict::Wait
                }
            }
            Some(_) | None => {
                self.seen = Some(Seen { epoch, beat, first_at: answered_at });
                Verdict::Wait
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(epoch: u64, beat: u64) -> Lease {
        Lease { holder: Some("a".into()), epoch, beat }
    }

    #[test]
    fn waits_out_the_ttl_from_the_first_sight_and_starts_again_with_each_beat() {
        let (mut watch, ms) = (Watch::default(), Duration::from_millis);
        let ttl = TTL.as_millis() as u64;
        let take = |epoch, beat| Verdict::TakeOver { epoch, beat };
        let mut look = |epoch, beat, asked, answered| {
            watch.look(Some(&lease(epoch, beat)), ms(asked), ms(answered))
        };
        assert_eq!(look(1, 0, 0, 100), Verdict::Wait);
        assert_eq!(look(1, 0, ttl + 99, ttl + 900), Verdict::Wait, "slow answers do not age it");
        assert_eq!(look(1, 0, ttl + 100, ttl + 100), take(1, 0));
        assert_eq!(look(1, 1, 2 * ttl, 2 * ttl), Verdict::Wait);
        assert_eq!(look(1, 1, 3 * ttl - 1, 3 * ttl - 1), Verdict::Wait);
        assert_eq!(look(2, 1, 3 * ttl, 3 * ttl), Verdict::Wait, "another epoch starts again");
        assert_eq!(look(2, 1, 4 * ttl, 4 * ttl), take(2, 1));
    }

    #[test]
    fn a_lease_that_is_absent_or_given_back_is_free_at_once() {
        let mut watch = Watch::default();
        assert_eq!(watch.look(None, Duration::ZERO, Duration::ZERO), Verdict::Create);
        let free = Lease { holder: None, epoch: 4, beat: 9 };
        let verdict = watch.look(Some(&free), Duration::ZERO, Duration::ZERO);
        assert_eq!(verdict, Verdict::TakeOver { epoch: 4, beat: 9 });
    }
}
