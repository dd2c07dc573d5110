//! Reading what a source sends: GitHub's `workflow_run` and `ping`, GitLab's pipeline hook, and a
//! small JSON of anybody else's.
//!
//! Sources: GitHub, "Webhook events and payloads"; GitLab, "Webhook events", pipeline events. What
//! they send beside what is read here is not looked at.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Deserialize;

use super::repository::Repository;
use super::{Commit, Format, Report, STALE_AFTER, Status};
use crate::notify::address::web;

/// Longest text that is kept of a message, in characters.
pub const TEXT_MAX_CHARS: usize = 200;

/// What a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    Report(Report),
    /// It says nothing of a pipeline, and why.
    Left(String),
}

/// Why a message cannot be read: a sentence for whoever sends it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

/// Reads a message whose signature was found right. `event`: what kind its sender says it is.
pub fn read(
    format: Format,
    event: &str,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<Read, Malformed> {
    let read = match format {
        Format::Github => github(event, body)?,
        Format::Gitlab => gitlab(event, body)?,
        Format::Generic => generic(body, now)?,
    };
    match &read {
        // It would hide whatever is told after it.
        Read::Report(report) if report.at > now + STALE_AFTER => {
            Err(Malformed(format!("its time, {}, is in the future", report.at.to_rfc3339())))
        }
        Read::Report(_) | Read::Left(_) => Ok(read),
    }
}

fn json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Malformed> {
    serde_json::from_slice(body).map_err(|error| Malformed(error.to_string()))
}

fn repository(address: &str) -> Result<Repository, Malformed> {
    Repository::named(address)
        .ok_or_else(|| Malformed("its repository has no address that could be one".to_owned()))
}

fn commit(text: &str) -> Result<Commit, Malformed> {
    Commit::new(text).map_err(|error| Malformed(error.to_string()))
}

/// A text on one line, cut.
fn text(text: &str) -> String {
    let plain = text.trim().chars().filter(|c| !c.is_control());
    plain.take(TEXT_MAX_CHARS).collect()
}

fn some(typed: Option<&str>) -> Option<String> {
    typed.map(text).filter(|text| !text.is_empty())
}

/// Only what a browser takes for a page of the web.
fn page(url: Option<&str>) -> Option<String> {
    url.filter(|url| web(url).is_some()).map(str::to_owned)
}

#[derive(Deserialize)]
struct GithubMessage {
    workflow_run: GithubRun,
    repository: GithubRepository,
}

#[derive(Deserialize)]
struct GithubRun {
    name: Option<String>,
    head_sha: String,
    head_branch: Option<String>,
    head_repository: Option<GithubRepository>,
    status: Option<String>,
    conclusion: Option<String>,
    html_url: Option<String>,
    updated_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct GithubRepository {
    full_name: String,
    html_url: Option<String>,
}

fn github(event: &str, body: &[u8]) -> Result<Read, Malformed> {
    match event {
        "workflow_run" => {}
        "ping" => return Ok(Read::Left("ping".to_owned())),
        other => return Ok(Read::Left(format!("events of the kind {} are left", text(other)))),
    }
    let GithubMessage { workflow_run: run, repository: at } = json(body)?;
    // Whoever forks a repository writes the pipeline of the fork.
    let own = run.head_repository.as_ref().is_none_or(|head| head.full_name == at.full_name);
    if !own {
        return Ok(Read::Left("it is of a fork".to_owned()));
    }
    let status = match (run.status.as_deref(), run.conclusion.as_deref()) {
        (_, Some("success")) => Status::Passed,
        (_, Some("skipped" | "neutral")) => {
            return Ok(Read::Left("it was skipped, so it tested nothing".to_owned()));
        }
        // Failed, cancelled, timed out, not started, waiting for somebody: not one passed.
        (_, Some(_)) | (Some("completed"), None) => Status::Failed,
        (_, None) => Status::Running,
    };
    let place = at.html_url.unwrap_or_else(|| format!("https://github.com/{}", at.full_name));
    Ok(Read::Report(Report {
        repository: repository(&place)?,
        commit: commit(&run.head_sha)?,
        pipeline: text(run.name.as_deref().unwrap_or_default()),
        status,
        branch: some(run.head_branch.as_deref()),
        url: page(run.html_url.as_deref()),
        at: run.updated_at,
        service: None,
        version: None,
    }))
}

#[derive(Deserialize)]
struct GitlabMessage {
    object_attributes: GitlabPipeline,
    project: GitlabProject,
}

#[derive(Deserialize)]
struct GitlabPipeline {
    id: Option<u64>,
    name: Option<String>,
    #[serde(rename = "ref")]
    branch: Option<String>,
    sha: String,
    status: String,
    url: Option<String>,
    created_at: Option<String>,
    finished_at: Option<String>,
}

#[derive(Deserialize)]
struct GitlabProject {
    web_url: String,
}

fn gitlab(event: &str, body: &[u8]) -> Result<Read, Malformed> {
    if event != "Pipeline Hook" {
        return Ok(Read::Left(format!("events of the kind {} are left", text(event))));
    }
    let GitlabMessage { object_attributes: run, project } = json(body)?;
    let status = match run.status.as_str() {
        "success" => Status::Passed,
        "failed" | "canceled" | "canceling" => Status::Failed,
        "skipped" => return Ok(Read::Left("it was skipped, so it tested nothing".to_owned())),
        // It waits, is prepared, runs, or waits for somebody to go on.
        _ => Status::Running,
    };
    let at = match status {
        Status::Passed | Status::Failed => run.finished_at.as_ref().or(run.created_at.as_ref()),
        Status::Running => run.created_at.as_ref(),
    };
    let at = at.ok_or_else(|| Malformed("it says no time".to_owned()))?;
    let web_url = project.web_url.trim_end_matches('/');
    let own = run.id.map(|id| format!("{web_url}/-/pipelines/{id}"));
    Ok(Read::Report(Report {
        repository: repository(web_url)?,
        commit: commit(&run.sha)?,
        pipeline: text(run.name.as_deref().unwrap_or_default()),
        status,
        branch: some(run.branch.as_deref()),
        url: page(run.url.as_deref().or(own.as_deref())),
        at: moment(at).ok_or_else(|| Malformed("its time cannot be read".to_owned()))?,
        service: None,
        version: None,
    }))
}

/// GitLab writes `2026-12-01 10:30:00 UTC`, newer ones also RFC 3339.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc());
    }
    if let Ok(at) = DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S %z") {
        return Some(at.to_utc());
    }
    let plain = text.strip_suffix(" UTC")?;
    NaiveDateTime::parse_from_str(plain, "%Y-%m-%d %H:%M:%S").ok().map(|at| at.and_utc())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GenericMessage {
    repository: String,
    commit: String,
    status: Status,
    #[serde(default)]
    pipeline: Option<String>,
    #[serde(default)]
    branch: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    finished_at: Option<DateTime<Utc>>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    service: Option<String>,
}

fn generic(body: &[u8], now: DateTime<Utc>) -> Result<Read, Malformed> {
    let message: GenericMessage = json(body)?;
    if message.finished_at.is_none() && message.status != Status::Running {
        return Err(Malformed("`finished_at` is missing; write it as RFC 3339".to_owned()));
    }
    Ok(Read::Report(Report {
        repository: repository(&message.repository)?,
        commit: commit(&message.commit)?,
        pipeline: text(message.pipeline.as_deref().unwrap_or_default()),
        status: message.status,
        branch: some(message.branch.as_deref()),
        url: page(message.url.as_deref()),
        at: message.finished_at.unwrap_or(now),
        service: some(message.service.as_deref()),
        version: some(message.version.as_deref()),
    }))
}
