//! What messages say.

#![allow(clippy::unwrap_used, reason = "a test")]

use chrono::{DateTime, Utc};
use mainstay_control::access::PublicUrl;
use mainstay_core::notify::{
    Channel, ChannelId, Content, Delivery, DeliveryId, Health, Hears, Item, Severity, Standing,
    State, Target, What,
};
use mainstay_core::problem::Problem;
use serde_json::json;

use super::Links;
use super::message::Message;

fn at() -> DateTime<Utc> {
    "2026-11-20T03:12:07Z".parse().unwrap()
}

fn channel() -> Channel {
    let (groups, datacenters, kinds) = Default::default();
    Channel {
        id: ChannelId(3),
        name: "on call".into(),
        target: Target::Webhook { url: "https://hooks.example.org/x".into() },
        hears: Hears { least: Severity::Warning, groups, datacenters, kinds },
        repeat_minutes: 0,
        standing: Standing::Active,
        has_secret: true,
        health: Health::default(),
        made_by: "ann".into(),
        made_at: at(),
        changed_at: at(),
        revision: 1,
    }
}

fn item(id: i64, what: What) -> Item {
    Item {
        id,
        what,
        problem: Problem::ServiceDown { service: "feed-api".parse().unwrap() },
        groups: ["social".parse().unwrap()].into(),
        datacenters: Default::default(),
        opened_at: at(),
        closed_at: (what == What::Ended).then(at),
        owner: Some("ann".into()),
    }
}

fn delivery(items: Vec<Item>, left_out: u32) -> Delivery {
    Delivery {
        id: DeliveryId(412),
        channel: ChannelId(3),
        content: Content::Problems { items, left_out },
        planned_at: at(),
        state: State::Trying { until: at() },
        tries: 1,
        answer: None,
    }
}

fn links() -> Links {
    Links(Some(PublicUrl::parse("https://console.example.org").unwrap()))
}

#[test]
fn a_webhook_receives_what_is_documented() {
    let delivery = delivery(vec![item(1042, What::Opened)], 0);
    let message = serde_json::to_value(Message::of(&channel(), &delivery, &links())).unwrap();
    assert_eq!(message["type"], "problem.opened");
    assert_eq!(message["data"]["channel"], json!({ "id": "nc-3", "name": "on call" }));
    let problem = &message["data"]["problems"][0];
    for (field, value) in [
        ("id", json!("at-1042")),
        ("kind", json!("service-down")),
        ("severity", json!("critical")),
        ("event", json!("opened")),
        ("state", json!("open")),
        ("since", json!("2026-11-20T03:12:07Z")),
        ("owner", json!("ann")),
        ("object", json!("/services/feed-api")),
        ("groups", json!(["social"])),
        ("service", json!("feed-api")),
        ("url", json!("https://console.example.org/attention/at-1042")),
        ("runbook_url", json!("https://console.example.org/attention/at-1042/runbook")),
    ] {
        assert_eq!(problem[field], value, "{field}");
    }
    assert!(problem.get("ended").is_none());
    let text = message["data"]["text"].as_str().unwrap();
    assert!(text.starts_with("Critical: ") && text.contains("feed-api"), "{text}");
}

#[test]
fn several_are_summed_up_and_links_need_an_address() {
    let items = vec![item(1, What::Opened), item(2, What::Ended)];
    let delivery = delivery(items, 7);
    let message = Message::of(&channel(), &delivery, &Links(None));
    assert_eq!(message.kind, "problems.summary");
    assert_eq!(message.data.text, "9 problems: 1 open, 1 ended, 7 more not named");
    assert_eq!(message.data.problems[0].url, None);
    assert_eq!(message.data.problems[1].state, "ended");
    assert_eq!(links().host(), "console.example.org");
    assert_eq!(Links(None).host(), "mainstay.invalid");
}
