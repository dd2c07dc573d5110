//! Collisions: events whose data centres are out of traffic at the same time, so that a group is
//! served in too few.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{EventId, PlannedEvent};
use crate::fleet::{Fleet, Placement};
use crate::id::{DatacenterId, GroupId};
use crate::placement;

/// What an event leaves of a group, together with others or alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Collision {
    /// The others; empty: it leaves too little alone.
    pub with: BTreeSet<EventId>,
    pub group: GroupId,
    /// Data centres that still serve the service of the group that is left the fewest.
    pub left: BTreeSet<DatacenterId>,
    /// How many the group asks for.
    pub least: u16,
}

impl Collision {
    /// `Overlaps ev-7; together they leave only fra1 for social, which asks for 2`.
    pub fn sentence(&self) -> String {
        let left: Vec<_> = self.left.iter().map(ToString::to_string).collect();
        let left = match left.is_empty() {
            true => "no data centre".to_owned(),
            false => format!("only {}", left.join(", ")),
        };
        let (group, least) = (&self.group, self.least);
        let asks = format!("leave {left} for {group}, which asks for {least}");
        if self.with.is_empty() {
            return format!("its data centres alone {asks}");
        }
        let with: Vec<_> = self.with.iter().map(ToString::to_string).collect();
        format!("overlaps {}; together they {asks}", with.join(", "))
    }
}

/// Collisions of an event with others that are planned or running. At every moment at which one
/// begins, what is out then is counted together: three events may collide of which no two do.
pub fn collisions(
    fleet: &Fleet,
    event: &PlannedEvent,
    others: &[PlannedEvent],
) -> BTreeSet<Collision> {
    if !event.content.out_of_traffic {
        return BTreeSet::new();
    }
    let (from, until) = (event.content.from, event.content.until);
    let others: Vec<_> = others
        .iter()
        .filter(|other| other.id != event.id && !other.state.is_over())
        .filter(|other| other.content.out_of_traffic)
        .filter(|other| other.content.from < until && from < other.content.until)
        .collect();
    let begins = others.iter().map(|other| other.content.from.max(from));
    let moments: BTreeSet<_> = begins.chain([from]).collect();
    let found = moments.into_iter().flat_map(|at| {
        let on = others.iter().filter(|it| it.content.from <= at && at < it.content.until);
        let on: Vec<_> = on.copied().collect();
        short(fleet, event, &on)
    });
    found.collect()
}

/// Groups that are served in too few data centres while all of these are out.
fn short(fleet: &Fleet, event: &PlannedEvent, on: &[&PlannedEvent]) -> Vec<Collision> {
    let mut found = Vec::new();
    for (group, declared) in &fleet.groups {
        let least = declared.recovery.serving_least;
        let placed = fleet.services_of(group).filter_map(|(_, service)| {
            let moves = matches!(service.placement, Placement::Distributed { .. });
            let placed = placement::datacenters(fleet, service);
            // What the event does not touch is not its collision.
            (moves && !placed.is_disjoint(&event.content.datacenters)).then_some(placed)
        });
        let out: BTreeSet<_> = on.iter().flat_map(|it| &it.content.datacenters).collect();
        let worst = placed
            .map(|placed| {
                let own = &event.content.datacenters;
                let left = placed.iter().filter(|id| !out.contains(id) && !own.contains(*id));
                (left.cloned().collect::<BTreeSet<_>>(), placed)
            })
            .min_by_key(|(left, _)| left.len());
        let Some((left, placed)) = worst else { continue };
        if left.len() >= usize::from(least) {
            continue;
        }
        let takes = |it: &&&PlannedEvent| !placed.is_disjoint(&it.content.datacenters);
        let with = on.iter().filter(takes).map(|it| it.id).collect();
        found.push(Collision { with, group: group.clone(), left, least });
    }
    found
}
