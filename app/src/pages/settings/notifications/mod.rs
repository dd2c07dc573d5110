//! Notifications: the channels by which people are told ([`list`]), one of them with its deliveries
//! ([`one`]), and the form that makes or changes one ([`form`]).

pub mod form;
pub mod list;
pub mod one;

use chrono::{DateTime, Utc};
use mainstay_core::notify::{Channel, Target};
use serde::Serialize;
use utoipa::ToSchema;

use crate::text;

/// A channel as it is listed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChannelRow {
    /// With all that is known of it; its secrets are not.
    #[schema(value_type = Object)]
    pub channel: Channel,
    /// Where it tells, in words.
    pub to: String,
    /// How it does, in words.
    pub state: String,
    /// The answer to its last try, in words.
    pub answer: Option<String>,
    pub next_try_at: Option<DateTime<Utc>>,
}

impl ChannelRow {
    pub fn of(channel: Channel, next_try_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        let to = match &channel.target {
            Target::Email(mail) => text::list(mail.to.iter().map(String::as_str)),
            Target::Webhook { .. } | Target::Alertmanager { .. } => channel.target.server(),
        };
        let (_, state) = text::notify::channel(&channel, now);
        let answer = channel.health.answer.as_ref().map(text::notify::answer);
        Self { to, state, answer, next_try_at, channel }
    }
}
