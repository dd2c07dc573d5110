//! Safety rules that come to forbid a failover that runs, over HTTP on a real Postgres: what it
//! takes to override them. No leader runs here: what a run asks is written as one would write it.

#![allow(clippy::unwrap_used, reason = "a test")]

use axum::response::Response;
use chrono::Utc;
use http::StatusCode;
use mainstay_core::access::Role;
use mainstay_core::approval::Kind;
use mainstay_core::audit::{Action, Outcome};
use mainstay_core::failover::rules::Rule;
use mainstay_core::failover::{Run, State, StepId};
use serde_json::json;

use crate::failover_tests::{PLAN, Town, WORDS};
use crate::rig_tests::text;

#[tokio::test]
async fn a_rule_that_came_to_forbid_is_overridden_by_two_people_or_reviewed() {
    let town = Town::new().await;
    let ann = town.person("ann", Role::Admin).await;
    let ben = town.person("ben", Role::Approver).await;
    let id = ann.start(PLAN, true).await;
    let path = format!("/failover/runs/{id}");
    let asks = async |rules: &[Rule]| asks(&town, &id, rules).await;
    asks(&[Rule::Lock, Rule::Freeze]).await;
    let page = ann.get(&path).await;
    assert!(page.contains("A safety rule forbids") && page.contains("lock by ben"), "{page}");
    assert!(page.contains("value=\"lock\"") && page.contains("value=\"freeze\""), "{page}");
    // All that it asks about and nothing else, with a reason.
    let send = async |fields: &str| {
        let answer = ann.post(&format!("{path}/do/override"), fields).await;
        (answer.status(), location_of(&answer), text(answer).await)
    };
    let both = "override=lock&override=freeze";
    let (status, _, page) = send(&format!("reason=no&{both}")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{page}");
    let (status, _, page) = send(&format!("{WORDS}&override=lock")).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains("override it by its name as well"), "{page}");
    assert_eq!(town.last().await, Some((Action::FailoverOverride, Outcome::Refused)));
    let sent = json!({ "reason": "a test of the whole", "rules": ["lock", "freeze", "wait"] });
    let (status, said) = ann.api(&format!("/api/v1{path}/do/override"), sent).await;
    assert_eq!(status, StatusCode::CONFLICT, "{said}");
    // A second person; what is asked for is void when the run asks no more.
    let (status, approval, _) = send(&format!("{WORDS}&{both}")).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(town.last().await, Some((Action::ApprovalAsk, Outcome::Done)));
    let shown = ben.get(&approval).await;
    assert!(shown.contains("this safety rule does not hold") && shown.contains("lock by ben"));
    assert!(ben.get(&path).await.contains(&approval), "the run leads to it");
    town.both(&ann, &id, "retry", Action::FailoverRetry, ["step=store/precheck", ""]).await;
    assert!(ben.get(&approval).await.contains("does not ask about it any more"));
    assert_eq!(town.run(&id).await.overridden, [Rule::Wait].into(), "of the start alone");
    asks(&[Rule::Lock]).await;
    let (_, approval, _) = send(&format!("{WORDS}&override=lock")).await;
    let own = ann.post(&format!("{approval}/do/approve"), "").await;
    assert_eq!(own.status(), StatusCode::FORBIDDEN);
    let yes = ben.post(&format!("{approval}/do/approve"), "").await;
    assert_eq!(yes.status(), StatusCode::SEE_OTHER, "{}", text(yes).await);
    assert_eq!(town.last().await, Some((Action::FailoverOverride, Outcome::Done)));
    let run = town.run(&id).await;
    assert_eq!((run.state, run.allowed_by.as_deref()), (State::Running, Some("ben")));
    assert_eq!(run.overridden, [Rule::Lock, Rule::Wait].into());
}

#[tokio::test]
async fn alone_in_an_emergency_a_rule_is_overridden_at_once_and_each_is_reviewed() {
    let town = Town::new().await;
    let ann = town.person("ann", Role::Admin).await;
    let id = ann.start(PLAN, true).await;
    let path = format!("/failover/runs/{id}");
    for (rule, form) in [(Rule::Freeze, true), (Rule::Capacity, false)] {
        asks(&town, &id, &[rule]).await;
        if form {
            let fields = format!("{WORDS}&override={}&emergency=yes", rule.name());
            town.both(&ann, &id, "override", Action::FailoverOverride, [&fields, ""]).await;
        } else {
            let (reason, rules) = ("a test of the whole", [rule]);
            let sent = json!({ "reason": reason, "rules": rules, "emergency": true });
            let (status, said) = ann.api(&format!("/api/v1{path}/do/override"), sent).await;
            assert_eq!(status, StatusCode::OK, "{said}");
            assert_eq!(town.last().await, Some((Action::FailoverOverride, Outcome::Done)));
        }
        let open = town.rig.state.control.open_approvals().await.unwrap();
        let reviews = open.iter().filter(|it| it.kind == Kind::Review);
        assert!(reviews.count() > usize::from(!form), "each is reviewed: {open:#?}");
    }
    let page = ann.get(&path).await;
    assert!(page.contains("Safety rules overridden"), "{page}");
}

/// The run asks about rules, as a leader would write it.
async fn asks(town: &Town, id: &str, rules: &[Rule]) {
    let run = town.run(id).await;
    let state = State::Asking {
        step: StepId("store/precheck".to_owned()),
        why: "safety rules do not hold any more: lock: lock by ben: a test".to_owned(),
        rules: rules.iter().copied().collect(),
        since: Utc::now(),
    };
    town.write(&Run { state, ..run }).await;
}

fn location_of(answer: &Response) -> String {
    let found = answer.headers().get(http::header::LOCATION);
    found.map(|it| it.to_str().unwrap().to_owned()).unwrap_or_default()
}
