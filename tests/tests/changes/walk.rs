//! A walk along the routes that change something, each use held against the audit log.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use mainstay_tests::agent;
use mainstay_tests::html::form_fields;
use mainstay_tests::{Program, Visitor, World, until};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{PATIENCE, REASON};

/// Every route with what it leaves, as the server's own test writes it from the table.
const ROUTES: &str = include_str!("../../../server/routes.txt");
const INVITE: &str = "/api/v1/agents/do/invite";
const PASSWORD: &str = "a long enough password";
/// Routes that need a quarter of an hour of silence, a database with copies, a proven copy, a
/// second person, a second factor or an identity provider. `server/src/forget_tests.rs`,
/// `server/src/{backup,restore,kept,factor}_tests.rs` and
/// `tests/tests/identity` hold them to their entries.
const ELSEWHERE: [&str; 26] = [
    "/dc/{datacenter}/do/forget",
    "/api/v1/datacenters/{datacenter}/do/forget",
    "/backups/sets/{database}/do/run-now",
    "/api/v1/backups/sets/{database}/do/run-now",
    "/backups/sets/{database}/copies/{datacenter}/{label}/do/prove",
    "/api/v1/backups/sets/{database}/copies/{datacenter}/{label}/do/prove",
    "/backups/sets/{database}/copies/{datacenter}/{label}/do/restore",
    "/api/v1/backups/sets/{database}/copies/{datacenter}/{label}/do/restore",
    "/backups/restores/{id}/do/allow",
    "/api/v1/backups/restores/{id}/do/allow",
    "/backups/restores/{id}/do/refuse",
    "/api/v1/backups/restores/{id}/do/refuse",
    "/backups/sets/{database}/do/keep-longer",
    "/api/v1/backups/sets/{database}/do/keep-longer",
    "/backups/sets/{database}/do/let-go",
    "/api/v1/backups/sets/{database}/do/let-go",
    "/settings/security/do/add-app",
    "/settings/security/do/remove-app",
    "/settings/security/do/add-passkey",
    "/settings/security/passkeys/{id}/do/remove",
    "/settings/security/do/new-codes",
    "/settings/security/do/link-identity",
    "/settings/security/identities/{id}/do/remove",
    "/settings/users/{user}/do/reset-factors",
    "/sign-in/second",
    "/sign-in/provider",
];

/// `path → action` of every route that changes something.
fn mutating() -> BTreeMap<&'static str, &'static str> {
    let lines = ROUTES.lines().filter(|line| !line.starts_with('#'));
    let routes = lines.filter_map(|line| {
        let (route, rest) = line.split_once(" needs ")?;
        let action = rest.split_once(" leaves \"")?.1.split('"').next()?;
        Some((route.split_once(' ')?.1, action))
    });
    routes.collect()
}

/// Who has walked where.
pub struct Walk<'w> {
    world: &'w World,
    pool: PgPool,
    routes: BTreeMap<&'static str, &'static str>,
    walked: BTreeSet<String>,
}

impl<'w> Walk<'w> {
    pub async fn new(world: &'w World) -> Self {
        let pool = PgPool::connect(world.database_url()).await.unwrap();
        Self { world, pool, routes: mutating(), walked: BTreeSet::new() }
    }

    /// A form that a page offers, filled in and sent.
    pub async fn form(
        &mut self,
        who: &Visitor,
        on: (&str, &str),
        route: &str,
        values: &[(&str, &str)],
    ) {
        let (page, action) = on;
        let response = who.submit(page, action, values).await.unwrap();
        self.left(route, response).await;
    }

    /// The same through the API; the answer.
    pub async fn api(&mut self, who: &Program, path: &str, route: &str, body: &Value) -> Value {
        let response = who.post(path, body).await.unwrap();
        self.left(route, response).await
    }

