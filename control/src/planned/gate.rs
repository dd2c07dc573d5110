//! The event that a rollout names, and what its service asks of it.

use chrono::{DateTime, Utc};
use mainstay_core::id::ServiceId;
use mainstay_core::planned::EventId;
use mainstay_core::planned::gate::{Owner, gate, required};
use mainstay_core::planned::request::Waiver;
use mainstay_core::rollout::{StartFinding, StartRequest};
use mainstay_store::{PgConnection, StoreError, approval, planned as stored};

use super::facts::Known;
use crate::Control;

impl Control {
    /// Asks the repository of the event that a rollout names anew, before it is judged. A start
    /// does so; a page that shows what a start would do does not wait for it.
    pub async fn look_for(&self, request: &StartRequest) -> Result<(), StoreError> {
        let id = request.event.as_deref().and_then(|event| event.trim().parse::<EventId>().ok());
        let Some(id) = id else { return Ok(()) };
        match self.planned_event(id).await? {
            Some(event) => self.look_again(&event.content).await,
            None => Ok(()),
        }
    }
}

/// The event that the rollout of a version belongs to, if it may begin; else what holds it back.
pub(crate) async fn owner(
    db: &mut PgConnection,
    known: &Known,
    request: &StartRequest,
    (service, version): (&ServiceId, &str),
    now: DateTime<Utc>,
) -> Result<Result<Option<EventId>, Vec<StartFinding>>, StoreError> {
    let named = request.event.as_deref().map(str::trim).filter(|event| !event.is_empty());
    let event = match named {
        None => None,
        Some(text) => {
            let found = match text.parse() {
                Ok(id) => stored::get(db, id).await?,
                Err(_) => None,
            };
            let Some(event) = found else {
                return Ok(Err(vec![StartFinding::UnknownEvent { event: text.to_owned() }]));
            };
            Some(event)
        }
    };
    let fleet = &known.estate.fleet;
    let Some(event) = event else {
        let found = gate(fleet, (service, version), None, now);
        return Ok(if found.is_empty() { Ok(None) } else { Err(found) });
    };
    let judged = match required(fleet, service).is_empty() {
        true => Vec::new(),
        false => known.judge(db, &event, now).await?,
    };
    let asked = approval::waivers(db, event.id).await?;
    let waivers: Vec<_> = asked.iter().filter_map(Waiver::of).collect();
    let owner = Owner { event: &event, judged: &judged, waivers: &waivers };
    let found = gate(fleet, (service, version), Some(owner), now);
    Ok(if found.is_empty() { Ok(Some(event.id)) } else { Err(found) })
}
