//! Every page in both themes and at every width: accessible, clean, and never too wide. The list of
//! pages is complete: no page may link to an address whose kind is not in it.

use std::collections::BTreeSet;

use chrono::{TimeDelta, Utc};
use mainstay_core::availability::outage::{Account, advance};
use mainstay_core::availability::{Cell, Minute, State};
use mainstay_store::availability::outage::insert;
use mainstay_store::{Options, Store};
use mainstay_tests::{Browser, Look, Program, World, owed};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::{FAILING, ask, browser, open_problem, signed_in, world};

/// Kinds of pages of the shared world, each of which [`all`] has.
const OF_THE_ESTATE: [&str; 56] = [
    "/",
    "/approvals",
    "/approvals/*",
    "/attention",
    "/attention/*",
    "/attention/*/runbook",
    "/audit",
    "/audit/*",
    "/audit/evidence",
    "/audit/verify",
    "/availability",
    "/availability/outages/*",
    "/availability/reports/*",
    "/backups",
    "/confirm",
    "/dc/*",
    "/dc/*/do/forget",
    "/dev/components",
    "/events",
    "/events/*",
    "/events/*/do/change",
    "/events/do/plan",
    "/failover",
    "/failover/orchestrator",
    "/failover/plans/*",
    "/failover/plans/*/do/start",
    "/find",
    "/groups/*",
    "/instances/*",
    "/instances/*/do/replace",
    "/regions/*",
    "/runbooks",
    "/runbooks/*",
    "/runbooks/*/do/edit",
    "/runbooks/aliases",
    "/runbooks/aliases/*",
    "/runbooks/do/write",
    "/runbooks/runs",
    "/runbooks/runs/*",
    "/services/*",
    "/services/*/in/*",
    "/settings/agents",
    "/settings/fleet",
    "/settings/store",
    "/settings/notifications",
    "/settings/notifications/*",
    "/settings/notifications/*/do/change",
    "/settings/notifications/do/create",
    "/settings/pipelines",
    "/settings/pipelines/*",
    "/settings/profile",
    "/settings/security",
    "/settings/tokens",
    "/settings/users",
    "/settings/users/*",
    "/topology",
];

/// Kinds of pages that tell of rollouts and traffic; the world in [`super::rollouts`] has them.
const OF_ROLLOUTS: [&str; 15] = [
    "/edges",
    "/edges/*",
    "/rollouts",
    "/rollouts/*",
    "/rollouts/*/analysis/*",
    "/rollouts/*/conditions/*",
    "/rollouts/*/do/*",
    "/rollouts/*/steps/*",
    "/rollouts/do/start",
    "/rollouts/quarantine",
    "/rollouts/quarantine/do/lift",
    "/services/*/bench",
    "/services/*/do/start-rollout",
    "/services/*/rollout",
    "/services/*/traffic",
];

/// Pages of runbooks, whatever there is in the world.
const RUNBOOKS: [(&str, &str); 8] = [
    ("/runbooks", "/runbooks"),
    ("/runbooks", "/runbooks?by=alert&q=data"),
    ("/runbooks/*", "/runbooks/console-away"),
    ("/runbooks/*", "/runbooks/instances-failing"),
    ("/runbooks/*/do/edit", "/runbooks/service-down/do/edit"),
    ("/runbooks/aliases", "/runbooks/aliases"),
    ("/runbooks/do/write", "/runbooks/do/write"),
    ("/runbooks/runs", "/runbooks/runs"),
];

/// A page: the kind of its address, an address of that kind, and the status it answers.
#[derive(Debug, Clone)]
pub struct Page {
    pub kind: &'static str,
    pub path: String,
    pub status: u16,
}