    /// The request was granted and left exactly one entry, of the action that the table names.
    pub async fn left(&mut self, route: &str, response: Response) -> Value {
        let status = response.status();
        let request = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        let text = response.text().await.unwrap();
        assert!(status.is_success() || status == StatusCode::SEE_OTHER, "{route}: {status} {text}");
        let entries: Vec<(String, String)> = sqlx::query_as(
            "SELECT action, outcome FROM audit_entry WHERE body::jsonb->>'request' = $1",
        )
        .bind(&request)
        .fetch_all(&self.pool)
        .await
        .unwrap();
        let action = self.routes.get(route).unwrap_or_else(|| panic!("no route {route}"));
        assert_eq!(entries, [((*action).to_owned(), "done".to_owned())], "{route}");
        self.walked.insert(route.to_owned());
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Routes that nobody has used.
    pub fn missing(&self) -> Vec<&str> {
        // Failovers need two people and a run in every state: `server/src/failover_tests.rs`.
        // What an approval leaves is told by what it is about: `server/src/approval_tests.rs`.
        // `server/src/runbook_tests.rs` walks along runbooks and short links.
        // Outages need minutes that were decided: `server/src/availability_tests.rs`.
        // A waiver of a check needs two as well: `server/src/planned_tests.rs`.
        // Channels of notifications need receivers: `tests/tests/notify`, and
        // `server/src/notify_tests.rs` holds each way to its entry; so does
        // `server/src/pipeline_tests.rs` for who reports of pipelines, and what.
        let beside = |route: &str| {
            let rooms = [
                "/failover/",
                "/approvals/",
                "/availability/",
                "/runbooks/",
                "/events",
                "/notifications",
                "/pipelines",
            ];
            rooms.iter().any(|room| route.contains(room))
        };
        let elsewhere = |route: &str| beside(route) || ELSEWHERE.contains(&route);
        let walked = |route: &&&str| self.walked.contains(**route) || elsewhere(route);
        self.routes.keys().filter(|route| !walked(route)).copied().collect()
    }

    async fn text(&self, sql: &'static str) -> String {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    pub async fn users(&mut self, admin: &Visitor, program: &Program) {
        let grants = json!([{ "role": "viewer" }]);
        let ann = json!({ "name": "ann", "display_name": "Ann", "password": PASSWORD,
                          "grants": grants });
        self.api(program, "/api/v1/users", "/api/v1/users", &ann).await;
        for (action, revision) in [("change-roles", 1), ("disable", 2), ("enable", 3)] {
            let route = format!("/api/v1/users/{{user}}/do/{action}");
            let body = match action {
                "change-roles" => {
                    json!({ "revision": revision, "grants": [{ "role": "operator" }] })
                }
                _ => json!({ "revision": revision }),
            };
            self.api(program, &format!("/api/v1/users/ann/do/{action}"), &route, &body).await;
        }
        let list = "/settings/users";
        let ben = [("user", "ben"), ("display_name", "Ben"), ("password", PASSWORD)];
        let ben = [&ben[..], &[("grants-0-role", "viewer"), ("grants-0", "yes")]].concat();
        self.form(admin, (list, list), list, &ben).await;
        for (action, values) in [
            ("change-roles", &[("grants-0-role", "auditor"), ("grants-0", "yes")][..]),
            ("set-password", &[("password", PASSWORD)]),
            ("disable", &[]),
            ("enable", &[]),
        ] {
            let (page, path) = ("/settings/users/ben", format!("/settings/users/ben/do/{action}"));
            let route = format!("/settings/users/{{user}}/do/{action}");
            self.form(admin, (page, &path), &route, values).await;
        }
    }

    pub async fn own_account(&mut self, program: &Program) {
        let visitor = self.world.visitor().unwrap();
        let ben = [("name", "ben"), ("password", PASSWORD)];
        self.form(&visitor, ("/sign-in", "/sign-in"), "/sign-in", &ben).await;
        let profile = "/settings/profile";
        let looks = [("display_name", "Benny"), ("theme", "dark"), ("density", "compact")];
        let looks = [&looks[..], &[("language", "auto"), ("time_zone", "Europe/Berlin")]].concat();
        self.form(&visitor, (profile, profile), profile, &looks).await;
        let confirm = [("password", PASSWORD)];
        self.form(&visitor, ("/confirm", "/confirm"), "/confirm", &confirm).await;
        let path = "/settings/profile/do/change-password";
        let passwords = [("current", PASSWORD), ("password", "an even longer password")];
        self.form(&visitor, (profile, path), path, &passwords).await;
        let list = "/settings/tokens";
        let token =
            [("name", "ci"), ("days", "7"), ("grants-0-role", "auditor"), ("grants-0", "yes")];
        self.form(&visitor, (list, list), list, &token).await;
        let id = self.text("SELECT id::text FROM api_tokens WHERE owner = 'ben'").await;
        let path = format!("/settings/tokens/{id}/do/revoke");
        self.form(&visitor, (list, &path), "/settings/tokens/{id}/do/revoke", &[]).await;
        self.form(&visitor, (profile, "/sign-out"), "/sign-out", &[]).await;

        let body = json!({ "name": "robot", "days": 1, "grants": [{ "role": "admin" }] });
        self.api(program, "/api/v1/tokens", "/api/v1/tokens", &body).await;
        let id = self.text("SELECT id::text FROM api_tokens WHERE name = 'robot'").await;
        let path = format!("/api/v1/tokens/{id}/do/revoke");
        self.api(program, &path, "/api/v1/tokens/{id}/do/revoke", &json!({})).await;
    }

    pub async fn agents(&mut self, admin: &Visitor, program: &Program) {
        let page = "/settings/agents";
        let invite = [("datacenter", "south"), ("minutes", "5")];
        let path = "/settings/agents/do/invite";
        self.form(admin, (page, path), path, &invite).await;
        let made = self.api(program, INVITE, INVITE, &json!({ "datacenter": "south" })).await;
        let known = "SELECT fingerprint FROM agent_certificates WHERE revoked_at IS NULL \
                     AND datacenter = 'south' ORDER BY issued_at DESC LIMIT 1";
        agent::join(self.world, made["secret"].as_str().unwrap(), "south").await.unwrap();
        let path = format!("{page}/{}/do/revoke", self.text(known).await);
        self.form(admin, (page, &path), "/settings/agents/{fingerprint}/do/revoke", &[]).await;
        let made = program.post(INVITE, &json!({ "datacenter": "south" })).await.unwrap();
        let made: Value = made.json().await.unwrap();
        agent::join(self.world, made["secret"].as_str().unwrap(), "south").await.unwrap();
        let path = format!("/api/v1/agents/{}/do/revoke", self.text(known).await);
        let route = "/api/v1/agents/{fingerprint}/do/revoke";
        self.api(program, &path, route, &json!({})).await;
    }

    pub async fn fleet(&mut self, admin: &Visitor, program: &Program) {
        let source = fs::read_to_string(self.world.fleet()).unwrap();
        let (page, path) = ("/settings/fleet", "/settings/fleet/do/apply");
        let renamed = source.replace("name = \"Store\"", "name = \"The store\"");
        let values = [("source", renamed.as_str()), ("step", "check")];
        // A check shows the difference and changes nothing; its page is where one applies.
        let checked = admin.submit(page, path, &values).await.unwrap();
        assert_eq!(checked.status(), StatusCode::OK);
        let fields = form_fields(&checked.text().await.unwrap(), path, path).unwrap();
        let mut sent = vec![("source", renamed.as_str()), ("step", "apply"), REASON];
        let hidden = fields.iter().filter(|field| field.kind == "hidden");
        sent.extend(hidden.map(|field| (&*field.name, &*field.value)));
        let applied = admin.post(path, &sent).await.unwrap();
        self.left(path, applied).await;
        let body = json!({ "source": source, "reason": REASON.1 });
        self.api(program, "/api/v1/fleet/apply", "/api/v1/fleet/apply", &body).await;
    }

    /// Lets decisions go on after a store that seems to have gone back: an agent says that it
    /// carried out what nobody decided.
    pub async fn store(&mut self, admin: &Visitor, program: &Program) {
        let page = "/settings/store";
        for (n, api) in [(1_i64, false), (2, true)] {
            let lost = "INSERT INTO rewind (datacenter, subject, timeline, epoch, seq, found_at)
                VALUES ('north', 'shop', 1, 1000, $1, now())";
            sqlx::query(lost).bind(n).execute(&self.pool).await.unwrap();
            let found_until = until("the page says what is lost", PATIENCE, async || {
                let data = admin.json("/api/v1/store").await.ok()?;
                data["found_until"].as_str().map(str::to_owned)
            });
            let found_until = found_until.await.unwrap();
            if api {
                let body = json!({ "found_until": found_until, "reason": REASON.1 });
                let route = "/api/v1/store/do/go-on";
                self.api(program, route, route, &body).await;
            } else {
                let route = "/settings/store/do/go-on";
                self.form(admin, (page, route), route, &[REASON]).await;
            }
            until("nothing is lost any more", PATIENCE, async || {
                let data = admin.json("/api/v1/store").await.ok()?;
                data["lost"].as_array()?.is_empty().then_some(())
            })
            .await
            .unwrap();
        }
    }

    pub async fn problem(&mut self, who: &Visitor, program: &Program) {
        self.world.lab_fault(&["stop", "depot@north"]).unwrap();
        let page = until("the console tells of the problem", PATIENCE, async || {
            let data = who.json("/api/v1/attention").await.ok()?;
            Some(data["open"].as_array()?.first()?["href"].as_str()?.to_owned())
        });
        let page = page.await.unwrap();
        let owner = async || {
            let data = who.json(&format!("/api/v1{page}")).await.unwrap();
            data["problem"]["owner"].as_str().map(str::to_owned)
        };
        for (action, expected) in [("take", Some("operator".to_owned())), ("release", None)] {
            let (path, route) =
                (format!("{page}/do/{action}"), format!("/attention/{{id}}/do/{action}"));
            self.form(who, (&page, &path), &route, &[]).await;
            assert_eq!(owner().await, expected);
        }
        let path = format!("{page}/do/snooze");
        let hour = [("minutes", "60")];
        self.form(who, (&page, &path), "/attention/{id}/do/snooze", &hour).await;
        let snoozed = who.json("/api/v1/attention").await.unwrap();
        assert!(snoozed["snoozed"][0]["snooze"]["by"] == "operator", "{snoozed}");
        for (verb, body) in
            [("snooze", json!({ "minutes": 0 })), ("take", json!({})), ("release", json!({}))]
        {
            let path = format!("/api/v1{page}/do/{verb}");
            let route = format!("/api/v1/attention/{{id}}/do/{verb}");
            self.api(program, &path, &route, &body).await;
        }
        self.world.lab_fault(&["heal", "depot@north"]).unwrap();
    }
}
