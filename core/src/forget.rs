//! Forgetting a data centre that is gone for good, so that the fleet may drop it.
//!
//! What an agent reported last is kept for as long as nobody knows better, and keeps its place in
//! the fleet with it. Only a person can know that a data centre will never report again; this
//! decides when that may be believed.

use chrono::{DateTime, TimeDelta, Utc};

use crate::estate::{Contact, Estate};
use crate::id::DatacenterId;

/// A data centre that was heard within this time may come back by itself.
pub const FORGET_AFTER: TimeDelta = TimeDelta::minutes(15);

/// Why what is known of a data centre is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Nothing is known of it.
    Nothing,
    /// The fleet still counts on it.
    InService,
    /// Its agent reports.
    Reporting,
    /// It fell silent not long enough ago.
    Lately { until: DateTime<Utc> },
}

/// Whether what is known of a data centre may be forgotten; since when it is silent.
pub fn check(estate: &Estate, id: &DatacenterId) -> Result<DateTime<Utc>, Kept> {
    match (estate.contact(id), estate.fleet.datacenters.get(id)) {
        (Contact::Never, _) => Err(Kept::Nothing),
        (Contact::Reporting, _) => Err(Kept::Reporting),
        (Contact::Silent { .. }, Some(declared)) if !declared.retired => Err(Kept::InService),
        (Contact::Silent { since }, _) if estate.at - since <= FORGET_AFTER => {
            Err(Kept::Lately { until: since + FORGET_AFTER })
        }
        (Contact::Silent { since }, _) => Ok(since),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::estate::DatacenterState;
    use crate::fleet::{Datacenter, Fleet, Vendor};
    use crate::id::RegionId;

    /// A data centre heard `silent` ago, or never.
    fn estate(retired: bool, silent: Option<TimeDelta>) -> Estate {
        let at = DateTime::from_timestamp(1_800_000_000, 0).expect("a timestamp");
        let declared = Datacenter {
            name: "Oslo".to_owned(),
            region: RegionId::new("north").expect("an id"),
            vendor: Vendor::OnPremises,
            position: 0,
            retired,
        };
        let fleet = Fleet { datacenters: [(dc(), declared)].into(), ..Fleet::default() };
        let last_seen = silent.map(|silent| at - silent);
        let state = Arc::new(DatacenterState { last_seen, ..DatacenterState::default() });
        let datacenters = [(dc(), state)].into();
        Estate { fleet: Arc::new(fleet), datacenters, at, ..Estate::default() }
    }

    fn dc() -> DatacenterId {
        DatacenterId::new("osl1").expect("an id")
    }

    #[test]
    fn only_what_is_retired_and_long_silent_is_forgotten() {
        let (second, long) = (TimeDelta::seconds(1), FORGET_AFTER + TimeDelta::seconds(1));
        let check = |retired, silent| check(&estate(retired, silent), &dc());
        let at = estate(true, None).at;
        assert_eq!(check(true, Some(long)), Ok(at - long));
        assert_eq!(check(false, Some(long)), Err(Kept::InService));
        assert_eq!(check(true, Some(FORGET_AFTER)), Err(Kept::Lately { until: at }));
        let minute = TimeDelta::minutes(1);
        let until = at - minute + FORGET_AFTER;
        assert_eq!(check(true, Some(minute)), Err(Kept::Lately { until }));
        assert_eq!(check(true, Some(second)), Err(Kept::Reporting));
        assert_eq!(check(true, None), Err(Kept::Nothing));
    }
}