/// Every page that somebody signed in can see. `*` in a kind stands for a name.
// tidy: allow length: a list of all pages
pub async fn all(world: &World) -> Vec<Page> {
    let visitor = world.sign_in("viewer").await.expect("the viewer signs in");
    let attention = visitor.json("/api/v1/attention").await.expect("problems are told");
    let problem = open_problem(&attention).expect("the shared world has a problem");
    let instance = format!("/instances/{FAILING}");
    let fixed = [
        ("/", "/"),
        ("/approvals", "/approvals"),
        ("/attention", "/attention"),
        ("/attention", "/attention?status=failing&status=nonsense"),
        ("/topology", "/topology"),
        ("/topology", "/topology?view=regions"),
        ("/topology", "/topology?view=list"),
        ("/topology", "/topology?view=list&q=nothing-is-called-so"),
        ("/topology", "/topology?by=version"),
        ("/topology", "/topology?by=load"),
        ("/topology", "/topology?sel=stock@fra1&status=failing"),
        ("/regions/*", "/regions/eu-central"),
        ("/regions/*", "/regions/ap-south"),
        ("/dc/*", "/dc/fra1"),
        ("/dc/*/do/forget", "/dc/fra1/do/forget"),
        ("/groups/*", "/groups/social"),
        ("/services/*", "/services/stock"),
        ("/services/*/in/*", "/services/stock/in/fra1"),
        ("/availability", "/availability"),
        ("/availability", "/availability?window=24h&region=eu-central"),
        ("/availability/reports/*", "/availability/reports/2026-10"),
        ("/backups", "/backups"),
        ("/backups", "/backups?view=copies&lost=nowhere"),
        ("/events", "/events?month=2026-12"),
        ("/events/do/plan", "/events/do/plan"),
        ("/failover", "/failover"),
        ("/failover/orchestrator", "/failover/orchestrator"),
        ("/failover/plans/*", "/failover/plans/fra1"),
        ("/failover/plans/*", "/failover/plans/eu-central?group=social"),
        ("/failover/plans/*/do/start", "/failover/plans/fra1/do/start"),
        ("/find", "/find"),
        ("/find", "/find?q=fe"),
        ("/audit", "/audit"),
        ("/backups", "/backups?view=restores"),
        ("/audit", "/audit?who=nobody&from=yesterday"),
        ("/audit/*", "/audit/0"),
        ("/audit/evidence", "/audit/evidence"),
        ("/audit/verify", "/audit/verify"),
        ("/settings/profile", "/settings/profile"),
        ("/settings/security", "/settings/security"),
        ("/confirm", "/confirm"),
        ("/settings/users", "/settings/users"),
        ("/settings/users/*", "/settings/users/operator"),
        ("/settings/tokens", "/settings/tokens"),
        ("/settings/agents", "/settings/agents"),
        ("/settings/fleet", "/settings/fleet"),
        ("/settings/store", "/settings/store"),
        ("/settings/notifications", "/settings/notifications"),
        ("/settings/notifications/do/create", "/settings/notifications/do/create?way=webhook"),
        ("/settings/notifications/do/create", "/settings/notifications/do/create?way=email"),
        ("/settings/notifications/do/create", "/settings/notifications/do/create?way=alertmanager"),
        ("/dev/components", "/dev/components"),
    ];
    let fixed = fixed.map(|(kind, path)| (kind, path.to_owned(), 200));
    let run = begun(world, &problem).await;
    let (event, approval) = planned(world).await;
    let channel = channel(world).await;
    let change = format!("{channel}/do/change");
    let made = [
        ("/events/*/do/change", format!("{event}/do/change"), 200),
        ("/events/*", event, 200),
        ("/approvals/*", approval, 200),
        ("/settings/notifications/*", channel, 200),
        ("/settings/notifications/*/do/change", change, 200),
        ("/settings/pipelines", "/settings/pipelines".to_owned(), 200),
        ("/settings/pipelines/*", source(world).await, 200),
        ("/availability/outages/*", outage(world).await, 200),
        ("/runbooks/aliases/*", "/runbooks/aliases/copies".to_owned(), 200),
        ("/runbooks/runs/*", run, 200),
        ("/attention/*/runbook", format!("{problem}/runbook"), 200),
        ("/attention/*", problem, 200),
        ("/instances/*/do/replace", format!("{instance}/do/replace"), 200),
        ("/instances/*", instance, 200),
        ("/services/*", "/services/no-such-service".to_owned(), 404),
    ];
    let runbooks = RUNBOOKS.map(|(kind, path)| (kind, path.to_owned(), 200));
    let pages = fixed.into_iter().chain(runbooks).chain(made);
    let pages: Vec<_> = pages.map(|(kind, path, status)| Page { kind, path, status }).collect();
    for kind in OF_THE_ESTATE {
        assert!(pages.iter().any(|page| page.kind == kind), "no page of {kind} is tested");
    }
    pages
}

/// An outage as the leader would write it down some minutes later; its address.
async fn outage(world: &World) -> String {
    let options = Options { reads: 1, acts: 1, background: 1 };
    let store = Store::connect(world.database_url(), options).await.expect("the store answers");
    let begun = Utc::now() - TimeDelta::minutes(90);
    let minutes: Vec<_> = (0..7)
        .map(|minute| Minute {
            at: begun + TimeDelta::minutes(minute),
            cell: Cell {
                service: "stock".parse().expect("an id"),
                region: "eu-central".parse().expect("an id"),
            },
            group: "logistics".parse().expect("an id"),
            state: State::Down,
            requests: 60,
            errors: 20,
            datacenters: ["fra1".parse().expect("an id")].into(),
        })
        .collect();
    let found = advance(Vec::new(), &minutes, begun + TimeDelta::minutes(30)).remove(0);
    let found = &found;
    let written = store
        .read_committed(|tx| Box::pin(async move { insert(tx, found, &Account::default()).await }));
    let id = written.await.expect("the outage is written");
    format!("/availability/outages/{id}")
}

