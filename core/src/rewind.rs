//! Whether the state store went back in time: a restore of its database, or a standby that was
//! promoted without the newest writes.
//!
//! An agent keeps the largest token it accepted for each subject, and a command is written before
//! it is sent. So a token that an agent accepted and the store does not know was decided by a store
//! that knew more than this one does.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::fence::{Subject, Token};
use crate::id::DatacenterId;

/// What the store knows around one token, among the commands about its subject in its data centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Around {
    /// The very command.
    pub found: bool,
    pub older: bool,
    pub newer: bool,
}

/// A decision that an agent carried out and the store does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    pub datacenter: DatacenterId,
    pub subject: Subject,
    pub accepted: Token,
    pub found_at: DateTime<Utc>,
}

/// Whether a decision that an agent accepted is lost.
///
/// Finished commands are deleted after a time, the oldest first and never the newest of a subject:
/// one that is not found, with a newer one there and none older, may be only that. With an older
/// one there it is not: a hole in the middle is what a restore leaves that was decided on since.
pub const fn is_lost(around: Around) -> bool {
    !around.found && (around.older || !around.newer)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn around(found: bool, older: bool, newer: bool) -> Around {
        Around { found, older, newer }
    }

    #[test]
    fn a_decision_is_lost_that_only_an_agent_knows() {
        for (older, newer) in [(false, false), (true, false), (false, true), (true, true)] {
            assert!(!is_lost(around(true, older, newer)), "it is known");
        }
        assert!(is_lost(around(false, false, false)), "an empty store");
        assert!(is_lost(around(false, true, false)), "a store that ends before it");
        assert!(is_lost(around(false, true, true)), "a store that ended before it and went on");
        assert!(!is_lost(around(false, false, true)), "deleted when its time was over");
    }
}
