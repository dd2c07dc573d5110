//! Drills that are planned for a time: planning, cancelling, and the list.

use std::collections::BTreeSet;

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::audit::Action;
use mainstay_core::failover::Scope;
use mainstay_core::failover::drill::{self, Drill, DrillId, State};
use mainstay_core::failover::routine::{Routine, Stand};
use mainstay_core::fleet::Fleet;
use mainstay_core::id::{DatacenterId, RoutineId};
use mainstay_store::drill::{self as stored, PLANNED_MAX};
use mainstay_store::failover::{self as failovers, CarriedOut};
use mainstay_store::{StoreError, audit};
use serde_json::json;

use super::{FailoverError, REASON_MAX_CHARS, refuse};
use crate::Control;
use crate::access::By;
use crate::once::Once;

/// The object of their entries: they have no page of their own.
pub(crate) const OBJECT: &str = "/failover";

/// A drill that repeats, and how it stands.
#[derive(Clone, Debug)]
pub struct Repeats {
    pub id: RoutineId,
    pub routine: Routine,
    /// When the same was last carried out to its end.
    pub last: Option<DateTime<Utc>>,
    /// `None`: the calendar has no day for it.
    pub stand: Option<Stand>,
    pub by_itself: bool,
}

/// When what a drill that repeats is of was last carried out to its end.
pub(crate) fn last_of(carried: &[CarriedOut], routine: &Routine) -> Option<DateTime<Utc>> {
    let (lose, scope) = (routine.lose(), routine.scope());
    carried.iter().find(|it| it.lose == lose && it.scope == scope).map(|it| it.at)
}

impl Control {
    /// Plans a drill of what goes away, for a time.
    pub async fn plan_drill(
        &self,
        by: &By,
        (lose, scope): (&BTreeSet<DatacenterId>, &Scope),
        at: DateTime<Utc>,
        reason: &str,
        key: &str,
    ) -> Result<Drill, FailoverError> {
        let (reason, now) = (reason.trim(), Utc::now().trunc_subsecs(6));
        let at = at.trunc_subsecs(6);
        let mut bad: Vec<_> =
            drill::may_plan(at, reason, now).iter().map(ToString::to_string).collect();
        if reason.chars().count() > REASON_MAX_CHARS {
            bad.push(format!("write a reason of at most {REASON_MAX_CHARS} characters"));
        }
        if !bad.is_empty() {
            return Err(FailoverError::Form(bad));
        }
        let once = &Once::new(key, by, &("plan-drill", lose, scope, at, reason))?;
        let planned = &Drill {
            id: DrillId(0),
            lose: lose.clone(),
            scope: scope.clone(),
            at,
            reason: reason.to_owned(),
            by: by.person().to_owned(),
            asked_at: now,
            state: State::Planned,
            routine: None,
            until: None,
        };
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    if let Some(answer) = once.recall::<Drill, FailoverError>(tx).await? {
                        return Ok(answer);
                    }
                    let Some(id) = stored::insert(tx, planned).await? else {
                        let words = format!("{PLANNED_MAX} drills are planned already");
                        return Ok(Err(FailoverError::Changed(words)));
                    };
                    let planned = Drill { id, ..planned.clone() };
                    let mut event = by.event(Action::FailoverDrillPlan, OBJECT.to_owned(), now);
                    event.reason = Some(planned.reason.clone());
                    event.after = Some(json!({ "drill": planned }));
                    audit::append(tx, &event).await?;
                    once.remember(tx, &planned, now).await?;
                    Ok(Ok(planned))
                })
            })
            .await?
    }

    /// Cancels a drill that is planned.
    pub async fn cancel_drill(
        &self,
        by: &By,
        id: DrillId,
        key: &str,
    ) -> Result<Drill, FailoverError> {
        let once = &Once::new(key, by, &("cancel-drill", id))?;
        let now = Utc::now().trunc_subsecs(6);
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    if let Some(answer) = once.recall::<Drill, FailoverError>(tx).await? {
                        return Ok(answer);
                    }
                    let Some(before) = stored::lock(tx, id).await? else {
                        return Ok(Err(FailoverError::NotFound));
                    };
                    let mut event = by.event(Action::FailoverDrillCancel, OBJECT.to_owned(), now);
                    event.before = Some(json!({ "drill": before }));
                    let state = match drill::cancel(&before, by.person(), now) {
                        Ok(state) => state,
                        Err(refusal) => {
                            refuse(tx, event, &refusal.to_string()).await?;
                            return Ok(Err(FailoverError::Changed(refusal.to_string())));
                        }
                    };
                    stored::settle(tx, id, &state).await?;
                    let after = Drill { state, ..before };
                    event.after = Some(json!({ "drill": after }));
                    audit::append(tx, &event).await?;
                    once.remember(tx, &after, now).await?;
                    Ok(Ok(after))
                })
            })
            .await?
    }

    /// Planned drills, the next first; then those that are over.
    pub async fn drills(&self) -> Result<Vec<Drill>, StoreError> {
        stored::list(self.store.reads()).await
    }

    /// Drills that repeat, by id, and how each stands at this moment.
    pub async fn routines(&self, fleet: &Fleet) -> Result<Vec<Repeats>, StoreError> {
        if fleet.drills.is_empty() {
            return Ok(Vec::new());
        }
        let carried = failovers::carried_out(self.store.reads()).await?;
        let now = Utc::now();
        let repeats = fleet.drills.iter().map(|(id, routine)| {
            let last = last_of(&carried, routine);
            let stand = routine.stand(fleet, last, now);
            let by_itself = routine.begins_by_itself(fleet);
            Repeats { id: id.clone(), routine: routine.clone(), last, stand, by_itself }
        });
        Ok(repeats.collect())
    }

    /// One that is planned, or was.
    pub async fn drill(&self, id: DrillId) -> Result<Option<Drill>, StoreError> {
        stored::get(self.store.reads(), id).await
    }
}