/// A planned event of next week, and what waits for a second person because of it, the same ones
/// each time; their pages.
async fn planned(world: &World) -> (String, String) {
    static EVENT: OnceCell<(String, String)> = OnceCell::const_new();
    EVENT.get_or_init(|| plan(world)).await.clone()
}

async fn plan(world: &World) -> (String, String) {
    let operator = world.sign_in("operator").await.expect("the operator signs in");
    let program = Program::of(&operator, "operator").await.expect("a token is made");
    let from = Utc::now() + TimeDelta::days(7);
    let event = json!({
        "title": "New switches", "what": "The switches of one rack are replaced",
        "kind": "infrastructure-update", "from": from, "until": from + TimeDelta::hours(2),
        "datacenters": ["fra1"], "compatible": true, "way_back": "The old ones are put back",
    });
    let asked = program.post("/api/v1/events", &json!({ "event": event })).await;
    let said: Value = asked.expect("an event is asked for").json().await.expect("JSON");
    let id = said["event"]["id"].as_str().unwrap_or_else(|| panic!("{said}"));
    let page = format!("/events/{id}");
    let waive = json!({ "check": "nodes", "reason": "a test of its page", "until": from });
    let waived = program.post(&format!("/api/v1{page}/do/waive"), &waive).await;
    waived.and_then(|answer| Ok(answer.error_for_status()?)).expect("a waiver is asked for");
    let waiting = operator.json("/api/v1/approvals").await.expect("approvals are told");
    let approval = waiting["open"][0]["href"].as_str().unwrap_or_else(|| panic!("{waiting}"));
    (page, approval.to_owned())
}

/// A channel of notifications that is paused: nobody would answer. Its page.
async fn channel(world: &World) -> String {
    let admin = world.sign_in("admin").await.expect("the admin signs in");
    let form = "/settings/notifications/do/create";
    let values = [
        ("name", "operators"),
        ("host", "mail.invalid"),
        ("port", "587"),
        ("security", "start-tls"),
        ("from", "mainstay@example.org"),
        ("to", "on-call@example.org"),
        ("least", "critical"),
        ("kinds", "audit-conflict"),
    ];
    // Refused from the second time on, as it is there then.
    let asked = admin.submit(&format!("{form}?way=email"), form, &values).await;
    asked.expect("a channel is asked for");
    let list = admin.json("/api/v1/notifications").await.expect("channels are told");
    let id = list["channels"][0]["channel"]["id"].as_str().expect("there is one");
    let page = format!("/settings/notifications/{id}");
    let turned = admin.submit(&page, &format!("{page}/do/pause"), &[]).await;
    // Paused already, it offers no such button.
    drop(turned);
    page
}

/// A source of reports of pipelines; its page.
async fn source(world: &World) -> String {
    let admin = world.sign_in("admin").await.expect("the admin signs in");
    let list = "/settings/pipelines";
    let values = [("name", "builds"), ("format", "generic"), ("below", "git.example.org/shop")];
    // Refused from the second time on, as it is there then.
    admin.submit(list, list, &values).await.expect("a source is asked for");
    let data = admin.json("/api/v1/pipelines").await.expect("sources are told");
    data["sources"][0]["href"].as_str().expect("there is one").to_owned()
}

/// Makes a short link, and begins a run of the runbook of a problem; the page of the run.
async fn begun(world: &World, problem: &str) -> String {
    let operator = world.sign_in("operator").await.expect("the operator signs in");
    let aliases = "/runbooks/aliases";
    let link = [("alias", "copies"), ("target", "/backups?view=copies"), ("owner", "store team")];
    // Refused from the second time on, as it is there then.
    operator.submit(aliases, aliases, &link).await.expect("a short link is asked for");
    let id = problem.rsplit('/').next().unwrap_or_default();
    let page = format!("/runbooks/instances-failing?problem={id}");
    let start = "/runbooks/instances-failing/do/start";
    let begun = operator.submit(&page, start, &[]).await.expect("a run is asked for");
    let run = begun.headers()["location"].to_str().expect("it leads to the run").to_owned();
    let tick = format!("{run}/steps/1/do/tick");
    let note = [("done", "yes"), ("note", "seen")];
    operator.submit(&run, &tick, &note).await.expect("a step is ticked");
    run
}

#[tokio::test]
async fn pages_of_the_estate_are_accessible_and_clean_and_fit() {
    check_shared(|page| !of_the_house(page)).await;
}

