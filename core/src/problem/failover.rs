//! Problems of failovers: runs that wait for a person, standbys that could not take over.

use super::Problem;
use crate::cluster::decide::may_switch;
use crate::estate::{Contact, Estate};
use crate::failover::State;
use crate::fleet::Cluster;
use crate::id::DatacenterId;

/// The run that stands still until a person says what next.
pub(super) fn runs(estate: &Estate) -> impl Iterator<Item = Problem> {
    let run = estate.releases.failover();
    run.into_iter().filter_map(|run| {
        let why = match &run.state {
            State::Asking { why, .. } => why.clone(),
            // That it waits for a second person is a problem of approvals.
            State::Requested { .. }
            | State::Running
            | State::Pausing { .. }
            | State::Paused { .. }
            | State::Ended { .. } => return None,
        };
        Some(Problem::FailoverWaits { run: run.id, lose: run.plan.name(), why })
    })
}

/// Standbys that are heard, and could not take over from their leader now.
pub(super) fn standbys(estate: &Estate) -> Vec<Problem> {
    let mut found = Vec::new();
    for (id, database) in &estate.fleet.databases {
        let Some(most) = database.cluster.map(Cluster::lag_max_bytes) else { continue };
        let member = |place: &DatacenterId| {
            let heard = estate.contact(place) == Contact::Reporting;
            estate.datacenters.get(place).filter(|_| heard)?.member(id)
        };
        let leads = |place: &&DatacenterId| {
            member(place).is_some_and(|it| it.role == crate::cluster::Role::Leader)
        };
        let Some(leader) = database.datacenters.iter().find(leads) else { continue };
        for place in database.datacenters.iter().filter(|place| *place != leader) {
            // Its silence is a problem of its own.
            let Some(report) = member(place) else { continue };
            let verdict = may_switch((leader, member(leader)), (place, Some(report)), most);
            if let Err(reason) = verdict {
                found.push(Problem::StandbyNotReady {
                    database: id.clone(),
                    datacenter: place.clone(),
                    reason,
                });
            }
        }
    }
    found
}
