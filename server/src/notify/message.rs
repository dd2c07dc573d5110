//! What a message says: the same words as the console's, in English, with links to it.
//!
//! A message is made of its delivery alone, so every try of it says the same.

use chrono::{DateTime, Utc};
use mainstay_app::pages::rows::subject;
use mainstay_app::{paths, text};
use mainstay_core::access::Language;
use mainstay_core::notify::{Channel, ChannelId, Content, Delivery, Item, Severity, What};
use mainstay_core::problem::Kind;
use serde::Serialize;

use super::Links;

/// Version of what a webhook receives; it rises when something is taken out or means another thing.
const VERSION: u8 = 1;

/// What a webhook receives.
#[derive(Debug, Serialize)]
pub(super) struct Message {
    /// `problem.opened`, `problem.worse`, `problem.still`, `problem.ended`, `problems.summary` or
    /// `test`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it was planned.
    pub timestamp: DateTime<Utc>,
    pub version: u8,
    pub data: Data,
}

#[derive(Debug, Serialize)]
pub(super) struct Data {
    pub channel: ChannelName,
    /// One line for people.
    pub text: String,
    /// One, or several where they are summed up; none in a test.
    pub problems: Vec<Told>,
    /// How many more there were than are told.
    pub left_out: u32,
}

#[derive(Debug, Serialize)]
pub(super) struct ChannelName {
    pub id: ChannelId,
    pub name: String,
}

/// A problem as it is told.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    /// `at-1042`.
    pub id: String,
    pub kind: Kind,
    pub severity: Severity,
    /// What happened: `opened`, `worse`, `still`, `ended`.
    pub event: What,
    /// `open` or `ended`.
    pub state: &'static str,
    pub title: String,
    pub detail: String,
    pub since: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<DateTime<Utc>>,
    pub owner: Option<String>,
    /// What it is about: the path of its page.
    pub object: String,
    pub groups: Vec<String>,
    pub datacenters: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The page of the problem.
    pub url: Option<String>,
    pub runbook_url: Option<String>,
}

impl Told {
    pub(super) fn of(item: &Item, at: DateTime<Utc>, links: &Links) -> Self {
        text::speak(Language::English, || {
            let (object, _) = subject(&item.problem);
            let (service, _) = item.problem.about();
            let names = |it: &mut dyn Iterator<Item = String>| it.collect::<Vec<_>>();
            Self {
                id: format!("at-{}", item.id),
                kind: item.problem.kind(),
                severity: Severity::of(&item.problem),
                event: item.what,
                state: if item.closed_at.is_some() { "ended" } else { "open" },
                title: text::problem_title(&item.problem),
                detail: text::problem_detail(&item.problem, at),
                since: item.opened_at,
                ended: item.closed_at,
                owner: item.owner.clone(),
                object,
                groups: names(&mut item.groups.iter().map(ToString::to_string)),
                datacenters: names(&mut item.datacenters.iter().map(ToString::to_string)),
                service: service.map(ToString::to_string),
                url: links.to(&paths::problem(item.id)),
                runbook_url: links.to(&paths::problem_runbook(item.id)),
            }
        })
    }

    /// `Critical: payments serves nowhere` or `Ended: …`.
    pub(super) fn line(&self) -> String {
        let word = match (self.event, self.severity) {
            (What::Ended, _) => "Ended",
            (What::Still, _) => "Still open",
            (What::Opened | What::Worse, Severity::Critical) => "Critical",
            (What::Opened | What::Worse, Severity::Warning) => "Warning",
        };
        format!("{word}: {}", self.title)
    }
}

impl Message {
    pub(super) fn of(channel: &Channel, delivery: &Delivery, links: &Links) -> Self {
        let at = delivery.planned_at;
        let (kind, text, problems, left_out) = match &delivery.content {
            Content::Test { by } => {
                let text = format!("Test of the channel {}, asked for by {by}", channel.name);
                ("test".to_owned(), text, Vec::new(), 0)
            }
            Content::Problems { items, left_out } => {
                let told: Vec<_> = items.iter().map(|item| Told::of(item, at, links)).collect();
                let (kind, text) = match told.as_slice() {
                    [one] if *left_out == 0 => {
                        (format!("problem.{}", one.event.name()), one.line())
                    }
                    several => ("problems.summary".to_owned(), summary(several, *left_out)),
                };
                (kind, text, told, *left_out)
            }
        };
        let channel = ChannelName { id: channel.id, name: channel.name.clone() };
        let data = Data { channel, text, problems, left_out };
        Self { kind, timestamp: at, version: VERSION, data }
    }
}

/// `31 problems: 30 open, 1 ended`.
fn summary(told: &[Told], left_out: u32) -> String {
    let ended = told.iter().filter(|it| it.event == What::Ended).count();
    let open = told.len() - ended;
    let all = told.len() as u64 + u64::from(left_out);
    let more = match left_out {
        0 => String::new(),
        more => format!(", {more} more not named"),
    };
    format!("{all} problems: {open} open, {ended} ended{more}")
}
