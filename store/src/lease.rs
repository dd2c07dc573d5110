//! The leader's lease: exactly one server decides at a time, and one that lost it finds out
//! before it writes.
//!
//! Takeover needs `(epoch, beat)` unchanged for the TTL on the contender's own monotonic clock
//! (decided by [`mainstay_core::lease`]); no wall clock is read. Every step of the leader raises
//! the beat in its transaction while the epoch still matches: no row means that it was deposed,
//! and the step rolls back.
