//! `/settings/store`: whether the state store knows what agents carried out, and what happens when
//! decisions go on from what it knows.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use leptos::prelude::*;
use mainstay_core::access::{Permission, Target, decide};
use mainstay_core::deployment::{self, Command};
use mainstay_core::estate::{Contact, Estate};
use mainstay_core::fence::Subject;
use mainstay_core::id::DatacenterId;
use mainstay_core::rewind::Lost;
use mainstay_core::rollout;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Section, sections, title as section};
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::{callout, empty, no_permission};
use crate::ui::button::{Weight, submit};
use crate::ui::card::{Head, card, columns, padded};
use crate::ui::form::{Field, Kind, Mistake, error_summary, field, form, mistakes_title};
use crate::ui::head::{PageHead, page_head};
use crate::ui::table::{Column, table};
use crate::ui::time::time_seconds;
use crate::ui::tone::Tone;

/// What the page says, and `GET /api/v1/store`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StorePage)]
pub struct Data {
    pub at: DateTime<Utc>,
    /// Decisions that agents carried out and the store does not know.
    #[schema(value_type = Vec<Object>)]
    pub lost: Vec<Lost>,
    /// The newest find: what goes on is asked for with it.
    pub found_until: Option<DateTime<Utc>>,
    /// What the deployer would do at once, where the agent is heard.
    pub next: Vec<Next>,
    /// Data centres with lost decisions that are not heard now.
    #[schema(value_type = Vec<String>)]
    pub unheard: Vec<DatacenterId>,
    #[serde(skip)]
    pub reason: String,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
}

/// Something that the deployer would command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = StoreNext)]
pub struct Next {
    pub datacenter: String,
    pub service: String,
    /// What is there now, version and nodes; absent: nothing.
    pub now: Option<String>,
    /// What would be there; absent: nothing any more.
    pub then: Option<String>,
}

pub fn build(estate: &Estate) -> Data {
    let lost = estate.rewound.to_vec();
    let next = if lost.is_empty() { Vec::new() } else { next(estate) };
    let mut unheard: Vec<_> = lost
        .iter()
        .filter(|lost| estate.contact(&lost.datacenter) != Contact::Reporting)
        .map(|lost| lost.datacenter.clone())
        .collect();
    unheard.dedup();
    Data {
        at: estate.at,
        found_until: lost.iter().map(|lost| lost.found_at).max(),
        lost,
        next,
        unheard,
        reason: String::new(),
        mistakes: Vec::new(),
    }
}

/// The commands that would follow from what the store wants and what agents say they run.
fn next(estate: &Estate) -> Vec<Next> {
    let mut wanted = rollout::wanted(&estate.fleet, &estate.releases);
    let nodes = |version: &str, nodes: u16| {
        t!("store-nodes", version = version, n = nodes, count = text::number(nodes))
    };
    let mut all = Vec::new();
    for (datacenter, state) in &estate.datacenters {
        if state.contact(estate.at) != Contact::Reporting {
            continue;
        }
        let wanted = wanted.remove(datacenter).unwrap_or_default();
        for command in deployment::decide(&wanted, &state.deployments, &BTreeMap::new(), estate.at)
        {
            let (service, track, then) = match command {
                Command::Deploy { service, track, spec } => {
                    (service, track, Some(nodes(&spec.version, spec.nodes)))
                }
                Command::Remove { service, track } => (service, track, None),
                Command::Replace { .. } | Command::Test { .. } | Command::Work { .. } => continue,
            };
            let now = state.deployments.get(&(service.clone(), track));
            all.push(Next {
                datacenter: datacenter.to_string(),
                service: service.to_string(),
                now: now.map(|now| nodes(&now.version, now.nodes)),
                then,
            });
        }
    }
    all
}

/// What is wrong with what was typed. `reason`: fewest and most characters of it.
pub fn mistakes(reason: &str, (least, most): (usize, usize)) -> Vec<Mistake> {
    if (least..=most).contains(&reason.trim().chars().count()) {
        return Vec::new();
    }
    let (least, most) = (text::number(least as u64), text::number(most as u64));
    vec![Mistake::new("reason", t!("forget-mistake-reason", least = least, most = most))]
}

/// Why the reader may not; `None`: they may.
pub fn refusal(reader: &Reader) -> Option<String> {
    let refused = decide(Some(&reader.grants), Permission::ManageFleet, Target::default()).err()?;
    Some(text::refusal(&refused))
}

/// Nothing was done: there was nothing to settle, or more was found meanwhile.
pub fn conflict(more: bool) -> String {
    if more { t!("store-more") } else { t!("store-nothing") }
}

/// Why nobody's decision is carried out now.
pub fn frozen() -> String {
    t!("store-frozen")
}

pub fn title(data: &Data) -> String {
    let title = section(Section::Store);
    if data.mistakes.is_empty() { title } else { t!("error-title", title = title) }
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let head = PageHead {
        title: section(Section::Store),
        note: Some(t!("store-note").into_any()),
        ..PageHead::default()
    };
    let body = if data.lost.is_empty() {
        card(
            Head::new(t!("store-whole-head")),
            empty(t!("store-whole"), t!("store-whole-detail"), None),
        )
    } else {
        rewound(data, reader)
    };
    view! { {page_head(head)} {sections(Section::Store)} {body} }.into_any()
}

