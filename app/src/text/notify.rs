//! Channels of notifications and their deliveries in words.

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::notify::answer::{Answer, Trouble};
use mainstay_core::notify::{
    Channel, Content, Delivery, Item, Security, Severity, Standing, State, Way, What,
};

use crate::t;
use crate::text::{duration, moment, number, problem_title};
use crate::ui::tone::Tone;

pub fn way(way: Way) -> String {
    match way {
        Way::Webhook => t!("notify-way-webhook"),
        Way::Email => t!("notify-way-email"),
        // The name of a program.
        Way::Alertmanager => "Alertmanager".to_owned(),
    }
}

pub fn security(security: Security) -> String {
    match security {
        Security::StartTls => t!("notify-security-start-tls"),
        Security::Tls => t!("notify-security-tls"),
        Security::None => t!("notify-security-none"),
    }
}

pub fn severity(least: Severity) -> String {
    match least {
        Severity::Critical => t!("notify-hears-critical"),
        Severity::Warning => t!("notify-hears-warning"),
    }
}

/// How a channel does: its look and its word.
pub fn channel(channel: &Channel, now: DateTime<Utc>) -> (Tone, String) {
    match &channel.standing {
        Standing::Paused { .. } => (Tone::Pause, t!("notify-paused")),
        Standing::Stopped { .. } => (Tone::Crit, t!("notify-stopped")),
        Standing::Active => match (channel.health.failing_since, channel.health.sent_at) {
            (Some(at), _) => (Tone::Crit, t!("notify-failing", at = moment(at, now))),
            (None, Some(_)) => (Tone::Ok, t!("notify-active")),
            (None, None) => (Tone::Unk, t!("notify-idle")),
        },
    }
}

/// Where a delivery stands.
pub fn delivery(state: &State, now: DateTime<Utc>) -> (Tone, String) {
    match state {
        State::Waiting { due_at } => (Tone::Warn, t!("notify-waiting", at = moment(*due_at, now))),
        State::Trying { .. } => (Tone::Prog, t!("notify-trying")),
        State::Sent { at } => (Tone::Ok, t!("notify-sent", at = moment(*at, now))),
        State::GivenUp { at } => (Tone::Crit, t!("notify-given-up", at = moment(*at, now))),
    }
}

/// What came of a try: `HTTP 503: come again`.
pub fn answer(answer: &Answer) -> String {
    let (what, said) = match answer {
        Answer::Http { status, said, .. } => (format!("HTTP {status}"), said),
        Answer::Smtp { code, said } => (format!("SMTP {code}"), said),
        Answer::None { trouble: why, said } => (trouble(*why), said),
    };
    if said.is_empty() { what } else { format!("{what}: {said}") }
}

fn trouble(trouble: Trouble) -> String {
    match trouble {
        Trouble::NotAllowed => t!("notify-trouble-not-allowed"),
        Trouble::Name => t!("notify-trouble-name"),
        Trouble::Connection => t!("notify-trouble-connection"),
        Trouble::Encryption => t!("notify-trouble-encryption"),
        Trouble::Timeout => t!("notify-trouble-timeout"),
        Trouble::Secret => t!("notify-trouble-secret"),
        Trouble::Message => t!("notify-trouble-message"),
        Trouble::Interrupted => t!("notify-trouble-interrupted"),
    }
}

/// What a delivery is about.
pub fn content(delivery: &Delivery) -> String {
    match &delivery.content {
        Content::Test { by } => t!("notify-content-test", by = by.as_str()),
        Content::Problems { items, left_out: 0 } if items.len() == 1 => {
            items.first().map(item).unwrap_or_default()
        }
        Content::Problems { items, left_out } => {
            let count = items.len() as u64 + u64::from(*left_out);
            t!("notify-content-several", count = number(count))
        }
    }
}

fn item(item: &Item) -> String {
    let title = problem_title(&item.problem);
    match item.what {
        What::Opened => t!("notify-what-opened", title = title),
        What::Worse => t!("notify-what-worse", title = title),
        What::Still => t!("notify-what-still", title = title),
        What::Ended => t!("notify-what-ended", title = title),
    }
}

/// How often an open problem is told again.
pub fn repeats(minutes: u32) -> String {
    match minutes {
        0 => t!("notify-repeats-never"),
        minutes => {
            t!("notify-repeats-every", time = duration(TimeDelta::minutes(minutes.into())))
        }
    }
}
