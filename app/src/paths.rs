//! Every address of the console, in one place.
//!
//! Addresses are permanent: nouns for objects, `/do/VERB` for actions, the query for the state of
//! a view. A handler and a link use the same function, so neither can drift; a test holds a
//! snapshot of all of them.

use std::fmt::Display;

macro_rules! fixed {
    ($($(#[$doc:meta])* $name:ident = $path:literal;)*) => {$(
        $(#[$doc])*
        pub const $name: &str = $path;
    )*};
}

fixed! {
    OVERVIEW = "/";
    ATTENTION = "/attention";
    /// What waits for a second person.
    APPROVALS = "/approvals";
    TOPOLOGY = "/topology";
    ROLLOUTS = "/rollouts";
    /// Chooses the service whose rollout is to start.
    ROLLOUTS_START = "/rollouts/do/start";
    /// Versions that must not come back by themselves.
    QUARANTINE = "/rollouts/quarantine";
    /// `POST`: lets a version out of quarantine.
    QUARANTINE_LIFT = "/rollouts/quarantine/do/lift";
    /// Whether a place could go away, what runs, what was done.
    FAILOVER = "/failover";
    /// The run that is not over, or the newest.
    FAILOVER_CURRENT = "/failover/current";
    /// How traffic stands, and what was decided about drops.
    FAILOVER_ORCHESTRATOR = "/failover/orchestrator";
    /// What is planned, what runs and what was.
    EVENTS = "/events";
    /// The form of a new event; `POST` plans it.
    EVENTS_PLAN = "/events/do/plan";
    /// Where users' requests enter.
    EDGES = "/edges";
    /// Backups of databases: calendar, sets, copies.
    BACKUPS = "/backups";
    /// How available services were, and the ledger of outages.
    AVAILABILITY = "/availability";
    /// Runbooks by name, service and kind of problem.
    RUNBOOKS = "/runbooks";
    /// Who worked through which.
    RUNBOOK_RUNS = "/runbooks/runs";
    /// Writes a new one of the fleet's own.
    RUNBOOK_WRITE = "/runbooks/do/write";
    /// Short links.
    ALIASES = "/runbooks/aliases";
    AUDIT = "/audit";
    /// `POST`: exports the entries of the current filter; audited.
    AUDIT_EXPORT = "/audit/do/export";
    /// The checkpoints and how to verify them.
    AUDIT_VERIFY = "/audit/verify";
    /// What auditors take with them of a period.
    AUDIT_EVIDENCE = "/audit/evidence";
    /// `POST`: makes one; audited.
    AUDIT_EVIDENCE_MAKE = "/audit/do/evidence";
    FIND = "/find";
    /// Names for the palette, as JSON.
    FIND_INDEX = "/find/index.json";
    /// The stream of live values.
    LIVE = "/live";
    SIGN_IN = "/sign-in";
    /// The second factor.
    SIGN_IN_SECOND = "/sign-in/second";
    /// Where an identity provider lets people arrive; `POST` signs in with its answer.
    SIGN_IN_PROVIDER = "/sign-in/provider";
    /// `POST` ends the session.
    SIGN_OUT = "/sign-out";
    /// Proves again who is signed in.
    CONFIRM = "/confirm";
    SETTINGS = "/settings";
    SETTINGS_PROFILE = "/settings/profile";
    SETTINGS_SECURITY = "/settings/security";
    SETTINGS_PASSWORD = "/settings/profile/do/change-password";
    SETTINGS_USERS = "/settings/users";
    SETTINGS_TOKENS = "/settings/tokens";
    SETTINGS_AGENTS = "/settings/agents";
    /// Channels by which people are told of problems.
    SETTINGS_NOTIFY = "/settings/notifications";
    /// The form of a new channel; `POST` makes it.
    SETTINGS_NOTIFY_CREATE = "/settings/notifications/do/create";
    /// Who may report of delivery pipelines; `POST` makes one.
    SETTINGS_PIPELINES = "/settings/pipelines";
    SETTINGS_FLEET = "/settings/fleet";
    /// Whether the state store knows what agents carried out.
    SETTINGS_STORE = "/settings/store";
    /// `POST` lets decisions go on.
    SETTINGS_STORE_GO_ON = "/settings/store/do/go-on";
    /// `POST` shows what a fleet file would change, and applies it when told to.
    SETTINGS_FLEET_APPLY = "/settings/fleet/do/apply";
    DEV_COMPONENTS = "/dev/components";
    API = "/api/v1/openapi.json";
}

/// One problem, open or ended: `/attention/at-1042`.
pub fn problem(id: i64) -> String {
    format!("/attention/at-{id}")
}

/// The runbook for a problem: leads on to the one that fits best.
pub fn problem_runbook(id: i64) -> String {
    format!("{}/runbook", problem(id))
}

/// Reads the id out of the last part of [`problem`]: `at-1042`.
pub fn problem_id(slug: &str) -> Option<i64> {
    slug.strip_prefix("at-")?.parse().ok()
}

/// One approval: `/approvals/ap-12`.
pub fn approval(id: impl Display) -> String {
    format!("/approvals/{id}")
}

pub fn region(id: impl Display) -> String {
    format!("/regions/{id}")
}

pub fn datacenter(id: impl Display) -> String {
    format!("/dc/{id}")
}

pub fn group(id: impl Display) -> String {
    format!("/groups/{id}")
}

pub fn service(id: impl Display) -> String {
    format!("/services/{id}")
}

/// One cell of the matrix: a service in a data centre, with its instances.
pub fn cell(service: impl Display, datacenter: impl Display) -> String {
    format!("/services/{service}/in/{datacenter}")
}

/// The rollout of a service that is on, or its last one: stable for runbooks.
pub fn service_rollout(service: impl Display) -> String {
    format!("/services/{service}/rollout")
}

/// What versions of a service passed on staging.
pub fn service_bench(service: impl Display) -> String {
    format!("/services/{service}/bench")
}

/// What users' requests to a service did.
pub fn service_traffic(service: impl Display) -> String {
    format!("/services/{service}/traffic")
}

pub fn edge(id: impl Display) -> String {
    format!("/edges/{id}")
}

/// A rollout by its id: `ro-12`.
pub fn rollout(id: impl Display) -> String {
    format!("/rollouts/{id}")
}

/// A step of a rollout; the first one of the first wave is 1.
pub fn rollout_step(id: impl Display, number: u32) -> String {
    format!("/rollouts/{id}/steps/{number}")
}

/// A condition of a rollout's plan; the first one is 1.
pub fn rollout_condition(id: impl Display, number: usize) -> String {
    format!("/rollouts/{id}/conditions/{number}")
}

/// A metric of a rollout: `errors`, `p95`.
pub fn rollout_metric(id: impl Display, metric: &str) -> String {
    format!("/rollouts/{id}/analysis/{metric}")
}

/// The copies of one database, with its policy and what is done about them.
pub fn backup_set(database: impl Display) -> String {
    format!("/backups/sets/{database}")
}

/// One copy, in the repository of a data centre.
pub fn backup_copy(
    database: impl Display,
    datacenter: impl Display,
    label: impl Display,
) -> String {
    format!("/backups/sets/{database}/copies/{datacenter}/{label}")
}

/// A backup run by its id: `bk-12`.
pub fn backup_run(id: impl Display) -> String {
    format!("/backups/runs/{id}")
}

/// A restore over a live database by its id: `rs-12`.
pub fn backup_restore(id: impl Display) -> String {
    format!("/backups/restores/{id}")
}

/// What happens when these data centres (or regions) go away, by their ids with commas.
pub fn failover_plan(what: impl Display) -> String {
    format!("/failover/plans/{what}")
}

pub fn failover_run(id: impl Display) -> String {
    format!("/failover/runs/{id}")
}

/// One outage, or a gap in measuring, by its id: `ou-12`.
pub fn availability_outage(id: impl Display) -> String {
    format!("/availability/outages/{id}")
}

/// The report of a month: `2026-10`.
pub fn availability_report(month: impl Display) -> String {
    format!("/availability/reports/{month}")
}

pub fn runbook(slug: impl Display) -> String {
    format!("/runbooks/{slug}")
}

/// A run of a runbook by its id: `rb-12`.
pub fn runbook_run(id: impl Display) -> String {
    format!("/runbooks/runs/{id}")
}

/// A step of a run, as somebody works on it.
pub fn runbook_step(id: impl Display, number: u32) -> String {
    format!("/runbooks/runs/{id}#step-{number}")
}

/// What is known of a short link; [`go`] is the link itself.
pub fn alias(id: impl Display) -> String {
    format!("/runbooks/aliases/{id}")
}

pub fn go(id: impl Display) -> String {
    format!("/go/{id}")
}

/// A planned event by its id: `ev-12`.
pub fn event(id: impl Display) -> String {
    format!("/events/{id}")
}

/// A channel of notifications by its id: `nc-3`.
pub fn notify_channel(id: impl Display) -> String {
    format!("{SETTINGS_NOTIFY}/{id}")
}

/// A source of reports of pipelines by its id: `ps-3`.
pub fn pipeline_source(id: impl Display) -> String {
    format!("{SETTINGS_PIPELINES}/{id}")
}

/// What letting a data directory go means that a restore set aside.
#[cfg(feature = "ssr")]
pub fn let_go(database: impl Display, path: &str) -> String {
    with_query(&action(&backup_set(database), "let-go"), &[("path", path)])
}

pub fn instance(id: impl Display) -> String {
    format!("/instances/{id}")
}

/// One entry of the audit log by its position.
pub fn audit_entry(seq: i64) -> String {
    format!("/audit/{seq}")
}

pub fn user(name: impl Display) -> String {
    format!("/settings/users/{name}")
}

/// An action on an object: `GET` shows what it would do, `POST` does it.
pub fn action(object: &str, verb: &str) -> String {
    format!("{}/do/{verb}", object.trim_end_matches('/'))
}

/// `POST` removes a passkey of one's own.
pub fn passkey_remove(id: i64) -> String {
    format!("{SETTINGS_SECURITY}/passkeys/{id}/do/remove")
}

/// `POST` ends a link with an identity of one's own.
pub fn identity_remove(id: i64) -> String {
    format!("{SETTINGS_SECURITY}/identities/{id}/do/remove")
}

/// Sign-in that comes back to `next` afterwards.
#[cfg(feature = "ssr")]
pub fn sign_in(next: &str) -> String {
    with_query(SIGN_IN, &[("next", next)])
}

/// The proof of who is signed in, which goes on to `next` afterwards.
#[cfg(feature = "ssr")]
pub fn confirm(next: &str) -> String {
    with_query(CONFIRM, &[("next", next)])
}

/// A path with a query, percent-encoded. Pairs with an empty value are left out.
#[cfg(feature = "ssr")]
pub fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    /// Addresses of objects and of what is done with them.
    fn built() -> Vec<String> {
        vec![
            problem(1042),
            problem_runbook(1042),
            runbook("service-down"),
            runbook_run("rb-12"),
            runbook_step("rb-12", 3),
            alias("lag"),
            go("lag"),
            region("eu-west"),
            datacenter("fra1"),
            group("social"),
            service("feed-api"),
            cell("feed-api", "fra1"),
            instance("feed-api-fra1-a1"),
            service_rollout("feed-api"),
            service_bench("feed-api"),
            service_traffic("feed-api"),
            edge("edge-eu-west"),
            rollout("ro-12"),
            rollout_step("ro-12", 3),
            rollout_condition("ro-12", 1),
            rollout_metric("ro-12", "p95"),
            backup_set("store-db"),
            backup_copy("store-db", "fra1", "20261120-021500F"),
            backup_run("bk-12"),
            backup_restore("rs-7"),
            availability_outage("ou-12"),
            action(&availability_outage("ou-12"), "correct"),
            availability_report("2026-10"),
            event("ev-12"),
            notify_channel("nc-3"),
            action(&notify_channel("nc-3"), "change"),
            pipeline_source("ps-3"),
            let_go("store-db", "/data.before-1"),
            action(&backup_set("store-db"), "run-now"),
            audit_entry(48_211),
            user("operator-1"),
            passkey_remove(7),
            identity_remove(7),
            action(&instance("feed-api-fra1-a1"), "replace"),
            action(&problem(1042), "take"),
            sign_in("/topology?view=list&q=a b"),
            with_query(TOPOLOGY, &[("view", "list"), ("q", "")]),
            with_query(TOPOLOGY, &[]),
        ]
    }

    #[test]
    // tidy: allow length: a list of all addresses
    fn every_address_stays_what_it_was() {
        let built = built();
        let fixed = [
            OVERVIEW,
            APPROVALS,
            ATTENTION,
            TOPOLOGY,
            ROLLOUTS,
            ROLLOUTS_START,
            QUARANTINE,
            QUARANTINE_LIFT,
            FAILOVER,
            FAILOVER_CURRENT,
            FAILOVER_ORCHESTRATOR,
            EVENTS,
            EVENTS_PLAN,
            EDGES,
            BACKUPS,
            AVAILABILITY,
            RUNBOOKS,
            RUNBOOK_RUNS,
            RUNBOOK_WRITE,
            ALIASES,
            AUDIT,
            AUDIT_EXPORT,
            AUDIT_VERIFY,
            AUDIT_EVIDENCE,
            AUDIT_EVIDENCE_MAKE,
            FIND,
            FIND_INDEX,
            LIVE,
            SIGN_IN,
            SIGN_IN_SECOND,
            SIGN_IN_PROVIDER,
            SIGN_OUT,
            CONFIRM,
            SETTINGS,
            SETTINGS_PROFILE,
            SETTINGS_SECURITY,
            SETTINGS_PASSWORD,
            SETTINGS_USERS,
            SETTINGS_TOKENS,
            SETTINGS_AGENTS,
            SETTINGS_NOTIFY,
            SETTINGS_NOTIFY_CREATE,
            SETTINGS_PIPELINES,
            SETTINGS_FLEET,
            SETTINGS_FLEET_APPLY,
            SETTINGS_STORE,
            SETTINGS_STORE_GO_ON,
            DEV_COMPONENTS,
            API,
        ];
        let all: Vec<_> = fixed.iter().copied().chain(built.iter().map(String::as_str)).collect();
        assert_eq!(
            all.join("\n"),
            "/\n/approvals\n\
             /attention\n/topology\n/rollouts\n/rollouts/do/start\n/rollouts/quarantine\n\
             /rollouts/quarantine/do/lift\n/failover\n/failover/current\n\
             /failover/orchestrator\n/events\n/events/do/plan\n\
             /edges\n/backups\n/availability\n/runbooks\n\
             /runbooks/runs\n/runbooks/do/write\n/runbooks/aliases\n/audit\n\
             /audit/do/export\n\
             /audit/verify\n/audit/evidence\n/audit/do/evidence\n\
             /find\n/find/index.json\n/live\n/sign-in\n/sign-in/second\n\
             /sign-in/provider\n\
             /sign-out\n/confirm\n\
             /settings\n\
             /settings/profile\n/settings/security\n/settings/profile/do/change-password\n\
             /settings/users\n\
             /settings/tokens\n\
             /settings/agents\n/settings/notifications\n\
             /settings/notifications/do/create\n\
             /settings/pipelines\n\
             /settings/fleet\n/settings/fleet/do/apply\n\
             /settings/store\n/settings/store/do/go-on\n/dev/components\n\
             /api/v1/openapi.json\n\
             /attention/at-1042\n/attention/at-1042/runbook\n/runbooks/service-down\n\
             /runbooks/runs/rb-12\n/runbooks/runs/rb-12#step-3\n/runbooks/aliases/lag\n\
             /go/lag\n/regions/eu-west\n/dc/fra1\n/groups/social\n\
             /services/feed-api\n/services/feed-api/in/fra1\n/instances/feed-api-fra1-a1\n\
             /services/feed-api/rollout\n/services/feed-api/bench\n/services/feed-api/traffic\n\
             /edges/edge-eu-west\n/rollouts/ro-12\n/rollouts/ro-12/steps/3\n\
             /rollouts/ro-12/conditions/1\n/rollouts/ro-12/analysis/p95\n/backups/sets/store-db\n\
             /backups/sets/store-db/copies/fra1/20261120-021500F\n/backups/runs/bk-12\n\
             /backups/restores/rs-7\n\
             /availability/outages/ou-12\n/availability/outages/ou-12/do/correct\n\
             /availability/reports/2026-10\n/events/ev-12\n\
             /settings/notifications/nc-3\n/settings/notifications/nc-3/do/change\n\
             /settings/pipelines/ps-3\n\
             /backups/sets/store-db/do/let-go?path=%2Fdata.before-1\n\
             /backups/sets/store-db/do/run-now\n/audit/48211\n/settings/users/operator-1\n\
             /settings/security/passkeys/7/do/remove\n\
             /settings/security/identities/7/do/remove\n\
             /instances/feed-api-fra1-a1/do/replace\n/attention/at-1042/do/take\n\
             /sign-in?next=%2Ftopology%3Fview%3Dlist%26q%3Da+b\n/topology?view=list\n/topology"
        );
    }

    #[test]
    fn a_problem_is_named_by_its_whole_id() {
        assert_eq!(problem_id("at-1042"), Some(1042));
        assert_eq!(problem_id("1042"), None);
    }
}
