//! Segments that the reading of a repository found damaged: they are listed, and cannot be read.

use std::collections::{BTreeMap, BTreeSet};

use crate::backup::job::Place;
use crate::backup::work::{Done, Work, WorkReport, WorkState};
use crate::id::DatacenterId;

/// Names of the segments that the last reading of each repository found damaged. A repository in
/// which it found none has no entry, or an empty one.
pub type Damaged = BTreeMap<DatacenterId, BTreeSet<String>>;

/// What the reading of a repository found of the log; `None`: the work was another, or came to
/// nothing.
pub fn damaged(report: &WorkReport) -> Option<(&DatacenterId, BTreeSet<String>)> {
    let (Work::Verify(job), WorkState::Done { done: Done::Verify { damages } }) =
        (&report.work, &report.state)
    else {
        return None;
    };
    let segments = damages.iter().filter_map(|damage| match &damage.place {
        // The engine counts some without a name.
        Place::Wal { segment } if !segment.is_empty() => Some(segment.clone()),
        Place::Wal { .. } | Place::Copy { .. } | Place::Repository => None,
    });
    Some((&job.datacenter, segments.collect()))
}
