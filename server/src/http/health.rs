//! What machines ask: alive, ready, which version, and the metrics.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use mainstay_control::estate::Snapshot;
use mainstay_core::access::Permission;
use mainstay_core::backup::Schedule;
use mainstay_core::backup::coverage::{Coverage, Shortfall, coverage};
use mainstay_core::backup::work::DatabaseReport;
use mainstay_core::estate::Contact;
use mainstay_core::status::{Status, Tally};
use serde_json::json;

use crate::policy::Routes;
use crate::state::AppState;

pub fn routes() -> Routes {
    Routes::new()
        .get(Permission::Public, "/health/live", live)
        .get(Permission::Public, "/health/ready", ready)
        .get(Permission::Public, "/version", version)
        .get(Permission::ReadEstate, "/metrics", metrics)
}

/// The process answers.
async fn live() -> &'static str {
    "live\n"
}

/// The server can do its work: it read the database lately. 503 says what is missing.
async fn ready(State(state): State<AppState>) -> Response {
    let snapshot = state.control.snapshot();
    match (snapshot.store_read_at, snapshot.store_away_since()) {
        (Some(_), None) => (StatusCode::OK, "ready\n").into_response(),
        (None, _) => {
            (StatusCode::SERVICE_UNAVAILABLE, "the database was not read yet\n").into_response()
        }
        (Some(_), Some(since)) => {
            let text = format!("the database does not answer since {}\n", since.to_rfc3339());
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
    }
}

/// Which program this is.
async fn version() -> Json<serde_json::Value> {
    Json(json!({ "name": "mainstay", "version": env!("CARGO_PKG_VERSION") }))
}

/// Metrics in Prometheus' text format.
async fn metrics(State(state): State<AppState>) -> Response {
    let snapshot = state.control.snapshot();
    let tally: Tally = snapshot.estate.instances().map(|(_, _, status)| status).collect();
    for status in Status::ALL {
        let gauge = metrics::gauge!("mainstay_instances", "status" => status.name());
        gauge.set(f64::from(tally.get(status)));
    }
    for id in snapshot.estate.fleet.datacenters.keys() {
        let heard = matches!(snapshot.estate.contact(id), Contact::Reporting);
        metrics::gauge!("mainstay_datacenter_heard", "datacenter" => id.to_string())
            .set(f64::from(u8::from(heard)));
    }
    let away =
        snapshot.store_read_at.map_or(f64::INFINITY, |at| (Utc::now() - at).as_seconds_f64());
    metrics::gauge!("mainstay_store_read_age_seconds").set(away);
    metrics::gauge!("mainstay_problems_open").set(snapshot.open_problems().count() as f64);
    backups(&state, &snapshot).await;
    state.metrics.run_upkeep();
    let headers = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (headers, state.metrics.render()).into_response()
}

/// What is known of the copies of each database. What is not known is no number: a gauge that
/// stays at its last value would be a lie.
async fn backups(state: &AppState, snapshot: &Snapshot) {
    let estate = &*snapshot.estate.in_policy_time();
    let history = match snapshot.store_away_since() {
        Some(_) => None,
        None => state.control.backup_history().await.ok(),
    };
    for schedule in Schedule::all(&estate.fleet) {
        let seen = estate.database(&schedule.database);
        let heard = seen.filter(|(host, _)| estate.contact(host) == Contact::Reporting);
        let proofs = history.as_ref().map(|history| history.proofs(&schedule.database));
        let known = heard.map(|(_, report)| {
            let proofs = proofs.as_deref().map_or(&[][..], Vec::as_slice);
            (report, coverage(&schedule, &report.catalogue, proofs, estate.at))
        });
        let of = |value: &dyn Fn(&DatabaseReport, &Coverage) -> f64| {
            known.as_ref().map_or(f64::NAN, |(report, found)| value(report, found))
        };
        let age = |at: Option<DateTime<Utc>>| {
            at.map_or(f64::INFINITY, |at| (estate.at - at).as_seconds_f64())
        };
        let proven = of(&|_, found| age(found.proven_at));
        let proven = if proofs.is_some() { proven } else { f64::NAN };
        for (name, value) in [
            ("mainstay_backup_newest_age_seconds", of(&|_, found| age(found.newest_started))),
            ("mainstay_backup_proof_age_seconds", proven),
            ("mainstay_backup_windows_missed", of(&|_, found| missed(found))),
            ("mainstay_backup_copies_usable", of(&|_, found| found.copies as f64)),
            ("mainstay_backup_repositories_unreadable", of(&|report, _| unread(report))),
        ] {
            metrics::gauge!(name, "database" => schedule.database.to_string()).set(value);
        }
    }
}

/// Windows that passed since the newest copy.
fn missed(found: &Coverage) -> f64 {
    let windows = found.shortfalls.iter().map(|short| match short {
        Shortfall::Late { .. } => 1,
        Shortfall::Missed { windows, .. } => *windows,
        Shortfall::NoCopy
        | Shortfall::TooFewCopies { .. }
        | Shortfall::TooFewDatacenters { .. }
        | Shortfall::FullLate { .. }
        | Shortfall::NeverProven
        | Shortfall::ProofTooOld { .. }
        | Shortfall::ProofFailed { .. }
        | Shortfall::BadPages { .. }
        | Shortfall::Gone { .. }
        | Shortfall::FullMissing { .. } => 0,
    });
    windows.sum::<usize>() as f64
}

fn unread(report: &DatabaseReport) -> f64 {
    report.catalogue.values().filter(|held| held.is_err()).count() as f64
}
