//! Planned events: what comes and what was ([`list`]), in a month ([`month`]), one of them with its
//! checklist ([`one`]), the form that plans or changes one ([`plan`]), and what the next day brings
//! ([`soon`]).

pub mod list;
pub mod month;
pub mod one;
pub mod plan;
pub mod soon;
mod typed;

pub use typed::Typed;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::planned::{EventId, Kind, PlannedEvent};
use serde::Serialize;
use utoipa::ToSchema;

use crate::paths;
use crate::t;
use crate::text;
use crate::ui::time::time;
use crate::ui::tone::Tone;

/// Of a rollout or a failover: the event that it belongs to.
pub fn of_event(id: EventId) -> AnyView {
    view! { " "{t!("event-of")}" "<a href=paths::event(id)>{id.to_string()}</a>"." }.into_any()
}

/// An event in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = EventRow)]
pub struct Row {
    pub id: String,
    pub href: String,
    pub title: String,
    #[schema(value_type = String)]
    pub kind: Kind,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub datacenters: Vec<String>,
    /// Services, with the version that comes.
    pub services: Vec<String>,
    pub by: String,
}

impl Row {
    pub fn of(event: &PlannedEvent, now: DateTime<Utc>) -> Self {
        let content = &event.content;
        let (tone, word) = text::planned::standing(event.standing(now));
        let services = content.services.iter().map(|(id, version)| match version {
            Some(version) => format!("{id} {version}"),
            None => id.to_string(),
        });
        Self {
            id: event.id.to_string(),
            href: paths::event(event.id),
            title: content.title.clone(),
            kind: content.kind,
            tone,
            word,
            from: content.from,
            until: content.until,
            datacenters: content.datacenters.iter().map(ToString::to_string).collect(),
            services: services.collect(),
            by: event.planned_by.clone(),
        }
    }

    /// From when to when.
    fn time(&self, now: DateTime<Utc>) -> AnyView {
        view! { {time(self.from, now)}" – "{time(self.until, self.from)} }.into_any()
    }
}