fn rewound(data: &Data, reader: &Reader) -> AnyView {
    let n = data.lost.len() as u64;
    let unheard = (!data.unheard.is_empty()).then(|| {
        let places = text::list(data.unheard.iter().map(DatacenterId::as_str));
        callout(Tone::Unk, t!("store-unheard", places = places), t!("store-unheard-detail"), None)
    });
    let main = view! {
        {error_summary(mistakes_title(&data.mistakes), &data.mistakes)}
        {callout(
            Tone::Crit,
            t!("store-rewound", n = n, count = text::number(n)),
            t!("store-rewound-detail"),
            None,
        )}
        {unheard}
        {card(Head::new(t!("store-next-head")).right(t!("store-next-note")), next_table(data))}
        {card(Head::new(t!("store-lost-head")), lost_table(data))}
    };
    let side = match refusal(reader) {
        Some(reason) => {
            card(Head::new(t!("store-go-on")), no_permission(reason, t!("store-go-on")))
        }
        None => padded(Head::new(t!("store-go-on")), go_on(data, reader)),
    };
    columns(main, side)
}

fn next_table(data: &Data) -> AnyView {
    if data.next.is_empty() {
        return empty(t!("store-next-none"), t!("store-next-none-detail"), None);
    }
    let columns = vec![
        Column::new(t!("col-dc")),
        Column::new(t!("col-service")),
        Column::new(t!("store-now")),
        Column::new(t!("store-then")),
    ];
    let side = |what: &Option<String>| what.clone().unwrap_or_else(|| t!("store-nowhere"));
    let row = |next: &Next| {
        view! {
            <tr>
                <th scope="row">{next.datacenter.clone()}</th>
                <td data-l=t!("col-service")>{next.service.clone()}</td>
                <td data-l=t!("store-now")>{side(&next.now)}</td>
                <td data-l=t!("store-then")>{side(&next.then)}</td>
            </tr>
        }
    };
    table(t!("store-next-head"), columns, data.next.iter().map(row).collect_view())
}

fn lost_table(data: &Data) -> AnyView {
    let columns = vec![
        Column::new(t!("col-dc")),
        Column::new(t!("store-subject")),
        Column::new(t!("store-token")),
        Column::new(t!("store-found")),
    ];
    let row = |lost: &Lost| {
        let (name, href) = match &lost.subject {
            Subject::Service(id) => (id.to_string(), paths::service(id)),
            Subject::Database(id) => (id.to_string(), paths::backup_set(id)),
        };
        let token = lost.accepted;
        let token = format!("{}-{}-{}", token.timeline, token.epoch, token.seq);
        view! {
            <tr>
                <th scope="row">{lost.datacenter.to_string()}</th>
                <td data-l=t!("store-subject")><a class="quiet" href=href>{name}</a></td>
                <td data-l=t!("store-token")><code>{token}</code></td>
                <td data-l=t!("store-found")>{time_seconds(lost.found_at, data.at)}</td>
            </tr>
        }
    };
    table(t!("store-lost-head"), columns, data.lost.iter().map(row).collect_view())
}

fn go_on(data: &Data, reader: &Reader) -> AnyView {
    let reason = Field {
        name: "reason",
        label: t!("reason"),
        kind: Kind::Area(2),
        value: data.reason.clone(),
        required: true,
        ..Field::default()
    };
    let until = data.found_until.map(|at| at.to_rfc3339_opts(SecondsFormat::Micros, true));
    let body = view! {
        <p class="second">{t!("store-go-on-detail")}</p>
        <input type="hidden" name="found_until" value=until/>
        {field(reason, &data.mistakes)}
        <p class="acts">{submit(Weight::Danger, t!("store-go-on"))}</p>
    };
    form(paths::SETTINGS_STORE_GO_ON.to_owned(), &reader.csrf, body)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mainstay_core::fence::Token;
    use mainstay_core::id::ServiceId;

    use super::*;
    use crate::render::fragment;

    #[test]
    fn says_that_all_is_known_or_what_is_not_and_what_would_follow() {
        let reader = Reader::default();
        let whole = build(&Estate::default());
        assert!(whole.found_until.is_none());
        let html = fragment(|| view(&whole, &reader));
        assert!(!html.contains("do/go-on") && !html.contains("callout crit"), "{html}");
        let lost = Lost {
            datacenter: DatacenterId::new("fra1").expect("an id"),
            subject: Subject::Service(ServiceId::new("shop").expect("an id")),
            accepted: Token { timeline: 1, epoch: 4, seq: 9 },
            found_at: DateTime::UNIX_EPOCH,
        };
        let data = build(&Estate { rewound: Arc::new([lost]), ..Estate::default() });
        assert_eq!(data.unheard.len(), 1, "its agent is not heard: what would follow is not known");
        let html = fragment(|| view(&data, &reader));
        assert!(html.contains("1-4-9") && html.contains("fra1"), "{html}");
    }
}