#[tokio::test]
async fn pages_of_the_house_are_accessible_and_clean_and_fit() {
    check_shared(of_the_house).await;
}

/// Not about what runs: about who did what, and about the console itself.
fn of_the_house(page: &Page) -> bool {
    ["/audit", "/settings", "/find", "/dev"].iter().any(|start| page.kind.starts_with(start))
}

async fn check_shared(chosen: impl Fn(&Page) -> bool) {
    let world = world().await;
    let pages: Vec<_> = all(world).await.into_iter().filter(|page| chosen(page)).collect();
    let browser = signed_in(world, "admin", Look::default()).await;
    check(&browser, &pages).await;
}

/// Holds pages to what every page owes, and to linking to pages of known kinds only.
pub async fn check(browser: &Browser, pages: &[Page]) {
    let mut faults = Vec::new();
    let mut links = BTreeSet::new();
    for page in pages {
        browser.open(&page.path).await.unwrap();
        faults.extend(owed::faults_of(browser, &page.path, page.status).await.unwrap());
        links.extend(owed::links(browser).await.unwrap());
    }
    faults.extend(links.iter().filter_map(|link| unknown(link)));
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[tokio::test]
async fn the_pages_before_and_beside_a_sign_in_are_as_good() {
    let world = world().await;
    let mut faults = Vec::new();
    let sign_in = "/sign-in?next=%2Ftopology%3Fview%3Dlist";
    let signed_out = browser(world, Look::default()).await;
    signed_out.open(sign_in).await.unwrap();
    faults.extend(owed::faults_of(&signed_out, sign_in, 200).await.unwrap());
    // The same page with its mistakes told, and the same as one of the wrong password.
    signed_out.find("#name").await.unwrap().send_keys("viewer").await.unwrap();
    signed_out.find("#password").await.unwrap().send_keys("wrong").await.unwrap();
    signed_out.follow("main form button").await.unwrap();
    signed_out.find("#mistakes").await.unwrap();
    faults.extend(owed::faults_of(&signed_out, "/sign-in, refused", 422).await.unwrap());
    drop(signed_out);

    let viewer = signed_in(world, "viewer", Look::default()).await;
    let instance = format!("/instances/{FAILING}");
    for (path, status) in [
        ("/settings/users", 403),
        ("/audit", 403),
        (&*instance, 200),
        (&*format!("{instance}/do/replace"), 200),
        ("/no/such/page", 404),
    ] {
        viewer.open(path).await.unwrap();
        faults.extend(owed::faults_of(&viewer, path, status).await.unwrap());
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[tokio::test]
async fn rows_of_the_matrix_stay_low_and_the_sign_in_stays_narrow() {
    let world = world().await;
    let browser = browser(world, Look::default()).await;
    browser.open("/sign-in").await.unwrap();
    let width = "return document.querySelector('.signin').getBoundingClientRect().width";
    assert!(ask(&browser, width).await.as_f64().unwrap() <= 384.0);
    browser.sign_in("viewer", world.password("viewer").unwrap()).await.unwrap();
    browser.open("/topology").await.unwrap();
    let heights = "return Array.from(document.querySelectorAll('.mx tbody tr'), \
                   row => [row.querySelector('th[scope=row]').textContent, row.offsetHeight])";
    for row in ask(&browser, heights).await.as_array().unwrap() {
        assert!(row[1].as_f64().unwrap() <= 25.0, "{row}");
    }
}

/// A complaint about a link that leads to a page that is not in the list.
fn unknown(path: &str) -> Option<String> {
    // One leads on to the profile; the log names the other as what a person signed in at.
    // Runbooks link to the review of a rollback, whether there is one to take back or not.
    // A short link, which the log names, leads on to its target.
    let elsewhere = ["/settings", "/sign-in"].contains(&path)
        || ["/services/*/do/roll-back", "/go/*"].iter().any(|kind| fits(kind, path));
    let mut kinds = OF_THE_ESTATE.iter().chain(&OF_ROLLOUTS);
    let known = elsewhere || kinds.any(|kind| fits(kind, path));
    (!known).then(|| format!("{path} is linked, but no page of its kind is tested"))
}

fn fits(kind: &str, path: &str) -> bool {
    let (mut kinds, mut parts) = (kind.split('/'), path.split('/'));
    loop {
        match (kinds.next(), parts.next()) {
            (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(kind), Some(part)) if kind == part => {}
            (Some(_) | None, _) => return false,
        }
    }
}

#[test]
fn kinds_fit_their_addresses_only() {
    assert!(fits("/services/*/in/*", "/services/feed/in/fra1"));
    assert!(!fits("/services/*", "/services/feed/in/fra1"));
    assert!(!fits("/services/*/in/*", "/services/feed"));
}
