//! Alertmanager: how things stand, as Prometheus would tell it (API v2). What is open is told again
//! each minute and ends by itself four minutes after it was told last; what ended is told as ended.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_control::notify::Order;
use mainstay_core::notify::address::Network;
use mainstay_core::notify::answer::{Answer, Trouble};
use mainstay_core::notify::plan::PUSH_EVERY;
use mainstay_core::notify::{Content, Item};
use serde::Serialize;

use super::Links;
use super::connect::{none, post};
use super::message::Told;

/// The end of a test.
const TEST_LASTS: TimeDelta = TimeDelta::minutes(1);

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    labels: BTreeMap<&'static str, String>,
    annotations: BTreeMap<&'static str, String>,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    generator_url: Option<String>,
}

pub(super) async fn send(
    order: &Order,
    url: &str,
    links: &Links,
    allowed: &[Network],
) -> Result<Answer, Answer> {
    let alerts: Vec<_> = match &order.delivery.content {
        Content::Test { by } => vec![test(order, by, links)],
        Content::Problems { items, .. } => {
            items.iter().map(|item| alert(item, order, links)).collect()
        }
    };
    let body = serde_json::to_vec(&alerts).map_err(|error| none(Trouble::Message, &error))?;
    let url = format!("{}/api/v2/alerts", url.trim_end_matches('/'));
    post(&url, body, allowed, order.now, |request| match &order.secrets.now {
        Some(token) => request.bearer_auth(token),
        None => request,
    })
    .await
}

fn alert(item: &Item, order: &Order, links: &Links) -> Alert {
    let told = Told::of(item, order.delivery.planned_at, links);
    let mut labels = BTreeMap::from([
        ("alertname", told.kind.to_string()),
        ("severity", told.severity.name().to_owned()),
        ("problem", told.id.clone()),
        ("source", "mainstay".to_owned()),
    ]);
    labels.extend((!told.groups.is_empty()).then(|| ("group", told.groups.join(","))));
    labels
        .extend((!told.datacenters.is_empty()).then(|| ("datacenter", told.datacenters.join(","))));
    labels.extend(told.service.map(|service| ("service", service)));
    let mut annotations = BTreeMap::from([("summary", told.title), ("description", told.detail)]);
    annotations.extend(told.runbook_url.map(|url| ("runbook_url", url)));
    annotations.extend(told.owner.map(|owner| ("owner", owner)));
    let open_until = order.now + PUSH_EVERY * 4;
    Alert {
        labels,
        annotations,
        starts_at: told.since,
        ends_at: told.ended.unwrap_or(open_until),
        generator_url: told.url,
    }
}

fn test(order: &Order, by: &str, links: &Links) -> Alert {
    let summary = format!("Test of the channel {}, asked for by {by}", order.channel.name);
    Alert {
        labels: BTreeMap::from([
            ("alertname", "mainstay-test".to_owned()),
            ("severity", "none".to_owned()),
            ("source", "mainstay".to_owned()),
        ]),
        annotations: BTreeMap::from([("summary", summary)]),
        starts_at: order.delivery.planned_at,
        ends_at: order.now + TEST_LASTS,
        generator_url: links.to(&order.channel.path()),
    }
}
