//! Benches, rollouts and quarantines: each asked for by a form and by a program. The fleet has no
//! edges, so that nothing promotes by itself and each state stands until somebody asks.

use mainstay_tests::{Program, Visitor, until};
use serde_json::json;

use super::walk::Walk;
use super::{PATIENCE, REASON};

const VERSION: &str = "1.1.0";
/// The name that is typed where an action must not be done in passing.
const NAME: (&str, &str) = ("confirm", "shop");

/// Who asks.
#[derive(Clone, Copy)]
enum By {
    Form,
    Program,
}
use By::{Form, Program as Api};

/// What is asked in turn of each of three rollouts, and the state that follows.
const FIRST: [(&str, By, &str); 19] = [
    ("pause", Form, "paused"),
    ("resume", Form, "watching"),
    ("pause", Api, "paused"),
    ("resume", Api, "watching"),
    ("pause", Form, "paused"),
    ("retry", Form, "watching"),
    ("pause", Api, "paused"),
    ("retry", Api, "watching"),
    ("promote", Form, "watching"),
    ("roll-back", Api, "rolled-back"),
    ("undo", Form, "watching"),
    ("roll-back", Form, "rolled-back"),
    ("undo", Api, "watching"),
    ("abort", Form, "rolled-back"),
    ("undo", Api, "watching"),
    ("abort", Api, "rolled-back"),
    ("add-reason", Form, "rolled-back"),
    ("add-reason", Api, "rolled-back"),
    ("end", Api, "ended"),
];
const SECOND: [(&str, By, &str); 2] =
    [("promote", Api, "watching"), ("promote-fully", Form, "promoted")];
const THIRD: [(&str, By, &str); 4] = [
    ("undo", Api, "watching"),
    ("promote-fully", Api, "promoted"),
    ("roll-back", Api, "rolled-back"),
    ("end", Form, "ended"),
];

impl Walk<'_> {
    pub async fn rollouts(&mut self, who: &Visitor, program: &Program) {
        self.bench(who, program, Api).await;
        self.bench(who, program, Form).await;
        let id = self.start(who, program, Api).await;
        self.course(who, program, &id, &FIRST).await;
        self.lift(who, program, Form).await;
        let id = self.start(who, program, Form).await;
        self.course(who, program, &id, &SECOND).await;
        self.roll_back_service(who, program, &id, Form).await;
        self.course(who, program, &id, &THIRD[..1]).await;
        self.roll_back_service(who, program, &id, Api).await;
        self.course(who, program, &id, &THIRD).await;
        self.lift(who, program, Api).await;
    }

    async fn bench(&mut self, who: &Visitor, program: &Program, by: By) {
        let (path, route) =
            ("/services/shop/do/run-bench", "/services/{service}/do/run-bench".to_owned());
        match by {
            Form => {
                let page = "/services/shop/bench";
                self.form(who, (page, path), &route, &[("version", VERSION)]).await;
            }
            Api => {
                let body = json!({ "version": VERSION });
                let (path, route) = (format!("/api/v1{path}"), format!("/api/v1{route}"));
                self.api(program, &path, &route, &body).await;
            }
        }
        until("the bench has passed", PATIENCE, async || {
            let data = who.json("/api/v1/services/shop/bench/results").await.ok()?;
            let state = data["results"][0]["report"]["state"]["kind"].as_str()?;
            assert!(["running", "passed"].contains(&state), "{data:#}");
            (state == "passed").then_some(())
        })
        .await
        .unwrap();
    }

    /// Starts a rollout; its id, once it is watched.
    async fn start(&mut self, who: &Visitor, program: &Program, by: By) -> String {
        let (path, route) =
            ("/services/shop/do/start-rollout", "/services/{service}/do/start-rollout");
        match by {
            Form => {
                let page = format!("{path}?version={VERSION}&config=yes");
                self.form(who, (&page, path), route, &[]).await;
            }
            Api => {
                let request = json!({ "version": VERSION, "configuration_compatible": true });
                let (path, route) = (format!("/api/v1{path}"), format!("/api/v1{route}"));
                self.api(program, &path, &route, &json!({ "request": request })).await;
            }
        }
        let data = who.json("/api/v1/rollouts").await.unwrap();
        let id = data["running"][0]["id"].as_str().unwrap_or_else(|| panic!("{data:#}")).to_owned();
        self.stands(who, &id, "watching").await;
        id
    }

    async fn stands(&self, who: &Visitor, id: &str, wanted: &str) {
        let mut last = serde_json::Value::Null;
        let stands = until("the rollout's state", PATIENCE, async || {
            last = who.json(&format!("/api/v1/rollouts/{id}/standing")).await.ok()?;
            (last["rollout"]["state"]["kind"] == wanted).then_some(())
        });
        let stands = stands.await;
        assert!(stands.is_ok(), "it is not {wanted}: {last:#}");
    }

    async fn course(
        &mut self,
        who: &Visitor,
        program: &Program,
        id: &str,
        course: &[(&str, By, &str)],
    ) {
        for (verb, by, follows) in course {
            let path = format!("/rollouts/{id}/do/{verb}");
            let route = format!("/rollouts/{{id}}/do/{verb}");
            match by {
                Form => {
                    let page = match *verb {
                        "add-reason" => format!("/rollouts/{id}"),
                        _ => path.clone(),
                    };
                    self.form(who, (&page, &path), &route, &[REASON, NAME]).await;
                }
                Api => {
                    let (path, route) = (format!("/api/v1{path}"), format!("/api/v1{route}"));
                    self.api(program, &path, &route, &json!({ "reason": REASON.1 })).await;
                }
            }
            self.stands(who, id, follows).await;
        }
    }

    async fn roll_back_service(&mut self, who: &Visitor, program: &Program, id: &str, by: By) {
        let (path, route) = ("/services/shop/do/roll-back", "/services/{service}/do/roll-back");
        match by {
            Form => self.form(who, ("/services/shop", path), route, &[]).await,
            Api => {
                let (path, route) = (format!("/api/v1{path}"), format!("/api/v1{route}"));
                self.api(program, &path, &route, &json!({})).await;
            }
        }
        self.stands(who, id, "rolled-back").await;
    }

    async fn lift(&mut self, who: &Visitor, program: &Program, by: By) {
        let route = "/rollouts/quarantine/do/lift";
        match by {
            Form => {
                let page = format!("{route}?service=shop&version={VERSION}");
                let name = ("confirm", &*format!("shop {VERSION}"));
                self.form(who, (&page, route), route, &[REASON, name]).await;
            }
            Api => {
                let body = json!({ "service": "shop", "version": VERSION, "reason": REASON.1 });
                let route = format!("/api/v1{route}");
                self.api(program, &route, &route, &body).await;
            }
        }
    }
}
