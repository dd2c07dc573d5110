//! The one scale of states that every page, list and roll-up uses, and counting over it.

use serde::{Deserialize, Serialize};

/// How a thing is, ordered from worst to best; the order is the sort order everywhere.
///
/// Shapes and words belong to the console; what counts as available is decided here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Known not to serve.
    Failing,
    /// Serves, but not as it should.
    Degraded,
    /// Nobody knows: no data is not health and not failure.
    Unknown,
    /// Out of service on purpose (draining, planned work).
    Planned,
    /// Being started or replaced.
    Updating,
    /// Serves as declared.
    Healthy,
}

impl Status {
    /// Every status, worst first.
    pub const ALL: [Self; 6] = [
        Self::Failing,
        Self::Degraded,
        Self::Unknown,
        Self::Planned,
        Self::Updating,
        Self::Healthy,
    ];

    /// The name used in addresses, JSON and CSS: `failing`, `degraded`, …
    pub const fn name(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Degraded => "degraded",
            Self::Unknown => "unknown",
            Self::Planned => "planned",
            Self::Updating => "updating",
            Self::Healthy => "healthy",
        }
    }

    /// The status with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }

    /// Whether an instance in this state may be counted on to serve users.
    pub const fn is_available(self) -> bool {
        match self {
            Self::Healthy | Self::Degraded => true,
            Self::Failing | Self::Unknown | Self::Planned | Self::Updating => false,
        }
    }
}

/// How many things are in each status. A parent shows the worst of its children and the count,
/// never a mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tally(pub [u32; 6]);

impl Tally {
    pub fn add(&mut self, status: Status) {
        self.0[status as usize] += 1;
    }

    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }

    pub const fn get(&self, status: Status) -> u32 {
        self.0[status as usize]
    }

    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }

    /// The worst status present; `None` when nothing was counted.
    pub fn worst(&self) -> Option<Status> {
        Status::ALL.into_iter().find(|s| self.get(*s) > 0)
    }

    /// Statuses with their counts, worst first, without the empty ones.
    pub fn present(&self) -> impl Iterator<Item = (Status, u32)> {
        let counts = *self;
        Status::ALL.into_iter().map(move |s| (s, counts.get(s))).filter(|(_, n)| *n > 0)
    }
}

impl FromIterator<Status> for Tally {
    fn from_iter<I: IntoIterator<Item = Status>>(iter: I) -> Self {
        let mut tally = Self::default();
        for status in iter {
            tally.add(status);
        }
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_worst_first_and_indexes_match() {
        for (at, status) in Status::ALL.into_iter().enumerate() {
            assert_eq!(status as usize, at);
            assert_eq!(Status::from_name(status.name()), Some(status));
        }
        assert!(Status::Failing < Status::Unknown && Status::Unknown < Status::Healthy);
    }

    #[test]
    fn a_parent_is_as_bad_as_its_worst_child() {
        let tally: Tally =
            [Status::Healthy, Status::Unknown, Status::Healthy].into_iter().collect();
        assert_eq!(tally.worst(), Some(Status::Unknown));
        assert_eq!(tally.total(), 3);
        assert_eq!(Tally::default().worst(), None);
    }
}
