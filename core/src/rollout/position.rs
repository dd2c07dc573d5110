//! Counting the positions of a plan.

use super::{Plan, Position};
use crate::fleet::Strategy;
use crate::id::DatacenterId;
use crate::routing::WEIGHT_TOTAL;

/// What stays with the old version while a step of all requests is watched, out of
/// [`WEIGHT_TOTAL`]. A version can only be judged beside another over the same seconds: with
/// nothing left there, an incident that hits everybody would count against it. Past the last watch
/// nothing is held back.
pub const HOLD_BACK: u16 = WEIGHT_TOTAL / 10;

/// Where a data centre has its turn in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub wave: u16,
    /// Nodes of the data centres before it in its wave.
    pub nodes_before: u16,
    /// Its own nodes when the plan was made.
    pub nodes: u16,
}

impl Plan {
    /// How many positions a wave has: steps of a canary, nodes of a rolling update.
    pub fn positions(&self, wave: u16) -> u16 {
        match self.strategy {
            Strategy::Canary => count(self.steps.len()),
            Strategy::Rolling => {
                let wave = self.waves.get(usize::from(wave));
                wave.map_or(0, |wave| wave.datacenters.iter().map(|(_, nodes)| nodes).sum())
            }
        }
    }

    /// The position after this one; `None`: it is the last.
    pub fn next(&self, at: Position) -> Option<Position> {
        let Position { wave, step } = at;
        if step.saturating_add(1) < self.positions(wave) {
            return Some(Position { wave, step: step + 1 });
        }
        let more = usize::from(wave) + 1 < self.waves.len();
        more.then(|| Position { wave: wave + 1, step: 0 })
    }

    /// The position before this one; `None`: it is the first.
    pub fn previous(&self, at: Position) -> Option<Position> {
        let Position { wave, step } = at;
        if step > 0 {
            return Some(Position { wave, step: step - 1 });
        }
        let wave = wave.checked_sub(1)?;
        Some(Position { wave, step: self.positions(wave).saturating_sub(1) })
    }

    /// The last position that is watched.
    pub fn last(&self) -> Position {
        let wave = count(self.waves.len()).saturating_sub(1);
        Position { wave, step: self.positions(wave).saturating_sub(1) }
    }

    /// Past the last: everything at once and without a watch.
    pub fn end(&self) -> Position {
        let last = self.last();
        Position { step: last.step.saturating_add(1), ..last }
    }

    /// The weight that a step was asked for, out of [`WEIGHT_TOTAL`]; all of it past the last.
    /// The canary's nodes follow from it; its requests from [`Self::share`].
    pub fn weight(&self, step: u16) -> u16 {
        self.steps.get(usize::from(step)).map_or(WEIGHT_TOTAL, |step| step.weight)
    }

    /// The canary's share of requests at a step of a wave, out of [`WEIGHT_TOTAL`]: its weight, but
    /// for what stays with the old version while a step of all requests is watched
    /// ([`HOLD_BACK`]). It never falls from one step to the next. All of it past the last.
    pub fn share(&self, step: u16) -> u16 {
        let Some(own) = self.steps.get(usize::from(step)) else { return WEIGHT_TOTAL };
        if own.weight < WEIGHT_TOTAL {
            return own.weight;
        }
        let before = step.checked_sub(1).map_or(0, |before| self.weight(before));
        before.max(WEIGHT_TOTAL - HOLD_BACK)
    }

    /// How long a position is watched at least; nothing past the last one.
    pub fn watch_seconds(&self, at: Position) -> u32 {
        match self.strategy {
            Strategy::Canary => {
                self.steps.get(usize::from(at.step)).map_or(0, |step| step.watch_seconds)
            }
            Strategy::Rolling => self.node_watch_seconds,
        }
    }

    /// Whether a person has to go on once a position has passed.
    pub fn pauses(&self, at: Position) -> bool {
        let step = self.steps.get(usize::from(at.step));
        self.strategy == Strategy::Canary && step.is_some_and(|step| step.pause)
    }

    pub(super) fn turn(&self, datacenter: &DatacenterId) -> Option<Turn> {
        self.waves.iter().enumerate().find_map(|(wave, of)| {
            let mut nodes_before = 0;
            for (id, nodes) in &of.datacenters {
                if id == datacenter {
                    return Some(Turn { wave: count(wave), nodes_before, nodes: *nodes });
                }
                nodes_before += nodes;
            }
            None
        })
    }

    /// The data centres that a position is about: the wave's of a canary, the node's of a rolling
    /// update, all past the end.
    pub fn datacenters(&self, at: Position) -> Vec<&DatacenterId> {
        let Some(wave) = self.waves.get(usize::from(at.wave)) else { return Vec::new() };
        let of_wave = wave.datacenters.iter();
        match self.strategy {
            Strategy::Canary if at.step >= self.positions(at.wave) => {
                let all = self.waves.iter().flat_map(|wave| &wave.datacenters);
                all.map(|(id, _)| id).collect()
            }
            Strategy::Canary => of_wave.map(|(id, _)| id).collect(),
            Strategy::Rolling => {
                let mut before = 0;
                for (id, nodes) in of_wave {
                    before += nodes;
                    if at.step < before {
                        return vec![id];
                    }
                }
                Vec::new()
            }
        }
    }
}

fn count(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}
